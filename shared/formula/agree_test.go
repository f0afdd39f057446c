package formula_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"leadline/shared/fault"
	"leadline/shared/formula"
	"leadline/shared/view"
)

// writer writes random formulas of each type, of the parts that shortcuts know and of some that they do not.
type writer struct{ t *rapid.T }

func (w writer) one(of ...string) string { return rapid.SampledFrom(of).Draw(w.t, "part") }

func (w writer) bool(deep int) string {
	if deep == 0 {
		return w.one("true", "false", "row.done", "has(row.value)", "has(row.minor)", "has(row.note)", "has(row.`price.currency`)", "has(row.tags)")
	}
	n := deep - 1
	order := w.one("==", "!=", "<", "<=", ">", ">=")
	switch rapid.IntRange(0, 13).Draw(w.t, "bool") {
	case 0, 1:
		return "(" + w.bool(n) + " && " + w.bool(n) + ")"
	case 2, 3:
		return "(" + w.bool(n) + " || " + w.bool(n) + ")"
	case 4:
		return "!" + w.bool(n)
	case 5:
		return "(" + w.bool(n) + " ? " + w.bool(n) + " : " + w.bool(n) + ")"
	case 6:
		return "(" + w.number(n) + " " + order + " " + w.number(n) + ")"
	case 7:
		return "(" + w.text(n) + " " + order + " " + w.text(n) + ")"
	case 8:
		return "(" + w.time(n) + " " + order + " " + w.time(n) + ")"
	case 9:
		return "(" + w.bool(n) + w.one(" == ", " != ") + w.bool(n) + ")"
	case 10:
		return "(" + w.text(n) + w.one(" in ['won', 'a']", " in row.tags", " in ['x', row.id]", " in ['']") + ")"
	case 11:
		return "(" + w.number(n) + w.one(" in [1, 7.0, -5]", " in [row.count]") + ")"
	case 12:
		return w.text(n) + w.one(".contains(", ".startsWith(", ".endsWith(") + w.text(n) + ")"
	}
	return w.one("row.tags.exists(t, t == 'a')", "row.note.matches('^[a-z]+$')", "row.tags.all(t, t in ['a', 'won'])")
}

func (w writer) number(deep int) string {
	if deep == 0 {
		return w.one("row.value", "row.minor", "row.major", "row.count", "row.price", "0", "1", "-5", "7.0", "0.1", "1e2", "123456789012345678901")
	}
	n := deep - 1
	switch rapid.IntRange(0, 9).Draw(w.t, "number") {
	case 0, 1, 2:
		return "(" + w.number(n) + w.one(" + ", " - ", " * ", " / ") + w.number(n) + ")"
	case 3:
		return w.one("-", "abs", "floor", "ceil") + "(" + w.number(n) + ")"
	case 4:
		return w.one("min", "max") + "(" + w.number(n) + ", " + w.number(n) + w.one("", ", "+w.number(n)) + ")"
	case 5:
		return "round(" + w.number(n) + ", " + w.one("0", "2", "-2", "row.count") + ")"
	case 6:
		return "(" + w.bool(n) + " ? " + w.number(n) + " : " + w.number(n) + ")"
	case 7:
		return w.one("size(row.tags)", "row.tags.size()", "size("+w.text(n)+")", "decimal("+w.text(n)+")")
	case 8:
		return w.one("year", "month") + "(" + w.time(n) + ")"
	}
	return "days(" + w.time(n) + ", " + w.time(n) + ")"
}

func (w writer) text(deep int) string {
	if deep == 0 {
		return w.one("row.status_type", "row.note", "row.id", "row.`price.currency`", "row.value_currency", "'won'", "''", "'1.5'", "'2026-01-31'")
	}
	n := deep - 1
	switch rapid.IntRange(0, 2).Draw(w.t, "text") {
	case 0:
		return "(" + w.text(n) + " + " + w.text(n) + ")"
	case 1:
		return w.one("lower", "upper", "trim") + "(" + w.text(n) + ")"
	}
	return "(" + w.bool(n) + " ? " + w.text(n) + " : " + w.text(n) + ")"
}

func (w writer) time(deep int) string {
	if deep == 0 {
		return w.one("row.date_won", "row.at", "date('2026-01-31')", "date('2026-01-31T09:00:00+05:30')")
	}
	return w.one("date("+w.text(deep-1)+")", "("+w.bool(deep-1)+" ? "+w.time(deep-1)+" : "+w.time(deep-1)+")")
}

