package privacy_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"leadline/shared/blob"
	"leadline/shared/delivery"
	"leadline/shared/fault"
	"leadline/shared/job"
	"leadline/shared/privacy"
	"leadline/shared/push"
	"leadline/shared/quarantine"
	"leadline/shared/record"
	"leadline/shared/schema"
	"leadline/shared/store"
)

func (w *world) record(connection, object, id string) record.Record {
	w.t.Helper()
	r, err := w.records.Get(w.t.Context(), record.Key{Organization: ours, Connection: connection, Object: object, ID: id})
	w.must(err)
	return r
}

// erase erases whoever the params describe.
func (w *world) erase(p job.PersonParams) job.Job {
	w.t.Helper()
	w.made++
	j, _ := w.runs(w.job(ours, fmt.Sprintf("job_%012d", w.made), job.Erase, job.Running, p), w.Erase)
	return j
}

// TestWhatComesAgainStaysErased replays everything that ever came: what is as old as the tombstones, or older, is refused
// and leaves nothing, what is newer is new.
func TestWhatComesAgainStaysErased(t *testing.T) {
	w := newWorld(t)
	w.organization(ours)
	first := w.event(ours, "lead", "lead_joe", "created", 1, `,"name":"Zebulon","email":"joe.doe@example.com"`)
	last := w.event(ours, "lead", "lead_joe", "updated", 2, `,"name":"Zebulon","email":"joe.doe@example.com"`)
	row := w.push(ours, "contacts", `{"id":7,"action":"create","email":"joe.doe@example.com"}`)
	w.comes(first, row)
	w.comes(last)
	lead, contact := w.record(crm, "lead", "lead_joe"), w.record(client, "contacts", "7")
	if j := w.erase(him()); j.Status != job.Done {
		t.Fatal(j.Problem)
	}
	for range 2 {
		w.comes(last)
		w.comes(first)
		// The rows of a push are not looked at twice; those of a replay are, with the stamps that they had.
		index, _, err := w.intake.Payloads(t.Context(), ours, client, noon, store.Page{Limit: 1})
		w.must(err)
		again := row
		again.Body, again.Rows = nil, []delivery.RowReplay{{Entry: row.ID + "-00000001"}}
		again.Payload = &record.PayloadRef{Key: "inbox/" + ours + "/again.gz", Length: index[0].Entries[0].Payload.Length}
		var packed bytes.Buffer
		w.must(delivery.Pack(&packed, row.Body))
		again.Payload.Length = int64(packed.Len())
		w.must(w.payloads.Put(t.Context(), again.Payload.Key, packed.Bytes()))
		w.comes(again)
		for _, was := range []record.Record{lead, contact} {
			r := w.record(was.Connection, was.Object, was.ID)
			if !r.Erased || !r.Deleted || len(r.Fields) > 0 || r.Version != was.Version || r.Partial != nil && (len(r.Partial.Dormant) > 0 || r.Partial.Newest().Micros() != was.Partial.Newest().Micros()) {
				t.Errorf("an old state came back: %+v %+v", r, r.Partial)
			}
		}
	}
	w.comes(w.event(ours, "lead", "lead_joe", "updated", 3, `,"name":"New"`), w.push(ours, "contacts", `{"id":7,"action":"create","email":"new@example.com"}`))
	for _, key := range []record.Key{lead.Key, contact.Key} {
		if r := w.record(key.Connection, key.Object, key.ID); r.Erased || r.Deleted || len(r.Fields) == 0 {
			t.Errorf("what is newer is not taken as new: %+v", r)
		}
	}
}

