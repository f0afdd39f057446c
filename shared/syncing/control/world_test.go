package control_test

import (
	"context"
	"crypto/rand"
	"testing"
	"time"

	"leadline/shared/connector"
	"leadline/shared/fault"
	"leadline/shared/schedule"
	"leadline/shared/store"
	"leadline/shared/store/memory"
	"leadline/shared/syncing"
	"leadline/shared/syncing/control"
	"leadline/shared/tenant"
)

const (
	organization = "org_0a1b2c3d4e5f"
	connection   = "conn_000000000001"
)

// world is a controller over memory whose stores break where a test says so.
type world struct {
	t       *testing.T
	syncs   *memory.Syncs
	due     *memory.Due
	control *control.Controller
	at      time.Time
	sent    []sent
	// calls counts the calls of stores and queue. The one of number breaks fails: before it did anything, or, if late, behind
	// that, so that only the answer is lost.
	calls, breaks int
	late          bool
}

// sent is a message of the queue.
type sent struct {
	syncing.Message
	group string
	delay time.Duration
}

func newWorld(t *testing.T) *world {
	w := &world{t: t, syncs: memory.NewSyncs(memory.NewTenancy()), due: memory.NewDue(), at: time.Date(2026, 11, 22, 9, 0, 30, 0, time.UTC)}
	w.control = control.New(control.Options{Outbox: control.Outbox{Queue: w, Due: brokenDue{w.due, w}, Now: func() time.Time { return w.at }},
		Syncs: brokenSyncs{w.syncs, w}, Connectors: connector.NewRegistry(crm()), Random: rand.Reader})
	return w
}

// crm has an object that is asked for what changed, and another.
func crm() connector.Definition {
	return connector.Definition{Name: "crm", Title: "CRM", Pull: &connector.Pull{Objects: []connector.Object{
		{Name: "deal", Scopes: []connector.ScopeKind{connector.All, connector.ChangedSince}}, {Name: "user", Small: true, Scopes: []connector.ScopeKind{connector.All}}}}}
}

func conn() tenant.Connection {
	return tenant.Connection{ID: connection, Organization: organization, Connector: "crm", Status: tenant.Active}
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// call counts a call, and breaks it if that is the one.
func (w *world) call(do func() error) error {
	w.calls++
	broken := fault.New(fault.Unavailable, "unavailable", "broken")
	if w.calls == w.breaks && !w.late {
		return broken
	}
	if err := do(); err != nil {
		return err
	}
	if w.calls == w.breaks {
		return broken
	}
	return nil
}

func (w *world) Send(ctx context.Context, group string, body []byte) error {
	return w.SendAfter(ctx, group, body, 0)
}

func (w *world) SendAfter(_ context.Context, group string, body []byte, d time.Duration) error {
	return w.call(func() error {
		m, err := syncing.Decode(body)
		w.sent = append(w.sent, sent{m, group, d})
		return err
	})
}

type brokenDue struct {
	*memory.Due
	w *world
}

func (b brokenDue) Schedule(ctx context.Context, item store.DueItem) error {
	return b.w.call(func() error { return b.Due.Schedule(ctx, item) })
}

// memorySyncs has a name of its own, for one of its methods is called Syncs.
type memorySyncs = memory.Syncs

type brokenSyncs struct {
	*memorySyncs
	w *world
}

func (b brokenSyncs) CreateRun(ctx context.Context, r syncing.Run, streams []syncing.Stream, receipt *store.Receipt) error {
	return b.w.call(func() error { return b.memorySyncs.CreateRun(ctx, r, streams, receipt) })
}

func (b brokenSyncs) UpdateSync(ctx context.Context, y syncing.Sync, receipt *store.Receipt) error {
	return b.w.call(func() error { return b.memorySyncs.UpdateSync(ctx, y, receipt) })
}

func (b brokenSyncs) Run(ctx context.Context, organization, connection, id string) (r syncing.Run, err error) {
	err = b.w.call(func() error { r, err = b.memorySyncs.Run(ctx, organization, connection, id); return err })
	return r, err
}

func (b brokenSyncs) State(ctx context.Context, organization, connection string) (s syncing.State, err error) {
	err = b.w.call(func() error { s, err = b.memorySyncs.State(ctx, organization, connection); return err })
	return s, err
}

// sync stores a sync that is planned.
func (w *world) sync(plan syncing.Plan, s schedule.Schedule) syncing.Sync {
	w.t.Helper()
	y := w.control.Planned(syncing.Sync{ID: "sync_000000000001", Organization: organization, Connection: connection, Name: "S", Plan: plan, Schedule: s,
		CreatedAt: w.at, UpdatedAt: w.at, Rev: 1})
	w.must(w.syncs.CreateSync(w.t.Context(), y, nil))
	return y
}

func (w *world) stored() syncing.Sync {
	w.t.Helper()
	y, err := w.syncs.Sync(w.t.Context(), organization, connection, "sync_000000000001")
	w.must(err)
	return y
}

// fire lets the sync be due at a time, as the queue would: what fails comes again, of the sync as it then is.
func (w *world) fire(c tenant.Connection, at time.Time) {
	w.t.Helper()
	for range 3 {
		err := w.control.Fire(w.t.Context(), c, w.stored(), at)
		if err == nil {
			return
		}
		if !fault.Is(err, fault.Unavailable) {
			w.t.Fatal(err)
		}
	}
	w.t.Fatal("it fails again and again")
}

func (w *world) runs() []syncing.Run {
	w.t.Helper()
	runs, _, err := w.syncs.Runs(w.t.Context(), organization, connection, store.Page{Limit: store.MaxLimit})
	w.must(err)
	return runs
}

// end ends a run.
func (w *world) end(r syncing.Run) {
	w.t.Helper()
	r.Status, r.FinishedAt = syncing.Done, w.at
	r.Rev++
	w.must(w.syncs.UpdateRun(w.t.Context(), r, nil))
}

// waiting gives what is due until a time, by time.
func (w *world) waiting(until time.Time) []store.DueItem {
	w.t.Helper()
	items, _, _, err := w.due.DueBefore(w.t.Context(), store.DueMinute(w.at.Add(-time.Hour)), until, store.MaxLimit)
	w.must(err)
	return items
}

// messages gives those that were sent of a kind.
func (w *world) messages(kind syncing.MessageKind) []sent {
	var all []sent
	for _, m := range w.sent {
		if m.Kind == kind {
			all = append(all, m)
		}
	}
	return all
}

func reconcile() syncing.Plan { return syncing.Plan{Kind: syncing.Reconcile} }

func everyQuarter() schedule.Schedule {
	return schedule.Schedule{Kind: schedule.Every, EveryMinutes: 15}
}
