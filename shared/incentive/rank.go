package incentive

import (
	"cmp"
	"slices"
	"strings"

	"leadline/shared/fault"
	"leadline/shared/number"
	"leadline/shared/program"
)

// Rank ranks the standings of a period by Score, and says what each wins: Rank, Prizes and Payable (Base and the prizes in money)
// are set anew, the order of the standings is that of the ranks. minor is the digits of the currency's minor unit. The same
// standings give the same ranks, in whatever order they come.
//
// Whoever has no Score, or less than the program asks for, has no rank, and comes last, by participant. Equal scores are one
// rank, its people in the order of their ids, but where the first to reach a score is ahead: there, of those who reached it at
// one moment, or of whom nobody knows when, the lesser id is, and those of whom nobody knows come after the others.
//
// Milestones are for everybody who reaches them, ranked or not; where the least is ranked first, by having no more. Invalid
// (number.CodeInvalid) if a Score is no number, (number.CodeTooLarge) if a prize is more than an account holds.
func Rank(s program.Standing, standings []Standing, minor int) ([]Standing, error) {
	entries, err := ranked(s, standings)
	if err != nil {
		return nil, err
	}
	won, err := award(s, entries, minor)
	if err != nil {
		return nil, err
	}
	all := make([]Standing, len(entries))
	for at, e := range entries {
		all[at] = *e.Standing
		one := &all[at]
		one.Rank, one.Prizes, one.Payable = e.rank, nil, e.Base
		for _, p := range won[at] {
			one.Prizes = append(one.Prizes, p.Prize)
			payable, ok := plus(one.Payable, p.Amount)
			if !ok {
				return nil, tooLarge()
			}
			one.Payable = payable
		}
	}
	return all, nil
}

// entry is a standing that is being ranked.
type entry struct {
	*Standing
	score  number.Number
	scored bool
	rank   int // 0 for none
}

// ranked puts the standings in order, and gives each its rank.
func ranked(s program.Standing, standings []Standing) ([]entry, error) {
	entries := make([]entry, len(standings))
	for at := range standings {
		e := entry{Standing: &standings[at]}
		if e.Score != "" {
			score, err := number.Parse(e.Score)
			if err != nil {
				return nil, fault.New(fault.Invalid, number.CodeInvalid, "The score of %s is no number: %q.", e.Participant, e.Score)
			}
			e.score, e.scored = score, true
			if s.Least == nil || !score.Less(*s.Least) {
				e.rank = 1
			}
		}
		entries[at] = e
	}
	slices.SortFunc(entries, func(a, b entry) int { return compareEntries(s, a, b) })
	for at := 1; at < len(entries) && entries[at].rank > 0; at++ {
		before := entries[at-1]
		switch {
		case s.Ties != program.FirstReach && before.score.Equal(entries[at].score):
			entries[at].rank = before.rank
		case s.Ties == program.Dense:
			entries[at].rank = before.rank + 1
		default:
			entries[at].rank = at + 1
		}
	}
	return entries, nil
}

func compareEntries(s program.Standing, a, b entry) int {
	if a.rank != b.rank { // so far, 1 for those who are ranked
		return cmp.Compare(b.rank, a.rank)
	}
	if a.rank > 0 {
		if c := a.score.Cmp(b.score); c != 0 {
			if s.Ascending {
				return c
			}
			return -c
		}
		if s.Ties == program.FirstReach && !a.Reached.Equal(b.Reached) {
			switch {
			case a.Reached.IsZero():
				return 1
			case b.Reached.IsZero():
				return -1
			}
			return a.Reached.Compare(b.Reached)
		}
	}
	return strings.Compare(a.Participant, b.Participant)
}
