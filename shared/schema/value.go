package schema

import (
	"bytes"
	"encoding/json"
	"strings"
)

// TypeOf says what one value in canonical JSON is by itself:
//
//	null                                            unknown: a null says nothing
//	true, false                                     boolean
//	12, 1.0, 1e5, 20 digits                         number; its digits are kept, nothing is rounded
//	"2026-01-15"                                    date, if the calendar has that day
//	"2026-01-15T10:00:00Z"                          date_time (see Time); without a zone it is a text, for nobody can say
//	                                                which instant is meant, and so which month it counts in
//	{"amount": 12.50, "currency": "EUR"}            money; value may stand for amount; nothing else in the object, the amount
//	                                                a number, the currency an active ISO 4217 code in capitals
//	["a", "b"], []                                  multi_choice: a list of texts
//	any other list or object                        json
//	any other text: "00123", "1e5", "NaN", "true",  text: what comes in quotes never becomes a number or a boolean
//	"", "USD 12.50", "$1,000", "15/01/2026"
//
// Choices and references are declared, never seen in a value.
func TypeOf(value json.RawMessage) Type {
	switch kind(value) {
	case 'n':
		return Unknown
	case 't':
		return Boolean
	case '0':
		return Number
	case '"':
		switch text := plain(value); {
		case isDate(text):
			return Date
		case isTime(text):
			return DateTime
		}
		return Text
	case '[':
		if isTexts(value) {
			return MultiChoice
		}
	case '{':
		if isMoney(value) {
			return Money
		}
	}
	return JSON
}

// kind gives the first byte of a value: n for null and for nothing at all, t for true and false, 0 for a number, else
// a quote, bracket or brace.
func kind(value json.RawMessage) byte {
	if len(value) == 0 {
		return 'n'
	}
	switch c := value[0]; {
	case c == 'f':
		return 't'
	case c == '-' || c >= '0' && c <= '9':
		return '0'
	default:
		return c
	}
}

// plain gives what stands between the quotes of a text. Escapes stay: no date, number or name of a currency has one in
// canonical JSON.
func plain(value json.RawMessage) []byte {
	if len(value) < 2 {
		return nil
	}
	return value[1 : len(value)-1]
}

// isTexts tells whether a list holds nothing but texts.
func isTexts(value json.RawMessage) bool {
	i := skipBlanks(value, 1)
	for i < len(value) && value[i] == '"' {
		for i++; i < len(value) && value[i] != '"'; i++ {
			if value[i] == '\\' {
				i++
			}
		}
		if i = skipBlanks(value, i+1); i < len(value) && value[i] == ',' {
			i = skipBlanks(value, i+1)
		}
	}
	return i == len(value)-1 && value[i] == ']'
}

// skipBlanks lets a list be read that is not canonical, such as a sample that a person wrote.
func skipBlanks(value json.RawMessage, i int) int {
	for i < len(value) && (value[i] == ' ' || value[i] == '\n' || value[i] == '\t' || value[i] == '\r') {
		i++
	}
	return i
}

// texts gives the texts of a text or of a list of texts.
func texts(value json.RawMessage) []string {
	var one string
	var many []string
	if json.Unmarshal(value, &one) == nil {
		return []string{one}
	}
	_ = json.Unmarshal(value, &many) // what isTexts lets through can be read
	return many
}

func isMoney(value json.RawMessage) bool {
	if !bytes.Contains(value, []byte(`"currency"`)) {
		return false
	}
	var m map[string]json.RawMessage
	if json.Unmarshal(value, &m) != nil || len(m) != 2 {
		return false
	}
	amount, spelled := m["amount"]
	if !spelled {
		amount = m["value"]
	}
	return kind(amount) == '0' && kind(m["currency"]) == '"' && isCurrency(string(plain(m["currency"])))
}

// isCurrency tells whether code is an active code of ISO 4217 (list of 2026-01-01), funds and precious metals aside, or
// one that was withdrawn since 2020, for old records have them.
func isCurrency(code string) bool {
	return len(code) == 3 && !strings.Contains(code, " ") && strings.Contains(currencies, code)
}

// currencies has a space on both sides of each code, so that no three letters across two codes are one.
const currencies = " AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF " +
	"CHF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG " +
	"HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD " +
	"MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF " +
	"SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS " +
	"VED VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG " +
	"ANG BGN CUC HRK SLL ZWL "
