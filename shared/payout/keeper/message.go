package keeper

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"leadline/shared/fault"
)

// Of is the "of" of each message here: the settle queue has those of others, too.
const Of = "payout"

// Kind is what a message asks for.
type Kind string

// The kinds.
const (
	// Work: the work that a batch is at goes on: it is planned in parts, and waited for.
	Work Kind = "work"
	// Part: a part of the work is done.
	Part Kind = "part"
)

// Message is what stands in the settle queue.
type Message struct {
	Of           string `json:"of"`
	Kind         Kind   `json:"kind"`
	Organization string `json:"organization"`
	Batch        string `json:"batch"`
	// Run is the kind of work (payout.Work).
	Run string `json:"run"`
	// Part is the one that is to be done, or of Work the one that is planned next, with Cursor; from 1.
	Part   int    `json:"part"`
	Cursor string `json:"cursor,omitempty"`
	// Planned says that all Parts are, with Participants in them.
	Planned      bool `json:"planned,omitempty"`
	Parts        int  `json:"parts,omitempty"`
	Participants int  `json:"participants,omitempty"`
	// Done is how many were when they were counted last, MovedAt when that changed.
	Done    int       `json:"done,omitempty"`
	MovedAt time.Time `json:"moved_at,omitzero"`
}

// Encode gives the text of a message.
func (m Message) Encode() ([]byte, error) {
	m.Of = Of
	text, err := json.Marshal(m)
	if err != nil {
		return nil, fault.Wrap(err, fault.Internal, "unencodable_message", "payout: encode %s", m.Kind)
	}
	return text, nil
}

// Decode reads a message; Internal if it is none.
func Decode(text []byte) (Message, error) {
	var m Message
	if err := json.Unmarshal(text, &m); err != nil {
		return m, fault.Wrap(err, fault.Internal, "undecodable_message", "payout: decode")
	}
	if m.Of != Of || m.Organization == "" || m.Batch == "" || m.Kind == "" {
		return m, fault.New(fault.Internal, "undecodable_message", "payout: the message is of %q, or names no organization, batch or kind", m.Of)
	}
	return m, nil
}

// Sender puts messages into the settle queue: a queue.Sender.
type Sender interface {
	SendAfter(ctx context.Context, group string, body []byte, delay time.Duration) error
}

func (k *Keeper) send(ctx context.Context, m Message, delay time.Duration) error {
	body, err := m.Encode()
	if err != nil {
		return err
	}
	if err := k.Queue.SendAfter(ctx, m.Organization, body, delay); err != nil {
		return fmt.Errorf("payout: send %s: %w", m.Kind, err)
	}
	return nil
}
