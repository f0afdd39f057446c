package keeper

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"leadline/shared/calendar"
	"leadline/shared/fault"
	"leadline/shared/incentive"
	"leadline/shared/money"
	"leadline/shared/telemetry"
)

// outlives is longer than an invocation may last.
const outlives = 90 * time.Second

// reckon reckons some periods of a participant anew, and those behind them as far as the change reaches: up to the period that
// today lies in, unless one leaves to the next what it left before, and none looks back. It gives the periods that there was no
// time for. In a run, all periods are named, and all are ranked at its end.
func (r *round) reckon(ctx context.Context, w who, periods []string, inRun bool) (left []string, err error) {
	o, err := r.organization(ctx, w.organization)
	if err != nil {
		return nil, err
	}
	plan, _, err := r.edition(ctx, o, w)
	if err != nil || plan == nil { // the edition has gone, and all that was to be done in it
		return nil, err
	}
	if o.people == nil { // what is remembered is older than the program
		return nil, fault.New(fault.Unavailable, "too_early", "The program is not known everywhere yet.")
	}
	s, err := r.subject(ctx, o, plan, w)
	if err != nil {
		return nil, err
	}
	s.inRun = inRun
	slices.Sort(periods) // the names of a program's periods sort as they do
	done := ""
	for i, name := range slices.Compact(periods) {
		if name <= done {
			continue
		}
		if late(ctx) {
			return periods[i:], nil
		}
		var rest string
		if done, rest, err = r.chain(ctx, s, name); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if rest != "" {
			return append([]string{rest}, periods[i:]...), nil
		}
	}
	return nil, nil
}

// chain reckons a period and those that follow from it, and names the last one that it reckoned, and the one that it did not come to.
func (r *round) chain(ctx context.Context, s subject, name string) (done, left string, err error) {
	p, last, err := s.plan.chain(name, s.today)
	if err != nil || last.Name == "" {
		return name, "", err
	}
	before, known, err := r.carried(ctx, s, p)
	if err != nil {
		return "", "", err
	}
	if !known { // what came before was never reckoned
		p, before = s.plan.first(), incentive.Carried{}
	}
	for {
		if late(ctx) {
			return "", p.Name, nil
		}
		step, err := r.period(ctx, s, p, before, p.From < last.From)
		if err != nil {
			return "", "", err
		}
		// What is named is ranked though nothing was written: whoever wrote it may have been killed before it was.
		if (step.saved || p.Name == name) && s.plan.prizes() && !s.inRun {
			r.mu.Lock()
			r.ranks[period{s.organization, s.program, s.edition, p.Name}] = true
			r.mu.Unlock()
		}
		if p.From >= last.From || p.Name >= name && step.known && !step.carries && !s.plan.looksBack() {
			return p.Name, "", nil
		}
		p, before = s.plan.calendar().Next(p), step.after
	}
}

// subject is a participant of a plan, with what does not depend on the period.
type subject struct {
	who
	plan  *plan
	today calendar.Date
	spans []calendar.Span
	parts map[string][]calendar.Span
	goals []incentive.Goal
	inRun bool
}

func (k *Keeper) subject(ctx context.Context, o *known, plan *plan, w who) (subject, error) {
	s := subject{who: w, plan: plan, today: dateOf(k.Now().Add(skew), plan)}
	s.spans, s.parts = plan.takingPart(o.people, w.participant)
	var err error
	if s.goals, err = k.Programs.Goals(ctx, w.organization, w.program, w.participant); err != nil {
		return s, fmt.Errorf("keeper: goals: %w", err)
	}
	return s, nil
}

func (s subject) unit(p calendar.Period) incentive.Unit {
	return incentive.Unit{Organization: s.organization, Program: s.program, Edition: s.edition, Participant: s.participant, Period: p.Name}
}

// carried gives what the period before left; false if that is not known.
func (k *Keeper) carried(ctx context.Context, s subject, p calendar.Period) (incentive.Carried, bool, error) {
	if p.From <= s.plan.first().From {
		return incentive.Carried{}, true, nil
	}
	before, err := k.Credits.Standing(ctx, s.unit(s.plan.calendar().Previous(p)))
	switch {
	case fault.Is(err, fault.NotFound):
		return incentive.Carried{}, false, nil
	case err != nil:
		return incentive.Carried{}, false, fmt.Errorf("keeper: the period before: %w", err)
	}
	return before.After, true, nil
}

// step is what became of one period: whether it was stored before, whether it was written now, and whether it leaves to the next
// something else than before.
type step struct {
	known, saved, carries bool
	after                 incentive.Carried
}

