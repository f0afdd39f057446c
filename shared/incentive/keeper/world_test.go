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

	"leadline/shared/blob"
	"leadline/shared/calendar"
	"leadline/shared/incentive"
	"leadline/shared/incentive/keeper"
	"leadline/shared/program"
	"leadline/shared/record"
	"leadline/shared/roster"
	"leadline/shared/schema"
	"leadline/shared/store"
	"leadline/shared/store/memory"
	"leadline/shared/view"
)

const (
	organization = "org_0a1b2c3d4e5f"
	connection   = "conn_0a1b2c3d4e5f"
	programID    = "prg_0a1b2c3d4e5f"
)

// world is a keeper over memory, with the messages that it sends.
type world struct {
	t        *testing.T
	now      time.Time
	records  *memory.Records
	roster   *memory.Roster
	programs *memory.Programs
	credits  *memory.Credits
	runs     *memory.Runs
	inputs   *blob.Memory
	mu       sync.Mutex // guards the queue, and ids
	queue    []waiting
	due      []waiting
	ids      int
	keeper   *keeper.Keeper
}

// waiting is a message with the time from which it is seen.
type waiting struct {
	at   time.Time
	body []byte
}

func newWorld(t *testing.T) *world {
	w := &world{t: t, now: time.Date(2026, 3, 20, 12, 0, 0, 0, time.UTC), records: memory.NewRecords(), roster: memory.NewRoster(memory.NewTenancy()),
		programs: memory.NewPrograms(memory.NewTenancy()), credits: memory.NewCredits(), runs: memory.NewRuns(), inputs: blob.NewMemory()}
	w.keeper = w.another()
	return w
}

// another makes a worker that remembers nothing.
func (w *world) another() *keeper.Keeper {
	return &keeper.Keeper{Records: w.records, Roster: w.roster, Programs: w.programs, Credits: w.credits, Runs: w.runs, Inputs: w.inputs,
		Outbox: keeper.Outbox{Queue: w, Due: w, Now: w.clock}, Now: w.clock, Log: slog.New(slog.DiscardHandler), Known: &keeper.Memory{},
		NewID: func() (string, error) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.ids++
			return fmt.Sprintf("run_%04d", w.ids), nil
		}}
}

func (w *world) clock() time.Time { return w.now }

// Send implements keeper.Sender.
func (w *world) Send(ctx context.Context, group string, body []byte) error {
	return w.SendAfter(ctx, group, body, 0)
}

// SendAfter implements keeper.Sender.
func (w *world) SendAfter(_ context.Context, _ string, body []byte, delay time.Duration) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.queue = append(w.queue, waiting{w.now.Add(delay), body})
	return nil
}

// Schedule implements store.Due, as far as it is asked for.
func (w *world) Schedule(_ context.Context, i store.DueItem) error {
	w.due = append(w.due, waiting{i.At, i.Body})
	return nil
}

// DueBefore implements store.Due.
func (w *world) DueBefore(context.Context, string, time.Time, int) ([]store.DueItem, string, bool, error) {
	return nil, "", false, nil
}

// Finished implements store.Due.
func (w *world) Finished(context.Context, store.DueItem) error { return nil }

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// settle works on what is in the queue until nothing comes within some time, a batch at a time.
func (w *world) settle(within time.Duration) {
	w.t.Helper()
	end := w.now.Add(within)
	for range 100_000 {
		var batch []keeper.Message
		var rest []waiting
		next := end
		for _, m := range w.queue {
			switch {
			case len(batch) < 10 && !m.at.After(w.now):
				decoded, err := keeper.Decode(m.body)
				w.must(err)
				batch = append(batch, decoded)
			default:
				if rest = append(rest, m); m.at.Before(next) {
					next = m.at
				}
			}
		}
		if len(batch) == 0 {
			if !next.Before(end) {
				w.now = end
				return
			}
			w.now = next
			continue
		}
		w.queue = rest
		for i, err := range w.keeper.Process(w.t.Context(), batch) {
			if err != nil {
				w.t.Fatalf("%s: %v", batch[i].Kind, err)
			}
		}
	}
	w.t.Fatal("it does not settle")
}

// deals is the view of the tests: one row for each deal.
func deals() program.Resolved {
	column := func(name string, typ schema.Type) view.Column { return view.Column{Name: name, Field: name, Type: typ} }
	return program.Resolved{View: view.View{Base: view.Source{Connection: connection, Object: "deal"}, Owner: "owner",
		Columns: []view.Column{column("owner", schema.Text), column("value", schema.Number), column("status", schema.Text), column("won", schema.Date)}},
		Dates: []view.Dating{{Column: "won"}}, Owner: "owner"}
}

