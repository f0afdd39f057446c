package tax

import (
	"strings"

	"leadline/shared/money"
	"leadline/shared/number"
)

// why says for people how a line came about.
func (w work) why(l Line, now Year, crossing bool) string {
	var b strings.Builder
	t := w.v.Threshold
	switch {
	case t != nil && !now.Crossed:
		bound := "not above "
		if t.Crossed == Reaches {
			bound = "below "
		}
		b.WriteString("Nothing: the year comes to " + w.money(now.Base) + ", " + bound + w.threshold() + ".")
	case len(w.v.Bands) > 1:
		b.WriteString("By bands of the year, which comes to " + w.money(now.Base) + ", of " + w.money(l.Base) + ".")
	default:
		b.WriteString(percent(l.Rate) + " of " + w.money(l.Base))
		if crossing {
			bound := "is above "
			if t.Crossed == Reaches {
				bound = "reaches "
			}
			b.WriteString(": with this payment the year " + bound + w.threshold())
		}
		b.WriteString(".")
	}
	if w.missing && (t == nil || now.Crossed) {
		b.WriteString(" The rate is that for a missing tax id.")
	}
	if l.ByPayer {
		b.WriteString(" The payer bears the tax, which is part of what is taxed.")
	}
	if l.Left > 0 {
		b.WriteString(" There is too little cash: " + w.money(l.Left) + " is left for the year's next payments.")
	}
	if l.Reportable {
		b.WriteString(" The year is reported to the authority.")
	}
	return b.String()
}

func (w work) money(amount int64) string { return writeMinor(amount, w.p.Currency) }

func (w work) threshold() string { return writeMajor(w.v.Threshold.Amount, w.p.Currency) }

// writeMinor writes an amount of minor units as 25,000.00 INR.
func writeMinor(amount int64, currency string) string {
	text := money.Amount{Minor: amount, Currency: currency}.String()
	end := strings.IndexAny(text, ". ")
	return grouped(text[:end]) + text[end:]
}

// writeMajor writes an amount of major units, without decimals that say nothing.
func writeMajor(amount number.Number, currency string) string {
	whole, rest, found := strings.Cut(amount.String(), ".")
	if found {
		rest = "." + rest
	}
	return grouped(whole) + rest + " " + currency
}

func grouped(digits string) string {
	for at := len(digits) - 3; at > 0 && digits[at-1] != '-'; at -= 3 {
		digits = digits[:at] + "," + digits[at:]
	}
	return digits
}

// percent writes a rate: 2 %.
func percent(rate number.Number) string { return rate.Mul(number.Of(100)).String() + " %" }
