package storetest

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"leadline/shared/fault"
	"leadline/shared/record"
	"leadline/shared/store"
)

func recordTests() []test {
	return []test{
		{"a missing record is not found", func(t *testing.T, s Stores) {
			_, err := s.Records.Get(ctx(t), key("x"))
			is(t, err, fault.NotFound, "")
		}},
		{"the first version is written whole", firstVersion},
		{"an older version loses to what stands", func(t *testing.T, s Stores) { loses(t, s, 5) }},
		{"the same version loses to what stands", func(t *testing.T, s Stores) { loses(t, s, 6) }},
		{"a newer version wins and leaves nothing of the older", newerWins},
		{"a newer parser wins at the same time", func(t *testing.T, s Stores) {
			put(t, s, newRecord(key("x"), 6))
			r := newRecord(key("x"), 6)
			r.Version.Parser = 2
			put(t, s, r)
			if stands := putLoses(t, s, newRecord(key("x"), 6)); stands.Version != r.Version {
				t.Fatalf("version %v stands, want %v", stands.Version, r.Version)
			}
		}},
		{"versions compare as numbers", func(t *testing.T, s Stores) {
			put(t, s, newRecord(key("x"), 9))
			put(t, s, newRecord(key("x"), 10))
			put(t, s, newRecord(key("x"), 9_999_999_999_999_999))
			putLoses(t, s, newRecord(key("x"), 10_000))
		}},
		{"a version that does not fit is invalid", versionsFit},
		{"a tombstone stands, and what revives the record leaves nothing of it", tombstone},
		{"what stands tells all that decides a tie", func(t *testing.T, s Stores) {
			r := newRecord(key("x"), 6)
			r.Deleted, r.MergedInto, r.Contested, r.Fields = true, "y", true, nil
			put(t, s, r)
			stands := putLoses(t, s, newRecord(key("x"), 6))
			if !stands.Deleted || stands.MergedInto != "y" || !stands.Contested || len(stands.Fields) != 0 {
				t.Fatalf("stands: %+v", stands)
			}
		}},
		{"replace goes by rev alone", replace},
		{"content is kept byte for byte", exact},
		{"many fields are kept", manyFields},
		{"what is written and read is not shared", notShared},
		{"the highest of concurrent versions stands and rev counts the writes", highestWins},
		{"one of concurrent replacements of a rev wins", concurrentReplace},
		{"no write is lost between concurrent replacements", func(t *testing.T, s Stores) { counter(t, s) }},
		{"keys never meet", isolation},
		{"many are read at once", many},
		{"heads are records without what is in them", heads},
		{"a request that has ended writes nothing", func(t *testing.T, s Stores) {
			ended, end := context.WithCancel(ctx(t))
			end()
			_, err := s.Records.PutNewer(ended, newRecord(key("x"), 1))
			is(t, err, fault.Unavailable, "")
			_, err = s.Records.Get(ctx(t), key("x"))
			is(t, err, fault.NotFound, "")
		}},
	}
}

func firstVersion(t *testing.T, s Stores) {
	r := newRecord(key("x"), 7)
	r.Contested = true
	r.Large = map[string]record.Large{"body": {SHA256: strings.Repeat("a", 64), Bytes: 20000}}
	r.Rev = 99 // the store counts
	put(t, s, r)
	r.Rev = 1
	same(t, stored(t, s, r.Key), r)
}

func newerWins(t *testing.T, s Stores) {
	old := newRecord(key("x"), 6)
	old.Contested = true
	old.Large = map[string]record.Large{"body": {SHA256: "ab", Bytes: 1}}
	old.Fields["only_old"] = json.RawMessage("1")
	put(t, s, old)
	r := newRecord(key("x"), 7)
	r.StoredAt = base().Add(time.Second)
	r.Source = record.Source{Kind: "webhook", Delivery: "d2"}
	put(t, s, r)
	r.Rev = 2
	same(t, stored(t, s, r.Key), r)
}

func versionsFit(t *testing.T, s Stores) {
	for _, v := range []record.Version{{Micros: -1, Parser: 1}, {Micros: 1e16, Parser: 1}, {Micros: 1, Parser: 10000}} {
		r := newRecord(key("x"), 1)
		r.Version = v
		_, err := s.Records.PutNewer(ctx(t), r)
		is(t, err, fault.Invalid, "")
	}
	_, err := s.Records.Get(ctx(t), key("x"))
	is(t, err, fault.NotFound, "")
}

func manyFields(t *testing.T, s Stores) {
	r := newRecord(key("x"), 1)
	r.Large = map[string]record.Large{}
	for i := range 2000 {
		r.Fields[fmt.Sprintf("custom.cf_%d", i)] = quote(strings.Repeat("x", i%40))
	}
	for i := range 200 {
		r.Large[fmt.Sprintf("body_%d", i)] = record.Large{SHA256: fmt.Sprint(i), Bytes: int64(i)}
	}
	put(t, s, r)
	r.Rev = 1
	same(t, stored(t, s, r.Key), r)
}