// TestWhatIsUnderWay has the stream bring rows, and the queue a delivery, between the passes.
func TestWhatIsUnderWay(t *testing.T) {
	w := newWorld(t)
	w.plant(ours)
	before := w.dump(ours)
	waits := 0
	o := w.options()
	o.Wait = func(ctx context.Context) error {
		if waits++; waits == 1 {
			w.records.holds = false
			w.comes(w.event(ours, "lead", "lead_joe", "updated", 40, `,"name":"Zebulon, once more"`))
			return w.records.deliver(ctx)
		}
		return nil
	}
	w.Worker = privacy.New(o)
	w.comes(w.event(ours, "lead", "lead_joe", "updated", 35, `,"name":"Zebulon","email":"joe.doe@example.com"`))
	key := record.Key{Organization: ours, Connection: crm, Object: "lead", ID: "lead_joe"}
	w.records.holds = true
	w.must(w.rows.Delete(t.Context(), key, 3)) // the stream has not brought it yet
	r := w.record(crm, "lead", "lead_joe")
	late := record.RevisionOf(nil, &r)
	j := w.erase(him())
	if j.Status != job.Done || string(j.Result) != `{"passes":3}` || waits != 2 {
		t.Errorf("%s %s after %d waits: %s", j.Status, j.Result, waits, j.Problem)
	}
	w.erased(before, w.dump(theirs))

	// And at the very end, too.
	j = w.job(ours, "job_last", job.Erase, job.Running, him())
	for brought := false; !j.Status.Final(); {
		next, err := w.Erase(t.Context(), j)
		w.must(err)
		next.Rev = j.Rev + 1
		if strings.Contains(next.Cursor, `"pass":2`) && !brought {
			next.Cursor, brought = strings.Replace(next.Cursor, `"stage":"records"`, `"stage":"history"`, 1), true
			w.must(w.rows.Put(t.Context(), late))
			w.must(w.payloads.Put(t.Context(), "exports/"+ours+"/job_last/found.gz", packed(t, `{"records":{"conn_crm":{"lead":{"lead_joe":true,"lead_gone":true}}}}`)))
		}
		j = next
		w.must(w.jobs.UpdateJob(t.Context(), j))
	}
	if rows, _, err := w.rows.List(t.Context(), key, store.Page{Limit: 10}); err != nil || len(rows) != 1 || j.Counts["history"] != 1 {
		t.Errorf("%d rows are left, %v, %v", len(rows), j.Counts, err)
	}
}

