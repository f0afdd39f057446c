package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"leadline/shared/blob"
	"leadline/shared/delivery"
	"leadline/shared/fault"
	"leadline/shared/job"
	"leadline/shared/notice"
	"leadline/shared/push"
	"leadline/shared/quarantine"
	"leadline/shared/quota"
	"leadline/shared/record"
	"leadline/shared/replay"
	"leadline/shared/store"
	"leadline/shared/store/memory"
	"leadline/shared/tenant"
	"leadline/shared/upload"
)

const (
	organization = "org_0a1b2c3d4e5f"
	jobID        = "job_load00000001"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// world is a handler over memory.
type world struct {
	t       *testing.T
	tenancy *memory.Tenancy
	journal *memory.Journal
	log     bytes.Buffer
	mu      sync.Mutex
	sent    []string
	ended   []job.Status
	*handler
}

func newWorld(t *testing.T) *world {
	w := &world{t: t, tenancy: memory.NewTenancy(), journal: memory.NewJournal()}
	w.handler = &handler{jobs: memory.NewJobs(w.tenancy), journal: w.journal, queue: w, kinds: map[job.Kind]kind{}, maxReceives: 4,
		now: func() time.Time { return noon }, log: slog.New(slog.NewJSONHandler(&w.log, nil))}
	return w
}

func (w *world) Send(_ context.Context, group string, body []byte) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.sent = append(w.sent, group+" "+string(body))
	return nil
}

// does makes jobs of the kind take a step.
func (w *world) does(k job.Kind, step Step) {
	w.kinds[k] = kind{step: step, tell: k != job.Replay, ended: func(_ context.Context, j job.Job) error {
		w.ended = append(w.ended, j.Status)
		return nil
	}}
}

func (w *world) create(j job.Job) {
	w.t.Helper()
	if j.Status == "" {
		j.Status = job.Queued
	}
	j.Organization, j.CreatedAt, j.UpdatedAt, j.Rev = organization, noon.Add(-time.Hour), noon.Add(-time.Hour), 1
	if err := w.jobs.CreateJob(w.t.Context(), j, nil); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) job(id string) job.Job {
	w.t.Helper()
	j, err := memory.NewJobs(w.tenancy).Job(context.Background(), organization, id)
	if err != nil {
		w.t.Fatal(err)
	}
	return j
}

func message(id string, receives int) events.SQSEvent {
	body, _ := job.Job{Organization: organization, ID: id}.Encode()
	return events.SQSEvent{Records: []events.SQSMessage{{MessageId: "m", Body: string(body),
		Attributes: map[string]string{"ApproximateReceiveCount": fmt.Sprint(receives)}}}}
}

// handle gives whether the message was done with.
func (w *world) handle(ctx context.Context, e events.SQSEvent) bool {
	w.t.Helper()
	response, err := w.Handle(ctx, e)
	if err != nil {
		w.t.Fatal(err)
	}
	return len(response.BatchItemFailures) == 0
}

func (w *world) notices() []notice.Notice {
	w.t.Helper()
	notices, _, err := w.journal.Notices(w.t.Context(), organization, store.Page{Limit: 100})
	if err != nil {
		w.t.Fatal(err)
	}
	return notices
}

// counting is a step that counts up to n.
func counting(n int64) Step {
	return func(_ context.Context, j job.Job) (job.Job, error) {
		done := j.Counts["done"] + 1
		j.Counts, j.Total, j.Cursor = map[string]int64{"done": done, "rows": done}, n, fmt.Sprint(done)
		if done == n {
			j.Status, j.Result = job.Done, json.RawMessage(`{"n":1}`)
		}
		return j, nil
	}
}

