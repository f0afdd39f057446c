package main

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"leadline/shared/calendar"
	"leadline/shared/fault"
	"leadline/shared/money"
	"leadline/shared/number"
	"leadline/shared/program"
	"leadline/shared/store"
	"leadline/shared/tenant"
)

// ExchangeRate is what one unit of a currency is in units of another, on some days.
type ExchangeRate struct {
	ID    string `json:"id" doc:"The pair and the first day." example:"USD-EUR-2026-11-01"`
	From  string `json:"from" example:"USD"`
	To    string `json:"to" example:"EUR"`
	Value string `json:"value" doc:"Exact, with at most 8 decimals." example:"0.92"`
	Since string `json:"since" doc:"The first day on which it counts." example:"2026-11-01"`
	Until string `json:"until,omitempty" doc:"The day when it ends, which is not in it; absent for no end."`
	Rev   int64  `json:"rev" doc:"Counts the changes. Its ETag. Statements name it."`
}

// ExchangeRateValue is what can be changed of an exchange rate.
type ExchangeRateValue struct {
	Value string `json:"value" minLength:"1" maxLength:"40" doc:"Exact, with at most 8 decimals." example:"0.92"`
	Until string `json:"until,omitempty" maxLength:"10" doc:"The day when it ends, which is not in it; no end if left out." example:"2026-12-01"`
}

// NewExchangeRate is an exchange rate to be added.
type NewExchangeRate struct {
	From  string `json:"from" minLength:"3" maxLength:"3" doc:"What is converted." example:"USD"`
	To    string `json:"to" minLength:"3" maxLength:"3" doc:"What it becomes: the currency of a program." example:"EUR"`
	Since string `json:"since" minLength:"10" maxLength:"10" doc:"The first day on which it counts." example:"2026-11-01"`
	ExchangeRateValue
}

// maxRates bounds the exchange rates of an organization: 50 pairs of currencies for 10 years, month by month.
const maxRates = 6000

func (h *handler) registerRates(api huma.API) {
	register(api, h, route{
		id: "list-exchange-rates", method: http.MethodGet, path: "/v1/exchange-rates", tag: "programs", needs: tenant.Reader,
		summary: "List exchange rates", text: "By pair and day.", errors: []int{400},
	}, h.listRates)
	register(api, h, route{
		id: "add-exchange-rate", method: http.MethodPost, path: "/v1/exchange-rates", tag: "programs", needs: tenant.Admin, status: http.StatusCreated,
		summary: "Add an exchange rate", text: "It counts for the pair as it is named: nothing is drawn from its inverse, or from a third currency. Two of a pair never count on one day. Programs in the second currency are reckoned anew.",
		errors: []int{400, 409, 413, 415},
	}, h.addRate)
	register(api, h, route{
		id: "get-exchange-rate", method: http.MethodGet, path: "/v1/exchange-rates/{rate}", tag: "programs", needs: tenant.Reader,
		summary: "Get an exchange rate", errors: []int{404},
	}, h.getRate)
	register(api, h, route{
		id: "update-exchange-rate", method: http.MethodPut, path: "/v1/exchange-rates/{rate}", tag: "programs", needs: tenant.Admin,
		summary: "Change an exchange rate", text: "Programs in the second currency are reckoned anew.", errors: []int{400, 404, 409, 412, 413, 415},
	}, h.updateRate)
	register(api, h, route{
		id: "delete-exchange-rate", method: http.MethodDelete, path: "/v1/exchange-rates/{rate}", tag: "programs", needs: tenant.Admin, status: http.StatusNoContent,
		summary: "Delete an exchange rate", text: "Records that it converted count for nothing until there is another. Programs in the second currency are reckoned anew.", errors: []int{404},
	}, h.deleteRate)
	h.registerRateFiles(api)
}

type ratesOutput struct{ Body list[ExchangeRate] }

func (h *handler) listRates(ctx context.Context, c caller, in *PageInput) (*ratesOutput, error) {
	body, err := page(ctx, h, c, *in, listing[money.Rate, ExchangeRate]{
		scope: []string{"exchange rates"},
		read: func(ctx context.Context, p store.Page) ([]money.Rate, string, error) {
			return h.Programs.Rates(ctx, c.organization, p)
		},
		show: func(r money.Rate) (ExchangeRate, int, bool) { return showRate(r), 256, true },
	})
	return &ratesOutput{body}, err
}

