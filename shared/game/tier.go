package game

import (
	"time"

	"leadline/shared/calendar"
	"leadline/shared/money"
	"leadline/shared/number"
)

// tier moves the participant up at once, and down when the time of grace is over.
func (s *State) tier(r Rules, f Facts) {
	if r.Tiers == nil {
		return
	}
	have := s.figure(*r.Tiers, f.Today)
	reached, held := -1, -1
	for i, t := range r.Tiers.Tiers {
		if least, err := number.Parse(t.AtLeast); err == nil && !have.Less(least) {
			reached = i
		}
		if t.Name == s.Tier.Name {
			held = i
		}
	}
	switch {
	case reached == held:
		s.Tier.Below = ""
		return
	case reached < held:
		if s.Tier.Below == "" {
			s.Tier.Below = f.Today
		}
		if f.Today < addMonths(s.Tier.Below, r.Tiers.GraceMonths) {
			return
		}
	}
	name, previous := "", s.Tier.Name
	if reached >= 0 {
		name = r.Tiers.Tiers[reached].Name
	}
	if name == previous {
		return
	}
	s.Tier = HeldTier{Name: name, Since: f.Today, Changes: s.Tier.Changes + 1}
	s.event(f, TierChanged, "tier/"+number.Of(int64(s.Tier.Changes)).String(), Data{Tier: name, Previous: previous})
}

// figure is what tiers go by: points, or money in major units.
func (s State) figure(t Tiers, today calendar.Date) number.Number {
	window := t.window(today)
	if t.By == ByPoints {
		sum := int64(0)
		for month, points := range s.Months {
			if window.Holds(calendar.Date(month + "-01")) {
				sum += points
			}
		}
		return number.Frac(sum, 1_000_000)
	}
	sum := int64(0)
	for _, program := range t.Programs {
		for _, e := range s.Earnings[program] {
			if e.Currency == t.Currency && window.Holds(e.From) {
				sum += e.Minor
			}
		}
	}
	return money.Major(money.Amount{Minor: sum, Currency: t.Currency})
}

// window is the days that count today: whole months.
func (t Tiers) window(today calendar.Date) calendar.Span {
	if t.Per != "" {
		return calendar.Calendar{}.Of(t.Per, today).Span
	}
	month := calendar.Calendar{}.Of(calendar.Monthly, today)
	return calendar.Span{From: addMonths(month.From, 1-max(t.Months, 1)), Until: month.Until}
}

// addMonths gives the day some months later; the first of the month after, where that month has no such day.
func addMonths(d calendar.Date, months int) calendar.Date {
	t, err := time.Parse(time.DateOnly, string(d))
	if err != nil {
		return d
	}
	to := time.Date(t.Year(), t.Month()+time.Month(months), t.Day(), 0, 0, 0, 0, time.UTC)
	if to.Day() != t.Day() {
		to = time.Date(to.Year(), to.Month(), 1, 0, 0, 0, 0, time.UTC)
	}
	return calendar.Date(to.Format(time.DateOnly))
}
