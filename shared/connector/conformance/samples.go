package conformance

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"leadline/shared/connector"
	"leadline/shared/fault"
	"leadline/shared/quarantine"
	"leadline/shared/record"
)

// Want is the content of a .want.json file: what Parse must make of the sample.
type Want struct {
	// Reason is why the body must be set aside; empty for one that gives changes.
	Reason quarantine.Reason `json:"reason,omitempty"`
	// Changes are the changes of the body, in any order.
	Changes []WantChange `json:"changes,omitempty"`
	// Touched is what must be read again, in any order.
	Touched []connector.Ref `json:"touched,omitempty"`
}

// WantChange is a record.Change in JSON.
type WantChange struct {
	Object string      `json:"object"`
	ID     string      `json:"id"`
	Kind   record.Kind `json:"kind"`
	// Time is the version's time, in UTC with six digits of fraction: "2025-03-04T09:12:44.392000Z".
	Time string `json:"time"`
	// Fields is absent on a deletion.
	Fields     record.Fields `json:"fields,omitempty"`
	MergedInto string        `json:"merged_into,omitempty"`
	Event      string        `json:"event,omitempty"`
	Action     string        `json:"action,omitempty"`
}

const timeLayout = "2006-01-02T15:04:05.000000Z"

type sample struct {
	name string
	// form tells a form from JSON.
	form bool
	body []byte
	want Want
	// tree is the decoded body; of a form, its names with their first values.
	tree any
	// got is what was understood, as text. It is empty where Parse gave a fault.
	got     string
	changes []record.Change
}

func (s *suite) readSamples() {
	if s.options.Samples == nil {
		s.fail(Samples, "no samples are given")
		return
	}
	names, err := fs.Glob(s.options.Samples, "*.json")
	forms, formsErr := fs.Glob(s.options.Samples, "*.form")
	if err != nil || formsErr != nil {
		s.fail(Samples, "list the samples: %v, %v", err, formsErr)
		return
	}
	names = append(names, forms...)
	for _, name := range names {
		if what, isWant := strings.CutSuffix(name, ".want.json"); isWant {
			if !slices.Contains(names, what+".json") && !slices.Contains(names, what+".form") {
				s.fail(Samples, "%s has no sample %s.json", name, what)
			}
			continue
		}
		if one, err := readSample(s.options.Samples, name); err != nil {
			s.fail(Samples, "%v", err)
		} else {
			s.samples = append(s.samples, one)
		}
	}
	if !slices.ContainsFunc(s.samples, func(x sample) bool { return len(x.want.Changes) > 0 }) {
		s.fail(Samples, "there is no sample that gives changes")
	}
}

func readSample(samples fs.FS, name string) (sample, error) {
	one := sample{name: strings.TrimSuffix(strings.TrimSuffix(name, ".json"), ".form"), form: strings.HasSuffix(name, ".form")}
	var err error
	if one.body, err = fs.ReadFile(samples, name); err != nil {
		return one, err
	}
	// A body that must be refused as no JSON has no tree.
	one.tree, _ = decode(one.body)
	if one.form {
		one.tree = decodeForm(one.body)
	}
	want, err := fs.ReadFile(samples, one.name+".want.json")
	if err != nil {
		return one, err
	}
	dec := json.NewDecoder(bytes.NewReader(want))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&one.want); err != nil {
		return one, fmt.Errorf("%s.want.json: %w", one.name, err)
	}
	if (one.want.Reason == "") == (len(one.want.Changes)+len(one.want.Touched) == 0) {
		return one, fmt.Errorf("%s.want.json must hold either changes, or what is touched, or a reason", one.name)
	}
	for i, c := range one.want.Changes {
		if one.want.Changes[i].Fields, err = canonical(c.Fields); err != nil {
			return one, fmt.Errorf("%s.want.json: %w", one.name, err)
		}
	}
	return one, nil
}

// canonical gives fields with canonical values.
func canonical(f record.Fields) (record.Fields, error) {
	if f == nil {
		return nil, nil
	}
	return record.ParseFields(f.Canonical())
}

