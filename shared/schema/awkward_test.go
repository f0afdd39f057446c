package schema_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"leadline/shared/record"
	"leadline/shared/schema"
)

// awkwardLine is one line of testdata/awkward.tsv.
type awkwardLine struct {
	value      json.RawMessage
	byItself   schema.Type
	accepted   map[schema.Type]bool
	withNumber schema.Type
}

// table reads the cells of a golden table: lines of cells between tabs, remarks from #, heads in front of parts.
func table(t testing.TB, name, head string) [][]string {
	t.Helper()
	text, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	columns := strings.Split(head, " ")
	var lines [][]string
	for i, line := range strings.Split(string(text), "\n") {
		if strings.TrimSpace(line) == "" || strings.HasPrefix(line, "# ") {
			continue
		}
		cells := strings.Split(line, "\t")
		for j := range cells {
			cells[j] = strings.TrimSpace(cells[j])
		}
		if cells[0] == columns[0] {
			if got := strings.ReplaceAll(strings.Join(cells, " "), "by itself", "by_itself"); got != head {
				t.Fatalf("%s:%d: the columns are %s", name, i+1, got)
			}
			continue
		}
		if len(cells) < len(columns)-1 || len(cells) > len(columns) {
			t.Fatalf("%s:%d has %d cells", name, i+1, len(cells))
		}
		lines = append(lines, cells)
	}
	return lines
}

func awkward(t testing.TB) []awkwardLine {
	t.Helper()
	types := []schema.Type{schema.Number, schema.Text, schema.Date, schema.DateTime, schema.Boolean, schema.Money, schema.MultiChoice, schema.JSON}
	var lines []awkwardLine
	for _, cells := range table(t, "awkward.tsv", "value by_itself number text date date_time boolean money multi_choice json number+ remark") {
		l := awkwardLine{byItself: schema.Type(cells[1]), accepted: map[schema.Type]bool{}, withNumber: schema.Type(cells[10])}
		// As a push would read it: canonical.
		fields, err := record.ParseFields([]byte(`{"v":` + cells[0] + `}`))
		if err != nil {
			t.Fatalf("%s: %v", cells[0], err)
		}
		l.value = fields["v"]
		for i, kind := range types {
			if cells[2+i] != "yes" && cells[2+i] != "no" {
				t.Fatalf("%s: %q is neither yes nor no", cells[0], cells[2+i])
			}
			l.accepted[kind] = cells[2+i] == "yes"
		}
		lines = append(lines, l)
	}
	return lines
}

// TestAwkwardValues holds the code to testdata/awkward.tsv, which is meant to be read.
func TestAwkwardValues(t *testing.T) {
	lines := awkward(t)
	if len(lines) < 200 {
		t.Errorf("the table has only %d values", len(lines))
	}
	seen := map[string]bool{}
	for _, l := range lines {
		if seen[string(l.value)] {
			t.Errorf("%s is there twice", l.value)
		}
		seen[string(l.value)] = true
		if got := schema.TypeOf(l.value); got != l.byItself {
			t.Errorf("%s is %s by itself, want %s", l.value, got, l.byItself)
		}
		for kind, want := range l.accepted {
			if got, found := schema.Accepts(schema.Field{Name: "f", Type: kind}, l.value); got != want || got == (found != "") {
				t.Errorf("%s in a field of type %s: got %v (found %q), want %v", l.value, kind, got, found, want)
			}
		}
		if ok, _ := schema.Accepts(schema.Field{Type: schema.Unknown}, l.value); !ok {
			t.Errorf("%s is not taken by an unknown field", l.value)
		}
		text := l.value[0] == '"' || string(l.value) == "null"
		if ok, _ := schema.Accepts(schema.Field{Type: schema.Choice}, l.value); ok != text {
			t.Errorf("%s in a choice: got %v", l.value, ok)
		}
		fields, err := schema.Infer("", row{"f": json.RawMessage(`1`)}, row{"f": l.value})
		if err != nil || fields[0].Type != l.withNumber {
			t.Errorf("a number, then %s: got %v %v, want %s", l.value, fields, err, l.withNumber)
		}
	}
}

