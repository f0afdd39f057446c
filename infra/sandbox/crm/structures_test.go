package crm

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// TestIndexAgreesWithASortedList inserts and removes in any order and compares with the plain thing.
func TestIndexAgreesWithASortedList(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var plain []entry
		x := newIndex(nil)
		for i := range rapid.IntRange(0, 3*chunkSize).Draw(t, "n") {
			if len(plain) > 0 && rapid.IntRange(0, 3).Draw(t, "remove") == 0 {
				k := rapid.IntRange(0, len(plain)-1).Draw(t, "which")
				if !x.remove(plain[k].at, plain[k].rec) {
					t.Fatal("an entry is not found")
				}
				plain = slices.Delete(plain, k, k+1)
				continue
			}
			e := entry{int64(rapid.IntRange(0, 40).Draw(t, "at")), &Record{ID: fmt.Sprint(i)}}
			k, _ := slices.BinarySearchFunc(plain, e, compare)
			plain = slices.Insert(plain, k, e)
			x.insert(e.at, e.rec)
		}
		from := rapid.IntRange(0, len(plain)).Draw(t, "from")
		to := rapid.IntRange(from, len(plain)).Draw(t, "to")
		var up, down []entry
		x.up(from, to, func(e entry) bool { up = append(up, e); return true })
		x.down(from, to, func(e entry) bool { down = append(down, e); return true })
		slices.Reverse(down)
		if x.n != len(plain) || !slices.Equal(up, plain[from:to]) || !slices.Equal(down, plain[from:to]) {
			t.Fatalf("of %d entries, ranks %d to %d differ", len(plain), from, to)
		}
		at := int64(rapid.IntRange(-1, 41).Draw(t, "below"))
		want := slices.IndexFunc(plain, func(e entry) bool { return e.at >= at })
		if want < 0 {
			want = len(plain)
		}
		if got := x.below(at, ""); got != want {
			t.Fatalf("below %d: %d, want %d", at, got, want)
		}
	})
}

// TestObjectsKeepWhatTheyWereReadFrom reads and writes any object.
func TestObjectsKeepWhatTheyWereReadFrom(t *testing.T) {
	value := rapid.OneOf(rapid.Just[any](nil), rapid.Map(rapid.String(), func(s string) any { return s }), rapid.Map(rapid.Bool(), func(b bool) any { return b }),
		rapid.Map(rapid.Int(), func(i int) any { return i }), rapid.Map(rapid.SliceOf(rapid.String()), func(s []string) any { return s }),
		rapid.Map(rapid.MapOf(rapid.String(), rapid.Int()), func(m map[string]int) any { return m }))
	rapid.Check(t, func(t *rapid.T) {
		raw, err := json.Marshal(rapid.MapOf(rapid.String(), value).Draw(t, "object"))
		if err != nil {
			t.Fatal(err)
		}
		o, err := ParseObject(raw)
		if err != nil {
			t.Fatal(err)
		}
		var want, got any
		if json.Unmarshal(raw, &want) != nil || json.Unmarshal(o.JSON(), &got) != nil || fmt.Sprint(want) != fmt.Sprint(got) {
			t.Fatalf("%s became %s", raw, o.JSON())
		}
		for _, p := range o {
			if !bytes.Equal(o.Get(p.Key), p.Value) {
				t.Fatalf("%q is not found", p.Key)
			}
		}
	})
}

func TestWhatIsNoObjectIsRefused(t *testing.T) {
	for _, text := range []string{"", "[]", "1", `"x"`, "null", "{", `{"a":1}x`} {
		if o, err := ParseObject([]byte(text)); err == nil {
			t.Errorf("%q was read as %s", text, o.JSON())
		}
	}
}

func TestQuoteIsJSON(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.String().Draw(t, "text")
		var back string
		if err := json.Unmarshal(Quote(s), &back); err != nil || back != s {
			t.Fatalf("%q became %s: %v", s, Quote(s), err)
		}
	})
}
