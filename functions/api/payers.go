package main

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"leadline/shared/fault"
	"leadline/shared/payee"
	"leadline/shared/payout"
	"leadline/shared/store"
	"leadline/shared/tenant"
)

// Payer is a legal entity that pays.
type Payer struct {
	ID string `json:"id" example:"pyr_4f0c9a2b1x7z"`
	PayerFields
	Confirmed *Confirmation `json:"confirmed,omitempty" doc:"Who said that a tax adviser confirmed the rules; absent until somebody does. Without, nothing that would withhold is paid."`
	Account   string        `json:"account,omitempty" doc:"The last characters of the account that it pays from; absent until there is one." example:"3000"`
	Archived  bool          `json:"archived"`
	CreatedAt time.Time     `json:"created_at"`
	UpdatedAt time.Time     `json:"updated_at"`
	Rev       int64         `json:"rev" doc:"Counts the changes. Its ETag."`
}

// PayerFields are what can be said of a payer.
type PayerFields struct {
	Name        string   `json:"name" minLength:"1" maxLength:"140" doc:"As its bank knows it." example:"Acme Sales Ltd"`
	Country     string   `json:"country" minLength:"2" maxLength:"2" doc:"ISO 3166-1." example:"IN"`
	Address     []string `json:"address,omitempty" nullable:"false" maxItems:"4" doc:"Up to four lines of 70 characters, for bank files."`
	TaxRules    string   `json:"tax_rules,omitempty" maxLength:"64" doc:"The id of the rule set that it withholds tax by; left out, it withholds nothing. Another one has to be confirmed anew." example:"in-2026"`
	OriginID    string   `json:"origin_id,omitempty" maxLength:"10" doc:"The company's identification in NACHA files." example:"1123456789"`
	Destination string   `json:"destination,omitempty" maxLength:"9" doc:"The routing number of the bank that NACHA files go to." example:"021000021"`
}

// Confirmation says who confirmed something, and when.
type Confirmation struct {
	By string    `json:"by" example:"per_4f0c9a2b1x7z"`
	At time.Time `json:"at"`
}

func (h *handler) registerPayers(api huma.API) {
	register(api, h, route{
		id: "create-payer", method: http.MethodPost, path: "/v1/payers", tag: "payees", needs: tenant.Admin, status: http.StatusCreated,
		summary: "Add a payer", text: "A legal entity that pays. Its bank details are set apart, with a second person's approval.", errors: []int{400, 409, 413, 415},
	}, h.createPayer)
	register(api, h, route{
		id: "list-payers", method: http.MethodGet, path: "/v1/payers", tag: "payees", needs: tenant.Admin,
		summary: "List payers", text: "By id, archived ones, too.", errors: []int{400},
	}, h.listPayers)
	register(api, h, route{
		id: "get-payer", method: http.MethodGet, path: "/v1/payers/{payer}", tag: "payees", needs: tenant.Admin,
		summary: "Get a payer", errors: []int{404},
	}, h.getPayer)
	register(api, h, route{
		id: "update-payer", method: http.MethodPut, path: "/v1/payers/{payer}", tag: "payees", needs: tenant.Admin,
		summary: "Change a payer", errors: []int{400, 404, 409, 412, 413, 415},
	}, h.updatePayer)
	register(api, h, route{
		id: "archive-payer", method: http.MethodPost, path: "/v1/payers/{payer}/archive", tag: "payees", needs: tenant.Admin,
		summary: "Archive a payer", text: "Nobody is given to it any more: those whom it pays are given to another before, and its batches are released or cancelled. What it still owes, it can still pay.", errors: []int{404, 409, 412},
	}, h.archivePayer)
	register(api, h, route{
		id: "confirm-tax-rules", method: http.MethodPost, path: "/v1/payers/{payer}/confirm-tax-rules", tag: "payees", needs: tenant.Admin,
		summary: "Say that a tax adviser confirmed the rules", text: "Of the rule set that the payer has now. Until then, no batch that would withhold is paid.", errors: []int{400, 404, 409, 412, 413, 415},
	}, h.confirmTaxRules)
	register(api, h, route{
		id: "set-payer-bank-details", method: http.MethodPut, path: "/v1/payers/{payer}/bank-details", tag: "payees", needs: tenant.Admin, status: http.StatusAccepted,
		summary: "Ask to change the account that a payer pays from", text: "They count once another admin accepts the change. They are sealed, and never shown again but for the last characters. A change that waits already is replaced.",
		errors: []int{400, 404, 409, 412, 413, 415},
	}, h.setPayerBank)
}

