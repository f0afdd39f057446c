package main

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"leadline/shared/fault"
	"leadline/shared/job"
	"leadline/shared/privacy"
	"leadline/shared/store"
	"leadline/shared/tenant"
)

// Job is long work with its progress.
type Job struct {
	ID         string           `json:"id" example:"job_4f0c9a2b1x7z"`
	Kind       string           `json:"kind" enum:"replay,load,resend,export,erase"`
	Status     string           `json:"status" enum:"queued,running,done,failed,cancelled"`
	Counts     map[string]int64 `json:"counts" nullable:"false" doc:"Its progress, by what is counted."`
	Total      int64            `json:"total,omitempty" doc:"What the count done works towards; absent while unknown."`
	Problem    string           `json:"problem,omitempty" doc:"Why it failed."`
	Download   *Download        `json:"download,omitempty" doc:"The file that an export ended with: NDJSON, gzip. Only for owners, for 7 days."`
	Parts      []Download       `json:"parts,omitempty" nullable:"false" doc:"In place of it, where it would be longer than 500 MiB: its parts in order, each a file of its own."`
	CreatedBy  string           `json:"created_by" doc:"The API key that asked for it."`
	CreatedAt  time.Time        `json:"created_at"`
	UpdatedAt  time.Time        `json:"updated_at"`
	FinishedAt *time.Time       `json:"finished_at,omitempty"`
}

// Download is a file to fetch.
type Download struct {
	URL       string    `json:"url" doc:"To be fetched by GET, without an API key. Whoever has it can read the file."`
	ExpiresAt time.Time `json:"expires_at"`
}

// downloadLife is how long the URL of a file works.
const downloadLife = 15 * time.Minute

func (h *handler) registerJobs(api huma.API) {
	register(api, h, route{
		id: "list-jobs", method: http.MethodGet, path: "/v1/jobs", tag: "jobs", needs: tenant.Reader,
		summary: "List jobs", text: "Newest first.", errors: []int{400},
	}, h.listJobs)
	register(api, h, route{
		id: "get-job", method: http.MethodGet, path: "/v1/jobs/{job}", tag: "jobs", needs: tenant.Reader,
		summary: "Get a job with its progress", text: "Owners also get the URLs of the files that an export ended with.", errors: []int{404},
	}, h.getJob)
	register(api, h, route{
		id: "cancel-job", method: http.MethodPost, path: "/v1/jobs/{job}/cancel", tag: "jobs", needs: tenant.Manager,
		summary: "Cancel a job", text: "What it did stays done.", errors: []int{404, 409},
	}, h.cancelJob)
}

type jobsOutput struct{ Body list[Job] }

func (h *handler) listJobs(ctx context.Context, c caller, in *PageInput) (*jobsOutput, error) {
	body, err := page(ctx, h, c, *in, listing[job.Job, Job]{
		scope: []string{"jobs"},
		read: func(ctx context.Context, p store.Page) ([]job.Job, string, error) {
			return h.Jobs.Jobs(ctx, c.organization, p)
		},
		show: func(j job.Job) (Job, int, bool) { return showJob(j), 1024 + escapedLength([]byte(j.Problem)), true },
	})
	return &jobsOutput{body}, err
}

// JobInput names a job.
type JobInput struct {
	Job string `path:"job" maxLength:"64" example:"job_4f0c9a2b1x7z"`
}

type jobOutput struct {
	Location string `header:"Location"`
	Body     Job
}

func (h *handler) getJob(ctx context.Context, c caller, in *JobInput) (*jobOutput, error) {
	j, err := h.job(ctx, c, in.Job)
	if err != nil {
		return nil, err
	}
	out := &jobOutput{Body: showJob(j)}
	if j.Kind != job.Export || j.Status != job.Done || !c.role.Allows(tenant.Owner) {
		return out, nil
	}
	files, err := h.exported(ctx, c, j)
	if len(files) == 1 {
		out.Body.Download = &files[0]
	} else {
		out.Body.Parts = files
	}
	return out, err
}

