package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// What the functions may take for themselves, and what the track mapping must do.
const (
	maxReceiveMicros = 100
	minMappings      = 10_000
)

// result is what `go test -bench` prints of one benchmark.
type result struct {
	// folder is the package's, from the module's root; name is without "Benchmark".
	folder, name string
	// values by unit: ns/op, B/op, allocs/op, and those of its own, as ns/row.
	values map[string]float64
}

// per gives a value for one item where the benchmark counts several in an operation by a unit of its own ("row").
func (r result) per(unit, item string) float64 {
	value := r.values[unit]
	if each := r.values["ns/"+item]; each > 0 {
		value *= each / r.values["ns/op"]
	}
	return value
}

// parseBenchmarks reads the output of `go test -bench -cpu=1`.
func parseBenchmarks(text []byte) []result {
	var all []result
	folder := ""
	lines := bufio.NewScanner(bytes.NewReader(text))
	for lines.Scan() {
		line := lines.Text()
		if name, ok := strings.CutPrefix(line, "pkg: leadline/"); ok {
			folder = name
			continue
		}
		fields := strings.Fields(line)
		if len(fields) < 4 || !strings.HasPrefix(fields[0], "Benchmark") {
			continue
		}
		r := result{folder: folder, name: strings.TrimPrefix(fields[0], "Benchmark"), values: map[string]float64{}}
		for i := 2; i+1 < len(fields); i += 2 {
			if value, err := strconv.ParseFloat(fields[i], 64); err == nil {
				r.values[fields[i+1]] = value
			}
		}
		all = append(all, r)
	}
	return all
}

// benchmarked lists the packages that have benchmarks.
func benchmarked(root string) ([]string, error) {
	found := map[string]bool{}
	for _, top := range []string{"shared", "functions"} {
		err := filepath.WalkDir(filepath.Join(root, top), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, "_test.go") {
				return err
			}
			text, err := os.ReadFile(path)
			if bytes.Contains(text, []byte("\nfunc Benchmark")) {
				found["./"+filepath.ToSlash(filepath.Dir(path))] = true
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return sortedKeys(found), nil
}

// shown are the benchmarks that the first table shows.
func shown() []struct{ what, folder, name, item string } {
	return []struct{ what, folder, name, item string }{
		{"receive: a webhook", "functions/receive", "Warm", ""},
		{"receive: a push of 1 row", "functions/receive", "Push/rows=1", ""},
		{"receive: a push of 1,000 rows", "functions/receive", "Push/rows=1000", ""},
		{"ingest: an event, in batches of 10", "functions/ingest", "Events", "event"},
		{"ingest: a row, in pushes of 1,000", "functions/ingest", "Rows", "row"},
		{"relay: a change, in batches of 100", "functions/relay", "Relay", "record"},
		{"track mapping: the seed's event", "shared/track", "Map", ""},
	}
}

// speed runs the Go benchmarks and prints what they say.
func (b *bench) speed(ctx context.Context) error {
	packages, err := benchmarked(".")
	if err != nil {
		return err
	}
	b.out.progress("speed: the benchmarks of %d packages", len(packages))
	// One package after the other: they would take the cores from one another.
	args := append([]string{"test", "-p=1", "-run=^$", "-bench=.", "-skip=^" + millions, "-benchmem", "-benchtime=300ms", "-cpu=1"}, packages...)
	text, err := exec.CommandContext(ctx, "go", args...).Output()
	all := parseBenchmarks(text)
	if ctx.Err() != nil || len(all) == 0 {
		return errors.Join(err, ctx.Err(), errors.New("no benchmark ran"))
	}
	if err != nil { // those that ran are worth showing
		b.out.progress("speed: NOT ALL BENCHMARKS RAN: %s", failures(text))
	}
	find := func(folder, name string) (result, bool) {
		i := slices.IndexFunc(all, func(r result) bool { return r.folder == folder && r.name == name })
		if i < 0 {
			return result{}, false
		}
		return all[i], true
	}
	b.out.title("In process, without the network (one core of this machine)")
	t := table{heading: []string{"what", "microseconds", "a second", "bytes", "allocations"}}
	for _, one := range shown() {
		r, ok := find(one.folder, one.name)
		if !ok {
			t.add(one.what, "did not run")
			continue
		}
		ns := r.per("ns/op", one.item)
		t.add(one.what, digits(ns/1000), quantity(1e9/ns), quantity(r.per("B/op", one.item)), quantity(r.per("allocs/op", one.item)))
	}
	b.out.table(t)
	b.out.title("All benchmarks")
	t = table{heading: []string{"package", "benchmark", "microseconds", "bytes", "allocations", "per item"}, left: []int{1}}
	for _, r := range all {
		each := ""
		for _, unit := range sortedKeys(r.values) {
			if item, ok := strings.CutPrefix(unit, "ns/"); ok && item != "op" {
				each = digits(r.values[unit]/1000) + " µs a " + item
			}
		}
		t.add(r.folder, r.name, digits(r.values["ns/op"]/1000), quantity(r.values["B/op"]), quantity(r.values["allocs/op"]), each)
	}
	b.out.table(t)
	for _, name := range []string{"Warm", "Push/rows=1"} {
		r, ok := find("functions/receive", name)
		micros := r.values["ns/op"] / 1000
		b.targets = append(b.targets, target{what: "receive's own share of a " + map[string]string{"Warm": "webhook", "Push/rows=1": "push of 1 row"}[name],
			want: fmt.Sprintf("< %d µs", maxReceiveMicros), got: digits(micros) + " µs", met: ok && micros < maxReceiveMicros})
	}
	r, ok := find("shared/track", "Map")
	a := 1e9 / r.values["ns/op"]
	b.targets = append(b.targets, target{what: "track mappings per second and core", want: fmt.Sprintf(">= %d", minMappings), got: fmt.Sprintf("%.0f", a), met: ok && a >= minMappings})
	return nil
}

// failures names the packages that failed.
func failures(text []byte) string {
	var failed []string
	for line := range strings.Lines(string(text)) {
		if name, ok := strings.CutPrefix(line, "FAIL\t"); ok {
			failed = append(failed, strings.TrimSpace(name))
		}
	}
	return strings.Join(failed, "; ")
}
