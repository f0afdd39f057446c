package conformance

import (
	"strings"

	"leadline/shared/connector"
)

// checkCount holds counts and totals against what the scopes hold.
func (s *suite) checkCount() {
	for _, o := range s.definition.Pull.Objects {
		w := s.world()
		for _, a := range scopesOf(o, w.provider) {
			first := s.firstPage(w, o.Name, a.scope)
			if first.Total != nil && !within(*first.Total, a) {
				s.fail(Count, "a page says that %s by %s are %d, there are %d", o.Name, a.scope.Kind, *first.Total, len(a.must))
			}
			s.count(w, o.Name, a)
		}
	}
}

func within(n int64, a asked) bool { return n >= int64(len(a.must)) && n <= int64(len(a.may)) }

func (s *suite) firstPage(w *world, object string, scope connector.Scope) (page connector.Page) {
	_ = s.guarded(Answers, "Page of "+object, func() (err error) {
		page, err = w.definition.Pull.Page(background(), w.client, connector.PageRequest{Object: object, Scope: scope, Now: w.provider.Now()})
		return err
	})
	return page
}

func (s *suite) count(w *world, object string, a asked) {
	if w.definition.Pull.Count == nil {
		return
	}
	before := w.requests
	var n connector.Count
	err := s.guarded(Answers, "Count of "+object, func() (err error) {
		n, err = w.definition.Pull.Count(background(), w.client, connector.PageRequest{Object: object, Scope: a.scope, Now: w.provider.Now()})
		return err
	})
	switch {
	case err != nil:
		s.fail(Count, "the count of %s by %s fails: %v", object, a.scope.Kind, err)
	case n.Known && !within(n.N, a):
		s.fail(Count, "%s by %s are counted as %d, there are %d", object, a.scope.Kind, n.N, len(a.must))
	case strings.TrimSpace(n.Source) == "":
		s.fail(Count, "the count of %s by %s does not say where it comes from, or why it is not known", object, a.scope.Kind)
	case w.requests-before > mostRequests:
		s.fail(Bounds, "the count of %s takes %d requests, more than %d", object, w.requests-before, mostRequests)
	}
}
