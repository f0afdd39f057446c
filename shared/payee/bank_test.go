package payee_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"leadline/shared/fault"
	"leadline/shared/payee"
)

// ibans are examples of the registry of IBANs, by country.
func ibans() map[string]string {
	return map[string]string{
		"AE": "AE070331234567890123456", "BE": "BE68539007547034", "BR": "BR1800360305000010009795493C1", "CH": "CH9300762011623852957",
		"DE": "DE89370400440532013000", "ES": "ES9121000418450200051332", "FR": "FR1420041010050500013M02606", "GB": "GB29NWBK60161331926819",
		"IT": "IT60X0542811101000000123456", "LC": "LC55HEMM000100010012001200023015", "MT": "MT84MALT011000012345MTLCAST001S",
		"MU": "MU17BOMM0101101030300200000MUR", "NL": "NL91ABNA0417164300", "NO": "NO9386011117947", "PL": "PL61109010140000071219812874",
		"RU": "RU0304452522540817810538091310419", "SA": "SA0380000000608010167519", "JE": "GB29NWBK60161331926819", "RE": "FR1420041010050500013M02606",
	}
}

func german() payee.Bank { return payee.Bank{Holder: "Jo Dö", Country: "DE", IBAN: ibans()["DE"]} }

func american() payee.Bank {
	return payee.Bank{Holder: "Jo Doe", Country: "US", Code: "021000021", Account: "12345678901234567", Type: "checking"}
}

func indian() payee.Bank {
	return payee.Bank{Holder: "Jo Doe", Country: "IN", Code: "HDFC0A1B2C3", Account: "123456789"}
}

func british() payee.Bank {
	return payee.Bank{Holder: "Jo Doe", Country: "GB", Code: "200000", Account: "55779911"}
}

func kenyan() payee.Bank {
	return payee.Bank{Holder: "Jo Doe", Country: "KE", BIC: "KCBLKENX", Account: "1234-5678/90.1"}
}

