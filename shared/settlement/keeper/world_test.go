package keeper_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"leadline/shared/approval"
	"leadline/shared/blob"
	"leadline/shared/calendar"
	"leadline/shared/fault"
	incentives "leadline/shared/incentive/keeper"
	"leadline/shared/ledger"
	"leadline/shared/ledger/bookkeeper"
	"leadline/shared/program"
	"leadline/shared/record"
	"leadline/shared/roster"
	"leadline/shared/schema"
	"leadline/shared/settlement"
	"leadline/shared/settlement/keeper"
	"leadline/shared/store"
	"leadline/shared/store/memory"
	"leadline/shared/view"
)

const (
	organization = "org_a"
	programID    = "prg_deals"
	connection   = "conn_crm"
)

// people who act.
func ann() approval.Actor { return approval.Actor{ID: "per_ann", Admin: true} }
func bob() approval.Actor { return approval.Actor{ID: "per_bob", Admin: true} }

// world is an organization with a program that is reckoned, and settled.
type world struct {
	t           *testing.T
	now         time.Time
	mu          sync.Mutex // guards the queues and ids
	calculate   []waiting
	settling    []waiting
	told        [][]byte
	ids         int
	records     *memory.Records
	roster      *memory.Roster
	programs    *memory.Programs
	credits     *memory.Credits
	settlements *memory.Settlements
	payees      *memory.Payees
	ledger      *memory.Ledger
	objects     *blob.Memory
	incentives  *incentives.Keeper
	keeper      *keeper.Keeper
}

type waiting struct {
	at   time.Time
	body []byte
}

// lane is a queue of the world.
type lane struct {
	w  *world
	to *[]waiting
}

func (l lane) Send(ctx context.Context, group string, body []byte) error {
	return l.SendAfter(ctx, group, body, 0)
}

func (l lane) SendAfter(_ context.Context, _ string, body []byte, delay time.Duration) error {
	l.w.mu.Lock()
	defer l.w.mu.Unlock()
	*l.to = append(*l.to, waiting{l.w.now.Add(delay), body})
	return nil
}

type ear struct{ w *world }

func (e ear) Send(_ context.Context, _ string, body []byte) error {
	e.w.mu.Lock()
	defer e.w.mu.Unlock()
	e.w.told = append(e.w.told, body)
	return nil
}

func newWorld(t *testing.T) *world {
	tenancy := memory.NewTenancy()
	w := &world{t: t, now: time.Date(2026, 2, 3, 12, 0, 0, 0, time.UTC), records: memory.NewRecords(), roster: memory.NewRoster(tenancy), programs: memory.NewPrograms(tenancy),
		credits: memory.NewCredits(), settlements: memory.NewSettlements(tenancy), payees: memory.NewPayees(tenancy), ledger: memory.NewLedger(), objects: blob.NewMemory()}
	clock := func() time.Time { return w.now }
	w.incentives = &incentives.Keeper{Records: w.records, Roster: w.roster, Programs: w.programs, Credits: w.credits, Runs: memory.NewRuns(), Inputs: w.objects,
		Outbox: incentives.Outbox{Queue: lane{w, &w.calculate}, Due: memory.NewDue(), Now: clock}, Now: clock, Log: slog.New(slog.DiscardHandler), Known: &incentives.Memory{}, NewID: w.newID}
	w.keeper = w.worker(w.settlements, w.ledger, w.objects)
	return w
}

// worker makes a keeper over some stores.
func (w *world) worker(settlements store.Settlements, books store.Ledger, objects blob.Store) *keeper.Keeper {
	clock := func() time.Time { return w.now }
	return &keeper.Keeper{Records: w.records, Programs: w.programs, Credits: w.credits, Settlements: settlements, Payees: w.payees, Incentives: w.incentives, Documents: objects,
		Books: &bookkeeper.Keeper{Ledger: books, Lists: objects, Now: clock}, Queue: lane{w, &w.settling}, Told: ear{w}, NewID: w.newID, Now: clock, Log: slog.New(slog.DiscardHandler)}
}

