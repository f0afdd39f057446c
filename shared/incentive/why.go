package incentive

import (
	"fmt"
	"strings"

	"leadline/shared/number"
	"leadline/shared/program"
)

// whyStep says, where a component comes to nothing, what the reason is: the first of those that hold.
func whyStep(w *componentWork) {
	if w.out.Amount != 0 {
		return
	}
	code, detail := w.why()
	w.out.Why = &Reason{Code: code, Detail: detail}
}

// why gives the code and the detail of the reason.
func (w *componentWork) why() (code, detail string) {
	from, to := w.days.From, w.days.Until.AddDays(-1)
	idle := w.periodFrom == len(w.credits) // nothing happened in the period
	switch {
	case w.c.Rate == nil && len(w.c.Adjust) == 0:
		return WhyNoRate, "The component is there for others to look at, and pays nothing."
	case idle && !w.takesPart():
		return WhyNotInPeriod, fmt.Sprintf("Takes part on no day from %s to %s.", from, to)
	case !w.out.Exact.IsZero():
		return WhyRounded, fmt.Sprintf("%s is rounded to nothing.", w.out.Exact)
	}
	if at, ok := w.closed(); ok {
		return WhyGate, w.gateDetail(at)
	}
	own := w.c.Rate == nil || w.looked(w.c.Rate.By) == w // it pays by what it measures itself
	switch {
	case own && idle && (len(w.counted) == 0 || w.window != w.days):
		return WhyNoCredit, fmt.Sprintf("No record counted from %s to %s.", from, to)
	case !w.worthless():
		return WhyNet, "What was taken away is as much as what was earned: " + w.totals() + "."
	case own && len(w.counted) == 0:
		return WhyNoCredit, fmt.Sprintf("No record of those that it measures counted from %s to %s.", from, to)
	case w.c.Rate == nil:
		return WhyNoRate, "The component has no rate table, and nothing else that is paid applies."
	}
	if missing := w.withoutQuota(); missing != nil {
		return WhyNoQuota, fmt.Sprintf("There is no quota for %s, so nothing is attained.", missing.c.Name)
	}
	return WhyTierZero, w.tierDetail()
}

// closed gives the gate after which nothing was left of what was earned before it.
func (w *componentWork) closed() (int, bool) {
	var sum number.Number
	for at, l := range w.lines {
		before := sum
		sum = sum.Add(l.Exact)
		last := at == len(w.lines)-1 || w.lines[at+1].Kind != LineFactor || w.lines[at+1].Step != l.Step
		if l.Kind == LineFactor && l.Step >= 0 && l.Step < len(w.c.Adjust) && w.c.Adjust[l.Step].Kind == program.Gate &&
			last && sum.IsZero() && !before.IsZero() {
			return l.Step, true
		}
	}
	return 0, false
}

// gateDetail says what a gate asks for, and what is there.
func (w *componentWork) gateDetail(at int) string {
	when := w.c.Adjust[at].When
	if when == nil {
		return "A gate lets nothing through."
	}
	asked := ""
	if when.Least != nil {
		asked = " at least " + shown(when.By, *when.Least)
	}
	if when.Below != nil {
		if asked != "" {
			asked += " and"
		}
		asked += " below " + shown(when.By, *when.Below)
	}
	x, _ := w.figure(when.By)
	return fmt.Sprintf("The gate asks for %s of%s; it is %s.", w.named(when.By), asked, shown(when.By, x))
}

// worthless tells whether no line pays anything.
func (w *componentWork) worthless() bool {
	for _, l := range w.lines {
		if !l.Exact.IsZero() {
			return false
		}
	}
	return true
}

// totals says what lines above and below 0 come to.
func (w *componentWork) totals() string {
	var up, down number.Number
	for _, l := range w.lines {
		if l.Exact.Sign() > 0 {
			up = up.Add(l.Exact)
		} else {
			down = down.Add(l.Exact)
		}
	}
	return fmt.Sprintf("%s and %s", up, down)
}

// withoutQuota gives the component that has no quota to attain, where the rate looks at an attainment.
func (w *componentWork) withoutQuota() *componentWork {
	if w.c.Rate == nil || w.c.Rate.By.Of != program.ByAttainment && w.c.Rate.Of != program.OfTarget {
		return nil
	}
	of := w.looked(w.c.Rate.By)
	if w.c.Rate.By.Of != program.ByAttainment {
		of = w
	}
	if of == nil || of.c.Quota == nil || of.out.Quota.Sign() > 0 || of.c.Quota.None == program.Full {
		return nil
	}
	return of
}

// tierDetail says in which tier lies what was reached.
func (w *componentWork) tierDetail() string {
	by := w.c.Rate.By
	x, _ := w.figure(by)
	what := fmt.Sprintf("%s is %s", sentence(w.named(by)), shown(by, x))
	cell, ok := 0, true
	if p := newPayer(w); w.c.table.places != nil {
		cells := p.cells()
		if ok = len(cells) == 1; ok {
			cell = cells[0]
		}
	}
	if !ok || w.c.Rate.Each || len(w.c.table.cells[cell]) == 0 {
		return fmt.Sprintf("%s; the tiers that it lies in pay 0.", what)
	}
	s := ladderAt(w.c.table.cells[cell], x, w.c.Rate.Boundary == program.Upper)
	from := shown(by, s.tiers[s.last].from)
	if s.payOf(s.last).IsZero() {
		return fmt.Sprintf("%s: it lies in the tier from %s, which pays 0.", what, from)
	}
	return fmt.Sprintf("%s: it lies in the tier from %s, and there is nothing to apply its rate to.", what, from)
}

// named names what is looked at.
func (w *componentWork) named(by program.By) string {
	what := by.Of
	if what == "" {
		what = program.ByMeasure
	}
	if of := w.looked(by); of != nil && of != w {
		return fmt.Sprintf("the %s of %s", what, of.c.Name)
	}
	return fmt.Sprintf("the %s", what)
}

// sentence begins a sentence with words.
func sentence(words string) string { return strings.ToUpper(words[:1]) + words[1:] }

// shown writes a figure for people: an attainment in percent. What has no end, or a long one, is cut after two decimals, so that
// what is just below a bound is never shown as if it had reached it.
func shown(by program.By, x number.Number) string {
	unit := ""
	if by.Of == program.ByAttainment {
		x, unit = x.Mul(number.Of(100)), " %"
	}
	cents, err := x.Round(2, number.Down)
	if err != nil {
		return x.String() + unit
	}
	return number.Frac(cents, 100).String() + unit
}
