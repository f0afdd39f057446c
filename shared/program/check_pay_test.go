package program_test

import (
	"strings"
	"testing"

	"leadline/shared/calendar"
	"leadline/shared/program"
)

func TestRatesThatCannotBe(t *testing.T) {
	rate := func(d *program.Definition) *program.Rate { return d.Components[0].Rate }
	cells := func(d *program.Definition) *program.Rate { return d.Components[2].Rate }
	wrongs{
		"a gap below":                  {func(d *program.Definition) { rate(d).Tiers[0].From = *n("0.1") }, "components[0].rate.tiers[0].from", program.CodeGap, "below"},
		"a beginning below 0":          {func(d *program.Definition) { rate(d).Tiers[0].From = *n("-1") }, "components[0].rate.tiers[0].from", program.CodeGap, "-1"},
		"two tiers from one bound":     {func(d *program.Definition) { rate(d).Tiers[2].From = *n("50%") }, "components[0].rate.tiers[2].from", program.CodeOrder, "0.5"},
		"tiers that descend":           {func(d *program.Definition) { rate(d).Tiers[2].From = *n("0.4") }, "components[0].rate.tiers[2].from", program.CodeOrder, "ascend"},
		"no tiers":                     {func(d *program.Definition) { rate(d).Tiers = nil }, "components[0].rate.tiers", program.CodeMissing, ""},
		"an unknown mode":              {func(d *program.Definition) { rate(d).Tiers[1].Mode = "slab" }, "components[0].rate.tiers[1].mode", program.CodeUnknownName, "slab"},
		"attainment without a quota":   {func(d *program.Definition) { d.Components[0].Quota = nil; d.Components[0].Adjust = nil }, "components[0].rate.by.of", program.CodeMissing, "no quota"},
		"another without a quota":      {func(d *program.Definition) { d.Components[0].Adjust[0].When.Of = program.ByAttainment }, "components[0].adjust[0].when.of", program.CodeMissing, `"calls" has no quota`},
		"a component that is not":      {func(d *program.Definition) { d.Components[0].Adjust[0].When.Component = "callz" }, "components[0].adjust[0].when.component", program.CodeUnknownName, `Is it "calls"?`},
		"what itself has earned":       {func(d *program.Definition) { rate(d).By = program.By{Of: program.ByEarned} }, "components[0].rate.by.component", program.CodeMissing, "another component"},
		"what nothing has earned":      {func(d *program.Definition) { d.Components[0].Adjust[0].When.Of = program.ByEarned }, "components[0].adjust[0].when.component", program.CodeNotTogether, "pays nothing"},
		"of a target that is not":      {func(d *program.Definition) { cells(d).Of = program.OfTarget }, "components[2].rate.target", program.CodeMissing, ""},
		"marginal over another's":      {func(d *program.Definition) { rate(d).By = program.By{Of: program.ByCount, Component: "calls"} }, "components[0].rate.mode", program.CodeNotTogether, "no such part"},
		"marginal values of a maximum": {func(d *program.Definition) { d.Components[2].Measure.Kind = program.Max; cells(d).Of = program.OfValue }, "components[2].rate.of", program.CodeNotTogether, "max"},
		"a marginal maximum over the count": {func(d *program.Definition) {
			d.Components[2].Measure.Kind = program.Max
			cells(d).By.Of = program.ByCount
		}, "components[2].rate.of", program.CodeNotTogether, "over the count"},
		"marginal count of a ratio": {func(d *program.Definition) {
			d.Components[2].Measure.Kind, d.Components[2].Weight = program.Ratio, "1"
			cells(d).Of = program.OfCount
		}, "components[2].rate.of", program.CodeNotTogether, "ratio"},
		"each of an average": {func(d *program.Definition) { d.Components[2].Measure.Kind = program.Average; cells(d).Each = true }, "components[2].rate.each", program.CodeNotTogether, "average"},
		"each to date":       {func(d *program.Definition) { rate(d).Each = true }, "components[0].rate.each", program.CodeNotTogether, "window"},
		"each by another": {func(d *program.Definition) {
			cells(d).Each = true
			cells(d).By = program.By{Component: "calls"}
			cells(d).Mode = program.WholeAmount
		}, "components[2].rate.by.component", program.CodeNotTogether, "by itself"},
		"tiers and cells":                {func(d *program.Definition) { cells(d).Tiers = tiers("0", "1") }, "components[2].rate.tiers", program.CodeNotTogether, ""},
		"cells without dimensions":       {func(d *program.Definition) { cells(d).Dimensions = nil }, "components[2].rate.dimensions", program.CodeMissing, ""},
		"dimensions without cells":       {func(d *program.Definition) { cells(d).Cells = nil }, "components[2].rate.cells", program.CodeMissing, ""},
		"a missing cell":                 {func(d *program.Definition) { cells(d).Cells = cells(d).Cells[1:] }, "components[2].rate.cells", program.CodeGap, `kind "annual", volume "0"`},
		"no cell for all others":         {func(d *program.Definition) { cells(d).Cells = cells(d).Cells[:2] }, "components[2].rate.cells", program.CodeGap, `kind "*", volume "50"`},
		"two cells for one place":        {func(d *program.Definition) { cells(d).Cells[1].At["volume"] = "0.0" }, "components[2].rate.cells[1].at", program.CodeTwice, ""},
		"a bound that is none":           {func(d *program.Definition) { cells(d).Cells[1].At["volume"] = "49" }, "components[2].rate.cells[1].at.volume", program.CodeUnknownName, "49"},
		"an unknown dimension":           {func(d *program.Definition) { cells(d).Cells[1].At["region"] = "North" }, "components[2].rate.cells[1].at.region", program.CodeUnknownName, "region"},
		"a cell that is nowhere":         {func(d *program.Definition) { delete(cells(d).Cells[1].At, "kind") }, "components[2].rate.cells[1].at.kind", program.CodeMissing, ""},
		"a gap in a cell":                {func(d *program.Definition) { cells(d).Cells[1].Tiers[0].From = *n("5") }, "components[2].rate.cells[1].tiers[0].from", program.CodeGap, ""},
		"two dimensions of one name":     {func(d *program.Definition) { cells(d).Dimensions[1].Name = "kind" }, "components[2].rate.dimensions[1].name", program.CodeTwice, ""},
		"a dimension of two things":      {func(d *program.Definition) { cells(d).Dimensions[1].Column = "value" }, "components[2].rate.dimensions[1]", program.CodeNotTogether, ""},
		"a dimension of no column":       {func(d *program.Definition) { cells(d).Dimensions[0].Column = "region" }, "components[2].rate.dimensions[0].column", program.CodeUnknownName, "region"},
		"a dimension of lists":           {func(d *program.Definition) { cells(d).Dimensions[0].Column = "owner.teams" }, "components[2].rate.dimensions[0].column", program.CodeWrongType, "multi_choice"},
		"bounds of a column":             {func(d *program.Definition) { cells(d).Dimensions[0].From = cells(d).Dimensions[1].From }, "components[2].rate.dimensions[0].from", program.CodeNotTogether, ""},
		"bounds that begin above 0":      {func(d *program.Definition) { cells(d).Dimensions[1].From[0] = *n("1") }, "components[2].rate.dimensions[1].from", program.CodeGap, ""},
		"bounds that descend":            {func(d *program.Definition) { cells(d).Dimensions[1].From[1] = *n("0") }, "components[2].rate.dimensions[1].from[1]", program.CodeOrder, ""},
		"a fixed amount in which cell":   {func(d *program.Definition) { cells(d).Pays = program.PaysAmount }, "components[2].rate.dimensions[0].column", program.CodeNotTogether, "fixed amount"},
		"an interpolation in which cell": {func(d *program.Definition) { cells(d).Mode = program.Interpolated }, "components[2].rate.dimensions[0].column", program.CodeNotTogether, "interpolated"},
	}.check(t)
}

