package main

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"leadline/shared/fault"
	"leadline/shared/payee"
	"leadline/shared/secret"
	"leadline/shared/store"
	"leadline/shared/tenant"
)

// BankDetails are an account at a bank. What of it is needed depends on the country.
type BankDetails struct {
	Holder  string `json:"holder" minLength:"1" maxLength:"140" doc:"Whose account it is, as the bank knows it."`
	Country string `json:"country" minLength:"2" maxLength:"2" doc:"Where the account is; ISO 3166-1." example:"DE"`
	IBAN    string `json:"iban,omitempty" maxLength:"64" doc:"For countries that have it: the only thing that is needed there."`
	BIC     string `json:"bic,omitempty" maxLength:"20" doc:"With it, or elsewhere with the account."`
	Account string `json:"account,omitempty" maxLength:"64" doc:"Elsewhere: the number of the account."`
	Code    string `json:"code,omitempty" maxLength:"64" doc:"Elsewhere: which bank it is: an IFSC in India, a routing number in the United States, a sort code in the United Kingdom, a clearing code."`
	Type    string `json:"type,omitempty" maxLength:"20" doc:"checking or savings, where banks ask: in the United States."`
}

// BankChange is a change of bank details, or of a tax id, that waited or waits for a second person.
type BankChange struct {
	ID    string `json:"id" example:"chg_4f0c9a2b1x7z"`
	Of    string `json:"of" doc:"Whose it is: a participant or a payer." example:"mem_4f0c9a2b1x7z"`
	Name  string `json:"name,omitempty" doc:"The participant's."`
	What  string `json:"what" enum:"bank,tax_id"`
	Hint  string `json:"hint" doc:"The last characters of the new account, or tax id. No more of it is ever shown." example:"3000"`
	State string `json:"state" enum:"waiting,accepted,refused,lapsed,withdrawn"`
	// Holder and Country are for who decides.
	Holder      string         `json:"holder,omitempty" doc:"Whose account it is; for admins, while the change waits."`
	Country     string         `json:"country,omitempty" doc:"Where the account is; for admins, while the change waits."`
	RequestedBy string         `json:"requested_by" doc:"The person who asked for it, or the key if that is nobody's."`
	RequestedAt time.Time      `json:"requested_at"`
	Approved    []Confirmation `json:"approved,omitempty" nullable:"false" doc:"Who approved it so far, where the policy takes several."`
	ExpiresAt   time.Time      `json:"expires_at" doc:"When it lapses if nobody decides."`
	DecidedBy   string         `json:"decided_by,omitempty"`
	DecidedAt   *time.Time     `json:"decided_at,omitempty"`
	Reason      string         `json:"reason,omitempty" doc:"Why it was refused, or withdrawn."`
}

func (h *handler) registerBankChanges(api huma.API) {
	register(api, h, route{
		id: "list-bank-changes", method: http.MethodGet, path: "/v1/bank-changes", tag: "payees", needs: tenant.Reader,
		summary: "List changes of bank details and tax ids", text: "Newest first. Admins see all, whoever is a member their own.", errors: []int{400},
	}, h.listBankChanges)
	register(api, h, route{
		id: "get-bank-change", method: http.MethodGet, path: "/v1/bank-changes/{change}", tag: "payees", needs: tenant.Reader,
		summary: "Get a change of bank details or of a tax id", errors: []int{404},
	}, h.getBankChange)
	register(api, h, route{
		id: "accept-bank-change", method: http.MethodPost, path: "/v1/bank-changes/{change}/accept", tag: "payees", needs: tenant.Admin,
		summary: "Accept a change of bank details or of a tax id", text: "By an admin who did not ask for it, as the policy for `bank` has it. Compare it by another way than the one it came by. Of two that are accepted, the later stands.", errors: []int{404, 409},
	}, h.acceptBankChange)
	register(api, h, route{
		id: "refuse-bank-change", method: http.MethodPost, path: "/v1/bank-changes/{change}/refuse", tag: "payees", needs: tenant.Admin,
		summary: "Refuse a change of bank details or of a tax id", text: "By an admin who did not ask for it.", errors: []int{400, 404, 409, 413, 415},
	}, h.refuseBankChange)
	register(api, h, route{
		id: "withdraw-bank-change", method: http.MethodPost, path: "/v1/bank-changes/{change}/withdraw", tag: "payees", needs: tenant.Reader,
		summary: "Withdraw a change of bank details or of a tax id", text: "By who asked for it, whose details they are, or an admin.", errors: []int{404, 409},
	}, h.withdrawBankChange)
}

