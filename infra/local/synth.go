package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"leadline/infra/local/process"
)

// synthesizer makes the stack's template from the CDK app in infra, once for each state of the app's sources and each
// address that mail comes from.
type synthesizer struct {
	root      string // of the module
	cache     string
	stage     string
	mailFrom  string
	processes *process.Starter
}

// template gives the template, and whether it was in the cache.
func (s synthesizer) template(ctx context.Context) (data []byte, cached bool, err error) {
	key, err := s.key()
	if err != nil {
		return nil, false, err
	}
	path := filepath.Join(s.cache, s.stage+"-"+key+".json")
	if data, err := os.ReadFile(path); err == nil {
		return data, true, nil
	}
	if err := checkNode(ctx); err != nil {
		return nil, false, err
	}
	if err := os.MkdirAll(s.cache, 0o755); err != nil {
		return nil, false, fmt.Errorf("synthesize: %w", err)
	}
	work, err := os.MkdirTemp(s.cache, "work-")
	if err != nil {
		return nil, false, fmt.Errorf("synthesize: %w", err)
	}
	defer os.RemoveAll(work)
	binary := filepath.Join(work, "infra")
	if err := s.run(ctx, "go", "build", "-o", binary, "./infra"); err != nil {
		return nil, false, err
	}
	out := filepath.Join(work, "out")
	if err := s.run(ctx, binary, "--stage", s.stage, "--mail-from", s.mailFrom, "--placeholder", "--out", out); err != nil {
		return nil, false, err
	}
	if data, err = os.ReadFile(filepath.Join(out, "leadline-"+s.stage+".template.json")); err != nil {
		return nil, false, fmt.Errorf("synthesize: %w", err)
	}
	return data, false, s.keep(path, data)
}

// keep puts a template into the cache in place of older ones of the stage.
func (s synthesizer) keep(path string, data []byte) error {
	old, err := filepath.Glob(filepath.Join(s.cache, s.stage+"-*.json"))
	if err != nil {
		return fmt.Errorf("synthesize: %w", err)
	}
	for _, name := range old {
		if err := os.Remove(name); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("synthesize: %w", err)
		}
	}
	return writeFile(path, data, 0o644)
}

// key is the hash of all that the template depends on.
func (s synthesizer) key() (string, error) {
	files, err := filepath.Glob(filepath.Join(s.root, "infra", "*.go"))
	if err != nil {
		return "", fmt.Errorf("synthesize: %w", err)
	}
	files = slices.DeleteFunc(files, func(name string) bool { return strings.HasSuffix(name, "_test.go") })
	for _, name := range []string{"go.mod", "go.sum", "infra/cdk.json", "infra/package-lock.json"} {
		files = append(files, filepath.Join(s.root, filepath.FromSlash(name)))
	}
	h := sha256.New()
	fmt.Fprintf(h, "--mail-from %q\n", s.mailFrom)
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			return "", fmt.Errorf("synthesize: %w", err)
		}
		fmt.Fprintf(h, "%s %d\n%s", filepath.Base(name), len(text), text)
	}
	return hex.EncodeToString(h.Sum(nil))[:16], nil
}

// run runs a command in the module's root. What it prints is shown only if it fails.
func (s synthesizer) run(ctx context.Context, name string, args ...string) error {
	var output bytes.Buffer
	cmd := exec.Command(name, args...)
	cmd.Dir = s.root
	cmd.Stdout, cmd.Stderr = &output, &output
	cmd.WaitDelay = time.Second
	if err := s.processes.Start(cmd); err != nil {
		return fmt.Errorf("synthesize: %w", err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	select {
	case err := <-ended:
		if err != nil {
			return fmt.Errorf("synthesize: %s %s: %w\n%s", filepath.Base(name), args[0], err, output.Bytes())
		}
		return nil
	case <-ctx.Done():
		_ = process.Signal(cmd, syscall.SIGKILL)
		<-ended
		return ctx.Err()
	}
}

// minNode is the oldest Node that the CDK runs on.
const minNode = 20

// checkNode tells what to do if there is no Node or one that is too old.
func checkNode(ctx context.Context) error {
	const advice = "synthesizing the stack needs Node.js %d or later: run `make setup`, or install it from https://nodejs.org and have `node` on the PATH"
	text, err := exec.CommandContext(ctx, "node", "--version").Output()
	if err != nil {
		return fmt.Errorf("no Node.js found (%v); "+advice, err, minNode)
	}
	major, _, _ := strings.Cut(strings.TrimPrefix(strings.TrimSpace(string(text)), "v"), ".")
	if n, err := strconv.Atoi(major); err == nil && n < minNode {
		return fmt.Errorf("found Node.js %d; "+advice, n, minNode)
	}
	return nil
}

// moduleRoot finds the folder of go.mod at or above the working directory.
func moduleRoot() (string, error) {
	start, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for dir := start; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			return "", fmt.Errorf("there is no go.mod at or above %s: run this within Leadline's source", start)
		}
	}
}

// writeFile replaces a file in one step.
func writeFile(path string, data []byte, mode os.FileMode) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	err = errors.Join(err, f.Chmod(mode), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}
