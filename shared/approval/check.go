package approval

import (
	"fmt"
	"slices"
	"strings"

	"leadline/shared/fault"
	"leadline/shared/money"
)

// MaxLevels and MaxDelegates bound a policy.
const (
	MaxLevels    = 10
	MaxDelegates = 200
	maxApprovers = 100
)

// Check refuses policies that make no sense, or by which some total could never be approved: Invalid (CodePolicy), with the place.
func (p Policy) Check() error {
	if len(p.Levels) > MaxLevels {
		return wrong("levels", "there are more than %d", MaxLevels)
	}
	for at, l := range p.Levels {
		if err := l.check(place("levels", at)); err != nil {
			return err
		}
		if slices.ContainsFunc(p.Levels[:at], func(o Level) bool { return o.Name == l.Name }) {
			return wrong(place("levels", at)+".name", "another level is named %q, too", l.Name)
		}
	}
	if n := len(p.Levels); n > 0 {
		if p.Levels[n-1].Limit != nil {
			return wrong(place("levels", n-1)+".limit", "the last level has no limit, or nobody could approve a total above it")
		}
		if !slices.ContainsFunc(p.Levels, func(l Level) bool { return l.Above == nil }) {
			return wrong("levels", "one level at least has no \"above\", or a small total would take no approval at all")
		}
	}
	if err := p.checkDelegates(); err != nil {
		return err
	}
	return p.checkEnough()
}

func (l Level) check(where string) error {
	switch {
	case strings.TrimSpace(l.Name) == "" || len([]rune(l.Name)) > 80:
		return wrong(where+".name", "a level has a name of 1 to 80 characters")
	case len(l.Approvers) > maxApprovers:
		return wrong(where+".approvers", "there are more than %d", maxApprovers)
	}
	for at, id := range l.Approvers {
		if err := checkID(place(where+".approvers", at), id); err != nil {
			return err
		}
		if slices.Contains(l.Approvers[:at], id) {
			return wrong(place(where+".approvers", at), "%s is there twice", id)
		}
	}
	switch {
	case l.Above != nil && *l.Above < 0:
		return wrong(where+".above", "it is not below zero")
	case l.Limit != nil && *l.Limit < 0:
		return wrong(where+".limit", "it is not below zero")
	case l.Above != nil && l.Limit != nil && *l.Limit <= *l.Above:
		return wrong(where+".limit", "the level is needed only for totals that its approvers may not approve: the limit is more than \"above\"")
	case l.Above == nil && l.Limit == nil && l.Currency != "":
		return wrong(where+".currency", "it is that of \"above\" and \"limit\", and there are none")
	}
	if _, known := money.Digits(l.Currency); !known && (l.Above != nil || l.Limit != nil) {
		return wrong(where+".currency", "%q is no currency of ISO 4217: write a code such as EUR", l.Currency)
	}
	return nil
}

func (p Policy) checkDelegates() error {
	if len(p.Delegates) > MaxDelegates {
		return wrong("delegates", "there are more than %d", MaxDelegates)
	}
	for at, d := range p.Delegates {
		where := place("delegates", at)
		if err := checkID(where+".from", d.From); err != nil {
			return err
		}
		if err := checkID(where+".to", d.To); err != nil {
			return err
		}
		if d.From == d.To {
			return wrong(where+".to", "%s is nobody else", d.To)
		}
		if !slices.ContainsFunc(p.Levels, func(l Level) bool { return slices.Contains(l.Approvers, d.From) }) {
			return wrong(where+".from", "no level names %s as approver, and a delegate's own delegates have no part: name who the levels name", d.From)
		}
		if d.Span.From == "" {
			return wrong(where+".span.from", "it says from which day on")
		}
		if err := d.Span.Check(); err != nil || d.Span.Empty() {
			return wrong(where+".span", "it is days as 2026-11-22, the end after the beginning")
		}
	}
	return nil
}

// checkEnough refuses a policy by which some total takes more people than its levels name. The totals that matter are those at which
// a level comes to be needed, or its limit is exceeded.
func (p Policy) checkEnough() error {
	requests := []Request{{Currency: ""}} // no level's currency: all are needed, all limits exceeded
	for _, l := range p.Levels {
		requests = append(requests, Request{Currency: l.Currency})
		for _, bound := range []*int64{l.Above, l.Limit} {
			if bound != nil {
				requests = append(requests, Request{Total: *bound, Currency: l.Currency}, Request{Total: -*bound - 1, Currency: l.Currency})
			}
		}
	}
	for _, r := range requests {
		if at := p.short(r); at >= 0 {
			return wrong(place("levels", at)+".approvers", "each level is approved by another person: for some total, the levels up to this one name too few")
		}
	}
	return nil
}

// short gives the first level for which nobody is left when each takes another approver; -1 if there are enough. Levels that every
// admin may approve are left out: how many admins there are is not known here.
func (p Policy) short(r Request) int {
	approves := map[string]int{} // the level that a person is counted for
	named := map[int][]string{}
	for at, l := range p.Levels {
		if !l.needed(r) {
			continue
		}
		ids, anyAdmin := p.approvers(at, r)
		if named[at] = ids; !anyAdmin && !p.place(at, named, approves, map[string]bool{}) {
			return at
		}
	}
	return -1
}

// approvers gives who may pass a level for a request, and whether any admin may.
func (p Policy) approvers(level int, r Request) (ids []string, anyAdmin bool) {
	from := p.Levels[level : level+1]
	if !p.Levels[level].within(r) {
		from = p.Levels[level+1:]
	}
	for _, l := range from {
		if l.within(r) {
			ids, anyAdmin = append(ids, l.Approvers...), anyAdmin || len(l.Approvers) == 0
		}
	}
	return ids, anyAdmin
}

// place finds somebody for a level, and for that has who was counted for another level counted elsewhere, if need be.
func (p Policy) place(level int, named map[int][]string, approves map[string]int, tried map[string]bool) bool {
	for _, id := range named[level] {
		if tried[id] {
			continue
		}
		tried[id] = true
		other, counted := approves[id]
		if !counted || p.place(other, named, approves, tried) {
			approves[id] = level
			return true
		}
	}
	return false
}

func checkID(where, id string) error {
	if len(id) > 64 || !strings.HasPrefix(id, "per_") && !strings.HasPrefix(id, "key_") {
		return wrong(where, "write the id of a person (per_...) or of an API key (key_...)")
	}
	return nil
}

func place(list string, at int) string { return fmt.Sprintf("%s[%d]", list, at) }

func wrong(where, format string, args ...any) error {
	return fault.New(fault.Invalid, CodePolicy, "%s: %s.", where, fmt.Sprintf(format, args...))
}
