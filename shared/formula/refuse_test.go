package formula_test

import (
	"fmt"
	"strings"
	"testing"

	"leadline/shared/fault"
	"leadline/shared/formula"
)

// TestWhatIsRefused holds what people are told about formulas that cannot be saved, with the line and the column.
func TestWhatIsRefused(t *testing.T) {
	nested := func(open, close string, deep int) string {
		return strings.Repeat(open, deep) + "row.count" + strings.Repeat(close, deep)
	}
	for _, c := range []struct {
		text    string
		want    formula.Type
		message string
	}{
		{"", formula.Bool, "1:1: the formula is empty"},
		{" \n ", formula.Bool, "1:1: the formula is empty"},
		{"true\x00", formula.Bool, "1:1: the formula is no text in UTF-8"},
		{"true" + strings.Repeat(" ", formula.MaxBytes), formula.Bool, "1:1: the formula has 4004 bytes, at most 4000 are allowed"},

		{"row.valeu", formula.Decimal, `1:5: there is no column "valeu"; is it "value"?`},
		{"row.count +\n  row.Value", formula.Decimal, `2:7: there is no column "Value"; is it "value"?`},
		{"has(row.statustype)", formula.Bool, `1:9: there is no column "statustype"; is it "status_type"?`},
		{`row["Grösse"]`, formula.Decimal, `1:5: there is no column "Grösse"; is it "Größe"?`},
		{"row.`price.curency`", formula.Text, "1:5: there is no column \"price.curency\"; is it \"price.currency\"?"},
		{"row.`note.currency`", formula.Text, "1:5: there is no column \"note.currency\"; is it \"price.currency\"?"},
		{"row.zzzzzzzz", formula.Text, `1:5: there is no column "zzzzzzzz"`},
		{"row." + strings.Repeat("z", 300), formula.Text, `1:5: there is no column "` + strings.Repeat("z", 80) + `…"`},
		{"value > 3", formula.Bool, "1:1: write row.value"},
		{"1 + foo", formula.Decimal, `1:5: there is no "foo": columns are written row.column`},
		{"row", formula.Text, "1:1: name a column of the row: row.column"},
		{"[row].exists(x, true)", formula.Bool, "1:2: name a column of the row: row.column"},
		{"row.tags.exists(row, true)", formula.Bool, "1:16: row is the row already: take another name"},
		{"row.value.amount", formula.Decimal, "1:10: a name after a dot is a column of the row: row.amount"},
		{"row.tags.exists(t, t.x == 'a')", formula.Bool, "1:21: a name after a dot is a column of the row: row.x"},
		{"row.blob == row.blob", formula.Bool, "1:5: formulas cannot read blob, which is of the type json"},
		{`row["empty"]`, formula.Text, "1:5: formulas cannot read empty, which is of the type unknown"},
		{"has(row)", formula.Bool, "1:5: has asks for a column: has(row.column)"},

		{"row.value", formula.Bool, "1:1: the formula gives a decimal, a bool is wanted"},
		{"row.done", formula.Decimal, "1:1: the formula gives a bool, a decimal is wanted"},
		{"row.date_won", formula.Text, "1:1: the formula gives a date, a text is wanted"},
		{"row.tags", formula.Text, "1:1: the formula gives a list of texts, a text is wanted"},
		{"[]", formula.Bool, "1:1: the formula gives a list, a bool is wanted"},
		{`row.value == "x"`, formula.Bool, "1:11: == does not go with a decimal and a text"},
		{`row.value + "x"`, formula.Decimal, "1:11: + does not go with a decimal and a text"},
		{"row.tags == row.value", formula.Bool, "1:10: == does not go with a list of texts and a decimal"},
		{"row.date_won > '2026-01-01'", formula.Bool, "1:14: > does not go with a date and a text"},
		{"row.count in ['a']", formula.Bool, "1:11: in does not go with a decimal and a list of texts"},
		{"row.done > false", formula.Bool, "1:10: > does not go with a bool and a bool"},
		{"true || 1", formula.Bool, "1:9: a bool is wanted here, not a decimal"},
		{"!row.value", formula.Bool, "1:1: ! does not go with a decimal"},
		{"-row.note", formula.Decimal, "1:1: - does not go with a text"},
		{"row.done ? 1 : 'x'", formula.Decimal, "1:10: ? : chooses between two of one type, not between a decimal and a text"},
		{"round(1)", formula.Decimal, "1:6: round does not go with a decimal"},
		{"min(1, 2, 3, 4, 5)", formula.Decimal, "1:4: min does not go with a decimal and a decimal and a decimal and a decimal and a decimal"},
		{"row.note.lower(1)", formula.Text, "1:15: lower does not go with a text and a decimal"},
		{"row.value.all(x, true)", formula.Bool, "1:5: a decimal is no list"},

		{"row.value > ", formula.Bool, "1:13: the formula ends before it is complete"},
		{"row.value ) 3", formula.Bool, `1:11: ")" does not fit here`},
		{"row.value = 3", formula.Bool, `1:11: "= " does not fit here`},
		{`"abc`, formula.Text, `1:1: "\"abc" does not fit here`},
		{"now() > 3", formula.Bool, `1:1: there is no function "now"`},
		{"row.note.shout()", formula.Text, `1:10: there is no function "shout"`},
		{"row.tags.exists_one(t, true)", formula.Bool, "1:10: there is no function exists_one: use size and filter"},
		{"row.tags[0]", formula.Text, "1:9: there is no [ ]"},
		{"7 % 2", formula.Decimal, "1:3: there is no %"},
		{"5u", formula.Decimal, "1:1: write 5 without the u: all numbers are decimals"},
		{"null", formula.Text, "1:1: nothing is null here: ask has(row.column)"},
		{"b'x'", formula.Text, "1:1: a text of bytes is of no use here: leave out the b"},
		{"{'a': 1}", formula.Text, "1:1: { } makes nothing here"},
		{"1e300", formula.Decimal, "1:1: a number has at most 60 signs, and exponents to 60"},
		{"0." + strings.Repeat("1", 60), formula.Decimal, "1:1: a number has at most 60 signs, and exponents to 60"},
		{`row.at > date("2026-02-30")`, formula.Bool, `1:15: "2026-02-30" is no date: write 2026-01-31, or a time with its zone as 2026-01-31T09:00:00Z`},
		{`decimal("1,5")`, formula.Decimal, `1:9: "1,5" is no number`},
		{"row.tags.map(row.id, 1) == []", formula.Bool, "1:17: argument is not an identifier"},

		{nested("(", ")", 160), formula.Decimal, "1:1: the formula is nested deeper than 150"},
		{"1" + strings.Repeat(" * 1", formula.MaxArithmetic+1), formula.Decimal, "1:1: the formula reckons more than 100 times"},
		{"row.note.matches('(')", formula.Bool, "1:18: the pattern cannot be read: missing closing ): `(`"},
		{"row.note.matches(row.id)", formula.Bool, "1:17: matches takes a pattern that is written out, of at most 200 bytes"},
		{"row.note.matches('" + strings.Repeat("a", 201) + "')", formula.Bool, "1:17: matches takes a pattern that is written out, of at most 200 bytes"},
		{"row.note.matches('(a{100}){10}b')", formula.Bool, "1:18: the pattern repeats too much"},
	} {
		_, err := formula.Compile(c.text, deals(), c.want)
		if own := fault.Of(err); own == nil || own.Kind != fault.Invalid || own.Code != formula.CodeInvalid || own.Message != c.message {
			t.Errorf("%s: %v\nnot %s", c.text, err, c.message)
		}
	}
}

