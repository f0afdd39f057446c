package amortization

import (
	"cmp"
	"math"
	"slices"

	"leadline/shared/calendar"
	"leadline/shared/fault"
	"leadline/shared/number"
	"leadline/shared/record"
)

// Schedule is one asset, month by month.
type Schedule struct {
	Deal        record.Key    `json:"deal"`
	Participant string        `json:"participant"`
	Currency    string        `json:"currency"`
	Kind        Kind          `json:"kind"`
	Cost        int64         `json:"cost"` // all amounts
	From        calendar.Date `json:"from"`
	Until       calendar.Date `json:"until"`
	Lost        calendar.Date `json:"lost,omitempty"`
	// Expedient says that it is expensed at once, and no asset.
	Expedient bool `json:"expedient,omitempty"`
	// Months are those in which something happens, in their order.
	Months []Month `json:"months"`
}

// Month is what happens to an asset in a month. Opening + Capitalized − Amortized − WrittenOff = Closing.
type Month struct {
	Month       string `json:"month" example:"2026-01"`
	Opening     int64  `json:"opening"`
	Capitalized int64  `json:"capitalized"`
	Amortized   int64  `json:"amortized"`
	WrittenOff  int64  `json:"written_off"`
	Closing     int64  `json:"closing"`
	// Expensed was never an asset.
	Expensed int64 `json:"expensed"`
}

// maxAmount bounds the sum of a line's amounts without their signs, so that no sum of months can be more than 64 bits count.
const maxAmount = math.MaxInt64 / 8

// Schedules gives those of lines, by deal and participant. The first line of an asset, by day, says when it begins, how long it is
// of use, and its kind; the first that says Lost, when it is.
func Schedules(lines []Line, p Policy) ([]Schedule, error) {
	if err := p.Check(); err != nil {
		return nil, err
	}
	lines = slices.Clone(lines)
	for _, l := range lines {
		if err := l.check(); err != nil {
			return nil, err
		}
	}
	same := func(a, b Line) int {
		return cmp.Or(cmp.Compare(a.Deal.Connection, b.Deal.Connection), cmp.Compare(a.Deal.Object, b.Deal.Object), cmp.Compare(a.Deal.ID, b.Deal.ID),
			cmp.Compare(a.Participant, b.Participant), cmp.Compare(a.Currency, b.Currency))
	}
	slices.SortStableFunc(lines, func(a, b Line) int { return cmp.Or(same(a, b), cmp.Compare(a.Earned, b.Earned)) })
	var all []Schedule
	for len(lines) > 0 {
		n := 1
		for n < len(lines) && same(lines[0], lines[n]) == 0 {
			n++
		}
		s, err := schedule(lines[:n], p)
		if err != nil {
			return nil, err
		}
		all, lines = append(all, s), lines[n:]
	}
	return all, nil
}

// asset is one that is being reckoned.
type asset struct {
	Schedule
	policy Policy
	start  month
	// plan is what is to be amortized in each month from start on; a month that is past is not changed any more.
	plan  []int64
	made  map[month]*Month
	ended bool // lost
}

func schedule(lines []Line, p Policy) (Schedule, error) {
	first := lines[0]
	a := asset{policy: p, start: monthOf(first.Earned), made: map[month]*Month{}, Schedule: Schedule{Deal: first.Deal, Participant: first.Participant,
		Currency: first.Currency, Kind: first.Kind, From: first.Earned, Until: p.until(first)}}
	a.Expedient = p.Expedient && a.Until <= after(a.From, 12)
	a.plan = make([]int64, len(a.weights(a.From)))
	var size uint64
	for _, l := range lines {
		a.Cost += l.Amount
		if size += uint64(max(l.Amount, -l.Amount)); size > maxAmount || l.Amount == math.MinInt64 {
			return Schedule{}, fault.New(fault.Invalid, number.CodeTooLarge, "The amounts of %s of %s are more than an account can hold.", a.Deal.ID, a.Participant)
		}
		if l.Lost != "" && (a.Lost == "" || l.Lost < a.Lost) {
			a.Lost = l.Lost
		}
	}
	for _, l := range lines {
		if a.Lost != "" && a.Lost <= l.Earned {
			a.lose()
		}
		a.add(l)
	}
	if a.Lost != "" {
		a.lose()
	}
	for i, amount := range a.plan {
		a.at(a.start + month(i)).Amortized += amount
	}
	return a.done(), nil
}

