package settlement_test

import (
	"fmt"
	"strings"
	"testing"

	"leadline/shared/calendar"
	"leadline/shared/incentive"
	"leadline/shared/money"
	"leadline/shared/number"
	"leadline/shared/record"
	"leadline/shared/settlement"
)

// TestCauses changes one thing at a time of what a period was reckoned from, and with it the amount of the line of deal d1, or of the
// limit, and looks at the cause that is given.
func TestCauses(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*settlement.Reckoned)
		facts  settlement.Facts
		code   settlement.ChangeCode
		detail string
		// earlier has the other deal lie in an earlier period, both times.
		earlier bool
	}{
		"its own value": {change: func(r *settlement.Reckoned) { r.Input.Credits[0].Value, r.Input.Credits[0].Rev = number.Of(12), 2 },
			code: settlement.RecordChanged, detail: "opportunity d1 counts otherwise: value 12 in place of 10."},
		"its own day": {change: func(r *settlement.Reckoned) { r.Input.Credits[0].Date, r.Input.Credits[0].Rev = "2026-11-06", 2 },
			code: settlement.RecordChanged, detail: "opportunity d1 counts otherwise: day 2026-11-06 in place of 2026-11-05."},
		"its own share and weight": {change: func(r *settlement.Reckoned) {
			r.Input.Credits[0].Share, r.Input.Credits[0].Weight, r.Input.Credits[0].Rev = number.Frac(1, 2), number.Of(3), 2
		}, code: settlement.RecordChanged, detail: "opportunity d1 counts otherwise: share 0.5 in place of 1, weight 3 in place of 0."},
		"its release": {change: func(r *settlement.Reckoned) { r.Input.Credits[0].Release, r.Input.Credits[0].Rev = "2027-01-01", 2 },
			code: settlement.RecordChanged, detail: "opportunity d1 counts otherwise: release 2027-01-01 in place of none."},
		"its column": {change: func(r *settlement.Reckoned) {
			r.Input.Credits[0].Cell, r.Input.Credits[0].Rev = map[string]string{"region": "east"}, 2
		}, code: settlement.RecordChanged, detail: "opportunity d1 counts otherwise: another time of day, key or column."},
		"its share, without the record": {change: func(r *settlement.Reckoned) { r.Input.Credits[0].Share = number.Frac(1, 2) },
			code: settlement.PeopleChanged, detail: "opportunity d1 counts otherwise: share 0.5 in place of 1. The record did not change: whom it counts for did."},
		"what it is joined with": {change: func(r *settlement.Reckoned) { r.Input.Credits[0].Value = number.Of(12) },
			code: settlement.RecordChanged, detail: "opportunity d1 counts otherwise: value 12 in place of 10. What it is joined with changed."},
		"the exchange rate": {change: func(r *settlement.Reckoned) {
			r.Input.Credits[0].Value, r.Input.Credits[0].Rate = number.Of(12), &money.Rate{Value: number.Of(2)}
		}, code: settlement.RatesChanged, detail: "opportunity d1 counts otherwise: value 12 in place of 10. The exchange rate that converts it is another."},
		"the plan values it otherwise": {change: func(r *settlement.Reckoned) { r.Input.Credits[0].Value, r.Versions = number.Of(12), []int{1, 3} },
			code: settlement.PlanChanged, detail: "opportunity d1 counts otherwise: value 12 in place of 10. The period goes by version 1 and 3 of the plan, in place of 1."},
		"its own value and the plan": {change: func(r *settlement.Reckoned) {
			r.Input.Credits[0].Value, r.Input.Credits[0].Rev, r.Versions = number.Of(12), 2, []int{3}
		}, code: settlement.RecordChanged, detail: "opportunity d1 counts otherwise: value 12 in place of 10. The period goes by version 3 of the plan, in place of 1."},
		"the plan": {change: func(r *settlement.Reckoned) { r.Versions = nil }, code: settlement.PlanChanged, detail: "The period goes by version none of the plan, in place of 1."},
		"a goal": {change: func(r *settlement.Reckoned) {
			r.Input.Goals = []incentive.Goal{{Component: "sales", Amount: number.Of(1)}, {Component: "calls", Amount: number.Of(1)}}
		}, code: settlement.GoalsChanged, detail: "The participant's quota or target changed."},
		"the days": {change: func(r *settlement.Reckoned) { r.Input.Spans = []calendar.Span{{From: "2026-01-01"}} },
			code: settlement.PeopleChanged, detail: "The days on which the participant takes part changed."},
		"the days of the component": {change: func(r *settlement.Reckoned) {
			r.Input.ComponentSpans = map[string][]calendar.Span{"sales": {{From: "2026-01-01"}}}
		}, code: settlement.PeopleChanged, detail: "The days on which the participant takes part changed."},
		"another record": {change: func(r *settlement.Reckoned) { r.Input.Credits[1].Value, r.Input.Credits[1].Rev = number.Of(3), 2 },
			code: settlement.OtherRecords, detail: "Other records count otherwise: opportunity d2."},
		"another record that did not change": {change: func(r *settlement.Reckoned) { r.Input.Credits = r.Input.Credits[:1] },
			facts: settlement.Facts{Unchanged: func(record.Key) bool { return true }}, code: settlement.PeopleChanged,
			detail: "Other records count otherwise: opportunity d2. They did not change: whom they count for did."},
		"others of which one changed": {change: func(r *settlement.Reckoned) {
			r.Input.Credits[1].Value, r.Input.Credits[2].Component = number.Of(3), "sales"
		},
			facts: settlement.Facts{Unchanged: func(k record.Key) bool { return k.ID == "d2" }}, code: settlement.OtherRecords,
			detail: "Other records count otherwise: opportunity c1, opportunity d2."},
		"a record of an earlier period of the window": {change: func(r *settlement.Reckoned) {
			r.Input.Credits[1].Value, r.Input.Before.ToDate = number.Of(3), map[string]map[string]int64{"sales": {"2026": 1}}
		}, code: settlement.CarriedOver, detail: "Earlier periods leave something else: what was earned to date. Other records count otherwise: opportunity d2.", earlier: true},
		"another component's record": {change: func(r *settlement.Reckoned) { r.Input.Credits[2].Value = number.Of(9) },
			code: settlement.OtherRecords, detail: "Other records count otherwise: opportunity c1."},
		"an earlier period": {change: func(r *settlement.Reckoned) {
			r.Input.Before = incentive.Carried{Excess: map[string]int64{"sales": 4}, Periods: 1, ToDate: map[string]map[string]int64{"sales": {"2026": 1}}}
		}, code: settlement.CarriedOver, detail: "Earlier periods leave something else: what caps cut off, what was earned to date, the number of periods."},
		"what it had held": {change: func(r *settlement.Reckoned) { r.Input.Before.Holds = []incentive.Held{{Credit: "crd_d1", Amount: 5}} },
			code: settlement.CarriedOver, detail: "What earlier periods held back of it is another amount now, or is released on another day."},
		"two things": {change: func(r *settlement.Reckoned) {
			r.Input.Spans, r.Input.Credits[1].Value = []calendar.Span{{From: "2026-01-01"}}, number.Of(3)
		}, code: settlement.PeopleChanged, detail: "The days on which the participant takes part changed. Other records count otherwise: opportunity d2."},
		"the engine": {change: func(r *settlement.Reckoned) { r.Engine++ }, code: settlement.EngineChanged,
			detail: "The same inputs come to something else by revision 2 of the engine than by revision 1."},
	} {
		t.Run(name, func(t *testing.T) {
			was, now := threeDeals(), threeDeals()
			if test.earlier {
				was.Input.Credits[1].Date, now.Input.Credits[1].Date = "2026-10-05", "2026-10-05"
			}
			test.change(now)
			now.Result.Components[0].Lines[0].Amount += 5
			all := test.facts.Differences("2026-10", was, now)
			if len(all) != 1 || all[0].Credit != "crd_d1" || all[0].Amount != 5 || all[0].Record == nil || all[0].Record.ID != "d1" {
				t.Fatalf("got %+v", all)
			}
			if got := all[0].Cause; got.Code != test.code || got.Detail != test.detail {
				t.Errorf("got  %s: %s\nwant %s: %s", got.Code, got.Detail, test.code, test.detail)
			}
		})
	}
}

