package incentive

import (
	"leadline/shared/fault"
	"leadline/shared/number"
)

// Amounts are exact numbers of major units while a component is reckoned, and whole minor units from the round step on.

// sumOf gives what lines come to, before any rounding.
func sumOf(lines []Line) number.Number {
	var sum number.Number
	for at := range lines {
		sum = sum.Add(lines[at].Exact)
	}
	return sum
}

// major gives an amount of minor units in major ones.
func (v *version) major(minor int64) number.Number {
	n, _ := number.Of(minor).Quo(number.Ten(v.minor))
	return n
}

// plus adds minor units; false if the sum is more than an account holds.
func plus(a, b int64) (sum int64, ok bool) {
	sum = a + b
	return sum, b == 0 || (sum > a) == (b > 0)
}

func tooLarge() error {
	return fault.New(fault.Invalid, number.CodeTooLarge, "What is earned and paid comes to more than an account can hold.")
}
