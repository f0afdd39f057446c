package main

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"

	"leadline/infra/local/lambda"
)

// maxZip is the most that a function's zip may have.
const maxZip = 4_000_000

// coldStarts is how often each function is started.
const coldStarts = 5

// sizes prints how large each function's zip is and how long it takes to start.
func (b *bench) sizes(ctx context.Context) error {
	b.out.progress("zip: building the functions for AWS")
	if text, err := exec.CommandContext(ctx, "make", "--no-print-directory", "build-arm64").CombinedOutput(); err != nil {
		return fmt.Errorf("make build-arm64: %w\n%s", err, text)
	}
	t := table{heading: []string{"function", "binary", "zip", "start, least", "start, median"}}
	largest, size := "", 0
	for _, name := range sortedKeys(b.lab.functions) {
		binary, err := os.ReadFile(filepath.Join(b.arm64, name, "bootstrap"))
		if err != nil {
			return err
		}
		zipped, err := zipSize(binary)
		if err != nil {
			return err
		}
		if zipped > size {
			largest, size = name, zipped
		}
		b.out.progress("zip: starting %s %d times", name, coldStarts)
		starts, err := b.starts(ctx, name)
		if err != nil {
			return err
		}
		milliseconds := func(d time.Duration) string { return fmt.Sprintf("%.1f ms", float64(d.Microseconds())/1000) }
		t.add(name, megabytes(len(binary)), megabytes(zipped), milliseconds(starts[0]), milliseconds(starts[len(starts)/2]))
	}
	b.out.title("Size and start of each function")
	b.out.table(t)
	b.out.note("The zip is of the binary for linux/arm64; the start is that of the binary for this machine, from the first invocation's arrival until it is answered,",
		fmt.Sprintf("less what a later one takes, %d times each. AWS adds the fetching of the code and the start of its sandbox.", coldStarts))
	b.targets = append(b.targets, target{what: "the largest zip (" + largest + ")", want: "< " + megabytes(maxZip), got: megabytes(size), met: size < maxZip})
	return nil
}

func megabytes(n int) string { return fmt.Sprintf("%.2f MB", float64(n)/1e6) }

// zipSize packs a binary as it is uploaded: as hard as the CDK does.
func zipSize(binary []byte) (int, error) {
	var packed bytes.Buffer
	z := zip.NewWriter(&packed)
	z.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) { return flate.NewWriter(w, flate.BestCompression) })
	w, err := z.CreateHeader(&zip.FileHeader{Name: "bootstrap", Method: zip.Deflate})
	if err != nil {
		return 0, err
	}
	if _, err := io.Copy(w, bytes.NewReader(binary)); err != nil {
		return 0, err
	}
	if err := z.Close(); err != nil {
		return 0, err
	}
	return packed.Len(), nil
}

// starts starts a function some times and gives how long each took, sorted.
func (b *bench) starts(ctx context.Context, name string) ([]time.Duration, error) {
	event, err := nothingToDo(name)
	if err != nil {
		return nil, err
	}
	var all []time.Duration
	for range coldStarts {
		if _, err := b.lab.stopFunctions(); err != nil {
			return nil, err
		}
		cold, err := b.timed(ctx, name, event)
		if err != nil {
			return nil, err
		}
		warm, err := b.timed(ctx, name, event)
		if err != nil {
			return nil, err
		}
		all = append(all, max(0, cold-warm))
	}
	slices.Sort(all)
	return all, nil
}

func (b *bench) timed(ctx context.Context, name string, event []byte) (time.Duration, error) {
	start := time.Now()
	_, err := b.lab.Invoke(ctx, name, lambda.Invocation{Payload: event})
	return time.Since(start), err
}

// nothingToDo gives an event with which a function has next to nothing to do.
func nothingToDo(name string) ([]byte, error) {
	switch name {
	case "api":
		return os.ReadFile("events/api/get-health.json")
	case "receive":
		return []byte(`{"version":"2.0","routeKey":"POST /v1/push","rawPath":"/v1/push","headers":{},"body":"{}"}`), nil
	case "schedule", "sweep":
		return []byte(`{}`), nil
	}
	return []byte(`{"Records":[]}`), nil
}
