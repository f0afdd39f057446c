package marketo

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
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
	token     = "mkto-access-token-of-nobody"
	weakToken = "mkto-access-token-without-leads"
)

// server is a small Marketo instance.
type server struct {
	now        time.Time
	leads      []*lead
	activities []activity
	jobs       map[string]*export
	day        int
}

type lead struct {
	id               int
	created, updated time.Time
	state            int
}

type activity struct {
	id, lead int
	at       time.Time
	deleted  bool
}

type export struct {
	id             string
	by, from, to   string
	queued, doneAt time.Time
	file           []byte
	rows           int
}

func newServer() conformance.Provider {
	s := &server{now: time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC), jobs: map[string]*export{}}
	for i := range 43 {
		at := s.now.Add(-time.Duration(2000-41*i) * time.Hour)
		s.leads = append(s.leads, &lead{id: i + 4, created: at, updated: at.Add(time.Duration(i%5) * 30 * time.Hour)})
	}
	return s
}

func (s *server) Login() (connector.LoginKind, string) { return connector.ClientCredentials, token }
func (s *server) Restricted() (connector.LoginKind, string) {
	return connector.ClientCredentials, weakToken
}
func (s *server) Now() time.Time          { return s.now }
func (s *server) Advance(d time.Duration) { s.now = s.now.Add(d) }

func (s *server) Rows(object string) (rows []conformance.Row) {
	if object != "lead" {
		return nil
	}
	for _, l := range s.leads {
		rows = append(rows, conformance.Row{ID: strconv.Itoa(l.id), Created: l.created, Updated: l.updated})
	}
	return rows
}

func (s *server) Change(_, id string) bool {
	for _, l := range s.leads {
		if strconv.Itoa(l.id) == id {
			l.updated, l.state = s.now.Truncate(time.Second), l.state+1
			s.activities = append(s.activities, activity{len(s.activities) + 1, l.id, l.updated, false})
			return true
		}
	}
	return false
}

func (s *server) Remove(_, id string) bool {
	n := len(s.leads)
	s.leads = slices.DeleteFunc(s.leads, func(l *lead) bool { return strconv.Itoa(l.id) == id })
	number, _ := strconv.Atoi(id)
	s.activities = append(s.activities, activity{len(s.activities) + 1, number, s.now.Truncate(time.Second), true})
	return len(s.leads) < n
}

// fields are the columns with their types.
func fields() [][2]string {
	return [][2]string{{"id", "integer"}, {"email", "email"}, {"company", "string"}, {"leadScore", "score"}, {"unsubscribed", "boolean"},
		{"createdAt", "datetime"}, {"updatedAt", "datetime"}, {"notes", "text"}}
}

func (l *lead) value(name string) any {
	switch name {
	case "id":
		return l.id
	case "email":
		return fmt.Sprintf("lead%d@example.com", l.id)
	case "company":
		return fmt.Sprintf("Company \"%d\", of many\nlines", l.id%7)
	case "leadScore":
		return l.state
	case "unsubscribed":
		return l.id%3 == 0
	case "createdAt":
		return l.created.Format(time.RFC3339)
	case "updatedAt":
		return l.updated.Format(time.RFC3339)
	}
	return nil
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	q := r.URL.Query()
	if strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		form, _ := url.ParseQuery(string(body))
		for name, values := range form {
			q[name] = values
		}
	}
	s.day++
	path := strings.Trim(r.URL.Path, "/")
	if id, ok := strings.CutSuffix(path, "/file.json"); ok {
		s.serveFile(w, r, s.jobs[id[strings.LastIndex(id, "/")+1:]])
		return
	}
	w.Header().Set("Content-Type", "application/json;charset=UTF-8")
	_ = json.NewEncoder(w).Encode(s.answer(r, path, q, body))
}

func failure(code, message string) map[string]any {
	return map[string]any{"requestId": "r1", "success": false, "errors": []any{map[string]any{"code": code, "message": message}}}
}

func success(result ...any) map[string]any {
	if result == nil {
		result = []any{}
	}
	return map[string]any{"requestId": "r1", "success": true, "result": result}
}

func (s *server) answer(r *http.Request, path string, q url.Values, body []byte) map[string]any {
	secret := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	switch {
	case r.URL.Host != "account.mktorest.com" || secret != token && secret != weakToken:
		return failure("601", "Access token invalid")
	case len(r.URL.String()) > 8000:
		return failure("414", "URI too long")
	case s.day > 50_000:
		return failure("607", "Max rate limit '50000' exceeded with in '24' hrs")
	case path == "rest/v1/stats/usage.json":
		return success(map[string]any{"date": "2026-05-01", "total": s.day, "users": []any{}})
	case secret == weakToken:
		return failure("603", "Access denied")
	}
	switch path {
	case "rest/v1/leads/describe.json":
		var all []any
		for i, f := range fields() {
			all = append(all, map[string]any{"id": i, "displayName": "The " + f[0], "dataType": f[1], "rest": map[string]any{"name": f[0]}})
		}
		return success(all...)
	case "rest/v1/leads.json":
		return s.byID(q)
	case "rest/v1/activities/pagingtoken.json":
		since, err := time.Parse(time.RFC3339, q.Get("sinceDatetime"))
		if err != nil {
			return failure("1003", "sinceDatetime is no time")
		}
		e := success()
		e["nextPageToken"] = strconv.Itoa(slices.IndexFunc(append(s.activities, activity{at: s.now.Add(time.Hour)}), func(a activity) bool { return !a.at.Before(since) })) + "=="
		return e
	case "rest/v1/activities/leadchanges.json", "rest/v1/activities/deletedleads.json":
		return s.feed(q, path == "rest/v1/activities/deletedleads.json")
	case "bulk/v1/leads/export/create.json":
		return s.create(body)
	}
	return s.job(path)
}