// TestSampleEvents processes each of events/work with the real kinds of jobs.
func TestSampleEvents(t *testing.T) {
	want := map[string]string{
		"01-replay.json":          "done, 1 in the inbox, 0 notices, acknowledged: true",
		"02-load.json":            "done, 1 in the inbox, 1 notices, acknowledged: true",
		"03-cancelled.json":       "cancelled, 0 in the inbox, 0 notices, acknowledged: true",
		"04-tried-too-often.json": "failed, 0 in the inbox, 1 notices, acknowledged: true",
		"05-undecodable.json":     "queued, 0 in the inbox, 0 notices, acknowledged: false",
	}
	files, err := filepath.Glob("../../events/work/*.json")
	if err != nil || len(files) != len(want) {
		t.Fatalf("events/work holds %d samples, this test knows %d", len(files), len(want))
	}
	for _, path := range files {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var event events.SQSEvent
		if err := json.Unmarshal(text, &event); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		w, inbox := newSystem(t)
		acknowledged := w.handle(t.Context(), event)
		var m job.Message
		if err := json.Unmarshal([]byte(event.Records[0].Body), &m); err != nil {
			t.Fatal(err)
		}
		if m.Job == "" {
			m.Job = jobID
		}
		got := fmt.Sprintf("%s, %d in the inbox, %d notices, acknowledged: %t", w.job(m.Job).Status, len(*inbox), len(w.notices()), acknowledged)
		if name := filepath.Base(path); got != want[name] {
			t.Errorf("%s: got %s\nwant %s\n%s", name, got, want[name], w.log.String())
		}
		for _, body := range *inbox {
			if _, err := delivery.Decode(body); err != nil {
				t.Errorf("%s: %v", path, err)
			}
		}
	}
}

type inboxOf struct{ got *[][]byte }

func (i inboxOf) Send(_ context.Context, _ string, body []byte) error {
	*i.got = append(*i.got, body)
	return nil
}

// newSystem makes a world with the real kinds, a job of each, and something for them to do.
func newSystem(t *testing.T) (w *world, inbox *[][]byte) {
	const batch = "01KANQ7P0000000000000000D4"
	w, inbox = newWorld(t), new([][]byte)
	payloads, batches, intake := blob.NewMemory(), memory.NewBatches(), memory.NewIntake()
	loads := upload.New(upload.Options{Payloads: payloads, Batches: batches, Schemas: memory.NewSchemas(), Inbox: inboxOf{inbox},
		Rows: rows{w.tenancy, quota.NewRows(memory.NewMembers(w.tenancy))}, Now: w.now})
	replays := replay.New(replay.Options{Intake: intake, Inbox: replay.Inbox{Queue: inboxOf{inbox}, Payloads: payloads}, Now: w.now, Random: rand.Reader})
	w.kinds = map[job.Kind]kind{job.Replay: {step: replays.Step}, job.Load: {step: loads.Step, ended: loads.Ended, tell: true}}

	w.create(job.Job{ID: "job_replay000001", Kind: job.Replay, Params: json.RawMessage(`{"until":"` + batch + `"}`)})
	w.create(job.Job{ID: jobID, Kind: job.Load, Params: json.RawMessage(`{"batch":"` + batch + `","upload":"uploads/x"}`)})
	w.create(job.Job{ID: "job_cancelled001", Kind: job.Replay, Status: job.Cancelled})
	err := errors.Join(
		w.tenancy.CreateOrganization(t.Context(), tenant.Organization{ID: organization, CreatedAt: noon, Rev: 1}),
		payloads.Put(t.Context(), "uploads/x", []byte(`{"id":1,"action":"create"}`)),
		batches.SaveBatch(t.Context(), push.Batch{ID: batch, Organization: organization, Connection: "conn_1", Object: "deals", Status: push.Uploading}),
		intake.SetAside(t.Context(), quarantine.Entry{ID: batch, Organization: organization, Connection: "conn_1", Connector: "close", Kind: delivery.Webhook,
			Status: quarantine.Open, Payload: record.PayloadRef{Key: "archive/x", Length: 1}}))
	if err != nil {
		t.Fatal(err)
	}
	return w, inbox
}

