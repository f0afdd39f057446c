// Package syncing holds the nouns of keeping a connection's records in step with its provider: what is copied and when (a
// Sync), one execution of it (a Run), one object within that (a Stream), how both sides compare (a Report), and how a
// connection fares (its State). It does no I/O; syncing/control starts and stops runs, syncing/engine does them.
package syncing

import (
	"slices"
	"time"

	"leadline/shared/connector"
)

// Kind is what a run does.
type Kind string

// The kinds.
const (
	// Import reads what the scope names and stores it.
	Import Kind = "import"
	// Changes reads what changed since the last time: the provider's log of changes, and what was updated or created since.
	Changes Kind = "changes"
	// Reconcile reads everything, stores what is missing or older here, and finds what is gone there.
	Reconcile Kind = "reconcile"
)

// Kinds lists them.
func Kinds() []Kind { return []Kind{Import, Changes, Reconcile} }

// Mode is what an import reads.
type Mode string

// The modes.
const (
	// Full: everything.
	Full Mode = "full"
	// Range: what was created, or updated, between two times.
	Range Mode = "range"
	// Search: what matches a query in the provider's own language.
	Search Mode = "search"
	// Incremental: what changed since the last run that read the object.
	Incremental Mode = "incremental"
)

// Status is where a run stands.
type Status string

// The states. Done, Failed and Cancelled are final.
const (
	Queued  Status = "queued"
	Running Status = "running"
	// Paused by a person, until it is resumed.
	Paused    Status = "paused"
	Done      Status = "done"
	Failed    Status = "failed"
	Cancelled Status = "cancelled"
)

// Final tells whether nothing more happens.
func (s Status) Final() bool { return s == Done || s == Failed || s == Cancelled }

// Plan is what a run is asked to do.
type Plan struct {
	Kind Kind `json:"kind"`
	// Mode is that of an import; empty for other kinds.
	Mode Mode `json:"mode,omitempty"`
	// Objects are those to read; empty for all.
	Objects []string `json:"objects,omitempty" nullable:"false"`
	// From and Until bound a Range, From in, Until out; zero for no bound. By says which time of a record is meant: "created"
	// or "updated".
	From  time.Time `json:"from,omitzero"`
	Until time.Time `json:"until,omitzero"`
	By    string    `json:"by,omitempty"`
	// Query is that of a Search.
	Query string `json:"query,omitempty"`
	// Budget bounds what it may use of the provider's limits.
	Budget Budget `json:"budget,omitzero"`
	// MaxDeletions is how many records a Reconcile may find gone per object before a person must agree; 0 for the usual
	// ceiling (see Ceiling).
	MaxDeletions int64 `json:"max_deletions,omitempty"`
}

// Run is one execution of a sync, or of what somebody asked for.
type Run struct {
	ID           string // "run_" and a ULID in small letters, so that ids sort by time
	Organization string
	Connection   string
	Connector    string
	// Sync is the sync that began it; empty for what was asked for.
	Sync   string
	Plan   Plan
	Status Status
	// Problem says in words why it failed or stands still; empty for nothing.
	Problem string
	// CreatedBy is the audit actor who asked for it.
	CreatedBy  string
	CreatedAt  time.Time
	UpdatedAt  time.Time
	FinishedAt time.Time
	// PausedAt is when it was paused last, PausedFor how long it stood still before that.
	PausedAt  time.Time
	PausedFor time.Duration
	// Report is how both sides compare at its end; nil before.
	Report *Report
	// Forget is when the run and its streams are forgotten.
	Forget time.Time
	// Rev counts the changes to the run, from 1. Its ETag. What its streams do is no change to it.
	Rev int64
}

// LogObject is the name of the stream that reads the provider's log of changes.
const LogObject = "event_log"

// Phase is what a stream is doing.
type Phase string

// The phases, in their order. Finished and Stopped are final.
const (
	// Reading what the scope names.
	Reading Phase = "reading"
	// Rereading what changed since the reading began, so that what changed meanwhile is not missed.
	Rereading Phase = "rereading"
	// Comparing what is stored with what was read, for what is gone at the provider.
	Comparing Phase = "comparing"
	// Counting what both sides hold.
	Counting Phase = "counting"
	Finished Phase = "finished"
	// Stopped by a Problem that no later try would solve; other streams go on.
	Stopped Phase = "stopped"
)

// Final tells whether the stream has ended.
func (p Phase) Final() bool { return p == Finished || p == Stopped }

