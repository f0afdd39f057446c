package engine_test

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"leadline/shared/blob"
	"leadline/shared/connector"
	"leadline/shared/connector/rest"
	"leadline/shared/fault"
	"leadline/shared/intake"
	"leadline/shared/notice"
	"leadline/shared/record"
	"leadline/shared/schema"
	"leadline/shared/store"
	"leadline/shared/store/memory"
	"leadline/shared/syncing"
	"leadline/shared/syncing/control"
	"leadline/shared/syncing/engine"
	"leadline/shared/tenant"
)

const (
	organization = "org_0a1b2c3d4e5f"
	connection   = "conn_000000000001"
)

// crm is a small provider: what it holds, and how it misbehaves.
type crm struct {
	mu      sync.Mutex
	objects map[string]map[string]row
	// fail makes requests fail: it is asked before each.
	fail func(what string) error
	// permissions of the login.
	permissions []string
	// log of changes, newest last; a deleted row has no fields.
	log []row
	// subscription state.
	subscribed map[string]bool
	pages      map[string]int // how often each page was asked for
	requests   int64
	now        func() time.Time
}

// row is a record of the crm.
type row struct {
	object, id string
	updated    time.Time
	value      int
	deleted    bool
	broken     bool
}

func (r row) change() record.Change {
	if r.deleted {
		return record.Change{Object: r.object, ID: r.id, Kind: record.Delete, Version: record.VersionAt(r.updated, 1), Action: "deleted"}
	}
	return record.Change{Object: r.object, ID: r.id, Kind: record.Upsert, Version: record.VersionAt(r.updated, 1), Fields: record.Fields{
		"id": json.RawMessage(strconv.Quote(r.id)), "value": json.RawMessage(strconv.Itoa(r.value)),
		"date_updated": json.RawMessage(strconv.Quote(r.updated.Format(time.RFC3339Nano)))}}
}

// Do implements connector.Client: the fake's pages do not use it.
func (c *crm) Do(context.Context, connector.Request) (connector.Answer, error) {
	return connector.Answer{}, fault.New(fault.Internal, "unused", "unused")
}

func (c *crm) Take() rest.Usage {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := c.requests
	c.requests = 0
	return rest.Usage{Requests: n}
}

func (c *crm) ask(what string) error {
	c.mu.Lock()
	fail := c.fail
	c.requests++
	c.pages[what]++
	c.mu.Unlock()
	if fail == nil {
		return nil
	}
	return fail(what)
}

func (c *crm) put(rows ...row) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, r := range rows {
		if c.objects[r.object] == nil {
			c.objects[r.object] = map[string]row{}
		}
		c.log = append(c.log, r)
		if r.deleted {
			delete(c.objects[r.object], r.id)
		} else {
			c.objects[r.object][r.id] = r
		}
	}
}

const pageSize = 50

