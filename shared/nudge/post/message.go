// Package post sends nudges: by e-mail, and to Slack. What goes to the inbox is there once it is stored.
//
// A nudge is sent by each channel at most once. A sender claims the post, sends, and notes that: who dies in between leaves a claim
// that is over, and what became of it nobody knows. Then it is not sent again, for a nudge that is told twice annoys more than one
// that is missed, which the inbox still holds. What was refused for now, by an answer, is tried again.
package post

import (
	"encoding/json"
	"fmt"

	"leadline/shared/nudge"
)

const (
	// Format is the version of the message that Encode writes.
	Format = 1
	// Kind is the kind of the message, by which the deliver queue tells it from others.
	Kind = "nudge"
)

// Message asks for a nudge to be sent, by all of its channels.
type Message struct {
	V            int    `json:"v"`
	Kind         string `json:"kind"`
	Organization string `json:"organization"`
	Member       string `json:"member"`
	Nudge        string `json:"nudge"`
}

// About gives the message about a nudge.
func About(n nudge.Nudge) Message {
	return Message{V: Format, Kind: Kind, Organization: n.Organization, Member: n.Member, Nudge: n.ID}
}

// Encode gives the text of the message in the present format.
func (m Message) Encode() ([]byte, error) {
	m.V, m.Kind = Format, Kind
	return json.Marshal(m)
}

// Decode reads what Encode wrote.
func Decode(message []byte) (Message, error) {
	var m Message
	if err := json.Unmarshal(message, &m); err != nil {
		return Message{}, fmt.Errorf("nudge: decode: %w", err)
	}
	switch {
	case m.Kind != Kind:
		return Message{}, fmt.Errorf("nudge: a message of the kind %q", m.Kind)
	case m.V != Format:
		return Message{}, fmt.Errorf("nudge: format %d is not known here", m.V)
	case m.Organization == "" || m.Member == "" || m.Nudge == "":
		return Message{}, fmt.Errorf("nudge: organization, member and nudge must be set")
	}
	return m, nil
}
