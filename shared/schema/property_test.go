package schema_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"leadline/shared/schema"
)

var now = time.Date(2026, 1, 15, 10, 0, 0, 0, time.UTC)

type row = map[string]json.RawMessage

// values are of all types, with several of each.
func values() *rapid.Generator[json.RawMessage] {
	fixed := []string{`null`, `true`, `false`, `0`, `-1`, `1.0`, `1e5`, `12345678901234567890`, `"a"`, `"b"`, `"c"`, `""`, `"00123"`, `"true"`, `"NaN"`,
		`"2026-01-15"`, `"2024-02-29"`, `"2026-02-30"`, `"2026-01-15T10:00:00Z"`, `"2026-01-15 10:00:00+05:30"`, `"2026-01-15T10:00:00"`,
		`[]`, `["a"]`, `["a","b"]`, `["é\"]","b"]`, `[1]`, `["a",1]`, `[null]`, `[[]]`, `{}`, `{"a":1}`, `{"amount":12.50,"currency":"EUR"}`,
		`{"currency":"JPY","value":1}`, `{"amount":"1","currency":"EUR"}`, `{"amount":1,"currency":"eur"}`}
	return rapid.Custom(func(t *rapid.T) json.RawMessage { return json.RawMessage(rapid.SampledFrom(fixed).Draw(t, "value")) })
}

func rows() *rapid.Generator[row] {
	names := rapid.SampledFrom([]string{"a", "b", "c", "d", "__proto__", "a.b", "😀"})
	return rapid.MapOfN(names, values(), 0, 6)
}

// fields are declared ones: any type, choices, required.
func fields() *rapid.Generator[[]schema.Field] {
	return rapid.Custom(func(t *rapid.T) []schema.Field {
		var all []schema.Field
		for _, name := range []string{"a", "b", "c", "__proto__"} {
			if !rapid.Bool().Draw(t, "there") {
				continue
			}
			f := schema.Field{Name: name, Type: rapid.SampledFrom(schema.Types()).Draw(t, "type"), Required: rapid.Bool().Draw(t, "required")}
			if (f.Type == schema.Choice || f.Type == schema.MultiChoice) && rapid.Bool().Draw(t, "limited") {
				f.Choices = []string{"a", "c"}
			}
			all = append(all, f)
		}
		slices.SortFunc(all, func(a, b schema.Field) int {
			if a.Name < b.Name {
				return -1
			}
			return 1
		})
		return all
	})
}

func TestJoin(t *testing.T) {
	for _, c := range [][3]schema.Type{
		{schema.Unknown, schema.Date, schema.Date},
		{schema.Date, schema.DateTime, schema.DateTime},
		{schema.Date, schema.Number, schema.Text},
		{schema.DateTime, schema.Text, schema.Text},
		{schema.Number, schema.Text, schema.Text},
		{schema.Boolean, schema.Text, schema.Text},
		{schema.Boolean, schema.Number, schema.Text},
		{schema.Choice, schema.Choice, schema.Choice},
		{schema.Choice, schema.Text, schema.Text},
		{schema.Reference, schema.Number, schema.Text},
		{schema.Money, schema.Number, schema.JSON},
		{schema.Money, schema.Text, schema.JSON},
		{schema.MultiChoice, schema.Text, schema.JSON},
		{schema.MultiChoice, schema.Choice, schema.JSON},
		{schema.MultiChoice, schema.Money, schema.JSON},
		{schema.JSON, schema.Number, schema.JSON},
	} {
		if got := schema.Join(c[0], c[1]); got != c[2] {
			t.Errorf("%s and %s: got %s, want %s", c[0], c[1], got, c[2])
		}
	}
}

func TestJoinIsALattice(t *testing.T) {
	all := schema.Types()
	for _, a := range all {
		if schema.Join(a, a) != a || schema.Join(a, schema.Unknown) != a || schema.Join(a, schema.JSON) != schema.JSON {
			t.Errorf("%s: the join with itself, unknown or json is wrong", a)
		}
		for _, b := range all {
			if schema.Join(a, b) != schema.Join(b, a) {
				t.Errorf("%s, %s: the order matters", a, b)
			}
			for _, c := range all {
				if schema.Join(a, schema.Join(b, c)) != schema.Join(schema.Join(a, b), c) {
					t.Errorf("%s, %s, %s: the grouping matters", a, b, c)
				}
			}
		}
	}
}