func notShared(t *testing.T, s Stores) {
	r := newRecord(key("x"), 1)
	r.Large = map[string]record.Large{"l": {Bytes: 1}}
	put(t, s, r)
	r.Fields["late"], r.Large["late"] = json.RawMessage("1"), record.Large{}
	got := stored(t, s, r.Key)
	got.Fields["later"] = json.RawMessage("1")
	want := newRecord(key("x"), 1)
	want.Large, want.Rev = map[string]record.Large{"l": {Bytes: 1}}, 1
	same(t, stored(t, s, r.Key), want)
}

// put writes a record that must win.
func put(t *testing.T, s Stores, r record.Record) {
	t.Helper()
	stands, err := s.Records.PutNewer(ctx(t), r)
	ok(t, err)
	if stands != nil {
		t.Fatalf("not written: %v stands", stands.Version)
	}
}

// putLoses writes a record that must lose and gives what stands.
func putLoses(t *testing.T, s Stores, r record.Record) record.Record {
	t.Helper()
	stands, err := s.Records.PutNewer(ctx(t), r)
	ok(t, err)
	if stands == nil {
		t.Fatal("written, though nothing about it is newer")
	}
	return *stands
}

func stored(t *testing.T, s Stores, k record.Key) record.Record {
	t.Helper()
	r, err := s.Records.Get(ctx(t), k)
	ok(t, err)
	return r
}

func loses(t *testing.T, s Stores, micros int64) {
	r := newRecord(key("x"), 6)
	r.Large = map[string]record.Large{"body": {SHA256: "ab", Bytes: 3}}
	put(t, s, r)
	r.Rev = 1
	loser := newRecord(key("x"), micros)
	loser.Fields = record.Fields{"other": json.RawMessage("true")}
	stands := putLoses(t, s, loser)
	if stands.Version != r.Version || stands.Rev != 1 || stands.Deleted || stands.Contested || stands.MergedInto != "" {
		t.Fatalf("stands: %+v", stands)
	}
	same(t, stands.Fields, r.Fields)
	same(t, stands.Large, r.Large)
	same(t, stored(t, s, r.Key), r)
}

func tombstone(t *testing.T, s Stores) {
	live := newRecord(key("x"), 1)
	live.Large = map[string]record.Large{"body": {SHA256: "ab", Bytes: 3}}
	put(t, s, live)
	dead := newRecord(key("x"), 2)
	dead.Deleted, dead.MergedInto, dead.Fields = true, "y", nil
	put(t, s, dead)
	dead.Rev = 2
	same(t, stored(t, s, key("x")), dead)
	putLoses(t, s, live)
	same(t, stored(t, s, key("x")), dead)
	revived := newRecord(key("x"), 3)
	put(t, s, revived)
	revived.Rev = 3
	same(t, stored(t, s, key("x")), revived)
}

// exact keeps every digit and every character: what changes on the way changes the content's hash.
func exact(t *testing.T, s Stores) {
	fields, err := record.ParseFields([]byte(`{
		"big": 9007199254740993, "tiny": 0.10, "exp": 1e400, "minus": -0, "long": 3.14159265358979323846264338327950288,
		"html": "<b>a & b</b>", "separators": "\u2028\u2029", "nul": "\u0000", "quote": "\"\\\/", "emoji": "\ud83d\ude00",
		"custom.cf_x.add": [1, [2, {"z": 1, "a": null}]], "": "no name", "a.b": true, "<&>": {"<": ">"},
		"empty": {}, "none": [], "null": null, "é": "é"}`))
	ok(t, err)
	r := newRecord(key("x"), 1)
	r.Fields = fields
	put(t, s, r)
	got := stored(t, s, r.Key)
	if string(got.Fields.Canonical()) != string(fields.Canonical()) || got.Hash() != r.Hash() {
		t.Fatalf("content changed:\n got %s\nwant %s", got.Fields.Canonical(), fields.Canonical())
	}
	stands := putLoses(t, s, r)
	if stands.Hash() != r.Hash() {
		t.Fatal("what stands has another hash than what was written")
	}
}

func highestWins(t *testing.T, s Stores) {
	const each = 12
	var wrote atomic.Int64
	for _, err := range atOnce(t, func(n int) error {
		for _, i := range rand.Perm(each) {
			r := newRecord(key("x"), int64(i*writers+n))
			stands, err := s.Records.PutNewer(ctx(t), r)
			if err != nil {
				return err
			}
			if stands == nil {
				wrote.Add(1)
			} else if stands.Version.Compare(r.Version) < 0 {
				return fmt.Errorf("%v lost to %v", r.Version, stands.Version)
			}
		}
		return nil
	}) {
		ok(t, err)
	}
	want := newRecord(key("x"), each*writers-1)
	want.Rev = wrote.Load()
	same(t, stored(t, s, key("x")), want)
}

