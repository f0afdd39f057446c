// Package nudge tells people where they stand, by rules over what they earn: two deals short of a tier, overtaken, a quota
// reached, nothing logged for a week. It is pure: nudge/keeper reads and writes, nudge/post sends.
//
// A rule looks at how things are (Facts), not at what happened: what was said of somebody is kept (State), and what is so and was
// not said yet is a cause. So a message that comes twice, or by several workers, says nothing twice, and what waited for the end
// of somebody's quiet hours is said only if it is still so.
package nudge

import (
	"time"

	"leadline/shared/number"
)

// Kind is what a rule looks for.
type Kind string

// The kinds.
const (
	// NearTier: little is missing to a tier of a rate table that pays more.
	NearTier Kind = "near_tier"
	// Overtaken: the rank got worse.
	Overtaken Kind = "overtaken"
	// QuotaReached: the quota, or a part or multiple of it.
	QuotaReached Kind = "quota_reached"
	// PrizeWon: a milestone's at once, a rank's when the period is over.
	PrizeWon Kind = "prize_won"
	// GoalMissed: the period is over, and the quota was not reached.
	GoalMissed Kind = "goal_missed"
	// NothingLogged: no credit is dated in some days.
	NothingLogged Kind = "nothing_logged"
	// StatementReady: the period is locked.
	StatementReady Kind = "statement_ready"
	// Paid: the period is paid.
	Paid Kind = "paid"
)

// Kinds lists the kinds.
func Kinds() []Kind {
	return []Kind{NearTier, Overtaken, QuotaReached, PrizeWon, GoalMissed, NothingLogged, StatementReady, Paid}
}

// lasts tells whether what a kind says is still worth saying later: it waits for a cap, where the others are dropped.
func (k Kind) lasts() bool { return k != Overtaken }

// Channel is a way to a person.
type Channel string

// The channels. The inbox is in-app: GET /v1/me/inbox.
const (
	Inbox Channel = "inbox"
	Email Channel = "email"
	Slack Channel = "slack"
)

// Channels lists the channels.
func Channels() []Channel { return []Channel{Inbox, Email, Slack} }

// Rule says when somebody is told something, and by which ways. Which of the fields count goes by its Kind.
type Rule struct {
	ID    string `json:"id"` // [a-z][a-z0-9_]{0,39}
	Kind  Kind   `json:"kind"`
	Title string `json:"title,omitempty"`
	Off   bool   `json:"off,omitempty"`
	// Programs are those that it looks at; empty for all. Component, too.
	Programs  []string `json:"programs,omitempty"`
	Component string   `json:"component,omitempty"`
	// Deals is how many may be missing to a tier that is reached by counting (near_tier).
	Deals int `json:"deals,omitempty"`
	// Share is what part of a tier's bound may be missing to one that is not (near_tier); nil for a tenth.
	Share *number.Number `json:"share,omitempty"`
	// Estimate says in deals what is missing, by the person's average deal, and tells once that is Deals or less (near_tier).
	Estimate bool `json:"estimate,omitempty"`
	// Attainment is the part of the quota that is meant (quota_reached, goal_missed); nil for all of it.
	Attainment *number.Number `json:"attainment,omitempty"`
	// Days is after how many days without credit (nothing_logged), or how many days after the period ended (goal_missed, ranks of
	// prize_won).
	Days int `json:"days,omitempty"`
	// Top tells only those who stood among so many first (overtaken); 0 for all.
	Top      int       `json:"top,omitempty"`
	Channels []Channel `json:"channels"`
	Cap      Cap       `json:"cap,omitzero"`
	// Uncounted says that it is told beyond the cap of a day, and does not count for it.
	Uncounted bool `json:"uncounted,omitempty"`
	// Rev counts the changes, from 1; 0 for one of the defaults, as it came. Its ETag.
	Rev int64 `json:"rev,omitempty"`
}

// Cap is how often a rule tells one person something: at most Times in any Hours hours; without Hours, in a period of the
// program. Without Times there is no bound.
type Cap struct {
	Times int `json:"times,omitempty"`
	Hours int `json:"hours,omitempty"`
}

