package payout

import (
	"strings"
	"time"

	"leadline/shared/approval"
	"leadline/shared/calendar"
	"leadline/shared/fault"
)

// PolicyKind is the kind of act under which the approval policy of batches is kept.
const PolicyKind = "payout"

// The kinds of Work.
const (
	WorkCollecting = "collecting"
	WorkReleasing  = "releasing"
	WorkCancelling = "cancelling"
)

// The codes of refused acts.
const (
	CodeState    = "wrong_state"       // Conflict: the batch is not where the act begins
	CodeReleased = "already_released"  // Conflict: it was released before
	CodePassed   = "pay_on_passed"     // Conflict: the day that its tax was reckoned for is over
	CodeOwnBatch = "own_batch"         // Forbidden: who made it releases only what others approved
	CodeNoReason = "no_reason"         // Invalid: a refusal says why
	CodeReturned = "already_returned"  // Conflict: the payment was returned before
	CodeTax      = "tax_not_confirmed" // Conflict: the payer's tax rules would withhold, and nobody confirmed them
)

// LeftTax says, of who is left out, that the tax cannot be reckoned: the profile has no class or rate that the payer's rules know.
const LeftTax = "tax"

// maxReason is how long the reason of a refusal may be, in bytes.
const maxReason = 500

// New gives a batch as it begins: its participants are still to be gathered. The caller has checked the payer, and sealed its
// account into Source.
func New(b Batch, by string, at time.Time) Batch {
	b.State, b.SubmittedBy, b.CreatedAt, b.UpdatedAt, b.Rev = Collecting, by, at.UTC(), at.UTC(), 1
	b.Work = Work{Kind: WorkCollecting, Run: WorkCollecting}
	return b
}

// Refuse notes, once, why a batch that is being collected must not be paid: when all parts of it have ended, what was taken is
// given back.
func (b Batch) Refuse(reason string, at time.Time) Batch {
	if b.State == Collecting && b.Rejected == "" {
		b.Rejected = reason
		return b.saved(at)
	}
	return b
}

// Collected ends the collecting: all is taken that the batch will ever hold. A batch that was refused meanwhile is cancelled, and
// one that holds nothing has nothing to approve.
func (b Batch) Collected(s Sums, at time.Time) (Batch, error) {
	if b.State != Collecting {
		return b, b.wrong("be collected")
	}
	b.Payments, b.Gross, b.Tax, b.ByPayer, b.Net, b.LeftOut = s.Payments, s.Gross, s.Tax, s.ByPayer, s.Net, s.LeftOut
	switch {
	case b.Rejected != "" && b.Payments > 0:
		b.State, b.Work = Cancelling, Work{Kind: WorkCancelling, Run: WorkCancelling, Of: b.Payments}
	case b.Payments == 0:
		if b.State, b.Work = Cancelled, (Work{}); b.Rejected == "" {
			b.Rejected = "Nothing is owed that could be paid."
		}
	default:
		b.State, b.Work = Submitted, Work{}
	}
	return b.saved(at), nil
}

// Approve gives the next approval by the policy. With the last one the batch can be released.
func (b Batch) Approve(p approval.Policy, who approval.Actor, on calendar.Date, at time.Time) (Batch, error) {
	if b.State != Submitted {
		return b, b.wrong("be approved")
	}
	given, done, err := p.Next(b.Request(), who, on, at.UTC())
	if err != nil {
		return b, err
	}
	b.Given = append(b.Given[:len(b.Given):len(b.Given)], given)
	if done {
		b.State = Approved
	}
	return b.saved(at), nil
}

// Reject refuses the batch with a reason, which cancels it.
func (b Batch) Reject(p approval.Policy, who approval.Actor, reason string, on calendar.Date, at time.Time) (Batch, error) {
	if b.State != Submitted && (b.State != Approved || b.Work.Kind != "") {
		return b, b.wrong("be rejected")
	}
	if err := checkReason(reason); err != nil {
		return b, err
	}
	if err := p.MayDecide(b.Request(), who, on); err != nil {
		return b, err
	}
	return b.cancelled(reason, at), nil
}

