package main

import (
	"encoding/json"
	"fmt"
	"maps"
)

// historyTable shows the revisions of a record, newest first, one line for each field that changed. show picks the
// fields; nil shows all. Who did it is what the record itself said at that time.
func historyTable(now recordState, revisions []revision, show func(revision, change) bool) *table {
	t := &table{head: []string{"REV", "WHEN (UTC)", "WHAT", "WHO", "EVENT", "FIELD", "OLD", "", "NEW"}}
	state := maps.Clone(now.Fields)
	if state == nil {
		state = map[string]json.RawMessage{}
	}
	for _, rev := range revisions {
		before := undo(state, rev.Changes)
		when, event := instant(rev.Version), orElse(rev.Source.Event, "-")
		if rev.Version.IsZero() {
			when, event = "unknown", "unknown"
		}
		lead := []cell{styled(bold, fmt.Sprint(rev.Rev)), text(when), what(rev), text(who(state, before)), text(event)}
		hidden := 0
		for _, ch := range rev.Changes {
			if show != nil && !show(rev, ch) {
				hidden++
				continue
			}
			t.add(append(lead, text(ch.Field), styled(dim, side(now.Object, ch.Field, ch.Old, ch.OldLarge, before)), text("→"),
				newSide(now.Object, ch, state))...)
			lead = row("", "", "", "", "")
		}
		if hidden > 0 || len(rev.Changes) == 0 {
			note := fmt.Sprintf("and %d more", hidden)
			if len(rev.Changes) == 0 {
				note = "no field changed"
			}
			t.add(append(lead, styled(dim, note))...)
		}
		state = before
	}
	return t
}

// undo gives the fields as they were before the changes.
func undo(after map[string]json.RawMessage, changes []change) map[string]json.RawMessage {
	before := maps.Clone(after)
	for _, ch := range changes {
		delete(before, ch.Field)
		if ch.Old != nil {
			before[ch.Field] = ch.Old
		}
	}
	return before
}

// what says what a revision did.
func what(rev revision) cell {
	action := rev.Source.Action
	if action == "" {
		action = "changed"
	}
	c := cell{text: action, style: cyan}
	if rev.Deleted {
		c.style = red
	}
	if rev.MergedInto != "" {
		c.text += " into " + rev.MergedInto
	}
	if rev.Contested {
		c.text += ", contested"
	}
	if rev.Repaired {
		c.text += fmt.Sprintf(", repaired (revs %d to %d in one)", rev.FromRev+1, rev.Rev)
	}
	return c
}

// who gives the person whom the record names as the one who touched it last. A tombstone names nobody, and the state
// before it would name the wrong one.
func who(state, before map[string]json.RawMessage) string {
	named := func(field string) string {
		var s string
		_ = json.Unmarshal(state[field], &s) // no text: no name
		return s
	}
	by := orElse(named("updated_by_name"), named("updated_by"))
	if len(before) == 0 {
		by = orElse(orElse(named("created_by_name"), named("created_by")), by)
	}
	if by != "" && by == named("user_id") {
		by = orElse(named("user_name"), by)
	}
	return short(orElse(orElse(by, named("user_name")), "-"), 24)
}

// side gives one side of a change.
func side(object, field string, value json.RawMessage, large *largeSketch, of map[string]json.RawMessage) string {
	if large != nil {
		return "(" + bytesOf(large.Bytes) + ")"
	}
	return displayField(object, field, value, of)
}

func newSide(object string, ch change, after map[string]json.RawMessage) cell {
	s := side(object, ch.Field, ch.New, ch.NewLarge, after)
	if ch.New == nil && ch.NewLarge == nil {
		return styled(red, s)
	}
	return styled(green, s)
}
