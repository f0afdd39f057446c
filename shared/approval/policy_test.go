package approval_test

import (
	"strings"
	"testing"
	"time"

	"leadline/shared/approval"
	"leadline/shared/calendar"
	"leadline/shared/fault"
)

func at() time.Time { return time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC) }

func cents(n int64) *int64 { return &n }

// threeLevels has a lead up to 10,000, finance always, and a board above 50,000.
func threeLevels() approval.Policy {
	return approval.Policy{
		Levels: []approval.Level{
			{Name: "Lead", Approvers: []string{"per_lea", "per_lou"}, Limit: cents(10_000_00), Currency: "USD"},
			{Name: "Finance", Approvers: []string{"per_fay", "per_fox", "key_erp"}},
			{Name: "Board", Approvers: []string{"per_bea"}, Above: cents(50_000_00), Currency: "USD"},
		},
		Delegates: []approval.Delegate{
			{From: "per_lea", To: "per_deb", Span: calendar.Span{From: "2026-11-20", Until: "2026-11-25"}},
			{From: "per_fay", To: "per_deb", Span: calendar.Span{From: "2026-11-20"}},
			{From: "per_fay", To: "per_lou", Span: calendar.Span{From: "2026-11-01"}},
			{From: "per_deb", To: "per_dot", Span: calendar.Span{From: "2026-11-01"}},
		},
	}
}

// step is one who approves, and what comes of it: refused, in words, or the level with "for" and "done".
type step struct {
	who     string
	on      calendar.Date
	code    string
	refused string
	level   string
	of      string // whose delegate
	done    bool
}

