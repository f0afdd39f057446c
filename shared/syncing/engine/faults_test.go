package engine_test

import (
	"context"
	"time"

	"leadline/shared/blob"
	"leadline/shared/delivery"
	"leadline/shared/fault"
	"leadline/shared/quarantine"
	"leadline/shared/record"
	"leadline/shared/replay"
	"leadline/shared/schema"
	"leadline/shared/store"
	"leadline/shared/store/memory"
	"leadline/shared/syncing"
	"leadline/shared/syncing/engine"
	"leadline/shared/tenant"
)

// invoke runs an invocation, which may die at any call. What died has done nothing more.
func (w *world) invoke(do func(context.Context) error) error {
	w.mu.Lock()
	w.working, w.dead = true, false
	if w.skewed != nil {
		w.skew = w.skewed()
	}
	w.mu.Unlock()
	ctx := w.t.Context()
	if w.deadline > 0 {
		limited, end := context.WithTimeout(ctx, w.deadline)
		defer end()
		ctx = limited
	}
	err := do(ctx)
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.dead && err == nil {
		err = killed()
	}
	w.working, w.dead = false, false
	return err
}

func killed() error { return fault.New(fault.Unavailable, "killed", "killed") }

// call makes a call of a store, queue or bucket.
func (w *world) call(name string, do func() error) error {
	if w.ends(name, false) {
		return killed()
	}
	err := do()
	if w.ends(name, true) {
		return killed()
	}
	return err
}

func (w *world) ends(name string, behind bool) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.working && !w.dead && w.dies != nil && w.dies(name, behind) {
		w.dead = true
	}
	return w.dead
}

// got is call for what gives something.
func got[T any](w *world, name string, do func() (T, error)) (out T, err error) {
	err = w.call(name, func() error { out, err = do(); return err })
	return out, err
}

// faulty are the stores at whose calls an invocation may die.
type faulty struct {
	syncs    store.Syncs
	tenancy  store.Tenancy
	members  store.Members
	records  store.Records
	intake   store.Intake
	schemas  store.Schemas
	due      store.Due
	payloads blob.Store
}

func (w *world) faulty() faulty {
	return faulty{syncs: faultySyncs{w.syncs, w}, tenancy: faultyTenancy{w.tenancy, w}, members: faultyMembers{memory.NewMembers(w.tenancy), w}, records: faultyRecords{w.records, w},
		intake: faultyIntake{w.intake, w}, schemas: faultySchemas{w.schemas, w}, due: faultyDue{w.due, w}, payloads: faultyBlob{w.payloads, w}}
}

// syncs has a name of its own, for one of its methods is called Syncs.
type syncs = store.Syncs

type faultySyncs struct {
	syncs
	w *world
}

func (f faultySyncs) SaveStream(ctx context.Context, s syncing.Stream) error {
	if f.w.crash != nil {
		if err := f.w.crash(); err != nil {
			return err
		}
	}
	return f.w.call("save stream", func() error { return f.syncs.SaveStream(ctx, s) })
}

func (f faultySyncs) CreateRun(ctx context.Context, r syncing.Run, streams []syncing.Stream, receipt *store.Receipt) error {
	return f.w.call("create run", func() error { return f.syncs.CreateRun(ctx, r, streams, receipt) })
}

func (f faultySyncs) UpdateRun(ctx context.Context, r syncing.Run, receipt *store.Receipt) error {
	return f.w.call("update run", func() error { return f.syncs.UpdateRun(ctx, r, receipt) })
}

func (f faultySyncs) Run(ctx context.Context, organization, connection, id string) (syncing.Run, error) {
	return got(f.w, "run", func() (syncing.Run, error) { return f.syncs.Run(ctx, organization, connection, id) })
}

func (f faultySyncs) Stream(ctx context.Context, organization, run, object string) (syncing.Stream, error) {
	return got(f.w, "stream", func() (syncing.Stream, error) { return f.syncs.Stream(ctx, organization, run, object) })
}

func (f faultySyncs) Streams(ctx context.Context, organization, run string) ([]syncing.Stream, error) {
	return got(f.w, "streams", func() ([]syncing.Stream, error) { return f.syncs.Streams(ctx, organization, run) })
}

func (f faultySyncs) CreateSync(ctx context.Context, y syncing.Sync, receipt *store.Receipt) error {
	return f.w.call("create sync", func() error { return f.syncs.CreateSync(ctx, y, receipt) })
}

func (f faultySyncs) UpdateSync(ctx context.Context, y syncing.Sync, receipt *store.Receipt) error {
	return f.w.call("update sync", func() error { return f.syncs.UpdateSync(ctx, y, receipt) })
}

func (f faultySyncs) Sync(ctx context.Context, organization, connection, id string) (syncing.Sync, error) {
	return got(f.w, "sync", func() (syncing.Sync, error) { return f.syncs.Sync(ctx, organization, connection, id) })
}

func (f faultySyncs) SaveState(ctx context.Context, s syncing.State) error {
	return f.w.call("save state", func() error { return f.syncs.SaveState(ctx, s) })
}

func (f faultySyncs) State(ctx context.Context, organization, connection string) (syncing.State, error) {
	return got(f.w, "state", func() (syncing.State, error) { return f.syncs.State(ctx, organization, connection) })
}

type faultyTenancy struct {
	store.Tenancy
	w *world
}

func (f faultyTenancy) Connection(ctx context.Context, organization, id string) (tenant.Connection, error) {
	return got(f.w, "connection", func() (tenant.Connection, error) { return f.Tenancy.Connection(ctx, organization, id) })
}

