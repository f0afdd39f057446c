package storetest

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"leadline/shared/approval"
	"leadline/shared/fault"
	"leadline/shared/number"
	"leadline/shared/payee"
	"leadline/shared/store"
	"leadline/shared/tax"
)

func payerTests() []test { return payers().tests() }

func profileTests() []test {
	return append(profiles().tests(), test{"a deleted profile takes its changes along", deletedProfile})
}

func changeTests() []test {
	return append(changes().tests(), []test{
		{"a change is taken with who takes it over, all or nothing", takenOver},
		{"one of concurrent decisions wins, and the profile is that of the winner", oneDecision},
		{"the changes of one are listed apart", changesOfOne},
		{"a change keeps the time when it was asked for", func(t *testing.T, s Stores) {
			c := newChange("org_a", "chg_a")
			ok(t, s.Payees.SaveChange(ctx(t), c, nil, nil, nil))
			moved := changedChange(c)
			moved.RequestedAt = moved.RequestedAt.Add(time.Nanosecond)
			is(t, s.Payees.SaveChange(ctx(t), moved, nil, nil, nil), fault.Conflict, store.CodeStale)
			again := c
			again.RequestedAt = moved.RequestedAt
			is(t, s.Payees.SaveChange(ctx(t), again, nil, nil, nil), fault.Conflict, store.CodeStale)
			same(t, all(t, 10, changes().pages(t, s, "org_a")), []payee.Change{c})
		}},
	}...)
}

// asTaken gives what a creation says where something is: these stores say of all alike that it is stale.
func asTaken(err error, rev int64) error {
	if f := fault.Of(err); f != nil && f.Code == store.CodeStale && rev == 1 {
		return fault.New(fault.Conflict, store.CodeTaken, "%s", f.Message)
	}
	return err
}

func newPayer(organization, id string) payee.Payer {
	return payee.Payer{ID: id, Organization: organization, Name: "Acme <&> Söhne", Country: "DE", Address: []string{"Street 1", "10117 Berlin"},
		TaxRules: "us-2026", ConfirmedBy: "per_a", ConfirmedAt: base(), Bank: []byte{1, 0, 255}, BankHint: "3000", OriginID: "1234567890",
		Destination: "021000021", CreatedAt: base(), UpdatedAt: base(), Rev: 1}
}

func payers() resource[payee.Payer] {
	save := func(ctx context.Context, s Stores, p payee.Payer, r *store.Receipt) error {
		return asTaken(s.Payees.SavePayer(ctx, p, r), p.Rev)
	}
	return resource[payee.Payer]{
		make: newPayer,
		changed: func(p payee.Payer) payee.Payer {
			p.Name, p.Address, p.TaxRules, p.ConfirmedBy, p.ConfirmedAt = "Another", nil, "", "", time.Time{}
			p.Bank, p.BankHint, p.Archived, p.UpdatedAt, p.Rev = []byte{7}, "0007", true, base().Add(time.Hour), p.Rev+1
			return p
		},
		inRev:  func(p payee.Payer, by int64) payee.Payer { p.Rev += by; return p },
		id:     func(p payee.Payer) string { return p.ID },
		create: save,
		update: func(ctx context.Context, s Stores, p payee.Payer, r *store.Receipt) error {
			return s.Payees.SavePayer(ctx, p, r)
		},
		get: func(ctx context.Context, s Stores, organization, id string) (payee.Payer, error) {
			return s.Payees.Payer(ctx, organization, id)
		},
		list: func(ctx context.Context, s Stores, organization string, p store.Page) ([]payee.Payer, string, error) {
			return s.Payees.Payers(ctx, organization, p)
		},
	}
}

func newProfile(organization, participant string) payee.Profile {
	rate := number.Frac(1, 3)
	return payee.Profile{Organization: organization, Participant: participant, Payer: "pyr_a", LegalName: "Jo Dö", Country: "IN", Class: tax.Agent, Rate: &rate,
		GrossUp: true, TaxID: []byte{1, 2}, TaxIDHint: "234F", Bank: []byte{3}, BankHint: "6789", BankSince: base(), Held: "under review", UpdatedAt: base(), Rev: 1}
}

func changedProfile(p payee.Profile) payee.Profile {
	p.Payer, p.Rate, p.GrossUp, p.TaxID, p.TaxIDHint, p.Held = "pyr_b", nil, false, nil, "", ""
	p.Bank, p.BankHint, p.BankSince, p.UpdatedAt, p.Rev = []byte{9, 9}, "9999", base().Add(time.Hour), base().Add(time.Hour), p.Rev+1
	return p
}

