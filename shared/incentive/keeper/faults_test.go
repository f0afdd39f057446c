package keeper_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"leadline/shared/fault"
	"leadline/shared/incentive"
	"leadline/shared/incentive/keeper"
	"leadline/shared/program"
	"leadline/shared/record"
	"leadline/shared/store"
)

// embedded has another name than the method Credits.
type embedded = interface{ store.Credits }

// flaky is a store that fails now and then: before it does what it is asked for, or behind it.
type flaky struct {
	embedded
	mu     sync.Mutex
	random *rand.Rand
	one    int // of so many calls, two fail
}

func (f *flaky) fails() (before, behind error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	down := fault.New(fault.Unavailable, "down", "the store does not answer")
	switch f.random.IntN(f.one) {
	case 0:
		return down, nil
	case 1:
		return nil, down
	}
	return nil, nil
}

func (f *flaky) SaveFootprint(ctx context.Context, n, before incentive.Footprint, put []incentive.Credit, remove []incentive.CreditRef) error {
	first, then := f.fails()
	if first != nil {
		return first
	}
	if err := f.embedded.SaveFootprint(ctx, n, before, put, remove); err != nil {
		return err
	}
	return then
}

func (f *flaky) SaveStanding(ctx context.Context, s incentive.Standing) (bool, error) {
	first, then := f.fails()
	if first != nil {
		return false, first
	}
	saved, err := f.embedded.SaveStanding(ctx, s)
	if err == nil {
		err = then
	}
	return saved, err
}

func (f *flaky) Touch(ctx context.Context, u incentive.Unit) (int64, error) {
	first, then := f.fails()
	if first != nil {
		return 0, first
	}
	generation, err := f.embedded.Touch(ctx, u)
	if err == nil {
		err = then
	}
	return generation, err
}

func (f *flaky) Ordered(ctx context.Context, organization, edition string, key record.Key, rev int64) error {
	first, then := f.fails()
	if first != nil {
		return first
	}
	if err := f.embedded.Ordered(ctx, organization, edition, key, rev); err != nil {
		return err
	}
	return then
}

// rush has several workers take what is in the queue, all at once, until it is empty; what fails comes again.
func (w *world) rush(workers []*keeper.Keeper) {
	w.t.Helper()
	for range 10_000 {
		w.mu.Lock()
		ready := w.queue
		w.queue = nil
		w.mu.Unlock()
		if len(ready) == 0 {
			return
		}
		var wait sync.WaitGroup
		for i, k := range workers {
			wait.Go(func() {
				for n := i; n < len(ready); n += len(workers) {
					m, err := keeper.Decode(ready[n].body)
					if err == nil {
						err = k.Process(w.t.Context(), []keeper.Message{m})[0]
					}
					if err != nil {
						_ = w.Send(w.t.Context(), "", ready[n].body)
					}
				}
			})
		}
		wait.Wait()
		w.now = w.now.Add(100 * time.Millisecond)
	}
	w.t.Fatal("it does not settle")
}

// carrying gives programs of which a period depends on those before it, or on others' standings.
func carrying(kind uint64) func(*program.Definition) {
	return func(d *program.Definition) {
		switch c := &d.Components[0]; kind % 4 {
		case 1:
			d.Limits = []program.Limit{{Kind: program.LimitDraw, Size: program.Size{Amount: ref("100")}, Draw: &program.Draw{Recoverable: true}}}
		case 2:
			d.Standing = &program.Standing{By: program.By{Component: "deals"}, Prizes: []program.Prize{{From: 1, Award: program.Award{Amount: ref("50")}}}}
		case 3:
			c.Adjust = []program.Adjustment{{Kind: program.Cap, Size: program.Size{Amount: ref("120")}, Excess: program.CarriedOver}}
		}
	}
}

// TestManyWorkersAndFaults: with eight workers at once, over a store that fails before and behind its writes, what stands in
// the end is what a full run gives.
func TestManyWorkersAndFaults(t *testing.T) {
	for seed := range uint64(6) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 9))
			w := team(t, carrying(seed))
			w.queue = nil // what looks after the program is not needed here
			var workers []*keeper.Keeper
			for i := range 8 {
				k := w.another()
				k.Credits = &flaky{embedded: w.credits, random: rand.New(rand.NewPCG(seed, uint64(i))), one: 12}
				workers = append(workers, k)
			}
			for range 30 {
				for range 1 + random.IntN(8) {
					w.anyDeal(random, []string{lea, joe, sue})
				}
				w.rush(workers)
			}
			incremental := w.everything()
			w.rebuild()
			full := w.everything()
			for key := range incremental {
				if _, there := full[key]; !there {
					full[key] = incremental[key]
				}
			}
			if diff := cmp.Diff(full, incremental); diff != "" {
				t.Errorf("(-full +incremental):\n%s", diff)
			}
		})
	}
}

// programsOf has another name than the method Programs.
type programsOf = interface{ store.Programs }

// listing counts how often programs are looked up.
type listing struct {
	programsOf
	listed int
}

func (l *listing) Programs(ctx context.Context, organization string, page store.Page) ([]program.Program, string, error) {
	l.listed++
	return l.programsOf.Programs(ctx, organization, page)
}

// TestAnOrganizationWithoutPrograms costs one lookup in two seconds, and nothing else.
func TestAnOrganizationWithoutPrograms(t *testing.T) {
	w := newWorld(t)
	count := &listing{programsOf: w.programs}
	w.keeper = &keeper.Keeper{Programs: count, Known: &keeper.Memory{}, Now: w.clock} // it has no other store to ask
	for range 5 {
		m := keeper.Message{Kind: keeper.Changed, Organization: organization, Records: []record.Key{dealKey("deal_00")}}
		w.must(w.keeper.Process(t.Context(), []keeper.Message{m})[0])
	}
	if count.listed != 1 {
		t.Errorf("%d lookups", count.listed)
	}
}
