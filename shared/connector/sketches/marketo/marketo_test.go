// Package marketo is a sketch of a connector to Adobe Marketo Engage: what of it is unlike all others, to show that the
// contract carries it. It is only compiled into its own test.
//
// Errors come inside answers of status 200. Leads are read by export jobs: created, put into the queue, waited for, read by
// ranges of a file. What changed is told by a feed of changed fields, so that the records themselves are read again. The
// quota is shared with all who use the instance.
package marketo

import (
	"bytes"
	"cmp"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"math"
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

const revision = 1

// Definition describes Marketo.
func Definition() connector.Definition {
	return connector.Definition{
		Name:    "marketo",
		Title:   "Marketo",
		DocsURL: "https://experienceleague.adobe.com/docs/marketo-developer/",
		API: &connector.API{
			// Each instance has its own address, https://<munchkin id>.mktorest.com.
			Hosts:  []string{".mktorest.com"},
			Logins: []connector.Login{{Kind: connector.ClientCredentials, TokenURL: "/identity/oauth/token"}},
			Limits: []connector.Limit{{Requests: 100, Window: 20 * time.Second, Concurrency: 10, Daily: 50_000, Shared: true}},
			Judge:  judge,
			Probe:  probe,
		},
		Describe: describe,
		Pull: &connector.Pull{
			Objects: []connector.Object{{Name: "lead", Title: "Leads", Absent: true, Scopes: []connector.ScopeKind{connector.All,
				connector.ChangedSince, connector.CreatedBetween, connector.IDs}}},
			Revision: revision,
			Page:     page,
		},
		Log: &connector.Log{Keeps: 90 * 24 * time.Hour, Overlap: 5 * time.Minute, Read: readLog},
	}
}

// envelope is what every answer but a file is in.
type envelope struct {
	Success *bool             `json:"success"`
	Result  []json.RawMessage `json:"result"`
	Errors  []struct {
		Code    string `json:"code"`
		Message string `json:"message"`
	} `json:"errors"`
	Token string `json:"nextPageToken"`
	More  bool   `json:"moreResult"`
}

// judge reads the errors that come with status 200.
func judge(a connector.Answer) connector.Verdict {
	v := connector.StandardJudge(a)
	var e envelope
	if v.Outcome != connector.OK || strings.HasPrefix(a.Header.Get("Content-Type"), "text/csv") || json.Unmarshal(a.Body, &e) != nil ||
		e.Success == nil || *e.Success {
		return v
	}
	v.Outcome = connector.Permanent
	if len(e.Errors) == 0 {
		return v
	}
	v.Code, v.Message = e.Errors[0].Code, connector.ErrorText(a.Body, "errors.0.message")
	switch v.Code {
	case "601", "602":
		v.Outcome = connector.Expired
	case "603":
		v.Outcome = connector.Denied
	case "610":
		v.Outcome = connector.Missing
	case "606":
		v.Outcome, v.Wait = connector.Throttled, 20*time.Second
	case "615":
		v.Outcome, v.Wait = connector.Throttled, time.Second
	case "607", "1029": // until midnight in Chicago, winter or summer
		central := a.At.In(time.FixedZone("CST", -6*3600))
		v.Outcome = connector.DayQuota
		v.Wait = time.Date(central.Year(), central.Month(), central.Day()+1, 0, 0, 0, 0, central.Location()).Sub(a.At)
	case "502", "604", "608", "611", "614", "713", "719":
		v.Outcome = connector.Retry
	}
	return v
}

func unreadable(what string) error {
	return fault.New(fault.Unavailable, "unreadable_answer", "There is not in Marketo's answer what should be: %s.", what)
}

// ask makes a request whose answer is in an envelope.
func ask(ctx context.Context, c connector.Client, r connector.Request) (envelope, connector.Answer, error) {
	var e envelope
	a, err := c.Do(ctx, r)
	if err != nil {
		return e, a, err
	}
	if err := a.Decode(&e); err != nil {
		return e, a, err
	}
	if e.Success == nil || !*e.Success {
		return e, a, unreadable("success")
	}
	return e, a, nil
}

func get(ctx context.Context, c connector.Client, path string, q url.Values) (envelope, connector.Answer, error) {
	return ask(ctx, c, connector.Request{Method: http.MethodGet, Path: path, Query: q})
}

// long asks by POST what would be a GET, for lists of fields are longer than a URL may be.
func long(ctx context.Context, c connector.Client, path string, q url.Values) (envelope, connector.Answer, error) {
	return ask(ctx, c, connector.Request{Method: http.MethodPost, Path: path, Query: url.Values{"_method": {"GET"}}, Form: q})
}

// probe: an instance has no name but its address.
func probe(ctx context.Context, c connector.Client) (connector.Identity, error) {
	if _, _, err := get(ctx, c, "/rest/v1/stats/usage.json", nil); err != nil {
		return connector.Identity{}, err
	}
	const permission = "Read-Only Lead"
	_, err := columns(ctx, c)
	switch {
	case fault.Is(err, fault.Forbidden):
		return connector.Identity{Missing: []connector.MissingPermission{{Permission: permission, Needed: "Without it no leads are read."}}}, nil
	case err != nil:
		return connector.Identity{}, err
	}
	return connector.Identity{Permissions: []string{permission}}, nil
}

// column is a field of leads as the instance describes it.
type column struct {
	Title string `json:"displayName"`
	Type  string `json:"dataType"`
	Rest  struct {
		Name string `json:"name"`
	} `json:"rest"`
}

func columns(ctx context.Context, c connector.Client) ([]column, error) {
	e, _, err := get(ctx, c, "/rest/v1/leads/describe.json", nil)
	if err != nil {
		return nil, err
	}
	var all []column
	for _, raw := range e.Result {
		var one column
		if json.Unmarshal(raw, &one) != nil {
			return nil, unreadable("a field")
		}
		if one.Rest.Name != "" {
			all = append(all, one)
		}
	}
	if len(all) == 0 {
		return nil, unreadable("fields")
	}
	return all, nil
}

func names(all []column) []string {
	var some []string
	for _, one := range all {
		some = append(some, one.Rest.Name)
	}
	return some
}

func describe(ctx context.Context, c connector.Client, _ string) (connector.Description, error) {
	all, err := columns(ctx, c)
	if err != nil {
		return connector.Description{}, err
	}
	types := map[string]schema.Type{"integer": schema.Number, "float": schema.Number, "percent": schema.Number, "score": schema.Number,
		"currency": schema.Number, "boolean": schema.Boolean, "date": schema.Date, "datetime": schema.DateTime}
	o := connector.DescribedObject{Name: "lead", Title: "Leads"}
	for _, one := range all {
		if schema.CheckName(one.Rest.Name) == nil {
			o.Fields = append(o.Fields, schema.Field{Name: one.Rest.Name, Title: one.Title, Type: cmp.Or(types[one.Type], schema.Text)})
		}
	}
	return connector.Description{Objects: []connector.DescribedObject{o}}, nil
}

// cursor is where a reading by export jobs stands: in a window of time, with the job that exports it.
type cursor struct {
	V     int       `json:"v"`
	Begin time.Time `json:"begin"`
	End   time.Time `json:"end"`
	// Last is where the last window ends.
	Last   time.Time `json:"last"`
	Job    string    `json:"job,omitempty"`
	Queued bool      `json:"queued,omitempty"`
	// Size of the file, zero until it is there; Offset of the next row in it; Header is how long its first line is; Range how
	// much is asked for at once.
	Size   int64 `json:"size,omitempty"`
	Offset int64 `json:"offset,omitempty"`
	Header int64 `json:"header,omitempty"`
	Range  int64 `json:"range,omitempty"`
	// IDs is how many ids were asked for.
	IDs int `json:"ids,omitempty"`
}

func (c cursor) String() string {
	c.V = 1
	text, _ := json.Marshal(c) // times, texts and numbers
	return string(text)
}

const (
	// span is how long a time an export may cover.
	span = 31 * 24 * time.Hour
	// poll is how often a job may be asked for.
	poll = time.Minute
	// rangeBytes is how much of a file is read at once. It would be some megabytes; here a file is to have several.
	rangeBytes = 700
	// maxRange is how much a row may take.
	maxRange = 1 << 20
)

// founded is a time before there were any leads.
func founded() time.Time { return time.Date(2006, 1, 1, 0, 0, 0, 0, time.UTC) }

func page(ctx context.Context, c connector.Client, r connector.PageRequest) (connector.Page, error) {
	o := Definition().Pull.Objects[0]
	if r.Object != o.Name || !o.Serves(r.Scope.Kind) {
		return connector.Page{}, fault.New(fault.Invalid, "scope_not_served", "Marketo does not give %q by the scope %q.", r.Object, r.Scope.Kind)
	}
	var at cursor
	if r.Cursor != "" {
		if err := json.Unmarshal([]byte(r.Cursor), &at); err != nil || at.V != 1 {
			return connector.Page{}, fault.New(fault.Invalid, "invalid_cursor", "That is no cursor of Marketo.")
		}
	}
	switch {
	case r.Scope.Kind == connector.IDs:
		return byID(ctx, c, r, at)
	case r.Cursor == "":
		return first(ctx, c, r)
	case at.Job == "":
		return create(ctx, c, r, at)
	case !at.Queued:
		return enqueue(ctx, c, r, at)
	case at.Size == 0:
		return wait(ctx, c, r, at)
	}
	return read(ctx, c, at)
}

// first finds the windows of the scope. Where it has no beginning, the leads with the lowest ids say when there were the first.
func first(ctx context.Context, c connector.Client, r connector.PageRequest) (connector.Page, error) {
	at := cursor{Begin: r.Scope.From, Last: r.Scope.Until}
	if at.Last.IsZero() || at.Last.After(r.Now) {
		at.Last = r.Now.Add(time.Second)
	}
	if !at.Begin.IsZero() {
		return create(ctx, c, r, at.window())
	}
	ids := make([]string, 300)
	for i := range ids {
		ids[i] = strconv.Itoa(i + 1)
	}
	e, a, err := long(ctx, c, "/rest/v1/leads.json", url.Values{"filterType": {"id"}, "filterValues": {strings.Join(ids, ",")}, "fields": {"id,createdAt"}})
	if err != nil {
		return connector.Page{}, err
	}
	for _, raw := range e.Result {
		var one struct {
			Created time.Time `json:"createdAt"`
		}
		if json.Unmarshal(raw, &one) == nil && !one.Created.IsZero() && (at.Begin.IsZero() || one.Created.Before(at.Begin)) {
			at.Begin = one.Created
		}
	}
	if at.Begin.IsZero() {
		at.Begin = founded()
	}
	return connector.Page{Raw: a.Body, At: a.At, Next: at.window().String()}, nil
}

// window sets the end of the window that begins at Begin.
func (c cursor) window() cursor {
	c.End = c.Begin.Add(span)
	if c.End.After(c.Last) {
		c.End = c.Last
	}
	return cursor{Begin: c.Begin, End: c.End, Last: c.Last}
}

// following gives what follows the window: the next one, or nothing.
func (c cursor) following() string {
	if !c.End.Before(c.Last) {
		return ""
	}
	c.Begin = c.End
	return c.window().String()
}

type job struct {
	ID     string `json:"exportId"`
	Status string `json:"status"`
	Size   int64  `json:"fileSize"`
	Rows   *int64 `json:"numberOfRecords"`
}

func jobOf(e envelope) (job, error) {
	var j job
	if len(e.Result) != 1 || json.Unmarshal(e.Result[0], &j) != nil || j.ID == "" {
		return j, unreadable("a job")
	}
	return j, nil
}

func jobPath(id, what string) string {
	return "/bulk/v1/leads/export/" + url.PathEscape(id) + "/" + what
}

func create(ctx context.Context, c connector.Client, r connector.PageRequest, at cursor) (connector.Page, error) {
	all, err := columns(ctx, c)
	if err != nil {
		return connector.Page{}, err
	}
	by := "createdAt"
	if r.Scope.Kind == connector.ChangedSince {
		by = "updatedAt"
	}
	// The window ends a second early, for its end is in it.
	until := at.End.Add(-time.Second)
	if until.Before(at.Begin) {
		until = at.Begin
	}
	e, a, err := ask(ctx, c, connector.Request{Method: http.MethodPost, Path: "/bulk/v1/leads/export/create.json", Body: map[string]any{
		"format": "CSV", "fields": names(all), "filter": map[string]any{by: map[string]string{"startAt": at.Begin.UTC().Format(time.RFC3339), "endAt": until.UTC().Format(time.RFC3339)}}}})
	if err != nil {
		return connector.Page{}, err
	}
	j, err := jobOf(e)
	if err != nil {
		return connector.Page{}, err
	}
	at.Job, at.Queued, at.Size, at.Offset = j.ID, false, 0, 0
	return connector.Page{Raw: a.Body, At: a.At, Next: at.String()}, nil
}

func enqueue(ctx context.Context, c connector.Client, r connector.PageRequest, at cursor) (connector.Page, error) {
	_, a, err := ask(ctx, c, connector.Request{Method: http.MethodPost, Path: jobPath(at.Job, "enqueue.json")})
	if lost(err) {
		return again(r, at), nil
	}
	if refusal := connector.Refusal(err); err != nil && (refusal == nil || refusal.Outcome != connector.Permanent) {
		return connector.Page{}, err
	} else if err != nil {
		a.At = r.Now // it is in the queue already: this page was asked for before
	}
	at.Queued = true
	return connector.Page{Raw: a.Body, At: a.At, Next: at.String(), NotBefore: r.Now.Add(poll)}, nil
}

// lost tells whether the job is not there any more.
func lost(err error) bool { return fault.Is(err, fault.NotFound) }

// again begins the window with another job.
func again(r connector.PageRequest, at cursor) connector.Page {
	return connector.Page{At: r.Now, Next: at.window().String(), NotBefore: r.Now.Add(poll)}
}

func wait(ctx context.Context, c connector.Client, r connector.PageRequest, at cursor) (connector.Page, error) {
	e, a, err := get(ctx, c, jobPath(at.Job, "status.json"), nil)
	if lost(err) {
		return again(r, at), nil
	}
	if err != nil {
		return connector.Page{}, err
	}
	j, err := jobOf(e)
	if err != nil {
		return connector.Page{}, err
	}
	p := connector.Page{Raw: a.Body, At: a.At}
	switch {
	case j.Status == "Completed" && j.Rows != nil && *j.Rows == 0:
		p.Next = at.following()
	case j.Status == "Completed" && j.Size > 0:
		at.Size, at.Range = j.Size, rangeBytes
		p.Next = at.String()
	case j.Status == "Queued" || j.Status == "Processing":
		p.Next, p.NotBefore = at.String(), r.Now.Add(poll)
	case j.Status == "Failed" || j.Status == "Cancelled":
		return again(r, at), nil
	default:
		return p, unreadable("the state of a job")
	}
	return p, nil
}

// part reads a range of the file.
func part(ctx context.Context, c connector.Client, at cursor, from, until int64) (connector.Answer, error) {
	until = min(until, at.Size)
	a, err := c.Do(ctx, connector.Request{Method: http.MethodGet, Path: jobPath(at.Job, "file.json"),
		Header: http.Header{"Range": {"bytes=" + strconv.FormatInt(from, 10) + "-" + strconv.FormatInt(until-1, 10)}}})
	if err == nil && int64(len(a.Body)) != until-from {
		return a, unreadable("a part of a file")
	}
	return a, err
}

// read reads the next rows of the file. What they are called is in its first line.
func read(ctx context.Context, c connector.Client, at cursor) (connector.Page, error) {
	var header []string
	if at.Offset > 0 {
		a, err := part(ctx, c, at, 0, at.Header)
		if lost(err) {
			return connector.Page{At: a.At, Next: at.window().String()}, nil
		}
		if err != nil {
			return connector.Page{}, err
		}
		if header, err = csv.NewReader(bytes.NewReader(a.Body)).Read(); err != nil {
			return connector.Page{}, unreadable("the first line of a file")
		}
	}
	a, err := part(ctx, c, at, at.Offset, at.Offset+at.Range)
	if lost(err) {
		return connector.Page{At: a.At, Next: at.window().String()}, nil
	}
	if err != nil {
		return connector.Page{}, err
	}
	all, err := columns(ctx, c)
	if err != nil {
		return connector.Page{}, err
	}
	whole := wholeRows(a.Body)
	p := connector.Page{Raw: a.Body, At: a.At}
	if whole == 0 { // not even one
		if at.Range *= 2; at.Range > maxRange || at.Range > 4*at.Size {
			return p, unreadable("a row of a file")
		}
		p.Next = at.String()
		return p, nil
	}
	rows := csv.NewReader(bytes.NewReader(a.Body[:whole]))
	rows.FieldsPerRecord, rows.LazyQuotes = -1, true
	if at.Offset == 0 {
		if header, err = rows.Read(); err != nil || !slices.Contains(header, "id") {
			return p, unreadable("the first line of a file")
		}
		at.Header = rows.InputOffset()
	}
	for i := 0; ; i++ {
		values, err := rows.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return p, unreadable("a row of a file")
		}
		add(&p, i, fromCSV(header, values, all))
	}
	at.Offset, at.Range = at.Offset+int64(whole), rangeBytes
	if p.Next = at.String(); at.Offset >= at.Size {
		p.Next = at.following()
	}
	return p, nil
}

