package approval

import (
	"slices"
	"time"

	"leadline/shared/calendar"
	"leadline/shared/fault"
	"leadline/shared/money"
)

// How an approval goes, all in one place:
//
//   - Of a policy, the levels count that the total needs: those without Above, and those whose Above it exceeds. What counts is
//     the size of a total, whether it is above or below zero: to take back a million is as much as to pay it.
//   - They are passed in their order, each by another person.
//   - None who had a hand in what is approved (Request.Submitted) approves it.
//   - Nor does a key that one of those made, or that one made who approved before, nor who made a key that approved before: whoever
//     makes a key may act with it. Two keys that a third one made approve beside each other, if that one has no hand in it.
//   - A level's approvers pass it up to its Limit. Above it, the approvers of later levels pass it whose own limits are not
//     exceeded: one of them instead of the level's own. The level is not left out by that, so a greater total never takes fewer
//     people than a lesser one.
//   - A delegate acts for one named approver, on the days of the delegation. Both then count as having approved, so that neither
//     may stand on another level, and neither may have had a hand in it. A delegate's own delegates have no part in it.
//   - A total in another currency than a level's Currency needs the level, and is above its limit: nothing is converted.
//   - Approvals that were given stand as long as the policy has a level of their name at their place. Who gave one that does
//     not stand any more still gives no second.

// The codes of refusals.
const (
	CodePolicy      = "invalid_policy" // Invalid
	CodeFourEyes    = "four_eyes"      // Forbidden: had a hand in it, or approved another level
	CodeNotApprover = "not_approver"   // Forbidden
	CodeLimit       = "above_limit"    // Forbidden: the level's approvers may not approve as much
	CodeAllGiven    = "all_given"      // Conflict: nothing is left to approve
)

// onlyLevel is the name of the level of the zero policy.
const onlyLevel = "Approval"

// levels gives those of the policy; of the zero policy its one.
func (p Policy) levels() []Level {
	if len(p.Levels) == 0 {
		return []Level{{Name: onlyLevel}}
	}
	return p.Levels
}

// needed tells whether a request takes the level.
func (l Level) needed(r Request) bool {
	return l.Above == nil || l.Currency != r.Currency || beyond(r.Total, *l.Above)
}

// within tells whether the level's own approvers may approve the request.
func (l Level) within(r Request) bool {
	return l.Limit == nil || l.Currency == r.Currency && !beyond(r.Total, *l.Limit)
}

// beyond tells whether the size of a total is above a bound, which is not below zero.
func beyond(total, bound int64) bool { return total > bound || total < -bound }

// open gives the places of the levels that are to be passed yet, in their order.
func (p Policy) open(r Request) []int {
	var open []int
	for at, l := range p.levels() {
		passed := slices.ContainsFunc(r.Given, func(g Given) bool { return g.Level == at && g.Name == l.Name })
		if l.needed(r) && !passed {
			open = append(open, at)
		}
	}
	return open
}

// Done tells whether the request has all approvals that it takes.
func (p Policy) Done(r Request) bool { return len(p.open(r)) == 0 }

// Waiting gives the level that is to be approved next; false if there is none.
func (p Policy) Waiting(r Request) (Level, bool) {
	open := p.open(r)
	if len(open) == 0 {
		return Level{}, false
	}
	return p.levels()[open[0]], true
}

// Next gives the approval that who gives with it, and whether the request then has all. Forbidden (CodeFourEyes, CodeNotApprover,
// CodeLimit) if who may not approve what comes next, Conflict (CodeAllGiven) if nothing does.
func (p Policy) Next(r Request, who Actor, on calendar.Date, at time.Time) (Given, bool, error) {
	open := p.open(r)
	if len(open) == 0 {
		return Given{}, false, fault.New(fault.Conflict, CodeAllGiven, "It has all the approvals that it takes.")
	}
	level := open[0]
	l := p.levels()[level]
	roles := p.roles(level, r, who, on)
	if len(roles) == 0 {
		return Given{}, false, p.notApprover(level, r, who, on)
	}
	var refused error
	for _, principal := range roles { // in their own right first
		err := fourEyes(l, r, who, principal)
		if err == nil {
			given := Given{Level: level, Name: l.Name, By: who.ID, For: principal, Makers: who.Makers, At: at.UTC()}
			return given, len(open) == 1, nil
		}
		if refused == nil {
			refused = err
		}
	}
	return Given{}, false, refused
}

// MayDecide says whether who may refuse the request: whoever may approve on any level of the policy, up to whatever amount, in
// their own right or for another; also who approved it before. Forbidden (CodeNotApprover) otherwise.
func (p Policy) MayDecide(_ Request, who Actor, on calendar.Date) error {
	for _, l := range p.levels() {
		if len(p.standsFor(l, who, on)) > 0 {
			return nil
		}
	}
	return fault.New(fault.Forbidden, CodeNotApprover, "You are an approver of none of the levels, and none's delegate on %s: ask one of them to refuse it.", on)
}

