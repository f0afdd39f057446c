// Package privacy exports and erases what is kept of a person: records with their history, untouched payloads, entries of
// the quarantine, deliveries to destinations, accounts, members, logins at providers. Both are jobs that walk through everything of an
// organization, step by step; each step can be repeated.
//
// A record is the person's if the job names it, if it holds one of the addresses or numbers of the job (see Finder), or if
// it is deleted and its history holds one. What came in about such a record is the person's, too, also where it says
// nothing that would find it: the rows about it in clients' batches, the webhooks about it, the deliveries of those. Of a
// living record of which only the history holds something, only that is the person's.
//
// An export is one file of lines of JSON (see line), an erasure leaves:
//
//   - A tombstone in place of each record, with its key and version and nothing else, so that no older state brings it
//     back. Ids stay: without them the next replay would bring everything back. The job counts the tombstones whose id is
//     itself an address or number of the person (CountIDs).
//   - {"erased":true} in place of each payload, or row of a client's payload, at the same place in the same bytes.
//   - The audit log: ids, the name of a key as it was, where a request came from. It is what shows who did what.
//   - Members with their ids, roles and teams, but without name, e-mail and phone, which no CRM brings back. How they are paid, with
//     account and tax id, is gone; the ledger of what they were paid stays: it knows them by their ids alone.
//   - Logins at providers that are the person's, without the name: they work on until somebody replaces them. A later test
//     of such a login asks the provider for the name again.
//   - Revoked API keys of accounts that are gone, with the name of the key.
//
// What is under way while an erasure runs can bring data back: messages of the queues, rows of history that the stream
// has not delivered, batches that clients send again. So the walk is repeated, with a pause between, until it finds
// nothing, MaxPasses times at most; if it still finds something then, the job fails and says so. What arrives after that
// is taken as new.
package privacy

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"leadline/shared/blob"
	"leadline/shared/connector"
	"leadline/shared/credential"
	"leadline/shared/fault"
	"leadline/shared/job"
	"leadline/shared/roster"
	"leadline/shared/schema"
	"leadline/shared/store"
	"leadline/shared/tenant"
)

// MaxPasses is how often an erasure walks through everything. It does so twice at least.
const MaxPasses = 3

// The names of a job's Counts: what an export found, or an erasure changed.
const (
	CountRecords    = "records"
	CountHistory    = "history"
	CountPayloads   = "payloads"
	CountQuarantine = "quarantine"
	CountDeliveries = "deliveries"
	CountPeople     = "people"
	CountMembers    = "members"
	CountLogins     = "logins"
	CountAudit      = "audit"
	// CountExamples are those of proposed schemas, CountUploads the chunks of files on their way, CountJobs other jobs about
	// the person, CountFields values that were kept by themselves for their size; CountFieldsKept those that other records
	// have, too.
	CountExamples   = "examples"
	CountUploads    = "uploads"
	CountJobs       = "jobs"
	CountFields     = "large_fields"
	CountFieldsKept = "large_fields_kept"
	// CountIDs are the tombstones whose id is an address or number of the person.
	CountIDs = "ids_kept"
	// CountUnreadable are payloads that cannot be unpacked, and so cannot be searched.
	CountUnreadable = "unreadable"
	// CountDone is how much was looked at.
	CountDone = "done"
)

// stepBudget is how much a step does: about so many requests to the stores. A crash repeats one step at most.
const stepBudget = 400

// Options are what a Worker works with. All of them are required, but for Wait.
type Options struct {
	Records      store.Records
	History      store.History
	Intake       store.Intake
	Schemas      store.Schemas
	Batches      store.Batches
	Tenancy      store.Tenancy
	Members      store.Members
	Roster       store.Roster
	Payees       store.Payees
	Disputes     store.Disputes
	Logins       store.Logins
	Destinations store.Destinations
	Deliveries   store.Deliveries
	Journal      store.Journal
	Jobs         store.Jobs
	Payloads     blob.Store
	Connectors   connector.Registry
	Now          func() time.Time
	// Wait lets what is under way arrive between two passes of an erasure; nil does not wait. See Pause.
	Wait func(ctx context.Context) error
}

