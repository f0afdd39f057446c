package intaketest

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
)

// Key names a record within a connection.
type Key struct{ Object, ID string }

// State is what a record must end as.
type State struct {
	Version    int64 // microseconds since 1970
	Deleted    bool
	MergedInto string
	Contested  bool
	Content    string // canonical JSON; empty on a tombstone
}

// hash is the stated tie-breaker: half a SHA-256 of the content and what a tombstone says.
func (s State) hash() string {
	content := s.Content
	if s.Deleted {
		content = "{}"
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\n%t %q", content, s.Deleted, s.MergedInto))
	return hex.EncodeToString(sum[:16])
}

// Fold is the plain meaning of a history: for each record the newest state wins, whatever the order of the events; of
// two contents under one version the tombstone wins, then the higher hash, and the record is contested. An event with a
// version beyond the horizon (microseconds since 1970) counts for nothing.
func Fold(events []Event, horizon int64) map[Key]State {
	states := map[Key]State{}
	for _, e := range events {
		effects := e.effects()
		ahead := false
		for _, s := range effects {
			ahead = ahead || s.Version > horizon
		}
		for key, s := range effects {
			old, exists := states[key]
			switch {
			case ahead || exists && s.Version < old.Version:
			case !exists || s.Version > old.Version:
				states[key] = s
			case s.hash() != old.hash():
				if s.Deleted == old.Deleted && s.hash() < old.hash() || old.Deleted && !s.Deleted {
					s = old
				}
				s.Contested = true
				states[key] = s
			}
		}
	}
	return states
}
