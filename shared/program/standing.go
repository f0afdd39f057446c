package program

import "leadline/shared/number"

// Standing is what participants are ranked by, and what ranks and milestones win.
type Standing struct {
	By By `json:"by"`
	// Least is what somebody must have to be ranked.
	Least *number.Number `json:"least,omitempty"`
	// Ascending ranks the least first.
	Ascending bool `json:"ascending,omitempty"`
	// Teams ranks teams: those that team credit goes to.
	Teams bool `json:"teams,omitempty"`
	// Ties says who gets what where several are equal.
	Ties Ties `json:"ties,omitempty" enum:"pooled,each,dense,first" default:"pooled"`
	// Prizes are those of ranks, Milestones those of everybody who reaches a value.
	Prizes     []Prize     `json:"prizes,omitempty" maxItems:"1000"`
	Milestones []Milestone `json:"milestones,omitempty" maxItems:"100"`
	// Budget is the most that all prizes in money come to; what is beyond is cut as Beyond says.
	Budget *number.Number `json:"budget,omitempty"`
	Beyond Beyond         `json:"beyond,omitempty" enum:"scale,cut" default:"scale"`
}

// Ties is what happens where several are equal.
type Ties string

// The ways. Pooled: they share the prizes of the ranks that they take up, the next rank is behind them all. Each: every one
// gets the prize of the rank, the next rank is behind them all. Dense: as each, the next rank follows at once. First: who
// reached the value first is ahead; of those who did at one moment, the lesser id.
const (
	Pooled     Ties = "pooled"
	EachGets   Ties = "each"
	Dense      Ties = "dense"
	FirstReach Ties = "first"
)

// Prize is what ranks From to To (included) win, each of them.
type Prize struct {
	From int `json:"from" minimum:"1"`
	To   int `json:"to,omitempty"`
	Award
}

// Milestone is what everybody wins who reaches a value.
type Milestone struct {
	At number.Number `json:"at"`
	Award
}

// Award is money in the program's currency, points, or a thing.
type Award struct {
	Amount *number.Number `json:"amount,omitempty"`
	Points *number.Number `json:"points,omitempty"`
	Thing  string         `json:"thing,omitempty" maxLength:"200"`
}

// Beyond is what happens to prizes beyond the budget: all get less in proportion, or the last ranks and milestones get none.
type Beyond string

// The ways.
const (
	Scale  Beyond = "scale"
	CutOff Beyond = "cut"
)
