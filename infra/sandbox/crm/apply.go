package crm

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"
)

// apply sets what a request says in a content, checks it, and works out what follows from it within the record. Where it
// refuses, nothing of r and o may be used any more.
func (m *Model) apply(r *Record, o *Object, in Object, create bool) error {
	known := writable(r.Kind)
	wrong := &Wrong{Fields: map[string]string{}}
	for _, p := range in {
		switch {
		case isCustom(p.Key):
			if problem := m.setCustom(r.Kind, o, p); problem != "" {
				wrong.Fields[p.Key] = problem
			}
		case slices.Contains(known, p.Key):
			if p.Key != "status" || r.Kind != Opportunity && r.Kind != Lead {
				o.Set(p.Key, p.Value)
			}
		case r.Kind == Opportunity:
			wrong.Fields[p.Key] = "Unknown field."
		}
	}
	if len(wrong.Fields) > 0 {
		return wrong
	}
	if err := m.relate(r, o, in); err != nil {
		return err
	}
	switch r.Kind {
	case Lead:
		return m.applyLead(r, o, in)
	case Contact:
		o.Set("display_name", o.Get("name"))
		return m.normalize(o)
	case Opportunity:
		return m.applyDeal(r, o, in, create)
	case Task:
		m.applyTask(o, in)
	case CustomObject:
		if m.find("custom_object_type", o.Text("custom_object_type_id")) == nil {
			return wrongField("custom_object_type_id", "There is no such type.")
		}
	default:
		return m.applyActivity(r, o, in)
	}
	return nil
}

// setCustom sets, adds to or takes from a custom field; it returns what is wrong.
func (m *Model) setCustom(k Kind, o *Object, p Pair) string {
	id, verb, _ := strings.Cut(strings.TrimPrefix(p.Key, "custom."), ".")
	on := m.specs[k].Path
	switch k {
	case CustomActivity:
		on = "activity"
	case CustomObject:
		on = "custom_object_type"
	}
	def := m.Field(on, id)
	if def == nil {
		return "Unknown custom field."
	}
	key := "custom." + id
	many := string(def.Get("accepts_multiple_values")) == "true"
	v := p.Value
	if verb != "" {
		if !many {
			return "The field has one value only."
		}
		have := texts(o.Get(key))
		for _, one := range texts(v) {
			have = slices.DeleteFunc(have, func(s string) bool { return s == one })
			if verb == "add" {
				have = append(have, one)
			}
		}
		v = appendList(nil, have)
	}
	if string(v) == "null" || string(v) == "[]" {
		o.Delete(key)
		return ""
	}
	switch def.Text("type") {
	case "number":
		if many {
			break
		}
		if _, err := strconv.ParseFloat(string(v), 64); err != nil {
			return "Not a number."
		}
	case "choices":
		allowed := texts(def.Get("choices"))
		for _, one := range texts(v) {
			if !slices.Contains(allowed, one) {
				return one + " is not one of the choices."
			}
		}
	case "user":
		for _, one := range texts(v) {
			if m.User(one) == nil {
				return "There is no user " + one + "."
			}
		}
	}
	if many && v[0] != '[' {
		v = slices.Concat([]byte{'['}, v, []byte{']'})
	}
	o.Set(key, v)
	return ""
}

// relate sets whom and what a record is about, and the names that it states of them.
func (m *Model) relate(r *Record, o *Object, in Object) error {
	if id := in.Text("lead_id"); id != "" && r.Kind != Lead {
		l := m.byID[id]
		if l == nil || l.Kind != Lead {
			return wrongField("lead_id", "There is no lead "+id+".")
		}
		if r.lead != l {
			r.lead = l
			if o.Has("lead_name") {
				o.SetText("lead_name", text(value(m.Own(l), "name")))
			}
		}
	}
	if in.Has("contact_id") {
		r.contact = nil
		if id := in.Text("contact_id"); id != "" {
			if r.contact = m.byID[id]; r.contact == nil || r.contact.Kind != Contact {
				return wrongField("contact_id", "There is no contact "+id+".")
			}
		}
		if o.Has("contact_name") {
			o.Set("contact_name", json.RawMessage("null"))
			if r.contact != nil {
				o.Set("contact_name", value(m.Own(r.contact), "name"))
			}
		}
	}
	user := "user_id"
	if r.Kind == Task {
		user = "assigned_to"
	}
	if id := in.Text(user); id != "" {
		if r.user = m.userIndex(id); r.user == nobody {
			return wrongField(user, "There is no user "+id+".")
		}
		name := "user_name"
		if r.Kind == Task {
			name = "assigned_to_name"
		}
		o.SetText(name, m.userName(r.user))
	}
	return nil
}

