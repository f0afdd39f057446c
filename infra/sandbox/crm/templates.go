package crm

import (
	"encoding/json"
	"strings"
)

// template is what a new record of a kind is before anything is said about it. The order of the names is that of answers.
func template(k Kind) string {
	const people = `"organization_id":null,"created_by":null,"updated_by":null,"created_by_name":null,"updated_by_name":null,"date_created":null,"date_updated":null`
	const few = `"organization_id":null,"created_by":null,"updated_by":null,"date_created":null,"date_updated":null`
	const activity = `{"_type":null,"lead_id":null,"contact_id":null,"user_id":null,"user_name":null,"users":[],"activity_at":null,` + people
	const numbers = `,"local_phone":null,"local_phone_formatted":null,"local_country_iso":"US","remote_phone":null,"remote_phone_formatted":null,"remote_country_iso":"US"`
	const sequence = `,"sequence_id":null,"sequence_name":null,"sequence_subscription_id":null`
	switch k {
	case Lead:
		return `{"name":"","display_name":"","description":"","url":null,"html_url":null,"status_id":null,"status_label":null,"addresses":[],"integration_links":[],"source":null,` + people + `}`
	case Contact:
		return `{"lead_id":null,"name":"","display_name":"","title":"","emails":[],"phones":[],"timezone":null,"timezone_source":null,"urls":[],"integration_links":[],` + few + `}`
	case Opportunity:
		return `{"lead_id":null,"lead_name":null,"contact_id":null,"contact_name":null,"user_id":null,"user_name":null,"status_id":null,"status_label":null,` +
			`"status_display_name":null,"status_type":null,"pipeline_id":null,"pipeline_name":null,"value":null,"value_period":"one_time","value_currency":"USD",` +
			`"value_formatted":null,"confidence":50,"expected_value":null,"annualized_value":null,"annualized_expected_value":null,"date_lost":null,"date_won":null,` +
			`"note":"","note_html":"<body><p></p></body>","attachments":[],"integration_links":[],` + people + `}`
	case Task:
		return `{"_type":"lead","text":"","date":null,"due_date":null,"is_dateless":false,"is_complete":false,"is_primary_lead_notification":true,"view":"inbox",` +
			`"priority":"medium","assigned_to":null,"assigned_to_name":null,"lead_id":null,"lead_name":null,"contact_id":null,"contact_name":null,"object_type":null,` +
			`"object_id":null,"deduplication_key":null,"resolution":null,"agent_config_id":null,"sequence_id":null,"sequence_subscription_id":null,` + people + `}`
	case CustomObject:
		return `{"custom_object_type_id":null,"lead_id":null,"name":"",` + few + `}`
	case Call:
		return activity + `,"direction":"outbound","status":"completed","disposition":"answered","duration":0,"cost":"0","call_method":"external","source":"External","phone":null` + numbers +
			`,"recording_url":null,"recording_expires_at":null,"voicemail_url":null,"voicemail_duration":null,"dialer_id":null,"dialer_saved_search_id":null,` +
			`"transferred_from":null,"transferred_to":null` + sequence + `,"note":"","note_html":"<body><p></p></body>","outcome_id":null}`
	case Email:
		return activity + `,"status":"sent","direction":"outgoing","subject":"","sender":null,"to":[],"cc":[],"bcc":[],"body_text":"","body_html":"","body_preview":"","body_text_quoted":[],` +
			`"envelope":null,"thread_id":null,"message_ids":[],"references":[],"attachments":[],"opens":[],"send_attempts":[],"in_reply_to_id":null,"opens_summary":null,` +
			`"template_id":null,"template_name":null,"bulk_email_action_id":null,"send_as_id":null,"email_account_id":null,"followup_sequence_id":null,` +
			`"followup_sequence_delay":null` + sequence + `,"date_scheduled":null,"followup_sequence_add_cc_bcc":false,"need_smtp_credentials":false,"has_reply":false,"date_sent":null}`
	case EmailThread:
		return activity + `,"latest_normalized_subject":"","n_emails":0,"emails":[],"latest_emails":[],"participants":[]}`
	case SMS:
		return activity + `,"status":"sent","direction":"outbound","text":""` + numbers + `,"cost":"0","source":"External","error_message":null,"date_scheduled":null,` +
			`"template_id":null` + sequence + `,"date_sent":null,"attachments":[]}`
	case Note:
		return activity + `,"note":"","note_html":"<body><p></p></body>","attachments":[],"note_mentions":[],"pinned":false,"pinned_at":null,"title":null,"source":"api"}`
	case Meeting:
		return activity + `,"title":"","starts_at":null,"ends_at":null,"duration":1800,"status":"upcoming","location":"","attendees":[],"attached_call_ids":[],"calendar_event_uids":[],` +
			`"conference_links":[],"integrations":[],"provider_calendar_ids":[],"user_note_mentions":[],"actual_duration":null,"calendar_event_link":null,` +
			`"connected_account_id":null,"notetaker_id":null,"outcome_id":null,"provider_calendar_event_id":null,"provider_calendar_type":null,"summary":null,` +
			`"user_note":null,"user_note_html":null,"user_note_date_updated":null,"is_recurring":false,"source":"manual","note":""}`
	case WhatsApp:
		return activity + `,"direction":null,"external_whatsapp_message_id":null,"integration_link":null,"integration_name":null,"response_to_id":null,"local_phone":null,` +
			`"local_phone_formatted":null,"remote_phone":null,"remote_phone_formatted":null,"message_html":"","message_markdown":"","text":"","source":"api","attachments":[]}`
	case CustomActivity:
		return activity + `,"custom_activity_type_id":null,"status":"published","pinned":false}`
	}
	if k == TaskCompleted { // as recorded
		return strings.Replace(activity, `"contact_id":null,`, "", 1) + `}`
	}
	return activity + `}`
}

