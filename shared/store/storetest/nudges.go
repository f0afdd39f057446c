package storetest

import (
	"fmt"
	"testing"
	"time"

	"leadline/shared/fault"
	"leadline/shared/nudge"
	"leadline/shared/number"
	"leadline/shared/store"
)

func nudgeTests() []test {
	return []test{
		{"NudgeSetup", nudgeSetup},
		{"NudgePreferences", nudgePreferences},
		{"NudgeStates", nudgeStates},
		{"NudgeBoards", nudgeBoards},
		{"TellNudge", tellNudge},
		{"SaveNudge", saveNudge},
		{"Inbox", inboxLists},
		{"NudgeLog", nudgeLog},
	}
}

func newNudge(id, member string) nudge.Nudge {
	return nudge.Nudge{ID: id, Organization: "org_1", Member: member, At: base(), Rule: "near_tier", Kind: nudge.NearTier, Program: "prg_1", Period: "2026-11", Causes: []string{"tier/deals/10"},
		Outcome: nudge.Sent, Language: "de-AT", Rev: 1, Posts: []nudge.Post{{Channel: nudge.Inbox, Subject: "2 deals", Text: "Only 2 <deals>\n", State: nudge.PostSent, At: base()},
			{Channel: nudge.Email, Text: "x", State: nudge.PostWaiting}}}
}

func nudgeSetup(t *testing.T, s Stores) {
	for _, organization := range []string{"org_1", "a#b"} {
		got, err := s.Nudges.NudgeSetup(ctx(t), organization)
		ok(t, err)
		same(t, got, nudge.Default(organization))
		share := number.Frac(1, 3)
		got.Rules[0].Share, got.Webhook, got.Hint, got.By, got.UpdatedAt, got.Rev = &share, []byte{1, 2}, "cret", "key_1", base(), 1
		got.Wordings = []nudge.Wording{{Rule: "near_tier", Language: "de", Text: "{left}", Rev: 1}}
		ok(t, s.Nudges.SaveNudgeSetup(ctx(t), got))
		is(t, s.Nudges.SaveNudgeSetup(ctx(t), func() nudge.Setup { o := got; o.Hint = "other"; return o }()), fault.Conflict, store.CodeStale)
		stored, err := s.Nudges.NudgeSetup(ctx(t), organization)
		ok(t, err)
		same(t, stored, got)
	}
	s1, err := s.Nudges.NudgeSetup(ctx(t), "org_1")
	ok(t, err)
	s1.Rev = 2
	oneWins(t, atOnce(t, func(n int) error {
		mine := s1
		mine.Hint = fmt.Sprint(n)
		return s.Nudges.SaveNudgeSetup(ctx(t), mine)
	}))
}

func nudgePreferences(t *testing.T, s Stores) {
	none, err := s.Nudges.NudgePreference(ctx(t), "org_1", "mem_1")
	ok(t, err)
	same(t, none, nudge.Preference{Organization: "org_1", Member: "mem_1"})
	p := nudge.Preference{Organization: "org_1", Member: "mem_1", Language: "hi", Zone: "Asia/Kolkata", Quiet: &nudge.Quiet{From: "20:00", Until: "08:00", Weekend: true}, Off: true,
		Mutes: []nudge.Mute{{Rule: "paid", Channel: nudge.Email}}, SlackUser: "U012AB3CD", By: "key_1", Rev: 1}
	ok(t, s.Nudges.SaveNudgePreference(ctx(t), p))
	stored, err := s.Nudges.NudgePreference(ctx(t), "org_1", "mem_1")
	ok(t, err)
	same(t, stored, p)
	p.Off = false
	is(t, s.Nudges.SaveNudgePreference(ctx(t), p), fault.Conflict, store.CodeStale)
	p.Rev = 3
	is(t, s.Nudges.SaveNudgePreference(ctx(t), p), fault.Conflict, store.CodeStale)
	p.Rev = 2
	ok(t, s.Nudges.SaveNudgePreference(ctx(t), p))
	for _, other := range [][2]string{{"org_2", "mem_1"}, {"org_1", "mem_2"}} {
		got, err := s.Nudges.NudgePreference(ctx(t), other[0], other[1])
		ok(t, err)
		same(t, got.Rev, 0)
	}
}

