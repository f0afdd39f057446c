// Package track turns an event of Close into a RudderStack track event, as RudderStack's Close source does. It does no
// I/O; the same body gives the same bytes.
//
// What RudderStack's documentation shows is followed field by field, but for its timestamps (see
// Options.SeedTimestamps). Names and values pass through as they are written: numbers digit for digit, texts byte for
// byte, members in their order. A text that the source itself writes, be it "undefined", stays in the properties; what
// the event is named by is never made of it.
package track

import (
	"crypto/sha1"
	"encoding/hex"
	"strings"
	"unicode/utf8"

	"leadline/shared/fault"
	"leadline/shared/quarantine"
)

// Options choose between forms of the event.
type Options struct {
	// SeedTimestamps writes originalTimestamp as RudderStack's documentation shows it, with the weekday where the day
	// belongs ("2019-01-TuT12:48:23.395+00:00"), for receivers that were built upon that.
	SeedTimestamps bool
}

// Event is one track event.
type Event struct {
	// ID is the event's id at the source, the receiver's key for recognizing a repetition.
	ID string
	// Type is the event's name: "opportunity updated".
	Type string
	// Body is the JSON text.
	Body []byte
}

// Map makes the track event of a webhook body. One that cannot be mapped is Invalid (quarantine.UnmappableEvent), and
// the message names the field.
//
// Without a lead id the event gets an anonymousId, drawn from the record that it is about, so that it is the same for
// every event of the record. Without a time that can be read it gets no originalTimestamp.
func Map(body []byte, o Options) (Event, error) {
	if !utf8.Valid(body) { // what no JSON text may hold, encoding/json takes, too, and replaces
		body = []byte(strings.ToValidUTF8(string(body), "\uFFFD"))
	}
	t, err := scan(body)
	if err != nil {
		return Event{}, err
	}
	if t.nodes[0].kind != object {
		return Event{}, unmappable("The body is %s, expected an object.", t.describe(0))
	}
	event := t.member(0, "event")
	if event == none || t.nodes[event].kind != object {
		return Event{}, unmappable("event is %s, expected an object.", t.describe(event))
	}
	m := mapping{tape: t, event: event, subscription: t.subscription()}
	if m.objectType, err = m.named("object_type"); err != nil {
		return Event{}, err
	}
	if m.action, err = m.named("action"); err != nil {
		return Event{}, err
	}
	if m.id, err = m.named("id"); err != nil {
		return Event{}, err
	}
	return Event{ID: t.text(m.id), Type: t.text(m.objectType) + " " + t.text(m.action), Body: m.write(o)}, nil
}

// mapping is one event on its way: nodes of the tape.
type mapping struct {
	*tape
	event, objectType, action, id int
	// subscription is the body's subscription id, none if there is no value.
	subscription int
}

// named finds a member of the event that it must have, as a text that says something.
func (m *mapping) named(name string) (int, error) {
	at := m.member(m.event, name)
	if at != none && m.nodes[at].kind == text && says(m.text(at)) {
		return at, nil
	}
	what := m.describe(at)
	if at != none && m.nodes[at].kind == text && m.text(at) != "" {
		what = "a text that says nothing"
	}
	return none, unmappable("event.%s is %s, expected a text.", name, what)
}

// says tells whether a text is more than what programs leave where they found nothing.
func says(s string) bool {
	s = strings.TrimSpace(s)
	return s != "" && s != "undefined"
}

// The parts of the event that are the same for all, from the documentation's sample.
const (
	beginning = `{"context":{"library":{"name":"unknown","version":"unknown"},"integration":{"name":"CloseCRM"}},` +
		`"integrations":{"CloseCRM":false},"type":"track","event":"`
	// fixedBytes is room for these parts and the names between them.
	fixedBytes = 512
)

func (m *mapping) write(o Options) []byte {
	out := make([]byte, 0, len(m.body)+fixedBytes)
	out = append(out, beginning...)
	out = append(append(append(out, m.inner(m.objectType)...), ' '), m.inner(m.action)...)
	if lead := m.member(m.event, "lead_id"); lead != none && m.nodes[lead].kind == text && says(m.text(lead)) {
		out = append(append(out, `","userId":`...), m.raw(lead)...)
	} else {
		out = append(append(append(out, `","anonymousId":"`...), m.anonymous()...), '"')
	}
	out = append(append(out, `,"messageId":`...), m.raw(m.id)...)
	if at, ok := m.updated(); ok {
		out = append(append(append(out, `,"originalTimestamp":"`...), format(at, o.SeedTimestamps)...), '"')
	}
	return append(m.properties(append(out, `,"properties":`...)), '}')
}

// properties appends the event without nulls, without what RudderStack leaves out, and with the subscription's id.
func (m *mapping) properties(out []byte) []byte {
	out = append(out, '{')
	first := len(out)
	m.members(m.event, func(key, value int) {
		switch m.text(key) {
		case "changed_fields", "previous_data":
			return
		case "subscription_id":
			if m.subscription != none {
				return
			}
		}
		out = m.appendMember(out, first, key, value)
	})
	if m.subscription != none {
		if len(out) > first {
			out = append(out, ',')
		}
		out = m.appendValue(append(out, `"subscription_id":`...), m.subscription)
	}
	return append(out, '}')
}

// anonymous gives a UUID (version 5, https://www.rfc-editor.org/rfc/rfc9562#section-5.5) of the record that the event is
// about, else of the event.
func (m *mapping) anonymous() string {
	name := ""
	for _, at := range []int{m.member(m.event, "object_id"), m.member(m.member(m.event, "data"), "id")} {
		if at != none && m.nodes[at].kind == text && says(m.text(at)) {
			name = m.text(m.objectType) + "\n" + m.text(at)
			break
		}
	}
	if name == "" {
		name = m.text(m.id)
	}
	// The name space for URLs, 6ba7b811-9dad-11d1-80b4-00c04fd430c8, and a URI of our own.
	const space = "\x6b\xa7\xb8\x11\x9d\xad\x11\xd1\x80\xb4\x00\xc0\x4f\xd4\x30\xc8"
	sum := sha1.Sum([]byte(space + "urn:leadline:close:" + name))
	sum[6] = sum[6]&0x0f | 0x50
	sum[8] = sum[8]&0x3f | 0x80
	h := hex.EncodeToString(sum[:16])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

func unmappable(format string, args ...any) error {
	return fault.New(fault.Invalid, string(quarantine.UnmappableEvent), format, args...)
}
