package settlement_test

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"leadline/shared/fault"
	"leadline/shared/incentive"
	"leadline/shared/number"
	"leadline/shared/record"
	"leadline/shared/settlement"
)

// simple makes what a period came to of the lines of one component, and of limits and prizes.
func simple(lines []incentive.Line, prizes ...incentive.Prize) *settlement.Reckoned {
	r := &settlement.Reckoned{Engine: incentive.Revision, Versions: []int{1}}
	r.Input.Participant, r.Input.Period = "mem_a", november()
	o := incentive.Outcome{Component: "sales", Version: 1, Lines: lines}
	for _, l := range lines {
		o.Amount += l.Amount
	}
	r.Result = incentive.Result{Participant: "mem_a", Period: november(), Currency: "USD", Components: []incentive.Outcome{o}, Earned: o.Amount, Payable: o.Amount}
	r.Standing = incentive.Standing{Payable: o.Amount, Prizes: prizes}
	r.Standing.Participant, r.Standing.Period = "mem_a", "2026-11"
	for _, p := range prizes {
		r.Standing.Payable += p.Amount
	}
	return r
}

// deal makes the line of a deal, and its credit.
func deal(r *settlement.Reckoned, id string, value, amount int64) {
	key := record.Key{Organization: "org_a", Connection: "conn_b", Object: "opportunity", ID: id}
	r.Input.Credits = append(r.Input.Credits, incentive.Credit{ID: "crd_" + id, Component: "sales", Participant: "mem_a", Kind: "direct", Date: "2026-11-05", Record: key, Rev: 1,
		Value: number.Of(value), Share: number.Of(1)})
	o := &r.Result.Components[0]
	o.Lines = append(o.Lines, incentive.Line{Kind: incentive.LineRate, Credit: "crd_" + id, Amount: amount})
	o.Amount += amount
	r.Result.Payable += amount
	r.Standing.Payable += amount
}

func TestWhatIsStoredComesBack(t *testing.T) {
	r := simple([]incentive.Line{{Kind: incentive.LineKicker, Amount: 500, Exact: number.Frac(5, 3)}}, incentive.Prize{Rank: 1, Amount: 7, Points: "1/3"})
	deal(r, "d1", 10, 100)
	text, hash, err := r.Encode()
	if err != nil {
		t.Fatal(err)
	}
	back, err := settlement.DecodeReckoned(text)
	if err != nil {
		t.Fatal(err)
	}
	again, same, err := back.Encode()
	if err != nil || string(again) != string(text) || same != hash || len(hash) != 64 {
		t.Errorf("it came back otherwise: %v\n%s\n%s", err, text, again)
	}
	d := document(t, settlement.Draft{Reckoned: r, Hash: hash, Manual: []settlement.Manual{{ID: "adj_a", Amount: 5, Reason: "<&>"}}, Title: "Plan"})
	text, hash, err = d.Encode()
	if err != nil {
		t.Fatal(err)
	}
	other, err := settlement.DecodeDocument(text)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(d, other); diff != "" {
		t.Error(diff)
	}
	if _, same, _ := other.Encode(); same != hash {
		t.Error("another hash")
	}
	for _, broken := range []string{"", "{", `{"engine":"x"}`} {
		if _, err := settlement.DecodeReckoned([]byte(broken)); !fault.Is(err, fault.Internal) {
			t.Errorf("%q was read: %v", broken, err)
		}
	}
	if _, err := settlement.DecodeDocument([]byte("[]")); !fault.Is(err, fault.Internal) {
		t.Error(err)
	}
}

