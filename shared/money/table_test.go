package money_test

import (
	"slices"
	"strings"
	"testing"

	"leadline/shared/calendar"
	"leadline/shared/fault"
	"leadline/shared/money"
	"leadline/shared/number"

	"pgregory.net/rapid"
)

func rate(t *testing.T, from, to, value string, since, until calendar.Date) money.Rate {
	t.Helper()
	return money.Rate{From: from, To: to, Value: num(t, value), Span: calendar.Span{From: since, Until: until}, Rev: 7}
}

func TestRatesOfADay(t *testing.T) {
	rows := []money.Rate{
		rate(t, "EUR", "USD", "1.10", "2026-03-01", "2026-06-01"), rate(t, "EUR", "USD", "1.05", "", "2026-01-01"), rate(t, "EUR", "USD", "1.20", "2026-06-01", ""),
		rate(t, "USD", "INR", "83.12345678", "2026-01-01", ""),
	}
	table, err := money.NewTable(rows)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		from, to string
		day      calendar.Date
		want     string
	}{
		{"EUR", "USD", "1999-01-01", "1.05"}, {"EUR", "USD", "2025-12-31", "1.05"}, {"EUR", "USD", "2026-01-01", ""}, {"EUR", "USD", "2026-02-28", ""},
		{"EUR", "USD", "2026-03-01", "1.1"}, {"EUR", "USD", "2026-05-31", "1.1"}, {"EUR", "USD", "2026-06-01", "1.2"}, {"EUR", "USD", "2060-06-01", "1.2"},
		{"EUR", "USD", "", "1.05"}, {"USD", "INR", "2026-01-01", "83.12345678"}, {"USD", "INR", "", ""},
		{"USD", "EUR", "2026-03-01", ""}, // no inverse
		{"EUR", "INR", "2026-03-01", ""}, // no cross rate
		{"GBP", "USD", "2026-03-01", ""},
	} {
		got, ok := table.On(c.from, c.to, c.day)
		if ok != (c.want != "") || ok && got.Value.String() != c.want {
			t.Errorf("%s to %s on %s: %v, %v; want %s", c.from, c.to, c.day, got, ok, c.want)
		}
		if ok && !slices.Contains(rows, got) {
			t.Errorf("%s to %s on %s: %v is no row", c.from, c.to, c.day, got)
		}
	}
	same, ok := table.On("EUR", "EUR", "2026-02-01")
	if !ok || same.Value.String() != "1" || same.Rev != 0 || same.From != "EUR" || same.To != "EUR" || same.Span != (calendar.Span{}) {
		t.Errorf("EUR into EUR: %v, %v", same, ok)
	}
	if _, ok := new(money.Table).On("EUR", "USD", "2026-01-01"); ok {
		t.Error("an empty table has a rate")
	}
}

func TestRatesThatCannotBe(t *testing.T) {
	good := rate(t, "EUR", "USD", "1.1", "2026-01-01", "2026-02-01")
	for name, c := range map[string]struct {
		rows []money.Rate
		told []string
	}{
		"zero":              {[]money.Rate{good, rate(t, "EUR", "GBP", "0", "2026-01-01", "")}, []string{"Rate 2 (EUR to GBP from 2026-01-01)", "above 0"}},
		"negative":          {[]money.Rate{rate(t, "EUR", "GBP", "-1", "", "")}, []string{"Rate 1 (EUR to GBP)", "above 0"}},
		"nine decimals":     {[]money.Rate{rate(t, "EUR", "GBP", "0.123456789", "", "")}, []string{"Rate 1", "8 decimals"}},
		"no decimal":        {[]money.Rate{rate(t, "EUR", "GBP", "1/3", "", "")}, []string{"Rate 1", "8 decimals"}},
		"far too large":     {[]money.Rate{rate(t, "EUR", "GBP", "1e40", "", "")}, []string{"Rate 1", "too large"}},
		"itself":            {[]money.Rate{rate(t, "EUR", "EUR", "1", "", "")}, []string{"Rate 1 (EUR to EUR)", "itself"}},
		"unknown from":      {[]money.Rate{good, good, rate(t, "ABC", "EUR", "1", "", "")}, []string{"Rate 3 (ABC to EUR)", `"ABC"`, "ISO 4217"}},
		"unknown to":        {[]money.Rate{rate(t, "EUR", "eur", "1", "", "")}, []string{`"eur"`, "ISO 4217"}},
		"no day":            {[]money.Rate{rate(t, "EUR", "GBP", "1", "2026-02-30", "")}, []string{"2026-02-30", "no day"}},
		"ends at once":      {[]money.Rate{rate(t, "EUR", "GBP", "1", "2026-02-01", "2026-02-01")}, []string{"Rate 1", "on no day"}},
		"ends on no day":    {[]money.Rate{rate(t, "EUR", "GBP", "1", "2026-02-01", "later")}, []string{"later", "no day"}},
		"same row twice":    {[]money.Rate{good, good}, []string{"Rate 2", "in common with rate 1 (EUR to USD from 2026-01-01)"}},
		"open before":       {[]money.Rate{good, rate(t, "EUR", "USD", "1", "2025-01-01", "")}, []string{"Rate 2 (EUR to USD from 2025-01-01)", "rate 1"}},
		"one day":           {[]money.Rate{rate(t, "EUR", "USD", "1", "2026-01-31", "2026-02-02"), good}, []string{"Rate 2 (EUR to USD from 2026-01-01)", "rate 1"}},
		"around":            {[]money.Rate{rate(t, "GBP", "USD", "1", "", ""), rate(t, "EUR", "USD", "1", "", ""), good}, []string{"Rate 3", "rate 2 (EUR to USD)"}},
		"the first is told": {[]money.Rate{good, rate(t, "GBP", "USD", "1", "", ""), rate(t, "GBP", "USD", "1", "", ""), good}, []string{"Rate 3 (GBP to USD)"}},
	} {
		for range 4 { // whatever the order of the map of pairs
			table, err := money.NewTable(c.rows)
			if table != nil || !fault.Is(err, fault.Invalid) {
				t.Fatalf("%s: %v", name, err)
			}
			for _, told := range c.told {
				if !strings.Contains(err.Error(), told) {
					t.Errorf("%s: %v does not tell %s", name, err, told)
				}
			}
		}
	}
	touching := []money.Rate{good, rate(t, "EUR", "USD", "1", "2026-02-01", ""), rate(t, "EUR", "USD", "1", "", "2026-01-01"), rate(t, "USD", "EUR", "1", "", "")}
	if _, err := money.NewTable(touching); err != nil {
		t.Errorf("rates that follow each other: %v", err)
	}
}

