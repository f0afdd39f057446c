package formula_test

import (
	"fmt"
	"strings"
	"testing"

	"leadline/shared/formula"
)

func TestWhy(t *testing.T) {
	for _, c := range []struct{ text, row, why string }{
		{`row.status_type == "won"`, `{"status_type": "active"}`, `row.status_type == "won": status_type is "active"`},
		{`row.status_type == "won"`, `{"status_type": "won"}`, ``},
		{`row.status_type == "won" && row.value >= 100 && row.count > 1`, `{"status_type": "won", "value": 5000, "count": 2}`, `row.value >= 100: value is 50`},
		{`row.status_type == "won" && row.value >= 100`, `{"status_type": "lost", "value": 5000}`, `row.status_type == "won": status_type is "lost"; row.value >= 100: value is 50`},
		{`row.value > 100`, `{}`, `row.value > 100: value has no value`},
		{`has(row.value) && row.value > 100`, `{}`, `has(row.value): value has no value`},
		{`row.note == ""`, `{"_large": ["note"]}`, `row.note == "": The value of note is too large to be used in formulas`},
		{`row.value / row.count > 1`, `{"value": 5, "count": 0}`, `row.value / row.count > 1: A division by zero`},
		{`row.count > 1 || row.done`, `{"done": false, "count": 1}`, `row.count > 1 || row.done: count is 1, done is false`},
		{`row.done && (row.count > 1 && row.count < 5)`, `{"done": true, "count": 7}`, `(row.count > 1 && row.count < 5): count is 7`},
		{`row.done ? true && row.count > 1 : false`, `{"done": false, "count": 7}`, `row.done ? true && row.count > 1 : false: count is 7, done is false`},
		{"row.note != 'a && b' // && c\n && row.`custom.cf_abc` == \"\\\" && \"", `{"note": "x", "custom.cf_abc": "y"}`,
			"row.`custom.cf_abc` == \"\\\" && \": custom.cf_abc is \"y\""},
		{`row.note != r"\" && row.note != """a " && b""" && row.done`, `{"note": "x", "done": false}`, `row.done: done is false`},
		{`row.price > 10 && row.` + "`price.currency`" + ` == "EUR"`, `{"price": {"amount": 9.50, "currency": "USD"}}`,
			"row.price > 10: price is 9.5; row.`price.currency` == \"EUR\": price.currency is \"USD\""},
		{`"a" in row.tags`, `{"tags": ["b", "c"]}`, `"a" in row.tags: tags is ["b", "c"]`},
		{`row.minor > 1`, `{"minor": 5, "value_currency": "JPY"}`, ``},
		{`row.minor > 10`, `{"minor": 500, "value_currency": "EUR"}`, `row.minor > 10: minor is 5`},
		{`false`, `{}`, `false: it is never true`},
		{`row.done`, `{"done": 5}`, `row.done: done holds 5, which is no true or false`},
	} {
		f := compiled(t, c.text, formula.Bool)
		for range 2 { // the second time the parts are there
			if why := f.Why(rowOf(t, c.row)); why != c.why {
				t.Errorf("%s on %s:\n%s\nnot\n%s", c.text, c.row, why, c.why)
			}
		}
	}
	if why := compiled(t, "row.count", formula.Decimal).Why(rowOf(t, `{}`)); why != "" {
		t.Errorf("a number fails no condition: %s", why)
	}
}

// TestWhyIsShort tries long conditions and values.
func TestWhyIsShort(t *testing.T) {
	long := strings.Repeat("ä", 400)
	row := rowOf(t, fmt.Sprintf(`{"note": %q, "id": %q, "status_type": %q, "count": 7}`, long, long, long))
	for _, text := range []string{`row.note == "` + long + `"`, strings.Repeat("row.note == row.id && row.count > 7 && ", 20) + "true",
		`row.note + row.id == row.status_type && row.count > 7 && row.note == "x"`} {
		if why := compiled(t, text+" && row.note == 'x'", formula.Bool).Why(row); why == "" || len(why) > 310 || !strings.Contains(why, "…") {
			t.Errorf("%d bytes: %s", len(why), why)
		}
	}
}
