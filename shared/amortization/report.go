package amortization

import "leadline/shared/fault"

// MaxReport bounds the months of a report.
const MaxReport = 600

// Report sums schedules month by month, from one on until another, which is not in it ("2026-01", "2027-01"): also months in which
// nothing happens. The opening of the first is what was left of all earlier months. Schedules must be of one currency.
func Report(schedules []Schedule, from, until string) ([]Month, error) {
	first, ok1 := parseMonth(from)
	end, ok2 := parseMonth(until)
	if !ok1 || !ok2 || end <= first || end-first > MaxReport {
		return nil, fault.New(fault.Invalid, CodePolicy, "From %q until %q is no time: write months as 2026-01, the last one after the first, at most %d months apart.", from, until, MaxReport)
	}
	rows := make([]Month, end-first)
	var opening int64
	for i, s := range schedules {
		if s.Currency != schedules[0].Currency {
			return nil, fault.New(fault.Invalid, CodePolicy, "Schedule %d is in %s, the first in %s: make a report of each currency.", i+1, s.Currency, schedules[0].Currency)
		}
		for _, m := range s.Months {
			at, _ := parseMonth(m.Month)
			switch {
			case at < first:
				opening += m.Capitalized - m.Amortized - m.WrittenOff
			case at < end:
				row := &rows[at-first]
				row.Capitalized += m.Capitalized
				row.Amortized += m.Amortized
				row.WrittenOff += m.WrittenOff
				row.Expensed += m.Expensed
			}
		}
	}
	for i := range rows {
		row := &rows[i]
		row.Month, row.Opening = (first + month(i)).String(), opening
		opening += row.Capitalized - row.Amortized - row.WrittenOff
		row.Closing = opening
	}
	return rows, nil
}
