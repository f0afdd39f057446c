package schedule_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"
	_ "time/tzdata"

	"leadline/infra/local/schedule"
)

func TestNext(t *testing.T) {
	for _, tc := range []struct {
		expression, zone, after string
		want                    []string // runs that follow one another
	}{
		{"rate(15 minutes)", "UTC", "2026-01-01T00:00:10Z", []string{"2026-01-01T00:15:10Z", "2026-01-01T00:30:10Z"}},
		{"rate(1 hour)", "UTC", "2026-01-01T00:00:00Z", []string{"2026-01-01T01:00:00Z"}},
		{"rate(2 days)", "UTC", "2026-01-01T00:00:00Z", []string{"2026-01-03T00:00:00Z"}},
		{"at(2026-05-01T08:00:00)", "Europe/Berlin", "2026-01-01T00:00:00Z", []string{"2026-05-01T06:00:00Z", ""}},
		{"cron(0 3 * * ? *)", "UTC", "2026-01-01T03:00:00Z", []string{"2026-01-02T03:00:00Z", "2026-01-03T03:00:00Z"}},
		{"cron(15 10 ? * MON-FRI *)", "UTC", "2026-01-02T10:15:00Z", []string{"2026-01-05T10:15:00Z"}},
		{"cron(0/20 8-9 1 * ? *)", "UTC", "2026-01-31T00:00:00Z", []string{"2026-02-01T08:00:00Z", "2026-02-01T08:20:00Z", "2026-02-01T08:40:00Z", "2026-02-01T09:00:00Z"}},
		{"cron(0 0 ? * 1 *)", "UTC", "2026-01-01T00:00:00Z", []string{"2026-01-04T00:00:00Z"}},
		{"cron(0 0 ? * FRI-SUN *)", "UTC", "2026-01-01T00:00:00Z", []string{"2026-01-02T00:00:00Z", "2026-01-03T00:00:00Z", "2026-01-04T00:00:00Z", "2026-01-09T00:00:00Z"}},
		{"cron(0 0 L * ? *)", "UTC", "2026-02-01T00:00:00Z", []string{"2026-02-28T00:00:00Z", "2026-03-31T00:00:00Z"}},
		{"cron(0 0 1W * ? *)", "UTC", "2026-07-30T00:00:00Z", []string{"2026-08-03T00:00:00Z"}},  // the 1st is a Saturday
		{"cron(0 0 31W * ? *)", "UTC", "2026-05-01T00:00:00Z", []string{"2026-05-29T00:00:00Z"}}, // the 31st is a Sunday
		{"cron(0 0 15W * ? *)", "UTC", "2026-02-01T00:00:00Z", []string{"2026-02-16T00:00:00Z"}}, // the 15th is a Sunday
		{"cron(0 0 ? * 6#3 *)", "UTC", "2026-01-01T00:00:00Z", []string{"2026-01-16T00:00:00Z"}},
		{"cron(0 0 ? * 6L *)", "UTC", "2026-01-01T00:00:00Z", []string{"2026-01-30T00:00:00Z"}},
		{"cron(0 12 29 FEB ? *)", "UTC", "2026-01-01T00:00:00Z", []string{"2028-02-29T12:00:00Z"}},
		{"cron(0 0 1 1 ? 2027,2029)", "UTC", "2026-01-01T00:00:00Z", []string{"2027-01-01T00:00:00Z", "2029-01-01T00:00:00Z", ""}},
		{"cron(0 0 31 2 ? *)", "UTC", "2026-01-01T00:00:00Z", []string{""}},
		{"cron(0 9 * * ? *)", "Asia/Kolkata", "2026-01-01T00:00:00Z", []string{"2026-01-01T03:30:00Z"}},
		// Berlin's clocks go from 2:00 to 3:00 on 29 March and from 3:00 to 2:00 on 25 October.
		{"cron(30 2 * * ? *)", "Europe/Berlin", "2026-03-28T02:00:00Z", []string{"2026-03-30T00:30:00Z"}},
		{"cron(30 2 * * ? *)", "Europe/Berlin", "2026-10-24T12:00:00Z", []string{"2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"}},
	} {
		t.Run(tc.expression, func(t *testing.T) {
			zone, err := time.LoadLocation(tc.zone)
			if err != nil {
				t.Fatal(err)
			}
			e, err := schedule.Parse(tc.expression, zone)
			if err != nil {
				t.Fatal(err)
			}
			at, err := time.Parse(time.RFC3339, tc.after)
			if err != nil {
				t.Fatal(err)
			}
			for _, want := range tc.want {
				at = e.Next(at)
				got := ""
				if !at.IsZero() {
					got = at.UTC().Format(time.RFC3339)
				}
				if got != want {
					t.Fatalf("got %q, want %q", got, want)
				}
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	for _, bad := range []string{
		"", "rate", "rate(5 minutes", "rate(0 minutes)", "rate(5 weeks)", "rate(x minutes)", "every(5 minutes)", "at(tomorrow)",
		"cron(0 3 * * ?)", "cron(0 3 * * * *)", "cron(0 3 ? * ? *)", "cron(60 3 * * ? *)", "cron(0 24 * * ? *)", "cron(0 3 32 * ? *)",
		"cron(0 3 * 13 ? *)", "cron(0 3 ? * 8 *)", "cron(0 3 ? * MON#6 *)", "cron(0 3 ? * MO *)", "cron(0/0 3 * * ? *)", "cron(0 3 * * ? 1969)",
		"cron(0 3 W * ? *)", "cron(1- 3 * * ? *)",
	} {
		if e, err := schedule.Parse(bad, time.UTC); err == nil {
			t.Errorf("%q: got %v", bad, e)
		}
	}
}

// soon runs every few milliseconds, a given number of times.
type soon struct{ left *int }

func (s soon) Next(t time.Time) time.Time {
	if *s.left == 0 {
		return time.Time{}
	}
	*s.left--
	return t.Add(5 * time.Millisecond)
}

func TestRun(t *testing.T) {
	three, two := 3, 2
	var mu sync.Mutex
	started, failed := map[string]int{}, 0
	r := schedule.Runner{
		Start: func(function string, _ []byte) error {
			mu.Lock()
			defer mu.Unlock()
			started[function]++
			if function == "b" {
				return errors.New("gone")
			}
			return nil
		},
		Failed: func(s schedule.Schedule, err error) {
			mu.Lock()
			defer mu.Unlock()
			if s.Name == "second" && strings.Contains(err.Error(), "second") {
				failed++
			}
		},
	}
	r.Run(context.Background(), []schedule.Schedule{
		{Name: "first", Function: "a", When: soon{&three}}, {Name: "second", Function: "b", When: soon{&two}},
	})
	if started["a"] != 3 || started["b"] != 2 || failed != 2 {
		t.Errorf("started %v, failed %d", started, failed)
	}

	never, err := schedule.Parse("rate(1 day)", time.UTC)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	time.AfterFunc(10*time.Millisecond, cancel)
	r.Run(ctx, []schedule.Schedule{{Name: "third", When: never}}) // returns
}

func TestEvents(t *testing.T) {
	at := time.Date(2026, 1, 31, 8, 0, 0, 0, time.UTC)
	for name, tc := range map[string]struct {
		schedule schedule.Schedule
		want     map[string]any
	}{
		"rule": {
			schedule.Schedule{Rule: true, ARN: "arn:rule"},
			map[string]any{"source": "aws.events", "detail-type": "Scheduled Event", "time": "2026-01-31T08:00:00Z", "region": "eu", "account": "1"},
		},
		"scheduler":       {schedule.Schedule{ARN: "arn:s"}, map[string]any{"source": "aws.scheduler", "detail": "{}"}},
		"input":           {schedule.Schedule{Input: `{"a":"<aws.scheduler.scheduled-time>"}`}, map[string]any{"a": "2026-01-31T08:00:00Z"}},
		"input of a rule": {schedule.Schedule{Rule: true, Input: `{"a":"<aws.scheduler.scheduled-time>"}`}, map[string]any{"a": "<aws.scheduler.scheduled-time>"}},
	} {
		t.Run(name, func(t *testing.T) {
			var got map[string]any
			r := schedule.Runner{Region: "eu", AccountID: "1", Start: func(_ string, event []byte) error {
				return json.Unmarshal(event, &got)
			}}
			if err := r.Now(tc.schedule, at); err != nil {
				t.Fatal(err)
			}
			for key, want := range tc.want {
				if got[key] != want {
					t.Errorf("%s: got %v, want %v", key, got[key], want)
				}
			}
		})
	}
}
