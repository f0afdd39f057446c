// Package keeper plays the game around selling: it reads what people did and how they stand, decides by package game, awards points in
// the ledger, and raises events.
//
// What is decided is written into the state of the participant in one conditional write, with the points that are due and the events
// that are untold, and only then done: points under causes that the ledger takes once, events under ids that follow from their causes.
// Whoever dies in between leaves them there, and the message that comes again finds them. So any number of workers may look at one
// participant at once, and each cause counts once.
package keeper

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"time"

	"leadline/shared/announce"
	"leadline/shared/calendar"
	"leadline/shared/fault"
	"leadline/shared/game"
	"leadline/shared/ledger"
	"leadline/shared/ledger/bookkeeper"
	"leadline/shared/schedule"
	"leadline/shared/store"
	"leadline/shared/telemetry"
)

// What messages are of. Others may share the queue, and some of these messages are for them, too.
const (
	// Moved: standings of Participants in Period changed.
	Moved = "moved"
	// Settled: a period was posted to the ledger, for Participants. One without any is followed by others that name them.
	Settled = "settled"
	// Look: Participants are looked after, whatever may have changed.
	Look = "look"
	// Activity: a participant did something.
	Activity = "activity"
	// Points: points of Participants were posted.
	Points = "points"
)

// Message is what stands in the queue.
type Message struct {
	Of           string         `json:"of"`
	Organization string         `json:"organization"`
	Program      string         `json:"program,omitempty"`
	Edition      string         `json:"edition,omitempty"`
	Period       string         `json:"period,omitempty"`
	Participants []string       `json:"participants,omitempty"`
	Activity     *game.Activity `json:"activity,omitempty"`
}

// Takes tells whether a message of the queue is for this keeper.
func Takes(body []byte) bool {
	var m struct {
		Of string `json:"of"`
	}
	if json.Unmarshal(body, &m) != nil {
		return false
	}
	switch m.Of {
	case Moved, Settled, Look, Activity, Points:
		return true
	}
	return false
}

// Keeper does what messages ask for. It is safe for concurrent use. All fields are required.
type Keeper struct {
	Games    store.Games
	Programs store.Programs
	Credits  store.Credits
	Books    *bookkeeper.Keeper
	// Events tells destinations: an announce.Domain.
	Events interface {
		Raise(ctx context.Context, organization string, e announce.Event) error
	}
	// Queue is the one that the messages come from.
	Queue interface {
		Send(ctx context.Context, group string, body []byte) error
	}
	Now func() time.Time
}

const (
	// reserve is the time that an invocation leaves unused: enough for the participant that it is on.
	reserve = 8 * time.Second
	// tries is how often a state is read again that somebody else was faster with. Each time that one loses, another has won.
	tries = 100
	// steps bounds how often one participant is decided on for one message: points that are awarded may bring a level, that level a tier.
	steps = 20
	// longestPause is the longest that is waited before a state is read again.
	longestPause = 20 * time.Millisecond
)

// Process does what some messages of the queue ask for, and gives an error for each that is to come again. Messages for others are
// none of its business.
func (k *Keeper) Process(ctx context.Context, bodies [][]byte) []error {
	errs := make([]error, len(bodies))
	for i, body := range bodies {
		if !Takes(body) {
			continue
		}
		if errs[i] = k.safely(func() error { return k.take(ctx, body) }); errs[i] != nil {
			telemetry.Fault(ctx, errs[i])
		}
	}
	return errs
}

// safely makes an error of a panic, which is then one of this message alone.
func (k *Keeper) safely(do func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fault.New(fault.Internal, "panic", "game: a panic with %T", p)
		}
	}()
	return do()
}

func (k *Keeper) take(ctx context.Context, body []byte) error {
	var m Message
	if err := json.Unmarshal(body, &m); err != nil {
		return fault.Wrap(err, fault.Internal, "undecodable_message", "game: decode")
	}
	if m.Organization == "" || m.Of == Activity && (m.Activity == nil || m.Activity.ID == "" || m.Activity.Participant == "") {
		return fault.New(fault.Internal, "undecodable_message", "game: the message lacks its organization or activity")
	}
	rules, err := k.Games.GameRules(ctx, m.Organization)
	if err != nil {
		return err
	}
	if m.Of == Activity {
		m.Activity.Organization = m.Organization
		return k.tend(ctx, rules, m.Organization, m.Activity.Participant, scope{activity: m.Activity})
	}
	if rules.Rev == 0 && (m.Of == Moved || m.Of == Look) { // there is no game
		return nil
	}
	var errs []error
	for i, who := range m.Participants {
		if deadline, limited := ctx.Deadline(); limited && time.Until(deadline) < reserve {
			return errors.Join(append(errs, k.rest(ctx, m, m.Participants[i:]))...)
		}
		s := scope{look: m.Of == Look}
		if m.Of == Moved {
			s.program, s.edition, s.period = m.Program, m.Edition, m.Period
		}
		if err := k.tend(ctx, rules, m.Organization, who, s); err != nil {
			errs = append(errs, fmt.Errorf("game: %s: %w", who, err))
		}
	}
	return errors.Join(errs...)
}

