package payee

import (
	"strings"
	"unicode"

	"leadline/shared/fault"
	"leadline/shared/number"
	"leadline/shared/tax"
)

// CodePayer and CodeProfile are the codes of a payer and of a profile that cannot be.
const (
	CodePayer   = "invalid_payer"
	CodeProfile = "invalid_profile"
)

// The bounds of a payer.
const (
	maxName         = 140
	maxAddressLines = 4
	maxAddressLine  = 70 // as in pain.001
)

// Check refuses a payer that no bank or tax rule could go by: Invalid (CodePayer). Whether there is a rule set of its TaxRules is
// not looked at.
func (p Payer) Check() error {
	bad := func(format string, args ...any) error { return fault.New(fault.Invalid, CodePayer, format, args...) }
	if text := nameFault(p.Name); text != "" {
		return bad("name: %s", text)
	}
	if !isCountry(p.Country) {
		return bad("country: give the two letters of ISO 3166-1, such as IN.")
	}
	if len(p.Address) > maxAddressLines {
		return bad("address: it has %d lines, and may have %d.", len(p.Address), maxAddressLines)
	}
	for i, line := range p.Address {
		if text := lineFault(line, maxAddressLine); text != "" {
			return bad("address[%d]: %s", i, text)
		}
	}
	if p.OriginID != "" && (len(p.OriginID) != 10 || !every(p.OriginID, func(r rune) bool { return isDigit(r) || isLetter(r) || r == ' ' })) {
		return bad("origin_id: the company's identification in NACHA files has 10 characters, such as 1 and the nine digits of its EIN.")
	}
	if p.Destination != "" && !RoutingNumber(p.Destination) {
		return bad("destination: a routing number has nine digits, the last of which checks the others; this one does not fit.")
	}
	return nil
}

// Check refuses a profile that nobody could be paid by: Invalid (CodeProfile). Whether there is such a payer is not looked at.
func (p Profile) Check() error {
	bad := func(format string, args ...any) error { return fault.New(fault.Invalid, CodeProfile, format, args...) }
	if p.Payer == "" {
		return bad("payer: say who pays: the id of a payer.")
	}
	if text := nameFault(p.LegalName); text != "" {
		return bad("legal_name: %s", text)
	}
	if !isCountry(p.Country) {
		return bad("country: give the two letters of ISO 3166-1, such as IN.")
	}
	switch p.Class {
	case tax.Employee, tax.Agent, tax.Contractor, tax.Business, tax.Foreign:
	default:
		return bad("class: it is employee, agent, contractor, business or foreign.")
	}
	if p.Rate != nil && (p.Rate.Sign() < 0 || p.Rate.Cmp(number.Of(1)) > 0) {
		return bad("rate: it is a part of one, from 0 to 1: 0.3 for 30 %%.")
	}
	if p.Held != "" {
		if text := lineFault(p.Held, maxReason); text != "" {
			return bad("held: %s", text)
		}
	}
	return nil
}

// nameFault says what is wrong with a name; empty for nothing.
func nameFault(name string) string {
	if strings.TrimSpace(name) == "" {
		return "say it as the bank knows it."
	}
	return lineFault(name, maxName)
}

func lineFault(line string, most int) string {
	switch {
	case strings.TrimSpace(line) == "":
		return "it is empty."
	case len([]rune(line)) > most:
		return "it is too long."
	case strings.ContainsFunc(line, unicode.IsControl):
		return "it holds a control character."
	}
	return ""
}
