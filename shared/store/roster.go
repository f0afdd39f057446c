package store

import (
	"context"

	"leadline/shared/fault"
	"leadline/shared/roster"
)

// MaxMembers is how many members are saved at once at most.
const MaxMembers = 20

// CodeTooMany is the code of a refusal to save more than MaxMembers at once.
const CodeTooMany = "too_many"

// Roster keeps the members of organizations: those who sell, who leads them, who administers. All changes to one roster come
// one after another: each names the edition of the roster that it was made over, so that what is true of the roster as a
// whole (nobody reports to himself, a user of a CRM is one member) can be checked before it is written.
type Roster interface {
	// SaveMembers stores up to MaxMembers members of one organization, each if its stored Rev is still its Rev-1 (0: none is
	// stored), and what leads to them from their users in CRMs, all or nothing, with the receipt, if the roster's edition is
	// still edition; it is one more then. Conflict (CodeStale) if it, or a Rev, is not; (CodeTaken) if a member with Rev 1 is
	// there already, or a user is another member's that does not give it up in the same call. One read for each member
	// with a Rev above 1, and one transaction.
	SaveMembers(ctx context.Context, organization string, members []roster.Member, edition int64, receipt *Receipt) error
	// Edition reads how often a roster has changed, consistently; 0 if it never did.
	Edition(ctx context.Context, organization string) (int64, error)
	// Member reads one, consistently, also one that was merged into another.
	Member(ctx context.Context, organization, id string) (roster.Member, error)
	// MemberOf reads the member that a user of a CRM is, consistently: two reads.
	MemberOf(ctx context.Context, organization string, external roster.External) (roster.Member, error)
	// Members pages through the members of an organization by id, consistently.
	Members(ctx context.Context, organization string, page Page) (members []roster.Member, next string, err error)
}

// CheckMembers refuses what cannot be saved at once.
func CheckMembers(organization string, members []roster.Member) error {
	if len(members) == 0 || len(members) > MaxMembers {
		return fault.New(fault.Invalid, CodeTooMany, "1 to %d members are saved at once", MaxMembers)
	}
	for _, m := range members {
		if m.Organization != organization {
			return fault.New(fault.Invalid, "invalid_organization", "the members belong to several organizations")
		}
	}
	return nil
}
