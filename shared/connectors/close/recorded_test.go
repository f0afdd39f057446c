package close_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"leadline/shared/connector/specs"
	"leadline/shared/record"
)

// TestRecordedDeliveries reads what Close publishes and has been seen to send; see SOURCES.md of the specs.
func TestRecordedDeliveries(t *testing.T) {
	fixtures := filepath.Join(specs.Dir(t, "close"), "fixtures")
	for _, c := range []struct {
		file, object, id, version, action, event string
		wrap                                     bool
		fields                                   map[string]string
	}{
		{file: "close-docs/webhook-opportunity-updated.json", object: "opportunity", id: "oppo_8H4sjNso7FyBFaeR3RXi5PMJbilfo0c6UPCxsJtEhCO",
			version: "2019-01-15T12:48:23.392", action: "updated", event: "ev_2sYKRjcrA79yKxi3S4Crd7",
			fields: map[string]string{"value": "100000", "date_lost": "null", "status_label": `"Won"`, "confidence": "100"}},
		{file: "real-webhooks/task-lead-created.json", object: "task", id: "task_EXAMPLE", version: "2025-02-28T19:20:45.505",
			action: "created", event: "ev_34bKnJcMX9UnRJmuGH5Jtr", fields: map[string]string{"is_complete": "false", "due_date": `"2025-03-01"`, "object_id": "null"}},
		{file: "close-docs/event.get.response.json", object: "activity.note", id: "acti_4LNDQk2uhg7t8fGUWPyHX7cpCVH9PJtCyCssXFcao3e", wrap: true,
			version: "2016-10-19T12:22:10.433", action: "created", event: "ev_17VaZdcdnsMNyWY9ZJnjph", fields: map[string]string{"users": "[]", "_type": `"Note"`}},
	} {
		t.Run(c.file, func(t *testing.T) {
			body, err := os.ReadFile(filepath.Join(fixtures, filepath.FromSlash(c.file)))
			if err != nil {
				t.Fatal(err)
			}
			if c.wrap { // an entry of the event log, not a delivery of it
				body = bytes.Join([][]byte{[]byte(`{"event":`), body, []byte("}")}, nil)
			}
			got, err := parse(string(body))
			if err != nil || len(got) != 1 {
				t.Fatalf("got %+v, %v", got, err)
			}
			g := got[0]
			if g.Object != c.object || g.ID != c.id || g.Kind != record.Upsert || g.Version != at(t, c.version) || g.Action != c.action || g.Event != c.event {
				t.Errorf("got %+v", g)
			}
			for name, want := range c.fields {
				if string(g.Fields[name]) != want {
					t.Errorf("%s: got %s, want %s", name, g.Fields[name], want)
				}
			}
			var sent struct {
				Event struct{ Data map[string]any }
			}
			if err := json.Unmarshal(body, &sent); err != nil || len(sent.Event.Data) != len(g.Fields) {
				t.Errorf("%d fields sent, got %d, %v", len(sent.Event.Data), len(g.Fields), err)
			}
		})
	}
}

// TestRecordedRecords wraps every record that Close's API has been seen to answer into an event.
func TestRecordedRecords(t *testing.T) {
	fixtures := filepath.Join(specs.Dir(t, "close"), "fixtures")
	for _, file := range []string{"close-docs/lead.list.response.json", "close-docs/activity-call.list.response.json", "close-docs/activity-email.list.response.json",
		"close-docs/activity-sms.list.response.json", "close-docs/opportunity.list.partial.response.json", "amp-labs/leads.json", "amp-labs/activities.json"} {
		text, err := os.ReadFile(filepath.Join(fixtures, filepath.FromSlash(file)))
		if err != nil {
			t.Fatal(err)
		}
		var list struct{ Data []json.RawMessage }
		if err := json.Unmarshal(text, &list); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		if len(list.Data) == 0 {
			t.Errorf("%s holds no record", file)
		}
		for _, row := range list.Data {
			want, err := record.ParseFields(row)
			if err != nil {
				t.Fatalf("%s: %v", file, err)
			}
			got, err := parse(bodyOf(t, with(write("any", "updated", "x"), "data", row)))
			if err != nil || len(got) != 1 || !bytes.Equal(got[0].Fields.Canonical(), want.Canonical()) {
				t.Errorf("%s: got %+v, %v", file, got, err)
			}
		}
	}
}
