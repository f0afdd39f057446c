package bankfile

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// CheckNACHA checks a file against the record layout of ACH files of PPD credits (nachaLayout) and its rules (Rules), and gives what
// is wrong, at most 100 findings; nil: nothing. Lines end with LF or CR LF.
func CheckNACHA(text []byte) []Finding {
	c := &nachaCheck{}
	c.read(text)
	if len(c.all) > 0 {
		return c.all
	}
	records := c.order()
	if len(c.all) > 0 {
		return c.all
	}
	c.fields(records)
	c.records(records)
	return c.all
}

type nachaCheck struct {
	findings
	lines   []string
	unknown bool // a number could not be read, so that sums say nothing
}

// of gives columns of a record, counted from 1.
func of(record string, from, to int) string { return record[from-1 : to] }

func column(line, from, to int) string {
	return fmt.Sprintf("line %d, columns %d-%d", line+1, from, to)
}

func (c *nachaCheck) read(text []byte) {
	text = bytes.TrimSuffix(text, []byte("\n"))
	for i, line := range strings.Split(string(text), "\n") {
		line = strings.TrimSuffix(line, "\r")
		if len(line) != 94 {
			c.add("length", fmt.Sprintf("line %d", i+1), fmt.Sprintf("It has %d characters, and has to have 94.", len(line)))
		}
		for k := range len(line) {
			if line[k] < ' ' || line[k] > '~' {
				c.add("characters", column(i, k+1, k+1), fmt.Sprintf("%q is no printable ASCII.", line[k]))
				break
			}
		}
		c.lines = append(c.lines, line)
	}
}

// order checks which record follows which, and gives the records without the lines that fill the last block.
func (c *nachaCheck) order() []string {
	follows := map[byte]string{0: "1", '1': "5", '5': "6", '6': "68", '8': "59", '9': ""}
	nines := strings.Repeat("9", 94)
	var last byte
	var records []string
	fill := 0
	for i, line := range c.lines {
		if last == '9' && line == nines {
			fill++
			continue
		}
		if fill > 0 || strings.IndexByte(follows[last], line[0]) < 0 {
			c.add("order", fmt.Sprintf("line %d", i+1), fmt.Sprintf("A record %q cannot stand here.", line[0]))
			return nil
		}
		last = line[0]
		records = append(records, line)
	}
	if last != '9' {
		c.add("order", fmt.Sprintf("line %d", len(c.lines)), "The file has no file control at its end.")
		return nil
	}
	if len(c.lines)%10 != 0 || fill > 9 {
		c.add("blocks", fmt.Sprintf("line %d", len(c.lines)), fmt.Sprintf("There are %d lines, %d of them of nines.", len(c.lines), fill))
	}
	return records
}

// fields checks what the layout says of each field.
func (c *nachaCheck) fields(records []string) {
	type field struct {
		from, to int
		holds    string
	}
	layout := map[byte][]field{}
	for line := range strings.Lines(strings.TrimSpace(nachaLayout)) {
		words := strings.Fields(line)
		for _, w := range words[1:] {
			columns, holds, _ := strings.Cut(w, ":")
			a, b, _ := strings.Cut(columns, "-")
			from, _ := strconv.Atoi(a)
			to, _ := strconv.Atoi(b)
			layout[words[0][0]] = append(layout[words[0][0]], field{from, to, holds})
		}
	}
	for i, r := range records {
		for _, f := range layout[r[0]] {
			text := of(r, f.from, f.to)
			value, constant := strings.CutPrefix(f.holds, "=")
			switch {
			case constant && text != value:
				c.add("constant", column(i, f.from, f.to), "It has to be "+value+".")
			case f.holds == "N" && strings.Trim(text, "0123456789") != "":
				c.unknown = true
				c.add("numeric", column(i, f.from, f.to), "It has to be digits.")
			case f.holds == "B" && strings.TrimSpace(text) != "":
				c.add("reserved", column(i, f.from, f.to), "It has to be blank.")
			case f.holds == "D" && !readable("060102", text), f.holds == "T" && strings.TrimSpace(text) != "" && !readable("1504", text):
				c.add("date", column(i, f.from, f.to), "There is no such day or time.")
			}
		}
	}
}

func readable(form, text string) bool {
	_, err := time.Parse(form, text)
	return err == nil && strings.Trim(text, "0123456789") == ""
}

// sums are counts and totals, as they are and as controls say them.
type sums struct{ entries, hash, debit, credit int64 }

// records checks each record, and the controls against what they control.
func (c *nachaCheck) records(records []string) {
	var file, batch sums
	var header, trace string
	batches := 0
	number := int64(-1)
	for i, r := range records {
		switch r[0] {
		case '1':
			c.fileHeader(i, r)
		case '5':
			batches++
			batch, trace, header = sums{}, "", r
			c.batchHeader(i, r)
			if n := amountOf(r, 88, 94); !c.unknown && n <= number {
				c.add("batch_number", column(i, 88, 94), "Batch numbers ascend.")
			} else {
				number = n
			}
		case '6':
			c.entry(i, r, header)
			if t := of(r, 80, 94); t[:8] == of(header, 80, 87) && !c.unknown {
				if t <= trace {
					c.add("trace", column(i, 80, 94), "Trace numbers ascend.")
				}
				trace = t
			}
			for _, s := range []*sums{&file, &batch} {
				s.entries++
				s.hash = (s.hash + amountOf(r, 4, 11)) % 10_000_000_000
				s.credit += amountOf(r, 30, 39)
			}
		case '8':
			c.batchControl(i, r, header, batch)
		case '9':
			c.fileControl(i, r, file, batches)
		}
	}
}