// Setup is what an organization says about nudges.
type Setup struct {
	Organization string `json:"-"`
	// Channels are those that are switched on.
	Channels []Channel `json:"channels"`
	// Zone is the time zone of who has none of one's own; empty for that of the program. Language likewise; empty for English.
	Zone     string `json:"zone,omitempty"`
	Language string `json:"language,omitempty"`
	Quiet    Quiet  `json:"quiet,omitzero"`
	// PerDay is how many nudges one person gets in a day of the person's zone, by all rules; 0 for no bound.
	PerDay   int       `json:"per_day,omitempty"`
	Rules    []Rule    `json:"rules"`
	Wordings []Wording `json:"wordings,omitempty"`
	// Webhook is Slack's, sealed; Hint its last characters. Empty for none.
	Webhook   []byte    `json:"webhook,omitempty"`
	Hint      string    `json:"hint,omitempty"`
	By        string    `json:"by,omitempty"` // audit actor who changed it last
	UpdatedAt time.Time `json:"updated_at,omitzero"`
	// Rev counts the changes, from 1; 0 for one that is not stored.
	Rev int64 `json:"-"`
}

// Rule gives the rule of an id.
func (s Setup) Rule(id string) (Rule, bool) {
	for _, r := range s.Rules {
		if r.ID == id {
			return r, true
		}
	}
	return Rule{}, false
}

// Default is the setup of an organization that said nothing: everybody finds everything in the inbox, and nothing is sent until
// an admin switches that on.
func Default(organization string) Setup {
	day, once := Cap{Times: 1, Hours: 24}, Cap{}
	return Setup{Organization: organization, Channels: []Channel{Inbox}, Quiet: Quiet{From: "20:00", Until: "08:00", Weekend: true}, PerDay: 3, Rules: []Rule{
		{ID: "near_tier", Kind: NearTier, Deals: 2, Channels: Channels(), Cap: day},
		{ID: "overtaken", Kind: Overtaken, Top: 25, Channels: Channels(), Cap: day},
		{ID: "quota_reached", Kind: QuotaReached, Channels: Channels(), Cap: once},
		{ID: "prize_won", Kind: PrizeWon, Days: 1, Channels: Channels(), Cap: once},
		{ID: "goal_missed", Kind: GoalMissed, Days: 2, Channels: []Channel{Inbox, Email}, Cap: once},
		{ID: "nothing_logged", Kind: NothingLogged, Days: 7, Channels: []Channel{Inbox, Email}, Cap: Cap{Times: 1, Hours: 24 * 7}},
		{ID: "statement_ready", Kind: StatementReady, Channels: []Channel{Inbox, Email}, Uncounted: true},
		{ID: "paid", Kind: Paid, Channels: []Channel{Inbox, Email}, Uncounted: true},
	}}
}

// Preference is what a person says about one's own nudges.
type Preference struct {
	Organization string `json:"-"`
	Member       string `json:"-"`
	// Language, Zone and Quiet are the organization's where they are empty.
	Language string `json:"language,omitempty"`
	Zone     string `json:"zone,omitempty"`
	Quiet    *Quiet `json:"quiet,omitempty"`
	// Off opts out of everything, Mutes of some.
	Off   bool   `json:"off,omitempty"`
	Mutes []Mute `json:"mutes,omitempty"`
	// SlackUser is the id by which Slack knows the person ("U012AB3CD"), for a mention.
	SlackUser string `json:"slack_user,omitempty"`
	By        string `json:"by,omitempty"`
	Rev       int64  `json:"-"`
}

// Mute opts out of a rule by a channel; of the rule altogether without a channel, of the channel altogether without a rule.
type Mute struct {
	Rule    string  `json:"rule,omitempty"`
	Channel Channel `json:"channel,omitempty"`
}

