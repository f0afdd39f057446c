package bookkeeper_test

import (
	"fmt"
	"sync"
	"testing"

	"leadline/shared/fault"
	"leadline/shared/ledger"
	"leadline/shared/ledger/bookkeeper"
	"leadline/shared/store/memory"
)

func TestSealBindsAllBooksOnce(t *testing.T) {
	k := keeper(memory.NewLedger())
	for n := range 1100 {
		_, err := k.Post(t.Context(), "org_a", fmt.Sprintf("mem_%04d", n), these(earn("a", 1)))
		ok(t, err)
	}
	first, err := k.Seal(t.Context(), "org_a", "prg_1", "2026-10")
	ok(t, err)
	again, err := k.Seal(t.Context(), "org_a", "prg_1", "2026-10")
	ok(t, err)
	if first != again || first.Number != 1 || first.Accounts != 2200 {
		t.Errorf("sealed %+v and %+v", first, again)
	}
	_, err = k.Post(t.Context(), "org_a", "mem_0000", these(earn("b", 1)))
	ok(t, err)
	var wait sync.WaitGroup
	for n := range 8 {
		wait.Go(func() {
			if _, err := k.Seal(t.Context(), "org_a", "prg_1", fmt.Sprint("2026-11-", n/2)); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	checked := sound(t, k)
	if checked.Roots != 5 || checked.Heads != checked.Roots*2200 {
		t.Errorf("checked %+v", checked)
	}
	if none, err := k.Seal(t.Context(), "org_b", "prg_1", "2026-10"); err != nil || none.Accounts != 0 || none.Number != 1 {
		t.Errorf("without books: %+v, %v", none, err)
	}
	heads, next, err := bookkeeper.Heads(t.Context(), k.Lists, ledger.Root{Organization: "org_b", List: new(ledger.ListHash).Sum()}, 0)
	if err != nil || len(heads) > 0 || next != 0 {
		t.Errorf("an empty list: %v, %d, %v", heads, next, err)
	}
	for _, offset := range []int64{-1, 1 << 40} {
		if _, _, err := bookkeeper.Heads(t.Context(), k.Lists, first, offset); !fault.Is(err, fault.Invalid) {
			t.Errorf("offset %d: %v", offset, err)
		}
	}
	if _, _, err := bookkeeper.Heads(t.Context(), k.Lists, first, 5); !fault.Is(err, fault.Internal) {
		t.Errorf("an offset within a part: %v", err)
	}
}

func TestACrashWhileSealingLeavesOneRoot(t *testing.T) {
	for _, behind := range []bool{false, true} {
		for step, reached := 1, true; reached; step++ {
			f := &failing{Ledger: memory.NewLedger()}
			k := keeper(f)
			_, err := k.Post(t.Context(), "org_a", "mem_a", these(earn("a", 1)))
			ok(t, err)
			f.left, f.behind = step, behind
			_, err = k.Seal(t.Context(), "org_a", "prg_1", "2026-10")
			if reached = f.left <= 0; reached != (err != nil) {
				t.Fatalf("step %d: %v", step, err)
			}
			f.left = 0
			_, err = k.Seal(t.Context(), "org_a", "prg_1", "2026-10")
			ok(t, err)
			if checked := sound(t, k); checked.Roots != 1 || checked.Heads != 2 {
				t.Errorf("step %d: checked %+v", step, checked)
			}
		}
	}
}
