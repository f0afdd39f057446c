package main

import (
	"context"
	"crypto/sha256"
	"fmt"
	"time"

	"github.com/oklog/ulid/v2"

	"leadline/shared/approval"
	"leadline/shared/fault"
	"leadline/shared/notice"
	"leadline/shared/payee"
	"leadline/shared/store"
	"leadline/shared/tenant"
)

const (
	// bankPolicy is the kind of the approval policy for changes of bank details.
	bankPolicy = "bank"
	// maxChangesADay bounds the changes that are asked for of one's details within a day: each is told to all admins.
	maxChangesADay = 5
)

// askBank asks for a change of bank details.
func (h *handler) askBank(ctx context.Context, c caller, of string, in BankDetails, own bool) (*bankChangeOutput, error) {
	bank := payee.Bank(in).Clean()
	if err := bank.Check(); err != nil {
		return nil, err
	}
	box, err := h.box(ctx, c.organization)
	if err != nil {
		return nil, err
	}
	sealed, err := bank.Seal(box, c.organization, of)
	if err != nil {
		return nil, err
	}
	return h.ask(ctx, c, payee.Change{Of: of, What: payee.OfBank, Sealed: sealed, Hint: bank.Hint()}, own)
}

// ask stores a change that waits for a second person, drops those that waited, and tells the admins.
func (h *handler) ask(ctx context.Context, c caller, change payee.Change, own bool) (*bankChangeOutput, error) {
	id, err := tenant.NewID(payee.ChangeID, h.Random)
	if err != nil {
		return nil, err
	}
	now := h.Now().UTC()
	change.ID, change.Organization = id, c.organization
	if change, err = payee.Ask(change, approver(c), own, now); err != nil {
		return nil, err
	}
	older, err := h.recentChanges(ctx, change, now)
	if err != nil {
		return nil, err
	}
	if err := h.Payees.SaveChange(ctx, change, nil, nil, nil); err != nil {
		return nil, err
	}
	for _, o := range older {
		// One that was decided meanwhile is decided: the newer waits for its own decision.
		if err := h.Payees.SaveChange(ctx, o.Replace(change), nil, nil, nil); err != nil && !fault.Is(err, fault.Conflict) {
			return nil, err
		}
	}
	explain(ctx, "%s of %s: bank-changes/%s", change.What, change.Of, change.ID)
	if _, err := h.Journal.Tell(ctx, waitingNotice(change)); err != nil {
		return nil, err
	}
	v, err := h.changeView(ctx, c)
	if err != nil {
		return nil, err
	}
	out, err := v.answer(change)
	if err == nil {
		out.Location = "/v1/bank-changes/" + change.ID
	}
	return out, err
}

// recentChanges gives the changes that wait and are to be dropped for another. It refuses that one if too many were asked for within
// a day.
func (h *handler) recentChanges(ctx context.Context, change payee.Change, now time.Time) ([]payee.Change, error) {
	var waiting []payee.Change
	day := 0
	for o, err := range store.All(ctx, func(ctx context.Context, p store.Page) ([]payee.Change, string, error) {
		return h.Payees.ChangesOf(ctx, change.Organization, change.Of, p)
	}) {
		if err != nil {
			return nil, err
		}
		if !o.RequestedAt.After(now.Add(-payee.Patience)) {
			break // newest first: what is older has lapsed
		}
		if change.Replaces(o.At(now)) {
			waiting = append(waiting, o)
		}
		if o.What == change.What && o.RequestedAt.After(now.Add(-24*time.Hour)) {
			day++
		}
	}
	if day >= maxChangesADay {
		return nil, fault.New(fault.Conflict, "too_many_changes", "%d changes of these details were asked for within 24 hours. Have the last one decided, or ask again tomorrow.", day)
	}
	return waiting, nil
}

