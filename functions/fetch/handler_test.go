package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"leadline/infra/sandbox/crm"
	"leadline/infra/sandbox/server"
	"leadline/shared/blob"
	"leadline/shared/connector"
	"leadline/shared/connector/rest"
	"leadline/shared/connectors"
	"leadline/shared/credential"
	"leadline/shared/fault"
	"leadline/shared/hook"
	"leadline/shared/record"
	"leadline/shared/schedule"
	"leadline/shared/secret/secrettest"
	"leadline/shared/store"
	"leadline/shared/store/memory"
	"leadline/shared/syncing"
	"leadline/shared/tenant"
)

// The names in the samples.
const (
	organization = "org_0a1b2c3d4e5f"
	connection   = "conn_0a1b2c3d4e5f"
	run          = "run_01kanq7p0000000000000000d4"
	syncID       = "sync_0a1b2c3d4e5f"
	gone         = "lead_gone00000000000000000000000000000000000000"
)

// hookToken is that of the connection's webhook URL.
const hookToken = "t0ken-of-the-webhook-url-of-nobody"

// due is when the sync of the samples is due.
var due = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)

// samples reads events/fetch by name.
func samples(t *testing.T) map[string]events.SQSEvent {
	t.Helper()
	files, err := filepath.Glob("../../events/fetch/*.json")
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]events.SQSEvent{}
	for _, path := range files {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var event events.SQSEvent
		if err := json.Unmarshal(text, &event); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		all[filepath.Base(path)] = event
	}
	return all
}

// noted is an engine that notes what it is asked for, and fails as it is told.
type noted struct {
	asked []syncing.Message
	fail  map[syncing.MessageKind]error
	panic bool
}

func (n *noted) Process(_ context.Context, m syncing.Message) error {
	if n.panic {
		panic("Confidential")
	}
	n.asked = append(n.asked, m)
	return n.fail[m.Kind]
}

func handlerOf(e processor) (*handler, *bytes.Buffer) {
	var log bytes.Buffer
	return &handler{engine: e, log: slog.New(slog.NewJSONHandler(&log, nil))}, &log
}

// failures gives the ids of the messages that are to be delivered again.
func failures(t *testing.T, h *handler, e events.SQSEvent) []string {
	t.Helper()
	response, err := h.Handle(t.Context(), e)
	if err != nil {
		t.Fatal(err)
	}
	failed := []string{}
	for _, f := range response.BatchItemFailures {
		failed = append(failed, f.ItemIdentifier)
	}
	return failed
}

// TestSamplesAreUnderstood hands each of events/fetch to an engine that does nothing.
func TestSamplesAreUnderstood(t *testing.T) {
	base := syncing.Message{V: syncing.Format, Organization: organization, Connection: connection}
	with := func(kind syncing.MessageKind, change func(*syncing.Message)) string {
		m := base
		m.Kind = kind
		change(&m)
		return fmt.Sprintf("%+v", m)
	}
	want := map[string][]string{
		"01-tend.json":   {with(syncing.Tend, func(*syncing.Message) {})},
		"02-stream.json": {with(syncing.GoOn, func(m *syncing.Message) { m.Run, m.Object = run, "lead" })},
		"03-sync.json":   {with(syncing.Due, func(m *syncing.Message) { m.Sync, m.At = syncID, due })},
		"04-read.json": {with(syncing.Read, func(m *syncing.Message) {
			m.Refs = []connector.Ref{{Object: "lead", ID: gone}, {Object: "contact", Parent: gone}}
			m.Entries = []syncing.EntryRef{{Object: "lead", ID: gone, Entry: "01KANQ7P0000000000000000D4"}}
		})},
		"05-watch.json":       {with(syncing.Watch, func(m *syncing.Message) { m.Run = run })},
		"06-resume.json":      {with(syncing.Resume, func(*syncing.Message) {})},
		"07-undecodable.json": {with(syncing.Tend, func(*syncing.Message) {})}, // the message beside it
	}
	all := samples(t)
	if names := slices.Sorted(maps.Keys(all)); !slices.Equal(names, slices.Sorted(maps.Keys(want))) {
		t.Fatalf("events/fetch holds %v", names)
	}
	for name, event := range all {
		var n noted
		h, log := handlerOf(&n)
		failed, asked := failures(t, h, event), []string{}
		for _, m := range n.asked {
			asked = append(asked, fmt.Sprintf("%+v", m))
		}
		if !slices.Equal(asked, want[name]) {
			t.Errorf("%s asks for %v\nwant %v", name, asked, want[name])
		}
		wantFailed := []string{}
		if name == "07-undecodable.json" {
			wantFailed = append(wantFailed, event.Records[0].MessageId)
			if !strings.Contains(log.String(), "undecodable_message") || strings.Contains(log.String(), event.Records[0].Body) {
				t.Errorf("the log of what cannot be decoded: %s", log)
			}
		}
		if !slices.Equal(failed, wantFailed) {
			t.Errorf("%s: to be delivered again: %v, want %v", name, failed, wantFailed)
		}
	}
}

