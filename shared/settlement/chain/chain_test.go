package chain_test

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"iter"
	"math/big"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"leadline/shared/calendar"
	"leadline/shared/fault"
	"leadline/shared/ledger"
	"leadline/shared/ledger/bookkeeper"
	"leadline/shared/payout"
	"leadline/shared/payout/bankfile"
	"leadline/shared/settlement"
	"leadline/shared/store"
)

var (
	histories = flag.Int("histories", 6, "how many random histories are played")
	firstSeed = flag.Uint64("first", 1, "the seed of the first of them")
)

// TestFromADealToTheBank: over random plans and histories, with a ledger that fails before and behind its writes and messages that
// come twice in any order, statements, ledger, tax, batches and bank files agree after every step, and what is final stays as it is.
func TestFromADealToTheBank(t *testing.T) {
	var total seen
	var failed int
	for n := range uint64(*histories) {
		t.Run(fmt.Sprint("seed ", *firstSeed+n), func(t *testing.T) {
			w := newWorld(t, *firstSeed+n)
			w.history()
			total.negative, total.taxed, total.returned = total.negative+w.negative, total.taxed+w.taxed, total.returned+w.returned
			total.cancelled, total.adjusted, total.paid = total.cancelled+w.cancelled, total.adjusted+w.adjusted, total.paid+w.paid
			failed += w.failed
		})
	}
	if min(total.negative, total.taxed, total.returned, total.cancelled, total.adjusted, total.paid, failed) == 0 {
		t.Errorf("the histories are too tame: %d carried, %d taxed, %d returned, %d cancelled, %d adjusted, %d paid, %d failures", total.negative, total.taxed, total.returned,
			total.cancelled, total.adjusted, total.paid, failed)
	}
}

func (w *world) history() {
	w.t.Helper()
	w.people = []string{"mem_00000000lead", "mem_00000000kim0", "mem_00000000sue0", "mem_00000000joe0"}
	for _, id := range w.people {
		w.reports(id, "", "")
		if w.often(70) {
			w.profile(id) // who has none yet earns from nobody in particular
		}
	}
	w.publish(w.anyPlan(), "2026-04-01")
	days := []calendar.Date{"2026-04-05", "2026-04-25", "2026-05-05", "2026-06-05", "2026-07-05", "2026-08-05"}
	waits := ""
	for n, period := range []string{"2026-04", "2026-05", "2026-06", "2026-07"} {
		for range 8 {
			w.anyDeal(days[:n+2])
		}
		w.tick(time.Date(2026, time.Month(n+5), 3, 12, 0, 0, 0, time.UTC).Sub(w.clock()))
		w.reckon()
		w.somethingElse(period)
		w.close(period, func() {
			if w.often(50) {
				w.anyDeal(days[:n+2])
				w.profile(one(w, w.people...))
				w.reckon()
			}
		})
		w.check()
		if waits != "" {
			w.finish(waits)
			waits = ""
			w.check()
		}
		for _, payer := range payerIDs()[:1+w.random.IntN(2)] {
			id := w.order(payer)
			w.check()
			if w.often(30) && waits == "" {
				waits = id // over the next lock
				continue
			}
			w.finish(id)
			w.check()
		}
	}
	if waits != "" {
		w.finish(waits)
	}
	w.rest()
}

// rest settles once more, with nothing changed meanwhile, and pays who can be paid: then all that was settled is what the engine says.
func (w *world) rest() {
	w.t.Helper()
	w.tick(time.Date(2026, 9, 3, 12, 0, 0, 0, time.UTC).Sub(w.clock()))
	w.reckon()
	w.close("2026-08", func() {})
	w.check()
	for _, who := range w.people {
		if got, want := w.credited(who).money, w.live(who)+w.byHand[who]; got != want {
			w.t.Errorf("%s was credited %d, and the engine and people say %d", who, got, want)
		}
	}
	for _, payer := range payerIDs() {
		if id := w.order(payer); w.batch(id).State == payout.Submitted {
			w.release(id)
		}
		w.check()
	}
	w.verify()
}

func (w *world) book(who string) ledger.Book {
	w.t.Helper()
	b, err := w.ledger.Book(w.t.Context(), organization, who)
	w.must(err)
	return b
}

func (w *world) account(kind ledger.Kind, payer string) ledger.Account {
	return ledger.Account{Kind: kind, Unit: ledger.Unit(w.land.currency), Payer: payer}
}

func (w *world) batch(id string) payout.Batch {
	w.t.Helper()
	b, err := w.batches.PayoutBatch(w.t.Context(), organization, id)
	w.must(err)
	return b
}

func (w *world) payments(id string) []payout.Payment {
	w.t.Helper()
	return everything(w, func(ctx context.Context, p store.Page) ([]payout.Payment, string, error) {
		return w.batches.Payments(ctx, organization, id, p)
	})
}

func everything[T any](w *world, read func(context.Context, store.Page) ([]T, string, error)) (all []T) {
	w.t.Helper()
	for item, err := range store.All(w.t.Context(), read) {
		w.must(err)
		all = append(all, item)
	}
	return all
}

