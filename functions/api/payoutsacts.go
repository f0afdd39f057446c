package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"leadline/shared/calendar"
	"leadline/shared/fault"
	"leadline/shared/payout"
	"leadline/shared/store"
	"leadline/shared/tenant"
)

func (h *handler) registerPayoutActs(api huma.API) {
	const path = "/v1/payouts/{payout}"
	register(api, h, route{
		id: "approve-payout", method: http.MethodPost, path: path + "/approve", tag: "payouts", needs: tenant.Manager,
		summary: "Approve a batch of payments", text: "The approval policy says who may, on which level, up to what total; never who made it.", errors: []int{404, 409},
	}, h.approvePayout)
	register(api, h, route{
		id: "reject-payout", method: http.MethodPost, path: path + "/reject", tag: "payouts", needs: tenant.Manager,
		summary: "Reject a batch of payments", text: "With a reason. It is cancelled: what it held is owed again.", errors: []int{400, 404, 409, 413, 415},
	}, h.rejectPayout)
	register(api, h, route{
		id: "cancel-payout", method: http.MethodPost, path: path + "/cancel", tag: "payouts", needs: tenant.Admin,
		summary: "Cancel a batch of payments", text: "Before it is released, or while its release has no bank file yet. What it held is owed again, and tax years are as if it had never been.", errors: []int{400, 404, 409, 413, 415},
	}, h.cancelPayout)
	register(api, h, route{
		id: "release-payout", method: http.MethodPost, path: path + "/release", tag: "payouts", needs: tenant.Admin, status: http.StatusAccepted,
		summary: "Release a batch of payments", text: "Once, on the day of payment at the latest: it is posted as paid, and its bank file can be fetched. It goes on after the answer: watch `work`. Who made it releases only what somebody else approved.", errors: []int{404, 409},
	}, h.releasePayout)
	register(api, h, route{
		id: "resume-payout", method: http.MethodPost, path: path + "/resume", tag: "payouts", needs: tenant.Admin, status: http.StatusAccepted,
		summary: "Have stuck work go on", text: "Or work that was lost: begun once too often, it does no harm. What is done stays done, and is not done twice.", errors: []int{404, 409},
	}, h.resumePayout)
	register(api, h, route{
		id: "get-payout-file", method: http.MethodGet, path: path + "/file", tag: "payouts", needs: tenant.Admin,
		summary: "Get the bank file of a released batch", text: "The same to the byte each time. One of more than 4 MiB is sent compressed only: with `Accept-Encoding: gzip`.", errors: []int{404, 409},
	}, h.payoutFile)
	register(api, h, route{
		id: "return-payment", method: http.MethodPost, path: path + "/returns", tag: "payouts", needs: tenant.Admin,
		summary: "Book a payment that a bank sent back", text: "It is owed again, taxed already, and paid with a later batch. Once.", errors: []int{400, 404, 409, 413, 415},
	}, h.returnPayment)
	binary := &huma.Schema{Type: huma.TypeString}
	api.OpenAPI().Paths[path+"/file"].Get.Responses["200"].Content = map[string]*huma.MediaType{"application/xml": {Schema: binary}, "text/plain": {Schema: binary}, csvType: {Schema: binary}}
}

// actOnPayout saves what an act makes of a batch, and has the work begun that follows.
func (h *handler) actOnPayout(ctx context.Context, c caller, id string, act func(payout.Batch) (payout.Batch, error)) (*payoutOutput, error) {
	b, err := h.payoutBatch(ctx, c, id)
	if err != nil {
		return nil, err
	}
	if b, err = act(b); err != nil {
		return nil, err
	}
	if err := h.Payouts.SavePayoutBatch(ctx, b, nil); err != nil {
		return nil, err
	}
	if err := h.paying().Start(ctx, b); err != nil {
		return nil, err
	}
	return h.payoutNow(ctx, b)
}

func (h *handler) approvePayout(ctx context.Context, c caller, in *PayoutInput) (*payoutOutput, error) {
	policy, err := h.Settlements.Policy(ctx, c.organization, payout.PolicyKind)
	if err != nil {
		return nil, err
	}
	return h.actOnPayout(ctx, c, in.Payout, func(b payout.Batch) (payout.Batch, error) {
		return b.Approve(policy, approver(c), calendar.DateOf(h.Now(), time.UTC), h.Now())
	})
}

type refusePayoutInput struct {
	PayoutInput
	Body struct {
		Reason string `json:"reason" minLength:"1" maxLength:"500"`
	} `nameHint:"PayoutRefusal"`
}

