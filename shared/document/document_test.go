package document_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"leadline/shared/calendar"
	"leadline/shared/document"
	"leadline/shared/incentive"
	"leadline/shared/number"
	"leadline/shared/record"
	"leadline/shared/settlement"
)

func updating() bool {
	f := flag.Lookup("update")
	return f != nil && f.Value.String() == "true"
}

func TestMain(m *testing.M) {
	flag.Bool("update", false, "write the golden page anew")
	flag.Parse()
	os.Exit(m.Run())
}

func deal(id string) record.Key {
	return record.Key{Organization: "org_a", Connection: "conn_b", Object: "opportunity", ID: id}
}

// rich is a statement with something of everything, and so many lines.
func rich(lines int) (settlement.Document, settlement.Reckoned) {
	period := calendar.Period{Name: "2026-11", Kind: "month", Span: calendar.Span{From: "2026-11-01", Until: "2026-12-01"}}
	quota, attainment, target := number.Of(30000), number.Frac(2, 3), number.Of(1500)
	o := incentive.Outcome{Component: "sales", Version: 2, Credits: lines, Measure: number.Of(20000), Quota: &quota, Attainment: &attainment, Target: &target,
		Goals: []incentive.GoalPart{{Full: number.Of(30000), Days: 30, Of: 30, Ramp: number.Of(1), Amount: number.Of(30000)}, {Target: true, Full: target, Days: 15, Of: 30, Ramp: number.Frac(1, 3), Amount: number.Of(250)}}}
	var r settlement.Reckoned
	for i := range lines {
		id := fmt.Sprint("oppo_", i+1)
		r.Input.Credits = append(r.Input.Credits, incentive.Credit{ID: "crd_" + id, Component: "sales", Participant: "mem_a", Kind: "direct", Date: "2026-11-05", Record: deal(id), Rev: int64(i + 1),
			Value: number.Of(10000), Share: number.Frac(1, 2)})
		o.Lines = append(o.Lines, incentive.Line{Kind: incentive.LineRate, Credit: "crd_" + id, Step: -1, Tier: 1, From: number.Of(0), To: number.Of(10000), Base: number.Of(10000), Rate: number.Frac(1, 30),
			Exact: number.Frac(1000, 3), Amount: 33333})
		o.Amount += 33333
	}
	o.Lines = append(o.Lines, incentive.Line{Kind: incentive.LineKicker, Exact: number.Of(50), Amount: 5000, Note: "10 deals <b>"})
	o.Amount += 5000
	r.Engine, r.Versions, r.Titles = incentive.Revision, []int{1, 2}, map[string]string{"sales": "Sales & <renewals>"}
	r.Input.Before.Holds = []incentive.Held{{Component: "sales", Credit: "crd_old", Record: deal("oppo_old"), Period: "2026-10", Amount: 700}}
	r.Result = incentive.Result{Participant: "mem_a", Period: period, Currency: "USD",
		Components: []incentive.Outcome{o, {Component: "spiff", Version: 2, Why: &incentive.Reason{Code: incentive.WhyNoCredit, Detail: "No record counted."}}},
		Limits:     []incentive.Limited{{Step: 1, Before: o.Amount, After: o.Amount - 100, Lines: []incentive.Line{{Kind: incentive.LineCap, Step: 1, Exact: number.Of(-1), Amount: -100}}, Forgiven: 25}},
		Holds:      []incentive.Line{{Kind: incentive.LineReleased, Credit: "crd_old", Exact: number.Of(7), Amount: 700}},
		Earned:     o.Amount - 100, Payable: o.Amount + 600,
		After: incentive.Carried{Owed: []incentive.Advance{{Period: "2026-10", Number: 1, Amount: 20000}}, Excess: map[string]int64{"": 1, "sales": 100},
			Holds: []incentive.Held{{Component: "sales", Credit: "crd_oppo_1", Record: deal("oppo_1"), Period: "2026-11", Amount: 900, Release: "2027-01-31"}, {Component: "sales", Record: deal("oppo_2"), Period: "2026-11", Amount: 1}}}}
	r.Standing = incentive.Standing{InputHash: "input", ResultHash: "result", Payable: r.Result.Payable + 10000, Rank: 1,
		Prizes: []incentive.Prize{{Rank: 1, Amount: 10000, Points: "50.5", Thing: "Bicycle", Note: "blue"}, {Milestone: "10", Points: "1"}}}
	d := settlement.Document{Organization: "org_a", Program: "prg_a", Title: "Plan <2026>", Period: period, Participant: "mem_a", Currency: "USD", Revision: 3, Reckoned: "reckoned",
		Adjustments: []settlement.Adjustment{
			{Period: "2026-10", Component: "sales", Kind: settlement.OfComponent, Credit: "crd_x", Record: new(deal("oppo_x")), Was: 12000, Now: 0, Amount: -12000,
				Cause: settlement.Change{Code: settlement.RecordGone, Detail: "The record counts no more.", Records: []settlement.RecordChange{{Record: deal("oppo_x"), WasRev: 3, NowRev: 4, Was: "1200"}}}},
			{Period: "2026-10", Kind: settlement.OfPrize, Line: "rank", Was: 0, Now: 1_500_000, Amount: 1_500_000, Points: true, Cause: settlement.Change{Code: settlement.RanksChanged}},
		},
		Manual:  []settlement.Manual{{ID: "adj_1", Kind: settlement.ByHandMoney, Amount: 150, Reason: "Agreed with <her>", Dispute: "dsp_1"}, {ID: "adj_2", Kind: settlement.ByHandPoints, Amount: 2_000_000, Reason: "Thanks"}},
		Payable: r.Standing.Payable, Adjusted: -12000, ByHand: 150, Credited: r.Standing.Payable - 11850, Benefits: 2500, Points: 55_000_000,
		FrozenAt: time.Date(2026, 12, 2, 12, 0, 0, 0, time.FixedZone("east", 3600))}
	return d, r
}