// Counts are what became of records. All but Found and Absent count what was read.
type Counts struct {
	// Found is how many the provider says there are to be read; -1 while unknown.
	Found int64 `json:"found"`
	// Fetched were read, repeats included.
	Fetched int64 `json:"fetched"`
	// Missing were not stored before; Stale were stored in an older version; Differing in the same version with another
	// content. All three are stored now.
	Missing   int64 `json:"missing"`
	Stale     int64 `json:"stale"`
	Differing int64 `json:"differing"`
	// Unchanged were stored already just so; Newer stand here in a newer version than was read.
	Unchanged int64 `json:"unchanged"`
	Newer     int64 `json:"newer"`
	// Refused are in the quarantine.
	Refused int64 `json:"refused"`
	// Absent are stored here and were not read. Of these, Deleted are gone at the provider and are deleted here, Kept are
	// there after all, Held wait for a person to agree.
	Absent  int64 `json:"absent"`
	Deleted int64 `json:"deleted"`
	Kept    int64 `json:"kept"`
	Held    int64 `json:"held"`
}

// Stored is how many records the run wrote.
func (c Counts) Stored() int64 { return c.Missing + c.Stale + c.Differing }

// Drift is by how many records both sides differed.
func (c Counts) Drift() int64 { return c.Stored() + c.Deleted + c.Held }

// Add gives the sum of two counts; the Found of a sum is unknown only if both are.
func (c Counts) Add(d Counts) Counts {
	if c.Found < 0 {
		c.Found, d.Found = max(d.Found, -1), 0
	} else if d.Found < 0 {
		d.Found = 0
	}
	c.Found += d.Found
	c.Fetched += d.Fetched
	c.Missing += d.Missing
	c.Stale += d.Stale
	c.Differing += d.Differing
	c.Unchanged += d.Unchanged
	c.Newer += d.Newer
	c.Refused += d.Refused
	c.Absent += d.Absent
	c.Deleted += d.Deleted
	c.Kept += d.Kept
	c.Held += d.Held
	return c
}

// Stream is one object within a run, with its own cursor: it goes on by itself, page by page.
type Stream struct {
	Organization string
	Connection   string
	Run          string
	// Object is that which it reads; LogObject for the provider's log.
	Object string
	Phase  Phase
	// Scope is what Reading reads.
	Scope connector.Scope
	// Cursor is how far the phase has come, meaningful to the phase only; saved after the records of its page.
	Cursor string
	// Pages counts the pages of the phase Reading; each left a set of what it saw where Comparing follows.
	Pages  int64
	Counts Counts
	// SourceAt is the provider's time at which the reading began: the next incremental run begins there.
	SourceAt time.Time
	// StuckSince is since when the provider prepares the page that Cursor asks for; zero while pages come.
	StuckSince time.Time
	// Requests are those made, Retries those of them that had to be made again, Throttled those that the provider refused
	// as too many.
	Requests, Retries, Throttled int64
	// Failures counts the failures in a row; WaitUntil is when it goes on, and Waiting says for what.
	Failures  int
	WaitUntil time.Time
	Waiting   string
	Problem   string
	// Source and Stored are what Counting found: how many records the provider says it holds, with SourceHow for where that
	// comes from, and how many are stored here. -1 where unknown.
	Source, Stored int64
	SourceHow      string
	StartedAt      time.Time
	UpdatedAt      time.Time
	FinishedAt     time.Time
	// Forget is that of the run.
	Forget time.Time
	// Rev counts the changes, from 1: whoever saves with an old one stops, for another goes on with the stream.
	Rev int64
}

// Report is how both sides compare at the end of a run.
type Report struct {
	At      time.Time      `json:"at"`
	Objects []ReportObject `json:"objects" nullable:"false"`
	// Agrees tells whether the counts of all objects agree, as far as the provider tells its own.
	Agrees bool `json:"agrees"`
}

// ReportObject is one object's part of a report.
type ReportObject struct {
	Object string `json:"object"`
	// Source and Stored are the counts of both sides, -1 where unknown; SourceHow and StoredHow say where each comes from.
	Source    int64  `json:"source"`
	SourceHow string `json:"source_how"`
	Stored    int64  `json:"stored"`
	StoredHow string `json:"stored_how"`
	// Difference is Stored less Source, 0 where either is unknown. Explained says in words what is known of it.
	Difference int64  `json:"difference"`
	Explained  string `json:"explained,omitempty"`
	Counts     Counts `json:"counts"`
	Problem    string `json:"problem,omitempty"`
}

// Wants tells whether the plan names an object.
func (p Plan) Wants(object string) bool {
	return len(p.Objects) == 0 || slices.Contains(p.Objects, object)
}

// Ceiling is how many records of an object a run may delete by their absence without asking a person: one in twenty, and
// always ten.
func (p Plan) Ceiling(stored int64) int64 {
	if p.MaxDeletions > 0 {
		return p.MaxDeletions
	}
	return max(10, stored/20)
}
