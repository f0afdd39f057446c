package storetest

import (
	"encoding/json"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"leadline/shared/record"
)

func partialTests() []test {
	return []test{
		{"what is remembered of a partial record is kept whole, and goes with it", partialWhole},
		{"any partial record is kept byte for byte", partialExact},
		{"an erased tombstone says so, and what comes after it does not", erased},
		{"what is remembered is not shared", partialNotShared},
		{"the row of a batch is kept", func(t *testing.T, s Stores) {
			r := newRecord(key("x"), 1)
			r.Source = record.Source{Kind: "push", Delivery: "d", Action: "update", Row: 10_000}
			put(t, s, r)
			r.Rev = 1
			same(t, stored(t, s, r.Key), r)
		}},
	}
}

// newPartial makes a tombstone with everything that can be remembered.
func newPartial() *record.Partial {
	return &record.Partial{
		Created: record.NewStamp(3, "01KAN5XQ8Z3V5T7W9Y1B2C4D6E", 7), Deleted: record.NewStamp(4, "01KAN5XQ8Z3V5T7W9Y1B2C4D6E", 8),
		Base:         record.NewStamp(record.MaxStampMicros, "01KAN5XQ8Z3V5T7W9Y1B2C4D6E", 10_000),
		Stamps:       map[string]record.Stamp{"a.b": record.NewStamp(0, "01KAN5XQ8Z3V5T7W9Y1B2C4D6E", 1), "": "x", "<&>": "y"},
		Dormant:      record.Fields{"amount": json.RawMessage("9007199254740993"), "<&>": json.RawMessage(`"<b>\u0000"`)},
		DormantLarge: map[string]record.Large{"body": {SHA256: strings.Repeat("a", 64), Bytes: 20000}},
	}
}

func partialWhole(t *testing.T, s Stores) {
	r := newRecord(key("x"), 7)
	r.Deleted, r.Fields, r.Partial = true, nil, newPartial()
	replaced, _, err := s.Records.Replace(ctx(t), r, 0)
	ok(t, err)
	if !replaced {
		t.Fatal("not written")
	}
	r.Rev = 1
	same(t, stored(t, s, r.Key), r)
	same(t, all(t, 10, records(t, s, key(""))), []record.Record{r})
	same(t, all(t, 10, scan(t, s)), []record.Record{r})
	_, standing, err := s.Records.Replace(ctx(t), newRecord(key("x"), 8), 0)
	ok(t, err)
	same(t, standing, &r)
	live := newRecord(key("x"), 8)
	live.Partial = &record.Partial{} // remembers nothing, and yet says of what kind the record is
	put(t, s, live)
	live.Rev = 2
	same(t, stored(t, s, r.Key), live)
	full := newRecord(key("x"), 9)
	put(t, s, full)
	full.Rev = 3
	same(t, stored(t, s, r.Key), full)
}

// partialExact stores what rows of all kinds make of a record, one after the other.
func partialExact(t *testing.T, s Stores) {
	number := 0
	rapid.Check(t, func(r *rapid.T) {
		number++
		k := key(strings.Repeat("x", number%7) + "_" + rapid.StringMatching(`[a-z0-9#%]{1,8}`).Draw(r, "id"))
		var before *record.Record
		if at, err := s.Records.Get(ctx(t), k); err == nil {
			before = &at
		}
		for range rapid.IntRange(1, 4).Draw(r, "rows") {
			merged, _ := record.Merge(before, drawRow(r))
			rev := merged.Rev
			merged.Key, merged.Source, merged.StoredAt = k, record.Source{Kind: "push", Delivery: "d", Row: 3}, base()
			replaced, _, err := s.Records.Replace(ctx(t), merged, rev)
			ok(t, err)
			if !replaced {
				r.Fatal("not written")
			}
			merged.Rev = rev + 1
			got := stored(t, s, k)
			same(t, got, merged)
			for name, value := range merged.Fields {
				if string(got.Fields[name]) != string(value) {
					r.Fatalf("field %q is %s, want %s", name, got.Fields[name], value)
				}
			}
			for name, value := range merged.Partial.Dormant {
				if string(got.Partial.Dormant[name]) != string(value) {
					r.Fatalf("dormant field %q is %s, want %s", name, got.Partial.Dormant[name], value)
				}
			}
			before = &got
		}
	})
}

// drawRow draws a row with values that a careless store would change.
func drawRow(r *rapid.T) record.Row {
	row := record.Row{Action: rapid.SampledFrom([]record.Action{record.ActionCreate, record.ActionUpdate, record.ActionDelete}).Draw(r, "action"),
		Stamp: record.NewStamp(rapid.Int64Range(0, 5).Draw(r, "micros"), "01KAN5XQ8Z3V5T7W9Y1B2C4D6E", rapid.IntRange(1, 3).Draw(r, "row"))}
	name := rapid.OneOf(rapid.SampledFrom([]string{"a", "b", "a.b", "<&>", "é", "\u2028"}), rapid.String())
	value := rapid.OneOf(
		rapid.SampledFrom([]string{"null", "0.10", "1e400", "-0", "9007199254740993", `"<b>"`, `"\u0000"`, "[]", `{"a":[1,null]}`}),
		rapid.Map(rapid.String(), func(s string) string { return string(quote(s)) }))
	raw := []byte("{")
	for i, field := range rapid.SliceOfNDistinct(name, 0, 6, rapid.ID).Draw(r, "fields") {
		if i > 0 {
			raw = append(raw, ',')
		}
		raw = append(append(append(raw, quote(field)...), ':'), value.Draw(r, "value")...)
	}
	fields, err := record.ParseFields(append(raw, '}'))
	if err != nil {
		r.Fatal(err)
	}
	row.Fields = fields
	if rapid.Bool().Draw(r, "large") {
		row.Large = map[string]record.Large{"large": {SHA256: strings.Repeat("b", 64), Bytes: 17000}}
	}
	return row
}

func erased(t *testing.T, s Stores) {
	put(t, s, newRecord(key("x"), 1))
	gone := newRecord(key("x"), 2)
	gone.Deleted, gone.Erased, gone.Fields = true, true, nil
	gone.Source = record.Source{Kind: "erasure"}
	put(t, s, gone)
	gone.Rev = 2
	same(t, stored(t, s, key("x")), gone)
	again := newRecord(key("x"), 3)
	put(t, s, again)
	again.Rev = 3
	same(t, stored(t, s, key("x")), again)
}

func partialNotShared(t *testing.T, s Stores) {
	r := newRecord(key("x"), 1)
	r.Partial = newPartial()
	put(t, s, r)
	spoil := func(p *record.Partial) {
		p.Created = "late"
		p.Stamps["late"], p.Dormant["late"], p.DormantLarge["late"] = "late", json.RawMessage("1"), record.Large{}
	}
	spoil(r.Partial)
	got := stored(t, s, r.Key).Partial
	same(t, got, newPartial())
	spoil(got)
	same(t, stored(t, s, r.Key).Partial, newPartial())
}
