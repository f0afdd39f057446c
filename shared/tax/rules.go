package tax

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"

	"leadline/shared/calendar"
	"leadline/shared/number"
)

// Rules is the rule set of a country, as dated data.
type Rules struct {
	// ID names it: "in-2026".
	ID    string `json:"id"`
	Title string `json:"title"`
	// Country is an ISO 3166-1 code, Currency that of all amounts: a payment in another one is refused.
	Country  string `json:"country"`
	Currency string `json:"currency"`
	Year     YearIs `json:"year"`
	// Rounding is that of the tax withheld in a year, unless a version has its own or the payer does.
	Rounding Rounding `json:"rounding"`
	// Adviser says that the set is an example, which a tax adviser must confirm before anybody is paid by it; Note says more.
	Adviser bool   `json:"adviser,omitempty"`
	Note    string `json:"note,omitempty"`
	// Sources are where the figures are from.
	Sources []string `json:"sources"`
	Rules   []Rule   `json:"rules"`
}

// YearIs is when the tax year begins, and how it is called.
type YearIs struct {
	Month int `json:"month"`
	Day   int `json:"day"`
	// Naming is "single" ("2026": the calendar year that it begins in) or "span" ("2026-27").
	Naming Naming `json:"naming"`
}

// Naming is how tax years are called.
type Naming string

// The namings.
const (
	Single Naming = "single"
	Span   Naming = "span"
)

// Of is what a rule taxes.
type Of string

// What a rule may tax.
const (
	OfCash    Of = "cash"
	OfBenefit Of = "benefit"
)

// Rule is one provision: whom and what it is for, and its versions.
type Rule struct {
	ID    string `json:"id"`
	Title string `json:"title"`
	// Section is that of the law, Code the payment's on the return; each empty where it is not known.
	Section string  `json:"section"`
	Code    string  `json:"code,omitempty"`
	Classes []Class `json:"classes"`
	Of      Of      `json:"of"`
	// YearOf is the id of an earlier rule whose year it counts in, so that one threshold, or one set of bands, is for both.
	YearOf string `json:"year_of,omitempty"`
	// GrossUp says that the payer may bear the tax, which is then part of what is taxed. Of benefits only.
	GrossUp bool `json:"gross_up,omitempty"`
	// Versions are in their order, and have no day in common.
	Versions []Version `json:"versions"`
	// Unknown are figures that were not found, so that nobody takes their absence for a rule.
	Unknown []string `json:"unknown,omitempty"`
}

// Version is what a rule says on some days: exactly one of Rate, PayeeRate and Bands, or none with Reporting.
type Version struct {
	calendar.Span
	Rate *number.Number `json:"rate,omitempty"`
	// PayeeRate says that the rate is the payee's own: an average rate, a treaty's.
	PayeeRate bool `json:"payee_rate,omitempty"`
	// Bands are rates by what the year comes to, each for what lies in it.
	Bands     []Band     `json:"bands,omitempty"`
	Threshold *Threshold `json:"threshold,omitempty"`
	NoTaxID   *NoTaxID   `json:"no_tax_id,omitempty"`
	// Reporting says that the payer reports the year to the authority, from the threshold on if there is one.
	Reporting bool      `json:"reporting,omitempty"`
	Rounding  *Rounding `json:"rounding,omitempty"`
	Note      string    `json:"note,omitempty"`
}

// Band is a rate for what lies above an amount of the year, in major units, as far as the next band.
type Band struct {
	Above number.Number `json:"above"`
	Rate  number.Number `json:"rate"`
}

// Threshold is what the year must come to before there is tax.
type Threshold struct {
	Amount  number.Number `json:"amount"` // major units
	Crossed Crossing      `json:"crossed"`
	Then    Then          `json:"then"`
}

// Crossing is when a threshold is crossed.
type Crossing string

// The crossings: by a year that is above the amount, or that reaches it.
const (
	Above   Crossing = "above"
	Reaches Crossing = "reaches"
)

// Then is what is taxed once the threshold is crossed.
type Then string

// What may be taxed: all of the year, also what was paid before; or from the payment that crosses the threshold on, that whole.
const (
	Aggregate       Then = "aggregate"
	CrossingPayment Then = "crossing_payment"
)

// NoTaxID is the rate for a payee whose tax id is missing.
type NoTaxID struct {
	Rate number.Number `json:"rate"`
	How  How           `json:"how"`
}

// How is what the rate for a missing tax id does to the rule's own.
type How string

// The ways: it replaces the rate, or counts where it is higher.
const (
	Replaces How = "replaces"
	AtLeast  How = "at_least"
)

// Rounding is how the tax of a year is rounded.
type Rounding struct {
	To   Step        `json:"to"`
	Mode number.Mode `json:"mode"`
}

// Step is what tax is a multiple of.
type Step string

// The steps: the currency's minor unit, one major unit, ten of them.
const (
	ToMinor Step = "minor"
	ToOne   Step = "one"
	ToTen   Step = "ten"
)

// YearOf names the tax year that a day is in; empty for what is no day.
func (r Rules) YearOf(on calendar.Date) string {
	if !isDay(on) {
		return ""
	}
	year, _ := strconv.Atoi(string(on[:4]))
	if string(on[5:]) < fmt.Sprintf("%02d-%02d", r.Year.Month, r.Year.Day) {
		year--
	}
	if r.Year.Naming == Span {
		return fmt.Sprintf("%04d-%02d", year, (year+1)%100)
	}
	return fmt.Sprintf("%04d", year)
}

// isDay tells whether a date is a day: of others AddDays changes nothing, or there is no next day.
func isDay(d calendar.Date) bool {
	parsed, err := calendar.ParseDate(string(d))
	return err == nil && parsed != ""
}

// of gives the rules for a class and what is paid, in their order.
func (r Rules) of(class Class, of Of) []Rule {
	var found []Rule
	for _, rule := range r.Rules {
		if rule.Of == of && slices.Contains(rule.Classes, class) {
			found = append(found, rule)
		}
	}
	return found
}

// on gives the version of a rule that is in force on a day.
func (r Rule) on(day calendar.Date) (Version, bool) {
	for _, v := range r.Versions {
		if v.Holds(day) {
			return v, true
		}
	}
	return Version{}, false
}

// year is the id of the rule whose year counts.
func (r Rule) year() string { return cmp.Or(r.YearOf, r.ID) }

// named is how the rule's place in the law is written.
func (r Rule) named() string {
	if r.Code == "" {
		return r.Section
	}
	return r.Section + ", code " + r.Code
}

// Classes lists all there are.
func Classes() []Class { return []Class{Employee, Agent, Contractor, Business, Foreign} }
