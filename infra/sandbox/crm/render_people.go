package crm

import (
	"strconv"
	"strings"
)

// leadName gives the name that a lead has at the start.
func (m *Model) leadName(n uint32) string {
	d := NewDice(m.opts.Seed, partContent, uint64(Lead), uint64(n))
	return d.pick(m.words.adjectives) + " " + d.pick(m.words.things) + " " + d.pick(m.words.suffixes)
}

func (m *Model) leadNameOf(r *Record) string {
	if r.lead == nil || r.lead.number == 0 {
		return ""
	}
	return m.leadName(r.lead.number)
}

func (m *Model) contactName(n uint32) string {
	d := NewDice(m.opts.Seed, partContent, uint64(Contact), uint64(n))
	return d.pick(m.words.first) + " " + d.pick(m.words.last)
}

func (m *Model) contactNameOf(r *Record) string {
	if r.contact == nil || r.contact.number == 0 {
		return ""
	}
	return m.contactName(r.contact.number)
}

func contactEmail(n uint32) string { return "person" + strconv.Itoa(int(n)) + "@customer.example.com" }

func contactPhone(n uint32) string {
	number := strconv.Itoa(int(n%10_000_000) + 10_000_000)
	return "+1212" + number[1:]
}

// firstStatus gives the place of the status that a lead has at the start.
func (m *Model) firstStatus(n uint32) int {
	return int(mix(m.opts.Seed, partContent, uint64(Lead), uint64(n), 2) % 7)
}

func (m *Model) leadContent(w *writer, r *Record) {
	d := NewDice(m.opts.Seed, partContent, uint64(Lead), uint64(r.number), 3)
	name := m.leadName(r.number)
	site := strings.ToLower(strings.ReplaceAll(strings.TrimSuffix(name, "."), " ", "-"))
	w.str("id", r.ID)
	w.str("name", name)
	w.str("display_name", name)
	if d.One(3) {
		w.str("description", d.pick(m.words.notes)+" "+d.pick(m.words.sentences))
	} else {
		w.str("description", "")
	}
	if d.One(6) {
		w.null("url")
	} else {
		w.str("url", "https://"+site+".example.com")
	}
	w.str("html_url", "https://app.close.com/lead/"+r.ID+"/")
	s := m.lead[m.firstStatus(r.number)]
	w.str("status_id", s.ID)
	w.str("status_label", s.Label)
	m.address(w, d)
	w.empty("integration_links")
	w.raw("source", "null")
	m.signed(w, r, true)
	m.leadFields(w, r, d)
}

func (m *Model) address(w *writer, d *Dice) {
	if d.One(4) {
		w.empty("addresses")
		return
	}
	city := m.words.cities[d.N(len(m.words.cities))]
	in := newWriter(append(w.b, `,"addresses":[`...))
	in.str("label", "business")
	in.str("address_1", strconv.Itoa(1+d.N(900))+" Main St")
	in.str("address_2", "")
	in.str("city", city[0])
	in.str("state", city[1])
	in.str("country", city[2])
	in.str("zipcode", city[3])
	w.b = append(in.done(), ']')
}

// leadFields writes custom fields; a field without a value is left out, as Close does.
func (m *Model) leadFields(w *writer, r *Record, d *Dice) {
	c := m.words.custom
	if r.user != nobody {
		w.str(c[fieldOwner], m.userID(r.user))
	}
	w.str(c[fieldIndustry], d.pick(m.words.industries))
	if d.One(2) {
		w.list(c[fieldProducts], m.words.products[:1+d.N(4)]...)
	}
	w.num(c[fieldEmployees], int64(5+d.N(4000)))
	if d.One(2) {
		w.str(c[fieldRenewal], day(m.start+int64(d.N(365))*dayMicros))
	}
	if d.One(3) {
		w.time(c[fieldAudit], millis(d, r.created, m.start))
	}
	if d.One(2) {
		w.str(c[fieldWebsite], "Website contact form")
	}
	if d.One(5) {
		w.str(c[fieldBackground], d.pick(m.words.sentences)+"\n"+d.pick(m.words.sentences))
	}
	if d.One(3) {
		w.str(c[fieldExternal], "erp-"+strconv.Itoa(int(r.number)))
	}
	if d.One(3) { // beyond what a float64 holds
		w.num(c[fieldAccount], 9007199254740993+2*int64(r.number))
	}
	w.str(c[fieldRegion], d.pick(m.words.regions))
}

