package program_test

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"leadline/shared/program"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares a text with a file that people read.
func golden(t *testing.T, file string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", file)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(want) != string(got) {
		t.Errorf("%s says otherwise; -update writes it anew:\n%s", path, got)
	}
}

// TestPlansInWords compares the texts of the templates, and of plans with nearly everything that there can be, with files.
func TestPlansInWords(t *testing.T) {
	for _, template := range program.Templates() {
		d, wrong := template.Build(nil, program.Setting{Connection: "conn_1", Items: world(t), Currency: "EUR", Zone: "Europe/Berlin"})
		if len(wrong) > 0 {
			t.Fatal(wrong)
		}
		sources, _ := program.Resolve(d, world(t))
		golden(t, template.Name+".txt", []byte(program.TextOver(d, sources)))
	}
	golden(t, "whole.txt", []byte(program.Text(decoded(t, whole))))
	golden(t, "otherwise.txt", []byte(program.Text(decoded(t, otherwise))))
}

// otherwise is a program with the other value of each setting that whole leaves to its default, as far as they go together.
const otherwise = `{
	"kind": "contest", "title": "Otherwise", "description": "What is not the default.", "currency": "JPY", "zone": "UTC", "period": "week",
	"calendar": {"year_starts": 2, "week_starts": 7, "pattern": "4-4-5", "year_ends": "nearest"},
	"participants": {"teams": ["North", "South"], "members": ["mbr_1"]},
	"exchange": {"on": "period_end"}, "rounding": "half_even", "mid_period": "at_end",
	"components": [
		{"name": "deals", "title": "Deals", "for": {"roles": ["partner"], "except": ["mbr_3"]}, "source": {"view": "deals", "dates": ["date_won", "date_created"], "owner": "closer"},
		 "qualifiers": [{"name": "Large", "formula": "row.value >= 1000"}, {"name": "New business", "formula": "!row.renewal"}], "value": "row.value", "currency": "row.value_currency",
		 "weight": "row.seats", "measure": {"kind": "weighted", "shared": true, "window": "quarter_to_date", "true_up": "at_rate"},
		 "credit": {"hierarchy": "period_end", "total": "any", "rules": [{"kind": "direct", "share": "1/3"}, {"kind": "split", "to": {"team": "North"}, "share_from": "row.part", "when": "row.shared"},
			{"kind": "rollup", "own": "add", "overlays": true, "share": "50%"}, {"kind": "overlay", "to": {"column": "engineer"}}]},
		 "quota": {"per": "quarter", "spread": "days", "prorate": "none", "none": "full"},
		 "rate": {"by": {"of": "measure", "component": "calls"}, "mode": "interpolated", "boundary": "upper", "of": "value", "each": true,
			"tiers": [{"from": "0", "pay": "0"}, {"from": "1000", "pay": "2.5%"}, {"from": "250000.5", "pay": "1.5", "mode": "whole"}]},
		 "adjust": [{"kind": "gate", "when": {"of": "earned", "component": "mix", "least": "1", "below": "5000"}}, {"kind": "multiplier", "factor": "1.1", "when": {"of": "attainment", "below": "1"}},
			{"kind": "multiplier", "curve": {"of": "count", "component": "calls", "mode": "interpolated", "boundary": "upper", "tiers": [{"from": "0", "pay": "1"}, {"from": "50", "pay": "2"}]}},
			{"kind": "cap", "amount": "1000000"}, {"kind": "floor", "of_target": "10%"}],
		 "clawback": {"policy": "negative_sale", "when": "row.lost", "date": "date_lost"}, "hold": {"share": "1/3", "release_date": "date_paid"}},
		{"name": "calls", "source": {"variable": "calls_made"}, "measure": {"kind": "count", "of": ["direct"]}, "key": "row.id",
		 "rate": {"pays": "amount", "mode": "whole", "tiers": [{"from": "0", "pay": "0"}, {"from": "100", "pay": "5000"}]}, "clawback": {"policy": "restate", "when": "row.bad", "date": "day", "within": 30},
		 "hold": {"share": "10%"}},
		{"name": "mix", "source": {"variable": "calls_made"}, "rate": {"of": "count", "by": {"of": "count"}, "dimensions": [{"name": "kind", "column": "direction"}, {"name": "reach", "by": {"of": "attainment", "component": "deals"}, "from": ["0", "1"]}],
			"cells": [{"at": {"kind": "outbound", "reach": "0"}, "tiers": [{"from": "0", "pay": "10"}, {"from": "20", "pay": "15"}]}, {"at": {"kind": "outbound", "reach": "1"}, "tiers": [{"from": "0", "pay": "20"}]},
				{"at": {"kind": "*", "reach": "0"}, "tiers": [{"from": "0", "pay": "0"}]}, {"at": {"kind": "*", "reach": "1"}, "tiers": [{"from": "0", "pay": "5"}]}]}},
		{"name": "seen", "source": {"variable": "calls_made"}}
	],
	"limits": [{"kind": "floor", "amount": "1000", "prorate": "none"}, {"kind": "cap", "of_target": "3", "over": "year", "excess": "carried"},
		{"kind": "draw", "amount": "200", "draw": {"form": "on_top", "recoverable": false, "periods": 3}}],
	"standing": {"by": {"component": "deals"}, "least": "1", "ascending": true, "teams": true, "ties": "first", "prizes": [{"from": 1, "to": 3, "thing": "a bicycle"}],
		"milestones": [{"at": "1000000", "amount": "5000"}, {"at": "2000000", "points": "10000"}], "budget": "100000", "beyond": "cut"}
}`

// TestWhatCannotBeHasATextToo so that a draft can be shown before it is right.
func TestWhatCannotBeHasATextToo(t *testing.T) {
	program.Text(program.Definition{})
	for _, broken := range []string{`"rate":{"tiers":[]}`, `"adjust":[{"kind":"multiplier"},{"kind":"gate"},{"kind":"kicker"},{"kind":"odd"}],"rate":{"cells":[{"at":{},"tiers":[]}],"dimensions":[{"name":"x"},{"name":"y","by":{}}],"tiers":[]}`,
		`"credit":{"rules":[{"kind":"split"},{"kind":"odd","to":{}}]}`, `"clawback":{"policy":"odd","when":"","date":""}`} {
		d := decoded(t, `{"kind":"odd","title":"","currency":"","zone":"","period":"","participants":{},"limits":[{"kind":"draw"},{"kind":"odd"}],
			"standing":{"by":{},"prizes":[{"from":1}]},"components":[{"name":"","source":{},`+broken+`}]}`)
		if program.Text(d) == "" {
			t.Error("it has none")
		}
		sources, _ := program.Resolve(d, world(t))
		if len(program.Errors(program.Check(d, "", sources, nil))) == 0 {
			t.Error("nothing is wrong with it")
		}
	}
}