func TestBanksThatCanBePaid(t *testing.T) {
	for country, iban := range ibans() {
		if err := (payee.Bank{Holder: "Jo", Country: country, IBAN: iban}).Check(); err != nil {
			t.Errorf("%s: %v", iban, err)
		}
	}
	savings, lowest, code := american(), indian(), kenyan()
	savings.Type, savings.Account = "savings", "A-1"
	lowest.Account = strings.Repeat("9", 18)
	code.BIC, code.Code = "", "01-102"
	withBIC := german()
	withBIC.BIC = "COBADEFFXXX"
	for name, b := range map[string]payee.Bank{"US": american(), "US savings": savings, "IN": indian(), "IN, 18 digits": lowest, "GB": british(),
		"KE": kenyan(), "KE by a clearing code": code, "BIC of 11": withBIC,
		"untidy":  {Holder: "  Jo   Doe ", Country: " de ", IBAN: "de89 3704 0044 0532 0130 00", BIC: "coba de ff"},
		"hyphens": {Holder: "Jo", Country: "GB", Code: "20-00-00", Account: "5577 9911"},
		"US, too": {Holder: "Jo", Country: "us", Code: "0210-0002-1", Account: "12 34", Type: " Savings "}} {
		if err := b.Check(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestBanksThatCannotBePaid(t *testing.T) {
	with := func(b payee.Bank, change func(*payee.Bank)) payee.Bank { change(&b); return b }
	for name, test := range map[string]struct {
		bank payee.Bank
		want string
	}{
		"nobody's":        {with(german(), func(b *payee.Bank) { b.Holder = "  " }), "holder: say whose account it is, as the bank knows it."},
		"a long holder":   {with(german(), func(b *payee.Bank) { b.Holder = strings.Repeat("ü", 141) }), "holder: it has 141 characters, and may have 140."},
		"a control":       {with(german(), func(b *payee.Bank) { b.Holder = "Jo\x00" }), "holder: it holds a control character."},
		"no country":      {with(german(), func(b *payee.Bank) { b.Country = "" }), "country: give the two letters of ISO 3166-1 of the country where the account is, such as IN."},
		"long country":    {with(german(), func(b *payee.Bank) { b.Country = "DEU" }), "country: give the two letters of ISO 3166-1 of the country where the account is, such as IN."},
		"a type":          {with(american(), func(b *payee.Bank) { b.Type = "loan" }), "type: it is checking, savings, or left out."},
		"two accounts":    {with(german(), func(b *payee.Bank) { b.Account = "1" }), "account: give the IBAN or the account's number, not both: nobody could say which is paid to."},
		"a short BIC":     {with(german(), func(b *payee.Bank) { b.BIC = "COBADEF" }), "bic: a BIC has 8 or 11 characters: four of the bank, the country's two letters, two of the place, and three of the branch or none."},
		"a BIC's country": {with(german(), func(b *payee.Bank) { b.BIC = "COBA12FF" }), "bic: a BIC has 8 or 11 characters: four of the bank, the country's two letters, two of the place, and three of the branch or none."},
		"no IBAN":         {with(german(), func(b *payee.Bank) { b.IBAN, b.Account = "", "532013000" }), "iban: accounts in DE are paid by IBAN, of 22 characters."},
		"needless IBAN":   {with(american(), func(b *payee.Bank) { b.Account, b.IBAN = "", ibans()["DE"] }), "iban: accounts in US have none. Give account and code."},
		"another country": {with(german(), func(b *payee.Bank) { b.Country = "FR" }), "iban: one of the country FR begins with FR, this one does not."},
		"a short IBAN":    {with(german(), func(b *payee.Bank) { b.IBAN = b.IBAN[:21] }), "iban: one that begins with DE has 22 characters, this one has 21."},
		"signs":           {with(german(), func(b *payee.Bank) { b.IBAN = "DE89_70400440532013000" }), "iban: it has letters and digits alone."},
		"two letters":     {with(german(), func(b *payee.Bank) { b.IBAN = "DE" }), "iban: it has letters and digits alone."},
		"a wrong digit":   {with(german(), func(b *payee.Bank) { b.IBAN = "DE89370400440532013001" }), "iban: its check digits do not fit the rest. Compare it with what the bank wrote."},
		"check letters":   {with(german(), func(b *payee.Bank) { b.IBAN = "DEAB370400440532013000" }), "iban: its check digits do not fit the rest. Compare it with what the bank wrote."},
		"routing number":  {with(american(), func(b *payee.Bank) { b.Code = "021000022" }), "code: a routing number has nine digits, the last of which checks the others; this one does not fit. Compare it with a check of the account."},
		"no account, US":  {with(american(), func(b *payee.Bank) { b.Account = "" }), "account: an account in the United States has up to 17 digits, letters and hyphens."},
		"18 digits, US":   {with(american(), func(b *payee.Bank) { b.Account += "8" }), "account: an account in the United States has up to 17 digits, letters and hyphens."},
		"no type, US":     {with(american(), func(b *payee.Bank) { b.Type = "" }), "type: say checking or savings: banks in the United States ask for it."},
		"IFSC's zero":     {with(indian(), func(b *payee.Bank) { b.Code = "HDFC1A1B2C3" }), "code: an IFSC has 11 characters: four letters, a zero, and six letters or digits."},
		"IFSC's letters":  {with(indian(), func(b *payee.Bank) { b.Code = "HDF00A1B2C3" }), "code: an IFSC has 11 characters: four letters, a zero, and six letters or digits."},
		"no IFSC":         {with(indian(), func(b *payee.Bank) { b.Code = "" }), "code: an IFSC has 11 characters: four letters, a zero, and six letters or digits."},
		"8 digits, IN":    {with(indian(), func(b *payee.Bank) { b.Account = "12345678" }), "account: an account in India has 9 to 18 digits."},
		"19 digits, IN":   {with(indian(), func(b *payee.Bank) { b.Account = strings.Repeat("1", 19) }), "account: an account in India has 9 to 18 digits."},
		"a letter, IN":    {with(indian(), func(b *payee.Bank) { b.Account = "12345678A" }), "account: an account in India has 9 to 18 digits."},
		"sort code":       {with(british(), func(b *payee.Bank) { b.Code = "2000" }), "code: a sort code has six digits. Or give the IBAN alone."},
		"account, GB":     {with(british(), func(b *payee.Bank) { b.Account = "123456789" }), "account: an account in the United Kingdom has 6 to 8 digits."},
		"no account":      {with(kenyan(), func(b *payee.Bank) { b.Account = "" }), "account: say the account's number."},
		"a long account":  {with(kenyan(), func(b *payee.Bank) { b.Account = strings.Repeat("1", 35) }), "account: it has up to 34 letters, digits, and - / . between them."},
		"no bank":         {with(kenyan(), func(b *payee.Bank) { b.BIC = "" }), "code: say which bank it is: its clearing code, or its bic."},
		"a strange code":  {with(kenyan(), func(b *payee.Bank) { b.Code = "a_b" }), "code: it has up to 35 letters and digits."},
	} {
		err := test.bank.Check()
		if f := fault.Of(err); f == nil || f.Kind != fault.Invalid || f.Code != payee.CodeBank || f.Message != test.want {
			t.Errorf("%s: %v\nwant %s", name, err, test.want)
		}
	}
}

func TestWrongTaxIDs(t *testing.T) {
	for name, test := range map[string]struct{ country, id, want string }{
		"PAN": {"IN", "abcde 1234f", ""}, "SSN": {"US", "123-45-6789", ""}, "elsewhere": {"DE", "12/345", ""}, "the shortest": {"DE", "1234", ""},
		"short PAN":       {"IN", "ABCDE1234", "A PAN has ten characters: five letters, four digits and a letter."},
		"PAN of digits":   {"IN", "1234567890", "A PAN has ten characters: five letters, four digits and a letter."},
		"letters for SSN": {"US", "12345678A", "A taxpayer identification number of the United States (SSN, ITIN, EIN) has nine digits."},
		"nothing":         {"DE", " - ", "A tax id has 4 to 30 letters and digits."},
		"long":            {"DE", strings.Repeat("1", 31), "A tax id has 4 to 30 letters and digits."},
		"signs":           {"DE", "12_34", "A tax id has 4 to 30 letters and digits."},
	} {
		err := payee.CheckTaxID(test.country, test.id)
		if test.want == "" && err == nil {
			continue
		}
		if f := fault.Of(err); f == nil || f.Kind != fault.Invalid || f.Code != payee.CodeTaxID || f.Message != test.want {
			t.Errorf("%s: %v\nwant %s", name, err, test.want)
		}
	}
}

// TestTyposAreFound: a digit that is another, or two neighbours that changed places, make an IBAN or routing number that is refused.
func TestTyposAreFound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := german()
		code := &b.IBAN
		if rapid.Bool().Draw(t, "US") {
			b = american()
			code = &b.Code
		}
		digits := []byte(*code)
		at := rapid.IntRange(4, len(digits)-2).Draw(t, "at")
		if rapid.Bool().Draw(t, "swap") && *code == b.IBAN {
			digits[at], digits[at+1] = digits[at+1], digits[at]
		} else {
			digits[at] = rapid.ByteRange('0', '9').Draw(t, "digit")
		}
		changed := string(digits) != *code
		*code = string(digits)
		if err := b.Check(); (err != nil) != changed {
			t.Fatalf("%s: %v", *code, err)
		}
	})
}

