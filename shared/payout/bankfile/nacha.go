package bankfile

import (
	"bytes"
	"fmt"
	"strings"

	"leadline/shared/payout"
)

// The columns and their contents are those of the Nacha Operating Rules, as https://achdevguide.nacha.org/ach-file-details has them.
const (
	maxEntry   = 9_999_999_999   // 10 digits of cents
	maxTotal   = 999_999_999_999 // 12 digits, of a batch and of a file
	maxEntries = 999_999         // 6 digits of a batch's count
)

// NACHA writes an ACH file of one batch of PPD credits: records of 94 columns, each ended by a line feed, filled to blocks of ten with
// lines of nines. Names are in capitals, cut to 22 characters; the identification of an entry is the last 15 characters of its
// EndToEnd. Trace numbers are the first eight digits of the Destination and the number of the payment by EndToEnd. Creation date and
// time are in UTC. An amount has at most 10 digits; the file's total, which is in its control record too and so is no larger for several
// batches, 12. Description says PAYROLL by itself, as the rules want it from 2026-03-20 on for whatever people are paid for work
// (https://www.northstatebank.com/business/ach-payroll-requirement).
func NACHA(f File) ([]byte, error) {
	f, sum, err := checked(payout.NACHA, f)
	if err != nil {
		return nil, err
	}
	modifier := f.Modifier
	if modifier == 0 {
		modifier = 'A'
	}
	description := strings.ToUpper(latin(f.Description, 10))
	if description == "" {
		description = "PAYROLL"
	}
	switch {
	case sum > maxTotal:
		return nil, refuse("The batch is over 9999999999.99 USD, the most that a NACHA file can total. Pay it in several batches.")
	case len(f.Payments) > maxEntries:
		return nil, refuse("The batch has more than %d payments, the most of a NACHA batch. Pay them in several batches.", maxEntries)
	case strings.IndexByte(upper+digits, modifier) < 0:
		return nil, refuse("The modifier %q of the NACHA file is neither a capital letter nor a digit.", modifier)
	case f.PayOn < "1970-01-01" || f.PayOn > "2069-12-31":
		return nil, refuse("The day of payment is out of what two digits of a year can say.")
	}
	name := strings.ToUpper(latin(f.Payer.Name, 23))
	bank := f.Payer.Destination[:8]
	at := f.CreatedAt.UTC()
	var w bytes.Buffer
	w.Grow(95 * (len(f.Payments) + 14))
	fmt.Fprintf(&w, "101 %9s%10s%s%s%c094101%-23s%-23s%8s\n", f.Payer.Destination, f.Payer.OriginID, at.Format("060102"), at.Format("1504"), modifier, "", name, "")
	day := strings.ReplaceAll(string(f.PayOn), "-", "")[2:]
	fmt.Fprintf(&w, "5220%-16.16s%20s%-10sPPD%-10s%6s%s%3s1%s%07d\n", name, "", f.Payer.OriginID, description, "", day, "", bank, 1)
	hash := 0
	for i, p := range f.Payments {
		code := "22"
		if p.Bank.Type == "savings" {
			code = "32"
		}
		var first8 int
		for _, c := range p.Bank.Code[:8] {
			first8 = first8*10 + int(c-'0')
		}
		hash = (hash + first8) % 1e10
		fmt.Fprintf(&w, "6%s%s%-17s%010d%-15s%-22s%2s0%s%07d\n", code, p.Bank.Code, unspaced(p.Bank.Account), p.Amount,
			p.EndToEnd[max(0, len(p.EndToEnd)-15):], strings.ToUpper(latin(p.Name, 22)), "", bank, i+1)
	}
	fmt.Fprintf(&w, "8220%06d%010d%012d%012d%-10s%19s%6s%s%07d\n", len(f.Payments), hash, 0, sum, f.Payer.OriginID, "", "", bank, 1)
	lines := len(f.Payments) + 4
	blocks := (lines + 9) / 10
	fmt.Fprintf(&w, "9%06d%06d%08d%010d%012d%012d%39s\n", 1, blocks, len(f.Payments), hash, 0, sum, "")
	for range 10*blocks - lines {
		w.WriteString(strings.Repeat("9", 94) + "\n")
	}
	return w.Bytes(), nil
}
