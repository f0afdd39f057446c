package schedule

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Expression says when a schedule runs.
type Expression interface {
	// Next gives the first time after t; zero if there is none any more.
	Next(t time.Time) time.Time
}

// Parse reads rate(5 minutes), cron(0 3 * * ? *) or at(2026-01-31T08:00:00), the latter two in the zone.
// https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
func Parse(expression string, zone *time.Location) (Expression, error) {
	kind, rest, ok := strings.Cut(expression, "(")
	arguments, closed := strings.CutSuffix(rest, ")")
	if !ok || !closed {
		return nil, fmt.Errorf("schedule: %q is no rate(), cron() or at()", expression)
	}
	var e Expression
	var err error
	switch kind {
	case "rate":
		e, err = parseRate(arguments)
	case "cron":
		e, err = parseCron(arguments, zone)
	case "at":
		var at time.Time
		at, err = time.ParseInLocation("2006-01-02T15:04:05", arguments, zone)
		e = once(at)
	default:
		err = errors.New("want rate(), cron() or at()")
	}
	if err != nil {
		return nil, fmt.Errorf("schedule: %s: %w", expression, err)
	}
	return e, nil
}

// rate is a run in equal intervals. The first is one interval after the schedule was made.
type rate time.Duration

func parseRate(arguments string) (Expression, error) {
	number, unit, _ := strings.Cut(arguments, " ")
	n, err := strconv.Atoi(number)
	if err != nil || n < 1 {
		return nil, errors.New("want a positive number and a unit")
	}
	switch unit {
	case "minute", "minutes":
		return rate(time.Duration(n) * time.Minute), nil
	case "hour", "hours":
		return rate(time.Duration(n) * time.Hour), nil
	case "day", "days":
		return rate(time.Duration(n) * 24 * time.Hour), nil
	}
	return nil, fmt.Errorf("%q is no unit: want minutes, hours or days", unit)
}

func (r rate) Next(t time.Time) time.Time { return t.Add(time.Duration(r)) }

// once is a single run.
type once time.Time

func (o once) Next(t time.Time) time.Time {
	if at := time.Time(o); at.After(t) {
		return at
	}
	return time.Time{}
}
