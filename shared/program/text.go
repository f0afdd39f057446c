package program

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"leadline/shared/calendar"
	"leadline/shared/number"
)

// Text gives the plan in words, for those who are paid by it and those who pay: a paragraph for what holds for all of it, one for
// each component, and one for limits and ranks. It says what the settings say and what is left to defaults. It is generated, so
// that it cannot differ from what is reckoned. Formulas stand in it as they were written.
func Text(d Definition) string { return TextOver(d, nil) }

// TextOver is Text that says what variables mean, too: by the sources that Resolve gave, as far as there are any.
func TextOver(d Definition, sources map[string]Resolved) string {
	d = EffectiveDefinition(d)
	w := &writer{currency: d.Currency, period: d.Period}
	w.say("%s", d.Title)
	w.paragraph()
	if d.Description != "" {
		w.say("%s", d.Description)
		w.paragraph()
	}
	w.program(d)
	for i, c := range d.Components {
		w.paragraph()
		w.component(i+1, c, sources[c.Name])
	}
	if len(d.Limits) > 0 {
		w.paragraph()
		w.limits(d.Limits)
	}
	if d.Standing != nil {
		w.paragraph()
		w.standing(*d.Standing, d.Components)
	}
	return strings.Join(w.paragraphs, "\n\n") + "\n\n" + strings.TrimSpace(w.b.String()) + "\n"
}

// writer writes sentences.
type writer struct {
	b          strings.Builder
	paragraphs []string
	currency   string
	period     calendar.Kind
}

func (w *writer) say(format string, args ...any) {
	if w.b.Len() > 0 && !strings.HasSuffix(w.b.String(), "\n") {
		w.b.WriteByte(' ')
	}
	fmt.Fprintf(&w.b, format, args...)
}

// item writes a line of a list.
func (w *writer) item(format string, args ...any) {
	if !strings.HasSuffix(w.b.String(), "\n") {
		w.b.WriteByte('\n')
	}
	w.b.WriteString("  - ")
	fmt.Fprintf(&w.b, format, args...)
	w.b.WriteByte('\n')
}

func (w *writer) paragraph() {
	if text := strings.TrimSpace(w.b.String()); text != "" {
		w.paragraphs = append(w.paragraphs, text)
	}
	w.b.Reset()
}

// program writes what holds for all components.
func (w *writer) program(d Definition) {
	kind := map[Kind]string{Commission: "commission plan", Contest: "contest"}[d.Kind]
	w.say("This is a %s. It is reckoned for each %s, in %s.", kind, d.Period, d.Currency)
	w.say("%s", calendarText(d.Calendar, d.Period))
	w.say("A record counts on the day that it has in the time zone %s.", d.Zone)
	w.say("Who takes part: %s; everybody while active.", participantsText(d.Participants))
	w.say("Amounts in other currencies are converted at the rate %s.", map[RateDate]string{OnRecordDate: "of the day on which the record counts",
		OnPeriodStart: "of the first day of the period", OnPeriodEnd: "of the last day of the period"}[d.Exchange.On])
	if len(d.Exchange.Currencies) > 0 {
		w.say("Records are expected in %s, too.", list(d.Exchange.Currencies))
	}
	w.say("What a component comes to in a period is rounded once, to the smallest unit of the currency, %s; nothing is rounded before, and no value is rounded before it is compared.",
		map[number.Mode]string{number.HalfAway: "halves away from zero", number.HalfEven: "halves to the even digit", number.HalfDown: "halves towards zero",
			number.Down: "towards zero", number.Up: "away from zero"}[d.Rounding])
	w.say("%s", map[MidPeriod]string{
		ByDate: "Where another version of the plan begins within a period, each counts for the records of its own days, with quotas for these days; limits are those of the later one.",
		AtEnd:  "Where another version of the plan begins within a period, the one that is in force at its end counts for all of it."}[d.MidPeriod])
}

func calendarText(c calendar.Calendar, period calendar.Kind) string {
	var text string
	month := time.Month(max(c.YearStarts, 1)).String()
	switch {
	case c.Pattern != "":
		ends := map[calendar.YearEnd]string{"": "on the last day before", calendar.Last: "on the last day before", calendar.Nearest: "on the day nearest to the one before"}[c.YearEnds]
		text = fmt.Sprintf("A quarter has months of %s weeks; a year ends %s 1 %s on which a week ends.", c.Pattern, ends, month)
	case c.YearStarts > 1:
		text = "Years begin on 1 " + month + "."
	default:
		text = "Periods are those of the calendar year."
	}
	if period == calendar.Weekly || c.Pattern != "" {
		text += fmt.Sprintf(" Weeks begin on %s.", time.Weekday(max(c.WeekStarts, 1)%7))
	}
	return text
}

