package chain_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"leadline/shared/approval"
	"leadline/shared/calendar"
	"leadline/shared/fault"
	incentives "leadline/shared/incentive/keeper"
	"leadline/shared/ledger"
	"leadline/shared/number"
	"leadline/shared/payee"
	"leadline/shared/payout"
	"leadline/shared/program"
	"leadline/shared/settlement"
	"leadline/shared/tax"
)

func payerIDs() []string { return []string{"pyr_00000000000a", "pyr_00000000000b"} }

// one draws one of several.
func one[T any](w *world, of ...T) T { return of[w.random.IntN(len(of))] }

// often is true so many times of a hundred.
func (w *world) often(percent int) bool { return w.random.IntN(100) < percent }

// anyPlan draws a plan: what a component pays, and what changes that.
func (w *world) anyPlan() program.Definition {
	w.t.Helper()
	scale := w.land.scale
	parts := []string{`"rate":` + one(w,
		fmt.Sprintf(`{"tiers":[{"from":"0","pay":"10%%"},{"from":"%d","pay":"20%%"}]}`, 1000*scale),
		fmt.Sprintf(`{"mode":"whole","tiers":[{"from":"0","pay":"7.5%%"},{"from":"%d","pay":"1/6"}]}`, 1500*scale),
		`{"each":true,"tiers":[{"from":"0","pay":"3.33%"}]}`)}
	var adjust, limits []string
	for _, kind := range []string{fmt.Sprintf(`{"kind":"cap_deal","amount":"%d"}`, 200*scale), fmt.Sprintf(`{"kind":"cap","amount":"%d","excess":"carried"}`, 300*scale),
		fmt.Sprintf(`{"kind":"kicker","when":{"of":"count","least":"3"},"amount":"%d"}`, 25*scale)} {
		if w.often(35) {
			adjust = append(adjust, kind)
		}
	}
	for _, kind := range []string{fmt.Sprintf(`{"kind":"draw","amount":"%d","draw":{"form":"guarantee","recoverable":true}}`, 60*scale),
		fmt.Sprintf(`{"kind":"cap","amount":"%d","over":"quarter","excess":"carried"}`, 900*scale)} {
		if w.often(25) {
			limits = append(limits, kind)
		}
	}
	if adjust != nil {
		parts = append(parts, `"adjust":[`+strings.Join(adjust, ",")+`]`)
	}
	if w.often(50) {
		parts = append(parts, fmt.Sprintf(`"clawback":{"policy":%q,"when":"row.status == \"lost\"","date":"lost"}`, one(w, "restate", "take_back", "negative_sale")))
	}
	if w.often(30) {
		parts = append(parts, `"hold":{"share":"25%","after_days":30}`)
	}
	rules := one(w, `{"kind":"direct"}`, `{"kind":"direct"},{"kind":"rollup"}`)
	text := fmt.Sprintf(`{"kind":"commission","title":"Deals","currency":%q,"zone":"Europe/Berlin","period":"month","participants":{},
		"components":[{"name":"deals","source":{"view":"deals"},"value":"row.value","qualifiers":[{"name":"Won only","formula":"row.status == \"won\""}],
		"credit":{"rules":[%s]},%s}],"limits":[%s]`, w.land.currency, rules, strings.Join(parts, ","), strings.Join(limits, ","))
	if w.often(40) {
		text += fmt.Sprintf(`,"standing":{"by":{"of":"earned"},"prizes":[{"from":1,"amount":"%d"},{"from":2,"points":"12.5"}],"milestones":[{"at":"%d","points":"7"}]}`, 10*scale, 50*scale)
	}
	var d program.Definition
	w.must(json.Unmarshal([]byte(text+"}"), &d))
	return d
}

// anyDeal changes some deal at random: it may be another's, won, open or lost.
func (w *world) anyDeal(days []calendar.Date) {
	status, lost := one(w, "won", "won", "won", "open", "lost"), calendar.Date("")
	if status == "lost" {
		lost = days[len(days)-1]
	}
	w.deal(fmt.Sprintf("deal_%02d", w.random.IntN(12)), one(w, w.people...), (50+w.random.IntN(1500))*w.land.scale, status, one(w, days...), lost)
}

// payers makes those who pay; the second one withholds nothing.
func (w *world) payers() {
	for n, id := range payerIDs() {
		p := payee.Payer{ID: id, Organization: organization, Name: "Acme " + id[len(id)-1:], Country: w.land.country, ConfirmedBy: "per_cfo", Rev: 1}
		if n == 0 {
			p.TaxRules = w.land.rules
		}
		w.must(w.payees.SavePayer(w.t.Context(), p, nil))
	}
}

