package incentive

import (
	"cmp"
	"slices"
	"strings"

	"leadline/shared/calendar"
	"leadline/shared/number"
	"leadline/shared/program"
	"leadline/shared/view"
)

// stake is the part that somebody has of a record, for one reason: 1 is all of it. Of those who take part it becomes a credit.
type stake struct {
	kind        program.CreditKind
	participant string
	part        number.Number
	levels      int
}

// stakes holds at most one for each kind and participant.
type stakes []stake

// add adds a part to what somebody has for a reason.
func (s *stakes) add(more stake) {
	for i := range *s {
		if had := &(*s)[i]; had.kind == more.kind && had.participant == more.participant {
			had.part, had.levels = had.part.Add(more.part), min(had.levels, more.levels)
			return
		}
	}
	*s = append(*s, more)
}

// of gives what somebody has, for all reasons together.
func (s stakes) of(participant string) number.Number {
	var sum number.Number
	for _, one := range s {
		if one.participant == participant {
			sum = sum.Add(one.part)
		}
	}
	return sum
}

// creditStep says who gets credit for which part of the record.
//
// First the shares: direct to the owner, split to others. They must come to what the component says, whoever of those who have
// them takes part. Overlays are besides, and count for no total. Whoever does not take part gets nothing, and takes nothing
// from others. Then those above, and the teams (lead.go).
//
// A component without rules has one: direct, for all of it. Where there are rules and none is direct or split, the owner has all of
// the record, without credit for it: so that managers can be paid for what their people sell, by a component that pays those
// people nothing.
func creditStep(w *recordWork) {
	var few, more [4]stake // nearly all records have no more, and need no memory for it
	owned, ok := w.owned(few[:0])
	if !ok {
		return
	}
	given := stakes(more[:0])
	if w.hasRule(program.Direct, program.Split) {
		given = append(given, owned...)
	}
	if w.hasRule(program.Overlay, program.RollUp) {
		overlays, ok := w.byRules(nil, program.Overlay)
		if !ok {
			return
		}
		given = append(append(given, overlays...), w.led(owned, overlays)...)
	}
	given = append(w.present(given), w.teamed(owned)...)
	if w.refused {
		return
	}
	slices.SortFunc(given, func(a, b stake) int {
		return cmp.Or(cmp.Compare(a.kind, b.kind), strings.Compare(a.participant, b.participant)) // direct before split
	})
	if len(given) == 0 {
		return
	}
	w.credits = make([]Credit, len(given))
	var company number.Number
	for i, s := range given {
		c := &w.credits[i]
		w.credit(c, s)
		if all := company.Add(s.part); (s.kind == program.Direct || s.kind == program.Split) && all.Cmp(number.Of(1)) <= 0 {
			c.Company, company = true, all // where shares come to more, those beyond the whole are nobody's sales
		}
		if w.said != nil {
			w.say("credit", "%s has %s of it (%s): %s.", s.participant, percent(s.part), s.kind, c.Value)
		}
	}
}

// owned gives the shares of the record, and refuses it if they do not come to what the component says.
func (w *recordWork) owned(owned stakes) (stakes, bool) {
	if !w.hasRule(program.Direct, program.Split) {
		if owner := w.owner(); owner != "" {
			owned.add(stake{program.Direct, owner, number.Of(1), 0})
		}
		return owned, true
	}
	owned, ok := w.byRules(owned, program.Direct, program.Split)
	if !ok {
		return nil, false
	}
	var total number.Number
	for _, s := range owned {
		total = total.Add(s.part)
	}
	switch c := total.Cmp(number.Of(1)); {
	case len(owned) == 0:
		w.leaveOut("credit", "no_share", false, "No rule gives anybody a share of it.")
	case w.c.Credit.Total == program.Exactly100 && c != 0:
		w.refuse("credit", "shares", true, "Its shares come to %s, and must come to 100 %%.", percent(total))
		return nil, false
	case w.c.Credit.Total == program.AtMost100 && c > 0:
		w.refuse("credit", "shares", true, "Its shares come to %s, and may come to 100 %% at most.", percent(total))
		return nil, false
	}
	return slices.DeleteFunc(owned, func(s stake) bool { return s.participant == "" }), true
}

// byRules adds what the rules of some kinds give. What they give to nobody that is known has no participant.
func (w *recordWork) byRules(all stakes, kinds ...program.CreditKind) (stakes, bool) {
	for i, r := range w.c.Credit.Rules {
		if !slices.Contains(kinds, r.Kind) {
			continue
		}
		part, ok := w.part(i)
		if !ok {
			return nil, false
		}
		if part.IsZero() {
			continue
		}
		var few [2]string
		for _, to := range w.recipients(i, few[:0]) {
			all.add(stake{r.Kind, to, part, 0})
		}
	}
	return all, true
}

