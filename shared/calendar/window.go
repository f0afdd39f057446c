package calendar

import (
	"strings"

	"leadline/shared/fault"
)

// CodePeriod is the code of names that no period has.
const CodePeriod = "invalid_period"

// Named gives the period of a name, as Period.Name writes it. What is no name is fault.Invalid, CodePeriod.
func (c Calendar) Named(kind Kind, name string) (Period, error) {
	if p, ok := c.find(kind, name); ok && p.Name == name {
		return p, nil
	}
	example := c.Of(kind, "2026-11-22").Name
	if example == "" {
		return Period{}, fault.New(fault.Invalid, CodePeriod, "%q is no kind of period: there are day, week, month, quarter, half and year.", cut(string(kind), 20))
	}
	return Period{}, fault.New(fault.Invalid, CodePeriod, "%q is no %s of this calendar. Write it as %s.", cut(name, 20), kind, example)
}

func (c Calendar) find(kind Kind, name string) (Period, bool) {
	if kind == Daily {
		p := c.Of(kind, Date(name))
		return p, p.Kind != ""
	}
	text, rest, _ := strings.Cut(name, "-")
	year, ok := digits(text)
	if !ok || len(text) != 4 || year < 2 || year > 9997 {
		return Period{}, false
	}
	if kind == Yearly {
		return c.part(kind, year, 0), true
	}
	number, ok := digits(strings.TrimLeft(rest, "WPQH"))
	if !ok || number < 1 || number > 53 {
		return Period{}, false
	}
	if kind == Weekly {
		from := c.weeksBegin(year) + 7*(number-1)
		return c.week(year, from), from < c.weeksBegin(year+1)
	}
	size := months(kind)
	if size == 0 || number > 12/size {
		return Period{}, false
	}
	return c.part(kind, year, number-1), true
}

// Next gives the period of the same kind after one.
func (c Calendar) Next(p Period) Period { return c.Of(p.Kind, p.Until) }

// Previous gives the period of the same kind before one.
func (c Calendar) Previous(p Period) Period { return c.Of(p.Kind, p.From.AddDays(-1)) }

// Within gives the periods of a kind that have a day in a span, in order. The first and the last may reach beyond it. There are
// none if the span is empty, or has no beginning or no end.
func (c Calendar) Within(kind Kind, span Span) []Period {
	if span.Days() <= 0 {
		return nil
	}
	var all []Period
	for p := c.Of(kind, span.From); p.Kind != "" && p.From < span.Until; p = c.Next(p) {
		all = append(all, p)
	}
	return all
}

// Around gives the period of a kind that another belongs to: a week, which may run across its end, to the one that its fourth
// day lies in, and else the one that it lies in. Of a kind that is shorter, it is the one that it begins with.
func (c Calendar) Around(kind Kind, p Period) Period {
	if p.Kind == Weekly && kind != Weekly && kind != Daily {
		return c.Of(kind, p.From.AddDays(3))
	}
	return c.Of(kind, p.From)
}

// ToDate gives the time from the beginning of the quarter, half or year that a period belongs to (see Around) to the period's
// end. It is made of whole periods: with weeks that run across the beginning, it begins with the first week that belongs to it,
// so that the windows of all periods hold each day once and no day is counted to date in two.
func (c Calendar) ToDate(kind Kind, p Period) Span {
	around := c.Around(kind, p)
	if p.Kind != Weekly || c.Pattern != "" {
		return Span{around.From, p.Until}
	}
	from, ok := around.From.serial()
	if !ok {
		return Span{around.From, p.Until}
	}
	if kind != Weekly && kind != Daily {
		from = c.weekBegins(from + 3)
	}
	return Span{dateAt(from), p.Until}
}
