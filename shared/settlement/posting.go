package settlement

import (
	"fmt"
	"maps"
	"slices"

	"leadline/shared/calendar"
	"leadline/shared/incentive"
	"leadline/shared/ledger"
	"leadline/shared/record"
)

// maxPostedRecords bounds, for each locked period and code, the records whose adjustments are postings of their own; those of
// further records are one posting. So a statement has few postings, whatever changed; which records they are, the document says.
const maxPostedRecords = 50

// Postings gives what a document posts: an entry for each component, limit, kind of hold and prize of r, which is what the period
// came to; for each locked period those of what changed in it; and for each manual adjustment. What comes to nothing is left out.
// By currency, they sum to Credited, and Benefits in kind; in points, to Points. by is the audit actor, on the day of the entries.
//
// Causes are the same whenever a document is posted, so that it is posted once; a manual adjustment has one for itself, whatever
// document it is in. They hold ids and codes only, and no text that a person wrote.
func Postings(d Document, r Reckoned, by string, on calendar.Date) []ledger.Posting {
	p := poster{d: d, by: by, on: on}
	if _, hash, err := d.Encode(); err == nil { // what cannot be encoded was never stored, and is not posted
		p.hash = hash
	}
	if d.Reckoned != "" {
		p.result(r)
		p.prizes(r.Standing.Prizes)
	}
	p.adjustments()
	for _, m := range d.Manual {
		p.manual(m)
	}
	return p.all
}

type poster struct {
	d    Document
	by   string
	on   calendar.Date
	hash string
	all  []ledger.Posting
}

func (p *poster) result(r Reckoned) {
	for _, o := range r.Result.Components {
		p.post(ledger.Cause{Kind: ledger.Earning, Component: o.Component}, fmt.Sprintf("earning/%s/%d", o.Component, o.Version), amounts{credited: o.Amount})
	}
	for _, l := range r.Result.Limits {
		changed := map[incentive.LineKind]int64{}
		for _, line := range l.Lines {
			changed[line.Kind] += line.Amount
		}
		for _, kind := range slices.Sorted(maps.Keys(changed)) {
			p.post(ledger.Cause{Kind: ledger.Limit, Code: string(kind)}, fmt.Sprintf("limit/%d/%s", l.Step, kind), amounts{credited: changed[kind]})
		}
	}
	held, s := map[string]map[incentive.LineKind]int64{}, newSide(&r)
	for _, line := range r.Result.Holds {
		component := s.heldIn(line.Credit)
		if held[component] == nil {
			held[component] = map[incentive.LineKind]int64{}
		}
		held[component][line.Kind] += line.Amount
	}
	for _, component := range slices.Sorted(maps.Keys(held)) {
		for _, kind := range slices.Sorted(maps.Keys(held[component])) {
			p.post(ledger.Cause{Kind: ledger.Hold, Component: component, Code: string(kind)}, fmt.Sprintf("hold/%s/%s", component, kind), amounts{credited: held[component][kind]})
		}
	}
}

func (p *poster) prizes(prizes []incentive.Prize) {
	for at, won := range prizes {
		code := "rank"
		if won.Milestone != "" {
			code = "milestone"
		}
		points, err := millionths(won.Points)
		if err != nil {
			points = 0 // no document is made of such a prize
		}
		p.post(ledger.Cause{Kind: ledger.Prize, Code: code}, fmt.Sprintf("prize/%d", at), amounts{credited: won.Amount, points: points})
	}
}

// group is adjustments that are one posting.
type group struct {
	amounts
	period string
	cause  Change // its Records are one, or none
}

func (p *poster) adjustments() {
	for at, g := range groups(p.d.Adjustments) {
		cause := ledger.Cause{Kind: ledger.Adjustment, Period: g.period, Code: string(g.cause.Code)}
		if len(g.cause.Records) == 1 {
			changed := g.cause.Records[0]
			key := changed.Record
			cause.Record, cause.WasRev, cause.NowRev = &key, changed.WasRev, changed.NowRev
		}
		p.post(cause, fmt.Sprintf("adjustment/%s/%d", g.period, at), g.amounts)
	}
}

// groups gathers adjustments by locked period and code, and by record where the line's own record changed, in their order.
func groups(all []Adjustment) []*group {
	type key struct {
		period string
		code   ChangeCode
		record record.Key
	}
	var ordered []*group
	found := map[key]*group{}
	records := map[key]int{}
	for _, a := range all {
		k := key{period: a.Period, code: a.Cause.Code}
		cause := Change{Code: a.Cause.Code}
		if own(a.Cause) {
			one := k
			one.record = a.Cause.Records[0].Record
			if found[one] != nil || records[k] < maxPostedRecords {
				if found[one] == nil {
					records[k]++
				}
				k, cause.Records = one, a.Cause.Records
			}
		}
		g := found[k]
		if g == nil {
			g = &group{period: a.Period, cause: cause}
			found[k], ordered = g, append(ordered, g)
		}
		if a.Points {
			g.points += a.Amount
		} else {
			g.credited += a.Amount
		}
	}
	return ordered
}

// own tells whether a line's own record is the cause.
func own(c Change) bool {
	return (c.Code == RecordAdded || c.Code == RecordGone || c.Code == RecordChanged) && len(c.Records) == 1
}

func (p *poster) manual(m Manual) {
	cause, given := ledger.Cause{Kind: ledger.Manual, Ref: m.ID, Code: string(m.Kind)}, amounts{}
	switch m.Kind {
	case ByHandPoints:
		given.points = m.Amount
	case ByHandBenefit:
		cause.Kind, given.benefit = ledger.InKind, m.Amount
	default:
		given.credited = m.Amount
	}
	cause.ID = "manual/" + m.ID
	p.entry(cause, given)
}

// amounts is what an entry gives.
type amounts struct{ credited, benefit, points int64 }

// post adds an entry of the settlement.
func (p *poster) post(cause ledger.Cause, id string, given amounts) {
	cause.ID = fmt.Sprintf("%s/%s/%d/%s", p.d.Program, p.d.Period.Name, p.d.Revision, id)
	p.entry(cause, given)
}

func (p *poster) entry(cause ledger.Cause, given amounts) {
	cause.Program, cause.In, cause.Document, cause.By = p.d.Program, p.d.Period.Name, p.hash, p.by
	if cause.Period == "" {
		cause.Period = p.d.Period.Name
	}
	var legs []ledger.Leg
	add := func(to ledger.Kind, unit ledger.Unit, payer string, amount int64) {
		if amount != 0 {
			legs = append(legs, ledger.Leg{Account: ledger.Account{Kind: ledger.Cost, Unit: unit, Payer: payer}, Amount: -amount},
				ledger.Leg{Account: ledger.Account{Kind: to, Unit: unit, Payer: payer}, Amount: amount})
		}
	}
	add(ledger.Owed, ledger.Unit(p.d.Currency), p.d.Payer, given.credited)
	add(ledger.Benefit, ledger.Unit(p.d.Currency), p.d.Payer, given.benefit)
	add(ledger.Owed, ledger.Points, "", given.points)
	if legs != nil {
		p.all = append(p.all, ledger.Posting{Cause: cause, Date: p.on, Legs: legs})
	}
}