func TestAJobGoesOnUntilItIsDone(t *testing.T) {
	w := newWorld(t)
	w.does(job.Load, counting(5))
	w.create(job.Job{ID: jobID, Kind: job.Load})
	if !w.handle(t.Context(), message(jobID, 1)) {
		t.Fatal(w.log.String())
	}
	j := w.job(jobID)
	if j.Status != job.Done || j.Counts["done"] != 5 || j.Total != 5 || j.Rev != 6 || !j.FinishedAt.Equal(noon) || !j.UpdatedAt.Equal(noon) || string(j.Result) != `{"n":1}` {
		t.Errorf("the job is %+v", j)
	}
	if len(w.sent) != 0 || len(w.ended) != 0 {
		t.Errorf("sent %v, ended %v", w.sent, w.ended)
	}
	notices := w.notices()
	if len(notices) != 1 || notices[0].Kind != notice.JobDone || notices[0].Subject != "jobs/"+jobID || !notices[0].At.Equal(noon) ||
		notices[0].Text != "The load of a file, asked for on 2026-11-22, is done: it brought 5 rows. The batch tells what became of them." {
		t.Errorf("notices %+v", notices)
	}
	if !w.handle(t.Context(), message(jobID, 2)) || len(w.notices()) != 1 || w.job(jobID).Rev != 6 {
		t.Errorf("the message again: notices %+v, %+v", w.notices(), w.job(jobID))
	}
}

func TestAJobSendsItselfOnBeforeTheTimeIsOver(t *testing.T) {
	w := newWorld(t)
	w.does(job.Replay, counting(3))
	w.create(job.Job{ID: jobID, Kind: job.Replay})
	short, cancel := context.WithTimeout(t.Context(), reserve-time.Second)
	defer cancel()
	for i := range 3 {
		if !w.handle(short, message(jobID, 1)) {
			t.Fatal(w.log.String())
		}
		j := w.job(jobID)
		if j.Counts["done"] != int64(i+1) || j.Status != []job.Status{job.Running, job.Running, job.Done}[i] {
			t.Errorf("after %d invocations: %+v", i+1, j)
		}
	}
	if want := organization + ` {"v":1,"organization":"` + organization + `","job":"` + jobID + `"}`; len(w.sent) != 2 || w.sent[0] != want {
		t.Errorf("sent %v", w.sent)
	}
	if len(w.notices()) != 0 {
		t.Error("a replay is nothing to tell")
	}
}

func TestACancelledJobStops(t *testing.T) {
	w := newWorld(t)
	steps := 0
	w.does(job.Load, func(ctx context.Context, j job.Job) (job.Job, error) {
		if steps++; steps == 3 { // somebody cancels it during the third step
			cancelled := w.job(jobID)
			cancelled.Status, cancelled.Rev = job.Cancelled, cancelled.Rev+1
			if err := w.jobs.UpdateJob(ctx, cancelled); err != nil {
				t.Error(err)
			}
		}
		return counting(10)(ctx, j)
	})
	w.create(job.Job{ID: jobID, Kind: job.Load})
	if !w.handle(t.Context(), message(jobID, 1)) || steps != 3 || w.job(jobID).Status != job.Cancelled {
		t.Errorf("%d steps, %+v", steps, w.job(jobID))
	}
	if !w.handle(t.Context(), message(jobID, 1)) || steps != 3 {
		t.Errorf("%d steps after the end", steps)
	}
	if len(w.notices()) != 0 || len(w.ended) != 2 || w.ended[0] != job.Cancelled {
		t.Errorf("notices %v, ended %v", w.notices(), w.ended)
	}
}

