package server

import (
	"strconv"

	"leadline/infra/sandbox/crm"
)

// sums are what a list of opportunities adds up over all its pages, in hundredths.
type sums struct {
	count, value, expected [3]int64
}

// sumPeriods are in the order of Record.Worth.
func sumPeriods() [3]string { return [3]string{"one_time", "monthly", "annual"} }

func (s *sums) add(r *crm.Record) {
	value, expected, i := r.Worth()
	s.count[i]++
	s.value[i] += value
	s.expected[i] += expected
}

// year is what three sums are worth in a year.
func year(v [3]int64) int64 { return v[0] + 12*v[1] + v[2] }

// append writes the sums behind the list.
func (s *sums) append(b []byte) []byte {
	b = append(b, `,"count_by_value_period":{`...)
	first := true
	for i, p := range sumPeriods() {
		if s.count[i] == 0 {
			continue
		}
		if !first {
			b = append(b, ',')
		}
		first = false
		b = strconv.AppendInt(append(b, `"`+p+`":`...), s.count[i], 10)
	}
	b = append(b, '}')
	one := func(name string, v int64) {
		b = strconv.AppendInt(append(b, `,"`+name+`":`...), v, 10)
		b = append(b, `,"`+name+`_formatted":`...)
		if v == 0 {
			b = append(b, "null"...)
			return
		}
		b = append(b, crm.Quote(crm.Money("USD", v, ""))...)
	}
	for i, p := range sumPeriods() {
		one("total_value_"+p, s.value[i])
		one("expected_value_"+p, s.expected[i])
	}
	one("total_value_annualized", year(s.value))
	one("expected_value_annualized", year(s.expected))
	return b
}
