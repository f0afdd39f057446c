package memory

import (
	"bytes"
	"context"

	"leadline/shared/job"
	"leadline/shared/store"
)

// Jobs implements store.Jobs.
type Jobs struct{ tenancy *Tenancy }

// NewJobs makes a store whose receipts are those of another.
func NewJobs(tenancy *Tenancy) *Jobs { return &Jobs{tenancy} }

// CreateJob implements store.Jobs.
func (s *Jobs) CreateJob(ctx context.Context, j job.Job, receipt *store.Receipt) error {
	return s.tenancy.change(ctx, receipt, j.CreatedAt, func() error {
		if _, found := s.tenancy.jobs[owned{j.Organization, j.ID}]; found {
			return taken("job")
		}
		return nil
	}, func() { s.tenancy.jobs[owned{j.Organization, j.ID}] = ownJob(j) })
}

// UpdateJob implements store.Jobs.
func (s *Jobs) UpdateJob(ctx context.Context, j job.Job) error {
	return s.tenancy.change(ctx, nil, j.UpdatedAt, func() error {
		before, found := s.tenancy.jobs[owned{j.Organization, j.ID}]
		if !found || before.Rev != j.Rev-1 || !before.CreatedAt.Equal(j.CreatedAt) {
			return stale("job")
		}
		return nil
	}, func() { s.tenancy.jobs[owned{j.Organization, j.ID}] = ownJob(j) })
}

// Job implements store.Jobs.
func (s *Jobs) Job(ctx context.Context, organization, id string) (job.Job, error) {
	j, err := get(ctx, s.tenancy, s.tenancy.jobs, owned{organization, id}, "job")
	return ownJob(j), err
}

// Jobs implements store.Jobs.
func (s *Jobs) Jobs(ctx context.Context, organization string, p store.Page) ([]job.Job, string, error) {
	return page(ctx, []string{"jobs", organization}, p, true, func(after string) []entry[job.Job] {
		s.tenancy.mu.RLock()
		defer s.tenancy.mu.RUnlock()
		var entries []entry[job.Job]
		for name, j := range s.tenancy.jobs {
			sort := timeSort(j.CreatedAt) + name.id
			if name.organization == organization && (p.Cursor == "" || sort < after) {
				entries = append(entries, entry[job.Job]{sort, ownJob(j)})
			}
		}
		return entries
	})
}

func ownJob(j job.Job) job.Job {
	j.Params, j.Counts, j.Result = bytes.Clone(j.Params), cloned(j.Counts), bytes.Clone(j.Result)
	return j
}
