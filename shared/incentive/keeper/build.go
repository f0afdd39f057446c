package keeper

import (
	"context"
	"fmt"
	"slices"
	"time"

	"leadline/shared/fault"
	"leadline/shared/incentive"
	"leadline/shared/program"
	"leadline/shared/record"
	"leadline/shared/store"
	"leadline/shared/telemetry"
)

const (
	// partRecords and partPeople are how many records or participants a worker gets at once.
	partRecords = 100
	partPeople  = 25
	// lookAfter is after how long it is seen whether all parts are done.
	lookAfter = 2 * time.Second
	// stuckAfter is after how long without a part that is done a run has failed. It is longer than a message is tried for.
	stuckAfter = 30 * time.Minute
	// dropAfter is when an edition that is shown no more is removed: who is reading it has done by then.
	dropAfter = 10 * time.Minute
)

// Start begins the building of an edition that was just stored as Program.Building; or, with refresh, has the edition that is
// shown reckoned anew. It begins when every worker has heard of it, so that no change falls between.
func (o Outbox) Start(ctx context.Context, p program.Program, refresh bool) error {
	m := Message{Kind: Build, Organization: p.Organization, Program: p.ID}
	switch {
	case refresh && p.Live != nil:
		m.Kind, m.Edition = Refresh, p.Live.ID
	case !refresh && p.Building != nil:
		m.Edition = p.Building.ID
	default:
		return nil
	}
	return o.Send(ctx, m, KnownFor+time.Second)
}

// run is the work on one run.
type run struct {
	*round
	p    program.Program
	plan *plan
	o    *known
	incentive.Run
}

// build goes on with a run until its workers are waited for, or the time is over.
func (r *round) build(ctx context.Context, m Message) error {
	p, err := r.Programs.Program(ctx, m.Organization, m.Program)
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("keeper: program: %w", err)
	}
	i := slices.IndexFunc(p.LiveAndBuilding(), func(e program.Edition) bool { return e.ID == m.Edition })
	if i < 0 {
		return nil // another took its place
	}
	w := &run{round: r, p: p}
	if w.o, err = r.organization(ctx, m.Organization); err != nil {
		return err
	}
	if w.o.people == nil { // what is remembered is older than the program
		return r.Outbox.Send(ctx, m, lookAfter)
	}
	if w.plan, err = r.plan(ctx, p, p.LiveAndBuilding()[i]); err != nil {
		return err
	}
	if w.Run, err = r.Runs.EditionRun(ctx, m.Organization, m.Edition); err != nil {
		return fmt.Errorf("keeper: run: %w", err)
	}
	w.Organization, w.Edition = m.Organization, m.Edition
	if m.Kind == Refresh && m.Part == 0 || w.Rev == 0 {
		err = w.begin(ctx, m.Kind == Refresh)
	}
	if err == nil {
		err = w.goOn(ctx, m)
	}
	if fault.Is(err, fault.Conflict) {
		return nil // another message of the run is being worked on, and goes on with it
	}
	return err
}

func (w *run) begin(ctx context.Context, refresh bool) error {
	if w.Rev > 0 && w.Phase != incentive.Done && w.Phase != incentive.Failed {
		refresh = w.Refresh // it begins again, with what changed since
	}
	id, err := w.NewID()
	if err != nil {
		return err
	}
	w.Run = incentive.Run{Organization: w.Organization, Edition: w.Edition, ID: id, Refresh: refresh, Phase: incentive.Crediting,
		People: w.o.people.edition, Rates: w.o.people.ratesHash, Opened: w.Opened, TendAt: w.TendAt, StartedAt: w.Now().UTC(), Rev: w.Rev}
	return w.save(ctx)
}

func (w *run) save(ctx context.Context) error {
	w.Rev++
	if err := w.Runs.SaveRun(ctx, w.Run); err != nil {
		return fmt.Errorf("keeper: save the run: %w", err)
	}
	return nil
}

func (w *run) goOn(ctx context.Context, m Message) error {
	m.Part = 1
	for {
		if late(ctx) {
			return w.Outbox.Send(ctx, m, 0)
		}
		var waits bool
		var err error
		switch w.Phase {
		case incentive.Crediting:
			waits, err = w.crediting(ctx)
		case incentive.Calculating:
			waits, err = w.calculating(ctx)
		case incentive.Ranking:
			err = w.ranking(ctx)
		default:
			return nil
		}
		if err == nil {
			err = w.save(ctx)
		}
		if err != nil {
			return err
		}
		if waits {
			return w.Outbox.Send(ctx, m, lookAfter)
		}
	}
}

// crediting lists the records of the bases, page by page, and gives them to workers; at the end it waits for them.
func (w *run) crediting(ctx context.Context) (waits bool, err error) {
	var bases []program.Reads
	for _, r := range w.plan.edition.Reads {
		if !r.Joined {
			bases = append(bases, r)
		}
	}
	if w.Source < len(bases) {
		b := bases[w.Source]
		heads, next, err := w.Records.Heads(ctx, w.Organization, b.Connection, b.Object, store.Page{Cursor: w.Cursor, Limit: partRecords})
		if err != nil {
			return false, fmt.Errorf("keeper: list %s: %w", b.Object, err)
		}
		keys := make([]record.Key, 0, len(heads))
		for _, h := range heads {
			keys = append(keys, h.Key)
		}
		if len(keys) > 0 {
			if err := w.give(ctx, Message{Records: keys}); err != nil {
				return false, err
			}
		}
		if w.Cursor = next; next == "" {
			w.Source++
		}
		return false, nil
	}
	done, err := w.done(ctx)
	if done && err == nil {
		w.Phase, w.Reached, w.Cursor = incentive.Calculating, w.Sent, ""
	}
	return !done, err
}

