package conformance

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"leadline/shared/connector"
	"leadline/shared/fault"
	"leadline/shared/quarantine"
	"leadline/shared/record"
)

func (t *toyConn) page(ctx context.Context, c connector.Client, r connector.PageRequest) (connector.Page, error) {
	d := toy()
	i := slices.IndexFunc(d.Pull.Objects, func(o connector.Object) bool { return o.Name == r.Object })
	if i < 0 || !d.Pull.Objects[i].Serves(r.Scope.Kind) && !t.is("any scope will do") {
		return connector.Page{}, fault.New(fault.Invalid, "scope_not_served", "That cannot be read.")
	}
	at, err := t.position(r.Cursor)
	if err != nil {
		return connector.Page{}, err
	}
	var page connector.Page
	switch {
	case r.Scope.Kind == connector.IDs:
		page, err = t.byID(ctx, c, r, at)
	case r.Object == "user":
		page, err = t.bySkip(ctx, c, r, at, url.Values{})
	default:
		page, err = t.byTime(ctx, c, r, at)
	}
	if err != nil {
		return connector.Page{}, err
	}
	t.spoil(r, &page)
	return page, nil
}

// spoil breaks a page in those ways that can be seen from outside of it.
func (t *toyConn) spoil(r connector.PageRequest, page *connector.Page) {
	switch {
	case t.is("no body"):
		page.Raw = nil
	case t.is("no time"):
		page.At = time.Time{}
	case t.is("the same cursor for ever") && r.Cursor != "":
		page.Next = r.Cursor
	case t.is("waits for ids") && page.Next != "" && r.Scope.Kind == connector.IDs:
		page.NotBefore = r.Now.Add(time.Minute)
	case t.is("a total of its own") && page.Total != nil:
		*page.Total++
	case t.is("what is missing is not told"):
		page.Missing = nil
	case t.is("refused without a reason"):
		for i := range page.Refused {
			page.Refused[i].Why = fault.New(fault.Invalid, "strange", "It is strange.")
		}
	case t.is("refused in silence"):
		page.Refused = nil
	case t.is("the first page is all"):
		page.Next = ""
	}
	for i := range page.Changes {
		switch {
		case t.is("another object"):
			page.Changes[i].Object = "thing"
		case t.is("another revision"):
			page.Changes[i].Version.Parser = 2
		case t.is("dated by us"):
			page.Changes[i].Version = record.VersionAt(r.Now, 1)
		case t.is("more fields by id") && r.Scope.Kind == connector.IDs:
			page.Changes[i].Fields["seen"] = []byte("true")
		case t.is("children are parts") && r.Scope.Kind == connector.ChildrenOf:
			delete(page.Changes[i].Fields, "value")
		}
	}
	if t.is("more than was asked for") && r.Scope.Kind == connector.Matching && len(page.Changes) > 0 {
		other := page.Changes[0]
		other.ID = "d01"
		page.Changes = append(page.Changes, other)
	}
}

// add takes rows into a page.
func (t *toyConn) add(page *connector.Page, object string, items []any, seen []string) error {
	for i, item := range items {
		row, ok := item.(map[string]any)
		id := text(item, "id")
		at, err := time.Parse(time.RFC3339, text(item, "updated"))
		if err != nil && object == "user" {
			at, err = page.At, nil
		}
		if !ok || id == "" || err != nil || at.Unix() <= 0 {
			why := fault.New(fault.Invalid, string(quarantine.MissingID), "The row has no id or no time.")
			if t.is("one bad row ends all") {
				return why
			}
			if t.is("a refusal that quotes") {
				why.Message += " It is " + string(asJSON(item))
			}
			page.Refused = append(page.Refused, connector.RefusedRow{ID: id, Index: i, Why: why})
			continue
		}
		if slices.Contains(seen, id) {
			continue
		}
		fields, err := record.FieldsOf(row)
		if err != nil {
			return unreadable()
		}
		page.Changes = append(page.Changes, record.Change{Object: object, ID: id, Kind: record.Upsert, Version: record.VersionAt(at.Truncate(time.Microsecond), 1), Fields: fields})
	}
	return nil
}

// bySkip reads a short list, which people do not change while it is read.
func (t *toyConn) bySkip(ctx context.Context, c connector.Client, r connector.PageRequest, at toyCursor, q url.Values) (connector.Page, error) {
	q.Set("skip", strconv.Itoa(at.Skip))
	items, v, a, err := t.list(ctx, c, "/"+r.Object, q)
	if err != nil {
		return connector.Page{}, err
	}
	page := connector.Page{Raw: a.Body, At: a.At}
	if err := t.add(&page, r.Object, items, nil); err != nil {
		return page, err
	}
	if v["more"] == true {
		page.Next = t.cursor(toyCursor{Skip: at.Skip + len(items)})
	}
	return page, nil
}

