package calendar_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"leadline/shared/calendar"
	"leadline/shared/fault"
)

type (
	date = calendar.Date
	span = calendar.Span
)

func india() calendar.Calendar { return calendar.Calendar{YearStarts: 4} }

// retail is the calendar of the National Retail Federation: weeks from Sunday, a year that ends on the Saturday nearest to the
// end of January.
func retail() calendar.Calendar {
	return calendar.Calendar{YearStarts: 2, WeekStarts: 7, Pattern: calendar.FourFiveFour, YearEnds: calendar.Nearest}
}

func TestDayOfAnInstant(t *testing.T) {
	kiritimati, pago := time.FixedZone("", 14*3600), time.FixedZone("", -11*3600)
	late := time.Date(2026, 12, 31, 11, 30, 0, 0, time.UTC)
	if a, b := calendar.DateOf(late, kiritimati), calendar.DateOf(late, pago); a != "2027-01-01" || b != "2026-12-31" {
		t.Errorf("the same instant is %s and %s", a, b)
	}
	if got := calendar.DateOf(time.Time{}, pago); got != "" {
		t.Errorf("no time is %q", got)
	}
}

// TestParseDate holds the reading of days to what the standard library reads.
func TestParseDate(t *testing.T) {
	for _, text := range []string{"2026-11-22", "2024-02-29", "2000-02-29", "2023-02-29", "1900-02-29", "2026-02-30", "2026-04-31", "2026-13-01",
		"2026-00-10", "2026-01-00", "2026-01-32", "2026-1-1", "2026/01/01", "26-01-01", "2026-01-01T00:00:00Z", " 2026-01-01", "２026-01-01",
		"0000-01-01", "9999-12-31", "10000-01-01", "-026-01-01", "2026-+1-01", "today"} {
		_, want := time.Parse(time.DateOnly, text)
		got, err := calendar.ParseDate(text)
		if (err == nil) != (want == nil) || err == nil && string(got) != text {
			t.Errorf("%q gives %q, %v; want %v", text, got, err, want)
		}
		if err != nil && (!fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "2026-11-22")) {
			t.Errorf("%q: the error does not say what to write: %v", text, err)
		}
	}
	if got, err := calendar.ParseDate(""); got != "" || err != nil {
		t.Errorf("nothing gives %q, %v", got, err)
	}
}

func TestAddDaysAndSub(t *testing.T) {
	for _, c := range []struct {
		from date
		days int
		want date
	}{
		{"2026-11-22", 0, "2026-11-22"}, {"2026-11-22", 9, "2026-12-01"}, {"2026-01-01", -1, "2025-12-31"}, {"2024-02-28", 1, "2024-02-29"},
		{"2100-02-28", 1, "2100-03-01"}, {"2000-03-01", -1, "2000-02-29"}, {"1970-01-01", 20000, "2024-10-04"}, {"1970-01-01", -1, "1969-12-31"},
		{"9999-12-31", 1, ""}, {"0000-01-01", -1, ""}, {"", 5, ""}, {"soon", 5, "soon"},
	} {
		if got := c.from.AddDays(c.days); got != c.want {
			t.Errorf("%s and %d days is %q, want %q", c.from, c.days, got, c.want)
		}
		if _, err := time.Parse(time.DateOnly, string(c.want)); err == nil && c.want.Sub(c.from) != c.days && c.from != "soon" {
			t.Errorf("from %s to %s are %d days", c.from, c.want, c.want.Sub(c.from))
		}
	}
	if date("").Sub("2026-01-01") != 0 || date("2026-01-01").Sub("x") != 0 {
		t.Error("what is no day has a distance")
	}
}

