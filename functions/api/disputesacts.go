package main

import (
	"context"
	"crypto/sha256"
	"fmt"
	"net/http"
	"time"

	"github.com/oklog/ulid/v2"

	"leadline/shared/approval"
	"leadline/shared/dispute"
	"leadline/shared/fault"
	"leadline/shared/notice"
	"leadline/shared/program"
	"leadline/shared/settlement"
	"leadline/shared/store"
	"leadline/shared/tenant"
)

type openDisputeInput struct {
	ResendInput
	Body struct {
		Program     string       `json:"program" minLength:"1" maxLength:"64" example:"prg_4f0c9a2b1x7z"`
		Period      string       `json:"period" minLength:"1" maxLength:"20" example:"2026-10"`
		Participant string       `json:"participant,omitempty" maxLength:"250" default:"me" doc:"Whose statement it is."`
		Line        DisputedLine `json:"line"`
		Text        string       `json:"text" minLength:"1" maxLength:"4000" doc:"What is wrong with it."`
	} `nameHint:"NewDispute"`
}

type disputeOutput struct {
	Location string `header:"Location"`
	ETag     string `header:"ETag"`
	Body     Dispute
}

func (h *handler) openDispute(ctx context.Context, c caller, in *openDisputeInput) (*disputeOutput, error) {
	a, err := h.attempt(ctx, c, in.IdempotencyKey, "open-dispute", "", in.Body)
	if err != nil {
		return nil, err
	}
	opened, err := once(ctx, h, c, a, http.StatusCreated, func() (Dispute, func(*store.Receipt) error, error) {
		d, sight, err := h.newDispute(ctx, c, in)
		if err != nil {
			return Dispute{}, nil, err
		}
		explain(ctx, "disputes/%s: %s of %s in %s", d.ID, d.Line.Of, d.Participant, d.Period)
		return showDispute(d, sight, h.Now()), func(r *store.Receipt) error {
			if err := h.Disputes.SaveDispute(ctx, d, r); err != nil {
				return err
			}
			_, err := h.Journal.Tell(ctx, openedNotice(d))
			return err
		}, nil
	})
	return &disputeOutput{Location: "/v1/disputes/" + opened.ID, ETag: etag(1), Body: opened}, err
}

// newDispute makes a dispute of what is asked for, with its evidence.
func (h *handler) newDispute(ctx context.Context, c caller, in *openDisputeInput) (dispute.Dispute, sight, error) {
	var d dispute.Dispute
	p, versions, who, sight, err := h.seen(ctx, c, ParticipantInput{ProgramInput{in.Body.Program}, in.Body.Participant})
	if err != nil {
		return d, sight, err
	}
	l := in.Body.Line
	d = dispute.Dispute{Organization: c.organization, Program: p.ID, Period: in.Body.Period, Participant: who,
		Line: dispute.Line{Of: dispute.Part(l.Of), Component: l.Component, Credit: l.Credit, Limit: l.Limit, Period: l.Period, Adjustment: l.Adjustment}}
	if d.Evidence, err = h.disputed(ctx, p, d, currencyOf(versions)); err != nil {
		return d, sight, err
	}
	setting, err := h.Disputes.DisputeSetting(ctx, c.organization)
	if err != nil {
		return d, sight, err
	}
	if d.ID, err = tenant.NewID(dispute.ID, h.Random); err != nil {
		return d, sight, err
	}
	d, err = dispute.Begin(d, approver(c), in.Body.Text, setting, h.Now().UTC())
	return d, sight, err
}

// disputed gives the evidence of a dispute: the frozen statement, or, of a period that was not frozen, what it comes to now, which is
// stored for it.
func (h *handler) disputed(ctx context.Context, p program.Program, d dispute.Dispute, currency string) (dispute.Evidence, error) {
	s, err := h.settlements.Get(ctx, p, d.Period)
	if err != nil {
		return dispute.Evidence{}, noPeriod(err, d.Period)
	}
	e := dispute.Evidence{Currency: currency}
	var frozen *settlement.Document
	var r *settlement.Reckoned
	st, err := h.Settlements.Statement(ctx, d.Organization, d.Program, d.Period, d.Participant)
	switch {
	case err == nil && s.State != settlement.Open && st.Revision == s.Revision:
		whole, reckoned, err := h.frozenWhole(ctx, st)
		if err != nil {
			return e, err
		}
		frozen, r = &whole, reckoned
		e.Document, e.Revision, e.Final, e.Reckoned, e.Currency = st.Document, st.Revision, st.Posted, st.Reckoned, st.Currency
	case err == nil || fault.Is(err, fault.NotFound):
		live, hash, err := h.settlements.KeepReckoned(ctx, p, d.Participant, d.Period)
		if err != nil {
			return e, err
		}
		r, e.Reckoned = &live, hash
	default:
		return e, err
	}
	if r != nil {
		e.InputHash, e.ResultHash = r.Standing.InputHash, r.Standing.ResultHash
	}
	found, err := d.Line.Find(frozen, r)
	e.Amount, e.Points = found.Amount, found.Points
	return e, err
}

