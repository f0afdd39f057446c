package nudge_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"leadline/shared/calendar"
	"leadline/shared/incentive"
	"leadline/shared/nudge"
	"leadline/shared/number"
	"leadline/shared/schedule"
)

func num(text string) number.Number {
	n, err := number.Parse(text)
	if err != nil {
		return number.Of(-1)
	}
	return n
}

func ref(text string) *number.Number { n := num(text); return &n }

func berlin(t testing.TB) *time.Location { return zone(t, "Europe/Berlin") }

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	z, err := schedule.Location(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

// noon is a Wednesday: 12:00 in Berlin.
func noon() time.Time { return time.Date(2026, 11, 18, 11, 0, 0, 0, time.UTC) }

func november() calendar.Period {
	return calendar.Period{Name: "2026-11", Kind: calendar.Monthly, Span: calendar.Span{From: "2026-11-01", Until: "2026-12-01"}}
}

// facts are those of the eighth deal of a month: ten make the next tier.
func facts(change func(*nudge.Facts)) nudge.Facts {
	f := nudge.Facts{Program: "prg_1", ProgramName: "Deals", Period: november(), Currency: "EUR", Today: "2026-11-18"}
	if change != nil {
		change(&f)
	}
	return f
}

func person(t testing.TB, change func(*nudge.Person)) nudge.Person {
	p := nudge.Person{Zone: berlin(t), Quiet: nudge.Quiet{From: "20:00", Until: "08:00"}, Language: "en", Channels: nudge.Channels()}
	if change != nil {
		change(&p)
	}
	return p
}

func counted(left int, change func(*nudge.Next)) func(*nudge.Facts) {
	n := nudge.Next{Component: "deals", Title: "Deals", At: num("10"), Reached: number.Of(int64(10 - left)), Left: number.Of(int64(left)), Counted: true, Deals: left}
	if change != nil {
		change(&n)
	}
	return func(f *nudge.Facts) { f.Next = []nudge.Next{n} }
}

func attained(part string) func(*nudge.Facts) {
	return func(f *nudge.Facts) {
		f.Goals = []nudge.Attained{{Component: "deals", Title: "Deals", Attainment: num(part), Quota: num("20"), Value: num(part).Mul(num("20")), Counted: true}}
	}
}

func over(days int, change func(*nudge.Facts)) func(*nudge.Facts) {
	return func(f *nudge.Facts) {
		f.Today = calendar.Date("2026-12-01").AddDays(days)
		change(f)
	}
}

func rule(t testing.TB, id string, change func(*nudge.Rule)) nudge.Rule {
	t.Helper()
	r, found := nudge.Default("org_1").Rule(id)
	if !found {
		t.Fatalf("no rule %s", id)
	}
	r.Cap = nudge.Cap{}
	if change != nil {
		change(&r)
	}
	return r
}

// told is one line of the golden table.
func told(d nudge.Decision) string {
	if d.Outcome == "" {
		return "nothing"
	}
	parts := []string{string(d.Outcome), strings.Join(d.Causes, " ")}
	if d.Why != "" {
		parts = append(parts, d.Why)
	}
	if !d.Until.IsZero() {
		parts = append(parts, d.Until.UTC().Format("02T15:04"))
	}
	return strings.Join(parts, " | ")
}

// TestRules is the golden table of what each rule tells, and of what it does not.
func TestRules(t *testing.T) {
	fell := func(was, rank int, by ...string) func(*nudge.Facts) {
		return func(f *nudge.Facts) {
			f.Rank, f.Ranked, f.Overtake = rank, 30, &nudge.Overtake{Cause: "board/7", Was: was, By: by}
		}
	}
	prizes := func(all ...incentive.Prize) func(*nudge.Facts) { return func(f *nudge.Facts) { f.Prizes = all } }
	idle := func(logged, looked calendar.Date) func(*nudge.Facts) {
		return func(f *nudge.Facts) {
			*f = nudge.Facts{Today: "2026-11-18", Logged: logged, Looked: looked}
		}
	}
	money := func(left string) func(*nudge.Facts) {
		return counted(2, func(n *nudge.Next) {
			*n = nudge.Next{Component: "deals", Title: "Deals", At: num("1000"), Reached: num("1000").Sub(num(left)), Left: num(left), Money: true, Deals: 1}
		})
	}
	for _, c := range []struct {
		name   string
		rule   string
		change func(*nudge.Rule)
		facts  func(*nudge.Facts)
		want   string
	}{
		{"as many deals as the rule says", "near_tier", nil, counted(2, nil), "sent | tier/deals/10"},
		{"one more", "near_tier", nil, counted(3, nil), "nothing"},
		{"one more, of a rule that says so", "near_tier", func(r *nudge.Rule) { r.Deals = 3 }, counted(3, nil), "sent | tier/deals/10"},
		{"another component", "near_tier", func(r *nudge.Rule) { r.Component = "other" }, counted(1, nil), "nothing"},
		{"another program", "near_tier", func(r *nudge.Rule) { r.Programs = []string{"prg_2"} }, counted(1, nil), "nothing"},
		{"a rule that is off", "near_tier", func(r *nudge.Rule) { r.Off = true }, counted(1, nil), "nothing"},
		{"a period that is over", "near_tier", nil, over(0, counted(1, nil)), "nothing"},
		{"its last day", "near_tier", nil, over(-1, counted(1, nil)), "sent | tier/deals/10"},
		{"a tenth of an amount", "near_tier", nil, money("100"), "sent | tier/deals/1000"},
		{"more than a tenth", "near_tier", nil, money("100.01"), "nothing"},
		{"a share of its own", "near_tier", func(r *nudge.Rule) { r.Share = ref("0.25") }, money("250"), "sent | tier/deals/1000"},
		{"deals by the average", "near_tier", func(r *nudge.Rule) { r.Estimate = true }, money("400"), "sent | tier/deals/1000"},
		{"no tier that comes next", "near_tier", nil, nil, "nothing"},
		{"the tier with the least part missing", "near_tier", func(r *nudge.Rule) { r.Deals = 9 }, func(f *nudge.Facts) {
			a, b := counted(4, nil), counted(1, nil)
			a(f)
			first := f.Next[0]
			b(f)
			f.Next[0].Component = "other"
			f.Next = []nudge.Next{first, f.Next[0]}
		}, "sent | tier/other/10"},

		{"a worse rank", "overtaken", nil, fell(2, 3, "mem_b"), "sent | board/7"},
		{"the same rank", "overtaken", nil, fell(3, 3, "mem_b"), "nothing"},
		{"a better rank", "overtaken", nil, fell(4, 3, "mem_b"), "nothing"},
		{"nobody is ahead any more", "overtaken", nil, fell(2, 3), "nothing"},
		{"the last rank that is told", "overtaken", nil, fell(25, 26, "mem_b"), "sent | board/7"},
		{"behind those that are told", "overtaken", nil, fell(26, 27, "mem_b"), "nothing"},
		{"all are told", "overtaken", func(r *nudge.Rule) { r.Top = 0 }, fell(26, 27, "mem_b"), "sent | board/7"},
		{"ranks of a period that is over", "overtaken", nil, over(0, fell(2, 3, "mem_b")), "nothing"},

		{"just below the quota", "quota_reached", nil, attained("0.95"), "nothing"},
		{"the quota", "quota_reached", nil, attained("1"), "sent | quota/deals/1"},
		{"half of it", "quota_reached", func(r *nudge.Rule) { r.Attainment = ref("0.5") }, attained("0.5"), "sent | quota/deals/0.5"},
		{"no quota", "quota_reached", nil, nil, "nothing"},
		{"long after the period", "quota_reached", nil, over(46, attained("1")), "nothing"},

		{"missed, while the period lasts", "goal_missed", nil, attained("0.5"), "nothing"},
		{"missed, before the days are over", "goal_missed", nil, over(1, attained("0.5")), "nothing"},
		{"missed", "goal_missed", nil, over(2, attained("0.5")), "sent | missed/deals/1"},
		{"not missed", "goal_missed", nil, over(2, attained("1")), "nothing"},

		{"a milestone, at once", "prize_won", nil, prizes(incentive.Prize{Milestone: "10", Amount: 5000}), "sent | prize/milestone/10"},
		{"a rank, while the period lasts", "prize_won", nil, prizes(incentive.Prize{Rank: 1, Amount: 5000}), "nothing"},
		{"a rank", "prize_won", nil, over(1, prizes(incentive.Prize{Rank: 1, Amount: 5000}, incentive.Prize{Milestone: "10", Thing: "A bike"})),
			"sent | prize/rank/1 prize/milestone/10"},

		{"nothing for six days", "nothing_logged", nil, idle("2026-11-12", "2026-10-01"), "nothing"},
		{"nothing for seven days", "nothing_logged", nil, idle("2026-11-11", "2026-10-01"), "sent | idle/2026-11-11/1"},
		{"nothing for two weeks", "nothing_logged", nil, idle("2026-11-04", "2026-10-01"), "sent | idle/2026-11-04/2"},
		{"nothing ever", "nothing_logged", nil, idle("", "2026-10-01"), fmt.Sprintf("sent | idle//%d", calendar.Date("2026-11-18").Sub("2000-01-03")/7)},
		{"nothing, since less than a week", "nothing_logged", nil, idle("", "2026-11-15"), "nothing"},

		{"a period that is not locked", "statement_ready", nil, over(9, func(*nudge.Facts) {}), "nothing"},
		{"a period that is locked", "statement_ready", nil, over(90, func(f *nudge.Facts) { f.Settled = true }), "sent | statement_ready"},
		{"locked, not paid", "paid", nil, over(9, func(f *nudge.Facts) { f.Settled, f.Amount = true, 100 }), "nothing"},
		{"paid", "paid", nil, over(9, func(f *nudge.Facts) { f.Settled, f.SettledPaid, f.Amount = true, true, 100 }), "sent | paid"},
		{"paid, with nothing to be paid", "paid", nil, over(9, func(f *nudge.Facts) { f.Settled, f.SettledPaid, f.Amount = true, true, -100 }), "nothing"},
	} {
		d, s := nudge.Decide(noon(), rule(t, c.rule, c.change), facts(c.facts), nudge.State{}, person(t, nil), 0)
		if got := told(d); got != c.want {
			t.Errorf("%s: %s: got %q, want %q", c.rule, c.name, got, c.want)
		}
		if d.Outcome == "" {
			continue
		}
		// What is told is told once, and its wording finds all that it says.
		again, _ := nudge.Decide(noon().Add(time.Minute), rule(t, c.rule, c.change), facts(c.facts), s, person(t, nil), 0)
		if again.Outcome == nudge.Sent && slices.Equal(again.Causes, d.Causes) {
			t.Errorf("%s: %s: told again: %q", c.rule, c.name, told(again))
		}
		r := rule(t, c.rule, nil)
		for _, placeholder := range nudge.Placeholders(r.Kind) {
			if _, said := d.Values[placeholder]; !said && !slices.Contains([]string{"name", "mention", "organization"}, placeholder) {
				t.Errorf("%s: %s: {%s} stands for nothing", c.rule, c.name, placeholder)
			}
		}
	}
}

// TestSuppressions is the golden table of what keeps something from being sent now.
func TestSuppressions(t *testing.T) {
	at := func(local string) time.Time {
		parsed, err := time.ParseInLocation("2006-01-02 15:04", local, berlin(t))
		if err != nil {
			t.Fatal(err)
		}
		return parsed
	}
	sentAt := func(times ...time.Time) nudge.State {
		s := nudge.State{Day: "2026-11-18", Count: len(times)}
		s.Entries = []nudge.Entry{{Rule: "near_tier", Program: "prg_1", Period: "2026-10", Times: times}}
		return s
	}
	day := nudge.Cap{Times: 1, Hours: 24}
	mute := func(m ...nudge.Mute) func(*nudge.Person) { return func(p *nudge.Person) { p.Preference.Mutes = m } }
	for _, c := range []struct {
		name   string
		at     time.Time
		change func(*nudge.Rule)
		who    func(*nudge.Person)
		state  nudge.State
		perDay int
		want   string
		ways   string
	}{
		{"nothing keeps it", noon(), nil, nil, nudge.State{}, 0, "sent | tier/deals/10", "inbox email slack"},
		{"the last minute before quiet hours", at("2026-11-18 19:59"), nil, nil, nudge.State{}, 0, "sent | tier/deals/10", "inbox email slack"},
		{"the first of quiet hours", at("2026-11-18 20:00"), nil, nil, nudge.State{}, 0, "held | tier/deals/10 | quiet_hours | 19T07:00", "inbox email slack"},
		{"the last of quiet hours", at("2026-11-18 07:59"), nil, nil, nudge.State{}, 0, "held | tier/deals/10 | quiet_hours | 18T07:00", "inbox email slack"},
		{"their end", at("2026-11-18 08:00"), nil, nil, nudge.State{}, 0, "sent | tier/deals/10", "inbox email slack"},
		{"quiet hours in the person's zone", noon(), nil, func(p *nudge.Person) { p.Zone = zone(t, "Asia/Kolkata") }, nudge.State{}, 0, "sent | tier/deals/10", "inbox email slack"},
		{"it is evening there", noon().Add(4 * time.Hour), nil, func(p *nudge.Person) { p.Zone = zone(t, "Asia/Kolkata") }, nudge.State{}, 0, "held | tier/deals/10 | quiet_hours | 19T02:30", "inbox email slack"},
		{"the inbox alone is never quiet", at("2026-11-18 23:00"), nil, func(p *nudge.Person) { p.Channels = []nudge.Channel{nudge.Inbox} }, nudge.State{}, 0, "sent | tier/deals/10", "inbox"},
		{"a quiet weekend", at("2026-11-21 12:00"), nil, func(p *nudge.Person) { p.Quiet.Weekend = true }, nudge.State{}, 0, "held | tier/deals/10 | quiet_hours | 23T07:00", "inbox email slack"},
		{"no quiet hours", at("2026-11-18 23:00"), nil, func(p *nudge.Person) { p.Quiet = nudge.Quiet{} }, nudge.State{}, 0, "sent | tier/deals/10", "inbox email slack"},

		{"opted out of everything", noon(), nil, func(p *nudge.Person) { p.Preference.Off = true }, nudge.State{}, 0, "suppressed | tier/deals/10 | opted_out", ""},
		{"opted out of the rule", noon(), nil, mute(nudge.Mute{Rule: "near_tier"}), nudge.State{}, 0, "suppressed | tier/deals/10 | opted_out", ""},
		{"opted out of another rule", noon(), nil, mute(nudge.Mute{Rule: "overtaken"}), nudge.State{}, 0, "sent | tier/deals/10", "inbox email slack"},
		{"opted out of a channel", noon(), nil, mute(nudge.Mute{Channel: nudge.Slack}), nudge.State{}, 0, "sent | tier/deals/10", "inbox email"},
		{"opted out of a channel of the rule", noon(), nil, mute(nudge.Mute{Rule: "near_tier", Channel: nudge.Email}), nudge.State{}, 0, "sent | tier/deals/10", "inbox slack"},
		{"no channel is switched on", noon(), func(r *nudge.Rule) { r.Channels = []nudge.Channel{nudge.Slack} }, func(p *nudge.Person) { p.Channels = []nudge.Channel{nudge.Inbox} }, nudge.State{}, 0,
			"suppressed | tier/deals/10 | no_channel", ""},

		{"within the hours of the cap", noon(), func(r *nudge.Rule) { r.Cap = day }, nil, sentAt(noon().Add(-24*time.Hour + time.Second)), 0, "held | tier/deals/10 | cap | 18T11:00", "inbox email slack"},
		{"as soon as they are over", noon(), func(r *nudge.Rule) { r.Cap = day }, nil, sentAt(noon().Add(-24 * time.Hour)), 0, "sent | tier/deals/10", "inbox email slack"},
		{"twice in the hours", noon(), func(r *nudge.Rule) { r.Cap = nudge.Cap{Times: 2, Hours: 24} }, nil, sentAt(noon().Add(-time.Hour)), 0, "sent | tier/deals/10", "inbox email slack"},
		{"thrice", noon(), func(r *nudge.Rule) { r.Cap = nudge.Cap{Times: 2, Hours: 24} }, nil, sentAt(noon().Add(-2*time.Hour), noon().Add(-time.Hour)), 0,
			"held | tier/deals/10 | cap | 19T09:00", "inbox email slack"},
		{"once in another period", noon(), func(r *nudge.Rule) { r.Cap = nudge.Cap{Times: 1} }, nil, sentAt(noon()), 0, "sent | tier/deals/10", "inbox email slack"},
		{"once in this period", noon(), func(r *nudge.Rule) { r.Cap = nudge.Cap{Times: 1} }, nil,
			nudge.State{Entries: []nudge.Entry{{Rule: "near_tier", Program: "prg_1", Period: "2026-11", Times: []time.Time{noon()}}}}, 0, "suppressed | tier/deals/10 | cap", "inbox email slack"},

		{"below the cap of a day", noon(), nil, nil, nudge.State{Day: "2026-11-18", Count: 2}, 3, "sent | tier/deals/10", "inbox email slack"},
		{"at the cap of a day", noon(), nil, nil, nudge.State{Day: "2026-11-18", Count: 3}, 3, "held | tier/deals/10 | daily_cap | 19T07:00", "inbox email slack"},
		{"the cap of another day", noon(), nil, nil, nudge.State{Day: "2026-11-17", Count: 3}, 3, "sent | tier/deals/10", "inbox email slack"},
		{"a rule that is not counted", noon(), func(r *nudge.Rule) { r.Uncounted = true }, nil, nudge.State{Day: "2026-11-18", Count: 3}, 3, "sent | tier/deals/10", "inbox email slack"},
	} {
		d, s := nudge.Decide(c.at, rule(t, "near_tier", c.change), facts(counted(2, nil)), c.state, person(t, c.who), c.perDay)
		if got := told(d); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
		var ways []string
		for _, way := range d.Channels {
			ways = append(ways, string(way))
		}
		if got := strings.Join(ways, " "); got != c.ways {
			t.Errorf("%s: by %q, want %q", c.name, got, c.ways)
		}
		if d.Outcome == nudge.Held && !s.Until().Equal(d.Until) {
			t.Errorf("%s: the state waits until %s", c.name, s.Until())
		}
	}
}

// TestWhatWaitsIsLookedAtAnew: what is held is said when it is still so, once, and forgotten when it is not.
func TestWhatWaitsIsLookedAtAnew(t *testing.T) {
	r, who := rule(t, "near_tier", nil), person(t, nil)
	evening := time.Date(2026, 11, 18, 20, 0, 0, 0, time.UTC)
	d, held := nudge.Decide(evening, r, facts(counted(2, nil)), nudge.State{}, who, 0)
	if d.Outcome != nudge.Held {
		t.Fatalf("got %q", told(d))
	}
	if d, _ := nudge.Decide(evening.Add(time.Hour), r, facts(counted(2, nil)), held, who, 0); d.Outcome != "" {
		t.Errorf("held and said so again: %q", told(d))
	}
	morning := held.Until()
	if d, s := nudge.Decide(morning, r, facts(counted(2, nil)), held, who, 0); d.Outcome != nudge.Sent || !s.Until().IsZero() {
		t.Errorf("in the morning: %q, waits until %s", told(d), s.Until())
	}
	if d, s := nudge.Decide(morning, r, facts(nil), held, who, 0); d.Outcome != "" || !s.Until().IsZero() {
		t.Errorf("it is not so any more: %q, waits until %s", told(d), s.Until())
	}
	if held.Entries[0].Waits == nil {
		t.Error("Decide changed the state that it was given")
	}
}

// TestOvertakenDoesNotWaitForCaps: an old rank is no news, so that a cap drops it; quiet hours hold it, with where it began.
func TestOvertakenDoesNotWaitForCaps(t *testing.T) {
	r := rule(t, "overtaken", func(r *nudge.Rule) { r.Cap = nudge.Cap{Times: 1, Hours: 24} })
	fell := func(cause string, was, rank int) nudge.Facts {
		return facts(func(f *nudge.Facts) {
			f.Rank, f.Overtake = rank, &nudge.Overtake{Cause: cause, Was: was, By: []string{"mem_b"}}
		})
	}
	first, s := nudge.Decide(noon(), r, fell("board/1", 1, 2), nudge.State{}, person(t, nil), 0)
	second, s := nudge.Decide(noon().Add(time.Hour), r, fell("board/2", 2, 3), s, person(t, nil), 0)
	if first.Outcome != nudge.Sent || told(second) != "suppressed | board/2 | cap" {
		t.Errorf("%q, then %q", told(first), told(second))
	}
	night := time.Date(2026, 11, 20, 22, 0, 0, 0, time.UTC)
	_, s = nudge.Decide(night, r, fell("board/3", 3, 4), s, person(t, nil), 0)
	waiting, waits := s.Awaits("overtaken", "prg_1", "2026-11")
	if !waits || waiting.Was != 3 || !slices.Equal(waiting.By, []string{"mem_b"}) {
		t.Fatalf("waits %v: %+v", waits, waiting)
	}
	merged := nudge.Overtake{Cause: "board/4", Was: 4, By: []string{"mem_c"}}.Merge(waiting, func(id string) bool { return id != "mem_b" })
	if merged.Was != 3 || merged.Cause != "board/4" || !slices.Equal(merged.By, []string{"mem_c"}) {
		t.Errorf("merged: %+v", merged)
	}
}

// TestTheStateIsBounded: whoever is told for years is a small item all the same.
func TestTheStateIsBounded(t *testing.T) {
	s := nudge.State{}
	for n := range 400 {
		r := rule(t, "near_tier", nil)
		f := facts(counted(2, nil))
		f.Period.Name = fmt.Sprint("period ", n)
		_, s = nudge.Decide(noon().Add(time.Duration(n)*time.Hour*24), r, f, s, person(t, nil), 0)
	}
	if len(s.Entries) > 150 || !slices.ContainsFunc(s.Entries, func(e nudge.Entry) bool { return e.Period == "period 399" }) {
		t.Errorf("%d entries", len(s.Entries))
	}
}
