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
	"leadline/shared/delivery"
	"leadline/shared/fault"
	"leadline/shared/intake"
	"leadline/shared/notice"
	"leadline/shared/record"
	"leadline/shared/replay"
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
	log   []row
	pages map[string]int // how often each page was asked for
	now   func() time.Time
	// more gives it notes (which can only be asked for by when they were created, and belong to leads) and tags (which are
	// few), mute no log, blind no count.
	more, mute, blind bool
	// subscriptions by id, with what is wrong with each; made counts them.
	subscriptions map[string]connector.SubscriptionState
	made          int
	refuse        error // of Create and Mend
	// notReady is how often the first page of notes is to be asked for again, -1 for ever.
	notReady int
	// post is told of each change, answered of each page that was made and not yet given.
	post     func(row)
	answered func(connector.PageRequest)
	// idsAPage is how many ids a page asks for; 0 for all.
	idsAPage int
}

// row is a record of the crm.
type row struct {
	object, id string
	updated    time.Time
	value      int
	deleted    bool
	broken     bool
	created    time.Time // updated if zero
	parent     string
}

func (r row) change() record.Change {
	if r.deleted {
		return record.Change{Object: r.object, ID: r.id, Kind: record.Delete, Version: record.VersionAt(r.updated, 1), Action: "deleted"}
	}
	return record.Change{Object: r.object, ID: r.id, Kind: record.Upsert, Version: record.VersionAt(r.updated, 1), Fields: record.Fields{
		"id": json.RawMessage(strconv.Quote(r.id)), "value": json.RawMessage(strconv.Itoa(r.value)),
		"date_updated": json.RawMessage(strconv.Quote(r.updated.Format(time.RFC3339Nano))), "parent": json.RawMessage(strconv.Quote(r.parent))}}
}

// Do implements connector.Client: the fake's pages do not use it.
func (c *crm) Do(context.Context, connector.Request) (connector.Answer, error) {
	return connector.Answer{}, fault.New(fault.Internal, "unused", "unused")
}

// Take implements engine.Client for whoever counts nothing.
func (c *crm) Take() rest.Usage { return rest.Usage{} }

// client counts the requests of one invocation.
type client struct {
	*crm
	requests int64
}

func (c *client) Take() rest.Usage {
	n := c.requests
	c.requests = 0
	return rest.Usage{Requests: n}
}