func packed(t *testing.T, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := delivery.Pack(&b, []byte(text)); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestWhatKeepsComing sends something new of him before each pass.
func TestWhatKeepsComing(t *testing.T) {
	w := newWorld(t)
	w.plant(ours)
	before, n := w.dump(ours), 0
	o := w.options()
	o.Wait = func(context.Context) error {
		n++
		w.comes(w.event(ours, "lead", "lead_joe", "updated", 40+n, `,"name":"Zebulon again","note":"`+strings.Repeat("secret of his ", 2000)+`"`))
		return nil
	}
	w.Worker = privacy.New(o)
	j := w.erase(him())
	if j.Status != job.Failed || !strings.Contains(j.Problem, "each of the 3 times") || string(j.Params) != "{}" || n != 2 {
		t.Errorf("%s %q %s after %d", j.Status, j.Problem, j.Params, n)
	}
	before["fields"] = ""
	for _, name := range showsJoe(w.dump(ours)) {
		if !strings.HasPrefix(name, "blob fields/") { // of the last pass nobody has looked who else has it
			t.Errorf("%s still shows him", name)
		}
	}
	w.must(w.Ended(t.Context(), j))
}

// racing lets somebody else write a record before each of the first replacements of it.
type racing struct {
	store.Records
	w     *world
	races int
}

func (r *racing) Replace(ctx context.Context, rec record.Record, rev int64) (bool, *record.Record, error) {
	if rec.ID == "lead_joe" && r.races > 0 {
		r.races--
		r.w.comes(r.w.event(ours, "lead", "lead_joe", "updated", 200-r.races, `,"name":"Zebulon, raced"`))
	}
	return r.Records.Replace(ctx, rec, rev)
}

func TestARecordThatIsWrittenMeanwhile(t *testing.T) {
	w := newWorld(t)
	w.plant(ours)
	before := w.dump(ours)
	o := w.options()
	o.Records = &racing{w.records, w, 3}
	w.Worker = privacy.New(o)
	if j := w.erase(him()); j.Status != job.Done {
		t.Fatal(j.Problem)
	}
	w.erased(before, w.dump(theirs))

	w = newWorld(t)
	w.plant(ours)
	o = w.options()
	o.Records = &racing{w.records, w, 100}
	w.Worker = privacy.New(o)
	if _, err := w.Erase(t.Context(), w.job(ours, jobID, job.Erase, job.Running, him())); !fault.Is(err, fault.Unavailable) {
		t.Errorf("got %v", err)
	}
}

// TestRecordsThatAreNamed erases somebody of whom nothing but the records are known: also what came in about them, and
// nothing else.
func TestRecordsThatAreNamed(t *testing.T) {
	w := newWorld(t)
	w.plant(ours)
	w.comes(w.push(ours, "contacts", `{"id":"8","action":"leap","email":"c8@example.com"}`, `{"id":8.0,"action":"create","email":"c8@example.com"}`, `{"id":88,"action":"create"}`))
	before := w.dump(ours)
	j := w.erase(job.PersonParams{Records: []job.RecordRef{{Connection: crm, Object: "lead", ID: "lead_ann"}, {Connection: client, Object: "contacts", ID: "8"},
		{Connection: client, Object: "contacts", ID: "none"}, {Connection: client, Object: "nothing", ID: "8"}}})
	if j.Status != job.Done || j.Counts["records"] != 2 || j.Counts["history"] != 4 || j.Counts["payloads"] != 4 || j.Counts["deliveries"] != 1 || j.Counts["quarantine"] != 1 {
		t.Errorf("%s %v", j.Status, j.Counts)
	}
	after := w.dump(ours)
	for name, text := range before {
		if strings.Contains(text, "c8@example.com") && strings.Contains(after[name], "c8@example.com") {
			t.Errorf("%s still shows record 8", name)
		}
	}
	if text := after["record conn_zclient contacts 88"]; !strings.Contains(text, "88") || text != before["record conn_zclient contacts 88"] {
		t.Errorf("the record of another is %s", text)
	}
	if was, is := len(showsJoe(before)), len(showsJoe(after)); is < was-3 { // the large value that both have is Joe's, too
		t.Errorf("%d items showed another person, and %d do", was, is)
	}
}

func TestIDsStayAndAreCounted(t *testing.T) {
	w := newWorld(t)
	w.organization(ours)
	w.comes(w.push(ours, "contacts", `{"id":"joe.doe@example.com","action":"create","name":"Zebulon"}`, `{"id":"ann@example.com","action":"create"}`))
	j := w.erase(him())
	if r := w.record(client, "contacts", "joe.doe@example.com"); !r.Erased || len(r.Fields) > 0 || j.Counts[privacy.CountIDs] != 1 {
		t.Errorf("%+v, %v", r, j.Counts)
	}
	if j = w.erase(him()); j.Status != job.Done || len(without(j.Counts)) > 0 {
		t.Errorf("the second time: %v", j.Counts)
	}
}

// TestOtherJobs are about the same person: those under way are cancelled, the others forget whom they were about.
func TestOtherJobs(t *testing.T) {
	w := newWorld(t)
	w.organization(ours)
	w.SetBudget(1)
	running := w.job(ours, "job_running", job.Export, job.Running, him())
	w.comes(w.event(ours, "lead", "lead_joe", "created", 1, `,"email":"joe.doe@example.com"`))
	for range 3 {
		next, err := w.Export(t.Context(), running)
		w.must(err)
		next.Rev++
		w.must(w.jobs.UpdateJob(t.Context(), next))
		running = next
	}
	byRecord := job.PersonParams{Records: []job.RecordRef{{Connection: crm, Object: "lead", ID: "lead_joe"}}}
	for id, p := range map[string]job.PersonParams{"job_record": byRecord, "job_phone": {Phones: []string{"0049 151 23456789"}}, "job_ann": {Emails: []string{"ann@example.com"}}} {
		w.job(ours, id, job.Export, job.Done, p)
	}
	w.job(ours, "job_erasing", job.Erase, job.Running, him())
	w.job(ours, "job_failed", job.Erase, job.Failed, him())
	if j := w.erase(him()); j.Counts["jobs"] != 4 {
		t.Errorf("counts %v", j.Counts)
	}
	for id, want := range map[string]string{"job_running": "cancelled {}", "job_record": "done {}", "job_phone": "done {}", "job_failed": "failed {}",
		"job_ann": `done {"emails":["ann@example.com"]}`, "job_erasing": `running {"emails":["Joe.Doe@Example.com"],"phones":["+49 (0)151 234-56789"]}`} {
		j, err := w.jobs.Job(t.Context(), ours, id)
		if w.must(err); string(j.Status)+" "+string(j.Params) != want {
			t.Errorf("%s is %s %s", id, j.Status, j.Params)
		}
	}
	if keys := w.payloads.Keys(); slices.ContainsFunc(keys, func(k string) bool { return strings.HasPrefix(k, "exports/") }) {
		t.Errorf("left %v", keys)
	}
}

func TestEnded(t *testing.T) {
	w := newWorld(t)
	w.plant(ours)
	w.SetBudget(5)
	for kind, take := range map[job.Kind]step{job.Export: w.Export, job.Erase: w.Erase} {
		j := w.job(ours, "job_x"+string(kind), kind, job.Running, him())
		for range 6 {
			next, err := take(t.Context(), j)
			w.must(err)
			next.Rev++
			w.must(w.jobs.UpdateJob(t.Context(), next))
			j = next
		}
		stale := j
		j.Status, j.Rev = job.Cancelled, j.Rev+1
		w.must(w.jobs.UpdateJob(t.Context(), j))
		for range 2 { // the same again is no change
			w.must(w.Ended(t.Context(), stale), w.Ended(t.Context(), j))
		}
		for _, key := range w.payloads.Keys() {
			if strings.HasPrefix(key, "exports/"+ours+"/"+j.ID) {
				t.Errorf("%s left %s", kind, key)
			}
		}
		j, err := w.jobs.Job(t.Context(), ours, j.ID)
		w.must(err)
		if left := strings.Contains(string(j.Params), "Joe"); left != (kind == job.Export) || j.Status != job.Cancelled {
			t.Errorf("%s ended as %s %s", kind, j.Status, j.Params)
		}
	}
}

func TestWhatCannotBeStepped(t *testing.T) {
	for name, test := range map[string]struct {
		spoil func(*world, *job.Job)
		want  fault.Kind
	}{
		"no params":        {func(_ *world, j *job.Job) { j.Params = nil }, fault.Invalid},
		"nobody":           {func(_ *world, j *job.Job) { j.Params = []byte(`{}`) }, fault.Invalid},
		"a strange cursor": {func(_ *world, j *job.Job) { j.Cursor = "7" }, fault.Internal},
		"a strange stage":  {func(_ *world, j *job.Job) { j.Cursor = `{"stage":"dance"}` }, fault.Internal},
		"corrupt findings": {func(w *world, j *job.Job) {
			w.must(w.payloads.Put(context.Background(), "exports/"+ours+"/"+j.ID+"/found.gz", []byte("x")))
		}, fault.Internal},
		"no organization": {func(_ *world, j *job.Job) { j.Cursor = `{"stage":"archive"}`; j.Organization = theirs }, fault.NotFound},
		"everybody": {func(w *world, j *job.Job) {
			var all strings.Builder
			for i := range 200_000 {
				fmt.Fprintf(&all, `"%d":true,`, i)
			}
			w.must(w.payloads.Put(context.Background(), "exports/"+ours+"/"+j.ID+"/found.gz", packed(w.t, `{"deliveries":{`+strings.TrimSuffix(all.String(), ",")+`}}`)))
		}, fault.Invalid},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.plant(ours)
			for kind, take := range map[job.Kind]step{job.Export: w.Export, job.Erase: w.Erase} {
				j := w.job(ours, "job_"+string(kind), kind, job.Running, him())
				test.spoil(w, &j)
				if _, err := take(t.Context(), j); !fault.Is(err, test.want) || strings.Contains(err.Error(), "oe.") {
					t.Errorf("%s: got %v", kind, err)
				}
			}
		})
	}
}

