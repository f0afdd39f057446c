package game

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"leadline/shared/calendar"
	"leadline/shared/ledger"
	"leadline/shared/money"
	"leadline/shared/number"
)

// Decide takes facts into a state and gives what happened, and the state after it, of Rev one more: it has in Due and Untold what is
// to be done now, and nothing of what before had there, which must have been done. The state before stays as it is.
//
// The same facts give the same, and activities and rows may come in any order, as long as no caps of overlapping periods are
// involved (weeks and months); only when something was given differs.
func Decide(r Rules, f Facts, before State) ([]Event, State) {
	s := before.clone()
	s.Due, s.Untold = nil, nil
	s.RulesRev = r.Rev
	s.forget(f)
	for _, row := range f.Rows {
		s.takeRow(f, row)
	}
	if f.Activity != nil {
		s.takeActivity(r, *f.Activity)
	}
	s.takeStandings(r, f)
	for _, b := range r.Badges {
		s.badge(f, b)
	}
	s.level(r, f)
	s.streaks(r)
	s.tier(r, f)
	return s.Untold, s
}

// clone copies what Decide changes.
func (s State) clone() State {
	s.Editions, s.Months, s.Earnings = own(s.Editions), own(s.Months), own(s.Earnings)
	s.Counts, s.Tallies, s.Met, s.Best = own(s.Counts), own(s.Tallies), own(s.Met), own(s.Best)
	s.Badges = slices.Clone(s.Badges)
	for id, all := range s.Earnings {
		s.Earnings[id] = slices.Clone(all)
	}
	for id, all := range s.Met {
		s.Met[id] = slices.Clone(all)
	}
	return s
}

func own[V any](m map[string]V) map[string]V {
	if m == nil {
		return map[string]V{}
	}
	return maps.Clone(m)
}

// forget drops what lies too long ago to count for anything.
func (s *State) forget(f Facts) {
	maps.DeleteFunc(s.Tallies, func(_ string, t Tally) bool { return t.Until.AddDays(tallyLife) < f.Today })
	if len(s.Months) > MaxMonths {
		months := slices.Sorted(maps.Keys(s.Months))
		for _, m := range months[:len(months)-MaxMonths] {
			delete(s.Months, m)
		}
	}
}

// takeRow takes in one row of the ledger.
func (s *State) takeRow(f Facts, row ledger.Row) {
	s.Rows = max(s.Rows, row.Number)
	var got, spent int64
	for _, leg := range row.Legs {
		switch {
		case leg.Unit != ledger.Points:
		case leg.Kind == ledger.Owed:
			got += leg.Amount
		case leg.Kind == ledger.Redeemed:
			spent += leg.Amount
		}
	}
	got += spent // what was spent was awarded before
	s.Redeemed += spent
	if got == 0 {
		return
	}
	s.Awarded += got
	if len(row.Date) >= len("2026-11") {
		s.Months[string(row.Date[:len("2026-11")])] += got
	}
	if got > 0 {
		s.event(f, PointsAwarded, row.Cause.ID, Data{Points: Text(got), Reason: reason(row.Cause), Cause: row.Cause.ID,
			Balance: Text(s.Awarded - s.Redeemed), Awarded: Text(s.Awarded)})
	}
}

// reason says why points were awarded.
func reason(c ledger.Cause) string {
	if c.Kind == ledger.Awarded {
		return c.Code
	}
	return string(c.Kind)
}

// takeActivity counts an activity, and gives the points for it. One of a kind that the rules do not have counts for nothing.
func (s *State) takeActivity(r Rules, a Activity) {
	i := slices.IndexFunc(r.Activities, func(k ActivityKind) bool { return k.ID == a.Kind })
	if i < 0 {
		return
	}
	k := r.Activities[i]
	s.Counts[k.ID]++
	for _, b := range r.Badges {
		if b.Count != nil && b.Count.Activity == k.ID && b.Count.Per != "" {
			s.tally("badge/"+b.ID, b.Count.Per, a.Date)
		}
	}
	for _, streak := range r.Streaks {
		if slices.Contains(streak.Activities, k.ID) {
			s.meet("streak/"+streak.ID, calendar.Calendar{}.Of(streak.Per, a.Date), true)
		}
	}
	points, _ := Millionths(k.Points)
	if points <= 0 {
		return
	}
	for _, c := range k.Caps {
		if s.Tallies[tallyName("activity/"+k.ID, c.Per, a.Date)].Count >= c.Times {
			return
		}
	}
	counted := map[calendar.Kind]bool{}
	for _, c := range k.Caps {
		if !counted[c.Per] {
			s.tally("activity/"+k.ID, c.Per, a.Date)
		}
		counted[c.Per] = true
	}
	s.Due = append(s.Due, Due{Cause: "activity/" + a.ID, Code: k.ID, Amount: points, Date: a.Date})
}

