package replay_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"leadline/shared/blob"
	"leadline/shared/delivery"
	"leadline/shared/fault"
	"leadline/shared/job"
	"leadline/shared/quarantine"
	"leadline/shared/record"
	"leadline/shared/replay"
	"leadline/shared/store"
	"leadline/shared/store/memory"
)

const (
	organization = "org_000000000001"
	connection   = "conn_000000000001"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// world is a Replayer over memory, with a queue that fails after so many messages.
type world struct {
	t        *testing.T
	intake   *memory.Intake
	payloads *blob.Memory
	mu       sync.Mutex
	got      []delivery.Delivery
	fails    int // after so many messages; 0 for never
	*replay.Replayer
}

func newWorld(t *testing.T) *world {
	w := &world{t: t, intake: memory.NewIntake(), payloads: blob.NewMemory()}
	w.Replayer = replay.New(replay.Options{Intake: w.intake, Connections: memory.NewTenancy(), Inbox: replay.Inbox{Queue: w, Payloads: w.payloads},
		Now: func() time.Time { return noon }, Random: rand.Reader})
	return w
}

func (w *world) Send(_ context.Context, group string, body []byte) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	d, err := delivery.Decode(body)
	if err != nil || group != d.Organization || len(body) > 256<<10 {
		w.t.Errorf("a message of %d bytes for %s: %v", len(body), group, err)
	}
	if w.fails > 0 && len(w.got) >= w.fails {
		return fault.New(fault.Unavailable, "unavailable", "no")
	}
	w.got = append(w.got, d)
	return nil
}

func webhook(n int) quarantine.Entry {
	return quarantine.Entry{ID: fmt.Sprintf("01KANQ7P000000000%09d", n), Organization: organization, Connection: connection, Connector: "close",
		Reason: quarantine.FutureVersion, Object: "lead", Kind: delivery.Webhook, ReceivedAt: noon.Add(-time.Hour), Status: quarantine.Open,
		Payload: record.PayloadRef{Key: fmt.Sprint("archive/", n), Offset: 7, Length: 9}}
}

// row is row n of a batch, in a payload that begins with row first.
func row(batch string, first, n int) quarantine.Entry {
	return quarantine.Entry{ID: fmt.Sprintf("%s-%08d", batch, n), Organization: organization, Connection: connection, Connector: "client",
		Reason: quarantine.SchemaMismatch, Object: "deals", Kind: delivery.Push, Batch: batch, Public: "bat_" + batch, Client: "cli_1",
		Row: n, Index: n - first, ReceivedAt: noon.Add(-time.Hour), Status: quarantine.Open,
		Payload: record.PayloadRef{Key: "archive/" + batch, Offset: int64(first), Length: 9}}
}

func (w *world) store(entries ...quarantine.Entry) {
	w.t.Helper()
	for _, e := range entries {
		if err := w.intake.SetAside(w.t.Context(), e); err != nil {
			w.t.Fatal(err)
		}
	}
}

func jobOf(p job.ReplayParams) job.Job {
	if p.Until == "" {
		p.Until = "7ZZZZZZZZZZZZZZZZZZZZZZZZZ"
	}
	params, _ := json.Marshal(p)
	return job.Job{ID: "job_1", Organization: organization, Kind: job.Replay, Params: params, Status: job.Running}
}

// run does a job to its end.
func (w *world) run(j job.Job) job.Job {
	w.t.Helper()
	for range 100 {
		var err error
		if j, err = w.Step(w.t.Context(), j); err != nil {
			w.t.Fatal(err)
		}
		if j.Status == job.Done {
			return j
		}
	}
	w.t.Fatal("the job does not end")
	return j
}

// replayed gives the ids of the entries that were sent, sorted, with repetitions.
func (w *world) replayed() []string {
	var ids []string
	for _, d := range w.got {
		if d.Replay != "" {
			ids = append(ids, d.Replay)
		}
		for _, r := range d.Rows {
			ids = append(ids, r.Entry)
		}
	}
	slices.Sort(ids)
	return ids
}

func TestMessageOfAWebhook(t *testing.T) {
	e := webhook(1)
	got, err := replay.Message(e, "01NEW", nil)
	want := delivery.Delivery{ID: "01NEW", Organization: organization, Connection: connection, Connector: "close", Kind: delivery.Webhook,
		ReceivedAt: e.ReceivedAt, Payload: &e.Payload, Replay: e.ID}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v %s", err, diff)
	}
	got, err = replay.Message(e, "01NEW", []byte(`{"event":{}}`))
	want.Payload, want.Body, want.Corrected = nil, []byte(`{"event":{}}`), true
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("corrected: %v %s", err, diff)
	}
}