// TestWhatLiesSomewhereElse has references lead to payloads that are gone, broken, or another organization's.
func TestWhatLiesSomewhereElse(t *testing.T) {
	w := newWorld(t)
	w.plant(theirs)
	w.organization(ours)
	others := w.dump(theirs)
	ctx := t.Context()
	indexes, _, err := w.intake.Payloads(ctx, theirs, crm, noon, store.Page{Limit: 1})
	w.must(err)
	foreign := indexes[0].Entries[0].Payload
	broken := "archive/" + ours + "/" + crm + "/2026/11/22/broken.gz"
	w.must(w.payloads.Put(ctx, broken, []byte("joe.doe@example.com, and no gzip")))
	at := func(key string, offset, length int64) record.PayloadRef {
		return record.PayloadRef{Key: key, Offset: offset, Length: length}
	}
	for i, p := range []record.PayloadRef{foreign, at(broken, 0, 20), at(broken, -1, 20), at(broken, 30, 20), at(broken, 0, 0), at("archive/"+ours+"/gone", 0, 20), at("strange", 0, 1)} {
		id, err := delivery.NewID(noon, strings.NewReader(fmt.Sprintf("%010d", i)))
		w.must(err, w.intake.IndexPayloads(ctx, delivery.PayloadIndex{Organization: ours, Connection: crm, StoredAt: noon, Object: p.Key,
			Entries: []delivery.PayloadEntry{{Delivery: id, ReceivedAt: noon, Payload: p}}}),
			w.intake.SetAside(ctx, quarantine.Entry{ID: id, Organization: ours, Connection: crm, Connector: "close", Reason: quarantine.TooLarge, Payload: p, Status: quarantine.Open}))
	}
	j, _ := w.runs(w.job(ours, jobID, job.Export, job.Running, him()), w.Export)
	if j.Counts["payloads"]+j.Counts["quarantine"] > 0 || j.Counts[privacy.CountUnreadable] == 0 {
		t.Errorf("counts %v", j.Counts)
	}
	if j = w.erase(him()); j.Status != job.Done || j.Counts["payloads"]+j.Counts["quarantine"] > 0 {
		t.Errorf("%s %v", j.Status, j.Counts)
	}
	for name, text := range w.dumpBlobs(theirs) {
		if text != others[name] {
			t.Errorf("%s of another organization has changed", name)
		}
	}
}