func TestAdjustmentsThatCannotBe(t *testing.T) {
	adjust := func(d *program.Definition, i int) *program.Adjustment { return &d.Components[0].Adjust[i] }
	wrongs{
		"a gate without a condition":   {func(d *program.Definition) { adjust(d, 0).When = nil }, "components[0].adjust[0].when", program.CodeMissing, ""},
		"a gate with an amount":        {func(d *program.Definition) { adjust(d, 0).Amount = n("1") }, "components[0].adjust[0]", program.CodeNotTogether, "factor"},
		"a condition on nothing":       {func(d *program.Definition) { adjust(d, 0).When.Least = nil }, "components[0].adjust[0].when", program.CodeMissing, ""},
		"a condition that never holds": {func(d *program.Definition) { adjust(d, 0).When.Below = n("100") }, "components[0].adjust[0].when.below", program.CodeOrder, "nothing lies between"},
		"a factor below 0":             {func(d *program.Definition) { adjust(d, 0).Factor = n("-1") }, "components[0].adjust[0].factor", program.CodeRange, "-1"},
		"a factor and a curve":         {func(d *program.Definition) { adjust(d, 1).Factor = n("2") }, "components[0].adjust[1]", program.CodeNotTogether, "exactly one"},
		"neither factor nor curve":     {func(d *program.Definition) { adjust(d, 1).Curve = nil }, "components[0].adjust[1]", program.CodeNotTogether, "exactly one"},
		"a curve with a gap":           {func(d *program.Definition) { adjust(d, 1).Curve.Tiers[0].From = *n("1/2") }, "components[0].adjust[1].curve.tiers[0].from", program.CodeGap, "0.5"},
		"a curve without tiers":        {func(d *program.Definition) { adjust(d, 1).Curve.Tiers = nil }, "components[0].adjust[1].curve.tiers", program.CodeMissing, ""},
		"a curve of marginal tiers":    {func(d *program.Definition) { adjust(d, 1).Curve.Tiers[1].Mode = program.Marginal }, "components[0].adjust[1].curve.tiers[1].mode", program.CodeNotTogether, ""},
		"a curve of a kicker":          {func(d *program.Definition) { adjust(d, 2).Curve = adjust(d, 1).Curve }, "components[0].adjust[2].curve", program.CodeNotTogether, ""},
		"a kicker with a factor":       {func(d *program.Definition) { adjust(d, 2).Factor = n("2") }, "components[0].adjust[2].factor", program.CodeNotTogether, ""},
		"a kicker of nothing":          {func(d *program.Definition) { adjust(d, 2).Amount = nil }, "components[0].adjust[2]", program.CodeNotTogether, "exactly one"},
		"a cap on a deal below 0":      {func(d *program.Definition) { adjust(d, 3).Amount = n("-0.01") }, "components[0].adjust[3].amount", program.CodeRange, "-0.01"},
		"a cap on a deal carried over": {func(d *program.Definition) { adjust(d, 3).Excess = program.CarriedOver }, "components[0].adjust[3].excess", program.CodeNotTogether, ""},
		"a cap below 0":                {func(d *program.Definition) { adjust(d, 5).OfTarget = n("-1") }, "components[0].adjust[5].of_target", program.CodeRange, "-1"},
		"two sizes":                    {func(d *program.Definition) { adjust(d, 5).Amount = n("1") }, "components[0].adjust[5]", program.CodeNotTogether, "exactly one"},
		"a cap below the floor": {func(d *program.Definition) {
			adjust(d, 5).OfTarget, adjust(d, 5).Amount, adjust(d, 4).Amount = nil, n("10"), n("20")
		}, "components[0].adjust[5]", program.CodeNotTogether, "below the floor"},
		"a part of no target": {func(d *program.Definition) { d.Components[0].Rate.Target = nil }, "components[0].adjust[5].of_target", program.CodeMissing, ""},
		"nothing to change": {func(d *program.Definition) {
			d.Components[0].Rate = nil
			d.Components[0].Clawback, d.Components[0].Hold = nil, nil
			adjust(d, 5).OfTarget, adjust(d, 5).Amount = nil, n("1")
		}, "components[0].adjust", program.CodeNotTogether, "no rate"},
		"an unknown adjustment": {func(d *program.Definition) { adjust(d, 4).Kind = "bonus" }, "components[0].adjust[4].kind", program.CodeUnknownName, "bonus"},
	}.check(t)
}

