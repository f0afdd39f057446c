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
	// Base is Payable without prizes, as the result has it: Rank makes Payable of it.
	Base int64 `json:"base"`
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

// Run is how far an edition has come: how its building, or its last refreshing, goes, and what it was last looked after by.
type Run struct {
	Organization string `json:"-"`
	Edition      string `json:"-"`
	// ID names the run, so that the parts of one are not taken for those of another.
	ID string `json:"id"`
	// Refresh says that what is shown is reckoned anew in its place; else a new edition is built.
	Refresh bool  `json:"refresh,omitempty"`
	Phase   Phase `json:"phase"`
	// Source is the place of the data source that is being listed, Cursor the page that comes next.
	Source int    `json:"source"`
	Cursor string `json:"cursor,omitempty"`
	// Sent counts the parts that were given to workers, Reached those that had been when a phase began.
	Sent    int `json:"sent"`
	Reached int `json:"reached"`
	// Parts is the sum of those that are done.
	Parts Part   `json:"parts"`
	Units int    `json:"units"` // participants to be reckoned
	Error string `json:"error,omitempty"`
	// People, Rates and Opened are what was taken in: the edition of the roster, the digest of the exchange rates, and the last
	// period that was begun.
	People int64     `json:"people"`
	Rates  string    `json:"rates,omitempty"`
	Opened string    `json:"opened,omitempty"`
	TendAt time.Time `json:"tend_at,omitzero"`
	// MovedAt is when a part was last seen to be done.
	MovedAt    time.Time `json:"moved_at,omitzero"`
	StartedAt  time.Time `json:"started_at,omitzero"`
	FinishedAt time.Time `json:"finished_at,omitzero"`
	// Rev counts the writes, from 1.
	Rev int64 `json:"-"`
}

// Phase is what a run is at.
type Phase string

// The phases, in their order.
const (
	Crediting   Phase = "crediting"
	Calculating Phase = "calculating"
	Ranking     Phase = "ranking"
	Done        Phase = "done"
	Failed      Phase = "failed"
)

// Part is a piece of a run that one worker did: records that were credited, or participants that were reckoned.
type Part struct {
	Number       int   `json:"number"`
	Records      int64 `json:"records"`
	Credits      int64 `json:"credits"`
	Refused      int64 `json:"refused"`
	Participants int64 `json:"participants"`
}

// Plus gives what two came to; its Number counts them, where p stands for one.
func (p Part) Plus(one Part) Part {
	return Part{Number: p.Number + 1, Records: p.Records + one.Records, Credits: p.Credits + one.Credits, Refused: p.Refused + one.Refused,
		Participants: p.Participants + one.Participants}
}