func (c *crm) ask(by connector.Client, what string) error {
	c.mu.Lock()
	fail := c.fail
	if counted, ok := by.(*client); ok {
		counted.requests++
	}
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
		if old, there := c.objects[r.object][r.id]; there && r.created.IsZero() {
			r.created, r.parent = old.created, cmp.Or(r.parent, old.parent)
		}
		if r.created.IsZero() {
			r.created = r.updated
		}
		if c.post != nil {
			c.post(r)
		}
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

func (c *crm) page(_ context.Context, by connector.Client, r connector.PageRequest) (connector.Page, error) {
	page, err := c.makePage(by, r)
	if c.answered != nil && err == nil {
		c.answered(r)
	}
	return page, err
}

func (c *crm) makePage(by connector.Client, r connector.PageRequest) (connector.Page, error) {
	if err := c.ask(by, fmt.Sprint(r.Object, " ", r.Scope.Kind, " ", r.Cursor, r.Scope.IDs)); err != nil {
		return connector.Page{}, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	page := connector.Page{At: c.now().UTC().Truncate(time.Second), Raw: []byte(`{"page":"` + r.Cursor + `"}`)}
	if r.Object == "note" && (r.Scope.Kind == connector.All && r.Cursor == "" || r.Cursor == "job") && c.notReady != 0 {
		if c.notReady--; c.notReady != 0 {
			page.Next, page.NotBefore = "job", c.now().Add(time.Minute)
			return page, nil
		}
	}
	if r.Cursor == "job" {
		r.Cursor = ""
	}
	if r.Scope.Kind == connector.IDs {
		ids := r.Scope.IDs
		if c.idsAPage > 0 {
			from, _ := strconv.Atoi(r.Cursor)
			ids = ids[from:]
			if len(ids) > c.idsAPage {
				ids, page.Next = ids[:c.idsAPage], strconv.Itoa(from+c.idsAPage)
			}
		}
		for _, id := range ids {
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
		if in(one, r.Scope) {
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

// in tells whether a row belongs to a scope.
func in(r row, s connector.Scope) bool {
	switch s.Kind {
	case connector.All:
		return true
	case connector.ChangedSince:
		return !r.updated.Before(s.From) && (s.Until.IsZero() || r.updated.Before(s.Until))
	case connector.CreatedBetween:
		return !r.created.Before(s.From) && (s.Until.IsZero() || r.created.Before(s.Until))
	case connector.ChildrenOf:
		return slices.Contains(s.IDs, r.parent)
	}
	return false
}

func (c *crm) definition() connector.Definition {
	scopes := []connector.ScopeKind{connector.All, connector.ChangedSince, connector.IDs}
	d := connector.Definition{Name: "toy", Title: "Toy",
		API: &connector.API{Probe: func(_ context.Context, by connector.Client) (connector.Identity, error) {
			if err := c.ask(by, "probe"); err != nil {
				return connector.Identity{}, err
			}
			return connector.Identity{AccountID: "a", Permissions: slices.Clone(c.permissions)}, nil
		}},
		Describe: func(_ context.Context, by connector.Client, _ string) (connector.Description, error) {
			if err := c.ask(by, "describe"); err != nil {
				return connector.Description{}, err
			}
			return connector.Description{Objects: []connector.DescribedObject{{Name: "deal", Title: "Deal", Fields: []schema.Field{{Name: "value", Type: schema.Number, Title: "Value"}}}}}, nil
		},
		Pull: &connector.Pull{Revision: 1, Objects: []connector.Object{{Name: "deal", Scopes: scopes, Absent: true}, {Name: "lead", Scopes: scopes, Absent: true}}, Page: c.page,
			Count: func(_ context.Context, by connector.Client, r connector.PageRequest) (connector.Count, error) {
				if err := c.ask(by, "count "+r.Object); err != nil {
					return connector.Count{}, err
				}
				c.mu.Lock()
				defer c.mu.Unlock()
				return connector.Count{N: int64(len(c.objects[r.Object])), Known: r.Scope.Kind == connector.All, Source: "its own count"}, nil
			}},
		Log: &connector.Log{Keeps: 30 * 24 * time.Hour, Overlap: 5 * time.Minute, Read: func(_ context.Context, by connector.Client, r connector.LogRequest) (connector.LogPage, error) {
			if err := c.ask(by, "log"); err != nil {
				return connector.LogPage{}, err
			}
			c.mu.Lock()
			defer c.mu.Unlock()
			page := connector.LogPage{At: c.now().UTC(), Raw: []byte(`{}`)}
			for _, one := range c.log {
				if !one.updated.Before(r.From) {
					page.Changes = append(page.Changes, one.change())
					page.Touched = append(page.Touched, touched(one)...)
				}
			}
			return page, nil
		}},
		Webhook: &connector.Webhook{Parser: 1, Parse: func(body []byte) ([]record.Change, error) { return []record.Change{posted(body).change()}, nil },
			Touched: func(body []byte) []ref { return touched(posted(body)) }},
	}
	if c.mute {
		d.Log = nil
	}
	if c.blind {
		d.Pull.Count = nil
	}
	if c.more {
		d.Pull.Objects = append(d.Pull.Objects, connector.Object{Name: "note", Scopes: []connector.ScopeKind{connector.All, connector.CreatedBetween, connector.IDs, connector.ChildrenOf}, Sweep: 24 * time.Hour, Absent: true},
			connector.Object{Name: "tag", Scopes: []connector.ScopeKind{connector.All, connector.IDs}, Absent: true, Small: true})
		d.Subscription = c.subscription()
	}
	return d
}

// touched names what must be read again after a lead was deleted: what belonged to it.
func touched(r row) []ref {
	if r.deleted && r.object == "lead" {
		return []ref{{Parent: r.id}}
	}
	return nil
}

// body is the webhook of a change.
func (r row) body() []byte {
	text, _ := json.Marshal([]any{r.object, r.id, r.updated, r.value, r.deleted, r.created, r.parent})
	return text
}

func posted(body []byte) (r row) {
	_ = json.Unmarshal(body, &[]any{&r.object, &r.id, &r.updated, &r.value, &r.deleted, &r.created, &r.parent})
	return r
}

// subscription is how the crm is made to post.
func (c *crm) subscription() *connector.Subscription {
	found := func(id string) (connector.SubscriptionState, error) {
		s, ok := c.subscriptions[id]
		if !ok {
			return s, fault.New(fault.NotFound, "not_found", "no such subscription")
		}
		return s, nil
	}
	return &connector.Subscription{
		Create: func(_ context.Context, by connector.Client, _ string) (connector.Subscribed, error) {
			if err := cmp.Or(c.ask(by, "subscribe"), c.refuse); err != nil {
				return connector.Subscribed{}, err
			}
			c.mu.Lock()
			defer c.mu.Unlock()
			c.made++
			id := fmt.Sprint("sub_", c.made)
			c.subscriptions[id] = connector.SubscriptionState{ID: id, Active: true}
			return connector.Subscribed{ID: id, SigningKey: "key of " + id}, nil
		},
		Find: func(_ context.Context, by connector.Client, _ string) ([]connector.SubscriptionState, error) {
			if err := c.ask(by, "find subscriptions"); err != nil {
				return nil, err
			}
			c.mu.Lock()
			defer c.mu.Unlock()
			return slices.Collect(maps.Values(c.subscriptions)), nil
		},
		Check: func(_ context.Context, by connector.Client, id string) (connector.SubscriptionState, error) {
			if err := c.ask(by, "check subscription"); err != nil {
				return connector.SubscriptionState{}, err
			}
			c.mu.Lock()
			defer c.mu.Unlock()
			return found(id)
		},
		Mend: func(_ context.Context, by connector.Client, id, _ string) error {
			if err := cmp.Or(c.ask(by, "mend"), c.refuse); err != nil {
				return err
			}
			c.mu.Lock()
			defer c.mu.Unlock()
			_, err := found(id)
			if err == nil {
				c.subscriptions[id] = connector.SubscriptionState{ID: id, Active: true}
			}
			return err
		},
		Delete: func(_ context.Context, by connector.Client, id string) error {
			if err := c.ask(by, "unsubscribe"); err != nil {
				return err
			}
			c.mu.Lock()
			defer c.mu.Unlock()
			delete(c.subscriptions, id)
			return nil
		},
	}
}

// world is an engine over memory with a virtual clock and queues of its own.
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
	pages    *intake.Intake
	control  *control.Controller
	notices  map[string]notice.Notice
	revoked  int
	accepted []string // signing keys
	replayed [][2]time.Time

	mu    sync.Mutex
	at    time.Time
	queue []delayed
	inbox []delayed
	// crash, if set, may fail when a stream is saved.
	crash func() error
	// dies, if set, decides before and behind each call of a store, queue or bucket whether the invocation ends there.
	dies func(call string, behind bool) bool
	// stride is by how much the clock moves on where there is nothing to do; skew is by how much that of the present worker is
	// wrong.
	stride, skew time.Duration
	skewed       func() time.Duration
	// deadline, if set, is the time that an invocation has.
	deadline time.Duration
	// onReplay, if set, is called once what was parked has been sent on.
	onReplay func()
	// working says that an invocation is under way, dead that it died.
	working, dead bool
	cursor        string
	// receivedAs is what receivers believe of the connection until believedUntil.
	receivedAs    tenant.Status
	believedUntil time.Time
	deliveries    int
}

// delayed is a message with the time when the queue gives it.
type delayed struct {
	at   time.Time
	body []byte
}

func newWorld(t *testing.T, with ...func(*crm)) *world {
	w := &world{t: t, at: time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC), notices: map[string]notice.Notice{}, payloads: blob.NewMemory(),
		records: memory.NewRecords(), intake: memory.NewIntake(), schemas: memory.NewSchemas(), due: memory.NewDue(), tenancy: memory.NewTenancy()}
	w.crm = &crm{objects: map[string]map[string]row{}, pages: map[string]int{}, subscriptions: map[string]connector.SubscriptionState{}, permissions: []string{"view_all"}, now: w.now}
	for _, change := range with {
		change(w.crm)
	}
	w.cursor = store.DueMinute(w.at.Add(-time.Hour))
	w.syncs = memory.NewSyncs(w.tenancy)
	registry := connector.NewRegistry(w.crm.definition())
	faulty := w.faulty()
	w.control = control.New(control.Options{Outbox: control.Outbox{Queue: w, Due: faulty.due, Now: w.clock}, Syncs: faulty.syncs, Connectors: registry, Random: rand.Reader})
	w.pages = intake.New(intake.Options{Records: faulty.records, Intake: faulty.intake, Schemas: faulty.schemas, Batches: memory.NewBatches(), Journal: memory.NewJournal(), Payloads: faulty.payloads,
		Connectors: registry, Reread: w.control, ClockGuard: 5 * time.Minute, SchemaCache: time.Minute, Now: w.clock})
	w.engine = engine.New(engine.Options{Syncs: faulty.syncs, Tenancy: faulty.tenancy, Members: faulty.members, Records: faulty.records, Schemas: faulty.schemas, Payloads: faulty.payloads,
		Pages: w.pages, Logins: logins{w}, Control: w.control, Tell: func(_ context.Context, n notice.Notice) error {
			return w.call("tell", func() error {
				if _, told := w.notices[n.ID]; !told {
					w.notices[n.ID] = n
				}
				return nil
			})
		}, Hooks: hooks{w}, Inbox: parked{replay.Parked{Intake: faulty.intake, Inbox: replay.Inbox{Queue: inbox{w}, Payloads: faulty.payloads}}, w}, Connectors: registry, Now: w.clock})
	w.must(w.tenancy.CreateOrganization(t.Context(), tenant.Organization{ID: organization}))
	w.must(w.tenancy.CreateConnection(t.Context(), tenant.Connection{ID: connection, Organization: organization, Connector: "toy", Name: "Toy CRM", Status: tenant.Active,
		Hook: "h", CreatedAt: w.at.Add(-time.Hour), UpdatedAt: w.at.Add(-time.Hour), Rev: 1}, tenant.Hook{TokenHash: "h", Organization: organization, Connection: connection}, nil))
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

// clock is that of the present worker.
func (w *world) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.at.Add(w.skew)
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
	return w.call("send", func() error {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.queue = append(w.queue, delayed{w.at.Add(d), body})
		return nil
	})
}

// run works off the queues and what is due, moving the clock on where there is nothing to do, until done says so.
func (w *world) run(done func() bool) {
	w.t.Helper()
	for range 50_000 {
		if done() {
			return
		}
		if !w.step() {
			w.advance(cmp.Or(w.stride, 10*time.Second))
			w.fire()
		}
	}
	w.t.Fatal("it does not come to an end")
}

// pass lets time pass, working off what there is.
func (w *world) pass(d time.Duration) {
	w.t.Helper()
	until := w.now().Add(d)
	w.run(func() bool { return !w.now().Before(until) })
}

// fire sends what is due.
func (w *world) fire() {
	w.t.Helper()
	items, next, _, err := w.due.DueBefore(w.t.Context(), w.cursor, w.now(), 100)
	w.must(err)
	w.cursor = next
	for _, item := range items {
		w.must(w.Send(w.t.Context(), item.Group, item.Body))
		w.must(w.due.Finished(w.t.Context(), item))
	}
}

// step works on the message that waits longest; false if none is to be worked on yet.
func (w *world) step() bool {
	w.t.Helper()
	if body, ok := w.take(&w.inbox); ok {
		d, err := delivery.Decode(body)
		w.must(err)
		err = w.invoke(func(ctx context.Context) error { return w.pages.Process(ctx, []delivery.Delivery{d})[0] })
		if err != nil {
			w.back(&w.inbox, body)
		}
		return true
	}
	body, ok := w.take(&w.queue)
	if !ok {
		return false
	}
	m, err := syncing.Decode(body)
	w.must(err)
	if err := w.invoke(func(ctx context.Context) error { return w.engine.Process(ctx, m) }); err != nil { // the queue gives it again later
		w.back(&w.queue, body)
	}
	return true
}

// take takes the first message whose time has come.
func (w *world) take(queue *[]delayed) ([]byte, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	at := -1
	for i, m := range *queue {
		if at < 0 || m.at.Before((*queue)[at].at) {
			at = i
		}
	}
	if at < 0 || (*queue)[at].at.After(w.at) {
		return nil, false
	}
	next := (*queue)[at]
	*queue = slices.Delete(*queue, at, at+1)
	return next.body, true
}

func (w *world) back(queue *[]delayed, body []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	*queue = append(*queue, delayed{w.at.Add(30 * time.Second), body})
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

func (w *world) state() syncing.State {
	w.t.Helper()
	s, err := w.syncs.State(w.t.Context(), organization, connection)
	w.must(err)
	return s
}

// become gives the connection a status, as the API does.
func (w *world) become(status tenant.Status) {
	w.t.Helper()
	if s := w.state(); status == tenant.Paused && s.PausedAt.IsZero() {
		s.PausedAt = w.now()
		s.Rev++
		w.must(w.syncs.SaveState(w.t.Context(), s))
	}
	c := w.connection().WithStatus(status, w.now())
	w.must(w.tenancy.UpdateConnection(w.t.Context(), c, c.HookOf(tenant.Organization{ID: organization}), nil))
	if status == tenant.Active {
		w.must(w.control.Resume(w.t.Context(), organization, connection))
	}
}

// runs gives all runs of the connection, newest first.
func (w *world) runs() []syncing.Run {
	w.t.Helper()
	runs, _, err := w.syncs.Runs(w.t.Context(), organization, connection, store.Page{Limit: 100})
	w.must(err)
	return runs
}

// steer changes a run, against what it notes of itself.
func (w *world) steer(run string, how func(syncing.Run) (syncing.Run, bool, error)) {
	w.t.Helper()
	for {
		r, _ := w.get(run)
		next, changed, err := how(r)
		w.must(err)
		if !changed || w.syncs.UpdateRun(w.t.Context(), next, nil) == nil {
			return
		}
	}
}

// waiting counts the messages of a kind that wait, in the queue or until they are due.
func (w *world) waiting(kind syncing.MessageKind) int {
	w.t.Helper()
	items, _, _, err := w.due.DueBefore(w.t.Context(), store.DueMinute(w.now().Add(-time.Hour)), w.now().AddDate(1, 0, 0), store.MaxLimit)
	w.must(err)
	bodies := [][]byte{}
	for _, item := range items {
		bodies = append(bodies, item.Body)
	}
	w.mu.Lock()
	for _, m := range w.queue {
		bodies = append(bodies, m.body)
	}
	w.mu.Unlock()
	n := 0
	for _, body := range bodies {
		if m, err := syncing.Decode(body); err == nil && m.Kind == kind {
			n++
		}
	}
	return n
}

// lose loses the messages of a kind.
func (w *world) lose(kinds ...syncing.MessageKind) {
	w.t.Helper()
	lost := func(body []byte) bool {
		m, err := syncing.Decode(body)
		return err == nil && slices.Contains(kinds, m.Kind)
	}
	w.mu.Lock()
	w.queue = slices.DeleteFunc(w.queue, func(d delayed) bool { return lost(d.body) })
	w.mu.Unlock()
	items, _, _, err := w.due.DueBefore(w.t.Context(), store.DueMinute(w.now().Add(-time.Hour)), w.now().AddDate(1, 0, 0), store.MaxLimit)
	w.must(err)
	for _, item := range items {
		if lost(item.Body) {
			w.must(w.due.Finished(w.t.Context(), item))
		}
	}
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
