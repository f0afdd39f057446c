package incentivetest

import (
	"cmp"
	"math/big"
	"slices"

	"leadline/shared/incentive"
	"leadline/shared/number"
	"leadline/shared/program"
)

// Ranked is what a participant's rank is, and what is won: money in minor units.
type Ranked struct {
	Rank  int
	Money int64
}

// RankByHand ranks scores as a program.Standing says, by participant. It knows prizes in money and, with a budget, no milestones.
// A share that does not divide is given in cents one by one: the greatest part that is cut off first, then the one ahead.
func RankByHand(rule program.Standing, standings []incentive.Standing, minor int) map[string]Ranked {
	type entry struct {
		incentive.Standing
		score *big.Rat
	}
	result := map[string]Ranked{}
	var list []entry
	for _, s := range standings {
		result[s.Participant] = Ranked{}
		if n, err := number.Parse(s.Score); err == nil && (rule.Least == nil || n.Big().Cmp(rule.Least.Big()) >= 0) {
			list = append(list, entry{s, n.Big()})
		}
	}
	better := func(a, b entry) int {
		c := b.score.Cmp(a.score)
		if rule.Ascending {
			c = -c
		}
		if c == 0 && rule.Ties == program.FirstReach {
			c = cmp.Or(a.Reached.Compare(b.Reached), cmp.Compare(a.Participant, b.Participant))
		}
		return c
	}
	slices.SortFunc(list, func(a, b entry) int { return cmp.Or(better(a, b), cmp.Compare(a.Participant, b.Participant)) })
	var order []string
	money := map[string]int64{}
	for _, e := range list {
		ahead, levels := 0, map[string]bool{}
		var tied []string
		for _, other := range list {
			switch c := better(other, e); {
			case c < 0:
				ahead++
				levels[other.score.RatString()] = true
			case c == 0:
				tied = append(tied, other.Participant)
			}
		}
		rank := ahead + 1
		won := prizeOf(rule, rank, minor)
		switch rule.Ties {
		case program.Dense:
			rank = len(levels) + 1
			won = prizeOf(rule, rank, minor)
		case program.EachGets, program.FirstReach:
		default:
			won = 0
			for i := range tied {
				won += prizeOf(rule, rank+i, minor)
			}
			won = inCents(won, slices.Repeat([]int64{1}, len(tied)))[slices.Index(tied, e.Participant)]
		}
		order = append(order, e.Participant)
		money[e.Participant] = won
		result[e.Participant] = Ranked{rank, 0}
	}
	withinBudget(rule, order, money, result, minor)
	for _, who := range order {
		result[who] = Ranked{result[who].Rank, money[who]}
	}
	return result
}

func prizeOf(rule program.Standing, rank, minor int) int64 {
	sum := int64(0)
	for _, p := range rule.Prizes {
		if p.Amount != nil && p.From <= rank && rank <= max(p.To, p.From) {
			sum += rounded(p.Amount.Big(), minor, number.HalfAway)
		}
	}
	return sum
}

// inCents shares a whole among weights.
func inCents(whole int64, weights []int64) []int64 {
	total := int64(0)
	for _, w := range weights {
		total += w
	}
	parts := make([]int64, len(weights))
	if total == 0 {
		return parts
	}
	left := whole
	rest := make([]*big.Rat, len(weights))
	for i, w := range weights {
		exact := big.NewRat(whole*w, total)
		parts[i] = rounded(exact, 0, number.Down)
		rest[i] = minus(exact, big.NewRat(parts[i], 1))
		left -= parts[i]
	}
	for ; left > 0; left-- {
		best := 0
		for i := range rest {
			if rest[i].Cmp(rest[best]) > 0 {
				best = i
			}
		}
		parts[best]++
		rest[best] = big.NewRat(-1, 1)
	}
	return parts
}

func withinBudget(rule program.Standing, order []string, money map[string]int64, result map[string]Ranked, minor int) {
	total := int64(0)
	for _, who := range order {
		total += money[who]
	}
	if rule.Budget == nil {
		return
	}
	budget := rounded(rule.Budget.Big(), minor, number.Down)
	if total <= budget {
		return
	}
	if rule.Beyond == program.CutOff {
		for at := len(order) - 1; at >= 0 && total > budget; at-- {
			rank := result[order[at]].Rank
			for ; at >= 0 && result[order[at]].Rank == rank; at-- {
				total -= money[order[at]]
				money[order[at]] = 0
			}
			at++
		}
		return
	}
	var weights []int64
	for _, who := range order {
		weights = append(weights, money[who])
	}
	for i, part := range inCents(budget, weights) {
		money[order[i]] = part
	}
}