func tallyName(what string, per calendar.Kind, on calendar.Date) string {
	return what + "/" + calendar.Calendar{}.Of(per, on).Name
}

func (s *State) tally(what string, per calendar.Kind, on calendar.Date) {
	name := tallyName(what, per, on)
	t := s.Tallies[name]
	t.Until = calendar.Calendar{}.Of(per, on).Until
	t.Count++
	s.Tallies[name] = t
}

// meet notes whether a period is one that counts.
func (s *State) meet(what string, p calendar.Period, met bool) {
	all := s.Met[what]
	i, found := slices.BinarySearchFunc(all, p.From, func(q calendar.Period, from calendar.Date) int { return cmp.Compare(q.From, from) })
	switch {
	case met && !found:
		all = slices.Insert(all, i, p)
	case !met && found:
		all = slices.Delete(all, i, i+1)
	}
	if len(all) > MaxMet {
		all = all[len(all)-MaxMet:]
	}
	if len(all) == 0 {
		delete(s.Met, what)
		return
	}
	s.Met[what] = all
}

// takeStandings notes in which periods conditions hold, and what was earned.
func (s *State) takeStandings(r Rules, f Facts) {
	conditions := map[string]*Condition{}
	for _, b := range r.Badges {
		conditions["badge/"+b.ID] = b.When
	}
	for _, one := range r.Streaks {
		conditions["streak/"+one.ID] = one.When
	}
	for program, edition := range f.Editions {
		s.Editions[program] = edition
		delete(s.Earnings, program)
		for what, c := range conditions {
			if c != nil && c.Program == program {
				delete(s.Met, what)
			}
		}
	}
	for _, standing := range f.Standings {
		for what, c := range conditions {
			if c != nil && c.Program == standing.Program {
				s.meet(what, standing.Span, c.holds(standing))
			}
		}
		if r.Tiers != nil && slices.Contains(r.Tiers.Programs, standing.Program) {
			s.earned(standing)
		}
	}
}

func (s *State) earned(standing Standing) {
	all := s.Earnings[standing.Program]
	e := Earning{From: standing.Span.From, Currency: standing.Currency, Minor: standing.Earned}
	i, found := slices.BinarySearchFunc(all, e.From, func(q Earning, from calendar.Date) int { return cmp.Compare(q.From, from) })
	if found {
		all[i] = e
	} else {
		all = slices.Insert(all, i, e)
	}
	if len(all) > maxEarnings {
		all = all[len(all)-maxEarnings:]
	}
	s.Earnings[standing.Program] = all
}

// holds tells whether the condition holds in a period.
func (c Condition) holds(s Standing) bool {
	wanted, err := number.Parse(c.AtLeast)
	if err != nil {
		return false
	}
	if c.Of == Earned && c.Component == "" {
		return !money.Major(money.Amount{Minor: s.Earned, Currency: s.Currency}).Less(wanted)
	}
	for _, figure := range s.Figures {
		if figure.Component != c.Component {
			continue
		}
		var got number.Number
		switch c.Of {
		case Attainment:
			got, err = number.Parse(figure.Attainment)
		case Measure:
			got, err = number.Parse(figure.Measure)
		default:
			got = money.Major(money.Amount{Minor: figure.Amount, Currency: s.Currency})
		}
		return err == nil && !got.Less(wanted)
	}
	return false
}

