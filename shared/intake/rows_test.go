package intake_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"leadline/shared/delivery"
	"leadline/shared/fault"
	"leadline/shared/intake"
	"leadline/shared/push"
	"leadline/shared/quarantine"
	"leadline/shared/record"
	"leadline/shared/schema"
	"leadline/shared/store"
)

// push processes rows of deals as one batch, received now.
func (w *world) push(t *testing.T, rows string) delivery.Delivery {
	t.Helper()
	d := w.pushed("deals", []byte(`{"objectname":"Deals","data":[`+rows+`]}`), "")
	w.run(t, d)
	w.now = w.now.Add(time.Second)
	return d
}

func (w *world) row(t *testing.T, id string) record.Record {
	t.Helper()
	return w.get(t, record.Key{Organization: organization, Connection: connection, Object: "deals", ID: id})
}

func (w *world) batch(t *testing.T, id string) push.Batch {
	t.Helper()
	b, err := w.batches.Batch(context.Background(), organization, id)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func (w *world) object(t *testing.T, name string) schema.Object {
	t.Helper()
	o, err := w.schemas.Object(context.Background(), organization, connection, name)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// outcomes writes down what became of a batch: "2 superseded by 3" ...; rows that were applied are left out.
func (w *world) outcomes(t *testing.T, id string) string {
	t.Helper()
	var told []string
	for _, o := range w.batch(t, id).Only.Outcomes {
		text := fmt.Sprintf("%d %s", o.Row, o.Outcome)
		if o.By > 0 {
			text += fmt.Sprintf(" by %d", o.By)
		}
		if o.Code != "" {
			text += " " + o.Code
		}
		told = append(told, text)
	}
	return strings.Join(told, ", ")
}

func TestWhatBecomesOfRows(t *testing.T) {
	long := strings.Repeat("x", record.MaxIDBytes+1)
	for _, c := range []struct {
		name, before, rows, outcomes string
		version                      string // field
		records                      map[string]string
	}{
		{"new records", "", `{"id":"a","action":"create","n":1},{"id":"b","action":"UPDATED","n":2}`, "", "", map[string]string{"a": `{"id":"a","n":1}`, "b": `{"id":"b","n":2}`}},
		{"a number and a text are one id", `{"id":123,"action":"create","n":1}`, `{"id":"123","action":"update","n":2},{"id":124.0,"action":"create","n":3}`, "", "",
			map[string]string{"123": `{"id":"123","n":2}`, "124": `{"id":124.0,"n":3}`}},
		{"an absent field stays, a null clears", `{"id":"a","action":"create","n":1,"t":"x"}`, `{"id":"a","action":"update","t":null}`, "", "", map[string]string{"a": `{"id":"a","n":1,"t":null}`}},
		{"two rows about one record", "", `{"id":"a","action":"create","n":1,"t":"x"},{"id":"b","action":"create","n":1},{"id":"a","action":"update","n":2}`, "1 superseded by 3", "",
			map[string]string{"a": `{"id":"a","n":2,"t":"x"}`, "b": `{"id":"b","n":1}`}},
		{"the later one cannot be applied", "", `{"id":"a","action":"create","n":1},{"id":"a","action":"update","n":{}},{"id":"b","n":1,"action":"create"}`, "2 set_aside schema_mismatch", "",
			map[string]string{"a": `{"id":"a","n":1}`, "b": `{"id":"b","n":1}`}},
		{"deletions", `{"id":"a","action":"create","n":1}`, `{"id":"a","action":"delete"},{"id":"never","action":"deleted"}`, "", "", map[string]string{"a": "", "never": ""}},
		{"an update of what was deleted", `{"id":"a","action":"create","n":1},{"id":"a","action":"delete"}`, `{"id":"a","action":"update","n":2}`, "1 ignored", "", map[string]string{"a": ""}},
		{"a create of what was deleted", `{"id":"a","action":"create","n":1,"t":"x"},{"id":"a","action":"delete"}`, `{"id":"a","action":"create","n":2}`, "", "", map[string]string{"a": `{"id":"a","n":2}`}},
		{"older than what stands, by its version", `{"id":"a","action":"create","n":5,"t":"x"}`, `{"id":"a","action":"update","n":4},{"id":"a2","n":1,"action":"update"}`, "1 stale", "n",
			map[string]string{"a": `{"id":"a","n":5,"t":"x"}`, "a2": `{"id":"a2","n":1}`}},
		{"older, but with a field that is not there", `{"id":"a","action":"create","n":5}`, `{"id":"a","action":"update","n":4,"t":"x"}`, "", "n", map[string]string{"a": `{"id":"a","n":5,"t":"x"}`}},
		{"older than the deletion", `{"id":"a","action":"delete","n":5}`, `{"id":"a","action":"create","n":4},{"id":"a","action":"delete","n":3}`, "1 stale, 2 superseded by 1", "n", map[string]string{"a": ""}},
		{"the newest by version supersedes", "", `{"id":"a","action":"create","n":3,"t":"x"},{"id":"a","action":"create","n":2,"t":"y"},{"id":"a","action":"update","n":1}`, "2 superseded by 1, 3 superseded by 1", "n",
			map[string]string{"a": `{"id":"a","n":3,"t":"x"}`}},
		{"no row at all", "", `7,null,"x",[],{"id":"a","action":"create","n":1}`, "1 set_aside not_an_object, 2 set_aside not_an_object, 3 set_aside not_an_object, 4 set_aside not_an_object", "", map[string]string{"a": `{"id":"a","n":1}`}},
		{"no action", "", `{"id":"a"},{"id":"a","action":"upsert"},{"id":"a","action":null}`, "1 set_aside unknown_action, 2 set_aside unknown_action, 3 set_aside unknown_action", "", nil},
		{"no id", "", `{"action":"create"},{"id":null,"action":"create"},{"id":"","action":"create"},{"id":true,"action":"create"},{"id":1.5,"action":"create"},{"id":"` + long + `","action":"create"}`,
			"1 set_aside missing_id, 2 set_aside missing_id, 3 set_aside missing_id, 4 set_aside invalid_id, 5 set_aside invalid_id, 6 set_aside invalid_id", "", nil},
		{"no version", "", `{"id":"a","action":"create"},{"id":"a","action":"create","n":"soon"},{"id":"a","action":"create","n":-1}`,
			"1 set_aside missing_version, 2 set_aside invalid_version, 3 set_aside invalid_version", "n", nil},
		{"a name that no field has", "", `{"id":"a","action":"create","n\u202e":1},{"id":"b","action":"create","":1}`, "1 set_aside invalid_name, 2 set_aside invalid_name", "", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(1)
			o := schema.Object{Organization: organization, Connection: connection, Name: "deals", Title: "Deals", IDField: "id", VersionField: c.version, State: schema.Confirmed, Rev: 1,
				Present: schema.Version{Number: 1, Fields: []schema.Field{{Name: "id", Type: schema.Text}, {Name: "n", Type: schema.Number}, {Name: "t", Type: schema.Text}}}}
			if err := w.schemas.SaveObject(context.Background(), o, true); err != nil {
				t.Fatal(err)
			}
			if c.before != "" {
				w.push(t, c.before)
			}
			d := w.push(t, c.rows)
			if got := w.outcomes(t, d.ID); got != c.outcomes {
				t.Errorf("got %q, want %q", got, c.outcomes)
			}
			stored, _, err := w.records.List(context.Background(), organization, connection, "deals", store.Page{Limit: 100})
			if err != nil {
				t.Fatal(err)
			}
			got := map[string]string{}
			for _, r := range stored {
				if got[r.ID] = string(r.Fields.Canonical()); r.Deleted {
					got[r.ID] = ""
				}
			}
			if diff := cmp.Diff(c.records, got); diff != "" && len(c.records)+len(got) > 0 {
				t.Error(diff)
			}
			before := w.stored(t, "deals")
			w.now = w.now.Add(-time.Second)
			w.run(t, d) // the queue delivers it again
			if diff := cmp.Diff(before, w.stored(t, "deals")); diff != "" {
				t.Errorf("a second delivery changed something:\n%s", diff)
			}
		})
	}
}

func TestARecordSaysWhichRowItIs(t *testing.T) {
	w := newWorld(1)
	d := w.push(t, `{"id":"x","action":"create"},{"id":"a","action":"Created","n":1}`)
	s := w.row(t, "a").Source
	if s.Kind != "push" || s.Delivery != d.ID || s.Row != 2 || s.Action != "create" || !strings.HasPrefix(s.Payload.Key, "archive/"+organization+"/") {
		t.Errorf("got %+v", s)
	}
	b := w.batch(t, d.ID)
	if b.Public != "bat_"+d.ID || b.Client != "cli_000000000000" || b.Kind != "push" || b.Counts[push.Applied] != 2 || !b.ReceivedAt.Equal(d.ReceivedAt) || b.Chunks != 1 || b.Done != 1 {
		t.Errorf("got %+v", b)
	}
}

func TestARowIsSetAsideWithAllThatIsKnownOfIt(t *testing.T) {
	w := newWorld(1)
	if err := w.declare("deals", false, schema.Confirmed); err != nil {
		t.Fatal(err)
	}
	d := w.push(t, `{"id":"a","action":"create","amount":1},{"id":"b","action":"create","amount":"secret","tags":7}`)
	e := w.entry(t, d.ID+"-00000002")
	want := quarantine.Entry{ID: d.ID + "-00000002", Organization: organization, Connection: connection, Connector: "client", Reason: quarantine.SchemaMismatch,
		Detail: `Row 2: field "amount": expected a number, found a text. And 1 more fields.`, Object: "deals", Batch: d.ID, Public: "bat_" + d.ID, Client: "cli_000000000000", Row: 2, Index: 1,
		Mismatches: []schema.Mismatch{{Field: "amount", Expected: "a number", Found: "a text"}, {Field: "tags", Expected: "a list of texts", Found: "a number"}},
		Kind:       "push", ReceivedAt: d.ReceivedAt, Status: quarantine.Open, Payload: w.row(t, "a").Source.Payload, UpdatedAt: d.ReceivedAt}
	if diff := cmp.Diff(want, e); diff != "" {
		t.Error(diff)
	}
}

// TestTheFirstRowsFixTheSchema and what then breaks it is set aside, proposed, told of once, and replays when accepted.
func TestASchemaFromTheFirstRowsToAnAcceptedProposal(t *testing.T) {
	w := newWorld(1)
	_, in := w.process(0, false)
	process := func(deliveries ...delivery.Delivery) {
		t.Helper()
		if err := firstError(in.Process(context.Background(), deliveries)); err != nil {
			t.Fatal(err)
		}
		w.now = w.now.Add(time.Second)
	}
	rows := func(rows string) delivery.Delivery {
		return w.pushed("deals", []byte(`{"objectname":" DEALS","data":[`+rows+`]}`), "")
	}
	gone := rows(`{"id":"z","action":"delete"}`)
	process(gone)
	if _, err := w.schemas.Object(context.Background(), organization, connection, "deals"); !fault.Is(err, fault.NotFound) {
		t.Fatalf("a deletion alone says what the object looks like: %v", err)
	}
	first := rows(`{"id":1,"action":"create","n":1,"later":null},{"id":2,"action":"create","n":2.5,"t":"x"}`)
	process(first)
	o := w.object(t, "deals")
	fields := []schema.Field{{Name: "id", Type: schema.Text}, {Name: "later", Type: schema.Unknown}, {Name: "n", Type: schema.Number}, {Name: "t", Type: schema.Text}}
	if diff := cmp.Diff(fields, o.Present.Fields); diff != "" || o.Title != "DEALS" || o.Present.Origin != schema.FirstDump || o.State != schema.Confirmed || o.IDField != "id" || !o.FirstSeen.Equal(first.ReceivedAt) {
		t.Fatalf("got %+v\n%s", o, diff)
	}
	process(rows(`{"id":1,"action":"update","later":true}`))
	if o = w.object(t, "deals"); o.Present.Number != 2 || o.Present.Fields[1].Type != schema.Boolean || o.Present.Origin != schema.Followed {
		t.Fatalf("the first value of an unknown field has not settled it: %+v", o.Present)
	}
	broken := rows(`{"id":3,"action":"create","n":"three"},{"id":4,"action":"create","n":4,"more":[1]},{"id":5,"action":"create","n":5}`)
	process(broken)
	process(broken) // counted once
	process(rows(`{"id":6,"action":"create","n":"six"}`))
	o = w.object(t, "deals")
	if o.Proposal == nil || o.Proposal.Rows != 3 || len(o.Proposal.Changes) != 2 || o.Proposal.Changes[1].Examples[0].Entry != broken.ID+"-00000001" {
		t.Fatalf("got %+v", o.Proposal)
	}
	notices, _, err := w.journal.Notices(context.Background(), organization, store.Page{Limit: 10})
	if err != nil || len(notices) != 1 || !strings.Contains(notices[0].Text, "DEALS") {
		t.Fatalf("got %+v, %v", notices, err)
	}
	if w.outcomes(t, broken.ID) != "1 set_aside schema_mismatch, 2 set_aside schema_mismatch" {
		t.Fatalf("got %s", w.outcomes(t, broken.ID))
	}

	early := w.replayRows(t, broken.ID+"-00000001", broken.ID+"-00000002")
	process(early) // before anybody accepted
	if e := w.entry(t, broken.ID+"-00000001"); e.Status != quarantine.Open || e.Replays != 1 || w.object(t, "deals").Proposal.Rows != 3 {
		t.Fatalf("got %+v, %+v", e, w.object(t, "deals").Proposal)
	}
	o.Present, o.Proposal = schema.Next(o), nil
	o.Rev = w.object(t, "deals").Rev + 1
	if err := w.schemas.SaveObject(context.Background(), o, true); err != nil {
		t.Fatal(err)
	}
	process(w.replayRows(t, broken.ID+"-00000001", broken.ID+"-00000002")) // the old version is still in the cache
	for _, entry := range []string{"-00000001", "-00000002"} {
		if e := w.entry(t, broken.ID+entry); e.Status != quarantine.Resolved {
			t.Fatalf("got %+v", e)
		}
	}
	if r := w.row(t, "3"); string(r.Fields["n"]) != `"three"` || r.Partial.Base != record.NewStamp(broken.ReceivedAt.UnixMicro(), broken.ID, 1) {
		t.Fatalf("got %+v", r)
	}
}

// replayRows is the delivery that the API makes of entries of rows of one payload.
func (w *world) replayRows(t *testing.T, entries ...string) delivery.Delivery {
	t.Helper()
	d := w.deliver(nil)
	for _, id := range entries {
		e := w.entry(t, id)
		d.Kind, d.Connector, d.Body, d.Payload, d.ReceivedAt = e.Kind, e.Connector, nil, &e.Payload, e.ReceivedAt
		d.Batch = &delivery.BatchPart{ID: e.Batch, Public: e.Public, Client: e.Client, Object: e.Object, First: e.Row - e.Index}
		d.Rows = append(d.Rows, delivery.RowReplay{Entry: id, Index: e.Index})
	}
	return d
}

// correct is the delivery that the API makes of an entry of a row that an admin changed.
func (w *world) correct(t *testing.T, entry, row string) delivery.Delivery {
	t.Helper()
	d, e := w.replayRows(t, entry), w.entry(t, entry)
	d.Payload, d.Body, d.Corrected = nil, []byte(`{"objectname":"deals","data":[`+row+`]}`), true
	d.Batch.First, d.Rows = e.Row, []delivery.RowReplay{{Entry: entry}}
	return d
}

func TestAReplayOfARowIsAsOldAsTheRow(t *testing.T) {
	w := newWorld(1)
	if err := w.declare("deals", false, schema.Confirmed); err != nil {
		t.Fatal(err)
	}
	broken := w.push(t, `{"id":"a","action":"create","name":"old","amount":"much","tags":["old"]}`)
	newer := w.push(t, `{"id":"a","action":"create","name":"new"}`)
	entry := broken.ID + "-00000001"
	again := w.correct(t, entry, `{"id":"a","action":"create","name":"old","amount":"much","tags":["better"]}`)
	w.run(t, again)
	if e := w.entry(t, entry); e.Status != quarantine.Open || e.Reason != quarantine.SchemaMismatch || e.Replays != 1 {
		t.Fatalf("a correction that corrects nothing: %+v", e)
	}
	fixed := w.correct(t, entry, `{"id":"a","action":"create","name":"old","amount":1,"tags":["better"]}`)
	corrected := fixed.Body
	var packed bytes.Buffer // it was too large for a message
	if err := delivery.Pack(&packed, corrected); err != nil {
		t.Fatal(err)
	}
	fixed.Body, fixed.Payload = nil, &record.PayloadRef{Key: "inbox/" + organization + "/" + fixed.ID + ".gz", Length: int64(packed.Len())}
	if err := w.payloads.Put(context.Background(), fixed.Payload.Key, packed.Bytes()); err != nil {
		t.Fatal(err)
	}
	if err := w.crashEverywhere(fixed); err != nil {
		t.Fatal(err)
	}
	r := w.row(t, "a")
	if got := string(r.Fields.Canonical()); got != `{"amount":1,"id":"a","name":"new","tags":["better"]}` {
		t.Errorf("got %s", got)
	}
	if r.Partial.Stamp("tags") != record.NewStamp(broken.ReceivedAt.UnixMicro(), fixed.ID, 1) || r.Partial.Stamp("name") != record.NewStamp(newer.ReceivedAt.UnixMicro(), newer.ID, 1) {
		t.Errorf("got %+v", r.Partial)
	}
	if r.Source.Delivery != fixed.ID || r.Source.Row != 1 {
		t.Errorf("got %+v", r.Source)
	}
	kept, err := w.payloads.GetRange(context.Background(), r.Source.Payload.Key, r.Source.Payload.Offset, r.Source.Payload.Length)
	if err != nil {
		t.Fatal(err)
	}
	if body, err := delivery.Unpack(kept); err != nil || !bytes.Equal(body, corrected) || !strings.HasPrefix(r.Source.Payload.Key, "archive/") {
		t.Errorf("the corrected body is kept as %s in %s, %v", body, r.Source.Payload.Key, err)
	}
	if e := w.entry(t, entry); e.Status != quarantine.Resolved {
		t.Errorf("got %+v", e)
	}
	if b := w.batch(t, broken.ID); b.Counts[push.SetAside] != 1 {
		t.Errorf("what became of the batch when it came has changed: %+v", b)
	}
}

func TestEachReasonOfARowReplays(t *testing.T) {
	future := `"2026-11-22T10:00:00Z"`
	for _, c := range []struct {
		reason quarantine.Reason
		row    string
		fixed  string // empty for a plain replay
		mend   func(*world, *schema.Object)
	}{
		{quarantine.NotAnObject, `7`, `{"id":"a","action":"create","seq":1}`, nil},
		{quarantine.UnknownAction, `{"id":"a","action":"upsert","seq":1}`, `{"id":"a","action":"create","seq":1}`, nil},
		{quarantine.MissingID, `{"action":"create","seq":1}`, `{"id":"a","action":"create","seq":1}`, nil},
		{quarantine.InvalidID, `{"id":[],"action":"create","seq":1}`, `{"id":"a","action":"create","seq":1}`, nil},
		{quarantine.InvalidName, `{"id":"a","action":"create","seq":1,"":1}`, `{"id":"a","action":"create","seq":1}`, nil},
		{quarantine.MalformedBody, `{"id":"a","action":"create","seq":1,"name":` + strings.Repeat("[", 100) + strings.Repeat("]", 100) + `}`, `{"id":"a","action":"create","seq":1}`, nil},
		{quarantine.MissingVersion, `{"id":"a","action":"create"}`, "", func(_ *world, o *schema.Object) { o.VersionField = "" }},
		{quarantine.InvalidVersion, `{"id":"a","action":"create","seq":1.5}`, `{"id":"a","action":"create","seq":1}`, nil},
		{quarantine.FutureVersion, `{"id":"a","action":"create","seq":` + future + `}`, "", func(w *world, _ *schema.Object) { w.now = w.now.Add(time.Hour) }},
		{quarantine.SchemaMismatch, `{"id":"a","action":"create","seq":1,"new":1}`, "", func(_ *world, o *schema.Object) { o.Present = schema.Next(*o) }},
		{quarantine.TooLarge, `{"id":"a","action":"create","seq":1,` + many(400, 400) + `}`, `{"id":"a","action":"create","seq":1}`, nil},
	} {
		w := newWorld(1)
		if err := w.declare("deals", true, schema.Confirmed); err != nil {
			t.Fatal(err)
		}
		o := w.object(t, "deals")
		o.Present.Fields = slices.DeleteFunc(o.Present.Fields, func(f schema.Field) bool { return f.Name == "seq" })
		o.Present.Fields, _ = schema.Merge(o.Present.Fields, []schema.Field{{Name: "seq", Type: schema.JSON}})
		if c.reason == quarantine.TooLarge {
			o.Present.Fields, _ = schema.Infer("id", fieldsOf(t, c.row))
		}
		o.Rev++
		if err := w.schemas.SaveObject(context.Background(), o, false); err != nil {
			t.Fatal(err)
		}
		d := w.push(t, `{"id":"other","action":"delete","seq":0},`+c.row)
		id := d.ID + "-00000002"
		if e := w.entry(t, id); e.Reason != c.reason || e.Detail == "" {
			t.Errorf("%s: set aside for %s: %s", c.reason, e.Reason, e.Detail)
			continue
		}
		if c.mend != nil {
			o := w.object(t, "deals")
			c.mend(w, &o)
			o.Rev++
			if err := w.schemas.SaveObject(context.Background(), o, false); err != nil {
				t.Fatal(err)
			}
		}
		again := w.replayRows(t, id)
		if c.fixed != "" {
			again = w.correct(t, id, c.fixed)
		}
		w.run(t, again)
		if e := w.entry(t, id); e.Status != quarantine.Resolved {
			t.Errorf("%s: after the replay %s: %s", c.reason, e.Reason, e.Detail)
			continue
		}
		w.row(t, "a")
	}
}

func fieldsOf(t *testing.T, row string) record.Fields {
	t.Helper()
	f, err := record.ParseFields([]byte(row))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// many writes members with values of some bytes.
func many(n, size int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `,"f%03d":"%s"`, i, strings.Repeat("x", size-2))
	}
	return b.String()[1:]
}