func (w *world) dumpBlobs(org string) map[string]string {
	blobs := map[string]string{}
	for name, text := range w.dump(org) {
		if strings.HasPrefix(name, "blob ") {
			blobs[name] = text
		}
	}
	return blobs
}

// contested has another writer change the schema before each of the first saves.
type contested struct {
	store.Schemas
	races int
}

func (c *contested) SaveObject(ctx context.Context, o schema.Object, addVersion bool) error {
	if c.races--; c.races >= 0 {
		now, err := c.Object(ctx, o.Organization, o.Connection, o.Name)
		now.Rev++
		if err := errors.Join(err, c.Schemas.SaveObject(ctx, now, false)); err != nil {
			return err
		}
	}
	return c.Schemas.SaveObject(ctx, o, addVersion)
}

func TestProposalsForgetHim(t *testing.T) {
	w := newWorld(t)
	w.organization(ours)
	w.must(w.intake.SetAside(t.Context(), quarantine.Entry{ID: "anns", Organization: ours, Connection: client}))
	o := schema.Object{Organization: ours, Connection: client, Name: "deals", State: schema.Confirmed, Rev: 1, Present: schema.Version{Number: 1},
		Proposal: &schema.Proposal{Rows: 3, Changes: []schema.Change{{Field: "owner", To: schema.Choice, Rows: 3, Choices: []string{"joe.doe@example.com", "ann@example.com"},
			Examples: []schema.Example{{Value: `"joe.doe@example.com and much mo`, Entry: "anns"}, {Value: `"ann@example.com"`, Entry: "anns"}, {Value: `"cut"`, Entry: "erased"}}}}}}
	w.must(w.schemas.SaveObject(t.Context(), o, true))
	options := w.options()
	options.Schemas = &contested{w.schemas, 3}
	w.Worker = privacy.New(options)
	if j := w.erase(him()); j.Status != job.Done || j.Counts[privacy.CountExamples] != 3 {
		t.Errorf("%s %v", j.Status, j.Counts)
	}
	got, err := w.schemas.Object(t.Context(), ours, client, "deals")
	w.must(err)
	c := got.Proposal.Changes[0]
	if len(c.Examples) != 1 || c.Examples[0].Value != `"ann@example.com"` || !slices.Equal(c.Choices, []string{"ann@example.com"}) || c.Rows != 3 || got.Proposal.Rows != 3 {
		t.Errorf("left %+v", c)
	}
}

