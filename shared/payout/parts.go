package payout

import "math/bits"

// Long work goes in parts, so that any number of workers share it and each part can be done again. Who is in a part is planned once,
// and what came of it is decided once: whoever does it a second time goes by that.

// Plan is who a part of long work is for. It never changes.
type Plan struct {
	Participants []string `json:"participants"`
	// Next is where the listing goes on behind it; empty behind the last.
	Next string `json:"next,omitempty"`
}

// Outcome is what a part of the collecting came to. It never changes: who is not in Taken is not in the batch, and gets back what a
// worker took that came too late.
type Outcome struct {
	Taken []string   `json:"taken,omitempty"`
	Left  []LeftPart `json:"left,omitempty"`
	Sums  Sums       `json:"sums"`
}

// LeftPart is somebody who is owed and not paid by the batch.
type LeftPart struct {
	Participant string `json:"participant"`
	Why         string `json:"why"` // a LeftOut code
	Gross       int64  `json:"gross"`
	Back        int64  `json:"back,omitempty"`
}

// Sums sum payments: minor units.
type Sums struct {
	Payments int   `json:"payments"`
	LeftOut  int   `json:"left_out"`
	Gross    int64 `json:"gross"`
	Back     int64 `json:"back"`
	Tax      int64 `json:"tax"`
	ByPayer  int64 `json:"by_payer"`
	Net      int64 `json:"net"`
}

// Add counts a payment.
func (s Sums) Add(p Payment) Sums {
	if p.LeftOut != "" {
		s.LeftOut++
		return s
	}
	return s.Plus(Sums{Payments: 1, Gross: p.Gross, Back: p.Back, Tax: p.Tax, ByPayer: p.ByPayer, Net: p.Net})
}

// Plus adds two.
func (s Sums) Plus(o Sums) Sums {
	return Sums{Payments: s.Payments + o.Payments, LeftOut: s.LeftOut + o.LeftOut, Gross: sum(s.Gross, o.Gross), Back: sum(s.Back, o.Back),
		Tax: sum(s.Tax, o.Tax), ByPayer: sum(s.ByPayer, o.ByPayer), Net: sum(s.Net, o.Net)}
}

// sum adds, and stays at the highest or lowest number where the sum is beyond it, so that a total cannot turn its sign: no approval
// limit lets that pass, and no file is made of it.
func sum(a, b int64) int64 {
	total, _ := bits.Add64(uint64(a), uint64(b), 0)
	switch n := int64(total); {
	case a > 0 && b > 0 && n < 0:
		return 1<<63 - 1
	case a < 0 && b < 0 && n >= 0:
		return -1 << 63
	default:
		return n
	}
}
