package main

import (
	"maps"
	"slices"
	"time"

	"leadline/shared/incentive"
	"leadline/shared/money"
	"leadline/shared/number"
)

// Credit is what one record counts for one participant in one component.
type Credit struct {
	ID          string            `json:"id"`
	Component   string            `json:"component"`
	Version     int               `json:"version" doc:"That of the program."`
	Participant string            `json:"participant"`
	Kind        string            `json:"kind" enum:"direct,split,overlay,rollup,team"`
	Date        string            `json:"date" doc:"The day that it counts on."`
	At          *time.Time        `json:"at,omitempty" doc:"Orders the credits of a day."`
	Record      RecordName        `json:"record"`
	Rev         int64             `json:"rev" doc:"How the record was: GET its history for what it said."`
	Value       string            `json:"value" doc:"Share times what the record is worth, in the program's currency if that is money. Exact."`
	Share       string            `json:"share" doc:"1 for all of it."`
	Weight      string            `json:"weight,omitempty"`
	Key         string            `json:"key,omitempty" doc:"What distinct counts."`
	Worth       string            `json:"worth,omitempty" doc:"What the record is worth in its own currency."`
	Currency    string            `json:"currency,omitempty" doc:"The record's own."`
	Rate        *CreditRate       `json:"rate,omitempty" doc:"The exchange rate that converted it; absent where nothing was."`
	Cell        map[string]string `json:"cell,omitempty" nullable:"false" doc:"What the dimensions of rate tables are for it."`
	Release     string            `json:"release,omitempty" doc:"The day on which what is held back of it is paid."`
	Levels      int               `json:"levels,omitempty" doc:"Of a roll-up: how far above the record's owner the participant is."`
	Reversal    bool              `json:"reversal,omitempty" doc:"It takes another back."`
	Of          string            `json:"of,omitempty" doc:"The credit that it takes back."`
	TakeBack    bool              `json:"take_back,omitempty" doc:"What that earned is taken back, rather than that its value counts less."`
}

// CreditRate is the row of the exchange rates that converted a credit, as it was then.
type CreditRate struct {
	From  string `json:"from" example:"USD"`
	To    string `json:"to" example:"EUR"`
	Value string `json:"value" doc:"What one unit of from is in units of to." example:"0.92"`
	Since string `json:"since" doc:"The first day on which it counts."`
	Until string `json:"until,omitempty"`
	Rev   int64  `json:"rev" doc:"That of the row."`
}

func showCredit(c incentive.Credit) Credit {
	out := Credit{ID: c.ID, Component: c.Component, Version: c.Version, Participant: c.Participant, Kind: string(c.Kind), Date: string(c.Date), At: someTime(c.At),
		Record: showRecordName(c.Record), Rev: c.Rev, Value: c.Value.String(), Share: c.Share.String(), Weight: someNumber(c.Weight), Key: c.Key, Currency: c.Currency,
		Cell: c.Cell, Release: string(c.Release), Levels: c.Levels, Reversal: c.Reversal, Of: c.Of, TakeBack: c.TakeBack}
	if c.Currency != "" {
		out.Worth = c.Worth.String()
	}
	if c.Rate != nil {
		out.Rate = showCreditRate(*c.Rate)
	}
	return out
}

func showCreditRate(r money.Rate) *CreditRate {
	return &CreditRate{From: r.From, To: r.To, Value: r.Value.String(), Since: string(r.Span.From), Until: string(r.Span.Until), Rev: r.Rev}
}

// someNumber writes a number that may be absent.
func someNumber(n number.Number) string {
	if n.IsZero() {
		return ""
	}
	return n.String()
}

func showOutcome(o incentive.Outcome, currency, title string) StatementComponent {
	out := StatementComponent{Component: o.Component, Title: title, Version: o.Version, Credits: o.Credits, Measure: o.Measure.String(), Count: o.Count,
		Exact: o.Exact.String(), Amount: showMoney(o.Amount, currency)}
	for _, field := range []struct {
		to   *string
		from *number.Number
	}{{&out.Quota, o.Quota}, {&out.Attainment, o.Attainment}, {&out.Target, o.Target}} {
		if field.from != nil {
			*field.to = field.from.String()
		}
	}
	for _, g := range o.Goals {
		out.Goals = append(out.Goals, StatementGoal{Target: g.Target, From: string(g.Span.From), Until: string(g.Span.Until), Full: g.Full.String(), Days: g.Days, Of: g.Of,
			Ramp: g.Ramp.String(), Amount: g.Amount.String()})
	}
	if o.Why != nil {
		out.Why = &StatementWhy{Code: o.Why.Code, Detail: o.Why.Detail}
	}
	return out
}

func showLine(l incentive.Line, currency string) StatementLine {
	return StatementLine{Kind: string(l.Kind), Credit: l.Credit, Step: l.Step, Cell: l.Cell, Tier: l.Tier, From: l.From.String(), To: l.To.String(), Base: l.Base.String(),
		Rate: l.Rate.String(), Exact: l.Exact.String(), Amount: showMoney(l.Amount, currency), Note: l.Note}
}

func showCarried(a incentive.Carried, currency string) StatementCarried {
	out := StatementCarried{Owed: []StatementAdvance{}, Excess: []StatementExcess{}, Holds: []StatementHold{}}
	for _, o := range a.Owed {
		out.Owed = append(out.Owed, StatementAdvance{Period: o.Period, Amount: showMoney(o.Amount, currency)})
	}
	for _, name := range slices.Sorted(maps.Keys(a.Excess)) {
		out.Excess = append(out.Excess, StatementExcess{Component: name, Amount: showMoney(a.Excess[name], currency)})
	}
	for _, b := range a.Holds {
		out.Holds = append(out.Holds, StatementHold{Component: b.Component, Credit: b.Credit, Record: showRecordName(b.Record), Period: b.Period,
			Amount: showMoney(b.Amount, currency), Release: string(b.Release)})
	}
	return out
}