func participantsText(p Participants) string {
	var some []string
	if len(p.Roles) > 0 {
		some = append(some, "members with the role "+either(p.Roles))
	}
	if len(p.Teams) > 0 {
		some = append(some, "members of the team "+either(p.Teams))
	}
	if len(p.Members) > 0 {
		some = append(some, "the members "+list(p.Members))
	}
	text := cmp.Or(strings.Join(some, ", and "), "all members")
	if len(p.Except) > 0 {
		text += ", but not " + list(p.Except)
	}
	return text
}

// component writes what one component does.
func (w *writer) component(number int, c Component, r Resolved) {
	unsaid := r.Variable == nil && c.Source.Variable != "" // what a variable brings is not known
	unsaidValue, unsaidMeasure := unsaid && c.Value == "", unsaid && c.Measure.Kind == ""
	c = Effective(c, r)
	w.say("%d. %s (%s).", number, cmp.Or(c.Title, c.Name), c.Name)
	if c.For != nil {
		w.say("It is for %s, of those who take part.", participantsText(*c.For))
	}
	w.source(c, r)
	w.worth(c, unsaidValue)
	w.credit(c)
	w.measure(c, unsaidMeasure)
	if c.Quota != nil {
		w.goal("quota", c.Quota.Goal, c.Currency != "" && c.Measure.Kind != Count && c.Measure.Kind != Distinct)
		w.say("Attainment is what is reached, divided by the quota; without a quota, or with one of zero, %s.",
			map[ZeroQuota]string{Nothing: "nothing is attained", Full: "all of it is"}[c.Quota.None])
	}
	w.pay(c)
	w.adjustments(c)
	w.clawback(c)
	if h := c.Hold; h != nil {
		until := "until somebody releases it"
		switch {
		case h.ReleaseDate != "":
			until = "until the day in " + h.ReleaseDate
		case h.AfterDays > 0:
			until = fmt.Sprintf("until %d days after the day of the record", h.AfterDays)
		}
		w.say("Of what each record earns, %s is held back %s.", percent(h.Share), until)
	}
}

func (w *writer) source(c Component, r Resolved) {
	switch {
	case r.Variable != nil && r.Variable.Description != "":
		w.say("It goes by the variable %q, %s: %s", c.Source.Variable, r.Variable.Title, r.Variable.Description)
	case c.Source.Variable != "":
		w.say("It goes by the variable %q.", c.Source.Variable)
	default:
		w.say("It goes by the records of the view %q.", c.Source.View)
	}
	if len(c.Source.Dates) > 0 {
		w.say("A record counts on the day in %s.", strings.Join(c.Source.Dates, ", or if that is empty, in "))
	}
	if len(c.Qualifiers) > 0 {
		w.say("Records count if all of this is true:")
		for _, q := range c.Qualifiers {
			w.item("%s: %s", q.Name, q.Formula)
		}
	}
}

func (w *writer) worth(c Component, unsaid bool) {
	switch {
	case unsaid:
		w.say("Each is worth what the variable measures.")
	case c.Measure.Kind == Count || c.Measure.Kind == Distinct:
	default:
		w.say("Each is worth %s.", c.Value)
	}
	if c.Currency != "" {
		w.say("That is money in the currency %s.", c.Currency)
	}
	if c.Weight != "" {
		w.say("Its weight is %s.", c.Weight)
	}
	if c.Key != "" {
		w.say("Its key is %s.", c.Key)
	}
}

func (w *writer) credit(c Component) {
	owner := "its owner"
	if c.Source.Owner != "" {
		owner = "the member in " + c.Source.Owner
	}
	rules := c.Credit.Rules
	if len(rules) == 1 && rules[0].Kind == Direct && rules[0].When == "" && rules[0].ShareFrom == "" && rules[0].Share.Equal(number.Of(1)) {
		w.say("All of it is credited to %s.", owner)
		return
	}
	w.say("Credit for it goes to:")
	shared := slices.ContainsFunc(rules, func(r CreditRule) bool { return r.Kind == Direct || r.Kind == Split })
	people := "those who have a share"
	if !shared {
		people = owner
	}
	for _, r := range rules {
		w.item("%s", ruleText(r, owner, people))
	}
	if shared {
		w.say("Shares of the owner and of those it is split with come to %s; other credit is besides.", map[ShareTotal]string{
			Exactly100: "exactly 100 %, or the record waits until somebody looks at it", AtMost100: "at most 100 %", AnyTotal: "whatever they are"}[c.Credit.Total])
	}
	w.say("%s", map[HierarchyDate]string{AtRecordDate: "Teams and lines of reporting are those of the day of the record.",
		AtPeriodEnd: "Teams and lines of reporting are those of the last day of the period."}[c.Credit.Hierarchy])
}