func TestSpans(t *testing.T) {
	for _, c := range []struct {
		span  span
		days  int
		empty bool
	}{
		{span{"2026-01-01", "2027-01-01"}, 365, false}, {span{"2024-02-01", "2024-03-01"}, 29, false}, {span{"2026-01-01", "2026-01-01"}, 0, true},
		{span{"2026-01-02", "2026-01-01"}, 0, true}, {span{"", "2026-01-01"}, -1, false}, {span{"2026-01-01", ""}, -1, false}, {span{}, -1, false},
		{date("2026-12-31").Day(), 1, false},
	} {
		if c.span.Days() != c.days || c.span.Empty() != c.empty || (c.span.Check() != nil) != c.empty {
			t.Errorf("%v has %d days, empty %v, %v", c.span, c.span.Days(), c.span.Empty(), c.span.Check())
		}
	}
	march := span{"2026-03-01", "2026-04-01"}
	for _, c := range []struct {
		of, without span
		left        []span
	}{
		{march, span{"2026-03-10", "2026-03-20"}, []span{{"2026-03-01", "2026-03-10"}, {"2026-03-20", "2026-04-01"}}},
		{march, span{"", "2026-03-20"}, []span{{"2026-03-20", "2026-04-01"}}}, {march, span{"2026-03-10", ""}, []span{{"2026-03-01", "2026-03-10"}}},
		{march, span{}, nil}, {span{}, march, []span{{"", "2026-03-01"}, {"2026-04-01", ""}}},
	} {
		got := c.of.Without(c.without)
		if len(got) != len(c.left) || len(got) > 0 && got[0] != c.left[0] || len(got) > 1 && got[1] != c.left[1] {
			t.Errorf("%v without %v leaves %v", c.of, c.without, got)
		}
		if !c.of.Overlaps(c.without) || !c.of.Contains(c.of.And(c.without)) {
			t.Errorf("%v and %v have %v", c.of, c.without, c.of.And(c.without))
		}
	}
	if march.Overlaps(span{"2026-04-01", ""}) || !march.Holds("2026-03-31") || march.Holds("2026-04-01") || march.Contains(span{"2026-03-02", ""}) {
		t.Error("the end of a span is in it")
	}
	if got := date("?").Day(); got != (span{From: "?"}) {
		t.Errorf("the day of no day is %v", got)
	}
}

func TestPeriodsAndTheirNames(t *testing.T) {
	tokyo := calendar.Calendar{WeekStarts: 7}
	for _, c := range []struct {
		calendar calendar.Calendar
		kind     calendar.Kind
		day      date
		name     string
		from     date
		until    date
	}{
		{calendar.Calendar{}, calendar.Daily, "2026-11-22", "2026-11-22", "2026-11-22", "2026-11-23"},
		{calendar.Calendar{}, calendar.Weekly, "2026-11-22", "2026-W47", "2026-11-16", "2026-11-23"},
		{calendar.Calendar{}, calendar.Weekly, "2027-01-01", "2026-W53", "2026-12-28", "2027-01-04"},
		{calendar.Calendar{}, calendar.Weekly, "2024-12-30", "2025-W01", "2024-12-30", "2025-01-06"},
		{tokyo, calendar.Weekly, "2026-11-22", "2026-W47", "2026-11-22", "2026-11-29"},
		{calendar.Calendar{}, calendar.Monthly, "2024-02-29", "2024-02", "2024-02-01", "2024-03-01"},
		{calendar.Calendar{}, calendar.Quarterly, "2026-11-22", "2026-Q4", "2026-10-01", "2027-01-01"},
		{calendar.Calendar{}, calendar.HalfYear, "2026-06-30", "2026-H1", "2026-01-01", "2026-07-01"},
		{calendar.Calendar{}, calendar.Yearly, "2026-06-30", "2026", "2026-01-01", "2027-01-01"},
		{india(), calendar.Monthly, "2026-11-22", "2026-P08", "2026-11-01", "2026-12-01"},
		{india(), calendar.Monthly, "2027-03-31", "2026-P12", "2027-03-01", "2027-04-01"},
		{india(), calendar.Quarterly, "2027-01-01", "2026-Q4", "2027-01-01", "2027-04-01"},
		{india(), calendar.HalfYear, "2026-10-01", "2026-H2", "2026-10-01", "2027-04-01"},
		{india(), calendar.Yearly, "2026-03-31", "2025", "2025-04-01", "2026-04-01"},
		{india(), calendar.Weekly, "2026-04-01", "2026-W01", "2026-03-30", "2026-04-06"},
		{retail(), calendar.Yearly, "2023-01-29", "2023", "2023-01-29", "2024-02-04"},
		{retail(), calendar.Weekly, "2024-02-03", "2023-W53", "2024-01-28", "2024-02-04"},
		{retail(), calendar.Monthly, "2024-02-03", "2023-P12", "2023-12-31", "2024-02-04"},
		{retail(), calendar.Monthly, "2023-03-01", "2023-P02", "2023-02-26", "2023-04-02"},
		{retail(), calendar.Quarterly, "2023-04-30", "2023-Q2", "2023-04-30", "2023-07-30"},
		{retail(), calendar.HalfYear, "2023-07-30", "2023-H2", "2023-07-30", "2024-02-04"},
		{retail(), calendar.Daily, "2024-02-03", "2024-02-03", "2024-02-03", "2024-02-04"},
	} {
		want := calendar.Period{Name: c.name, Kind: c.kind, Span: span{From: c.from, Until: c.until}}
		if got := c.calendar.Of(c.kind, c.day); got != want {
			t.Errorf("%s of %s: %v, want %v", c.kind, c.day, got, want)
		}
	}
}