func nudgeStates(t *testing.T, s Stores) {
	none, err := s.Nudges.NudgeState(ctx(t), "org_1", "mem_1")
	ok(t, err)
	same(t, none, nudge.State{Organization: "org_1", Member: "mem_1"})
	state := nudge.State{Organization: "org_1", Member: "mem_1", Day: "2026-11-22", Count: 2, Rev: 1, Pending: []nudge.Nudge{newNudge("01A", "mem_1")},
		Entries: []nudge.Entry{{Rule: "overtaken", Program: "prg_1", Period: "2026-11", At: base(), Times: []time.Time{base()}, Told: []nudge.Told{{Cause: "board/1", At: base(), Outcome: nudge.Sent}},
			Waits: &nudge.Waiting{Cause: "board/2", Until: base(), Why: nudge.WhyQuiet, Was: 2, By: []string{"mem_2"}}}}}
	state.Pending[0].Rev = 0 // it is not stored yet, and has no rev
	oneWins(t, atOnce(t, func(int) error {
		mine := state
		mine.Count = int(time.Now().UnixNano()) // no two write the same
		return s.Nudges.SaveNudgeState(ctx(t), mine)
	}))
	state.Rev = 2
	ok(t, s.Nudges.SaveNudgeState(ctx(t), state))
	stored, err := s.Nudges.NudgeState(ctx(t), "org_1", "mem_1")
	ok(t, err)
	same(t, stored, state)
}

func nudgeBoards(t *testing.T, s Stores) {
	none, err := s.Nudges.NudgeBoard(ctx(t), "org_1", "prg_1", "2026-11")
	ok(t, err)
	same(t, none, nudge.Board{Organization: "org_1", Program: "prg_1", Period: "2026-11"})
	b := nudge.Board{Organization: "org_1", Program: "prg_1", Period: "2026-11", Edition: "edn_1", Rev: 1}
	for n := range nudge.MaxPlaces { // the longest, of ids that repeat nothing
		b.Places = append(b.Places, nudge.Place{Participant: fmt.Sprintf("mem_%012x", uint64(n+1)*0x9e3779b97f4a7c15>>16), Rank: n + 1})
	}
	ok(t, s.Nudges.SaveNudgeBoard(ctx(t), b))
	stored, err := s.Nudges.NudgeBoard(ctx(t), "org_1", "prg_1", "2026-11")
	ok(t, err)
	same(t, stored, b)
	b.Edition = "edn_2"
	is(t, s.Nudges.SaveNudgeBoard(ctx(t), b), fault.Conflict, store.CodeStale)
	other, err := s.Nudges.NudgeBoard(ctx(t), "org_1", "prg_1", "2026-12")
	ok(t, err)
	same(t, other.Rev, 0)
}

func tellNudge(t *testing.T, s Stores) {
	n := newNudge("01A", "mem_1")
	fresh, err := s.Nudges.TellNudge(ctx(t), n)
	ok(t, err)
	same(t, fresh, true)
	again := n
	again.Rule = "other"
	fresh, err = s.Nudges.TellNudge(ctx(t), again)
	ok(t, err)
	same(t, fresh, false)
	stored, err := s.Nudges.Nudge(ctx(t), "org_1", "mem_1", "01A")
	ok(t, err)
	same(t, stored, n)
	for _, other := range [][3]string{{"org_2", "mem_1", "01A"}, {"org_1", "mem_2", "01A"}, {"org_1", "mem_1", "01B"}} {
		_, err := s.Nudges.Nudge(ctx(t), other[0], other[1], other[2])
		is(t, err, fault.NotFound, "not_found")
	}
	for _, wrong := range []nudge.Nudge{{Organization: "org_1", Member: "mem_1"}, {ID: "01A", Organization: "org_1"}, {ID: "01A", Member: "mem_1"}} {
		_, err := s.Nudges.TellNudge(ctx(t), wrong)
		is(t, err, fault.Invalid, "invalid_nudge")
	}
	all, _, err := s.Nudges.NudgeLog(ctx(t), "org_1", store.NudgeFilter{}, store.Page{Limit: 10})
	ok(t, err)
	same(t, all, []nudge.Nudge{n})
}

