package crm

import (
	"strconv"
)

// activityContent writes what all activities have, then what is of the kind.
func (m *Model) activityContent(w *writer, r *Record) {
	d := NewDice(m.opts.Seed, partContent, uint64(r.Kind), uint64(r.number), 3)
	w.str("id", r.ID)
	w.str("_type", m.specs[r.Kind].Type)
	w.str("lead_id", r.LeadID())
	if r.Kind != TaskCompleted { // as recorded
		w.id("contact_id", idOf(r.contact))
	}
	w.id("user_id", m.userID(r.user))
	w.id("user_name", m.userName(r.user))
	w.empty("users")
	w.time("activity_at", r.at)
	m.signed(w, r, true)
	switch r.Kind {
	case Call:
		m.callContent(w, r, d)
	case Email:
		m.emailContent(w, r, d)
	case EmailThread:
		m.threadContent(w, r)
	case SMS:
		m.smsContent(w, r, d)
	case Note:
		note := d.pick(m.words.notes) + " " + d.pick(m.words.sentences)
		w.str("note", note)
		w.str("note_html", "<body><p>"+html(note)+"</p></body>")
		w.empty("attachments", "note_mentions")
		w.boolean("pinned", false)
		w.null("pinned_at", "title")
		w.str("source", "ui")
	case Meeting:
		m.meetingContent(w, r, d)
	case WhatsApp:
		m.whatsAppContent(w, r, d)
	case FormSubmission:
		m.formContent(w, r, d)
	case CustomActivity:
		kind := d.N(2)
		w.str("custom_activity_type_id", m.words.activityTypes[kind])
		w.str("status", "published")
		w.boolean("pinned", false)
		if kind == 0 {
			w.num(m.words.custom[fieldRating], int64(1+d.N(5)))
			w.list(m.words.custom[fieldVisitors], m.userID(r.user))
		} else {
			w.str(m.words.custom[fieldNextVisit], day(m.start+int64(d.N(90))*dayMicros))
		}
	default:
		m.traceContent(w, r, d)
	}
}

// traceContent writes the activities that other changes leave behind.
func (m *Model) traceContent(w *writer, r *Record, d *Dice) {
	switch r.Kind {
	case Created:
		w.str("source", []string{"ui", "api", "import"}[d.N(3)])
		w.null("import_id")
	case LeadStatusChange:
		from, to := m.lead[d.N(7)], m.lead[m.firstStatus(r.lead.number)]
		w.str("old_status_id", from.ID)
		w.str("old_status_label", from.Label)
		w.str("new_status_id", to.ID)
		w.str("new_status_label", to.Label)
	case OpportunityStatusChange:
		deal := m.firstDeal(r.about.number)
		steps := way(deal.status)
		m.changedStatus(w, r.about.ID, m.statuses[steps[r.step]], m.statuses[steps[r.step+1]], deal, m.currency(r.about.number))
	case TaskCompleted:
		task := NewDice(m.opts.Seed, partContent, uint64(Task), uint64(r.about.number), 3)
		if task.One(12) {
			task.N(4)
		}
		w.str("task_id", r.about.ID)
		w.str("task_text", task.pick(m.words.tasks))
		w.str("task_assigned_to", m.userID(r.user))
		w.str("task_assigned_to_name", m.userName(r.user))
	case LeadMerge:
		source := makeID("lead_", longID, m.opts.Seed, partContent, uint64(LeadMerge), uint64(r.number))
		w.str("source_lead_id", source)
		w.str("source_lead_name", d.pick(m.words.adjectives)+" "+d.pick(m.words.things))
		w.str("destination_lead_id", r.LeadID())
	}
}

func (m *Model) changedStatus(w *writer, opportunity string, from, to Status, d deal, currency string) {
	w.str("opportunity_id", opportunity)
	w.str("old_status_id", from.ID)
	w.str("old_status_label", from.Label)
	w.str("old_status_type", from.Type)
	w.str("old_pipeline_id", m.config["pipeline"][from.Pipeline].Text("id"))
	w.str("new_status_id", to.ID)
	w.str("new_status_label", to.Label)
	w.str("new_status_type", to.Type)
	w.str("new_pipeline_id", m.config["pipeline"][to.Pipeline].Text("id"))
	w.num("opportunity_value", d.value)
	w.str("opportunity_value_period", periodName(d.period))
	w.str("opportunity_value_currency", currency)
	w.str("opportunity_value_formatted", Money(currency, d.value, periodName(d.period)))
	w.num("opportunity_confidence", int64(d.confidence))
	w.null("opportunity_date_won")
}

func (m *Model) phoneOf(r *Record) string { return m.Team.Users[r.user].Phone }

func remotePhone(r *Record) string {
	if r.contact == nil {
		return "+12125550100"
	}
	return contactPhone(r.contact.number)
}

func phones(w *writer, local, remote string) {
	w.str("local_phone", local)
	w.str("local_phone_formatted", formatPhone(local))
	w.str("local_country_iso", "US")
	w.str("remote_phone", remote)
	w.str("remote_phone_formatted", formatPhone(remote))
	w.str("remote_country_iso", "US")
}

