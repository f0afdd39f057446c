package main

import (
	"fmt"
	"strings"
	"time"

	"leadline/shared/number"
)

// String writes an amount of money for people: 1,234.50 EUR.
func (s sum) String() string { return thousands(s.Text) }

// signed writes a difference for people: +1,234.50 EUR.
func (s sum) signed() string {
	if s.Minor > 0 {
		return "+" + s.String()
	}
	return s.String()
}

// thousands sets the thousands of the number that a text begins with apart. What begins with no number stays as it is.
func thousands(text string) string {
	sign, digits := "", text
	if strings.HasPrefix(text, "-") {
		sign, digits = "-", text[1:]
	}
	end := 0
	for end < len(digits) && digits[end] >= '0' && digits[end] <= '9' {
		end++
	}
	var b strings.Builder
	for i := range end {
		if i > 0 && (end-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteByte(digits[i])
	}
	return sign + b.String() + digits[end:]
}

// figureDecimals is how many decimals of a fraction are shown: the exact one stands in --json.
const figureDecimals = 4

// figure writes an exact number for people: decimals as they are, of a fraction the first decimals, and … for the rest.
func figure(exact string) string {
	n, err := number.Parse(exact)
	if err != nil || !strings.Contains(exact, "/") {
		return thousands(exact)
	}
	rounded, ok := roundedTo(n, figureDecimals)
	if !ok {
		return exact
	}
	return thousands(rounded) + "…"
}

// percent writes an exact share for people, to a hundredth of a percent: 104.17 % of 1.041666.
func percent(exact string) string {
	n, err := number.Parse(exact)
	if err != nil {
		return exact
	}
	rounded, ok := roundedTo(n.Mul(number.Of(100)), 2)
	if !ok {
		return exact
	}
	return thousands(rounded) + " %"
}

// roundedTo writes a number with so many decimals at most; not one that is too large to be anything.
func roundedTo(n number.Number, decimals int) (string, bool) {
	units, err := n.Round(decimals, number.HalfAway)
	if err != nil {
		return "", false
	}
	scaled, _ := number.Of(units).Quo(number.Ten(decimals)) // never by zero
	return scaled.String(), true
}

// lastDay gives the day before until, which a span names as its end.
func lastDay(until string) string {
	day, err := time.Parse(time.DateOnly, until)
	if err != nil {
		return until
	}
	return day.AddDate(0, 0, -1).Format(time.DateOnly)
}

// span says on which days something counts.
func span(from, until string) string {
	switch {
	case from == "" && until == "":
		return "always"
	case until == "":
		return "from " + from
	case from == "":
		return "until " + lastDay(until)
	}
	return from + " to " + lastDay(until)
}

func (f inForce) String() string {
	return fmt.Sprintf("version %d (%s)", f.Number, span(f.From, f.Until))
}

// inWords names versions with their days.
func inWords(versions []inForce) string {
	var all []string
	for _, v := range versions {
		all = append(all, v.String())
	}
	return strings.Join(all, ", ")
}

func (r recordRef) String() string { return strings.TrimSpace(r.Object + " " + r.ID) }

func (s programSource) String() string {
	name := s.Object
	if s.Connection != "" {
		name += " of " + s.Connection
	}
	if s.Joined {
		name += " (joined)"
	}
	return name
}

// lines cleans a text of several lines line by line.
func cleanLines(text string) string {
	var all []string
	for line := range strings.SplitSeq(strings.TrimRight(text, "\n"), "\n") {
		all = append(all, clean(line))
	}
	return strings.Join(all, "\n") + "\n"
}
