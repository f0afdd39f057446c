package intake_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"leadline/shared/delivery"
	"leadline/shared/fault"
	"leadline/shared/intake"
	"leadline/shared/push"
	"leadline/shared/quarantine"
	"leadline/shared/record"
	"leadline/shared/schema"
	"leadline/shared/store"
)

// changing changes the object once, before the first entry of the quarantine is there for the replay that follows.
type changing struct {
	store.Intake
	once   sync.Once
	change func()
}

func (c *changing) SetAside(ctx context.Context, e quarantine.Entry) error {
	c.once.Do(c.change)
	return c.Intake.SetAside(ctx, e)
}

// TestASchemaThatIsAcceptedWhileRowsAreSetAside: the replay that follows finds no entries yet, so that the rows would wait
// in the quarantine for nothing.
func TestASchemaThatIsAcceptedWhileRowsAreSetAside(t *testing.T) {
	accept := func(o *schema.Object) {
		o.Present, _ = schema.Settle(schema.Version{Number: o.Present.Number, Fields: []schema.Field{
			{Name: "amount", Type: schema.Text}, {Name: "id", Type: schema.Text}, {Name: "new", Type: schema.Unknown}}}, fieldsOf(t, `{"new":1}`))
	}
	for _, c := range []struct {
		name   string
		state  schema.State
		change func(*schema.Object)
	}{
		{"accepted", schema.Confirmed, accept},
		{"confirmed", schema.Draft, func(o *schema.Object) { o.State = schema.Confirmed }},
		{"declared anew and confirmed", schema.Draft, func(o *schema.Object) { accept(o); o.State = schema.Confirmed }},
	} {
		w := newWorld(1)
		if err := w.declare("deals", false, c.state); err != nil {
			t.Fatal(err)
		}
		o := w.options()
		o.Intake = &changing{Intake: w.intake, change: func() {
			o := w.object(t, "deals")
			c.change(&o)
			o.Rev++
			if err := w.schemas.SaveObject(context.Background(), o, true); err != nil {
				t.Error(err)
			}
		}}
		row := `{"id":"a","action":"create","amount":1}`
		if c.state == schema.Confirmed {
			row = `{"id":"a","action":"create","amount":"much","new":1}`
		}
		d := w.pushed("deals", []byte(`{"objectname":"deals","data":[`+row+`,{"id":"b"}]}`), "")
		if err := firstError(intake.New(o).Process(context.Background(), []delivery.Delivery{d})); err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if got := w.outcomes(t, d.ID); got != "2 set_aside unknown_action" {
			t.Errorf("%s: got %s", c.name, got)
			continue
		}
		first, second := w.entry(t, d.ID+"-00000001"), w.entry(t, d.ID+"-00000002")
		if first.Status != quarantine.Resolved || second.Status != quarantine.Open || second.Replays != 0 || w.row(t, "a").Rev != 1 {
			t.Errorf("%s: got %+v, %+v", c.name, first, second)
		}
		if p := w.object(t, "deals").Proposal; p != nil {
			t.Errorf("%s: what passes is asked for: %+v", c.name, p)
		}
	}
}

// crowd lets another writer of the same proposal be faster, so many times.
type crowd struct {
	store.Schemas
	rivals atomic.Int64
}

func (s *crowd) SaveObject(ctx context.Context, o schema.Object, addVersion bool) error {
	if s.rivals.Add(-1) >= 0 {
		rival, err := s.Object(ctx, o.Organization, o.Connection, o.Name)
		if err != nil {
			return err
		}
		rival.Rev++
		much := schema.Row{Entry: "x", Fields: record.Fields{"amount": json.RawMessage(`"much"`)}}
		rival.Proposal = schema.Propose(rival, []schema.Row{much}, fmt.Sprint("rival ", rival.Rev), o.UpdatedAt)
		if err := s.Schemas.SaveObject(ctx, rival, false); err != nil {
			return err
		}
	}
	return s.Schemas.SaveObject(ctx, o, addVersion)
}