func TestRowsOfADraftWait(t *testing.T) {
	w := newWorld(1)
	if err := w.declare("deals", false, schema.Draft); err != nil {
		t.Fatal(err)
	}
	d := w.push(t, `{"id":"a","action":"create","amount":1},{"id":"a"}`)
	if got := w.outcomes(t, d.ID); got != "1 set_aside schema_unconfirmed, 2 set_aside unknown_action" || w.object(t, "deals").Proposal != nil {
		t.Fatalf("got %s", got)
	}
	o := w.object(t, "deals")
	o.State = schema.Confirmed
	o.Rev++
	if err := w.schemas.SaveObject(context.Background(), o, false); err != nil {
		t.Fatal(err)
	}
	w.run(t, w.replayRows(t, d.ID+"-00000001"))
	w.row(t, "a")
}

// fasterSchemas lets another writer declare the object first.
type fasterSchemas struct {
	store.Schemas
	rivals []schema.Object
}

func (s *fasterSchemas) SaveObject(ctx context.Context, o schema.Object, addVersion bool) error {
	if len(s.rivals) > 0 {
		rival := s.rivals[0]
		s.rivals = s.rivals[1:]
		if err := s.Schemas.SaveObject(ctx, rival, true); err != nil {
			return err
		}
	}
	return s.Schemas.SaveObject(ctx, o, addVersion)
}

