package keeper_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"leadline/shared/blob"
	"leadline/shared/fault"
	"leadline/shared/ledger"
	"leadline/shared/payout"
	"leadline/shared/payout/keeper"
	"leadline/shared/store"
)

// crashes fails before or behind writes: at the one that it is told, or at any now and then.
type crashes struct {
	mu     sync.Mutex
	at     int // the write, from 1; 0 for chance
	behind bool
	writes int
	random *rand.Rand
}

// write does one, and fails where it is to.
func (c *crashes) write(do func() error) error {
	c.mu.Lock()
	c.writes++
	before, behind := c.at == c.writes && !c.behind, c.at == c.writes && c.behind
	if c.random != nil {
		n := c.random.IntN(300) // a part of 100 people is some 300 writes
		before, behind = n == 0, n == 1
	}
	c.mu.Unlock()
	down := fault.New(fault.Unavailable, "down", "the store does not answer")
	if before {
		return down
	}
	if err := do(); err != nil || !behind {
		return err
	}
	return down
}

type (
	ledgers struct {
		store.Ledger
		*crashes
	}
	payouts struct {
		store.Payouts
		*crashes
	}
	documents struct {
		blob.Store
		*crashes
	}
	queue struct {
		to *world
		*crashes
	}
)

func (s ledgers) Append(ctx context.Context, after ledger.Book, rows []ledger.Row) error {
	return s.write(func() error { return s.Ledger.Append(ctx, after, rows) })
}

func (s payouts) SavePayoutBatch(ctx context.Context, b payout.Batch, r *store.Receipt) error {
	return s.write(func() error { return s.Payouts.SavePayoutBatch(ctx, b, r) })
}

func (s payouts) SavePayment(ctx context.Context, p payout.Payment) error {
	return s.write(func() error { return s.Payouts.SavePayment(ctx, p) })
}

func (s payouts) PlanPayoutPart(ctx context.Context, organization, batch, run string, part int, p payout.Plan) (plan payout.Plan, err error) {
	err = s.write(func() error {
		plan, err = s.Payouts.PlanPayoutPart(ctx, organization, batch, run, part, p)
		return err
	})
	return plan, err
}

func (s payouts) DecidePayoutPart(ctx context.Context, organization, batch, run string, part int, o payout.Outcome) (out payout.Outcome, err error) {
	err = s.write(func() error {
		out, err = s.Payouts.DecidePayoutPart(ctx, organization, batch, run, part, o)
		return err
	})
	return out, err
}

func (s payouts) FinishPayoutPart(ctx context.Context, organization, batch, run string, part, participants int) error {
	return s.write(func() error { return s.Payouts.FinishPayoutPart(ctx, organization, batch, run, part, participants) })
}

func (s documents) Put(ctx context.Context, key string, body []byte) error {
	return s.write(func() error { return s.Store.Put(ctx, key, body) })
}

func (w *world) failing(c *crashes) *keeper.Keeper {
	return w.over(ledgers{w.ledger, c}, payouts{w.payouts, c}, documents{w.documents, c}, queue{w, c})
}

func (s queue) SendAfter(ctx context.Context, group string, body []byte, delay time.Duration) error {
	return s.write(func() error { return s.to.SendAfter(ctx, group, body, delay) })
}

// paidOnce holds a finished world to what it would be without faults: everybody was paid what they earned, once.
func (w *world) paidOnce(people int, batches ...string) {
	w.t.Helper()
	var net, payments int64
	for _, id := range batches {
		b := w.batch(id)
		if b.Payments == 0 {
			continue
		}
		if b.State != payout.Released {
			w.t.Fatalf("%+v", b)
		}
		w.agrees(id, ledger.Paid)
		if _, err := w.keeper.File(w.t.Context(), b); err != nil {
			w.t.Error(err)
		}
		net, payments = net+b.Net, payments+int64(b.Payments)
	}
	var want int64
	for i := range people {
		want += 100_000 + int64(i)
		for _, kind := range []ledger.Kind{ledger.Owed, ledger.Transit, ledger.Returned} {
			if got := w.balance(somebody(i), kind); got != 0 {
				w.t.Errorf("%s has %d %s", somebody(i), got, kind)
			}
		}
		if got := w.balance(somebody(i), ledger.Paid); got != 100_000+int64(i) {
			w.t.Errorf("%s was paid %d", somebody(i), got)
		}
	}
	if net != want || payments != int64(people) {
		w.t.Errorf("%d payments of %d, want %d of %d", payments, net, people, want)
	}
	w.books()
}

