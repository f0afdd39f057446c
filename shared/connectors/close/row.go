package close

import (
	"time"

	"leadline/shared/connector"
	"leadline/shared/fault"
	"leadline/shared/quarantine"
	"leadline/shared/record"
)

// gather makes the changes of a page out of rows.
type gather struct {
	object string
	// timeless says that rows without a time of their own count as of the time of the answer.
	timeless bool
	page     connector.Page
	rows     int
}

func newGather(object string) *gather {
	return &gather{object: object, timeless: timeless(object)}
}

// from notes the answer that the next rows come from. The bodies of several stand in one JSON list.
func (g *gather) from(a connector.Answer) {
	g.page.At = a.At
	switch {
	case len(g.page.Raw) == 0:
		g.page.Raw = a.Body
	case g.page.Raw[0] == '[':
		g.page.Raw = append(append(append(g.page.Raw[:len(g.page.Raw)-1:len(g.page.Raw)-1], ','), a.Body...), ']')
	default:
		raw := make([]byte, 0, len(g.page.Raw)+len(a.Body)+3)
		raw = append(append(append(raw, '['), g.page.Raw...), ',')
		g.page.Raw = append(append(raw, a.Body...), ']')
	}
}

// add takes a row into the page, as a change or as one that is refused.
func (g *gather) add(row any) {
	index := g.rows
	g.rows++
	c, id, err := g.change(row)
	if err != nil {
		g.page.Refused = append(g.page.Refused, connector.RefusedRow{ID: id, Index: index, Why: fault.Of(err)})
		return
	}
	g.page.Changes = append(g.page.Changes, c)
}

func (g *gather) change(row any) (c record.Change, id string, err error) {
	data, ok := row.(map[string]any)
	if !ok {
		return c, "", refuse(quarantine.NotAnObject, "The row is %s, expected an object.", kind(row))
	}
	id, isText := data["id"].(string)
	switch {
	case isText && len(id) > record.MaxIDBytes:
		return c, "", refuse(quarantine.InvalidID, "id is longer than %d bytes.", record.MaxIDBytes)
	case id == "" && (isText || data["id"] == nil):
		return c, "", refuse(quarantine.MissingID, "id is %s, expected a text.", kindOf(data, "id"))
	case id == "":
		return c, "", refuse(quarantine.InvalidID, "id is %s, expected a text.", kindOf(data, "id"))
	}
	version, ok := g.version(data)
	if !ok {
		return c, id, refuse(quarantine.MissingVersion, "date_updated is %s and no time since 1970.", kindOf(data, "date_updated"))
	}
	normalize(g.object, data)
	fields, err := record.FieldsOf(data)
	if err != nil { // what encoding/json decoded can only be too deep
		return c, id, refuse(quarantine.MalformedBody, "The row nests deeper than %d levels.", record.MaxDepth)
	}
	return record.Change{Object: g.object, ID: id, Kind: record.Upsert, Version: version, Fields: fields}, id, nil
}

// version is the row's own date_updated. What has none of its own is as new as the answer, so that the later reading of
// two counts: equal contents write nothing.
func (g *gather) version(data map[string]any) (record.Version, bool) {
	at, ok := readTime(data["date_updated"])
	if !ok && g.timeless {
		at, ok = g.page.At.Truncate(time.Microsecond), true
	}
	return record.VersionAt(at, parserRevision), ok
}