func TestLimitsThatCannotBe(t *testing.T) {
	draw := func(d *program.Definition) *program.Draw { return d.Limits[0].Draw }
	wrongs{
		"a cap below 0":              {func(d *program.Definition) { d.Limits[1].Amount = n("-1") }, "limits[1].amount", program.CodeRange, ""},
		"a cap of nothing":           {func(d *program.Definition) { d.Limits[1].Amount = nil }, "limits[1]", program.CodeNotTogether, ""},
		"a cap for less":             {func(d *program.Definition) { d.Period = calendar.Quarterly; d.Limits[1].Over = calendar.Monthly }, "limits[1].over", program.CodeNotTogether, "shorter"},
		"a draw for longer":          {func(d *program.Definition) { d.Limits[0].Over = calendar.Yearly }, "limits[0].over", program.CodeNotTogether, ""},
		"a draw carried over":        {func(d *program.Definition) { d.Limits[0].Excess = program.CarriedOver }, "limits[0].excess", program.CodeNotTogether, ""},
		"a draw of what form":        {func(d *program.Definition) { d.Limits[0].Draw = nil }, "limits[0].draw", program.CodeMissing, ""},
		"a cap with a draw":          {func(d *program.Definition) { d.Limits[1].Draw = draw(d) }, "limits[1].draw", program.CodeNotTogether, ""},
		"two draws":                  {func(d *program.Definition) { d.Limits = append(d.Limits, d.Limits[0]) }, "limits[2]", program.CodeTwice, ""},
		"all and more recovered":     {func(d *program.Definition) { draw(d).RecoverShare = n("1.5") }, "limits[0].draw.recover_share", program.CodeRange, "150 %"},
		"nothing recovered":          {func(d *program.Definition) { draw(d).RecoverShare = n("0") }, "limits[0].draw.recover_share", program.CodeRange, "0 %"},
		"recovered, not recoverable": {func(d *program.Definition) { *draw(d) = program.Draw{RecoverAfter: 2} }, "limits[0].draw.recover_after", program.CodeNotTogether, ""},
		"a share, not recoverable":   {func(d *program.Definition) { *draw(d) = program.Draw{RecoverShare: n("0.5")} }, "limits[0].draw.recover_share", program.CodeNotTogether, ""},
		"forgiven, not recoverable":  {func(d *program.Definition) { *draw(d) = program.Draw{Forgive: true, Periods: 3} }, "limits[0].draw.forgive", program.CodeNotTogether, ""},
		"forgiven at no end":         {func(d *program.Definition) { draw(d).Periods = 0 }, "limits[0].draw.forgive", program.CodeMissing, ""},
		"a part of no target": {func(d *program.Definition) {
			d.Limits[1].Amount, d.Limits[1].OfTarget = nil, n("1")
			d.Components[0].Rate.Target = nil
			d.Components[0].Adjust = nil
		}, "limits[1].of_target", program.CodeMissing, ""},
		"a cap below the floor": {func(d *program.Definition) {
			d.Limits[0] = program.Limit{Kind: program.LimitFloor, Size: program.Size{Amount: n("2")}}
			d.Limits[1].Amount, d.Limits[1].Over = n("1"), ""
		}, "limits[1]", program.CodeNotTogether, "below the floor"},
		"many periods of a recoverable": {func(d *program.Definition) { draw(d).Periods = 121 }, "limits[0].draw.periods", program.CodeRange, "121"},
	}.check(t)
}

