package notice

import (
	"slices"
	"time"
)

// Mail is what became of the e-mail about a notice. The zero value is that of a notice about which no mail was begun.
type Mail struct {
	State MailState
	// Sent and Refused name the people whose mail was sent, and whose was refused for good. Addresses are not kept.
	Sent, Refused []string
	// Problem says, for people, why it was not sent, or not yet.
	Problem string
	// Since is when it was begun, At when it was last tried.
	Since, At time.Time
	// LeasedUntil keeps others from sending it, too, while somebody does.
	LeasedUntil time.Time
	// Tries counts how often it was begun.
	Tries int
	Rev   int64
}

// MailState is where an e-mail stands.
type MailState string

// The states. The empty one is that of a mail that was not begun.
const (
	// MailPending: it is being sent, or will be tried again.
	MailPending MailState = "pending"
	// MailSent: everybody has been sent it, but for those whose address was refused.
	MailSent MailState = "sent"
	// MailNobody: there was nobody who gets such mail.
	MailNobody MailState = "nobody"
	// MailOff: this installation sends no e-mail.
	MailOff MailState = "off"
	// MailFailed: it was given up, or refused for everybody.
	MailFailed MailState = "failed"
)

// MailStates lists the states that are shown.
func MailStates() []MailState {
	return []MailState{MailPending, MailSent, MailNobody, MailOff, MailFailed}
}

// Final tells whether nothing more will be done.
func (s MailState) Final() bool { return s != "" && s != MailPending }

// Settled tells whether a person's mail was sent or refused.
func (m Mail) Settled(person string) bool {
	return slices.Contains(m.Sent, person) || slices.Contains(m.Refused, person)
}