// rates reads all exchange rates of an organization.
func (h *handler) rates(ctx context.Context, organization string) ([]money.Rate, error) {
	var all []money.Rate
	for r, err := range store.All(ctx, func(ctx context.Context, p store.Page) ([]money.Rate, string, error) {
		return h.Programs.Rates(ctx, organization, p)
	}) {
		if err != nil {
			return nil, err
		}
		all = append(all, r)
	}
	return all, nil
}

// RateInput names an exchange rate.
type RateInput struct {
	Rate string `path:"rate" maxLength:"32" example:"USD-EUR-2026-11-01"`
}

type rateOutput struct {
	Location string `header:"Location"`
	ETag     string `header:"ETag"`
	Body     ExchangeRate
}

func (h *handler) getRate(ctx context.Context, c caller, in *RateInput) (*rateOutput, error) {
	all, at, err := h.rate(ctx, c, in.Rate)
	if err != nil {
		return nil, err
	}
	return &rateOutput{ETag: etag(all[at].Rev), Body: showRate(all[at])}, nil
}

// rate finds an exchange rate among all there are.
func (h *handler) rate(ctx context.Context, c caller, id string) (all []money.Rate, at int, err error) {
	if all, err = h.rates(ctx, c.organization); err != nil {
		return nil, 0, err
	}
	if at = slices.IndexFunc(all, func(r money.Rate) bool { return rateID(r) == id }); at < 0 {
		return nil, 0, fault.New(fault.NotFound, "not_found", "There is no exchange rate %q.", id)
	}
	return all, at, nil
}

func rateID(r money.Rate) string {
	return strings.Join([]string{r.From, r.To, string(r.Span.From)}, "-")
}

type addRateInput struct {
	ResendInput
	Body NewExchangeRate
}

func (h *handler) addRate(ctx context.Context, c caller, in *addRateInput) (*rateOutput, error) {
	a, err := h.attempt(ctx, c, in.IdempotencyKey, "add-exchange-rate", "", in.Body)
	if err != nil {
		return nil, err
	}
	made, err := once(ctx, h, c, a, http.StatusCreated, func() (ExchangeRate, func(*store.Receipt) error, error) {
		b := in.Body
		r, err := readRate(money.Rate{From: b.From, To: b.To, Span: calendar.Span{From: calendar.Date(b.Since)}, Rev: 1}, b.ExchangeRateValue)
		if err != nil {
			return ExchangeRate{}, nil, err
		}
		all, err := h.rates(ctx, c.organization)
		if err != nil {
			return ExchangeRate{}, nil, err
		}
		if slices.ContainsFunc(all, func(o money.Rate) bool { return rateID(o) == rateID(r) }) {
			return ExchangeRate{}, nil, fault.New(fault.Conflict, "rate_taken", "There is a rate of %s into %s from %s already. PUT /v1/exchange-rates/%s changes it.", r.From, r.To, r.Span.From, rateID(r))
		}
		if len(all) >= maxRates {
			return ExchangeRate{}, nil, fault.New(fault.Conflict, "quota_exceeded", "An organization may have %d exchange rates, and has them.", maxRates)
		}
		if err := together(append(all, r), r); err != nil {
			return ExchangeRate{}, nil, err
		}
		return showRate(r), func(receipt *store.Receipt) error {
			if err := h.refreshFor(ctx, c, r.To); err != nil {
				return err
			}
			return h.saveRate(ctx, c, r, receipt)
		}, nil
	})
	if err != nil {
		return nil, err
	}
	return &rateOutput{Location: "/v1/exchange-rates/" + made.ID, ETag: etag(made.Rev), Body: made}, nil
}

// readRate puts what is said of a rate into it, and refuses one that cannot be.
func readRate(r money.Rate, b ExchangeRateValue) (money.Rate, error) {
	var err error
	if r.Value, err = number.Parse(b.Value); err != nil {
		return r, err
	}
	if r.Span.Until = calendar.Date(b.Until); r.Span.From == "" {
		return r, fault.New(fault.Invalid, money.CodeRate, "Say in since on which day the rate begins to count, as 2026-11-22.")
	}
	if err := r.Check(); err != nil {
		f := fault.Of(err)
		return r, fault.New(f.Kind, f.Code, "The rate of %s into %s: %s", r.From, r.To, f.Message)
	}
	return r, nil
}

