package server

import (
	"bytes"
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"leadline/infra/sandbox/crm"
)

// page reads _skip and _limit. A limit above the most that the resource gives is cut without a word, as Close does; a skip
// behind its end is refused.
func (c *call) page(most int) (skip, limit int, refused *answer) {
	bad := func(field, message string) (int, int, *answer) {
		a := refuse(&crm.Wrong{Fields: map[string]string{field: message}})
		return 0, 0, &a
	}
	limit = 100
	var err error
	if v := c.get("_skip"); v != "" {
		if skip, err = strconv.Atoi(v); err != nil || skip < 0 {
			return bad("_skip", "Not a whole number.")
		}
	}
	if v := c.get("_limit"); v != "" {
		if limit, err = strconv.Atoi(v); err != nil || limit < 1 {
			return bad("_limit", "Not a positive whole number.")
		}
	}
	if skip > c.s.opts.MaxSkip {
		a := fail(http.StatusBadRequest, "The skip you set is larger than the maximum skip for this resource (max_skip = "+strconv.Itoa(c.s.opts.MaxSkip)+")")
		return 0, 0, &a
	}
	return skip, min(limit, most), nil
}

// span is a range of times in microseconds, from on, up to below.
type span struct {
	from, to int64
	set      bool
}

func (s span) holds(t int64) bool { return !s.set || t >= s.from && t < s.to }

// span reads the conditions on a field with dates: the name alone, and with __gt, __gte, __lt, __lte.
func (c *call) span(name string) (span, error) {
	s := span{from: -1 << 62, to: 1 << 62}
	for _, end := range []string{"", "__gt", "__gte", "__lt", "__lte"} {
		v := c.get(name + end)
		if v == "" {
			continue
		}
		t, ok := crm.DateMicros(v)
		if !ok {
			return s, &crm.Wrong{Fields: map[string]string{name + end: "Not a valid date."}}
		}
		s.set = true
		switch end {
		case "":
			s.from, s.to = t, t+1
			if len(v) == len("2006-01-02") {
				s.to = t + 24*60*60*1e6
			}
		case "__gt":
			s.from = max(s.from, t+1)
		case "__gte":
			s.from = max(s.from, t)
		case "__lt":
			s.to = min(s.to, t)
		case "__lte":
			s.to = min(s.to, t+1)
		}
	}
	return s, nil
}

// values gives what a filter allows, from its name and its name with __in; nil where it is not given.
func (c *call) values(name string) []string {
	var all []string
	for _, n := range []string{name, name + "__in"} {
		if v := c.get(n); v != "" {
			all = append(all, strings.Split(v, ",")...)
		}
	}
	return all
}

// filter collects the tests of a list.
type filter struct{ tests []func(*crm.Record) bool }

func (f *filter) add(t func(*crm.Record) bool) { f.tests = append(f.tests, t) }

// in adds a test that a value is one of those that a parameter names.
func (f *filter) in(c *call, name string, of func(*crm.Record) string) {
	if allowed := c.values(name); allowed != nil {
		f.add(func(r *crm.Record) bool { return slices.Contains(allowed, of(r)) })
	}
}

func (f *filter) keep() func(*crm.Record) bool {
	if len(f.tests) == 0 {
		return nil
	}
	return func(r *crm.Record) bool {
		for _, t := range f.tests {
			if !t(r) {
				return false
			}
		}
		return true
	}
}

// list answers the list of a kind, or of all activities.
func (c *call) list(k crm.Spec, all bool) answer {
	skip, limit, refused := c.page(k.Max)
	if refused != nil {
		return *refused
	}
	l := crm.Listing{Kind: k.Kind, AllActivities: all, User: c.user, Skip: skip, Limit: limit}
	f := &filter{}
	if err := c.filters(k.Kind, f, &l); err != nil {
		return refuse(err)
	}
	l.Keep = f.keep()
	sums := &sums{}
	if k.Kind == crm.Opportunity {
		l.Each = sums.add
	}
	if (k.Kind == crm.Task || k.Kind == crm.Lead) && (l.Keep != nil || !c.m.SeesAll(c.user)) {
		l.Each = func(*crm.Record) {} // counts; without a filter the count is free
	}
	records, more, total := c.m.List(l)
	var b bytes.Buffer
	b.Grow(len(records) * 1500)
	fields := c.fields()
	text := append(b.AvailableBuffer(), `{"data":[`...)
	for i, r := range records {
		if i > 0 {
			text = append(text, ',')
		}
		text = c.m.Append(text, r, fields)
	}
	text = append(text, `],"has_more":`...)
	text = strconv.AppendBool(text, more)
	if (k.Kind == crm.Lead || k.Kind == crm.Opportunity || k.Kind == crm.Task) && total >= 0 {
		text = append(text, `,"total_results":`...)
		text = strconv.AppendInt(text, int64(total), 10)
	}
	if k.Kind == crm.Opportunity {
		text = sums.append(text)
	}
	return ok(append(text, '}'))
}

