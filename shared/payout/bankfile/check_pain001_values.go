package bankfile

import (
	"fmt"
	"math/big"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"leadline/shared/money"
)

// tally counts and sums transfers, of the file or of a payment information, and keeps what the file says of them.
type tally struct {
	count, says int
	sum, total  *big.Int // in units of 10^-17
	counted     bool
	summed      bool
	broken      bool // an amount could not be read
}

// transferSeen is what the rule of SEPA asks of a payment information and of a transfer.
type transferSeen struct {
	groupSEPA, sepa          bool
	groupCharges, charges    string
	debtorIBAN, creditorIBAN bool
	debtorLong, creditorLong bool // a name of over 70 characters
	currency                 string
	amount                   *big.Int
}

// at gives the name of an open element: 0 the innermost.
func (c *pain001Check) at(up int) string {
	if i := len(c.open) - 1 - up; i >= 0 {
		return c.open[i].name
	}
	return ""
}

// begun prepares for what is within an element.
func (c *pain001Check) begun() {
	switch c.at(0) {
	case "GrpHdr":
		c.file = tally{sum: new(big.Int), total: new(big.Int)}
	case "PmtInf":
		c.group = tally{sum: new(big.Int), total: new(big.Int)}
		c.transfer = transferSeen{}
	case "CdtTrfTxInf":
		t := &c.transfer
		t.sepa, t.charges, t.creditorIBAN, t.creditorLong, t.currency, t.amount = false, "", false, false, "", nil
		c.file.count++
		c.group.count++
	}
}

// ended judges what is complete.
func (c *pain001Check) ended() {
	switch c.at(0) {
	case "CdtTrfTxInf":
		c.sepa()
	case "PmtInf":
		c.compare(&c.group)
	case "CstmrCdtTrfInitn":
		c.compare(&c.file)
	case "PstlAdr":
		f := c.open[len(c.open)-1]
		lines, town, land := 0, 0, 0
		for i, e := range f.elements {
			switch e.name {
			case "AdrLine":
				lines = f.count[i]
			case "TwnNm":
				town = f.count[i]
			case "Ctry":
				land = f.count[i]
			}
		}
		if town == 0 || land == 0 || lines > 2 && lines <= 7 {
			c.add("address", c.place(), "Banks take no addresses without town and country, or with more than two lines besides.")
		}
	}
}

func (c *pain001Check) compare(t *tally) {
	if t.counted && t.says != t.count {
		c.add("count", c.place(), fmt.Sprintf("NbOfTxs says %d, and there are %d.", t.says, t.count))
	}
	if t.summed && !t.broken && t.total.Cmp(t.sum) != 0 {
		c.add("sum", c.place(), "CtrlSum is not the sum of the amounts.")
	}
}

func (c *pain001Check) sepa() {
	t := &c.transfer
	if !t.sepa && !t.groupSEPA {
		return
	}
	charges := t.charges
	if charges == "" {
		charges = t.groupCharges
	}
	limit, _ := decimalOf("999999999.99")
	why := ""
	switch {
	case t.currency != "" && t.currency != "EUR":
		why = "SEPA transfers are in EUR."
	case !t.debtorIBAN || !t.creditorIBAN:
		why = "SEPA transfers are from IBAN to IBAN."
	case charges != "" && charges != "SLEV":
		why = "SEPA transfers have charges SLEV."
	case t.amount != nil && t.amount.Cmp(limit) > 0:
		why = "SEPA transfers are at most 999999999.99."
	case t.debtorLong || t.creditorLong:
		why = "SEPA transfers have names of at most 70 characters."
	}
	if why != "" {
		c.add("sepa", c.place(), why)
	}
}

