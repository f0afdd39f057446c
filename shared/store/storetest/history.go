package storetest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"leadline/shared/record"
	"leadline/shared/store"
)

func historyTests() []test {
	return []test{
		{"a record without history has an empty list", func(t *testing.T, s Stores) {
			ok(t, s.History.Put(ctx(t)))
			same(t, all(t, 10, history(t, s, key("x"))), nil)
		}},
		{"a row is kept whole", func(t *testing.T, s Stores) {
			l := record.Large{SHA256: strings.Repeat("b", 64), Bytes: 17000}
			row := revision(key("x"), 3)
			row.FromRev, row.Deleted, row.Contested, row.MergedInto, row.Repaired = 1, true, true, "y", true
			row.Erased, row.Source.Row = true, 10_000
			row.Changes = []record.FieldChange{
				{Field: "custom.cf_<&>", Old: json.RawMessage("9007199254740993"), New: json.RawMessage("0.10")},
				{Field: "gone", Old: json.RawMessage(`"<b>\u0000"`)},
				{Field: "large", OldLarge: &l, NewLarge: &record.Large{SHA256: "c", Bytes: 1}},
				{Field: "null", Old: json.RawMessage("null"), New: json.RawMessage("[]")},
			}
			ok(t, s.History.Put(ctx(t), row))
			same(t, all(t, 10, history(t, s, key("x"))), []record.Revision{row})
		}},
		{"rows come newest first, with every limit", func(t *testing.T, s Stores) {
			var rows []record.Revision
			for rev := int64(1); rev <= 60; rev++ { // more than DynamoDB takes at once
				rows = append(rows, revision(key("x"), rev))
			}
			rows = append(rows, revision(key("x"), 1_000_000_007))
			ok(t, s.History.Put(ctx(t), rows...))
			slices.Reverse(rows)
			pages(t, rows, history(t, s, key("x")))
		}},
		{"the later of two rows of a rev stands, in one call and in two", func(t *testing.T, s Stores) {
			for _, apart := range []bool{true, false} {
				k := key(fmt.Sprint(apart))
				a, b := marked(k, "a", false), marked(k, "b", false)
				write(t, s, apart, a, revision(k, 2), b)
				same(t, all(t, 10, history(t, s, k)), []record.Revision{revision(k, 2), b})
			}
		}},
		{"deleted rows are gone, and no others", deletedRows},
		{"a repaired row never replaces the stream's own", repairedRows},
		{"many records in one call keep their rows apart", rowsApart},
		{"the longest key has history", func(t *testing.T, s Stores) {
			row := revision(record.Key{Organization: "org_a1b2c3d4e5f6", Connection: "conn_000000000001",
				Object: strings.Repeat("%", record.MaxObjectBytes), ID: strings.Repeat("#", record.MaxIDBytes)}, 1)
			ok(t, s.History.Put(ctx(t), row))
			same(t, all(t, 1, history(t, s, row.Key)), []record.Revision{row})
		}},
		{"cursors of others and bad limits are invalid", func(t *testing.T, s Stores) {
			ok(t, s.History.Put(ctx(t), revision(key("x"), 1), revision(key("x"), 2), revision(key("y"), 1), revision(key("y"), 2)))
			refuses(t, history(t, s, key("x")), next(history(t, s, key("y"))))
		}},
	}
}

func deletedRows(t *testing.T, s Stores) {
	var rows, rest []record.Revision
	var revs []int64
	for rev := int64(60); rev >= 1; rev-- { // more than DynamoDB takes at once
		rows = append(rows, revision(key("x"), rev))
		if rev%10 == 0 {
			rest = append(rest, revision(key("x"), rev))
		} else {
			revs = append(revs, rev, rev)
		}
	}
	ok(t, s.History.Delete(ctx(t), key("x"), 1, 2))
	ok(t, s.History.Put(ctx(t), append(rows, revision(key("y"), 1))...))
	ok(t, s.History.Delete(ctx(t), key("x")))
	same(t, all(t, 1000, history(t, s, key("x"))), rows)
	asked := slices.Clone(revs)
	ok(t, s.History.Delete(ctx(t), key("x"), asked...))
	same(t, asked, revs)
	ok(t, s.History.Delete(ctx(t), key("x"), 1_000_000))
	same(t, all(t, 1000, history(t, s, key("x"))), rest)
	same(t, all(t, 10, history(t, s, key("y"))), []record.Revision{revision(key("y"), 1)})
	ok(t, s.History.Put(ctx(t), rows[59]))
	same(t, all(t, 1000, history(t, s, key("x"))), append(rest, rows[59]))
}

func repairedRows(t *testing.T, s Stores) {
	for name, c := range map[string]struct {
		before, after bool // repaired
		want          string
	}{
		"own, own": {false, false, "b"}, "own, repaired": {false, true, "a"},
		"repaired, own": {true, false, "b"}, "repaired, repaired": {true, true, "b"},
	} {
		for _, apart := range []bool{true, false} {
			k := key(fmt.Sprint(name, apart))
			a, b := marked(k, "a", c.before), marked(k, "b", c.after)
			write(t, s, apart, a, b)
			want := map[string]record.Revision{"a": a, "b": b}[c.want]
			same(t, all(t, 10, history(t, s, k)), []record.Revision{want})
		}
	}
}

func rowsApart(t *testing.T, s Stores) {
	var rows []record.Revision
	for _, id := range hostile() {
		for _, k := range []record.Key{{Organization: "o", Connection: "c", Object: "a", ID: id},
			{Organization: "o", Connection: "c", Object: id, ID: "a"}, {Organization: "o", Connection: id, Object: "a", ID: "a"}} {
			for rev := int64(1); rev <= 2; rev++ {
				row := revision(k, rev)
				row.Source.Event = fmt.Sprintf("%q", k)
				if !slices.ContainsFunc(rows, func(r record.Revision) bool { return r.Key == k && r.Rev == rev }) {
					rows = append(rows, row)
				}
			}
		}
	}
	ok(t, s.History.Put(ctx(t), rows...))
	for i := 0; i < len(rows); i += 2 {
		same(t, all(t, 1, history(t, s, rows[i].Key)), []record.Revision{rows[i+1], rows[i]})
	}
}

func history(t *testing.T, s Stores, k record.Key) func(store.Page) ([]record.Revision, string, error) {
	return func(p store.Page) ([]record.Revision, string, error) { return s.History.List(ctx(t), k, p) }
}

// revision makes a row of history.
func revision(k record.Key, rev int64) record.Revision {
	return record.Revision{
		Key: k, Rev: rev, FromRev: rev - 1, Version: record.Version{Micros: rev * 10, Parser: 1}, StoredAt: base(),
		Source: record.Source{Kind: "webhook", Delivery: "d", Event: "e", Action: "updated",
			Payload: record.PayloadRef{Key: "archive/x.gz", Offset: rev, Length: 5}},
		Changes: []record.FieldChange{{Field: "n", Old: json.RawMessage(fmt.Sprint(rev - 1)), New: json.RawMessage(fmt.Sprint(rev))}},
	}
}

// marked makes a row of rev 1 that tells itself apart.
func marked(k record.Key, mark string, repaired bool) record.Revision {
	row := revision(k, 1)
	row.Repaired, row.Source.Event = repaired, mark
	return row
}

// write puts rows in order, in one call or in one each.
func write(t *testing.T, s Stores, apart bool, rows ...record.Revision) {
	t.Helper()
	if !apart {
		ok(t, s.History.Put(ctx(t), rows...))
		return
	}
	for _, row := range rows {
		ok(t, s.History.Put(ctx(t), row))
	}
}
