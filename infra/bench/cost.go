package main

import (
	"context"
	"fmt"
	"time"

	"leadline/infra/local/eventsource"
)

// workload is a line of the price table.
type workload struct {
	name string
	// unit is what is counted: event or row.
	unit string
	// units of them are measured; the price is scaled to a million.
	units int
	// warm brings the functions and the data to where they are in the midst of work. It is not counted.
	warm func(ctx context.Context) error
	// run is what is measured.
	run func(ctx context.Context) error
	// track tells that the events also go to a destination.
	track bool
}

// priced is a workload with its bill.
type priced struct {
	workload
	bill *bill
}

// bench is one run.
type bench struct {
	options
	out      *output
	prices   prices
	lab      *lab
	position *eventsource.Checkpoints
	// made is how many events were made so far: each is newer than those before.
	made    int
	targets []target
}

// measure does a workload twice, the first time without what is measured: the difference is the processor time of that.
func (b *bench) measure(ctx context.Context, w workload) (priced, error) {
	fail := func(err error) (priced, error) { return priced{}, fmt.Errorf("%s: %w", w.name, err) }
	if err := w.warm(ctx); err != nil {
		return fail(err)
	}
	if err := b.settle(ctx, w.track); err != nil {
		return fail(err)
	}
	idle, err := b.lab.stopFunctions()
	if err != nil {
		return fail(err)
	}
	if err := w.warm(ctx); err != nil {
		return fail(err)
	}
	if err := b.settle(ctx, w.track); err != nil {
		return fail(err)
	}
	counted := newBill()
	counted.units = w.units
	b.lab.ledger.count(counted)
	err = w.run(ctx)
	if err == nil {
		err = b.settle(ctx, w.track)
	}
	time.Sleep(50 * time.Millisecond) // what the functions wrote last is still in its pipe
	b.lab.ledger.count(nil)
	if err != nil {
		return fail(err)
	}
	busy, err := b.lab.stopFunctions()
	if err != nil {
		return fail(err)
	}
	memory := map[string]int{}
	for name, f := range b.lab.functions {
		memory[name] = f.MemoryMB
		if done, ok := counted.work[name]; ok {
			done.cpu = max(0, busy[name]-idle[name])
		}
	}
	counted.settle(memory)
	return priced{w, counted}, nil
}

// settle lets all that follows from stored records happen.
func (b *bench) settle(ctx context.Context, track bool) error {
	if err := b.lab.relay(ctx, b.position); err != nil {
		return err
	}
	if !track {
		return nil
	}
	return b.lab.consume(ctx, deliverQueue, "deliver", 10)
}

// inbox posts by a function and has ingest work on what came, in batches of a size.
func (b *bench) inbox(ctx context.Context, size int, posted func() error) error {
	if err := posted(); err != nil {
		return err
	}
	return b.lab.consume(ctx, inboxQueue, "ingest", size)
}

// amongst is how many opportunities the events of the seed are about.
const amongst = 100

// seedEvents are the events of the seed, with ingest batches of a size.
func (b *bench) seedEvents(name string, c *customer, size, n int, track bool) workload {
	some := func(ctx context.Context, n int) error {
		bodies, err := opportunities(b.made, n, amongst)
		b.made += n
		if err != nil {
			return err
		}
		return b.inbox(ctx, size, func() error { return b.lab.hook(ctx, c, bodies...) })
	}
	return workload{name: name, unit: "event", units: n, track: track,
		warm: func(ctx context.Context) error { return some(ctx, amongst) },
		run:  func(ctx context.Context) error { return some(ctx, n) },
	}
}

// clientRows are pushes of so many rows each, with ingest batches of a size; all of them create, or all update.
func (b *bench) clientRows(name, objectName string, c *customer, rows, pushes, size int, body func(c *customer, object string, first, n int) []byte, prepare bool) workload {
	const warmUp = 10
	warmed := 0
	some := func(ctx context.Context, from, pushes int, body func(c *customer, object string, first, n int) []byte) error {
		return b.inbox(ctx, size, func() error {
			for i := range pushes {
				if err := b.lab.push(ctx, body(c, objectName, from+i*rows, rows)); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return workload{name: name, unit: "row", units: rows * pushes,
		warm: func(ctx context.Context) error {
			// The rows to update are there before; those that warm up lie behind them.
			if prepare && warmed == 0 {
				if err := some(ctx, 0, pushes, creates); err != nil {
					return err
				}
			}
			warmed++
			return some(ctx, 1_000_000*warmed, max(1, warmUp/rows), body)
		},
		run: func(ctx context.Context) error { return some(ctx, 0, pushes, body) },
	}
}

// mixedEvents are events of all kinds.
func (b *bench) mixedEvents(c *customer, size, n int) workload {
	next := 100_000 // behind the opportunities of the other lines
	some := func(ctx context.Context, n int) error {
		bodies, err := mixed(next, n)
		next += n
		if err != nil {
			return err
		}
		return b.inbox(ctx, size, func() error { return b.lab.hook(ctx, c, bodies...) })
	}
	return workload{name: fmt.Sprintf("mixed corpus, batches of %d", size), unit: "event", units: n,
		warm: func(ctx context.Context) error { return some(ctx, 20) },
		run:  func(ctx context.Context) error { return some(ctx, n) },
	}
}

// workloads lists the lines, those with a destination last.
func (b *bench) workloads(quiet, loud *customer) []workload {
	all := []workload{
		b.seedEvents("Close opportunity, batches of 1", quiet, 1, 100, false),
		b.seedEvents("Close opportunity, batches of 10", quiet, 10, 500, false),
		b.seedEvents("Close opportunity, batches of 100", quiet, 100, 500, false),
		b.mixedEvents(quiet, 10, 200),
	}
	for _, one := range []struct {
		name               string
		rows, pushes, size int
	}{
		{"alone", 1, 200, 10}, {"by 10", 10, 40, 10}, {"by 100", 100, 10, 1}, {"by 1,000", 1000, 2, 1},
	} {
		object := fmt.Sprintf("orders by %d", one.rows)
		all = append(all, b.clientRows("client rows "+one.name+", create", object, quiet, one.rows, one.pushes, one.size, creates, false),
			b.clientRows("client rows "+one.name+", update", object, quiet, one.rows, one.pushes, one.size, updates, false))
	}
	return append(all, b.seedEvents("track stream, batches of 10", loud, 10, 200, true))
}

// cost prints what a million of each costs.
func (b *bench) cost(ctx context.Context) error {
	quiet, err := b.lab.found(ctx, b.options, "quiet", false)
	if err != nil {
		return err
	}
	loud, err := b.lab.found(ctx, b.options, "loud", true)
	if err != nil {
		return err
	}
	if b.position, err = eventsource.OpenCheckpoints(""); err != nil {
		return err
	}
	var lines []priced
	for _, w := range b.workloads(quiet, loud) {
		b.out.progress("cost: %s", w.name)
		line, err := b.measure(ctx, w)
		if err != nil {
			return err
		}
		lines = append(lines, line)
	}
	b.printCost(lines)
	return nil
}
