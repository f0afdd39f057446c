package outbound

import (
	"time"

	"leadline/shared/rotation"
)

// MaxOverlap is the longest that a replaced secret may go on signing.
const MaxOverlap = 30 * 24 * time.Hour

// PresentSecret gives the secret that has not been replaced, or nil for a destination that has none yet.
func (d Destination) PresentSecret() *Secret {
	return rotation.Present(d.Secrets, (*Secret).expiry)
}

// ValidSecrets lists the secrets that sign at a time, newest first.
func (d Destination) ValidSecrets(at time.Time) []Secret {
	return rotation.Valid(d.Secrets, (*Secret).expiry, at)
}

// Rotate gives the destination with a new present secret. The secret that it replaces goes on signing for overlap;
// secrets replaced earlier go at once, so that never more than two sign.
func (d Destination) Rotate(s Secret, overlap time.Duration, now time.Time) Destination {
	d.Secrets = rotation.Rotate(d.Secrets, s, (*Secret).expiry, overlap, now)
	return d.Changed(now)
}

// WithStatus gives the destination as a person switches it on or off: what failed before is forgotten.
func (d Destination) WithStatus(s Status, now time.Time) Destination {
	d.Status, d.Problem, d.FailingSince = s, "", time.Time{}
	return d.Changed(now)
}

// WithURL gives the destination with another URL: what failed at the old one is forgotten.
func (d Destination) WithURL(url string, now time.Time) Destination {
	d.URL = url
	d.Problem, d.FailingSince = "", time.Time{}
	return d.Changed(now)
}

// Failing gives the destination after the first failure of an unbroken row.
func (d Destination) Failing(since time.Time, problem string, now time.Time) Destination {
	d.FailingSince, d.Problem = since, problem
	return d.Changed(now)
}

// Working gives the destination after a success.
func (d Destination) Working(now time.Time) Destination {
	d.FailingSince, d.Problem = time.Time{}, ""
	return d.Changed(now)
}

// SwitchedOff gives the destination after the failure that we switch it off for.
func (d Destination) SwitchedOff(problem string, now time.Time) Destination {
	d.Status, d.Problem = Failed, problem
	return d.Changed(now)
}

// Changed gives the destination with the next Rev, after any other change.
func (d Destination) Changed(now time.Time) Destination {
	d.UpdatedAt = now
	d.Rev++
	return d
}

func (s *Secret) expiry() *time.Time { return &s.ExpiresAt }