func (m *Model) applyLead(r *Record, o *Object, in Object) error {
	o.Set("display_name", o.Get("name"))
	if o.Text("name") == "" {
		o.Set("display_name", Quote("Untitled"))
	}
	if err := m.chooseStatus(o, in, m.lead); err != nil {
		return err
	}
	s, at := status(m.lead, o.Text("status_id"))
	if at == nobody {
		return wrongField("status_id", "There is no such lead status.")
	}
	o.SetText("status_label", s.Label)
	r.user = m.userIndex(o.Text("custom." + m.OwnerField()))
	return nil
}

// chooseStatus takes status for status_id; only one of them may be given.
func (m *Model) chooseStatus(o *Object, in Object, all []Status) error {
	label := in.Text("status")
	if label == "" {
		return nil
	}
	if in.Has("status_id") {
		return wrongField("status", "Give either status or status_id.")
	}
	for _, s := range all {
		if s.Label == label {
			o.SetText("status_id", s.ID)
			return nil
		}
	}
	return wrongField("status", "There is no status "+label+".")
}

// normalize completes e-mail addresses and phone numbers of a contact.
func (m *Model) normalize(o *Object) error {
	for _, list := range []struct{ name, value string }{{"emails", "email"}, {"phones", "phone"}} {
		var items []json.RawMessage
		if json.Unmarshal(o.Get(list.name), &items) != nil {
			return wrongField(list.name, "Not a list.")
		}
		b := []byte{'['}
		for i, item := range items {
			in, err := ParseObject(item)
			if err != nil || in.Text(list.value) == "" {
				return wrongField(list.name, "Each needs "+list.value+" and type.")
			}
			if !in.Has("type") {
				in.SetText("type", "office")
			}
			if list.name == "emails" && !in.Has("is_unsubscribed") {
				in.Set("is_unsubscribed", json.RawMessage("false"))
			}
			if list.name == "phones" {
				in.SetText("phone_formatted", formatPhone(in.Text("phone")))
				in.SetText("country", "US")
			}
			if i > 0 {
				b = append(b, ',')
			}
			b = append(b, in.JSON()...)
		}
		o.Set(list.name, append(b, ']'))
	}
	return nil
}

func (m *Model) applyTask(o *Object, in Object) {
	if in.Has("date") {
		o.Set("due_date", in.Get("date"))
	} else if in.Has("due_date") {
		o.Set("date", in.Get("due_date"))
	}
	view := "inbox"
	switch {
	case string(o.Get("is_complete")) == "true":
		view = "archive"
	case dateMicros(o.Text("date")) > m.now():
		view = "future"
	}
	o.SetText("view", view)
}

