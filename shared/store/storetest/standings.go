package storetest

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"leadline/shared/fault"
	"leadline/shared/incentive"
	"leadline/shared/store"
)

func standingTests() []test {
	return []test{
		{"generations count up by one, each unit by itself", generationsCount},
		{"each of concurrent touches counts", func(t *testing.T, s Stores) {
			u := newUnit("mem_a", "2026-11")
			var given [writers]int64
			for _, err := range atOnce(t, func(n int) (err error) { given[n], err = s.Credits.Touch(ctx(t), u); return err }) {
				ok(t, err)
			}
			slices.Sort(given[:])
			for n, g := range given {
				same(t, g, int64(n+1))
			}
		}},
		{"a standing is kept whole, and one of an older generation refused", standingsGoByGeneration},
		{"the newest generation stands, in whatever order they come", func(t *testing.T, s Stores) {
			atOnce(t, func(n int) error {
				one := newStanding("mem_a", "2026-11")
				one.Generation, one.ResultHash = int64(n+1), fmt.Sprint(n+1)
				_, err := s.Credits.SaveStanding(ctx(t), one)
				return err
			})
			got, err := s.Credits.Standing(ctx(t), newUnit("mem_a", "2026-11"))
			ok(t, err)
			same(t, got.Generation, int64(writers))
			same(t, got.ResultHash, fmt.Sprint(writers))
		}},
		{"ranks and their money stay with a standing that is reckoned anew", ranksStay},
		{"what is written and read of a standing is not shared", func(t *testing.T, s Stores) {
			one, want := newStanding("mem_a", "2026-11"), newStanding("mem_a", "2026-11")
			saved(t, s, one, true)
			one.Figures[0].Component, one.After.Holds[0].Credit, one.After.Owed[0].Amount = "late", "late", 99
			one.After.Excess["deals"], one.After.ToDate["deals"]["2026-Q4"] = 99, 99
			for range 2 {
				got, err := s.Credits.Standing(ctx(t), want.Unit)
				ok(t, err)
				same(t, got, want)
				got.Figures[0].Component, got.After.ToDate["deals"]["2026-Q4"] = "late", 99
			}
		}},
		{"a standing with nothing but its unit is kept", func(t *testing.T, s Stores) {
			bare := incentive.Standing{Unit: newUnit("mem_a", "2026-11")}
			saved(t, s, bare, true)
			got, err := s.Credits.Standing(ctx(t), bare.Unit)
			ok(t, err)
			same(t, got, bare)
			// It was never touched, and is found all the same.
			same(t, all(t, 10, standingsOf(t, s, "edn_1", "mem_a")), []incentive.Standing{bare})
			generation, err := s.Credits.Touched(ctx(t), bare.Unit)
			ok(t, err)
			same(t, generation, 0)
			saved(t, s, bare, true)
		}},
		{"a period's standings come by participant, with every limit", standingsOfPeriod},
		{"a participant's standings come newest first, with every limit", standingsOfParticipant},
		{"a request for standings that has ended does nothing", endedStandings},
	}
}

func newUnit(participant, period string) incentive.Unit {
	return incentive.Unit{Organization: "org_a", Program: "prg_1", Edition: "edn_1", Participant: participant, Period: period}
}

// newStanding makes a standing with everything that one can have but rank and prizes, of generation 3.
func newStanding(participant, period string) incentive.Standing {
	return incentive.Standing{Unit: newUnit(participant, period), Generation: 3, InputHash: "00ff", ResultHash: "ab01", Currency: "USD", Earned: 1 << 50, Payable: -5, Base: 77,
		Figures: []incentive.Figure{{Component: "deals", Version: 2, Credits: 9, Measure: "1/3", Quota: "100", Attainment: "0.5", Amount: 123},
			{Component: "calls", Version: 2, Measure: "0", Why: "no_credit"}},
		After: incentive.Carried{Period: period, Owed: []incentive.Advance{{Period: "2026-10", Number: 2, Amount: 5}}, Excess: map[string]int64{"deals": 1, "": 2},
			Holds:  []incentive.Held{{Component: "deals", Credit: "c", Record: keyIn("org_a", "x"), Period: "2026-10", Amount: 7, Release: "2026-12-01"}},
			ToDate: map[string]map[string]int64{"deals": {"2026-Q4": 9}}, Periods: 4},
		Score: "12.5", Reached: base(), At: base().Add(time.Second)}
}

func saved(t *testing.T, s Stores, one incentive.Standing, want bool) {
	t.Helper()
	got, err := s.Credits.SaveStanding(ctx(t), one)
	ok(t, err)
	same(t, got, want)
}

