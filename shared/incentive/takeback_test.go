package incentive_test

import (
	"fmt"
	"testing"

	"leadline/shared/calendar"
	"leadline/shared/incentive"
	"leadline/shared/money"
)

// takeBack makes the credit that takes back a share of what another earned, on a day.
func takeBack(c incentive.Credit, date calendar.Date, share string) incentive.Credit {
	c.Of, c.ID, c.Reversal, c.TakeBack, c.Date, c.Value, c.Share = c.ID, c.ID+"-back", true, true, date, exactly("0"), exactly(share)
	return c
}

func dollars(minor int64) money.Amount { return money.Amount{Minor: minor, Currency: "USD"} }

// TestTakeBackOfAnEarlierPeriod has 10,000 earned in December, half of which is taken back in January, with 7,000 earned there
// or nothing.
func TestTakeBackOfAnEarlierPeriod(t *testing.T) {
	tests := []struct {
		name, adjust string
		earns        string
		want         int64
	}{
		{"nothing else", ``, "0", -500000},
		{"from what is earned", ``, "7000", 200000},
		{"a multiplier does not change it", `{"kind":"multiplier","factor":"2"}`, "7000", 900000},
		{"a gate does not, either", `{"kind":"gate","when":{"least":"8000"}}`, "7000", -500000},
		{"nor does the cap of a deal", `{"kind":"cap_deal","amount":"1000"}`, "7000", -400000},
		{"a cap looks at what is left", `{"kind":"cap","amount":"6000"}`, "7000", 200000},
		{"a floor lifts it", `{"kind":"floor","amount":"3000"}`, "7000", 300000},
	}
	was := credit("was", "2025-12-10", "10000")
	for _, test := range tests {
		plan := compile(t, version(1, always(), component(plain(test.adjust))))
		in := input(month("2026-01"), credit("a", "2026-01-05", test.earns), takeBack(was, "2026-01-20", "50%"))
		in.Taken = map[string]money.Amount{was.ID: dollars(1000000)}
		r := calculate(t, plan, in)
		leavesSum(t, r)
		if r.Earned != test.want {
			t.Errorf("%s: %d, want %d: %s", test.name, r.Earned, test.want, changes(r.Components[0].Lines))
		}
	}
}

// TestTakeBackInThePeriodOfTheDeal takes back what the deal earns, through all that changes it.
func TestTakeBackInThePeriodOfTheDeal(t *testing.T) {
	for _, adjust := range []string{
		``, `{"kind":"multiplier","factor":"1.5"}`, `{"kind":"gate","factor":"1/3","when":{"of":"count","least":"9"}}`, `{"kind":"cap_deal","amount":"40"}`,
		`{"kind":"cap_deal","amount":"40"},{"kind":"multiplier","factor":"1/7"},{"kind":"cap_deal","amount":"5"}`,
	} {
		deal, other := credit("a", "2026-01-05", "100"), credit("b", "2026-01-06", "30")
		plan := compile(t, version(1, always(), component(plain(adjust))))
		both := calculate(t, plan, input(month("2026-01"), deal, other))
		earned := map[string]incentive.Line{}
		for _, l := range both.Components[0].Lines {
			sum := earned[l.Credit]
			sum.Exact = sum.Exact.Add(l.Exact)
			earned[l.Credit] = sum
		}
		for _, share := range []string{"1", "0.25"} {
			r := calculate(t, plan, input(month("2026-01"), takeBack(deal, "2026-01-20", share), deal, other))
			leavesSum(t, r)
			want := both.Components[0].Exact.Sub(exactly(share).Mul(earned[deal.ID].Exact))
			if got := r.Components[0].Exact; !got.Equal(want) {
				t.Errorf("%q, %s taken back: %s, want %s: %s", adjust, share, got, want, changes(r.Components[0].Lines))
			}
		}
	}
}

