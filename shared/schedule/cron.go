package schedule

import (
	"fmt"
	"math/bits"
	"slices"
	"strconv"
	"strings"
)

// field is one of the five of a cron expression.
type field struct {
	name      string // as messages call it
	low, high int
	// names stand for the numbers from low on.
	names []string
}

// cronFields lists the fields in order.
func cronFields() []field {
	return []field{
		{"minutes", 0, 59, nil},
		{"hours", 0, 23, nil},
		{"days of the month", 1, 31, nil},
		{"months", 1, 12, []string{"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"}},
		{daysOfWeek, 0, 7, []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}},
	}
}

const daysOfWeek = "days of the week"

// byCron adds the times of a cron expression: five fields as of POSIX, with steps (*/15, 8-18/2, 5/20), names of months and
// days in either case, 7 for Sunday, and ? for *. As of POSIX, where both fields for days are restricted, a day need fit
// only one of them; */2 is a restriction, */1 is none.
func (p *pattern) byCron(expression string) error {
	texts := strings.Fields(expression)
	fields := cronFields()
	switch {
	case strings.HasPrefix(expression, "@"):
		return invalid("The cron expression %q is a short form, which is not supported: choose the kind hourly, daily or weekly.", cut(expression))
	case len(texts) != len(fields):
		return invalid("The cron expression %q has %d fields; it must have %d: minutes, hours, days of the month, months, days of the week (neither seconds nor years).", cut(expression), len(texts), len(fields))
	}
	var sets [5]uint64
	var stars [5]bool
	var wrong []string
	for i, f := range fields {
		var err error
		if sets[i], stars[i], err = f.parse(texts[i]); err != nil {
			wrong = append(wrong, f.name+": "+err.Error())
		}
	}
	if len(wrong) > 0 {
		return invalid("The cron expression %q is not right. %s.", cut(expression), strings.Join(wrong, "; "))
	}
	hours := list(sets[1])
	p.everyHour = len(hours) == 24
	for _, hour := range hours {
		p.at(hour, list(sets[0]))
	}
	p.monthDays, p.months, p.weekDays = sets[2], sets[3], sets[4]&^(1<<7)|sets[4]>>7
	p.anyMonthDay, p.anyWeekDay = stars[2], stars[4]
	if p.anyWeekDay && !p.someMonthHas() {
		return invalid("The cron expression %q never comes: none of its months has one of its days.", cut(expression))
	}
	return nil
}

// someMonthHas tells whether one of the months has one of the days.
func (p *pattern) someMonthHas() bool {
	lengths := [...]int{1: 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31}
	return slices.ContainsFunc(list(p.months), func(month int) bool {
		return bits.TrailingZeros64(p.monthDays) <= lengths[month]
	})
}

// list gives the numbers of the bits of a set, in order.
func list(set uint64) []int {
	var all []int
	for ; set != 0; set &= set - 1 {
		all = append(all, bits.TrailingZeros64(set))
	}
	return all
}

// parse reads a list of ranges. star tells whether it restricts nothing.
func (f field) parse(text string) (set uint64, star bool, err error) {
	for part := range strings.SplitSeq(text, ",") {
		span, stepText, stepped := strings.Cut(part, "/")
		step := 1
		if stepped {
			if step, err = strconv.Atoi(stepText); err != nil || step < 1 || step > f.high {
				return 0, false, fmt.Errorf("the step %q is no number from 1 to %d", stepText, f.high)
			}
		}
		low, high, err := f.span(span, stepped)
		if err != nil {
			return 0, false, err
		}
		set |= bitsOf(low, high, step)
		star = star || step == 1 && (span == "*" || span == "?")
	}
	return set, star, nil
}

// span reads the part of a field before the step.
func (f field) span(text string, stepped bool) (low, high int, err error) {
	if text == "*" || text == "?" && strings.HasPrefix(f.name, "days") {
		return f.low, f.last(), nil
	}
	first, last, ranged := strings.Cut(text, "-")
	if low, err = f.number(first); err != nil {
		return 0, 0, err
	}
	switch {
	case ranged:
		if high, err = f.number(last); err != nil {
			return 0, 0, err
		}
	case stepped:
		high = max(low, f.last())
	default:
		high = low
	}
	if high == 0 && low > 0 && f.name == daysOfWeek {
		high = 7 // fri-sun
	}
	if high < low {
		return 0, 0, fmt.Errorf("the range %q ends before it begins", text)
	}
	return low, high, nil
}

// last is the highest number, without the second one for Sunday.
func (f field) last() int {
	if f.name == daysOfWeek {
		return 6
	}
	return f.high
}

// number reads a number or a name.
func (f field) number(text string) (int, error) {
	if i := slices.Index(f.names, strings.ToLower(text)); i >= 0 {
		return f.low + i, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < f.low || n > f.high || strings.HasPrefix(text, "+") {
		or := ""
		if f.names != nil {
			or = fmt.Sprintf(" or a name such as %q", f.names[0])
		}
		return 0, fmt.Errorf("%q is no number from %d to %d%s", text, f.low, f.high, or)
	}
	return n, nil
}
