package main

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"leadline/shared/blob"
	"leadline/shared/calendar"
	"leadline/shared/fault"
	reckons "leadline/shared/incentive/keeper"
	"leadline/shared/ledger/bookkeeper"
	"leadline/shared/payee"
	payouts "leadline/shared/payout/keeper"
	"leadline/shared/program"
	"leadline/shared/record"
	"leadline/shared/roster"
	"leadline/shared/schema"
	seals "leadline/shared/secret"
	settlements "leadline/shared/settlement/keeper"
	"leadline/shared/store"
	"leadline/shared/store/memory"
	"leadline/shared/tax"
	"leadline/shared/view"
)

const (
	paydayOrganization = "org_4f0c9a2b1x7z"
	paydayProgram      = "prg_4f0c9a2b1x7z"
	paydayConnection   = "conn_9k2m4x7q1v5b"
	paydayPayer        = "pyr_2c5e8g1i4k7m"
	paydayPeriod       = "2026-10"
)

// payday is an organization whose people have won a deal each, settled and paid by the real packages.
type payday struct {
	people  int
	stores  paydayStores
	objects *countedObjects
	box     seals.Box

	mu    sync.Mutex // guards the clock, the queues and the ids
	now   time.Time
	queue []paydayMessage
	ids   int

	reckoning *reckons.Keeper
	settling  *settlements.Keeper
	paying    *payouts.Keeper
}

// paydayStores are those that a payday is kept in; what it begins with, records, people and the program, is in memory.
type paydayStores struct {
	credits     store.Credits
	settlements store.Settlements
	payees      store.Payees
	payouts     store.Payouts
	ledger      store.Ledger
}

// inMemory gives stores that take no calls.
func inMemory() paydayStores {
	tenancy := memory.NewTenancy()
	return paydayStores{memory.NewCredits(), memory.NewSettlements(tenancy), memory.NewPayees(tenancy), memory.NewPayouts(tenancy), memory.NewLedger()}
}

type paydayMessage struct {
	at   time.Time
	body []byte
}

// countedObjects counts what is read and written.
type countedObjects struct {
	blob.Store
	reads, writes, bytes atomic.Int64
}

func (o *countedObjects) Put(ctx context.Context, key string, body []byte) error {
	o.writes.Add(1)
	o.bytes.Add(int64(len(body)))
	return o.Store.Put(ctx, key, body)
}

func (o *countedObjects) Get(ctx context.Context, key string) ([]byte, error) {
	o.reads.Add(1)
	return o.Store.Get(ctx, key)
}

func (o *countedObjects) Open(ctx context.Context, key string) (io.ReadCloser, int64, error) {
	o.reads.Add(1)
	return o.Store.Open(ctx, key)
}

// openKey is a master key that wraps nothing: what is sealed here is nobody's.
type openKey struct{}

func (openKey) NewDataKey(context.Context, string) (key, wrapped []byte, err error) {
	key = make([]byte, 32)
	_, _ = rand.Read(key) // never fails
	return key, slices.Clone(key), nil
}

func (openKey) Unwrap(_ context.Context, _ string, wrapped []byte) ([]byte, error) {
	return slices.Clone(wrapped), nil
}

// newPayday has people who have each won a deal and are paid to an account of their own, reckoned.
func newPayday(ctx context.Context, people int, stores paydayStores) (*payday, error) {
	d := &payday{people: people, stores: stores, objects: &countedObjects{Store: blob.NewMemory()}, now: time.Date(2026, 11, 3, 12, 0, 0, 0, time.UTC)}
	ring := seals.New(openKey{}, seals.Options{})
	wrapped, err := ring.NewDataKey(ctx, paydayOrganization)
	if err != nil {
		return nil, err
	}
	if d.box, err = ring.Open(ctx, paydayOrganization, wrapped); err != nil {
		return nil, err
	}
	tenancy, records := memory.NewTenancy(), memory.NewRecords()
	staff, programs, log := memory.NewRoster(tenancy), memory.NewPrograms(tenancy), slog.New(slog.DiscardHandler)
	d.reckoning = &reckons.Keeper{Records: records, Roster: staff, Programs: programs, Credits: stores.credits, Runs: memory.NewRuns(), Inputs: d.objects,
		Outbox: reckons.Outbox{Queue: d, Due: memory.NewDue(), Now: d.clock}, Now: d.clock, Log: log, Known: &reckons.Memory{}, NewID: d.newID}
	books := &bookkeeper.Keeper{Ledger: stores.ledger, Lists: d.objects, Now: d.clock}
	d.settling = &settlements.Keeper{Records: records, Programs: programs, Credits: stores.credits, Settlements: stores.settlements, Payees: stores.payees, Incentives: d.reckoning,
		Documents: d.objects, Books: books, Queue: d, NewID: d.newID, Now: d.clock, Log: log}
	d.paying = &payouts.Keeper{Payouts: stores.payouts, Payees: stores.payees, Ledger: stores.ledger, Books: books, Documents: d.objects,
		Box: func(context.Context, string) (seals.Box, error) { return d.box, nil }, Queue: d, Paid: d.settling, Now: d.clock, Log: log}
	if err := errors.Join(d.hire(ctx, staff), d.win(ctx, records), d.publish(ctx, programs)); err != nil {
		return nil, err
	}
	return d, d.reckon(ctx)
}

