package program_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"pgregory.net/rapid"

	"leadline/shared/calendar"
	"leadline/shared/program"
)

func compiled(t *testing.T) *jsonschema.Schema {
	t.Helper()
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(program.JSONSchema()))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	if err := c.AddResource("urn:leadline:schema:program", document); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("urn:leadline:schema:program")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func valid(t *testing.T, s *jsonschema.Schema, text string) error {
	t.Helper()
	value, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return s.Validate(value)
}

func TestTheSchemaTakesWhatIsRight(t *testing.T) {
	s := compiled(t)
	texts := []string{whole, various, otherwise}
	for _, template := range program.Templates() {
		d, _ := template.Build(nil, program.Setting{Connection: "conn_1", Items: world(t)})
		text, err := json.Marshal(d)
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, string(text))
	}
	for _, text := range texts {
		if err := valid(t, s, text); err != nil {
			t.Errorf("%v", err)
		}
		again, err := json.Marshal(decoded(t, text))
		if err != nil || valid(t, s, string(again)) != nil {
			t.Errorf("written again it is not valid: %s", again)
		}
	}
}

// TestWhatIsBroken is refused by the schema and by Decode, which names the place.
func TestWhatIsBroken(t *testing.T) {
	s := compiled(t)
	for _, c := range []struct{ old, new, path, code, says string }{
		{`"kind": "commission",`, `"kind": "commission", "colour": 1,`, "colour", program.CodeUnknownField, `no field "colour"`},
		{`"zone": "America/New_York"`, `"Zone": "America/New_York"`, "Zone", program.CodeUnknownField, `Is it "zone"?`},
		{`"pay": "5%"`, `"pays": "5%"`, "components[0].rate.tiers[0].pays", program.CodeUnknownField, `Is it "pay"?`},
		{`"pay": "5%"`, `"pay": "five"`, "components[0].rate.tiers[0].pay", program.CodeWrongType, "no number"},
		{`"pay": "5%"`, `"pay": true`, "components[0].rate.tiers[0].pay", program.CodeWrongType, "number such as"},
		{`"pay": "5%"`, `"pay": ["5%", {"a": [1]}]`, "components[0].rate.tiers[0].pay", program.CodeWrongType, "a list"},
		{`"pay": "5%"`, `"pay": null`, "components[0].rate.tiers[0].pay", program.CodeWrongType, "null"},
		{`"levels": 2`, `"levels": "2"`, "components[0].credit.rules[3].levels", program.CodeWrongType, "must be a whole number, and is a text"},
		{`"levels": 2`, `"levels": 2.5`, "components[0].credit.rules[3].levels", program.CodeWrongType, "the number 2.5"},
		{`"recoverable": true`, `"recoverable": "yes"`, "limits[0].draw.recoverable", program.CodeWrongType, "true or false"},
		{`"form": "guarantee", "recoverable": true`, `"form": "guarantee"`, "limits[0].draw.recoverable", program.CodeMissing, "missing"},
		{`"participants": {"roles": ["partner", "manager"], "except": ["mbr_9"]}`, `"participants": ["all"]`, "participants", program.CodeWrongType, "must be an object, and is a list"},
		{`"title": "Sales 2026"`, `"title": 2026`, "title", program.CodeWrongType, "the number 2026"},
		{`"title": "Sales 2026"`, `"title": {}`, "title", program.CodeWrongType, "an object"},
		{`"at": {"kind": "annual", "volume": "50"}`, `"at": {"kind": "annual", "volume": 50}`, "components[2].rate.cells[1].at.volume", program.CodeWrongType, "must be a text"},
		{`"adjust": [`, `"adjust": [7, `, "components[0].adjust[0]", program.CodeWrongType, "must be an object"},
	} {
		text := strings.Replace(whole, c.old, c.new, 1)
		if text == whole {
			t.Fatalf("%s is not there", c.old)
		}
		_, wrong := program.Decode([]byte(text))
		found := false
		for _, p := range wrong {
			found = found || p.Path == c.path && p.Code == c.code && strings.Contains(p.Message, c.says)
		}
		if !found || len(wrong) > 2 {
			t.Errorf("%s: %v", c.new, wrong)
		}
		if valid(t, s, text) == nil {
			t.Errorf("the schema takes %s", c.new)
		}
	}
}

