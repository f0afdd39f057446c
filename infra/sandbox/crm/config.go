package crm

import (
	"encoding/json"
	"slices"
	"strings"
)

// Config gives a list of config objects by the path below /api/v1/, and whether there is such a list.
func (m *Model) Config(path string) ([]Object, bool) {
	switch path {
	case "user":
		return m.users(), true
	case "role":
		return m.roles(), true
	case "group":
		return m.groups(), true
	case "phone_number":
		return m.phones(), true
	case "status/lead":
		return statuses(m.lead), true
	case "status/opportunity":
		return statuses(m.statuses), true
	case "pipeline":
		return m.pipelines(), true
	case "custom_activity", "custom_object_type":
		return m.types(path), true
	case "outcome", "integration_link", "custom_field/shared", "custom_field/lead", "custom_field/contact",
		"custom_field/opportunity", "custom_field/activity", "custom_field/custom_object_type":
		return m.config[path], true
	}
	return nil, false
}

// ConfigPaths lists the paths that Config knows.
func ConfigPaths() []string {
	return []string{"user", "role", "group", "phone_number", "status/lead", "status/opportunity", "pipeline", "custom_activity",
		"custom_object_type", "outcome", "integration_link", "custom_field/shared", "custom_field/lead", "custom_field/contact",
		"custom_field/opportunity", "custom_field/activity", "custom_field/custom_object_type"}
}

func statuses(all []Status) []Object {
	list := make([]Object, len(all))
	for i, s := range all {
		list[i].SetText("id", s.ID)
		list[i].SetText("label", s.Label)
		if s.Type != "" {
			list[i].SetText("type", s.Type)
		}
	}
	return list
}

// OpportunityStatuses gives the statuses of opportunities with their pipeline.
func (m *Model) OpportunityStatuses() []Status { return slices.Clone(m.statuses) }

// LeadStatuses gives the statuses of leads.
func (m *Model) LeadStatuses() []Status { return slices.Clone(m.lead) }

func (m *Model) pipelines() []Object {
	var all []Object
	for i, p := range m.config["pipeline"] {
		o := slices.Clone(p)
		var own []Status
		for _, s := range m.statuses {
			if s.Pipeline == i {
				own = append(own, s)
			}
		}
		o.Set("statuses", marshal(statuses(own)))
		all = append(all, o)
	}
	return all
}

// types adds their fields to the types of custom activities or objects.
func (m *Model) types(path string) []Object {
	fields, key := "custom_field/activity", "custom_activity_type_id"
	if path == "custom_object_type" {
		fields, key = "custom_field/custom_object_type", "custom_object_type_id"
	}
	var all []Object
	for _, t := range m.config[path] {
		o := slices.Clone(t)
		own := []Object{}
		for _, f := range m.config[fields] {
			if f.Text(key) == t.Text("id") {
				own = append(own, f)
			}
		}
		o.Set("fields", marshal(own))
		if path == "custom_object_type" {
			o.Set("back_reference_fields", json.RawMessage("[]"))
		}
		all = append(all, o)
	}
	return all
}

// Schema gives the custom fields of a type of objects, as /custom_field_schema/ does: lead, contact, opportunity,
// activity/{id of the type} or custom_object/{id of the type}.
func (m *Model) Schema(on string) (Object, bool) {
	var own []Object
	switch kind, of, _ := strings.Cut(on, "/"); {
	case on == "lead" || on == "contact" || on == "opportunity":
		own = slices.Concat(m.config["custom_field/"+on], m.shared(on))
	case kind == "activity" && m.find("custom_activity", of) != nil:
		own = m.of("custom_field/activity", "custom_activity_type_id", of)
	case kind == "custom_object" && m.find("custom_object_type", of) != nil:
		own = m.of("custom_field/custom_object_type", "custom_object_type_id", of)
	default:
		return nil, false
	}
	var o Object
	o.SetText("object_type", on)
	o.SetText("organization_id", m.Team.OrganizationID)
	o.Set("fields", marshal(append([]Object{}, own...)))
	return o, true
}

func (m *Model) of(path, key, id string) []Object {
	var all []Object
	for _, o := range m.config[path] {
		if o.Text(key) == id {
			all = append(all, o)
		}
	}
	return all
}

func (m *Model) find(path, id string) Object {
	for _, o := range m.config[path] {
		if o.Text("id") == id {
			return o
		}
	}
	return nil
}

func (m *Model) users() []Object {
	var all []Object
	for _, u := range m.Team.Users {
		all = append(all, m.RenderUser(u))
	}
	return all
}

// RenderUser gives a person as /user/ does.
func (m *Model) RenderUser(u User) Object {
	w := newWriter(nil)
	w.str("id", u.ID)
	w.str("first_name", u.First)
	w.str("last_name", u.Last)
	w.str("email", u.Email)
	w.null("image", "google_profile_image_url")
	w.time("email_verified_at", u.created)
	w.str("last_used_timezone", "America/New_York")
	w.list("organizations", m.Team.OrganizationID)
	w.time("date_created", u.created)
	w.time("date_updated", u.updated)
	return parse(w.done())
}

