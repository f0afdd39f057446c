package payee

import (
	"slices"
	"strings"
	"time"

	"leadline/shared/approval"
	"leadline/shared/calendar"
	"leadline/shared/fault"
)

// Patience is how long a change waits to be decided before it lapses.
const Patience = 14 * 24 * time.Hour

// maxReason bounds the reason of a refusal, in characters.
const maxReason = 500

// The codes of refused acts on changes.
const (
	CodeNotYours = "not_yours"       // Forbidden: who asks is neither an admin nor the one whose details they are
	CodeNoAdmin  = "no_admin"        // Forbidden: admins decide
	CodeFourEyes = "four_eyes"       // Forbidden: who asked does not decide
	CodeDecided  = "decided_already" // Conflict: it does not wait any more
	CodeLapsed   = "lapsed"          // Conflict: nobody decided in time
	CodeReason   = "reason_missing"  // Invalid: a refusal says why
)

// Ask makes a change that waits for a second person: also the first entry of somebody without details. own says that the details
// are those of who asks; those of others only admins may ask to change. Of c, what counts is id, organization, whose it is, what it
// is, the sealed value and its hint.
func Ask(c Change, who approval.Actor, own bool, at time.Time) (Change, error) {
	if !own && !who.Admin {
		return Change{}, fault.New(fault.Forbidden, CodeNotYours, "You may ask to change your own %s; those of others only admins ask to change.", nameOf(c.What))
	}
	return Change{ID: c.ID, Organization: c.Organization, Of: c.Of, What: c.What, Sealed: c.Sealed, Hint: c.Hint,
		State: Waiting, RequestedBy: who.ID, Behind: who.Makers, RequestedAt: at, ExpiresAt: at.Add(Patience), Rev: 1}, nil
}

// At gives the change as it stands at a time: one that nobody decided in time has lapsed.
func (c Change) At(at time.Time) Change {
	if c.State != Waiting || at.Before(c.ExpiresAt) {
		return c
	}
	return c.end(Lapsed, "", c.ExpiresAt)
}

// Accept gives the change with the approval of an admin who did not ask for it, as the policy has it: accepted if that was the last
// that it takes, else waiting for the next. on is the day by which delegates may act. What it changes is another's to write: see
// Payer.Take and Profile.Take, which want the change as it was before.
func (c Change) Accept(p approval.Policy, who approval.Actor, on calendar.Date, at time.Time) (Change, error) {
	if err := c.decidable(who, at); err != nil {
		return c, err
	}
	given, done, err := p.Next(c.request(), who, on, at)
	if err != nil {
		return c, err
	}
	c.Given = append(slices.Clone(c.Given), given)
	if !done {
		c.Rev++
		return c, nil
	}
	return c.end(Accepted, who.ID, at), nil
}

// request is what is to be approved.
func (c Change) request() approval.Request {
	return approval.Request{Submitted: []string{c.RequestedBy}, Behind: c.Behind, Given: c.Given}
}

// Refuse has the change dropped, by an admin who did not ask for it, may approve by the policy, and says why.
func (c Change) Refuse(p approval.Policy, who approval.Actor, reason string, on calendar.Date, at time.Time) (Change, error) {
	if err := c.decidable(who, at); err != nil {
		return c, err
	}
	if err := p.MayDecide(c.request(), who, on); err != nil {
		return c, err
	}
	switch reason = strings.TrimSpace(reason); {
	case reason == "":
		return c, fault.New(fault.Invalid, CodeReason, "Say in reason why the change is refused: who asked for it reads that.")
	case len([]rune(reason)) > maxReason:
		return c, fault.New(fault.Invalid, CodeReason, "The reason has %d characters, and may have %d.", len([]rune(reason)), maxReason)
	}
	ended := c.end(Refused, who.ID, at)
	ended.Reason = reason
	return ended, nil
}

// Withdraw drops a change that waits: by who asked for it, whose details they are (own), or an admin.
func (c Change) Withdraw(who approval.Actor, own bool, at time.Time) (Change, error) {
	if !own && !who.Admin && who.ID != c.RequestedBy {
		return c, fault.New(fault.Forbidden, CodeNotYours, "You may withdraw what you asked for, and changes of your own details; admins withdraw any.")
	}
	if err := c.waits(at); err != nil {
		return c, err
	}
	return c.end(Withdrawn, who.ID, at), nil
}

// Replace drops a change that waits because a newer one of the same details was asked for.
func (c Change) Replace(newer Change) Change {
	ended := c.end(Withdrawn, newer.RequestedBy, newer.RequestedAt)
	ended.Reason = "A newer change was asked for: " + newer.ID + "."
	return ended
}

// Replaces tells whether a change that waits is to be dropped for another that is asked for now.
func (c Change) Replaces(older Change) bool {
	return older.State == Waiting && older.ID != c.ID && older.Organization == c.Organization && older.Of == c.Of && older.What == c.What
}

// decidable refuses who may not decide, and what cannot be decided.
func (c Change) decidable(who approval.Actor, at time.Time) error {
	switch {
	case !who.Admin:
		return fault.New(fault.Forbidden, CodeNoAdmin, "An admin decides about changes of bank details and tax ids.")
	case who.ID == c.RequestedBy:
		return fault.New(fault.Forbidden, CodeFourEyes, "You asked for this change: another admin decides about it. You may withdraw it.")
	}
	return c.waits(at)
}

func (c Change) waits(at time.Time) error {
	switch c = c.At(at); c.State {
	case Waiting:
		return nil
	case Lapsed:
		return fault.New(fault.Conflict, CodeLapsed, "Nobody decided about the change until %s: it lapsed. Ask for it again.", c.ExpiresAt.UTC().Format(time.RFC3339))
	default:
		return fault.New(fault.Conflict, CodeDecided, "The change is %s since %s.", c.State, c.DecidedAt.UTC().Format(time.RFC3339))
	}
}

// end gives the change as it stands when it waits no more. The value is kept by the payer or profile that took it, if one did.
func (c Change) end(state ChangeState, by string, at time.Time) Change {
	c.State, c.DecidedBy, c.DecidedAt, c.Sealed = state, by, at, nil
	c.Rev++
	return c
}

// Take gives the payer with what a change brought, as it was while it waited.
func (p Payer) Take(c Change, at time.Time) Payer {
	p.Bank, p.BankHint, p.UpdatedAt = c.Sealed, c.Hint, at
	p.Rev++
	return p
}

// Take gives the profile with what a change brought, as it was while it waited. Of two that are accepted, the later stands.
func (p Profile) Take(c Change, at time.Time) Profile {
	if c.What == OfTaxID {
		p.TaxID, p.TaxIDHint = c.Sealed, c.Hint
	} else {
		p.Bank, p.BankHint, p.BankSince = c.Sealed, c.Hint, at
	}
	p.UpdatedAt = at
	p.Rev++
	return p
}

func nameOf(what string) string {
	if what == OfTaxID {
		return "tax id"
	}
	return "bank details"
}
