package chain_test

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
	"leadline/shared/payout"
	payouts "leadline/shared/payout/keeper"
	"leadline/shared/program"
	"leadline/shared/record"
	"leadline/shared/roster"
	"leadline/shared/schema"
	"leadline/shared/secret"
	"leadline/shared/secret/secrettest"
	settlements "leadline/shared/settlement/keeper"
	"leadline/shared/store"
	"leadline/shared/store/memory"
	"leadline/shared/view"
)

const (
	organization = "org_0a1b2c3d4e5f"
	programID    = "prg_0a1b2c3d4e5f"
	connection   = "conn_0a1b2c3d4e5f"
)

func ann() approval.Actor { return approval.Actor{ID: "per_ann", Admin: true} }
func bob() approval.Actor { return approval.Actor{ID: "per_bob", Admin: true} }

// land is where a history plays: its currency, tax rules, how large deals are, and what banks there ask for.
type land struct {
	country, currency, rules string
	scale                    int
	formats                  []payout.Format
	accounts                 []string
	code                     string // of the bank
}

// world is an organization with one program, two payers and the real keepers over memory.
type world struct {
	t      *testing.T
	random *rand.Rand
	land   land
	people []string

	mu        sync.Mutex // guards what follows: workers are several at once
	now       time.Time
	calculate []waiting
	settle    []waiting
	ids       int
	chance    *rand.Rand // of the failures
	failing   bool
	failed    int

	box        secret.Box
	records    *memory.Records
	roster     *memory.Roster
	programs   *memory.Programs
	credits    *memory.Credits
	states     *memory.Settlements
	payees     *memory.Payees
	batches    *memory.Payouts
	ledger     *memory.Ledger
	objects    *blob.Memory
	incentives *incentives.Keeper
	settling   *settlements.Keeper
	paying     *payouts.Keeper

	members map[string]roster.Member
	locked  []string // periods
	byHand  map[string]int64
	paidBy  []string // ids of batches
	seen
}

// seen is what must never change, as it was first seen.
type seen struct {
	statements map[string]string // by period and participant
	files      map[string]string // by batch
	rows       map[string][]string
	// How often something happened that the histories are to have.
	negative, taxed, returned, cancelled, adjusted, paid int
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

// shaky is a ledger that fails now and then, before its writes or behind them.
type shaky struct {
	store.Ledger
	w *world
}

func (s shaky) Append(ctx context.Context, after ledger.Book, rows []ledger.Row) error {
	before, behind := s.w.fate()
	down := fault.New(fault.Unavailable, "down", "It is down.")
	if before {
		return down
	}
	if err := s.Ledger.Append(ctx, after, rows); err != nil || !behind {
		return err
	}
	return down
}

// fate tells whether a write fails before it is done, or behind it.
func (w *world) fate() (before, behind bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.failing {
		return false, false
	}
	before, behind = w.chance.IntN(40) == 0, w.chance.IntN(40) == 0
	if before || behind {
		w.failed++
	}
	return before, behind
}

func newWorld(t *testing.T, seed uint64) *world {
	t.Helper()
	tenancy := memory.NewTenancy()
	w := &world{t: t, random: rand.New(rand.NewPCG(seed, 36)), chance: rand.New(rand.NewPCG(seed, 37)), now: time.Date(2026, 4, 20, 12, 0, 0, 0, time.UTC), records: memory.NewRecords(),
		roster: memory.NewRoster(tenancy), programs: memory.NewPrograms(tenancy), credits: memory.NewCredits(), states: memory.NewSettlements(tenancy),
		payees: memory.NewPayees(tenancy), batches: memory.NewPayouts(tenancy), ledger: memory.NewLedger(), objects: blob.NewMemory(),
		members: map[string]roster.Member{}, byHand: map[string]int64{}, seen: seen{statements: map[string]string{}, files: map[string]string{}, rows: map[string][]string{}}}
	lands := []land{
		{"US", "USD", "us-2026", 20, []payout.Format{payout.NACHA, payout.Pain001, payout.CSV}, []string{"123456789", "987654321"}, "021000021"},
		{"IN", "INR", "in-2026", 60, []payout.Format{payout.Pain001, payout.CSV}, []string{"50100012345678", "50100087654321"}, "HDFC0000123"},
		{"DE", "EUR", "", 1, []payout.Format{payout.Pain001, payout.CSV}, []string{"DE89370400440532013000", "AT611904300234573201"}, ""},
	}
	w.land = lands[w.random.IntN(len(lands))]
	ring := secrettest.NewKeyring(t)
	wrapped, err := ring.NewDataKey(t.Context(), organization)
	w.must(err)
	w.box, err = ring.Open(t.Context(), organization, wrapped)
	w.must(err)
	w.employ()
	w.payers()
	return w
}

// employ makes the keepers.
func (w *world) employ() {
	log, books := slog.New(slog.DiscardHandler), shaky{w.ledger, w}
	post := &bookkeeper.Keeper{Ledger: books, Lists: w.objects, Now: w.clock}
	w.incentives = &incentives.Keeper{Records: w.records, Roster: w.roster, Programs: w.programs, Credits: w.credits, Runs: memory.NewRuns(), Inputs: w.objects,
		Outbox: incentives.Outbox{Queue: lane{w, &w.calculate}, Due: memory.NewDue(), Now: w.clock}, Now: w.clock, Log: log, Known: &incentives.Memory{}, NewID: w.newID}
	w.settling = &settlements.Keeper{Records: w.records, Programs: w.programs, Credits: w.credits, Settlements: w.states, Payees: w.payees, Incentives: w.incentives, Documents: w.objects,
		Books: post, Queue: lane{w, &w.settle}, NewID: w.newID, Now: w.clock, Log: log}
	w.paying = &payouts.Keeper{Payouts: w.batches, Payees: w.payees, Ledger: books, Books: post, Documents: w.objects, Box: func(context.Context, string) (secret.Box, error) { return w.box, nil },
		Queue: lane{w, &w.settle}, Paid: w.settling, Now: w.clock, Log: log}
}

func (w *world) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *world) newID() (string, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ids++
	return fmt.Sprintf("run_%04d", w.ids), nil
}

