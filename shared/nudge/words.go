package nudge

import (
	"fmt"
	"slices"
	"strings"

	"leadline/shared/incentive"
	"leadline/shared/money"
	"leadline/shared/number"
)

// words are those that a language makes values with.
type words struct {
	oneDeal, moreDeals, about, and, somebody, oneOther, moreOthers, people, rank, points string
}

// Languages lists those that have wordings of their own.
func Languages() []string { return []string{"de", "en", "es"} }

// wordsOf gives the words of a language; English ones where there are none.
func wordsOf(language string) words {
	switch base(language) {
	case "de":
		return words{"1 Abschluss", "%d Abschlüsse", "etwa", "und", "jemand", "1 weitere Person", "%d weitere Personen", "%d Personen", "Rang %d", "%s Punkte"}
	case "es":
		return words{"1 venta", "%d ventas", "unas", "y", "alguien", "1 persona más", "%d personas más", "%d personas", "puesto %d", "%s puntos"}
	}
	return words{"1 deal", "%d deals", "about", "and", "somebody", "1 other", "%d others", "%d people", "rank %d", "%s points"}
}

// base gives the language of a tag without its region: "de" of "de-CH".
func base(language string) string {
	first, _, _ := strings.Cut(language, "-")
	return strings.ToLower(first)
}

func (w words) deals(n int) string {
	if n == 1 {
		return w.oneDeal
	}
	return fmt.Sprintf(w.moreDeals, n)
}

// maxNamed is how many people are named where more went past.
const maxNamed = 2

// by says who went past: names of theirs that may be seen, and how many others.
func (w words) by(names []string, all int) string {
	named := slices.Clone(names[:min(len(names), maxNamed)])
	for i, name := range named {
		named[i] = Plain(name)
	}
	others := all - len(named)
	switch {
	case len(named) == 0 && all == 1:
		return w.somebody
	case len(named) == 0:
		return fmt.Sprintf(w.people, all)
	case others == 1:
		named = append(named, w.oneOther)
	case others > 1:
		named = append(named, fmt.Sprintf(w.moreOthers, others))
	}
	return w.list(named)
}

// list writes a list as a part of a sentence.
func (w words) list(texts []string) string {
	if len(texts) < 2 {
		return strings.Join(texts, "")
	}
	return strings.Join(texts[:len(texts)-1], ", ") + " " + w.and + " " + texts[len(texts)-1]
}

func prizeText(p incentive.Prize, currency, language string) string {
	var parts []string
	if p.Amount != 0 {
		parts = append(parts, minor(p.Amount, currency))
	}
	if p.Points != "" {
		parts = append(parts, fmt.Sprintf(wordsOf(language).points, p.Points))
	}
	if p.Thing != "" {
		parts = append(parts, Plain(p.Thing))
	}
	text := wordsOf(language).list(parts)
	if p.Milestone == "" && p.Rank > 0 {
		text += " (" + fmt.Sprintf(wordsOf(language).rank, p.Rank) + ")"
	}
	return strings.TrimSpace(text)
}

func minor(amount int64, currency string) string {
	return money.Amount{Minor: amount, Currency: currency}.String()
}

// figure writes a number of a measure: money in the digits of its currency, others with two decimals at most.
func figure(n number.Number, isMoney bool, currency string) string {
	if isMoney {
		if a, err := money.FromMajor(n, currency, number.HalfAway); err == nil {
			return a.String()
		}
	}
	hundredths, err := n.Round(2, number.HalfAway)
	if err != nil {
		return n.String()
	}
	return number.Frac(hundredths, 100).String()
}

// percent writes a part as a percentage with one decimal, rounded down: what is not reached does not look as if it were.
func percent(n number.Number) string {
	tenths, err := n.Mul(number.Of(100)).Round(1, number.Down)
	if err != nil {
		return n.String()
	}
	return number.Frac(tenths, 10).String() + " %"
}
