package main

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"leadline/shared/delivery"
	"leadline/shared/quarantine"
	"leadline/shared/store"
)

func TestQuarantineIsListedNewestFirstAndFiltered(t *testing.T) {
	s := newSystem(t)
	var all []string
	for i := range 9 {
		id := fmt.Sprintf("01ENTRY%d", i)
		s.setAside([]string{"conn_a", "conn_b"}[i%2], id, []quarantine.Reason{quarantine.MissingEvent, quarantine.NotAnObject, quarantine.MissingID}[i%3], []byte("x"))
		if i >= 6 {
			s.must(s.intake.Resolve(t.Context(), ours, id, s.clock.now()))
		}
		all = append(all, id)
	}
	slices.Reverse(all)
	pick := func(keep func(i int) bool) (some []string) {
		for n, id := range all {
			if keep(len(all) - 1 - n) {
				some = append(some, id)
			}
		}
		return some
	}
	for query, want := range map[string][]string{
		"":                      all,
		"&status=open":          pick(func(i int) bool { return i < 6 }),
		"&status=resolved":      pick(func(i int) bool { return i >= 6 }),
		"&reason=missing_event": pick(func(i int) bool { return i%3 == 0 }),
		"&connection=conn_b":    pick(func(i int) bool { return i%2 == 1 }),
		"&connection=conn_c":    nil,
		"&connection=conn_a&reason=missing_id&status=open": pick(func(i int) bool { return i%2 == 0 && i%3 == 2 && i < 6 }),
	} {
		var got []string
		for _, e := range walk[Entry](s, s.reader, "/v1/quarantine?limit=2"+query) {
			got = append(got, e.ID)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q lists %v, want %v", query, got, want)
		}
	}
}

// TestAFilterThatLetsNothingThrough must end an answer, and give the cursor to go on.
func TestAFilterThatLetsNothingThrough(t *testing.T) {
	s := newSystem(t)
	filtered := &emptyPages{Intake: s.intake}
	s.handler.Intake = filtered
	first := read[list[Entry]](t, s.get(s.reader, "/v1/quarantine?status=open").want(t, 200))
	if filtered.read != maxReads || len(first.Items) != 0 || first.Next == "" {
		t.Errorf("%d reads for %+v", filtered.read, first)
	}
	s.get(s.reader, "/v1/quarantine?status=open&cursor="+first.Next).want(t, 200)
	if filtered.read != 2*maxReads || filtered.last != fmt.Sprint(2*maxReads-1) {
		t.Errorf("the second request goes on at %q", filtered.last)
	}
}

// emptyPages has pages without an entry and no end.
type emptyPages struct {
	store.Intake
	read int
	last string
}

func (e *emptyPages) Entries(_ context.Context, _ string, _ store.QuarantineFilter, p store.Page) ([]quarantine.Entry, string, error) {
	e.read, e.last = e.read+1, p.Cursor
	return nil, fmt.Sprint(e.read), nil
}

func TestPayloads(t *testing.T) {
	s := newSystem(t)
	for name, c := range map[string]struct {
		body   []byte
		text   bool
		base64 bool
	}{
		"json":      {[]byte(`{"event":"ü"}`), true, false},
		"bytes":     {[]byte{0xff, 0x00, '{'}, false, true},
		"long text": {bytes.Repeat([]byte("x"), maxTextBytes+1), false, true},
		"too long":  {bytes.Repeat([]byte("x"), maxPayloadBytes+1), false, false},
	} {
		t.Run(name, func(t *testing.T) {
			s.setAside("conn_a", name, quarantine.MissingEvent, c.body)
			got := read[EntryWithPayload](t, s.get(s.reader, "/v1/quarantine/"+twice(name)).want(t, 200))
			p := got.Payload
			if got.ID != name || got.Reason != "missing_event" || p == nil || p.Bytes != len(c.body) {
				t.Fatalf("got %+v", got)
			}
			if (p.Text != nil) != c.text || c.text && *p.Text != string(c.body) {
				t.Errorf("the text is not the body")
			}
			if (p.Base64 != nil) != c.base64 || c.base64 && !bytes.Equal(p.Base64, c.body) {
				t.Errorf("the base64 is not the body")
			}
		})
	}
}

func TestPayloadsThatAreGoneOrBroken(t *testing.T) {
	s := newSystem(t)
	e := s.setAside("conn_a", "01GONE", quarantine.MissingEvent, []byte("{}"))
	e.ID, e.Payload.Key = "01LOST", "archive/nowhere.gz"
	s.must(s.intake.SetAside(t.Context(), e))
	if got := read[EntryWithPayload](t, s.get(s.reader, "/v1/quarantine/01LOST").want(t, 200)); got.Payload != nil {
		t.Errorf("a payload that is gone is %+v", got.Payload)
	}
	e.ID, e.Payload.Key = "01BROKEN", "archive/broken.gz"
	s.must(s.intake.SetAside(t.Context(), e))
	s.must(s.payloads.Put(t.Context(), e.Payload.Key, bytes.Repeat([]byte("no gzip"), 50)))
	s.get(s.reader, "/v1/quarantine/01BROKEN").want(t, 500, "internal")
	s.get(s.reader, "/v1/quarantine/01NOWHERE").want(t, 404, "not_found")
}

func TestReplay(t *testing.T) {
	s := newSystem(t)
	e := s.setAside("conn_a", "01ENTRY", quarantine.MissingEvent, []byte("{}"))
	s.clock.advance(1e9)
	a := s.post(s.manager, "/v1/quarantine/01ENTRY/replay", nil).want(t, 202)
	if len(s.inbox.sent) != 1 || s.inbox.groups[0] != ours {
		t.Fatalf("sent %+v to %v", s.inbox.sent, s.inbox.groups)
	}
	d := s.inbox.sent[0]
	if d.Replay != e.ID || d.Payload == nil || *d.Payload != e.Payload || d.Body != nil || d.Organization != ours || d.Connection != "conn_a" ||
		d.Connector != "close" || d.Kind != delivery.Webhook || !d.ReceivedAt.Equal(e.ReceivedAt) || d.ID == e.ID {
		t.Errorf("sent %+v", d)
	}
	if !strings.Contains(string(a.body), d.ID) {
		t.Errorf("the answer does not name the delivery: %s", a.body)
	}
	s.must(s.intake.Resolve(t.Context(), ours, e.ID, s.clock.now()))
	s.post(s.manager, "/v1/quarantine/01ENTRY/replay", nil).want(t, 409, "already_resolved")
	s.post(s.manager, "/v1/quarantine/01NOWHERE/replay", nil).want(t, 404, "not_found")
	if len(s.inbox.sent) != 1 {
		t.Errorf("%d deliveries were sent", len(s.inbox.sent))
	}
}
