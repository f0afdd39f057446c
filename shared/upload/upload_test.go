package upload_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/gzip"

	"leadline/shared/blob"
	"leadline/shared/delivery"
	"leadline/shared/fault"
	"leadline/shared/intake"
	"leadline/shared/job"
	"leadline/shared/push"
	"leadline/shared/quota"
	"leadline/shared/record"
	"leadline/shared/schema"
	"leadline/shared/store"
	"leadline/shared/store/memory"
	"leadline/shared/upload"
)

const (
	organization = "org_000000000001"
	connection   = "conn_000000000001"
	batchID      = "01KANQ7P0000000000000000D4"
	key          = "uploads/" + organization + "/" + batchID
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// world is a Loader over memory, which can fail at its next writes.
type world struct {
	t *testing.T
	*blob.Memory
	batches *memory.Batches
	schemas *memory.Schemas
	quota   *allowance
	got     []delivery.Delivery
	// fails tells how many writes to bucket or queue pass before one fails; below 0 for all.
	fails int
	// opens counts how often a file was opened; cutOff is after how many bytes its first reader ends.
	opens, cutOff int
	*upload.Loader
}

// allowance is the quota of one organization; without a limit it bounds nothing.
type allowance struct {
	*quota.Meter
	limit int64
}

func unlimited() *allowance {
	return &allowance{Meter: quota.NewRows(memory.NewMembers(memory.NewTenancy()))}
}

func (a *allowance) Take(ctx context.Context, organization string, rows int64, now time.Time) error {
	_, err := a.Meter.Take(ctx, organization, rows, a.limit, now)
	return err
}

func newWorld(t *testing.T) *world {
	w := &world{t: t, Memory: blob.NewMemory(), batches: memory.NewBatches(), schemas: memory.NewSchemas(), quota: unlimited(), fails: -1}
	w.restart()
	err := w.batches.SaveBatch(t.Context(), push.Batch{ID: batchID, Public: "bat_1", Organization: organization, Connection: connection, Client: "cli_1",
		Object: "deals", Kind: delivery.File, ReceivedAt: noon.Add(-time.Hour), Status: push.Uploading})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// restart forgets what the Loader holds in memory.
func (w *world) restart() {
	w.Loader = upload.New(upload.Options{Payloads: w, Batches: w.batches, Schemas: w.schemas, Inbox: w, Rows: w.quota, Now: func() time.Time { return noon }})
}

func (w *world) fail() error {
	if w.fails == 0 {
		return fault.New(fault.Unavailable, "unavailable", "no")
	}
	w.fails--
	return nil
}

func (w *world) Put(ctx context.Context, key string, body []byte) error {
	if err := w.fail(); err != nil && strings.HasPrefix(key, "inbox/") {
		return err
	}
	return w.Memory.Put(ctx, key, body)
}

func (w *world) Open(ctx context.Context, key string) (io.ReadCloser, int64, error) {
	body, size, err := w.Memory.Open(ctx, key)
	if w.opens++; err == nil && w.cutOff > 0 && w.opens == 2 { // the first that sends
		body = io.NopCloser(io.MultiReader(io.LimitReader(body, int64(w.cutOff)), iotest.ErrReader(fault.New(fault.Unavailable, "unavailable", "cut off"))))
	}
	return body, size, err
}

func (w *world) Send(_ context.Context, group string, body []byte) error {
	if err := w.fail(); err != nil {
		return err
	}
	d, err := delivery.Decode(body)
	if err != nil || group != organization {
		w.t.Errorf("a message for %s: %v", group, err)
	}
	w.got = append(w.got, d)
	return nil
}

func (w *world) upload(file string) {
	w.t.Helper()
	if err := w.Memory.Put(w.t.Context(), key, []byte(file)); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) batch() push.Batch {
	w.t.Helper()
	b, err := w.batches.Batch(w.t.Context(), organization, batchID)
	if err != nil {
		w.t.Fatal(err)
	}
	return b
}

func newJob() job.Job {
	params, _ := json.Marshal(job.LoadParams{Batch: batchID, Upload: key})
	return job.Job{ID: "job_1", Organization: organization, Kind: job.Load, Params: params, Status: job.Running}
}

// run does a job to its end; a step that fails is tried again, as often as the queue does.
func (w *world) run(j job.Job) job.Job {
	w.t.Helper()
	for range 1000 {
		next, err := w.Step(w.t.Context(), j)
		if err != nil {
			w.t.Fatal(err)
		}
		if j = next; j.Status.Final() {
			return j
		}
	}
	w.t.Fatal("the job does not end")
	return j
}

// rows gives the rows that were sent, in order, each once, and checks that what was sent twice is the same.
func (w *world) rows() []string {
	w.t.Helper()
	bodies := map[int]string{}
	var all []string
	for _, d := range w.got {
		packed, err := w.GetRange(w.t.Context(), d.Payload.Key, d.Payload.Offset, d.Payload.Length)
		if err != nil {
			w.t.Fatal(err)
		}
		body, err := delivery.Unpack(packed)
		if err != nil {
			w.t.Fatal(err)
		}
		if before, ok := bodies[d.Batch.First]; ok && before != d.ID+string(body) {
			w.t.Errorf("chunk %d was sent twice, not the same", d.Batch.Number)
		}
		bodies[d.Batch.First] = d.ID + string(body)
	}
	number := 0
	for _, first := range slices.Sorted(maps.Keys(bodies)) {
		if first != len(all)+1 {
			w.t.Errorf("a chunk begins with row %d behind row %d", first, len(all))
		}
		body := bodies[first][len(batchID):]
		request, err := push.ReadBody([]byte(body))
		if err != nil || request.Object != "deals" {
			w.t.Fatalf("chunk %d: %v", number, err)
		}
		for _, row := range request.Rows {
			all = append(all, string(row))
		}
		number++
	}
	return all
}

func lines(n int, row string) (file string, rows []string) {
	for i := range n {
		rows = append(rows, fmt.Sprintf(row, i))
	}
	return strings.Join(rows, "\n") + "\n", rows
}

func gz(t testing.TB, text string) string {
	t.Helper()
	var buf bytes.Buffer
	w := gzip.NewWriter(&buf)
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.String()
}

const deal = `{"id":%d,"action":"create","name":"a"}`

func TestAFileComesInChunks(t *testing.T) {
	file, want := lines(12_001, deal)
	var before []delivery.Delivery
	for name, text := range map[string]string{"plain": file, "gzip": gz(t, file)} {
		w := newWorld(t)
		w.upload(text)
		j := w.run(newJob())
		if got := w.rows(); !slices.Equal(got, want) {
			t.Fatalf("%s: %d rows, want %d", name, len(got), len(want))
		}
		if len(w.got) != 3 || w.opens != 2 {
			t.Errorf("%s: %d chunks, opened %d times", name, len(w.got), w.opens)
		}
		for i, d := range w.got {
			wanted := delivery.Delivery{V: 1, ID: d.ID, Organization: organization, Connection: connection, Connector: "client", Kind: delivery.File,
				ReceivedAt: noon.Add(-time.Hour), Payload: d.Payload,
				Batch: &delivery.BatchPart{ID: batchID, Public: "bat_1", Client: "cli_1", Object: "deals", Number: i, First: 1 + 5000*i}}
			if diff := cmp.Diff(wanted, d); diff != "" {
				t.Error(diff)
			}
			if d.Payload.Key != fmt.Sprintf("inbox/%s/%s-%d.gz", organization, batchID, i) || i > 0 && d.ID <= w.got[i-1].ID {
				t.Errorf("chunk %d: %s in %s", i, d.ID, d.Payload.Key)
			}
		}
		if before != nil && cmp.Diff(before, w.got) != "" {
			t.Error("packed and plain are two things")
		}
		before = w.got
		if b := w.batch(); b.Status != push.Running || b.Rows != 12_001 || b.Chunks != 3 || b.Problem != "" {
			t.Errorf("%s: the batch is %+v", name, b)
		}
		if j.Status != job.Done || j.Total != 12_001 || j.Counts[upload.CountDone] != 12_001 || j.Counts[upload.CountChunks] != 3 ||
			string(j.Result) != `{"batch":"bat_1","rows":12001,"chunks":3}` {
			t.Errorf("%s: the job is %+v", name, j)
		}
	}
}

func TestBadRowsArePassedOn(t *testing.T) {
	w := newWorld(t)
	w.upload("{\"id\":1,\"action\":\"create\"}\n\nnonsense\n[1]\n" + strings.Repeat("x", 2<<20) + "\n{\"id\":2,\"action\":\"create\"}")
	w.run(newJob())
	rows := w.rows()
	if len(rows) != 5 || rows[0] != `{"id":1,"action":"create"}` || rows[1] != `"nonsense"` || rows[2] != `[1]` || !strings.HasPrefix(rows[3], `"xxx`) || rows[4] != `{"id":2,"action":"create"}` {
		t.Errorf("rows %.200s", rows)
	}
	if b := w.batch(); b.Rows != 5 || b.Chunks != 1 {
		t.Errorf("the batch is %+v", b)
	}
}

func (w *world) object() schema.Object {
	w.t.Helper()
	o, err := w.schemas.Object(w.t.Context(), organization, connection, "deals")
	if err != nil {
		w.t.Fatal(err)
	}
	return o
}

func TestANewObjectIsLearnedFromTheWholeFile(t *testing.T) {
	w := newWorld(t)
	file, _ := lines(6000, `{"id":%d,"action":"create","value":1,"late":null}`)
	w.upload(file + "nonsense\n" + `{"id":"x","action":"delete","gone":true}` + "\n" + `{"id":7,"action":"update","value":"seven","late":true}` + "\n" + `{"action":"create","noid":1}`)
	if _, err := w.Step(t.Context(), newJob()); err != nil { // before a row is sent
		t.Fatal(err)
	}
	if len(w.got) != 0 {
		t.Error("rows were sent before the object was known")
	}
	o := w.object()
	want := []schema.Field{{Name: "id", Type: schema.Text}, {Name: "late", Type: schema.Boolean}, {Name: "value", Type: schema.Text}}
	if diff := cmp.Diff(want, o.Present.Fields); diff != "" {
		t.Error(diff)
	}
	o.Present.Fields = nil
	if diff := cmp.Diff(schema.Object{Organization: organization, Connection: connection, Name: "deals", Title: "deals", IDField: "id", State: schema.Confirmed,
		Present: schema.Version{Number: 1, Origin: schema.FirstDump, At: noon}, FirstSeen: noon.Add(-time.Hour), UpdatedAt: noon, Rev: 1}, o); diff != "" {
		t.Error(diff)
	}
}

func TestAnObjectOfTooManyFieldsTakesWhatFits(t *testing.T) {
	w := newWorld(t)
	var file strings.Builder
	for i := range 300 {
		fmt.Fprintf(&file, `{"id":%d,"action":"create","a%d":1,"b%d":2}`+"\n", i, i, i)
	}
	w.upload(file.String())
	if j := w.run(newJob()); j.Status != job.Done {
		t.Fatalf("the job is %+v", j)
	}
	if n := len(w.object().Present.Fields); n < 400 || n > schema.MaxFields {
		t.Errorf("%d fields", n)
	}
}

func TestAKnownObjectIsLeftAlone(t *testing.T) {
	w := newWorld(t)
	known := schema.Object{Organization: organization, Connection: connection, Name: "deals", State: schema.Draft, IDField: "key", Rev: 1,
		Present: schema.Version{Number: 1, Origin: schema.Template, Fields: []schema.Field{{Name: "key", Type: schema.Text}}}}
	if err := w.schemas.SaveObject(t.Context(), known, true); err != nil {
		t.Fatal(err)
	}
	file, _ := lines(3, deal)
	w.upload(file)
	w.run(newJob())
	if diff := cmp.Diff(known, w.object()); diff != "" {
		t.Error(diff)
	}
}

func TestDeletionsAloneTeachNothing(t *testing.T) {
	w := newWorld(t)
	file, want := lines(3, `{"id":%d,"action":"delete"}`)
	w.upload(file)
	if w.run(newJob()); len(w.rows()) != len(want) {
		t.Error("rows are missing")
	}
	if _, err := w.schemas.Object(t.Context(), organization, connection, "deals"); !fault.Is(err, fault.NotFound) {
		t.Errorf("the object is known: %v", err)
	}
}

// TestACrashAnywhere lets each write fail in turn, and the function start anew or not.
func TestACrashAnywhere(t *testing.T) {
	file, want := lines(60_000, deal) // 12 chunks, 24 writes, two steps that send
	for _, at := range []int{0, 1, 2, 13, 19, 20, 21, 22, 23, 24} {
		w := newWorld(t)
		w.upload(gz(t, file))
		w.fails = at
		j := newJob()
		for tries := 0; !j.Status.Final(); tries++ {
			next, err := w.Step(t.Context(), j)
			if err == nil {
				j = next
				continue
			}
			if !fault.Is(err, fault.Unavailable) || tries > 20 {
				t.Fatalf("after %d writes: %v", at, err)
			}
			if w.fails = -1; at%2 == 0 {
				w.restart()
			}
		}
		if got := w.rows(); !slices.Equal(got, want) {
			t.Fatalf("after %d writes: %d rows, want %d", at, len(got), len(want))
		}
		if j.Status != job.Done || j.Counts[upload.CountDone] != 60_000 || len(w.got) > 12+10 {
			t.Errorf("after %d writes: %d messages, %+v", at, len(w.got), j)
		}
	}
}

func TestAFileThatIsCutOffIsOpenedAgain(t *testing.T) {
	file, want := lines(60_000, deal)
	for _, at := range []int{1, len(file) / 3, len(file) - 100_000} {
		w := newWorld(t)
		w.upload(file)
		w.cutOff = at
		j := newJob()
		for tries := 0; !j.Status.Final() && tries < 20; tries++ {
			if next, err := w.Step(t.Context(), j); err == nil {
				j = next
			}
		}
		if got := w.rows(); j.Status != job.Done || !slices.Equal(got, want) {
			t.Errorf("cut off after %d bytes: %s, %d rows", at, j.Status, len(got))
		}
		if w.opens > 4 {
			t.Errorf("cut off after %d bytes: opened %d times", at, w.opens)
		}
	}
}

func TestAFileThatIsReplacedMeanwhile(t *testing.T) {
	long, _ := lines(60_000, deal)
	longer, _ := lines(70_000, deal)
	short, _ := lines(7, deal)
	other := strings.Replace(long, "\n", " \n\n", 1)[:len(long)-40]
	for name, text := range map[string]string{"by a longer one": longer, "by a shorter one": short, "by one with a row less": other, "by nothing": ""} {
		w := newWorld(t)
		w.upload(long)
		j := newJob()
		for range 2 {
			var err error
			if j, err = w.Step(t.Context(), j); err != nil {
				t.Fatal(err)
			}
		}
		w.upload(text)
		w.restart()
		j = w.run(j)
		b := w.batch()
		if j.Status != job.Failed || j.Problem == "" || b.Status != push.Refused || !strings.Contains(b.Problem, j.Problem) ||
			!strings.Contains(b.Problem, "The first 50000 rows had been taken") && name != "by one with a row less" && name != "by a longer one" {
			t.Errorf("%s: %s %q, the batch %s %q", name, j.Status, j.Problem, b.Status, b.Problem)
		}
	}
}

func TestFilesThatAreRefused(t *testing.T) {
	for name, c := range map[string]struct{ file, problem string }{
		"empty":        {"", "The file is empty."},
		"a table":      {"id,name\n1,x\n", "The file is not a JSON object on each line"},
		"half a gzip":  {gz(t, strings.Repeat("{}\n", 5000))[:30], "The file is no sound gzip"},
		"not uploaded": {"-", "There is no uploaded file."},
	} {
		w := newWorld(t)
		if c.file != "-" {
			w.upload(c.file)
		}
		j, err := w.Step(t.Context(), newJob())
		b := w.batch()
		if err != nil || j.Status != job.Failed || !strings.HasPrefix(j.Problem, c.problem) || b.Status != push.Refused || b.Problem != j.Problem || !b.FinishedAt.Equal(noon) {
			t.Errorf("%s: %+v, %v, the batch %+v", name, j, err, b)
		}
		if _, err := w.schemas.Object(t.Context(), organization, connection, "deals"); len(w.got) != 0 || !fault.Is(err, fault.NotFound) {
			t.Errorf("%s: %d chunks were sent, %v", name, len(w.got), err)
		}
		if again, err := w.Step(t.Context(), newJob()); err != nil || again.Status != job.Failed || again.Problem != j.Problem { // after a crash
			t.Errorf("%s: again %+v, %v", name, again, err)
		}
	}
}

func TestTheBatchOfAJobThatEnds(t *testing.T) {
	for name, c := range map[string]struct {
		status job.Status
		before push.Status
		rows   int64
		want   push.Status
		text   string
	}{
		"failed":            {job.Failed, push.Running, 0, push.Refused, "Broken."},
		"failed in between": {job.Failed, push.Running, 7, push.Refused, "Broken. The first 7 rows had been taken before that, and stay."},
		"cancelled":         {job.Cancelled, push.Uploading, 0, push.Refused, "The load was cancelled."},
		"finished before":   {job.Cancelled, push.Finished, 7, push.Finished, ""},
	} {
		w := newWorld(t)
		b := w.batch()
		b.Status = c.before
		if err := w.batches.SaveBatch(t.Context(), b); err != nil {
			t.Fatal(err)
		}
		j := newJob()
		j.Status, j.Problem, j.Counts = c.status, "Broken.", map[string]int64{upload.CountRows: c.rows}
		for range 2 {
			if err := w.Ended(t.Context(), j); err != nil {
				t.Fatal(err)
			}
			if b := w.batch(); b.Status != c.want || b.Problem != c.text {
				t.Errorf("%s: %s, %q", name, b.Status, b.Problem)
			}
		}
	}
	w := newWorld(t)
	j := newJob()
	j.Organization = "org_other"
	if err := w.Ended(t.Context(), j); err != nil {
		t.Errorf("a batch that is gone: %v", err)
	}
}

// TestChunksThatAreFinishedAreNotForgotten repeats the first step after its job was not saved, while ingest is at work.
func TestChunksThatAreFinishedAreNotForgotten(t *testing.T) {
	w := newWorld(t)
	file, _ := lines(6000, deal)
	w.upload(file)
	if _, err := w.Step(t.Context(), newJob()); err != nil {
		t.Fatal(err)
	}
	if err := w.batches.FinishChunk(t.Context(), organization, batchID, push.Chunk{Number: 0, First: 1, Rows: 5000, Counts: map[push.Outcome]int64{push.Applied: 5000}}); err != nil {
		t.Fatal(err)
	}
	w.run(newJob())
	if b := w.batch(); b.Done != 1 || b.Counts[push.Applied] != 5000 || b.Chunks != 2 {
		t.Errorf("the batch is %+v", b)
	}
}

func TestAStepDoesNotChangeTheJobItWasGiven(t *testing.T) {
	w := newWorld(t)
	file, _ := lines(60_000, deal)
	w.upload(file)
	j, err := w.Step(t.Context(), newJob())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Step(t.Context(), j); err != nil || j.Counts[upload.CountDone] != 0 || j.Cursor != "0" {
		t.Errorf("%+v, %v", j, err)
	}
}

func TestJobsThatNameNoFile(t *testing.T) {
	w := newWorld(t)
	for _, params := range []string{"", "{}", `{"batch":"` + batchID + `"}`} {
		if _, err := w.Step(t.Context(), job.Job{Organization: organization, Params: []byte(params)}); !fault.Is(err, fault.Invalid) {
			t.Errorf("%q: %v", params, err)
		}
	}
	j := newJob()
	j.Organization = "org_other"
	if _, err := w.Step(t.Context(), j); !fault.Is(err, fault.NotFound) {
		t.Errorf("another organization's batch: %v", err)
	}
}

type brokenSchemas struct{ store.Schemas }

func (brokenSchemas) SaveObject(context.Context, schema.Object, bool) error {
	return fault.New(fault.RateLimited, "throttled", "no")
}

func TestATableThatFails(t *testing.T) {
	w := newWorld(t)
	file, _ := lines(3, deal)
	w.upload(file)
	w.Schemas = brokenSchemas{w.schemas}
	if _, err := w.Step(t.Context(), newJob()); !fault.Is(err, fault.RateLimited) {
		t.Errorf("got %v", err)
	}
	if b := w.batch(); b.Status != push.Uploading {
		t.Errorf("the batch is %s", b.Status)
	}
}

// generated is a file of so many bytes that nobody holds in memory.
type generated struct {
	row  string
	left int64
	rest string
}

func (g *generated) Read(p []byte) (int, error) {
	if g.left <= 0 {
		return 0, io.EOF
	}
	n := 0
	for n < len(p) && g.left > 0 {
		if g.rest == "" {
			g.rest = g.row
		}
		m := copy(p[n:], g.rest[:min(int64(len(g.rest)), g.left)])
		g.rest, n, g.left = g.rest[m:], n+m, g.left-int64(m)
	}
	return n, nil
}

func (*generated) Close() error { return nil }

// vast is a bucket with one file of so many bytes. It keeps nothing and notes how much memory is held.
type vast struct {
	blob.Store
	row  string
	size int64
	puts int
	peak uint64
}

func (v *vast) Open(context.Context, string) (io.ReadCloser, int64, error) {
	return v.noted(&generated{row: v.row, left: v.size}), v.size, nil
}

func (v *vast) Put(context.Context, string, []byte) error {
	if v.puts++; v.puts%8 == 0 {
		v.note()
	}
	return nil
}

func (v *vast) Send(context.Context, string, []byte) error { return nil }

func (v *vast) note() {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	v.peak = max(v.peak, m.HeapAlloc)
}

// noted looks at the memory now and then while a file is read.
func (v *vast) noted(file io.ReadCloser) io.ReadCloser {
	reads := 0
	return readerFunc(func(p []byte) (int, error) {
		if reads++; reads%100 == 0 {
			v.note()
		}
		return file.Read(p)
	})
}

type readerFunc func(p []byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

func (f readerFunc) Close() error { return nil }

// busySchemas fail at the first write.
type busySchemas struct {
	*memory.Schemas
	written bool
}

func (s *busySchemas) SaveObject(ctx context.Context, o schema.Object, addVersion bool) error {
	if !s.written {
		s.written = true
		return fault.New(fault.Unavailable, "unavailable", "no")
	}
	return s.Schemas.SaveObject(ctx, o, addVersion)
}

// TestTheRowsOfAFileCountAsThoseOfPushes: all of them or none, once, before anything is stored or sent.
func TestTheRowsOfAFileCountAsThoseOfPushes(t *testing.T) {
	file, _ := lines(6, deal)
	w := newWorld(t)
	w.quota.limit = 10
	w.Loader.Schemas = &busySchemas{Schemas: w.schemas}
	w.upload(file)
	if _, err := w.Step(t.Context(), newJob()); !fault.Is(err, fault.Unavailable) {
		t.Fatal(err)
	}
	if j := w.run(newJob()); j.Status != job.Done { // those of the try before were given back
		t.Fatalf("the job is %+v", j)
	}
	if _, err := w.Step(t.Context(), newJob()); err != nil { // begun again after a crash, it counts nothing
		t.Error(err)
	}
	full := w.quota
	w = newWorld(t)
	w.quota = full
	w.restart()
	w.upload(file)
	if j := w.run(newJob()); j.Status != job.Failed || !strings.Contains(j.Problem, "10 rows a day, and 4 of them are left") {
		t.Errorf("the job is %+v", j)
	}
	if b := w.batch(); b.Status != push.Refused || !strings.Contains(b.Problem, "10 rows a day") || len(w.got) != 0 {
		t.Errorf("the batch is %+v", b)
	}
	if _, err := w.schemas.Object(t.Context(), organization, connection, "deals"); !fault.Is(err, fault.NotFound) {
		t.Errorf("the file that was refused fixed the schema: %v", err)
	}
}

// TestMemoryDoesNotGrowWithTheFile, nor with its rows: it is looked at while the file is examined, and while it is sent.
func TestMemoryDoesNotGrowWithTheFile(t *testing.T) {
	for _, length := range []int{400, 900_000} {
		row := `{"id":12345,"action":"create","note":"` + strings.Repeat("x", length) + `"}` + "\n"
		const size = 200 << 20
		w := newWorld(t)
		v := &vast{row: row, size: size / int64(len(row)) * int64(len(row))}
		w.Loader = upload.New(upload.Options{Payloads: v, Batches: w.batches, Schemas: w.schemas, Inbox: v, Rows: unlimited(), Now: func() time.Time { return noon }})
		runtime.GC()
		var before runtime.MemStats
		runtime.ReadMemStats(&before)
		j := w.run(newJob())
		if j.Status != job.Done || j.Total != v.size/int64(len(row)) {
			t.Fatalf("the job is %+v", j)
		}
		if v.puts < 60 || v.peak == 0 || v.peak > before.HeapAlloc+64<<20 {
			t.Errorf("rows of %d bytes: %d chunks, at most %d MB more than %d MB", length, v.puts, int64(v.peak-before.HeapAlloc)>>20, before.HeapAlloc>>20)
		}
	}
}

func BenchmarkLoad(b *testing.B) {
	row := `{"id":12345,"action":"create","name":"Acme","value":1200.50,"closed":"2026-11-22","note":"` + strings.Repeat("x", 200) + `"}` + "\n"
	v := &vast{row: row, size: 32 << 20 / int64(len(row)) * int64(len(row))}
	b.SetBytes(v.size)
	b.ReportAllocs()
	for b.Loop() {
		batches := memory.NewBatches()
		l := upload.New(upload.Options{Payloads: v, Batches: batches, Schemas: memory.NewSchemas(), Inbox: v, Rows: unlimited(), Now: func() time.Time { return noon }})
		if err := batches.SaveBatch(b.Context(), push.Batch{ID: batchID, Organization: organization, Connection: connection, Object: "deals"}); err != nil {
			b.Fatal(err)
		}
		for j := newJob(); !j.Status.Final(); {
			var err error
			if j, err = l.Step(b.Context(), j); err != nil {
				b.Fatal(err)
			}
		}
	}
}

// TestTheInboxUnderstandsTheChunks applies them, the last first, one twice.
func TestTheInboxUnderstandsTheChunks(t *testing.T) {
	w := newWorld(t)
	file, _ := lines(6000, deal)
	w.upload(file + `{"id":"7","action":"update","name":"last"}` + "\n" + "nonsense\n")
	w.run(newJob())
	records, quarantined := memory.NewRecords(), memory.NewIntake()
	in := intake.New(intake.Options{Records: records, Intake: quarantined, Schemas: w.schemas, Batches: w.batches, Journal: memory.NewJournal(),
		Payloads: w.Memory, ClockGuard: time.Minute, SchemaCache: time.Minute, Now: func() time.Time { return noon }})
	for _, d := range []delivery.Delivery{w.got[1], w.got[0], w.got[1]} {
		if errs := in.Process(t.Context(), []delivery.Delivery{d}); errs[0] != nil {
			t.Fatal(errs[0])
		}
	}
	all, _, err := records.Scan(t.Context(), store.Page{Limit: 1000})
	if err != nil || len(all) != 1000 {
		t.Fatalf("%d records, %v", len(all), err)
	}
	seventh, err := records.Get(t.Context(), record.Key{Organization: organization, Connection: connection, Object: "deals", ID: "7"})
	if err != nil || string(seventh.Fields["name"]) != `"last"` || seventh.Rev != 2 {
		t.Errorf("record 7 is %+v, %v", seventh, err)
	}
	b := w.batch()
	if b.Done != 2 || b.Chunks != 2 || b.Counts[push.SetAside] != 1 || b.Counts[push.Applied] != 6001 {
		t.Errorf("the batch is %+v", b)
	}
	e, err := quarantined.Entry(t.Context(), organization, batchID+"-00006002")
	if err != nil || e.Row != 6002 || e.Index != 1001 || e.Public != "bat_1" {
		t.Errorf("the entry is %+v, %v", e, err)
	}
}
