package conformance

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"testing/fstest"
	"time"

	"leadline/shared/connector"
	"leadline/shared/fault"
	"leadline/shared/quarantine"
	"leadline/shared/record"
	"leadline/shared/schema"
)

// toy is a connector that conforms; the tests break it in one way each.
func toy() connector.Definition { return toyWith("") }

// toyConn is the toy's code. bug names what is wrong with it; empty for nothing.
type toyConn struct {
	bug string
	// kept is what only one process knows, for the bug of that name.
	kept  map[string]string
	calls int
}

func (t *toyConn) is(bug string) bool { return t.bug == bug }

func toyWith(bug string) connector.Definition {
	t := &toyConn{bug: bug, kept: map[string]string{}}
	d := connector.Definition{
		Name: "toy", Title: "Toy", DocsURL: "https://toy.example.com/docs",
		Webhook: &connector.Webhook{
			Signature: connector.Signature{HashHeader: "toy-hash", HashEncoding: connector.Hex, TimestampHeader: "toy-time",
				KeyEncoding: connector.Base64, KeyBytes: 32},
			Parser: 1, Parse: parseToy,
		},
		API: &connector.API{
			BaseURL: "https://api.toy.example.com/v1", Hosts: []string{".toy.example.com"},
			Logins: []connector.Login{{Kind: connector.APIKey, Authorize: func(h http.Header, secret string) { h.Set("X-Toy-Key", secret) },
				Check: func(secret string) string {
					if len(secret) < 16 || slices.ContainsFunc([]byte(secret), func(b byte) bool { return b <= ' ' || b > '~' }) {
						return "That is no key."
					}
					return ""
				}}},
			Limits: []connector.Limit{{Requests: 5, Window: time.Second}},
			Group:  func(method, _ string) string { return method },
			Probe:  t.probe,
			Seen: func(h http.Header) connector.Quota {
				n, err := strconv.ParseInt(h.Get("X-Left"), 10, 64)
				if err != nil || n < 0 {
					n = -1
				}
				return connector.Quota{Limit: -1, Remaining: n}
			},
		},
		Describe: t.describe,
		Pull: &connector.Pull{
			Objects: []connector.Object{
				{Name: "user", Title: "Users", Scopes: []connector.ScopeKind{connector.All, connector.IDs}, Small: true, Absent: true},
				{Name: "deal", Title: "Deals", Absent: true, Scopes: []connector.ScopeKind{connector.All, connector.ChangedSince, connector.CreatedBetween,
					connector.Matching, connector.IDs}},
				{Name: "note", Title: "Notes", Absent: true, Sweep: 24 * time.Hour,
					Scopes: []connector.ScopeKind{connector.All, connector.CreatedBetween, connector.IDs, connector.ChildrenOf}},
			},
			Revision: 1, Page: t.page, Count: t.count,
		},
		Log:          &connector.Log{Keeps: 30 * 24 * time.Hour, Overlap: time.Minute, Read: t.readLog},
		Subscription: &connector.Subscription{Create: t.create, Find: t.find, Check: t.check, Mend: t.mend, Delete: t.remove},
		People:       t.people,
	}
	return d
}

func toyOptions() Options {
	return Options{Samples: os.DirFS("testdata/toy"), Folder: "toy", Server: func() Provider { return newToyServer() },
		Source: fstest.MapFS{"toy.go": {Data: []byte("package toy\n\nimport \"time\"\n\nfunc later(t time.Time) time.Time { return t.Add(time.Hour) }\n")}}}
}

func refuse(r quarantine.Reason, message string) error {
	return fault.New(fault.Invalid, string(r), "%s", message)
}

func unreadable() error {
	return fault.New(fault.Unavailable, "unreadable_answer", "There is not in the answer what should be.")
}