func (w *world) tick(by time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(by)
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// fails says whether the ledger fails from now on.
func (w *world) fails(failing bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.failing = failing
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

// reckon works on the calculate queue until all that was changed is reckoned.
func (w *world) reckon() {
	w.t.Helper()
	for range 180 {
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
		w.tick(time.Second)
	}
}

// work works on the settle queue, each message twice and in any order, until it is empty. What fails comes again.
func (w *world) work() {
	w.t.Helper()
	w.fails(true)
	defer w.fails(false)
	idle := 0
	for range 2_000 {
		bodies := w.ready(&w.settle)
		if w.tick(time.Second); len(bodies) == 0 {
			if idle++; idle > 5 {
				return
			}
			continue
		}
		idle = 0
		if len(bodies) < 30 { // not ever more of what sends itself on
			bodies = append(bodies, bodies...)
		}
		w.random.Shuffle(len(bodies), func(i, j int) { bodies[i], bodies[j] = bodies[j], bodies[i] })
		for _, body := range bodies {
			if err := w.process(body); err != nil {
				if k := fault.KindOf(err); k != fault.Unavailable && k != fault.Conflict {
					w.t.Fatalf("%s: %v", body, err)
				}
				w.must(lane{w, &w.settle}.Send(w.t.Context(), "", body))
			}
		}
	}
	w.t.Fatal("the queue is never empty")
}

// process does what the function settle does.
func (w *world) process(body []byte) error {
	var message struct{ Of string }
	w.must(json.Unmarshal(body, &message))
	if message.Of == settlements.Of {
		return w.settling.Process(w.t.Context(), [][]byte{body})[0]
	}
	m, err := payouts.Decode(body)
	w.must(err)
	return w.paying.Process(w.t.Context(), []payouts.Message{m})[0]
}

func (w *world) program() program.Program {
	w.t.Helper()
	p, err := w.programs.Program(w.t.Context(), organization, programID)
	w.must(err)
	return p
}

// publish has the program reckoned by a version from a day on.
func (w *world) publish(d program.Definition, from calendar.Date) {
	w.t.Helper()
	ctx := w.t.Context()
	column := func(name string, typ schema.Type) view.Column { return view.Column{Name: name, Field: name, Type: typ} }
	over := program.Resolved{View: view.View{Base: view.Source{Connection: connection, Object: "deal"}, Owner: "owner",
		Columns: []view.Column{column("owner", schema.Text), column("value", schema.Number), column("status", schema.Text), column("won", schema.Date), column("lost", schema.Date)}},
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
	id, err := w.newID()
	w.must(err)
	p.Building = &program.Edition{ID: "edn_" + id, Versions: program.Follow(before, v.Number, from), Reads: []program.Reads{{Connection: connection, Object: "deal"}}}
	p.Rev++
	w.must(w.programs.UpdateProgram(ctx, p, &v, nil))
	w.must(w.incentives.Outbox.Start(ctx, p, false))
	w.reckon()
}

// reports says who somebody reports to.
func (w *world) reports(id, manager string, from calendar.Date) {
	w.t.Helper()
	m, known := w.members[id]
	if !known {
		m = roster.Member{ID: id, Organization: organization, Name: id, Facts: []roster.Fact{{Kind: roster.Active, Value: roster.Value{Active: true}}}}
	}
	if manager != "" {
		_, err := m.Set(roster.Manager, roster.Span{From: from}, roster.Value{Manager: manager}, roster.Author{By: ann().ID, At: w.clock()})
		w.must(err)
	}
	m.Rev++
	edition, err := w.roster.Edition(w.t.Context(), organization)
	w.must(err)
	w.must(w.roster.SaveMembers(w.t.Context(), organization, []roster.Member{m}, edition, nil))
	w.members[id] = m
}

// deal stores a state of a deal, and says so.
func (w *world) deal(id, owner string, value int, status string, won, lost calendar.Date) {
	w.t.Helper()
	r := record.Record{Key: record.Key{Organization: organization, Connection: connection, Object: "deal", ID: id}, Version: record.Version{Micros: w.clock().UnixMicro()},
		Fields: record.Fields{}, StoredAt: w.clock()}
	for name, v := range map[string]any{"owner": owner, "value": value, "status": status, "won": won, "lost": lost} {
		if v == calendar.Date("") {
			continue
		}
		text, err := json.Marshal(v)
		w.must(err)
		r.Fields[name] = text
	}
	w.tick(time.Millisecond)
	_, err := w.records.PutNewer(w.t.Context(), r)
	w.must(err)
	w.must(w.incentives.Outbox.Changed(w.t.Context(), organization, []record.Key{r.Key}))
}