// writable lists the fields of a kind that a request may set. Others are not looked at, but for opportunities, which
// refuse them.
func writable(k Kind) []string {
	activity := []string{"lead_id", "contact_id", "user_id", "activity_at", "date_created"}
	switch k {
	case Lead:
		return []string{"name", "description", "url", "status_id", "status", "addresses"}
	case Contact:
		return []string{"lead_id", "name", "title", "emails", "phones", "urls", "timezone"}
	case Opportunity:
		return []string{"lead_id", "contact_id", "user_id", "status_id", "status", "pipeline_id", "value", "value_period", "confidence", "note", "note_html",
			"date_won", "attachments", "created_by", "date_created"}
	case Task:
		return []string{"_type", "text", "date", "due_date", "is_dateless", "is_complete", "assigned_to", "lead_id", "contact_id", "priority", "resolution"}
	case CustomObject:
		return []string{"custom_object_type_id", "lead_id", "name"}
	case Call:
		return append(activity, "direction", "status", "disposition", "duration", "phone", "local_phone", "remote_phone", "note", "note_html",
			"recording_url", "voicemail_url", "outcome_id", "source")
	case Email:
		return append(activity, "status", "direction", "subject", "sender", "to", "cc", "bcc", "body_text", "body_html", "attachments", "in_reply_to_id", "template_id", "thread_id")
	case SMS:
		return append(activity, "status", "direction", "text", "local_phone", "remote_phone", "attachments", "template_id", "source")
	case Note:
		return append(activity, "note", "note_html", "title", "pinned", "attachments")
	case Meeting:
		return append(activity, "title", "starts_at", "ends_at", "duration", "status", "location", "attendees", "note", "user_note", "user_note_html", "outcome_id", "actual_duration")
	case WhatsApp:
		return append(activity, "direction", "external_whatsapp_message_id", "integration_link", "response_to_id", "local_phone", "remote_phone", "message_markdown", "attachments")
	case CustomActivity:
		return append(activity, "custom_activity_type_id", "status", "pinned")
	case LeadStatusChange:
		return append(activity, "old_status_id", "new_status_id")
	case OpportunityStatusChange:
		return append(activity, "old_status_id", "new_status_id", "opportunity_id")
	}
	return activity
}

// defaults fills in what a new record is without being told.
func (m *Model) defaults(o *Object, r *Record, by Actor) {
	for _, p := range parse([]byte(template(r.Kind))) {
		o.Set(p.Key, p.Value)
	}
	o.SetText("organization_id", m.Team.OrganizationID)
	user := m.userIndex(by.UserID)
	for _, k := range []string{"created_by", "updated_by"} {
		o.SetText(k, by.UserID)
		if o.Has(k + "_name") {
			o.SetText(k+"_name", m.userName(user))
		}
	}
	switch r.Kind {
	case Lead:
		s := m.lead[0]
		o.SetText("status_id", s.ID)
		o.SetText("status_label", s.Label)
		o.SetText("html_url", "https://app.close.com/lead/"+r.ID+"/")
	case Opportunity:
		r.user = user
		o.SetText("user_id", by.UserID)
		o.SetText("user_name", m.userName(user))
		o.SetText("status_id", m.statuses[0].ID)
	case Task:
		r.user = user
		o.SetText("assigned_to", by.UserID)
		o.SetText("assigned_to_name", m.userName(user))
	case Contact, CustomObject:
	default:
		r.user = user
		o.SetText("user_id", by.UserID)
		o.SetText("user_name", m.userName(user))
		o.SetText("_type", m.specs[r.Kind].Type)
		o.SetText("activity_at", stamp(r.at))
		for _, k := range []string{"local_phone", "local_phone_formatted"} {
			if o.Has(k) && user != nobody {
				o.SetText(k, formatPhone(m.Team.Users[user].Phone))
			}
		}
	}
	if o.Has("local_phone") && user != nobody {
		o.Set("local_phone", json.RawMessage(Quote(m.Team.Users[user].Phone)))
	}
}
