package syncing

import (
	"encoding/json"
	"fmt"
	"time"

	"leadline/shared/connector"
)

// Format is the version of Message.
const Format = 1

// Message is what the fetch queue carries: what to go on with. It carries no state that could disagree with the table.
type Message struct {
	V            int         `json:"v"`
	Kind         MessageKind `json:"kind"`
	Organization string      `json:"organization"`
	Connection   string      `json:"connection"`
	// Run and Object name the stream to go on with.
	Run    string `json:"run,omitempty"`
	Object string `json:"object,omitempty"`
	// Sync is due, At being its NextAt. A Tend with At is one that was planned for then, a Resume with At the second look at
	// what came in since.
	Sync string    `json:"sync,omitempty"`
	At   time.Time `json:"at,omitzero"`
	// Refs are to be read again; Entries are the quarantine entries that this resolves, by object and id.
	Refs    []connector.Ref `json:"refs,omitempty"`
	Entries []EntryRef      `json:"entries,omitempty"`
	// Cursor is how far a Resume has come, Try how often a Read or Tend failed.
	Cursor string `json:"cursor,omitempty"`
	Try    int    `json:"try,omitempty"`
}

// EntryRef is a quarantine entry about a record.
type EntryRef struct {
	Object string `json:"object"`
	ID     string `json:"id"`
	Entry  string `json:"entry"`
}

// MessageKind is what a message asks for.
type MessageKind string

// The kinds.
const (
	// GoOn with the stream Object of Run.
	GoOn MessageKind = "stream"
	// Due: the Sync is due.
	Due MessageKind = "sync"
	// Read the records of Refs again.
	Read MessageKind = "read"
	// Tend to the connection: its login, subscription, schema and people.
	Tend MessageKind = "tend"
	// Watch over Run: what of it stands still for no reason goes on.
	Watch MessageKind = "watch"
	// Resume what was put aside while the connection was paused.
	Resume MessageKind = "resume"
)

// Encode gives the text of the message.
func (m Message) Encode() ([]byte, error) {
	m.V = Format
	return json.Marshal(m)
}

// Decode reads a message of the fetch queue.
func Decode(text []byte) (Message, error) {
	var m Message
	if err := json.Unmarshal(text, &m); err != nil {
		return m, fmt.Errorf("syncing: decode: %w", err)
	}
	complete := map[MessageKind]bool{GoOn: m.Run != "" && m.Object != "", Due: m.Sync != "" && !m.At.IsZero(), Read: len(m.Refs) > 0, Tend: true, Watch: m.Run != "", Resume: true}
	if m.V != Format || m.Organization == "" || m.Connection == "" || !complete[m.Kind] {
		return m, fmt.Errorf("syncing: format %d, kind %q: no message of the fetch queue, or not all of it", m.V, m.Kind)
	}
	return m, nil
}
