package main

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"net/http"
	"slices"
	"testing"

	"leadline/shared/ledger"
	"leadline/shared/payout"
	"leadline/shared/record"
	"leadline/shared/store"
	"leadline/shared/tax"
)

// earned is a posting of an amount that somebody earned, and all that one can have besides.
func earned(cause string, amount int64) ledger.Posting {
	return ledger.Posting{Date: "2026-11-22", Cause: ledger.Cause{Kind: ledger.Adjustment, ID: cause, Program: "prg_1", Period: "2026-10", In: "2026-11", Component: "deals", WasRev: 1, NowRev: 2,
		Record: &record.Key{Organization: ours, Connection: "conn_1", Object: "opportunity", ID: "o<1>"}, Code: "record_changed", Document: "d0c", Ref: "adj_1", By: "per_1"},
		Legs: []ledger.Leg{{Account: ledger.Account{Kind: ledger.Cost, Unit: "USD", Payer: "pyr_1"}, Amount: -amount},
			{Account: ledger.Account{Kind: ledger.Owed, Unit: "USD", Payer: "pyr_1"}, Amount: amount, Covered: true}},
		Years: map[string]tax.Year{"pyr_1/2026-27/194H": {Base: amount, Exempt: 1, Crossed: true, Withheld: 2, Assessed: 3, Due: "1/3"}}}
}

func (s *system) postTo(participant string, postings ...ledger.Posting) {
	s.t.Helper()
	_, err := s.handler.books().Post(s.t.Context(), ours, participant, func(ledger.Book) ([]ledger.Posting, error) { return postings, nil })
	s.must(err)
}

func (s *system) rooted(period string) ledger.Root {
	s.t.Helper()
	root, err := s.handler.books().Seal(s.t.Context(), ours, "prg_1", period)
	s.must(err)
	return root
}

// booked gives a participant a row, and the ledger a root.
func (w *world) booked() {
	w.t.Helper()
	if w.params["participant"] == "" {
		w.params["participant"] = "mem_1"
	}
	w.postTo(w.params["participant"], earned("a", 5))
	w.params["root"] = fmt.Sprint(w.rooted("2026-11").Number)
}

func TestTheLedgerIsShownToWhoMaySeeIt(t *testing.T) {
	o := newOffice(t)
	award := ledger.Posting{Date: "2026-11-22", Cause: ledger.Cause{Kind: ledger.Awarded, ID: "p"}, Legs: []ledger.Leg{
		{Account: ledger.Account{Kind: ledger.Cost, Unit: ledger.Points}, Amount: -12_500_000}, {Account: ledger.Account{Kind: ledger.Owed, Unit: ledger.Points}, Amount: 12_500_000}}}
	o.postTo(o.ids["rep"], earned("a", 12345), earned("b", 5), award)
	o.postTo("mem_gone", earned("a", 1))
	path := func(who string) string { return "/v1/ledger/participants/" + who }
	b := read[LedgerBook](t, o.get(o.keys["rep"], path("me")+"/accounts").want(t, 200))
	texts := []string{}
	for _, a := range b.Accounts {
		texts = append(texts, a.Kind+" "+a.Text)
	}
	if want := []string{"cost -123.50 USD", "cost -12.5 points", "owed 123.50 USD", "owed 12.5 points"}; b.Participant != o.ids["rep"] || b.Rows != 3 || !slices.Equal(texts, want) {
		t.Errorf("the book is %+v", b)
	}
	for key, who := range map[string]string{o.admin: o.ids["rep"], o.keys["rep"]: "me"} {
		rows := walk[LedgerRow](o.system, key, path(who)+"/rows?limit=2")
		if len(rows) != 3 || rows[0].Cause.ID != "p" || rows[2].Cause.Record.ID != "o<1>" || rows[2].Cause.By != "per_1" {
			t.Errorf("the newest rows are %+v", rows)
		}
		if rows = walk[LedgerRow](o.system, key, path(who)+"/rows?order=chain&limit=2"); len(rows) != 3 || rows[0].Number != 1 || rows[1].Chain[0].Previous != rows[0].Chain[0].Hash {
			t.Errorf("the rows of the chain are %+v", rows)
		}
	}
	for _, what := range []string{"/accounts", "/rows"} {
		o.get(o.keys["other"], path(o.ids["rep"])+what).want(t, 404, "not_found")
		o.get(o.keys["rep"], path("mem_gone")+what).want(t, 404, "not_found")
		o.get(o.keys["nobody"], path("me")+what).want(t, 403, "no_member")
		o.get(o.admin, path("mem_gone")+what).want(t, 200)
	}
	if none := read[LedgerBook](t, o.get(o.keys["other"], path("me")+"/accounts").want(t, 200)); none.Rows != 0 || none.Accounts == nil {
		t.Errorf("without rows: %+v", none)
	}
	o.get(o.admin, path(o.ids["rep"])+"/rows?order=random").want(t, 422)
	o.get(o.admin, path(o.ids["rep"])+"/rows?cursor=x").want(t, 400, "invalid_cursor")
	for _, admins := range []string{"books", "roots", "roots/1/heads"} {
		o.get(o.keys["lead"], "/v1/ledger/"+admins).want(t, 403, "role_not_sufficient")
	}
}

