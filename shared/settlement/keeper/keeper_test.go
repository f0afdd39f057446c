package keeper_test

import (
	"bytes"
	"context"
	"testing"
	"time"

	"leadline/shared/fault"
	"leadline/shared/ledger"
	"leadline/shared/record"
	"leadline/shared/settlement"
	"leadline/shared/store"
)

// TestALifeOfTwoPeriods: a month is settled; a deal of it is lost; the next month takes back what it had brought, and the first one
// stays as it was.
func TestALifeOfTwoPeriods(t *testing.T) {
	w := newWorld(t)
	w.member("mem_lee", "")
	w.member("mem_kim", "mem_lee")
	w.publish(commission(t), "2026-01-01")
	w.deal("a", "mem_kim", 900, "won", "2026-01-10")
	w.deal("b", "mem_kim", 600, "won", "2026-01-20")
	w.reckon()
	w.close("2026-01")
	// 1,000 at 10 %, 500 at 20 %: of both, for the one who leads is credited, too.
	for _, who := range []string{"mem_kim", "mem_lee"} {
		if got := w.owed(who); got != 20_000 {
			t.Errorf("%s is owed %d", who, got)
		}
	}
	s := w.get("2026-01")
	if s.Totals.Credited != 40_000 || s.Totals.Statements != 2 || s.Root != 1 || s.LockedBy != "per_ann" {
		t.Errorf("the settlement: %+v", s)
	}
	frozen := w.bytes("2026-01", "mem_kim")

	w.deal("a", "mem_kim", 900, "lost", "2026-01-10")
	w.deal("c", "mem_kim", 100, "won", "2026-02-10")
	w.now = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	w.reckon()
	upcoming, err := w.keeper.Upcoming(t.Context(), w.program(), "mem_kim")
	if err != nil || len(upcoming) == 0 {
		t.Errorf("what comes: %+v %v", upcoming, err)
	}
	differences, _, err := w.keeper.Discrepancies(t.Context(), w.program(), s, store.Page{Limit: 10})
	if err != nil || len(differences) != 2 || differences[0].Frozen != 20_000 || differences[0].Now != 6_000 {
		t.Errorf("what differs: %+v %v", differences, err)
	}
	w.close("2026-02")
	d := w.document("2026-02", "mem_kim")
	if d.Payable != 1_000 || d.Adjusted != -14_000 || d.Credited != -13_000 {
		t.Errorf("February: %+v", d)
	}
	// The lost deal had 90; the other one's 500 above 1,000 had 20 %, and fall to 10 %.
	for _, a := range d.Adjustments {
		switch {
		case a.Period != "2026-01" || a.Component != "deals" || len(a.Cause.Records) != 1 || a.Cause.Records[0].Record.ID != "a":
			t.Errorf("an adjustment without its cause: %+v", a)
		case a.Record.ID == "a" && (a.Cause.Code != settlement.RecordGone || a.Amount >= 0):
			t.Errorf("the lost deal: %+v", a)
		case a.Record.ID == "b" && a.Cause.Code != settlement.OtherRecords:
			t.Errorf("the deal that fell into another tier: %+v", a)
		}
	}
	if got := w.owed("mem_kim"); got != 7_000 || got != w.live("mem_kim", "2026-01", "2026-02") {
		t.Errorf("the ledger owes %d, the engine says %d", got, w.live("mem_kim", "2026-01", "2026-02"))
	}
	if !bytes.Equal(frozen, w.bytes("2026-01", "mem_kim")) {
		t.Error("the locked statement has changed")
	}
	if left, err := w.keeper.Upcoming(t.Context(), w.program(), "mem_kim"); err != nil || len(left) != 0 {
		t.Errorf("what was adjusted comes again: %+v %v", left, err)
	}
}

// bytes gives a frozen statement with what it was reckoned from, as they are stored.
func (w *world) bytes(period, participant string) []byte {
	w.t.Helper()
	st, err := w.settlements.Statement(w.t.Context(), organization, programID, period, participant)
	w.must(err)
	var all []byte
	for _, hash := range []string{st.Document, st.Reckoned} {
		text, err := w.objects.Get(w.t.Context(), "settled/"+organization+"/"+programID+"/"+hash+".gz")
		w.must(err)
		all = append(all, text...)
	}
	return all
}

