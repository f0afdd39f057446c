// Package keeper keeps what people earn in step with the records behind it: it credits the records that change, reckons anew
// the participants and periods that they touch, ranks, and builds whole editions beside the one that is shown.
//
// Everything that it does can be repeated, and any number of workers may do it at once: credits are replaced under a footprint
// with a condition on its revision, and a result never takes the place of one that was reckoned from newer inputs.
package keeper

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"leadline/shared/fault"
	"leadline/shared/record"
	"leadline/shared/store"
)

// Kind is what a message asks for.
type Kind string

// The kinds.
const (
	// Changed: records may have changed, and are credited anew.
	Changed Kind = "changed"
	// Unit: the periods of Participant, or of Participants, are reckoned anew, from Period to the one that today lies in.
	Unit Kind = "unit"
	// Ranks: the standings of a period are ranked anew.
	Ranks Kind = "ranks"
	// Build: the building of an edition goes on.
	Build Kind = "build"
	// Part: some records or participants of a run are credited, or reckoned.
	Part Kind = "part"
	// Refresh: all records of the edition that is shown are credited anew, where it stands, for people, rates or goals changed.
	Refresh Kind = "refresh"
	// Tend: a program is looked after: has a period begun, have people or rates changed?
	Tend Kind = "tend"
	// Try: a preview is made.
	Try Kind = "try"
	// Drop: what is left of an edition is removed.
	Drop Kind = "drop"
)

// QueueName is the name by which what is due names the queue of these messages.
const QueueName = "calculate"

// MaxRecords is how many records a message names at most.
const MaxRecords = 200

// Message is what stands in the calculate queue.
type Message struct {
	Kind         Kind   `json:"kind"`
	Organization string `json:"organization"`
	// Records of a Changed message, all of the organization. Edition, if it is not empty, is the only one that they are credited
	// in.
	Records     []record.Key `json:"records,omitempty"`
	Program     string       `json:"program,omitempty"`
	Edition     string       `json:"edition,omitempty"`
	Participant string       `json:"participant,omitempty"`
	Period      string       `json:"period,omitempty"`
	// Participants, Run and Part are those of a part of a run. Of a Build or Refresh, Part is 0 where it begins, and Run the one
	// that it goes on with elsewhere.
	Participants []string `json:"participants,omitempty"`
	Run          string   `json:"run,omitempty"`
	Part         int      `json:"part,omitempty"`
	Preview      string   `json:"preview,omitempty"`
	// At tells the message that looks after a program by itself from older ones.
	At time.Time `json:"at,omitzero"`
}

// Encode gives the text of a message.
func (m Message) Encode() ([]byte, error) {
	text, err := json.Marshal(m)
	if err != nil {
		return nil, fault.Wrap(err, fault.Internal, "unencodable_message", "keeper: encode %s", m.Kind)
	}
	return text, nil
}

// Decode reads a message; Internal if it is none.
func Decode(text []byte) (Message, error) {
	var m Message
	if err := json.Unmarshal(text, &m); err != nil {
		return m, fault.Wrap(err, fault.Internal, "undecodable_message", "keeper: decode")
	}
	if m.Organization == "" || m.Kind == "" {
		return m, fault.New(fault.Internal, "undecodable_message", "keeper: the message names no organization or kind")
	}
	return m, nil
}

// Sender puts messages into the calculate queue: a queue.Sender.
type Sender interface {
	Send(ctx context.Context, group string, body []byte) error
	SendAfter(ctx context.Context, group string, body []byte, delay time.Duration) error
}

// maxDelay is the longest that a queue delays a message.
const maxDelay = 15 * time.Minute

// Outbox sends messages to the keeper. Due is required where something is sent for later than 15 minutes.
type Outbox struct {
	Queue Sender
	Due   store.Due
	Now   func() time.Time
}

// Send puts a message into the queue for a time: at once, after a delay, or as an item that is due later.
func (o Outbox) Send(ctx context.Context, m Message, after time.Duration) error {
	body, err := m.Encode()
	if err != nil {
		return err
	}
	switch {
	case after <= 0:
		err = o.Queue.Send(ctx, m.Organization, body)
	case after <= maxDelay:
		err = o.Queue.SendAfter(ctx, m.Organization, body, after)
	default:
		key := strings.Join([]string{QueueName, m.Organization, m.Program, string(m.Kind)}, "#")
		err = o.Due.Schedule(ctx, store.DueItem{At: o.Now().Add(after), Key: key, Queue: QueueName, Group: m.Organization, Body: body})
	}
	if err != nil {
		return fmt.Errorf("keeper: send %s: %w", m.Kind, err)
	}
	return nil
}

// Changed says that records may have changed, in as few messages as hold them.
func (o Outbox) Changed(ctx context.Context, organization string, keys []record.Key) error {
	for len(keys) > 0 {
		n := min(len(keys), MaxRecords)
		if err := o.Send(ctx, Message{Kind: Changed, Organization: organization, Records: keys[:n]}, 0); err != nil {
			return err
		}
		keys = keys[n:]
	}
	return nil
}
