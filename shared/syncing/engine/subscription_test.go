package engine_test

import (
	"strings"
	"testing"
	"time"

	"leadline/shared/connector"
	"leadline/shared/fault"
	"leadline/shared/syncing"
)

// subscribed is a world whose connection has its subscription.
func subscribed(t *testing.T) *world {
	w := newWorld(t, more)
	w.deals("deal", 3)
	w.must(w.control.Tend(t.Context(), organization, connection))
	w.finish(w.start(full()))
	w.pass(15 * time.Minute)
	if s := w.state().Subscription; s.ID == "" || !s.Active {
		t.Fatalf("the subscription is %+v", s)
	}
	return w
}

func (w *world) subscription(s connector.SubscriptionState) {
	s.ID = w.state().Subscription.ID
	w.crm.subscriptions[s.ID] = s
}

// caughtUp gives from when on what changed was read, the latest run first.
func (w *world) caughtUp() (from []time.Time) {
	for _, r := range w.runs() {
		if !r.Plan.From.IsZero() {
			from = append(from, r.Plan.From)
		}
	}
	return from
}

func TestASubscriptionThatIsPausedIsHealedAndItsGapRead(t *testing.T) {
	w := subscribed(t)
	good := w.state().Subscription.LastGoodAt
	w.subscription(connector.SubscriptionState{Problem: "It is paused."})
	w.pass(15 * time.Minute)
	s := w.state().Subscription
	if from := w.caughtUp(); len(from) != 1 || from[0].After(good.Add(10*time.Minute)) || !s.Active || s.Problem != "" || s.HealedAt.IsZero() {
		t.Errorf("read from %v, it is %+v", from, s)
	}
}

// TestWhatFailsForDaysIsLostFromTheirBeginning: a provider tries for three days, and then drops what it could not deliver.
func TestWhatFailsForDaysIsLostFromTheirBeginning(t *testing.T) {
	w := subscribed(t)
	w.pass(5 * time.Minute)
	began := w.now()
	w.subscription(connector.SubscriptionState{Active: true, Problem: "Deliveries fail."})
	w.pass(72 * time.Hour)
	if s := w.state().Subscription; !strings.Contains(s.Problem, "fail") {
		t.Errorf("known is %+v", s)
	}
	w.subscription(connector.SubscriptionState{Problem: "It is paused."})
	w.pass(15 * time.Minute)
	if from := w.caughtUp(); len(from) != 1 || from[0].After(began) {
		t.Errorf("they fail since %s, read from %v", began, from)
	}
	// What fails for a while and then works was delivered late.
	w.subscription(connector.SubscriptionState{Active: true, Problem: "Deliveries fail."})
	w.pass(time.Hour)
	w.subscription(connector.SubscriptionState{Active: true})
	w.pass(time.Hour)
	if s := w.state().Subscription; s.Problem != "" || w.now().Sub(s.LastGoodAt) > 11*time.Minute || len(w.caughtUp()) != 1 {
		t.Errorf("it is %+v", s)
	}
}

func TestASubscriptionThatCannotBeMendedIsTold(t *testing.T) {
	for name, err := range map[string]error{
		"refused":   fault.New(fault.Invalid, "too_many_subscriptions", "All 40 are taken."),
		"forbidden": fault.New(fault.Forbidden, "forbidden", "All 40 are taken."),
		"down":      fault.New(fault.Unavailable, "down", "All 40 are taken."),
	} {
		for _, gone := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				w := subscribed(t)
				id := w.state().Subscription.ID
				good := w.state().Subscription.LastGoodAt
				w.crm.refuse = err
				w.subscription(connector.SubscriptionState{Problem: "It is paused."})
				if gone {
					delete(w.crm.subscriptions, id)
				}
				w.pass(time.Hour)
				s := w.state()
				if s.Subscription.Active || !strings.Contains(s.Subscription.Problem, "40 are taken") || !s.Subscription.LastGoodAt.Before(good.Add(11*time.Minute)) || s.Subscription.ID != id {
					t.Errorf("known is %+v", s.Subscription)
				}
				if health, why := syncing.HealthOf(w.connection(), true, s, w.now()); health != syncing.Warning {
					t.Errorf("the health is %s %v", health, why)
				}
				w.crm.refuse = nil
				w.pass(15 * time.Minute)
				s = w.state()
				if from := w.caughtUp(); !s.Subscription.Active || s.Subscription.Problem != "" || len(from) != 1 || from[0].After(good.Add(11*time.Minute)) || len(w.crm.subscriptions) != 1 {
					t.Errorf("then it is %+v, read from %v", s.Subscription, from)
				}
			})
		}
	}
}

