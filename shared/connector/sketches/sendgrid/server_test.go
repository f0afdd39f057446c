package sendgrid

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"leadline/shared/connector"
	"leadline/shared/connector/conformance"
)

const (
	key     = "SG.0123456789abcdef.0123456789abcdef"
	weakKey = "SG.fedcba9876543210.fedcba9876543210"
	// fileRows is how many contacts are in a file of an export.
	fileRows = 4
	bucket   = "sendgrid-exports.s3.us-west-2.amazonaws.com"
)

// server is a small SendGrid account.
type server struct {
	now      time.Time
	contacts []*person
	exports  []*job
	hooks    []*hook
	made     int
}

type person struct {
	id               string
	created, updated time.Time
	state            int
}

type job struct {
	id    string
	at    time.Time
	files [][]byte
	rows  int
}

func newServer() conformance.Provider {
	s := &server{now: time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)}
	for i := range 22 {
		at := s.now.Add(-time.Duration(700-30*i) * time.Hour)
		s.contacts = append(s.contacts, &person{id: fmt.Sprintf("c0ffee%02d-0000-4000-8000-00000000000%d", i, i%10), created: at, updated: at.Add(time.Duration(i%4) * 40 * time.Hour)})
	}
	return s
}

func (s *server) Login() (connector.LoginKind, string)      { return connector.APIKey, key }
func (s *server) Restricted() (connector.LoginKind, string) { return connector.APIKey, weakKey }
func (s *server) Now() time.Time                            { return s.now }
func (s *server) Advance(d time.Duration)                   { s.now = s.now.Add(d) }

func (s *server) Pause(id string) {
	for _, h := range s.hooks {
		h.Enabled = h.Enabled && h.ID != id
	}
}

func (s *server) Rows(object string) (rows []conformance.Row) {
	switch object {
	case list:
		for i := range 3 {
			rows = append(rows, conformance.Row{ID: listID(i)})
		}
	case contact:
		for _, p := range s.contacts {
			rows = append(rows, conformance.Row{ID: p.id, Created: p.created, Updated: p.updated})
		}
	}
	return rows
}

func listID(i int) string { return fmt.Sprintf("115700%02d-0000-4000-8000-000000000000", i) }

func (s *server) Change(object, id string) bool {
	for _, p := range s.contacts {
		if object == contact && p.id == id {
			p.updated, p.state = s.now.Truncate(time.Second), p.state+1
			return true
		}
	}
	return false
}

func (s *server) Remove(object, id string) bool {
	n := len(s.contacts)
	s.contacts = slices.DeleteFunc(s.contacts, func(p *person) bool { return object == contact && p.id == id })
	return len(s.contacts) < n
}

func (p *person) render(id string) map[string]any {
	return map[string]any{id: p.id, "email": p.id + "@example.com", "created_at": p.created.Format(time.RFC3339), "updated_at": p.updated.Format(time.RFC3339),
		"custom_fields": map[string]any{"visits": p.state}, "list_ids": []string{listID(0)}}
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Host == bucket {
		s.serveFile(w, r)
		return
	}
	w.Header().Set("Date", s.now.Format(http.TimeFormat))
	w.Header().Set("X-RateLimit-Limit", "600")
	w.Header().Set("X-RateLimit-Remaining", "599")
	w.Header().Set("X-RateLimit-Reset", strconv.FormatInt(s.now.Unix()+60, 10))
	body, _ := io.ReadAll(r.Body)
	status, answer := s.answer(r, strings.TrimPrefix(r.URL.Path, "/v3/"), body)
	w.WriteHeader(status)
	if status != http.StatusNoContent {
		_ = json.NewEncoder(w).Encode(answer)
	}
}

// serveFile serves a file at an address that holds its own credentials. Those of the account have no business there.
func (s *server) serveFile(w http.ResponseWriter, r *http.Request) {
	var id string
	var n int
	_, err := fmt.Sscanf(strings.ReplaceAll(strings.Trim(r.URL.Path, "/"), "/", " "), "%s %d.json", &id, &n)
	i := slices.IndexFunc(s.exports, func(j *job) bool { return j.id == id })
	if err != nil || i < 0 || s.now.Sub(s.exports[i].at) > 10*time.Hour || r.Header.Get("Authorization") != "" || r.URL.Query().Get("X-Amz-Signature") != "s"+id || n >= len(s.exports[i].files) {
		w.WriteHeader(http.StatusForbidden)
		return
	}
	_, _ = w.Write(s.exports[i].files[n])
}

func failure(status int, message string) (int, any) {
	return status, map[string]any{"errors": []any{map[string]any{"message": message, "field": nil}}}
}

