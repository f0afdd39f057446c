package keeper_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"leadline/shared/calendar"
	"leadline/shared/incentive"
	"leadline/shared/incentive/keeper"
	"leadline/shared/program"
	"leadline/shared/record"
	"leadline/shared/roster"
	"leadline/shared/store"
)

// lose takes the messages of some kinds out of the queue.
func (w *world) lose(kinds ...keeper.Kind) (lost []keeper.Message) {
	w.t.Helper()
	w.queue = slices.DeleteFunc(w.queue, func(one waiting) bool {
		m, err := keeper.Decode(one.body)
		w.must(err)
		if slices.Contains(kinds, m.Kind) {
			lost = append(lost, m)
			return true
		}
		return false
	})
	return lost
}

func (w *world) run() incentive.Run {
	w.t.Helper()
	run, err := w.runs.EditionRun(w.t.Context(), organization, w.program().Live.ID)
	w.must(err)
	return run
}

// counting counts the writes of standings, by participant.
type counting struct {
	embedded
	mu    sync.Mutex
	saved map[string]int
}

func (c *counting) SaveStanding(ctx context.Context, s incentive.Standing) (bool, error) {
	c.mu.Lock()
	c.saved[s.Participant]++
	c.mu.Unlock()
	return c.embedded.SaveStanding(ctx, s)
}

func dealKey(id string) record.Key {
	return record.Key{Organization: organization, Connection: connection, Object: "deal", ID: id}
}

// TestAHeadIsReckonedOnceABatch: ten records of ten people with one head, in ten messages.
func TestAHeadIsReckonedOnceABatch(t *testing.T) {
	w := newWorld(t)
	w.member(lea, "")
	for i := range 10 {
		w.member(fmt.Sprintf("mem_joe00000000%d", i), lea)
	}
	w.publish(commission(nil), "2026-01-01")
	w.settle(time.Minute)
	w.lose(keeper.Tend)
	for i := range 10 {
		w.deal(fmt.Sprint("deal_", i), fmt.Sprintf("mem_joe00000000%d", i), 100, "won", "2026-03-05")
	}
	var batch []keeper.Message
	for _, one := range w.queue {
		m, err := keeper.Decode(one.body)
		w.must(err)
		batch = append(batch, m)
	}
	count := &counting{embedded: w.credits, saved: map[string]int{}}
	w.keeper.Credits = count
	for _, err := range w.keeper.Process(t.Context(), batch) {
		w.must(err)
	}
	if len(batch) != 10 || len(count.saved) != 11 || count.saved[lea] != 1 {
		t.Errorf("of %d messages, these were written: %v", len(batch), count.saved)
	}
}

// TestAnUnfinishedWriterIsOvertaken: somebody counted the generation up, and has not saved yet. What stands is as it should be, but
// is written again, so that the other one's result, of older input, is not.
func TestAnUnfinishedWriterIsOvertaken(t *testing.T) {
	w := team(t, nil)
	u := incentive.Unit{Organization: organization, Program: programID, Edition: w.program().Live.ID, Participant: joe, Period: "2026-03"}
	generation, err := w.credits.Touch(t.Context(), u)
	w.must(err)
	w.must(w.keeper.Outbox.Send(t.Context(), keeper.Message{Kind: keeper.Unit, Organization: organization, Program: programID, Edition: u.Edition, Participant: joe, Period: u.Period}, 0))
	w.settle(time.Second)
	saved, err := w.credits.SaveStanding(t.Context(), incentive.Standing{Unit: u, Generation: generation, Payable: 1})
	if err != nil || saved || w.payable("2026-03")[joe] != 14000 {
		t.Errorf("the older result was saved: %v, %v", saved, err)
	}
}

// TestWhoIsMergedIsPaidNothing: the deals are the other's then, and what was reckoned before does not stay.
func TestWhoIsMergedIsPaidNothing(t *testing.T) {
	w := team(t, nil)
	edition, err := w.roster.Edition(t.Context(), organization)
	w.must(err)
	m, err := w.roster.Member(t.Context(), organization, joe)
	w.must(err)
	m.MergedInto, m.Rev = sue, m.Rev+1
	w.must(w.roster.SaveMembers(t.Context(), organization, []roster.Member{m}, edition, nil))
	w.settle(20 * time.Minute)
	if got := w.payable("2026-03"); got[joe] != 0 || got[sue] != 14000 || got[lea] != 14000 {
		t.Errorf("got %v", got)
	}
}

