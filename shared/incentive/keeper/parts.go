package keeper

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"leadline/shared/calendar"
	"leadline/shared/fault"
	"leadline/shared/incentive"
)

// atOnce is how many records of a part are credited, or participants reckoned, at once.
const atOnce = 8

// part does a part of a run, and notes that it is done. What there was no time for goes on as the same part.
func (r *round) part(ctx context.Context, i int, m Message) error {
	run, err := r.Runs.EditionRun(ctx, m.Organization, m.Edition)
	if err != nil {
		return fmt.Errorf("keeper: run: %w", err)
	}
	if run.ID != m.Run {
		return nil // it began again since, with other parts
	}
	o, err := r.organization(ctx, m.Organization)
	if err != nil {
		return err
	}
	plan, p, err := r.edition(ctx, o, who{m.Organization, m.Program, m.Edition, ""})
	if f := fault.Of(err); f != nil && f.Code == incentive.CodeBroken {
		return r.blame(ctx, who{m.Organization, m.Program, m.Edition, ""}, err)
	}
	if err != nil || plan == nil {
		return err
	}
	if o.people == nil || o.people.edition < run.People { // what is remembered here is older than the run
		r.Known.drop(m.Organization)
		if o, err = r.organization(ctx, m.Organization); err != nil {
			return err
		}
	}
	if o.people == nil {
		return fault.New(fault.Unavailable, "too_early", "The program is not known everywhere yet.")
	}
	done := incentive.Part{Number: m.Part, Records: int64(len(m.Records)), Participants: int64(len(m.Participants))}
	if err := r.partRecords(ctx, i, m, r.crediting(ctx, o, p, plan), &done); err != nil {
		return err
	}
	left, err := r.partPeople(ctx, m, plan)
	if err != nil {
		return err
	}
	if len(left) > 0 {
		m.Participants = left
		return r.Outbox.Send(ctx, m, 0)
	}
	return r.Runs.FinishPart(ctx, m.Organization, m.Edition, m.Run, done)
}

// partRecords credits the records of a part. Whom they touch is reckoned later in the run; if it is past that, for a message that
// came late, it is done now.
func (r *round) partRecords(ctx context.Context, i int, m Message, c *crediting, done *incentive.Part) error {
	if len(m.Records) == 0 {
		return nil
	}
	var mu sync.Mutex
	var touched []incentive.Footprint
	err := each(m.Records, func(n int) error {
		m.Records[n].Organization = m.Organization
		f, credits, err := c.credit(ctx, m.Records[n])
		if err != nil {
			return err
		}
		mu.Lock()
		defer mu.Unlock()
		touched = append(touched, f)
		done.Credits += int64(credits)
		if len(f.Refusals) > 0 {
			done.Refused++
		}
		return nil
	})
	if err != nil {
		return err
	}
	run, err := r.Runs.EditionRun(ctx, m.Organization, m.Edition)
	if err != nil {
		return fmt.Errorf("keeper: run: %w", err)
	}
	if run.Phase != incentive.Crediting {
		for _, f := range touched {
			r.order(i, c.p, c.plan, f)
		}
	}
	return nil
}

// partPeople reckons the participants of a part, and gives those that there was no time for. One that the engine cannot reckon keeps
// no other from it.
func (r *round) partPeople(ctx context.Context, m Message, plan *plan) (left []string, err error) {
	periods, err := plan.periods(dateOf(r.Now(), plan))
	if err != nil {
		return nil, err
	}
	var mu sync.Mutex
	return left, each(m.Participants, func(n int) error {
		w := who{m.Organization, m.Program, m.Edition, m.Participants[n]}
		rest, err := r.reckon(ctx, w, slices.Clone(periods), true)
		if f := fault.Of(err); f != nil && f.Kind == fault.Invalid {
			return r.blame(ctx, w, err)
		}
		if len(rest) > 0 {
			mu.Lock()
			defer mu.Unlock()
			left = append(left, w.participant)
		}
		return err
	})
}

// each does something for every item, some at once, and gives the first error.
func each[T any](items []T, do func(i int) error) error {
	errs := make([]error, len(items))
	var wait sync.WaitGroup
	next := make(chan int)
	for range min(atOnce, len(items)) {
		wait.Go(func() {
			for i := range next {
				errs[i] = safely(func() error { return do(i) })
			}
		})
	}
	for i := range items {
		next <- i
	}
	close(next)
	wait.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func dateOf(t time.Time, p *plan) calendar.Date {
	return calendar.DateOf(t, zoneOf(p.last().Definition.Zone))
}
