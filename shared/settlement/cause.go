package settlement

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"leadline/shared/incentive"
	"leadline/shared/money"
	"leadline/shared/record"
)

// maxNamed bounds the records that a cause names.
const maxNamed = 10

// comparison is two sides, with what differs between them.
type comparison struct {
	facts    Facts
	was, now side
	// changed are the credits that count otherwise, by id, in ascending order.
	changed []string
	// known is what beside found, by component.
	known map[string][]Change
}

func newComparison(f Facts, was, now *Reckoned) *comparison {
	c := &comparison{facts: f, was: newSide(was), now: newSide(now), known: map[string][]Change{}}
	for id, then := range c.was.credits {
		if !counts(then, c.now.credits[id]) {
			c.changed = append(c.changed, id)
		}
	}
	for id := range c.now.credits {
		if c.was.credits[id] == nil {
			c.changed = append(c.changed, id)
		}
	}
	slices.Sort(c.changed)
	return c
}

// counts tells whether two credits count the same, of whatever version of record and plan they are.
func counts(a, b *incentive.Credit) bool {
	return a != nil && b != nil && a.Component == b.Component && a.Kind == b.Kind && a.Date == b.Date && a.At.Equal(b.At) && a.Value.Equal(b.Value) &&
		a.Share.Equal(b.Share) && a.Weight.Equal(b.Weight) && a.Key == b.Key && maps.Equal(a.Cell, b.Cell) && a.Release == b.Release &&
		a.Levels == b.Levels && a.Reversal == b.Reversal && a.Of == b.Of && a.TakeBack == b.TakeBack
}

// recordOf gives the record of a credit.
func (c *comparison) recordOf(credit string) (record.Key, bool) {
	for _, s := range []side{c.now, c.was} {
		if found := s.credits[credit]; found != nil {
			return found.Record, true
		}
		if held := s.holds[credit]; held != nil {
			return held.Record, true
		}
	}
	return record.Key{}, false
}

// cause says why a row differs.
func (c *comparison) cause(k rowKey) Change {
	if k.kind == OfPrize {
		return c.ranks()
	}
	if _, found := slices.BinarySearch(c.changed, k.credit); found {
		return c.own(k.credit)
	}
	found := c.around(k)
	if len(found) == 0 {
		return Change{Code: EngineChanged, Detail: c.engines()}
	}
	first := found[0]
	details := make([]string, len(found))
	for i := range found {
		details[i] = found[i].Detail
		if first.Records == nil {
			first.Records = found[i].Records
		}
	}
	first.Detail = strings.Join(details, " ")
	return first
}

// own says how the line's own credit changed.
func (c *comparison) own(credit string) Change {
	then, now := c.was.credits[credit], c.now.credits[credit]
	key, _ := c.recordOf(credit)
	changed := changeOf(key, then, now)
	cause := Change{Records: []RecordChange{changed}}
	name := shown(key)
	switch {
	case then == nil:
		cause.Code, cause.Detail = RecordAdded, fmt.Sprintf("%s counts now, with %s.", name, changed.Now)
	case now == nil:
		cause.Code, cause.Detail = RecordGone, fmt.Sprintf("%s counts no more; it counted with %s.", name, changed.Was)
	default:
		cause.Code, cause.Detail = RecordChanged, fmt.Sprintf("%s counts otherwise: %s.", name, otherwise(then, now))
	}
	same := then != nil && now != nil && then.Rev == now.Rev || c.facts.Unchanged != nil && c.facts.Unchanged(key)
	if !same {
		if plan, found := c.plan(); found {
			cause.Detail += " " + plan.Detail
		}
		return cause
	}
	why, found := c.plan()
	switch {
	case found:
	case then != nil && now != nil && !reflect.DeepEqual(then.Rate, now.Rate):
		why = Change{Code: RatesChanged, Detail: "The exchange rate that converts it is another."}
	case then != nil && now != nil && then.Share.Equal(now.Share):
		why = Change{Code: RecordChanged, Detail: "What it is joined with changed."}
	default:
		why = Change{Code: PeopleChanged, Detail: "The record did not change: whom it counts for did."}
	}
	cause.Code, cause.Detail = why.Code, cause.Detail+" "+why.Detail
	return cause
}

