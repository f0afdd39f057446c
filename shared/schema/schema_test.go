package schema_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"leadline/shared/fault"
	"leadline/shared/quarantine"
	"leadline/shared/schema"
)

// parse reads a row as it is written in a test.
func parse(t testing.TB, text string) row {
	t.Helper()
	var r row
	if err := json.Unmarshal([]byte(text), &r); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return r
}

func version(fields ...schema.Field) schema.Version {
	return schema.Version{Number: 1, Fields: fields}
}

// sales is sorted by name, as all fields of a version are.
func sales() schema.Version {
	return version(
		schema.Field{Name: "amount", Type: schema.Number, Required: true},
		schema.Field{Name: "id", Type: schema.Text},
		schema.Field{Name: "paid", Type: schema.Boolean},
		schema.Field{Name: "price", Type: schema.Money},
		schema.Field{Name: "seller", Type: schema.Reference},
		schema.Field{Name: "sold_at", Type: schema.DateTime},
		schema.Field{Name: "sold_on", Type: schema.Date, Required: true},
		schema.Field{Name: "stage", Type: schema.Choice, Choices: []string{"open", "won"}},
		schema.Field{Name: "tags", Type: schema.MultiChoice, Choices: []string{"x", "y"}},
		schema.Field{Name: "title", Type: schema.Text},
		schema.Field{Name: "what", Type: schema.Unknown},
	)
}

func TestCheck(t *testing.T) {
	whole := `"amount":1,"sold_on":"2026-01-15"`
	for _, c := range []struct {
		row    string
		create bool
		want   string // field: expected, found
	}{
		{`{` + whole + `}`, true, ``},
		{`{"amount":1.0,"id":123,"paid":false,"price":{"currency":"EUR","value":1},"seller":7,"sold_at":"2026-01-15","sold_on":"2026-01-15","stage":"won","tags":["y"],"title":true,"what":[{}]}`, true, ``},
		{`{"amount":null,"sold_on":null,"price":null,"what":null}`, false, ``},
		{`{}`, false, ``},
		{`{}`, true, `amount: a number, for it is required, nothing; sold_on: a date, as 2026-01-15, for it is required, nothing`},
		{`{"amount":null,"sold_on":"2026-01-15"}`, true, `amount: a number, for it is required, null`},
		{`{"amount":"12"}`, false, `amount: a number, a number in quotes, which is a text`},
		{`{"amount":"00123"}`, false, `amount: a number, a text`},
		{`{"amount":""}`, true, `amount: a number, an empty text; sold_on: a date, as 2026-01-15, for it is required, nothing`},
		{`{"amout":null,"zip":"1"}`, false, `amout: no such field, null; zip: no such field, a text`},
		{`{"paid":"true"}`, false, `paid: true or false, true or false in quotes, which is a text`},
		{`{"paid":0}`, false, `paid: true or false, a number`},
		{`{"price":12.5}`, false, `price: an amount with its currency, as {"amount": 12.50, "currency": "EUR"}, a number`},
		{`{"price":{"amount":1,"currency":"XYZ"}}`, false, `price: an amount with its currency, as {"amount": 12.50, "currency": "EUR"}, an object that is not just a number and an ISO currency`},
		{`{"seller":1.5}`, false, `seller: an id: a text or a whole number, a number that is not whole`},
		{`{"sold_at":"2026-01-15T10:00:00"}`, false, `sold_at: a date and time with its zone, as 2026-01-15T10:00:00Z, a time without a zone`},
		{`{"sold_on":"2026-02-30"}`, false, `sold_on: a date, as 2026-01-15, a day that the calendar does not have`},
		{`{"sold_on":"2026-01-15T10:00:00Z"}`, false, `sold_on: a date, as 2026-01-15, a date and time`},
		{`{"sold_on":{}}`, false, `sold_on: a date, as 2026-01-15, an object`},
		{`{"stage":"lost"}`, false, `stage: a text out of "open", "won", another text`},
		{`{"tags":["x","z"]}`, false, `tags: a list of texts out of "x", "y", a list with other texts`},
		{`{"tags":["x",1]}`, false, `tags: a list of texts out of "x", "y", a list of other things than texts`},
		{`{"tags":"x"}`, false, `tags: a list of texts out of "x", "y", a text`},
		{`{"title":[]}`, false, `title: a text, an empty list`},
		{`{"title":["a"]}`, false, `title: a text, a list of texts`},
		{`{"title":[1]}`, false, `title: a text, a list`},
		{`{"title":{"amount":1,"currency":"EUR"}}`, false, `title: a text, an amount with its currency`},
	} {
		var got []string
		for _, m := range schema.Check(sales(), c.create, parse(t, c.row)) {
			got = append(got, m.Field+": "+m.Expected+", "+m.Found)
		}
		if strings.Join(got, "; ") != c.want {
			t.Errorf("%s (create %v):\n got %s\nwant %s", c.row, c.create, strings.Join(got, "; "), c.want)
		}
	}
}