// period reckons one period. What was reckoned from the same input is left as it is, and nothing is written, unless somebody else
// is at it with a newer generation. Otherwise the generation of the unit is counted up before any of its input is read: of two that
// reckon at once, the one with the higher generation read later, and what it saves stands. goesOn says that there are periods behind.
func (r *round) period(ctx context.Context, s subject, p calendar.Period, before incentive.Carried, goesOn bool) (step, error) {
	present, known, err := r.present(ctx, s, p)
	if err != nil {
		return step{}, err
	}
	c, err := r.calculated(ctx, s, p, before)
	if err != nil {
		return step{}, err
	}
	if known && present.InputHash == c.hash || !known && idle(c.stored.Input, c.result) {
		touched, err := r.Credits.Touched(ctx, s.unit(p))
		if err != nil {
			return step{}, fmt.Errorf("keeper: generation: %w", err)
		}
		if touched == present.Generation { // else somebody may be about to save what was reckoned from older input
			return step{known: known, after: c.result.After}, nil
		}
	}
	generation, err := r.Credits.Touch(ctx, s.unit(p))
	if err != nil {
		return step{}, fmt.Errorf("keeper: touch: %w", err)
	}
	if s, before, err = r.afresh(ctx, s, p, before); err != nil {
		return step{}, err
	}
	if present, known, err = r.present(ctx, s, p); err != nil {
		return step{}, err
	}
	if c, err = r.calculated(ctx, s, p, before); err != nil {
		return step{}, err
	}
	next, err := s.standing(p, c.stored.Input, c.result)
	if err != nil {
		return step{}, err
	}
	next.InputHash, next.Generation, next.At = c.hash, generation, r.Now().UTC()
	// Where another is between this one and what stands, what this one takes the place of is not known: the next period is looked at.
	carries := digest(present.After) != digest(c.result.After) || present.Generation != generation-1
	if carries && goesOn && !s.inRun {
		if err := r.safeguard(ctx, s, p); err != nil {
			return step{}, err
		}
	}
	if err := r.saveInput(ctx, s.organization, c.stored, c.text, c.hash); err != nil {
		return step{}, err
	}
	saved, err := r.Credits.SaveStanding(ctx, next)
	if err != nil {
		return step{}, fmt.Errorf("keeper: save a standing: %w", err)
	}
	if !saved { // somebody with newer input has, and goes on from there
		telemetry.Count(ctx, "ReckonedAtOnce", 1)
	}
	if saved && !s.inRun {
		r.noteMoved(period{s.organization, s.program, s.edition, p.Name}, s.participant)
	}
	return step{known: known, saved: saved, carries: carries, after: c.result.After}, nil
}

// present reads the standing of a period; known is false where there is none.
func (k *Keeper) present(ctx context.Context, s subject, p calendar.Period) (standing incentive.Standing, known bool, err error) {
	standing, err = k.Credits.Standing(ctx, s.unit(p))
	if fault.Is(err, fault.NotFound) {
		return incentive.Standing{}, false, nil
	}
	if err != nil {
		return standing, false, fmt.Errorf("keeper: standing: %w", err)
	}
	return standing, true, nil
}

// afresh reads again, once the generation is counted up, what was read before: people, goals, and what the period before left.
func (k *Keeper) afresh(ctx context.Context, s subject, p calendar.Period, before incentive.Carried) (subject, incentive.Carried, error) {
	o, err := k.organization(ctx, s.organization)
	if err != nil {
		return s, before, err
	}
	if o.people != nil {
		inRun := s.inRun
		if s, err = k.subject(ctx, o, s.plan, s.who); err != nil {
			return s, before, err
		}
		s.inRun = inRun
	}
	stored, known, err := k.carried(ctx, s, p)
	if err != nil || !known { // nothing was kept of an idle period: what it leaves is what was reckoned
		return s, before, err
	}
	return s, stored, nil
}

// safeguard has the next period reckoned later, whatever becomes of this invocation. Were it killed when this period is saved, and
// the next one is not, a repetition would find nothing to do here, and stop.
func (k *Keeper) safeguard(ctx context.Context, s subject, p calendar.Period) error {
	m := Message{Kind: Unit, Organization: s.organization, Program: s.program, Edition: s.edition, Participant: s.participant,
		Period: s.plan.calendar().Next(p).Name}
	return k.Outbox.Send(ctx, m, outlives)
}

// calculation is a result with the stored form of what it was reckoned from.
type calculation struct {
	stored Stored
	text   []byte
	hash   string
	result incentive.Result
}

