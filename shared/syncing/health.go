package syncing

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"leadline/shared/tenant"
)

// quietAfter is how long a connection may have read nothing before that is worth a look.
const quietAfter = 36 * time.Hour

// HealthOf says how a connection fares, and why in words if it is not Healthy. loggedIn tells whether it has a login.
func HealthOf(conn tenant.Connection, loggedIn bool, s State, now time.Time) (Health, []string) {
	switch {
	case conn.Status == tenant.Disabled:
		return Inactive, []string{"The connection is disabled."}
	case conn.Status == tenant.Paused:
		return Inactive, []string{"The connection is paused: what comes in is kept until it goes on."}
	case s.Problem != "":
		return Error, []string{s.Problem}
	case !loggedIn:
		return Healthy, nil // it listens
	}
	var why []string
	if s.TendedAt.IsZero() {
		why = append(why, "It was not looked after yet.")
	}
	if !s.TendedAt.IsZero() && s.Subscription.Problem != "" {
		why = append(why, s.Subscription.Problem)
	}
	for _, m := range s.Identity.Missing {
		why = append(why, fmt.Sprintf("The login lacks the permission %s: %s", m.Permission, m.Needed))
	}
	for _, name := range s.ObjectNames() {
		o := s.Objects[name]
		if o.Problem != "" {
			why = append(why, name+": "+o.Problem)
		}
		if o.Drift != nil && o.Drift.Held > 0 {
			why = append(why, fmt.Sprintf("%s: %d records wait to be deleted.", name, o.Drift.Held))
		}
	}
	if !s.LastRunAt.IsZero() && now.Sub(s.LastRunAt) > quietAfter {
		why = append(why, "Nothing was read since "+s.LastRunAt.UTC().Format("2006-01-02 15:04")+".")
	}
	if len(why) > 0 {
		return Warning, why
	}
	return Healthy, nil
}

// ObjectNames lists the objects of which something is known, by name.
func (s State) ObjectNames() []string { return slices.Sorted(maps.Keys(s.Objects)) }