// badge gives a badge where it is due.
func (s *State) badge(f Facts, b Badge) {
	switch {
	case b.When != nil:
		met := s.Met["badge/"+b.ID]
		for i, p := range met {
			if run(met[:i+1], false) >= max(b.InARow, 1) {
				s.give(f, b, p.Name)
			}
		}
	case b.Count == nil:
	case b.Count.Per == "":
		if s.Counts[b.Count.Activity] >= b.Count.AtLeast {
			s.give(f, b, "")
		}
	default:
		prefix := "badge/" + b.ID + "/"
		for _, name := range slices.Sorted(maps.Keys(s.Tallies)) {
			if len(name) > len(prefix) && name[:len(prefix)] == prefix && s.Tallies[name].Count >= b.Count.AtLeast {
				s.give(f, b, name[len(prefix):])
			}
		}
	}
}

func (s *State) give(f Facts, b Badge, period string) {
	cause, named := "badge/"+b.ID, b.EachPeriod && period != ""
	if named {
		cause += "/" + period
	}
	if len(s.Badges) >= maxBadges || slices.ContainsFunc(s.Badges, func(h Held) bool { return h.Badge == b.ID && (!named || h.Period == period) }) {
		return
	}
	s.Badges = append(s.Badges, Held{Badge: b.ID, Name: b.Name, Period: period, At: f.Now})
	s.event(f, BadgeEarned, cause, Data{Badge: b.ID, Name: b.Name, Period: period, Cause: cause})
	if points, _ := Millionths(b.Points); points > 0 {
		s.Due = append(s.Due, Due{Cause: cause, Code: "badge", Amount: points, Date: f.Today})
	}
}

// run counts the periods of the run that the last of them ends.
func run(all []calendar.Period, weekdays bool) int {
	n := 0
	for i := len(all) - 1; i >= 0; i-- {
		if i < len(all)-1 && !adjoin(all[i].Until, all[i+1].From, weekdays) {
			break
		}
		n++
	}
	return n
}

// adjoin tells whether nothing lies between the end of one period and the beginning of another, weekends apart if they do not
// count.
func adjoin(until, from calendar.Date, weekdays bool) bool {
	for weekdays && until < from && weekend(until) {
		until = until.AddDays(1)
	}
	return until >= from
}

func weekend(d calendar.Date) bool {
	t, err := time.Parse(time.DateOnly, string(d))
	return err == nil && (t.Weekday() == time.Saturday || t.Weekday() == time.Sunday)
}

// level gives the highest level that the points reach.
func (s *State) level(r Rules, f Facts) {
	for i, l := range slices.Backward(r.Levels) {
		if i < s.Level {
			return
		}
		if points, valid := Millionths(l.Points); valid && s.Awarded >= points && i+1 > s.Level {
			s.Level, s.LevelName = i+1, l.Name
			s.event(f, LevelReached, "level/"+number.Of(int64(s.Level)).String(), Data{Level: s.Level, Name: l.Name, Awarded: Text(s.Awarded)})
			return
		}
	}
}

// streaks keeps the best of each streak.
func (s *State) streaks(r Rules) {
	for _, one := range r.Streaks {
		met := s.Met["streak/"+one.ID]
		for i := range met {
			if n := run(met[:i+1], one.Weekdays && one.Per == calendar.Daily); n > s.Best[one.ID] {
				s.Best[one.ID] = n
			}
		}
	}
}

// Running gives how long a streak is: one that the present period can still prolong counts.
func (s State) Running(one Streak, today calendar.Date) int {
	met, weekdays := s.Met["streak/"+one.ID], one.Weekdays && one.Per == calendar.Daily
	for len(met) > 0 && met[len(met)-1].From > today { // done in advance, or in a zone ahead of ours
		met = met[:len(met)-1]
	}
	if len(met) == 0 {
		return 0
	}
	last := met[len(met)-1]
	now := calendar.Calendar{}.Of(last.Kind, today)
	if !last.Holds(today) && !adjoin(last.Until, now.From, weekdays) && !adjoin(last.Until, today, weekdays) {
		// Of a program with a calendar of its own, the next period begins where this one ends, and is about as long.
		if one.When == nil || today >= last.Until.AddDays(last.Days()) {
			return 0
		}
	}
	return run(met, weekdays)
}