// isolation writes under keys that a careless concatenation would mix up; each must keep its own content, and each list
// must hold its own records.
func isolation(t *testing.T, s Stores) {
	var keys []record.Key
	for _, org := range []string{"a", "a#b", "a%23b"} {
		for _, conn := range []string{"b", "b#a", "", "#"} {
			for _, object := range []string{"a", "#a", "%0"} {
				for _, id := range []string{"a", "#", "a#a"} {
					keys = append(keys, record.Key{Organization: org, Connection: conn, Object: object, ID: id})
				}
			}
		}
	}
	for _, id := range append(hostile(), "") {
		keys = append(keys, record.Key{Organization: "o", Connection: "c", Object: id, ID: "x"},
			record.Key{Organization: "o", Connection: "c", Object: "ids", ID: id})
	}
	longest := record.Key{Organization: "org_a1b2c3d4e5f6", Connection: "conn_000000000001",
		Object: strings.Repeat("#", record.MaxObjectBytes), ID: strings.Repeat("%", record.MaxIDBytes)}
	keys = append(keys, longest)
	byList := map[record.Key]map[string]bool{}
	written := map[record.Key]bool{}
	for n, k := range keys {
		if written[k] {
			continue
		}
		written[k] = true
		r := newRecord(k, 1)
		r.Fields = record.Fields{"n": json.RawMessage(fmt.Sprint(n))}
		put(t, s, r)
		list := k
		list.ID = ""
		if byList[list] == nil {
			byList[list] = map[string]bool{}
		}
		byList[list][k.ID] = true
	}
	seen := map[record.Key]bool{}
	for n, k := range keys {
		if seen[k] {
			continue
		}
		seen[k] = true
		got := stored(t, s, k)
		if got.Key != k || string(got.Fields["n"]) != fmt.Sprint(n) {
			t.Fatalf("%q reads as %q number %s, want %d", k, got.Key, got.Fields["n"], n)
		}
	}
	for list, want := range byList {
		got := map[string]bool{}
		for _, r := range all(t, 5, records(t, s, list)) {
			got[r.ID] = true
		}
		same(t, got, want)
	}
}

// many reads records of several objects at once, among them some that are not there, one twice, and a tombstone.
func many(t *testing.T, s Stores) {
	want := map[record.Key]record.Record{}
	var keys []record.Key
	for i := range 230 {
		r := newRecord(key(fmt.Sprint("x", i)), int64(i+1))
		if i%3 == 0 {
			r.Object = "other"
		}
		if i == 7 {
			r.Deleted, r.Fields = true, nil
		}
		keys = append(keys, r.Key, record.Key{Organization: r.Organization, Connection: r.Connection, Object: r.Object, ID: fmt.Sprint("none", i)})
		put(t, s, r)
		r.Rev = 1
		want[r.Key] = r
	}
	got, err := s.Records.GetMany(ctx(t), append(keys, keys[0]))
	ok(t, err)
	if len(got) != len(want) {
		t.Fatalf("got %d records, want %d", len(got), len(want))
	}
	for _, r := range got {
		same(t, r, want[r.Key])
	}
	if none, err := s.Records.GetMany(ctx(t), nil); err != nil || len(none) != 0 {
		t.Errorf("of none: %v, %v", none, err)
	}
	_, err = s.Records.GetMany(ctx(t), make([]record.Key, store.MaxLimit+1))
	is(t, err, fault.Invalid, "")
}

func heads(t *testing.T, s Stores) {
	for i := range 9 {
		r := newRecord(key(fmt.Sprint("x", i)), int64(i+1))
		r.Version.Read = int64(i)
		r.Contested, r.Deleted = i == 2, i == 3
		put(t, s, r)
	}
	var got []record.Record
	for p := (store.Page{Limit: 4}); ; {
		k := key("x")
		part, next, err := s.Records.Heads(ctx(t), k.Organization, k.Connection, k.Object, p)
		ok(t, err)
		if got = append(got, part...); next == "" {
			break
		}
		p.Cursor = next
	}
	if len(got) != 9 {
		t.Fatalf("got %d heads", len(got))
	}
	for _, h := range got {
		r := stored(t, s, h.Key)
		same(t, h, record.Record{Key: r.Key, Version: r.Version, Rev: r.Rev, Deleted: r.Deleted, Contested: r.Contested, StoredAt: r.StoredAt})
	}
}
