package crm

import (
	"encoding/json"
	"slices"
	"time"
)

// Actor is who makes a change, and by which request.
type Actor struct {
	UserID, APIKeyID, OAuthClientID, OAuthScope string
	Method, Path                                string
	RequestID                                   string
}

// Event is one entry of the event log. Later changes of the same object may grow it.
type Event struct {
	ID                                   string
	Created, Updated                     int64
	Action, ObjectType, ObjectID, LeadID string
	Actor                                Actor
	Changed                              []string
	Data, Previous                       json.RawMessage
	MergeSource, MergeDestination        string
	BulkActionID                         string
	visible                              *Record
}

// eventLog holds the events in the order of their last change.
type eventLog struct {
	sorted []*Event
	byID   map[string]*Event
	// open are the events that may still grow, by object and action.
	open map[string]*Event
	last int64
}

// tick gives the time of the next event: later than all before it, so that their order is that in which they happened.
func (l *eventLog) tick(now int64) int64 {
	l.last = max(now, l.last+1)
	return l.last
}

func (l *eventLog) init() {
	l.byID, l.open = map[string]*Event{}, map[string]*Event{}
}

// place gives where an event belongs.
func (l *eventLog) place(e *Event) int {
	i, _ := slices.BinarySearchFunc(l.sorted, e, func(a, b *Event) int {
		switch {
		case a.Updated != b.Updated:
			return int(min(max(a.Updated-b.Updated, -1), 1))
		case a.ID < b.ID:
			return -1
		case a.ID > b.ID:
			return 1
		}
		return 0
	})
	return i
}

func (l *eventLog) insert(e *Event) { l.sorted = slices.Insert(l.sorted, l.place(e), e) }

func (l *eventLog) remove(e *Event) {
	if i := l.place(e); i < len(l.sorted) && l.sorted[i] == e {
		l.sorted = slices.Delete(l.sorted, i, i+1)
	}
}

// note writes an event into the log, or lets an open one grow: changes of one object that follow each other quickly are one
// event with one id, whose date_updated moves on.
func (m *Model) note(e *Event) {
	now := m.Now().UnixMicro()
	m.forget(now)
	key := e.Action + e.ObjectID
	if old := m.log.open[key]; old != nil && e.Action == "updated" && now-old.Updated <= m.opts.Consolidation.Microseconds() {
		m.log.remove(old)
		old.Updated = m.log.tick(now)
		old.Data, old.Actor, old.LeadID = e.Data, e.Actor, e.LeadID
		old.Previous = join(e.Previous, old.Previous)
		for _, f := range e.Changed {
			if !slices.Contains(old.Changed, f) {
				old.Changed = append(old.Changed, f)
			}
		}
		slices.Sort(old.Changed)
		m.log.insert(old)
		m.Changed(old)
		return
	}
	e.ID, e.Created = m.NewID("ev_"), m.log.tick(now)
	e.Updated = e.Created
	m.log.insert(e)
	m.log.byID[e.ID] = e
	if e.Action == "updated" && m.opts.Consolidation > 0 {
		m.log.open[key] = e
	}
	m.Changed(e)
}

// join adds to the values before the last change those from before the changes that went ahead, which win.
func join(later, earlier json.RawMessage) json.RawMessage {
	o := parse(later)
	for _, p := range parse(earlier) {
		o.Set(p.Key, p.Value)
	}
	return o.JSON()
}

// forget drops what is older than Close keeps.
func (m *Model) forget(now int64) {
	oldest := now - eventsKept.Microseconds()
	n := 0
	for n < len(m.log.sorted) && m.log.sorted[n].Updated < oldest {
		e := m.log.sorted[n]
		delete(m.log.byID, e.ID)
		if m.log.open[e.Action+e.ObjectID] == e {
			delete(m.log.open, e.Action+e.ObjectID)
		}
		n++
	}
	m.log.sorted = slices.Delete(m.log.sorted, 0, n)
}

// Event finds an event that a person may see.
func (m *Model) Event(id string, u *User) *Event {
	m.forget(m.Now().UnixMicro())
	if e := m.log.byID[id]; e != nil && (e.visible == nil || m.Sees(u, e.visible)) {
		return e
	}
	return nil
}