func (w *world) bank(account int) payee.Bank {
	b := payee.Bank{Holder: "Payee", Country: w.land.country, Account: w.land.accounts[account], Code: w.land.code, Type: "checking"}
	if w.land.country == "DE" {
		b = payee.Bank{Holder: "Payee", Country: b.Account[:2], IBAN: b.Account}
	}
	return b
}

// profile changes how somebody is paid at random: who pays, to which account, by which tax class, with a tax id or without.
func (w *world) profile(id string) {
	w.t.Helper()
	p, err := w.payees.Profile(w.t.Context(), organization, id)
	if fault.Is(err, fault.NotFound) {
		p, err = payee.Profile{Organization: organization, Participant: id, Payer: payerIDs()[0], LegalName: "Payee " + strings.ToUpper(id[4:]), Country: w.land.country}, nil
	}
	w.must(err)
	p.Payer, p.Class, p.GrossUp, p.TaxID = payerIDs()[w.random.IntN(20)/15], one(w, tax.Agent, tax.Contractor, tax.Employee), w.often(50), nil
	if p.Class == tax.Employee {
		rate, err := number.Parse("12.5%")
		w.must(err)
		p.Rate = &rate
	}
	if w.often(60) {
		p.TaxID = []byte("sealed")
	}
	if p.Held = ""; w.often(10) {
		p.Held = "asked to wait"
	}
	p.Bank, err = w.bank(w.random.IntN(2)).Seal(w.box, organization, id)
	w.must(err)
	p.Rev++
	w.must(w.payees.SaveProfile(w.t.Context(), p, nil))
}

// somethingElse changes what is no deal: people, accounts, the plan, adjustments by hand.
func (w *world) somethingElse(period string) {
	w.t.Helper()
	for _, id := range w.people {
		if w.often(25) {
			w.profile(id)
		}
	}
	if w.often(40) {
		w.reports(one(w, w.people[1:]...), w.people[0], one(w, calendar.Date("2026-04-01"), "2026-05-10", "2026-06-01"))
		w.must(w.incentives.Outbox.Start(w.t.Context(), w.program(), true))
		w.reckon()
	}
	if w.often(25) {
		w.publish(w.anyPlan(), calendar.Date(period+"-01"))
	}
	for n := range w.random.IntN(3) {
		m := settlement.Manual{ID: fmt.Sprintf("adj_%s%d", strings.ReplaceAll(period, "-", ""), n), Organization: organization, Program: programID, Participant: one(w, w.people...), Period: period,
			Kind: one(w, settlement.ByHandMoney, settlement.ByHandMoney, settlement.ByHandPoints, settlement.ByHandBenefit), State: settlement.ManualPending, By: "per_cat", Rev: 1}
		m.Amount = int64(w.random.IntN(4000*w.land.scale) + 1)
		if m.Kind == settlement.ByHandMoney {
			m.Amount -= int64(3000 * w.land.scale)
			w.byHand[m.Participant] += m.Amount
		}
		w.must(w.states.SaveManual(w.t.Context(), m, nil))
	}
}

// close takes a period from open to locked; between the freezing and the lock something happens.
func (w *world) close(period string, between func()) {
	w.t.Helper()
	ctx := w.t.Context()
	do := func(_ settlement.Settlement, err error) { w.t.Helper(); w.must(err) }
	do(w.settling.Calculate(ctx, w.program(), period, ann()))
	w.work()
	if w.often(30) { // somebody wants it made anew
		between()
		do(w.settling.Calculate(ctx, w.program(), period, ann()))
		w.work()
	}
	do(w.settling.Submit(ctx, w.program(), period, ann()))
	between()
	do(w.settling.Approve(ctx, w.program(), period, bob()))
	do(w.settling.Lock(ctx, w.program(), period, ann()))
	between()
	w.work()
	s, err := w.settling.Get(ctx, w.program(), period)
	w.must(err)
	if s.State != settlement.Locked && s.State != settlement.Paid {
		w.t.Fatalf("%s is %s: %+v", period, s.State, s.Work)
	}
	w.locked = append(w.locked, period)
}

