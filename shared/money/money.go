// Package money holds amounts of money in minor units, currencies, and dated exchange rates. It is pure.
package money

import (
	"strconv"

	"leadline/shared/calendar"
	"leadline/shared/fault"
	"leadline/shared/number"
)

// Amount is an amount of money. Minor counts minor units: cents of USD, yen, thousandths of a KWD.
type Amount struct {
	Minor    int64  `json:"minor"`
	Currency string `json:"currency"`
}

// Rate is what one unit of From is in units of To, on the days of Span. Value has at most 8 decimals.
type Rate struct {
	From  string        `json:"from"`
	To    string        `json:"to"`
	Value number.Number `json:"value"`
	Span  calendar.Span `json:"span"`
	// Rev names the row as it was when it was read, so that a statement can name it.
	Rev int64 `json:"rev"`
}

// CodeCurrency is the code of currencies that are not known.
const CodeCurrency = "unknown_currency"

// String writes the amount in major units with all digits of its currency: 1234.50 USD, 1234 JPY. Of a currency that is not
// known, the minor units are counted: 1234 minor units of XYZ.
func (a Amount) String() string {
	digits, known := Digits(a.Currency)
	if !known {
		return strconv.FormatInt(a.Minor, 10) + " minor units of " + a.Currency
	}
	text, sign := strconv.FormatInt(a.Minor, 10), ""
	if text[0] == '-' {
		text, sign = text[1:], "-"
	}
	for len(text) <= digits {
		text = "0" + text
	}
	if digits > 0 {
		text = text[:len(text)-digits] + "." + text[len(text)-digits:]
	}
	return sign + text + " " + a.Currency
}

// Major gives the amount in major units, exact: 1234.5 of 123450 cents. Of a currency that is not known it gives the minor units.
func Major(a Amount) number.Number {
	digits, _ := Digits(a.Currency)
	n, _ := number.Of(a.Minor).Quo(number.Ten(digits))
	return n
}

// FromMajor rounds a number of major units to the minor units of a currency. It is fault.Invalid where the currency is not
// known (CodeCurrency) or no account holds as much (number.CodeTooLarge).
func FromMajor(n number.Number, currency string, mode number.Mode) (Amount, error) {
	digits, known := Digits(currency)
	if !known {
		return Amount{}, fault.New(fault.Invalid, CodeCurrency, "%q is no currency: write an active code of ISO 4217, such as EUR.", brief(currency))
	}
	minor, err := n.Round(digits, mode)
	return Amount{Minor: minor, Currency: currency}, err
}

func brief(text string) string {
	runes := []rune(text)
	return string(runes[:min(len(runes), 20)])
}
