package formula

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/cel-go/common/types"

	"leadline/shared/fault"
	"leadline/shared/money"
	"leadline/shared/number"
	"leadline/shared/schema"
	"leadline/shared/view"
)

// column reads one column of a row, when it is asked for and not before.
type column struct {
	name string // as formulas call it
	of   string // the column of the view
	at   int
	typ  *types.Type
	is   schema.Type
	// currency says that it is the currency of a column of the type money, and not its amount.
	currency bool
	amounts  view.Amounts
	// units reads the currency that a number of minor units is in; nil for what is not.
	units *column
}

// currencyOf is what follows the name of a column of the type money where its currency is meant.
const currencyOf = ".currency"

// typeUnread is the type of columns that formulas cannot read: JSON, and those of which no value has come yet.
const typeUnread = "unread"

// find gives the column that a formula calls by a name; nil if there is none.
func find(v *view.View, name string) *column {
	at := v.Column(name)
	if at >= 0 {
		return columnAt(v, at)
	}
	of, found := strings.CutSuffix(name, currencyOf)
	if at = v.Column(of); !found || at < 0 || v.Columns[at].Type != schema.Money {
		return nil
	}
	return &column{name: name, of: of, at: at, typ: types.StringType, is: schema.Money, currency: true}
}

func columnAt(v *view.View, at int) *column {
	of := &v.Columns[at]
	c := &column{name: of.Name, of: of.Name, at: at, typ: celType(of.Type), is: of.Type}
	if of.Type != schema.Number || of.Amounts == "" {
		return c
	}
	c.amounts = of.Amounts
	if units := v.Column(of.Currency); of.Amounts == view.MinorUnits && units >= 0 {
		name := v.Columns[units].Name
		c.units = &column{name: name, of: name, at: units, typ: types.StringType, is: schema.Text}
	}
	return c
}

// celType gives the type that formulas know values of a type by.
func celType(t schema.Type) *types.Type {
	switch t {
	case schema.Number, schema.Money:
		return types.NewOpaqueType(typeDecimal)
	case schema.Text, schema.Choice, schema.Reference:
		return types.StringType
	case schema.Boolean:
		return types.BoolType
	case schema.Date, schema.DateTime:
		return types.TimestampType
	case schema.MultiChoice:
		return types.NewListType(types.StringType)
	}
	return types.NewOpaqueType(typeUnread)
}

// raw gives the JSON of the value; nil if there is none.
func (c *column) raw(row *view.Row) json.RawMessage {
	if c.at >= len(row.Values) {
		return nil
	}
	value := row.Values[c.at]
	if len(value) == 0 || value[0] == 'n' {
		return nil
	}
	return value
}

// has tells whether there is a value. A number of minor units has one only together with its currency.
func (c *column) has(row *view.Row) bool {
	return c.raw(row) != nil && (c.units == nil || c.units.raw(row) != nil)
}

func (c *column) missing(row *view.Row) error {
	if slices.Contains(row.Large, c.of) {
		return fault.New(fault.Invalid, CodeNoValue, "The value of %s is too large to be used in formulas.", c.name)
	}
	return fault.New(fault.Invalid, CodeNoValue, "%s has no value.", c.name)
}

func (c *column) wrong(value json.RawMessage, what string) error {
	return failed("%s holds %s, which is no %s.", c.name, cut(string(value), 60), what)
}

// How long texts are at most, how many stand in a list and how long each is, for the estimate of the cost: what people choose
// among is short.
const (
	longText   = 2_000
	longChoice = 250
	longItem   = 150
	longList   = 50
)

// longest gives how many characters a text has at most for the estimate.
func (c *column) longest() uint64 {
	if c.is == schema.Text && !c.currency {
		return longText
	}
	return longChoice
}

// long tells whether the value may be longer than that. A text has at most as many characters as its JSON has bytes, and of each
// item of a list the JSON has three at least.
func (c *column) long(row *view.Row) bool {
	if c.at >= len(row.Values) {
		return false
	}
	switch size := len(row.Values[c.at]); {
	case size <= min(longItem, longChoice):
		return false
	case c.typ.Kind() == types.StringKind:
		return size > int(c.longest())
	default:
		return c.typ.Kind() == types.ListKind
	}
}

// number reads a decimal, of money in major units.
func (c *column) number(row *view.Row) (number.Number, error) {
	value := c.raw(row)
	if value == nil {
		return number.Number{}, c.missing(row)
	}
	if c.is == schema.Money {
		amount, _, ok := readMoney(value)
		if !ok {
			return number.Number{}, c.wrong(value, "amount of money")
		}
		value = amount
	}
	n, ok := readNumber(value)
	if !ok {
		return number.Number{}, c.wrong(value, "number")
	}
	switch c.amounts {
	case view.Hundredths:
		return n.Mul(number.Frac(1, 100)), nil
	case view.MinorUnits:
		return c.major(row, n)
	}
	return n, nil
}