func TestNext(t *testing.T) {
	const today = calendar.Date("2026-11-22")
	for name, test := range map[string]struct {
		policy    approval.Policy
		submitted []string
		total     int64
		currency  string
		steps     []step
	}{
		"the zero policy takes one admin": {submitted: []string{"per_sue"}, total: 5, steps: []step{
			{who: "per_pat", code: approval.CodeNotApprover, refused: `The level "Approval" is for admins: ask one of them to approve it.`},
			{who: "per_sue admin", code: approval.CodeFourEyes, refused: "You had a hand in it: somebody else has to approve it."},
			{who: "per_ann admin", level: "Approval", done: true},
			{who: "per_abe admin", code: approval.CodeAllGiven, refused: "It has all the approvals that it takes."},
		}},
		"levels in their order, each by another": {policy: threeLevels(), submitted: []string{"per_sue"}, total: 500, steps: []step{
			{who: "per_fay", code: approval.CodeNotApprover, refused: `You are no approver of the level "Lead", which comes next: ask one of its approvers, or an admin to change the policy.`},
			{who: "per_ann admin", code: approval.CodeNotApprover, refused: `You are no approver of the level "Lead", which comes next: ask one of its approvers, or an admin to change the policy.`},
			{who: "per_lou", level: "Lead"},
			{who: "per_lou", code: approval.CodeFourEyes, refused: `You approved it on the level "Lead" already: the level "Finance" takes another person.`}, // as the delegate of per_fay
			{who: "key_erp", level: "Finance", done: true},
		}},
		"who submitted does not approve, nor their delegate": {policy: threeLevels(), submitted: []string{"per_lea", "per_sue"}, total: 500, steps: []step{
			{who: "per_lea", code: approval.CodeFourEyes, refused: "You had a hand in it: somebody else has to approve it."},
			{who: "per_deb", code: approval.CodeFourEyes, refused: "per_lea, whose delegate you are, had a hand in it: somebody else has to approve it."},
			{who: "per_lou", level: "Lead"},
		}},
		"nor does a delegate who submitted": {policy: threeLevels(), submitted: []string{"per_deb"}, total: 500, steps: []step{
			{who: "per_deb", code: approval.CodeFourEyes, refused: "You had a hand in it: somebody else has to approve it."},
		}},
		"a delegate counts once, and so does whom they stand for": {policy: threeLevels(), total: 500, steps: []step{
			{who: "per_deb", level: "Lead", of: "per_lea"},
			{who: "per_deb", code: approval.CodeFourEyes, refused: `You approved it on the level "Lead" already: the level "Finance" takes another person.`},
			{who: "per_fay", level: "Finance", done: true},
		}},
		"whose delegate approved does not approve again": {
			policy: approval.Policy{Levels: []approval.Level{{Name: "First", Approvers: []string{"per_a"}}, {Name: "Second", Approvers: []string{"per_a", "per_c", "per_d"}}},
				Delegates: []approval.Delegate{{From: "per_a", To: "per_b", Span: calendar.Span{From: "2026-01-01"}}, {From: "per_a", To: "per_c", Span: calendar.Span{From: "2026-01-01"}}}},
			steps: []step{
				{who: "per_b", level: "First", of: "per_a"},
				{who: "per_a", code: approval.CodeFourEyes, refused: `You approved it on the level "First" already: the level "Second" takes another person.`},
				{who: "per_b", code: approval.CodeFourEyes, refused: `You approved it on the level "First" already: the level "Second" takes another person.`},
				{who: "per_c", level: "Second", done: true}, // in their own right, not as the delegate of per_a
			}},
		"delegates have days": {policy: threeLevels(), total: 500, steps: []step{
			{who: "per_deb", on: "2026-11-19", code: approval.CodeNotApprover, refused: `You are the delegate of per_lea from 2026-11-20 to 2026-11-24, and not on 2026-11-19: the level "Lead" is for its approvers.`},
			{who: "per_deb", on: "2026-11-25", code: approval.CodeNotApprover, refused: `You are the delegate of per_lea from 2026-11-20 to 2026-11-24, and not on 2026-11-25: the level "Lead" is for its approvers.`},
			{who: "per_deb", on: "2026-11-24", level: "Lead", of: "per_lea"},
		}},
		"delegates have no delegates": {policy: threeLevels(), total: 500, steps: []step{
			{who: "per_dot", code: approval.CodeNotApprover, refused: `You are no approver of the level "Lead", which comes next: ask one of its approvers, or an admin to change the policy.`},
		}},
		"up to the limit the level's own pass it": {policy: threeLevels(), total: 10_000_00, steps: []step{
			{who: "per_bea", code: approval.CodeNotApprover, refused: `You are no approver of the level "Lead", which comes next: ask one of its approvers, or an admin to change the policy.`},
			{who: "per_lea", level: "Lead"},
			{who: "per_fox", level: "Finance", done: true},
		}},
		"above it, those of later levels do": {policy: threeLevels(), total: 10_000_01, steps: []step{
			{who: "per_lea", code: approval.CodeLimit, refused: `The total of 10000.01 USD is more than the level "Lead" may approve (10000.00 USD): an approver of a later level, who may approve as much, has to pass it.`},
			{who: "per_fay", level: "Lead"},
			{who: "per_fay", code: approval.CodeFourEyes, refused: `You approved it on the level "Lead" already: the level "Finance" takes another person.`},
			{who: "per_fox", level: "Finance", done: true},
		}},
		"a later level has a limit of its own": {
			policy: approval.Policy{Levels: []approval.Level{{Name: "First", Approvers: []string{"per_a"}, Limit: cents(10), Currency: "USD"},
				{Name: "Second", Approvers: []string{"per_b"}, Limit: cents(20), Currency: "USD"}, {Name: "Third", Approvers: []string{"per_c", "per_d", "per_e"}}},
				Delegates: []approval.Delegate{{From: "per_b", To: "per_c", Span: calendar.Span{From: "2026-01-01"}}}},
			total: 21, steps: []step{
				{who: "per_b", code: approval.CodeNotApprover, refused: `The total of 0.21 USD is more than the level "First" may approve (0.10 USD): an approver of a later level, who may approve as much, has to pass it.`},
				{who: "per_c", level: "First"},
				{who: "per_b", code: approval.CodeLimit, refused: `The total of 0.21 USD is more than the level "Second" may approve (0.20 USD): an approver of a later level, who may approve as much, has to pass it.`},
				{who: "per_d", level: "Second"},
				{who: "per_e", level: "Third", done: true},
			}},
		"in their own right before another's": {
			policy: approval.Policy{Levels: []approval.Level{{Name: "First", Approvers: []string{"per_a"}, Limit: cents(10), Currency: "USD"},
				{Name: "Second", Approvers: []string{"per_b", "per_d"}}, {Name: "Third", Approvers: []string{"per_c"}}},
				Delegates: []approval.Delegate{{From: "per_b", To: "per_c", Span: calendar.Span{From: "2026-01-01"}}}},
			total: 21, steps: []step{{who: "per_c", level: "First"}, {who: "per_b", level: "Second"}},
		},
		"a level is needed above its bound only": {policy: threeLevels(), total: 50_000_01, steps: []step{
			{who: "per_bea", level: "Lead"},
			{who: "per_fay", level: "Finance"},
			{who: "per_fox", code: approval.CodeNotApprover, refused: `You are no approver of the level "Board", which comes next: ask one of its approvers, or an admin to change the policy.`},
			{who: "per_bea", code: approval.CodeFourEyes, refused: `You approved it on the level "Lead" already: the level "Board" takes another person.`},
		}},
		"what is taken back counts by its size": {policy: threeLevels(), total: -10_000_01, steps: []step{
			{who: "per_lea", code: approval.CodeLimit, refused: `The total of -10000.01 USD is more than the level "Lead" may approve (10000.00 USD): an approver of a later level, who may approve as much, has to pass it.`},
		}},
		"in another currency all is needed, and above the limits": {policy: threeLevels(), total: 1, currency: "EUR", steps: []step{
			{who: "per_lea", code: approval.CodeLimit, refused: `The total of 0.01 EUR is more than the level "Lead" may approve (10000.00 USD): an approver of a later level, who may approve as much, has to pass it.`},
			{who: "per_fox", level: "Lead"},
			{who: "per_deb", level: "Finance", of: "per_fay"},
			{who: "per_bea", level: "Board", done: true},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			r := approval.Request{Submitted: test.submitted, Total: test.total, Currency: "USD"}
			if test.currency != "" {
				r.Currency = test.currency
			}
			for n, s := range test.steps {
				if s.on == "" {
					s.on = today
				}
				given, done, err := test.policy.Next(r, actor(s.who), s.on, at())
				if s.refused != "" {
					refused(t, err, s.code, s.refused)
					continue
				}
				if err != nil {
					t.Fatalf("step %d: %v", n, err)
				}
				if given.Name != s.level || given.For != s.of || given.By != actor(s.who).ID || !given.At.Equal(at()) || done != s.done {
					t.Fatalf("step %d: got %+v, done %v, want %+v", n, given, done, s)
				}
				r.Given = append(r.Given, given)
				if test.policy.Done(r) != done {
					t.Errorf("step %d: Done says otherwise", n)
				}
				if level, waits := test.policy.Waiting(r); waits == done || waits && level.Name == s.level {
					t.Errorf("step %d: %q is waited for", n, level.Name)
				}
			}
		})
	}
}