// give sends a part to whoever is free.
func (w *run) give(ctx context.Context, m Message) error {
	w.Sent++
	m.Kind, m.Organization, m.Program, m.Edition, m.Run, m.Part = Part, w.Organization, w.p.ID, w.Edition, w.ID, w.Sent
	return w.Outbox.Send(ctx, m, 0)
}

// done tells whether all parts that were given away are done.
func (w *run) done(ctx context.Context) (bool, error) {
	parts, err := w.Runs.Parts(ctx, w.Organization, w.Edition, w.ID)
	if err != nil {
		return false, fmt.Errorf("keeper: parts: %w", err)
	}
	if now := w.Now().UTC(); parts.Number != w.Parts.Number || w.MovedAt.IsZero() {
		w.MovedAt = now
	} else if now.Sub(w.MovedAt) > stuckAfter {
		w.Phase, w.FinishedAt = incentive.Failed, now
		w.Error = fmt.Sprintf("%d of %d parts were not done: what spoils them is among the dead letters of the calculate queue.", w.Sent-parts.Number, w.Sent)
		telemetry.Count(ctx, "BuildsFailed", 1)
	}
	w.Parts = parts
	return parts.Number >= w.Sent, nil
}

// calculating gives all who may take part to workers; at the end it waits for them.
func (w *run) calculating(ctx context.Context) (waits bool, err error) {
	if w.Sent == w.Reached {
		all := w.plan.everybody(w.o.people)
		w.Units = len(all)
		for len(all) > 0 {
			n := min(len(all), partPeople)
			if err := w.give(ctx, Message{Participants: all[:n]}); err != nil {
				return false, err
			}
			all = all[n:]
		}
		if w.Units > 0 {
			return true, nil
		}
	}
	done, err := w.done(ctx)
	if done && err == nil {
		w.Phase = incentive.Ranking
	}
	return !done, err
}

// everybody lists who may have credit or a draw: all members who take part on some day, and all teams where teams have credit.
func (p *plan) everybody(o *people) []string {
	var all []string
	for _, id := range o.ids {
		for i := range p.versions {
			if len(o.spans(p.versions[i].Definition.Participants, id)) > 0 {
				all = append(all, id)
				break
			}
		}
	}
	if p.teams() {
		for _, name := range o.teams() {
			all = append(all, incentive.TeamParticipant(name))
		}
	}
	return all
}

// teams tells whether teams have credit.
func (p *plan) teams() bool {
	for i := range p.versions {
		for _, c := range p.versions[i].Definition.Components {
			if slices.ContainsFunc(c.Credit.Rules, func(r program.CreditRule) bool { return r.Kind == program.Team }) {
				return true
			}
		}
	}
	return false
}

// ranking ranks every period, and shows the edition.
func (w *run) ranking(ctx context.Context) error {
	periods, err := w.plan.periods(dateOf(w.Now(), w.plan))
	if err != nil {
		return err
	}
	for _, name := range periods { // where there are no prizes, there is nothing to do
		if err := w.rank(ctx, Message{Organization: w.Organization, Program: w.p.ID, Edition: w.Edition, Period: name}); err != nil {
			return err
		}
	}
	w.Phase, w.Opened, w.FinishedAt = incentive.Done, periods[len(periods)-1], w.Now().UTC()
	telemetry.Count(ctx, "Built", 1)
	if w.Refresh {
		return nil
	}
	if err := w.show(ctx); err != nil {
		return err
	}
	return w.Outbox.Send(ctx, Message{Kind: Tend, Organization: w.Organization, Program: w.p.ID}, KnownFor)
}

// show makes the edition the one that is shown, by one write. The one before is removed later.
func (w *run) show(ctx context.Context) error {
	for range tries {
		p, err := w.Programs.Program(ctx, w.Organization, w.p.ID)
		if err != nil {
			return fmt.Errorf("keeper: program: %w", err)
		}
		if p.Building == nil || p.Building.ID != w.Edition {
			return nil
		}
		before := p.Live
		p.Live, p.Building, p.Rev, p.UpdatedAt = p.Building, nil, p.Rev+1, w.Now().UTC()
		err = w.Programs.UpdateProgram(ctx, p, nil, nil)
		if fault.Is(err, fault.Conflict) {
			continue
		}
		if err != nil {
			return fmt.Errorf("keeper: show: %w", err)
		}
		if before != nil {
			return w.Outbox.Send(ctx, Message{Kind: Drop, Organization: w.Organization, Program: p.ID, Edition: before.ID}, dropAfter)
		}
		return nil
	}
	return fault.New(fault.Unavailable, "contended", "Others change the program again and again.")
}