func TestOfTwoFirstDumpsOneIsHeldToTheOther(t *testing.T) {
	w := newWorld(1)
	rival := schema.Object{Organization: organization, Connection: connection, Name: "deals", Title: "Deals", IDField: "id", State: schema.Confirmed, Rev: 1,
		Present: schema.Version{Number: 1, Fields: []schema.Field{{Name: "id", Type: schema.Text}, {Name: "n", Type: schema.Number}}}}
	o := w.options()
	o.Schemas = &fasterSchemas{w.schemas, []schema.Object{rival}}
	d := w.pushed("deals", []byte(`{"objectname":"deals","data":[{"id":"a","action":"create","n":"x"},{"id":"b","action":"create","n":1}]}`), "")
	if err := firstError(intake.New(o).Process(context.Background(), []delivery.Delivery{d})); err != nil {
		t.Fatal(err)
	}
	if got := w.outcomes(t, d.ID); got != "1 set_aside schema_mismatch" {
		t.Fatalf("got %s", got)
	}
}

func TestAFirstDumpThatIsTooMuchForOneObject(t *testing.T) {
	w := newWorld(1)
	var rows []string
	for i := range 4 {
		rows = append(rows, `{"id":"`+fmt.Sprint(i)+`","action":"create",`+strings.ReplaceAll(many(200, 5), `"f`, fmt.Sprintf(`"f%d_`, i))+`}`)
	}
	d := w.push(t, strings.Join(rows, ","))
	if got := w.outcomes(t, d.ID); got != "3 set_aside schema_mismatch, 4 set_aside schema_mismatch" || len(w.object(t, "deals").Present.Fields) != 401 || !w.object(t, "deals").Proposal.Full {
		t.Fatalf("got %s, %d fields", got, len(w.object(t, "deals").Present.Fields))
	}
}

