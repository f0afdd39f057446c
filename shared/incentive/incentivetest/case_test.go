package incentivetest_test

import (
	"strings"
	"testing"

	"leadline/shared/incentive"
	"leadline/shared/incentive/incentivetest"
)

const example = `# Five percent
A deal of 10,000 at 5 %.
## Plan
{"components": [{"name": "sales", "value": "row.amount", "rate": {"tiers": [{"from": "0", "pay": "5%"}]}}],
 "standing": {"by": {"component": "sales"}, "prizes": [{"from": 1, "amount": "10"}]}}
## Deals
id | owner | amount | date
d1 | ann   | 10,000 | 2026-01-05
## Expect
period  | who | measure | exact | amount | payable | why
2026-01 | ann | 10,000  | 500   | 500.00 | 500.00  | -
## Lines
period  | who | deal | rate | amount
2026-01 | ann | d1   | 5%   | 500.00
## Credits
deal | who | kind   | value
d1   | ann | direct | 10,000
## Ranking
period  | who | score  | rank | prize
2026-01 | ann | 10,000 | 1    | 10.00
`

// check runs an example, and tells what is wrong with it, by the engine and by the oracle.
func check(t *testing.T, text string) (engine, oracle []string) {
	t.Helper()
	c, err := incentivetest.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	plan, err := incentive.Compile(c.Versions)
	if err != nil {
		t.Fatal(err)
	}
	run, err := c.Run(plan, plan.Calculate)
	if err != nil {
		t.Fatal(err)
	}
	again, err := run.Again(incentivetest.NewOracle(c.Versions).Calculate)
	if err != nil {
		t.Fatal(err)
	}
	return append(run.Check(), run.CheckTrace()...), again.Check()
}

func TestARightExample(t *testing.T) {
	if engine, oracle := check(t, example); len(engine)+len(oracle) > 0 {
		t.Errorf("engine: %v, oracle: %v", engine, oracle)
	}
}

// TestAWrongFigureIsTold changes one figure of a right example at a time.
func TestAWrongFigureIsTold(t *testing.T) {
	for name, c := range map[string]struct {
		old, new, want string
		oracle         bool
	}{
		"measure":        {"| 10,000  | 500   |", "| 10,001  | 500   |", "measure is 10000, want 10001", true},
		"exact":          {"| 500   | 500.00", "| 500.5 | 500.00", "exact is 500, want 500.5", true},
		"amount":         {"500.00 | 500.00  | -", "500.01 | 500.00  | -", "amount is 50000 minor units, want 50001", true},
		"payable":        {"500.00 | 500.00  | -", "500.00 | 499.99  | -", "payable is 50000 minor units, want 49999", true},
		"why":            {"500.00  | -", "500.00  | no_credit", `why is "-", want "no_credit"`, false},
		"another period": {"2026-01 | ann | 10,000  | 500", "2026-02 | ann | 10,000  | 500", "measure is 0, want 10000", true},
		"a line's rate":  {"| 5%   | 500.00", "| 6%   | 500.00", "rate is 0.05, want 0.06", false},
		"a line's deal":  {"2026-01 | ann | d1 ", "2026-01 | ann | d2 ", "there are none", false},
		"a credit":       {"direct | 10,000", "split  | 10,000", "no credit", false},
		"no credit":      {"d1   | ann | direct | 10,000", "d1   |     |        |", "has more credits", false},
		"a rank":         {"| 10,000 | 1 ", "| 10,000 | 2 ", "rank is 1, want 2", true},
		"a prize":        {"| 10.00", "| 11.00", "amount is 1000 minor units, want 1100", true},
	} {
		t.Run(name, func(t *testing.T) {
			text := strings.Replace(example, c.old, c.new, 1)
			if text == example {
				t.Fatal("nothing was changed")
			}
			engine, oracle := check(t, text)
			if !strings.Contains(strings.Join(engine, "\n"), c.want) {
				t.Errorf("told %q, want %q", engine, c.want)
			}
			if told := len(oracle) > 0; told != c.oracle {
				t.Errorf("of the oracle, told %q", oracle)
			}
		})
	}
}

func TestSharingIsCompared(t *testing.T) {
	for text, right := range map[string]bool{"0.05 | 70 30 | 0.04 0.01": true, "0.05 | 70 30 | 0.03 0.02": false} {
		c, err := incentivetest.Parse("# Sharing\n## Sharing\nwhole | weights | parts\n" + text + "\n")
		if err != nil {
			t.Fatal(err)
		}
		if wrong := c.CheckSharing(); (len(wrong) == 0) != right {
			t.Errorf("%s: %v", text, wrong)
		}
	}
}

func TestTextsThatAreNoExamples(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"no title":          {"Title\n", "no title"},
		"unknown section":   {"# T\n## Sales\n", `no section "Sales"`},
		"unknown column":    {"# T\n## Deals\nid | colour\n", `no column "colour"`},
		"too many cells":    {"# T\n## Deals\nid | owner\nd1 | ann | 5\n", "3 cells, for 2 columns"},
		"unknown setting":   {"# T\n## Plan\n{\"colour\": 1}\n", "colour"},
		"neither from":      {"# T\n## Plan since 2026-01-01\n{}\n", "neither from nor until"},
		"a number that not": {"# T\n## Plan\n{\"components\": [{\"name\": \"a\", \"rate\": {\"tiers\": [{\"from\": \"x\", \"pay\": \"1\"}]}}]}\n", "no number"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := incentivetest.Parse(c.text); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}