func TestAStepThatFailsIsTriedAgain(t *testing.T) {
	for name, cause := range map[string]error{"unavailable": fault.New(fault.Unavailable, "x", "no answer"), "internal": errors.New("who knows"), "panic": nil} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.does(job.Load, func(ctx context.Context, j job.Job) (job.Job, error) {
				if j.Counts["done"] < 2 {
					return counting(9)(ctx, j)
				}
				if cause == nil {
					panic("Confidential")
				}
				j.Counts["done"] = 7 // what a step that failed gives does not count
				return j, cause
			})
			w.create(job.Job{ID: jobID, Kind: job.Load})
			for receives := 1; receives < 4; receives++ {
				if w.handle(t.Context(), message(jobID, receives)) {
					t.Fatalf("acknowledged at receive %d", receives)
				}
				if j := w.job(jobID); j.Status != job.Running || j.Counts["done"] != 2 || j.Rev != 3 || j.Problem != "" {
					t.Fatalf("after receive %d: %+v", receives, j)
				}
			}
			if !w.handle(t.Context(), message(jobID, 4)) {
				t.Fatal("the last receive is not acknowledged")
			}
			j := w.job(jobID)
			if j.Status != job.Failed || !strings.HasPrefix(j.Problem, "It was tried 4 times") || !j.FinishedAt.Equal(noon) || j.Counts["done"] != 2 {
				t.Errorf("the job is %+v", j)
			}
			if n := w.notices(); len(n) != 1 || n[0].Kind != notice.JobFailed || !strings.Contains(n[0].Text, j.Problem) {
				t.Errorf("notices %+v", n)
			}
			if len(w.ended) != 1 || w.ended[0] != job.Failed {
				t.Errorf("ended %v", w.ended)
			}
			if log := w.log.String(); !strings.Contains(log, `"gave up"`) || strings.Contains(log, "Confidential") {
				t.Errorf("log %s", log)
			}
		})
	}
}

func TestAFunctionThatIsKilledEachTime(t *testing.T) {
	w := newWorld(t)
	w.does(job.Load, func(context.Context, job.Job) (job.Job, error) {
		t.Error("it is tried once more")
		return job.Job{}, nil
	})
	w.create(job.Job{ID: jobID, Kind: job.Load, Status: job.Running})
	if !w.handle(t.Context(), message(jobID, 5)) || w.job(jobID).Status != job.Failed {
		t.Errorf("the job is %+v", w.job(jobID))
	}
}

func TestAStepThatCanNeverSucceed(t *testing.T) {
	w := newWorld(t)
	w.does(job.Load, func(_ context.Context, j job.Job) (job.Job, error) {
		return j, fmt.Errorf("deep: %w", fault.New(fault.Invalid, "x", "The file is no good."))
	})
	w.create(job.Job{ID: jobID, Kind: job.Load})
	w.create(job.Job{ID: "job_unknown", Kind: "dance"})
	if !w.handle(t.Context(), message(jobID, 1)) || w.job(jobID).Status != job.Failed || w.job(jobID).Problem != "The file is no good." {
		t.Errorf("the job is %+v", w.job(jobID))
	}
	if !w.handle(t.Context(), message("job_unknown", 1)) || w.job("job_unknown").Status != job.Failed {
		t.Errorf("the job is %+v", w.job("job_unknown"))
	}
	if w.handle(t.Context(), message("job_nobodys", 1)) {
		t.Error("a job that is not there was acknowledged")
	}
}

// TestTwoMessagesOfOneJob lets a second message take a step within each step of the first.
func TestTwoMessagesOfOneJob(t *testing.T) {
	w := newWorld(t)
	clock := noon
	w.now = func() time.Time { clock = clock.Add(time.Second); return clock }
	nested := false
	steps := 0
	w.does(job.Load, func(ctx context.Context, j job.Job) (job.Job, error) {
		steps++
		if !nested {
			nested = true
			if !w.handle(ctx, message(jobID, 1)) {
				t.Error(w.log.String())
			}
		}
		return counting(5)(ctx, j)
	})
	w.create(job.Job{ID: jobID, Kind: job.Load})
	if !w.handle(t.Context(), message(jobID, 1)) {
		t.Fatal(w.log.String())
	}
	if j := w.job(jobID); j.Status != job.Done || j.Counts["done"] != 5 || j.Rev != 6 || steps != 6 || len(w.notices()) != 1 {
		t.Errorf("%d steps, %+v, %d notices", steps, j, len(w.notices()))
	}
}