func (k *Keeper) calculated(ctx context.Context, s subject, p calendar.Period, before incentive.Carried) (calculation, error) {
	in, err := k.input(ctx, s, p, before)
	if err != nil {
		return calculation{}, err
	}
	c := calculation{stored: Stored{Engine: incentive.Revision, Program: s.program, Edition: s.edition, Input: in}}
	if c.text, c.hash, err = c.stored.encode(); err != nil {
		return c, err
	}
	telemetry.Count(ctx, "Calculated", 1)
	c.result, err = s.plan.Calculate(in)
	return c, err
}

// idle tells whether nothing is worth keeping: somebody who takes no part, and has nothing.
func idle(in incentive.Input, r incentive.Result) bool {
	if len(in.Credits) > 0 || r.Earned != 0 || r.Payable != 0 || len(r.After.Owed)+len(r.After.Holds)+len(r.After.Excess) > 0 {
		return false
	}
	return isTeam(in.Participant) || !slices.ContainsFunc(in.Spans, func(s calendar.Span) bool { return s.Overlaps(in.Period.Span) })
}

// input gathers what a period is reckoned from.
func (k *Keeper) input(ctx context.Context, s subject, p calendar.Period, before incentive.Carried) (incentive.Input, error) {
	in := incentive.Input{Participant: s.participant, Period: p, Spans: s.spans, Goals: s.goals, Before: before}
	if len(s.parts) > 0 {
		in.ComponentSpans = s.parts
	}
	var err error
	if in.Credits, err = k.Credits.Credits(ctx, s.organization, s.edition, s.participant, s.plan.window(p)); err != nil {
		return in, fmt.Errorf("keeper: credits: %w", err)
	}
	for _, c := range in.Credits {
		if !c.TakeBack || !p.Holds(c.Date) {
			continue
		}
		amount, err := k.taken(ctx, s, c)
		if err != nil {
			return in, err
		}
		if in.Taken == nil {
			in.Taken = map[string]money.Amount{}
		}
		in.Taken[c.Of] = amount
	}
	return in, nil
}

// taken gives what a credit that is taken back earned in its own period, which has been reckoned before.
func (k *Keeper) taken(ctx context.Context, s subject, c incentive.Credit) (money.Amount, error) {
	d := &s.plan.last().Definition
	none := money.Amount{Currency: d.Currency}
	f, err := k.Credits.Footprint(ctx, s.organization, s.edition, c.Record)
	if err != nil {
		return none, fmt.Errorf("keeper: footprint: %w", err)
	}
	for _, ref := range f.Credits {
		if ref.ID != c.Of || ref.Participant != s.participant {
			continue
		}
		_, result, err := k.made(ctx, s.plan, s.unit(s.plan.period(ref.Date)))
		if fault.Is(err, fault.NotFound) {
			return none, nil
		}
		if err != nil {
			return none, err
		}
		for _, o := range result.Components {
			for _, l := range o.Lines {
				if l.Credit == c.Of {
					none.Minor += l.Amount
				}
			}
		}
	}
	return none, nil
}

// made makes a result again from its stored input.
func (k *Keeper) made(ctx context.Context, plan *plan, u incentive.Unit) (incentive.Standing, incentive.Result, error) {
	standing, err := k.Credits.Standing(ctx, u)
	if err != nil {
		return standing, incentive.Result{}, err
	}
	stored, err := k.loadInput(ctx, u.Organization, u.Edition, standing.InputHash)
	if err != nil {
		return standing, incentive.Result{}, err
	}
	result, err := plan.Calculate(stored.Input)
	return standing, result, err
}

// standing gives the small form of a result.
func (s subject) standing(p calendar.Period, in incentive.Input, r incentive.Result) (incentive.Standing, error) {
	text, err := json.Marshal(r)
	if err != nil {
		return incentive.Standing{}, fault.Wrap(err, fault.Internal, "unencodable_result", "keeper: encode a result")
	}
	made := incentive.Standing{Unit: s.unit(p), ResultHash: hashOf(text), Currency: r.Currency, Earned: r.Earned, Payable: r.Payable, Base: r.Payable, After: r.After}
	for _, o := range r.Components {
		f := incentive.Figure{Component: o.Component, Version: o.Version, Credits: o.Credits, Measure: o.Measure.String(), Amount: o.Amount}
		if o.Quota != nil {
			f.Quota = o.Quota.String()
		}
		if o.Attainment != nil {
			f.Attainment = o.Attainment.String()
		}
		if o.Why != nil {
			f.Why = o.Why.Code
		}
		made.Figures = append(made.Figures, f)
	}
	made.Score, made.Reached = s.plan.score(p, in, r)
	return made, nil
}
