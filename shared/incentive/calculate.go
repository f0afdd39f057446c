package incentive

import (
	"cmp"
	"slices"
	"strings"

	"leadline/shared/calendar"
	"leadline/shared/fault"
	"leadline/shared/number"
	"leadline/shared/program"
	"leadline/shared/record"
)

// Calculate reckons what a participant's period comes to. Invalid (CodeBroken) if no version is in force on any of its days,
// and (number.CodeTooLarge) if an amount is more than an account can hold.
//
// The components of all versions that count in the period are in the result: those of the earlier version first, each as its
// definition lists them. All of a version are measured before any of them pays, so that one can look at another.
func (p *Plan) Calculate(in Input) (Result, error) {
	counting := p.counting(in.Period)
	if len(counting) == 0 {
		return Result{}, fault.New(fault.Invalid, CodeBroken, "No version of the program is in force on any day of %s.", in.Period.Name)
	}
	ordered := inOrder(in.Credits)
	sum := &programWork{plan: p, v: counting[len(counting)-1].version, in: &in}
	for _, c := range counting {
		works := p.works(c, &in, ordered, sum.components)
		if err := payComponents(c.version, works); err != nil {
			return Result{}, err
		}
		sum.components = append(sum.components, works...)
	}
	sum.result = Result{Participant: in.Participant, Period: in.Period, Currency: sum.v.Definition.Currency}
	var earned number.Number
	for _, w := range sum.components {
		sum.result.Components = append(sum.result.Components, w.out)
		earned = earned.Add(number.Of(w.out.Amount))
	}
	var err error
	if sum.result.Earned, err = earned.Round(0, number.HalfAway); err != nil {
		return Result{}, err
	}
	sum.result.Payable = sum.result.Earned
	for _, step := range programSteps() {
		if step.do(sum); sum.err != nil {
			return Result{}, sum.err
		}
	}
	return sum.result, nil
}

// payComponents takes the components of a version through their steps: measure and goal of all, then the others in the order
// in which each comes after those that it looks at.
func payComponents(v *version, works []*componentWork) error {
	steps := componentSteps()
	paying := slices.IndexFunc(steps, func(s componentStep) bool { return s.name == "rate" })
	for _, w := range works {
		for _, step := range steps[:paying] {
			step.do(w)
		}
	}
	for at := range works {
		w := works[at]
		if len(v.paying) == len(works) {
			w = works[v.paying[at]]
		}
		for _, step := range steps[paying:] {
			if step.do(w); w.err != nil {
				return w.err
			}
		}
	}
	return nil
}

// inPeriod is a version that counts in a period, and on which of its days.
type inPeriod struct {
	*version
	days calendar.Span
}

// counting gives the versions that count in a period, and their days: each its own, or the last one all of them. The last
// one's setting says which.
func (p *Plan) counting(period calendar.Period) []inPeriod {
	var all []inPeriod
	for _, v := range p.versions {
		if days := v.span().And(period.Span); !days.Empty() {
			all = append(all, inPeriod{v, days})
		}
	}
	if n := len(all); n > 0 && all[n-1].Definition.MidPeriod == program.AtEnd {
		return []inPeriod{{all[n-1].version, period.Span}}
	}
	return all
}

func (v *version) span() calendar.Span { return calendar.Span{From: v.From, Until: v.Until} }

// inForce gives the days on which the program is in force, by any of its versions.
func (p *Plan) inForce() []calendar.Span {
	var all []calendar.Span
	for _, v := range p.versions {
		all = append(all, v.span())
	}
	return union(all)
}

// union joins spans that meet or overlap, and puts them in order.
func union(spans []calendar.Span) []calendar.Span {
	slices.SortFunc(spans, func(a, b calendar.Span) int { return compareDates(a.From, b.From) })
	joined := spans[:0]
	for _, s := range spans {
		last := len(joined) - 1
		switch {
		case s.Empty():
		case last < 0 || joined[last].Until != "" && joined[last].Until < s.From:
			joined = append(joined, s)
		case s.Until == "" || joined[last].Until != "" && joined[last].Until < s.Until:
			joined[last].Until = s.Until
		}
	}
	return joined
}