// openedNotice tells admins that a dispute waits. It holds nothing of what was said.
func openedNotice(d dispute.Dispute) notice.Notice {
	about := sha256.Sum256([]byte("dispute\n" + d.Organization + "\n" + d.ID))
	var id ulid.ULID
	_ = id.SetTime(uint64(max(d.OpenedAt.UnixMilli(), 0))) // the clock is far from the end of ULIDs
	_ = id.SetEntropy(about[:10])                          // ten bytes are what it takes
	return notice.Notice{ID: id.String(), Organization: d.Organization, At: d.OpenedAt, Kind: notice.DisputeOpened, Subject: "disputes/" + d.ID,
		Text: fmt.Sprintf("%s disputes the statement of %s for %s. It is to be resolved or rejected by %s.", d.OpenedBy, d.Participant, d.Period, d.Deadline.UTC().Format(time.DateOnly))}
}

// actOn does something to a dispute as the caller, once for an attempt; own says that it is about the caller's own statement.
func (h *handler) actOn(ctx context.Context, c caller, id string, a attempt, do func(d dispute.Dispute, who approval.Actor, own bool, at time.Time) (dispute.Dispute, error)) (*disputeOutput, error) {
	shown, err := once(ctx, h, c, a, http.StatusOK, func() (Dispute, func(*store.Receipt) error, error) {
		before, sight, err := h.dispute(ctx, c, id)
		if err != nil {
			return Dispute{}, nil, err
		}
		now := h.Now().UTC()
		d, err := do(before, approver(c), sight.member != "" && sight.member == before.Participant, now)
		if err != nil {
			return Dispute{}, nil, err
		}
		explain(ctx, "%s, %s in %s", d.State, d.Participant, d.Period)
		if d.Rev == before.Rev {
			return showDispute(d, sight, now), nil, nil
		}
		return showDispute(d, sight, now), func(r *store.Receipt) error { return stale(h.Disputes.SaveDispute(ctx, d, r), "") }, nil
	})
	return &disputeOutput{ETag: etag(shown.Rev), Body: shown}, err
}

type sayInput struct {
	DisputeInput
	ResendInput
	Body struct {
		Text string `json:"text" minLength:"1" maxLength:"4000"`
	} `nameHint:"DisputeText"`
}

func (h *handler) answerDispute(ctx context.Context, c caller, in *sayInput) (*disputeOutput, error) {
	a, err := h.attempt(ctx, c, in.IdempotencyKey, "answer-dispute", in.Dispute, in.Body)
	if err != nil {
		return nil, err
	}
	return h.actOn(ctx, c, in.Dispute, a, func(d dispute.Dispute, who approval.Actor, own bool, at time.Time) (dispute.Dispute, error) {
		return d.Answer(who, own, in.Body.Text, at)
	})
}

func (h *handler) replyToDispute(ctx context.Context, c caller, in *sayInput) (*disputeOutput, error) {
	a, err := h.attempt(ctx, c, in.IdempotencyKey, "reply-to-dispute", in.Dispute, in.Body)
	if err != nil {
		return nil, err
	}
	return h.actOn(ctx, c, in.Dispute, a, func(d dispute.Dispute, who approval.Actor, own bool, at time.Time) (dispute.Dispute, error) {
		return d.Reply(who, own, in.Body.Text, at)
	})
}

type resolveDisputeInput struct {
	DisputeInput
	ResendInput
	Body struct {
		Kind   string `json:"kind,omitempty" enum:"money,points,benefit" default:"money"`
		Amount string `json:"amount" minLength:"1" maxLength:"40" doc:"In major units of the program's currency, or points; below 0 it takes away." example:"150.00"`
		Reason string `json:"reason" minLength:"1" maxLength:"1000" doc:"It is shown on the statement."`
	} `nameHint:"DisputeResolved"`
}

