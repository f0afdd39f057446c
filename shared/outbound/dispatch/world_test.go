package dispatch_test

import (
	"context"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"io"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"leadline/shared/blob"
	"leadline/shared/notice"
	"leadline/shared/outbound"
	"leadline/shared/outbound/dispatch"
	"leadline/shared/secret"
	"leadline/shared/secret/secrettest"
	"leadline/shared/store"
	"leadline/shared/store/memory"
	"leadline/shared/tenant"
)

const organization = "org_000000000001"

var start = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)

// clock is a clock that is set by hand.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) set(at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if at.After(c.at) {
		c.at = at
	}
}

// message is one that waits in the queue.
type message struct {
	at   time.Time
	body []byte
}

// fakeQueue is the deliver queue in the time of the clock.
type fakeQueue struct {
	clock *clock
	mu    sync.Mutex
	waits []message
	sent  int
	fail  error
}

func (q *fakeQueue) SendAfter(_ context.Context, group string, body []byte, delay time.Duration) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.fail != nil {
		return q.fail
	}
	if group != organization || delay < 0 || delay > 15*time.Minute {
		return context.Canceled
	}
	q.sent++
	q.waits = append(q.waits, message{q.clock.now().Add(delay), body})
	return nil
}

func (q *fakeQueue) Send(ctx context.Context, group string, body []byte) error {
	return q.SendAfter(ctx, group, body, 0)
}

// next takes the message out that is due first; false if there is none.
func (q *fakeQueue) next() (message, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.waits) == 0 {
		return message{}, false
	}
	first := 0
	for i := range q.waits {
		if q.waits[i].at.Before(q.waits[first].at) {
			first = i
		}
	}
	m := q.waits[first]
	q.waits = slices.Delete(q.waits, first, first+1)
	return m, true
}

func (q *fakeQueue) put(m message) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.waits = append(q.waits, m)
}

// hit is one request that the receiver got.
type hit struct {
	header http.Header
	body   string
}

// world is an organization with one destination, its receiver, and everything between.
type world struct {
	*clock
	destinations *memory.Destinations
	deliveries   *memory.Deliveries
	due          *memory.Due
	journal      *memory.Journal
	tenancy      *memory.Tenancy
	payloads     *blob.Memory
	keyring      *secret.Keyring
	box          secret.Box
	queue        *fakeQueue
	server       *httptest.Server
	options      dispatch.Options
	deliverer    *dispatch.Deliverer
	secret       string

	mu   sync.Mutex
	hits []hit
	// answer is what the receiver does; 200 unless set.
	answer func(w http.ResponseWriter, r *http.Request, n int)
}

const destination = "dst_000000000001"

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{clock: &clock{at: start}, tenancy: memory.NewTenancy(), deliveries: memory.NewDeliveries(), due: memory.NewDue(), journal: memory.NewJournal(),
		payloads: blob.NewMemory(), keyring: secrettest.NewKeyring(t)}
	w.destinations, w.queue = memory.NewDestinations(w.tenancy), &fakeQueue{clock: w.clock}
	w.server = httptest.NewUnstartedServer(http.HandlerFunc(w.receive))
	w.server.Config.ErrorLog = log.New(io.Discard, "", 0)
	w.server.StartTLS()
	t.Cleanup(w.server.Close)
	key, err := w.keyring.NewDataKey(t.Context(), organization)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.tenancy.CreateOrganization(t.Context(), tenant.Organization{ID: organization, DataKey: key}); err != nil {
		t.Fatal(err)
	}
	if w.box, err = w.keyring.Open(t.Context(), organization, key); err != nil {
		t.Fatal(err)
	}
	headers, err := json.Marshal(map[string]string{"Authorization": "Basic bGVhZDo="})
	if err != nil {
		t.Fatal(err)
	}
	d := outbound.Destination{ID: destination, Organization: organization, Name: "CDP", URL: w.server.URL + "/events", Kind: outbound.Track, Status: outbound.Active,
		Headers: w.box.Seal(secret.PurposeHeaders, headers), HeaderNames: []string{"Authorization"}, CreatedAt: start, UpdatedAt: start, Rev: 1}
	var signer outbound.Secret
	w.secret, signer = w.newSecret(t)
	d.Secrets = []outbound.Secret{signer}
	if err := w.destinations.CreateDestination(t.Context(), d, nil); err != nil {
		t.Fatal(err)
	}
	w.options = dispatch.Options{Destinations: w.destinations, Deliveries: w.deliveries, Due: w.due, Journal: w.journal, Organizations: w.tenancy, Payloads: w.payloads,
		Keyring: w.keyring, Queue: w.queue, Client: w.client(outbound.ClientOptions{}), Remember: time.Minute, Now: w.now, Log: slog.New(slog.DiscardHandler)}
	w.deliverer = dispatch.New(w.options)
	return w
}