// checkSamples covers the rules Samples and Changes.
func (s *suite) checkSamples() {
	for i := range s.samples {
		one := &s.samples[i]
		changes, err := s.parse(Samples, one.name, one.body)
		if one.want.Reason != "" {
			switch f := fault.Of(err); {
			case err == nil:
				s.fail(Samples, "%s is accepted, want it set aside as %s", one.name, one.want.Reason)
			case f == nil || f.Code != string(one.want.Reason):
				s.fail(Samples, "%s is set aside with %v, want %s", one.name, err, one.want.Reason)
			}
			continue
		}
		if err != nil {
			s.fail(Samples, "%s is refused: %v", one.name, err)
			continue
		}
		refs := s.touched(one.name, one.body)
		one.changes, one.got = changes, render(changes)+renderRefs(refs)
		if want := renderWant(one.want.Changes) + renderRefs(one.want.Touched); one.got != want {
			s.fail(Samples, "%s gives\n%s\nwant\n%s", one.name, one.got, want)
		}
		s.checkChanges(one.name, changes)
		s.checkRefs(Changes, one.name, refs)
	}
}

// checkRefs sees that what is to be read again can be.
func (s *suite) checkRefs(rule, name string, refs []connector.Ref) {
	p := s.definition.Pull
	for _, r := range refs {
		known := p != nil && (r.Object == "" || slices.ContainsFunc(p.Objects, func(o connector.Object) bool { return o.Name == r.Object }))
		if !known || r.ID == "" && r.Parent == "" || r.ID != "" && (r.Parent != "" || r.Object == "") {
			s.fail(rule, "%s: %+v is to be read again, which names nothing that can be read", name, r)
		}
	}
}

func (s *suite) checkChanges(name string, changes []record.Change) {
	seen := map[[2]string]bool{}
	for _, c := range changes {
		if seen[[2]string{c.Object, c.ID}] {
			s.fail(Changes, "%s: the change of %q %q comes twice in one body", name, c.Object, c.ID)
		}
		seen[[2]string{c.Object, c.ID}] = true
	}
	s.checkEach(Changes, name, changes)
}

// checkEach holds changes to what goes for each, wherever it came from.
func (s *suite) checkEach(rule, name string, changes []record.Change) {
	for _, c := range changes {
		breach := func(broken bool, format string, args ...any) {
			if broken {
				s.fail(rule, "%s: the change of %q %q %s", name, c.Object, c.ID, fmt.Sprintf(format, args...))
			}
		}
		breach(c.Object == "" || len(c.Object) > record.MaxObjectBytes, "has no object that can be a key")
		breach(c.ID == "" || len(c.ID) > record.MaxIDBytes, "has no id that can be a key")
		breach(c.Version.Micros <= 0, "has no version")
		breach(c.Version.Parser != s.revision(), "names the parser's revision %d, the definition says %d", c.Version.Parser, s.revision())
		if _, err := record.ParseVersion(c.Version.String()); err != nil {
			breach(true, "has a version beyond what can be stored: %v", err)
		}
		breach(c.Kind != record.Upsert && c.Kind != record.Delete, "has the unknown kind %q", c.Kind)
		breach(c.Kind == record.Delete && len(c.Fields) > 0, "is a deletion with fields")
		breach(c.Kind == record.Upsert && len(c.Fields) == 0, "has no fields")
		breach(c.Kind == record.Upsert && c.MergedInto != "", "is merged into another and no deletion")
		breach(c.MergedInto == c.ID, "is merged into itself")
		again, err := canonical(c.Fields)
		breach(err != nil, "has fields that are no JSON: %v", err)
		breach(err == nil && !bytes.Equal(again.Canonical(), c.Fields.Canonical()), "has fields that are not canonical")
	}
}

// render gives the changes as text, the same for the same changes in any order.
func render(changes []record.Change) string {
	all := make([]WantChange, len(changes))
	for i, c := range changes {
		all[i] = WantChange{Object: c.Object, ID: c.ID, Kind: c.Kind, Time: c.Version.Time().Format(timeLayout),
			Fields: c.Fields, MergedInto: c.MergedInto, Event: c.Event, Action: c.Action}
	}
	return renderWant(all)
}

func renderWant(changes []WantChange) string {
	lines := make([]string, len(changes))
	for i, c := range changes {
		line, err := json.MarshalIndent(c, "", "  ")
		if err != nil {
			line = fmt.Appendf(nil, "%+v: %v", c, err)
		}
		lines[i] = string(line)
	}
	slices.Sort(lines)
	return strings.Join(lines, ",\n")
}

func renderRefs(refs []connector.Ref) string {
	lines := make([]string, len(refs))
	for i, r := range refs {
		lines[i] = fmt.Sprintf("\nread again: object %q, id %q, parent %q", r.Object, r.ID, r.Parent)
	}
	slices.Sort(lines)
	return strings.Join(lines, "")
}

// decode reads a text of one JSON value, its numbers as they are written.
func decode(body []byte) (any, error) {
	if !json.Valid(body) {
		return nil, fmt.Errorf("no JSON")
	}
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	var tree any
	err := dec.Decode(&tree)
	return tree, err
}