func profiles() resource[payee.Profile] {
	return resource[payee.Profile]{
		make: newProfile, changed: changedProfile,
		inRev: func(p payee.Profile, by int64) payee.Profile { p.Rev += by; return p },
		id:    func(p payee.Profile) string { return p.Participant },
		create: func(ctx context.Context, s Stores, p payee.Profile, r *store.Receipt) error {
			return asTaken(s.Payees.SaveProfile(ctx, p, r), p.Rev)
		},
		update: func(ctx context.Context, s Stores, p payee.Profile, r *store.Receipt) error {
			return s.Payees.SaveProfile(ctx, p, r)
		},
		get: func(ctx context.Context, s Stores, organization, participant string) (payee.Profile, error) {
			return s.Payees.Profile(ctx, organization, participant)
		},
		list: func(ctx context.Context, s Stores, organization string, p store.Page) ([]payee.Profile, string, error) {
			return s.Payees.Profiles(ctx, organization, p)
		},
	}
}

func newChange(organization, id string) payee.Change {
	return payee.Change{ID: id, Organization: organization, Of: "mem_a", What: payee.OfBank, Sealed: []byte{1, 2, 3}, Hint: "6789", State: payee.Waiting,
		Given: []approval.Given{{Level: 1, Name: "Finance", By: "per_c", For: "per_d", At: base()}}, RequestedBy: "per_a", RequestedAt: base(), ExpiresAt: base().Add(payee.Patience), Rev: 1}
}

func changedChange(c payee.Change) payee.Change {
	c.Sealed, c.State, c.DecidedBy, c.DecidedAt, c.Reason, c.Rev = nil, payee.Refused, "per_b", base().Add(time.Hour), "not <yours>", c.Rev+1
	return c
}

func changes() resource[payee.Change] {
	return resource[payee.Change]{
		make: newChange, changed: changedChange,
		inRev: func(c payee.Change, by int64) payee.Change { c.Rev += by; return c },
		id:    func(c payee.Change) string { return c.ID },
		order: func(a, b payee.Change) int {
			return cmp.Or(b.RequestedAt.Compare(a.RequestedAt), cmp.Compare(b.ID, a.ID))
		},
		create: func(ctx context.Context, s Stores, c payee.Change, r *store.Receipt) error {
			return asTaken(s.Payees.SaveChange(ctx, c, nil, nil, r), c.Rev)
		},
		update: func(ctx context.Context, s Stores, c payee.Change, r *store.Receipt) error {
			return s.Payees.SaveChange(ctx, c, nil, nil, r)
		},
		get: func(ctx context.Context, s Stores, organization, id string) (payee.Change, error) {
			return s.Payees.Change(ctx, organization, id)
		},
		list: func(ctx context.Context, s Stores, organization string, p store.Page) ([]payee.Change, string, error) {
			return s.Payees.Changes(ctx, organization, p)
		},
	}
}

func deletedProfile(t *testing.T, s Stores) {
	kept := newProfile("org_a", "mem_b")
	keptChange := newChange("org_a", "chg_b")
	keptChange.Of = kept.Participant
	ok(t, s.Payees.SaveProfile(ctx(t), newProfile("org_a", "mem_a"), nil))
	ok(t, s.Payees.SaveProfile(ctx(t), kept, nil))
	ok(t, s.Payees.SaveChange(ctx(t), keptChange, nil, nil, nil))
	for n := range store.MaxLimit + 3 {
		c := newChange("org_a", fmt.Sprint("chg_", n))
		c.RequestedAt = base().Add(time.Duration(n/2) * time.Second)
		ok(t, s.Payees.SaveChange(ctx(t), c, nil, nil, nil))
	}
	ok(t, s.Payees.DeleteProfile(ctx(t), "org_b", "mem_a"))
	profiles().stands(t, s, "org_a", newProfile("org_a", "mem_a"))
	for range 2 {
		ok(t, s.Payees.DeleteProfile(ctx(t), "org_a", "mem_a"))
		_, err := s.Payees.Profile(ctx(t), "org_a", "mem_a")
		is(t, err, fault.NotFound, "")
		_, err = s.Payees.Change(ctx(t), "org_a", "chg_0")
		is(t, err, fault.NotFound, "")
		same(t, all(t, 10, changes().pages(t, s, "org_a")), []payee.Change{keptChange})
		same(t, all(t, 10, changesOf(t, s, "org_a", "mem_a")), nil)
		same(t, all(t, 10, profiles().pages(t, s, "org_a")), []payee.Profile{kept})
	}
	ok(t, s.Payees.SaveProfile(ctx(t), newProfile("org_a", "mem_a"), nil))
}

