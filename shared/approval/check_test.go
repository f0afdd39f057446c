package approval_test

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"leadline/shared/approval"
	"leadline/shared/calendar"
)

func TestPoliciesThatMakeSense(t *testing.T) {
	sound := threeLevels()
	sound.Delegates = sound.Delegates[:3]
	sound.Levels[2].Approvers = []string{"per_bea", "per_bob"}
	for name, p := range map[string]approval.Policy{"zero": {}, "three levels": sound,
		"any admin, twice": {Levels: []approval.Level{{Name: "First"}, {Name: "Second"}}}} {
		if err := p.Check(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestPoliciesThatMakeNone(t *testing.T) {
	level := func(change func(*approval.Level)) approval.Policy {
		l := approval.Level{Name: "First"}
		change(&l)
		return approval.Policy{Levels: []approval.Level{l, {Name: "Last"}}}
	}
	delegate := func(from, to string, span calendar.Span) approval.Policy {
		return approval.Policy{Levels: []approval.Level{{Name: "First", Approvers: []string{"per_a"}}}, Delegates: []approval.Delegate{{From: from, To: to, Span: span}}}
	}
	ever := calendar.Span{From: "2026-01-01"}
	many := approval.Policy{}
	for n := range approval.MaxLevels + 1 {
		many.Levels = append(many.Levels, approval.Level{Name: fmt.Sprint(n)})
	}
	for want, p := range map[string]approval.Policy{
		"levels: there are more than 10.":                                                        many,
		"levels[0].name: a level has a name of 1 to 80 characters.":                              level(func(l *approval.Level) { l.Name = " " }),
		"levels[1].name: another level is named \"Last\", too.":                                  level(func(l *approval.Level) { l.Name = "Last" }),
		"levels[0].approvers[1]: per_a is there twice.":                                          level(func(l *approval.Level) { l.Approvers = []string{"per_a", "per_a"} }),
		"levels[0].approvers[0]: write the id of a person (per_...) or of an API key (key_...).": level(func(l *approval.Level) { l.Approvers = []string{"jo@example.com"} }),
		"levels[0].above: it is not below zero.":                                                 level(func(l *approval.Level) { l.Above, l.Currency = cents(-1), "USD" }),
		"levels[0].limit: it is not below zero.":                                                 level(func(l *approval.Level) { l.Limit, l.Currency = cents(-1), "USD" }),
		"levels[0].limit: the level is needed only for totals that its approvers may not approve: the limit is more than \"above\".":  level(func(l *approval.Level) { l.Above, l.Limit, l.Currency = cents(5), cents(5), "USD" }),
		"levels[0].currency: \"XXQ\" is no currency of ISO 4217: write a code such as EUR.":                                           level(func(l *approval.Level) { l.Limit, l.Currency = cents(5), "XXQ" }),
		"levels[0].currency: it is that of \"above\" and \"limit\", and there are none.":                                              level(func(l *approval.Level) { l.Currency = "USD" }),
		"levels[0].limit: the last level has no limit, or nobody could approve a total above it.":                                     {Levels: []approval.Level{{Name: "Only", Limit: cents(5), Currency: "USD"}}},
		"levels: one level at least has no \"above\", or a small total would take no approval at all.":                                {Levels: []approval.Level{{Name: "Only", Above: cents(5), Currency: "USD"}}},
		"delegates[0].from: write the id of a person (per_...) or of an API key (key_...).":                                           delegate("", "per_b", ever),
		"delegates[0].to: write the id of a person (per_...) or of an API key (key_...).":                                             delegate("per_a", "b", ever),
		"delegates[0].to: per_a is nobody else.":                                                                                      delegate("per_a", "per_a", ever),
		"delegates[0].from: no level names per_b as approver, and a delegate's own delegates have no part: name who the levels name.": delegate("per_b", "per_c", ever),
		"delegates[0].span.from: it says from which day on.":                                                                          delegate("per_a", "per_b", calendar.Span{Until: "2026-01-01"}),
		"delegates[0].span: it is days as 2026-11-22, the end after the beginning.":                                                   delegate("per_a", "per_b", calendar.Span{From: "2026-01-01", Until: "2026-01-01"}),
		"levels[1].approvers: each level is approved by another person: for some total, the levels up to this one name too few.": {Levels: []approval.Level{
			{Name: "First", Approvers: []string{"per_a"}}, {Name: "Second", Approvers: []string{"per_a"}}}},
		"levels[2].approvers: each level is approved by another person: for some total, the levels up to this one name too few.": {Levels: []approval.Level{
			{Name: "Lead", Approvers: []string{"per_a"}, Limit: cents(5), Currency: "USD"}, {Name: "Finance", Approvers: []string{"per_b", "per_c"}},
			{Name: "Board", Approvers: []string{"per_b", "per_c"}, Above: cents(90), Currency: "USD"}}},
	} {
		refused(t, p.Check(), approval.CodePolicy, want)
	}
	crowd := approval.Policy{Levels: []approval.Level{{Name: "First"}}}
	for n := range 101 {
		crowd.Levels[0].Approvers = append(crowd.Levels[0].Approvers, fmt.Sprint("per_", n))
	}
	refused(t, crowd.Check(), approval.CodePolicy, "levels[0].approvers: there are more than 100.")
	crowd.Levels[0].Approvers = []string{"per_0"}
	crowd.Delegates = make([]approval.Delegate, approval.MaxDelegates+1)
	refused(t, crowd.Check(), approval.CodePolicy, "delegates: there are more than 200.")
}

// TestNobodyApprovesTwice draws policies, totals and people who all try, again and again: each approves once at most, for themselves or
// another, none who submitted does, and a greater total never takes fewer of them.
func TestNobodyApprovesTwice(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := anyPolicy(t)
		if p.Check() != nil {
			return
		}
		total := rapid.Int64Range(-120, 120).Draw(t, "total")
		r := approval.Request{Total: total, Currency: rapid.SampledFrom([]string{"USD", "EUR"}).Draw(t, "currency"), Submitted: []string{"per_sue"}}
		people := rapid.Permutation([]string{"per_a", "per_b", "per_c", "per_d", "per_sue", "per_x admin", "per_y admin", "per_z admin"}).Draw(t, "people")
		for range people {
			for _, who := range people {
				if given, _, err := p.Next(r, actor(who), "2026-11-22", at()); err == nil {
					r.Given = append(r.Given, given)
				}
			}
		}
		used := map[string]bool{"per_sue": true}
		for _, g := range r.Given {
			if used[g.By] || g.For != "" && used[g.For] {
				t.Fatalf("%+v approved twice, or submitted", g)
			}
			if used[g.By] = true; g.For != "" {
				used[g.For] = true
			}
		}
		half, all := needed(p, total/2, r.Currency), needed(p, total, r.Currency)
		if half > all || p.Done(r) != (len(r.Given) == all) {
			t.Fatalf("half of %d takes %d approvals, all of it %d; %d were given", total, half, all, len(r.Given))
		}
	})
}

// needed counts the levels of a total.
func needed(p approval.Policy, total int64, currency string) int {
	r := approval.Request{Total: total, Currency: currency}
	for n := 0; ; n++ {
		l, waits := p.Waiting(r)
		if !waits {
			return n
		}
		for at := range p.Levels {
			if p.Levels[at].Name == l.Name {
				r.Given = append(r.Given, approval.Given{Level: at, Name: l.Name})
			}
		}
		if len(p.Levels) == 0 {
			r.Given = append(r.Given, approval.Given{Name: l.Name})
		}
	}
}

func anyPolicy(t *rapid.T) approval.Policy {
	id := rapid.SampledFrom([]string{"per_a", "per_b", "per_c", "per_d"})
	bound := func(name string) *int64 {
		if rapid.Bool().Draw(t, name) {
			return cents(rapid.Int64Range(0, 100).Draw(t, name+" amount"))
		}
		return nil
	}
	var p approval.Policy
	for n := range rapid.IntRange(0, 3).Draw(t, "levels") {
		l := approval.Level{Name: fmt.Sprint(n), Approvers: rapid.SliceOfNDistinct(id, 0, 3, rapid.ID).Draw(t, "approvers"), Above: bound("above"), Limit: bound("limit")}
		if l.Above != nil || l.Limit != nil {
			l.Currency = "USD"
		}
		p.Levels = append(p.Levels, l)
	}
	for range rapid.IntRange(0, 2).Draw(t, "delegates") {
		p.Delegates = append(p.Delegates, approval.Delegate{From: id.Draw(t, "from"), To: id.Draw(t, "to"), Span: calendar.Span{From: "2026-01-01"}})
	}
	return p
}