// works sets out what the steps work on: for each component of a version the credits of its window, and the days on which the
// participant takes part. Before are those of the period's earlier versions.
func (p *Plan) works(v inPeriod, in *Input, ordered []*Credit, before []*componentWork) []*componentWork {
	inForce := p.inForce()
	works := make([]*componentWork, len(v.components))
	for at, c := range v.components {
		w := &componentWork{plan: p, v: v.version, c: c, in: in, days: v.days, others: works, out: Outcome{Component: c.Name, Version: v.Number}}
		w.window = v.days
		if kind := windowKind(c.Measure.Window); kind != "" {
			// To date, it looks back beyond its own version: credits count by the component's name, whichever version gave them, and
			// the quota is this version's for all of the window.
			w.window.From = v.Definition.Calendar.ToDate(kind, in.Period).From
		}
		for _, s := range daysOf(in, c.Name) {
			for _, f := range inForce {
				if days := s.And(f).And(w.window); !days.Empty() {
					w.spans = append(w.spans, days)
				}
			}
		}
		w.credits = creditsOf(ordered, c.Name, w.window)
		w.periodFrom, _ = slices.BinarySearchFunc(w.credits, v.days.From, func(c *Credit, d calendar.Date) int { return compareDates(c.Date, d) })
		for _, earlier := range before {
			if earlier.c.Name == c.Name {
				w.earlier = earlier
			}
		}
		works[at] = w
	}
	return works
}

// daysOf gives the days on which a participant takes part in a component.
func daysOf(in *Input, component string) []calendar.Span {
	if own, ok := in.ComponentSpans[component]; ok {
		return own
	}
	return in.Spans
}

// windowKind gives the kind of period that a window goes back to the beginning of; empty for the period itself.
func windowKind(w program.Window) calendar.Kind {
	switch w {
	case program.QuarterToDate:
		return calendar.Quarterly
	case program.HalfToDate:
		return calendar.HalfYear
	case program.YearToDate:
		return calendar.Yearly
	}
	return ""
}

// creditsOf gives a component's credits of the days of a window, which stand in a row.
func creditsOf(ordered []*Credit, component string, window calendar.Span) []*Credit {
	days := func(c *Credit, d calendar.Date) int { return compareDates(c.Date, d) }
	from, _ := slices.BinarySearchFunc(ordered, window.From, days)
	until := len(ordered)
	if window.Until != "" {
		until, _ = slices.BinarySearchFunc(ordered, window.Until, days)
	}
	ordered = ordered[from:max(from, until)]
	if !slices.ContainsFunc(ordered, func(c *Credit) bool { return c.Component != component }) {
		return ordered[:len(ordered):len(ordered)]
	}
	var own []*Credit
	for _, c := range ordered {
		if c.Component == component {
			own = append(own, c)
		}
	}
	return own
}

// inOrder gives the credits in the order in which they count: by what happened first, and never by what arrived first. Most are
// told apart by day and time, which are compared as numbers: a leader has very many.
func inOrder(credits []Credit) []*Credit {
	placed := make([]dated, len(credits))
	for at := range credits {
		placed[at] = datedOf(&credits[at])
	}
	slices.SortFunc(placed, func(a, b dated) int {
		switch {
		case a.day != b.day:
			return cmp.Compare(a.day, b.day)
		case a.seconds != b.seconds:
			return cmp.Compare(a.seconds, b.seconds)
		}
		return compareCredits(a.credit, b.credit)
	})
	ordered := make([]*Credit, len(credits))
	for at := range placed {
		ordered[at] = placed[at].credit
	}
	return ordered
}

// dated is a credit with what orders it. The eight digits of a day are a number that orders days as their texts do; what is no
// day has none, and comes first.
type dated struct {
	day     uint64
	seconds int64
	credit  *Credit
}

func datedOf(c *Credit) dated {
	p := dated{seconds: c.At.Unix(), credit: c}
	if len(c.Date) == len("2026-11-22") {
		for i := range len(c.Date) {
			if i != 4 && i != 7 {
				p.day = p.day<<8 | uint64(c.Date[i])
			}
		}
	}
	return p
}

func compareCredits(a, b *Credit) int {
	if a.Date != b.Date {
		return strings.Compare(string(a.Date), string(b.Date))
	}
	if c := a.At.Compare(b.At); c != 0 {
		return c
	}
	if c := compareRecords(&a.Record, &b.Record); c != 0 {
		return c
	}
	return strings.Compare(a.ID, b.ID)
}

// compareRecords compares part by part, and none that does not matter any more.
func compareRecords(a, b *record.Key) int {
	switch {
	case a.Organization != b.Organization:
		return strings.Compare(a.Organization, b.Organization)
	case a.Connection != b.Connection:
		return strings.Compare(a.Connection, b.Connection)
	case a.Object != b.Object:
		return strings.Compare(a.Object, b.Object)
	}
	return strings.Compare(a.ID, b.ID)
}
