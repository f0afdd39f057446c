package crm

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
)

// Change says how a change is noted.
type Change struct {
	Actor Actor
	// Silent makes no events, as with an import whose events are switched off.
	Silent bool
	// Bulk is the id of the bulk action that the change is part of.
	Bulk string
}

// Wrong says what is wrong with a request, field by field where it is about fields.
type Wrong struct {
	Message string
	Fields  map[string]string
}

func (w *Wrong) Error() string {
	if w.Message != "" {
		return w.Message
	}
	for _, f := range slices.Sorted(keys(w.Fields)) {
		return f + ": " + w.Fields[f]
	}
	return "the request is wrong"
}

func keys(m map[string]string) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

func wrongField(field, message string) error {
	return &Wrong{Fields: map[string]string{field: message}}
}

// Create makes a record of a kind from a request.
func (m *Model) Create(k Kind, in Object, c Change) (*Record, error) {
	r := &Record{Kind: k, user: nobody}
	now := m.now()
	r.created, r.updated, r.at = now, now, now
	o := Object{}
	r.ID = m.NewID(m.specs[k].Prefix)
	o.SetText("id", r.ID)
	m.defaults(&o, r, c.Actor)
	nested := in.Get("contacts")
	if k == Lead {
		in.Delete("contacts")
	}
	if k != Lead && k != Contact && k != Opportunity && in.Text("lead_id") == "" {
		return nil, wrongField("lead_id", "This field is required.")
	}
	if k != Lead && in.Text("lead_id") == "" { // Close makes a lead for what has none
		l, err := m.Create(Lead, Object{{"name", Quote("Untitled")}}, c)
		if err != nil {
			return nil, err
		}
		in.SetText("lead_id", l.ID)
	}
	if err := m.apply(r, &o, in, true); err != nil {
		return nil, err
	}
	if at := dateMicros(o.Text("date_created")); at != 0 {
		r.created = at
	}
	if k == Email {
		m.thread(r, &o, c)
	}
	o.SetText("date_created", stamp(r.created))
	o.SetText("date_updated", stamp(r.updated))
	r.data = o.JSON()
	m.add(r)
	m.tell(r, "created", c, nil, nil)
	return r, m.consequences(r, nil, nested, c)
}

// Update changes a record.
func (m *Model) Update(r *Record, in Object, c Change) error {
	before := m.Own(r)
	o := parse(before)
	old := parse(before)
	moved := *r
	if err := m.apply(&moved, &o, in, false); err != nil {
		return err
	}
	if same(old, o) && len(in) > 0 {
		return nil // Close makes no event of a change that changes nothing
	}
	m.unlink(r)
	if moved.lead != r.lead {
		m.move(r, moved.lead)
	}
	r.user, r.contact, r.about, r.deal, r.at = moved.user, moved.contact, moved.about, moved.deal, moved.at
	r.updated = max(m.now(), r.updated+1000)
	o.SetText("date_updated", stamp(r.updated))
	if c.Actor.UserID != "" {
		o.SetText("updated_by", c.Actor.UserID)
		if o.Has("updated_by_name") {
			o.SetText("updated_by_name", m.userName(m.userIndex(c.Actor.UserID)))
		}
	}
	if at := dateMicros(o.Text("date_created")); at != 0 {
		r.created = at
	}
	done := r.Kind == Task && string(old.Get("is_complete")) != "true" && string(o.Get("is_complete")) == "true"
	if done {
		m.complete(r, &o, c)
	}
	r.data = o.JSON()
	m.link(r)
	changed, previous := difference(old, o)
	m.tell(r, "updated", c, changed, previous)
	if done {
		m.tell(r, "completed", c, nil, nil)
	}
	return m.consequences(r, old, nil, c)
}

// same tells whether two contents agree in all but who looked at them last.
func same(a, b Object) bool {
	changed, _ := difference(a, b)
	return len(changed) == 0
}