type bankChangeOutput struct {
	Location string `header:"Location"`
	Body     BankChange
}

type listBankChangesInput struct {
	PageInput
	Of    string `query:"of" maxLength:"128" doc:"Those of this participant or payer only."`
	State string `query:"state" enum:"waiting,accepted,refused,lapsed,withdrawn" doc:"Those that stand so only."`
}

type bankChangesOutput struct{ Body list[BankChange] }

func (h *handler) listBankChanges(ctx context.Context, c caller, in *listBankChangesInput) (*bankChangesOutput, error) {
	v, err := h.changeView(ctx, c)
	if err != nil {
		return nil, err
	}
	of := in.Of
	if !v.admin {
		if of != "" && of != v.sight.member {
			return nil, fault.New(fault.Forbidden, payee.CodeNotYours, "Changes of others are for admins to see. Leave out of for your own.")
		}
		of = v.sight.member
	}
	body, err := page(ctx, h, c, in.PageInput, listing[payee.Change, BankChange]{
		scope: []string{"bank changes", of, in.State},
		read: func(ctx context.Context, p store.Page) ([]payee.Change, string, error) {
			if of != "" {
				return h.Payees.ChangesOf(ctx, c.organization, of, p)
			}
			return h.Payees.Changes(ctx, c.organization, p)
		},
		show: func(change payee.Change) (BankChange, int, bool) {
			shown, _ := v.show(change) // what does not open is shown without holder; the change itself says more
			return shown, 2048, in.State == "" || shown.State == in.State
		},
	})
	return &bankChangesOutput{body}, err
}

// BankChangeInput names a change.
type BankChangeInput struct {
	Change string `path:"change" maxLength:"64" example:"chg_4f0c9a2b1x7z"`
}

func (h *handler) getBankChange(ctx context.Context, c caller, in *BankChangeInput) (*bankChangeOutput, error) {
	v, change, err := h.bankChange(ctx, c, in.Change)
	if err != nil {
		return nil, err
	}
	return v.answer(change)
}

// changeView shows changes to a caller.
type changeView struct {
	sight sight
	admin bool
	box   secret.Box
	now   time.Time
}

func (h *handler) changeView(ctx context.Context, c caller) (changeView, error) {
	v := changeView{admin: c.role.Allows(tenant.Admin), now: h.Now().UTC()}
	var err error
	if v.sight, err = h.sight(ctx, c); err != nil {
		return v, err
	}
	v.box, err = h.box(ctx, c.organization)
	return v, err
}

// own tells whether the details are the caller's own.
func (v changeView) own(c payee.Change) bool { return v.sight.member != "" && c.Of == v.sight.member }

// show gives a change as it stands now. Admins see holder and country of one that waits; nobody sees more of the account than its
// last characters.
func (v changeView) show(c payee.Change) (BankChange, error) {
	c = c.At(v.now)
	out := BankChange{ID: c.ID, Of: c.Of, Name: nameIn(v.sight.members, c.Of), What: c.What, Hint: c.Hint, State: string(c.State), RequestedBy: c.RequestedBy,
		RequestedAt: c.RequestedAt, ExpiresAt: c.ExpiresAt, DecidedBy: c.DecidedBy, DecidedAt: someTime(c.DecidedAt), Reason: c.Reason}
	for _, g := range c.Given {
		out.Approved = append(out.Approved, Confirmation{By: g.By, At: g.At})
	}
	if !v.admin || c.State != payee.Waiting || c.What != payee.OfBank {
		return out, nil
	}
	bank, err := payee.OpenBank(v.box, c.Organization, c.Of, c.Sealed)
	out.Holder, out.Country = bank.Holder, bank.Country
	return out, err
}

func (v changeView) answer(c payee.Change) (*bankChangeOutput, error) {
	shown, err := v.show(c)
	if err != nil {
		return nil, err
	}
	return &bankChangeOutput{Body: shown}, nil
}

// bankChange reads a change that the caller may see: an admin, who asked for it, or whose details they are.
func (h *handler) bankChange(ctx context.Context, c caller, id string) (changeView, payee.Change, error) {
	v, err := h.changeView(ctx, c)
	if err != nil {
		return v, payee.Change{}, err
	}
	change, err := h.Payees.Change(ctx, c.organization, id)
	if err == nil && !v.admin && !v.own(change) && change.RequestedBy != approver(c).ID {
		err = fault.New(fault.NotFound, "not_found", "not the caller's")
	}
	return v, change, notFound(err, "There is no change %q that you see.", id)
}