// until gives the day when a line's contract is of no more use.
func (p Policy) until(l Line) calendar.Date {
	months := cmp.Or(l.Months, p.Months)
	if l.Months == 0 && l.Kind == Renewal && p.Renewals > 0 {
		months = p.Renewals
	}
	if l.Until != "" {
		if longest := after(l.Earned, MaxMonths); l.Until > longest {
			return longest
		}
		return max(l.Until, l.Earned.AddDays(1))
	}
	return after(l.Earned, months)
}

// weights gives what each month from start on weighs for what begins on a day: nothing before.
func (a *asset) weights(from calendar.Date) []number.Number {
	var all []number.Number
	last := monthOf(a.Until.AddDays(-1))
	// By months, the month it begins in is whole, so that the one it ends in is not there: 12 months are 12 from any day.
	if end := monthOf(a.Until); a.policy.By == ByMonths && end > a.start {
		last = end - 1
	}
	for m := a.start; m <= last; m++ {
		weight := 1
		if a.policy.By == ByDays {
			weight = max(0, m.span().And(calendar.Span{From: from, Until: a.Until}).Days())
		} else if m < monthOf(from) {
			weight = 0
		}
		all = append(all, number.Of(int64(weight)))
	}
	return all
}

func (a *asset) at(m month) *Month {
	if a.made[m] == nil {
		a.made[m] = &Month{}
	}
	return a.made[m]
}

// add takes an amount in.
func (a *asset) add(l Line) {
	m := monthOf(l.Earned)
	now := a.at(m)
	if a.Expedient {
		now.Expensed += l.Amount
		return
	}
	now.Capitalized += l.Amount
	past := min(int(m-a.start), len(a.plan))
	weights := a.weights(l.Earned)
	switch {
	case a.ended:
		now.WrittenOff += l.Amount
	case number.Sum(weights...).IsZero(): // its time is over
		now.Amortized += l.Amount
	case a.policy.Later == Cumulatively:
		for i, part := range number.Share(l.Amount, a.weights(a.From)) {
			if i < past {
				now.Amortized += part
			} else {
				a.plan[i] += part
			}
		}
	case l.Amount < 0:
		a.reduce(-l.Amount, past, now)
	default:
		for i, part := range number.Share(l.Amount, weights) {
			a.plan[i] += part
		}
	}
}

// reduce takes an amount from what is left of the asset, month by month in proportion; what is more than that is a gain at once.
func (a *asset) reduce(amount int64, past int, now *Month) {
	var left int64
	rest := make([]number.Number, len(a.plan)-past)
	for i, planned := range a.plan[past:] {
		left += planned
		rest[i] = number.Of(planned)
	}
	from := min(amount, max(left, 0))
	now.Amortized -= amount - from
	if from == 0 {
		return
	}
	for i, part := range number.Share(from, rest) {
		a.plan[past+i] -= part
	}
}

// lose writes off what is left of the asset when the customer leaves.
func (a *asset) lose() {
	if a.ended {
		return
	}
	a.ended = true
	day := max(a.Lost, a.From)
	m := monthOf(day)
	past := min(int(m-a.start), len(a.plan))
	for i := past; i < len(a.plan); i++ {
		left := a.plan[i]
		if i == past && a.policy.By == ByDays {
			in := m.span().And(calendar.Span{From: a.From, Until: a.Until})
			before, days := max(0, day.Sub(in.From)), in.Days()
			used := number.Share(left, []number.Number{number.Of(int64(min(before, days))), number.Of(int64(max(0, days-before)))})[0]
			a.plan[i], left = used, left-used
		} else {
			a.plan[i] = 0
		}
		a.at(m).WrittenOff += left
	}
}

// done gives the schedule, with the asset's balance in each month.
func (a *asset) done() Schedule {
	var months []month
	for m, made := range a.made {
		if *made != (Month{}) {
			months = append(months, m)
		}
	}
	slices.Sort(months)
	var balance int64
	for _, m := range months {
		made := *a.made[m]
		made.Month, made.Opening = m.String(), balance
		balance += made.Capitalized - made.Amortized - made.WrittenOff
		made.Closing = balance
		a.Months = append(a.Months, made)
	}
	return a.Schedule
}
