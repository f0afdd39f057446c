package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"leadline/shared/blob"
	"leadline/shared/connector"
	"leadline/shared/connectors"
	"leadline/shared/delivery"
	"leadline/shared/problem"
	"leadline/shared/schema"
	"leadline/shared/secret"
	"leadline/shared/secret/secrettest"
	"leadline/shared/store/memory"
	"leadline/shared/telemetry"
	"leadline/shared/tenant"
)

const (
	tolerance  = 5 * time.Minute
	keep       = time.Minute
	bodyMax    = 4 << 20
	messageMax = 256 << 10
	baseURL    = "https://api.example.com"
)

// calls counts what goes over the network, and lets it fail.
type calls struct {
	mu    sync.Mutex
	made  map[string]int
	fails map[string]error
	// hang makes the queue answer only once the request is over.
	hang bool
}

func (c *calls) call(ctx context.Context, name string) error {
	c.mu.Lock()
	c.made[name]++
	err, hang := c.fails[name], c.hang
	c.mu.Unlock()
	if hang && name == "queue" {
		<-ctx.Done()
		return ctx.Err()
	}
	return err
}

// since gives the calls made since the last time it was asked.
func (c *calls) since() map[string]int {
	c.mu.Lock()
	defer c.mu.Unlock()
	made := c.made
	c.made = map[string]int{}
	return made
}

type countedTable struct {
	*memory.Tenancy
	*calls
}

func (c countedTable) Hook(ctx context.Context, hash string) (tenant.Hook, error) {
	if err := c.call(ctx, "table"); err != nil {
		return tenant.Hook{}, err
	}
	return c.Tenancy.Hook(ctx, hash)
}

func (c countedTable) APIKey(ctx context.Context, hash string) (tenant.APIKey, error) {
	if err := c.call(ctx, "table"); err != nil {
		return tenant.APIKey{}, err
	}
	return c.Tenancy.APIKey(ctx, hash)
}

func (c countedTable) Organization(ctx context.Context, id string) (tenant.Organization, error) {
	if err := c.call(ctx, "table"); err != nil {
		return tenant.Organization{}, err
	}
	return c.Tenancy.Organization(ctx, id)
}

func (c countedTable) Connection(ctx context.Context, organization, id string) (tenant.Connection, error) {
	if err := c.call(ctx, "table"); err != nil {
		return tenant.Connection{}, err
	}
	return c.Tenancy.Connection(ctx, organization, id)
}

type countedMembers struct {
	*memory.Members
	*calls
}

func (c countedMembers) ClientHook(ctx context.Context, client string) (tenant.ClientHook, error) {
	if err := c.call(ctx, "table"); err != nil {
		return tenant.ClientHook{}, err
	}
	return c.Members.ClientHook(ctx, client)
}

func (c countedMembers) Person(ctx context.Context, organization, id string) (tenant.Person, error) {
	if err := c.call(ctx, "table"); err != nil {
		return tenant.Person{}, err
	}
	return c.Members.Person(ctx, organization, id)
}

func (c countedMembers) Use(ctx context.Context, organization, window string, n int64, forget time.Time) (int64, error) {
	if err := c.call(ctx, "quota"); err != nil {
		return 0, err
	}
	return c.Members.Use(ctx, organization, window, n, forget)
}

type countedSchemas struct {
	*memory.Schemas
	*calls
}

func (c countedSchemas) Object(ctx context.Context, organization, connection, name string) (schema.Object, error) {
	if err := c.call(ctx, "objects"); err != nil {
		return schema.Object{}, err
	}
	return c.Schemas.Object(ctx, organization, connection, name)
}

// queued is a queue of one message after the other.
type queued struct {
	*calls
	groups   []string
	messages [][]byte
}