// order has a batch collected, and gives its id: what was owed before is in it whole, or left as it was.
func (w *world) order(payer string) string {
	w.t.Helper()
	before := map[string]ledger.Book{}
	for _, who := range w.people {
		before[who] = w.book(who)
	}
	b := payout.Batch{ID: fmt.Sprintf("pay_%012d", len(w.paidBy)+1), Organization: organization, Payer: payer, Currency: w.land.currency, PayOn: calendar.DateOf(w.clock().AddDate(0, 0, 3), time.UTC), Format: one(w, w.land.formats...)}
	var err error
	b.Source, err = payout.Snapshot{Organization: organization, Batch: b.ID, Owner: payer, Name: "Acme", Country: w.land.country, OriginID: "1234567890", Destination: "021000021", Bank: w.bank(0)}.Seal(w.box)
	w.must(err)
	b = payout.New(b, ann().ID, w.clock())
	w.must(w.batches.SavePayoutBatch(w.t.Context(), b, nil))
	w.must(w.paying.Start(w.t.Context(), b))
	w.work()
	w.paidBy = append(w.paidBy, b.ID)
	for _, who := range w.people {
		w.took(b.ID, who, before[who])
	}
	return b.ID
}

// took holds what a batch took of somebody to what was owed before.
func (w *world) took(batch, who string, before ledger.Book) {
	w.t.Helper()
	b := w.batch(batch)
	p, err := w.batches.Payment(w.t.Context(), organization, batch, who)
	if fault.Is(err, fault.NotFound) || err == nil && p.State == payout.PaymentLeftOut {
		if p.LeftOut == payout.LeftNegative {
			w.negative++
		}
		if now := w.book(who); now.Rev != before.Rev {
			w.t.Errorf("%s was left out of %s (%s), and has rows of it", who, batch, p.LeftOut)
		}
		return
	}
	w.must(err)
	profile, err := w.payees.Profile(w.t.Context(), organization, who)
	w.must(err)
	from := []string{b.Payer}
	if profile.Payer == b.Payer {
		from = append(from, "")
	}
	var owed, returned int64
	for _, payer := range from {
		owed += before.Balance(w.account(ledger.Owed, payer))
		returned += before.Balance(w.account(ledger.Returned, payer))
	}
	if max(owed, 0) != p.Gross || max(returned, 0) != p.Back || p.Net != p.Gross-p.Tax+p.Back || p.Net <= 0 {
		w.t.Errorf("%s is paid %d of %d with %d returned and %d tax, and %d was owed, %d returned", who, p.Net, p.Gross, p.Back, p.Tax, owed, returned)
	}
	if p.Tax > 0 {
		w.taxed++
	}
}

// act saves what an act makes of a batch, and has its work done.
func (w *world) act(id string, act func(payout.Batch) (payout.Batch, error)) {
	w.t.Helper()
	b, err := act(w.batch(id))
	w.must(err)
	w.must(w.batches.SavePayoutBatch(w.t.Context(), b, nil))
	w.must(w.paying.Start(w.t.Context(), b))
	w.work()
}

// release approves and releases a batch, and books some of its payments back.
func (w *world) release(id string) {
	w.t.Helper()
	w.act(id, func(b payout.Batch) (payout.Batch, error) {
		return b.Approve(approval.Policy{}, bob(), calendar.DateOf(w.clock(), time.UTC), w.clock())
	})
	w.act(id, func(b payout.Batch) (payout.Batch, error) { return b.Release(bob(), w.clock()) })
	if b := w.batch(id); b.State != payout.Released {
		w.t.Fatalf("%+v", b)
	}
	for _, p := range w.payments(id) {
		if p.State == payout.PaymentReleased && w.often(20) {
			_, err := w.paying.Return(w.t.Context(), w.batch(id), p.EndToEnd, "AC04", ann().ID)
			w.must(err)
			w.returned++
		}
	}
}

// finish pays a batch that waits, or cancels it.
func (w *world) finish(id string) {
	w.t.Helper()
	switch {
	case w.batch(id).State != payout.Submitted: // nothing was owed
	case w.often(25), w.batch(id).PayOn < calendar.DateOf(w.clock(), time.UTC): // it is never released after its day
		w.act(id, func(b payout.Batch) (payout.Batch, error) { return b.Cancel("A mistake.", w.clock()) })
		w.cancelled++
	default:
		w.release(id)
	}
}

// live gives what the engine reckons for somebody in all locked periods now.
func (w *world) live(who string) int64 {
	w.t.Helper()
	var sum int64
	for _, period := range w.locked {
		s, err := w.incentives.Statement(w.t.Context(), w.program(), who, period)
		if f := fault.Of(err); f != nil && f.Code == incentives.CodeNotReckoned {
			continue
		}
		w.must(err)
		sum += s.Standing.Payable
	}
	return sum
}
