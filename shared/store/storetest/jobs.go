package storetest

import (
	"cmp"
	"context"
	"testing"
	"time"

	"leadline/shared/fault"
	"leadline/shared/job"
	"leadline/shared/store"
)

func jobTests() []test {
	return append(jobs().tests(), []test{
		{"a job with nothing but its names is kept", func(t *testing.T, s Stores) {
			j := job.Job{ID: "job_a", Organization: "org_a", CreatedAt: base(), Rev: 1}
			ok(t, s.Jobs.CreateJob(ctx(t), j, nil))
			got, err := s.Jobs.Job(ctx(t), "org_a", "job_a")
			ok(t, err)
			same(t, got, j)
			if got.Params != nil || got.Result != nil {
				t.Fatal("what was empty is no JSON, so that it must be nil")
			}
		}},
		{"a job is created once, whenever", func(t *testing.T, s Stores) {
			j := newJob("org_a", "job_a")
			ok(t, s.Jobs.CreateJob(ctx(t), j, nil))
			again := j
			again.CreatedAt = again.CreatedAt.Add(time.Hour)
			is(t, s.Jobs.CreateJob(ctx(t), again, nil), fault.Conflict, store.CodeTaken)
			same(t, all(t, 10, jobs().pages(t, s, "org_a")), []job.Job{j})
		}},
		{"a job keeps the time when it was created", func(t *testing.T, s Stores) {
			j := newJob("org_a", "job_a")
			ok(t, s.Jobs.CreateJob(ctx(t), j, nil))
			moved := changedJob(j)
			moved.CreatedAt = moved.CreatedAt.Add(time.Nanosecond)
			is(t, s.Jobs.UpdateJob(ctx(t), moved), fault.Conflict, store.CodeStale)
			jobs().stands(t, s, "org_a", j)
			there := changedJob(j)
			there.CreatedAt = there.CreatedAt.In(time.FixedZone("", 3600)) // the same time
			ok(t, s.Jobs.UpdateJob(ctx(t), there))
			jobs().stands(t, s, "org_a", there)
		}},
	}...)
}

func newJob(organization, id string) job.Job {
	return job.Job{
		ID: id, Organization: organization, Kind: job.Replay, Params: []byte(`{"until": "01K", "n": 1.0}`), Status: job.Running,
		Counts: map[string]int64{"found": 12, "done": 0, "a#b": -1}, Total: 40, Cursor: "page 3", Result: []byte(`{"a":[1,2]}`),
		Problem: "It went wrong.", CreatedBy: "key_000000000001", UpdatedAt: base(), FinishedAt: base().Add(time.Minute), Rev: 1,
		// Some at one time.
		CreatedAt: base().Add(time.Duration(len(id)%3) * time.Second),
	}
}

func changedJob(j job.Job) job.Job {
	j.Status, j.Counts, j.Total, j.Cursor, j.Result, j.Problem = job.Done, map[string]int64{"done": 7}, 0, "", nil, ""
	j.FinishedAt, j.UpdatedAt, j.Rev = time.Time{}, base().Add(time.Hour), j.Rev+1
	return j
}

func jobs() resource[job.Job] {
	return resource[job.Job]{
		make: newJob, changed: changedJob, bare: true,
		inRev: func(j job.Job, by int64) job.Job { j.Rev += by; return j },
		id:    func(j job.Job) string { return j.ID },
		order: func(a, b job.Job) int { return cmp.Or(b.CreatedAt.Compare(a.CreatedAt), cmp.Compare(b.ID, a.ID)) },
		create: func(ctx context.Context, s Stores, j job.Job, r *store.Receipt) error {
			return s.Jobs.CreateJob(ctx, j, r)
		},
		update: func(ctx context.Context, s Stores, j job.Job, _ *store.Receipt) error {
			return s.Jobs.UpdateJob(ctx, j)
		},
		get: func(ctx context.Context, s Stores, organization, id string) (job.Job, error) {
			return s.Jobs.Job(ctx, organization, id)
		},
		list: func(ctx context.Context, s Stores, organization string, p store.Page) ([]job.Job, string, error) {
			return s.Jobs.Jobs(ctx, organization, p)
		},
	}
}