// Muted tells whether the person opted out of a rule by a channel.
func (p Preference) Muted(rule string, c Channel) bool {
	if p.Off {
		return true
	}
	for _, m := range p.Mutes {
		if (m.Rule == "" || m.Rule == rule) && (m.Channel == "" || m.Channel == c) {
			return true
		}
	}
	return false
}

// Outcome is what became of a cause.
type Outcome string

// The outcomes. The empty one is that of no cause, or of one that was settled before.
const (
	Sent       Outcome = "sent"
	Held       Outcome = "held"
	Suppressed Outcome = "suppressed"
)

// Outcomes lists the outcomes.
func Outcomes() []Outcome { return []Outcome{Sent, Held, Suppressed} }

// Why something is held or suppressed.
const (
	WhyQuiet     = "quiet_hours"
	WhyCap       = "cap"       // of the rule
	WhyDailyCap  = "daily_cap" // over all rules
	WhyOptedOut  = "opted_out"
	WhyNoChannel = "no_channel" // none of the rule's is switched on, or leads to the person
)

// Nudge is one thing that somebody is told, or was not and why. All but its Posts is settled when it is made.
type Nudge struct {
	// ID sorts by time: a ULID, whose second half is drawn from the cause.
	ID           string    `json:"id"`
	Organization string    `json:"-"`
	Member       string    `json:"-"`
	At           time.Time `json:"at"`
	Rule         string    `json:"rule"`
	Kind         Kind      `json:"kind"`
	Program      string    `json:"program,omitempty"`
	Period       string    `json:"period,omitempty"` // its name
	Causes       []string  `json:"causes"`
	Outcome      Outcome   `json:"outcome"`
	Why          string    `json:"why,omitempty"`
	// Until is when what is held is looked at again.
	Until time.Time `json:"until,omitzero"`
	// Language is that of the texts.
	Language string `json:"language,omitempty"`
	// Posts are those of the channels by which it is told.
	Posts []Post `json:"posts,omitempty"`
	// ReadAt is when the person said that it was seen; zero until then.
	ReadAt time.Time `json:"-"`
	Rev    int64     `json:"-"`
}

// Post is a nudge on its way by a channel.
type Post struct {
	Channel Channel `json:"channel"`
	// Subject and Text are what it says, as it leaves: for Slack they are escaped.
	Subject string    `json:"subject,omitempty"`
	Text    string    `json:"text"`
	State   PostState `json:"state"`
	// Problem says, for people, why it was not sent, or not yet.
	Problem string `json:"problem,omitempty"`
	// Since is when it was begun, At when it was last tried.
	Since time.Time `json:"since,omitzero"`
	At    time.Time `json:"at,omitzero"`
	// LeasedUntil keeps others from sending it, too, while somebody does.
	LeasedUntil time.Time `json:"leased_until,omitzero"`
	Tries       int       `json:"tries,omitempty"`
}

// PostState is where a post stands.
type PostState string

// The states.
const (
	PostWaiting PostState = "waiting" // to be sent, or tried again
	PostSending PostState = "sending" // claimed by a sender
	PostSent    PostState = "sent"    // taken; of the inbox: it is there
	PostFailed  PostState = "failed"  // refused, or given up
	PostOff     PostState = "off"     // nobody to send it to, or by, any more
	// PostUnknown: its sender was ended while it was sending. It is not sent again: better none than two.
	PostUnknown PostState = "unknown"
)

// PostStates lists the states.
func PostStates() []PostState {
	return []PostState{PostWaiting, PostSending, PostSent, PostFailed, PostOff, PostUnknown}
}

// Final tells whether nothing more will be done.
func (s PostState) Final() bool { return s != PostWaiting && s != PostSending }

// By gives the post of a channel; nil if there is none.
func (n *Nudge) By(c Channel) *Post {
	for i := range n.Posts {
		if n.Posts[i].Channel == c {
			return &n.Posts[i]
		}
	}
	return nil
}

// InInbox tells whether the person finds it in the inbox.
func (n *Nudge) InInbox() bool { return n.Outcome == Sent && n.By(Inbox) != nil }