func (c *crm) page(_ context.Context, _ connector.Client, r connector.PageRequest) (connector.Page, error) {
	if err := c.ask(fmt.Sprint(r.Object, " ", r.Scope.Kind, " ", r.Cursor, r.Scope.IDs)); err != nil {
		return connector.Page{}, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	page := connector.Page{At: c.now().UTC().Truncate(time.Second), Raw: []byte(`{"page":"` + r.Cursor + `"}`)}
	if r.Scope.Kind == connector.IDs {
		for _, id := range r.Scope.IDs {
			if found, ok := c.objects[r.Object][id]; ok {
				page.Changes = append(page.Changes, found.change())
			} else {
				page.Missing = append(page.Missing, id)
			}
		}
		return page, nil
	}
	var rows []row
	for _, one := range c.objects[r.Object] {
		if r.Scope.Kind == connector.All || !one.updated.Before(r.Scope.From) {
			rows = append(rows, one)
		}
	}
	slices.SortFunc(rows, func(a, b row) int { return cmp.Compare(a.id, b.id) })
	for i, one := range rows {
		if one.id <= r.Cursor {
			continue
		}
		if len(page.Changes)+len(page.Refused) == pageSize {
			break
		}
		if one.broken {
			page.Refused = append(page.Refused, connector.RefusedRow{ID: one.id, Index: i, Why: fault.New(fault.Invalid, "missing_version", "It has no date.")})
		} else {
			page.Changes = append(page.Changes, one.change())
		}
		page.Next = one.id
	}
	if len(rows) == 0 || page.Next == rows[len(rows)-1].id || page.Next == "" {
		page.Next = ""
	}
	return page, nil
}

func (c *crm) definition() connector.Definition {
	scopes := []connector.ScopeKind{connector.All, connector.ChangedSince, connector.IDs}
	return connector.Definition{Name: "toy", Title: "Toy",
		API: &connector.API{Probe: func(context.Context, connector.Client) (connector.Identity, error) {
			if err := c.ask("probe"); err != nil {
				return connector.Identity{}, err
			}
			return connector.Identity{AccountID: "a", Permissions: slices.Clone(c.permissions)}, nil
		}},
		Describe: func(context.Context, connector.Client, string) (connector.Description, error) {
			if err := c.ask("describe"); err != nil {
				return connector.Description{}, err
			}
			return connector.Description{Objects: []connector.DescribedObject{{Name: "deal", Title: "Deal", Fields: []schema.Field{{Name: "value", Type: schema.Number, Title: "Value"}}}}}, nil
		},
		Pull: &connector.Pull{Revision: 1, Objects: []connector.Object{{Name: "deal", Scopes: scopes, Absent: true}, {Name: "lead", Scopes: scopes, Absent: true}}, Page: c.page,
			Count: func(_ context.Context, _ connector.Client, r connector.PageRequest) (connector.Count, error) {
				if err := c.ask("count " + r.Object); err != nil {
					return connector.Count{}, err
				}
				c.mu.Lock()
				defer c.mu.Unlock()
				return connector.Count{N: int64(len(c.objects[r.Object])), Known: r.Scope.Kind == connector.All, Source: "its own count"}, nil
			}},
		Log: &connector.Log{Keeps: 30 * 24 * time.Hour, Overlap: 5 * time.Minute, Read: func(_ context.Context, _ connector.Client, r connector.LogRequest) (connector.LogPage, error) {
			if err := c.ask("log"); err != nil {
				return connector.LogPage{}, err
			}
			c.mu.Lock()
			defer c.mu.Unlock()
			page := connector.LogPage{At: c.now().UTC(), Raw: []byte(`{}`)}
			for _, one := range c.log {
				if !one.updated.Before(r.From) {
					page.Changes = append(page.Changes, one.change())
				}
			}
			return page, nil
		}},
	}
}

// world is an engine over memory with a virtual clock and a queue of its own.
type world struct {
	t        *testing.T
	crm      *crm
	tenancy  *memory.Tenancy
	syncs    store.Syncs
	records  *memory.Records
	intake   *memory.Intake
	schemas  *memory.Schemas
	due      *memory.Due
	payloads blob.Store
	engine   *engine.Engine
	control  *control.Controller
	notices  map[string]notice.Notice
	revoked  int

	mu    sync.Mutex
	at    time.Time
	queue []delayed
	// crash, if set, may end an invocation at a store's call.
	crash func() error
}

// delayed is a message with the time when the queue gives it.
type delayed struct {
	at   time.Time
	body []byte
}

func newWorld(t *testing.T) *world {
	w := &world{t: t, at: time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC), notices: map[string]notice.Notice{}, payloads: blob.NewMemory(),
		records: memory.NewRecords(), intake: memory.NewIntake(), schemas: memory.NewSchemas(), due: memory.NewDue(), tenancy: memory.NewTenancy()}
	w.crm = &crm{objects: map[string]map[string]row{}, pages: map[string]int{}, subscribed: map[string]bool{}, permissions: []string{"view_all"}, now: w.now}
	w.syncs = crashing{memory.NewSyncs(w.tenancy), w}
	registry := connector.NewRegistry(w.crm.definition())
	w.control = control.New(control.Options{Outbox: control.Outbox{Queue: w, Due: w.due, Now: w.now}, Syncs: w.syncs, Connectors: registry, Random: rand.Reader})
	w.engine = engine.New(engine.Options{Syncs: w.syncs, Tenancy: w.tenancy, Members: memory.NewMembers(w.tenancy), Records: w.records, Schemas: w.schemas, Payloads: w.payloads,
		Pages: intake.New(intake.Options{Records: w.records, Intake: w.intake, Schemas: w.schemas, Batches: memory.NewBatches(), Journal: memory.NewJournal(), Payloads: w.payloads,
			Connectors: registry, Reread: w.control, ClockGuard: 5 * time.Minute, SchemaCache: time.Minute, Now: w.now}),
		Logins: logins{w}, Control: w.control, Tell: func(_ context.Context, n notice.Notice) error {
			w.notices[n.ID] = n
			return nil
		}, Connectors: registry, Now: w.now})
	w.must(w.tenancy.CreateOrganization(t.Context(), tenant.Organization{ID: organization}))
	w.must(w.tenancy.CreateConnection(t.Context(), tenant.Connection{ID: connection, Organization: organization, Connector: "toy", Name: "Toy CRM", Status: tenant.Active,
		Hook: "h", CreatedAt: w.at.Add(-time.Hour), Rev: 1}, tenant.Hook{TokenHash: "h", Organization: organization, Connection: connection}, nil))
	return w
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.at
}

func (w *world) advance(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.at = w.at.Add(d)
}

func (w *world) Send(ctx context.Context, group string, body []byte) error {
	return w.SendAfter(ctx, group, body, 0)
}

func (w *world) SendAfter(_ context.Context, _ string, body []byte, d time.Duration) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.queue = append(w.queue, delayed{w.at.Add(d), body})
	return nil
}

