package payee_test

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"leadline/shared/approval"
	"leadline/shared/calendar"
	"leadline/shared/fault"
	"leadline/shared/number"
	"leadline/shared/payee"
	"leadline/shared/tax"
)

func noon() time.Time { return time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC) }

func admin(id string) approval.Actor  { return approval.Actor{ID: id, Admin: true} }
func seller(id string) approval.Actor { return approval.Actor{ID: id} }

func asked(t *testing.T, who approval.Actor, own bool) payee.Change {
	t.Helper()
	c, err := payee.Ask(payee.Change{ID: "chg_a", Organization: "org_a", Of: "mem_a", What: payee.OfBank, Sealed: []byte{1}, Hint: "3000"}, who, own, noon())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestWhoMayAskAndDecide(t *testing.T) {
	day := 24 * time.Hour
	accept := func(c payee.Change, who approval.Actor, at time.Duration) (payee.Change, error) {
		return c.Accept(approval.Policy{}, who, "2026-11-22", noon().Add(at))
	}
	refuse := func(reason string) func(payee.Change, approval.Actor, time.Duration) (payee.Change, error) {
		return func(c payee.Change, who approval.Actor, at time.Duration) (payee.Change, error) {
			return c.Refuse(approval.Policy{}, who, reason, "2026-11-22", noon().Add(at))
		}
	}
	withdraw := func(own bool) func(payee.Change, approval.Actor, time.Duration) (payee.Change, error) {
		return func(c payee.Change, who approval.Actor, at time.Duration) (payee.Change, error) {
			return c.Withdraw(who, own, noon().Add(at))
		}
	}
	mine := asked(t, seller("per_jo"), true)
	byAdmin := asked(t, admin("per_ann"), false)
	accepted, err := mine.Accept(approval.Policy{}, admin("per_bob"), "2026-11-22", noon())
	if err != nil {
		t.Fatal(err)
	}
	const (
		noAdmin  = "An admin decides about changes of bank details and tax ids."
		fourEyes = "You asked for this change: another admin decides about it. You may withdraw it."
		lapsed   = "Nobody decided about the change until 2026-12-06T12:00:00Z: it lapsed. Ask for it again."
		decided  = "The change is accepted since 2026-11-22T12:00:00Z."
		notYours = "You may withdraw what you asked for, and changes of your own details; admins withdraw any."
		noReason = "Say in reason why the change is refused: who asked for it reads that."
	)
	for name, test := range map[string]struct {
		change payee.Change
		act    func(payee.Change, approval.Actor, time.Duration) (payee.Change, error)
		who    approval.Actor
		at     time.Duration
		state  payee.ChangeState
		kind   fault.Kind
		code   string
		want   string
	}{
		"an admin accepts":                         {mine, accept, admin("per_bob"), 0, payee.Accepted, "", "", ""},
		"until the last moment":                    {mine, accept, admin("per_bob"), 14*day - 1, payee.Accepted, "", "", ""},
		"not after it":                             {mine, accept, admin("per_bob"), 14 * day, "", fault.Conflict, payee.CodeLapsed, lapsed},
		"another admin's":                          {byAdmin, accept, admin("per_bob"), 0, payee.Accepted, "", "", ""},
		"not one's own":                            {byAdmin, accept, admin("per_ann"), 0, "", fault.Forbidden, payee.CodeFourEyes, fourEyes},
		"not one's own, as an admin by now":        {mine, accept, admin("per_jo"), 0, "", fault.Forbidden, payee.CodeFourEyes, fourEyes},
		"no seller accepts":                        {mine, accept, seller("per_bob"), 0, "", fault.Forbidden, payee.CodeNoAdmin, noAdmin},
		"not twice":                                {accepted, accept, admin("per_ann"), day, "", fault.Conflict, payee.CodeDecided, decided},
		"nor refused then":                         {accepted, refuse("no"), admin("per_ann"), day, "", fault.Conflict, payee.CodeDecided, decided},
		"nor lapsed":                               {accepted, accept, admin("per_ann"), 20 * day, "", fault.Conflict, payee.CodeDecided, decided},
		"an admin refuses":                         {mine, refuse(" no "), admin("per_bob"), day, payee.Refused, "", "", ""},
		"with a reason":                            {mine, refuse(" "), admin("per_bob"), day, "", fault.Invalid, payee.CodeReason, noReason},
		"a short one":                              {mine, refuse(strings.Repeat("ü", 501)), admin("per_bob"), day, "", fault.Invalid, payee.CodeReason, "The reason has 501 characters, and may have 500."},
		"not what one asked for":                   {byAdmin, refuse("no"), admin("per_ann"), day, "", fault.Forbidden, payee.CodeFourEyes, fourEyes},
		"no seller refuses":                        {mine, refuse("no"), seller("per_bob"), day, "", fault.Forbidden, payee.CodeNoAdmin, noAdmin},
		"who asked withdraws":                      {mine, withdraw(false), seller("per_jo"), day, payee.Withdrawn, "", "", ""},
		"whose it is withdraws":                    {byAdmin, withdraw(true), seller("per_jo"), day, payee.Withdrawn, "", "", ""},
		"any admin withdraws":                      {mine, withdraw(false), admin("per_ann"), day, payee.Withdrawn, "", "", ""},
		"nobody else":                              {mine, withdraw(false), seller("per_ann"), day, "", fault.Forbidden, payee.CodeNotYours, notYours},
		"not what lapsed":                          {mine, withdraw(false), seller("per_jo"), 15 * day, "", fault.Conflict, payee.CodeLapsed, lapsed},
		"not what is decided":                      {accepted, withdraw(false), seller("per_jo"), day, "", fault.Conflict, payee.CodeDecided, decided},
		"what another newer one took the place of": {mine.Replace(byAdmin), accept, admin("per_bob"), 0, "", fault.Conflict, payee.CodeDecided, "The change is withdrawn since 2026-11-22T12:00:00Z."},
	} {
		got, err := test.act(test.change, test.who, test.at)
		if test.want != "" {
			if f := fault.Of(err); f == nil || f.Kind != test.kind || f.Code != test.code || f.Message != test.want {
				t.Errorf("%s: %v\nwant %s", name, err, test.want)
			}
			continue
		}
		if err != nil || got.State != test.state || got.DecidedBy != test.who.ID || !got.DecidedAt.Equal(noon().Add(test.at)) || got.Rev != 2 || got.Sealed != nil {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	if got, _ := mine.Refuse(approval.Policy{}, admin("per_bob"), " no ", "2026-11-22", noon()); got.Reason != "no" {
		t.Errorf("reason %q", got.Reason)
	}
}

func TestWhoMayAsk(t *testing.T) {
	for what, want := range map[string]string{
		payee.OfBank:  "You may ask to change your own bank details; those of others only admins ask to change.",
		payee.OfTaxID: "You may ask to change your own tax id; those of others only admins ask to change.",
	} {
		_, err := payee.Ask(payee.Change{What: what}, seller("per_jo"), false, noon())
		if f := fault.Of(err); f == nil || f.Kind != fault.Forbidden || f.Code != payee.CodeNotYours || f.Message != want {
			t.Errorf("%v\nwant %s", err, want)
		}
	}
	c := asked(t, admin("per_ann"), false)
	if c.State != payee.Waiting || c.RequestedBy != "per_ann" || !c.ExpiresAt.Equal(noon().Add(14*24*time.Hour)) || c.Rev != 1 || c.Hint != "3000" {
		t.Errorf("%+v", c)
	}
}

func TestChangesLapseAndAreReplaced(t *testing.T) {
	c := asked(t, seller("per_jo"), true)
	if got := c.At(c.ExpiresAt.Add(-1)); got.State != payee.Waiting || got.Rev != 1 || got.Sealed == nil {
		t.Errorf("%+v", got)
	}
	got := c.At(c.ExpiresAt.Add(time.Hour))
	if got.State != payee.Lapsed || !got.DecidedAt.Equal(c.ExpiresAt) || got.Rev != 2 || got.Sealed != nil || got.DecidedBy != "" {
		t.Errorf("%+v", got)
	}
	newer := asked(t, admin("per_ann"), false)
	newer.ID = "chg_b"
	if !newer.Replaces(c) || newer.Replaces(newer) || newer.Replaces(got) {
		t.Error("a newer change replaces what waits, and nothing else")
	}
	for name, change := range map[string]func(*payee.Change){
		"another's": func(c *payee.Change) { c.Of = "mem_b" }, "another organization's": func(c *payee.Change) { c.Organization = "org_b" },
		"a tax id": func(c *payee.Change) { c.What = payee.OfTaxID },
	} {
		other := c
		change(&other)
		if newer.Replaces(other) {
			t.Errorf("%s is replaced", name)
		}
	}
	if got := c.Replace(newer); got.State != payee.Withdrawn || got.DecidedBy != "per_ann" || got.Reason != "A newer change was asked for: chg_b." || got.Sealed != nil || got.Rev != 2 {
		t.Errorf("%+v", got)
	}
}

func TestWhatIsAcceptedIsTaken(t *testing.T) {
	c := asked(t, seller("per_jo"), true)
	at := noon().Add(time.Hour)
	p := payee.Profile{Participant: "mem_a", TaxIDHint: "234F", Rev: 3}.Take(c, at)
	if p.BankHint != "3000" || string(p.Bank) != "\x01" || !p.BankSince.Equal(at) || p.TaxIDHint != "234F" || p.Rev != 4 {
		t.Errorf("%+v", p)
	}
	c.What, c.Hint, c.Sealed = payee.OfTaxID, "999X", []byte{2}
	p = p.Take(c, at.Add(time.Hour))
	if p.TaxIDHint != "999X" || string(p.TaxID) != "\x02" || p.BankHint != "3000" || !p.BankSince.Equal(at) || p.Rev != 5 {
		t.Errorf("%+v", p)
	}
	if payer := (payee.Payer{ID: "pyr_a", Rev: 1}).Take(c, at); payer.BankHint != "999X" || payer.Rev != 2 || !payer.UpdatedAt.Equal(at) {
		t.Errorf("%+v", payer)
	}
}

// TestNoDecisionIsOnesOwn: whatever is tried in whatever order, what is accepted or refused was decided by an admin who did not ask,
// in time, and never changes again.
func TestNoDecisionIsOnesOwn(t *testing.T) {
	people := rapid.SampledFrom([]string{"per_a", "per_b", "key_c"})
	rapid.Check(t, func(t *rapid.T) {
		who := func() approval.Actor {
			return approval.Actor{ID: people.Draw(t, "who"), Admin: rapid.Bool().Draw(t, "admin")}
		}
		c, err := payee.Ask(payee.Change{ID: "chg_a", What: payee.OfBank, Sealed: []byte{1}}, who(), true, noon())
		if err != nil {
			t.Fatal(err)
		}
		at := noon()
		for range rapid.IntRange(1, 8).Draw(t, "acts") {
			at = at.Add(time.Duration(rapid.IntRange(0, 10).Draw(t, "days")) * 24 * time.Hour)
			actor, before := who(), c
			switch rapid.IntRange(0, 2).Draw(t, "act") {
			case 0:
				c, err = c.Accept(approval.Policy{}, actor, "2026-11-22", at)
			case 1:
				c, err = c.Refuse(approval.Policy{}, actor, "no", "2026-11-22", at)
			default:
				c, err = c.Withdraw(actor, false, at)
			}
			if err != nil && c.State != before.State || err == nil && before.State != payee.Waiting {
				t.Fatalf("from %s to %s, %v", before.State, c.State, err)
			}
			if err == nil && (c.State == payee.Accepted || c.State == payee.Refused) && (!actor.Admin || c.DecidedBy == c.RequestedBy || !c.DecidedAt.Before(c.ExpiresAt)) {
				t.Fatalf("%+v by %+v", c, actor)
			}
		}
	})
}

func TestWrongPayersAndProfiles(t *testing.T) {
	payer := payee.Payer{Name: "Acme", Country: "US", Address: []string{"1 Road"}, OriginID: "1234567890", Destination: "021000021"}
	half := number.Frac(1, 2)
	profile := payee.Profile{Payer: "pyr_a", LegalName: "Jo Doe", Country: "IN", Class: tax.Agent, Rate: &half, Held: "under review"}
	if err := payer.Check(); err != nil {
		t.Error(err)
	}
	if err := profile.Check(); err != nil {
		t.Error(err)
	}
	for want, change := range map[string]func(*payee.Payer){
		"name: say it as the bank knows it.":                       func(p *payee.Payer) { p.Name = " " },
		"name: it is too long.":                                    func(p *payee.Payer) { p.Name = strings.Repeat("x", 141) },
		"name: it holds a control character.":                      func(p *payee.Payer) { p.Name = "a\nb" },
		"country: give the two letters of ISO 3166-1, such as IN.": func(p *payee.Payer) { p.Country = "usa" },
		"address: it has 5 lines, and may have 4.":                 func(p *payee.Payer) { p.Address = []string{"1", "2", "3", "4", "5"} },
		"address[1]: it is empty.":                                 func(p *payee.Payer) { p.Address = []string{"1", ""} },
		"origin_id: the company's identification in NACHA files has 10 characters, such as 1 and the nine digits of its EIN.": func(p *payee.Payer) { p.OriginID = "123" },
		"destination: a routing number has nine digits, the last of which checks the others; this one does not fit.":          func(p *payee.Payer) { p.Destination = "021000020" },
	} {
		p := payer
		change(&p)
		if f := fault.Of(p.Check()); f == nil || f.Kind != fault.Invalid || f.Code != payee.CodePayer || f.Message != want {
			t.Errorf("%v\nwant %s", p.Check(), want)
		}
	}
	more, less := number.Frac(11, 10), number.Of(-1)
	for want, changes := range map[string][]func(*payee.Profile){
		"payer: say who pays: the id of a payer.":                        {func(p *payee.Profile) { p.Payer = "" }},
		"legal_name: say it as the bank knows it.":                       {func(p *payee.Profile) { p.LegalName = "" }},
		"country: give the two letters of ISO 3166-1, such as IN.":       {func(p *payee.Profile) { p.Country = "" }},
		"class: it is employee, agent, contractor, business or foreign.": {func(p *payee.Profile) { p.Class = "" }, func(p *payee.Profile) { p.Class = "dealer" }},
		"rate: it is a part of one, from 0 to 1: 0.3 for 30 %.":          {func(p *payee.Profile) { p.Rate = &more }, func(p *payee.Profile) { p.Rate = &less }},
		"held: it holds a control character.":                            {func(p *payee.Profile) { p.Held = "a\nb" }},
	} {
		for _, change := range changes {
			p := profile
			change(&p)
			if f := fault.Of(p.Check()); f == nil || f.Kind != fault.Invalid || f.Code != payee.CodeProfile || f.Message != want {
				t.Errorf("%v\nwant %s", p.Check(), want)
			}
		}
	}
}

// TestPoliciesOfSeveralLevels: each level takes another person, none of whom asked; only the last accepts.
func TestPoliciesOfSeveralLevels(t *testing.T) {
	policy := approval.Policy{Levels: []approval.Level{{Name: "Finance", Approvers: []string{"per_ann", "per_jo"}}, {Name: "Owner"}},
		Delegates: []approval.Delegate{{From: "per_jo", To: "per_deb", Span: calendar.Span{From: "2026-11-01", Until: "2026-12-01"}}}}
	c := asked(t, seller("per_jo"), true)
	refused := func(_ payee.Change, err error, code string) {
		t.Helper()
		if f := fault.Of(err); f == nil || f.Kind != fault.Forbidden || f.Code != code {
			t.Errorf("%v, want %s", err, code)
		}
	}
	accept := func(c payee.Change, id string) (payee.Change, error) {
		return c.Accept(policy, admin(id), "2026-11-22", noon())
	}
	got, err := accept(c, "per_bob")
	refused(got, err, approval.CodeNotApprover)
	got, err = accept(c, "per_deb") // for who asked
	refused(got, err, approval.CodeFourEyes)
	half, err := accept(c, "per_ann")
	if err != nil || half.State != payee.Waiting || len(half.Given) != 1 || half.Rev != 2 || half.Sealed == nil || len(c.Given) != 0 {
		t.Fatalf("%+v, %v", half, err)
	}
	got, err = accept(half, "per_ann")
	refused(got, err, approval.CodeFourEyes)
	got, err = accept(half, "per_bob")
	if err != nil || got.State != payee.Accepted || len(got.Given) != 2 || got.DecidedBy != "per_bob" || got.Rev != 3 {
		t.Errorf("%+v, %v", got, err)
	}
	named := approval.Policy{Levels: policy.Levels[:1]}
	got, err = half.Refuse(named, admin("per_bob"), "no", "2026-11-22", noon())
	refused(got, err, approval.CodeNotApprover)
	if got, err = half.Refuse(named, admin("per_ann"), "no", "2026-11-22", noon()); err != nil || got.State != payee.Refused {
		t.Errorf("%+v, %v", got, err)
	}
}
