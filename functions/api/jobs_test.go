package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"leadline/shared/fault"
	"leadline/shared/job"
	"leadline/shared/privacy"
	"leadline/shared/store"
)

// job stores a job of ours.
func (s *system) job(id string, kind job.Kind, status job.Status) job.Job {
	s.t.Helper()
	s.clock.advance(time.Second)
	j := job.Job{ID: id, Organization: ours, Kind: kind, Params: json.RawMessage(`{"emails":["joe@example.com"]}`), Status: status, CreatedBy: "key_1",
		CreatedAt: s.clock.now(), UpdatedAt: s.clock.now(), Rev: 1}
	s.must(s.jobs.CreateJob(s.t.Context(), j, nil))
	return j
}

func TestJobsAreListedNewestFirst(t *testing.T) {
	s := newSystem(t)
	for i := range 5 {
		s.job(fmt.Sprintf("job_%d", 9-i), job.Export, job.Queued)
	}
	var ids []string
	for _, j := range walk[Job](s, s.reader, "/v1/jobs?limit=2") {
		ids = append(ids, j.ID)
	}
	if fmt.Sprint(ids) != "[job_5 job_6 job_7 job_8 job_9]" {
		t.Errorf("the jobs are %v", ids)
	}
	if a := s.get(s.owner, "/v1/jobs"); strings.Contains(string(a.body), "joe@example.com") {
		t.Errorf("a list shows whom a job is about: %s", a.body)
	}
}

func TestCancelJob(t *testing.T) {
	s := newSystem(t)
	s.job("job_1", job.Replay, job.Running)
	for range 2 {
		got := read[Job](t, s.post(s.manager, "/v1/jobs/job_1/cancel", nil).want(t, 200))
		if got.Status != "cancelled" || got.FinishedAt == nil {
			t.Errorf("got %+v", got)
		}
	}
	for _, status := range []job.Status{job.Done, job.Failed} {
		s.job("job_"+string(status), job.Replay, status)
		s.post(s.manager, "/v1/jobs/job_"+string(status)+"/cancel", nil).want(t, 409, "already_finished")
	}
	for _, kind := range []job.Kind{job.Erase, job.Export} {
		s.job("job_"+string(kind), kind, job.Running)
		s.post(s.admin, "/v1/jobs/job_"+string(kind)+"/cancel", nil).want(t, 403, "role_not_sufficient")
		s.post(s.owner, "/v1/jobs/job_"+string(kind)+"/cancel", nil).want(t, 200)
	}
}

// TestCancelRacesTheWork: the job saves its progress between our read and our write.
func TestCancelRacesTheWork(t *testing.T) {
	s := newSystem(t)
	s.job("job_1", job.Replay, job.Running)
	busy := &busyJobs{jobStore: s.jobs, saves: 3, status: job.Running}
	s.handler.Jobs = busy
	if got := read[Job](t, s.post(s.manager, "/v1/jobs/job_1/cancel", nil).want(t, 200)); got.Status != "cancelled" || got.Counts["done"] != 3 {
		t.Errorf("got %+v", got)
	}
	// It ends before it can be cancelled.
	s.job("job_2", job.Replay, job.Running)
	busy.saves, busy.status = 1, job.Done
	s.post(s.manager, "/v1/jobs/job_2/cancel", nil).want(t, 409, "already_finished")
	// It saves faster than we write.
	s.job("job_3", job.Replay, job.Running)
	busy.saves, busy.status = 100, job.Running
	s.post(s.manager, "/v1/jobs/job_3/cancel", nil).want(t, 409, "changed_meanwhile")
}

// jobStore is embedded under a name that is none of its methods.
type jobStore = store.Jobs

// busyJobs saves progress just before others write.
type busyJobs struct {
	jobStore
	saves  int
	status job.Status
}

func (b *busyJobs) UpdateJob(ctx context.Context, j job.Job) error {
	if b.saves > 0 {
		b.saves--
		present, err := b.Job(ctx, j.Organization, j.ID)
		if err != nil {
			return err
		}
		present.Status = b.status
		present.Rev++
		present.Counts = map[string]int64{"done": present.Counts["done"] + 1}
		if err := b.jobStore.UpdateJob(ctx, present); err != nil {
			return err
		}
	}
	return b.jobStore.UpdateJob(ctx, j)
}