func (h *handler) resolveDispute(ctx context.Context, c caller, in *resolveDisputeInput) (*disputeOutput, error) {
	before, _, err := h.dispute(ctx, c, in.Dispute)
	if err != nil {
		return nil, err
	}
	p, err := h.program(ctx, c, before.Program)
	if err != nil {
		return nil, err
	}
	versions, err := h.incentives.Shown(ctx, p)
	if err != nil {
		return nil, err
	}
	r := dispute.Resolution{Kind: settlement.ManualKind(in.Body.Kind), Reason: in.Body.Reason}
	if r.Amount, err = readAmount(in.Body.Amount, currencyOf(versions), r.Kind); err != nil {
		return nil, err
	}
	if r.Period, err = h.adjustedPeriod("", versions); err != nil {
		return nil, err
	}
	a, err := h.attempt(ctx, c, in.IdempotencyKey, "resolve-dispute", in.Dispute, in.Body)
	if err != nil {
		return nil, err
	}
	out, err := h.actOn(ctx, c, in.Dispute, a, func(d dispute.Dispute, who approval.Actor, own bool, at time.Time) (dispute.Dispute, error) {
		return d.Resolve(who, own, r, at)
	})
	if err != nil {
		return nil, err
	}
	resolved, err := h.Disputes.Dispute(ctx, c.organization, in.Dispute)
	if err != nil {
		return nil, err
	}
	return out, h.adjustFor(ctx, resolved)
}

// adjustFor makes the adjustment that a dispute was resolved by, unless it was made: the dispute is resolved first, so that it has one
// outcome, and whoever resolves it the same way again finishes what was cut short.
func (h *handler) adjustFor(ctx context.Context, d dispute.Dispute) error {
	m, made := d.Manual()
	if !made {
		return nil
	}
	err := h.Settlements.SaveManual(ctx, m, nil)
	if f := fault.Of(err); f != nil && f.Code == store.CodeStale {
		if stands, readErr := h.Settlements.Manual(ctx, m.Organization, m.Program, m.ID); readErr == nil && stands.Dispute == d.ID {
			return nil
		}
	}
	return err
}

type rejectDisputeInput struct {
	DisputeInput
	ResendInput
	Body struct {
		Reason string `json:"reason" minLength:"1" maxLength:"4000" doc:"Why the statement is right."`
	} `nameHint:"DisputeRejected"`
}

func (h *handler) rejectDispute(ctx context.Context, c caller, in *rejectDisputeInput) (*disputeOutput, error) {
	a, err := h.attempt(ctx, c, in.IdempotencyKey, "reject-dispute", in.Dispute, in.Body)
	if err != nil {
		return nil, err
	}
	return h.actOn(ctx, c, in.Dispute, a, func(d dispute.Dispute, who approval.Actor, own bool, at time.Time) (dispute.Dispute, error) {
		return d.Reject(who, own, in.Body.Reason, at)
	})
}

func (h *handler) withdrawDispute(ctx context.Context, c caller, in *DisputeInput) (*disputeOutput, error) {
	return h.actOn(ctx, c, in.Dispute, attempt{}, func(d dispute.Dispute, who approval.Actor, _ bool, at time.Time) (dispute.Dispute, error) {
		return d.Withdraw(who, at)
	})
}

type disputeSettingsOutput struct {
	ETag string `header:"ETag"`
	Body DisputeSettings
}

func (h *handler) getDisputeSettings(ctx context.Context, c caller, _ *struct{}) (*disputeSettingsOutput, error) {
	s, err := h.Disputes.DisputeSetting(ctx, c.organization)
	if err != nil {
		return nil, err
	}
	return &disputeSettingsOutput{ETag: etag(s.Rev), Body: DisputeSettings{s.Days}}, nil
}

type setDisputeSettingsInput struct {
	MatchInput
	Body DisputeSettings
}

func (h *handler) setDisputeSettings(ctx context.Context, c caller, in *setDisputeSettingsInput) (*disputeSettingsOutput, error) {
	s, err := h.Disputes.DisputeSetting(ctx, c.organization)
	if err != nil {
		return nil, err
	}
	if err := checkMatch(in.IfMatch, s.Rev); err != nil {
		return nil, err
	}
	if s.Days != in.Body.Days || s.Rev == 0 {
		s.Days, s.UpdatedAt = in.Body.Days, h.Now().UTC()
		s.Rev++
		if err := s.Check(); err != nil {
			return nil, err
		}
		if err := h.Disputes.SaveDisputeSetting(ctx, s); err != nil {
			return nil, stale(err, in.IfMatch)
		}
	}
	explain(ctx, "%d days", s.Days)
	return &disputeSettingsOutput{ETag: etag(s.Rev), Body: DisputeSettings{s.Days}}, nil
}
