package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"leadline/shared/blob"
	"leadline/shared/connector"
	"leadline/shared/connector/rest"
	"leadline/shared/connectors"
	"leadline/shared/delivery"
	"leadline/shared/fault"
	"leadline/shared/incentive/keeper"
	"leadline/shared/openapitest"
	"leadline/shared/problem"
	"leadline/shared/quarantine"
	"leadline/shared/record"
	"leadline/shared/schema"
	"leadline/shared/secret/secrettest"
	"leadline/shared/store/memory"
	"leadline/shared/syncing/control"
	"leadline/shared/tenant"
)

const (
	ours   = "org_000000000001"
	theirs = "org_000000000002"
	// signingKey is a key as Close shows it.
	signingKey = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
	otherKey   = "ffeeddccbbaa99887766554433221100ffeeddccbbaa99887766554433221100"
)

// system is the function with everything behind it in memory, and API Gateway in front of it.
type system struct {
	t        testing.TB
	handler  *handler
	records  *memory.Records
	history  *memory.History
	intake   *memory.Intake
	schemas  *memory.Schemas
	batches  *memory.Batches
	tenancy  *memory.Tenancy
	members  *memory.Members
	targets  *memory.Destinations
	logins   *memory.Logins
	crm      *provider
	syncs    *memory.Syncs
	fetch    *fetched
	sent     *memory.Deliveries
	jobs     *memory.Jobs
	views    *memory.Views
	roster   *memory.Roster
	programs *memory.Programs
	credits  *memory.Credits
	runs     *memory.Runs
	// calculate is the queue of what is to be reckoned.
	calculate *calculations
	// finance holds the stores of settlements, payouts and the ledger; settle is the queue of their long work.
	finance  finance
	settle   *calculations
	nudge    *calculations
	journal  *memory.Journal
	payloads *blob.Memory
	inbox    *outbox
	// deliver and work hold the messages that were sent there.
	deliver, work *messages
	clock         *clock
	log           *bytes.Buffer
	doc           *openapitest.Document
	// The keys of each role are of ours, stranger is an owner's key of theirs.
	owner, admin, manager, reader, ingest, stranger string
}

var description = sync.OnceValues(func() (*openapitest.Document, error) { return openapitest.Parse(openAPIFile) })

func newSystem(t testing.TB) *system {
	t.Helper()
	doc, err := description()
	if err != nil {
		t.Fatal(err)
	}
	tenancy := memory.NewTenancy()
	s := &system{t: t, records: memory.NewRecords(), history: memory.NewHistory(), intake: memory.NewIntake(), schemas: memory.NewSchemas(),
		batches: memory.NewBatches(), tenancy: tenancy, members: memory.NewMembers(tenancy), targets: memory.NewDestinations(tenancy), logins: memory.NewLogins(tenancy), crm: newProvider(t), syncs: memory.NewSyncs(tenancy), fetch: &fetched{left: -1},
		sent: memory.NewDeliveries(), jobs: memory.NewJobs(tenancy), views: memory.NewViews(tenancy), roster: memory.NewRoster(tenancy),
		programs: memory.NewPrograms(tenancy), credits: memory.NewCredits(), runs: memory.NewRuns(), calculate: &calculations{}, journal: memory.NewJournal(), payloads: blob.NewMemory(),
		inbox: &outbox{}, deliver: &messages{}, work: &messages{}, clock: &clock{at: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)},
		log: &bytes.Buffer{}, doc: doc}
	keyring := secrettest.NewKeyring(t)
	registry := connector.NewRegistry(append(connectors.All(), connector.Definition{Name: "mute", Title: "Mute"}, s.crm.definition(connectors.All()[0].Webhook))...)
	s.calculate.now = s.clock.now
	s.settle = &calculations{now: s.clock.now}
	s.nudge = &calculations{now: s.clock.now}
	s.finance = finance{Ledger: memory.NewLedger(), Settlements: memory.NewSettlements(tenancy), Payees: memory.NewPayees(tenancy), Disputes: memory.NewDisputes(tenancy), Payouts: memory.NewPayouts(tenancy),
		Nudges: memory.NewNudges(tenancy), Slack: &slackFake{}, Settle: s.settle, Games: memory.NewGames(tenancy), Nudge: s.nudge}
	s.handler = newHandler(options{
		finance:  s.finance,
		Programs: s.programs, Credits: s.credits, Runs: s.runs, Calculate: keeper.Outbox{Queue: s.calculate, Due: memory.NewDue(), Now: s.clock.now},
		Fetch:   control.Outbox{Queue: s.fetch, Due: memory.NewDue(), Now: s.clock.now},
		Config:  Config{Stage: "test", BaseURL: "https://api.example.com", KeyCacheSeconds: 60},
		Records: s.records, History: s.history, Intake: s.intake, Schemas: s.schemas, Batches: s.batches, Tenancy: s.tenancy, Members: s.members,
		Destinations: s.targets, Logins: s.logins, Syncs: s.syncs, Deliveries: s.sent, Jobs: s.jobs, Views: s.views, Roster: s.roster, Journal: s.journal, Payloads: s.payloads, Signer: s.payloads,
		Inbox: s.inbox, Outbox: s.deliver, Work: s.work, Keyring: keyring,
		Connectors: registry,
		// Destinations must not lead to this machine, the small provider stands on it.
		Service: rest.New(rest.Options{AllowLoopback: true, Now: s.clock.now}),
		Version: "0f3c9a1b2c3d", Now: s.clock.now, Random: rand.Reader, Log: slog.New(slog.NewJSONHandler(s.log, nil)),
	})
	for _, id := range []string{ours, theirs} {
		dataKey, err := keyring.NewDataKey(t.Context(), id)
		s.must(err)
		s.must(s.tenancy.CreateOrganization(t.Context(), tenant.Organization{ID: id, Name: id, DataKey: dataKey, CreatedAt: s.clock.now(), Rev: 1}))
	}
	s.owner, s.admin, s.manager = s.key(ours, tenant.Owner), s.key(ours, tenant.Admin), s.key(ours, tenant.Manager)
	s.reader, s.ingest, s.stranger = s.key(ours, tenant.Reader), s.key(ours, tenant.Ingest), s.key(theirs, tenant.Owner)
	return s
}