// difference lists the fields that differ, and the values that they had.
func difference(before, after Object) (changed []string, previous Object) {
	previous = Object{}
	for _, p := range before {
		if now := after.Get(p.Key); !bytes.Equal(now, p.Value) {
			changed = append(changed, p.Key)
			previous = append(previous, p)
		}
	}
	for _, p := range after {
		if !before.Has(p.Key) {
			changed = append(changed, p.Key)
			previous = append(previous, Pair{p.Key, json.RawMessage("null")})
		}
	}
	slices.Sort(changed)
	return changed, previous
}

// Delete removes a record, and with a lead all that belongs to it.
func (m *Model) Delete(r *Record, c Change) {
	if r.Kind == Lead {
		for _, child := range slices.Clone(r.children) {
			m.drop(child)
			if m.opts.Cascade {
				m.tell(child, "deleted", c, nil, nil)
			}
		}
		r.children = nil
	}
	m.drop(r)
	m.tell(r, "deleted", c, nil, nil)
}

func (m *Model) drop(r *Record) {
	r.data = m.Own(r)
	m.unlink(r)
	delete(m.byID, r.ID)
	if r.lead != nil {
		r.lead.children = slices.DeleteFunc(r.lead.children, func(c *Record) bool { return c == r })
	}
}

// tell notes a change in the event log.
func (m *Model) tell(r *Record, action string, c Change, changed []string, previous Object) {
	if c.Silent || r.Kind == Created || r.Kind == LeadMerge { // Close lists no events of these
		return
	}
	e := &Event{Action: action, ObjectType: m.specs[r.Kind].Object, ObjectID: r.ID, LeadID: r.LeadID(), Actor: c.Actor, Changed: changed,
		BulkActionID: c.Bulk, visible: r}
	if r.Kind == Task {
		e.ObjectType = "task." + text(value(m.Own(r), "_type"))
	}
	switch action {
	case "deleted":
		e.Previous = m.Own(r)
	default:
		e.Data = m.told(r)
		if previous != nil {
			e.Previous = previous.JSON()
		}
	}
	m.note(e)
}

// told is a record as an event shows it: a lead with the ids of its contacts.
func (m *Model) told(r *Record) json.RawMessage {
	if r.Kind != Lead {
		return slices.Clone(m.Own(r))
	}
	w := newWriter(nil)
	m.project(w, m.Own(r), nil)
	w.raw("contact_ids", string(appendList(nil, childIDs(r, Contact))))
	return w.done()
}

// add puts a new record into all lists.
func (m *Model) add(r *Record) {
	m.byID[r.ID] = r
	if r.lead != nil {
		r.lead.children = append(r.lead.children, r)
	}
	m.link(r)
	m.freshen(r)
}

// link puts a record into the lists that are in the order of its times.
func (m *Model) link(r *Record) {
	m.tables[r.Kind].created.insert(r.created, r)
	m.tables[r.Kind].updated.insert(r.updated, r)
	if r.Kind.Activity() {
		m.activities.created.insert(r.created, r)
		m.activities.updated.insert(r.updated, r)
	}
	m.reindex(r, true)
}

func (m *Model) unlink(r *Record) {
	m.tables[r.Kind].created.remove(r.created, r)
	m.tables[r.Kind].updated.remove(r.updated, r)
	if r.Kind.Activity() {
		m.activities.created.remove(r.created, r)
		m.activities.updated.remove(r.updated, r)
	}
	m.reindex(r, false)
}

// move hangs a record to another lead, of which it then states the name. Its content must be kept already.
func (m *Model) move(r, to *Record) {
	if r.lead != nil {
		r.lead.children = slices.DeleteFunc(r.lead.children, func(c *Record) bool { return c == r })
	}
	r.lead = to
	if to != nil {
		to.children = append(to.children, r)
	}
}

// Touch gives a record a new date_updated and nothing else.
func (m *Model) Touch(r *Record, c Change) {
	old := parse(m.Own(r))
	m.unlink(r)
	r.updated = max(m.now(), r.updated+1000)
	o := slices.Clone(old)
	o.SetText("date_updated", stamp(r.updated))
	r.data = o.JSON()
	m.link(r)
	changed, previous := difference(old, o)
	m.tell(r, "updated", c, changed, previous)
}

// isCustom tells whether a name is that of a custom field.
func isCustom(key string) bool { return strings.HasPrefix(key, "custom.") }
