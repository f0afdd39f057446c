package formula_test

import (
	"encoding/json"
	"strings"
	"sync"
	"testing"

	"leadline/shared/fault"
	"leadline/shared/formula"
	"leadline/shared/schema"
	"leadline/shared/view"
)

// deals is a view with a column of each type.
func deals() *view.View {
	return &view.View{Columns: []view.Column{
		{Name: "id", Type: schema.Reference},
		{Name: "status_type", Type: schema.Choice},
		{Name: "value", Type: schema.Number, Amounts: view.Hundredths, Currency: "value_currency"},
		{Name: "value_currency", Type: schema.Choice},
		{Name: "minor", Type: schema.Number, Amounts: view.MinorUnits, Currency: "value_currency"},
		{Name: "major", Type: schema.Number, Amounts: view.MajorUnits, Currency: "value_currency"},
		{Name: "orphan", Type: schema.Number, Amounts: view.MinorUnits},
		{Name: "count", Type: schema.Number},
		{Name: "price", Type: schema.Money},
		{Name: "note", Type: schema.Text},
		{Name: "done", Type: schema.Boolean},
		{Name: "date_won", Type: schema.Date},
		{Name: "at", Type: schema.DateTime},
		{Name: "tags", Type: schema.MultiChoice},
		{Name: "blob", Type: schema.JSON},
		{Name: "empty", Type: schema.Unknown},
		{Name: "custom.cf_abc", Type: schema.Text},
		{Name: "Größe", Type: schema.Number},
	}}
}

// rowOf makes a row of the deals from JSON; _large lists the columns whose values are kept elsewhere.
func rowOf(t testing.TB, text string) *view.Row {
	t.Helper()
	var fields map[string]json.RawMessage
	if err := json.Unmarshal([]byte(text), &fields); err != nil {
		t.Fatal(err)
	}
	row := &view.Row{ID: "r"}
	for _, c := range deals().Columns {
		row.Values = append(row.Values, fields[c.Name])
		delete(fields, c.Name)
	}
	if large, there := fields["_large"]; there {
		if err := json.Unmarshal(large, &row.Large); err != nil {
			t.Fatal(err)
		}
		delete(fields, "_large")
	}
	if len(fields) > 0 {
		t.Fatalf("the deals have no columns %v", fields)
	}
	return row
}

func compiled(t testing.TB, text string, want formula.Type) *formula.Formula {
	t.Helper()
	f, err := formula.Compile(text, deals(), want)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return f
}

// evaluate gives the value as a text.
func evaluate(f *formula.Formula, as formula.Type, row *view.Row) (string, error) {
	switch as {
	case formula.Bool:
		passes, err := f.Bool(row)
		if passes {
			return "true", err
		}
		return "false", err
	case formula.Decimal:
		n, err := f.Number(row)
		return n.String(), err
	}
	return f.String(row)
}

const deal = `{"id": "oppo_1", "status_type": "won", "value": 12345, "value_currency": "EUR", "minor": 12345, "major": 123.45, "count": 7,
	"price": {"amount": 9.50, "currency": "USD"}, "note": "Größe \"XL\"\n", "done": true, "date_won": "2026-01-31",
	"at": "2026-01-31T23:30:00-05:00", "tags": ["new", "emea"], "blob": {"a": 1}, "custom.cf_abc": "x", "Größe": 0.1}`

// value is what a formula gives.
type value struct {
	text string
	want formula.Type
	is   string
}

// holds tries values with the shortcut, if there is one, and with CEL.
func holds(t *testing.T, row *view.Row, values []value) {
	t.Helper()
	for _, v := range values {
		f := compiled(t, v.text, v.want)
		for way, f := range map[string]*formula.Formula{"as it is": f, "in CEL": formula.InCEL(f), "metered": formula.Metered(f)} {
			if got, err := evaluate(f, v.want, row); err != nil || got != v.is {
				t.Errorf("%s gives %q (%v) %s, not %q", v.text, got, err, way, v.is)
			}
		}
	}
}

