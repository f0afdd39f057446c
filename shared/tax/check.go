package tax

import (
	"regexp"
	"slices"
	"strconv"

	"leadline/shared/calendar"
	"leadline/shared/money"
	"leadline/shared/number"
)

// rateDecimals bounds the decimals of rates, so that the exact tax of a year stays short to write.
const rateDecimals = 6

// Check refuses rules that make no sense: fault.Invalid (CodeRules), naming the place.
func (r Rules) Check() error {
	id := regexp.MustCompile(`^[a-z][a-z0-9_-]{1,39}$`)
	_, known := money.Digits(r.Currency)
	switch {
	case !id.MatchString(r.ID):
		return wrong("id", "%q is no id: write 2 to 40 of a-z, 0-9, - and _, a letter first.", r.ID)
	case r.Title == "":
		return wrong("title", "It is missing.")
	case !regexp.MustCompile(`^[A-Z]{2}$`).MatchString(r.Country):
		return wrong("country", "%q is no country: write an ISO 3166-1 code such as IN.", r.Country)
	case !known:
		return wrong("currency", "%q is no currency: write an ISO 4217 code such as INR.", r.Currency)
	case !isDay(calendar.Date("2027-" + two(r.Year.Month) + "-" + two(r.Year.Day))):
		return wrong("year", "%d-%d is no day of every year: write month and day.", r.Year.Month, r.Year.Day)
	case r.Year.Naming != Single && r.Year.Naming != Span:
		return wrong("year.naming", "%q is neither single (2026) nor span (2026-27).", string(r.Year.Naming))
	case len(r.Rules) == 0:
		return wrong("rules", "There are none.")
	}
	if err := r.Rounding.Check("rounding"); err != nil {
		return err
	}
	for i, rule := range r.Rules {
		at := "rules[" + strconv.Itoa(i) + "]"
		if !id.MatchString(rule.ID) {
			return wrong(at+".id", "%q is no id: write 2 to 40 of a-z, 0-9, - and _, a letter first.", rule.ID)
		}
		if slices.ContainsFunc(r.Rules[:i], func(o Rule) bool { return o.ID == rule.ID }) {
			return wrong(at+".id", "There are two rules %q.", rule.ID)
		}
		if rule.YearOf != "" && !slices.ContainsFunc(r.Rules[:i], func(o Rule) bool { return o.ID == rule.YearOf && o.YearOf == "" }) {
			return wrong(at+".year_of", "%q is no earlier rule with a year of its own.", rule.YearOf)
		}
		if err := rule.check(at); err != nil {
			return err
		}
	}
	return nil
}

// two writes a number with two digits; what has not as many is no day.
func two(n int) string {
	if n < 10 {
		return "0" + strconv.Itoa(n)
	}
	return strconv.Itoa(n)
}

func (r Rule) check(at string) error {
	switch {
	case r.Title == "":
		return wrong(at+".title", "It is missing.")
	case r.Of != OfCash && r.Of != OfBenefit:
		return wrong(at+".of", "%q is neither cash nor benefit.", string(r.Of))
	case r.GrossUp && r.Of != OfBenefit:
		return wrong(at+".gross_up", "Only tax on benefits can be borne by the payer.")
	case len(r.Classes) == 0:
		return wrong(at+".classes", "There are none: the rule would be for nobody.")
	case len(r.Versions) == 0:
		return wrong(at+".versions", "There are none.")
	}
	for i, class := range r.Classes {
		here := at + ".classes[" + strconv.Itoa(i) + "]"
		if !slices.Contains(Classes(), class) {
			return wrong(here, "There is no class %q: there are %v.", string(class), Classes())
		}
		if slices.Contains(r.Classes[:i], class) {
			return wrong(here, "%q stands there twice.", string(class))
		}
	}
	for i, v := range r.Versions {
		here := at + ".versions[" + strconv.Itoa(i) + "]"
		if v.Empty() {
			return wrong(here+".until", "It ends before it begins.")
		}
		if i > 0 && (r.Versions[i-1].Until == "" || v.From < r.Versions[i-1].Until) {
			return wrong(here+".from", "It begins before the version above it ends.")
		}
		if err := v.check(here); err != nil {
			return err
		}
	}
	return nil
}

func (v Version) check(at string) error {
	ways := 0
	for _, there := range []bool{v.Rate != nil, v.PayeeRate, len(v.Bands) > 0} {
		if there {
			ways++
		}
	}
	switch {
	case ways > 1:
		return wrong(at, "Only one of rate, payee_rate and bands can be.")
	case ways == 0 && !v.Reporting:
		return wrong(at, "One of rate, payee_rate and bands is needed, or reporting.")
	case len(v.Bands) > 0 && (v.Threshold != nil || v.NoTaxID != nil):
		return wrong(at+".bands", "With bands there can be no threshold and no rate for a missing tax id.")
	}
	if v.Rate != nil {
		if err := checkRate(*v.Rate, at+".rate"); err != nil {
			return err
		}
	}
	for i, b := range v.Bands {
		here := at + ".bands[" + strconv.Itoa(i) + "]"
		if err := checkRate(b.Rate, here+".rate"); err != nil {
			return err
		}
		if i == 0 && !b.Above.IsZero() {
			return wrong(here+".above", "The first band is above 0.")
		}
		if i > 0 && !v.Bands[i-1].Above.Less(b.Above) {
			return wrong(here+".above", "It must be above that of the band before.")
		}
	}
	if t := v.Threshold; t != nil {
		switch {
		case t.Amount.Sign() < 0:
			return wrong(at+".threshold.amount", "It is below 0.")
		case t.Crossed != Above && t.Crossed != Reaches:
			return wrong(at+".threshold.crossed", "%q is neither above nor reaches.", string(t.Crossed))
		case t.Then != Aggregate && t.Then != CrossingPayment:
			return wrong(at+".threshold.then", "%q is neither aggregate nor crossing_payment.", string(t.Then))
		}
	}
	if n := v.NoTaxID; n != nil {
		if n.How != Replaces && n.How != AtLeast {
			return wrong(at+".no_tax_id.how", "%q is neither replaces nor at_least.", string(n.How))
		}
		if err := checkRate(n.Rate, at+".no_tax_id.rate"); err != nil {
			return err
		}
	}
	if v.Rounding != nil {
		return v.Rounding.Check(at + ".rounding")
	}
	return nil
}

// checkRate refuses a rate below 0, from 100 % on, or with more decimals than anybody withholds by.
func checkRate(rate number.Number, at string) error {
	if rate.Sign() < 0 || !rate.Less(number.Of(1)) {
		return wrong(at, "%s is no rate: it must be from 0 to below 100 %%.", percent(rate))
	}
	if !rate.Mul(number.Ten(rateDecimals)).IsInt() {
		return wrong(at, "%s has more than %d decimals.", rate, rateDecimals)
	}
	return nil
}

// Check refuses a rounding that there is not; at names its place.
func (r Rounding) Check(at string) error {
	if r.To != ToMinor && r.To != ToOne && r.To != ToTen {
		return wrong(at+".to", "%q is none of minor, one, ten.", string(r.To))
	}
	if !slices.Contains(number.Modes(), r.Mode) {
		return wrong(at+".mode", "%q is none of %v.", string(r.Mode), number.Modes())
	}
	return nil
}