// get makes a request and reads an answer that must have one of the fields.
func (t *toyConn) get(ctx context.Context, c connector.Client, method, path string, q url.Values, body any, must string) (map[string]any, connector.Answer, error) {
	r := connector.Request{Method: method, Path: path, Query: q, Body: body}
	if t.is("a path with an empty part") {
		r.Path = "/" + path
	}
	if t.is("a header of the client's own") {
		r.Header = http.Header{"Authorization": {"Basic eA=="}}
	}
	if t.is("a context of its own") {
		ctx = context.Background()
	}
	a, err := c.Do(ctx, r)
	if t.is("tries again") && fault.Is(err, fault.Unavailable) {
		a, err = c.Do(ctx, r)
	}
	if t.is("goes on after a limit") && fault.Is(err, fault.RateLimited) {
		return map[string]any{must: []any{}}, a, nil
	}
	if t.is("forgets what went wrong") && err != nil && !fault.Is(err, fault.NotFound) {
		return nil, a, unreadable()
	}
	if err != nil {
		return nil, a, err
	}
	var v map[string]any
	if t.is("panics without an object") {
		var root any
		_ = a.Decode(&root)
		v, err = root.(map[string]any), nil
	} else {
		err = a.Decode(&v)
	}
	if err != nil {
		if t.is("shows the answer") {
			return nil, a, fault.New(fault.Unavailable, "unreadable_answer", "This is no JSON: %s", a.Body)
		}
		return nil, a, err
	}
	if v[must] == nil && !t.is("nothing is empty") {
		return nil, a, unreadable()
	}
	return v, a, nil
}

func (t *toyConn) list(ctx context.Context, c connector.Client, path string, q url.Values) (items []any, v map[string]any, a connector.Answer, err error) {
	v, a, err = t.get(ctx, c, http.MethodGet, path, q, nil, "items")
	if err != nil {
		return nil, nil, a, err
	}
	items, ok := v["items"].([]any)
	if !ok && !t.is("nothing is empty") {
		return nil, nil, a, unreadable()
	}
	return items, v, a, nil
}

func text(v any, name string) string {
	m, _ := v.(map[string]any)
	s, _ := m[name].(string)
	return s
}

func (t *toyConn) probe(ctx context.Context, c connector.Client) (connector.Identity, error) {
	v, _, err := t.get(ctx, c, http.MethodGet, "/me", nil, nil, "account")
	if err != nil {
		return connector.Identity{}, err
	}
	id := connector.Identity{AccountID: text(v["account"], "id"), AccountName: text(v["account"], "name")}
	if id.AccountID == "" {
		return id, unreadable()
	}
	may, _ := v["may"].([]any)
	for _, m := range may {
		word, _ := m.(string)
		id.Permissions = append(id.Permissions, word)
	}
	slices.Sort(id.Permissions)
	if !slices.Contains(id.Permissions, "watch") && !t.is("all logins are alike") {
		id.Missing = append(id.Missing, connector.MissingPermission{Permission: "watch", Needed: "Without it nothing is watched."})
	}
	switch {
	case t.is("an account without a name"):
		id.AccountName = ""
	case t.is("permissions in any order"):
		slices.Reverse(id.Permissions)
	case t.is("missing without words"):
		for i := range id.Missing {
			id.Missing[i].Needed = ""
		}
	}
	return id, nil
}

func (t *toyConn) describe(ctx context.Context, c connector.Client, cursor string) (connector.Description, error) {
	objects := []string{"user", "deal", "note"}
	at := max(0, slices.Index(objects, cursor))
	items, _, _, err := t.list(ctx, c, "/fields", url.Values{"object": {objects[at]}})
	if err != nil {
		return connector.Description{}, err
	}
	o := connector.DescribedObject{Name: objects[at], Title: objects[at]}
	for _, f := range items {
		typ := map[string]schema.Type{"number": schema.Number, "time": schema.DateTime}[text(f, "type")]
		name := text(f, "name")
		if typ == "" || name == "" {
			return connector.Description{}, unreadable()
		}
		switch {
		case t.is("types of its own"):
			typ = "decimal"
		case t.is("fields by other names"):
			name = "field " + name
		}
		o.Fields = append(o.Fields, schema.Field{Name: name, Type: typ})
		if t.is("fields twice") {
			o.Fields = append(o.Fields, schema.Field{Name: name, Type: typ})
		}
	}
	if t.calls++; t.is("described otherwise each time") {
		o.Title += strconv.Itoa(t.calls)
	}
	d := connector.Description{Objects: []connector.DescribedObject{o}}
	if at+1 < len(objects) {
		d.Next = objects[at+1]
	} else if t.is("described without end") {
		return connector.Description{Next: cursor}, nil
	}
	return d, nil
}