// TestMonthsOfWeeks counts the weeks of the months of a year with 52 weeks and of one with 53.
func TestMonthsOfWeeks(t *testing.T) {
	for pattern, want := range map[calendar.Pattern]string{
		calendar.FourFourFive: "445445445445 445445445446", calendar.FourFiveFour: "454454454454 454454454455", calendar.FiveFourFour: "544544544544 544544544545",
	} {
		c := retail()
		c.Pattern = pattern
		var got strings.Builder
		for _, year := range []date{"2022-06-01", "2023-06-01"} {
			for _, m := range c.Within(calendar.Monthly, c.Of(calendar.Yearly, year).Span) {
				got.WriteByte(byte('0' + m.Days()/7))
			}
			got.WriteByte(' ')
		}
		if strings.TrimSpace(got.String()) != want {
			t.Errorf("%s has months of %s weeks, want %s", pattern, got.String(), want)
		}
	}
}

// TestYearsOf53Weeks holds years of weeks to calendars that are published: that of the National Retail Federation, and one that
// ends on the last Saturday of September, as a maker of telephones reports.
func TestYearsOf53Weeks(t *testing.T) {
	september := calendar.Calendar{YearStarts: 10, WeekStarts: 7, Pattern: calendar.FourFourFive, YearEnds: calendar.Last}
	for _, c := range []struct {
		name     string
		calendar calendar.Calendar
		from     date
		until    date
		want     string
		begins   map[string]date
	}{
		{"retail", retail(), "1996-06-01", "2030-06-01", "2000 2006 2012 2017 2023 2028",
			map[string]date{"2016": "2016-01-31", "2017": "2017-01-29", "2018": "2018-02-04", "2022": "2022-01-30", "2023": "2023-01-29", "2024": "2024-02-04", "2025": "2025-02-02", "2026": "2026-02-01"}},
		{"september", september, "2005-11-01", "2024-11-01", "2005 2011 2016 2022",
			map[string]date{"2016": "2016-09-25", "2017": "2017-10-01", "2021": "2021-09-26", "2022": "2022-09-25", "2023": "2023-10-01"}},
	} {
		var long []string
		for _, y := range c.calendar.Within(calendar.Yearly, span{From: c.from, Until: c.until}) {
			if y.Days() == 53*7 {
				long = append(long, y.Name)
			} else if y.Days() != 52*7 {
				t.Errorf("%s: %s has %d days", c.name, y.Name, y.Days())
			}
			if want, known := c.begins[y.Name]; known && want != y.From {
				t.Errorf("%s: %s begins on %s, want %s", c.name, y.Name, y.From, want)
			}
		}
		if got := strings.Join(long, " "); got != c.want {
			t.Errorf("%s: 53 weeks in %s, want %s", c.name, got, c.want)
		}
	}
}

