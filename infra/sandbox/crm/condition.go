package crm

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"
)

// condition compares one field of a record.
type condition struct {
	key   string
	minus bool
	test  func(value []byte) bool
	// moments bound the field in time, where the condition is one of times.
	from, to int64
	moment   bool
}

func (c condition) objects() []string { return nil }

func (c condition) bounds(field string) (int64, int64) {
	if c.moment && !c.minus && c.key == field {
		return c.from, c.to
	}
	return 0, 1 << 62
}

func (c condition) match(m *Model, r *Record) bool {
	if c.moment && (c.key == "date_updated" || c.key == "date_created") {
		at := r.updated
		if c.key == "date_created" {
			at = r.created
		}
		return (at >= c.from && at < c.to) != c.minus
	}
	var v []byte
	switch c.key {
	case "id":
		v = Quote(r.ID) // without making the record
	case "lead_id":
		v = Quote(r.LeadID())
	case "email", "phone", "url":
		if r.Kind != Contact {
			v = value(m.read(r), c.key)
			break
		}
		v = value(m.read(r), c.key+"s") // the fields of a contact's addresses
	default:
		v = value(m.read(r), c.key)
	}
	return c.test(v) != c.minus
}

func (m *Model) parseCondition(q queryNode, at string) (node, error) {
	var f struct {
		Type          string `json:"type"`
		FieldName     string `json:"field_name"`
		CustomFieldID string `json:"custom_field_id"`
	}
	if json.Unmarshal(q.Field, &f) != nil {
		return nil, wrongField(at+".field", "Not a field.")
	}
	c := condition{minus: q.Negate, to: 1 << 62}
	switch f.Type {
	case "regular_field":
		if c.key = f.FieldName; !slices.Contains(searchFields(), f.FieldName) {
			return nil, wrongField(at+".field.field_name", "Unknown field: "+f.FieldName)
		}
	case "custom_field":
		if !m.knowsField(f.CustomFieldID) {
			return nil, wrongField(at+".field.custom_field_id", "Unknown custom field: "+f.CustomFieldID)
		}
		c.key = "custom." + f.CustomFieldID
	default:
		return nil, wrongField(at+".field.type", "Unknown type of field: "+f.Type)
	}
	return c, m.parseTest(&c, q.Condition, at+".condition")
}

// searchFields are the regular fields that conditions may name.
func searchFields() []string {
	return []string{"id", "name", "display_name", "description", "url", "status_id", "status_label", "date_created", "date_updated", "created_by",
		"updated_by", "title", "email", "phone", "lead_id", "contact_id", "user_id", "user_name", "value", "value_period", "confidence", "date_won", "date_lost",
		"status_type", "pipeline_id", "note", "custom_activity_type_id", "custom_object_type_id", "direction", "duration", "subject", "activity_at", "source"}
}

func (m *Model) knowsField(id string) bool {
	for path, list := range m.config {
		if strings.HasPrefix(path, "custom_field/") && slices.ContainsFunc(list, func(o Object) bool { return o.Text("id") == id }) {
			return true
		}
	}
	return false
}

type moment struct {
	Type  string `json:"type"`
	Value string `json:"value"`
	Which string `json:"which"`
}

// test is a condition as it is sent.
type test struct {
	Type       string          `json:"type"`
	Mode       string          `json:"mode"`
	Value      json.RawMessage `json:"value"`
	Values     json.RawMessage `json:"values"`
	ObjectIDs  []string        `json:"object_ids"`
	Before     *moment         `json:"before"`
	After      *moment         `json:"after"`
	OnOrAfter  *moment         `json:"on_or_after"`
	OnOrBefore *moment         `json:"on_or_before"`
	GT         *json.Number    `json:"gt"`
	GTE        *json.Number    `json:"gte"`
	LT         *json.Number    `json:"lt"`
	LTE        *json.Number    `json:"lte"`
}

