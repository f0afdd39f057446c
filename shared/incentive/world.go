package incentive

import (
	"time"

	"leadline/shared/calendar"
	"leadline/shared/money"
	"leadline/shared/program"
	"leadline/shared/record"
	"leadline/shared/view"
)

// Base is the record whose credits are reckoned.
type Base struct {
	Record *record.Record
}

// World is what is asked while the credits of a record are reckoned. It is asked for days, never for now.
type World interface {
	// Find gives the records that views join.
	Find(to view.End, key string) *record.Record
	// MemberOf gives the member that a text of a record names: a member's id, or the id of a user of the connection's CRM.
	MemberOf(connection, text string) (member string, ok bool)
	// Chain gives whom a member reports to on a day, the nearest first, to the top: each once, and never the member.
	Chain(member string, on calendar.Date) []string
	// TeamsOf gives the names of the teams that a member is in on a day, Team the members of one, in the order of ids.
	TeamsOf(member string, on calendar.Date) []string
	Team(name string, on calendar.Date) []string
	// TakesPart tells whether a member takes part on a day.
	TakesPart(p program.Participants, member string, on calendar.Date) bool
	// Rate gives the rate that converts a currency into another on a day; false if there is none.
	Rate(from, to string, on calendar.Date) (money.Rate, bool)
}

// TeamParticipant is the participant that a team is, where teams take part.
func TeamParticipant(name string) string { return "team:" + name }

// MaxCredits is how many credits one record may give in one program.
const MaxCredits = 90

// clock is what views are given for a time: conditions on how long ago something was are refused in programs.
func clock(zone *time.Location) view.Clock { return view.Clock{Zone: zone} }
