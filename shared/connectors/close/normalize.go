package close

import (
	"strings"
	"time"
)

// fieldActive tells of a membership whether the person may log in: Close says so by the list in which it shows it, and
// by the action of an event.
const fieldActive = "is_active"

// dropped are the fields that no record keeps, with the reason of each. A record must have one content for one state,
// whether it came by webhook, from a list, from a search or by its id; what follows the clock, other records or the
// settings of the reader changes without the record's date_updated, and without an event. The key "*" stands for all
// objects, "activity.*" for all activities.
func dropped() map[string]map[string]string {
	return map[string]map[string]string{
		"*": {
			"__object_type":     "what a search says of each row; the record's object says it",
			"integration_links": "templates of links filled in for display; they change with the template",
		},
		objectLead: {
			"contacts":                "records of their own, put into the lead by lists",
			"opportunities":           "records of their own, put into the lead by lists",
			"tasks":                   "records of their own, put into the lead by lists",
			"contacts_summary":        "a text about the contacts, which change without the lead",
			"primary_email":           "computed from the contacts, which change without the lead",
			"primary_phone":           "computed from the contacts, which change without the lead",
			"primary_address_summary": "computed from addresses for display",
			"primary_address_full":    "computed from addresses for display",
			"recent_calls":            "activities, which change without the lead",
			"summaries":               "texts that Close writes anew about other records",
			"localtime":               "the time of day there when it was read",
		},
		objectContact: {
			"recent_calls":                  "activities, which change without the contact",
			"subscriptions":                 "subscriptions to sequences, which change without the contact",
			"lead_suggestions_operation_id": "the name of a passing job of Close",
		},
		objectOpportunity: {
			"value_formatted":     "value, value_currency and value_period, written for display",
			"status_display_name": "status_label, written for display",
			"lead_primary_email":  "of the lead's contacts, which change without the opportunity",
			"lead_primary_phone":  "of the lead's contacts, which change without the opportunity",
			"suggested_action":    "what Close suggests at the moment",
			"stall_status":        "follows the clock",
			"is_stalled":          "follows the clock",
			"comment_summary":     "counts comments, which are records of their own",
		},
		objectTask: {
			"view":         "inbox, future or archive: follows the clock and the time zone of the reader",
			"is_new":       "whether the reader has seen it; only webhooks carry it",
			"contact_name": "of the contact, which changes without the task; webhooks do not carry it",
		},
		"activity.*": {
			"local_phone_formatted":  "local_phone, written for display",
			"remote_phone_formatted": "remote_phone, written for display",
		},
		"activity.call": {
			"recording_expires_at": "follows the retention setting, not the call",
			"recording_transcript": "only there if asked for by name",
		},
		"activity.email": {
			"body_text_quoted":      "body_text once more, cut up for display",
			"need_smtp_credentials": "the state of the reader's mail account",
		},
		"activity.email_thread": {
			"emails": "records of their own, put into the thread by lists",
		},
		"activity.meeting": {
			"transcripts": "only there if asked for by name",
		},
		"activity.opportunity_status_change": {
			"opportunity_value_formatted": "written for display",
		},
	}
}

// nested are the keys that the entries of a list field lose.
func nested() map[string][]string {
	return map[string][]string{
		// phone_formatted is phone written for display; tz_ids are computed from number and address, and not in every answer.
		"phones":    {"phone_formatted", "tz_ids"},
		"addresses": {"tz_ids"},
	}
}

// normalizer is the above, made once for each reading.
type normalizer struct {
	dropped map[string]map[string]string
	nested  map[string][]string
}

func newNormalizer() normalizer { return normalizer{dropped: dropped(), nested: nested()} }

func normalize(object string, data map[string]any) { newNormalizer().apply(object, data) }

// apply changes data into the one content of its record.
func (n normalizer) apply(object string, data map[string]any) {
	drop := func(rules string) {
		for field := range n.dropped[rules] {
			delete(data, field)
		}
	}
	drop("*")
	drop(object)
	if strings.HasPrefix(object, "activity.") {
		drop("activity.*")
	}
	if object == objectLead || object == objectContact {
		for list, keys := range n.nested {
			entries, _ := data[list].([]any)
			for _, entry := range entries {
				if m, ok := entry.(map[string]any); ok {
					for _, key := range keys {
						delete(m, key)
					}
				}
			}
		}
	}
	flatten(data)
	zone(data)
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
