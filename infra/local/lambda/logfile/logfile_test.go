package logfile_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"leadline/infra/local/lambda/logfile"
)

func TestRotation(t *testing.T) {
	path := filepath.Join(t.TempDir(), "logs", "f.log")
	f, err := logfile.Open(path, 10, 2)
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"aaaa\n", "bbbb\n", "cccc\n", "dddddddddddddddddddd\n", "eeee\n"} {
		if _, err := f.Write([]byte(line)); err != nil {
			t.Fatal(err)
		}
	}
	want(t, path, "eeee\n")
	want(t, path+".1", "dddddddddddddddddddd\n")
	want(t, path+".2", "cccc\n")
	if _, err := os.Stat(path + ".3"); err == nil {
		t.Error("an old file was kept beyond the limit")
	}

	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write([]byte("x")); err == nil {
		t.Error("a closed file took a write")
	}
	again, err := logfile.Open(path, 10, 2)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := again.Write([]byte("ffff\n")); err != nil {
		t.Fatal(err)
	}
	want(t, path, "eeee\nffff\n")
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
}

func TestKeepNone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f.log")
	f, err := logfile.Open(path, 4, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"aaaa", "bbbb"} {
		if _, err := f.Write([]byte(line)); err != nil {
			t.Fatal(err)
		}
	}
	want(t, path, "bbbb")
}

func TestConcurrentWritesStayWhole(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f.log")
	f, err := logfile.Open(path, 200, 1000)
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for j := range 50 {
				if _, err := fmt.Fprintf(f, "line %d %d\n", i, j); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	seen := map[string]bool{}
	files, err := filepath.Glob(path + "*")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(data)) {
			seen[line] = true
		}
	}
	for i := range 8 {
		for j := range 50 {
			if !seen[fmt.Sprintf("line %d %d\n", i, j)] {
				t.Fatalf("line %d %d is lost", i, j)
			}
		}
	}
}

func want(t *testing.T, path, content string) {
	t.Helper()
	got, err := os.ReadFile(path)
	if err != nil || string(got) != content {
		t.Errorf("%s: got %q, %v; want %q", filepath.Base(path), got, err, content)
	}
}
