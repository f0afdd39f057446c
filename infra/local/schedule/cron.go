package schedule

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// cron is a run at times of day on certain days.
// https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html#cron-based
type cron struct {
	zone           *time.Location
	minutes, hours []int
	months, years  []int
	// days tells whether the schedule runs on a day.
	days func(day time.Time) bool
}

const (
	firstYear = 1970
	lastYear  = 2199
)

func parseCron(arguments string, zone *time.Location) (Expression, error) {
	fields := strings.Fields(arguments)
	if len(fields) != 6 {
		return nil, fmt.Errorf("it has %d fields: want minutes, hours, day of month, month, day of week, year", len(fields))
	}
	c := cron{zone: zone}
	var errs [5]error
	c.minutes, errs[0] = parseField("minutes", fields[0], 0, 59, nil)
	c.hours, errs[1] = parseField("hours", fields[1], 0, 23, nil)
	c.months, errs[2] = parseField("month", fields[3], 1, 12, []string{"JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"})
	c.years, errs[3] = parseField("year", fields[5], firstYear, lastYear, nil)
	c.days, errs[4] = parseDays(fields[2], fields[4])
	return c, errors.Join(errs[:]...)
}

// parseDays reads the two fields for days, one of which must be a question mark.
func parseDays(ofMonth, ofWeek string) (func(time.Time) bool, error) {
	switch {
	case (ofMonth == "?") == (ofWeek == "?"):
		return nil, errors.New("exactly one of day of month and day of week must be ?")
	case ofWeek == "?":
		return parseDayOfMonth(ofMonth)
	default:
		return parseDayOfWeek(ofWeek)
	}
}

func parseDayOfMonth(field string) (func(time.Time) bool, error) {
	if field == "L" {
		return func(day time.Time) bool { return day.Day() == lastDay(day) }, nil
	}
	if number, ok := strings.CutSuffix(field, "W"); ok {
		n, err := strconv.Atoi(number)
		if err != nil || n < 1 || n > 31 {
			return nil, fmt.Errorf("day of month: %q", field)
		}
		return func(day time.Time) bool { return day.Day() == nearestWeekday(day, n) }, nil
	}
	days, err := parseField("day of month", field, 1, 31, nil)
	return func(day time.Time) bool { return slices.Contains(days, day.Day()) }, err
}

// parseDayOfWeek reads days of the week, which count from 1 for Sunday.
func parseDayOfWeek(field string) (func(time.Time) bool, error) {
	names := []string{"SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"}
	one := func(text string) (int, error) {
		values, err := parseField("day of week", text, 1, 7, names)
		if err == nil && len(values) != 1 {
			err = fmt.Errorf("day of week: %q", field)
		}
		if err != nil {
			return 0, err
		}
		return values[0], nil
	}
	weekday := func(day time.Time) int { return int(day.Weekday()) + 1 }
	if text, nth, ok := strings.Cut(field, "#"); ok {
		want, err := one(text)
		n, numberErr := strconv.Atoi(nth)
		if err != nil || numberErr != nil || n < 1 || n > 5 {
			return nil, fmt.Errorf("day of week: %q", field)
		}
		return func(day time.Time) bool { return weekday(day) == want && (day.Day()-1)/7+1 == n }, nil
	}
	if field == "L" { // the last day of the week
		return func(day time.Time) bool { return weekday(day) == 7 }, nil
	}
	if text, ok := strings.CutSuffix(field, "L"); ok {
		want, err := one(text)
		return func(day time.Time) bool { return weekday(day) == want && day.Day()+7 > lastDay(day) }, err
	}
	days, err := parseField("day of week", field, 1, 7, names)
	return func(day time.Time) bool { return slices.Contains(days, weekday(day)) }, err
}

func lastDay(day time.Time) int {
	return time.Date(day.Year(), day.Month()+1, 0, 0, 0, 0, 0, time.UTC).Day()
}

// nearestWeekday gives the working day nearest to day n of the month of day, within that month; 0 if it has no day n.
func nearestWeekday(day time.Time, n int) int {
	last := lastDay(day)
	if n > last {
		return 0
	}
	switch time.Date(day.Year(), day.Month(), n, 0, 0, 0, 0, time.UTC).Weekday() {
	case time.Saturday:
		if n == 1 {
			return 3
		}
		return n - 1
	case time.Sunday:
		if n == last {
			return n - 2
		}
		return n + 1
	}
	return n
}

// parseField reads a list of values, ranges and steps; names stand for the values from low on.
func parseField(name, field string, low, high int, names []string) ([]int, error) {
	bad := fmt.Errorf("%s: %q", name, field)
	value := func(text string) (int, bool) {
		if i := slices.Index(names, strings.ToUpper(text)); i >= 0 {
			return low + i, true
		}
		n, err := strconv.Atoi(text)
		return n, err == nil && n >= low && n <= high
	}
	set := map[int]bool{}
	for part := range strings.SplitSeq(field, ",") {
		text, stepText, stepped := strings.Cut(part, "/")
		step := 1
		if stepped {
			n, err := strconv.Atoi(stepText)
			if err != nil || n < 1 {
				return nil, bad
			}
			step = n
		}
		from, to, ok := low, high, true
		if text != "*" {
			first, last, ranged := strings.Cut(text, "-")
			if from, ok = value(first); !ok {
				return nil, bad
			}
			switch {
			case ranged:
				to, ok = value(last)
			case !stepped:
				to = from
			}
			if !ok {
				return nil, bad
			}
		}
		if to < from { // FRI-MON goes round
			for n := from; n <= high; n += step {
				set[n] = true
			}
			from = low
		}
		for n := from; n <= to; n += step {
			set[n] = true
		}
	}
	var values []int
	for n := range set {
		values = append(values, n)
	}
	slices.Sort(values)
	return values, nil
}

// Next looks at day after day. A time that a change of clocks skips does not occur, one that it repeats occurs once, the first time:
// https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html#daylist-savings-time
func (c cron) Next(t time.Time) time.Time {
	local := t.In(c.zone)
	for day := time.Date(local.Year(), local.Month(), local.Day(), 0, 0, 0, 0, time.UTC); day.Year() <= c.years[len(c.years)-1]; day = day.AddDate(0, 0, 1) {
		if !slices.Contains(c.years, day.Year()) || !slices.Contains(c.months, int(day.Month())) || !c.days(day) {
			continue
		}
		for _, hour := range c.hours {
			for _, minute := range c.minutes {
				at := time.Date(day.Year(), day.Month(), day.Day(), hour, minute, 0, 0, c.zone)
				if earlier := at.Add(-time.Hour); earlier.Hour() == hour { // the first of two
					at = earlier
				}
				if at.After(t) && at.Hour() == hour && at.Minute() == minute {
					return at
				}
			}
		}
	}
	return time.Time{}
}