// filters reads the parameters that a list of a kind knows. Others are ignored, as Close does.
func (c *call) filters(k crm.Kind, f *filter, l *crm.Listing) error {
	switch {
	case k == crm.Lead:
		l.ByUpdated = true
		return nil
	case k == crm.Contact:
		l.ByUpdated, l.Leads = true, c.values("lead_id")
		return nil
	case k == crm.CustomObject:
		if l.Leads = c.values("lead_id"); l.Leads == nil {
			return &crm.Wrong{Fields: map[string]string{"lead_id": "This field is required."}}
		}
		f.in(c, "custom_object_type_id", func(r *crm.Record) string { return c.m.Text(r, "custom_object_type_id") })
		return nil
	case k == crm.Opportunity:
		return c.opportunityFilters(f, l)
	case k == crm.Task:
		return c.taskFilters(f, l)
	}
	return c.activityFilters(k, f, l)
}

// order reads _order_by among date_created and the names that the list knows; what is nil there is date_updated.
func (c *call) order(l *crm.Listing, by map[string]func(a, b *crm.Record) int) error {
	v := c.get("_order_by")
	if v == "" {
		return nil
	}
	name, descending := strings.CutPrefix(v, "-")
	l.Ascending = !descending
	switch less, known := by[name]; {
	case name == "date_created":
		l.ByUpdated = false
	case known && less == nil:
		l.ByUpdated = true
	case known:
		l.Less = less
	default:
		return &crm.Wrong{Fields: map[string]string{"_order_by": "Cannot order by " + name + "."}}
	}
	return nil
}

// times puts the ranges of date_created and date_updated into a listing: the one that it is ordered by bounds the walk.
func (c *call) times(f *filter, l *crm.Listing) error {
	created, err := c.span("date_created")
	if err != nil {
		return err
	}
	updated, err := c.span("date_updated")
	if err != nil {
		return err
	}
	bound, other, at := created, updated, func(r *crm.Record) int64 { _, u, _ := r.Times(); return u }
	if l.ByUpdated {
		bound, other, at = updated, created, func(r *crm.Record) int64 { t, _, _ := r.Times(); return t }
	}
	if other.set {
		f.add(func(r *crm.Record) bool { return other.holds(at(r)) })
	}
	if bound.set && l.Less == nil && l.Leads == nil {
		l.From, l.To = max(bound.from, 0), bound.to
	} else if bound.set {
		byUpdated := l.ByUpdated
		f.add(func(r *crm.Record) bool {
			created, updated, _ := r.Times()
			if byUpdated {
				return bound.holds(updated)
			}
			return bound.holds(created)
		})
	}
	return nil
}

func (c *call) opportunityFilters(f *filter, l *crm.Listing) error {
	l.Leads = c.values("lead_id")
	if err := c.order(l, map[string]func(a, b *crm.Record) int{
		"date_updated": nil,
		"value":        func(a, b *crm.Record) int { return cmp.Compare(c.m.Deal(a).Value, c.m.Deal(b).Value) },
		"confidence":   func(a, b *crm.Record) int { return cmp.Compare(c.m.Deal(a).Confidence, c.m.Deal(b).Confidence) },
		"date_won":     func(a, b *crm.Record) int { return cmp.Compare(c.m.Deal(a).Won, c.m.Deal(b).Won) },
	}); err != nil {
		return err
	}
	if err := c.times(f, l); err != nil {
		return err
	}
	won, err := c.span("date_won")
	if err != nil {
		return err
	}
	if won.set {
		f.add(func(r *crm.Record) bool { t := c.m.Deal(r).Won; return t != 0 && won.holds(t) })
	}
	if words := strings.ToLower(c.get("query")); words != "" {
		f.add(func(r *crm.Record) bool {
			return slices.ContainsFunc([]string{"note", "lead_name", "contact_name", "user_name", "status_label"}, func(k string) bool {
				return strings.Contains(strings.ToLower(c.m.Text(r, k)), words)
			})
		})
	}
	f.in(c, "user_id", func(r *crm.Record) string { return c.m.UserID(r) })
	f.in(c, "status_id", func(r *crm.Record) string { return c.m.Deal(r).Status.ID })
	f.in(c, "status_type", func(r *crm.Record) string { return c.m.Deal(r).Status.Type })
	f.in(c, "status_label", func(r *crm.Record) string { return c.m.Deal(r).Status.Label })
	f.in(c, "status", func(r *crm.Record) string { return c.m.Deal(r).Status.Label })
	f.in(c, "value_period", func(r *crm.Record) string { return c.m.Deal(r).Period })
	return nil
}