func TestManualAdjustments(t *testing.T) {
	w := newWorld(t)
	w.member("mem_kim", "")
	w.publish(commission(t), "2026-01-01")
	w.deal("a", "mem_kim", 100, "won", "2026-01-10")
	w.reckon()
	for id, m := range map[string]settlement.Manual{
		"adj_1": {Kind: settlement.ByHandMoney, Amount: 2_500, Period: "2026-01"},
		"adj_2": {Kind: settlement.ByHandPoints, Amount: 7 * ledger.PointScale, Period: "2026-01"},
		"adj_3": {Kind: settlement.ByHandBenefit, Amount: 9_900, Period: "2026-01"},
		"adj_4": {Kind: settlement.ByHandMoney, Amount: 77, Period: "2026-02"},
		"adj_5": {Kind: settlement.ByHandMoney, Amount: 55, Period: "2026-01"},
	} {
		m.ID, m.Organization, m.Program, m.Participant, m.Reason, m.State, m.By, m.Rev = id, organization, programID, "mem_kim", "a reason", settlement.ManualPending, "per_cat", 1
		w.must(w.settlements.SaveManual(t.Context(), m, nil))
	}
	withdrawn, err := w.settlements.Manual(t.Context(), organization, programID, "adj_5")
	w.must(err)
	if _, err := w.keeper.Withdraw(t.Context(), w.program(), withdrawn); err != nil {
		t.Fatal(err)
	}
	if _, err := w.keeper.Calculate(t.Context(), w.program(), "2026-01", ann()); err != nil {
		t.Fatal(err)
	}
	w.work()
	pending, err := w.settlements.Manual(t.Context(), organization, programID, "adj_1")
	w.must(err)
	if _, err := w.keeper.Withdraw(t.Context(), w.program(), pending); !fault.Is(err, fault.Conflict) {
		t.Errorf("one that a calculated period holds was withdrawn: %v", err)
	}
	// Recalculation leaves it as it is.
	w.deal("a", "mem_kim", 200, "won", "2026-01-10")
	w.reckon()
	w.close("2026-01")
	d := w.document("2026-01", "mem_kim")
	if d.Payable != 2_000 || d.ByHand != 2_500 || d.Credited != 4_500 || d.Points != 7*ledger.PointScale || d.Benefits != 9_900 || len(d.Manual) != 3 {
		t.Errorf("the statement: %+v", d)
	}
	b, err := w.ledger.Book(t.Context(), organization, "mem_kim")
	w.must(err)
	for account, want := range map[ledger.Account]int64{{Kind: ledger.Owed, Unit: "EUR"}: 4_500, {Kind: ledger.Owed, Unit: ledger.Points}: 7 * ledger.PointScale, {Kind: ledger.Benefit, Unit: "EUR"}: 9_900} {
		if got := b.Balance(account); got != want {
			t.Errorf("%+v has %d, want %d", account, got, want)
		}
	}
	for id, want := range map[string]settlement.ManualState{"adj_1": settlement.ManualPosted, "adj_4": settlement.ManualPending, "adj_5": settlement.ManualWithdrawn} {
		if m, err := w.settlements.Manual(t.Context(), organization, programID, id); err != nil || m.State != want {
			t.Errorf("%s is %s, want %s (%v)", id, m.State, want, err)
		}
	}
	approves := func() error {
		w.now = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
		w.reckon()
		_, err := w.keeper.Calculate(t.Context(), w.program(), "2026-02", ann())
		w.must(err)
		w.work()
		_, err = w.keeper.Submit(t.Context(), w.program(), "2026-02", ann())
		w.must(err)
		cat := bob()
		cat.ID = "per_cat"
		_, err = w.keeper.Approve(t.Context(), w.program(), "2026-02", cat)
		return err
	}
	if err := approves(); !fault.Is(err, fault.Forbidden) {
		t.Errorf("whoever added to a period approved it: %v", err)
	}
}

