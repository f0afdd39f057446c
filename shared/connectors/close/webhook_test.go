package close_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"leadline/shared/connectors/close"
	"leadline/shared/fault"
	"leadline/shared/quarantine"
	"leadline/shared/record"
)

func parse(body string) ([]record.Change, error) {
	return close.Definition().Webhook.Parse([]byte(body))
}

// object is a JSON object in a test.
type object = map[string]any

// with gives a copy of o with pairs of name and value set; the value of drop leaves a name out.
func with(o object, pairs ...any) object {
	copied := object{}
	for name, value := range o {
		copied[name] = value
	}
	for i := 0; i < len(pairs); i += 2 {
		if copied[pairs[i].(string)] = pairs[i+1]; pairs[i+1] == drop {
			delete(copied, pairs[i].(string))
		}
	}
	return copied
}

const drop = "\x00drop"

func bodyOf(t testing.TB, event any) string {
	t.Helper()
	body, err := json.Marshal(object{"subscription_id": "whsub_1", "event": event})
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

const (
	created = "2025-03-03T09:00:00.100000"
	updated = "2025-03-03T09:00:30.200000"
	stamped = "2025-03-03T09:00:29.900000+00:00" // the record's own
)

func at(t testing.TB, text string) record.Version {
	t.Helper()
	when, err := time.Parse("2006-01-02T15:04:05", strings.TrimSuffix(text, "+00:00"))
	if err != nil {
		t.Fatal(err)
	}
	return record.VersionAt(when, 2)
}

// write is an event that leaves a record.
func write(objectType, action, id string) object {
	return object{"id": "ev_1", "date_created": created, "date_updated": updated, "object_type": objectType, "object_id": id,
		"action": action, "changed_fields": []any{}, "meta": object{}, "previous_data": object{"secret": "before"},
		"data": object{"id": id, "date_updated": stamped, "n": json.Number("1")}}
}

// removal is an event that takes a record away, as Close sends it.
func removal(objectType, id string) object {
	return with(write(objectType, "deleted", id), "data", nil, "previous_data", object{"id": id, "date_updated": stamped})
}

// stored gives the name under which records of an object type are stored, for those that differ in this test.
func stored(objectType string) string {
	if strings.HasPrefix(objectType, "task.") {
		return "task"
	}
	if objectType == "lead_merge" {
		return "activity.lead_merge"
	}
	return objectType
}

func upsert(t testing.TB, objectType, id, action string) record.Change {
	t.Helper()
	fields, err := record.ParseFields(fmt.Appendf(nil, `{"id":%q,"date_updated":%q,"n":1}`, id, stamped))
	if err != nil {
		t.Fatal(err)
	}
	return record.Change{Object: stored(objectType), ID: id, Kind: record.Upsert, Version: at(t, stamped), Fields: fields, Event: "ev_1", Action: action}
}

func tombstone(t testing.TB, objectType, id, into, action string) record.Change {
	t.Helper()
	return record.Change{Object: stored(objectType), ID: id, Kind: record.Delete, Version: at(t, updated), MergedInto: into, Event: "ev_1", Action: action}
}

func gives(t *testing.T, event object, want ...record.Change) {
	t.Helper()
	got, err := parse(bodyOf(t, event))
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v\nwant %+v", got, err, want)
	}
}

func setAside(t *testing.T, body string, reason quarantine.Reason) {
	t.Helper()
	got, err := parse(body)
	if f := fault.Of(err); f == nil || f.Kind != fault.Invalid || f.Code != string(reason) || got != nil {
		t.Errorf("got %+v, %v, want it set aside as %s", got, err, reason)
	}
}