func (s *server) answer(r *http.Request, path string, body []byte) (int, any) {
	secret := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	what := r.Method + " " + path
	switch {
	case r.URL.Host != "api.sendgrid.com" || secret != key && secret != weakKey:
		return failure(http.StatusUnauthorized, "authorization required")
	case what == "GET user/username":
		return 200, map[string]any{"username": "grids", "user_id": 180}
	case what == "GET scopes":
		scopes := []string{"marketing.read", "user.webhooks.event.settings.update", "alerts.read"}
		if secret == weakKey {
			scopes = scopes[2:]
		}
		return 200, map[string]any{"scopes": scopes}
	case secret == weakKey:
		return failure(http.StatusForbidden, "access forbidden")
	case what == "GET marketing/field_definitions":
		return 200, map[string]any{"custom_fields": []any{map[string]any{"id": "e1_N", "name": "visits", "field_type": "Number"}},
			"reserved_fields": []any{map[string]any{"id": "_rf2_T", "name": "email", "field_type": "Text"}, map[string]any{"id": "_rf22_D", "name": "updated_at", "field_type": "Date"}}}
	case strings.HasPrefix(path, "marketing/contacts"):
		return s.answerContacts(what, body)
	case strings.HasPrefix(path, "marketing/lists"):
		return s.answerLists(r, strings.Trim(strings.TrimPrefix(path, "marketing/lists"), "/"))
	case strings.HasPrefix(path, "user/webhooks/event/settings"):
		return s.answerHooks(r.Method, strings.Trim(strings.TrimPrefix(path, "user/webhooks/event/settings"), "/"), body)
	}
	return failure(http.StatusNotFound, "not found")
}

func (s *server) answerContacts(what string, body []byte) (int, any) {
	switch what {
	case "GET marketing/contacts/count":
		return 200, map[string]any{"contact_count": len(s.contacts), "billable_count": 0}
	case "POST marketing/contacts/batch":
		var in struct{ IDs []string }
		if json.Unmarshal(body, &in) != nil || len(in.IDs) > 100 {
			return failure(http.StatusBadRequest, "too many")
		}
		all := []any{}
		for _, p := range s.contacts {
			if slices.Contains(in.IDs, p.id) {
				all = append(all, p.render("id"))
			}
		}
		return 200, map[string]any{"result": all}
	case "POST marketing/contacts/exports":
		j := &job{id: fmt.Sprintf("e%d", len(s.exports)+1), at: s.now}
		s.exports = append(s.exports, j)
		return http.StatusAccepted, map[string]any{"id": j.id, "_metadata": map[string]any{}}
	}
	for _, j := range s.exports {
		if what == "GET marketing/contacts/exports/"+j.id && s.now.Sub(j.at) < 20*time.Hour {
			return 200, s.state(j)
		}
	}
	return failure(http.StatusNotFound, "not found")
}

func (s *server) state(j *job) map[string]any {
	state := map[string]any{"id": j.id, "status": "pending", "created_at": j.at, "updated_at": s.now, "expires_at": j.at.Add(10 * time.Hour)}
	if s.now.Sub(j.at) < 45*time.Second {
		return state
	}
	if j.files == nil {
		for chunk := range slices.Chunk(s.contacts, fileRows) {
			var b bytes.Buffer
			for _, p := range chunk {
				_ = json.NewEncoder(&b).Encode(p.render("contact_id"))
			}
			j.files, j.rows = append(j.files, b.Bytes()), j.rows+len(chunk)
		}
	}
	urls := []string{}
	for i := range j.files {
		urls = append(urls, fmt.Sprintf("https://%s/%s/%d.json?X-Amz-Signature=s%s", bucket, j.id, i, j.id))
	}
	state["status"], state["urls"], state["contact_count"] = "ready", urls, j.rows
	return state
}

// answerLists gives two lists at a time.
func (s *server) answerLists(r *http.Request, id string) (int, any) {
	render := func(i int) any {
		return map[string]any{"id": listID(i), "name": "List", "contact_count": len(s.contacts), "_metadata": map[string]any{}}
	}
	if id != "" {
		for i := range 3 {
			if listID(i) == id {
				return 200, render(i)
			}
		}
		return failure(http.StatusNotFound, "not found")
	}
	if r.URL.Query().Get("page_token") == "two" {
		return 200, map[string]any{"result": []any{render(2)}, "_metadata": map[string]any{"self": "x"}}
	}
	return 200, map[string]any{"result": []any{render(0), render(1)}, "_metadata": map[string]any{"next": "https://api.sendgrid.com/v3/marketing/lists?page_size=2&page_token=two"}}
}

func publicKey() string {
	private, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), bytes.Repeat([]byte{7}, 32))
	if err != nil {
		return ""
	}
	der, err := x509.MarshalPKIXPublicKey(&private.PublicKey)
	if err != nil {
		return ""
	}
	return base64.StdEncoding.EncodeToString(der)
}

func (s *server) answerHooks(method, path string, body []byte) (int, any) {
	if path == "" && method == http.MethodPost {
		h := &hook{}
		if json.Unmarshal(body, h) != nil || h.URL == "" {
			return failure(http.StatusBadRequest, "no url")
		}
		s.made++
		h.ID = fmt.Sprintf("hook-%d", s.made)
		s.hooks = append(s.hooks, h)
		return http.StatusCreated, h
	}
	if path == "all" {
		return 200, map[string]any{"max_allowed": 5, "webhooks": append([]*hook{}, s.hooks...)}
	}
	id, sign := strings.CutPrefix(path, "signed/")
	i := slices.IndexFunc(s.hooks, func(h *hook) bool { return h.ID == id })
	if i < 0 {
		return failure(http.StatusNotFound, "not found")
	}
	h := s.hooks[i]
	switch {
	case method == http.MethodDelete:
		s.hooks = slices.Delete(s.hooks, i, i+1)
		return http.StatusNoContent, nil
	case method == http.MethodPatch && sign:
		h.Key = publicKey()
	case method == http.MethodPatch:
		kept := *h
		_ = json.Unmarshal(body, h)
		h.ID, h.Key = kept.ID, kept.Key
	}
	return 200, h
}