// TestJoinTakesWhatBothTake is what makes widening safe: nothing that was accepted is refused later.
func TestJoinTakesWhatBothTake(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := rapid.SampledFrom(schema.Types()).Draw(t, "a"), rapid.SampledFrom(schema.Types()).Draw(t, "b")
		v := values().Draw(t, "v")
		if a == schema.Unknown || b == schema.Unknown {
			return // an unknown field takes what comes first, and then is what that was
		}
		narrow, _ := schema.Accepts(schema.Field{Type: a}, v)
		wide, found := schema.Accepts(schema.Field{Type: schema.Join(a, b)}, v)
		if narrow && !wide {
			t.Fatalf("%s takes %s, the join with %s does not (%s)", a, v, b, found)
		}
		if own, found := schema.Accepts(schema.Field{Type: schema.TypeOf(v)}, v); !own {
			t.Fatalf("%s is a %s by itself, which does not take it (%s)", v, schema.TypeOf(v), found)
		}
	})
}

// TestNothingPanics: values are canonical by contract, but a broken one must not bring a function down.
func TestNothingPanics(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := json.RawMessage(rapid.StringMatching(`[\[{"tfn0-9\]},:\\ ]{0,12}|"[0-9TZ:. +-]{8,30}"?`).Draw(t, "value"))
		f := schema.Field{Name: "f", Type: rapid.SampledFrom(schema.Types()).Draw(t, "type"), Choices: []string{"a"}}
		ok, found := schema.Accepts(f, v)
		if ok == (found != "") {
			t.Fatalf("%q: %v %q", v, ok, found)
		}
		next, _ := schema.Follow(schema.Version{Fields: []schema.Field{f}}, row{"f": v, "g": v})
		if _, changed := schema.Follow(next, row{"f": v, "g": v}); changed {
			t.Fatalf("%q changes the version again", v)
		}
	})
}

func TestInferDoesNotDependOnOrderOrSplits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := rapid.SliceOfN(rows(), 0, 8).Draw(t, "rows")
		whole, err := schema.Infer("a", all...)
		if err != nil {
			t.Fatal(err)
		}
		shuffled, err := schema.Infer("a", rapid.Permutation(all).Draw(t, "shuffled")...)
		if diff := cmp.Diff(whole, shuffled); err != nil || diff != "" {
			t.Fatalf("the order matters: %v\n%s", err, diff)
		}
		at := rapid.IntRange(0, len(all)).Draw(t, "at")
		left, err1 := schema.Infer("a", all[:at]...)
		right, err2 := schema.Infer("a", all[at:]...)
		merged, err3 := schema.Merge(left, right)
		if diff := cmp.Diff(whole, merged); err1 != nil || err2 != nil || err3 != nil || len(whole)+len(merged) > 0 && diff != "" {
			t.Fatalf("the split matters: %v %v %v\n%s", err1, err2, err3, diff)
		}
		for _, r := range all {
			if ok, _ := schema.Accepts(schema.Field{Type: schema.Text}, r["a"]); !ok {
				delete(r, "a") // no such value names a record
			}
			if found := schema.Check(schema.Version{Fields: whole}, true, r); len(found) > 0 {
				t.Fatalf("the row %s breaks the schema that it was part of: %v", r, found)
			}
		}
	})
}