func ruleText(r CreditRule, owner, people string) string {
	share := "all of the value"
	switch {
	case r.ShareFrom != "":
		share = "the share " + r.ShareFrom
	case !r.Share.Equal(number.Of(1)):
		share = percent(*r.Share)
	}
	to := owner
	if r.To != nil {
		to = cmp.Or(prefixed("the member in ", r.To.Column), prefixed("the member ", r.To.Member), prefixed("each member of the team ", r.To.Team))
	}
	var text string
	switch r.Kind {
	case Direct:
		text = owner + ": " + share
	case Split:
		text = to + ", who shares it: " + share
	case Overlay:
		text = to + ", besides, so that nobody's share gets less: " + share
	case Team:
		text = "the teams of " + people + ", as participants of their own: " + share
	case RollUp:
		levels := "all the way up"
		if r.Levels == 1 {
			levels = "one level up"
		} else if r.Levels > 1 {
			levels = fmt.Sprintf("%d levels up", r.Levels)
		}
		text = fmt.Sprintf("the managers of %s, %s: %s, %s", people, levels, share, map[OwnCredit]string{
			Once: "less what a manager has of his or her own, so that no record counts for more than once for one person", Add: "also where a manager has a share already"}[r.Own])
		if r.Overlays {
			text += ", overlays too"
		}
	}
	if r.When != "" {
		text += ", if " + r.When
	}
	return text
}

func prefixed(before, name string) string {
	if name == "" {
		return ""
	}
	return before + name
}

func (w *writer) measure(c Component, unsaid bool) {
	m := c.Measure
	what := map[MeasureKind]string{Sum: "the sum of the credits", Count: "the number of credits", Distinct: "the number of different keys", Average: "the average of the credits",
		Ratio: "the sum of the values divided by that of the weights", Weighted: "the average of the values, each by its weight", Max: "the largest credit", Min: "the smallest credit"}[m.Kind]
	if unsaid {
		what = "what the variable says of the credits"
	}
	if len(m.Of) > 0 {
		var kinds []string
		for _, k := range m.Of {
			kinds = append(kinds, map[CreditKind]string{Direct: "direct", Split: "split", Overlay: "overlay", RollUp: "roll-up", Team: "team"}[k])
		}
		what += " (" + list(kinds) + " credit only)"
	}
	window := map[Window]string{ThisPeriod: "in the period", QuarterToDate: "from the beginning of the quarter to the end of the period",
		HalfToDate: "from the beginning of the half year to the end of the period", YearToDate: "from the beginning of the year to the end of the period"}[m.Window]
	w.say("What counts is %s %s.", what, window)
	if m.Shared {
		w.say("A shared record counts by its share.")
	}
	if m.Window != ThisPeriod {
		w.say("%s", map[TrueUp]string{Deduct: "What earlier periods of that time earned is deducted.",
			AtRate: "Paid are the credits of this period alone, at the rates that were reached; what earlier periods earned stays as it is."}[m.TrueUp])
	}
}

// goal writes a quota or a target.
func (w *writer) goal(what string, g Goal, money bool) {
	text := "each participant's own"
	if g.Amount != nil {
		text = grouped(*g.Amount)
		if money {
			text = w.money(*g.Amount)
		}
	}
	if g.Per != "" {
		text += fmt.Sprintf(" for a %s", g.Per)
	}
	if g.Amount != nil {
		text += ", unless a participant has another"
	}
	w.say("The %s is %s.", what, text)
	if g.Per != "" && g.Per != w.period {
		w.say("It falls on the periods in it %s.", map[Spread]string{Equal: "in equal parts", SpreadDay: "by their days"}[g.Spread])
	}
	w.say("%s", map[Prorate]string{ByDays: "Who takes part on some of the days has less of it, by days.", Whole: "Who takes part on some of the days has all of it."}[g.Prorate])
	if len(g.Ramp) > 0 {
		var parts []string
		for _, part := range g.Ramp {
			parts = append(parts, percent(part))
		}
		w.say("In somebody's first periods %s of it count, then all of it.", list(parts))
	}
}
