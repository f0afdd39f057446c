package main

import (
	"context"

	"leadline/shared/calendar"
	"leadline/shared/fault"
	"leadline/shared/incentive"
	"leadline/shared/incentive/keeper"
	"leadline/shared/number"
	"leadline/shared/problem"
)

type listCreditsInput struct {
	ParticipantInput
	PageInput
	From  string `query:"from" maxLength:"10" doc:"The first day; that of the present period if both are left out." example:"2026-11-01"`
	Until string `query:"until" maxLength:"10" doc:"The day when it ends, which is not in it." example:"2026-12-01"`
}

type creditsOutput struct{ Body list[Credit] }

func (h *handler) listCredits(ctx context.Context, c caller, in *listCreditsInput) (*creditsOutput, error) {
	p, versions, who, _, err := h.seen(ctx, c, in.ParticipantInput)
	if err != nil {
		return nil, err
	}
	d := versions[len(versions)-1].Definition
	within := d.Calendar.Of(d.Period, h.todayOf(d)).Span
	if in.From != "" || in.Until != "" {
		if within.From, err = calendar.ParseDate(in.From); err != nil {
			return nil, err
		}
		if within.Until, err = calendar.ParseDate(in.Until); err != nil {
			return nil, err
		}
		if err := within.Check(); err != nil {
			return nil, err
		}
	}
	credits, err := h.Credits.Credits(ctx, c.organization, p.Live.ID, who, within)
	if err != nil {
		return nil, err
	}
	body, err := page(ctx, h, c, in.PageInput, listing[incentive.Credit, Credit]{
		scope: []string{"credits", p.ID, p.Live.ID, who, string(within.From), string(within.Until)},
		read:  inMemory(credits),
		show: func(one incentive.Credit) (Credit, int, bool) {
			return showCredit(one), entry{credit: &one}.length(), true
		},
	})
	return &creditsOutput{body}, err
}

// Estimate is what deals would bring.
type Estimate struct {
	Participant string        `json:"participant"`
	Period      ProgramPeriod `json:"period"`
	Currency    string        `json:"currency"`
	Before      EstimateSide  `json:"before"`
	After       EstimateSide  `json:"after"`
	Difference  Money         `json:"difference" doc:"What would be paid more. Prizes of ranks are not in it."`
}

// EstimateSide is what a period comes to, without or with the deals.
type EstimateSide struct {
	Earned     Money                `json:"earned"`
	Payable    Money                `json:"payable"`
	Components []StatementComponent `json:"components" nullable:"false"`
}

// EstimateDeal is a deal that somebody may close.
type EstimateDeal struct {
	Component string            `json:"component" minLength:"1" maxLength:"64" example:"commission"`
	Value     string            `json:"value" minLength:"1" maxLength:"40" doc:"What it would be worth to the component, exact: of money in major units of the program's currency." example:"12000"`
	Date      string            `json:"date,omitempty" maxLength:"10" doc:"The day that it would count on; today if left out. All deals lie in one period." example:"2026-11-30"`
	Cell      map[string]string `json:"cell,omitempty" nullable:"false" doc:"The dimensions of the component's rate table, if it has any."`
}

type estimateInput struct {
	ProgramInput
	Body struct {
		Participant string         `json:"participant,omitempty" maxLength:"250" doc:"The caller's own member if left out."`
		Deals       []EstimateDeal `json:"deals" minItems:"1" maxItems:"50" nullable:"false"`
	} `nameHint:"NewEstimate"`
}

type estimateOutput struct{ Body Estimate }

func (h *handler) estimate(ctx context.Context, c caller, in *estimateInput) (*estimateOutput, error) {
	whom := in.Body.Participant
	if whom == "" {
		whom = "me"
	}
	p, versions, who, _, err := h.seen(ctx, c, ParticipantInput{in.ProgramInput, whom})
	if err != nil {
		return nil, err
	}
	last := versions[len(versions)-1].Definition
	deals := make([]keeper.Deal, len(in.Body.Deals))
	d := &problem.Detailed{Fault: fault.New(fault.Invalid, "invalid_deals", "Some of the deals cannot be read.")}
	wrong := func(i int, field string, err error) {
		if f := fault.Of(err); f != nil {
			d.Parts = append(d.Parts, problem.Part{Location: placeOf("body.deals", i, field), Message: f.Message})
		}
	}
	for i, one := range in.Body.Deals {
		deals[i] = keeper.Deal{Component: one.Component, Cell: one.Cell, Date: h.todayOf(last)}
		if deals[i].Value, err = number.Parse(one.Value); err != nil {
			wrong(i, "value", err)
		}
		if one.Date == "" {
			continue
		}
		if deals[i].Date, err = calendar.ParseDate(one.Date); err != nil {
			wrong(i, "date", err)
		}
	}
	if len(d.Parts) > 0 {
		return nil, d
	}
	e, err := h.incentives.Estimate(ctx, p, who, deals)
	if err != nil {
		return nil, err
	}
	currency := e.After.Currency
	return &estimateOutput{Estimate{Participant: who, Period: showPeriod(e.Period), Currency: currency, Before: showSide(e.Before), After: showSide(e.After),
		Difference: showMoney(e.After.Payable-e.Before.Payable, currency)}}, nil
}

func showSide(r incentive.Result) EstimateSide {
	out := EstimateSide{Earned: showMoney(r.Earned, r.Currency), Payable: showMoney(r.Payable, r.Currency), Components: []StatementComponent{}}
	for _, o := range r.Components {
		out.Components = append(out.Components, showOutcome(o, r.Currency, ""))
	}
	return out
}
