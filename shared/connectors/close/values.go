package close

import (
	"encoding/json"
	"strings"
	"time"
)

// The objects that the code speaks of by name.
const (
	objectLead           = "lead"
	objectContact        = "contact"
	objectOpportunity    = "opportunity"
	objectTask           = "task"
	objectCustomObject   = "custom_object"
	objectUser           = "user"
	objectMembership     = "membership"
	objectGroup          = "group"
	objectCustomActivity = "activity.custom_activity"
)

// objectName gives the name under which records of an object type are stored: Close's own, except that old entries of
// the event log (2016: https://developer.close.com/api/resources/events) name activities without the prefix, that its
// documentation calls status changes "status_change.lead", and that tasks, which events name by their subtype
// ("task.lead") and the API lists together, are all of one object: _type tells them apart. One record must not become two.
func objectName(objectType string) string {
	if strings.HasPrefix(objectType, "task.") {
		return objectTask
	}
	switch objectType {
	case "call", "custom_activity", "email", "email_thread", "form_submission", "lead_merge", "lead_status_change", "meeting",
		"note", "opportunity_status_change", "sms", "task_completed", "whatsapp_message":
		return "activity." + objectType
	case "status_change.lead":
		return "activity.lead_status_change"
	case "status_change.opportunity":
		return "activity.opportunity_status_change"
	}
	return objectType
}

// readTime reads a time as Close writes it, "2019-01-15T12:48:23.392000+00:00" in records, the same without a zone in
// events: always UTC. A time before 1970 is none; Close has been seen to send the year 1.
func readTime(value any) (time.Time, bool) {
	text, ok := value.(string)
	if !ok {
		return time.Time{}, false
	}
	// A fraction of any length after the seconds is read by time.Parse without standing in the layout.
	for _, layout := range []string{"2006-01-02T15:04:05Z07:00", "2006-01-02T15:04:05"} {
		if t, err := time.Parse(layout, text); err == nil {
			return t, t.Unix() >= 0
		}
	}
	return time.Time{}, false
}

// timeLayout is how times are written to Close: as it writes them itself, in UTC.
const timeLayout = "2006-01-02T15:04:05.000000+00:00"

// instant is a time in milliseconds since 1970: Close states times in microseconds of which it keeps milliseconds, and
// bounds that are to miss nothing are drawn at whole ones.
type instant int64

func instantOf(t time.Time) instant { return instant(t.UnixMilli()) }

func (i instant) String() string { return time.UnixMilli(int64(i)).UTC().Format(timeLayout) }

// instantAt gives the instant that a field of a row states.
func instantAt(row map[string]any, field string) (instant, bool) {
	t, ok := readTime(row[field])
	return instantOf(t), ok
}

// kindOf says what a field holds, for messages.
func kindOf(in map[string]any, name string) string {
	value, ok := in[name]
	if !ok {
		return "missing"
	}
	return kind(value)
}

// kind names the kind of a decoded JSON value, for messages: never the value.
func kind(value any) string {
	switch v := value.(type) {
	case nil:
		return "null"
	case bool:
		return "a boolean"
	case json.Number:
		return "a number"
	case string:
		if v == "" {
			return "an empty text"
		}
		return "a text"
	case []any:
		return "a list"
	case map[string]any:
		if len(v) == 0 {
			return "an empty object"
		}
		return "an object"
	}
	return "unknown"
}
