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
	"leadline/shared/program"
	"leadline/shared/telemetry"
)

// reckon reckons some periods of a participant anew, and those behind them as far as the change reaches: up to the period that
// today lies in, unless one leaves to the next what it left before, and none looks back.
func (r *round) reckon(ctx context.Context, w who, periods []string) error {
	o, err := r.organization(ctx, w.organization)
	if err != nil {
		return err
	}
	plan, err := r.edition(ctx, o, w.program, w.edition)
	if err != nil || plan == nil { // the edition has gone, and all that was to be done in it
		return err
	}
	s, err := r.subject(ctx, o, plan, w)
	if err != nil {
		return err
	}
	slices.Sort(periods) // the names of a program's periods sort as they do
	done := ""
	for i, name := range periods {
		if name <= done {
			continue
		}
		if late(ctx) {
			return r.sendOn(ctx, w, periods[i:])
		}
		if done, err = r.chain(ctx, s, name); err != nil {
			return err
		}
	}
	return nil
}

// chain reckons a period and those that follow from it, and names the last one that it reckoned, or sent on.
func (r *round) chain(ctx context.Context, s subject, name string) (done string, err error) {
	p, last, err := s.plan.chain(name, s.today)
	if err != nil {
		return "", err
	}
	before, known, err := r.carried(ctx, s, p)
	if err != nil {
		return "", err
	}
	if !known { // what came before was never reckoned
		p, before = s.plan.first(), incentive.Carried{}
	}
	for {
		if late(ctx) {
			return last.Name, r.sendOn(ctx, s.who, []string{p.Name})
		}
		step, err := r.period(ctx, s, p, before)
		if err != nil {
			return "", err
		}
		if step.saved && s.plan.prizes() {
			r.mu.Lock()
			r.ranks[period{s.organization, s.program, s.edition, p.Name}] = true
			r.mu.Unlock()
		}
		if p.From >= last.From || p.Name >= name && step.known && !step.carries && !s.plan.looksBack() {
			return p.Name, nil
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
}

func (k *Keeper) subject(ctx context.Context, o *known, plan *plan, w who) (subject, error) {
	d := &plan.last().Definition
	s := subject{who: w, plan: plan, today: calendar.DateOf(k.Now(), zoneOf(d.Zone)), parts: map[string][]calendar.Span{}}
	s.spans = o.people.spans(d.Participants, w.participant)
	for i := range plan.versions {
		for _, c := range plan.versions[i].Definition.Components {
			if c.For != nil {
				s.parts[c.Name] = o.people.spans(*c.For, w.participant)
			}
		}
	}
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

// period reckons one period. What was reckoned from the same input is left as it is, and nothing is written. Otherwise the
// generation of the unit is counted up before the input is read: of two that reckon at once, the one with the higher generation
// read later, and what it saves stands.
func (k *Keeper) period(ctx context.Context, s subject, p calendar.Period, before incentive.Carried) (step, error) {
	standing, err := k.Credits.Standing(ctx, s.unit(p))
	known := err == nil
	if err != nil && !fault.Is(err, fault.NotFound) {
		return step{}, fmt.Errorf("keeper: standing: %w", err)
	}
	c, err := k.calculated(ctx, s, p, before)
	if err != nil {
		return step{}, err
	}
	if known && standing.InputHash == c.hash {
		return step{known: true, after: standing.After}, nil
	}
	if !known && idle(c.stored.Input, c.result) {
		return step{after: c.result.After}, nil
	}
	generation, err := k.Credits.Touch(ctx, s.unit(p))
	if err != nil {
		return step{}, fmt.Errorf("keeper: touch: %w", err)
	}
	if c, err = k.calculated(ctx, s, p, before); err != nil {
		return step{}, err
	}
	next, err := s.standing(p, c.stored.Input, c.result)
	if err != nil {
		return step{}, err
	}
	next.InputHash, next.Generation, next.At = c.hash, generation, k.Now().UTC()
	if err := k.saveInput(ctx, s.organization, c.stored, c.text, c.hash); err != nil {
		return step{}, err
	}
	saved, err := k.Credits.SaveStanding(ctx, next)
	if err != nil {
		return step{}, fmt.Errorf("keeper: save a standing: %w", err)
	}
	if !saved { // somebody with newer input has, and goes on from there
		telemetry.Count(ctx, "ReckonedAtOnce", 1)
	}
	return step{known: known, saved: saved, carries: digest(standing.After) != digest(c.result.After), after: c.result.After}, nil
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

// score gives what a period's result ranks by, and when it was reached: at the last of its credits.
func (p *plan) score(on calendar.Period, in incentive.Input, r incentive.Result) (string, time.Time) {
	var reached time.Time
	standing := p.standing()
	component := ""
	if standing != nil {
		component = standing.By.Component
	}
	for _, c := range in.Credits {
		if on.Holds(c.Date) && (component == "" || c.Component == component) && c.At.After(reached) {
			reached = c.At
		}
	}
	if standing == nil {
		return fmt.Sprint(r.Earned), reached
	}
	for i := len(r.Components) - 1; i >= 0; i-- {
		o := r.Components[i]
		if component != "" && o.Component != component {
			continue
		}
		switch standing.By.Of {
		case program.ByAttainment:
			if o.Attainment == nil {
				return "0", reached
			}
			return o.Attainment.String(), reached
		case program.ByCount:
			return fmt.Sprint(o.Count), reached
		case program.ByEarned:
			return fmt.Sprint(o.Amount), reached
		default:
			return o.Measure.String(), reached
		}
	}
	return "0", reached
}
