// Package incentive reckons what people earn: of records and a program it makes credits, and of a participant's credits in a
// period what they are paid and why. It is pure, without store, clock or log, and the same input gives the same result to the
// byte. What it does is a list of steps (steps.go), each in a file of its own.
//
// Two things happen at two times. When a record changes, its credits are reckoned anew (Plan.Credit). When somebody's credits
// change, what they earn in the period is reckoned anew, whole (Plan.Calculate). Nothing is added to what was reckoned before,
// so the order in which things arrive makes no difference.
package incentive

import (
	"time"

	"leadline/shared/calendar"
	"leadline/shared/money"
	"leadline/shared/number"
	"leadline/shared/program"
	"leadline/shared/record"
)

// Credit is what one record counts for one participant in one component.
type Credit struct {
	// ID is drawn from Component, Record, Kind, Participant and Reversal, so that the same credit has the same id whenever it
	// is reckoned.
	ID          string             `json:"id"`
	Component   string             `json:"component"`
	Version     int                `json:"version"` // of the program
	Participant string             `json:"participant"`
	Kind        program.CreditKind `json:"kind"`
	// Date is the day that it counts on, in the program's zone. At orders the credits of a day, with the record's id.
	Date calendar.Date `json:"date"`
	At   time.Time     `json:"at"`
	// Record is where it comes from, Rev the version of the record that it was reckoned from.
	Record record.Key `json:"record"`
	Rev    int64      `json:"rev"`
	// Value is Share times what the record is worth, in the program's currency if it is money. Exact.
	Value number.Number `json:"value"`
	Share number.Number `json:"share"`
	// Weight is what the formula Weight says, times Share; Key what Key says.
	Weight number.Number `json:"weight,omitzero"`
	Key    string        `json:"key,omitempty"`
	// Worth is what the record is worth in its own currency, Rate the row that converted it; nil where nothing was.
	Worth    number.Number `json:"worth,omitzero"`
	Currency string        `json:"currency,omitempty"`
	Rate     *money.Rate   `json:"rate,omitempty"`
	// Cell holds the values of the columns that rate tables have as dimensions, by dimension.
	Cell map[string]string `json:"cell,omitempty"`
	// Release is the day on which what is held back of it is paid; empty for none yet.
	Release calendar.Date `json:"release,omitempty"`
	// Levels is how far above the record's owner the participant is, for a roll-up: 1 for the manager.
	Levels int `json:"levels,omitempty"`
	// Reversal marks a credit that takes another back, on the day of the loss: Of is its id, and TakeBack says that what it
	// earned is taken back (Share of it), rather than that its value counts less.
	Reversal bool   `json:"reversal,omitempty"`
	Of       string `json:"of,omitempty"`
	TakeBack bool   `json:"take_back,omitempty"`
	// Company is true for one credit's worth of each record: their sum is what the record counts in totals of the company.
	// Roll-ups, overlays and teams have none.
	Company bool `json:"company,omitempty"`
}

// Refusal is why a record, or a part of it, counts for nothing: for people, with a code for machines.
type Refusal struct {
	Component string `json:"component"`
	// Step is the record step that refused it: "date", "qualify", "value", "convert", "credit", "claw".
	Step string `json:"step"`
	Code string `json:"code"`
	// Detail says what was asked and what was there: "Won only: row.status_type is \"active\"".
	Detail string `json:"detail"`
	// Problem tells what somebody must mend (a missing rate, shares of 110 %, a formula without its value) from what merely
	// does not count.
	Problem bool `json:"problem"`
}

// Goal is what one participant's quota or target is, where it is not the component's: Amount is for what the component's own
// is for (program.Goal.Per), and counts on the days of Span. Where several count on a day, it is the one that began last.
type Goal struct {
	Component string `json:"component"`
	// Target says that it is the variable pay at target; else the quota.
	Target bool          `json:"target,omitempty"`
	Amount number.Number `json:"amount"`
	Span   calendar.Span `json:"span"`
}

// Input is all that a participant's period is reckoned from.
type Input struct {
	Participant string          `json:"participant"`
	Period      calendar.Period `json:"period"`
	// Spans are the days on which the participant takes part, in ascending order, also those outside of the period; ramps count
	// from the first. ComponentSpans are those of components that only some take part in (program.Component.For).
	Spans          []calendar.Span            `json:"spans"`
	ComponentSpans map[string][]calendar.Span `json:"component_spans,omitempty"`
	// Credits are the participant's, of the period and of what windows to date look back to, in any order.
	Credits []Credit `json:"credits"`
	// Goals are the participant's own.
	Goals []Goal `json:"goals,omitempty"`
	// Taken says, by the id of a credit, what it earned in its own period: for the credits that take back.
	Taken map[string]money.Amount `json:"taken,omitempty"`
	// Released are the holds (by credit id) that somebody released by hand, with the day. Nothing stores such releases yet: the
	// keeper gives none, and what is held is released on the day that the record says.
	Released map[string]calendar.Date `json:"released,omitempty"`
	// Before is what the period before left: empty for the first.
	Before Carried `json:"before"`
}

// Carried is what one period leaves to the next.
type Carried struct {
	// Period is the name of the period that left it.
	Period string `json:"period,omitempty"`
	// Owed is what is to be recovered of draws, oldest first.
	Owed []Advance `json:"owed,omitempty"`
	// Excess is what caps cut off and did not lose, by component; that of a limit of the program under "". Minor units.
	Excess map[string]int64 `json:"excess,omitempty"`
	// Holds are the parts of lines that are held back.
	Holds []Held `json:"holds,omitempty"`
	// ToDate is what each component earned in the windows to date that go on, and what the program paid, under "": minor units,
	// by the name of the window's period ("2026-Q4").
	ToDate map[string]map[string]int64 `json:"to_date,omitempty"`
	// Periods counts the periods that the participant took part in.
	Periods int `json:"periods,omitempty"`
}

// Advance is a draw that is owed. Minor units.
type Advance struct {
	Period string `json:"period"`
	// Number counts the participant's periods: that of the advance.
	Number int   `json:"number"`
	Amount int64 `json:"amount"`
}

// Held is a part of a line that is held back. Minor units.
type Held struct {
	Component string        `json:"component"`
	Credit    string        `json:"credit"`
	Record    record.Key    `json:"record"`
	Period    string        `json:"period"`
	Amount    int64         `json:"amount"`
	Release   calendar.Date `json:"release,omitempty"`
}

// Revision counts the changes of the engine that change what it gives for the same input. It is stored with each input, so that
// a statement that cannot be made again to the byte says why.
const Revision = 1
