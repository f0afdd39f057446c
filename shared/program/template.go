package program

import (
	"cmp"
	"slices"
	"strings"

	"leadline/shared/calendar"
	"leadline/shared/money"
	"leadline/shared/number"
	"leadline/shared/view"
)

// Template makes a program of a few answers: one that passes Check against the standard views of its connector, and can be
// published as it is.
type Template struct {
	// Name is the key of the template.
	Name        string `json:"name"`
	Title       string `json:"title"`
	Description string `json:"description"`
	// Connector is the one whose standard variables it reads.
	Connector string     `json:"connector"`
	Kind      Kind       `json:"kind"`
	Questions []Question `json:"questions"`
	build     func(*builder) Definition
}

// AnswerType is what an answer is.
type AnswerType string

// The types.
const (
	AnswerPercent AnswerType = "percent" // "10%", or "10" for the same
	AnswerMoney   AnswerType = "money"   // in major units of the program's currency
	AnswerNumber  AnswerType = "number"
	AnswerWhole   AnswerType = "whole" // a number without decimals
	AnswerChoice  AnswerType = "choice"
	AnswerText    AnswerType = "text"
)

// Question is what a template asks. An answer is a text; one that is left out is the Default.
type Question struct {
	Name    string     `json:"name"`
	Title   string     `json:"title"`
	Help    string     `json:"help"`
	Type    AnswerType `json:"type"`
	Default string     `json:"default"`
	Unit    string     `json:"unit,omitempty"`
	Choices []string   `json:"choices,omitempty"`
	// Zero says that the answer may be 0; none may be below.
	Zero bool `json:"zero,omitempty"`
}

// Setting is what a template knows without asking.
type Setting struct {
	// Connection is the one whose records the program goes by, Items the links, views and variables of the organization.
	Connection string
	Items      Items
	// Currency and Zone are the organization's; USD and UTC if they are empty.
	Currency string
	Zone     string
	Calendar calendar.Calendar
}

// Templates lists the templates.
func Templates() []Template {
	return []Template{percentOfWonDeals(), tiersOnQuota(), quarterlyAccelerator(), teamOverride(), demoKicker(), callBlitz(), mbo()}
}

// TemplateNamed finds a template.
func TemplateNamed(name string) (Template, bool) {
	all := Templates()
	i := slices.IndexFunc(all, func(t Template) bool { return t.Name == name })
	if i < 0 {
		return Template{}, false
	}
	return all[i], true
}

// Build makes the program of answers by the names of the questions. A problem names the answer, "answers.rate", or says which
// variable of the connection is missing; with errors among them there is no program.
func (t Template) Build(answers map[string]string, s Setting) (Definition, []Problem) {
	b := &builder{template: t, setting: s, answers: answers, numbers: map[string]number.Number{}}
	for name := range answers {
		if !slices.ContainsFunc(t.Questions, func(q Question) bool { return q.Name == name }) {
			b.refuse("answers."+name, CodeUnknownField, "The template asks nothing by the name %q.", name)
		}
	}
	for _, q := range t.Questions {
		b.answer(q)
	}
	d := t.build(b)
	if len(Errors(b.problems)) > 0 {
		return Definition{}, b.problems
	}
	d.Kind, d.Title, d.Description = t.Kind, t.Title, t.Description
	d.Currency, d.Zone, d.Calendar = b.currency(), cmp.Or(s.Zone, "UTC"), s.Calendar
	return d, b.problems
}

// builder is one call of Build.
type builder struct {
	problems
	template Template
	setting  Setting
	answers  map[string]string
	numbers  map[string]number.Number
}

// text gives an answer.
func (b *builder) text(name string) string {
	if answer := strings.TrimSpace(b.answers[name]); answer != "" {
		return answer
	}
	i := slices.IndexFunc(b.template.Questions, func(q Question) bool { return q.Name == name })
	if i < 0 {
		return ""
	}
	return b.template.Questions[i].Default
}

// answer reads and checks the answer to a question.
func (b *builder) answer(q Question) {
	text, at := b.text(q.Name), "answers."+q.Name
	switch q.Type {
	case AnswerText:
		if len(text) > 100 {
			b.refuse(at, CodeRange, "It has %d characters, and may have 100.", len(text))
		}
		return
	case AnswerChoice:
		if !slices.Contains(q.Choices, text) {
			b.refuse(at, CodeUnknownName, "It is %q, and must be one of %s.", text, strings.Join(q.Choices, ", "))
		}
		return
	}
	if q.Type == AnswerPercent && !strings.HasSuffix(text, "%") {
		text += "%"
	}
	n, err := number.Parse(strings.ReplaceAll(text, " %", "%"))
	switch {
	case err != nil:
		b.refuse(at, CodeWrongType, "%v", err)
	case n.Sign() < 0 || n.IsZero() && !q.Zero:
		b.refuse(at, CodeRange, "It is %s, and must be above 0.", text)
	case q.Type == AnswerWhole && !n.Big().IsInt():
		b.refuse(at, CodeRange, "It is %s, and must be a whole number.", text)
	}
	b.numbers[q.Name] = n
}

// number gives an answer that is a number, amount one as definitions hold it.
func (b *builder) number(name string) number.Number  { return b.numbers[name] }
func (b *builder) amount(name string) *number.Number { n := b.numbers[name]; return &n }

// payable rounds an amount of money that is part of an answer to what can be paid.
func (b *builder) payable(n number.Number) *number.Number {
	if rounded, err := money.FromMajor(n, b.currency(), number.HalfAway); err == nil {
		n = money.Major(rounded)
	}
	return &n
}

func (b *builder) currency() string { return cmp.Or(b.setting.Currency, "USD") }

// variable gives a source: a standard variable of the connection, whatever its name is.
func (b *builder) variable(key string) Source {
	item := b.find(func(i view.Item) bool { return i.Key == b.template.Connector+"-"+key })
	if item == nil {
		b.refuse("", CodeUnknownName, "The connection has no variable %q yet, which this template goes by. It comes with the first records, or with the description of the source.", key)
		return Source{}
	}
	return Source{Variable: item.Name}
}

func (b *builder) find(which func(view.Item) bool) *view.Item {
	for i := range b.setting.Items {
		item := &b.setting.Items[i]
		if item.Kind == view.KindVariable && item.Connection == b.setting.Connection && item.State != view.Removed && item.State != view.Retired && which(*item) {
			return item
		}
	}
	return nil
}
