// Package mailchimp is a sketch of a connector to the Mailchimp Marketing API: what of it is unlike all others, to show that
// the contract carries it. It is only compiled into its own test.
//
// A contact exists once in each audience, so that its id is that of the audience and its own. Lists go by offset alone, over
// a set that changes. What limits is how many requests are under way at once. Webhooks are forms, belong to one audience
// each, may be signed or not, and say hardly more than who changed. Merge fields are described by each audience by itself.
package mailchimp

import (
	"context"
	"crypto/md5" // it is how Mailchimp names a contact
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"maps"
	"mime"
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
	audience = "audience"
	member   = "member"
)

// Definition describes Mailchimp.
func Definition() connector.Definition {
	return connector.Definition{
		Name:    "mailchimp",
		Title:   "Mailchimp",
		DocsURL: "https://mailchimp.com/developer/marketing/",
		Webhook: &connector.Webhook{
			Signature: connector.Signature{HashHeader: "X-Mailchimp-Signature", HashPart: "v1", HashEncoding: connector.Hex,
				TimestampHeader: "X-Mailchimp-Signature", TimestampPart: "t", Separator: ".", KeyEncoding: connector.Raw, Optional: true},
			Form: true, Parser: revision, Parse: parse, Touched: touched,
		},
		API: &connector.API{
			// Each account lives in a data centre: https://us12.api.mailchimp.com.
			Hosts: []string{".api.mailchimp.com"},
			Logins: []connector.Login{
				{Kind: connector.APIKey, Check: checkKey, Authorize: func(h http.Header, secret string) {
					h.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte("leadline:"+secret)))
				}},
				{Kind: connector.OAuth2, AuthorizeURL: "https://login.mailchimp.com/oauth2/authorize", TokenURL: "https://login.mailchimp.com/oauth2/token"},
			},
			Limits: []connector.Limit{{Concurrency: 10}},
			Judge:  judge,
			Probe:  probe,
		},
		Describe: describe,
		Pull: &connector.Pull{
			Objects: []connector.Object{
				{Name: audience, Title: "Audiences", Small: true, Absent: true, Scopes: []connector.ScopeKind{connector.All, connector.IDs}},
				{Name: member, Title: "Members", Absent: true, Scopes: []connector.ScopeKind{connector.All, connector.ChangedSince, connector.IDs, connector.ChildrenOf}},
			},
			Revision: revision, Page: page, Count: count,
		},
		Subscription: &connector.Subscription{Create: create, Find: find, Check: check, Mend: mend, Delete: remove},
	}
}

func checkKey(secret string) string {
	key, centre, ok := strings.Cut(secret, "-")
	if !ok || len(key) < 16 || len(centre) < 3 || strings.ContainsFunc(secret, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return "A key of Mailchimp ends in a dash and the data centre, such as -us12."
	}
	return ""
}

// judge: where there are too many at once, the refusal may be a 403 without a word.
func judge(a connector.Answer) connector.Verdict {
	v := connector.StandardJudge(a)
	if v.Outcome == connector.OK {
		return v
	}
	kind, _, _ := mime.ParseMediaType(a.Header.Get("Content-Type"))
	v.Code, v.Message = connector.ErrorText(a.Body, "title"), connector.ErrorText(a.Body, "detail")
	if a.Status == http.StatusForbidden && !strings.HasSuffix(kind, "json") && !json.Valid(a.Body) {
		v.Outcome = connector.Throttled
	}
	return v
}

func unreadable(what string) error {
	return fault.New(fault.Unavailable, "unreadable_answer", "There is not in Mailchimp's answer what should be: %s.", what)
}

func ask(ctx context.Context, c connector.Client, method, path string, q url.Values, body, v any) (connector.Answer, error) {
	a, err := c.Do(ctx, connector.Request{Method: method, Path: "/3.0" + path, Query: q, Body: body})
	if err != nil || v == nil {
		return a, err
	}
	return a, a.Decode(v)
}

