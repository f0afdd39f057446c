package crm

import (
	"encoding/json"
	"slices"
	"strings"
)

// Status is a status of leads or of opportunities.
type Status struct {
	ID, Label string
	// Type is active, won or lost; empty for leads.
	Type string
	// Pipeline is the place of its pipeline.
	Pipeline int
}

const dayMicros = 24 * 60 * 60 * 1e6

// The numbers of the custom fields, which are part of their ids.
const (
	fieldOwner = iota + 1
	fieldIndustry
	fieldProducts
	fieldEmployees
	fieldRenewal
	fieldAudit
	fieldWebsite
	fieldBackground
	fieldMainContact
	fieldExternal
	fieldSubscription
	fieldAccount
	fieldPersona
	fieldLinkedIn
	fieldPlan
	fieldDiscount
	fieldCompetitors
	fieldSigned
	fieldCoOwners
	fieldRating
	fieldVisitors
	fieldNextVisit
	fieldSubPlan
	fieldSubFee
	fieldSubStart
	fieldRegion
)

// field is a custom field as it is declared.
type field struct {
	number          int
	on, name, typ   string
	many            bool
	choices         string
	of, description string
}

// cf gives the id of a custom field.
func (m *Model) cf(number int) string {
	return makeID("cf_", longID, m.opts.Seed, 8, uint64(number))
}

// OwnerField gives the id of the custom field that says whose a lead is.
func (m *Model) OwnerField() string { return m.cf(fieldOwner) }

// The ids of the types of custom activities and objects.
func (m *Model) activityType(i int) string {
	return makeID("actitype_", shortID, m.opts.Seed, 9, uint64(i))
}

func (m *Model) objectType() string { return makeID("cotype_", shortID, m.opts.Seed, 10) }

func (m *Model) outcome(i int) string {
	return makeID("outcome_", shortID, m.opts.Seed, 11, uint64(i))
}

func (m *Model) pipeline(i int) string {
	return makeID("pipe_", shortID, m.opts.Seed, 12, uint64(i))
}

func industries() []string {
	return []string{"Retail", "Manufacturing", "Health", "Software", "Hospitality", "Public Sector"}
}

func products() []string { return []string{"Tents", "Backpacks", "Stoves", "Apparel", "Rental"} }

func regions() []string { return []string{"AMER", "EMEA", "APAC"} }

func (m *Model) fields() []field {
	site, review, sub := m.activityType(0), m.activityType(1), m.objectType()
	return []field{
		{fieldOwner, "lead", "Lead Owner", "user", false, "", "", "Whose lead it is"},
		{fieldIndustry, "lead", "Industry", "choices", false, strings.Join(industries(), "|"), "", ""},
		{fieldProducts, "lead", "Products", "choices", true, strings.Join(products(), "|"), "", ""},
		{fieldEmployees, "lead", "Employees", "number", false, "", "", ""},
		{fieldRenewal, "lead", "Renewal Date", "date", false, "", "", ""},
		{fieldAudit, "lead", "Last Audit", "datetime", false, "", "", ""},
		{fieldWebsite, "lead", "Lead Source", "text", false, "", "", ""},
		{fieldBackground, "lead", "Background", "textarea", false, "", "", ""},
		{fieldMainContact, "lead", "Main Contact", "contact", false, "", "", ""},
		{fieldExternal, "lead", "External ID", "hidden", false, "", "", "Written by an integration"},
		{fieldSubscription, "lead", "Subscription", "custom_object", false, "", sub, ""},
		{fieldAccount, "lead", "Account Number", "number", false, "", "", ""},
		{fieldPersona, "contact", "Persona", "choices", false, "Economic Buyer|Champion|User|Blocker", "", ""},
		{fieldLinkedIn, "contact", "LinkedIn", "text", false, "", "", ""},
		{fieldPlan, "opportunity", "Close Plan", "textarea", false, "", "", ""},
		{fieldDiscount, "opportunity", "Discount %", "number", false, "", "", ""},
		{fieldCompetitors, "opportunity", "Competitors", "choices", true, "Summit Gear|Trailhead|In-house", "", ""},
		{fieldSigned, "opportunity", "Contract Signed", "datetime", false, "", "", ""},
		{fieldCoOwners, "opportunity", "Co-owners", "user", true, "", "", ""},
		{fieldRating, "activity", "Rating", "number", false, "", site, ""},
		{fieldVisitors, "activity", "Visitors", "user", true, "", site, ""},
		{fieldNextVisit, "activity", "Next Visit", "date", false, "", review, ""},
		{fieldSubPlan, "custom_object_type", "Plan", "choices", false, "Basic|Pro|Enterprise", sub, ""},
		{fieldSubFee, "custom_object_type", "Monthly Fee", "number", false, "", sub, ""},
		{fieldSubStart, "custom_object_type", "Start", "date", false, "", sub, ""},
		{fieldRegion, "shared", "Region", "choices", false, strings.Join(regions(), "|"), "", "The same on leads, contacts and opportunities"},
	}
}