// TestWhoAsksForNothingNewNeedNotWriteTheProposal: where very many batches break a schema at once, each in the same way,
// none of them fails for it.
func TestWhoAsksForNothingNewNeedNotWriteTheProposal(t *testing.T) {
	w := newWorld(1)
	if err := w.declare("deals", false, schema.Confirmed); err != nil {
		t.Fatal(err)
	}
	process := func(rows string) (delivery.Delivery, error) {
		s := &crowd{Schemas: w.schemas}
		s.rivals.Store(1_000)
		o := w.options()
		o.Schemas = s
		d := w.pushed("deals", []byte(`{"objectname":"deals","data":[`+rows+`]}`), "")
		return d, intake.New(o).Process(context.Background(), []delivery.Delivery{d})[0]
	}
	d, err := process(`{"id":"a","action":"create","amount":"more"}`)
	if err != nil || w.batch(t, d.ID).Status != push.Finished || w.entry(t, d.ID+"-00000001").Status != quarantine.Open {
		t.Fatalf("got %v", err)
	}
	if notices, _, err := w.journal.Notices(context.Background(), organization, store.Page{Limit: 10}); err != nil || len(notices) != 1 {
		t.Errorf("got %+v, %v", notices, err)
	}
	if _, err := process(`{"id":"a","action":"create","tags":7}`); !fault.Is(err, fault.Unavailable) {
		t.Errorf("what nobody else asks for is lost: %v", err)
	}
}

// narrow takes fifty entries at a time: each further fifty rows are refused once more.
type narrow struct {
	store.Intake
	mu      sync.Mutex
	refused map[int]int
}

func (n *narrow) SetAside(ctx context.Context, e quarantine.Entry) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.refused[e.Row] < e.Row/50 {
		n.refused[e.Row]++
		return fault.New(fault.RateLimited, "throttled", "slow down")
	}
	return n.Intake.SetAside(ctx, e)
}

// TestABatchGoesOnAsLongAsItGetsOn: a table that takes few writes at a time is no reason to begin all over again.
func TestABatchGoesOnAsLongAsItGetsOn(t *testing.T) {
	w := newWorld(1)
	o := w.options()
	o.Intake = &narrow{Intake: w.intake, refused: map[int]int{}}
	const rows = 500
	d := w.pushed("deals", []byte(`{"objectname":"deals","data":[`+strings.TrimSuffix(strings.Repeat(`{},`, rows), ",")+`]}`), "")
	if err := firstError(intake.New(o).Process(context.Background(), []delivery.Delivery{d})); err != nil || w.countEntries(t) != rows {
		t.Fatalf("%d of %d rows were set aside: %v", w.countEntries(t), rows, err)
	}
}

// TestACorrectedBodyOfMoreRowsThanThereIsRoomFor is set aside again: it would wait for room for ever.
func TestACorrectedBodyOfMoreRowsThanThereIsRoomFor(t *testing.T) {
	w := newWorld(1)
	d := w.pushed("deals", []byte(`{"objectname":"deals"}`), "")
	w.run(t, d)
	fixed := replay(w, w.entry(t, d.ID))
	fixed.Kind, fixed.Connector, fixed.Batch, fixed.Corrected, fixed.Payload = d.Kind, d.Connector, d.Batch, true, nil
	for _, c := range []struct {
		rows   int
		status quarantine.Status
		reason quarantine.Reason
	}{{push.MaxRows + 1, quarantine.Open, quarantine.TooLarge}, {push.MaxRows, quarantine.Resolved, quarantine.TooLarge}} {
		fixed.Body = []byte(`{"objectname":"deals","data":[` + strings.TrimSuffix(strings.Repeat(`{},`, c.rows), ",") + `]}`)
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		_, in := w.process(0, false)
		err := firstError(in.Process(ctx, []delivery.Delivery{fixed}))
		cancel()
		if e := w.entry(t, d.ID); err != nil || e.Status != c.status || e.Reason != c.reason {
			t.Errorf("%d rows: got %+v, %v", c.rows, e, err)
		}
	}
}