// TestACrashAtEachWrite: whichever write of a batch is not done, or its answer lost, the batch ends as if nothing had been.
func TestACrashAtEachWrite(t *testing.T) {
	const people = 3
	for _, behind := range []bool{false, true} {
		for at := 1; ; at++ {
			c := &crashes{at: at, behind: behind}
			w := newWorld(t)
			w.people(people)
			workers := []*keeper.Keeper{w.failing(c)}
			b := w.order(nil)
			w.rush(workers, nil)
			w.approve(b.ID)
			w.must(w.act(b.ID, func(b payout.Batch) (payout.Batch, error) { return b.Release(bob(), w.clock()) }))
			w.rush(workers, nil)
			w.paidOnce(people, b.ID)
			if t.Failed() {
				t.Fatalf("at write %d, behind %t", at, behind)
			}
			if c.writes < at {
				if at < 20 {
					t.Fatalf("only %d writes", c.writes)
				}
				break
			}
		}
	}
}

// TestACrashAtEachWriteOfACancelledBatch leaves everybody what they are owed.
func TestACrashAtEachWriteOfACancelledBatch(t *testing.T) {
	const people = 2
	for _, behind := range []bool{false, true} {
		for at := 1; ; at++ {
			c := &crashes{at: at, behind: behind}
			w := newWorld(t)
			w.people(people)
			workers := []*keeper.Keeper{w.failing(c)}
			b := w.order(nil)
			w.rush(workers, nil)
			w.must(w.act(b.ID, func(b payout.Batch) (payout.Batch, error) { return b.Cancel("A mistake.", w.clock()) }))
			w.rush(workers, nil)
			for i := range people {
				if owed, transit := w.balance(somebody(i), ledger.Owed), w.balance(somebody(i), ledger.Transit); owed != 100_000+int64(i) || transit != 0 {
					t.Fatalf("at write %d, behind %t: %d owed, %d in transit", at, behind, owed, transit)
				}
			}
			if w.books(); w.batch(b.ID).State != payout.Cancelled {
				t.Fatalf("at write %d, behind %t: %+v", at, behind, w.batch(b.ID))
			}
			if c.writes < at {
				break
			}
		}
	}
}

// TestManyWorkersAndFaults: eight workers at once, messages that come twice, stores that fail before and behind their writes, and
// two batches that want the same money: each cause is posted once, and everybody is paid once.
func TestManyWorkersAndFaults(t *testing.T) {
	const people = 250
	for seed := range uint64(4) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			w := newWorld(t)
			w.people(people)
			var workers []*keeper.Keeper
			for i := range 8 {
				workers = append(workers, w.failing(&crashes{random: rand.New(rand.NewPCG(seed, uint64(i)))}))
			}
			twice := rand.New(rand.NewPCG(seed, 99))
			first, second := w.order(nil), w.order(nil)
			w.rush(workers, twice)
			var released []string
			for _, id := range []string{first.ID, second.ID} {
				b := w.batch(id)
				if b.State == payout.Cancelled && b.Payments == 0 {
					continue // the other was faster everywhere
				}
				w.agrees(id, ledger.Transit)
				w.approve(id)
				w.must(w.act(id, func(b payout.Batch) (payout.Batch, error) { return b.Release(bob(), w.clock()) }))
				released = append(released, id)
			}
			w.rush(workers, twice)
			w.paidOnce(people, released...)
		})
	}
}

// TestMoneyThatComesWhileABatchIsCollected: whoever earns while several workers do the same parts is in the batch with what the
// ledger says, or not at all; nothing hangs in between.
func TestMoneyThatComesWhileABatchIsCollected(t *testing.T) {
	const people = 60
	for seed := range uint64(6) {
		w := newWorld(t)
		for i := range people {
			w.profile(somebody(i), nil)
			w.earn(somebody(i), "clawback", -50)
		}
		var workers []*keeper.Keeper
		for i := range 8 {
			workers = append(workers, w.failing(&crashes{random: rand.New(rand.NewPCG(seed, uint64(i)))}))
		}
		b := w.order(nil)
		var earning sync.WaitGroup
		earning.Go(func() {
			for i := range people {
				w.earn(somebody(i), "earned", 1_050)
			}
		})
		w.rush(workers, rand.New(rand.NewPCG(seed, 7)))
		earning.Wait()
		got := w.batch(b.ID)
		if got.State != payout.Submitted && got.State != payout.Cancelled {
			t.Fatalf("%+v", got)
		}
		var transit int64
		for i := range people {
			held := w.balance(somebody(i), ledger.Transit)
			if transit += held; held+w.balance(somebody(i), ledger.Owed) != 1_000 {
				t.Errorf("%s: %d in transit, %d owed", somebody(i), held, w.balance(somebody(i), ledger.Owed))
			}
		}
		if s := w.sums(got); transit != got.Net || s.Net != got.Net || s.Payments != got.Payments {
			t.Errorf("%d in transit, the payments come to %+v, the batch says %d payments of %d", transit, s, got.Payments, got.Net)
		}
		w.books()
	}
}
