package main

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"leadline/shared/fault"
	"leadline/shared/game"
	"leadline/shared/ledger"
	"leadline/shared/store"
	"leadline/shared/tenant"
)

// PointsDone is what was done with somebody's points.
type PointsDone struct {
	ID          string      `json:"id" example:"pts_4f0c9a2b1x7z"`
	Kind        string      `json:"kind" enum:"award,redemption,revocation"`
	Participant string      `json:"participant" example:"mem_4f0c9a2b1x7z"`
	Points      string      `json:"points" doc:"How many: given, spent, or taken back." example:"12.5"`
	Balance     string      `json:"balance" doc:"What there was to spend afterwards." example:"112.5"`
	Reason      string      `json:"reason" example:"spiff"`
	Note        string      `json:"note,omitempty"`
	Worth       *PointsRate `json:"worth,omitempty" doc:"The money that they stand for, and by which rate."`
	Award       string      `json:"award,omitempty" doc:"What was revoked."`
	Cause       string      `json:"cause" doc:"The id of the cause in the ledger."`
	Date        string      `json:"date" example:"2026-11-22"`
	By          string      `json:"by"`
	At          time.Time   `json:"at"`
}

// PointsRate says how points came of money.
type PointsRate struct {
	Amount   string `json:"amount" example:"50.00"`
	Currency string `json:"currency" example:"EUR"`
	Points   string `json:"points" doc:"What one minor unit of the currency is worth." example:"0.25"`
}

// PointsBalance is what somebody has.
type PointsBalance struct {
	Participant string `json:"participant" example:"mem_4f0c9a2b1x7z"`
	Name        string `json:"name,omitempty"`
	Balance     string `json:"balance" doc:"With the fraction that is carried. Below 0 where more was taken back than was left." example:"112.5"`
	Redeemable  string `json:"redeemable" doc:"The whole points that can be spent." example:"112"`
	Redeemed    string `json:"redeemed" doc:"What was spent so far." example:"40"`
}

// PointsEntry is a row of the ledger that changed somebody's points.
type PointsEntry struct {
	Number  int64     `json:"number" doc:"Of the participant's rows of the ledger."`
	Kind    string    `json:"kind" doc:"The kind of its cause: awarded, redeemed, revoked; prize, manual, adjustment of a settlement." example:"awarded"`
	Cause   string    `json:"cause" doc:"The id of its cause; that of an award can be revoked."`
	Points  string    `json:"points" doc:"Below 0 where they were spent or taken back." example:"12.5"`
	Balance string    `json:"balance" doc:"With it." example:"112.5"`
	Reason  string    `json:"reason,omitempty"`
	Note    string    `json:"note,omitempty"`
	Program string    `json:"program,omitempty"`
	Period  string    `json:"period,omitempty"`
	Date    string    `json:"date"`
	By      string    `json:"by,omitempty"`
	At      time.Time `json:"at"`
}

func (h *handler) registerPoints(api huma.API) {
	register(api, h, route{
		id: "award-points", method: http.MethodPost, path: "/v1/points/awards", tag: "points", needs: tenant.Admin, status: http.StatusCreated,
		summary: "Award points", text: "As many as are said, or what an amount of money is worth by the rates of the game's rules; no money is taken for it. Fractions of a point, to a millionth, stay in the balance.",
		errors: []int{400, 404, 409, 413, 415},
	}, h.awardPoints)
	register(api, h, route{
		id: "redeem-points", method: http.MethodPost, path: "/v1/points/redemptions", tag: "points", needs: tenant.Reader, status: http.StatusCreated,
		summary: "Spend points", text: "Whole points, never more than there are, however many ask at once. Members spend their own, admins anybody's.", errors: []int{400, 404, 409, 413, 415},
	}, h.redeemPoints)
	register(api, h, route{
		id: "revoke-points", method: http.MethodPost, path: "/v1/points/revocations", tag: "points", needs: tenant.Admin, status: http.StatusCreated,
		summary: "Revoke an award of points", text: "Takes back at most what was awarded, and at most what is left, unless `allow_negative` says that the rest is to be owed. An award is revoked once: asked again, the answer is what was revoked then. " +
			"What a settlement brought is adjusted in its program.", errors: []int{400, 404, 409, 413, 415},
	}, h.revokePoints)
	register(api, h, route{
		id: "get-points", method: http.MethodGet, path: "/v1/points/participants/{participant}", tag: "points", needs: tenant.Reader,
		summary: "Get the points of a participant", errors: []int{404},
	}, h.getPoints)
	register(api, h, route{
		id: "list-points", method: http.MethodGet, path: "/v1/points/participants/{participant}/entries", tag: "points", needs: tenant.Reader,
		summary: "List what changed the points of a participant", text: "Newest first: what settlements brought, too.", errors: []int{400, 404},
	}, h.listPoints)
}

