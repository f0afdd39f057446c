package keeper_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	mathrand "math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"leadline/shared/blob"
	"leadline/shared/game"
	"leadline/shared/ledger"
	"leadline/shared/outbound"
	"leadline/shared/outbound/dispatch"
	"leadline/shared/store/memory"
)

const (
	allCauses = "activity/a 2.5, activity/b 2.5, activity/c 2.5, badge/quota 100"
	allEvents = "badge.earned, level.reached, points.awarded, points.awarded, points.awarded, points.awarded, tier.changed, tier.changed"
)

// TestActivitiesAndStandings: each counts once, however often it is told of.
func TestActivitiesAndStandings(t *testing.T) {
	w := newWorld(t)
	w.target("dst_events", outbound.Events, "https://example.com")
	w.target("dst_tiers", outbound.Events, "https://example.com", "tier.changed")
	w.target("dst_track", outbound.Track, "https://example.com")
	w.rules(nil)
	w.publish()
	for range 2 {
		w.process(w.activity("a"), w.activity("b"), w.activity("a"), w.activity("c"), w.activity("d")) // the fourth is beyond the cap
	}
	if got, want := w.causes(), "activity/a 2.5, activity/b 2.5, activity/c 2.5"; got != want {
		t.Errorf("posted %s, want %s", got, want)
	}
	w.stands("2026-11", "0.9")
	w.process(w.moved("2026-11"))
	if got := len(w.state().Badges); got != 0 {
		t.Errorf("%d badges below the quota", got)
	}
	w.stands("2026-11", "1")
	w.process(w.moved("2026-11"), w.moved("2026-11"))
	if got := w.causes(); got != allCauses {
		t.Errorf("posted %s, want %s", got, allCauses)
	}
	for to, want := range map[string]string{"dst_events": allEvents, "dst_tiers": "tier.changed, tier.changed", "dst_track": ""} {
		if got := w.events(to); got != want {
			t.Errorf("%s gets %s, want %s", to, got, want)
		}
	}
	s := w.state()
	if s.Counts["form_submitted"] != 4 || s.Tier.Name != "gold" || s.Level != 1 || len(s.Due)+len(s.Untold) != 0 {
		t.Errorf("the state is %+v", s)
	}
	sent := len(w.deliver)
	w.process([]byte(fmt.Sprintf(`{"of":"look","organization":%q,"participants":[%q]}`, organization, ada)))
	if again := w.state(); again.Rev != s.Rev || len(w.deliver) != sent {
		t.Errorf("a look at which nothing is new writes or tells something")
	}
}

// TestPointsOfOthersAreTaken: what a settlement or an admin posts brings events, level and tier, too.
func TestPointsOfOthersAreTaken(t *testing.T) {
	w := newWorld(t)
	w.target("dst_events", outbound.Events, "https://example.com")
	w.rules(nil)
	legs := func(points int64) []ledger.Leg {
		return []ledger.Leg{{Account: ledger.Account{Kind: ledger.Cost, Unit: ledger.Points}, Amount: -points * ledger.PointScale}, {Account: ledger.Account{Kind: ledger.Owed, Unit: ledger.Points}, Amount: points * ledger.PointScale}}
	}
	_, err := w.keeper().Books.Post(t.Context(), organization, ada, func(ledger.Book) ([]ledger.Posting, error) {
		return []ledger.Posting{{Cause: ledger.Cause{Kind: ledger.Prize, ID: "x/prize/0"}, Date: "2026-11-18", Legs: legs(4)}, {Cause: ledger.Cause{Kind: ledger.Awarded, ID: "pts_1", Code: "spiff"}, Date: "2026-11-18", Legs: legs(3)}}, nil
	})
	w.must(err)
	for _, of := range []string{"settled", "points"} {
		w.process([]byte(fmt.Sprintf(`{"of":%q,"organization":%q,"participants":[%q]}`, of, organization, ada)))
	}
	if got, want := w.events("dst_events"), "level.reached, points.awarded, points.awarded, tier.changed"; got != want {
		t.Errorf("told %s, want %s", got, want)
	}
	if s := w.state(); s.Awarded != 7*ledger.PointScale || s.Tier.Name != "bronze" {
		t.Errorf("the state is %+v", s)
	}
}

