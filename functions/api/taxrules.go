package main

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"leadline/shared/calendar"
	"leadline/shared/fault"
	"leadline/shared/money"
	"leadline/shared/number"
	"leadline/shared/tax"
	"leadline/shared/tenant"
)

// TaxRules is a rule set of withholding, as dated data.
type TaxRules struct {
	ID         string    `json:"id" example:"in-2026"`
	Title      string    `json:"title"`
	Country    string    `json:"country" example:"IN"`
	Currency   string    `json:"currency" example:"INR"`
	Adviser    bool      `json:"adviser" doc:"It is an example: a tax adviser must confirm it before anybody is paid by it."`
	Note       string    `json:"note,omitempty"`
	Sources    []string  `json:"sources" nullable:"false" doc:"Where the figures are from."`
	Text       string    `json:"text,omitempty" doc:"All of it, for people; absent in lists."`
	Definition jsonValue `json:"definition,omitempty" doc:"All of it, as data; absent in lists."`
}

// TaxRuleSets are all rule sets.
type TaxRuleSets struct {
	Items []TaxRules `json:"items" nullable:"false"`
}

// TaxPayment is a payment of which tax would be withheld. Amounts are in major units.
type TaxPayment struct {
	On      string `json:"on" minLength:"10" maxLength:"10" doc:"The day of payment: it decides the tax year, and the version of the rules." example:"2026-07-01"`
	Cash    string `json:"cash,omitempty" maxLength:"40" doc:"What is paid in money; 0 if left out." example:"25000"`
	Benefit string `json:"benefit,omitempty" maxLength:"40" doc:"The value of what is given in kind; 0 if left out."`
}

// TaxQuestion asks what would be withheld from payments to one payee.
type TaxQuestion struct {
	Rules    string       `json:"rules" minLength:"1" maxLength:"40" example:"in-2026"`
	Class    string       `json:"class" enum:"employee,agent,contractor,business,foreign"`
	NoTaxID  bool         `json:"no_tax_id,omitempty" doc:"The payee's tax id is missing."`
	Rate     string       `json:"rate,omitempty" maxLength:"40" doc:"The payee's own rate, where a rule asks for one." example:"12.5%"`
	GrossUp  bool         `json:"gross_up,omitempty" doc:"The payer bears the tax on benefits in kind."`
	Round    string       `json:"round,omitempty" enum:"minor,one,ten" doc:"What the tax of a year is a multiple of: the minor unit, one major unit, ten of them. That of the rules if left out."`
	Mode     string       `json:"mode,omitempty" enum:"half_away,half_even,half_down,down,up" doc:"How it is rounded, with round; half_away if left out."`
	Payments []TaxPayment `json:"payments" minItems:"1" maxItems:"100" nullable:"false" doc:"In their order; those before count for the thresholds of those after."`
}

// TaxAnswer is what would be withheld of each payment.
type TaxAnswer struct {
	Items []TaxAssessment `json:"items" nullable:"false"`
	Note  string          `json:"note,omitempty" doc:"What the rules say of themselves."`
}

// TaxAssessment is what would be withheld of one payment. Amounts are in major units.
type TaxAssessment struct {
	On           string    `json:"on"`
	Currency     string    `json:"currency"`
	FromCash     string    `json:"from_cash" doc:"What the payee's cash is reduced by."`
	ByPayer      string    `json:"by_payer" doc:"What the payer bears on top."`
	Short        string    `json:"short" doc:"What there is too little cash for: the benefit stays untaxed."`
	Net          string    `json:"net" doc:"What is paid."`
	BenefitTaxed bool      `json:"benefit_taxed"`
	Lines        []TaxLine `json:"lines" nullable:"false"`
}

// TaxLine is what one rule withholds, and why.
type TaxLine struct {
	Rule       string `json:"rule"`
	Section    string `json:"section"`
	Of         string `json:"of" enum:"cash,benefit"`
	Year       string `json:"year" doc:"The tax year."`
	Base       string `json:"base"`
	Rate       string `json:"rate" example:"0.02"`
	Tax        string `json:"tax"`
	Left       string `json:"left,omitempty" doc:"What is due, and left for the year's next payments."`
	ByPayer    bool   `json:"by_payer,omitempty"`
	Reportable bool   `json:"reportable,omitempty" doc:"The year is reported to the authority."`
	Why        string `json:"why"`
}

func (h *handler) registerTaxRules(api huma.API) {
	register(api, h, route{
		id: "get-tax-rule-sets", method: http.MethodGet, path: "/v1/tax-rules", tag: "tax", needs: tenant.Reader,
		summary: "List the rule sets of withholding", text: "They are examples: have a tax adviser confirm one before anybody is paid by it.",
	}, h.listTaxRules)
	register(api, h, route{
		id: "get-tax-rules", method: http.MethodGet, path: "/v1/tax-rules/{rules}", tag: "tax", needs: tenant.Reader,
		summary: "Get a rule set of withholding", text: "As data, and as text for people.", errors: []int{404},
	}, h.getTaxRules)
	register(api, h, route{
		id: "assess-tax", method: http.MethodPost, path: "/v1/tax-assessments", tag: "tax", needs: tenant.Reader, reads: true,
		summary: "Tell what would be withheld", text: "Of payments to one payee of one payer, in their order, and why. Nothing is stored.", errors: []int{400, 404, 413, 415},
	}, h.assessTax)
}

