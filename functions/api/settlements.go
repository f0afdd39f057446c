package main

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"leadline/shared/approval"
	"leadline/shared/ledger"
	"leadline/shared/number"
	"leadline/shared/program"
	"leadline/shared/settlement"
	settling "leadline/shared/settlement/keeper"
	"leadline/shared/store"
	"leadline/shared/tenant"
)

// Settlement is how far a period of a program has come from calculated to paid.
type Settlement struct {
	Program   string              `json:"program"`
	Period    ProgramPeriod       `json:"period"`
	State     string              `json:"state" enum:"open,calculated,submitted,approved,locked,paid"`
	Revision  int                 `json:"revision" doc:"Counts how often it was calculated: statements and approvals of an earlier revision count no more."`
	Work      *SettlementWork     `json:"work,omitempty" doc:"Long work that goes on, or failed; absent if there is none."`
	Totals    SettlementTotals    `json:"totals" doc:"The sums of the statements, once they are calculated."`
	Waiting   string              `json:"waiting,omitempty" doc:"The level whose approval comes next."`
	Approvals []SettlementGiven   `json:"approvals" nullable:"false"`
	Rejected  *SettlementRejected `json:"rejected,omitempty" doc:"The last refusal, until it is submitted again."`
	By        SettlementActors    `json:"by" doc:"Who did what: people or API keys."`
	Root      int64               `json:"root,omitempty" doc:"The number of the ledger's root that was made when it was locked."`
	LockedAt  *time.Time          `json:"locked_at,omitempty"`
	PaidAt    *time.Time          `json:"paid_at,omitempty" doc:"When nobody in it was owed anything any more."`
	UpdatedAt *time.Time          `json:"updated_at,omitempty"`
}

// SettlementWork is long work over all participants.
type SettlementWork struct {
	Kind         string    `json:"kind" enum:"freezing,posting"`
	Participants int       `json:"participants" doc:"How many there are; 0 until they are counted."`
	Done         int       `json:"done" doc:"How many are done."`
	Error        string    `json:"error,omitempty" doc:"Why it came to nothing; it can be begun anew."`
	Since        time.Time `json:"since"`
}

// SettlementTotals sum statements.
type SettlementTotals struct {
	Statements int    `json:"statements"`
	Payable    Money  `json:"payable" doc:"What the period comes to."`
	Adjusted   Money  `json:"adjusted" doc:"What later changes of locked periods come to."`
	Manual     Money  `json:"manual" doc:"Adjustments by hand."`
	Credited   Money  `json:"credited" doc:"The sum of these: what is posted."`
	Benefits   Money  `json:"benefits" doc:"The value of what is given in kind, in no other sum."`
	Points     string `json:"points" example:"250"`
	Negative   int    `json:"negative" doc:"Statements that come to less than nothing: what is owed back is carried."`
}

// SettlementGiven is an approval that was given.
type SettlementGiven struct {
	Level string    `json:"level"`
	By    string    `json:"by"`
	For   string    `json:"for,omitempty" doc:"Whose delegate it was."`
	At    time.Time `json:"at"`
}

// SettlementRejected is a refusal.
type SettlementRejected struct {
	By     string    `json:"by"`
	At     time.Time `json:"at"`
	Reason string    `json:"reason"`
}

// SettlementActors say who did what.
type SettlementActors struct {
	Calculated string `json:"calculated,omitempty"`
	Submitted  string `json:"submitted,omitempty"`
	Locked     string `json:"locked,omitempty"`
}

// SettlementInput names a period of a program.
type SettlementInput struct {
	ProgramInput
	Period string `path:"period" maxLength:"20" example:"2026-10"`
}

