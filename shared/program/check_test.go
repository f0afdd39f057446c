package program_test

import (
	"strings"
	"testing"

	"leadline/shared/calendar"
	"leadline/shared/money"
	"leadline/shared/number"
	"leadline/shared/program"
)

// whole is a program with nearly everything that there can be, and nothing wrong.
const whole = `{
	"kind": "commission", "title": "Sales 2026", "currency": "USD", "zone": "America/New_York", "period": "month",
	"participants": {"roles": ["partner", "manager"], "except": ["mbr_9"]},
	"exchange": {"currencies": ["EUR"]},
	"components": [
		{"name": "bookings", "for": {"teams": ["North"]}, "source": {"variable": "close-value_won_annualized"},
		 "qualifiers": [{"name": "Not tiny", "formula": "row.annualized_value >= 100"}],
		 "credit": {"rules": [{"kind": "direct", "share": "70%"}, {"kind": "split", "to": {"member": "mbr_2"}, "share": "30%"},
			{"kind": "overlay", "to": {"column": "custom.cf_overlay"}, "share": "20%"}, {"kind": "rollup", "levels": 2}, {"kind": "team"}]},
		 "measure": {"of": ["direct", "split"], "window": "year_to_date"},
		 "quota": {"amount": "500000", "per": "year", "ramp": ["50%", "75%"]},
		 "rate": {"by": {"of": "attainment"}, "tiers": [{"from": "0", "pay": "5%"}, {"from": "0.5", "pay": "8%", "mode": "whole"}, {"from": "1", "pay": "12%"}],
			"target": {"amount": "60000", "per": "year"}},
		 "adjust": [{"kind": "gate", "when": {"of": "measure", "component": "calls", "least": "100"}, "factor": "0.5"},
			{"kind": "multiplier", "curve": {"of": "attainment", "tiers": [{"from": "0", "pay": "1"}, {"from": "1", "pay": "1.2"}]}},
			{"kind": "kicker", "when": {"of": "count", "least": "10"}, "amount": "500"}, {"kind": "cap_deal", "amount": "5000"},
			{"kind": "floor", "amount": "0"}, {"kind": "cap", "of_target": "2", "excess": "carried"}],
		 "clawback": {"policy": "take_back", "when": "row.status_type == \"lost\"", "date": "date_lost", "within": 90, "share": "50%"},
		 "hold": {"share": "25%", "after_days": 30}},
		{"name": "calls", "source": {"variable": "close-calls_made"}},
		{"name": "mix", "source": {"view": "close-user_close_opportunity_view", "dates": ["date_won", "date_created"]}, "value": "row.value", "currency": "row.value_currency",
		 "rate": {"dimensions": [{"name": "kind", "column": "value_period"}, {"name": "volume", "by": {"of": "count", "component": "calls"}, "from": ["0", "50"]}],
			"cells": [{"at": {"kind": "annual", "volume": "0"}, "tiers": [{"from": "0", "pay": "0.1"}]}, {"at": {"kind": "annual", "volume": "50"}, "tiers": [{"from": "0", "pay": "0.2"}]},
				{"at": {"kind": "*", "volume": "0"}, "tiers": [{"from": "0", "pay": "0.01"}]}, {"at": {"kind": "*", "volume": "50.0"}, "tiers": [{"from": "0", "pay": "0.02"}]}]}}
	],
	"limits": [{"kind": "draw", "amount": "2000", "draw": {"form": "guarantee", "recoverable": true, "recover_after": 1, "recover_share": "50%", "periods": 6, "forgive": true}},
		{"kind": "cap", "amount": "100000", "over": "year"}],
	"standing": {"by": {"of": "earned"}, "ties": "each", "prizes": [{"from": 1, "amount": "1000"}, {"from": 2, "to": 3, "points": "50"}], "milestones": [{"at": "10000", "thing": "a bicycle"}], "budget": "1500"}
}`

