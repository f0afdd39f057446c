package schedule_test

import (
	"archive/zip"
	"io/fs"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	robfig "github.com/robfig/cron/v3"
	"pgregory.net/rapid"

	"leadline/shared/fault"
	"leadline/shared/schedule"
)

// odd are zones with something of their own: other offsets than hours, jumps at midnight and of other lengths, dates that
// were left out or came twice, many jumps a year, summer time in winter, and none of all this.
func odd() []string {
	return []string{
		"UTC", "Europe/Berlin", "Europe/Dublin", "Europe/Lisbon", "Europe/Moscow", "Europe/Istanbul", "America/New_York", "America/Phoenix",
		"America/St_Johns", "America/Santiago", "America/Asuncion", "America/Havana", "America/Sao_Paulo", "America/Nuuk", "America/Scoresbysund",
		"America/Caracas", "America/Metlakatla", "Asia/Beirut", "Asia/Gaza", "Asia/Amman", "Asia/Tehran", "Asia/Kolkata", "Asia/Kathmandu", "Asia/Pyongyang",
		"Asia/Tokyo", "Africa/Casablanca", "Africa/Cairo", "Africa/Juba", "Antarctica/Troll", "Antarctica/Casey", "Australia/Lord_Howe", "Australia/Adelaide",
		"Australia/Eucla", "Pacific/Apia", "Pacific/Fakaofo", "Pacific/Kwajalein", "Pacific/Kiritimati", "Pacific/Chatham", "Pacific/Norfolk", "Pacific/Easter",
	}
}

func location(t interface{ Fatal(...any) }, name string) *time.Location {
	zone, err := schedule.Location(name)
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

// wall gives what the clock of a zone shows, as a time in UTC.
func wall(at time.Time, zone *time.Location) time.Time {
	l := at.In(zone)
	return time.Date(l.Year(), l.Month(), l.Day(), l.Hour(), l.Minute(), l.Second(), l.Nanosecond(), time.UTC)
}

func date(wall time.Time) string { return wall.Format("2006-01-02") }

// TestOnceForEachDate: what is daily or weekly comes once for each date that a zone has (and that is one of the days),
// whatever its clock does. A time belongs to the date whose time the clock then reaches or jumps over.
func TestOnceForEachDate(t *testing.T) {
	from, until := time.Date(1993, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, name := range odd() {
		zone := location(t, name)
		var dates []time.Time // that the zone has
		for at := from; at.Before(until); at = at.Add(time.Hour) {
			day := wall(at, zone).Truncate(24 * time.Hour)
			if len(dates) == 0 || day.After(dates[len(dates)-1]) {
				dates = append(dates, day)
			}
		}
		dates = dates[1 : len(dates)-1] // whole ones
		for i, clock := range []string{"00:00", "00:30", "02:30", "23:59"} {
			s := daily(name, clock)
			wanted := func(time.Weekday) bool { return true }
			if i%2 == 1 {
				s = weekly(name, clock, schedule.Friday, schedule.Sunday)
				wanted = func(day time.Weekday) bool { return day == time.Friday || day == time.Sunday }
			}
			checkDates(t, s, zone, from, dates, wanted)
		}
	}
}

func checkDates(t *testing.T, s schedule.Schedule, zone *time.Location, from time.Time, dates []time.Time, wanted func(time.Weekday) bool) {
	t.Helper()
	clock, err := time.Parse("15:04", s.At[0])
	if err != nil {
		t.Fatal(err)
	}
	ofDay := time.Duration(clock.Hour()*60+clock.Minute()) * time.Minute
	var want []string
	for _, day := range dates {
		if wanted(day.Weekday()) {
			want = append(want, date(day))
		}
	}
	var got []string
	last := dates[len(dates)-1]
	for due := range s.Times(from) {
		before, after := wall(due.Add(-1), zone), wall(due, zone)
		if before.After(last.AddDate(0, 0, 1)) {
			break
		}
		for day := before.Truncate(24 * time.Hour); !day.After(after); day = day.AddDate(0, 0, 1) {
			reached := before.Before(day.Add(ofDay)) && !after.Before(day.Add(ofDay))
			_, has := slices.BinarySearchFunc(dates, day, time.Time.Compare)
			if reached && has && wanted(day.Weekday()) {
				got = append(got, date(day))
			}
		}
	}
	if !slices.Equal(want, got) {
		for i := range min(len(want), len(got)) {
			if want[i] != got[i] {
				t.Errorf("%s: want %s, got %s", s, want[i], got[i])
				return
			}
		}
		t.Errorf("%s: want %d dates, got %d", s, len(want), len(got))
	}
}

// drawCron draws an expression that is often, or seldom, or awkward.
func drawCron(t *rapid.T) string {
	number := func(low, high int) *rapid.Generator[string] {
		return rapid.Custom(func(t *rapid.T) string {
			a := rapid.IntRange(low, high).Draw(t, "number")
			switch rapid.IntRange(0, 5).Draw(t, "form") {
			case 0:
				return strconv.Itoa(a) + "-" + strconv.Itoa(rapid.IntRange(a, high).Draw(t, "to"))
			case 1:
				return strconv.Itoa(a) + "/" + strconv.Itoa(rapid.IntRange(1, high).Draw(t, "step"))
			case 2:
				return "*/" + strconv.Itoa(rapid.IntRange(1, high).Draw(t, "step"))
			}
			return strconv.Itoa(a)
		})
	}
	field := func(name string, low, high, stars int) string {
		if rapid.IntRange(0, 9).Draw(t, name+" star") < stars {
			return "*"
		}
		return strings.Join(rapid.SliceOfN(number(low, high), 1, 3).Draw(t, name), ",")
	}
	return strings.Join([]string{field("minutes", 0, 59, 2), field("hours", 0, 23, 4), field("days", 1, 31, 7), field("months", 1, 12, 8), field("week", 0, 6, 6)}, " ")
}

// TestAgainstAClockThatTicks holds cron expressions against a clock that is looked at every minute, near where it jumps, and
// their syntax against robfig/cron, which reads them by itself. (Its times are not ours: it leaves out a missing time.)
func TestAgainstAClockThatTicks(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.SampledFrom(odd()).Draw(t, "zone")
		zone := location(t, name)
		start := time.Unix(60*rapid.Int64Range(1, 60*365*24*60).Draw(t, "start"), 0).AddDate(3, 0, 0)
		if _, jump := start.In(zone).ZoneBounds(); !jump.IsZero() && rapid.IntRange(0, 4).Draw(t, "near") > 0 {
			start = jump.Add(-time.Duration(rapid.IntRange(0, 3*24*60).Draw(t, "before")) * time.Minute)
		}
		start, end := start.UTC(), start.UTC().AddDate(0, 0, 6)
		s := cron(name, drawCron(t))
		spec, err := robfig.ParseStandard(s.Cron)
		if err != nil {
			t.Fatal(err)
		}
		want := tick(spec.(*robfig.SpecSchedule), zone, start, end)
		if err := s.Check(); err != nil {
			if !strings.Contains(err.Error(), "never comes") || len(want) > 0 {
				t.Fatalf("%s: %v, and yet it comes: %v", s, err, want)
			}
			return
		}
		var got []time.Time
		for due := range s.Times(start) {
			if due.After(end) {
				break
			}
			got = append(got, due)
		}
		if !slices.EqualFunc(want, got, time.Time.Equal) {
			t.Fatalf("%s from %s\nwant %v\ngot  %v", s, start, want, got)
		}
	})
}

