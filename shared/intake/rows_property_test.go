package intake_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sync/errgroup"

	"leadline/shared/delivery"
	"leadline/shared/intake/intaketest"
	"leadline/shared/push"
	"leadline/shared/quarantine"
	"leadline/shared/schema"
	"leadline/shared/store"
)

// declare stores an object of the client's with the fields of intaketest.
func (w *world) declare(name string, versioned bool, state schema.State) error {
	o := schema.Object{Organization: organization, Connection: connection, Name: name, Title: name, IDField: "id", State: state,
		Present: schema.Version{Number: 1, Origin: schema.Template, At: w.now}, FirstSeen: w.now, UpdatedAt: w.now, Rev: 1}
	if versioned {
		o.VersionField = intaketest.VersionField
	}
	for field, t := range intaketest.Fields() {
		o.Present.Fields = append(o.Present.Fields, schema.Field{Name: field, Type: schema.Type(t)})
	}
	slices.SortFunc(o.Present.Fields, func(a, b schema.Field) int { return strings.Compare(a.Name, b.Name) })
	return w.schemas.SaveObject(context.Background(), o, true)
}

// pushed is the delivery of a push, received now; key is the sender's own name for it.
func (w *world) pushed(object string, body []byte, key string) delivery.Delivery {
	d := w.deliver(body)
	d.Connector, d.Kind = "client", delivery.Push
	sum := sha256.Sum256(body)
	d.Batch = &delivery.BatchPart{ID: d.ID, Public: "bat_" + d.ID, Client: "cli_000000000000", Object: object, First: 1, Claim: key}
	if key != "" {
		d.Batch.Sum = hex.EncodeToString(sum[:])
	}
	return d
}

