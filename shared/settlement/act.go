package settlement

import (
	"strings"
	"time"

	"leadline/shared/approval"
	"leadline/shared/calendar"
	"leadline/shared/fault"
)

// The codes of refused acts.
const (
	CodeState      = "settlement_state"   // Conflict: the period stands elsewhere
	CodeWorking    = "settlement_working" // Conflict: it is being calculated or locked
	CodeNotOver    = "period_not_over"    // Conflict: its last day is yet to end
	CodeOrder      = "period_order"       // Conflict: the period before is not locked
	CodeOtherRun   = "other_run"          // Conflict: another run took the place of this one
	CodeUnfinished = "unfinished"         // Conflict: parts of the run are missing
	CodeTotals     = "totals_differ"      // Conflict: the statements are not those that were approved
	CodeReason     = "reason_missing"     // Invalid
)

// WorkLapses is how long work is waited for: after that it can be begun anew, with another run.
const WorkLapses = time.Hour

// Job says who begins long work, with what run, when, and over how many participants in how many parts.
type Job struct {
	Run   string
	By    string
	At    time.Time
	Of    int
	Parts int
}

func (j Job) work(kind string) Work {
	return Work{Kind: kind, Run: j.Run, Parts: j.Parts, Of: j.Of, At: j.At.UTC(), By: j.By}
}

// New gives a period that is open, of Rev 0.
func New(organization, program string, period calendar.Period, currency string) Settlement {
	return Settlement{Organization: organization, Program: program, Period: period, State: Open, Currency: currency}
}

// Begin begins to freeze a period of an edition, or to freeze it anew: it is open until it is Frozen, its revision is the next one,
// and its approvals are dropped. previous is the settlement of the period before; nil where that is not settled by the program.
// today is the day in the program's zone.
//
// Conflict if locking has begun (CodeState, CodeWorking), the period is not over (CodeNotOver), the one before is not locked
// (CodeOrder), or it is being frozen (CodeWorking).
func (s Settlement) Begin(previous *Settlement, edition string, today calendar.Date, job Job) (Settlement, error) {
	if err := s.locking("calculated anew"); err != nil {
		return s, err
	}
	switch {
	case s.Period.Until == "" || today < s.Period.Until:
		return s, fault.New(fault.Conflict, CodeNotOver, "The period %s is not over: it can be calculated from %s on.", s.Period.Name, s.Period.Until)
	case previous != nil && previous.State != Locked && previous.State != Paid:
		return s, fault.New(fault.Conflict, CodeOrder, "The period %s comes first: it is %s, and has to be locked before %s is calculated.",
			previous.Period.Name, previous.State, s.Period.Name)
	case s.Work.Kind == Freezing && s.Work.running(job.At):
		return s, s.working()
	}
	s = s.dropped()
	s.Revision++
	s.Edition, s.CalculatedBy, s.Work = edition, job.By, job.work(Freezing)
	return s.moved(Open, job.At), nil
}

// Frozen ends the freezing: totals sum the statements of the revision, parts counts those parts of the run that are done.
// Conflict if another run goes on (CodeOtherRun), or parts are missing (CodeUnfinished).
func (s Settlement) Frozen(run string, parts int, totals Totals, at time.Time) (Settlement, error) {
	if err := s.ends(Freezing, run, parts); err != nil {
		return s, err
	}
	s.Totals, s.Work = totals, Work{}
	return s.moved(Calculated, at), nil
}

// Fail notes why work came to nothing: it can be begun anew. Conflict (CodeOtherRun) if another run goes on.
func (s Settlement) Fail(run, why string, at time.Time) (Settlement, error) {
	if s.Work.Run != run || run == "" {
		return s, fault.New(fault.Conflict, CodeOtherRun, "The run %q is not the one that goes on.", run)
	}
	s.Work.Error = why
	return s.moved(s.State, at), nil
}

// Submit asks for approvals of a calculated period.
func (s Settlement) Submit(by string, at time.Time) (Settlement, error) {
	if err := s.at("submitted", Calculated); err != nil {
		return s, err
	}
	s.SubmittedBy, s.Rejected = by, nil
	return s.moved(Submitted, at), nil
}

// Request is what is to be approved, by none of those who calculated or submitted it, or have another hand in it: those who made its
// manual adjustments. Its Total, which limits of approvals are about, is what is credited, or what the periods, the adjustments of
// earlier ones, those by hand or the benefits in kind come to, whichever is the most by its size: what cancels out is approved, too.
func (s Settlement) Request(hands []string) approval.Request {
	t := s.Totals
	r := approval.Request{Behind: s.Behind, Total: t.Credited, Currency: s.Currency, Given: s.Given}
	for _, part := range []int64{t.Payable, t.Adjusted, t.Manual, t.Benefits} {
		if max(part, -part) > max(r.Total, -r.Total) {
			r.Total = part
		}
	}
	for _, id := range append([]string{s.CalculatedBy, s.SubmittedBy}, hands...) {
		if id != "" {
			r.Submitted = append(r.Submitted, id)
		}
	}
	return r
}

