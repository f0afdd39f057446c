package conformance

import (
	"slices"

	"leadline/shared/connector"
)

// checkChildren asks for the children of some parents, one without any among them.
func (s *suite) checkChildren() {
	for _, o := range s.definition.Pull.Objects {
		if !o.Serves(connector.ChildrenOf) {
			continue
		}
		w := s.world()
		rows := w.provider.Rows(o.Name)
		var parents []string
		for _, r := range rows {
			parents = append(parents, r.Parents...)
		}
		parents = few(slices.Compact(slices.Sorted(slices.Values(parents))), 3)
		if len(parents) == 0 {
			s.fail(Children, "no record of %s has a parent: the rule was not checked", o.Name)
			continue
		}
		s.childrenOf(w, o.Name, rows, parents[:1])
		s.childrenOf(w, o.Name, rows, parents)
		s.childrenOf(w, o.Name, rows, append(madeUp([]Row{{ID: parents[0]}})[:1], parents...))
	}
}

func (s *suite) childrenOf(w *world, object string, rows []Row, parents []string) {
	r := s.read(w, object, connector.Scope{Kind: connector.ChildrenOf, IDs: parents}, "", nil)
	if r.err != nil {
		s.fail(Children, "the reading of %s fails: %v", r.what(), r.err)
		return
	}
	var want []string
	for _, row := range rows {
		if slices.ContainsFunc(row.Parents, func(p string) bool { return slices.Contains(parents, p) }) {
			want = append(want, row.ID)
		}
	}
	if lost := less(want, keys(r.changes)); len(lost) > 0 {
		s.fail(Children, "the reading of %s misses %s", r.what(), listed(lost))
	}
	if surplus := less(keys(r.changes), want); len(surplus) > 0 {
		s.fail(Children, "the reading of %s gives %s, whose parents were not named", r.what(), listed(surplus))
	}
}