// actor reads "per_a" or "per_a admin".
func actor(who string) approval.Actor {
	const admin = " admin"
	if n := len(who) - len(admin); n > 0 && who[n:] == admin {
		return approval.Actor{ID: who[:n], Admin: true}
	}
	return approval.Actor{ID: who}
}

func refused(t *testing.T, err error, code, message string) {
	t.Helper()
	f := fault.Of(err)
	if f == nil || f.Code != code || f.Message != message {
		t.Fatalf("got %v, want %s: %s", err, code, message)
	}
	kind := fault.Forbidden
	switch code {
	case approval.CodeAllGiven:
		kind = fault.Conflict
	case approval.CodePolicy:
		kind = fault.Invalid
	}
	if f.Kind != kind {
		t.Errorf("%s is %s, want %s", code, f.Kind, kind)
	}
}

func TestAChangedPolicyKeepsWhatStillStands(t *testing.T) {
	p := threeLevels()
	r := approval.Request{Total: 5, Currency: "USD", Given: []approval.Given{{Level: 0, Name: "Lead", By: "per_lou"}}}
	p.Levels[0].Name = "Team"
	if level, waits := p.Waiting(r); !waits || level.Name != "Team" {
		t.Errorf("%q is waited for, want the level of the new name", level.Name)
	}
	_, _, err := p.Next(r, actor("per_lou"), "2026-11-22", at())
	refused(t, err, approval.CodeFourEyes, `You approved it on the level "Lead" already: the level "Team" takes another person.`)
	if _, done, err := p.Next(r, actor("per_lea"), "2026-11-22", at()); err != nil || done {
		t.Errorf("got %v, %v", done, err)
	}
}

