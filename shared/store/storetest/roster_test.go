package storetest

import (
	"context"

	"leadline/shared/roster"
	"leadline/shared/store"
)

func brokenRosters() map[string]defect {
	return map[string]defect{
		"the edition of a roster is ignored": {"Roster/each save is an edition", func(s *Stores) { s.Roster = anyEdition{s.Roster} }},
		"members are saved one by one":       {"Roster/several members are saved at once", func(s *Stores) { s.Roster = oneByOne{s.Roster} }},
		"users lead to who they were":        {"Roster/a user leads to its member", func(s *Stores) { s.Roster = &firstUsers{Roster: s.Roster, of: map[string]string{}} }},
		"users of all organizations meet":    {"Roster/a user leads to its member", func(s *Stores) { s.Roster = sharedUsers{s.Roster} }},
		"a member's receipt is lost":         {"Roster/it is kept whole, with its", func(s *Stores) { s.Roster = rosterWithoutReceipts{s.Roster} }},
	}
}

type anyEdition struct{ store.Roster }

func (a anyEdition) SaveMembers(ctx context.Context, organization string, members []roster.Member, _ int64, r *store.Receipt) error {
	edition, err := a.Edition(ctx, organization)
	if err != nil {
		return err
	}
	return a.Roster.SaveMembers(ctx, organization, members, edition, r)
}

type oneByOne struct{ store.Roster }

func (o oneByOne) SaveMembers(ctx context.Context, organization string, members []roster.Member, edition int64, r *store.Receipt) error {
	for _, m := range members {
		if err := o.Roster.SaveMembers(ctx, organization, []roster.Member{m}, edition, r); err != nil {
			return err
		}
		edition++
	}
	return nil
}

type firstUsers struct {
	store.Roster
	of map[string]string
}

func (f *firstUsers) MemberOf(ctx context.Context, organization string, e roster.External) (roster.Member, error) {
	name := organization + e.Connection + "\n" + e.ID
	if id, known := f.of[name]; known {
		return f.Member(ctx, organization, id)
	}
	m, err := f.Roster.MemberOf(ctx, organization, e)
	if err == nil {
		f.of[name] = m.ID
	}
	return m, err
}

type sharedUsers struct{ store.Roster }

func (s sharedUsers) MemberOf(ctx context.Context, _ string, e roster.External) (roster.Member, error) {
	return s.Roster.MemberOf(ctx, "org_a", e)
}

type rosterWithoutReceipts struct{ store.Roster }

func (r rosterWithoutReceipts) SaveMembers(ctx context.Context, organization string, members []roster.Member, edition int64, _ *store.Receipt) error {
	return r.Roster.SaveMembers(ctx, organization, members, edition, nil)
}
