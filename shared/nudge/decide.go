package nudge

import (
	"fmt"
	"slices"
	"time"

	"leadline/shared/calendar"
	"leadline/shared/number"
)

// Person is who may be told, and when and how.
type Person struct {
	Zone     *time.Location
	Quiet    Quiet
	Language string
	// Channels are those that are switched on and lead to the person.
	Channels []Channel
	// Preference says what the person opted out of.
	Preference Preference
}

// Decision is what is to be done about a rule.
type Decision struct {
	Outcome Outcome
	// Why says why something is held or suppressed; Until when what is held is looked at again.
	Why   string
	Until time.Time
	// Causes are those that it settles.
	Causes []string
	// Channels are those by which it is sent.
	Channels []Channel
	// Values are what the placeholders of its wording stand for, in the person's language.
	Values map[string]string
}

// maxOver is how many days after a period's end something is still said of it, but for what settling it brings.
const maxOver = 45

// cause is something that a rule may tell.
type cause struct {
	ids    []string
	values map[string]string
}

// Decide says what is to be done about one rule, by how things are and what was told before, and gives what is then known to be
// told. Nothing is sent before that is stored. perDay is the cap over all rules, 0 for none.
func Decide(at time.Time, r Rule, f Facts, s State, p Person, perDay int) (Decision, State) {
	if r.Off || f.Program != "" && len(r.Programs) > 0 && !slices.Contains(r.Programs, f.Program) {
		return Decision{}, s
	}
	e := s.entry(r.ID, f.Program, f.Period.Name)
	found, is := r.causeOf(f, e, p.Language)
	if !is {
		if e.Waits != nil && !e.Waits.Until.After(at) { // it is not so any more
			e.Waits, e.At = nil, at
			return Decision{}, s.with(e)
		}
		return Decision{}, s
	}
	d := Decision{Causes: found.ids, Values: found.values}
	waits := e.Waits != nil && e.Waits.Cause == found.ids[0]
	if waits && e.Waits.Until.After(at) {
		return Decision{}, s
	}
	today := calendar.DateOf(at, p.Zone)
	d.weigh(at, r, e, s, p, perDay, today)
	e.At, e.Waits = at, nil
	switch d.Outcome {
	case Held:
		e.Waits = &Waiting{Cause: found.ids[0], Until: d.Until, Why: d.Why}
		if f.Overtake != nil {
			e.Waits.Was, e.Waits.By = f.Overtake.Was, last(f.Overtake.By, maxTold)
		}
		if waits { // it was held before, and said so
			return Decision{}, s.with(e)
		}
		return d, s.with(e)
	case Sent:
		e.Times = append(e.Times, at)
		if s.Day != today {
			s.Day, s.Count = today, 0
		}
		if !r.Uncounted {
			s.Count++
		}
	}
	for _, id := range found.ids {
		e.Told = append(e.Told, Told{Cause: id, At: at, Outcome: d.Outcome})
	}
	return d, s.with(e)
}

// weigh says whether a cause is sent now, and by which channels; held until later; or suppressed.
func (d *Decision) weigh(at time.Time, r Rule, e Entry, s State, p Person, perDay int, today calendar.Date) {
	suppress := func(why string) { d.Outcome, d.Why = Suppressed, why }
	wait := func(why string, until time.Time) {
		if !r.Kind.lasts() && why != WhyQuiet {
			suppress(why)
			return
		}
		d.Outcome, d.Why, d.Until = Held, why, until
	}
	var open []Channel
	for _, c := range r.Channels {
		if slices.Contains(p.Channels, c) {
			open = append(open, c)
		}
	}
	for _, c := range open {
		if !p.Preference.Muted(r.ID, c) {
			d.Channels = append(d.Channels, c)
		}
	}
	switch {
	case p.Preference.Off || len(d.Channels) == 0 && len(open) > 0:
		suppress(WhyOptedOut)
		return
	case len(d.Channels) == 0:
		suppress(WhyNoChannel)
		return
	}
	if free, capped := r.Cap.free(at, e, s); capped {
		if free.IsZero() {
			suppress(WhyCap)
		} else {
			wait(WhyCap, free)
		}
		return
	}
	if perDay > 0 && !r.Uncounted && s.Day == today && s.Count >= perDay {
		wait(WhyDailyCap, p.Quiet.End(tomorrow(at, p.Zone), p.Zone))
		return
	}
	if end := p.Quiet.End(at, p.Zone); end.After(at) && slices.ContainsFunc(d.Channels, func(c Channel) bool { return c != Inbox }) {
		wait(WhyQuiet, end)
		return
	}
	d.Outcome = Sent
}

