// Package connector is the contract between Leadline and a provider: a definition made of data, with functions where a
// provider's behaviour is code. A capability that a provider lacks is nil in its definition.
//
// A connector verifies and parses what a provider sends without any I/O, and reads from the provider through a Client
// that is authenticated, held to the provider's limits, and has its answers judged by the definition's own rules. A connector
// never logs, sleeps, retries, refreshes a token or reads the clock. Every connector passes the suite in
// connector/conformance.
package connector

import (
	"leadline/shared/record"
)

// Definition describes one provider.
type Definition struct {
	// Name is the connector's name everywhere: folder, package, URL segment, log value, key prefix. Lower case, letters
	// and digits only.
	Name string
	// Title is the provider's own spelling of its name.
	Title string
	// DocsURL leads to the provider's API documentation.
	DocsURL string
	// Webhook is how the provider reports changes by itself; nil where it cannot.
	Webhook *Webhook
	// API is how the provider's API is reached; nil for a provider that is only listened to. Those below need it.
	API *API
	// Describe reads what the provider's objects and their fields are; nil where that is not to be had.
	Describe Describe
	// Pull reads records; nil where the provider gives none.
	Pull *Pull
	// Log reads the provider's own log of changes; nil where it keeps none.
	Log *Log
	// Subscription is how the provider is made to post to our URL; nil where an admin must do that by hand.
	Subscription *Subscription
	// People reads who works at the provider's account; nil where it knows nobody.
	People People
}

// Webhook is how a provider posts events to us.
type Webhook struct {
	// Signature is how an event proves that it comes from the provider.
	Signature Signature
	// Form says that bodies are application/x-www-form-urlencoded; they are JSON otherwise, and what is none is refused.
	Form bool
	// Parser is the revision of Parse, from 1. Raising it lets a replay of kept payloads replace what an older revision
	// made of them.
	Parser int
	// Parse reads one body into the changes that it reports, in no particular order. It does no I/O, never panics, and
	// gives the same changes for the same body. What cannot be understood is a fault of kind Invalid whose Code is a
	// quarantine.Reason and whose Message says what was expected and what was found, without quoting the body. An event that
	// only says which record changed gives no change, and Touched names it.
	Parse func(body []byte) ([]record.Change, error)
	// Touched names what else must be read again after a change, for the event does not say how it has become: the children
	// of two leads that were merged. nil where events say all. It does no I/O and never panics.
	Touched func(body []byte) []Ref
}

// Ref names records at the provider that must be read again: one record by Object and ID, or, with Parent, all records of
// an object (of all objects if Object is empty) that belong to the record Parent.
type Ref struct {
	Object string `json:"object,omitempty"`
	ID     string `json:"id,omitempty"`
	Parent string `json:"parent,omitempty"`
}

// Registry finds connectors by name.
type Registry map[string]Definition

// NewRegistry makes a registry of definitions. The later of two with one name wins; the shelf's test refuses such a list.
func NewRegistry(definitions ...Definition) Registry {
	r := make(Registry, len(definitions))
	for _, d := range definitions {
		r[d.Name] = d
	}
	return r
}