func (h *handler) registerSettlements(api huma.API) {
	const path = "/v1/programs/{program}/settlements"
	register(api, h, route{
		id: "list-settlements", method: http.MethodGet, path: path, tag: "settlements", needs: tenant.Manager,
		summary: "List the periods that are settled, or being settled", text: "Newest first.", errors: []int{400, 404},
	}, h.listSettlements)
	register(api, h, route{
		id: "get-settlement", method: http.MethodGet, path: path + "/{period}", tag: "settlements", needs: tenant.Manager,
		summary: "Get how far a period has come", text: "Also the progress of calculating and locking. A period of which nothing was calculated is open.", errors: []int{404, 409},
	}, h.getSettlement)
	for _, act := range []struct {
		id, name      string
		needs         tenant.Role
		status        int
		summary, text string
		do            settlingAct
	}{
		{"calculate-settlement", "calculate", tenant.Admin, http.StatusAccepted, "Calculate a period", "Freezes a statement for each participant, with what later changes of locked periods come to, and with what was added by hand. It goes on after the answer: watch `work`. " +
			"Again, it freezes anew, as another revision. The period must be over, and the one before locked.", (*settling.Keeper).Calculate},
		{"submit-settlement", "submit", tenant.Admin, 0, "Submit a period for approval", "What is approved is what was frozen: what changes from now on is settled with a later period, unless it is calculated anew.", (*settling.Keeper).Submit},
		{"approve-settlement", "approve", tenant.Manager, 0, "Approve a period", "The approval policy says who may, on which level, up to what total; nobody who calculated or submitted it, or added to it by hand.", (*settling.Keeper).Approve},
		{"lock-settlement", "lock", tenant.Admin, http.StatusAccepted, "Lock a period", "Posts all statements to the ledger, once: from then on the period never changes. It goes on after the answer: watch `work`.", (*settling.Keeper).Lock},
		{"reopen-settlement", "reopen", tenant.Admin, 0, "Reopen a period", "Gives up what was frozen, and the approvals, as long as it is not locked.",
			func(k *settling.Keeper, ctx context.Context, p program.Program, period string, _ approval.Actor) (settlement.Settlement, error) {
				return k.Reopen(ctx, p, period)
			}},
	} {
		register(api, h, route{
			id: act.id, method: http.MethodPost, path: path + "/{period}/" + act.name, tag: "settlements", needs: act.needs, status: act.status,
			summary: act.summary, text: act.text, errors: []int{404, 409, 412},
		}, func(ctx context.Context, c caller, in *SettlementActInput) (*settlementOutput, error) {
			return h.settle(ctx, c, *in, act.do)
		})
	}
	register(api, h, route{
		id: "reject-settlement", method: http.MethodPost, path: path + "/{period}/reject", tag: "settlements", needs: tenant.Manager,
		summary: "Reject a period", text: "With a reason. It is calculated then, as before it was submitted. Whoever may approve on some level may reject.", errors: []int{400, 404, 409, 412, 413, 415},
	}, h.rejectSettlement)
	h.registerSettledStatements(api)
	h.registerAdjustments(api)
}

type settlementOutput struct {
	ETag string `header:"ETag"`
	Body Settlement
}

// approver is the caller as approvals know people: by their id, whatever key of theirs it is.
func approver(c caller) approval.Actor {
	return approval.Actor{ID: c.id(), Admin: c.role.Allows(tenant.Admin), Makers: c.makers}
}

// settlingAct is something that is done to a period.
type settlingAct func(k *settling.Keeper, ctx context.Context, p program.Program, period string, by approval.Actor) (settlement.Settlement, error)

// SettlementActInput names a period, and what was seen of it: with If-Match, an approval never lands on other figures than those that
// were read.
type SettlementActInput struct {
	SettlementInput
	MatchInput
}

// settle does something to a period.
func (h *handler) settle(ctx context.Context, c caller, in SettlementActInput, do settlingAct) (*settlementOutput, error) {
	p, err := h.program(ctx, c, in.Program)
	if err != nil {
		return nil, err
	}
	k := h.settlements
	if in.IfMatch != "" {
		seen, err := k.Get(ctx, p, in.Period)
		if err == nil {
			err = checkMatch(in.IfMatch, seen.Rev)
		}
		if err != nil {
			return nil, noPeriod(err, in.Period)
		}
		k = k.Seen(seen.Rev)
	}
	s, err := do(k, ctx, p, in.Period, approver(c))
	if err != nil {
		return nil, stale(noPeriod(err, in.Period), in.IfMatch)
	}
	explain(ctx, "%s, revision %d, %s", s.Period.Name, s.Revision, s.State)
	return h.answerSettlement(ctx, s)
}

type rejectSettlementInput struct {
	SettlementActInput
	Body struct {
		Reason string `json:"reason" minLength:"1" maxLength:"1000" doc:"What has to change."`
	} `nameHint:"SettlementRejection"`
}