func TestABatchUnderAKeyThatIsTaken(t *testing.T) {
	w := newWorld(1)
	send := func(rows string) delivery.Delivery {
		w.now = w.now.Add(time.Second)
		return w.pushed("deals", []byte(`{"objectname":"deals","data":[`+rows+`]}`), "k1")
	}
	first := send(`{"id":"a","action":"create","n":1}`)
	w.run(t, first)
	w.run(t, send(`{"id":"a","action":"create","n":2}`)) // dropped into the middle of others
	other := send(`{"id":"a","action":"create","n":3},{"id":"b","action":"create","n":3}`)
	if err := w.crashEverywhere(other); err != nil {
		t.Fatal(err)
	}
	w.now = w.now.Add(time.Second)
	w.push(t, `{"id":"a","action":"update","n":4}`)
	again := send(`{"id":"a","action":"create","n":1}`)
	w.run(t, again)
	if r := w.row(t, "a"); string(r.Fields["n"]) != "4" || r.Rev != 2 {
		t.Fatalf("a resend counts as newer: %+v", r)
	}
	if _, err := w.batches.Batch(context.Background(), organization, again.ID); !fault.Is(err, fault.NotFound) {
		t.Fatalf("a resend became a batch of its own: %v", err)
	}
	e, b := w.entry(t, other.ID), w.batch(t, other.ID)
	if e.Reason != quarantine.BatchReused || e.Row != 0 || e.Batch != other.ID || b.Status != push.Refused || b.Problem == "" {
		t.Fatalf("got %+v, %+v", e, b)
	}
	replay := replay(w, e)
	replay.Kind, replay.Connector, replay.ReceivedAt = e.Kind, e.Connector, e.ReceivedAt
	replay.Batch = &delivery.BatchPart{ID: e.Batch, Public: e.Public, Client: e.Client, Object: e.Object, First: 1}
	if err := w.crashEverywhere(replay); err != nil {
		t.Fatal(err)
	}
	if e, b = w.entry(t, other.ID), w.batch(t, other.ID); e.Status != quarantine.Resolved || b.Status != push.Finished || b.Rows != 2 {
		t.Fatalf("got %+v, %+v", e, b)
	}
	if string(w.row(t, "b").Fields["n"]) != "3" || string(w.row(t, "a").Fields["n"]) != "4" {
		t.Fatal("the replay counts for less, or for more, than it would have")
	}
	w.now = w.now.Add(31 * 24 * time.Hour)
	w.run(t, send(`{"id":"c","action":"create","n":1}`))
	w.row(t, "c") // the key is free again
}