func (d *payday) clock() time.Time {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.now
}

func (d *payday) newID() (string, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.ids++
	return fmt.Sprintf("run_%04d", d.ids), nil
}

// Send implements the senders of all keepers: they share one queue.
func (d *payday) Send(ctx context.Context, group string, body []byte) error {
	return d.SendAfter(ctx, group, body, 0)
}

// SendAfter implements them, too.
func (d *payday) SendAfter(_ context.Context, _ string, body []byte, delay time.Duration) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.queue = append(d.queue, paydayMessage{d.now.Add(delay), body})
	return nil
}

// ready takes what is to be seen of the queue now, and lets a second go by.
func (d *payday) ready() (bodies [][]byte, empty bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	var later []paydayMessage
	for _, m := range d.queue {
		if m.at.After(d.now) {
			later = append(later, m)
		} else {
			bodies = append(bodies, m.body)
		}
	}
	d.queue, d.now = later, d.now.Add(time.Second)
	return bodies, len(bodies)+len(later) == 0
}

// reckon works on the queue for some minutes of the organization's clock. What is left then begins later periods, which nobody waits
// for here.
func (d *payday) reckon(ctx context.Context) error {
	for range 180 {
		bodies, _ := d.ready()
		for _, body := range bodies {
			if err := d.process(ctx, body); err != nil {
				return fmt.Errorf("%s: %w", body[:min(len(body), 200)], err)
			}
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.queue = nil
	return nil
}

// work works on the queue until it is empty.
func (d *payday) work(ctx context.Context) error {
	for {
		bodies, empty := d.ready()
		if empty {
			return nil
		}
		for _, body := range bodies {
			if err := d.process(ctx, body); err != nil {
				return fmt.Errorf("%s: %w", body[:min(len(body), 200)], err)
			}
		}
	}
}

func (d *payday) process(ctx context.Context, body []byte) error {
	var message struct{ Of string }
	if err := json.Unmarshal(body, &message); err != nil {
		return err
	}
	switch message.Of {
	case settlements.Of:
		return d.settling.Process(ctx, [][]byte{body})[0]
	case payouts.Of:
		m, err := payouts.Decode(body)
		if err != nil {
			return err
		}
		return d.paying.Process(ctx, []payouts.Message{m})[0]
	}
	m, err := reckons.Decode(body)
	if err != nil {
		return err
	}
	return d.reckoning.Process(ctx, []reckons.Message{m})[0]
}

func somebody(n int) string { return fmt.Sprintf("mem_%012d", n) }

// bankAccount is one account in India, where payments are taxed.
func bankAccount(n int, holder string) payee.Bank {
	return payee.Bank{Holder: holder, Country: "IN", Account: fmt.Sprintf("501%011d", n), Code: "HDFC0000123", Type: "savings"}
}

// hire makes the people, how they are paid, and who pays.
func (d *payday) hire(ctx context.Context, to store.Roster) error {
	payer := payee.Payer{ID: paydayPayer, Organization: paydayOrganization, Name: "Acme India Private Limited", Country: "IN", TaxRules: "in-2026", ConfirmedBy: "per_5d8f2h6j0l3n", Rev: 1}
	if err := d.stores.payees.SavePayer(ctx, payer, nil); err != nil {
		return err
	}
	for n := range d.people {
		id, name := somebody(n), fmt.Sprintf("Payee Number %d", n)
		sealed, err := bankAccount(n, name).Seal(d.box, paydayOrganization, id)
		if err != nil {
			return err
		}
		p := payee.Profile{Organization: paydayOrganization, Participant: id, Payer: paydayPayer, LegalName: name, Country: "IN", Class: tax.Agent, TaxID: []byte("sealed"), TaxIDHint: "234F",
			Bank: sealed, BankHint: "0000", Rev: 1}
		if err := d.stores.payees.SaveProfile(ctx, p, nil); err != nil {
			return err
		}
	}
	for _, some := range chunked(d.people, 20) {
		members := make([]roster.Member, len(some))
		for i, n := range some {
			members[i] = roster.Member{ID: somebody(n), Organization: paydayOrganization, Name: somebody(n), Rev: 1, Facts: []roster.Fact{{Kind: roster.Active, Value: roster.Value{Active: true}}}}
		}
		edition, err := to.Edition(ctx, paydayOrganization)
		if err == nil {
			err = to.SaveMembers(ctx, paydayOrganization, members, edition, nil)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// chunked gives the numbers below n, so many at a time.
func chunked(n, size int) [][]int {
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	return slices.Collect(slices.Chunk(all, size))
}

// win stores a deal of everybody.
func (d *payday) win(ctx context.Context, to *memory.Records) error {
	for n := range d.people {
		r := record.Record{Key: record.Key{Organization: paydayOrganization, Connection: paydayConnection, Object: "deal", ID: fmt.Sprintf("deal_%06d", n)},
			Version: record.Version{Micros: int64(n + 1)}, Fields: record.Fields{}, StoredAt: d.now}
		for name, v := range map[string]any{"owner": somebody(n), "value": 100_000 + n*7919%200_000, "status": "won", "won": "2026-10-15"} {
			text, err := json.Marshal(v)
			if err != nil {
				return err
			}
			r.Fields[name] = text
		}
		if _, err := to.PutNewer(ctx, r); err != nil {
			return err
		}
	}
	return nil
}

// publish has 10 % of each deal paid.
func (d *payday) publish(ctx context.Context, to *memory.Programs) error {
	var plan program.Definition
	if err := json.Unmarshal([]byte(`{"kind":"commission","title":"Deals","currency":"INR","zone":"Asia/Kolkata","period":"month","participants":{},
		"components":[{"name":"deals","source":{"view":"deals"},"value":"row.value","qualifiers":[{"name":"Won only","formula":"row.status == \"won\""}],
		"credit":{"rules":[{"kind":"direct"}]},"rate":{"tiers":[{"from":"0","pay":"10%"}]}}]}`), &plan); err != nil {
		return err
	}
	column := func(name string, typ schema.Type) view.Column { return view.Column{Name: name, Field: name, Type: typ} }
	over := program.Resolved{View: view.View{Base: view.Source{Connection: paydayConnection, Object: "deal"}, Owner: "owner",
		Columns: []view.Column{column("owner", schema.Text), column("value", schema.Number), column("status", schema.Text), column("won", schema.Date)}},
		Dates: []view.Dating{{Column: "won"}}, Owner: "owner"}
	from := calendar.Date(paydayPeriod + "-01")
	p := program.Program{ID: paydayProgram, Organization: paydayOrganization, Name: "Deals", Versions: 1, Rev: 1}
	if err := to.CreateProgram(ctx, p, nil); err != nil {
		return err
	}
	p.Building = &program.Edition{ID: "edn_0001", Versions: program.Follow(nil, 1, from), Reads: []program.Reads{{Connection: paydayConnection, Object: "deal"}}}
	p.Rev++
	v := program.Version{Number: 1, From: from, Definition: plan, Sources: map[string]program.Resolved{"deals": over}}
	if err := to.UpdateProgram(ctx, p, &v, nil); err != nil {
		return err
	}
	return d.reckoning.Outbox.Start(ctx, p, false)
}

// hashed gives the hash of a text, short enough to compare by eye.
func hashed(text []byte) string { return fmt.Sprintf("%x", sha256.Sum256(text))[:12] }

// unfinished says that something is not where it should be by then.
func unfinished(what string, state any) error {
	return fault.New(fault.Internal, "unfinished", "%s is %v", what, state)
}