func TestAnExportIsFetchedByItsOwner(t *testing.T) {
	s := newSystem(t)
	j := s.job("job_1", job.Export, job.Running)
	show := func(key string) Job {
		t.Helper()
		return read[Job](t, s.get(key, "/v1/jobs/job_1").want(t, 200))
	}
	if got := show(s.owner); got.Download != nil {
		t.Errorf("what is not done has a file: %+v", got)
	}
	file := "exports/" + ours + "/job_1.ndjson.gz"
	end := func(r privacy.Result) {
		t.Helper()
		text, err := json.Marshal(r)
		s.must(err)
		j.Status, j.Result, j.Rev = job.Done, text, j.Rev+1
		s.must(s.jobs.UpdateJob(t.Context(), j))
	}
	end(privacy.Result{Files: []string{file + ".1", file + ".2"}})
	if got := show(s.owner).Parts; len(got) != 2 || got[0].URL != "memory:"+file+".1" || got[1].URL != "memory:"+file+".2" {
		t.Errorf("got %+v", got)
	}
	end(privacy.Result{File: "exports/" + theirs + "/job_2.ndjson.gz"})
	s.get(s.owner, "/v1/jobs/job_1").want(t, 500, "internal") // whatever went wrong, it is not theirs to give
	end(privacy.Result{File: file})
	if got := show(s.owner).Download; got == nil || got.URL != "memory:"+file || !got.ExpiresAt.Equal(s.clock.now().Add(15*time.Minute)) {
		t.Errorf("got %+v", got)
	}
	for _, key := range []string{s.admin, s.manager, s.reader} {
		if got := show(key); got.Download != nil || got.Parts != nil {
			t.Errorf("another than an owner gets %+v", got)
		}
	}
	if a := s.get(s.owner, "/v1/jobs"); strings.Contains(string(a.body), "memory:") {
		t.Errorf("the list shows the file: %s", a.body)
	}
}

func TestExportAndEraseAPerson(t *testing.T) {
	s := newSystem(t)
	conn := s.connect(s.admin).ID
	named := map[string]any{"emails": []string{"joe@example.com"}, "phones": []string{"+49 30 1234567"},
		"records": []any{map[string]any{"connection": conn, "object": "lead", "id": "lead_1"}}}
	for path, kind := range map[string]job.Kind{"/v1/privacy/exports": job.Export, "/v1/privacy/erasures": job.Erase} {
		send := func() answer {
			return s.do(request{key: s.owner, method: http.MethodPost, path: path, body: named, header: map[string]string{"idempotency-key": path}})
		}
		a := send().want(t, 202)
		first := read[Job](t, a)
		jobs := s.jobsSent()
		if len(jobs) != 1 || jobs[0].Kind != kind || a.header.Get("Location") != "/v1/jobs/"+first.ID ||
			string(jobs[0].Params) != `{"emails":["joe@example.com"],"phones":["+49 30 1234567"],"records":[{"connection":"`+conn+`","object":"lead","id":"lead_1"}]}` {
			t.Errorf("the jobs are %+v", jobs)
		}
		if again := read[Job](t, send().want(t, 202)); again.ID != first.ID {
			t.Errorf("the resend makes %+v", again)
		}
		s.jobsSent()
		for _, nobody := range []map[string]any{{}, {"emails": []string{"joe"}}, {"phones": []string{"12"}}} {
			s.post(s.owner, path, nobody).want(t, 400, "nobody_named")
		}
		s.post(s.owner, path, map[string]any{"records": []any{map[string]any{"connection": "conn_nowhere", "object": "lead", "id": "1"}}}).want(t, 404, "not_found")
	}
	noted := fmt.Sprint(s.audited("erase-person"))
	if strings.Contains(noted, "joe") || !strings.Contains(noted, "jobs/job_") {
		t.Errorf("the journal names the person, or not the job: %s", noted)
	}
}

// TestAJobThatCouldNotBeSent is sent by the resend.
func TestAJobThatCouldNotBeSent(t *testing.T) {
	s := newSystem(t)
	send := func() answer {
		return s.do(request{key: s.manager, method: http.MethodPost, path: "/v1/quarantine/replay", body: map[string]any{}, header: map[string]string{"idempotency-key": "k"}})
	}
	s.work.err = fault.Wrap(errors.New("down"), fault.Unavailable, "unavailable", "queue")
	send().want(t, 503, "unavailable")
	s.work.err = nil
	j := read[Job](t, send().want(t, 202))
	if jobs := s.jobsSent(); len(jobs) != 1 || jobs[0].ID != j.ID {
		t.Errorf("the jobs are %+v", jobs)
	}
	if n := len(walk[Job](s, s.reader, "/v1/jobs?limit=9")); n != 1 {
		t.Errorf("%d jobs", n)
	}
}
