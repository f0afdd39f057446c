package main

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"leadline/shared/dispute"
	"leadline/shared/fault"
	"leadline/shared/incentive"
	"leadline/shared/settlement"
	"leadline/shared/store"
	"leadline/shared/tenant"
)

// Dispute is an objection to what a period of a participant came to.
type Dispute struct {
	ID          string             `json:"id" example:"dsp_4f0c9a2b1x7z"`
	Program     string             `json:"program"`
	Period      string             `json:"period" example:"2026-10"`
	Participant string             `json:"participant"`
	Name        string             `json:"name,omitempty"`
	Line        DisputedLine       `json:"line"`
	State       string             `json:"state" enum:"open,answered,resolved,rejected,withdrawn" doc:"open: it waits for an admin. answered: whoever opened it may reply."`
	Overdue     bool               `json:"overdue" doc:"It should have ended by its deadline, and has not."`
	Amount      string             `json:"amount" doc:"What the disputed lines came to when it was opened." example:"150.00"`
	Unit        string             `json:"unit" doc:"The currency, or points." example:"EUR"`
	OpenedBy    string             `json:"opened_by" doc:"A person, or an API key that is nobody's."`
	OpenedAt    time.Time          `json:"opened_at"`
	Deadline    time.Time          `json:"deadline"`
	Evidence    DisputeEvidence    `json:"evidence"`
	Messages    []DisputeMessage   `json:"messages" nullable:"false" doc:"What was said, oldest first."`
	Resolution  *DisputeResolution `json:"resolution,omitempty"`
	EndedAt     *time.Time         `json:"ended_at,omitempty"`
	Erased      bool               `json:"erased,omitempty" doc:"Its texts are gone, with the person."`
	UpdatedAt   time.Time          `json:"updated_at"`
	Rev         int64              `json:"rev" doc:"Counts the changes. Its ETag."`
}

// DisputedLine is what of a statement a dispute is about.
type DisputedLine struct {
	Of         string `json:"of" enum:"statement,component,limit,hold,prize,adjustment,by_hand" doc:"The whole statement, or lines of one of its parts."`
	Component  string `json:"component,omitempty" maxLength:"64" doc:"Of a component, and to tell adjustments apart."`
	Credit     string `json:"credit,omitempty" maxLength:"128" doc:"The credit that the line names; all lines if left out."`
	Limit      int    `json:"limit,omitempty" minimum:"0" doc:"Of a limit: its place in the definition, from 0."`
	Period     string `json:"period,omitempty" maxLength:"20" doc:"Of an adjustment: the locked period that it changes."`
	Adjustment string `json:"adjustment,omitempty" maxLength:"64" doc:"Of one by hand: its id."`
}

// DisputeEvidence names what the statement was when it was disputed. It never changes.
type DisputeEvidence struct {
	Document   string `json:"document,omitempty" doc:"The hash of the settled statement; absent if the period was not calculated yet."`
	Revision   int    `json:"revision,omitempty"`
	Final      bool   `json:"final,omitempty" doc:"The statement was final already."`
	Reckoned   string `json:"reckoned,omitempty" doc:"The hash of what the period came to, with all that it was reckoned from."`
	InputHash  string `json:"input_hash,omitempty"`
	ResultHash string `json:"result_hash,omitempty"`
}

// DisputeMessage is something that was said.
type DisputeMessage struct {
	By   string    `json:"by"`
	At   time.Time `json:"at"`
	Text string    `json:"text"`
}

// DisputeResolution is how a dispute ended.
type DisputeResolution struct {
	By         string    `json:"by"`
	At         time.Time `json:"at"`
	Reason     string    `json:"reason"`
	Adjustment string    `json:"adjustment,omitempty" doc:"The adjustment by hand that it ended with; absent for a refusal."`
	Amount     string    `json:"amount,omitempty"`
	Unit       string    `json:"unit,omitempty"`
}

