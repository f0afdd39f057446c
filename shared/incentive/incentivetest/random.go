package incentivetest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"leadline/shared/calendar"
	"leadline/shared/incentive"
	"leadline/shared/number"
	"leadline/shared/program"
	"leadline/shared/record"
)

// Random makes programs and histories by chance: the same ones from the same source.
type Random struct{ *rand.Rand }

// NewRandom makes the source of a number.
func NewRandom(seed uint64) Random { return Random{rand.New(rand.NewPCG(seed, 0x9e3779b97f4a7c15))} }

func (r Random) one(in int) bool { return r.IntN(in) == 0 }

func pick[T any](r Random, of ...T) T { return of[r.IntN(len(of))] }

// decimal is a number from least to most, with up to so many decimals.
func (r Random) decimal(least, most int64, digits int) number.Number {
	scale := int64(1)
	for range r.IntN(digits + 1) {
		scale *= 10
	}
	return number.Frac(least*scale+r.Int64N((most-least)*scale+1), scale)
}

func ptr[T any](v T) *T { return &v }

// Versions makes a program: one version, or two of which the second begins within a period. They may be refused by program.Check.
func (r Random) Versions() []program.Version {
	first := program.Version{Number: 1, From: "2026-01-01", Definition: r.Definition()}
	versions := []program.Version{first}
	if r.one(6) {
		second := program.Version{Number: 2, From: pick(r, calendar.Date("2026-03-11"), "2026-05-31", "2026-04-01"), Definition: r.Definition()}
		d := &second.Definition
		d.Period, d.Calendar, d.Currency = first.Definition.Period, first.Definition.Calendar, first.Definition.Currency
		versions[0].Until = second.From
		versions = append(versions, second)
		for i := range versions {
			plainer(&versions[i].Definition)
		}
	}
	for i := range versions {
		if err := Resolve(&versions[i]); err != nil {
			return nil
		}
	}
	return versions
}

// plainer leaves out what two versions of one period share with each other, and the oracle does not follow.
func plainer(d *program.Definition) {
	for i := range d.Components {
		c := &d.Components[i]
		if c.Measure.Window != "" {
			c.Measure.TrueUp = program.AtRate
		}
		c.Adjust = slices.DeleteFunc(c.Adjust, func(a program.Adjustment) bool { return a.Excess == program.CarriedOver })
	}
	for i := range d.Limits {
		d.Limits[i].Excess, d.Limits[i].Over = "", ""
	}
}

// Hold lets some components hold part of what is earned back, for days or until somebody releases it.
func (r Random) Hold(versions []program.Version) {
	for _, v := range versions {
		for i := range v.Definition.Components {
			if c := &v.Definition.Components[i]; c.Rate != nil && r.one(2) {
				c.Hold = &program.Hold{Share: number.Frac(1+r.Int64N(100), 100), AfterDays: r.IntN(90)}
			}
		}
	}
}

// Definition makes what a version says. Where one cap carries what it cuts off, it is the only one: the oracle follows no more.
func (r Random) Definition() program.Definition {
	d := Defaults()
	d.Currency = pick(r, "USD", "USD", "JPY", "KWD")
	d.Period = pick(r, calendar.Monthly, calendar.Monthly, calendar.Monthly, calendar.Quarterly)
	d.Calendar = pick(r, calendar.Calendar{}, calendar.Calendar{}, calendar.Calendar{YearStarts: 4},
		calendar.Calendar{YearStarts: 2, WeekStarts: 7, Pattern: calendar.FourFourFive})
	d.Rounding = pick(r, number.Modes()...)
	d.MidPeriod = pick(r, "", program.ByDate, program.AtEnd)
	for i := range 1 + r.IntN(3) {
		d.Components = append(d.Components, r.component(i))
	}
	for range r.IntN(3) {
		d.Limits = append(d.Limits, r.limit())
	}
	for i := range d.Components {
		c := &d.Components[i]
		carries := func(a program.Adjustment) bool { return a.Excess == program.CarriedOver }
		if at := slices.IndexFunc(c.Adjust, carries); at >= 0 {
			one := c.Adjust[at]
			c.Adjust = slices.DeleteFunc(c.Adjust, func(a program.Adjustment) bool { return a.Kind == program.Cap })
			c.Adjust = slices.Insert(c.Adjust, min(at, len(c.Adjust)), one)
		}
	}
	carries := func(l program.Limit) bool { return l.Excess == program.CarriedOver }
	if at := slices.IndexFunc(d.Limits, carries); at >= 0 {
		one := d.Limits[at]
		d.Limits = slices.DeleteFunc(d.Limits, func(l program.Limit) bool { return l.Kind == program.LimitCap })
		d.Limits = slices.Insert(d.Limits, min(at, len(d.Limits)), one)
	}
	return d
}

