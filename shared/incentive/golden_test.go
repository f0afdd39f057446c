package incentive_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"leadline/shared/incentive"
	"leadline/shared/incentive/incentivetest"
	"leadline/shared/program"
)

// TestWorkedExamples reckons the examples in testdata/golden by the engine and by the oracle. Their numbers were worked out by
// hand from the rule that each states.
func TestWorkedExamples(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("testdata", "golden", "*.txt"))
	if err != nil {
		t.Fatal(err)
	}
	if len(files) < 72 {
		t.Errorf("there are only %d examples", len(files))
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) { example(t, file) })
	}
}

func example(t *testing.T, file string) {
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	c, err := incentivetest.Parse(string(text))
	if err != nil {
		t.Fatal(err)
	}
	for _, wrong := range c.CheckSharing() {
		t.Error(wrong)
	}
	if len(c.Versions) == 0 {
		return
	}
	for _, v := range c.Versions {
		if wrong := program.Errors(program.Check(v.Definition, v.From, v.Sources, nil)); len(wrong) > 0 {
			t.Errorf("version %d could not be published: %v", v.Number, wrong)
		}
	}
	plan, err := incentive.Compile(c.Versions)
	if err != nil {
		t.Fatal(err)
	}
	run, err := c.Run(plan, plan.Calculate)
	if err != nil {
		t.Fatal(err)
	}
	for _, wrong := range append(run.Check(), run.CheckTrace()...) {
		t.Error(wrong)
	}
	again, err := run.Again(incentivetest.NewOracle(c.Versions).Calculate)
	if err != nil {
		t.Fatal(err)
	}
	for _, wrong := range again.Check() {
		t.Error("oracle: " + wrong)
	}
}