func (t *toyConn) people(ctx context.Context, c connector.Client, cursor string) (connector.PeoplePage, error) {
	items, v, _, err := t.list(ctx, c, "/user", url.Values{"skip": {cursor}})
	if err != nil {
		return connector.PeoplePage{}, err
	}
	var page connector.PeoplePage
	for i, u := range items {
		p := connector.Person{ID: text(u, "id"), Name: text(u, "name"), Email: text(u, "email"), Active: true,
			Role: connector.Role{ID: "r1", Name: "Seller"}, Teams: []connector.Team{{ID: "t1", Name: "North"}}}
		switch {
		case p.ID == "":
			return page, unreadable()
		case t.is("people without roles"):
			p.Role = connector.Role{}
		case t.is("a team twice"):
			p.Teams = append(p.Teams, p.Teams...)
		case t.is("somebody is left out") && i == 1:
			continue
		case t.is("somebody comes twice"):
			page.People = append(page.People, p)
		}
		page.People = append(page.People, p)
	}
	if skip, _ := strconv.Atoi(cursor); v["more"] == true {
		page.Next = strconv.Itoa(skip + len(items))
	}
	return page, nil
}

func (t *toyConn) readLog(ctx context.Context, c connector.Client, r connector.LogRequest) (connector.LogPage, error) {
	items, v, a, err := t.list(ctx, c, "/log", url.Values{"before": {r.Cursor}})
	if err != nil {
		return connector.LogPage{}, err
	}
	page := connector.LogPage{Raw: a.Body, At: a.At}
	for i, e := range items {
		at, err := time.Parse(time.RFC3339, text(e, "at"))
		if err == nil && at.Before(r.From) {
			return page, nil
		}
		if row, _ := e.(map[string]any); t.is("the log dates by the entry") && row != nil {
			row["at"] = stamp(a.At)
		}
		changes, err := parseToy(asJSON(e))
		if err != nil {
			page.Refused = append(page.Refused, connector.RefusedRow{ID: text(e, "id"), Index: i, Why: fault.Of(err)})
			continue
		}
		if t.is("deletions are not told") && changes[0].Kind == record.Delete || slices.ContainsFunc(page.Changes, func(c record.Change) bool {
			return c.Object == changes[0].Object && c.ID == changes[0].ID
		}) {
			continue
		}
		if t.is("the log tells of parts") {
			delete(changes[0].Fields, "value")
		}
		page.Changes = append(page.Changes, changes...)
	}
	if page.Next, _ = v["next"].(string); t.is("the log has one page") {
		page.Next = ""
	}
	return page, nil
}

func (t *toyConn) create(ctx context.Context, c connector.Client, to string) (connector.Subscribed, error) {
	v, _, err := t.get(ctx, c, http.MethodPost, "/hooks", nil, map[string]string{"url": to}, "id")
	if err != nil {
		return connector.Subscribed{}, err
	}
	s := connector.Subscribed{ID: text(v, "id"), SigningKey: text(v, "key")}
	if s.ID == "" {
		return s, unreadable()
	}
	if t.is("a key that is none") {
		s.SigningKey = "abc"
	}
	return s, nil
}

func (t *toyConn) find(ctx context.Context, c connector.Client, to string) ([]connector.SubscriptionState, error) {
	items, _, _, err := t.list(ctx, c, "/hooks", nil)
	var found []connector.SubscriptionState
	for _, h := range items {
		if text(h, "url") == to || t.is("subscriptions to anywhere are found") {
			found = append(found, t.state(h))
		}
	}
	return found, err
}

func (t *toyConn) state(h any) connector.SubscriptionState {
	m, _ := h.(map[string]any)
	s := connector.SubscriptionState{ID: text(h, "id"), Active: m["paused"] == false}
	if !s.Active {
		s.Problem = "It is paused."
	}
	if t.is("a pause is not noticed") {
		s.Active, s.Problem = true, ""
	}
	return s
}

