package main

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"leadline/shared/fault"
	"leadline/shared/incentive"
	"leadline/shared/number"
	"leadline/shared/payee"
	"leadline/shared/store"
	"leadline/shared/tax"
	"leadline/shared/tenant"
)

// PaymentProfile is how a participant is paid.
type PaymentProfile struct {
	Participant string `json:"participant" example:"mem_4f0c9a2b1x7z"`
	Name        string `json:"name,omitempty"`
	PaymentProfileFields
	TaxID string `json:"tax_id,omitempty" doc:"The last characters of the tax id; absent for a missing one." example:"234F"`
	// Account is empty where there is none yet.
	Account      string     `json:"account,omitempty" doc:"The last characters of the account; absent where there is none: the participant is left out of batches of payments." example:"3000"`
	AccountSince *time.Time `json:"account_since,omitempty" doc:"When the account last changed."`
	UpdatedAt    time.Time  `json:"updated_at"`
	Rev          int64      `json:"rev" doc:"Counts the changes. Its ETag."`
}

// PaymentProfileFields are what can be said of how a participant is paid.
type PaymentProfileFields struct {
	Payer     string `json:"payer" minLength:"1" maxLength:"64" doc:"Who pays." example:"pyr_4f0c9a2b1x7z"`
	LegalName string `json:"legal_name" minLength:"1" maxLength:"140" doc:"As the participant's bank knows it."`
	Country   string `json:"country" minLength:"2" maxLength:"2" doc:"Where the participant is taxed; ISO 3166-1." example:"IN"`
	Class     string `json:"class" enum:"employee,agent,contractor,business,foreign" doc:"What the participant is to the tax law of the payer's country."`
	Rate      string `json:"rate,omitempty" maxLength:"40" doc:"The participant's own tax rate where a rule asks for one: an employee's average rate, a treaty's. A part of one." example:"0.3"`
	GrossUp   bool   `json:"gross_up,omitempty" doc:"The payer bears the tax on benefits in kind."`
	Held      string `json:"held,omitempty" maxLength:"500" doc:"Why the participant is not paid for now; left out, the participant is."`
}

func (h *handler) registerPayees(api huma.API) {
	h.registerPayers(api)
	register(api, h, route{
		id: "list-payment-profiles", method: http.MethodGet, path: "/v1/payment-profiles", tag: "payees", needs: tenant.Admin,
		summary: "List how participants are paid", text: "By participant. Accounts and tax ids are shown by their last characters alone, here and everywhere.", errors: []int{400},
	}, h.listProfiles)
	register(api, h, route{
		id: "get-payment-profile", method: http.MethodGet, path: "/v1/participants/{participant}/payment-profile", tag: "payees", needs: tenant.Reader,
		summary: "Get how a participant is paid", text: "Admins see that of everybody; whoever is a member sees their own, as `me`.", errors: []int{404},
	}, h.getProfile)
	register(api, h, route{
		id: "set-payment-profile", method: http.MethodPut, path: "/v1/participants/{participant}/payment-profile", tag: "payees", needs: tenant.Admin,
		summary: "Say how a participant is paid", text: "All but account and tax id, which change with a second person's approval.", errors: []int{400, 404, 409, 412, 413, 415},
	}, h.setProfile)
	register(api, h, route{
		id: "set-bank-details", method: http.MethodPut, path: "/v1/participants/{participant}/bank-details", tag: "payees", needs: tenant.Reader, status: http.StatusAccepted,
		summary: "Ask to change the account that a participant is paid to",
		text: "Admins ask for anybody; whoever is a member asks for their own, as `me`. The details count once an admin who did not ask for it accepts the change, the first ones, too. " +
			"They are sealed, and never shown again but for the last characters. A change that waits already is replaced.",
		errors: []int{400, 404, 409, 412, 413, 415},
	}, h.setBank)
	register(api, h, route{
		id: "set-tax-id", method: http.MethodPut, path: "/v1/participants/{participant}/tax-id", tag: "payees", needs: tenant.Reader, status: http.StatusAccepted,
		summary: "Ask to change the tax id of a participant", text: "As bank details change: with a second person's approval.", errors: []int{400, 404, 409, 412, 413, 415},
	}, h.setTaxID)
	h.registerBankChanges(api)
}

