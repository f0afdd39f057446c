package keeper

import (
	"fmt"
	"slices"
	"time"

	"leadline/shared/calendar"
	"leadline/shared/program"
	"leadline/shared/schedule"
)

// skew is how far workers' clocks may be apart: a period is reckoned so much before it begins, for another worker may have seen it
// begin already.
const skew = time.Minute

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
// if it is later. No last one (without a name) if the period lies after the end of the program.
func (p *plan) chain(name string, today calendar.Date) (from, last calendar.Period, err error) {
	if from, err = p.calendar().Named(p.kind(), name); err != nil {
		return from, last, err
	}
	if first := p.first(); from.From < first.From {
		from = first
	}
	until := p.last().Until
	if until != "" && from.From >= until {
		return from, calendar.Period{}, nil
	}
	last = p.upTo(today)
	if last.From < from.From {
		last = from
	}
	return from, last, nil
}

// days says when the program is in force.
func (p *plan) days() string {
	if until := p.last().Until; until != "" {
		return fmt.Sprintf("from %s, and until before %s", p.versions[0].From, until)
	}
	return fmt.Sprintf("from %s", p.versions[0].From)
}

// upTo gives the period of a day, or the program's last one if that is earlier.
func (p *plan) upTo(today calendar.Date) calendar.Period {
	if until := p.last().Until; until != "" && today >= until {
		today = until.AddDays(-1)
	}
	return p.period(today)
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

// prizes tells whether ranks or milestones win something, on some day.
func (p *plan) prizes() bool {
	return slices.ContainsFunc(p.versions, func(v program.Version) bool {
		s := v.Definition.Standing
		return s != nil && len(s.Prizes)+len(s.Milestones) > 0
	})
}

// takingPart gives the days on which somebody takes part, in the program and in those of its components that are for some only:
// each version says so for its own days, the first one for those before too, the last one for those after.
func (p *plan) takingPart(o *people, participant string) (spans []calendar.Span, parts map[string][]calendar.Span) {
	parts = map[string][]calendar.Span{}
	for i := range p.versions {
		for _, c := range p.versions[i].Definition.Components {
			if c.For != nil {
				parts[c.Name] = nil
			}
		}
	}
	for i := range p.versions {
		d, within := &p.versions[i].Definition, calendar.Span{}
		if i > 0 {
			within.From = p.versions[i].From
		}
		if i+1 < len(p.versions) {
			within.Until = p.versions[i+1].From
		}
		spans = joined(spans, o.spans(d.Participants, participant), within)
		for _, c := range d.Components {
			if _, some := parts[c.Name]; !some {
				continue
			}
			whose := d.Participants
			if c.For != nil {
				whose = *c.For
			}
			parts[c.Name] = joined(parts[c.Name], o.spans(whose, participant), within)
		}
	}
	return spans, parts
}

// joined adds what lies within a span to earlier ones.
func joined(spans, more []calendar.Span, within calendar.Span) []calendar.Span {
	for _, one := range more {
		one.From = max(one.From, within.From)
		if one.Until == "" || within.Until != "" && within.Until < one.Until {
			one.Until = within.Until
		}
		switch last := len(spans) - 1; {
		case one.Until != "" && one.From >= one.Until:
		case last >= 0 && spans[last].Until == one.From:
			spans[last].Until = one.Until
		default:
			spans = append(spans, one)
		}
	}
	return spans
}
