package main

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"leadline/shared/approval"
	"leadline/shared/calendar"
	"leadline/shared/fault"
	"leadline/shared/payout"
	"leadline/shared/tenant"
)

// ApprovalPolicy says what an approval takes.
type ApprovalPolicy struct {
	Levels    []ApprovalLevel    `json:"levels" maxItems:"10" nullable:"false" doc:"Passed in their order, each by another person. With none, one admin approves who had no hand in it."`
	Delegates []ApprovalDelegate `json:"delegates,omitempty" maxItems:"100" nullable:"false" doc:"Who may approve in another's place, on some days."`
}

// ApprovalLevel is one of the approvals that are needed.
type ApprovalLevel struct {
	Name      string   `json:"name" minLength:"1" maxLength:"80" example:"Finance"`
	Approvers []string `json:"approvers,omitempty" maxItems:"100" nullable:"false" doc:"People (per_...) or API keys (key_...); with none, every admin and owner."`
	Above     *int64   `json:"above,omitempty" doc:"Needed only for totals above this, in minor units of currency."`
	Limit     *int64   `json:"limit,omitempty" doc:"The highest total that the approvers of this level may approve."`
	Currency  string   `json:"currency,omitempty" maxLength:"3" doc:"That of above and limit." example:"EUR"`
}

// ApprovalDelegate may approve what another may.
type ApprovalDelegate struct {
	From  string `json:"from" maxLength:"64" doc:"Whose place it is." example:"per_4f0c9a2b1x7z"`
	To    string `json:"to" maxLength:"64" doc:"Who takes it."`
	Since string `json:"since,omitempty" maxLength:"10" doc:"The first day; absent for all before."`
	Until string `json:"until,omitempty" maxLength:"10" doc:"The day when it ends, which is not in it; absent for no end."`
}

// PolicyInput names a kind of act.
type PolicyInput struct {
	Kind string `path:"kind" maxLength:"20" doc:"settlement: periods of programs. payout: batches of payments. bank: changes of bank details."`
}

func (h *handler) registerApprovalPolicies(api huma.API) {
	register(api, h, route{
		id: "get-approval-policy", method: http.MethodGet, path: "/v1/approval-policies/{kind}", tag: "payouts", needs: tenant.Manager,
		summary: "Get who approves", errors: []int{404},
	}, h.approvalPolicy)
	register(api, h, route{
		id: "set-approval-policy", method: http.MethodPut, path: "/v1/approval-policies/{kind}", tag: "payouts", needs: tenant.Admin,
		summary: "Say who approves", text: "All of it at once. What was approved already stays so as far as the levels stay.", errors: []int{400, 404, 409, 412, 413, 415},
	}, h.setApprovalPolicy)
}

type policyOutput struct {
	ETag string `header:"ETag"`
	Body ApprovalPolicy
}

func (h *handler) approvalPolicy(ctx context.Context, c caller, in *PolicyInput) (*policyOutput, error) {
	p, err := h.policy(ctx, c, in.Kind)
	if err != nil {
		return nil, err
	}
	return showPolicy(p), nil
}

// policy reads the policy for a kind of act.
func (h *handler) policy(ctx context.Context, c caller, kind string) (approval.Policy, error) {
	switch kind {
	case settlementPolicy, payout.PolicyKind, bankPolicy:
		return h.Settlements.Policy(ctx, c.organization, kind)
	}
	return approval.Policy{}, fault.New(fault.NotFound, "not_found", "There are no approvals of %q: there are those of %s, %s and %s.", kind, settlementPolicy, payout.PolicyKind, bankPolicy)
}

type setPolicyInput struct {
	PolicyInput
	MatchInput
	Body ApprovalPolicy
}

func (h *handler) setApprovalPolicy(ctx context.Context, c caller, in *setPolicyInput) (*policyOutput, error) {
	before, err := h.policy(ctx, c, in.Kind)
	if err != nil {
		return nil, err
	}
	if err := checkMatch(in.IfMatch, before.Rev); err != nil {
		return nil, err
	}
	p := approval.Policy{Rev: before.Rev + 1}
	for _, l := range in.Body.Levels {
		p.Levels = append(p.Levels, approval.Level(l))
	}
	for _, d := range in.Body.Delegates {
		one := approval.Delegate{From: d.From, To: d.To}
		if one.Span.From, err = calendar.ParseDate(d.Since); err != nil {
			return nil, err
		}
		if one.Span.Until, err = calendar.ParseDate(d.Until); err != nil {
			return nil, err
		}
		p.Delegates = append(p.Delegates, one)
	}
	if err := p.Check(); err != nil {
		return nil, err
	}
	explain(ctx, "%s: %d levels", in.Kind, len(p.Levels))
	if err := h.Settlements.SavePolicy(ctx, c.organization, in.Kind, p); err != nil {
		return nil, err
	}
	return showPolicy(p), nil
}

func showPolicy(p approval.Policy) *policyOutput {
	out := &policyOutput{ETag: etag(p.Rev), Body: ApprovalPolicy{Levels: []ApprovalLevel{}}}
	for _, l := range p.Levels {
		out.Body.Levels = append(out.Body.Levels, ApprovalLevel(l))
	}
	for _, d := range p.Delegates {
		out.Body.Delegates = append(out.Body.Delegates, ApprovalDelegate{From: d.From, To: d.To, Since: string(d.Span.From), Until: string(d.Span.Until)})
	}
	return out
}