func TestMayDecide(t *testing.T) {
	for who, want := range map[string]bool{"per_lea": true, "per_bea": true, "per_deb": true, "per_dot": false, "per_ann admin": false} {
		err := threeLevels().MayDecide(approval.Request{Submitted: []string{"per_lea"}}, actor(who), "2026-11-22")
		if want != (err == nil) {
			t.Errorf("%s: %v", who, err)
		}
		if err != nil {
			refused(t, err, approval.CodeNotApprover, "You are an approver of none of the levels, and none's delegate on 2026-11-22: ask one of them to refuse it.")
		}
	}
	if err := (approval.Policy{}).MayDecide(approval.Request{}, actor("per_ann admin"), "2026-11-22"); err != nil {
		t.Error(err)
	}
	if err := (approval.Policy{}).MayDecide(approval.Request{}, actor("per_pat"), "2026-11-22"); !fault.Is(err, fault.Forbidden) {
		t.Error(err)
	}
}

// TestWhoMadeAKeyMayActWithIt: what a key does counts as done by those behind its making, too.
func TestWhoMadeAKeyMayActWithIt(t *testing.T) {
	twice := approval.Policy{Levels: []approval.Level{{Name: "First"}, {Name: "Second"}}, Delegates: []approval.Delegate{{From: "per_dan", To: "per_deb", Span: calendar.Span{From: "2026-01-01"}}}}
	named := twice
	named.Levels = []approval.Level{{Name: "First", Approvers: []string{"per_dan"}}, {Name: "Second"}}
	by := func(id string, makers ...string) approval.Actor {
		return approval.Actor{ID: id, Admin: true, Makers: makers}
	}
	const handIn = "The key was made by somebody who had a hand in it: %. It has to be approved by a key that none of those had a hand in making."
	for name, test := range map[string]struct {
		policy  approval.Policy
		before  []approval.Actor // who approved
		who     approval.Actor
		refused string
	}{
		"made by who submitted":                    {who: by("per_bob", "per_sue"), refused: strings.Replace(handIn, "%", "per_sue", 1)},
		"made by a key that who submitted made":    {who: by("per_bob", "key_owner", "per_sue", "per_cat"), refused: strings.Replace(handIn, "%", "per_sue", 1)},
		"made by one who had no hand in it":        {who: by("per_bob", "key_owner")},
		"made by who approved":                     {policy: twice, before: []approval.Actor{by("per_ann")}, who: by("per_bob", "per_ann"), refused: strings.Replace(handIn, "%", "per_ann", 1)},
		"made by whose delegate approved":          {policy: named, before: []approval.Actor{by("per_deb")}, who: by("per_bob", "per_dan"), refused: strings.Replace(handIn, "%", "per_dan", 1)},
		"who made the key that approved":           {policy: twice, before: []approval.Actor{by("per_bob", "key_owner", "per_ann")}, who: by("per_ann"), refused: `You had a hand in making the key by which per_bob approved it on the level "First": the level "Second" takes another person.`},
		"two keys that one made who keeps out":     {policy: twice, before: []approval.Actor{by("per_ann", "key_owner")}, who: by("per_bob", "key_owner")},
		"and the one who made them, on the second": {policy: twice, before: []approval.Actor{by("per_ann", "key_owner")}, who: by("key_owner"), refused: `You had a hand in making the key by which per_ann approved it on the level "First": the level "Second" takes another person.`},
	} {
		t.Run(name, func(t *testing.T) {
			r := approval.Request{Submitted: []string{"per_sue"}}
			for _, who := range test.before {
				given, _, err := test.policy.Next(r, who, "2026-11-22", at())
				if err != nil {
					t.Fatal(err)
				}
				r.Given = append(r.Given, given)
			}
			_, done, err := test.policy.Next(r, test.who, "2026-11-22", at())
			if test.refused != "" {
				refused(t, err, approval.CodeFourEyes, test.refused)
			} else if err != nil || !done {
				t.Errorf("%v, done %v", err, done)
			}
		})
	}
}