func takenOver(t *testing.T, s Stores) {
	payer, profile, c := newPayer("org_a", "pyr_a"), newProfile("org_a", "mem_a"), newChange("org_a", "chg_a")
	ok(t, s.Payees.SavePayer(ctx(t), payer, nil))
	ok(t, s.Payees.SaveProfile(ctx(t), profile, nil))
	ok(t, s.Payees.SaveChange(ctx(t), c, nil, nil, nil))
	stands := func() {
		t.Helper()
		payers().stands(t, s, "org_a", payer)
		profiles().stands(t, s, "org_a", profile)
		changes().stands(t, s, "org_a", c)
	}
	accepted, richer, other := changedChange(c), changedProfile(profile), payers().changed(payer)
	late, lateProfile, latePayer := accepted, richer, other
	late.Rev, lateProfile.Rev, latePayer.Rev = 3, 3, 3
	for name, try := range map[string]struct {
		change  payee.Change
		payer   *payee.Payer
		profile *payee.Profile
	}{
		"a stale change":  {late, &other, &richer},
		"a stale profile": {accepted, &other, &lateProfile},
		"a stale payer":   {accepted, &latePayer, &richer},
	} {
		receipt := newReceipt(name, base().Add(24*time.Hour))
		is(t, s.Payees.SaveChange(ctx(t), try.change, try.payer, try.profile, &receipt), fault.Conflict, store.CodeStale)
		_, err := s.Tenancy.Receipt(ctx(t), "org_a", name, base())
		is(t, err, fault.NotFound, "")
		stands()
	}
	receipt := newReceipt("k", base().Add(24*time.Hour))
	ok(t, s.Payees.SaveChange(ctx(t), accepted, &other, &richer, &receipt))
	payer, profile, c = other, richer, accepted
	stands()
	got, err := s.Tenancy.Receipt(ctx(t), "org_a", "k", base())
	ok(t, err)
	same(t, got, receipt)
}

func oneDecision(t *testing.T, s Stores) {
	profile, c := newProfile("org_a", "mem_a"), newChange("org_a", "chg_a")
	ok(t, s.Payees.SaveProfile(ctx(t), profile, nil))
	ok(t, s.Payees.SaveChange(ctx(t), c, nil, nil, nil))
	oneWins(t, atOnce(t, func(n int) error {
		decided := changedChange(c)
		decided.DecidedBy = fmt.Sprint("per_", n)
		if n%2 == 1 {
			return s.Payees.SaveChange(ctx(t), decided, nil, nil, nil)
		}
		decided.State = payee.Accepted
		richer := changedProfile(profile)
		richer.BankHint = decided.DecidedBy
		return s.Payees.SaveChange(ctx(t), decided, nil, &richer, nil)
	}))
	got, err := s.Payees.Change(ctx(t), "org_a", "chg_a")
	ok(t, err)
	after, err := s.Payees.Profile(ctx(t), "org_a", "mem_a")
	ok(t, err)
	if got.State == payee.Accepted && after.BankHint != got.DecidedBy || got.State == payee.Refused && after.Rev != 1 {
		t.Fatalf("the change is %s by %s, the profile has %s at rev %d", got.State, got.DecidedBy, after.BankHint, after.Rev)
	}
}

func changesOfOne(t *testing.T, s Stores) {
	var want, others []payee.Change
	for n, id := range hostile() {
		if slices.Index(hostile(), id) < n {
			continue // it is there twice
		}
		c := newChange("org_a", id)
		c.RequestedAt = base().Add(time.Duration(n/3) * time.Second)
		if n%2 == 0 {
			c.Of = "mem_b"
			others = append(others, c)
		} else {
			want = append(want, c)
		}
		ok(t, s.Payees.SaveChange(ctx(t), c, nil, nil, nil))
		b := c
		b.Organization = "org_b"
		ok(t, s.Payees.SaveChange(ctx(t), b, nil, nil, nil))
	}
	slices.SortFunc(want, changes().order)
	slices.SortFunc(others, changes().order)
	pages(t, want, changesOf(t, s, "org_a", "mem_a"))
	same(t, all(t, 4, changesOf(t, s, "org_a", "mem_b")), others)
	same(t, all(t, 4, changesOf(t, s, "org_a", "mem_c")), nil)
	refuses(t, changesOf(t, s, "org_a", "mem_a"), next(changesOf(t, s, "org_a", "mem_b")), next(changesOf(t, s, "org_b", "mem_a")))
	ok(t, s.Payees.SaveChange(ctx(t), changedChange(want[0]), nil, nil, nil))
	want[0] = changedChange(want[0])
	same(t, all(t, 5, changesOf(t, s, "org_a", "mem_a")), want)

	ended, end := context.WithCancel(ctx(t))
	end()
	_, _, err := s.Payees.ChangesOf(ended, "org_a", "mem_a", store.Page{Limit: 1})
	is(t, err, fault.Unavailable, "")
	is(t, s.Payees.DeleteProfile(ended, "org_a", "mem_a"), fault.Unavailable, "")
	same(t, all(t, 5, changesOf(t, s, "org_a", "mem_a")), want)
}

func changesOf(t *testing.T, s Stores, organization, of string) func(store.Page) ([]payee.Change, string, error) {
	return func(p store.Page) ([]payee.Change, string, error) {
		return s.Payees.ChangesOf(ctx(t), organization, of, p)
	}
}
