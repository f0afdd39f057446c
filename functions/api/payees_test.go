package main

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"leadline/shared/approval"
	"leadline/shared/calendar"
	"leadline/shared/notice"
	"leadline/shared/payee"
	"leadline/shared/problem"
	"leadline/shared/store"
	"leadline/shared/tenant"
)

const (
	anIBAN  = "DE89370400440532013000"
	another = "NL91ABNA0417164300"
	aTaxID  = "ABCDE1234F"
)

// treasury is an office with a payer, and two admins who are people.
type treasury struct {
	*office
	payer string
	// ann and bob are admins; ann2 is another key of ann's. Their ids are in people.
	ann, ann2, bob string
	people         map[string]string
}

func newTreasury(t testing.TB) *treasury {
	y := &treasury{office: newOffice(t), people: map[string]string{}}
	for _, name := range []string{"ann", "bob"} {
		y.people[name] = read[Person](t, y.post(y.owner, "/v1/people", map[string]any{"email": name + "@example.com", "name": name, "role": "admin"}).want(t, 201)).ID
	}
	y.ann, y.ann2, y.bob = y.keyOf("ann"), y.keyOf("ann"), y.keyOf("bob")
	y.payer = read[Payer](t, y.post(y.ann, "/v1/payers", aPayer()).want(t, 201)).ID
	return y
}

func (y *treasury) keyOf(name string) string {
	y.t.Helper()
	text, key, err := tenant.NewAPIKey(ours, name, tenant.Admin, y.clock.now(), y.handler.Random)
	y.must(err)
	key.Person = y.people[name]
	y.must(y.tenancy.CreateAPIKey(y.t.Context(), key))
	return text
}

func aPayer() map[string]any { return map[string]any{"name": "Acme Sales Ltd", "country": "DE"} }

func anAccount() map[string]any {
	return map[string]any{"holder": "Jo Secretive Doe", "country": "DE", "iban": "de89 3704 0044 0532 0130 00"}
}

func (y *treasury) profiled(name string) string {
	y.t.Helper()
	path := "/v1/participants/" + y.ids[name]
	y.put(y.ann, path+"/payment-profile", map[string]any{"payer": y.payer, "legal_name": "Jo Doe", "country": "IN", "class": "agent"}).want(y.t, 200)
	return path
}

func (y *treasury) asks(key, path string, body any) BankChange {
	y.t.Helper()
	return read[BankChange](y.t, y.put(key, path, body).want(y.t, 202))
}

func (y *treasury) change(id string) string { return "/v1/bank-changes/" + id }

