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
	"leadline/shared/program"
)

// atOnce is how many records of a part are credited, or participants reckoned, at once.
const atOnce = 8

// part does a part of a run, and notes that it is done.
func (r *round) part(ctx context.Context, m Message) error {
	o, err := r.organization(ctx, m.Organization)
	if err != nil {
		return err
	}
	plan, err := r.edition(ctx, o, m.Program, m.Edition)
	if err != nil || plan == nil {
		return err
	}
	p := o.programs[slices.IndexFunc(o.programs, func(p program.Program) bool { return p.ID == m.Program })]
	var mu sync.Mutex
	done := incentive.Part{Number: m.Part, Records: int64(len(m.Records)), Participants: int64(len(m.Participants))}
	c := r.crediting(ctx, o, p, plan)
	err = each(m.Records, func(i int) error {
		m.Records[i].Organization = m.Organization
		f, n, err := c.credit(ctx, m.Records[i])
		if err != nil {
			return err
		}
		mu.Lock()
		defer mu.Unlock()
		done.Credits += int64(n)
		if len(f.Refusals) > 0 {
			done.Refused++
		}
		return nil
	})
	if err != nil {
		return err
	}
	periods, err := plan.periods(dateOf(r.Now(), plan))
	if err != nil {
		return err
	}
	err = each(m.Participants, func(i int) error {
		return r.reckon(ctx, who{m.Organization, m.Program, m.Edition, m.Participants[i]}, slices.Clone(periods))
	})
	if err != nil {
		return err
	}
	return r.Runs.FinishPart(ctx, m.Organization, m.Edition, m.Run, done)
}

// each does something for every item, some at once, and gives the first error.
func each[T any](items []T, do func(i int) error) error {
	errs := make([]error, len(items))
	var wait sync.WaitGroup
	next := make(chan int)
	for range min(atOnce, len(items)) {
		wait.Go(func() {
			for i := range next {
				errs[i] = do(i)
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

// tendEvery is how often a program is looked after.
const tendEvery = 5 * time.Minute

// tend looks after a program: where a period has begun, everybody is reckoned for it; where people or rates have changed,
// everything is. By itself it comes again and again; two chains of that do not come to be, for only the message whose time is
// noted goes on.
func (r *round) tend(ctx context.Context, m Message) error {
	p, err := r.Programs.Program(ctx, m.Organization, m.Program)
	if fault.Is(err, fault.NotFound) || err == nil && (p.Live == nil || p.Archived) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("keeper: program: %w", err)
	}
	run, err := r.Runs.EditionRun(ctx, m.Organization, p.Live.ID)
	if err != nil {
		return fmt.Errorf("keeper: run: %w", err)
	}
	run.Organization, run.Edition = m.Organization, p.Live.ID
	if !m.At.IsZero() && !run.TendAt.Equal(m.At) {
		return nil
	}
	run.TendAt, run.Rev = r.Now().UTC().Add(tendEvery).Truncate(time.Second), run.Rev+1
	if err := r.Outbox.Send(ctx, Message{Kind: Tend, Organization: m.Organization, Program: m.Program, At: run.TendAt}, tendEvery); err != nil {
		return err
	}
	o, err := r.organization(ctx, m.Organization)
	if err != nil {
		return err
	}
	plan, err := r.edition(ctx, o, p.ID, p.Live.ID)
	if err != nil || plan == nil {
		return err
	}
	busy := run.Phase != incentive.Done && run.Phase != incentive.Failed
	today := plan.period(dateOf(r.Now(), plan))
	switch {
	case !busy && (run.People != o.people.edition || run.Rates != o.people.ratesHash):
		if err := r.Outbox.Start(ctx, p, true); err != nil {
			return err
		}
	case !busy && run.Opened < today.Name:
		for _, id := range plan.everybody(o.people) {
			if err := r.Outbox.Send(ctx, Message{Kind: Unit, Organization: m.Organization, Program: p.ID, Edition: p.Live.ID, Participant: id, Period: today.Name}, 0); err != nil {
				return err
			}
		}
		run.Opened = today.Name
	}
	if err := r.Runs.SaveRun(ctx, run); err != nil && !fault.Is(err, fault.Conflict) {
		return fmt.Errorf("keeper: save the run: %w", err)
	}
	return nil
}

// drop removes an edition that is shown no more, page by page.
func (r *round) drop(ctx context.Context, m Message) error {
	p, err := r.Programs.Program(ctx, m.Organization, m.Program)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return fmt.Errorf("keeper: program: %w", err)
	}
	if slices.ContainsFunc(p.LiveAndBuilding(), func(e program.Edition) bool { return e.ID == m.Edition }) {
		return nil
	}
	for !late(ctx) {
		done, err := r.Credits.DropEdition(ctx, m.Organization, m.Edition)
		if err != nil {
			return err
		}
		if done {
			return r.Runs.DropRun(ctx, m.Organization, m.Edition)
		}
	}
	return r.Outbox.Send(ctx, m, 0)
}
