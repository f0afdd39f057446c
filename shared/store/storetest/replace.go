package storetest

import (
	"encoding/json"
	"fmt"
	"sync/atomic"
	"testing"

	"leadline/shared/fault"
	"leadline/shared/record"
)

func replace(t *testing.T, s Stores) {
	try := func(r record.Record, rev int64, want bool) {
		t.Helper()
		did, standing, err := s.Records.Replace(ctx(t), r, rev)
		ok(t, err)
		if did != want {
			t.Fatalf("replaced at rev %d: %t, want %t", rev, did, want)
		}
		if did && standing != nil {
			t.Fatalf("replaced, and yet %+v stands", standing)
		}
		if !did {
			standsWhole(t, s, r.Key, standing)
		}
	}
	r := newRecord(key("x"), 6)
	try(r, 1, false)
	try(r, 7, false)
	if _, err := s.Records.Get(ctx(t), r.Key); !fault.Is(err, fault.NotFound) {
		t.Fatalf("replacing nothing made something: %v", err)
	}
	r.Contested, r.Deleted, r.MergedInto = true, true, "y"
	try(r, 0, true)
	try(r, 0, false)
	other := newRecord(key("x"), 5)
	other.Fields["other"] = json.RawMessage("1")
	try(other, 0, false)
	try(other, 2, false)
	r.Rev = 1
	same(t, stored(t, s, r.Key), r)
	try(other, 1, true)
	other.Rev = 2
	same(t, stored(t, s, r.Key), other)
	try(r, 1, false)
}

// standsWhole checks what a refused replacement says to stand.
func standsWhole(t *testing.T, s Stores, k record.Key, standing *record.Record) {
	t.Helper()
	r, err := s.Records.Get(ctx(t), k)
	if fault.Is(err, fault.NotFound) {
		if standing != nil {
			t.Fatalf("nothing is stored, and yet %+v stands", standing)
		}
		return
	}
	ok(t, err)
	if standing == nil {
		t.Fatal("the replacement was refused, and nothing is said to stand")
	}
	same(t, *standing, r)
}

func concurrentReplace(t *testing.T, s Stores) {
	put(t, s, newRecord(key("x"), 1))
	var won atomic.Int64
	for _, err := range atOnce(t, func(n int) error {
		r := newRecord(key("x"), int64(100+n))
		did, _, err := s.Records.Replace(ctx(t), r, 1)
		if did {
			won.Store(r.Version.Micros)
		}
		return err
	}) {
		ok(t, err)
	}
	want := newRecord(key("x"), won.Load())
	want.Rev = 2
	same(t, stored(t, s, key("x")), want)
}

// counter adds up in a field by reading and replacing.
func counter(t *testing.T, s Stores) {
	put(t, s, newRecord(key("x"), 0))
	const each = 4
	for _, err := range atOnce(t, func(int) error {
		for done, tries := 0, 0; done < each; tries++ {
			if tries > 1000 {
				return fmt.Errorf("%d of %d replacements done in %d tries", done, each, tries)
			}
			r, err := s.Records.Get(ctx(t), key("x"))
			if err != nil {
				return err
			}
			var n int
			if err := json.Unmarshal(r.Fields["n"], &n); err != nil {
				return err
			}
			r.Fields["n"] = json.RawMessage(fmt.Sprint(n + 1))
			did, _, err := s.Records.Replace(ctx(t), r, r.Rev)
			if err != nil {
				return err
			}
			if did {
				done++
			}
		}
		return nil
	}) {
		ok(t, err)
	}
	got := stored(t, s, key("x"))
	if want := fmt.Sprint(each * writers); string(got.Fields["n"]) != want || got.Rev != each*writers+1 {
		t.Fatalf("counted %s at rev %d, want %s", got.Fields["n"], got.Rev, want)
	}
}