// TestAnAccountTakesTwoPeople: who sells asks for their own account, an admin accepts it, and nothing that is answered, logged, noted or
// told shows more of it than its end.
func TestAnAccountTakesTwoPeople(t *testing.T) {
	y := newTreasury(t)
	mine := y.profiled("rep")
	told := y.seen(t)
	a := y.put(y.keys["rep"], "/v1/participants/me/bank-details", anAccount()).want(t, 202)
	c := read[BankChange](t, a)
	if c.State != "waiting" || c.Hint != "3000" || c.Of != y.ids["rep"] || c.Name != "REP" || c.Holder+c.Country != "" || a.header.Get("Location") != y.change(c.ID) {
		t.Errorf("%+v", c)
	}
	if got := read[PaymentProfile](t, y.get(y.keys["rep"], "/v1/participants/me/payment-profile").want(t, 200)); got.Account != "" || got.AccountSince != nil {
		t.Errorf("before it is accepted: %+v", got)
	}
	waiting := read[BankChange](t, y.get(y.ann, y.change(c.ID)).want(t, 200))
	if waiting.Holder != "Jo Secretive Doe" || waiting.Country != "DE" || waiting.Hint != "3000" {
		t.Errorf("who decides sees %+v", waiting)
	}
	if all := walk[BankChange](y.system, y.ann, "/v1/bank-changes?limit=1&state=waiting"); len(all) != 1 || all[0].Holder != "Jo Secretive Doe" {
		t.Errorf("listed %+v", all)
	}
	if all := walk[BankChange](y.system, y.keys["rep"], "/v1/bank-changes?limit=1"); len(all) != 1 || all[0].Holder != "" {
		t.Errorf("the rep sees %+v", all)
	}
	accepted := read[BankChange](t, y.post(y.ann, y.change(c.ID)+"/accept", nil).want(t, 200))
	if accepted.State != "accepted" || accepted.DecidedBy != y.people["ann"] || accepted.Holder != "" || len(accepted.Approved) != 1 {
		t.Errorf("%+v", accepted)
	}
	got := read[PaymentProfile](t, y.get(y.keys["rep"], "/v1/participants/me/payment-profile").want(t, 200))
	if got.Account != "3000" || got.AccountSince == nil || got.Rev != 2 {
		t.Errorf("%+v", got)
	}
	id := y.asks(y.ann, mine+"/tax-id", map[string]any{"tax_id": "abcde 1234f"})
	y.post(y.bob, y.change(id.ID)+"/accept", nil).want(t, 200)
	account := y.asks(y.bob, "/v1/payers/"+y.payer+"/bank-details", map[string]any{"holder": "Acme", "country": "NL", "iban": another})
	y.post(y.ann, y.change(account.ID)+"/accept", nil).want(t, 200)
	if got := read[Payer](t, y.get(y.ann, "/v1/payers/"+y.payer).want(t, 200)); got.Account != "4300" {
		t.Errorf("%+v", got)
	}

	stored, err := y.finance.Payees.Profile(t.Context(), ours, y.ids["rep"])
	y.must(err)
	box, err := y.handler.box(t.Context(), ours)
	y.must(err)
	bank, err := payee.OpenBank(box, ours, y.ids["rep"], stored.Bank)
	y.must(err)
	if taxID, err := payee.OpenTaxID(box, ours, y.ids["rep"], stored.TaxID); err != nil || bank.IBAN != anIBAN || taxID != aTaxID || stored.TaxIDHint != "234F" {
		t.Errorf("stored %+v, %q, %v", bank, taxID, err)
	}
	notices := read[list[Notice]](t, y.get(y.ann, "/v1/notices").want(t, 200)).Items
	at := slices.IndexFunc(notices, func(n Notice) bool { return n.Subject == "bank-changes/"+c.ID })
	if len(notices) != 3 || at < 0 || notices[at].Kind != string(notice.BankChangeWaiting) || !strings.Contains(notices[at].Text, y.ids["rep"]) {
		t.Errorf("told %+v", notices)
	}
	told()
	for _, path := range []string{mine + "/payment-profile", "/v1/payment-profiles", "/v1/payers", "/v1/bank-changes", "/v1/notices", "/v1/audit"} {
		tellsNothing(t, path, string(y.get(y.ann, path).want(t, 200).body))
	}
}

// seen gives what looks whether the log or the store tells an account.
func (y *treasury) seen(t *testing.T) func() {
	return func() {
		t.Helper()
		tellsNothing(t, "the log", y.log.String())
		tellsNothing(t, "the journal", fmt.Sprintf("%+v", y.journal))
		tellsNothing(t, "the store", y.state())
		changes, _, err := y.finance.Payees.Changes(t.Context(), ours, store.Page{Limit: 100})
		y.must(err)
		for _, c := range changes {
			tellsNothing(t, "a change", string(c.Sealed)+c.Hint+c.Reason)
		}
	}
}

func tellsNothing(t *testing.T, where, text string) {
	t.Helper()
	for _, secret := range []string{anIBAN, anIBAN[4:], another, aTaxID, "0532013000", "0417164300", "1234F", "Secretive"} {
		if strings.Contains(text, secret) {
			t.Errorf("%s tells %q: %s", where, secret, text)
		}
	}
}