func TestABodyThatHoldsNoRowsIsSetAsideWhole(t *testing.T) {
	for body, reason := range map[string]quarantine.Reason{
		`{"objectname":`: quarantine.MalformedBody, `[]`: quarantine.NotAnObject, `{"objectname":"deals"}`: quarantine.MissingData, `{"data":[{}]}`: quarantine.InvalidName,
	} {
		w := newWorld(1)
		d := w.pushed("deals", []byte(body), "")
		if err := w.crashEverywhere(d); err != nil {
			t.Fatal(err)
		}
		if e, b := w.entry(t, d.ID), w.batch(t, d.ID); e.Reason != reason || e.Batch != d.ID || b.Status != push.Refused {
			t.Errorf("%s: got %+v, %+v", body, e, b)
		}
		fixed := replay(w, w.entry(t, d.ID))
		fixed.Kind, fixed.Connector, fixed.Batch, fixed.Corrected = d.Kind, d.Connector, d.Batch, true
		fixed.Payload, fixed.Body = nil, []byte(`{"objectname":"deals","data":[{"id":"a","action":"create"}]}`)
		w.run(t, fixed)
		if e := w.entry(t, d.ID); e.Status != quarantine.Resolved || w.row(t, "a").Source.Delivery != fixed.ID {
			t.Errorf("%s: got %+v", body, e)
		}
		if b := w.batch(t, fixed.ID); b.Status != push.Finished || b.Rows != 1 || w.batch(t, d.ID).Status != push.Refused {
			t.Errorf("%s: got %+v", body, b)
		}
	}
}

