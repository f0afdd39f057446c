package amortization_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"leadline/shared/amortization"
	"leadline/shared/calendar"
	"leadline/shared/incentive"
	"leadline/shared/record"
	"leadline/shared/settlement"
)

// TestSettled takes from a statement what is paid for deals, and nothing else.
func TestSettled(t *testing.T) {
	deal := func(id string) record.Key { return record.Key{Connection: "c", Object: "deals", ID: id} }
	d := settlement.Document{Participant: "ann", Currency: "EUR", Period: calendar.Period{Name: "2026-02", Span: calendar.Span{From: "2026-02-01", Until: "2026-03-01"}}}
	lost := deal("lost")
	d.Adjustments = []settlement.Adjustment{{Record: &lost, Amount: -700, Period: "2026-01"}, {Amount: 5}, {Record: &lost, Amount: 9, Points: true}}
	r := settlement.Reckoned{
		Input: incentive.Input{Credits: []incentive.Credit{{ID: "1", Record: deal("a"), Date: "2026-02-10"}, {ID: "2", Record: deal("b"), Date: "2026-01-20"}, {ID: "3", Record: deal("a"), Date: "2026-02-20", Reversal: true}}},
		Result: incentive.Result{
			Components: []incentive.Outcome{{Lines: []incentive.Line{{Credit: "1", Amount: 500}, {Credit: "3", Amount: -200}, {Amount: 1000}, {Credit: "1"}}}},
			Limits:     []incentive.Limited{{Lines: []incentive.Line{{Credit: "1", Amount: -50}}}},
			Holds:      []incentive.Line{{Credit: "2", Amount: 80}},
		},
	}
	line := func(of record.Key, amount int64, on calendar.Date, kind amortization.Kind, months int) amortization.Line {
		return amortization.Line{Deal: of, Participant: "ann", Currency: "EUR", Amount: amount, Earned: on, Kind: kind, Months: months}
	}
	back := line(deal("a"), -200, "2026-02-20", amortization.New, 0)
	back.Lost = "2026-02-20"
	want := []amortization.Line{line(deal("a"), 500, "2026-02-10", amortization.New, 0), back, line(deal("a"), -50, "2026-02-10", amortization.New, 0),
		line(deal("b"), 80, "2026-02-28", amortization.Renewal, 24), line(lost, -700, "2026-02-28", amortization.New, 0)}
	got := amortization.Settled(d, r, func(of record.Key) amortization.Contract {
		if of.ID == "b" {
			return amortization.Contract{Kind: amortization.Renewal, Months: 24}
		}
		return amortization.Contract{}
	})
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if all := amortization.Settled(d, r, nil); len(all) != 5 || all[3].Kind != amortization.New {
		t.Errorf("%+v", all)
	}
}
