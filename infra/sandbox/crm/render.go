package crm

import (
	"slices"
	"strings"
)

// Fields says which fields of a record are asked for; nil asks for all.
type Fields struct {
	names  map[string]bool
	custom bool
}

// ParseFields reads a list of names. The name custom stands for all custom fields.
func ParseFields(names []string) *Fields {
	f := &Fields{names: map[string]bool{}}
	for _, n := range names {
		// A name may go on into the object, such as contacts(id,name); the whole is given then.
		n, _, _ = strings.Cut(n, "(")
		f.names[n] = true
	}
	f.custom = f.names["custom"]
	return f
}

// Has tells whether a field is asked for.
func (f *Fields) Has(key string) bool {
	return f == nil || f.names[key] || f.custom && strings.HasPrefix(key, "custom.")
}

// has is Has for a key that is no string yet.
func (f *Fields) has(key []byte) bool {
	if f == nil || f.names[string(key)] {
		return true
	}
	return f.custom && len(key) > 7 && string(key[:7]) == "custom."
}

// Own gives a record's own fields: for a lead without its contacts, opportunities and tasks. The text must not be changed.
func (m *Model) Own(r *Record) []byte {
	if r.data != nil {
		return r.data
	}
	return m.pristine(r, make([]byte, 0, 1536))
}

// read is Own for a short look: what it gives holds until the next read.
func (m *Model) read(r *Record) []byte {
	if r.data != nil {
		return r.data
	}
	m.scratch = m.pristine(r, m.scratch[:0])
	return m.scratch
}

// pristine makes the content that a record had at the start. It reads nothing that changes afterwards.
func (m *Model) pristine(r *Record, b []byte) []byte {
	w := newWriter(b)
	switch r.Kind {
	case Lead:
		m.leadContent(w, r)
	case Contact:
		m.contactContent(w, r)
	case Opportunity:
		m.opportunityContent(w, r)
	case Task:
		m.taskContent(w, r)
	case CustomObject:
		m.objectContent(w, r)
	default:
		m.activityContent(w, r)
	}
	return w.done()
}

// Append renders a record as the API gives it, with the fields asked for, behind b.
func (m *Model) Append(b []byte, r *Record, f *Fields) []byte {
	if f == nil && r.Kind != Lead {
		if r.data != nil {
			return append(b, r.data...)
		}
		return m.pristine(r, b)
	}
	w := newWriter(b)
	m.project(w, m.read(r), f)
	if r.Kind == Lead {
		m.related(w, r, f)
	}
	return w.done()
}

// Projected renders a record as a search gives it: with what it is and its id, then the fields asked for.
func (m *Model) Projected(b []byte, r *Record, f *Fields) []byte {
	w := newWriter(b)
	w.str("__object_type", m.specs[r.Kind].Object)
	w.str("id", r.ID)
	if f == nil {
		return w.done()
	}
	own := m.read(r)
	for i := 1; i < len(own) && own[i] == '"'; {
		end := skip(own, i)
		next := skip(own, end+1)
		if k := own[i+1 : end-1]; f.has(k) && string(k) != "id" {
			w.b = append(append(w.b, ','), own[i:next]...)
		}
		i = next + 1
	}
	if r.Kind == Lead {
		m.embedded(w, r, f)
	}
	return w.done()
}

// project copies the fields that are asked for.
func (m *Model) project(w *writer, own []byte, f *Fields) {
	for i := 1; i < len(own) && own[i] == '"'; {
		end := skip(own, i)
		next := skip(own, end+1)
		if f.has(own[i+1 : end-1]) {
			if w.b[len(w.b)-1] != '{' {
				w.b = append(w.b, ',')
			}
			w.b = append(w.b, own[i:next]...)
		}
		i = next + 1
	}
}

// related adds to a lead what belongs to it, and its custom fields by name, which Close has deprecated and still sends.
func (m *Model) related(w *writer, l *Record, f *Fields) {
	m.embedded(w, l, f)
	if !f.Has("custom") {
		return
	}
	names := m.fieldNames()
	own := m.read(l)
	in := newWriter(nil)
	for i := 1; i < len(own) && own[i] == '"'; {
		end := skip(own, i)
		next := skip(own, end+1)
		if id, ok := strings.CutPrefix(string(own[i+1:end-1]), "custom."); ok {
			if name, ok := names[id]; ok {
				in.key(name)
				in.b = append(in.b, own[end+1:next]...)
			}
		}
		i = next + 1
	}
	w.raw("custom", string(in.done()))
}

// fieldNames gives the names of the custom fields of leads, as JSON writes them, by their ids.
func (m *Model) fieldNames() map[string]string {
	if m.leadFieldNames == nil {
		m.leadFieldNames = map[string]string{}
		for _, o := range slices.Concat(m.config["custom_field/lead"], m.shared("lead")) {
			quoted := Quote(o.Text("name"))
			m.leadFieldNames[o.Text("id")] = string(quoted[1 : len(quoted)-1])
		}
	}
	return m.leadFieldNames
}

func (m *Model) embedded(w *writer, l *Record, f *Fields) {
	if f.Has("contact_ids") {
		w.raw("contact_ids", string(appendList(nil, childIDs(l, Contact))))
	}
	for _, k := range []struct {
		name string
		kind Kind
	}{{"contacts", Contact}, {"opportunities", Opportunity}, {"tasks", Task}} {
		if !f.Has(k.name) {
			continue
		}
		w.key(k.name)
		w.b = append(w.b, '[')
		first := true
		for _, c := range l.children {
			if c.Kind != k.kind {
				continue
			}
			if !first {
				w.b = append(w.b, ',')
			}
			first = false
			w.b = m.Append(w.b, c, nil)
		}
		w.b = append(w.b, ']')
	}
}

func childIDs(l *Record, k Kind) []string {
	var ids []string
	for _, c := range l.children {
		if c.Kind == k {
			ids = append(ids, c.ID)
		}
	}
	return ids
}

// Children gives the records of a kind that belong to a lead, oldest first.
func (m *Model) Children(l *Record, is func(Kind) bool) []*Record {
	var all []*Record
	for _, c := range l.children {
		if is(c.Kind) {
			all = append(all, c)
		}
	}
	slices.SortStableFunc(all, func(a, b *Record) int { return compare(entry{a.created, a}, entry{b.created, b}) })
	return all
}

// signed adds who made and changed a record, and when.
func (m *Model) signed(w *writer, r *Record, names bool) {
	w.str("organization_id", m.Team.OrganizationID)
	by := r.user
	if by == nobody {
		by = 0
	}
	w.str("created_by", m.userID(by))
	w.str("updated_by", m.userID(by))
	if names {
		w.str("created_by_name", m.userName(by))
		w.str("updated_by_name", m.userName(by))
	}
	w.time("date_created", r.created)
	w.time("date_updated", r.updated)
}

// Plain renders a record without what belongs to others: a lead without its contacts and the like.
func (m *Model) Plain(r *Record, f *Fields) []byte {
	w := newWriter(nil)
	m.project(w, m.read(r), f)
	return w.done()
}
