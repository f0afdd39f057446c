// Package bankfile writes the files that tell banks what to pay: ISO 20022 pain.001.001.09, NACHA and CSV. Each is a pure function
// of a frozen batch, with no clock and no chance in it: made again it is the same to the byte, in whatever order the payments come.
// Its checks (CheckPain001, CheckNACHA, CheckCSV) share no code with the writers, and read a file the way that a bank would.
package bankfile

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"leadline/shared/calendar"
	"leadline/shared/fault"
	"leadline/shared/money"
	"leadline/shared/payee"
	"leadline/shared/payout"
)

// The codes of refusals, all fault.Invalid.
const (
	CodeNoFit   = "bank_details_do_not_fit" // the account cannot be paid, or paid from, with the format
	CodeInvalid = "invalid_bank_file"       // the file cannot be written from what it is given
)

// File is what a bank file says. It is built from a batch that no longer changes.
type File struct {
	// ID is the batch's; MessageID names the file to the bank, and is the ID where it is empty. Both are cleaned to identifiers of
	// at most 35 characters.
	ID        string
	MessageID string
	// CreatedAt is an instant of the batch (when it was submitted or released), never that of writing. It is written in UTC.
	CreatedAt time.Time
	// PayOn is the day on which the bank is to pay.
	PayOn calendar.Date
	// Currency is that of all amounts.
	Currency string
	Payer    Party
	// Payments may come in any order: files have them by EndToEnd.
	Payments []Payment
	// Modifier tells apart several NACHA files of a payer on one day: A to Z or 0 to 9; 0 (the zero value) is A.
	Modifier byte
	// Description is what NACHA files call the payments, at most 10 characters. Empty is PAYROLL, which the rules ask for whenever
	// people are paid for work, bonuses and commissions among it.
	Description string
}

// Party is who pays.
type Party struct {
	Name    string
	Country string // ISO 3166-1 alpha-2; empty for that of the account
	// Address is lines of free text, of which the last one has the postal code and the town: see Pain001.
	Address []string
	Bank    payee.Bank
	// OriginID and Destination are those of NACHA files: the company identification (at most 10 characters) and the routing number of
	// the bank that takes the file.
	OriginID    string
	Destination string
}

// Payment is one transfer.
type Payment struct {
	// EndToEnd names the payment: unique within the file, at most 35 of [A-Za-z0-9-], the first no hyphen.
	EndToEnd string
	Name     string // the payee's; empty: the holder of the account
	Country  string // ISO 3166-1 alpha-2; empty for unknown
	Bank     payee.Bank
	Amount   int64 // minor units, above zero
	// Reference is what the payee reads on the statement of account; empty: the EndToEnd.
	Reference string
}

// Write writes the file of a format. Refusals are fault.Invalid (CodeInvalid, CodeNoFit) and name the payment.
func Write(format payout.Format, f File) ([]byte, error) {
	switch format {
	case payout.Pain001:
		return Pain001(f)
	case payout.NACHA:
		return NACHA(f)
	case payout.CSV:
		return CSV(f)
	}
	return nil, unknownFormat(format)
}

// Media gives what files of a format are called after their name's point, and their media type; empty for what is no format.
func Media(format payout.Format) (extension, mediaType string) {
	switch format {
	case payout.Pain001:
		return "xml", "application/xml"
	case payout.NACHA:
		return "ach", "text/plain; charset=us-ascii"
	case payout.CSV:
		return "csv", "text/csv; charset=utf-8"
	}
	return "", ""
}

func unknownFormat(format payout.Format) error {
	return fault.New(fault.Invalid, CodeInvalid, "%q is no format of bank files: there are pain.001, nacha and csv.", shorten(string(format), 20))
}