func (m *Model) applyActivity(r *Record, o *Object, in Object) error {
	if note := in.Text("note"); in.Has("note") && !in.Has("note_html") && o.Has("note_html") {
		o.Set("note_html", Quote("<body><p>"+note+"</p></body>"))
	}
	if html := in.Text("note_html"); html != "" && !in.Has("note") && o.Has("note") {
		o.Set("note", Quote(strings.NewReplacer("<body>", "", "</body>", "", "<p>", "", "</p>", "").Replace(html)))
	}
	for _, k := range []string{"local_phone", "remote_phone"} {
		if in.Has(k) {
			o.SetText(k+"_formatted", formatPhone(in.Text(k)))
		}
	}
	switch r.Kind {
	case Call:
		if in.Has("phone") {
			o.Set("remote_phone", in.Get("phone"))
			o.SetText("remote_phone_formatted", formatPhone(in.Text("phone")))
		}
	case Meeting:
		if at := dateMicros(in.Text("starts_at")); at != 0 { // a meeting is dated by its own time
			r.at = at
			o.SetText("activity_at", stamp(at))
			o.SetText("date_created", stamp(at))
			seconds, _ := strconv.ParseInt(string(o.Get("duration")), 10, 64)
			o.SetText("ends_at", stamp(at+seconds*1e6))
		}
	case Email:
		if o.Text("status") == "sent" && o.Text("date_sent") == "" {
			o.SetText("date_sent", stamp(m.now()))
		}
		o.Set("body_preview", Quote(firstLine(o.Text("body_text"))))
	case SMS:
		if o.Text("status") == "sent" && o.Text("date_sent") == "" {
			o.SetText("date_sent", stamp(m.now()))
		}
	case WhatsApp:
		for _, k := range []string{"text", "message_html"} {
			o.Set(k, o.Get("message_markdown"))
		}
	case CustomActivity:
		if m.find("custom_activity", o.Text("custom_activity_type_id")) == nil {
			return wrongField("custom_activity_type_id", "There is no such type.")
		}
	}
	if at := dateMicros(in.Text("activity_at")); at != 0 {
		r.at = at
		o.SetText("activity_at", stamp(at))
	} else if at := dateMicros(in.Text("date_created")); at != 0 {
		r.at = at
		o.SetText("activity_at", stamp(at))
	}
	return nil
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}

// applyDeal works out an opportunity's status, dates and values.
func (m *Model) applyDeal(r *Record, o *Object, in Object, create bool) error {
	if err := m.chooseStatus(o, in, m.statuses); err != nil {
		return err
	}
	if create && in.Has("pipeline_id") && !in.Has("status_id") && !in.Has("status") {
		for _, s := range m.statuses {
			if m.pipeline(s.Pipeline) == in.Text("pipeline_id") {
				o.SetText("status_id", s.ID)
				break
			}
		}
	}
	s, at := status(m.statuses, o.Text("status_id"))
	if at == nobody {
		return wrongField("status_id", "There is no such opportunity status.")
	}
	if p := in.Text("pipeline_id"); p != "" && p != m.pipeline(s.Pipeline) {
		return wrongField("status_id", "The status does not belong to the pipeline.")
	}
	before := o.Text("status_type")
	o.SetText("status_label", s.Label)
	o.SetText("status_display_name", s.Label)
	o.SetText("status_type", s.Type)
	o.SetText("pipeline_id", m.pipeline(s.Pipeline))
	o.SetText("pipeline_name", m.config["pipeline"][s.Pipeline].Text("name"))
	today := day(m.now())
	if s.Type == "won" && before != "won" && !in.Has("date_won") {
		o.SetText("date_won", today) // it stays where a deal is no longer won
	}
	if won := o.Text("date_won"); won != "" {
		t := dateMicros(won)
		if t == 0 {
			return wrongField("date_won", "Not a date.")
		}
		o.SetText("date_won", time.UnixMicro(t).UTC().Format(time.DateOnly))
	}
	if s.Type == "lost" && before != "lost" {
		o.SetText("date_lost", stamp(m.now()))
	}
	d := deal{status: at, won: dateMicros(o.Text("date_won"))}
	var err error
	if v := o.Get("value"); !bytes.Equal(v, []byte("null")) {
		if d.value, err = strconv.ParseInt(string(v), 10, 64); err != nil {
			return wrongField("value", "Not a whole number of cents.")
		}
	}
	confidence, err := strconv.ParseUint(string(o.Get("confidence")), 10, 8)
	if err != nil || confidence > 100 {
		return wrongField("confidence", "Not a whole number from 0 to 100.")
	}
	d.confidence = uint8(confidence)
	var ok bool
	if d.period, ok = periodOf(o.Text("value_period")); !ok {
		return wrongField("value_period", "One of one_time, monthly, annual.")
	}
	r.deal = &d
	w := newWriter(nil)
	terms(w, d, o.Text("value_currency"))
	for _, p := range parse(w.done()) {
		o.Set(p.Key, p.Value)
	}
	return nil
}