func TestAReplayOfARowThatIsNotThere(t *testing.T) {
	w := newWorld(1)
	d := w.push(t, `{"id":"a"}`)
	again := w.replayRows(t, d.ID+"-00000001")
	again.Rows[0].Index = 7
	w.run(t, again)
	if e := w.entry(t, d.ID+"-00000001"); e.Reason != quarantine.MissingData || e.Replays != 1 {
		t.Fatalf("got %+v", e)
	}
	again.Rows[0] = delivery.RowReplay{Entry: "01KAHT3Q8Z6V0W7N5R2J4M9XYC-00000001"}
	w.run(t, again) // its entry was erased meanwhile
}

func TestTheClockGuardAndVersions(t *testing.T) {
	w := newWorld(1)
	if err := w.schemas.SaveObject(context.Background(), schema.Object{Organization: organization, Connection: connection, Name: "deals", IDField: "id", VersionField: "v", State: schema.Confirmed, Rev: 1,
		Present: schema.Version{Number: 1, Fields: []schema.Field{{Name: "id", Type: schema.Text}, {Name: "v", Type: schema.JSON}}}}, true); err != nil {
		t.Fatal(err)
	}
	d := w.push(t, `{"id":"late","action":"create","v":"2026-11-22T09:05:01Z"},{"id":"fine","action":"create","v":"2026-11-22T09:05:00Z"},{"id":"count","action":"create","v":9999999999999999}`)
	if got := w.outcomes(t, d.ID); got != "1 set_aside future_version" {
		t.Fatalf("got %s", got)
	}
	if r := w.row(t, "count"); r.Version.Micros != record.MaxStampMicros {
		t.Fatalf("got %+v", r.Version)
	}
}