// PointsWhy says why something is done with points.
type PointsWhy struct {
	Reason string `json:"reason" pattern:"^[a-z][a-z0-9_]{0,39}$" doc:"A code, which stands in the ledger." example:"spiff"`
	Note   string `json:"note,omitempty" maxLength:"1000" doc:"For people: it is kept beside the ledger."`
}

type awardPointsInput struct {
	ResendInput
	Body struct {
		Participant string `json:"participant" minLength:"1" maxLength:"128" example:"mem_4f0c9a2b1x7z"`
		Points      string `json:"points,omitempty" maxLength:"30" doc:"Above 0, with at most 6 decimals. Or amount and currency." example:"12.5"`
		Amount      string `json:"amount,omitempty" maxLength:"30" doc:"Money, in major units, that is turned into points by the rate of the date." example:"50.00"`
		Currency    string `json:"currency,omitempty" maxLength:"3" example:"EUR"`
		Date        string `json:"date,omitempty" maxLength:"10" doc:"The day that it is for; today if left out." example:"2026-11-22"`
		PointsWhy
	} `nameHint:"NewAward"`
}

type pointsDoneOutput struct{ Body PointsDone }

func (h *handler) awardPoints(ctx context.Context, c caller, in *awardPointsInput) (*pointsDoneOutput, error) {
	sight, err := h.sight(ctx, c)
	if err != nil {
		return nil, err
	}
	rules, err := h.Games.GameRules(ctx, c.organization)
	if err != nil {
		return nil, err
	}
	p := game.Points{Kind: game.Award, Reason: in.Body.Reason, Note: in.Body.Note}
	if p.Participant, err = sight.participant(in.Body.Participant); err != nil {
		return nil, err
	}
	if p.Date, err = h.dayOf(rules, in.Body.Date); err != nil {
		return nil, err
	}
	switch money := in.Body.Amount != "" || in.Body.Currency != ""; {
	case money == (in.Body.Points != ""):
		return nil, fault.New(fault.Invalid, "points_or_money", "Say either points, or amount and currency.")
	case money:
		if err := worth(rules, &p, in.Body.Amount, in.Body.Currency); err != nil {
			return nil, err
		}
	default:
		if p.Amount, err = pointsIn(in.Body.Points); err != nil {
			return nil, err
		}
	}
	return h.donePoints(ctx, c, in.IdempotencyKey, in.Body, p)
}

type redeemPointsInput struct {
	ResendInput
	Body struct {
		Participant string `json:"participant,omitempty" maxLength:"128" doc:"Whose points; \"me\" if left out." example:"me"`
		Points      string `json:"points" minLength:"1" maxLength:"30" doc:"Whole points." example:"100"`
		PointsWhy
	} `nameHint:"NewRedemption"`
}

func (h *handler) redeemPoints(ctx context.Context, c caller, in *redeemPointsInput) (*pointsDoneOutput, error) {
	sight, err := h.sight(ctx, c)
	if err != nil {
		return nil, err
	}
	who := in.Body.Participant
	if who == "" {
		who = "me"
	}
	if who, err = sight.participant(who); err != nil {
		return nil, err
	}
	if who != sight.member && !c.role.Allows(tenant.Admin) {
		return nil, fault.New(fault.Forbidden, "not_yours", "The points of others are spent by admins. Yours are those of the participant me.")
	}
	rules, err := h.Games.GameRules(ctx, c.organization)
	if err != nil {
		return nil, err
	}
	p := game.Points{Kind: game.Redemption, Participant: who, Reason: in.Body.Reason, Note: in.Body.Note}
	if p.Date, err = h.dayOf(rules, ""); err != nil {
		return nil, err
	}
	if p.Amount, err = pointsIn(in.Body.Points); err != nil {
		return nil, err
	}
	return h.donePoints(ctx, c, in.IdempotencyKey, in.Body, p)
}

