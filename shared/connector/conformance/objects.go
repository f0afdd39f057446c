package conformance

import (
	"regexp"
	"slices"
	"strings"

	"leadline/shared/connector"
	"leadline/shared/record"
)

// checkObjects covers what the pull's part of the definition says.
func (s *suite) checkObjects() {
	p := s.definition.Pull
	if p == nil {
		return
	}
	if p.Revision < 1 || p.Revision > 9999 {
		s.fail(Objects, "the revision of pages is %d, not from 1 to 9999", p.Revision)
	}
	if w := s.definition.Webhook; w != nil && w.Parser != p.Revision {
		s.fail(Objects, "the revision of pages is %d, that of webhooks %d: one record would have two versions", p.Revision, w.Parser)
	}
	if len(p.Objects) == 0 {
		s.fail(Objects, "no object can be read")
	}
	form := regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_.-]*$`)
	scopes := []connector.ScopeKind{connector.All, connector.ChangedSince, connector.CreatedBetween, connector.Matching, connector.IDs, connector.ChildrenOf}
	var names []string
	for _, o := range p.Objects {
		breach := func(broken bool, what string) {
			if broken {
				s.fail(Objects, "the object %q %s", o.Name, what)
			}
		}
		breach(!form.MatchString(o.Name) || len(o.Name) > record.MaxObjectBytes, "has no name that can be a key")
		breach(slices.Contains(names, o.Name), "is there twice")
		breach(strings.TrimSpace(o.Title) == "", "has no title")
		breach(!o.Serves(connector.All), "cannot be read whole")
		breach(!o.Serves(connector.IDs), "cannot be read by ids: neither could it be repaired, nor could what is absent be told from what was missed")
		breach(slices.ContainsFunc(o.Scopes, func(k connector.ScopeKind) bool { return !slices.Contains(scopes, k) }), "serves a scope that there is not")
		breach(len(slices.Compact(slices.Sorted(slices.Values(o.Scopes)))) != len(o.Scopes), "serves a scope twice")
		sweeps := o.Serves(connector.CreatedBetween) && !o.Serves(connector.ChangedSince) && !o.Small
		breach(sweeps != (o.Sweep > 0), "has a sweep if, and only if, what was created is all that can be read again")
		names = append(names, o.Name)
	}
}