// DisputeWithLines is a dispute with what it is about, as it was.
type DisputeWithLines struct {
	Dispute
	Lines       []StatementLine `json:"lines" nullable:"false" doc:"The disputed lines of components, limits and holds: the first 500."`
	LinesInAll  int             `json:"lines_in_all"`
	Credits     []Credit        `json:"credits" nullable:"false" doc:"Those that the lines name: the first 500."`
	Prizes      []WonPrize      `json:"prizes" nullable:"false"`
	Adjustments []Adjustment    `json:"adjustments" nullable:"false" doc:"The disputed adjustments: the first 500."`
	ByHand      *ManualAdjusted `json:"by_hand,omitempty"`
}

// DisputeSettings are what an organization says about disputes.
type DisputeSettings struct {
	Days int `json:"days" minimum:"1" maximum:"365" doc:"Within how many days a dispute is to end. It counts for those that are opened from then on."`
}

func (h *handler) registerDisputes(api huma.API) {
	const one = "/v1/disputes/{dispute}"
	register(api, h, route{
		id: "open-dispute", method: http.MethodPost, path: "/v1/disputes", tag: "disputes", needs: tenant.Reader, status: http.StatusCreated,
		summary: "Dispute a statement, or a line of it", text: "By the participant, or by somebody who sees the participant's figures. The statement is kept as it is now: later changes do not alter what is disputed.",
		errors: []int{400, 404, 409, 413, 415},
	}, h.openDispute)
	register(api, h, route{
		id: "list-disputes", method: http.MethodGet, path: "/v1/disputes", tag: "disputes", needs: tenant.Reader,
		summary: "List disputes", text: "Newest first, of those whose figures the caller sees.", errors: []int{400},
	}, h.listDisputes)
	register(api, h, route{
		id: "get-dispute", method: http.MethodGet, path: one, tag: "disputes", needs: tenant.Reader,
		summary: "Get a dispute with its evidence", text: "The lines are those of the statement as it was when it was disputed.", errors: []int{404},
	}, h.getDispute)
	register(api, h, route{
		id: "answer-dispute", method: http.MethodPost, path: one + "/answer", tag: "disputes", needs: tenant.Admin,
		summary: "Answer a dispute", text: "By an admin who did not open it, and whose own statement it is not.", errors: []int{400, 404, 409, 413, 415},
	}, h.answerDispute)
	register(api, h, route{
		id: "reply-to-dispute", method: http.MethodPost, path: one + "/reply", tag: "disputes", needs: tenant.Reader,
		summary: "Add to a dispute", text: "By who opened it, or the participant. It waits for an admin again then.", errors: []int{400, 404, 409, 413, 415},
	}, h.replyToDispute)
	register(api, h, route{
		id: "resolve-dispute", method: http.MethodPost, path: one + "/resolve", tag: "disputes", needs: tenant.Admin,
		summary: "Resolve a dispute by an adjustment", text: "By an admin who did not open it, and whose own statement it is not. The adjustment by hand is settled with the next period; a dispute has one, however often this is sent.",
		errors: []int{400, 404, 409, 413, 415},
	}, h.resolveDispute)
	register(api, h, route{
		id: "reject-dispute", method: http.MethodPost, path: one + "/reject", tag: "disputes", needs: tenant.Admin,
		summary: "Reject a dispute", text: "With a reason, by an admin who did not open it, and whose own statement it is not.", errors: []int{400, 404, 409, 413, 415},
	}, h.rejectDispute)
	register(api, h, route{
		id: "withdraw-dispute", method: http.MethodPost, path: one + "/withdraw", tag: "disputes", needs: tenant.Reader,
		summary: "Withdraw a dispute", text: "By who opened it.", errors: []int{404, 409},
	}, h.withdrawDispute)
	register(api, h, route{
		id: "get-dispute-settings", method: http.MethodGet, path: "/v1/dispute-settings", tag: "disputes", needs: tenant.Reader,
		summary: "Get within how many days disputes are to end",
	}, h.getDisputeSettings)
	register(api, h, route{
		id: "set-dispute-settings", method: http.MethodPut, path: "/v1/dispute-settings", tag: "disputes", needs: tenant.Admin,
		summary: "Say within how many days disputes are to end", errors: []int{400, 409, 412, 413, 415},
	}, h.setDisputeSettings)
}