// component makes one; it may look at those before it.
func (r Random) component(nth int) program.Component {
	c := program.Component{Name: fmt.Sprintf("c%d", nth), Value: "row.amount"}
	m := &c.Measure
	m.Kind = pick(r, "", program.Sum, program.Sum, program.Sum, program.Count, program.Count, program.Average, program.Ratio, program.Weighted, program.Max,
		program.Min, program.Distinct)
	c.Weight, c.Key = "row.weight", "row.customer"
	c.Credit = program.Crediting{Rules: []program.CreditRule{{Kind: program.Direct}, {Kind: program.Overlay, To: &program.Recipient{Column: "helper"}}}}
	m.Of = pick(r, nil, nil, []program.CreditKind{program.Direct}, []program.CreditKind{program.Overlay, program.Direct})
	m.Shared = r.one(3)
	m.Window = pick(r, "", "", program.ThisPeriod, program.QuarterToDate, program.HalfToDate, program.YearToDate)
	m.TrueUp = pick(r, "", program.Deduct, program.AtRate)
	if r.IntN(3) > 0 {
		c.Quota = &program.Quota{Goal: r.goal(pick(r, "0", "10", "900", "1234.5")), None: pick(r, "", program.Nothing, program.Full)}
	}
	if !r.one(8) {
		c.Rate = r.rate(c, nth)
		for range r.IntN(4) {
			c.Adjust = append(c.Adjust, r.adjustment(c, nth))
		}
	}
	return c
}

func (r Random) goal(amount string) program.Goal {
	g := program.Goal{Spread: pick(r, "", program.Equal, program.SpreadDay), Prorate: pick(r, "", program.ByDays, program.Whole),
		Per: pick(r, "", "", calendar.Quarterly, calendar.Yearly, calendar.HalfYear)}
	if n, err := number.Parse(amount); err == nil {
		g.Amount = &n
	}
	if r.one(3) {
		for range 1 + r.IntN(3) {
			g.Ramp = append(g.Ramp, r.decimal(0, 1, 2))
		}
	}
	return g
}

// by looks at this component, or at one before it.
func (r Random) by(c program.Component, nth int) program.By {
	b := program.By{Of: pick(r, "", program.ByMeasure, program.ByAttainment, program.ByCount)}
	if nth > 0 && r.one(4) {
		b.Component = fmt.Sprintf("c%d", r.IntN(nth))
		b.Of = pick(r, b.Of, program.ByEarned)
	}
	if b.Component == "" && b.Of == program.ByAttainment && c.Quota == nil {
		b.Of = program.ByMeasure
	}
	return b
}

func (r Random) rate(c program.Component, nth int) *program.Rate {
	t := &program.Rate{By: r.by(c, nth), Pays: pick(r, "", program.PaysRate, program.PaysRate, program.PaysAmount),
		Of: pick(r, "", program.OfMeasure, program.OfValue, program.OfCount), Mode: pick(r, "", program.Marginal, program.WholeAmount, program.Interpolated),
		Boundary: pick(r, "", program.Lower, program.Upper), Each: r.one(5)}
	if r.one(3) {
		t.Of = program.OfTarget
	}
	if t.Of == program.OfTarget || r.one(2) {
		g := r.goal(pick(r, "500", "1000.10"))
		t.Target = &g
	}
	switch r.IntN(6) {
	case 0:
		t.Dimensions = []program.Dimension{{Name: "product", Column: "product"}}
		for _, at := range []string{"hardware", "software", "*"} {
			t.Cells = append(t.Cells, program.Cell{At: map[string]string{"product": at}, Tiers: r.tiers(t.By)})
		}
	case 1:
		by := r.by(c, nth)
		second := number.Frac(1+r.Int64N(5), pick(r, int64(1), 2))
		t.Dimensions = []program.Dimension{{Name: "step", By: &by, From: []number.Number{number.Of(0), second}}}
		for _, at := range []string{"0", second.String()} {
			t.Cells = append(t.Cells, program.Cell{At: map[string]string{"step": at}, Tiers: r.tiers(t.By)})
		}
	default:
		t.Tiers = r.tiers(t.By)
	}
	return t
}

