package schedule_test

import (
	"archive/zip"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"leadline/shared/fault"
	"leadline/shared/schedule"
)

// at reads a time: "2026-03-29 01:00" in UTC, seconds and a fraction if given.
func at(t *testing.T, text string) time.Time {
	t.Helper()
	for _, layout := range []string{"2006-01-02 15:04", "2006-01-02 15:04:05.999999999"} {
		if parsed, err := time.Parse(layout, text); err == nil {
			return parsed
		}
	}
	t.Fatalf("%q is no time", text)
	return time.Time{}
}

// first lists the first few times of a schedule, in UTC.
func first(t *testing.T, s schedule.Schedule, after string, count int) []string {
	t.Helper()
	if err := s.Check(); err != nil {
		t.Fatalf("%+v: %v", s, err)
	}
	var times []string
	for due := range s.Times(at(t, after)) {
		if times = append(times, due.Format("2006-01-02 15:04")); len(times) == count {
			break
		}
	}
	return times
}

func daily(zone string, times ...string) schedule.Schedule {
	return schedule.Schedule{Kind: schedule.Daily, At: times, Zone: zone}
}

func weekly(zone string, at string, days ...schedule.Weekday) schedule.Schedule {
	return schedule.Schedule{Kind: schedule.Weekly, At: []string{at}, Days: days, Zone: zone}
}

func hourly(zone string, minute int) schedule.Schedule {
	return schedule.Schedule{Kind: schedule.Hourly, AtMinute: minute, Zone: zone}
}

func cron(zone, expression string) schedule.Schedule {
	return schedule.Schedule{Kind: schedule.Cron, Cron: expression, Zone: zone}
}

func every(minutes int) schedule.Schedule {
	return schedule.Schedule{Kind: schedule.Every, EveryMinutes: minutes}
}

