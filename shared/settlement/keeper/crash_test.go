package keeper_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"leadline/shared/blob"
	"leadline/shared/calendar"
	"leadline/shared/fault"
	"leadline/shared/ledger"
	"leadline/shared/settlement"
	"leadline/shared/settlement/keeper"
	"leadline/shared/store"
)

// luck makes some writes fail, before they are done or behind it.
type luck struct {
	mu     sync.Mutex
	random *rand.Rand
	rate   float64
	failed int
}

func (l *luck) write(do func() error) error {
	l.mu.Lock()
	before, behind := l.random.Float64() < l.rate, l.random.Float64() < l.rate
	if before || behind {
		l.failed++
	}
	l.mu.Unlock()
	down := fault.New(fault.Unavailable, "down", "It is down.")
	if before {
		return down
	}
	if err := do(); err != nil {
		return err
	}
	if behind {
		return down
	}
	return nil
}

// inner is another name of the store, for one of its methods has the store's own.
type inner = store.Settlements

type shakySettlements struct {
	inner
	*luck
}

func (s shakySettlements) SaveSettlement(ctx context.Context, one settlement.Settlement, r *store.Receipt) error {
	return s.write(func() error { return s.inner.SaveSettlement(ctx, one, r) })
}

func (s shakySettlements) SaveStatement(ctx context.Context, one settlement.Statement) (saved bool, err error) {
	err = s.write(func() error { saved, err = s.inner.SaveStatement(ctx, one); return err })
	return saved, err
}

func (s shakySettlements) PostStatement(ctx context.Context, organization, program, period, participant string, revision int) error {
	return s.write(func() error {
		return s.inner.PostStatement(ctx, organization, program, period, participant, revision)
	})
}

func (s shakySettlements) SaveSettled(ctx context.Context, one settlement.Settled) error {
	return s.write(func() error { return s.inner.SaveSettled(ctx, one) })
}

func (s shakySettlements) SaveManual(ctx context.Context, m settlement.Manual, r *store.Receipt) error {
	return s.write(func() error { return s.inner.SaveManual(ctx, m, r) })
}

func (s shakySettlements) FinishSettlementPart(ctx context.Context, organization, program, period, run string, part, participants int, sum settlement.Totals) error {
	return s.write(func() error {
		return s.inner.FinishSettlementPart(ctx, organization, program, period, run, part, participants, sum)
	})
}

type shakyLedger struct {
	store.Ledger
	*luck
}

func (s shakyLedger) Append(ctx context.Context, after ledger.Book, rows []ledger.Row) error {
	return s.write(func() error { return s.Ledger.Append(ctx, after, rows) })
}

func (s shakyLedger) SaveRoot(ctx context.Context, r ledger.Root) error {
	return s.write(func() error { return s.Ledger.SaveRoot(ctx, r) })
}

type shakyObjects struct {
	blob.Store
	*luck
}

func (s shakyObjects) Put(ctx context.Context, key string, body []byte) error {
	return s.write(func() error { return s.Store.Put(ctx, key, body) })
}

// insist does something until it is done: what was done behind a failure is a refusal then, by the state that it led to.
func (w *world) insist(done func(settlement.Settlement) bool, period string, do func() (settlement.Settlement, error)) {
	w.t.Helper()
	for range 200 {
		_, err := do()
		if err == nil || done(w.get(period)) {
			return
		}
		if !fault.Is(err, fault.Unavailable) {
			w.t.Fatal(err)
		}
	}
	w.t.Fatal("it never comes to it")
}

// labour has eight workers do what is in the settle queue, at once, each message twice, in any order, until it is empty. What fails
// comes again.
func (w *world) labour(random *rand.Rand, workers []*keeper.Keeper) {
	w.t.Helper()
	for range 2_000 {
		bodies := w.ready(&w.settling)
		if len(bodies) == 0 {
			w.now = w.now.Add(time.Second)
			if bodies = w.ready(&w.settling); len(bodies) == 0 {
				return
			}
		}
		bodies = append(bodies, bodies...)
		random.Shuffle(len(bodies), func(i, j int) { bodies[i], bodies[j] = bodies[j], bodies[i] })
		var wait sync.WaitGroup
		for n, worker := range workers {
			wait.Go(func() {
				for i := n; i < len(bodies); i += len(workers) {
					for _, err := range worker.Process(w.t.Context(), bodies[i:i+1]) {
						if err == nil {
							continue
						}
						if k := fault.KindOf(err); k != fault.Unavailable && k != fault.Conflict {
							w.t.Errorf("%s: %v", bodies[i], err)
						}
						w.mu.Lock()
						w.settling = append(w.settling, waiting{w.now, bodies[i]})
						w.mu.Unlock()
					}
				}
			})
		}
		wait.Wait()
	}
	w.t.Fatal("the queue is never empty")
}