func (w *world) client(o outbound.ClientOptions) *outbound.Client {
	o.AllowLoopback, o.Now = true, w.now
	o.RootCAs = x509.NewCertPool()
	o.RootCAs.AddCert(w.server.Certificate())
	return outbound.NewClient(o)
}

// instance is another instance of the function: it remembers nothing of what this one does.
func (w *world) instance(change func(*dispatch.Options)) *dispatch.Deliverer {
	o := w.options
	if change != nil {
		change(&o)
	}
	return dispatch.New(o)
}

func (w *world) newSecret(t *testing.T) (string, outbound.Secret) {
	t.Helper()
	text, err := outbound.NewSecret(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return text, outbound.NewSigner(text, w.box.Seal(secret.PurposeSigningKey, []byte(text)), w.now())
}

func (w *world) receive(rw http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	w.mu.Lock()
	w.hits = append(w.hits, hit{r.Header, string(body)})
	n, answer := len(w.hits), w.answer
	w.mu.Unlock()
	if answer != nil {
		answer(rw, r, n)
	}
}

func (w *world) answers(answer func(w http.ResponseWriter, r *http.Request, n int)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.answer = answer
}

func status(code int) func(http.ResponseWriter, *http.Request, int) {
	return func(w http.ResponseWriter, _ *http.Request, _ int) { w.WriteHeader(code) }
}

func (w *world) got() []hit {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.hits)
}

// event makes the delivery of one event that came in now.
func (w *world) event(t *testing.T, source string) outbound.Delivery {
	t.Helper()
	return outbound.NewDelivery(w.destination(t), source, "ev_"+source, "opportunity updated", w.now(), []byte(`{"event":"`+source+`"}`))
}

func (w *world) destination(t *testing.T) outbound.Destination {
	t.Helper()
	d, err := w.destinations.Destination(t.Context(), organization, destination)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func (w *world) update(t *testing.T, d outbound.Destination) {
	t.Helper()
	if err := w.destinations.UpdateDestination(t.Context(), d, nil); err != nil {
		t.Fatal(err)
	}
}

func (w *world) logged(t *testing.T, d outbound.Delivery) outbound.LogEntry {
	t.Helper()
	e, err := w.deliveries.LoggedDelivery(t.Context(), organization, destination, d.ID)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func (w *world) notices(t *testing.T) (kinds []notice.Kind) {
	t.Helper()
	all, _, err := w.journal.Notices(t.Context(), organization, store.Page{Limit: 100})
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range slices.Backward(all) {
		if n.Subject != "destinations/"+destination || n.Text == "" || n.At.IsZero() {
			t.Errorf("a notice: %+v", n)
		}
		kinds = append(kinds, n.Kind)
	}
	return kinds
}

func (w *world) deliver(t *testing.T, d outbound.Delivery) {
	t.Helper()
	if err := w.deliverer.Deliver(t.Context(), d); err != nil {
		t.Fatal(err)
	}
}

// run delivers all that is due until a time, and sets the clock to it.
func (w *world) run(t *testing.T, until time.Time) {
	t.Helper()
	for range 10_000 {
		w.collectDue(t, until)
		m, found := w.queue.next()
		if !found || m.at.After(until) {
			if found {
				w.queue.put(m)
			}
			w.set(until)
			return
		}
		w.set(m.at)
		d, err := outbound.Decode(m.body)
		if err != nil {
			t.Fatal(err)
		}
		w.deliver(t, d)
	}
	t.Fatal("there is no end to it")
}

// collectDue moves due items to the queue, as the function schedule does.
func (w *world) collectDue(t *testing.T, until time.Time) {
	t.Helper()
	items, _, _, err := w.due.DueBefore(t.Context(), store.DueMinute(start), until.Add(1), 1000)
	if err != nil {
		t.Fatal(err)
	}
	for _, item := range items {
		if item.Queue != outbound.DueQueue || item.Group != organization {
			t.Errorf("due: %+v", item)
		}
		w.queue.put(message{item.At, item.Body})
		if err := w.due.Finished(t.Context(), item); err != nil {
			t.Fatal(err)
		}
	}
}