func TestLargeFieldsOfRows(t *testing.T) {
	w := newWorld(1)
	text := strings.Repeat("x", intake.MaxFieldBytes)
	value := func(l record.Large) string {
		t.Helper()
		v, err := w.payloads.Get(context.Background(), l.Key(organization))
		if err != nil {
			t.Fatal(err)
		}
		return string(v)
	}
	w.push(t, `{"id":"a","action":"create","n":1,"body":"`+text+`"}`)
	w.push(t, `{"id":"a","action":"update","n":2}`)
	r := w.row(t, "a")
	if _, inside := r.Fields["body"]; inside || value(r.Large["body"]) != `"`+text+`"` || string(r.Fields["n"]) != "2" {
		t.Fatalf("got %+v", r)
	}
	w.push(t, `{"id":"a","action":"delete"}`)
	w.push(t, `{"id":"a","action":"update","body":"`+text+`y"}`) // waits on the tombstone
	if r = w.row(t, "a"); !r.Deleted || len(r.Partial.Dormant["body"]) > 0 || value(r.Partial.DormantLarge["body"]) != `"`+text+`y"` {
		t.Fatalf("got %+v", r)
	}
	w.push(t, `{"id":"a","action":"create","n":3}`)
	if r = w.row(t, "a"); r.Deleted || value(r.Large["body"]) != `"`+text+`y"` {
		t.Fatalf("got %+v", r)
	}
	w.push(t, `{"id":"a","action":"update","body":"short"}`)
	if r = w.row(t, "a"); string(r.Fields["body"]) != `"short"` || len(r.Large) != 0 {
		t.Fatalf("got %+v", r)
	}
}

// TestARowThatMakesItsRecordTooLarge is set aside; the record stays as it is.
func TestARowThatMakesItsRecordTooLarge(t *testing.T) {
	w := newWorld(1)
	w.push(t, `{"id":"a","action":"create",`+many(400, 250)+`}`)
	before := w.row(t, "a")
	d := w.push(t, `{"id":"a","action":"update",`+many(400, 900)+`},{"id":"a","action":"update","f000":"y"}`)
	if got := w.outcomes(t, d.ID); got != "1 set_aside too_large, 2 set_aside too_large" {
		t.Fatalf("got %s", got)
	}
	if diff := cmp.Diff(before, w.row(t, "a")); diff != "" {
		t.Fatal(diff)
	}
}

func TestThePartsOfAFile(t *testing.T) {
	w := newWorld(1)
	file := push.Batch{ID: "01KANQ7P0000000000000000G1", Organization: organization, Connection: connection, Kind: delivery.File, Status: push.Running, Chunks: 2, ReceivedAt: w.now}
	if err := w.batches.SaveBatch(context.Background(), file); err != nil {
		t.Fatal(err)
	}
	part := func(number, first int, rows string) delivery.Delivery {
		d := w.pushed("deals", []byte(`{"objectname":"deals","data":[`+rows+`]}`), "")
		d.Kind = delivery.File
		d.Batch = &delivery.BatchPart{ID: file.ID, Object: "deals", Number: number, First: first}
		return d
	}
	second, first := part(1, 3, `{"id":"a","action":"update","n":3},{"id":"c"}`), part(0, 1, `{"id":"a","action":"create","n":1},{"id":"b","action":"create","n":2}`)
	if err := w.crashEverywhere(second); err != nil {
		t.Fatal(err)
	}
	if err := w.crashEverywhere(first, second); err != nil {
		t.Fatal(err)
	}
	b := w.batch(t, file.ID)
	if b.Done != 2 || b.Counts[push.Applied] != 3 || b.Counts[push.SetAside] != 1 || b.Status != push.Running {
		t.Fatalf("got %+v", b)
	}
	if r := w.row(t, "a"); string(r.Fields["n"]) != "3" || r.Source.Row != 1 || r.Source.Delivery != file.ID {
		t.Fatalf("got %+v", r)
	}
	if e := w.entry(t, file.ID+"-00000004"); e.Row != 4 || e.Index != 1 || e.Kind != delivery.File {
		t.Fatalf("got %+v", e)
	}
	lost := part(0, 1, `{"id":"d","action":"create","n":1}`)
	lost.Batch.ID = "01KANQ7P0000000000000000G2"
	w.run(t, lost) // the batch was forgotten for its age
	w.row(t, "d")
}

// flaky fails some calls in a way that passes, or for good.
type flaky struct {
	store.Records
	every, calls int
	err          error
	inner        func()
}

