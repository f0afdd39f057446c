package conformance

import (
	"reflect"
	"slices"
	"strings"

	"leadline/shared/connector"
)

func (s *suite) checkProbe() {
	w := s.world()
	id, ok := s.probe(w)
	if !ok {
		return
	}
	if s.definition.API.BaseURL != "" && (strings.TrimSpace(id.AccountID) == "" || strings.TrimSpace(id.AccountName) == "") {
		s.fail(Probe, "the account is not named: %q, %q", id.AccountID, id.AccountName)
	}
	if w.requests == 0 {
		s.fail(Probe, "who we are is said without asking")
	}
	if len(id.Missing) > 0 {
		s.fail(Probe, "a login that may do everything is missing %+v", id.Missing)
	}
	if again, ok := s.probe(s.world()); ok && !reflect.DeepEqual(id, again) {
		s.fail(Probe, "the probe says %+v, and asked again %+v", id, again)
	}
	if r, ok := w.provider.(Restricter); ok {
		w := s.world()
		w.kind, w.secret = r.Restricted()
		if id, ok := s.probe(w); ok && len(id.Missing) == 0 {
			s.fail(Probe, "a login that may not do everything is missing nothing")
		}
	}
}

func (s *suite) probe(w *world) (id connector.Identity, ok bool) {
	err := s.guarded(Answers, "Probe", func() (err error) {
		id, err = w.definition.API.Probe(background(), w.client)
		return err
	})
	if err != nil {
		s.fail(Probe, "the probe fails: %v", err)
		return id, false
	}
	if !slices.IsSorted(id.Permissions) || len(slices.Compact(slices.Clone(id.Permissions))) != len(id.Permissions) || slices.Contains(id.Permissions, "") {
		s.fail(Probe, "the permissions are not sorted, or one is empty or there twice: %q", id.Permissions)
	}
	for _, m := range id.Missing {
		if m.Permission == "" || strings.TrimSpace(m.Needed) == "" || slices.Contains(id.Permissions, m.Permission) {
			s.fail(Probe, "the missing permission %q does not say what it is needed for, or is not missing", m.Permission)
		}
	}
	if w.requests > mostRequests {
		s.fail(Bounds, "the probe takes %d requests, more than %d", w.requests, mostRequests)
	}
	return id, true
}