// Cancel has all that the batch took given back. One that is being collected is cancelled when that has ended. A release is over once
// the batch has its bank file, for payments are posted from then on: one that has none yet can still be cancelled.
func (b Batch) Cancel(reason string, at time.Time) (Batch, error) {
	if err := checkReason(reason); err != nil {
		return b, err
	}
	switch {
	case b.State == Collecting && b.Rejected == "":
		return b.Refuse(reason, at), nil
	case b.State == Submitted, b.State == Approved && !b.HasFile():
		b.ReleasedBy, b.ReleasedAt = "", time.Time{}
		return b.cancelled(reason, at), nil
	}
	return b, b.wrong("be cancelled")
}

// CancelledAll ends the cancelling.
func (b Batch) CancelledAll(at time.Time) (Batch, error) {
	if b.State != Cancelling {
		return b, b.wrong("be cancelled")
	}
	b.State, b.Work = Cancelled, Work{}
	return b.saved(at), nil
}

// Release begins the one release of a batch, on the day of payment at the latest. Who made it may release only what somebody else
// approved.
func (b Batch) Release(who approval.Actor, at time.Time) (Batch, error) {
	if b.ReleasedBy != "" {
		return b, fault.New(fault.Conflict, CodeReleased, "The batch was released by %s on %s. A batch is released once: fetch its file again, which is the same each time.",
			b.ReleasedBy, b.ReleasedAt.UTC().Format("2006-01-02 15:04 MST"))
	}
	if b.State != Approved {
		return b, b.wrong("be released")
	}
	if today := calendar.DateOf(at, time.UTC); b.PayOn < today {
		return b, fault.New(fault.Conflict, CodePassed, "The day of payment was %s, and today is %s: the tax was reckoned for that day. Cancel the batch and make it anew.", b.PayOn, today)
	}
	if who.ID == b.SubmittedBy && !b.approvedByOther(who.ID) {
		return b, fault.New(fault.Forbidden, CodeOwnBatch, "You made this batch, and nobody else approved it: somebody else releases it.")
	}
	b.ReleasedBy, b.ReleasedAt = who.ID, at.UTC()
	b.Work = Work{Kind: WorkReleasing, Run: WorkReleasing, Of: b.Payments}
	return b.saved(at), nil
}

// Unreleased takes the release back before anything was posted, for the bank file cannot be made: why says what is wrong.
func (b Batch) Unreleased(why string, at time.Time) (Batch, error) {
	if b.State != Approved || b.Work.Kind != WorkReleasing || b.FileHash != "" {
		return b, b.wrong("have its release taken back")
	}
	b.ReleasedBy, b.ReleasedAt, b.Work = "", time.Time{}, Work{Error: why}
	return b.saved(at), nil
}

// Filed notes the hash of the bank file, with which the release becomes final.
func (b Batch) Filed(hash string, at time.Time) (Batch, error) {
	if b.State != Approved || b.Work.Kind != WorkReleasing || b.FileHash != "" && b.FileHash != hash {
		return b, b.wrong("get another file")
	}
	b.FileHash = hash
	return b.saved(at), nil
}

// ReleasedAll ends the release: all payments are posted as paid.
func (b Batch) ReleasedAll(at time.Time) (Batch, error) {
	if b.State != Approved || b.Work.Kind != WorkReleasing || b.FileHash == "" {
		return b, b.wrong("be posted as paid")
	}
	b.State, b.Work = Released, Work{}
	return b.saved(at), nil
}

// Stuck notes that the work does not go on.
func (b Batch) Stuck(why string, at time.Time) Batch {
	b.Work.Error = why
	return b.saved(at)
}

// Resume has work go on that was stuck, or whose message was lost: nobody knows of that, so that any work may be begun again.
func (b Batch) Resume(at time.Time) (Batch, error) {
	if b.Work.Kind == "" {
		return b, fault.New(fault.Conflict, CodeState, "The batch is %s, and no work of it goes on: there is nothing to resume.", b.State)
	}
	b.Work.Error = ""
	return b.saved(at), nil
}

