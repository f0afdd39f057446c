package keeper_test

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"leadline/shared/approval"
	"leadline/shared/blob"
	"leadline/shared/fault"
	"leadline/shared/ledger"
	"leadline/shared/ledger/bookkeeper"
	"leadline/shared/payee"
	"leadline/shared/payout"
	"leadline/shared/payout/keeper"
	"leadline/shared/secret"
	"leadline/shared/secret/secrettest"
	"leadline/shared/store"
	"leadline/shared/store/memory"
	"leadline/shared/tax"
)

const (
	organization = "org_0a1b2c3d4e5f"
	payerID      = "pyr_0a1b2c3d4e5f"
	currency     = "USD"
)

func ann() approval.Actor { return approval.Actor{ID: "per_ann", Admin: true} }
func bob() approval.Actor { return approval.Actor{ID: "per_bob", Admin: true} }

// world is an organization with a payer and people who are owed.
type world struct {
	t         *testing.T
	mu        sync.Mutex // guards the queue and the clock
	now       time.Time
	queue     [][]byte
	told      int
	box       secret.Box
	ledger    *memory.Ledger
	payees    *memory.Payees
	payouts   *memory.Payouts
	documents *blob.Memory
	keeper    *keeper.Keeper
	batches   int
}

func newWorld(t *testing.T) *world {
	t.Helper()
	tenancy := memory.NewTenancy()
	ring := secrettest.NewKeyring(t)
	wrapped, err := ring.NewDataKey(t.Context(), organization)
	if err != nil {
		t.Fatal(err)
	}
	box, err := ring.Open(t.Context(), organization, wrapped)
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, now: time.Date(2026, 3, 20, 12, 0, 0, 0, time.UTC), box: box, ledger: memory.NewLedger(), payees: memory.NewPayees(tenancy),
		payouts: memory.NewPayouts(tenancy), documents: blob.NewMemory()}
	w.keeper = w.over(w.ledger, w.payouts, w.documents, w)
	w.payer(nil)
	return w
}

// over makes a worker over some stores.
func (w *world) over(l store.Ledger, p store.Payouts, d blob.Store, q keeper.Sender) *keeper.Keeper {
	return &keeper.Keeper{Payouts: p, Payees: w.payees, Ledger: l, Books: &bookkeeper.Keeper{Ledger: l, Lists: d, Now: w.clock}, Documents: d,
		Box:   func(context.Context, string) (secret.Box, error) { return w.box, nil },
		Queue: q, Paid: w, Now: w.clock, Log: slog.New(slog.DiscardHandler)}
}

func (w *world) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

// Paid implements keeper.Paid.
func (w *world) Paid(context.Context, string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.told++
	return nil
}

// SendAfter implements keeper.Sender.
func (w *world) SendAfter(_ context.Context, _ string, body []byte, _ time.Duration) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.queue = append(w.queue, body)
	return nil
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// payer stores the payer; change may make it another.
func (w *world) payer(change func(*payee.Payer)) payee.Payer {
	w.t.Helper()
	p, err := w.payees.Payer(w.t.Context(), organization, payerID)
	if err != nil {
		p = payee.Payer{ID: payerID, Organization: organization, Name: "Acme Inc", Country: "US", TaxRules: "us-2026", ConfirmedBy: "per_cfo"}
	}
	if change != nil {
		change(&p)
	}
	p.Rev++
	w.must(w.payees.SavePayer(w.t.Context(), p, nil))
	return p
}

// somebody gives the id of a participant.
func somebody(n int) string { return fmt.Sprintf("mem_%012d", n) }

// profile says how somebody is paid.
func (w *world) profile(id string, change func(*payee.Profile)) {
	w.t.Helper()
	p, err := w.payees.Profile(w.t.Context(), organization, id)
	if err != nil {
		bank := payee.Bank{Holder: "Payee", Country: "US", Account: "123456789", Code: "021000021", Type: "checking"}
		sealed, err := bank.Seal(w.box, organization, id)
		w.must(err)
		p = payee.Profile{Organization: organization, Participant: id, Payer: payerID, LegalName: "Payee " + id[len(id)-3:], Country: "US", Class: tax.Contractor,
			TaxID: []byte("sealed"), Bank: sealed, BankHint: "6789"}
	}
	if change != nil {
		change(&p)
	}
	p.Rev++
	w.must(w.payees.SaveProfile(w.t.Context(), p, nil))
}

// earn has somebody earn, or owe.
func (w *world) earn(id, cause string, amount int64) { w.credit(ledger.Owed, id, cause, amount) }

func (w *world) credit(kind ledger.Kind, id, cause string, amount int64) {
	w.t.Helper()
	account := func(k ledger.Kind) ledger.Account { return ledger.Account{Kind: k, Unit: currency, Payer: payerID} }
	_, err := w.keeper.Books.Post(w.t.Context(), organization, id, func(ledger.Book) ([]ledger.Posting, error) {
		return []ledger.Posting{{Cause: ledger.Cause{Kind: ledger.Manual, ID: cause}, Date: "2026-03-01",
			Legs: []ledger.Leg{{Account: account(ledger.Cost), Amount: -amount}, {Account: account(kind), Amount: amount}}}}, nil
	})
	w.must(err)
}

// people has some people who earn 1,000 and something.
func (w *world) people(n int) {
	for i := range n {
		w.profile(somebody(i), nil)
		w.earn(somebody(i), "earned", 100_000+int64(i))
	}
}

func (w *world) balance(id string, kind ledger.Kind) int64 {
	w.t.Helper()
	b, err := w.ledger.Book(w.t.Context(), organization, id)
	w.must(err)
	return b.Balance(ledger.Account{Kind: kind, Unit: currency, Payer: payerID})
}

