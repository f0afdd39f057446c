package incentive

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"

	"leadline/shared/calendar"
	"leadline/shared/program"
	"leadline/shared/view"
)

// Credit gives the credits of a record, by ID, and why it, or parts of it, does not count, by component. A record that is gone
// has neither. The same record in the same world gives the same credits, in whatever order records come.
//
// A component counts a record by the version that counts on the record's day. Where two versions date it so differently that
// it would count by both, it counts by the earlier one.
func (p *Plan) Credit(base Base, world World) ([]Credit, []Refusal) {
	var credits []Credit
	var refusals []Refusal
	p.each(base, world, false, func(w *recordWork) {
		if credits == nil {
			credits = w.credits
		} else {
			credits = append(credits, w.credits...)
		}
		refusals = append(refusals, w.refusals...)
	})
	if len(credits) > MaxCredits {
		return nil, []Refusal{{Step: "credit", Code: "too_many_credits", Problem: true,
			Detail: fmt.Sprintf("The record would give %d credits, and one gives at most %d: name fewer people, or make the program several.", len(credits), MaxCredits)}}
	}
	slices.SortFunc(credits, func(a, b Credit) int { return strings.Compare(a.ID, b.ID) })
	slices.SortFunc(refusals, func(a, b Refusal) int {
		return cmp.Or(strings.Compare(a.Component, b.Component), strings.Compare(a.Code, b.Code), strings.Compare(a.Detail, b.Detail))
	})
	return credits, slices.Compact(refusals)
}

// each takes a record through the record steps of each component that is over its data source, and gives what became of it
// there. explain has the steps say what they did, and gives those, too, that no version counts.
func (p *Plan) each(base Base, world World, explain bool, give func(*recordWork)) {
	if base.Record == nil || base.Record.Deleted {
		return
	}
	of := view.Source{Connection: base.Record.Connection, Object: base.Record.Object}
	var credited []string // the components that gave credit by an earlier version
	for i, v := range p.versions {
		for _, c := range v.components {
			if c.source.View.Base != of || slices.Contains(credited, c.Name) {
				continue
			}
			w := &recordWork{plan: p, v: v, c: c, world: world, base: base}
			if explain {
				w.said = &[]Said{}
			}
			w.run()
			switch later := p.versions[i+1:]; {
			case w.elsewhere && !explain:
				continue
			case w.undated() && hasComponent(later, c.Name):
				continue // the last version says so, once
			case len(w.credits) > 0 && len(later) > 0:
				credited = append(credited, c.Name)
			}
			give(w)
		}
	}
}

// run takes the record through the steps, up to the one that refuses it.
func (w *recordWork) run() {
	w.row = w.c.rows.Row(w.base.Record, w.world.Find)
	for _, step := range recordSteps() {
		if step.do(w); w.refused || w.elsewhere {
			return
		}
	}
}

func hasComponent(versions []*version, name string) bool {
	return slices.ContainsFunc(versions, func(v *version) bool {
		return slices.ContainsFunc(v.components, func(c *component) bool { return c.Name == name })
	})
}

// countsOn gives the version that counts on a day; nil if none does.
func (p *Plan) countsOn(d calendar.Date) *version {
	in := p.at(d)
	if in == nil || !p.atEnd {
		return in
	}
	counting := p.counting(in.period(d))
	if last := counting[len(counting)-1].version; last.Definition.MidPeriod == program.AtEnd {
		return last
	}
	return in
}

// period gives the period of the program that a day lies in.
func (v *version) period(d calendar.Date) calendar.Period {
	return v.Definition.Calendar.Of(v.Definition.Period, d)
}

// refuse says why the record counts for nothing in the component. The steps after this one are left out.
func (w *recordWork) refuse(step, code string, problem bool, detail string, args ...any) {
	w.leaveOut(step, code, problem, detail, args...)
	w.credits, w.refused = nil, true
}

// leaveOut says why a part of the record counts for nothing. The other parts go on.
func (w *recordWork) leaveOut(step, code string, problem bool, detail string, args ...any) {
	r := Refusal{Component: w.c.Name, Step: step, Code: code, Detail: fmt.Sprintf(detail, args...), Problem: problem}
	w.refusals = append(w.refusals, r)
	if w.said != nil {
		*w.said = append(*w.said, Said{Step: step, Detail: r.Detail})
	}
}

// id names a credit by what it is for: 26 digits of base 32, which are 130 bits.
func (w *recordWork) id(kind program.CreditKind, participant string, reversal bool) string {
	r := w.base.Record.Key
	sort := "credit"
	if reversal {
		sort = "reversal"
	}
	written := make([]byte, 0, 256)
	for _, part := range [...]string{w.c.Name, r.Organization, r.Connection, r.Object, r.ID, string(kind), participant, sort} {
		written = binary.AppendUvarint(written, uint64(len(part))) // so that no two lists of parts are one text
		written = append(written, part...)
	}
	const digits = "0123456789abcdefghijklmnopqrstuv"
	sum := sha256.Sum256(written)
	var id [26]byte
	bits, left := uint(0), 0
	from := sum[:]
	for i := range id {
		for left < 5 {
			bits, left, from = bits<<8|uint(from[0]), left+8, from[1:]
		}
		left -= 5
		id[i] = digits[bits>>left&31]
	}
	return string(id[:])
}
