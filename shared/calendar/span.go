package calendar

import "leadline/shared/fault"

// Span is a time in days: From is in it, Until is not.
type Span struct {
	From  Date `json:"from,omitempty"`
	Until Date `json:"until,omitempty"`
}

// Check refuses a span that holds no day.
func (s Span) Check() error {
	if s.Empty() {
		return fault.New(fault.Invalid, "invalid_span", "The time ends before it begins: until must be after from.")
	}
	return nil
}

// Days counts the days of the span: 0 if it is empty, -1 if it has no beginning or no end.
func (s Span) Days() int {
	from, ok1 := s.From.serial()
	until, ok2 := s.Until.serial()
	switch {
	case s.Empty():
		return 0
	case !ok1 || !ok2:
		return -1
	}
	return until - from
}

// Holds tells whether a day is in the span. The empty Date is its beginning.
func (s Span) Holds(d Date) bool { return s.From <= d && (s.Until == "" || d < s.Until) }

// Empty tells whether the span holds no day.
func (s Span) Empty() bool { return s.Until != "" && s.Until <= s.From }

// Contains tells whether all days of another span are in this one.
func (s Span) Contains(o Span) bool {
	return s.From <= o.From && (s.Until == "" || o.Until != "" && o.Until <= s.Until)
}

// And gives the days that are in both.
func (s Span) And(o Span) Span {
	both := Span{From: max(s.From, o.From), Until: s.Until}
	if both.Until == "" || o.Until != "" && o.Until < both.Until {
		both.Until = o.Until
	}
	return both
}

// Overlaps tells whether a day is in both.
func (s Span) Overlaps(o Span) bool { return !s.And(o).Empty() }

// Without gives what is left of the span when another, which overlaps it, is taken out: at most two spans.
func (s Span) Without(o Span) []Span {
	var left []Span
	if s.From < o.From {
		left = append(left, Span{s.From, o.From})
	}
	if o.Until != "" && (s.Until == "" || o.Until < s.Until) {
		left = append(left, Span{o.Until, s.Until})
	}
	return left
}