func TestNumbersAreExact(t *testing.T) {
	holds(t, rowOf(t, deal), []value{
		{"0.1 + 0.2", formula.Decimal, "0.3"},
		{"0.1 + 0.2 == 0.3", formula.Bool, "true"},
		{"9007199254740993", formula.Decimal, "9007199254740993"},
		{"12345678901234567890 - 1", formula.Decimal, "12345678901234567889"},
		{"-12345678901234567890.5 - 12345678901234567890", formula.Decimal, "-24691357802469135780.5"},
		{"1.50", formula.Decimal, "1.5"},
		{`size("12345678901234567890")`, formula.Decimal, "20"},
		{"1 / 3 * 3 == 1", formula.Bool, "true"},
		{"1 / 3", formula.Decimal, "1/3"},
		{"-1.5e3", formula.Decimal, "-1500"},
		{".5 + 5e-1", formula.Decimal, "1"},
		{"0x10", formula.Decimal, "16"},
		{"-row.count", formula.Decimal, "-7"},
		{"2 - -row.count", formula.Decimal, "9"},
		{"1.0 == 1", formula.Bool, "true"},
		{"row.count in [1, 7.00]", formula.Bool, "true"},
		{"row.count <= 7 && row.count >= 7 && row.count == 7", formula.Bool, "true"},
		{"row.count < 7 || row.count > 7 || row.count != 7", formula.Bool, "false"},
		{`row["Größe"] * 3 == 0.3`, formula.Bool, "true"},
		{"abs(-2.5)", formula.Decimal, "2.5"},
		{"min(3, 2)", formula.Decimal, "2"},
		{"max(3, 2, row.count)", formula.Decimal, "7"},
		{"min(4, 3, 2, 1)", formula.Decimal, "1"},
		{"floor(-1.5)", formula.Decimal, "-2"},
		{"floor(1.5)", formula.Decimal, "1"},
		{"ceil(-1.5)", formula.Decimal, "-1"},
		{"ceil(1.2)", formula.Decimal, "2"},
		{"floor(-12345678901234567890.5)", formula.Decimal, "-12345678901234567891"},
		{"floor(-9223372036854775808)", formula.Decimal, "-9223372036854775808"},
		{"round(2.5, 0)", formula.Decimal, "3"},
		{"round(-2.5, 0)", formula.Decimal, "-3"},
		{"round(1.005, 2)", formula.Decimal, "1.01"},
		{"round(1250, -2)", formula.Decimal, "1300"},
		{"round(2 / 3, 12)", formula.Decimal, "0.666666666667"},
		{"round(12345678901234567890.55, 1)", formula.Decimal, "12345678901234567890.6"},
		{`decimal("12.50") + decimal("7.5%")`, formula.Decimal, "12.575"},
		{"round(row.value * 0.333, 2)", formula.Decimal, "41.11"},
	})
}

func TestColumnsHaveTheirTypes(t *testing.T) {
	holds(t, rowOf(t, deal), []value{
		{"row.value", formula.Decimal, "123.45"},
		{"row.minor", formula.Decimal, "123.45"},
		{"row.major", formula.Decimal, "123.45"},
		{"row.price * 2", formula.Decimal, "19"},
		{"row.`price.currency`", formula.Text, "USD"},
		{"has(row.`price.currency`)", formula.Bool, "true"},
		{"row.note", formula.Text, "Größe \"XL\"\n"},
		{"row.note == 'Größe \"XL\"\\n'", formula.Bool, "true"},
		{"row.note != 'x'", formula.Bool, "true"},
		{"size(row.note)", formula.Decimal, "11"},
		{"row.done", formula.Bool, "true"},
		{"!row.done", formula.Bool, "false"},
		{"row.done == true", formula.Bool, "true"},
		{"row.`custom.cf_abc` + '/' + row.id", formula.Text, "x/oppo_1"},
		{`has(row["Größe"]) && has(row.blob) && !has(row.empty)`, formula.Bool, "true"},
		{"row.done ? row.status_type : 'open'", formula.Text, "won"},
		{"upper(trim('  a ')) + 'B'.lower()", formula.Text, "Ab"},
		{"row.status_type in ['won', 'lost']", formula.Bool, "true"},
		{"row.status_type.startsWith('w') && row.status_type.endsWith('n') && row.status_type.contains('o')", formula.Bool, "true"},
		{"row.status_type.matches('^w.n$') && matches(row.status_type, 'o')", formula.Bool, "true"},
		{"row.status_type < 'x' && row.status_type >= 'won'", formula.Bool, "true"},
		{"'emea' in row.tags", formula.Bool, "true"},
		{"row.tags.size() > 1 && size(row.tags) < 3", formula.Bool, "true"},
		{"row.tags.exists(t, t.startsWith('e')) && !row.tags.all(t, t == 'new')", formula.Bool, "true"},
		{"row.tags.filter(t, t != 'new').map(t, upper(t)) == ['EMEA']", formula.Bool, "true"},
		{"size(row.tags.map(t, t != 'new', t + '!'))", formula.Decimal, "1"},
		{"[1, row.count].map(x, x * 2).exists(x, x == 14)", formula.Bool, "true"},
	})
}

