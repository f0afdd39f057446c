package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"leadline/shared/blob"
	"leadline/shared/delivery"
	"leadline/shared/fault"
	"leadline/shared/mail"
	"leadline/shared/notice"
	"leadline/shared/outbound"
	"leadline/shared/outbound/dispatch"
	"leadline/shared/secret"
	"leadline/shared/secret/secrettest"
	"leadline/shared/store/memory"
	"leadline/shared/tenant"
)

const (
	organization = "org_0a1b2c3d4e5f"
	destination  = "dst_0a1b2c3d4e5f"
)

// queueOfNothing takes every message.
type queueOfNothing struct{}

func (queueOfNothing) SendAfter(context.Context, string, []byte, time.Duration) error { return nil }

// world is a destination with a receiver that takes everything, and notes the bodies.
type world struct {
	handler    *handler
	deliveries *memory.Deliveries
	payloads   *blob.Memory
	journal    *memory.Journal
	log        bytes.Buffer

	mu  sync.Mutex
	got []string
	// mails are the addresses that mail was sent to.
	mails []string
}

// Send is the mail service.
func (w *world) Send(_ context.Context, l mail.Letter) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.mails = append(w.mails, l.To)
	return nil
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{deliveries: memory.NewDeliveries(), payloads: blob.NewMemory(), journal: memory.NewJournal()}
	server := httptest.NewTLSServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.mu.Lock()
		defer w.mu.Unlock()
		w.got = append(w.got, r.Header.Get("Webhook-Id")+" "+string(body))
	}))
	t.Cleanup(server.Close)
	ctx, tenancy, keyring := t.Context(), memory.NewTenancy(), secrettest.NewKeyring(t)
	key, err := keyring.NewDataKey(ctx, organization)
	if err != nil {
		t.Fatal(err)
	}
	box, err := keyring.Open(ctx, organization, key)
	if err != nil {
		t.Fatal(err)
	}
	text, err := outbound.NewSecret(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if err := tenancy.CreateOrganization(ctx, tenant.Organization{ID: organization, DataKey: key}); err != nil {
		t.Fatal(err)
	}
	destinations := memory.NewDestinations(tenancy)
	d := outbound.Destination{ID: destination, Organization: organization, URL: server.URL, Status: outbound.Active, Rev: 1,
		Secrets: []outbound.Secret{outbound.NewSigner(text, box.Seal(secret.PurposeSigningKey, []byte(text)), time.Now())}}
	if err := destinations.CreateDestination(ctx, d, nil); err != nil {
		t.Fatal(err)
	}
	members := memory.NewMembers(tenancy)
	if err := members.CreatePerson(ctx, tenant.Person{ID: "per_1", Organization: organization, Email: "ada@example.com", Role: tenant.Admin, Rev: 1}, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := w.journal.Tell(ctx, notice.Notice{ID: "01KANQ7P0000000000000000N1", Organization: organization, Kind: notice.JobFailed, Text: "It failed."}); err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	log := slog.New(slog.NewJSONHandler(&w.log, nil))
	w.handler = &handler{log: log, maxReceives: 5, deliverer: dispatch.New(dispatch.Options{
		Destinations: destinations, Organizations: tenancy, Deliveries: w.deliveries, Due: memory.NewDue(), Journal: w.journal, Payloads: w.payloads,
		Keyring: keyring, Queue: queueOfNothing{}, Client: outbound.NewClient(outbound.ClientOptions{AllowLoopback: true, RootCAs: roots}),
		Remember: time.Minute, Now: time.Now, Log: log,
	}), mailer: mail.New(mail.Options{Journal: w.journal, Organizations: tenancy, People: members, Sender: w, Queue: queueOfNothing{},
		From: "notices@leadline.test", BaseURL: "https://leadline.test", Now: time.Now, Log: log})}
	return w
}

func handle(t *testing.T, h *handler, event events.SQSEvent) (failed []string) {
	t.Helper()
	response, err := h.Handle(t.Context(), event)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range response.BatchItemFailures {
		failed = append(failed, f.ItemIdentifier)
	}
	return failed
}

// TestSampleEvents processes each of events/deliver and holds what comes of it against what its name promises. Of the
// second sample's deliveries the log knows one failed attempt.
func TestSampleEvents(t *testing.T) {
	want := map[string]struct{ sent, mailed, failed int }{
		"01-two-events.json": {2, 0, 0}, "02-retry-and-replay.json": {2, 0, 0}, "03-undecodable.json": {1, 0, 1}, "04-body-in-bucket.json": {1, 0, 0},
		"05-destination-gone.json": {0, 0, 0}, "06-mail-and-unknown.json": {0, 1, 1},
	}
	files, err := filepath.Glob("../../events/deliver/*.json")
	if err != nil || len(files) != len(want) {
		t.Fatalf("events/deliver holds %d samples, this test knows %d", len(files), len(want))
	}
	for _, path := range files {
		w := newWorld(t)
		var packed bytes.Buffer
		if err := delivery.Pack(&packed, []byte(`{"type":"track","messageId":"ev_6"}`)); err != nil {
			t.Fatal(err)
		}
		if err := w.payloads.Put(t.Context(), "outbound/"+organization+"/01KANQ7P0000000000000000E6-"+destination+".gz", packed.Bytes()); err != nil {
			t.Fatal(err)
		}
		for _, n := range []string{"3", "4"} {
			d := outbound.NewDelivery(outbound.Destination{ID: destination, Organization: organization}, "01KANQ7P0000000000000000E"+n, "ev_"+n, "x", time.Now(),
				[]byte(`{"messageId":"ev_`+n+`"}`))
			e := outbound.LogEntry{Delivery: d, Outcome: outbound.Retrying, Attempts: []outbound.Attempt{{Number: 1, Status: 500}}, Rev: 1}
			if err := w.deliveries.LogDelivery(t.Context(), e, time.Time{}); err != nil {
				t.Fatal(err)
			}
		}
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var event events.SQSEvent
		if err := json.Unmarshal(text, &event); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		for i := range event.Records { // the sample cannot know how long the object is
			event.Records[i].Body = strings.Replace(event.Records[i].Body, `"length":0`, `"length":`+strconv.Itoa(packed.Len()), 1)
		}
		failed := handle(t, w.handler, event)
		if got := (struct{ sent, mailed, failed int }{len(w.got), len(w.mails), len(failed)}); got != want[filepath.Base(path)] {
			t.Errorf("%s: got %+v, want %+v\n%s", filepath.Base(path), got, want[filepath.Base(path)], w.log.String())
		}
		for _, hit := range w.got {
			if id, body, _ := strings.Cut(hit, " "); !strings.Contains(body, `"`+id+`"`) {
				t.Errorf("%s: sent %s", filepath.Base(path), hit)
			}
		}
	}
}

// deliverFunc is a deliverer.
type deliverFunc func(context.Context, outbound.Delivery) error

func (f deliverFunc) Deliver(ctx context.Context, m outbound.Delivery) error { return f(ctx, m) }

func (deliverFunc) Miss(context.Context, outbound.Delivery) error { return nil }

func event(t *testing.T, n int) (e events.SQSEvent) {
	t.Helper()
	for i := range n {
		d := outbound.NewDelivery(outbound.Destination{ID: destination, Organization: organization}, fmt.Sprint("S", i), "ev", "x", time.Now(), []byte(`{"secret":"hunter2"}`))
		body, err := d.Encode()
		if err != nil {
			t.Fatal(err)
		}
		e.Records = append(e.Records, events.SQSMessage{MessageId: fmt.Sprint("m", i), Body: string(body)})
	}
	return e
}

// TestOnlyWhatFailedIsDeliveredAgain: neither an error nor a panic of one message is one of the others, and no body is
// logged.
func TestOnlyWhatFailedIsDeliveredAgain(t *testing.T) {
	var log bytes.Buffer
	h := &handler{log: slog.New(slog.NewJSONHandler(&log, nil)), maxReceives: 5, deliverer: deliverFunc(func(_ context.Context, m outbound.Delivery) error {
		switch m.ID[:2] {
		case "S1":
			return fault.New(fault.Unavailable, "x", "down")
		case "S3":
			panic(string(m.Body))
		}
		return nil
	})}
	if failed := handle(t, h, event(t, 5)); !slices.Equal(failed, []string{"m1", "m3"}) {
		t.Errorf("reported %v", failed)
	}
	if text := log.String(); strings.Contains(text, "hunter2") || !strings.Contains(text, `"code":"panic"`) || !strings.Contains(text, "S1-"+destination) {
		t.Errorf("the log: %s", text)
	}
}

// TestMessagesOfABatchDoNotWaitForEachOther: each is under way before any ends.
func TestMessagesOfABatchDoNotWaitForEachOther(t *testing.T) {
	const n = 10
	var under sync.WaitGroup
	under.Add(n)
	h := &handler{log: slog.New(slog.DiscardHandler), maxReceives: 5, deliverer: deliverFunc(func(context.Context, outbound.Delivery) error {
		under.Done()
		under.Wait()
		return nil
	})}
	if failed := handle(t, h, event(t, n)); len(failed) != 0 {
		t.Errorf("reported %v", failed)
	}
}

// TestTheLastReceive is not spent on an attempt that failed each time before: the log says that it was missed, and nothing
// ends among the dead letters, nor waits in the log for ever.
func TestTheLastReceive(t *testing.T) {
	w := newWorld(t)
	for count, want := range map[string]outbound.Outcome{"4": outbound.Delivered, "5": outbound.Retrying, "6": outbound.Retrying} {
		e := event(t, 1)
		e.Records[0].Body = strings.Replace(e.Records[0].Body, "S0", "S"+count, 1)
		e.Records[0].Attributes = map[string]string{"ApproximateReceiveCount": count}
		if failed := handle(t, w.handler, e); len(failed) != 0 {
			t.Errorf("receive %s: reported %v", count, failed)
		}
		logged, err := w.deliveries.LoggedDelivery(t.Context(), organization, destination, "S"+count+"-"+destination)
		if err != nil || logged.Outcome != want || len(logged.Attempts) != 1 {
			t.Errorf("receive %s: %+v, %v", count, logged, err)
		}
	}
	if len(w.got) != 1 {
		t.Errorf("%d requests", len(w.got))
	}
}

// mailFunc is a mailer; it says at the last receive that it missed.
type mailFunc func(m mail.Message, missed bool) error

func (f mailFunc) Deliver(_ context.Context, m mail.Message) error { return f(m, false) }

func (f mailFunc) Miss(_ context.Context, m mail.Message) error { return f(m, true) }

// TestMailAndDeliveriesShareABatch: each kind goes its own way, and a failure of one is not one of the others.
func TestMailAndDeliveriesShareABatch(t *testing.T) {
	var log bytes.Buffer
	var delivered, mailed []string
	var mu sync.Mutex
	h := &handler{log: slog.New(slog.NewJSONHandler(&log, nil)), maxReceives: 5, deliverer: deliverFunc(func(_ context.Context, m outbound.Delivery) error {
		mu.Lock()
		defer mu.Unlock()
		delivered = append(delivered, m.ID)
		return nil
	}), mailer: mailFunc(func(m mail.Message, missed bool) error {
		mu.Lock()
		defer mu.Unlock()
		mailed = append(mailed, fmt.Sprint(m.Notice, " ", missed))
		if m.Notice == "N2" {
			return fault.New(fault.Unavailable, "x", "down")
		}
		return nil
	})}
	e := event(t, 2)
	for n, count := range []string{"1", "5", "4", "6"} {
		text, err := mail.Message{Organization: organization, Notice: fmt.Sprint("N", n)}.Encode()
		if err != nil {
			t.Fatal(err)
		}
		e.Records = append(e.Records, events.SQSMessage{MessageId: fmt.Sprint("mail", n), Body: string(text), Attributes: map[string]string{"ApproximateReceiveCount": count}})
	}
	for _, wrong := range []string{`{"kind":"mail","v":1}`, `{"kind":"mail","v":2,"organization":"o","notice":"n"}`, `{"kind":"fax"}`} {
		e.Records = append(e.Records, events.SQSMessage{MessageId: wrong, Body: wrong})
	}
	failed := handle(t, h, e)
	slices.Sort(delivered)
	slices.Sort(mailed)
	if !slices.Equal(failed, []string{"mail2", `{"kind":"mail","v":1}`, `{"kind":"mail","v":2,"organization":"o","notice":"n"}`, `{"kind":"fax"}`}) {
		t.Errorf("reported %q", failed)
	}
	if len(delivered) != 2 || !slices.Equal(mailed, []string{"N0 false", "N1 true", "N2 false", "N3 true"}) {
		t.Errorf("delivered %q, mailed %q", delivered, mailed)
	}
	if !strings.Contains(log.String(), "the mail about notice N2") {
		t.Errorf("the log: %s", log.String())
	}
}