// together refuses a rate that has days in common with another of its pair.
func together(all []money.Rate, r money.Rate) error {
	for _, o := range all {
		if o.From == r.From && o.To == r.To && o.Span.From != r.Span.From && o.Span.Overlaps(r.Span) {
			return fault.New(fault.Invalid, money.CodeRate, "It has days in common with the rate %s: end the one on the day on which the other begins.", rateID(o))
		}
	}
	_, err := money.NewTable(all)
	return err
}

// saveRate stores a rate, and takes it back if another request stored one meanwhile with which it has days in common: with both,
// nothing could be reckoned.
func (h *handler) saveRate(ctx context.Context, c caller, r money.Rate, receipt *store.Receipt) error {
	before, err := h.rates(ctx, c.organization)
	if err != nil {
		return err
	}
	if err := h.Programs.SaveRate(ctx, c.organization, r, receipt); err != nil {
		return err
	}
	all, err := h.rates(ctx, c.organization)
	if err != nil {
		return err
	}
	if together(all, r) == nil {
		return nil
	}
	if at := slices.IndexFunc(before, func(o money.Rate) bool { return rateID(o) == rateID(r) }); at >= 0 {
		back := before[at]
		back.Rev = r.Rev + 1
		err = h.Programs.SaveRate(ctx, c.organization, back, nil)
	} else {
		err = h.Programs.DeleteRate(ctx, c.organization, r.From, r.To, r.Span.From)
	}
	if err != nil {
		return err
	}
	return fault.New(fault.Conflict, "changed_meanwhile", "Another request stored a rate with the same days at the same time. Read the rates and try again.")
}

type updateRateInput struct {
	RateInput
	MatchInput
	Body ExchangeRateValue
}

func (h *handler) updateRate(ctx context.Context, c caller, in *updateRateInput) (*rateOutput, error) {
	all, at, err := h.rate(ctx, c, in.Rate)
	if err != nil {
		return nil, err
	}
	if err := checkMatch(in.IfMatch, all[at].Rev); err != nil {
		return nil, err
	}
	r, err := readRate(all[at], in.Body)
	if err != nil {
		return nil, err
	}
	r.Rev++
	all[at] = r
	if err := together(all, r); err != nil {
		return nil, err
	}
	if err := h.refreshFor(ctx, c, r.To); err != nil {
		return nil, err
	}
	if err := stale(h.saveRate(ctx, c, r, nil), in.IfMatch); err != nil {
		return nil, err
	}
	return &rateOutput{ETag: etag(r.Rev), Body: showRate(r)}, nil
}

func (h *handler) deleteRate(ctx context.Context, c caller, in *RateInput) (*struct{}, error) {
	all, at, err := h.rate(ctx, c, in.Rate)
	if err != nil {
		return nil, err
	}
	r := all[at]
	if err := h.refreshFor(ctx, c, r.To); err != nil {
		return nil, err
	}
	return nil, h.Programs.DeleteRate(ctx, c.organization, r.From, r.To, r.Span.From)
}

// refreshFor has the programs in some currencies reckoned anew, from a few seconds later on: it is called before a rate is stored,
// so that none is stored and not taken in. What it came too early for is seen within five minutes, for the keeper looks after the
// rates of each program.
func (h *handler) refreshFor(ctx context.Context, c caller, currencies ...string) error {
	for p, err := range store.All(ctx, func(ctx context.Context, page store.Page) ([]program.Program, string, error) {
		return h.Programs.Programs(ctx, c.organization, page)
	}) {
		if err != nil {
			return err
		}
		if p.Live == nil || p.Archived {
			continue
		}
		versions, err := h.incentives.Shown(ctx, p)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(versions, func(v program.Version) bool { return slices.Contains(currencies, v.Definition.Currency) }) {
			if err := h.Calculate.Start(ctx, p, true); err != nil {
				return err
			}
		}
	}
	return nil
}

func showRate(r money.Rate) ExchangeRate {
	return ExchangeRate{ID: rateID(r), From: r.From, To: r.To, Value: r.Value.String(), Since: string(r.Span.From), Until: string(r.Span.Until), Rev: r.Rev}
}
