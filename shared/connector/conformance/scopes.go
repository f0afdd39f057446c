package conformance

import (
	"slices"
	"time"

	"leadline/shared/connector"
	"leadline/shared/fault"
	"leadline/shared/record"
)

type changeOf = record.Change

// asked is a scope with the rows that it must and may hold.
type asked struct {
	scope connector.Scope
	must  map[string]Row
	may   map[string]Row
}

// scopesOf are the scopes by which an object is read in the tests, of those that it serves and that need no ids.
func scopesOf(o connector.Object, p Provider) []asked {
	rows := p.Rows(o.Name)
	all := []asked{ask(connector.Scope{Kind: connector.All}, rows)}
	for _, kind := range []connector.ScopeKind{connector.ChangedSince, connector.CreatedBetween} {
		if !o.Serves(kind) {
			continue
		}
		var times []time.Time
		for _, r := range rows {
			t := r.Created
			if kind == connector.ChangedSince {
				t = r.Updated
			}
			if !t.IsZero() {
				times = append(times, t)
			}
		}
		slices.SortFunc(times, time.Time.Compare)
		if len(times) < 3 {
			continue
		}
		early, late := times[len(times)/3], times[len(times)*2/3]
		for _, scope := range []connector.Scope{{From: early}, {From: early, Until: late}, {From: late}, {Until: early}} {
			if scope.Kind = kind; kind == connector.CreatedBetween || !scope.From.IsZero() {
				all = append(all, ask(scope, rows))
			}
		}
	}
	if finder, ok := p.(Searcher); ok && o.Serves(connector.Matching) {
		if query, ids := finder.Search(o.Name); query != "" {
			found := slices.DeleteFunc(slices.Clone(rows), func(r Row) bool { return !slices.Contains(ids, r.ID) })
			all = append(all, ask(connector.Scope{Kind: connector.Matching, Query: query}, found))
		}
	}
	return all
}

func ask(scope connector.Scope, rows []Row) asked {
	a := asked{scope, map[string]Row{}, map[string]Row{}}
	for _, r := range rows {
		if holds(scope, r) {
			a.must[r.ID] = r
		}
		if mayHold(scope, r) {
			a.may[r.ID] = r
		}
	}
	return a
}

// checkScopes covers the rules Complete and Scope.
func (s *suite) checkScopes() {
	for _, o := range s.definition.Pull.Objects {
		w := s.world()
		for _, a := range scopesOf(o, w.provider) {
			s.checkReadingOf(s.read(w, o.Name, a.scope, "", nil), a)
		}
		s.checkUnserved(o)
	}
	w := s.world()
	s.refused(w, "an object that there is not", connector.PageRequest{Object: "mArKeD", Scope: connector.Scope{Kind: connector.All}, Now: w.provider.Now()})
}

// checkReadingOf holds a reading against the rows that it must and may hold.
func (s *suite) checkReadingOf(r *reading, a asked) {
	if r.err != nil {
		s.fail(Complete, "the reading of %s fails: %v", r.what(), r.err)
		return
	}
	if !r.ended {
		return
	}
	var missing, surplus, other []string
	for id, row := range a.must {
		switch c, there := r.changes[id]; {
		case !there:
			missing = append(missing, id)
		case !row.Updated.IsZero() && c.Version.Micros != row.Updated.UnixMicro():
			other = append(other, id)
		}
	}
	for id := range r.changes {
		if _, known := a.may[id]; !known {
			surplus = append(surplus, id)
		}
	}
	if len(missing) > 0 {
		s.fail(Complete, "the reading of %s misses %d of %d: %s", r.what(), len(missing), len(a.must), listed(missing))
	}
	if len(other) > 0 {
		s.fail(Complete, "the reading of %s dates %s otherwise than the provider", r.what(), listed(other))
	}
	if len(r.refused) > 0 {
		s.fail(Complete, "the reading of %s refuses rows that nothing is wrong with: %v", r.what(), r.refused[0].Why)
	}
	if len(surplus) > 0 {
		s.fail(Scope, "the reading of %s gives what is not in it: %s", r.what(), listed(surplus))
	}
}

// checkUnserved asks for the scopes that an object does not serve.
func (s *suite) checkUnserved(o connector.Object) {
	for _, scope := range []connector.Scope{{Kind: connector.ChangedSince, From: time.Unix(1_700_000_000, 0)}, {Kind: connector.CreatedBetween},
		{Kind: connector.Matching, Query: "x"}, {Kind: connector.ChildrenOf, IDs: []string{"x"}}, {Kind: "mArKeD"}} {
		if o.Serves(scope.Kind) {
			continue
		}
		w := s.world()
		s.refused(w, o.Name+" by "+string(scope.Kind), connector.PageRequest{Object: o.Name, Scope: scope, Now: w.provider.Now()})
	}
}

func (s *suite) refused(w *world, what string, r connector.PageRequest) {
	err := s.guarded(Scope, what, func() error {
		_, err := w.definition.Pull.Page(background(), w.client, r)
		return err
	})
	if !fault.Is(err, fault.Invalid) || w.requests > 0 {
		s.fail(Scope, "%s is not refused as invalid without a request, but: %v after %d requests", what, err, w.requests)
	}
}
