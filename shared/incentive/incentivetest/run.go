package incentivetest

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"leadline/shared/calendar"
	"leadline/shared/incentive"
	"leadline/shared/money"
	"leadline/shared/number"
	"leadline/shared/program"
)

// Unit is one participant and period of a worked example.
type Unit struct {
	Participant string
	Period      string
}

// Run is a worked example that was reckoned.
type Run struct {
	Case     Case
	Credits  []incentive.Credit
	Refusals map[string][]incentive.Refusal // by deal
	// Units are in the order in which they were reckoned: by period, then participant.
	Units   []Unit
	Inputs  map[Unit]incentive.Input
	Results map[Unit]incentive.Result
	// figures says that the results hold figures only, without reasons.
	figures bool
}

// Calculate is how a period is reckoned: by the engine (incentive.Plan.Calculate) or the oracle.
type Calculate func(incentive.Input) (incentive.Result, error)

// Run credits the deals of a case, and reckons all periods that it speaks of.
func (c Case) Run(plan *incentive.Plan, calculate Calculate) (*Run, error) {
	world, err := c.world()
	if err != nil {
		return nil, err
	}
	run := &Run{Case: c, Refusals: map[string][]incentive.Refusal{}, Inputs: map[Unit]incentive.Input{}, Results: map[Unit]incentive.Result{}}
	for _, row := range c.Tables["Deals"].Rows {
		deal, err := Deal(row)
		if err != nil {
			return nil, err
		}
		credits, refusals := plan.Credit(incentive.Base{Record: &deal}, world)
		run.Credits = append(run.Credits, credits...)
		run.Refusals[deal.ID] = refusals
	}
	return run, run.reckon(world, calculate)
}

// Again reckons the inputs of a run by the oracle, each period with what the one before left by it.
func (r *Run) Again(calculate Calculate) (*Run, error) {
	again := &Run{figures: true, Case: r.Case, Credits: r.Credits, Refusals: r.Refusals, Units: r.Units, Inputs: map[Unit]incentive.Input{}, Results: map[Unit]incentive.Result{}}
	before := map[string]incentive.Carried{}
	for _, u := range r.Units {
		in := r.Inputs[u]
		in.Before = before[u.Participant]
		result, err := calculate(in)
		if err != nil {
			return nil, fmt.Errorf("%s in %s: %w", u.Participant, u.Period, err)
		}
		before[u.Participant] = result.After
		again.Inputs[u], again.Results[u] = in, result
	}
	return again, nil
}

func (r *Run) reckon(world *World, calculate Calculate) error {
	goals, err := r.Case.goals()
	if err != nil {
		return err
	}
	periods, err := r.Case.periods()
	if err != nil {
		return err
	}
	taken := map[string]map[string]money.Amount{}
	before := map[string]incentive.Carried{}
	for _, period := range periods {
		for _, who := range r.participants() {
			u := Unit{who, period.Name}
			in := incentive.Input{Participant: who, Period: period, Goals: goals[who], Taken: taken[who], Before: before[who], Released: r.released(who)}
			r.spans(&in, world)
			for _, credit := range r.Credits {
				if credit.Participant == who && (period.Until == "" || credit.Date < period.Until) {
					in.Credits = append(in.Credits, credit)
				}
			}
			result, err := calculate(in)
			if err != nil {
				return fmt.Errorf("%s in %s: %w", who, period.Name, err)
			}
			before[who] = result.After
			taken[who] = TakenBy(taken[who], result)
			r.Units = append(r.Units, u)
			r.Inputs[u], r.Results[u] = in, result
		}
	}
	return nil
}

// TakenBy adds what credits earned in a period to what is known of earlier ones.
func TakenBy(before map[string]money.Amount, result incentive.Result) map[string]money.Amount {
	all := map[string]money.Amount{}
	for id, amount := range before {
		all[id] = amount
	}
	for _, outcome := range result.Components {
		for _, line := range outcome.Lines {
			if line.Credit != "" {
				all[line.Credit] = money.Amount{Minor: all[line.Credit].Minor + line.Amount, Currency: result.Currency}
			}
		}
	}
	return all
}

