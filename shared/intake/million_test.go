package intake_test

import (
	"context"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"leadline/shared/delivery"
	"leadline/shared/fault"
	"leadline/shared/intake"
	"leadline/shared/intake/intaketest"
	"leadline/shared/push"
	"leadline/shared/quarantine"
	"leadline/shared/record"
	"leadline/shared/schema"
	"leadline/shared/store"
)

var rowsPushed = flag.Int("rows", 100_000, "rows that a thousand clients push")

const clients = 1_000

// throttledRecords refuses one call in a hundred, as a table that is too busy, and keeps a list of the writes that went
// through.
type throttledRecords struct {
	store.Records
	calls, throttled *atomic.Int64
	mu               *sync.Mutex
	// writes counts the writes of each record by the batch that caused them.
	writes map[string]map[string]int
}

func (s *throttledRecords) busy() error {
	if s.calls.Add(1)%100 != 0 {
		return nil
	}
	s.throttled.Add(1)
	return fault.New(fault.RateLimited, "throttled", "too many requests")
}

func (s *throttledRecords) Get(ctx context.Context, key record.Key) (record.Record, error) {
	if err := s.busy(); err != nil {
		return record.Record{}, err
	}
	return s.Records.Get(ctx, key)
}

func (s *throttledRecords) Replace(ctx context.Context, r record.Record, rev int64) (bool, *record.Record, error) {
	if err := s.busy(); err != nil {
		return false, nil, err
	}
	replaced, standing, err := s.Records.Replace(ctx, r, rev)
	if replaced {
		name := r.Connection + "/" + r.ID
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.writes[name] == nil {
			s.writes[name] = map[string]int{}
		}
		s.writes[name][r.Source.Delivery]++
	}
	return replaced, standing, err
}

// TestMillion: a thousand clients push rows in batches of 1 to 10,000, some sent again under their key, all shuffled, some
// delivered twice at once, with throttled writes and with functions that die in the middle. No row is lost, and none is
// applied twice. All of the million: go test ./shared/intake -run TestMillion -args -rows 1000000
func TestMillion(t *testing.T) {
	w := newWorld(1)
	pushes, queue := w.million(*rowsPushed)
	table := &throttledRecords{Records: w.records, calls: &atomic.Int64{}, throttled: &atomic.Int64{}, mu: &sync.Mutex{}, writes: map[string]map[string]int{}}
	start := time.Now()
	deliveries, crashes, retries := w.drain(queue, table)

	lost, twice, aside := 0, 0, 0
	for connection, sent := range pushes {
		for i := range sent {
			if sent[i].Delivery == "" { // its sender's own key says which delivery is the batch
				claim, err := w.batches.Claimed(t.Context(), organization, sent[i].key)
				if err != nil {
					t.Fatal(err)
				}
				sent[i].Delivery, sent[i].At = claim.Batch, claim.ReceivedAt
			}
			for n, r := range sent[i].Rows {
				if !r.Bad {
					continue
				}
				aside++
				if _, err := w.intake.Entry(t.Context(), organization, fmt.Sprintf("%s-%08d", sent[i].Delivery, n+1)); err != nil {
					t.Errorf("row %d of %s is neither applied nor set aside: %v", n+1, sent[i].Delivery, err)
					lost++
				}
			}
			if b, err := w.batches.Batch(t.Context(), organization, sent[i].Delivery); err != nil || b.Status != push.Finished || b.Rows != int64(len(sent[i].Rows)) {
				t.Errorf("batch %s: %+v, %v", sent[i].Delivery, b, err)
			}
		}
		lost += w.missing(t, connection, history(sent))
	}
	for name, writes := range table.writes {
		revs := 0
		for _, n := range writes {
			revs += n
			twice += n - 1
		}
		connection, id, _ := strings.Cut(name, "/")
		r, err := w.records.Get(t.Context(), record.Key{Organization: organization, Connection: connection, Object: "deals", ID: id})
		if err != nil || r.Rev != int64(revs) {
			t.Errorf("record %s was written %d times and has revision %d, %v", name, revs, r.Rev, err)
		}
	}
	entries := w.countEntries(t)
	if lost > 0 || twice > 0 || entries != aside {
		t.Errorf("%d rows lost, %d applied twice, %d of %d set aside", lost, twice, entries, aside)
	}
	t.Logf("%d clients, %d rows, %d batches in %d deliveries (%d crashes, %d retries, %d throttled calls of %d): %d records, %d rows set aside, %d lost, %d applied twice; %.1f s",
		len(pushes), *rowsPushed, deliveries, len(queue), crashes, retries, table.throttled.Load(), table.calls.Load(), len(table.writes), entries, lost, twice, time.Since(start).Seconds())
}