// waitingNotice tells admins that a change waits. It holds nothing of the details.
func waitingNotice(c payee.Change) notice.Notice {
	about := sha256.Sum256([]byte("bank change\n" + c.Organization + "\n" + c.ID))
	var id ulid.ULID
	_ = id.SetTime(uint64(max(c.RequestedAt.UnixMilli(), 0))) // the clock is far from the end of ULIDs
	_ = id.SetEntropy(about[:10])                             // ten bytes are what it takes
	what := "bank details"
	if c.What == payee.OfTaxID {
		what = "the tax id"
	}
	return notice.Notice{ID: id.String(), Organization: c.Organization, At: c.RequestedAt, Kind: notice.BankChangeWaiting, Subject: "bank-changes/" + c.ID,
		Text: fmt.Sprintf("A change of %s of %s waits, asked for by %s. An admin who did not ask for it decides, by %s.", what, c.Of, c.RequestedBy, c.ExpiresAt.UTC().Format(time.DateOnly))}
}

func (h *handler) acceptBankChange(ctx context.Context, c caller, in *BankChangeInput) (*bankChangeOutput, error) {
	return h.decide(ctx, c, in.Change, func(before payee.Change, p approval.Policy, v changeView) (payee.Change, error) {
		return before.Accept(p, approver(c), v.sight.today, v.now)
	})
}

type refuseBankChangeInput struct {
	BankChangeInput
	Body struct {
		Reason string `json:"reason" minLength:"1" maxLength:"500" doc:"Why, for who asked for it."`
	} `nameHint:"BankChangeRefusal"`
}

func (h *handler) refuseBankChange(ctx context.Context, c caller, in *refuseBankChangeInput) (*bankChangeOutput, error) {
	return h.decide(ctx, c, in.Change, func(before payee.Change, p approval.Policy, v changeView) (payee.Change, error) {
		return before.Refuse(p, approver(c), in.Body.Reason, v.sight.today, v.now)
	})
}

func (h *handler) withdrawBankChange(ctx context.Context, c caller, in *BankChangeInput) (*bankChangeOutput, error) {
	return h.decide(ctx, c, in.Change, func(before payee.Change, _ approval.Policy, v changeView) (payee.Change, error) {
		return before.Withdraw(approver(c), v.own(before), v.now)
	})
}

// decide stores what becomes of a change, and of whose details it changes.
func (h *handler) decide(ctx context.Context, c caller, id string, act func(payee.Change, approval.Policy, changeView) (payee.Change, error)) (*bankChangeOutput, error) {
	v, before, err := h.bankChange(ctx, c, id)
	if err != nil {
		return nil, err
	}
	policy, err := h.Settlements.Policy(ctx, c.organization, bankPolicy)
	if err != nil {
		return nil, err
	}
	after, err := act(before, policy, v)
	if err != nil {
		if lapsed := before.At(v.now); lapsed.State != before.State {
			// The value goes, too. Where that fails, the next one who looks does it.
			_ = h.Payees.SaveChange(ctx, lapsed, nil, nil, nil)
		}
		return nil, err
	}
	payer, profile, err := h.taken(ctx, before, after, v)
	if err != nil {
		return nil, err
	}
	if err := stale(h.Payees.SaveChange(ctx, after, payer, profile, nil), ""); err != nil {
		return nil, err
	}
	explain(ctx, "%s of %s is %s", after.What, after.Of, after.State)
	return v.answer(after)
}

// taken gives the payer or profile with an accepted change; nil for both where it is not accepted. What does not open as its
// owner's is taken by nobody.
func (h *handler) taken(ctx context.Context, before, after payee.Change, v changeView) (*payee.Payer, *payee.Profile, error) {
	if after.State != payee.Accepted {
		return nil, nil, nil
	}
	var err error
	if before.What == payee.OfTaxID {
		_, err = payee.OpenTaxID(v.box, before.Organization, before.Of, before.Sealed)
	} else {
		_, err = payee.OpenBank(v.box, before.Organization, before.Of, before.Sealed)
	}
	if err != nil {
		return nil, nil, err
	}
	c := caller{organization: before.Organization}
	if isPayer(before.Of) {
		p, err := h.payer(ctx, c, before.Of)
		if err == nil && p.Archived {
			err = fault.New(fault.Conflict, "archived", "The payer is archived: nothing of it changes any more.")
		}
		p = p.Take(before, v.now)
		return &p, nil, err
	}
	p, err := h.profile(ctx, c, before.Of)
	p = p.Take(before, v.now)
	return nil, &p, err
}

// isPayer tells whether an id is a payer's, and no participant's.
func isPayer(id string) bool {
	return len(id) > len(payee.PayerID) && id[:len(payee.PayerID)+1] == payee.PayerID+"_"
}
