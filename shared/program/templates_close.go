package program

import (
	"strings"

	"leadline/shared/calendar"
	"leadline/shared/number"
	"leadline/shared/view"
)

const closeConnector = "close"

// valueQuestion asks which of the values of Close's opportunities count. One-time, monthly and annual amounts are not added up,
// but for the annualized value, which holds all three.
func valueQuestion() Question {
	return Question{Name: "value", Title: "Which value counts?", Type: AnswerChoice, Default: "annualized", Choices: []string{"annualized", "one_time", "monthly", "annual"},
		Help: "annualized is what each won deal is worth in a year: monthly amounts times 12, annual and one-time amounts as they are. The others count the deals of their kind alone."}
}

func periodQuestion() Question {
	return Question{Name: "period", Title: "How often is it paid?", Type: AnswerChoice, Default: "month", Choices: []string{"month", "quarter"},
		Help: "A deal counts in the period that its won date lies in."}
}

// won gives the source of what the won deals are worth.
func (b *builder) won() Source { return b.variable("value_won_" + b.text("value")) }

// from makes a list of tiers of pairs of bounds and pays.
func from(pairs ...number.Number) []Tier {
	var tiers []Tier
	for i := 0; i+1 < len(pairs); i += 2 {
		tiers = append(tiers, Tier{From: pairs[i], Pay: pairs[i+1]})
	}
	return tiers
}

func zero() number.Number { return number.Number{} }
func one() number.Number  { return number.Of(1) }

func percentOfWonDeals() Template {
	return Template{Name: "percent_of_won_deals", Title: "10 % of won deals", Connector: closeConnector, Kind: Commission,
		Description: "Everybody earns a share of each deal that he or she wins.",
		Questions: []Question{
			{Name: "rate", Title: "What share of a deal is paid?", Type: AnswerPercent, Default: "10%", Unit: "of the deal's value", Help: "The same for each deal, whatever else was won."},
			valueQuestion(), periodQuestion()},
		build: func(b *builder) Definition {
			return Definition{Period: calendar.Kind(b.text("period")), Components: []Component{{Name: "commission", Title: "Commission on won deals",
				Source: b.won(), Rate: &Rate{Tiers: from(zero(), b.number("rate"))}}}}
		}}
}

func tiersOnQuota() Template {
	return Template{Name: "tiers_on_quota", Title: "Tiers on quota", Connector: closeConnector, Kind: Commission,
		Description: "A base rate on what is won up to the quota of the quarter, and a better one on what is above.",
		Questions: []Question{
			{Name: "quota", Title: "What is the quota of a quarter?", Type: AnswerMoney, Default: "100000", Unit: "a quarter", Help: "In annualized value. Participants may have a quota of their own; who joins within a quarter has less by days."},
			{Name: "rate", Title: "What is paid up to the quota?", Type: AnswerPercent, Default: "8%", Unit: "of the value", Help: "For the part of the quarter's deals up to the quota."},
			{Name: "above", Title: "What is paid above it?", Type: AnswerPercent, Default: "12%", Unit: "of the value", Help: "For the part above the quota only; what lies below it keeps its rate."}},
		build: func(b *builder) Definition {
			return Definition{Period: calendar.Quarterly, Components: []Component{{Name: "bookings", Title: "Commission by attainment of quota",
				Source: b.variable("value_won_annualized"), Quota: &Quota{Goal: Goal{Amount: b.amount("quota"), Per: calendar.Quarterly}},
				Rate: &Rate{By: By{Of: ByAttainment}, Tiers: from(zero(), b.number("rate"), one(), b.number("above"))}}}}
		}}
}