func TestWhoMayDoWhatWithAccounts(t *testing.T) {
	y := newTreasury(t)
	rep := y.profiled("rep")
	y.profiled("other")
	mine := y.asks(y.keys["rep"], "/v1/participants/me/bank-details", anAccount())
	byAnn := y.asks(y.ann, "/v1/participants/"+y.ids["other"]+"/bank-details", anAccount())
	foreign := y.stranger
	before := y.state()
	no := map[string]any{"reason": "no"}
	for name, c := range map[string]struct {
		key, method, path string
		body              any
		status            int
		code, says        string
	}{
		"another's account":       {y.keys["other"], "PUT", rep + "/bank-details", anAccount(), 404, "not_found", ""},
		"the team's account":      {y.keys["lead"], "PUT", rep + "/bank-details", anAccount(), 403, payee.CodeNotYours, "How others are paid is for admins to see and to change. Yours is that of the participant me."},
		"the team's tax id":       {y.keys["lead"], "PUT", rep + "/tax-id", map[string]any{"tax_id": aTaxID}, 403, payee.CodeNotYours, ""},
		"the team's profile":      {y.keys["lead"], "GET", rep + "/payment-profile", nil, 403, payee.CodeNotYours, ""},
		"a profile of one's own":  {y.keys["rep"], "PUT", rep + "/payment-profile", map[string]any{"payer": y.payer, "legal_name": "x", "country": "DE", "class": "agent"}, 403, "role_not_sufficient", ""},
		"everybody's profiles":    {y.keys["rep"], "GET", "/v1/payment-profiles", nil, 403, "role_not_sufficient", ""},
		"payers":                  {y.keys["rep"], "GET", "/v1/payers", nil, 403, "role_not_sufficient", ""},
		"nobody's me":             {y.keys["nobody"], "PUT", "/v1/participants/me/bank-details", anAccount(), 403, "no_member", ""},
		"no profile":              {y.keys["lead"], "PUT", "/v1/participants/me/bank-details", anAccount(), 404, "not_found", "Nobody said yet how " + y.ids["lead"] + " is paid: an admin does, with PUT /v1/participants/" + y.ids["lead"] + "/payment-profile."},
		"another's change":        {y.keys["other"], "GET", y.change(mine.ID), nil, 404, "not_found", ""},
		"withdrawing another's":   {y.keys["other"], "POST", y.change(mine.ID) + "/withdraw", nil, 404, "not_found", ""},
		"others' changes":         {y.keys["rep"], "GET", "/v1/bank-changes?of=" + y.ids["other"], nil, 403, payee.CodeNotYours, ""},
		"accepting as a seller":   {y.keys["rep"], "POST", y.change(mine.ID) + "/accept", nil, 403, "role_not_sufficient", ""},
		"accepting one's own":     {y.ann, "POST", y.change(byAnn.ID) + "/accept", nil, 403, payee.CodeFourEyes, "You asked for this change: another admin decides about it. You may withdraw it."},
		"by another key":          {y.ann2, "POST", y.change(byAnn.ID) + "/accept", nil, 403, payee.CodeFourEyes, ""},
		"refusing one's own":      {y.ann2, "POST", y.change(byAnn.ID) + "/refuse", no, 403, payee.CodeFourEyes, ""},
		"of another organization": {foreign, "POST", y.change(mine.ID) + "/accept", nil, 404, "not_found", ""},
		"seen from another":       {foreign, "GET", y.change(mine.ID), nil, 404, "not_found", ""},
		"another's payer":         {foreign, "GET", "/v1/payers/" + y.payer, nil, 404, "not_found", ""},
		"another's payer's bank":  {foreign, "PUT", "/v1/payers/" + y.payer + "/bank-details", anAccount(), 404, "not_found", ""},
		"another's participant":   {foreign, "PUT", rep + "/bank-details", anAccount(), 404, "not_found", ""},
		"no reason":               {y.bob, "POST", y.change(mine.ID) + "/refuse", map[string]any{"reason": " "}, 400, payee.CodeReason, ""},
		"a wrong IBAN":            {y.keys["rep"], "PUT", "/v1/participants/me/bank-details", map[string]any{"holder": "Jo", "country": "DE", "iban": "DE89370400440532013001"}, 400, payee.CodeBank, "iban: its check digits do not fit the rest. Compare it with what the bank wrote."},
		"a wrong tax id":          {y.keys["rep"], "PUT", "/v1/participants/me/tax-id", map[string]any{"tax_id": "1234"}, 400, payee.CodeTaxID, "A PAN has ten characters: five letters, four digits and a letter."},
		"too much":                {y.keys["rep"], "PUT", "/v1/participants/me/bank-details", map[string]any{"holder": "Jo", "country": "DE", "iban": strings.Repeat(anIBAN, 4)}, 422, "invalid_request", ""},
	} {
		a := y.do(request{key: c.key, method: c.method, path: c.path, body: c.body}).want(t, c.status, c.code)
		if got := read[problem.Problem](t, a).Detail; c.says != "" && got != c.says {
			t.Errorf("%s: %s\nwant %s", name, got, c.says)
		}
		tellsNothing(t, name, string(a.body))
	}
	if y.state() != before {
		t.Error("something changed")
	}
	for _, path := range []string{"/v1/bank-changes", "/v1/payers", "/v1/payment-profiles"} {
		if got := read[list[map[string]any]](t, y.get(foreign, path).want(t, 200)); len(got.Items) != 0 {
			t.Errorf("another organization sees %v", got)
		}
	}
}