// TestAFileThatIsBeingLoaded stays, and its chunks on their way lose his rows.
func TestAFileThatIsBeingLoaded(t *testing.T) {
	w := newWorld(t)
	w.organization(ours)
	ctx := t.Context()
	chunk := packed(t, `{"objectname":"contacts","data":[{"id":1,"email":"ann@example.com"},{"id":2,"email":"joe.doe@example.com"}]}`)
	for i, status := range []push.Status{push.Finished, push.Running, push.Refused} {
		b := push.Batch{ID: fmt.Sprintf("01KANQ7P0000000000000000D%d", i), Organization: ours, Connection: client, Object: "contacts", Kind: delivery.File,
			ReceivedAt: noon.Add(-time.Hour), Status: status, Chunks: 3}
		if status == push.Finished {
			b.ReceivedAt = noon.Add(-60 * 24 * time.Hour) // forgotten since
		}
		w.must(w.batches.SaveBatch(ctx, b), w.payloads.Put(ctx, "uploads/"+ours+"/"+b.ID, []byte("x")),
			w.payloads.Put(ctx, "inbox/"+ours+"/"+b.ID+"-1.gz", chunk), w.payloads.Put(ctx, "inbox/"+ours+"/"+b.ID+"-2.gz", []byte("no gzip")))
	}
	j := w.erase(him())
	if j.Status != job.Done || j.Counts[privacy.CountUploads] != 2 {
		t.Errorf("%s %v", j.Status, j.Counts)
	}
	for i, there := range []bool{1: true, 2: false} {
		if i == 0 {
			continue
		}
		if _, err := w.payloads.Get(ctx, fmt.Sprintf("uploads/%s/01KANQ7P0000000000000000D%d", ours, i)); (err == nil) != there {
			t.Errorf("file %d: %v", i, err)
		}
		left, err := w.payloads.Get(ctx, fmt.Sprintf("inbox/%s/01KANQ7P0000000000000000D%d-1.gz", ours, i))
		if w.must(err); len(left) != len(chunk) || unpacks(t, left) != `{"objectname":"contacts","data":[{"id":1,"email":"ann@example.com"},{"erased":true}]}` {
			t.Errorf("the chunk is %d bytes: %s", len(left), unpacks(t, left))
		}
	}
}