// order makes a batch, and has it collected when the queue is worked off.
func (w *world) order(change func(*payout.Batch)) payout.Batch {
	w.t.Helper()
	w.batches++
	b := payout.Batch{ID: fmt.Sprintf("pay_%012d", w.batches), Organization: organization, Payer: payerID, Currency: currency, PayOn: "2026-03-25", Format: payout.NACHA}
	if change != nil {
		change(&b)
	}
	var err error
	b.Source, err = payout.Snapshot{Organization: organization, Batch: b.ID, Owner: b.Payer, Name: "Acme Inc", Country: "US", OriginID: "1234567890", Destination: "021000021",
		Bank: payee.Bank{Holder: "Acme Inc", Country: "US", Account: "987654321", Code: "021000021"}}.Seal(w.box)
	w.must(err)
	b = payout.New(b, ann().ID, w.clock())
	w.must(w.payouts.SavePayoutBatch(w.t.Context(), b, nil))
	w.must(w.keeper.Start(w.t.Context(), b))
	return b
}

// act saves what an act makes of a batch, and has its work done.
func (w *world) act(id string, act func(payout.Batch) (payout.Batch, error)) error {
	w.t.Helper()
	b, err := act(w.batch(id))
	if err != nil {
		return err
	}
	w.must(w.payouts.SavePayoutBatch(w.t.Context(), b, nil))
	w.must(w.keeper.Start(w.t.Context(), b))
	return nil
}

func (w *world) batch(id string) payout.Batch {
	w.t.Helper()
	b, err := w.payouts.PayoutBatch(w.t.Context(), organization, id)
	w.must(err)
	return b
}

func (w *world) approve(id string) {
	w.t.Helper()
	w.must(w.act(id, func(b payout.Batch) (payout.Batch, error) {
		return b.Approve(approval.Policy{}, bob(), "2026-03-21", w.clock())
	}))
}

func (w *world) release(id string) {
	w.t.Helper()
	w.must(w.act(id, func(b payout.Batch) (payout.Batch, error) { return b.Release(bob(), w.clock()) }))
	w.run()
}

func (w *world) cancelled(id string) {
	w.t.Helper()
	w.must(w.act(id, func(b payout.Batch) (payout.Batch, error) { return b.Cancel("A mistake.", w.clock()) }))
	w.run()
}

// run works the queue off.
func (w *world) run() {
	w.t.Helper()
	w.rush([]*keeper.Keeper{w.keeper}, nil)
}

// rush has workers take what is in the queue, all at once, until it is empty; what fails comes again, and now and then what did not.
func (w *world) rush(workers []*keeper.Keeper, twice *rand.Rand) {
	w.t.Helper()
	for range 5_000 {
		w.mu.Lock()
		ready := w.queue
		w.queue, w.now = nil, w.now.Add(time.Second)
		w.mu.Unlock()
		if len(ready) == 0 {
			return
		}
		if twice != nil {
			for _, body := range ready {
				if len(ready) < 30 && twice.IntN(4) == 0 { // not ever more of what sends itself on
					ready = append(ready, body)
				}
			}
		}
		var wait sync.WaitGroup
		for i, k := range workers {
			wait.Go(func() {
				for n := i; n < len(ready); n += len(workers) {
					m, err := keeper.Decode(ready[n])
					if err == nil {
						err = k.Process(w.t.Context(), []keeper.Message{m})[0]
					}
					if err != nil && !fault.Is(err, fault.Unavailable) {
						w.t.Error(err)
					} else if err != nil {
						_ = w.SendAfter(w.t.Context(), "", ready[n], 0)
					}
				}
			})
		}
		wait.Wait()
	}
	w.t.Fatal("it does not end")
}

// payments gives all payments of a batch.
func (w *world) payments(id string) []payout.Payment {
	w.t.Helper()
	all, err := everything(w.t.Context(), func(ctx context.Context, p store.Page) ([]payout.Payment, string, error) {
		return w.payouts.Payments(ctx, organization, id, p)
	})
	w.must(err)
	return all
}

// books gives all books, each with its rows, and checks that each row and so each book balances, and that no cause stands twice.
func (w *world) books() map[string][]ledger.Row {
	w.t.Helper()
	all := map[string][]ledger.Row{}
	books, err := everything(w.t.Context(), func(ctx context.Context, p store.Page) ([]ledger.Book, string, error) {
		return w.ledger.Books(ctx, organization, p)
	})
	w.must(err)
	for _, b := range books {
		rows, err := everything(w.t.Context(), func(ctx context.Context, p store.Page) ([]ledger.Row, string, error) {
			return w.ledger.Rows(ctx, organization, b.Participant, p)
		})
		w.must(err)
		causes := map[string]bool{}
		for _, r := range rows {
			var sum int64
			for _, leg := range r.Legs {
				sum += leg.Amount
			}
			if sum != 0 {
				w.t.Errorf("the row %d of %s is out of balance by %d", r.Number, b.Participant, sum)
			}
			if causes[r.Cause.ID] {
				w.t.Errorf("%s was posted twice to %s", r.Cause.ID, b.Participant)
			}
			causes[r.Cause.ID] = true
		}
		all[b.Participant] = rows
	}
	return all
}

func everything[T any](ctx context.Context, read func(context.Context, store.Page) ([]T, string, error)) (all []T, err error) {
	for item, err := range store.All(ctx, read) {
		if err != nil {
			return nil, err
		}
		all = append(all, item)
	}
	return all, nil
}
