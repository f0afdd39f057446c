package money

import "strings"

// Digits gives how many decimals the minor unit of a currency has (ISO 4217, list of 2026-01-01): 2 of most, 0 of JPY, 3 of KWD.
// It is false for what is no active code, or one that was withdrawn since 2020, for old records have them. Funds and precious
// metals are no currencies. The codes are those that records may have (package schema).
func Digits(currency string) (int, bool) {
	if len(currency) != 3 || strings.Contains(currency, " ") {
		return 0, false
	}
	switch {
	case strings.Contains(hundredths, currency):
		return 2, true
	case strings.Contains(wholes, currency):
		return 0, true
	case strings.Contains(thousandths, currency):
		return 3, true
	}
	return 0, false
}

// The codes by their minor unit, with a space on both sides of each, so that no three letters across two codes are one.
const (
	wholes      = " BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF "
	thousandths = " BHD IQD JOD KWD LYD OMR TND "
	hundredths  = " USD EUR GBP INR " +
		"AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP CRC CUP CVE CZK " +
		"DKK DOP DZD EGP ERN ETB FJD FKP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS IRR JMD KES KGS KHR KPW KYD KZT LAK LBP " +
		"LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR " +
		"RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH UYU UZS VED " +
		"VES WST XCD XCG YER ZAR ZMW ZWG " +
		"ANG BGN CUC HRK SLL ZWL "
)
