package main

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"leadline/shared/calendar"
	"leadline/shared/fault"
	"leadline/shared/payee"
	"leadline/shared/payout"
	"leadline/shared/payout/bankfile"
	payouts "leadline/shared/payout/keeper"
	"leadline/shared/store"
	"leadline/shared/tenant"
)

// Payout is a batch of payments.
type Payout struct {
	ID         string            `json:"id" example:"pay_4f0c9a2b1x7z"`
	Payer      string            `json:"payer" example:"pyr_4f0c9a2b1x7z"`
	Currency   string            `json:"currency" example:"EUR"`
	PayOn      string            `json:"pay_on" doc:"The day of payment: it decides which tax rules count." example:"2026-12-01"`
	Format     string            `json:"format" enum:"pain.001,nacha,csv"`
	State      string            `json:"state" enum:"collecting,submitted,approved,released,cancelling,cancelled"`
	Work       *PayoutWork       `json:"work,omitempty" doc:"Long work that goes on, or went wrong; absent if there is none."`
	Payments   int               `json:"payments"`
	LeftOut    int               `json:"left_out" doc:"Who is owed something and is not in it: see why in its payments. What they are owed is carried."`
	Returned   int               `json:"returned" doc:"Payments that a bank sent back."`
	Gross      Money             `json:"gross" doc:"What was owed, before tax."`
	Back       Money             `json:"back" doc:"What a bank had sent back earlier, taxed already."`
	Tax        Money             `json:"tax" doc:"Withheld from gross."`
	ByPayer    Money             `json:"by_payer" doc:"Tax that the payer bears on top."`
	Net        Money             `json:"net" doc:"What is paid: gross less tax, and what had come back. The control sum of the bank file."`
	Approvals  []SettlementGiven `json:"approvals" nullable:"false"`
	Waiting    string            `json:"waiting,omitempty" doc:"The level whose approval comes next."`
	Rejected   string            `json:"rejected,omitempty" doc:"Why it was refused or cancelled."`
	CreatedBy  string            `json:"created_by"`
	ReleasedBy string            `json:"released_by,omitempty"`
	ReleasedAt *time.Time        `json:"released_at,omitempty"`
	FileHash   string            `json:"file_sha256,omitempty" doc:"The SHA-256 of the bank file, which is the same each time."`
	CreatedAt  time.Time         `json:"created_at"`
	UpdatedAt  time.Time         `json:"updated_at"`
}

// PayoutWork is long work over participants.
type PayoutWork struct {
	Kind         string `json:"kind,omitempty" doc:"collecting, releasing or cancelling; absent where what failed is over."`
	Participants int    `json:"participants" doc:"How many there are; 0 until they are counted."`
	Done         int    `json:"done"`
	Error        string `json:"error,omitempty" doc:"Why it does not go on. resume-payout has it go on."`
}

// PayoutInput names a batch.
type PayoutInput struct {
	Payout string `path:"payout" maxLength:"64" example:"pay_4f0c9a2b1x7z"`
}

func (h *handler) registerPayouts(api huma.API) {
	register(api, h, route{
		id: "create-payout", method: http.MethodPost, path: "/v1/payouts", tag: "payouts", needs: tenant.Admin, status: http.StatusAccepted,
		summary: "Make a batch of payments", text: "Takes what the ledger owes in one currency, by one payer, with the tax on it, out of what is owed: no other batch can take it. It goes on after the answer: watch `work`. " +
			"Then it is submitted, for others to approve.", errors: []int{400, 404, 409, 413, 415},
	}, h.createPayout)
	register(api, h, route{
		id: "list-payouts", method: http.MethodGet, path: "/v1/payouts", tag: "payouts", needs: tenant.Manager,
		summary: "List batches of payments", text: "Newest first.", errors: []int{400},
	}, h.listPayouts)
	register(api, h, route{
		id: "get-payout", method: http.MethodGet, path: "/v1/payouts/{payout}", tag: "payouts", needs: tenant.Manager,
		summary: "Get a batch of payments", text: "Also the progress of its work.", errors: []int{404},
	}, h.getPayout)
	register(api, h, route{
		id: "list-payments", method: http.MethodGet, path: "/v1/payouts/{payout}/payments", tag: "payouts", needs: tenant.Admin,
		summary: "List the payments of a batch", text: "Also who is left out, and why.", errors: []int{400, 404},
	}, h.listPayments)
	register(api, h, route{
		id: "list-participant-payments", method: http.MethodGet, path: "/v1/payments/{participant}", tag: "payouts", needs: tenant.Reader,
		summary: "List the payments of a participant", text: "Newest first, of all batches, with the tax on each and, to the participant and to admins, why.", errors: []int{400, 404},
	}, h.listPaymentsOf)
	h.registerPayoutActs(api)
	h.registerApprovalPolicies(api)
}

