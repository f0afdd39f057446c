package incentive_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"leadline/shared/calendar"
	"leadline/shared/incentive"
	"leadline/shared/incentive/incentivetest"
	"leadline/shared/money"
	"leadline/shared/number"
	"leadline/shared/program"
)

var (
	cases = flag.Int("cases", 800, "how many random programs are reckoned")
	seed  = flag.Uint64("seed", 1, "the first of them")
)

// scenario is a random program with a random history.
type scenario struct {
	seed     uint64
	versions []program.Version
	plan     *incentive.Plan
	history  incentivetest.History
}

// scenarios makes random programs that could be published, and histories for them: one part of all cases. With holds,
// some hold part of what is earned back, which the oracle does not follow to the cent.
func scenarios(t *testing.T, part int, holds bool, each func(s scenario) bool) {
	t.Helper()
	refused, all := 0, *cases/part
	for i := range uint64(all) {
		r := incentivetest.NewRandom(*seed + i)
		s := scenario{seed: *seed + i, versions: r.Versions()}
		if holds {
			r.Hold(s.versions)
		}
		if slices.ContainsFunc(s.versions, func(v program.Version) bool {
			return len(program.Errors(program.Check(v.Definition, v.From, v.Sources, nil))) > 0
		}) {
			refused++
			continue
		}
		s.history = r.History(s.versions)
		var err error
		if s.plan, err = incentive.Compile(s.versions); err != nil {
			t.Fatalf("seed %d: %v", s.seed, err)
		}
		if !each(s) {
			t.Errorf("seed %d: %s", s.seed, s)
			return
		}
	}
	if refused*3 > all*2 {
		t.Errorf("%d of %d programs were refused: the others say too little", refused, all)
	}
}

func (s scenario) String() string {
	text, _ := json.Marshal(s.versions[0].Definition)
	for _, v := range s.versions[1:] {
		more, _ := json.Marshal(v.Definition)
		text = append(text, fmt.Sprintf("\nversion %d from %s: %s", v.Number, v.From, more)...)
	}
	for _, c := range s.history.Credits {
		text = append(text, fmt.Sprintf("\n%s %s %s %s value %s share %s weight %s key %s cell %v back %t %t %s", c.ID, c.Kind, c.Date, c.At.Format("15:04"), c.Value, c.Share,
			c.Weight, c.Key, c.Cell, c.Reversal, c.TakeBack, c.Of)...)
	}
	return fmt.Sprintf("%s\nspans %v", text, s.history.Spans)
}

// run reckons the periods one after another, each with what the one before left.
func (s scenario) run(credits []incentive.Credit, calculate incentivetest.Calculate, taken []map[string]money.Amount) ([]incentive.Result, []map[string]money.Amount, error) {
	var results []incentive.Result
	var before incentive.Carried
	earned := map[string]money.Amount{}
	var all []map[string]money.Amount
	for i, period := range s.history.Periods {
		in := incentive.Input{Participant: "ann", Period: period, Spans: s.history.Spans, Before: before, Taken: maps.Clone(earned)}
		if taken != nil {
			in.Taken = taken[i]
		}
		all = append(all, in.Taken)
		for _, c := range credits {
			if c.Date < period.Until {
				in.Credits = append(in.Credits, c)
			}
		}
		result, err := calculate(in)
		if err != nil {
			return nil, nil, err
		}
		before = result.After
		results = append(results, result)
		earned = incentivetest.TakenBy(earned, result)
	}
	return results, all, nil
}

// TestTheOracleAgrees compares all figures of random programs and histories with those of the oracle, which shares no code
// with the engine.
func TestTheOracleAgrees(t *testing.T) {
	scenarios(t, 1, false, func(s scenario) bool {
		got, taken, err := s.run(s.history.Credits, s.plan.Calculate, nil)
		if err != nil {
			t.Error(err)
			return false
		}
		want, _, err := s.run(s.history.Credits, incentivetest.NewOracle(s.versions).Calculate, taken)
		if err != nil {
			t.Error(err)
			return false
		}
		for i := range got {
			if problem := incentivetest.Compare(got[i], want[i]); problem != "" {
				t.Errorf("%s: %s", got[i].Period.Name, problem)
				return false
			}
		}
		return true
	})
}

// TestLeavesSum adds the lines of every result up.
func TestLeavesSum(t *testing.T) {
	scenarios(t, 5, true, func(s scenario) bool {
		results, _, err := s.run(s.history.Credits, s.plan.Calculate, nil)
		if err != nil {
			t.Error(err)
			return false
		}
		for _, r := range results {
			if problem := leaves(r); problem != "" {
				t.Errorf("%s: %s", r.Period.Name, problem)
				return false
			}
		}
		return true
	})
}

