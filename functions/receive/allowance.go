package main

import (
	"sync"
	"time"
)

// allowance is a token bucket: burst at once, perSecond over time. It is safe for concurrent use.
type allowance struct {
	mu        sync.Mutex
	perSecond float64
	burst     float64
	have      float64
	at        time.Time
}

func newAllowance(perSecond, burst float64) *allowance {
	return &allowance{perSecond: perSecond, burst: burst, have: burst}
}

// left tells whether there is any allowance left, without taking of it.
func (a *allowance) left(now time.Time) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.refill(now)
	return a.have >= 1
}

// take takes one, if there is one.
func (a *allowance) take(now time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.refill(now)
	a.have = max(0, a.have-1)
}

func (a *allowance) refill(now time.Time) {
	if elapsed := now.Sub(a.at); !a.at.IsZero() && elapsed > 0 {
		a.have = min(a.burst, a.have+elapsed.Seconds()*a.perSecond)
	}
	if now.After(a.at) {
		a.at = now
	}
}
