package dynamo

import (
	"context"

	"leadline/shared/job"
	"leadline/shared/store"
)

// Jobs implements store.Jobs.
type Jobs struct {
	table
	// receipts is the table of Tenancy.
	receipts table
}

// NewJobs uses the table of the name, and that of Tenancy for receipts.
func NewJobs(client Client, work, tenancy string) *Jobs {
	return &Jobs{table: newTable(client, work), receipts: newTable(client, tenancy)}
}

// CreateJob implements store.Jobs in one transaction of two or three items: the job among the others by time, and a note
// of that time by which its id is enough to find it.
func (s *Jobs) CreateJob(ctx context.Context, j job.Job, receipt *store.Receipt) error {
	note := newItem(jobTimeKey(j.Organization, j.ID))
	note.setTime("created_at", j.CreatedAt)
	steps := []step{
		s.create(note, unlessThere, nil, taken("job")),
		s.create(encodeJob(j), unlessThere, nil, taken("job")),
	}
	return s.transact(ctx, "create job", s.receipts.withReceipt(steps, receipt, j.CreatedAt)...)
}

// UpdateJob implements store.Jobs in one transaction. A job keeps its CreatedAt.
func (s *Jobs) UpdateJob(ctx context.Context, j job.Job) error {
	return s.transact(ctx, "update job", s.replace(encodeJob(j), j.Rev-1, stale("job")))
}

// Job implements store.Jobs in two GetItems.
func (s *Jobs) Job(ctx context.Context, organization, id string) (job.Job, error) {
	const what, missing = "get job", "job"
	note, err := s.get(ctx, what, jobTimeKey(organization, id), missing)
	if err != nil {
		return job.Job{}, err
	}
	in := read(note)
	created := in.time("created_at")
	if in.err != nil {
		return job.Job{}, failed(in.err, what)
	}
	i, err := s.get(ctx, what, jobKey(organization, created, id), missing)
	if err != nil {
		return job.Job{}, err
	}
	j, err := decodeJob(organization, i)
	return j, failed(err, what)
}

// Jobs implements store.Jobs in one Query, eventually consistent.
func (s *Jobs) Jobs(ctx context.Context, organization string, p store.Page) ([]job.Job, string, error) {
	q := query{what: "list jobs", partition: jobsPartition(organization), descending: true}
	return page(ctx, s.table, q, []string{"jobs", organization}, p, func(i item) (job.Job, error) {
		return decodeJob(organization, i)
	})
}

func encodeJob(j job.Job) item {
	i := newItem(jobKey(j.Organization, j.CreatedAt, j.ID))
	i.setText("kind", string(j.Kind))
	i.setBytes("params", j.Params)
	i.setText("status", string(j.Status))
	counts := item{}
	for name, n := range j.Counts {
		counts[name] = number(n)
	}
	i.setMap("counts", counts)
	i.setNumber("total", j.Total)
	i.setText("cursor", j.Cursor)
	i.setBytes("result", j.Result)
	i.setText("problem", j.Problem)
	i.setText("created_by", j.CreatedBy)
	i.setTime("created_at", j.CreatedAt)
	i.setTime("updated_at", j.UpdatedAt)
	i.setTime("finished_at", j.FinishedAt)
	i.setNumber("rev", j.Rev)
	return i
}

func decodeJob(organization string, i item) (job.Job, error) {
	in := read(i)
	j := job.Job{ID: parseJobSort(i.primary().sk), Organization: organization, Kind: job.Kind(in.text("kind")),
		Params: in.bytes("params"), Status: job.Status(in.text("status")), Total: in.number("total"),
		Cursor: in.text("cursor"), Result: in.bytes("result"), Problem: in.text("problem"),
		CreatedBy: in.text("created_by"), CreatedAt: in.time("created_at"), UpdatedAt: in.time("updated_at"),
		FinishedAt: in.time("finished_at"), Rev: in.number("rev")}
	counts := in.part("counts")
	for name := range counts.item {
		if j.Counts == nil {
			j.Counts = map[string]int64{}
		}
		j.Counts[name] = counts.number(name)
	}
	in.fail("counts", counts.err)
	return j, in.err
}
