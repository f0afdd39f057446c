package main

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"leadline/shared/fault"
	"leadline/shared/store"
	"leadline/shared/syncing"
	"leadline/shared/tenant"
)

// Run is one execution of what reads a connection's provider: an import, what changed, a reconciliation.
type Run struct {
	ID     string       `json:"id" example:"run_01kanq7p0000000000000000d4"`
	Sync   string       `json:"sync,omitempty" doc:"The sync that began it; absent for what was asked for."`
	Plan   syncing.Plan `json:"plan" doc:"What it was asked to do."`
	Status string       `json:"status" enum:"queued,running,paused,done,failed,cancelled"`
	// Problem says why it failed, or what of it did.
	Problem  string   `json:"problem,omitempty" doc:"Why it failed, or what of it did."`
	Progress Progress `json:"progress"`
	// Objects is left out in lists.
	Objects    []RunObject     `json:"objects,omitempty" nullable:"false" doc:"Object by object; left out in lists."`
	Report     *syncing.Report `json:"report,omitempty" doc:"How both sides compare at its end; left out in lists."`
	CreatedBy  string          `json:"created_by" doc:"The API key that asked for it, or the sync."`
	CreatedAt  time.Time       `json:"created_at"`
	UpdatedAt  time.Time       `json:"updated_at"`
	FinishedAt *time.Time      `json:"finished_at,omitempty"`
	Rev        int64           `json:"rev" doc:"Counts the changes to the run itself. Its ETag."`
}

// Progress is how far a run has come.
type Progress struct {
	Counts           syncing.Counts `json:"counts" doc:"Records of all objects."`
	ObjectsDone      int            `json:"objects_done"`
	ObjectsTotal     int            `json:"objects_total"`
	Requests         int64          `json:"requests" doc:"Requests made to the provider."`
	Retries          int64          `json:"retries" doc:"Requests that had to be made again."`
	Throttled        int64          `json:"throttled" doc:"Requests that the provider refused as too many."`
	RecordsPerMinute float64        `json:"records_per_minute" doc:"Read so far, while it was not paused."`
	EstimatedEnd     *time.Time     `json:"estimated_end,omitempty" doc:"At this rate; absent where it is not known how much there is."`
}

// RunObject is one object within a run.
type RunObject struct {
	Object     string         `json:"object"`
	Phase      string         `json:"phase" enum:"reading,rereading,comparing,counting,finished,stopped"`
	Counts     syncing.Counts `json:"counts"`
	Requests   int64          `json:"requests"`
	Retries    int64          `json:"retries"`
	Throttled  int64          `json:"throttled"`
	Waiting    string         `json:"waiting,omitempty" doc:"What it waits for."`
	WaitUntil  *time.Time     `json:"wait_until,omitempty"`
	Problem    string         `json:"problem,omitempty"`
	StartedAt  *time.Time     `json:"started_at,omitempty"`
	UpdatedAt  time.Time      `json:"updated_at"`
	FinishedAt *time.Time     `json:"finished_at,omitempty"`
}

func (h *handler) registerRuns(api huma.API) {
	register(api, h, route{
		id: "start-import", method: http.MethodPost, path: "/v1/connections/{connection}/imports", tag: "syncs", needs: tenant.Admin, status: http.StatusAccepted,
		summary: "Import what a provider has",
		text: "Everything (`full`), what was created or updated in a range (`range`), what matches a query in the provider's own language (`search`), or what changed since the last time (`incremental`). " +
			"The answer is a run: watch it at its `Location`. Changes that arrive meanwhile are neither lost nor undone. With a `budget` it keeps to a number of requests a day, and to hours and days.",
		errors: []int{400, 404, 409},
	}, h.startImport)
	register(api, h, route{
		id: "start-reconciliation", method: http.MethodPost, path: "/v1/connections/{connection}/reconciliations", tag: "syncs", needs: tenant.Admin, status: http.StatusAccepted,
		summary: "Hold what is stored against what the provider has",
		text: "Reads everything, stores what is missing or older here, and deletes what is gone there: only what the provider, asked for by id, says that it does not have, and no more of an object than one record in twenty " +
			"(at least ten) unless `max_deletions` says so. The run's counts are the drift.",
		errors: []int{400, 404, 409},
	}, h.startReconciliation)
	register(api, h, route{
		id: "list-runs", method: http.MethodGet, path: "/v1/connections/{connection}/runs", tag: "syncs", needs: tenant.Reader,
		summary: "List the runs of a connection", text: "Newest first.", errors: []int{400, 404},
	}, h.listRuns)
	register(api, h, route{
		id: "get-run", method: http.MethodGet, path: "/v1/connections/{connection}/runs/{run}", tag: "syncs", needs: tenant.Reader,
		summary: "Watch a run", text: "Its progress object by object, and at its end how both sides compare.", errors: []int{404},
	}, h.getRun)
	for _, verb := range []struct{ name, text string }{
		{"pause", "It stops behind the page that it is on, until it is resumed."},
		{"resume", "It goes on where it stands."},
		{"cancel", "It ends. What it stored stays."},
	} {
		register(api, h, route{
			id: verb.name + "-run", method: http.MethodPost, path: "/v1/connections/{connection}/runs/{run}/" + verb.name, tag: "syncs", needs: tenant.Admin,
			summary: strings.ToUpper(verb.name[:1]) + verb.name[1:] + " a run", text: verb.text, errors: []int{404, 409},
		}, func(ctx context.Context, c caller, in *RunInput) (*runOutput, error) {
			return h.steerRun(ctx, c, in, verb.name)
		})
	}
}

