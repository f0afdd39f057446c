package settlement_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"leadline/shared/approval"
	"leadline/shared/calendar"
	"leadline/shared/fault"
	"leadline/shared/settlement"
)

func now() time.Time { return time.Date(2026, 12, 2, 9, 0, 0, 0, time.UTC) }

func november() calendar.Period {
	return calendar.Calendar{}.Of(calendar.Monthly, "2026-11-15")
}

const today = calendar.Date("2026-12-02")

func job(run string) settlement.Job {
	return settlement.Job{Run: run, By: "per_ann", At: now(), Of: 30, Parts: 2}
}

func totals() settlement.Totals {
	return settlement.Totals{Statements: 30, Payable: 1000_00, Adjusted: -50_00, Credited: 950_00}
}

// must gives what an act came to, which may not be refused.
func must(t *testing.T) func(settlement.Settlement, error) settlement.Settlement {
	return func(s settlement.Settlement, err error) settlement.Settlement {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
}

// inState gives a settlement at a state, or being worked at: "freezing", "failed" (to freeze), "posting".
func inState(t *testing.T, state string) settlement.Settlement {
	t.Helper()
	s := settlement.New("org_a", "prg_1", november(), "USD")
	step := func(next settlement.Settlement, err error) { s = must(t)(next, err) }
	if state == "open" {
		return s
	}
	if step(s.Begin(nil, "edn_1", today, job("run_1"))); state == "freezing" {
		return s
	}
	if state == "failed" {
		step(s.Fail("run_1", "broken", now()))
		return s
	}
	if step(s.Frozen("run_1", 2, totals(), now())); state == "calculated" {
		return s
	}
	if step(s.Submit("per_sue", now())); state == "submitted" {
		return s
	}
	if step(s.Approve(approval.Policy{}, admin("per_bea"), nil, today, now())); state == "approved" {
		return s
	}
	if step(s.Lock(totals(), job("run_2"))); state == "posting" {
		return s
	}
	if step(s.PostedAll("run_2", 2, 7, now())); state == "locked" {
		return s
	}
	step(s.MarkPaid(now()))
	return s
}

func admin(id string) approval.Actor { return approval.Actor{ID: id, Admin: true} }

type act struct {
	name string
	do   func(settlement.Settlement) (settlement.Settlement, error)
}

func acts() []act {
	return []act{
		{"begin", func(s settlement.Settlement) (settlement.Settlement, error) {
			return s.Begin(nil, "edn_2", today, job("run_9"))
		}},
		{"submit", func(s settlement.Settlement) (settlement.Settlement, error) { return s.Submit("per_sue", now()) }},
		{"approve", func(s settlement.Settlement) (settlement.Settlement, error) {
			return s.Approve(approval.Policy{}, admin("per_bea"), nil, today, now())
		}},
		{"reject", func(s settlement.Settlement) (settlement.Settlement, error) {
			return s.Reject(approval.Policy{}, admin("per_bea"), " not so ", today, now())
		}},
		{"reopen", func(s settlement.Settlement) (settlement.Settlement, error) { return s.Reopen(now()) }},
		{"lock", func(s settlement.Settlement) (settlement.Settlement, error) { return s.Lock(totals(), job("run_9")) }},
		{"pay", func(s settlement.Settlement) (settlement.Settlement, error) { return s.MarkPaid(now()) }},
	}
}

// TestEachActInEachState says what each act comes to in each state: the state after it, or the refusal.
func TestEachActInEachState(t *testing.T) {
	const (
		first     = "it has to be calculated first."
		working   = "The period 2026-11 is being calculated, and cannot be "
		posting   = "The period 2026-11 is being locked, and cannot be "
		next      = ": a later change is settled with the next period."
		wait      = ": wait until it is."
		final     = ": it never changes any more. A later change is settled with the next period."
		beingSaid = "The period 2026-11 is being locked since 2026-12-02T09:00:00Z: wait until it is."
	)
	for state, want := range map[string]map[string]string{
		"open": {"begin": "open", "submit": "The period 2026-11 is open, and cannot be submitted: " + first, "approve": "The period 2026-11 is open, and cannot be approved: " + first,
			"reject": "The period 2026-11 is open, and cannot be rejected: " + first, "reopen": "The period 2026-11 is open, and cannot be reopened: " + first,
			"lock": "The period 2026-11 is open, and cannot be locked: " + first, "pay": "The period 2026-11 is open, and cannot be paid: " + first},
		"freezing": {"begin": "The period 2026-11 is being calculated since 2026-12-02T09:00:00Z: wait until it is.", "submit": working + "submitted" + wait,
			"approve": working + "approved" + wait, "reject": working + "rejected" + wait, "reopen": working + "reopened" + wait, "lock": working + "locked" + wait, "pay": working + "paid" + wait},
		"failed": {"begin": "open", "submit": "The period 2026-11 is open, and cannot be submitted: " + first, "approve": "The period 2026-11 is open, and cannot be approved: " + first,
			"reject": "The period 2026-11 is open, and cannot be rejected: " + first, "reopen": "open",
			"lock": "The period 2026-11 is open, and cannot be locked: " + first, "pay": "The period 2026-11 is open, and cannot be paid: " + first},
		"calculated": {"begin": "open", "submit": "submitted", "approve": "The period 2026-11 is calculated, and cannot be approved: it has to be submitted first.",
			"reject": "The period 2026-11 is calculated, and cannot be rejected: it has to be submitted first.", "reopen": "open",
			"lock": "The period 2026-11 is calculated, and cannot be locked: it has to be submitted first.", "pay": "The period 2026-11 is calculated, and cannot be paid: it has to be submitted first."},
		"submitted": {"begin": "open", "submit": "The period 2026-11 is submitted already.", "approve": "approved", "reject": "calculated", "reopen": "open",
			"lock": "The period 2026-11 is submitted, and cannot be locked: it waits for approvals.", "pay": "The period 2026-11 is submitted, and cannot be paid: it waits for approvals."},
		"approved": {"begin": "open", "submit": "The period 2026-11 is approved, and cannot be submitted: it waits to be locked.", "approve": "The period 2026-11 is approved already.",
			"reject": "calculated", "reopen": "open", "lock": "approved", "pay": "The period 2026-11 is approved, and cannot be paid: it waits to be locked."},
		"posting": {"begin": posting + "calculated anew" + next, "submit": posting + "submitted" + next, "approve": posting + "approved" + next, "reject": posting + "rejected" + next,
			"reopen": posting + "reopened" + next, "lock": beingSaid, "pay": posting + "paid" + next},
		"locked": {"begin": "The period 2026-11 is locked, and cannot be calculated anew" + final, "submit": "The period 2026-11 is locked, and cannot be submitted" + final,
			"approve": "The period 2026-11 is locked, and cannot be approved" + final, "reject": "The period 2026-11 is locked, and cannot be rejected" + final,
			"reopen": "The period 2026-11 is locked, and cannot be reopened" + final, "lock": "The period 2026-11 is locked already.", "pay": "paid"},
		"paid": {"begin": "The period 2026-11 is paid, and cannot be calculated anew" + final, "submit": "The period 2026-11 is paid, and cannot be submitted" + final,
			"approve": "The period 2026-11 is paid, and cannot be approved" + final, "reject": "The period 2026-11 is paid, and cannot be rejected" + final,
			"reopen": "The period 2026-11 is paid, and cannot be reopened" + final, "lock": "The period 2026-11 is paid, and cannot be locked" + final, "pay": "The period 2026-11 is paid already."},
	} {
		for _, a := range acts() {
			t.Run(state+"/"+a.name, func(t *testing.T) {
				before := inState(t, state)
				after, err := a.do(before)
				if err != nil {
					if got := fault.Of(err).Message; got != want[a.name] || !fault.Is(err, fault.Conflict) {
						t.Errorf("got  %q\nwant %q", got, want[a.name])
					}
					if diff := cmp.Diff(before, after); diff != "" {
						t.Errorf("a refused act changed something: %s", diff)
					}
					return
				}
				if string(after.State) != want[a.name] {
					t.Errorf("is %s, want %s", after.State, want[a.name])
				}
				if after.Rev != before.Rev+1 || !after.UpdatedAt.Equal(now()) {
					t.Errorf("rev %d, of %s", after.Rev, after.UpdatedAt)
				}
				if diff := cmp.Diff(inState(t, state), before); diff != "" {
					t.Errorf("the act changed what it was given: %s", diff)
				}
			})
		}
	}
}

func refused(t *testing.T, err error, kind fault.Kind, code, message string) {
	t.Helper()
	if f := fault.Of(err); f == nil || f.Kind != kind || f.Code != code || f.Message != message {
		t.Errorf("got  %v\nwant %s: %s", err, code, message)
	}
}

func TestPeriodsGoInOrder(t *testing.T) {
	s := settlement.New("org_a", "prg_1", november(), "USD")
	for _, early := range []calendar.Date{"2026-11-01", "2026-11-30"} {
		_, err := s.Begin(nil, "edn_1", early, job("run_1"))
		refused(t, err, fault.Conflict, settlement.CodeNotOver, "The period 2026-11 is not over: it can be calculated from 2026-12-01 on.")
	}
	must(t)(s.Begin(nil, "edn_1", "2026-12-01", job("run_1")))
	for _, state := range []string{"open", "freezing", "calculated", "submitted", "approved", "posting", "locked", "paid"} {
		october := inState(t, state)
		october.Period.Name = "2026-10"
		_, err := s.Begin(&october, "edn_1", today, job("run_1"))
		if state == "locked" || state == "paid" {
			if err != nil {
				t.Errorf("after one that is %s: %v", state, err)
			}
			continue
		}
		refused(t, err, fault.Conflict, settlement.CodeOrder, "The period 2026-10 comes first: it is "+string(october.State)+", and has to be locked before 2026-11 is calculated.")
	}
}

func TestFrozenAnewDropsApprovals(t *testing.T) {
	s := inState(t, "approved")
	if len(s.Given) != 1 || s.Revision != 1 || s.SubmittedBy != "per_sue" {
		t.Fatalf("got %+v", s)
	}
	s = must(t)(s.Begin(nil, "edn_2", today, job("run_3")))
	if s.Revision != 2 || s.Given != nil || s.SubmittedBy != "" || s.Totals != (settlement.Totals{}) || s.Edition != "edn_2" || s.State != settlement.Open {
		t.Errorf("got %+v", s)
	}
	_, err := s.Frozen("run_1", 2, totals(), now())
	refused(t, err, fault.Conflict, settlement.CodeOtherRun, `The run "run_1" is not the one that goes on.`)
	_, err = s.Frozen("run_3", 1, totals(), now())
	refused(t, err, fault.Conflict, settlement.CodeUnfinished, `1 of the 2 parts of the run "run_3" are done.`)
	s = must(t)(s.Frozen("run_3", 2, totals(), now()))
	if s.State != settlement.Calculated || s.Totals != totals() || s.Work != (settlement.Work{}) {
		t.Errorf("got %+v", s)
	}
}

func TestWorkThatHangsIsBegunAnew(t *testing.T) {
	late := job("run_9")
	late.At = now().Add(settlement.WorkLapses)
	s := must(t)(inState(t, "freezing").Begin(nil, "edn_1", today, late))
	if s.Revision != 2 || s.Work.Run != "run_9" {
		t.Errorf("got %+v", s)
	}
	s = must(t)(inState(t, "posting").Lock(totals(), late))
	if s.Work.Run != "run_9" || s.Work.Kind != settlement.Posting || s.LockedBy != "per_ann" {
		t.Errorf("got %+v", s)
	}
	_, err := s.Fail("run_2", "x", now())
	refused(t, err, fault.Conflict, settlement.CodeOtherRun, `The run "run_2" is not the one that goes on.`)
	failed := must(t)(s.Fail("run_9", "the table is gone", now()))
	again := must(t)(failed.Lock(totals(), job("run_10")))
	if again.Work.Error != "" || again.Work.Run != "run_10" {
		t.Errorf("got %+v", again.Work)
	}
	if _, err := failed.Reopen(now()); err == nil {
		t.Error("what has begun to be posted was reopened")
	}
}

func TestRejectionsSayWhy(t *testing.T) {
	for _, reason := range []string{"", " \n"} {
		_, err := inState(t, "submitted").Reject(approval.Policy{}, admin("per_bea"), reason, today, now())
		refused(t, err, fault.Invalid, settlement.CodeReason, "Say why 2026-11 is rejected: whoever submitted it has to know what to change.")
	}
	_, err := inState(t, "submitted").Reject(approval.Policy{}, approval.Actor{ID: "per_pat"}, "no", today, now())
	refused(t, err, fault.Forbidden, approval.CodeNotApprover, "You are an approver of none of the levels, and none's delegate on 2026-12-02: ask one of them to refuse it.")
	s := must(t)(inState(t, "approved").Reject(approval.Policy{}, admin("per_bea"), " Deal 7 is missing. ", today, now()))
	if diff := cmp.Diff(&settlement.Rejection{By: "per_bea", At: now(), Reason: "Deal 7 is missing."}, s.Rejected); diff != "" || s.Given != nil {
		t.Errorf("got %+v", s)
	}
	anew := must(t)(s.Begin(nil, "edn_1", today, job("run_3")))
	if anew.Rejected == nil {
		t.Error("the refusal is forgotten before it is submitted again")
	}
	if s = must(t)(s.Submit("per_sue", now())); s.Rejected != nil {
		t.Error("the refusal is still there")
	}
}

func TestFourEyes(t *testing.T) {
	s := inState(t, "submitted")
	for _, who := range []string{"per_ann", "per_sue", "per_max"} { // who calculated, submitted, and added by hand
		_, err := s.Approve(approval.Policy{}, admin(who), []string{"per_max"}, today, now())
		refused(t, err, fault.Forbidden, approval.CodeFourEyes, "You had a hand in it: somebody else has to approve it.")
	}
	two := approval.Policy{Levels: []approval.Level{{Name: "First"}, {Name: "Second"}}}
	s = must(t)(s.Approve(two, admin("per_bea"), nil, today, now()))
	if s.State != settlement.Submitted || len(s.Given) != 1 {
		t.Fatalf("got %+v", s)
	}
	s.Given = slices.Grow(s.Given, 5)
	other := must(t)(s.Approve(two, admin("per_bob"), nil, today, now()))
	must(t)(s.Approve(two, admin("per_ben"), nil, today, now()))
	if other.Given[1].By != "per_bob" {
		t.Error("an approval was written over")
	}
	_, err := s.Approve(two, admin("per_bea"), nil, today, now())
	refused(t, err, fault.Forbidden, approval.CodeFourEyes, `You approved it on the level "First" already: the level "Second" takes another person.`)
	if s = must(t)(s.Approve(two, admin("per_bob"), nil, today, now())); s.State != settlement.Approved {
		t.Errorf("got %+v", s)
	}
}

// TestWhatCancelsOutIsApprovedToo looks at the total that limits of approvals are about.
func TestWhatCancelsOutIsApprovedToo(t *testing.T) {
	for _, test := range []struct {
		totals settlement.Totals
		want   int64
	}{
		{settlement.Totals{Payable: 100, Adjusted: -50, Credited: 50}, 100},
		{settlement.Totals{Payable: 100, Adjusted: 50, Credited: 150}, 150},
		{settlement.Totals{Payable: 100, Adjusted: -400, Credited: -300}, -400},
		{settlement.Totals{Manual: -7, Credited: -7}, -7},
		{settlement.Totals{Payable: 100, Credited: 100, Benefits: 9000}, 9000},
		{settlement.Totals{}, 0},
	} {
		s := settlement.Settlement{Totals: test.totals, Currency: "USD"}
		if got := s.Request(nil); got.Total != test.want || got.Currency != "USD" {
			t.Errorf("%+v: got %+v", test.totals, got)
		}
	}
}

// TestALockedPeriodNeverChanges tries all acts in any order: once a period is locked, nothing of it changes but that it is paid.
func TestALockedPeriodNeverChanges(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		s := inState(t, rapid.SampledFrom([]string{"open", "calculated", "approved", "posting"}).Draw(r, "from"))
		var locked *settlement.Settlement
		all := append(acts(),
			act{"frozen", func(s settlement.Settlement) (settlement.Settlement, error) {
				return s.Frozen(s.Work.Run, 2, totals(), now())
			}},
			act{"fail", func(s settlement.Settlement) (settlement.Settlement, error) {
				return s.Fail(s.Work.Run, "broken", now())
			}},
			act{"posted", func(s settlement.Settlement) (settlement.Settlement, error) {
				return s.PostedAll(s.Work.Run, 2, 7, now())
			}})
		for range 40 {
			a := rapid.SampledFrom(all).Draw(r, "act")
			next, err := a.do(s)
			if err != nil {
				continue
			}
			if s = next; locked == nil && s.State == settlement.Locked {
				locked = &next
			}
			if s.State == settlement.Approved && len(s.Given) == 0 {
				r.Fatalf("approved by nobody after %s: %+v", a.name, s)
			}
		}
		if locked == nil {
			return
		}
		after := s
		after.State, after.PaidAt, after.Rev = locked.State, locked.PaidAt, locked.Rev
		if diff := cmp.Diff(*locked, after); diff != "" || s.State != settlement.Locked && s.State != settlement.Paid {
			r.Fatalf("a locked period changed: %s", diff)
		}
	})
}

