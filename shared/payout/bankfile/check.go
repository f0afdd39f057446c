package bankfile

import "leadline/shared/payout"

// Finding is something wrong with a file.
type Finding struct {
	// Rule is the name of the rule that is broken, as in Rules.
	Rule string
	// Place says where: a path of elements with the number of the payment, or a line and its columns.
	Place  string
	Detail string
}

// Rule is what a check holds files to.
type Rule struct {
	Name string
	Says string
}

// maxFindings is how many findings a check gives at most: who reads them has a file that is wrong all over.
const maxFindings = 100

// Check reads a file of a format as a bank would, and gives what is wrong with it, at most 100 findings; nil: nothing.
func Check(format payout.Format, text []byte) []Finding {
	switch format {
	case payout.Pain001:
		return CheckPain001(text)
	case payout.NACHA:
		return CheckNACHA(text)
	case payout.CSV:
		return CheckCSV(text)
	}
	return []Finding{{Rule: "format", Place: "file", Detail: "There is no such format."}}
}

// Rules gives all rules of a format's check, and none of what is no format.
func Rules(format payout.Format) []Rule {
	switch format {
	case payout.Pain001:
		return pain001Rules()
	case payout.NACHA:
		return nachaRules()
	case payout.CSV:
		return csvRules()
	}
	return nil
}

// findings collects what is wrong.
type findings struct{ all []Finding }

func (f *findings) add(rule, place, detail string) {
	if len(f.all) < maxFindings {
		f.all = append(f.all, Finding{Rule: rule, Place: place, Detail: detail})
	}
}

func (f *findings) full() bool { return len(f.all) >= maxFindings }

// clip shortens what a finding quotes.
func clip(text string, most int) string {
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most])
	}
	return text
}
