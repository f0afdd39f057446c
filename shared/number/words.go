package number

import (
	"math"
	"math/bits"
)

// plus adds; false if the sum has no place or no opposite.
func plus(a, b int64) (int64, bool) {
	sum := a + b
	return sum, (sum > a) == (b > 0) && sum != math.MinInt64
}

// mul multiplies; false if the product has no place or no opposite.
func mul(a, b int64) (int64, bool) {
	h, l := bits.Mul64(abs(a), abs(b))
	if h != 0 || l > math.MaxInt64 {
		return 0, false
	}
	if a^b < 0 {
		return -int64(l), true
	}
	return int64(l), true
}

// ten gives 10 to the power of digits, from 0 to 18.
func ten(digits int) int64 {
	n := int64(1)
	for range digits {
		n *= 10
	}
	return n
}

// abs has room for the least int64.
func abs(n int64) uint64 {
	if n < 0 {
		return -uint64(n)
	}
	return uint64(n)
}

// gcd gives the greatest common divisor; 1 of 0 and 0.
func gcd(a, b uint64) uint64 {
	for b != 0 {
		a, b = b, a%b
	}
	return max(a, 1)
}

func compare[T int | int64 | uint64](a, b T) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}