func (s *system) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// key makes a key.
func (s *system) key(organization string, role tenant.Role) string {
	s.t.Helper()
	text, key, err := tenant.NewAPIKey(organization, string(role), role, s.clock.now(), rand.Reader)
	s.must(err)
	s.must(s.tenancy.CreateAPIKey(s.t.Context(), key))
	return text
}

// request is a request as a client sends it.
type request struct {
	key, method, path string
	header            map[string]string
	body              any
	// base64 makes API Gateway encode the body.
	base64 bool
}

type answer struct {
	status int
	header http.Header
	body   []byte
}

// do sends a request and holds the answer to the description of the API.
func (s *system) do(r request) answer {
	s.t.Helper()
	event := gateway(s.t, r)
	out, err := s.handler.Handle(s.t.Context(), event)
	s.must(err)
	a := answer{status: out.StatusCode, header: http.Header{}, body: []byte(out.Body)}
	if out.IsBase64Encoded {
		a.body, err = base64.StdEncoding.DecodeString(out.Body)
		s.must(err)
	}
	for name, value := range out.Headers {
		a.header.Set(name, value)
	}
	path, _, _ := strings.Cut(r.path, "?")
	if _, err := s.doc.Find(r.method, path); err != nil {
		if a.status != http.StatusNotFound && a.status != http.StatusMethodNotAllowed {
			s.t.Fatalf("%s %s: %d for what is not described", r.method, r.path, a.status)
		}
		if a.header.Get("Content-Type") != problem.ContentType {
			s.t.Fatalf("%s %s: the error is %q", r.method, r.path, a.header.Get("Content-Type"))
		}
		s.must(s.doc.CheckSchema("Problem", a.body))
	} else if err := s.doc.CheckAnswer(r.method, path, a.status, a.header.Get("Content-Type"), a.body); err != nil {
		s.t.Fatalf("%s %s: %v\n%s", r.method, r.path, err, a.body)
	}
	return a
}

func (s *system) get(key, path string) answer {
	s.t.Helper()
	return s.do(request{key: key, method: http.MethodGet, path: path})
}

func (s *system) post(key, path string, body any) answer {
	s.t.Helper()
	return s.do(request{key: key, method: http.MethodPost, path: path, body: body})
}

// want fails unless the answer has the status and, for a problem, the code.
func (a answer) want(t testing.TB, status int, code ...string) answer {
	t.Helper()
	if a.status != status {
		t.Fatalf("got %d, want %d: %s", a.status, status, a.body)
	}
	if len(code) > 0 {
		var p problem.Problem
		if err := json.Unmarshal(a.body, &p); err != nil || p.Type != problem.TypePrefix+code[0] || p.Status != status || p.Detail == "" {
			t.Fatalf("got %s, want the problem %s", a.body, code[0])
		}
	}
	return a
}

// read decodes an answer.
func read[T any](t testing.TB, a answer) T {
	t.Helper()
	var v T
	if err := json.Unmarshal(a.body, &v); err != nil {
		t.Fatalf("%v: %s", err, a.body)
	}
	return v
}

