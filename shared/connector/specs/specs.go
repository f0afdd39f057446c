// Package specs finds the providers' own specifications and recorded payloads for tests. They may not be redistributed,
// so they lie outside the repository, and a test that wants them says when it could not run.
package specs

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// The environment variables that are read.
const (
	// EnvDir names the folder with one folder per provider. Unset, it is ../shared/specs beside the repository.
	EnvDir = "LEADLINE_SPECS"
	// EnvRequired set to 1 makes a test fail, not skip, where the folder is missing.
	EnvRequired = "LEADLINE_REQUIRE_SPECS"
)

// Dir gives the folder of a provider. Where it is missing, the test is skipped with one line that says so.
func Dir(tb testing.TB, provider string) string {
	tb.Helper()
	dir, err := locate(provider)
	if err == nil {
		return dir
	}
	if os.Getenv(EnvRequired) == "1" {
		tb.Fatalf("provider specs: %s demands them: %v", EnvRequired, err)
	}
	tb.Skipf("provider specs: not run: %v (%s names their folder)", err, EnvDir)
	return ""
}

func locate(provider string) (string, error) {
	base := os.Getenv(EnvDir)
	if base == "" {
		root, err := moduleRoot()
		if err != nil {
			return "", err
		}
		base = filepath.Join(root, "..", "shared", "specs")
	}
	dir := filepath.Join(base, provider)
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return "", errors.New("there is no folder " + dir)
	}
	return dir, nil
}

// moduleRoot walks up from the working directory, which in a test is its package's.
func moduleRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		} else if !errors.Is(err, fs.ErrNotExist) {
			return "", err
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", errors.New("no go.mod above the working directory")
		}
		dir = parent
	}
}
