package record_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"leadline/shared/record"
)

// plain is what a record must be after some rows: the meaning of rows in so many words, one after the other by stamp.
type plain struct {
	deleted          bool
	created, deleter record.Stamp
	values           map[string]string
	stamps           map[string]record.Stamp
}

func plainly(rows []record.Row) plain {
	rows = slices.Clone(rows)
	slices.SortFunc(rows, func(a, b record.Row) int { return strings.Compare(string(a.Stamp), string(b.Stamp)) })
	p := plain{values: map[string]string{}, stamps: map[string]record.Stamp{}}
	for _, row := range rows {
		switch row.Action {
		case record.ActionDelete:
			p = plain{deleted: true, deleter: row.Stamp, values: map[string]string{}, stamps: map[string]record.Stamp{}}
			continue
		case record.ActionCreate:
			p.deleted, p.created = false, row.Stamp
		}
		for name, content := range row.Fields {
			p.values[name], p.stamps[name] = string(content), row.Stamp
		}
		for name, large := range row.Large {
			p.values[name], p.stamps[name] = "large "+large.SHA256, row.Stamp
		}
	}
	return p
}

// differs tells in what a record is not what the plain meaning says.
func (p plain) differs(r record.Record) string {
	fields, larges := r.Fields, r.Large
	if r.Deleted {
		if len(fields)+len(larges) > 0 {
			return "a tombstone has content"
		}
		fields, larges = r.Partial.Dormant, r.Partial.DormantLarge
	} else if len(r.Partial.Dormant)+len(r.Partial.DormantLarge) > 0 {
		return "a living record has dormant fields"
	}
	got := map[string]string{}
	for name, content := range fields {
		got[name] = string(content)
	}
	for name, large := range larges {
		got[name] = "large " + large.SHA256
	}
	newest := max(p.created, p.deleter)
	for name, stamp := range p.stamps {
		if r.Partial.Stamp(name) != stamp {
			return fmt.Sprintf("%s is stamped %s, not %s", name, r.Partial.Stamp(name), stamp)
		}
		newest = max(newest, stamp)
	}
	switch {
	case fmt.Sprint(got) != fmt.Sprint(p.values):
		return fmt.Sprintf("the values are %v, not %v", got, p.values)
	case r.Deleted != p.deleted, r.Partial.Created != p.created, r.Partial.Deleted != p.deleter, r.Partial.Newest() != newest:
		return fmt.Sprintf("got %t %+v, want %+v", r.Deleted, r.Partial, p)
	case r.Version.Micros != newest.Micros():
		return fmt.Sprintf("the version is %d, the newest stamp %s", r.Version.Micros, newest)
	}
	return ""
}

// drawRows makes rows of one record, no two with one stamp.
func drawRows(t *rapid.T) []record.Row {
	seen := map[record.Stamp]bool{}
	var rows []record.Row
	for range rapid.IntRange(1, 12).Draw(t, "rows") {
		row := record.Row{
			Action: rapid.SampledFrom([]record.Action{record.ActionCreate, record.ActionUpdate, record.ActionUpdate, record.ActionDelete}).Draw(t, "action"),
			Stamp:  record.NewStamp(rapid.Int64Range(0, 6).Draw(t, "micros"), rapid.SampledFrom([]string{"01A", "01B"}).Draw(t, "delivery"), rapid.IntRange(1, 9).Draw(t, "row")),
		}
		if seen[row.Stamp] {
			continue
		}
		seen[row.Stamp] = true
		if row.Action != record.ActionDelete {
			row.Fields, row.Large = record.Fields{"id": json.RawMessage(`"x"`)}, map[string]record.Large{}
			for _, name := range []string{"a", "b", "c.d", "e"} {
				switch rapid.IntRange(0, 4).Draw(t, name) {
				case 0:
					row.Fields[name] = json.RawMessage("null")
				case 1, 2:
					row.Fields[name] = json.RawMessage(rapid.SampledFrom([]string{"1", "2", `"x"`}).Draw(t, "value"))
				case 3:
					row.Large[name] = record.Large{SHA256: rapid.SampledFrom([]string{"p", "q"}).Draw(t, "digest"), Bytes: 20_000}
				}
			}
		}
		rows = append(rows, row)
	}
	return rows
}