// value checks the text of an element by its type, and keeps what is compared later.
func (c *pain001Check) value(of, text string) {
	if kind := strings.TrimRight(of, "0123456789"); kind == "Text" || kind == "Identifier" {
		limit, _ := strconv.Atoi(of[len(kind):])
		c.textual(kind, text, limit)
		return
	}
	switch of {
	case "Method":
		c.oneOf(text, "CHK", "TRF", "TRA")
	case "Charges":
		c.oneOf(text, "DEBT", "CRED", "SHAR", "SLEV")
		if c.at(1) == "PmtInf" {
			c.transfer.groupCharges = text
		} else {
			c.transfer.charges = text
		}
	case "Priority":
		c.oneOf(text, "HIGH", "NORM")
	case "Boolean":
		c.oneOf(text, "true", "false", "1", "0")
	case "Count", "Sum":
		c.control(of, text)
	case "Date":
		if _, err := time.Parse("2006-01-02", text); err != nil {
			c.add("date", c.place(), "It is no day such as 2026-11-30.")
		}
	case "DateTime":
		if !isDateTime(text) {
			c.add("date", c.place(), "It is no time such as 2026-11-30T10:00:00Z.")
		}
	case "Amount":
		c.amount(text)
	case "Currency":
		if _, known := money.Digits(text); !known {
			c.add("currency", c.place(), "It is no active code of ISO 4217.")
		}
	case "Country":
		if !shaped(text, "AA") {
			c.add("country", c.place(), "It is no country code such as DE.")
		}
	case "IBAN":
		if !soundIBAN(text) {
			c.add("iban", c.place(), "Its check digits or its form are wrong.")
		}
		switch c.at(2) {
		case "DbtrAcct":
			c.transfer.debtorIBAN = true
		case "CdtrAcct":
			c.transfer.creditorIBAN = true
		}
	case "BIC":
		if !soundBIC(text) {
			c.add("bic", c.place(), "It is no BIC.")
		}
	}
}

