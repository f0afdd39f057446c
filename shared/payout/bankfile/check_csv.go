package bankfile

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"leadline/shared/money"
)

// csvRules are the rules that CheckCSV holds a file to.
func csvRules() []Rule {
	return []Rule{
		{"table", "The file is a table of RFC 4180 in UTF-8, with lines ended by CR LF and as many cells in each."},
		{"head", "The first line names the columns, and there is a line below it."},
		{"batch", "All lines are of one batch, which is named."},
		{"payment", "Payments are named by letters, digits and hyphens, each once."},
		{"date", "The day of payment exists, and is the same in all lines."},
		{"name", "Every line has the payee's name and the payer's."},
		{"account", "Every line has an IBAN or an account number."},
		{"currency", "The currency is an active code of ISO 4217, and the same in all lines."},
		{"amount", "Amounts are above zero, and have exactly the decimals of the currency."},
		{"formula", "No cell begins with what a spreadsheet reads as a formula."},
		{"control", "No cell holds control characters or line ends."},
	}
}

// CheckCSV checks a table by its rules (Rules), and gives what is wrong, at most 100 findings; nil: nothing.
func CheckCSV(text []byte) []Finding {
	c := &findings{}
	const head = "batch,payment,pay_on,name,country,iban,bic,account,bank_code,account_type,amount,currency,reference,payer,payer_account"
	if !utf8.Valid(text) || bytes.Count(text, []byte("\n")) != bytes.Count(text, []byte("\r\n")) || !bytes.HasSuffix(text, []byte("\n")) {
		c.add("table", "file", "It is not UTF-8, or has lines that do not end with CR LF.")
		return c.all
	}
	rows, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
	if err != nil {
		c.add("table", "file", "It is no table: "+err.Error())
		return c.all
	}
	if len(rows) < 2 || strings.Join(rows[0], ",") != head {
		c.add("head", "line 1", "The columns have to be "+head+", with a line for each payment below.")
		return c.all
	}
	names := map[string]bool{}
	for i, row := range rows[1:] {
		if c.full() {
			break
		}
		c.csvRow(i+2, row, rows[1])
		if names[row[1]] {
			c.add("payment", fmt.Sprintf("line %d", i+2), clip(row[1], 40)+" names another payment, too.")
		}
		names[row[1]] = true
	}
	return c.all
}

func (c *findings) csvRow(line int, row, first []string) {
	place := func(column string) string { return fmt.Sprintf("line %d, %s", line, column) }
	if row[0] == "" || row[0] != first[0] {
		c.add("batch", place("batch"), "The batch is missing, or another.")
	}
	if row[1] == "" || len(row[1]) > 35 || strings.IndexFunc(row[1], strange) >= 0 {
		c.add("payment", place("payment"), "It is no name of a payment.")
	}
	if _, err := time.Parse("2006-01-02", row[2]); err != nil || row[2] != first[2] {
		c.add("date", place("pay_on"), "It is no day, or another than in the first line.")
	}
	if row[3] == "" || row[13] == "" {
		c.add("name", place("name"), "The name of the payee or of the payer is missing.")
	}
	if row[5] == "" && row[7] == "" {
		c.add("account", place("iban"), "There is neither an IBAN nor an account number.")
	}
	digits, known := money.Digits(row[11])
	if !known || row[11] != first[11] {
		c.add("currency", place("currency"), "It is no active code of ISO 4217, or another than in the first line.")
	}
	whole, fraction, point := strings.Cut(row[10], ".")
	if whole == "" || strings.Trim(whole+fraction, "0123456789") != "" || strings.Trim(whole+fraction, "0") == "" ||
		known && (len(fraction) != digits || point != (digits > 0)) {
		c.add("amount", place("amount"), "It is not above zero, or has not the decimals of its currency.")
	}
	for i, cell := range row {
		if cell == "" {
			continue
		}
		if slices.Contains([]rune("=+-@\t\r＝＋－＠"), []rune(cell)[0]) {
			c.add("formula", fmt.Sprintf("line %d, column %d", line, i+1), "A spreadsheet would read it as a formula.")
		} else if strings.IndexFunc(cell, func(r rune) bool { return r < ' ' || r >= 0x7F && r < 0xA0 }) >= 0 {
			c.add("control", fmt.Sprintf("line %d, column %d", line, i+1), "It has control characters.")
		}
	}
}

// strange tells what no name of a payment has.
func strange(r rune) bool {
	return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-'
}
