package game

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"

	"leadline/shared/calendar"
	"leadline/shared/fault"
	"leadline/shared/ledger"
	"leadline/shared/money"
	"leadline/shared/number"
	"leadline/shared/schedule"
)

// CodeNoRate is the code of money that has no worth in points: Invalid.
const CodeNoRate = "no_points_rate"

// Mistake is something in rules that cannot be, with its place: "badges[2].when.at_least".
type Mistake struct {
	Place   string
	Message string
}

// Check gives all mistakes of rules; none for rules that can be. Whether programs exist is for who knows them (see Programs).
func (r Rules) Check() []Mistake {
	c := &checker{rules: r, id: regexp.MustCompile(`^[a-z][a-z0-9_]{0,39}$`)}
	if _, err := schedule.Location(r.Zone); err != nil {
		c.say("zone", "%q is no time zone. Write it as Europe/Berlin.", r.Zone)
	}
	c.activities()
	c.badges()
	c.levels()
	c.streaks()
	if r.Tiers != nil {
		c.tiers(*r.Tiers)
	}
	c.rates()
	return c.found
}

// Programs gives the programs that rules name, with the place of each.
func (r Rules) Programs() []Mistake {
	var all []Mistake
	for i, b := range r.Badges {
		if b.When != nil {
			all = append(all, Mistake{at("badges", i, "when.program"), b.When.Program})
		}
	}
	for i, s := range r.Streaks {
		if s.When != nil {
			all = append(all, Mistake{at("streaks", i, "when.program"), s.When.Program})
		}
	}
	if r.Tiers != nil {
		for i, id := range r.Tiers.Programs {
			all = append(all, Mistake{"tiers.programs[" + strconv.Itoa(i) + "]", id})
		}
	}
	return all
}

// Kind gives the kind of activity of an id.
func (r Rules) Kind(id string) (ActivityKind, bool) {
	i := slices.IndexFunc(r.Activities, func(k ActivityKind) bool { return k.ID == id })
	if i < 0 {
		return ActivityKind{}, false
	}
	return r.Activities[i], true
}

// Worth gives what money (minor units of a currency) is worth on a day in millionths of points, and by which rate. Invalid
// (CodeNoRate) if no rate counts on that day.
func (r Rules) Worth(minor int64, currency string, on calendar.Date) (int64, Rate, error) {
	for _, rate := range r.Rates {
		if rate.Currency != currency || !(calendar.Span{From: rate.From, Until: rate.Until}).Holds(on) {
			continue
		}
		each, err := number.Parse(rate.Points)
		if err != nil {
			return 0, rate, err
		}
		points, err := number.Of(minor).Mul(each).Mul(number.Of(ledger.PointScale)).Round(0, number.Mode(rate.Rounding))
		return points, rate, err
	}
	return 0, Rate{}, fault.New(fault.Invalid, CodeNoRate, "No rate says what %s is worth in points on %s. Add one to the rates of the rules.", currency, on)
}

// checker gathers mistakes.
type checker struct {
	rules Rules
	id    *regexp.Regexp
	found []Mistake
}

func (c *checker) say(place, format string, args ...any) {
	c.found = append(c.found, Mistake{place, fmt.Sprintf(format, args...)})
}

func at(list string, i int, field string) string { return list + "[" + strconv.Itoa(i) + "]." + field }

// ids checks one id of a list; seen are those before it.
func (c *checker) ids(place, id string, seen map[string]bool) {
	switch {
	case !c.id.MatchString(id):
		c.say(place, "An id is 1 to 40 small letters, digits and underscores, and begins with a letter.")
	case seen[id]:
		c.say(place, "Another one has the id %q. Choose one of its own.", id)
	}
	seen[id] = true
}

func (c *checker) points(place, text string, needed bool) int64 {
	n, fits := Millionths(text)
	switch {
	case !fits:
		c.say(place, "%q is no number of points with at most 6 decimals.", text)
	case n < 0 || needed && text == "":
		c.say(place, "Points are 0 or more here.")
	}
	return n
}

