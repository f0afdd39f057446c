package money_test

import (
	"encoding/json"
	"math"
	"math/big"
	"strings"
	"testing"

	"leadline/shared/fault"
	"leadline/shared/money"
	"leadline/shared/number"
	"leadline/shared/schema"

	"pgregory.net/rapid"
)

func num(t interface{ Fatal(...any) }, text string) number.Number {
	n, err := number.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestCurrenciesAreThoseOfRecords asks for every code of three capitals.
func TestCurrenciesAreThoseOfRecords(t *testing.T) {
	known := 0
	for i := range 26 * 26 * 26 {
		code := string([]byte{byte('A' + i/676), byte('A' + i/26%26), byte('A' + i%26)})
		_, ok := money.Digits(code)
		if want := schema.TypeOf(json.RawMessage(`{"amount":1,"currency":"`+code+`"}`)) == schema.Money; ok != want {
			t.Errorf("%s: known %v, in records %v", code, ok, want)
		}
		if ok {
			known++
		}
	}
	if known < 150 {
		t.Errorf("only %d currencies are known", known)
	}
}

func TestDigits(t *testing.T) {
	for codes, want := range map[string]int{
		"BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF": 0, "BHD IQD JOD KWD LYD OMR TND": 3, "USD EUR GBP INR MGA MRU CHF UYU ZWG BGN": 2,
	} {
		for _, code := range strings.Fields(codes) {
			if got, ok := money.Digits(code); got != want || !ok {
				t.Errorf("%s has %d digits, %v; want %d", code, got, ok, want)
			}
		}
	}
	for _, code := range []string{"", "US", "usd", "USDE", "XAU", "CLF", "XXX", "D E", " US", "SDE"} {
		if _, ok := money.Digits(code); ok {
			t.Errorf("%q is a currency", code)
		}
	}
}

func TestAmountAsText(t *testing.T) {
	for _, c := range []struct {
		amount money.Amount
		want   string
		major  string
	}{
		{money.Amount{Minor: 123450, Currency: "USD"}, "1234.50 USD", "1234.5"}, {money.Amount{Minor: -5, Currency: "EUR"}, "-0.05 EUR", "-0.05"},
		{money.Amount{Minor: 0, Currency: "EUR"}, "0.00 EUR", "0"}, {money.Amount{Minor: 99, Currency: "USD"}, "0.99 USD", "0.99"},
		{money.Amount{Minor: 1234, Currency: "JPY"}, "1234 JPY", "1234"}, {money.Amount{Minor: -1, Currency: "KWD"}, "-0.001 KWD", "-0.001"},
		{money.Amount{Minor: math.MinInt64, Currency: "USD"}, "-92233720368547758.08 USD", "-92233720368547758.08"},
		{money.Amount{Minor: math.MaxInt64, Currency: "BHD"}, "9223372036854775.807 BHD", "9223372036854775.807"},
		{money.Amount{Minor: 7, Currency: "ABC"}, "7 minor units of ABC", "7"},
	} {
		if got, major := c.amount.String(), money.Major(c.amount).String(); got != c.want || major != c.major {
			t.Errorf("%d %s is written %s, in major units %s; want %s, %s", c.amount.Minor, c.amount.Currency, got, major, c.want, c.major)
		}
	}
}

func TestFromMajor(t *testing.T) {
	for _, c := range []struct {
		major, currency string
		mode            number.Mode
		want            int64
		code            string
	}{
		{"1234.5", "USD", "", 123450, ""}, {"0.005", "USD", number.HalfAway, 1, ""}, {"0.005", "USD", number.HalfEven, 0, ""}, {"-0.005", "USD", number.HalfAway, -1, ""},
		{"2.5", "JPY", number.HalfAway, 3, ""}, {"1/3", "KWD", number.Up, 334, ""}, {"1", "XYZ", "", 0, money.CodeCurrency},
		{"92233720368547758.08", "USD", "", 0, number.CodeTooLarge}, {"1e60", "JPY", "", 0, number.CodeTooLarge},
	} {
		got, err := money.FromMajor(num(t, c.major), c.currency, c.mode)
		if c.code != "" {
			if f := fault.Of(err); f == nil || f.Code != c.code || f.Kind != fault.Invalid {
				t.Errorf("%s %s: %v, want %s", c.major, c.currency, err, c.code)
			}
			continue
		}
		if want := (money.Amount{Minor: c.want, Currency: c.currency}); err != nil || got != want {
			t.Errorf("%s %s is %v, %v; want %v", c.major, c.currency, got, err, want)
		}
	}
}

// TestAmountsComeBack goes from minor to major units and back, and holds the text to math/big.
func TestAmountsComeBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := money.Amount{Minor: rapid.Int64Min(-math.MaxInt64).Draw(t, "minor"), Currency: rapid.SampledFrom([]string{"USD", "JPY", "KWD"}).Draw(t, "currency")}
		back, err := money.FromMajor(money.Major(a), a.Currency, number.Down)
		if err != nil || back != a {
			t.Fatalf("%v came back as %v, %v", a, back, err)
		}
		digits, _ := money.Digits(a.Currency)
		scale := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(digits)), nil)
		if want := new(big.Rat).SetFrac(big.NewInt(a.Minor), scale).FloatString(digits) + " " + a.Currency; a.String() != want {
			t.Fatalf("%d is written %s, want %s", a.Minor, a, want)
		}
	})
}
