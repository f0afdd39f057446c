package main

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"leadline/shared/fault"
	"leadline/shared/incentive/keeper"
	"leadline/shared/program"
	"leadline/shared/settlement"
	settling "leadline/shared/settlement/keeper"
	"leadline/shared/store"
	"leadline/shared/tenant"
)

// SettledStatement is what one participant gets with a settlement.
type SettledStatement struct {
	Program     string    `json:"program"`
	Period      string    `json:"period" example:"2026-10"`
	Participant string    `json:"participant"`
	Name        string    `json:"name,omitempty"`
	Revision    int       `json:"revision"`
	Final       bool      `json:"final" doc:"It stands in the ledger, and never changes any more."`
	Payer       string    `json:"payer,omitempty" doc:"Who pays; absent if nobody was said to."`
	Payable     Money     `json:"payable" doc:"What the period comes to."`
	Adjusted    Money     `json:"adjusted" doc:"What later changes of locked periods come to."`
	Manual      Money     `json:"manual" doc:"Adjustments by hand."`
	Credited    Money     `json:"credited" doc:"The sum of these."`
	Benefits    Money     `json:"benefits" doc:"The value of what is given in kind, in no other sum."`
	Points      string    `json:"points"`
	Document    string    `json:"document" doc:"The hash (SHA-256) of the whole statement as it is stored."`
	FrozenAt    time.Time `json:"frozen_at"`
}

// SettledDocument is a statement whole.
type SettledDocument struct {
	SettledStatement
	Title       string           `json:"title" doc:"That of the program, as it was."`
	Adjustments []Adjustment     `json:"adjustments" nullable:"false" doc:"Line by line, with the cause."`
	ByHand      []ManualAdjusted `json:"by_hand" nullable:"false"`
	Statement   *Statement       `json:"statement,omitempty" doc:"What the period came to when it was frozen; absent where nothing was reckoned. Its lines and credits come in pages."`
}

// Adjustment is what a later change makes of one line of a locked period.
type Adjustment struct {
	Period    string          `json:"period" doc:"The locked one."`
	Kind      string          `json:"kind" enum:"component,limit,hold,prize"`
	Component string          `json:"component,omitempty"`
	Credit    string          `json:"credit,omitempty"`
	Record    *RecordName     `json:"record,omitempty"`
	Was       string          `json:"was" doc:"What it was settled as, in major units, or points."`
	Now       string          `json:"now"`
	Amount    string          `json:"amount" doc:"Now less was."`
	Unit      string          `json:"unit" example:"EUR" doc:"The currency, or points."`
	Cause     AdjustmentCause `json:"cause"`
}

// AdjustmentCause is why a line of a locked period differs.
type AdjustmentCause struct {
	Code    string             `json:"code" enum:"record_added,record_gone,record_changed,other_records,people_changed,goals_changed,plan_changed,carried_over,ranks_changed,rates_changed,engine_changed"`
	Detail  string             `json:"detail"`
	Records []AdjustmentRecord `json:"records" nullable:"false"`
}

// AdjustmentRecord is a record that counts otherwise than before.
type AdjustmentRecord struct {
	Record RecordName `json:"record"`
	WasRev int64      `json:"was_rev,omitempty"`
	NowRev int64      `json:"now_rev,omitempty"`
	Was    string     `json:"was,omitempty" doc:"The value that it counted with."`
	Now    string     `json:"now,omitempty"`
}

// SettlementDifference is a statement that would come to something else now.
type SettlementDifference struct {
	Participant string `json:"participant"`
	Name        string `json:"name,omitempty"`
	Frozen      Money  `json:"frozen"`
	Now         Money  `json:"now"`
}

func (h *handler) registerSettledStatements(api huma.API) {
	const path = "/v1/programs/{program}/settlements/{period}"
	register(api, h, route{
		id: "list-settled-statements", method: http.MethodGet, path: path + "/statements", tag: "settlements", needs: tenant.Reader,
		summary: "List the frozen statements of a period", text: "Of those whose figures the caller sees.", errors: []int{400, 404, 409},
	}, h.listSettledStatements)
	register(api, h, route{
		id: "get-settled-statement", method: http.MethodGet, path: path + "/statements/{participant}", tag: "settlements", needs: tenant.Reader,
		summary: "Get a frozen statement", text: "With adjustments and their causes. Once it is final, it is the same for ever, to the byte; what the period would come to now is told by the statement of the standings. " +
			"`me` stands for the caller's own member.", errors: []int{400, 404, 409},
	}, h.getSettledStatement)
	register(api, h, route{
		id: "list-settlement-differences", method: http.MethodGet, path: path + "/differences", tag: "settlements", needs: tenant.Admin,
		summary: "List what changed since a period was frozen", text: "Statements whose period comes to something else now: what a locked one will be adjusted by, and what one that is not could be calculated anew for.", errors: []int{400, 404, 409},
	}, h.listSettlementDifferences)
	register(api, h, route{
		id: "list-upcoming-adjustments", method: http.MethodGet, path: "/v1/programs/{program}/participants/{participant}/upcoming-adjustments", tag: "settlements", needs: tenant.Reader,
		summary: "List what the next settlement will adjust", text: "What later changes of all locked periods of a participant come to, as things stand. Nothing is written.", errors: []int{400, 404, 409},
	}, h.listUpcomingAdjustments)
}