// Approve gives the next approval; with the last one, the period is approved. hands are those of Request. Errors as of
// approval.Policy.Next.
func (s Settlement) Approve(p approval.Policy, who approval.Actor, hands []string, on calendar.Date, at time.Time) (Settlement, error) {
	if err := s.at("approved", Submitted); err != nil {
		return s, err
	}
	given, all, err := p.Next(s.Request(hands), who, on, at)
	if err != nil {
		return s, err
	}
	s.Given = append(s.Given[:len(s.Given):len(s.Given)], given)
	if all {
		return s.moved(Approved, at), nil
	}
	return s.moved(Submitted, at), nil
}

// Reject refuses a period that was submitted, or approved and is not being locked: it is calculated, as before it was submitted,
// and its approvals are dropped. The reason is required (Invalid, CodeReason).
func (s Settlement) Reject(p approval.Policy, who approval.Actor, reason string, on calendar.Date, at time.Time) (Settlement, error) {
	if err := s.at("rejected", Submitted, Approved); err != nil {
		return s, err
	}
	if err := p.MayDecide(s.Request(nil), who, on); err != nil {
		return s, err
	}
	reason = strings.TrimSpace(reason)
	if reason == "" {
		return s, fault.New(fault.Invalid, CodeReason, "Say why %s is rejected: whoever submitted it has to know what to change.", s.Period.Name)
	}
	s.Given, s.SubmittedBy = nil, ""
	s.Rejected = &Rejection{By: who.ID, At: at.UTC(), Reason: reason}
	return s.moved(Calculated, at), nil
}

// Reopen gives up what was frozen, or a freezing that failed: the period is open again, until it is calculated anew.
func (s Settlement) Reopen(at time.Time) (Settlement, error) {
	if s.State == Open && s.Work.Kind == Freezing && !s.Work.running(at) { // a freezing that came to nothing
		return s.dropped().moved(Open, at), nil
	}
	if err := s.at("reopened", Calculated, Submitted, Approved); err != nil {
		return s, err
	}
	return s.dropped().moved(Open, at), nil
}

// Lock begins to post a period that is approved, or goes on after an earlier run failed: from now on, nothing but that can be done.
// totals sum the statements of the revision as they are stored: Conflict (CodeTotals) if they are not those that were approved.
func (s Settlement) Lock(totals Totals, job Job) (Settlement, error) {
	switch {
	case s.Work.Kind == Posting && s.Work.running(job.At):
		return s, s.working()
	case s.Work.Kind == Posting: // again
	default:
		if err := s.at("locked", Approved); err != nil {
			return s, err
		}
		s.LockedBy = job.By
	}
	if totals != s.Totals {
		return s, fault.New(fault.Conflict, CodeTotals,
			"The statements of %s are not those that were approved: they come to %d, and %d was approved, in minor units of %s. Have it calculated and approved anew.",
			s.Period.Name, totals.Credited, s.Totals.Credited, s.Currency)
	}
	s.Work = job.work(Posting)
	return s.moved(Approved, job.At), nil
}

// PostedAll ends the locking: all statements stand in the ledger, and root is the number of the root that was made after them.
// Conflict if another run goes on (CodeOtherRun), or parts are missing (CodeUnfinished).
func (s Settlement) PostedAll(run string, parts int, root int64, at time.Time) (Settlement, error) {
	if err := s.ends(Posting, run, parts); err != nil {
		return s, err
	}
	s.Work, s.Root, s.LockedAt = Work{}, root, at.UTC()
	return s.moved(Locked, at), nil
}

// MarkPaid notes that no account holds anything of the period any more that a batch of payments could pay.
func (s Settlement) MarkPaid(at time.Time) (Settlement, error) {
	if err := s.at("paid", Locked); err != nil {
		return s, err
	}
	s.PaidAt = at.UTC()
	return s.moved(Paid, at), nil
}

func (s Settlement) moved(to State, at time.Time) Settlement {
	s.State, s.UpdatedAt = to, at.UTC()
	s.Rev++
	return s
}

// dropped gives the settlement without all that belongs to what was frozen.
func (s Settlement) dropped() Settlement {
	s.Totals, s.Work, s.SubmittedBy, s.Given = Totals{}, Work{}, "", nil
	return s
}

// ends refuses to end work that another run does, or that is not done.
func (s Settlement) ends(kind, run string, parts int) error {
	switch {
	case s.Work.Kind != kind || s.Work.Run != run:
		return fault.New(fault.Conflict, CodeOtherRun, "The run %q is not the one that goes on.", run)
	case parts < s.Work.Parts:
		return fault.New(fault.Conflict, CodeUnfinished, "%d of the %d parts of the run %q are done.", parts, s.Work.Parts, run)
	}
	return nil
}
