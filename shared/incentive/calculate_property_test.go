package incentive_test

import (
	"fmt"
	"math/big"
	"testing"

	"pgregory.net/rapid"

	"leadline/shared/calendar"
	"leadline/shared/incentive"
	"leadline/shared/number"
	"leadline/shared/program"
)

// drawTiers draws a marginal table whose rates are not below zero.
func drawTiers(r *rapid.T) []program.Tier {
	tiers := []program.Tier{{Pay: number.Frac(rapid.Int64Range(0, 300).Draw(r, "rate"), 1000)}}
	from := int64(0)
	for range rapid.IntRange(0, 5).Draw(r, "more tiers") {
		from += rapid.Int64Range(1, 50_000).Draw(r, "wide")
		tiers = append(tiers, program.Tier{From: number.Frac(from, 7), Pay: number.Frac(rapid.Int64Range(0, 300).Draw(r, "rate"), 1000)})
	}
	return tiers
}

func drawCredits(r *rapid.T, least int64) []incentive.Credit {
	var all []incentive.Credit
	for at := range rapid.IntRange(0, 12).Draw(r, "credits") {
		value := number.Frac(rapid.Int64Range(least, 3_000_000).Draw(r, "value"), rapid.SampledFrom([]int64{1, 3, 100}).Draw(r, "of"))
		c := credit(fmt.Sprint(at), calendar.Date(fmt.Sprintf("2026-01-%02d", rapid.IntRange(1, 20).Draw(r, "day"))), "0")
		c.Value = value
		all = append(all, c)
	}
	return all
}

// marginal is what a marginal table pays for a measure, by math/big alone.
func marginal(tiers []program.Tier, x *big.Rat) *big.Rat {
	sum := new(big.Rat)
	for at, t := range tiers {
		part := new(big.Rat).Set(x)
		if at+1 < len(tiers) && part.Cmp(tiers[at+1].From.Big()) > 0 {
			part.Set(tiers[at+1].From.Big())
		}
		if part.Sub(part, t.From.Big()); at == 0 || part.Sign() > 0 {
			sum.Add(sum, part.Mul(part, t.Pay.Big()))
		}
	}
	return sum
}

func marginalPlan(t testing.TB, tiers []program.Tier) *incentive.Plan {
	return compile(t, version(1, always(), program.Component{Name: "sales", Rate: &program.Rate{Tiers: tiers}}))
}

func total(credits []incentive.Credit) *big.Rat {
	sum := new(big.Rat)
	for _, c := range credits {
		sum.Add(sum, c.Value.Big())
	}
	return sum
}

func inJanuary(t testing.TB, plan *incentive.Plan, credits []incentive.Credit) incentive.Outcome {
	return calculate(t, plan, input(month("2026-01"), credits...)).Components[0]
}

func TestMarginalPayIsThatOfTheMeasure(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		tiers, all := drawTiers(r), drawCredits(r, -1_000_000)
		if o := inJanuary(t, marginalPlan(t, tiers), all); o.Exact.Big().Cmp(marginal(tiers, total(all))) != 0 {
			r.Fatalf("%s pays %s, want %s", o.Measure, o.Exact, marginal(tiers, total(all)).RatString())
		}
	})
}

