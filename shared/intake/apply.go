package intake

import (
	"context"
	"fmt"

	"leadline/shared/record"
)

// Outcome says what became of a change. It is also the name of its metric.
type Outcome string

// The outcomes.
const (
	// Applied: the change was newer than what was stored.
	Applied Outcome = "Applied"
	// Duplicate: exactly this state, or the contest that it is part of, is stored already.
	Duplicate Outcome = "Duplicate"
	// Stale: something newer is stored.
	Stale Outcome = "Stale"
	// Contested: another content is stored under the same version; the winner stands and the record is marked.
	Contested Outcome = "Contested"
)

// contests is how often a write that lost a race is tried again before the delivery goes back to the queue.
const contests = 8

// apply stores a state of a record if it is newer: one conditional write in all but the rare case of two contents under
// one version. That case takes a second write, which depends on nothing but what the table holds, so that a crash in
// between loses nothing.
func (in *Intake) apply(ctx context.Context, rec record.Record) (Outcome, error) {
	for range contests {
		standing, err := in.Records.PutNewer(ctx, rec)
		if err != nil {
			return "", fmt.Errorf("intake: store %s: %w", rec.Object, err)
		}
		if standing == nil {
			return Applied, nil
		}
		switch order := rec.Version.Compare(standing.Version); {
		case order < 0:
			return Stale, nil
		case order > 0: // it was replaced by an older one since: an erasure, say
			continue
		case rec.Hash() == standing.Hash():
			return Duplicate, nil
		case standing.Contested && !record.Wins(&rec, standing):
			return Duplicate, nil
		}
		winner := rec
		if record.Wins(standing, &rec) {
			winner = *standing
			winner.StoredAt = rec.StoredAt
		}
		winner.Contested = true
		replaced, _, err := in.Records.Replace(ctx, winner, standing.Rev)
		if err != nil {
			return "", fmt.Errorf("intake: mark contested %s: %w", rec.Object, err)
		}
		if replaced {
			return Contested, nil
		}
	}
	return "", contended(rec.Object)
}