type createPayerInput struct {
	ResendInput
	Body PayerFields
}

type payerOutput struct {
	Location string `header:"Location"`
	ETag     string `header:"ETag"`
	Body     Payer
}

func (h *handler) createPayer(ctx context.Context, c caller, in *createPayerInput) (*payerOutput, error) {
	a, err := h.attempt(ctx, c, in.IdempotencyKey, "create-payer", "", in.Body)
	if err != nil {
		return nil, err
	}
	made, err := once(ctx, h, c, a, http.StatusCreated, func() (Payer, func(*store.Receipt) error, error) {
		id, err := tenant.NewID(payee.PayerID, h.Random)
		if err != nil {
			return Payer{}, nil, err
		}
		now := h.Now().UTC()
		p, err := in.Body.put(payee.Payer{ID: id, Organization: c.organization, CreatedAt: now, UpdatedAt: now, Rev: 1})
		return showPayer(p), func(receipt *store.Receipt) error { return h.Payees.SavePayer(ctx, p, receipt) }, err
	})
	if err != nil {
		return nil, err
	}
	return &payerOutput{Location: "/v1/payers/" + made.ID, ETag: etag(made.Rev), Body: made}, nil
}

// put gives a payer with what is said of it. What was confirmed of other rules, or of another country, is not confirmed of these.
func (f PayerFields) put(p payee.Payer) (payee.Payer, error) {
	if f.TaxRules != p.TaxRules || f.Country != p.Country {
		p.ConfirmedBy, p.ConfirmedAt = "", time.Time{}
	}
	p.Name, p.Country, p.Address, p.TaxRules, p.OriginID, p.Destination = f.Name, f.Country, f.Address, f.TaxRules, f.OriginID, f.Destination
	if err := p.Check(); err != nil {
		return p, err
	}
	return p, checkTaxRules(p.TaxRules)
}

type payersOutput struct{ Body list[Payer] }

func (h *handler) listPayers(ctx context.Context, c caller, in *PageInput) (*payersOutput, error) {
	body, err := page(ctx, h, c, *in, listing[payee.Payer, Payer]{
		scope: []string{"payers"},
		read: func(ctx context.Context, p store.Page) ([]payee.Payer, string, error) {
			return h.Payees.Payers(ctx, c.organization, p)
		},
		show: func(p payee.Payer) (Payer, int, bool) { return showPayer(p), 2048, true },
	})
	return &payersOutput{body}, err
}

// PayerInput names a payer.
type PayerInput struct {
	Payer string `path:"payer" maxLength:"64" example:"pyr_4f0c9a2b1x7z"`
}

func (h *handler) getPayer(ctx context.Context, c caller, in *PayerInput) (*payerOutput, error) {
	p, err := h.payer(ctx, c, in.Payer)
	if err != nil {
		return nil, err
	}
	return &payerOutput{ETag: etag(p.Rev), Body: showPayer(p)}, nil
}

func (h *handler) payer(ctx context.Context, c caller, id string) (payee.Payer, error) {
	p, err := h.Payees.Payer(ctx, c.organization, id)
	return p, notFound(err, "There is no payer %q.", id)
}

// changePayer changes a payer that is not archived.
func (h *handler) changePayer(ctx context.Context, c caller, id, ifMatch string, change func(payee.Payer) (payee.Payer, error)) (*payerOutput, error) {
	p, err := h.payer(ctx, c, id)
	if err != nil {
		return nil, err
	}
	if err := checkMatch(ifMatch, p.Rev); err != nil {
		return nil, err
	}
	if p.Archived {
		return nil, fault.New(fault.Conflict, "archived", "The payer is archived: nothing of it changes any more.")
	}
	if p, err = change(p); err != nil {
		return nil, err
	}
	p.UpdatedAt = h.Now().UTC()
	p.Rev++
	if err := stale(h.Payees.SavePayer(ctx, p, nil), ifMatch); err != nil {
		return nil, err
	}
	return &payerOutput{ETag: etag(p.Rev), Body: showPayer(p)}, nil
}