func TestTheSlowerOfTwoMessagesGivesWay(t *testing.T) {
	w := newWorld(t)
	first := true
	w.does(job.Load, func(ctx context.Context, j job.Job) (job.Job, error) {
		if first {
			first = false
			other := w.job(jobID) // another message goes on meanwhile, and has not ended
			other.Rev, other.Status, other.Cursor, other.UpdatedAt = other.Rev+1, job.Running, "other", noon.Add(time.Second)
			if err := w.jobs.UpdateJob(ctx, other); err != nil {
				t.Error(err)
			}
			return counting(5)(ctx, j)
		}
		t.Error("the slower one goes on")
		return j, errors.New("no")
	})
	w.create(job.Job{ID: jobID, Kind: job.Load})
	if !w.handle(t.Context(), message(jobID, 1)) || w.job(jobID).Cursor != "other" || len(w.sent) != 0 {
		t.Errorf("the job is %+v, sent %v", w.job(jobID), w.sent)
	}
}

type jobs = store.Jobs

// lossy stores jobs and loses the answers.
type lossy struct{ jobs }

func (l lossy) UpdateJob(ctx context.Context, j job.Job) error {
	if err := l.jobs.UpdateJob(ctx, j); err != nil {
		return err
	}
	return l.jobs.UpdateJob(ctx, j) // as the SDK does when the first answer is lost
}

func TestASaveWhoseAnswerIsLost(t *testing.T) {
	w := newWorld(t)
	w.jobs = lossy{w.jobs}
	w.does(job.Load, counting(5))
	w.create(job.Job{ID: jobID, Kind: job.Load})
	if !w.handle(t.Context(), message(jobID, 1)) || w.job(jobID).Status != job.Done {
		t.Errorf("the job is %+v", w.job(jobID))
	}
}

// broken fails at one kind of call.
type broken struct {
	jobs
	reads, writes error
}

func (b broken) Job(ctx context.Context, organization, id string) (job.Job, error) {
	if b.reads != nil {
		return job.Job{}, b.reads
	}
	return b.jobs.Job(ctx, organization, id)
}

func (b broken) UpdateJob(ctx context.Context, j job.Job) error {
	if b.writes != nil {
		return b.writes
	}
	return b.jobs.UpdateJob(ctx, j)
}

type brokenJournal struct{ store.Journal }

func (brokenJournal) Tell(context.Context, notice.Notice) (bool, error) {
	return false, fault.New(fault.Unavailable, "x", "no")
}

type brokenQueue struct{}

func (brokenQueue) Send(context.Context, string, []byte) error {
	return fault.New(fault.Unavailable, "x", "no")
}

func TestWhatFailsIsDeliveredAgain(t *testing.T) {
	no := fault.New(fault.Unavailable, "x", "no")
	for name, spoil := range map[string]func(*handler){
		"the job cannot be read":    func(h *handler) { h.jobs = broken{h.jobs, no, nil} },
		"the job cannot be saved":   func(h *handler) { h.jobs = broken{h.jobs, nil, no} },
		"the notice cannot be told": func(h *handler) { h.journal = brokenJournal{h.journal} },
		"the job cannot be sent on": func(h *handler) { h.queue = brokenQueue{} },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.does(job.Load, counting(2))
			w.create(job.Job{ID: jobID, Kind: job.Load})
			sound := *w.handler
			spoil(w.handler)
			short, cancel := context.WithTimeout(t.Context(), reserve-time.Second)
			defer cancel()
			tries := 0
			for ; tries < 2 && w.handle(short, message(jobID, 1)); tries++ { // the notice comes at the end
				if w.sent = nil; w.job(jobID).Status.Final() {
					t.Fatal("it was acknowledged")
				}
			}
			*w.handler = sound
			for range 3 {
				w.handle(t.Context(), message(jobID, 2))
			}
			if j := w.job(jobID); j.Status != job.Done || j.Counts["done"] != 2 || len(w.notices()) != 1 {
				t.Errorf("the job is %+v, notices %+v", j, w.notices())
			}
		})
	}
}
