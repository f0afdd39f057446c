package program

import (
	"cmp"
	"slices"

	"leadline/shared/calendar"
)

// CheckVersions tells whether a version may follow those that were published. It may begin on any day, also one that is past or
// that lies within another version: that one then ends there, and those that were to begin there or later never do (Follow), so
// that no day has two versions. It is refused where that would leave periods that overlap, as those of weeks and of months do, or
// where it says no day.
func CheckVersions(versions []Version, next Version) []Problem {
	var p problems
	if _, err := calendar.ParseDate(string(next.From)); err != nil || next.From == "" {
		p.refuse("from", CodeMissing, "Say from which day on the version is in force, as 2026-11-22.")
		return p
	}
	if next.Until != "" && next.Until <= next.From {
		p.refuse("until", CodeOrder, "It is %s, and the version begins on %s: it would be in force on no day.", next.Until, next.From)
	}
	var inForce []InForce
	for _, v := range slices.SortedFunc(slices.Values(versions), func(a, b Version) int { return cmp.Compare(a.Number, b.Number) }) {
		if v.Number == next.Number {
			p.refuse("number", CodeTwice, "There is a version %d already.", v.Number)
		}
		inForce = Follow(inForce, v.Number, v.From)
	}
	for _, f := range inForce {
		v := versions[slices.IndexFunc(versions, func(v Version) bool { return v.Number == f.Number })]
		switch {
		case f.Span.From >= next.From:
			p.warn("from", CodeOverlap, "Version %d, in force from %s on, is replaced altogether.", f.Number, f.Span.From)
		case f.Span.Holds(next.From):
			p.seam(v, next)
		}
	}
	return p
}

// seam refuses a version that changes the periods and does not begin where one ends: days would be reckoned in two.
func (p *problems) seam(v, next Version) {
	a, b := v.Definition, next.Definition
	if a.Period == b.Period && a.Calendar == b.Calendar || a.Calendar.Check() != nil || b.Calendar.Check() != nil {
		return
	}
	for _, d := range []Definition{a, b} {
		if period := d.Calendar.Of(d.Period, next.From); period.Kind != "" && period.From != next.From {
			p.refuse("from", CodeOverlap, "Version %d has other periods, which would overlap with these: %s lies within %s, which ends with the day before %s. Begin where a period of both begins.",
				v.Number, next.From, period.Name, period.Until)
			return
		}
	}
}
