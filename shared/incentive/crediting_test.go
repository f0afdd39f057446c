package incentive_test

import (
	"testing"

	"leadline/shared/calendar"
	"leadline/shared/program"
)

// direct, split, overlay, rollUp and team are credit rules, as change changes them.
func rule(kind program.CreditKind, change func(*program.CreditRule)) program.CreditRule {
	r := program.CreditRule{Kind: kind}
	if change != nil {
		change(&r)
	}
	return r
}

func share(t *testing.T, kind program.CreditKind, part string, to *program.Recipient) program.CreditRule {
	return program.CreditRule{Kind: kind, Share: num(t, part), To: to}
}

func column(name string) *program.Recipient { return &program.Recipient{Column: name} }

// crediting gives a component's Crediting.
func crediting(c program.Crediting) func(*testing.T, *program.Version, *program.Component) {
	return func(_ *testing.T, _ *program.Version, to *program.Component) { to.Credit = c }
}

func TestDirectAndSplit(t *testing.T) {
	halves := rules(share(t, program.Direct, "60%", nil), share(t, program.Split, "40%", column("helper")))
	total := func(total program.ShareTotal, all ...program.CreditRule) func(*testing.T, *program.Version, *program.Component) {
		return crediting(program.Crediting{Rules: all, Total: total})
	}
	thirds := func(to *program.Recipient) []program.CreditRule {
		return []program.CreditRule{share(t, program.Direct, "1/3", nil), share(t, program.Split, "1/3", to)}
	}
	runAll(t, []creditCase{
		{name: "all to the owner", want: []string{"2026-03-05 direct a: 1 = 1000, company"}},
		{name: "no owner", deal: `{"user_id": null}`, why: []string{"credit no_owner: It has no owner."}},
		{name: "an owner whom nobody knows", deal: `{"user_id": "user_x"}`,
			why: []string{`problem: credit unknown_member: "user_x" is no member, and no user of conn_1 that one is known as.`}},
		{name: "another column owns", change: source(func(r *program.Resolved) { r.Owner = "helper" }), deal: `{"helper": "user_b"}`,
			want: []string{"2026-03-05 direct b: 1 = 1000, company"}},
		{name: "it may name the member", change: source(func(r *program.Resolved) { r.Owner = "helper" }), deal: `{"helper": "c"}`,
			want: []string{"2026-03-05 direct c: 1 = 1000, company"}},
		{name: "nobody in it is known", change: source(func(r *program.Resolved) { r.Owner = "helper" }), deal: `{"helper": "user_x"}`,
			why: []string{`problem: credit unknown_member: "user_x" is no member, and no user of conn_1 that one is known as.`}},
		{name: "nobody in it", change: source(func(r *program.Resolved) { r.Owner = "helper" }), why: []string{"credit no_owner: It has no owner."}},
		{name: "written with escapes", change: source(func(r *program.Resolved) { r.Owner = "helper" }), deal: `{"helper": "\u0063"}`,
			want: []string{"2026-03-05 direct c: 1 = 1000, company"}},
		{name: "what names nobody", change: source(func(r *program.Resolved) { r.Owner = "helper" }), deal: `{"helper": {"id": "c"}}`, why: []string{"credit no_owner: It has no owner."}},
		{name: "an unknown owner is told once", change: rules(share(t, program.Direct, "60%", nil), share(t, program.Direct, "40%", nil)), deal: `{"user_id": "user_x"}`,
			why: []string{`problem: credit unknown_member: "user_x" is no member, and no user of conn_1 that one is known as.`}},
		{name: "two rules for the owner", change: rules(share(t, program.Direct, "60%", nil), share(t, program.Direct, "40%", nil)),
			want: []string{"2026-03-05 direct a: 1 = 1000, company"}},
		{name: "two shares", change: halves, deal: `{"helper": "user_c"}`,
			want: []string{"2026-03-05 direct a: 0.6 = 600, company", "2026-03-05 split c: 0.4 = 400, company"}},
		{name: "nobody to share with", change: halves, why: []string{"problem: credit shares: Its shares come to 60 %, and must come to 100 %."}},
		{name: "a helper whom nobody knows keeps the share", change: halves, deal: `{"helper": "user_x"}`,
			want: []string{"2026-03-05 direct a: 0.6 = 600, company"},
			why:  []string{`problem: credit unknown_member: "user_x" is no member, and no user of conn_1 that one is known as.`}},
		{name: "a share with oneself", change: halves, deal: `{"helper": "user_a"}`,
			want: []string{"2026-03-05 direct a: 0.6 = 600, company", "2026-03-05 split a: 0.4 = 400, company"}},
		{name: "one who is named twice has one credit", deal: `{"helper": "user_c"}`,
			change: rules(share(t, program.Direct, "0.5", nil), share(t, program.Split, "0.2", column("helper")), share(t, program.Split, "0.3", &program.Recipient{Member: "c"})),
			want:   []string{"2026-03-05 direct a: 0.5 = 500, company", "2026-03-05 split c: 0.5 = 500, company"}},
		{name: "a column of several, each alike", change: rules(share(t, program.Direct, "0.5", nil), share(t, program.Split, "0.25", column("helpers"))),
			deal: `{"helpers": ["user_b", "user_c"]}`,
			want: []string{"2026-03-05 direct a: 0.5 = 500, company", "2026-03-05 split b: 0.25 = 250, company", "2026-03-05 split c: 0.25 = 250, company"}},
		{name: "a member that there is not", change: total(program.AnyTotal, rule(program.Direct, nil), share(t, program.Split, "0.1", &program.Recipient{Member: "x"})),
			want: []string{"2026-03-05 direct a: 1 = 1000, company"},
			why:  []string{`problem: credit unknown_member: "x" is no member, and no user of conn_1 that one is known as.`}},
		{name: "a team, each alike", world: teams, change: rules(share(t, program.Split, "0.5", &program.Recipient{Team: "north"})),
			want: []string{"2026-03-05 split a: 0.5 = 500, company", "2026-03-05 split c: 0.5 = 500, company"}},
		{name: "shares from a formula", change: rules(
			rule(program.Direct, func(r *program.CreditRule) { r.ShareFrom = "1 - row.part / 100" }),
			rule(program.Split, func(r *program.CreditRule) { r.ShareFrom, r.To = "row.part / 100", column("helper") })),
			deal: `{"part": 12.5, "helper": "user_b"}`,
			want: []string{"2026-03-05 direct a: 0.875 = 875, company", "2026-03-05 split b: 0.125 = 125, company"}},
		{name: "a share of nothing gives no credit", change: rules(
			rule(program.Direct, func(r *program.CreditRule) { r.ShareFrom = "1 - row.part" }),
			rule(program.Split, func(r *program.CreditRule) { r.ShareFrom, r.To = "row.part", column("helper") })),
			deal: `{"part": 0, "helper": "user_b"}`, want: []string{"2026-03-05 direct a: 1 = 1000, company"}},
		{name: "a share without a value", change: rules(rule(program.Direct, func(r *program.CreditRule) { r.ShareFrom = "row.part" })),
			why: []string{"problem: credit no_value: A share: part has no value."}},
		{name: "a share that cannot be reckoned", change: rules(rule(program.Direct, func(r *program.CreditRule) { r.ShareFrom = "1 / row.part" })), deal: `{"part": 0}`,
			why: []string{"problem: credit formula_failed: A share: A division by zero."}},
		{name: "a share below nothing", change: rules(rule(program.Direct, func(r *program.CreditRule) { r.ShareFrom = "row.part" })), deal: `{"part": -0.1}`,
			why: []string{"problem: credit negative_share: A share of it is -10 %."}},
		{name: "more than all", change: rules(rule(program.Direct, nil), share(t, program.Split, "10%", column("helper"))), deal: `{"helper": "user_c"}`,
			why: []string{"problem: credit shares: Its shares come to 110 %, and must come to 100 %."}},
		{name: "three thirds are all", change: rules(append(thirds(column("helper")), share(t, program.Split, "1/3", &program.Recipient{Member: "b"}))...), deal: `{"helper": "user_c"}`,
			want: []string{"2026-03-05 direct a: 1/3 = 1000/3, company", "2026-03-05 split b: 1/3 = 1000/3, company", "2026-03-05 split c: 1/3 = 1000/3, company"}},
		{name: "two thirds are not", change: rules(thirds(column("helper"))...), deal: `{"helper": "user_c"}`,
			why: []string{"problem: credit shares: Its shares come to 200/3 %, and must come to 100 %."}},
		{name: "two thirds are at most all", change: total(program.AtMost100, thirds(column("helper"))...), deal: `{"helper": "user_c"}`,
			want: []string{"2026-03-05 direct a: 1/3 = 1000/3, company", "2026-03-05 split c: 1/3 = 1000/3, company"}},
		{name: "all is at most all", change: total(program.AtMost100, rule(program.Direct, nil)), want: []string{"2026-03-05 direct a: 1 = 1000, company"}},
		{name: "more than at most all", change: total(program.AtMost100, rule(program.Direct, nil), share(t, program.Split, "0.001", column("helper"))), deal: `{"helper": "user_c"}`,
			why: []string{"problem: credit shares: Its shares come to 100.1 %, and may come to 100 % at most."}},
		{name: "anything: the company counts it once", change: total(program.AnyTotal, rule(program.Direct, nil), share(t, program.Split, "0.5", column("helper"))), deal: `{"helper": "user_c"}`,
			want: []string{"2026-03-05 direct a: 1 = 1000, company", "2026-03-05 split c: 0.5 = 500"}},
		{name: "for some records only", change: rules(
			rule(program.Direct, func(r *program.CreditRule) { r.When = "!has(row.helper)" }),
			rule(program.Direct, func(r *program.CreditRule) { r.When, r.Share = "has(row.helper)", num(t, "0.7") }),
			rule(program.Split, func(r *program.CreditRule) {
				r.When, r.Share, r.To = "has(row.helper)", num(t, "0.3"), column("helper")
			})),
			deal: `{"helper": "user_c"}`, want: []string{"2026-03-05 direct a: 0.7 = 700, company", "2026-03-05 split c: 0.3 = 300, company"}},
		{name: "for no record like this", change: rules(rule(program.Direct, func(r *program.CreditRule) { r.When = `row.region == "EU"` })), deal: `{"region": "US"}`,
			why: []string{"credit no_share: No rule gives anybody a share of it."}},
		{name: "not for one without a value", change: rules(rule(program.Direct, func(r *program.CreditRule) { r.When = `row.region == "EU"` })),
			why: []string{"credit no_share: No rule gives anybody a share of it."}},
		{name: "a condition that fails", change: rules(rule(program.Direct, func(r *program.CreditRule) { r.When = `1 / row.seats > 1` })), deal: `{"seats": 0}`,
			why: []string{"problem: credit formula_failed: For which records a rule is: A division by zero."}},
	})
}

