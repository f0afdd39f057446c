package game

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"

	"leadline/shared/calendar"
	"leadline/shared/incentive"
	"leadline/shared/ledger"
)

// Activity is something that a participant did. The same ID again is the same activity.
type Activity struct {
	Organization string        `json:"organization"`
	Participant  string        `json:"participant"`
	ID           string        `json:"id"`
	Kind         string        `json:"kind"`
	At           time.Time     `json:"at"`
	Date         calendar.Date `json:"date,omitempty"` // of At, in the zone of the rules
}

// PointsKind is what is done with points.
type PointsKind string

// The kinds.
const (
	Award      PointsKind = "award"
	Redemption PointsKind = "redemption"
	Revocation PointsKind = "revocation"
)

// Points is what a person asked for to be done with somebody's points, and why. It never changes. What became of it says the row
// of the ledger that has Cause: without one, nothing did.
type Points struct {
	Organization string     `json:"-"`
	ID           string     `json:"-"` // "pts_" and 12 of [0-9a-z]
	Kind         PointsKind `json:"kind"`
	Participant  string     `json:"participant"`
	// Amount in millionths, above zero. Of a revocation, the most that is taken; 0 for all of the award.
	Amount int64  `json:"amount"`
	Reason string `json:"reason"` // a code
	Note   string `json:"note,omitempty"`
	// Money and Rate say, of points that stand for money, how they came about: minor units of Currency.
	Money    int64  `json:"money,omitempty"`
	Currency string `json:"currency,omitempty"`
	Rate     *Rate  `json:"rate,omitempty"`
	// Award is the cause of the award that is revoked; Negative says that more may be taken than is left.
	Award    string        `json:"award,omitempty"`
	Negative bool          `json:"negative,omitempty"`
	Date     calendar.Date `json:"date"`
	By       string        `json:"by"`
	At       time.Time     `json:"at"`
	// Request identifies what was asked for, so that another request is not taken for this one.
	Request string `json:"request,omitempty"`
}

// State is where a participant stands in the game.
type State struct {
	Organization string `json:"-"`
	Participant  string `json:"-"`
	// RulesRev is that of the rules that it was last decided by.
	RulesRev int64 `json:"rules_rev,omitempty"`
	// Editions are those of programs of which all standings of the participant were taken in.
	Editions map[string]string `json:"editions,omitempty"`
	// Rows is how many rows of the ledger were taken in. Awarded is what they ever awarded, less what was revoked, Redeemed what was
	// spent, in millionths; Months is Awarded by month ("2026-11"), of the last MaxMonths.
	Rows     int64            `json:"rows,omitempty"`
	Awarded  int64            `json:"awarded,omitempty"`
	Redeemed int64            `json:"redeemed,omitempty"`
	Months   map[string]int64 `json:"months,omitempty"`
	// Earnings are those of the programs that tiers go by.
	Earnings map[string][]Earning `json:"earnings,omitempty"`
	// Counts counts activities by kind; Tallies counts those of a period, by what they are counted for.
	Counts  map[string]int64 `json:"counts,omitempty"`
	Tallies map[string]Tally `json:"tallies,omitempty"`
	// Met are the periods in which the condition of a badge or streak holds, or that have an activity of it, in order: by the badge
	// or streak ("badge/x", "streak/x"), the latest MaxMet.
	Met    map[string][]calendar.Period `json:"met,omitempty"`
	Badges []Held                       `json:"badges,omitempty"`
	// Level counts the levels that were reached at most.
	Level     int    `json:"level,omitempty"`
	LevelName string `json:"level_name,omitempty"`
	// Best is the longest that each streak ever was.
	Best map[string]int `json:"best,omitempty"`
	Tier HeldTier       `json:"tier,omitzero"`
	// Due are points that are to be awarded, Untold events that are to be told. Both were decided with what else the state says, and
	// stand here until that is done.
	Due       []Due     `json:"due,omitempty"`
	Untold    []Event   `json:"untold,omitempty"`
	UpdatedAt time.Time `json:"updated_at,omitzero"`
	Rev       int64     `json:"-"`
}

// The bounds of a state.
const (
	MaxMonths   = 40
	MaxMet      = 400
	maxEarnings = 200
	maxBadges   = 1000
	// tallyLife is for how many days after its end a period is counted for: activities may come that late.
	tallyLife = 70
)