// TestAcceptedProposalTakesEveryRowThatAskedForIt is the promise behind "accept and replay".
func TestAcceptedProposalTakesEveryRowThatAskedForIt(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := schema.Object{Name: "sales", Present: schema.Version{Number: 1, Fields: fields().Draw(t, "fields")}}
		before := marshal(t, o.Present)
		var asked []schema.Row
		counted := int64(0)
		for chunk := range rapid.IntRange(1, 3).Draw(t, "chunks") {
			var part []schema.Row
			for i, fields := range rapid.SliceOfN(rows(), 0, 5).Draw(t, "rows") {
				r := schema.Row{Entry: fmt.Sprintf("%d-%08d", chunk, i), Create: rapid.Bool().Draw(t, "create"), Fields: fields}
				if len(schema.Check(o.Present, r.Create, r.Fields)) > 0 {
					counted++
				}
				part = append(part, r)
			}
			asked = append(asked, part...)
			old := marshal(t, o.Proposal)
			next := schema.Propose(o, part, fmt.Sprint(chunk), now)
			if marshal(t, o.Proposal) != old {
				t.Fatalf("the old proposal was changed: %s -> %s", old, marshal(t, o.Proposal))
			}
			shuffled := schema.Propose(o, rapid.Permutation(part).Draw(t, "shuffled"), fmt.Sprint(chunk), now)
			if diff := cmp.Diff(next, shuffled); diff != "" {
				t.Fatalf("the order of the rows matters:\n%s", diff)
			}
			o.Proposal = next
			again := schema.Propose(o, part, fmt.Sprint(chunk), now.Add(time.Hour))
			if marshal(t, again) != marshal(t, next) {
				t.Fatalf("a chunk counted twice:\n%s\n%s", marshal(t, next), marshal(t, again))
			}
		}
		if marshal(t, o.Present) != before {
			t.Fatalf("the present version was changed")
		}
		if o.Proposal == nil {
			if counted > 0 {
				t.Fatalf("%d rows broke the schema, and nothing is proposed", counted)
			}
			return
		}
		if o.Proposal.Rows != counted || o.Proposal.Full {
			t.Fatalf("%d rows broke the schema, the proposal counts %d", counted, o.Proposal.Rows)
		}
		next := schema.Next(o)
		for _, r := range asked {
			if found := schema.Check(next, r.Create, r.Fields); len(found) > 0 {
				t.Fatalf("row %s %s still breaks version %d: %v\nproposal: %s", r.Entry, marshal(t, r.Fields), next.Number, found, marshal(t, o.Proposal))
			}
		}
		if next.Number != 2 || next.Origin != schema.Accepted || len(schema.Diff(o.Present, next)) != len(o.Proposal.Changes) {
			t.Fatalf("the next version is %s, the changes are %s", marshal(t, next), marshal(t, o.Proposal.Changes))
		}
	})
}

// TestStaleProposal: the admin changed the schema by hand after rows had asked for something else.
func TestStaleProposal(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := schema.Object{Present: schema.Version{Number: 1, Fields: fields().Draw(t, "first")}}
		one := schema.Row{Entry: "1", Fields: rows().Draw(t, "row")}
		o.Proposal = schema.Propose(o, []schema.Row{one}, "1", now)
		o.Present = schema.Version{Number: 2, Fields: fields().Draw(t, "second")}
		two := schema.Row{Entry: "2", Fields: rows().Draw(t, "row")}
		o.Proposal = schema.Propose(o, []schema.Row{two}, "2", now)
		next := schema.Next(o)
		if found := schema.Check(next, false, two.Fields); len(found) > 0 {
			t.Fatalf("the row %s still breaks the next version: %v", marshal(t, two.Fields), found)
		}
		if len(schema.Check(o.Present, false, two.Fields)) == 0 && o.Proposal == nil {
			return
		}
		for _, f := range o.Present.Fields {
			now, ok := next.Field(f.Name)
			if !ok || schema.Join(f.Type, now.Type) != now.Type {
				t.Fatalf("%s was %s and is %s: narrower", f.Name, f.Type, now.Type)
			}
		}
	})
}

func TestFollowTakesWhatItSees(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := schema.Version{}
		seen := rapid.SliceOfN(rows(), 0, 6).Draw(t, "rows")
		for _, r := range seen {
			before := marshal(t, v)
			next, changed := schema.Follow(v, r)
			if marshal(t, v) != before {
				t.Fatalf("the present version was changed")
			}
			if changed != (len(schema.Diff(v, next)) > 0) || changed != (next.Number == v.Number+1) {
				t.Fatalf("changed is %v, but %v differs", changed, schema.Diff(v, next))
			}
			v = next
		}
		for _, r := range seen {
			if next, changed := schema.Follow(v, r); changed {
				t.Fatalf("the row %s changes the version again: %v", marshal(t, r), schema.Diff(v, next))
			}
		}
		inferred, err := schema.Infer("", seen...)
		if diff := cmp.Diff(inferred, v.Fields); err != nil || len(inferred) > 0 && diff != "" {
			t.Fatalf("following and inferring differ: %v\n%s", err, diff)
		}
	})
}

func marshal(t interface{ Fatal(...any) }, v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