func TestTheKinds(t *testing.T) {
	for name, tc := range map[string]struct {
		s     schedule.Schedule
		after string
		want  []string
		ends  bool // nothing more comes
	}{
		"continuous":                 {schedule.Schedule{Kind: schedule.Continuous}, "2026-11-22 09:00", []string{"2026-11-22 09:01", "2026-11-22 09:02"}, false},
		"every 15 minutes":           {every(15), "2026-11-22 09:07:10", []string{"2026-11-22 09:15", "2026-11-22 09:30"}, false},
		"every minute":               {every(1), "2026-11-22 09:00", []string{"2026-11-22 09:01"}, false},
		"every day of minutes":       {every(1440), "2026-11-22 09:00", []string{"2026-11-23 00:00", "2026-11-24 00:00"}, false},
		"hourly":                     {hourly("", 10), "2026-11-22 09:10", []string{"2026-11-22 10:10", "2026-11-22 11:10"}, false},
		"hourly, a quarter off":      {hourly("Asia/Kathmandu", 10), "2026-11-22 09:00", []string{"2026-11-22 09:25", "2026-11-22 10:25"}, false},
		"daily":                      {daily("", "02:30"), "2026-11-22 02:29:59.999999999", []string{"2026-11-22 02:30", "2026-11-23 02:30"}, false},
		"daily, strictly after":      {daily("", "02:30"), "2026-11-22 02:30", []string{"2026-11-23 02:30"}, false},
		"daily, unsorted, twice":     {daily("Europe/Berlin", "14:00", "02:30", "14:00"), "2026-11-22 09:00", []string{"2026-11-22 13:00", "2026-11-23 01:30", "2026-11-23 13:00"}, false},
		"daily, half an hour off":    {daily("Asia/Kolkata", "00:00"), "2026-11-22 09:00", []string{"2026-11-22 18:30"}, false},
		"daily, far east":            {daily("Pacific/Kiritimati", "00:00"), "2026-11-22 09:00", []string{"2026-11-22 10:00"}, false},
		"daily, far west":            {daily("Pacific/Niue", "23:59"), "2026-11-22 09:00", []string{"2026-11-22 10:59"}, false},
		"weekly":                     {weekly("Europe/Berlin", "08:00", schedule.Thursday, schedule.Monday), "2026-11-22 09:00", []string{"2026-11-23 07:00", "2026-11-26 07:00", "2026-11-30 07:00"}, false},
		"weekly on Sunday":           {weekly("", "08:00", schedule.Sunday), "2026-11-22 09:00", []string{"2026-11-29 08:00"}, false},
		"cron, working days":         {cron("Europe/Berlin", "30 2 * * MON-fri"), "2026-11-20 09:00", []string{"2026-11-23 01:30", "2026-11-24 01:30"}, false},
		"cron, a weekend":            {cron("", "0 9 * * sat-sun"), "2026-11-20 09:00", []string{"2026-11-21 09:00", "2026-11-22 09:00", "2026-11-28 09:00"}, false},
		"cron, Sunday is 7":          {cron("", "0 9 * * 7"), "2026-11-20 09:00", []string{"2026-11-22 09:00"}, false},
		"cron, from Sunday in steps": {cron("", "0 9 * * 7/2"), "2026-11-20 09:00", []string{"2026-11-22 09:00", "2026-11-29 09:00"}, false},
		"cron, Friday to Sunday":     {cron("", "0 9 * * 5-7"), "2026-11-18 09:00", []string{"2026-11-20 09:00", "2026-11-21 09:00", "2026-11-22 09:00", "2026-11-27 09:00"}, false},
		"cron, either day":           {cron("", "0 9 13 * fri"), "2026-11-01 09:00", []string{"2026-11-06 09:00", "2026-11-13 09:00", "2026-11-20 09:00"}, false},
		"cron, a step restricts":     {cron("", "0 9 */10 * fri"), "2026-11-01 09:00", []string{"2026-11-06 09:00", "2026-11-11 09:00", "2026-11-13 09:00"}, false},
		"cron, question marks":       {cron("", "0 9 ? * fri"), "2026-11-01 09:00", []string{"2026-11-06 09:00", "2026-11-13 09:00"}, false},
		"cron, steps":                {cron("", "50/5 8-18/5 * * *"), "2026-11-22 08:50", []string{"2026-11-22 08:55", "2026-11-22 13:50", "2026-11-22 13:55", "2026-11-22 18:50"}, false},
		"cron, 29 February":          {cron("", "0 0 29 2 *"), "2026-11-22 09:00", []string{"2028-02-29 00:00", "2032-02-29 00:00"}, false},
		"cron, over 2100":            {cron("", "0 * 29 feb *"), "2096-02-29 22:30", []string{"2096-02-29 23:00", "2104-02-29 00:00"}, false},
		"cron, 31st of some":         {cron("", "0 0 31 feb,apr,dec *"), "2026-11-22 09:00", []string{"2026-12-31 00:00", "2027-12-31 00:00"}, false},
		"cron, never but on a day":   {cron("", "0 0 30 2 mon"), "2026-11-22 09:00", []string{"2027-02-01 00:00", "2027-02-08 00:00"}, false},
		"the end of the calendar":    {daily("", "02:30"), "9999-12-30 09:00", []string{"9999-12-31 02:30"}, true},
		"its end, every hour":        {hourly("Europe/Berlin", 0), "9999-12-31 22:30", []string{"9999-12-31 23:00"}, true},
		"its beginning":              {daily("America/New_York", "02:30"), "0001-01-01 00:00", []string{"0001-01-01 07:26", "0001-01-02 07:26"}, false},
		"manual":                     {schedule.Schedule{Kind: schedule.Manual}, "2026-11-22 09:00", nil, true},
	} {
		t.Run(name, func(t *testing.T) {
			got := first(t, tc.s, tc.after, len(tc.want)+1)
			if len(got) > len(tc.want) && !tc.ends {
				got = got[:len(tc.want)]
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", tc.s, diff)
			}
		})
	}
}