func quarterlyAccelerator() Template {
	return Template{Name: "quarterly_accelerator", Title: "Quarterly accelerator", Connector: closeConnector, Kind: Commission,
		Description: "A bonus for reaching the quota of the quarter, earned in proportion, and faster above it.",
		Questions: []Question{
			{Name: "quota", Title: "What is the quota of a quarter?", Type: AnswerMoney, Default: "100000", Unit: "a quarter", Help: "In annualized value. Participants may have a quota of their own."},
			{Name: "bonus", Title: "What is the bonus for reaching it?", Type: AnswerMoney, Default: "10000", Unit: "a quarter", Help: "The variable pay at target: half of the quota earns half of it. Participants may have one of their own."},
			{Name: "accelerator", Title: "How many times as fast is it earned above the quota?", Type: AnswerNumber, Default: "2", Unit: "times", Help: "With 2, an attainment of 110 % pays 120 % of the bonus."}},
		build: func(b *builder) Definition {
			return Definition{Period: calendar.Quarterly, Components: []Component{{Name: "bonus", Title: "Bonus by attainment of quota",
				Source: b.variable("value_won_annualized"), Quota: &Quota{Goal: Goal{Amount: b.amount("quota"), Per: calendar.Quarterly}},
				Rate: &Rate{By: By{Of: ByAttainment}, Of: OfTarget, Target: &Goal{Amount: b.amount("bonus"), Per: calendar.Quarterly},
					Tiers: from(zero(), one(), one(), b.number("accelerator"))}}}}
		}}
}

func teamOverride() Template {
	return Template{Name: "team_override", Title: "Team override", Connector: closeConnector, Kind: Commission,
		Description: "Managers earn a share of what those who report to them win.",
		Questions: []Question{
			{Name: "rate", Title: "What share of the team's deals is paid?", Type: AnswerPercent, Default: "3%", Unit: "of the value", Help: "Of what the people below have won in the month, in annualized value. A manager's own deals are not part of it."},
			{Name: "above", Title: "Above which amount of team sales?", Type: AnswerMoney, Default: "0", Unit: "a month", Zero: true, Help: "Only the part above it is paid for; 0 for all."},
			{Name: "levels", Title: "How many levels up is it paid?", Type: AnswerWhole, Default: "1", Unit: "levels", Help: "1 is the direct manager, as the hierarchy was on the day of the deal."}},
		build: func(b *builder) Definition {
			tiers := from(zero(), b.number("rate"))
			if above := b.number("above"); !above.IsZero() {
				tiers = from(zero(), zero(), above, b.number("rate"))
			}
			levels := b.number("levels")
			if number.Of(20).Less(levels) {
				b.refuse("answers.levels", CodeRange, "It is %s, and may be 20.", levels)
				return Definition{}
			}
			return Definition{Period: calendar.Monthly, Components: []Component{{Name: "override", Title: "Override on team sales",
				Source: b.variable("value_won_annualized"),
				Credit: Crediting{Rules: []CreditRule{{Kind: RollUp, Levels: int(levels.Big().Num().Int64())}}},
				Rate:   &Rate{Tiers: tiers}}}}
		}}
}

// demoKicker knows a demo by the status that an opportunity was moved into, and where no status speaks of one, by the meetings
// that were held. An opportunity that is moved back and forth counts once in a month.
func demoKicker() Template {
	return Template{Name: "demo_kicker", Title: "Demo kicker", Connector: closeConnector, Kind: Commission,
		Description: "A fixed amount for each demo that was held.",
		Questions: []Question{
			{Name: "amount", Title: "What is paid for a demo?", Type: AnswerMoney, Default: "50", Unit: "a demo", Help: "The same for each, up to the most of a month."},
			{Name: "status", Title: "Which word does the status of a demo have?", Type: AnswerText, Default: "demo", Help: "A demo is an opportunity that was moved into the first status with this word in its name, for the user who moved it. Where there is none, each meeting that was held counts."},
			{Name: "most", Title: "What is the most that is paid in a month?", Type: AnswerMoney, Default: "1000", Unit: "a month", Help: "What is above is lost, not carried into the next month."}},
		build: func(b *builder) Definition {
			c := Component{Name: "demos", Title: "Demos held", Rate: &Rate{Tiers: from(zero(), b.number("amount"))},
				Adjust: []Adjustment{{Kind: Cap, Size: Size{Amount: b.amount("most")}}}}
			prefix, word := b.template.Connector+"-stage_entered_", strings.ToLower(b.text("status"))
			stage := b.find(func(i view.Item) bool {
				return strings.HasPrefix(i.Key, prefix) && i.Definition.Variable != nil && strings.Contains(strings.ToLower(i.Definition.Variable.Title), word)
			})
			if stage != nil {
				c.Source, c.Key, c.Measure.Kind = Source{Variable: stage.Name}, ref("opportunity_id"), Distinct
				c.Qualifiers = []Qualifier{{Name: "It is known which opportunity it was", Formula: "has(" + ref("opportunity_id") + ")"}}
			} else {
				c.Source = b.variable("meetings_held")
				b.warn("answers.status", CodeUnknownName, "No status of opportunities has the word %q in its name, so that each meeting that was held counts as a demo.", b.text("status"))
			}
			return Definition{Period: calendar.Monthly, Components: []Component{c}}
		}}
}