// threeDeals has two deals of a component, and one call of another.
func threeDeals() *settlement.Reckoned {
	r := simple(nil)
	deal(r, "d1", 10, 100)
	deal(r, "d2", 10, 100)
	deal(r, "c1", 1, 0)
	r.Input.Credits[2].Component = "calls"
	return r
}

func TestWhatALostDealHadEarned(t *testing.T) {
	was, now := threeDeals(), threeDeals()
	for amount, r := range map[int64]*settlement.Reckoned{-100: was, -90: now} {
		r.Input.Credits[0].TakeBack, r.Input.Credits[0].Of = true, "crd_before"
		r.Input.Taken = map[string]money.Amount{"crd_before": {Minor: -amount, Currency: "USD"}, "crd_other": {Minor: amount}}
		r.Result.Components[0].Lines[0].Amount = amount
	}
	all := settlement.Differences("2026-10", was, now)
	if len(all) != 1 || all[0].Amount != 10 || all[0].Cause.Code != settlement.CarriedOver || all[0].Cause.Detail != "What the lost deal had earned in its own period is another amount now." {
		t.Errorf("got %+v", all)
	}
}

func TestWhoTookNoPart(t *testing.T) {
	draw := simple([]incentive.Line{{Kind: incentive.LineKicker, Amount: 500}})
	for want, pair := range map[string][2]*settlement.Reckoned{
		"There was no statement for the period: who takes part changed.":         {nil, draw},
		"There is no statement for the period any more: who takes part changed.": {draw, nil},
	} {
		all := settlement.Differences("2026-10", pair[0], pair[1])
		if len(all) != 1 || all[0].Cause.Code != settlement.PeopleChanged || all[0].Cause.Detail != want || all[0].Line != "kicker" {
			t.Errorf("got %+v", all)
		}
	}
	if all := settlement.Differences("2026-10", nil, nil); all != nil {
		t.Errorf("got %+v", all)
	}
}

