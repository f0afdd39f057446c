package nudge

import (
	"cmp"
	"slices"
	"time"

	"leadline/shared/calendar"
)

// The bounds of what is kept of one person: far more than all rules over the programs that somebody takes part in need. What was
// looked at longest ago is forgotten first.
const (
	maxEntries = 150
	maxTold    = 30
	maxTimes   = 20
)

// State is what one person was told, and what waits. It is kept as a whole, so that one write settles everything that is decided
// at once, the cap over all rules among it.
type State struct {
	Organization string `json:"-"`
	Member       string `json:"-"`
	// Day is that of the person's zone on which Count nudges were told that count for the cap of a day.
	Day     calendar.Date `json:"day,omitempty"`
	Count   int           `json:"count,omitempty"`
	Entries []Entry       `json:"entries,omitempty"`
	// Pending are nudges that are decided and may not be on their way yet: whoever finds them here sees to it.
	Pending []Nudge `json:"pending,omitempty"`
	// Rev counts the writes, from 1; 0 for nothing that is stored.
	Rev int64 `json:"-"`
}

// Entry is what one rule said of one period of one program. A rule that looks at no program has one entry.
type Entry struct {
	Rule    string `json:"rule"`
	Program string `json:"program,omitempty"`
	Period  string `json:"period,omitempty"`
	// Told are the causes that are settled, the oldest first, Times when it was sent.
	Told  []Told      `json:"told,omitempty"`
	Times []time.Time `json:"times,omitempty"`
	// Waits is what is held.
	Waits *Waiting  `json:"waits,omitempty"`
	At    time.Time `json:"at"`
}

// Told is a cause that is settled: it is not told again.
type Told struct {
	Cause   string    `json:"cause"`
	At      time.Time `json:"at"`
	Outcome Outcome   `json:"outcome"`
}

// Waiting is a cause that is looked at again at Until.
type Waiting struct {
	Cause string    `json:"cause"`
	Until time.Time `json:"until"`
	Why   string    `json:"why"`
	// Was and By are those of an Overtake.
	Was int      `json:"was,omitempty"`
	By  []string `json:"by,omitempty"`
}

// find gives the place of an entry; -1 if there is none.
func (s State) find(rule, program, period string) int {
	return slices.IndexFunc(s.Entries, func(e Entry) bool { return e.Rule == rule && e.Program == program && e.Period == period })
}

// entry gives an entry as it is to be changed: its own, whoever else holds the state.
func (s State) entry(rule, program, period string) Entry {
	i := s.find(rule, program, period)
	if i < 0 {
		return Entry{Rule: rule, Program: program, Period: period}
	}
	e := s.Entries[i]
	e.Told, e.Times = slices.Clone(e.Told), slices.Clone(e.Times)
	return e
}

// with gives the state with an entry in its place.
func (s State) with(e Entry) State {
	e.Told, e.Times = last(e.Told, maxTold), last(e.Times, maxTimes)
	i := s.find(e.Rule, e.Program, e.Period)
	s.Entries = slices.Clone(s.Entries)
	if i >= 0 {
		s.Entries[i] = e
		return s
	}
	if len(s.Entries) >= maxEntries {
		oldest := slices.IndexFunc(s.Entries, func(o Entry) bool {
			return o.At.Equal(slices.MinFunc(s.Entries, func(a, b Entry) int { return a.At.Compare(b.At) }).At)
		})
		s.Entries = slices.Delete(s.Entries, oldest, oldest+1)
	}
	s.Entries = append(s.Entries, e)
	slices.SortFunc(s.Entries, func(a, b Entry) int {
		return cmp.Or(cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Program, b.Program), cmp.Compare(a.Period, b.Period))
	})
	return s
}

func last[T any](all []T, most int) []T { return all[max(len(all)-most, 0):] }

func (e Entry) settled(cause string) bool {
	return slices.ContainsFunc(e.Told, func(t Told) bool { return t.Cause == cause })
}

// Awaits tells whether something of a rule's period is held, and gives it as an Overtake: what is there to be looked at again.
func (s State) Awaits(rule, program, period string) (Overtake, bool) {
	i := s.find(rule, program, period)
	if i < 0 || s.Entries[i].Waits == nil {
		return Overtake{}, false
	}
	w := s.Entries[i].Waits
	return Overtake{Cause: w.Cause, Was: w.Was, By: slices.Clone(w.By)}, true
}

// Until gives when the next thing that is held is to be looked at; zero if nothing is.
func (s State) Until() time.Time {
	var first time.Time
	for _, e := range s.Entries {
		if e.Waits != nil && (first.IsZero() || e.Waits.Until.Before(first)) {
			first = e.Waits.Until
		}
	}
	return first
}