// TestTaxIsTheParticipantsOwn: whoever leads somebody sees what is paid, and neither how it is taxed nor to which account it goes.
func TestTaxIsTheParticipantsOwn(t *testing.T) {
	o := newOffice(t)
	account := func(kind ledger.Kind) ledger.Account { return ledger.Account{Kind: kind, Unit: "USD", Payer: "pyr_1"} }
	withheld := ledger.Posting{Date: "2026-11-22", Cause: ledger.Cause{Kind: ledger.Collected, ID: "w"}, Legs: []ledger.Leg{
		{Account: account(ledger.Owed), Amount: -100}, {Account: account(ledger.Tax), Amount: 10}, {Account: account(ledger.Transit), Amount: 90}}}
	rep := o.ids["rep"]
	o.postTo(rep, earned("a", 100), withheld)
	b := payout.New(payout.Batch{ID: "pay_000000000001", Organization: ours, Payer: "pyr_1", Currency: "USD", PayOn: "2026-12-01"}, "per_1", o.clock.now())
	o.must(o.finance.Payouts.SavePayoutBatch(t.Context(), b, nil))
	o.must(o.finance.Payouts.SavePayment(t.Context(), payout.Payment{Organization: ours, Batch: b.ID, Participant: rep, Gross: 100, Tax: 10, Net: 90, Hint: "6789", State: payout.PaymentFrozen,
		Assessment: tax.Assessment{Lines: []tax.Line{{Rule: "backup", Section: "3406", Tax: 10, Why: "no TIN"}}}, CreatedAt: o.clock.now(), Rev: 1}))
	for name, c := range map[string]struct {
		key, who string
		whole    bool
	}{"an admin": {o.admin, rep, true}, "the participant": {o.keys["rep"], "me", true}, "the participant, by id": {o.keys["rep"], rep, true}, "the lead": {o.keys["lead"], rep, false}} {
		paid := walk[PayoutPayment](o.system, c.key, "/v1/payments/"+c.who)
		if len(paid) != 1 || paid[0].Net.Minor != 90 || paid[0].Gross.Minor != 100 || paid[0].State != "frozen" || (paid[0].Account == "6789") != c.whole || (len(paid[0].Taxes) == 1) != c.whole {
			t.Errorf("%s sees the payments %+v", name, paid)
		}
		book := read[LedgerBook](t, o.get(c.key, "/v1/ledger/participants/"+c.who+"/accounts").want(t, 200))
		taxed := slices.ContainsFunc(book.Accounts, func(a LedgerAccount) bool { return a.Kind == string(ledger.Tax) })
		if taxed != c.whole || (len(book.Years) > 0) != c.whole || !slices.ContainsFunc(book.Accounts, func(a LedgerAccount) bool { return a.Kind == string(ledger.Transit) && a.Balance == 90 }) {
			t.Errorf("%s sees the book %+v", name, book)
		}
		for _, order := range []string{"newest", "chain"} {
			status := http.StatusOK
			if !c.whole {
				status = http.StatusForbidden
			}
			o.get(c.key, "/v1/ledger/participants/"+c.who+"/rows?order="+order).want(t, status)
		}
	}
}

func TestRootsAndWhatTheyBind(t *testing.T) {
	s := newSystem(t)
	for n := range 1003 {
		s.postTo(fmt.Sprintf("mem_%04d", n), earned("a", 5))
	}
	first := s.rooted("2026-10")
	second := s.rooted("2026-11")
	roots := walk[LedgerRoot](s, s.owner, "/v1/ledger/roots?limit=1")
	if len(roots) != 2 || roots[0] != LedgerRoot(second) || roots[1] != LedgerRoot(first) {
		t.Errorf("the roots are %+v", roots)
	}
	heads := walk[LedgerHead](s, s.owner, "/v1/ledger/roots/1/heads?limit=150")
	if len(heads) != 2006 || heads[0].Participant != "mem_0000" || heads[2005].Participant != "mem_1002" {
		t.Errorf("%d heads, from %+v to %+v", len(heads), heads[0], heads[len(heads)-1])
	}
	if books := walk[LedgerBook](s, s.owner, "/v1/ledger/books?limit=200"); len(books) != 1003 {
		t.Errorf("%d books", len(books))
	}
	s.get(s.owner, "/v1/ledger/roots/3/heads").want(t, 404, "not_found")
	s.get(s.owner, "/v1/ledger/roots/0/heads").want(t, 404, "not_found")
	s.get(s.owner, "/v1/ledger/roots/1/heads?cursor=x").want(t, 400, "invalid_cursor")
	s.must(s.payloads.Delete(t.Context(), "ledger/"+ours+"/"+first.List+".gz"))
	s.get(s.owner, "/v1/ledger/roots/1/heads").want(t, 404, "not_found")
}