// TestManyRecordsAreCounted names the first ten records, by id, and counts the others.
func TestManyRecordsAreCounted(t *testing.T) {
	was, now := simple([]incentive.Line{{Kind: incentive.LineKicker, Amount: 500}}), simple([]incentive.Line{{Kind: incentive.LineKicker, Amount: 400}})
	for n := range 14 {
		deal(now, fmt.Sprintf("d%02d", 13-n), 10, 0)
	}
	long := strings.Repeat("é", 300)
	deal(was, "a"+long, 10, 0)
	deal(was, "a"+long, 5, 0)
	was.Input.Credits[1].ID = "crd_two" // another credit of the record
	all := settlement.Differences("2026-10", was, now)
	if len(all) != 1 || all[0].Line != "kicker" || all[0].Record != nil {
		t.Fatalf("got %+v", all)
	}
	cause := all[0].Cause
	want := "Other records count otherwise: opportunity a" + strings.Repeat("é", 59) + "…, opportunity d00, opportunity d01, opportunity d02, opportunity d03, " +
		"opportunity d04, opportunity d05, opportunity d06, opportunity d07, opportunity d08 and 5 more."
	if cause.Detail != want || len(cause.Records) != 10 {
		t.Errorf("got  %s\nwant %s", cause.Detail, want)
	}
	if got := cause.Records[0]; got.Was != "15" || got.Now != "" || got.WasRev != 1 || got.NowRev != 0 {
		t.Errorf("got %+v", got)
	}
}