// rest has those looked at later that there is no time for. Who else reads the queue takes it up again, too, and finds it done.
func (k *Keeper) rest(ctx context.Context, m Message, participants []string) error {
	return Send(ctx, k.Queue, Message{Of: m.Of, Organization: m.Organization, Program: m.Program, Edition: m.Edition, Period: m.Period, Participants: participants})
}

// Send puts a message into the queue.
func Send(ctx context.Context, queue interface {
	Send(ctx context.Context, group string, body []byte) error
}, m Message) error {
	body, err := json.Marshal(m)
	if err != nil {
		return fault.Wrap(err, fault.Internal, "unencodable_message", "game: encode %s", m.Of)
	}
	if err := queue.Send(ctx, m.Organization, body); err != nil {
		return fmt.Errorf("game: send %s: %w", m.Of, err)
	}
	return nil
}

// scope is what may have changed of somebody, besides the ledger.
type scope struct {
	program, edition, period string
	look                     bool
	activity                 *game.Activity
}

// tend takes in what changed of a participant, until nothing is left to do.
func (k *Keeper) tend(ctx context.Context, rules game.Rules, organization, who string, sc scope) error {
	lost, done := 0, 0
	for done < steps && lost < tries {
		if err := pause(ctx, lost); err != nil {
			return err
		}
		more, err := k.step(ctx, rules, organization, who, sc)
		switch {
		case fault.Is(err, fault.Conflict):
			lost++
		case err != nil || !more:
			return err
		default:
			done++
		}
	}
	return fault.New(fault.Unavailable, "busy", "Too many look at %s at once. Try again.", who)
}

// step does what is due of a participant and decides anew; more says that there may be more to do. Conflict means that somebody else
// was faster.
func (k *Keeper) step(ctx context.Context, rules game.Rules, organization, who string, sc scope) (more bool, err error) {
	before, err := k.Games.GameState(ctx, organization, who)
	if err != nil {
		return false, err
	}
	if err := k.do(ctx, before); err != nil {
		return false, err
	}
	facts, err := k.facts(ctx, rules, before, sc)
	if err != nil {
		return false, err
	}
	_, after := game.Decide(rules, facts, before)
	if facts.Activity == nil && same(before, after) {
		return false, nil
	}
	after.UpdatedAt, after.Rev = facts.Now, before.Rev+1
	if err := k.Games.SaveGameState(ctx, after, facts.Activity); err != nil {
		return false, err
	}
	return len(after.Due) > 0 || len(after.Untold) > 0, nil
}

// do awards what is due and tells what is untold. It may be done any number of times.
func (k *Keeper) do(ctx context.Context, s game.State) error {
	if len(s.Due) > 0 {
		postings := make([]ledger.Posting, len(s.Due))
		for i, d := range s.Due {
			postings[i] = d.Posting()
		}
		if _, err := k.Books.Post(ctx, s.Organization, s.Participant, func(ledger.Book) ([]ledger.Posting, error) { return postings, nil }); err != nil {
			return notOurs(err)
		}
		telemetry.Count(ctx, "PointsAwarded", len(postings))
	}
	for _, e := range s.Untold {
		if err := k.Events.Raise(ctx, s.Organization, announce.Event{ID: e.ID, Type: string(e.Type), At: e.At, Data: e.Data}); err != nil {
			return notOurs(err)
		}
	}
	return nil
}

// notOurs keeps a conflict in what was asked of others from being taken for one about the state.
func notOurs(err error) error {
	if fault.Is(err, fault.Conflict) {
		return fault.Wrap(err, fault.Internal, "refused", "game: refused what was decided")
	}
	return err
}

// same tells whether nothing was decided. Nothing and empty are the same.
func same(a, b game.State) bool {
	return reflect.DeepEqual(plain(a), plain(b))
}

func plain(s game.State) any {
	s.Rev = 0
	var out any
	text, err := json.Marshal(s)
	if err == nil {
		err = json.Unmarshal(text, &out)
	}
	if err != nil {
		return err
	}
	return out
}

// zoneOf gives the time zone of rules.
func zoneOf(r game.Rules) *time.Location {
	zone, err := schedule.Location(r.Zone)
	if err != nil {
		return time.UTC
	}
	return zone
}

// DateOf gives the day of a moment by the rules.
func DateOf(r game.Rules, at time.Time) calendar.Date { return calendar.DateOf(at, zoneOf(r)) }

// pause waits before a state is read again that somebody else was faster with.
func pause(ctx context.Context, lost int) error {
	if lost == 0 {
		return nil
	}
	timer := time.NewTimer(rand.N(min(longestPause, time.Duration(lost)*time.Millisecond)))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return fault.Wrap(ctx.Err(), fault.Unavailable, "unavailable", "The request has ended.")
	case <-timer.C:
		return nil
	}
}
