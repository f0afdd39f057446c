package close_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"leadline/shared/connector"
	"leadline/shared/connectors/close"
	"leadline/shared/fault"
	"leadline/shared/record"
)

// begin is when the tests' clock begins.
var begin = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

// client answers requests by a function, judges the answers by the definition's rules, as the real one does, and notes
// what was asked. Requests that no endpoint of the specification takes are errors of the test; see specs_test.go.
type client struct {
	t        testing.TB
	answer   func(r connector.Request) (status int, body any)
	now      time.Time
	requests []connector.Request
	header   http.Header
}

func (c *client) Do(_ context.Context, r connector.Request) (connector.Answer, error) {
	c.requests = append(c.requests, r)
	if len(c.requests) > 1000 {
		c.requests = slices.Clone(c.requests[500:])
	}
	checkForm(c.t, r)
	if r.Body != nil { // as it travels
		text, err := json.Marshal(r.Body)
		if err != nil {
			c.t.Fatalf("%s %s: the body is no JSON: %v", r.Method, r.Path, err)
		}
		r.Body = json.RawMessage(text)
	}
	status, body := c.answer(r)
	a := connector.Answer{Status: status, Header: c.header, At: c.now}
	switch b := body.(type) {
	case []byte:
		a.Body = b
	case string:
		a.Body = []byte(b)
	case nil:
	default:
		text, err := json.Marshal(b)
		if err != nil {
			c.t.Fatal(err)
		}
		a.Body = text
	}
	v := close.Definition().API.Judge(a)
	kinds := map[connector.Outcome]fault.Kind{connector.Throttled: fault.RateLimited, connector.Retry: fault.Unavailable, connector.Expired: fault.Revoked,
		connector.Refused: fault.Revoked, connector.Denied: fault.Forbidden, connector.Missing: fault.NotFound, connector.Permanent: fault.Invalid}
	if v.Outcome == connector.OK {
		return a, nil
	}
	return connector.Answer{}, fault.Wrap(&connector.RefusedError{Status: status, Verdict: v}, kinds[v.Outcome], "refused", "Close refused: %s", v.Message)
}

// checkForm holds every request of every test to what goes for all.
func checkForm(t testing.TB, r connector.Request) {
	if !strings.HasPrefix(r.Path, "/") || !strings.HasSuffix(r.Path, "/") {
		t.Errorf("%s %s: every path of Close begins and ends with a slash", r.Method, r.Path)
	}
	if r.Form != nil || r.Method != http.MethodPost && r.Method != http.MethodPut && r.Body != nil {
		t.Errorf("%s %s has a body that it should not have", r.Method, r.Path)
	}
}

// row is a record of the fake. Times are milliseconds since 1970.
type row struct {
	id, lead         string
	created, updated int64
	// indexed is the date_updated that the search knows, which lags behind.
	indexed int64
	state   int
	gone    bool
}

// world is a small Close: one object's records behind all of Close's caps.
type world struct {
	client
	object string
	rows   []*row
	// Caps.
	maxSkip, chain, limit int
	life                  time.Duration
	// tick is how much time passes with a request; after is done behind each.
	tick  time.Duration
	after func()
	// shuffled lists are in no order.
	shuffled bool
	// stale says that the index has not seen rows marked so: see touch.
	lag     time.Duration
	cursors map[string]*chain
	dirty   bool
	byTime  map[string][]*row
	most    int // the largest skip that was asked for
}

// chain is a search that a cursor goes on with.
type chain struct {
	rows  []*row
	given int
	until time.Time
}

func newWorld(t testing.TB, object string) *world {
	w := &world{object: object, maxSkip: 1000, chain: 10_000, limit: 200, life: 30 * time.Second, tick: time.Second, cursors: map[string]*chain{}, dirty: true}
	w.client = client{t: t, now: begin}
	w.client.answer = w.serve
	return w
}

func (w *world) add(n int, created, updated func(i int) int64) {
	for i := range n {
		c, u := created(i), updated(i)
		w.rows = append(w.rows, &row{id: fmt.Sprintf("x_%07d", len(w.rows)), lead: fmt.Sprintf("lead_%d", i%7), created: c, updated: u, indexed: u})
	}
	w.dirty = true
}

// touch changes a row now.
func (w *world) touch(r *row) {
	r.updated, r.state, w.dirty = w.now.UnixMilli(), r.state+1, true
	if w.lag == 0 {
		r.indexed = r.updated
	}
}