func TestWhatBecomesOfChanges(t *testing.T) {
	y := newTreasury(t)
	rep := y.profiled("rep")
	account := func() string {
		return read[PaymentProfile](t, y.get(y.ann, rep+"/payment-profile").want(t, 200)).Account
	}
	is := func(id, state string) {
		t.Helper()
		if got := read[BankChange](t, y.get(y.ann, y.change(id)).want(t, 200)); got.State != state {
			t.Errorf("%s is %s, want %s", id, got.State, state)
		}
	}
	older := y.asks(y.keys["rep"], rep+"/bank-details", anAccount())
	taxID := y.asks(y.keys["rep"], rep+"/tax-id", map[string]any{"tax_id": aTaxID})
	y.clock.advance(time.Second)
	newer := y.asks(y.ann, rep+"/bank-details", map[string]any{"holder": "Jo", "country": "NL", "iban": another})
	is(older.ID, "withdrawn")
	is(taxID.ID, "waiting")
	y.post(y.bob, y.change(older.ID)+"/accept", nil).want(t, 409, payee.CodeDecided)
	y.post(y.bob, y.change(newer.ID)+"/accept", nil).want(t, 200)
	if got := account(); got != "4300" {
		t.Errorf("the account is %q", got)
	}
	y.post(y.bob, y.change(newer.ID)+"/accept", nil).want(t, 409, payee.CodeDecided)
	y.post(y.bob, y.change(newer.ID)+"/withdraw", nil).want(t, 409, payee.CodeDecided)

	refused := y.asks(y.keys["rep"], rep+"/bank-details", anAccount())
	if got := read[BankChange](t, y.post(y.bob, y.change(refused.ID)+"/refuse", map[string]any{"reason": "Jo did not ask"}).want(t, 200)); got.State != "refused" || got.Reason != "Jo did not ask" {
		t.Errorf("%+v", got)
	}
	withdrawn := y.asks(y.keys["rep"], rep+"/bank-details", anAccount())
	y.post(y.keys["rep"], y.change(withdrawn.ID)+"/withdraw", nil).want(t, 200)
	late := y.asks(y.keys["rep"], rep+"/bank-details", anAccount())
	a := y.put(y.keys["rep"], rep+"/bank-details", anAccount()).want(t, 409, "too_many_changes")
	if got := read[problem.Problem](t, a).Detail; got != "5 changes of these details were asked for within 24 hours. Have the last one decided, or ask again tomorrow." {
		t.Error(got)
	}
	y.clock.advance(payee.Patience)
	is(late.ID, "lapsed")
	y.post(y.bob, y.change(late.ID)+"/accept", nil).want(t, 409, payee.CodeLapsed)
	if stored, err := y.finance.Payees.Change(t.Context(), ours, late.ID); err != nil || stored.State != payee.Lapsed || stored.Sealed != nil {
		t.Errorf("%+v, %v", stored, err)
	}
	if got := account(); got != "4300" {
		t.Errorf("the account is %q", got)
	}
	last := y.asks(y.keys["rep"], rep+"/bank-details", anAccount())
	y.post(y.bob, y.change(last.ID)+"/accept", nil).want(t, 200)
	if got := account(); got != "3000" {
		t.Errorf("the account is %q", got)
	}
	var states []string
	for _, c := range walk[BankChange](y.system, y.keys["rep"], "/v1/bank-changes?limit=2") {
		states = append(states, c.State)
	}
	slices.Sort(states)
	if want := []string{"accepted", "accepted", "lapsed", "lapsed", "refused", "withdrawn", "withdrawn"}; !slices.Equal(states, want) {
		t.Errorf("%v", states)
	}
	if all := walk[BankChange](y.system, y.ann, "/v1/bank-changes?limit=1&state=accepted&of="+y.ids["rep"]); len(all) != 2 || all[0].ID != last.ID {
		t.Errorf("%+v", all)
	}
}