// period tells whether there are periods of the kind.
func (c *checker) period(place string, kind calendar.Kind) {
	if !slices.Contains(calendar.Kinds(), kind) {
		c.say(place, "%q is no kind of period. There are %v.", kind, calendar.Kinds())
	}
}

func (c *checker) activities() {
	seen := map[string]bool{}
	for i, k := range c.rules.Activities {
		c.ids(at("activities", i, "id"), k.ID, seen)
		c.points(at("activities", i, "points"), k.Points, false)
		for j, limit := range k.Caps {
			place := at("activities", i, "caps["+strconv.Itoa(j)+"]")
			c.period(place+".per", limit.Per)
			if limit.Times < 1 {
				c.say(place+".times", "A cap is 1 or more. Leave the points out if none are to be given.")
			}
			if slices.ContainsFunc(k.Caps[:j], func(o Cap) bool { return o.Per == limit.Per }) {
				c.say(place+".per", "There is a cap per %s already.", limit.Per)
			}
		}
	}
}

func (c *checker) badges() {
	seen := map[string]bool{}
	for i, b := range c.rules.Badges {
		c.ids(at("badges", i, "id"), b.ID, seen)
		c.named(at("badges", i, "name"), b.Name)
		c.points(at("badges", i, "points"), b.Points, false)
		switch {
		case (b.When == nil) == (b.Count == nil):
			c.say(at("badges", i, "when"), "A badge is given for a condition (when) or for a number of activities (count): say one of them.")
		case b.When != nil:
			c.condition(at("badges", i, "when"), *b.When)
			if b.InARow < 0 || b.InARow > 60 {
				c.say(at("badges", i, "in_a_row"), "It is 0 to 60.")
			}
		default:
			c.activity(at("badges", i, "count.activity"), b.Count.Activity)
			if b.Count.AtLeast < 1 {
				c.say(at("badges", i, "count.at_least"), "It is 1 or more.")
			}
			if b.Count.Per != "" {
				c.period(at("badges", i, "count.per"), b.Count.Per)
			}
			if b.InARow > 1 {
				c.say(at("badges", i, "in_a_row"), "Only a condition can hold in a row.")
			}
			if b.EachPeriod && b.Count.Per == "" {
				c.say(at("badges", i, "each_period"), "Say which periods with count.per.")
			}
		}
	}
}

func (c *checker) named(place, name string) {
	if name == "" {
		c.say(place, "Give it a name.")
	}
}

func (c *checker) activity(place, id string) {
	if _, found := c.rules.Kind(id); !found {
		c.say(place, "There is no kind of activity %q. Declare it in activities.", id)
	}
}

func (c *checker) condition(place string, when Condition) {
	if when.Program == "" {
		c.say(place+".program", "Name the program.")
	}
	if !slices.Contains([]Figure{Attainment, Measure, Earned}, when.Of) {
		c.say(place+".of", "It is attainment, measure or earned.")
	}
	if when.Component == "" && when.Of != Earned {
		c.say(place+".component", "Name the component whose %s it is.", when.Of)
	}
	if _, err := number.Parse(when.AtLeast); err != nil {
		c.say(place+".at_least", "%q is no number.", when.AtLeast)
	}
}

func (c *checker) levels() {
	last := int64(-1)
	for i, l := range c.rules.Levels {
		c.named(at("levels", i, "name"), l.Name)
		n := c.points(at("levels", i, "points"), l.Points, true)
		if n <= last {
			c.say(at("levels", i, "points"), "Each level takes more points than the one before.")
		}
		last = n
	}
}