func TestGaps(t *testing.T) {
	table, err := money.NewTable([]money.Rate{rate(t, "EUR", "USD", "1.10", "2026-03-01", "2026-06-01"), rate(t, "EUR", "USD", "1.05", "2025-01-01", "2026-01-01"),
		rate(t, "EUR", "USD", "1.2", "2026-06-01", "2026-07-01"), rate(t, "USD", "EUR", "1", "2026-01-01", "")})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		from, to string
		span     calendar.Span
		want     []calendar.Span
	}{
		{"EUR", "USD", calendar.Span{}, []calendar.Span{{From: "", Until: "2025-01-01"}, {From: "2026-01-01", Until: "2026-03-01"}, {From: "2026-07-01", Until: ""}}},
		{"EUR", "USD", calendar.Span{From: "2026-02-01", Until: "2026-08-01"}, []calendar.Span{{From: "2026-02-01", Until: "2026-03-01"}, {From: "2026-07-01", Until: "2026-08-01"}}},
		{"EUR", "USD", calendar.Span{From: "2026-03-05", Until: "2026-07-01"}, nil},
		{"EUR", "USD", calendar.Span{From: "2026-01-05", Until: "2026-01-07"}, []calendar.Span{{From: "2026-01-05", Until: "2026-01-07"}}},
		{"EUR", "USD", calendar.Span{From: "2026-01-05", Until: "2026-01-05"}, nil},
		{"USD", "EUR", calendar.Span{From: "2025-12-31"}, []calendar.Span{{From: "2025-12-31", Until: "2026-01-01"}}},
		{"USD", "EUR", calendar.Span{From: "2026-12-31"}, nil}, {"GBP", "GBP", calendar.Span{}, nil}, {"GBP", "EUR", calendar.Span{}, []calendar.Span{{}}},
	} {
		if got := table.Gaps(c.from, c.to, c.span); !slices.Equal(got, c.want) {
			t.Errorf("%s to %s in %v: %v, want %v", c.from, c.to, c.span, got, c.want)
		}
	}
}

// TestADayHasARateOrLiesInAGap draws rows at random: each day has the rate of the row that holds it, or is in a gap.
func TestADayHasARateOrLiesInAGap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const first = calendar.Date("2026-01-01")
		var rows []money.Rate
		for at := 0; at < 60; {
			from := at + rapid.IntRange(0, 5).Draw(t, "gap")
			until := from + rapid.IntRange(1, 20).Draw(t, "days")
			rows = append(rows, money.Rate{From: "EUR", To: "USD", Value: number.Of(int64(len(rows) + 1)), Span: calendar.Span{From: first.AddDays(from), Until: first.AddDays(until)}})
			at = until
		}
		if rapid.Bool().Draw(t, "open") {
			rows[0].Span.From, rows[len(rows)-1].Span.Until = "", ""
		}
		table, err := money.NewTable(rapid.Permutation(rows).Draw(t, "order"))
		if err != nil {
			t.Fatal(err)
		}
		span := calendar.Span{From: first.AddDays(rapid.IntRange(-5, 50).Draw(t, "from")), Until: first.AddDays(rapid.IntRange(50, 90).Draw(t, "until"))}
		gaps := table.Gaps("EUR", "USD", span)
		for n := -10; n < 100; n++ {
			d := first.AddDays(n)
			at := slices.IndexFunc(rows, func(r money.Rate) bool { return r.Span.Holds(d) })
			got, ok := table.On("EUR", "USD", d)
			if ok != (at >= 0) || ok && got != rows[at] {
				t.Fatalf("%s has %v, %v of %v", d, got, ok, rows)
			}
			gap := slices.ContainsFunc(gaps, func(s calendar.Span) bool { return s.Holds(d) })
			if want := span.Holds(d) && !ok; gap != want {
				t.Fatalf("%s in a gap of %v: %v, want %v; gaps %v", d, span, gap, want, gaps)
			}
		}
	})
}
