package tax

import (
	"bytes"
	"embed"
	"path"
	"slices"

	"leadline/shared/fault"
)

// CodeUnknownRules is the code of ids that no rule set has.
const CodeUnknownRules = "unknown_tax_rules"

// files are the rule sets that come with it, each named by its id.
//
//go:embed rules
var files embed.FS

// published is the schema of a rule set.
//
//go:embed schema.json
var published []byte

// JSONSchema gives the JSON Schema (2020-12) of a rule set. What it takes Decode reads; whether the rules make sense, Check tells.
func JSONSchema() []byte { return bytes.Clone(published) }

// RuleSets gives those that come with it, by id.
func RuleSets() ([]Rules, error) {
	entries, err := files.ReadDir("rules")
	if err != nil {
		return nil, fault.Wrap(err, fault.Internal, CodeRules, "tax: read rules")
	}
	var all []Rules
	for _, e := range entries {
		text, err := files.ReadFile(path.Join("rules", e.Name()))
		if err != nil {
			return nil, fault.Wrap(err, fault.Internal, CodeRules, "tax: read rules")
		}
		r, err := Decode(text)
		if err != nil {
			return nil, fault.Wrap(err, fault.Internal, CodeRules, "tax: read %s", e.Name())
		}
		all = append(all, r)
	}
	return all, nil
}

// Named gives a rule set that comes with it; fault.NotFound (CodeUnknownRules).
func Named(id string) (Rules, error) {
	all, err := RuleSets()
	if err != nil {
		return Rules{}, err
	}
	at := slices.IndexFunc(all, func(r Rules) bool { return r.ID == id })
	if at < 0 {
		var ids []string
		for _, r := range all {
			ids = append(ids, r.ID)
		}
		return Rules{}, fault.New(fault.NotFound, CodeUnknownRules, "There are no tax rules %q: there are %v.", id, ids)
	}
	return all[at], nil
}
