package bankfile

import (
	"bytes"
	"encoding/csv"
	"strings"
	"unicode"
	"unicode/utf8"

	"leadline/shared/fault"
	"leadline/shared/money"
	"leadline/shared/payout"
)

// csvColumns are the columns of CSV files, in their order.
func csvColumns() []string {
	return []string{"batch", "payment", "pay_on", "name", "country", "iban", "bic", "account", "bank_code", "account_type", "amount", "currency", "reference",
		"payer", "payer_account"}
}

// CSV writes a table (RFC 4180, UTF-8, lines ended by CR LF) with a head and a line for each payment: the batch, the payment's EndToEnd,
// the day of payment, the payee's name and country, the account (iban, bic; or account, bank_code, account_type), the amount in major
// units with all decimals of the currency, the currency, the reference, and the payer with its account. Texts are as they were
// given, but for characters that cannot be seen. What a spreadsheet would take for a formula begins with an apostrophe: whatever begins
// with = + - @ or their full-width forms (https://owasp.org/www-community/attacks/CSV_Injection).
func CSV(f File) ([]byte, error) {
	f, _, err := checked(payout.CSV, f)
	if err != nil {
		return nil, err
	}
	places, _ := money.Digits(f.Currency)
	from := bare(f.Payer.Bank.IBAN)
	if from == "" {
		from = f.Payer.Bank.Account
	}
	var out bytes.Buffer
	out.Grow(200 * (len(f.Payments) + 1))
	w := csv.NewWriter(&out)
	w.UseCRLF = true
	rows := [][]string{csvColumns()}
	for _, p := range f.Payments {
		row := []string{f.ID, p.EndToEnd, string(f.PayOn), p.Name, p.Country, strings.ToUpper(bare(p.Bank.IBAN)), strings.ToUpper(bare(p.Bank.BIC)),
			p.Bank.Account, p.Bank.Code, p.Bank.Type, decimal(p.Amount, places), f.Currency, p.Reference, f.Payer.Name, from}
		for i, cell := range row {
			row[i] = harmless(plain(cell))
		}
		rows = append(rows, row)
	}
	if err := w.WriteAll(rows); err != nil {
		return nil, fault.Wrap(err, fault.Internal, "csv_failed", "The table could not be written.")
	}
	return out.Bytes(), nil
}

// plain makes control characters and line ends spaces, several together one, and what is no text a full stop.
func plain(text string) string {
	return strings.Join(strings.FieldsFunc(strings.ToValidUTF8(text, "."), func(r rune) bool {
		return r <= ' ' || r >= 0x7F && r <= 0xA0 || r == 0x2028 || r == 0x2029 || r == 0xFEFF || r >= 0x200B && r <= 0x200F || r >= 0x202A && r <= 0x202E ||
			r >= 0x2060 && r <= 0x2069 || r == unicode.ReplacementChar
	}), " ")
}

// harmless keeps spreadsheets from reading a cell as a formula.
func harmless(cell string) string {
	if first, _ := utf8.DecodeRuneInString(cell); cell != "" && strings.ContainsRune("=+-@＝＋－＠", first) {
		return "'" + cell
	}
	return cell
}