// checked gives the file with its payments by EndToEnd, each with a name and a reference, if a format can say what it holds.
func checked(format payout.Format, f File) (File, int64, error) {
	if f.MessageID == "" {
		f.MessageID = f.ID
	}
	if identifier(f.ID, 35) == "" {
		return f, 0, refuse("The batch has no id.")
	}
	if f.CreatedAt.IsZero() || f.CreatedAt.UTC().Year() < 1970 || f.CreatedAt.UTC().Year() > 9999 {
		return f, 0, refuse("The batch does not say when it was made.")
	}
	if day, err := calendar.ParseDate(string(f.PayOn)); err != nil || day == "" {
		return f, 0, refuse("The batch has no day of payment.")
	}
	if len(f.Payments) == 0 {
		return f, 0, refuse("The batch has no payments: there is nothing to tell the bank.")
	}
	if why := misfitCurrency(format, f.Currency); why != "" {
		return f, 0, fault.New(fault.Invalid, CodeNoFit, "%s", why)
	}
	if err := FitsPayer(format, f.Payer, f.Currency); err != nil {
		return f, 0, err
	}
	f.Payments = slices.Clone(f.Payments)
	slices.SortStableFunc(f.Payments, func(a, b Payment) int { return strings.Compare(a.EndToEnd, b.EndToEnd) })
	var sum int64
	for i := range f.Payments {
		f.Payments[i] = f.Payments[i].filled()
		p := f.Payments[i]
		if err := p.check(format, f.Currency); err != nil {
			return f, 0, err
		}
		if i > 0 && f.Payments[i-1].EndToEnd == p.EndToEnd {
			return f, 0, refuse("Payment %s: two payments are named so. Each needs a name of its own.", p.EndToEnd)
		}
		if sum += p.Amount; sum > most {
			return f, 0, refuse("Payment %s: with it the batch has more than 18 digits, which no bank file can say. Pay it in several batches.", p.EndToEnd)
		}
	}
	return f, sum, nil
}

// most is the largest amount of minor units that ISO 20022 has digits for: 18.
const most = 999_999_999_999_999_999

// filled gives the payment with a name and a reference.
func (p Payment) filled() Payment {
	if p.Name == "" {
		p.Name = p.Bank.Holder
	}
	if p.Reference == "" {
		p.Reference = p.EndToEnd
	}
	return p
}

func (p Payment) check(format payout.Format, currency string) error {
	if !matches(p.EndToEnd, 1, 35, upper+lower+digits+"-") || p.EndToEnd[0] == '-' {
		return refuse("Payment %q of %q: a payment is named by 1 to 35 letters without accents, digits and hyphens, the first no hyphen.", shorten(p.EndToEnd, 40), shorten(p.Name, 40))
	}
	if p.Amount <= 0 {
		return refuse("Payment %s: %s is no amount that can be paid. Leave it out.", p.EndToEnd, money.Amount{Minor: p.Amount, Currency: currency})
	}
	if p.Amount > most {
		return refuse("Payment %s: the amount has more than 18 digits.", p.EndToEnd)
	}
	if format == payout.NACHA && p.Amount > maxEntry {
		return refuse("Payment %s: NACHA files say at most 99999999.99 USD in one payment. Pay it in parts, or by wire.", p.EndToEnd)
	}
	if !nameable(format, p.Name) {
		return refuse("Payment %s: nothing that the bank can read is left of the name %q. Write it in Latin letters, as the payee's bank has it.", p.EndToEnd, shorten(p.Name, 40))
	}
	if p.Country != "" && !country(p.Country) {
		return refuse("Payment %s: %q is no country code such as DE.", p.EndToEnd, shorten(p.Country, 20))
	}
	if why := misfit(format, p.Bank); why != "" {
		return fault.New(fault.Invalid, CodeNoFit, "Payment %s: %s", p.EndToEnd, why)
	}
	return nil
}

func refuse(format string, args ...any) error {
	return fault.New(fault.Invalid, CodeInvalid, format, args...)
}

// decimal writes minor units in major ones with all decimals: 1234.50.
func decimal(minor int64, places int) string {
	text := strconv.FormatInt(minor, 10)
	for len(text) <= places {
		text = "0" + text
	}
	if places == 0 {
		return text
	}
	return text[:len(text)-places] + "." + text[len(text)-places:]
}

func shorten(text string, most int) string {
	runes := []rune(text)
	return string(runes[:min(len(runes), most)])
}
