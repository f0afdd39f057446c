package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"testing"

	"leadline/shared/game"
	games "leadline/shared/game/keeper"
	"leadline/shared/ledger"
	"leadline/shared/store"
)

// someRules are rules of a game.
func someRules() map[string]any {
	return map[string]any{"zone": "Europe/Berlin", "activities": []any{map[string]any{"id": "form_submitted", "points": "2.5", "caps": []any{map[string]any{"per": "day", "times": 3}}}},
		"badges": []any{map[string]any{"id": "eager", "name": "Eager", "count": map[string]any{"activity": "form_submitted", "at_least": 2}}},
		"levels": []any{map[string]any{"name": "One", "points": "5"}}, "streaks": []any{map[string]any{"id": "days", "name": "Days", "activities": []string{"form_submitted"}, "per": "day"}},
		"tiers": map[string]any{"by": "points", "months": 12, "tiers": []any{map[string]any{"name": "bronze", "at_least": "5"}}},
		"rates": []any{map[string]any{"currency": "EUR", "points": "0.25", "from": "2026-11-01"}}}
}

// playing has a game in the world, and points for its participant and for who asks.
func (w *world) playing() {
	w.t.Helper()
	rules, err := json.Marshal(someRules())
	w.must(err)
	r := game.Rules{}
	w.must(json.Unmarshal(rules, &r))
	r.Organization, r.UpdatedAt, r.Rev = ours, w.clock.now(), 1
	w.must(w.finance.Games.SaveGameRules(w.t.Context(), r))
	posting, err := game.Points{Kind: game.Award, ID: "pts_000000000001", Participant: w.params["participant"], Amount: 50 * ledger.PointScale, Reason: "spiff", Date: "2026-11-22"}.Posting(ledger.Book{}, ledger.Row{})
	w.must(err)
	w.postTo(w.params["participant"], posting)
}

// play has the messages to nudge played.
func (s *system) play() {
	s.t.Helper()
	k := games.Keeper{Games: s.finance.Games, Programs: s.programs, Credits: s.credits, Books: s.handler.books(), Events: silent{}, Queue: s.nudge, Now: s.clock.now}
	var bodies [][]byte
	for _, m := range s.nudge.queue {
		bodies = append(bodies, m.body)
	}
	s.nudge.queue = nil
	for _, err := range k.Process(s.t.Context(), bodies) {
		s.must(err)
	}
}

func award(who, points string) map[string]any {
	return map[string]any{"participant": who, "points": points, "reason": "spiff", "note": "Für <alles>"}
}

func spend(who, points string) map[string]any {
	return map[string]any{"participant": who, "points": points, "reason": "voucher"}
}

func TestPointsAreAwardedSpentAndRevoked(t *testing.T) {
	o := newOffice(t)
	rep := o.ids["rep"]
	balance := func(want string) {
		t.Helper()
		if got := read[PointsBalance](t, o.get(o.keys["rep"], "/v1/points/participants/me").want(t, 200)); got.Balance+" "+got.Redeemable != want {
			t.Fatalf("the balance is %s, %s of it can be spent; want %s", got.Balance, got.Redeemable, want)
		}
	}
	balance("0 0")
	first := read[PointsDone](t, o.post(o.admin, "/v1/points/awards", award(rep, "2.25")).want(t, 201))
	o.post(o.admin, "/v1/points/awards", award(rep, "0.875")).want(t, 201)
	balance("3.125 3")
	o.post(o.keys["rep"], "/v1/points/redemptions", spend("me", "2.5")).want(t, 400)
	o.post(o.keys["rep"], "/v1/points/redemptions", spend("me", "4")).want(t, 409)
	o.post(o.keys["lead"], "/v1/points/redemptions", spend(rep, "1")).want(t, 403)
	o.post(o.keys["rep"], "/v1/points/redemptions", spend("me", "2")).want(t, 201)
	balance("1.125 1")
	revoke := map[string]any{"participant": rep, "award": first.Cause, "reason": "mistake"}
	once := read[PointsDone](t, o.post(o.admin, "/v1/points/revocations", revoke).want(t, 201))
	if once.Points != "1.125" || once.Balance != "0" { // at most what is left
		t.Errorf("revoked %+v", once)
	}
	o.post(o.admin, "/v1/points/awards", award(rep, "10")).want(t, 201)
	revoke["allow_negative"] = true
	if again := read[PointsDone](t, o.post(o.admin, "/v1/points/revocations", revoke).want(t, 201)); again.Points != "1.125" || again.ID != once.ID {
		t.Errorf("revoked again: %+v", again)
	}
	balance("10 10")
	big := read[PointsDone](t, o.post(o.admin, "/v1/points/awards", award(rep, "30")).want(t, 201))
	o.post(o.keys["rep"], "/v1/points/redemptions", spend("me", "40")).want(t, 201)
	o.post(o.admin, "/v1/points/revocations", map[string]any{"participant": rep, "award": big.Cause, "reason": "mistake"}).want(t, 409) // nothing is left
	owed := read[PointsDone](t, o.post(o.admin, "/v1/points/revocations", map[string]any{"participant": rep, "award": big.Cause, "points": "99", "reason": "mistake", "allow_negative": true}).want(t, 201))
	if owed.Points != "30" || owed.Balance != "-30" { // never more than was awarded
		t.Errorf("revoked on purpose: %+v", owed)
	}
	balance("-30 0")
	for _, wrong := range []string{"pts_unheard", once.Cause} {
		o.post(o.admin, "/v1/points/revocations", map[string]any{"participant": rep, "award": wrong, "reason": "mistake"}).want(t, 404)
	}
	entries := read[list[PointsEntry]](t, o.get(o.keys["lead"], "/v1/points/participants/"+rep+"/entries?limit=100").want(t, 200)).Items
	if len(entries) != 8 || entries[7].Note != "Für <alles>" || entries[7].Points != "2.25" || entries[0].Balance != "-30" {
		t.Errorf("the entries are %+v", entries)
	}
	o.get(o.keys["other"], "/v1/points/participants/"+rep).want(t, 404)
}

