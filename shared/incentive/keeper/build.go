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
	// pagesAtOnce is how many pages of something that has many are gone through by one message, so that others get a turn.
	pagesAtOnce = 20
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
	stored incentive.Run // as it was last read or saved
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
	w.plan, err = r.plan(ctx, p, p.LiveAndBuilding()[i])
	if f := fault.Of(err); f != nil && f.Code == incentive.CodeBroken {
		return r.blame(ctx, who{m.Organization, m.Program, m.Edition, ""}, err)
	}
	if err != nil {
		return err
	}
	if w.Run, err = r.Runs.EditionRun(ctx, m.Organization, m.Edition); err != nil {
		return fmt.Errorf("keeper: run: %w", err)
	}
	w.Organization, w.Edition = m.Organization, m.Edition
	if m.Part != 0 && m.Run != w.ID {
		return nil // it began again, and another message goes on with that
	}
	w.stored = w.Run
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

// save stores the run. A Conflict says that another message goes on with it, or that it has failed. Who only looks after the
// program, or notes an error, keeps nobody from going on: what they wrote is taken over.
func (w *run) save(ctx context.Context) error {
	for range tries {
		w.Rev = w.stored.Rev + 1
		err := w.Runs.SaveRun(ctx, w.Run)
		if err == nil {
			w.stored = w.Run
			return nil
		}
		if !fault.Is(err, fault.Conflict) {
			return fmt.Errorf("keeper: save the run: %w", err)
		}
		now, failed := w.Runs.EditionRun(ctx, w.Organization, w.Edition)
		if failed != nil {
			return fmt.Errorf("keeper: run: %w", failed)
		}
		same := w.stored
		same.TendAt, same.Opened, same.Error, same.Rev = now.TendAt, now.Opened, now.Error, now.Rev
		same.Organization, same.Edition = now.Organization, now.Edition
		if same != now {
			return err
		}
		w.stored, w.TendAt = now, now.TendAt
		if w.Error == "" {
			w.Error = now.Error
		}
		w.Opened = max(w.Opened, now.Opened)
	}
	return fault.New(fault.Unavailable, "contended", "Others change the run of the edition again and again.")
}

func (w *run) goOn(ctx context.Context, m Message) error {
	m.Part, m.Run = 1, w.ID
	for n := 0; ; n++ {
		if n == pagesAtOnce || late(ctx) {
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
		w.Opened = "" // those that are reckoned from now on are up to the period of now, or later
		if today := dateOf(w.Now(), w.plan); today >= w.plan.versions[0].From {
			w.Opened = w.plan.upTo(today).Name
		}
		all, err := w.participants(ctx)
		if err != nil {
			return false, err
		}
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

// participants lists who is reckoned: everybody; and where the edition is shown already, those who have a standing there of an
// earlier day, as somebody who was merged into another has.
func (w *run) participants(ctx context.Context) ([]string, error) {
	all := w.plan.everybody(w.o.people)
	if !w.Refresh {
		return all, nil
	}
	takes := make(map[string]bool, len(all))
	for _, id := range all {
		takes[id] = true
	}
	var others []string
	for id := range w.o.people.members {
		if !takes[id] {
			others = append(others, id)
		}
	}
	slices.Sort(others)
	has := make([]bool, len(others))
	err := each(others, func(i int) error {
		standings, _, err := w.Credits.StandingsOf(ctx, w.Organization, w.Edition, others[i], store.Page{Limit: 1})
		if err != nil {
			return fmt.Errorf("keeper: standings: %w", err)
		}
		has[i] = len(standings) > 0
		return nil
	})
	for i, id := range others {
		if has[i] {
			all = append(all, id)
		}
	}
	return all, err
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
	w.Phase, w.FinishedAt = incentive.Done, w.Now().UTC()
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
		if p.Live != nil { // before it is stored: one that has its place still is not removed
			if err := w.Outbox.Send(ctx, Message{Kind: Drop, Organization: w.Organization, Program: p.ID, Edition: p.Live.ID}, dropAfter); err != nil {
				return err
			}
		}
		p.Live, p.Building, p.Rev, p.UpdatedAt = p.Building, nil, p.Rev+1, w.Now().UTC()
		err = w.Programs.UpdateProgram(ctx, p, nil, nil)
		if fault.Is(err, fault.Conflict) {
			continue
		}
		if err != nil {
			return fmt.Errorf("keeper: show: %w", err)
		}
		return nil
	}
	return fault.New(fault.Unavailable, "contended", "Others change the program again and again.")
}