// Place is where a participant stands, as lists show it. Points in millionths.
type Place struct {
	Participant string
	Awarded     int64
	Redeemed    int64
	Level       int
	LevelName   string
	Tier        string
	Badges      int
}

// Place gives where the participant stands, without the details.
func (s State) Place() Place {
	return Place{Participant: s.Participant, Awarded: s.Awarded, Redeemed: s.Redeemed, Level: s.Level, LevelName: s.LevelName, Tier: s.Tier.Name, Badges: len(s.Badges)}
}

// Earning is what a period of a program came to, in minor units of a currency.
type Earning struct {
	From     calendar.Date `json:"from"`
	Currency string        `json:"currency"`
	Minor    int64         `json:"minor"`
}

// Tally counts in a period that ends with Until.
type Tally struct {
	Until calendar.Date `json:"until"`
	Count int64         `json:"count"`
}

// Held is a badge that was given.
type Held struct {
	Badge  string    `json:"badge"`
	Name   string    `json:"name"`
	Period string    `json:"period,omitempty"`
	At     time.Time `json:"at"`
}

// HeldTier is the tier of a participant.
type HeldTier struct {
	Name  string        `json:"name,omitempty"`
	Since calendar.Date `json:"since,omitempty"`
	// Below is since when the figure is below it; empty while it is not.
	Below calendar.Date `json:"below,omitempty"`
	// Changes counts them.
	Changes int `json:"changes,omitempty"`
}

// Due is points that are to be awarded, once for each Cause.
type Due struct {
	Cause  string        `json:"cause"`
	Code   string        `json:"code"`
	Amount int64         `json:"amount"` // millionths
	Date   calendar.Date `json:"date"`
}

// EventType is what happened.
type EventType string

// The types of events.
const (
	PointsAwarded EventType = "points.awarded"
	BadgeEarned   EventType = "badge.earned"
	LevelReached  EventType = "level.reached"
	TierChanged   EventType = "tier.changed"
)

// EventTypes gives all types of events.
func EventTypes() []EventType {
	return []EventType{PointsAwarded, BadgeEarned, LevelReached, TierChanged}
}

// Event is something that happened to a participant. Its ID follows from its cause.
type Event struct {
	ID   string    `json:"id"`
	Type EventType `json:"type"`
	At   time.Time `json:"at"`
	Data Data      `json:"data"`
}

// Data says what happened; each type of event has its own part of it.
type Data struct {
	Participant string `json:"participant"`
	// Points awarded, why (a code), and by which cause in the ledger.
	Points string `json:"points,omitempty"`
	Reason string `json:"reason,omitempty"`
	Cause  string `json:"cause,omitempty"`
	// Balance is what there is to spend, Awarded what was ever awarded.
	Balance string `json:"balance,omitempty"`
	Awarded string `json:"awarded,omitempty"`
	Badge   string `json:"badge,omitempty"`
	Level   int    `json:"level,omitempty"`
	// Name is that of the badge or level, Period the one that a badge was given for.
	Name   string `json:"name,omitempty"`
	Period string `json:"period,omitempty"`
	// Tier and Previous are names; empty for none.
	Tier     string `json:"tier,omitempty"`
	Previous string `json:"previous,omitempty"`
}

// event makes an event of the participant whose id follows from its cause.
func (s *State) event(f Facts, kind EventType, cause string, d Data) {
	sum := sha256.Sum256([]byte(strings.Join([]string{s.Organization, string(kind), s.Participant, cause}, "\n")))
	d.Participant = s.Participant
	s.Untold = append(s.Untold, Event{ID: "evt_" + hex.EncodeToString(sum[:16]), Type: kind, At: f.Now, Data: d})
}

// Facts are what is to be taken in.
type Facts struct {
	Now   time.Time
	Today calendar.Date
	// Rows are those of the participant's book after State.Rows, by number.
	Rows []ledger.Row
	// Standings are those that may have changed.
	Standings []Standing
	// Editions are those of programs of which all standings are among Standings: what was known of the program is forgotten.
	Editions map[string]string
	// Activity is one that was not taken in before; nil for none.
	Activity *Activity
}

// Standing is how the participant stands in a period.
type Standing struct {
	incentive.Standing
	Span calendar.Period
}
