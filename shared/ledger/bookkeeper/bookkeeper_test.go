package bookkeeper_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"leadline/shared/blob"
	"leadline/shared/fault"
	"leadline/shared/ledger"
	"leadline/shared/ledger/bookkeeper"
	"leadline/shared/store"
	"leadline/shared/store/memory"
)

func keeper(s store.Ledger) bookkeeper.Keeper {
	return bookkeeper.Keeper{Ledger: s, Lists: blob.NewMemory(), Now: func() time.Time { return time.Date(2026, 11, 22, 10, 0, 0, 5, time.UTC) }}
}

func account(kind ledger.Kind) ledger.Account { return ledger.Account{Kind: kind, Unit: "USD"} }

func earn(cause string, amount int64) ledger.Posting {
	return ledger.Posting{Cause: ledger.Cause{Kind: ledger.Earning, ID: cause}, Date: "2026-11-22",
		Legs: []ledger.Leg{{Account: account(ledger.Cost), Amount: -amount}, {Account: account(ledger.Owed), Amount: amount}}}
}

func take(cause string, amount int64) ledger.Posting {
	return ledger.Posting{Cause: ledger.Cause{Kind: ledger.Spent, ID: cause}, Date: "2026-11-22",
		Legs: []ledger.Leg{{Account: account(ledger.Owed), Amount: -amount, Covered: true}, {Account: account(ledger.Redeemed), Amount: amount}}}
}

func these(postings ...ledger.Posting) func(ledger.Book) ([]ledger.Posting, error) {
	return func(ledger.Book) ([]ledger.Posting, error) { return postings, nil }
}

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// source is a ledger in a store, for its verification.
type source struct {
	ctx    context.Context
	keeper bookkeeper.Keeper
}

func pages[T any](list func(store.Page) ([]T, string, error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for page := (store.Page{Limit: 7}); ; {
			all, next, err := list(page)
			for _, one := range all {
				if !yield(one, nil) {
					return
				}
			}
			if err != nil {
				var none T
				yield(none, err)
			}
			if page.Cursor = next; next == "" {
				return
			}
		}
	}
}

func (s source) Roots() iter.Seq2[ledger.Root, error] {
	return func(yield func(ledger.Root, error) bool) {
		roots, _, err := s.keeper.Ledger.Roots(s.ctx, "org_a", store.Page{Limit: store.MaxLimit})
		if err != nil {
			yield(ledger.Root{}, err)
		}
		for _, r := range slices.Backward(roots) {
			if !yield(r, nil) {
				return
			}
		}
	}
}

func (s source) Heads(r ledger.Root) iter.Seq2[ledger.HeadAt, error] {
	return func(yield func(ledger.HeadAt, error) bool) {
		for offset := int64(0); ; {
			heads, next, err := bookkeeper.Heads(s.ctx, s.keeper.Lists, r, offset)
			if err != nil {
				yield(ledger.HeadAt{}, err)
				return
			}
			for _, h := range heads {
				if !yield(h, nil) {
					return
				}
			}
			if offset = next; next == 0 {
				return
			}
		}
	}
}

func (s source) Books() iter.Seq2[ledger.Book, error] {
	return pages(func(p store.Page) ([]ledger.Book, string, error) { return s.keeper.Ledger.Books(s.ctx, "org_a", p) })
}

func (s source) Book(participant string) (ledger.Book, error) {
	return s.keeper.Ledger.Book(s.ctx, "org_a", participant)
}

func (s source) Rows(participant string, after int64) iter.Seq2[ledger.Row, error] {
	return func(yield func(ledger.Row, error) bool) {
		for r, err := range pages(func(p store.Page) ([]ledger.Row, string, error) {
			return s.keeper.Ledger.Rows(s.ctx, "org_a", participant, p)
		}) {
			if r.Number <= after && err == nil {
				continue
			}
			if !yield(r, err) {
				return
			}
		}
	}
}

// sound fails the test if the ledger is not, and gives what was checked.
func sound(t testing.TB, k bookkeeper.Keeper) ledger.Checked {
	t.Helper()
	checked, err := ledger.Verify("org_a", source{t.Context(), k}, "", func(f ledger.Finding) { t.Errorf("found %+v", f) }, func(ledger.Checked, int) {})
	ok(t, err)
	return checked
}

