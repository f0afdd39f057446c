package storetest

import (
	"context"
	"testing"
	"time"

	"leadline/shared/fault"
	"leadline/shared/incentive"
	"leadline/shared/store"
)

func editionRunTests() []test {
	return []test{
		{"a run goes by its rev, and one that is missing is of Rev 0", runsGoByRev},
		{"one of concurrent saves of a run wins", func(t *testing.T, s Stores) {
			oneWins(t, atOnce(t, func(int) error { return s.Runs.SaveRun(ctx(t), newEditionRun("edn_1")) }))
			next := newEditionRun("edn_1")
			next.Rev = 2
			oneWins(t, atOnce(t, func(int) error { return s.Runs.SaveRun(ctx(t), next) }))
		}},
		{"runs of other editions are their own, and a dropped one is gone", func(t *testing.T, s Stores) {
			a, b := newEditionRun("edn_1"), newEditionRun("edn_2")
			other := a
			other.Organization, other.ID = "org_b", "another"
			for _, r := range []incentive.Run{a, b, other} {
				ok(t, s.Runs.SaveRun(ctx(t), r))
			}
			for range 2 {
				ok(t, s.Runs.DropRun(ctx(t), "org_a", "edn_1"))
			}
			runStands(t, s, incentive.Run{Organization: "org_a", Edition: "edn_1"})
			runStands(t, s, b)
			runStands(t, s, other)
			ok(t, s.Runs.SaveRun(ctx(t), a))
			runStands(t, s, a)
		}},
		{"a part counts once, in its run", partsCountOnce},
		{"a request for runs that has ended does nothing", func(t *testing.T, s Stores) {
			ended, end := context.WithCancel(ctx(t))
			end()
			is(t, s.Runs.SaveRun(ended, newEditionRun("edn_1")), fault.Unavailable, "")
			is(t, s.Runs.DropRun(ended, "org_a", "edn_1"), fault.Unavailable, "")
			is(t, s.Runs.FinishPart(ended, "org_a", "edn_1", "r", incentive.Part{}), fault.Unavailable, "")
			_, err := s.Runs.EditionRun(ended, "org_a", "edn_1")
			is(t, err, fault.Unavailable, "")
			_, err = s.Runs.Parts(ended, "org_a", "edn_1", "r")
			is(t, err, fault.Unavailable, "")
			runStands(t, s, incentive.Run{Organization: "org_a", Edition: "edn_1"})
		}},
	}
}

// newEditionRun makes the first state of a run, with everything that one can have.
func newEditionRun(edition string) incentive.Run {
	at := base()
	return incentive.Run{Organization: "org_a", Edition: edition, ID: "run", Refresh: true, Phase: incentive.Calculating, Source: 2, Cursor: "c", Sent: 7, Reached: 3,
		Parts: incentive.Part{Number: 4, Records: 1 << 40, Credits: 5, Refused: 6, Participants: 7}, Units: 9, Error: "<&>", People: 11, Rates: "r", Opened: "2026-11",
		TendAt: at, MovedAt: at.Add(time.Second), StartedAt: at.Add(time.Minute), FinishedAt: at.Add(time.Hour), Rev: 1}
}

func runStands(t *testing.T, s Stores, want incentive.Run) {
	t.Helper()
	got, err := s.Runs.EditionRun(ctx(t), want.Organization, want.Edition)
	ok(t, err)
	same(t, got, want)
}

func runsGoByRev(t *testing.T, s Stores) {
	none := incentive.Run{Organization: "org_a", Edition: "edn_1"}
	runStands(t, s, none)
	first := newEditionRun("edn_1")
	late := first
	late.Rev = 2
	is(t, s.Runs.SaveRun(ctx(t), late), fault.Conflict, store.CodeStale)
	runStands(t, s, none)
	ok(t, s.Runs.SaveRun(ctx(t), first))
	runStands(t, s, first)
	for _, rev := range []int64{0, 1, 3} {
		wrong := first
		wrong.Rev, wrong.Cursor = rev, "wrong"
		is(t, s.Runs.SaveRun(ctx(t), wrong), fault.Conflict, store.CodeStale)
	}
	runStands(t, s, first)
	bare := incentive.Run{Organization: "org_a", Edition: "edn_1", Rev: 2}
	ok(t, s.Runs.SaveRun(ctx(t), bare))
	runStands(t, s, bare)
}

func partsCountOnce(t *testing.T, s Stores) {
	sums := func(organization, edition, run string, want incentive.Part) {
		t.Helper()
		got, err := s.Runs.Parts(ctx(t), organization, edition, run)
		ok(t, err)
		same(t, got, want)
	}
	sums("org_a", "edn_1", "r", incentive.Part{})
	var want incentive.Part
	for n := range 25 {
		p := incentive.Part{Number: n, Records: int64(n), Credits: 2, Refused: int64(n % 2), Participants: 3}
		for range 2 {
			ok(t, s.Runs.FinishPart(ctx(t), "org_a", "edn_1", "r", p))
		}
		want = want.Plus(p)
	}
	sums("org_a", "edn_1", "r", want)
	for _, other := range [][3]string{{"org_b", "edn_1", "r"}, {"org_a", "edn_2", "r"}, {"org_a", "edn_1", "r2"}} {
		sums(other[0], other[1], other[2], incentive.Part{})
	}
	// The later of two reports of a part stands.
	ok(t, s.Runs.FinishPart(ctx(t), "org_a", "edn_1", "r2", incentive.Part{Number: 1, Records: 5}))
	ok(t, s.Runs.FinishPart(ctx(t), "org_a", "edn_1", "r2", incentive.Part{Number: 1, Records: 6}))
	sums("org_a", "edn_1", "r2", incentive.Part{Number: 1, Records: 6})
	sums("org_a", "edn_1", "r", want)
}