type listSettledInput struct {
	SettlementInput
	PageInput
}

type settledListOutput struct{ Body list[SettledStatement] }

func (h *handler) listSettledStatements(ctx context.Context, c caller, in *listSettledInput) (*settledListOutput, error) {
	s, err := h.settlement(ctx, c, in.SettlementInput)
	if err != nil {
		return nil, err
	}
	sight, err := h.sight(ctx, c)
	if err != nil {
		return nil, err
	}
	body, err := page(ctx, h, c, in.PageInput, listing[settlement.Statement, SettledStatement]{
		scope: []string{"settled statements", s.Program, s.Period.Name},
		read: func(ctx context.Context, page store.Page) ([]settlement.Statement, string, error) {
			return h.Settlements.Statements(ctx, c.organization, s.Program, s.Period.Name, page)
		},
		show: func(st settlement.Statement) (SettledStatement, int, bool) {
			return showSettledStatement(st, nameIn(sight.members, st.Participant)), 1024, st.Revision == s.Revision && sight.sees(st.Participant)
		},
	})
	return &settledListOutput{body}, err
}

type getSettledInput struct {
	SettlementInput
	Participant string `path:"participant" maxLength:"200" example:"me"`
	Limit       int    `query:"limit" minimum:"1" maximum:"1000" default:"500" doc:"The most lines wanted, with the credits that no line names counted as lines."`
	Cursor      string `query:"cursor" maxLength:"4096" doc:"The next of the page before."`
}

type settledOutput struct {
	ETag string `header:"ETag" doc:"The hash of the document."`
	Body SettledDocument
}

// frozen reads the statement that a path names, with who sees it.
func (h *handler) frozen(ctx context.Context, c caller, in SettlementInput, participant string) (settlement.Statement, sight, error) {
	s, err := h.settlement(ctx, c, in)
	if err != nil {
		return settlement.Statement{}, sight{}, err
	}
	seen, err := h.sight(ctx, c)
	if err != nil {
		return settlement.Statement{}, seen, err
	}
	who, err := seen.participant(participant)
	if err != nil {
		return settlement.Statement{}, seen, err
	}
	st, err := h.Settlements.Statement(ctx, c.organization, s.Program, s.Period.Name, who)
	if err == nil && st.Revision != s.Revision {
		err = fault.New(fault.NotFound, "not_found", "none of the revision")
	}
	return st, seen, notFound(err, "There is no frozen statement of %s for %s.", s.Period.Name, who)
}

func (h *handler) getSettledStatement(ctx context.Context, c caller, in *getSettledInput) (*settledOutput, error) {
	st, sight, err := h.frozen(ctx, c, in.SettlementInput, in.Participant)
	if err != nil {
		return nil, err
	}
	d, err := h.settlements.Document(ctx, c.organization, st.Program, st.Document)
	if err != nil {
		return nil, lost(err)
	}
	out := SettledDocument{SettledStatement: showSettledStatement(st, nameIn(sight.members, st.Participant)), Title: d.Title,
		Adjustments: showAdjustments(d.Adjustments, d.Currency), ByHand: []ManualAdjusted{}}
	for _, m := range d.Manual {
		out.ByHand = append(out.ByHand, showManual(m, d.Currency))
	}
	if st.Reckoned != "" {
		r, err := h.settlements.Reckoned(ctx, c.organization, st.Program, st.Reckoned)
		if err != nil {
			return nil, lost(err)
		}
		frozen := keeper.Statement{Standing: r.Standing, Input: r.Input, Result: r.Result, Reproduced: true}
		shown := showStatement(frozen)
		shown.Program, shown.Name = st.Program, out.Name
		for i := range shown.Components {
			shown.Components[i].Title = r.Titles[shown.Components[i].Component]
		}
		if err := h.pageLines(ctx, c, &shown, frozen, PageInput{Limit: in.Limit, Cursor: in.Cursor}, []string{"settled statement", st.Program, st.Period, st.Document}); err != nil {
			return nil, err
		}
		out.Statement = &shown
	}
	return &settledOutput{ETag: `"` + st.Document + `"`, Body: out}, nil
}

