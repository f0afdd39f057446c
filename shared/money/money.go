// Package money holds amounts of money in minor units, currencies, and dated exchange rates. It is pure.
package money

import (
	"leadline/shared/calendar"
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
