// Package lambdatest gives tests a real Lambda function that does what its event tells it to: it echoes, fails, crashes,
// sleeps, fails single items.
package lambdatest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"leadline/infra/local/lambda"
	"leadline/infra/local/process"
)

// Build builds the function into dir, as it would be for Lambda, and gives the path of its binary. A TestMain calls it.
func Build(dir string) (string, error) {
	binary := filepath.Join(dir, "probe", "bootstrap")
	cmd := exec.Command("go", "build", "-tags", "lambda.norpc", "-o", binary, "leadline/infra/local/lambda/lambdatest/testdata/probe")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("lambdatest: build the probe: %w\n%s", err, out)
	}
	return binary, nil
}

// Main builds the function, runs the tests of a package and removes the function. A TestMain ends with it.
func Main(m *testing.M, binary *string) {
	os.Exit(run(m, binary))
}

func run(m *testing.M, binary *string) int {
	dir, err := os.MkdirTemp("", "lambdatest-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	if *binary, err = Build(dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

// Host starts a host with functions, which end with the test. Options get what they need besides what is set.
func Host(t testing.TB, opts lambda.Options, functions ...lambda.Function) *lambda.Host {
	t.Helper()
	if opts.Processes == nil {
		opts.Processes = process.NewStarter()
		t.Cleanup(opts.Processes.Close)
	}
	opts.Region, opts.AccountID = "us-east-1", "000000000000"
	h, err := lambda.NewHost(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.Close(); err != nil {
			t.Error(err)
		}
	})
	for _, f := range functions {
		if err := h.Add(f); err != nil {
			t.Fatal(err)
		}
	}
	return h
}