// major turns minor units into major ones.
func (c *column) major(row *view.Row, minor number.Number) (number.Number, error) {
	if c.units == nil {
		return number.Number{}, failed("%s is in minor units, and the view does not say of which currency.", c.name)
	}
	currency, err := c.units.text(row)
	if err != nil {
		return number.Number{}, err
	}
	digits, known := money.Digits(currency)
	if !known {
		return number.Number{}, failed("%s is in minor units of %s, which is no currency.", c.name, cut(quoted(currency), 20))
	}
	major, _ := minor.Quo(number.Ten(digits))
	return major, nil
}

func readNumber(value json.RawMessage) (number.Number, bool) {
	if len(value) == 0 || len(value) > MaxDigits || value[0] != '-' && (value[0] < '0' || value[0] > '9') {
		return number.Number{}, false
	}
	n, err := number.Parse(string(value))
	return n, err == nil
}

func readMoney(value json.RawMessage) (amount json.RawMessage, currency string, ok bool) {
	var parts struct {
		Amount   json.RawMessage `json:"amount"`
		Value    json.RawMessage `json:"value"`
		Currency string          `json:"currency"`
	}
	if value[0] != '{' || json.Unmarshal(value, &parts) != nil || parts.Currency == "" {
		return nil, "", false
	}
	if parts.Amount == nil {
		parts.Amount = parts.Value
	}
	return parts.Amount, parts.Currency, len(parts.Amount) > 0
}

// text reads a text. A number or a boolean stands for its digits or its word, as in a field of texts.
func (c *column) text(row *view.Row) (string, error) {
	value := c.raw(row)
	if value == nil {
		return "", c.missing(row)
	}
	if c.currency {
		_, currency, ok := readMoney(value)
		if !ok {
			return "", c.wrong(value, "amount of money")
		}
		return currency, nil
	}
	text, ok := readText(value)
	if !ok {
		return "", c.wrong(value, "text")
	}
	return text, nil
}

func readText(value json.RawMessage) (string, bool) {
	switch value[0] {
	case '"':
		if plain, ok := unescaped(value); ok {
			return string(plain), true
		}
		var s string
		err := json.Unmarshal(value, &s)
		return s, err == nil
	case '{', '[':
		return "", false
	}
	return string(value), true
}

// unescaped gives what stands between the quotes, if it stands for itself.
func unescaped(value json.RawMessage) ([]byte, bool) {
	if len(value) < 2 || value[0] != '"' {
		return nil, false
	}
	plain := value[1 : len(value)-1]
	return plain, bytes.IndexByte(plain, '\\') < 0 && utf8.Valid(plain)
}

func (c *column) bool(row *view.Row) (bool, error) {
	switch value := c.raw(row); string(value) {
	case "":
		return false, c.missing(row)
	case "true":
		return true, nil
	case "false":
		return false, nil
	default:
		return false, c.wrong(value, "true or false")
	}
}

// time reads an instant, or the beginning of a day in UTC.
func (c *column) time(row *view.Row) (time.Time, error) {
	value := c.raw(row)
	if value == nil {
		return time.Time{}, c.missing(row)
	}
	if plain, ok := unescaped(value); ok {
		if at, ok := readTime(string(plain)); ok {
			return at, nil
		}
	}
	return time.Time{}, c.wrong(value, "date")
}

// readTime reads what schema.Time reads, and days. It keeps the time zone of the usual form.
func readTime(text string) (time.Time, bool) {
	if len(text) == len(time.DateOnly) {
		day, err := time.ParseInLocation(time.DateOnly, text, time.UTC)
		return day, err == nil
	}
	at, ok := schema.Time(text)
	if !ok {
		return time.Time{}, false
	}
	if zoned, err := time.Parse(time.RFC3339Nano, text); err == nil {
		return zoned, true
	}
	return at, true
}

// list reads texts. One that stands alone is a list of one.
func (c *column) list(row *view.Row) ([]string, error) {
	value := c.raw(row)
	if value == nil {
		return nil, c.missing(row)
	}
	if value[0] != '[' {
		one, ok := readText(value)
		if !ok {
			return nil, c.wrong(value, "list of texts")
		}
		return []string{one}, nil
	}
	var texts []string
	if json.Unmarshal(value, &texts) != nil {
		return nil, c.wrong(value, "list of texts")
	}
	return texts, nil
}
