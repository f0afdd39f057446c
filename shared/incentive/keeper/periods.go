package keeper

import (
	"time"

	"leadline/shared/calendar"
	"leadline/shared/program"
	"leadline/shared/schedule"
)

// zoneOf gives a time zone; UTC for one that does not exist, which no program that was published has.
func zoneOf(name string) *time.Location {
	zone, err := schedule.Location(name)
	if err != nil {
		return time.UTC
	}
	return zone
}

// kind and calendar are those of the program: all of its versions have the same.
func (p *plan) kind() calendar.Kind         { return p.last().Definition.Period }
func (p *plan) calendar() calendar.Calendar { return p.last().Definition.Calendar }

// period gives the period of a day.
func (p *plan) period(d calendar.Date) calendar.Period { return p.calendar().Of(p.kind(), d) }

// first gives the period in which the program begins.
func (p *plan) first() calendar.Period { return p.period(p.versions[0].From) }

// periodOf names the period of a day; empty for a day on which no version is in force, and for one of a period that has not
// begun: everybody is reckoned when it does.
func (p *plan) periodOf(d, today calendar.Date) string {
	if d < p.versions[0].From || p.last().Until != "" && d >= p.last().Until {
		return ""
	}
	of := p.period(d)
	if of.From > today {
		return ""
	}
	return of.Name
}

// chain gives the period of a name, but none before the first, and the last one to be reckoned: that of today, or that of the name
// if it is later; none after the end of the program.
func (p *plan) chain(name string, today calendar.Date) (from, last calendar.Period, err error) {
	if from, err = p.calendar().Named(p.kind(), name); err != nil {
		return from, last, err
	}
	if first := p.first(); from.From < first.From {
		from = first
	}
	last = p.period(today)
	if until := p.last().Until; until != "" && last.From >= until {
		last = p.period(until.AddDays(-1))
	}
	if last.From < from.From {
		last = from
	}
	return from, last, nil
}

// periods names all that there are up to the one of a day, and the first.
func (p *plan) periods(today calendar.Date) ([]string, error) {
	at, last, err := p.chain(p.first().Name, today)
	if err != nil {
		return nil, err
	}
	names := []string{at.Name}
	for at.From < last.From {
		at = p.calendar().Next(at)
		names = append(names, at.Name)
	}
	return names, nil
}

// window gives the days whose credits a period is reckoned from: its own, and those that windows to date look back to.
func (p *plan) window(of calendar.Period) calendar.Span {
	span := of.Span
	for i := range p.versions {
		for _, c := range p.versions[i].Definition.Components {
			if kind, long := windowKind(c.Measure.Window); long {
				span.From = min(span.From, p.calendar().ToDate(kind, of).From)
			}
		}
	}
	return span
}

func windowKind(w program.Window) (calendar.Kind, bool) {
	switch w {
	case program.QuarterToDate:
		return calendar.Quarterly, true
	case program.HalfToDate:
		return calendar.HalfYear, true
	case program.YearToDate:
		return calendar.Yearly, true
	}
	return "", false
}

// looksBack tells whether a period depends on the credits of earlier ones.
func (p *plan) looksBack() bool {
	for i := range p.versions {
		for _, c := range p.versions[i].Definition.Components {
			if _, long := windowKind(c.Measure.Window); long || c.Clawback != nil && c.Clawback.Policy == program.TakeBack {
				return true
			}
		}
	}
	return false
}

// standing gives what the program ranks by; nil if it ranks by what was earned.
func (p *plan) standing() *program.Standing { return p.last().Definition.Standing }

// prizes tells whether ranks or milestones win something.
func (p *plan) prizes() bool {
	s := p.standing()
	return s != nil && len(s.Prizes)+len(s.Milestones) > 0
}