// teams puts a and c into north, and c and d into south.
func teams(o *office) {
	o.teams["a"], o.teams["c"], o.teams["d"] = []since{{"", "north"}}, []since{{"2026-01-01", "north south"}}, []since{{"", "south"}}
}

func TestWhoDoesNotTakePart(t *testing.T) {
	away := func(who string) func(*office) {
		return func(o *office) { o.away[who] = calendar.Span{From: "2026-03-05"} }
	}
	halves := rules(share(t, program.Direct, "60%", nil), share(t, program.Split, "40%", column("helper")), share(t, program.Overlay, "10%", &program.Recipient{Member: "d"}),
		program.CreditRule{Kind: program.RollUp, Levels: 1}, program.CreditRule{Kind: program.Team})
	all := []string{"2026-03-05 direct a: 0.6 = 600, company", "2026-03-05 overlay d: 0.1 = 100", "2026-03-05 rollup b: 1 = 1000, 1 up", "2026-03-05 split c: 0.4 = 400, company"}
	runAll(t, []creditCase{
		{name: "all take part", change: halves, deal: `{"helper": "c"}`, want: all},
		{name: "the owner does not", change: halves, world: away("a"), deal: `{"helper": "c"}`, want: all[1:],
			why: []string{"credit not_taking_part: a does not take part on 2026-03-05, and has 60 % of it (direct)."}},
		{name: "not on a later day", change: halves, world: func(o *office) { o.away["a"] = calendar.Span{From: "2026-03-06"} }, deal: `{"helper": "c"}`, want: all},
		{name: "the helper does not", change: halves, world: away("c"), deal: `{"helper": "c"}`, want: all[:3],
			why: []string{"credit not_taking_part: c does not take part on 2026-03-05, and has 40 % of it (split)."}},
		{name: "who helps besides does not", change: halves, world: away("d"), deal: `{"helper": "c"}`, want: []string{all[0], all[2], all[3]},
			why: []string{"credit not_taking_part: d does not take part on 2026-03-05, and has 10 % of it (overlay)."}},
		{name: "the manager does not", change: halves, world: away("b"), deal: `{"helper": "c"}`, want: []string{all[0], all[1], all[3]}},
		{name: "a component for some", change: func(t *testing.T, v *program.Version, c *program.Component) {
			halves(t, v, c)
			c.For = &program.Participants{Members: []string{"a", "b"}}
		}, deal: `{"helper": "c"}`, want: []string{all[0], all[2]}, why: []string{
			"credit not_taking_part: c does not take part on 2026-03-05, and has 40 % of it (split).",
			"credit not_taking_part: d does not take part on 2026-03-05, and has 10 % of it (overlay)."}},
		{name: "a program for some", change: func(t *testing.T, v *program.Version, c *program.Component) {
			halves(t, v, c)
			v.Definition.Participants.Members = []string{"a"}
		}, deal: `{"helper": "a"}`, want: []string{"2026-03-05 direct a: 0.6 = 600, company", "2026-03-05 split a: 0.4 = 400, company"}, why: []string{
			"credit not_taking_part: d does not take part on 2026-03-05, and has 10 % of it (overlay)."}},
		{name: "teams count those who do", world: func(o *office) { teams(o); away("a")(o) }, deal: `{"helper": "c"}`,
			change: rules(share(t, program.Direct, "60%", nil), share(t, program.Split, "40%", column("helper")), program.CreditRule{Kind: program.Team}),
			want:   []string{"2026-03-05 split c: 0.4 = 400, company", "2026-03-05 team team:north: 0.4 = 400", "2026-03-05 team team:south: 0.4 = 400"},
			why:    []string{"credit not_taking_part: a does not take part on 2026-03-05, and has 60 % of it (direct)."}},
	})
}

