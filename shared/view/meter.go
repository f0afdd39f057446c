package view

import (
	"cmp"
	"encoding/json"
	"math/big"
	"slices"
	"strings"

	"leadline/shared/fault"
	"leadline/shared/schema"
)

// Value is what a variable measures of one member in one period. Member is empty for rows that are nobody's; Currency
// and Groups are those of the variable.
type Value struct {
	Member   string
	Period   string
	Currency string
	Groups   []string
	// Amount is exact, in the variable's unit. Rows is how many rows it was measured over.
	Amount *big.Rat
	Rows   int64
}

// Skipped counts the rows that passed the filter and are in no value.
type Skipped struct {
	Undated    int64 // no date says in which period they are
	OutOfRange int64 // they are in another period than was asked for
	Empty      int64 // the column has no value
	Unreadable int64 // the column has a value that is no number, no date, or no amount with a currency
}

// Meter measures the rows of a view for one variable. Neither their order matters nor how they come in batches.
type Meter struct {
	variable Variable
	clock    Clock
	period   Period
	within   Range
	filter   []test
	share    []test
	dates    []dating
	column   int
	until    int
	owner    int
	currency int
	groups   []int
	typ      schema.Type
	scale    *big.Rat
	sums     map[string]*tally
	// Skipped is what was left out so far.
	Skipped Skipped
}

type dating struct {
	column int
	when   []test
}

// tally is what is known of one value so far.
type tally struct {
	value Value
	sum   *big.Rat
	met   int64
	seen  map[string]struct{}
}

// NewMeter makes a meter of a variable over rows of its view.
func NewMeter(variable Variable, v View, period Period, within Range, clock Clock) (*Meter, error) {
	if problems := CheckVariable(variable, v); len(problems) > 0 {
		return nil, fault.New(fault.Conflict, CodeBroken, "The variable cannot be evaluated: %s.", problems.String())
	}
	m := &Meter{variable: variable, clock: clock, period: period, within: within, sums: map[string]*tally{},
		column: v.Column(variable.Column), until: v.Column(variable.Until), owner: v.Column(v.Owner), currency: v.Column(variable.Currency)}
	ignore := func(int, string) {} // checked above
	m.filter, m.share = compileAll(variable.Filter, v.Columns, ignore), compileAll(variable.Share, v.Columns, ignore)
	for _, d := range variable.Dates {
		m.dates = append(m.dates, dating{v.Column(d.Column), compileAll(d.When, v.Columns, ignore)})
	}
	for _, name := range variable.GroupBy {
		m.groups = append(m.groups, v.Column(name))
	}
	if m.column >= 0 {
		m.typ = v.Columns[m.column].Type
	}
	m.scale, _ = readScale(variable.Scale)
	return m, nil
}

// Add measures a row.
func (m *Meter) Add(row *Row) {
	if !meetsAll(m.filter, row, m.clock) {
		return
	}
	period, in := m.place(row)
	if !in {
		return
	}
	value := Value{Member: valueText(row.at(m.owner)), Period: period}
	for _, g := range m.groups {
		value.Groups = append(value.Groups, valueText(row.at(g)))
	}
	var n *big.Rat
	var ok bool
	if n, value.Currency, ok = m.measured(row); !ok {
		return
	}
	t := m.tally(value)
	t.value.Rows++
	switch m.variable.Measure {
	case Sum, Average, Duration:
		t.sum.Add(t.sum, n)
	case Min:
		if t.value.Rows == 1 || n.Cmp(t.sum) < 0 {
			t.sum = n
		}
	case Max:
		if t.value.Rows == 1 || n.Cmp(t.sum) > 0 {
			t.sum = n
		}
	case Distinct:
		t.seen[string(row.at(m.column))] = struct{}{}
	case Ratio:
		if meetsAll(m.share, row, m.clock) {
			t.met++
		}
	}
}

func (m *Meter) tally(value Value) *tally {
	key, _ := json.Marshal([]any{value.Member, value.Period, value.Currency, value.Groups}) // texts always encode
	t := m.sums[string(key)]
	if t == nil {
		t = &tally{value: value, sum: new(big.Rat), seen: map[string]struct{}{}}
		m.sums[string(key)] = t
	}
	return t
}