// TestTakeBackFromTheVersionBefore has a deal that one version of January pays, and that is lost under the next. What was taken
// for its amount when January was reckoned before does not count.
func TestTakeBackFromTheVersionBefore(t *testing.T) {
	v1 := version(1, calendar.Span{From: "2026-01-01", Until: "2026-01-16"}, component(plain(`{"kind":"multiplier","factor":"2"}`)))
	v2 := version(2, calendar.Span{From: "2026-01-16"}, component(plain(`{"kind":"multiplier","factor":"3"}`)))
	deal := credit("a", "2026-01-05", "100")
	in := input(month("2026-01"), deal, takeBack(deal, "2026-01-20", "1"))
	in.Taken = map[string]money.Amount{deal.ID: dollars(77)}
	r := calculate(t, compile(t, v1, v2), in)
	leavesSum(t, r)
	if r.Components[0].Amount != 20000 || r.Components[1].Amount != -20000 {
		t.Errorf("%s", text(t, r.Components))
	}
	old := credit("old", "2025-12-05", "100")
	in.Credits, in.Taken = append(in.Credits, takeBack(old, "2026-01-21", "1")), map[string]money.Amount{old.ID: dollars(300)}
	if r := calculate(t, compile(t, v1, v2), in); r.Components[1].Amount != -20300 {
		t.Errorf("with one of an earlier period: %s", text(t, r.Components))
	}
}

// TestTakeBackOfWhatNobodyKnows has a credit whose own period was never reckoned.
func TestTakeBackOfWhatNobodyKnows(t *testing.T) {
	r := calculate(t, compile(t, version(1, always(), component(plain(``)))), input(month("2026-01"), takeBack(credit("was", "2025-12-10", "10"), "2026-01-20", "1")))
	if r.Earned != 0 || len(r.Components[0].Lines) != 0 {
		t.Errorf("%s", text(t, r))
	}
}

// TestTakeBackInAWindowToDate takes back a deal of the window, and one from before it, in March.
func TestTakeBackInAWindowToDate(t *testing.T) {
	const toDate = `{"measure":{"window":"year_to_date"},"rate":{"tiers":[{"from":"0","pay":"10%%"}]},"adjust":[%s]}`
	tests := []struct {
		name, adjust string
		back         incentive.Credit
		taken        map[string]money.Amount
		want         []int64
	}{
		{"of the window", ``, takeBack(credit("d1", "2026-01-05", "1000"), "2026-03-10", "1"), nil, []int64{10000, 10000, 0, 10000}},
		{"of the window, after a multiplier", `{"kind":"multiplier","factor":"2"}`, takeBack(credit("d1", "2026-01-05", "1000"), "2026-03-10", "50%"), nil, []int64{20000, 20000, 10000, 20000}},
		{"from before", ``, takeBack(credit("old", "2025-12-05", "1000"), "2026-03-10", "1"), map[string]money.Amount{"c-old": dollars(3000)}, []int64{10000, 10000, 7000, 10000}},
		{"from before, beside a cap of the window", `{"kind":"cap","amount":"250"}`, takeBack(credit("old", "2025-12-05", "1000"), "2026-03-10", "1"), map[string]money.Amount{"c-old": dollars(3000)}, []int64{10000, 10000, 2000, 0}},
	}
	for _, test := range tests {
		plan := compile(t, version(1, always(), component(fmt.Sprintf(toDate, test.adjust))))
		var all []incentive.Credit
		var before incentive.Carried
		for at, want := range test.want {
			p := month(fmt.Sprintf("2026-%02d", at+1))
			all = append(all, credit(fmt.Sprint("d", at+1), p.From.AddDays(4), "1000"))
			in := input(p, all...)
			if in.Before = before; at >= 2 {
				in.Credits = append(in.Credits, test.back)
			}
			if at == 2 {
				in.Taken = test.taken
			}
			r := calculate(t, plan, in)
			leavesSum(t, r)
			if before = r.After; r.Earned != want {
				t.Errorf("%s, %s: %d, want %d: %s", test.name, p.Name, r.Earned, want, changes(r.Components[0].Lines))
			}
		}
	}
}