func (w *world) newID() (string, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ids++
	return fmt.Sprintf("run_%04d", w.ids), nil
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// ready takes what is to be seen of a queue now.
func (w *world) ready(from *[]waiting) [][]byte {
	w.mu.Lock()
	defer w.mu.Unlock()
	var now [][]byte
	var rest []waiting
	for _, m := range *from {
		if m.at.After(w.now) {
			rest = append(rest, m)
			continue
		}
		now = append(now, m.body)
	}
	*from = rest
	return now
}

// reckon works on the calculate queue until a time has gone by.
func (w *world) reckon() {
	w.t.Helper()
	for end := w.now.Add(3 * time.Minute); w.now.Before(end); w.now = w.now.Add(time.Second) {
		for bodies := w.ready(&w.calculate); len(bodies) > 0; bodies = w.ready(&w.calculate) {
			messages := make([]incentives.Message, len(bodies))
			for i, b := range bodies {
				var err error
				messages[i], err = incentives.Decode(b)
				w.must(err)
			}
			for _, err := range w.incentives.Process(w.t.Context(), messages) {
				w.must(err)
			}
		}
	}
}

// work works on the settle queue until it is empty.
func (w *world) work() {
	w.t.Helper()
	for range 10 {
		for bodies := w.ready(&w.settling); len(bodies) > 0; bodies = w.ready(&w.settling) {
			for _, err := range w.keeper.Process(w.t.Context(), bodies) {
				w.must(err)
			}
		}
		w.now = w.now.Add(time.Second)
	}
}

func (w *world) program() program.Program {
	w.t.Helper()
	p, err := w.programs.Program(w.t.Context(), organization, programID)
	w.must(err)
	return p
}

// commission pays 10 % of what is won in a month, 20 % above 1,000, and to managers, too.
func commission(t *testing.T) program.Definition {
	var d program.Definition
	if err := json.Unmarshal([]byte(`{"kind":"commission","title":"Deals","currency":"EUR","zone":"Europe/Berlin","period":"month","participants":{},
		"components":[{"name":"deals","source":{"view":"deals"},"value":"row.value","qualifiers":[{"name":"Won only","formula":"row.status == \"won\""}],
		"credit":{"rules":[{"kind":"direct"},{"kind":"rollup"}]},"rate":{"tiers":[{"from":"0","pay":"10%"},{"from":"1000","pay":"20%"}]}}]}`), &d); err != nil {
		t.Fatal(err)
	}
	return d
}

// publish has the program reckoned by a version from a day on.
func (w *world) publish(d program.Definition, from calendar.Date) {
	w.t.Helper()
	ctx := w.t.Context()
	column := func(name string, typ schema.Type) view.Column { return view.Column{Name: name, Field: name, Type: typ} }
	over := program.Resolved{View: view.View{Base: view.Source{Connection: connection, Object: "deal"}, Owner: "owner",
		Columns: []view.Column{column("owner", schema.Text), column("value", schema.Number), column("status", schema.Text), column("won", schema.Date)}},
		Dates: []view.Dating{{Column: "won"}}, Owner: "owner"}
	p, err := w.programs.Program(ctx, organization, programID)
	if fault.Is(err, fault.NotFound) {
		p = program.Program{ID: programID, Organization: organization, Name: "Deals", Rev: 1}
		err = w.programs.CreateProgram(ctx, p, nil)
	}
	w.must(err)
	p.Versions++
	v := program.Version{Number: p.Versions, From: from, Definition: d, Sources: map[string]program.Resolved{}}
	for _, c := range d.Components {
		v.Sources[c.Name] = over
	}
	var before []program.InForce
	if p.Live != nil {
		before = p.Live.Versions
	}
	w.ids++
	p.Building = &program.Edition{ID: fmt.Sprintf("edn_%04d", w.ids), Versions: program.Follow(before, v.Number, from), Reads: []program.Reads{{Connection: connection, Object: "deal"}}}
	p.Rev++
	w.must(w.programs.UpdateProgram(ctx, p, &v, nil))
	w.must(w.incentives.Outbox.Start(ctx, p, false))
}

// member adds somebody, who may report to another.
func (w *world) member(id, manager string) {
	w.t.Helper()
	m := roster.Member{ID: id, Organization: organization, Name: id, Rev: 1, Facts: []roster.Fact{{Kind: roster.Active, Value: roster.Value{Active: true}}}}
	if manager != "" {
		m.Facts = append(m.Facts, roster.Fact{Kind: roster.Manager, Value: roster.Value{Manager: manager}})
	}
	edition, err := w.roster.Edition(w.t.Context(), organization)
	w.must(err)
	w.must(w.roster.SaveMembers(w.t.Context(), organization, []roster.Member{m}, edition, nil))
}

// deal stores a state of a deal, and says so.
func (w *world) deal(id, owner string, value int, status string, won calendar.Date) {
	w.t.Helper()
	r := record.Record{Key: record.Key{Organization: organization, Connection: connection, Object: "deal", ID: id}, Version: record.Version{Micros: w.now.UnixMicro()},
		Fields: record.Fields{}, StoredAt: w.now}
	for name, v := range map[string]any{"owner": owner, "value": value, "status": status, "won": won} {
		text, err := json.Marshal(v)
		w.must(err)
		r.Fields[name] = text
	}
	w.now = w.now.Add(time.Millisecond)
	_, err := w.records.PutNewer(w.t.Context(), r)
	w.must(err)
	w.must(w.incentives.Outbox.Changed(w.t.Context(), organization, []record.Key{r.Key}))
}

// close takes a period from open to locked.
func (w *world) close(period string) {
	w.t.Helper()
	ctx, p := w.t.Context(), w.program()
	_, err := w.keeper.Calculate(ctx, p, period, ann())
	w.must(err)
	w.work()
	_, err = w.keeper.Submit(ctx, p, period, ann())
	w.must(err)
	_, err = w.keeper.Approve(ctx, p, period, bob())
	w.must(err)
	_, err = w.keeper.Lock(ctx, p, period, ann())
	w.must(err)
	w.work()
	if s := w.get(period); s.State != settlement.Locked {
		w.t.Fatalf("%s is %s: %+v", period, s.State, s.Work)
	}
}

func (w *world) get(period string) settlement.Settlement {
	w.t.Helper()
	s, err := w.keeper.Get(w.t.Context(), w.program(), period)
	w.must(err)
	return s
}

// document reads the frozen statement of somebody, as it is stored.
func (w *world) document(period, participant string) settlement.Document {
	w.t.Helper()
	st, err := w.settlements.Statement(w.t.Context(), organization, programID, period, participant)
	w.must(err)
	d, err := w.keeper.Document(w.t.Context(), organization, programID, st.Document)
	w.must(err)
	return d
}

// owed gives what the ledger owes to somebody, in cents.
func (w *world) owed(participant string) int64 {
	w.t.Helper()
	b, err := w.ledger.Book(w.t.Context(), organization, participant)
	w.must(err)
	return b.Balance(ledger.Account{Kind: ledger.Owed, Unit: "EUR"})
}

// live gives what the engine reckons for somebody in some periods now.
func (w *world) live(participant string, periods ...string) int64 {
	w.t.Helper()
	var sum int64
	for _, period := range periods {
		s, err := w.incentives.Statement(w.t.Context(), w.program(), participant, period)
		if fault.Is(err, fault.NotFound) {
			continue
		}
		w.must(err)
		sum += s.Standing.Payable
	}
	return sum
}

// anyDeal changes some deal at random.
func (w *world) anyDeal(random *rand.Rand, people []string, months []calendar.Date) {
	status := []string{"won", "won", "won", "open"}
	w.deal(fmt.Sprintf("deal_%02d", random.IntN(12)), people[random.IntN(len(people))], 50+random.IntN(1500), status[random.IntN(len(status))], months[random.IntN(len(months))])
}
