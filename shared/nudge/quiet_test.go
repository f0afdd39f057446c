package nudge_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"leadline/shared/nudge"
)

// TestQuietHoursByTheClock: hours that a clock skips or repeats end when the clock says so.
func TestQuietHoursByTheClock(t *testing.T) {
	for _, c := range []struct {
		name, zone  string
		quiet       nudge.Quiet
		at, wantEnd string
	}{
		{"an ordinary night", "Europe/Berlin", nudge.Quiet{From: "20:00", Until: "08:00"}, "2026-11-18T22:00:00Z", "2026-11-19T07:00:00Z"},
		{"a night that is an hour short", "Europe/Berlin", nudge.Quiet{From: "20:00", Until: "08:00"}, "2026-03-28T22:00:00Z", "2026-03-29T06:00:00Z"},
		{"a night that is an hour long", "Europe/Berlin", nudge.Quiet{From: "20:00", Until: "08:00"}, "2026-10-24T22:00:00Z", "2026-10-25T07:00:00Z"},
		{"an end that is skipped", "Europe/Berlin", nudge.Quiet{From: "20:00", Until: "02:30"}, "2026-03-28T23:00:00Z", "2026-03-29T01:00:00Z"},
		{"an end that comes twice", "Europe/Berlin", nudge.Quiet{From: "20:00", Until: "02:30"}, "2026-10-24T23:00:00Z", "2026-10-25T00:30:00Z"},
		{"the hour that is repeated", "Europe/Berlin", nudge.Quiet{From: "20:00", Until: "02:30"}, "2026-10-25T01:00:00Z", "2026-10-25T01:30:00Z"},
		{"half an hour off", "Asia/Kolkata", nudge.Quiet{From: "20:00", Until: "08:00"}, "2026-11-18T15:00:00Z", "2026-11-19T02:30:00Z"},
		{"half an hour of summer time", "Australia/Lord_Howe", nudge.Quiet{From: "20:00", Until: "02:15"}, "2026-10-03T14:00:00Z", "2026-10-03T15:30:00Z"},
		{"a day that is left out", "Pacific/Apia", nudge.Quiet{Weekend: true}, "2011-12-31T12:00:00Z", "2012-01-01T10:00:00Z"},
		{"a weekend in New York", "America/New_York", nudge.Quiet{From: "20:00", Until: "08:00", Weekend: true}, "2026-11-21T03:00:00Z", "2026-11-23T13:00:00Z"},
		{"a weekend with a short night", "America/New_York", nudge.Quiet{From: "20:00", Until: "08:00", Weekend: true}, "2026-03-07T12:00:00Z", "2026-03-09T12:00:00Z"},
		{"by day", "UTC", nudge.Quiet{From: "12:00", Until: "13:00"}, "2026-11-18T12:59:59Z", "2026-11-18T13:00:00Z"},
		{"behind it", "UTC", nudge.Quiet{From: "12:00", Until: "13:00"}, "2026-11-18T13:00:00Z", "2026-11-18T13:00:00Z"},
		{"none", "UTC", nudge.Quiet{}, "2026-11-18T03:00:00Z", "2026-11-18T03:00:00Z"},
	} {
		at, err := time.Parse(time.RFC3339, c.at)
		if err != nil {
			t.Fatal(err)
		}
		if got := c.quiet.End(at, zone(t, c.zone)).UTC().Format(time.RFC3339); got != c.wantEnd {
			t.Errorf("%s: ends at %s, want %s", c.name, got, c.wantEnd)
		}
	}
}

// TestQuietHoursEnd: whatever the hours, zone and moment, what they end at is not quiet, and is no later than a long weekend.
func TestQuietHoursEnd(t *testing.T) {
	clock := rapid.Custom(func(t *rapid.T) string {
		return time.Date(2026, 1, 1, rapid.IntRange(0, 23).Draw(t, "hour"), rapid.IntRange(0, 59).Draw(t, "minute"), 0, 0, time.UTC).Format("15:04")
	})
	rapid.Check(t, func(r *rapid.T) {
		q := nudge.Quiet{From: clock.Draw(r, "from"), Until: clock.Draw(r, "until"), Weekend: rapid.Bool().Draw(r, "weekend")}
		if q.Check() != nil {
			return
		}
		z := zone(t, rapid.SampledFrom([]string{"UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "Pacific/Apia"}).Draw(r, "zone"))
		at := time.Unix(rapid.Int64Range(1_767_000_000, 1_798_000_000).Draw(r, "at"), 0)
		end := q.End(at, z)
		if end.Before(at) || end.Sub(at) > 96*time.Hour || !q.End(end, z).Equal(end) {
			r.Fatalf("%+v at %s ends %s", q, at.In(z), end.In(z))
		}
	})
}

func TestQuietHoursThatCannotBe(t *testing.T) {
	for _, q := range []nudge.Quiet{{From: "20:00"}, {Until: "08:00"}, {From: "8:00", Until: "20:00"}, {From: "24:00", Until: "08:00"}, {From: "20:60", Until: "08:00"},
		{From: "08:00", Until: "08:00"}, {From: "+1:00", Until: "08:00"}, {From: "ab:cd", Until: "08:00"}} {
		if q.Check() == nil {
			t.Errorf("%+v was taken", q)
		}
	}
	if (nudge.Quiet{From: "20:00", Until: "08:00"}).Check() != nil || (nudge.Quiet{Weekend: true}).Check() != nil {
		t.Error("hours were refused")
	}
}