func TestPointsOfAResendAreGivenOnce(t *testing.T) {
	o := newOffice(t)
	resend := func(body any) answer {
		return o.do(request{method: http.MethodPost, path: "/v1/points/awards", key: o.admin, body: body, header: map[string]string{"idempotency-key": "k"}})
	}
	one, two := read[PointsDone](t, resend(award(o.ids["rep"], "5")).want(t, 201)), read[PointsDone](t, resend(award(o.ids["rep"], "5")).want(t, 201))
	if one != two {
		t.Errorf("a resend is answered %+v, not %+v", two, one)
	}
	resend(award(o.ids["rep"], "6")).want(t, 409)
	if got := read[PointsBalance](t, o.get(o.admin, "/v1/points/participants/"+o.ids["rep"]).want(t, 200)); got.Balance != "5" {
		t.Errorf("the balance is %s", got.Balance)
	}
}

// TestEightSpendAtOnce: however many ask, what is spent is never more than there is.
func TestEightSpendAtOnce(t *testing.T) {
	o := newOffice(t)
	o.post(o.admin, "/v1/points/awards", award(o.ids["rep"], "10.5")).want(t, 201)
	var wait sync.WaitGroup
	statuses := make([]error, 8)
	for n := range statuses {
		p := game.Points{Organization: ours, ID: fmt.Sprint("pts_", n), Kind: game.Redemption, Participant: o.ids["rep"], Amount: 3 * ledger.PointScale, Date: "2026-11-22"}
		wait.Go(func() { _, statuses[n] = o.handler.postPoints(t.Context(), p) })
	}
	wait.Wait()
	spent := 0
	for _, err := range statuses {
		if err == nil {
			spent++
		}
	}
	if got := read[PointsBalance](t, o.get(o.admin, "/v1/points/participants/"+o.ids["rep"]).want(t, 200)); spent != 3 || got.Balance != "1.5" || got.Redeemed != "9" {
		t.Errorf("%d of 8 spent, %+v is left", spent, got)
	}
}

// TestACrashBetweenAskingAndPosting: the resend posts what was asked for, once.
func TestACrashBetweenAskingAndPosting(t *testing.T) {
	o := newOffice(t)
	request := request{method: http.MethodPost, path: "/v1/points/awards", key: o.admin, body: award(o.ids["rep"], "5"), header: map[string]string{"idempotency-key": "k"}}
	whole := o.handler.finance.Ledger
	o.handler.finance.Ledger = deaf{whole}
	o.do(request).want(t, 503)
	o.handler.finance.Ledger = whole
	o.nudge.err = fmt.Errorf("the queue is away")
	o.do(request).want(t, 503)
	o.nudge.err = nil
	o.do(request).want(t, 201)
	rows, _, err := whole.Rows(t.Context(), ours, o.ids["rep"], store.Page{Limit: 10})
	o.must(err)
	if len(rows) != 1 || len(o.nudge.queue) != 1 {
		t.Errorf("%d rows, %d messages", len(rows), len(o.nudge.queue))
	}
}

func TestMoneyIsTurnedIntoPoints(t *testing.T) {
	o := newOffice(t)
	o.put(o.admin, "/v1/game/rules", someRules()).want(t, 200)
	money := map[string]any{"participant": o.ids["rep"], "amount": "10.03", "currency": "EUR", "reason": "spiff"}
	if got := read[PointsDone](t, o.post(o.admin, "/v1/points/awards", money).want(t, 201)); got.Points != "250.75" || got.Worth == nil || got.Worth.Amount != "10.03" || got.Worth.Points != "0.25" {
		t.Errorf("awarded %+v", got)
	}
	for name, value := range map[string]string{"date": "2026-10-31", "currency": "USD", "amount": "0.001", "points": "1"} {
		wrong := map[string]any{"participant": o.ids["rep"], "amount": "10", "currency": "EUR", "reason": "spiff"}
		wrong[name] = value
		o.post(o.admin, "/v1/points/awards", wrong).want(t, 400)
	}
}