type startImportInput struct {
	ConnectionInput
	ResendInput
	Body struct {
		Mode    syncing.Mode   `json:"mode,omitempty" enum:"full,range,search,incremental" default:"full"`
		Objects []string       `json:"objects,omitempty" nullable:"false" maxItems:"90" doc:"Those to read; all if left out." example:"[\"lead\",\"opportunity\"]"`
		From    time.Time      `json:"from,omitzero" doc:"range: the first time that counts."`
		Until   time.Time      `json:"until,omitzero" doc:"range: the first time that counts no more."`
		By      string         `json:"by,omitempty" enum:"created,updated" doc:"range: which time of a record is meant."`
		Query   string         `json:"query,omitempty" maxLength:"20000" doc:"search: in the provider's own language."`
		Budget  syncing.Budget `json:"budget,omitzero" doc:"What it may use of the provider's limits."`
	} `nameHint:"NewImport"`
}

type runOutput struct {
	Location string `header:"Location"`
	ETag     string `header:"ETag"`
	Body     Run
}

func (h *handler) startImport(ctx context.Context, c caller, in *startImportInput) (*runOutput, error) {
	b := in.Body
	plan := syncing.Plan{Kind: syncing.Import, Mode: b.Mode, Objects: b.Objects, From: b.From, Until: b.Until, By: b.By, Query: b.Query, Budget: b.Budget}
	if plan.Mode == "" {
		plan.Mode = syncing.Full
	}
	return h.startRun(ctx, c, in.IdempotencyKey, "start-import", in.Connection, plan)
}

type startReconciliationInput struct {
	ConnectionInput
	ResendInput
	Body struct {
		Objects      []string       `json:"objects,omitempty" nullable:"false" maxItems:"90" doc:"Those to hold against each other; all if left out."`
		Budget       syncing.Budget `json:"budget,omitzero" doc:"What it may use of the provider's limits."`
		MaxDeletions int64          `json:"max_deletions,omitempty" minimum:"0" doc:"How many records of an object may be deleted without asking."`
	} `nameHint:"NewReconciliation"`
}

func (h *handler) startReconciliation(ctx context.Context, c caller, in *startReconciliationInput) (*runOutput, error) {
	plan := syncing.Plan{Kind: syncing.Reconcile, Objects: in.Body.Objects, Budget: in.Body.Budget, MaxDeletions: in.Body.MaxDeletions}
	return h.startRun(ctx, c, in.IdempotencyKey, "start-reconciliation", in.Connection, plan)
}

// startRun makes a run and lets it begin.
func (h *handler) startRun(ctx context.Context, c caller, key, operation, connection string, plan syncing.Plan) (*runOutput, error) {
	a, err := h.attempt(ctx, c, key, operation, connection, plan)
	if err != nil {
		return nil, err
	}
	started, err := once(ctx, h, c, a, http.StatusAccepted, func() (Run, func(*store.Receipt) error, error) {
		conn, err := h.readable(ctx, c, connection)
		if err != nil {
			return Run{}, nil, err
		}
		r, streams, err := h.control.Prepare(ctx, conn, plan, c.actor)
		if err != nil {
			return Run{}, nil, err
		}
		return h.showRun(r, streams), func(receipt *store.Receipt) error { return h.control.Store(ctx, r, streams, receipt) }, nil
	})
	if err != nil {
		return nil, err
	}
	return &runOutput{Location: "/v1/connections/" + connection + "/runs/" + started.ID, ETag: etag(started.Rev), Body: started}, nil
}

// readable gives a connection that can be read from.
func (h *handler) readable(ctx context.Context, c caller, id string) (tenant.Connection, error) {
	conn, err := h.connection(ctx, c, id)
	if err != nil {
		return conn, err
	}
	if conn.Status != tenant.Active {
		return conn, fault.New(fault.Conflict, "connection_not_active", "The connection is %s: let it go on first.", conn.Status)
	}
	if _, err := h.Logins.Login(ctx, conn.Organization, conn.ID); fault.Is(err, fault.NotFound) {
		return conn, fault.New(fault.Conflict, "no_login", "The connection has no login, so that nothing can be read: PUT /v1/connections/%s/login gives it one.", conn.ID)
	} else if err != nil {
		return conn, err
	}
	return conn, nil
}

