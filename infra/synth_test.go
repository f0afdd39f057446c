package main

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestMistakesAreExplained runs the program with what people get wrong.
func TestMistakesAreExplained(t *testing.T) {
	t.Setenv("CDK_OUTDIR", "")
	for name, c := range map[string]struct {
		args []string
		says []string
	}{
		"no stage":            {nil, []string{"no stage given", "dev, test or prod"}},
		"unknown stage":       {[]string{"--stage", "staging"}, []string{`"staging"`, "dev, test or prod"}},
		"stage as argument":   {[]string{"dev"}, []string{`unexpected argument "dev"`}},
		"functions not built": {[]string{"--stage", "dev", "--assets", "nowhere"}, []string{"receive is not built", "nowhere", "make build-arm64", "placeholder=true"}},
	} {
		t.Run(name, func(t *testing.T) {
			err := run(append([]string{"--out", t.TempDir()}, c.args...), new(bytes.Buffer))
			for _, text := range c.says {
				if err == nil || !strings.Contains(err.Error(), text) {
					t.Errorf("got %v, want it to say %q", err, text)
				}
			}
		})
	}
	if err := synthesize(root(t), t.TempDir(), map[string]any{"stage": "dev", "placeholder": "perhaps"}); err == nil || !strings.Contains(err.Error(), "perhaps") {
		t.Errorf("placeholder=perhaps: %v", err)
	}
	if err := run([]string{"--help"}, new(bytes.Buffer)); !errors.Is(err, flag.ErrHelp) {
		t.Errorf("--help: %v", err)
	}
}

// TestBuiltFunctionsAreDeployed synthesizes with functions that differ: each must get its own code.
func TestBuiltFunctionsAreDeployed(t *testing.T) {
	assets, out := t.TempDir(), t.TempDir()
	for _, f := range []string{"receive", "ingest", "relay", "sweep", "deliver", "schedule", "fetch", "calculate", "settle", "nudge", "work", "api"} {
		if err := os.MkdirAll(filepath.Join(assets, f), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(assets, f, "bootstrap"), []byte(f), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := run([]string{"--stage", "test", "--assets", assets, "--out", out}, new(bytes.Buffer)); err != nil {
		t.Fatal(err)
	}
	tpl := readTemplate(t, filepath.Join(out, "leadline-test.template.json"))
	for name, id := range functionsOf(tpl, "test") {
		path, _ := tpl[id].Metadata["aws:asset:path"].(string)
		code, err := os.ReadFile(filepath.Join(out, path, "bootstrap"))
		if err != nil || string(code) != name {
			t.Errorf("%s is deployed with %q, %v", name, code, err)
		}
		if key := tpl.text(id, "Code", "S3Key"); "asset."+strings.TrimSuffix(key, ".zip") != path {
			t.Errorf("%s: the code of the template is %s, that of the assembly %s", name, key, path)
		}
	}
}

// TestCommandLineGivesTheSame synthesizes with the pinned CDK command line, as a deployment does, and without.
func TestCommandLineGivesTheSame(t *testing.T) {
	cdk, err := filepath.Abs(filepath.Join("node_modules", ".bin", "cdk"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(cdk); err != nil {
		t.Fatalf("%v: run `make setup`", err)
	}
	out := t.TempDir()
	command := exec.Command(cdk, "synth", "--quiet", "--no-notices", "--output", out, "-c", "stage=prod", "-c", "placeholder=true")
	if said, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	got, want := readTemplate(t, filepath.Join(out, "leadline-prod.template.json")), synthesized(t, "prod", nil)
	for _, tpl := range []template{got, want} {
		for id, r := range tpl {
			r.Metadata = nil // the command line may add to it
			tpl[id] = r
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the command line gives another template (-plain +command line):\n%s", diff)
	}
}

// TestCfnLint lets cfn-lint judge the templates where it is installed.
func TestCfnLint(t *testing.T) {
	lint, err := exec.LookPath("cfn-lint")
	if err != nil {
		t.Log("NOT RUN: there is no cfn-lint on this machine")
		return
	}
	out := t.TempDir()
	args := []string{"--ignore-checks", "W3005", "--"} // the CDK repeats a dependency that a reference states already
	for _, stage := range []string{"dev", "test", "prod"} {
		if err := synthesize(root(t), out, map[string]any{"stage": stage, "placeholder": true, "alarm-email": "oncall@example.com"}); err != nil {
			t.Fatal(err)
		}
		args = append(args, filepath.Join(out, "leadline-"+stage+".template.json"))
	}
	if said, err := exec.Command(lint, args...).CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, said)
	}
}

// TestSamSettings keeps samconfig.toml pointing at what a synthesis of the stage dev writes.
func TestSamSettings(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "samconfig.toml"))
	if err != nil {
		t.Fatal(err)
	}
	templates := 0
	for _, line := range strings.Split(string(text), "\n") {
		if path, ok := strings.CutPrefix(line, "template_file = "); ok {
			templates++
			if path != `"infra/cdk.out/leadline-dev.template.json"` {
				t.Errorf("samconfig.toml reads %s", path)
			}
		}
	}
	if templates == 0 {
		t.Error("samconfig.toml names no template")
	}
	functions := functionsOf(synthesized(t, "dev", nil), "dev")
	for _, name := range regexp.MustCompile(`leadline-dev-([a-z]+)`).FindAllStringSubmatch(string(text), -1) {
		if functions[name[1]] == "" {
			t.Errorf("samconfig.toml names a function %s", name[0])
		}
	}
}
