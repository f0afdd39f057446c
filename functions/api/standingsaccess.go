package main

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"leadline/shared/fault"
	"leadline/shared/incentive"
	"leadline/shared/roster"
	"leadline/shared/store"
	"leadline/shared/tenant"
)

// sight is whose figures a caller may see.
type sight struct {
	roster.Sight
	// member is the caller's own; empty for one that is nobody's.
	member  string
	members roster.Roster
	today   roster.Date
}

// sight finds whose figures a caller may see today: everybody's for admins and owners, as the roster says for whoever else is a
// member.
func (h *handler) sight(ctx context.Context, c caller) (sight, error) {
	admin := c.role.Allows(tenant.Admin)
	if c.person == "" && !admin {
		return sight{}, fault.New(fault.Forbidden, "not_a_person", "What people earn is shown to keys of a person, as far as that person may see it, and to keys of the role admin. This key is neither.")
	}
	var s sight
	var err error
	if s.members, err = h.knownMembers(ctx, c.organization); err != nil {
		return s, err
	}
	if s.today, err = h.keeper().Today(ctx, c.organization); err != nil {
		return s, err
	}
	for id, m := range s.members {
		if c.person != "" && m.Person == c.person && m.MergedInto == "" {
			s.member = id
		}
	}
	switch {
	case admin:
		s.Sight = roster.Sight{All: true}
	case s.member == "":
		return s, fault.New(fault.Forbidden, "no_member", "The key's person is no member: an admin says who it is with PUT /v1/members/{member}/person.")
	default:
		s.Sight = roster.Visible(s.members, s.member, s.today)
	}
	return s, nil
}

const (
	// knownRosters is how many rosters are remembered: one of 10,000 members is tens of megabytes.
	knownRosters = 2
	// rosterTTL is how long one is remembered, if it does not change.
	rosterTTL = 10 * time.Minute
)

// knownRoster is a roster with the edition that it is.
type knownRoster struct {
	edition int64
	members roster.Roster
}

// knownMembers gives the members of an organization, and reads them only if they have changed. Nobody changes what it gives.
func (h *handler) knownMembers(ctx context.Context, organization string) (roster.Roster, error) {
	edition, err := h.Roster.Edition(ctx, organization) // before the members: what changes in between is read again
	if err != nil {
		return nil, err
	}
	now := h.Now()
	if known, found := h.rosters.Get(organization, now); found && known.edition == edition {
		return known.members, nil
	}
	members, err := h.keeper().Members(ctx, organization)
	if err == nil {
		h.rosters.Put(organization, knownRoster{edition, members}, now, now.Add(rosterTTL))
	}
	return members, err
}

// sees tells whether the figures of a participant may be seen. Those of a team are seen by who is in it, and by who sees all who
// are.
func (s sight) sees(participant string) bool {
	team, isTeam := strings.CutPrefix(participant, incentive.TeamParticipant(""))
	if !isTeam {
		return s.Sees(participant)
	}
	in, all := 0, true
	for id, m := range s.members {
		if m.MergedInto != "" || !slices.ContainsFunc(m.At(s.today).Teams, func(g roster.Group) bool { return strings.EqualFold(g.Name, team) }) {
			continue
		}
		if id == s.member {
			return true
		}
		in++
		all = all && s.Sees(id)
	}
	return s.All || in > 0 && all
}

// seesAnyOf tells whether something of a record's explanation may be seen: it gives credit to somebody who is seen, or to nobody.
func (s sight) seesAnyOf(explained []incentive.Explained) bool {
	credits := 0
	for _, e := range explained {
		for _, c := range e.Credits {
			if s.sees(c.Participant) {
				return true
			}
			credits++
		}
	}
	return credits == 0
}

// seesFirst tells whether a sentence begins with a participant who is seen.
func (s sight) seesFirst(sentence string) bool {
	who, _, _ := strings.Cut(sentence, " ")
	return s.sees(who)
}

// participant gives the participant that a path means, whose figures the caller must see: "me" stands for the caller.
func (s sight) participant(text string) (string, error) {
	if text == "me" {
		if s.member == "" {
			return "", fault.New(fault.NotFound, "not_found", "The key is no member's, so that nobody is \"me\". Name the participant.")
		}
		return s.member, nil
	}
	// Who is not seen is not there: nobody learns who takes part in what.
	if !s.known(text) || !s.sees(text) {
		return "", fault.New(fault.NotFound, "not_found", "There is no participant %q whose figures you see.", text)
	}
	return text, nil
}

// known tells whether somebody is a member, or a team that a member is or was in.
func (s sight) known(participant string) bool {
	team, isTeam := strings.CutPrefix(participant, incentive.TeamParticipant(""))
	if !isTeam {
		_, found := s.members[participant]
		return found
	}
	for _, m := range s.members {
		for _, f := range m.Facts {
			if f.Kind == roster.Teams && slices.ContainsFunc(f.Teams, func(g roster.Group) bool { return g.Name == team }) {
				return true
			}
		}
	}
	return false
}

// nameIn gives the name of a participant; empty for one that is not known.
func nameIn(members roster.Roster, participant string) string {
	if team, isTeam := strings.CutPrefix(participant, incentive.TeamParticipant("")); isTeam {
		return team
	}
	return members[participant].Name
}

// inMemory reads pages of a list that is at hand. Its cursors are places in it.
func inMemory[T any](all []T) func(context.Context, store.Page) ([]T, string, error) {
	return func(_ context.Context, p store.Page) ([]T, string, error) {
		at := 0
		if p.Cursor != "" {
			var err error
			if at, err = strconv.Atoi(p.Cursor); err != nil || at < 0 {
				return nil, "", fault.New(fault.Invalid, store.CodeInvalidCursor, "The cursor is no place in the list.")
			}
		}
		at = min(at, len(all)) // the list may have become shorter
		end := min(at+p.Limit, len(all))
		if end == len(all) {
			return all[at:end], "", nil
		}
		return all[at:end], strconv.Itoa(end), nil
	}
}

// placeOf names a field of an element of a list in a body.
func placeOf(list string, i int, field string) string {
	return list + "[" + strconv.Itoa(i) + "]." + field
}