// TestALostChainBeginsAgain: the message that looks after a program was set aside as dead.
func TestALostChainBeginsAgain(t *testing.T) {
	w := team(t, nil)
	if len(w.lose(keeper.Tend)) != 1 {
		t.Fatal("nobody looks after the program")
	}
	w.settle(20 * time.Minute)
	w.deal("deal_09", joe, 100, "won", "2026-03-05")
	w.settle(time.Minute)
	if len(w.lose(keeper.Tend)) != 1 {
		t.Error("nobody looks after the program any more")
	}
}

// meddling looks after the program while a run is about to be saved.
type meddling struct {
	store.Runs
	meddle func()
}

func (m *meddling) SaveRun(ctx context.Context, r incentive.Run) error {
	if do := m.meddle; do != nil && r.Refresh && r.Phase == incentive.Crediting {
		m.meddle = nil
		do()
	}
	return m.Runs.SaveRun(ctx, r)
}

// TestARunIsNotLostToWhoLooksAfterIt: both save the run, and one of them has to do it again.
func TestARunIsNotLostToWhoLooksAfterIt(t *testing.T) {
	w := team(t, nil)
	chain := w.lose(keeper.Tend)
	other := w.another()
	w.keeper.Runs = &meddling{w.runs, func() {
		for _, err := range other.Process(t.Context(), chain) {
			w.must(err)
		}
	}}
	w.must(w.keeper.Outbox.Start(t.Context(), w.program(), true))
	w.settle(time.Minute)
	if run := w.run(); run.Phase != incentive.Done || !run.Refresh {
		t.Errorf("the run has stopped: %+v", run)
	}
	if next := w.lose(keeper.Tend); len(next) != 1 || !next[0].At.Equal(w.run().TendAt) {
		t.Errorf("the chain has ended: %+v, noted %v", next, w.run().TendAt)
	}
}

// TestWhatCannotBeReckonedIsSaid: somebody earns more than an account holds. Others go on, the messages do not come again, and
// the run says so; another edition is not shown with that.
func TestWhatCannotBeReckonedIsSaid(t *testing.T) {
	w := team(t, nil)
	w.member("mem_max000000001", "")
	key := dealKey("deal_07")
	won := json.RawMessage(`"2026-03-05"`)
	_, err := w.records.PutNewer(t.Context(), record.Record{Key: key, Version: record.Version{Micros: w.now.UnixMicro()}, StoredAt: w.now, Fields: record.Fields{"owner": json.RawMessage(`"mem_max000000001"`),
		"value": json.RawMessage(`900000000000000000000000`), "status": json.RawMessage(`"won"`), "won": won}})
	w.must(err)
	w.must(w.keeper.Outbox.Changed(t.Context(), organization, []record.Key{key}))
	w.deal("deal_08", joe, 100, "won", "2026-03-05")
	w.settle(3 * time.Second)
	if got := w.payable("2026-03")[joe]; got != 16000 {
		t.Errorf("the others' messages went on to %d", got)
	}
	if run := w.run(); !strings.Contains(run.Error, "mem_max000000001") || run.Phase != incentive.Done {
		t.Errorf("the run says %+v", run)
	}
	before := w.program().Live.ID
	w.publish(commission(nil), "2026-01-01")
	w.settle(time.Minute)
	p := w.program()
	if p.Live.ID != before || p.Building == nil {
		t.Fatal("an edition is shown that lacks somebody")
	}
	run, err := w.runs.EditionRun(t.Context(), organization, p.Building.ID)
	if err != nil || run.Phase != incentive.Failed || !strings.Contains(run.Error, "mem_max000000001") {
		t.Errorf("the run says %+v, %v", run, err)
	}
}

// TestAProgramThatIsYetToBegin: deals that came before its first day are reckoned on it.
func TestAProgramThatIsYetToBegin(t *testing.T) {
	w := newWorld(t)
	w.member(joe, "")
	w.publish(commission(nil), "2026-04-01")
	w.settle(time.Minute)
	w.deal("deal_00", joe, 100, "won", "2026-04-02")
	w.settle(time.Minute)
	w.now = time.Date(2026, 3, 31, 23, 0, 0, 0, time.UTC) // 01:00 in the program's zone
	w.settle(20 * time.Minute)
	if got := w.payable("2026-04")[joe]; got != 1000 {
		t.Errorf("paid %d", got)
	}
}