// checkTaxRules refuses rules that there are not; none are none.
func checkTaxRules(id string) error {
	if id == "" {
		return nil
	}
	_, err := tax.Named(id)
	if f := fault.Of(err); fault.Is(err, fault.NotFound) {
		return fault.New(fault.Invalid, payee.CodePayer, "tax_rules: %s", f.Message)
	}
	return err
}

type profilesOutput struct{ Body list[PaymentProfile] }

func (h *handler) listProfiles(ctx context.Context, c caller, in *PageInput) (*profilesOutput, error) {
	members, err := h.knownMembers(ctx, c.organization)
	if err != nil {
		return nil, err
	}
	body, err := page(ctx, h, c, *in, listing[payee.Profile, PaymentProfile]{
		scope: []string{"payment profiles"},
		read: func(ctx context.Context, p store.Page) ([]payee.Profile, string, error) {
			return h.Payees.Profiles(ctx, c.organization, p)
		},
		show: func(p payee.Profile) (PaymentProfile, int, bool) {
			return showProfile(p, nameIn(members, p.Participant)), 2048, true
		},
	})
	return &profilesOutput{body}, err
}

// PayeeInput names a participant.
type PayeeInput struct {
	Participant string `path:"participant" maxLength:"128" doc:"A member, or me for the key's own." example:"mem_4f0c9a2b1x7z"`
}

type profileOutput struct {
	ETag string `header:"ETag"`
	Body PaymentProfile
}

// payee finds the member that a path means, and tells whether it is the caller's own: nobody but admins gets to others.
func (h *handler) payee(ctx context.Context, c caller, text string) (who string, s sight, own bool, err error) {
	if s, err = h.sight(ctx, c); err != nil {
		return "", s, false, err
	}
	if who, err = s.participant(text); err != nil {
		return "", s, false, err
	}
	own = s.member != "" && who == s.member
	switch {
	case !own && !c.role.Allows(tenant.Admin):
		return "", s, false, fault.New(fault.Forbidden, payee.CodeNotYours, "How others are paid is for admins to see and to change. Yours is that of the participant me.")
	case strings.HasPrefix(who, incentive.TeamParticipant("")):
		return "", s, false, fault.New(fault.Invalid, "team", "A team is not paid itself: name one of its members.")
	}
	return who, s, own, nil
}

func (h *handler) getProfile(ctx context.Context, c caller, in *PayeeInput) (*profileOutput, error) {
	who, s, _, err := h.payee(ctx, c, in.Participant)
	if err != nil {
		return nil, err
	}
	p, err := h.profile(ctx, c, who)
	if err != nil {
		return nil, err
	}
	return &profileOutput{ETag: etag(p.Rev), Body: showProfile(p, nameIn(s.members, who))}, nil
}

func (h *handler) profile(ctx context.Context, c caller, who string) (payee.Profile, error) {
	p, err := h.Payees.Profile(ctx, c.organization, who)
	return p, notFound(err, "Nobody said yet how %s is paid: an admin does, with PUT /v1/participants/%s/payment-profile.", who, who)
}

type setProfileInput struct {
	PayeeInput
	MatchInput
	Body PaymentProfileFields
}

