// Package sendgrid is a sketch of a connector to Twilio SendGrid: what of it is unlike all others, to show that the contract
// carries it. It is only compiled into its own test.
//
// There is no list of contacts and no "since": all is exported by a job whose files lie at addresses of another host, which
// hold their own credentials, and what changed is found by its updated_at. What a key may do are scopes. Events are signed
// with the provider's private key, many in a body, and come more than once.
package sendgrid

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"leadline/shared/connector"
	"leadline/shared/fault"
	"leadline/shared/quarantine"
	"leadline/shared/record"
	"leadline/shared/schema"
)

const (
	revision = 1
	contact  = "contact"
	list     = "list"
	// event is the object of webhooks: what became of an e-mail. Nothing reads it.
	event = "event"
)

// Definition describes SendGrid.
func Definition() connector.Definition {
	all := []connector.ScopeKind{connector.All, connector.ChangedSince, connector.CreatedBetween, connector.IDs}
	return connector.Definition{
		Name:    "sendgrid",
		Title:   "SendGrid",
		DocsURL: "https://www.twilio.com/docs/sendgrid/api-reference",
		Webhook: &connector.Webhook{
			Signature: connector.Signature{Scheme: connector.ECDSA, HashHeader: "X-Twilio-Email-Event-Webhook-Signature", HashEncoding: connector.Base64,
				TimestampHeader: "X-Twilio-Email-Event-Webhook-Timestamp", KeyEncoding: connector.Base64},
			Parser: revision, Parse: parse,
		},
		API: &connector.API{
			BaseURL:   "https://api.sendgrid.com",
			Hosts:     []string{"api.sendgrid.com", "api.eu.sendgrid.com"},
			Downloads: []string{".amazonaws.com"},
			Logins:    []connector.Login{{Kind: connector.APIKey, Check: checkKey}},
			Limits:    []connector.Limit{{Requests: 10, Window: time.Second}},
			Group:     group,
			Judge: func(a connector.Answer) connector.Verdict {
				v := connector.StandardJudge(a)
				if v.Outcome != connector.OK {
					v.Code, v.Message = connector.ErrorText(a.Body, "errors.0.error_id"), connector.ErrorText(a.Body, "errors.0.message")
				}
				return v
			},
			Seen:  seen,
			Probe: probe,
		},
		Describe: describe,
		Pull: &connector.Pull{
			Objects: []connector.Object{
				{Name: list, Title: "Lists", Small: true, Absent: true, Scopes: []connector.ScopeKind{connector.All, connector.IDs}},
				{Name: contact, Title: "Contacts", Absent: true, Scopes: all},
			},
			Revision: revision, Page: page, Count: count,
		},
		Subscription: &connector.Subscription{Create: create, Find: find, Check: check, Mend: mend, Delete: remove},
	}
}

func checkKey(secret string) string {
	if !strings.HasPrefix(secret, "SG.") || len(secret) < 20 || strings.ContainsFunc(secret, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return "A key of SendGrid begins with SG. and has no blanks."
	}
	return ""
}

// group is the family of a path: limits are told for each.
func group(method, path string) string {
	parts := strings.SplitN(strings.Trim(path, "/"), "/", 4)
	return method + " " + strings.Join(parts[:min(3, len(parts))], "/")
}

// seen: the reset is a time, which the answer's own date makes a duration.
func seen(h http.Header) connector.Quota {
	whole := func(name string) int64 {
		n, err := strconv.ParseInt(h.Get(name), 10, 64)
		if err != nil || n < 0 {
			return -1
		}
		return n
	}
	q := connector.Quota{Limit: whole("X-RateLimit-Limit"), Remaining: whole("X-RateLimit-Remaining")}
	at, err := http.ParseTime(h.Get("Date"))
	if reset := whole("X-RateLimit-Reset"); err == nil && reset > 0 && reset < 1<<40 {
		q.Reset = min(max(time.Unix(reset, 0).Sub(at), 0), time.Hour)
	}
	return q
}

func unreadable(what string) error {
	return fault.New(fault.Unavailable, "unreadable_answer", "There is not in SendGrid's answer what should be: %s.", what)
}

func ask(ctx context.Context, c connector.Client, method, path string, q url.Values, body, v any) (connector.Answer, error) {
	a, err := c.Do(ctx, connector.Request{Method: method, Path: path, Query: q, Body: body})
	if err != nil || v == nil {
		return a, err
	}
	return a, a.Decode(v)
}

