package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"leadline/shared/connector"
	"leadline/shared/connectors"
	"leadline/shared/delivery"
	"leadline/shared/fault"
	"leadline/shared/openapitest"
	"leadline/shared/problem"
	"leadline/shared/quarantine"
	"leadline/shared/record"
	"leadline/shared/store"
	"leadline/shared/store/memory"
)

const (
	fakeKey          = "llk_fake"
	fakeOrganization = "org_0123456789ab"
	fakeConnection   = "conn_0123456789ab"
	fakeSigningKey   = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
	fakeToken        = "the-token"
	fakeClient       = "cli_0123456789ab"
	fakeSecret       = "cls_fake"
	fakeClients      = "conn_clients00000"
)

// fake is a Leadline in miniature, for functions import nobody: it takes signed Close events, applies them, and answers
// as functions/api/openapi.json says, to which every request and answer is held.
type fake struct {
	t        *testing.T
	doc      *openapitest.Document
	server   *httptest.Server
	provider connector.Definition

	mu      sync.Mutex
	records *memory.Records
	history *memory.History
	entries []entry
	bodies  map[string]string
	// waiting holds the deliveries that were accepted; each request to the API lets one of them be applied.
	waiting []delivered
	number  int
	// stuck says that nothing that waits is ever applied.
	stuck bool
	// busy is how many requests are answered 503 before one is served, refusals are the headers of those that are answered
	// 429. broken says that files cannot be put.
	busy     int
	refusals []http.Header
	broken   bool
	// awkward says that rows are pushed which are no objects: the API takes them, to set them aside, but does not say so.
	awkward  bool
	requests []string
	posted   []any
	// scripts answer in the place of the fake, by method and path.
	scripts map[string]scripted
	// etags are those of answers, by method and path.
	etags map[string]string
	rows  rowsWorld
	track trackWorld
}

// scripted answers one request to the API.
type scripted func(r *http.Request, body []byte) (status int, answer string)

type delivered struct {
	id   string
	body []byte
}

func newFake(t *testing.T) *fake {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "functions", "api", "openapi.json"))
	if err != nil {
		t.Fatal(err)
	}
	doc, err := openapitest.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	f := &fake{t: t, doc: doc, provider: connector.NewRegistry(connectors.All()...)["close"], records: memory.NewRecords(),
		history: memory.NewHistory(), bodies: map[string]string{}, scripts: map[string]scripted{}}
	f.rows = newRowsWorld()
	f.server = httptest.NewServer(http.HandlerFunc(f.serve))
	t.Cleanup(f.server.Close)
	return f
}

// runFile writes the file that make run would write.
func (f *fake) runFile() string {
	f.t.Helper()
	r := map[string]any{"base_url": f.server.URL, "organization": fakeOrganization, "admin_key": fakeKey,
		"close":     map[string]string{"connection": fakeConnection, "webhook_url": f.server.URL + "/hooks/" + fakeToken, "signature_key": fakeSigningKey},
		"client":    map[string]string{"clientid": fakeClient, "clientSecret": fakeSecret, "connection": fakeClients},
		"crm":       map[string]string{"connection": "conn_sandbox00001"},
		"endpoints": map[string]string{"lambda": f.server.URL + "/lambda"}}
	text, _ := json.Marshal(r)
	name := filepath.Join(f.t.TempDir(), "run.json")
	if err := os.WriteFile(name, text, 0o600); err != nil {
		f.t.Fatal(err)
	}
	return name
}

// result is what a command did.
type result struct {
	code           int
	stdout, stderr string
}

// run runs the command against the fake.
func (f *fake) run(args ...string) result {
	f.t.Helper()
	return f.runWith(system{}, args...)
}

// runWith runs the command with a system whose unset parts are made up.
func (f *fake) runWith(s system, args ...string) result {
	f.t.Helper()
	return f.runUntil(f.t.Context(), s, args...)
}

// runUntil runs the command as runWith does, until ctx ends.
func (f *fake) runUntil(ctx context.Context, s system, args ...string) result {
	f.t.Helper()
	var stdout, stderr bytes.Buffer
	s.args, s.stdout, s.stderr, s.http = append([]string{"--run-file", f.runFile()}, args...), &stdout, &stderr, f.server.Client()
	if s.stdin == nil {
		s.stdin = strings.NewReader("")
	}
	if s.getenv == nil {
		s.getenv = func(string) string { return "" }
	}
	if s.now == nil {
		s.now = time.Now
	}
	if s.pause == nil {
		s.pause = func(ctx context.Context, _ time.Duration) error { return ctx.Err() }
	}
	code := run(ctx, s)
	return result{code, stdout.String(), stderr.String()}
}

