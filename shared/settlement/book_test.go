package settlement_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"leadline/shared/calendar"
	"leadline/shared/incentive"
	"leadline/shared/incentive/incentivetest"
	"leadline/shared/ledger"
	"leadline/shared/money"
	"leadline/shared/number"
	"leadline/shared/program"
	"leadline/shared/record"
	"leadline/shared/settlement"
)

// book plays an example: what there is at a time, what was settled, and what is posted.
type book struct {
	inputs   map[string]string            // the tables that stand, by heading
	plans    []string                     // the sections of the plan that stands
	planned  bool                         // the last section was one of a plan
	before   int                          // versions of plans that stand no more
	deals    map[string]incentivetest.Row // as they were last
	revs     map[string]int64             // of deals
	manual   []settlement.Manual          // that wait
	periods  []string                     // that are locked, in their order
	settled  map[string]map[string]settled
	credited map[string]int64 // by participant, without what was added by hand
	last     map[string]made  // of the last settlement, by participant
	// payable is what the engine says of the locked periods now, by participant.
	payable map[string]int64
}

// settled is what a period of somebody is settled as, with how the records were.
type settled struct {
	reckoned *settlement.Reckoned
	revs     map[string]int64
}

// made is what a settlement made of somebody.
type made struct {
	document settlement.Document
	postings []ledger.Posting
}

func newBook() *book {
	return &book{inputs: map[string]string{}, deals: map[string]incentivetest.Row{}, revs: map[string]int64{}, settled: map[string]map[string]settled{},
		credited: map[string]int64{}}
}

// take replaces a table, or the plan.
func (b *book) take(heading, body string) {
	section := "## " + heading + "\n" + body + "\n"
	name, _, _ := strings.Cut(heading, " ")
	if name != "Plan" {
		b.inputs[name], b.planned = section, false
		return
	}
	if !b.planned {
		b.before, b.plans = b.before+len(b.plans), nil
	}
	b.plans, b.planned = append(b.plans, section), true
}

// reckoned gives what everybody's periods come to now, up to one: by period and participant.
func (b *book) reckoned(period string, who []string) (map[string]map[string]*settlement.Reckoned, error) {
	text := "# Now\n" + strings.Join(b.plans, "")
	for _, name := range slices.Sorted(maps.Keys(b.inputs)) {
		text += b.inputs[name]
	}
	text += "## Expect\nperiod | who\n"
	for _, name := range append(slices.Clone(b.periods), period) {
		for _, one := range who {
			text += name + " | " + one + "\n"
		}
	}
	c, err := incentivetest.Parse(text)
	if err != nil {
		return nil, err
	}
	for i := range c.Versions {
		c.Versions[i].Number += b.before
	}
	for _, row := range c.Tables["Deals"].Rows {
		if id := row["id"]; !maps.Equal(b.deals[id], row) {
			b.deals[id] = row
			b.revs[id]++
		}
	}
	plan, err := incentive.Compile(c.Versions)
	if err != nil {
		return nil, err
	}
	run, err := c.Run(plan, plan.Calculate)
	if err != nil {
		return nil, err
	}
	all := map[string]map[string]*settlement.Reckoned{}
	for _, u := range run.Units {
		if all[u.Period] == nil {
			all[u.Period] = map[string]*settlement.Reckoned{}
		}
		all[u.Period][u.Participant] = b.one(c, run, u)
	}
	for name, of := range all {
		if err := ranked(c, name, of); err != nil {
			return nil, err
		}
	}
	return all, nil
}

func (b *book) one(c incentivetest.Case, run *incentivetest.Run, u incentivetest.Unit) *settlement.Reckoned {
	in, result := run.Inputs[u], run.Results[u]
	windows := slices.ContainsFunc(c.Versions, func(v program.Version) bool {
		return slices.ContainsFunc(v.Definition.Components, func(c program.Component) bool { return c.Measure.Window != "" })
	})
	in.Credits = slices.DeleteFunc(slices.Clone(in.Credits), func(c incentive.Credit) bool { return !windows && !in.Period.Holds(c.Date) })
	for i := range in.Credits {
		in.Credits[i].Rev = b.revs[in.Credits[i].Record.ID]
	}
	r := &settlement.Reckoned{Engine: incentive.Revision, Input: in, Result: result, Standing: incentive.Standing{Currency: result.Currency,
		Unit: incentive.Unit{Participant: u.Participant, Period: u.Period}, Earned: result.Earned, Payable: result.Payable, Base: result.Payable, After: result.After}}
	for _, v := range c.Versions {
		if (calendar.Span{From: v.From, Until: v.Until}).Overlaps(in.Period.Span) {
			r.Versions = append(r.Versions, v.Number)
		}
	}
	return r
}

// ranked ranks a period, where the plan does.
func ranked(c incentivetest.Case, period string, of map[string]*settlement.Reckoned) error {
	d := c.Versions[len(c.Versions)-1].Definition
	if d.Standing == nil {
		return nil
	}
	var standings []incentive.Standing
	for _, r := range of {
		s := r.Standing
		s.Score = incentivetest.Score(d.Standing.By, d.Components[0].Name, r.Result).String()
		standings = append(standings, s)
	}
	digits, _ := money.Digits(d.Currency)
	standings, err := incentive.Rank(*d.Standing, standings, digits)
	for _, s := range standings {
		of[s.Participant].Standing = s
	}
	return err
}