// TestTablesOfAnyMode compares mixed tables with the rule as a sentence: the highest tier that was reached and is not marginal pays
// for everything up to the next one, and those above it for their part.
func TestTablesOfAnyMode(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		rate, all := drawRate(r), drawCredits(r, -1_000_000)
		rate.Each, rate.Of, rate.By.Of = false, "", ""
		o := inJanuary(t, compile(t, version(1, always(), program.Component{Name: "sales", Rate: rate})), all)
		x, tiers := total(all), rate.Tiers
		base, pay := 0, new(big.Rat)
		for at := range tiers {
			if c := x.Cmp(tiers[at].From.Big()); at > 0 && (c < 0 || c == 0 && rate.Boundary == program.Upper) {
				break
			}
			mode := tiers[at].Mode
			if mode == "" {
				mode = rate.Mode
			}
			if at == 0 || mode == program.WholeAmount || mode == program.Interpolated {
				base, pay = at, tiers[at].Pay.Big()
			}
			if mode == program.Interpolated && at+1 < len(tiers) {
				wide := new(big.Rat).Sub(tiers[at+1].From.Big(), tiers[at].From.Big())
				done := new(big.Rat).Quo(new(big.Rat).Sub(x, tiers[at].From.Big()), wide)
				if done.Cmp(big.NewRat(1, 1)) > 0 {
					done.SetInt64(1)
				}
				if done.Sign() > 0 {
					pay.Add(pay, done.Mul(done, new(big.Rat).Sub(tiers[at+1].Pay.Big(), tiers[at].Pay.Big())))
				}
			}
		}
		flat := []program.Tier{{Pay: number.Rat(pay)}}
		if want := marginal(append(flat, tiers[base+1:]...), x); o.Exact.Big().Cmp(want) != 0 {
			r.Fatalf("%s pays %s, want %s", o.Measure, o.Exact, want.RatString())
		}
	})
}

func TestMarginalPayIsMonotoneAndContinuous(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		tiers, all := drawTiers(r), drawCredits(r, 1)
		plan := marginalPlan(t, tiers)
		before := inJanuary(t, plan, all)
		more := number.Frac(rapid.Int64Range(1, 1_000_000).Draw(r, "more"), 1000)
		extra := credit("x", "2026-01-10", "0")
		extra.Value = more
		after := inJanuary(t, plan, append(all, extra))
		grown := after.Exact.Sub(before.Exact)
		most := number.Frac(300, 1000).Mul(more) // of the highest rate that is drawn
		if grown.Sign() < 0 || most.Less(grown) {
			r.Fatalf("%s more pays %s more", more, grown)
		}
	})
}

func TestSplittingACreditChangesNoTotal(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		tiers, all := drawTiers(r), drawCredits(r, -1_000_000)
		if len(all) == 0 {
			return
		}
		plan := marginalPlan(t, tiers)
		before := inJanuary(t, plan, all)
		at := rapid.IntRange(0, len(all)-1).Draw(r, "which")
		first, second := all[at], all[at]
		first.Value = number.Frac(rapid.Int64Range(-1000, 1_000_000).Draw(r, "part"), 7)
		second.Value, second.ID = all[at].Value.Sub(first.Value), second.ID+"-rest"
		all[at] = first
		if after := inJanuary(t, plan, append(all, second)); !after.Exact.Equal(before.Exact) || after.Amount != before.Amount {
			r.Fatalf("in two it pays %s, in one %s", after.Exact, before.Exact)
		}
	})
}

// TestMonthsOfAWindowSumToIt pays a quarter's credits month by month, at the places that they have in it.
func TestMonthsOfAWindowSumToIt(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		tiers := drawTiers(r)
		plan := compile(t, version(1, always(), program.Component{Name: "sales", Rate: &program.Rate{Tiers: tiers},
			Measure: program.Measure{Window: program.QuarterToDate, TrueUp: program.AtRate}}))
		var all []incentive.Credit
		for at, name := range []string{"2026-01", "2026-02", "2026-03"} {
			for _, c := range drawCredits(r, -1_000_000) {
				c.Date = calendar.Date(name + string(c.Date)[7:])
				c.ID, c.Record.ID = fmt.Sprint(c.ID, at), fmt.Sprint(c.Record.ID, at)
				all = append(all, c)
			}
		}
		sum := new(big.Rat)
		for _, name := range []string{"2026-01", "2026-02", "2026-03"} {
			sum.Add(sum, calculate(t, plan, input(month(name), all...)).Components[0].Exact.Big())
		}
		if want := marginal(tiers, total(all)); sum.Cmp(want) != 0 {
			r.Fatalf("the months pay %s, want %s", sum.RatString(), want.RatString())
		}
	})
}

