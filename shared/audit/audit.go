// Package audit is the journal of what people and keys did: every act that changed something, or tried to, with who,
// what, when and from where.
package audit

import "time"

// Entry is one act.
type Entry struct {
	// ID is a ULID: entries sort by time.
	ID           string
	Organization string
	At           time.Time
	// Actor is who acted: the id of an API key ("key_..."), of a client ("cli_..."), or "operator" for the leadline command.
	Actor string
	// ActorName is what people call the actor, as it was then.
	ActorName string
	// Person is the id of the person whose key it was, if it belongs to one.
	Person string
	// Operation is the operation's id in the OpenAPI file, such as "create-connection".
	Operation string
	// Target is what was acted on: the path without the version, such as "connections/conn_000000000001".
	Target string
	// Outcome is "done", or the code of the problem that it was refused with.
	Outcome string
	// Address is where the request came from; Agent is what it said it was (cut to 200 bytes).
	Address string
	Agent   string
	// Request is the id of the request, to find it in the logs.
	Request string
	// Detail says what changed, for people, without secrets and without personal data; may be empty.
	Detail string
}
