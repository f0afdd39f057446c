// Package spectest gives tests the validation against Close's OpenAPI files, and has them say when it could not run.
package spectest

import (
	"os"
	"testing"

	"leadline/infra/sandbox/spec"
)

// EnvRequired set to 1 makes a test fail where the files are missing.
const EnvRequired = "LEADLINE_REQUIRE_SPECS"

// Open gives the validation. Where the files are missing, the test is skipped with one line that says so.
func Open(tb testing.TB) *spec.Checker {
	tb.Helper()
	dir, err := spec.Find("")
	if err != nil {
		if os.Getenv(EnvRequired) == "1" {
			tb.Fatalf("provider specs: %s demands them: %v", EnvRequired, err)
		}
		tb.Skipf("provider specs: not run: %v (%s names their folder)", err, spec.EnvDir)
	}
	c, err := spec.Open(dir)
	if err != nil {
		tb.Fatal(err)
	}
	return c
}
