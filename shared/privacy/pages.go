package privacy

import (
	"bytes"
	"encoding/json"

	"leadline/shared/tenant"
)

// span is a part of a body, from its first byte to behind its last.
type span struct{ from, until int }

// judgePage tells which rows of a page that was read from a CRM are the person's: those that hold one of the addresses or
// numbers, or are about a record that is the person's. A page without rows is one whole.
func (r *run) judgePage(c tenant.Connection, body []byte) match {
	m := match{page: rowsOf(body), body: body}
	for i, s := range m.page {
		row := body[s.from:s.until]
		if r.who.JSON(row) || r.isRowAbout(c.ID, row) {
			m.rows = append(m.rows, i)
		}
	}
	if len(m.page) == 0 {
		m.whole = r.who.JSON(body)
	}
	return m
}

// isRowAbout tells whether a row of a page is about a record of the person, or holds it.
func (r *run) isRowAbout(connection string, row []byte) bool {
	objects := r.found.Records[connection]
	if len(objects) == 0 {
		return false
	}
	for id := range idsOf(row) {
		for _, ids := range objects {
			if ids[id] {
				return true
			}
		}
	}
	return false
}

// isIDName tells whether a member of a row is the id of its record, or of the record that an event is about.
func isIDName(name string) bool {
	switch name {
	case "id", "Id", "ID", "object_id", "objectId":
		return true
	}
	return false
}

// idsOf gives the ids of what a row is about: its own, and those of the objects that it holds. What it merely refers to does
// not count: everything refers to somebody who sells.
func idsOf(row []byte) map[string]bool {
	ids := map[string]bool{}
	note := func(fields map[string]json.RawMessage) {
		for name, value := range fields {
			if isIDName(name) {
				ids[string(bytes.Trim(value, `"`))] = true
			}
		}
	}
	fields := members(row)
	note(fields)
	for _, value := range fields {
		note(members(value))
		var list []json.RawMessage
		if len(value) > 0 && value[0] == '[' && json.Unmarshal(value, &list) == nil {
			for _, element := range list {
				note(members(element))
			}
		}
	}
	return ids
}

// members gives those of a JSON object; nil for what is none.
func members(raw json.RawMessage) map[string]json.RawMessage {
	var fields map[string]json.RawMessage
	if len(raw) > 0 && raw[0] == '{' {
		_ = json.Unmarshal(raw, &fields) // it is known to be JSON, and an object
	}
	return fields
}

// rowsOf finds the rows of a page, whatever its form: the objects in its lists, or those that have an id where it has no
// lists. It is nil for what holds none, or is no JSON.
func rowsOf(body []byte) []span {
	var rows []span
	for dec := json.NewDecoder(bytes.NewReader(body)); ; {
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			if dec.More() { // it did not end, it broke
				return nil
			}
			return rows
		}
		until := int(dec.InputOffset())
		rows = append(rows, rowsWithin(value, until-len(value))...)
	}
}

// rowsWithin finds the rows of a value that begins at a place of the body.
func rowsWithin(value []byte, at int) []span {
	if len(value) == 0 || value[0] != '{' && value[0] != '[' {
		return nil
	}
	list := value[0] == '['
	dec := json.NewDecoder(bytes.NewReader(value))
	_, _ = dec.Token() // the brace: the value is known to be JSON
	var rows []span
	for dec.More() {
		name := ""
		if !list {
			token, _ := dec.Token()
			name, _ = token.(string)
		}
		var part json.RawMessage
		if dec.Decode(&part) != nil {
			return nil
		}
		from := at + int(dec.InputOffset()) - len(part)
		switch {
		case !list && (isIDName(name) || string(value) == erasedMark): // it is a row itself, or was one
			return []span{{at, at + len(value)}}
		case list && part[0] == '{':
			rows = append(rows, span{from, from + len(part)})
		default:
			rows = append(rows, rowsWithin(part, from)...)
		}
	}
	return rows
}
