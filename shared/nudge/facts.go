package nudge

import (
	"leadline/shared/calendar"
	"leadline/shared/incentive"
	"leadline/shared/number"
)

// Facts are how somebody stands in one period of one program, or, for rules that look at no program, at all.
type Facts struct {
	Program, ProgramName string
	Period               calendar.Period
	Currency             string
	// Today is the day in the program's zone.
	Today calendar.Date
	// Next are the tiers that come next, by component; Goals the components that have a quota.
	Next  []Next
	Goals []Attained
	// Rank is 0 for who is not ranked; Ranked is how many are.
	Rank, Ranked int
	Prizes       []incentive.Prize
	// Overtake is set where the rank was better.
	Overtake *Overtake
	// Settled says that the period is locked, SettledPaid that it is paid; Amount is what the person gets with it, in minor units.
	Settled, SettledPaid bool
	Amount               int64
	// Logged is the day of the last credit in any program, Looked the first day that was looked at for one.
	Logged, Looked calendar.Date
}

// over gives how many days ago the period ended: 0 on the first day behind it, negative while it lasts.
func (f Facts) over() int { return f.Today.Sub(f.Period.Until) }

// Next is the next tier of a component that pays more than what is reached.
type Next struct {
	Component, Title string
	// At is where the tier begins, Reached what there is, Left what is missing, each in units of the measure. Left may be 0 where
	// the tier owns only what is above At.
	At, Reached, Left number.Number
	// Counted says that the measure counts deals, and Deals are missing. Otherwise Deals are as many as the average deal so far
	// makes of Left; 0 if that is not known.
	Counted bool
	Deals   int
	// Money says that the measure is money in the program's currency.
	Money bool
}

// Attained is how far a component's quota is reached.
type Attained struct {
	Component, Title         string
	Attainment, Quota, Value number.Number
	Counted, Money           bool
}

// Overtake is what made a rank worse. Was is the rank before, By are participants who went past; Names are names of theirs that
// the person may see.
type Overtake struct {
	Cause string   `json:"cause"`
	Was   int      `json:"was"`
	By    []string `json:"by"`
	Names []string `json:"-"`
}

// Merge adds an earlier overtaking that was not told yet to a newer one: the person stood where the earlier one says. Passed says
// who still is ahead.
func (o Overtake) Merge(earlier Overtake, passed func(participant string) bool) Overtake {
	out := o
	if out.Cause == "" {
		out.Cause = earlier.Cause
	}
	if earlier.Was > 0 && (out.Was == 0 || earlier.Was < out.Was) {
		out.Was = earlier.Was
	}
	out.By = nil
	seen := map[string]bool{}
	for _, id := range append(append([]string{}, earlier.By...), o.By...) {
		if !seen[id] && passed(id) {
			seen[id] = true
			out.By = append(out.By, id)
		}
	}
	return out
}
