package spectest_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"leadline/infra/sandbox/spec"
	"leadline/infra/sandbox/spec/spectest"
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

func (r *recorder) Fatal(args ...any) {
	r.failed = fmt.Sprint(args...)
	runtime.Goexit()
}

func open(t *testing.T) *recorder {
	r, done := &recorder{TB: t}, make(chan struct{})
	go func() {
		defer close(done)
		spectest.Open(r)
	}()
	<-done
	return r
}

func TestWithoutFilesATestSaysSo(t *testing.T) {
	t.Setenv(spec.EnvDir, t.TempDir())
	t.Setenv(spectest.EnvRequired, "")
	if r := open(t); !strings.HasPrefix(r.skipped, "provider specs: not run: ") || r.failed != "" {
		t.Errorf("%+v", r)
	}
	t.Setenv(spectest.EnvRequired, "1")
	if r := open(t); r.failed == "" || r.skipped != "" {
		t.Errorf("%+v", r)
	}
}
