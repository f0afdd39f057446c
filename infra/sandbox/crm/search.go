package crm

import (
	"encoding/json"
	"slices"
)

// Search is a search that has been checked.
type Search struct {
	kind       Kind
	activities bool
	query      node
	byCreated  bool
	descending bool
	from, to   int64
}

// Place is where a page of a search ended.
type Place struct {
	At int64
	ID string
}

// searchable lists the object types that a search gives.
func (m *Model) searchable(object string) (k Kind, all, ok bool) {
	if object == "activity" {
		return Call, true, true
	}
	for _, s := range m.specs {
		if s.Object == object && s.Kind != Task {
			return s.Kind, false, true
		}
	}
	return 0, false, false
}

// ParseSearch reads the query and the sort of a search. It refuses what it does not know, by name.
func (m *Model) ParseSearch(query, sort json.RawMessage) (*Search, error) {
	s := &Search{to: 1 << 62}
	n, err := m.parseNode(query, "query")
	if err != nil {
		return nil, err
	}
	s.query = n
	objects := n.objects()
	if len(objects) != 1 {
		return nil, wrongField("query", "Exactly one object_type is needed.")
	}
	var ok bool
	if s.kind, s.activities, ok = m.searchable(objects[0]); !ok {
		return nil, wrongField("query", "Objects of the type "+objects[0]+" cannot be searched.")
	}
	if err := s.parseSort(sort); err != nil {
		return nil, err
	}
	field := "date_updated"
	if s.byCreated {
		field = "date_created"
	}
	s.from, s.to = n.bounds(field)
	return s, nil
}

func (s *Search) parseSort(text json.RawMessage) error {
	if len(text) == 0 || string(text) == "null" || string(text) == "[]" {
		s.byCreated = true
		return nil
	}
	var list []struct {
		Direction string `json:"direction"`
		Field     struct {
			Type       string `json:"type"`
			ObjectType string `json:"object_type"`
			FieldName  string `json:"field_name"`
		} `json:"field"`
	}
	if err := json.Unmarshal(text, &list); err != nil {
		return wrongField("sort", "Not a list of sorts.")
	}
	if len(list) > 1 {
		return wrongField("sort", "The sandbox sorts by one field only.")
	}
	one := list[0]
	switch {
	case one.Field.Type != "regular_field":
		return wrongField("sort", "Unknown type of field: "+one.Field.Type)
	case one.Field.FieldName == "date_created":
		s.byCreated = true
	case one.Field.FieldName != "date_updated":
		return wrongField("sort", "The sandbox does not sort by "+one.Field.FieldName+".")
	}
	if !slices.Contains([]string{"asc", "desc"}, one.Direction) {
		return wrongField("sort", "Unknown direction: "+one.Direction)
	}
	s.descending = one.Direction == "desc"
	return nil
}

// Object gives the object type of what is found.
func (s *Search) Object(m *Model) string {
	if s.activities {
		return "activity"
	}
	return m.specs[s.kind].Object
}

// index gives the list that a search goes through.
func (m *Model) searchIndex(s *Search) *index {
	table := m.tables[s.kind]
	if s.activities {
		table = m.activities
	}
	switch {
	case s.byCreated:
		return table.created
	case m.search != nil && !s.activities:
		m.catchUp()
		return m.search[s.kind]
	}
	return table.updated
}

// Find gives up to limit records behind a place, and the place of the last of them. More tells whether others follow.
func (m *Model) Find(s *Search, u *User, after *Place, limit int) (page []*Record, last Place, more bool) {
	x := m.searchIndex(s)
	from, to := 0, x.n
	if s.from > 0 {
		from = x.below(s.from, "")
	}
	if s.to < 1<<62 {
		to = x.below(s.to, "")
	}
	walk := x.up
	if s.descending {
		walk = x.down
	}
	if after != nil && s.descending {
		to = min(to, x.below(after.At, after.ID))
	} else if after != nil {
		from = max(from, x.below(after.At, after.ID+"\x00"))
	}
	walk(from, to, func(e entry) bool {
		if !m.found(s, u, e.rec) {
			return true
		}
		if len(page) == limit {
			more = true
			return false
		}
		page = append(page, e.rec)
		last = Place{e.at, e.rec.ID}
		return true
	})
	return page, last, more
}

// found tells whether a record is there, known to the search, visible and asked for.
func (m *Model) found(s *Search, u *User, r *Record) bool {
	if m.search != nil && (m.byID[r.ID] != r || m.fresh[r] > m.now()) {
		return false
	}
	return m.Sees(u, r) && s.query.match(m, r)
}

// Total counts what a search finds.
func (m *Model) Total(s *Search, u *User) int {
	n := 0
	x := m.searchIndex(s)
	x.up(0, x.n, func(e entry) bool {
		if m.found(s, u, e.rec) {
			n++
		}
		return true
	})
	return n
}
