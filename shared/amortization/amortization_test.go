package amortization_test

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"leadline/shared/amortization"
	"leadline/shared/calendar"
	"leadline/shared/fault"
	"leadline/shared/money"
	"leadline/shared/number"
	"leadline/shared/record"

	"pgregory.net/rapid"
)

// TestWorkedExamples holds schedules and reports to the examples in testdata/golden. What a table does not have is 0; months that
// Expect does not name are not looked at.
func TestWorkedExamples(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("testdata", "golden", "*.txt"))
	if err != nil || len(files) < 20 {
		t.Fatalf("%d examples, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			p := table(t, string(text), "Policy")[0]
			policy := amortization.Policy{Months: count(t, p["months"]), Renewals: count(t, p["renewals"]), Expedient: p["expedient"] == "yes", By: amortization.Method(p["by"]), Later: amortization.Later(p["later"])}
			var lines []amortization.Line
			for _, l := range table(t, string(text), "Lines") {
				lines = append(lines, amortization.Line{Deal: record.Key{Connection: "c", Object: "deals", ID: l["deal"]}, Participant: l["who"], Currency: "EUR", Amount: cents(t, l["amount"]), Kind: amortization.Kind(l["kind"]),
					Earned: calendar.Date(l["earned"]), Until: calendar.Date(l["until"]), Lost: calendar.Date(l["lost"]), Months: count(t, l["months"])})
			}
			schedules, err := amortization.Schedules(lines, policy)
			if err != nil {
				t.Fatal(err)
			}
			rows, err := amortization.Report(schedules, "2026-01", "2029-01")
			if err != nil {
				t.Fatal(err)
			}
			for _, want := range table(t, string(text), "Expect") {
				at := slices.IndexFunc(rows, func(m amortization.Month) bool { return m.Month == want["month"] })
				got := rows[at]
				if got.Capitalized != cents(t, want["capitalized"]) || got.Amortized != cents(t, want["amortized"]) || got.WrittenOff != cents(t, want["written off"]) ||
					got.Closing != cents(t, want["closing"]) || got.Expensed != cents(t, want["expensed"]) {
					t.Errorf("%+v, want %v", got, want)
				}
			}
		})
	}
}

// table reads one as rows by column.
func table(t *testing.T, text, name string) []map[string]string {
	t.Helper()
	_, rest, found := strings.Cut(text, "\n## "+name+"\n")
	if !found {
		t.Fatalf("there is no table %s", name)
	}
	body, _, _ := strings.Cut(rest, "\n\n")
	lines := strings.Split(strings.TrimSpace(body), "\n")
	var rows []map[string]string
	for _, line := range lines[1:] {
		row, cells := map[string]string{}, strings.Split(line, "|")
		for i, column := range strings.Split(lines[0], "|") {
			if i < len(cells) {
				row[strings.TrimSpace(column)] = strings.TrimSpace(cells[i])
			}
		}
		rows = append(rows, row)
	}
	return rows
}

