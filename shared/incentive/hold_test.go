package incentive_test

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"leadline/shared/calendar"
	"leadline/shared/incentive"
	"leadline/shared/money"
	"leadline/shared/program"
)

// holding makes a plan whose credits earn what they are worth, of which a part is held back.
func holding(share, more string) program.Version {
	return version(1, always(), component(`{"rate":{"tiers":[{"from":"0","pay":"100%"}]},"hold":{"share":"`+share+`"}`+more+`}`))
}

// heldOf sums what is still held.
func heldOf(r incentive.Result) int64 {
	var sum int64
	for _, h := range r.After.Holds {
		sum += h.Amount
	}
	return sum
}

func holds(r incentive.Result) string {
	var all []string
	for _, l := range r.Holds {
		all = append(all, fmt.Sprintf("%s %s %d", l.Kind, strings.TrimPrefix(l.Credit, "c-"), l.Amount))
	}
	return strings.Join(all, ", ")
}

func releasedOn(c incentive.Credit, on calendar.Date) incentive.Credit {
	c.Release = on
	return c
}

func TestHolds(t *testing.T) {
	deal := credit("a", "2026-01-10", "100")
	tests := []struct {
		name    string
		credits []incentive.Credit
		byHand  map[string]calendar.Date
		want    string // by month: held and released
		paid    string
	}{
		{"until somebody releases it", []incentive.Credit{deal}, nil, "held a -2500; ; ", "75 0 0"},
		{"released by hand", []incentive.Credit{deal}, map[string]calendar.Date{deal.ID: "2026-02-28"}, "held a -2500; released a 2500; ", "75 25 0"},
		{"released by hand on the first of the next", []incentive.Credit{deal}, map[string]calendar.Date{deal.ID: "2026-03-01"}, "held a -2500; ; released a 2500", "75 0 25"},
		{"released on a day", []incentive.Credit{releasedOn(deal, "2026-02-01")}, nil, "held a -2500; released a 2500; ", "75 25 0"},
		{"by hand before the day", []incentive.Credit{releasedOn(deal, "2026-03-05")}, map[string]calendar.Date{deal.ID: "2026-02-05"}, "held a -2500; released a 2500; ", "75 25 0"},
		{"by hand after the day", []incentive.Credit{releasedOn(deal, "2026-02-05")}, map[string]calendar.Date{deal.ID: "2026-03-05"}, "held a -2500; released a 2500; ", "75 25 0"},
		{"in the period itself", []incentive.Credit{releasedOn(deal, "2026-01-31")}, nil, "; ; ", "100 0 0"},
		{"on a day before", []incentive.Credit{releasedOn(deal, "2025-11-05")}, nil, "; ; ", "100 0 0"},
		{"each by itself, rounded", []incentive.Credit{credit("a", "2026-01-10", "0.10"), releasedOn(credit("b", "2026-01-10", "0.30"), "2026-03-01")}, nil, "held a -3, held b -8; ; released b 8", "0.29 0 0.08"},
		{"not of what is below zero", []incentive.Credit{deal, credit("b", "2026-01-11", "-40")}, nil, "held a -2500; ; ", "35 0 0"},
		{"nor of a reversal, which has some released against it", []incentive.Credit{deal, reversal(deal, "2026-02-10")}, nil, "held a -2500; released a 2500; ", "75 -75 0"},
		{"a reversal of a part", []incentive.Credit{releasedOn(deal, "2026-03-05"), partly(reversal(deal, "2026-02-10"), "-10")}, nil, "held a -2500; released a 1000; released a 1500", "75 0 15"},
		{"reversed in its own period", []incentive.Credit{deal, reversal(deal, "2026-01-20")}, nil, "; ; ", "0 0 0"},
		{"reversed in part in its own period", []incentive.Credit{deal, partly(reversal(deal, "2026-01-20"), "-10")}, nil, "held a -1500; ; ", "75 0 0"},
		{"taken back", []incentive.Credit{deal, takeBack(deal, "2026-02-10", "1")}, nil, "held a -2500; released a 2500; ", "75 -75 0"},
		{"released before it is taken back", []incentive.Credit{releasedOn(deal, "2026-02-01"), takeBack(deal, "2026-03-10", "1")}, nil, "held a -2500; released a 2500; ", "75 25 -100"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			all := months(t, compile(t, holding("25%", "")), []string{"", "", ""}, func(in *incentive.Input) {
				for _, c := range test.credits {
					if in.Period.Holds(c.Date) {
						in.Credits = append(in.Credits, c)
					}
				}
				in.Released, in.Taken = test.byHand, map[string]money.Amount{deal.ID: dollars(10000)}
			})
			var got []string
			for _, r := range all {
				got = append(got, holds(r))
			}
			if strings.Join(got, "; ") != test.want || figures(all, payableOf) != test.paid {
				t.Errorf("%s and pays %s, want %s and %s", strings.Join(got, "; "), figures(all, payableOf), test.want, test.paid)
			}
		})
	}
}

func partly(c incentive.Credit, value string) incentive.Credit {
	c.Value = exactly(value)
	return c
}

