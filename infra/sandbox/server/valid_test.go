package server_test

import (
	"net/http"
	"testing"

	"leadline/infra/sandbox/crm"
	"leadline/infra/sandbox/server"
)

// TestEveryReadFitsTheSpecification reads all that can be read, validated.
func TestEveryReadFitsTheSpecification(t *testing.T) {
	s := checked(t, server.Options{Options: crm.Options{Records: 6000}})
	me := s.get("~me/")
	org := text(me["organizations"].([]any)[0].(map[string]any), "id")
	for _, path := range []string{"organization/" + org + "/", "organization/" + org + "/?_expand=memberships__user,inactive_memberships__user",
		"user/?_limit=5&_skip=3", "user/" + text(me, "id") + "/", "phone_number/", "event/", "webhook/", "activity/", "export/",
		"group/?_fields=id,name,members", "lead/?_fields=id,name,custom", "opportunity/?_order_by=-date_updated&_limit=250",
		"custom_field_schema/lead/", "custom_field_schema/contact/", "custom_field_schema/opportunity/"} {
		s.get("~" + path)
	}
	for _, path := range crm.ConfigPaths() {
		s.get("~" + path + "/")
	}
	for _, k := range crm.Kinds() {
		path := "~" + k.Path + "/"
		if k.Kind == crm.CustomObject {
			continue // needs a lead
		}
		list := rows(s.get(path))
		if len(list) == 0 {
			t.Errorf("%s: there is none", k.Path)
			continue
		}
		s.get(path + text(list[0], "id") + "/")
	}
	var lead string
	s.Do(func(m *crm.Model) { lead = m.All(crm.CustomObject)[0].LeadID() })
	list := rows(s.get("~custom_object/?lead_id=" + lead))
	s.get("~custom_object/" + text(list[0], "id") + "/")
}

// TestEveryWriteFitsTheSpecification writes all that can be written, validated.
func TestEveryWriteFitsTheSpecification(t *testing.T) {
	s := checked(t, server.Options{})
	post := func(path string, body map[string]any) map[string]any {
		t.Helper()
		return s.ask(http.StatusOK, "POST", "~"+path, body)
	}
	lead := post("lead/", map[string]any{"name": "New", "contacts": []any{map[string]any{"name": "Ann", "emails": []any{map[string]any{"email": "a@b.example"}}}}})
	id := text(lead, "id")
	contact := text(lead["contacts"].([]any)[0].(map[string]any), "id")
	opportunity := post("opportunity/", map[string]any{"lead_id": id, "value": 50000, "value_period": "annual", "confidence": 30, "contact_id": contact})
	made := map[string]map[string]any{
		"contact/":        post("contact/", map[string]any{"lead_id": id, "name": "Bob", "phones": []any{map[string]any{"phone": "+12125550100", "type": "office"}}}),
		"task/":           post("task/", map[string]any{"_type": "lead", "lead_id": id, "text": "Call", "date": "2026-03-09"}),
		"activity/note/":  post("activity/note/", map[string]any{"lead_id": id, "note": "A note"}),
		"activity/call/":  post("activity/call/", map[string]any{"lead_id": id, "direction": "outbound", "status": "completed", "duration": 12, "phone": "+12125550100"}),
		"activity/email/": post("activity/email/", map[string]any{"lead_id": id, "status": "sent", "subject": "Hi", "body_text": "Hi\nthere", "to": []string{"a@b.example"}}),
		"activity/sms/":   post("activity/sms/", map[string]any{"lead_id": id, "status": "sent", "text": "Hi", "remote_phone": "+12125550100"}),
		"activity/whatsapp_message/": post("activity/whatsapp_message/", map[string]any{"lead_id": id, "contact_id": contact, "direction": "incoming", "activity_at": "2026-03-01T10:00:00Z",
			"external_whatsapp_message_id": "w1", "local_phone": "+1", "remote_phone": "+2", "message_markdown": "Hi"}),
	}
	types := rows(s.get("~custom_activity/"))
	made["activity/custom/"] = post("activity/custom/", map[string]any{"lead_id": id, "custom_activity_type_id": text(types[0], "id")})
	objects := rows(s.get("~custom_object_type/"))
	object := s.ask(http.StatusCreated, "POST", "~custom_object/", map[string]any{"lead_id": id, "custom_object_type_id": text(objects[0], "id"), "name": "Plan"})
	changes := map[string]map[string]any{
		"contact/": {"title": "CEO"}, "task/": {"is_complete": true}, "activity/note/": {"note": "Other"}, "activity/call/": {"duration": 15},
		"activity/email/": {"subject": "Ho"}, "activity/sms/": {"text": "Ho"}, "activity/whatsapp_message/": {"message_markdown": "Ho"}, "activity/custom/": {"status": "draft"},
	}
	for path, o := range made {
		s.ask(http.StatusOK, "PUT", "~"+path+text(o, "id")+"/", changes[path])
		s.ask(http.StatusOK, "DELETE", "~"+path+text(o, "id")+"/", nil)
		s.ask(http.StatusNotFound, "GET", "~"+path+text(o, "id")+"/", nil)
	}
	s.ask(http.StatusNoContent, "DELETE", "~custom_object/"+text(object, "id")+"/", nil)
	meeting := rows(s.get("~activity/meeting/"))[0]
	s.ask(http.StatusOK, "PUT", "~activity/meeting/"+text(meeting, "id")+"/", map[string]any{"user_note_html": "<p>x</p>"})
	s.ask(http.StatusOK, "PUT", "~opportunity/"+text(opportunity, "id")+"/", map[string]any{"status": "Won"})
	s.ask(http.StatusOK, "PUT", "~lead/"+id+"/", map[string]any{"description": "d"})
	hook := s.ask(http.StatusCreated, "POST", "~webhook/", map[string]any{"url": "https://x.example/", "events": []any{map[string]any{"object_type": "lead", "action": "created"}}})
	s.get("~webhook/")
	s.ask(http.StatusOK, "PUT", "~webhook/"+text(hook, "id")+"/", map[string]any{"status": "paused"})
	s.ask(http.StatusOK, "DELETE", "~webhook/"+text(hook, "id")+"/", nil)
	export := s.ask(http.StatusOK, "POST", "~export/lead/", map[string]any{"format": "json", "type": "leads", "include_activities": true})
	s.get("~export/" + text(export, "id") + "/")
	other := text(rows(s.get("~lead/?_limit=1&_skip=4"))[0], "id")
	s.ask(http.StatusOK, "POST", "~lead/merge/", map[string]any{"source": id, "destination": other})
	for _, e := range rows(s.get("~event/")) {
		s.get("~event/" + text(e, "id") + "/")
	}
	s.ask(http.StatusOK, "DELETE", "~lead/"+other+"/", nil)
	s.ask(http.StatusOK, "POST", "~lead/", map[string]any{"_params": map[string]any{"_limit": 2}}, "X-Http-Method-Override", "GET")
}