// tick looks at the clock every minute after start, until end.
func tick(spec *robfig.SpecSchedule, zone *time.Location, start, end time.Time) []time.Time {
	const star = 1 << 63
	matches := func(w time.Time) bool {
		month, week := spec.Dom&(1<<w.Day()) != 0, spec.Dow&(1<<w.Weekday()) != 0
		days := month || week
		if spec.Dom&star != 0 || spec.Dow&star != 0 {
			days = month && week
		}
		return days && spec.Month&(1<<w.Month()) != 0 && spec.Hour&(1<<w.Hour()) != 0 && spec.Minute&(1<<w.Minute()) != 0
	}
	everyHour := spec.Hour&(1<<24-1) == 1<<24-1
	var times []time.Time
	latest := wall(start.AddDate(0, 0, -1), zone) // that the clock has shown
	for at := start.AddDate(0, 0, -1); !at.After(end); at = at.Add(time.Minute) {
		shown := wall(at, zone)
		due := everyHour && matches(shown)
		for w := latest.Add(time.Minute); !everyHour && !w.After(shown); w = w.Add(time.Minute) {
			isDate := date(w) == date(latest) || date(w) == date(shown)
			due = due || isDate && matches(w)
		}
		if shown.After(latest) {
			latest = shown
		}
		if due && at.After(start) {
			times = append(times, at.UTC())
		}
	}
	return times
}

// drawSchedule draws one of any kind that has times.
func drawSchedule(t *rapid.T) schedule.Schedule {
	s := schedule.Schedule{
		Kind: rapid.SampledFrom([]schedule.Kind{schedule.Every, schedule.Hourly, schedule.Daily, schedule.Weekly, schedule.Cron}).Draw(t, "kind"),
		Zone: rapid.SampledFrom(odd()).Draw(t, "zone"),
	}
	clock := rapid.Map(rapid.IntRange(0, 24*60-1), func(minute int) string {
		return time.Time{}.Add(time.Duration(minute) * time.Minute).Format("15:04")
	})
	switch s.Kind {
	case schedule.Every:
		s.EveryMinutes = rapid.IntRange(1, schedule.MaxMinutes).Draw(t, "minutes")
	case schedule.Hourly:
		s.AtMinute = rapid.IntRange(0, 59).Draw(t, "minute")
	case schedule.Weekly:
		days := []schedule.Weekday{schedule.Monday, schedule.Wednesday, schedule.Friday, schedule.Saturday, schedule.Sunday}
		s.Days = rapid.SliceOfN(rapid.SampledFrom(days), 1, 3).Draw(t, "days")
		fallthrough
	case schedule.Daily:
		s.At = rapid.SliceOfN(clock, 1, 4).Draw(t, "at")
	case schedule.Cron:
		s.Cron = drawCron(t)
	}
	return s
}

