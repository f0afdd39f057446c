package store

import (
	"context"
	"time"

	"leadline/shared/fault"
	"leadline/shared/nudge"
)

// NudgeLife is for how long a nudge is kept: it is then forgotten.
const NudgeLife = 400 * 24 * time.Hour

// Nudges keeps what organizations and people say about nudges, what each person was told, and what waits.
type Nudges interface {
	// SaveNudgeSetup replaces what an organization says if the stored Rev is still s.Rev-1 (0: none is stored); Conflict (CodeStale).
	SaveNudgeSetup(ctx context.Context, s nudge.Setup) error
	// NudgeSetup reads it, consistently: that of nudge.Default, of Rev 0, if none is stored.
	NudgeSetup(ctx context.Context, organization string) (nudge.Setup, error)
	// SaveNudgePreference replaces what a person says if the stored Rev is still p.Rev-1; Conflict (CodeStale).
	SaveNudgePreference(ctx context.Context, p nudge.Preference) error
	// NudgePreference reads it, consistently: one of Rev 0 if none is stored.
	NudgePreference(ctx context.Context, organization, member string) (nudge.Preference, error)

	// SaveNudgeState replaces a person's state if the stored Rev is still s.Rev-1; Conflict (CodeStale). One conditional write.
	SaveNudgeState(ctx context.Context, s nudge.State) error
	// NudgeState reads it, consistently: one of Rev 0 if none is stored.
	NudgeState(ctx context.Context, organization, member string) (nudge.State, error)
	// SaveNudgeBoard replaces the ranks of a period that were seen last if the stored Rev is still b.Rev-1; Conflict (CodeStale).
	SaveNudgeBoard(ctx context.Context, b nudge.Board) error
	// NudgeBoard reads them, consistently: those of Rev 0 if none are stored.
	NudgeBoard(ctx context.Context, organization, program, period string) (nudge.Board, error)

	// TellNudge stores a nudge under its ID, for NudgeLife from n.At, and in the log; the same ID again is no change. It tells whether
	// it is new.
	TellNudge(ctx context.Context, n nudge.Nudge) (fresh bool, err error)
	// Nudge reads one, consistently; NotFound.
	Nudge(ctx context.Context, organization, member, id string) (nudge.Nudge, error)
	// SaveNudge replaces a nudge, but for its ReadAt, if the stored Rev is still n.Rev-1; Conflict (CodeStale), NotFound.
	SaveNudge(ctx context.Context, n nudge.Nudge) error
	// MarkNudgeRead notes that it was seen, once; NotFound.
	MarkNudgeRead(ctx context.Context, organization, member, id string, at time.Time) error
	// Inbox pages through a person's nudges that are in the inbox, newest first, eventually consistent. For one page it looks at
	// MaxLookedAt at most.
	Inbox(ctx context.Context, organization, member string, page Page) (nudges []nudge.Nudge, next string, err error)
	// NudgeLog pages through all nudges of an organization that match, newest first, eventually consistent. For one page it looks at
	// MaxLookedAt at most.
	NudgeLog(ctx context.Context, organization string, filter NudgeFilter, page Page) (nudges []nudge.Nudge, next string, err error)
}

// NudgeFilter narrows the log of nudges; empty fields match all.
type NudgeFilter struct {
	Member, Rule string
	Outcome      nudge.Outcome
}

// Matches tells whether a nudge passes the filter.
func (f NudgeFilter) Matches(n nudge.Nudge) bool {
	return (f.Member == "" || f.Member == n.Member) && (f.Rule == "" || f.Rule == n.Rule) && (f.Outcome == "" || f.Outcome == n.Outcome)
}

// Name identifies the filter in the name of a list, so that a cursor serves only the filter that it was given out for.
func (f NudgeFilter) Name() []string { return []string{f.Member, f.Rule, string(f.Outcome)} }

// CheckNudge refuses a nudge that names nobody.
func CheckNudge(n nudge.Nudge) error {
	if n.ID == "" || n.Organization == "" || n.Member == "" {
		return fault.New(fault.Invalid, "invalid_nudge", "a nudge names its id, organization and member")
	}
	return nil
}