// EventQuery asks for events. What is empty does not filter.
type EventQuery struct {
	ObjectType, ObjectID, Action, LeadID, UserID, RequestID string
	// From and To bound date_updated, in microseconds: from on, up to below. To 0 has no bound.
	From, To int64
	// Before and After continue behind an event, towards older or newer ones.
	Before, After Mark
	Limit         int
}

// Mark is a place in the event log: that of an event when it was listed.
type Mark struct {
	At int64
	ID string
}

// Events gives events, newest first, and whether there are older and newer ones than those given.
func (m *Model) Events(q EventQuery, u *User) (list []*Event, older, newer bool) {
	m.forget(m.Now().UnixMicro())
	take := func(e *Event) bool {
		return fits(q.ObjectType, e.ObjectType) && fits(q.ObjectID, e.ObjectID) && fits(q.Action, e.Action) && fits(q.LeadID, e.LeadID) &&
			fits(q.UserID, e.Actor.UserID) && fits(q.RequestID, e.Actor.RequestID) && e.Updated >= q.From && (q.To == 0 || e.Updated < q.To) &&
			(e.visible == nil || m.Sees(u, e.visible))
	}
	all := m.log.sorted
	if q.After.ID != "" {
		i := m.log.place(&Event{Updated: q.After.At, ID: q.After.ID + "\x00"})
		for ; i < len(all); i++ {
			if take(all[i]) {
				if len(list) == q.Limit {
					newer = true
					break
				}
				list = append(list, all[i])
			}
		}
		slices.Reverse(list)
		return list, true, newer
	}
	end := len(all)
	if q.Before.ID != "" {
		end = m.log.place(&Event{Updated: q.Before.At, ID: q.Before.ID})
	}
	for i := end - 1; i >= 0 && all[i].Updated >= q.From; i-- {
		if !take(all[i]) {
			continue
		}
		if len(list) == q.Limit {
			older = true
			break
		}
		list = append(list, all[i])
	}
	return list, older, q.Before.ID != ""
}

func fits(want, is string) bool { return want == "" || want == is }

// Render writes an event as the log and the webhooks show it. Without content, data and previous_data are empty.
func (m *Model) Render(e *Event, content bool) []byte {
	w := newWriter(nil)
	w.str("id", e.ID)
	w.str("date_created", bare(e.Created))
	w.str("date_updated", bare(e.Updated))
	w.str("action", e.Action)
	w.str("object_type", e.ObjectType)
	w.str("object_id", e.ObjectID)
	w.id("lead_id", e.LeadID)
	w.str("organization_id", m.Team.OrganizationID)
	w.id("user_id", e.Actor.UserID)
	w.id("request_id", e.Actor.RequestID)
	w.id("api_key_id", e.Actor.APIKeyID)
	w.id("oauth_client_id", e.Actor.OAuthClientID)
	w.id("oauth_scope", e.Actor.OAuthScope)
	w.list("changed_fields", e.Changed...)
	data, previous := e.Data, e.Previous
	if !content {
		data, previous = nil, nil
	}
	w.raw("data", orEmpty(data))
	w.raw("previous_data", orEmpty(previous))
	in := newWriter(append(w.b, `,"meta":`...))
	in.id("request_method", e.Actor.Method)
	in.id("request_path", e.Actor.Path)
	for _, p := range [][2]string{{"bulk_action_id", e.BulkActionID}, {"merge_source_lead_id", e.MergeSource}, {"merge_destination_lead_id", e.MergeDestination}} {
		if p[1] != "" {
			in.str(p[0], p[1])
		}
	}
	w.b = in.done()
	return w.done()
}

func orEmpty(v json.RawMessage) string {
	if v == nil {
		return "{}"
	}
	return string(v)
}

// Shown tells whether a person still sees the content of an event: an admin always, others for one hour.
func (m *Model) Shown(e *Event, u *User) bool {
	return m.May(u, "manage_organization") || m.Now().UnixMicro()-e.Updated <= time.Hour.Microseconds()
}

// Visible tells whether a person may see what an event is about.
func (m *Model) Visible(e *Event, u *User) bool { return e.visible == nil || m.Sees(u, e.visible) }
