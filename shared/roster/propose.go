package roster

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"

	"leadline/shared/fault"
	"leadline/shared/tenant"
)

// What is proposed.
const (
	// ProposeManager: a member has no manager, and these may be it.
	ProposeManager = "manager"
	// ProposeSame: these members may be the same person.
	ProposeSame = "same_person"
)

// Confidence is how sure a proposal is.
type Confidence string

// From least to most.
const (
	Low    Confidence = "low"
	Medium Confidence = "medium"
	High   Confidence = "high"
)

// Proposal is something that may be so of a member. Nothing comes of it by itself.
type Proposal struct {
	// ID is drawn from kind and member: the same is proposed under the same id.
	ID     string
	Kind   string
	Member string
	// Candidates are the members that it may be, likeliest first.
	Candidates []Candidate
}

// Candidate is one of those that a proposal may mean.
type Candidate struct {
	Member     string
	Confidence Confidence
	// Reason says why, for people.
	Reason string
}

// ReadProposal gives the kind and the member of a proposal's id.
func ReadProposal(id string) (kind, member string, err error) {
	kind, member, found := strings.Cut(id, "-")
	if !found || kind != ProposeManager && kind != ProposeSame {
		return "", "", fault.New(fault.NotFound, "not_found", "There is no proposal %q.", cut(id, 80))
	}
	return kind, member, nil
}

func proposalID(kind, member string) string { return kind + "-" + member }

// declined names the refusal of a candidate in Member.Declined.
func declined(kind, candidate string) string { return kind + "-" + candidate }

// Decline notes that candidates of a proposal are not to be proposed again.
func (m *Member) Decline(p Proposal, candidates []string) {
	for _, c := range candidates {
		if name := declined(p.Kind, c); !slices.Contains(m.Declined, name) {
			m.Declined = append(m.Declined, name)
		}
	}
}

// HasDeclined tells whether a candidate was refused; empty for whether any was.
func (m Member) HasDeclined(kind, candidate string) bool {
	return slices.ContainsFunc(m.Declined, func(name string) bool {
		return candidate != "" && name == declined(kind, candidate) || candidate == "" && strings.HasPrefix(name, kind+"-")
	})
}

// Proposals gives all that is proposed on a day, by id.
func Proposals(members Roster, d Date) []Proposal {
	all := append(ProposeManagers(members, d), proposeSame(members)...)
	slices.SortFunc(all, func(a, b Proposal) int { return cmp.Compare(a.ID, b.ID) })
	return all
}

// ProposeManagers finds who may lead whom, for those who work here and of whom nobody has said yet that they report to
// somebody, or to nobody. Who may lead somebody has a role in the CRM whose name says so (a Sales Manager leads an
// Account Executive, a Director leads the Sales Manager), or administers the CRM, and shares a group with that one; or is the
// only one of the next rank in the house. Proposed managers never close a circle with those that are set.
func ProposeManagers(members Roster, d Date) []Proposal {
	p := proposer{members: members, day: d, states: map[string]State{}, ranks: map[string]rank{}}
	for _, id := range slices.Sorted(maps.Keys(members)) {
		m := members[id]
		if s := m.At(d); s.Active && m.MergedInto == "" {
			p.ids, p.states[id], p.ranks[id] = append(p.ids, id), s, rankOf(s)
		}
	}
	var all []Proposal
	for _, id := range p.ids {
		if _, said := members[id].stated(Manager, d); said || p.states[id].Manager != "" {
			continue
		}
		if candidates := p.candidates(id); len(candidates) > 0 {
			all = append(all, Proposal{ID: proposalID(ProposeManager, id), Kind: ProposeManager, Member: id, Candidates: candidates})
		}
	}
	return all
}

type proposer struct {
	members Roster
	day     Date
	ids     []string
	states  map[string]State
	ranks   map[string]rank
}

// rank is how high somebody stands by the name of a role: 0 for who sells.
type rank struct {
	level int
	name  string
	admin bool
}