// around gives what else changed that a row depends on, what is likely to have done it first.
func (c *comparison) around(k rowKey) []Change {
	taken, settled := c.taken(k.credit)
	if !settled {
		return c.beside(k.component)
	}
	found := []Change{taken}
	for _, other := range c.beside(k.component) {
		if other.Code != CarriedOver { // said more exactly
			found = append(found, other)
		}
	}
	return found
}

// beside gives what else changed that any row of a component depends on, or of the whole, if it is empty. It is the same for all rows,
// of which there may be thousands.
func (c *comparison) beside(component string) []Change {
	if found, known := c.known[component]; known {
		return found
	}
	var found []Change
	add := func(change Change, is bool) {
		if is {
			found = append(found, change)
		}
	}
	switch {
	case c.was.Reckoned == nil && len(c.changed) == 0:
		add(Change{Code: PeopleChanged, Detail: "There was no statement for the period: who takes part changed."}, true)
	case c.now.Reckoned == nil && len(c.changed) == 0:
		add(Change{Code: PeopleChanged, Detail: "There is no statement for the period any more: who takes part changed."}, true)
	}
	add(c.plan())
	add(c.goals(component))
	add(c.people(component))
	here, moved := c.others(func(of *incentive.Credit) bool {
		return c.inPeriod(of) && (component == "" || of.Component == component)
	})
	add(here, moved)
	add(c.before())
	if !moved { // a gate looks at other components, a window at earlier periods
		add(c.others(func(*incentive.Credit) bool { return true }))
	}
	c.known[component] = found
	return found
}

// inPeriod tells whether a credit is of the period, rather than of what a window looks back to.
func (c *comparison) inPeriod(of *incentive.Credit) bool {
	for _, s := range []side{c.was, c.now} {
		if s.Reckoned != nil && s.Input.Period.Holds(of.Date) {
			return true
		}
	}
	return false
}

// both tells whether there are two sides to compare.
func (c *comparison) both() bool { return c.was.Reckoned != nil && c.now.Reckoned != nil }

// taken tells whether what a credit takes back, or has held, is another amount than before.
func (c *comparison) taken(credit string) (Change, bool) {
	now := c.now.credits[credit]
	if !c.both() || credit == "" {
		return Change{}, false
	}
	if now != nil && now.TakeBack && c.was.Input.Taken[now.Of] != c.now.Input.Taken[now.Of] {
		return Change{Code: CarriedOver, Detail: "What the lost deal had earned in its own period is another amount now."}, true
	}
	if then, held := c.was.holds[credit], c.now.holds[credit]; !reflect.DeepEqual(then, held) {
		return Change{Code: CarriedOver, Detail: "What earlier periods held back of it is another amount now, or is released on another day."}, true
	}
	return Change{}, false
}

// taken gives what credits had earned in their own periods that are taken back.
func (s side) taken() map[string]money.Amount {
	taken := map[string]money.Amount{}
	for _, c := range s.credits {
		if earned, known := s.Input.Taken[c.Of]; c.TakeBack && known {
			taken[c.Of] = earned
		}
	}
	return taken
}

func (c *comparison) plan() (Change, bool) {
	if !c.both() || slices.Equal(c.was.Versions, c.now.Versions) {
		return Change{}, false
	}
	return Change{Code: PlanChanged, Detail: fmt.Sprintf("The period goes by version %s of the plan, in place of %s.", list(c.now.Versions), list(c.was.Versions))}, true
}

func list(versions []int) string {
	texts := make([]string, len(versions))
	for i, v := range versions {
		texts[i] = fmt.Sprint(v)
	}
	return orNone(strings.Join(texts, " and "))
}

// goals tells whether those of a component changed, or of any, if it is empty.
func (c *comparison) goals(component string) (Change, bool) {
	if !c.both() {
		return Change{}, false
	}
	of := func(s side) (texts []string) {
		for _, g := range s.Input.Goals {
			if component == "" || g.Component == component {
				texts = append(texts, fmt.Sprint(g.Component, " ", g.Target, " ", g.Amount, " ", g.Span))
			}
		}
		slices.Sort(texts)
		return texts
	}
	if slices.Equal(of(c.was), of(c.now)) {
		return Change{}, false
	}
	return Change{Code: GoalsChanged, Detail: "The participant's quota or target changed."}, true
}

