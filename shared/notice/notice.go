// Package notice is what Leadline tells an organization's admins by itself: that something stopped, finished or needs
// them.
package notice

import (
	"context"
	"time"
	"unicode/utf8"
)

// Notice is one message to the admins of an organization. The same ID again is no second notice.
type Notice struct {
	// ID sorts by time and names its cause, so that a retry does not tell it twice.
	ID           string
	Organization string
	At           time.Time
	Kind         Kind
	// Subject is what it is about, as a path of the API: "destinations/dst_...".
	Subject string
	Text    string
	// Table, unless it is empty, shows in rows what Text sums up: the counts of an import, object by object.
	Table Table
	// ReadAt is when somebody said that it was seen; zero until then.
	ReadAt time.Time
	// Mail is what became of the e-mail about it. Whoever tells a notice leaves it empty.
	Mail Mail
}

// Teller tells notices. It says whether one is new: the same ID again is no change.
type Teller interface {
	Tell(ctx context.Context, n Notice) (bool, error)
}

// Kind is what sort of notice it is, for programs.
type Kind string

// The kinds.
const (
	// DestinationFailing: a destination has answered nothing but failures for a while.
	DestinationFailing Kind = "destination_failing"
	// DestinationDisabled: a destination was switched off.
	DestinationDisabled Kind = "destination_disabled"
	// SchemaProposed: rows broke the accepted schema; a next version is proposed.
	SchemaProposed Kind = "schema_proposed"
	// JobFailed and JobDone: a long job ended.
	JobFailed Kind = "job_failed"
	JobDone   Kind = "job_done"
	// ImportDone and ImportFailed: an import ended. That of ImportDone brings the verification report as its Table.
	ImportDone   Kind = "import_done"
	ImportFailed Kind = "import_failed"
	// ConnectionError: the provider refuses the connection's login; nothing comes in until somebody renews it.
	ConnectionError Kind = "connection_error"
	// ConnectionHealed: a connection that was in error works again.
	ConnectionHealed Kind = "connection_healed"
	// DriftFound: a reconciliation found more that differs from the source than is usual, and repaired it.
	DriftFound Kind = "drift_found"
	// DeletionsHeld: more records than the ceiling allows seem to be deleted at the source; a person must say so.
	DeletionsHeld Kind = "deletions_held"
	// ManagersProposed: the reporting line of imported people was guessed and waits for an admin.
	ManagersProposed Kind = "managers_proposed"
	// BankChangeWaiting: a change of bank details or of a tax id waits for an admin who did not ask for it.
	BankChangeWaiting Kind = "bank_change_waiting"
	// DisputeOpened: somebody disputes a statement, and an admin who did not open the dispute resolves or rejects it.
	DisputeOpened Kind = "dispute_opened"
)

// Kinds lists all kinds.
func Kinds() []Kind {
	return []Kind{DestinationFailing, DestinationDisabled, SchemaProposed, JobFailed, JobDone, ImportDone, ImportFailed, ConnectionError,
		ConnectionHealed, DriftFound, DeletionsHeld, ManagersProposed, BankChangeWaiting, DisputeOpened}
}

// Mailed tells whether notices of the kind are sent by e-mail, too: what somebody waits for, and what waits for somebody.
// What ended as it should, whoever asked for it sees there.
func (k Kind) Mailed() bool {
	switch k {
	case DestinationFailing, DestinationDisabled, SchemaProposed, JobFailed, ImportDone, ImportFailed, ConnectionError, DriftFound,
		DeletionsHeld, ManagersProposed, BankChangeWaiting, DisputeOpened:
		return true
	case JobDone, ConnectionHealed:
	}
	return false
}

// Table is rows of texts under the names of their columns.
type Table struct {
	Columns []string
	Rows    [][]string
}

// Empty tells whether there is nothing to show.
func (t Table) Empty() bool { return len(t.Rows) == 0 }

// The bounds of a notice, which is read in lists and fits a mail: far more than any of ours needs.
const (
	maxText    = 4000
	maxRows    = 100
	maxColumns = 10
	maxCell    = 200
)

// Fit gives the notice with what is longer than a notice may be cut off.
func (n Notice) Fit() Notice {
	n.Text = cut(n.Text, maxText)
	n.Table = Table{Columns: cells(n.Table.Columns), Rows: rows(n.Table.Rows)}
	return n
}

func rows(all [][]string) [][]string {
	if len(all) == 0 {
		return nil
	}
	fitting := make([][]string, min(len(all), maxRows))
	for i := range fitting {
		fitting[i] = cells(all[i])
	}
	if len(all) > maxRows {
		fitting[maxRows-1] = []string{"..."}
	}
	return fitting
}

func cells(all []string) []string {
	if len(all) == 0 {
		return nil
	}
	fitting := make([]string, min(len(all), maxColumns))
	for i := range fitting {
		fitting[i] = cut(all[i], maxCell)
	}
	return fitting
}

// cut shortens a text to so many bytes, between two characters.
func cut(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	const more = "..."
	end := limit - len(more)
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + more
}
