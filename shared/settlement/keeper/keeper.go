// Package keeper settles the periods of programs: it freezes statements, has them approved, posts them to the ledger, and says
// what is paid. Whatever it does can be repeated, by any number of workers at once: what is frozen first stands, and the ledger
// takes each cause once.
package keeper

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"leadline/shared/blob"
	"leadline/shared/fault"
	incentives "leadline/shared/incentive/keeper"
	"leadline/shared/ledger/bookkeeper"
	"leadline/shared/program"
	"leadline/shared/settlement"
	"leadline/shared/store"
)

// Keeper settles. All of its fields are required, but for Moved.
type Keeper struct {
	Records     store.Records
	Programs    store.Programs
	Credits     store.Credits
	Settlements store.Settlements
	Payees      store.Payees
	Books       *bookkeeper.Keeper
	// Incentives makes statements again, as they are now.
	Incentives interface {
		Statement(ctx context.Context, p program.Program, participant, period string) (incentives.Statement, error)
		Shown(ctx context.Context, p program.Program) ([]program.Version, error)
	}
	// Documents keeps what is frozen.
	Documents blob.Store
	Queue     Sender
	// Told leads to whoever tells people that a statement is ready; nil: nobody is told.
	Told interface {
		Send(ctx context.Context, group string, body []byte) error
	}
	NewID func() (string, error)
	Now   func() time.Time
	Log   *slog.Logger
	// seen is the Rev that acts expect of the settlement; 0 for whatever it is.
	seen int64
}

// Seen gives a keeper whose acts are done to a settlement of that Rev only: Conflict (store.CodeStale) to any other. So an approval is
// of the figures that were read.
func (k *Keeper) Seen(rev int64) *Keeper {
	bound := *k
	bound.seen = rev
	return &bound
}

// expected holds a settlement to what acts expect.
func (k *Keeper) expected(s settlement.Settlement) error {
	if k.seen != 0 && s.Rev != k.seen {
		return fault.New(fault.Conflict, store.CodeStale, "The settlement has changed since it was read.")
	}
	return nil
}

// Process does what some messages ask for, and gives an error for each that is to come again.
func (k *Keeper) Process(ctx context.Context, bodies [][]byte) []error {
	errs := make([]error, len(bodies))
	for i, body := range bodies {
		m, err := Decode(body)
		if err == nil {
			err = k.take(ctx, m)
		}
		errs[i] = err
	}
	return errs
}

func (k *Keeper) take(ctx context.Context, m Message) error {
	switch m.Kind {
	case Freeze, Post:
		return k.begin(ctx, m)
	case FreezePart, PostPart:
		return k.part(ctx, m)
	case Paid:
		return k.paid(ctx, m)
	}
	return fault.New(fault.Internal, "unknown_message", "settlement: this version does not know messages of the kind %q", m.Kind)
}

// atOnce is how many participants of a part are worked on at once.
const atOnce = 8

// each does something for every item, some at once, and gives the first error.
func each[T any](items []T, do func(i int) error) error {
	errs := make([]error, len(items))
	var wait sync.WaitGroup
	next := make(chan int)
	for range min(atOnce, len(items)) {
		wait.Go(func() {
			for i := range next {
				errs[i] = safely(func() error { return do(i) })
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

// safely turns a panic into an error: one participant that cannot be settled fails the part, not the process.
func safely(do func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fault.New(fault.Internal, "panic", "settlement: %s", fmt.Sprintf("%T", v))
		}
	}()
	return do()
}
