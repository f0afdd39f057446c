package schedule

import (
	"fmt"
	"slices"
	"strings"
)

// String says in words when something is due: "every day at 02:30 (Europe/Berlin)".
func (s Schedule) String() string {
	switch s.Kind {
	case Continuous:
		return "continuously"
	case Every:
		if s.EveryMinutes == 1 {
			return "every minute"
		}
		return fmt.Sprintf("every %d minutes", s.EveryMinutes)
	case Hourly:
		return fmt.Sprintf("every hour at minute %d (%s)", s.AtMinute, s.zone())
	case Daily:
		return fmt.Sprintf("every day at %s (%s)", s.times(), s.zone())
	case Weekly:
		return fmt.Sprintf("every %s at %s (%s)", s.days(), s.times(), s.zone())
	case Cron:
		return fmt.Sprintf("at %q as of cron (%s)", s.Cron, s.zone())
	case Manual:
		return "only when asked"
	}
	return fmt.Sprintf("unknown (%q)", string(s.Kind))
}

func (s Schedule) zone() string {
	if s.Zone == "" {
		return "UTC"
	}
	return s.Zone
}

func (s Schedule) times() string {
	return join(slices.Compact(slices.Sorted(slices.Values(s.At))))
}

// days names the days from Monday on.
func (s Schedule) days() string {
	var names []string
	for i := range 7 {
		if day := week()[(i+1)%7]; slices.Contains(s.Days, day) {
			names = append(names, strings.ToUpper(string(day[:1]))+string(day[1:]))
		}
	}
	return join(names)
}

// join writes a list as people do.
func join(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " and " + words[last]
}