func TestDates(t *testing.T) {
	holds(t, rowOf(t, deal), []value{
		{`row.date_won == date("2026-01-31")`, formula.Bool, "true"},
		{`row.at > date("2026-02-01") && row.at < date("2026-02-01T05:00:00Z")`, formula.Bool, "true"}, // the instant, not the digits
		{"month(row.at)", formula.Decimal, "1"},                                                        // where it was written
		{"year(row.date_won) * 100 + month(row.date_won)", formula.Decimal, "202601"},
		{`days(row.date_won, date("2026-03-01"))`, formula.Decimal, "29"},
		{`days(date("2026-03-01"), row.date_won)`, formula.Decimal, "-29"},
		{`days(row.date_won, row.at)`, formula.Decimal, "1.1875"},
		{`row.done ? row.at == date("2026-02-01 04:30:00Z") : false`, formula.Bool, "true"},
	})
}

// TestColumnsThatAreRead holds what a formula reads: what it does not read makes no difference to it.
func TestColumnsThatAreRead(t *testing.T) {
	for text, want := range map[string]string{
		"row.value > 1 && has(row.note)":   "note value",
		"row.minor > 1":                    "minor value_currency",
		"row.`price.currency` == 'EUR'":    "price",
		"true":                             "",
		"row.tags.exists(t, t == row.id)":  "id tags",
		`row["Größe"] > 1 || row.done`:     "Größe done",
		"row.value > 1 && row.value < 100": "value",
	} {
		if got := strings.Join(compiled(t, text, formula.Bool).Columns(), " "); got != want {
			t.Errorf("%s reads %q, not %q", text, got, want)
		}
	}
	if text := " true\n"; compiled(t, text, formula.Bool).Text() != text {
		t.Error("the text is another than what was compiled")
	}
}

// TestWhatCannotBeEvaluated holds the faults of rows, by their codes and messages.
func TestWhatCannotBeEvaluated(t *testing.T) {
	for _, c := range []struct{ row, text, code, message string }{
		{`{}`, "row.value", formula.CodeNoValue, "value has no value."},
		{`{"value": null}`, "row.value", formula.CodeNoValue, "value has no value."},
		{`{}`, "row.value > 1 && row.count > 1 ? 1 : 2", formula.CodeNoValue, "value has no value."},
		{`{"minor": 5}`, "row.minor", formula.CodeNoValue, "value_currency has no value."},
		{`{"minor": 5, "value_currency": "XXQ"}`, "row.minor", formula.CodeFailed, `minor is in minor units of "XXQ", which is no currency.`},
		{`{"orphan": 5}`, "row.orphan", formula.CodeFailed, "orphan is in minor units, and the view does not say of which currency."},
		{`{"_large": ["note"]}`, "size(row.note)", formula.CodeNoValue, "The value of note is too large to be used in formulas."},
		{`{"count": "seven"}`, "row.count", formula.CodeFailed, `count holds "seven", which is no number.`},
		{`{"count": 1e61}`, "row.count", formula.CodeFailed, `count holds 1e61, which is no number.`},
		{`{"price": 5}`, "row.price", formula.CodeFailed, `price holds 5, which is no amount of money.`},
		{`{"price": {"amount": "x", "currency": "EUR"}}`, "row.price", formula.CodeFailed, `price holds "x", which is no number.`},
		{`{"note": ["a"]}`, "size(row.note)", formula.CodeFailed, `note holds ["a"], which is no text.`},
		{`{"done": "yes"}`, "row.done ? 1 : 2", formula.CodeFailed, `done holds "yes", which is no true or false.`},
		{`{"date_won": "soon"}`, "year(row.date_won)", formula.CodeFailed, `date_won holds "soon", which is no date.`},
		{`{"tags": [1]}`, "size(row.tags)", formula.CodeFailed, `tags holds [1], which is no list of texts.`},
		{`{"count": 0}`, "1 / row.count", formula.CodeFailed, "A division by zero."},
		{`{"note": "7 pieces"}`, "decimal(row.note)", formula.CodeFailed, `"7 pieces" is no number.`},
		{`{"note": "tomorrow"}`, "year(date(row.note))", formula.CodeFailed, `"tomorrow" is no date: write 2026-01-31, or a time with its zone as 2026-01-31T09:00:00Z.`},
		{`{"count": 13}`, "round(1, row.count)", formula.CodeFailed, "round takes from -9 to 12 digits, not 13."},
		{`{"count": 1.5}`, "round(1, row.count)", formula.CodeFailed, "round takes from -9 to 12 digits, not 1.5."},
	} {
		f := compiled(t, c.text, formula.Decimal)
		for way, f := range map[string]*formula.Formula{"as it is": f, "in CEL": formula.InCEL(f), "metered": formula.Metered(f)} {
			_, err := f.Number(rowOf(t, c.row))
			if own := fault.Of(err); own == nil || own.Kind != fault.Invalid || own.Code != c.code || own.Message != c.message {
				t.Errorf("%s on %s, %s: %v", c.text, c.row, way, err)
			}
		}
	}
}

