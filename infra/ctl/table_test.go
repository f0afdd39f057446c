package main

import (
	"encoding/json"
	"math/big"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestTable(t *testing.T) {
	table := table{head: []string{"ID", "NAME", "N"}}
	table.add(row("1", "Żółć", "x")...)
	table.add(text("22"), styled(green, "a\nb\x1b[31m"), text(""))
	table.add(row("", "", "last")...)
	want := strings.Join([]string{
		"  ID  NAME      N",
		"  1   Żółć      x",
		"  22  a b·[31m",
		"                last",
		"",
	}, "\n")
	if got := table.format(painter{}, "  "); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	coloured := table.format(painter{on: true}, "  ")
	if !strings.Contains(coloured, "\x1b[32ma b·[31m\x1b[0m\n") || strings.Count(coloured, "\x1b") != 8 {
		t.Errorf("got %q", coloured)
	}
}

func TestDisplay(t *testing.T) {
	for raw, want := range map[string]string{
		``: "-", `null`: "-", `"x"`: "x", `""`: `""`, `12.50`: "12.50", `9007199254740993`: "9007199254740993", `true`: "true", `{"a":[1]}`: `{"a":[1]}`,
		`"` + strings.Repeat("é", 61) + `"`: strings.Repeat("é", 59) + "…",
	} {
		if got := display(json.RawMessage(raw)); got != want {
			t.Errorf("%s: got %q, want %q", raw, got, want)
		}
	}
	if instant(time.Time{}) != "-" || instant(time.UnixMicro(1_500_000)) != "1970-01-01 00:00:01.5" || instant(time.Unix(1, 0)) != "1970-01-01 00:00:01" {
		t.Error("times are written otherwise")
	}
	if bytesOf(1023) != "1023 bytes" || bytesOf(20_000) != "19 KiB" {
		t.Error("sizes are written otherwise")
	}
}

func TestDisplayField(t *testing.T) {
	of := map[string]json.RawMessage{"value_currency": json.RawMessage(`"JPY"`)}
	for _, c := range []struct{ object, field, raw, want string }{
		{"opportunity", "value", "100000", "1,000.00 JPY"},
		{"opportunity", "expected_value", "-5", "-0.05 JPY"},
		{"opportunity", "value", "null", "-"},
		{"opportunity", "value", "1.5", "1.5"},
		{"opportunity", "confidence", "100", "100"},
		{"lead", "value", "100000", "100000"},
	} {
		if got := displayField(c.object, c.field, json.RawMessage(c.raw), of); got != c.want {
			t.Errorf("%+v: got %q", c, got)
		}
	}
}

// TestHundredthsKeepEveryDigit: the amount is the number again once separators and point are gone.
func TestHundredthsKeepEveryDigit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		number := rapid.StringMatching(`-?(0|[1-9][0-9]{0,30})`).Draw(t, "number")
		amount, ok := hundredths(number)
		if !ok {
			t.Fatalf("%s is refused", number)
		}
		whole, cents, _ := strings.Cut(strings.TrimPrefix(amount, "-"), ".")
		if len(cents) != 2 {
			t.Fatalf("%s has cents %q", amount, cents)
		}
		for i, group := range strings.Split(whole, ",") {
			if len(group) != 3 && i > 0 || len(group) > 3 || len(group) == 0 {
				t.Fatalf("%s has a group %q", amount, group)
			}
		}
		got, _ := new(big.Int).SetString(strings.NewReplacer(",", "", ".", "").Replace(amount), 10)
		want, _ := new(big.Int).SetString(number, 10)
		if got.Cmp(want) != 0 {
			t.Fatalf("%s became %s", number, amount)
		}
	})
	for _, other := range []string{"", "-", "1.5", "1e3", "x", "--1"} {
		if amount, ok := hundredths(other); ok {
			t.Errorf("%q became %s", other, amount)
		}
	}
}

func TestHistoryTable(t *testing.T) {
	raw := func(s string) json.RawMessage { return json.RawMessage(s) }
	at := func(s int64) time.Time { return time.Unix(s, 0) }
	now := recordState{Object: "opportunity", ID: "o1", Rev: 6, Deleted: true}
	revisions := []revision{
		{Rev: 6, FromRev: 5, Version: at(4), Deleted: true, MergedInto: "o2", Source: source{Action: "deleted", Event: "ev_4"},
			Changes: []change{{Field: "value", Old: raw("200")}, {Field: "value_currency", Old: raw(`"USD"`)}, {Field: "updated_by", Old: raw(`"user_2"`)}}},
		{Rev: 5, FromRev: 3, Version: at(3), Repaired: true, Contested: true, Source: source{Action: "updated"},
			Changes: []change{{Field: "updated_by", Old: raw(`"user_1"`), New: raw(`"user_2"`)}, {Field: "value", Old: raw("100"), New: raw("200")}}},
		{Rev: 3, FromRev: 1, Repaired: true, Changes: []change{{Field: "value", Old: raw("100"), New: raw("100.0")}}},
		{Rev: 1, Version: at(1), Source: source{Action: "created"},
			Changes: []change{{Field: "note", NewLarge: &largeSketch{Bytes: 20_000}}, {Field: "updated_by", New: raw(`"user_1"`)}, {Field: "value", New: raw("100")}, {Field: "value_currency", New: raw(`"USD"`)}}},
	}
	got := historyTable(now, revisions, func(_ revision, ch change) bool { return ch.Field == "value" || ch.Field == "note" }).format(painter{}, "")
	want := strings.Join([]string{
		"REV  WHEN (UTC)           WHAT                                               WHO     EVENT    FIELD       OLD          NEW",
		"6    1970-01-01 00:00:04  deleted into o2                                    -       ev_4     value       2.00 USD  →  -",
		"                                                                                              and 2 more",
		"5    1970-01-01 00:00:03  updated, contested, repaired (revs 4 to 5 in one)  user_2  -        value       1.00 USD  →  2.00 USD",
		"                                                                                              and 1 more",
		"3    unknown              changed, repaired (revs 2 to 3 in one)             user_1  unknown  value       1.00 USD  →  100.0",
		"1    1970-01-01 00:00:01  created                                            user_1  -        note        -         →  (19 KiB)",
		"                                                                                              value       -         →  1.00 USD",
		"                                                                                              and 2 more",
		"",
	}, "\n")
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