// roles gives in whose right somebody may approve on a level: "" for their own, or the id of whom they are the delegate of.
func (p Policy) roles(level int, r Request, who Actor, on calendar.Date) []string {
	levels := p.levels()
	if levels[level].within(r) {
		return p.standsFor(levels[level], who, on)
	}
	var roles []string
	for _, later := range levels[level+1:] {
		if !later.within(r) {
			continue
		}
		for _, principal := range p.standsFor(later, who, on) {
			if !slices.Contains(roles, principal) {
				roles = append(roles, principal)
			}
		}
	}
	slices.SortStableFunc(roles, ownFirst)
	return roles
}

func ownFirst(a, b string) int {
	switch {
	case a == "" && b != "":
		return -1
	case a != "" && b == "":
		return 1
	}
	return 0
}

// standsFor gives in whose right somebody is an approver of a level on a day: their own first.
func (p Policy) standsFor(l Level, who Actor, on calendar.Date) []string {
	var roles []string
	if len(l.Approvers) == 0 && who.Admin || slices.Contains(l.Approvers, who.ID) {
		roles = append(roles, "")
	}
	for _, d := range p.Delegates {
		if d.To == who.ID && d.Span.Holds(on) && slices.Contains(l.Approvers, d.From) && !slices.Contains(roles, d.From) {
			roles = append(roles, d.From)
		}
	}
	return roles
}

// fourEyes refuses whoever had a hand in the request or approved it before, in their own right or for another, or by a key.
func fourEyes(l Level, r Request, who Actor, principal string) error {
	for _, id := range []string{who.ID, principal} {
		if id == "" {
			continue
		}
		you := "You"
		if id == principal {
			you = id + ", whose delegate you are,"
		}
		if slices.Contains(r.Submitted, id) {
			return fault.New(fault.Forbidden, CodeFourEyes, "%s had a hand in it: somebody else has to approve it.", you)
		}
		if slices.Contains(r.Behind, id) {
			return fault.New(fault.Forbidden, CodeFourEyes, "%s had a hand in making a key by which it was submitted: somebody else has to approve it.", you)
		}
		for _, g := range r.Given {
			if id == g.By || id == g.For {
				return fault.New(fault.Forbidden, CodeFourEyes, "%s approved it on the level %q already: the level %q takes another person.", you, g.Name, l.Name)
			}
			if slices.Contains(g.Makers, id) {
				return fault.New(fault.Forbidden, CodeFourEyes, "%s had a hand in making the key by which %s approved it on the level %q: the level %q takes another person.", you, g.By, g.Name, l.Name)
			}
		}
	}
	for _, maker := range who.Makers {
		approved := slices.ContainsFunc(r.Given, func(g Given) bool { return maker == g.By || maker == g.For })
		if approved || slices.Contains(r.Submitted, maker) {
			return fault.New(fault.Forbidden, CodeFourEyes, "The key was made by somebody who had a hand in it: %s. It has to be approved by a key that none of those had a hand in making.", maker)
		}
	}
	return nil
}

// notApprover says why somebody may not approve on a level.
func (p Policy) notApprover(level int, r Request, who Actor, on calendar.Date) error {
	l := p.levels()[level]
	if !l.within(r) {
		code := CodeNotApprover
		if len(p.standsFor(l, who, on)) > 0 {
			code = CodeLimit
		}
		return fault.New(fault.Forbidden, code, "The total of %s is more than the level %q may approve (%s): an approver of a later level, who may approve as much, has to pass it.",
			money.Amount{Minor: r.Total, Currency: r.Currency}, l.Name, money.Amount{Minor: *l.Limit, Currency: l.Currency})
	}
	for _, d := range p.Delegates {
		if d.To == who.ID && slices.Contains(l.Approvers, d.From) {
			return fault.New(fault.Forbidden, CodeNotApprover, "You are the delegate of %s %s, and not on %s: the level %q is for its approvers.", d.From, days(d.Span), on, l.Name)
		}
	}
	if len(l.Approvers) == 0 {
		return fault.New(fault.Forbidden, CodeNotApprover, "The level %q is for admins: ask one of them to approve it.", l.Name)
	}
	return fault.New(fault.Forbidden, CodeNotApprover, "You are no approver of the level %q, which comes next: ask one of its approvers, or an admin to change the policy.", l.Name)
}

// days writes a span for people, with its last day.
func days(s calendar.Span) string {
	if s.Until == "" {
		return "from " + string(s.From)
	}
	return "from " + string(s.From) + " to " + string(s.Until.AddDays(-1))
}
