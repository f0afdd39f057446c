package conformance

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
)

// toyServer is the API of the toy's provider: users by pages, deals in the order of their last change, notes of deals in the
// order of their creation, a log of changes, and webhooks.
type toyServer struct {
	now   time.Time
	rows  map[string][]*toyRow
	log   []map[string]any
	hooks []*toyHook
	made  int
}

type toyRow struct {
	id, deal         string
	created, updated time.Time
	state            int
}

type toyHook struct {
	id, url string
	paused  bool
}

const (
	toyKey      = "toykey_0123456789"
	toyWeakKey  = "toykey_weak_56789"
	toyPageRows = 3
	toyMaxSkip  = 30
)

func newToyServer() *toyServer {
	s := &toyServer{now: time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC), rows: map[string][]*toyRow{}}
	for i := range 20 {
		at := s.now.Add(-time.Duration(500-20*(i/2)) * time.Hour) // two are changed at once
		s.rows["deal"] = append(s.rows["deal"], &toyRow{id: fmt.Sprintf("d%02d", i), created: at.Add(-time.Duration(i%7) * time.Hour), updated: at})
	}
	for i := range 17 {
		at := s.now.Add(-time.Duration(400-9*(i/2)) * time.Hour)
		s.rows["note"] = append(s.rows["note"], &toyRow{id: fmt.Sprintf("n%02d", i), deal: fmt.Sprintf("d%02d", i%4), created: at, updated: at.Add(time.Minute)})
	}
	for i := range 5 {
		s.rows["user"] = append(s.rows["user"], &toyRow{id: fmt.Sprintf("u%02d", i), created: s.now.Add(-900 * time.Hour)})
	}
	return s
}

func (s *toyServer) Login() (connector.LoginKind, string)      { return connector.APIKey, toyKey }
func (s *toyServer) Restricted() (connector.LoginKind, string) { return connector.APIKey, toyWeakKey }
func (s *toyServer) Now() time.Time                            { return s.now }
func (s *toyServer) Advance(d time.Duration)                   { s.now = s.now.Add(d) }
func (s *toyServer) Logged(object string) bool                 { return object != "user" }
func (s *toyServer) Employed() []string                        { return []string{"u00", "u01", "u02", "u03", "u04"} }

func (s *toyServer) Pause(id string) {
	for _, h := range s.hooks {
		h.paused = h.paused || h.id == id
	}
}

func (s *toyServer) Rows(object string) []Row {
	var all []Row
	for _, r := range s.rows[object] {
		row := Row{ID: r.id, Created: r.created, Updated: r.updated}
		if r.deal != "" {
			row.Parents = []string{r.deal}
		}
		all = append(all, row)
	}
	return all
}

func (s *toyServer) row(object, id string) *toyRow {
	for _, r := range s.rows[object] {
		if r.id == id {
			return r
		}
	}
	return nil
}

func (s *toyServer) Change(object, id string) bool {
	r := s.row(object, id)
	if r == nil || object == "user" {
		return false
	}
	r.updated, r.state = s.now, r.state+1
	s.log = append(s.log, s.event(object, r))
	return true
}

func (s *toyServer) Remove(object, id string) bool {
	if object == "user" {
		return false
	}
	n := len(s.rows[object])
	s.rows[object] = slices.DeleteFunc(s.rows[object], func(r *toyRow) bool { return r.id == id })
	s.log = append(s.log, map[string]any{"kind": object, "id": id, "at": stamp(s.now), "gone": true})
	return len(s.rows[object]) < n
}

func (s *toyServer) Posted(object, id string) []byte {
	r := s.row(object, id)
	if r == nil || object == "user" {
		return nil
	}
	return asJSON(s.event(object, r))
}

func (s *toyServer) Search(object string) (string, []string) {
	if object != "deal" {
		return "", nil
	}
	return "d1", []string{"d10", "d11", "d12", "d13", "d14", "d15", "d16", "d17", "d18", "d19"}
}

