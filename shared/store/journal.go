package store

import (
	"time"

	"github.com/oklog/ulid/v2"

	"leadline/shared/audit"
	"leadline/shared/fault"
)

// idSkew is how far the time in an id may lie from the time of what it names: a clock read twice in one request.
const idSkew = time.Minute

// CheckAuditID refuses an id that does not sort by time: anything but a ULID in its canonical form.
func CheckAuditID(id string) error {
	if parsed, err := ulid.ParseStrict(id); err != nil || parsed.String() != id {
		return fault.New(fault.Invalid, "invalid_id", "the id of an audit entry must be a ULID")
	}
	return nil
}

// Matches tells whether an entry passes the filter.
func (f AuditFilter) Matches(e audit.Entry) bool {
	return (f.Actor == "" || f.Actor == e.Actor) && (f.Operation == "" || f.Operation == e.Operation) &&
		(f.From.IsZero() || !e.At.Before(f.From)) && (f.Until.IsZero() || e.At.Before(f.Until))
}

// IDs gives bounds of the ids of the entries that the filter's times let pass: none is below from, none at or above
// until. Empty for no bound.
func (f AuditFilter) IDs() (from, until string) {
	return idAt(f.From, -idSkew), idAt(f.Until, idSkew)
}

// Name identifies the filter in the name of a list, so that a cursor serves only the filter that it was given out for.
func (f AuditFilter) Name() []string {
	return []string{f.Actor, f.Operation, idTime(f.From), idTime(f.Until)}
}

func idTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}

// idAt gives the least ULID of a time moved by so much; empty for no time. Times that no ULID can hold give the nearest
// that one can.
func idAt(t time.Time, by time.Duration) string {
	if t.IsZero() {
		return ""
	}
	ms := min(max(t.Add(by).UnixMilli(), 0), int64(ulid.MaxTime()))
	var id ulid.ULID
	if err := id.SetTime(uint64(ms)); err != nil {
		return ""
	}
	return id.String()
}