func probe(ctx context.Context, c connector.Client) (connector.Identity, error) {
	var me struct {
		ID    string `json:"account_id"`
		Name  string `json:"account_name"`
		Login string `json:"username"`
		Email string `json:"email"`
		Role  string `json:"role"`
	}
	if _, err := ask(ctx, c, http.MethodGet, "/", nil, nil, &me); err != nil {
		return connector.Identity{}, err
	}
	if me.ID == "" || me.Role == "" {
		return connector.Identity{}, unreadable("the account")
	}
	id := connector.Identity{AccountID: me.ID, AccountName: me.Name, UserName: me.Login, UserEmail: me.Email, Permissions: []string{me.Role}}
	if me.Role == "viewer" {
		id.Missing = []connector.MissingPermission{{Permission: "manager", Needed: "Without it no webhooks can be made: changes are read by polling."}}
	}
	return id, nil
}

// list is an answer with rows.
type list struct {
	Lists   []map[string]any `json:"lists"`
	Members []any            `json:"members"`
	Fields  []map[string]any `json:"merge_fields"`
	Hooks   []hook           `json:"webhooks"`
	Total   *int64           `json:"total_items"`
}

// most is how many rows are asked for; fewer may come.
const most = 1000

func number(n int64) string { return strconv.FormatInt(n, 10) }

// audiences reads the audiences from an offset.
func audiences(ctx context.Context, c connector.Client, offset int64) (list, connector.Answer, error) {
	var l list
	a, err := ask(ctx, c, http.MethodGet, "/lists", url.Values{"count": {number(most)}, "offset": {number(offset)}, "exclude_fields": {"lists._links"}}, nil, &l)
	if err == nil && (l.Lists == nil || l.Total == nil) {
		err = unreadable("lists")
	}
	return l, a, err
}

// ids reads the ids of all audiences: few accounts have more than a page.
func ids(ctx context.Context, c connector.Client) ([]string, connector.Answer, error) {
	var all []string
	for {
		l, a, err := audiences(ctx, c, int64(len(all)))
		if err != nil {
			return nil, a, err
		}
		for _, one := range l.Lists {
			id, _ := one["id"].(string)
			if id == "" {
				return nil, a, unreadable("the id of a list")
			}
			all = append(all, id)
		}
		if len(l.Lists) == 0 || int64(len(all)) >= *l.Total {
			return all, a, nil
		}
	}
}

// described is how far the description is: merge fields known so far, audiences still to be asked for.
type described struct {
	V    int                    `json:"v"`
	Left []string               `json:"left,omitempty"`
	Was  map[string]schema.Type `json:"was,omitempty"`
}

// describe asks each audience for its merge fields. What two audiences give different types is text.
func describe(ctx context.Context, c connector.Client, cursor string) (connector.Description, error) {
	var at described
	if cursor == "" {
		all, _, err := ids(ctx, c)
		if err != nil {
			return connector.Description{}, err
		}
		at.Left = all
		next, _ := json.Marshal(described{V: 1, Left: at.Left}) // texts
		return connector.Description{Objects: []connector.DescribedObject{{Name: audience, Title: "Audiences",
			Fields: []schema.Field{{Name: "name", Type: schema.Text, Title: "Name"}}}}, Next: string(next)}, nil
	}
	if err := json.Unmarshal([]byte(cursor), &at); err != nil || at.V != 1 {
		return connector.Description{}, invalidCursor()
	}
	if at.Was == nil {
		at.Was = map[string]schema.Type{}
	}
	if len(at.Left) > 0 {
		var l list
		_, err := ask(ctx, c, http.MethodGet, "/lists/"+url.PathEscape(at.Left[0])+"/merge-fields", url.Values{"count": {number(most)}}, nil, &l)
		if err == nil && l.Fields == nil {
			err = unreadable("merge fields")
		}
		if err != nil && !fault.Is(err, fault.NotFound) {
			return connector.Description{}, err
		}
		for _, f := range l.Fields {
			tag, _ := f["tag"].(string)
			kind, _ := f["type"].(string)
			typ := map[string]schema.Type{"number": schema.Number, "date": schema.Date, "address": schema.JSON}[kind]
			if typ == "" || at.Was[tag] != "" && at.Was[tag] != typ {
				typ = schema.Text
			}
			at.Was[tag] = typ
		}
		at.Left = at.Left[1:]
	}
	if len(at.Left) > 0 {
		next, _ := json.Marshal(at) // texts
		return connector.Description{Next: string(next)}, nil
	}
	o := connector.DescribedObject{Name: member, Title: "Members", Fields: []schema.Field{
		{Name: "list_id", Type: schema.Reference, Title: "Audience", Refers: audience}, {Name: "last_changed", Type: schema.DateTime, Title: "Last changed"}}}
	for _, tag := range slices.Sorted(maps.Keys(at.Was)) {
		if name := mergeField + tag; schema.CheckName(name) == nil {
			o.Fields = append(o.Fields, schema.Field{Name: name, Type: at.Was[tag], Title: tag})
		}
	}
	return connector.Description{Objects: []connector.DescribedObject{o}}, nil
}