// TestAwkwardNames holds the code to testdata/names.tsv.
func TestAwkwardNames(t *testing.T) {
	lines := table(t, "names.tsv", "name allowed remark")
	if len(lines) < 60 {
		t.Errorf("the table has only %d names", len(lines))
	}
	all := row{}
	for _, cells := range lines {
		var name string
		if err := json.Unmarshal([]byte(cells[0]), &name); err != nil {
			t.Fatalf("%s: %v", cells[0], err)
		}
		err := schema.CheckName(name)
		switch {
		case cells[1] == "no" && code(err) != schema.CodeInvalidName, cells[1] == "yes" && err != nil, cells[1] != "yes" && cells[1] != "no":
			t.Errorf("%s: %s, got %v", cells[0], cells[1], err)
		case err != nil && code(schema.CheckRow(row{"a": nil, name: nil})) != schema.CodeInvalidName:
			t.Errorf("%s is let through in a row", cells[0])
		case err != nil && len(err.Error()) > 200:
			t.Errorf("%s: the error is long: %v", cells[0], err)
		case err == nil:
			all[name] = json.RawMessage(`1`)
		}
	}
	fields, err := schema.Infer("", all)
	if err != nil || len(fields) != len(all) {
		t.Fatalf("%d names became %d fields: %v", len(all), len(fields), err)
	}
	for name := range all {
		one := row{name: json.RawMessage(`"x"`)}
		found := schema.Check(version(fields...), false, one)
		if len(found) != 1 || found[0].Field != name {
			t.Errorf("%q: a text for a number gives %v", name, found)
		}
		o := schema.Object{Present: version(fields...)}
		o.Proposal = schema.Propose(o, []schema.Row{{Entry: "e", Fields: one}}, "c", now)
		if found := schema.Check(schema.Next(o), false, one); len(found) > 0 {
			t.Errorf("%q: accepted, and still %v", name, found)
		}
	}
}

// TestTime: whatever is a date_time can be read as an instant, and the other way round.
func TestTime(t *testing.T) {
	for _, l := range awkward(t) {
		if l.value[0] != '"' {
			continue
		}
		var text string
		if err := json.Unmarshal(l.value, &text); err != nil {
			t.Fatal(err)
		}
		got, ok := schema.Time(text)
		if ok != (l.byItself == schema.DateTime) {
			t.Errorf("%s: read %v", l.value, ok)
		}
		if want, err := time.Parse(time.RFC3339Nano, text); ok && err == nil && !got.Equal(want) {
			t.Errorf("%s: got %v, want %v", l.value, got, want)
		}
	}
	for text, want := range map[string]string{
		"2026-01-15T10:00:00.000+0530":        "2026-01-15T04:30:00Z",
		"2026-01-15 10:00:00-08":              "2026-01-15T18:00:00Z",
		"2026-12-31T23:30:00.1234567899-0100": "2027-01-01T00:30:00.123456789Z",
	} {
		if got, ok := schema.Time(text); !ok || got.Format(time.RFC3339Nano) != want {
			t.Errorf("%s: got %v %v", text, got, ok)
		}
	}
}

func TestWholeNumbersNameRecords(t *testing.T) {
	for value, want := range map[string]bool{"0": true, "-0": true, "0.0": true, "0e9": true, "7": true, "-7": true, "1.0": true, "1e5": true, "1.5e1": true, "1.50e1": true,
		"120e-1": true, "98765432109876543210": true, "1.5": false, "15e-1": false, "1e-1": false, "1.25e1": false, "1e-99999999999999999999": false} {
		if ok, _ := schema.Accepts(schema.Field{Type: schema.Reference}, json.RawMessage(value)); ok != want {
			t.Errorf("%s: got %v", value, ok)
		}
	}
}