// gateway plays API Gateway: an HTTP API decodes the path once and cuts it at a "?" that this gave.
func gateway(t testing.TB, r request) events.APIGatewayV2HTTPRequest {
	t.Helper()
	path, query, _ := strings.Cut(r.path, "?")
	path, err := url.PathUnescape(path)
	if err != nil {
		t.Fatal(err)
	}
	path, _, _ = strings.Cut(path, "?")
	event := events.APIGatewayV2HTTPRequest{Version: "2.0", RouteKey: "ANY /v1/{proxy+}", RawPath: path, RawQueryString: query, Headers: map[string]string{}}
	event.RequestContext.HTTP.Method, event.RequestContext.HTTP.Path = r.method, path
	event.RequestContext.HTTP.SourceIP, event.RequestContext.RequestID = "203.0.113.7", "req-1"
	event.Headers["user-agent"] = "test"
	for name, value := range r.header {
		event.Headers[strings.ToLower(name)] = value
	}
	if r.key != "" {
		event.Headers["authorization"] = "Bearer " + r.key
	}
	switch body := r.body.(type) {
	case nil:
	case string:
		event.Body = body
	default:
		text, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		event.Body = string(text)
		event.Headers["content-type"] = "application/json"
	}
	if r.base64 {
		event.Body, event.IsBase64Encoded = base64.StdEncoding.EncodeToString([]byte(event.Body)), true
	}
	return event
}

// connect makes a connection and gives it.
func (s *system) connect(key string) CreatedConnection {
	s.t.Helper()
	return read[CreatedConnection](s.t, s.post(key, "/v1/connections", map[string]any{"connector": "close", "name": "Close"}).want(s.t, 201))
}

// keep stores a record as intake does, with its history.
func (s *system) keep(r record.Record) record.Record {
	s.t.Helper()
	before, err := s.records.Get(s.t.Context(), r.Key)
	var old *record.Record
	if err == nil {
		old = &before
	}
	standing, err := s.records.PutNewer(s.t.Context(), r)
	s.must(err)
	if standing != nil {
		s.t.Fatalf("something newer than %v is stored", r.Version)
	}
	after, err := s.records.Get(s.t.Context(), r.Key)
	s.must(err)
	s.must(s.history.Put(s.t.Context(), record.RevisionOf(old, &after)))
	s.follow(r.Connection, r.Object)
	return after
}

// follow stores an object of a CRM of ours, as intake does, unless it is there.
func (s *system) follow(connection, name string) {
	s.t.Helper()
	o := schema.Object{Organization: ours, Connection: connection, Name: name, Title: name, Follows: true, State: schema.Confirmed,
		Present:   schema.Version{Number: 1, Fields: []schema.Field{{Name: "value", Type: schema.Number}}, Origin: schema.Followed, At: s.clock.now()},
		FirstSeen: s.clock.now(), UpdatedAt: s.clock.now(), Rev: 1}
	if err := s.schemas.SaveObject(s.t.Context(), o, true); !fault.Is(err, fault.Conflict) {
		s.must(err)
	}
}

// opportunity makes a state of a record of ours.
func (s *system) opportunity(connection, id string, version int64, fields string) record.Record {
	s.t.Helper()
	f, err := record.ParseFields([]byte(fields))
	s.must(err)
	return record.Record{Key: record.Key{Organization: ours, Connection: connection, Object: "opportunity", ID: id},
		Version: record.Version{Micros: version, Parser: 1}, Fields: f, StoredAt: s.clock.now(),
		Source: record.Source{Kind: "webhook", Delivery: "01D", Event: "ev_1", Action: "updated"}}
}

// setAside stores a quarantine entry of ours with a payload.
func (s *system) setAside(connection, id string, reason quarantine.Reason, body []byte) quarantine.Entry {
	s.t.Helper()
	var packed bytes.Buffer
	s.must(delivery.Pack(&packed, []byte("another body of the same object")))
	start := packed.Len()
	s.must(delivery.Pack(&packed, body))
	key := "archive/" + ours + "/" + id + ".gz"
	s.must(s.payloads.Put(s.t.Context(), key, packed.Bytes()))
	e := quarantine.Entry{ID: id, Organization: ours, Connection: connection, Connector: "close", Reason: reason, Detail: "Something is wrong.",
		Kind: delivery.Webhook, ReceivedAt: s.clock.now(), Status: quarantine.Open, UpdatedAt: s.clock.now(),
		Payload: record.PayloadRef{Key: key, Offset: int64(start), Length: int64(packed.Len() - start)}}
	s.must(s.intake.SetAside(s.t.Context(), e))
	return e
}

// messages is a queue that keeps what is sent, as it is.
type messages struct {
	mu     sync.Mutex
	err    error
	groups []string
	sent   [][]byte
}

func (m *messages) Send(_ context.Context, group string, body []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.err != nil {
		return m.err
	}
	m.groups, m.sent = append(m.groups, group), append(m.sent, body)
	return nil
}

// outbox is an inbox queue that keeps what is sent.
type outbox struct {
	mu     sync.Mutex
	err    error
	groups []string
	sent   []delivery.Delivery
}

func (o *outbox) Send(_ context.Context, group string, body []byte) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.err != nil {
		return o.err
	}
	d, err := delivery.Decode(body)
	if err != nil {
		return err
	}
	o.groups, o.sent = append(o.groups, group), append(o.sent, d)
	return nil
}

type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// ids lists the ids of a list of records.
func ids(l list[Record]) []string {
	var all []string
	for _, r := range l.Items {
		all = append(all, r.ID)
	}
	slices.Sort(all)
	return all
}
