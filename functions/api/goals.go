package main

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"leadline/shared/calendar"
	"leadline/shared/fault"
	"leadline/shared/incentive"
	"leadline/shared/incentive/keeper"
	"leadline/shared/number"
	"leadline/shared/problem"
	"leadline/shared/program"
	"leadline/shared/store"
	"leadline/shared/tenant"
)

// ParticipantGoals are what one participant's quotas and targets are, where they are not the components'.
type ParticipantGoals struct {
	Participant string `json:"participant" example:"mem_4f0c9a2b1x7z"`
	Name        string `json:"name,omitempty"`
	Goals       []Goal `json:"goals" nullable:"false"`
}

// Goal is the quota or target of one participant in one component, for some days.
type Goal struct {
	Component string `json:"component" minLength:"1" maxLength:"64" example:"bookings"`
	Target    bool   `json:"target,omitempty" doc:"It is the variable pay at target; else the quota."`
	Amount    string `json:"amount" minLength:"1" maxLength:"40" doc:"Exact; for what the component's own is for: a quarter, if that is the quota of a quarter." example:"100000"`
	From      string `json:"from,omitempty" maxLength:"10" doc:"The first day on which it counts; absent for all before. Where several count on a day, it is the one that began last." example:"2026-10-01"`
	Until     string `json:"until,omitempty" maxLength:"10" doc:"The day when it ends, which is not in it; absent for no end."`
}

func (h *handler) registerGoals(api huma.API) {
	register(api, h, route{
		id: "list-goals", method: http.MethodGet, path: "/v1/programs/{program}/goals", tag: "programs", needs: tenant.Reader,
		summary: "List the goals of participants", text: "Those that have goals of their own, and whose figures the caller sees.", errors: []int{400, 404},
	}, h.listGoals)
	register(api, h, route{
		id: "get-goals", method: http.MethodGet, path: "/v1/programs/{program}/goals/{participant}", tag: "programs", needs: tenant.Reader,
		summary: "Get the goals of a participant", text: "None, where those of the components count.", errors: []int{404},
	}, h.getGoals)
	register(api, h, route{
		id: "set-goals", method: http.MethodPut, path: "/v1/programs/{program}/goals/{participant}", tag: "programs", needs: tenant.Admin,
		summary: "Say what the goals of a participant are", text: "All of them at once; with none, those of the components count. What they change is reckoned anew.", errors: []int{400, 404, 409, 412, 413, 415},
	}, h.setGoals)
}

type listGoalsInput struct {
	ProgramInput
	PageInput
}

type goalsListOutput struct{ Body list[ParticipantGoals] }

func (h *handler) listGoals(ctx context.Context, c caller, in *listGoalsInput) (*goalsListOutput, error) {
	p, err := h.program(ctx, c, in.Program)
	if err != nil {
		return nil, err
	}
	sight, err := h.sight(ctx, c)
	if err != nil {
		return nil, err
	}
	body, err := page(ctx, h, c, in.PageInput, listing[ParticipantGoals, ParticipantGoals]{
		scope: []string{"goals", p.ID},
		read: func(ctx context.Context, page store.Page) ([]ParticipantGoals, string, error) {
			all, next, err := h.Programs.AllGoals(ctx, c.organization, p.ID, page)
			var out []ParticipantGoals
			for _, who := range slices.Sorted(maps.Keys(all)) {
				out = append(out, showGoals(who, nameIn(sight.members, who), all[who]))
			}
			return out, next, err
		},
		show: func(g ParticipantGoals) (ParticipantGoals, int, bool) {
			return g, 256 + 256*len(g.Goals), sight.sees(g.Participant)
		},
	})
	return &goalsListOutput{body}, err
}

type goalsOutput struct {
	ETag string `header:"ETag"`
	Body ParticipantGoals
}

func (h *handler) getGoals(ctx context.Context, c caller, in *ParticipantInput) (*goalsOutput, error) {
	p, err := h.program(ctx, c, in.Program)
	if err != nil {
		return nil, err
	}
	sight, err := h.sight(ctx, c)
	if err != nil {
		return nil, err
	}
	who, err := sight.participant(in.Participant)
	if err != nil {
		return nil, err
	}
	goals, err := h.Programs.Goals(ctx, c.organization, p.ID, who)
	if err != nil {
		return nil, err
	}
	return &goalsOutput{ETag: goalsTag(goals), Body: showGoals(who, nameIn(sight.members, who), goals)}, nil
}

// goalsTag is the ETag of goals: they have no count of their changes, so that it is drawn from what they say.
func goalsTag(goals []incentive.Goal) string {
	text, _ := json.Marshal(goals) // texts and numbers always encode
	sum := sha256.Sum256(text)
	return strconv.Quote(hex.EncodeToString(sum[:8]))
}

type setGoalsInput struct {
	ParticipantInput
	MatchInput
	Body struct {
		Goals []Goal `json:"goals" maxItems:"100" nullable:"false"`
	} `nameHint:"NewGoals"`
}

