package crm

import (
	"encoding/json"
	"slices"
	"strconv"
)

// consequences makes the records and events that a change leaves behind. old is nil for a new record.
func (m *Model) consequences(r *Record, old Object, nested json.RawMessage, c Change) error {
	own := parse(m.Own(r))
	switch {
	case r.Kind == Lead && old == nil:
		m.trace(Created, r, c, Object{{"source", Quote("api")}, {"import_id", json.RawMessage("null")}}, nil)
		return m.createContacts(r, nested, c)
	case r.Kind == Lead && old.Text("status_id") != own.Text("status_id"):
		m.trace(LeadStatusChange, r, c, Object{
			{"old_status_id", old.Get("status_id")}, {"old_status_label", old.Get("status_label")},
			{"new_status_id", own.Get("status_id")}, {"new_status_label", own.Get("status_label")},
		}, nil)
	case r.Kind == Opportunity && old != nil && old.Text("status_id") != own.Text("status_id"):
		from, _ := status(m.statuses, old.Text("status_id"))
		to, _ := status(m.statuses, own.Text("status_id"))
		w := newWriter(nil)
		m.changedStatus(w, r.ID, from, to, *r.deal, own.Text("value_currency"))
		o := parse(w.done())
		o.Set("opportunity_date_won", own.Get("date_won"))
		m.trace(OpportunityStatusChange, r.lead, c, o, r)
	case r.Kind == Call && old == nil && own.Text("status") == "completed":
		m.tell(r, "completed", c, nil, nil)
	}
	return nil
}

// complete makes the activity of a task that is done, which the task then names.
func (m *Model) complete(r *Record, o *Object, c Change) {
	done := m.trace(TaskCompleted, r.lead, c, Object{
		{"task_id", Quote(r.ID)}, {"task_text", o.Get("text")},
		{"task_assigned_to", o.Get("assigned_to")}, {"task_assigned_to_name", o.Get("assigned_to_name")},
	}, r)
	o.SetText("object_type", "taskcompleted")
	o.SetText("object_id", done.ID)
}

func (m *Model) createContacts(l *Record, nested json.RawMessage, c Change) error {
	var list []json.RawMessage
	if nested == nil || json.Unmarshal(nested, &list) != nil {
		return nil
	}
	for _, one := range list {
		in, err := ParseObject(one)
		if err != nil {
			return wrongField("contacts", "Each must be an object.")
		}
		in.SetText("lead_id", l.ID)
		if _, err := m.Create(Contact, in, c); err != nil {
			return err
		}
	}
	return nil
}

// trace makes an activity that notes a change of something else.
func (m *Model) trace(k Kind, l *Record, c Change, extra Object, about *Record) *Record {
	r := &Record{Kind: k, user: nobody, lead: l, about: about}
	r.created = m.now()
	r.updated, r.at = r.created, r.created
	r.ID = m.NewID(m.specs[k].Prefix)
	o := Object{}
	o.SetText("id", r.ID)
	m.defaults(&o, r, c.Actor)
	o.SetText("lead_id", idOf(l))
	o.SetText("date_created", stamp(r.created))
	o.SetText("date_updated", stamp(r.updated))
	for _, p := range extra {
		o.Set(p.Key, p.Value)
	}
	r.data = o.JSON()
	m.add(r)
	m.tell(r, "created", c, nil, nil)
	return r
}

// thread puts a new e-mail into the thread of the lead that has its subject, or into a new one.
func (m *Model) thread(r *Record, o *Object, c Change) {
	subject := o.Text("subject")
	for _, other := range r.lead.children {
		if other.Kind == EmailThread && text(value(m.Own(other), "latest_normalized_subject")) == subject {
			r.about = other
		}
	}
	if t := r.about; t != nil {
		own := parse(m.Own(t))
		n, _ := strconv.Atoi(string(own.Get("n_emails")))
		own.Set("n_emails", strconv.AppendInt(nil, int64(n+1), 10))
		t.data = own.JSON()
		m.Touch(t, c)
	} else {
		r.about = m.trace(EmailThread, r.lead, c, Object{{"latest_normalized_subject", Quote(subject)}, {"n_emails", json.RawMessage("1")}, {"contact_id", o.Get("contact_id")}}, nil)
	}
	o.SetText("thread_id", r.about.ID)
	o.Set("message_ids", appendList(nil, []string{"<" + r.ID + "@mail.example.com>"}))
}

// Merge joins the source lead into the destination: what belongs to the source moves, what the destination lacks it takes.
func (m *Model) Merge(source, destination *Record, c Change) {
	from, old := parse(m.Own(source)), parse(m.Own(destination))
	to := slices.Clone(old)
	for _, p := range from {
		if isCustom(p.Key) && !to.Has(p.Key) {
			to.Set(p.Key, p.Value)
		}
	}
	var addresses, more []json.RawMessage
	_ = json.Unmarshal(to.Get("addresses"), &addresses)
	_ = json.Unmarshal(from.Get("addresses"), &more)
	if len(more) > 0 {
		list, _ := json.Marshal(append(addresses, more...))
		to.Set("addresses", list)
	}
	moved := slices.Clone(source.children)
	for _, child := range moved {
		m.adopt(child, destination, c)
	}
	m.unlink(destination)
	destination.updated = max(m.now(), destination.updated+1000)
	destination.user = m.userIndex(to.Text("custom." + m.OwnerField()))
	to.SetText("date_updated", stamp(destination.updated))
	destination.data = to.JSON()
	m.link(destination)
	m.trace(LeadMerge, destination, c, Object{
		{"source_lead_id", Quote(source.ID)}, {"source_lead_name", from.Get("name")}, {"destination_lead_id", Quote(destination.ID)},
	}, nil)
	m.drop(source)
	if c.Silent {
		return
	}
	changed, previous := difference(old, to)
	merged := &Event{Action: "merged", ObjectType: "lead", ObjectID: destination.ID, LeadID: destination.ID, Actor: c.Actor, Changed: changed,
		Data: m.told(destination), Previous: previous.JSON(), MergeSource: source.ID, MergeDestination: destination.ID, visible: destination}
	m.note(merged)
	gone := &Event{Action: "deleted", ObjectType: "lead", ObjectID: source.ID, LeadID: source.ID, Actor: c.Actor,
		Previous: m.Own(source), MergeSource: source.ID, MergeDestination: destination.ID, visible: source}
	m.note(gone)
}

// adopt moves a record to another lead, with as much noise as the options want.
func (m *Model) adopt(r, to *Record, c Change) {
	old := parse(m.Own(r))
	o := slices.Clone(old)
	m.unlink(r)
	m.move(r, to)
	o.SetText("lead_id", to.ID)
	if o.Has("lead_name") {
		o.Set("lead_name", value(m.Own(to), "name"))
	}
	if m.opts.Merge != Silent {
		r.updated = max(m.now(), r.updated+1000)
		o.SetText("date_updated", stamp(r.updated))
	}
	r.data = o.JSON()
	m.link(r)
	if m.opts.Merge == Told {
		changed, previous := difference(old, o)
		m.tell(r, "updated", c, changed, previous)
	}
}