func (t *toyConn) check(ctx context.Context, c connector.Client, id string) (connector.SubscriptionState, error) {
	v, _, err := t.get(ctx, c, http.MethodGet, "/hooks/"+url.PathEscape(id), nil, nil, "id")
	if t.is("what is gone is paused") && fault.Is(err, fault.NotFound) {
		return connector.SubscriptionState{ID: id, Problem: "It is not there."}, nil
	}
	if err != nil {
		return connector.SubscriptionState{}, err
	}
	return t.state(v), nil
}

func (t *toyConn) mend(ctx context.Context, c connector.Client, id, _ string) error {
	if t.is("nothing is mended") {
		_, err := t.check(ctx, c, id)
		return err
	}
	_, _, err := t.get(ctx, c, http.MethodPut, "/hooks/"+url.PathEscape(id), nil, nil, "id")
	return err
}

func (t *toyConn) remove(ctx context.Context, c connector.Client, id string) error {
	_, _, err := t.get(ctx, c, http.MethodDelete, "/hooks/"+url.PathEscape(id), nil, nil, "id")
	return err
}

func parseToy(body []byte) ([]record.Change, error) {
	tree, err := decode(body)
	if err != nil {
		return nil, refuse(quarantine.MalformedBody, "No JSON.")
	}
	top, ok := tree.(map[string]any)
	if !ok {
		return nil, refuse(quarantine.NotAnObject, "No object.")
	}
	object, _ := top["kind"].(string)
	id, _ := top["id"].(string)
	into, _ := top["into"].(string)
	stamp, _ := top["at"].(string)
	row, _ := top["row"].(map[string]any)
	at, err := time.Parse(time.RFC3339, stamp)
	switch {
	case object == "":
		return nil, refuse(quarantine.MissingObjectType, "kind is missing.")
	case id == "":
		return nil, refuse(quarantine.MissingID, "id is missing.")
	case len(object) > record.MaxObjectBytes || len(id) > record.MaxIDBytes:
		return nil, refuse(quarantine.InvalidID, "kind or id is too long.")
	case err != nil || at.Unix() <= 0:
		return nil, refuse(quarantine.MissingVersion, "at is no time.")
	case top["gone"] == true:
		if into == id {
			into = ""
		}
		return []record.Change{{Object: object, ID: id, Kind: record.Delete, Version: record.VersionAt(at, 1), MergedInto: into, Action: "gone"}}, nil
	case len(row) == 0:
		return nil, refuse(quarantine.MissingData, "row is missing.")
	}
	fields, err := record.FieldsOf(row)
	if err != nil {
		return nil, refuse(quarantine.MalformedBody, "row nests too deep.")
	}
	return []record.Change{{Object: object, ID: id, Kind: record.Upsert, Version: record.VersionAt(at, 1), Fields: fields, Action: "set"}}, nil
}

// toyCursor is where a reading stands: at a time, with the ids read there, or at a number of ids or parents.
type toyCursor struct {
	V     int      `json:"v"`
	From  string   `json:"from,omitempty"`
	Until string   `json:"until,omitempty"`
	Seen  []string `json:"seen,omitempty"`
	Skip  int      `json:"skip,omitempty"`
	Left  []string `json:"left,omitempty"`
}

func (t *toyConn) cursor(at toyCursor) string {
	at.V = 1
	text := string(asJSON(at))
	switch {
	case t.is("a cursor that one process knows"):
		handle := "c" + strconv.Itoa(len(t.kept))
		t.kept[handle] = text
		return handle
	case t.is("a cursor without measure"):
		return text + fmt.Sprintf("%*s", connector.MaxCursorBytes, "")
	}
	return text
}

func (t *toyConn) position(text string) (toyCursor, error) {
	var at toyCursor
	if kept := t.kept[text]; kept != "" {
		text = kept
	}
	if text == "" {
		return at, nil
	}
	if err := json.Unmarshal([]byte(text), &at); (err != nil || at.V != 1) && !t.is("any cursor will do") {
		return at, fault.New(fault.Invalid, "invalid_cursor", "That is no cursor.")
	}
	return at, nil
}
