package tax_test

import (
	"maps"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"leadline/shared/calendar"
	"leadline/shared/fault"
	"leadline/shared/money"
	"leadline/shared/number"
	"leadline/shared/tax"
)

// TestWorkedExamples holds the package to the examples in testdata/golden.
func TestWorkedExamples(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("testdata", "golden", "*.txt"))
	if err != nil {
		t.Fatal(err)
	}
	if len(files) < 40 {
		t.Errorf("there are only %d examples", len(files))
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			_, rest, ok1 := strings.Cut(string(text), "\n## Rules")
			rules, table, ok2 := strings.Cut(rest, "\n## Payments\n")
			if !ok1 || !ok2 {
				t.Fatal("it has no rules or no payments")
			}
			e := example{years: map[string]tax.Year{}}
			if rules = strings.TrimSpace(rules); strings.HasPrefix(rules, "{") {
				e.rules, err = tax.Decode([]byte(rules))
			} else {
				e.rules, err = tax.Named(rules)
			}
			if err != nil {
				t.Fatal(err)
			}
			lines := strings.Split(strings.TrimSpace(table), "\n")
			head := cells(lines[0])
			for i, line := range lines[1:] {
				e.row = map[string]string{}
				for at, cell := range cells(line) {
					e.row[head[at]] = cell
				}
				e.run(t, i+1)
			}
		})
	}
}

func cells(line string) []string {
	var all []string
	for cell := range strings.SplitSeq(line, "|") {
		all = append(all, strings.TrimSpace(cell))
	}
	return all
}

// example is a file with the row that is looked at.
type example struct {
	rules tax.Rules
	years map[string]tax.Year
	row   map[string]string
	done  []tax.Assessment
}

func (e *example) amount(t *testing.T, column string) int64 {
	t.Helper()
	text := strings.ReplaceAll(e.row[column], ",", "")
	if text == "" {
		return 0
	}
	n, err := number.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	a, err := money.FromMajor(n, e.rules.Currency, number.HalfAway)
	if err != nil {
		t.Fatal(err)
	}
	return a.Minor
}

func (e *example) run(t *testing.T, nth int) {
	t.Helper()
	if e.row["undo"] != "" {
		n, err := strconv.Atoi(e.row["undo"])
		if err != nil {
			t.Fatal(err)
		}
		undone := e.done[n-1]
		maps.Copy(e.years, tax.Undo(e.years, undone))
		e.done = append(e.done, undone)
		e.expect(t, nth, undone)
		return
	}
	p := tax.Payment{Payer: "p", On: calendar.Date(e.row["on"]), Currency: e.rules.Currency, Class: tax.Class(e.row["class"]), HasTaxID: e.row["id"] != "no",
		Cash: e.amount(t, "cash"), Benefit: e.amount(t, "benefit"), GrossUp: e.row["gross"] == "yes", Years: maps.Clone(e.years)}
	if e.row["payer"] != "" {
		p.Payer = e.row["payer"]
	}
	if e.row["currency"] != "" {
		p.Currency = e.row["currency"]
	}
	if e.row["rate"] != "" {
		rate, err := number.Parse(e.row["rate"])
		if err != nil {
			t.Fatal(err)
		}
		p.Rate = &rate
	}
	if to, mode, found := strings.Cut(e.row["rounding"], " "); found {
		p.Rounding = &tax.Rounding{To: tax.Step(to), Mode: number.Mode(mode)}
	}
	a, err := e.rules.Assess(p)
	code := ""
	if f := fault.Of(err); f != nil {
		code = f.Code
	}
	if code != e.row["refused"] {
		t.Errorf("payment %d: %v, want %q", nth, err, e.row["refused"])
	}
	if !maps.Equal(p.Years, e.years) {
		t.Errorf("payment %d: its years were changed", nth)
	}
	maps.Copy(e.years, a.Years)
	e.done = append(e.done, a)
	if err == nil {
		e.expect(t, nth, a)
	}
}

func (e *example) expect(t *testing.T, nth int, a tax.Assessment) {
	t.Helper()
	var first tax.Line
	if len(a.Lines) > 0 {
		first = a.Lines[0]
	}
	for column, got := range map[string]int64{"tax": a.FromCash, "bears": a.ByPayer, "short": a.Short, "left": first.Left, "base": first.Base, "withheld": e.years[first.YearKey].Withheld} {
		if e.row[column] != "" && got != e.amount(t, column) {
			t.Errorf("payment %d: %s is %d, want %s: %s", nth, column, got, e.row[column], first.Why)
		}
	}
	if e.row["report"] != "" && first.Reportable != (e.row["report"] == "yes") {
		t.Errorf("payment %d: reportable is %v", nth, first.Reportable)
	}
}