// TestMismatchesQuoteNoValue: mismatches are shown to people who may not see the payload.
func TestMismatchesQuoteNoValue(t *testing.T) {
	const secret = "geheim-4711"
	for _, value := range []string{`"` + secret + `"`, `["` + secret + `"]`, `{"` + secret + `":1}`, `"2026-01-15T10:00:00 ` + secret + `"`, `4711.4711`} {
		for _, kind := range schema.Types() {
			v := version(schema.Field{Name: "f", Type: kind, Choices: []string{"a"}})
			for _, m := range schema.Check(v, false, parse(t, `{"f":`+value+`,"g":`+value+`}`)) {
				if text := fmt.Sprint(m); strings.Contains(text, "4711") {
					t.Errorf("%s in a field of type %s: %s", value, kind, text)
				}
			}
		}
	}
}

func TestMismatchesAreBounded(t *testing.T) {
	r := row{}
	for i := range 400 {
		r[fmt.Sprintf("f%03d", i)] = json.RawMessage(`1`)
	}
	got := schema.Check(sales(), false, r)
	if len(got) != schema.MaxMismatches || got[0].Field != "f000" || got[49].Field != "f049" {
		t.Errorf("got %d mismatches: %v", len(got), got)
	}
	many := schema.Field{Name: "f", Type: schema.Choice, Choices: []string{strings.Repeat("é", 40), "b", "c", "d", "e", "f", "g"}}
	if e := schema.Expected(many); len(e) > 120 || !utf8.ValidString(e) || !strings.HasSuffix(e, `"e" and 2 more`) {
		t.Errorf("got %q", e)
	}
}

func TestInferLimits(t *testing.T) {
	wide := func(from, to int) row {
		r := row{}
		for i := from; i < to; i++ {
			r[fmt.Sprintf("f%04d", i)] = json.RawMessage(`1`)
		}
		return r
	}
	long := row{}
	for i := range 300 {
		long[fmt.Sprintf("%0256d", i)] = json.RawMessage(`1`)
	}
	for _, c := range []struct {
		name string
		rows []row
		code string
	}{
		{"as many fields as there may be", []row{wide(0, 250), wide(250, 500)}, ""},
		{"one row with too many", []row{wide(0, 501)}, schema.CodeTooLarge},
		{"too many in several rows", []row{wide(0, 300), wide(300, 501)}, schema.CodeTooLarge},
		{"long names", []row{long}, schema.CodeTooLarge},
		{"a bad name", []row{{"a": nil}, {"": nil}}, schema.CodeInvalidName},
	} {
		_, err := schema.Infer("", c.rows...)
		slices.Reverse(c.rows)
		_, again := schema.Infer("", c.rows...)
		if code(err) != c.code || fmt.Sprint(err) != fmt.Sprint(again) {
			t.Errorf("%s: got %v, and in the other order %v", c.name, err, again)
		}
	}
	left, _ := schema.Infer("", wide(0, 300))
	right, _ := schema.Infer("", wide(300, 501))
	if _, err := schema.Merge(left, right); code(err) != schema.CodeTooLarge {
		t.Errorf("merged: %v", err)
	}
}

// TestCodesAreReasons: what a row can be refused for has a place in the quarantine.
func TestCodesAreReasons(t *testing.T) {
	for _, c := range []string{schema.CodeInvalidName, schema.CodeTooLarge} {
		if !slices.Contains(quarantine.Reasons(), quarantine.Reason(c)) {
			t.Errorf("%s is no reason of the quarantine", c)
		}
	}
}

