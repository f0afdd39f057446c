package document

import (
	"maps"
	"slices"
	"strconv"

	"leadline/shared/incentive"
	"leadline/shared/settlement"
)

// components gives a part for each: what was measured against what, and the lines of it.
func (w words) components(r settlement.Reckoned) []Part {
	var all []Part
	for _, o := range r.Result.Components {
		p := Part{Title: w.title(o.Component), Facts: []Fact{{"Comes to", w.money(o.Amount)}, {"Measured", exact(o.Measure) + ", of " + counted(o.Credits, "credit")},
			{"Version of the plan", strconv.Itoa(o.Version)}}}
		if o.Quota != nil {
			p.Facts = append(p.Facts, Fact{"Quota", exact(*o.Quota)})
		}
		if o.Attainment != nil {
			p.Facts = append(p.Facts, Fact{"Attainment", percent(*o.Attainment)})
		}
		if o.Target != nil {
			p.Facts = append(p.Facts, Fact{"Pay at target", exact(*o.Target)})
		}
		for _, g := range o.Goals {
			p.Facts = append(p.Facts, goalFact(g))
		}
		if o.Why != nil {
			p.Facts = append(p.Facts, Fact{"Why nothing is paid", o.Why.Detail})
		}
		p.Table = w.lines(o.Lines)
		all = append(all, p)
	}
	return all
}

// goalFact says how a piece of a quota or target came about.
func goalFact(g incentive.GoalPart) Fact {
	name := "Part of the quota"
	if g.Target {
		name = "Part of the target"
	}
	return Fact{name, exact(g.Amount) + " = " + exact(g.Full) + " × " + strconv.Itoa(g.Days) + " of " + counted(g.Of, "day") + " × " + exact(g.Ramp)}
}

func counted(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return strconv.Itoa(n) + " " + what
}

// lineColumns are the columns of lines.
func lineColumns() []Column {
	return []Column{{"Line", false, 30}, {"From", false, 38}, {"Tier", false, 9}, {"Part of the tier", false, 28}, {"Base", true, 22}, {"Rate", true, 17},
		{"Exact", true, 23}, {"Amount", true, 27}}
}

// lines gives a table of lines, in their order.
func (w words) lines(lines []incentive.Line) Table {
	t := Table{Columns: lineColumns()}
	for _, l := range lines {
		t.Rows = append(t.Rows, w.line(l))
	}
	return t
}

func (w words) line(l incentive.Line) []string {
	kind := kindWords(l.Kind)
	if l.Note != "" {
		kind += ": " + l.Note
	}
	tier, span := "", ""
	if l.Kind == incentive.LineRate || l.Kind == incentive.LineTier {
		tier = strconv.Itoa(l.Tier + 1) // people count from 1
	}
	if !l.From.IsZero() || !l.To.IsZero() {
		span = exact(l.From) + " to " + exact(l.To)
	}
	return []string{kind, w.from(l.Credit), tier, span, some(l.Base), some(l.Rate), exact(l.Exact), w.money(l.Amount)}
}

// limits gives what caps, floors and draws of the whole did.
func (w words) limits(r incentive.Result) []Part {
	var all []Part
	for _, l := range r.Limits {
		p := Part{Title: "Limit " + strconv.Itoa(l.Step+1) + " of the plan", Facts: []Fact{{"Before", w.money(l.Before)}, {"After", w.money(l.After)}}, Table: w.lines(l.Lines)}
		if l.Forgiven != 0 {
			p.Facts = append(p.Facts, Fact{"Written off of draws", w.money(l.Forgiven)})
		}
		all = append(all, p)
	}
	return all
}

func (w words) holds(r incentive.Result) []Part {
	if len(r.Holds) == 0 {
		return nil
	}
	return []Part{{Title: "Held back and released", Table: w.lines(r.Holds)}}
}

func (w words) prizes(s incentive.Standing) []Part {
	if len(s.Prizes) == 0 && s.Rank == 0 {
		return nil
	}
	p := Part{Title: "Prizes", Table: Table{Columns: []Column{{"For", false, 40}, {"Prize", false, 70}, {"Points", true, 20}, {"Amount", true, 30}}}}
	if s.Rank > 0 {
		p.Facts = []Fact{{"Rank", strconv.Itoa(s.Rank)}}
	}
	for _, z := range s.Prizes {
		what := "Rank " + strconv.Itoa(z.Rank)
		if z.Milestone != "" {
			what = "Milestone " + z.Milestone
		}
		thing := z.Thing
		if z.Note != "" && thing != "" {
			thing += ": "
		}
		p.Table.Rows = append(p.Table.Rows, []string{what, thing + z.Note, z.Points, w.money(z.Amount)})
	}
	return []Part{p}
}