// define renders a custom field.
func (m *Model) define(f field, at int64) Object {
	var o Object
	o.SetText("id", m.cf(f.number))
	o.SetText("name", f.name)
	o.SetText("type", f.typ)
	o.SetText("description", f.description)
	o.Set("accepts_multiple_values", json.RawMessage(boolean(f.many)))
	if f.choices != "" {
		o.Set("choices", appendList(nil, strings.Split(f.choices, "|")))
	}
	o.Set("is_shared", json.RawMessage(boolean(f.on == "shared")))
	o.Set("editable_with_roles", json.RawMessage("[]"))
	switch {
	case f.on == "activity":
		o.SetText("custom_activity_type_id", f.of)
		o.Set("required", json.RawMessage("false"))
	case f.on == "custom_object_type":
		o.SetText("custom_object_type_id", f.of)
		o.Set("required", json.RawMessage("false"))
	case f.on == "shared":
		o.Set("associations", json.RawMessage(`[{"object_type":"lead"},{"object_type":"contact"},{"object_type":"opportunity"}]`))
	case f.typ == "custom_object":
		o.SetText("referenced_custom_type_id", f.of)
	}
	m.signConfig(&o, at)
	return o
}

// signConfig adds who made a config object and when, in times without a zone, as Close does.
func (m *Model) signConfig(o *Object, at int64) {
	o.SetText("organization_id", m.Team.OrganizationID)
	for _, k := range []string{"created_by", "updated_by"} {
		o.SetText(k, m.Team.Users[0].ID)
	}
	for _, k := range []string{"date_created", "date_updated"} {
		o.SetText(k, bare(at))
	}
}

func boolean(v bool) string {
	if v {
		return "true"
	}
	return "false"
}

// configure makes statuses, pipelines, custom fields and all else that an admin of the CRM sets up.
func (m *Model) configure() {
	for i, label := range []string{"Potential", "Qualified", "Interested", "Customer", "Bad Fit", "Not Interested", "Canceled"} {
		m.lead = append(m.lead, Status{ID: makeID("stat_", longID, m.opts.Seed, 13, uint64(i)), Label: label})
	}
	for i, s := range []Status{
		{Label: "Demo Completed", Type: "active"}, {Label: "Proposal Sent", Type: "active"}, {Label: "Contract Sent", Type: "active"},
		{Label: "Negotiation", Type: "active"}, {Label: "Won", Type: "won"}, {Label: "Lost", Type: "lost"},
		{Label: "Renewal Due", Type: "active", Pipeline: 1}, {Label: "In Discussion", Type: "active", Pipeline: 1},
		{Label: "Renewed", Type: "won", Pipeline: 1}, {Label: "Churned", Type: "lost", Pipeline: 1},
	} {
		s.ID = makeID("stat_", longID, m.opts.Seed, 14, uint64(i))
		m.statuses = append(m.statuses, s)
	}
	at := m.start - 900*dayMicros
	m.config = map[string][]Object{}
	for i, name := range []string{"Sales", "Renewals"} {
		var o Object
		o.SetText("id", m.pipeline(i))
		o.SetText("name", name)
		m.signConfig(&o, at)
		m.config["pipeline"] = append(m.config["pipeline"], o)
	}
	for _, f := range m.fields() {
		m.config["custom_field/"+f.on] = append(m.config["custom_field/"+f.on], m.define(f, at+int64(f.number)*dayMicros))
	}
	for i, name := range []string{"Site Visit", "Quarterly Review"} {
		o := m.named(m.activityType(i), name, at)
		o.SetText("description", "")
		o.Set("api_create_only", json.RawMessage("false"))
		o.Set("is_archived", json.RawMessage("false"))
		m.config["custom_activity"] = append(m.config["custom_activity"], o)
	}
	o := m.named(m.objectType(), "Subscription", at)
	o.SetText("name_plural", "Subscriptions")
	o.SetText("description", "What a customer pays for month by month")
	m.config["custom_object_type"] = []Object{o}
	for i, name := range []string{"Interested", "Not Reached", "Do Not Call", "Meeting Booked"} {
		o := m.named(m.outcome(i), name, at)
		o.Set("description", json.RawMessage(`""`))
		o.Set("applies_to", json.RawMessage(`["calls","meetings"]`))
		o.SetText("type", "custom")
		o.SetText("date_created", stamp(at))
		o.SetText("date_updated", stamp(at))
		m.config["outcome"] = append(m.config["outcome"], o)
	}
	o = m.named(makeID("link_", longID, m.opts.Seed, 15), "Open in ERP", at)
	o.SetText("url", "https://erp.example.com/accounts/{{ id }}")
	o.SetText("type", "lead")
	o.SetText("date_created", stamp(at))
	o.SetText("date_updated", stamp(at))
	m.config["integration_link"] = []Object{o}
}

func (m *Model) named(id, name string, at int64) Object {
	var o Object
	o.SetText("id", id)
	o.SetText("name", name)
	m.signConfig(&o, at)
	return o
}

// Field finds the declaration of a custom field that objects of a type can have, by its id.
func (m *Model) Field(on, id string) Object {
	for _, o := range slices.Concat(m.config["custom_field/"+on], m.shared(on)) {
		if o.Text("id") == id {
			return o
		}
	}
	return nil
}

// shared gives the shared fields that a type of objects has.
func (m *Model) shared(on string) []Object {
	var all []Object
	for _, o := range m.config["custom_field/shared"] {
		var list []struct {
			ObjectType string `json:"object_type"`
		}
		_ = json.Unmarshal(o.Get("associations"), &list) // we made it, or checked it
		for _, a := range list {
			if a.ObjectType == on {
				all = append(all, o)
			}
		}
	}
	return all
}

func status(all []Status, id string) (Status, uint16) {
	for i, s := range all {
		if s.ID == id {
			return s, uint16(i)
		}
	}
	return Status{}, nobody
}
