package record_test

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"leadline/shared/record"
)

func TestVersionTextSortsAsVersionsDo(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		gen := rapid.Custom(func(t *rapid.T) record.Version {
			return record.Version{Micros: rapid.Int64Range(0, 9_999_999_999_999_999).Draw(t, "micros"), Parser: rapid.IntRange(0, 9999).Draw(t, "parser")}
		})
		a, b := gen.Draw(t, "a"), gen.Draw(t, "b")
		want := cmp2(a.Micros, b.Micros)
		if want == 0 {
			want = cmp2(int64(a.Parser), int64(b.Parser))
		}
		if a.Compare(b) != want {
			t.Fatalf("%v against %v: got %d, want %d", a, b, a.Compare(b), want)
		}
		if back, err := record.ParseVersion(a.String()); err != nil || back != a {
			t.Fatalf("%v came back as %v, %v", a, back, err)
		}
	})
}

func cmp2(a, b int64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

func TestParseVersionRefusesOtherTexts(t *testing.T) {
	for _, text := range []string{"", "1.1", "0000000000000001", "0000000000000001.1", "000000000000000x.0001", "0000000000000001.000x"} {
		if v, err := record.ParseVersion(text); err == nil {
			t.Errorf("%q was read as %v", text, v)
		}
	}
}

func TestVersionAtCutsToMicroseconds(t *testing.T) {
	at := time.Date(2026, 11, 22, 9, 0, 0, 123_456_999, time.FixedZone("", 3600))
	v := record.VersionAt(at, 1)
	if got := v.Time().Format(time.RFC3339Nano); got != "2026-11-22T08:00:00.123456Z" {
		t.Fatalf("got %s", got)
	}
}

func TestFieldsKeepWhatTheSourceWrote(t *testing.T) {
	for _, value := range []string{
		`9007199254740993`, `0.1`, `1e2`, `19.99`, `1.10`, `-0`, `123456789012345678901234567890`, `1E400`,
		`null`, `true`, `""`, `"00123"`, `"a<b>&c"`, `"\u2028"`, `[]`, `{}`, `[1,[2,{"b":null}]]`,
	} {
		f, err := record.ParseFields([]byte(`{"custom.cf_x.y": ` + value + ` }`))
		if err != nil {
			t.Fatalf("%s: %v", value, err)
		}
		if got := string(f["custom.cf_x.y"]); got != value {
			t.Errorf("%s became %s", value, got)
		}
	}
}

func TestFieldsAreCanonical(t *testing.T) {
	a, err := record.ParseFields([]byte(`{"b":{"y":1,"x":[ 1 , 2 ]},"a":"é"}`))
	if err != nil {
		t.Fatal(err)
	}
	b, err := record.ParseFields([]byte("\n{ \"a\":\"\\u00e9\", \"b\" : {\"x\":[1,2],\"y\":1}}"))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(a.Canonical(), b.Canonical()) || string(a.Canonical()) != `{"a":"é","b":{"x":[1,2],"y":1}}` {
		t.Fatalf("%s\n%s", a.Canonical(), b.Canonical())
	}
	ra, rb := record.Record{Fields: a}, record.Record{Fields: b}
	if ra.Hash() != rb.Hash() {
		t.Fatal("equal contents have two hashes")
	}
}

func TestParseFieldsRefuses(t *testing.T) {
	deep := strings.Repeat("[", record.MaxDepth+1) + strings.Repeat("]", record.MaxDepth+1)
	for _, text := range []string{``, `[]`, `"a"`, `1`, `{"a":1} x`, `{"a":}`, `{"a":` + deep + `}`} {
		if f, err := record.ParseFields([]byte(text)); err == nil && len(f) > 0 {
			t.Errorf("%.30s was read as %v", text, f)
		}
	}
}

func TestHashTellsContentsApart(t *testing.T) {
	records := map[string]record.Record{
		"empty":       {},
		"field":       {Fields: record.Fields{"a": json.RawMessage("1")}},
		"other value": {Fields: record.Fields{"a": json.RawMessage("2")}},
		"null":        {Fields: record.Fields{"a": json.RawMessage("null")}},
		"large":       {Large: map[string]record.Large{"a": {SHA256: "1"}}},
		"large other": {Large: map[string]record.Large{"a": {SHA256: "2"}}},
		"deleted":     {Deleted: true},
		"merged":      {Deleted: true, MergedInto: "b"},
	}
	seen := map[string]string{}
	for name, r := range records {
		if other, taken := seen[r.Hash()]; taken {
			t.Errorf("%s and %s have one hash", name, other)
		}
		seen[r.Hash()] = name
	}
}

func TestWinsIsAStrictOrder(t *testing.T) {
	alive := record.Record{Fields: record.Fields{"a": json.RawMessage("1")}}
	other := record.Record{Fields: record.Fields{"a": json.RawMessage("2")}}
	gone := record.Record{Deleted: true}
	if !record.Wins(&gone, &alive) || record.Wins(&alive, &gone) || record.Wins(&alive, &alive) {
		t.Fatal("a tombstone must beat a living record, and nothing itself")
	}
	if record.Wins(&alive, &other) == record.Wins(&other, &alive) {
		t.Fatal("one of two contents must win")
	}
}

func randomRecord(r *rand.Rand, rev int64) *record.Record {
	out := &record.Record{Key: record.Key{Object: "lead", ID: "1"}, Rev: rev, Fields: record.Fields{}, Large: map[string]record.Large{}}
	for _, name := range []string{"a", "b", "c.d", "e"} {
		switch r.IntN(4) {
		case 0:
			out.Fields[name] = json.RawMessage([]string{"1", "null", `"x"`}[r.IntN(3)])
		case 1:
			out.Large[name] = record.Large{SHA256: string(rune('a' + r.IntN(2))), Bytes: 20000}
		}
	}
	return out
}

func TestARevisionLeadsForthAndBack(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		before, after := randomRecord(r, 1), randomRecord(r, 2)
		row := record.RevisionOf(before, after)
		if row.FromRev != 1 || row.Rev != 2 {
			t.Fatalf("got %d to %d", row.FromRev, row.Rev)
		}
		if diff := cmp.Diff(row.Apply(before), after); diff != "" {
			t.Fatalf("forth: %s", diff)
		}
		if diff := cmp.Diff(row.Undo(after), before); diff != "" {
			t.Fatalf("back: %s", diff)
		}
		for _, c := range row.Changes {
			if string(c.Old) == string(c.New) && c.OldLarge == nil && c.NewLarge == nil {
				t.Fatalf("%s did not change", c.Field)
			}
		}
	}
}

func TestTheFirstRevisionComesFromNothing(t *testing.T) {
	after := &record.Record{Rev: 1, Fields: record.Fields{"a": json.RawMessage("null")}}
	row := record.RevisionOf(nil, after)
	if row.FromRev != 0 || len(row.Changes) != 1 || row.Changes[0].Old != nil || string(row.Changes[0].New) != "null" {
		t.Fatalf("got %+v", row)
	}
}