// place gives the period of a row, and tells whether it is one that was asked for.
func (m *Meter) place(row *Row) (period string, in bool) {
	if len(m.dates) == 0 {
		return string(Ever), true
	}
	for _, d := range m.dates {
		value := row.at(d.column)
		if isNull(value) || !meetsAll(d.when, row, m.clock) {
			continue
		}
		at, ok := readMoment(value)
		if !ok {
			m.Skipped.Unreadable++
			return "", false
		}
		day := at.day(m.clock.Zone)
		if !m.within.has(day) {
			m.Skipped.OutOfRange++
			return "", false
		}
		return m.period.name(day), true
	}
	m.Skipped.Undated++
	return "", false
}

// measured reads the number of a row, with its currency if it is money.
func (m *Meter) measured(row *Row) (n *big.Rat, currency string, ok bool) {
	measure := m.variable.Measure
	if measure == Count || measure == Ratio {
		return nil, "", true
	}
	value := row.at(m.column)
	if isNull(value) || measure == Duration && isNull(row.at(m.until)) {
		if len(row.Large) > 0 && row.large(m.column) {
			m.Skipped.Unreadable++
		} else {
			m.Skipped.Empty++
		}
		return nil, "", false
	}
	switch {
	case measure == Distinct:
		return nil, "", true
	case measure == Duration:
		n, ok = m.duration(row)
	case m.typ == schema.Money || m.variable.Amounts != "":
		n, currency, ok = m.amount(row)
	default:
		n, ok = readNumber(value)
	}
	if !ok {
		m.Skipped.Unreadable++
	}
	return n, currency, ok
}

func (m *Meter) duration(row *Row) (*big.Rat, bool) {
	from, ok := readMoment(row.at(m.column))
	until, found := readMoment(row.at(m.until))
	if !ok || !found {
		return nil, false
	}
	return days(from, until, m.clock.Zone), true
}

// amount reads an amount in minor units.
func (m *Meter) amount(row *Row) (n *big.Rat, currency string, ok bool) {
	written := m.variable.Amounts
	if m.typ == schema.Money {
		written = MajorUnits
		n, currency, ok = readMoney(row.at(m.column))
	} else {
		n, ok = readNumber(row.at(m.column))
		currency = valueText(row.at(m.currency))
	}
	digits, known := minorDigits(currency)
	if !ok || !known {
		return nil, "", false
	}
	return inMinorUnits(n, written, digits), currency, true
}

// at gives the value of a column; nil for column -1.
func (r *Row) at(column int) json.RawMessage {
	if column < 0 {
		return nil
	}
	return r.Values[column]
}

// valueText gives a value as the name of a group: a text as it is, anything else as its JSON; empty for none.
func valueText(value json.RawMessage) string {
	if isNull(value) {
		return ""
	}
	if s, ok := readText(value); ok {
		return s
	}
	return string(value)
}

// Values gives what was measured so far, by period, member, currency and groups.
func (m *Meter) Values() []Value {
	values := make([]Value, 0, len(m.sums))
	for _, t := range m.sums {
		v := t.value
		v.Amount = m.result(t)
		values = append(values, v)
	}
	slices.SortFunc(values, func(a, b Value) int {
		return cmp.Or(strings.Compare(a.Period, b.Period), strings.Compare(a.Member, b.Member),
			strings.Compare(a.Currency, b.Currency), slices.Compare(a.Groups, b.Groups))
	})
	return values
}

func (m *Meter) result(t *tally) *big.Rat {
	rows := new(big.Rat).SetInt64(t.value.Rows)
	result := new(big.Rat)
	switch m.variable.Measure {
	case Count:
		result = rows
	case Distinct:
		result.SetInt64(int64(len(t.seen)))
	case Ratio:
		result.Quo(result.SetInt64(t.met), rows)
	case Average, Duration:
		result.Quo(t.sum, rows)
	default:
		result.Set(t.sum)
	}
	return result.Mul(result, m.scale)
}
