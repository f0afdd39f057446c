package incentive

import (
	"slices"

	"leadline/shared/number"
	"leadline/shared/program"
)

// takeBackStep takes back what deals earned that were lost afterwards, for each credit that says so: minus its share of what the
// credit that it reverses earned.
//
// What was earned in an earlier period is known from there (Input.Taken), or from the version before in this one: to the cent, with
// all that changed it there, and with what is still held of it. Such a line is settled: no gate, multiplier or cap of a deal
// changes it again. Where both are reckoned here at once, because they lie in one period, or in one window to date that deducts,
// what is taken back follows what is earned, through all that changes it.
func takeBackStep(w *componentWork) {
	var back []*Credit
	for at, c := range w.credits {
		if c.Reversal && c.TakeBack && (at >= w.periodFrom || w.deducts()) {
			back = append(back, c)
		}
	}
	if back == nil {
		return
	}
	w.mirrors, w.back = map[string][]mirror{}, map[string]bool{}
	reckonedHere := w.reckonedHere()
	for _, c := range back {
		share := c.Share.Abs()
		w.back[c.ID] = !reckonedHere[c.Of]
		if reckonedHere[c.Of] {
			w.mirrors[c.Of] = append(w.mirrors[c.Of], mirror{c.ID, share})
			continue
		}
		if w.days.Holds(c.Date) { // in an earlier period of the window it was taken back then
			w.takeBack(c.ID, share, w.v.major(w.earnedBefore(c.Of)))
		}
	}
	for _, p := range w.perCredit() {
		for _, m := range w.mirrors[p.credit] {
			w.takeBack(m.credit, m.share, p.sum)
		}
	}
}

// mirror is a credit that takes back its share of what another one earns in the same reckoning.
type mirror struct {
	credit string
	share  number.Number
}

// takeBack adds the line of a credit that takes back its share of what was earned.
func (w *componentWork) takeBack(credit string, share, earned number.Number) {
	if exact := share.Mul(earned).Neg(); !exact.IsZero() {
		w.lines = append(w.lines, Line{Kind: LineTakeBack, Credit: credit, Step: -1, Base: earned, Rate: share, Exact: exact})
	}
}

// earnedBefore gives what a credit earned before: by the version before in this period, or in its own period.
func (w *componentWork) earnedBefore(credit string) int64 {
	for e := w.earlier; e != nil; e = e.earlier {
		if !slices.ContainsFunc(e.credits[e.periodFrom:], func(c *Credit) bool { return c.ID == credit }) {
			continue
		}
		var earned int64
		for at := range e.out.Lines {
			if e.out.Lines[at].Credit == credit {
				earned += e.out.Lines[at].Amount
			}
		}
		return earned
	}
	return w.in.Taken[credit].Minor
}

// reckonedHere tells, by id, which credits earn what they earn in this reckoning: those of the period, and with a window that
// deducts those of all of it.
func (w *componentWork) reckonedHere() map[string]bool {
	from := w.periodFrom
	if w.deducts() {
		from = 0
	}
	ids := make(map[string]bool, len(w.credits)-from)
	for _, c := range w.credits[from:] {
		ids[c.ID] = true
	}
	return ids
}

// deducts tells whether the component pays a window to date less what earlier periods of it paid.
func (w *componentWork) deducts() bool { return deducts(w.c.Measure) }

func deducts(m program.Measure) bool {
	return windowKind(m.Window) != "" && m.TrueUp != program.AtRate
}

// earned is what the lines of one credit come to.
type earned struct {
	credit string // empty for the lines that come from all credits
	sum    number.Number
}

// perCredit adds up the lines of each credit, in the order in which they first appear. Those that take back are left out: they
// are settled, or follow the credit that they take back.
func (w *componentWork) perCredit() []earned {
	all := make([]earned, 0, len(w.credits)+1)
	places := make(map[string]int, len(w.lines))
	last := -1
	for at := range w.lines {
		l := &w.lines[at]
		if last < 0 || all[last].credit != l.Credit { // the lines of a credit mostly stand in a row
			if _, takesBack := w.back[l.Credit]; takesBack {
				continue
			}
			place, found := places[l.Credit]
			if !found {
				place = len(all)
				places[l.Credit] = place
				all = append(all, earned{credit: l.Credit})
			}
			last = place
		}
		all[last].sum = all[last].sum.Add(l.Exact)
	}
	return all
}

// perCreditLine adds a line that changes what one credit earns, and with it what is taken back of that credit.
func (w *componentWork) perCreditLine(l Line) {
	w.lines = append(w.lines, l)
	if l.Credit == "" {
		return
	}
	for _, m := range w.mirrors[l.Credit] {
		mirrored := l
		mirrored.Credit = m.credit
		mirrored.Base, mirrored.Exact = m.share.Mul(l.Base).Neg(), m.share.Mul(l.Exact).Neg()
		w.lines = append(w.lines, mirrored)
	}
}