func TestStandingsThatCannotBe(t *testing.T) {
	wrongs{
		"ranked by which":            {func(d *program.Definition) { d.Standing.By = program.By{} }, "standing.by.component", program.CodeMissing, "several components"},
		"ranked by none":             {func(d *program.Definition) { d.Standing.By = program.By{Component: "demos"} }, "standing.by.component", program.CodeUnknownName, "demos"},
		"ranked by no quota":         {func(d *program.Definition) { d.Standing.By = program.By{Of: program.ByAttainment, Component: "mix"} }, "standing.by.of", program.CodeMissing, "no quota"},
		"ranked by what is not paid": {func(d *program.Definition) { d.Standing.By = program.By{Of: program.ByEarned, Component: "calls"} }, "standing.by.component", program.CodeNotTogether, "pays nothing"},
		"teams without credit":       {func(d *program.Definition) { d.Standing.By = program.By{Component: "calls"}; d.Standing.Teams = true }, "standing.teams", program.CodeMissing, ""},
		"prizes from the second":     {func(d *program.Definition) { d.Standing.Prizes = d.Standing.Prizes[1:]; d.Standing.Budget = nil }, "standing.prizes[0].from", program.CodeGap, "rank 1"},
		"a rank left out":            {func(d *program.Definition) { d.Standing.Prizes[1].From = 3 }, "standing.prizes[1].from", program.CodeGap, "rank 2"},
		"a rank twice":               {func(d *program.Definition) { d.Standing.Prizes[0].To = 2 }, "standing.prizes[1].from", program.CodeTwice, "Rank 2"},
		"ranks backwards":            {func(d *program.Definition) { d.Standing.Prizes[1].To = 1 }, "standing.prizes[1].to", program.CodeOrder, ""},
		"rank zero":                  {func(d *program.Definition) { d.Standing.Prizes[0].From = 0 }, "standing.prizes[0].from", program.CodeRange, "0"},
		"a prize of two things":      {func(d *program.Definition) { d.Standing.Prizes[0].Thing = "a car" }, "standing.prizes[0]", program.CodeNotTogether, "2 are"},
		"a prize of nothing":         {func(d *program.Definition) { d.Standing.Prizes[1].Points = nil }, "standing.prizes[1]", program.CodeNotTogether, "0 are"},
		"a prize below 0":            {func(d *program.Definition) { d.Standing.Prizes[0].Amount = n("-1") }, "standing.prizes[0].amount", program.CodeRange, ""},
		"milestones that descend": {func(d *program.Definition) {
			d.Standing.Milestones = append(d.Standing.Milestones, program.Milestone{At: *n("10000"), Award: program.Award{Points: n("1")}})
		}, "standing.milestones[1].at", program.CodeOrder, "ascend"},
		"a budget below 0":    {func(d *program.Definition) { d.Standing.Budget = n("-1") }, "standing.budget", program.CodeRange, ""},
		"an unknown tie rule": {func(d *program.Definition) { d.Standing.Ties = "coin" }, "standing.ties", program.CodeUnknownName, "coin"},
	}.check(t)
}