type listDisputesInput struct {
	PageInput
	Participant string `query:"participant" maxLength:"250" doc:"Those of this participant only; me for the caller's own." example:"me"`
	State       string `query:"state" enum:"open,answered,resolved,rejected,withdrawn" doc:"Those that stand so only."`
	Mine        bool   `query:"mine" doc:"Those that the caller opened only."`
	Overdue     bool   `query:"overdue" doc:"Those only that should have ended."`
}

type disputesOutput struct{ Body list[Dispute] }

func (h *handler) listDisputes(ctx context.Context, c caller, in *listDisputesInput) (*disputesOutput, error) {
	sight, err := h.sight(ctx, c)
	if err != nil {
		return nil, err
	}
	of := in.Participant
	if of != "" {
		if of, err = sight.participant(of); err != nil {
			return nil, err
		}
	}
	now, by := h.Now(), approver(c).ID
	filter := in.State
	if in.Mine {
		filter += " by " + by
	}
	if in.Overdue {
		filter += " overdue"
	}
	body, err := page(ctx, h, c, in.PageInput, listing[dispute.Dispute, Dispute]{
		scope: []string{"disputes", of, filter},
		read: func(ctx context.Context, p store.Page) ([]dispute.Dispute, string, error) {
			if of != "" {
				return h.Disputes.DisputesOf(ctx, c.organization, of, p)
			}
			return h.Disputes.Disputes(ctx, c.organization, p)
		},
		show: func(d dispute.Dispute) (Dispute, int, bool) {
			size := 2048
			for _, m := range d.Messages {
				size += 2*len(m.Text) + 128
			}
			wanted := (in.State == "" || string(d.State) == in.State) && (!in.Mine || d.OpenedBy == by) && (!in.Overdue || d.Overdue(now))
			return showDispute(d, sight, now), size, wanted && sight.sees(d.Participant)
		},
	})
	return &disputesOutput{body}, err
}

// DisputeInput names a dispute.
type DisputeInput struct {
	Dispute string `path:"dispute" maxLength:"64" example:"dsp_4f0c9a2b1x7z"`
}

// dispute reads the dispute that a path names, if the caller sees the figures that it is about.
func (h *handler) dispute(ctx context.Context, c caller, id string) (dispute.Dispute, sight, error) {
	sight, err := h.sight(ctx, c)
	if err != nil {
		return dispute.Dispute{}, sight, err
	}
	d, err := h.Disputes.Dispute(ctx, c.organization, id)
	if err == nil && !sight.sees(d.Participant) { // what is not seen is not there
		err = fault.New(fault.NotFound, "not_found", "not seen")
	}
	return d, sight, notFound(err, "There is no dispute %q that you see.", id)
}

type disputeWithLinesOutput struct {
	ETag string `header:"ETag"`
	Body DisputeWithLines
}

func (h *handler) getDispute(ctx context.Context, c caller, in *DisputeInput) (*disputeWithLinesOutput, error) {
	d, sight, err := h.dispute(ctx, c, in.Dispute)
	if err != nil {
		return nil, err
	}
	frozen, r, err := h.evidence(ctx, d)
	if err != nil {
		return nil, err
	}
	found, err := d.Line.Find(frozen, r)
	if err != nil { // it was found when the dispute was opened
		return nil, fault.Wrap(err, fault.Internal, "missing_evidence", "api: dispute %s", d.ID)
	}
	return &disputeWithLinesOutput{ETag: etag(d.Rev), Body: showDisputed(d, found, sight, h.Now())}, nil
}