// amountOf reads a number of at most 12 digits; 0 for what is none, of which the rule numeric tells.
func amountOf(record string, from, to int) int64 {
	n, err := strconv.ParseUint(of(record, from, to), 10, 62)
	if err != nil {
		return 0
	}
	return int64(n)
}

func (c *nachaCheck) fileHeader(i int, r string) {
	if r[3] != ' ' || !soundRouting(of(r, 5, 13)) {
		c.add("routing", column(i, 4, 13), "The immediate destination is no routing number after a blank.")
	}
	if of(r, 23, 23) == " " {
		c.add("origin", column(i, 14, 23), "There is no immediate origin, or it is not at the right.")
	}
	if m := r[33]; (m < 'A' || m > 'Z') && (m < '0' || m > '9') {
		c.add("modifier", column(i, 34, 34), "It is neither a capital letter nor a digit.")
	}
}

func (c *nachaCheck) batchHeader(i int, r string) {
	if of(r, 2, 4) != "220" {
		c.add("service_class", column(i, 2, 4), "It has to be 220.")
	}
	if of(r, 5, 5) == " " || of(r, 41, 41) == " " {
		c.add("company", column(i, 5, 50), "The company's name or identification is missing.")
	}
	if of(r, 51, 53) != "PPD" {
		c.add("entry_class", column(i, 51, 53), "It has to be PPD.")
	}
	if of(r, 54, 54) == " " {
		c.add("description", column(i, 54, 63), "The entry description is missing.")
	}
}

func (c *nachaCheck) entry(i int, r, header string) {
	if code := of(r, 2, 3); code != "22" && code != "32" {
		c.add("transaction_code", column(i, 2, 3), "It has to be 22 or 32.")
	}
	if number := of(r, 4, 12); strings.Trim(number, "0123456789") == "" && !soundRouting(number) {
		c.add("routing", column(i, 4, 12), "The check digit of the routing number is wrong.")
	}
	if of(r, 13, 13) == " " {
		c.add("account", column(i, 13, 29), "There is no account number.")
	}
	if strings.Trim(of(r, 30, 39), "0") == "" {
		c.add("amount", column(i, 30, 39), "The amount is zero.")
	}
	if of(r, 55, 55) == " " {
		c.add("name", column(i, 55, 76), "There is no name.")
	}
	if r[78] != '0' {
		c.add("addenda", column(i, 79, 79), "It has to be 0.")
	}
	if !c.unknown && of(r, 80, 87) != of(header, 80, 87) {
		c.add("odfi", column(i, 80, 87), "The trace number does not begin with the originating bank.")
	}
}

func (c *nachaCheck) batchControl(i int, r, header string, is sums) {
	if of(r, 2, 4) != "220" {
		c.add("service_class", column(i, 2, 4), "It has to be 220.")
	}
	if of(r, 45, 54) != of(header, 41, 50) {
		c.add("company", column(i, 45, 54), "It is not that of the batch header.")
	}
	if c.unknown {
		return
	}
	if of(r, 80, 87) != of(header, 80, 87) {
		c.add("odfi", column(i, 80, 87), "It is not that of the batch header.")
	}
	if of(r, 88, 94) != of(header, 88, 94) {
		c.add("batch_number", column(i, 88, 94), "It is not that of the batch header.")
	}
	c.controls(i, "batch", is, sums{amountOf(r, 5, 10), amountOf(r, 11, 20), amountOf(r, 21, 32), amountOf(r, 33, 44)})
}

func (c *nachaCheck) fileControl(i int, r string, is sums, batches int) {
	if c.unknown {
		return
	}
	if n := amountOf(r, 2, 7); n != int64(batches) {
		c.add("file_batches", column(i, 2, 7), fmt.Sprintf("It says %d, and there are %d.", n, batches))
	}
	if n, blocks := amountOf(r, 8, 13), (len(c.lines)+9)/10; n != int64(blocks) {
		c.add("file_blocks", column(i, 8, 13), fmt.Sprintf("It says %d, and there are %d.", n, blocks))
	}
	c.controls(i, "file", is, sums{amountOf(r, 14, 21), amountOf(r, 22, 31), amountOf(r, 32, 43), amountOf(r, 44, 55)})
}

func (c *nachaCheck) controls(i int, of string, is, says sums) {
	place := fmt.Sprintf("line %d", i+1)
	if says.entries != is.entries {
		c.add(of+"_count", place, fmt.Sprintf("It says %d entries, and there are %d.", says.entries, is.entries))
	}
	if says.hash != is.hash {
		c.add(of+"_hash", place, fmt.Sprintf("It says %010d, and the entries give %010d.", says.hash, is.hash))
	}
	if says.debit != 0 || says.credit != is.credit {
		c.add(of+"_total", place, fmt.Sprintf("It says %d debits and %d credits in cents, and the entries give 0 and %d.", says.debit, says.credit, is.credit))
	}
}

// soundRouting weighs the digits 3, 7, 1, 3, 7, 1, 3, 7: the ninth fills their sum up to a multiple of ten.
func soundRouting(number string) bool {
	if len(number) != 9 || strings.Trim(number, "0123456789") != "" || number == "000000000" {
		return false
	}
	d := func(i int) int { return int(number[i] - '0') }
	return (3*(d(0)+d(3)+d(6))+7*(d(1)+d(4)+d(7))+d(2)+d(5)+d(8))%10 == 0
}