// wholeRows tells how much of a text are whole rows: up to the last end of a line that is not within quotes.
func wholeRows(text []byte) int {
	end, quoted := 0, false
	for i, b := range text {
		switch b {
		case '"':
			quoted = !quoted
		case '\n':
			if !quoted {
				end = i + 1
			}
		}
	}
	return end
}

// fromCSV gives the row the types that the instance describes, so that a lead has one content however it was read; nil if
// it has other columns than the file.
func fromCSV(header, values []string, all []column) map[string]any {
	if len(header) != len(values) {
		return nil
	}
	row := map[string]any{}
	for i, name := range header {
		row[name] = values[i]
		for _, one := range all {
			if one.Rest.Name != name {
				continue
			}
			switch one.Type {
			case "integer", "float", "percent", "score", "currency":
				if n, err := strconv.ParseFloat(values[i], 64); err == nil && !math.IsInf(n, 0) && !math.IsNaN(n) && json.Valid([]byte(values[i])) {
					row[name] = json.Number(values[i])
				}
			case "boolean":
				if b, err := strconv.ParseBool(values[i]); err == nil {
					row[name] = b
				}
			}
		}
		if values[i] == "null" || values[i] == "" {
			delete(row, name)
		}
	}
	return row
}

// add takes a lead into a page. Fields without a value are left out: the file has no other word for null.
func add(p *connector.Page, index int, row map[string]any) {
	refuse := func(id string, reason quarantine.Reason, message string) {
		p.Refused = append(p.Refused, connector.RefusedRow{ID: id, Index: index, Why: fault.New(fault.Invalid, string(reason), "%s", message)})
	}
	if row == nil {
		refuse("", quarantine.NotAnObject, "The row is no lead, or has not the columns of its file.")
		return
	}
	number, _ := row["id"].(json.Number)
	if _, err := strconv.ParseInt(number.String(), 10, 64); err != nil {
		refuse("", quarantine.InvalidID, "id is no whole number.")
		return
	}
	text, _ := row["updatedAt"].(string)
	at, err := time.Parse(time.RFC3339, text)
	if err != nil || at.Unix() <= 0 {
		refuse(number.String(), quarantine.MissingVersion, "updatedAt is no time since 1970.")
		return
	}
	for name, value := range row {
		if value == nil {
			delete(row, name)
		}
	}
	fields, err := record.FieldsOf(row)
	if err != nil {
		refuse(number.String(), quarantine.MalformedBody, "The lead nests too deep.")
		return
	}
	p.Changes = append(p.Changes, record.Change{Object: "lead", ID: number.String(), Kind: record.Upsert, Version: record.VersionAt(at, revision), Fields: fields})
}