// TestWhatIsLenient holds what is read though it is not quite of its column's type.
func TestWhatIsLenient(t *testing.T) {
	holds(t, rowOf(t, `{"note": 12.50, "id": true, "tags": "one", "date_won": "2026-01-31T01:00:00+0530", "price": {"value": 5, "currency": "JPY"}}`), []value{
		{"row.note", formula.Text, "12.50"},
		{"row.id", formula.Text, "true"},
		{"'one' in row.tags", formula.Bool, "true"},
		{`row.date_won == date("2026-01-30T19:30:00Z")`, formula.Bool, "true"},
		{"row.price", formula.Decimal, "5"},
	})
}

// TestErrorsAndLogic holds which errors && and || swallow: those beside what decides alone.
func TestErrorsAndLogic(t *testing.T) {
	row := rowOf(t, `{"count": 0}`)
	holds(t, row, []value{
		{"has(row.value) && row.value > 1", formula.Bool, "false"},
		{"row.value > 1 && has(row.value)", formula.Bool, "false"},
		{"!has(row.value) || row.value > 1", formula.Bool, "true"},
		{"row.value > 1 || row.count == 0", formula.Bool, "true"},
		{"1 / row.count > 1 && row.value > 1 && false", formula.Bool, "false"},
		{"has(row.value) ? row.value > 1 : true", formula.Bool, "true"},
		{"has(row.count) && !has(row.note)", formula.Bool, "true"},
	})
	holds(t, rowOf(t, `{"minor": 5}`), []value{{"has(row.minor)", formula.Bool, "false"}, {"has(row.minor) && row.minor > 1", formula.Bool, "false"}})
	for _, text := range []string{"row.value > 1 && row.count == 0", "row.value > 1 || row.count == 1", "!(row.value > 1)", "row.value > 1 ? true : true",
		"(row.value > 1) == (row.value > 1)", "row.value in [1]", "row.value > 1 && 1 / row.count > 1", "row.value / row.count > 1"} {
		f := compiled(t, text, formula.Bool)
		for way, f := range map[string]*formula.Formula{"as it is": f, "in CEL": formula.InCEL(f)} {
			if passes, err := f.Bool(row); passes || err == nil || fault.Of(err).Code != formula.CodeNoValue {
				t.Errorf("%s gives %v (%v) %s, not that value has none", text, passes, err, way)
			}
		}
	}
}

// TestNothingAsksForTheTime tries what would make a formula give another thing tomorrow, or a float.
func TestNothingAsksForTheTime(t *testing.T) {
	for _, text := range []string{"now()", "today()", "timestamp('2026-01-01T00:00:00Z')", "duration('1h')", "row.at.getFullYear()", "row.at - row.at", "double('0.1')",
		"int('1')", "uint('1')", "string(1)", "type(1)", "dyn(1)", "bytes('a')", "random()", "row.tags[0]", "1 % 2", "bool('true')"} {
		for _, want := range []formula.Type{formula.Bool, formula.Decimal, formula.Text} {
			if _, err := formula.Compile(text, deals(), want); fault.Of(err) == nil || fault.Of(err).Code != formula.CodeInvalid {
				t.Errorf("%s compiles as a %s (%v)", text, want, err)
			}
		}
	}
}

func TestAskedForAnotherType(t *testing.T) {
	f := compiled(t, "row.tags.exists(t, t == 'a')", formula.Bool)
	if _, err := f.Number(rowOf(t, `{}`)); !fault.Is(err, fault.Internal) {
		t.Errorf("a bool was asked for a number: %v", err)
	}
	if _, err := compiled(t, "row.count", formula.Decimal).String(rowOf(t, `{"count": 1}`)); !fault.Is(err, fault.Internal) {
		t.Errorf("a decimal was asked for a text: %v", err)
	}
}

// TestSeveralAtOnce evaluates one formula in several goroutines, as workers do.
func TestSeveralAtOnce(t *testing.T) {
	f := compiled(t, `row.status_type == "won" && row.tags.exists(t, t.matches("^e"))`, formula.Bool)
	won, lost := rowOf(t, deal), rowOf(t, `{"status_type": "lost", "tags": ["emea"]}`)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 50 {
				if passes, err := f.Bool(won); !passes || err != nil || f.Why(lost) != `row.status_type == "won": status_type is "lost"` {
					t.Errorf("%v, %v, %q", passes, err, f.Why(lost))
				}
			}
		})
	}
	all.Wait()
}