func TestRowsInAnyOrderAnyNumberAnySplitEndInThePlainMeaning(t *testing.T) {
	for range 10 {
		rapid.Check(t, checkMerge)
	}
}

func checkMerge(t *rapid.T) {
	rows := drawRows(t)
	want := plainly(rows)
	var first string
	for range 4 {
		again := rapid.SliceOfN(rapid.SampledFrom(rows), 0, 8).Draw(t, "again")
		order := rapid.Permutation(append(slices.Clone(rows), again...)).Draw(t, "order")
		var stored *record.Record
		for len(order) > 0 {
			n := rapid.IntRange(1, len(order)).Draw(t, "call")
			before := text(t, stored)
			merged, changed := record.Merge(stored, order[:n]...)
			if after := text(t, &merged); changed != (after != before) {
				t.Fatalf("changed is %t:\n%s\n%s", changed, before, after)
			}
			if text(t, stored) != before {
				t.Fatal("what was stored has changed under our hands")
			}
			stored, order = &merged, order[n:]
		}
		if problem := want.differs(*stored); problem != "" {
			t.Fatalf("%s\n%s", problem, text(t, stored))
		}
		switch got := text(t, stored); {
		case first == "":
			first = got
		case got != first:
			t.Fatalf("two orders end in two records:\n%s\n%s", first, got)
		}
	}
}

