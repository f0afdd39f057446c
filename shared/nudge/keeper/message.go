package keeper

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"leadline/shared/fault"
	"leadline/shared/nudge"
)

// What messages are of.
const (
	// Moved: standings of Participants in Period changed.
	Moved = "moved"
	// Settled: a period was locked, or paid: for Participants, or, without any, for all who have a statement in it.
	Settled = "settled"
	// Look: Participants are looked after, whatever may have changed; without any, all members are, and the next look is ordered.
	Look = "look"
	// Board: the ranks of a period are held against what they were.
	Board = "board"
	// Fallen: some people stand worse than before.
	Fallen = "fallen"
)

// QueueName is the name by which what is due names the queue of these messages.
const QueueName = "nudge"

// Message is what stands in the nudge queue.
type Message struct {
	Of           string   `json:"of"`
	Organization string   `json:"organization"`
	Program      string   `json:"program,omitempty"`
	Edition      string   `json:"edition,omitempty"`
	Period       string   `json:"period,omitempty"`
	Participants []string `json:"participants,omitempty"`
	// Fell is what a Fallen message tells.
	Fell []Fell `json:"fell,omitempty"`
	// At is when a Look was ordered for.
	At time.Time `json:"at,omitzero"`
}

// Fell is somebody who stands worse than before.
type Fell struct {
	Participant string         `json:"participant"`
	Overtake    nudge.Overtake `json:"overtake"`
}

// Encode gives the text of a message.
func (m Message) Encode() ([]byte, error) {
	text, err := json.Marshal(m)
	return text, fault.Wrap(err, fault.Internal, "unencodable_message", "nudge: encode %s", m.Of)
}

// Decode reads a message; Internal if it is none of ours.
func Decode(text []byte) (Message, error) {
	var m Message
	if err := json.Unmarshal(text, &m); err != nil {
		return m, fault.Wrap(err, fault.Internal, "undecodable_message", "nudge: decode")
	}
	if m.Organization == "" || !Takes(text) {
		return m, fault.New(fault.Internal, "undecodable_message", "nudge: the message names no organization, or nothing that is known here")
	}
	return m, nil
}

// Takes tells whether a message of the queue is one of ours: others may share the queue.
func Takes(text []byte) bool {
	var m struct {
		Of string `json:"of"`
	}
	if json.Unmarshal(text, &m) != nil {
		return false
	}
	switch m.Of {
	case Moved, Settled, Look, Board, Fallen:
		return true
	}
	return false
}

// send puts a message into our own queue.
func (k *Keeper) send(ctx context.Context, m Message) error {
	body, err := m.Encode()
	if err != nil {
		return err
	}
	if err := k.Queue.Send(ctx, m.Organization, body); err != nil {
		return fmt.Errorf("nudge: send %s: %w", m.Of, err)
	}
	return nil
}
