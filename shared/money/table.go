package money

import (
	"cmp"
	"slices"

	"leadline/shared/calendar"
	"leadline/shared/fault"
	"leadline/shared/number"
)

// RateDecimals is how many decimals an exchange rate has at most.
const RateDecimals = 8

// CodeRate is the code of exchange rates that cannot be.
const CodeRate = "invalid_rate"

// Table is exchange rates by day. It gives the rows that somebody entered and no others: a pair without a row has no rate, though
// its inverse has one or both have one with a third currency. So whatever was converted names one row, and nobody has to guess how
// an inverse was rounded.
//
// A Table does not change, so that many may read it at once. The zero value has no rates.
type Table struct {
	rows map[pair][]Rate // in order of Span
}

type pair struct{ from, to string }

// NewTable makes a table of rows, in any order. A row that cannot be, or that has a day in common with another of its pair, is
// fault.Invalid, CodeRate or CodeCurrency; its place in rates, from 1, is told.
func NewTable(rates []Rate) (*Table, error) {
	type numbered struct {
		Rate
		at int
	}
	byPair := map[pair][]numbered{}
	for i, r := range rates {
		if err := r.Check(); err != nil {
			f := fault.Of(err)
			return nil, fault.New(f.Kind, f.Code, "Rate %d (%s): %s", i+1, r.name(), f.Message)
		}
		of := pair{r.From, r.To}
		byPair[of] = append(byPair[of], numbered{r, i + 1})
	}
	t := &Table{rows: make(map[pair][]Rate, len(byPair))}
	var clash error
	first := 0 // the row whose clash is told: that which comes first, whatever the order of the map
	for of, rows := range byPair {
		slices.SortStableFunc(rows, func(a, b numbered) int { return cmp.Compare(a.Span.From, b.Span.From) })
		sorted := make([]Rate, len(rows))
		for i, r := range rows {
			sorted[i] = r.Rate
			if i == 0 || !rows[i-1].Span.Overlaps(r.Span) {
				continue
			}
			a, b := rows[i-1], r
			if a.at > b.at {
				a, b = b, a
			}
			if first == 0 || b.at < first {
				first = b.at
				clash = fault.New(fault.Invalid, CodeRate, "Rate %d (%s) has days in common with rate %d (%s): end the one on the day on which the other begins.", b.at, b.name(), a.at, a.name())
			}
		}
		t.rows[of] = sorted
	}
	if clash != nil {
		return nil, clash
	}
	return t, nil
}

// Check refuses a rate that cannot be: of a currency that is not known, into itself, not above 0, with more than RateDecimals
// decimals, or on no day.
func (r Rate) Check() error {
	bad := func(text string, args ...any) error { return fault.New(fault.Invalid, CodeRate, text, args...) }
	for _, currency := range []string{r.From, r.To} {
		if _, known := Digits(currency); !known {
			return fault.New(fault.Invalid, CodeCurrency, "%q is no currency: write an active code of ISO 4217, such as EUR.", brief(currency))
		}
	}
	if r.From == r.To {
		return bad("a currency has no rate into itself: take the row out.")
	}
	if r.Value.Sign() <= 0 {
		return bad("the value is %s: it must be above 0.", brief(r.Value.String()))
	}
	units, err := r.Value.Round(RateDecimals, number.Down)
	if err != nil {
		return bad("the value is too large for a rate.")
	}
	if exact, _ := number.Of(units).Quo(number.Ten(RateDecimals)); !exact.Equal(r.Value) {
		return bad("the value has more than %d decimals: round it.", RateDecimals)
	}
	for _, d := range []calendar.Date{r.Span.From, r.Span.Until} {
		if _, err := calendar.ParseDate(string(d)); err != nil {
			return bad("%q is no day. Write it as 2026-11-22.", brief(string(d)))
		}
	}
	if r.Span.Empty() {
		return bad("it holds on no day: until must be after from.")
	}
	return nil
}

func (r Rate) name() string {
	text := brief(r.From) + " to " + brief(r.To)
	if r.Span.From != "" {
		text += " from " + brief(string(r.Span.From))
	}
	return text
}

// On gives the rate on a day; false if there is no row of just that pair. Of a currency into itself it gives 1 on every day, as a
// Rate without days and with the Rev 0, for it is no row.
func (t *Table) On(from, to string, d calendar.Date) (Rate, bool) {
	if from == to {
		return Rate{From: from, To: to, Value: number.Of(1)}, true
	}
	rows := t.rows[pair{from, to}]
	at, found := slices.BinarySearchFunc(rows, d, func(r Rate, d calendar.Date) int { return cmp.Compare(r.Span.From, d) })
	if !found {
		at-- // the last row that begins before the day
	}
	if at < 0 || !rows[at].Span.Holds(d) {
		return Rate{}, false
	}
	return rows[at], true
}

// Gaps gives the days of a span on which there is no rate, in order; none of a currency into itself.
func (t *Table) Gaps(from, to string, span calendar.Span) []calendar.Span {
	if from == to || span.Empty() {
		return nil
	}
	var gaps []calendar.Span
	for _, r := range t.rows[pair{from, to}] {
		if !r.Span.Overlaps(span) {
			continue
		}
		if r.Span.From > span.From {
			gaps = append(gaps, calendar.Span{From: span.From, Until: r.Span.From})
		}
		if r.Span.Until == "" {
			return gaps
		}
		if span.From = r.Span.Until; span.Empty() {
			return gaps
		}
	}
	return append(gaps, span)
}