// evidence reads what a dispute is about as it was: no document for a period that was not frozen, nothing reckoned where nothing was.
func (h *handler) evidence(ctx context.Context, d dispute.Dispute) (document *settlement.Document, reckoned *settlement.Reckoned, err error) {
	if hash := d.Evidence.Document; hash != "" {
		frozen, err := h.settlements.Document(ctx, d.Organization, d.Program, hash)
		if err != nil {
			return nil, nil, lost(err)
		}
		document = &frozen
	}
	if hash := d.Evidence.Reckoned; hash != "" {
		r, err := h.settlements.Reckoned(ctx, d.Organization, d.Program, hash)
		if err != nil {
			return nil, nil, lost(err)
		}
		reckoned = &r
	}
	return document, reckoned, nil
}

func showDispute(d dispute.Dispute, s sight, now time.Time) Dispute {
	e := d.Evidence
	out := Dispute{ID: d.ID, Program: d.Program, Period: d.Period, Participant: d.Participant, Name: nameIn(s.members, d.Participant), State: string(d.State), Overdue: d.Overdue(now),
		Line: DisputedLine{Of: string(d.Line.Of), Component: d.Line.Component, Credit: d.Line.Credit, Limit: d.Line.Limit, Period: d.Line.Period, Adjustment: d.Line.Adjustment},
		Unit: e.Currency, OpenedBy: d.OpenedBy, OpenedAt: d.OpenedAt, Deadline: d.Deadline, Messages: []DisputeMessage{}, EndedAt: orNil(d.EndedAt), Erased: d.Erased, UpdatedAt: d.UpdatedAt, Rev: d.Rev,
		Amount:   showAmount(e.Amount, e.Currency, e.Points),
		Evidence: DisputeEvidence{Document: e.Document, Revision: e.Revision, Final: e.Final, Reckoned: e.Reckoned, InputHash: e.InputHash, ResultHash: e.ResultHash}}
	if e.Points {
		out.Unit = string(settlement.PointsUnit)
	}
	for _, m := range d.Messages {
		out.Messages = append(out.Messages, DisputeMessage(m))
	}
	if r := d.Resolution; r != nil {
		out.Resolution = &DisputeResolution{By: r.By, At: r.At, Reason: r.Reason, Adjustment: r.Adjustment}
		if m, made := d.Manual(); made {
			shown := showManual(m, e.Currency)
			out.Resolution.Amount, out.Resolution.Unit = shown.Amount, shown.Unit
		}
	}
	return out
}

// maxDisputed is how many lines of a dispute are shown: whoever wants more reads the statement.
const maxDisputed = 500

func showDisputed(d dispute.Dispute, f dispute.Found, s sight, now time.Time) DisputeWithLines {
	currency := d.Evidence.Currency
	out := DisputeWithLines{Dispute: showDispute(d, s, now), Lines: []StatementLine{}, LinesInAll: len(f.Lines), Credits: []Credit{}, Prizes: showStanding(incentive.Standing{Currency: currency, Prizes: f.Prizes}).Prizes,
		Adjustments: showAdjustments(f.Adjustments[:min(len(f.Adjustments), maxDisputed)], currency)}
	for _, l := range f.Lines[:min(len(f.Lines), maxDisputed)] {
		line := showLine(l, currency)
		line.Of, line.Component = string(d.Line.Of), d.Line.Component
		if d.Line.Of == dispute.Limit {
			line.Limit = &d.Line.Limit
		}
		out.Lines = append(out.Lines, line)
	}
	for _, one := range f.Credits[:min(len(f.Credits), maxDisputed)] {
		out.Credits = append(out.Credits, showCredit(one))
	}
	if f.Manual != nil {
		shown := showManual(*f.Manual, currency)
		out.ByHand = &shown
	}
	return out
}