func code(err error) string {
	if err == nil {
		return ""
	}
	if e := fault.Of(err); e != nil && e.Kind == fault.Invalid {
		return e.Code
	}
	return err.Error()
}

func TestInferredIDIsAText(t *testing.T) {
	fields, err := schema.Infer("id", parse(t, `{"id":1,"n":1}`), parse(t, `{"id":2,"n":2}`))
	want := []schema.Field{{Name: "id", Type: schema.Text}, {Name: "n", Type: schema.Number}}
	if diff := cmp.Diff(want, fields); err != nil || diff != "" {
		t.Errorf("%v\n%s", err, diff)
	}
}

func TestMergeOfChoices(t *testing.T) {
	choice := func(choices ...string) []schema.Field {
		return []schema.Field{{Name: "f", Type: schema.Choice, Choices: choices, Required: true}}
	}
	many := make([]string, schema.MaxChoices)
	for i := range many {
		many[i] = fmt.Sprint(i)
	}
	for _, c := range []struct {
		name       string
		a, b, want []schema.Field
	}{
		{"both", choice("a", "b"), choice("b", "c"), choice("a", "b", "c")},
		{"any text", choice("a"), choice(), choice()},
		{"nothing known", choice("a"), []schema.Field{{Name: "f", Type: schema.Unknown, Required: true}}, choice("a")},
		{"only one side has it", choice("a"), nil, []schema.Field{{Name: "f", Type: schema.Choice, Choices: []string{"a"}}}},
		{"too many", choice(many...), choice("x"), []schema.Field{{Name: "f", Type: schema.Text, Required: true}}},
	} {
		for _, order := range [][2][]schema.Field{{c.a, c.b}, {c.b, c.a}} {
			got, err := schema.Merge(order[0], order[1])
			if diff := cmp.Diff(c.want, got); err != nil || diff != "" {
				t.Errorf("%s: %v\n%s", c.name, err, diff)
			}
		}
	}
}

func TestSettle(t *testing.T) {
	v := version(schema.Field{Name: "a", Type: schema.Unknown}, schema.Field{Name: "b", Type: schema.Number}, schema.Field{Name: "c", Type: schema.Unknown})
	if same, changed := schema.Settle(v, parse(t, `{"a":null,"b":2}`)); changed || same.Number != 1 {
		t.Errorf("a null settled something: %v", same)
	}
	next, changed := schema.Settle(v, parse(t, `{"a":1}`), parse(t, `{"a":"2026-01-15","c":null}`), parse(t, `{"x":1}`))
	want := schema.Version{Number: 2, Origin: schema.Followed, Fields: []schema.Field{{Name: "a", Type: schema.Text}, {Name: "b", Type: schema.Number}, {Name: "c", Type: schema.Unknown}}}
	if diff := cmp.Diff(want, next); !changed || diff != "" {
		t.Errorf("changed %v\n%s", changed, diff)
	}
	if v.Fields[0].Type != schema.Unknown {
		t.Error("the present version was changed")
	}
	if _, changed := schema.Settle(sales(), parse(t, `{"amount":1}`)); changed {
		t.Error("a known field settled")
	}
}

func TestFollow(t *testing.T) {
	v := version(schema.Field{Name: "confidence", Type: schema.Number}, schema.Field{Name: "status", Type: schema.Choice, Choices: []string{"Won"}})
	next, changed := schema.Follow(v, parse(t, `{"confidence":null,"status":"Lost","custom.cf_1":["a"],"bad\u0000name":1}`))
	want := schema.Version{Number: 2, Origin: schema.Followed, Fields: []schema.Field{
		{Name: "confidence", Type: schema.Number},
		{Name: "custom.cf_1", Type: schema.MultiChoice},
		{Name: "status", Type: schema.Choice, Choices: []string{"Lost", "Won"}},
	}}
	if diff := cmp.Diff(want, next); !changed || diff != "" {
		t.Errorf("changed %v\n%s", changed, diff)
	}
}

