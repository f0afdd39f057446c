package syncing

import (
	"cmp"
	"strings"
	"time"

	"leadline/shared/fault"
	"leadline/shared/schedule"
)

// Budget bounds what a run may use of a provider's limits, so that others get their share. The zero value bounds nothing.
type Budget struct {
	// RequestsPerDay is how many requests it may make on a calendar day of Zone; 0 for no bound.
	RequestsPerDay int64 `json:"requests_per_day,omitempty"`
	// From and Until are the hours in which it may work, "22:00" to "06:00"; both empty for all.
	From  string `json:"from,omitempty"`
	Until string `json:"until,omitempty"`
	// Days are the weekdays on which hours may begin, 0 for Sunday; empty for all.
	Days []time.Weekday `json:"days,omitempty" nullable:"false" minItems:"0" doc:"The weekdays on which hours may begin, 0 for Sunday; all if left out."`
	// Zone is the IANA name of the time zone; empty for UTC.
	Zone string `json:"zone,omitempty"`
}

// Bounds tells whether the budget bounds anything.
func (b Budget) Bounds() bool {
	return b.RequestsPerDay > 0 || b.From != "" || len(b.Days) > 0
}

// Check tells what is wrong with the budget.
func (b Budget) Check() error {
	wrong := func(format string, args ...any) error {
		return fault.New(fault.Invalid, "invalid_budget", format, args...)
	}
	if _, err := schedule.Location(b.Zone); err != nil {
		return wrong("budget.zone: there is no time zone %q: use a name such as \"Europe/Berlin\".", b.Zone)
	}
	if b.RequestsPerDay < 0 {
		return wrong("budget.requests_per_day must not be negative.")
	}
	if (b.From == "") != (b.Until == "") {
		return wrong("budget.from and budget.until come together.")
	}
	for _, hour := range [][2]string{{"from", b.From}, {"until", b.Until}} {
		if at, err := time.Parse(clockForm, hour[1]); hour[1] != "" && (err != nil || at.Format(clockForm) != hour[1]) {
			return wrong("budget.%s: %q is no time of day such as \"09:00\".", hour[0], hour[1])
		}
	}
	if b.From != "" && b.From == b.Until {
		return wrong("budget.from and budget.until are the same: leave both out for the whole day.")
	}
	for _, d := range b.Days {
		if d < time.Sunday || d > time.Saturday {
			return wrong("budget.days: %d is no weekday: 0 is Sunday, 6 Saturday.", int(d))
		}
	}
	return nil
}

// Day names the calendar day on which requests made at a time count.
func (b Budget) Day(at time.Time) string { return at.In(b.zone()).Format(time.DateOnly) }

// Allows tells whether requests may be made at a time, used being those made on that Day, and else when to look again. The
// budget was checked.
func (b Budget) Allows(now time.Time, used int64) (ok bool, next time.Time) {
	if b.RequestsPerDay == 0 || used < b.RequestsPerDay {
		return b.open(now)
	}
	tomorrow, _ := schedule.Schedule{Kind: schedule.Daily, At: []string{midnight}, Zone: b.Zone}.Next(now)
	if ok, next := b.open(tomorrow); !ok {
		return false, next
	}
	return false, tomorrow
}

const (
	midnight = "00:00"
	// clockForm is the form of From and Until, whose texts sort by time.
	clockForm = "15:04"
	// longestHours is longer than any hours last, also on a day on which the clock is set back.
	longestHours = 30 * time.Hour
)

// open tells whether the hours are open at a time, and else when they open next. Hours that the clock jumps over whole do
// not open.
func (b Budget) open(now time.Time) (bool, time.Time) {
	if b.From == "" && len(b.Days) == 0 {
		return true, time.Time{}
	}
	opens, closes := b.hours()
	for from := range opens.Times(now.Add(-longestHours)) {
		before := from
		if b.From != "" { // it may close at the moment at which it opens: where the clock jumps
			before = from.Add(-1)
		}
		until, _ := closes.Next(before)
		switch {
		case !from.Before(until):
		case now.Before(from):
			return false, from
		case now.Before(until):
			return true, time.Time{}
		}
	}
	return true, time.Time{} // not reached: the days come again and again
}

// hours gives when the hours begin and end.
func (b Budget) hours() (opens, closes schedule.Schedule) {
	opens = schedule.Schedule{Kind: schedule.Daily, At: []string{cmp.Or(b.From, midnight)}, Zone: b.Zone}
	closes = schedule.Schedule{Kind: schedule.Daily, At: []string{cmp.Or(b.Until, midnight)}, Zone: b.Zone}
	for _, d := range b.Days {
		opens.Kind, opens.Days = schedule.Weekly, append(opens.Days, schedule.Weekday(strings.ToLower(d.String())))
	}
	return opens, closes
}

func (b Budget) zone() *time.Location {
	zone, err := schedule.Location(b.Zone)
	if err != nil { // checked
		return time.UTC
	}
	return zone
}
