package tax

import (
	"leadline/shared/number"
)

// work is one rule at one payment.
type work struct {
	p        Payment
	v        Version
	rule     Rule
	rate     number.Number
	missing  bool // rate is that for a missing tax id
	rounding Rounding
	was      Year
	amount   int64
}

// reckon gives the line, and the year as it becomes. Tax of cash is at most cash, which is what is left of it.
func (w work) reckon(cash int64) (Line, Year, error) {
	now, crossing := w.cross()
	taxable := max(0, now.Base-now.Assessed-now.Exempt)
	if w.v.Threshold != nil && !now.Crossed {
		taxable = 0
	}
	gross := w.rule.GrossUp && w.p.GrossUp
	before := w.was.due()
	grown := w.grown(now.Base, taxable, gross)
	due := before.Add(grown)
	rounded, err := w.round(due)
	if err != nil {
		return Line{}, Year{}, err
	}
	line := Line{Rule: w.rule.ID, Section: w.rule.named(), Of: string(w.rule.Of), Base: taxable, Rate: w.rate, Reported: w.v.Reporting, Reportable: w.v.Reporting && (w.v.Threshold == nil || now.Crossed)}
	if len(w.v.Bands) > 0 {
		line.Rate = bandAt(w.v.Bands, minorBands(w.p.Currency), now.Base)
	}
	switch {
	case gross:
		// What is left of earlier payments is the payee's: the payer bears what this benefit adds.
		then, err := w.round(before)
		if err != nil {
			return Line{}, Year{}, err
		}
		line.Tax = max(0, rounded-then)
		line.ByPayer = line.Tax > 0
		line.Base += line.Tax
		now.Base, now.Assessed = now.Base+line.Tax, now.Assessed+line.Tax
	case w.rule.Of == OfCash:
		whole := max(0, rounded-w.was.Withheld)
		line.Tax = min(whole, cash)
		line.Left = whole - line.Tax
	default:
		line.Tax = max(0, rounded-w.was.Withheld)
	}
	now.Assessed += taxable
	now.Withheld += line.Tax
	if now.Due = due.String(); due.IsZero() {
		now.Due = ""
	}
	line.Why = w.why(line, now, crossing)
	return line, now, nil
}

// cross adds the payment to the year, and tells whether it crosses the threshold.
func (w work) cross() (now Year, crossing bool) {
	now = w.was
	now.Base += w.amount
	untaxed := max(0, w.was.Base-w.was.Assessed) // with what is exempt already
	t := w.v.Threshold
	if t == nil {
		// What an earlier version did not tax stays so.
		now.Exempt = max(now.Exempt, untaxed)
		return now, false
	}
	if now.Crossed {
		return now, false
	}
	c := number.Of(now.Base).Cmp(minor(t.Amount, w.p.Currency))
	if crossing = c > 0 || c == 0 && t.Crossed == Reaches; crossing {
		now.Crossed = true
		if t.Then == CrossingPayment {
			now.Exempt = max(now.Exempt, untaxed)
		}
	}
	return now, crossing
}

// grown is what the exact tax of the year grows by: tax of the last part of the year's base.
func (w work) grown(base, taxable int64, gross bool) number.Number {
	bands := w.v.Bands
	if len(bands) == 0 {
		bands = []Band{{Rate: w.rate}}
	}
	at, left, sum := number.Of(base-taxable), number.Of(taxable), number.Number{}
	in := minorBands(w.p.Currency)
	for i, b := range bands {
		if left.Sign() == 0 {
			break
		}
		keeps := number.Of(1)
		if gross {
			keeps = keeps.Sub(b.Rate) // of each unit in the band, the payee gets so much
		}
		part, _ := left.Quo(keeps)
		if i+1 < len(bands) {
			part = number.Min(part, number.Max(number.Number{}, in(bands[i+1].Above).Sub(at)))
		}
		at, left, sum = at.Add(part), left.Sub(part.Mul(keeps)), sum.Add(part.Mul(b.Rate))
	}
	return sum
}

// minorBands gives the function that writes bounds of bands in minor units.
func minorBands(currency string) func(number.Number) number.Number {
	return func(above number.Number) number.Number { return minor(above, currency) }
}

// bandAt gives the rate of the band that a year's base ends in.
func bandAt(bands []Band, in func(number.Number) number.Number, base int64) number.Number {
	rate := bands[0].Rate
	for _, b := range bands {
		if in(b.Above).Less(number.Of(base)) {
			rate = b.Rate
		}
	}
	return rate
}

// round gives exact tax in minor units, as a multiple of the step.
func (w work) round(due number.Number) (int64, error) {
	step := number.Of(1)
	switch w.rounding.To {
	case ToOne:
		step = minor(step, w.p.Currency)
	case ToTen:
		step = minor(number.Of(10), w.p.Currency)
	}
	n, _ := due.Quo(step)
	units, err := n.Round(0, w.rounding.Mode)
	if err != nil {
		return 0, err
	}
	return number.Of(units).Mul(step).Round(0, number.Down)
}

// due gives the exact tax so far; of a text that is none, 0.
func (y Year) due() number.Number {
	n, err := number.Parse(y.Due)
	if err != nil {
		return number.Number{}
	}
	return n
}