// TestCrashesAndWorkers: eight workers that die at any step, and are started again, award and tell each cause once.
func TestCrashesAndWorkers(t *testing.T) {
	for seed := range uint64(6) {
		w := newWorld(t)
		w.target("dst_events", outbound.Events, "https://example.com")
		w.rules(nil)
		w.publish()
		w.stands("2026-11", "1.1")
		chance := mathrand.New(mathrand.NewPCG(seed, 2))
		var mu sync.Mutex
		w.chaos = func() (bool, bool) {
			mu.Lock()
			defer mu.Unlock()
			return chance.IntN(2) == 0, chance.IntN(5) == 0
		}
		bodies := [][]byte{w.activity("a"), w.activity("b"), w.moved("2026-11"), w.activity("c")}
		var wait sync.WaitGroup
		for n := range 8 {
			wait.Go(func() {
				left := slices.Clone(bodies)
				for i := range left { // each worker begins with another one
					left[i] = bodies[(i+n)%len(bodies)]
				}
				for try := 0; len(left) > 0 && try < 200; try++ {
					errs := w.keeper().Process(t.Context(), left)
					var again [][]byte
					for i, err := range errs {
						if err != nil {
							again = append(again, left[i])
						}
					}
					left = again
				}
				if len(left) > 0 {
					t.Error("a worker never succeeds")
				}
			})
		}
		wait.Wait()
		w.chaos = nil
		w.process(bodies...) // what a message that was lost last left behind
		if got := w.causes(); got != allCauses {
			t.Errorf("seed %d: posted %s, want %s", seed, got, allCauses)
		}
		// One of several tiers may be passed over: it depends on what was taken in at once.
		got := strings.ReplaceAll(w.events("dst_events"), ", tier.changed, tier.changed", ", tier.changed")
		if want := strings.ReplaceAll(allEvents, ", tier.changed, tier.changed", ", tier.changed"); got != want {
			t.Errorf("seed %d: told %s, want %s", seed, got, want)
		}
		if s := w.state(); s.Awarded != 107_500_000 || len(s.Due)+len(s.Untold) != 0 {
			t.Errorf("seed %d: %+v", seed, s)
		}
	}
}

// TestEventsArriveSigned: points.awarded and tier.changed reach the receiver through the real deliverer, signed, once each.
func TestEventsArriveSigned(t *testing.T) {
	w := newWorld(t)
	type hit struct {
		header http.Header
		body   []byte
	}
	var hits []hit
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.mu.Lock()
		defer w.mu.Unlock()
		hits = append(hits, hit{r.Header, body})
	}))
	defer server.Close()
	key := w.target("dst_events", outbound.Events, server.URL, "points.awarded", "tier.changed")
	w.rules(func(r *game.Rules) { r.Activities[0].Points = "7"; r.Badges = nil })
	w.process(w.activity("a"))
	deliverer := dispatch.New(dispatch.Options{Destinations: w.targets, Deliveries: memory.NewDeliveries(), Due: memory.NewDue(), Journal: memory.NewJournal(), Organizations: w.tenancy, Payloads: blob.NewMemory(),
		Keyring: w.keyring, Queue: lane{w, &w.queue}, Client: outbound.NewClient(outbound.ClientOptions{AllowLoopback: true, Now: w.clock}), Remember: time.Minute, Now: w.clock, Log: slog.New(slog.DiscardHandler)})
	for range 2 { // a queue may bring a message twice
		for _, m := range w.deliver {
			d, err := outbound.Decode(m)
			w.must(err)
			w.must(deliverer.Deliver(t.Context(), d))
		}
	}
	var types []string
	for _, h := range hits {
		var e struct {
			ID, Type, Organization string
			At                     time.Time
			Data                   game.Data
		}
		w.must(json.Unmarshal(h.body, &e))
		types = append(types, e.Type)
		if e.ID == "" || e.ID != h.header.Get("Webhook-Id") || e.Organization != organization || e.Data.Participant != ada || e.At.IsZero() {
			t.Errorf("the event is %s", h.body)
		}
		if e.Type == "points.awarded" && (e.Data.Points != "7" || e.Data.Reason != "form_submitted") || e.Type == "tier.changed" && e.Data.Tier != "bronze" {
			t.Errorf("the event is %s", h.body)
		}
		bytes, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(key, "whsec_"))
		w.must(err)
		mac := hmac.New(sha256.New, bytes)
		mac.Write([]byte(h.header.Get("Webhook-Id") + "." + h.header.Get("Webhook-Timestamp") + "." + string(h.body)))
		if want := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil)); h.header.Get("Webhook-Signature") != want {
			t.Errorf("signed %q, want %q", h.header.Get("Webhook-Signature"), want)
		}
	}
	if slices.Sort(types); !slices.Equal(types, []string{"points.awarded", "tier.changed"}) {
		t.Errorf("arrived: %v", types)
	}
}

// TestMessagesOfOthers: what is not for us is left alone, and what is broken is an error.
func TestMessagesOfOthers(t *testing.T) {
	w := newWorld(t)
	errs := w.keeper().Process(t.Context(), [][]byte{[]byte(`{"of":"board","organization":"o"}`), []byte(`what is this?`), []byte(`{"of":"activity","organization":"o"}`), []byte(`{"of":"moved"}`)})
	for i, fails := range []bool{false, false, true, true} {
		if (errs[i] != nil) != fails {
			t.Errorf("message %d: %v", i, errs[i])
		}
	}
}
