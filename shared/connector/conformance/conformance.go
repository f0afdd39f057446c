// Package conformance holds every connector to the contract of package connector. A connector's whole test of it is one
// line:
//
//	conformance.Run(t, close.Definition(), conformance.Options{Samples: os.DirFS("testdata/webhooks")})
//
// A sample is a body as the provider posts it, <what>.json, beside what must come of it, <what>.want.json: either
// {"changes": [...]} or, for a body that must be set aside, {"reason": "missing_event"}. See Want.
package conformance

import (
	"fmt"
	"io/fs"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
	"time"

	"leadline/shared/connector"
)

// Options is what the suite needs besides the definition.
type Options struct {
	// Samples holds the webhook samples. At least one must give changes, and one of its numbers must reach a field.
	Samples fs.FS
	// Folder is the name of the connector's folder; if empty, that of the working directory, which in a test is the
	// folder of its package.
	Folder string
}

// Violation is one breach of the contract.
type Violation struct {
	// Rule names the rule that is broken; see Rules.
	Rule   string
	Detail string
}

// The rules.
const (
	// Definition: what the definition says is complete and well-formed, and it is named like its folder.
	Definition = "definition"
	// Signature: what is signed is accepted, what was changed, is stale or is signed by another key is not.
	Signature = "signature"
	// Samples: each sample gives what its .want.json says.
	Samples = "samples"
	// Changes: each change has a key, a kind, a version of this parser, and content that fits them.
	Changes = "changes"
	// Numbers: numbers reach the fields digit for digit.
	Numbers = "numbers"
	// Garbage: no body makes Parse panic; it gives changes or a fault of kind Invalid with a quarantine reason as code.
	Garbage = "garbage"
	// Quoting: no fault shows a value of the body.
	Quoting = "quoting"
	// Determinism: one body gives the same changes always, however its keys are ordered and spaced, and Parse neither
	// changes nor keeps the body.
	Determinism = "determinism"
	// Goroutines: nothing is left running.
	Goroutines = "goroutines"
)

// Rules lists the rules in the order in which they are checked.
func Rules() []string {
	return []string{Definition, Signature, Samples, Changes, Numbers, Garbage, Quoting, Determinism, Goroutines}
}

// Run reports every breach of the contract as an error of t, one subtest per rule.
func Run(t *testing.T, d connector.Definition, o Options) {
	t.Helper()
	found := Check(d, o)
	for _, rule := range Rules() {
		t.Run(rule, func(t *testing.T) {
			for _, v := range found {
				if v.Rule == rule {
					t.Error(v.Detail)
				}
			}
		})
	}
}

// Check gives the breaches of the contract, none for a connector that conforms.
func Check(d connector.Definition, o Options) []Violation {
	s := &suite{definition: d, options: o}
	if s.options.Folder == "" {
		s.options.Folder = workingFolder()
	}
	before := runtime.NumGoroutine()
	if s.checkDefinition() && d.Webhook != nil {
		s.checkSignature(d.Webhook.Signature, d.Webhook.Signature)
		s.readSamples()
		s.checkSamples()
		s.checkNumbers()
		s.checkGarbage()
		s.checkQuoting()
		s.checkDeterminism()
	}
	s.checkGoroutines(before)
	return s.found
}

// suite is one run of the rules over one definition.
type suite struct {
	definition connector.Definition
	options    Options
	samples    []sample
	found      []Violation
}

// fail notes a breach. A rule is reported a few times at most: the first breaches say it.
func (s *suite) fail(rule, format string, args ...any) {
	const enough = 8
	n := 0
	for _, v := range s.found {
		if v.Rule == rule {
			n++
		}
	}
	v := Violation{Rule: rule, Detail: fmt.Sprintf(format, args...)}
	if n < enough && !slices.Contains(s.found, v) {
		s.found = append(s.found, v)
	}
}

// checkGoroutines gives what the rules started the time to end.
func (s *suite) checkGoroutines(before int) {
	deadline := time.Now().Add(2 * time.Second)
	for runtime.NumGoroutine() > before {
		if time.Now().After(deadline) {
			s.fail(Goroutines, "%d goroutines run that did not before", runtime.NumGoroutine()-before)
			return
		}
		time.Sleep(time.Millisecond)
	}
}

func workingFolder() string {
	dir, err := filepath.Abs(".")
	if err != nil {
		return ""
	}
	return filepath.Base(dir)
}