func TestWhatFailsIsDeliveredAgain(t *testing.T) {
	all := samples(t)
	tend, watch := all["01-tend.json"].Records[0], all["05-watch.json"].Records[0]
	n := noted{fail: map[syncing.MessageKind]error{syncing.Tend: fault.New(fault.Unavailable, "unavailable", "The table does not answer.")}}
	h, log := handlerOf(&n)
	if got := failures(t, h, events.SQSEvent{Records: []events.SQSMessage{tend, watch}}); !slices.Equal(got, []string{tend.MessageId}) || len(n.asked) != 2 {
		t.Errorf("one of two fails: %v are delivered again, asked for were %v", got, n.asked)
	}
	if !strings.Contains(log.String(), `"fault":"unavailable"`) {
		t.Errorf("the log says %s", log)
	}
	h, log = handlerOf(&noted{panic: true})
	if got := failures(t, h, all["01-tend.json"]); len(got) != 1 || strings.Contains(log.String(), "Confidential") {
		t.Errorf("a panic: %v are delivered again; the log says %s", got, log)
	}
}

// queued is a queue that notes what is sent. It is safe for concurrent use.
type queued struct {
	mu    sync.Mutex
	sent  []syncing.Message
	later int
}

func (q *queued) Send(_ context.Context, _ string, body []byte) error {
	m, err := syncing.Decode(body)
	q.mu.Lock()
	defer q.mu.Unlock()
	q.sent = append(q.sent, m)
	return err
}

func (q *queued) SendAfter(context.Context, string, []byte, time.Duration) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.later++
	return nil
}

// dropped is a queue whose messages do not matter.
type dropped struct{}

func (dropped) Send(context.Context, string, []byte) error { return nil }

// world is what main makes, over memory, with a connection to a sandbox.
type world struct {
	*handler
	parts
	crm   *httptest.Server
	model *server.Server
	queue *queued
	log   *bytes.Buffer
}

func newWorld(t *testing.T) *world { return newWorldBehind(t, httptest.NewServer) }

// newWorldBehind makes one whose sandbox stands behind a server of the test's.
func newWorldBehind(t *testing.T, front func(http.Handler) *httptest.Server) *world {
	t.Helper()
	tenancy := memory.NewTenancy()
	logins := memory.NewLogins(tenancy)
	w := &world{queue: &queued{}, model: server.New(server.Options{Options: crm.Options{Seed: 1, Records: 300, Ties: 5}})}
	w.crm = front(w.model)
	t.Cleanup(w.crm.Close)
	w.parts = parts{Records: memory.NewRecords(), Intake: memory.NewIntake(), Schemas: memory.NewSchemas(), Batches: memory.NewBatches(), Tenancy: tenancy,
		Members: memory.NewMembers(tenancy), Syncs: memory.NewSyncs(tenancy), Due: memory.NewDue(), Journal: memory.NewJournal(), Roster: memory.NewRoster(tenancy),
		Views: memory.NewViews(tenancy), Logins: logins, Payloads: blob.NewMemory(), Keyring: secrettest.NewKeyring(t),
		Fetch: w.queue, Inbox: dropped{}, Outbox: dropped{}}
	w.handler, w.log = handlerOf(nil)
	w.parts.Log = w.handler.log
	w.start()
	w.connect(t, tenancy, logins)
	return w
}