// ok fails unless the command succeeded, and gives what it printed.
func (r result) ok(t *testing.T) string {
	t.Helper()
	if r.code != exitDone || r.stderr != "" {
		t.Fatalf("exit %d: %s%s", r.code, r.stdout, r.stderr)
	}
	return r.stdout
}

// fails fails unless the command ended with the code and one line that holds the text.
func (r result) fails(t *testing.T, code int, text string) {
	t.Helper()
	if r.code != code || !strings.HasPrefix(r.stderr, "leadline: ") || !strings.Contains(r.stderr, text) || strings.Count(r.stderr, "\n") != 1 {
		t.Errorf("exit %d with %q, want %d with a line about %q", r.code, r.stderr, code, text)
	}
}

func (f *fake) serve(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	body, _ := io.ReadAll(r.Body)
	f.requests = append(f.requests, r.Method+" "+r.URL.EscapedPath())
	switch {
	case f.busy > 0:
		f.busy--
		answerProblem(w, fault.New(fault.Unavailable, "unavailable", "Busy."))
	case len(f.refusals) > 0:
		for name, values := range f.refusals[0] {
			w.Header()[name] = values
		}
		f.refusals = f.refusals[1:]
		answerProblem(w, &fault.Error{Kind: fault.RateLimited, Code: "quota_exceeded", Message: "Too many rows."})
	case f.broken && r.Method == http.MethodPut:
		http.Error(w, "<Error/>", http.StatusForbidden)
	case strings.HasPrefix(r.URL.Path, "/hooks/"):
		f.hook(w, r, body)
	case strings.HasPrefix(r.URL.Path, "/files/"):
		f.file(w, r, body)
	case strings.HasPrefix(r.URL.Path, "/lambda/"):
		f.lambda(w, r, body)
	default:
		f.api(w, r, body)
	}
}

func answerProblem(w http.ResponseWriter, err error) {
	p := problem.From(err)
	w.Header().Set("Content-Type", problem.ContentType)
	w.WriteHeader(p.Status)
	_, _ = w.Write(p.JSON())
}

func (f *fake) hook(w http.ResponseWriter, r *http.Request, body []byte) {
	if r.URL.Path != "/hooks/"+fakeToken || r.Method != http.MethodPost {
		answerProblem(w, fault.New(fault.NotFound, "not_found", "No such hook."))
		return
	}
	key, _ := f.provider.Webhook.Signature.Key(fakeSigningKey)
	if err := f.provider.Webhook.Signature.Verify(r.Header, body, [][]byte{key}, time.Now(), time.Minute); err != nil {
		answerProblem(w, err)
		return
	}
	f.number++
	id := fmt.Sprintf("01DELIVERY%04d", f.number)
	f.waiting = append(f.waiting, delivered{id, body})
	f.track.announce(f, id, body)
	_, _ = fmt.Fprintf(w, `{"delivery":%q}`, id)
}

// work applies the oldest delivery that waits.
func (f *fake) work(ctx context.Context) {
	if len(f.waiting) == 0 || f.stuck {
		return
	}
	d := f.waiting[0]
	f.waiting = f.waiting[1:]
	changes, err := f.provider.Webhook.Parse(d.body)
	if why := fault.Of(err); why != nil {
		f.entries = append([]entry{{ID: d.id, Connection: fakeConnection, Connector: "close", Reason: why.Code, Detail: why.Message,
			Kind: delivery.Webhook, ReceivedAt: time.Now().UTC(), Status: string(quarantine.Open), UpdatedAt: time.Now().UTC()}}, f.entries...)
		f.bodies[d.id] = string(d.body)
		return
	}
	for _, c := range changes {
		key := record.Key{Organization: fakeOrganization, Connection: fakeConnection, Object: c.Object, ID: c.ID}
		var before *record.Record
		if old, err := f.records.Get(ctx, key); err == nil {
			before = &old
		}
		standing, err := f.records.PutNewer(ctx, record.Record{Key: key, Version: c.Version, Deleted: c.Kind == record.Delete,
			MergedInto: c.MergedInto, Fields: c.Fields, StoredAt: time.Now().UTC(),
			Source: record.Source{Kind: delivery.Webhook, Delivery: d.id, Event: c.Event, Action: c.Action}})
		if err != nil {
			f.t.Error(err)
		}
		if standing == nil {
			after, _ := f.records.Get(ctx, key)
			if err := f.history.Put(ctx, record.RevisionOf(before, &after)); err != nil {
				f.t.Error(err)
			}
		}
	}
}