func (q *queued) Send(ctx context.Context, group string, body []byte) error {
	if err := q.call(ctx, "queue"); err != nil {
		return err
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.groups, q.messages = append(q.groups, group), append(q.messages, bytes.Clone(body))
	return nil
}

type countedBlobs struct {
	*blob.Memory
	*calls
}

func (c countedBlobs) Put(ctx context.Context, key string, body []byte) error {
	if err := c.call(ctx, "bucket"); err != nil {
		return err
	}
	return c.Memory.Put(ctx, key, body)
}

type countedMaster struct {
	*secrettest.Master
	*calls
}

func (c countedMaster) Unwrap(ctx context.Context, organization string, wrapped []byte) ([]byte, error) {
	if err := c.call(ctx, "kms"); err != nil {
		return nil, err
	}
	return c.Master.Unwrap(ctx, organization, wrapped)
}

// world is a handler with everything behind it, one organization with a Close connection and a client.
type world struct {
	t       testing.TB
	calls   *calls
	tenancy *memory.Tenancy
	members *memory.Members
	schemas *memory.Schemas
	master  secret.MasterKey
	keyring *secret.Keyring
	queue   *queued
	blobs   *blob.Memory
	h       *handler
	handle  func(context.Context, events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, error)
	out     *bytes.Buffer
	mu      sync.Mutex
	clock   time.Time

	org   tenant.Organization
	conn  tenant.Connection
	token string
	key   string

	client tenant.Client
	secret string
}

func newWorld(t testing.TB) *world {
	t.Helper()
	c := &calls{made: map[string]int{}, fails: map[string]error{}}
	w := &world{t: t, calls: c, tenancy: memory.NewTenancy(), schemas: memory.NewSchemas(), queue: &queued{calls: c}, blobs: blob.NewMemory(), out: &bytes.Buffer{},
		clock: time.Date(2025, 3, 10, 9, 0, 0, 0, time.UTC), key: strings.Repeat("0f", 32)}
	w.members = memory.NewMembers(w.tenancy)
	w.master = countedMaster{secrettest.NewMaster(t), c}
	w.keyring = secret.New(w.master, secret.Options{})
	var err error
	w.org = tenant.Organization{ID: "org_000000000001", Name: "Pine", CreatedAt: w.clock}
	if w.org.DataKey, err = w.keyring.NewDataKey(t.Context(), w.org.ID); err != nil {
		t.Fatal(err)
	}
	if err := w.tenancy.CreateOrganization(t.Context(), w.org); err != nil {
		t.Fatal(err)
	}
	w.conn, w.token = w.connect("conn_000000000001", w.key)
	w.client, w.secret = w.newClient("cli_000000000001", "conn_00000000c001")
	w.restart()
	return w
}

// restart begins again with nothing in memory.
func (w *world) restart() {
	w.keyring = secret.New(w.master, secret.Options{})
	log := telemetry.NewLogger(w.out, "receive", "debug")
	tables := stores{tenancy: countedTable{w.tenancy, w.calls}, members: countedMembers{w.members, w.calls}, schemas: countedSchemas{w.schemas, w.calls}}
	w.h = newHandler(Config{SignatureToleranceSeconds: int(tolerance.Seconds()), HookCacheSeconds: int(keep.Seconds()), ClientCacheSeconds: int(keep.Seconds()),
		BodyMaxBytes: bodyMax, PushMaxBytes: bodyMax, MessageMaxBytes: messageMax, BaseURL: baseURL}, log, tables, w.keyring, w.queue, countedBlobs{w.blobs, w.calls})
	w.h.now = w.now
	w.handle = telemetry.Wrap("receive", "test", log, w.out, w.h.Handle)
	w.calls.since()
}

func (w *world) now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.clock
}

func (w *world) pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.clock = w.clock.Add(d)
}

func (w *world) seal(key string) tenant.SigningKey {
	w.t.Helper()
	box, err := w.keyring.Open(w.t.Context(), w.org.ID, w.org.DataKey)
	if err != nil {
		w.t.Fatal(err)
	}
	return tenant.SigningKey{Fingerprint: tenant.Fingerprint(key), Sealed: box.Seal(secret.PurposeSigningKey, []byte(key)), CreatedAt: w.now()}
}

// connect makes another Close connection; without a key it has none yet.
func (w *world) connect(id, key string) (tenant.Connection, string) {
	w.t.Helper()
	token, err := tenant.NewToken(rand.Reader)
	if err != nil {
		w.t.Fatal(err)
	}
	c := tenant.Connection{ID: id, Organization: w.org.ID, Connector: "close", Name: "Close", Status: tenant.Active,
		Hook: tenant.HashToken(token), CreatedAt: w.now(), UpdatedAt: w.now(), Rev: 1}
	if key != "" {
		c.Keys = []tenant.SigningKey{w.seal(key)}
	}
	if err := w.tenancy.CreateConnection(w.t.Context(), c, c.HookOf(w.org), nil); err != nil {
		w.t.Fatal(err)
	}
	return c, token
}

// update stores a change of the connection, as the API does.
func (w *world) update(change func(c tenant.Connection) tenant.Connection) {
	w.t.Helper()
	w.conn = change(w.conn)
	if err := w.tenancy.UpdateConnection(w.t.Context(), w.conn, w.conn.HookOf(w.org), nil); err != nil {
		w.t.Fatal(err)
	}
}

// request is what API Gateway hands over for a body posted to the connection's URL, signed now with its key.
func (w *world) request(body string) events.APIGatewayV2HTTPRequest { return w.signed(body, w.key) }

func (w *world) signed(body, key string) events.APIGatewayV2HTTPRequest {
	w.t.Helper()
	headers := map[string]string{"content-type": "application/json", "host": "hooks.example.com"}
	for name, values := range sign(w.t, []byte(body), key, w.now()) {
		headers[strings.ToLower(name)] = values[0]
	}
	return events.APIGatewayV2HTTPRequest{Version: "2.0", RouteKey: "POST /hooks/{token}", RawPath: "/hooks/" + w.token,
		PathParameters: map[string]string{"token": w.token}, Headers: headers, Body: body}
}

func sign(t testing.TB, body []byte, key string, at time.Time) http.Header {
	t.Helper()
	signature := connector.NewRegistry(connectors.All()...)["close"].Webhook.Signature
	raw, err := signature.Key(key)
	if err != nil {
		t.Fatal(err)
	}
	return signature.Sign(body, raw, at)
}