// TestMarginalTiersThatGoTogether with what they are over.
func TestMarginalTiersThatGoTogether(t *testing.T) {
	for name, edit := range map[string]func(*program.Component){
		"values over the count": func(c *program.Component) {
			c.Measure.Kind, c.Rate.By.Of, c.Rate.Of = program.Max, program.ByCount, program.OfValue
		},
		"a maximum over itself": func(c *program.Component) { c.Measure.Kind = program.Max },
		"values, whole": func(c *program.Component) {
			c.Measure.Kind, c.Rate.Of, c.Rate.Mode = program.Max, program.OfValue, program.WholeAmount
		},
		"the sum over the count": func(c *program.Component) { c.Rate.By.Of = program.ByCount },
		"whole, by another": func(c *program.Component) {
			c.Rate.By, c.Rate.Mode = program.By{Component: "calls"}, program.WholeAmount
		},
		"amounts, each by itself": func(c *program.Component) { c.Rate.Each, c.Rate.Pays = true, program.PaysAmount },
	} {
		d := decoded(t, whole)
		edit(&d.Components[2])
		if wrong := checked(t, d, rates(t, "2026-01-01")); len(wrong) > 0 {
			t.Errorf("%s: %v", name, wrong)
		}
	}
}

// TestWarnings are of what can be right and seldom is.
func TestWarnings(t *testing.T) {
	for name, c := range map[string]struct {
		edit func(d *program.Definition)
		path string
		says string
	}{
		"10 for 10 %":              {func(d *program.Definition) { d.Components[0].Rate.Tiers[0].Pay = *n("10") }, "components[0].rate.tiers[0].pay", "Is 10 % meant?"},
		"a negative rate":          {func(d *program.Definition) { d.Components[0].Rate.Tiers[0].Pay = *n("-1") }, "components[0].rate.tiers[0].pay", "taken away"},
		"a share over the whole":   {func(d *program.Definition) { d.Components[0].Credit.Rules[2].Share = n("110%") }, "components[0].credit.rules[2].share", "110 %"},
		"a share of nothing":       {func(d *program.Definition) { d.Components[0].Credit.Rules[2].Share = n("0") }, "components[0].credit.rules[2].share", "nobody"},
		"a quota of zero":          {func(d *program.Definition) { d.Components[0].Quota.Amount = n("0") }, "components[0].quota.amount", "0"},
		"a ramp above all":         {func(d *program.Definition) { d.Components[0].Quota.Ramp[0] = *n("120%") }, "components[0].quota.ramp[0]", "120 %"},
		"a weight for nothing":     {func(d *program.Definition) { d.Components[2].Weight = "1" }, "components[2].weight", "no difference"},
		"a key for nothing":        {func(d *program.Definition) { d.Components[2].Key = "row.lead_id" }, "components[2].key", "no difference"},
		"a budget for things":      {func(d *program.Definition) { d.Standing.Prizes = nil }, "standing.budget", "No prize is of money"},
		"beyond no budget":         {func(d *program.Definition) { d.Standing.Budget, d.Standing.Beyond = nil, program.CutOff }, "standing.beyond", "no budget"},
		"the window is the period": {func(d *program.Definition) { d.Period = calendar.Yearly }, "components[0].measure.window", "no difference"},
		"the currency twice":       {func(d *program.Definition) { d.Exchange.Currencies = []string{"EUR", "EUR"} }, "exchange.currencies[1]", "already"},
		"nothing is paid":          {func(d *program.Definition) { d.Components, d.Limits, d.Standing = d.Components[1:2], nil, nil }, "components", "Nothing here pays"},
	} {
		d := decoded(t, whole)
		c.edit(&d)
		wrong := checked(t, d, rates(t, "2026-01-01"))
		if len(program.Errors(wrong)) > 0 || len(wrong) != 1 || wrong[0].Severity != program.Warning || wrong[0].Path != c.path || !strings.Contains(wrong[0].Message, c.says) {
			t.Errorf("%s: %v", name, wrong)
		}
	}
}