// api answers a request to the API, behind a gateway that decodes the path once.
func (f *fake) api(w http.ResponseWriter, r *http.Request, body []byte) {
	f.work(r.Context())
	path := r.URL.Path // decoded once
	switch software := strings.HasPrefix(path, "/v1/push") || strings.HasPrefix(path, "/v1/uploads"); {
	case r.Header.Get("Authorization") == "Bearer "+fakeKey:
	case software && r.Header.Get("Authorization") == basic(fakeClient, fakeSecret):
	default:
		answerProblem(w, fault.New(fault.Unauthorized, "invalid_api_key", "There is no such API key."))
		return
	}
	if err := f.doc.CheckRequest(r.Method, path, r.URL.Query(), body); err != nil && !(f.awkward && path == "/v1/push") {
		f.t.Errorf("the request does not fit the API: %v", err)
	}
	if r.Method == http.MethodPost {
		if r.Header.Get("Idempotency-Key") == "" {
			f.t.Error("a POST without an Idempotency-Key")
		}
		var in any
		_ = json.Unmarshal(body, &in)
		f.posted = append(f.posted, in)
	}
	status, text, err := f.answer(r, path, body)
	if err != nil {
		answerProblem(w, err)
		return
	}
	if status >= 400 || status == http.StatusNoContent {
		contentType := ""
		if status >= 400 {
			contentType = problem.ContentType
			w.Header().Set("Content-Type", contentType)
		}
		if err := f.doc.CheckAnswer(r.Method, path, status, contentType, text); err != nil {
			f.t.Errorf("the fake does not refuse as the API: %v", err)
		}
		w.WriteHeader(status)
		_, _ = w.Write(text)
		return
	}
	contentType := "application/json"
	if path == "/v1/members/export" || strings.HasPrefix(path, "/v1/payouts/") && strings.HasSuffix(path, "/file") {
		contentType = "text/csv"
	}
	if err := f.doc.CheckAnswer(r.Method, path, status, contentType, text); err != nil {
		f.t.Errorf("the fake does not answer as the API: %v", err)
	}
	if tag := f.etags[r.Method+" "+path]; tag != "" {
		w.Header().Set("ETag", tag)
	}
	w.Header().Set("Content-Type", contentType)
	w.WriteHeader(status)
	_, _ = w.Write(text)
}

// answer gives what a script says, or else what the fake itself knows.
func (f *fake) answer(r *http.Request, path string, body []byte) (int, []byte, error) {
	if script, ok := f.scripts[r.Method+" "+path]; ok {
		status, text := script(r, body)
		return status, []byte(text), nil
	}
	parts := strings.Split(strings.TrimPrefix(path, "/v1/"), "/")
	status, answer, known, err := f.rows.route(f, r, parts, body)
	if !known {
		status, answer, known, err = f.track.route(f, r, parts, body)
	}
	if !known {
		status, answer, err = f.route(r, parts)
	}
	if status == http.StatusNoContent {
		return status, nil, err
	}
	text, _ := json.Marshal(answer)
	return status, text, err
}