// TestOrder: periods are settled in their order, from wherever an organization begins.
func TestOrder(t *testing.T) {
	w := newWorld(t)
	w.member("mem_kim", "")
	w.publish(commission(t), "2026-01-01")
	w.now = time.Date(2026, 5, 2, 12, 0, 0, 0, time.UTC)
	w.reckon()
	refused := func(period, code string) {
		t.Helper()
		_, err := w.keeper.Calculate(t.Context(), w.program(), period, ann())
		if f := fault.Of(err); f == nil || f.Code != code {
			t.Errorf("%s: %v, want %s", period, err, code)
		}
	}
	refused("2026-05", settlement.CodeNotOver)
	refused("2025-12", "invalid_period")
	w.close("2026-02") // those before were paid elsewhere
	refused("2026-01", settlement.CodeOrder)
	refused("2026-04", settlement.CodeOrder)
	refused("2026-02", settlement.CodeState)
	w.close("2026-03")
	w.close("2026-04")
}

// TestPaid: a settlement is paid once nobody in it is owed anything.
func TestPaid(t *testing.T) {
	w := newWorld(t)
	w.member("mem_kim", "")
	w.publish(commission(t), "2026-01-01")
	w.deal("a", "mem_kim", 100, "won", "2026-01-10")
	w.reckon()
	w.close("2026-01")
	look := func(want settlement.State) {
		t.Helper()
		w.must(w.keeper.Paid(t.Context(), organization))
		w.work()
		if got := w.get("2026-01").State; got != want {
			t.Errorf("it is %s, want %s", got, want)
		}
	}
	look(settlement.Locked)
	_, err := w.keeper.Books.Post(t.Context(), organization, "mem_kim", func(ledger.Book) ([]ledger.Posting, error) {
		return []ledger.Posting{{Cause: ledger.Cause{Kind: ledger.Released, ID: "pay_1"}, Date: "2026-02-10",
			Legs: []ledger.Leg{{Account: ledger.Account{Kind: ledger.Owed, Unit: "EUR"}, Amount: -1_000}, {Account: ledger.Account{Kind: ledger.Paid, Unit: "EUR"}, Amount: 1_000}}}}, nil
	})
	w.must(err)
	look(settlement.Paid)
}

// TestAnApprovalIsOfWhatWasRead: what was calculated anew meanwhile is not approved by who saw the figures before.
func TestAnApprovalIsOfWhatWasRead(t *testing.T) {
	w := newWorld(t)
	w.member("mem_kim", "")
	w.publish(commission(t), "2026-01-01")
	w.deal("a", "mem_kim", 100, "won", "2026-01-10")
	w.reckon()
	submitted := func() settlement.Settlement {
		t.Helper()
		_, err := w.keeper.Calculate(t.Context(), w.program(), "2026-01", ann())
		w.must(err)
		w.work()
		s, err := w.keeper.Submit(t.Context(), w.program(), "2026-01", ann())
		w.must(err)
		return s
	}
	read := submitted()
	now := submitted()
	_, err := w.keeper.Seen(read.Rev).Approve(t.Context(), w.program(), "2026-01", bob())
	if f := fault.Of(err); f == nil || f.Code != store.CodeStale {
		t.Errorf("what was not read was approved: %v", err)
	}
	if s, err := w.keeper.Seen(now.Rev).Approve(t.Context(), w.program(), "2026-01", bob()); err != nil || s.State != settlement.Approved {
		t.Errorf("%s, %v", s.State, err)
	}
}

