package program

import (
	"reflect"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"leadline/shared/calendar"
	"leadline/shared/formula"
	"leadline/shared/money"
	"leadline/shared/schedule"
	"leadline/shared/view"
)

// Rates are the exchange rates that there are, such as a *money.Table.
type Rates interface {
	// Gaps gives the days of a span on which one currency has no rate into another.
	Gaps(from, to string, span calendar.Span) []calendar.Span
}

var _ Rates = (*money.Table)(nil)

// Check gives everything that is wrong with a definition that is to be in force from a day on: each problem with its place. What
// has no error among them can be reckoned with. sources are those that Resolve gave; of a component without one only the rest is
// checked, for Resolve has said why. rates may be nil, if there are none.
//
// It is one list of rules, each a function: see checks.
func Check(d Definition, from calendar.Date, sources map[string]Resolved, rates Rates) []Problem {
	c := &checker{d: EffectiveDefinition(d), from: from, sources: sources, rates: rates, at: map[string]int{}}
	c.settings(reflect.ValueOf(d), "")
	c.components = make([]Component, len(d.Components))
	for i, component := range d.Components {
		if _, doubled := c.at[component.Name]; doubled {
			c.refuse(place("components", i, "name"), CodeTwice, "There is another component %q.", component.Name)
		} else {
			c.at[component.Name] = i
		}
		c.components[i] = Effective(component, sources[component.Name])
	}
	for _, check := range checks() {
		check(c)
	}
	for i := range c.components {
		for _, check := range componentChecks() {
			check(c, &c.components[i], place("components", i))
		}
	}
	slices.SortStableFunc(c.problems, func(a, b Problem) int { return strings.Compare(string(a.Severity), string(b.Severity)) })
	return c.problems
}

// checks are the rules of a program, componentChecks those of a component.
func checks() []func(*checker) {
	return []func(*checker){checkTime, checkMoney, checkParticipants, checkCircles, checkLimits, checkStanding, checkPays}
}

func componentChecks() []func(*checker, *Component, string) {
	return []func(*checker, *Component, string){checkFor, checkFormulas, checkCredit, checkMeasure, checkQuota, checkRate, checkAdjust,
		checkClawback, checkHold}
}

// checker is one Check.
type checker struct {
	problems
	d          Definition // effective
	components []Component
	at         map[string]int // the place of a component, by name
	from       calendar.Date
	sources    map[string]Resolved
	rates      Rates
}

// settings checks each setting by itself, as the tags of its type say: its words, its pattern, how much there may be of it.
func (c *checker) settings(v reflect.Value, at string) {
	for v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return
		}
		v = v.Elem()
	}
	switch {
	case isNumber(v.Type()):
	case v.Kind() == reflect.Slice:
		for i := range v.Len() {
			c.settings(v.Index(i), place(at, i))
		}
	case v.Kind() == reflect.Struct:
		for _, f := range fieldsOf(v.Type()) {
			value, here := v.FieldByIndex(f.index), place(at, f.name)
			if f.required || !value.IsZero() {
				c.setting(f, value, here)
			}
			c.settings(value, here)
		}
	}
}

func (c *checker) setting(f field, v reflect.Value, at string) {
	switch v.Kind() {
	case reflect.String:
		c.text(f, v.String(), at)
	case reflect.Int:
		least, hasLeast := f.limit("minimum")
		most, hasMost := f.limit("maximum")
		if hasLeast && int(v.Int()) < least || hasMost && int(v.Int()) > most {
			c.refuse(at, CodeRange, "It is %d, and must be from %s to %s.", v.Int(), f.tag.Get("minimum"), f.tag.Get("maximum"))
		}
	case reflect.Slice:
		if most, limited := f.limit("maxItems"); limited && v.Len() > most {
			c.refuse(at, CodeRange, "There are %d, and may be %d.", v.Len(), most)
		}
		if least, limited := f.limit("minItems"); limited && v.Len() < least {
			c.refuse(at, CodeMissing, "There is none.")
		}
		for i := range v.Len() {
			if v.Index(i).Kind() == reflect.String {
				c.text(field{tag: reflect.StructTag(`enum:"` + f.tag.Get("enum") + `"`), required: true}, v.Index(i).String(), place(at, i))
			}
		}
	}
}

func (c *checker) text(f field, text, at string) {
	words := f.words("enum")
	most, limited := f.limit("maxLength")
	pattern := f.tag.Get("pattern")
	switch {
	case f.required && strings.TrimSpace(text) == "":
		c.refuse(at, CodeMissing, "It is empty.")
	case words != nil && !slices.Contains(words, text):
		c.refuse(at, CodeUnknownName, "It is %q, and must be one of %s.", text, strings.Join(words, ", "))
	case limited && utf8.RuneCountInString(text) > most:
		c.refuse(at, CodeRange, "It has %d characters, and may have %d.", utf8.RuneCountInString(text), most)
	case pattern != "" && !regexp.MustCompile(pattern).MatchString(text):
		c.refuse(at, CodeRange, "It is %q, and must be written as %s.", text, pattern)
	}
}

// checkTime checks zone and calendar.
func checkTime(c *checker) {
	if c.d.Zone == "" {
		return // said already
	}
	if _, err := schedule.Location(c.d.Zone); err != nil {
		c.refuse("zone", CodeZone, "%v", err)
	}
	if err := c.d.Calendar.Check(); err != nil {
		c.refuse("calendar", CodeRange, "%v", err)
	}
}