// Bounce books one payment of the batch as sent back by the bank.
func (b Batch) Bounce(p Payment, reason string, at time.Time) (Payment, error) {
	reason = strings.ToUpper(strings.TrimSpace(reason))
	switch {
	case b.State != Released:
		return p, b.wrong("have payments returned")
	case p.State == PaymentReturned:
		return p, fault.New(fault.Conflict, CodeReturned, "The payment %s was returned on %s already, for the reason %s. A payment is returned once.",
			p.EndToEnd, p.ReturnedAt.UTC().Format(time.DateOnly), p.Reason)
	case p.State != PaymentReleased:
		return p, fault.New(fault.Conflict, CodeState, "The payment %s is %s: only one that was released can be returned.", p.EndToEnd, p.State)
	case reason == "" || len(reason) > 35 || strings.Trim(reason, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") != "":
		return p, fault.New(fault.Invalid, "invalid_reason", "The reason of a return is the bank's code, letters and digits, such as AC04 or R03.")
	}
	p.State, p.Reason, p.ReturnedAt, p.Rev = PaymentReturned, reason, at.UTC(), p.Rev+1
	return p, nil
}

// Busy tells whether the batch was released, and its payments are still being posted.
func (b Batch) Busy() bool { return b.Work.Kind == WorkReleasing }

// HasFile tells whether the batch has its bank file.
func (b Batch) HasFile() bool { return b.FileHash != "" }

// Back is what of Net a bank had sent back, and was taxed before.
func (b Batch) Back() int64 { return b.Net - b.Gross + b.Tax }

// Request is what of the batch is to be approved.
func (b Batch) Request() approval.Request {
	return approval.Request{Submitted: []string{b.SubmittedBy}, Behind: b.Behind, Total: b.Net, Currency: b.Currency, Given: b.Given}
}

func (b Batch) approvedByOther(id string) bool {
	for _, g := range b.Given {
		if g.By != id {
			return true
		}
	}
	return false
}

func (b Batch) cancelled(reason string, at time.Time) Batch {
	b.Rejected, b.State, b.Work = reason, Cancelling, Work{Kind: WorkCancelling, Run: WorkCancelling, Of: b.Payments}
	return b.saved(at)
}

// saved counts the change.
func (b Batch) saved(at time.Time) Batch {
	b.UpdatedAt, b.Rev = at.UTC(), b.Rev+1
	return b
}

// wrong refuses an act that does not begin in the batch's state, and says what does.
func (b Batch) wrong(act string) error {
	next := ""
	switch {
	case b.State == Collecting && b.Rejected != "":
		next = "It is being cancelled; if that does not go on, resume it."
	case b.State == Collecting:
		next = "Wait until all participants are gathered; if that does not go on, resume it."
	case b.State == Submitted:
		next = "It waits for approvals."
	case b.State == Approved && b.Busy():
		next = "Its release by " + b.ReleasedBy + " is being posted; if that does not go on, resume it."
	case b.State == Approved:
		next = "It has all approvals, and waits for its release."
	case b.State == Released:
		next = "It was released, and does not change any more; what a bank sends back is booked as a return."
	case b.State == Cancelling:
		next = "What it holds is being given back; if that does not go on, resume it."
	case b.State == Cancelled:
		next = "What it held is owed again: make another batch."
	}
	return fault.New(fault.Conflict, CodeState, "The batch is %s and cannot %s. %s", b.State, act, next)
}

func checkReason(reason string) error {
	if strings.TrimSpace(reason) == "" {
		return fault.New(fault.Invalid, CodeNoReason, "Say why: a refused or cancelled batch names the reason.")
	}
	if len(reason) > maxReason {
		return fault.New(fault.Invalid, CodeNoReason, "The reason has %d bytes, and may have %d.", len(reason), maxReason)
	}
	return nil
}
