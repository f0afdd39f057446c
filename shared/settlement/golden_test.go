package settlement_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"leadline/shared/incentive/incentivetest"
	"leadline/shared/ledger"
	"leadline/shared/money"
	"leadline/shared/number"
	"leadline/shared/settlement"
)

// TestWorkedExamples plays the examples in testdata/golden. Their numbers were worked out by hand from the rule that each states.
func TestWorkedExamples(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("testdata", "golden", "*.txt"))
	if err != nil {
		t.Fatal(err)
	}
	if len(files) < 18 {
		t.Errorf("there are only %d examples", len(files))
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, wrong := range play(string(text)) {
				t.Error(wrong)
			}
		})
	}
}

// play does what an example says, section by section, and tells what came out otherwise.
func play(text string) (wrong []string) {
	b := newBook()
	parts := strings.Split("\n"+text, "\n## ")
	if !strings.HasPrefix(strings.TrimSpace(parts[0]), "# ") || len(parts) < 4 {
		return []string{"the example has no title, or says nothing"}
	}
	for _, part := range parts[1:] {
		heading, body, _ := strings.Cut(part, "\n")
		name, rest, _ := strings.Cut(strings.TrimSpace(heading), " ")
		columns, rows := table(body)
		var diff []string
		switch name {
		case "Settle":
			var who []string
			for _, r := range rows {
				who = append(who, r["who"])
			}
			if err := b.settle(rest, who); err != nil {
				return append(wrong, fmt.Sprintf("%s: %v", heading, err))
			}
			diff = append(compare(columns, rows, b.statements(who)), b.check()...)
		case "Manual":
			b.byHand(rows)
		case "Differences":
			diff = compare(columns, rows, b.differences())
		case "Postings":
			diff = compare(columns, rows, b.posted())
		default:
			b.take(heading, body)
		}
		for _, d := range diff {
			wrong = append(wrong, heading+": "+d)
		}
	}
	return wrong
}

func table(body string) (columns []string, rows []incentivetest.Row) {
	for _, line := range strings.Split(body, "\n") {
		if line = strings.TrimSpace(line); line == "" || strings.HasPrefix(line, "{") || strings.HasPrefix(line, "//") {
			continue
		}
		cells := strings.Split(line, "|")
		if columns == nil {
			for _, c := range cells {
				columns = append(columns, strings.TrimSpace(c))
			}
			continue
		}
		row := incentivetest.Row{}
		for i, c := range cells {
			if i < len(columns) {
				row[columns[i]] = strings.TrimSpace(c)
			}
		}
		rows = append(rows, row)
	}
	return columns, rows
}

// compare holds rows to those that were written, in the columns that were.
func compare(columns []string, want, got []incentivetest.Row) (wrong []string) {
	text := func(r incentivetest.Row) string {
		cells := make([]string, len(columns))
		for i, c := range columns {
			cells[i] = r[c]
			switch c {
			case "payable", "adjusted", "manual", "credited", "benefits", "was", "now", "amount":
				cells[i] = asMajor(r[c], "USD")
			}
			if cells[i] == "0.00" {
				cells[i] = ""
			}
		}
		return strings.Join(cells, " | ")
	}
	for at := range max(len(want), len(got)) {
		w, g := "nothing", "nothing"
		if at < len(want) {
			w = text(want[at])
		}
		if at < len(got) {
			g = text(got[at])
		}
		if w != g {
			wrong = append(wrong, fmt.Sprintf("row %d: got\n\t%s\nwant\n\t%s", at+1, g, w))
		}
	}
	return wrong
}

// statements gives those of some, and of everybody else who gets anything.
func (b *book) statements(who []string) (rows []incentivetest.Row) {
	for one, m := range b.last {
		if d := m.document; !slices.Contains(who, one) && (d.Payable != 0 || len(d.Adjustments) > 0 || len(d.Manual) > 0 || d.Points != 0) {
			who = append(who, one)
		}
	}
	for _, one := range who {
		d := b.last[one].document
		s := d.Statement("", nil)
		rows = append(rows, incentivetest.Row{"who": one, "payable": major(s.Payable, s.Currency), "adjusted": major(s.Adjusted, s.Currency),
			"manual": major(s.Manual, s.Currency), "credited": major(s.Credited, s.Currency), "benefits": major(s.Benefits, s.Currency), "points": points(s.Points)})
	}
	return rows
}

func (b *book) byHand(rows []incentivetest.Row) {
	for _, r := range rows {
		m := settlement.Manual{ID: r["id"], Program: "prg_1", Participant: r["who"], Kind: settlement.ManualKind(r["kind"]), Reason: r["reason"],
			State: settlement.ManualPending, By: "per_max", CreatedAt: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)}
		n, _ := number.Parse(strings.ReplaceAll(r["amount"], ",", ""))
		if m.Kind == settlement.ByHandPoints {
			m.Amount, _ = n.Mul(number.Of(ledger.PointScale)).Round(0, number.HalfAway)
		} else if a, err := money.FromMajor(n, "USD", number.HalfAway); err == nil {
			m.Amount = a.Minor
		}
		b.manual = append(b.manual, m)
	}
}

func (b *book) differences() (rows []incentivetest.Row) {
	for _, who := range slices.Sorted(maps.Keys(b.last)) {
		d := b.last[who].document
		for _, a := range d.Adjustments {
			r := incentivetest.Row{"who": who, "period": a.Period, "component": a.Component, "kind": string(a.Kind), "line": a.Line, "was": major(a.Was, d.Currency),
				"now": major(a.Now, d.Currency), "amount": major(a.Amount, d.Currency), "cause": string(a.Cause.Code), "detail": a.Cause.Detail}
			if a.Points {
				r["was"], r["now"], r["amount"], r["unit"] = points(a.Was), points(a.Now), points(a.Amount), "points"
			}
			if a.Record != nil {
				r["deal"] = a.Record.ID
			}
			var by []string
			for _, c := range a.Cause.Records {
				by = append(by, fmt.Sprintf("%s %d>%d", c.Record.ID, c.WasRev, c.NowRev))
			}
			r["by"] = strings.Join(by, ", ")
			rows = append(rows, r)
		}
	}
	return rows
}

func (b *book) posted() (rows []incentivetest.Row) {
	for _, who := range slices.Sorted(maps.Keys(b.last)) {
		for _, p := range b.last[who].postings {
			for _, l := range p.Legs {
				if l.Kind == ledger.Cost {
					continue
				}
				r := incentivetest.Row{"who": who, "kind": string(p.Cause.Kind), "period": p.Cause.Period, "in": p.Cause.In, "component": p.Cause.Component, "code": p.Cause.Code,
					"ref": p.Cause.Ref, "id": p.Cause.ID, "account": string(l.Kind), "amount": major(l.Amount, string(l.Unit))}
				if l.Unit == ledger.Points {
					r["unit"], r["amount"] = "points", points(l.Amount)
				}
				if p.Cause.Record != nil {
					r["deal"] = p.Cause.Record.ID
				}
				rows = append(rows, r)
			}
		}
	}
	return rows
}