// TestAProgramThatEnds has no standings of later periods.
func TestAProgramThatEnds(t *testing.T) {
	w := team(t, nil)
	w.lose(keeper.Tend)
	p := w.program()
	versions := slices.Clone(p.Live.Versions)
	versions[0].Span.Until = "2026-03-25"
	p.Live.Versions, p.Rev = versions, p.Rev+1
	p.Live.ID, p.Building = "", &program.Edition{ID: "edn_9999", Versions: versions, Reads: p.Live.Reads}
	p.Live = nil
	w.must(w.programs.UpdateProgram(t.Context(), p, nil, nil))
	w.must(w.keeper.Outbox.Start(t.Context(), p, false))
	w.settle(time.Minute)
	w.now = time.Date(2026, 5, 1, 9, 0, 0, 0, time.UTC)
	w.settle(20 * time.Minute)
	if len(w.payable("2026-03")) != 3 || len(w.payable("2026-04"))+len(w.payable("2026-05")) != 0 {
		t.Errorf("March %v, April %v, May %v", w.payable("2026-03"), w.payable("2026-04"), w.payable("2026-05"))
	}
}

// TestWhatIsArchivedIsKept, though a message that is to remove it comes.
func TestWhatIsArchivedIsKept(t *testing.T) {
	w := team(t, nil)
	p := w.program()
	p.Archived, p.Rev = true, p.Rev+1
	w.must(w.programs.UpdateProgram(t.Context(), p, nil, nil))
	w.must(w.keeper.Outbox.Send(t.Context(), keeper.Message{Kind: keeper.Drop, Organization: organization, Program: programID, Edition: p.Live.ID}, 0))
	w.settle(time.Minute)
	if got := w.payable("2026-03"); got[joe] != 14000 {
		t.Errorf("there is left %v", got)
	}
	if _, err := w.keeper.Estimate(t.Context(), p, joe, []keeper.Deal{{Component: "deals", Value: num("1"), Date: "2026-03-25"}}); err == nil {
		t.Error("an archived program earns something")
	}
}

// TestAVersionChangesWhoTakesPartFromItsDay: who is left out of the next version keeps what the one before gave.
func TestAVersionChangesWhoTakesPartFromItsDay(t *testing.T) {
	guarantee := func(but string) program.Definition {
		return commission(func(d *program.Definition) {
			d.Participants.Except = []string{but}
			d.Limits = []program.Limit{{Kind: program.LimitDraw, Size: program.Size{Amount: ref("100")}, Draw: &program.Draw{}}}
		})
	}
	w := newWorld(t)
	w.member(joe, "")
	w.publish(guarantee(""), "2026-01-01")
	w.settle(time.Minute)
	w.publish(guarantee(joe), "2026-03-01")
	w.settle(time.Minute)
	if jan, march := w.payable("2026-01")[joe], w.payable("2026-03")[joe]; jan != 10000 || march != 0 {
		t.Errorf("paid %d in January, %d in March", jan, march)
	}
}

// TestWhatIsOutOfTime: a part is not done before all of it is, and a preview says that it takes too long.
func TestWhatIsOutOfTime(t *testing.T) {
	w := team(t, nil)
	w.must(w.keeper.Outbox.Start(t.Context(), w.program(), true))
	for _, err := range w.keeper.Process(t.Context(), w.lose(keeper.Refresh)) {
		w.must(err)
	}
	parts := w.lose(keeper.Part)
	if len(parts) == 0 {
		t.Fatal("no part was given away")
	}
	p := w.program()
	v, err := w.keeper.AskPreview(t.Context(), p, "pre_1", keeper.PreviewRequest{Versions: []program.Version{w.version(1)}, Reads: p.Live.Reads})
	w.must(err)
	short, cancel := context.WithDeadline(t.Context(), time.Now().Add(5*time.Second))
	defer cancel()
	part := parts[0]
	part.Records, part.Participants = nil, []string{joe, sue}
	for _, err := range w.keeper.Process(short, append(w.lose(keeper.Try), part)) {
		w.must(err)
	}
	done, err := w.runs.Parts(t.Context(), organization, p.Live.ID, part.Run)
	if again := w.lose(keeper.Part); err != nil || done.Number != 0 || len(again) != 1 || len(again[0].Participants) != 2 || again[0].Part != part.Part {
		t.Errorf("%d parts are done, %v; what goes on is %+v", done.Number, err, again)
	}
	v, err = w.keeper.LoadPreview(t.Context(), p, v.ID)
	if err != nil || v.Status != keeper.PreviewFailed || v.Error == "" {
		t.Errorf("the preview is %+v, %v", v, err)
	}
}

