package conformance

import (
	"cmp"
	"context"
	"reflect"
	"slices"
	"strings"

	"leadline/shared/connector"
)

func (s *suite) checkPeople() {
	if s.definition.People == nil {
		return
	}
	w := s.world()
	everybody, cursors, err := s.people(w, "")
	if err != nil {
		s.fail(People, "people cannot be read: %v", err)
		return
	}
	if len(everybody) == 0 {
		s.fail(People, "nobody works there")
	}
	var ids []string
	for _, p := range everybody {
		s.checkPerson(p, slices.Contains(ids, p.ID))
		ids = append(ids, p.ID)
	}
	if e, ok := w.provider.(Employer); ok {
		if missing := less(e.Employed(), ids); len(missing) > 0 {
			s.fail(People, "%s is missing", listed(missing))
		}
		if surplus := less(ids, e.Employed()); len(surplus) > 0 {
			s.fail(People, "%s does not work there", listed(surplus))
		}
	}
	again, _, _ := s.people(s.world(), "")
	byID := func(a, b connector.Person) int { return cmp.Compare(a.ID, b.ID) }
	slices.SortFunc(everybody, byID)
	slices.SortFunc(again, byID)
	if !reflect.DeepEqual(everybody, again) {
		s.fail(People, "read again, people are others")
	}
	for i, cursor := range cursors[1:] {
		rest, _, err := s.people(s.world(), cursor)
		if err != nil || len(less(idsOf(rest), ids)) > 0 || len(rest) == 0 {
			s.fail(People, "from its step %d on, in another process, the reading of people says otherwise: %v", i+2, err)
		}
	}
}

func (s *suite) checkPerson(p connector.Person, twice bool) {
	switch {
	case p.ID == "" || twice:
		s.fail(People, "the person %q comes twice, or has no id", p.ID)
	case strings.TrimSpace(p.Name+p.Email) == "":
		s.fail(People, "the person %q has neither name nor e-mail address", p.ID)
	case p.Email != "" && !strings.Contains(p.Email, "@"):
		s.fail(People, "the e-mail address of the person %q is none", p.ID)
	case p.Role.ID != "" && p.Role.Name == "", p.Active && p.Role.ID == "":
		s.fail(People, "the person %q has no role, or one without a name", p.ID)
	case !slices.IsSorted(p.Role.Permissions):
		s.fail(People, "the permissions of the role of the person %q are not sorted", p.ID)
	}
	var teams []string
	for _, t := range p.Teams {
		if t.ID == "" || t.Name == "" || slices.Contains(teams, t.ID) {
			s.fail(People, "the person %q is in a team without id or name, or in one twice", p.ID)
		}
		teams = append(teams, t.ID)
	}
}

func (s *suite) people(w *world, cursor string) (everybody []connector.Person, cursors []string, err error) {
	cursors, err = s.walk(People, "the reading of people", w, cursor, func(ctx context.Context, c connector.Client, cursor string) (string, error) {
		page, err := w.definition.People(ctx, c, cursor)
		everybody = append(everybody, page.People...)
		return page.Next, err
	})
	return everybody, cursors, err
}

func idsOf(people []connector.Person) []string {
	var ids []string
	for _, p := range people {
		ids = append(ids, p.ID)
	}
	return ids
}

// less gives those of a list that are not in another.
func less(all, others []string) []string {
	return slices.DeleteFunc(slices.Clone(all), func(id string) bool { return slices.Contains(others, id) })
}