func statement(lines int, names document.Names) document.Statement {
	d, r := rich(lines)
	return document.Of(d, "0a1b2c", &r, true, names)
}

func TestPageIsTheGolden(t *testing.T) {
	const golden = "testdata/rich.html"
	got, err := document.HTML(statement(2, document.Names{Person: "Żofia <script> 漢字", Organization: "Acme & Söhne"}))
	if err != nil {
		t.Fatal(err)
	}
	if updating() {
		if err := os.WriteFile(golden, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("the page is not %s; it is\n%s", golden, got)
	}
}

func TestPageSaysAllForReaders(t *testing.T) {
	got, err := document.HTML(statement(2, document.Names{Person: "Zoë"}))
	if err != nil {
		t.Fatal(err)
	}
	page := string(got)
	for _, want := range []string{`<html lang="en">`, `<th scope="col" class="n">Amount</th>`, "Zoë (mem_a)", "2026-11", "Final", "opportunity oppo_1", "333.33 USD", "≈ 333.333333", "≈ 66.666667 %",
		"-120.00 USD", "1.5 points", "Agreed with &lt;her&gt; (resolves the dispute dsp_1)", "version 3 to 4: 1200 to nothing", "opportunity oppo_old", "Ranks changed.", "0a1b2c",
		"Cut off by a cap of Sales &amp; &lt;renewals&gt;, not lost", "Bicycle: blue", "No record counted."} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	for _, not := range []string{"<script", "http://", "https://", "<b>", " src="} {
		if strings.Contains(page, not) {
			t.Errorf("the page has %q", not)
		}
	}
	for _, table := range regexp.MustCompile(`(?s)<table.*?</table>`).FindAllString(page, -1) {
		head, rows := strings.Count(table, `scope="col"`), strings.Count(table, "<tr")-1
		if cells := strings.Count(table, "<td") + strings.Count(table, `scope="row"`); cells != head*rows || !strings.Contains(table, "<caption>") {
			t.Errorf("a table has %d columns, %d rows and %d cells:\n%s", head, rows, cells, table)
		}
	}
}

func TestStatementWithoutAnythingReckoned(t *testing.T) {
	d, _ := rich(0)
	s := document.Of(d, "h", nil, false, document.Names{})
	page, err := document.HTML(s)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"Not final", "<dd>mem_a</dd>", "Agreed with"} {
		if !strings.Contains(string(page), want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	if file, err := document.PDF(s); err != nil || !strings.Contains(textOf(t, file), "Not final") {
		t.Errorf("the file does not say that it is not final: %v", err)
	}
}
