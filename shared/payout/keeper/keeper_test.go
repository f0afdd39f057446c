package keeper_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"leadline/shared/fault"
	"leadline/shared/ledger"
	"leadline/shared/payee"
	"leadline/shared/payout"
	"leadline/shared/payout/bankfile"
	"leadline/shared/payout/keeper"
	"leadline/shared/tax"
)

// sums adds up the payments of a batch, and holds each to what its amounts must come to.
func (w *world) sums(b payout.Batch) payout.Sums {
	w.t.Helper()
	var s payout.Sums
	for _, p := range w.payments(b.ID) {
		if p.LeftOut == "" && p.Gross != p.Net-p.Back+p.Tax {
			w.t.Errorf("%s: gross %d, back %d, tax %d, net %d", p.Participant, p.Gross, p.Back, p.Tax, p.Net)
		}
		s = s.Add(p)
	}
	return s
}

// agrees holds a batch to its payments, the ledger and the file.
func (w *world) agrees(id string, holds ledger.Kind) {
	w.t.Helper()
	b := w.batch(id)
	s := w.sums(b)
	if want := (payout.Sums{Payments: b.Payments, LeftOut: b.LeftOut, Gross: b.Gross, Back: b.Back(), Tax: b.Tax, ByPayer: b.ByPayer, Net: b.Net}); s != want {
		w.t.Errorf("the payments come to %+v, the batch says %+v", s, want)
	}
	var net, tax int64
	for _, rows := range w.books() {
		for _, r := range rows {
			for _, leg := range r.Legs {
				if r.Cause.Ref == id && leg.Kind == holds {
					net += leg.Amount
				}
				if r.Cause.Ref == id && leg.Kind == ledger.Tax {
					tax += leg.Amount
				}
			}
		}
	}
	if net != b.Net || tax != b.Tax+b.ByPayer {
		w.t.Errorf("the ledger has %d %s and %d tax, the batch says %d and %d", net, holds, tax, b.Net, b.Tax+b.ByPayer)
	}
}

func TestFromOwedToPaid(t *testing.T) {
	w := newWorld(t)
	w.people(230)
	w.profile(somebody(5), func(p *payee.Profile) { p.TaxID = nil }) // below the threshold: nothing is withheld
	w.profile(somebody(6), func(p *payee.Profile) { p.TaxID = nil })
	w.earn(somebody(6), "more", 200_000) // above it: 24 %
	b := w.order(nil)
	w.run()
	b = w.batch(b.ID)
	if b.State != payout.Submitted || b.Payments != 230 || b.Work != (payout.Work{}) {
		t.Fatalf("collected: %+v", b)
	}
	if want := (300_006*24 + 50) / 100; b.Tax != int64(want) || w.balance(somebody(6), ledger.Tax) != int64(want) {
		t.Errorf("tax %d, want %d", b.Tax, want)
	}
	w.agrees(b.ID, ledger.Transit)
	if _, err := w.keeper.File(t.Context(), b); !fault.Is(err, fault.Conflict) {
		t.Errorf("a file before the release: %v", err)
	}
	w.approve(b.ID)
	w.release(b.ID)
	b = w.batch(b.ID)
	if b.State != payout.Released || b.ReleasedBy != bob().ID || w.told == 0 {
		t.Fatalf("released: %+v, told %d", b, w.told)
	}
	w.agrees(b.ID, ledger.Paid)
	first, err := w.keeper.File(t.Context(), b)
	w.must(err)
	for range 3 {
		again, err := w.keeper.File(t.Context(), w.batch(b.ID))
		w.must(err)
		if !bytes.Equal(first, again) {
			t.Fatal("the file is another when it is made again")
		}
	}
	if found := bankfile.CheckNACHA(first); len(found) > 0 {
		t.Errorf("a bank would refuse it: %+v", found)
	}
	// Somebody moves, and the file stays what it was.
	w.profile(somebody(1), func(p *payee.Profile) { p.LegalName, p.Held = "Somebody Else", "left" })
	again, err := w.keeper.File(t.Context(), b)
	w.must(err)
	if !bytes.Equal(first, again) {
		t.Error("the file follows the profiles")
	}
	err = w.act(b.ID, func(b payout.Batch) (payout.Batch, error) { return b.Release(ann(), w.clock()) })
	if f := fault.Of(err); f == nil || f.Code != payout.CodeReleased || !strings.Contains(f.Message, "per_bob on 2026-03-20 12:00 UTC") {
		t.Errorf("a second release: %v", err)
	}
	if again := w.order(nil); true {
		w.run()
		if b := w.batch(again.ID); b.State != payout.Cancelled || b.Payments != 0 || b.Rejected == "" {
			t.Errorf("a batch of nothing: %+v", b)
		}
	}
}