// tiers makes them where credits may come to lie: attainments about 1, counts of a few, values of hundreds.
func (r Random) tiers(by program.By) []program.Tier {
	step := int64(400)
	switch by.Of {
	case program.ByAttainment:
		step = 1
	case program.ByCount:
		step = 3
	}
	var tiers []program.Tier
	from := number.Of(0)
	for range 1 + r.IntN(4) {
		tier := program.Tier{From: from, Pay: pick(r, r.decimal(0, 1, 3), r.decimal(0, 20, 2), number.Of(0))}
		if r.one(6) {
			tier.Mode = pick(r, program.Marginal, program.WholeAmount, program.Interpolated)
		}
		tiers = append(tiers, tier)
		from = from.Add(pick(r, r.decimal(1, 10, 1), number.Of(5), number.Of(10)).Mul(number.Frac(step, 10)))
	}
	return tiers
}

func (r Random) adjustment(c program.Component, nth int) program.Adjustment {
	a := program.Adjustment{Kind: pick(r, program.Gate, program.Multiplier, program.Multiplier, program.Kicker, program.CapDeal, program.Cap, program.Cap, program.Floor)}
	if a.Kind == program.Gate || r.one(3) {
		a.When = r.condition(c, nth)
	}
	switch a.Kind {
	case program.Gate:
		if r.one(2) {
			a.Factor = ptr(r.decimal(0, 1, 2))
		}
	case program.Multiplier:
		if r.one(2) {
			a.Factor = ptr(r.decimal(0, 2, 2))
			break
		}
		by := r.by(c, nth)
		a.Curve = &program.Curve{By: by, Mode: pick(r, "", program.WholeAmount, program.Interpolated), Boundary: pick(r, "", program.Upper), Tiers: r.tiers(by)}
		for i := range a.Curve.Tiers {
			if a.Curve.Tiers[i].Mode == program.Marginal {
				a.Curve.Tiers[i].Mode = ""
			}
		}
	default:
		if c.Rate.Target != nil && r.one(2) {
			a.OfTarget = ptr(r.decimal(0, 2, 2))
		} else {
			a.Amount = ptr(r.decimal(0, 300, 3))
		}
		if a.Kind == program.Cap && r.one(2) {
			a.Excess = program.CarriedOver
		}
	}
	return a
}

func (r Random) condition(c program.Component, nth int) *program.Condition {
	w := &program.Condition{By: r.by(c, nth)}
	if r.IntN(3) > 0 {
		w.Least = ptr(r.decimal(0, 3, 1))
	}
	if w.Least == nil || r.one(4) {
		w.Below = ptr(r.decimal(4, 900, 0))
	}
	return w
}

func (r Random) limit() program.Limit {
	l := program.Limit{Kind: pick(r, program.LimitCap, program.LimitFloor, program.LimitDraw), Prorate: pick(r, "", program.ByDays, program.Whole)}
	l.Amount = ptr(r.decimal(0, 500, 3))
	switch l.Kind {
	case program.LimitCap:
		l.Excess = pick(r, "", program.Lost, program.CarriedOver)
		if l.Excess == "" && r.one(2) {
			l.Over = pick(r, calendar.Quarterly, calendar.HalfYear, calendar.Yearly)
		}
	case program.LimitDraw:
		l.Draw = &program.Draw{Form: pick(r, "", program.Guarantee, program.OnTop), Recoverable: r.IntN(4) > 0, RecoverAfter: r.IntN(3), Periods: r.IntN(4)}
		l.Draw.Forgive = l.Draw.Recoverable && l.Draw.Periods > 0 && r.one(2)
		if r.one(2) {
			l.Draw.RecoverShare = ptr(number.Frac(1+r.Int64N(100), 100))
		}
	}
	return l
}

// History is somebody's credits in some periods.
type History struct {
	Periods []calendar.Period
	Spans   []calendar.Span
	Credits []incentive.Credit
}

