package roster_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"leadline/shared/calendar"
	"leadline/shared/roster"
)

// days are those that the properties look at: all that anything is said of, and one before and behind.
const days = 16

func day(n int) roster.Date { return calendar.DateOf(noon().AddDate(0, 0, n), time.UTC) }

// machine is a roster that CRMs and an admin change in any order, and a plain account, day by day, of what the admin said.
type machine struct {
	members roster.Roster
	newID   func() (string, error)
	clock   time.Time
	said    map[string]map[roster.Kind]map[int]roster.Value
}

func (m *machine) ids() []string {
	var all []string
	for id, one := range m.members {
		if one.MergedInto == "" {
			all = append(all, id)
		}
	}
	slices.Sort(all)
	return all
}

func (m *machine) list() []roster.Member {
	var all []roster.Member
	for _, one := range m.members {
		all = append(all, one)
	}
	slices.SortFunc(all, func(a, b roster.Member) int { return a.CreatedAt.Compare(b.CreatedAt) })
	return all
}

// sync takes over what a CRM says: some users, some of them off, with any roles, teams and managers.
func (m *machine) sync(t *rapid.T) {
	m.clock = m.clock.Add(time.Duration(rapid.IntRange(-6, 40).Draw(t, "hours")) * time.Hour)
	seen := roster.Seen{Connection: rapid.SampledFrom([]string{"conn_a", "conn_b"}).Draw(t, "crm"), At: m.clock, Zone: time.UTC}
	for _, n := range rapid.SliceOfNDistinct(rapid.IntRange(1, 5), 0, 5, rapid.ID[int]).Draw(t, "users") {
		u := roster.User{ExternalID: fmt.Sprint("user_", n), Email: fmt.Sprintf("%d@example.com", n%4), Active: rapid.Bool().Draw(t, "active"), Admin: rapid.Bool().Draw(t, "admin"),
			Manager: fmt.Sprint("user_", rapid.IntRange(1, 6).Draw(t, "manager"))}
		if rapid.Bool().Draw(t, "no manager") {
			u.Manager = ""
		}
		if rapid.Bool().Draw(t, "dated") {
			u.CreatedAt = noon().AddDate(0, 0, rapid.IntRange(-3, 3).Draw(t, "created"))
		}
		if g := rapid.IntRange(0, 2).Draw(t, "team"); g > 0 {
			u.Teams = []roster.UserTeam{{ID: fmt.Sprint("g", g), Name: fmt.Sprint("Team ", g)}}
		}
		seen.Users = append(seen.Users, u)
	}
	plan, err := roster.Sync(m.list(), seen, m.newID)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range plan.Changes {
		m.members[c.Member.ID] = c.Member
	}
	again, err := roster.Sync(m.list(), seen, m.newID)
	if err != nil || len(again.Changes) > 0 {
		t.Fatalf("the same sync again changes %+v, %v", again.Changes, err)
	}
}

// say has the admin say something, or take it back, of any days.
func (m *machine) say(t *rapid.T) {
	if len(m.members) == 0 {
		return
	}
	id := rapid.SampledFrom(m.ids()).Draw(t, "member")
	kind := rapid.SampledFrom(roster.Kinds()).Draw(t, "kind")
	from := rapid.IntRange(0, days).Draw(t, "from")
	until := rapid.IntRange(from+1, days+1).Draw(t, "until")
	span := roster.Span{From: day(from), Until: day(until)}
	if from == 0 {
		span.From = ""
	}
	if until > days {
		span.Until = ""
	}
	v := roster.Value{Active: rapid.Bool().Draw(t, "works"), Role: rapid.SampledFrom(roster.Roles()).Draw(t, "role"),
		Teams: []roster.Group{{Name: rapid.SampledFrom([]string{"East", "West"}).Draw(t, "team")}}, Manager: rapid.SampledFrom(append(m.ids(), "")).Draw(t, "manager"),
		Access: roster.Access{Scope: rapid.SampledFrom(roster.Scopes()).Draw(t, "scope")}}
	m.clock = m.clock.Add(time.Minute)
	one := m.members[id].Own()
	var err error
	back := rapid.IntRange(0, 3).Draw(t, "back") == 0
	if back {
		_, err = one.Clear(kind, span, admin(m.clock))
	} else {
		_, err = one.Set(kind, span, v, admin(m.clock))
	}
	if err != nil {
		t.Fatal(err)
	}
	before := m.members[id]
	m.members[id] = one
	if _, circular := roster.Circle(m.members, id); circular { // as the keeper does
		m.members[id] = before
		return
	}
	if m.said[id] == nil {
		m.said[id] = map[roster.Kind]map[int]roster.Value{}
	}
	if m.said[id][kind] == nil {
		m.said[id][kind] = map[int]roster.Value{}
	}
	for n := from; n < until; n++ {
		if delete(m.said[id][kind], n); !back {
			m.said[id][kind][n] = v
		}
	}
}