// TestEveryObjectTypeAndAction walks the list of https://developer.close.com/api/resources/events/list-of-event-types.
func TestEveryObjectTypeAndAction(t *testing.T) {
	for objectType, actions := range map[string]string{
		"lead": "created updated deleted merged", "contact": "", "opportunity": "",
		"task.lead": "created updated deleted completed", "task.incoming_email": "created updated deleted completed",
		"task.missed_call": "created updated deleted completed", "task.opportunity_due": "created updated deleted completed",
		"activity.email": "created updated deleted sent", "activity.email_thread": "",
		"activity.call": "created updated deleted answered completed", "activity.sms": "created updated deleted sent",
		"activity.whatsapp_message": "", "activity.note": "", "activity.form_submission": "",
		"activity.meeting":            "created updated deleted scheduled started completed canceled",
		"activity.lead_status_change": "", "activity.opportunity_status_change": "", "activity.task_completed": "created deleted",
		"activity.custom_activity": "", "custom_activity_type": "", "custom_object": "", "custom_object_type": "",
		"custom_fields.lead": "", "custom_fields.contact": "", "custom_fields.opportunity": "", "custom_fields.activity": "",
		"custom_fields.custom_object": "", "custom_fields.shared": "", "status.lead": "", "status.opportunity": "",
		"membership": "activated deactivated", "group": "", "saved_search": "", "phone_number": "", "email_template": "",
		"sms_template": "", "sequence": "", "sequence_subscription": "", "comment": "", "comment_thread": "", "lead_merge": "",
		"unsubscribed_email": "created deleted", "import": "created updated completed reverting reverted",
		"export.lead": "created updated completed", "export.opportunity": "created updated completed",
		"bulk_action.delete": "created updated completed paused", "bulk_action.edit": "created updated completed paused",
		"bulk_action.email": "created updated completed paused", "bulk_action.sequence_subscription": "created updated completed paused",
		// What Close may bring tomorrow.
		"warehouse": "created updated deleted inspected", "activity.hologram": "created projected deleted", "task": "created",
	} {
		if actions == "" {
			actions = "created updated deleted"
		}
		for action := range strings.FieldsSeq(actions) {
			t.Run(objectType+"/"+action, func(t *testing.T) {
				if action == "deleted" {
					gives(t, removal(objectType, "x_1"), tombstone(t, objectType, "x_1", "", action))
					return
				}
				want := upsert(t, objectType, "x_1", action)
				if objectType == "membership" {
					want.Fields["is_active"] = json.RawMessage(strconv.FormatBool(action == "activated"))
				}
				gives(t, write(objectType, action, "x_1"), want)
			})
		}
	}
}

func TestOldNamesOfActivitiesAreTheSameObject(t *testing.T) {
	for _, name := range []string{"call", "custom_activity", "email", "email_thread", "form_submission", "lead_status_change", "meeting",
		"note", "opportunity_status_change", "sms", "task_completed", "whatsapp_message"} {
		gives(t, write(name, "created", "acti_1"), upsert(t, "activity."+name, "acti_1", "created"))
		gives(t, removal(name, "acti_1"), tombstone(t, "activity."+name, "acti_1", "", "deleted"))
	}
	gives(t, write("status_change.lead", "created", "acti_1"), upsert(t, "activity.lead_status_change", "acti_1", "created"))
	gives(t, write("status_change.opportunity", "created", "acti_1"), upsert(t, "activity.opportunity_status_change", "acti_1", "created"))
}