func byID(ctx context.Context, c connector.Client, r connector.PageRequest, at cursor) (connector.Page, error) {
	ids := r.Scope.IDs[min(at.IDs, len(r.Scope.IDs)):]
	if len(ids) == 0 {
		return connector.Page{At: r.Now}, nil
	}
	n := min(len(ids), 50)
	all, err := columns(ctx, c)
	if err != nil {
		return connector.Page{}, err
	}
	e, a, err := long(ctx, c, "/rest/v1/leads.json", url.Values{"filterType": {"id"}, "filterValues": {strings.Join(ids[:n], ",")}, "fields": {strings.Join(names(all), ",")}})
	if err != nil {
		return connector.Page{}, err
	}
	if e.Result == nil {
		return connector.Page{}, unreadable("a result")
	}
	p := connector.Page{Raw: a.Body, At: a.At}
	there := map[string]bool{}
	for i, raw := range e.Result {
		var row map[string]any
		if (connector.Answer{Body: raw}).Decode(&row) != nil {
			row = nil
		}
		number, _ := row["id"].(json.Number)
		there[number.String()] = true
		add(&p, i, row)
	}
	for _, id := range ids[:n] {
		if !there[id] && len(p.Refused) == 0 { // one that says not even who it is may be any of them
			p.Missing = append(p.Missing, id)
		}
	}
	if n < len(ids) {
		p.Next = cursor{IDs: at.IDs + n}.String()
	}
	return p, nil
}