func TestEachCauseIsPostedOnce(t *testing.T) {
	k := keeper(memory.NewLedger())
	rows, err := k.Post(t.Context(), "org_a", "mem_a", these(earn("a", 100), take("b", 60)))
	ok(t, err)
	if len(rows) != 2 || rows[1].Number != 2 {
		t.Fatalf("added %+v", rows)
	}
	// What was taken is not there any more: the same request is no refusal all the same.
	rows, err = k.Post(t.Context(), "org_a", "mem_a", these(take("b", 60), earn("c", 1)))
	ok(t, err)
	if len(rows) != 1 || rows[0].Cause.ID != "c" {
		t.Errorf("added %+v", rows)
	}
	if _, err = k.Post(t.Context(), "org_a", "mem_a", these(take("d", 60))); fault.Of(err) == nil || fault.Of(err).Code != ledger.CodeNotCovered {
		t.Errorf("taking what is not there: %v", err)
	}
	if _, err = k.Post(t.Context(), "org_a", "mem_a", these(earn("x", 1), earn("x", 2))); !fault.Is(err, fault.Internal) {
		t.Errorf("one cause for two postings: %v", err)
	}
	refused := errors.New("refused")
	if _, err = k.Post(t.Context(), "org_a", "mem_a", func(ledger.Book) ([]ledger.Posting, error) { return nil, refused }); !errors.Is(err, refused) {
		t.Errorf("what make refuses: %v", err)
	}
	row, found, err := k.Find(t.Context(), "org_a", "mem_a", "b")
	if err != nil || !found || row.Number != 2 || row.Cause.ID != "b" {
		t.Errorf("found %+v, %t, %v", row, found, err)
	}
	if _, found, err = k.Find(t.Context(), "org_a", "mem_b", "b"); err != nil || found {
		t.Errorf("another's is found: %t, %v", found, err)
	}
	if checked := sound(t, k); checked.Rows != 3 {
		t.Errorf("checked %+v", checked)
	}
}

func TestManyPostingsAreAppendedInParts(t *testing.T) {
	k := keeper(memory.NewLedger())
	var all []ledger.Posting
	for n := range 2*store.MaxAppend + 5 {
		all = append(all, earn(fmt.Sprint("c", n), int64(n)))
	}
	_, err := k.Post(t.Context(), "org_a", "mem_a", these(all[10:60]...))
	ok(t, err)
	rows, err := k.Post(t.Context(), "org_a", "mem_a", these(all...))
	ok(t, err)
	if len(rows) != len(all)-50 {
		t.Errorf("%d rows were added, want %d", len(rows), len(all)-50)
	}
	if checked := sound(t, k); checked.Rows != int64(len(all)) {
		t.Errorf("checked %+v", checked)
	}
}

// failing is a store that fails at its n-th call, before or behind what it does.
type failing struct {
	store.Ledger
	left   int
	behind bool
}

func (f *failing) call(do func() error) error {
	f.left--
	if f.left == 0 && !f.behind {
		return fault.New(fault.Unavailable, "unavailable", "before")
	}
	err := do()
	if f.left == 0 {
		return fault.New(fault.Unavailable, "unavailable", "behind")
	}
	return err
}

func (f *failing) Book(ctx context.Context, organization, participant string) (b ledger.Book, err error) {
	err = f.call(func() error { b, err = f.Ledger.Book(ctx, organization, participant); return err })
	return b, err
}

func (f *failing) Append(ctx context.Context, after ledger.Book, rows []ledger.Row) error {
	return f.call(func() error { return f.Ledger.Append(ctx, after, rows) })
}

func (f *failing) Posted(ctx context.Context, organization, participant string, causes []string) (posted map[string]int64, err error) {
	err = f.call(func() error { posted, err = f.Ledger.Posted(ctx, organization, participant, causes); return err })
	return posted, err
}

func (f *failing) SaveRoot(ctx context.Context, r ledger.Root) error {
	return f.call(func() error { return f.Ledger.SaveRoot(ctx, r) })
}

func (f *failing) Roots(ctx context.Context, organization string, p store.Page) (roots []ledger.Root, next string, err error) {
	err = f.call(func() error { roots, next, err = f.Ledger.Roots(ctx, organization, p); return err })
	return roots, next, err
}

func (f *failing) Books(ctx context.Context, organization string, p store.Page) (books []ledger.Book, next string, err error) {
	err = f.call(func() error { books, next, err = f.Ledger.Books(ctx, organization, p); return err })
	return books, next, err
}

