package conformance

import (
	"bytes"
	"context"
	"slices"
	"time"

	"leadline/shared/connector"
	"leadline/shared/record"
)

// told is what a reading of the log brought.
type told struct {
	changes []record.Change
	touched []connector.Ref
	cursors []string
	err     error
}

// tells tells whether a change or deletion of a record can be known from it.
func (t told) tells(object, id string) bool {
	return slices.ContainsFunc(t.changes, func(c changeOf) bool { return c.Object == object && (c.ID == id || c.MergedInto == id) }) ||
		slices.Contains(t.touched, connector.Ref{Object: object, ID: id})
}

// mark is a record that was changed, or removed.
type mark struct {
	object, id string
	removed    bool
}

// checkLog changes records, then reads the log from before and from between.
func (s *suite) checkLog() {
	if s.definition.Log == nil {
		return
	}
	w := s.world()
	p := w.provider
	p.Advance(time.Hour)
	before := p.Now()
	early := s.meddle(p, 0)
	p.Advance(10 * time.Minute)
	between := p.Now()
	late := append(s.meddle(p, 1), s.remove(p)...)
	p.Advance(time.Minute)
	if len(late) == 0 {
		s.fail(Log, "no record could be changed: the rule was not checked")
		return
	}
	whole := s.readLog(w, before, "")
	s.checkTold(whole, slices.Concat(early, late), "since before the first change")
	s.checkTold(s.readLog(w, between, ""), late, "since between the changes")
	for _, at := range few(positions(len(whole.cursors)), 4) {
		p.Advance(time.Minute)
		rest := s.readLog(s.worldOf(p), before, whole.cursors[at])
		if rest.err != nil {
			s.fail(Log, "the reading of the log cannot be taken up at page %d: %v", at+1, rest.err)
		}
	}
	s.checkEntries(w, whole, slices.Concat(early, late))
}

// meddle changes two records of each object whose changes the log shows.
func (s *suite) meddle(p Provider, from int) (changed []mark) {
	for _, o := range s.definition.Pull.Objects {
		if l, ok := p.(Logger); ok && !l.Logged(o.Name) || !ok && o.Small {
			continue
		}
		for i, r := range p.Rows(o.Name) {
			if i%2 == from && i < 4 && p.Change(o.Name, r.ID) {
				changed = append(changed, mark{object: o.Name, id: r.ID})
				p.Advance(tick)
			}
		}
	}
	return changed
}

func (s *suite) remove(p Provider) (removed []mark) {
	remover, ok := p.(Remover)
	if !ok {
		return nil
	}
	for _, o := range s.definition.Pull.Objects {
		if l, ok := p.(Logger); ok && !l.Logged(o.Name) || !ok && o.Small {
			continue
		}
		if rows := p.Rows(o.Name); len(rows) > 5 && remover.Remove(o.Name, rows[5].ID) {
			removed = append(removed, mark{o.Name, rows[5].ID, true})
		}
	}
	return removed
}

func (s *suite) readLog(w *world, from time.Time, cursor string) (t told) {
	t.cursors, t.err = s.walk(Log, "the reading of the log", w, cursor, func(ctx context.Context, c connector.Client, cursor string) (string, error) {
		page, err := w.definition.Log.Read(ctx, c, connector.LogRequest{From: from, Cursor: cursor})
		if err != nil {
			return "", err
		}
		if page.At.IsZero() || len(page.Raw) == 0 && len(page.Changes)+len(page.Touched) > 0 {
			s.fail(Log, "a page of the log has no time, or no body")
		}
		for _, bad := range page.Refused {
			s.fail(Log, "an entry that nothing is wrong with is refused: %v", bad.Why)
		}
		s.checkEach(Log, "the log", page.Changes)
		s.checkRefs(Log, "the log", page.Touched)
		t.changes, t.touched = append(t.changes, page.Changes...), append(t.touched, page.Touched...)
		return page.Next, nil
	})
	return t
}

func (s *suite) checkTold(t told, marks []mark, what string) {
	if t.err != nil {
		s.fail(Log, "the log cannot be read %s: %v", what, t.err)
		return
	}
	var missing []string
	for _, m := range marks {
		gone := slices.ContainsFunc(t.changes, func(c changeOf) bool { return c.Object == m.object && c.ID == m.id && c.Kind == record.Delete })
		if !t.tells(m.object, m.id) || m.removed && !gone && !slices.Contains(t.touched, connector.Ref{Object: m.object, ID: m.id}) {
			missing = append(missing, m.object+" "+m.id)
		}
	}
	if len(missing) > 0 {
		s.fail(Log, "read %s, the log does not tell of %s", what, listed(missing))
	}
}

// checkEntries holds entries against the records, and against what was posted of them.
func (s *suite) checkEntries(w *world, t told, marks []mark) {
	updated := map[mark]time.Time{}
	for _, m := range marks {
		for _, r := range w.provider.Rows(m.object) {
			if r.ID == m.id {
				updated[mark{object: m.object, id: m.id}] = r.Updated
			}
		}
	}
	poster, posts := w.provider.(Poster)
	for _, c := range t.changes {
		at, known := updated[mark{object: c.Object, id: c.ID}]
		if !known || c.Kind != record.Upsert || at.IsZero() {
			continue
		}
		if c.Version.Micros != at.UnixMicro() {
			s.fail(Log, "the log dates the last change of %s %s at %s, the provider at %s", c.Object, c.ID, c.Version.Time(), at)
		}
		if !posts || s.definition.Webhook == nil {
			continue
		}
		changes, err := s.parse(Log, "what was posted of "+c.Object, poster.Posted(c.Object, c.ID))
		same := slices.ContainsFunc(changes, func(d changeOf) bool {
			return d.Object == c.Object && d.ID == c.ID && d.Version == c.Version && bytes.Equal(d.Fields.Canonical(), c.Fields.Canonical())
		})
		if err == nil && len(changes) > 0 && !same {
			s.fail(Log, "the log tells otherwise of %s %s than what was posted", c.Object, c.ID)
		}
	}
}
