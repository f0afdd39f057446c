package program

import (
	"cmp"
	"fmt"
)

// limits writes what is done to the sum of the components.
func (w *writer) limits(limits []Limit) {
	w.say("The sum of all components is then changed, in this order:")
	for _, l := range limits {
		switch l.Kind {
		case LimitCap:
			over := ""
			if l.Over != w.period {
				over = fmt.Sprintf(" in a %s", l.Over)
			}
			w.item("It is at most %s%s%s.", w.size(l.Size), over, excessText(l.Excess))
		case LimitFloor:
			w.item("It is at least %s%s.", w.size(l.Size), prorated(l.Prorate))
		case LimitDraw:
			w.item("%s", w.draw(l))
		}
	}
}

func prorated(p Prorate) string {
	if p == Whole {
		return ", also for who takes part on some of the days"
	}
	return ", less by days for who takes part on some of them"
}

func (w *writer) draw(l Limit) string {
	d := l.Draw
	if d == nil {
		return "A draw of " + w.size(l.Size) + "."
	}
	text := "A draw of " + w.size(l.Size) + prorated(l.Prorate)
	recovered := "later earnings"
	if d.Form == Guarantee {
		text += ": what is missing to it is advanced"
		recovered = "later earnings above the draw"
	} else {
		text += ": all of it is advanced, on top of what is earned"
	}
	if d.Periods > 0 {
		text += fmt.Sprintf(", in the first %d periods of each participant", d.Periods)
	}
	if !d.Recoverable {
		return text + ". It need not be paid back."
	}
	text += ". It is recovered from " + recovered
	if d.RecoverShare != nil {
		text += ", at most " + percent(*d.RecoverShare) + " of them"
	}
	switch {
	case d.RecoverAfter == 1:
		text += ", after one period in between"
	case d.RecoverAfter > 1:
		text += fmt.Sprintf(", after %d periods in between", d.RecoverAfter)
	default:
		text += ", from the period after the advance on"
	}
	if d.Forgive {
		text += "; what is owed after the last of these periods is written off"
	}
	return text + "."
}

// standing writes ranks and prizes.
func (w *writer) standing(s Standing, components []Component) {
	who, what := "Participants", byText(s.By, "what is reached")
	if s.Teams {
		who = "Teams"
	}
	if s.By.Component == "" && len(components) == 1 && s.By.Of != ByEarned {
		what = byText(By{Of: s.By.Of, Component: components[0].Name}, "")
	}
	order := "the most first"
	if s.Ascending {
		order = "the least first"
	}
	w.say("%s are ranked by %s, %s.", who, what, order)
	if s.Least != nil {
		w.say("Who has less than %s is not ranked.", bound(s.By, *s.Least))
	}
	w.say("%s", map[Ties]string{
		Pooled:     "Who is equal shares the prizes of all the ranks that they take up, in equal parts; the next rank is behind them all.",
		EachGets:   "Who is equal has the same rank, and each wins its whole prize; the next rank is behind them all.",
		Dense:      "Who is equal has the same rank, and each wins its whole prize; the next rank follows at once.",
		FirstReach: "Of those who are equal, who reached it first is ahead."}[s.Ties])
	for _, p := range s.Prizes {
		ranks := fmt.Sprintf("Rank %d wins", p.From)
		if p.To > p.From {
			ranks = fmt.Sprintf("Ranks %d to %d win, each,", p.From, p.To)
		}
		w.item("%s %s.", ranks, w.award(p.Award))
	}
	reaches := "reaches"
	if s.Ascending {
		reaches = "has no more than"
	}
	for _, m := range s.Milestones {
		w.item("Everybody who %s %s wins %s.", reaches, bound(s.By, m.At), w.award(m.Award))
	}
	if s.Budget != nil {
		w.say("All prizes in money together are at most %s; beyond that, %s.", w.money(*s.Budget), map[Beyond]string{
			Scale: "all get less in proportion", CutOff: "the last ranks and milestones get nothing"}[s.Beyond])
	}
}

func (w *writer) award(a Award) string {
	switch {
	case a.Amount != nil:
		return w.money(*a.Amount)
	case a.Points != nil:
		return grouped(*a.Points) + " points"
	}
	return cmp.Or(a.Thing, "nothing")
}