func TestFollowIsBounded(t *testing.T) {
	v := schema.Version{}
	for part := range 5 {
		r := row{}
		for i := range 500 {
			r[fmt.Sprintf("field_%d_%03d", part, i)] = json.RawMessage(`"x"`)
		}
		v, _ = schema.Follow(v, r)
	}
	if len(v.Fields) != schema.MaxFollowed || !slices.IsSortedFunc(v.Fields, func(a, b schema.Field) int { return strings.Compare(a.Name, b.Name) }) {
		t.Errorf("got %d fields", len(v.Fields))
	}
	if _, changed := schema.Follow(v, row{"one_more": json.RawMessage(`1`)}); changed {
		t.Error("a full object grew")
	}
	names, choices := schema.Version{}, version(schema.Field{Name: "a", Type: schema.Choice, Choices: []string{"x"}}, schema.Field{Name: "b", Type: schema.Choice, Choices: []string{"x"}})
	for i := range 400 {
		names, _ = schema.Follow(names, row{fmt.Sprintf("%0256d", i): nil})
		field := []string{"a", "b"}[i%2]
		choices, _ = schema.Follow(choices, row{field: json.RawMessage(fmt.Sprintf(`"%0250d"`, i))})
	}
	if n := len(names.Fields); n != schema.MaxNamesBytes/256 {
		t.Errorf("%d long names", n)
	}
	if err := schema.CheckFields(choices.Fields); err != nil || !slices.ContainsFunc(choices.Fields, func(f schema.Field) bool { return f.Type == schema.Text }) {
		t.Errorf("choices: %v", err)
	}
}

func TestPropose(t *testing.T) {
	o := schema.Object{Present: sales()}
	first := []schema.Row{
		{Entry: "e3", Fields: parse(t, `{"amount":"12,50","note":"y"}`)},
		{Entry: "e1", Create: true, Fields: parse(t, `{"sold_on":"2026-01-15","note":1}`)},
		{Entry: "e2", Fields: parse(t, `{"amount":1}`)},
		{Entry: "e4", Fields: parse(t, `{"stage":"lost"}`)},
	}
	o.Proposal = schema.Propose(o, first, "c1", now)
	want := &schema.Proposal{
		Rows: 3, Since: now, UpdatedAt: now, Counted: []string{"c1"},
		Changes: []schema.Change{
			{Field: "amount", From: schema.Number, To: schema.Text, Optional: true, Rows: 2, Examples: []schema.Example{{Entry: "e1"}, {Value: `"12,50"`, Entry: "e3"}}},
			{Field: "note", To: schema.Text, Rows: 2, Examples: []schema.Example{{Value: `1`, Entry: "e1"}, {Value: `"y"`, Entry: "e3"}}},
			{Field: "stage", From: schema.Choice, To: schema.Choice, Choices: []string{"lost"}, Rows: 1, Examples: []schema.Example{{Value: `"lost"`, Entry: "e4"}}},
		},
	}
	if diff := cmp.Diff(want, o.Proposal); diff != "" {
		t.Fatal(diff)
	}
	if again := schema.Propose(o, first, "c1", now.Add(time.Minute)); again != o.Proposal {
		t.Error("a chunk that is processed again counted again")
	}
	if none := schema.Propose(o, first[2:3], "c2", now); none != o.Proposal {
		t.Error("a row that breaks nothing counted")
	}
	later := now.Add(time.Hour)
	o.Proposal = schema.Propose(o, []schema.Row{{Entry: "e5", Fields: parse(t, `{"note":[1],"stage":5}`)}}, "c3", later)
	want.Rows, want.UpdatedAt, want.Counted = 4, later, []string{"c1", "c3"}
	want.Changes[1] = schema.Change{Field: "note", To: schema.JSON, Rows: 3, Examples: append(want.Changes[1].Examples, schema.Example{Value: `[1]`, Entry: "e5"})}
	want.Changes[2] = schema.Change{Field: "stage", From: schema.Choice, To: schema.Text, Rows: 2, Examples: append(want.Changes[2].Examples, schema.Example{Value: `5`, Entry: "e5"})}
	if diff := cmp.Diff(want, o.Proposal); diff != "" {
		t.Fatal(diff)
	}
	next := schema.Next(o)
	if f, _ := next.Field("amount"); f.Required || f.Type != schema.Text || next.Number != 2 || next.Origin != schema.Accepted {
		t.Errorf("got %+v", next)
	}
}

