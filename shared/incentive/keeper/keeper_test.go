package keeper_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"leadline/shared/incentive"
	"leadline/shared/incentive/keeper"
	"leadline/shared/number"
	"leadline/shared/program"
	"leadline/shared/record"
	"leadline/shared/roster"
	"leadline/shared/schema"
	"leadline/shared/store"
	"leadline/shared/view"
)

func num(text string) number.Number {
	n, err := number.Parse(text)
	if err != nil {
		return number.Of(-1)
	}
	return n
}

func tiers(pairs ...string) (all []program.Tier) {
	for i := 0; i < len(pairs); i += 2 {
		all = append(all, program.Tier{From: num(pairs[i]), Pay: num(pairs[i+1])})
	}
	return all
}

// team is a world of a leader and two who report to her, with a program that is live.
func team(t *testing.T, change func(*program.Definition)) *world {
	w := newWorld(t)
	w.member("mem_lea000000001", "")
	w.member("mem_joe000000001", "mem_lea000000001")
	w.member("mem_sue000000001", "mem_lea000000001")
	w.deal("deal_00", "mem_joe000000001", 1200, "won", "2026-03-05")
	w.deal("deal_01", "mem_sue000000001", 300, "won", "2026-02-05")
	w.deal("deal_02", "mem_sue000000001", 500, "open", "2026-03-06")
	w.publish(commission(change), "2026-01-01")
	w.settle(time.Minute)
	return w
}

const (
	lea = "mem_lea000000001"
	joe = "mem_joe000000001"
	sue = "mem_sue000000001"
)

func TestAChangeTouchesTheOldAndTheNew(t *testing.T) {
	w := team(t, nil)
	expect := func(month string, want map[string]int64) {
		t.Helper()
		w.settle(time.Minute)
		if diff := cmp.Diff(want, w.payable(month)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", month, diff)
		}
	}
	expect("2026-03", map[string]int64{lea: 14000, joe: 14000, sue: 0})
	expect("2026-02", map[string]int64{lea: 3000, joe: 0, sue: 3000})
	w.deal("deal_00", sue, 1200, "won", "2026-03-05") // another owner
	expect("2026-03", map[string]int64{lea: 14000, joe: 0, sue: 14000})
	w.deal("deal_01", sue, 300, "won", "2026-03-07") // another month
	expect("2026-03", map[string]int64{lea: 20000, joe: 0, sue: 20000})
	expect("2026-02", map[string]int64{lea: 0, joe: 0, sue: 0})
	w.deal("deal_02", joe, 400, "won", "2026-03-06") // another amount, and won
	expect("2026-03", map[string]int64{lea: 28000, joe: 4000, sue: 20000})
	w.deal("deal_02", joe, 400, "", "2026-03-06") // deleted
	expect("2026-03", map[string]int64{lea: 20000, joe: 0, sue: 20000})
}

// everything gives all that an edition shows of everybody, but times and what names the edition.
func (w *world) everything() map[string]string {
	w.t.Helper()
	p := w.program()
	all := map[string]string{}
	for _, month := range []string{"2026-01", "2026-02", "2026-03", "2026-04"} {
		for s, err := range store.All(w.t.Context(), func(ctx context.Context, page store.Page) ([]incentive.Standing, string, error) {
			return w.credits.Standings(ctx, organization, p.Live.ID, month, page)
		}) {
			w.must(err)
			s.Edition, s.InputHash, s.Generation, s.At = "", "", 0, time.Time{}
			text, err := json.Marshal(s)
			w.must(err)
			all[month+" "+s.Participant] = string(text)
		}
	}
	return all
}

// TestIncrementalIsFull: after any history, in any order and batches, what is shown is what a full run gives, row by row.
func TestIncrementalIsFull(t *testing.T) {
	for seed := range uint64(10) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 5))
			w := team(t, func(d *program.Definition) {
				c := &d.Components[0]
				switch seed % 5 {
				case 1:
					c.Measure.Window = program.QuarterToDate
				case 2:
					d.Limits = []program.Limit{{Kind: program.LimitDraw, Size: program.Size{Amount: ref("100")}, Draw: &program.Draw{Recoverable: true}}}
				case 3:
					d.Standing = &program.Standing{By: program.By{Component: "deals"}, Prizes: []program.Prize{{From: 1, Award: program.Award{Amount: ref("50")}}}}
				case 4:
					c.Adjust = []program.Adjustment{{Kind: program.Cap, Size: program.Size{Amount: ref("120")}, Excess: program.CarriedOver}}
				}
			})
			for range 40 {
				for range random.IntN(4) {
					w.anyDeal(random, []string{lea, joe, sue, "mem_nobody000001"})
				}
				random.Shuffle(len(w.queue), func(i, j int) { w.queue[i], w.queue[j] = w.queue[j], w.queue[i] })
				if random.IntN(3) == 0 {
					w.keeper = w.another()
				}
				w.settle(time.Duration(random.IntN(1500)) * time.Millisecond)
			}
			w.settle(time.Minute)
			w.now = time.Date(2026, 4, 1, 9, 0, 0, 0, time.UTC) // another period begins
			w.settle(20 * time.Minute)
			incremental := w.everything()
			w.rebuild()
			full := w.everything()
			// A unit that was worth something once, and is worth nothing now, stands there with nothing.
			for key := range incremental {
				if _, there := full[key]; !there {
					full[key] = incremental[key]
				}
			}
			if diff := cmp.Diff(full, incremental); diff != "" {
				t.Errorf("(-full +incremental):\n%s", diff)
			}
		})
	}
}

