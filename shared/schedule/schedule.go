// Package schedule tells when something is due: a sync that runs all the time, every few minutes, hourly, daily, weekly,
// by a cron expression, or only when asked. It is pure: what is due is stored and found elsewhere.
//
// # Time zones
//
// Times are those of the local clock of a zone, by zone data of our own (Location), not by what a machine has. Where the
// clock jumps:
//
//   - A time that the clock jumps over comes at the first moment after the jump, once, also where it jumps over several.
//   - A time that the clock shows twice comes at the first.
//   - A date that the zone left out altogether (30 December 2011 in Samoa) comes as little as 30 February does.
//   - What runs in every hour (the kind hourly, and a cron expression whose hours are all) goes by elapsed time instead: it
//     comes whenever the clock shows its minute, twice in an hour that is shown twice, and not for an hour that is missing,
//     so that neither a pause nor a burst arises. Every so many minutes goes by no clock at all.
//
// So what is daily comes once for each date that there is, even if the clock jumps over midnight.
package schedule

import (
	"crypto/sha256"
	"encoding/binary"
	"iter"
	"time"
)

// Kind is how a schedule is stated.
type Kind string

// The kinds.
const (
	// Continuous is due again a Pause after it was done.
	Continuous Kind = "continuous"
	// Every so many minutes: at the multiples of EveryMinutes, which do not depend on when it began.
	Every Kind = "every"
	// Hourly at the minute AtMinute of the local clock.
	Hourly Kind = "hourly"
	// Daily at the times At.
	Daily Kind = "daily"
	// Weekly on the days Days at the times At.
	Weekly Kind = "weekly"
	// Cron goes by the expression Cron.
	Cron Kind = "cron"
	// Manual is never due by itself.
	Manual Kind = "manual"
)

// Weekday is a day of the week.
type Weekday string

// The days of the week.
const (
	Monday    Weekday = "monday"
	Tuesday   Weekday = "tuesday"
	Wednesday Weekday = "wednesday"
	Thursday  Weekday = "thursday"
	Friday    Weekday = "friday"
	Saturday  Weekday = "saturday"
	Sunday    Weekday = "sunday"
)

const (
	// Pause is how long what is Continuous waits after it was done.
	Pause = time.Minute
	// MaxMinutes is the most that Every takes: a day.
	MaxMinutes = 24 * 60
	// MaxTimes is how many times a day Daily and Weekly take.
	MaxTimes = 24
	// MaxCron is how many bytes an expression may have.
	MaxCron = 200
)

// Schedule is when something is due. A kind has the fields that it names, and Zone; the others stay empty.
type Schedule struct {
	Kind         Kind      `json:"kind" enum:"continuous,every,hourly,daily,weekly,cron,manual"`
	EveryMinutes int       `json:"every_minutes,omitempty" minimum:"1" maximum:"1440" doc:"every: how many minutes lie between two runs."`
	AtMinute     int       `json:"at_minute,omitempty" minimum:"0" maximum:"59" doc:"hourly: the minute of the hour."`
	At           []string  `json:"at,omitempty" nullable:"false" maxItems:"24" doc:"daily, weekly: times of day, such as 02:30."`
	Days         []Weekday `json:"days,omitempty" nullable:"false" enum:"monday,tuesday,wednesday,thursday,friday,saturday,sunday" doc:"weekly: the days."`
	Cron         string    `json:"cron,omitempty" maxLength:"200" doc:"cron: minutes, hours, days of the month, months and days of the week, such as 30 2 * * mon-fri."`
	Zone         string    `json:"zone,omitempty" doc:"The time zone by its name in the IANA database, such as Europe/Berlin; UTC if left out."`
}

// Next gives the first time after another at which something is due, in UTC. There is none if the schedule is Manual or
// does not pass Check, and none before the year 1 or after 9999.
//
// It depends on nothing else: whoever asks again for the same time, or for one in between, gets the same. Only what is
// Continuous counts from the time it is given.
func (s Schedule) Next(after time.Time) (time.Time, bool) {
	for at := range s.Times(after) {
		return at, true
	}
	return time.Time{}, false
}

// Times gives the times at which something is due after a time, one after another, each as Next would.
func (s Schedule) Times(after time.Time) iter.Seq[time.Time] {
	next, err := s.compile()
	return func(yield func(time.Time) bool) {
		if err != nil || next == nil || !written(after) {
			return
		}
		for at := after.UTC(); ; {
			var ok bool
			if at, ok = next(at); !ok || !written(at) || !yield(at.UTC()) {
				return
			}
		}
	}
}

// written tells whether a time can be written with a year of four digits, as JSON wants it.
func written(at time.Time) bool {
	year := at.UTC().Year()
	return 1 <= year && year <= 9999
}

// rule gives the first time after another.
type rule func(after time.Time) (time.Time, bool)

// compile gives the rule of a schedule: nil for Manual. The error is what Check gives.
func (s Schedule) compile() (rule, error) {
	if err := s.checkFields(); err != nil {
		return nil, err
	}
	zone, err := Location(s.Zone)
	if err != nil {
		return nil, err
	}
	p := anyDay(zone)
	switch s.Kind {
	case Continuous:
		return func(after time.Time) (time.Time, bool) { return after.Add(Pause), true }, nil
	case Every:
		step := time.Duration(s.EveryMinutes) * time.Minute
		return func(after time.Time) (time.Time, bool) { return after.Truncate(step).Add(step), true }, nil
	case Hourly:
		p.inEveryHour([]int{s.AtMinute})
	case Daily:
		err = p.atTimes(s.At)
	case Weekly:
		if err = p.onDays(s.Days); err == nil {
			err = p.atTimes(s.At)
		}
	case Cron:
		err = p.byCron(s.Cron)
	default:
		return nil, nil
	}
	return p.next, err
}

// Jitter gives how long something waits after it is due, below within, so that not everything that is due at midnight
// starts in one second. The same id always waits as long. Its next time after another is then
//
//	wait := schedule.Jitter(id, within)
//	next, ok := s.Next(after.Add(-wait))
//	next = next.Add(wait)
//
// which leaves out none, however long it waits.
func Jitter(id string, within time.Duration) time.Duration {
	if within <= 0 {
		return 0
	}
	sum := sha256.Sum256([]byte(id))
	return time.Duration(binary.BigEndian.Uint64(sum[:]) % uint64(within))
}
