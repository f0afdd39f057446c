package main

import (
	"strings"
	"testing"

	"leadline/shared/payee"
	"leadline/shared/problem"
	"leadline/shared/tax"
	"leadline/shared/tenant"
)

func TestPayers(t *testing.T) {
	s := newSystem(t)
	rules, err := tax.RuleSets()
	s.must(err)
	all := map[string]any{"name": "Acme Sales Ltd", "country": rules[0].Country, "address": []string{"1 Road"}, "tax_rules": rules[0].ID, "origin_id": "1123456789", "destination": "021000021"}
	a := s.do(request{key: s.admin, method: "POST", path: "/v1/payers", body: all, header: map[string]string{"Idempotency-Key": "k"}}).want(t, 201)
	made := read[Payer](t, a)
	path := "/v1/payers/" + made.ID
	if again := read[Payer](t, s.do(request{key: s.admin, method: "POST", path: "/v1/payers", body: all, header: map[string]string{"Idempotency-Key": "k"}}).want(t, 201)); again.ID != made.ID || a.header.Get("Location") != path {
		t.Errorf("made %+v, again %+v", made, again)
	}
	if made.Name != "Acme Sales Ltd" || made.TaxRules != rules[0].ID || made.Confirmed != nil || made.Account != "" || made.Rev != 1 {
		t.Errorf("%+v", made)
	}
	s.post(s.admin, path+"/confirm-tax-rules", map[string]any{"tax_rules": "of-another"}).want(t, 409, "other_tax_rules")
	confirmed := read[Payer](t, s.post(s.admin, path+"/confirm-tax-rules", map[string]any{"tax_rules": rules[0].ID}).want(t, 200))
	if confirmed.Confirmed == nil || confirmed.Confirmed.By == "" || !confirmed.Confirmed.At.Equal(s.clock.now()) {
		t.Errorf("%+v", confirmed)
	}
	s.put(s.admin, path, all, etag(1)).want(t, 412, problem.PreconditionFailed)
	renamed := read[Payer](t, s.put(s.admin, path, changed(all, map[string]any{"name": "Acme"}), etag(2)).want(t, 200))
	if renamed.Name != "Acme" || renamed.Confirmed == nil || renamed.Rev != 3 {
		t.Errorf("%+v", renamed)
	}
	// Other rules are not those that were confirmed.
	if got := read[Payer](t, s.put(s.admin, path, aPayer()).want(t, 200)); got.TaxRules != "" || got.Confirmed != nil || got.OriginID != "" {
		t.Errorf("%+v", got)
	}
	if got := walk[Payer](s, s.admin, "/v1/payers?limit=1"); len(got) != 1 {
		t.Errorf("%+v", got)
	}
	s.post(s.admin, path+"/archive", nil).want(t, 200)
	for _, a := range []answer{s.put(s.admin, path, aPayer()), s.post(s.admin, path+"/archive", nil), s.put(s.admin, path+"/bank-details", anAccount())} {
		a.want(t, 409, "archived")
	}
	if got := read[Payer](t, s.get(s.admin, path).want(t, 200)); !got.Archived {
		t.Errorf("%+v", got)
	}
}

