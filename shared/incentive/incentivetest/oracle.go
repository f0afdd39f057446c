package incentivetest

import (
	"cmp"
	"fmt"
	"math/big"
	"slices"

	"leadline/shared/calendar"
	"leadline/shared/incentive"
	"leadline/shared/number"
	"leadline/shared/program"
)

// Oracle reckons what a period comes to, straight from what shared/program says, in math/big. It gives the figures only: one line
// for each credit in place of an explanation.
type Oracle struct {
	versions []program.Version
}

// NewOracle makes an oracle of the versions of a program.
func NewOracle(versions []program.Version) *Oracle {
	sorted := slices.Clone(versions)
	slices.SortFunc(sorted, func(a, b program.Version) int { return cmp.Compare(a.From, b.From) })
	for i := range len(sorted) - 1 {
		if next := sorted[i+1].From; sorted[i].Until == "" || next < sorted[i].Until {
			sorted[i].Until = next
		}
	}
	return &Oracle{sorted}
}

// part is a version with the days of the period on which it counts.
type part struct {
	program.Version
	days calendar.Span
}

func (o *Oracle) parts(p calendar.Period) []part {
	var parts []part
	for _, v := range o.versions {
		if days := (calendar.Span{From: v.From, Until: v.Until}).And(p.Span); !days.Empty() {
			parts = append(parts, part{v, days})
		}
	}
	if n := len(parts); n > 0 && parts[n-1].Definition.MidPeriod == program.AtEnd {
		return []part{{parts[n-1].Version, p.Span}}
	}
	return parts
}

// Calculate reckons a period of a participant.
func (o *Oracle) Calculate(in incentive.Input) (incentive.Result, error) {
	parts := o.parts(in.Period)
	if len(parts) == 0 {
		return incentive.Result{}, fmt.Errorf("no version is in force in %s", in.Period.Name)
	}
	last := parts[len(parts)-1]
	m := &mill{in: in, digits: digits(last.Definition.Currency), last: last, all: map[int][]*work{},
		after: incentive.Carried{Period: in.Period.Name, Excess: map[string]int64{}, ToDate: map[string]map[string]int64{}}}
	r := incentive.Result{Participant: in.Participant, Period: in.Period, Currency: last.Definition.Currency}
	sum := int64(0)
	for _, p := range parts {
		works := m.works(p)
		m.all[p.Number] = works
		for _, w := range works {
			outcome := m.outcome(w)
			sum += outcome.Amount
			r.Components = append(r.Components, outcome)
			m.targets = append(m.targets, w.targetNow)
		}
	}
	r.Earned, r.Payable = m.limit(sum)
	r.Payable += m.hold(parts)
	r.After = m.after
	return r, nil
}

// mill holds what one calculation needs.
type mill struct {
	in      incentive.Input
	digits  int
	last    part
	after   incentive.Carried
	targets []*big.Rat
	all     map[int][]*work // by version
}

// work is a component of a version for a participant and period.
type work struct {
	part
	component program.Component
	others    []*work
	spans     []calendar.Span
	credits   []incentive.Credit // in the window, in order
	backs     []incentive.Credit // that take back what was earned
	ones      map[string]int64   // what each credit adds to the number of records, by id
	measure   *big.Rat
	count     *big.Rat
	records   int64
	quota     *big.Rat
	attained  *big.Rat
	target    *big.Rat
	targetNow *big.Rat // of the period alone
	// exact is what it earns; nil until it was asked for. by is the part of each credit, settled what was taken back of deals that
	// were paid in earlier periods, in the window or before it.
	exact   *big.Rat
	by      map[string]*big.Rat
	settled *big.Rat
}

func (m *mill) works(p part) []*work {
	var all []*work
	for _, c := range p.Definition.Components {
		w := &work{part: p, component: c, spans: m.in.Spans, by: map[string]*big.Rat{}, ones: map[string]int64{}, settled: new(big.Rat)}
		if some, found := m.in.ComponentSpans[c.Name]; found {
			w.spans = some
		}
		window := m.window(p, c.Measure.Window)
		for _, credit := range m.in.Credits {
			switch {
			case credit.Component != c.Name || !window.Holds(credit.Date):
			case credit.TakeBack:
				w.backs = append(w.backs, credit)
			case len(c.Measure.Of) == 0 || slices.Contains(c.Measure.Of, credit.Kind):
				w.credits = append(w.credits, credit)
			}
		}
		slices.SortFunc(w.credits, func(a, b incentive.Credit) int {
			return cmp.Or(cmp.Compare(a.Date, b.Date), a.At.Compare(b.At), cmp.Compare(a.Record.ID, b.Record.ID), cmp.Compare(a.ID, b.ID))
		})
		all = append(all, w)
	}
	for _, w := range all {
		w.others = all
		m.take(w)
	}
	return all
}

// window gives the days that a measure looks at: back to the beginning of the window, whichever version was in force then.
func (m *mill) window(p part, of program.Window) calendar.Span {
	kind := windowKind(of, p.Definition.Period)
	if kind == p.Definition.Period {
		return p.days
	}
	window := p.Definition.Calendar.ToDate(kind, m.in.Period)
	window.Until = p.days.Until
	return window
}

func windowKind(of program.Window, period calendar.Kind) calendar.Kind {
	switch of {
	case program.QuarterToDate:
		return calendar.Quarterly
	case program.HalfToDate:
		return calendar.HalfYear
	case program.YearToDate:
		return calendar.Yearly
	}
	return period
}

