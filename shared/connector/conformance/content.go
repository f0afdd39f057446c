package conformance

import (
	"bytes"
	"slices"

	"leadline/shared/connector"
)

// checkContent holds the states of a record that came in several ways against each other.
func (s *suite) checkContent() {
	for _, o := range s.definition.Pull.Objects {
		w := s.world()
		rows := w.provider.Rows(o.Name)
		if len(rows) == 0 {
			continue
		}
		ids := few(rowIDs(rows), 9)
		for i, id := range ids { // of those that change, some do
			if i%2 == 0 && w.provider.Change(o.Name, id) {
				w.provider.Advance(tick)
			}
		}
		w.provider.Advance(slack)
		first := s.read(w, o.Name, connector.Scope{Kind: connector.IDs, IDs: ids}, "", nil)
		if first.err != nil {
			continue
		}
		for _, a := range scopesOf(o, w.provider) {
			s.same(first, s.read(w, o.Name, a.scope, "", nil), "by "+string(a.scope.Kind))
		}
		if o.Serves(connector.ChildrenOf) {
			var parents []string
			for _, r := range rows {
				if slices.Contains(ids, r.ID) {
					parents = append(parents, r.Parents...)
				}
			}
			scope := connector.Scope{Kind: connector.ChildrenOf, IDs: few(slices.Compact(slices.Sorted(slices.Values(parents))), connector.MaxIDs)}
			s.same(first, s.read(w, o.Name, scope, "", nil), "as a child")
		}
		s.checkPosted(w, first)
	}
}

// same holds the records of another reading against those that it shares with the first.
func (s *suite) same(first, other *reading, how string) {
	for id, c := range first.changes {
		if d, there := other.changes[id]; there && !bytes.Equal(c.Fields.Canonical(), d.Fields.Canonical()) {
			s.fail(Content, "%s %s, read %s, has other fields than by its id: %s", first.object, id, how, differing(c, d))
		}
	}
}

// differing names the fields in which two changes differ.
func differing(c, d changeOf) string {
	var names []string
	for name := range c.Fields {
		if !bytes.Equal(c.Fields[name], d.Fields[name]) {
			names = append(names, name)
		}
	}
	for name := range d.Fields {
		if c.Fields[name] == nil {
			names = append(names, name)
		}
	}
	return listed(names)
}

// checkPosted holds what the provider posts of records against what it gives by their ids.
func (s *suite) checkPosted(w *world, r *reading) {
	poster, ok := w.provider.(Poster)
	if !ok || s.definition.Webhook == nil {
		return
	}
	for id, c := range r.changes {
		body := poster.Posted(r.object, id)
		if body == nil {
			continue
		}
		changes, err := s.parse(Content, "what was posted of "+r.object, body)
		if err != nil {
			s.fail(Content, "what was posted of %s %s is not understood: %v", r.object, id, err)
			continue
		}
		refs := s.touched("what was posted of "+r.object, body)
		if slices.Contains(refs, connector.Ref{Object: r.object, ID: id}) {
			continue // it is read again
		}
		i := slices.IndexFunc(changes, func(d changeOf) bool { return d.Object == r.object && d.ID == id })
		switch {
		case i < 0:
			s.fail(Content, "what was posted of %s %s changes something else", r.object, id)
		case changes[i].Version.State() != c.Version.State():
			s.fail(Content, "%s %s, posted, is dated %s, and by its id %s", r.object, id, changes[i].Version.Time(), c.Version.Time())
		case !bytes.Equal(changes[i].Fields.Canonical(), c.Fields.Canonical()):
			s.fail(Content, "%s %s, posted, has other fields than by its id: %s", r.object, id, differing(c, changes[i]))
		}
	}
}
