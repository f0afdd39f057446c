package e2e_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// testOAuth logs in as a person does, with tokens that live for seconds, and has many workers find them run out at once. A
// refresh token works once.
func testOAuth(t *testing.T, s *system) {
	const life = 8 * time.Second
	crm := startSandbox(t, "-records", "400", "-seed", "19", "-token-life", life.String())
	own, address := s.organization(t, "oauth")
	p := &provider{system: own, crm: crm, address: address}
	made := p.open(t, "oauth", map[string]string{"kind": "oauth2", "client_id": crm.ClientID, "client_secret": crm.ClientSecret})
	if made.Login.State != "pending" || made.AuthorizeURL == "" {
		t.Fatalf("a connection by OAuth: %s", shown(made))
	}
	res, err := http.Get(made.AuthorizeURL) // the sandbox agrees at once, and sends back to us
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if page, err := io.ReadAll(res.Body); err != nil || res.StatusCode != http.StatusOK || !strings.Contains(res.Request.URL.Path, "/v1/oauth/callback") {
		t.Fatalf("back from the CRM: %d %s %v", res.StatusCode, page, err)
	}
	p.tended(t)
	if c := p.connection(t); c.Login.State != "ok" || c.State.Health != "healthy" {
		t.Fatalf("logged in: %s", shown(c))
	}
	for range 2 {
		p.imports(t)
		// All tokens run out; then some thirty streams begin at once.
		last := crm.requests(t, "/oauth2/token/")
		eventually(t, patience, "the token has run out", func() bool { return time.Since(last[len(last)-1].Time) > life })
	}
	p.imports(t)
	p.same(t)
	renewals := 0
	for _, r := range crm.requests(t, "/oauth2/token/") {
		if renewals++; r.Status != http.StatusOK {
			t.Errorf("renewal %d: %d", renewals, r.Status)
		}
	}
	if renewals < 4 {
		t.Errorf("the token was renewed %d times only", renewals)
	}
	for _, r := range crm.requests(t, "/api/v1/") {
		if r.Status >= 300 {
			t.Errorf("%s %s: %d", r.Method, r.Path, r.Status)
		}
	}
	if c := p.connection(t); c.Login.State != "ok" || c.State.Health != "healthy" {
		t.Errorf("in the end: %s", shown(c))
	}
	t.Logf("%d renewals, each with another token", renewals)
}

// testRevoked: the import stands where it is until there is another key, and goes on from there.
func testRevoked(t *testing.T, s *system) {
	crm := startSandbox(t, "-records", "1000", "-seed", "20")
	key := crm.key(t, "Admin")
	p := connect(t, s, crm, "revoked", key)
	id := p.begin(t, "imports", struct{}{})
	eventually(t, patience, "the import is under way", func() bool { return p.run(t, id).Progress.Counts.Fetched > 200 })
	crm.order(t, "keys/revoke", map[string]string{"key": key})
	eventually(t, patience, "the connection is in error", func() bool {
		c := p.connection(t)
		return c.State.Health == "error" && c.Login.State == "revoked"
	})
	n := p.told(t, "connection_error", "connections/"+p.id)
	if !strings.Contains(n.Text, "/login") {
		t.Errorf("the notice does not say what to do: %s", n.Text)
	}
	stood := p.run(t, id)
	if stood.final() || stood.Status != "running" || stood.Progress.Counts.Fetched >= 1000 {
		t.Fatalf("the import does not stand: %s", shown(stood))
	}
	before := len(crm.requests(t, "/api/v1/"))
	if status, answer := p.call(t, p.AdminKey, http.MethodPost, p.path+"/test", struct{}{}); status < 400 {
		t.Errorf("a test of a revoked login: %d %s", status, answer)
	}

	other := "api_sandboxother.4tWqMz8RbN2e"
	crm.order(t, "keys", map[string]string{"key": other, "user": "admin"})
	login := map[string]string{"kind": "api_key", "api_key": other}
	if status, answer := p.call(t, p.AdminKey, http.MethodPut, p.path+"/login", login); status != http.StatusOK {
		t.Fatalf("another key: %d %s", status, answer)
	}
	run := p.ended(t, id)
	d := p.same(t)
	requests := crm.requests(t, "/api/v1/")
	// A message that still waited when all were sent again has a second worker read a page.
	if pages, again := pagesOf(t, requests); again > run.Progress.Total {
		t.Errorf("%d of %d pages of %d objects were read again", again, pages, run.Progress.Total)
	}
	eventually(t, patience, "the connection is healthy", func() bool {
		c := p.connection(t)
		return c.State.Health == "healthy" && c.Login.State == "ok"
	})
	p.checkReport(t, run)
	p.told(t, "import_done", "connections/"+p.id+"/runs/"+id)
	p.told(t, "connection_error", "connections/"+p.id)
	t.Logf("revoked after %d records and %d requests; %d records in the end", stood.Progress.Counts.Fetched, before, d.total)
}
