package incentive_test

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"leadline/shared/calendar"
	"leadline/shared/incentive"
	"leadline/shared/money"
	"leadline/shared/number"
	"leadline/shared/program"
)

func rate(from string, value number.Number) money.Rate {
	return money.Rate{From: from, To: "USD", Value: value}
}

// drawOffice draws ten members in a forest of managers: who comes later reports to one who came earlier, or to nobody.
func drawOffice(t *rapid.T) *office {
	o := officeOf("a b c d e f g h i j", "")
	for i, m := range o.members {
		if boss := rapid.IntRange(-1, i-1).Draw(t, "boss of "+m); boss >= 0 {
			o.managers[m] = []since{{"", o.members[boss]}}
		}
		o.teams[m] = []since{{"", strings.Join(rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"north", "south", "west"}), 0, 2, rapid.ID[string]).Draw(t, "teams of "+m), " ")}}
	}
	return o
}

// drawRules draws a direct share and splits that come to the whole, with overlays, roll-ups and teams.
func drawRules(t *rapid.T, exact bool) []program.CreditRule {
	member := rapid.SampledFrom(strings.Fields("a b c d e f g h i j"))
	var all []program.CreditRule
	left := number.Of(1)
	give := func(kind program.CreditKind, part number.Number) {
		r := program.CreditRule{Kind: kind, Share: &part}
		if kind != program.Direct {
			r.To = &program.Recipient{Member: member.Draw(t, "to")}
		}
		all = append(all, r)
	}
	for range rapid.IntRange(0, 3).Draw(t, "splits") {
		part := number.Frac(rapid.Int64Range(1, 100).Draw(t, "part"), rapid.Int64Range(100, 300).Draw(t, "of"))
		if exact {
			part = part.Mul(left)
		}
		left = left.Sub(part)
		give(program.Split, part)
	}
	if exact || rapid.Bool().Draw(t, "direct") {
		give(program.Direct, number.Max(left, number.Frac(1, 7)))
		if exact {
			all[len(all)-1].Share = &left
		}
	}
	for range rapid.IntRange(0, 2).Draw(t, "overlays") {
		give(program.Overlay, number.Frac(rapid.Int64Range(1, 300).Draw(t, "overlay"), 100))
	}
	for range rapid.IntRange(0, 2).Draw(t, "rollups") {
		r := program.CreditRule{Kind: program.RollUp, Levels: rapid.IntRange(0, 3).Draw(t, "levels"), Overlays: rapid.Bool().Draw(t, "overlays, too")}
		r.Own = rapid.SampledFrom([]program.OwnCredit{"", program.Once, program.Add}).Draw(t, "own")
		if rapid.Bool().Draw(t, "part of a roll-up") {
			part := number.Frac(rapid.Int64Range(1, 100).Draw(t, "rolls up"), 100)
			r.Share = &part
		}
		all = append(all, r)
	}
	if rapid.Bool().Draw(t, "team") {
		all = append(all, program.CreditRule{Kind: program.Team})
	}
	return all
}

func planOf(t *rapid.T, tb testing.TB, total program.ShareTotal, all []program.CreditRule) *incentive.Plan {
	c := salesComponent()
	c.Credit = program.Crediting{Rules: all, Total: total}
	p, err := incentive.Compile([]program.Version{versionOf(1, c)})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestNothingIsCountedTwice is the property that makes roll-ups safe: whatever the rules, nobody leads more than the record
// (and the overlays, where these roll up), and the company counts it at most once; exactly once where the shares come to the whole.
func TestNothingIsCountedTwice(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		exact := rapid.Bool().Draw(r, "exact")
		total := program.AnyTotal
		if exact {
			total = program.Exactly100
		}
		all := drawRules(r, exact)
		worth := number.Frac(rapid.Int64Range(-1e6, 1e6).Draw(r, "worth"), 100)
		credits, refusals := planOf(r, t, total, all).Credit(deal(t, "oppo_1", fmt.Sprintf(`{"value": %s}`, worth)), drawOffice(r))
		if len(refusals) > 0 && exact {
			r.Fatalf("refused: %v", why(refusals))
		}
		owns := slices.ContainsFunc(all, func(one program.CreditRule) bool { return one.Kind == program.Direct || one.Kind == program.Split })
		var helped number.Number // what overlays come to, where they roll up
		if slices.ContainsFunc(all, func(one program.CreditRule) bool { return one.Kind == program.RollUp && one.Overlays }) {
			for _, one := range all {
				if one.Kind == program.Overlay {
					helped = helped.Add(*one.Share)
				}
			}
		}
		once := !slices.ContainsFunc(all, func(one program.CreditRule) bool {
			return one.Kind == program.RollUp && (one.Own == program.Add || one.Overlays)
		})
		rollups := 0
		for _, one := range all {
			if one.Kind == program.RollUp {
				rollups++
			}
		}
		var company, companyShare number.Number
		own, led := map[string]number.Number{}, map[string]number.Number{}
		for _, c := range credits {
			if !c.Value.Equal(worth.Mul(c.Share)) {
				r.Fatalf("%s of %s is not %s", c.Share, worth, c.Value)
			}
			switch c.Kind {
			case program.Direct, program.Split:
				own[c.Participant] = own[c.Participant].Add(c.Share)
			case program.RollUp:
				led[c.Participant] = c.Share
			}
			if c.Kind == program.RollUp && c.Share.Sub(helped).Cmp(number.Of(1)) > 0 || c.Kind == program.Team && c.Share.Cmp(number.Of(1)) > 0 {
				r.Fatalf("%s has %s of a record by %s", c.Participant, c.Share, c.Kind)
			}
			if c.Company {
				company, companyShare = company.Add(c.Value), companyShare.Add(c.Share)
			}
		}
		if companyShare.Cmp(number.Of(1)) > 0 || exact && owns && !company.Equal(worth) {
			r.Fatalf("the company counts %s (%s) of %s", company, companyShare, worth)
		}
		for who, part := range led {
			if once && rollups == 1 && part.Add(own[who]).Cmp(number.Max(number.Of(1), own[who])) > 0 {
				r.Fatalf("%s has %s of one's own and leads %s", who, own[who], part)
			}
		}
	})
}