// checkMoney checks that what is expected in other currencies can be converted.
func checkMoney(c *checker) {
	if _, known := money.Digits(c.d.Currency); !known {
		c.refuse("currency", CodeCurrency, "There is no currency %q. Give the code of one (ISO 4217), such as USD.", c.d.Currency)
		return
	}
	seen := map[string]bool{c.d.Currency: true}
	for i, currency := range c.d.Exchange.Currencies {
		at := place("exchange", "currencies", i)
		_, known := money.Digits(currency)
		switch {
		case !known:
			c.refuse(at, CodeCurrency, "There is no currency %q. Give the code of one (ISO 4217), such as EUR.", currency)
		case seen[currency]:
			c.warn(at, CodeTwice, "%s is there already, or the program's own.", currency)
		default:
			c.converts(currency, at)
		}
		seen[currency] = true
	}
}

// converts refuses a currency without a rate on some day from the beginning of the version on.
func (c *checker) converts(currency, at string) {
	begin := c.from
	if c.d.Exchange.On == OnPeriodStart && c.d.Calendar.Check() == nil && begin != "" {
		begin = c.d.Calendar.Of(c.d.Period, begin).From
	}
	left := []calendar.Span{{From: begin}}
	if c.rates != nil {
		left = c.rates.Gaps(currency, c.d.Currency, left[0])
	}
	for _, span := range left {
		switch {
		case span.From == begin:
			c.refuse(at, CodeRate, "There is no exchange rate from %s to %s on %s, when the program begins. Add one that holds from that day on.", currency, c.d.Currency, orBeginning(begin))
		case span.Until == "":
			c.warn(at, CodeRate, "There is no exchange rate from %s to %s from %s on. Records of those days wait until one is added.", currency, c.d.Currency, span.From)
		default:
			c.refuse(at, CodeRate, "There is no exchange rate from %s to %s from %s to %s. Add one that holds on those days.", currency, c.d.Currency, span.From, span.Until.AddDays(-1))
		}
	}
}

func orBeginning(d calendar.Date) string {
	if d == "" {
		return "the first day of all"
	}
	return string(d)
}

// checkParticipants checks who takes part.
func checkParticipants(c *checker) { c.participants(c.d.Participants, "participants") }

func checkFor(c *checker, component *Component, at string) {
	if component.For == nil {
		return
	}
	if reflect.ValueOf(*component.For).IsZero() {
		c.refuse(at+".for", CodeMissing, "It names nobody. Leave it out, if the component is for all who take part.")
	}
	c.participants(*component.For, at+".for")
}

func (c *checker) participants(p Participants, at string) {
	for _, list := range []struct {
		name  string
		names []string
	}{{"roles", p.Roles}, {"teams", p.Teams}, {"members", p.Members}, {"except", p.Except}} {
		seen := map[string]bool{}
		for i, name := range list.names {
			if seen[name] {
				c.warn(place(at, list.name, i), CodeTwice, "%q is there already.", name)
			}
			seen[name] = true
			if list.name == "except" && slices.Contains(p.Members, name) {
				c.refuse(place(at, list.name, i), CodeNotTogether, "%q is among the members who take part, and among those who do not.", name)
			}
		}
	}
}

// checkCircles refuses components whose earnings depend on each other.
func checkCircles(c *checker) {
	const open, done = 1, 2
	state := make([]int, len(c.components))
	var visit func(i int, path []string) bool
	visit = func(i int, path []string) bool {
		path = append(path, c.components[i].Name)
		switch state[i] {
		case done:
			return false
		case open:
			circle := path[slices.Index(path, c.components[i].Name):]
			c.refuse(place("components", i), CodeCycle, "What it earns depends on what it earns: %s.", strings.Join(circle, " looks at "))
			return true
		}
		state[i] = open
		for _, look := range c.components[i].looks() {
			if other, there := c.at[look.Component]; there && look.Of == ByEarned && look.Component != c.components[i].Name && visit(other, path) {
				break
			}
		}
		state[i] = done
		return false
	}
	for i := range c.components {
		visit(i, nil)
	}
}

// looks lists what a component looks at.
func (c Component) looks() []By {
	var looks []By
	if c.Rate != nil {
		looks = append(looks, c.Rate.By)
		for _, d := range c.Rate.Dimensions {
			if d.By != nil {
				looks = append(looks, *d.By)
			}
		}
	}
	for _, a := range c.Adjust {
		if a.When != nil {
			looks = append(looks, a.When.By)
		}
		if a.Curve != nil {
			looks = append(looks, a.Curve.By)
		}
	}
	return looks
}

// checkPays says where a program pays nothing to anybody.
func checkPays(c *checker) {
	pays := slices.ContainsFunc(c.components, func(component Component) bool { return component.Rate != nil }) ||
		slices.ContainsFunc(c.d.Limits, func(l Limit) bool { return l.Kind != LimitCap }) ||
		c.d.Standing != nil && len(c.d.Standing.Prizes)+len(c.d.Standing.Milestones) > 0
	if !pays {
		c.warn("components", CodeUnusual, "Nothing here pays anything: no component has a rate, and there is no prize.")
	}
	if c.d.Kind == Contest && c.d.Standing == nil {
		c.refuse("standing", CodeMissing, "A contest says in standing what it ranks by, and what is won.")
	}
}

// compiles checks a formula, and gives the columns that it reads.
func (c *checker) compiles(text string, v *view.View, want formula.Type, at string) []string {
	f, err := formula.Compile(text, v, want)
	if err != nil {
		c.refuse(at, CodeFormula, "%v", err)
		return nil
	}
	return f.Columns()
}
