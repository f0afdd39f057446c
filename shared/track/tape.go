package track

import (
	"bytes"
	"encoding/json"

	"leadline/shared/record"
)

// kind is the kind of a JSON value.
type kind byte

const (
	object kind = iota
	list
	text
	number
	boolean
	null
)

// node is one value of a body, or the name of a member.
type node struct {
	kind kind
	// escaped says that a text is not written as it reads.
	escaped bool
	// start and end bound its JSON in the body. next is the node behind it and all that it holds.
	start, end, next int
}

// none is no node.
const none = -1

// tape is a body with its values in the order in which they stand: after an object, each name and its value.
type tape struct {
	body  []byte
	nodes []node
}

// maxDepth is how deep a body may nest: around the fields of a record stand the record, the event and the body.
const maxDepth = record.MaxDepth + 3

// manyMembers is from how many on the members of an object are compared by a map.
const manyMembers = 32

// member finds a member of an object by its name, the last one of several; none if there is none, or no object.
func (t *tape) member(of int, name string) int {
	found := none
	if of == none || t.nodes[of].kind != object {
		return none
	}
	for key := of + 1; key < t.nodes[of].next; key = t.nodes[key+1].next {
		if t.is(key, name) {
			found = key + 1
		}
	}
	return found
}

// subscription finds the body's subscription id; RudderStack's documentation writes its name in two ways.
func (t *tape) subscription() int {
	for _, name := range []string{"subscription_id", "subscriptionId"} {
		if at := t.member(0, name); at != none && t.nodes[at].kind != null {
			return at
		}
	}
	return none
}

// members calls visit for each member of an object; of members with one name only for the last, as readers of JSON do.
func (t *tape) members(of int, visit func(key, value int)) {
	last := t.lastOnes(of)
	for key := of + 1; key < t.nodes[of].next; key = t.nodes[key+1].next {
		if last == nil && !t.repeated(of, key) || last != nil && last[t.text(key)] == key {
			visit(key, key+1)
		}
	}
}

// lastOnes gives the last member of each name of an object with many members, nil for others.
func (t *tape) lastOnes(of int) map[string]int {
	n := 0
	for key := of + 1; key < t.nodes[of].next; key = t.nodes[key+1].next {
		n++
	}
	if n < manyMembers {
		return nil
	}
	last := make(map[string]int, n)
	for key := of + 1; key < t.nodes[of].next; key = t.nodes[key+1].next {
		last[t.text(key)] = key
	}
	return last
}

// repeated tells whether a later member of the object has the same name.
func (t *tape) repeated(of, key int) bool {
	for later := t.nodes[key+1].next; later < t.nodes[of].next; later = t.nodes[later+1].next {
		if t.nodes[key].escaped || t.nodes[later].escaped {
			if t.text(key) == t.text(later) {
				return true
			}
		} else if bytes.Equal(t.raw(key), t.raw(later)) {
			return true
		}
	}
	return false
}

// appendMember appends a member, unless it is null, after a comma unless it is the first.
func (t *tape) appendMember(out []byte, first, key, value int) []byte {
	if t.nodes[value].kind == null {
		return out
	}
	if len(out) > first {
		out = append(out, ',')
	}
	return t.appendValue(append(append(out, t.raw(key)...), ':'), value)
}

// appendValue appends a value without white space, and without the members that are null.
func (t *tape) appendValue(out []byte, at int) []byte {
	switch n := t.nodes[at]; n.kind {
	case object:
		out = append(out, '{')
		first := len(out)
		t.members(at, func(key, value int) { out = t.appendMember(out, first, key, value) })
		return append(out, '}')
	case list:
		out = append(out, '[')
		for element := at + 1; element < n.next; element = t.nodes[element].next {
			if element > at+1 {
				out = append(out, ',')
			}
			out = t.appendValue(out, element)
		}
		return append(out, ']')
	}
	return append(out, t.raw(at)...)
}

// raw gives the JSON of a node as it is written.
func (t *tape) raw(at int) []byte { return t.body[t.nodes[at].start:t.nodes[at].end] }

// inner gives what stands between the quotes of a text.
func (t *tape) inner(at int) []byte { return t.body[t.nodes[at].start+1 : t.nodes[at].end-1] }

// text gives what a text says.
func (t *tape) text(at int) string {
	if !t.nodes[at].escaped {
		return string(t.inner(at))
	}
	var s string
	_ = json.Unmarshal(t.raw(at), &s) // it was scanned
	return s
}

func (t *tape) is(key int, name string) bool {
	if t.nodes[key].escaped {
		return t.text(key) == name
	}
	return string(t.inner(key)) == name
}

// describe says what a node holds, for messages: never its value.
func (t *tape) describe(at int) string {
	if at == none {
		return "missing"
	}
	switch n := t.nodes[at]; n.kind {
	case object:
		return "an object"
	case list:
		return "a list"
	case text:
		if n.end-n.start == len(`""`) {
			return "an empty text"
		}
		return "a text"
	case number:
		return "a number"
	case boolean:
		return "a boolean"
	}
	return "null"
}

// scan reads a body of exactly one JSON value.
func scan(body []byte) (*tape, error) {
	s := scanner{tape: tape{body: body, nodes: make([]node, 0, len(body)/16+16)}}
	if err := s.value(1); err != nil {
		return nil, err
	}
	if s.space(); s.at < len(body) {
		return nil, unmappable("The body goes on after its JSON value.")
	}
	return &s.tape, nil
}

func malformed(at int) error {
	return unmappable("The body is not JSON: it breaks off or goes wrong at byte %d.", at)
}
