package settlement_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"leadline/shared/calendar"
	"leadline/shared/incentive"
	"leadline/shared/incentive/incentivetest"
	"leadline/shared/ledger"
	"leadline/shared/money"
	"leadline/shared/number"
	"leadline/shared/settlement"
)

// history reckons the periods of somebody, with prizes drawn by chance.
func history(t *testing.T, plan *incentive.Plan, h incentivetest.History, random *rand.Rand) []settlement.Reckoned {
	t.Helper()
	var all []settlement.Reckoned
	before, taken := incentive.Carried{}, map[string]money.Amount{}
	for _, period := range h.Periods {
		in := incentive.Input{Participant: "ann", Period: period, Spans: h.Spans, Before: before, Taken: taken}
		for _, c := range h.Credits {
			if c.Date < period.Until {
				in.Credits = append(in.Credits, c)
			}
		}
		result, err := plan.Calculate(in)
		if err != nil {
			t.Fatal(err)
		}
		before, taken = result.After, incentivetest.TakenBy(taken, result)
		r := settlement.Reckoned{Engine: incentive.Revision, Input: in, Result: result, Versions: []int{1}}
		r.Standing = incentive.Standing{Payable: result.Payable, Base: result.Payable, Rank: 1 + random.IntN(2)}
		for range random.IntN(3) {
			p := incentive.Prize{Rank: r.Standing.Rank, Amount: random.Int64N(500), Points: number.Frac(random.Int64N(100), 7).String()}
			if random.IntN(2) == 0 {
				p.Rank, p.Milestone = 0, fmt.Sprint(random.IntN(3))
			}
			r.Standing.Prizes = append(r.Standing.Prizes, p)
			r.Standing.Payable += p.Amount
		}
		all = append(all, r)
	}
	return all
}

// changed gives a history in which some records came, went, or count otherwise.
func changed(h incentivetest.History, random *rand.Rand) incentivetest.History {
	h.Credits = slices.Clone(h.Credits)
	for nth := range 1 + random.IntN(3) {
		if len(h.Credits) == 0 {
			break
		}
		at := random.IntN(len(h.Credits))
		c := &h.Credits[at]
		switch random.IntN(4) {
		case 0:
			h.Credits = slices.Delete(h.Credits, at, at+1)
		case 1:
			c.Value, c.Rev = c.Value.Add(number.Of(random.Int64N(300))), c.Rev+1
		case 2:
			c.Date, c.Rev = c.Date.AddDays(random.IntN(60)), c.Rev+1
		default:
			late := *c
			late.ID, late.Record.ID = fmt.Sprint(late.ID, "-late", nth), fmt.Sprint(late.Record.ID, "-late", nth)
			h.Credits = append(h.Credits, late)
		}
	}
	if random.IntN(4) == 0 {
		h.Spans = []calendar.Span{{From: "2026-01-01", Until: "2026-04-11"}}
	}
	return h
}

// sums adds up adjustments: money in minor units, and millionths of points.
func sums(all []settlement.Adjustment) (minor, millionths int64) {
	for _, a := range all {
		if a.Points {
			millionths += a.Amount
		} else {
			minor += a.Amount
		}
	}
	return minor, millionths
}

func pointsOf(t *testing.T, r *settlement.Reckoned) (millionths int64) {
	t.Helper()
	if r == nil {
		return 0
	}
	d, err := settlement.NewDocument(settlement.Draft{Reckoned: r, Hash: "x"})
	if err != nil {
		t.Fatal(err)
	}
	return d.Points
}

func payable(r *settlement.Reckoned) int64 {
	if r == nil {
		return 0
	}
	return r.Standing.Payable
}

func shuffled(r settlement.Reckoned, random *rand.Rand) settlement.Reckoned {
	r.Input.Credits = slices.Clone(r.Input.Credits)
	random.Shuffle(len(r.Input.Credits), func(i, j int) {
		r.Input.Credits[i], r.Input.Credits[j] = r.Input.Credits[j], r.Input.Credits[i]
	})
	return r
}