func (c *comparison) people(component string) (Change, bool) {
	if !c.both() {
		return Change{}, false
	}
	then, now := &c.was.Input, &c.now.Input
	same := slices.Equal(then.Spans, now.Spans) && slices.Equal(then.ComponentSpans[component], now.ComponentSpans[component])
	if component == "" {
		same = slices.Equal(then.Spans, now.Spans) && (len(then.ComponentSpans)+len(now.ComponentSpans) == 0 || reflect.DeepEqual(then.ComponentSpans, now.ComponentSpans))
	}
	if same {
		return Change{}, false
	}
	return Change{Code: PeopleChanged, Detail: "The days on which the participant takes part changed."}, true
}

// others says which records count otherwise, of the credits that a row depends on; false for none.
func (c *comparison) others(scope func(*incentive.Credit) bool) (Change, bool) {
	found := map[record.Key]RecordChange{}
	for _, id := range c.changed {
		then, now := c.was.credits[id], c.now.credits[id]
		if then != nil && scope(then) || now != nil && scope(now) {
			key, _ := c.recordOf(id)
			found[key] = found[key].plus(changeOf(key, then, now))
		}
	}
	if len(found) == 0 {
		return Change{}, false
	}
	cause := Change{Code: OtherRecords}
	keys := slices.SortedFunc(maps.Keys(found), func(a, b record.Key) int { return strings.Compare(nameOf(a), nameOf(b)) })
	unchanged := c.facts.Unchanged != nil
	for at, key := range keys {
		if unchanged = unchanged && c.facts.Unchanged(key); at < maxNamed {
			cause.Records = append(cause.Records, found[key])
		}
	}
	names := make([]string, len(cause.Records))
	for at, r := range cause.Records {
		names[at] = shown(r.Record)
	}
	cause.Detail = "Other records count otherwise: " + strings.Join(names, ", ")
	if more := len(keys) - len(names); more > 0 {
		cause.Detail += fmt.Sprintf(" and %d more", more)
	}
	cause.Detail += "."
	if unchanged {
		cause.Code = PeopleChanged
		cause.Detail += " They did not change: whom they count for did."
	}
	return cause, true
}

// before tells whether the period before leaves something else.
func (c *comparison) before() (Change, bool) {
	if !c.both() {
		return Change{}, false
	}
	then, now := &c.was.Input.Before, &c.now.Input.Before
	var told []string
	for _, one := range []struct {
		what string
		same bool
	}{
		{"advances that are owed", slices.Equal(then.Owed, now.Owed)},
		{"what caps cut off", maps.Equal(then.Excess, now.Excess)},
		{"what is held back", len(then.Holds)+len(now.Holds) == 0 || reflect.DeepEqual(then.Holds, now.Holds)},
		{"what was earned to date", len(then.ToDate)+len(now.ToDate) == 0 || reflect.DeepEqual(then.ToDate, now.ToDate)},
		{"the number of periods", then.Periods == now.Periods},
		{"what lost deals had earned", maps.Equal(c.was.taken(), c.now.taken())},
	} {
		if !one.same {
			told = append(told, one.what)
		}
	}
	if len(told) == 0 {
		return Change{}, false
	}
	return Change{Code: CarriedOver, Detail: "Earlier periods leave something else: " + strings.Join(told, ", ") + "."}, true
}

// ranks says why prizes differ.
func (c *comparison) ranks() Change {
	told := func(s side) string {
		if s.Reckoned == nil {
			return "no statement"
		}
		rank := "no rank"
		if s.Standing.Rank > 0 {
			rank = fmt.Sprintf("rank %d", s.Standing.Rank)
		}
		if s.Standing.Score != "" {
			rank += " with " + s.Standing.Score
		}
		return rank
	}
	return Change{Code: RanksChanged, Detail: fmt.Sprintf("There was %s, and is %s.", told(c.was), told(c.now))}
}

func (c *comparison) engines() string {
	revision := func(s side) int {
		if s.Reckoned == nil {
			return 0
		}
		return s.Engine
	}
	return fmt.Sprintf("The same inputs come to something else by revision %d of the engine than by revision %d.", revision(c.now), revision(c.was))
}