// free tells whether a cap is used up, and when it is not any more; zero for never in this period.
func (c Cap) free(at time.Time, e Entry, s State) (time.Time, bool) {
	if c.Times <= 0 {
		return time.Time{}, false
	}
	if c.Hours <= 0 {
		return time.Time{}, len(e.Times) >= c.Times
	}
	// Hours are counted over all programs and periods, for it is one person who hears the same thing again.
	var times []time.Time
	for _, other := range s.Entries {
		if other.Rule == e.Rule {
			times = append(times, other.Times...)
		}
	}
	window := time.Duration(c.Hours) * time.Hour
	times = slices.DeleteFunc(times, func(t time.Time) bool { return !t.Add(window).After(at) })
	if len(times) < c.Times {
		return time.Time{}, false
	}
	slices.SortFunc(times, time.Time.Compare)
	return times[len(times)-c.Times].Add(window), true
}

// causeOf gives what a rule has to tell that was not settled.
func (r Rule) causeOf(f Facts, e Entry, language string) (cause, bool) {
	over := f.over()
	if f.Program != "" && over > maxOver && r.Kind != StatementReady && r.Kind != Paid {
		return cause{}, false
	}
	switch r.Kind {
	case NearTier:
		return r.nearTier(f, e, language)
	case Overtaken:
		return r.overtaken(f, e, language)
	case QuotaReached:
		return r.goal(f, e, language, "quota", func(a Attained, of number.Number) bool { return a.Attainment.Cmp(of) >= 0 })
	case GoalMissed:
		if over < r.Days {
			return cause{}, false
		}
		return r.goal(f, e, language, "missed", func(a Attained, of number.Number) bool { return a.Attainment.Less(of) })
	case PrizeWon:
		return r.prize(f, e, language)
	case NothingLogged:
		return r.idle(f, e)
	case StatementReady, Paid:
		id := string(r.Kind)
		if e.settled(id) || r.Kind == StatementReady && !f.Settled || r.Kind == Paid && (!f.SettledPaid || f.Amount <= 0) {
			return cause{}, false
		}
		return cause{[]string{id}, f.values(map[string]string{"amount": minor(f.Amount, f.Currency)})}, true
	}
	return cause{}, false
}

// nearTier tells of the tier to which the least part is missing.
func (r Rule) nearTier(f Facts, e Entry, language string) (cause, bool) {
	if f.over() >= 0 {
		return cause{}, false
	}
	best, found := Next{}, false
	for _, n := range f.Next {
		if r.Component != "" && n.Component != r.Component || !r.near(n) || e.settled(tierID(n)) {
			continue
		}
		// n.Left/n.At is less than best.Left/best.At
		if !found || n.Left.Mul(best.At).Less(best.Left.Mul(n.At)) {
			best, found = n, true
		}
	}
	if !found {
		return cause{}, false
	}
	return cause{[]string{tierID(best)}, f.values(map[string]string{"component": best.Title, "left": r.left(best, f.Currency, language),
		"tier": figure(best.At, best.Money, f.Currency), "reached": figure(best.Reached, best.Money, f.Currency)})}, true
}

func tierID(n Next) string { return "tier/" + n.Component + "/" + n.At.String() }