// TestWhateverFailsAndHoweverMany: over random histories, with stores that fail before and behind their writes and eight workers at
// once, what the ledger owes is what the engine reckons of the periods that are locked, every row is there once, and what was
// locked stays as it was.
func TestWhateverFailsAndHoweverMany(t *testing.T) {
	for seed := range uint64(4) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) { history(t, seed) })
	}
}

func history(t *testing.T, seed uint64) {
	random := rand.New(rand.NewPCG(seed, 6))
	w := newWorld(t)
	people := []string{"mem_kim", "mem_sue", "mem_lee"}
	w.member("mem_lee", "")
	w.member("mem_kim", "mem_lee")
	w.member("mem_sue", "mem_lee")
	w.publish(commission(t), "2026-01-01")
	l := &luck{random: rand.New(rand.NewPCG(seed, 7)), rate: 0.08}
	var workers []*keeper.Keeper
	for range 8 {
		workers = append(workers, w.worker(shakySettlements{w.settlements, l}, shakyLedger{w.ledger, l}, shakyObjects{w.objects, l}))
	}
	w.keeper = workers[0]
	days := []calendar.Date{"2026-01-05", "2026-01-25", "2026-02-05", "2026-03-05", "2026-04-05"}
	var locked []string
	frozen := map[string][]byte{}
	var byHand int64
	for n, period := range []string{"2026-01", "2026-02", "2026-03", "2026-04"} {
		for range 8 {
			w.anyDeal(random, people, days[:n+2])
		}
		w.now = time.Date(2026, time.Month(n+2), 3, 12, 0, 0, 0, time.UTC)
		w.reckon()
		m := settlement.Manual{ID: fmt.Sprintf("adj_%d", n), Organization: organization, Program: programID, Participant: "mem_sue", Period: period,
			Kind: settlement.ByHandMoney, Amount: int64(random.IntN(500)) - 250, State: settlement.ManualPending, Rev: 1}
		w.must(w.settlements.SaveManual(t.Context(), m, nil))
		byHand += m.Amount
		p := w.program()
		w.insist(func(s settlement.Settlement) bool { return s.Work.Kind != "" }, period, func() (settlement.Settlement, error) { return w.keeper.Calculate(t.Context(), p, period, ann()) })
		w.labour(random, workers)
		w.insist(func(s settlement.Settlement) bool { return s.State == settlement.Submitted }, period, func() (settlement.Settlement, error) { return w.keeper.Submit(t.Context(), p, period, ann()) })
		w.insist(func(s settlement.Settlement) bool { return s.State == settlement.Approved }, period, func() (settlement.Settlement, error) { return w.keeper.Approve(t.Context(), p, period, bob()) })
		for range 2 { // what changes between the freezing and the lock is adjusted later
			w.anyDeal(random, people, days[:n+2])
		}
		w.reckon()
		w.insist(func(s settlement.Settlement) bool { return s.Work.Kind != "" }, period, func() (settlement.Settlement, error) { return w.keeper.Lock(t.Context(), p, period, ann()) })
		w.labour(random, workers)
		s := w.get(period)
		if s.State != settlement.Locked {
			t.Fatalf("%s is %s: %+v", period, s.State, s.Work)
		}
		locked = append(locked, period)
		var credited, owed int64
		for _, who := range people {
			owed += w.owed(who)
			for _, at := range locked {
				if st, err := w.settlements.Statement(t.Context(), organization, programID, at, who); err == nil {
					credited += st.Credited
					text := w.bytes(at, who)
					if before, known := frozen[at+who]; known && !slices.Equal(before, text) {
						t.Errorf("the statement of %s for %s has changed", at, who)
					}
					frozen[at+who] = text
				}
			}
		}
		if owed != credited {
			t.Errorf("%s: the ledger owes %d, the statements come to %d", period, owed, credited)
		}
	}
	// One more settlement without changes meanwhile: the ledger is what the engine says.
	w.now = time.Date(2026, 6, 3, 12, 0, 0, 0, time.UTC)
	w.reckon()
	l.rate = 0
	w.close("2026-05")
	locked = append(locked, "2026-05")
	for _, who := range people {
		want := w.live(who, locked...)
		if who == "mem_sue" {
			want += byHand
		}
		if got := w.owed(who); got != want {
			t.Errorf("%s is owed %d, and the engine says %d", who, got, want)
		}
		causes := map[string]bool{}
		rows, _, err := w.ledger.Rows(t.Context(), organization, who, store.Page{Limit: 1000})
		w.must(err)
		for _, r := range rows {
			if causes[r.Cause.ID] {
				t.Errorf("%s stands twice", r.Cause.ID)
			}
			causes[r.Cause.ID] = true
		}
	}
	if l.failed < 20 {
		t.Errorf("only %d writes failed", l.failed)
	}
}