func standingsOf(t *testing.T, s Stores, edition, participant string) func(store.Page) ([]incentive.Standing, string, error) {
	return func(p store.Page) ([]incentive.Standing, string, error) {
		return s.Credits.StandingsOf(ctx(t), "org_a", edition, participant, p)
	}
}

func standingsIn(t *testing.T, s Stores, organization, edition, period string) func(store.Page) ([]incentive.Standing, string, error) {
	return func(p store.Page) ([]incentive.Standing, string, error) {
		return s.Credits.Standings(ctx(t), organization, edition, period, p)
	}
}

func generationsCount(t *testing.T, s Stores) {
	touched := func(u incentive.Unit, want int64) {
		t.Helper()
		got, err := s.Credits.Touched(ctx(t), u)
		ok(t, err)
		same(t, got, want)
	}
	u := newUnit("mem_a", "2026-11")
	others := []incentive.Unit{newUnit("mem_a", "2026-12"), newUnit("mem_b", "2026-11"), newUnit("mem_a#2026-11", ""), newUnit("", "mem_a#2026-11"), u, u}
	others[4].Edition, others[5].Organization = "edn_2", "org_b"
	touched(u, 0)
	for n := int64(1); n <= 3; n++ {
		got, err := s.Credits.Touch(ctx(t), u)
		ok(t, err)
		same(t, got, n)
		touched(u, n)
	}
	for _, other := range others {
		touched(other, 0)
		got, err := s.Credits.Touch(ctx(t), other)
		ok(t, err)
		same(t, got, 1)
	}
	touched(u, 3)
}

func standingsGoByGeneration(t *testing.T, s Stores) {
	u := newUnit("mem_a", "2026-11")
	_, err := s.Credits.Standing(ctx(t), u)
	is(t, err, fault.NotFound, "")
	stands := func(want incentive.Standing) {
		t.Helper()
		got, err := s.Credits.Standing(ctx(t), u)
		ok(t, err)
		same(t, got, want)
	}
	one := newStanding("mem_a", "2026-11")
	saved(t, s, one, true)
	stands(one)
	for _, older := range []int64{0, 1, 2} {
		late := newStanding("mem_a", "2026-11")
		late.Generation, late.Earned = older, 99
		saved(t, s, late, false)
		stands(one)
	}
	again := one
	again.Earned = 1
	saved(t, s, again, true) // of the same generation
	stands(again)
	bare := incentive.Standing{Unit: u, Generation: 12}
	saved(t, s, bare, true)
	stands(bare)
	saved(t, s, one, false)
	stands(bare)
	for _, edition := range []string{"edn_2", ""} {
		other := u
		other.Edition = edition
		_, err := s.Credits.Standing(ctx(t), other)
		is(t, err, fault.NotFound, "")
	}
}

func ranksStay(t *testing.T, s Stores) {
	one := newStanding("mem_a", "2026-11")
	one.Payable = 100
	stands := func(want incentive.Standing) {
		t.Helper()
		got, err := s.Credits.Standing(ctx(t), one.Unit)
		ok(t, err)
		same(t, got, want)
		same(t, all(t, 10, standingsIn(t, s, "org_a", "edn_1", "2026-11")), []incentive.Standing{want})
		same(t, all(t, 10, standingsOf(t, s, "edn_1", "mem_a")), []incentive.Standing{want})
	}
	ranked := func(n incentive.Standing, want bool) {
		t.Helper()
		got, err := s.Credits.SaveRanks(ctx(t), n)
		ok(t, err)
		same(t, got, want)
	}
	// Ranks of a standing that is not there, or is another by now, are not saved.
	ranked(one, false)
	_, err := s.Credits.Standing(ctx(t), one.Unit)
	is(t, err, fault.NotFound, "")
	_, err = s.Credits.Touch(ctx(t), one.Unit)
	ok(t, err)
	saved(t, s, one, true)
	first := one
	first.Rank, first.Payable = 1, 600
	first.Prizes = []incentive.Prize{{Rank: 1, Amount: 500}, {Milestone: "10", Points: "5", Thing: "a bell", Note: "<&>"}}
	other := first
	other.ResultHash = "another"
	ranked(other, false)
	stands(one)
	ranked(first, true)
	stands(first)
	// It is reckoned anew, with and without its prizes known: what they add to what is paid stays.
	anew := one
	anew.Generation, anew.ResultHash, anew.Payable = 4, "new", 130
	saved(t, s, anew, true)
	want := anew
	want.Rank, want.Prizes, want.Payable = 1, first.Prizes, 630
	stands(want)
	anew = want
	anew.Generation, anew.Payable = 5, 640
	saved(t, s, anew, true)
	want = anew
	stands(want)
	ranked(first, false) // of the result before
	stands(want)
	// The ranks that follow take the place of those before.
	second := want
	second.Rank, second.Prizes, second.Payable = 2, nil, 140
	ranked(second, true)
	stands(second)
	second.Rank, second.Prizes = 0, nil
	ranked(second, true)
	stands(second)
}