// settle locks a period.
func (b *book) settle(period string, who []string) error {
	all, err := b.reckoned(period, who)
	if err != nil {
		return err
	}
	people := map[string]bool{}
	for _, of := range all {
		for one := range of {
			people[one] = true
		}
	}
	b.last, b.payable = map[string]made{}, map[string]int64{}
	if b.settled[period] == nil {
		b.settled[period] = map[string]settled{}
	}
	for _, one := range slices.Sorted(maps.Keys(people)) {
		if err := b.settleOne(period, one, all); err != nil {
			return err
		}
	}
	b.periods, b.manual = append(b.periods, period), nil
	return nil
}

func (b *book) settleOne(period, who string, all map[string]map[string]*settlement.Reckoned) error {
	now := all[period][who]
	draft := settlement.Draft{Settlement: settlement.New("org_a", "prg_1", now.Input.Period, now.Result.Currency), Title: "Plan", Participant: who, Payer: "pyr_1", Reckoned: now}
	draft.Settlement.Revision = 1
	var err error
	if _, draft.Hash, err = now.Encode(); err != nil {
		return err
	}
	for _, locked := range b.periods {
		was := b.settled[locked][who]
		facts := settlement.Facts{Unchanged: func(k record.Key) bool { return was.reckoned != nil && was.revs[k.ID] == b.revs[k.ID] }}
		draft.Adjustments = append(draft.Adjustments, facts.Differences(locked, was.reckoned, all[locked][who])...)
		b.settled[locked][who] = settled{all[locked][who], maps.Clone(b.revs)}
		b.payable[who] += all[locked][who].Standing.Payable
	}
	b.settled[period][who] = settled{now, maps.Clone(b.revs)}
	b.payable[who] += now.Standing.Payable
	for _, m := range b.manual {
		if m.Participant == who {
			draft.Manual = append(draft.Manual, m)
		}
	}
	document, err := settlement.NewDocument(draft)
	if err != nil {
		return err
	}
	b.credited[who] += document.Payable + document.Adjusted
	b.last[who] = made{document, settlement.Postings(document, *now, "per_ann", "2026-12-31")}
	return nil
}

// check finds what has to hold for every settlement: postings balance, and sum to what the document says, which with all that was
// credited before is what the engine says now; no text of people reaches the ledger.
func (b *book) check() (wrong []string) {
	for who, m := range b.last {
		sums, posted := map[ledger.Unit]int64{}, map[ledger.Account]int64{}
		causes := map[string]bool{}
		for _, p := range m.postings {
			if causes[p.Cause.ID] || len(p.Legs) == 0 {
				wrong = append(wrong, fmt.Sprintf("%s: %s is posted twice, or without legs", who, p.Cause.ID))
			}
			causes[p.Cause.ID] = true
			for _, l := range p.Legs {
				sums[l.Unit] += l.Amount
				posted[l.Account] += l.Amount
				if l.Amount == 0 {
					wrong = append(wrong, who+": a leg of nothing")
				}
			}
			if strings.Contains(fmt.Sprintf("%+v", p), "because") {
				wrong = append(wrong, who+": a reason reached the ledger")
			}
		}
		d := m.document
		for unit, sum := range sums {
			if sum != 0 {
				wrong = append(wrong, fmt.Sprintf("%s: %s is out of balance by %d", who, unit, sum))
			}
		}
		for account, want := range map[ledger.Account]int64{
			{Kind: ledger.Owed, Unit: ledger.Unit(d.Currency), Payer: "pyr_1"}:    d.Credited,
			{Kind: ledger.Benefit, Unit: ledger.Unit(d.Currency), Payer: "pyr_1"}: d.Benefits,
			{Kind: ledger.Owed, Unit: ledger.Points}:                              d.Points,
			{Kind: ledger.Cost, Unit: ledger.Points}:                              -d.Points,
		} {
			if posted[account] != want {
				wrong = append(wrong, fmt.Sprintf("%s: %+v has %d, want %d", who, account, posted[account], want))
			}
		}
		if b.credited[who] != b.payable[who] {
			wrong = append(wrong, fmt.Sprintf("%s: %d was settled, and the engine says %d", who, b.credited[who], b.payable[who]))
		}
	}
	return wrong
}

// major writes minor units as the examples do, without separators.
func major(minor int64, currency string) string {
	text := money.Amount{Minor: minor, Currency: currency}.String()
	text, _, _ = strings.Cut(text, " ")
	return text
}

// asMajor brings a cell to the same form.
func asMajor(cell, currency string) string {
	n, err := number.Parse(strings.ReplaceAll(cell, ",", ""))
	if err != nil {
		return cell
	}
	a, err := money.FromMajor(n, currency, number.HalfAway)
	if err != nil {
		return cell
	}
	return major(a.Minor, currency)
}

// points writes millionths of points.
func points(n int64) string { return number.Frac(n, ledger.PointScale).String() }