// TestTooDear tries formulas whose time is out of proportion to their length, before they are saved.
func TestTooDear(t *testing.T) {
	for _, text := range []string{
		"row.tags.all(a, row.tags.all(b, row.tags.all(c, a == b)))",
		"row.tags.exists(t, t.matches('^(north|south|west|east|central|overseas) region$'))",
		"row.note.matches('(a{20}){10}b')",
		strings.Repeat("row.note.contains(row.note) || ", 10) + "true",
		"row.tags.map(t, row.tags.map(u, t + u + row.note)).exists(l, l.exists(x, x == row.note))",
	} {
		_, err := formula.Compile(text, deals(), formula.Bool)
		if own := fault.Of(err); own == nil || own.Code != formula.CodeInvalid || !strings.Contains(own.Message, "1:1: the formula is too dear") {
			t.Errorf("%s: %v", text, err)
		}
	}
	for _, text := range []string{"row.note.matches('(?i)renewal|expansion|upsell|cross.?sell')", "row.tags.all(a, ['x', 'y', 'z'].all(b, a == b || a == row.id))",
		"row.tags.exists(t, t in ['a', 'b', 'c'])", "lower(row.note).contains('renewal of the contract')"} {
		compiled(t, text, formula.Bool)
	}
}

// TestCostIsCounted evaluates on rows whose texts are longer than the estimate takes them to be: the count stops what is too dear.
func TestCostIsCounted(t *testing.T) {
	f := compiled(t, "row.note.matches('(?i)renewal|expansion|upsell|cross.?sell')", formula.Bool)
	if passes, err := f.Bool(rowOf(t, fmt.Sprintf(`{"note": %q}`, strings.Repeat("a", 3_000)+"renewal"))); err != nil || !passes {
		t.Errorf("a text of 3,000 letters: %v, %v", passes, err)
	}
	_, err := f.Bool(rowOf(t, fmt.Sprintf(`{"note": %q}`, strings.Repeat("a", 16_000))))
	if own := fault.Of(err); own == nil || own.Code != formula.CodeFailed || !strings.Contains(own.Message, "costs more than 10000") {
		t.Errorf("a text of 16,000 letters: %v", err)
	}
	all := compiled(t, "row.tags.all(a, a == row.id || a != row.status_type)", formula.Bool)
	if _, err := all.Bool(rowOf(t, `{"id": "x", "status_type": "y", "tags": [`+strings.Repeat(`"abc",`, 3_000)+`"abc"]}`)); err == nil {
		t.Error("a list of 3,001 costs nothing")
	}
	if plain := compiled(t, "size(row.note)", formula.Decimal); formula.Shortened(plain) {
		n, err := plain.Number(rowOf(t, fmt.Sprintf(`{"note": %q}`, strings.Repeat("a", 16_000))))
		if err != nil || n.String() != "16000" {
			t.Errorf("a long text has %s letters: %v", n, err)
		}
	}
}

// TestEstimateHolds counts what formulas cost on rows with texts as long as the estimate takes them to be: what was compiled
// is never stopped on them.
func TestEstimateHolds(t *testing.T) {
	text := func(n int) string { return fmt.Sprintf("%q", strings.Repeat("ä", n/2)) }
	row := rowOf(t, fmt.Sprintf(`{"note": %s, "status_type": %s, "custom.cf_abc": %s, "id": %s, "tags": ["a"%s]}`, text(1_998), text(248), text(1_998), text(248),
		strings.Repeat(`,"b"`, 35)))
	for _, text := range []string{"row.note.matches('(?i)renewal|expansion|upsell|cross.?sell')", "row.tags.all(a, ['x', 'y', 'z'].all(b, a == b || a != row.id))",
		"row.note.contains(row.status_type + 'x') || upper(row.note) == lower(row.note)", "row.tags.map(t, t + row.status_type).exists(u, u == row.status_type)",
		"row.status_type in [row.id, row.note] && row.note < row.`custom.cf_abc`"} {
		if _, err := formula.Metered(compiled(t, text, formula.Bool)).Bool(row); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
}