// exported lets a caller fetch what an export ended with: one file, or its parts.
func (h *handler) exported(ctx context.Context, c caller, j job.Job) ([]Download, error) {
	var result privacy.Result
	if err := json.Unmarshal(j.Result, &result); err != nil {
		return nil, fault.Wrap(err, fault.Internal, "corrupt_result", "api: result of job %s", j.ID)
	}
	keys := result.Files
	if result.File != "" {
		keys = []string{result.File}
	}
	var all []Download
	for _, key := range keys {
		if !strings.HasPrefix(key, "exports/"+c.organization+"/") {
			return nil, fault.New(fault.Internal, "corrupt_result", "api: job %s names a file that is none of its organization's", j.ID)
		}
		signed, err := h.Signer.SignGet(ctx, key, downloadLife, h.Now())
		if err != nil {
			return nil, err
		}
		all = append(all, Download{URL: signed.URL, ExpiresAt: signed.ExpiresAt})
	}
	return all, nil
}

func (h *handler) cancelJob(ctx context.Context, c caller, in *JobInput) (*jobOutput, error) {
	const attempts = 5 // against the progress that it saves meanwhile
	for range attempts {
		j, err := h.job(ctx, c, in.Job)
		if err != nil {
			return nil, err
		}
		switch {
		case j.Status == job.Cancelled:
			return &jobOutput{Body: showJob(j)}, nil
		case j.Status.Final():
			return nil, fault.New(fault.Conflict, "already_finished", "The job is %s already.", j.Status)
		case (j.Kind == job.Erase || j.Kind == job.Export) && !c.role.Allows(tenant.Owner):
			return nil, fault.New(fault.Forbidden, "role_not_sufficient", "Only an owner can cancel the export or the erasure of a person.")
		}
		now := h.Now().UTC()
		j.Status, j.UpdatedAt, j.FinishedAt = job.Cancelled, now, now
		j.Rev++
		err = h.Jobs.UpdateJob(ctx, j)
		if fault.Is(err, fault.Conflict) {
			continue
		}
		return &jobOutput{Body: showJob(j)}, err
	}
	return nil, fault.New(fault.Conflict, "changed_meanwhile", "The job moves on too fast. Try again.")
}

// startJob makes a job and sends it on its way.
func (h *handler) startJob(ctx context.Context, c caller, a attempt, kind job.Kind, params json.RawMessage) (*jobOutput, error) {
	started, err := once(ctx, h, c, a, http.StatusAccepted, func() (Job, func(*store.Receipt) error, error) {
		j, err := h.newJob(c, kind, params)
		return showJob(j), func(receipt *store.Receipt) error { return h.Jobs.CreateJob(ctx, j, receipt) }, err
	})
	if err != nil {
		return nil, err
	}
	// Behind the receipt, so that a resend sends a job on its way that was created and then forgotten.
	return &jobOutput{Location: "/v1/jobs/" + started.ID, Body: started}, h.sendJob(ctx, c.organization, started.ID)
}

func (h *handler) newJob(c caller, kind job.Kind, params json.RawMessage) (job.Job, error) {
	id, err := tenant.NewID(tenant.JobID, h.Random)
	now := h.Now().UTC()
	return job.Job{ID: id, Organization: c.organization, Kind: kind, Params: params, Status: job.Queued, CreatedBy: c.actor,
		CreatedAt: now, UpdatedAt: now, Rev: 1}, err
}

func (h *handler) sendJob(ctx context.Context, organization, id string) error {
	message, err := job.Job{Organization: organization, ID: id}.Encode()
	if err != nil {
		return err
	}
	return h.Work.Send(ctx, organization, message)
}

func (h *handler) job(ctx context.Context, c caller, id string) (job.Job, error) {
	j, err := h.Jobs.Job(ctx, c.organization, id)
	return j, notFound(err, "There is no job %q.", id)
}

func showJob(j job.Job) Job {
	out := Job{ID: j.ID, Kind: string(j.Kind), Status: string(j.Status), Counts: j.Counts, Total: j.Total, Problem: j.Problem,
		CreatedBy: j.CreatedBy, CreatedAt: j.CreatedAt, UpdatedAt: j.UpdatedAt, FinishedAt: someTime(j.FinishedAt)}
	if out.Counts == nil {
		out.Counts = map[string]int64{}
	}
	return out
}