// document makes one of the period, frozen at a time in another zone.
func document(t *testing.T, d settlement.Draft) settlement.Document {
	t.Helper()
	d.Settlement, d.Participant, d.Payer = settlement.New("org_a", "prg_1", november(), "USD"), "mem_a", "pyr_1"
	d.Settlement.Revision, d.At = 2, now().In(time.FixedZone("east", 3600))
	made, err := settlement.NewDocument(d)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func TestDocumentsSum(t *testing.T) {
	r := simple([]incentive.Line{{Kind: incentive.LineKicker, Amount: 500}}, incentive.Prize{Rank: 1, Amount: 7, Points: "2.5"})
	d := document(t, settlement.Draft{Reckoned: r, Hash: "h",
		Adjustments: []settlement.Adjustment{{Period: "2026-10", Amount: -900}, {Period: "2026-09", Amount: 11}, {Period: "2026-09", Amount: -500_000, Points: true}},
		Manual: []settlement.Manual{{ID: "adj_b", Amount: -100}, {ID: "adj_a", Amount: 30, Kind: settlement.ByHandMoney},
			{ID: "adj_c", Amount: 4, Kind: settlement.ByHandBenefit}, {ID: "adj_d", Amount: -1_000_000, Kind: settlement.ByHandPoints}}})
	s := d.Statement("hash", []settlement.Settles{{Period: "2026-09", To: "x"}})
	want := settlement.Statement{Organization: "org_a", Program: "prg_1", Period: "2026-11", Participant: "mem_a", Revision: 2, Currency: "USD", Payer: "pyr_1",
		Payable: 507, Adjusted: -889, Manual: -70, Credited: -452, Benefits: 4, Points: 1_000_000, Document: "hash", Reckoned: "h",
		Settles: []settlement.Settles{{Period: "2026-09", To: "x"}}, At: now()}
	if diff := cmp.Diff(want, s); diff != "" {
		t.Error(diff)
	}
	if d.Adjustments[0].Period != "2026-09" || d.Manual[0].ID != "adj_a" || d.Empty() {
		t.Errorf("got %+v", d)
	}
	totals := settlement.Totals{Statements: 1, Payable: 507, Adjusted: -889, Manual: -70, Credited: -452, Benefits: 4, Points: 1_000_000, Negative: 1}
	if s.Totals() != totals {
		t.Errorf("got %+v", s.Totals())
	}
	both, err := totals.Plus(settlement.Statement{Credited: 5, Payable: 5}.Totals())
	if err != nil || both != (settlement.Totals{Statements: 2, Payable: 512, Adjusted: -889, Manual: -70, Credited: -447, Benefits: 4, Points: 1_000_000, Negative: 1}) {
		t.Errorf("got %+v, %v", both, err)
	}
	if _, err := (settlement.Totals{Points: math.MaxInt64}).Plus(settlement.Totals{Points: 1}); fault.Of(err) == nil || fault.Of(err).Code != number.CodeTooLarge {
		t.Errorf("got %v", err)
	}
	if d := document(t, settlement.Draft{}); !d.Empty() || d.Credited != 0 || settlement.Postings(d, settlement.Reckoned{}, "per_a", today) != nil {
		t.Errorf("got %+v", d)
	}
}

func TestAmountsThatContradictEachOther(t *testing.T) {
	for name, spoil := range map[string]func(*settlement.Reckoned){
		"a line":     func(r *settlement.Reckoned) { r.Result.Components[0].Lines[0].Amount++ },
		"the result": func(r *settlement.Reckoned) { r.Result.Payable++ },
		"a limit": func(r *settlement.Reckoned) {
			r.Result.Limits = []incentive.Limited{{Lines: []incentive.Line{{Amount: 1}}}}
		},
		"a hold":     func(r *settlement.Reckoned) { r.Result.Holds = []incentive.Line{{Amount: 1}} },
		"the prizes": func(r *settlement.Reckoned) { r.Standing.Prizes = nil },
		"the points": func(r *settlement.Reckoned) { r.Standing.Prizes[0].Points = "many" },
		"an overflow": func(r *settlement.Reckoned) {
			r.Standing.Prizes[0].Amount = math.MaxInt64
			r.Standing.Payable = math.MaxInt64
		},
	} {
		r := simple([]incentive.Line{{Kind: incentive.LineKicker, Amount: 500}}, incentive.Prize{Amount: 7})
		spoil(r)
		if _, err := settlement.NewDocument(settlement.Draft{Reckoned: r, Hash: "h"}); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestDigestsOfPrizes(t *testing.T) {
	one := []incentive.Prize{{Rank: 1, Amount: 5, Note: "shared"}}
	if settlement.PrizesDigest(nil) != "" || settlement.PrizesDigest([]incentive.Prize{}) != "" {
		t.Error("no prizes have a digest")
	}
	if got := settlement.PrizesDigest(one); got != settlement.PrizesDigest([]incentive.Prize{{Rank: 1, Amount: 5}}) || len(got) != 64 || one[0].Note == "" {
		t.Errorf("got %q", got)
	}
	for _, other := range [][]incentive.Prize{{{Rank: 2, Amount: 5}}, {{Rank: 1, Amount: 6}}, {{Rank: 1, Amount: 5, Points: "1"}}, {{Rank: 1, Amount: 5, Thing: "a bell"}}, append(one, one...)} {
		if settlement.PrizesDigest(other) == settlement.PrizesDigest(one) {
			t.Errorf("%+v has the same digest", other)
		}
	}
}

// TestPostingsStayFew changes very many records at once.
func TestPostingsStayFew(t *testing.T) {
	was, after := simple(nil), simple(nil)
	for n := range 120 {
		deal(was, fmt.Sprintf("d%03d", n), 10, 100)
		deal(after, fmt.Sprintf("d%03d", n), 20, 201)
		after.Input.Credits[n].Rev = 2
	}
	all := settlement.Differences("2026-10", was, after)
	if len(all) != 120 {
		t.Fatalf("%d differences", len(all))
	}
	d := document(t, settlement.Draft{Adjustments: all})
	postings := settlement.Postings(d, settlement.Reckoned{}, "per_a", today)
	if len(postings) != 51 {
		t.Fatalf("%d postings, want 51", len(postings))
	}
	var sum int64
	own := 0
	for _, p := range postings {
		sum += p.Legs[1].Amount
		if c := p.Cause; c.Record != nil {
			if own++; c.WasRev != 1 || c.NowRev != 2 || c.Record.Connection != "conn_b" {
				t.Errorf("got %+v", c)
			}
		}
	}
	if own != 50 || sum != 120*101 || sum != d.Credited {
		t.Errorf("%d of their own, %d in all, want %d", own, sum, d.Credited)
	}
	_, hash, _ := d.Encode()
	for _, p := range postings {
		if p.Cause.Document != hash || p.Cause.By != "per_a" || p.Cause.In != "2026-11" || p.Cause.Period != "2026-10" || p.Date != today || !strings.HasPrefix(p.Cause.ID, "prg_1/2026-11/2/") {
			t.Errorf("got %+v", p.Cause)
		}
	}
}
