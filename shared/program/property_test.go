package program_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"leadline/shared/calendar"
	"leadline/shared/fault"
	"leadline/shared/incentive"
	"leadline/shared/number"
	"leadline/shared/program"
)

// words are what mutated takes the place of others: numbers, names and words of settings, right ones and wrong ones.
func words() []any {
	return []any{"0", "1", "-1", "0.5", "250", "1/3", "10%", "x", "", "calls", "bookings", "mix", "measure", "attainment", "count", "earned", "marginal", "whole", "interpolated", "amount", "rate",
		"value", "target", "sum", "average", "max", "distinct", "ratio", "month", "quarter", "year", "direct", "rollup", "team", "row.value", "row.lead_id", "row.status_type == \"won\"", "date_lost",
		"status_type", "cap", "floor", "draw", "year_to_date", "at_rate", "restate", "negative_sale", "lower", "upper", "carried", "split", "overlay", "guarantee", "on_top", "take_back", "pooled", "first", "days", "none", true, false, 0, 1, 2, 40}
}

// node is a place in a JSON document, and how to put something else there.
type node struct {
	value any
	set   func(any)
	drop  func()
}

func nodes(value any, found *[]node) {
	switch value := value.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(value)) {
			*found = append(*found, node{value[key], func(v any) { value[key] = v }, func() { delete(value, key) }})
			nodes(value[key], found)
		}
	case []any:
		for i := range value {
			*found = append(*found, node{value[i], func(v any) { value[i] = v }, func() { value[i] = value[len(value)-1] }})
			nodes(value[i], found)
		}
	}
}

// mutated changes a few places of a definition: what stands there is left out, or becomes a word, or what stands elsewhere.
func mutated(t *rapid.T, text string) string {
	var document any
	if err := json.Unmarshal([]byte(text), &document); err != nil {
		t.Fatal(err)
	}
	for range rapid.IntRange(1, 3).Draw(t, "changes") {
		var all []node
		nodes(document, &all)
		at := all[rapid.IntRange(0, len(all)-1).Draw(t, "place")]
		switch rapid.IntRange(0, 3).Draw(t, "change") {
		case 0:
			at.drop()
		case 1:
			at.set(copied(all[rapid.IntRange(0, len(all)-1).Draw(t, "other")].value))
		default:
			at.set(rapid.SampledFrom(words()).Draw(t, "word"))
		}
	}
	out, err := json.Marshal(document)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func copied(value any) any {
	text, _ := json.Marshal(value)
	var again any
	_ = json.Unmarshal(text, &again)
	return again
}

// TestWhatIsCheckedCanBeReckonedWith: whatever is done to a definition, it is refused with a place, or the engine takes it. And
// whatever can be read has a text, and differs from what it was as Diff says.
func TestWhatIsCheckedCanBeReckonedWith(t *testing.T) {
	items, table, before := world(t), rates(t, "2026-01-01"), decoded(t, whole)
	bad, good := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		text := mutated(t, rapid.SampledFrom([]string{whole, various}).Draw(t, "base"))
		d, wrong := program.Decode([]byte(text))
		if len(wrong) > 0 {
			named(t, wrong, text)
			return
		}
		if program.Text(d) == "" || (len(program.Diff(before, d)) == 0) != equal(before, d) {
			t.Fatalf("no text, or no difference: %s", text)
		}
		sources, wrong := program.Resolve(d, items)
		wrong = append(wrong, program.Check(d, "2026-01-01", sources, table)...)
		named(t, wrong, text)
		again, more := program.Resolve(d, items)
		if !equal(wrong, append(more, program.Check(d, "2026-01-01", again, table)...)) {
			t.Fatalf("another time there is something else wrong: %s", text)
		}
		if len(program.Errors(wrong)) > 0 {
			bad++
			return
		}
		good++
		program.TextOver(d, sources)
		plan, err := incentive.Compile([]program.Version{{Number: 1, From: "2026-01-01", Definition: d, Sources: sources}})
		if err != nil {
			t.Fatalf("%v: %s", err, text)
		}
		var credits []incentive.Credit
		for _, r := range closeRecords() {
			given, _ := plan.Credit(incentive.Base{Record: &r}, office{})
			credits = append(credits, given...)
		}
		for _, who := range []string{"ann", "cem", "nobody"} {
			theirs := slices.DeleteFunc(slices.Clone(credits), func(c incentive.Credit) bool { return c.Participant != who })
			in := incentive.Input{Participant: who, Period: d.Calendar.Of(d.Period, "2026-01-15"), Spans: []calendar.Span{{From: "2026-01-01"}}, Credits: theirs}
			if _, err := plan.Calculate(in); err != nil && (fault.Of(err) == nil || fault.Of(err).Code != number.CodeTooLarge) {
				t.Fatalf("%s: %v: %s", who, err, text)
			}
		}
	})
	if bad == 0 || good == 0 {
		t.Errorf("%d were refused and %d were not: the test shows nothing", bad, good)
	}
}

// named refuses problems that say nothing, or not where.
func named(t *rapid.T, wrong []program.Problem, text string) {
	for _, p := range wrong {
		if p.Message == "" || p.Code == "" || p.Path == "" || strings.Contains(p.Message, "%!") || p.Severity != program.Error && p.Severity != program.Warning {
			t.Fatalf("%+v of %s", p, text)
		}
	}
}