const mergeField = "merge_fields."

func invalidCursor() error {
	return fault.New(fault.Invalid, "invalid_cursor", "That is no cursor of Mailchimp.")
}

// hash is how Mailchimp names a contact within an audience.
func hash(email string) string {
	sum := md5.Sum([]byte(strings.ToLower(email)))
	return hex.EncodeToString(sum[:])
}

// cursor is where a reading of members stands: in a window of time of one audience.
//
// A set that changes cannot be paged by offset: what changes leaves its place, and all behind it moves up into what was read.
// So a window ends before now: nothing comes into it any more, things only leave. It is read from its end to its beginning,
// so that what moves up moves to where it is still to be read. What left it is in the next window, until one fits a page.
type cursor struct {
	V    int      `json:"v"`
	Left []string `json:"left"`
	// Since and Until are the window's bounds, zero for open; End is the offset behind what is still to be read of it, and Rows
	// how many come with a page.
	Since time.Time `json:"since,omitzero"`
	Until time.Time `json:"until,omitzero"`
	End   int64     `json:"end,omitempty"`
	Rows  int64     `json:"rows,omitempty"`
	// Offset is that of a short list, or of ids.
	Offset int64 `json:"offset,omitempty"`
}

func (c cursor) String() string {
	c.V = 1
	text, _ := json.Marshal(c) // texts, numbers and times
	return string(text)
}

func page(ctx context.Context, c connector.Client, r connector.PageRequest) (connector.Page, error) {
	objects := Definition().Pull.Objects
	i := slices.IndexFunc(objects, func(o connector.Object) bool { return o.Name == r.Object })
	if i < 0 || !objects[i].Serves(r.Scope.Kind) {
		return connector.Page{}, fault.New(fault.Invalid, "scope_not_served", "Mailchimp does not give %q by the scope %q.", r.Object, r.Scope.Kind)
	}
	var at cursor
	if r.Cursor != "" {
		if err := json.Unmarshal([]byte(r.Cursor), &at); err != nil || at.V != 1 {
			return connector.Page{}, invalidCursor()
		}
	}
	switch {
	case r.Scope.Kind == connector.IDs:
		return byID(ctx, c, r, at)
	case r.Object == audience:
		return readAudiences(ctx, c, at)
	}
	if r.Cursor == "" {
		at.Left = r.Scope.IDs
		if r.Scope.Kind != connector.ChildrenOf {
			all, a, err := ids(ctx, c)
			if err != nil {
				return connector.Page{}, err
			}
			at.Left = all
			if len(all) == 0 {
				return connector.Page{At: a.At, Raw: a.Body}, nil
			}
		}
	}
	if len(at.Left) == 0 {
		return connector.Page{At: r.Now}, nil
	}
	return readWindow(ctx, c, r, at)
}

