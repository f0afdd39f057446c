package schedule

import (
	"slices"
	"strings"
	"time"

	"leadline/shared/fault"
)

// Check tells what is wrong with a schedule: Invalid, with a message for who wrote it.
func (s Schedule) Check() error {
	_, err := s.compile()
	return err
}

func invalid(format string, args ...any) error {
	return fault.New(fault.Invalid, "invalid_schedule", format, args...)
}

// checkFields tells whether the kind is one, has the fields that it needs, and no others: what would have no effect is not
// what somebody meant.
func (s Schedule) checkFields() error {
	fields := []struct {
		name  string
		set   bool
		kinds []Kind
	}{
		{"every_minutes", s.EveryMinutes != 0, []Kind{Every}},
		{"at_minute", s.AtMinute != 0, []Kind{Hourly}},
		{"at", len(s.At) > 0, []Kind{Daily, Weekly}},
		{"days", len(s.Days) > 0, []Kind{Weekly}},
		{"cron", s.Cron != "", []Kind{Cron}},
	}
	if !slices.Contains([]Kind{Continuous, Every, Hourly, Daily, Weekly, Cron, Manual}, s.Kind) {
		return invalid("A schedule has the kind continuous, every, hourly, daily, weekly, cron or manual, not %q.", cut(string(s.Kind)))
	}
	for _, f := range fields {
		if f.set && !slices.Contains(f.kinds, s.Kind) {
			return invalid("A schedule of the kind %s has no %q: leave it out, or choose the kind %s.", s.Kind, f.name, f.kinds[0])
		}
	}
	switch {
	case s.Kind == Every && (s.EveryMinutes < 1 || s.EveryMinutes > MaxMinutes):
		return invalid("\"every_minutes\" is a number from 1 to %d, not %d; for longer times choose the kind daily or weekly.", MaxMinutes, s.EveryMinutes)
	case s.Kind == Hourly && (s.AtMinute < 0 || s.AtMinute > 59):
		return invalid("\"at_minute\" is the minute of the hour, from 0 to 59, not %d.", s.AtMinute)
	case (s.Kind == Daily || s.Kind == Weekly) && len(s.At) == 0:
		return invalid("A schedule of the kind %s needs \"at\": a list of times of day, such as [\"02:30\"].", s.Kind)
	case len(s.At) > MaxTimes:
		return invalid("\"at\" has %d times; at most %d are allowed. For more choose the kind every, hourly or cron.", len(s.At), MaxTimes)
	case s.Kind == Weekly && len(s.Days) == 0:
		return invalid("A schedule of the kind weekly needs \"days\": a list such as [\"monday\", \"thursday\"].")
	case s.Kind == Cron && strings.TrimSpace(s.Cron) == "":
		return invalid("A schedule of the kind cron needs \"cron\": an expression of five fields, such as \"30 2 * * mon-fri\".")
	case len(s.Cron) > MaxCron:
		return invalid("\"cron\" has %d bytes; at most %d are allowed.", len(s.Cron), MaxCron)
	}
	return nil
}

// atTimes adds times of day.
func (p *pattern) atTimes(times []string) error {
	for _, text := range times {
		at, err := time.Parse("15:04", text)
		if err != nil || at.Format("15:04") != text {
			return invalid("%q is no time of day: write hours and minutes with two digits each, from 00:00 to 23:59.", cut(text))
		}
		p.minutes = append(p.minutes, at.Hour()*60+at.Minute())
	}
	slices.Sort(p.minutes)
	p.minutes = slices.Compact(p.minutes)
	return nil
}

// week lists the days as time.Weekday numbers them.
func week() []Weekday {
	return []Weekday{Sunday, Monday, Tuesday, Wednesday, Thursday, Friday, Saturday}
}

// onDays restricts the pattern to days of the week.
func (p *pattern) onDays(days []Weekday) error {
	p.anyWeekDay, p.weekDays = false, 0
	for _, day := range days {
		i := slices.Index(week(), day)
		if i < 0 {
			return invalid("%q is no day of the week: write monday, tuesday, wednesday, thursday, friday, saturday or sunday.", cut(string(day)))
		}
		p.weekDays |= 1 << i
	}
	return nil
}
