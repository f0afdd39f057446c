package crm

import (
	"encoding/json"
	"slices"
	"strings"
)

// eventObject gives the object type of events about a config object; empty if there are none.
func eventObject(path string) string {
	switch {
	case path == "custom_field/custom_object_type":
		return "custom_fields.custom_object"
	case path == "custom_activity":
		return "custom_activity_type"
	case path == "custom_object_type":
		return path
	case strings.HasPrefix(path, "custom_field/"):
		return "custom_fields." + strings.TrimPrefix(path, "custom_field/")
	case strings.HasPrefix(path, "status/"):
		return "status." + strings.TrimPrefix(path, "status/")
	case path == "group":
		return "group"
	}
	return ""
}

// CreateConfig adds a status, a custom field or another config object.
func (m *Model) CreateConfig(path string, in Object, c Change) (Object, error) {
	label := "name"
	if strings.HasPrefix(path, "status/") {
		label = "label"
	}
	if in.Text(label) == "" {
		return nil, wrongField(label, "This field is required.")
	}
	var id string
	switch path {
	case "status/lead":
		s := Status{ID: m.NewID("stat_"), Label: in.Text("label")}
		m.lead, id = append(m.lead, s), s.ID
	case "status/opportunity":
		s := Status{ID: m.NewID("stat_"), Label: in.Text("label"), Type: in.Text("type")}
		if !slices.Contains([]string{"active", "won", "lost"}, s.Type) {
			return nil, wrongField("type", "One of active, won, lost.")
		}
		if p := in.Text("pipeline_id"); p != "" {
			s.Pipeline = slices.IndexFunc(m.config["pipeline"], func(o Object) bool { return o.Text("id") == p })
			if s.Pipeline < 0 {
				return nil, wrongField("pipeline_id", "There is no such pipeline.")
			}
		}
		m.statuses, id = append(m.statuses, s), s.ID
	case "user", "role", "group", "phone_number":
		return nil, &Wrong{Message: "The sandbox does not create these."}
	default:
		o := m.newConfig(path, in)
		m.config[path] = append(m.config[path], o)
		m.leadFieldNames, id = nil, o.Text("id")
	}
	o := m.FindConfig(path, id)
	m.tellConfig(path, "created", id, o, nil, nil, c)
	return o, nil
}

func (m *Model) newConfig(path string, in Object) Object {
	prefix := map[string]string{"pipeline": "pipe_", "custom_activity": "actitype_", "custom_object_type": "cotype_", "outcome": "outcome_", "integration_link": "link_"}[path]
	if prefix == "" {
		prefix = "cf_"
	}
	o := Object{}
	o.SetText("id", m.NewID(prefix))
	if prefix == "cf_" {
		o.SetText("name", "")
		o.SetText("type", "text")
		o.SetText("description", "")
		o.Set("accepts_multiple_values", json.RawMessage("false"))
		o.Set("is_shared", json.RawMessage(boolean(path == "custom_field/shared")))
		o.Set("editable_with_roles", json.RawMessage("[]"))
	}
	m.signConfig(&o, m.now())
	for _, p := range in {
		o.Set(p.Key, p.Value)
	}
	return o
}

// FindConfig gives one config object, nil if there is none.
func (m *Model) FindConfig(path, id string) Object {
	list, _ := m.Config(path)
	for _, o := range list {
		if o.Text("id") == id {
			return o
		}
	}
	return nil
}

// UpdateConfig changes a config object. A status that gets another label shows it in all records at once; none of them
// counts as updated.
func (m *Model) UpdateConfig(path, id string, in Object, c Change) (Object, error) {
	old := m.FindConfig(path, id)
	if old == nil {
		return nil, &Wrong{Message: "There is no such object."}
	}
	switch path {
	case "status/lead", "status/opportunity":
		list := m.lead
		if path == "status/opportunity" {
			list = m.statuses
		}
		i := slices.IndexFunc(list, func(s Status) bool { return s.ID == id })
		if label := in.Text("label"); label != "" {
			list[i].Label = label
			m.relabel(id, label)
		}
	case "user", "role", "group", "phone_number":
		return nil, &Wrong{Message: "The sandbox does not change these."}
	default:
		for i, o := range m.config[path] {
			if o.Text("id") == id {
				o = slices.Clone(o)
				for _, p := range in {
					o.Set(p.Key, p.Value)
				}
				o.SetText("id", id)
				o.SetText("date_updated", bare(m.now()))
				m.config[path][i] = o
			}
		}
		m.leadFieldNames = nil
	}
	now := m.FindConfig(path, id)
	changed, previous := difference(old, now)
	m.tellConfig(path, "updated", id, now, changed, previous, c)
	return now, nil
}

// relabel writes a new label into the records that keep one.
func (m *Model) relabel(id, label string) {
	for _, k := range []Kind{Lead, Opportunity} {
		for _, r := range m.All(k) {
			if r.data == nil || text(value(r.data, "status_id")) != id {
				continue
			}
			o := parse(r.data)
			o.SetText("status_label", label)
			if o.Has("status_display_name") {
				o.SetText("status_display_name", label)
			}
			r.data = o.JSON()
		}
	}
}

// DeleteConfig removes a config object. Statuses and pipelines stay, as Close refuses to remove those that are used.
func (m *Model) DeleteConfig(path, id string, c Change) error {
	old := m.FindConfig(path, id)
	if old == nil {
		return &Wrong{Message: "There is no such object."}
	}
	if _, kept := m.config[path]; !kept || path == "pipeline" {
		return &Wrong{Message: "The object is in use."}
	}
	m.config[path] = slices.DeleteFunc(slices.Clone(m.config[path]), func(o Object) bool { return o.Text("id") == id })
	m.leadFieldNames = nil
	m.tellConfig(path, "deleted", id, nil, nil, old, c)
	return nil
}

func (m *Model) tellConfig(path, action, id string, data Object, changed []string, previous Object, c Change) {
	object := eventObject(path)
	if object == "" || c.Silent {
		return
	}
	e := &Event{Action: action, ObjectType: object, ObjectID: id, Actor: c.Actor, Changed: changed}
	if data != nil {
		e.Data = data.JSON()
	}
	if previous != nil {
		e.Previous = previous.JSON()
	}
	m.note(e)
}

// SetActive moves a person in or out of the team.
func (m *Model) SetActive(u *User, active bool, c Change) {
	if u.Active == active {
		return
	}
	u.Active, u.updated = active, m.now()
	action := "activated"
	if !active {
		action = "deactivated"
	}
	m.note(&Event{Action: action, ObjectType: "membership", ObjectID: u.MembershipID, Actor: c.Actor, Data: m.Membership(*u, false).JSON()})
}

// SetRole gives a person another role.
func (m *Model) SetRole(u *User, role string) bool {
	for _, r := range m.Team.Roles {
		if r.ID == role || r.Name == role {
			u.RoleID, u.updated = r.ID, m.now()
			return true
		}
	}
	return false
}
