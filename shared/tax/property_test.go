package tax_test

import (
	"maps"
	"math/big"
	"testing"

	"leadline/shared/calendar"
	"leadline/shared/number"
	"leadline/shared/tax"

	"pgregory.net/rapid"
)

func rate(t *rapid.T, name string) number.Number {
	return number.Frac(rapid.Int64Range(0, 40).Draw(t, name), 100)
}

// anyRules draws rules of one version for agents' cash.
func anyRules(t *rapid.T, then tax.Then) tax.Rules {
	v := tax.Version{Rate: new(number.Number)}
	*v.Rate = rate(t, "rate")
	v.Threshold = &tax.Threshold{Amount: number.Of(rapid.Int64Range(0, 50).Draw(t, "threshold")), Crossed: rapid.SampledFrom([]tax.Crossing{tax.Above, tax.Reaches}).Draw(t, "crossed"), Then: then}
	r := tax.Rules{ID: "own", Title: "Own", Country: "IN", Currency: "INR", Year: tax.YearIs{Month: 4, Day: 1, Naming: tax.Span},
		Rounding: tax.Rounding{To: rapid.SampledFrom([]tax.Step{tax.ToMinor, tax.ToOne, tax.ToTen}).Draw(t, "to"), Mode: rapid.SampledFrom(number.Modes()).Draw(t, "mode")},
		Rules:    []tax.Rule{{ID: "rule", Title: "Rule", Classes: []tax.Class{tax.Agent}, Of: tax.OfCash, Versions: []tax.Version{v}}}}
	if err := r.Check(); err != nil {
		t.Fatal(err)
	}
	return r
}

func payments(t *rapid.T) []int64 {
	return rapid.SliceOfN(rapid.Int64Range(1, 4000), 1, 8).Draw(t, "payments")
}

// pay assesses payments one after another, and gives what was withheld, what is left, and the year.
func pay(t *rapid.T, r tax.Rules, amounts ...int64) (withheld, left int64, y tax.Year) {
	years := map[string]tax.Year{}
	for _, cash := range amounts {
		a, err := r.Assess(tax.Payment{Payer: "p", On: "2026-06-01", Currency: "INR", Class: tax.Agent, HasTaxID: true, Cash: cash, Years: years})
		if err != nil {
			t.Fatal(err)
		}
		if a.FromCash < 0 || a.FromCash > cash {
			t.Fatalf("%d is withheld from %d", a.FromCash, cash)
		}
		now := a.Years["p/2026-27/rule"]
		if now.Withheld < y.Withheld || now.Base != y.Base+cash || now.Assessed+now.Exempt > now.Base {
			t.Fatalf("the year went from %+v to %+v with %d", y, now, cash)
		}
		withheld, left, y = withheld+a.FromCash, a.Lines[0].Left, now
		maps.Copy(years, a.Years)
	}
	return withheld, left, y
}

// TestPartsComeToTheTaxOfTheWhole under aggregate, in any order: with what cash was too little for.
func TestPartsComeToTheTaxOfTheWhole(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r, parts := anyRules(t, tax.Aggregate), payments(t)
		var sum int64
		for _, part := range parts {
			sum += part
		}
		whole, wholeLeft, _ := pay(t, r, sum)
		withheld, left, y := pay(t, r, parts...)
		other, otherLeft, z := pay(t, r, rapid.Permutation(parts).Draw(t, "other")...)
		if whole+wholeLeft != withheld+left || whole+wholeLeft != other+otherLeft || y.Due != z.Due {
			t.Fatalf("at once %d and %d, in parts %d and %d, in another order %d and %d", whole, wholeLeft, withheld, left, other, otherLeft)
		}
	})
}

// TestTaxIsThatOfTheOracle, which sums up the year in math/big each time.
func TestTaxIsThatOfTheOracle(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := anyRules(t, rapid.SampledFrom([]tax.Then{tax.Aggregate, tax.CrossingPayment}).Draw(t, "then"))
		parts := payments(t)
		v := r.Rules[0].Versions[0]
		for n := range parts {
			withheld, left, _ := pay(t, r, parts[:n+1]...)
			if want := oracle(v, r.Rounding, parts[:n+1]); withheld+left != want {
				t.Fatalf("%v: %d withheld and %d left, want %d together", parts[:n+1], withheld, left, want)
			}
		}
	})
}

