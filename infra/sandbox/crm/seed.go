package crm

// The hashes of the seed are told apart by their first part. Those of ids of records and of their contents are here.
const (
	partID      = 20
	partLead    = 21
	partContent = 22
)

// fill makes records lead by lead until there are enough.
func (m *Model) fill(records int) {
	m.byID = make(map[string]*Record, records)
	s := &seeder{m: m, left: records}
	for n := uint32(1); s.left > 0; n++ {
		s.lead(n)
	}
	var created, updated []entry
	for k := range kinds {
		m.tables[k] = table{newIndex(s.created[k]), newIndex(s.updated[k])}
		if k.Activity() {
			created, updated = append(created, s.created[k]...), append(updated, s.updated[k]...)
		}
	}
	m.activities = table{newIndex(created), newIndex(updated)}
	m.startSearch()
}

// seeder makes the records of one lead after another.
type seeder struct {
	m                *Model
	left             int
	created, updated [kinds][]entry
	pool             []Record
}

// add makes a record, or nil where there are enough.
func (s *seeder) add(k Kind, lead *Record) *Record {
	if s.left == 0 {
		return nil
	}
	s.left--
	if len(s.pool) == 0 {
		s.pool = make([]Record, 1024)
	}
	r := &s.pool[0]
	s.pool = s.pool[1:]
	s.m.made[k]++
	n := s.m.made[k]
	*r = Record{Kind: k, number: n, user: nobody, lead: lead, ID: makeID(s.m.specs[k].Prefix, longID, s.m.opts.Seed, partID, uint64(k), uint64(n))}
	if lead != nil {
		lead.children = append(lead.children, r)
	}
	return r
}

// keep notes a record whose times are known.
func (s *seeder) keep(r *Record) {
	s.m.byID[r.ID] = r
	s.created[r.Kind] = append(s.created[r.Kind], entry{r.created, r})
	s.updated[r.Kind] = append(s.updated[r.Kind], entry{r.updated, r})
}

// millis gives a time between two, in whole milliseconds.
func millis(d *Dice, from, to int64) int64 {
	return (from + int64(d.next()%uint64(max(to-from, 1)))) / 1000 * 1000
}

// tied leads were edited in bulk, all at one instant.
func (m *Model) tied(n uint32) bool { return n > 40 && int(n) <= 40+m.opts.Ties }

func (s *seeder) lead(n uint32) {
	m := s.m
	d := NewDice(m.opts.Seed, partLead, uint64(n))
	l := s.add(Lead, nil)
	l.created = millis(d, m.start-730*dayMicros, m.start-dayMicros)
	l.updated = millis(d, l.created, m.start)
	if m.tied(n) {
		l.created, l.updated = min(l.created, m.start-60*dayMicros), m.start-10*dayMicros
	}
	if !d.One(20) {
		l.user = uint16(firstRep + d.N(reps))
		if d.One(15) {
			l.user = uint16(1 + d.N(3))
		}
	}
	s.keep(l)
	var contacts, deals []*Record
	for range 1 + d.N(3) - d.N(2)*d.N(2) {
		if c := s.contact(d, l); c != nil {
			contacts = append(contacts, c)
		}
	}
	for range d.N(3) {
		if o := s.deal(d, l, contacts); o != nil {
			deals = append(deals, o)
		}
	}
	for range d.N(4) {
		s.child(d, Task, l, contacts, nil)
	}
	s.at(s.child(d, Created, l, nil, nil), l.created, l.created+12_000)
	s.mails(d, l, contacts)
	for _, k := range []struct {
		kind Kind
		most int
	}{{Call, 4}, {SMS, 2}, {Note, 3}} {
		for range d.N(k.most + 1) {
			s.child(d, k.kind, l, contacts, nil)
		}
	}
	if d.One(2) {
		s.meeting(d, l, contacts)
	}
	for _, k := range []struct {
		kind Kind
		once int
	}{{CustomActivity, 3}, {CustomObject, 4}, {FormSubmission, 12}, {WhatsApp, 10}, {LeadMerge, 60}, {LeadStatusChange, 2}} {
		if d.One(k.once) {
			s.child(d, k.kind, l, contacts, nil)
		}
	}
	s.history(d, l, deals)
}

func (s *seeder) contact(d *Dice, l *Record) *Record {
	c := s.add(Contact, l)
	if c == nil {
		return nil
	}
	c.created = millis(d, l.created, min(l.created+30*dayMicros, s.m.start))
	c.updated = millis(d, c.created, s.m.start)
	if s.m.tied(l.number) {
		c.updated = s.m.start - 9*dayMicros
	}
	s.keep(c)
	return c
}