// leaves says where the lines do not come to what they explain.
func leaves(r incentive.Result) string {
	var earned, payable int64
	for _, o := range r.Components {
		var exact number.Number
		var amount int64
		for _, l := range o.Lines {
			exact, amount = exact.Add(l.Exact), amount+l.Amount
		}
		if !exact.Equal(o.Exact) || amount != o.Amount {
			return fmt.Sprintf("the lines of %s come to %s and %d, not to %s and %d", o.Component, exact, amount, o.Exact, o.Amount)
		}
		earned, payable = earned+amount, payable+amount
	}
	for _, limit := range r.Limits {
		for _, l := range limit.Lines {
			payable += l.Amount
			if l.Kind != incentive.LineDraw && l.Kind != incentive.LineRecovery {
				earned += l.Amount
			}
		}
	}
	for _, l := range r.Holds {
		payable += l.Amount
	}
	if earned != r.Earned || payable != r.Payable {
		return fmt.Sprintf("the lines come to %d and %d, not to %d earned and %d payable", earned, payable, r.Earned, r.Payable)
	}
	return ""
}

// TestOrderMakesNoDifference reckons the same credits in another order: the results are the same to the byte.
func TestOrderMakesNoDifference(t *testing.T) {
	scenarios(t, 5, true, func(s scenario) bool {
		one, _, err := s.run(s.history.Credits, s.plan.Calculate, nil)
		if err != nil {
			t.Error(err)
			return false
		}
		reversed := slices.Clone(s.history.Credits)
		slices.Reverse(reversed)
		other, _, err := s.run(reversed, s.plan.Calculate, nil)
		if err != nil {
			t.Error(err)
			return false
		}
		return sameBytes(t, one, other)
	})
}

// TestStepByStepIsAllAtOnce reckons anew after each credit that arrives: only the period that it lies in and those after it.
func TestStepByStepIsAllAtOnce(t *testing.T) {
	scenarios(t, 5, true, func(s scenario) bool {
		want, _, err := s.run(s.history.Credits, s.plan.Calculate, nil)
		if err != nil {
			t.Error(err)
			return false
		}
		var there []incentive.Credit
		got, _, err := s.run(nil, s.plan.Calculate, nil)
		for _, c := range s.history.Credits {
			if err != nil {
				break
			}
			there = append(there, c)
			first := slices.IndexFunc(s.history.Periods, func(p calendar.Period) bool { return c.Date < p.Until })
			if first < 0 {
				continue
			}
			err = s.anew(got, there, first)
		}
		if err != nil {
			t.Error(err)
			return false
		}
		return sameBytes(t, got, want)
	})
}

// anew reckons the periods from one on, and leaves those before it.
func (s scenario) anew(results []incentive.Result, credits []incentive.Credit, first int) error {
	earned := map[string]money.Amount{}
	for i := range results {
		if i >= first {
			in := incentive.Input{Participant: "ann", Period: s.history.Periods[i], Spans: s.history.Spans, Taken: maps.Clone(earned)}
			if i > 0 {
				in.Before = results[i-1].After
			}
			for _, c := range credits {
				if c.Date < in.Period.Until {
					in.Credits = append(in.Credits, c)
				}
			}
			result, err := s.plan.Calculate(in)
			if err != nil {
				return err
			}
			results[i] = result
		}
		earned = incentivetest.TakenBy(earned, results[i])
	}
	return nil
}

func sameBytes(t *testing.T, a, b []incentive.Result) bool {
	t.Helper()
	one, err := json.Marshal(a)
	if err != nil {
		t.Error(err)
	}
	other, err := json.Marshal(b)
	if err != nil {
		t.Error(err)
	}
	if string(one) != string(other) {
		t.Errorf("they differ:\n%s\n%s", one, other)
		return false
	}
	return true
}