// credit is what statements gave somebody.
type credit struct{ money, benefits, points int64 }

// credited sums the posted statements of somebody, and holds each to what it was when it was first seen.
func (w *world) credited(who string) (sum credit) {
	w.t.Helper()
	for _, period := range w.locked {
		st, err := w.states.Statement(w.t.Context(), organization, programID, period, who)
		if fault.Is(err, fault.NotFound) {
			continue
		}
		w.must(err)
		if !st.Posted {
			continue // of a revision that was given up
		}
		sum = credit{sum.money + st.Credited, sum.benefits + st.Benefits, sum.points + st.Points}
		item, err := json.Marshal(st)
		w.must(err)
		text := string(item)
		for _, hash := range []string{st.Document, st.Reckoned} {
			if hash != "" {
				stored, err := w.objects.Get(w.t.Context(), "settled/"+organization+"/"+programID+"/"+hash+".gz")
				w.must(err)
				text += string(stored)
			}
		}
		if before, known := w.statements[period+who]; known && before != text {
			w.t.Errorf("the statement of %s for %s has changed", period, who)
		} else if !known && st.Adjusted != 0 {
			w.adjusted++
		}
		w.statements[period+who] = text
	}
	return sum
}

// check holds statements, ledger, batches and files to each other.
func (w *world) check() {
	w.t.Helper()
	byPayer := map[string]int64{}
	for _, id := range w.paidBy {
		w.checkBatch(id, byPayer)
	}
	for _, who := range w.people {
		w.checkRows(who)
		is := map[ledger.Kind]int64{}
		for a, h := range w.book(who).Heads {
			if a.Unit != ledger.Points {
				is[a.Kind] += h.Balance
			}
		}
		got := w.credited(who)
		if has := is[ledger.Owed] + is[ledger.Transit] + is[ledger.Paid] + is[ledger.Returned] + is[ledger.Tax] - byPayer[who]; got.money != has {
			w.t.Errorf("%s: the statements come to %d, the ledger has %d: %v, and %d of tax by the payer", who, got.money, has, is, byPayer[who])
		}
		if has := is[ledger.Benefit] + is[ledger.Taxed]; got.benefits != has {
			w.t.Errorf("%s: benefits of %d, the ledger has %d", who, got.benefits, has)
		}
		if has := w.book(who).Balance(ledger.Account{Kind: ledger.Owed, Unit: ledger.Points}); got.points != has {
			w.t.Errorf("%s: points of %d, the ledger has %d", who, got.points, has)
		}
	}
	for _, s := range everything(w, func(ctx context.Context, p store.Page) ([]settlement.Settlement, string, error) {
		return w.states.Settlements(ctx, organization, programID, p)
	}) {
		if s.State == settlement.Paid {
			w.paid++
		}
	}
	if w.t.Failed() {
		w.t.FailNow()
	}
}

// checkRows holds the rows of somebody to what they were, and to balance.
func (w *world) checkRows(who string) {
	w.t.Helper()
	before, causes := w.rows[who], map[string]bool{}
	var now []string
	for _, r := range w.rowsOf(who) {
		text, err := json.Marshal(r)
		w.must(err)
		now = append(now, string(text))
		sums := map[ledger.Unit]int64{}
		for _, leg := range r.Legs {
			sums[leg.Unit] += leg.Amount
		}
		for unit, sum := range sums {
			if sum != 0 {
				w.t.Errorf("row %d of %s is out of balance by %d %s", r.Number, who, sum, unit)
			}
		}
		if causes[r.Cause.ID] {
			w.t.Errorf("%s was posted twice to %s", r.Cause.ID, who)
		}
		causes[r.Cause.ID] = true
	}
	if len(now) < len(before) || !slices.Equal(now[:len(before)], before) {
		w.t.Errorf("rows of %s have changed", who)
	}
	w.rows[who] = now
}

func (w *world) rowsOf(who string) []ledger.Row {
	return everything(w, func(ctx context.Context, p store.Page) ([]ledger.Row, string, error) {
		return w.ledger.Rows(ctx, organization, who, p)
	})
}

// checkBatch holds a batch to its payments, to the ledger and to its file, and adds the tax that its payer bears.
func (w *world) checkBatch(id string, byPayer map[string]int64) {
	w.t.Helper()
	b := w.batch(id)
	var sums payout.Sums
	for _, p := range w.payments(id) {
		sums = sums.Add(p)
		if p.LeftOut == "" && b.State != payout.Cancelled {
			byPayer[p.Participant] += p.ByPayer
		}
	}
	if sums.Payments != b.Payments || sums.Gross != b.Gross || sums.Tax != b.Tax || sums.Net != b.Net || sums.ByPayer != b.ByPayer || sums.LeftOut != b.LeftOut {
		w.t.Errorf("%s: the payments come to %+v, the batch says %+v", id, sums, b)
	}
	moved := map[ledger.Kind]int64{}
	back := 0
	for _, who := range w.people {
		for _, r := range w.rowsOf(who) {
			for _, leg := range r.Legs {
				if r.Cause.Ref == id && leg.Unit != ledger.Points {
					moved[leg.Kind] += leg.Amount
				}
			}
			if r.Cause.Ref == id && r.Cause.Kind == ledger.Bounced {
				back++
			}
		}
	}
	var held, paid int64
	switch b.State {
	case payout.Released:
		for _, p := range w.payments(id) {
			if p.State == payout.PaymentReleased {
				paid += p.Net
			}
		}
	case payout.Submitted, payout.Approved:
		held = b.Net
	}
	if moved[ledger.Transit] != held || moved[ledger.Paid] != paid || back != b.Returned {
		w.t.Errorf("%s is %s with %d, and the ledger moved %v, %d back", id, b.State, b.Net, moved, back)
	}
	if b.State == payout.Released {
		w.checkFile(b)
	}
}