func TestIDs(t *testing.T) {
	long := strings.Repeat("é", record.MaxIDBytes/2)
	e := write("opportunity", "updated", "oppo_1")
	data := e["data"].(object)
	for name, c := range map[string]struct {
		event  object
		id     string
		reason quarantine.Reason
	}{
		"both agree":                      {event: e, id: "oppo_1"},
		"the record's own counts":         {event: with(e, "object_id", "oppo_2"), id: "oppo_1"},
		"no object_id":                    {event: with(e, "object_id", drop), id: "oppo_1"},
		"object_id null":                  {event: with(e, "object_id", nil), id: "oppo_1"},
		"none in the record":              {event: with(e, "data", with(data, "id", drop)), id: "oppo_1"},
		"null in the record":              {event: with(e, "data", with(data, "id", nil)), id: "oppo_1"},
		"empty in the record":             {event: with(e, "data", with(data, "id", "")), id: "oppo_1"},
		"as long as can be":               {event: with(e, "data", with(data, "id", long)), id: long},
		"nowhere":                         {event: with(e, "object_id", drop, "data", with(data, "id", drop)), reason: quarantine.MissingID},
		"empty everywhere":                {event: with(e, "object_id", "", "data", with(data, "id", "")), reason: quarantine.MissingID},
		"only before the update":          {event: with(e, "object_id", drop, "data", with(data, "id", drop), "previous_data", object{"id": "oppo_1"}), reason: quarantine.MissingID},
		"a number":                        {event: with(e, "data", with(data, "id", 7)), reason: quarantine.InvalidID},
		"an object":                       {event: with(e, "data", with(data, "id", object{})), reason: quarantine.InvalidID},
		"object_id a list":                {event: with(e, "data", with(data, "id", drop), "object_id", []any{"oppo_1"}), reason: quarantine.InvalidID},
		"too long":                        {event: with(e, "data", with(data, "id", long+"x")), reason: quarantine.InvalidID},
		"object_id too long":              {event: with(e, "data", with(data, "id", drop), "object_id", long+"x"), reason: quarantine.InvalidID},
		"deletion: both agree":            {event: removal("opportunity", "oppo_1"), id: "oppo_1"},
		"deletion: no previous_data":      {event: with(removal("opportunity", "oppo_1"), "previous_data", nil), id: "oppo_1"},
		"deletion: the record's own":      {event: with(removal("opportunity", "oppo_1"), "object_id", "oppo_2"), id: "oppo_1"},
		"deletion: the record's own only": {event: with(removal("opportunity", "oppo_1"), "object_id", drop), id: "oppo_1"},
		"deletion: data empty":            {event: with(removal("opportunity", "oppo_1"), "data", object{}), id: "oppo_1"},
		"deletion: data there":            {event: with(removal("opportunity", "oppo_1"), "data", object{"id": "oppo_3"}), id: "oppo_3"},
		"deletion: nowhere":               {event: with(removal("opportunity", ""), "object_id", drop), reason: quarantine.MissingID},
		"deletion: a number":              {event: with(removal("opportunity", "oppo_1"), "previous_data", object{"id": 1}), reason: quarantine.InvalidID},
	} {
		t.Run(name, func(t *testing.T) {
			if c.reason != "" {
				setAside(t, bodyOf(t, c.event), c.reason)
				return
			}
			got, err := parse(bodyOf(t, c.event))
			if err != nil || len(got) != 1 || got[0].ID != c.id {
				t.Errorf("got %+v, %v", got, err)
			}
		})
	}
}