func TestMessageOfARow(t *testing.T) {
	e := row("01BATCH", 5001, 5004)
	got, err := replay.Message(e, "01NEW", nil)
	want := delivery.Delivery{ID: "01NEW", Organization: organization, Connection: connection, Connector: "client", Kind: delivery.Push,
		ReceivedAt: e.ReceivedAt, Payload: &e.Payload, Rows: []delivery.RowReplay{{Entry: e.ID, Index: 3}},
		Batch: &delivery.BatchPart{ID: "01BATCH", Public: "bat_01BATCH", Client: "cli_1", Object: "deals", First: 5001}}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v %s", err, diff)
	}
	e.Object = `de"als`
	got, err = replay.Message(e, "01NEW", []byte(`{"id":1,"action":"create"}`))
	want.Payload, want.Corrected, want.Rows[0].Index, want.Batch.First, want.Batch.Object = nil, true, 0, 5004, e.Object
	want.Body = []byte(`{"objectname":"de\"als","data":[{"id":1,"action":"create"}]}`)
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("corrected: %v %s", err, diff)
	}
}

func TestMessageOfAWholeBatch(t *testing.T) {
	e := row("01BATCH", 1, 1)
	e.ID, e.Row, e.Index, e.Reason = "01BATCH", 0, 0, quarantine.BatchReused
	got, err := replay.Message(e, "01NEW", nil)
	if err != nil || got.Replay != "01BATCH" || got.Rows != nil || got.Batch == nil || got.Batch.First != 1 || got.Batch.Claim != "" {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestWhatIsCorrectedMustBeJSON(t *testing.T) {
	for _, text := range []string{"", "{", `{}],"objectname":"other","data":[{}`} {
		if _, err := replay.Message(row("01BATCH", 1, 1), "01NEW", []byte(text)); !fault.Is(err, fault.Invalid) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestALargeBodyLiesInTheBucket(t *testing.T) {
	w := newWorld(t)
	body := append(append([]byte(`{"event":"`), bytes.Repeat([]byte("x"), 1<<20)...), `"}`...)
	d, err := replay.Message(webhook(1), "01NEW", body)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Inbox.Send(t.Context(), d); err != nil || len(w.got) != 1 || w.got[0].Payload == nil {
		t.Fatalf("sent %d, %v", len(w.got), err)
	}
	packed, err := w.payloads.Get(t.Context(), "inbox/"+organization+"/01NEW.gz")
	if err != nil || w.got[0].Payload.Length != int64(len(packed)) || !w.got[0].Corrected {
		t.Fatalf("%+v, %v", w.got[0].Payload, err)
	}
	if got, err := delivery.Unpack(packed); err != nil || !bytes.Equal(got, body) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
}

func TestTheJobReplaysWhatTheFilterSelects(t *testing.T) {
	until := webhook(5)
	for name, c := range map[string]struct {
		params job.ReplayParams
		want   []string
	}{
		"all":           {job.ReplayParams{}, []string{webhook(1).ID, webhook(2).ID, webhook(9).ID, row("01BATCH", 1, 1).ID}},
		"until":         {job.ReplayParams{Until: until.ID}, []string{webhook(1).ID, webhook(2).ID, row("01BATCH", 1, 1).ID}},
		"by reason":     {job.ReplayParams{Reason: string(quarantine.SchemaMismatch)}, []string{row("01BATCH", 1, 1).ID}},
		"by object":     {job.ReplayParams{Object: "deals"}, []string{row("01BATCH", 1, 1).ID}},
		"by connection": {job.ReplayParams{Connection: "conn_other"}, []string{webhook(2).ID}},
		"nothing":       {job.ReplayParams{Object: "none"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			other, resolved, discarded, foreign := webhook(2), webhook(3), webhook(4), webhook(6)
			other.Connection, foreign.Organization = "conn_other", "org_other"
			w.store(webhook(1), other, resolved, discarded, foreign, webhook(9), row("01BATCH", 1, 1))
			if err := w.intake.Resolve(t.Context(), organization, resolved.ID, noon); err != nil {
				t.Fatal(err)
			}
			if err := w.intake.Discard(t.Context(), organization, discarded.ID, noon); err != nil {
				t.Fatal(err)
			}
			j := w.run(jobOf(c.params))
			slices.Sort(c.want)
			if got := w.replayed(); !slices.Equal(got, c.want) || j.Counts[replay.CountFound] != int64(len(c.want)) {
				t.Errorf("replayed %v, %v, want %v", got, j.Counts, c.want)
			}
		})
	}
}

func TestRowsOfOnePayloadGoTogether(t *testing.T) {
	w := newWorld(t)
	var want []string
	for n := range 2400 {
		e := row("01BATCHA", 1+n/1200*5000, 1+n/1200*5000+n%1200) // two payloads of 1,200 rows each
		w.store(e)
		want = append(want, e.ID)
	}
	w.store(webhook(1), row("01BATCHB", 1, 1))
	want = append(want, webhook(1).ID, row("01BATCHB", 1, 1).ID)
	slices.Sort(want)
	j := w.run(jobOf(job.ReplayParams{}))
	if got := w.replayed(); !slices.Equal(got, want) {
		t.Fatalf("replayed %d entries, want %d", len(got), len(want))
	}
	if len(w.got) > 12 || j.Counts[replay.CountMessages] != int64(len(w.got)) || j.Counts[replay.CountReplayed] != 2402 {
		t.Errorf("%d messages, %v", len(w.got), j.Counts)
	}
	ids := map[string]bool{}
	for _, d := range w.got {
		if ids[d.ID] || len(d.Rows) > 1000 {
			t.Errorf("%d rows under %s", len(d.Rows), d.ID)
		}
		ids[d.ID] = true
		for _, r := range d.Rows {
			e, err := w.intake.Entry(t.Context(), organization, r.Entry)
			if err != nil || *d.Payload != e.Payload || d.Batch.ID != e.Batch || d.Batch.First+r.Index != e.Row || r.Index != e.Index {
				t.Fatalf("row %+v of %+v is not %+v", r, d, e)
			}
		}
	}
}

func TestACrashRepeatsOnePageAtMost(t *testing.T) {
	w := newWorld(t)
	var want []string
	for n := range 1300 {
		w.store(webhook(n))
		want = append(want, webhook(n).ID)
	}
	w.fails = 700
	j := jobOf(job.ReplayParams{})
	var err error
	for err == nil {
		saved := j
		if j, err = w.Step(t.Context(), j); err != nil {
			j = saved
		}
	}
	if !fault.Is(err, fault.Unavailable) || j.Counts[replay.CountReplayed] != 500 {
		t.Fatalf("failed with %v at %v", err, j.Counts)
	}
	w.fails = 0
	j = w.run(j)
	got := w.replayed()
	if len(got) > len(want)+500 || j.Counts[replay.CountReplayed] != 1300 {
		t.Errorf("%d were sent, %v", len(got), j.Counts)
	}
	if got = slices.Compact(got); !slices.Equal(got, want) {
		t.Errorf("%d of %d were replayed", len(got), len(want))
	}
}

func TestWhatIsSetAsideMeanwhileIsNotReplayed(t *testing.T) {
	w := newWorld(t)
	for n := range 600 {
		w.store(webhook(n))
	}
	j, err := w.Step(t.Context(), jobOf(job.ReplayParams{Until: webhook(599).ID}))
	if err != nil {
		t.Fatal(err)
	}
	w.store(webhook(700))
	w.run(j)
	if got := w.replayed(); len(got) != 600 {
		t.Errorf("%d were replayed", len(got))
	}
}

func TestAStepDoesNotChangeTheJobItWasGiven(t *testing.T) {
	w := newWorld(t)
	w.store(webhook(1))
	j := jobOf(job.ReplayParams{})
	j.Counts = map[string]int64{replay.CountFound: 1}
	if next, err := w.Step(t.Context(), j); err != nil || next.Counts[replay.CountFound] != 2 || j.Counts[replay.CountFound] != 1 {
		t.Errorf("%v became %v, %v", j.Counts, next.Counts, err)
	}
}

func TestAJobWithoutParams(t *testing.T) {
	w := newWorld(t)
	for _, params := range []string{"", "{}", "[]"} {
		if _, err := w.Step(t.Context(), job.Job{Organization: organization, Params: []byte(params)}); !fault.Is(err, fault.Invalid) {
			t.Errorf("%q: %v", params, err)
		}
	}
}

type broken struct{ store.Intake }

func (broken) Entries(context.Context, string, store.QuarantineFilter, store.Page) ([]quarantine.Entry, string, error) {
	return nil, "", fault.New(fault.RateLimited, "throttled", "no")
}

func TestATableThatFails(t *testing.T) {
	w := newWorld(t)
	w.Intake = broken{w.intake}
	if _, err := w.Step(t.Context(), jobOf(job.ReplayParams{})); !fault.Is(err, fault.RateLimited) {
		t.Errorf("got %v", err)
	}
}
