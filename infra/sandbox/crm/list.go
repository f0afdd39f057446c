package crm

import (
	"cmp"
	"slices"
)

// Listing asks for a page of records.
type Listing struct {
	// Kind is what is listed; AllActivities lists the activities of all kinds.
	Kind          Kind
	AllActivities bool
	// Leads limits the list to what belongs to these.
	Leads []string
	// ByUpdated orders by date_updated, else by date_created; Less orders by something else. Ascending turns it around.
	ByUpdated, Ascending bool
	Less                 func(a, b *Record) int
	// From and To bound the time that the list is ordered by: from on, up to below. To 0 has no bound.
	From, To int64
	// Keep filters; nil keeps all.
	Keep func(*Record) bool
	// User is who asks.
	User        *User
	Skip, Limit int
	// Each is called with every record that fits, on the page or not; nil saves the work.
	Each func(*Record)
}

// List gives a page, whether there is more, and how many there are on all pages. Total is -1 where counting was not asked
// for with Each and is not free.
func (m *Model) List(l Listing) (page []*Record, more bool, total int) {
	if l.Leads != nil || l.Less != nil {
		return m.listSorted(l)
	}
	table := m.tables[l.Kind]
	if l.AllActivities {
		table = m.activities
	}
	x := table.created
	if l.ByUpdated {
		x = table.updated
	}
	from, to := 0, x.n
	if l.From > 0 {
		from = x.below(l.From, "")
	}
	if l.To > 0 {
		to = max(from, x.below(l.To, ""))
	}
	walk := x.down
	if l.Ascending {
		walk = x.up
	}
	if l.Keep == nil && l.Each == nil && m.SeesAll(l.User) {
		if total = to - from; l.Skip >= total {
			return nil, false, total
		}
		if l.Ascending {
			from += l.Skip
		} else {
			to -= l.Skip
		}
		walk(from, to, func(e entry) bool {
			if len(page) == l.Limit {
				return false
			}
			page = append(page, e.rec)
			return true
		})
		return page, total > l.Skip+len(page), total
	}
	n := 0
	walk(from, to, func(e entry) bool {
		if l.Keep != nil && !l.Keep(e.rec) || !m.Sees(l.User, e.rec) {
			return true
		}
		if l.Each != nil {
			l.Each(e.rec)
		}
		if n++; n > l.Skip && len(page) < l.Limit {
			page = append(page, e.rec)
		}
		return l.Each != nil || n <= l.Skip+l.Limit
	})
	if l.Each == nil {
		return page, n > l.Skip+len(page), -1
	}
	return page, n > l.Skip+len(page), n
}

// listSorted is for what no index holds: it collects and sorts.
func (m *Model) listSorted(l Listing) (page []*Record, more bool, total int) {
	var all []*Record
	take := func(r *Record) {
		at := r.created
		if l.ByUpdated {
			at = r.updated
		}
		if l.Less == nil && (at < l.From || l.To > 0 && at >= l.To) {
			return
		}
		if l.Keep != nil && !l.Keep(r) || !m.Sees(l.User, r) {
			return
		}
		if l.Each != nil {
			l.Each(r)
		}
		all = append(all, r)
	}
	if l.Leads == nil {
		x := m.tables[l.Kind].created
		if l.AllActivities {
			x = m.activities.created
		}
		x.up(0, x.n, func(e entry) bool {
			take(e.rec)
			return true
		})
	}
	for _, id := range l.Leads {
		lead := m.byID[id]
		if lead == nil || lead.Kind != Lead {
			continue
		}
		for _, c := range lead.children {
			if c.Kind == l.Kind || l.AllActivities && c.Kind.Activity() {
				take(c)
			}
		}
	}
	slices.SortFunc(all, func(a, b *Record) int {
		c := 0
		switch {
		case l.Less != nil:
			c = l.Less(a, b)
		case l.ByUpdated:
			c = cmp.Compare(a.updated, b.updated)
		default:
			c = cmp.Compare(a.created, b.created)
		}
		if c == 0 {
			c = cmp.Compare(a.ID, b.ID)
		}
		if !l.Ascending {
			c = -c
		}
		return c
	})
	from, to := min(l.Skip, len(all)), min(l.Skip+l.Limit, len(all))
	return all[from:to], to < len(all), len(all)
}

// Value gives the value of one of a record's own fields, nil if it has none.
func (m *Model) Value(r *Record, key string) []byte { return value(m.Own(r), key) }

// Text gives the text of one of a record's own fields.
func (m *Model) Text(r *Record, key string) string { return text(value(m.read(r), key)) }

// Times gives date_created, date_updated and activity_at in microseconds.
func (r *Record) Times() (created, updated, at int64) { return r.created, r.updated, r.at }

// UserID gives who owns a record: the user in the owner field of a lead, else user_id or assigned_to.
func (m *Model) UserID(r *Record) string { return m.userID(r.user) }

// ContactID gives the id of the contact that a record is about.
func (r *Record) ContactID() string { return idOf(r.contact) }

// Deal is what the lists of opportunities filter and add up.
type Deal struct {
	Value, Annualized, Expected, AnnualizedExpected int64
	Period                                          string
	Status                                          Status
	Confidence                                      int
	// Won is midnight of date_won in microseconds, 0 if there is none.
	Won int64
}

// Deal gives the terms of an opportunity.
func (m *Model) Deal(r *Record) Deal {
	d := r.deal
	expected := d.value * int64(d.confidence) / 100
	return Deal{Value: d.value, Annualized: annual(d.value, d.period), Expected: expected, AnnualizedExpected: annual(expected, d.period),
		Period: periodName(d.period), Status: m.statuses[d.status], Confidence: int(d.confidence), Won: d.won / dayMicros * dayMicros}
}

// Worth gives an opportunity's value, its expected value and the place of its value_period among one_time, monthly, annual.
func (r *Record) Worth() (value, expected int64, period int) {
	return r.deal.value, r.deal.value * int64(r.deal.confidence) / 100, int(r.deal.period)
}

// All gives the records of a kind in the order of their date_created.
func (m *Model) All(k Kind) []*Record {
	all := make([]*Record, 0, m.Count(k))
	x := m.tables[k].created
	x.up(0, x.n, func(e entry) bool {
		all = append(all, e.rec)
		return true
	})
	return all
}