func (m *Model) roles() []Object {
	var all []Object
	for _, r := range m.Team.Roles {
		w := newWriter(nil)
		w.str("id", r.ID)
		w.str("name", r.Name)
		w.boolean("editable", r.Editable)
		w.str("organization_id", m.Team.OrganizationID)
		w.list("permissions", r.Permissions...)
		if r.SeesOwn {
			behavior := "require_assignment"
			if r.SeesUnassigned {
				behavior = "allow_unassigned"
			}
			w.str("visibility_user_lcf_behavior", behavior)
			w.list("visibility_user_lcf_ids", m.OwnerField())
		} else {
			w.null("visibility_user_lcf_behavior", "visibility_user_lcf_ids")
		}
		if r.Editable {
			w.str("date_created", bare(m.start-880*dayMicros))
			w.str("date_updated", bare(m.start-600*dayMicros))
		} else { // as recorded: predefined roles have no dates worth the name
			w.str("date_created", "0001-01-01T00:00:00")
			w.str("date_updated", "0001-01-01T00:00:00")
		}
		all = append(all, parse(w.done()))
	}
	return all
}

func (m *Model) groups() []Object {
	var all []Object
	for _, g := range m.Team.Groups {
		w := newWriter(nil)
		w.str("id", g.ID)
		w.str("name", g.Name)
		w.str("organization_id", m.Team.OrganizationID)
		w.key("members")
		w.b = append(w.b, '[')
		for i, id := range g.Members {
			if i > 0 {
				w.b = append(w.b, ',')
			}
			in := newWriter(w.b)
			in.str("user_id", id)
			w.b = in.done()
		}
		w.b = append(w.b, ']')
		all = append(all, parse(w.done()))
	}
	return all
}

func (m *Model) phones() []Object {
	var all []Object
	for i, u := range m.Team.Users {
		if !u.Active {
			continue
		}
		w := newWriter(nil)
		w.str("id", u.PhoneID)
		w.str("number", u.Phone)
		w.str("number_formatted", formatPhone(u.Phone))
		w.str("country", "US")
		w.str("type", "internal")
		w.str("label", "Personal Number")
		w.str("carrier", "twilio")
		w.str("carrier_type", "local")
		for _, k := range []string{"forward_to_enabled", "is_premium", "is_verified"} {
			w.boolean(k, false)
		}
		for _, k := range []string{"mms_enabled", "sms_enabled", "press_1_to_accept"} {
			w.boolean(k, true)
		}
		w.boolean("is_group_number", i == 0)
		w.null("address_id", "bundle_id", "forward_to", "forward_to_formatted", "voicemail_greeting_url")
		w.raw("last_billed_price", "1.15")
		w.time("next_billing_on", m.start+20*dayMicros) // a time in the specification, a date as recorded
		w.list("supports_mms_to_countries", "CA", "US")
		w.list("supports_sms_to_countries", "CA", "PR", "US")
		w.str("user_id", u.ID)
		w.str("organization_id", m.Team.OrganizationID)
		w.time("date_created", u.created)
		w.time("date_updated", u.updated)
		all = append(all, parse(w.done()))
	}
	return all
}

// Membership gives a person's membership as /organization/ lists it; nested puts the person into `user`.
func (m *Model) Membership(u User, nested bool) Object {
	w := newWriter(nil)
	w.str("id", u.MembershipID)
	w.str("user_id", u.ID)
	w.str("role_id", u.RoleID)
	w.str("organization_id", m.Team.OrganizationID)
	w.list("permissions_granted", m.Role(&u).Permissions...)
	w.str("auto_record_calls", "unset")
	w.boolean("track_email_opens", true)
	if nested {
		w.raw("user", string(m.RenderUser(u).JSON()))
	} else {
		w.str("user_email", u.Email)
		w.str("user_first_name", u.First)
		w.str("user_last_name", u.Last)
		w.str("user_full_name", u.Name())
		w.str("user_phone", u.Phone)
	}
	return parse(w.done())
}

// Organization gives the organization with its config, but without members.
func (m *Model) Organization() Object {
	w := newWriter(nil)
	w.str("id", m.Team.OrganizationID)
	w.str("name", m.Team.Name)
	w.str("currency", "USD")
	w.str("currency_symbol", "$")
	w.str("plan_type", "scale")
	w.raw("lead_statuses", string(marshal(statuses(m.lead))))
	w.raw("opportunity_statuses", string(marshal(statuses(m.statuses))))
	w.raw("pipelines", string(marshal(m.pipelines())))
	w.raw("lead_custom_fields", string(marshal(m.config["custom_field/lead"])))
	w.null("created_by", "updated_by")
	w.time("date_created", m.start-900*dayMicros)
	w.time("date_updated", m.start-30*dayMicros)
	return parse(w.done())
}

func marshal(list []Object) json.RawMessage {
	b := []byte{'['}
	for i, o := range list {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, o.JSON()...)
	}
	return append(b, ']')
}

// formatPhone writes a number of the USA as Close shows it, others as they are.
func formatPhone(number string) string {
	if len(number) == 12 && strings.HasPrefix(number, "+1") {
		return "+1 " + number[2:5] + "-" + number[5:8] + "-" + number[8:]
	}
	return number
}