// Pause gives a Wait of a length.
func Pause(d time.Duration) func(context.Context) error {
	return func(ctx context.Context) error {
		timer := time.NewTimer(d)
		defer timer.Stop()
		select {
		case <-timer.C:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Worker does jobs of the kinds job.Export and job.Erase. It is safe for concurrent use.
type Worker struct {
	Options
	budget int
}

// New makes a Worker.
func New(o Options) *Worker { return &Worker{Options: o, budget: stepBudget} }

// stage is a part of the walk. It goes on from the position of the run and tells whether it is through; if it is not, the
// step ends.
type stage struct {
	name string
	walk func(*run, context.Context) (done bool, err error)
}

// Export takes one step of the export of a person and gives the job as it then is, for the caller to save.
func (w *Worker) Export(ctx context.Context, j job.Job) (job.Job, error) {
	return w.step(ctx, j, exporting, []stage{
		{"records", (*run).walkRecords},
		{"archive", (*run).walkArchive},
		{"quarantine", (*run).walkQuarantine},
		{"deliveries", (*run).walkDeliveries},
		{"people", (*run).walkPeople},
		{"members", (*run).walkMembers},
		{"logins", (*run).walkLogins},
		{"audit", (*run).walkAudit},
		{"join", (*run).join},
		{"tidy", (*run).tidy},
	})
}

// Erase takes one step of the erasure of a person and gives the job as it then is, for the caller to save. At the end the
// job itself no longer says whom it was about.
//
// The order of a pass: records, each with its history, then what came in about them, then what went out. What was found
// is noted before it is erased, for an erased record tells no more of what came in about it. History is deleted again at
// the very end, for the stream may have brought rows of earlier writes.
func (w *Worker) Erase(ctx context.Context, j job.Job) (job.Job, error) {
	return w.step(ctx, j, erasing, []stage{
		{"records", (*run).walkRecords},
		{"archive", (*run).walkArchive},
		{"uploads", (*run).walkUploads},
		{"quarantine", (*run).walkQuarantine},
		{"deliveries", (*run).walkDeliveries},
		{"schemas", (*run).walkSchemas},
		{"people", (*run).walkPeople},
		{"members", (*run).walkMembers},
		{"logins", (*run).walkLogins},
		{"jobs", (*run).walkJobs},
		{"again", (*run).again},
		{"history", (*run).sweepHistory},
		{"fields", (*run).deleteFields},
		{"end", (*run).forget},
	})
}

// position is how far a job came.
type position struct {
	V     int    `json:"v"`
	Pass  int    `json:"pass"`
	Stage string `json:"stage"`
	// Group, Sub and Page are where the stage goes on: in which connection or destination, in which of its objects or days,
	// at which page; N within that.
	Group string `json:"group,omitempty"`
	Sub   string `json:"sub,omitempty"`
	Page  string `json:"page,omitempty"`
	N     int    `json:"n,omitempty"`
	// Part is the number of the next part of an export, Bytes the length of those that are written.
	Part  int   `json:"part,omitempty"`
	Bytes int64 `json:"bytes,omitempty"`
	// Changed is how much this pass of an erasure changed; Incomplete says that the last one changed something still.
	Changed    int64 `json:"changed,omitempty"`
	Incomplete bool  `json:"incomplete,omitempty"`
}

// run is one step of a job.
type run struct {
	*Worker
	job job.Job
	at  position
	// next is the stage that follows, unless empty instead of the one behind the present.
	next   string
	who    *Finder
	found  *found
	act    act
	out    parts
	budget int
	// What was read in this step.
	connections []tenant.Connection
	objects     map[[2]string]schema.Object
	larges      map[string]bool
	lastBody    cachedBody
}

// act is what is done with what is found.
type act interface {
	// records does what is to be done with a page of records.
	records(ctx context.Context, page []looked) error
	// archived does it with the bodies in an object of kept payloads.
	archived(ctx context.Context, o archived) error
	aside(ctx context.Context, e aside) error
	delivered(ctx context.Context, d delivered) error
	person(ctx context.Context, p account) error
	member(ctx context.Context, m roster.Member) error
	login(ctx context.Context, l credential.Login) error
}

func (w *Worker) step(ctx context.Context, j job.Job, does func(*run) act, stages []stage) (job.Job, error) {
	r, err := w.begin(ctx, j, stages[0].name)
	if err != nil {
		return j, err
	}
	r.act = does(r)
	for !r.job.Status.Final() {
		i := slices.IndexFunc(stages, func(s stage) bool { return s.name == r.at.Stage })
		if i < 0 {
			return j, fault.New(fault.Internal, "invalid_cursor", "privacy: the job is at a stage that is not known here")
		}
		done, err := stages[i].walk(r, ctx)
		if err != nil {
			return j, fmt.Errorf("privacy: %s: %w", r.at.Stage, err)
		}
		if !done {
			break
		}
		if r.next == "" && i+1 < len(stages) {
			r.next = stages[i+1].name
		}
		r.at.Stage, r.at.Group, r.at.Sub, r.at.Page, r.at.N, r.next = r.next, "", "", "", 0, ""
		if r.budget <= 0 {
			break
		}
	}
	return r.end(ctx)
}

func (w *Worker) begin(ctx context.Context, j job.Job, first string) (*run, error) {
	var p job.PersonParams
	if err := json.Unmarshal(j.Params, &p); err != nil {
		return nil, fault.New(fault.Invalid, "invalid_params", "The job does not say whom it is about.")
	}
	if err := p.Check(); err != nil {
		return nil, err
	}
	r := &run{Worker: w, job: j, at: position{V: 1, Pass: 1, Stage: first}, who: NewFinder(j.Organization, p), budget: w.budget,
		objects: map[[2]string]schema.Object{}, larges: map[string]bool{}}
	if j.Cursor != "" {
		if err := json.Unmarshal([]byte(j.Cursor), &r.at); err != nil {
			return nil, fault.New(fault.Internal, "invalid_cursor", "privacy: the job's cursor cannot be read")
		}
	}
	if r.job.Counts = maps.Clone(j.Counts); r.job.Counts == nil {
		r.job.Counts = map[string]int64{}
	}
	var err error
	r.found, err = w.loadFound(ctx, j)
	return r, err
}

// end saves what the step found and gives the job. What was written is written again the same if this is repeated.
func (r *run) end(ctx context.Context) (job.Job, error) {
	if err := r.flush(ctx); err != nil {
		return r.job, err
	}
	if !r.job.Status.Final() {
		if err := r.saveFound(ctx); err != nil {
			return r.job, err
		}
	}
	cursor, err := json.Marshal(r.at)
	if err != nil {
		return r.job, fmt.Errorf("privacy: cursor: %w", err)
	}
	r.job.Cursor = string(cursor)
	return r.job, nil
}

// count notes what was found, or changed.
func (r *run) count(what string, n int) {
	if n != 0 {
		r.job.Counts[what] += int64(n)
	}
}

// changed notes that an erasure changed something.
func (r *run) changed(what string, n int) {
	r.count(what, n)
	r.at.Changed += int64(n)
}
