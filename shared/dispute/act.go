package dispute

import (
	"slices"
	"strings"
	"time"

	"leadline/shared/approval"
	"leadline/shared/fault"
	"leadline/shared/settlement"
)

// The codes of refused acts.
const (
	CodeEnded    = "ended"            // Conflict: nothing can be done to it any more
	CodeFourEyes = "four_eyes"        // Forbidden: who opened it, or whose statement it is, does not decide
	CodeNoAdmin  = "no_admin"         // Forbidden: admins answer and decide
	CodeNotYours = "not_yours"        // Forbidden: only who opened it, or whose statement it is, may
	CodeText     = "text_missing"     // Invalid: a text says nothing, or too much
	CodeFull     = "full"             // Conflict: it holds as much as it may
	CodeAmount   = "amount_missing"   // Invalid: an adjustment of nothing
	CodeLine     = "invalid_line"     // Invalid: there is no such line
	CodeDays     = "invalid_deadline" // Invalid
)

const (
	// maxText bounds one text, in characters; maxTexts all of a dispute, in bytes: it has to fit into an item.
	maxText  = 4000
	maxTexts = 200_000
)

// Begin makes a dispute of who objects. Of d, what counts is id, organization, program, period, participant, line and evidence.
func Begin(d Dispute, who approval.Actor, text string, s Setting, at time.Time) (Dispute, error) {
	text, err := checkText(text, "text", "what is wrong with it")
	if err != nil {
		return d, err
	}
	if s.Days == 0 {
		s.Days = DefaultDays
	}
	return Dispute{ID: d.ID, Organization: d.Organization, Program: d.Program, Period: d.Period, Participant: d.Participant, Line: d.Line, Evidence: d.Evidence,
		State: Open, OpenedBy: who.ID, OpenedAt: at, Deadline: at.AddDate(0, 0, s.Days), Messages: []Message{{By: who.ID, At: at, Text: text}}, UpdatedAt: at, Rev: 1}, nil
}

// Check refuses a setting that is none.
func (s Setting) Check() error {
	if s.Days < 1 || s.Days > MaxDays {
		return fault.New(fault.Invalid, CodeDays, "days is %d: disputes are to end within 1 to %d days.", s.Days, MaxDays)
	}
	return nil
}

// Answer says something as an admin: whoever opened it may reply. own says that the statement is the admin's own.
func (d Dispute) Answer(who approval.Actor, own bool, text string, at time.Time) (Dispute, error) {
	if err := d.decidable(who, own, "answers"); err != nil {
		return d, err
	}
	return d.say(who, Answered, text, at)
}

// Reply says something as who opened it, or as whose statement it is (own): it waits for an admin again then.
func (d Dispute) Reply(who approval.Actor, own bool, text string, at time.Time) (Dispute, error) {
	if who.ID != d.OpenedBy && !own {
		return d, fault.New(fault.Forbidden, CodeNotYours, "Whoever opened a dispute replies, or whose statement it is; admins answer.")
	}
	if err := d.going(); err != nil {
		return d, err
	}
	return d.say(who, Open, text, at)
}

func (d Dispute) say(who approval.Actor, next State, text string, at time.Time) (Dispute, error) {
	text, err := checkText(text, "text", "what you have to say")
	if err != nil {
		return d, err
	}
	held := len(text)
	for _, m := range d.Messages {
		held += len(m.Text)
	}
	if held > maxTexts || len(d.Messages) >= 200 {
		return d, fault.New(fault.Conflict, CodeFull, "The dispute holds as much text as it may: resolve or reject it, and open another if need be.")
	}
	d.Messages = append(slices.Clone(d.Messages), Message{By: who.ID, At: at, Text: text})
	return d.moved(next, at), nil
}

