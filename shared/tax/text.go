package tax

import (
	"fmt"
	"strings"

	"leadline/shared/calendar"
)

// Text writes a rule set for people, as plain text.
func Text(r Rules) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s (%s)\n%s, in %s. The tax year begins on day %d of month %d, and is called %s.\n", r.Title, r.ID, r.Country, r.Currency, r.Year.Day, r.Year.Month, r.YearOf(firstDay(r)))
	fmt.Fprintf(&b, "The tax of a year is rounded %s.\n", r.Rounding.text(r.Currency))
	if r.Adviser {
		b.WriteString("AN EXAMPLE: a tax adviser must confirm it.\n")
	}
	if r.Note != "" {
		b.WriteString(r.Note + "\n")
	}
	for _, rule := range r.Rules {
		fmt.Fprintf(&b, "\n%s: %s\n  %s; of %s, to %s\n", rule.ID, rule.Title, rule.named(), rule.Of, joined(rule.Classes))
		if rule.YearOf != "" {
			fmt.Fprintf(&b, "  Counts in the same year as %s.\n", rule.YearOf)
		}
		if rule.GrossUp {
			b.WriteString("  The payer may bear the tax, which is then part of what is taxed.\n")
		}
		for _, v := range rule.Versions {
			fmt.Fprintf(&b, "  %s: %s\n", span(v.Span), strings.Join(v.text(r.Currency), " "))
		}
		for _, u := range rule.Unknown {
			b.WriteString("  Not known: " + u + "\n")
		}
	}
	b.WriteString("\nSources:\n")
	for _, s := range r.Sources {
		b.WriteString("  " + s + "\n")
	}
	return b.String()
}

// firstDay gives the first day that a rule counts on.
func firstDay(r Rules) calendar.Date {
	first := calendar.Date("9999-12-31")
	for _, rule := range r.Rules {
		for _, v := range rule.Versions {
			if v.From != "" {
				first = min(first, v.From)
			}
		}
	}
	return first
}

func joined(classes []Class) string {
	var texts []string
	for _, c := range classes {
		texts = append(texts, string(c))
	}
	return strings.Join(texts, ", ")
}

func span(s calendar.Span) string {
	text := "from " + string(s.From)
	if s.From == "" {
		text = "always"
	}
	if s.Until != "" {
		text += " until " + string(s.Until)
	}
	return text
}

func (r Rounding) text(currency string) string {
	to := map[Step]string{ToMinor: "to the minor unit", ToOne: "to 1 " + currency, ToTen: "to 10 " + currency}[r.To]
	return to + " (" + string(r.Mode) + ")"
}

// text gives the sentences of a version.
func (v Version) text(currency string) []string {
	var said []string
	switch {
	case v.Rate != nil:
		said = append(said, percent(*v.Rate)+".")
	case v.PayeeRate:
		said = append(said, "The payee's own rate.")
	case len(v.Bands) == 0:
		said = append(said, "Nothing is withheld.")
	}
	for _, b := range v.Bands {
		said = append(said, percent(b.Rate)+" of what is above "+writeMajor(b.Above, currency)+".")
	}
	if t := v.Threshold; t != nil {
		verb := map[Crossing]string{Above: "is above", Reaches: "reaches"}[t.Crossed]
		then := map[Then]string{Aggregate: "then all of it is taxed", CrossingPayment: "then payments are taxed from the one that does so on"}[t.Then]
		said = append(said, "Once the year "+verb+" "+writeMajor(t.Amount, currency)+"; "+then+".")
	}
	if n := v.NoTaxID; n != nil {
		how := map[How]string{Replaces: percent(n.Rate), AtLeast: "at least " + percent(n.Rate)}[n.How]
		said = append(said, "Without a tax id "+how+".")
	}
	if v.Reporting {
		said = append(said, "The year is reported to the authority.")
	}
	if v.Rounding != nil {
		said = append(said, "Rounded "+v.Rounding.text(currency)+".")
	}
	if v.Note != "" {
		said = append(said, v.Note)
	}
	return said
}
