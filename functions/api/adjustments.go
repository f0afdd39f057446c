package main

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"leadline/shared/fault"
	"leadline/shared/incentive"
	"leadline/shared/ledger"
	"leadline/shared/money"
	"leadline/shared/number"
	"leadline/shared/problem"
	"leadline/shared/program"
	"leadline/shared/settlement"
	"leadline/shared/store"
	"leadline/shared/tenant"
)

// adjustmentID is the prefix of ids of adjustments by hand.
const adjustmentID = "adj"

// settlementPolicy names the approval policy of settlements.
const settlementPolicy = "settlement"

// ManualAdjusted is an adjustment that a person made.
type ManualAdjusted struct {
	ID          string    `json:"id" example:"adj_4f0c9a2b1x7z"`
	Program     string    `json:"program"`
	Participant string    `json:"participant"`
	Period      string    `json:"period" doc:"It is settled with the first period that is calculated from this one on."`
	Kind        string    `json:"kind" enum:"money,points,benefit"`
	Amount      string    `json:"amount" doc:"In major units of the program's currency, or points; below 0 it takes away." example:"150.00"`
	Unit        string    `json:"unit" example:"EUR"`
	Reason      string    `json:"reason"`
	Dispute     string    `json:"dispute,omitempty" doc:"The dispute that it resolves."`
	State       string    `json:"state" enum:"pending,posted,withdrawn"`
	SettledIn   string    `json:"settled_in,omitempty" doc:"The period that it was posted with."`
	By          string    `json:"by"`
	CreatedAt   time.Time `json:"created_at"`
}

func (h *handler) registerAdjustments(api huma.API) {
	const path = "/v1/programs/{program}/adjustments"
	register(api, h, route{
		id: "create-adjustment", method: http.MethodPost, path: path, tag: "settlements", needs: tenant.Admin, status: http.StatusCreated,
		summary: "Adjust by hand", text: "Money, points, or the value of a benefit in kind, for a participant, with a reason. It stands beside what is reckoned, so that no recalculation touches it, and becomes a row of the ledger with the next period that is settled. " +
			"Whoever made it does not approve that period.", errors: []int{400, 404, 409, 413, 415},
	}, h.createAdjustment)
	register(api, h, route{
		id: "list-adjustments", method: http.MethodGet, path: path, tag: "settlements", needs: tenant.Admin,
		summary: "List adjustments by hand", text: "Newest first.", errors: []int{400, 404},
	}, h.listAdjustments)
	register(api, h, route{
		id: "get-adjustment", method: http.MethodGet, path: path + "/{adjustment}", tag: "settlements", needs: tenant.Admin,
		summary: "Get an adjustment by hand", errors: []int{404},
	}, h.getAdjustment)
	register(api, h, route{
		id: "withdraw-adjustment", method: http.MethodPost, path: path + "/{adjustment}/withdraw", tag: "settlements", needs: tenant.Admin,
		summary: "Withdraw an adjustment by hand", text: "As long as it is pending, and no period is calculated, submitted or approved with it: reopen that first.", errors: []int{404, 409},
	}, h.withdrawAdjustment)
}

type createAdjustmentInput struct {
	ProgramInput
	ResendInput
	Body struct {
		Participant string `json:"participant" minLength:"1" maxLength:"200" example:"mem_4f0c9a2b1x7z"`
		Period      string `json:"period,omitempty" maxLength:"20" doc:"The first period that it may be settled with; the present one if left out." example:"2026-11"`
		Kind        string `json:"kind,omitempty" enum:"money,points,benefit" default:"money"`
		Amount      string `json:"amount" minLength:"1" maxLength:"40" doc:"In major units of the program's currency, or points; below 0 it takes away." example:"150.00"`
		Reason      string `json:"reason" minLength:"1" maxLength:"1000" doc:"For people: it is shown on the statement, and never reaches the ledger."`
		Dispute     string `json:"dispute,omitempty" maxLength:"64"`
	} `nameHint:"NewAdjustment"`
}

