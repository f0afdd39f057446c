package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"leadline/infra/local/process"
)

func TestSynthesize(t *testing.T) {
	root, err := moduleRoot()
	if err != nil {
		t.Fatal(err)
	}
	starter := process.NewStarter()
	t.Cleanup(starter.Close)
	s := synthesizer{root: root, cache: filepath.Join(t.TempDir(), "synth"), stage: "dev", mailFrom: "notices@leadline.test", processes: starter}
	data, cached, err := s.template(context.Background())
	if err != nil || cached {
		t.Fatalf("cached: %v, %v", cached, err)
	}
	real, err := newStack(data, "leadline-dev")
	if err != nil {
		t.Fatal(err)
	}
	if _, unknown, err := real.survey(); err != nil || len(unknown) > 0 {
		t.Errorf("the stack declares what the runner does not know: %v, %v", unknown, err)
	}
	if !strings.Contains(string(data), "identity/leadline.test") {
		t.Error("nobody may send from the address that mail comes from")
	}
	again, cached, err := s.template(context.Background())
	if err != nil || !cached || string(again) != string(data) {
		t.Errorf("the second time: cached: %v, %v, same: %v", cached, err, string(again) == string(data))
	}
	left, err := filepath.Glob(filepath.Join(s.cache, "*"))
	if err != nil || len(left) != 1 {
		t.Errorf("the cache holds %v, %v", left, err)
	}

	t.Setenv("PATH", t.TempDir()) // there is no Node, and none is needed for what is cached
	if _, cached, err := s.template(context.Background()); err != nil || !cached {
		t.Errorf("without Node: cached: %v, %v", cached, err)
	}
	s.cache = t.TempDir()
	if _, _, err := s.template(context.Background()); err == nil || !strings.Contains(err.Error(), "Node.js") || !strings.Contains(err.Error(), "make setup") {
		t.Errorf("without Node: %v", err)
	}
}

func TestSynthesisKey(t *testing.T) {
	root := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		path := filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"go.mod", "go.sum", "infra/cdk.json", "infra/package-lock.json", "infra/main.go"} {
		write(name, "1")
	}
	s := synthesizer{root: root}
	key := func() string {
		t.Helper()
		k, err := s.key()
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	before := key()
	write("infra/main_test.go", "1")
	write("infra/local/main.go", "1")
	if key() != before {
		t.Error("the key depends on what is no source of the stack")
	}
	for _, name := range []string{"go.sum", "infra/cdk.json", "infra/main.go", "infra/queues.go"} {
		write(name, "2")
		if after := key(); after == before {
			t.Errorf("the key does not depend on %s", name)
		} else {
			before = after
		}
	}
	s.mailFrom = "notices@leadline.test"
	if key() == before {
		t.Error("the key does not depend on the address that mail comes from")
	}
}

func TestSynthesisThatFails(t *testing.T) {
	root, err := moduleRoot()
	if err != nil {
		t.Fatal(err)
	}
	starter := process.NewStarter()
	t.Cleanup(starter.Close)
	s := synthesizer{root: root, cache: t.TempDir(), stage: "nowhere", processes: starter}
	if _, _, err := s.template(context.Background()); err == nil || !strings.Contains(err.Error(), "nowhere") {
		t.Errorf("got %v, want what the app itself says", err)
	}
}