func TestOverlays(t *testing.T) {
	engineer := share(t, program.Overlay, "20%", column("helper"))
	runAll(t, []creditCase{
		{name: "besides the shares", change: rules(rule(program.Direct, nil), engineer), deal: `{"helper": "c"}`,
			want: []string{"2026-03-05 direct a: 1 = 1000, company", "2026-03-05 overlay c: 0.2 = 200"}},
		{name: "more than all of it", change: rules(rule(program.Direct, nil), share(t, program.Overlay, "150%", column("helper"))), deal: `{"helper": "c"}`,
			want: []string{"2026-03-05 direct a: 1 = 1000, company", "2026-03-05 overlay c: 1.5 = 1500"}},
		{name: "the owner, too", change: rules(share(t, program.Direct, "50%", nil), share(t, program.Split, "50%", column("helper")), share(t, program.Overlay, "20%", &program.Recipient{Member: "a"})),
			deal: `{"helper": "c"}`, want: []string{"2026-03-05 direct a: 0.5 = 500, company", "2026-03-05 overlay a: 0.2 = 200", "2026-03-05 split c: 0.5 = 500, company"}},
		{name: "nobody", change: rules(rule(program.Direct, nil), engineer), want: []string{"2026-03-05 direct a: 1 = 1000, company"}},
		{name: "and nothing else", change: rules(engineer), deal: `{"helper": "c"}`, want: []string{"2026-03-05 overlay c: 0.2 = 200"}},
		{name: "a share that cannot be reckoned", change: rules(rule(program.Direct, nil), rule(program.Overlay, func(r *program.CreditRule) { r.ShareFrom, r.To = "row.part", column("helper") })),
			deal: `{"helper": "c"}`, why: []string{"problem: credit no_value: A share: part has no value."}},
	})
}