func (c *call) taskFilters(f *filter, l *crm.Listing) error {
	l.Leads, l.ByUpdated = c.values("lead_id"), true
	date := func(r *crm.Record) int64 { t, _ := crm.DateMicros(c.m.Text(r, "date")); return t }
	if err := c.order(l, map[string]func(a, b *crm.Record) int{"date": func(a, b *crm.Record) int { return cmp.Compare(date(a), date(b)) }}); err != nil {
		return err
	}
	if err := c.times(f, l); err != nil {
		return err
	}
	types := c.values("_type")
	if types == nil {
		types = []string{"lead"} // the trap: other tasks must be asked for
	}
	if !slices.Contains(types, "all") {
		f.add(func(r *crm.Record) bool { return slices.Contains(types, c.m.Text(r, "_type")) })
	}
	f.in(c, "id", func(r *crm.Record) string { return r.ID })
	f.in(c, "assigned_to", func(r *crm.Record) string { return c.m.UserID(r) })
	f.in(c, "is_complete", func(r *crm.Record) string { return string(c.m.Value(r, "is_complete")) })
	f.in(c, "view", func(r *crm.Record) string { return c.m.Text(r, "view") })
	for _, name := range []string{"date", "due_date"} {
		s, err := c.span(name)
		if err != nil {
			return err
		}
		if s.set {
			f.add(func(r *crm.Record) bool { return s.holds(date(r)) })
		}
	}
	return nil
}

func (c *call) activityFilters(k crm.Kind, f *filter, l *crm.Listing) error {
	l.Leads = c.values("lead_id")
	at := func(r *crm.Record) int64 { _, _, t := r.Times(); return t }
	if v := c.get("_order_by"); l.AllActivities && v != "" {
		if err := c.order(l, map[string]func(a, b *crm.Record) int{"activity_at": func(a, b *crm.Record) int { return cmp.Compare(at(a), at(b)) }}); err != nil {
			return err
		}
	}
	created, err := c.span("date_created")
	if err != nil {
		return err
	}
	happened, err := c.span("activity_at")
	if err != nil {
		return err
	}
	if created.set && l.Leads == nil && l.Less == nil {
		l.From, l.To = max(created.from, 0), created.to
	} else if created.set {
		f.add(func(r *crm.Record) bool { t, _, _ := r.Times(); return created.holds(t) })
	}
	if happened.set {
		f.add(func(r *crm.Record) bool { return happened.holds(at(r)) })
	}
	f.in(c, "id", func(r *crm.Record) string { return r.ID })
	f.in(c, "user_id", func(r *crm.Record) string { return c.m.UserID(r) })
	f.in(c, "contact_id", func(r *crm.Record) string { return r.ContactID() })
	f.in(c, "_type", func(r *crm.Record) string { return c.m.Spec(r.Kind).Type })
	switch k {
	case crm.CustomActivity:
		if types := c.values("custom_activity_type_id"); types != nil && !l.AllActivities {
			if l.Leads == nil {
				return &crm.Wrong{Fields: map[string]string{"lead_id": "This field is required with custom_activity_type_id."}}
			}
			f.in(c, "custom_activity_type_id", func(r *crm.Record) string { return c.m.Text(r, "custom_activity_type_id") })
		}
	case crm.OpportunityStatusChange:
		f.in(c, "opportunity_id", func(r *crm.Record) string { return c.m.Text(r, "opportunity_id") })
	}
	return nil
}
