package conformance

import (
	"strings"

	"leadline/shared/connector"
	"leadline/shared/fault"
)

// hookURL is where a subscription posts to; nothing ever arrives there.
const hookURL = "https://hooks.example.com/hooks/mArKeD0123456789"

// checkSubscription goes through the life of a subscription.
func (s *suite) checkSubscription() {
	sub := s.definition.Subscription
	if sub == nil {
		return
	}
	w := s.world()
	if n := s.posting(w, hookURL); n != 0 {
		s.fail(Subscription, "%d subscriptions are found where none was made", n)
		return
	}
	var made connector.Subscribed
	if !s.does("Create", func() (err error) {
		made, err = sub.Create(background(), w.client, hookURL)
		return err
	}) {
		return
	}
	if made.ID == "" {
		s.fail(Subscription, "a new subscription has no id")
		return
	}
	s.checkSigningKey(made)
	if n := s.posting(w, hookURL); n != 1 {
		s.fail(Subscription, "one subscription was made, and %d are found", n)
	}
	if n := s.posting(w, hookURL+"x"); n != 0 {
		s.fail(Subscription, "a subscription is found that posts elsewhere")
	}
	s.stands(w, made.ID, "a new subscription", true)
	if pauser, ok := w.provider.(Pauser); ok {
		pauser.Pause(made.ID)
		s.stands(w, made.ID, "a paused subscription", false)
	}
	if s.does("Mend", func() error { return sub.Mend(background(), w.client, made.ID, hookURL) }) {
		s.stands(w, made.ID, "a mended subscription", true)
		if n := s.posting(w, hookURL); n != 1 {
			s.fail(Subscription, "one subscription was mended, and %d are found", n)
		}
	}
	s.checkEnd(w, made.ID)
}

func (s *suite) checkEnd(w *world, id string) {
	sub := s.definition.Subscription
	if !s.does("Delete", func() error { return sub.Delete(background(), w.client, id) }) {
		return
	}
	if n := s.posting(w, hookURL); n != 0 {
		s.fail(Subscription, "a subscription that was deleted is found")
	}
	for name, call := range map[string]func() error{
		"Check": func() error {
			_, err := sub.Check(background(), w.client, id)
			return err
		},
		"Delete": func() error { return sub.Delete(background(), w.client, id) },
	} {
		if err := s.guarded(Subscription, name, call); !fault.Is(err, fault.NotFound) {
			s.fail(Subscription, "%s says of a subscription that was deleted: %v, want it not found", name, err)
		}
	}
}

func (s *suite) checkSigningKey(made connector.Subscribed) {
	sig := s.definition.Webhook.Signature
	if made.SigningKey == "" && sig.Optional {
		return
	}
	if _, err := sig.Key(made.SigningKey); err != nil {
		s.fail(Subscription, "the key of a new subscription is none for its signature: %v", err)
	}
}

func (s *suite) does(what string, call func() error) bool {
	err := s.guarded(Subscription, what, call)
	if err != nil {
		s.fail(Subscription, "%s fails: %v", what, err)
	}
	return err == nil
}

func (s *suite) posting(w *world, url string) int {
	var states []connector.SubscriptionState
	s.does("Find", func() (err error) {
		states, err = s.definition.Subscription.Find(background(), w.client, url)
		return err
	})
	for _, state := range states {
		if state.ID == "" {
			s.fail(Subscription, "a subscription is found that has no id")
		}
	}
	return len(states)
}

func (s *suite) stands(w *world, id, what string, well bool) {
	var state connector.SubscriptionState
	if !s.does("Check", func() (err error) {
		state, err = s.definition.Subscription.Check(background(), w.client, id)
		return err
	}) {
		return
	}
	switch {
	case well && (!state.Active || state.Incomplete || state.Problem != ""):
		s.fail(Subscription, "%s is not well: %+v", what, state)
	case !well && (state.Active || strings.TrimSpace(state.Problem) == ""):
		s.fail(Subscription, "%s is said to be active, or nobody says why it is not: %+v", what, state)
	case state.ID != id:
		s.fail(Subscription, "%s has the id %q, was made as %q", what, state.ID, id)
	}
}
