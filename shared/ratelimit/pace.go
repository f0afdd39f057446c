package ratelimit

import "time"

const (
	// restart is the pause after which what was measured before says nothing any more.
	restart = 3 * time.Second
	// measured is how many requests make a measurement.
	measured = 3
)

// pace measures how fast a worker comes back for the next tick, which is how far apart it takes them ahead.
type pace struct {
	// last is the time of the tick that was given out last.
	last int64
	// mean and spread are those of the time from a tick to the next request; n counts them.
	mean, spread int64
	n            int
	// caution grows with each tick that was taken ahead in vain, and falls slowly: in hundredths.
	caution int64
}

// arrived notes that a request came for a tick.
func (p *pace) arrived(now int64) {
	took := max(0, now-p.last)
	if p.last == 0 || took > int64(restart) {
		p.n = 0
		return
	}
	if p.n++; p.n == 1 {
		p.mean, p.spread = took, took/2
		return
	}
	p.spread += (max(took-p.mean, p.mean-took) - p.spread) / 8
	p.mean += (took - p.mean) / 8
	p.caution -= p.caution / 100
}

// sent notes the tick that it got.
func (p *pace) sent(at int64) { p.last = max(p.last, at) }

// missed notes that a tick was taken in vain.
func (p *pace) missed() { p.caution = min(1000, p.caution+25) }

// gap is how far apart ticks are to be taken ahead, at least as far as the ticks themselves are; 0 for none ahead.
func (p *pace) gap(step int64) int64 {
	if p.n < measured {
		return 0
	}
	return max(step, p.mean+2*p.spread) * (100 + p.caution) / 100
}