// start puts the parts together, with no memory of the provider's limits.
func (w *world) start() {
	w.parts.Limits = memory.NewLimits()
	w.handler.engine = w.parts.engine(Config{AllowLoopback: true, BaseURL: "http://127.0.0.1:1", ClockGuardSeconds: 300, SchemaCacheSeconds: 60})
}

// connect makes the organization of the samples, and its connection, which has a login, a run and a sync.
func (w *world) connect(t *testing.T, tenancy *memory.Tenancy, logins *memory.Logins) {
	t.Helper()
	ctx, now, registry := t.Context(), time.Now().UTC(), connector.NewRegistry(connectors.All()...)
	key, err := w.Keyring.NewDataKey(ctx, organization)
	if err != nil {
		t.Fatal(err)
	}
	org := tenant.Organization{ID: organization, DataKey: key, Rev: 1}
	box, err1 := w.Keyring.Open(ctx, organization, key)
	err2 := tenancy.CreateOrganization(ctx, org)
	conn := hook.With(box, tenant.Connection{ID: connection, Organization: organization, Connector: "close", Name: "Sandbox", Status: tenant.Active,
		BaseURL: w.crm.URL + "/api/v1", CreatedAt: now.Add(-time.Hour), UpdatedAt: now, Rev: 1}, hookToken)
	tried, err3 := credential.New(credential.Options{Store: logins, Organizations: tenancy, Keyring: w.Keyring, Connectors: registry,
		Service: rest.New(rest.Options{AllowLoopback: true})}).Try(ctx, conn, credential.Offer{Kind: connector.APIKey, APIKey: server.AdminKey})
	if err1 != nil || err2 != nil || err3 != nil {
		t.Fatal(err1, err2, err3)
	}
	r := syncing.Run{ID: run, Organization: organization, Connection: connection, Connector: "close", Plan: syncing.Plan{Kind: syncing.Import, Mode: syncing.Full, Objects: []string{"lead"}},
		Status: syncing.Queued, CreatedBy: "key_1", CreatedAt: now, UpdatedAt: now, Forget: now.Add(time.Hour), Rev: 1}
	version := record.VersionAt(now.Add(-time.Hour), 1)
	standing, err := w.Records.PutNewer(ctx, record.Record{Key: record.Key{Organization: organization, Connection: connection, Object: "lead", ID: gone}, Version: version,
		Fields: record.Fields{"id": json.RawMessage(`"` + gone + `"`)}, StoredAt: now.Add(-time.Hour)})
	if err != nil || standing != nil {
		t.Fatal(standing, err)
	}
	err1 = logins.Connect(ctx, conn, conn.HookOf(org), tried.Login, nil)
	err2 = w.Syncs.CreateRun(ctx, r, r.Streams(registry["close"], syncing.State{}), nil)
	err3 = w.Syncs.CreateSync(ctx, syncing.Sync{ID: syncID, Organization: organization, Connection: connection, Name: "Leads", Plan: r.Plan,
		Schedule: schedule.Schedule{Kind: schedule.Daily, At: []string{"09:00"}}, NextAt: due, CreatedAt: now, UpdatedAt: now, Rev: 1}, nil)
	if err1 != nil || err2 != nil || err3 != nil {
		t.Fatal(err1, err2, err3)
	}
}