func (m *Model) contactContent(w *writer, r *Record) {
	d := NewDice(m.opts.Seed, partContent, uint64(Contact), uint64(r.number), 3)
	name := m.contactName(r.number)
	w.str("id", r.ID)
	w.str("lead_id", r.LeadID())
	w.str("name", name)
	w.str("display_name", name)
	w.str("title", d.pick(m.words.titles))
	email := newWriter(append(w.b, `,"emails":[`...))
	email.str("email", contactEmail(r.number))
	email.str("type", "office")
	email.boolean("is_unsubscribed", d.One(25))
	w.b = append(email.done(), ']')
	if d.One(4) {
		w.empty("phones")
		w.null("timezone", "timezone_source")
	} else {
		phone := newWriter(append(w.b, `,"phones":[`...))
		phone.str("phone", contactPhone(r.number))
		phone.str("phone_formatted", formatPhone(contactPhone(r.number)))
		phone.str("type", "office")
		phone.str("country", "US")
		w.b = append(phone.done(), ']')
		w.str("timezone", "America/New_York")
		w.str("timezone_source", "inferred_from_phone_number")
	}
	w.empty("urls", "integration_links")
	m.signed(w, r, false)
	c := m.words.custom
	if d.One(2) {
		w.str(c[fieldPersona], []string{"Economic Buyer", "Champion", "User", "Blocker"}[d.N(4)])
	}
	if d.One(3) {
		w.str(c[fieldLinkedIn], "https://linkedin.example.com/in/p"+strconv.Itoa(int(r.number)))
	}
	if d.One(3) {
		w.str(c[fieldRegion], d.pick(m.words.regions))
	}
}

func (m *Model) taskContent(w *writer, r *Record) {
	d := NewDice(m.opts.Seed, partContent, uint64(Task), uint64(r.number), 3)
	done := m.taskDone(r.number)
	w.str("id", r.ID)
	typ := "lead"
	if d.One(12) {
		typ = []string{"incoming_email", "missed_call", "email_followup", "opportunity_due"}[d.N(4)]
	}
	w.str("_type", typ)
	w.str("text", d.pick(m.words.tasks))
	due := m.start + int64(d.N(60)-20)*dayMicros
	view := "future"
	switch {
	case done:
		view = "archive"
	case due <= m.start:
		view = "inbox"
	}
	if d.One(3) {
		w.time("date", due+9*60*60*1e6)
		w.time("due_date", due+9*60*60*1e6)
	} else {
		w.str("date", day(due))
		w.str("due_date", day(due))
	}
	w.boolean("is_dateless", false)
	w.boolean("is_complete", done)
	w.boolean("is_primary_lead_notification", true)
	w.str("view", view)
	w.str("priority", "medium")
	w.str("assigned_to", m.userID(r.user))
	w.str("assigned_to_name", m.userName(r.user))
	w.str("lead_id", r.LeadID())
	w.str("lead_name", m.leadNameOf(r))
	w.null("contact_id", "contact_name", "object_type", "object_id", "deduplication_key", "resolution", "agent_config_id", "sequence_id", "sequence_subscription_id")
	m.signed(w, r, true)
}

func (m *Model) objectContent(w *writer, r *Record) {
	d := NewDice(m.opts.Seed, partContent, uint64(CustomObject), uint64(r.number), 3)
	plan := []string{"Basic", "Pro", "Enterprise"}[d.N(3)]
	w.str("id", r.ID)
	w.str("custom_object_type_id", m.words.objectType)
	w.str("lead_id", r.LeadID())
	w.str("name", plan+" "+strconv.Itoa(int(r.number)))
	m.signed(w, r, false)
	c := m.words.custom
	w.str(c[fieldSubPlan], plan)
	w.raw(c[fieldSubFee], strconv.Itoa(10+d.N(900))+".50")
	w.str(c[fieldSubStart], day(r.created))
}
