package conformance

import (
	"fmt"
	"time"

	"leadline/shared/connector"
	"leadline/shared/fault"
)

// pause is how long a reading is left alone: longer than any cursor of a provider lives, not so long that its data are other.
const pause = 7 * time.Hour

// checkResume goes on from cursors of each reading, with another client and the definition of another process.
func (s *suite) checkResume() {
	for _, o := range s.definition.Pull.Objects {
		first := s.world()
		for _, a := range scopesOf(o, first.provider) {
			w := s.world()
			whole := s.read(w, o.Name, a.scope, "", nil)
			if whole.err != nil {
				continue
			}
			for _, at := range few(positions(len(whole.cursors)), 6) {
				w.provider.Advance(pause)
				s.resume(whole, at, s.worldOf(w.provider))
			}
		}
		s.checkCursors(o)
	}
}

func positions(n int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	return all
}

func (s *suite) resume(whole *reading, at int, w *world) {
	rest := s.read(w, whole.object, whole.scope, whole.cursors[at], nil)
	if rest.err != nil {
		s.fail(Resume, "the reading of %s cannot be taken up at page %d: %v", whole.what(), at+1, rest.err)
		return
	}
	var lost []string
	for _, ids := range whole.ids[at:] {
		for _, id := range ids {
			if _, ok := rest.changes[id]; !ok {
				lost = append(lost, id)
			}
		}
	}
	if len(lost) > 0 {
		s.fail(Resume, "taken up at page %d of %d, the reading of %s has lost %s", at+1, len(whole.cursors), whole.what(), listed(lost))
	}
}

// checkCursors asks with texts that are no cursors.
func (s *suite) checkCursors(o connector.Object) {
	for _, cursor := range []string{"mArKeD", "0", "null", "[]", `{"v":90210777013}`, `{"`, "\x00"} {
		w := s.world()
		err := s.guarded(Resume, fmt.Sprintf("Page of %s from the cursor %q", o.Name, cursor), func() error {
			_, err := w.definition.Pull.Page(background(), w.client, connector.PageRequest{Object: o.Name, Scope: connector.Scope{Kind: connector.All},
				Cursor: cursor, Now: w.provider.Now()})
			return err
		})
		if !fault.Is(err, fault.Invalid) {
			s.fail(Resume, "the cursor %q, which is none, is taken by the reading of %s: %v", cursor, o.Name, err)
		}
	}
}
