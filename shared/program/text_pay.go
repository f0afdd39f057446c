package program

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"leadline/shared/number"
)

// pay writes the rate table.
func (w *writer) pay(c Component) {
	r := c.Rate
	if r == nil {
		w.say("It pays nothing by itself; others look at it.")
		return
	}
	if r.Target != nil {
		w.goal("variable pay at target", *r.Target, true)
	}
	if r.Each {
		w.say("Each credit is looked at by itself.")
	}
	unit := w.unit(*r, c.Measure)
	if len(r.Cells) == 0 && len(r.Tiers) == 1 && r.Tiers[0].From.IsZero() {
		w.say("It pays %s.", unit(r.Tiers[0].Pay))
		return
	}
	over := byText(r.By, "what is reached")
	if r.By.Of == ByMeasure && r.Each {
		over = "what the credit is worth"
	}
	w.say("What is paid depends on %s.", over)
	if len(r.Cells) > 0 {
		w.cells(r, unit)
	} else {
		w.say("It pays:")
		w.tiers(r.Tiers, r.By, unit)
	}
	if len(r.Tiers) > 1 || slices.ContainsFunc(r.Cells, func(cell Cell) bool { return len(cell.Tiers) > 1 }) || slices.ContainsFunc(r.Dimensions, func(d Dimension) bool { return d.By != nil }) {
		w.say("%s", map[Boundary]string{Lower: "A value exactly on a bound belongs to the tier above it.", Upper: "A value exactly on a bound belongs to the tier below it."}[r.Boundary])
	}
	w.modes(*r)
}

// unit gives the words for what a tier pays.
func (w *writer) unit(r Rate, m Measure) func(number.Number) string {
	each := m.Kind == Count || m.Kind == Distinct
	return func(pay number.Number) string {
		switch {
		case pay.IsZero():
			return "nothing"
		case r.Pays == PaysAmount:
			return w.money(pay)
		case r.Of == OfCount:
			return w.money(pay) + " for each credit"
		case r.Of == OfTarget:
			return "each 1 % of the quota earns " + percent(pay.Mul(number.Frac(1, 100))) + " of the variable pay at target"
		case r.Of == OfMeasure && each:
			return w.money(pay) + " for each that counts"
		case pay.Abs().Less(number.Of(1)):
			return percent(pay) + " of " + map[Base]string{OfMeasure: "what counts", OfValue: "the values"}[r.Of]
		}
		return grouped(pay) + " for each unit of " + map[Base]string{OfMeasure: "what counts", OfValue: "the values"}[r.Of]
	}
}

func (w *writer) tiers(tiers []Tier, by By, unit func(number.Number) string) {
	for i, t := range tiers {
		from, until := bound(by, t.From), "on"
		if i+1 < len(tiers) {
			until = "to " + bound(by, tiers[i+1].From)
		}
		mode := ""
		if !sameModes(tiers) {
			mode = " (" + string(t.Mode) + ")"
		}
		if t.Mode == Interpolated {
			w.item("at %s: %s%s", from, unit(t.Pay), mode)
			continue
		}
		w.item("from %s %s: %s%s", from, until, unit(t.Pay), mode)
	}
}

func bound(by By, n number.Number) string {
	if by.Of == ByAttainment {
		return percent(n)
	}
	return grouped(n)
}

func sameModes(tiers []Tier) bool {
	return !slices.ContainsFunc(tiers, func(t Tier) bool { return t.Mode != tiers[0].Mode })
}

// modes says how tiers pay, for each mode that there is.
func (w *writer) modes(r Rate) {
	what, all := "rate", modesOf(r)
	if r.Pays == PaysAmount {
		what = "amount"
	}
	for _, mode := range []Mode{Marginal, WholeAmount, Interpolated} {
		if !slices.Contains(all, mode) {
			continue
		}
		name := ""
		if slices.ContainsFunc(all, func(m Mode) bool { return m != mode }) {
			name = fmt.Sprintf("Of a tier that is %s: ", mode)
		}
		text := map[Mode]map[string]string{
			Marginal: {"rate": "Each part is paid at the rate of the tier that it lies in; what lies below keeps its own.",
				"amount": "The amount of each tier that is reached is paid, on top of those below."},
			WholeAmount: {"rate": "The rate of the tier that is reached is paid for everything, back to zero.",
				"amount": "The amount of the tier that is reached is paid, and no other."},
			Interpolated: {"rate": "Between two bounds the rate grows in proportion, and is paid for everything; from the last bound on it stays.",
				"amount": "Between two bounds the amount grows in proportion; from the last bound on it stays."}}[mode][what]
		w.say("%s%s", name, text)
	}
}

func (w *writer) cells(r *Rate, unit func(number.Number) string) {
	var names []string
	for _, d := range r.Dimensions {
		if d.By != nil {
			names = append(names, d.Name+" ("+byText(*d.By, "what is reached")+")")
		} else {
			names = append(names, d.Name+" (the record's "+d.Column+")")
		}
	}
	w.say("The table has dimensions of its own: %s.", list(names))
	for _, cell := range r.Cells {
		var at []string
		for _, d := range r.Dimensions {
			value := cell.At[d.Name]
			switch {
			case d.By != nil:
				n, _ := number.Parse(value) // checked by Check
				at = append(at, d.Name+" from "+bound(*d.By, n))
			case value == otherValues:
				at = append(at, "any other "+d.Name)
			default:
				at = append(at, d.Name+" "+value)
			}
		}
		w.item("For %s:", strings.Join(at, ", "))
		for i, t := range cell.Tiers {
			until := "on"
			if i+1 < len(cell.Tiers) {
				until = "to " + bound(r.By, cell.Tiers[i+1].From)
			}
			fmt.Fprintf(&w.b, "      from %s %s: %s\n", bound(r.By, t.From), until, unit(t.Pay))
		}
	}
}