// TestACreditsDayOfReleaseChanges has a credit that is still among those that are looked at when its day is known, and one that
// is not.
func TestACreditsDayOfReleaseChanges(t *testing.T) {
	deal := releasedOn(credit("a", "2026-01-10", "100"), "2026-02-10")
	plan := compile(t, holding("25%", `,"measure":{"window":"year_to_date"}`))
	first := calculate(t, plan, input(month("2026-01"), deal))
	for release, want := range map[calendar.Date]int64{"": 0, "2026-02-20": 2500, "2026-03-20": 0} {
		in := input(month("2026-02"), releasedOn(deal, release))
		in.Before = first.After
		if r := calculate(t, plan, in); r.Payable != want || heldOf(r) != 2500-want {
			t.Errorf("with %q: pays %d and holds %d, want %d", release, r.Payable, heldOf(r), want)
		}
	}
	in := input(month("2026-02"))
	in.Before = first.After
	in.Before.ToDate = nil
	if r := calculate(t, plan, in); r.Payable != 2500 {
		t.Errorf("without the credit: %d, want 2500", r.Payable)
	}
}

func TestWhatIsHeldIsNoMoreThanItsShareOfWhatIsPaid(t *testing.T) {
	tests := []struct {
		name, adjust string
		want, paid   int64
	}{
		{"nothing else", ``, 30000, 10000},
		{"a cap", `{"kind":"cap","amount":"100"}`, 7500, 2500},
		{"a multiplier", `{"kind":"multiplier","factor":"2"}`, 60000, 20000},
		{"a kicker is not held", `{"kind":"kicker","amount":"40"}`, 30000, 14000},
		{"a cap that leaves nothing", `{"kind":"kicker","amount":"400"},{"kind":"cap","amount":"0"}`, 0, 0},
	}
	for _, test := range tests {
		plan := compile(t, holding("75%", `,"adjust":[`+test.adjust+`]`))
		r := calculate(t, plan, input(month("2026-01"), credits("2026-01", "300", "100")...))
		leavesSum(t, r)
		if heldOf(r) != test.want || r.Payable != test.paid {
			t.Errorf("%s: holds %d and pays %d, want %d and %d", test.name, heldOf(r), r.Payable, test.want, test.paid)
		}
	}
}

func TestHeldOfAComponentThatHasGone(t *testing.T) {
	v1 := holding("25%", "")
	v1.Until = "2026-02-01"
	plan := compile(t, v1, version(2, calendar.Span{From: "2026-02-01"}, component(`{"name":"other"}`)))
	first := calculate(t, plan, input(month("2026-01"), releasedOn(credit("a", "2026-01-10", "100"), "2026-02-10")))
	in := input(month("2026-02"))
	in.Before = first.After
	r := calculate(t, plan, in)
	leavesSum(t, r)
	if len(r.Holds) != 1 || r.Holds[0].Step != -1 || r.Payable != 2500 {
		t.Errorf("%s", text(t, r))
	}
}

// TestWhatIsHeldIsReleasedOrStillHeld has deals held, released and taken back in any order.
func TestWhatIsHeldIsReleasedOrStillHeld(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		adjust := rapid.SampledFrom([]string{``, `{"kind":"cap","amount":"99.995"}`, `{"kind":"multiplier","factor":"1.1"},{"kind":"kicker","amount":"3"}`}).Draw(t, "adjust")
		plan, err := incentive.Compile([]program.Version{holding(fmt.Sprintf("%d/9", rapid.IntRange(1, 9).Draw(t, "share")), `,"adjust":[`+adjust+`]`)})
		if err != nil {
			t.Fatal(err)
		}
		byHand := map[string]calendar.Date{}
		var all []incentive.Credit
		for at := range rapid.IntRange(1, 8).Draw(t, "deals") {
			day := func(name string) calendar.Date {
				return calendar.Date("2026-01-01").AddDays(rapid.IntRange(0, 150).Draw(t, name))
			}
			c := credit(fmt.Sprint(at), day("won"), fmt.Sprintf("%d/100", rapid.IntRange(-2000, 20000).Draw(t, "cents")))
			switch rapid.IntRange(0, 3).Draw(t, "release") {
			case 0:
				c.Release = day("release")
			case 1:
				byHand[c.ID] = day("by hand")
			case 2:
				if lost := day("lost"); lost > c.Date {
					all = append(all, reversal(c, lost))
				}
			}
			all = append(all, c)
		}
		var before incentive.Carried
		var kept, released int64
		for at := range 5 {
			in := input(month(fmt.Sprintf("2026-%02d", at+1)))
			in.Before, in.Released = before, byHand
			for _, c := range all {
				if in.Period.Holds(c.Date) {
					in.Credits = append(in.Credits, c)
				}
			}
			r, err := plan.Calculate(in)
			if err != nil {
				t.Fatal(err)
			}
			for _, l := range r.Holds {
				if l.Kind == incentive.LineHeld {
					kept -= l.Amount
				} else {
					released += l.Amount
				}
			}
			if before = r.After; kept != released+heldOf(r) {
				t.Fatalf("kept %d, released %d, held %d", kept, released, heldOf(r))
			}
			for _, h := range before.Holds {
				if h.Amount <= 0 || h.Release != "" && h.Release < in.Period.Until {
					t.Fatalf("%+v is held after %s", h, in.Period.Name)
				}
			}
		}
	})
}