func TestProposalIsBounded(t *testing.T) {
	o := schema.Object{Present: version(schema.Field{Name: "c", Type: schema.Choice, Choices: []string{"x"}}, schema.Field{Name: "m", Type: schema.MultiChoice, Choices: []string{"x"}})}
	long := json.RawMessage(`"` + strings.Repeat("é", 100) + `"`)
	for chunk := range 210 {
		r := row{"c": json.RawMessage(fmt.Sprintf(`"%d"`, chunk)), "m": json.RawMessage(fmt.Sprintf(`["%0250d"]`, chunk))}
		for i := range 4 {
			r[fmt.Sprintf("f%04d", chunk*4+i)] = long
		}
		rows := []schema.Row{}
		for i := range 5 {
			rows = append(rows, schema.Row{Entry: fmt.Sprintf("%d-%d", chunk, i), Fields: r})
		}
		o.Proposal = schema.Propose(o, rows, fmt.Sprint(chunk), now)
	}
	p, next := o.Proposal, schema.Next(o)
	examples := 0
	for _, c := range p.Changes {
		examples += len(c.Examples)
		for _, e := range c.Examples {
			if len(e.Value) > schema.MaxExampleBytes || !utf8.ValidString(e.Value) {
				t.Fatalf("the example %q has %d bytes", e.Value, len(e.Value))
			}
		}
	}
	if !p.Full || len(next.Fields) != schema.MaxFields || examples > schema.MaxProposalExamples || len(p.Counted) != schema.MaxCounted || p.Counted[0] != "10" || p.Rows != 1050 {
		t.Errorf("full %v, %d fields, %d examples, %d counted, %d rows", p.Full, len(next.Fields), examples, len(p.Counted), p.Rows)
	}
	if err := schema.CheckFields(next.Fields); err != nil {
		t.Error(err)
	}
	c, _ := next.Field("c")
	m, _ := next.Field("m")
	if c.Type != schema.Text || m.Type != schema.JSON {
		t.Errorf("with too many choices: %+v, %+v", c, m)
	}
	if text := marshal(t, o); len(text) > 300_000 {
		t.Errorf("the object takes %d bytes", len(text))
	}
}

func TestDiff(t *testing.T) {
	from := version(schema.Field{Name: "a", Type: schema.Number}, schema.Field{Name: "b", Type: schema.Text, Required: true}, schema.Field{Name: "c", Type: schema.Choice, Choices: []string{"x", "y"}}, schema.Field{Name: "d", Type: schema.Text})
	to := version(schema.Field{Name: "a", Type: schema.Text, Required: true}, schema.Field{Name: "b", Type: schema.Text}, schema.Field{Name: "c", Type: schema.Choice, Choices: []string{"y", "z"}}, schema.Field{Name: "e", Type: schema.Date})
	want := []schema.Change{
		{Field: "a", From: schema.Number, To: schema.Text, Required: true},
		{Field: "b", From: schema.Text, To: schema.Text, Optional: true},
		{Field: "c", From: schema.Choice, To: schema.Choice, Choices: []string{"z"}, Removed: []string{"x"}},
		{Field: "d", From: schema.Text},
		{Field: "e", To: schema.Date},
	}
	if diff := cmp.Diff(want, schema.Diff(from, to)); diff != "" {
		t.Error(diff)
	}
	if same := schema.Diff(from, from); len(same) > 0 {
		t.Errorf("a version differs from itself: %v", same)
	}
}