type adjustmentOutput struct {
	Location string `header:"Location"`
	ETag     string `header:"ETag"`
	Body     ManualAdjusted
}

func (h *handler) createAdjustment(ctx context.Context, c caller, in *createAdjustmentInput) (*adjustmentOutput, error) {
	a, err := h.attempt(ctx, c, in.IdempotencyKey, "create-adjustment", in.Program, in.Body)
	if err != nil {
		return nil, err
	}
	made, err := once(ctx, h, c, a, http.StatusCreated, func() (ManualAdjusted, func(*store.Receipt) error, error) {
		m, currency, err := h.newAdjustment(ctx, c, in)
		if err != nil {
			return ManualAdjusted{}, nil, err
		}
		explain(ctx, "%s of %s for %s", m.Kind, showAmount(m.Amount, currency, m.Kind == settlement.ByHandPoints), m.Participant)
		return showManual(m, currency), func(r *store.Receipt) error { return h.Settlements.SaveManual(ctx, m, r) }, nil
	})
	return &adjustmentOutput{Location: "/v1/programs/" + in.Program + "/adjustments/" + made.ID, ETag: etag(1), Body: made}, err
}

// newAdjustment reads an adjustment, and refuses one that cannot be: with its place.
func (h *handler) newAdjustment(ctx context.Context, c caller, in *createAdjustmentInput) (settlement.Manual, string, error) {
	var m settlement.Manual
	p, err := h.program(ctx, c, in.Program)
	if err != nil {
		return m, "", err
	}
	versions, err := h.incentives.Shown(ctx, p)
	if err != nil {
		return m, "", err
	}
	sight, err := h.sight(ctx, c)
	if err != nil {
		return m, "", err
	}
	m = settlement.Manual{Organization: c.organization, Program: p.ID, Kind: settlement.ManualKind(in.Body.Kind), Reason: in.Body.Reason, Dispute: in.Body.Dispute,
		State: settlement.ManualPending, By: approver(c).ID, CreatedAt: h.Now().UTC(), Rev: 1}
	d := &problem.Detailed{Fault: fault.New(fault.Invalid, "invalid_adjustment", "The adjustment cannot be made as it is.")}
	wrong := func(field string, err error) {
		if f := fault.Of(err); f != nil {
			d.Parts = append(d.Parts, problem.Part{Location: "body." + field, Message: f.Message})
		}
	}
	if m.Participant, err = sight.participant(in.Body.Participant); err != nil {
		wrong("participant", err)
	} else if strings.HasPrefix(m.Participant, incentive.TeamParticipant("")) {
		wrong("participant", fault.New(fault.Invalid, "not_a_person", "A team is nobody who can be paid: name its members."))
	}
	if m.Period, err = h.adjustedPeriod(in.Body.Period, versions); err != nil {
		wrong("period", err)
	}
	currency := currencyOf(versions)
	if m.Amount, err = readAmount(in.Body.Amount, currency, m.Kind); err != nil {
		wrong("amount", err)
	}
	if len(d.Parts) > 0 {
		return m, "", d
	}
	m.ID, err = tenant.NewID(adjustmentID, h.Random)
	return m, currency, err
}

// adjustedPeriod names a period of a program: the present one if none is asked for.
func (h *handler) adjustedPeriod(name string, versions []program.Version) (string, error) {
	d := versions[len(versions)-1].Definition
	if name == "" {
		return d.Calendar.Of(d.Period, h.todayOf(d)).Name, nil
	}
	period, err := d.Calendar.Named(d.Period, name)
	return period.Name, err
}

// readAmount reads an amount of money in minor units, or of points in millionths; exactly, or not at all.
func readAmount(text, currency string, kind settlement.ManualKind) (int64, error) {
	n, err := number.Parse(text)
	if err != nil {
		return 0, err
	}
	scale, unit := number.Of(ledger.PointScale), "points"
	if kind != settlement.ByHandPoints {
		digits, _ := money.Digits(currency)
		scale, unit = number.Ten(digits), currency
	}
	switch scaled := n.Mul(scale); {
	case scaled.IsZero():
		return 0, fault.New(fault.Invalid, "out_of_range", "It is 0, which adjusts nothing.")
	case !scaled.IsInt():
		return 0, fault.New(fault.Invalid, "out_of_range", "%s has more decimals than an amount of %s has.", text, unit)
	default:
		return scaled.Round(0, number.HalfAway)
	}
}