// TestALongExportStaysInParts pretends that the parts are long.
func TestALongExportStaysInParts(t *testing.T) {
	w := newWorld(t)
	w.organization(ours)
	for _, part := range []string{"000000", "000001"} {
		w.must(w.payloads.Put(t.Context(), "exports/"+ours+"/"+jobID+"/"+part+".ndjson.gz", packed(t, part+"\n")))
	}
	j := w.job(ours, jobID, job.Export, job.Running, him())
	j.Cursor = fmt.Sprintf(`{"v":1,"pass":1,"stage":"join","part":2,"bytes":%d}`, privacy.MaxFileBytes+1)
	j, _ = w.runs(j, w.Export)
	var result privacy.Result
	w.must(json.Unmarshal(j.Result, &result))
	if result.File != "" || len(result.Files) != 2 || len(w.payloads.Keys()) != 2 || !slices.Contains(w.payloads.Keys(), result.Files[1]) {
		t.Errorf("%s, %v", j.Result, w.payloads.Keys())
	}
}

func TestNobodyIsFound(t *testing.T) {
	w := newWorld(t)
	w.organization(ours)
	j, _ := w.runs(w.job(ours, jobID, job.Export, job.Running, job.PersonParams{Emails: []string{"nobody@example.com"}}), w.Export)
	lines, _ := w.exported("exports/" + ours + "/" + jobID + ".ndjson.gz")
	if j.Status != job.Done || len(lines) > 0 || len(w.payloads.Keys()) != 1 {
		t.Errorf("%s, %v, %v", j.Status, lines, w.payloads.Keys())
	}
}

func TestJoined(t *testing.T) {
	blobs, keys, want := blob.NewMemory(), []string{}, ""
	for i, part := range []string{"abc", "", strings.Repeat("d", 100_000), "e"} {
		keys, want = append(keys, fmt.Sprint(i)), want+part
		if err := blobs.Put(t.Context(), keys[i], []byte(part)); err != nil {
			t.Fatal(err)
		}
	}
	r := privacy.Joined(t.Context(), blobs, keys, int64(len(want)))
	for range 2 {
		if n, err := r.Seek(0, io.SeekEnd); err != nil || n != int64(len(want)) {
			t.Fatalf("the end is %d, %v", n, err)
		}
		if n, err := r.Read(make([]byte, 1)); n != 0 || err != io.EOF {
			t.Fatalf("behind the end: %d, %v", n, err)
		}
		if n, err := r.Seek(0, io.SeekStart); err != nil || n != 0 {
			t.Fatalf("the beginning is %d, %v", n, err)
		}
		if got, err := io.ReadAll(io.LimitReader(r, 50_000)); err != nil || string(got) != want[:50_000] {
			t.Fatalf("%d bytes, %v", len(got), err)
		}
		if n, err := r.Seek(0, io.SeekCurrent); err != nil || n != 50_000 {
			t.Fatalf("in the middle is %d, %v", n, err)
		}
		if got, err := io.ReadAll(r); err != nil || string(got) != want[50_000:] {
			t.Fatalf("%d bytes, %v", len(got), err)
		}
		if _, err := r.Seek(7, io.SeekStart); err == nil {
			t.Fatal("it seeks where it cannot")
		}
		if _, err := r.Seek(0, io.SeekStart); err != nil {
			t.Fatal(err)
		}
	}
	r = privacy.Joined(t.Context(), blobs, []string{"0", "gone"}, 10)
	if _, err := io.ReadAll(r); !fault.Is(err, fault.NotFound) {
		t.Errorf("a part that is gone: %v", err)
	}
}

func TestPause(t *testing.T) {
	if err := privacy.Pause(0)(t.Context()); err != nil {
		t.Error(err)
	}
	ended, end := context.WithCancel(t.Context())
	end()
	w := newWorld(t)
	w.organization(ours)
	o := w.options()
	o.Wait = func(context.Context) error { return privacy.Pause(time.Hour)(ended) }
	if _, err := privacy.New(o).Erase(t.Context(), w.job(ours, jobID, job.Erase, job.Running, him())); !fault.Is(err, fault.Unavailable) {
		t.Errorf("got %v", err)
	}
}