func (s *toyServer) event(object string, r *toyRow) map[string]any {
	return map[string]any{"kind": object, "id": r.id, "at": stamp(r.updated), "row": s.render(object, r)}
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

func asJSON(v any) []byte {
	text, _ := json.Marshal(v)
	return text
}

func (s *toyServer) render(object string, r *toyRow) map[string]any {
	m := map[string]any{"id": r.id, "created": stamp(r.created), "value": json.Number(strconv.Itoa(r.state) + ".50")}
	switch object {
	case "user":
		m["name"], m["email"] = "User "+r.id, r.id+"@toy.example.com"
	case "note":
		m["deal"] = r.deal
		fallthrough
	default:
		m["updated"] = stamp(r.updated)
	}
	return m
}

func (s *toyServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path, ok := strings.CutPrefix(r.URL.Path, "/v1/")
	key := r.Header.Get("X-Toy-Key")
	switch {
	case !ok || r.URL.Host != "api.toy.example.com":
		w.WriteHeader(http.StatusNotFound)
		return
	case key != toyKey && key != toyWeakKey:
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	w.Header().Set("Date", s.now.Format(http.TimeFormat))
	w.Header().Set("X-Left", "5")
	status, body := s.answer(r, strings.Split(path, "/"), key)
	w.WriteHeader(status)
	_, _ = w.Write(asJSON(body))
}

func (s *toyServer) answer(r *http.Request, path []string, key string) (int, any) {
	q := r.URL.Query()
	switch {
	case path[0] == "me":
		may := []string{"read", "watch"}
		if key == toyWeakKey {
			may = may[:1]
		}
		return 200, map[string]any{"account": map[string]any{"id": "acc1", "name": "Toys"}, "may": may}
	case path[0] == "fields":
		return 200, map[string]any{"items": []any{
			map[string]any{"name": "value", "type": "number"}, map[string]any{"name": "updated", "type": "time"}}}
	case path[0] == "log":
		return s.serveLog(q)
	case path[0] == "hooks":
		return s.serveHooks(r, path[1:])
	case s.rows[path[0]] == nil:
		return 404, map[string]any{"error": "unknown"}
	case len(path) == 2:
		if one := s.row(path[0], path[1]); one != nil {
			return 200, s.render(path[0], one)
		}
		return 404, map[string]any{"error": "gone"}
	}
	return s.serveList(path[0], q)
}

func (s *toyServer) serveList(object string, q url.Values) (int, any) {
	rows := slices.Clone(s.rows[object])
	by := func(r *toyRow) time.Time { return r.updated }
	if object == "note" || q.Get("by") == "created" {
		by = func(r *toyRow) time.Time { return r.created }
	}
	if object == "user" {
		by = func(*toyRow) time.Time { return time.Time{} }
	}
	slices.SortFunc(rows, func(a, b *toyRow) int { return cmp.Or(by(a).Compare(by(b)), cmp.Compare(a.id, b.id)) })
	rows = slices.DeleteFunc(rows, func(r *toyRow) bool {
		t := stamp(by(r))
		return t < q.Get("from") || q.Get("until") != "" && t >= q.Get("until") || q.Get("deal") != "" && r.deal != q.Get("deal") || !strings.HasPrefix(r.id, q.Get("q"))
	})
	total := len(rows)
	skip, _ := strconv.Atoi(q.Get("skip"))
	if skip > toyMaxSkip {
		return 400, map[string]any{"error": "too deep"}
	}
	rows = rows[min(skip, total):]
	items := []any{}
	for _, r := range rows[:min(toyPageRows, len(rows))] {
		items = append(items, s.render(object, r))
	}
	return 200, map[string]any{"items": items, "more": len(rows) > toyPageRows, "total": total}
}

// serveLog gives the newest entries first, four at a time.
func (s *toyServer) serveLog(q url.Values) (int, any) {
	all := slices.Clone(s.log)
	end := len(all)
	if n, err := strconv.Atoi(q.Get("before")); err == nil {
		end = min(n, end)
	}
	begin := max(0, end-4)
	entries := slices.Clone(all[begin:end])
	slices.Reverse(entries)
	items := []any{}
	for _, e := range entries {
		items = append(items, e)
	}
	next := ""
	if begin > 0 {
		next = strconv.Itoa(begin)
	}
	return 200, map[string]any{"items": items, "next": next}
}

func (s *toyServer) serveHooks(r *http.Request, path []string) (int, any) {
	if len(path) == 0 {
		if r.Method == http.MethodPost {
			var in struct{ URL string }
			if json.NewDecoder(r.Body).Decode(&in) != nil || in.URL == "" {
				return 400, map[string]any{"error": "no url"}
			}
			s.made++
			h := &toyHook{id: fmt.Sprintf("h%d", s.made), url: in.URL}
			s.hooks = append(s.hooks, h)
			return 200, map[string]any{"id": h.id, "key": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="}
		}
		items := []any{}
		for _, h := range s.hooks {
			items = append(items, map[string]any{"id": h.id, "url": h.url, "paused": h.paused})
		}
		return 200, map[string]any{"items": items}
	}
	i := slices.IndexFunc(s.hooks, func(h *toyHook) bool { return h.id == path[0] })
	if i < 0 {
		return 404, map[string]any{"error": "no such hook"}
	}
	h := s.hooks[i]
	switch r.Method {
	case http.MethodDelete:
		s.hooks = slices.Delete(s.hooks, i, i+1)
	case http.MethodPut:
		h.paused = false
	}
	return 200, map[string]any{"id": h.id, "url": h.url, "paused": h.paused}
}