type revokePointsInput struct {
	ResendInput
	Body struct {
		Participant   string `json:"participant" minLength:"1" maxLength:"128" example:"mem_4f0c9a2b1x7z"`
		Award         string `json:"award" minLength:"1" maxLength:"300" doc:"The cause of the award: its id, or that of its row in the list of what changed the points." example:"pts_4f0c9a2b1x7z"`
		Points        string `json:"points,omitempty" maxLength:"30" doc:"How many at most; all of the award if left out." example:"5"`
		AllowNegative bool   `json:"allow_negative,omitempty" doc:"Take it all, even if more was spent than is left: the rest is owed."`
		PointsWhy
	} `nameHint:"NewRevocation"`
}

func (h *handler) revokePoints(ctx context.Context, c caller, in *revokePointsInput) (*pointsDoneOutput, error) {
	rules, err := h.Games.GameRules(ctx, c.organization)
	if err != nil {
		return nil, err
	}
	// An award of somebody who is no member any more can be revoked, too.
	p := game.Points{Kind: game.Revocation, Reason: in.Body.Reason, Note: in.Body.Note, Award: in.Body.Award, Negative: in.Body.AllowNegative}
	if p.Participant, err = h.bookOf(ctx, c, in.Body.Participant); err != nil {
		return nil, err
	}
	if p.Date, err = h.dayOf(rules, ""); err != nil {
		return nil, err
	}
	if in.Body.Points != "" {
		if p.Amount, err = pointsIn(in.Body.Points); err != nil {
			return nil, err
		}
	}
	return h.donePoints(ctx, c, in.IdempotencyKey, in.Body, p)
}

type getPointsInput struct{ ParticipantPath }

type pointsBalanceOutput struct{ Body PointsBalance }

func (h *handler) getPoints(ctx context.Context, c caller, in *getPointsInput) (*pointsBalanceOutput, error) {
	who, err := h.bookOf(ctx, c, in.Participant)
	if err != nil {
		return nil, err
	}
	members, err := h.knownMembers(ctx, c.organization)
	if err != nil {
		return nil, err
	}
	b, err := h.finance.Ledger.Book(ctx, c.organization, who)
	if err != nil {
		return nil, err
	}
	left, spent := game.Balance(b)
	return &pointsBalanceOutput{PointsBalance{Participant: who, Name: nameIn(members, who), Balance: game.Text(left),
		Redeemable: game.Text(max(left, 0) / ledger.PointScale * ledger.PointScale), Redeemed: game.Text(spent)}}, nil
}

type listPointsInput struct {
	ParticipantPath
	PageInput
}

type pointsEntriesOutput struct{ Body list[PointsEntry] }

func (h *handler) listPoints(ctx context.Context, c caller, in *listPointsInput) (*pointsEntriesOutput, error) {
	who, err := h.bookOf(ctx, c, in.Participant)
	if err != nil {
		return nil, err
	}
	var asked map[string]game.Points
	body, err := page(ctx, h, c, in.PageInput, listing[ledger.Row, PointsEntry]{
		scope: []string{"points", who},
		read: func(ctx context.Context, p store.Page) ([]ledger.Row, string, error) {
			rows, next, err := h.finance.Ledger.LatestRows(ctx, c.organization, who, p)
			if err != nil {
				return nil, "", err
			}
			var ids []string
			for _, r := range rows {
				if _, about := game.After(r); about && r.Cause.Ref != "" {
					ids = append(ids, r.Cause.Ref)
				}
			}
			asked, err = h.Games.PointsOf(ctx, c.organization, ids)
			return rows, next, err
		},
		show: func(r ledger.Row) (PointsEntry, int, bool) {
			balance, about := game.After(r)
			note := asked[r.Cause.Ref].Note
			return PointsEntry{Number: r.Number, Kind: string(r.Cause.Kind), Cause: r.Cause.ID, Points: game.Text(game.Given(r)), Balance: game.Text(balance), Reason: r.Cause.Code, Note: note,
				Program: r.Cause.Program, Period: r.Cause.Period, Date: string(r.Date), By: r.Cause.By, At: r.At}, 1024 + len(note), about
		},
	})
	return &pointsEntriesOutput{body}, err
}