// TestWhatCannotBeEstimated says why.
func TestWhatCannotBeEstimated(t *testing.T) {
	w := team(t, func(d *program.Definition) {
		d.Limits = []program.Limit{{Kind: program.LimitDraw, Size: program.Size{Amount: ref("200")}, Draw: &program.Draw{Recoverable: true}}}
	})
	deal := func(on calendar.Date) []keeper.Deal {
		return []keeper.Deal{{Component: "deals", Value: num("10000"), Date: on}}
	}
	for name, ask := range map[string]struct {
		who string
		on  calendar.Date
	}{"nobody": {"mem_nobody000001", "2026-03-25"}, "before the program": {joe, "2025-12-31"}, "decades ahead": {joe, "2056-12-31"}} {
		if _, err := w.keeper.Estimate(t.Context(), w.program(), ask.who, deal(ask.on)); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if _, err := w.keeper.Board(t.Context(), w.program(), "2025-12"); err == nil {
		t.Error("a board from before the program")
	}
	// Ahead, what the months until then leave is reckoned: draws of January to April are owed by May.
	e, err := w.keeper.Estimate(t.Context(), w.program(), sue, deal("2026-05-10"))
	if w.must(err); len(e.Before.After.Owed) == 0 || e.After.Payable >= 190000 {
		t.Errorf("got %d, owing %+v", e.After.Payable, e.Before.After.Owed)
	}
}

// spoilt panics at one record.
type spoilt struct{ store.Records }

func (s spoilt) Get(ctx context.Context, key record.Key) (record.Record, error) {
	if key.ID == "deal_spoilt" {
		panic("what the record says")
	}
	return s.Records.Get(ctx, key)
}

// TestAPanicEndsNothingElse: only its own message comes again, and it tells nothing that a record says.
func TestAPanicEndsNothingElse(t *testing.T) {
	w := team(t, nil)
	w.keeper.Records = spoilt{w.records}
	w.deal("deal_08", joe, 100, "won", "2026-03-05")
	changed := keeper.Message{Kind: keeper.Changed, Organization: organization}
	bad, good := changed, changed
	bad.Records, good.Records = []record.Key{dealKey("deal_spoilt")}, []record.Key{dealKey("deal_08")}
	errs := w.keeper.Process(t.Context(), []keeper.Message{bad, good})
	if errs[0] == nil || strings.Contains(errs[0].Error(), "what the record says") || errs[1] != nil || w.payable("2026-03")[joe] != 16000 {
		t.Errorf("got %v; paid %v", errs, w.payable("2026-03"))
	}
}

// moving changes a lead right after it was read for the first time.
type moving struct {
	store.Records
	move func()
}

func (m *moving) Get(ctx context.Context, key record.Key) (record.Record, error) {
	r, err := m.Records.Get(ctx, key)
	if do := m.move; do != nil && key.Object == "lead" {
		m.move = nil
		do()
	}
	return r, err
}

// TestALeadThatChangesWhileItIsJoined: whoever hears of its change does not find yet that a deal is joined to it.
func TestALeadThatChangesWhileItIsJoined(t *testing.T) {
	w := newWorld(t)
	w.member(joe, "")
	over, reads := withLeads()
	w.put("lead", "lead_1", map[string]any{"segment": "small"})
	w.publishOver(commission(func(d *program.Definition) {
		d.Components[0].Qualifiers = []program.Qualifier{{Name: "Large only", Formula: `row.segment == "large"`}}
	}), "2026-01-01", over, reads)
	w.settle(time.Minute)
	w.put("deal", "deal_0", map[string]any{"owner": joe, "value": 100, "status": "won", "won": "2026-03-05", "lead": "lead_1"})
	other := w.another()
	w.keeper.Records = &moving{w.records, func() {
		queued := len(w.queue)
		w.put("lead", "lead_1", map[string]any{"segment": "large"})
		m, err := keeper.Decode(w.queue[queued].body)
		w.must(err)
		w.queue = w.queue[:queued]
		w.must(other.Process(t.Context(), []keeper.Message{m})[0])
	}}
	w.settle(2 * time.Second)
	if got := w.payable("2026-03")[joe]; got != 1000 {
		t.Errorf("paid %d by a lead that has changed", got)
	}
}
