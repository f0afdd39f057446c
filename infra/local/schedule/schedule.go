// Package schedule is Amazon EventBridge Scheduler, and the schedule rules of EventBridge, for the local stack: it hands
// events to functions at their times.
//
// Flexible time windows, retry policies and dead-letter queues of schedules are not played: a function's own retries are.
package schedule

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"time"
)

// Schedule starts a function at times.
type Schedule struct {
	// Name is unique; ARN is told to the function.
	Name, ARN string
	// Function is a name or ARN.
	Function string
	When     Expression
	// Input is the event; empty for the standard one.
	Input string
	// Rule tells that this is a rule of EventBridge, whose standard event differs from the Scheduler's.
	Rule bool
}

// Runner runs schedules.
type Runner struct {
	// Region and AccountID are part of the standard events.
	Region, AccountID string
	// Start hands an event to a function and does not wait for it.
	Start func(function string, event []byte) error
	// Failed is told what Start could not do.
	Failed func(s Schedule, err error)
}

// Run starts the functions of schedules at their times until ctx ends.
func (r Runner) Run(ctx context.Context, schedules []Schedule) {
	var all sync.WaitGroup
	for _, s := range schedules {
		all.Go(func() { r.run(ctx, s) })
	}
	all.Wait()
}

func (r Runner) run(ctx context.Context, s Schedule) {
	for at := s.When.Next(time.Now()); !at.IsZero(); at = s.When.Next(at) {
		timer := time.NewTimer(time.Until(at))
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return
		}
		if err := r.Now(s, at); err != nil {
			r.Failed(s, err)
		}
	}
}

// Now starts the function of a schedule as if it were due at the time.
func (r Runner) Now(s Schedule, at time.Time) error {
	event, err := r.event(s, at)
	if err != nil {
		return fmt.Errorf("schedule %s: %w", s.Name, err)
	}
	if err := r.Start(s.Function, event); err != nil {
		return fmt.Errorf("schedule %s: %w", s.Name, err)
	}
	return nil
}

// event gives the schedule's input, with the Scheduler's context attributes replaced, or the standard event.
// https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html
func (r Runner) event(s Schedule, at time.Time) ([]byte, error) {
	var random [16]byte
	_, _ = rand.Read(random[:]) // never fails
	id := fmt.Sprintf("%x-%x-%x-%x-%x", random[:4], random[4:6], random[6:8], random[8:10], random[10:])
	due := at.UTC().Format(time.RFC3339)
	switch {
	case s.Input != "" && s.Rule:
		return []byte(s.Input), nil
	case s.Input != "":
		return []byte(strings.NewReplacer(
			"<aws.scheduler.schedule-arn>", s.ARN, "<aws.scheduler.scheduled-time>", due,
			"<aws.scheduler.execution-id>", id, "<aws.scheduler.attempt-number>", "1",
		).Replace(s.Input)), nil
	}
	event := map[string]any{
		"version": "0", "id": id, "detail-type": "Scheduled Event", "account": r.AccountID, "region": r.Region,
		"time": due, "resources": []string{s.ARN},
	}
	if s.Rule {
		event["source"], event["detail"] = "aws.events", map[string]any{}
	} else {
		event["source"], event["detail"] = "aws.scheduler", "{}"
	}
	return json.Marshal(event)
}
