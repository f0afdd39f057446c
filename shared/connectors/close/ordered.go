package close

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"

	"leadline/shared/connector"
	"leadline/shared/fault"
)

// ordered asks for rows in the ascending order of a time.
type ordered struct {
	by     string
	bounds []bound
	deep   deep
	// lead limits them to the children of a lead.
	lead string
	// count asks how many there are.
	count bool
}

// bound limits a time: from it, and before until; nil is open.
type bound struct {
	field       string
	from, until *instant
}

// narrow adds a bound to those of its field.
func (q *ordered) narrow(field string, from, until *instant) {
	for i, b := range q.bounds {
		if b.field != field {
			continue
		}
		if b.from == nil || from != nil && *from > *b.from {
			q.bounds[i].from = from
		}
		if b.until == nil || until != nil && *until < *b.until {
			q.bounds[i].until = until
		}
		return
	}
	if from != nil || until != nil {
		q.bounds = append(q.bounds, bound{field: field, from: from, until: until})
	}
}

// batch is what came.
type batch struct {
	listing
	more  bool
	total *int64
}

// fetch makes the request.
func (p *pull) fetch(ctx context.Context, q ordered) (batch, error) {
	if p.chained() && q.lead == "" {
		body, err := p.searchBody(q)
		if err != nil {
			return batch{}, err
		}
		l, err := list(ctx, p.client, connector.Request{Method: http.MethodPost, Path: pathSearch, Body: body})
		b := batch{listing: l, more: l.Cursor != ""}
		if l.Count != nil {
			b.total = l.Count.Total
		}
		return b, err
	}
	l, err := getList(ctx, p.client, p.kind.path, p.listQuery(q))
	return batch{listing: l, more: l.HasMore, total: l.Total}, err
}

// listQuery asks a list that sorts and filters by times: of opportunities or tasks.
func (p *pull) listQuery(q ordered) url.Values {
	v := url.Values{"_limit": {number(pageRows)}, "_order_by": {q.by}}
	for _, b := range q.bounds {
		b.put(v)
	}
	if q.deep.Skip > 0 {
		v.Set("_skip", number(q.deep.Skip))
	}
	if q.lead != "" {
		v.Set("lead_id", q.lead)
	}
	if p.Scope.Kind == connector.Matching {
		v.Set("query", p.Scope.Query)
	}
	if p.kind.name == objectTask {
		v.Set("_type", "all") // the default shows no more than _type=lead
	}
	return v
}

// put adds the bound to a query, as the filters of lists are named.
func (b bound) put(v url.Values) {
	if b.from != nil {
		v.Set(b.field+"__gte", b.from.String())
	}
	if b.until != nil {
		v.Set(b.field+"__lt", b.until.String())
	}
}

// searchBody is the body of POST /data/search/: https://developer.close.com/api/resources/advanced-filtering. The form of
// a condition on a time is that of the product's own filter builder.
func (p *pull) searchBody(q ordered) (map[string]any, error) {
	object := p.kind.name
	parts := []any{map[string]any{"type": "object_type", "object_type": object}}
	if p.Scope.Kind == connector.Matching {
		node, err := searchQuery(p.Scope.Query, object)
		if err != nil {
			return nil, err
		}
		parts = append(parts, node)
	}
	for _, b := range q.bounds {
		condition := map[string]any{"type": "moment_range"}
		if b.from != nil {
			condition["on_or_after"] = map[string]any{"type": "fixed_utc", "value": b.from.String()}
		}
		if b.until != nil {
			condition["before"] = map[string]any{"type": "fixed_utc", "value": b.until.String()}
		}
		parts = append(parts, map[string]any{"type": "field_condition", "field": regularField(object, b.field), "condition": condition})
	}
	body := map[string]any{
		"query":   map[string]any{"type": "and", "queries": parts},
		"_fields": map[string]any{object: p.kind.fields},
		"_limit":  searchRows,
		"sort":    []any{map[string]any{"direction": "asc", "field": regularField(object, q.by)}},
	}
	if q.count {
		body["include_counts"] = true
	}
	if q.deep.Cursor != "" {
		body["cursor"] = q.deep.Cursor
	}
	return body, nil
}

func regularField(object, name string) map[string]any {
	return map[string]any{"type": "regular_field", "object_type": object, "field_name": name}
}

// searchQuery reads the query of a scope: what Close's filter builder gives as JSON (with or without "query" around it), the
// id of a Smart View, or words to look for.
func searchQuery(text, object string) (any, error) {
	text = strings.TrimSpace(text)
	switch {
	case text == "":
		return nil, fault.New(fault.Invalid, "invalid_query", "The query is empty: give a search query of Close as JSON, the id of a Smart View (save_…), or words.")
	case strings.HasPrefix(text, "save_") && !strings.ContainsAny(text, " \t\n"):
		return map[string]any{"type": "saved_search", "saved_search_id": text}, nil
	case text[0] != '{':
		return map[string]any{"type": "text", "mode": "full_words", "value": text}, nil
	}
	var node map[string]any
	dec := json.NewDecoder(bytes.NewReader([]byte(text)))
	dec.UseNumber()
	if err := dec.Decode(&node); err != nil {
		return nil, fault.New(fault.Invalid, "invalid_query", "The query begins as JSON and is none: copy it from Close once more.")
	}
	for _, around := range []string{"s_query", "query"} { // as a Smart View, and as a request of its own, have it around them
		if inner, ok := node[around].(map[string]any); ok {
			node = inner
		}
	}
	if _, ok := node["type"].(string); !ok {
		return nil, fault.New(fault.Invalid, "invalid_query", `The query has no "type": it must be a query of Close's search, as {"type": "and", "queries": [...]}.`)
	}
	if other := objectOf(node); other != "" && other != object {
		return nil, fault.New(fault.Invalid, "invalid_query", "The query looks for %s, not for %s.", cut(other), object)
	}
	return node, nil
}

// objectOf gives the object that a query says it is about, empty if it does not.
func objectOf(node map[string]any) string {
	if object, ok := node["object_type"].(string); ok && node["type"] == "object_type" {
		return object
	}
	if node["type"] != "and" {
		return ""
	}
	parts, _ := node["queries"].([]any)
	for _, part := range parts {
		if m, ok := part.(map[string]any); ok {
			if object := objectOf(m); object != "" {
				return object
			}
		}
	}
	return ""
}