func (h *handler) setGoals(ctx context.Context, c caller, in *setGoalsInput) (*goalsOutput, error) {
	p, err := h.changeable(ctx, c, in.Program, "")
	if err != nil {
		return nil, err
	}
	sight, err := h.sight(ctx, c)
	if err != nil {
		return nil, err
	}
	who, err := sight.participant(in.Participant)
	if err != nil {
		return nil, err
	}
	before, err := h.Programs.Goals(ctx, c.organization, p.ID, who)
	if err != nil {
		return nil, err
	}
	if in.IfMatch != "" && in.IfMatch != "*" && in.IfMatch != goalsTag(before) {
		return nil, preconditionFailed()
	}
	goals, err := h.readGoals(ctx, p, in.Body.Goals)
	if err != nil {
		return nil, err
	}
	if err := h.Programs.SaveGoals(ctx, c.organization, p.ID, who, goals); err != nil {
		return nil, err
	}
	explain(ctx, "%d goals of %s", len(goals), who)
	if err := h.reckon(ctx, p, who, append(slices.Clone(before), goals...)); err != nil {
		return nil, err
	}
	return &goalsOutput{ETag: goalsTag(goals), Body: showGoals(who, nameIn(sight.members, who), goals)}, nil
}

// readGoals reads goals, and refuses those that cannot be: each with its place.
func (h *handler) readGoals(ctx context.Context, p program.Program, in []Goal) ([]incentive.Goal, error) {
	components, err := h.componentsOf(ctx, p)
	if err != nil {
		return nil, err
	}
	goals := make([]incentive.Goal, len(in))
	d := &problem.Detailed{Fault: fault.New(fault.Invalid, "invalid_goals", "Some of the goals cannot be.")}
	for i, g := range in {
		wrong := func(field string, err error) {
			if f := fault.Of(err); f != nil {
				d.Parts = append(d.Parts, problem.Part{Location: placeOf("body.goals", i, field), Message: f.Message})
			}
		}
		goals[i] = incentive.Goal{Component: g.Component, Target: g.Target}
		if !components[g.Component] {
			wrong("component", fault.New(fault.Invalid, "unknown_component", "The program has no component %q, neither in its draft nor in what is in force.", g.Component))
		}
		var err error
		if goals[i].Amount, err = number.Parse(g.Amount); err != nil {
			wrong("amount", err)
		} else if goals[i].Amount.Sign() <= 0 {
			wrong("amount", fault.New(fault.Invalid, "out_of_range", "It is %s, and must be above 0.", g.Amount))
		}
		if goals[i].Span.From, err = calendar.ParseDate(g.From); err != nil {
			wrong("from", err)
		}
		if goals[i].Span.Until, err = calendar.ParseDate(g.Until); err != nil {
			wrong("until", err)
		} else if goals[i].Span.Empty() {
			wrong("until", fault.New(fault.Invalid, "invalid_span", "It counts on no day: until must be later than from."))
		}
	}
	if len(d.Parts) > 0 {
		return nil, d
	}
	return goals, nil
}

// componentsOf names the components of a program: of its draft, and of the versions that are in force or will be.
func (h *handler) componentsOf(ctx context.Context, p program.Program) (map[string]bool, error) {
	names := map[string]bool{}
	add := func(d program.Definition) {
		for _, c := range d.Components {
			names[c.Name] = true
		}
	}
	if p.Draft != nil {
		add(*p.Draft)
	}
	for _, e := range p.LiveAndBuilding() {
		for _, f := range e.Versions {
			v, err := h.Programs.Version(ctx, p.Organization, p.ID, f.Number)
			if err != nil {
				return nil, err
			}
			add(v.Definition)
		}
	}
	return names, nil
}

// reckon has what goals change reckoned anew: from the first period that one of them counts in.
func (h *handler) reckon(ctx context.Context, p program.Program, who string, goals []incentive.Goal) error {
	if len(goals) == 0 {
		return nil
	}
	first := slices.MinFunc(goals, func(a, b incentive.Goal) int { return cmp.Compare(a.Span.From, b.Span.From) }).Span.From
	for _, e := range p.LiveAndBuilding() {
		v, err := h.Programs.Version(ctx, p.Organization, p.ID, e.Versions[0].Number)
		if err != nil {
			return err
		}
		d := v.Definition
		from := d.Calendar.Of(d.Period, max(first, e.Versions[0].Span.From))
		if from.From > h.todayOf(d) {
			continue // it is reckoned when the period begins
		}
		m := keeper.Message{Kind: keeper.Unit, Organization: p.Organization, Program: p.ID, Edition: e.ID, Participant: who, Period: from.Name}
		if err := h.Calculate.Send(ctx, m, 0); err != nil {
			return err
		}
	}
	return nil
}

func showGoals(who, name string, goals []incentive.Goal) ParticipantGoals {
	out := ParticipantGoals{Participant: who, Name: name, Goals: []Goal{}}
	for _, g := range goals {
		out.Goals = append(out.Goals, Goal{Component: g.Component, Target: g.Target, Amount: g.Amount.String(), From: string(g.Span.From), Until: string(g.Span.Until)})
	}
	return out
}