type updatePayerInput struct {
	PayerInput
	MatchInput
	Body PayerFields
}

func (h *handler) updatePayer(ctx context.Context, c caller, in *updatePayerInput) (*payerOutput, error) {
	return h.changePayer(ctx, c, in.Payer, in.IfMatch, in.Body.put)
}

type archivePayerInput struct {
	PayerInput
	MatchInput
}

func (h *handler) archivePayer(ctx context.Context, c caller, in *archivePayerInput) (*payerOutput, error) {
	return h.changePayer(ctx, c, in.Payer, in.IfMatch, func(p payee.Payer) (payee.Payer, error) {
		p.Archived = true
		return p, h.unused(ctx, c, p.ID)
	})
}

// unused refuses to archive a payer by which somebody is paid, or that has a batch which is not over.
func (h *handler) unused(ctx context.Context, c caller, payer string) error {
	for p, err := range store.All(ctx, func(ctx context.Context, p store.Page) ([]payee.Profile, string, error) {
		return h.Payees.Profiles(ctx, c.organization, p)
	}) {
		if err != nil {
			return err
		}
		if p.Payer == payer {
			return fault.New(fault.Conflict, "payer_in_use", "The payer pays %s, and maybe others: give them another payer in their payment profiles, then archive this one.", p.Participant)
		}
	}
	for b, err := range store.All(ctx, func(ctx context.Context, p store.Page) ([]payout.Batch, string, error) {
		return h.Payouts.PayoutBatches(ctx, c.organization, p)
	}) {
		if err != nil {
			return err
		}
		if b.Payer == payer && b.State != payout.Released && b.State != payout.Cancelled {
			return fault.New(fault.Conflict, "payer_in_use", "The batch %s of the payer is %s: release or cancel it, and archive the payer when that is done.", b.ID, b.State)
		}
	}
	return nil
}

type confirmTaxRulesInput struct {
	PayerInput
	MatchInput
	Body struct {
		TaxRules string `json:"tax_rules" minLength:"1" maxLength:"64" doc:"The rule set that was confirmed: that of the payer." example:"in-2026"`
	} `nameHint:"ConfirmedTaxRules"`
}

func (h *handler) confirmTaxRules(ctx context.Context, c caller, in *confirmTaxRulesInput) (*payerOutput, error) {
	return h.changePayer(ctx, c, in.Payer, in.IfMatch, func(p payee.Payer) (payee.Payer, error) {
		if p.TaxRules != in.Body.TaxRules {
			return p, fault.New(fault.Conflict, "other_tax_rules", "The payer withholds by the rules %q, not by %q. Read it again, and have those confirmed that it has.", p.TaxRules, in.Body.TaxRules)
		}
		explain(ctx, "rules %s", p.TaxRules)
		p.ConfirmedBy, p.ConfirmedAt = approver(c).ID, h.Now().UTC()
		return p, nil
	})
}

func showPayer(p payee.Payer) Payer {
	out := Payer{ID: p.ID, PayerFields: PayerFields{Name: p.Name, Country: p.Country, Address: p.Address, TaxRules: p.TaxRules, OriginID: p.OriginID, Destination: p.Destination},
		Account: p.BankHint, Archived: p.Archived, CreatedAt: p.CreatedAt, UpdatedAt: p.UpdatedAt, Rev: p.Rev}
	if p.ConfirmedBy != "" {
		out.Confirmed = &Confirmation{By: p.ConfirmedBy, At: p.ConfirmedAt}
	}
	return out
}

type setPayerBankInput struct {
	PayerInput
	MatchInput
	Body BankDetails
}

func (h *handler) setPayerBank(ctx context.Context, c caller, in *setPayerBankInput) (*bankChangeOutput, error) {
	p, err := h.payer(ctx, c, in.Payer)
	if err != nil {
		return nil, err
	}
	if p.Archived {
		return nil, fault.New(fault.Conflict, "archived", "The payer is archived: nothing of it changes any more.")
	}
	if err := checkMatch(in.IfMatch, p.Rev); err != nil {
		return nil, err
	}
	return h.askBank(ctx, c, p.ID, in.Body, false)
}