// keyed is a push with the sender's own key, empty for none.
type keyed struct {
	intaketest.Push
	key string
}

func history(sent []keyed) []intaketest.Push {
	pushes := make([]intaketest.Push, len(sent))
	for i, s := range sent {
		pushes[i] = s.Push
	}
	return pushes
}

// million makes what the clients push, by connection, and the deliveries of it in the order of their arrival.
func (w *world) million(rows int) (map[string][]keyed, []delivery.Delivery) {
	pushes := map[string][]keyed{}
	var queue []delivery.Delivery
	for n := 0; rows > 0; n++ {
		connection := fmt.Sprintf("conn_%012d", n%clients)
		size := 1 + w.r.IntN(20) // everybody pushes something
		if n >= clients {
			connection = fmt.Sprintf("conn_%012d", w.r.IntN(clients))
			size = []int{1 + w.r.IntN(10), 1 + w.r.IntN(100), 1 + w.r.IntN(1_000), 1 + w.r.IntN(push.MaxRows)}[w.r.IntN(4)]
		}
		declared := connection[len(connection)-1]%2 == 0 // the others begin with their first dump
		if n < clients && declared {
			if err := w.declareFor(connection); err != nil {
				return nil, nil
			}
		}
		p := keyed{Push: intaketest.Push{Object: "deals", Rows: w.somePushed(min(size, rows), declared)}}
		rows -= len(p.Rows)
		times := 1
		if w.r.IntN(4) == 0 {
			p.key = fmt.Sprintf("key-%d", n)
			times += w.r.IntN(3)
		}
		body := p.Body(false)
		for range times { // each a request of its own
			w.now = w.now.Add(time.Duration(w.r.IntN(2_000)) * time.Microsecond)
			d := w.pushed("deals", body, p.key)
			d.Connection = connection
			if p.key == "" {
				p.Delivery, p.At = d.ID, d.ReceivedAt
			}
			for range 1 + w.r.IntN(8)/7 { // and some come twice out of the queue
				queue = append(queue, d)
			}
		}
		pushes[connection] = append(pushes[connection], p)
	}
	w.r.Shuffle(len(queue), func(i, j int) { queue[i], queue[j] = queue[j], queue[i] })
	return pushes, queue
}

// declareFor stores the object of a client that declares it.
func (w *world) declareFor(connection string) error {
	fields := []schema.Field{{Name: "amount", Type: schema.Number}, {Name: "id", Type: schema.Text}, {Name: "stage", Type: schema.Text}, {Name: "title", Type: schema.Text}}
	return w.schemas.SaveObject(context.Background(), schema.Object{Organization: organization, Connection: connection, Name: "deals", Title: "Deals",
		IDField: "id", State: schema.Confirmed, Present: schema.Version{Number: 1, Fields: fields, Origin: schema.Template}, Rev: 1}, true)
}