func (r *Run) spans(in *incentive.Input, world *World) {
	last := r.Case.Versions[len(r.Case.Versions)-1]
	first := r.Case.Versions[0].From
	in.Spans = world.Spans(last.Definition.Participants, in.Participant, first)
	for _, c := range last.Definition.Components {
		if c.For == nil {
			continue
		}
		if in.ComponentSpans == nil {
			in.ComponentSpans = map[string][]calendar.Span{}
		}
		in.ComponentSpans[c.Name] = world.Spans(*c.For, in.Participant, first)
	}
}

// participants gives everybody that the case speaks of, sorted.
func (r *Run) participants() []string {
	seen := map[string]bool{}
	for _, credit := range r.Credits {
		seen[credit.Participant] = true
	}
	for _, name := range []string{"People", "Expect"} {
		for _, row := range r.Case.Tables[name].Rows {
			seen[row["who"]] = true
		}
	}
	var all []string
	for who := range seen {
		if who != "" {
			all = append(all, who)
		}
	}
	slices.Sort(all)
	return all
}

// periods gives those from the first that is spoken of to the last.
func (c Case) periods() ([]calendar.Period, error) {
	var stated []calendar.Period
	if len(c.Versions) == 0 {
		return nil, nil
	}
	last := c.Versions[len(c.Versions)-1].Definition
	for _, table := range []string{"Expect", "Lines", "Ranking"} {
		for _, row := range c.Tables[table].Rows {
			if row["period"] == "" {
				continue
			}
			p, err := last.Calendar.Named(last.Period, row["period"])
			if err != nil {
				return nil, err
			}
			stated = append(stated, p)
		}
	}
	if len(stated) == 0 {
		return nil, nil
	}
	slices.SortFunc(stated, func(a, b calendar.Period) int { return cmp.Compare(a.From, b.From) })
	return last.Calendar.Within(last.Period, calendar.Span{From: stated[0].From, Until: stated[len(stated)-1].Until}), nil
}

func (c Case) goals() (map[string][]incentive.Goal, error) {
	goals := map[string][]incentive.Goal{}
	for _, row := range c.Tables["Goals"].Rows {
		amount, err := parse(row["amount"])
		if err != nil {
			return nil, err
		}
		g := incentive.Goal{Component: row["component"], Target: row["goal"] == "target", Amount: amount, Span: span(row)}
		if g.Component == "" {
			g.Component = c.only()
		}
		goals[row["who"]] = append(goals[row["who"]], g)
	}
	return goals, nil
}

// only gives the name of the component of a case that has but one.
func (c Case) only() string {
	name := ""
	for _, v := range c.Versions {
		for _, component := range v.Definition.Components {
			if name != "" && name != component.Name {
				return ""
			}
			name = component.Name
		}
	}
	return name
}

func (r *Run) released(who string) map[string]calendar.Date {
	var released map[string]calendar.Date
	for _, row := range r.Case.Tables["Released"].Rows {
		for _, credit := range r.Credits {
			if credit.Participant == who && row["who"] == who && credit.Record.ID == row["deal"] && (row["component"] == "" || row["component"] == credit.Component) {
				if released == nil {
					released = map[string]calendar.Date{}
				}
				released[credit.ID] = calendar.Date(row["on"])
			}
		}
	}
	return released
}

func parse(cell string) (number.Number, error) {
	return number.Parse(strings.ReplaceAll(cell, ",", ""))
}

// Score gives what a standing ranks by.
func Score(by program.By, only string, result incentive.Result) number.Number {
	if by.Component == "" && (by.Of == program.ByEarned || only == "") {
		return number.Of(result.Earned)
	}
	name := cmp.Or(by.Component, only)
	var score number.Number
	for _, o := range result.Components {
		if o.Component != name {
			continue
		}
		switch by.Of {
		case program.ByAttainment:
			if o.Attainment != nil {
				score = score.Add(*o.Attainment)
			}
		case program.ByCount:
			score = score.Add(number.Of(int64(o.Count)))
		case program.ByEarned:
			score = score.Add(o.Exact)
		default:
			score = score.Add(o.Measure)
		}
	}
	return score
}