func text(t *rapid.T, r *record.Record) string {
	if r == nil {
		return ""
	}
	out, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func fields(text string) record.Fields {
	f, err := record.ParseFields([]byte(text))
	if err != nil {
		return nil
	}
	return f
}

func at(second int) record.Stamp { return record.NewStamp(int64(second)*1e6, "01A", 1) }

func TestWhatRowsDoToARecord(t *testing.T) {
	create := func(second int, content string) record.Row {
		return record.Row{Action: record.ActionCreate, Stamp: at(second), Fields: fields(content)}
	}
	update := func(second int, content string) record.Row {
		return record.Row{Action: record.ActionUpdate, Stamp: at(second), Fields: fields(content)}
	}
	gone := func(second int) record.Row { return record.Row{Action: record.ActionDelete, Stamp: at(second)} }
	for _, c := range []struct {
		name    string
		rows    []record.Row
		content string // empty for a tombstone
	}{
		{"an update makes a record that is not there", []record.Row{update(1, `{"a":1}`)}, `{"a":1}`},
		{"an absent field is unchanged", []record.Row{create(1, `{"a":1,"b":2}`), update(2, `{"b":3}`)}, `{"a":1,"b":3}`},
		{"a null clears", []record.Row{create(1, `{"a":1,"b":2}`), update(2, `{"b":null}`)}, `{"a":1,"b":null}`},
		{"a create merges, too", []record.Row{create(1, `{"a":1}`), create(2, `{"b":2}`)}, `{"a":1,"b":2}`},
		{"an older row fills only what is not there", []record.Row{update(2, `{"a":2}`), create(1, `{"a":1,"b":1}`)}, `{"a":2,"b":1}`},
		{"a delete hides", []record.Row{create(1, `{"a":1}`), gone(2)}, ""},
		{"a delete of what is not there yet hides it when it comes", []record.Row{gone(2), create(1, `{"a":1}`)}, ""},
		{"an older delete hides only what is older still", []record.Row{create(1, `{"a":1}`), create(3, `{"b":3}`), gone(2)}, `{"b":3}`},
		{"an update does not revive", []record.Row{create(1, `{"a":1}`), gone(2), update(3, `{"b":3}`)}, ""},
		{"a create revives, with the updates since", []record.Row{create(1, `{"a":1}`), gone(2), update(3, `{"b":3}`), create(4, `{"c":4}`)}, `{"b":3,"c":4}`},
		{"what is older than the delete is lost, whenever it comes", []record.Row{create(4, `{"a":4}`), gone(5), create(3, `{"b":3}`)}, ""},
	} {
		r, changed := record.Merge(nil, c.rows...)
		got := string(r.Fields.Canonical())
		if r.Deleted {
			got = ""
		}
		if got != c.content || !changed {
			t.Errorf("%s: got %s, changed %t", c.name, got, changed)
		}
	}
}

func TestMergeOfARecordThatHasNoStamps(t *testing.T) {
	stored := record.Record{Rev: 3, Version: record.Version{Micros: 5e6, Parser: 1}, Fields: fields(`{"a":1,"b":1}`)}
	r, changed := record.Merge(&stored, record.Row{Action: record.ActionUpdate, Stamp: at(4), Fields: fields(`{"a":4}`)})
	if changed || string(r.Fields.Canonical()) != `{"a":1,"b":1}` {
		t.Errorf("an older row changed it: %+v", r)
	}
	if r, changed = record.Merge(&stored, record.Row{Action: record.ActionUpdate, Stamp: at(6), Fields: fields(`{"a":6}`)}); !changed || string(r.Fields.Canonical()) != `{"a":6,"b":1}` || r.Rev != 3 {
		t.Errorf("a newer row: %+v", r)
	}
	erased := record.Record{Rev: 4, Version: record.Version{Micros: 5e6, Parser: 1}, Deleted: true, Erased: true}
	if r, changed = record.Merge(&erased, record.Row{Action: record.ActionCreate, Stamp: at(4), Fields: fields(`{"a":4}`)}); changed || !r.Deleted || !r.Erased {
		t.Errorf("an old row came back after an erasure: %+v", r)
	}
	if r, _ = record.Merge(&erased, record.Row{Action: record.ActionCreate, Stamp: at(6), Fields: fields(`{"a":6}`)}); r.Deleted || r.Erased {
		t.Errorf("a new create after an erasure: %+v", r)
	}
}

func TestStampsSortByVersionThenDeliveryThenRow(t *testing.T) {
	rising := []record.Stamp{"", record.NewStamp(0, "01A", 1), record.NewStamp(9, "01B", 1), record.NewStamp(10, "01A", 2), record.NewStamp(10, "01A", 10),
		record.NewStamp(10, "01B", 1), record.NewStamp(record.MaxStampMicros, "01A", 1)}
	if !slices.IsSorted(rising) {
		t.Errorf("got %q", rising)
	}
	for i, want := range []int64{0, 0, 9, 10, 10, 10, record.MaxStampMicros} {
		if got := rising[i].Micros(); got != want {
			t.Errorf("%q: got %d, want %d", rising[i], got, want)
		}
	}
	if micros := record.Stamp("what else").Micros(); micros != 0 {
		t.Errorf("got %d", micros)
	}
}

// opportunity is a row of the usual size.
func opportunity(action record.Action, second int, n int) record.Row {
	f := record.Fields{}
	for i := range n {
		f[fmt.Sprintf("field_%02d", i)] = json.RawMessage(`"some text of a usual length"`)
	}
	return record.Row{Action: action, Stamp: record.NewStamp(time.Unix(int64(second), 0).UnixMicro(), "01KAHT3Q8Z6V0W7N5R2J4M9XYC", 1), Fields: f}
}

func BenchmarkMergeCreate(b *testing.B) {
	row := opportunity(record.ActionCreate, 1, 20)
	b.ReportAllocs()
	for b.Loop() {
		record.Merge(nil, row)
	}
}

func BenchmarkMergeUpdate(b *testing.B) {
	stored, _ := record.Merge(nil, opportunity(record.ActionCreate, 1, 20))
	row := opportunity(record.ActionUpdate, 2, 3)
	b.ReportAllocs()
	for b.Loop() {
		record.Merge(&stored, row)
	}
}