// logins gives clients of the crm.
type logins struct{ w *world }

func (l logins) Client(context.Context, tenant.Connection) (engine.Client, error) {
	return l.w.crm, nil
}

func (l logins) Revoked(context.Context, tenant.Connection, error) error {
	l.w.revoked++
	return nil
}

// crashing ends invocations at calls of the store.
type crashing struct {
	syncs
	w *world
}

// syncs has a name of its own, for one of its methods is called Syncs.
type syncs = store.Syncs

func (c crashing) SaveStream(ctx context.Context, s syncing.Stream) error {
	if c.w.crash != nil {
		if err := c.w.crash(); err != nil {
			return err
		}
	}
	return c.syncs.SaveStream(ctx, s)
}

// run works off the queue and what is due, moving the clock on where there is nothing to do, until done says so.
func (w *world) run(done func() bool) {
	w.t.Helper()
	cursor := store.DueMinute(w.now().Add(-time.Hour))
	for steps := 0; steps < 20_000; steps++ {
		if done() {
			return
		}
		w.mu.Lock()
		at := -1
		for i, m := range w.queue {
			if at < 0 || m.at.Before(w.queue[at].at) {
				at = i
			}
		}
		var next delayed
		if at >= 0 && !w.queue[at].at.After(w.at) {
			next = w.queue[at]
			w.queue = slices.Delete(w.queue, at, at+1)
		}
		w.mu.Unlock()
		if next.body == nil {
			w.advance(10 * time.Second)
			items, _, _, err := w.due.DueBefore(w.t.Context(), cursor, w.now(), 100)
			w.must(err)
			for _, item := range items {
				w.must(w.Send(w.t.Context(), item.Group, item.Body))
				w.must(w.due.Finished(w.t.Context(), item))
			}
			continue
		}
		m, err := syncing.Decode(next.body)
		w.must(err)
		if err := w.engine.Process(w.t.Context(), m); err != nil { // the queue gives it again later
			w.must(w.SendAfter(w.t.Context(), organization, next.body, 30*time.Second))
		}
	}
	w.t.Fatal("it does not come to an end")
}

// idle tells whether no stream is on its way.
func (w *world) idle() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return !slices.ContainsFunc(w.queue, func(d delayed) bool {
		m, err := syncing.Decode(d.body)
		return err != nil || m.Kind == syncing.GoOn
	})
}

func (w *world) connection() tenant.Connection {
	w.t.Helper()
	c, err := w.tenancy.Connection(w.t.Context(), organization, connection)
	w.must(err)
	return c
}

func (w *world) start(plan syncing.Plan) string {
	w.t.Helper()
	r, streams, err := w.control.Prepare(w.t.Context(), w.connection(), plan, "key_1")
	w.must(err)
	w.must(w.control.Store(w.t.Context(), r, streams, nil))
	return r.ID
}

func (w *world) get(run string) (syncing.Run, map[string]syncing.Stream) {
	w.t.Helper()
	r, err := w.syncs.Run(w.t.Context(), organization, connection, run)
	w.must(err)
	streams, err := w.syncs.Streams(w.t.Context(), organization, run)
	w.must(err)
	all := map[string]syncing.Stream{}
	for _, s := range streams {
		all[s.Object] = s
	}
	return r, all
}

// finish runs until a run has ended.
func (w *world) finish(run string) (syncing.Run, map[string]syncing.Stream) {
	w.t.Helper()
	w.run(func() bool {
		r, _ := w.get(run)
		return r.Status.Final()
	})
	return w.get(run)
}

// stored gives what is stored of an object: values by id.
func (w *world) stored(object string) map[string]int {
	w.t.Helper()
	all := map[string]int{}
	for r, err := range store.All(w.t.Context(), func(ctx context.Context, p store.Page) ([]record.Record, string, error) {
		return w.records.List(ctx, organization, connection, object, p)
	}) {
		w.must(err)
		if !r.Deleted {
			n, err := strconv.Atoi(string(r.Fields["value"]))
			w.must(err)
			all[r.ID] = n
		}
	}
	return all
}

// same fails unless both sides hold the same.
func (w *world) same(objects ...string) {
	w.t.Helper()
	for _, o := range objects {
		want := map[string]int{}
		for id, r := range w.crm.objects[o] {
			if !r.broken {
				want[id] = r.value
			}
		}
		if got := w.stored(o); !maps.Equal(got, want) {
			w.t.Errorf("%s: %d stored, %d there, and they differ", o, len(got), len(want))
		}
	}
}

// deals makes rows of the crm.
func (w *world) deals(object string, n int) {
	for i := range n {
		w.crm.put(row{object: object, id: fmt.Sprintf("%s_%05d", object, i), updated: w.now().Add(-time.Duration(n-i) * time.Minute), value: i})
	}
}