// feed is where the reading of the log stands: first what changed, then what was deleted.
type feed struct {
	V       int    `json:"v"`
	Deleted bool   `json:"deleted,omitempty"`
	Token   string `json:"token,omitempty"`
}

func (f feed) String() string {
	f.V = 1
	text, _ := json.Marshal(f) // texts
	return string(text)
}

func readLog(ctx context.Context, c connector.Client, r connector.LogRequest) (connector.LogPage, error) {
	var at feed
	if r.Cursor != "" {
		if err := json.Unmarshal([]byte(r.Cursor), &at); err != nil || at.V != 1 {
			return connector.LogPage{}, fault.New(fault.Invalid, "invalid_cursor", "That is no cursor of Marketo's feed.")
		}
	}
	if at.Token == "" {
		e, _, err := get(ctx, c, "/rest/v1/activities/pagingtoken.json", url.Values{"sinceDatetime": {r.From.UTC().Format(time.RFC3339)}})
		if err != nil {
			return connector.LogPage{}, err
		}
		if at.Token = e.Token; at.Token == "" {
			return connector.LogPage{}, unreadable("a paging token")
		}
	}
	e, a, err := at.ask(ctx, c)
	if err != nil {
		return connector.LogPage{}, err
	}
	p := connector.LogPage{Raw: a.Body, At: a.At}
	for i, raw := range e.Result {
		at.take(&p, i, raw)
	}
	switch {
	case e.More && e.Token == "":
		return p, unreadable("a paging token")
	case e.More:
		p.Next = feed{Deleted: at.Deleted, Token: e.Token}.String()
	case !at.Deleted:
		p.Next = feed{Deleted: true}.String()
	}
	return p, nil
}

