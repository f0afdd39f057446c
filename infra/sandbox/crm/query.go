package crm

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
)

// node is a part of a search's query.
type node interface {
	match(m *Model, r *Record) bool
	// objects lists the object types that are asked for.
	objects() []string
	// bounds gives the times between which a field of all that matches lies; 0 and 1<<62 where it is not bound.
	bounds(field string) (from, to int64)
}

type both struct {
	all   []node
	any   bool
	minus bool
}

func (n both) match(m *Model, r *Record) bool {
	for _, one := range n.all {
		if one.match(m, r) == n.any {
			return n.any != n.minus
		}
	}
	return n.any == n.minus
}

func (n both) objects() []string {
	var list []string
	for _, one := range n.all {
		for _, o := range one.objects() {
			if !slices.Contains(list, o) {
				list = append(list, o)
			}
		}
	}
	return list
}

func (n both) bounds(field string) (int64, int64) {
	from, to := int64(0), int64(1<<62)
	if n.any || n.minus {
		return from, to
	}
	for _, one := range n.all {
		f, t := one.bounds(field)
		from, to = max(from, f), min(to, t)
	}
	return from, to
}

// unbound are the parts that bind no time and name no object.
type unbound struct{}

func (unbound) objects() []string            { return nil }
func (unbound) bounds(string) (int64, int64) { return 0, 1 << 62 }

type objectType struct {
	unbound
	name  string
	minus bool
}

func (n objectType) objects() []string { return []string{n.name} }

func (n objectType) match(m *Model, r *Record) bool {
	is := m.specs[r.Kind].Object == n.name || n.name == "activity" && r.Kind.Activity()
	return is != n.minus
}

type everything struct{ unbound }

func (everything) match(*Model, *Record) bool { return true }

// related finds records by what is related to them.
type related struct {
	unbound
	to    string
	query node
	minus bool
}

func (n related) match(m *Model, r *Record) bool {
	found := false
	switch {
	case n.to == "lead":
		found = r.lead != nil && n.query.match(m, r.lead)
	case n.to == "contact_email" || n.to == "contact_phone" || n.to == "contact_url":
		found = n.query.match(m, r) // their fields are read from the contact
	case r.Kind == Lead:
		for _, c := range r.children {
			if o := m.specs[c.Kind].Object; (o == n.to || n.to == "activity" && c.Kind.Activity() || n.to == "task" && c.Kind == Task) && n.query.match(m, c) {
				found = true
				break
			}
		}
	default:
		found = n.to == "contact" && r.contact != nil && n.query.match(m, r.contact)
	}
	return found != n.minus
}

// queryNode is a part as it is sent.
type queryNode struct {
	Type              string            `json:"type"`
	Negate            bool              `json:"negate"`
	Queries           []json.RawMessage `json:"queries"`
	Query             json.RawMessage   `json:"query"`
	ObjectType        string            `json:"object_type"`
	ThisObjectType    string            `json:"this_object_type"`
	RelatedObjectType string            `json:"related_object_type"`
	RelatedQuery      json.RawMessage   `json:"related_query"`
	Field             json.RawMessage   `json:"field"`
	Condition         json.RawMessage   `json:"condition"`
	Value             json.RawMessage   `json:"value"`
	Mode              string            `json:"mode"`
}

func (m *Model) parseNode(text json.RawMessage, at string) (node, error) {
	var q queryNode
	if len(text) == 0 || json.Unmarshal(text, &q) != nil {
		return nil, wrongField(at, "Not a query.")
	}
	switch q.Type {
	case "and", "or":
		n := both{any: q.Type == "or", minus: q.Negate}
		for _, one := range q.Queries {
			part, err := m.parseNode(one, at+".queries")
			if err != nil {
				return nil, err
			}
			n.all = append(n.all, part)
		}
		return n, nil
	case "not":
		part, err := m.parseNode(q.Query, at+".query")
		return both{all: []node{part}, minus: !q.Negate}, err
	case "object_type":
		if _, _, ok := m.searchable(q.ObjectType); !ok {
			return nil, wrongField(at+".object_type", "Unknown object type: "+q.ObjectType)
		}
		return objectType{name: q.ObjectType, minus: q.Negate}, nil
	case "match_all":
		return everything{}, nil
	case "id":
		return condition{key: "id", minus: q.Negate, to: 1 << 62, test: func(v []byte) bool { return bytes.Equal(v, q.Value) }}, nil
	case "text":
		return parseWords(q, at)
	case "saved_search":
		return nil, wrongField(at+".saved_search_id", "There is no such Smart View.")
	case "has_related":
		return m.parseRelated(q, at)
	case "field_condition":
		return m.parseCondition(q, at)
	}
	return nil, wrongField(at+".type", "Unknown query type: "+q.Type)
}

func (m *Model) parseRelated(q queryNode, at string) (node, error) {
	known := []string{"lead", "contact", "opportunity", "task", "activity", "contact_email", "contact_phone", "contact_url", "custom_object"}
	if !slices.Contains(known, q.RelatedObjectType) && !strings.HasPrefix(q.RelatedObjectType, "activity.") {
		return nil, wrongField(at+".related_object_type", "Unknown object type: "+q.RelatedObjectType)
	}
	n := related{to: q.RelatedObjectType, minus: q.Negate, query: everything{}}
	if len(q.RelatedQuery) > 0 && string(q.RelatedQuery) != "null" {
		part, err := m.parseNode(q.RelatedQuery, at+".related_query")
		if err != nil {
			return nil, err
		}
		n.query = part
	}
	return n, nil
}

// anywhere looks for a text in all texts of a record.
type anywhere struct {
	unbound
	fits  func(value []byte) bool
	minus bool
}

func (n anywhere) match(m *Model, r *Record) bool {
	found := false
	each(m.read(r), func(key string, value []byte) bool {
		found = n.fits(value)
		return !found
	})
	return found != n.minus
}

func parseWords(q queryNode, at string) (node, error) {
	var c condition
	if err := parseText(&c, test{Mode: q.Mode, Value: q.Value}, at); err != nil {
		return nil, err
	}
	return anywhere{fits: c.test, minus: q.Negate}, nil
}
