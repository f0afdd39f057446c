package keeper

import (
	"context"
	"fmt"

	"leadline/shared/fault"
	"leadline/shared/ledger"
	"leadline/shared/payout"
	"leadline/shared/store"
	"leadline/shared/tax"
)

// release posts one payment as paid.
func (k *Keeper) release(ctx context.Context, b payout.Batch, participant string) error {
	if err := onTime(ctx); err != nil {
		return err
	}
	p, err := k.Payouts.Payment(ctx, b.Organization, b.ID, participant)
	if err != nil {
		return fmt.Errorf("payout: payment: %w", err)
	}
	if p.State != payout.PaymentFrozen {
		return nil
	}
	if err := k.post(ctx, p, payout.Pay(b, p)); err != nil {
		return err
	}
	return k.move(ctx, p, payout.PaymentReleased)
}

// cancel gives back what the batch holds of one participant.
func (k *Keeper) cancel(ctx context.Context, b payout.Batch, participant string) error {
	if err := onTime(ctx); err != nil {
		return err
	}
	p, err := k.Payouts.Payment(ctx, b.Organization, b.ID, participant)
	if err != nil {
		return fmt.Errorf("payout: payment: %w", err)
	}
	if p.State != payout.PaymentFrozen {
		return nil
	}
	if err := k.giveBack(ctx, b, participant, b.SubmittedBy); err != nil {
		return err
	}
	return k.move(ctx, p, payout.PaymentCancelled)
}

// giveBack undoes what was collected from a participant, if something was.
func (k *Keeper) giveBack(ctx context.Context, b payout.Batch, participant, by string) error {
	p, row, found, err := k.collected(ctx, b, participant)
	if err != nil || !found {
		return err
	}
	_, err = k.Books.Post(ctx, b.Organization, participant, func(book ledger.Book) ([]ledger.Posting, error) {
		var years map[string]tax.Year
		if len(p.Assessment.Years) > 0 {
			years = tax.Undo(book.Years, p.Assessment)
		}
		return []ledger.Posting{payout.GiveBack(b, row, years, by, k.today())}, nil
	})
	if err != nil {
		return fmt.Errorf("payout: give back: %w", err)
	}
	return nil
}

func (k *Keeper) post(ctx context.Context, p payout.Payment, posting ledger.Posting) error {
	_, err := k.Books.Post(ctx, p.Organization, p.Participant, func(ledger.Book) ([]ledger.Posting, error) { return []ledger.Posting{posting}, nil })
	if err != nil {
		return fmt.Errorf("payout: post: %w", err)
	}
	return nil
}

// move notes where a payment stands behind its posting. Whoever was faster noted the same.
func (k *Keeper) move(ctx context.Context, p payout.Payment, to payout.PaymentState) error {
	p.State, p.Rev = to, p.Rev+1
	err := k.Payouts.SavePayment(ctx, p)
	if err != nil && !fault.Is(err, fault.Conflict) {
		return fmt.Errorf("payout: save payment: %w", err)
	}
	return nil
}

// CodeNoPayment is the code of the NotFound for an end-to-end id that no payment of the batch has.
const CodeNoPayment = "no_such_payment"

// Return books that a bank sent one payment of a released batch back: it is owed again, taxed already, and goes into a later batch.
// reason is the bank's code, by who says so. It is done once: Conflict (payout.CodeReturned) after.
func (k *Keeper) Return(ctx context.Context, b payout.Batch, endToEnd, reason, by string) (payout.Payment, error) {
	before, err := k.named(ctx, b, endToEnd)
	if err != nil {
		return before, err
	}
	p, err := b.Bounce(before, reason, k.Now())
	if f := fault.Of(err); f != nil && f.Code == payout.CodeReturned {
		if err := k.countReturns(ctx, b); err != nil { // whoever returned it may have been killed before
			return p, err
		}
	}
	if err != nil {
		return p, err
	}
	if err := k.post(ctx, p, payout.PayBack(b, p, by, k.today())); err != nil {
		return p, err
	}
	if err := k.Payouts.SavePayment(ctx, p); err != nil {
		if fault.Is(err, fault.Conflict) {
			return p, fault.New(fault.Conflict, payout.CodeReturned, "The payment %s is being returned by another request. A payment is returned once.", p.EndToEnd)
		}
		return p, fmt.Errorf("payout: save payment: %w", err)
	}
	return p, k.countReturns(ctx, b)
}

// named finds a payment by its end-to-end id.
func (k *Keeper) named(ctx context.Context, b payout.Batch, endToEnd string) (payout.Payment, error) {
	none := fault.New(fault.NotFound, CodeNoPayment, "The batch has no payment %q: name it as its bank file does.", endToEnd)
	if id := payout.ParticipantOf(b.ID, endToEnd); id != "" {
		p, err := k.Payouts.Payment(ctx, b.Organization, b.ID, id)
		if fault.Is(err, fault.NotFound) || err == nil && p.State == payout.PaymentLeftOut {
			return p, none
		}
		return p, err
	}
	var found payout.Payment
	err := k.every(ctx, b, func(p payout.Payment) error {
		if p.EndToEnd == endToEnd {
			found = p
		}
		return nil
	})
	if err == nil && found.EndToEnd == "" {
		err = none
	}
	return found, err
}

// every goes through the payments of a batch, but those who are left out.
func (k *Keeper) every(ctx context.Context, b payout.Batch, do func(payout.Payment) error) error {
	for p := (store.Page{Limit: store.MaxLimit}); ; {
		payments, next, err := k.Payouts.Payments(ctx, b.Organization, b.ID, p)
		if err != nil {
			return fmt.Errorf("payout: payments: %w", err)
		}
		for _, one := range payments {
			if one.State == payout.PaymentLeftOut {
				continue
			}
			if err := do(one); err != nil {
				return err
			}
		}
		if p.Cursor = next; next == "" {
			return nil
		}
	}
}

// countReturns notes in the batch how many of its payments were returned. They are counted anew each time, so that a count that was
// missed is made up for.
func (k *Keeper) countReturns(ctx context.Context, b payout.Batch) error {
	_, err := k.change(ctx, b, func(b payout.Batch) (payout.Batch, bool, error) {
		returned := 0
		err := k.every(ctx, b, func(p payout.Payment) error {
			if p.State == payout.PaymentReturned {
				returned++
			}
			return nil
		})
		if err != nil || returned == b.Returned {
			return b, false, err
		}
		b.Returned, b.Rev, b.UpdatedAt = returned, b.Rev+1, k.Now().UTC()
		return b, true, nil
	})
	return err
}
