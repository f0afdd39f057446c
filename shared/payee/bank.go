package payee

import (
	"strings"
	"unicode"

	"leadline/shared/fault"
)

// CodeBank is the code of bank details that cannot be, CodeTaxID that of such a tax id. Their messages never repeat what was said.
const (
	CodeBank  = "invalid_bank_details"
	CodeTaxID = "invalid_tax_id"
)

// maxHolder is how long the name of an account's holder may be, as in pain.001.
const maxHolder = 140

// Clean gives the details as they are kept and paid by: without the blanks that people put in, codes in capitals.
func (b Bank) Clean() Bank {
	b.Holder = strings.Join(strings.Fields(b.Holder), " ")
	b.Country = strings.ToUpper(strings.TrimSpace(b.Country))
	b.IBAN, b.BIC = packed(b.IBAN), packed(b.BIC)
	b.Account, b.Code = strings.ToUpper(strings.Join(strings.Fields(b.Account), "")), packed(b.Code)
	b.Type = strings.ToLower(strings.TrimSpace(b.Type))
	return b
}

// packed takes blanks and hyphens out of a code.
func packed(code string) string {
	return strings.ToUpper(strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || r == '-' {
			return -1
		}
		return r
	}, code))
}

// Hint gives the last characters of the account: four, and never more than half of it.
func (b Bank) Hint() string {
	if b = b.Clean(); b.IBAN != "" {
		return hint(b.IBAN)
	}
	return hint(b.Account)
}

func hint(secret string) string {
	all := []rune(secret)
	return string(all[len(all)-min(4, len(all)/2):])
}

// Check refuses details by which no bank could pay: Invalid (CodeBank). It looks at them as Clean gives them.
func (b Bank) Check() error {
	b = b.Clean()
	switch {
	case b.Holder == "":
		return wrong("holder: say whose account it is, as the bank knows it.")
	case len([]rune(b.Holder)) > maxHolder:
		return wrong("holder: it has %d characters, and may have %d.", len([]rune(b.Holder)), maxHolder)
	case strings.ContainsFunc(b.Holder, unicode.IsControl):
		return wrong("holder: it holds a control character.")
	case !isCountry(b.Country):
		return wrong("country: give the two letters of ISO 3166-1 of the country where the account is, such as IN.")
	case b.Type != "" && b.Type != "checking" && b.Type != "savings":
		return wrong("type: it is checking, savings, or left out.")
	case b.IBAN != "" && b.Account != "":
		return wrong("account: give the IBAN or the account's number, not both: nobody could say which is paid to.")
	case b.BIC != "" && !isBIC(b.BIC):
		return wrong("bic: a BIC has 8 or 11 characters: four of the bank, the country's two letters, two of the place, and three of the branch or none.")
	}
	if b.IBAN != "" {
		return b.checkIBAN()
	}
	switch b.Country {
	case "US":
		return b.checkUS()
	case "IN":
		return b.checkIN()
	case "GB", "GG", "IM", "JE":
		return b.checkGB()
	}
	if n := ibanLength(ibanCountry(b.Country)); n > 0 {
		return wrong("iban: accounts in %s are paid by IBAN, of %d characters.", b.Country, n)
	}
	switch {
	case b.Account == "":
		return wrong("account: say the account's number.")
	case len(b.Account) > 34 || !every(b.Account, func(r rune) bool { return isDigit(r) || isLetter(r) || r == '-' || r == '/' || r == '.' }):
		return wrong("account: it has up to 34 letters, digits, and - / . between them.")
	case b.Code == "" && b.BIC == "":
		return wrong("code: say which bank it is: its clearing code, or its bic.")
	case len(b.Code) > 35 || !every(b.Code, func(r rune) bool { return isDigit(r) || isLetter(r) }):
		return wrong("code: it has up to 35 letters and digits.")
	}
	return nil
}

func (b Bank) checkIBAN() error {
	country := ibanCountry(b.Country)
	n := ibanLength(country)
	switch {
	case n == 0:
		return wrong("iban: accounts in %s have none. Give account and code.", b.Country)
	case len(b.IBAN) < 4 || !every(b.IBAN, func(r rune) bool { return isDigit(r) || isLetter(r) }):
		return wrong("iban: it has letters and digits alone.")
	case b.IBAN[:2] != country:
		return wrong("iban: one of the country %s begins with %s, this one does not.", b.Country, country)
	case len(b.IBAN) != n:
		return wrong("iban: one that begins with %s has %d characters, this one has %d.", country, n, len(b.IBAN))
	case !every(b.IBAN[2:4], isDigit) || !ibanAddsUp(b.IBAN):
		return wrong("iban: its check digits do not fit the rest. Compare it with what the bank wrote.")
	}
	return nil
}