// TestASaleAndItsReversalAreNothing adds a sale with its reversal at the same moment: no amount changes.
func TestASaleAndItsReversalAreNothing(t *testing.T) {
	scenarios(t, 5, false, func(s scenario) bool {
		want, taken, err := s.run(s.history.Credits, s.plan.Calculate, nil)
		if err != nil {
			t.Error(err)
			return false
		}
		credits := slices.Clone(s.history.Credits)
		for _, c := range s.versions[0].Definition.Components {
			if kind := c.Measure.Kind; kind != "" && kind != program.Sum && kind != program.Count {
				continue
			}
			sale := incentive.Credit{ID: c.Name + "-zz", Component: c.Name, Participant: "ann", Kind: program.Direct, Date: s.history.Periods[1].From, Value: number.Frac(12345, 7),
				Share: number.Of(1), Cell: map[string]string{"product": "software"}, At: time.Date(2026, 5, 5, 5, 5, 5, 0, time.UTC)}
			sale.Record.ID = "zz"
			back := sale
			back.ID, back.Reversal, back.Of, back.Value, back.Share = sale.ID+"-back", true, sale.ID, sale.Value.Neg(), sale.Share.Neg()
			credits = append(credits, sale, back)
		}
		got, _, err := s.run(credits, s.plan.Calculate, taken)
		if err != nil {
			t.Error(err)
			return false
		}
		for i := range got {
			for at := range got[i].Components {
				if a, b := got[i].Components[at], want[i].Components[at]; !a.Exact.Equal(b.Exact) {
					t.Errorf("%s of %s: %s, without them %s", a.Component, got[i].Period.Name, a.Exact, b.Exact)
					return false
				}
			}
			if got[i].Payable != want[i].Payable {
				t.Errorf("%s: pays %d, without them %d", got[i].Period.Name, got[i].Payable, want[i].Payable)
				return false
			}
		}
		return true
	})
}

// TestMarginalPayRisesSteadily: more is never paid less, and a little more no more than at the highest rate.
func TestMarginalPayRisesSteadily(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := incentivetest.Defaults()
		rate := &program.Rate{Boundary: rapid.SampledFrom([]program.Boundary{program.Lower, program.Upper}).Draw(t, "boundary")}
		from, highest := number.Of(0), number.Of(0)
		for range rapid.IntRange(1, 5).Draw(t, "tiers") {
			pay := number.Frac(rapid.Int64Range(0, 500).Draw(t, "pay"), 1000)
			rate.Tiers = append(rate.Tiers, program.Tier{From: from, Pay: pay})
			from = from.Add(number.Frac(rapid.Int64Range(1, 90_000).Draw(t, "length"), 100))
			highest = number.Max(highest, pay)
		}
		d.Components = []program.Component{{Name: "sales", Value: "row.amount", Rate: rate}}
		v := program.Version{Number: 1, From: "2026-01-01", Definition: d}
		if err := incentivetest.Resolve(&v); err != nil {
			t.Fatal(err)
		}
		plan, err := incentive.Compile([]program.Version{v})
		if err != nil {
			t.Fatal(err)
		}
		pays := func(x number.Number) number.Number {
			p := d.Calendar.Of(calendar.Monthly, "2026-01-15")
			result, err := plan.Calculate(incentive.Input{Participant: "ann", Period: p, Spans: []calendar.Span{{From: "2026-01-01"}},
				Credits: []incentive.Credit{{ID: "c", Component: "sales", Participant: "ann", Kind: program.Direct, Date: "2026-01-05", Value: x, Share: number.Of(1)}}})
			if err != nil {
				t.Fatal(err)
			}
			return result.Components[0].Exact
		}
		x := number.Frac(rapid.Int64Range(0, 500_000).Draw(t, "x"), 100)
		more := number.Frac(rapid.Int64Range(0, 10_000).Draw(t, "more"), 1000)
		if rapid.Bool().Draw(t, "at a bound") {
			x = rapid.SampledFrom(rate.Tiers).Draw(t, "tier").From
		}
		step := pays(x.Add(more)).Sub(pays(x))
		if step.Sign() < 0 || highest.Mul(more).Less(step) {
			t.Fatalf("%s more than %s changes the pay by %s; the highest rate is %s", more, x, step, highest)
		}
	})
}