func (t *toyConn) byID(ctx context.Context, c connector.Client, r connector.PageRequest, at toyCursor) (connector.Page, error) {
	left := r.Scope.IDs
	if r.Cursor != "" {
		left = left[min(len(left), at.Skip):]
	}
	n := min(4, len(left))
	if t.is("all ids at once") {
		n = len(left)
	}
	page := connector.Page{At: r.Now}
	for _, id := range left[:n] {
		row, a, err := t.get(ctx, c, http.MethodGet, "/"+r.Object+"/"+url.PathEscape(id), nil, nil, "id")
		if fault.Is(err, fault.NotFound) && !t.is("what is missing ends all") {
			page.Missing = append(page.Missing, id)
			continue
		}
		if err != nil {
			return page, err
		}
		page.At, page.Raw = a.At, append(page.Raw, a.Body...)
		if err := t.add(&page, r.Object, []any{row}, nil); err != nil {
			return page, err
		}
	}
	if len(left) > n {
		page.Next = t.cursor(toyCursor{Skip: len(r.Scope.IDs) - len(left) + n})
	}
	return page, nil
}

// byTime goes along a time that rows state: from the last one read on, once more, without those that were read there.
func (t *toyConn) byTime(ctx context.Context, c connector.Client, r connector.PageRequest, at toyCursor) (connector.Page, error) {
	q := url.Values{}
	by := "updated"
	if r.Object == "note" || r.Scope.Kind == connector.CreatedBetween {
		by = "created"
	}
	q.Set("by", by)
	if r.Cursor == "" {
		at = toyCursor{Until: stamp(r.Now.Add(time.Millisecond)), Left: slices.Clone(r.Scope.IDs)}
		if !r.Scope.From.IsZero() && !t.is("all changes, whenever") {
			at.From = stamp(r.Scope.From)
		}
		if !r.Scope.Until.IsZero() {
			at.Until = stamp(r.Scope.Until)
		}
	}
	if r.Scope.Kind == connector.Matching {
		q.Set("q", r.Scope.Query)
	}
	if r.Scope.Kind == connector.ChildrenOf {
		if len(at.Left) == 0 {
			return connector.Page{At: r.Now}, nil
		}
		if !t.is("children of anybody") {
			q.Set("deal", at.Left[0])
		}
	}
	q.Set("until", at.Until)
	if at.From != "" {
		q.Set("from", at.From)
	}
	if at.Skip > 0 {
		q.Set("skip", strconv.Itoa(at.Skip))
	}
	if t.is("asks for each part by itself") {
		for range mostRequests {
			if _, _, err := t.get(ctx, c, http.MethodGet, "/me", nil, nil, "account"); err != nil {
				return connector.Page{}, err
			}
		}
	}
	items, v, a, err := t.list(ctx, c, "/"+r.Object, q)
	if err != nil {
		return connector.Page{}, err
	}
	page := connector.Page{Raw: a.Body, At: a.At}
	if err := t.add(&page, r.Object, items, at.Seen); err != nil {
		return page, err
	}
	if total, ok := v["total"].(interface{ Int64() (int64, error) }); ok && r.Cursor == "" && r.Scope.Kind != connector.ChildrenOf {
		n, _ := total.Int64()
		page.Total = &n
	}
	t.next(&page, at, items, v["more"] == true, by)
	if t.is("pages by number") && v["more"] == true {
		at.Skip += len(items)
		page.Next = t.cursor(at)
	}
	return page, nil
}

// next decides where the page behind begins.
func (t *toyConn) next(page *connector.Page, at toyCursor, items []any, more bool, by string) {
	last := ""
	for _, item := range items { // a row that says nothing does not say where to go on either
		if at := text(item, by); at != "" {
			last = at
		}
	}
	switch {
	case more && last != "":
		seen := []string{}
		for _, item := range items {
			if text(item, by) == last {
				seen = append(seen, text(item, "id"))
			}
		}
		next := toyCursor{From: last, Until: at.Until, Seen: seen, Left: at.Left}
		if last == at.From { // a page holds no more than is dated so, or less than nothing of use
			next.Seen, next.Skip = append(seen, at.Seen...), at.Skip+len(items)
		}
		if t.is("ties are lost") {
			after, _ := time.Parse(time.RFC3339, last)
			next.From, next.Seen = stamp(after.Add(time.Millisecond)), nil
		}
		page.Next = t.cursor(next)
	case len(at.Left) > 1 && !t.is("children of the first"):
		page.Next = t.cursor(toyCursor{Until: at.Until, Left: at.Left[1:]})
	}
}

func (t *toyConn) count(ctx context.Context, c connector.Client, r connector.PageRequest) (connector.Count, error) {
	if r.Object != "deal" || r.Scope.Kind != connector.All {
		if t.is("unknown without words") {
			return connector.Count{}, nil
		}
		return connector.Count{Source: "The toy does not tell."}, nil
	}
	_, v, _, err := t.list(ctx, c, "/deal", nil)
	if err != nil {
		return connector.Count{}, err
	}
	total, ok := v["total"].(interface{ Int64() (int64, error) })
	if !ok {
		return connector.Count{}, unreadable()
	}
	n, _ := total.Int64()
	if t.is("counts a page") {
		n = toyPageRows
	}
	return connector.Count{N: n, Known: true, Source: "total of GET /deal"}, nil
}