// needs are the scopes without which something does not work.
func needs() []connector.MissingPermission {
	return []connector.MissingPermission{
		{Permission: "marketing.read", Needed: "Without it neither contacts nor lists are read."},
		{Permission: "user.webhooks.event.settings.update", Needed: "Without it events of e-mails are not sent."},
	}
}

func probe(ctx context.Context, c connector.Client) (connector.Identity, error) {
	var who struct {
		Name string      `json:"username"`
		ID   json.Number `json:"user_id"`
	}
	if _, err := ask(ctx, c, http.MethodGet, "/v3/user/username", nil, nil, &who); err != nil {
		return connector.Identity{}, err
	}
	var may struct {
		Scopes []string `json:"scopes"`
	}
	if _, err := ask(ctx, c, http.MethodGet, "/v3/scopes", nil, nil, &may); err != nil {
		return connector.Identity{}, err
	}
	if who.ID == "" || may.Scopes == nil {
		return connector.Identity{}, unreadable("the account or its scopes")
	}
	slices.Sort(may.Scopes)
	id := connector.Identity{AccountID: who.ID.String(), AccountName: who.Name, Permissions: slices.Compact(may.Scopes)}
	for _, need := range needs() {
		if !slices.Contains(id.Permissions, need.Permission) {
			id.Missing = append(id.Missing, need)
		}
	}
	return id, nil
}

const customField = "custom_fields."

func describe(ctx context.Context, c connector.Client, _ string) (connector.Description, error) {
	type field struct {
		Name string `json:"name"`
		Type string `json:"field_type"`
	}
	var all struct {
		Custom   []field `json:"custom_fields"`
		Reserved []field `json:"reserved_fields"`
	}
	if _, err := ask(ctx, c, http.MethodGet, "/v3/marketing/field_definitions", nil, nil, &all); err != nil {
		return connector.Description{}, err
	}
	if all.Custom == nil || all.Reserved == nil {
		return connector.Description{}, unreadable("fields")
	}
	types := map[string]schema.Type{"Number": schema.Number, "Date": schema.DateTime}
	o := connector.DescribedObject{Name: contact, Title: "Contacts"}
	for i, f := range slices.Concat(all.Reserved, all.Custom) {
		described := schema.Field{Name: f.Name, Title: f.Name, Type: schema.Text}
		if typ := types[f.Type]; typ != "" {
			described.Type = typ
		}
		if i >= len(all.Reserved) {
			described.Name = customField + f.Name
		}
		if schema.CheckName(described.Name) == nil {
			o.Fields = append(o.Fields, described)
		}
	}
	return connector.Description{Objects: []connector.DescribedObject{o}}, nil
}

// cursor is where a reading stands: with the export job, and the number of its files and of their rows that were read.
type cursor struct {
	V     int    `json:"v"`
	Job   string `json:"job,omitempty"`
	Files int    `json:"files,omitempty"`
	Rows  int64  `json:"rows,omitempty"`
	// Token is that of a list of lists, IDs how many ids were asked for.
	Token string `json:"token,omitempty"`
	IDs   int    `json:"ids,omitempty"`
}

func (c cursor) String() string {
	c.V = 1
	text, _ := json.Marshal(c) // texts and numbers
	return string(text)
}

// poll is how long an export is left alone.
const poll = 30 * time.Second

func page(ctx context.Context, c connector.Client, r connector.PageRequest) (connector.Page, error) {
	objects := Definition().Pull.Objects
	i := slices.IndexFunc(objects, func(o connector.Object) bool { return o.Name == r.Object })
	if i < 0 || !objects[i].Serves(r.Scope.Kind) {
		return connector.Page{}, fault.New(fault.Invalid, "scope_not_served", "SendGrid does not give %q by the scope %q.", r.Object, r.Scope.Kind)
	}
	var at cursor
	if r.Cursor != "" {
		if err := json.Unmarshal([]byte(r.Cursor), &at); err != nil || at.V != 1 {
			return connector.Page{}, fault.New(fault.Invalid, "invalid_cursor", "That is no cursor of SendGrid.")
		}
	}
	switch {
	case r.Object == list && r.Scope.Kind == connector.IDs:
		return listsByID(ctx, c, r, at)
	case r.Object == list:
		return lists(ctx, c, at)
	case r.Scope.Kind == connector.IDs:
		return contactsByID(ctx, c, r)
	case at.Job == "":
		return export(ctx, c, r)
	}
	return readExport(ctx, c, r, at)
}

