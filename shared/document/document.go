// Package document makes statements that people read and keep, as HTML pages and PDF files, of settlements that were frozen. It is
// pure: the same statement gives the same bytes, whenever and wherever it is made.
package document

import (
	"strconv"
	"strings"
	"time"

	"leadline/shared/incentive"
	"leadline/shared/ledger"
	"leadline/shared/money"
	"leadline/shared/number"
	"leadline/shared/record"
	"leadline/shared/settlement"
)

// Names are what a frozen statement does not hold: it knows people and organizations by their ids. Either may be empty: then the
// participant's id stands there, and no organization.
type Names struct {
	Person       string
	Organization string
}

// Statement is what a document shows, in its order. All texts are ready for people: amounts with all digits of their currency.
type Statement struct {
	Title string
	// Heading are the facts about the whole: whom and what it is about.
	Heading []Fact
	// Final says that it stands in the ledger, and never changes any more.
	Final bool
	Sums  []Sum
	Parts []Part
	// Origin says what it was made of: hashes and versions.
	Origin []Fact
	// FrozenAt is the only time in a document: it does not tell when it was made.
	FrozenAt time.Time
}

// Fact is a name with what it is.
type Fact struct{ Name, Text string }

// Sum is an amount of the statement.
type Sum struct {
	Name, Amount string
	// Total marks the sum of those before it.
	Total bool
}

// Part is a piece with a heading of its own: facts, a table, or both.
type Part struct {
	Title string
	Facts []Fact
	Table Table
}

// Table holds rows of as many cells as it has columns; none if it has no rows.
type Table struct {
	Columns []Column
	Rows    [][]string
}

// Column is one of a table. Width is its share of the page: those of a table need no particular sum.
type Column struct {
	Name   string
	Number bool
	Width  int
}

// Of makes the statement of what was frozen: hash is that of the document; r is what the period came to, nil where nothing was
// reckoned.
func Of(d settlement.Document, hash string, r *settlement.Reckoned, final bool, names Names) Statement {
	w := words{currency: d.Currency, records: map[string]record.Key{}, titles: map[string]string{}}
	person := d.Participant
	if names.Person != "" {
		person = names.Person + " (" + d.Participant + ")"
	}
	s := Statement{Title: "Statement: " + orElse(d.Title, d.Program), Final: final, FrozenAt: d.FrozenAt.UTC()}
	if names.Organization != "" {
		s.Heading = append(s.Heading, Fact{"Organization", names.Organization})
	}
	state := "Not final: it waits to be locked, and can be calculated anew."
	if final {
		state = "Final: it stands in the ledger and never changes."
	}
	s.Heading = append(s.Heading, Fact{"For", person}, Fact{"Period", period(d)}, Fact{"State", state})
	s.Sums = []Sum{{Name: "Earned in the period", Amount: w.money(d.Payable)}, {Name: "Adjustments of earlier periods", Amount: w.money(d.Adjusted)},
		{Name: "Adjustments by hand", Amount: w.money(d.ByHand)}, {Name: "Credited", Amount: w.money(d.Credited), Total: true},
		{Name: "Benefits in kind (value, in no sum)", Amount: w.money(d.Benefits)}, {Name: "Points", Amount: points(d.Points)}}
	s.Origin = []Fact{{"Document", hash}, {"Revision", strconv.Itoa(d.Revision)}, {"Frozen", s.FrozenAt.Format("2006-01-02 15:04:05 UTC")}}
	if r != nil {
		for _, c := range r.Input.Credits {
			w.records[c.ID] = c.Record
		}
		for _, h := range r.Input.Before.Holds { // what is released was a credit of an earlier period
			w.records[h.Credit] = h.Record
		}
		w.titles = r.Titles
		s.Parts = append(s.Parts, w.components(*r)...)
		s.Parts = append(s.Parts, w.limits(r.Result)...)
		s.Parts = append(s.Parts, w.holds(r.Result)...)
		s.Parts = append(s.Parts, w.prizes(r.Standing)...)
	}
	s.Parts = append(s.Parts, w.adjustments(d.Adjustments)...)
	s.Parts = append(s.Parts, w.byHand(d.Manual)...)
	if r != nil {
		s.Parts = append(s.Parts, w.carried(r.Result.After)...)
		s.Parts = append(s.Parts, w.credits(r.Input.Credits)...)
		s.Origin = append(s.Origin, Fact{"Reckoned as", d.Reckoned}, Fact{"Input", r.Standing.InputHash}, Fact{"Result", r.Standing.ResultHash},
			Fact{"Versions of the plan", versions(r.Versions)}, Fact{"Revision of the engine", strconv.Itoa(r.Engine)})
	}
	return s
}