func (m *machine) check(t *rapid.T) {
	for id, one := range m.members {
		type place struct {
			kind roster.Kind
			of   roster.External
		}
		standing := map[place][]roster.Fact{}
		for _, f := range one.Facts {
			if f.Check() != nil {
				t.Fatalf("%s has a fact of no day: %+v", id, f)
			}
			if f.Gone.IsZero() {
				standing[place{f.Kind, f.External}] = append(standing[place{f.Kind, f.External}], f)
			}
		}
		for n := range days + 1 {
			d := day(n)
			for p, facts := range standing {
				holding := slices.DeleteFunc(slices.Clone(facts), func(f roster.Fact) bool { return !f.Holds(d) })
				if len(holding) > 1 {
					t.Fatalf("%s: %v says %d things of %s", id, p, len(holding), d)
				}
			}
			m.checkSaid(t, one, n)
			if chain := roster.Chain(m.members, id, d); slices.Contains(chain, id) {
				t.Fatalf("%s reports to itself on %s: %v", id, d, chain)
			}
			for team, at := roster.TeamOf(m.members, id, d), 0; at < len(team); at++ {
				if !slices.Contains(roster.Chain(m.members, team[at], d), id) {
					t.Fatalf("%s is in the team of %s, and does not report there", team[at], id)
				}
			}
		}
		if d, circular := roster.Circle(m.members, id); circular {
			t.Fatalf("%s leads itself from %q", id, d)
		}
	}
}

// checkSaid: where the admin said something, it is so.
func (m *machine) checkSaid(t *rapid.T, one roster.Member, n int) {
	s := one.At(day(n))
	for kind, by := range m.said[one.ID] {
		v, said := by[n]
		if !said {
			continue
		}
		is := map[roster.Kind]bool{roster.Active: s.Active == v.Active, roster.RoleKind: s.Role == v.Role, roster.Manager: s.Manager == v.Manager,
			roster.Teams: len(s.Teams) == 1 && s.Teams[0] == v.Teams[0], roster.AccessKind: s.Scope == v.Access.Scope && s.Stated}
		if !is[kind] {
			t.Fatalf("%s on %s: the admin said %s %+v, and it is %+v", one.ID, day(n), kind, v, s)
		}
	}
}

// TestAnyOrderOfSyncsAndEdits: what the admin said stands, a layer says one thing at a time, nobody has two managers or leads
// himself on any day, a sync twice is a sync once.
func TestAnyOrderOfSyncsAndEdits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := &machine{members: roster.Roster{}, newID: ids(), clock: noon(), said: map[string]map[roster.Kind]map[int]roster.Value{}}
		t.Repeat(map[string]func(*rapid.T){"sync": m.sync, "say": m.say, "": m.check})
	})
}

// TestAPastIsNotRewrittenByASync: what was so on days before a sync stays so.
func TestAPastIsNotRewrittenByASync(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := &machine{members: roster.Roster{}, newID: ids(), clock: noon(), said: map[string]map[roster.Kind]map[int]roster.Value{}}
		m.sync(t)
		for range rapid.IntRange(1, 6).Draw(t, "syncs") {
			before := m.members
			m.members = roster.Of(m.list())
			m.sync(t)
			for id, one := range before {
				if len(m.members[id].External) > len(one.External) { // another user, with a past of its own
					continue
				}
				for n := -3; n < days && day(n) < calendar.DateOf(m.clock, time.UTC); n++ {
					if was, is := one.At(day(n)), m.members[id].At(day(n)); was.Active != is.Active || was.Role != is.Role || was.Manager != is.Manager && is.Manager == "" {
						t.Fatalf("%s on %s was %+v, and is now %+v", id, day(n), was, is)
					}
				}
			}
		}
	})
}
