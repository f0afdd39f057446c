// Package notice is what Leadline tells an organization's admins by itself: that something stopped, finished or needs
// them.
package notice

import "time"

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
	// ReadAt is when somebody said that it was seen; zero until then.
	ReadAt time.Time
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
)
