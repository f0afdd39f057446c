package main

import (
	"fmt"
	"slices"
	"strings"

	"leadline/shared/record"
)

// show prints what became of the events, the records, the history of the deal, and what was set aside.
func (d *demo) show() {
	d.heading("What became of each event")
	t := &table{head: []string{"EVENT", "ABOUT", "RECORD", "OUTCOME"}}
	for i, p := range d.posted {
		about, name := "-", "-"
		if len(p.changes) > 0 {
			about = p.changes[0].Object + " " + p.changes[0].Action
			name = p.changes[0].ID
		}
		t.add(text(p.name), text(about), text(name), d.outcome(i))
	}
	d.printf("%s", t.format(d.paint, "  "))

	d.heading("Records")
	var records []recordState
	for _, name := range d.names() {
		records = append(records, d.records[name])
	}
	d.printf("%s", recordTable(records).format(d.paint, "  "))
	d.showDeal()
	d.showAside()
}

func (d *demo) heading(format string, args ...any) {
	d.printf("\n%s\n", d.paint.paint(bold, fmt.Sprintf(format, args...)))
}

// outcome says what became of the i-th event.
func (d *demo) outcome(i int) cell {
	p := d.posted[i]
	switch {
	case p.refused != nil:
		return styled(red, "refused: "+p.refused.Error())
	case p.why != nil:
		return styled(yellow, "set aside: "+p.why.Code)
	case len(p.changes) == 0:
		return styled(dim, "changes nothing")
	}
	news, repeated, stale := 0, 0, 0
	for _, ch := range p.changes {
		name := recordName{ch.Object, ch.ID}
		switch {
		case has(d.before[name], ch):
		case d.earlier(i, ch):
			repeated++
		case has(d.after[name], ch):
			news++
		case d.records[name].Version.After(ch.Version.Time()):
			stale++
		}
	}
	switch {
	case news > 0:
		return styled(green, "applied")
	case repeated > 0:
		return styled(dim, "ignored: it came a second time")
	case stale > 0:
		return styled(dim, "ignored: something newer was there already")
	}
	return styled(dim, "already there")
}

// has tells whether a change is one of the revisions.
func has(revisions []revision, ch record.Change) bool {
	return slices.ContainsFunc(revisions, func(r revision) bool {
		return r.Source.Event == ch.Event && r.Version.Equal(ch.Version.Time())
	})
}

// earlier tells whether an event before the i-th one made the same change.
func (d *demo) earlier(i int, ch record.Change) bool {
	return slices.ContainsFunc(d.posted[:i], func(p *posted) bool {
		return slices.ContainsFunc(p.changes, func(other record.Change) bool {
			return other.Object == ch.Object && other.ID == ch.ID && other.Event == ch.Event && other.Version == ch.Version
		})
	})
}

// deal picks the record whose history is shown: the opportunity with most of it, or else the record with most of it.
func (d *demo) deal() (recordName, bool) {
	var best recordName
	points := -1
	for _, name := range d.names() {
		p := len(d.after[name])
		if name.object == "opportunity" {
			p += 1 << 20
		}
		if p > points {
			best, points = name, p
		}
	}
	return best, points >= 0
}

func (d *demo) showDeal() {
	name, ok := d.deal()
	if !ok {
		return
	}
	r := d.records[name]
	called := title(r)
	if called == "" && len(d.after[name]) > 0 { // a tombstone says nothing: take what it said before
		called = title(recordState{Fields: undo(r.Fields, d.after[name][0].Changes)})
	}
	d.heading("History of the %s %s, newest first", name.object, strings.TrimSpace(called+" ("+name.id+")"))
	d.printf("%s", historyTable(r, d.after[name], worthShowing).format(d.paint, "  "))
	for i, p := range d.posted {
		for _, ch := range p.changes {
			why, ignored := strings.CutPrefix(d.outcome(i).text, "ignored: ")
			if newer := newerThan(d.after[name], ch); ignored && newer > 0 && (recordName{ch.Object, ch.ID}) == name {
				why += fmt.Sprintf(", after rev %d", newer)
				d.printf("  %s\n", d.paint.paint(dim, fmt.Sprintf("Ignored: %s, %q of %s: %s.", p.name, ch.Action, instant(ch.Version.Time()), why)))
			}
		}
	}
}

// newerThan gives the oldest revision that is newer than a change, 0 if there is none.
func newerThan(revisions []revision, ch record.Change) int64 {
	var rev int64
	for _, r := range revisions { // newest first
		if r.Version.After(ch.Version.Time()) {
			rev = r.Rev
		}
	}
	return rev
}

// worthShowing leaves out what a person does not look for: bookkeeping, and of a new record all but the essentials.
func worthShowing(rev revision, ch change) bool {
	if rev.FromRev == 0 {
		return display(ch.New) != "-" && display(ch.New) != `""` && slices.Contains([]string{"lead_name", "contact_name", "display_name",
			"status_label", "value", "confidence", "user_name", "date_won", "note"}, ch.Field)
	}
	for _, suffix := range []string{"date_updated", "updated_by", "updated_by_name", "_formatted", "_id", "_html", "status_display_name",
		"status_type", "annualized_value", "expected_value"} {
		if strings.HasSuffix(ch.Field, suffix) {
			return false
		}
	}
	return true
}

func (d *demo) showAside() {
	if len(d.aside) == 0 {
		return
	}
	d.heading("Set aside, because it could not be applied (nothing is lost: `leadline quarantine show ID`)")
	t := &table{head: []string{"ID", "REASON", "EXPLANATION"}}
	for _, e := range d.aside {
		t.add(text(e.ID), styled(yellow, e.Reason), text(e.Detail))
	}
	d.printf("%s", t.format(d.paint, "  "))
}