// Resolve ends it with an adjustment by hand, by an admin who neither opened it nor is whose statement it is. Manual gives the
// adjustment. Done before in the same way, it changes nothing, so that what was cut short can be finished.
func (d Dispute) Resolve(who approval.Actor, own bool, r Resolution, at time.Time) (Dispute, error) {
	reason, err := checkText(r.Reason, "reason", "why it is adjusted: it is shown on the statement")
	if err != nil {
		return d, err
	}
	if was := d.Resolution; d.State == Resolved && was.By == who.ID && was.Kind == r.Kind && was.Amount == r.Amount && was.Reason == reason {
		return d, nil
	}
	if err := d.decidable(who, own, "resolves"); err != nil {
		return d, err
	}
	switch {
	case r.Amount == 0:
		return d, fault.New(fault.Invalid, CodeAmount, "amount is 0, which adjusts nothing: reject the dispute with a reason instead.")
	case r.Kind == settlement.ByHandBenefit && r.Amount < 0:
		return d, fault.New(fault.Invalid, CodeAmount, "A benefit in kind has a value above 0.")
	}
	d.Resolution = &Resolution{By: who.ID, At: at, Reason: reason, Adjustment: adjustmentOf(d.ID), Kind: r.Kind, Amount: r.Amount, Period: r.Period}
	d.EndedAt = at
	return d.moved(Resolved, at), nil
}

// Reject ends it without an adjustment, by an admin as for Resolve, who says why.
func (d Dispute) Reject(who approval.Actor, own bool, reason string, at time.Time) (Dispute, error) {
	if err := d.decidable(who, own, "rejects"); err != nil {
		return d, err
	}
	reason, err := checkText(reason, "reason", "why the statement is right: who opened the dispute reads it")
	if err != nil {
		return d, err
	}
	d.Resolution, d.EndedAt = &Resolution{By: who.ID, At: at, Reason: reason}, at
	return d.moved(Rejected, at), nil
}

// Withdraw takes it back, by who opened it.
func (d Dispute) Withdraw(who approval.Actor, at time.Time) (Dispute, error) {
	if who.ID != d.OpenedBy {
		return d, fault.New(fault.Forbidden, CodeNotYours, "Whoever opened a dispute withdraws it; admins reject it with a reason.")
	}
	if d.State == Withdrawn {
		return d, nil
	}
	if err := d.going(); err != nil {
		return d, err
	}
	d.EndedAt = at
	return d.moved(Withdrawn, at), nil
}

// Erase takes the texts away, with the person: that it was disputed, and how it ended, stays.
func (d Dispute) Erase(at time.Time) Dispute {
	d.Messages = slices.Clone(d.Messages)
	for i := range d.Messages {
		d.Messages[i].Text = ""
	}
	if d.Resolution != nil {
		r := *d.Resolution
		r.Reason = ""
		d.Resolution = &r
	}
	d.Erased = true
	return d.moved(d.State, at)
}

func (d Dispute) moved(next State, at time.Time) Dispute {
	d.State, d.UpdatedAt = next, at
	d.Rev++
	return d
}

// decidable refuses who may not decide, and what has ended.
func (d Dispute) decidable(who approval.Actor, own bool, does string) error {
	switch {
	case !who.Admin:
		return fault.New(fault.Forbidden, CodeNoAdmin, "An admin %s a dispute.", does)
	case who.ID == d.OpenedBy:
		return fault.New(fault.Forbidden, CodeFourEyes, "You opened this dispute: another admin %s it. You may withdraw it.", does)
	case own:
		return fault.New(fault.Forbidden, CodeFourEyes, "This dispute is about your own statement: another admin %s it.", does)
	}
	return d.going()
}

func (d Dispute) going() error {
	if d.State.Ended() {
		return fault.New(fault.Conflict, CodeEnded, "The dispute is %s already: open another if there is more to say.", d.State)
	}
	return nil
}

func checkText(text, field, what string) (string, error) {
	switch text = strings.TrimSpace(text); {
	case text == "":
		return "", fault.New(fault.Invalid, CodeText, "Say in %s %s.", field, what)
	case len([]rune(text)) > maxText:
		return "", fault.New(fault.Invalid, CodeText, "%s has %d characters, and may have %d.", field, len([]rune(text)), maxText)
	}
	return text, nil
}