// various is a program with what whole has not, and nothing wrong either.
const various = `{
	"kind": "contest", "title": "Various", "currency": "USD", "zone": "Asia/Kolkata", "period": "week", "calendar": {"year_starts": 4, "pattern": "5-4-4"},
	"participants": {"members": ["ann", "bob", "cem"]}, "exchange": {"on": "period_end", "currencies": ["EUR"]}, "rounding": "half_even", "mid_period": "at_end",
	"components": [
		{"name": "deals", "source": {"view": "close-user_close_opportunity_view", "dates": ["date_won"], "owner": "owner.id"}, "qualifiers": [{"name": "Won", "formula": "row.status_type == \"won\""}],
		 "value": "row.value", "currency": "row.value_currency", "weight": "row.confidence", "measure": {"kind": "weighted", "window": "quarter_to_date", "true_up": "at_rate"},
		 "credit": {"hierarchy": "period_end", "total": "any", "rules": [{"kind": "direct", "share_from": "row.value > 100 ? 0.5 : 1"}, {"kind": "split", "to": {"team": "North"}, "share": "1/3", "when": "row.value > 5000"},
			{"kind": "rollup", "own": "add", "overlays": true, "share": "50%"}, {"kind": "overlay", "to": {"column": "owner.manager"}}]},
		 "quota": {"amount": "1000", "per": "year", "spread": "days", "prorate": "none", "none": "full"},
		 "rate": {"by": {"of": "measure"}, "mode": "interpolated", "boundary": "upper", "of": "value", "tiers": [{"from": "0", "pay": "0"}, {"from": "1000", "pay": "2.5%"}, {"from": "250000.5", "pay": "1.5", "mode": "whole"}]},
		 "adjust": [{"kind": "multiplier", "factor": "1.1", "when": {"of": "attainment", "below": "1"}},
			{"kind": "multiplier", "curve": {"of": "count", "component": "calls", "mode": "interpolated", "boundary": "upper", "tiers": [{"from": "0", "pay": "1"}, {"from": "50", "pay": "2"}]}},
			{"kind": "gate", "when": {"of": "earned", "component": "calls", "least": "1", "below": "5000"}}, {"kind": "cap", "amount": "1000000", "excess": "carried"}],
		 "clawback": {"policy": "restate", "when": "row.status_type == \"lost\"", "date": "date_lost"}, "hold": {"share": "1/3", "release_date": "date_lost"}},
		{"name": "calls", "source": {"variable": "close-calls_made"}, "measure": {"of": ["direct"], "shared": true}, "rate": {"pays": "amount", "mode": "whole", "tiers": [{"from": "0", "pay": "0"}, {"from": "2", "pay": "50.005"}]}},
		{"name": "each", "source": {"variable": "close-value_won_annualized"}, "rate": {"each": true, "tiers": [{"from": "0", "pay": "1%"}, {"from": "2000", "pay": "2%"}]},
		 "clawback": {"policy": "negative_sale", "when": "row.status_type == \"lost\"", "date": "date_lost", "share": "50%"}},
		{"name": "bonus", "source": {"variable": "close-meetings_held"}, "quota": {"amount": "10"}, "rate": {"by": {"of": "attainment"}, "of": "target", "target": {"amount": "100", "ramp": ["0.5"]}, "tiers": [{"from": "0", "pay": "1"}, {"from": "1", "pay": "2"}]}}
	],
	"limits": [{"kind": "floor", "amount": "10", "prorate": "none"}, {"kind": "cap", "of_target": "30", "over": "quarter", "excess": "carried"}, {"kind": "draw", "amount": "200", "draw": {"form": "on_top", "recoverable": true, "recover_share": "1/2"}}],
	"standing": {"by": {"component": "deals"}, "least": "1", "ascending": true, "ties": "first", "prizes": [{"from": 1, "to": 3, "thing": "a bicycle"}], "milestones": [{"at": "10", "amount": "5"}], "budget": "100", "beyond": "cut"}
}`

// rates has one from EUR to USD for all days from one on.
func rates(t testing.TB, from calendar.Date) *money.Table {
	t.Helper()
	table, err := money.NewTable([]money.Rate{{From: "EUR", To: "USD", Value: number.Frac(11, 10), Span: calendar.Span{From: from}}})
	if err != nil {
		t.Fatal(err)
	}
	return table
}

func TestNothingIsWrong(t *testing.T) {
	for _, text := range []string{whole, various} {
		if wrong := checked(t, decoded(t, text), rates(t, "2026-01-01")); len(wrong) > 0 {
			t.Errorf("%v", wrong)
		}
	}
}

func n(text string) *number.Number {
	parsed, err := number.Parse(text)
	if err != nil {
		panic(err)
	}
	return &parsed
}