// TestBatchesInAnyOrderCrashedAnywhereEndInThePlainFold is the promise to clients: batches of rows, some sent again under
// their key, each delivered up to three times, in any order, singly with a crash at every step in turn and several at once
// with a crash somewhere, end in exactly the records of a plain fold; every row that cannot be applied is in the
// quarantine once; and what became of each row is told.
func TestBatchesInAnyOrderCrashedAnywhereEndInThePlainFold(t *testing.T) {
	first := *seed
	if first == 0 {
		first = rand.Uint64()
	}
	n := max(1, *histories/4)
	t.Logf("%d histories from seed %d", n, first)
	group, ctx := errgroup.WithContext(context.Background())
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i := range n {
		if ctx.Err() != nil {
			break // one has failed
		}
		group.Go(func() error {
			if err := checkPushes(first + uint64(i)); err != nil {
				return fmt.Errorf("%w\n  again with: go test ./shared/intake -run Batches.*PlainFold -histories 4 -seed %d", err, first+uint64(i))
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
}

// sent is a push with the deliveries that brought it.
type sent struct {
	intaketest.Push
	key        string
	deliveries []delivery.Delivery
}

func checkPushes(seed uint64) error {
	w := newWorld(seed)
	versioned := w.r.IntN(2) == 0
	if err := w.declare("deals", versioned, schema.Confirmed); err != nil {
		return err
	}
	var pushes []*sent
	var queue []delivery.Delivery
	for i, p := range intaketest.Pushes(w.r, "deals") {
		w.now = w.now.Add(time.Duration(w.r.IntN(3)) * time.Millisecond) // some are received at the same time
		s := &sent{Push: p}
		if w.r.IntN(2) == 0 {
			s.key = fmt.Sprintf("k%d", i)
		}
		s.deliveries = []delivery.Delivery{w.pushed("deals", p.Body(versioned), s.key)}
		if s.key != "" && w.r.IntN(2) == 0 { // sent again, and perhaps the first to arrive
			w.now = w.now.Add(time.Millisecond)
			s.deliveries = append(s.deliveries, w.pushed("deals", p.Body(versioned), s.key))
		}
		for _, d := range s.deliveries {
			for range 1 + w.r.IntN(3) {
				queue = append(queue, d)
			}
		}
		pushes = append(pushes, s)
	}
	w.r.Shuffle(len(queue), func(i, j int) { queue[i], queue[j] = queue[j], queue[i] })
	if err := w.deliverAll(queue); err != nil {
		return err
	}
	var history []intaketest.Push
	setAside := map[string]bool{}
	for _, s := range pushes {
		p, d := s.Push, s.deliveries[0]
		if s.key != "" { // whichever came first is the batch
			claim, err := w.batches.Claimed(context.Background(), organization, s.key)
			if err != nil {
				return err
			}
			d = s.deliveries[slices.IndexFunc(s.deliveries, func(d delivery.Delivery) bool { return d.ID == claim.Batch })]
		}
		p.Delivery, p.At = d.ID, d.ReceivedAt
		for i, r := range p.Rows {
			if r.Bad {
				setAside[fmt.Sprintf("%s-%08d", d.ID, i+1)] = true
			}
		}
		history = append(history, p)
		if err := w.checkOutcomes(p, versioned); err != nil {
			return err
		}
	}
	if err := w.compareRows("deals", intaketest.FoldRows(history, versioned)); err != nil {
		return err
	}
	return w.compareEntries(setAside)
}

// deliverAll processes deliveries, singly with a crash at each step in turn, or some at once with a crash at one.
func (w *world) deliverAll(queue []delivery.Delivery) error {
	for len(queue) > 0 {
		n := min(1+w.r.IntN(4), len(queue))
		if n == 1 {
			if err := w.crashEverywhere(queue[0]); err != nil {
				return err
			}
		} else {
			_, in := w.process(1+w.r.IntN(12*n), w.r.IntN(2) == 0)
			_ = in.Process(context.Background(), queue[:n])
			if _, in = w.process(0, false); firstError(in.Process(context.Background(), queue[:n])) != nil {
				return fmt.Errorf("a batch that nothing disturbs fails")
			}
		}
		queue = queue[n:]
	}
	return nil
}

// compareRows holds the stored records against what a fold says they must be.
func (w *world) compareRows(object string, want map[string]intaketest.RowState) error {
	stored, _, err := w.records.List(context.Background(), organization, connection, object, store.Page{Limit: 1000})
	if err != nil {
		return err
	}
	if len(stored) != len(want) {
		return fmt.Errorf("%d records are stored, %d are expected", len(stored), len(want))
	}
	for _, r := range stored {
		state, found := want[r.ID]
		text, err := json.Marshal(r.Fields)
		if err != nil {
			return err
		}
		if !found || state.Deleted != r.Deleted || string(text) != state.Content() {
			return fmt.Errorf("record %s:\n  stored %t %s\n  folded %t %s", r.ID, r.Deleted, text, state.Deleted, state.Content())
		}
	}
	return nil
}

func (w *world) compareEntries(want map[string]bool) error {
	entries, _, err := w.intake.Entries(context.Background(), organization, store.QuarantineFilter{}, store.Page{Limit: 1000})
	if err != nil {
		return err
	}
	for _, e := range entries {
		if !want[e.ID] || e.Reason != quarantine.SchemaMismatch && e.Reason != quarantine.UnknownAction {
			return fmt.Errorf("%s was set aside: %s", e.ID, e.Reason)
		}
	}
	if len(entries) != len(want) {
		return fmt.Errorf("%d rows were set aside, %d are expected", len(entries), len(want))
	}
	return nil
}

// checkOutcomes holds what is told of a batch against what can be true of it.
func (w *world) checkOutcomes(p intaketest.Push, versioned bool) error {
	b, err := w.batches.Batch(context.Background(), organization, p.Delivery)
	if err != nil {
		return err
	}
	if b.Status != push.Finished || b.Rows != int64(len(p.Rows)) || b.Only == nil || b.Object != "deals" {
		return fmt.Errorf("batch %s: %+v", p.Delivery, b)
	}
	told := map[int]push.RowOutcome{}
	for _, o := range b.Only.Outcomes {
		told[o.Row] = o
	}
	total := int64(0)
	for _, n := range b.Counts {
		total += n
	}
	newest := map[string]int{} // of each record the row that counts most
	for i, r := range p.Rows {
		if before, found := newest[r.Name]; !r.Bad && (!found || !versioned || r.Version >= p.Rows[before-1].Version) {
			newest[r.Name] = i + 1
		}
	}
	for i, r := range p.Rows {
		o, by := told[i+1], newest[r.Name]
		superseded := !r.Bad && by != i+1
		switch {
		case total != b.Rows, r.Bad != (o.Outcome == push.SetAside), superseded != (o.Outcome == push.Superseded), superseded && o.By != by:
			return fmt.Errorf("batch %s, row %d is told to be %+v: %+v", p.Delivery, i+1, o, r)
		}
	}
	return nil
}

// stored gives the objects, all records of one, and what was told of each batch, as text.
func (w *world) stored(t *testing.T, object string) string {
	t.Helper()
	records, _, err := w.records.List(context.Background(), organization, connection, object, store.Page{Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	batches, _, err := w.batches.Batches(context.Background(), organization, store.Page{Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	objects, _, err := w.schemas.Objects(context.Background(), organization, connection, store.Page{Limit: 100})
	if err != nil {
		t.Fatal(err)
	}
	all := []any{objects}
	for _, r := range records {
		all = append(all, r)
	}
	for _, b := range batches {
		whole, err := w.batches.Batch(context.Background(), organization, b.ID)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, whole)
	}
	text, err := json.MarshalIndent(all, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestACrashChangesNothingOfWhatIsTold runs the same batches with and without crashes: the records are the same to the
// last revision, and so is what became of each row.
func TestACrashChangesNothingOfWhatIsTold(t *testing.T) {
	for seed := range uint64(100) {
		var texts []string
		for _, crash := range []bool{false, true} {
			w := newWorld(seed)
			if err := w.declare("deals", seed%2 == 0, schema.Confirmed); err != nil {
				t.Fatal(err)
			}
			for _, p := range intaketest.Pushes(w.r, "deals") {
				d := w.pushed("deals", p.Body(seed%2 == 0), "")
				w.now = w.now.Add(time.Second)
				if !crash {
					w.run(t, d)
				} else if err := w.crashEverywhere(d); err != nil {
					t.Fatal(err)
				}
			}
			texts = append(texts, w.stored(t, "deals"))
		}
		if diff := cmp.Diff(texts[0], texts[1]); diff != "" {
			t.Fatalf("seed %d: from without crashes to with them:\n%s", seed, diff)
		}
	}
}
