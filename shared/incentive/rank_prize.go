package incentive

import (
	"cmp"
	"fmt"
	"slices"

	"leadline/shared/number"
	"leadline/shared/program"
)

// win is a prize of one entry. Ranks come before milestones, the greater of those before the lesser.
type win struct {
	Prize
	entry     int // its place
	milestone int // its place among the milestones, in the order in which they are paid; -1 for a rank's prize
}

// award gives the prizes of each entry, by place: those of its rank first, then the milestones as they are reached.
func award(s program.Standing, entries []entry, minor int) ([][]win, error) {
	wins := make([][]win, len(entries))
	if err := rankPrizes(s, entries, minor, wins); err != nil {
		return nil, err
	}
	if err := milestones(s, entries, minor, wins); err != nil {
		return nil, err
	}
	return wins, withinBudget(s, entries, minor, wins)
}

// rankPrizes gives the prizes of the ranks. Where ties are pooled, those who are equal share the money and points of all ranks
// that they take up, in the order of their ids; a thing cannot be shared: each gets that of the best of these ranks that has one.
func rankPrizes(s program.Standing, entries []entry, minor int, wins [][]win) error {
	if len(s.Prizes) == 0 {
		return nil
	}
	prizes, err := awards(s.Prizes, minor)
	if err != nil {
		return err
	}
	for from := 0; from < len(entries) && entries[from].rank > 0; {
		until := from + 1
		for until < len(entries) && entries[until].rank == entries[from].rank {
			until++
		}
		rank, tied := entries[from].rank, until-from
		if s.Ties == program.EachGets || s.Ties == program.Dense || s.Ties == program.FirstReach {
			tied = 1
		}
		pool, err := pooled(prizes, rank, tied)
		if err != nil {
			return err
		}
		for at := from; at < until; at++ {
			if p, ok := pool.part((at-from)%tied, rank, tied); ok {
				wins[at] = append(wins[at], win{Prize: p, entry: at, milestone: -1})
			}
		}
		from = until
	}
	return nil
}

// prize is a prize with its amount in minor units.
type prize struct {
	program.Prize
	amount int64
}

func awards(all []program.Prize, minor int) ([]prize, error) {
	prizes := make([]prize, len(all))
	for at, p := range all {
		amount, err := awardAmount(p.Award, minor)
		if err != nil {
			return nil, err
		}
		p.To = max(p.To, p.From)
		prizes[at] = prize{p, amount}
	}
	return prizes, nil
}

func awardAmount(a program.Award, minor int) (int64, error) {
	if a.Amount == nil {
		return 0, nil
	}
	return a.Amount.Round(minor, number.HalfAway)
}

// pool is what the ranks win that one or several equal entries take up.
type pool struct {
	won    bool
	money  []int64
	points []string // by who shares; nil for none
	thing  string
}

// pooled puts the prizes of so many ranks together, from one on.
func pooled(prizes []prize, rank, count int) (pool, error) {
	var p pool
	var money, points number.Number
	thing := 0
	for _, prize := range prizes {
		ranks := min(prize.To, rank+count-1) - max(prize.From, rank) + 1
		if ranks <= 0 {
			continue
		}
		p.won = true
		money = money.Add(number.Of(int64(ranks)).Mul(number.Of(prize.amount)))
		if prize.Points != nil {
			points = points.Add(number.Of(int64(ranks)).Mul(*prize.Points))
		}
		if first := max(prize.From, rank); prize.Thing != "" && (thing == 0 || first < thing) {
			p.thing, thing = prize.Thing, first
		}
	}
	if !p.won {
		return p, nil
	}
	amount, err := money.Round(0, number.HalfAway)
	if err != nil {
		return p, err
	}
	alike := slices.Repeat([]number.Number{number.Of(1)}, count)
	p.money = number.Share(amount, alike)
	if !points.IsZero() {
		p.points, err = sharePoints(points, alike)
	}
	return p, err
}

// pointDigits is how many decimals shared points have, where their quotient has no end.
const pointDigits = 2