func TestDeclare(t *testing.T) {
	got, err := schema.Declare("transaction_id", "changed_at", []schema.Field{
		{Name: "transaction_id", Type: schema.Number}, {Name: "changed_at", Type: schema.DateTime}, {Name: "amount", Type: schema.Number, Required: true}})
	want := []schema.Field{{Name: "amount", Type: schema.Number, Required: true}, {Name: "changed_at", Type: schema.DateTime}, {Name: "transaction_id", Type: schema.Text}}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v\n%s", err, diff)
	}
	got, err = schema.Declare("id", "", []schema.Field{{Name: "z", Type: schema.Text}})
	if diff := cmp.Diff([]schema.Field{{Name: "id", Type: schema.Text}, {Name: "z", Type: schema.Text}}, got); err != nil || diff != "" {
		t.Errorf("%v\n%s", err, diff)
	}
	ok := schema.Field{Name: "a", Type: schema.Text}
	many := make([]schema.Field, schema.MaxFields)
	for i := range many {
		many[i] = schema.Field{Name: fmt.Sprint("f", i), Type: schema.Text}
	}
	for _, c := range []struct {
		name        string
		id, version string
		fields      []schema.Field
		says        string
	}{
		{"no fields", "id", "", nil, "there is none"},
		{"no id", "", "", []schema.Field{ok}, "the field that names the record is not said"},
		{"a bad id", "a\n", "", []schema.Field{ok}, "control character"},
		{"twice", "id", "", []schema.Field{ok, ok}, `"a" is listed twice`},
		{"no name", "id", "", []schema.Field{{Type: schema.Text}}, "empty text"},
		{"no type", "id", "", []schema.Field{{Name: "a"}}, "has no type that exists"},
		{"another type", "id", "", []schema.Field{{Name: "a", Type: "varchar"}}, "has no type that exists"},
		{"action", "id", "", []schema.Field{{Name: "Action", Type: schema.Text}}, "is what each row does"},
		{"an id that is a date", "id", "", []schema.Field{{Name: "id", Type: schema.Date}}, "names the record, so it is a text"},
		{"a version that is not there", "id", "v", []schema.Field{ok}, `"v" orders the states of a record, but is not listed`},
		{"a version that orders nothing", "id", "v", []schema.Field{{Name: "v", Type: schema.Boolean}}, "orders the states of a record, so it is"},
		{"choices of a text", "id", "", []schema.Field{{Name: "a", Type: schema.Text, Choices: []string{"x"}}}, "is neither a choice nor a multi_choice"},
		{"a choice twice", "id", "", []schema.Field{{Name: "a", Type: schema.Choice, Choices: []string{"x", "y", "x"}}}, "has a choice twice"},
		{"a long choice", "id", "", []schema.Field{{Name: "a", Type: schema.Choice, Choices: []string{strings.Repeat("x", 257)}}}, "more than 256 bytes"},
		{"many choices", "id", "", []schema.Field{{Name: "a", Type: schema.Choice, Choices: strings.Split(strings.Repeat("x,", 200), ",")}}, "more than 200 choices"},
		{"all of it", "id", "", []schema.Field{{Name: "a"}, {Name: "b"}}, `"b" has no type`},
	} {
		_, err := schema.Declare(c.id, c.version, c.fields)
		if code(err) != schema.CodeInvalidSchema || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: got %v", c.name, err)
		}
	}
	if _, err := schema.Declare("id", "", many); code(err) != schema.CodeTooLarge {
		t.Errorf("too many fields: %v", err)
	}
}

func TestTemplates(t *testing.T) {
	names := map[string]bool{}
	for _, template := range schema.Templates() {
		if names[template.Name] {
			t.Errorf("%s is there twice", template.Name)
		}
		names[template.Name] = true
		declared, err := schema.Declare(template.IDField, "", template.Fields)
		if diff := cmp.Diff(declared, template.Fields); err != nil || diff != "" || len(declared) < 4 {
			t.Errorf("%s: %v\n%s", template.Name, err, diff)
		}
		sample := parse(t, string(template.Sample))
		if found := schema.Check(version(template.Fields...), true, sample); len(found) > 0 {
			t.Errorf("%s: its own sample breaks it: %v", template.Name, found)
		}
		for _, f := range template.Fields {
			if _, ok := sample[f.Name]; !ok {
				t.Errorf("%s: the sample does not show %s", template.Name, f.Name)
			}
		}
		found, ok := schema.FindTemplate(template.Name)
		if !ok || found.Title != template.Title || template.Title == "" || template.Description == "" {
			t.Errorf("%s: found %+v", template.Name, found)
		}
	}
	for _, name := range []string{"sales_transactions", "users", "targets", "products", "attendance"} {
		if !names[name] {
			t.Errorf("there is no template %s", name)
		}
	}
	if _, ok := schema.FindTemplate("nothing"); ok {
		t.Error("found a template that is not there")
	}
}

