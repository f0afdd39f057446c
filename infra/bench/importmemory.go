package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"leadline/infra/local/dynamodb"
)

const (
	// few is the number of records that the memory at many is compared with.
	few = 10_000
	// maxMemory is how much more of it there may be at many.
	maxMemory = 1.2
	// absent is how many records the provider has lost when both sides are compared.
	absent = 5
)

// footprint is the memory that fetch took.
type footprint struct {
	// imported is the most up to the end of the import, most that up to the end of the comparison.
	imported, most int64
	took           time.Duration
}

// measureMemory imports n records and compares both sides, in one process of fetch.
func (b *bench) measureMemory(ctx context.Context, n int, folder string) (m footprint, err error) {
	if _, err := b.lab.stopFunctions(); err != nil {
		return m, err
	}
	v, err := newVault(b.lab.tables["Records"], filepath.Join(folder, strconv.Itoa(n)), dynamodb.NewProxy(b.lab.server.Endpoint, nil))
	if err != nil {
		return m, err
	}
	defer func() { err = errors.Join(err, v.file.Close(), os.Remove(v.file.Name())) }()
	at, err := b.lab.serve(v)
	if err != nil {
		return m, err
	}
	const variable = "AWS_ENDPOINT_URL_DYNAMODB"
	before := b.lab.environment[variable]
	b.lab.environment[variable] = at
	defer func() {
		b.lab.environment[variable] = before
		_, stopped := b.lab.stopFunctions()
		err = errors.Join(err, stopped)
	}()
	provider, err := newLeads(n)
	if err != nil {
		return m, err
	}
	base, err := b.lab.serve(provider)
	if err != nil {
		return m, err
	}
	r, err := b.lab.connect(ctx, b.options, fmt.Sprintf("with %d", n), base+"/api/v1")
	if err != nil {
		return m, err
	}
	if _, err := b.lab.stopFunctions(); err != nil { // what looks after connections is not measured here
		return m, err
	}
	begin := time.Now()
	sample := func() {
		if most, failed := peak(b.lab.functions["fetch"].Binary); failed == nil {
			m.most = max(m.most, most)
		}
	}
	state, err := b.lab.read(ctx, r, "imports", []string{"lead"}, sample)
	if err != nil {
		return m, err
	}
	if state.Progress.Counts.Missing != int64(n) {
		return m, fmt.Errorf("%d records were imported, want %d", state.Progress.Counts.Missing, n)
	}
	m.imported, provider.gone = m.most, absent
	state, err = b.lab.read(ctx, r, "reconciliations", []string{"lead"}, sample)
	if c := state.Progress.Counts; err == nil && (c.Deleted != absent || c.Unchanged != int64(n-absent)) {
		err = fmt.Errorf("the comparison found %d unchanged and %d deleted, want %d and %d", c.Unchanged, c.Deleted, n-absent, absent)
	}
	if err == nil && m.most == 0 {
		err = errors.New("no process of fetch was found")
	}
	m.took = time.Since(begin)
	return m, err
}

// peak is the most memory that the child process of a binary has held, in bytes: VmHWM of proc(5).
func peak(binary string) (int64, error) {
	all, err := filepath.Glob("/proc/[0-9]*/exe")
	if err != nil {
		return 0, err
	}
	for _, link := range all {
		if to, err := os.Readlink(link); err != nil || to != binary {
			continue
		}
		text, err := os.ReadFile(filepath.Join(filepath.Dir(link), "status"))
		if err != nil {
			continue
		}
		values := map[string]int64{}
		for line := range strings.Lines(string(text)) {
			var n int64
			name, value, _ := strings.Cut(line, ":")
			if _, err := fmt.Fscan(strings.NewReader(value), &n); err == nil {
				values[name] = n
			}
		}
		if values["PPid"] == int64(os.Getpid()) {
			return values["VmHWM"] << 10, nil
		}
	}
	return 0, io.EOF
}

// importMemory prints how much memory fetch takes.
func (b *bench) importMemory(ctx context.Context) (err error) {
	folder, err := os.MkdirTemp("", "leadline-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	var all []footprint
	t := table{heading: []string{"records of one object", "at the import", "at most", "minutes"}}
	for _, n := range []int{few, b.many} {
		b.out.progress("import: the memory of fetch at %d records", n)
		m, err := b.measureMemory(ctx, n, folder)
		if err != nil {
			return err
		}
		all = append(all, m)
		t.add(strconv.Itoa(n), megabytes(int(m.imported)), megabytes(int(m.most)), fmt.Sprintf("%.1f", m.took.Minutes()))
	}
	b.out.title("The memory of fetch")
	b.out.table(t)
	b.out.note("The most that the process of the real function held (VmHWM), a new process for each number: an import of one object, and a reconciliation that",
		fmt.Sprintf("finds all but %d of them unchanged, and those gone. Its table of records is one that keeps them in a file; the rest are the emulators.", absent))
	times := float64(all[1].most) / float64(all[0].most)
	b.targets = append(b.targets, target{what: fmt.Sprintf("the memory of fetch at %d records, by that at %d", b.many, few),
		want: fmt.Sprintf("<= %.1f", maxMemory), got: fmt.Sprintf("%.2f", times), met: times <= maxMemory})
	return nil
}