// TestRatesFromTheBeginningOn of the version, and where they end or leave days out.
func TestRatesFromTheBeginningOn(t *testing.T) {
	d := decoded(t, whole)
	if wrong := checked(t, d, rates(t, "2026-01-02")); len(wrong) != 1 || wrong[0].Code != program.CodeRate || wrong[0].Severity != program.Error || !strings.Contains(wrong[0].Message, "2026-01-01") {
		t.Errorf("a day late: %v", wrong)
	}
	if wrong := checked(t, d, nil); len(wrong) != 1 || wrong[0].Path != "exchange.currencies[0]" {
		t.Errorf("no rates: %v", wrong)
	}
	d.Exchange.On = program.OnPeriodStart
	sources, _ := program.Resolve(d, world(t))
	if wrong := program.Check(d, "2026-01-15", sources, rates(t, "2026-01-02")); len(wrong) != 1 || !strings.Contains(wrong[0].Message, "2026-01-01") {
		t.Errorf("the rate of the period's first day: %v", wrong)
	}
	if wrong := program.Check(d, "2026-01-15", sources, gaps{{From: "2026-03-01", Until: "2026-04-01"}}); len(wrong) != 1 || !strings.Contains(wrong[0].Message, "2026-03-01 to 2026-03-31") {
		t.Errorf("a month without: %v", wrong)
	}
	if wrong := program.Check(d, "2026-01-15", sources, gaps{{From: "2026-03-01"}}); len(wrong) != 1 || wrong[0].Severity != program.Warning {
		t.Errorf("none any more: %v", wrong)
	}
}

// gaps is rates with gaps.
type gaps []calendar.Span

func (g gaps) Gaps(string, string, calendar.Span) []calendar.Span { return g }