// drawRate draws a table of any mode.
func drawRate(r *rapid.T) *program.Rate {
	rate := &program.Rate{Tiers: drawTiers(r), Each: rapid.Bool().Draw(r, "each")}
	rate.Mode = rapid.SampledFrom([]program.Mode{"", program.Marginal, program.WholeAmount, program.Interpolated}).Draw(r, "mode")
	rate.Boundary = rapid.SampledFrom([]program.Boundary{"", program.Lower, program.Upper}).Draw(r, "boundary")
	rate.Of = rapid.SampledFrom([]program.Base{"", program.OfMeasure, program.OfValue, program.OfCount}).Draw(r, "of")
	rate.By.Of = rapid.SampledFrom([]program.ByWhat{"", program.ByMeasure, program.ByCount}).Draw(r, "by")
	for at := range rate.Tiers {
		rate.Tiers[at].Mode = rapid.SampledFrom([]program.Mode{"", "", program.Marginal, program.WholeAmount, program.Interpolated}).Draw(r, "tier's mode")
	}
	return rate
}

func drawMeasure(r *rapid.T) program.Measure {
	return program.Measure{Kind: rapid.SampledFrom([]program.MeasureKind{"", program.Sum, program.Count, program.Average, program.Max, program.Min,
		program.Distinct}).Draw(r, "measure"), Shared: rapid.Bool().Draw(r, "shared")}
}

// TestLinesSumToTheAmount has each line within one minor unit of what it is exactly.
func TestLinesSumToTheAmount(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		plan := compile(t, version(1, always(), program.Component{Name: "sales", Measure: drawMeasure(r), Rate: drawRate(r)}))
		o := inJanuary(t, plan, drawCredits(r, -1_000_000))
		var sum int64
		var exact number.Number
		for _, l := range o.Lines {
			sum, exact = sum+l.Amount, exact.Add(l.Exact)
			if off := l.Exact.Mul(number.Of(100)).Sub(number.Of(l.Amount)).Abs(); !off.Less(number.Of(1)) {
				r.Fatalf("a line of %s is paid %d", l.Exact, l.Amount)
			}
			if l.Kind == incentive.LineRate && !l.Base.Mul(l.Rate).Equal(l.Exact) {
				r.Fatalf("a line of %s at %s is %s", l.Base, l.Rate, l.Exact)
			}
		}
		if rounded, err := o.Exact.Round(2, number.HalfAway); err != nil || sum != o.Amount || !exact.Equal(o.Exact) || rounded != o.Amount {
			r.Fatalf("lines come to %s and %d; the whole is %s and %d: %v", exact, sum, o.Exact, o.Amount, err)
		}
	})
}

// TestAnAmountAndItsReversalNetToZero adds a sale and its loss to a history, in one period.
func TestAnAmountAndItsReversalNetToZero(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		rate := drawRate(r)
		plan := compile(t, version(1, always(), program.Component{Name: "sales", Measure: drawMeasure(r), Rate: rate}))
		all := drawCredits(r, 1)
		before := inJanuary(t, plan, all)
		won := credit("x", "2026-01-05", "0")
		won.Value = number.Frac(rapid.Int64Range(1, 3_000_000).Draw(r, "won"), 100)
		lost := reversal(won, calendar.Date(fmt.Sprintf("2026-01-%02d", rapid.IntRange(5, 28).Draw(r, "lost on"))))
		after := inJanuary(t, plan, append(all, won, lost))
		alone := inJanuary(t, plan, []incentive.Credit{won, lost})
		if !alone.Exact.IsZero() {
			r.Fatalf("a sale and its loss alone come to %s", alone.Exact)
		}
		if along := rate.Of == program.OfValue || rate.By.Of == program.ByCount || rate.Of == program.OfCount; along && !rate.Each {
			return // a rate by place, on something else than what makes the place: what comes between moves
		}
		if !after.Exact.Equal(before.Exact) {
			r.Fatalf("with a sale and its loss it pays %s, without %s", after.Exact, before.Exact)
		}
	})
}