// TestTheOrderOfRulesMakesNoDifference, nor does that of records.
func TestTheOrderOfRulesMakesNoDifference(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		all, o := drawRules(r, false), drawOffice(r)
		shuffled := slices.Clone(all)
		rand.New(rand.NewPCG(1, rapid.Uint64().Draw(r, "seed"))).Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		plan, other := planOf(r, t, program.AnyTotal, all), planOf(r, t, program.AnyTotal, shuffled)
		first := deal(t, "oppo_1", "")
		credits, _ := plan.Credit(first, o)
		other.Credit(deal(t, "oppo_2", `{"user_id": "user_f"}`), o)
		again, _ := other.Credit(first, o)
		if !reflect.DeepEqual(told(credits), told(again)) {
			r.Fatalf("%v\nbecame\n%v", told(credits), told(again))
		}
		ids := map[string]bool{}
		for i, c := range credits {
			if c.ID != again[i].ID || ids[c.ID] || len(c.ID) != 26 {
				r.Fatalf("the ids are %q and %q", c.ID, again[i].ID)
			}
			ids[c.ID] = true
		}
	})
}

// TestAMoveChangesLaterRecordsOnly moves somebody to another manager, and looks at deals before and after.
func TestAMoveChangesLaterRecordsOnly(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		o := drawOffice(r)
		plan := planOf(r, t, "", []program.CreditRule{{Kind: program.Direct}, {Kind: program.RollUp}, {Kind: program.Team}})
		day := func(name string) calendar.Date {
			return calendar.Date("2026-01-01").AddDays(rapid.IntRange(0, 300).Draw(r, name))
		}
		deals := map[calendar.Date]incentive.Base{}
		for range 5 {
			won, owner := day("won"), rapid.SampledFrom(o.members).Draw(r, "owner")
			deals[won] = deal(t, "oppo_"+string(won), fmt.Sprintf(`{"won": %q, "user_id": "user_%s"}`, won, owner))
		}
		before := map[calendar.Date][]incentive.Credit{}
		for won, base := range deals {
			before[won], _ = plan.Credit(base, o)
		}
		moved, who := day("moved"), rapid.IntRange(1, 9).Draw(r, "who")
		to := o.members[rapid.IntRange(0, who-1).Draw(r, "to")]
		o.managers[o.members[who]] = append([]since{{moved, to}}, o.managers[o.members[who]]...)
		for won, base := range deals {
			after, _ := plan.Credit(base, o)
			if won < moved && !reflect.DeepEqual(before[won], after) {
				r.Fatalf("a deal of %s changed by a move on %s: %v became %v", won, moved, told(before[won]), told(after))
			}
			if won >= moved && base.Record.Fields["user_id"] != nil && string(base.Record.Fields["user_id"]) == `"user_`+o.members[who]+`"` &&
				!slices.ContainsFunc(after, func(c incentive.Credit) bool { return c.Kind == program.RollUp && c.Participant == to && c.Levels == 1 }) {
				r.Fatalf("a deal of %s does not roll up to %s since %s: %v", won, to, moved, told(after))
			}
		}
	})
}

// TestAReversalNetsToZero is about every credit of a deal that is lost as a negative sale.
func TestAReversalNetsToZero(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		c := salesComponent()
		c.Weight = "row.value / 7"
		c.Credit = program.Crediting{Rules: drawRules(r, false), Total: program.AnyTotal}
		c.Clawback = &program.Clawback{Policy: program.NegativeSale, When: `row.status == "lost"`, Date: "lost"}
		plan, err := incentive.Compile([]program.Version{versionOf(1, c)})
		if err != nil {
			r.Fatal(err)
		}
		credits, _ := plan.Credit(deal(t, "oppo_1", fmt.Sprintf(`{"status": "lost", "lost": "2026-06-01", "value": %d}`, rapid.Int64().Draw(r, "value"))), drawOffice(r))
		byID := map[string]incentive.Credit{}
		for _, one := range credits {
			byID[one.ID] = one
		}
		for _, one := range credits {
			if of := byID[one.Of]; one.Reversal && (!one.Value.Add(of.Value).IsZero() || !one.Weight.Add(of.Weight).IsZero() || one.Company != of.Company || of.Reversal || of.ID == "") {
				r.Fatalf("%v does not reverse %v", told([]incentive.Credit{one}), told([]incentive.Credit{of}))
			}
		}
		if len(credits)%2 != 0 {
			r.Fatalf("%d credits", len(credits))
		}
	})
}
