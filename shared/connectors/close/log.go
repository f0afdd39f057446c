package close

import (
	"context"
	"encoding/json"
	"net/url"
	"slices"

	"leadline/shared/connector"
	"leadline/shared/fault"
	"leadline/shared/quarantine"
)

// logState is the cursor of the log: Close's own, and the oldest entry that was read, from where to go on without it.
type logState struct {
	Version int     `json:"v"`
	Cursor  string  `json:"cursor"`
	Oldest  instant `json:"oldest"`
}

// readLog reads a page of the event log: https://developer.close.com/api/resources/events. It gives the newest entries
// first and at most 50 a page. Close's cursor is to be sent without date_updated, so that it is we who stop at From.
func readLog(ctx context.Context, c connector.Client, r connector.LogRequest) (connector.LogPage, error) {
	v := url.Values{"_limit": {number(eventRows)}}
	from := instantOf(r.From)
	var s logState
	if r.Cursor == "" {
		if !r.From.IsZero() {
			v.Set("date_updated__gte", from.String())
		}
	} else {
		if err := json.Unmarshal([]byte(r.Cursor), &s); err != nil || s.Version != cursorVersion {
			return connector.LogPage{}, fault.New(fault.Invalid, "invalid_cursor", "The cursor is none of this connector, or of another version of it.")
		}
		v.Set("_cursor", s.Cursor)
	}
	l, err := getList(ctx, c, pathEvents, v)
	if r := connector.Refusal(err); s.Cursor != "" && r != nil && r.Outcome == connector.Permanent {
		// The cursor is not taken any more: by the date, which may show some entries again.
		v.Del("_cursor")
		v.Set("date_updated__lte", s.Oldest.next().String())
		l, err = getList(ctx, c, pathEvents, v)
	}
	if err != nil {
		return connector.LogPage{}, err
	}
	page := connector.LogPage{Raw: l.answer.Body, At: l.answer.At}
	oldest, dated := entries(&page, l.Data)
	if l.CursorNext == "" || dated && !r.From.IsZero() && oldest < from {
		return page, nil
	}
	if !dated {
		oldest = s.Oldest
	}
	next, _ := json.Marshal(logState{Version: cursorVersion, Cursor: l.CursorNext, Oldest: oldest})
	page.Next = string(next)
	return page, nil
}

// entries takes entries of the log into a page, and gives the time of the oldest.
func entries(page *connector.LogPage, rows []any) (oldest instant, dated bool) {
	for i, row := range rows {
		log, ok := row.(map[string]any)
		if !ok {
			page.Refused = append(page.Refused, connector.RefusedRow{Index: i, Why: fault.Of(
				refuse(quarantine.NotAnObject, "The entry is %s, expected an object.", kind(row)))})
			continue
		}
		if at, ok := instantAt(log, fieldUpdated); ok && (!dated || at < oldest) {
			oldest, dated = at, true
		}
		e, err := readEntry(log)
		if err == nil {
			touch(page, e.touched())
			if e.hidden() {
				continue
			}
			changes, failed := e.changes()
			page.Changes, err = append(page.Changes, changes...), failed
		}
		if err != nil {
			id, _ := log["object_id"].(string)
			page.Refused = append(page.Refused, connector.RefusedRow{ID: id, Index: i, Why: fault.Of(err)})
		}
	}
	return oldest, dated
}

func touch(page *connector.LogPage, refs []connector.Ref) {
	for _, r := range refs {
		if !slices.Contains(page.Touched, r) {
			page.Touched = append(page.Touched, r)
		}
	}
}

// touched names what must be read again after the event of a webhook body.
func touched(body []byte) []connector.Ref {
	e, err := readEvent(body)
	if err != nil {
		return nil
	}
	return e.touched()
}

// hidden tells of an event whose record is not shown: to those who are no admins, the log does so an hour after the event.
// A deletion says all there is to say without one.
func (e *event) hidden() bool {
	if e.data != nil || e.action == actionDeleted {
		return false
	}
	source, _, err := e.merge()
	return err != nil || source == ""
}

// touched names what must be read again, for the event does not say how it has become.
func (e *event) touched() []connector.Ref {
	id, err := e.recordID(nil)
	if err != nil || id == "" {
		if previous, ok := e.log["previous_data"].(map[string]any); ok {
			id, _ = e.recordID(previous)
		}
	}
	k, readable := kindNamed(e.object)
	var refs []connector.Ref
	source, destination, _ := e.merge()
	switch {
	case id == "":
	case e.object == objectLead && e.action == actionDeleted:
		refs = append(refs, connector.Ref{Parent: id}) // its children went with it, or to another lead
		if source == id && destination != "" && destination != id {
			refs = append(refs, connector.Ref{Parent: destination})
		}
	case e.object == objectLead && e.action == actionMerged:
		if destination == "" {
			destination = id
		}
		if source != "" && source != destination {
			refs = append(refs, connector.Ref{Parent: source})
		}
		refs = append(refs, connector.Ref{Parent: destination})
		if e.data == nil {
			refs = append(refs, connector.Ref{Object: objectLead, ID: destination})
		}
	case e.action == actionDeleted || !readable:
	case e.data == nil:
		refs = append(refs, connector.Ref{Object: k.name, ID: id})
	case e.object == objectMembership || e.object == objectGroup:
		// Events of memberships do not name the user as the list does, and those of groups not the members.
		refs = append(refs, connector.Ref{Object: k.name, ID: id})
	}
	return refs
}
