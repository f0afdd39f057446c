package store

import (
	"leadline/shared/outbound"
	"leadline/shared/quarantine"
)

// Matches tells whether an entry is one that the filter lets through.
func (f QuarantineFilter) Matches(e quarantine.Entry) bool {
	return (f.Connection == "" || f.Connection == e.Connection) && (f.Object == "" || f.Object == e.Object) &&
		(f.Reason == "" || f.Reason == e.Reason) && (f.Status == "" || f.Status == e.Status)
}

// Matches tells whether an entry is one that the filter lets through.
func (f DeliveryFilter) Matches(e outbound.LogEntry) bool {
	return (f.Outcome == "" || f.Outcome == e.Outcome) && (f.Type == "" || f.Type == e.Type) &&
		(f.From.IsZero() || !e.CreatedAt.Before(f.From)) && (f.Until.IsZero() || e.CreatedAt.Before(f.Until))
}

// IDs gives bounds of the ids of the entries that the filter's times let pass: none is below from, none at or above
// until. Empty for no bound.
func (f DeliveryFilter) IDs() (from, until string) {
	return idAt(f.From, -idSkew), idAt(f.Until, idSkew)
}