// answered is the ledger as the API gives it.
type answered struct {
	s *system
}

func decoded[T, V any](a answered, path string, show func(V) T) iter.Seq2[T, error] {
	var all []T
	for _, raw := range walk[json.RawMessage](a.s, a.s.owner, path) {
		var v V
		a.s.must(json.Unmarshal(raw, &v))
		all = append(all, show(v))
	}
	return func(yield func(T, error) bool) {
		for _, one := range all {
			if !yield(one, nil) {
				return
			}
		}
	}
}

func same[T any](v T) T { return v }

func (a answered) Roots() iter.Seq2[ledger.Root, error] {
	return decoded(a, "/v1/ledger/roots?limit=200", same[ledger.Root]) // there is one
}

func (a answered) Heads(r ledger.Root) iter.Seq2[ledger.HeadAt, error] {
	return decoded(a, fmt.Sprintf("/v1/ledger/roots/%d/heads?limit=2", r.Number), same[ledger.HeadAt])
}

func (a answered) Books() iter.Seq2[ledger.Book, error] {
	return decoded(a, "/v1/ledger/books?limit=2", func(b LedgerBook) ledger.Book {
		out := ledger.Book{Organization: ours, Participant: b.Participant, Rows: b.Rows, Heads: map[ledger.Account]ledger.Head{}, Years: map[string]tax.Year{}}
		for _, h := range b.Accounts {
			out.Heads[ledger.Account{Kind: ledger.Kind(h.Kind), Unit: ledger.Unit(h.Unit), Payer: h.Payer}] = ledger.Head{Seq: h.Seq, Hash: h.Hash, Balance: h.Balance}
		}
		for key, y := range b.Years {
			out.Years[key] = tax.Year(y)
		}
		return out
	})
}

func (a answered) Book(string) (ledger.Book, error) { return ledger.Book{}, nil }

func (a answered) Rows(participant string, _ int64) iter.Seq2[ledger.Row, error] {
	return decoded(a, "/v1/ledger/participants/"+participant+"/rows?order=chain&limit=2", same[ledger.Row])
}

// tampered is a ledger in which somebody changed a row.
type tampered struct{ store.Ledger }

func (s tampered) Rows(ctx context.Context, organization, participant string, p store.Page) ([]ledger.Row, string, error) {
	rows, next, err := s.Ledger.Rows(ctx, organization, participant, p)
	for n := range rows {
		if rows[n].Cause.ID == "b" {
			rows[n].Cause.By = "somebody else"
		}
	}
	return rows, next, err
}

// TestAClientCanVerifyTheLedgerByItself: the API gives all that is hashed, as it is hashed.
func TestAClientCanVerifyTheLedgerByItself(t *testing.T) {
	s := newSystem(t)
	s.postTo("mem_1", earned("a", 5), earned("b", 6), earned("c", 7))
	s.postTo("mem_2", earned("a", 5))
	s.rooted("2026-11")
	verify := func() (checked ledger.Checked, found []ledger.Finding) {
		checked, err := ledger.Verify(ours, answered{s: s}, "", func(f ledger.Finding) { found = append(found, f) }, func(ledger.Checked, int) {})
		s.must(err)
		return checked, found
	}
	if checked, found := verify(); len(found) > 0 || checked.Rows != 4 || checked.Heads != 4 || checked.Roots != 1 {
		t.Errorf("checked %+v, found %+v", checked, found)
	}
	s.handler.finance.Ledger = tampered{s.handler.finance.Ledger}
	if _, found := verify(); len(found) != 2 || found[0].Code != ledger.FoundHash || found[0].Row != 2 || found[0].Participant != "mem_1" {
		t.Errorf("found %+v", found)
	}
	if got := s.get(s.owner, "/v1/ledger/participants/mem_2/rows?order=chain").want(t, http.StatusOK); len(got.body) == 0 {
		t.Error("nothing is answered")
	}
}