func (m *Model) parseTest(c *condition, sent json.RawMessage, at string) error {
	var t test
	if json.Unmarshal(sent, &t) != nil {
		return wrongField(at, "Not a condition.")
	}
	switch t.Type {
	case "moment_range":
		return m.parseMoments(c, t, at)
	case "text":
		return parseText(c, t, at)
	case "exists":
		c.test = func(v []byte) bool { return len(v) > 0 && !slices.Contains([]string{"null", `""`, "[]"}, string(v)) }
	case "boolean":
		c.test = func(v []byte) bool { return bytes.Equal(v, t.Value) }
	case "term", "reference":
		wanted := append(texts(t.Values), t.ObjectIDs...)
		c.test = func(v []byte) bool {
			return slices.ContainsFunc(texts(v), func(s string) bool { return slices.Contains(wanted, s) })
		}
	case "number_range":
		c.test = func(v []byte) bool {
			n, err := strconv.ParseFloat(string(v), 64)
			inside := func(bound *json.Number, holds func(float64) bool) bool {
				if bound == nil {
					return true
				}
				f, err := bound.Float64()
				return err == nil && holds(f)
			}
			return err == nil && inside(t.GT, func(f float64) bool { return n > f }) && inside(t.GTE, func(f float64) bool { return n >= f }) &&
				inside(t.LT, func(f float64) bool { return n < f }) && inside(t.LTE, func(f float64) bool { return n <= f })
		}
	default:
		return wrongField(at+".type", "Unknown condition type: "+t.Type)
	}
	return nil
}

func (m *Model) parseMoments(c *condition, t test, at string) error {
	c.moment = true
	for _, b := range []struct {
		name string
		m    *moment
		set  func(int64)
	}{
		{"on_or_after", t.OnOrAfter, func(t int64) { c.from = t }},
		{"after", t.After, func(t int64) { c.from = t + 1 }},
		{"before", t.Before, func(t int64) { c.to = t }},
		{"on_or_before", t.OnOrBefore, func(t int64) { c.to = t + 1 }},
	} {
		if b.m == nil {
			continue
		}
		var when int64
		switch b.m.Type {
		case "now":
			when = m.now()
		case "fixed_utc", "fixed_local_date":
			var ok bool
			if when, ok = DateMicros(b.m.Value); !ok {
				return wrongField(at+"."+b.name+".value", "Not a time: "+b.m.Value)
			}
			if b.m.Which == "end" {
				when += (24 * time.Hour).Microseconds()
			}
		default:
			return wrongField(at+"."+b.name+".type", "Unknown type of moment: "+b.m.Type)
		}
		b.set(when)
	}
	from, to := c.from, c.to
	c.test = func(v []byte) bool {
		when, ok := DateMicros(text(v))
		return ok && when >= from && when < to
	}
	return nil
}

func parseText(c *condition, t test, at string) error {
	wanted := strings.ToLower(text(t.Value))
	var fits func(string) bool
	switch t.Mode {
	case "exact_value":
		fits = func(s string) bool { return s == wanted }
	case "phrase", "full_words":
		fits = func(s string) bool {
			i := strings.Index(s, wanted)
			return i >= 0 && wanted != "" && (i == 0 || !letter(s[i-1])) && (i+len(wanted) == len(s) || !letter(s[i+len(wanted)]))
		}
	case "beginning_of_words":
		fits = func(s string) bool { return strings.HasPrefix(s, wanted) || strings.Contains(s, " "+wanted) }
	case "phone_number":
		fits = func(s string) bool { return digits(s) == digits(wanted) }
	default:
		return wrongField(at+".mode", "Unknown mode: "+t.Mode)
	}
	c.test = func(v []byte) bool {
		if len(v) > 1 && v[0] == '[' && v[1] == '{' {
			return anyText(v, fits)
		}
		return slices.ContainsFunc(texts(v), func(s string) bool { return fits(strings.ToLower(s)) })
	}
	return nil
}

// anyText tests the texts of the objects of a list, such as the addresses of a contact.
func anyText(list []byte, fits func(string) bool) bool {
	var all []map[string]any
	_ = json.Unmarshal(list, &all) // it is our own
	for _, o := range all {
		for _, v := range o {
			if s, ok := v.(string); ok && fits(strings.ToLower(s)) {
				return true
			}
		}
	}
	return false
}

func letter(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c >= 0x80
}

func digits(s string) string {
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, s)
}