// sharePoints shares points alike: exactly where the quotient has an end, else by the largest remainder at so many decimals, so
// that the parts sum to the whole.
func sharePoints(points number.Number, alike []number.Number) ([]string, error) {
	texts := make([]string, len(alike))
	each, _ := points.Quo(number.Of(int64(len(alike))))
	if _, ends := each.Big().FloatPrec(); ends {
		for at := range texts {
			texts[at] = each.String()
		}
		return texts, nil
	}
	units, err := points.Round(pointDigits, number.Down)
	if err != nil {
		return nil, err
	}
	scale := number.Ten(pointDigits)
	for at, part := range number.Share(units, alike) {
		n, _ := number.Of(part).Quo(scale)
		if at == 0 {
			rest, _ := number.Of(units).Quo(scale)
			n = n.Add(points.Sub(rest)) // what the prizes have beyond these decimals
		}
		texts[at] = n.String()
	}
	return texts, nil
}

// part gives what one of those gets who share a pool; false if there is none.
func (p pool) part(nth, rank, count int) (Prize, bool) {
	if !p.won {
		return Prize{}, false
	}
	won := Prize{Rank: rank, Amount: p.money[nth], Thing: p.thing}
	if p.points != nil {
		won.Points = p.points[nth]
	}
	if count > 1 {
		won.Note = fmt.Sprintf("the prizes of the ranks %d to %d, shared by %d", rank, rank+count-1, count)
		if p.thing != "" {
			won.Note += "; what cannot be shared, each gets"
		}
	}
	return won, true
}

// milestones adds those that each entry has reached.
func milestones(s program.Standing, entries []entry, minor int, wins [][]win) error {
	all := slices.Clone(s.Milestones)
	slices.SortStableFunc(all, func(a, b program.Milestone) int {
		if s.Ascending {
			return b.At.Cmp(a.At)
		}
		return a.At.Cmp(b.At)
	})
	for nth, m := range all {
		amount, err := awardAmount(m.Award, minor)
		if err != nil {
			return err
		}
		won := Prize{Milestone: m.At.String(), Amount: amount, Thing: m.Thing}
		if m.Points != nil {
			won.Points = m.Points.String()
		}
		for at, e := range entries {
			c := e.score.Cmp(m.At)
			if e.scored && (c == 0 || c > 0 != s.Ascending) {
				wins[at] = append(wins[at], win{Prize: won, entry: at, milestone: len(all) - 1 - nth})
			}
		}
	}
	return nil
}

// withinBudget holds the prizes in money to the budget. Points and things are not in it.
//
// Scaled, each gets less in proportion, shared by the largest remainder in the order of payment, so that all together are the
// budget to the cent. Cut off, the last ones in that order get none, so that the rest is within the budget: those of one rank or
// of one milestone and rank together. The order of payment is: the ranks from the first, then the milestones, those that are
// hardest to reach first, each in the order of the ranks.
func withinBudget(s program.Standing, entries []entry, minor int, wins [][]win) error {
	if s.Budget == nil {
		return nil
	}
	budget, err := s.Budget.Round(minor, number.Down)
	if err != nil {
		return err
	}
	var order []*win
	var total number.Number
	for at := range wins {
		for i := range wins[at] {
			if w := &wins[at][i]; w.Amount != 0 {
				order = append(order, w)
				total = total.Add(number.Of(w.Amount))
			}
		}
	}
	if total.Cmp(number.Of(budget)) <= 0 {
		return nil
	}
	slices.SortStableFunc(order, func(a, b *win) int { return cmp.Compare(a.milestone, b.milestone) })
	if s.Beyond == program.CutOff {
		cutOff(order, entries, total, number.Of(budget))
		return nil
	}
	weights := make([]number.Number, len(order))
	for at, w := range order {
		weights[at] = number.Of(w.Amount)
	}
	for at, part := range number.Share(budget, weights) {
		order[at].Amount = part
		order[at].annotate("less in proportion: all prizes together are beyond the budget")
	}
	return nil
}

func cutOff(order []*win, entries []entry, total, budget number.Number) {
	for until := len(order); until > 0 && budget.Less(total); {
		from := until - 1
		last := order[from]
		for from > 0 && order[from-1].milestone == last.milestone && entries[order[from-1].entry].rank == entries[last.entry].rank {
			from--
		}
		for _, w := range order[from:until] {
			total = total.Sub(number.Of(w.Amount))
			w.Amount = 0
			w.annotate("beyond the budget")
		}
		until = from
	}
}

func (p *Prize) annotate(note string) {
	if p.Note != "" {
		note = p.Note + "; " + note
	}
	p.Note = note
}