// child makes a record with times between the begin of its lead and the end of the data.
func (s *seeder) child(d *Dice, k Kind, l *Record, contacts []*Record, about *Record) *Record {
	r := s.add(k, l)
	if r == nil {
		return nil
	}
	if len(contacts) > 0 {
		r.contact = contacts[d.N(len(contacts))]
	}
	r.about = about
	r.user = l.user
	if r.user == nobody || d.One(10) {
		r.user = uint16(firstRep + d.N(reps))
	}
	from := l.created
	if about != nil {
		from = max(from, about.created)
	}
	r.created = millis(d, from, s.m.start)
	r.updated = r.created
	if d.One(3) {
		r.updated = millis(d, r.created, min(r.created+3*dayMicros, s.m.start))
	}
	r.at = r.created
	if k != Created && k != Meeting && k != EmailThread {
		s.keep(r)
	}
	return r
}

// at sets other times than child has found, and keeps the record.
func (s *seeder) at(r *Record, created, updated int64) {
	if r == nil {
		return
	}
	r.created, r.updated, r.at = created, updated, created
	s.keep(r)
}

// deal makes an opportunity.
func (s *seeder) deal(d *Dice, l *Record, contacts []*Record) *Record {
	o := s.add(Opportunity, l)
	if o == nil {
		return nil
	}
	if len(contacts) > 0 && !d.One(4) {
		o.contact = contacts[d.N(len(contacts))]
	}
	o.user = l.user
	if o.user == nobody || d.One(12) {
		o.user = uint16(firstRep + d.N(reps))
	}
	o.created = millis(d, l.created, s.m.start)
	o.updated = millis(d, o.created, s.m.start)
	deal := s.m.firstDeal(o.number)
	if s.m.statuses[deal.status].Type == "won" {
		deal.won = o.updated
	}
	o.deal = &deal
	s.keep(o)
	return o
}

// firstDeal gives the terms that an opportunity has at the start.
func (m *Model) firstDeal(n uint32) deal {
	d := NewDice(m.opts.Seed, partContent, uint64(Opportunity), uint64(n), 1)
	deal := deal{value: int64(1+d.N(400)) * 25_000, period: uint8(d.N(5)), confidence: uint8(10 * (1 + d.N(9))), status: uint16(d.N(6))}
	if deal.period > 2 {
		deal.period = 0
	}
	if d.One(4) {
		deal.status = uint16(6 + d.N(4))
	}
	switch m.statuses[deal.status].Type {
	case "won":
		deal.confidence = 100
	case "lost":
		deal.confidence = 0
	}
	return deal
}

// way gives the statuses that an opportunity has gone through.
func way(status uint16) []uint16 {
	switch status {
	case 4:
		return []uint16{0, 1, 2, 4}
	case 5:
		return []uint16{0, 1, 5}
	case 8, 9:
		return []uint16{6, 7, status}
	case 6, 7:
		return []uint16{6, 7}[:status-5]
	}
	return []uint16{0, 1, 2, 3}[:status+1]
}

// history makes the status changes of the opportunities and what was left of a task that is done.
func (s *seeder) history(d *Dice, l *Record, deals []*Record) {
	for _, o := range deals {
		steps := len(way(o.deal.status)) - 1
		for i := range steps {
			r := s.add(OpportunityStatusChange, l)
			if r == nil {
				return
			}
			r.about, r.contact, r.user, r.step = o, o.contact, o.user, uint8(i)
			t := o.created + (o.updated-o.created)*int64(i+1)/int64(steps+1)/1000*1000
			s.at(r, t, t)
		}
	}
	for _, t := range l.children {
		if t.Kind == Task && s.m.taskDone(t.number) {
			if r := s.child(d, TaskCompleted, l, nil, t); r == nil {
				return
			}
		}
	}
}

// mails makes a thread and its e-mails.
func (s *seeder) mails(d *Dice, l *Record, contacts []*Record) {
	n := d.N(4)
	if n == 0 || len(contacts) == 0 {
		return
	}
	thread := s.child(d, EmailThread, l, contacts[:1], nil)
	if thread == nil {
		return
	}
	first := thread.created
	for range n {
		e := s.child(d, Email, l, contacts[:1], thread)
		if e == nil {
			break
		}
		thread.updated = max(thread.updated, e.created)
		thread.step++
	}
	s.at(thread, first, thread.updated)
}

// meeting makes one that was held, or one that is to come. Close dates a meeting by its own time: date_created can lie in
// the future, and behind date_updated.
func (s *seeder) meeting(d *Dice, l *Record, contacts []*Record) {
	r := s.child(d, Meeting, l, contacts, nil)
	if r == nil {
		return
	}
	at, updated := r.created/6e7*6e7, r.updated
	if d.One(3) {
		at = millis(d, s.m.start, s.m.start+30*dayMicros) / 6e7 * 6e7
	}
	if at > s.m.start || d.One(2) {
		last := min(at, s.m.start)
		updated = millis(d, min(max(at-14*dayMicros, l.created-dayMicros), last), last)
	}
	s.at(r, at, updated)
}

// taskDone tells whether a task was completed before the start.
func (m *Model) taskDone(n uint32) bool {
	return mix(m.opts.Seed, partContent, uint64(Task), uint64(n), 1)%2 == 0
}
