package crm

// The search of Close follows its changes with some delay. Where a delay is set, it has an index of its own, which is
// behind; without one it reads the lists.

// indexing is a change that the search does not know yet.
type indexing struct {
	due, at int64
	rec     *Record
	add     bool
}

func (m *Model) startSearch() {
	if m.opts.IndexDelay <= 0 {
		return
	}
	m.search = make([]*index, kinds)
	for k := range kinds {
		var all []entry
		m.tables[k].updated.up(0, m.tables[k].updated.n, func(e entry) bool {
			all = append(all, e)
			return true
		})
		m.search[k] = newIndex(all)
	}
}

func (m *Model) reindex(r *Record, add bool) {
	if m.search != nil {
		m.pending = append(m.pending, indexing{m.now() + m.opts.IndexDelay.Microseconds(), r.updated, r, add})
	}
}

// freshen notes that a record is new to the search.
func (m *Model) freshen(r *Record) {
	if m.search != nil {
		m.fresh[r] = m.now() + m.opts.IndexDelay.Microseconds()
	}
}

// catchUp does what the search has had time for.
func (m *Model) catchUp() {
	now, n := m.now(), 0
	for n < len(m.pending) && m.pending[n].due <= now {
		p := m.pending[n]
		if p.add {
			m.search[p.rec.Kind].insert(p.at, p.rec)
		} else {
			m.search[p.rec.Kind].remove(p.at, p.rec)
		}
		n++
	}
	m.pending = m.pending[n:]
	for r, due := range m.fresh {
		if due <= now {
			delete(m.fresh, r)
		}
	}
}