// period names a period with its days.
func period(d settlement.Document) string {
	if d.Period.From == "" {
		return d.Period.Name
	}
	return d.Period.Name + " (" + string(d.Period.From) + " to " + string(d.Period.Until.AddDays(-1)) + ")"
}

func versions(all []int) string {
	texts := make([]string, len(all))
	for i, v := range all {
		texts[i] = strconv.Itoa(v)
	}
	return strings.Join(texts, ", ")
}

// words writes what a statement holds for people.
type words struct {
	currency string
	// records are those of the credits, by the credit's id; titles those of components, by name.
	records map[string]record.Key
	titles  map[string]string
}

func (w words) money(minor int64) string {
	return money.Amount{Minor: minor, Currency: w.currency}.String()
}

// amount writes money, or points.
func (w words) amount(n int64, isPoints bool) string {
	if isPoints {
		return points(n)
	}
	return w.money(n)
}

func points(millionths int64) string {
	return number.Frac(millionths, ledger.PointScale).String() + " points"
}

func (w words) title(component string) string { return orElse(w.titles[component], component) }

func orElse(text, other string) string {
	if text == "" {
		return other
	}
	return text
}

// recordText names a record as its source does.
func recordText(k record.Key) string { return strings.TrimSpace(k.Object + " " + k.ID) }

// from says what a line comes from: a record, as far as it is known, else the credit.
func (w words) from(credit string) string {
	if k, found := w.records[credit]; found {
		return recordText(k)
	}
	return credit
}

// shownDigits is how many decimals of a number that has more of them are shown.
const shownDigits = 6

// exact writes a number; one of many decimals rounded, and marked so.
func exact(n number.Number) string {
	text := n.String()
	_, decimals, _ := strings.Cut(text, ".")
	if !strings.Contains(text, "/") && len(decimals) <= shownDigits {
		return text
	}
	scaled, err := n.Round(shownDigits, number.HalfAway)
	if err != nil {
		return text // too large to be rounded, and so not in need of it
	}
	return "≈ " + number.Frac(scaled, 1_000_000).String()
}

// some writes a number that may be absent.
func some(n number.Number) string {
	if n.IsZero() {
		return ""
	}
	return exact(n)
}

func percent(n number.Number) string { return exact(n.Mul(number.Of(100))) + " %" }

// kindWords say what a kind of line is.
func kindWords(kind incentive.LineKind) string {
	switch kind {
	case incentive.LineRate:
		return "Rate"
	case incentive.LineTier:
		return "Tier amount"
	case incentive.LineFactor:
		return "Multiplier"
	case incentive.LineKicker:
		return "Kicker"
	case incentive.LineCap:
		return "Cap"
	case incentive.LineFloor:
		return "Floor"
	case incentive.LineCarried:
		return "Paid later after a cap"
	case incentive.LineToDate:
		return "Earned before, to date"
	case incentive.LineTakeBack:
		return "Taken back"
	case incentive.LineDraw:
		return "Draw"
	case incentive.LineRecovery:
		return "Recovery of a draw"
	case incentive.LineHeld:
		return "Held back"
	case incentive.LineReleased:
		return "Released"
	case incentive.LinePrize:
		return "Prize"
	case incentive.LineAdjustment:
		return "Adjustment"
	}
	return string(kind)
}
