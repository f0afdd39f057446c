package settlement

import (
	"cmp"
	"slices"
	"strings"

	"leadline/shared/incentive"
	"leadline/shared/record"
)

// Facts is what a settlement knows of a change beyond what was reckoned.
type Facts struct {
	// Unchanged tells whether a record is as it was when the period was settled last. Where such a record counts for somebody else, or
	// otherwise, it is not the cause: who takes part and leads whom, or the plan, is. Nil: nobody knows.
	Unchanged func(record.Key) bool
}

// Differences gives what a locked period would come to now against what it was settled as, line by line: was is the latter, nil for
// no statement; now nil for nothing. What a credit earns in a component is one line; what is of no single credit (tiers, kickers,
// caps, draws) is a line for each kind. The Amounts in money sum to now's Standing.Payable less was's, those of points to the
// difference of the prizes' points. What comes to the same is left out, so that equal inputs give none; the order of credits
// makes no difference.
//
// The causes come from comparing what both were reckoned from. Each line has one Code; where several things changed, the Detail
// says so.
func Differences(period string, was, now *Reckoned) []Adjustment {
	return Facts{}.Differences(period, was, now)
}

// Differences is the function of that name, with what else is known.
func (f Facts) Differences(period string, was, now *Reckoned) []Adjustment {
	c := newComparison(f, was, now)
	rows := map[rowKey]*row{}
	c.was.rows(func(k rowKey, amount int64) { rowAt(rows, k).was += amount })
	c.now.rows(func(k rowKey, amount int64) { rowAt(rows, k).now += amount })
	var all []Adjustment
	for k, r := range rows {
		if r.was == r.now {
			continue
		}
		a := Adjustment{Period: period, Component: k.component, Kind: k.kind, Credit: k.credit, Line: k.line, Was: r.was, Now: r.now, Amount: r.now - r.was, Points: k.points}
		if key, found := c.recordOf(k.credit); found {
			a.Record = &key
		}
		a.Cause = c.cause(k)
		all = append(all, a)
	}
	slices.SortFunc(all, compareAdjustments)
	return all
}

func compareAdjustments(a, b Adjustment) int {
	points := func(a Adjustment) int {
		if a.Points {
			return 1
		}
		return 0
	}
	return cmp.Or(cmp.Compare(kindPlace(a.Kind), kindPlace(b.Kind)), strings.Compare(a.Component, b.Component),
		strings.Compare(keyText(a.Record), keyText(b.Record)), strings.Compare(a.Credit, b.Credit), strings.Compare(a.Line, b.Line), cmp.Compare(points(a), points(b)))
}

func kindPlace(k AdjustmentKind) int {
	return slices.Index([]AdjustmentKind{OfComponent, OfLimit, OfHold, OfPrize}, k)
}

func keyText(k *record.Key) string {
	if k == nil {
		return ""
	}
	return nameOf(*k)
}

// rowKey is what tells one line of a difference from another.
type rowKey struct {
	kind      AdjustmentKind
	component string
	credit    string
	line      string
	points    bool
}

type row struct{ was, now int64 }

func rowAt(rows map[rowKey]*row, k rowKey) *row {
	if rows[k] == nil {
		rows[k] = &row{}
	}
	return rows[k]
}

// side is one of the two that are compared; the zero value for nothing.
type side struct {
	*Reckoned
	credits map[string]*incentive.Credit
	holds   map[string]*incentive.Held // that were held before, by credit
}

func newSide(r *Reckoned) side {
	s := side{Reckoned: r, credits: map[string]*incentive.Credit{}, holds: map[string]*incentive.Held{}}
	if r == nil {
		return s
	}
	for i := range r.Input.Credits {
		s.credits[r.Input.Credits[i].ID] = &r.Input.Credits[i]
	}
	for i := range r.Input.Before.Holds {
		s.holds[r.Input.Before.Holds[i].Credit] = &r.Input.Before.Holds[i]
	}
	return s
}

// rows tells each amount, and what row it belongs to.
func (s side) rows(tell func(rowKey, int64)) {
	if s.Reckoned == nil {
		return
	}
	for i := range s.Result.Components {
		o := &s.Result.Components[i]
		for j := range o.Lines {
			tell(lineKey(OfComponent, o.Component, &o.Lines[j]), o.Lines[j].Amount)
		}
	}
	for i := range s.Result.Limits {
		for j := range s.Result.Limits[i].Lines {
			l := &s.Result.Limits[i].Lines[j]
			tell(lineKey(OfLimit, "", l), l.Amount)
		}
	}
	for i := range s.Result.Holds {
		l := &s.Result.Holds[i]
		tell(lineKey(OfHold, s.heldIn(l.Credit), l), l.Amount)
	}
	for _, p := range s.Standing.Prizes {
		k := rowKey{kind: OfPrize, line: "rank"}
		if p.Milestone != "" {
			k.line = "milestone " + p.Milestone
		}
		tell(k, p.Amount)
		k.points = true
		if points, err := millionths(p.Points); err == nil { // what is no number is no prize that a document was made of
			tell(k, points)
		}
	}
}

func lineKey(kind AdjustmentKind, component string, l *incentive.Line) rowKey {
	k := rowKey{kind: kind, component: component, credit: l.Credit}
	if l.Credit == "" {
		k.line = string(l.Kind)
	}
	return k
}

// heldIn names the component that a credit is held in; empty if what it was reckoned from does not say.
func (s side) heldIn(credit string) string {
	if h := s.holds[credit]; h != nil {
		return h.Component
	}
	if c := s.credits[credit]; c != nil {
		return c.Component
	}
	return ""
}

// nameOf names a record for people and programs: its object and id.
func nameOf(k record.Key) string { return k.Connection + "/" + k.Object + "/" + k.ID }
