// Package keeper does the long work of batches of payments: it collects what is owed into them, posts their release, gives back what
// a cancelled one held, books what banks send back, and makes the bank file.
//
// Everything that it does can be repeated, and any number of workers may do it at once. Who is in a part of the work is planned
// once and what a part came to is decided once, each by one conditional write; money moves by postings of which the ledger takes
// each cause once. So a payment is in a batch only if the ledger holds it for the batch and the part's outcome names it: whoever
// took something behind that gives it back.
package keeper

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"leadline/shared/blob"
	"leadline/shared/calendar"
	"leadline/shared/fault"
	"leadline/shared/ledger/bookkeeper"
	"leadline/shared/payout"
	"leadline/shared/secret"
	"leadline/shared/store"
)

// Keeper does what messages ask for. All of its fields are required, but for Paid.
type Keeper struct {
	Payouts store.Payouts
	Payees  store.Payees
	Ledger  store.Ledger
	Books   *bookkeeper.Keeper
	// Documents keeps what payments were taken as, under payouts/<organization>/<hash>.
	Documents blob.Store
	// Box opens an organization's data key, with which bank details are sealed.
	Box   func(ctx context.Context, organization string) (secret.Box, error)
	Queue Sender
	// Paid is told that a batch of an organization was released: what waited for it may be paid now. It may be told again. Nil:
	// nobody is told.
	Paid Paid
	Now  func() time.Time
	Log  *slog.Logger
}

// Paid looks after what becomes paid by a released batch.
type Paid interface {
	Paid(ctx context.Context, organization string) error
}

const (
	// partPeople is how many participants a part has at least, if there are as many.
	partPeople = 100
	// partsAtOnce is how many parts are planned by one message, so that others get a turn.
	partsAtOnce = 20
	// atOnce is how many participants of a part are worked on at once.
	atOnce = 8
	// lookAfter is after how long it is seen whether all parts are done.
	lookAfter = 2 * time.Second
	// stuckAfter is after how long without a part that is done the work is stuck. It is longer than a message is tried for.
	stuckAfter = 30 * time.Minute
	// reserve is the time that an invocation leaves unused: enough for the participants that it is on.
	reserve = 8 * time.Second
	// tries bounds how often a batch is saved that others change meanwhile.
	tries = 50
)

// late tells whether too little time is left to begin something else.
func late(ctx context.Context) bool {
	deadline, limited := ctx.Deadline()
	return limited && time.Until(deadline) < reserve
}

// Process does what some messages ask for, and gives an error for each that is to come again.
func (k *Keeper) Process(ctx context.Context, messages []Message) []error {
	errs := make([]error, len(messages))
	for i, m := range messages {
		errs[i] = safely(func() error { return k.take(ctx, m) })
	}
	return errs
}

func (k *Keeper) take(ctx context.Context, m Message) error {
	b, err := k.Payouts.PayoutBatch(ctx, m.Organization, m.Batch)
	if err != nil {
		return fmt.Errorf("payout: batch: %w", err)
	}
	switch m.Kind {
	case Work:
		return k.work(ctx, b, m)
	case Part:
		return k.part(ctx, b, m)
	}
	return fault.New(fault.Internal, "unknown_message", "payout: this version does not know messages of the kind %q", m.Kind)
}

// Start has the work that a batch is at begun. It is called behind each act that begins some; once too often does no harm.
func (k *Keeper) Start(ctx context.Context, b payout.Batch) error {
	if b.Work.Kind == "" {
		return nil
	}
	return k.send(ctx, Message{Kind: Work, Organization: b.Organization, Batch: b.ID, Run: b.Work.Kind, Part: 1}, 0)
}

// change saves a batch that change makes of the one that stands, and begins anew when others were faster. change gives false for
// nothing to change.
func (k *Keeper) change(ctx context.Context, b payout.Batch, change func(payout.Batch) (payout.Batch, bool, error)) (payout.Batch, error) {
	for range tries {
		next, wanted, err := change(b)
		if err != nil || !wanted {
			return b, err
		}
		err = k.Payouts.SavePayoutBatch(ctx, next, nil)
		if err == nil {
			return next, nil
		}
		if !fault.Is(err, fault.Conflict) {
			return b, fmt.Errorf("payout: save the batch: %w", err)
		}
		if b, err = k.Payouts.PayoutBatch(ctx, b.Organization, b.ID); err != nil {
			return b, fmt.Errorf("payout: batch: %w", err)
		}
	}
	return b, fault.New(fault.Unavailable, "contended", "Others change the batch again and again.")
}

func (k *Keeper) today() calendar.Date { return calendar.DateOf(k.Now(), time.UTC) }

// each does something for every item, some at once, and gives the first error.
func each[T any](items []T, do func(item T) error) error {
	errs := make([]error, len(items))
	var wait sync.WaitGroup
	next := make(chan int)
	for range min(atOnce, len(items)) {
		wait.Go(func() {
			for i := range next {
				errs[i] = safely(func() error { return do(items[i]) })
			}
		})
	}
	for i := range items {
		next <- i
	}
	close(next)
	wait.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// safely turns a panic into an error, so that one participant cannot end the work on others.
func safely(do func() error) (err error) {
	defer func() {
		if thrown := recover(); thrown != nil { // its text may hold bank details
			err = fault.New(fault.Internal, "panic", "payout: a panic with %T", thrown)
		}
	}()
	return do()
}
