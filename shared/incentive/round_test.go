package incentive_test

import (
	"fmt"
	"strings"
	"testing"

	"leadline/shared/incentive"
	"leadline/shared/number"
)

// amounts writes what lines come to in minor units.
func amounts(o incentive.Outcome) string {
	var all []string
	for _, l := range o.Lines {
		all = append(all, fmt.Sprint(l.Amount))
	}
	return strings.Join(all, " ")
}

func TestRoundingOnceAndSharingOut(t *testing.T) {
	for _, c := range []struct {
		name   string
		values []string
		want   string
	}{
		{"70 to 30", []string{"0.035", "0.015"}, "5: 4 1"},
		{"30 to 70", []string{"0.015", "0.035"}, "5: 2 3"},
		{"by three", []string{"8/3", "8/3", "8/3"}, "800: 267 267 266"},
		{"each less than a cent", []string{"0.004", "0.004", "0.004"}, "1: 1 0 0"},
		{"the largest remainder first", []string{"0.001", "0.006", "0.004"}, "1: 0 1 0"},
		{"below zero", []string{"-0.035", "-0.015"}, "-5: -4 -1"},
		{"above and below", []string{"0.015", "-0.005"}, "1: 2 -1"},
		{"that come to nothing", []string{"0.004", "-0.004"}, "0: 0 0"},
		{"whole cents", []string{"1", "-0.5", "0.25"}, "75: 100 -50 25"},
		{"rounded to nothing, from below", []string{"-0.001", "-0.001"}, "0: 0 0"},
		{"half a cent", []string{"0.005"}, "1: 1"},
		{"half a cent away", []string{"-0.005"}, "-1: -1"},
		{"none", nil, "0: "},
	} {
		o := outcome(t, `{"rate":{"tiers":[{"from":"0","pay":"1"}]}}`, credits("2026-01", c.values...)...)
		if got := fmt.Sprintf("%d: %s", o.Amount, amounts(o)); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

func TestRoundingModes(t *testing.T) {
	for mode, want := range map[number.Mode]string{
		"": "1 2 -1 1", number.HalfAway: "1 2 -1 1", number.HalfEven: "0 2 0 1", number.HalfDown: "0 1 0 1", number.Down: "0 1 0 0", number.Up: "1 2 -1 1",
	} {
		v := version(1, always(), component(`{"rate":{"tiers":[{"from":"0","pay":"1"}]}}`))
		v.Definition.Rounding = mode
		plan := compile(t, v)
		var got []string
		for _, value := range []string{"0.005", "0.015", "-0.005", "0.0051"} {
			got = append(got, fmt.Sprint(calculate(t, plan, input(month("2026-01"), credits("2026-01", value)...)).Components[0].Amount))
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%q: %s, want %s", mode, strings.Join(got, " "), want)
		}
	}
}

func TestMinorUnitsOfTheCurrency(t *testing.T) {
	for currency, want := range map[string]int64{"JPY": 12, "USD": 1235, "KWD": 12346} {
		v := version(1, always(), component(`{"rate":{"tiers":[{"from":"0","pay":"1"}]}}`))
		v.Definition.Currency = currency
		r := calculate(t, compile(t, v), input(month("2026-01"), credit("a", "2026-01-01", "12.3456")))
		if r.Earned != want || r.Payable != want || r.Currency != currency {
			t.Errorf("%s: %d earned, %d payable, %s", currency, r.Earned, r.Payable, r.Currency)
		}
	}
}
