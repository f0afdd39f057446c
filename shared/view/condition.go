package view

import (
	"encoding/json"
	"math/big"
	"slices"
	"strings"
	"time"

	"leadline/shared/schema"
)

// Op compares the value of a column.
type Op string

// The operators. A column without a value meets IsNull, NotEqual and NotIn, and no other.
const (
	Equal          Op = "eq"
	NotEqual       Op = "ne"
	In             Op = "in"
	NotIn          Op = "not_in"
	Less           Op = "lt"
	LessOrEqual    Op = "lte"
	Greater        Op = "gt"
	GreaterOrEqual Op = "gte"
	Contains       Op = "contains" // a text a part, a multi_choice a choice
	IsNull         Op = "is_null"
	NotNull        Op = "not_null"
	OlderThan      Op = "older_than" // at least so many days ago
)

// Ops lists them.
func Ops() []Op {
	return []Op{Equal, NotEqual, In, NotIn, Less, LessOrEqual, Greater, GreaterOrEqual, Contains, IsNull, NotNull, OlderThan}
}

// Condition is what a row must meet. Of several, all.
type Condition struct {
	Column string          `json:"column"`
	Op     Op              `json:"op"`
	Value  json.RawMessage `json:"value,omitempty"`
}

// Clock says when rows are looked at, and in which time zone days begin.
type Clock struct {
	At   time.Time
	Zone *time.Location
}

// Limits of conditions.
const (
	MaxConditions = 20
	maxListed     = 200
	maxDays       = 36_500
)

// test is a condition that was checked.
type test struct {
	column int
	op     Op
	typ    schema.Type
	// Of these, those that the operator and the type need.
	texts  []string
	number *big.Rat
	many   []*big.Rat
	truth  string
	date   moment
	days   int
}

// compile checks a condition against columns. Its error is for the person who wrote it.
func (c Condition) compile(columns []Column) (test, string) {
	i := slices.IndexFunc(columns, func(col Column) bool { return col.Name == c.Column })
	if i < 0 {
		return test{}, "there is no column " + quoted(c.Column)
	}
	t := test{column: i, op: c.Op, typ: columns[i].Type}
	if !slices.Contains(Ops(), c.Op) {
		return t, "there is no operator " + quoted(string(c.Op))
	}
	if c.Op == IsNull || c.Op == NotNull {
		if len(c.Value) > 0 {
			return t, string(c.Op) + " takes no value"
		}
		return t, ""
	}
	if !slices.Contains(operators(t.typ), c.Op) {
		return t, string(c.Op) + " does not go with a column of the type " + string(t.typ)
	}
	if problem := t.operand(c.Value); problem != "" {
		return t, problem
	}
	return t, ""
}

// operators gives what a type can be compared by, besides the two for null.
func operators(t schema.Type) []Op {
	same := []Op{Equal, NotEqual, In, NotIn}
	order := []Op{Less, LessOrEqual, Greater, GreaterOrEqual}
	switch t {
	case schema.Text, schema.Choice:
		return append(same, Contains)
	case schema.Reference, schema.Unknown: // of which no value has come yet
		return same
	case schema.Number:
		return append(same, order...)
	case schema.Boolean:
		return same[:2]
	case schema.Date:
		return slices.Concat(same[:2], order, []Op{OlderThan})
	case schema.DateTime:
		return append(order, OlderThan)
	case schema.MultiChoice:
		return []Op{Contains}
	}
	return nil
}

// operand reads what the column is compared with.
func (t *test) operand(value json.RawMessage) (problem string) {
	if len(value) == 0 || string(value) == "null" {
		return string(t.op) + " needs a value"
	}
	values := []json.RawMessage{value}
	if t.op == In || t.op == NotIn {
		values = nil
		if json.Unmarshal(value, &values) != nil || len(values) == 0 || len(values) > maxListed {
			return string(t.op) + " needs a list of 1 to 200 values"
		}
	}
	if t.op == OlderThan {
		n, ok := readNumber(value)
		if !ok || !n.IsInt() || n.Sign() < 0 || n.Cmp(big.NewRat(maxDays, 1)) > 0 {
			return "older_than needs a whole number of days"
		}
		t.days = int(n.Num().Int64())
		return ""
	}
	for _, v := range values {
		if problem := t.one(v); problem != "" {
			return problem
		}
	}
	return ""
}

