package incentivetest

import (
	"slices"
	"strings"

	"leadline/shared/calendar"
	"leadline/shared/incentive"
	"leadline/shared/money"
	"leadline/shared/number"
	"leadline/shared/program"
	"leadline/shared/record"
	"leadline/shared/view"
)

// Person is somebody on some days. One who changes managers or teams has several, one for each span.
type Person struct {
	Member  string
	Manager string
	Teams   []string
	Role    string
	Span    calendar.Span
}

// World is what records are credited in. Where it has no people, everybody whom a record names is a member, and leads nobody.
type World struct {
	People []Person
	Rates  []money.Rate
}

var _ incentive.World = (*World)(nil)

// Find finds nothing: the view of deals joins none.
func (w *World) Find(view.End, string) *record.Record { return nil }

// MemberOf takes a text for the id of a member.
func (w *World) MemberOf(_, text string) (string, bool) {
	known := len(w.People) == 0 || slices.ContainsFunc(w.People, func(p Person) bool { return p.Member == text })
	return text, text != "" && known
}

// Chain goes up from manager to manager.
func (w *World) Chain(member string, on calendar.Date) []string {
	var chain []string
	for at := member; len(chain) < 20; {
		p, found := w.person(at, on)
		if !found || p.Manager == "" || slices.Contains(chain, p.Manager) {
			return chain
		}
		at = p.Manager
		chain = append(chain, at)
	}
	return chain
}

func (w *World) person(member string, on calendar.Date) (Person, bool) {
	i := slices.IndexFunc(w.People, func(p Person) bool { return p.Member == member && p.Span.Holds(on) })
	if i < 0 {
		return Person{}, false
	}
	return w.People[i], true
}

// TeamsOf gives the teams of the table of people.
func (w *World) TeamsOf(member string, on calendar.Date) []string {
	p, _ := w.person(member, on)
	return p.Teams
}

// Team gives those who are in a team.
func (w *World) Team(name string, on calendar.Date) []string {
	var members []string
	for _, p := range w.People {
		if p.Span.Holds(on) && slices.Contains(p.Teams, name) {
			members = append(members, p.Member)
		}
	}
	slices.Sort(members)
	return members
}

// TakesPart looks at the lists of the participants.
func (w *World) TakesPart(ps program.Participants, member string, on calendar.Date) bool {
	if len(w.People) == 0 {
		return takesPart(ps, Person{Member: member})
	}
	p, found := w.person(member, on)
	return found && takesPart(ps, p)
}

func takesPart(ps program.Participants, p Person) bool {
	if slices.Contains(ps.Except, p.Member) {
		return false
	}
	if len(ps.Roles)+len(ps.Teams)+len(ps.Members) == 0 {
		return true
	}
	inTeam := slices.ContainsFunc(p.Teams, func(t string) bool { return slices.Contains(ps.Teams, t) })
	return inTeam || slices.Contains(ps.Roles, p.Role) || slices.Contains(ps.Members, p.Member)
}

// Spans gives the days on which a member takes part, in order; from is the first day there is.
func (w *World) Spans(ps program.Participants, member string, from calendar.Date) []calendar.Span {
	if len(w.People) == 0 || strings.HasPrefix(member, incentive.TeamParticipant("")) {
		return []calendar.Span{{From: from}}
	}
	var spans []calendar.Span
	for _, p := range w.People {
		if p.Member != member || !takesPart(ps, p) {
			continue
		}
		s := p.Span
		s.From = max(s.From, from)
		if n := len(spans); n > 0 && spans[n-1].Until == s.From {
			spans[n-1].Until = s.Until
			continue
		}
		spans = append(spans, s)
	}
	return spans
}

// Rate looks for the row of the day.
func (w *World) Rate(from, to string, on calendar.Date) (money.Rate, bool) {
	for _, r := range w.Rates {
		if r.From == from && r.To == to && r.Span.Holds(on) {
			return r, true
		}
	}
	return money.Rate{}, false
}

// world makes the world of a worked example.
func (c Case) world() (*World, error) {
	w := &World{}
	for _, row := range c.Tables["People"].Rows {
		p := Person{Member: row["who"], Manager: row["manager"], Role: row["role"], Span: span(row)}
		for _, team := range strings.Split(row["teams"], ",") {
			if team = strings.TrimSpace(team); team != "" {
				p.Teams = append(p.Teams, team)
			}
		}
		w.People = append(w.People, p)
	}
	for i, row := range c.Tables["Exchange"].Rows {
		value, err := number.Parse(row["value"])
		if err != nil {
			return nil, err
		}
		s := calendar.Span{From: calendar.Date(row["since"]), Until: calendar.Date(row["until"])}
		w.Rates = append(w.Rates, money.Rate{From: row["from"], To: row["to"], Value: value, Span: s, Rev: int64(i + 1)})
	}
	return w, nil
}

func span(row Row) calendar.Span {
	return calendar.Span{From: calendar.Date(row["from"]), Until: calendar.Date(row["until"])}
}