func (c *checker) streaks() {
	seen := map[string]bool{}
	for i, s := range c.rules.Streaks {
		c.ids(at("streaks", i, "id"), s.ID, seen)
		c.named(at("streaks", i, "name"), s.Name)
		switch {
		case (s.When == nil) == (len(s.Activities) == 0):
			c.say(at("streaks", i, "when"), "A streak is of a condition (when) or of activities: say one of them.")
		case s.When != nil:
			c.condition(at("streaks", i, "when"), *s.When)
			if s.Per != "" {
				c.say(at("streaks", i, "per"), "The periods of a condition are those of its program: leave it out.")
			}
		default:
			c.period(at("streaks", i, "per"), s.Per)
			for j, id := range s.Activities {
				c.activity(at("streaks", i, "activities["+strconv.Itoa(j)+"]"), id)
			}
		}
	}
}

func (c *checker) tiers(t Tiers) {
	if (t.Months == 0) == (t.Per == "") {
		c.say("tiers.months", "Tiers go by a window of months or by the present period (per): say one of them.")
	}
	if t.Months < 0 || t.Months > 36 {
		c.say("tiers.months", "It is 1 to 36.")
	}
	if t.Per != "" && !slices.Contains([]calendar.Kind{calendar.Monthly, calendar.Quarterly, calendar.HalfYear, calendar.Yearly}, t.Per) {
		c.say("tiers.per", "It is month, quarter, half or year.")
	}
	if t.GraceMonths < 0 || t.GraceMonths > 24 {
		c.say("tiers.grace_months", "It is 0 to 24.")
	}
	switch t.By {
	case ByPoints:
		if len(t.Programs) > 0 || t.Currency != "" {
			c.say("tiers.programs", "Tiers by points go by no program and no currency.")
		}
	case ByEarnings:
		if len(t.Programs) == 0 {
			c.say("tiers.programs", "Name the programs whose earnings count.")
		}
		if _, known := money.Digits(t.Currency); !known {
			c.say("tiers.currency", "%q is no currency.", t.Currency)
		}
	default:
		c.say("tiers.by", "It is points or earnings.")
	}
	if len(t.Tiers) == 0 {
		c.say("tiers.tiers", "Name at least one tier.")
	}
	for i, tier := range t.Tiers {
		c.named(at("tiers.tiers", i, "name"), tier.Name)
		if slices.ContainsFunc(t.Tiers[:i], func(o Tier) bool { return o.Name == tier.Name }) {
			c.say(at("tiers.tiers", i, "name"), "Another tier is called %q.", tier.Name)
		}
		least, err := number.Parse(tier.AtLeast)
		if err != nil || least.Sign() < 0 {
			c.say(at("tiers.tiers", i, "at_least"), "%q is no number of 0 or more.", tier.AtLeast)
		} else if i > 0 {
			if before, err := number.Parse(t.Tiers[i-1].AtLeast); err == nil && !before.Less(least) {
				c.say(at("tiers.tiers", i, "at_least"), "Each tier takes more than the one before.")
			}
		}
	}
}

func (c *checker) rates() {
	for i, r := range c.rules.Rates {
		if _, known := money.Digits(r.Currency); !known {
			c.say(at("rates", i, "currency"), "%q is no currency.", r.Currency)
		}
		if each, err := number.Parse(r.Points); err != nil || each.Sign() <= 0 {
			c.say(at("rates", i, "points"), "%q is no number above 0.", r.Points)
		}
		if r.Rounding != "" && !slices.Contains(number.Modes(), number.Mode(r.Rounding)) {
			c.say(at("rates", i, "rounding"), "There are %v.", number.Modes())
		}
		span := calendar.Span{From: r.From, Until: r.Until}
		if err := span.Check(); err != nil {
			c.say(at("rates", i, "from"), "%s", fault.Of(err).Message)
			continue
		}
		if slices.ContainsFunc(c.rules.Rates[:i], func(o Rate) bool {
			return o.Currency == r.Currency && span.Overlaps(calendar.Span{From: o.From, Until: o.Until})
		}) {
			c.say(at("rates", i, "from"), "Another rate of %s counts on some of the same days. End it before.", r.Currency)
		}
	}
}
