package track

import "time"

// updated gives the time of the event: when the record was last updated, else when the event was made.
func (m *mapping) updated() (time.Time, bool) {
	for _, name := range []string{"date_updated", "date_created"} {
		if at := m.member(m.event, name); at != none && m.nodes[at].kind == text {
			if t, ok := readTime(m.text(at)); ok {
				return t, true
			}
		}
	}
	return time.Time{}, false
}

// readTime reads a time as Close writes it: with or without a zone, without one in UTC. A leap second is the first
// second of the next minute, as POSIX counts.
func readTime(s string) (time.Time, bool) {
	const seconds = len("2006-01-02T15:04:")
	leap := time.Duration(0)
	if len(s) >= seconds+2 && s[seconds-1:seconds+2] == ":60" {
		s, leap = s[:seconds]+"59"+s[seconds+2:], time.Second
	}
	// A fraction of any length after the seconds is read by time.Parse without standing in the layout.
	for _, layout := range []string{"2006-01-02T15:04:05Z07:00", "2006-01-02T15:04:05"} {
		if t, err := time.Parse(layout, s); err == nil {
			t = t.UTC().Add(leap)
			return t, t.Year() >= 0 && t.Year() <= 9999 // others RFC 3339 cannot write
		}
	}
	return time.Time{}, false
}

// format writes a time in UTC with milliseconds, cut, not rounded.
func format(t time.Time, seed bool) string {
	if !seed {
		return t.Format("2006-01-02T15:04:05.000Z")
	}
	return t.Format("2006-01-") + t.Weekday().String()[:2] + t.Format("T15:04:05.000+00:00")
}