func readAudiences(ctx context.Context, c connector.Client, at cursor) (connector.Page, error) {
	l, a, err := audiences(ctx, c, at.Offset)
	if err != nil {
		return connector.Page{}, err
	}
	p := connector.Page{Raw: a.Body, At: a.At, Total: l.Total}
	for i, one := range l.Lists {
		add(&p, audience, i, one)
	}
	if next := at.Offset + int64(len(l.Lists)); len(l.Lists) > 0 && next < *l.Total {
		p.Next = cursor{Offset: next}.String()
	}
	return p, nil
}

// readWindow reads the next page of the first audience that is left.
func readWindow(ctx context.Context, c connector.Client, r connector.PageRequest, at cursor) (connector.Page, error) {
	since := at.Since
	if since.IsZero() && r.Scope.Kind == connector.ChangedSince {
		since = r.Scope.From
	}
	q := url.Values{"count": {number(most)}, "offset": {"0"}, "sort_field": {"last_changed"}, "sort_dir": {"ASC"}, "exclude_fields": {"members._links"}}
	if !since.IsZero() { // a second earlier: whether the bound is in it is not documented
		q.Set("since_last_changed", since.Add(-time.Second).UTC().Format(time.RFC3339))
	}
	until := at.Until
	if until.IsZero() {
		until = r.Scope.Until
	}
	if !until.IsZero() {
		q.Set("before_last_changed", until.Add(time.Second).UTC().Format(time.RFC3339))
	}
	offset := int64(0)
	if !at.Until.IsZero() {
		offset = max(0, at.End-at.Rows)
		q.Set("offset", number(offset))
		q.Set("count", number(at.End-offset))
	}
	var l list
	a, err := ask(ctx, c, http.MethodGet, "/lists/"+url.PathEscape(at.Left[0])+"/members", q, nil, &l)
	if fault.Is(err, fault.NotFound) { // the audience is gone, and its members with it
		return connector.Page{At: r.Now, Next: at.nextAudience()}, nil
	}
	if err == nil && (l.Members == nil || l.Total == nil || len(l.Members) == 0 && *l.Total > offset) {
		err = unreadable("members")
	}
	if err != nil {
		return connector.Page{}, err
	}
	p := connector.Page{Raw: a.Body, At: a.At}
	for i, row := range l.Members {
		add(&p, member, i, row)
	}
	p.Changes = slices.DeleteFunc(p.Changes, func(c record.Change) bool {
		t := c.Version.Time()
		return r.Scope.Kind == connector.ChangedSince && (t.Before(r.Scope.From) || !r.Scope.Until.IsZero() && !t.Before(r.Scope.Until))
	})
	switch n := int64(len(l.Members)); {
	case at.Until.IsZero() && n >= *l.Total:
		p.Next = at.nextAudience()
	case at.Until.IsZero(): // all that has changed up to now, from its end on
		now := a.At.Add(-2 * time.Second).Truncate(time.Second)
		if !until.IsZero() && until.Before(now) {
			now = until
		}
		p.Next = cursor{Left: at.Left, Since: since, Until: now, End: *l.Total, Rows: n}.String()
	case offset > 0:
		at.End = offset
		p.Next = at.String()
	case !r.Scope.Until.IsZero() && !at.Until.Before(r.Scope.Until):
		p.Next = at.nextAudience()
	default: // what has left the window since, and what is new
		p.Next = cursor{Left: at.Left, Since: at.Until.Add(-time.Second)}.String()
	}
	return p, nil
}

func (c cursor) nextAudience() string {
	if len(c.Left) < 2 {
		return ""
	}
	return cursor{Left: c.Left[1:]}.String()
}

// singles is how many members are asked for one by one within a page.
const singles = 5