func standingsOfPeriod(t *testing.T, s Stores) {
	var want []incentive.Standing
	participants := append(hostile(), "team:East")
	for n := range 40 {
		participants = append(participants, fmt.Sprintf("mem_%03d", n*7919%1000))
	}
	slices.Sort(participants)
	for n, participant := range slices.Compact(participants) {
		one := newStanding(participant, "2026-11")
		one.Earned = int64(n)
		saved(t, s, one, true)
		want = append(want, one)
		other := newStanding(participant, "2026-12")
		saved(t, s, other, true)
	}
	elsewhere := want[0]
	elsewhere.Edition = "edn_2"
	saved(t, s, elsewhere, true)
	pages(t, want, standingsIn(t, s, "org_a", "edn_1", "2026-11"))
	same(t, all(t, 10, standingsIn(t, s, "org_a", "edn_2", "2026-11")), []incentive.Standing{elsewhere})
	same(t, all(t, 10, standingsIn(t, s, "org_a", "edn_1", "2026")), nil)
	same(t, all(t, 10, standingsIn(t, s, "org_b", "edn_1", "2026-11")), nil)
	refuses(t, standingsIn(t, s, "org_a", "edn_1", "2026-11"), next(standingsIn(t, s, "org_a", "edn_1", "2026-12")))
}

func standingsOfParticipant(t *testing.T, s Stores) {
	var want []incentive.Standing
	for n := range 26 {
		period := fmt.Sprintf("20%02d-%02d", 24+n/12, 1+n%12)
		one := newStanding("mem_a", period)
		_, err := s.Credits.Touch(ctx(t), one.Unit)
		ok(t, err)
		// Many units are touched, and not reckoned yet.
		for m := range 3 {
			_, err := s.Credits.Touch(ctx(t), newUnit("mem_a", fmt.Sprint(period, "-", m)))
			ok(t, err)
		}
		saved(t, s, one, true)
		want = append([]incentive.Standing{one}, want...)
		for _, participant := range []string{"mem_a#", "mem_", "mem_a%23", "mem_ab"} {
			_, err := s.Credits.Touch(ctx(t), newUnit(participant, period))
			ok(t, err)
		}
	}
	other := newStanding("mem_a#", "2026-02")
	saved(t, s, other, true)
	same(t, all(t, 10, standingsOf(t, s, "edn_1", "mem_a#")), []incentive.Standing{other})
	same(t, all(t, 10, standingsOf(t, s, "edn_1", "mem_")), nil)
	same(t, all(t, 10, standingsOf(t, s, "edn_2", "mem_a")), nil)
	pages(t, want, standingsOf(t, s, "edn_1", "mem_a"))
	saved(t, s, newStanding("mem_a#", "2026-01"), true)
	refuses(t, standingsOf(t, s, "edn_1", "mem_a"), next(standingsOf(t, s, "edn_1", "mem_a#")))
}

func endedStandings(t *testing.T, s Stores) {
	ended, end := context.WithCancel(ctx(t))
	end()
	one := newStanding("mem_a", "2026-11")
	for name, do := range map[string]func() error{
		"Touch":        func() error { _, err := s.Credits.Touch(ended, one.Unit); return err },
		"Touched":      func() error { _, err := s.Credits.Touched(ended, one.Unit); return err },
		"SaveStanding": func() error { _, err := s.Credits.SaveStanding(ended, one); return err },
		"SaveRanks":    func() error { _, err := s.Credits.SaveRanks(ended, one); return err },
		"Standing":     func() error { _, err := s.Credits.Standing(ended, one.Unit); return err },
		"Standings": func() error {
			_, _, err := s.Credits.Standings(ended, "org_a", "edn_1", "2026-11", store.Page{Limit: 1})
			return err
		},
		"StandingsOf": func() error {
			_, _, err := s.Credits.StandingsOf(ended, "org_a", "edn_1", "mem_a", store.Page{Limit: 1})
			return err
		},
		"DropEdition": func() error { _, err := s.Credits.DropEdition(ended, "org_a", "edn_1"); return err },
	} {
		t.Run(name, func(t *testing.T) { is(t, do(), fault.Unavailable, "") })
	}
	generation, err := s.Credits.Touched(ctx(t), one.Unit)
	ok(t, err)
	same(t, generation, 0)
	_, err = s.Credits.Standing(ctx(t), one.Unit)
	is(t, err, fault.NotFound, "")
}
