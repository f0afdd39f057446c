// Package intaketest makes random histories of a CRM for tests, and tells by a plain fold what records they must end
// in. The fold shares no code with what it tests.
package intaketest

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"time"
)

// Event is one thing that a CRM reports, before it is put into the CRM's words.
type Event struct {
	EventID string
	Object  string
	ID      string
	// Action is "created", "updated", "deleted" or "merged" (this record is the destination).
	Action string
	// At is the record's own last update, in microseconds since 1970; EventAt is the event's.
	At, EventAt int64
	// Content is the record in canonical JSON, empty for a deletion.
	Content string
	// Source is the record that was merged into this one.
	Source string
}

// effects are the states that an event claims.
func (e Event) effects() map[Key]State {
	own := Key{e.Object, e.ID}
	switch e.Action {
	case "deleted":
		return map[Key]State{own: {Version: e.EventAt, Deleted: true}}
	case "merged":
		return map[Key]State{
			own:                  {Version: e.At, Content: e.Content},
			{e.Object, e.Source}: {Version: e.EventAt, Deleted: true, MergedInto: e.ID},
		}
	}
	return map[Key]State{own: {Version: e.At, Content: e.Content}}
}

// Versions gives the versions that the event claims, in microseconds since 1970.
func (e Event) Versions() []int64 {
	var versions []int64
	for _, s := range e.effects() {
		versions = append(versions, s.Version)
	}
	return versions
}

// History makes a random history of 20 to 30 events over 3 to 6 records in the minutes before now: creations, updates,
// deletions, merges, consolidated events, ties, and clocks that run ahead by more than the guard. Ids carry prefix, so
// that many histories can share a connection.
func History(r *rand.Rand, prefix string, now time.Time, guard time.Duration) []Event {
	g := generator{r: r, prefix: prefix, horizon: now.Add(guard).UnixMicro(), clock: now.Add(-time.Hour).UnixMicro()}
	objects := []string{"lead", "lead", "opportunity", "activity.call", "task", "custom_object"}
	for i, object := range objects[:3+r.IntN(4)] {
		g.keys = append(g.keys, Key{object, fmt.Sprintf("%s_%s%d", object[:4], prefix, i)})
	}
	n := 20 + r.IntN(11)
	for len(g.events) < n {
		g.events = append(g.events, g.next())
	}
	return g.events
}

type generator struct {
	r       *rand.Rand
	prefix  string
	keys    []Key
	events  []Event
	clock   int64
	horizon int64
}

func (g *generator) next() Event {
	key := g.keys[g.r.IntN(len(g.keys))]
	steps := []int64{1, 40, 1000, 250_000, 7_000_000}
	g.clock += steps[g.r.IntN(len(steps))]
	e := Event{EventID: fmt.Sprintf("ev_%s%d", g.prefix, len(g.events)), Object: key.Object, ID: key.ID, At: g.clock, Action: "updated"}
	switch dice := g.r.IntN(100); {
	case dice < 15:
		e.Action = "created"
	case dice < 27:
		e.Action = "deleted"
	case dice < 35 && key.Object == "lead":
		e.Action, e.ID, e.Source = "merged", g.keys[0].ID, g.keys[1].ID
	case dice < 45 && len(g.events) > 0: // consolidated: the same event again, later, with more in it
		earlier := g.events[g.r.IntN(len(g.events))]
		e.EventID, e.Object, e.ID = earlier.EventID, earlier.Object, earlier.ID
	case dice < 65 && len(g.events) > 0: // a tie: another event about the record with the very same time
		earlier := g.events[g.r.IntN(len(g.events))]
		e.Object, e.ID, e.At = earlier.Object, earlier.ID, earlier.At
		if g.r.IntN(4) == 0 {
			e.Action = "deleted"
		}
	case dice < 69:
		e.At = g.horizon + 1 + g.r.Int64N(int64(time.Hour/time.Microsecond))
	}
	e.EventAt = e.At
	if g.r.IntN(3) == 0 && e.Action != "deleted" {
		e.EventAt += g.r.Int64N(5000)
	}
	if e.Action != "deleted" {
		e.Content = g.content(e)
	}
	return e
}

// content is a record with the awkward values of real ones. Few distinct values make equal contents under one version
// happen, too.
func (g *generator) content(e Event) string {
	notes := []any{nil, "", "naïve — \u2028 \"quoted\" \\ #", json.Number("9007199254740993"), json.Number("1.10")}
	fields := map[string]any{
		"id": e.ID, "date_updated": Timestamp(e.At), "status": []string{"active", "won", "lost"}[g.r.IntN(3)],
		"custom.cf_aB3": notes[g.r.IntN(len(notes))], "value": json.Number(fmt.Sprint(100 * g.r.IntN(4))),
	}
	if g.r.IntN(3) == 0 {
		fields["attendees"] = []any{map[string]any{"emails": []any{}, "name": nil, "n": g.r.IntN(2)}}
	}
	text, err := json.Marshal(fields)
	if err != nil { // a map of texts and numbers always encodes
		return ""
	}
	return string(text)
}

// Timestamp writes microseconds since 1970 as Close dates a record.
func Timestamp(micros int64) string {
	return time.UnixMicro(micros).UTC().Format("2006-01-02T15:04:05.000000+00:00")
}

// CloseBody puts the event into the words of a Close webhook.
func (e Event) CloseBody() []byte {
	at := time.UnixMicro(e.EventAt).UTC().Format("2006-01-02T15:04:05.000000") // events carry no zone
	data, previous, meta := json.RawMessage(e.Content), json.RawMessage("{}"), map[string]any{"request_method": "PUT"}
	if e.Action == "deleted" {
		data, previous = json.RawMessage("null"), json.RawMessage(`{"id":"`+e.ID+`"}`)
	}
	if e.Action == "merged" {
		meta["merge_source_lead_id"], meta["merge_destination_lead_id"] = e.Source, e.ID
	}
	body, err := json.Marshal(map[string]any{"subscription_id": "whsub_1", "event": map[string]any{
		"id": e.EventID, "date_created": at, "date_updated": at, "action": e.Action, "object_type": e.Object,
		"object_id": e.ID, "data": data, "previous_data": previous, "changed_fields": []string{}, "meta": meta,
	}})
	if err != nil { // all of it encodes
		return nil
	}
	return body
}