func (h *handler) setProfile(ctx context.Context, c caller, in *setProfileInput) (*profileOutput, error) {
	who, s, _, err := h.payee(ctx, c, in.Participant)
	if err != nil {
		return nil, err
	}
	if m := s.members[who]; m.MergedInto != "" || m.Erased {
		return nil, fault.New(fault.Conflict, "no_payee", "The member %s was erased, or is another one by now: it is not paid any more.", who)
	}
	p, err := h.Payees.Profile(ctx, c.organization, who)
	if fault.Is(err, fault.NotFound) {
		p, err = payee.Profile{Organization: c.organization, Participant: who}, nil
	}
	if err != nil {
		return nil, err
	}
	if err := checkMatch(in.IfMatch, p.Rev); err != nil {
		return nil, err
	}
	before := p.Payer
	if p, err = in.Body.put(p); err != nil {
		return nil, err
	}
	if payer, err := h.payer(ctx, c, p.Payer); fault.Is(err, fault.NotFound) || err == nil && payer.Archived && p.Payer != before {
		return nil, fault.New(fault.Invalid, payee.CodeProfile, "payer: there is no payer %q, or it is archived.", p.Payer)
	} else if err != nil {
		return nil, err
	}
	p.UpdatedAt = h.Now().UTC()
	p.Rev++
	if err := stale(h.Payees.SaveProfile(ctx, p, nil), in.IfMatch); err != nil {
		return nil, err
	}
	explain(ctx, "paid by %s", p.Payer)
	return &profileOutput{ETag: etag(p.Rev), Body: showProfile(p, nameIn(s.members, who))}, nil
}

// put gives a profile with what is said of it.
func (f PaymentProfileFields) put(p payee.Profile) (payee.Profile, error) {
	p.Payer, p.LegalName, p.Country, p.Class, p.Rate, p.GrossUp, p.Held = f.Payer, f.LegalName, f.Country, tax.Class(f.Class), nil, f.GrossUp, f.Held
	if f.Rate != "" {
		rate, err := number.Parse(f.Rate)
		if err != nil {
			return p, fault.New(fault.Invalid, payee.CodeProfile, "rate: it is a part of one, such as 0.3 for 30 %%.")
		}
		p.Rate = &rate
	}
	return p, p.Check()
}

func showProfile(p payee.Profile, name string) PaymentProfile {
	out := PaymentProfile{Participant: p.Participant, Name: name, TaxID: p.TaxIDHint, Account: p.BankHint, AccountSince: someTime(p.BankSince), UpdatedAt: p.UpdatedAt, Rev: p.Rev,
		PaymentProfileFields: PaymentProfileFields{Payer: p.Payer, LegalName: p.LegalName, Country: p.Country, Class: string(p.Class), GrossUp: p.GrossUp, Held: p.Held}}
	if p.Rate != nil {
		out.Rate = p.Rate.String()
	}
	return out
}

type setBankInput struct {
	PayeeInput
	MatchInput
	Body BankDetails
}

func (h *handler) setBank(ctx context.Context, c caller, in *setBankInput) (*bankChangeOutput, error) {
	p, own, err := h.payable(ctx, c, in.Participant, in.IfMatch)
	if err != nil {
		return nil, err
	}
	return h.askBank(ctx, c, p.Participant, in.Body, own)
}

type setTaxIDInput struct {
	PayeeInput
	MatchInput
	Body struct {
		TaxID string `json:"tax_id" minLength:"1" maxLength:"64" doc:"As the authority writes it: a PAN, an SSN ..."`
	} `nameHint:"NewTaxID"`
}

func (h *handler) setTaxID(ctx context.Context, c caller, in *setTaxIDInput) (*bankChangeOutput, error) {
	p, own, err := h.payable(ctx, c, in.Participant, in.IfMatch)
	if err != nil {
		return nil, err
	}
	if err := payee.CheckTaxID(p.Country, in.Body.TaxID); err != nil {
		return nil, err
	}
	box, err := h.box(ctx, c.organization)
	if err != nil {
		return nil, err
	}
	sealed, err := payee.SealTaxID(box, c.organization, p.Participant, in.Body.TaxID)
	if err != nil {
		return nil, err
	}
	return h.ask(ctx, c, payee.Change{Of: p.Participant, What: payee.OfTaxID, Sealed: sealed, Hint: payee.TaxIDHint(in.Body.TaxID)}, own)
}

// payable finds the profile whose account or tax id is to change: nobody has those before it is said who pays. An If-Match
// is of the profile.
func (h *handler) payable(ctx context.Context, c caller, participant, ifMatch string) (p payee.Profile, own bool, err error) {
	who, _, own, err := h.payee(ctx, c, participant)
	if err != nil {
		return p, false, err
	}
	if p, err = h.profile(ctx, c, who); err != nil {
		return p, own, err
	}
	return p, own, checkMatch(ifMatch, p.Rev)
}
