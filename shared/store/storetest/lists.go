package storetest

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"leadline/shared/record"
	"leadline/shared/store"
)

func recordListTests() []test {
	return []test{
		{"a list of nothing is one empty page", func(t *testing.T, s Stores) {
			same(t, all(t, 10, records(t, s, key(""))), nil)
			same(t, all(t, 10, scan(t, s)), nil)
		}},
		{"every record once, in the same order, with every limit", everyRecordOnce},
		{"a list of one", func(t *testing.T, s Stores) {
			want := fill(t, s, key(""), 1)
			same(t, all(t, 1, records(t, s, key(""))), slices.Collect(maps.Values(want)))
		}},
		{"tombstones are listed", func(t *testing.T, s Stores) {
			r := newRecord(key("x"), 1)
			r.Deleted, r.Fields = true, nil
			put(t, s, r)
			r.Rev = 1
			same(t, all(t, 10, records(t, s, key(""))), []record.Record{r})
		}},
		{"a list holds its own records only", func(t *testing.T, s Stores) {
			for n, k := range neighbours() {
				put(t, s, newRecord(k, int64(n)))
			}
			for n, k := range neighbours() {
				r := newRecord(k, int64(n))
				r.Rev = 1
				same(t, all(t, 10, records(t, s, k)), []record.Record{r})
			}
		}},
		{"what is written while paging neither hides nor repeats the others", func(t *testing.T, s Stores) {
			want := fill(t, s, key(""), 20)
			got := map[string]int{}
			n := 0
			for _, r := range all(t, 3, func(p store.Page) ([]record.Record, string, error) {
				n++
				put(t, s, newRecord(key(fmt.Sprintf("late_%d", n)), 1))
				return records(t, s, key(""))(p)
			}) {
				got[r.ID]++
			}
			for id := range want {
				if got[id] != 1 {
					t.Errorf("%s listed %d times", id, got[id])
				}
			}
		}},
		{"cursors of others and bad limits are invalid", recordCursors},
		{"a scan gives every record of all organizations once, with every limit", scanAll},
	}
}

func everyRecordOnce(t *testing.T, s Stores) {
	want := fill(t, s, key(""), 57)
	got := all(t, store.MaxLimit, records(t, s, key("")))
	byID := map[string]record.Record{}
	for _, r := range got {
		byID[r.ID] = r
	}
	if len(got) != len(want) {
		t.Fatalf("%d records, want %d", len(got), len(want))
	}
	same(t, byID, want)
	pages(t, got, records(t, s, key("")))
}

func recordCursors(t *testing.T, s Stores) {
	var others []func(store.Page) (string, error)
	fill(t, s, key(""), 5)
	for _, k := range neighbours() {
		if k.Object != "opportunity" || k.Organization != key("").Organization {
			fill(t, s, k, 5)
			others = append(others, next(records(t, s, k)))
		}
	}
	others = append(others, next(scan(t, s)))
	refuses(t, records(t, s, key("")), others...)
	refuses(t, scan(t, s), next(records(t, s, key(""))))
}

func scanAll(t *testing.T, s Stores) {
	want := map[record.Key]bool{}
	for n, k := range neighbours() {
		for _, r := range fill(t, s, k, 3+n) {
			want[r.Key] = true
		}
	}
	scanned := all(t, store.MaxLimit, scan(t, s))
	got := map[record.Key]bool{}
	for _, r := range scanned {
		got[r.Key] = true
	}
	if len(scanned) != len(want) {
		t.Fatalf("%d records, want %d", len(scanned), len(want))
	}
	same(t, got, want)
	pages(t, scanned, scan(t, s))
}

// neighbours are keys that differ from key("x") in one component each, and it.
func neighbours() []record.Key {
	other := []record.Key{key("x"), key("x"), key("x"), key("x")}
	other[1].Organization, other[2].Connection, other[3].Object = "org_b", "conn_b", "lead"
	return other
}

// fill writes n records beside a key and gives them by id.
func fill(t *testing.T, s Stores, beside record.Key, n int) map[string]record.Record {
	t.Helper()
	written := map[string]record.Record{}
	for i := range n {
		beside.ID = fmt.Sprintf("oppo_%d", i)
		r := newRecord(beside, int64(i))
		put(t, s, r)
		r.Rev = 1
		written[r.ID] = r
	}
	return written
}

// records is the list of the records beside a key.
func records(t *testing.T, s Stores, k record.Key) func(store.Page) ([]record.Record, string, error) {
	return func(p store.Page) ([]record.Record, string, error) {
		return s.Records.List(ctx(t), k.Organization, k.Connection, k.Object, p)
	}
}

func scan(t *testing.T, s Stores) func(store.Page) ([]record.Record, string, error) {
	return func(p store.Page) ([]record.Record, string, error) { return s.Records.Scan(ctx(t), p) }
}
