package main

import (
	"sync"
	"time"
)

// Views of what is waited for: with the calls up to the record only, with all but those for destinations, with all.
const (
	viewRecord = iota
	viewAllIn
	viewAll
	views
)

func inView(p part, view int) bool {
	switch view {
	case viewRecord:
		return p == forRecord
	case viewAllIn:
		return p != forTrack
	}
	return true
}

// ledger writes the bill while work is done. One function runs at a time.
type ledger struct {
	mu   sync.Mutex
	bill *bill // nil while nothing is counted
	// function is the one that runs, empty if what is called is AWS's own doing.
	function string
	// waited is, by view, the length of the longest chain of calls that followed one another, at the latencies of the model.
	// The emulators' own times do not matter.
	waited [views]time.Duration
}

// count writes a bill from now on; nil for none.
func (l *ledger) count(b *bill) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.bill = b
}

// pause writes no bill until count is called with the one that it gives.
func (l *ledger) pause() *bill {
	l.mu.Lock()
	defer l.mu.Unlock()
	b := l.bill
	l.bill = nil
	return b
}

// counting tells whether a bill is written.
func (l *ledger) counting() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.bill != nil
}

// begin is called when a function is invoked.
func (l *ledger) begin(function string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.function, l.waited = function, [views]time.Duration{}
}

// end is called when it has answered.
func (l *ledger) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.bill != nil {
		w := l.bill.function(l.function)
		w.invocations++
		for view := range views {
			w.waiting[view] += l.waited[view]
		}
	}
	l.function = ""
}

// running names the function that runs.
func (l *ledger) running() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.function
}

// arrived notes when a call begins: behind all that is answered.
func (l *ledger) arrived() [views]time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.waited
}

// answered notes a call that began behind others and took so long.
func (l *ledger) answered(c call, behind [views]time.Duration, took time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for view := range views {
		at := behind[view]
		if inView(c.part, view) {
			at += took
		}
		l.waited[view] = max(l.waited[view], at)
	}
	if l.bill != nil {
		l.bill.add(c)
	}
}

// note adds what is no call.
func (l *ledger) note(change func(*bill)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.bill != nil {
		change(l.bill)
	}
}

// logWriter counts what a function writes to its log.
type logWriter struct {
	ledger   *ledger
	function string
}

func (w logWriter) Write(p []byte) (int, error) {
	w.ledger.note(func(b *bill) { b.function(w.function).logged += int64(len(p)) })
	return len(p), nil
}
