package spec_test

import (
	"net/http/httptest"
	"strings"
	"testing"

	"leadline/infra/sandbox/spec/spectest"
)

// TestWrongRequestsAreRefused shows first that the validation can refuse at all.
func TestWrongRequestsAreRefused(t *testing.T) {
	c := spectest.Open(t)
	for _, one := range []struct {
		method, path, body string
		right              bool
	}{
		{"GET", "/lead/?_limit=200&_skip=0&_fields=id", "", true},
		{"GET", "/lead/?_limit=many", "", false},
		{"GET", "/lead/?_skip=1.5", "", false},
		{"GET", "/lead/?date_updated__gte=x", "", true}, // unknown: ignored
		{"GET", "/lead", "", false},
		{"GET", "/leads/", "", false},
		{"PATCH", "/lead/", "", false},
		{"GET", "/event/?_limit=50&_cursor=abc", "", true},
		{"GET", "/event/?_limit=fifty", "", false},
		{"GET", "/activity/call/?date_created__gte=2026-01-01T00:00:00Z", "", true},
		{"GET", "/activity/call/?date_created__gte=soon", "", false},
		{"GET", "/custom_object/", "", false},
		{"GET", "/custom_object/?lead_id=lead_x", "", true},
		{"GET", "/user/?_order_by=age", "", false},
		{"POST", "/data/search/", `{"query":{}}`, true},
		{"POST", "/opportunity/", `{"value":5000,"custom.cf_x":"y"}`, true},
		{"POST", "/opportunity/", `{"value":50.5}`, false},
		{"POST", "/opportunity/", `{"color":"red"}`, false},
		{"POST", "/opportunity/", `{"custom.cf_x":{}}`, false},
		{"PUT", "/opportunity/oppo_x/", `{"status_id":"stat_x"}`, true},
		{"PUT", "/opportunity/oppo_x/", `{"confidence":"high"}`, false},
		{"POST", "/webhook/", `{"url":"https://x.example/","events":[{"object_type":"lead","action":"created"}]}`, true},
		{"POST", "/webhook/", `{"url":"https://x.example/"}`, false},
		{"PUT", "/webhook/whsub_x/", `{"status":"active"}`, true},
		{"PUT", "/webhook/whsub_x/", `{"status":"sleeping"}`, false},
		{"POST", "/activity/note/", `{"note":"x"}`, false},
		{"POST", "/activity/email/", `{"lead_id":"lead_x","status":"flying"}`, false},
		{"POST", "/activity/email/", `{"lead_id":`, false},
		{"GET", "/lead/", `{"x":1}`, false},
	} {
		r := httptest.NewRequest(one.method, "/api/v1"+one.path, strings.NewReader(one.body))
		r.SetBasicAuth("key", "")
		if problem := c.CheckRequest(r, []byte(one.body)); (problem == "") != one.right {
			t.Errorf("%s %s %s: right is %t, it says %q", one.method, one.path, one.body, one.right, problem)
		}
	}
	if c.CheckRequest(httptest.NewRequest("GET", "/api/v1/lead/", nil), nil) == "" {
		t.Error("a request without credentials is let through")
	}
	r := httptest.NewRequest("POST", "/api/v1/lead/", nil)
	r.SetBasicAuth("key", "")
	r.Header.Set("X-Http-Method-Override", "GET")
	if c.CheckRequest(r, []byte(`{"_params":{"_limit":5}}`)) != "" || c.CheckRequest(r, []byte(`{"_params":{"_limit":"x"}}`)) == "" {
		t.Error("the parameters of an overridden POST are not read")
	}
}

func TestWrongAnswersAreRefused(t *testing.T) {
	c := spectest.Open(t)
	contact := `{"id":"cont_x","name":"A","display_name":"A","title":null,"organization_id":"orga_x","created_by":null,"updated_by":null,"date_created":"2026-01-01T00:00:00.000000+00:00","date_updated":"2026-01-01T00:00:00.000000+00:00"}`
	created := `{"_type":"Created","id":"a","import_id":null,"contact_id":null,"organization_id":"o","user_name":"n","date_created":"2026-06-19T12:11:27.853000+00:00",` +
		`"activity_at":"2026-06-19T12:11:27.853000+00:00","source":"api","updated_by":"u","created_by":"u","lead_id":"l","users":[],` +
		`"date_updated":"2026-06-19T12:11:27.853000+00:00","updated_by_name":"n","created_by_name":"n","user_id":"u"}`
	for _, one := range []struct {
		method, path string
		status       int
		body         string
		right        bool
	}{
		{"GET", "/contact/cont_x/", 200, contact, true},
		{"GET", "/contact/cont_x/", 200, `{"id":"cont_x"}`, false},
		{"GET", "/contact/cont_x/?_fields=id", 200, `{"id":"cont_x"}`, true},
		{"GET", "/contact/cont_x/?_fields=id", 200, `{"id":5}`, false},
		{"GET", "/contact/cont_x/", 200, strings.Replace(contact, "2026-01-01T00:00:00.000000+00:00", "yesterday", 1), false},
		{"GET", "/contact/", 200, `{"data":[` + contact + `]}`, false}, // has_more
		{"GET", "/contact/cont_x/", 418, `{"error":"x"}`, true},
		{"GET", "/contact/cont_x/", 404, `{"message":"x"}`, false},
		{"GET", "/contact/cont_x/", 400, `{"field-errors":{"a":"b"}}`, true},
		{"GET", "/contact/cont_x/", 202, contact, false},
		{"POST", "/webhook/", 200, `{}`, false},
		// Where the files say nothing, the recorded answers do.
		{"GET", "/activity/", 200, `{"data":[` + created + `],"has_more":false}`, true},
		{"GET", "/activity/", 200, `{"data":[` + strings.Replace(created, `"source":"api",`, "", 1) + `],"has_more":false}`, false},
		{"GET", "/activity/", 200, `{"data":[` + strings.Replace(created, `"source"`, `"sauce":1,"source"`, 1) + `],"has_more":false}`, false},
		{"GET", "/activity/", 200, `{"data":[` + strings.Replace(created, `"users":[]`, `"users":"u"`, 1) + `],"has_more":false}`, false},
		{"GET", "/activity/", 200, `{"data":{},"has_more":false}`, false},
		{"GET", "/event/", 200, `{"data":[],"cursor_next":null}`, true},
		{"GET", "/pipeline/", 200, `{"data":[{"id":"pipe_x"}],"has_more":false}`, false},
	} {
		r := httptest.NewRequest(one.method, "/api/v1"+one.path, nil)
		if problem := c.CheckAnswer(r, one.status, []byte(one.body)); (problem == "") != one.right {
			t.Errorf("%s %s %d %s: right is %t, it says %q", one.method, one.path, one.status, one.body, one.right, problem)
		}
	}
}
