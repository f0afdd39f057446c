package server_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"leadline/infra/sandbox/crm"
	"leadline/infra/sandbox/server"
)

// BenchmarkPages answers pages of a large organization in memory.
func BenchmarkPages(b *testing.B) {
	s := server.New(server.Options{Options: crm.Options{Records: 300_000}})
	body := `{"query":{"type":"and","queries":[{"type":"object_type","object_type":"contact"}]},"_limit":200,"_fields":{"contact":["id","lead_id","name","emails","phones","date_created","date_updated","custom"]},` +
		`"sort":[{"direction":"asc","field":{"type":"regular_field","object_type":"contact","field_name":"date_updated"}}]}`
	for _, one := range []struct{ name, method, path, body string }{
		{"search of 200", "POST", "/api/v1/data/search/", body},
		{"opportunities, 250", "GET", "/api/v1/opportunity/?_limit=250&_order_by=date_updated&date_updated__gte=2026-01-01", ""},
		{"calls, 100", "GET", "/api/v1/activity/call/?_limit=100&date_created__lt=2026-01-01", ""},
		{"leads whole, 200", "GET", "/api/v1/lead/?_limit=200", ""},
		{"e-mails, 100", "GET", "/api/v1/activity/email/?_limit=100", ""},
	} {
		b.Run(one.name, func(b *testing.B) {
			for b.Loop() {
				r := httptest.NewRequest(one.method, one.path, strings.NewReader(one.body))
				r.SetBasicAuth(server.AdminKey, "")
				w := httptest.NewRecorder()
				s.ServeHTTP(w, r)
				if w.Code != http.StatusOK {
					b.Fatal(w.Code)
				}
			}
		})
	}
}