func (f feed) ask(ctx context.Context, c connector.Client) (envelope, connector.Answer, error) {
	if f.Deleted {
		return get(ctx, c, "/rest/v1/activities/deletedleads.json", url.Values{"nextPageToken": {f.Token}})
	}
	all, err := columns(ctx, c)
	if err != nil {
		return envelope{}, connector.Answer{}, err
	}
	return long(ctx, c, "/rest/v1/activities/leadchanges.json", url.Values{"nextPageToken": {f.Token}, "fields": {strings.Join(names(all), ",")}})
}

// take takes an activity into a page: a change says only which fields changed, so that the lead is read again.
func (f feed) take(p *connector.LogPage, index int, raw json.RawMessage) {
	var entry struct {
		Lead json.Number `json:"leadId"`
		At   string      `json:"activityDate"`
		Type json.Number `json:"activityTypeId"`
	}
	err := json.Unmarshal(raw, &entry)
	when, timeErr := time.Parse("2006-01-02T15:04:05Z0700", entry.At)
	if err != nil || entry.Lead == "" || timeErr != nil {
		p.Refused = append(p.Refused, connector.RefusedRow{Index: index, Why: fault.New(fault.Invalid, string(quarantine.MissingID), "The activity names no lead, or no time.")})
		return
	}
	id := entry.Lead.String()
	if !f.Deleted {
		if ref := (connector.Ref{Object: "lead", ID: id}); !slices.Contains(p.Touched, ref) {
			p.Touched = append(p.Touched, ref)
		}
		return
	}
	p.Changes = append(p.Changes, record.Change{Object: "lead", ID: id, Kind: record.Delete, Version: record.VersionAt(when, revision), Action: "deleted"})
}