// take measures.
func (m *mill) take(w *work) {
	seen := map[string]bool{}
	w.count = new(big.Rat)
	for _, c := range w.credits {
		one := int64(1)
		if c.Reversal {
			one = -1
		}
		record := fmt.Sprint(c.Record, c.Date, c.Reversal)
		if !seen[record] {
			w.records += one
		} else if !w.component.Measure.Shared {
			one = 0 // the same record, for another reason
		}
		seen[record] = true
		w.ones[c.ID] = one
		w.count.Add(w.count, w.counted(c))
	}
	w.measure = w.measured(w.credits)
	if q := w.component.Quota; q != nil {
		w.quota, _ = m.goal(w, q.Goal, false)
		switch {
		case w.quota.Sign() > 0:
			w.attained = over(w.measure, w.quota)
		case q.None == program.Full:
			w.attained = big.NewRat(1, 1)
		default:
			w.attained = new(big.Rat)
		}
	}
	if r := w.component.Rate; r != nil && r.Target != nil {
		w.target, w.targetNow = m.goal(w, *r.Target, true)
	}
}

// counted is how much a credit counts: a reversal takes a count away.
func (w *work) counted(c incentive.Credit) *big.Rat {
	one := big.NewRat(w.ones[c.ID], 1)
	if !w.component.Measure.Shared {
		return one
	}
	return times(one, new(big.Rat).Abs(c.Share.Big()))
}

func (w *work) measured(credits []incentive.Credit) *big.Rat {
	values, counts := new(big.Rat), new(big.Rat)
	reversed := map[string]bool{}
	for _, c := range credits {
		values.Add(values, c.Value.Big())
		counts.Add(counts, w.counted(c))
		if c.Reversal {
			reversed[c.Of] = true
		}
	}
	switch w.component.Measure.Kind {
	case program.Count:
		return counts
	case program.Sum, "":
		return values
	}
	// What was reversed cannot be taken away from a mean: it is left out.
	var standing []incentive.Credit
	for _, c := range credits {
		if !c.Reversal && !reversed[c.ID] {
			standing = append(standing, c)
		}
	}
	return mean(w.component.Measure.Kind, standing)
}

func mean(kind program.MeasureKind, credits []incentive.Credit) *big.Rat {
	values, weights, weighed := new(big.Rat), new(big.Rat), new(big.Rat)
	var least, most *big.Rat
	keys := map[string]bool{}
	for _, c := range credits {
		value, weight := c.Value.Big(), c.Weight.Big()
		values.Add(values, value)
		weights.Add(weights, weight)
		weighed.Add(weighed, times(value, weight))
		keys[c.Key] = true
		if least == nil || value.Cmp(least) < 0 {
			least = value
		}
		if most == nil || value.Cmp(most) > 0 {
			most = value
		}
	}
	switch kind {
	case program.Distinct:
		return big.NewRat(int64(len(keys)), 1)
	case program.Ratio:
		return over(values, weights)
	case program.Weighted:
		return over(weighed, weights)
	case program.Max:
		return orZero(most)
	case program.Min:
		return orZero(least)
	}
	return over(values, big.NewRat(int64(len(credits)), 1))
}

// outcome rounds a component's amount.
func (m *mill) outcome(w *work) incentive.Outcome {
	exact := m.earned(w)
	name := w.component.Name
	out := incentive.Outcome{Component: name, Version: w.Number, Credits: len(w.credits), Measure: number.Rat(w.measure), Count: int(w.records), Exact: number.Rat(exact)}
	for to, from := range map[**number.Number]*big.Rat{&out.Quota: w.quota, &out.Attainment: w.attained, &out.Target: w.target} {
		if from != nil {
			n := number.Rat(from)
			*to = &n
		}
	}
	out.Amount = rounded(exact, m.digits, w.Definition.Rounding)
	for _, kind := range []calendar.Kind{calendar.Quarterly, calendar.HalfYear, calendar.Yearly} {
		m.toDate(name, kind, out.Amount+w.outside(m))
	}
	for _, c := range w.credits {
		if amount := w.by[c.ID]; amount != nil {
			out.Lines = append(out.Lines, incentive.Line{Kind: incentive.LineRate, Credit: c.ID, Exact: number.Rat(amount)})
		}
	}
	return out
}

// deducts tells whether a window to date is paid less what earlier periods of it paid.
func (w *work) deducts() bool {
	rule := w.component.Measure
	return windowKind(rule.Window, w.Definition.Period) != w.Definition.Period && rule.TrueUp != program.AtRate
}

// outside is what was taken back of deals that were paid before the window: the window does not come to it again.
func (w *work) outside(m *mill) int64 {
	if !w.deducts() {
		return 0
	}
	paid := new(big.Rat)
	for _, back := range w.backs {
		if w.by[back.ID] == nil && w.days.Holds(back.Date) {
			paid = plus(paid, times(new(big.Rat).Abs(back.Share.Big()), fromMinor(m.in.Taken[back.Of].Minor, m.digits)))
		}
	}
	return rounded(paid, m.digits, w.Definition.Rounding)
}

// toDate notes what was earned in a window that may go on.
func (m *mill) toDate(name string, kind calendar.Kind, amount int64) {
	window := m.last.Definition.Calendar.Around(kind, m.in.Period)
	if m.after.ToDate[name] == nil {
		m.after.ToDate[name] = map[string]int64{}
	}
	m.after.ToDate[name][window.Name] = m.in.Before.ToDate[name][window.Name] + amount
}

// looked gives what a By looks at.
func (m *mill) looked(w *work, by program.By) *big.Rat {
	if by.Component != "" {
		w = w.others[slices.IndexFunc(w.others, func(o *work) bool { return o.component.Name == by.Component })]
	}
	switch by.Of {
	case program.ByAttainment:
		return orZero(w.attained)
	case program.ByCount:
		return w.count
	case program.ByEarned:
		return m.earned(w)
	}
	return w.measure
}