func byText(by By, own string) string {
	of := ""
	if by.Component != "" {
		of = " of " + by.Component
	}
	switch by.Of {
	case ByAttainment:
		return "the attainment" + of
	case ByCount:
		return "the number of credits" + of
	case ByEarned:
		return "what is earned" + cmp.Or(strings.Replace(of, " of ", " by ", 1), " altogether")
	}
	if of != "" {
		return "what is reached in " + by.Component
	}
	return own
}

// adjustments writes what is done to the amount.
func (w *writer) adjustments(c Component) {
	if len(c.Adjust) == 0 {
		return
	}
	w.say("The amount is then changed, in this order:")
	for _, a := range c.Adjust {
		w.item("%s", w.adjustment(a))
	}
}

func (w *writer) adjustment(a Adjustment) string {
	when := ""
	if a.When != nil {
		when = conditionText(*a.When)
	}
	var text string
	switch a.Kind {
	case Gate:
		text = "Unless " + when + ", it is multiplied by " + grouped(*a.Factor)
		if a.Factor.IsZero() {
			text = "Unless " + when + ", nothing is paid"
		}
		return text + "."
	case Multiplier:
		if a.Factor != nil {
			text = "It is multiplied by " + grouped(*a.Factor)
		}
		if a.Curve == nil {
			break
		}
		text = "It is multiplied by a factor that depends on " + byText(a.Curve.By, "what is reached") + ": " + curveText(*a.Curve)
	case Kicker:
		text = w.size(a.Size) + " is paid on top"
	case CapDeal:
		text = "No record earns more than " + w.size(a.Size)
	case Cap:
		text = "It is at most " + w.size(a.Size) + excessText(a.Excess)
	case Floor:
		text = "It is at least " + w.size(a.Size)
	}
	if when != "" {
		text += ", if " + when
	}
	return text + "."
}

func curveText(c Curve) string {
	var parts []string
	for _, t := range c.Tiers {
		parts = append(parts, "from "+bound(c.By, t.From)+" on "+grouped(t.Pay))
	}
	text := strings.Join(parts, ", ") + "; a value exactly on a bound has the factor " + map[Boundary]string{Lower: "above it", Upper: "below it"}[c.Boundary]
	if c.Mode == Interpolated {
		text += "; in between it grows in proportion"
	}
	return text
}

func conditionText(when Condition) string {
	what := byText(when.By, "what is reached")
	switch {
	case when.Below == nil && when.Least != nil:
		return what + " is at least " + bound(when.By, *when.Least)
	case when.Least == nil && when.Below != nil:
		return what + " is below " + bound(when.By, *when.Below)
	case when.Least != nil:
		return what + " is at least " + bound(when.By, *when.Least) + " and below " + bound(when.By, *when.Below)
	}
	return what + " is anything"
}

func excessText(e Excess) string {
	if e == CarriedOver {
		return "; what is above is carried into the next period"
	}
	return "; what is above is lost"
}

func (w *writer) size(s Size) string {
	switch {
	case s.Amount != nil:
		return w.money(*s.Amount)
	case s.OfTarget != nil:
		return percent(*s.OfTarget) + " of the variable pay at target"
	}
	return "nothing"
}

func (w *writer) clawback(c Component) {
	claw := c.Clawback
	if claw == nil {
		return
	}
	within := ""
	if claw.Within > 0 {
		within = fmt.Sprintf(", up to %d days after the day on which it counted", claw.Within)
	}
	w.say("A record is lost on the day in %s if %s%s.", claw.Date, claw.When, within)
	share := "what it earned"
	if !claw.Share.Equal(number.Of(1)) {
		share = percent(*claw.Share) + " of what it earned"
	}
	switch claw.Policy {
	case Restate:
		w.say("Then it counts no more, and its own period is reckoned anew.")
	case NegativeSale:
		w.say("Then it counts as a negative sale in the period of the loss, at the rates there.")
	case TakeBack:
		w.say("Then %s is taken back in the period of the loss; the period in which it was earned stays as it is.", share)
	}
	if claw.Policy != TakeBack && !claw.Share.Equal(number.Of(1)) {
		w.say("That is so for %s of it.", percent(*claw.Share))
	}
}

// money writes an amount of the program's currency.
func (w *writer) money(n number.Number) string { return grouped(n) + " " + w.currency }

// grouped writes a number with its thousands apart.
func grouped(n number.Number) string {
	text, sign := n.String(), ""
	if strings.HasPrefix(text, "-") {
		text, sign = text[1:], "-"
	}
	whole, rest, _ := strings.Cut(text, ".")
	if strings.Contains(text, "/") {
		return sign + text
	}
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if rest != "" {
		whole += "." + rest
	}
	return sign + whole
}

func list(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " and " + words[len(words)-1]
}

func either(words []string) string { return strings.Join(words, " or ") }
