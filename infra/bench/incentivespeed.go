package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"time"
)

// What a company of 10,000 may take on one core, and one participant with 5,000 credits.
const (
	maxCompany      = time.Second
	maxWithFormulas = 5 * time.Second
	maxOne          = 15 * time.Millisecond
)

// millions is how the benchmarks begin that the section speed leaves to incentive-speed, for each takes seconds.
const millions = "BenchmarkMillion"

// reckonings are the benchmarks of the engine that are held against a target. most is 0 where there is none.
func reckonings() []struct {
	what, name string
	most       time.Duration
} {
	return []struct {
		what, name string
		most       time.Duration
	}{
		{"1,000,000 credits of 10,000, four levels of roll-up", "MillionRolledUp/calculate", maxCompany},
		{"1,000,000 credits of 10,000, a hundred each", "Million", maxCompany},
		{"1,000,000 records by a filter and a value, and their credits", "MillionFormulas", maxWithFormulas},
		{"200,000 records by both, and their 1,000,000 credits on five levels", "MillionRolledUp/credit_and_calculate", maxWithFormulas},
		{"5,000 credits of one", "One", maxOne},
	}
}

// incentiveSpeed prints how fast the engine reckons in memory.
func (b *bench) incentiveSpeed(ctx context.Context) error {
	b.out.progress("incentive: the benchmarks of the engine")
	text, err := exec.CommandContext(ctx, "go", "test", "-p=1", "-run=^$", "-bench=^("+millions+".*|BenchmarkOne)$", "-benchmem", "-benchtime=1s", "-cpu=1",
		"./shared/incentive").Output()
	all := parseBenchmarks(text)
	if err != nil || len(all) == 0 {
		return errors.Join(err, errors.New("the benchmarks of the engine do not run"))
	}
	b.printReckonings(all)
	return nil
}

// printReckonings prints the benchmarks of the engine, and holds them against their targets.
func (b *bench) printReckonings(all []result) {
	b.out.title("How fast incentives are reckoned, in memory (one core of this machine)")
	t := table{heading: []string{"what", "processor", "elapsed", "ns each", "MB", "allocations"}}
	for _, one := range reckonings() {
		i := slices.IndexFunc(all, func(r result) bool { return r.folder == "shared/incentive" && r.name == one.name })
		if i < 0 {
			t.add(one.what, "did not run")
			b.targets = append(b.targets, target{what: one.what, want: "<= " + one.most.String(), got: "did not run"})
			continue
		}
		r := all[i]
		took, elapsed := coreTime(r)
		each := ""
		for _, item := range []string{"credit", "record"} {
			if n := r.values["ns/"+item]; n > 0 { // of the elapsed time
				each = fmt.Sprintf("%s a %s", digits(n*float64(took)/float64(elapsed)), item)
			}
		}
		t.add(one.what, short(took), short(elapsed), each, digits(r.values["B/op"]/1e6), quantity(r.values["allocs/op"]))
		b.targets = append(b.targets, target{what: one.what, want: "<= " + short(one.most), got: short(took), met: took <= one.most})
	}
	b.out.table(t)
	b.out.note("Credits are counted as they are stored: those of who sold and of each who leads. On five levels, each of 200,000 deals is credited to who won it",
		"and to the four above; the one at the top has 200,000 of the credits. Four marginal tiers, one period. Held against the target is the processor",
		"time of one core, with what the collector takes; where it is not told apart, the elapsed time.")
}

// coreTime gives the processor time of a benchmark, where it tells it apart, and the elapsed time.
func coreTime(r result) (took, elapsed time.Duration) {
	elapsed = time.Duration(r.values["ns/op"])
	if cpu := r.values["cpu-ns/op"]; cpu > 0 {
		return time.Duration(cpu), elapsed
	}
	return elapsed, elapsed
}

// short writes a time with three digits that matter.
func short(d time.Duration) string {
	if d < time.Second {
		return digits(float64(d)/float64(time.Millisecond)) + " ms"
	}
	return digits(d.Seconds()) + " s"
}