func TestWhoIsLeftOutIsCarried(t *testing.T) {
	w := newWorld(t)
	w.people(8)
	w.earn(somebody(0), "clawback", -150_000)
	w.profile(somebody(1), func(p *payee.Profile) { p.Held = "garnishment" })
	w.profile(somebody(2), func(p *payee.Profile) { p.Bank = nil })
	w.earn(somebody(3), "clawback", -100_003)
	w.must(w.payees.DeleteProfile(t.Context(), organization, somebody(4)))
	w.profile(somebody(5), func(p *payee.Profile) { p.Class = tax.Foreign }) // no rate is known
	w.profile(somebody(6), func(p *payee.Profile) {                          // an account that the format cannot pay
		sealed, err := payee.Bank{Holder: "Payee", Country: "DE", IBAN: "DE89370400440532013000"}.Seal(w.box, organization, somebody(6))
		w.must(err)
		p.Bank = sealed
	})
	b := w.order(nil)
	w.run()
	got := map[string]string{}
	for _, p := range w.payments(b.ID) {
		if got[p.Participant] = p.LeftOut; p.LeftOut != "" && (p.Net != 0 || p.State != payout.PaymentLeftOut) {
			t.Errorf("left out with amounts: %+v", p)
		}
	}
	want := map[string]string{somebody(0): payout.LeftNegative, somebody(1): payout.LeftHeld, somebody(2): payout.LeftNoBank, somebody(4): payout.LeftNoProfile,
		somebody(5): payout.LeftTax, somebody(6): payout.LeftNoBank, somebody(7): ""}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if b := w.batch(b.ID); b.Payments != 1 || b.LeftOut != 6 {
		t.Errorf("%+v", b)
	}
	w.agrees(b.ID, ledger.Transit)
	// What is below zero goes into the next batch.
	w.earn(somebody(0), "next", 60_000)
	next := w.order(func(b *payout.Batch) { b.Participants = []string{somebody(0)} })
	w.run()
	if b := w.batch(next.ID); b.Payments != 1 || b.Net != 10_000 || w.balance(somebody(0), ledger.Owed) != 0 {
		t.Errorf("the next batch: %+v", b)
	}
}

func TestWhatABankReturnsIsPaidAgainUntaxed(t *testing.T) {
	w := newWorld(t)
	w.people(3)
	w.profile(somebody(0), func(p *payee.Profile) { p.Class = tax.Employee })
	b := w.order(nil)
	w.run()
	payment := func(batch string) payout.Payment {
		p, err := w.payouts.Payment(t.Context(), organization, batch, somebody(0))
		w.must(err)
		return p
	}
	first := payment(b.ID)
	if _, err := w.keeper.Return(t.Context(), w.batch(b.ID), first.EndToEnd, "R03", "per_bob"); !fault.Is(err, fault.Conflict) {
		t.Errorf("returned before it was paid: %v", err)
	}
	w.approve(b.ID)
	w.release(b.ID)
	file, err := w.keeper.File(t.Context(), w.batch(b.ID))
	w.must(err)
	if _, err := w.keeper.Return(t.Context(), w.batch(b.ID), "NOBODY", "R03", "per_bob"); !fault.Is(err, fault.NotFound) {
		t.Errorf("returned what is not there: %v", err)
	}
	for _, reason := range []string{"", "no account!"} {
		if _, err := w.keeper.Return(t.Context(), w.batch(b.ID), first.EndToEnd, reason, "per_bob"); !fault.Is(err, fault.Invalid) {
			t.Errorf("returned for %q: %v", reason, err)
		}
	}
	returned, err := w.keeper.Return(t.Context(), w.batch(b.ID), first.EndToEnd, "r03", "per_bob")
	w.must(err)
	if returned.Reason != "R03" || w.balance(somebody(0), ledger.Returned) != first.Net || w.batch(b.ID).Returned != 1 {
		t.Errorf("returned: %+v, %+v", returned, w.batch(b.ID))
	}
	_, err = w.keeper.Return(t.Context(), w.batch(b.ID), first.EndToEnd, "R03", "per_bob")
	if f := fault.Of(err); f == nil || f.Code != payout.CodeReturned || !strings.Contains(f.Message, "R03") {
		t.Errorf("returned twice: %v", err)
	}
	again, err := w.keeper.File(t.Context(), w.batch(b.ID))
	w.must(err)
	if !bytes.Equal(file, again) {
		t.Error("a return changes the file")
	}
	// What somebody owes does not eat what was returned, which is not taxed a second time.
	w.earn(somebody(0), "clawback", -500)
	next := w.order(nil)
	w.run()
	if p := payment(next.ID); p.Gross != 0 || p.Back != first.Net || p.Tax != 0 || p.Net != first.Net || w.batch(next.ID).Payments != 1 {
		t.Errorf("paid again: %+v", p)
	}
	w.agrees(next.ID, ledger.Transit)
	if w.balance(somebody(0), ledger.Owed) != -500 {
		t.Error("what is owed is not carried")
	}
}