func TestRollUp(t *testing.T) {
	up := func(change func(*program.CreditRule)) program.CreditRule { return rule(program.RollUp, change) }
	halves := []program.CreditRule{share(t, program.Direct, "60%", nil), share(t, program.Split, "40%", column("helper"))}
	with := func(more ...program.CreditRule) func(*testing.T, *program.Version, *program.Component) {
		return rules(append(halves[:len(halves):len(halves)], more...)...)
	}
	a, c := "2026-03-05 direct a: 0.6 = 600, company", "2026-03-05 split c: 0.4 = 400, company"
	bdShare := "2026-03-05 split b: 0.4 = 400, company"
	moved := func(o *office) { o.managers["a"] = []since{{"2026-03-20", "d"}, {"", "b"}} }
	hierarchy := func(on program.HierarchyDate, levels int) func(*testing.T, *program.Version, *program.Component) {
		return crediting(program.Crediting{Rules: []program.CreditRule{up(func(r *program.CreditRule) { r.Levels = levels })}, Hierarchy: on})
	}
	runAll(t, []creditCase{
		{name: "two of one manager roll up once", change: with(up(nil)), deal: `{"helper": "c"}`, want: []string{a,
			"2026-03-05 rollup b: 1 = 1000, 1 up", "2026-03-05 rollup d: 1 = 1000, 2 up", "2026-03-05 rollup e: 1 = 1000, 3 up", c}},
		{name: "one level", change: with(up(func(r *program.CreditRule) { r.Levels = 1 })), deal: `{"helper": "c"}`, want: []string{a,
			"2026-03-05 rollup b: 1 = 1000, 1 up", c}},
		{name: "two levels", change: with(up(func(r *program.CreditRule) { r.Levels = 2 })), deal: `{"helper": "c"}`, want: []string{a,
			"2026-03-05 rollup b: 1 = 1000, 1 up", "2026-03-05 rollup d: 1 = 1000, 2 up", c}},
		{name: "by levels at other rates", change: with(up(func(r *program.CreditRule) { r.Levels = 1 }), up(func(r *program.CreditRule) { r.Share = num(t, "0.1") })), deal: `{"helper": "c"}`,
			want: []string{a, "2026-03-05 rollup b: 1 = 1000, 1 up", "2026-03-05 rollup d: 0.1 = 100, 2 up", "2026-03-05 rollup e: 0.1 = 100, 3 up", c}},
		{name: "of managers of their own", change: with(up(nil)), deal: `{"helper": "c"}`, world: func(o *office) { o.managers["c"] = []since{{"", "d"}} },
			want: []string{a, "2026-03-05 rollup b: 0.6 = 600, 1 up", "2026-03-05 rollup d: 1 = 1000, 1 up", "2026-03-05 rollup e: 1 = 1000, 2 up", c}},
		{name: "own share and roll-up are the whole", change: with(up(func(r *program.CreditRule) { r.Levels = 1 })), deal: `{"helper": "b"}`, want: []string{a,
			"2026-03-05 rollup b: 0.6 = 600, 1 up", "2026-03-05 rollup d: 0.4 = 400, 1 up", bdShare}},
		{name: "once: no more than the whole", deal: `{"helper": "b"}`,
			change: crediting(program.Crediting{Total: program.AnyTotal, Rules: []program.CreditRule{rule(program.Direct, nil), share(t, program.Split, "40%", column("helper")), up(nil)}}),
			want: []string{"2026-03-05 direct a: 1 = 1000, company", "2026-03-05 rollup b: 0.6 = 600, 1 up", "2026-03-05 rollup d: 1 = 1000, 1 up",
				"2026-03-05 rollup e: 1 = 1000, 2 up", "2026-03-05 split b: 0.4 = 400"}},
		{name: "add: the own share makes no difference", deal: `{"helper": "b"}`,
			change: crediting(program.Crediting{Total: program.AnyTotal, Rules: []program.CreditRule{rule(program.Direct, nil), share(t, program.Split, "40%", column("helper")), up(func(r *program.CreditRule) { r.Own = program.Add })}}),
			want: []string{"2026-03-05 direct a: 1 = 1000, company", "2026-03-05 rollup b: 1 = 1000, 1 up", "2026-03-05 rollup d: 1 = 1000, 1 up",
				"2026-03-05 rollup e: 1 = 1000, 2 up", "2026-03-05 split b: 0.4 = 400"}},
		{name: "more of one's own than the whole takes nothing from other rules", deal: `{"helper": "b"}`,
			change: crediting(program.Crediting{Total: program.AnyTotal, Rules: []program.CreditRule{rule(program.Direct, nil), share(t, program.Split, "150%", column("helper")),
				up(func(r *program.CreditRule) { r.Levels = 1 }), up(func(r *program.CreditRule) { r.Levels, r.Own, r.Share = 1, program.Add, num(t, "0.7") })}}),
			want: []string{"2026-03-05 direct a: 1 = 1000, company", "2026-03-05 rollup b: 0.7 = 700, 1 up", "2026-03-05 rollup d: 1 = 1000, 1 up", "2026-03-05 split b: 1.5 = 1500"}},
		{name: "overlays do not roll up", deal: `{"helper": "c"}`, world: func(o *office) { o.managers["c"] = []since{{"", "e"}} },
			change: rules(rule(program.Direct, nil), share(t, program.Overlay, "20%", column("helper")), up(func(r *program.CreditRule) { r.Levels = 1 })),
			want:   []string{"2026-03-05 direct a: 1 = 1000, company", "2026-03-05 overlay c: 0.2 = 200", "2026-03-05 rollup b: 1 = 1000, 1 up"}},
		{name: "unless the rule says so", deal: `{"helper": "c"}`, world: func(o *office) { o.managers["c"] = []since{{"", "e"}} },
			change: rules(rule(program.Direct, nil), share(t, program.Overlay, "20%", column("helper")), up(func(r *program.CreditRule) { r.Levels, r.Overlays = 1, true })),
			want: []string{"2026-03-05 direct a: 1 = 1000, company", "2026-03-05 overlay c: 0.2 = 200", "2026-03-05 rollup b: 1 = 1000, 1 up",
				"2026-03-05 rollup e: 0.2 = 200, 1 up"}},
		{name: "besides the shares", deal: `{"helper": "c"}`,
			change: rules(rule(program.Direct, nil), share(t, program.Overlay, "20%", column("helper")), up(func(r *program.CreditRule) { r.Levels, r.Overlays = 1, true })),
			want:   []string{"2026-03-05 direct a: 1 = 1000, company", "2026-03-05 overlay c: 0.2 = 200", "2026-03-05 rollup b: 1.2 = 1200, 1 up"}},
		{name: "each overlay once", deal: `{"helper": "c"}`,
			change: rules(rule(program.Direct, nil), share(t, program.Overlay, "20%", column("helper")), up(func(r *program.CreditRule) { r.Levels, r.Overlays = 1, true }),
				up(func(r *program.CreditRule) { r.Levels, r.Overlays, r.Share = 2, true, num(t, "0.5") })),
			want: []string{"2026-03-05 direct a: 1 = 1000, company", "2026-03-05 overlay c: 0.2 = 200", "2026-03-05 rollup b: 1.2 = 1200, 1 up", "2026-03-05 rollup d: 0.6 = 600, 2 up"}},
		{name: "managers alone are credited", change: rules(up(nil)), want: []string{
			"2026-03-05 rollup b: 1 = 1000, 1 up", "2026-03-05 rollup d: 1 = 1000, 2 up", "2026-03-05 rollup e: 1 = 1000, 3 up"}},
		{name: "for what nobody owns, nobody", change: rules(up(nil)), deal: `{"user_id": null}`, why: []string{"credit no_owner: It has no owner."}},
		{name: "who reports to nobody", change: rules(up(nil)), deal: `{"user_id": "user_e"}`},
		{name: "the hierarchy of the day", world: moved, change: hierarchy("", 1), want: []string{"2026-03-05 rollup b: 1 = 1000, 1 up"}},
		{name: "said", world: moved, change: hierarchy(program.AtRecordDate, 1), want: []string{"2026-03-05 rollup b: 1 = 1000, 1 up"}},
		{name: "that of the period's end", world: moved, change: hierarchy(program.AtPeriodEnd, 1), want: []string{"2026-03-05 rollup d: 1 = 1000, 1 up"}},
		{name: "of the day after the move", world: moved, change: hierarchy("", 1), deal: `{"won": "2026-03-20"}`, want: []string{"2026-03-20 rollup d: 1 = 1000, 1 up"}},
		{name: "for some records", change: rules(up(func(r *program.CreditRule) { r.When, r.Levels = "row.value > 500", 1 })), want: []string{"2026-03-05 rollup b: 1 = 1000, 1 up"}},
		{name: "not for others", change: rules(up(func(r *program.CreditRule) { r.When = "row.value > 5000" }))},
		{name: "a share without a value refuses all", change: with(up(func(r *program.CreditRule) { r.ShareFrom = "row.part" })), deal: `{"helper": "c"}`, why: []string{"problem: credit no_value: A share: part has no value."}},
	})
}