func (f *flaky) Replace(ctx context.Context, r record.Record, rev int64) (bool, *record.Record, error) {
	if f.inner != nil {
		f.inner()
	}
	return f.Records.Replace(ctx, r, rev)
}

func (f *flaky) Get(ctx context.Context, key record.Key) (record.Record, error) {
	if f.calls++; f.calls%f.every == 0 {
		return record.Record{}, f.err
	}
	return f.Records.Get(ctx, key)
}

func TestFailuresWithinABatch(t *testing.T) {
	var rows []string
	for i := range 40 {
		rows = append(rows, fmt.Sprintf(`{"id":"%d","action":"update","n":%d}`, i, i))
	}
	down := errors.New("the table is on fire")
	for _, c := range []struct {
		name string
		f    flaky
		kind fault.Kind
	}{
		{"throttled now and then", flaky{every: 10, err: fault.New(fault.RateLimited, "throttled", "slow down")}, ""},
		{"throttled for ever", flaky{every: 1, err: fault.New(fault.RateLimited, "throttled", "slow down")}, fault.RateLimited},
		{"broken", flaky{every: 20, err: down}, fault.Internal},
		{"panicking", flaky{every: 100, inner: func() { panic("a bug") }}, fault.Internal},
	} {
		w := newWorld(1)
		o := w.options()
		c.f.Records = w.records
		o.Records = &serial{Records: &c.f}
		d := w.pushed("deals", []byte(`{"objectname":"deals","data":[`+strings.Join(rows, ",")+`]}`), "")
		err := intake.New(o).Process(context.Background(), []delivery.Delivery{d})[0]
		if fault.KindOf(err) != c.kind {
			t.Errorf("%s: got %v", c.name, err)
		}
		if _, failed := w.batches.Batch(context.Background(), organization, d.ID); (failed == nil) != (err == nil) {
			t.Errorf("%s: %v, but the batch: %v", c.name, err, failed)
		}
		w.run(t, d)
		if b := w.batch(t, d.ID); b.Counts[push.Applied] != 40 {
			t.Errorf("%s: got %+v", c.name, b)
		}
	}
}

func TestARecordThatTooManyChange(t *testing.T) {
	w := newWorld(1)
	o := w.options()
	o.Records = &rival{w.records, 1000}
	d := w.pushed("deals", []byte(`{"objectname":"deals","data":[{"id":"a","action":"create"}]}`), "")
	if err := intake.New(o).Process(context.Background(), []delivery.Delivery{d})[0]; !fault.Is(err, fault.Unavailable) {
		t.Errorf("got %v", err)
	}
	o.Records = &rival{w.records, 3}
	if err := intake.New(o).Process(context.Background(), []delivery.Delivery{d})[0]; err != nil {
		t.Errorf("got %v", err)
	}
}

func TestABatchIsNotBegunThatMightNotEnd(t *testing.T) {
	w := newWorld(1)
	rows := strings.TrimSuffix(strings.Repeat(`{"id":"a","action":"create"},`, 5000), ",")
	large, small := w.pushed("deals", []byte(`{"objectname":"deals","data":[`+rows+`]}`), ""), w.pushed("deals", []byte(`{"objectname":"deals","data":[{"id":"b","action":"create"}]}`), "")
	ctx, cancel := context.WithTimeout(context.Background(), 9*time.Second)
	defer cancel()
	_, in := w.process(0, false)
	errs := in.Process(ctx, []delivery.Delivery{large, small})
	if f := fault.Of(errs[0]); f == nil || f.Kind != fault.Unavailable || f.Code != "out_of_time" || errs[1] != nil {
		t.Fatalf("got %v", errs)
	}
	w.run(t, large)
	if r := w.row(t, "a"); r.Rev != 1 || r.Source.Row != 5000 {
		t.Fatalf("got %+v", r)
	}
}

func TestWhatIsToldOfALargeBatchIsBounded(t *testing.T) {
	w := newWorld(1)
	var rows []string
	for i := range push.MaxRows {
		rows = append(rows, fmt.Sprintf(`{"id":"%0380d"}`, i))
	}
	b := w.batch(t, w.push(t, strings.Join(rows, ",")).ID)
	size, explained := 0, 0
	for i, o := range b.Only.Outcomes {
		if size += len(o.ID) + len(o.Detail); o.Detail != "" {
			explained++
		}
		if o.Row != i+1 || o.Outcome != push.SetAside || o.Code != string(quarantine.UnknownAction) {
			t.Fatalf("got %+v", o)
		}
	}
	if len(b.Only.Outcomes) != push.MaxRows || size > 200<<10 || explained < 300 || b.Counts[push.SetAside] != push.MaxRows {
		t.Fatalf("%d outcomes, %d bytes, %d explained", len(b.Only.Outcomes), size, explained)
	}
}

func TestABatchThatIsFinishedSaysTheSameForEver(t *testing.T) {
	w := newWorld(1)
	first := w.push(t, `{"id":"a","action":"update","n":1}`)
	w.push(t, `{"id":"a","action":"update","n":2}`)
	before := w.stored(t, "deals")
	w.run(t, first) // by now all that it says is older than what stands
	if diff := cmp.Diff(before, w.stored(t, "deals")); diff != "" {
		t.Fatal(diff)
	}
}