func (t *test) one(value json.RawMessage) (problem string) {
	ok := false
	switch t.typ {
	case schema.Number:
		t.number, ok = readNumber(value)
		t.many = append(t.many, t.number)
	case schema.Boolean:
		t.truth = string(value)
		ok = t.truth == "true" || t.truth == "false"
	case schema.Date, schema.DateTime:
		t.date, ok = readMoment(value)
		ok = ok && (t.typ == schema.DateTime || t.date.dayOnly)
	default:
		var s string
		s, ok = readText(value)
		t.texts = append(t.texts, s)
	}
	if ok {
		return ""
	}
	return "the value is not " + schema.Expected(schema.Field{Type: comparable(t.typ)})
}

// comparable gives the type of one value that a column of a type is compared with.
func comparable(t schema.Type) schema.Type {
	if t == schema.MultiChoice || t == schema.Choice || t == schema.Unknown {
		return schema.Text
	}
	return t
}

// meets tells whether a row meets the condition. What is kept outside its record for its size has a value that cannot
// be compared here: it meets NotNull only.
func (t *test) meets(row *Row, clock Clock) bool {
	value := row.Values[t.column]
	if row.large(t.column) {
		return t.op == NotNull
	}
	if isNull(value) {
		return t.op == IsNull || t.op == NotEqual || t.op == NotIn
	}
	switch t.op {
	case IsNull:
		return false
	case NotNull:
		return true
	case OlderThan:
		m, ok := readMoment(value)
		return ok && m.day(clock.Zone)+int64(t.days) <= dayOf(clock.At, clock.Zone)
	case Contains:
		return t.contains(value)
	case Equal, In:
		return t.equal(value)
	case NotEqual, NotIn:
		return !t.equal(value)
	}
	order, ok := t.compare(value, clock)
	switch t.op {
	case Less:
		return ok && order < 0
	case LessOrEqual:
		return ok && order <= 0
	case Greater:
		return ok && order > 0
	}
	return ok && order >= 0
}

func (t *test) contains(value json.RawMessage) bool {
	if t.typ == schema.MultiChoice {
		var all []string
		return json.Unmarshal(value, &all) == nil && slices.Contains(all, t.texts[0])
	}
	s, ok := readText(value)
	return ok && strings.Contains(s, t.texts[0])
}

func (t *test) equal(value json.RawMessage) bool {
	switch t.typ {
	case schema.Number:
		n, ok := readNumber(value)
		return ok && slices.ContainsFunc(t.many, func(m *big.Rat) bool { return m.Cmp(n) == 0 })
	case schema.Boolean:
		return string(value) == t.truth
	case schema.Date:
		m, ok := readMoment(value)
		return ok && m.dayOnly && m == t.date
	}
	s, ok := readText(value)
	return ok && slices.Contains(t.texts, s)
}

// compare gives the order of a value and the operand. Where one of them is a day, days are compared.
func (t *test) compare(value json.RawMessage, clock Clock) (order int, ok bool) {
	if t.typ == schema.Number {
		n, ok := readNumber(value)
		if !ok {
			return 0, false
		}
		return n.Cmp(t.number), true
	}
	m, ok := readMoment(value)
	if !ok {
		return 0, false
	}
	if m.dayOnly || t.date.dayOnly {
		return int(m.day(clock.Zone) - t.date.day(clock.Zone)), true
	}
	return m.at.Compare(t.date.at), true
}

// compileAll compiles conditions; problems are reported by their place in the list.
func compileAll(conditions []Condition, columns []Column, report func(i int, problem string)) []test {
	tests := make([]test, 0, len(conditions))
	for i, c := range conditions {
		t, problem := c.compile(columns)
		if problem != "" {
			report(i, problem)
			continue
		}
		tests = append(tests, t)
	}
	return tests
}

func meetsAll(tests []test, row *Row, clock Clock) bool {
	for i := range tests {
		if !tests[i].meets(row, clock) {
			return false
		}
	}
	return true
}