func TestTeamCredit(t *testing.T) {
	halves := rules(share(t, program.Direct, "60%", nil), share(t, program.Split, "40%", column("helper")), program.CreditRule{Kind: program.Team})
	a, c := "2026-03-05 direct a: 0.6 = 600, company", "2026-03-05 split c: 0.4 = 400, company"
	runAll(t, []creditCase{
		{name: "one for each team", change: halves, world: teams, deal: `{"helper": "c"}`,
			want: []string{a, c, "2026-03-05 team team:north: 1 = 1000", "2026-03-05 team team:south: 0.4 = 400"}},
		{name: "none", change: halves, deal: `{"helper": "c"}`, want: []string{a, c}},
		{name: "no more than the whole", world: teams, deal: `{"helper": "c"}`,
			change: crediting(program.Crediting{Total: program.AnyTotal, Rules: []program.CreditRule{rule(program.Direct, nil), share(t, program.Split, "40%", column("helper")), {Kind: program.Team}}}),
			want:   []string{"2026-03-05 direct a: 1 = 1000, company", "2026-03-05 split c: 0.4 = 400", "2026-03-05 team team:north: 1 = 1000", "2026-03-05 team team:south: 0.4 = 400"}},
		{name: "a part of no more than the whole", world: teams, deal: `{"helper": "c"}`,
			change: crediting(program.Crediting{Total: program.AnyTotal, Rules: []program.CreditRule{rule(program.Direct, nil), share(t, program.Split, "40%", column("helper")), share(t, program.Team, "0.5", nil)}}),
			want:   []string{"2026-03-05 direct a: 1 = 1000, company", "2026-03-05 split c: 0.4 = 400", "2026-03-05 team team:north: 0.5 = 500", "2026-03-05 team team:south: 0.2 = 200"}},
		{name: "two rules give no more than the whole", world: teams, change: rules(share(t, program.Team, "0.7", nil), share(t, program.Team, "0.6", nil)),
			want: []string{"2026-03-05 team team:north: 1 = 1000"}},
		{name: "overlays do not count", world: teams, deal: `{"helper": "d"}`, change: rules(rule(program.Direct, nil), share(t, program.Overlay, "40%", column("helper")), program.CreditRule{Kind: program.Team}),
			want: []string{"2026-03-05 direct a: 1 = 1000, company", "2026-03-05 overlay d: 0.4 = 400", "2026-03-05 team team:north: 1 = 1000"}},
		{name: "a part", world: teams, change: rules(program.CreditRule{Kind: program.Team, Share: num(t, "0.5")}), want: []string{"2026-03-05 team team:north: 0.5 = 500"}},
		{name: "the teams of the day", world: func(o *office) { o.teams["a"] = []since{{"2026-03-06", "south"}, {"", "north"}} },
			change: rules(program.CreditRule{Kind: program.Team}), want: []string{"2026-03-05 team team:north: 1 = 1000"}},
		{name: "of the period's end", world: func(o *office) { o.teams["a"] = []since{{"2026-03-06", "south"}, {"", "north"}} },
			change: crediting(program.Crediting{Rules: []program.CreditRule{{Kind: program.Team}}, Hierarchy: program.AtPeriodEnd}), want: []string{"2026-03-05 team team:south: 1 = 1000"}},
		{name: "a share without a value refuses all", change: rules(rule(program.Direct, nil), rule(program.Team, func(r *program.CreditRule) { r.ShareFrom = "row.part" })), why: []string{"problem: credit no_value: A share: part has no value."}},
	})
}