func TestOnlyWhatWasApprovedIsLocked(t *testing.T) {
	for _, change := range []func(*settlement.Totals){func(t *settlement.Totals) { t.Credited++ }, func(t *settlement.Totals) { t.Statements-- },
		func(t *settlement.Totals) { t.Points++ }, func(t *settlement.Totals) { t.Benefits++ }} {
		other := totals()
		change(&other)
		for _, state := range []string{"approved"} {
			_, err := inState(t, state).Lock(other, job("run_2"))
			if f := fault.Of(err); f == nil || f.Code != settlement.CodeTotals {
				t.Errorf("got %v", err)
			}
		}
	}
	other := totals()
	other.Credited = 1
	_, err := inState(t, "approved").Lock(other, job("run_2"))
	refused(t, err, fault.Conflict, settlement.CodeTotals,
		"The statements of 2026-11 are not those that were approved: they come to 1, and 95000 was approved, in minor units of USD. Have it calculated and approved anew.")
	s := inState(t, "locked")
	if s.Root != 7 || s.LockedBy != "per_ann" || !s.LockedAt.Equal(now()) || s.Work != (settlement.Work{}) {
		t.Errorf("got %+v", s)
	}
	_, err = inState(t, "posting").PostedAll("run_2", 1, 7, now())
	refused(t, err, fault.Conflict, settlement.CodeUnfinished, `1 of the 2 parts of the run "run_2" are done.`)
	_, err = inState(t, "locked").PostedAll("run_2", 2, 8, now())
	refused(t, err, fault.Conflict, settlement.CodeOtherRun, `The run "run_2" is not the one that goes on.`)
}