// rebuild builds another edition of the same versions.
func (w *world) rebuild() {
	w.t.Helper()
	p := w.program()
	w.ids++
	p.Building = &program.Edition{ID: fmt.Sprintf("edn_%04d", w.ids), Versions: p.Live.Versions, Reads: p.Live.Reads}
	p.Rev++
	w.must(w.programs.UpdateProgram(w.t.Context(), p, nil, nil))
	w.must(w.keeper.Outbox.Start(w.t.Context(), p, false))
	w.settle(time.Minute)
	if p = w.program(); p.Building != nil {
		w.t.Fatal("it is not shown")
	}
}

func ref(text string) *number.Number {
	n := num(text)
	return &n
}

func (w *world) version(n int) program.Version {
	w.t.Helper()
	v, err := w.programs.Version(w.t.Context(), organization, programID, n)
	w.must(err)
	return v
}

// TestNothingFallsBetween: what changes while an edition is built is in it.
func TestNothingFallsBetween(t *testing.T) {
	w := team(t, nil)
	before := w.program().Live.ID
	w.publish(commission(func(d *program.Definition) { d.Components[0].Rate.Tiers = tiers("0", "50%") }), "2026-01-01")
	random := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		w.anyDeal(random, []string{joe, sue})
		w.settle(50 * time.Millisecond)
	}
	w.settle(time.Minute)
	if p := w.program(); p.Live.ID == before || p.Building != nil {
		t.Fatalf("it is not shown: %+v", p)
	}
	incremental := w.everything()
	w.rebuild()
	if diff := cmp.Diff(w.everything(), incremental); diff != "" {
		t.Errorf("(-full +incremental):\n%s", diff)
	}
	w.settle(time.Hour) // and the one before is removed
	standings, _, err := w.credits.Standings(t.Context(), organization, before, "2026-03", store.Page{Limit: 10})
	if err != nil || len(standings) != 0 {
		t.Errorf("there is still %v, %v", standings, err)
	}
}

// TestTheSameAgainWritesNothing: neither credits nor standings nor inputs.
func TestTheSameAgainWritesNothing(t *testing.T) {
	w := team(t, nil)
	before, inputs := w.everything(), len(w.inputs.Keys())
	unit := incentive.Unit{Organization: organization, Program: programID, Edition: w.program().Live.ID, Participant: joe, Period: "2026-03"}
	generation, err := w.credits.Touched(t.Context(), unit)
	w.must(err)
	for range 3 {
		w.must(w.keeper.Outbox.Changed(t.Context(), organization, []record.Key{{Organization: organization, Connection: connection, Object: "deal", ID: "deal_00"}}))
		w.must(w.keeper.Outbox.Send(t.Context(), keeper.Message{Kind: keeper.Unit, Organization: organization, Program: programID, Edition: unit.Edition, Participant: joe, Period: "2026-01"}, 0))
		w.settle(time.Minute)
	}
	after, err := w.credits.Touched(t.Context(), unit)
	w.must(err)
	if !maps.Equal(before, w.everything()) || len(w.inputs.Keys()) != inputs || after != generation {
		t.Errorf("%d inputs were %d; generation %d was %d", len(w.inputs.Keys()), inputs, after, generation)
	}
}

func TestAStatementIsMadeAgainToTheByte(t *testing.T) {
	w := team(t, nil)
	s, err := w.keeper.Statement(t.Context(), w.program(), joe, "2026-03")
	w.must(err)
	if !s.Reproduced || !s.Open || s.Result.Payable != 14000 || len(s.Result.Components) != 1 || len(s.Result.Components[0].Lines) != 2 {
		t.Fatalf("got %+v", s)
	}
	line := s.Result.Components[0].Lines[0]
	at := slices.IndexFunc(s.Input.Credits, func(c incentive.Credit) bool { return c.ID == line.Credit })
	if at < 0 || s.Input.Credits[at].Record.ID != "deal_00" || s.Input.Credits[at].Rev != 1 {
		t.Errorf("line %+v leads to no record: %+v", line, s.Input.Credits)
	}
	stolen := w.inputs.Keys()
	for _, key := range stolen {
		w.must(w.inputs.Put(t.Context(), key, []byte("something else")))
	}
	if _, err := w.keeper.Statement(t.Context(), w.program(), joe, "2026-03"); err == nil {
		t.Error("a statement was made of other input")
	}
}