// TestOneOfTwoDecisionsWins: two who decide at once do not both.
func TestOneOfTwoDecisionsWins(t *testing.T) {
	y := newTreasury(t)
	y.profiled("rep")
	c := y.asks(y.keys["rep"], "/v1/participants/me/bank-details", anAccount())
	statuses := make([]int, 8)
	var group sync.WaitGroup
	for n := range statuses {
		r := request{key: []string{y.ann, y.bob}[n%2], method: http.MethodPost, path: y.change(c.ID) + "/accept"}
		if n%4 > 1 {
			r.path, r.body = y.change(c.ID)+"/refuse", map[string]any{"reason": "no"}
		}
		event := gateway(t, r)
		group.Go(func() {
			out, err := y.handler.Handle(t.Context(), event)
			if err != nil {
				t.Error(err)
			}
			statuses[n] = out.StatusCode
		})
	}
	group.Wait()
	slices.Sort(statuses)
	if statuses[0] != 200 || statuses[1] != 409 || statuses[7] != 409 {
		t.Errorf("%v", statuses)
	}
	got := read[BankChange](t, y.get(y.ann, y.change(c.ID)).want(t, 200))
	profile := read[PaymentProfile](t, y.get(y.ann, "/v1/participants/"+y.ids["rep"]+"/payment-profile").want(t, 200))
	if (got.State == "accepted") != (profile.Account == "3000") {
		t.Errorf("%s, the account is %q", got.State, profile.Account)
	}
}

// TestAPolicyMayTakeMore: where the policy for bank details names people, and several levels, they decide, one after the other.
func TestAPolicyMayTakeMore(t *testing.T) {
	y := newTreasury(t)
	y.profiled("rep")
	policy := approval.Policy{Levels: []approval.Level{{Name: "Finance", Approvers: []string{y.people["ann"]}}, {Name: "Anybody"}}, Rev: 1,
		Delegates: []approval.Delegate{{From: y.people["ann"], To: y.people["bob"], Span: calendar.Span{From: "2026-12-01"}}}}
	y.must(y.finance.Settlements.SavePolicy(t.Context(), ours, "bank", policy))
	c := y.asks(y.keys["rep"], "/v1/participants/me/bank-details", anAccount())
	y.post(y.bob, y.change(c.ID)+"/accept", nil).want(t, 403, approval.CodeNotApprover)
	if got := read[BankChange](t, y.post(y.ann, y.change(c.ID)+"/accept", nil).want(t, 200)); got.State != "waiting" || len(got.Approved) != 1 || got.Approved[0].By != y.people["ann"] {
		t.Errorf("%+v", got)
	}
	y.post(y.ann2, y.change(c.ID)+"/accept", nil).want(t, 403, approval.CodeFourEyes)
	if got := read[BankChange](t, y.post(y.bob, y.change(c.ID)+"/accept", nil).want(t, 200)); got.State != "accepted" || len(got.Approved) != 2 {
		t.Errorf("%+v", got)
	}
}

// TestWhatIsAnothersIsNotTaken: a sealed value that was moved to another's change opens for nobody.
func TestWhatIsAnothersIsNotTaken(t *testing.T) {
	y := newTreasury(t)
	y.profiled("rep")
	y.profiled("other")
	y.asks(y.keys["rep"], "/v1/participants/me/bank-details", anAccount())
	changes, _, err := y.finance.Payees.Changes(t.Context(), ours, store.Page{Limit: 10})
	y.must(err)
	moved := changes[0]
	moved.ID, moved.Of = "chg_moved0000000", y.ids["other"]
	y.must(y.finance.Payees.SaveChange(t.Context(), moved, nil, nil, nil))
	a := y.post(y.ann, y.change(moved.ID)+"/accept", nil).want(t, 500)
	tellsNothing(t, "the answer", string(a.body)+y.log.String())
	y.get(y.ann, y.change(moved.ID)).want(t, 500)
	if all := walk[BankChange](y.system, y.ann, "/v1/bank-changes?of="+y.ids["other"]); len(all) != 1 || all[0].Holder != "" {
		t.Errorf("listed %+v", all)
	}
	if got := read[PaymentProfile](t, y.get(y.ann, "/v1/participants/"+y.ids["other"]+"/payment-profile").want(t, 200)); got.Account != "" {
		t.Errorf("%+v", got)
	}
}