func tiers(pairs ...string) []program.Tier {
	var all []program.Tier
	for i := 0; i < len(pairs); i += 2 {
		all = append(all, program.Tier{From: *n(pairs[i]), Pay: *n(pairs[i+1])})
	}
	return all
}

// wrongs is one definition that cannot be right for each rule: what is changed, the place that is named, and the words.
type wrongs map[string]struct {
	edit             func(d *program.Definition)
	path, code, says string
}

func (w wrongs) check(t *testing.T) {
	t.Helper()
	table := rates(t, "2026-01-01")
	for name, c := range w {
		t.Run(name, func(t *testing.T) {
			d := decoded(t, whole)
			c.edit(&d)
			wrong := checked(t, d, table)
			for _, p := range wrong {
				if p.Path == c.path && p.Code == c.code && strings.Contains(p.Message, c.says) {
					if len(wrong) > 3 {
						t.Errorf("one mistake, and too many problems: %v", wrong)
					}
					return
				}
			}
			t.Errorf("%s, %s is not among %v", c.path, c.code, wrong)
		})
	}
}

func TestProgramsThatCannotBe(t *testing.T) {
	wrongs{
		"no title":                {func(d *program.Definition) { d.Title = " " }, "title", program.CodeMissing, "empty"},
		"a long title":            {func(d *program.Definition) { d.Title = strings.Repeat("x", 201) }, "title", program.CodeRange, "201"},
		"no kind":                 {func(d *program.Definition) { d.Kind = "" }, "kind", program.CodeMissing, "empty"},
		"an unknown kind":         {func(d *program.Definition) { d.Kind = "lottery" }, "kind", program.CodeUnknownName, "commission, contest"},
		"a contest without ranks": {func(d *program.Definition) { d.Kind, d.Standing = program.Contest, nil }, "standing", program.CodeMissing, "contest"},
		"an unknown currency":     {func(d *program.Definition) { d.Currency = "XXQ"; d.Exchange.Currencies = nil }, "currency", program.CodeCurrency, "XXQ"},
		"a currency in small":     {func(d *program.Definition) { d.Currency = "usd"; d.Exchange.Currencies = nil }, "currency", program.CodeRange, "usd"},
		"an unknown exchange":     {func(d *program.Definition) { d.Exchange.Currencies = []string{"EUR", "ABC"} }, "exchange.currencies[1]", program.CodeCurrency, "ABC"},
		"no rate at all":          {func(d *program.Definition) { d.Exchange.Currencies = []string{"JPY"} }, "exchange.currencies[0]", program.CodeRate, "JPY to USD on 2026-01-01"},
		"an unknown zone":         {func(d *program.Definition) { d.Zone = "Europe/Atlantis" }, "zone", program.CodeZone, "Europe/Atlantis"},
		"no zone":                 {func(d *program.Definition) { d.Zone = "" }, "zone", program.CodeMissing, "empty"},
		"a calendar that is none": {func(d *program.Definition) { d.Calendar.YearEnds = calendar.Nearest }, "calendar", program.CodeRange, "year_ends"},
		"an unknown period":       {func(d *program.Definition) { d.Period = "decade" }, "period", program.CodeUnknownName, "decade"},
		"an unknown role":         {func(d *program.Definition) { d.Participants.Roles = []string{"boss"} }, "participants.roles[0]", program.CodeUnknownName, "boss"},
		"an empty team":           {func(d *program.Definition) { d.Participants.Teams = []string{"A", ""} }, "participants.teams[1]", program.CodeMissing, "empty"},
		"one who takes part, not": {func(d *program.Definition) { d.Participants.Members = []string{"mbr_9"} }, "participants.except[0]", program.CodeNotTogether, "mbr_9"},
		"an empty For":            {func(d *program.Definition) { d.Components[0].For = &program.Participants{} }, "components[0].for", program.CodeMissing, "nobody"},
		"no component":            {func(d *program.Definition) { d.Components, d.Limits, d.Standing = nil, nil, nil }, "components", program.CodeMissing, "none"},
		"a doubled name":          {func(d *program.Definition) { d.Components[2].Name = "calls" }, "components[2].name", program.CodeTwice, "calls"},
		"a name with capitals":    {func(d *program.Definition) { d.Components[2].Name = "Mix" }, "components[2].name", program.CodeRange, "Mix"},
		"a circle": {func(d *program.Definition) {
			d.Components[0].Adjust[0].When.By = program.By{Of: program.ByEarned, Component: "mix"}
			d.Components[2].Adjust = []program.Adjustment{{Kind: program.Multiplier, Factor: n("2"), When: &program.Condition{By: program.By{Of: program.ByEarned, Component: "bookings"}, Least: n("1")}}}
		}, "components[0]", program.CodeCycle, "bookings looks at mix looks at bookings"},
	}.check(t)
}