func TestACrashAtAnyStepPostsNothingTwice(t *testing.T) {
	var all []ledger.Posting
	for n := range store.MaxAppend + 20 {
		all = append(all, earn(fmt.Sprint("c", n), 1))
	}
	all = append(all, take("all of it", store.MaxAppend+20))
	for _, behind := range []bool{false, true} {
		for step, reached := 1, true; reached; step++ {
			inner := memory.NewLedger()
			ok(t, func() error { _, err := keeper(inner).Post(t.Context(), "org_a", "mem_a", these(all[5])); return err }())
			f := &failing{Ledger: inner, left: step, behind: behind}
			_, err := keeper(f).Post(t.Context(), "org_a", "mem_a", these(all...))
			if reached = f.left <= 0; reached != (err != nil) {
				t.Fatalf("step %d: %v", step, err)
			}
			k := keeper(inner)
			_, err = k.Post(t.Context(), "org_a", "mem_a", these(all...))
			ok(t, err)
			rows, err := k.Post(t.Context(), "org_a", "mem_a", these(all...))
			ok(t, err)
			b, err := inner.Book(t.Context(), "org_a", "mem_a")
			ok(t, err)
			if checked := sound(t, k); len(rows) != 0 || checked.Rows != int64(len(all)) || b.Balance(account(ledger.Owed)) != 0 {
				t.Errorf("step %d: posting again added %d; %d rows of %d, balance %d", step, len(rows), checked.Rows, len(all), b.Balance(account(ledger.Owed)))
			}
		}
	}
}

func TestEightWorkersPostEachCauseOnce(t *testing.T) {
	k := keeper(memory.NewLedger())
	const workers, causes = 8, 60
	var added, taken atomic.Int64
	var wait sync.WaitGroup
	for worker := range workers {
		wait.Go(func() {
			random := rand.New(rand.NewPCG(1, uint64(worker)))
			for _, n := range random.Perm(causes) {
				rows, err := k.Post(t.Context(), "org_a", fmt.Sprint("mem_", n%2), these(earn(fmt.Sprint("c", n), 10), earn(fmt.Sprint("own", worker, n), 1)))
				if err != nil {
					t.Error(err)
				}
				added.Add(int64(len(rows)))
				// Eight want what covers one: 10 of an account that is given 10 for it.
				only := fmt.Sprint("only_", n)
				if worker == 0 {
					_, err = k.Post(t.Context(), "org_a", only, these(earn("e", 10)))
				} else {
					_, err = k.Post(t.Context(), "org_a", only, these(take(fmt.Sprint("t", worker), 10)))
				}
				if err == nil && worker > 0 {
					taken.Add(1)
				} else if err != nil && !fault.Is(err, fault.Conflict) {
					t.Error(err)
				}
			}
		})
	}
	wait.Wait()
	for n := range causes {
		if b, err := k.Ledger.Book(t.Context(), "org_a", fmt.Sprint("only_", n)); err != nil || b.Balance(account(ledger.Owed)) < 0 || b.Balance(account(ledger.Redeemed)) > 10 {
			t.Errorf("book %+v, %v", b, err)
		}
	}
	if want := int64(causes + workers*causes); added.Load() != want {
		t.Errorf("%d rows were added, want %d", added.Load(), want)
	}
	if checked := sound(t, k); checked.Rows != added.Load()+taken.Load()+causes {
		t.Errorf("checked %+v", checked)
	}
}

func TestABalanceDoesNotDependOnTheOrderOfEvents(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		events := rapid.SliceOfN(rapid.Int64Range(-1000, 1000), 1, 12).Draw(t, "events")
		order := rapid.Permutation(events).Draw(t, "order") // of other causes, and some come twice
		balance := func(amounts []int64) int64 {
			k := keeper(memory.NewLedger())
			seen := map[int64]int{}
			for _, amount := range amounts {
				seen[amount]++
				for range 1 + len(amounts)%2 {
					if _, err := k.Post(context.Background(), "org_a", "mem_a", these(earn(fmt.Sprint(amount, "/", seen[amount]), amount))); err != nil {
						t.Fatal(err)
					}
				}
			}
			b, err := k.Ledger.Book(context.Background(), "org_a", "mem_a")
			if err != nil {
				t.Fatal(err)
			}
			return b.Balance(account(ledger.Owed))
		}
		sum := int64(0)
		for _, amount := range events {
			sum += amount
		}
		if one, other := balance(events), balance(order); one != sum || other != sum {
			t.Errorf("the balance is %d and %d, want %d", one, other, sum)
		}
	})
}