func count(t *testing.T, text string) int {
	if text == "" {
		return 0
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func cents(t *testing.T, text string) int64 {
	if text == "" {
		return 0
	}
	n, err := number.Parse(strings.ReplaceAll(text, ",", ""))
	if err != nil {
		t.Fatal(err)
	}
	a, err := money.FromMajor(n, "EUR", number.HalfAway)
	if err != nil {
		t.Fatal(err)
	}
	return a.Minor
}

// TestAllTies: whatever comes, each schedule ends at nothing, its months sum to its cost, and the report sums the schedules.
func TestAllTies(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		day := func(name string) calendar.Date {
			return calendar.Date("2026-01-01").AddDays(rapid.IntRange(0, 900).Draw(t, name))
		}
		policy := amortization.Policy{Months: rapid.IntRange(1, 40).Draw(t, "months"), Renewals: rapid.IntRange(0, 20).Draw(t, "renewals"), Expedient: rapid.Bool().Draw(t, "expedient"),
			By:    rapid.SampledFrom([]amortization.Method{amortization.ByDays, amortization.ByMonths}).Draw(t, "by"),
			Later: rapid.SampledFrom([]amortization.Later{amortization.Prospectively, amortization.Cumulatively}).Draw(t, "later")}
		var lines []amortization.Line
		var sum int64
		for range rapid.IntRange(1, 8).Draw(t, "lines") {
			l := amortization.Line{Deal: record.Key{ID: rapid.SampledFrom([]string{"a", "b"}).Draw(t, "deal")}, Participant: rapid.SampledFrom([]string{"ann", "ben"}).Draw(t, "who"), Currency: "EUR",
				Amount: rapid.Int64Range(-100_000, 200_000).Draw(t, "amount"), Earned: day("earned"), Kind: rapid.SampledFrom([]amortization.Kind{amortization.New, amortization.Renewal}).Draw(t, "kind")}
			if rapid.Bool().Draw(t, "ends") {
				l.Until = day("until")
			}
			if rapid.IntRange(0, 3).Draw(t, "leaves") == 0 {
				l.Lost = day("lost")
			}
			lines, sum = append(lines, l), sum+l.Amount
		}
		schedules, err := amortization.Schedules(lines, policy)
		if err != nil {
			t.Fatal(err)
		}
		var cost int64
		for _, s := range schedules {
			var amortized, writtenOff, capitalized, expensed, balance int64
			for _, m := range s.Months {
				if m.Opening != balance || m.Closing != m.Opening+m.Capitalized-m.Amortized-m.WrittenOff || s.Lost == "" && m.WrittenOff != 0 {
					t.Fatalf("%+v after %d", m, balance)
				}
				if policy.Later == amortization.Prospectively && m.Closing < 0 {
					t.Fatalf("the asset is below zero: %+v", m)
				}
				balance, amortized, writtenOff, capitalized, expensed = m.Closing, amortized+m.Amortized, writtenOff+m.WrittenOff, capitalized+m.Capitalized, expensed+m.Expensed
			}
			if balance != 0 || capitalized+expensed != s.Cost || amortized+writtenOff != capitalized {
				t.Fatalf("%+v comes to %d", s, balance)
			}
			cost += s.Cost
		}
		rows, err := amortization.Report(schedules, "2026-01", "2060-01")
		if err != nil {
			t.Fatal(err)
		}
		var total int64
		for i, m := range rows {
			if i > 0 && m.Opening != rows[i-1].Closing || m.Closing != m.Opening+m.Capitalized-m.Amortized-m.WrittenOff {
				t.Fatalf("%+v", m)
			}
			total += m.Capitalized + m.Expensed
		}
		if cost != sum || total != sum || rows[len(rows)-1].Closing != 0 {
			t.Fatalf("lines sum to %d, schedules to %d, the report to %d", sum, cost, total)
		}
		middle, err := amortization.Report(schedules, "2027-03", "2027-04")
		if err != nil || middle[0] != rows[14] {
			t.Fatalf("alone March 2027 is %+v, among others %+v, %v", middle[0], rows[14], err)
		}
	})
}

func TestRefused(t *testing.T) {
	fine := amortization.Policy{Months: 36, By: amortization.ByDays, Later: amortization.Prospectively}
	for want, spoil := range map[string]func(*amortization.Policy){
		"months is 0": func(p *amortization.Policy) { p.Months = 0 }, "months is 241": func(p *amortization.Policy) { p.Months = 241 }, "renewals is -1": func(p *amortization.Policy) { p.Renewals = -1 },
		`by is "weeks"`: func(p *amortization.Policy) { p.By = "weeks" }, `later is ""`: func(p *amortization.Policy) { p.Later = "" },
	} {
		p := fine
		spoil(&p)
		if _, err := amortization.Schedules(nil, p); !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
	for want, l := range map[string]amortization.Line{
		"when it was earned": {}, "is no day": {Earned: "2026-13-01"}, "240 months": {Earned: "2026-01-01", Months: 241}, "more than an account": {Earned: "2026-01-01", Amount: 1 << 62},
	} {
		if _, err := amortization.Schedules([]amortization.Line{l}, fine); !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
	two := []amortization.Schedule{{Currency: "EUR"}, {Currency: "USD"}}
	for _, c := range []struct {
		schedules   []amortization.Schedule
		from, until string
	}{{nil, "2026", "2027-01"}, {nil, "2026-01", "2026-01"}, {nil, "2026-13", "2027-01"}, {nil, "1900-01", "2026-01"}, {two, "2026-01", "2027-01"}} {
		if _, err := amortization.Report(c.schedules, c.from, c.until); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s to %s of %d: %v", c.from, c.until, len(c.schedules), err)
		}
	}
}