func (h *handler) rejectPayout(ctx context.Context, c caller, in *refusePayoutInput) (*payoutOutput, error) {
	policy, err := h.Settlements.Policy(ctx, c.organization, payout.PolicyKind)
	if err != nil {
		return nil, err
	}
	return h.actOnPayout(ctx, c, in.Payout, func(b payout.Batch) (payout.Batch, error) {
		return b.Reject(policy, approver(c), in.Body.Reason, calendar.DateOf(h.Now(), time.UTC), h.Now())
	})
}

func (h *handler) cancelPayout(ctx context.Context, c caller, in *refusePayoutInput) (*payoutOutput, error) {
	return h.actOnPayout(ctx, c, in.Payout, func(b payout.Batch) (payout.Batch, error) { return b.Cancel(in.Body.Reason, h.Now()) })
}

func (h *handler) releasePayout(ctx context.Context, c caller, in *PayoutInput) (*payoutOutput, error) {
	return h.actOnPayout(ctx, c, in.Payout, func(b payout.Batch) (payout.Batch, error) { return b.Release(approver(c), h.Now()) })
}

func (h *handler) resumePayout(ctx context.Context, c caller, in *PayoutInput) (*payoutOutput, error) {
	return h.actOnPayout(ctx, c, in.Payout, func(b payout.Batch) (payout.Batch, error) { return b.Resume(h.Now()) })
}

type payoutFileInput struct {
	PayoutInput
	AcceptEncoding string `header:"Accept-Encoding" hidden:"true"`
}

type payoutFileOutput struct {
	ContentType        string `header:"Content-Type" hidden:"true"`
	ContentEncoding    string `header:"Content-Encoding" hidden:"true"`
	ContentDisposition string `header:"Content-Disposition"`
	Body               []byte
}

func (h *handler) payoutFile(ctx context.Context, c caller, in *payoutFileInput) (*payoutFileOutput, error) {
	b, err := h.payoutBatch(ctx, c, in.Payout)
	if err != nil {
		return nil, err
	}
	text, err := h.paying().File(ctx, b)
	if err != nil {
		return nil, err
	}
	kind, ending := "text/plain; charset=utf-8", ".ach"
	switch b.Format {
	case payout.Pain001:
		kind, ending = "application/xml; charset=utf-8", ".xml"
	case payout.CSV:
		kind, ending = csvType+"; charset=utf-8", ".csv"
	}
	out := &payoutFileOutput{ContentType: kind, ContentDisposition: `attachment; filename="` + b.ID + ending + `"`, Body: text}
	if len(text) <= maxValuesBytes {
		return out, nil
	}
	if !strings.Contains(in.AcceptEncoding, "gzip") {
		return nil, fault.New(fault.Conflict, "file_too_large", "The file has %d MB: it is sent compressed only. Ask with the header Accept-Encoding: gzip.", len(text)>>20)
	}
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	if _, err = w.Write(text); err == nil {
		err = w.Close()
	}
	out.ContentEncoding, out.Body = "gzip", packed.Bytes()
	return out, err
}

type returnPaymentInput struct {
	PayoutInput
	Body struct {
		EndToEnd string `json:"end_to_end" minLength:"1" maxLength:"35" doc:"As the bank file names it."`
		Reason   string `json:"reason" minLength:"1" maxLength:"35" doc:"The bank's code." example:"AC04"`
	} `nameHint:"PaymentReturn"`
}

type paymentOutput struct{ Body PayoutPayment }

func (h *handler) returnPayment(ctx context.Context, c caller, in *returnPaymentInput) (*paymentOutput, error) {
	b, err := h.payoutBatch(ctx, c, in.Payout)
	if err != nil {
		return nil, err
	}
	p, err := h.paying().Return(ctx, b, in.Body.EndToEnd, in.Body.Reason, approver(c).ID)
	if err != nil {
		return nil, err
	}
	explain(ctx, "payouts/%s: %s", b.ID, p.EndToEnd)
	return &paymentOutput{showPayment(p, b.Currency)}, nil
}