// TestSamplesOverASandbox hands each of events/fetch to the real engine, whose connection logs in at a sandbox.
func TestSamplesOverASandbox(t *testing.T) {
	checks := map[string]func(t *testing.T, w *world){
		"01-tend.json": func(t *testing.T, w *world) {
			state, err := w.Syncs.State(t.Context(), organization, connection)
			if err != nil || !state.Subscription.Active || state.Identity.AccountName == "" || state.TendedAt.IsZero() || state.Problem != "" {
				t.Errorf("the connection stands so: %+v, %v", state, err)
			}
			if who := state.Identity; who.UserName+who.UserEmail != "" {
				t.Errorf("the state keeps whose login it is: %+v", who) // which erasures would have to find
			}
			conn, err := w.parts.Tenancy.Connection(t.Context(), organization, connection)
			if err != nil || len(conn.Keys) != 1 {
				t.Errorf("the webhook has %d signing keys, %v", len(conn.Keys), err)
			}
			if n := count(t, w.Syncs.Syncs); n != 3 {
				t.Errorf("there are %d syncs, want that of the samples and the usual two", n)
			}
			if n := count(t, w.Schemas.Objects); n < 10 {
				t.Errorf("only %d objects have a schema", n)
			}
		},
		"02-stream.json": func(t *testing.T, w *world) {
			s, err := w.Syncs.Stream(t.Context(), organization, run, "lead")
			leads := 0
			w.model.Do(func(m *crm.Model) { leads = len(m.All(crm.Lead)) })
			if err != nil || s.Phase != syncing.Finished || leads == 0 || s.Source != int64(leads) || s.Counts.Missing != int64(leads) {
				t.Errorf("the stream stands so, with %d leads there: %+v, %v", leads, s, err)
			}
			r, err := w.Syncs.Run(t.Context(), organization, connection, run)
			if err != nil || r.Status != syncing.Done {
				t.Errorf("the run is %+v, %v", r, err)
			}
		},
		"03-sync.json": func(t *testing.T, w *world) {
			y, err := w.Syncs.Sync(t.Context(), organization, connection, syncID)
			if err != nil || !y.LastAt.Equal(due) || !y.NextAt.After(due) {
				t.Fatalf("the sync stands so: %+v, %v", y, err)
			}
			if len(w.queue.sent) != 2 || w.queue.sent[0].Kind != syncing.GoOn || w.queue.sent[0].Run != y.LastRun || w.queue.sent[0].Object != "lead" ||
				w.queue.sent[1].Kind != syncing.Tend { // the connection was never looked after
				t.Errorf("sent is %+v", w.queue.sent)
			}
		},
		"04-read.json": func(t *testing.T, w *world) {
			r, err := w.Records.Get(t.Context(), record.Key{Organization: organization, Connection: connection, Object: "lead", ID: gone})
			if err != nil || !r.Deleted {
				t.Errorf("a lead that is not there any more: %+v, %v", r, err)
			}
		},
		"05-watch.json": func(t *testing.T, w *world) {
			now := time.Now()
			waiting, _, _, err := w.Due.DueBefore(t.Context(), store.DueMinute(now.Add(-time.Minute)), now.Add(time.Hour), 10)
			if err != nil || len(w.queue.sent) != 0 || w.queue.later != 0 || len(waiting) != 1 {
				t.Errorf("of a run that has just begun, sent is %+v, %d for later, and %d are due, %v", w.queue.sent, w.queue.later, len(waiting), err)
			}
		},
		"06-resume.json": func(t *testing.T, w *world) {
			if len(w.queue.sent) != 1 || w.queue.sent[0].Kind != syncing.GoOn || w.queue.sent[0].Run != run || w.queue.later != 0 {
				t.Errorf("of a connection that goes on, with one run, sent is %+v, and %d for later", w.queue.sent, w.queue.later)
			}
		},
		"07-undecodable.json": func(*testing.T, *world) {},
	}
	for name, event := range samples(t) {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			failed := failures(t, w.handler, event)
			if want := map[bool]int{true: 1}[name == "07-undecodable.json"]; len(failed) != want {
				t.Fatalf("%d messages are to be delivered again, want %d: %s", len(failed), want, w.log)
			}
			if strings.Contains(w.log.String(), "not tended") {
				t.Errorf("the log says %s", w.log)
			}
			checks[name](t, w)
			if wrong := w.model.Violations(); len(wrong) > 0 {
				t.Errorf("the sandbox says %q", wrong)
			}
		})
	}
}

// count counts what a list of the connection holds.
func count[T any](t *testing.T, list func(ctx context.Context, organization, connection string, p store.Page) ([]T, string, error)) int {
	t.Helper()
	n := 0
	for _, err := range store.All(t.Context(), func(ctx context.Context, p store.Page) ([]T, string, error) {
		return list(ctx, organization, connection, p)
	}) {
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	return n
}