// outcome is an answer with what was noted about it.
type outcome struct {
	events.APIGatewayV2HTTPResponse
	// id of the delivery, where accepted.
	id string
	// receipt is the answer to a push that was accepted.
	receipt receipt
	// code of the problem, where refused.
	code string
	// metrics of the invocation.
	metrics map[string]any
	// logged is everything that was written.
	logged string
}

// post gives a request to the handler and checks what holds for every answer.
func (w *world) post(request events.APIGatewayV2HTTPRequest) outcome {
	w.t.Helper()
	return w.postIn(w.t.Context(), request)
}

func (w *world) postIn(ctx context.Context, request events.APIGatewayV2HTTPRequest) outcome {
	w.t.Helper()
	w.out.Reset()
	before := len(w.queue.messages)
	answer, err := w.handle(ctx, request)
	if err != nil {
		w.t.Fatalf("the invocation failed: %v", err)
	}
	o := outcome{APIGatewayV2HTTPResponse: answer, logged: w.out.String()}
	for line := range strings.Lines(o.logged) {
		var l map[string]any
		if json.Unmarshal([]byte(line), &l) == nil && l["_aws"] != nil {
			o.metrics = l
		}
	}
	if answer.StatusCode == http.StatusOK {
		var accepted struct{ Delivery string }
		if err := json.Unmarshal([]byte(answer.Body), &accepted); err != nil || accepted.Delivery == "" || answer.Headers["content-type"] != "application/json" {
			w.t.Fatalf("no answer: %+v, %v", answer, err)
		}
		if o.id = accepted.Delivery; len(w.queue.messages) != before+1 || o.metrics["Accepted"] != 1.0 {
			w.t.Fatalf("200 for what is not in the queue: %+v", o)
		}
		return o
	}
	if answer.StatusCode == http.StatusAccepted {
		dec := json.NewDecoder(strings.NewReader(answer.Body))
		dec.DisallowUnknownFields()
		if err := dec.Decode(&o.receipt); err != nil || o.receipt.Status != "queued" || o.receipt.URL != baseURL+"/v1/push/"+o.receipt.Batch ||
			o.receipt.Errors == nil || answer.Headers["content-type"] != "application/json" || answer.Headers["location"] != o.receipt.URL {
			w.t.Fatalf("no answer: %+v, %v", answer, err)
		}
		if len(w.queue.messages) != before+1 || o.metrics["Accepted"] != 1.0 || o.metrics["Rows"] != float64(o.receipt.Rows) {
			w.t.Fatalf("202 for what is not in the queue: %+v", o)
		}
		return o
	}
	var p problem.Problem
	if err := json.Unmarshal([]byte(answer.Body), &p); err != nil || p.Status != answer.StatusCode || p.Title == "" || p.Detail == "" ||
		answer.Headers["content-type"] != "application/problem+json" {
		w.t.Fatalf("no problem: %+v, %v", answer, err)
	}
	o.code = strings.TrimPrefix(p.Type, problem.TypePrefix)
	if answer.StatusCode == http.StatusTooManyRequests && answer.Headers["retry-after"] == "" {
		w.t.Fatalf("nobody is told when to come back: %+v", answer)
	}
	if len(w.queue.messages) != before || o.metrics["Refused_"+o.code] != 1.0 {
		w.t.Fatalf("refused, but queued or not counted: %+v", o)
	}
	return o
}

func (w *world) accepts(request events.APIGatewayV2HTTPRequest) outcome {
	w.t.Helper()
	o := w.post(request)
	if o.StatusCode != http.StatusOK {
		w.t.Fatalf("got %d %s", o.StatusCode, o.code)
	}
	return o
}

func (w *world) refuses(request events.APIGatewayV2HTTPRequest, status int, code string) outcome {
	w.t.Helper()
	o := w.post(request)
	if o.StatusCode != status || o.code != code {
		w.t.Fatalf("got %d %s, want %d %s", o.StatusCode, o.code, status, code)
	}
	return o
}

// made checks the network calls since the last time.
func (w *world) made(want map[string]int) {
	w.t.Helper()
	if got := w.calls.since(); !maps.Equal(got, want) {
		w.t.Fatalf("calls made: %v, want %v", got, want)
	}
}

// last gives the newest delivery in the queue.
func (w *world) last() delivery.Delivery {
	w.t.Helper()
	if len(w.queue.messages) == 0 {
		w.t.Fatal("the queue is empty")
	}
	d, err := delivery.Decode(w.queue.messages[len(w.queue.messages)-1])
	if err != nil {
		w.t.Fatal(err)
	}
	return d
}

// without gives the request without a header.
func without(r events.APIGatewayV2HTTPRequest, name string) events.APIGatewayV2HTTPRequest {
	r.Headers = maps.Clone(r.Headers)
	delete(r.Headers, name)
	return r
}

// with gives the request with a header.
func with(r events.APIGatewayV2HTTPRequest, name, value string) events.APIGatewayV2HTTPRequest {
	r.Headers = maps.Clone(r.Headers)
	r.Headers[name] = value
	return r
}

// errDown is what a service that does not answer gives.
var errDown = errors.New("dial tcp 192.0.2.1:443: connection refused")