// somePushed makes rows: the first creates a record with all fields, so that any batch can be the first of its object. Only
// where the object is declared can a row break it whatever comes first.
func (w *world) somePushed(n int, declared bool) []intaketest.Row {
	rows := make([]intaketest.Row, n)
	for i := range rows {
		name := fmt.Sprint(w.r.IntN(1 + 4*n/5))
		r := intaketest.Row{ID: name, Name: name, Action: "update", Values: map[string]string{"amount": fmt.Sprintf("%d.50", w.r.IntN(1000))}}
		if w.r.IntN(3) == 0 || i == 0 {
			r.Action = "create"
			r.Values["title"], r.Values["stage"] = fmt.Sprintf("%q", name), `"open"`
		}
		switch dice := w.r.IntN(200); {
		case i == 0:
		case dice < 8:
			r.Action = "delete"
		case dice < 9:
			r.Action, r.Bad = "upsert", true
		case dice < 10:
			if declared {
				r.Values["amount"], r.Bad = `["much"]`, true
			}
		case dice < 60:
			r.Values["stage"] = []string{`"won"`, `"lost"`, "null"}[w.r.IntN(3)]
		}
		rows[i] = r
	}
	return rows
}

// drain runs functions side by side over the queue, ten deliveries at a time, until nothing is left. One run in five
// dies. What failed goes back to the queue.
func (w *world) drain(queue []delivery.Delivery, table store.Records) (batches, crashes, retries int) {
	var (
		mu   sync.Mutex
		wait sync.WaitGroup
		left = slices.Clone(queue)
		busy int
	)
	seen := map[string]bool{}
	for _, d := range queue {
		seen[d.Batch.ID] = true
	}
	work := func(r *rand.Rand) {
		var in *intake.Intake
		var p *process
		for {
			mu.Lock()
			n := min(10, len(left))
			if n == 0 && busy == 0 {
				mu.Unlock()
				return
			}
			mine := left[:n]
			left = left[n:]
			busy++
			mu.Unlock()
			rows := 0
			for _, d := range mine {
				rows += strings.Count(string(d.Body), `"id"`)
			}
			if in == nil || p.crashed() {
				p = &process{}
				in = intake.New(w.within(p, table))
			}
			if r.IntN(5) == 0 {
				p.mu.Lock()
				p.at, p.after = p.steps+1+r.IntN(1+3*rows), r.IntN(2) == 0
				p.mu.Unlock()
			}
			errs := in.Process(context.Background(), mine)
			mu.Lock()
			busy--
			if p.crashed() {
				crashes++
			}
			for i, err := range errs {
				if err != nil {
					left = append(left, mine[i])
					retries++
				}
			}
			mu.Unlock()
		}
	}
	for i := range 3 {
		wait.Go(func() { work(rand.New(rand.NewPCG(7, uint64(i)))) })
	}
	wait.Wait()
	return len(seen), crashes, retries
}

// missing counts the records of a connection that are not what the fold of its pushes says.
func (w *world) missing(t *testing.T, connection string, pushes []intaketest.Push) int {
	t.Helper()
	want, found := intaketest.FoldRows(pushes, false), map[string]bool{}
	missing := 0
	for page := (store.Page{Limit: 1000}); ; {
		records, next, err := w.records.List(t.Context(), organization, connection, "deals", page)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range records {
			found[r.ID] = true
			state := want[r.ID]
			if r.Deleted != state.Deleted || string(r.Fields.Canonical()) != state.Content() {
				missing++
				t.Errorf("record %s/%s:\n  stored %t %s\n  folded %t %s", connection, r.ID, r.Deleted, r.Fields.Canonical(), state.Deleted, state.Content())
			}
		}
		if page.Cursor = next; next == "" {
			break
		}
	}
	for id := range maps.Keys(want) {
		if !found[id] {
			missing++
			t.Errorf("record %s/%s is missing", connection, id)
		}
	}
	return missing
}

func (w *world) countEntries(t *testing.T) int {
	t.Helper()
	n := 0
	for page := (store.Page{Limit: 1000}); ; {
		entries, next, err := w.intake.Entries(t.Context(), organization, store.QuarantineFilter{}, page)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			if e.Reason != quarantine.UnknownAction && e.Reason != quarantine.SchemaMismatch {
				t.Errorf("%s was set aside: %s", e.ID, e.Reason)
			}
		}
		n += len(entries)
		if page.Cursor = next; next == "" {
			return n
		}
	}
}