func TestPayersAndProfilesThatCannotBe(t *testing.T) {
	y := newTreasury(t)
	profile := func(change map[string]any) map[string]any {
		return changed(map[string]any{"payer": y.payer, "legal_name": "Jo Doe", "country": "IN", "class": "agent", "rate": "0.3", "gross_up": true, "held": "under review"}, change)
	}
	gone := read[Payer](t, y.post(y.ann, "/v1/payers", aPayer()).want(t, 201)).ID
	y.post(y.ann, "/v1/payers/"+gone+"/archive", nil).want(t, 200)
	path := "/v1/participants/" + y.ids["rep"] + "/payment-profile"
	before := y.state()
	for name, c := range map[string]struct {
		method, path string
		body         any
		status       int
		code, says   string
	}{
		"a payer's country":   {"POST", "/v1/payers", map[string]any{"name": "Acme", "country": "de"}, 400, payee.CodePayer, "country: give the two letters of ISO 3166-1, such as IN."},
		"a payer's routing":   {"POST", "/v1/payers", map[string]any{"name": "Acme", "country": "US", "destination": "021000022"}, 400, payee.CodePayer, ""},
		"rules there are not": {"POST", "/v1/payers", map[string]any{"name": "Acme", "country": "US", "tax_rules": "atlantis"}, 400, payee.CodePayer, ""},
		"no payer":            {"PUT", path, profile(map[string]any{"payer": "pyr_nobody"}), 400, payee.CodeProfile, `payer: there is no payer "pyr_nobody", or it is archived.`},
		"an archived payer":   {"PUT", path, profile(map[string]any{"payer": gone}), 400, payee.CodeProfile, ""},
		"a rate":              {"PUT", path, profile(map[string]any{"rate": "much"}), 400, payee.CodeProfile, "rate: it is a part of one, such as 0.3 for 30 %."},
		"a rate of 30":        {"PUT", path, profile(map[string]any{"rate": "30"}), 400, payee.CodeProfile, "rate: it is a part of one, from 0 to 1: 0.3 for 30 %."},
		"a class":             {"PUT", path, profile(map[string]any{"class": "friend"}), 422, "invalid_request", ""},
		"nobody":              {"PUT", "/v1/participants/mem_nobody/payment-profile", profile(nil), 404, "not_found", ""},
		"no me":               {"GET", "/v1/participants/me/payment-profile", nil, 404, "not_found", ""},
		"no profile":          {"GET", path, nil, 404, "not_found", ""},
		"an unknown payer":    {"GET", "/v1/payers/pyr_nobody", nil, 404, "not_found", `There is no payer "pyr_nobody".`},
		"an unknown change":   {"POST", "/v1/bank-changes/chg_nobody/accept", nil, 404, "not_found", `There is no change "chg_nobody" that you see.`},
	} {
		a := y.do(request{key: y.ann, method: c.method, path: c.path, body: c.body}).want(t, c.status)
		p := read[problem.Problem](t, a)
		if c.code != "" && !strings.HasSuffix(p.Type, "/"+c.code) && !strings.HasSuffix(p.Type, c.code) || c.says != "" && p.Detail != c.says {
			t.Errorf("%s: %s", name, a.body)
		}
	}
	y.put(y.ann, path, profile(nil), etag(1)).want(t, 412, problem.PreconditionFailed)
	if y.state() != before {
		t.Error("something changed")
	}
	a := y.put(y.ann, path, profile(nil)).want(t, 200)
	got := read[PaymentProfile](t, a)
	if got.Rate != "0.3" || !got.GrossUp || got.Held != "under review" || got.Class != "agent" || got.Name != "REP" || a.header.Get("ETag") != etag(1) {
		t.Errorf("%+v", got)
	}
	y.put(y.ann, path, profile(map[string]any{"rate": ""}), etag(1)).want(t, 200)
	y.put(y.ann, path, profile(nil), etag(1)).want(t, 412, problem.PreconditionFailed)
	if all := walk[PaymentProfile](y.system, y.ann, "/v1/payment-profiles?limit=1"); len(all) != 1 || all[0].Rate != "" || all[0].Participant != y.ids["rep"] {
		t.Errorf("%+v", all)
	}
}

// TestAnArchivedPayerOwesNobodyUnseen: a payer is archived when nobody is paid by it and no batch of it goes on, and still pays what it
// owes.
func TestAnArchivedPayerOwesNobodyUnseen(t *testing.T) {
	w := newWorld(t)
	const participant = "mem_000000000001"
	payer := w.owing(participant)
	key := w.key(ours, tenant.Admin)
	archive := "/v1/payers/" + payer + "/archive"
	a := w.post(key, archive, nil).want(t, 409, "payer_in_use")
	if p := read[problem.Problem](t, a); !strings.Contains(p.Detail, participant) {
		t.Errorf("%s", a.body)
	}
	q, err := w.finance.Payees.Profile(t.Context(), ours, participant)
	w.must(err)
	q.Payer, q.Rev = "pyr_000000000002", q.Rev+1
	w.must(w.finance.Payees.SaveProfile(t.Context(), q, nil))
	order := map[string]any{"payer": payer, "currency": "EUR", "pay_on": "2026-12-01", "format": "pain.001"}
	b := read[Payout](t, w.post(key, "/v1/payouts", order).want(t, 202))
	for range 2 { // collecting, then submitted
		w.post(key, archive, nil).want(t, 409, "payer_in_use")
		w.payNow()
	}
	w.post(key, "/v1/payouts/"+b.ID+"/cancel", map[string]any{"reason": "A mistake."}).want(t, 200)
	w.post(key, archive, nil).want(t, 409, "payer_in_use")
	w.payNow()
	w.post(key, archive, nil).want(t, 200)
	next := read[Payout](t, w.post(key, "/v1/payouts", order).want(t, 202))
	w.payNow()
	if got := read[Payout](t, w.get(key, "/v1/payouts/"+next.ID).want(t, 200)); got.State != "submitted" || got.Net.Minor != 10_000 {
		t.Errorf("of an archived payer: %+v", got)
	}
}

// payable makes a payer, and a member who is paid by it and for whom another admin asked for an account.
func (w *world) payable() {
	w.t.Helper()
	if w.own == "" {
		w.programmed()
	}
	key := w.key(ours, tenant.Admin)
	added := func() string {
		return read[Payer](w.t, w.post(key, "/v1/payers", changed(aPayer(), map[string]any{"tax_rules": "in-2026"})).want(w.t, 201)).ID
	}
	pays := added()
	w.params["payer"] = added() // pays nobody, so that it can be archived
	path := "/v1/participants/" + w.params["participant"]
	w.put(key, path+"/payment-profile", map[string]any{"payer": pays, "legal_name": "Jo Doe", "country": "IN", "class": "agent"}).want(w.t, 200)
	w.params["change"] = read[BankChange](w.t, w.put(key, path+"/bank-details", anAccount()).want(w.t, 202)).ID
	w.forgetNotes()
}
