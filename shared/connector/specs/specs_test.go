package specs_test

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"leadline/shared/connector/specs"
)

// recorder notes how a test ended instead of ending one.
type recorder struct {
	testing.TB
	skipped, failed string
}

func (r *recorder) Helper() {}

func (r *recorder) Skipf(format string, args ...any) {
	r.skipped = fmt.Sprintf(format, args...)
	runtime.Goexit()
}

func (r *recorder) Fatalf(format string, args ...any) {
	r.failed = fmt.Sprintf(format, args...)
	runtime.Goexit()
}

func dir(t *testing.T, provider string) (string, *recorder) {
	t.Helper()
	r, got, done := &recorder{TB: t}, "", make(chan struct{})
	go func() {
		defer close(done)
		got = specs.Dir(r, provider)
	}()
	<-done
	return got, r
}

func TestDir(t *testing.T) {
	base := t.TempDir()
	want := filepath.Join(base, "close")
	if err := os.Mkdir(want, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv(specs.EnvDir, base)
	t.Setenv(specs.EnvRequired, "")
	if got, r := dir(t, "close"); got != want || r.skipped != "" || r.failed != "" {
		t.Fatalf("got %q, %+v", got, r)
	}
	if got, r := dir(t, "hubspot"); got != "" || !strings.HasPrefix(r.skipped, "provider specs: not run: ") || strings.Contains(r.skipped, "\n") {
		t.Fatalf("want one line that says that the test did not run, got %q, %+v", got, r)
	}
	t.Setenv(specs.EnvRequired, "1")
	if got, r := dir(t, "hubspot"); got != "" || r.failed == "" || r.skipped != "" {
		t.Fatalf("want a failure, got %q, %+v", got, r)
	}
}

func TestDirLiesBesideTheRepositoryByDefault(t *testing.T) {
	root := t.TempDir()
	deep, want := filepath.Join(root, "repo", "a", "b"), filepath.Join(root, "shared", "specs", "close")
	for _, d := range []string{deep, want} {
		if err := os.MkdirAll(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(root, "repo", "go.mod"), []byte("module x\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	t.Setenv(specs.EnvDir, "")
	t.Setenv(specs.EnvRequired, "")
	t.Chdir(deep)
	if got, r := dir(t, "close"); got != want {
		t.Fatalf("got %q, want %q, %+v", got, want, r)
	}
	t.Chdir(root)
	if got, r := dir(t, "close"); got != "" || r.skipped == "" {
		t.Fatalf("want a skip outside of any repository, got %q, %+v", got, r)
	}
}