func (h *handler) rejectSettlement(ctx context.Context, c caller, in *rejectSettlementInput) (*settlementOutput, error) {
	return h.settle(ctx, c, in.SettlementActInput, func(k *settling.Keeper, ctx context.Context, p program.Program, period string, who approval.Actor) (settlement.Settlement, error) {
		return k.Reject(ctx, p, period, in.Body.Reason, who)
	})
}

func (h *handler) getSettlement(ctx context.Context, c caller, in *SettlementInput) (*settlementOutput, error) {
	s, err := h.settlement(ctx, c, *in)
	if err != nil {
		return nil, err
	}
	return h.answerSettlement(ctx, s)
}

// settlement reads the settlement that a path names.
func (h *handler) settlement(ctx context.Context, c caller, in SettlementInput) (settlement.Settlement, error) {
	p, err := h.program(ctx, c, in.Program)
	if err != nil {
		return settlement.Settlement{}, err
	}
	s, err := h.settlements.Get(ctx, p, in.Period)
	return s, noPeriod(err, in.Period)
}

// answerSettlement answers with a settlement, how far its work is, and whose approval it waits for.
func (h *handler) answerSettlement(ctx context.Context, s settlement.Settlement) (*settlementOutput, error) {
	out := showSettlement(s)
	if out.Work != nil {
		_, done, _, err := h.Settlements.SettlementParts(ctx, s.Organization, s.Program, s.Period.Name, s.Work.Run)
		if err != nil {
			return nil, err
		}
		out.Work.Done = done
	}
	if s.State == settlement.Submitted {
		policy, err := h.Settlements.Policy(ctx, s.Organization, settlementPolicy)
		if err != nil {
			return nil, err
		}
		if level, waits := policy.Waiting(s.Request(nil)); waits {
			out.Waiting = level.Name
		}
	}
	return &settlementOutput{ETag: etag(s.Rev), Body: out}, nil
}

type listSettlementsInput struct {
	ProgramInput
	PageInput
}

type settlementsOutput struct{ Body list[Settlement] }

func (h *handler) listSettlements(ctx context.Context, c caller, in *listSettlementsInput) (*settlementsOutput, error) {
	p, err := h.program(ctx, c, in.Program)
	if err != nil {
		return nil, err
	}
	body, err := page(ctx, h, c, in.PageInput, listing[settlement.Settlement, Settlement]{
		scope: []string{"settlements", p.ID},
		read: func(ctx context.Context, page store.Page) ([]settlement.Settlement, string, error) {
			return h.Settlements.Settlements(ctx, c.organization, p.ID, page)
		},
		show: func(s settlement.Settlement) (Settlement, int, bool) { return showSettlement(s), 2048, true },
	})
	return &settlementsOutput{body}, err
}

func showSettlement(s settlement.Settlement) Settlement {
	out := Settlement{Program: s.Program, Period: showPeriod(s.Period), State: string(s.State), Revision: s.Revision, Root: s.Root,
		Totals: showTotals(s.Totals, s.Currency), Approvals: []SettlementGiven{}, LockedAt: orNil(s.LockedAt), PaidAt: orNil(s.PaidAt), UpdatedAt: orNil(s.UpdatedAt),
		By: SettlementActors{Calculated: s.CalculatedBy, Submitted: s.SubmittedBy, Locked: s.LockedBy}}
	if s.Work.Kind != "" {
		out.Work = &SettlementWork{Kind: s.Work.Kind, Participants: s.Work.Of, Error: s.Work.Error, Since: s.Work.At}
	}
	for _, g := range s.Given {
		out.Approvals = append(out.Approvals, SettlementGiven{Level: g.Name, By: g.By, For: g.For, At: g.At})
	}
	if r := s.Rejected; r != nil {
		out.Rejected = &SettlementRejected{By: r.By, At: r.At, Reason: r.Reason}
	}
	return out
}

func showTotals(t settlement.Totals, currency string) SettlementTotals {
	return SettlementTotals{Statements: t.Statements, Negative: t.Negative, Points: showPoints(t.Points),
		Payable: showMoney(t.Payable, currency), Adjusted: showMoney(t.Adjusted, currency), Manual: showMoney(t.Manual, currency),
		Credited: showMoney(t.Credited, currency), Benefits: showMoney(t.Benefits, currency)}
}

// showPoints gives points as a decimal of whole ones.
func showPoints(millionths int64) string { return number.Frac(millionths, ledger.PointScale).String() }

// orNil leaves out the zero time.
func orNil(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