// randomRow has values, none, and such as are not of their column's type.
func randomRow(t *rapid.T) string {
	values := map[string][]string{
		"id": {`"oppo_1"`, `""`, `5`}, "status_type": {`"won"`, `"lost"`, `"w\u006fn"`, `["won"]`}, "value": {`12345`, `-1`, `0`, `7e2`, `"x"`, `1e70`},
		"value_currency": {`"EUR"`, `"JPY"`, `"XXQ"`}, "minor": {`100`, `-5`, `true`}, "major": {`0.1`, `7`}, "count": {`0`, `1`, `7`, `2.5`},
		"price": {`{"amount": 5, "currency": "EUR"}`, `{"value": 0.5, "currency": "USD"}`, `5`, `{"amount": "a", "currency": "EUR"}`},
		"note":  {`"won"`, `"1.5"`, `" Won "`, `"2026-01-31"`, `"ä\n"`, `12.50`, `"` + strings.Repeat("a", 2_500) + `"`, `{}`}, "done": {`true`, `false`, `"yes"`},
		"date_won": {`"2026-01-31"`, `"2026-02-30"`, `"2024-02-29"`}, "at": {`"2026-01-31T03:30:00Z"`, `"2026-01-31T09:00:00.5+05:30"`, `"2026-01-31"`, `1`},
		"tags": {`["a", "won"]`, `[]`, `"a"`, `[1]`, `["` + strings.Repeat("b", 300) + `"]`},
	}
	var fields []string
	for _, c := range deals().Columns {
		of := append([]string{"", "null"}, values[c.Name]...)
		if value := rapid.SampledFrom(of).Draw(t, c.Name); value != "" && len(of) > 2 {
			fields = append(fields, `"`+c.Name+`": `+value)
		}
	}
	if rapid.Bool().Draw(t, "large") {
		fields = append(fields, `"_large": ["note", "tags"]`)
	}
	return "{" + strings.Join(fields, ", ") + "}"
}

// TestShortcutsAgreeWithCEL evaluates random formulas on random rows both ways. They give the same, errors to the letter, and
// Why says something where, and only where, a condition is not true.
func TestShortcutsAgreeWithCEL(t *testing.T) {
	shortened, evaluated, failures := 0, 0, 0
	rapid.Check(t, func(rt *rapid.T) {
		w := writer{rt}
		want := rapid.SampledFrom([]formula.Type{formula.Bool, formula.Bool, formula.Decimal, formula.Text}).Draw(rt, "type")
		text := map[formula.Type]func(int) string{formula.Bool: w.bool, formula.Decimal: w.number, formula.Text: w.text}[want](rapid.IntRange(0, 4).Draw(rt, "depth"))
		f, err := formula.Compile(text, deals(), want)
		if err != nil && (strings.Contains(err.Error(), "too dear") || strings.Contains(err.Error(), "is no ")) {
			return // a text that is written out is tried when it is compiled
		}
		if err != nil {
			rt.Fatalf("%s: %v", text, err)
		}
		if formula.Shortened(f) {
			shortened++
		}
		for range 5 {
			json := randomRow(rt)
			row := rowOf(t, json)
			got, err := evaluate(f, want, row)
			again, failure := evaluate(formula.InCEL(f), want, row)
			evaluated++
			if err != nil {
				failures++
			}
			if stopped := fault.Of(err) != nil && strings.Contains(err.Error(), "costs more"); got != again && err == nil || said(err) != said(failure) && !stopped {
				rt.Fatalf("%s on %s gives\n%s, %v\nin CEL %s, %v", text, json, got, err, again, failure)
			}
			if want == formula.Bool {
				if why := f.Why(row); (why == "") != (err == nil && got == "true") || len(why) > 310 {
					rt.Fatalf("%s on %s gives %s, %v for the reason %q", text, json, got, err, why)
				}
			}
		}
	})
	if shortened == 0 || failures == 0 || failures == evaluated {
		t.Errorf("of %d evaluations %d failed, %d formulas were shortened: the test compares nothing", evaluated, failures, shortened)
	}
}

// TestOnlyWhatIsReadMatters changes columns that a formula does not read.
func TestOnlyWhatIsReadMatters(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		text := writer{rt}.bool(rapid.IntRange(0, 3).Draw(rt, "depth"))
		f, err := formula.Compile(text, deals(), formula.Bool)
		if err != nil {
			return
		}
		row, other := rowOf(t, randomRow(rt)), rowOf(t, randomRow(rt))
		mixed := &view.Row{ID: other.ID, Large: row.Large}
		for i, c := range deals().Columns {
			mixed.Values = append(mixed.Values, other.Values[i])
			for _, read := range f.Columns() {
				if read == c.Name {
					mixed.Values[i] = row.Values[i]
				}
			}
		}
		got, err := f.Bool(row)
		again, failure := f.Bool(mixed)
		if got != again || said(err) != said(failure) {
			rt.Fatalf("%s reads %v, and gives %v, %v, then %v, %v", text, f.Columns(), got, err, again, failure)
		}
	})
}

func said(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
