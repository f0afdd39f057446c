package keeper

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"leadline/shared/calendar"
	"leadline/shared/fault"
	"leadline/shared/incentive"
	"leadline/shared/number"
	"leadline/shared/program"
	"leadline/shared/record"
)

// Statement is what somebody earned in a period, down to the records behind it.
type Statement struct {
	Standing incentive.Standing
	Result   incentive.Result
	// Input is what it was reckoned from: its credits are those that the lines name.
	Input incentive.Input
	// Versions are those in force in the period.
	Versions []program.Version
	// Open says that the period is not over: figures that depend on all of its deals are a forecast.
	Open bool
	// Reproduced says that the result, made again now, is the one that was stored, to the byte. It is false only where another
	// revision of the engine made it.
	Reproduced bool
}

// CodeNotReckoned is the code of the NotFound for a period that was never reckoned.
const CodeNotReckoned = "not_reckoned"

// Statement makes a statement again from its stored input. NotFound where there is none, in an edition that is not shown too.
func (k *Keeper) Statement(ctx context.Context, p program.Program, participant, name string) (Statement, error) {
	var s Statement
	plan, err := k.shown(ctx, p)
	if err != nil {
		return s, err
	}
	period, err := plan.calendar().Named(plan.kind(), name)
	if err != nil {
		return s, err
	}
	u := incentive.Unit{Organization: p.Organization, Program: p.ID, Edition: plan.edition.ID, Participant: participant, Period: period.Name}
	if s.Standing, err = k.Credits.Standing(ctx, u); err != nil {
		if fault.Is(err, fault.NotFound) {
			err = fault.New(fault.NotFound, CodeNotReckoned, "Nothing was reckoned for %s in %s.", participant, period.Name)
		}
		return s, err
	}
	stored, err := k.loadInput(ctx, u.Organization, u.Edition, s.Standing.InputHash)
	if err != nil {
		return s, err
	}
	if s.Result, err = plan.Calculate(stored.Input); err != nil {
		return s, err
	}
	text, err := json.Marshal(s.Result)
	if err != nil {
		return s, fault.Wrap(err, fault.Internal, "unencodable_result", "keeper: encode a result")
	}
	s.Input, s.Reproduced, s.Open = stored.Input, hashOf(text) == s.Standing.ResultHash, plan.open(period, dateOf(k.Now(), plan))
	if !s.Reproduced && stored.Engine == incentive.Revision {
		k.Log.Error("not reproduced", "organization", u.Organization, "program", u.Program, "participant", u.Participant, "period", u.Period)
	}
	for _, v := range plan.versions {
		if (calendar.Span{From: v.From, Until: v.Until}).Overlaps(period.Span) {
			s.Versions = append(s.Versions, v)
		}
	}
	return s, nil
}

func (p *plan) open(of calendar.Period, today calendar.Date) bool { return today < of.Until }

// CodeNotLive is the code of the Conflict of a program that was not published, or is still being built.
const CodeNotLive = "program_not_live"

// shown gives the edition that a program shows.
func (k *Keeper) shown(ctx context.Context, p program.Program) (*plan, error) {
	if p.Live == nil {
		return nil, fault.New(fault.Conflict, CodeNotLive, "The program %s shows nothing yet: it has to be published, and built.", p.ID)
	}
	return k.plan(ctx, p, *p.Live)
}

// Board is the standings of a period, in the order of their ranks.
type Board struct {
	Period    calendar.Period
	Open      bool
	Standings []incentive.Standing
}

// Board ranks a period as it stands now; the one that today lies in, if no name is given.
func (k *Keeper) Board(ctx context.Context, p program.Program, name string) (Board, error) {
	var b Board
	plan, err := k.shown(ctx, p)
	if err != nil {
		return b, err
	}
	today := dateOf(k.Now(), plan)
	if b.Period = plan.period(today); name != "" {
		if b.Period, err = plan.calendar().Named(plan.kind(), name); err != nil {
			return b, err
		}
	}
	if until := plan.last().Until; b.Period.Until <= plan.versions[0].From || until != "" && b.Period.From >= until {
		if name != "" {
			return b, fault.New(fault.Invalid, calendar.CodePeriod, "%s is not a period of the program: it is in force %s.", b.Period.Name, plan.days())
		}
		if b.Period = plan.first(); until != "" {
			b.Period = plan.upTo(max(today, plan.versions[0].From))
		}
	}
	b.Open = plan.open(b.Period, today)
	standings, err := k.standings(ctx, p.Organization, plan.edition.ID, b.Period.Name)
	if err != nil {
		return b, err
	}
	b.Standings, err = plan.ranked(b.Period.Name, standings)
	return b, err
}

