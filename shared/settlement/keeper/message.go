package keeper

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"leadline/shared/fault"
)

// Of is the "of" of each message here: the settle queue has those of others, too.
const Of = "settlement"

// Kind is what a message asks for.
type Kind string

// The kinds.
const (
	// Freeze: the work of a settlement begins: who is in it is listed, and given to workers in parts.
	Freeze Kind = "freeze"
	// FreezePart: statements of some participants are frozen.
	FreezePart Kind = "freeze_part"
	// Post: the posting of a settlement begins.
	Post Kind = "post"
	// PostPart: statements of some participants are posted to the ledger.
	PostPart Kind = "post_part"
	// Paid: the settlements of an organization that are locked are looked through for those that are paid.
	Paid Kind = "paid"
)

// Message is what stands in the settle queue. It names work: what it is about is read when it is done.
type Message struct {
	Of           string `json:"of"`
	Kind         Kind   `json:"kind"`
	Organization string `json:"organization"`
	Program      string `json:"program,omitempty"`
	Period       string `json:"period,omitempty"`
	Run          string `json:"run,omitempty"`
	// Part and Participants are those of a part.
	Part         int      `json:"part,omitempty"`
	Participants []string `json:"participants,omitempty"`
	// At is when the work was ordered: a message may come before what ordered it is stored.
	At time.Time `json:"at"`
}

// Decode reads a message; Internal if it is none.
func Decode(text []byte) (Message, error) {
	var m Message
	if err := json.Unmarshal(text, &m); err != nil {
		return m, fault.Wrap(err, fault.Internal, "undecodable_message", "settlement: decode")
	}
	if m.Of != Of || m.Organization == "" || m.Kind == "" {
		return m, fault.New(fault.Internal, "undecodable_message", "settlement: the message is of %q, and names no organization or kind", m.Of)
	}
	return m, nil
}

// Sender puts messages into the settle queue: a queue.Sender.
type Sender interface {
	SendAfter(ctx context.Context, group string, body []byte, delay time.Duration) error
}

// send puts a message into the queue.
func (k *Keeper) send(ctx context.Context, m Message, delay time.Duration) error {
	m.Of, m.At = Of, k.Now().UTC()
	body, err := json.Marshal(m)
	if err != nil {
		return fault.Wrap(err, fault.Internal, "unencodable_message", "settlement: encode %s", m.Kind)
	}
	if err := k.Queue.SendAfter(ctx, m.Organization, body, delay); err != nil {
		return fmt.Errorf("settlement: send %s: %w", m.Kind, err)
	}
	return nil
}
