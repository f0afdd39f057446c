// Package crm is the CRM behind the sandbox: an organization of the shape that Close has, with its team, its fields and
// its records, the changes that are made to them, and the log of these changes. It knows nothing of HTTP.
//
// What it holds at the start is made from a seed. A record that nobody has changed is not kept but made again whenever it
// is asked for, so that a million of them fit into little memory. A Model is not safe for concurrent use.
package crm

import (
	"time"
)

// Options sets up a Model.
type Options struct {
	// Seed decides all the data.
	Seed uint64
	// Records is how many records there are at the start, of all kinds together; 12,000 unless set. Negative: none.
	Records int
	// Ties is how many leads share one date_updated, as after a bulk edit; 450 unless set. Their contacts share another.
	Ties int
	// Now is the clock; time.Now unless set.
	Now func() time.Time
	// Start is the time at which the data ends; the begin of the present day unless set. Meetings lie behind it, too.
	Start time.Time
	// Consolidation is how long changes of one object are gathered in one event.
	Consolidation time.Duration
	// IndexDelay is how far the search lies behind.
	IndexDelay time.Duration
	// Merge says what a merge does to what it moves.
	Merge Moved
	// Cascade makes events for what a deleted lead takes along. Close does not say whether it does.
	Cascade bool
}

// Moved says what a merge of leads does to the contacts, opportunities, tasks and activities that it moves. Close does not
// say what it does; silence is the hardest for those who follow.
type Moved string

// What a merge may do.
const (
	// Silent moves them, and only who reads them again sees it.
	Silent Moved = ""
	// Touched sets their date_updated.
	Touched Moved = "touch"
	// Told makes an event for each, too.
	Told Moved = "events"
)

// eventsKept is how long Close keeps its event log.
const eventsKept = 30 * 24 * time.Hour

// Model is the CRM.
type Model struct {
	opts  Options
	words words
	specs []Spec
	start int64

	Team     Team
	statuses []Status // of opportunities
	lead     []Status
	config   map[string][]Object

	byID   map[string]*Record
	tables [kinds]table
	// activities holds all activities by date_created and by date_updated.
	activities table
	// search is what the search knows, where it lies behind; nil where it does not.
	search  []*index
	pending []indexing
	fresh   map[*Record]int64

	log            eventLog
	leadFieldNames map[string]string
	counter        uint64
	scratch        []byte
	made           [kinds]uint32
	// Changed is called with each event that is made or grows.
	Changed func(*Event)
}

// table holds the records of one kind by date_created and by date_updated.
type table struct {
	created, updated *index
}

// Record is one record. Its content is made when it is asked for, unless somebody has changed it.
type Record struct {
	ID   string
	Kind Kind
	// step is the place of a seeded status change in its row, or the number of e-mails in a thread.
	step uint8
	// user is the place in the team of who owns it, by the lead's owner field or by user_id; nobody for none.
	user   uint16
	number uint32 // from 1 on for what was seeded
	// The times in microseconds; at is when an activity happened.
	created, updated, at int64
	// lead is what it belongs to, contact whom it is about, about what else: the opportunity of a status change, the
	// thread of an e-mail, the task that was completed.
	lead, contact, about *Record
	data                 []byte
	deal                 *deal
	children             []*Record
}

// deal is what lists of opportunities filter and add up.
type deal struct {
	value      int64
	won        int64 // microseconds, 0 if it was not
	status     uint16
	period     uint8
	confidence uint8
}

const nobody = ^uint16(0)

// New makes the CRM with its data.
func New(o Options) *Model {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Records == 0 {
		o.Records = 12_000
	}
	if o.Ties == 0 {
		o.Ties = 450
	}
	if o.Start.IsZero() {
		o.Start = o.Now().UTC().Truncate(24 * time.Hour)
	}
	m := &Model{opts: o, specs: Kinds(), start: o.Start.UnixMicro(), fresh: map[*Record]int64{}, Changed: func(*Event) {}}
	m.words = newWords(m)
	m.log.init()
	m.hire()
	m.configure()
	m.fill(max(o.Records, 0))
	return m
}

func (m *Model) now() int64 { return m.opts.Now().UTC().Truncate(time.Millisecond).UnixMicro() }

// Now gives the time of the CRM.
func (m *Model) Now() time.Time { return m.opts.Now().UTC() }

// Spec gives what is known of a kind.
func (m *Model) Spec(k Kind) Spec { return m.specs[k] }

// Get finds a record by its id, nil if there is none.
func (m *Model) Get(id string) *Record { return m.byID[id] }

// Count tells how many records of a kind there are.
func (m *Model) Count(k Kind) int { return m.tables[k].updated.n }

// Counts tells it for all kinds, by their object types.
func (m *Model) Counts() map[string]int {
	all := map[string]int{}
	for _, s := range m.specs {
		all[s.Object] = m.Count(s.Kind)
	}
	return all
}

// LeadID gives the id of the lead that a record is of; a lead is its own.
func (r *Record) LeadID() string {
	switch {
	case r.Kind == Lead:
		return r.ID
	case r.lead != nil:
		return r.lead.ID
	}
	return ""
}

// Updated gives date_updated.
func (r *Record) Updated() time.Time { return time.UnixMicro(r.updated).UTC() }

// next gives the number for the next id of something new.
func (m *Model) next() uint64 {
	m.counter++
	return m.counter
}

// NewID makes an id that was not there before: long ones for records, short ones for all that Close added later.
func (m *Model) NewID(prefix string) string {
	n := longID
	switch prefix {
	case "ev_", "whsub_", "req_", "pipe_", "export_":
		n = shortID
	}
	return makeID(prefix, n, m.opts.Seed, 1, m.next())
}

// Serial tells how many ids were made so far.
func (m *Model) Serial() uint64 { return m.counter }