// checkUS holds an account in the United States to what an ACH entry takes.
// https://achdevguide.nacha.org/ach-file-details
func (b Bank) checkUS() error {
	switch {
	case !RoutingNumber(b.Code):
		return wrong("code: a routing number has nine digits, the last of which checks the others; this one does not fit. Compare it with a check of the account.")
	case b.Account == "" || len(b.Account) > 17 || !every(b.Account, func(r rune) bool { return isDigit(r) || isLetter(r) || r == '-' }):
		return wrong("account: an account in the United States has up to 17 digits, letters and hyphens.")
	case b.Type == "":
		return wrong("type: say checking or savings: banks in the United States ask for it.")
	}
	return nil
}

func (b Bank) checkIN() error {
	switch {
	case len(b.Code) != 11 || !every(b.Code[:4], isLetter) || b.Code[4] != '0' || !every(b.Code[5:], func(r rune) bool { return isDigit(r) || isLetter(r) }):
		return wrong("code: an IFSC has 11 characters: four letters, a zero, and six letters or digits.")
	case len(b.Account) < 9 || len(b.Account) > 18 || !every(b.Account, isDigit):
		return wrong("account: an account in India has 9 to 18 digits.")
	}
	return nil
}

func (b Bank) checkGB() error {
	switch {
	case len(b.Code) != 6 || !every(b.Code, isDigit):
		return wrong("code: a sort code has six digits. Or give the IBAN alone.")
	case len(b.Account) < 6 || len(b.Account) > 8 || !every(b.Account, isDigit):
		return wrong("account: an account in the United Kingdom has 6 to 8 digits.")
	}
	return nil
}

// RoutingNumber tells whether a text is a routing number of the American Bankers Association: nine digits that begin as the Federal
// Reserve gives them out, weighted 3, 7, 1 to a multiple of ten.
func RoutingNumber(code string) bool {
	if len(code) != 9 || !every(code, isDigit) {
		return false
	}
	sum := 0
	for i, weight := range []int{3, 7, 1, 3, 7, 1, 3, 7, 1} {
		sum += weight * int(code[i]-'0')
	}
	first := 10*int(code[0]-'0') + int(code[1]-'0')
	given := first <= 12 || first >= 21 && first <= 32 || first >= 61 && first <= 72 || first == 80
	return given && sum%10 == 0 && sum > 0
}

// isBIC tells whether a text has the form of ISO 9362.
func isBIC(bic string) bool {
	letterOrDigit := func(r rune) bool { return isDigit(r) || isLetter(r) }
	return (len(bic) == 8 || len(bic) == 11) && every(bic, letterOrDigit) && every(bic[4:6], isLetter)
}

// CheckTaxID refuses a tax id that cannot be one of the country: Invalid (CodeTaxID). It looks at it as CleanTaxID gives it.
func CheckTaxID(country, id string) error {
	id = CleanTaxID(id)
	switch {
	case country == "IN" && (len(id) != 10 || !every(id[:5], isLetter) || !every(id[5:9], isDigit) || !every(id[9:], isLetter)):
		return fault.New(fault.Invalid, CodeTaxID, "A PAN has ten characters: five letters, four digits and a letter.")
	case country == "US" && (len(id) != 9 || !every(id, isDigit)):
		return fault.New(fault.Invalid, CodeTaxID, "A taxpayer identification number of the United States (SSN, ITIN, EIN) has nine digits.")
	case len(id) < 4 || len(id) > 30 || !every(id, func(r rune) bool { return isDigit(r) || isLetter(r) || r == '/' || r == '.' }):
		return fault.New(fault.Invalid, CodeTaxID, "A tax id has 4 to 30 letters and digits.")
	}
	return nil
}

// CleanTaxID gives a tax id without blanks and hyphens, in capitals.
func CleanTaxID(id string) string { return packed(id) }

// TaxIDHint gives the last characters of a tax id: four, and never more than half of it.
func TaxIDHint(id string) string { return hint(CleanTaxID(id)) }

func isCountry(code string) bool { return len(code) == 2 && every(code, isLetter) }

func isDigit(r rune) bool  { return r >= '0' && r <= '9' }
func isLetter(r rune) bool { return r >= 'A' && r <= 'Z' }

func every(text string, is func(rune) bool) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return !is(r) })
}

func wrong(format string, args ...any) error {
	return fault.New(fault.Invalid, CodeBank, format, args...)
}