// part gives the part that a rule gives of this record; 0 where it is not for this record.
func (w *recordWork) part(rule int) (number.Number, bool) {
	if when := w.c.whens[rule]; when != nil {
		holds, err := when.Bool(&w.row)
		if err != nil && !noValue(err) {
			w.refuseFormula("credit", "For which records a rule is", err)
			return number.Number{}, false
		}
		if !holds || err != nil {
			return number.Number{}, true
		}
	}
	part, err := w.c.shares[rule].of(&w.row)
	if err != nil {
		w.refuseFormula("credit", "A share", err)
		return part, false
	}
	if part.Sign() < 0 {
		w.refuse("credit", "negative_share", true, "A share of it is %s.", percent(part))
		return part, false
	}
	return part, true
}

// recipients adds whom a rule gives a share to, each of them. One that nobody is known for is empty.
func (w *recordWork) recipients(rule int, all []string) []string {
	r := w.c.Credit.Rules[rule]
	switch {
	case r.Kind == program.Direct:
		return append(all, w.owner())
	case r.To == nil:
		return nil
	case r.To.Team != "":
		return append(all, w.world.Team(r.To.Team, w.hierarchyDay())...)
	case r.To.Member != "":
		return append(all, w.member(r.To.Member))
	}
	all = users(w.row.Values[w.c.to[rule]], all)
	for i, user := range all {
		all[i] = w.member(user)
	}
	return all
}

// owner gives the record's owner; empty for none that is known.
func (w *recordWork) owner() string {
	if w.c.owner >= 0 {
		if owner := text(w.row.Values[w.c.owner]); owner != "" {
			return w.member(owner)
		}
	}
	if user := w.unjoinedOwner(); user != "" {
		w.unknown(user)
	} else {
		w.leaveOut("credit", "no_owner", false, "It has no owner.")
	}
	return ""
}

// unjoinedOwner gives what the record says of its owner, where the view joins the member to it and found none.
func (w *recordWork) unjoinedOwner() string {
	v := &w.c.source.View
	at := slices.IndexFunc(v.Joins, func(j view.Join) bool { return w.c.owner >= 0 && j.Name == v.Columns[w.c.owner].From })
	if at < 0 || v.Joins[at].From != "" {
		return ""
	}
	return text(w.base.Record.Fields[w.c.source.Links[v.Joins[at].Link].From.Field])
}

// member finds the member that a text names; empty for none, which is said.
func (w *recordWork) member(named string) string {
	member, known := w.world.MemberOf(w.base.Record.Connection, named)
	if !known {
		w.unknown(named)
		return ""
	}
	return member
}

func (w *recordWork) unknown(named string) {
	w.leaveOut("credit", "unknown_member", true, "%q is no member, and no user of %s that one is known as.", brief(named), w.base.Record.Connection)
}

// present leaves out those who do not take part on the record's day. Whoever has a share of one's own is named; a roll-up is for
// whoever is above, and nobody asks why not.
func (w *recordWork) present(all stakes) stakes {
	return slices.DeleteFunc(all, func(s stake) bool {
		if s.participant == "" {
			return true
		}
		if w.takesPart(s.participant) {
			return false
		}
		if s.kind != program.RollUp {
			w.leaveOut("credit", "not_taking_part", false, "%s does not take part on %s, and has %s of it (%s).", s.participant, w.date, percent(s.part), s.kind)
		}
		return true
	})
}

// takesPart tells whether a member takes part in the component on the record's day.
func (w *recordWork) takesPart(member string) bool {
	return w.world.TakesPart(w.v.Definition.Participants, member, w.date) && (w.c.For == nil || w.world.TakesPart(*w.c.For, member, w.date))
}

// hierarchyDay is the day on which lines of reporting and teams count.
func (w *recordWork) hierarchyDay() calendar.Date {
	if w.c.Credit.Hierarchy == program.AtPeriodEnd {
		return lastDay(w.v.period(w.date))
	}
	return w.date
}

func (w *recordWork) hasRule(kinds ...program.CreditKind) bool {
	return slices.ContainsFunc(w.c.Credit.Rules, func(r program.CreditRule) bool { return slices.Contains(kinds, r.Kind) })
}

// credit makes the credit for what somebody has of the record.
func (w *recordWork) credit(c *Credit, s stake) {
	r := w.base.Record
	*c = Credit{ID: w.id(s.kind, s.participant, false), Component: w.c.Name, Version: w.v.Number, Participant: s.participant, Kind: s.kind,
		Date: w.date, At: w.at, Record: r.Key, Rev: r.Rev, Value: w.value.Mul(s.part), Share: s.part, Weight: w.weight.Mul(s.part), Key: w.key,
		Rate: w.rate, Levels: s.levels}
	if w.currency != "" {
		c.Worth, c.Currency = w.worth, w.currency
	}
	for _, d := range w.c.cells {
		if c.Cell == nil {
			c.Cell = map[string]string{}
		}
		c.Cell[d.dimension] = text(w.row.Values[d.column])
	}
	if h := w.c.Hold; h != nil {
		c.Release = w.day(w.c.released)
		if h.AfterDays > 0 {
			c.Release = w.date.AddDays(h.AfterDays)
		}
	}
}

// percent writes a part of the whole for people.
func percent(part number.Number) string { return part.Mul(number.Of(100)).String() + " %" }