func TestNoPeriod(t *testing.T) {
	var c calendar.Calendar
	for _, d := range []date{"", "soon", "2026-02-30", "0001-12-31", "9998-01-01"} {
		if got := c.Of(calendar.Monthly, d); got != (calendar.Period{}) {
			t.Errorf("%q lies in %v", d, got)
		}
	}
	if got := c.Of("decade", "2026-01-01"); got != (calendar.Period{}) {
		t.Errorf("there are decades: %v", got)
	}
	if got := c.Next(c.Of(calendar.Yearly, "9997-12-31")); got != (calendar.Period{}) {
		t.Errorf("after the last period is %v", got)
	}
	for _, s := range []span{{}, {From: "2026-01-01"}, {Until: "2026-01-01"}, {"2026-01-02", "2026-01-01"}} {
		if got := c.Within(calendar.Monthly, s); got != nil {
			t.Errorf("%v has %v", s, got)
		}
	}
}

func TestNamesThatNoPeriodHas(t *testing.T) {
	for _, c := range []struct {
		calendar calendar.Calendar
		kind     calendar.Kind
		name     string
		told     string
	}{
		{calendar.Calendar{}, calendar.Daily, "2026-02-30", "2026-11-22"}, {calendar.Calendar{}, calendar.Monthly, "2026-13", "2026-11"},
		{calendar.Calendar{}, calendar.Monthly, "2026-00", "2026-11"}, {calendar.Calendar{}, calendar.Monthly, "2026-P08", "2026-11"},
		{calendar.Calendar{}, calendar.Monthly, "2026", "2026-11"}, {india(), calendar.Monthly, "2026-08", "2026-P08"}, {india(), calendar.Quarterly, "2026-Q5", "2026-Q3"},
		{calendar.Calendar{}, calendar.Quarterly, "2026-Q01", "2026-Q4"}, {calendar.Calendar{}, calendar.HalfYear, "2026-H3", "2026-H2"},
		{calendar.Calendar{}, calendar.Yearly, "26", "2026"}, {calendar.Calendar{}, calendar.Yearly, "2026-", "2026"}, {calendar.Calendar{}, calendar.Yearly, "9998", "2026"},
		{calendar.Calendar{}, calendar.Weekly, "2025-W53", "2026-W47"}, {calendar.Calendar{}, calendar.Weekly, "2026-W00", "2026-W47"}, {retail(), calendar.Weekly, "2024-W53", "2026-W43"},
		{calendar.Calendar{}, calendar.Weekly, "2026-W99999999999999999999999999999999999999", "2026-W47"}, {calendar.Calendar{}, calendar.Weekly, "2026-W7", "2026-W47"},
		{calendar.Calendar{}, calendar.Monthly, "", "2026-11"}, {calendar.Calendar{}, "decade", "2020", "no kind of period"},
	} {
		p, err := c.calendar.Named(c.kind, c.name)
		if !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), c.told) || p != (calendar.Period{}) {
			t.Errorf("%s %q gives %v, %v; want it to tell %s", c.kind, c.name, p, err, c.told)
		}
	}
	if p, err := (calendar.Calendar{}).Named(calendar.Weekly, "2026-W53"); err != nil || p.From != "2026-12-28" {
		t.Errorf("2026 has no 53rd week: %v, %v", p, err)
	}
}

