package tenant

import (
	"strings"
	"time"
)

// Person is somebody who works in an organization.
type Person struct {
	ID           string // "per_" and 12 of [0-9a-z]
	Organization string
	Email        string // as typed; unique in the organization without regard to case
	Name         string
	Role         Role
	Status       PersonStatus
	Mail         MailPreference
	CreatedAt    time.Time
	UpdatedAt    time.Time
	Rev          int64
}

// PersonStatus is where a person stands.
type PersonStatus string

// A person is invited until the first sign-in. Keys that were made for a person who is off-boarded are refused.
const (
	Invited    PersonStatus = "invited"
	Working    PersonStatus = "active"
	Offboarded PersonStatus = "offboarded"
)

// MailPreference is which e-mail a person gets.
type MailPreference string

// The preferences. The zero value is MailAll: people from before there was mail said nothing.
const (
	// MailAll: notices, by e-mail too.
	MailAll MailPreference = ""
	// MailNone: no e-mail. Notices still show in the API.
	MailNone MailPreference = "none"
)

// GetsNotices tells whether a person is sent notices by e-mail: admins and owners, unless they left or said no.
func (p Person) GetsNotices() bool {
	return p.Status != Offboarded && p.Role.Allows(Admin) && p.Mail != MailNone && p.Email != ""
}

// Quotas bound what an organization may use. Zero means no bound.
type Quotas struct {
	// RequestsPerMinute of the HTTP API, over all keys.
	RequestsPerMinute int64
	// RowsPerDay pushed by clients, by UTC day. Webhooks of CRMs are never refused: what a CRM is refused is lost.
	RowsPerDay int64
	// Connections, Clients, Destinations, APIKeys and People that exist at once.
	Connections, Clients, Destinations, APIKeys, People int64
}

// NormalizeEmail gives the form in which e-mail addresses are compared: without surrounding space and in lower case.
func NormalizeEmail(email string) string { return strings.ToLower(strings.TrimSpace(email)) }
