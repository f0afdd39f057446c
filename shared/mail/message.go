// Package mail sends notices to an organization's admins by e-mail.
//
// Whoever tells a notice does so through a Teller, which stores the notice and then sends a message to the deliver queue.
// A crash between the two loses nothing, for whoever told it tells it again, and the message is sent whether the notice
// was new or not. So there may be several messages about one notice; a Mailer knows by the notice itself what became of
// its mail: who was sent it, and who is sending it just now.
//
// An e-mail is sent at least once, and once as a rule. A Mailer takes a lease that outlives its function, sends to one
// person, notes that, and goes on with the next. A function that dies between SES's answer and the note sends that one
// mail again when the lease has run out: SES has no way to say that a mail is the same as one before (it replaces the
// Message-ID), so that the alternative would be one that is never sent. Each mail names its notice in a header, by which
// a person's filter can tell.
//
// https://docs.aws.amazon.com/ses/latest/dg/header-fields.html
package mail

import (
	"encoding/json"
	"fmt"

	"leadline/shared/notice"
)

// Format is the version of the message that Encode writes.
const Format = 1

// Kind is the kind of the message, by which the deliver queue tells it from deliveries to destinations.
const Kind = "mail"

// Message asks for the mail about a notice.
type Message struct {
	V            int    `json:"v"`
	Kind         string `json:"kind"`
	Organization string `json:"organization"`
	Notice       string `json:"notice"`
}

// About gives the message about a notice.
func About(n notice.Notice) Message {
	return Message{V: Format, Kind: Kind, Organization: n.Organization, Notice: n.ID}
}

// Encode gives the text of the message in the present format.
func (m Message) Encode() ([]byte, error) {
	m.V, m.Kind = Format, Kind
	return json.Marshal(m)
}

// KindOf gives the kind that a message of the deliver queue says it is; empty for those that say none, which are
// deliveries to destinations, and for what cannot be read.
func KindOf(message []byte) string {
	var m struct {
		Kind string `json:"kind"`
	}
	if json.Unmarshal(message, &m) != nil {
		return ""
	}
	return m.Kind
}

// Decode reads what Encode wrote.
func Decode(message []byte) (Message, error) {
	var m Message
	if err := json.Unmarshal(message, &m); err != nil {
		return Message{}, fmt.Errorf("mail: decode: %w", err)
	}
	switch {
	case m.Kind != Kind:
		return Message{}, fmt.Errorf("mail: a message of the kind %q", m.Kind)
	case m.V != Format:
		return Message{}, fmt.Errorf("mail: format %d is not known here", m.V)
	case m.Organization == "" || m.Notice == "":
		return Message{}, fmt.Errorf("mail: organization and notice must be set")
	}
	return m, nil
}
