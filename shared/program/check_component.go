package program

import (
	"regexp"
	"slices"
	"strings"

	"leadline/shared/calendar"
	"leadline/shared/formula"
	"leadline/shared/money"
	"leadline/shared/number"
	"leadline/shared/schema"
	"leadline/shared/view"
)

// checkFormulas checks the formulas of what counts, and what it is worth.
func checkFormulas(c *checker, component *Component, at string) {
	source, resolved := c.sources[component.Name]
	names := map[string]bool{}
	for i, q := range component.Qualifiers {
		if names[q.Name] {
			c.warn(place(at, "qualifiers", i, "name"), CodeTwice, "There is another qualifier %q: a statement could not tell them apart.", q.Name)
		}
		names[q.Name] = true
		if resolved && strings.TrimSpace(q.Formula) != "" {
			c.compiles(q.Formula, &source.View, formula.Bool, place(at, "qualifiers", i, "formula"))
		}
	}
	if !resolved {
		return
	}
	columns := c.compiles(component.Value, &source.View, formula.Decimal, at+".value")
	for _, one := range []struct {
		name, text string
		want       formula.Type
	}{{"currency", component.Currency, formula.Text}, {"weight", component.Weight, formula.Decimal}, {"key", component.Key, formula.Text}} {
		if one.text != "" {
			c.compiles(one.text, &source.View, one.want, place(at, one.name))
		}
	}
	if literal := regexp.MustCompile(`^\s*["']([A-Za-z]*)["']\s*$`).FindStringSubmatch(component.Currency); literal != nil {
		c.oneCurrency(literal[1], at+".currency")
	}
	for _, name := range columns {
		i := source.View.Column(name)
		if i < 0 || component.Currency != "" || slices.Contains([]MeasureKind{Count, Distinct, Ratio}, component.Measure.Kind) {
			continue
		}
		if its := currencyOf(source.View.Columns[i]); its != "" {
			c.refuse(at+".currency", CodeMissing, "The value is made of the money in %s. Say what currency it is in: %s, or \"%s\" with its quotation marks where all of it is the program's, or is no money any more.", name, its, c.d.Currency)
			break
		}
	}
}

// oneCurrency checks a currency that all values of a component are in.
func (c *checker) oneCurrency(currency, at string) {
	if _, known := money.Digits(currency); !known {
		c.refuse(at, CodeCurrency, "There is no currency %q. Give the code of one (ISO 4217), such as \"EUR\".", currency)
	} else if currency != c.d.Currency && !slices.Contains(c.d.Exchange.Currencies, currency) {
		c.converts(currency, at)
	}
}

// checkCredit checks who gets credit.
func checkCredit(c *checker, component *Component, at string) {
	at += ".credit"
	source, resolved := c.sources[component.Name]
	shared, owner := false, false
	for i, rule := range component.Credit.Rules {
		c.creditRule(rule, source, resolved, place(at, "rules", i))
		shared = shared || rule.Kind == Direct || rule.Kind == Split
		owner = owner || rule.Kind != Overlay && rule.Kind != Split
	}
	// Without any share the owner has all of the record, so that roll-up and team credit come from there.
	if (owner && !shared || slices.ContainsFunc(component.Credit.Rules, func(r CreditRule) bool { return r.Kind == Direct })) && resolved && source.Owner == "" {
		c.refuse(place("components", c.at[component.Name], "source", "owner"), CodeMissing, "Direct credit goes to the owner, and roll-up and team credit where nobody shares come from there. The view has none: name the column with the member.")
	}
	c.shares(component.Credit, source.View, at)
}

