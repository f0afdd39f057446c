package conformance

import (
	"context"
	"errors"
	"fmt"
	"time"

	"leadline/shared/fault"
)

// refusals are what a client may say to any request, and nobody may think better of.
func refusals() map[string]error {
	cause := errors.New("the suite's own refusal")
	return map[string]error{
		"rate limited":      &fault.Error{Kind: fault.RateLimited, Code: "throttled", Message: "Too many requests.", RetryAfter: 7 * time.Second, Err: cause},
		"unavailable":       &fault.Error{Kind: fault.Unavailable, Code: "provider_unavailable", Message: "It failed.", Err: cause},
		"revoked":           &fault.Error{Kind: fault.Revoked, Code: "credentials_refused", Message: "No.", Err: cause},
		"the context ended": context.Canceled,
	}
}

// checkObedience refuses the first requests of each door, one after the other.
func (s *suite) checkObedience() {
	p := s.options.Server()
	for _, d := range s.doors() {
		w := s.visit(d, p)
		_ = s.guarded(Answers, d.name, func() error {
			_, err := d.call(background(), w)
			return err
		})
		for _, at := range few(positions(w.requests), 4) {
			at++
			for _, name := range keys(refusals()) {
				s.obeys(s.visit(d, p), d, name, refusals()[name], at)
			}
		}
	}
}

func (s *suite) obeys(w *world, d door, name string, refusal error, at int) {
	after := 0
	w.before = func(n int) error {
		if n < at {
			return nil
		}
		after++
		if n == at {
			return refusal
		}
		return fault.New(fault.Internal, "too_late", "The suite answers nothing any more.")
	}
	what := fmt.Sprintf("%s, whose request %d is refused (%s),", d.name, at, name)
	err := s.guarded(Answers, what, func() error {
		_, err := d.call(background(), w)
		return err
	})
	f, want := fault.Of(err), fault.Of(refusal)
	switch {
	case after > 1:
		s.fail(Obedience, "%s makes %d requests more", what, after-1)
	case err == nil:
		s.fail(Obedience, "%s says nothing of it", what)
	case !errors.Is(err, refusal), fault.KindOf(err) != fault.KindOf(refusal), want != nil && f.RetryAfter != want.RetryAfter:
		s.fail(Obedience, "%s makes something else of it: %v", what, err)
	}
}