// Why says what each component of a program made of a record, as it is now: why it counts, for whom, or why it does not.
func (k *Keeper) Why(ctx context.Context, p program.Program, key record.Key) ([]incentive.Explained, error) {
	plan, err := k.shown(ctx, p)
	if err != nil {
		return nil, err
	}
	rec, err := k.Records.Get(ctx, key)
	if err != nil {
		return nil, err
	}
	o := &known{at: k.Now()}
	if o.people, err = k.readPeople(ctx, p.Organization, nil); err != nil {
		return nil, err
	}
	w := k.world(ctx, o, p.Organization, plan)
	explained := plan.Explain(incentive.Base{Record: &rec}, w)
	return explained, w.err
}

// Deal is one that somebody may close: what it would be worth to a component, in the program's currency.
type Deal struct {
	Component string
	Value     number.Number
	Date      calendar.Date
	// Cell has the dimensions of the component's rate table, if it has any.
	Cell map[string]string
}

// Estimate is what somebody would earn with some deals more. Nothing is written.
type Estimate struct {
	Period        calendar.Period
	Before, After incentive.Result
}

// maxDeals bounds the deals of an estimate.
const maxDeals = 50

// Estimate reckons what deals would bring a participant, in the period of the first: all are to lie in it.
func (k *Keeper) Estimate(ctx context.Context, p program.Program, participant string, deals []Deal) (Estimate, error) {
	var e Estimate
	plan, err := k.shown(ctx, p)
	if err != nil {
		return e, err
	}
	if p.Archived {
		return e, fault.New(fault.Conflict, "program_archived", "The program is archived: nothing is earned by it any more.")
	}
	if len(deals) == 0 || len(deals) > maxDeals {
		return e, fault.New(fault.Invalid, "invalid_deals", "An estimate is of 1 to %d deals.", maxDeals)
	}
	o := &known{at: k.Now()}
	if o.people, err = k.readPeople(ctx, p.Organization, nil); err != nil {
		return e, err
	}
	s, err := k.subject(ctx, o, plan, who{p.Organization, p.ID, plan.edition.ID, participant})
	if err != nil {
		return e, err
	}
	if !isTeam(participant) && o.people.member(participant) != participant {
		return e, fault.New(fault.NotFound, "unknown_participant", "There is no participant %q.", participant)
	}
	e.Period = plan.period(deals[0].Date)
	imagined := make([]incentive.Credit, len(deals))
	for i, d := range deals {
		if imagined[i], err = plan.imagined(participant, i, d, e.Period); err != nil {
			return e, err
		}
	}
	before, err := k.foreseen(ctx, s, e.Period)
	if err != nil {
		return e, err
	}
	in, err := k.input(ctx, s, e.Period, before)
	if err != nil {
		return e, err
	}
	if e.Before, err = plan.Calculate(in); err != nil {
		return e, err
	}
	in.Credits = append(slices.Clone(in.Credits), imagined...)
	e.After, err = plan.Calculate(in)
	return e, err
}

// maxForeseen bounds how many periods are reckoned to look ahead.
const maxForeseen = 40

// foreseen gives what the period before leaves: as it was reckoned, or, where it was not, as it would be. Nothing is written.
func (k *Keeper) foreseen(ctx context.Context, s subject, of calendar.Period) (incentive.Carried, error) {
	p, cal := of, s.plan.calendar()
	before, known, err := k.carried(ctx, s, p)
	for n := 0; err == nil && !known; n++ {
		if n == maxForeseen {
			return before, fault.New(fault.Invalid, "invalid_deals", "%s is more than %d periods ahead of what has been reckoned: take an earlier day.", of.Name, maxForeseen)
		}
		p = cal.Previous(p)
		before, known, err = k.carried(ctx, s, p)
	}
	for ; err == nil && p.From < of.From; p = cal.Next(p) {
		var c calculation
		if c, err = k.calculated(ctx, s, p, before); err == nil {
			before = c.result.After
		}
	}
	return before, err
}

// imagined gives the credit of a deal that there is not.
func (p *plan) imagined(participant string, i int, d Deal, in calendar.Period) (incentive.Credit, error) {
	var none incentive.Credit
	for _, v := range p.versions {
		at := slices.IndexFunc(v.Definition.Components, func(c program.Component) bool { return c.Name == d.Component })
		if !(calendar.Span{From: v.From, Until: v.Until}).Holds(d.Date) {
			continue
		}
		if at < 0 {
			return none, fault.New(fault.Invalid, "unknown_component", "Deal %d: the program has no component %q on %s.", i+1, d.Component, d.Date)
		}
		if !in.Holds(d.Date) {
			return none, fault.New(fault.Invalid, "invalid_deals", "Deal %d lies outside of %s: an estimate is of one period.", i+1, in.Name)
		}
		id := fmt.Sprintf("~estimate_%03d", i+1)
		return incentive.Credit{ID: id, Component: d.Component, Version: v.Number, Participant: participant, Kind: program.Direct, Date: d.Date,
			Record: record.Key{Object: "estimate", ID: id}, Value: d.Value, Share: number.Of(1), Weight: number.Of(1), Key: id, Cell: d.Cell, Company: true}, nil
	}
	return none, fault.New(fault.Invalid, "invalid_deals", "Deal %d: no version of the program is in force on %q.", i+1, d.Date)
}