func TestCalendarsThatCannotBe(t *testing.T) {
	for _, c := range []struct {
		calendar calendar.Calendar
		told     string
	}{
		{calendar.Calendar{YearStarts: 13}, "year_starts"}, {calendar.Calendar{YearStarts: -1}, "year_starts"}, {calendar.Calendar{WeekStarts: 8}, "week_starts"},
		{calendar.Calendar{WeekStarts: -1}, "week_starts"}, {calendar.Calendar{Pattern: "4-4-4"}, "pattern"},
		{calendar.Calendar{Pattern: calendar.FourFourFive, YearEnds: "first"}, "year_ends"}, {calendar.Calendar{YearEnds: calendar.Last}, "year_ends"},
	} {
		if err := c.calendar.Check(); !fault.Is(err, fault.Invalid) || !strings.HasPrefix(err.Error(), c.told) {
			t.Errorf("%+v: %v, want it to name %s", c.calendar, err, c.told)
		}
	}
	for _, c := range []calendar.Calendar{{}, india(), retail(), {YearStarts: 12, WeekStarts: 7}} {
		if err := c.Check(); err != nil {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

func TestToDate(t *testing.T) {
	for _, c := range []struct {
		calendar calendar.Calendar
		period   string
		of, kind calendar.Kind
		around   string
		want     span
	}{
		{calendar.Calendar{}, "2026-11", calendar.Monthly, calendar.Quarterly, "2026-Q4", span{"2026-10-01", "2026-12-01"}},
		{calendar.Calendar{}, "2026-11", calendar.Monthly, calendar.Yearly, "2026", span{"2026-01-01", "2026-12-01"}},
		{india(), "2026-P11", calendar.Monthly, calendar.Yearly, "2026", span{"2026-04-01", "2027-03-01"}},
		{calendar.Calendar{}, "2026-Q2", calendar.Quarterly, calendar.HalfYear, "2026-H1", span{"2026-01-01", "2026-07-01"}},
		{calendar.Calendar{}, "2026-Q2", calendar.Quarterly, calendar.Quarterly, "2026-Q2", span{"2026-04-01", "2026-07-01"}},
		{calendar.Calendar{}, "2026-Q2", calendar.Quarterly, calendar.Monthly, "2026-04", span{"2026-04-01", "2026-07-01"}},
		{calendar.Calendar{}, "2026-11-22", calendar.Daily, calendar.Monthly, "2026-11", span{"2026-11-01", "2026-11-23"}},
		// The week of Thursday, 1 October 2026 belongs to the fourth quarter, and brings three days of September with it.
		{calendar.Calendar{}, "2026-W40", calendar.Weekly, calendar.Quarterly, "2026-Q4", span{"2026-09-28", "2026-10-05"}},
		{calendar.Calendar{}, "2026-W41", calendar.Weekly, calendar.Quarterly, "2026-Q4", span{"2026-09-28", "2026-10-12"}},
		{calendar.Calendar{}, "2026-W39", calendar.Weekly, calendar.Quarterly, "2026-Q3", span{"2026-06-29", "2026-09-28"}},
		{calendar.Calendar{}, "2026-W40", calendar.Weekly, calendar.Weekly, "2026-W40", span{"2026-09-28", "2026-10-05"}},
		{retail(), "2023-W53", calendar.Weekly, calendar.Quarterly, "2023-Q4", span{"2023-10-29", "2024-02-04"}},
	} {
		p, err := c.calendar.Named(c.of, c.period)
		if err != nil {
			t.Fatal(err)
		}
		if got, around := c.calendar.ToDate(c.kind, p), c.calendar.Around(c.kind, p).Name; got != c.want || around != c.around {
			t.Errorf("%s of %s: %v in %s, want %v in %s", c.kind, c.period, got, around, c.want, c.around)
		}
	}
}

func BenchmarkOf(b *testing.B) {
	for name, c := range map[string]calendar.Calendar{"plain": {}, "weeks": retail()} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				c.Of(calendar.Monthly, "2026-11-22")
			}
		})
	}
}

func TestPeriodAsJSON(t *testing.T) {
	text, err := json.Marshal(india().Of(calendar.Quarterly, "2027-01-01"))
	if want := `{"name":"2026-Q4","kind":"quarter","from":"2027-01-01","until":"2027-04-01"}`; err != nil || string(text) != want {
		t.Errorf("%s, %v", text, err)
	}
}