func TestSourcesAndFormulasThatCannotBe(t *testing.T) {
	wrongs{
		"a qualifier that is no condition": {func(d *program.Definition) { d.Components[0].Qualifiers[0].Formula = "row.annualized_value" }, "components[0].qualifiers[0].formula", program.CodeFormula, ""},
		"a qualifier without a name":       {func(d *program.Definition) { d.Components[0].Qualifiers[0].Name = "" }, "components[0].qualifiers[0].name", program.CodeMissing, ""},
		"an empty qualifier":               {func(d *program.Definition) { d.Components[0].Qualifiers[0].Formula = "" }, "components[0].qualifiers[0].formula", program.CodeMissing, ""},
		"an unknown column":                {func(d *program.Definition) { d.Components[2].Value = "row.valeu" }, "components[2].value", program.CodeFormula, "1:"},
		"a value that is a text":           {func(d *program.Definition) { d.Components[2].Value = "row.status_type" }, "components[2].value", program.CodeFormula, ""},
		"a formula that is too dear": {func(d *program.Definition) {
			d.Components[2].Value = "row.value" + strings.Repeat(" * (row.`lead.display_name`.matches(\"(a|aa)+b\") ? 2 : 1)", 60)
		}, "components[2].value", program.CodeFormula, ""},
		"money without its currency":     {func(d *program.Definition) { d.Components[2].Currency = "" }, "components[2].currency", program.CodeMissing, "row.value_currency"},
		"all in a currency that is not":  {func(d *program.Definition) { d.Components[2].Currency = `"EURO"` }, "components[2].currency", program.CodeCurrency, "EURO"},
		"all in a currency without rate": {func(d *program.Definition) { d.Components[2].Currency = `'CHF'` }, "components[2].currency", program.CodeRate, "CHF to USD"},
		"a currency that is none":        {func(d *program.Definition) { d.Components[2].Currency = "row.value" }, "components[2].currency", program.CodeFormula, ""},
		"a weight that is a text": {func(d *program.Definition) {
			d.Components[2].Weight = "row.status_type"
			d.Components[2].Measure.Kind = program.Weighted
		}, "components[2].weight", program.CodeFormula, ""},
		"a key that is a number": {func(d *program.Definition) {
			d.Components[2].Key = "row.value"
			d.Components[2].Measure.Kind = program.Distinct
		}, "components[2].key", program.CodeFormula, ""},
		"no owner": {func(d *program.Definition) {
			d.Components[2].Source = program.Source{View: ownerless, Dates: []string{"date_created"}}
			d.Components[2].Value = ""
		},
			"components[2].source.owner", program.CodeMissing, "Direct credit goes to the owner"},
	}.check(t)
}

