package privacy_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"leadline/shared/audit"
	"leadline/shared/blob"
	"leadline/shared/connector"
	"leadline/shared/connectors"
	"leadline/shared/delivery"
	"leadline/shared/history"
	"leadline/shared/intake"
	"leadline/shared/job"
	"leadline/shared/outbound"
	"leadline/shared/privacy"
	"leadline/shared/push"
	"leadline/shared/record"
	"leadline/shared/store"
	"leadline/shared/store/memory"
	"leadline/shared/tenant"
)

const (
	ours, theirs = "org_000000000001", "org_000000000002"
	crm, client  = "conn_crm", "conn_zclient"
	email, phone = "Joe.Doe@Example.com", "+49 (0)151 234-56789"
	jobID        = "job_000000000001"
	destination  = "dst_000000000001"
	deleted      = "dst_000000000002"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// needles are what must not be found after an erasure, in any case: the address, the number as it is written here and
// there, the name.
func needles() []string {
	return []string{"joe.doe@example.com", "15123456789", "0151 234-56789", "zebulon", "secret of his"}
}

// world is a system in memory, in which each write to a record becomes a row of history.
type world struct {
	t            *testing.T
	now          time.Time
	made         int
	names        map[string]string // of deliveries, for people
	records      *streamed
	rows         *memory.History
	intake       *memory.Intake
	schemas      *memory.Schemas
	batches      *memory.Batches
	tenancy      *memory.Tenancy
	members      *memory.Members
	roster       *memory.Roster
	payees       *memory.Payees
	disputes     *memory.Disputes
	logins       *memory.Logins
	destinations *memory.Destinations
	deliveries   *memory.Deliveries
	journal      *memory.Journal
	jobs         *memory.Jobs
	payloads     *blob.Memory
	*privacy.Worker
}

func newWorld(t *testing.T) *world {
	tenancy := memory.NewTenancy()
	w := &world{t: t, now: noon, names: map[string]string{}, rows: memory.NewHistory(), intake: memory.NewIntake(), schemas: memory.NewSchemas(), batches: memory.NewBatches(),
		tenancy: tenancy, members: memory.NewMembers(tenancy), roster: memory.NewRoster(tenancy), payees: memory.NewPayees(tenancy), disputes: memory.NewDisputes(tenancy), logins: memory.NewLogins(tenancy), destinations: memory.NewDestinations(tenancy), deliveries: memory.NewDeliveries(),
		journal: memory.NewJournal(), jobs: memory.NewJobs(tenancy), payloads: blob.NewMemory()}
	w.records = &streamed{Records: memory.NewRecords(), rows: w.rows}
	w.Worker = privacy.New(w.options())
	return w
}

func (w *world) options() privacy.Options {
	return privacy.Options{Records: w.records, History: w.rows, Intake: w.intake, Schemas: w.schemas, Batches: w.batches,
		Tenancy: w.tenancy, Members: w.members, Roster: w.roster, Payees: w.payees, Disputes: w.disputes, Logins: w.logins, Destinations: w.destinations, Deliveries: w.deliveries, Journal: w.journal, Jobs: w.jobs,
		Payloads: w.payloads, Connectors: connector.NewRegistry(connectors.All()...), Now: func() time.Time { return w.now }}
}

// streamed makes a row of history of each write, at once or, while it holds, later.
type streamed struct {
	store.Records
	rows  store.History
	mu    sync.Mutex // each write sees the state before it, as a stream tells it
	holds bool
	held  []history.Write
}

func (s *streamed) PutNewer(ctx context.Context, r record.Record) (*record.Record, error) {
	return write(ctx, s, r.Key, func() (*record.Record, bool, error) {
		standing, err := s.Records.PutNewer(ctx, r)
		return standing, standing == nil, err
	})
}

func (s *streamed) Replace(ctx context.Context, r record.Record, rev int64) (bool, *record.Record, error) {
	replaced := false
	standing, err := write(ctx, s, r.Key, func() (standing *record.Record, wrote bool, err error) {
		replaced, standing, err = s.Records.Replace(ctx, r, rev)
		return standing, replaced, err
	})
	return replaced, standing, err
}

func write(ctx context.Context, s *streamed, key record.Key, do func() (*record.Record, bool, error)) (*record.Record, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var before *record.Record
	if r, err := s.Get(context.Background(), key); err == nil {
		before = &r
	}
	standing, wrote, err := do()
	if err != nil || !wrote {
		return standing, err
	}
	after, err := s.Get(context.Background(), key)
	if err != nil {
		return nil, err
	}
	s.held = append(s.held, history.Write{Before: before, After: &after})
	if s.holds {
		return nil, nil
	}
	return nil, s.deliver(context.Background())
}

// deliver brings the rows that were held back.
func (s *streamed) deliver(ctx context.Context) error {
	held := s.held
	s.held = nil
	return history.Record(ctx, s.rows, held)
}

func (w *world) must(errs ...error) {
	w.t.Helper()
	for _, err := range errs {
		if err != nil {
			w.t.Fatal(err)
		}
	}
}

// comes has intake process deliveries as one batch.
func (w *world) comes(deliveries ...delivery.Delivery) {
	w.t.Helper()
	in := intake.New(intake.Options{Records: w.records, Intake: w.intake, Schemas: w.schemas, Batches: w.batches, Journal: w.journal,
		Payloads: w.payloads, Connectors: connector.NewRegistry(connectors.All()...), ClockGuard: 5 * time.Minute, Now: func() time.Time { return w.now }})
	w.must(in.Process(w.t.Context(), deliveries)...)
}

func (w *world) delivery(organization, connection, kind string, body []byte) delivery.Delivery {
	w.t.Helper()
	w.made++
	at := w.now.Add(time.Duration(w.made-1_000) * time.Second)
	id, err := delivery.NewID(at, strings.NewReader(fmt.Sprintf("%010d", w.made)))
	w.must(err)
	d := delivery.Delivery{ID: id, Organization: organization, Connection: connection, Connector: "close", Kind: kind, ReceivedAt: at, Body: body}
	if kind != delivery.Webhook {
		d.Connector = tenant.ClientConnector
		d.Batch = &delivery.BatchPart{ID: id, Public: "bat_" + id, Client: "cli_1", First: 1}
		if contents, err := push.ReadBody(body); err == nil {
			d.Batch.Object = contents.Object
		}
	}
	return d
}

// event is a Close webhook about a record, at a second of the day.
func (w *world) event(organization, object, id, action string, second int, fields string) delivery.Delivery {
	at := fmt.Sprintf("2026-11-22T08:%02d:%02d", second/60, second%60)
	data, previous := fmt.Sprintf(`{"id":%q,"date_updated":"%s+00:00"%s}`, id, at, fields), "{}"
	if action == "deleted" {
		data, previous = "null", fmt.Sprintf(`{"id":%q}`, id)
	}
	d := w.delivery(organization, crm, delivery.Webhook, fmt.Appendf(nil,
		`{"subscription_id":"whsub_1","event":{"id":"ev_%s_%d","action":%q,"object_type":%q,"object_id":%q,"date_updated":"%s","data":%s,"previous_data":%s,"meta":{}}}`,
		id, second, action, object, id, at, data, previous))
	w.names[d.ID] = fmt.Sprint(id, "/", second)
	return d
}

func (w *world) push(organization, object string, rows ...string) delivery.Delivery {
	raw := make([]json.RawMessage, len(rows))
	for i, row := range rows {
		raw[i] = json.RawMessage(row)
	}
	return w.delivery(organization, client, delivery.Push, push.Body(object, push.Join(raw)))
}

// people makes the accounts of an organization.
func (w *world) organization(id string) {
	w.t.Helper()
	ctx, born := w.t.Context(), noon.Add(-50*time.Hour)
	w.must(w.tenancy.CreateOrganization(ctx, tenant.Organization{ID: id, Name: "Acme", CreatedAt: born, Rev: 1}))
	for _, c := range []tenant.Connection{{ID: crm, Connector: "close"}, {ID: client, Connector: tenant.ClientConnector}} {
		c.Organization, c.CreatedAt, c.Rev, c.Hook = id, born, 1, id+c.ID
		w.must(w.tenancy.CreateConnection(ctx, c, tenant.Hook{TokenHash: c.Hook, Organization: id, Connection: c.ID, Connector: c.Connector}, nil))
	}
	for i, p := range []tenant.Person{{ID: "per_joe", Email: " joe.doe@EXAMPLE.com", Name: "Zebulon Quark"}, {ID: "per_ann", Email: "ann@example.com", Name: "Ann"}} {
		p.Organization, p.Role, p.Status, p.CreatedAt, p.Rev = id, tenant.Manager, tenant.Working, born, 1
		key := tenant.APIKey{ID: fmt.Sprintf("key_%d", i), Hash: "hash" + id + p.ID, Organization: id, Name: "laptop", Role: p.Role, Person: p.ID, CreatedAt: born}
		at := born.Add(time.Duration(i) * time.Second)
		entry, err := delivery.NewID(at, strings.NewReader("0123456789"))
		w.must(err, w.members.CreatePerson(ctx, p, nil), w.members.PutAPIKey(ctx, key, nil), w.journal.Record(ctx, audit.Entry{ID: entry, Organization: id,
			At: at, Actor: key.ID, ActorName: key.Name, Person: p.ID, Operation: "create-connection", Target: "connections/x", Outcome: "done"}))
	}
}

// logged puts what a webhook became into the log of a destination.
func (w *world) logged(d delivery.Delivery, to, body string, large bool) {
	w.t.Helper()
	e := outbound.LogEntry{Delivery: outbound.NewDelivery(outbound.Destination{ID: to, Organization: d.Organization}, d.ID, "ev_1", "lead updated", d.ReceivedAt, []byte(body)),
		Outcome: outbound.Delivered, UpdatedAt: d.ReceivedAt, Rev: 1, Attempts: []outbound.Attempt{{Number: 1, Status: 200}}}
	if strings.Contains(body, "echoed") {
		e.Attempts[0].Answer = "thanks for " + email
	}
	if large {
		var packed bytes.Buffer
		w.must(delivery.Pack(&packed, e.Body))
		e.Payload = &record.PayloadRef{Key: "outbound/" + d.Organization + "/" + e.ID + ".gz", Length: int64(packed.Len())}
		e.Body = nil
		w.must(w.payloads.Put(w.t.Context(), e.Payload.Key, packed.Bytes()))
	}
	w.must(w.deliveries.LogDelivery(w.t.Context(), e, noon.Add(time.Hour)))
}

// plant fills an organization with what is Joe's, each time in another way, and with what is not.
func (w *world) plant(org string) {
	w.t.Helper()
	w.organization(org)
	own, boilerplate := strings.Repeat("secret of his. ", 1500), strings.Repeat("boilerplate ", 2000)

	joe := w.event(org, "lead", "lead_joe", "created", 1, `,"name":"Zebulon Quark","contacts":[{"emails":[{"email":"joe.doe@example.com"}],"phones":[{"phone":"+4915123456789"}]}]`)
	named := w.event(org, "lead", "lead_joe", "updated", 30, `,"name":"Zebulon Quark","emails":["JOE.DOE@example.com"],"note":"`+own+`","terms":"`+boilerplate+`"`)
	stale := w.event(org, "lead", "lead_joe", "updated", 2, `,"name":"Zebulon Quark, the elder"`)
	ann := w.event(org, "lead", "lead_ann", "created", 4, `,"name":"Ann","email":"ann@example.com","terms":"`+boilerplate+`"`)
	future := w.event(org, "lead", "lead_joe", "updated", 59*60, `,"name":"Zebulon of the future"`)
	future.Body = bytes.ReplaceAll(future.Body, []byte("2026-11-22"), []byte("2027-11-22"))
	noID := w.delivery(org, crm, delivery.Webhook, []byte(`{"event":{"object_type":"lead","data":{"email":"joe.doe@example.com","name":"Zebulon"}}}`))
	noIDAnn := w.delivery(org, crm, delivery.Webhook, []byte(`{"event":{"object_type":"lead","data":{"email":"ann@example.com"}}}`))
	w.names[noID.ID], w.names[noIDAnn.ID] = "noID", "noIDAnn"
	w.comes(joe, ann, noID, noIDAnn) // those of one batch are worked on side by side, in any order
	w.comes(named, future)
	w.comes(stale, w.event(org, "opportunity", "oppo_ann", "created", 5, `,"value":100,"contact":"Zebulon <joe.doe@example.com>"`),
		w.event(org, "task", "task_ann", "created", 8, `,"text":"Call Ann"`))
	w.comes(w.event(org, "opportunity", "oppo_ann", "updated", 6, `,"value":100,"contact":"ann@example.com"`),
		w.event(org, "task", "task_joe", "created", 7, `,"text":"Call Zebulon at +49 151 23456789, today"`))
	w.comes(w.event(org, "task", "task_joe", "deleted", 9, ""))

	rows := make([]string, 30)
	for i := range rows {
		rows[i] = fmt.Sprintf(`{"id": %d, "action":"create","email":"c%d@example.com", "name":"C %d","age":%d}`, i, i, i, 20+i)
	}
	rows[7] = `{"id": 7, "action":"create","email":"Joe.Doe@Example.com","phone":"0049 151 23456789","name":"Zebulon Quark","age":40}`
	w.comes(w.push(org, "Contacts", rows...))
	// Set aside: one that shows him, one about his record, one of somebody else.
	broken := w.push(org, "contacts", `{"id":31,"action":"create","email":"joe.doe@example.com","age":"`+strings.Repeat("forty ", 30)+`Zebulon"}`,
		`{"id":7,"action":"update","age":"as old as Zebulon"}`, `{"id":10,"action":"update","age":"unknown"}`)
	w.names[broken.ID] = "broken"
	w.comes(broken, w.push(org, "contacts", `{"id":8,"action":"update","age":50}`, `{"id":"7","action":"update","name":"Zebulon Q."}`, `{"id":8,"action":"update","name":"C 8.1"}`),
		w.push(org, "contacts", `{"id":9,"action":"delete"}`))
	w.comes(w.push(org, "contacts", `{"id":9,"action":"update","email":"joe.doe@example.com"}`)) // dormant
	w.comes(w.push(org, "numbers", `{"id":1,"action":"create","tel":4915123456789}`, `{"id":2,"action":"create","tel":4915123456780}`))

	// A file, whose chunk still lies under inbox/.
	chunk := w.delivery(org, client, delivery.File, push.Body("contacts", json.RawMessage(`[{"id":40,"action":"create","email":"joe.doe@example.com","name":"Zebulon"},{"id":41,"action":"create","email":"d@example.com","name":"D"}]`)))
	var packed bytes.Buffer
	w.must(delivery.Pack(&packed, chunk.Body))
	chunk.Body, chunk.Payload = nil, &record.PayloadRef{Key: "inbox/" + org + "/" + chunk.ID + "-0.gz", Length: int64(packed.Len())}
	w.must(w.payloads.Put(w.t.Context(), chunk.Payload.Key, packed.Bytes()),
		w.payloads.Put(w.t.Context(), "uploads/"+org+"/"+chunk.ID, []byte(`{"id":40,"action":"create","email":"joe.doe@example.com","name":"Zebulon"}`)),
		w.batches.SaveBatch(w.t.Context(), push.Batch{ID: chunk.ID, Organization: org, Connection: client, Object: "contacts", Kind: delivery.File,
			ReceivedAt: chunk.ReceivedAt, Status: push.Running, Rows: 2, Chunks: 1}))
	w.comes(chunk)
	// A webhook that was too large for a message.
	large := w.event(org, "lead", "lead_large", "created", 10, `,"name":"Zebulon Large","email":"joe.doe@example.com"`)
	packed.Reset()
	w.must(delivery.Pack(&packed, large.Body))
	large.Body, large.Payload = nil, &record.PayloadRef{Key: "inbox/" + org + "/" + large.ID + ".gz", Length: int64(packed.Len())}
	w.must(w.payloads.Put(w.t.Context(), large.Payload.Key, packed.Bytes()))
	w.comes(large)

	w.must(w.destinations.CreateDestination(w.t.Context(), outbound.Destination{ID: destination, Organization: org, Name: "Warehouse", CreatedAt: noon, Rev: 1}, nil))
	w.logged(joe, destination, `{"properties":{"email":"joe.doe@example.com"}}`, false)
	w.logged(stale, destination, `{"properties":{"name":"Zebulon Quark, the elder"}}`, false) // his only by what came in
	w.logged(named, destination, `{"properties":{"email":"joe.doe@example.com"}}`, true)
	w.logged(ann, destination, `{"properties":{"email":"ann@example.com"}}`, true)
	w.logged(noIDAnn, destination, `{"echoed":true}`, false)
	w.logged(joe, deleted, `{"properties":{"name":"Zebulon"}}`, false)
	gone, err := delivery.NewID(noon.Add(-time.Hour), strings.NewReader("abcdefghij"))
	w.must(err, w.journal.Record(w.t.Context(), audit.Entry{ID: gone, Organization: org, At: noon.Add(-time.Hour), Actor: "key_9", Operation: "delete-destination",
		Target: "destinations/" + deleted, Outcome: "done"}))
	w.job(org, "job_export_joe", job.Export, job.Done, job.PersonParams{Emails: []string{"joe.doe@example.com"}})
	w.job(org, "job_export_ann", job.Export, job.Done, job.PersonParams{Emails: []string{"ann@example.com"}})
	w.must(w.payloads.Put(w.t.Context(), "exports/"+org+"/job_export_joe.ndjson.gz", []byte("about Zebulon")),
		w.payloads.Put(w.t.Context(), "exports/"+org+"/job_export_ann.ndjson.gz", []byte("about Ann")))
}

func (w *world) job(org, id string, kind job.Kind, status job.Status, p job.PersonParams) job.Job {
	w.t.Helper()
	params, err := json.Marshal(p)
	j := job.Job{ID: id, Organization: org, Kind: kind, Params: params, Status: status, CreatedAt: noon, UpdatedAt: noon, Rev: 1}
	w.must(err, w.jobs.CreateJob(w.t.Context(), j, nil))
	return j
}

// dump gives everything that is stored of an organization, by name, with each body and each client's row by itself.
func (w *world) dump(org string) map[string]string {
	w.t.Helper()
	ctx := context.Background()
	d := dump{w: w, items: map[string]string{}}
	connections, _, err := w.tenancy.Connections(ctx, org, store.Page{Limit: 100})
	w.must(err)
	for _, c := range connections {
		d.put("connection "+c.ID, c)
		objects, _, err := w.schemas.Objects(ctx, org, c.ID, store.Page{Limit: 100})
		w.must(err)
		for _, o := range objects {
			d.put("schema "+c.ID+" "+o.Name, o)
			records, _, err := w.records.List(ctx, org, c.ID, o.Name, store.Page{Limit: 1000})
			w.must(err)
			for _, r := range records {
				d.put("record "+c.ID+" "+o.Name+" "+r.ID, r)
				rows, _, err := w.rows.List(ctx, r.Key, store.Page{Limit: 100})
				w.must(err)
				for _, row := range rows {
					d.put(fmt.Sprintf("row %s %s %s %d", c.ID, o.Name, r.ID, row.Rev), row)
				}
			}
		}
		for day := range 5 {
			indexes, _, err := w.intake.Payloads(ctx, org, c.ID, noon.AddDate(0, 0, day-3), store.Page{Limit: 100})
			w.must(err)
			for _, index := range indexes {
				d.put("index "+index.Object, index)
				for _, e := range index.Entries {
					d.payload(e)
				}
			}
		}
	}
	d.lists(ctx, org)
	for _, key := range w.payloads.Keys() {
		if strings.Split(key, "/")[1] != org {
			continue
		}
		body, err := w.payloads.Get(ctx, key)
		w.must(err)
		if unpacked, err := delivery.Unpack(body); err == nil {
			body = unpacked
		}
		d.items["blob "+key] = string(body)
	}
	return d.items
}

type dump struct {
	w     *world
	items map[string]string
}

func (d dump) put(name string, v any) {
	text, err := json.Marshal(v)
	d.w.must(err)
	d.items[name] = string(text)
}

func (d dump) payload(e delivery.PayloadEntry) {
	packed, err := d.w.payloads.GetRange(context.Background(), e.Payload.Key, e.Payload.Offset, e.Payload.Length)
	d.w.must(err)
	body := unpacks(d.w.t, packed)
	contents, err := push.ReadBody([]byte(body))
	if err != nil {
		d.items["body "+e.Delivery] = body
		return
	}
	for i, row := range contents.Rows {
		d.items[fmt.Sprintf("body %s row %d", e.Delivery, i)] = string(row)
	}
}

func (d dump) lists(ctx context.Context, org string) {
	w := d.w
	entries, _, err := w.intake.Entries(ctx, org, store.QuarantineFilter{}, store.Page{Limit: 1000})
	w.must(err)
	for _, e := range entries {
		d.put("entry "+e.ID, e)
	}
	for _, to := range []string{destination, deleted} {
		log, _, err := w.deliveries.LoggedDeliveries(ctx, org, to, store.DeliveryFilter{}, store.Page{Limit: 100})
		w.must(err)
		for _, e := range log {
			e, err := w.deliveries.LoggedDelivery(ctx, org, to, e.ID)
			w.must(err)
			d.put("delivery "+e.ID, e)
			d.items["delivery "+e.ID] += string(e.Body)
		}
	}
	people, _, err := w.members.People(ctx, org, store.Page{Limit: 100})
	w.must(err)
	for _, p := range people {
		d.put("person "+p.ID, p)
	}
	keys, _, err := w.members.APIKeys(ctx, org, store.Page{Limit: 100})
	w.must(err)
	for _, k := range keys {
		d.put("key "+k.ID, k)
	}
	acts, _, err := w.journal.Entries(ctx, org, store.AuditFilter{}, store.Page{Limit: 100})
	w.must(err)
	for _, e := range acts {
		d.put("audit "+e.ID, e)
	}
	notices, _, err := w.journal.Notices(ctx, org, store.Page{Limit: 100})
	w.must(err)
	for _, n := range notices {
		d.put("notice "+n.ID, n)
	}
	jobs, _, err := w.jobs.Jobs(ctx, org, store.Page{Limit: 100})
	w.must(err)
	for _, j := range jobs {
		d.put("job "+j.ID, j)
		d.items["job "+j.ID] += string(j.Params)
	}
	batches, _, err := w.batches.Batches(ctx, org, store.Page{Limit: 100})
	w.must(err)
	for _, b := range batches {
		b, err := w.batches.Batch(ctx, org, b.ID)
		w.must(err)
		d.put("batch "+b.ID, b)
	}
}

// showsJoe lists the items that show something of him.
func showsJoe(items map[string]string) []string {
	var names []string
	for _, name := range slices.Sorted(maps.Keys(items)) {
		text := strings.ToLower(items[name])
		if slices.ContainsFunc(needles(), func(n string) bool { return strings.Contains(text, n) }) {
			names = append(names, name)
		}
	}
	return names
}