// TestOutOfTheCalendar nothing comes, rather than something that cannot be written down.
func TestOutOfTheCalendar(t *testing.T) {
	for _, s := range []schedule.Schedule{{Kind: schedule.Continuous}, every(5), hourly("Europe/Berlin", 0), daily("Europe/Berlin", "02:30")} {
		for _, after := range []time.Time{
			time.Date(0, 12, 31, 23, 0, 0, 0, time.UTC), time.Date(9999, 12, 31, 23, 59, 30, 0, time.UTC), time.Date(10000, 6, 1, 0, 0, 0, 0, time.UTC),
			time.Unix(1<<63-1, 1<<62), time.Unix(-1<<63, -1<<62),
		} {
			if next, ok := s.Next(after); ok {
				t.Errorf("%s: after %s comes %s", s, after, next)
			}
		}
	}
}

// TestOnlyTheWallClock is in what comes, for the monotonic one makes equal times differ.
func TestOnlyTheWallClock(t *testing.T) {
	if next, ok := (schedule.Schedule{Kind: schedule.Continuous}).Next(time.Now()); !ok || next != next.Round(0) {
		t.Errorf("got %s, %v", next, ok)
	}
}

func TestWhereTheClockJumps(t *testing.T) {
	for name, tc := range map[string]struct {
		s     schedule.Schedule
		after string
		want  []string
	}{
		// Berlin: on 29 March 2026 02:00 became 03:00 at 01:00 UTC, on 25 October 03:00 became 02:00 at 01:00 UTC.
		"a missing time":                 {daily("Europe/Berlin", "02:30"), "2026-03-28 00:00", []string{"2026-03-28 01:30", "2026-03-29 01:00", "2026-03-30 00:30"}},
		"cron, a missing time":           {cron("Europe/Berlin", "30 2 * * *"), "2026-03-28 00:00", []string{"2026-03-28 01:30", "2026-03-29 01:00", "2026-03-30 00:30"}},
		"weekly, a missing time":         {weekly("Europe/Berlin", "02:30", schedule.Sunday), "2026-03-28 00:00", []string{"2026-03-29 01:00", "2026-04-05 00:30"}},
		"several missing times":          {daily("Europe/Berlin", "02:00", "02:30", "02:59", "03:00", "03:01"), "2026-03-29 00:00", []string{"2026-03-29 01:00", "2026-03-29 01:01", "2026-03-30 00:00"}},
		"just before":                    {daily("Europe/Berlin", "01:59"), "2026-03-29 00:00", []string{"2026-03-29 00:59", "2026-03-29 23:59"}},
		"a time twice":                   {daily("Europe/Berlin", "02:30"), "2026-10-24 09:00", []string{"2026-10-25 00:30", "2026-10-26 01:30"}},
		"a time twice, between":          {daily("Europe/Berlin", "02:30"), "2026-10-25 00:45", []string{"2026-10-26 01:30"}},
		"a time twice, the second":       {daily("Europe/Berlin", "02:30"), "2026-10-25 01:10", []string{"2026-10-26 01:30"}},
		"cron, a time twice":             {cron("Europe/Berlin", "*/30 2 * * *"), "2026-10-25 00:00", []string{"2026-10-25 00:30", "2026-10-26 01:00", "2026-10-26 01:30"}},
		"the end of the hour twice":      {daily("Europe/Berlin", "03:00"), "2026-10-25 00:00", []string{"2026-10-25 02:00", "2026-10-26 02:00"}},
		"hourly, a missing hour":         {hourly("Europe/Berlin", 30), "2026-03-29 00:00", []string{"2026-03-29 00:30", "2026-03-29 01:30"}},
		"hourly, an hour twice":          {hourly("Europe/Berlin", 30), "2026-10-25 00:00", []string{"2026-10-25 00:30", "2026-10-25 01:30", "2026-10-25 02:30"}},
		"cron in every hour, missing":    {cron("Europe/Berlin", "*/30 * * * *"), "2026-03-29 00:30", []string{"2026-03-29 01:00", "2026-03-29 01:30"}},
		"cron in every hour, twice":      {cron("Europe/Berlin", "*/30 0-23 * * *"), "2026-10-25 00:00", []string{"2026-10-25 00:30", "2026-10-25 01:00", "2026-10-25 01:30", "2026-10-25 02:00"}},
		"every hour on one day":          {cron("Europe/Berlin", "0 * 25 10 *"), "2026-10-24 20:00", []string{"2026-10-24 22:00", "2026-10-24 23:00", "2026-10-25 00:00", "2026-10-25 01:00"}},
		"midnight missing, Santiago":     {daily("America/Santiago", "00:00"), "2026-09-05 09:00", []string{"2026-09-06 04:00", "2026-09-07 03:00"}},
		"half past missing, Santiago":    {daily("America/Santiago", "00:30"), "2026-09-05 09:00", []string{"2026-09-06 04:00", "2026-09-07 03:30"}},
		"midnight missing, Beirut":       {daily("Asia/Beirut", "00:00"), "2026-03-28 09:00", []string{"2026-03-28 22:00", "2026-03-29 21:00"}},
		"before midnight twice, Beirut":  {daily("Asia/Beirut", "23:30"), "2026-10-24 09:00", []string{"2026-10-24 20:30", "2026-10-25 21:30"}},
		"jump over midnight, Nuuk":       {daily("America/Nuuk", "23:30"), "2026-03-27 09:00", []string{"2026-03-28 01:30", "2026-03-29 01:00", "2026-03-30 00:30"}},
		"back over midnight, Nuuk":       {daily("America/Nuuk", "00:00"), "2026-10-24 09:00", []string{"2026-10-25 02:00", "2026-10-26 02:00"}},
		"half an hour, Lord Howe":        {daily("Australia/Lord_Howe", "02:15"), "2026-10-03 00:00", []string{"2026-10-03 15:30", "2026-10-04 15:15"}},
		"half an hour twice, Lord Howe":  {daily("Australia/Lord_Howe", "01:45"), "2026-04-04 00:00", []string{"2026-04-04 14:45", "2026-04-05 15:15"}},
		"a day left out, Samoa":          {daily("Pacific/Apia", "02:30"), "2011-12-29 00:00", []string{"2011-12-29 12:30", "2011-12-30 12:30", "2011-12-31 12:30"}},
		"midnight before it":             {daily("Pacific/Apia", "00:00"), "2011-12-29 00:00", []string{"2011-12-29 10:00", "2011-12-30 10:00", "2011-12-31 10:00"}},
		"a Friday left out":              {weekly("Pacific/Apia", "02:30", schedule.Friday), "2011-12-24 00:00", []string{"2012-01-05 12:30"}},
		"the 30th left out":              {cron("Pacific/Apia", "30 2 30 12 *"), "2011-12-24 00:00", []string{"2012-12-29 12:30"}},
		"each hour of it left out":       {cron("Pacific/Apia", "0 * 30 12 *"), "2011-12-24 00:00", []string{"2012-12-29 10:00"}},
		"negative summer time, Morocco":  {daily("Africa/Casablanca", "02:30"), "2026-02-14 09:00", []string{"2026-02-15 01:30", "2026-02-16 02:30"}},
		"the last day of a leap year":    {daily("Europe/Berlin", "02:30"), "2028-12-30 09:00", []string{"2028-12-31 01:30", "2029-01-01 01:30"}},
		"and in the south":               {hourly("Australia/Sydney", 0), "2028-12-30 23:30", []string{"2028-12-31 00:00", "2028-12-31 01:00"}},
		"all of it, every hour":          {cron("Europe/Berlin", "59 * 31 12 *"), "2028-12-31 22:00", []string{"2028-12-31 22:59", "2029-12-30 23:59"}},
		"far ahead, by the last rule":    {daily("Europe/Berlin", "02:30"), "2199-03-30 09:00", []string{"2199-03-31 01:00", "2199-04-01 00:30"}},
		"every so many minutes, no zone": {schedule.Schedule{Kind: schedule.Every, EveryMinutes: 30, Zone: "Europe/Berlin"}, "2026-10-25 00:00", []string{"2026-10-25 00:30", "2026-10-25 01:00"}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, first(t, tc.s, tc.after, len(tc.want))); diff != "" {
				t.Errorf("%s (-want +got):\n%s", tc.s, diff)
			}
		})
	}
}