// paying does the long work of batches: here it orders it, books returns and makes files.
func (h *handler) paying() *payouts.Keeper {
	return &payouts.Keeper{Payouts: h.Payouts, Payees: h.Payees, Ledger: h.finance.Ledger, Books: h.books(), Documents: h.Payloads, Box: h.box, Queue: h.Settle, Now: h.Now, Log: h.Log}
}

type payoutOutput struct {
	Location string `header:"Location"`
	ETag     string `header:"ETag"`
	Body     Payout
}

type createPayoutInput struct {
	ResendInput
	Body struct {
		Payer        string   `json:"payer" maxLength:"64" example:"pyr_4f0c9a2b1x7z"`
		Currency     string   `json:"currency" minLength:"3" maxLength:"3" example:"EUR"`
		PayOn        string   `json:"pay_on" maxLength:"10" example:"2026-12-01"`
		Format       string   `json:"format" enum:"pain.001,nacha,csv"`
		Participants []string `json:"participants,omitempty" maxItems:"500" nullable:"false" doc:"Only these; left out, everybody who is owed something."`
	} `nameHint:"NewPayout"`
}

func (h *handler) createPayout(ctx context.Context, c caller, in *createPayoutInput) (*payoutOutput, error) {
	a, err := h.attempt(ctx, c, in.IdempotencyKey, "create-payout", "", in.Body)
	if err != nil {
		return nil, err
	}
	made, err := once(ctx, h, c, a, http.StatusAccepted, func() (Payout, func(*store.Receipt) error, error) {
		b, err := h.newPayout(ctx, c, in)
		return showPayout(b), func(receipt *store.Receipt) error { return h.Payouts.SavePayoutBatch(ctx, b, receipt) }, err
	})
	if err != nil {
		return nil, err
	}
	// Behind the receipt, so that a resend starts a batch that was made and then forgotten.
	started := payout.Batch{ID: made.ID, Organization: c.organization, Work: payout.Work{Kind: payout.WorkCollecting}}
	return &payoutOutput{Location: "/v1/payouts/" + made.ID, ETag: etag(1), Body: made}, h.paying().Start(ctx, started)
}

// newPayout makes a batch, whose payer can pay so.
func (h *handler) newPayout(ctx context.Context, c caller, in *createPayoutInput) (payout.Batch, error) {
	payOn, err := calendar.ParseDate(in.Body.PayOn)
	if err != nil {
		return payout.Batch{}, err
	}
	if today := calendar.DateOf(h.Now(), time.UTC); payOn == "" || payOn < today {
		return payout.Batch{}, fault.New(fault.Invalid, "invalid_pay_on", "The day of payment is today (%s) or later.", today)
	}
	p, err := h.Payees.Payer(ctx, c.organization, in.Body.Payer)
	if err != nil {
		return payout.Batch{}, notFound(err, "There is no payer %q.", in.Body.Payer)
	}
	id, err := tenant.NewID(payout.BatchID, h.Random)
	if err != nil {
		return payout.Batch{}, err
	}
	b := payout.Batch{ID: id, Organization: c.organization, Payer: p.ID, Currency: in.Body.Currency, PayOn: payOn, Format: payout.Format(in.Body.Format), Participants: unique(in.Body.Participants)}
	b.Source, err = h.sourceOf(ctx, b, p)
	b.Behind = approver(c).Makers
	return payout.New(b, approver(c).ID, h.Now()), err
}

// unique gives each once, in their order.
func unique(ids []string) []string {
	var out []string
	seen := map[string]bool{}
	for _, id := range ids {
		if !seen[id] {
			seen[id], out = true, append(out, id)
		}
	}
	return out
}

