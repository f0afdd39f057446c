package storetest

import (
	"fmt"
	"testing"
	"time"

	"leadline/shared/calendar"
	"leadline/shared/incentive"
	"leadline/shared/money"
	"leadline/shared/number"
	"leadline/shared/record"
	"leadline/shared/store"
)

func refsOf(credits []incentive.Credit) []incentive.CreditRef {
	var refs []incentive.CreditRef
	for _, c := range credits {
		refs = append(refs, store.RefOf(c))
	}
	return refs
}

// newCredit makes a credit with everything that one can have.
func newCredit(k record.Key, participant string, date calendar.Date) incentive.Credit {
	rate := newRate("2026-01-01")
	return incentive.Credit{ID: "crd of " + k.ID, Component: "deals", Version: 3, Participant: participant, Kind: "rollup", Date: date, At: base(), Record: k, Rev: 7,
		Value: number.Frac(1_234_567, 3), Share: number.Frac(1, 3), Weight: number.Of(2), Key: "a <&> key", Worth: number.Of(-9), Currency: "EUR", Rate: &rate,
		Cell: map[string]string{"segment": "Enterprise"}, Release: "2026-12-01", Levels: 2, Reversal: true, Of: "another", TakeBack: true, Company: true}
}

func creditsOf(t *testing.T, s Stores, edition, participant string, within calendar.Span) []incentive.Credit {
	t.Helper()
	got, err := s.Credits.Credits(ctx(t), "org_a", edition, participant, within)
	ok(t, err)
	return got
}

func creditTests() []test {
	return []test{
		{"a credit with nothing but its place is kept", func(t *testing.T, s Stores) {
			f, _ := newFootprint("edn_1", "x", 0)
			c := incentive.Credit{ID: "i", Participant: "mem_a", Date: "2026-11-22", Record: f.Record}
			ok(t, keep(t, s, f, none(f), []incentive.Credit{c}))
			same(t, creditsOf(t, s, "edn_1", "mem_a", calendar.Span{}), []incentive.Credit{c})
		}},
		{"credits come by date and id, those of a span", creditsOfSpans},
		{"credits of others are their own", func(t *testing.T, s Stores) {
			want := map[string][]incentive.Credit{}
			for n, participant := range append(hostile(), "team:East", "mem_a", "mem_ab") {
				if want[participant] != nil {
					continue
				}
				f, _ := newFootprint("edn_1", fmt.Sprint("r", n), 0)
				want[participant] = []incentive.Credit{newCredit(f.Record, participant, "2026-11-22")}
				ok(t, keep(t, s, f, none(f), want[participant]))
			}
			for participant, credits := range want {
				same(t, creditsOf(t, s, "edn_1", participant, calendar.Span{}), credits)
			}
			same(t, creditsOf(t, s, "edn_2", "mem_a", calendar.Span{}), nil)
			got, err := s.Credits.Credits(ctx(t), "org_b", "edn_1", "mem_a", calendar.Span{})
			ok(t, err)
			same(t, got, nil)
		}},
		{"a participant's credits are all given, however many", func(t *testing.T, s Stores) {
			const records, each = 30, 45
			var want []incentive.Credit
			for n := range records {
				f, _ := newFootprint("edn_1", fmt.Sprintf("r%02d", n), 0)
				var credits []incentive.Credit
				for i := range each {
					c := newCredit(f.Record, "mem_a", calendar.Date(fmt.Sprintf("2026-11-%02d", 1+n)))
					c.ID, c.At, c.Rate = fmt.Sprintf("%s-%02d", f.Record.ID, i), base().Add(time.Duration(i)), &money.Rate{From: "EUR", To: "USD"}
					credits = append(credits, c)
				}
				ok(t, keep(t, s, f, none(f), credits))
				want = append(want, credits...)
			}
			same(t, creditsOf(t, s, "edn_1", "mem_a", calendar.Span{}), want)
		}},
	}
}

func creditsOfSpans(t *testing.T, s Stores) {
	var want []incentive.Credit
	for n, date := range []calendar.Date{"2025-12-31", "2026-01-01", "2026-01-01", "2026-01-31", "2026-02-01", "2026-02-01", "2027-01-01"} {
		f, _ := newFootprint("edn_1", fmt.Sprint("r", n), 0)
		c := newCredit(f.Record, "mem_a", date)
		if c.ID = fmt.Sprint("i", n); n%2 == 0 {
			c.ID = fmt.Sprintf("i%d#%%", n)
		}
		want = append(want, c)
	}
	for _, n := range []int{4, 2, 6, 0, 5, 1, 3} {
		f, _ := newFootprint("edn_1", want[n].Record.ID, 0)
		ok(t, keep(t, s, f, none(f), want[n:n+1]))
	}
	for name, test := range map[string]struct {
		span        calendar.Span
		first, last int
	}{
		"all":                    {calendar.Span{}, 0, 7},
		"a month":                {calendar.Span{From: "2026-01-01", Until: "2026-02-01"}, 1, 4},
		"a day":                  {calendar.Span{From: "2026-02-01", Until: "2026-02-02"}, 4, 6},
		"from a day":             {calendar.Span{From: "2026-01-02"}, 3, 7},
		"until a day":            {calendar.Span{Until: "2026-01-01"}, 0, 1},
		"a year without credits": {calendar.Span{From: "2024-01-01", Until: "2025-01-01"}, 0, 0},
		"no day":                 {calendar.Span{From: "2026-02-01", Until: "2026-02-01"}, 0, 0},
		"less than no day":       {calendar.Span{From: "2026-02-01", Until: "2026-01-01"}, 0, 0},
	} {
		t.Run(name, func(t *testing.T) { same(t, creditsOf(t, s, "edn_1", "mem_a", test.span), want[test.first:test.last]) })
	}
}