// TestTheSchemaKnowsTheWords and limits that Check knows.
func TestTheSchemaKnowsTheWords(t *testing.T) {
	s := compiled(t)
	for _, c := range [][2]string{{`"period": "month"`, `"period": "decade"`}, {`"currency": "USD"`, `"currency": "usd"`}, {`"name": "bookings"`, `"name": "Book"`}, {`"levels": 2`, `"levels": 21`},
		{`"ties": "each"`, `"ties": "coin"`}, {`["direct", "split"]`, `["direct", "gift"]`}, {`"title": "Sales 2026"`, `"title": ""`}, {`"roles": ["partner"`, `"roles": ["boss"`}, {`"from": 1,`, `"from": 0,`}} {
		text := strings.Replace(whole, c[0], c[1], 1)
		if text == whole {
			t.Fatalf("%s is not there", c[0])
		}
		if valid(t, s, text) == nil {
			t.Errorf("it takes %s", c[1])
		}
		if len(program.Errors(checked(t, decoded(t, text), rates(t, "")))) == 0 {
			t.Errorf("Check takes %s", c[1])
		}
	}
}

func TestWhatIsNoJSON(t *testing.T) {
	for text, says := range map[string]string{
		``: "no JSON", `{`: "no JSON", "{\n \"kind\": \"contest\",,}": "line 2", `[]`: "must be an object", `"x"`: "must be an object", `null`: "null", whole + `{}`: "follows", whole + `]`: "no JSON",
		strings.Replace(whole, `"kind": "commission"`, `"kind": "commission", "kind": "contest"`, 1): "twice", "{\"title\":\"\xff\"}": "UTF-8",
		`{"x":` + strings.Repeat("[", 300<<10): "bytes", `{"x":` + strings.Repeat("[", 20_000): "no JSON",
		strings.Replace(whole, `"volume": "0"}`, `"volume": "0", "volume": "1"}`, 1): "twice", strings.Replace(whole, `"12%"`, `"1e999999999"`, 1): "no number",
	} {
		_, wrong := program.Decode([]byte(text))
		found := false
		for _, p := range wrong {
			found = found || strings.Contains(p.Message, says)
		}
		if !found {
			t.Errorf("%.60q: %v", text, wrong)
		}
	}
}

// TestNumbersStayAsTheyAre from text to definition and back, also those that no float holds.
func TestNumbersStayAsTheyAre(t *testing.T) {
	d := decoded(t, strings.Replace(whole, `"from": "0.5"`, `"from": 0.1000000000000000000001`, 1))
	if got := d.Components[0].Rate.Tiers[1].From.String(); got != "0.1000000000000000000001" {
		t.Errorf("got %s", got)
	}
}

