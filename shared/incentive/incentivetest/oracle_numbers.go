package incentivetest

import (
	"math/big"

	"leadline/shared/number"
)

func plus(a, b *big.Rat) *big.Rat  { return new(big.Rat).Add(a, b) }
func minus(a, b *big.Rat) *big.Rat { return new(big.Rat).Sub(a, b) }
func times(a, b *big.Rat) *big.Rat { return new(big.Rat).Mul(a, b) }

// over divides; by 0 it gives 0.
func over(a, b *big.Rat) *big.Rat {
	if b.Sign() == 0 {
		return new(big.Rat)
	}
	return new(big.Rat).Quo(a, b)
}

func least(a, b *big.Rat) *big.Rat {
	if a.Cmp(b) < 0 {
		return a
	}
	return b
}

func orZero(a *big.Rat) *big.Rat {
	if a == nil {
		return new(big.Rat)
	}
	return a
}

func optional(n *number.Number) *big.Rat {
	if n == nil {
		return new(big.Rat)
	}
	return n.Big()
}

func powerOfTen(digits int) *big.Rat {
	return new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(digits)), nil))
}

func fromMinor(amount int64, digits int) *big.Rat {
	return new(big.Rat).Quo(big.NewRat(amount, 1), powerOfTen(digits))
}

// rounded gives minor units. It looks at the two whole numbers around the amount, and takes one.
func rounded(amount *big.Rat, digits int, mode number.Mode) int64 {
	scaled := times(amount, powerOfTen(digits))
	below := new(big.Int).Div(scaled.Num(), scaled.Denom())
	if scaled.IsInt() {
		return below.Int64()
	}
	above := new(big.Int).Add(below, big.NewInt(1))
	outer, inner := above, below
	if scaled.Sign() < 0 {
		outer, inner = below, above
	}
	half := minus(scaled, new(big.Rat).SetInt(below)).Cmp(big.NewRat(1, 2))
	switch {
	case mode == number.Down:
		return inner.Int64()
	case mode == number.Up:
		return outer.Int64()
	case half < 0:
		return below.Int64()
	case half > 0:
		return above.Int64()
	case mode == number.HalfDown:
		return inner.Int64()
	case mode == number.HalfEven && below.Bit(0) == 0:
		return below.Int64()
	case mode == number.HalfEven:
		return above.Int64()
	}
	return outer.Int64()
}