// History makes one for a program.
func (r Random) History(versions []program.Version) History {
	d := versions[0].Definition
	h := History{Spans: []calendar.Span{pick(r, calendar.Span{From: "2026-01-01"}, calendar.Span{From: "2026-01-01"}, calendar.Span{From: "2026-02-17"},
		calendar.Span{From: "2026-01-01", Until: "2026-06-06"})}}
	h.Periods = d.Calendar.Within(d.Period, calendar.Span{From: "2026-02-01", Until: "2026-09-01"})
	days := h.Periods[len(h.Periods)-1].Until.Sub("2026-01-01")
	for i := range r.IntN(14) {
		date := calendar.Date("2026-01-01").AddDays(r.IntN(days))
		for _, c := range d.Components {
			if h.Spans[0].Holds(date) && !r.one(4) {
				h.credit(r, c, i, date)
			}
		}
	}
	if len(versions) > 1 {
		// What one version takes back of the other in one period hangs on how that one's cents fell on its lines.
		h.Credits = slices.DeleteFunc(h.Credits, func(c incentive.Credit) bool { return c.TakeBack })
	}
	r.Shuffle(len(h.Credits), func(i, j int) { h.Credits[i], h.Credits[j] = h.Credits[j], h.Credits[i] })
	return h
}

// credit adds one for a record, and perhaps another for the same one, and one that takes it back.
func (h *History) credit(r Random, of program.Component, nth int, date calendar.Date) {
	at, _ := time.Parse(time.DateOnly, string(date))
	c := incentive.Credit{Component: of.Name, Version: 1, Participant: "ann", Kind: program.Direct, Date: date, At: at.Add(time.Duration(r.IntN(3)) * time.Hour),
		Record: record.Key{Organization: organization, Connection: connection, Object: object, ID: fmt.Sprint("d", nth)}, Rev: 1,
		Share: pick(r, number.Of(1), number.Of(1), r.decimal(0, 1, 2)), Key: pick(r, "acme", "bolt", "core"), Cell: map[string]string{}}
	worth := pick(r, r.decimal(1, 900, 2), r.decimal(1, 20, 0), number.Frac(1+r.Int64N(900), 7), number.Of(200), number.Of(400), number.Of(450)) // some at bounds
	if r.one(8) && !of.Measure.Shared {
		worth = worth.Neg() // a credit note
	}
	c.Value, c.Weight = worth.Mul(c.Share), r.decimal(0, 3, 1).Mul(c.Share)
	c.ID = fmt.Sprintf("%s-%s-%s", c.Component, c.Record.ID, c.Kind)
	if of.Hold != nil && of.Hold.AfterDays > 0 {
		c.Release = date.AddDays(of.Hold.AfterDays)
	}
	if rate := of.Rate; rate != nil {
		for _, dimension := range rate.Dimensions {
			if dimension.Column != "" {
				c.Cell[dimension.Name] = pick(r, "hardware", "software", "services", "")
			}
		}
	}
	h.Credits = append(h.Credits, c)
	if r.one(6) {
		besides := c
		besides.Kind, besides.Share = program.Overlay, number.Frac(1, 5)
		besides.Value = worth.Mul(besides.Share)
		besides.ID = fmt.Sprintf("%s-%s-%s", c.Component, c.Record.ID, besides.Kind)
		h.Credits = append(h.Credits, besides)
	}
	if !r.one(5) {
		return
	}
	back := c
	back.ID, back.Reversal, back.Of = c.ID+"-back", true, c.ID
	back.Date = date.AddDays(r.IntN(70))
	back.At = at.AddDate(0, 0, back.Date.Sub(date)).Add(12 * time.Hour)
	switch kind := of.Measure.Kind; {
	case of.Rate != nil && r.one(2):
		back.TakeBack, back.Share = true, number.Of(1)
		if of.Measure.Window == "" && r.one(2) {
			back.Share = number.Frac(1, 2) // of a window, half a cent would fall on either side of its beginning
		}
	case kind == program.Sum || kind == program.Count || kind == "":
		back.Value, back.Share, back.Weight = c.Value.Neg(), c.Share.Neg(), c.Weight.Neg()
	default:
		return
	}
	h.Credits = append(h.Credits, back)
}
