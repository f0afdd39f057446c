package syncing

import (
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
	for name, text := range map[string]string{"from": b.From, "until": b.Until} {
		if _, err := time.Parse("15:04", text); text != "" && err != nil {
			return wrong("budget.%s: %q is no time of day such as \"22:00\".", name, text)
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

// Allows tells whether requests may be made at a time, used being those made on that Day, and else when to look again.
func (b Budget) Allows(now time.Time, used int64) (ok bool, next time.Time) {
	local := now.In(b.zone())
	if b.RequestsPerDay > 0 && used >= b.RequestsPerDay {
		local = midnight(local, 1)
		if ok, next := b.open(local); !ok {
			return false, next
		}
		return false, local
	}
	return b.open(local)
}

// open tells whether the hours are open at a local time, and else when they open next.
func (b Budget) open(local time.Time) (bool, time.Time) {
	for back := range 2 { // hours that began yesterday may last until today
		if from, until := b.hours(local, -back); b.begins(from) && !local.Before(from) && local.Before(until) {
			return true, time.Time{}
		}
	}
	for ahead := range 8 {
		if from, _ := b.hours(local, ahead); b.begins(from) && from.After(local) {
			return false, from
		}
	}
	return true, time.Time{} // not reached: every week has each of its days
}

// hours gives the hours that begin on the day that lies so many days ahead.
func (b Budget) hours(local time.Time, ahead int) (from, until time.Time) {
	day := midnight(local, ahead)
	if b.From == "" {
		return day, midnight(local, ahead+1)
	}
	from, until = b.clock(day, b.From), b.clock(day, b.Until)
	if b.Until < b.From {
		until = b.clock(midnight(local, ahead+1), b.Until)
	}
	return from, until
}

func (b Budget) clock(day time.Time, text string) time.Time {
	at, _ := time.Parse("15:04", text) // checked
	return time.Date(day.Year(), day.Month(), day.Day(), at.Hour(), at.Minute(), 0, 0, day.Location())
}

func (b Budget) begins(from time.Time) bool {
	if len(b.Days) == 0 {
		return true
	}
	for _, d := range b.Days {
		if d == from.Weekday() {
			return true
		}
	}
	return false
}

func (b Budget) zone() *time.Location {
	zone, err := schedule.Location(b.Zone)
	if err != nil { // checked
		return time.UTC
	}
	return zone
}

func midnight(local time.Time, ahead int) time.Time {
	return time.Date(local.Year(), local.Month(), local.Day()+ahead, 0, 0, 0, 0, local.Location())
}