// TestSharesSumToTheWhole: whatever is shared, direct and split credit are the record, neither more nor less, and the company
// counts it once.
func TestSharesSumToTheWhole(t *testing.T) {
	c, err := incentivetest.Parse(`# Splits
## Plan
{"components": [{"name": "sales", "value": "row.amount", "credit": {"rules": [
  {"kind": "direct", "share_from": "1 - row.share - row.half"}, {"kind": "split", "to": {"column": "helper"}, "share_from": "row.share"},
  {"kind": "split", "to": {"column": "partner"}, "share_from": "row.half"}, {"kind": "rollup"}, {"kind": "overlay", "to": {"member": "sam"}, "share": "1/3"}]}}]}
`)
	if err != nil {
		t.Fatal(err)
	}
	plan, err := incentive.Compile(c.Versions)
	if err != nil {
		t.Fatal(err)
	}
	var people []incentivetest.Person
	for who, manager := range map[string]string{"ann": "mia", "ben": "mia", "cat": "lea", "mia": "lea", "lea": "", "sam": ""} {
		people = append(people, incentivetest.Person{Member: who, Manager: manager})
	}
	world := &incentivetest.World{People: people}
	rapid.Check(t, func(t *rapid.T) {
		names := rapid.SampledFrom([]string{"ann", "ben", "cat", "mia", "lea"})
		share := rapid.IntRange(0, 60).Draw(t, "share")
		half := rapid.IntRange(0, 40).Draw(t, "half")
		row := incentivetest.Row{"id": "d1", "date": "2026-01-05", "owner": names.Draw(t, "owner"), "helper": names.Draw(t, "helper"), "partner": names.Draw(t, "partner"),
			"share": fmt.Sprintf("0.%02d", share), "half": fmt.Sprintf("0.%02d", half), "amount": fmt.Sprintf("%d.%02d", rapid.IntRange(0, 99999).Draw(t, "amount"), rapid.IntRange(0, 99).Draw(t, "cents"))}
		deal, err := incentivetest.Deal(row)
		if err != nil {
			t.Fatal(err)
		}
		credits, refusals := plan.Credit(incentive.Base{Record: &deal}, world)
		whole, err := number.Parse(row["amount"])
		if err != nil {
			t.Fatal(err)
		}
		var value, part, company number.Number
		rolled := map[string]number.Number{}
		for _, c := range credits {
			switch c.Kind {
			case program.Direct, program.Split:
				value, part = value.Add(c.Value), part.Add(c.Share)
				rolled[c.Participant] = rolled[c.Participant].Add(c.Share)
			case program.RollUp:
				rolled[c.Participant] = rolled[c.Participant].Add(c.Share)
			}
			if c.Company {
				company = company.Add(c.Value)
			}
		}
		if !value.Equal(whole) || !part.Equal(number.Of(1)) || !company.Equal(whole) {
			t.Fatalf("of %s the parts are %s (%s), the company counts %s; %v", whole, value, part, company, refusals)
		}
		for who, all := range rolled {
			if number.Of(1).Less(all) {
				t.Fatalf("%s has %s of the record", who, all)
			}
		}
	})
}

// TestRanksByHand compares ranks and prizes with those of the oracle.
func TestRanksByHand(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rule := program.Standing{Ascending: rapid.Bool().Draw(t, "ascending"),
			Ties: rapid.SampledFrom([]program.Ties{"", program.Pooled, program.EachGets, program.Dense, program.FirstReach}).Draw(t, "ties")}
		if rapid.Bool().Draw(t, "least") {
			n := number.Of(rapid.Int64Range(0, 4).Draw(t, "least"))
			rule.Least = &n
		}
		from := 1
		for range rapid.IntRange(0, 4).Draw(t, "prizes") {
			to := from + rapid.IntRange(0, 2).Draw(t, "ranks")
			amount := number.Frac(rapid.Int64Range(0, 10_000).Draw(t, "amount"), 100)
			rule.Prizes = append(rule.Prizes, program.Prize{From: from, To: to, Award: program.Award{Amount: &amount}})
			from = to + 1
		}
		if rapid.Bool().Draw(t, "budget") {
			n := number.Frac(rapid.Int64Range(0, 20_000).Draw(t, "budget"), 100)
			rule.Budget, rule.Beyond = &n, rapid.SampledFrom([]program.Beyond{"", program.Scale, program.CutOff}).Draw(t, "beyond")
		}
		var standings []incentive.Standing
		for i := range rapid.IntRange(0, 9).Draw(t, "people") {
			s := incentive.Standing{Unit: incentive.Unit{Participant: fmt.Sprint("p", i)}, Score: fmt.Sprint(rapid.IntRange(0, 5).Draw(t, "score")),
				Reached: time.Unix(int64(1000+rapid.IntRange(0, 3).Draw(t, "reached")), 0)}
			standings = append(standings, s)
		}
		want := incentivetest.RankByHand(rule, standings, 2)
		shuffled := rapid.Permutation(standings).Draw(t, "order")
		got, err := incentive.Rank(rule, shuffled, 2)
		if err != nil {
			t.Fatal(err)
		}
		if len(got) != len(standings) {
			t.Fatalf("%d standings of %d", len(got), len(standings))
		}
		for _, s := range got {
			won := int64(0)
			for _, p := range s.Prizes {
				won += p.Amount
			}
			if w := want[s.Participant]; s.Rank != w.Rank || won != w.Money || s.Payable != won {
				t.Fatalf("%s has rank %d and wins %d (payable %d), by hand %+v; %+v", s.Participant, s.Rank, won, s.Payable, w, rule)
			}
		}
	})
}