func (m *Model) callContent(w *writer, r *Record, d *Dice) {
	status, disposition, duration := "completed", "answered", 30+d.N(2400)
	switch d.N(6) {
	case 0:
		status, disposition, duration = "no-answer", "no-answer", 0
	case 1:
		disposition, duration = "vm-left", 20+d.N(40)
	case 2:
		status, disposition, duration = "busy", "busy", 0
	}
	direction := "outbound"
	if d.One(3) {
		direction = "inbound"
	}
	remote := remotePhone(r)
	w.str("direction", direction)
	w.str("status", status)
	w.str("disposition", disposition)
	w.num("duration", int64(duration))
	w.str("cost", strconv.Itoa((duration+59)/60*2))
	w.str("call_method", []string{"regular", "regular", "power", "predictive"}[d.N(4)])
	w.str("source", "Close.io")
	w.str("phone", remote)
	phones(w, m.phoneOf(r), remote)
	w.null("recording_url", "recording_expires_at", "voicemail_url", "voicemail_duration", "dialer_id", "dialer_saved_search_id",
		"transferred_from", "transferred_to", "sequence_id", "sequence_name", "sequence_subscription_id")
	note := ""
	if d.One(2) {
		note = d.pick(m.words.notes)
	}
	w.str("note", note)
	w.str("note_html", "<body><p>"+note+"</p></body>")
	if d.One(3) {
		w.str("outcome_id", m.words.outcomes[d.N(len(m.words.outcomes))])
	} else {
		w.null("outcome_id")
	}
}

func (m *Model) smsContent(w *writer, r *Record, d *Dice) {
	direction, status := "outbound", "sent"
	if d.One(3) {
		direction, status = "inbound", "inbox"
	}
	w.str("status", status)
	w.str("direction", direction)
	w.str("text", d.pick(m.words.sentences))
	phones(w, m.phoneOf(r), remotePhone(r))
	w.str("cost", "1")
	w.str("source", "Close.io")
	w.null("error_message", "date_scheduled", "template_id", "sequence_id", "sequence_name", "sequence_subscription_id")
	if status == "sent" {
		w.time("date_sent", r.at)
	} else {
		w.null("date_sent")
	}
	w.empty("attachments")
}

// meetingContent writes a meeting, which is over or to come.
func (m *Model) meetingContent(w *writer, r *Record, d *Dice) {
	minutes := int64(15 * (1 + d.N(6)))
	w.str("title", d.pick(m.words.subjects))
	w.time("starts_at", r.at)
	w.time("ends_at", r.at+minutes*6e7)
	w.num("duration", minutes*60)
	switch {
	case r.at > m.start:
		w.str("status", "upcoming")
	case d.One(6):
		w.str("status", "canceled")
	case d.One(6):
		w.null("status") // as recorded
	default:
		w.str("status", "completed")
	}
	w.str("location", "")
	in := newWriter(append(w.b, `,"attendees":[`...))
	in.str("email", m.Team.Users[r.user].Email)
	in.str("name", m.userName(r.user))
	in.str("status", "yes")
	in.str("user_id", m.userID(r.user))
	in.null("contact_id")
	in.boolean("is_organizer", true)
	w.b = in.done()
	if r.contact != nil {
		in = newWriter(append(w.b, ','))
		in.str("email", contactEmail(r.contact.number))
		in.str("name", m.contactNameOf(r))
		in.str("status", []string{"yes", "noreply", "maybe"}[d.N(3)])
		in.null("user_id")
		in.str("contact_id", r.contact.ID)
		in.boolean("is_organizer", false)
		w.b = in.done()
	}
	w.b = append(w.b, ']')
	w.empty("attached_call_ids", "calendar_event_uids", "conference_links", "integrations", "provider_calendar_ids", "user_note_mentions")
	w.null("actual_duration", "calendar_event_link", "connected_account_id", "notetaker_id", "outcome_id", "provider_calendar_event_id",
		"provider_calendar_type", "summary", "user_note", "user_note_html", "user_note_date_updated")
	w.boolean("is_recurring", false)
	w.str("source", "manual")
	w.str("note", "")
}

func (m *Model) whatsAppContent(w *writer, r *Record, d *Dice) {
	local, remote, text := m.phoneOf(r), remotePhone(r), d.pick(m.words.tasks)
	w.str("direction", []string{"incoming", "outgoing"}[d.N(2)])
	w.str("external_whatsapp_message_id", "wamid."+strconv.Itoa(int(r.number)))
	w.null("integration_link", "integration_name", "response_to_id")
	w.str("local_phone", local)
	w.str("local_phone_formatted", formatPhone(local))
	w.str("remote_phone", remote)
	w.str("remote_phone_formatted", formatPhone(remote))
	w.str("message_html", "<p>"+text+"</p>")
	w.str("message_markdown", text)
	w.str("text", text)
	w.str("source", "api")
	w.empty("attachments")
}

func (m *Model) formContent(w *writer, r *Record, d *Dice) {
	w.str("form_id", makeID("form_", shortID, m.opts.Seed, 16))
	w.str("form_configuration_id", makeID("formcfg_", shortID, m.opts.Seed, 16))
	w.str("form_name", "Contact us")
	w.str("ip_address", "192.0.2."+strconv.Itoa(1+d.N(250)))
	w.str("origin", "https://www.example.com")
	w.str("source_url", "https://www.example.com/contact?utm=x")
	w.str("source_url_normalized", "https://www.example.com/contact")
	w.raw("values", "{}")
	w.raw("values_by_name", "{}")
}