// TestWhatIfWritesNothing: previews and estimates leave everything as it is.
func TestWhatIfWritesNothing(t *testing.T) {
	w := team(t, nil)
	before, inputs, queued := w.everything(), len(w.inputs.Keys()), len(w.queue)
	p := w.program()
	v := w.version(1)
	v.Definition.Components[0].Rate.Tiers = tiers("0", "20%")
	made, err := w.keeper.Preview(t.Context(), p, []program.Version{v}, p.Live.Reads)
	w.must(err)
	want := []keeper.Effect{{Participant: lea, Period: "2026-02", Before: 3000, After: 6000}, {Participant: sue, Period: "2026-02", Before: 3000, After: 6000},
		{Participant: joe, Period: "2026-03", Before: 14000, After: 24000}, {Participant: lea, Period: "2026-03", Before: 14000, After: 24000}}
	if diff := cmp.Diff(want, made.Effects); diff != "" {
		t.Errorf("effects (-want +got):\n%s", diff)
	}
	e, err := w.keeper.Estimate(t.Context(), p, joe, []keeper.Deal{{Component: "deals", Value: num("100"), Date: "2026-03-25"}})
	w.must(err)
	if e.Before.Payable != 14000 || e.After.Payable != 16000 {
		t.Errorf("100 more bring %d to %d", e.Before.Payable, e.After.Payable)
	}
	if !maps.Equal(before, w.everything()) || len(w.inputs.Keys()) != inputs || len(w.queue) != queued {
		t.Error("something was written")
	}
}

// TestPeopleWhoMove: when somebody's manager changes, what was reckoned follows by itself, from the day on.
func TestPeopleWhoMove(t *testing.T) {
	w := team(t, nil)
	w.member("mem_max000000001", "")
	edition, err := w.roster.Edition(t.Context(), organization)
	w.must(err)
	m, err := w.roster.Member(t.Context(), organization, joe)
	w.must(err)
	for i := range m.Facts {
		if m.Facts[i].Manager != "" {
			m.Facts[i].Manager = "mem_max000000001"
		}
	}
	m.Rev++
	w.must(w.roster.SaveMembers(t.Context(), organization, []roster.Member{m}, edition, nil))
	w.settle(20 * time.Minute)
	if got := w.payable("2026-03"); got["mem_max000000001"] != 14000 || got[lea] != 0 {
		t.Errorf("got %v", got)
	}
}

// TestAPeriodBegins: on its first day everybody has a standing, without any deal.
func TestAPeriodBegins(t *testing.T) {
	w := team(t, func(d *program.Definition) {
		d.Limits = []program.Limit{{Kind: program.LimitDraw, Size: program.Size{Amount: ref("100")}, Draw: &program.Draw{}}}
	})
	w.now = time.Date(2026, 4, 1, 0, 20, 0, 0, time.UTC)
	w.settle(20 * time.Minute)
	if diff := cmp.Diff(map[string]int64{lea: 10000, joe: 10000, sue: 10000}, w.payable("2026-04")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestWhatIsJoinedCounts: a deal counts by what stands in its lead, and follows when that changes, whether it counted before or not.
func TestWhatIsJoinedCounts(t *testing.T) {
	w := newWorld(t)
	w.member(joe, "")
	over, reads := withLeads()
	w.put("lead", "lead_1", map[string]any{"segment": "small"})
	for i := range 3 {
		w.put("deal", fmt.Sprint("deal_", i), map[string]any{"owner": joe, "value": 100, "status": "won", "won": "2026-03-05", "lead": "lead_1"})
	}
	w.publishOver(commission(func(d *program.Definition) {
		d.Components[0].Qualifiers = []program.Qualifier{{Name: "Large only", Formula: `row.segment == "large"`}}
	}), "2026-01-01", over, reads)
	w.settle(time.Minute)
	for i, segment := range []string{"small", "large", "small", "large"} {
		w.put("lead", "lead_1", map[string]any{"segment": segment})
		w.settle(time.Minute)
		if got, want := w.payable("2026-03")[joe], int64(3000*(i%2)); got != want {
			t.Errorf("%s: paid %d, want %d", segment, got, want)
		}
	}
}

// withLeads is the view of the tests with a column of the deal's lead, and what it reads besides.
func withLeads() (program.Resolved, program.Reads) {
	joined := deals()
	lead := view.Source{Connection: connection, Object: "lead"}
	joined.View.Joins = []view.Join{{Name: "lead", Link: "deal_lead"}}
	joined.View.Columns = append(joined.View.Columns, view.Column{Name: "segment", From: "lead", Field: "segment", Type: schema.Text})
	joined.Links = map[string]view.Link{"deal_lead": {From: view.End{Source: joined.View.Base, Field: "lead"}, To: view.End{Source: lead}, Cardinality: view.ToOne}}
	return joined, program.Reads{Connection: connection, Object: "lead", Joined: true}
}