// TestCleaningIsDoneOnce: what is clean stays as it is, blanks and case change neither verdict nor hint, and no hint or message shows
// more than the last four characters.
func TestCleaningIsDoneOnce(t *testing.T) {
	part := rapid.StringMatching(`[A-Za-z0-9 \-]{0,36}`)
	rapid.Check(t, func(t *rapid.T) {
		b := payee.Bank{Holder: rapid.String().Draw(t, "holder"), Country: rapid.SampledFrom([]string{"DE", "US", "IN", "GB", "KE", "de", ""}).Draw(t, "country"),
			IBAN: part.Draw(t, "iban"), Account: part.Draw(t, "account"), Code: part.Draw(t, "code"), BIC: part.Draw(t, "bic")}
		clean := b.Clean()
		if clean.Clean() != clean {
			t.Fatalf("%+v is cleaned to %+v", clean, clean.Clean())
		}
		if b.Hint() != clean.Hint() || (b.Check() == nil) != (clean.Check() == nil) {
			t.Fatal("cleaning changes what it says")
		}
		account := clean.IBAN
		if account == "" {
			account = clean.Account
		}
		if hint := b.Hint(); len(hint) > 4 || 2*len(hint) > len(account) || !strings.HasSuffix(account, hint) {
			t.Fatalf("the hint of %q is %q", account, hint)
		}
		if err := b.Check(); err != nil && len(account) > 5 && strings.Contains(err.Error(), account) {
			t.Fatalf("the message repeats the account: %v", err)
		}
	})
}

func TestHints(t *testing.T) {
	for want, got := range map[string]string{"3000": german().Hint(), "4567": american().Hint(), "234F": payee.TaxIDHint("abcde-1234f"), "34F": payee.TaxIDHint("12-334f"), "": payee.Bank{Account: "1"}.Hint(), "3": payee.Bank{Account: "123"}.Hint()} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