func export(ctx context.Context, c connector.Client, r connector.PageRequest) (connector.Page, error) {
	var made struct {
		ID string `json:"id"`
	}
	// Files are kept small, so that one is one page.
	a, err := ask(ctx, c, http.MethodPost, "/v3/marketing/contacts/exports", nil, map[string]any{"file_type": "json", "max_file_size": 8,
		"notifications": map[string]bool{"email": false}}, &made)
	if err == nil && made.ID == "" {
		err = unreadable("the id of an export")
	}
	if err != nil {
		return connector.Page{}, err
	}
	return connector.Page{Raw: a.Body, At: a.At, Next: cursor{Job: made.ID}.String(), NotBefore: r.Now.Add(poll)}, nil
}

// readExport reads the next file of an export. One that has expired, or failed, is made anew.
func readExport(ctx context.Context, c connector.Client, r connector.PageRequest, at cursor) (connector.Page, error) {
	var job struct {
		Status  string    `json:"status"`
		URLs    []string  `json:"urls"`
		Expires time.Time `json:"expires_at"`
		Count   *int64    `json:"contact_count"`
	}
	anew := connector.Page{At: r.Now, Next: cursor{}.String(), NotBefore: r.Now.Add(poll)}
	a, err := ask(ctx, c, http.MethodGet, "/v3/marketing/contacts/exports/"+url.PathEscape(at.Job), nil, nil, &job)
	switch {
	case fault.Is(err, fault.NotFound):
		return anew, nil
	case err != nil:
		return connector.Page{}, err
	case job.Status == "failure", job.Status == "ready" && !job.Expires.IsZero() && a.At.After(job.Expires):
		return anew, nil
	case job.Status == "pending":
		return connector.Page{Raw: a.Body, At: a.At, Next: at.String(), NotBefore: r.Now.Add(poll)}, nil
	case job.Status != "ready" || job.Count == nil || *job.Count > 0 && len(job.URLs) == 0:
		return connector.Page{}, unreadable("the state of an export")
	case at.Files >= len(job.URLs):
		return connector.Page{Raw: a.Body, At: a.At}, nil
	}
	file, err := c.Do(ctx, connector.Request{Method: http.MethodGet, URL: job.URLs[at.Files]})
	if err != nil {
		return connector.Page{}, err
	}
	p := connector.Page{Raw: file.Body, At: file.At}
	if at.Files == 0 && r.Scope.Kind == connector.All {
		p.Total = job.Count
	}
	rows := int64(0)
	for line := range bytes.Lines(file.Body) {
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		var row any
		if (connector.Answer{Body: line}).Decode(&row) != nil || !json.Valid(line) {
			return p, unreadable("a line of a file")
		}
		add(&p, contact, int(rows), row, r.Scope)
		rows++
	}
	at.Files, at.Rows = at.Files+1, at.Rows+rows
	switch {
	case at.Files < len(job.URLs):
		p.Next = at.String()
	case at.Rows != *job.Count: // a file came in part
		p.Next, p.NotBefore = anew.Next, anew.NotBefore
	}
	return p, nil
}

// add takes a row into a page, if it is in the scope. What exports and answers call differently is called as in answers.
func add(p *connector.Page, object string, index int, value any, scope connector.Scope) {
	refuse := func(id string, reason quarantine.Reason, message string) {
		p.Refused = append(p.Refused, connector.RefusedRow{ID: id, Index: index, Why: fault.New(fault.Invalid, string(reason), "%s", message)})
	}
	row, ok := value.(map[string]any)
	if !ok {
		refuse("", quarantine.NotAnObject, "The row is no object.")
		return
	}
	if id, there := row["contact_id"]; there {
		row["id"] = id
		delete(row, "contact_id")
	}
	delete(row, "_metadata")
	id, _ := row["id"].(string)
	if id == "" || len(id) > record.MaxIDBytes {
		refuse("", quarantine.MissingID, "id is missing, or too long.")
		return
	}
	version := p.At.Truncate(time.Microsecond)
	if object == contact {
		text, _ := row["updated_at"].(string)
		at, err := time.Parse(time.RFC3339, text)
		if err != nil || at.Unix() <= 0 {
			refuse(id, quarantine.MissingVersion, "updated_at is no time since 1970.")
			return
		}
		version = at
		if scope.Kind == connector.CreatedBetween {
			text, _ = row["created_at"].(string)
			at, _ = time.Parse(time.RFC3339, text)
		}
		if (scope.Kind == connector.ChangedSince || scope.Kind == connector.CreatedBetween) && (at.Before(scope.From) || !scope.Until.IsZero() && !at.Before(scope.Until)) {
			return
		}
	}
	if custom, ok := row["custom_fields"].(map[string]any); ok {
		for name, v := range custom {
			row[customField+name] = v
		}
		delete(row, "custom_fields")
	}
	fields, err := record.FieldsOf(row)
	if err != nil {
		refuse(id, quarantine.MalformedBody, "The row nests too deep.")
		return
	}
	p.Changes = append(p.Changes, record.Change{Object: object, ID: id, Kind: record.Upsert, Version: record.VersionAt(version, revision), Fields: fields})
}

