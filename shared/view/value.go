package view

import (
	"encoding/json"
	"math/big"
	"strconv"
	"strings"
	"time"

	"leadline/shared/schema"
)

// maxExponent bounds the exponents of numbers: 1e999999999 is six letters, and a gigabyte as an exact number.
const maxExponent = 400

func isNull(value json.RawMessage) bool { return len(value) == 0 || string(value) == "null" }

// readNumber reads a JSON number exactly.
func readNumber(value json.RawMessage) (*big.Rat, bool) {
	text := string(value)
	if text == "" || text[0] != '-' && (text[0] < '0' || text[0] > '9') {
		return nil, false
	}
	if i := strings.IndexAny(text, "eE"); i >= 0 {
		if e, err := strconv.Atoi(text[i+1:]); err != nil || e > maxExponent || e < -maxExponent {
			return nil, false
		}
	}
	return new(big.Rat).SetString(text)
}

// readText reads the text of a value: numbers and booleans stand for their digits and words, as in a field of texts.
func readText(value json.RawMessage) (string, bool) {
	if len(value) == 0 {
		return "", false
	}
	switch value[0] {
	case '"':
		var s string
		err := json.Unmarshal(value, &s)
		return s, err == nil
	case '{', '[', 'n':
		return "", false
	}
	return string(value), true
}

// readKeys reads what names a record, or several: a text, a whole number, or a list of them.
func readKeys(value json.RawMessage) []string {
	if len(value) > 0 && value[0] == '[' {
		var list []json.RawMessage
		if json.Unmarshal(value, &list) != nil {
			return nil
		}
		var keys []string
		for _, one := range list {
			if key, ok := readKey(one); ok {
				keys = append(keys, key)
			}
		}
		return keys
	}
	if key, ok := readKey(value); ok {
		return []string{key}
	}
	return nil
}

func readKey(value json.RawMessage) (string, bool) {
	if n, ok := readNumber(value); ok {
		return n.Num().String(), n.IsInt() // 1.0 names 1
	}
	s, ok := readText(value)
	return s, ok && s != "" && value[0] == '"'
}

// moment is a day, or an instant.
type moment struct {
	dayOnly bool
	// at is the instant, or midnight UTC of the day.
	at time.Time
}

func readMoment(value json.RawMessage) (moment, bool) {
	if len(value) == 0 || value[0] != '"' {
		return moment{}, false
	}
	text, ok := readText(value)
	if !ok {
		return moment{}, false
	}
	if at, ok := schema.Time(text); ok {
		return moment{at: at}, true
	}
	day, err := time.Parse(time.DateOnly, text)
	return moment{dayOnly: true, at: day}, err == nil
}

const secondsADay = 24 * 60 * 60

// day gives the calendar day in a time zone, counted from 1970-01-01.
func (m moment) day(zone *time.Location) int64 {
	if m.dayOnly {
		return dayOf(m.at, time.UTC)
	}
	return dayOf(m.at, zone)
}

func dayOf(at time.Time, zone *time.Location) int64 {
	year, month, day := at.In(zone).Date()
	return time.Date(year, month, day, 0, 0, 0, 0, time.UTC).Unix() / secondsADay
}

// days gives how many days lie between two moments: exactly between two instants, in whole days of the calendar where
// one of them is a day.
func days(from, until moment, zone *time.Location) *big.Rat {
	if from.dayOnly || until.dayOnly {
		return new(big.Rat).SetInt64(until.day(zone) - from.day(zone))
	}
	seconds := new(big.Rat).SetInt64(until.at.Unix() - from.at.Unix())
	nanos := big.NewRat(int64(until.at.Nanosecond()-from.at.Nanosecond()), int64(time.Second))
	return seconds.Quo(seconds.Add(seconds, nanos), big.NewRat(secondsADay, 1))
}

// readScale reads a number or a fraction other than zero; empty is 1.
func readScale(text string) (*big.Rat, bool) {
	if text == "" {
		return big.NewRat(1, 1), true
	}
	over, under, fraction := strings.Cut(text, "/")
	if !fraction {
		under = "1"
	}
	if !json.Valid([]byte(over)) || !json.Valid([]byte(under)) {
		return nil, false
	}
	value, ok := readNumber(json.RawMessage(over))
	divisor, found := readNumber(json.RawMessage(under))
	if !ok || !found || divisor.Sign() == 0 || value.Sign() == 0 {
		return nil, false
	}
	return value.Quo(value, divisor), true
}

// minorDigits gives how many decimals of a currency its minor unit is (ISO 4217, list of 2026-01-01); false for what is
// no code of three capital letters.
func minorDigits(currency string) (int, bool) {
	if len(currency) != 3 || strings.ToUpper(currency) != currency || strings.ContainsFunc(currency, func(r rune) bool { return r < 'A' || r > 'Z' }) {
		return 0, false
	}
	switch {
	case strings.Contains(" BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF ", " "+currency+" "):
		return 0, true
	case strings.Contains(" BHD IQD JOD KWD LYD OMR TND ", " "+currency+" "):
		return 3, true
	case strings.Contains(" CLF UYW ", " "+currency+" "):
		return 4, true
	}
	return 2, true
}

// inMinorUnits turns an amount into minor units of its currency, exactly.
func inMinorUnits(amount *big.Rat, written Amounts, digits int) *big.Rat {
	tenTo := func(n int) *big.Rat {
		return new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil))
	}
	switch written {
	case MajorUnits:
		return new(big.Rat).Mul(amount, tenTo(digits))
	case Hundredths:
		scaled := new(big.Rat).Mul(amount, tenTo(digits))
		return scaled.Quo(scaled, tenTo(2))
	}
	return amount
}

// readMoney reads a value of the type money: an amount in major units with its currency.
func readMoney(value json.RawMessage) (amount *big.Rat, currency string, ok bool) {
	var parts map[string]json.RawMessage
	if json.Unmarshal(value, &parts) != nil {
		return nil, "", false
	}
	text, spelled := parts["amount"]
	if !spelled {
		text = parts["value"]
	}
	currency, named := readText(parts["currency"])
	amount, ok = readNumber(text)
	return amount, currency, ok && named
}

// Decimal writes a number as a decimal: exactly if it has an end within 12 decimals, else rounded to 12, half away from
// zero; exact tells which.
func Decimal(n *big.Rat) (text string, exact bool) {
	const most = 12
	digits, finite := n.FloatPrec()
	exact = finite && digits <= most
	text = n.FloatString(min(digits, most))
	if !exact {
		text = n.FloatString(most)
	}
	return text, exact
}

func quoted(s string) string {
	const most = 60
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "") + "…"
	}
	return strconv.Quote(s)
}