// rankOf reads the names of a member's roles in CRMs.
func rankOf(s State) rank {
	r := rank{admin: s.Role == Admin}
	for _, connection := range slices.Sorted(maps.Keys(s.Access)) {
		name := s.Access[connection].RoleName
		if level := levelOf(name); level > r.level {
			r.level, r.name = level, name
		}
	}
	return r
}

// levelOf gives the level that the name of a role speaks of. An account manager leads no one.
func levelOf(name string) int {
	words := strings.FieldsFunc(strings.ToLower(name), func(c rune) bool { return !unicode.IsLetter(c) })
	level := 0
	for i, word := range words {
		switch word {
		case "lead", "leader", "supervisor", "captain", "teamlead":
			level = max(level, 1)
		case "manager", "mgr":
			if i == 0 || !slices.Contains([]string{"account", "accounts", "success", "office", "product", "relationship"}, words[i-1]) {
				level = max(level, 2)
			}
		case "head", "director":
			level = max(level, 3)
		case "vp", "president", "chief", "cro", "ceo", "owner", "founder":
			level = max(level, 4)
		}
	}
	return level
}

// candidates gives who may lead a member. Those of the next level above among its teams come before others.
func (p proposer) candidates(id string) []Candidate {
	mine := p.ranks[id]
	var near, admins, house []Candidate
	nearest, next := 0, 0
	for _, other := range p.ids {
		theirs := p.ranks[other]
		if other == id || slices.Contains(p.members[id].Declined, declined(ProposeManager, other)) || slices.Contains(Chain(p.members, other, p.day), id) {
			continue
		}
		team, together := p.shared(id, other)
		name := p.members[other].Name
		switch {
		case together && theirs.level > mine.level:
			near = nextAbove(near, &nearest, theirs.level, Candidate{other, High, fmt.Sprintf("%s is %q in the CRM, and in the same group, %q.", name, theirs.name, team)})
		case together && theirs.admin && !mine.admin && mine.level == 0:
			admins = append(admins, Candidate{other, Low, fmt.Sprintf("%s administers the CRM, and is in the same group, %q.", name, team)})
		case theirs.level > mine.level && theirs.level > 1 && !mine.admin:
			house = nextAbove(house, &next, theirs.level, Candidate{other, Low, fmt.Sprintf("%s is %q in the CRM, and nobody else is at that level.", name, theirs.name)})
		}
	}
	switch {
	case len(near) == 1:
		return near
	case len(near) > 1:
		for i := range near {
			near[i].Confidence = Medium
		}
		return near
	case len(admins) > 0:
		return admins
	case len(house) == 1:
		if mine.level > 0 {
			house[0].Confidence = Medium
		}
		return house
	}
	return nil
}

// nextAbove adds a candidate to those of the lowest level so far.
func nextAbove(to []Candidate, lowest *int, level int, c Candidate) []Candidate {
	switch {
	case len(to) == 0 || level < *lowest:
		*lowest = level
		return []Candidate{c}
	case level > *lowest:
		return to
	}
	return append(to, c)
}

// shared gives a team that two share.
func (p proposer) shared(a, b string) (string, bool) {
	for _, g := range p.states[a].Teams {
		if slices.ContainsFunc(p.states[b].Teams, g.Is) {
			return g.Name, true
		}
	}
	return "", false
}

// proposeSame finds members with one e-mail address. The proposal is about the one that came later.
func proposeSame(members Roster) []Proposal {
	by := map[string][]Member{}
	for _, m := range members {
		if email := tenant.NormalizeEmail(m.Email); email != "" && m.MergedInto == "" && !m.Erased {
			by[email] = append(by[email], m)
		}
	}
	var all []Proposal
	for _, same := range by {
		slices.SortFunc(same, func(a, b Member) int { return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), cmp.Compare(a.ID, b.ID)) })
		for i, later := range same {
			p := Proposal{ID: proposalID(ProposeSame, later.ID), Kind: ProposeSame, Member: later.ID}
			for _, m := range same[:i] {
				if !slices.Contains(later.Declined, declined(ProposeSame, m.ID)) {
					p.Candidates = append(p.Candidates, Candidate{m.ID, High, "Both have the same e-mail address."})
				}
			}
			if len(p.Candidates) > 0 {
				all = append(all, p)
			}
		}
	}
	return all
}