// catchUp lets the index see what changed longer ago than it lags.
func (w *world) catchUp() {
	for _, r := range w.rows {
		if r.indexed != r.updated && r.updated <= w.now.Add(-w.lag).UnixMilli() {
			r.indexed, w.dirty = r.updated, true
		}
	}
}

const layout = "2006-01-02T15:04:05.000000+00:00"

func stamp(ms int64) string { return time.UnixMilli(ms).UTC().Format(layout) }

func (w *world) render(b []byte, r *row) []byte {
	return fmt.Appendf(b, `{"id":%q,"lead_id":%q,"name":"n%d","value":%d,"date_created":%q,"date_updated":%q,"integration_links":[%q]}`,
		r.id, r.lead, r.state, 100+r.state, stamp(r.created), stamp(r.updated), w.now.Format(layout))
}

// fields is what a copy of the row must hold.
func (w *world) fields(r *row) record.Fields {
	f, err := record.ParseFields(w.render(nil, r))
	if err != nil {
		w.t.Fatal(err)
	}
	delete(f, "integration_links") // follows the clock here
	return f
}

func (r *row) time(field string, search bool) int64 {
	switch {
	case field == "date_created":
		return r.created
	case search:
		return r.indexed
	}
	return r.updated
}

func (w *world) sorted(field string, search bool) []*row {
	if w.dirty {
		w.byTime, w.dirty = map[string][]*row{}, false
	}
	key := field + strconv.FormatBool(search)
	if w.byTime[key] == nil {
		all := slices.DeleteFunc(slices.Clone(w.rows), func(r *row) bool { return r.gone })
		slices.SortFunc(all, func(a, b *row) int {
			return cmp.Or(cmp.Compare(a.time(field, search), b.time(field, search)), cmp.Compare(a.id, b.id))
		})
		w.byTime[key] = all
	}
	return w.byTime[key]
}

type limits map[string][2]int64

func (l limits) hold(r *row, search bool) bool {
	for field, at := range l {
		if t := r.time(field, search); t < at[0] || t >= at[1] {
			return false
		}
	}
	return true
}

func (l limits) narrow(field string, from, until int64) {
	at, ok := l[field]
	if !ok {
		at = [2]int64{-1 << 62, 1 << 62}
	}
	l[field] = [2]int64{max(at[0], from), min(at[1], until)}
}

// matching gives the rows within limits in the order of a field, without looking at those outside where it can.
func (w *world) matching(by string, l limits, search bool, also func(*row) bool) []*row {
	all := w.sorted(by, search)
	if at, ok := l[by]; ok {
		find := func(ms int64) int {
			i, _ := slices.BinarySearchFunc(all, ms, func(r *row, ms int64) int { return cmp.Compare(r.time(by, search), ms) })
			return i
		}
		from, until := find(at[0]), find(at[1])
		all = all[from:max(from, until)]
	}
	if _, own := l[by]; also == nil && (len(l) == 0 || len(l) == 1 && own) {
		return all
	}
	var some []*row
	for _, r := range all {
		if l.hold(r, search) && (also == nil || also(r)) {
			some = append(some, r)
		}
	}
	return some
}

func millis(t testing.TB, text string) int64 {
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatalf("%q is no time: %v", text, err)
	}
	return at.UnixMilli()
}

func (w *world) serve(r connector.Request) (int, any) {
	w.catchUp()
	status, body := w.route(r)
	w.now = w.now.Add(w.tick)
	if w.after != nil {
		w.after()
	}
	return status, body
}

func (w *world) route(r connector.Request) (int, any) {
	switch {
	case r.Path == "/data/search/":
		var q searchRequest
		if err := json.Unmarshal(r.Body.(json.RawMessage), &q); err != nil {
			return 400, `{"error":"no JSON"}`
		}
		return w.search(q)
	case strings.Count(r.Path, "/") > 2 && !strings.HasPrefix(r.Path, "/activity/"):
		id := strings.Split(r.Path, "/")[2]
		for _, x := range w.rows {
			if x.id == id && !x.gone {
				return 200, w.render(nil, x)
			}
		}
		return 404, `{"error":"Not found"}`
	}
	return w.list(r)
}

type searchRequest struct {
	Query  json.RawMessage     `json:"query"`
	Fields map[string][]string `json:"_fields"`
	Limit  *int                `json:"_limit"`
	Cursor string              `json:"cursor"`
	Counts bool                `json:"include_counts"`
	Result *int                `json:"results_limit"`
	Sort   []struct {
		Direction string `json:"direction"`
		Field     struct {
			Name string `json:"field_name"`
		} `json:"field"`
	} `json:"sort"`
}