func saveNudge(t *testing.T, s Stores) {
	n := newNudge("01A", "mem_1")
	is(t, s.Nudges.SaveNudge(ctx(t), n), fault.NotFound, "not_found")
	is(t, s.Nudges.MarkNudgeRead(ctx(t), "org_1", "mem_1", "01A", base()), fault.NotFound, "not_found")
	_, err := s.Nudges.TellNudge(ctx(t), n)
	ok(t, err)
	ok(t, s.Nudges.MarkNudgeRead(ctx(t), "org_1", "mem_1", "01A", base()))
	ok(t, s.Nudges.MarkNudgeRead(ctx(t), "org_1", "mem_1", "01A", base().Add(time.Hour)))
	n.Posts = append([]nudge.Post{}, n.Posts...)
	n.Posts[1].State, n.Posts[1].Tries, n.Rev = nudge.PostSending, 1, 2
	oneWins(t, atOnce(t, func(i int) error {
		mine := n
		mine.Posts = append([]nudge.Post{}, n.Posts...)
		mine.Posts[1].Problem = fmt.Sprint(i) // no two write the same
		return s.Nudges.SaveNudge(ctx(t), mine)
	}))
	n.Rev, n.Posts[1].State = 3, nudge.PostSent
	ok(t, s.Nudges.SaveNudge(ctx(t), n))
	stored, err := s.Nudges.Nudge(ctx(t), "org_1", "mem_1", "01A")
	ok(t, err)
	n.ReadAt = base()
	same(t, stored, n)
	is(t, s.Nudges.SaveNudge(ctx(t), nudge.Nudge{ID: "01A", Organization: "org_1", Member: "mem_1", Rev: 3}), fault.Conflict, store.CodeStale)
}

func inboxLists(t *testing.T, s Stores) {
	var want []nudge.Nudge
	for i := range 23 {
		n := newNudge(fmt.Sprintf("01%02d", i), "mem_1")
		switch i % 3 {
		case 1:
			n.Posts = n.Posts[1:]
		case 2:
			n.Outcome, n.Posts = nudge.Held, nil
		default:
			want = append([]nudge.Nudge{n}, want...)
		}
		_, err := s.Nudges.TellNudge(ctx(t), n)
		ok(t, err)
		other := newNudge(fmt.Sprintf("02%02d", i), "mem_2")
		_, err = s.Nudges.TellNudge(ctx(t), other)
		ok(t, err)
	}
	list := func(member string) func(store.Page) ([]nudge.Nudge, string, error) {
		return func(p store.Page) ([]nudge.Nudge, string, error) { return s.Nudges.Inbox(ctx(t), "org_1", member, p) }
	}
	pages(t, want, list("mem_1"))
	refuses(t, list("mem_1"), next(list("mem_2")))
}

func nudgeLog(t *testing.T, s Stores) {
	var want, held []nudge.Nudge
	for i := range 17 {
		n := newNudge(fmt.Sprintf("01%02d", i), fmt.Sprint("mem_", i%3))
		if i%4 == 0 {
			n.Outcome, n.Posts = nudge.Held, nil
			held = append([]nudge.Nudge{n}, held...)
		}
		want = append([]nudge.Nudge{n}, want...)
		_, err := s.Nudges.TellNudge(ctx(t), n)
		ok(t, err)
	}
	list := func(f store.NudgeFilter) func(store.Page) ([]nudge.Nudge, string, error) {
		return func(p store.Page) ([]nudge.Nudge, string, error) { return s.Nudges.NudgeLog(ctx(t), "org_1", f, p) }
	}
	pages(t, want, list(store.NudgeFilter{}))
	pages(t, held, list(store.NudgeFilter{Outcome: nudge.Held, Rule: "near_tier"}))
	same(t, len(all(t, 5, list(store.NudgeFilter{Member: "mem_1"}))), 6)
	same(t, len(all(t, 5, list(store.NudgeFilter{Rule: "other"}))), 0)
	refuses(t, list(store.NudgeFilter{}), next(list(store.NudgeFilter{Outcome: nudge.Held})))
	none, _, err := s.Nudges.NudgeLog(ctx(t), "org_2", store.NudgeFilter{}, store.Page{Limit: 10})
	ok(t, err)
	same(t, len(none), 0)
}