func (c *checker) creditRule(rule CreditRule, source Resolved, resolved bool, at string) {
	personal := rule.Kind == Split || rule.Kind == Overlay
	switch {
	case personal && rule.To == nil:
		c.refuse(at+".to", CodeMissing, "Say who gets it: a column, a member or a team.")
	case !personal && rule.To != nil:
		c.refuse(at+".to", CodeNotTogether, "Credit of the kind %s goes where its kind says. Leave it out.", rule.Kind)
	case rule.To != nil:
		set := 0
		for _, name := range []string{rule.To.Column, rule.To.Member, rule.To.Team} {
			if strings.TrimSpace(name) != "" {
				set++
			}
		}
		if set != 1 {
			c.refuse(at+".to", CodeNotTogether, "Set exactly one of column, member and team: %d are.", set)
		} else if rule.To.Column != "" && resolved {
			checkMemberColumn(source.View, rule.To.Column, true, at+".to.column", &c.problems)
		}
	}
	if rule.Share != nil {
		switch {
		case rule.ShareFrom != "":
			c.refuse(at+".share_from", CodeNotTogether, "Set share or share_from, not both.")
		case rule.Share.Sign() < 0:
			c.refuse(at+".share", CodeRange, "It is %s, and cannot be below 0.", percent(*rule.Share))
		case rule.Share.IsZero():
			c.warn(at+".share", CodeUnusual, "It is 0: nobody gets anything.")
		case number.Of(1).Less(*rule.Share):
			c.warn(at+".share", CodeUnusual, "It is %s, more than the whole value.", percent(*rule.Share))
		}
	}
	if rule.Kind != RollUp && (rule.Levels != 0 || rule.Overlays || rule.Own == Add) {
		c.refuse(at, CodeNotTogether, "levels, overlays and own are of roll-ups, and this is of the kind %s.", rule.Kind)
	}
	if resolved && rule.ShareFrom != "" {
		c.compiles(rule.ShareFrom, &source.View, formula.Decimal, at+".share_from")
	}
	if resolved && rule.When != "" {
		c.compiles(rule.When, &source.View, formula.Bool, at+".when")
	}
}

// shares holds the shares of direct and split rules against what they are to come to, as far as they are known before there is
// a record: those of formulas, of rules with a condition, of teams and of columns with several members depend on it.
func (c *checker) shares(credit Crediting, v view.View, at string) {
	var sum number.Number
	fixed, some := true, false
	for _, rule := range credit.Rules {
		if rule.Kind != Direct && rule.Kind != Split {
			continue
		}
		some = true
		if rule.Share == nil || rule.When != "" || rule.To != nil && (rule.To.Team != "" || holdsMany(v, rule.To.Column)) {
			fixed = false
			continue
		}
		sum = sum.Add(*rule.Share)
	}
	whole := number.Of(1)
	switch {
	case credit.Total == AnyTotal || !some:
	case whole.Less(sum):
		c.refuse(at+".rules", CodeShares, "The shares of direct and split credit come to %s, which is more than 100 %%. Give the owner a share, too, or set total to any.", percent(sum))
	case credit.Total == Exactly100 && fixed && sum.Less(whole):
		c.refuse(at+".rules", CodeShares, "The shares of direct and split credit come to %s, not to 100 %%. Set total to at_most_100, if the rest is nobody's.", percent(sum))
	}
}

// holdsMany tells whether a column can name several members.
func holdsMany(v view.View, name string) bool {
	i := v.Column(name)
	return i >= 0 && (v.Columns[i].Type == schema.MultiChoice || v.Columns[i].Type == schema.Unknown)
}

// additive tells whether what two sets of credits come to is the sum of what each does.
func (m Measure) additive() bool { return m.Kind == Sum || m.Kind == Count }

// checkMeasure checks what credits add up to.
func checkMeasure(c *checker, component *Component, at string) {
	m := component.Measure
	switch weighing := m.Kind == Ratio || m.Kind == Weighted; {
	case weighing && component.Weight == "":
		c.refuse(at+".weight", CodeMissing, "A measure of the kind %s divides by the weights. Say what a record weighs.", m.Kind)
	case !weighing && component.Weight != "":
		c.warn(at+".weight", CodeNotTogether, "Only the measures ratio and weighted go by it, so it makes no difference.")
	}
	switch {
	case m.Kind == Distinct && component.Key == "":
		c.refuse(at+".key", CodeMissing, "A measure of the kind distinct counts different keys. Say what the key of a record is.")
	case m.Kind != Distinct && component.Key != "":
		c.warn(at+".key", CodeNotTogether, "Only the measure distinct goes by it, so it makes no difference.")
	}
	if m.Shared && m.Kind != Count {
		c.warn(at+".measure.shared", CodeNotTogether, "Only the measure count goes by it, so it makes no difference.")
	}
	for i, kind := range m.Of {
		given := slices.ContainsFunc(component.Credit.Rules, func(r CreditRule) bool { return r.Kind == kind })
		if !given {
			c.refuse(place(at, "measure", "of", i), CodeUnknownName, "No rule of credit gives any of the kind %s.", kind)
		}
		if slices.Contains(m.Of[:i], kind) {
			c.warn(place(at, "measure", "of", i), CodeTwice, "%s is there already.", kind)
		}
	}
	window := m.Window.kind()
	switch {
	case window == "" && m.TrueUp == AtRate:
		c.warn(at+".measure.true_up", CodeNotTogether, "Only windows to date go by it, so it makes no difference.")
	case window != "" && longer(c.d.Period, window):
		c.refuse(at+".measure.window", CodeNotTogether, "The period is a %s, and the window %s is shorter.", c.d.Period, m.Window)
	case window != "" && window == c.d.Period:
		c.warn(at+".measure.window", CodeNotTogether, "The period is a %s itself, so it makes no difference.", c.d.Period)
	}
}