// sourceOf seals what a bank file says of the payer, as it is now. One that is archived still pays what it owes.
func (h *handler) sourceOf(ctx context.Context, b payout.Batch, p payee.Payer) ([]byte, error) {
	if len(p.Bank) == 0 {
		return nil, fault.New(fault.Conflict, "no_bank_details", "The payer has no account to pay from: set its bank details, and have another admin accept them.")
	}
	box, err := h.box(ctx, b.Organization)
	if err != nil {
		return nil, err
	}
	bank, err := payee.OpenBank(box, b.Organization, p.ID, p.Bank)
	if err != nil {
		return nil, err
	}
	s := payout.Snapshot{Organization: b.Organization, Batch: b.ID, Owner: p.ID, Name: p.Name, Country: p.Country, Address: p.Address, Bank: bank, OriginID: p.OriginID, Destination: p.Destination}
	if err := bankfile.FitsPayer(b.Format, payouts.Party(s), b.Currency); err != nil {
		return nil, err
	}
	return s.Seal(box)
}

type payoutsOutput struct{ Body list[Payout] }

func (h *handler) listPayouts(ctx context.Context, c caller, in *PageInput) (*payoutsOutput, error) {
	body, err := page(ctx, h, c, *in, listing[payout.Batch, Payout]{
		scope: []string{"payouts"},
		read: func(ctx context.Context, p store.Page) ([]payout.Batch, string, error) {
			return h.Payouts.PayoutBatches(ctx, c.organization, p)
		},
		show: func(b payout.Batch) (Payout, int, bool) { return showPayout(b), 2048 + len(b.Rejected), true },
	})
	return &payoutsOutput{body}, err
}

func (h *handler) getPayout(ctx context.Context, c caller, in *PayoutInput) (*payoutOutput, error) {
	b, err := h.payoutBatch(ctx, c, in.Payout)
	if err != nil {
		return nil, err
	}
	return h.payoutNow(ctx, b)
}

func (h *handler) payoutBatch(ctx context.Context, c caller, id string) (payout.Batch, error) {
	b, err := h.Payouts.PayoutBatch(ctx, c.organization, id)
	return b, notFound(err, "There is no payout %q.", id)
}

// payoutNow shows a batch with its progress, and whose approval comes next.
func (h *handler) payoutNow(ctx context.Context, b payout.Batch) (*payoutOutput, error) {
	out := showPayout(b)
	if b.Work.Kind != "" {
		_, done, err := h.Payouts.PayoutParts(ctx, b.Organization, b.ID, b.Work.Run)
		if err != nil {
			return nil, err
		}
		out.Work.Done = done
	}
	if b.State == payout.Submitted {
		policy, err := h.Settlements.Policy(ctx, b.Organization, payout.PolicyKind)
		if err != nil {
			return nil, err
		}
		if level, waits := policy.Waiting(b.Request()); waits {
			out.Waiting = level.Name
		}
	}
	return &payoutOutput{ETag: etag(b.Rev), Body: out}, nil
}

func showPayout(b payout.Batch) Payout {
	in := func(minor int64) Money { return showMoney(minor, b.Currency) }
	out := Payout{ID: b.ID, Payer: b.Payer, Currency: b.Currency, PayOn: string(b.PayOn), Format: string(b.Format), State: string(b.State), Payments: b.Payments, LeftOut: b.LeftOut,
		Returned: b.Returned, Gross: in(b.Gross), Back: in(b.Back()), Tax: in(b.Tax), ByPayer: in(b.ByPayer), Net: in(b.Net), Approvals: []SettlementGiven{}, Rejected: b.Rejected,
		CreatedBy: b.SubmittedBy, ReleasedBy: b.ReleasedBy, ReleasedAt: someTime(b.ReleasedAt), FileHash: b.FileHash, CreatedAt: b.CreatedAt, UpdatedAt: b.UpdatedAt}
	for _, g := range b.Given {
		out.Approvals = append(out.Approvals, SettlementGiven{Level: g.Name, By: g.By, For: g.For, At: g.At})
	}
	if b.Work.Kind != "" || b.Work.Error != "" {
		out.Work = &PayoutWork{Kind: b.Work.Kind, Participants: b.Work.Of, Error: b.Work.Error}
	}
	return out
}
