package main

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"leadline/shared/amortization"
	"leadline/shared/fault"
	"leadline/shared/money"
	"leadline/shared/program"
	"leadline/shared/settlement"
	"leadline/shared/store"
	"leadline/shared/tenant"
)

// maxCapitalized bounds the statements that one report reads, so that it is done within a request.
const maxCapitalized = 1000

// CapitalizedCommissions is what commissions are as an asset, month by month (ASC 340-40). Amounts are in major units.
type CapitalizedCommissions struct {
	Currency   string             `json:"currency" example:"EUR"`
	Statements int                `json:"statements" doc:"How many posted statements it is made of."`
	Schedules  int                `json:"schedules" doc:"How many assets there are: what a deal pays to one participant is one."`
	Months     []CapitalizedMonth `json:"months" nullable:"false"`
}

// CapitalizedMonth is one month: opening + capitalized - amortized - written off = closing.
type CapitalizedMonth struct {
	Month       string `json:"month" example:"2026-01"`
	Opening     string `json:"opening"`
	Capitalized string `json:"capitalized"`
	Amortized   string `json:"amortized"`
	WrittenOff  string `json:"written_off"`
	Closing     string `json:"closing"`
	Expensed    string `json:"expensed" doc:"What was never an asset: of use for a year or less, by the expedient."`
}

func (h *handler) registerCapitalized(api huma.API) {
	register(api, h, route{
		id: "get-capitalized-commissions", method: http.MethodGet, path: "/v1/reports/capitalized-commissions", tag: "settlements", needs: tenant.Admin,
		summary: "Get capitalized commissions by month", text: "Of posted statements in a currency: what commissions of deals become as an asset, what of it is expensed each month in a straight line, and what is written off " +
			"when a deal is lost (ASC 340-40). An organization with too many statements for one request names a program.",
		errors: []int{400, 404, 409},
	}, h.capitalized)
}

type capitalizedInput struct {
	From      string `query:"from" required:"true" minLength:"7" maxLength:"7" doc:"The first month." example:"2026-01"`
	Until     string `query:"until" required:"true" minLength:"7" maxLength:"7" doc:"The month that ends it, which is not in it." example:"2027-01"`
	Currency  string `query:"currency" required:"true" minLength:"3" maxLength:"3" example:"EUR"`
	Months    int    `query:"months" minimum:"1" maximum:"240" default:"36" doc:"The period of benefit."`
	Expedient bool   `query:"expedient" doc:"Expense at once what is of use for a year or less."`
	By        string `query:"by" enum:"days,months" default:"days" doc:"How the straight line is drawn: each month by its days, or alike."`
	Later     string `query:"later" enum:"prospectively,cumulatively" default:"prospectively" doc:"What becomes of later amounts: spread over the time that is left, or caught up at once."`
	Program   string `query:"program" maxLength:"64" doc:"Only this one's." example:"prg_4f0c9a2b1x7z"`
}

type capitalizedOutput struct{ Body CapitalizedCommissions }

func (h *handler) capitalized(ctx context.Context, c caller, in *capitalizedInput) (*capitalizedOutput, error) {
	if _, known := money.Digits(in.Currency); !known {
		return nil, fault.New(fault.Invalid, money.CodeCurrency, "%q is no currency: write an active code of ISO 4217, such as EUR.", in.Currency)
	}
	out := CapitalizedCommissions{Currency: in.Currency, Months: []CapitalizedMonth{}}
	lines, err := h.capitalizedLines(ctx, c, in, &out.Statements)
	if err != nil {
		return nil, err
	}
	schedules, err := amortization.Schedules(lines, amortization.Policy{Months: in.Months, Expedient: in.Expedient, By: amortization.Method(in.By), Later: amortization.Later(in.Later)})
	if err != nil {
		return nil, err
	}
	months, err := amortization.Report(schedules, in.From, in.Until)
	if err != nil {
		return nil, err
	}
	out.Schedules = len(schedules)
	major := func(minor int64) string {
		return money.Major(money.Amount{Minor: minor, Currency: in.Currency}).String()
	}
	for _, m := range months {
		out.Months = append(out.Months, CapitalizedMonth{Month: m.Month, Opening: major(m.Opening), Capitalized: major(m.Capitalized), Amortized: major(m.Amortized),
			WrittenOff: major(m.WrittenOff), Closing: major(m.Closing), Expensed: major(m.Expensed)})
	}
	return &capitalizedOutput{out}, nil
}

// capitalizedLines reads what posted statements in the currency pay for deals, and counts them.
func (h *handler) capitalizedLines(ctx context.Context, c caller, in *capitalizedInput, statements *int) ([]amortization.Line, error) {
	programs := []string{in.Program}
	if in.Program == "" {
		programs = nil
		for p, err := range store.All(ctx, func(ctx context.Context, page store.Page) ([]program.Program, string, error) {
			return h.Programs.Programs(ctx, c.organization, page)
		}) {
			if err != nil {
				return nil, err
			}
			programs = append(programs, p.ID)
		}
	} else if _, err := h.Programs.Program(ctx, c.organization, in.Program); err != nil {
		return nil, err
	}
	var lines []amortization.Line
	for _, id := range programs {
		for s, err := range store.All(ctx, func(ctx context.Context, page store.Page) ([]settlement.Settlement, string, error) {
			return h.Settlements.Settlements(ctx, c.organization, id, page)
		}) {
			if err != nil {
				return nil, err
			}
			if s.Currency != in.Currency || s.State != settlement.Locked && s.State != settlement.Paid {
				continue
			}
			more, err := h.linesOf(ctx, c, s, statements)
			if err != nil {
				return nil, err
			}
			lines = append(lines, more...)
		}
	}
	return lines, nil
}

// linesOf reads the statements of a settlement.
func (h *handler) linesOf(ctx context.Context, c caller, s settlement.Settlement, statements *int) ([]amortization.Line, error) {
	var lines []amortization.Line
	for st, err := range store.All(ctx, func(ctx context.Context, page store.Page) ([]settlement.Statement, string, error) {
		return h.Settlements.Statements(ctx, c.organization, s.Program, s.Period.Name, page)
	}) {
		if err != nil {
			return nil, err
		}
		if !st.Posted || st.Revision != s.Revision {
			continue
		}
		if *statements++; *statements > maxCapitalized {
			return nil, fault.New(fault.Conflict, "too_many_statements", "More than %d posted statements would be read: name a program in program.", maxCapitalized)
		}
		d, err := h.settlements.Document(ctx, c.organization, st.Program, st.Document)
		if err != nil {
			return nil, err
		}
		var r settlement.Reckoned // of a statement with adjustments alone, nothing was reckoned
		if st.Reckoned != "" {
			if r, err = h.settlements.Reckoned(ctx, c.organization, st.Program, st.Reckoned); err != nil {
				return nil, err
			}
		}
		lines = append(lines, amortization.Settled(d, r, nil)...)
	}
	return lines, nil
}
