package mailchimp

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"leadline/shared/connector"
	"leadline/shared/connector/conformance"
)

const (
	key     = "0123456789abcdef0123456789abcdef-us12"
	weakKey = "fedcba9876543210fedcba9876543210-us12"
	// pageRows is how many rows a list gives at most, whatever is asked for.
	pageRows = 4
)

// server is a small Mailchimp account.
type server struct {
	now time.Time
	// inclusive says that bounds of last_changed are in the window: the documentation does not tell.
	inclusive bool
	lists     []string
	members   []*contact
	hooks     []*hook
	made      int
}

type contact struct {
	list, email string
	changed     time.Time
	state       int
}

func newServer(inclusive bool) func() conformance.Provider {
	return func() conformance.Provider {
		s := &server{now: time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC), inclusive: inclusive, lists: []string{"a1b2c3", "d4e5f6", "000aaa"}}
		for i := range 31 { // more of one second than fit a page; some in two audiences
			at := s.now.Add(-time.Duration(900-20*(i/6)) * time.Hour)
			s.members = append(s.members, &contact{list: s.lists[i%2], email: fmt.Sprintf("Person%d@example.com", i/2), changed: at})
		}
		return s
	}
}

func (c *contact) id() string { return c.list + "/" + hash(c.email) }

func (s *server) Login() (connector.LoginKind, string)      { return connector.APIKey, key }
func (s *server) Restricted() (connector.LoginKind, string) { return connector.APIKey, weakKey }
func (s *server) Now() time.Time                            { return s.now }
func (s *server) Advance(d time.Duration)                   { s.now = s.now.Add(d) }

func (s *server) Rows(object string) (rows []conformance.Row) {
	switch object {
	case audience:
		for _, id := range s.lists {
			rows = append(rows, conformance.Row{ID: id})
		}
	case member:
		for _, c := range s.members {
			rows = append(rows, conformance.Row{ID: c.id(), Parents: []string{c.list}, Updated: c.changed})
		}
	}
	return rows
}

func (s *server) Change(object, id string) bool {
	for _, c := range s.members {
		if object == member && c.id() == id {
			c.changed, c.state = s.now.Truncate(time.Second), c.state+1
			return true
		}
	}
	return false
}

func (s *server) Remove(object, id string) bool {
	n := len(s.members)
	s.members = slices.DeleteFunc(s.members, func(c *contact) bool { return object == member && c.id() == id })
	return len(s.members) < n
}

func (s *server) Posted(object, id string) []byte {
	for _, c := range s.members {
		if object == member && c.id() == id {
			return []byte(url.Values{"type": {"profile"}, "fired_at": {c.changed.Format(time.DateTime)}, "data[list_id]": {c.list}, "data[email]": {c.email},
				"data[merges][FNAME]": {"x"}}.Encode())
		}
	}
	return nil
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path, ok := strings.CutPrefix(r.URL.Path, "/3.0")
	_, secret, _ := r.BasicAuth()
	if r.URL.Host != "account.api.mailchimp.com" || !ok || secret != key && secret != weakKey {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	status, body := s.answer(r, strings.Split(strings.Trim(path, "/"), "/"), secret)
	if status == http.StatusNoContent {
		w.WriteHeader(status)
		return
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

func missing() (int, any) {
	return http.StatusNotFound, map[string]any{"title": "Resource Not Found", "status": 404, "detail": "The requested resource could not be found."}
}

func (s *server) answer(r *http.Request, path []string, secret string) (int, any) {
	q := r.URL.Query()
	switch {
	case path[0] == "":
		role := "owner"
		if secret == weakKey {
			role = "viewer"
		}
		return 200, map[string]any{"account_id": "acc1", "account_name": "Chimps", "username": "chimp", "email": "chimp@example.com", "role": role}
	case path[0] != "lists":
		return missing()
	case len(path) == 1:
		var all []any
		for _, id := range s.lists {
			all = append(all, list2(id))
		}
		return 200, s.cut("lists", all, q)
	case !slices.Contains(s.lists, path[1]):
		return missing()
	case len(path) == 2:
		return 200, list2(path[1])
	case path[2] == "merge-fields":
		fields := []any{map[string]any{"tag": "FNAME", "type": "text"}, map[string]any{"tag": "SIZE", "type": "number"}}
		if path[1] == s.lists[1] {
			fields = append(fields[:1], map[string]any{"tag": "SIZE", "type": "text"}, map[string]any{"tag": "BORN", "type": "date"})
		}
		return 200, s.cut("merge_fields", fields, q)
	case path[2] == "webhooks":
		return s.answerHooks(r, path[1], path[3:])
	case len(path) == 4:
		for _, c := range s.members {
			if c.id() == path[1]+"/"+path[3] {
				return 200, c.render()
			}
		}
		return missing()
	}
	return s.answerMembers(path[1], q)
}

func list2(id string) map[string]any {
	return map[string]any{"id": id, "name": "List " + id, "double_optin": false}
}

func (c *contact) render() map[string]any {
	return map[string]any{"id": hash(c.email), "list_id": c.list, "email_address": c.email, "status": "subscribed", "last_changed": c.changed.Format("2006-01-02T15:04:05-07:00"),
		"merge_fields": map[string]any{"FNAME": "Person", "SIZE": c.state}}
}

// cut gives a page of rows.
func (s *server) cut(name string, rows []any, q url.Values) map[string]any {
	offset, _ := strconv.Atoi(q.Get("offset"))
	count, err := strconv.Atoi(q.Get("count"))
	if err != nil {
		count = 10
	}
	all := append([]any{}, rows[min(offset, len(rows)):]...)
	return map[string]any{name: all[:min(len(all), count, pageRows)], "total_items": len(rows)}
}

func (s *server) answerMembers(list string, q url.Values) (int, any) {
	var some []*contact
	within := func(c *contact) bool {
		at := c.changed.UTC().Format(time.RFC3339)
		since, before := q.Get("since_last_changed"), q.Get("before_last_changed")
		if s.inclusive {
			return at >= since && (before == "" || at <= before)
		}
		return at > since && (before == "" || at < before)
	}
	for _, c := range s.members {
		if c.list == list && within(c) {
			some = append(some, c)
		}
	}
	slices.SortStableFunc(some, func(a, b *contact) int { return cmp.Or(a.changed.Compare(b.changed), cmp.Compare(a.email, b.email)) })
	var rows []any
	for _, c := range some {
		rows = append(rows, c.render())
	}
	return 200, s.cut("members", rows, q)
}

func (s *server) answerHooks(r *http.Request, list string, path []string) (int, any) {
	if len(path) == 0 {
		if r.Method == http.MethodPost {
			h := &hook{}
			if json.NewDecoder(r.Body).Decode(h) != nil || h.URL == "" {
				return 400, map[string]any{"title": "Invalid Resource"}
			}
			s.made++
			h.ID, h.List = fmt.Sprintf("hook%d", s.made), list
			s.hooks = append(s.hooks, h)
			return 200, h
		}
		var all []any
		for _, h := range s.hooks {
			if h.List == list {
				all = append(all, h)
			}
		}
		return 200, s.cut("webhooks", all, url.Values{})
	}
	i := slices.IndexFunc(s.hooks, func(h *hook) bool { return h.List == list && h.ID == path[0] })
	if i < 0 {
		return missing()
	}
	if r.Method == http.MethodDelete {
		s.hooks = slices.Delete(s.hooks, i, i+1)
		return http.StatusNoContent, nil
	}
	return 200, s.hooks[i]
}