func (f *fake) route(r *http.Request, parts []string) (int, any, error) {
	for i := range parts {
		parts[i], _ = url.PathUnescape(parts[i])
	}
	conn := connection{ID: fakeConnection, Connector: "close", Name: "Close", Status: "active", Rev: 1, Keys: []signingKey{{Fingerprint: "0011aabb"}}}
	missing := fault.New(fault.NotFound, "not_found", "There is no such thing.")
	switch {
	case parts[0] == "health":
		return 200, health{Status: "ok", Stage: "dev", Version: "0f3c"}, nil
	case parts[0] == "quarantine":
		return f.quarantine(r, parts, missing)
	case len(parts) == 1 && r.Method == http.MethodPost:
		conn.WebhookURL = "https://example.com/hooks/new"
		return 201, conn, nil
	case len(parts) == 1:
		return 200, cut(r, []connection{conn}), nil
	case parts[0] != "connections" || parts[1] != fakeConnection && parts[1] != fakeClients:
		return 0, nil, missing
	case r.Method == http.MethodPost:
		if parts[2] == "disable" {
			conn.Status, conn.Rev = "disabled", 2
		}
		return 200, conn, nil
	case len(parts) == 3:
		return 200, cut(r, []objectState{{Name: "lead", Title: "lead", Follows: true, State: "confirmed", Version: 3, Fields: 12, Rev: 3},
			{Name: "sales", Title: "Sales", IDField: "id", State: "draft", Version: 1, Fields: 4, Proposed: true, Rev: 1}}), nil
	case len(parts) == 5:
		return f.list(r, parts[3])
	}
	key := record.Key{Organization: fakeOrganization, Connection: parts[1], Object: parts[3], ID: parts[5]}
	rec, err := f.records.Get(r.Context(), key)
	if err != nil {
		return 0, nil, missing
	}
	if len(parts) == 6 {
		return 200, showState(rec), nil
	}
	rows, _, err := f.history.List(r.Context(), key, store.Page{Limit: 1000})
	all := []revision{}
	for _, row := range rows {
		all = append(all, showRevision(row))
	}
	return 200, cut(r, all), err
}

func (f *fake) list(r *http.Request, objectName string) (int, any, error) {
	records, _, err := f.records.List(r.Context(), fakeOrganization, fakeConnection, objectName, store.Page{Limit: 1000})
	all := []recordState{}
	for _, rec := range records {
		if !rec.Deleted || r.URL.Query().Get("deleted") == "include" {
			all = append(all, showState(rec))
		}
	}
	return 200, cut(r, all), err
}

func (f *fake) quarantine(r *http.Request, parts []string, missing error) (int, any, error) {
	if len(parts) == 1 {
		all := []entry{}
		for _, e := range f.entries {
			if want := r.URL.Query().Get("reason"); want == "" || want == e.Reason {
				all = append(all, e)
			}
		}
		return 200, cut(r, all), nil
	}
	for i, e := range f.entries {
		if e.ID != parts[1] {
			continue
		}
		if len(parts) == 3 && parts[2] == "discard" {
			f.entries[i].Status = string(quarantine.Discarded)
			return 200, f.entries[i], nil
		}
		if len(parts) == 3 {
			f.entries[i].Status, f.entries[i].Replays = string(quarantine.Resolved), e.Replays+1
			return 202, replay{Entry: e.ID, Delivery: "01REPLAY"}, nil
		}
		text := f.bodies[e.ID]
		e.Payload = &payload{Bytes: len(text), Text: &text}
		return 200, e, nil
	}
	return 0, nil, missing
}

// cut gives the page of a list that a request asks for; its cursor is an offset.
func cut[T any](r *http.Request, all []T) page[T] {
	limit, _ := strconv.Atoi(r.URL.Query().Get("limit"))
	offset, _ := strconv.Atoi(r.URL.Query().Get("cursor"))
	end := min(offset+limit, len(all))
	p := page[T]{Items: all[offset:end]}
	if end < len(all) {
		p.Next = strconv.Itoa(end)
	}
	return p
}

// showState and showRevision show what is stored as the API does.
func showState(r record.Record) recordState {
	fields := map[string]json.RawMessage{}
	for name, value := range r.Fields {
		fields[name] = value
	}
	return recordState{ID: r.ID, Object: r.Object, Rev: r.Rev, Version: r.Version.Time(), Deleted: r.Deleted, MergedInto: r.MergedInto,
		Contested: r.Contested, Fields: fields, StoredAt: r.StoredAt, Source: showSource(r.Source)}
}

func showRevision(r record.Revision) revision {
	rev := revision{Rev: r.Rev, FromRev: r.FromRev, Version: r.Version.Time(), Deleted: r.Deleted, MergedInto: r.MergedInto,
		StoredAt: r.StoredAt, Source: showSource(r.Source), Changes: []change{}}
	for _, c := range r.Changes {
		rev.Changes = append(rev.Changes, change{Field: c.Field, Old: c.Old, New: c.New})
	}
	return rev
}

func showSource(s record.Source) source {
	return source{Kind: s.Kind, Delivery: s.Delivery, Event: s.Event, Action: s.Action}
}