// PayoutPayment is one participant's part of a batch.
type PayoutPayment struct {
	Payout      string          `json:"payout"`
	Participant string          `json:"participant"`
	State       string          `json:"state" enum:"frozen,released,returned,cancelled,left_out"`
	LeftOut     string          `json:"left_out,omitempty" enum:"negative,zero,no_bank,held,no_profile,short,tax" doc:"Why somebody who is owed is not paid."`
	Gross       Money           `json:"gross" doc:"What was owed, before tax."`
	Back        Money           `json:"back"`
	Benefit     Money           `json:"benefit" doc:"What was given in kind, and is taxed with it."`
	Tax         Money           `json:"tax"`
	ByPayer     Money           `json:"by_payer"`
	Net         Money           `json:"net"`
	Taxes       []PayoutTaxLine `json:"taxes" nullable:"false" doc:"How the tax came about, rule by rule. Shown to the participant and to admins."`
	Account     string          `json:"account,omitempty" doc:"The last characters of the account. Shown to the participant and to admins."`
	EndToEnd    string          `json:"end_to_end,omitempty" doc:"Names the payment to banks."`
	Reason      string          `json:"reason,omitempty" doc:"The bank's, of a returned payment."`
	ReturnedAt  *time.Time      `json:"returned_at,omitempty"`
	CreatedAt   time.Time       `json:"created_at"`
}

// PayoutTaxLine is one rule's part of the tax on a payment.
type PayoutTaxLine struct {
	Rule    string `json:"rule"`
	Section string `json:"section"`
	Tax     Money  `json:"tax"`
	Why     string `json:"why"`
}

func showPayment(p payout.Payment, currency string) PayoutPayment {
	in := func(minor int64) Money { return showMoney(minor, currency) }
	out := PayoutPayment{Payout: p.Batch, Participant: p.Participant, State: string(p.State), LeftOut: p.LeftOut, Gross: in(p.Gross), Back: in(p.Back), Benefit: in(p.Benefit), Tax: in(p.Tax),
		ByPayer: in(p.ByPayer), Net: in(p.Net), Taxes: []PayoutTaxLine{}, Account: p.Hint, EndToEnd: p.EndToEnd, Reason: p.Reason, ReturnedAt: someTime(p.ReturnedAt), CreatedAt: p.CreatedAt}
	for _, l := range p.Assessment.Lines {
		out.Taxes = append(out.Taxes, PayoutTaxLine{Rule: l.Rule, Section: l.Section, Tax: in(l.Tax), Why: l.Why})
	}
	return out
}

// aside gives a payment as somebody is shown it who sees the participant, but is neither that nor an admin.
func (p PayoutPayment) aside() PayoutPayment {
	p.Account, p.Taxes = "", []PayoutTaxLine{}
	return p
}

type listPaymentsInput struct {
	PayoutInput
	PageInput
}

type paymentsOutput struct{ Body list[PayoutPayment] }

func (h *handler) listPayments(ctx context.Context, c caller, in *listPaymentsInput) (*paymentsOutput, error) {
	b, err := h.payoutBatch(ctx, c, in.Payout)
	if err != nil {
		return nil, err
	}
	body, err := page(ctx, h, c, in.PageInput, listing[payout.Payment, PayoutPayment]{
		scope: []string{"payments", b.ID},
		read: func(ctx context.Context, p store.Page) ([]payout.Payment, string, error) {
			return h.Payouts.Payments(ctx, c.organization, b.ID, p)
		},
		show: func(p payout.Payment) (PayoutPayment, int, bool) {
			return showPayment(p, b.Currency), 1024 + 512*len(p.Assessment.Lines), true
		},
	})
	return &paymentsOutput{body}, err
}

type listPaymentsOfInput struct {
	Participant string `path:"participant" maxLength:"250" doc:"A member, or me." example:"me"`
	PageInput
}

func (h *handler) listPaymentsOf(ctx context.Context, c caller, in *listPaymentsOfInput) (*paymentsOutput, error) {
	sight, err := h.sight(ctx, c)
	if err != nil {
		return nil, err
	}
	who, err := sight.participant(in.Participant)
	if err != nil {
		return nil, err
	}
	whole := sight.whole(c, who)
	currencies := map[string]string{} // of batches
	body, err := page(ctx, h, c, in.PageInput, listing[payout.Payment, PayoutPayment]{
		scope: []string{"payments of", who},
		read: func(ctx context.Context, p store.Page) ([]payout.Payment, string, error) {
			all, next, err := h.Payouts.PaymentsOf(ctx, c.organization, who, p)
			for _, one := range all {
				if currencies[one.Batch] == "" && err == nil {
					var b payout.Batch
					b, err = h.Payouts.PayoutBatch(ctx, c.organization, one.Batch)
					currencies[one.Batch] = b.Currency
				}
			}
			return all, next, err
		},
		show: func(p payout.Payment) (PayoutPayment, int, bool) {
			shown := showPayment(p, currencies[p.Batch])
			if !whole {
				shown = shown.aside()
			}
			return shown, 1024 + 512*len(p.Assessment.Lines), true
		},
	})
	return &paymentsOutput{body}, err
}
