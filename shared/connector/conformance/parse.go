package conformance

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"

	"leadline/shared/connector"
	"leadline/shared/fault"
	"leadline/shared/quarantine"
	"leadline/shared/record"
)

// parse calls Parse and holds its outcome to the contract, whatever the body.
func (s *suite) parse(rule, what string, body []byte) (changes []record.Change, err error) {
	defer func() {
		if p := recover(); p != nil {
			s.fail(Garbage, "%s: Parse panics: %v", what, p)
			changes, err = nil, fmt.Errorf("panic")
		}
	}()
	changes, err = s.definition.Webhook.Parse(body)
	s.touched(what, body)
	if err == nil {
		return changes, nil
	}
	if rule == Samples {
		rule = Garbage
	}
	f := fault.Of(err)
	switch {
	case f == nil:
		s.fail(rule, "%s: the error is no fault: %T", what, err)
	case f.Kind != fault.Invalid:
		s.fail(rule, "%s: the fault is of kind %q, not invalid", what, f.Kind)
	case !slices.Contains(quarantine.Reasons(), quarantine.Reason(f.Code)):
		s.fail(rule, "%s: the fault's code %q is no reason for quarantine", what, f.Code)
	case strings.TrimSpace(f.Message) == "":
		s.fail(rule, "%s: the fault has no message", what)
	case len(changes) > 0:
		s.fail(rule, "%s: there are changes beside the fault", what)
	}
	return nil, err
}

// touched calls Touched, whatever the body.
func (s *suite) touched(what string, body []byte) (refs []connector.Ref) {
	if s.definition.Webhook.Touched == nil {
		return nil
	}
	_ = s.guarded(Garbage, what+": Touched", func() error {
		refs = s.definition.Webhook.Touched(body)
		return nil
	})
	return refs
}

// understood gives all that is made of a body as text, empty where Parse gives a fault.
func (s *suite) understood(rule, what string, body []byte) string {
	changes, err := s.parse(rule, what, body)
	if err != nil {
		return ""
	}
	return render(changes) + renderRefs(s.touched(what, body))
}

// checkNumbers puts numbers that a float cannot hold in the place of each number of each sample. Those that reach the
// fields must do so digit for digit.
func (s *suite) checkNumbers() {
	exact := []string{"9007199254740993", "1.10", "1e400", "0.1", "19.99", "-0", "12345678901234567", "0.30000000000000004", "1E2"}
	reached, wanted := false, false
	for _, one := range s.samples {
		if one.got == "" || one.form { // in a form all are texts
			continue
		}
		wanted = true
		for _, at := range paths(one.tree) {
			if _, isNumber := find(one.tree, at).(json.Number); !isNumber {
				continue
			}
			for _, digits := range exact {
				changes, err := s.parse(Numbers, one.name+" with "+digits+" at "+at.String(), encode(replace(one.tree, at, json.Number(digits))))
				if err != nil || sameFields(changes, one.changes) {
					continue
				}
				reached = true
				if !anyFieldHolds(changes, digits) {
					s.fail(Numbers, "%s: the number %s at %s is not kept as it is written", one.name, digits, at)
				}
			}
		}
	}
	if wanted && !reached {
		s.fail(Numbers, "no sample has a number that reaches a field")
	}
}

func sameFields(a, b []record.Change) bool {
	return slices.EqualFunc(a, b, func(x, y record.Change) bool { return bytes.Equal(x.Fields.Canonical(), y.Fields.Canonical()) })
}

func anyFieldHolds(changes []record.Change, digits string) bool {
	return slices.ContainsFunc(changes, func(c record.Change) bool {
		tree, err := decode(c.Fields.Canonical())
		return err == nil && slices.ContainsFunc(paths(tree), func(at way) bool { return find(tree, at) == json.Number(digits) })
	})
}