// left says what is missing: in deals where they are counted or estimated, otherwise in what is measured.
func (r Rule) left(n Next, currency, language string) string {
	switch {
	case n.Counted:
		return wordsOf(language).deals(n.Deals)
	case r.Estimate && n.Deals > 0:
		return figure(n.Left, n.Money, currency) + " (" + wordsOf(language).about + " " + wordsOf(language).deals(n.Deals) + ")"
	}
	return figure(n.Left, n.Money, currency)
}

func (r Rule) overtaken(f Facts, e Entry, language string) (cause, bool) {
	o := f.Overtake
	if o == nil || f.over() >= 0 || o.Was <= 0 || f.Rank <= o.Was || r.Top > 0 && o.Was > r.Top || len(o.By) == 0 || e.settled(o.Cause) {
		return cause{}, false
	}
	return cause{[]string{o.Cause}, f.values(map[string]string{"rank": fmt.Sprint(f.Rank), "was": fmt.Sprint(o.Was), "ranked": fmt.Sprint(f.Ranked),
		"by": wordsOf(language).by(o.Names, len(o.By))})}, true
}

// goal tells of the components whose attainment is as it is asked for.
func (r Rule) goal(f Facts, e Entry, language, what string, holds func(a Attained, of number.Number) bool) (cause, bool) {
	of := number.Of(1)
	if r.Attainment != nil {
		of = *r.Attainment
	}
	for _, a := range f.Goals {
		id := what + "/" + a.Component + "/" + of.String()
		if r.Component != "" && a.Component != r.Component || !holds(a, of) || e.settled(id) {
			continue
		}
		missing := number.Max(a.Quota.Mul(of).Sub(a.Value), number.Number{})
		text := figure(missing, a.Money, f.Currency)
		if a.Counted {
			if whole, err := missing.Round(0, number.Up); err == nil {
				text = wordsOf(language).deals(int(whole))
			}
		}
		return cause{[]string{id}, f.values(map[string]string{"component": a.Title, "attainment": percent(a.Attainment), "missing": text,
			"quota": figure(a.Quota, a.Money, f.Currency), "reached": figure(a.Value, a.Money, f.Currency)})}, true
	}
	return cause{}, false
}

// prize tells of prizes: those of milestones at once, those of ranks when the period is over.
func (r Rule) prize(f Facts, e Entry, language string) (cause, bool) {
	var ids, texts []string
	for _, p := range f.Prizes {
		id := "prize/milestone/" + p.Milestone
		if p.Milestone == "" {
			id = "prize/rank/" + fmt.Sprint(p.Rank)
			if f.over() < r.Days {
				continue
			}
		}
		if !e.settled(id) && !slices.Contains(ids, id) {
			ids, texts = append(ids, id), append(texts, prizeText(p, f.Currency, language))
		}
	}
	if len(ids) == 0 {
		return cause{}, false
	}
	return cause{ids, f.values(map[string]string{"prizes": wordsOf(language).list(texts), "rank": fmt.Sprint(f.Rank)})}, true
}

// idle tells that nothing was logged, once for each Days that go by without.
func (r Rule) idle(f Facts, e Entry) (cause, bool) {
	days := max(r.Days, 1)
	since := f.Logged
	if since == "" {
		since = f.Looked
	}
	gone := f.Today.Sub(since)
	if f.Program != "" || since == "" || gone < days {
		return cause{}, false
	}
	id := fmt.Sprintf("idle/%s/%d", f.Logged, gone/days)
	if f.Logged == "" { // how long it has been is not known: once for each Days of the calendar
		id = fmt.Sprintf("idle//%d", f.Today.Sub("2000-01-03")/days)
	}
	if e.settled(id) {
		return cause{}, false
	}
	return cause{[]string{id}, map[string]string{"days": fmt.Sprint(gone)}}, true
}

// values adds what all rules over a program say.
func (f Facts) values(own map[string]string) map[string]string {
	own["program"], own["period"] = f.ProgramName, f.Period.Name
	own["days_left"] = fmt.Sprint(max(-f.over(), 0))
	return own
}