func TestCheckRefuses(t *testing.T) {
	for name, tc := range map[string]struct {
		s    schedule.Schedule
		want string // part of the message
	}{
		"no kind":             {schedule.Schedule{}, `not ""`},
		"an unknown kind":     {schedule.Schedule{Kind: "monthly"}, `not "monthly"`},
		"no minutes":          {schedule.Schedule{Kind: schedule.Every}, `"every_minutes" is a number from 1 to 1440, not 0`},
		"too many minutes":    {every(1441), "choose the kind daily"},
		"negative minutes":    {every(-5), "not -5"},
		"minute 60":           {hourly("", 60), "from 0 to 59, not 60"},
		"minute -1":           {hourly("", -1), "from 0 to 59, not -1"},
		"no time":             {daily(""), `needs "at"`},
		"a wrong time":        {daily("", "02:30", "24:00"), `"24:00" is no time of day`},
		"a short time":        {daily("", "2:30"), `"2:30" is no time of day`},
		"seconds":             {daily("", "02:30:00"), `"02:30:00" is no time of day`},
		"too many times":      {daily("", slices.Repeat([]string{"02:30"}, 25)...), "at most 24"},
		"no days":             {weekly("", "02:30"), `needs "days"`},
		"a wrong day":         {weekly("", "02:30", "Mon"), `"Mon" is no day of the week`},
		"weekly at no time":   {schedule.Schedule{Kind: schedule.Weekly, Days: []schedule.Weekday{schedule.Monday}}, `needs "at"`},
		"weekly, wrong time":  {weekly("", "2", schedule.Monday), `"2" is no time of day`},
		"a field too many":    {schedule.Schedule{Kind: schedule.Manual, Cron: "0 9 * * *"}, `manual has no "cron": leave it out, or choose the kind cron`},
		"days of a daily":     {schedule.Schedule{Kind: schedule.Daily, At: []string{"02:30"}, Days: []schedule.Weekday{schedule.Monday}}, `has no "days": leave it out, or choose the kind weekly`},
		"minutes of an hour":  {schedule.Schedule{Kind: schedule.Hourly, EveryMinutes: 5}, `hourly has no "every_minutes"`},
		"an hour's minute":    {schedule.Schedule{Kind: schedule.Every, EveryMinutes: 5, AtMinute: 5}, `every has no "at_minute"`},
		"times of continuous": {schedule.Schedule{Kind: schedule.Continuous, At: []string{"02:30"}}, `continuous has no "at"`},
		"an unknown zone":     {daily("Europe/Bonn", "02:30"), `no time zone "Europe/Bonn"`},
		"another case":        {daily("europe/berlin", "02:30"), `no time zone "europe/berlin"`},
		"the machine's zone":  {daily("Local", "02:30"), `no time zone "Local"`},
		"a folder of zones":   {daily("America/", "02:30"), `no time zone "America/"`},
		"a way out":           {daily("../Europe/Berlin", "02:30"), `no time zone`},
		"a zone of a manual":  {schedule.Schedule{Kind: schedule.Manual, Zone: "Nowhere"}, `no time zone "Nowhere"`},
		"a very long zone":    {daily(strings.Repeat("é", 1000), "02:30"), strings.Repeat("é", 32) + `..."`},
		"no cron":             {cron("", ""), `needs "cron"`},
		"blank cron":          {cron("", " "), `needs "cron"`},
		"a long cron":         {cron("", strings.Repeat("0,", 100)+"0 * * * *"), "at most 200"},
		"a cron of four":      {cron("", "0 9 * *"), "has 4 fields; it must have 5"},
		"a cron of six":       {cron("", "0 0 9 * * *"), "has 6 fields; it must have 5"},
		"a cron of AWS":       {cron("", "0 9 ? * MON-FRI *"), "neither seconds nor years"},
		"a cron of words":     {cron("", "@daily"), "choose the kind hourly, daily or weekly"},
		"a cron with a zone":  {cron("", "TZ="), "has 1 fields"},
		"wrong minutes":       {cron("", "60 9 * * *"), `minutes: "60" is no number from 0 to 59`},
		"wrong hours":         {cron("", "0 24 * * *"), `hours: "24" is no number from 0 to 23`},
		"wrong days":          {cron("", "0 9 0 * *"), `days of the month: "0" is no number from 1 to 31`},
		"wrong months":        {cron("", "0 9 * 13 *"), `months: "13" is no number from 1 to 12 or a name such as "jan"`},
		"wrong days of week":  {cron("", "0 9 * * 8"), `days of the week: "8" is no number from 0 to 7 or a name such as "sun"`},
		"a long name":         {cron("", "0 9 * * monday"), `days of the week: "monday"`},
		"several are wrong":   {cron("", "60 24 * * *"), `minutes: "60" is no number from 0 to 59; hours: "24"`},
		"question in hours":   {cron("", "0 ? * * *"), `hours: "?"`},
		"a range backwards":   {cron("", "0 18-8 * * *"), `hours: the range "18-8" ends before it begins`},
		"days backwards":      {cron("", "0 9 * * fri-mon"), `the range "fri-mon" ends before it begins`},
		"an open range":       {cron("", "0 8- * * *"), `hours: "" is no number`},
		"an empty list":       {cron("", "0 8, * * *"), `hours: "" is no number`},
		"a sign":              {cron("", "+5 8 * * *"), `minutes: "+5"`},
		"a minus":             {cron("", "-5 8 * * *"), `minutes: ""`},
		"a step of nothing":   {cron("", "*/0 8 * * *"), `minutes: the step "0" is no number from 1 to 59`},
		"a step too far":      {cron("", "*/90 8 * * *"), `minutes: the step "90"`},
		"an endless step":     {cron("", "*/9223372036854775807 8 * * *"), `minutes: the step`},
		"a step of a step":    {cron("", "*/5/5 8 * * *"), `minutes: the step "5/5"`},
		"the last day":        {cron("", "0 9 L * *"), `days of the month: "L"`},
		"30 February":         {cron("", "0 9 30 2 *"), "never comes"},
		"31 of short months":  {cron("", "0 9 31 2,4,6,9,11 ?"), "never comes"},
	} {
		t.Run(name, func(t *testing.T) {
			err := tc.s.Check()
			if !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want a message with %s", err, tc.want)
			}
			if err != nil && len(err.Error()) > 500 {
				t.Errorf("the message has %d bytes", len(err.Error()))
			}
			if due, ok := tc.s.Next(at(t, "2026-11-22 09:00")); ok {
				t.Errorf("and yet it is due at %s", due)
			}
		})
	}
}