// TestAPayloadThatNobodyCanReadAnyMore is found by the history that points at it.
func TestAPayloadThatNobodyCanReadAnyMore(t *testing.T) {
	w := newWorld(t)
	w.organization(ours)
	w.comes(w.event(ours, "lead", "lead_joe", "created", 1, `,"name":"Zebulon"`))
	w.comes(w.event(ours, "lead", "lead_joe", "updated", 2, `,"name":"Zebulon","email":"joe.doe@example.com"`))
	o := w.options()
	o.Connectors = nil
	w.Worker = privacy.New(o)
	if j := w.erase(him()); j.Counts["payloads"] != 2 || len(showsJoe(w.dump(ours))) > 0 {
		t.Errorf("%v, left %v", j.Counts, showsJoe(w.dump(ours)))
	}
}

// TestWhatWasFoundIsLost has another step of the same job overwrite what was found: the tombstones tell it again.
func TestWhatWasFoundIsLost(t *testing.T) {
	w := newWorld(t)
	w.plant(ours)
	before := w.dump(ours)
	w.SetBudget(3)
	j := w.job(ours, jobID, job.Erase, job.Running, him())
	for !w.record(crm, "lead", "lead_joe").Erased {
		next, err := w.Erase(t.Context(), j)
		w.must(err)
		j.Cursor = next.Cursor
	}
	w.must(w.payloads.Delete(t.Context(), "exports/"+ours+"/"+jobID+"/found.gz"))
	j.Cursor = ""
	if j, _ = w.runs(j, w.Erase); j.Status != job.Done {
		t.Fatal(j.Problem)
	}
	after := w.dump(ours)
	for _, name := range showsJoe(after) {
		if !strings.HasPrefix(name, "blob fields/") { // nobody knows any more that it was his
			t.Errorf("%s still shows him: %.200s (of %d before)", name, after[name], len(before))
		}
	}
}

func TestAMergedRecordStaysMerged(t *testing.T) {
	w := newWorld(t)
	w.organization(ours)
	key := record.Key{Organization: ours, Connection: crm, Object: "lead", ID: "lead_double"}
	_, err := w.records.PutNewer(t.Context(), record.Record{Key: key, Version: record.VersionAt(noon, 1), Deleted: true, MergedInto: "lead_1", StoredAt: noon})
	w.must(err)
	j := w.erase(job.PersonParams{Records: []job.RecordRef{{Connection: crm, Object: "lead", ID: "lead_double"}}})
	if r := w.record(crm, "lead", "lead_double"); j.Counts["records"] != 1 || !r.Erased || r.MergedInto != "lead_1" || r.Version != record.VersionAt(noon, 1) {
		t.Errorf("%v %+v", j.Counts, r)
	}
}

// TestAValueThatLosesItsLastOwner belonged to another record, too, until that turned out to be his.
func TestAValueThatLosesItsLastOwner(t *testing.T) {
	w := newWorld(t)
	w.plant(ours)
	n, o := 0, w.options()
	o.Wait = func(context.Context) error {
		if n++; n == 1 {
			w.comes(w.event(ours, "lead", "lead_joe", "updated", 41, `,"name":"Zebulon again"`))
		} else {
			w.comes(w.event(ours, "lead", "lead_ann", "updated", 42, `,"email":"joe.doe@example.com"`))
		}
		return nil
	}
	w.Worker = privacy.New(o)
	j := w.erase(him())
	for _, key := range w.payloads.Keys() {
		if strings.HasPrefix(key, "fields/") {
			t.Errorf("left %s: %v", key, j.Counts)
		}
	}
	if n != 2 || j.Counts[privacy.CountFields] != 2 {
		t.Errorf("%d waits, %v", n, j.Counts)
	}
}
