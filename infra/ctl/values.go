package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// maxValue is how much of a value is shown in a table.
const maxValue = 60

// instant writes a time as people read it, in UTC.
func instant(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.UTC().Format("2006-01-02 15:04:05.999999")
}

// display writes a JSON value as people read it. Absent and null are "-".
func display(raw json.RawMessage) string {
	var s string
	switch {
	case len(raw) == 0, string(raw) == "null":
		return "-"
	case json.Unmarshal(raw, &s) == nil:
		if s == "" {
			return `""`
		}
		return short(s, maxValue)
	}
	return short(string(raw), maxValue)
}

// amounts are the fields of a Close opportunity that hold money, in hundredths whatever the currency
// (https://developer.close.com/api/resources/opportunities).
func amounts() []string {
	return []string{"value", "expected_value", "annualized_value", "annualized_expected_value"}
}

// displayField writes the value of a field of a record, amounts as such. of gives the other fields of the record.
func displayField(objectName, field string, raw json.RawMessage, of map[string]json.RawMessage) string {
	if objectName == "opportunity" && slices.Contains(amounts(), field) {
		if amount, ok := hundredths(string(raw)); ok {
			var currency string
			_ = json.Unmarshal(of["value_currency"], &currency) // no text: no currency
			return strings.TrimSpace(fmt.Sprintf("%s %s", amount, currency))
		}
	}
	return display(raw)
}

// hundredths writes a whole number of hundredths as an amount with separators: 123456789 as 1,234,567.89. It works on
// the digits: no amount passes through a float.
func hundredths(number string) (string, bool) {
	digits, negative := strings.CutPrefix(number, "-")
	if digits == "" || strings.Trim(digits, "0123456789") != "" {
		return "", false
	}
	for len(digits) < 3 {
		digits = "0" + digits
	}
	whole, cents := digits[:len(digits)-2], digits[len(digits)-2:]
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if negative {
		whole = "-" + whole
	}
	return whole + "." + cents, true
}

// bytesOf writes a size.
func bytesOf(n int64) string {
	switch {
	case n < 1<<10:
		return fmt.Sprintf("%d bytes", n)
	case n < 10<<20:
		return fmt.Sprintf("%d KiB", n>>10)
	}
	return fmt.Sprintf("%d MiB", n>>20)
}

// title gives what people call a record, from the usual fields of a CRM.
func title(r recordState) string {
	for _, name := range []string{"display_name", "name", "title", "subject", "text", "lead_name", "note", "status_label"} {
		var s string
		if json.Unmarshal(r.Fields[name], &s) == nil && s != "" {
			return short(s, maxValue)
		}
	}
	return ""
}