// kind gives the length of a window to date; empty for the period.
func (w Window) kind() calendar.Kind {
	switch w {
	case QuarterToDate:
		return calendar.Quarterly
	case HalfToDate:
		return calendar.HalfYear
	case YearToDate:
		return calendar.Yearly
	}
	return ""
}

// longer tells whether the periods of one kind are longer than those of another.
func longer(a, b calendar.Kind) bool {
	return slices.Index(calendar.Kinds(), a) > slices.Index(calendar.Kinds(), b)
}

// checkQuota checks what the measure is divided by.
func checkQuota(c *checker, component *Component, at string) {
	if component.Quota != nil {
		c.goal(component.Quota.Goal, at+".quota")
	}
}

func (c *checker) goal(g Goal, at string) {
	switch {
	case g.Amount == nil:
	case g.Amount.Sign() < 0:
		c.refuse(at+".amount", CodeRange, "It is %s, and cannot be below 0.", g.Amount)
	case g.Amount.IsZero():
		c.warn(at+".amount", CodeUnusual, "It is 0.")
	}
	if g.Per != "" && longer(c.d.Period, g.Per) {
		c.refuse(at+".per", CodeNotTogether, "The program's period is a %s, and this is for a %s. State it for a %s or for longer.", c.d.Period, g.Per, c.d.Period)
	}
	if g.Per != "" && g.Spread == Equal && c.d.Period == calendar.Weekly && longer(g.Per, calendar.Weekly) && c.d.Calendar.Pattern == "" {
		c.refuse(at+".spread", CodeNotTogether, "A %s is not made of whole weeks, so that it has no equal parts. Spread it by days.", g.Per)
	}
	for i, part := range g.Ramp {
		switch {
		case part.Sign() < 0:
			c.refuse(place(at, "ramp", i), CodeRange, "It is %s, and cannot be below 0.", percent(part))
		case number.Of(1).Less(part):
			c.warn(place(at, "ramp", i), CodeUnusual, "It is %s: more than without a ramp.", percent(part))
		}
	}
}

// checkClawback checks what happens to deals that are lost.
func checkClawback(c *checker, component *Component, at string) {
	claw := component.Clawback
	if claw == nil {
		return
	}
	at += ".clawback"
	if source, resolved := c.sources[component.Name]; resolved {
		if strings.TrimSpace(claw.When) != "" {
			c.compiles(claw.When, &source.View, formula.Bool, at+".when")
		}
		if claw.Date != "" {
			checkDateColumn(source.View, claw.Date, at+".date", &c.problems)
		}
	}
	c.part(claw.Share, at+".share")
	if claw.Policy == NegativeSale && !component.Measure.additive() {
		c.refuse(at+".policy", CodeNotTogether, "A negative sale takes away nothing from a measure of the kind %s. Restate, or take back.", component.Measure.Kind)
	}
	if component.Rate == nil && claw.Policy == TakeBack {
		c.refuse(at+".policy", CodeNotTogether, "The component pays nothing, so there is nothing to take back. Restate, or make it a negative sale.")
	}
}

// part refuses a share that is not above 0 and at most all.
func (c *checker) part(share *number.Number, at string) {
	if share != nil && (share.Sign() <= 0 || number.Of(1).Less(*share)) {
		c.refuse(at, CodeRange, "It is %s, and must be above 0 %% and at most 100 %%.", percent(*share))
	}
}

// checkHold checks what is kept back.
func checkHold(c *checker, component *Component, at string) {
	hold := component.Hold
	if hold == nil {
		return
	}
	at += ".hold"
	c.part(&hold.Share, at+".share")
	if hold.ReleaseDate != "" && hold.AfterDays != 0 {
		c.refuse(at+".after_days", CodeNotTogether, "Set release_date or after_days, not both.")
	}
	if source, resolved := c.sources[component.Name]; resolved && hold.ReleaseDate != "" {
		checkDateColumn(source.View, hold.ReleaseDate, at+".release_date", &c.problems)
	}
	if component.Rate == nil {
		c.refuse(at, CodeNotTogether, "The component pays nothing, so there is nothing to keep back.")
	}
}

// percent writes a part as people do: 7.5 %, and 1/3 where it has no end.
func percent(n number.Number) string {
	if text := n.Mul(number.Of(100)).String(); !strings.Contains(text, "/") {
		return text + " %"
	}
	return n.String()
}