// checkGarbage gives Parse what is broken in every way: no JSON, samples cut off, bytes changed, and each part of each
// sample left out or replaced.
func (s *suite) checkGarbage() {
	for i, text := range []string{
		"", " ", "null", "true", "0", "-1e999", `""`, `"text"`, "[]", "{}", "[[]]", "[{}]", "{", "}", "[", "\x00", "\xff\xfe", "\xef\xbb\xbf{}",
		`{"":""}`, "{}{}", "{} x", `{"a":`, "nul", strings.Repeat("[", 100_000), strings.Repeat(`{"a":`, 100_000),
		strings.Repeat("[", 5_000) + strings.Repeat("]", 5_000),
	} {
		_, _ = s.parse(Garbage, fmt.Sprintf("garbage %d", i), []byte(text))
	}
	random := rand.New(rand.NewPCG(1, 2))
	for _, one := range s.samples {
		step := max(1, len(one.body)/200)
		for n := 0; n < len(one.body); n += step {
			_, _ = s.parse(Garbage, fmt.Sprintf("%s cut off after %d bytes", one.name, n), one.body[:n])
		}
		for range 200 {
			body := bytes.Clone(one.body)
			at := random.IntN(len(body))
			body[at] = byte(random.IntN(256))
			_, _ = s.parse(Garbage, fmt.Sprintf("%s with byte %d changed", one.name, at), body)
		}
		for _, at := range paths(one.tree) {
			for _, v := range variants(at) {
				changes, err := s.parse(Garbage, fmt.Sprintf("%s with %s at %s", one.name, v.what, at), one.encode(v.apply(one.tree)))
				if err == nil {
					s.checkChanges(fmt.Sprintf("%s with %s at %s", one.name, v.what, at), changes)
				}
			}
		}
	}
}

// What stands in the place of the values of a sample, and may not appear in a fault.
const (
	markerText   = "mArKeD"
	markerNumber = "90210777013"
)

// checkQuoting breaks samples all of whose values are marked.
func (s *suite) checkQuoting() {
	check := func(what string, body []byte) {
		if _, err := s.parse(Quoting, what, body); err != nil && (strings.Contains(err.Error(), markerText) || strings.Contains(err.Error(), markerNumber)) {
			s.fail(Quoting, "%s: the fault shows a value of the body: %v", what, err)
		}
	}
	for _, text := range []string{markerText, markerNumber, `"` + markerText + `"`, `["` + markerText + `"]`, `{"` + markerText, `{"a":` + markerText, "{}" + markerText, "{} " + markerNumber} {
		check("a marked body", []byte(text))
	}
	for _, one := range s.samples {
		// With and without the texts that look like times, so that breaches behind the check of a time are reached too.
		for _, keepTimes := range []bool{false, true} {
			tree := marked(one.tree, keepTimes)
			text := one.encode(tree)
			check(one.name, text)
			check(one.name+" cut off", text[:len(text)/2])
			for _, at := range paths(tree) {
				for _, v := range variants(at) {
					check(fmt.Sprintf("%s with %s at %s", one.name, v.what, at), one.encode(v.apply(tree)))
				}
			}
		}
	}
}

func (s *suite) checkDeterminism() {
	random := rand.New(rand.NewPCG(3, 4))
	for _, one := range s.samples {
		for range 3 {
			if s.understood(Determinism, one.name, one.body) != one.got {
				s.fail(Determinism, "%s gives other changes when it is parsed again", one.name)
			}
		}
		for range 10 {
			if one.tree == nil {
				break
			}
			if s.understood(Determinism, one.name, one.shuffled(random)) != one.got {
				s.fail(Determinism, "%s gives other changes when its keys are ordered and spaced otherwise", one.name)
			}
		}
		body := bytes.Clone(one.body)
		changes, _ := s.parse(Determinism, one.name, body)
		if !bytes.Equal(body, one.body) {
			s.fail(Determinism, "%s: Parse changes the body", one.name)
		}
		for i := range body {
			body[i] = ' '
		}
		if render(changes) != render(one.changes) {
			s.fail(Determinism, "%s: the changes share memory with the body", one.name)
		}
	}
	s.checkConcurrency()
}

// checkConcurrency parses all samples on several goroutines at once; the race detector sees what it does not.
func (s *suite) checkConcurrency() {
	var wait sync.WaitGroup
	var mu sync.Mutex
	for range 4 {
		wait.Go(func() {
			for _, one := range s.samples {
				if one.got == "" {
					continue
				}
				changes, err := s.definition.Webhook.Parse(one.body)
				if err != nil || render(changes) != render(one.changes) {
					mu.Lock()
					s.fail(Determinism, "%s gives other changes when several bodies are parsed at once", one.name)
					mu.Unlock()
				}
			}
		})
	}
	wait.Wait()
}