type faultyMembers struct {
	store.Members
	w *world
}

func (f faultyMembers) Use(ctx context.Context, organization, window string, n int64, forget time.Time) (int64, error) {
	return got(f.w, "use", func() (int64, error) { return f.Members.Use(ctx, organization, window, n, forget) })
}

type faultyRecords struct {
	store.Records
	w *world
}

func (f faultyRecords) PutNewer(ctx context.Context, r record.Record) (*record.Record, error) {
	return got(f.w, "put record", func() (*record.Record, error) { return f.Records.PutNewer(ctx, r) })
}

func (f faultyRecords) GetMany(ctx context.Context, keys []record.Key) ([]record.Record, error) {
	return got(f.w, "records", func() ([]record.Record, error) { return f.Records.GetMany(ctx, keys) })
}

func (f faultyRecords) Replace(ctx context.Context, r record.Record, rev int64) (replaced bool, standing *record.Record, err error) {
	err = f.w.call("replace record", func() error {
		replaced, standing, err = f.Records.Replace(ctx, r, rev)
		return err
	})
	return replaced, standing, err
}

type faultyIntake struct {
	store.Intake
	w *world
}

func (f faultyIntake) IndexPayloads(ctx context.Context, index delivery.PayloadIndex) error {
	return f.w.call("index payloads", func() error { return f.Intake.IndexPayloads(ctx, index) })
}

func (f faultyIntake) SetAside(ctx context.Context, e quarantine.Entry) error {
	return f.w.call("set aside", func() error { return f.Intake.SetAside(ctx, e) })
}

func (f faultyIntake) Resolve(ctx context.Context, organization, id string, at time.Time) error {
	return f.w.call("resolve", func() error { return f.Intake.Resolve(ctx, organization, id, at) })
}

type faultySchemas struct {
	store.Schemas
	w *world
}

func (f faultySchemas) SaveObject(ctx context.Context, o schema.Object, addVersion bool) error {
	return f.w.call("save object", func() error { return f.Schemas.SaveObject(ctx, o, addVersion) })
}

type faultyDue struct {
	store.Due
	w *world
}

func (f faultyDue) Schedule(ctx context.Context, item store.DueItem) error {
	return f.w.call("schedule", func() error { return f.Due.Schedule(ctx, item) })
}

type faultyBlob struct {
	blob.Store
	w *world
}

func (f faultyBlob) Put(ctx context.Context, key string, body []byte) error {
	return f.w.call("put object", func() error { return f.Store.Put(ctx, key, body) })
}

func (f faultyBlob) Get(ctx context.Context, key string) ([]byte, error) {
	return got(f.w, "object", func() ([]byte, error) { return f.Store.Get(ctx, key) })
}

// logins gives clients of the crm.
type logins struct{ w *world }

func (l logins) Client(context.Context, tenant.Connection) (engine.Client, error) {
	return &client{crm: l.w.crm}, l.w.call("client", func() error { return nil })
}

func (l logins) Revoked(context.Context, tenant.Connection, error) error {
	return l.w.call("revoke", func() error {
		l.w.revoked++
		return nil
	})
}

// hooks knows a URL and accepts all keys.
type hooks struct{ w *world }

func (h hooks) URL(context.Context, tenant.Connection) (string, error) {
	return "https://hooks.example/h", nil
}

func (h hooks) Accept(_ context.Context, _ tenant.Connection, key string) error {
	return h.w.call("accept", func() error {
		h.w.accepted = append(h.w.accepted, key)
		return nil
	})
}

// parked notes what is asked of it.
type parked struct {
	replay.Parked
	w *world
}

func (p parked) Replay(ctx context.Context, organization, connection, connector string, from, until time.Time) (int, error) {
	p.w.replayed = append(p.w.replayed, [2]time.Time{from, until})
	n, err := p.Parked.Replay(ctx, organization, connection, connector, from, until)
	if p.w.onReplay != nil {
		p.w.onReplay()
	}
	return n, err
}

// inbox is the queue that leads to ingest.
type inbox struct{ w *world }

func (i inbox) Send(_ context.Context, _ string, body []byte) error {
	return i.w.call("inbox", func() error {
		i.w.mu.Lock()
		defer i.w.mu.Unlock()
		i.w.inbox = append(i.w.inbox, delayed{i.w.at, body})
		return nil
	})
}

// believes is for how long receivers believe what they know of a connection.
const believes = time.Minute

// receive takes a webhook of a change, as a receiver would: it comes to the inbox after a while.
func (w *world) receive(r row, after time.Duration) {
	w.mu.Lock()
	if !w.at.Before(w.believedUntil) {
		w.mu.Unlock()
		status := w.connection().Status
		w.mu.Lock()
		w.receivedAs, w.believedUntil = status, w.at.Add(believes)
	}
	defer w.mu.Unlock()
	if w.receivedAs == tenant.Disabled {
		return
	}
	w.deliveries++
	d := delivery.Delivery{ID: delivery.NamedID(w.at, r.object, r.id, time.Duration(w.deliveries).String()), Organization: organization, Connection: connection, Connector: "toy",
		Kind: delivery.Webhook, ReceivedAt: w.at, Body: r.body(), Parked: w.receivedAs == tenant.Paused}
	body, err := d.Encode()
	w.must(err)
	w.inbox = append(w.inbox, delayed{w.at.Add(after), body})
}