// checkFile makes the file of a released batch again: it is the one that was released, sound, and comes to what the batch says.
func (w *world) checkFile(b payout.Batch) {
	w.t.Helper()
	text, err := w.paying.File(w.t.Context(), b)
	w.must(err)
	if before, known := w.files[b.ID]; known && before != string(text) {
		w.t.Errorf("the file of %s has changed", b.ID)
	}
	w.files[b.ID] = string(text)
	if found := bankfile.Check(b.Format, text); len(found) > 0 {
		w.t.Errorf("%s: %+v", b.ID, found[0])
	}
	for what, sum := range controls(b.Format, string(text)) {
		if sum != fmt.Sprint(b.Net) {
			w.t.Errorf("%s: the %s of the file is %s cents, the batch pays %d", b.ID, what, sum, b.Net)
		}
	}
}

// controls reads the sums of a file, in cents: what it says, and what its payments come to.
func controls(format payout.Format, text string) map[string]string {
	sums, says := new(big.Int), []string{}
	add := func(amount string) {
		n, _ := new(big.Int).SetString(strings.TrimLeft(strings.Replace(amount, ".", "", 1), "0"), 10)
		sums.Add(sums, n)
	}
	switch format {
	case payout.Pain001:
		for _, m := range regexp.MustCompile(`<InstdAmt Ccy="[A-Z]{3}">([0-9]+\.[0-9]{2})<`).FindAllStringSubmatch(text, -1) {
			add(m[1])
		}
		for _, m := range regexp.MustCompile(`<CtrlSum>([0-9]+)\.([0-9]{2})<`).FindAllStringSubmatch(text, -1) {
			says = append(says, strings.TrimLeft(m[1]+m[2], "0"))
		}
	case payout.NACHA:
		for line := range strings.Lines(text) {
			switch {
			case strings.HasPrefix(line, "6"):
				add(line[29:39])
			case strings.HasPrefix(line, "9000"):
				says = append(says, strings.TrimLeft(line[43:55], "0"))
			}
		}
	case payout.CSV:
		for line := range strings.Lines(text) {
			if m := regexp.MustCompile(`,([0-9]+\.[0-9]{2}),[A-Z]{3},`).FindStringSubmatch(line); m != nil {
				add(m[1])
			}
		}
	}
	all := map[string]string{"payments": sums.String()}
	for n, s := range says {
		all[fmt.Sprint("control sum ", n)] = s
	}
	return all
}

// verify has the whole ledger verified, as the command does.
func (w *world) verify() {
	w.t.Helper()
	checked, err := ledger.Verify(organization, source{w}, "", func(f ledger.Finding) { w.t.Errorf("%+v", f) }, func(ledger.Checked, int) {})
	w.must(err)
	if checked.Roots != int64(len(w.locked)) || checked.Rows == 0 || checked.Heads == 0 {
		w.t.Errorf("verified: %+v", checked)
	}
}

// source is the ledger of a world, for its verification.
type source struct{ w *world }

func (s source) Roots() iter.Seq2[ledger.Root, error] {
	all := everything(s.w, func(ctx context.Context, p store.Page) ([]ledger.Root, string, error) {
		return s.w.ledger.Roots(ctx, organization, p)
	})
	slices.Reverse(all)
	return these(all)
}

func (s source) Heads(r ledger.Root) iter.Seq2[ledger.HeadAt, error] {
	return these(everything(s.w, func(ctx context.Context, p store.Page) ([]ledger.HeadAt, string, error) {
		return bookkeeper.HeadsFrom(ctx, s.w.objects, r, p)
	}))
}

func (s source) Books() iter.Seq2[ledger.Book, error] {
	return these(everything(s.w, func(ctx context.Context, p store.Page) ([]ledger.Book, string, error) {
		return s.w.ledger.Books(ctx, organization, p)
	}))
}

func (s source) Book(who string) (ledger.Book, error) { return s.w.book(who), nil }

func (s source) Rows(who string, after int64) iter.Seq2[ledger.Row, error] {
	rows := s.w.rowsOf(who)
	return these(rows[min(int(after), len(rows)):])
}

func these[T any](all []T) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for _, item := range all {
			if !yield(item, nil) {
				return
			}
		}
	}
}
