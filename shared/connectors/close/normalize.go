package close

import (
	"strings"
	"time"
)

// fieldActive tells of a membership whether the person may log in: Close says so by the list in which it shows it, and
// by the action of an event.
const fieldActive = "is_active"

// dropped gives the reason why a field is in no record of an object, empty for one that is. A record must have one content for
// one state, whether it came by webhook, from a list, from a search or by its id; what follows the clock, other records
// or the settings of the reader changes without the record's date_updated, and without an event.
func dropped(object, field string) (reason string) {
	switch field {
	case "__object_type":
		return "what a search says of each row; the record's object says it"
	case "integration_links":
		return "templates of links filled in for display; they change with the template"
	}
	switch object {
	case objectLead:
		return droppedOfLead(field)
	case objectContact:
		switch field {
		case "recent_calls":
			return "activities, which change without the contact"
		case "subscriptions":
			return "subscriptions to sequences, which change without the contact"
		case "lead_suggestions_operation_id":
			return "the name of a passing job of Close"
		}
	case objectOpportunity:
		return droppedOfOpportunity(field)
	case objectTask:
		switch field {
		case "view":
			return "inbox, future or archive: follows the clock and the time zone of the reader"
		case "is_new":
			return "whether the reader has seen it; only webhooks carry it"
		case "contact_name":
			return "of the contact, which changes without the task; webhooks do not carry it"
		}
	}
	if strings.HasPrefix(object, "activity.") {
		return droppedOfActivity(object, field)
	}
	return ""
}

func droppedOfLead(field string) (reason string) {
	switch field {
	case "contacts", "opportunities", "tasks":
		return "records of their own, put into the lead by lists"
	case "contact_ids", "contacts_summary", "primary_email", "primary_phone":
		return "computed from the contacts, which change without the lead"
	case "primary_address_summary", "primary_address_full":
		return "addresses, written for display"
	case "recent_calls":
		return "activities, which change without the lead"
	case "summaries":
		return "texts that Close writes anew about other records"
	case "localtime":
		return "the time of day there when it was read"
	}
	return ""
}

func droppedOfOpportunity(field string) (reason string) {
	switch field {
	case "value_formatted":
		return "value, value_currency and value_period, written for display"
	case "status_display_name":
		return "status_label, written for display"
	case "lead_primary_email", "lead_primary_phone":
		return "of the lead's contacts, which change without the opportunity"
	case "suggested_action":
		return "what Close suggests at the moment"
	case "stall_status", "is_stalled":
		return "follows the clock"
	case "comment_summary":
		return "counts comments, which are records of their own"
	}
	return ""
}

func droppedOfActivity(object, field string) (reason string) {
	switch field {
	case "local_phone_formatted", "remote_phone_formatted":
		return "the phone, written for display"
	case "recording_expires_at":
		return "follows the retention setting, not the call"
	case "recording_transcript", "transcripts":
		return "only there if asked for by name"
	case "body_text_quoted":
		return "body_text once more, cut up for display"
	case "need_smtp_credentials":
		return "the state of the reader's mail account"
	case "opportunity_value_formatted":
		return "opportunity_value, written for display"
	case "emails":
		if object == "activity.email_thread" {
			return "records of their own, put into the thread by lists"
		}
	}
	return ""
}

// normalize changes data into the one content of its record.
func normalize(object string, data map[string]any) {
	for field := range data {
		if dropped(object, field) != "" {
			delete(data, field)
		}
	}
	switch object {
	case objectLead:
		thin(data["addresses"], "tz_ids") // computed by Close, and not in every answer
	case objectContact:
		thin(data["phones"], "phone_formatted", "tz_ids") // written for display; computed by Close
	}
	flatten(data)
	zone(data)
}

// thin takes keys out of the entries of a list.
func thin(list any, keys ...string) {
	entries, _ := list.([]any)
	for _, entry := range entries {
		if m, ok := entry.(map[string]any); ok {
			for _, key := range keys {
				delete(m, key)
			}
		}
	}
}

// flatten puts custom fields where Close documents them, custom.cf_<id> at the top. The object "custom" by their names is
// deprecated and goes, for names change; by their ids it is the same as the flat keys, and fills those that are not there.
// Where it is all that is said of custom fields, it stays.
func flatten(data map[string]any) {
	value, there := data["custom"]
	by, ok := value.(map[string]any)
	if !there || !ok && value != nil {
		return
	}
	flat := len(by) == 0
	for name := range data {
		flat = flat || strings.HasPrefix(name, "custom.")
	}
	for name, v := range by {
		if strings.HasPrefix(name, "cf_") || strings.HasPrefix(name, "lcf_") {
			flat = true
			if _, known := data["custom."+name]; !known {
				data["custom."+name] = v
			}
		}
	}
	if flat {
		delete(data, "custom")
	}
}

// zone completes times of the record itself that lack their zone: configuration has been seen without, it is UTC.
func zone(data map[string]any) {
	for name, value := range data {
		if !strings.HasPrefix(name, "date_") && !strings.HasSuffix(name, "_at") {
			continue
		}
		if text, ok := value.(string); ok && len(text) > len("2006-01-02T") {
			if _, err := time.Parse("2006-01-02T15:04:05", text); err == nil {
				data[name] = text + "+00:00"
			}
		}
	}
}