// commission pays 10 % of what is won, 20 % above 1,000 in a month.
func commission(change func(*program.Definition)) program.Definition {
	d := program.Definition{Kind: program.Commission, Title: "Deals", Currency: "EUR", Zone: "Europe/Berlin", Period: calendar.Monthly,
		Components: []program.Component{{Name: "deals", Source: program.Source{View: "deals"}, Value: "row.value",
			Qualifiers: []program.Qualifier{{Name: "Won only", Formula: `row.status == "won"`}},
			Credit:     program.Crediting{Rules: []program.CreditRule{{Kind: program.Direct}, {Kind: program.RollUp}}},
			Rate:       &program.Rate{Tiers: tiers("0", "10%", "1000", "20%")}}}}
	if change != nil {
		change(&d)
	}
	return d
}

// member adds somebody who reports to another.
func (w *world) member(id, manager string) {
	w.t.Helper()
	fact := func(k roster.Kind, v roster.Value) roster.Fact { return roster.Fact{Kind: k, Value: v} }
	m := roster.Member{ID: id, Organization: organization, Name: id, Rev: 1, Facts: []roster.Fact{fact(roster.Active, roster.Value{Active: true})}}
	if manager != "" {
		m.Facts = append(m.Facts, fact(roster.Manager, roster.Value{Manager: manager}))
	}
	edition, err := w.roster.Edition(w.t.Context(), organization)
	w.must(err)
	w.must(w.roster.SaveMembers(w.t.Context(), organization, []roster.Member{m}, edition, nil))
}

// publish has a program reckoned by a version from a day on.
func (w *world) publish(d program.Definition, from calendar.Date) {
	w.t.Helper()
	w.publishOver(d, from, deals())
}

// publishOver is publish over another view, which joins other data sources.
func (w *world) publishOver(d program.Definition, from calendar.Date, over program.Resolved, joined ...program.Reads) {
	w.t.Helper()
	ctx := w.t.Context()
	p, err := w.programs.Program(ctx, organization, programID)
	if err != nil {
		p = program.Program{ID: programID, Organization: organization, Name: "deals", Rev: 1}
		w.must(w.programs.CreateProgram(ctx, p, nil))
	}
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
	p.Building = &program.Edition{ID: fmt.Sprintf("edn_%04d", w.ids), Versions: program.Follow(before, v.Number, from),
		Reads: append([]program.Reads{{Connection: connection, Object: "deal"}}, joined...)}
	p.Rev++
	w.must(w.programs.UpdateProgram(ctx, p, &v, nil))
	w.must(w.keeper.Outbox.Start(ctx, p, false))
}

func (w *world) program() program.Program {
	w.t.Helper()
	p, err := w.programs.Program(w.t.Context(), organization, programID)
	w.must(err)
	return p
}

// deal stores a state of a deal, and says so.
func (w *world) deal(id, owner string, value int, status string, won calendar.Date) {
	w.t.Helper()
	fields := map[string]any{"owner": owner, "value": value, "status": status, "won": won}
	if status == "" {
		fields = nil
	}
	w.put("deal", id, fields)
}

// put stores a state of a record, gone without fields, and says so.
func (w *world) put(object, id string, fields map[string]any) {
	w.t.Helper()
	key := record.Key{Organization: organization, Connection: connection, Object: object, ID: id}
	r := record.Record{Key: key, Version: record.Version{Micros: w.now.UnixMicro()}, Fields: record.Fields{}, StoredAt: w.now}
	for name, v := range fields {
		text, err := json.Marshal(v)
		w.must(err)
		r.Fields[name] = text
	}
	if fields == nil {
		r.Deleted, r.Fields = true, nil
	}
	w.now = w.now.Add(time.Millisecond)
	_, err := w.records.PutNewer(w.t.Context(), r)
	w.must(err)
	w.must(w.keeper.Outbox.Changed(w.t.Context(), organization, []record.Key{key}))
}

// payable gives what everybody is paid in a period, by participant.
func (w *world) payable(name string) map[string]int64 {
	w.t.Helper()
	p := w.program()
	if p.Live == nil {
		w.t.Fatal("nothing is shown")
	}
	all := map[string]int64{}
	for s, err := range store.All(w.t.Context(), func(ctx context.Context, page store.Page) ([]incentive.Standing, string, error) {
		return w.credits.Standings(ctx, organization, p.Live.ID, name, page)
	}) {
		w.must(err)
		all[s.Participant] = s.Payable
	}
	return all
}

// anyDeal changes some deal at random.
func (w *world) anyDeal(random *rand.Rand, people []string) {
	months := []calendar.Date{"2026-01-15", "2026-01-31", "2026-02-01", "2026-02-28", "2026-03-10", "2026-03-20", "2026-04-02"}
	status := []string{"won", "won", "won", "open", ""}
	w.deal(fmt.Sprintf("deal_%02d", random.IntN(12)), people[random.IntN(len(people))], 50+random.IntN(1500), status[random.IntN(len(status))], months[random.IntN(len(months))])
}