// TestJSONSchema holds what client teams are shown against what Check does.
func TestJSONSchema(t *testing.T) {
	v := sales()
	v.Fields = append([]schema.Field{{Name: "$ref", Type: schema.Number}, {Name: "__proto__", Type: schema.Text}}, v.Fields...)
	text := schema.JSONSchema(schema.Object{Title: "Sales", IDField: "id", Present: v})
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("row.json", value); err != nil {
		t.Fatal(err)
	}
	compiled, err := c.Compile("row.json")
	if err != nil {
		t.Fatal(err)
	}
	passed, refused := 0, 0
	for _, f := range v.Fields {
		for _, line := range awkward(t) {
			for _, action := range []string{"create", "update"} {
				r := row{"amount": json.RawMessage(`1`), "sold_on": json.RawMessage(`"2026-01-15"`), f.Name: line.value}
				ok := len(schema.Check(v, action == "create", r)) == 0
				if f.Name == "id" {
					continue // what names a record is judged by more than its type
				}
				r["id"], r["action"] = json.RawMessage(`"1"`), json.RawMessage(`"`+action+`"`)
				instance, err := jsonschema.UnmarshalJSON(strings.NewReader(marshal(t, r)))
				if err != nil {
					t.Fatal(err)
				}
				if err := compiled.Validate(instance); (err == nil) != ok {
					t.Errorf("%s: %s, %s: Check says %v, the JSON Schema %v", f.Name, line.value, action, ok, err)
				}
				if ok {
					passed++
				} else {
					refused++
				}
			}
		}
	}
	if passed < 100 || refused < 100 {
		t.Errorf("%d passed, %d refused: this compares little", passed, refused)
	}
	for _, bad := range []string{`{"action":"create","amount":1,"sold_on":"2026-01-15"}`, `{"id":1,"amount":1}`, `{"id":1,"action":"upsert"}`, `{"id":"","action":"update"}`,
		`{"id":1.5,"action":"update"}`, `{"id":null,"action":"update"}`, `{"id":1,"action":"create","sold_on":"2026-01-15"}`, `{"id":1,"action":"create","amount":null,"sold_on":"2026-01-15"}`,
		`{"id":1,"action":"update","nothing":1}`} {
		instance, _ := jsonschema.UnmarshalJSON(strings.NewReader(bad))
		if compiled.Validate(instance) == nil {
			t.Errorf("%s passes", bad)
		}
	}
}

// BenchmarkFollow is what every event of a CRM pays: an opportunity that changes nothing.
func BenchmarkFollow(b *testing.B) {
	r := parse(b, opportunity)
	v, _ := schema.Follow(schema.Version{}, r)
	if len(v.Fields) != 25 {
		b.Fatalf("%d fields", len(v.Fields))
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, changed := schema.Follow(v, r); changed {
			b.Fatal("changed")
		}
	}
}

func TestFollowOfAnUnchangedRowAllocatesNothing(t *testing.T) {
	r := parse(t, opportunity)
	v, _ := schema.Follow(schema.Version{}, r)
	if n := testing.AllocsPerRun(100, func() { schema.Follow(v, r) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
	if n := testing.AllocsPerRun(100, func() { schema.Check(v, true, r) }); n > 0 {
		t.Errorf("Check: %v allocations", n)
	}
}

const opportunity = `{"contact_name":"Mr. Jones","user_name":"Joe Kemp","value_period":"one_time","updated_by_name":"Joe Kemp",
	"date_created":"2019-01-15T12:41:24.496000+00:00","user_id":"user_1","updated_by":"user_1","value_currency":"USD","organization_id":"orga_1",
	"status_label":"Won","contact_id":"cont_1","status_type":"won","created_by_name":"Joe Kemp","id":"oppo_1","lead_name":"KLine","date_lost":null,
	"note":"","date_updated":"2019-01-15T12:48:23.392000+00:00","status_id":"stat_1","value":100000,"created_by":"user_1","value_formatted":"$1,000",
	"date_won":"2019-01-15","lead_id":"lead_1","tags":["a","b"]}`