func TestCreditThatCannotBe(t *testing.T) {
	rule := func(d *program.Definition, i int) *program.CreditRule { return &d.Components[0].Credit.Rules[i] }
	wrongs{
		"shares over 100 %":    {func(d *program.Definition) { rule(d, 1).Share = n("30.000001%") }, "components[0].credit.rules", program.CodeShares, "100.000001 %"},
		"shares under 100 %":   {func(d *program.Definition) { rule(d, 1).Share = n("29.9%") }, "components[0].credit.rules", program.CodeShares, "99.9 %"},
		"over 100 % of thirds": {func(d *program.Definition) { rule(d, 0).Share, rule(d, 1).Share = n("2/3"), n("1/2") }, "components[0].credit.rules", program.CodeShares, "more than 100"},
		"over 100 % at most": {func(d *program.Definition) {
			d.Components[0].Credit.Total = program.AtMost100
			rule(d, 1).Share = n("31%")
		}, "components[0].credit.rules", program.CodeShares, "101 %"},
		"the owner's share is left": {func(d *program.Definition) { rule(d, 0).Share = nil }, "components[0].credit.rules", program.CodeShares, "130 %"},
		"a roll-up to somebody":     {func(d *program.Definition) { rule(d, 3).To = &program.Recipient{Member: "mbr_1"} }, "components[0].credit.rules[3].to", program.CodeNotTogether, "rollup"},
		"a team to somebody":        {func(d *program.Definition) { rule(d, 4).To = &program.Recipient{Team: "A"} }, "components[0].credit.rules[4].to", program.CodeNotTogether, "team"},
		"a split to nobody":         {func(d *program.Definition) { rule(d, 1).To = nil }, "components[0].credit.rules[1].to", program.CodeMissing, ""},
		"a split to two":            {func(d *program.Definition) { rule(d, 1).To.Team = "A" }, "components[0].credit.rules[1].to", program.CodeNotTogether, "2 are"},
		"a split to none of three":  {func(d *program.Definition) { rule(d, 1).To.Member = "" }, "components[0].credit.rules[1].to", program.CodeNotTogether, "0 are"},
		"an overlay to no column":   {func(d *program.Definition) { rule(d, 2).To.Column = "helper" }, "components[0].credit.rules[2].to.column", program.CodeUnknownName, "helper"},
		"a share below 0":           {func(d *program.Definition) { rule(d, 2).Share = n("-1%") }, "components[0].credit.rules[2].share", program.CodeRange, "-1 %"},
		"two shares":                {func(d *program.Definition) { rule(d, 2).ShareFrom = "0.5" }, "components[0].credit.rules[2].share_from", program.CodeNotTogether, ""},
		"a share that is a text":    {func(d *program.Definition) { rule(d, 2).Share, rule(d, 2).ShareFrom = nil, "row.status_type" }, "components[0].credit.rules[2].share_from", program.CodeFormula, ""},
		"a when that is a number":   {func(d *program.Definition) { rule(d, 2).When = "row.value" }, "components[0].credit.rules[2].when", program.CodeFormula, ""},
		"levels of an overlay":      {func(d *program.Definition) { rule(d, 2).Levels = 1 }, "components[0].credit.rules[2]", program.CodeNotTogether, "roll-ups"},
		"many levels":               {func(d *program.Definition) { rule(d, 3).Levels = 21 }, "components[0].credit.rules[3].levels", program.CodeRange, "21"},
		"a roll-up from nobody": {func(d *program.Definition) {
			d.Components[2].Source = program.Source{View: ownerless, Dates: []string{"date_created"}}
			d.Components[2].Value, d.Components[2].Currency, d.Components[2].Rate = "", "", nil
			d.Components[2].Credit.Rules = []program.CreditRule{{Kind: program.RollUp}}
		}, "components[2].source.owner", program.CodeMissing, "roll-up"},
		"credit that nobody gives": {func(d *program.Definition) { d.Components[2].Measure.Of = []program.CreditKind{program.Overlay} }, "components[2].measure.of[0]", program.CodeUnknownName, "overlay"},
		"a kind that is none":      {func(d *program.Definition) { d.Components[2].Measure.Of = []program.CreditKind{"direct", "gift"} }, "components[2].measure.of[1]", program.CodeUnknownName, "gift"},
	}.check(t)
}

// TestSharesThatDependOnTheRecord are not refused before there is one.
func TestSharesThatDependOnTheRecord(t *testing.T) {
	for name, rules := range map[string][]program.CreditRule{
		"by a formula":   {{Kind: program.Direct, ShareFrom: "row.confidence / 100"}, {Kind: program.Split, To: &program.Recipient{Member: "m"}, Share: n("30%")}},
		"by a condition": {{Kind: program.Direct, Share: n("1/3")}, {Kind: program.Split, To: &program.Recipient{Member: "m"}, Share: n("2/3"), When: "row.value > 100"}},
		"by a team":      {{Kind: program.Direct, Share: n("40%")}, {Kind: program.Split, To: &program.Recipient{Team: "A"}, Share: n("20%")}},
		"exact thirds":   {{Kind: program.Direct, Share: n("1/3")}, {Kind: program.Split, To: &program.Recipient{Member: "m"}, Share: n("2/3")}},
		"by a column":    {{Kind: program.Direct, Share: n("40%")}, {Kind: program.Split, To: &program.Recipient{Column: "owner.teams"}, Share: n("20%")}},
		"roll-ups alone": {{Kind: program.RollUp}, {Kind: program.Team}},
		"overlays":       {{Kind: program.Direct}, {Kind: program.Overlay, To: &program.Recipient{Member: "m"}}},
	} {
		d := decoded(t, whole)
		d.Components[2].Credit.Rules = rules
		if wrong := checked(t, d, rates(t, "2026-01-01")); len(wrong) > 0 {
			t.Errorf("%s: %v", name, wrong)
		}
	}
}

