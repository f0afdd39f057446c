package keeper

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"leadline/shared/calendar"
	"leadline/shared/incentive"
	"leadline/shared/money"
	"leadline/shared/program"
	"leadline/shared/roster"
	"leadline/shared/store"
)

// people is who is who in an organization, on any day, and what its currencies are worth.
type people struct {
	edition int64
	members roster.Roster
	ids     []string // of those who were not merged into others, in order
	users   map[roster.External]string
	books   *books
	rates   *money.Table
	// ratesHash tells one table of rates from another.
	ratesHash string
}

func (k *Keeper) readRates(ctx context.Context, organization string, p *people) error {
	var rates []money.Rate
	for r, err := range store.All(ctx, func(ctx context.Context, page store.Page) ([]money.Rate, string, error) {
		return k.Programs.Rates(ctx, organization, page)
	}) {
		if err != nil {
			return fmt.Errorf("keeper: rates: %w", err)
		}
		rates = append(rates, r)
	}
	table, err := money.NewTable(rates)
	if err != nil {
		return fmt.Errorf("keeper: rates: %w", err)
	}
	p.rates, p.ratesHash = table, digest(rates)
	return nil
}

// member follows whom somebody was merged into; empty for nobody.
func (p *people) member(id string) string {
	for range 10 {
		m, found := p.members[id]
		switch {
		case !found:
			return ""
		case m.MergedInto == "":
			return id
		}
		id = m.MergedInto
	}
	return ""
}

// memberOf gives the member that a text of a record names.
func (p *people) memberOf(connection, text string) (string, bool) {
	if strings.HasPrefix(text, roster.MemberID+"_") {
		if id := p.member(text); id != "" {
			return id, true
		}
	}
	if id, found := p.users[roster.External{Connection: connection, ID: text}]; found {
		if id = p.member(id); id != "" {
			return id, true
		}
	}
	return "", false
}

// teamsOf gives the names of a member's teams on a day.
func (p *people) teamsOf(member string, on calendar.Date) []string {
	m, found := p.members[member]
	if !found {
		return nil
	}
	var names []string
	for _, t := range m.At(on).Teams {
		names = append(names, t.Name)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// team gives the members of a team on a day.
func (p *people) team(name string, on calendar.Date) []string {
	var in []string
	for _, id := range p.ids {
		if slices.ContainsFunc(p.teamsOf(id, on), func(n string) bool { return strings.EqualFold(n, name) }) {
			in = append(in, id)
		}
	}
	return in
}

// takesPart tells whether a member takes part on a day.
func (p *people) takesPart(who program.Participants, member string, on calendar.Date) bool {
	m, found := p.members[member]
	if !found || m.MergedInto != "" || slices.Contains(who.Except, member) {
		return false
	}
	state := m.At(on)
	if !state.Active {
		return false
	}
	if len(who.Roles)+len(who.Teams)+len(who.Members) == 0 {
		return true
	}
	return slices.Contains(who.Members, member) || slices.Contains(who.Roles, string(state.Role)) ||
		slices.ContainsFunc(state.Teams, func(g roster.Group) bool {
			return slices.ContainsFunc(who.Teams, func(n string) bool { return strings.EqualFold(n, g.Name) })
		})
}

// spans gives the days on which somebody takes part: a team, on all.
func (p *people) spans(who program.Participants, participant string) []calendar.Span {
	if strings.HasPrefix(participant, incentive.TeamParticipant("")) {
		return []calendar.Span{{}}
	}
	m, found := p.members[participant]
	if !found {
		return nil
	}
	turns := []calendar.Date{""}
	for _, f := range m.Facts {
		if f.Gone.IsZero() {
			turns = append(turns, f.From, f.Until)
		}
	}
	slices.Sort(turns)
	turns = slices.Compact(turns)
	var spans []calendar.Span
	for i, from := range turns {
		until := calendar.Date("")
		if i+1 < len(turns) {
			until = turns[i+1]
		}
		on := from
		if on == "" {
			on = "0001-01-01"
		}
		switch {
		case !p.takesPart(who, participant, on):
		case len(spans) > 0 && spans[len(spans)-1].Until == from:
			spans[len(spans)-1].Until = until
		default:
			spans = append(spans, calendar.Span{From: from, Until: until})
		}
	}
	return spans
}

// teams gives the names of all teams that somebody is or was in.
func (p *people) teams() []string {
	var names []string
	for _, m := range p.members {
		for _, f := range m.Facts {
			if f.Gone.IsZero() && f.Kind == roster.Teams {
				for _, t := range f.Teams {
					names = append(names, t.Name)
				}
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}
