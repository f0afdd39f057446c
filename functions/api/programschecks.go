package main

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"leadline/shared/program"
	"leadline/shared/roster"
	"leadline/shared/store"
	"leadline/shared/view"
)

// checkAround finds what is wrong with a definition beside what there is: members, teams, and periods that are settled.
func (h *handler) checkAround(ctx context.Context, p program.Program, made proposed) ([]program.Problem, error) {
	problems, err := h.checkPeople(ctx, p.Organization, made.version.Definition)
	if err != nil || len(made.before) == 0 {
		return problems, err
	}
	differ := apart(made.before[0].Definition, made.version.Definition)
	if len(differ) == 0 {
		return problems, nil
	}
	settled, err := h.settledPeriod(ctx, p)
	if err != nil || settled == "" {
		return problems, err
	}
	for _, path := range differ {
		problems = append(problems, program.Problem{Path: path, Code: program.CodeNotTogether, Severity: program.Error,
			Message: fmt.Sprintf("The period %s of this program was settled with another %s: what is settled and posted cannot be told from what is reckoned then. Make another program of this.", settled, path)})
	}
	return problems, nil
}

// settledPeriod gives the name of a period of a program that was settled, or is being settled; empty if there is none.
func (h *handler) settledPeriod(ctx context.Context, p program.Program) (string, error) {
	all, _, err := h.Settlements.Settlements(ctx, p.Organization, p.ID, store.Page{Limit: 100})
	for _, s := range all {
		if s.Revision > 0 {
			return s.Period.Name, err
		}
	}
	return "", err
}

// apart names what two definitions have to have in common if one follows the other, and have not, in the order of the alphabet.
func apart(a, b program.Definition) []string {
	var paths []string
	if a.Calendar != b.Calendar {
		paths = append(paths, "calendar")
	}
	if a.Currency != b.Currency {
		paths = append(paths, "currency")
	}
	if a.Period != b.Period {
		paths = append(paths, "period")
	}
	return paths
}

// checkPeople finds the members and teams in a definition that there are not. A program that names the wrong ones pays nobody, and
// nobody is told. A team may be made later: that is a warning.
func (h *handler) checkPeople(ctx context.Context, organization string, d program.Definition) ([]program.Problem, error) {
	members, err := h.knownMembers(ctx, organization)
	if err != nil {
		return nil, err
	}
	people := peopleCheck{members: members, teams: map[string]bool{}}
	for _, m := range members {
		for _, f := range m.Facts {
			for _, g := range f.Teams { // those of what holds no more, too
				people.teams[strings.ToLower(g.Name)] = true
			}
		}
	}
	people.participants("participants", &d.Participants)
	for i, c := range d.Components {
		at := fmt.Sprintf("components[%d]", i)
		people.participants(at+".for", c.For)
		for j, r := range c.Credit.Rules {
			if to := r.To; to != nil {
				at := fmt.Sprintf("%s.credit.rules[%d].to", at, j)
				people.member(at+".member", to.Member)
				people.team(at+".team", to.Team)
			}
		}
	}
	return people.problems, nil
}

type peopleCheck struct {
	members  roster.Roster
	teams    map[string]bool
	problems []program.Problem
}

func (p *peopleCheck) participants(at string, who *program.Participants) {
	if who == nil {
		return
	}
	for i, id := range who.Members {
		p.member(fmt.Sprintf("%s.members[%d]", at, i), id)
	}
	for i, id := range who.Except {
		p.member(fmt.Sprintf("%s.except[%d]", at, i), id)
	}
	for i, name := range who.Teams {
		p.team(fmt.Sprintf("%s.teams[%d]", at, i), name)
	}
}

func (p *peopleCheck) member(at, id string) {
	m, found := p.members[id]
	text := ""
	switch {
	case id == "" || found && m.MergedInto == "":
		return
	case found:
		text = fmt.Sprintf("The member %s turned out to be %s: name that one.", id, m.MergedInto)
	default:
		text = fmt.Sprintf("There is no member %q.", id)
	}
	p.problems = append(p.problems, program.Problem{Path: at, Code: program.CodeUnknownName, Message: text, Severity: program.Error})
}

func (p *peopleCheck) team(at, name string) {
	if name != "" && !p.teams[strings.ToLower(name)] {
		p.problems = append(p.problems, program.Problem{Path: at, Code: program.CodeUnknownName, Message: fmt.Sprintf("Nobody is or was in a team %q.", name), Severity: program.Warning})
	}
}

// checkLinks finds links that a program would have to follow and cannot: those to a field that is not the id of a record.
func checkLinks(d program.Definition, sources map[string]program.Resolved, reads []program.Reads) []program.Problem {
	var problems []program.Problem
	for i, c := range d.Components {
		links := sources[c.Name].Links
		for _, name := range slices.Sorted(maps.Keys(links)) {
			to := links[name].To
			if to.Field == "" || to.Source == view.Master() || !slices.Contains(reads, program.Reads{Connection: to.Connection, Object: to.Object, Joined: true}) {
				continue
			}
			problems = append(problems, program.Problem{Path: fmt.Sprintf("components[%d].source", i), Code: program.CodeMeasureRefused, Severity: program.Error,
				Message: fmt.Sprintf("The view joins along the link %s, to the field %s of %s. A program cannot follow that: link to the id of the record.", name, to.Field, to.Object)})
		}
	}
	return problems
}

// checkTogether refuses a version whose periods or currency are not those of the versions that stay in force before it: sums and
// what is carried go on from one to the next.
func checkTogether(versions []program.Version, next program.Version) []program.Problem {
	var problems []program.Problem
	for _, v := range versions {
		if v.Number == next.Number {
			continue
		}
		for _, path := range apart(v.Definition, next.Definition) {
			problems = append(problems, program.Problem{Path: path, Code: program.CodeNotTogether, Severity: program.Error,
				Message: fmt.Sprintf("Version %d, which stays in force until %s, has another %s. Make another program of this, or publish it from %s or earlier.", v.Number, v.Until, path, versions[0].From)})
		}
	}
	slices.SortFunc(problems, func(a, b program.Problem) int {
		return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Message, b.Message))
	})
	return problems
}

// sortProblems puts errors first, and leaves them otherwise in their order.
func sortProblems(problems []program.Problem) {
	slices.SortStableFunc(problems, func(a, b program.Problem) int { return cmp.Compare(a.Severity, b.Severity) })
}