func TestMeasuresAndGoalsThatCannotBe(t *testing.T) {
	wrongs{
		"a ratio of nothing": {func(d *program.Definition) { d.Components[2].Measure.Kind = program.Ratio }, "components[2].weight", program.CodeMissing, "ratio"},
		"distinct what":      {func(d *program.Definition) { d.Components[2].Measure.Kind = program.Distinct }, "components[2].key", program.CodeMissing, "distinct"},
		"a window within the period": {func(d *program.Definition) {
			d.Period = calendar.Yearly
			d.Components[0].Measure.Window = program.QuarterToDate
		}, "components[0].measure.window", program.CodeNotTogether, "shorter"},
		"a quota below 0":              {func(d *program.Definition) { d.Components[0].Quota.Amount = n("-1") }, "components[0].quota.amount", program.CodeRange, "-1"},
		"a quota for less":             {func(d *program.Definition) { d.Components[0].Quota.Per = calendar.Weekly }, "components[0].quota.per", program.CodeNotTogether, "week"},
		"a ramp below 0":               {func(d *program.Definition) { d.Components[0].Quota.Ramp[1] = *n("-5%") }, "components[0].quota.ramp[1]", program.CodeRange, "-5 %"},
		"a target below 0":             {func(d *program.Definition) { d.Components[0].Rate.Target.Amount = n("-1") }, "components[0].rate.target.amount", program.CodeRange, "-1"},
		"a year in equal weeks":        {func(d *program.Definition) { d.Period = calendar.Weekly }, "components[0].quota.spread", program.CodeNotTogether, "by days"},
		"a clawback that asks nothing": {func(d *program.Definition) { d.Components[0].Clawback.When = "" }, "components[0].clawback.when", program.CodeMissing, ""},
		"a clawback on no day":         {func(d *program.Definition) { d.Components[0].Clawback.Date = "value" }, "components[0].clawback.date", program.CodeWrongType, "no dates"},
		"a clawback of a text":         {func(d *program.Definition) { d.Components[0].Clawback.When = "row.status_type" }, "components[0].clawback.when", program.CodeFormula, ""},
		"more than all taken back":     {func(d *program.Definition) { d.Components[0].Clawback.Share = n("101%") }, "components[0].clawback.share", program.CodeRange, "101 %"},
		"a negative sale of a maximum": {func(d *program.Definition) {
			d.Components[2].Measure.Kind = program.Max
			d.Components[2].Clawback = &program.Clawback{Policy: program.NegativeSale, When: "row.status_type == \"lost\"", Date: "date_lost"}
		}, "components[2].clawback.policy", program.CodeNotTogether, "max"},
		"taken back of nothing": {func(d *program.Definition) {
			d.Components[1].Clawback = &program.Clawback{Policy: program.TakeBack, When: "row.status == \"x\"", Date: "date_created"}
		}, "components[1].clawback.policy", program.CodeNotTogether, "pays nothing"},
		"nothing held back":       {func(d *program.Definition) { d.Components[0].Hold.Share = *n("0") }, "components[0].hold.share", program.CodeRange, "0 %"},
		"more than all held back": {func(d *program.Definition) { d.Components[0].Hold.Share = *n("1.01") }, "components[0].hold.share", program.CodeRange, "101 %"},
		"released on no day": {func(d *program.Definition) {
			d.Components[0].Hold.AfterDays, d.Components[0].Hold.ReleaseDate = 0, "status_type"
		}, "components[0].hold.release_date", program.CodeWrongType, ""},
		"released twice":       {func(d *program.Definition) { d.Components[0].Hold.ReleaseDate = "date_lost" }, "components[0].hold.after_days", program.CodeNotTogether, ""},
		"held back of nothing": {func(d *program.Definition) { d.Components[1].Hold = &program.Hold{Share: *n("10%")} }, "components[1].hold", program.CodeNotTogether, "pays nothing"},
	}.check(t)
}