// TestDifferencesSumExactly reckons random plans over random histories, changes these, and compares: the lines sum to the difference,
// whichever way round, to the same bytes in whatever order the credits are; and what did not change makes none.
func TestDifferencesSumExactly(t *testing.T) {
	seen := map[settlement.ChangeCode]int{}
	for seed := range uint64(250) {
		random := rand.New(rand.NewPCG(seed, 1))
		r := incentivetest.NewRandom(seed)
		versions := r.Versions()
		plan, err := incentive.Compile(versions)
		if err != nil {
			t.Fatal(err)
		}
		h := r.History(versions)
		was, now := history(t, plan, h, random), history(t, plan, changed(h, random), random)
		for at := range was {
			pairs := [][2]*settlement.Reckoned{{&was[at], &now[at]}, {&now[at], &was[at]}, {nil, &now[at]}, {&was[at], nil}}
			for _, pair := range pairs {
				all := settlement.Differences("2026-02", pair[0], pair[1])
				minor, millionths := sums(all)
				if want := payable(pair[1]) - payable(pair[0]); minor != want {
					t.Fatalf("seed %d: the lines sum to %d, want %d", seed, minor, want)
				}
				if want := pointsOf(t, pair[1]) - pointsOf(t, pair[0]); millionths != want {
					t.Fatalf("seed %d: the points sum to %d, want %d", seed, millionths, want)
				}
				for _, a := range all {
					if seen[a.Cause.Code]++; a.Amount != a.Now-a.Was || a.Amount == 0 || a.Cause.Detail == "" || len(a.Cause.Records) > 10 {
						t.Fatalf("seed %d: %+v", seed, a)
					}
				}
			}
			text, again := encoded(t, &was[at], &now[at]), shuffled(was[at], random)
			other := shuffled(now[at], random)
			if !bytes.Equal(text, encoded(t, &again, &other)) {
				t.Fatalf("seed %d: the order of the credits makes a difference", seed)
			}
			again = shuffled(was[at], random)
			if all := settlement.Differences("2026-02", &was[at], &again); len(all) > 0 {
				t.Fatalf("seed %d: nothing changed, and there is %+v", seed, all)
			}
			posts(t, was[at], settlement.Differences("2026-02", &was[at], &now[at]))
		}
	}
	for _, code := range []settlement.ChangeCode{settlement.RecordAdded, settlement.RecordGone, settlement.RecordChanged, settlement.OtherRecords,
		settlement.PeopleChanged, settlement.CarriedOver, settlement.RanksChanged} {
		if seen[code] == 0 {
			t.Errorf("no difference was caused by %s", code)
		}
	}
	if seen[settlement.EngineChanged] > 0 {
		t.Errorf("%d differences have no cause", seen[settlement.EngineChanged])
	}
}

func encoded(t *testing.T, was, now *settlement.Reckoned) []byte {
	t.Helper()
	text, err := json.Marshal(settlement.Differences("2026-02", was, now))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// posts checks that a document's postings balance, sum to what it says, and have each cause once.
func posts(t *testing.T, r settlement.Reckoned, adjustments []settlement.Adjustment) {
	t.Helper()
	s := settlement.New("org_a", "prg_1", r.Input.Period, "USD")
	d, err := settlement.NewDocument(settlement.Draft{Settlement: s, Participant: "ann", Payer: "pyr_1", Reckoned: &r, Hash: "x", Adjustments: adjustments})
	if err != nil {
		t.Fatal(err)
	}
	sum, causes := map[ledger.Account]int64{}, map[string]bool{}
	for _, p := range settlement.Postings(d, r, "per_a", "2026-12-31") {
		if causes[p.Cause.ID] {
			t.Fatalf("%s is there twice", p.Cause.ID)
		}
		causes[p.Cause.ID] = true
		for _, l := range p.Legs {
			sum[l.Account] += l.Amount
		}
	}
	money, points := ledger.Account{Kind: ledger.Owed, Unit: "USD", Payer: "pyr_1"}, ledger.Account{Kind: ledger.Owed, Unit: ledger.Points}
	if sum[money] != d.Credited || sum[points] != d.Points {
		t.Fatalf("posted %d and %d, want %d and %d", sum[money], sum[points], d.Credited, d.Points)
	}
	for _, owed := range []ledger.Account{money, points} {
		cost := owed
		if cost.Kind = ledger.Cost; sum[cost] != -sum[owed] {
			t.Fatalf("%+v is out of balance", owed)
		}
	}
}
