package keeper

import (
	"context"
	"fmt"
	"time"

	"leadline/shared/fault"
	"leadline/shared/incentive"
	"leadline/shared/program"
)

// tendEvery is how often a program is looked after.
const tendEvery = 5 * time.Minute

// tend looks after a program: where a period has begun, everybody is reckoned for it; where people or rates have changed,
// everything is; what has stopped is set going. By itself it comes again and again; two chains of that do not come to be, for only
// the message whose time is noted goes on. The next one is sent, and noted, before anything else, so that what fails here ends
// no chain.
func (r *round) tend(ctx context.Context, m Message) error {
	p, err := r.Programs.Program(ctx, m.Organization, m.Program)
	if fault.Is(err, fault.NotFound) || err == nil && (p.Live == nil || p.Archived) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("keeper: program: %w", err)
	}
	at := r.Now().UTC().Add(tendEvery).Truncate(time.Second)
	if err := r.Outbox.Send(ctx, Message{Kind: Tend, Organization: m.Organization, Program: m.Program, At: at}, tendEvery); err != nil {
		return err
	}
	run, noted, err := r.note(ctx, p, func(run *incentive.Run) bool {
		mine := m.At.IsZero() || run.TendAt.Equal(m.At)
		run.TendAt = at
		return mine
	})
	if err != nil || !noted {
		return err
	}
	if p.Building != nil {
		if err := r.revive(ctx, p, *p.Building); err != nil {
			return err
		}
	}
	o, err := r.organization(ctx, m.Organization)
	if err != nil {
		return err
	}
	plan, _, err := r.edition(ctx, o, who{m.Organization, m.Program, p.Live.ID, ""})
	if err != nil || plan == nil || o.people == nil {
		return err
	}
	day := dateOf(r.Now(), plan)
	today := plan.upTo(day)
	switch {
	case busy(run, r.Now()):
		return nil
	case run.People != o.people.edition || run.Rates != o.people.ratesHash || run.Phase != incentive.Done && run.Phase != incentive.Failed:
		return r.Outbox.Start(ctx, p, true)
	case run.Opened >= today.Name || day < plan.versions[0].From:
		return nil
	}
	for all := plan.everybody(o.people); len(all) > 0; {
		n := min(len(all), partPeople)
		m := Message{Kind: Unit, Organization: m.Organization, Program: p.ID, Edition: p.Live.ID, Participants: all[:n], Period: today.Name}
		if err := r.Outbox.Send(ctx, m, 0); err != nil {
			return err
		}
		all = all[n:]
	}
	_, _, err = r.note(ctx, p, func(run *incentive.Run) bool {
		run.Opened = max(run.Opened, today.Name)
		return true
	})
	return err
}

// busy tells whether a run is at work, and not stuck.
func busy(run incentive.Run, now time.Time) bool {
	if run.Phase == incentive.Done || run.Phase == incentive.Failed {
		return false
	}
	moved := run.StartedAt
	if run.MovedAt.After(moved) {
		moved = run.MovedAt
	}
	return now.Sub(moved) <= stuckAfter+tendEvery
}

// note changes something in the run of the edition that is shown, which others save too, unless change says that it is not to be.
func (r *round) note(ctx context.Context, p program.Program, change func(*incentive.Run) bool) (run incentive.Run, noted bool, err error) {
	for range tries {
		if run, err = r.Runs.EditionRun(ctx, p.Organization, p.Live.ID); err != nil {
			return run, false, fmt.Errorf("keeper: run: %w", err)
		}
		if !change(&run) {
			return run, false, nil
		}
		run.Organization, run.Edition, run.Rev = p.Organization, p.Live.ID, run.Rev+1
		if err = r.Runs.SaveRun(ctx, run); err == nil {
			return run, true, nil
		}
		if !fault.Is(err, fault.Conflict) {
			return run, false, fmt.Errorf("keeper: save the run: %w", err)
		}
	}
	return run, false, fault.New(fault.Unavailable, "contended", "Others change the run of the edition again and again.")
}

// watch looks, now and then, whether somebody still looks after a program: a message that was set aside as dead ends its chain.
func (r *round) watch(ctx context.Context, p program.Program) error {
	now := r.Now()
	r.Known.mu.Lock()
	due := now.Sub(r.Known.watched[p.ID]) >= 2*tendEvery
	if due {
		if r.Known.watched == nil || len(r.Known.watched) >= maxKnown {
			r.Known.watched = map[string]time.Time{}
		}
		r.Known.watched[p.ID] = now
	}
	r.Known.mu.Unlock()
	if !due {
		return nil
	}
	if p.Live != nil {
		run, err := r.Runs.EditionRun(ctx, p.Organization, p.Live.ID)
		if err != nil {
			return fmt.Errorf("keeper: run: %w", err)
		}
		if now.Sub(run.TendAt) > 2*tendEvery {
			return r.Outbox.Send(ctx, Message{Kind: Tend, Organization: p.Organization, Program: p.ID}, 0)
		}
		return nil // who tends it looks after what is being built, too
	}
	return r.revive(ctx, p, *p.Building)
}

// revive has the building of an edition go on, if nothing has moved there for very long.
func (r *round) revive(ctx context.Context, p program.Program, e program.Edition) error {
	run, err := r.Runs.EditionRun(ctx, p.Organization, e.ID)
	if err != nil {
		return fmt.Errorf("keeper: run: %w", err)
	}
	if run.Rev == 0 {
		run.StartedAt = p.UpdatedAt
	}
	if run.Phase == incentive.Done || run.Phase == incentive.Failed || busy(run, r.Now()) {
		return nil
	}
	return r.Outbox.Start(ctx, p, false)
}

// drop removes an edition that is shown no more, page by page.
func (r *round) drop(ctx context.Context, m Message) error {
	p, err := r.Programs.Program(ctx, m.Organization, m.Program)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return fmt.Errorf("keeper: program: %w", err)
	}
	for _, e := range []*program.Edition{p.Live, p.Building} { // an archived program's too, which is kept
		if e != nil && e.ID == m.Edition {
			return nil
		}
	}
	for range pagesAtOnce {
		if late(ctx) {
			break
		}
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
