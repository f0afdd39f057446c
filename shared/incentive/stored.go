package incentive

import (
	"time"

	"leadline/shared/calendar"
	"leadline/shared/record"
)

// Footprint is what one record left in one edition: where its credits lie, so that they can be taken away again, and what
// it was made of.
type Footprint struct {
	Organization string     `json:"-"`
	Edition      string     `json:"-"`
	Record       record.Key `json:"-"`
	// RecordRev is how the record was.
	RecordRev int64       `json:"record_rev"`
	Credits   []CreditRef `json:"credits"`
	// Hash is that of the credits, so that the same ones are not written again.
	Hash string `json:"hash"`
	// Touched are the participants and days whose periods are to be reckoned anew for this change and the one before it: until
	// that was ordered, a repetition orders it again.
	Touched []CreditRef `json:"touched,omitempty"`
	// Joined are the other records that were read: a change of theirs makes this one be credited anew.
	Joined []record.Key `json:"joined,omitempty"`
	// Refusals say why it, or part of it, does not count: those that are problems.
	Refusals []Refusal `json:"refusals,omitempty"`
	// Rev counts the writes, from 1.
	Rev int64     `json:"-"`
	At  time.Time `json:"-"`
}

// CreditRef is the place of a credit.
type CreditRef struct {
	Participant string        `json:"participant"`
	Date        calendar.Date `json:"date"`
	ID          string        `json:"id"`
}

// Unit is what is reckoned at once: one participant and one period of one edition.
type Unit struct {
	Organization string `json:"organization"`
	Program      string `json:"program"`
	Edition      string `json:"edition"`
	Participant  string `json:"participant"`
	Period       string `json:"period"` // its name
}

// Standing is what a unit came to, as lists show it: one small item, without lines.
type Standing struct {
	Unit
	// Generation is that of the unit's inputs that it was reckoned from. An older one never takes the place of a newer one.
	Generation int64 `json:"generation"`
	// InputHash names the stored input that the result is reckoned from, ResultHash the result's bytes.
	InputHash  string `json:"input_hash"`
	ResultHash string `json:"result_hash"`
	Currency   string `json:"currency"`
	Earned     int64  `json:"earned"`
	Payable    int64  `json:"payable"`
	// Figures are those of the components, by place.
	Figures []Figure `json:"figures"`
	// After is what the next period begins with.
	After Carried `json:"after"`
	// Rank and Prizes are those of a standing that ranks; 0 and none elsewhere. Prizes in money are in Payable.
	Rank   int     `json:"rank,omitempty"`
	Prizes []Prize `json:"prizes,omitempty"`
	// Score is what it ranks by, exact; Reached when it was reached, for ties.
	Score   string    `json:"score,omitempty"`
	Reached time.Time `json:"reached,omitzero"`
	At      time.Time `json:"at"`
}

// Figure is a component's part of a standing.
type Figure struct {
	Component  string `json:"component"`
	Version    int    `json:"version"`
	Credits    int    `json:"credits"`
	Measure    string `json:"measure"`
	Quota      string `json:"quota,omitempty"`
	Attainment string `json:"attainment,omitempty"`
	Amount     int64  `json:"amount"`
	Why        string `json:"why,omitempty"` // the code
}

// Prize is what a rank or milestone won. Amount in minor units.
type Prize struct {
	// Rank is that of a rank's prize, Milestone the value of a milestone's.
	Rank      int    `json:"rank,omitempty"`
	Milestone string `json:"milestone,omitempty"`
	Amount    int64  `json:"amount,omitempty"`
	Points    string `json:"points,omitempty"`
	Thing     string `json:"thing,omitempty"`
	Note      string `json:"note,omitempty"`
}
