// Package conformance holds every connector to the contract of package connector. A connector's whole test of it is one
// line:
//
//	conformance.Run(t, close.Definition(), conformance.Options{Samples: os.DirFS("testdata/webhooks"), Server: newProvider})
//
// A sample is a body as the provider posts it, <what>.json or <what>.form, beside what must come of it, <what>.want.json:
// {"changes": [...]} or {"touched": [...]} or both, or, for a body that must be set aside, {"reason": "missing_event"}. See
// Want. What is read is held against a fake of the provider whose contents are known; see Provider.
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
	// Samples holds the webhook samples. At least one must give changes, and one of its numbers must reach a field if any of
	// them is JSON.
	Samples fs.FS
	// Server makes a fake of the provider, the same each time. A connector with an API needs one.
	Server func() Provider
	// Fresh gives the definition as another process would have it; nil for the definition itself.
	Fresh func() connector.Definition
	// Spoil gives an answer's body with the row of a record made such that nobody can understand it; nil for SpoilJSON.
	Spoil func(body []byte, id string) []byte
	// Folder is the name of the connector's folder; if empty, that of the working directory, which in a test is the
	// folder of its package.
	Folder string
	// Source holds the connector's Go files; those of the working directory, but for tests, if it is nil.
	Source fs.FS
}

// Violation is one breach of the contract.
type Violation struct {
	// Rule names the rule that is broken; see Rules.
	Rule   string
	Detail string
}

// Run reports every breach of the contract as an error of t, one subtest per rule.
func Run(t *testing.T, d connector.Definition, o Options) {
	t.Helper()
	found := Check(d, o)
	for _, rule := range Rules() {
		t.Run(rule.Name, func(t *testing.T) {
			for _, v := range found {
				if v.Rule == rule.Name {
					t.Error(v.Detail)
				}
			}
		})
	}
}

// Check gives the breaches of the contract, none for a connector that conforms. Rules that build on one that is broken are
// not checked: what they would say follows from it.
func Check(d connector.Definition, o Options) []Violation {
	s := &suite{definition: d, options: o}
	if s.options.Folder == "" {
		s.options.Folder = workingFolder()
	}
	if s.options.Spoil == nil {
		s.options.Spoil = SpoilJSON
	}
	before := runtime.NumGoroutine()
	sound := s.checkDefinition()
	s.checkSource()
	if sound && d.Webhook != nil {
		s.checkSignature(d.Webhook.Signature, d.Webhook.Signature)
		s.readSamples()
		s.checkSamples()
		s.checkNumbers()
		s.checkGarbage()
		s.checkQuoting()
		s.checkDeterminism()
	}
	if sound && d.API != nil {
		s.checkAPI()
		s.checkAuthorization()
		s.checkJudgement()
		s.checkObjects()
		if !s.broken(API, Authorization, Judgement, Objects) {
			s.checkReading()
		}
	}
	s.checkGoroutines(before)
	return s.found
}

// checkReading checks what needs a server.
func (s *suite) checkReading() {
	if s.options.Server == nil {
		s.fail(API, "no server is given to read from")
		return
	}
	s.checkProbe()
	s.checkDescribe()
	s.checkPeople()
	s.checkSubscription()
	if s.definition.Pull != nil {
		s.checkScopes()
		if !s.broken(Page, Bounds, Complete, Scope) {
			s.checkResume()
			s.checkMoving()
			s.checkRefused()
			s.checkCount()
			s.checkIDs()
			s.checkChildren()
			s.checkNames()
			s.checkContent()
		}
	}
	if !s.broken(Complete, Page, Bounds, Describe, People) {
		s.checkLog()
		s.checkObedience()
		s.checkAnswers()
		s.checkSecrecy()
	}
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

// broken tells whether a breach of one of the rules was found.
func (s *suite) broken(rules ...string) bool {
	return slices.ContainsFunc(s.found, func(v Violation) bool { return slices.Contains(rules, v.Rule) })
}

// revision is that of the connector's parsers.
func (s *suite) revision() int {
	if s.definition.Webhook != nil {
		return s.definition.Webhook.Parser
	}
	return s.definition.Pull.Revision
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
