// Package connector is the contract between Leadline and a provider: a definition made of data, with functions where a
// provider's behaviour is code. A capability that a provider lacks is nil in its definition.
//
// A connector verifies and parses what a provider sends without any I/O. It never logs, sleeps, retries or reads the
// clock. Every connector passes the suite in connector/conformance.
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
}

// Webhook is how a provider posts events to us.
type Webhook struct {
	// Signature is how an event proves that it comes from the provider.
	Signature Signature
	// Parser is the revision of Parse, from 1. Raising it lets a replay of kept payloads replace what an older revision
	// made of them.
	Parser int
	// Parse reads one body into the changes that it reports, in no particular order. It does no I/O, never panics, and
	// gives the same changes for the same body. What cannot be understood is a fault of kind Invalid whose Code is a
	// quarantine.Reason and whose Message says what was expected and what was found, without quoting the body.
	Parse func(body []byte) ([]record.Change, error)
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