// RunInput names a run.
type RunInput struct {
	ConnectionInput
	Run string `path:"run" maxLength:"64" example:"run_01kanq7p0000000000000000d4"`
}

type listRunsInput struct {
	ConnectionInput
	PageInput
	Kind syncing.Kind `query:"kind" enum:"import,changes,reconcile" doc:"Only runs of this kind."`
}

type runsOutput struct{ Body list[Run] }

func (h *handler) listRuns(ctx context.Context, c caller, in *listRunsInput) (*runsOutput, error) {
	if _, err := h.connection(ctx, c, in.Connection); err != nil {
		return nil, err
	}
	body, err := page(ctx, h, c, in.PageInput, listing[syncing.Run, Run]{
		scope: []string{"runs", in.Connection, string(in.Kind)},
		read: func(ctx context.Context, p store.Page) ([]syncing.Run, string, error) {
			return h.Syncs.Runs(ctx, c.organization, in.Connection, p)
		},
		show: func(r syncing.Run) (Run, int, bool) {
			out := h.showRun(r, nil)
			if r.Report != nil {
				for _, o := range r.Report.Objects {
					out.Progress.Counts = out.Progress.Counts.Add(o.Counts)
				}
			}
			out.Report = nil
			return out, 2048 + escapedLength([]byte(r.Plan.Query)), in.Kind == "" || r.Plan.Kind == in.Kind
		},
	})
	return &runsOutput{body}, err
}

func (h *handler) getRun(ctx context.Context, c caller, in *RunInput) (*runOutput, error) {
	r, err := h.run(ctx, c, in)
	if err != nil {
		return nil, err
	}
	streams, err := h.Syncs.Streams(ctx, r.Organization, r.ID)
	if err != nil {
		return nil, err
	}
	return &runOutput{ETag: etag(r.Rev), Body: h.showRun(r, streams)}, nil
}

func (h *handler) run(ctx context.Context, c caller, in *RunInput) (syncing.Run, error) {
	r, err := h.Syncs.Run(ctx, c.organization, in.Connection, in.Run)
	return r, notFound(err, "There is no run %q.", in.Run)
}

// steerRun pauses, resumes or cancels a run.
func (h *handler) steerRun(ctx context.Context, c caller, in *RunInput, verb string) (*runOutput, error) {
	const attempts = 5 // against what it notes of itself meanwhile
	for range attempts {
		r, err := h.run(ctx, c, in)
		if err != nil {
			return nil, err
		}
		steer := map[string]func(syncing.Run) (syncing.Run, bool, error){"pause": h.control.Paused, "resume": h.control.Resumed, "cancel": h.control.Cancelled}[verb]
		next, changed, err := steer(r)
		if err != nil {
			return nil, err
		}
		if changed {
			err := h.Syncs.UpdateRun(ctx, next, nil)
			if fault.Is(err, fault.Conflict) {
				continue
			}
			if err != nil {
				return nil, err
			}
		}
		streams, err := h.Syncs.Streams(ctx, r.Organization, r.ID)
		if err != nil {
			return nil, err
		}
		if verb == "resume" { // also of one that goes on already: its messages may have been lost
			if err := h.control.GoOn(ctx, streams); err != nil {
				return nil, err
			}
		}
		return &runOutput{ETag: etag(next.Rev), Body: h.showRun(next, streams)}, nil
	}
	return nil, fault.New(fault.Conflict, "changed_meanwhile", "The run moves on too fast. Try again.")
}

func (h *handler) showRun(r syncing.Run, streams []syncing.Stream) Run {
	progress := syncing.ProgressOf(r, streams, h.Now())
	out := Run{ID: r.ID, Sync: r.Sync, Plan: r.Plan, Status: string(r.Status), Problem: r.Problem, Report: r.Report, CreatedBy: r.CreatedBy,
		CreatedAt: r.CreatedAt, UpdatedAt: r.UpdatedAt, FinishedAt: someTime(r.FinishedAt), Rev: r.Rev,
		Progress: Progress{Counts: progress.Counts, ObjectsDone: progress.Done, ObjectsTotal: len(streams), Requests: progress.Requests,
			Retries: progress.Retries, Throttled: progress.Throttled, RecordsPerMinute: progress.PerMinute, EstimatedEnd: someTime(progress.End)}}
	for _, s := range streams {
		out.Objects = append(out.Objects, RunObject{Object: s.Object, Phase: string(s.Phase), Counts: s.Counts, Requests: s.Requests, Retries: s.Retries,
			Throttled: s.Throttled, Waiting: s.Waiting, WaitUntil: someTime(s.WaitUntil), Problem: s.Problem, StartedAt: someTime(s.StartedAt),
			UpdatedAt: s.UpdatedAt, FinishedAt: someTime(s.FinishedAt)})
	}
	return out
}