// lost says that what the ledger goes by is not there, or not as it was: a fault of ours.
func lost(err error) error {
	if fault.Is(err, fault.NotFound) {
		return fault.Wrap(err, fault.Internal, "missing_document", "api: what was frozen is gone")
	}
	return err
}

type differencesOutput struct{ Body list[SettlementDifference] }

func (h *handler) listSettlementDifferences(ctx context.Context, c caller, in *listSettledInput) (*differencesOutput, error) {
	p, err := h.program(ctx, c, in.Program)
	if err != nil {
		return nil, err
	}
	s, err := h.settlement(ctx, c, in.SettlementInput)
	if err != nil {
		return nil, err
	}
	sight, err := h.sight(ctx, c)
	if err != nil {
		return nil, err
	}
	body, err := page(ctx, h, c, in.PageInput, listing[settling.Discrepancy, SettlementDifference]{
		scope: []string{"settlement differences", s.Program, s.Period.Name},
		read: func(ctx context.Context, page store.Page) ([]settling.Discrepancy, string, error) {
			return h.settlements.Discrepancies(ctx, p, s, page)
		},
		show: func(d settling.Discrepancy) (SettlementDifference, int, bool) {
			return SettlementDifference{d.Participant, nameIn(sight.members, d.Participant), showMoney(d.Frozen, s.Currency), showMoney(d.Now, s.Currency)}, 512, true
		},
	})
	return &differencesOutput{body}, err
}

type upcomingInput struct {
	ParticipantInput
	PageInput
}

type adjustmentsOutput struct{ Body list[Adjustment] }

func (h *handler) listUpcomingAdjustments(ctx context.Context, c caller, in *upcomingInput) (*adjustmentsOutput, error) {
	p, versions, who, _, err := h.seen(ctx, c, in.ParticipantInput)
	if err != nil {
		return nil, err
	}
	all, err := h.settlements.Upcoming(ctx, p, who)
	if err != nil {
		return nil, err
	}
	currency := currencyOf(versions)
	body, err := page(ctx, h, c, in.PageInput, listing[Adjustment, Adjustment]{
		scope: []string{"upcoming adjustments", p.ID, who},
		read:  inMemory(showAdjustments(all, currency)),
		show:  func(a Adjustment) (Adjustment, int, bool) { return a, 1024 + 256*len(a.Cause.Records), true },
	})
	return &adjustmentsOutput{body}, err
}

func currencyOf(versions []program.Version) string {
	return versions[len(versions)-1].Definition.Currency
}

func showSettledStatement(st settlement.Statement, name string) SettledStatement {
	return SettledStatement{Program: st.Program, Period: st.Period, Participant: st.Participant, Name: name, Revision: st.Revision, Final: st.Posted, Payer: st.Payer,
		Payable: showMoney(st.Payable, st.Currency), Adjusted: showMoney(st.Adjusted, st.Currency), Manual: showMoney(st.Manual, st.Currency),
		Credited: showMoney(st.Credited, st.Currency), Benefits: showMoney(st.Benefits, st.Currency), Points: showPoints(st.Points), Document: st.Document, FrozenAt: st.At}
}

func showAdjustments(all []settlement.Adjustment, currency string) []Adjustment {
	out := []Adjustment{}
	for _, a := range all {
		shown := Adjustment{Period: a.Period, Kind: string(a.Kind), Component: a.Component, Credit: a.Credit, Was: showAmount(a.Was, currency, a.Points),
			Now: showAmount(a.Now, currency, a.Points), Amount: showAmount(a.Amount, currency, a.Points), Unit: currency,
			Cause: AdjustmentCause{Code: string(a.Cause.Code), Detail: a.Cause.Detail, Records: []AdjustmentRecord{}}}
		if a.Points {
			shown.Unit = string(settlement.PointsUnit)
		}
		if a.Record != nil {
			name := showRecordName(*a.Record)
			shown.Record = &name
		}
		for _, r := range a.Cause.Records {
			shown.Cause.Records = append(shown.Cause.Records, AdjustmentRecord{showRecordName(r.Record), r.WasRev, r.NowRev, r.Was, r.Now})
		}
		out = append(out, shown)
	}
	return out
}