// node is a part of a search query.
type node struct {
	Type       string `json:"type"`
	Queries    []node `json:"queries"`
	ObjectType string `json:"object_type"`
	Value      string `json:"value"`
	Field      struct {
		Name string `json:"field_name"`
	} `json:"field"`
	Condition struct {
		Type   string  `json:"type"`
		From   *moment `json:"on_or_after"`
		Before *moment `json:"before"`
	} `json:"condition"`
}

type moment struct{ Type, Value string }

func (w *world) search(q searchRequest) (int, any) {
	limit := 100
	if q.Limit != nil {
		limit = *q.Limit
	}
	if limit > w.limit {
		return 400, `{"field-errors":{"_limit":"Must be at most 200."}}`
	}
	for _, names := range q.Fields {
		if len(names) > 60 {
			return 400, `{"field-errors":{"_fields":["List is too long."]}}`
		}
	}
	var c *chain
	if q.Cursor != "" {
		if c = w.cursors[q.Cursor]; c == nil || w.now.After(c.until) {
			return 400, `{"field-errors":{"cursor":"Expired cursor"}}`
		}
	} else {
		l, ids := limits{}, map[string]bool{}
		if err := w.read(q.Query, l, ids); err != "" {
			return 400, map[string]any{"error": err}
		}
		by := "date_updated"
		if len(q.Sort) > 0 {
			by = q.Sort[0].Field.Name
		}
		var also func(*row) bool
		if len(ids) > 0 {
			also = func(r *row) bool { return ids[r.id] }
		}
		c = &chain{rows: w.matching(by, l, true, also)}
	}
	total := len(c.rows) + c.given
	if q.Result != nil {
		limit = min(limit, *q.Result)
	}
	n := min(limit, len(c.rows), w.chain-c.given)
	b := bytes.NewBufferString(`{"data":[`)
	for i, r := range c.rows[:n] {
		if i > 0 {
			b.WriteByte(',')
		}
		if slices.Contains(q.Fields[w.object], "date_updated") {
			b.Write(w.render(nil, r))
		} else {
			fmt.Fprintf(b, `{"id":%q}`, r.id)
		}
	}
	b.WriteString(`],"cursor":`)
	next := &chain{rows: c.rows[n:], given: c.given + n, until: w.now.Add(w.life)}
	if len(next.rows) > 0 && next.given < w.chain && q.Result == nil {
		name := "c" + strconv.Itoa(len(w.cursors))
		w.cursors[name] = next
		fmt.Fprintf(b, "%q", name)
	} else {
		b.WriteString("null")
	}
	if q.Counts {
		fmt.Fprintf(b, `,"count":{"total":%d}`, total)
	}
	b.WriteByte('}')
	return 200, b.Bytes()
}

func (w *world) read(text json.RawMessage, l limits, ids map[string]bool) string {
	var root node
	if err := json.Unmarshal(text, &root); err != nil || root.Type != "and" {
		return "The query is not understood."
	}
	for _, n := range root.Queries {
		switch n.Type {
		case "object_type":
			if n.ObjectType != w.object {
				return "another object"
			}
		case "field_condition":
			from, until := int64(-1<<62), int64(1<<62)
			for m, to := range map[*moment]*int64{n.Condition.From: &from, n.Condition.Before: &until} {
				if m != nil && m.Type == "fixed_utc" {
					*to = millis(w.t, m.Value)
				}
			}
			l.narrow(n.Field.Name, from, until)
		case "or":
			for _, q := range n.Queries {
				ids[q.Value] = true
			}
		case "saved_search", "text", "match_all":
		default:
			return "The query type " + n.Type + " is unknown."
		}
	}
	return ""
}