func TestACancelledBatchLeavesNothing(t *testing.T) {
	w := newWorld(t)
	w.people(120)
	w.profile(somebody(0), func(p *payee.Profile) { p.TaxID = nil })
	w.earn(somebody(0), "more", 500_000)
	w.credit(ledger.Benefit, somebody(0), "trip", 30_000)
	before := map[string]ledger.Book{}
	for id := range w.books() {
		b, err := w.ledger.Book(t.Context(), organization, id)
		w.must(err)
		before[id] = b
	}
	b := w.order(nil)
	w.run()
	if w.batch(b.ID).Tax == 0 || w.balance(somebody(0), ledger.Taxed) != 30_000 {
		t.Fatal("nothing was taxed")
	}
	w.must(w.act(b.ID, func(b payout.Batch) (payout.Batch, error) {
		return b.Cancel("A mistake.", w.clock())
	}))
	if w.batch(b.ID).State != payout.Cancelling {
		t.Error("not cancelling")
	}
	w.run()
	if b := w.batch(b.ID); b.State != payout.Cancelled || b.Rejected != "A mistake." {
		t.Errorf("%+v", b)
	}
	for id, was := range before {
		now, err := w.ledger.Book(t.Context(), organization, id)
		w.must(err)
		for a, h := range now.Heads {
			if h.Balance != was.Heads[a].Balance {
				t.Errorf("%s: %+v has %d, had %d", id, a, h.Balance, was.Heads[a].Balance)
			}
		}
		for key, y := range now.Years {
			if y != was.Years[key] {
				t.Errorf("%s: the tax year %s is %+v, was %+v", id, key, y, was.Years[key])
			}
		}
	}
	for _, p := range w.payments(b.ID) {
		if p.State != payout.PaymentCancelled {
			t.Errorf("%+v", p)
		}
	}
	next := w.order(nil)
	w.run()
	if got, want := w.batch(next.ID), w.batch(b.ID); got.Net != want.Net || got.Tax != want.Tax || got.State != payout.Submitted {
		t.Errorf("the next batch is another: %+v", got)
	}
}

// TestUnconfirmedRules: nothing is withheld by rules that nobody confirmed, and nothing is paid without what they would withhold.
func TestUnconfirmedRules(t *testing.T) {
	w := newWorld(t)
	w.payer(func(p *payee.Payer) { p.ConfirmedBy = "" })
	w.people(150)
	b := w.order(nil)
	w.run()
	if b := w.batch(b.ID); b.State != payout.Submitted { // contractors with a tax id: nothing is withheld
		t.Fatalf("%+v", b)
	}
	w.cancelled(b.ID)
	w.profile(somebody(149), func(p *payee.Profile) { p.Class = tax.Employee })
	b = w.order(nil)
	w.run()
	if b := w.batch(b.ID); b.State != payout.Cancelled || !strings.Contains(b.Rejected, "us-2026") || !strings.Contains(b.Rejected, "confirm") {
		t.Errorf("%+v", b)
	}
	for i := range 150 {
		if got := w.balance(somebody(i), ledger.Owed); got != 100_000+int64(i) {
			t.Fatalf("%s is owed %d", somebody(i), got)
		}
	}
	w.books()
}

// TestAFileThatCannotBeMade takes the release back before anything is paid.
func TestAFileThatCannotBeMade(t *testing.T) {
	w := newWorld(t)
	w.people(2)
	b := w.order(func(b *payout.Batch) { b.PayOn = "2026-03-25" })
	w.run()
	w.approve(b.ID)
	stored := w.batch(b.ID)
	var err error
	stored.Source, err = payout.Snapshot{Organization: organization, Batch: b.ID, Owner: payerID, Name: "Acme"}.Seal(w.box)
	w.must(err)
	stored.Rev++
	w.must(w.payouts.SavePayoutBatch(t.Context(), stored, nil))
	w.release(b.ID)
	if b := w.batch(b.ID); b.State != payout.Approved || b.Work.Error == "" || b.ReleasedBy != "" || w.balance(somebody(0), ledger.Paid) != 0 {
		t.Errorf("%+v", b)
	}
}

func TestMessages(t *testing.T) {
	m := keeper.Message{Of: keeper.Of, Kind: keeper.Part, Organization: organization, Batch: "pay_1", Run: payout.WorkCollecting, Part: 3}
	text, err := m.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if got, err := keeper.Decode(text); err != nil || got != m {
		t.Errorf("%+v, %v", got, err)
	}
	for _, bad := range []string{"", "{}", `{"of":"settlement","kind":"part","organization":"o","batch":"b"}`, `{"of":"payout","kind":"part","organization":"o"}`} {
		if _, err := keeper.Decode([]byte(bad)); !fault.Is(err, fault.Internal) {
			t.Errorf("%q decodes: %v", bad, err)
		}
	}
}