// oracle gives the rounded tax of a year; minor units are hundredths.
func oracle(v tax.Version, rounding tax.Rounding, parts []int64) int64 {
	bound := new(big.Rat).Mul(v.Threshold.Amount.Big(), big.NewRat(100, 1))
	sum, taxed, crossed := new(big.Rat), new(big.Rat), false
	for _, part := range parts {
		p := big.NewRat(part, 1)
		sum.Add(sum, p)
		c := sum.Cmp(bound)
		switch {
		case crossed:
			taxed.Add(taxed, p)
		case c > 0 || c == 0 && v.Threshold.Crossed == tax.Reaches:
			crossed = true
			if taxed.Set(p); v.Threshold.Then == tax.Aggregate {
				taxed.Set(sum)
			}
		}
	}
	step := map[tax.Step]int64{tax.ToMinor: 1, tax.ToOne: 100, tax.ToTen: 1000}[rounding.To]
	steps := new(big.Rat).Quo(new(big.Rat).Mul(taxed, v.Rate.Big()), big.NewRat(step, 1))
	n, rest := new(big.Int).QuoRem(steps.Num(), steps.Denom(), new(big.Int))
	half := new(big.Int).Mul(rest, big.NewInt(2)).Cmp(steps.Denom())
	up := map[number.Mode]bool{number.HalfAway: half >= 0, number.HalfEven: half > 0 || half == 0 && n.Bit(0) == 1, number.HalfDown: half > 0, number.Up: rest.Sign() > 0}[rounding.Mode]
	if up {
		n.Add(n, big.NewInt(1))
	}
	return n.Int64() * step
}

// TestUndoIsTheIdentity of a payment by the built-in rules, where nothing came between; and where another did, no year is below zero
// and what that one was taxed stays.
func TestUndoIsTheIdentity(t *testing.T) {
	india, err := tax.Named("in-2026")
	if err != nil {
		t.Fatal(err)
	}
	america, err := tax.Named("us-2026")
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		r := rapid.SampledFrom([]tax.Rules{india, america}).Draw(t, "rules")
		years := map[string]tax.Year{}
		assess := func() tax.Assessment {
			own := rate(t, "rate")
			a, err := r.Assess(tax.Payment{Payer: "p", On: "2026-06-01", Currency: r.Currency, Class: rapid.SampledFrom(tax.Classes()).Draw(t, "class"),
				HasTaxID: rapid.Bool().Draw(t, "id"), Cash: rapid.Int64Range(0, 3_000_000).Draw(t, "cash"), Benefit: rapid.Int64Range(0, 3_000_000).Draw(t, "benefit"),
				Rate: &own, GrossUp: rapid.Bool().Draw(t, "gross"), Years: years})
			if err != nil {
				t.Fatal(err)
			}
			return a
		}
		for range rapid.IntRange(0, 4).Draw(t, "before") {
			maps.Copy(years, assess().Years)
		}
		before := maps.Clone(years)
		first := assess()
		maps.Copy(years, first.Years)
		maps.Copy(years, tax.Undo(years, first))
		for key, y := range years {
			if y != before[key] {
				t.Fatalf("%s is %+v, was %+v", key, y, before[key])
			}
		}
		maps.Copy(years, first.Years)
		second := assess()
		maps.Copy(years, second.Years)
		withheld := map[string]int64{}
		for key, y := range years {
			withheld[key] = y.Withheld - first.Years[key].Withheld + first.Was[key].Withheld
		}
		for key, y := range tax.Undo(years, first) {
			if y.Base < 0 || y.Exempt < 0 || y.Assessed < 0 || y.Withheld != withheld[key] {
				t.Fatalf("%s is %+v after the first of two is taken back", key, y)
			}
		}
	})
}

// TestGrossedUpTaxIsThatOfWhatIsGrossedUp: the tax that a payer bears is the rate times value and tax, to the rupee.
func TestGrossedUpTaxIsThatOfWhatIsGrossedUp(t *testing.T) {
	india, err := tax.Named("in-2026")
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		value := rapid.Int64Range(2_000_001, 1e12).Draw(t, "value")
		a, err := india.Assess(tax.Payment{Payer: "p", On: "2026-06-01", Currency: "INR", Class: tax.Business, HasTaxID: true, Benefit: value, GrossUp: true})
		if err != nil {
			t.Fatal(err)
		}
		if off := 9*a.ByPayer - value; a.FromCash != 0 || off < -9*50 || off > 9*50 || a.Lines[0].Base != value+a.ByPayer {
			t.Fatalf("of %d the payer bears %d", value, a.ByPayer)
		}
	})
}

// TestYearsBegin on their day and are called as the rules say.
func TestYearsBegin(t *testing.T) {
	for _, c := range []struct {
		day    calendar.Date
		year   tax.YearIs
		called string
	}{
		{"2026-03-31", tax.YearIs{Month: 4, Day: 1, Naming: tax.Span}, "2025-26"}, {"2026-04-01", tax.YearIs{Month: 4, Day: 1, Naming: tax.Span}, "2026-27"},
		{"2026-04-05", tax.YearIs{Month: 4, Day: 6, Naming: tax.Span}, "2025-26"}, {"2100-01-01", tax.YearIs{Month: 4, Day: 1, Naming: tax.Span}, "2099-00"},
		{"2026-12-31", tax.YearIs{Month: 1, Day: 1, Naming: tax.Single}, "2026"}, {"2026-06-30", tax.YearIs{Month: 7, Day: 1, Naming: tax.Single}, "2025"},
		{"2026-02-30", tax.YearIs{Month: 1, Day: 1, Naming: tax.Single}, ""}, {"", tax.YearIs{Month: 1, Day: 1, Naming: tax.Single}, ""},
	} {
		if got := (tax.Rules{Year: c.year}).YearOf(c.day); got != c.called {
			t.Errorf("%s is in %q, want %q", c.day, got, c.called)
		}
	}
}
