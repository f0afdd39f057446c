package bankfile

import (
	"strings"

	"leadline/shared/fault"
	"leadline/shared/money"
	"leadline/shared/payee"
	"leadline/shared/payout"
)

// Fits says why an account cannot be paid in a currency with files of a format; nil: it can. It is fault.Invalid (CodeNoFit).
//
//   - pain.001 takes any currency: an IBAN, or an account number with a clearing code or a BIC.
//   - nacha takes USD: an account of the United States with a routing number.
//   - csv takes any currency, and an IBAN or an account number of whatever form.
func Fits(format payout.Format, b payee.Bank, currency string) error {
	why := misfitCurrency(format, currency)
	if why == "" {
		why = misfit(format, b)
	}
	if why == "" {
		return nil
	}
	return fault.New(fault.Invalid, CodeNoFit, "%s", why)
}

// FitsPayment says why a payment cannot be told in files of a format; nil: it can. Besides what Fits asks, its name and amount have to be
// such. It is fault.Invalid (CodeNoFit of the account, else CodeInvalid). Who passes it stops no file of others.
func FitsPayment(format payout.Format, p Payment, currency string) error {
	if why := misfitCurrency(format, currency); why != "" {
		return fault.New(fault.Invalid, CodeNoFit, "%s", why)
	}
	return p.filled().check(format, currency)
}

// FitsPayer says why a payer cannot pay in a currency with files of a format; nil: it can. It is fault.Invalid (CodeNoFit). pain.001
// asks for a name and an account to pay from; nacha for a name, a company identification and the routing number of its bank, by which
// the bank knows the account; csv for a name.
func FitsPayer(format payout.Format, p Party, currency string) error {
	why := misfitCurrency(format, currency)
	switch {
	case why != "":
	case !nameable(format, p.Name):
		why = "Of the payer's name nothing is left that a bank can read: write it in Latin letters."
	case p.Country != "" && !country(p.Country):
		why = "The payer's country is no code such as DE."
	case format == payout.Pain001:
		if why = misfitPain001(p.Bank); why != "" {
			why = "The payer's account: " + why
		}
	case format == payout.NACHA && !matches(p.OriginID, 1, 10, upper+digits):
		why = "The payer has no company identification for NACHA files: it is given by its bank, 1 to 10 capital letters and digits."
	case format == payout.NACHA && !routing(p.Destination):
		why = "The payer has no routing number of the bank that takes its NACHA files, or its check digit is wrong."
	}
	if why == "" {
		return nil
	}
	return fault.New(fault.Invalid, CodeNoFit, "%s", why)
}

func misfitCurrency(format payout.Format, currency string) string {
	_, known := money.Digits(currency)
	switch {
	case format != payout.Pain001 && format != payout.NACHA && format != payout.CSV:
		return unknownFormat(format).Error()
	case !known:
		return "The currency is no active code of ISO 4217, such as EUR."
	case format == payout.NACHA && currency != "USD":
		return "NACHA files pay in USD only."
	}
	return ""
}

// misfit says why an account cannot be paid; empty: it can.
func misfit(format payout.Format, b payee.Bank) string {
	switch format {
	case payout.NACHA:
		switch {
		case b.Country != "" && b.Country != "US":
			return "NACHA files pay accounts in the United States only."
		case !routing(b.Code):
			return "NACHA files need a routing number of nine digits, of which the last one is right."
		case !matches(unspaced(b.Account), 1, 17, upper+lower+digits+"-") || bare(b.Account) == "":
			return "NACHA files need an account number of at most 17 letters, digits and hyphens."
		case b.Type != "" && b.Type != "checking" && b.Type != "savings":
			return "NACHA files pay checking and savings accounts."
		}
		return ""
	case payout.CSV:
		if strings.TrimSpace(b.IBAN) == "" && strings.TrimSpace(b.Account) == "" {
			return "There is no account number."
		}
		return ""
	}
	return misfitPain001(b)
}

func misfitPain001(b payee.Bank) string {
	switch {
	case b.BIC != "" && !bic(strings.ToUpper(bare(b.BIC))):
		return "The BIC is none: it has 8 or 11 letters and digits, such as DEUTDEFF."
	case b.IBAN != "" && !iban(bare(b.IBAN)):
		return "The IBAN is wrong: its check digits do not fit."
	case b.IBAN != "":
		return ""
	case !matches(bare(b.Account), 1, 34, upper+lower+digits):
		return "There is neither an IBAN nor an account number of at most 34 letters and digits."
	case b.Code != "" && !matches(bare(b.Code), 1, 35, upper+lower+digits):
		return "The clearing code of the bank has other characters than letters and digits."
	case b.Code == "" && b.BIC == "":
		return "An account without IBAN needs the clearing code or the BIC of its bank."
	case b.Country != "" && !country(b.Country):
		return "The country of the account is no code such as IN."
	}
	return ""
}

// bare leaves out what people write between groups of characters.
func bare(text string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(" -\u00a0./", r) {
			return -1
		}
		return r
	}, text)
}

// unspaced leaves out blanks. Hyphens are part of account numbers in the United States, where the magnetic line of a check has a dash.
func unspaced(text string) string { return strings.ReplaceAll(text, " ", "") }

func matches(text string, shortest, longest int, of string) bool {
	return len(text) >= shortest && len(text) <= longest && onlyOf(text, of)
}

func onlyOf(text, of string) bool {
	for i := range len(text) {
		if strings.IndexByte(of, text[i]) < 0 {
			return false
		}
	}
	return true
}

func country(code string) bool { return matches(code, 2, 2, upper) }

func bic(code string) bool {
	return (len(code) == 8 || len(code) == 11) && onlyOf(code, upper+digits) && onlyOf(code[4:6], upper)
}

// iban checks form and check digits (ISO 13616): the first four characters moved to the end and letters read as 10 to 35, the number
// is 1 modulo 97.
func iban(text string) bool {
	text = strings.ToUpper(text)
	if !matches(text, 5, 34, upper+digits) || !onlyOf(text[:2], upper) || !onlyOf(text[2:4], digits) {
		return false
	}
	rest := 0
	for _, c := range []byte(text[4:] + text[:4]) {
		if c >= 'A' {
			rest = (rest*100 + int(c-'A') + 10) % 97
		} else {
			rest = (rest*10 + int(c-'0')) % 97
		}
	}
	return rest == 1
}

// routing checks the form and the check digit of an ABA routing number: the digits weighed 3, 7, 1 in turn sum to a multiple of 10.
func routing(code string) bool {
	if !matches(code, 9, 9, digits) || code == "000000000" {
		return false
	}
	sum := 0
	for i := range 9 {
		sum += int(code[i]-'0') * []int{3, 7, 1}[i%3]
	}
	return sum%10 == 0
}

// nameable tells whether a format can say a name: of a Latin one, a letter or digit must be left.
func nameable(format payout.Format, name string) bool {
	if format == payout.CSV {
		return plain(name) != ""
	}
	limit := 70
	if format == payout.NACHA {
		limit = 22
	}
	return strings.ContainsAny(latin(name, limit), upper+lower+digits)
}
