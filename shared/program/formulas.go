package program

import (
	"encoding/json"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"leadline/shared/number"
	"leadline/shared/schema"
	"leadline/shared/view"
)

// ref gives a column as formulas name it.
func ref(column string) string {
	words := []string{"as", "break", "const", "continue", "else", "false", "for", "function", "if", "import", "in", "let", "loop",
		"namespace", "null", "package", "return", "true", "var", "void", "while"}
	if regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`).MatchString(column) && !slices.Contains(words, column) {
		return "row." + column
	}
	if regexp.MustCompile("^[A-Za-z0-9_ ./-]+$").MatchString(column) {
		return "row.`" + column + "`"
	}
	return "row[" + strconv.Quote(column) + "]"
}

// currencyOf gives the formula of the currency of a column; empty if the column holds no money, or in no currency that is named.
func currencyOf(c view.Column) string {
	switch {
	case c.Type == schema.Money:
		return ref(c.Name + ".currency")
	case c.Currency != "":
		return ref(c.Currency)
	}
	return ""
}

// literal writes a number as formulas do: one without an end as a division.
func literal(n number.Number) string { return strings.Replace(n.String(), "/", " / ", 1) }

// times multiplies a formula by a number.
func times(formula string, n number.Number) string {
	if n.Equal(number.Of(1)) {
		return formula
	}
	over, under := n.Big().Num().String(), n.Big().Denom().String()
	switch {
	case under == "1" || !strings.Contains(n.String(), "/"):
		if over == "1" {
			return formula + " / " + under
		}
		return formula + " * " + n.String()
	case over == "1":
		return formula + " / " + under
	}
	return formula + " * " + over + " / " + under
}

// scaleOf reads the scale of a variable: a number, or a fraction of two; empty is 1.
func scaleOf(text string) (number.Number, bool) {
	if text == "" {
		return number.Of(1), true
	}
	over, under, fraction := strings.Cut(text, "/")
	n, err := number.Parse(over)
	if err != nil || !fraction {
		return n, err == nil
	}
	d, err := number.Parse(under)
	if err != nil {
		return n, false
	}
	return n.Quo(d)
}

// shareFormula makes value and weight of a ratio: its scale where a row meets the conditions, else 0, by 1 for each row. False
// for conditions that are no formula.
func shareFormula(v view.Variable, over view.View) (value, weight string, ok bool) {
	var all []string
	for _, c := range v.Share {
		text, ok := conditionFormula(c, over)
		if !ok {
			return "", "", false
		}
		all = append(all, text)
	}
	scale, ok := scaleOf(v.Scale)
	if !ok || len(all) == 0 {
		return "", "", false
	}
	return "(" + strings.Join(all, " && ") + ") ? " + literal(scale) + " : 0", "1", true
}

// conditionFormula says in a formula what a condition says. It does not for days and instants, which a condition compares as
// the days of a zone, nor for amounts in minor units, which are in major ones in a formula.
func conditionFormula(c view.Condition, over view.View) (string, bool) {
	i := over.Column(c.Column)
	if i < 0 {
		return "", false
	}
	column, at := over.Columns[i], ref(c.Column)
	switch c.Op {
	case view.IsNull:
		return "!has(" + at + ")", true
	case view.NotNull:
		return "has(" + at + ")", true
	}
	values := []json.RawMessage{c.Value}
	if c.Op == view.In || c.Op == view.NotIn {
		values = nil // what is there already would be written over
		if json.Unmarshal(c.Value, &values) != nil {
			return "", false
		}
	}
	var operands []string
	for _, value := range values {
		operand, ok := operandFormula(value, column)
		if !ok {
			return "", false
		}
		operands = append(operands, operand)
	}
	if len(operands) == 0 {
		return "", false
	}
	met := "has(" + at + ") && "
	switch c.Op {
	case view.Equal, view.In:
		return met + oneOf(at, operands), true
	case view.NotEqual, view.NotIn: // what has no value is none of them
		return "!(" + met + oneOf(at, operands) + ")", true
	case view.Less:
		return met + at + " < " + operands[0], true
	case view.LessOrEqual:
		return met + at + " <= " + operands[0], true
	case view.Greater:
		return met + at + " > " + operands[0], true
	case view.GreaterOrEqual:
		return met + at + " >= " + operands[0], true
	case view.Contains:
		if column.Type == schema.MultiChoice {
			return met + operands[0] + " in " + at, true
		}
		return met + at + ".contains(" + operands[0] + ")", true
	}
	return "", false
}

func oneOf(at string, operands []string) string {
	if len(operands) == 1 {
		return at + " == " + operands[0]
	}
	return at + " in [" + strings.Join(operands, ", ") + "]"
}

// operandFormula writes what a column is compared with.
func operandFormula(value json.RawMessage, column view.Column) (string, bool) {
	switch column.Type {
	case schema.Number:
		n, err := number.Parse(string(value))
		switch {
		case err != nil || column.Amounts == view.MinorUnits:
			return "", false
		case column.Amounts == view.Hundredths:
			n = n.Mul(number.Frac(1, 100))
		}
		return n.String(), true
	case schema.Boolean:
		return string(value), string(value) == "true" || string(value) == "false"
	case schema.Date, schema.DateTime, schema.Money, schema.JSON:
		return "", false
	}
	text := string(value)
	if len(value) > 0 && value[0] == '"' && json.Unmarshal(value, &text) != nil {
		return "", false
	}
	return strconv.Quote(text), true
}
