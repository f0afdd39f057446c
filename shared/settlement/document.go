package settlement

import (
	"slices"
	"strings"
	"time"
)

// Draft is what a participant's statement is made of.
type Draft struct {
	Settlement  Settlement // being frozen: Period, Currency and Revision are its
	Title       string     // of the program
	Participant string
	Payer       string // id; empty if nobody was said to pay
	// Reckoned is what the period comes to, nil where nothing was reckoned; Hash that of it.
	Reckoned *Reckoned
	Hash     string
	// Adjustments are the differences of earlier periods, Manual what people added by hand: in any order.
	Adjustments []Adjustment
	Manual      []Manual
	At          time.Time
}

// NewDocument makes a statement whole. Internal (CodeUnsound) if what was reckoned contradicts itself, Invalid
// (number.CodeTooLarge) if a sum is more than an account holds.
func NewDocument(d Draft) (Document, error) {
	s := d.Settlement
	doc := Document{Organization: s.Organization, Program: s.Program, Title: d.Title, Period: s.Period, Participant: d.Participant, Payer: d.Payer,
		Currency: s.Currency, Revision: s.Revision, FrozenAt: d.At.UTC()}
	doc.Adjustments = slices.Clone(d.Adjustments)
	slices.SortStableFunc(doc.Adjustments, func(a, b Adjustment) int { return strings.Compare(a.Period, b.Period) })
	doc.Manual = slices.Clone(d.Manual)
	slices.SortFunc(doc.Manual, func(a, b Manual) int { return strings.Compare(a.ID, b.ID) })
	var points []int64
	if d.Reckoned != nil {
		if err := d.Reckoned.Check(); err != nil {
			return doc, err
		}
		doc.Reckoned, doc.Payable = d.Hash, d.Reckoned.Standing.Payable
		for _, p := range d.Reckoned.Standing.Prizes {
			won, err := millionths(p.Points)
			if err != nil {
				return doc, err
			}
			points = append(points, won)
		}
	}
	var adjusted, byHand, benefits []int64
	for _, a := range doc.Adjustments {
		if a.Points {
			points = append(points, a.Amount)
			continue
		}
		adjusted = append(adjusted, a.Amount)
	}
	for at := range doc.Manual {
		m := &doc.Manual[at]
		m.CreatedAt = m.CreatedAt.UTC()
		switch m.Kind {
		case ByHandPoints:
			points = append(points, m.Amount)
		case ByHandBenefit:
			benefits = append(benefits, m.Amount)
		default:
			byHand = append(byHand, m.Amount)
		}
	}
	var err error
	for _, one := range []struct {
		to *int64
		of []int64
	}{{&doc.Adjusted, adjusted}, {&doc.ByHand, byHand}, {&doc.Benefits, benefits}, {&doc.Points, points}} {
		if *one.to, err = sum(one.of...); err != nil {
			return doc, err
		}
	}
	doc.Credited, err = sum(doc.Payable, doc.Adjusted, doc.ByHand)
	return doc, err
}

// Empty tells whether there is nothing to state: no period that was reckoned, no adjustment, nothing by hand.
func (d Document) Empty() bool {
	return d.Reckoned == "" && len(d.Adjustments) == 0 && len(d.Manual) == 0
}

// Statement gives the small item of a document, which is stored under hash; settles are the earlier periods that it brings up to date.
func (d Document) Statement(hash string, settles []Settles) Statement {
	return Statement{Organization: d.Organization, Program: d.Program, Period: d.Period.Name, Participant: d.Participant, Revision: d.Revision,
		Currency: d.Currency, Payer: d.Payer, Payable: d.Payable, Adjusted: d.Adjusted, Manual: d.ByHand, Credited: d.Credited, Benefits: d.Benefits,
		Points: d.Points, Document: hash, Reckoned: d.Reckoned, Settles: settles, At: d.FrozenAt}
}

// Totals gives those of one statement.
func (s Statement) Totals() Totals {
	t := Totals{Statements: 1, Payable: s.Payable, Adjusted: s.Adjusted, Manual: s.Manual, Credited: s.Credited, Benefits: s.Benefits, Points: s.Points}
	if s.Credited < 0 {
		t.Negative = 1
	}
	return t
}

// Plus adds two up. Invalid (number.CodeTooLarge) if a sum is more than an account holds.
func (t Totals) Plus(o Totals) (Totals, error) {
	all := Totals{Statements: t.Statements + o.Statements, Negative: t.Negative + o.Negative}
	var err error
	for _, one := range []struct {
		to   *int64
		a, b int64
	}{{&all.Payable, t.Payable, o.Payable}, {&all.Adjusted, t.Adjusted, o.Adjusted}, {&all.Manual, t.Manual, o.Manual},
		{&all.Credited, t.Credited, o.Credited}, {&all.Benefits, t.Benefits, o.Benefits}, {&all.Points, t.Points, o.Points}} {
		if *one.to, err = sum(one.a, one.b); err != nil {
			return t, err
		}
	}
	return all, nil
}