type taxRuleSetsOutput struct{ Body TaxRuleSets }

func (h *handler) listTaxRules(context.Context, caller, *struct{}) (*taxRuleSetsOutput, error) {
	sets, err := tax.RuleSets()
	if err != nil {
		return nil, err
	}
	out := TaxRuleSets{Items: []TaxRules{}}
	for _, r := range sets {
		out.Items = append(out.Items, showTaxRules(r))
	}
	return &taxRuleSetsOutput{out}, nil
}

func showTaxRules(r tax.Rules) TaxRules {
	return TaxRules{ID: r.ID, Title: r.Title, Country: r.Country, Currency: r.Currency, Adviser: r.Adviser, Note: r.Note, Sources: append([]string{}, r.Sources...)}
}

type taxRulesInput struct {
	Rules string `path:"rules" maxLength:"40" example:"in-2026"`
}

type taxRulesOutput struct{ Body TaxRules }

func (h *handler) getTaxRules(_ context.Context, _ caller, in *taxRulesInput) (*taxRulesOutput, error) {
	r, err := tax.Named(in.Rules)
	if f := fault.Of(err); f != nil && f.Kind == fault.NotFound {
		return nil, fault.New(fault.NotFound, "not_found", "%s", f.Message)
	}
	if err != nil {
		return nil, err
	}
	shown := showTaxRules(r)
	shown.Text = tax.Text(r)
	if shown.Definition, err = json.Marshal(r); err != nil {
		return nil, fault.Wrap(err, fault.Internal, "unencodable_rules", "api: encode tax rules")
	}
	return &taxRulesOutput{shown}, nil
}

type assessTaxInput struct{ Body TaxQuestion }

type assessTaxOutput struct{ Body TaxAnswer }

func (h *handler) assessTax(_ context.Context, _ caller, in *assessTaxInput) (*assessTaxOutput, error) {
	q := in.Body
	r, err := tax.Named(q.Rules)
	if err != nil {
		return nil, err
	}
	p := tax.Payment{Currency: r.Currency, Class: tax.Class(q.Class), HasTaxID: !q.NoTaxID, GrossUp: q.GrossUp, Years: map[string]tax.Year{}}
	if q.Rate != "" {
		rate, err := number.Parse(q.Rate)
		if err != nil {
			return nil, err
		}
		p.Rate = &rate
	}
	switch {
	case q.Round != "":
		p.Rounding = &tax.Rounding{To: tax.Step(q.Round), Mode: number.HalfAway}
		if q.Mode != "" {
			p.Rounding.Mode = number.Mode(q.Mode)
		}
	case q.Mode != "":
		return nil, fault.New(fault.Invalid, "round_needed", "Say in round, too, what the tax is a multiple of: mode alone changes nothing.")
	}
	out := TaxAnswer{Items: []TaxAssessment{}, Note: r.Note}
	for i, one := range q.Payments {
		a, err := assessOne(r, &p, one)
		if err != nil {
			f := fault.Of(err)
			if f == nil {
				return nil, err
			}
			return nil, fault.New(f.Kind, f.Code, "payments[%d]: %s", i, f.Message)
		}
		maps.Copy(p.Years, a.Years)
		out.Items = append(out.Items, showAssessment(a, p, r.YearOf(p.On)))
	}
	return &assessTaxOutput{out}, nil
}

// assessOne puts one payment into p, and assesses it.
func assessOne(r tax.Rules, p *tax.Payment, one TaxPayment) (tax.Assessment, error) {
	var err error
	p.On = calendar.Date(one.On)
	if p.Cash, err = readMoney(one.Cash, p.Currency); err != nil {
		return tax.Assessment{}, err
	}
	if p.Benefit, err = readMoney(one.Benefit, p.Currency); err != nil {
		return tax.Assessment{}, err
	}
	return r.Assess(*p)
}

// readMoney reads an amount in major units into minor ones, exactly or not at all; nothing is 0.
func readMoney(text, currency string) (int64, error) {
	if text == "" {
		return 0, nil
	}
	n, err := number.Parse(text)
	if err != nil {
		return 0, err
	}
	a, err := money.FromMajor(n, currency, number.HalfAway)
	if err != nil {
		return 0, err
	}
	if !money.Major(a).Equal(n) {
		return 0, fault.New(fault.Invalid, "out_of_range", "%s has more decimals than an amount of %s has.", text, currency)
	}
	return a.Minor, nil
}

func showAssessment(a tax.Assessment, p tax.Payment, year string) TaxAssessment {
	major := func(minor int64) string {
		return money.Major(money.Amount{Minor: minor, Currency: p.Currency}).String()
	}
	shown := TaxAssessment{On: string(p.On), Currency: p.Currency, FromCash: major(a.FromCash), ByPayer: major(a.ByPayer), Short: major(a.Short), Net: major(p.Cash - a.FromCash),
		BenefitTaxed: a.BenefitTaxed, Lines: []TaxLine{}}
	for _, l := range a.Lines {
		line := TaxLine{Rule: l.Rule, Section: l.Section, Of: l.Of, Year: year, Base: major(l.Base), Rate: l.Rate.String(), Tax: major(l.Tax), ByPayer: l.ByPayer, Reportable: l.Reportable, Why: l.Why}
		if l.Left > 0 {
			line.Left = major(l.Left)
		}
		shown.Lines = append(shown.Lines, line)
	}
	return shown
}