func TestVersions(t *testing.T) {
	for name, c := range map[string]struct {
		own, event, made any
		want             string // of the write; empty: set aside
		gone             string // of the deletion of the same event; empty: set aside
	}{
		"the record's own":       {own: stamped, event: updated, made: created, want: stamped, gone: updated},
		"no zone":                {own: "2025-03-03T09:00:29.900000", event: updated, want: stamped, gone: updated},
		"Z":                      {own: "2025-03-03T09:00:29.9Z", event: updated, want: stamped, gone: updated},
		"another zone":           {own: "2025-03-03T11:00:29.9+02:00", event: updated, want: stamped, gone: updated},
		"no fraction":            {own: "2025-03-03T09:00:29+00:00", event: updated, want: "2025-03-03T09:00:29", gone: updated},
		"three digits":           {own: "2025-03-03T09:00:29.123+00:00", event: updated, want: "2025-03-03T09:00:29.123", gone: updated},
		"cut, not rounded":       {own: "2025-03-03T09:00:29.1239999+00:00", event: updated, want: "2025-03-03T09:00:29.123999", gone: updated},
		"nine digits":            {own: "2025-03-03T09:00:29.123456789", event: updated, want: "2025-03-03T09:00:29.123456", gone: updated},
		"the first second":       {own: "1970-01-01T00:00:00.000001+00:00", event: updated, want: "1970-01-01T00:00:00.000001", gone: updated},
		"own missing":            {own: drop, event: updated, made: created, want: updated, gone: updated},
		"own null":               {own: nil, event: updated, made: created, want: updated, gone: updated},
		"own in the year 1":      {own: "0001-01-01T00:00:00+00:00", event: updated, want: updated, gone: updated},
		"own before 1970":        {own: "1969-12-31T23:59:59.999999+00:00", event: updated, want: updated, gone: updated},
		"own a date":             {own: "2025-03-03", event: updated, want: updated, gone: updated},
		"own a number":           {own: 1741078800, event: updated, want: updated, gone: updated},
		"own no time":            {own: "yesterday", event: updated, want: updated, gone: updated},
		"own impossible":         {own: "2025-02-30T09:00:00+00:00", event: updated, want: updated, gone: updated},
		"event's creation":       {own: drop, event: drop, made: created, want: created, gone: created},
		"event's change no time": {own: drop, event: "", made: created, want: created, gone: created},
		"only the record's own":  {own: stamped, event: drop, made: drop, want: stamped},
		"none":                   {own: drop, event: drop, made: drop},
		"none that can be read":  {own: "x", event: []any{}, made: object{}},
		"all before 1970":        {own: "1969-01-01T00:00:00", event: "0001-01-01T00:00:00", made: "1900-01-01T00:00:00"},
	} {
		t.Run(name, func(t *testing.T) {
			e := write("lead", "updated", "lead_1")
			e = with(e, "date_updated", c.event, "date_created", c.made, "data", with(e["data"].(object), "date_updated", c.own))
			for _, one := range []struct {
				event object
				want  string
			}{{e, c.want}, {with(e, "action", "deleted"), c.gone}} {
				if one.want == "" {
					setAside(t, bodyOf(t, one.event), quarantine.MissingVersion)
					continue
				}
				got, err := parse(bodyOf(t, one.event))
				if err != nil || len(got) != 1 || got[0].Version != at(t, one.want) {
					t.Errorf("got %+v, %v, want %s", got, err, one.want)
				}
			}
		})
	}
}

func TestWhatCannotBeUnderstoodIsSetAside(t *testing.T) {
	e := write("lead", "updated", "lead_1")
	long := strings.Repeat("x", record.MaxObjectBytes)
	deep := strings.Repeat("[", record.MaxDepth) + strings.Repeat("]", record.MaxDepth)
	for _, c := range []struct {
		body   string
		reason quarantine.Reason
	}{
		{"", quarantine.MalformedBody},
		{" \n", quarantine.MalformedBody},
		{"{", quarantine.MalformedBody},
		{`{"event":{}} x`, quarantine.MalformedBody},
		{`{"event":{}}{}`, quarantine.MalformedBody},
		{"\xef\xbb\xbf{}", quarantine.MalformedBody},
		{"event=1", quarantine.MalformedBody},
		{strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000), quarantine.MalformedBody},
		{bodyOf(t, with(e, "data", with(e["data"].(object), "deep", json.RawMessage("["+deep+"]")))), quarantine.MalformedBody},
		{"null", quarantine.NotAnObject},
		{"[]", quarantine.NotAnObject},
		{`"text"`, quarantine.NotAnObject},
		{"17", quarantine.NotAnObject},
		{"true", quarantine.NotAnObject},
		{"{}", quarantine.MissingEvent},
		{`{"Event":{"object_type":"lead"}}`, quarantine.MissingEvent},
		{bodyOf(t, nil), quarantine.MissingEvent},
		{bodyOf(t, []any{e}), quarantine.MissingEvent},
		{bodyOf(t, "updated"), quarantine.MissingEvent},
		{bodyOf(t, object{}), quarantine.MissingObjectType},
		{bodyOf(t, with(e, "object_type", drop)), quarantine.MissingObjectType},
		{bodyOf(t, with(e, "object_type", nil)), quarantine.MissingObjectType},
		{bodyOf(t, with(e, "object_type", "")), quarantine.MissingObjectType},
		{bodyOf(t, with(e, "object_type", 1)), quarantine.InvalidID},
		{bodyOf(t, with(e, "object_type", object{"a": 1})), quarantine.InvalidID},
		{bodyOf(t, with(e, "object_type", long+"x")), quarantine.InvalidID},
		{bodyOf(t, with(e, "action", drop)), quarantine.MissingAction},
		{bodyOf(t, with(e, "action", "")), quarantine.MissingAction},
		{bodyOf(t, with(e, "action", nil)), quarantine.MissingAction},
		{bodyOf(t, with(e, "action", true)), quarantine.MissingAction},
		{bodyOf(t, with(e, "action", long+"x")), quarantine.MissingAction},
		{bodyOf(t, with(e, "data", drop)), quarantine.MissingData},
		{bodyOf(t, with(e, "data", nil)), quarantine.MissingData},
		{bodyOf(t, with(e, "data", object{})), quarantine.MissingData},
		{bodyOf(t, with(e, "data", []any{object{"id": "lead_1"}})), quarantine.MissingData},
		{bodyOf(t, with(e, "data", "lead_1")), quarantine.MissingData},
		{bodyOf(t, with(e, "data", nil, "action", "melted")), quarantine.MissingData},
	} {
		setAside(t, c.body, c.reason)
	}
	if got, err := parse(bodyOf(t, with(e, "object_type", long))); err != nil || got[0].Object != long {
		t.Errorf("an object type as long as can be: got %v", err)
	}
	if got, err := parse(bodyOf(t, with(e, "data", with(e["data"].(object), "deep", json.RawMessage(deep))))); err != nil || string(got[0].Fields["deep"]) != deep {
		t.Errorf("a field as deep as can be: got %v", err)
	}
}