type listAdjustmentsInput struct {
	ProgramInput
	PageInput
}

type manualListOutput struct{ Body list[ManualAdjusted] }

func (h *handler) listAdjustments(ctx context.Context, c caller, in *listAdjustmentsInput) (*manualListOutput, error) {
	p, err := h.program(ctx, c, in.Program)
	if err != nil {
		return nil, err
	}
	versions, err := h.incentives.Shown(ctx, p)
	if err != nil {
		return nil, err
	}
	body, err := page(ctx, h, c, in.PageInput, listing[settlement.Manual, ManualAdjusted]{
		scope: []string{"adjustments", p.ID},
		read: func(ctx context.Context, page store.Page) ([]settlement.Manual, string, error) {
			return h.Settlements.Manuals(ctx, c.organization, p.ID, page)
		},
		show: func(m settlement.Manual) (ManualAdjusted, int, bool) {
			return showManual(m, currencyOf(versions)), 512 + len(m.Reason), true
		},
	})
	return &manualListOutput{body}, err
}

type adjustmentInput struct {
	ProgramInput
	Adjustment string `path:"adjustment" maxLength:"64" example:"adj_4f0c9a2b1x7z"`
}

// adjustment reads the adjustment that a path names.
func (h *handler) adjustment(ctx context.Context, c caller, in *adjustmentInput) (settlement.Manual, program.Program, string, error) {
	p, err := h.program(ctx, c, in.Program)
	if err != nil {
		return settlement.Manual{}, p, "", err
	}
	m, err := h.Settlements.Manual(ctx, c.organization, p.ID, in.Adjustment)
	if err != nil {
		return m, p, "", notFound(err, "There is no adjustment %q.", in.Adjustment)
	}
	versions, err := h.incentives.Shown(ctx, p)
	if err != nil {
		return m, p, "", err
	}
	return m, p, currencyOf(versions), nil
}

func (h *handler) getAdjustment(ctx context.Context, c caller, in *adjustmentInput) (*adjustmentOutput, error) {
	m, _, currency, err := h.adjustment(ctx, c, in)
	if err != nil {
		return nil, err
	}
	return &adjustmentOutput{ETag: etag(m.Rev), Body: showManual(m, currency)}, nil
}

func (h *handler) withdrawAdjustment(ctx context.Context, c caller, in *adjustmentInput) (*adjustmentOutput, error) {
	m, p, currency, err := h.adjustment(ctx, c, in)
	if err != nil {
		return nil, err
	}
	if m.State != settlement.ManualWithdrawn {
		if m, err = h.settlements.Withdraw(ctx, p, m); err != nil {
			return nil, stale(err, "")
		}
	}
	return &adjustmentOutput{ETag: etag(m.Rev), Body: showManual(m, currency)}, nil
}

func showManual(m settlement.Manual, currency string) ManualAdjusted {
	out := ManualAdjusted{ID: m.ID, Program: m.Program, Participant: m.Participant, Period: m.Period, Kind: string(m.Kind), Unit: currency, Reason: m.Reason,
		Dispute: m.Dispute, State: string(m.State), SettledIn: m.SettledIn, By: m.By, CreatedAt: m.CreatedAt, Amount: showAmount(m.Amount, currency, m.Kind == settlement.ByHandPoints)}
	if m.Kind == settlement.ByHandPoints {
		out.Unit = string(settlement.PointsUnit)
	}
	return out
}

// showAmount gives an amount in major units of its currency, or in points.
func showAmount(minor int64, currency string, points bool) string {
	if points {
		return showPoints(minor)
	}
	return money.Major(money.Amount{Minor: minor, Currency: currency}).String()
}