// TestAnAdjustmentThatIsWithdrawnMeanwhile: who withdraws one that is being frozen finds it changed, and it is settled.
func TestAnAdjustmentThatIsWithdrawnMeanwhile(t *testing.T) {
	w := newWorld(t)
	w.member("mem_kim", "")
	w.publish(commission(t), "2026-01-01")
	w.reckon()
	m := settlement.Manual{ID: "adj_1", Organization: organization, Program: programID, Participant: "mem_kim", Period: "2026-01", Kind: settlement.ByHandMoney, Amount: 700,
		State: settlement.ManualPending, By: "per_cat", Rev: 1}
	w.must(w.settlements.SaveManual(t.Context(), m, nil))
	_, err := w.keeper.Calculate(t.Context(), w.program(), "2026-01", ann())
	w.must(err)
	w.work()
	m.State, m.Rev = settlement.ManualWithdrawn, 2 // by who read it before
	if f := fault.Of(w.settlements.SaveManual(t.Context(), m, nil)); f == nil || f.Code != store.CodeStale {
		t.Errorf("it was withdrawn: %v", f)
	}
	w.close("2026-01")
	if got := w.owed("mem_kim"); got != 700 {
		t.Errorf("%d is owed", got)
	}
}

// TestAKeyThatOneMadeIsNoSecondPerson: who made the key by which a period was submitted does not approve it.
func TestAKeyThatOneMadeIsNoSecondPerson(t *testing.T) {
	w := newWorld(t)
	w.member("mem_kim", "")
	w.publish(commission(t), "2026-01-01")
	w.reckon()
	minted := bob()
	minted.Makers = []string{"key_owner", ann().ID}
	_, err := w.keeper.Calculate(t.Context(), w.program(), "2026-01", minted)
	w.must(err)
	w.work()
	_, err = w.keeper.Submit(t.Context(), w.program(), "2026-01", minted)
	w.must(err)
	if _, err := w.keeper.Approve(t.Context(), w.program(), "2026-01", ann()); !fault.Is(err, fault.Forbidden) {
		t.Errorf("who made the key approved what was submitted with it: %v", err)
	}
	cat := bob()
	cat.ID, cat.Makers = "per_cat", []string{"key_other"}
	if s, err := w.keeper.Approve(t.Context(), w.program(), "2026-01", cat); err != nil || s.State != settlement.Approved {
		t.Errorf("%s, %v", s.State, err)
	}
}

// TestAPartThatTheTimeDoesNotDoForComesAgain, and what is done of it stands.
func TestAPartThatTheTimeDoesNotDoForComesAgain(t *testing.T) {
	w := newWorld(t)
	w.member("mem_kim", "")
	w.publish(commission(t), "2026-01-01")
	w.deal("a", "mem_kim", 100, "won", "2026-01-10")
	w.reckon()
	_, err := w.keeper.Calculate(t.Context(), w.program(), "2026-01", ann())
	w.must(err)
	w.now = w.now.Add(time.Minute)
	short, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	for range 3 { // the first lists who is in it, the others have no time for a participant
		for _, err := range w.keeper.Process(short, w.ready(&w.settling)) {
			w.must(err)
		}
	}
	if s := w.get("2026-01"); s.State != settlement.Open || s.Work.Of != 1 {
		t.Fatalf("%s, %+v", s.State, s.Work)
	}
	w.work()
	if s := w.get("2026-01"); s.State != settlement.Calculated || s.Totals.Credited != 1_000 {
		t.Errorf("%s, %+v", s.State, s.Totals)
	}
}

// unread is a store of records that cannot be read.
type unread struct{ store.Records }

func (unread) Get(context.Context, record.Key) (record.Record, error) {
	return record.Record{}, fault.New(fault.Unavailable, "down", "It is down.")
}

// TestNoCauseIsGuessed: where the record behind an adjustment cannot be read, nothing is frozen.
func TestNoCauseIsGuessed(t *testing.T) {
	w := newWorld(t)
	w.member("mem_kim", "")
	w.publish(commission(t), "2026-01-01")
	w.deal("a", "mem_kim", 100, "won", "2026-01-10")
	w.reckon()
	w.close("2026-01")
	w.deal("a", "mem_kim", 100, "lost", "2026-01-10")
	w.reckon()
	w.keeper.Records = unread{w.records}
	if all, err := w.keeper.Upcoming(t.Context(), w.program(), "mem_kim"); !fault.Is(err, fault.Unavailable) {
		t.Errorf("%+v, %v", all, err)
	}
}