func (s *server) byID(q url.Values) map[string]any {
	names := strings.Split(q.Get("fields"), ",")
	ids := strings.Split(q.Get("filterValues"), ",")
	if q.Get("filterType") != "id" || len(ids) > 300 {
		return failure("1003", "Too many values, or no filter")
	}
	var all []any
	for _, l := range s.leads {
		if !slices.Contains(ids, strconv.Itoa(l.id)) {
			continue
		}
		row := map[string]any{}
		for _, name := range names {
			row[name] = l.value(name)
		}
		all = append(all, row)
	}
	return success(all...)
}

// feed gives three activities at most, and may give fewer than there are.
func (s *server) feed(q url.Values, deleted bool) map[string]any {
	from, err := strconv.Atoi(strings.TrimSuffix(q.Get("nextPageToken"), "=="))
	if err != nil || !deleted && q.Get("fields") == "" {
		return failure("1008", "Invalid paging token, or no fields")
	}
	var all []any
	for from < len(s.activities) && len(all) < 3 {
		a := s.activities[from]
		from++
		if a.deleted == deleted {
			all = append(all, map[string]any{"id": a.id, "leadId": a.lead, "activityDate": a.at.Format("2006-01-02T15:04:05-0700"), "activityTypeId": 13,
				"fields": []any{map[string]any{"name": "leadScore", "newValue": "1"}}})
		}
	}
	e := success(all...)
	e["nextPageToken"], e["moreResult"] = strconv.Itoa(from)+"==", from < len(s.activities)
	return e
}

func (s *server) create(body []byte) map[string]any {
	var in struct {
		Fields []string `json:"fields"`
		Filter map[string]struct {
			Start string `json:"startAt"`
			End   string `json:"endAt"`
		} `json:"filter"`
	}
	if json.Unmarshal(body, &in) != nil || len(in.Fields) == 0 || len(in.Filter) != 1 {
		return failure("1003", "No fields, or no filter")
	}
	j := &export{id: fmt.Sprintf("job-%d", len(s.jobs)+1)}
	for by, span := range in.Filter {
		from, err := time.Parse(time.RFC3339, span.Start)
		to, err2 := time.Parse(time.RFC3339, span.End)
		if err != nil || err2 != nil || to.Before(from) || to.Sub(from) > 31*24*time.Hour {
			return failure("1003", "The span is longer than 31 days, or none")
		}
		j.by, j.from, j.to = by, from.UTC().Format(time.RFC3339), to.UTC().Format(time.RFC3339)
	}
	s.jobs[j.id] = j
	return success(map[string]any{"exportId": j.id, "status": "Created", "format": "CSV"})
}

func (s *server) job(path string) map[string]any {
	parts := strings.Split(path, "/")
	if len(parts) != 6 || s.jobs[parts[4]] == nil || s.gone(s.jobs[parts[4]]) {
		return failure("610", "Requested resource not found")
	}
	j := s.jobs[parts[4]]
	state := map[string]any{"exportId": j.id, "status": "Queued", "format": "CSV"}
	switch {
	case parts[5] == "enqueue.json" && !j.queued.IsZero():
		return failure("1029", "Export is in the queue already")
	case parts[5] == "enqueue.json":
		j.queued, j.doneAt = s.now, s.now.Add(100*time.Second)
	case j.queued.IsZero():
		state["status"] = "Created"
	case s.now.Before(j.doneAt):
		state["status"] = "Processing"
	default:
		s.finish(j)
		state["status"], state["fileSize"], state["numberOfRecords"] = "Completed", len(j.file), j.rows
	}
	return success(state)
}

func (s *server) gone(j *export) bool {
	return !j.queued.IsZero() && s.now.Sub(j.queued) > 10*time.Hour
}

// finish writes the file, once.
func (s *server) finish(j *export) {
	if j.file != nil {
		return
	}
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	var header []string
	for _, f := range fields() {
		header = append(header, f[0])
	}
	_ = w.Write(header)
	for _, l := range s.leads {
		at, _ := l.value(j.by).(string)
		if at < j.from || at > j.to {
			continue
		}
		j.rows++
		var row []string
		for _, name := range header {
			text := "null"
			if v := l.value(name); v != nil {
				text = fmt.Sprint(v)
			}
			row = append(row, text)
		}
		_ = w.Write(row)
	}
	w.Flush()
	j.file = b.Bytes()
}

func (s *server) serveFile(w http.ResponseWriter, r *http.Request, j *export) {
	if j == nil || s.gone(j) || j.file == nil {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(failure("610", "Requested resource not found"))
		return
	}
	w.Header().Set("Content-Type", "text/csv")
	var from, to int
	if n, _ := fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-%d", &from, &to); n != 2 || from > to || to >= len(j.file) {
		w.WriteHeader(http.StatusRequestedRangeNotSatisfiable)
		return
	}
	w.WriteHeader(http.StatusPartialContent)
	_, _ = w.Write(j.file[from : to+1])
}
