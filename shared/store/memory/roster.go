package memory

import (
	"context"
	"time"

	"leadline/shared/roster"
	"leadline/shared/store"
)

// Roster implements store.Roster.
type Roster struct{ tenancy *Tenancy }

// NewRoster makes a store whose receipts are those of another.
func NewRoster(tenancy *Tenancy) *Roster { return &Roster{tenancy} }

// externalOf names a user of a CRM.
type externalOf struct {
	organization string
	roster.External
}

// SaveMembers implements store.Roster.
func (s *Roster) SaveMembers(ctx context.Context, organization string, members []roster.Member, edition int64, receipt *store.Receipt) error {
	if err := store.CheckMembers(organization, members); err != nil {
		return err
	}
	t := s.tenancy
	return t.change(ctx, receipt, latest(members), func() error {
		for _, m := range members {
			before, found := t.members[owned{organization, m.ID}]
			if found && m.Rev == 1 {
				return taken("member")
			}
			if before.Rev != m.Rev-1 {
				return stale("member")
			}
		}
		if err := s.freeUsers(organization, members); err != nil {
			return err
		}
		if t.editions[organization] != edition {
			return stale("roster")
		}
		return nil
	}, func() {
		for _, m := range members {
			for _, e := range t.members[owned{organization, m.ID}].External {
				delete(t.externals, externalOf{organization, e})
			}
		}
		for _, m := range members {
			t.members[owned{organization, m.ID}] = m.Own()
			for _, e := range m.External {
				t.externals[externalOf{organization, e}] = m.ID
			}
		}
		t.editions[organization]++
	})
}

// freeUsers refuses members whose users are others', who keep them.
func (s *Roster) freeUsers(organization string, members []roster.Member) error {
	after := roster.Of(members)
	for _, m := range members {
		for _, e := range m.External {
			id, found := s.tenancy.externals[externalOf{organization, e}]
			if keeper, changes := after[id]; found && id != m.ID && (!changes || keeper.Is(e)) {
				return taken("user")
			}
			for _, other := range members {
				if other.ID != m.ID && other.Is(e) {
					return taken("user")
				}
			}
		}
	}
	return nil
}

// latest gives when members were changed, for the receipt.
func latest(members []roster.Member) time.Time {
	at := time.Time{}
	for _, m := range members {
		if m.UpdatedAt.After(at) {
			at = m.UpdatedAt
		}
	}
	return at
}

// Edition implements store.Roster.
func (s *Roster) Edition(ctx context.Context, organization string) (int64, error) {
	if err := alive(ctx); err != nil {
		return 0, err
	}
	s.tenancy.mu.RLock()
	defer s.tenancy.mu.RUnlock()
	return s.tenancy.editions[organization], nil
}

// Member implements store.Roster.
func (s *Roster) Member(ctx context.Context, organization, id string) (roster.Member, error) {
	m, err := get(ctx, s.tenancy, s.tenancy.members, owned{organization, id}, "member")
	return m.Own(), err
}

// MemberOf implements store.Roster.
func (s *Roster) MemberOf(ctx context.Context, organization string, external roster.External) (roster.Member, error) {
	id, err := get(ctx, s.tenancy, s.tenancy.externals, externalOf{organization, external}, "member")
	if err != nil {
		return roster.Member{}, err
	}
	return s.Member(ctx, organization, id)
}

// Members implements store.Roster.
func (s *Roster) Members(ctx context.Context, organization string, p store.Page) ([]roster.Member, string, error) {
	return belongings(ctx, s.tenancy, "members", organization, p, s.tenancy.members, roster.Member.Own)
}