func (c *pain001Check) textual(kind, text string, limit int) {
	length := utf8.RuneCountInString(text)
	if length < 1 || length > limit {
		c.add("length", c.place(), fmt.Sprintf("It has %d characters, and may have 1 to %d.", length, limit))
	}
	for _, r := range text {
		if (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("/-?:().,'+ ", r) {
			c.add("characters", c.place(), fmt.Sprintf("%q is none of those that banks take.", r))
			break
		}
	}
	if kind == "Identifier" && (strings.HasPrefix(text, "/") || strings.HasSuffix(text, "/") || strings.Contains(text, "//")) {
		c.add("identifier", c.place(), "It begins or ends with a slash, or has two in a row.")
	}
	switch {
	case c.at(0) == "EndToEndId":
		if c.names[text] {
			c.add("end_to_end", c.place(), clip(text, 40)+" names another transfer, too.")
		}
		c.names[text] = true
	case c.at(0) == "PmtInfId":
		if c.groups[text] {
			c.add("payment_information", c.place(), clip(text, 40)+" names another payment information, too.")
		}
		c.groups[text] = true
	case c.at(0) == "Cd" && c.at(1) == "SvcLvl" && text == "SEPA":
		if c.at(3) == "CdtTrfTxInf" {
			c.transfer.sepa = true
		} else {
			c.transfer.groupSEPA = true
		}
	case c.at(0) == "Nm" && c.at(1) == "Dbtr":
		c.transfer.debtorLong = length > 70 && length <= limit
	case c.at(0) == "Nm" && c.at(1) == "Cdtr":
		c.transfer.creditorLong = length > 70 && length <= limit
	}
}

func (c *pain001Check) oneOf(text string, codes ...string) {
	for _, code := range codes {
		if text == code {
			return
		}
	}
	c.add("code", c.place(), "It is none of "+strings.Join(codes, ", ")+".")
}

// control takes NbOfTxs and CtrlSum.
func (c *pain001Check) control(of, text string) {
	t := &c.group
	if c.at(1) == "GrpHdr" {
		t = &c.file
	}
	if of == "Count" {
		n, err := strconv.Atoi(text)
		if err != nil || len(text) > 15 || strings.Trim(text, "0123456789") != "" {
			c.add("number", c.place(), "It is no number of 1 to 15 digits.")
			return
		}
		t.says, t.counted = n, true
		return
	}
	n, places := decimalOf(text)
	if n == nil || places > 17 || significant(text) > 18 {
		c.add("number", c.place(), "It is no decimal number of at most 18 digits.")
		return
	}
	if t.total != nil {
		t.total.Set(n)
		t.summed = true
	}
}

func (c *pain001Check) amount(text string) {
	currency := ""
	for _, a := range c.open[len(c.open)-1].attr {
		if a.Name.Local == "Ccy" {
			currency = a.Value
		}
	}
	digits, known := money.Digits(currency)
	if !known && currency != "" {
		c.add("currency", c.place(), "Ccy is no active code of ISO 4217.")
	}
	c.transfer.currency = currency
	n, places := decimalOf(text)
	if n == nil {
		c.file.broken, c.group.broken = true, true
		c.add("amount", c.place(), "It is no decimal number.")
		return
	}
	if n.Sign() <= 0 || significant(text) > 18 || places > 5 || known && places > digits {
		c.add("amount", c.place(), "It is not above zero, or has more digits than the currency or the definition lets it.")
	}
	c.transfer.amount = n
	for _, t := range []*tally{&c.file, &c.group} {
		if t.sum != nil {
			t.sum.Add(t.sum, n)
		}
	}
}

// decimalOf reads an unsigned decimal number in units of 10^-17, with how many digits stand behind its point; nil for what is none.
func decimalOf(text string) (*big.Int, int) {
	whole, fraction, point := strings.Cut(text, ".")
	if whole == "" || point && fraction == "" || len(text) > 60 || strings.Trim(whole+fraction, "0123456789") != "" {
		return nil, 0
	}
	if len(fraction) > 17 {
		return new(big.Int), len(fraction)
	}
	n, _ := new(big.Int).SetString(whole+fraction+strings.Repeat("0", 17-len(fraction)), 10)
	return n, len(fraction)
}

// significant counts the digits of a decimal number, zeros before and behind left out.
func significant(text string) int {
	whole, fraction, _ := strings.Cut(text, ".")
	return len(strings.TrimLeft(whole, "0")) + len(strings.TrimRight(fraction, "0"))
}

func isDateTime(text string) bool {
	for _, form := range []string{"2006-01-02T15:04:05Z07:00", "2006-01-02T15:04:05"} {
		if _, err := time.Parse(form, text); err == nil {
			return true
		}
	}
	return false
}

// soundIBAN reads the number as ISO 13616 says: with its first four characters last, and letters as two digits.
func soundIBAN(text string) bool {
	if len(text) < 5 || len(text) > 34 || !shaped(text, "AA00"+strings.Repeat("x", len(text)-4)) {
		return false
	}
	var b strings.Builder
	for _, r := range strings.ToUpper(text[4:] + text[:4]) {
		b.WriteString(strconv.FormatInt(int64(strings.IndexRune("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", r)), 10))
	}
	n, _ := new(big.Int).SetString(b.String(), 10)
	return new(big.Int).Mod(n, big.NewInt(97)).Int64() == 1
}

func soundBIC(text string) bool {
	return shaped(text, "XXXXAAXX") || shaped(text, "XXXXAAXXXXX")
}

// shaped tells whether a text has a form: A stands for a capital letter, 0 for a digit, X for either, and x for those and small letters.
func shaped(text, form string) bool {
	if len(text) != len(form) {
		return false
	}
	for i := range len(text) {
		c := text[i]
		capital, digit, small := c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c >= 'a' && c <= 'z'
		switch form[i] {
		case 'A':
			digit, small = false, false
		case '0':
			capital, small = false, false
		case 'X':
			small = false
		}
		if !capital && !digit && !small {
			return false
		}
	}
	return true
}