func TestFieldsAreKeptAsTheyAre(t *testing.T) {
	const data = `{"id":"lead_1","date_updated":"2025-03-03T09:00:29.900000+00:00","custom.cf_a":null,"custom.cf_b":["x",{"z":1.10,"a":[]}],` +
		`"text":{"Owner":"Zoë <&>"},"n1":9007199254740993,"n2":1.10,"n3":1e400,"n4":-0,"n5":0.30000000000000004,"n6":1E+2,"t":"\u00e9\n\"","":1,"empty":{}}`
	got, err := parse(`{"event":{"object_type":"lead","action":"updated","date_updated":"` + updated + `","data":` + data + `}}`)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"custom.cf_a": "null", "custom.cf_b": `["x",{"a":[],"z":1.10}]`, "n1": "9007199254740993",
		"n2": "1.10", "n3": "1e400", "n4": "-0", "n5": "0.30000000000000004", "n6": "1E+2", "t": `"é\n\""`, "": "1", "empty": "{}",
		"id": `"lead_1"`, "date_updated": `"2025-03-03T09:00:29.900000+00:00"`,
	} {
		if string(got[0].Fields[name]) != want {
			t.Errorf("%s: got %s, want %s", name, got[0].Fields[name], want)
		}
	}
	if len(got[0].Fields) != 14 {
		t.Errorf("got %d fields: %s", len(got[0].Fields), got[0].Fields.Canonical())
	}
}

func TestAnEventWithoutAnIDHasNone(t *testing.T) {
	for _, id := range []any{drop, nil, 7, strings.Repeat("x", record.MaxIDBytes+1)} {
		got, err := parse(bodyOf(t, with(write("lead", "created", "lead_1"), "id", id)))
		if err != nil || got[0].Event != "" {
			t.Errorf("got %+v, %v", got, err)
		}
	}
}

// TestConsolidatedEvents: Close sends an event again under its id once it has changed; the record's own time tells.
func TestConsolidatedEvents(t *testing.T) {
	e := write("opportunity", "updated", "oppo_1")
	first, err := parse(bodyOf(t, e))
	if err != nil {
		t.Fatal(err)
	}
	later, err := parse(bodyOf(t, with(e, "date_updated", "2025-03-03T09:01:00", "data", with(e["data"].(object), "date_updated", "2025-03-03T09:00:59+00:00"))))
	if err != nil {
		t.Fatal(err)
	}
	if first[0].Event != later[0].Event || later[0].Version.Compare(first[0].Version) <= 0 {
		t.Errorf("got %+v, then %+v", first, later)
	}
}