func TestInWords(t *testing.T) {
	for want, s := range map[string]schedule.Schedule{
		"continuously":     {Kind: schedule.Continuous},
		"every minute":     every(1),
		"every 15 minutes": every(15),
		"every hour at minute 5 (Asia/Kathmandu)":                    hourly("Asia/Kathmandu", 5),
		"every day at 02:30 (Europe/Berlin)":                         daily("Europe/Berlin", "02:30"),
		"every day at 02:30, 08:00 and 14:00 (UTC)":                  daily("", "14:00", "02:30", "08:00", "02:30"),
		"every Monday and Sunday at 02:30 (UTC)":                     weekly("", "02:30", schedule.Sunday, schedule.Monday),
		`at "30 2 * * 1-5" as of cron (Europe/Berlin)`:               cron("Europe/Berlin", "30 2 * * 1-5"),
		"only when asked":                                            {Kind: schedule.Manual},
		`unknown ("monthly")`:                                        {Kind: "monthly"},
		"every Tuesday, Wednesday and Thursday at 02:30 (UTC)":       weekly("", "02:30", schedule.Tuesday, schedule.Wednesday, schedule.Thursday),
		"every Monday, Friday and Saturday at 02:30 (Europe/London)": weekly("Europe/London", "02:30", schedule.Saturday, schedule.Friday, schedule.Monday),
	} {
		if got := s.String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestJSON(t *testing.T) {
	for want, s := range map[string]schedule.Schedule{
		`{"kind":"manual"}`:                  {Kind: schedule.Manual},
		`{"kind":"hourly"}`:                  hourly("", 0),
		`{"kind":"every","every_minutes":5}`: every(5),
		`{"kind":"weekly","at":["02:30"],"days":["monday"],"zone":"UTC"}`: weekly("UTC", "02:30", schedule.Monday),
		`{"kind":"cron","cron":"0 9 * * *"}`:                              cron("", "0 9 * * *"),
	} {
		got, err := json.Marshal(s)
		if err != nil || string(got) != want {
			t.Errorf("got %s, %v, want %s", got, err, want)
		}
		var back schedule.Schedule
		if err := json.Unmarshal(got, &back); err != nil || !cmp.Equal(back, s) {
			t.Errorf("%s came back as %+v, %v", got, back, err)
		}
	}
}

// TestZoneDataIsDated: who copies other data here says which.
func TestZoneDataIsDated(t *testing.T) {
	releases := map[string]string{"2025c": "8f55634d05f8bca1f7bc7c69c5933428c69357e0bdf565e5ba224e3f88ff12e8"}
	data, err := os.ReadFile("zoneinfo.zip")
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprintf("%x", sha256.Sum256(data)); got != releases[schedule.ZoneData] {
		t.Errorf("zoneinfo.zip has the hash %s, not that of release %q", got, schedule.ZoneData)
	}
}

// TestTheMachineHasNoSay: a machine whose own data has Tokyo's time in Berlin changes nothing.
func TestTheMachineHasNoSay(t *testing.T) {
	all, err := zip.OpenReader("zoneinfo.zip")
	if err != nil {
		t.Fatal(err)
	}
	defer all.Close()
	tokyo, err := fs.ReadFile(all, "Asia/Tokyo")
	if err != nil {
		t.Fatal(err)
	}
	berlin := filepath.Join(t.TempDir(), "Europe", "Berlin")
	if err := errors.Join(os.MkdirAll(filepath.Dir(berlin), 0o755), os.WriteFile(berlin, tokyo, 0o600)); err != nil {
		t.Fatal(err)
	}
	t.Setenv("ZONEINFO", filepath.Dir(filepath.Dir(berlin)))
	zone, err := schedule.Location("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	if _, offset := at(t, "2026-11-22 09:00").In(zone).Zone(); offset != 3600 || zone.String() != "Europe/Berlin" {
		t.Errorf("%s is %d s from UTC", zone, offset)
	}
}

func TestLocationOfUTC(t *testing.T) {
	for _, name := range []string{"", "UTC"} {
		if zone, err := schedule.Location(name); err != nil || zone != time.UTC {
			t.Errorf("%q: %v, %v", name, zone, err)
		}
	}
}

func TestJitter(t *testing.T) {
	buckets := map[int]int{}
	for i := range 1000 {
		id := fmt.Sprintf("org_%d", i)
		wait := schedule.Jitter(id, 10*time.Minute)
		if wait < 0 || wait >= 10*time.Minute || wait != schedule.Jitter(id, 10*time.Minute) {
			t.Fatalf("%s waits %s", id, wait)
		}
		buckets[int(wait/time.Minute)]++
	}
	for minute := range 10 {
		if buckets[minute] < 60 || buckets[minute] > 140 {
			t.Errorf("%d of 1000 wait %d minutes", buckets[minute], minute)
		}
	}
	if got := schedule.Jitter("org_1", 0) + schedule.Jitter("org_1", -time.Hour); got != 0 {
		t.Errorf("within nothing waits %s", got)
	}
}

// TestJitterLeavesOutNone, also where it is longer than what lies between two times.
func TestJitterLeavesOutNone(t *testing.T) {
	s, wait := every(5), schedule.Jitter("org_1", time.Hour)
	if wait < 6*time.Minute {
		t.Fatalf("%s shows nothing: take another id", wait)
	}
	now := at(t, "2026-11-22 09:00").Add(wait)
	for i := range 20 {
		next, ok := s.Next(now.Add(-wait))
		if next = next.Add(wait); !ok || next.Sub(now) != 5*time.Minute {
			t.Fatalf("the time %d is %s, %v after %s", i, next, ok, now)
		}
		now = next
	}
}