func TestDifferences(t *testing.T) {
	before, after := decoded(t, whole), decoded(t, whole)
	if got := program.Diff(before, after); len(got) > 0 {
		t.Errorf("of the same: %v", got)
	}
	after.Title = "Sales 2027"
	after.Components[0].Rate.Tiers[2].Pay = *n("0.13")
	after.Components[0].Rate.Tiers = append(after.Components[0].Rate.Tiers, tiers("2", "0.2")...)
	after.Components[0].Hold = nil
	after.Standing.Least = n("5")
	added := after.Components[1]
	added.Name = "more_calls"
	after.Components = append([]program.Component{added}, after.Components[:2]...)
	var got []string
	for _, c := range program.Diff(before, after) {
		got = append(got, fmt.Sprintf("%s: %.40s -> %.40s", c.Path, c.Old, c.New))
	}
	want := []string{
		`components[1].hold: {"after_days":30,"share":"0.25"} -> `,
		`components[1].rate.tiers[2].pay: "0.12" -> "0.13"`,
		`components[1].rate.tiers[3]:  -> {"from":"2","pay":"0.2"}`,
		`components[2]: {"currency":"row.value_currency","name": -> `,
		`components[0]:  -> {"name":"more_calls","source":{"variable`,
		`standing.least:  -> "5"`,
		`title: "Sales 2026" -> "Sales 2027"`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	swapped := decoded(t, whole)
	swapped.Components[0], swapped.Components[1] = swapped.Components[1], swapped.Components[0]
	if got := program.Diff(before, swapped); len(got) != 1 || got[0].Path != "components" || string(got[0].New) != `["calls","bookings","mix"]` {
		t.Errorf("another order: %v", got)
	}
}

// TestDifferencesAreBothWays: what is new one way is old the other, and nothing differs only where nothing does.
func TestDifferencesAreBothWays(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		draw := func(name string) program.Definition {
			d := program.Definition{Title: rapid.SampledFrom([]string{"", "a", "b"}).Draw(t, name+" title")}
			for _, c := range rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"a", "b", "c"}), 0, 3, rapid.ID).Draw(t, name) {
				d.Components = append(d.Components, program.Component{Name: c, Value: rapid.SampledFrom([]string{"", "1", "2"}).Draw(t, name+" value"), Rate: &program.Rate{Tiers: tiers("0", "1", "2", "3")[:rapid.IntRange(0, 2).Draw(t, name+" tiers")]}})
			}
			return d
		}
		a, b := draw("a"), draw("b")
		there, back := program.Diff(a, b), program.Diff(b, a)
		if len(there) != len(back) || (len(there) == 0) != equal(a, b) {
			t.Fatalf("%v\n%v", there, back)
		}
	})
}

func TestVersionsThatFollowEachOther(t *testing.T) {
	monthly, weekly := program.Definition{Period: calendar.Monthly}, program.Definition{Period: calendar.Weekly}
	stored := []program.Version{{Number: 1, From: "2026-01-01", Definition: monthly}, {Number: 2, From: "2026-07-01", Definition: monthly}}
	for name, c := range map[string]struct {
		next       program.Version
		path, code string
		severity   program.Severity
		says       string
	}{
		"after all":                     {program.Version{Number: 3, From: "2026-09-15", Definition: monthly}, "", "", "", ""},
		"within another version":        {program.Version{Number: 3, From: "2026-03-10", Definition: monthly}, "from", program.CodeOverlap, program.Warning, "Version 2"},
		"in place of another":           {program.Version{Number: 3, From: "2026-07-01", Definition: monthly}, "from", program.CodeOverlap, program.Warning, "Version 2"},
		"before all":                    {program.Version{Number: 3, From: "2025-12-01", Definition: weekly}, "from", program.CodeOverlap, program.Warning, "Version 1"},
		"no day":                        {program.Version{Number: 3, Definition: monthly}, "from", program.CodeMissing, program.Error, "from which day"},
		"a day that is none":            {program.Version{Number: 3, From: "2026-13-01", Definition: monthly}, "from", program.CodeMissing, program.Error, "from which day"},
		"a number that is taken":        {program.Version{Number: 2, From: "2026-09-15", Definition: monthly}, "number", program.CodeTwice, program.Error, "version 2"},
		"it ends before it begins":      {program.Version{Number: 3, From: "2026-09-15", Until: "2026-09-15", Definition: monthly}, "until", program.CodeOrder, program.Error, "no day"},
		"weeks from within a month":     {program.Version{Number: 3, From: "2026-09-14", Definition: weekly}, "from", program.CodeOverlap, program.Error, "2026-09-14 lies within 2026-09"},
		"weeks from within a week":      {program.Version{Number: 3, From: "2026-09-01", Definition: weekly}, "from", program.CodeOverlap, program.Error, "2026-09-01 lies within 2026-W36"},
		"weeks that begin with a month": {program.Version{Number: 3, From: "2027-02-01", Definition: weekly}, "", "", "", ""},
	} {
		wrong := program.CheckVersions(stored, c.next)
		switch {
		case c.code == "" && len(wrong) == 0:
		case c.code == "" || len(wrong) == 0 || wrong[0].Path != c.path || wrong[0].Code != c.code || wrong[0].Severity != c.severity || !strings.Contains(wrong[0].Message, c.says):
			t.Errorf("%s: %v", name, wrong)
		}
	}
}
