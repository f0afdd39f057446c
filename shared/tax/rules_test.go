package tax_test

import (
	"bytes"
	"encoding/json"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"leadline/shared/fault"
	"leadline/shared/number"
	"leadline/shared/tax"
)

// good is a rule set that can be read; tests spoil it.
const good = `{"id": "own", "title": "Own", "country": "IN", "currency": "INR", "year": {"month": 4, "day": 1, "naming": "span"}, "rounding": {"to": "one", "mode": "half_away"}, "sources": [],
 "rules": [{"id": "first", "title": "First", "section": "1", "classes": ["agent"], "of": "cash", "versions": [{"from": "2026-04-01", "rate": "2%",
  "threshold": {"amount": "20000", "crossed": "above", "then": "aggregate"}, "no_tax_id": {"rate": "20%", "how": "at_least"}}]}]}`

func TestRulesThatAreRefused(t *testing.T) {
	if _, err := tax.Decode([]byte(good)); err != nil {
		t.Fatal(err)
	}
	for _, c := range [][3]string{ // what is replaced, by what, and what the message must name
		{`"id": "own"`, `"id": "Own!"`, "id:"}, {`"title": "Own"`, `"title": ""`, "title:"}, {`"country": "IN"`, `"country": "India"`, "country:"},
		{`"currency": "INR"`, `"currency": "XXX"`, "currency:"}, {`"month": 4`, `"month": 13`, "year:"}, {`"day": 1`, `"day": 0`, "year:"}, {`"naming": "span"`, `"naming": "both"`, "year.naming:"},
		{`"to": "one"`, `"to": "two"`, "rounding.to:"}, {`"mode": "half_away"`, `"mode": "bankers"`, "rounding.mode:"},
		{`"id": "first"`, `"id": "1"`, "rules[0].id:"}, {`"title": "First"`, `"title": ""`, "rules[0].title:"}, {`["agent"]`, `[]`, "rules[0].classes:"},
		{`["agent"]`, `["dealer"]`, "rules[0].classes[0]:"}, {`["agent"]`, `["agent", "agent"]`, "rules[0].classes[1]:"}, {`"of": "cash"`, `"of": "kind"`, "rules[0].of:"},
		{`"of": "cash"`, `"of": "cash", "gross_up": true`, "rules[0].gross_up:"}, {`"of": "cash"`, `"of": "cash", "year_of": "other"`, "rules[0].year_of:"},
		{`"from": "2026-04-01"`, `"from": "2026-04-31"`, "rules[0].versions[0].from:"}, {`"from": "2026-04-01"`, `"from": "2026-04-01", "until": "2026-04-01"`, "rules[0].versions[0].until:"},
		{`"rate": "2%"`, `"rate": "two"`, "rules[0].versions[0].rate:"}, {`"rate": "2%"`, `"rate": 0.02`, "rules[0].versions[0].rate:"}, {`"rate": "2%"`, `"rate": "100%"`, "rules[0].versions[0].rate:"},
		{`"rate": "2%"`, `"rate": "-1%"`, "rules[0].versions[0].rate:"}, {`"rate": "2%"`, `"rate": "1/3"`, "decimals"}, {`"rate": "2%"`, `"rate": "2%", "payee_rate": true`, "Only one of"},
		{`"rate": "2%"`, `"note": "none"`, "is needed"}, {`"rate": "2%"`, `"bands": [{"above": "0", "rate": "2%"}]`, "rules[0].versions[0].bands:"}, {`"rate": "2%"`, `"rat": "2%"`, "rules[0].versions[0].rat: There is no such field"},
		{`"rate": "2%"`, `"rate": "2%", "rate": "3%"`, "twice"}, {`"rate": "2%"`, `"rate": null`, "must be a number"}, {`"amount": "20000"`, `"amount": "-1"`, "threshold.amount:"},
		{`"crossed": "above"`, `"crossed": "over"`, "threshold.crossed:"}, {`"then": "aggregate"`, `"then": "all"`, "threshold.then:"}, {`"how": "at_least"`, `"how": "higher"`, "no_tax_id.how:"},
		{`"rate": "20%"`, `"rate": "120%"`, "no_tax_id.rate:"}, {`"rate": "2%",`, `"rate": "2%", "rounding": {"to": "five", "mode": "up"},`, "rules[0].versions[0].rounding.to:"},
		{`"sources": []`, `"sources": "none"`, "sources: It must be a list"}, {`"rules": [{`, `"rules": [7, {`, "rules[0]: It must be an object"}, {`"title": "Own"`, `"title": 7`, "title: It must be a text"},
		{`"month": 4`, `"month": 4.5`, "year.month: It must be a whole number"}, {`"sources": []`, `"sources": [], "adviser": "yes"`, "adviser: It must be true or false"},
		{`{"id": "own"`, `{"id" "own"`, "line 1"}, {`"rules": [`, `"rules": [],"x":[`, "x: There is no such field"}, {`}]}]}`, `}]}]} {}`, "follows"},
		{`}]}]}`, `}, {"rate": "1%"}]}]}`, "rules[0].versions[1].from:"}, {`"rate": "20%", "how": "at_least"}}]}]}`, `"rate": "20%", "how": "at_least"}}]},` + good[strings.Index(good, `{"id": "first"`):], "rules[1].id:"},
	} {
		text := strings.Replace(good, c[0], c[1], 1)
		if text == good {
			t.Fatalf("%s is not in it", c[0])
		}
		_, err := tax.Decode([]byte(text))
		if f := fault.Of(err); f == nil || f.Code != tax.CodeRules || !strings.Contains(f.Message, c[2]) {
			t.Errorf("%s: %v, want %q", c[1], err, c[2])
		}
	}
	for bands, want := range map[string]string{`[{"above": "1", "rate": "2%"}]`: "bands[0].above", `[{"above": "0", "rate": "2%"}, {"above": "0", "rate": "3%"}]`: "bands[1].above", `[{"above": "0", "rate": "200%"}]`: "bands[0].rate"} {
		text := good[:strings.Index(good, `"rate": "2%"`)] + `"bands": ` + bands + "}]}]}"
		if _, err := tax.Decode([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", bands, err)
		}
	}
}

// TestBuiltInSets are examples that say so, fit the schema, and can be found by their id.
func TestBuiltInSets(t *testing.T) {
	schema := compiled(t)
	sets, err := tax.RuleSets()
	if err != nil || len(sets) != 2 {
		t.Fatalf("%d sets, %v", len(sets), err)
	}
	for _, r := range sets {
		text, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		value, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(value); err != nil {
			t.Error(err)
		}
		if named, err := tax.Named(r.ID); err != nil || !reflect.DeepEqual(named, r) || !r.Adviser || !strings.Contains(r.Note, "tax adviser") || len(r.Sources) == 0 {
			t.Errorf("%s: %v, %v, %q", r.ID, err, r.Adviser, r.Note)
		}
		for _, of := range []tax.Of{tax.OfCash, tax.OfBenefit} {
			for _, class := range tax.Classes() {
				if !slices.ContainsFunc(r.Rules, func(rule tax.Rule) bool { return rule.Of == of && slices.Contains(rule.Classes, class) }) {
					t.Errorf("%s says nothing of %s to %s", r.ID, of, class)
				}
			}
		}
	}
	if _, err := tax.Named("xx-1"); !fault.Is(err, fault.NotFound) {
		t.Errorf("xx-1: %v", err)
	}
}

func compiled(t *testing.T) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(tax.JSONSchema()))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("tax.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("tax.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestTheSchemaHasAllFields and no others.
func TestTheSchemaHasAllFields(t *testing.T) {
	type object struct {
		Properties map[string]any `json:"properties"`
	}
	var s struct {
		object
		Defs map[string]object `json:"$defs"`
	}
	if err := json.Unmarshal(tax.JSONSchema(), &s); err != nil {
		t.Fatal(err)
	}
	s.Defs["Rules"] = s.object
	for _, typ := range []reflect.Type{reflect.TypeFor[tax.Rules](), reflect.TypeFor[tax.YearIs](), reflect.TypeFor[tax.Rule](), reflect.TypeFor[tax.Version](), reflect.TypeFor[tax.Band](),
		reflect.TypeFor[tax.Threshold](), reflect.TypeFor[tax.NoTaxID](), reflect.TypeFor[tax.Rounding]()} {
		fields := 0
		for _, f := range reflect.VisibleFields(typ) {
			if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name != "" {
				fields++
				if s.Defs[typ.Name()].Properties[name] == nil {
					t.Errorf("%s has no %s", typ.Name(), name)
				}
			}
		}
		if fields != len(s.Defs[typ.Name()].Properties) {
			t.Errorf("%s has %d fields, in the schema %d", typ.Name(), fields, len(s.Defs[typ.Name()].Properties))
		}
	}
}

func TestPaymentsThatAreRefused(t *testing.T) {
	r, err := tax.Named("in-2026")
	if err != nil {
		t.Fatal(err)
	}
	fine := tax.Payment{Payer: "p", On: "2026-06-01", Currency: "INR", Class: tax.Agent, Cash: 100}
	whole, huge := number.Of(1), map[string]tax.Year{"p/2026-27/commission": {Base: math.MaxInt64 - 50}}
	for name, spoil := range map[string]func(*tax.Payment){
		tax.CodePayment + " cash": func(p *tax.Payment) { p.Cash = -1 }, tax.CodePayment + " benefit": func(p *tax.Payment) { p.Benefit = -1 }, tax.CodePayment + " day": func(p *tax.Payment) { p.On = "soon" },
		tax.CodePayment + " rate": func(p *tax.Payment) { p.Rate = &whole }, tax.CodeCurrency: func(p *tax.Payment) { p.Currency = "USD" }, tax.CodeNoRule: func(p *tax.Payment) { p.Class = "dealer" },
		tax.CodeRules + " rounding": func(p *tax.Payment) { p.Rounding = &tax.Rounding{To: "five"} }, number.CodeTooLarge: func(p *tax.Payment) { p.Years = huge },
	} {
		p := fine
		spoil(&p)
		code, _, _ := strings.Cut(name, " ")
		if _, err := r.Assess(p); fault.Of(err) == nil || fault.Of(err).Code != code || fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestWhy says it for people.
func TestWhy(t *testing.T) {
	r, err := tax.Named("in-2026")
	if err != nil {
		t.Fatal(err)
	}
	for want, p := range map[string]tax.Payment{
		"2 % of 25,000.00 INR: with this payment the year is above 20,000 INR.":                                         {HasTaxID: true, Cash: 2_500_000},
		"Nothing: the year comes to 20,000.00 INR, not above 20,000 INR.":                                               {HasTaxID: true, Cash: 2_000_000},
		"20 % of 25,000.00 INR: with this payment the year is above 20,000 INR. The rate is that for a missing tax id.": {Cash: 2_500_000},
	} {
		p.Payer, p.On, p.Currency, p.Class = "p", "2026-06-01", "INR", tax.Agent
		a, err := r.Assess(p)
		if err != nil || a.Lines[0].Why != want {
			t.Errorf("%v, %v; want %s", a.Lines, err, want)
		}
	}
}

// TestText has everything that a person looks for.
func TestText(t *testing.T) {
	for id, wants := range map[string][]string{
		"in-2026": {"2026-27", "AN EXAMPLE", "commission: Commission to a resident agent", "code 1006", "2 %.", "is above 20,000 INR; then all of it is taxed", "Without a tax id at least 20 %", "Not known: The code on the return", "to 1 INR", "cleartax.in"},
		"us-2026": {"22 % of what is above 0 USD. 37 % of what is above 1,000,000 USD.", "reaches 2,000 USD; then payments are taxed from the one that does so on", "Without a tax id 24 %", "Counts in the same year as nonemployee"},
	} {
		r, err := tax.Named(id)
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range wants {
			if !strings.Contains(tax.Text(r), want) {
				t.Errorf("%s does not say %q:\n%s", id, want, tax.Text(r))
			}
		}
	}
}