// TestALoginThatMayNotLookDoesNotCostTheSubscription: it is still there when the permission is back.
func TestALoginThatMayNotLookDoesNotCostTheSubscription(t *testing.T) {
	w := subscribed(t)
	w.crm.fail = func(what string) error {
		if what == "check subscription" {
			return fault.New(fault.Forbidden, "forbidden", "You may not look.")
		}
		return nil
	}
	w.pass(30 * time.Minute)
	if s := w.state().Subscription; s.Active || !strings.Contains(s.Problem, "may not") {
		t.Errorf("known is %+v", s)
	}
	w.crm.fail = nil
	w.pass(15 * time.Minute)
	if s := w.state().Subscription; w.crm.made != 1 || !s.Active || s.Problem != "" {
		t.Errorf("%d were made, it is %+v", w.crm.made, s)
	}
}

func TestASubscriptionThatCannotBeLookedAtIsNoProblem(t *testing.T) {
	w := subscribed(t)
	before := w.state().Subscription
	w.crm.fail = func(what string) error {
		if what == "check subscription" {
			return fault.New(fault.Unavailable, "down", "down")
		}
		return nil
	}
	w.pass(30 * time.Minute)
	if s := w.state().Subscription; s != before {
		t.Errorf("it is %+v", s)
	}
}

// TestTwoThatSubscribeAtOnceMakeOneSubscription whose key is the one that is accepted.
func TestTwoThatSubscribeAtOnceMakeOneSubscription(t *testing.T) {
	for _, at := range []string{"find subscriptions", "subscribe", "probe"} {
		t.Run(at, func(t *testing.T) {
			w := newWorld(t, more)
			w.crm.fail = func(what string) error {
				if what == at {
					w.crm.fail = nil
					w.must(w.engine.Process(t.Context(), syncing.Message{Kind: syncing.Tend, Organization: organization, Connection: connection}))
				}
				return nil
			}
			w.must(w.control.Tend(t.Context(), organization, connection))
			w.pass(30 * time.Minute)
			s := w.state().Subscription
			if len(w.crm.subscriptions) != 1 || w.crm.made != 1 || !w.crm.subscriptions[s.ID].Active || len(w.accepted) != 1 || !s.MakingAt.IsZero() {
				t.Errorf("%d were made, there are %v, the keys are %v, known is %+v", w.crm.made, w.crm.subscriptions, w.accepted, s)
			}
		})
	}
}

// TestALimitDelaysASubscriptionBySecondsOnly: what was not asked for made nothing, so the next try need not wait.
func TestALimitDelaysASubscriptionBySecondsOnly(t *testing.T) {
	for what, kind := range map[string]fault.Kind{"find subscriptions": fault.Unavailable, "subscribe": fault.RateLimited} {
		t.Run(what, func(t *testing.T) {
			w := newWorld(t, more)
			fails := 1
			w.crm.fail = func(asked string) error {
				if asked == what && fails > 0 {
					fails--
					return &fault.Error{Kind: kind, Code: "not_now", RetryAfter: time.Second}
				}
				return nil
			}
			w.must(w.control.Tend(t.Context(), organization, connection))
			w.pass(time.Minute)
			if s := w.state().Subscription; !s.Active || !s.MakingAt.IsZero() || w.crm.made != 1 {
				t.Errorf("%d were made, known is %+v", w.crm.made, s)
			}
		})
	}
}