func byID(ctx context.Context, c connector.Client, r connector.PageRequest, at cursor) (connector.Page, error) {
	left := r.Scope.IDs[min(int(max(at.Offset, 0)), len(r.Scope.IDs)):]
	n := min(singles, len(left))
	p := connector.Page{At: r.Now, Raw: []byte("[")}
	for i, id := range left[:n] {
		path := "/lists/" + url.PathEscape(id)
		if r.Object == member {
			of, hash, ok := strings.Cut(id, "/")
			if !ok || of == "" || hash == "" {
				p.Missing = append(p.Missing, id)
				continue
			}
			path = "/lists/" + url.PathEscape(of) + "/members/" + url.PathEscape(hash)
		}
		var row map[string]any
		a, err := ask(ctx, c, http.MethodGet, path, url.Values{"exclude_fields": {"_links"}}, nil, &row)
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
		if row["status"] == "archived" { // that is how members are deleted
			p.Missing = append(p.Missing, id)
			continue
		}
		p.At = a.At
		if len(p.Raw) > 1 {
			p.Raw = append(p.Raw, ',')
		}
		p.Raw = append(p.Raw, a.Body...)
		add(&p, r.Object, i, row)
	}
	p.Raw = append(p.Raw, ']')
	if n < len(left) {
		p.Next = cursor{Offset: at.Offset + int64(n)}.String()
	}
	return p, nil
}

// add takes a row into a page. The id of a member is that of its audience and its own; merge fields stand beside the others.
func add(p *connector.Page, object string, index int, value any) {
	refuse := func(id string, reason quarantine.Reason, message string) {
		p.Refused = append(p.Refused, connector.RefusedRow{ID: id, Index: index, Why: fault.New(fault.Invalid, string(reason), "%s", message)})
	}
	row, ok := value.(map[string]any)
	if !ok {
		refuse("", quarantine.NotAnObject, "The row is no object.")
		return
	}
	id, _ := row["id"].(string)
	at := p.At.Truncate(time.Microsecond)
	if object == member {
		of, _ := row["list_id"].(string)
		if of == "" {
			id = ""
		}
		id = of + "/" + id
		text, _ := row["last_changed"].(string)
		var err error
		if at, err = time.Parse(time.RFC3339, text); err != nil || at.Unix() <= 0 {
			refuse(id, quarantine.MissingVersion, "last_changed is no time since 1970.")
			return
		}
	}
	if strings.HasPrefix(id, "/") || strings.HasSuffix(id, "/") || id == "" || len(id) > record.MaxIDBytes {
		refuse("", quarantine.MissingID, "id or list_id is missing, or too long.")
		return
	}
	if merges, ok := row["merge_fields"].(map[string]any); ok {
		for tag, v := range merges {
			row[mergeField+tag] = v
		}
		delete(row, "merge_fields")
	}
	fields, err := record.FieldsOf(row)
	if err != nil {
		refuse(id, quarantine.MalformedBody, "The row nests too deep.")
		return
	}
	p.Changes = append(p.Changes, record.Change{Object: object, ID: id, Kind: record.Upsert, Version: record.VersionAt(at, revision), Fields: fields})
}

// count asks each audience how many members it has, where there are few.
func count(ctx context.Context, c connector.Client, r connector.PageRequest) (connector.Count, error) {
	if r.Scope.Kind != connector.All {
		return connector.Count{Source: "Mailchimp is not asked for the number of some."}, nil
	}
	all, _, err := ids(ctx, c)
	if err != nil {
		return connector.Count{}, err
	}
	if r.Object == audience {
		return connector.Count{N: int64(len(all)), Known: true, Source: "rows of GET /lists"}, nil
	}
	if len(all) > singles {
		return connector.Count{Source: "There are too many audiences to ask each."}, nil
	}
	n := connector.Count{Known: true, Source: "sum of total_items of GET /lists/{id}/members"}
	for _, id := range all {
		var l list
		if _, err := ask(ctx, c, http.MethodGet, "/lists/"+url.PathEscape(id)+"/members", url.Values{"count": {"1"}, "fields": {"total_items"}}, nil, &l); err != nil {
			return n, err
		}
		if l.Total == nil {
			return n, unreadable("total_items")
		}
		n.N += *l.Total
	}
	return n, nil
}