// carried gives what the next period begins with.
func (w words) carried(c incentive.Carried) []Part {
	t := Table{Columns: []Column{{"What", false, 60}, {"From", false, 60}, {"Paid on", false, 30}, {"Amount", true, 30}}}
	for _, a := range c.Owed {
		t.Rows = append(t.Rows, []string{"Draw to be recovered", a.Period, "", w.money(a.Amount)})
	}
	for _, component := range slices.Sorted(maps.Keys(c.Excess)) {
		of := "Cut off by a cap of the plan, not lost"
		if component != "" {
			of = "Cut off by a cap of " + w.title(component) + ", not lost"
		}
		t.Rows = append(t.Rows, []string{of, "", "", w.money(c.Excess[component])})
	}
	for _, h := range c.Holds {
		t.Rows = append(t.Rows, []string{"Held back of " + w.title(h.Component) + ", " + h.Period, recordText(h.Record), orElse(string(h.Release), "not known yet"), w.money(h.Amount)})
	}
	if len(t.Rows) == 0 {
		return nil
	}
	return []Part{{Title: "Carried over to the next period", Table: t}}
}

// credits gives what the lines come from, with ids and versions.
func (w words) credits(all []incentive.Credit) []Part {
	if len(all) == 0 {
		return nil
	}
	t := Table{Columns: []Column{{"Day", false, 20}, {"Record", false, 42}, {"Version", true, 16}, {"Component", false, 32}, {"Kind", false, 20}, {"Share", true, 17},
		{"Value", true, 24}, {"Credit", false, 36}}}
	for _, c := range all {
		kind := string(c.Kind)
		if c.Reversal {
			kind += ", reversal"
		}
		t.Rows = append(t.Rows, []string{string(c.Date), recordText(c.Record), strconv.FormatInt(c.Rev, 10), w.title(c.Component), kind, exact(c.Share), exact(c.Value), c.ID})
	}
	return []Part{{Title: "Credits", Table: t}}
}

// adjustments gives what later changes of locked periods come to, with the cause.
func (w words) adjustments(all []settlement.Adjustment) []Part {
	if len(all) == 0 {
		return nil
	}
	t := Table{Columns: []Column{{"Period", false, 17}, {"Line", false, 40}, {"Was", true, 25}, {"Now", true, 25}, {"Amount", true, 25}, {"Cause", false, 62}}}
	for _, a := range all {
		t.Rows = append(t.Rows, []string{a.Period, w.adjusted(a), w.amount(a.Was, a.Points), w.amount(a.Now, a.Points), w.amount(a.Amount, a.Points), causeText(a.Cause)})
	}
	return []Part{{Title: "Adjustments of earlier periods", Table: t}}
}

// adjusted names the line that differs.
func (w words) adjusted(a settlement.Adjustment) string {
	name := orElse(w.title(a.Component), string(a.Kind))
	if a.Kind == settlement.OfHold {
		name += ", held back"
	}
	if a.Line != "" {
		name += ", " + a.Line
	}
	switch {
	case a.Record != nil:
		name += ", " + recordText(*a.Record)
	case a.Credit != "":
		name += ", " + w.from(a.Credit)
	}
	return name
}

// causeText says why a line differs: what kind of change, its detail, and the records with their versions.
func causeText(c settlement.Change) string {
	text := orElse(c.Detail, changeWords(c.Code))
	for _, r := range c.Records {
		text += " [" + recordText(r.Record) + ", version " + strconv.FormatInt(r.WasRev, 10) + " to " + strconv.FormatInt(r.NowRev, 10)
		if r.Was != r.Now {
			text += ": " + orElse(r.Was, "nothing") + " to " + orElse(r.Now, "nothing")
		}
		text += "]"
	}
	return text
}

func changeWords(code settlement.ChangeCode) string {
	switch code {
	case settlement.RecordAdded:
		return "The record came to count."
	case settlement.RecordGone:
		return "The record counts no more."
	case settlement.RecordChanged:
		return "The record counts otherwise."
	case settlement.OtherRecords:
		return "Another record changed, and moved a tier or a limit."
	case settlement.PeopleChanged:
		return "The days of taking part changed."
	case settlement.GoalsChanged:
		return "A goal changed."
	case settlement.PlanChanged:
		return "The plan changed."
	case settlement.CarriedOver:
		return "An earlier period leaves something else."
	case settlement.RanksChanged:
		return "Ranks changed."
	case settlement.RatesChanged:
		return "An exchange rate changed."
	case settlement.EngineChanged:
		return "The engine reckons otherwise."
	}
	return string(code)
}

func (w words) byHand(all []settlement.Manual) []Part {
	if len(all) == 0 {
		return nil
	}
	t := Table{Columns: []Column{{"Adjustment", false, 36}, {"Kind", false, 22}, {"Reason", false, 100}, {"Amount", true, 30}}}
	for _, m := range all {
		reason := m.Reason
		if m.Dispute != "" {
			reason += " (resolves the dispute " + m.Dispute + ")"
		}
		t.Rows = append(t.Rows, []string{m.ID, manualWords(m.Kind), reason, w.amount(m.Amount, m.Kind == settlement.ByHandPoints)})
	}
	return []Part{{Title: "Adjustments by hand", Table: t}}
}

func manualWords(kind settlement.ManualKind) string {
	switch kind {
	case settlement.ByHandMoney:
		return "Money"
	case settlement.ByHandPoints:
		return "Points"
	case settlement.ByHandBenefit:
		return "Benefit in kind"
	}
	return string(kind)
}