// TestNextDependsOnNothingElse: times increase, and whoever asks from anywhere between two gets the later.
func TestNextDependsOnNothingElse(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawSchedule(t)
		at := time.Unix(rapid.Int64Range(-2_000_000_000, 8_000_000_000).Draw(t, "from"), rapid.Int64Range(0, 999_999_999).Draw(t, "nanos"))
		if s.Check() != nil {
			return // an expression that never comes
		}
		for range 5 {
			next, ok := s.Next(at)
			if !ok || !next.After(at) || next.Location() != time.UTC {
				t.Fatalf("%s: after %s comes %s, %v", s, at, next, ok)
			}
			between := at.Add(time.Duration(rapid.Int64Range(0, int64(next.Sub(at))-1).Draw(t, "between")))
			for _, from := range []time.Time{next.Add(-1), between, between.In(location(t, "Asia/Tokyo"))} {
				if again, ok := s.Next(from); !ok || !again.Equal(next) {
					t.Fatalf("%s: after %s comes %s, and after %s comes %s", s, at, next, from, again)
				}
			}
			at = next
		}
	})
}

// TestEveryZone of the database is read as it is packed, and can be gone by, for ever.
func TestEveryZone(t *testing.T) {
	all, err := zip.OpenReader("zoneinfo.zip")
	if err != nil {
		t.Fatal(err)
	}
	defer all.Close()
	zones := 0
	for _, f := range all.File {
		if f.FileInfo().IsDir() {
			continue
		}
		zones++
		data, err := fs.ReadFile(all, f.Name)
		if err != nil {
			t.Fatal(err)
		}
		want, err := time.LoadLocationFromTZData(f.Name, data)
		if got := location(t, f.Name); err != nil || f.Name != "UTC" && !reflect.DeepEqual(got, want) {
			t.Errorf("%s is not read as it is packed: %v", f.Name, err)
		}
		for _, s := range []schedule.Schedule{daily(f.Name, "02:30"), hourly(f.Name, 30)} {
			at := time.Date(1850, 1, 1, 0, 0, 0, 0, time.UTC)
			for range 50 {
				next, ok := s.Next(at)
				if !ok || !next.After(at) || next.Sub(at) > 50*time.Hour {
					t.Fatalf("%s: after %s comes %s, %v", s, at, next, ok)
				}
				at = next.AddDate(5, 7, 11)
			}
		}
	}
	if zones < 500 {
		t.Errorf("there are %d zones", zones)
	}
}

// FuzzSchedule: whatever a schedule says, it is refused, or it has times that increase.
func FuzzSchedule(f *testing.F) {
	f.Add("cron", 0, "", "", "0 0 29 2 *", "Europe/Berlin", int64(1_800_000_000), int64(0))
	f.Add("cron", 0, "", "", "*/7,3-9 * 1-31/2 jan-mar sat-sun", "Pacific/Apia", int64(1_325_000_000), int64(1))
	f.Add("cron", 0, "", "", "* * 29 2 *", "Africa/Casablanca", int64(4_000_000_000), int64(1))
	f.Add("daily", 0, "02:30", "", "", "America/Santiago", int64(1_900_000_000), int64(999_999_999))
	f.Add("weekly", 0, "00:00", "sunday", "", "Australia/Lord_Howe", int64(-1_900_000_000), int64(5))
	f.Add("every", 7, "", "", "", "", int64(253_402_300_799), int64(0))
	f.Add("hourly", 59, "", "", "", "Asia/Kathmandu", int64(-62_135_596_800), int64(0))
	f.Add("hourly", -1, "", "", "", "Asia/Kathmandu", int64(-1<<63), int64(1<<62))
	f.Fuzz(func(t *testing.T, kind string, number int, clock, day, expression, zone string, seconds, nanos int64) {
		s := schedule.Schedule{Kind: schedule.Kind(kind), Cron: expression, Zone: zone}
		switch s.Kind {
		case schedule.Every:
			s.EveryMinutes = number
		case schedule.Hourly:
			s.AtMinute = number
		case schedule.Weekly:
			s.Days = []schedule.Weekday{schedule.Weekday(day)}
		}
		if clock != "" {
			s.At = []string{clock}
		}
		at := time.Unix(seconds, nanos)
		err := s.Check()
		next, ok := s.Next(at)
		if err != nil && (ok || !fault.Is(err, fault.Invalid) || s.String() == "") {
			t.Fatalf("%+v: %v, %s, %v", s, err, next, ok)
		}
		year := at.UTC().Year()
		if shouldCome := err == nil && s.Kind != schedule.Manual; ok != shouldCome && 1 <= year && year <= 9980 {
			t.Fatalf("%+v: after %s comes %s, %v", s, at, next, ok)
		}
		if !ok {
			return
		}
		again, _ := s.Next(next.Add(-1))
		if !next.After(at) || s.Kind != schedule.Continuous && !again.Equal(next) {
			t.Fatalf("%+v: after %s comes %s, and just before it %s", s, at, next, again)
		}
	})
}