func callBlitz() Template {
	return Template{Name: "call_blitz", Title: "Call blitz", Connector: closeConnector, Kind: Contest,
		Description: "Who makes the most calls wins: prizes for the first three.",
		Questions: []Question{
			{Name: "prize", Title: "What does the first win?", Type: AnswerMoney, Default: "500", Help: "The second wins half of it, the third a quarter. Who is equal shares the prizes of the ranks that they take up."},
			{Name: "least", Title: "How many calls must one have made?", Type: AnswerWhole, Default: "50", Unit: "calls", Zero: true, Help: "Who has made fewer is not ranked."},
			{Name: "period", Title: "How long does a round take?", Type: AnswerChoice, Default: "week", Choices: []string{"day", "week", "month"}, Help: "Each round is a contest of its own, from zero."}},
		build: func(b *builder) Definition {
			standing := &Standing{By: By{Component: "calls"}, Least: b.amount("least")}
			for rank, part := range []int64{1, 2, 4} {
				standing.Prizes = append(standing.Prizes, Prize{From: rank + 1, Award: Award{Amount: b.payable(b.number("prize").Mul(number.Frac(1, part)))}})
			}
			return Definition{Period: calendar.Kind(b.text("period")), Standing: standing,
				Components: []Component{{Name: "calls", Title: "Calls made", Source: b.variable("calls_made")}}}
		}}
}

func mbo() Template {
	return Template{Name: "mbo", Title: "Objective of a quarter", Connector: closeConnector, Kind: Commission,
		Description: "A bonus for an objective, earned in proportion to how far it was reached, and never more than all of it.",
		Questions: []Question{
			{Name: "objective", Title: "What is the objective?", Type: AnswerChoice, Default: "meetings_held", Help: "One of the standard variables of the connection.",
				Choices: []string{"meetings_held", "calls_made", "calls_connected", "emails_sent", "tasks_done", "leads_created", "opportunities_created", "deals_won"}},
			{Name: "goal", Title: "How many are to be reached in a quarter?", Type: AnswerWhole, Default: "60", Unit: "a quarter", Help: "Participants may have a goal of their own."},
			{Name: "bonus", Title: "What is the bonus?", Type: AnswerMoney, Default: "2000", Unit: "a quarter", Help: "All of it is paid at 100 %, half of it at 50 %, and no more above."}},
		build: func(b *builder) Definition {
			return Definition{Period: calendar.Quarterly, Components: []Component{{Name: "objective", Title: "Objective",
				Source: b.variable(b.text("objective")), Quota: &Quota{Goal: Goal{Amount: b.amount("goal"), Per: calendar.Quarterly}},
				Rate: &Rate{By: By{Of: ByAttainment}, Pays: PaysAmount, Mode: Interpolated, Tiers: from(zero(), zero(), one(), b.number("bonus"))}}}}
		}}
}
