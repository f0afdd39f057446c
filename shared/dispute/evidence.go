package dispute

import (
	"slices"

	"leadline/shared/fault"
	"leadline/shared/incentive"
	"leadline/shared/settlement"
)

// Found is what a line is in the evidence: the lines themselves, as they were.
type Found struct {
	// Lines are those of a component, a limit or a hold.
	Lines       []incentive.Line
	Outcome     *incentive.Outcome // of a component
	Prizes      []incentive.Prize
	Adjustments []settlement.Adjustment
	Manual      *settlement.Manual
	// Credits are those that the lines name, of the period or held back before it.
	Credits []incentive.Credit
	// Amount is what they come to: minor units of the currency, or millionths of points if Points.
	Amount int64
	Points bool
}

// Find looks a line up in what was frozen: d is nil for a period that was not, r where nothing was reckoned. Invalid (CodeLine) if
// there is no such line.
func (l Line) Find(d *settlement.Document, r *settlement.Reckoned) (Found, error) {
	if r == nil {
		r = &settlement.Reckoned{}
	}
	var f Found
	found := false
	switch l.Of {
	case Whole:
		found, f.Amount = true, r.Standing.Payable
		if d != nil {
			f.Amount = d.Credited
		}
	case Component:
		found = f.component(l, r.Result)
	case Limit:
		found = f.limit(l, r.Result)
	case Hold:
		f.take(r.Result.Holds, l.Credit)
		found = len(f.Lines) > 0
	case Prize:
		f.Prizes = r.Standing.Prizes
		for _, p := range f.Prizes {
			f.Amount += p.Amount
		}
		found = len(f.Prizes) > 0
	case Adjustment:
		found = d != nil && f.adjustment(l, d.Adjustments)
	case ByHand:
		found = d != nil && f.byHand(l, d.Manual)
	}
	if !found {
		return f, fault.New(fault.Invalid, CodeLine, "The statement has no such line: %s. Take of, component, credit, limit, period or adjustment from the statement.", l.describe())
	}
	f.credits(r.Input.Credits)
	return f, nil
}

// describe says which line it is, for the one who named it.
func (l Line) describe() string {
	text := "of " + string(l.Of)
	for _, part := range []struct{ name, value string }{{"component", l.Component}, {"credit", l.Credit}, {"period", l.Period}, {"adjustment", l.Adjustment}} {
		if part.value != "" {
			text += ", " + part.name + " " + part.value
		}
	}
	return text
}

func (f *Found) component(l Line, r incentive.Result) bool {
	at := slices.IndexFunc(r.Components, func(o incentive.Outcome) bool { return o.Component == l.Component })
	if at < 0 {
		return false
	}
	// A component of two versions in one period stands there twice.
	for _, o := range r.Components[at:] {
		if o.Component == l.Component {
			f.take(o.Lines, l.Credit)
		}
	}
	o := r.Components[at]
	o.Lines = nil
	f.Outcome = &o
	return l.Credit == "" || len(f.Lines) > 0
}

func (f *Found) limit(l Line, r incentive.Result) bool {
	at := slices.IndexFunc(r.Limits, func(x incentive.Limited) bool { return x.Step == l.Limit })
	if at < 0 {
		return false
	}
	f.take(r.Limits[at].Lines, l.Credit)
	return l.Credit == "" || len(f.Lines) > 0
}

func (f *Found) adjustment(l Line, all []settlement.Adjustment) bool {
	for _, a := range all {
		if (l.Period == "" || a.Period == l.Period) && (l.Component == "" || a.Component == l.Component) && (l.Credit == "" || a.Credit == l.Credit) {
			// Money and points are not added: those of the first count.
			if f.Points = len(f.Adjustments) == 0 && a.Points || f.Points; f.Points == a.Points {
				f.Amount += a.Amount
			}
			f.Adjustments = append(f.Adjustments, a)
		}
	}
	return len(f.Adjustments) > 0
}

func (f *Found) byHand(l Line, all []settlement.Manual) bool {
	at := slices.IndexFunc(all, func(m settlement.Manual) bool { return m.ID == l.Adjustment })
	if at < 0 {
		return false
	}
	f.Manual, f.Amount, f.Points = &all[at], all[at].Amount, all[at].Kind == settlement.ByHandPoints
	return true
}

// take takes lines of a credit; all of them for none.
func (f *Found) take(lines []incentive.Line, credit string) {
	for _, line := range lines {
		if credit == "" || line.Credit == credit {
			f.Lines = append(f.Lines, line)
			f.Amount += line.Amount
		}
	}
}

// credits keeps those that the lines name.
func (f *Found) credits(all []incentive.Credit) {
	named := map[string]bool{}
	for _, line := range f.Lines {
		named[line.Credit] = true
	}
	for _, a := range f.Adjustments {
		named[a.Credit] = true
	}
	for _, c := range all {
		if named[c.ID] {
			f.Credits = append(f.Credits, c)
		}
	}
}