func contactsByID(ctx context.Context, c connector.Client, r connector.PageRequest) (connector.Page, error) {
	var found struct {
		Result []any `json:"result"`
	}
	if len(r.Scope.IDs) == 0 || len(r.Scope.IDs) > connector.MaxIDs {
		return connector.Page{At: r.Now}, nil
	}
	a, err := ask(ctx, c, http.MethodPost, "/v3/marketing/contacts/batch", nil, map[string]any{"ids": r.Scope.IDs}, &found)
	if err == nil && found.Result == nil {
		err = unreadable("a result")
	}
	if err != nil {
		return connector.Page{}, err
	}
	p := connector.Page{Raw: a.Body, At: a.At}
	there := map[string]bool{}
	for i, row := range found.Result {
		if m, ok := row.(map[string]any); ok {
			id, _ := m["id"].(string)
			there[id] = true
		}
		add(&p, contact, i, row, r.Scope)
	}
	for _, id := range r.Scope.IDs {
		if !there[id] && len(p.Refused) == 0 {
			p.Missing = append(p.Missing, id)
		}
	}
	return p, nil
}

func lists(ctx context.Context, c connector.Client, at cursor) (connector.Page, error) {
	var found struct {
		Result   []any `json:"result"`
		Metadata struct {
			Next string `json:"next"`
		} `json:"_metadata"`
	}
	q := url.Values{"page_size": {"1000"}}
	if at.Token != "" {
		q.Set("page_token", at.Token)
	}
	a, err := ask(ctx, c, http.MethodGet, "/v3/marketing/lists", q, nil, &found)
	if err == nil && found.Result == nil {
		err = unreadable("lists")
	}
	if err != nil {
		return connector.Page{}, err
	}
	p := connector.Page{Raw: a.Body, At: a.At}
	for i, row := range found.Result {
		add(&p, list, i, row, connector.Scope{})
	}
	if next, err := url.Parse(found.Metadata.Next); err == nil && next.Query().Get("page_token") != "" { // of the address the token alone is used
		p.Next = cursor{Token: next.Query().Get("page_token")}.String()
	}
	return p, nil
}

func listsByID(ctx context.Context, c connector.Client, r connector.PageRequest, at cursor) (connector.Page, error) {
	left := r.Scope.IDs[min(max(at.IDs, 0), len(r.Scope.IDs)):]
	n := min(5, len(left))
	p := connector.Page{At: r.Now, Raw: []byte("[")}
	for i, id := range left[:n] {
		var row map[string]any
		a, err := ask(ctx, c, http.MethodGet, "/v3/marketing/lists/"+url.PathEscape(id), nil, nil, &row)
		if fault.Is(err, fault.NotFound) {
			p.Missing = append(p.Missing, id)
			continue
		}
		if err == nil && row["id"] == nil {
			err = unreadable("an id")
		}
		if err != nil {
			return connector.Page{}, err
		}
		if p.At = a.At; len(p.Raw) > 1 {
			p.Raw = append(p.Raw, ',')
		}
		p.Raw = append(p.Raw, a.Body...)
		add(&p, list, i, row, connector.Scope{})
	}
	p.Raw = append(p.Raw, ']')
	if n < len(left) {
		p.Next = cursor{IDs: at.IDs + n}.String()
	}
	return p, nil
}

func count(ctx context.Context, c connector.Client, r connector.PageRequest) (connector.Count, error) {
	if r.Object != contact || r.Scope.Kind != connector.All {
		return connector.Count{Source: "SendGrid counts all contacts, and nothing else."}, nil
	}
	var n struct {
		Count *int64 `json:"contact_count"`
	}
	_, err := ask(ctx, c, http.MethodGet, "/v3/marketing/contacts/count", nil, nil, &n)
	if err == nil && n.Count == nil {
		err = unreadable("contact_count")
	}
	if err != nil {
		return connector.Count{}, err
	}
	return connector.Count{N: *n.Count, Known: true, Source: "contact_count of GET /v3/marketing/contacts/count"}, nil
}
