package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
)

// TestEarn: once everything is imported the demo organization has a program, made once.
func TestEarn(t *testing.T) {
	var asked []string
	fails := ""
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		asked = append(asked, r.Method+" "+r.URL.Path)
		switch {
		case fails != "" && strings.HasPrefix(r.URL.Path, fails):
			rw.WriteHeader(http.StatusServiceUnavailable)
			_, _ = rw.Write([]byte(`{"title":"It is down."}`))
		case r.URL.Path == "/v1/exchange-rates":
			rw.WriteHeader(http.StatusConflict) // from an earlier start
			_, _ = rw.Write([]byte(`{}`))
		case r.URL.Path == "/v1/program-templates/percent_of_won_deals":
			if !strings.Contains(string(body), `"connection":"conn_1"`) || !strings.Contains(string(body), `"publish":true`) {
				t.Errorf("sent %s", body)
			}
			rw.WriteHeader(http.StatusCreated)
			_, _ = rw.Write([]byte(`{"id":"prg_1"}`))
		case r.URL.Path == "/v1/programs/prg_1":
			_, _ = rw.Write([]byte(`{"status":"live"}`))
		default:
			t.Errorf("asked for %s", r.URL)
		}
	}))
	defer server.Close()
	d := &demo{AdminKey: "key", CRM: &demoCRM{Connection: "conn_1", Import: "run_1"}}
	var said []string
	say := func(format string, args ...any) { said = append(said, fmt.Sprintf(format, args...)) }
	i := importing{seeder: seeder{baseURL: server.URL, client: server.Client(), file: filepath.Join(t.TempDir(), "demo.json")}, demo: d, key: "key", crm: *d.CRM, print: say, warn: say}
	for _, failing := range []string{"/v1/exchange-rates", "/v1/program-templates"} {
		fails = failing
		if i.earn(t.Context()); d.CRM.Program != "" || len(said) != 1 || !strings.Contains(said[0], "It is down.") {
			t.Errorf("%s is down: %+v, said %q", failing, d.CRM, said)
		}
		said, fails = nil, ""
	}
	for range 2 {
		asked = nil
		if i.earn(t.Context()); d.CRM.Program != "prg_1" || len(said) != 1 || !strings.Contains(said[0], "10 % of won deals is live") {
			t.Errorf("%+v, said %q", d.CRM, said)
		}
		said = nil
	}
	if len(asked) != 1 {
		t.Errorf("the second time it asked for %q", asked)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if i.earn(ended); len(said) != 0 {
		t.Errorf("behind the end it said %q", said)
	}
}