// list serves the sorted lists, those of activities, and any other by offset.
func (w *world) list(r connector.Request) (int, any) {
	limit, skip := 100, 0
	for name, to := range map[string]*int{"_limit": &limit, "_skip": &skip} {
		if text := r.Query.Get(name); text != "" {
			*to, _ = strconv.Atoi(text)
		}
	}
	w.most = max(w.most, skip)
	if limit > w.limit {
		return 400, `{"error":"limit"}`
	}
	if skip > w.maxSkip {
		return 400, fmt.Sprintf(`{"error":"The skip you set is larger than the maximum skip for this resource (max_skip = %d)"}`, w.maxSkip)
	}
	l := limits{}
	for name, values := range r.Query {
		if field, op, ok := strings.Cut(name, "__"); ok && strings.HasPrefix(field, "date_") {
			at := millis(w.t, values[0])
			switch op {
			case "gte":
				l.narrow(field, at, 1<<62)
			case "lt":
				l.narrow(field, -1<<62, at)
			default:
				w.t.Errorf("%s: the fake knows no %s", r.Path, name)
			}
		}
	}
	by := cmp.Or(r.Query.Get("_order_by"), "date_created")
	rows := w.matching(by, l, false, w.also(r.Query))
	if strings.HasPrefix(r.Path, "/activity/") {
		rows = slices.Clone(rows)
		slices.Reverse(rows)
		if w.shuffled {
			slices.SortFunc(rows, func(a, b *row) int { return cmp.Compare(a.id[len(a.id)-1:]+a.id, b.id[len(b.id)-1:]+b.id) })
		}
	}
	total := len(rows)
	rows = rows[min(skip, total):]
	n := min(limit, len(rows))
	b := bytes.NewBufferString(`{"data":[`)
	for i, x := range rows[:n] {
		if i > 0 {
			b.WriteByte(',')
		}
		b.Write(w.render(nil, x))
	}
	fmt.Fprintf(b, `],"has_more":%t,"total_results":%d}`, n < len(rows), total)
	return 200, b.Bytes()
}

func (w *world) also(q url.Values) func(*row) bool {
	lead, ids := q.Get("lead_id"), strings.Split(q.Get("id__in"), ",")
	if lead == "" && q.Get("id__in") == "" {
		return nil
	}
	return func(r *row) bool {
		return (lead == "" || r.lead == lead) && (q.Get("id__in") == "" || slices.Contains(ids, r.id))
	}
}

// copied is what a reading brought.
type copied struct {
	records map[string]record.Change
	missing []string
	pages   int
	rows    int
	total   *int64
}

// pull reads a scope to its end, each page from the cursor alone, as a worker does that comes hours later.
func pull(t testing.TB, w *world, scope connector.Scope, into *copied) error {
	t.Helper()
	return pullFrom(t, &w.client, func() time.Time { return w.now }, w.object, scope, into)
}

func pullFrom(t testing.TB, c connector.Client, now func() time.Time, object string, scope connector.Scope, into *copied) error {
	t.Helper()
	if into.records == nil {
		into.records = map[string]record.Change{}
	}
	cursor := ""
	for {
		page, err := close.Definition().Pull.Page(context.Background(), c, connector.PageRequest{Object: object, Scope: scope, Cursor: cursor, Now: now()})
		if err != nil {
			return err
		}
		if into.pages++; into.pages > 5_000 {
			t.Fatalf("the reading of %s does not end: %s", object, page.Next)
		}
		if into.total == nil {
			into.total = page.Total
		}
		for _, r := range page.Refused {
			t.Errorf("refused: %+v", r)
		}
		for _, c := range page.Changes {
			into.rows++
			if old, ok := into.records[c.ID]; !ok || c.Version.Compare(old.Version) >= 0 {
				into.records[c.ID] = c
			}
		}
		into.missing = append(into.missing, page.Missing...)
		if page.At.IsZero() || len(page.Raw) == 0 && len(page.Changes) > 0 {
			t.Errorf("the page has no time or no body: %s", page.Next)
		}
		if cursor = page.Next; cursor == "" {
			return nil
		}
		if w, ok := c.(*client); ok && !page.NotBefore.IsZero() && page.NotBefore.After(w.now) {
			w.now = page.NotBefore
		}
	}
}

// complete compares a copy with the world, by count and by content.
func complete(t testing.TB, w *world, got copied, contents bool) {
	t.Helper()
	n := 0
	for _, r := range w.rows {
		if r.gone {
			continue
		}
		n++
		c, ok := got.records[r.id]
		if !ok {
			t.Fatalf("%s (created %s, updated %s) is missing: %d of %d are there", r.id, stamp(r.created), stamp(r.updated), len(got.records), len(w.rows))
		}
		if contents && (r.updated != c.Version.Micros/1000 || !bytes.Equal(c.Fields.Canonical(), w.fields(r).Canonical())) {
			t.Fatalf("%s differs: got %s, want %s", r.id, c.Fields.Canonical(), w.fields(r).Canonical())
		}
	}
	if surplus := len(got.records) - n; surplus > 0 && !slices.ContainsFunc(w.rows, func(r *row) bool { return r.gone }) {
		t.Fatalf("%d records that are not there", surplus)
	}
}
