package dispute_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"leadline/shared/approval"
	"leadline/shared/dispute"
	"leadline/shared/fault"
	"leadline/shared/incentive"
	"leadline/shared/settlement"
)

func noon() time.Time { return time.Date(2026, 12, 2, 12, 0, 0, 0, time.UTC) }

func joe() approval.Actor { return approval.Actor{ID: "per_joe"} }
func ann() approval.Actor { return approval.Actor{ID: "per_ann", Admin: true} }

// begun is a dispute of Joe's.
func begun(t *testing.T) dispute.Dispute {
	t.Helper()
	d, err := dispute.Begin(dispute.Dispute{ID: "dsp_4f0c9a2b1x7z", Organization: "org_a", Program: "prg_a", Period: "2026-10", Participant: "mem_joe", Line: dispute.Line{Of: dispute.Whole},
		State: dispute.Resolved, Rev: 7}, joe(), "  A deal is missing. ", dispute.Setting{}, noon())
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestBegin(t *testing.T) {
	d := begun(t)
	want := dispute.Dispute{ID: "dsp_4f0c9a2b1x7z", Organization: "org_a", Program: "prg_a", Period: "2026-10", Participant: "mem_joe", Line: dispute.Line{Of: dispute.Whole}, State: dispute.Open,
		OpenedBy: "per_joe", OpenedAt: noon(), Deadline: noon().AddDate(0, 0, 14), Messages: []dispute.Message{{By: "per_joe", At: noon(), Text: "A deal is missing."}}, UpdatedAt: noon(), Rev: 1}
	if diff := cmp.Diff(want, d); diff != "" {
		t.Error(diff)
	}
	if d.Overdue(d.Deadline) || !d.Overdue(d.Deadline.Add(1)) {
		t.Error("it is overdue at another time than behind its deadline")
	}
	d, err := dispute.Begin(d, joe(), "x", dispute.Setting{Days: 3}, noon())
	if err != nil || !d.Deadline.Equal(noon().AddDate(0, 0, 3)) {
		t.Errorf("deadline %v, %v", d.Deadline, err)
	}
}

// TestActs goes from each state by each act.
func TestActs(t *testing.T) {
	later := noon().Add(time.Hour)
	money := dispute.Resolution{Kind: settlement.ByHandMoney, Amount: 500, Reason: "Yours.", Period: "2026-11"}
	acts := map[string]func(dispute.Dispute) (dispute.Dispute, error){
		"answer":   func(d dispute.Dispute) (dispute.Dispute, error) { return d.Answer(ann(), false, "Which?", later) },
		"reply":    func(d dispute.Dispute) (dispute.Dispute, error) { return d.Reply(joe(), false, "That.", later) },
		"resolve":  func(d dispute.Dispute) (dispute.Dispute, error) { return d.Resolve(ann(), false, money, later) },
		"reject":   func(d dispute.Dispute) (dispute.Dispute, error) { return d.Reject(ann(), false, "No.", later) },
		"withdraw": func(d dispute.Dispute) (dispute.Dispute, error) { return d.Withdraw(joe(), later) },
	}
	open := begun(t)
	states := map[dispute.State]dispute.Dispute{dispute.Open: open}
	for act, state := range map[string]dispute.State{"answer": dispute.Answered, "resolve": dispute.Resolved, "reject": dispute.Rejected, "withdraw": dispute.Withdrawn} {
		d, err := acts[act](open)
		if err != nil || d.State != state || d.Rev != 2 || !d.UpdatedAt.Equal(later) || d.State.Ended() == d.EndedAt.IsZero() {
			t.Fatalf("%s: %+v, %v", act, d, err)
		}
		states[state] = d
	}
	if len(open.Messages) != 1 || open.State != dispute.Open {
		t.Errorf("an act changed what it was done to: %+v", open)
	}
	const ended = "The dispute is %s already: open another if there is more to say."
	for state, d := range states {
		for act, do := range acts {
			next, err := do(d)
			again := act == "withdraw" && state == dispute.Withdrawn || act == "resolve" && state == dispute.Resolved
			switch {
			case again:
				if err != nil || next.Rev != d.Rev {
					t.Errorf("%s again: %v, rev %d", act, err, next.Rev)
				}
			case state.Ended():
				refused(t, string(state)+", "+act, err, fault.Conflict, dispute.CodeEnded, strings.ReplaceAll(ended, "%s", string(state)))
			case err != nil:
				t.Errorf("%s, %s: %v", state, act, err)
			}
		}
	}
	if replied, err := acts["reply"](states[dispute.Answered]); err != nil || replied.State != dispute.Open || len(replied.Messages) != 3 {
		t.Errorf("replied: %+v, %v", replied, err)
	}
	other := money
	other.Amount = 501
	_, err := states[dispute.Resolved].Resolve(ann(), false, other, later)
	refused(t, "resolved otherwise", err, fault.Conflict, dispute.CodeEnded, strings.ReplaceAll(ended, "%s", "resolved"))
	for state, d := range states {
		m, made := d.Manual()
		if made != (state == dispute.Resolved) {
			t.Errorf("%s has an adjustment: %t", state, made)
		}
		if made && (m.ID != "adj_4f0c9a2b1x7z" || m.Dispute != d.ID || m.By != "per_ann" || m.Amount != 500 || m.Period != "2026-11" || m.Reason != "Yours." || m.State != settlement.ManualPending || m.Rev != 1) {
			t.Errorf("the adjustment is %+v", m)
		}
	}
}

func refused(t *testing.T, what string, err error, kind fault.Kind, code, message string) {
	t.Helper()
	if f := fault.Of(err); f == nil || f.Kind != kind || f.Code != code || f.Message != message {
		t.Errorf("%s: %v, want %s: %s", what, err, code, message)
	}
}

func TestRefusals(t *testing.T) {
	d := begun(t)
	admin := joe()
	admin.Admin = true
	full := d
	full.Messages = []dispute.Message{{Text: strings.Repeat("x", 200_000)}}
	long := strings.Repeat("ü", 4001)
	money := dispute.Resolution{Kind: settlement.ByHandMoney, Amount: 500, Reason: "Yours."}
	nothing, benefit, silent := money, money, money
	nothing.Amount, benefit.Kind, benefit.Amount, silent.Reason = 0, settlement.ByHandBenefit, -1, " "
	err := func(_ dispute.Dispute, err error) error { return err }
	for _, c := range []struct {
		name    string
		err     error
		kind    fault.Kind
		code    string
		message string
	}{
		{"nothing said", err(dispute.Begin(d, joe(), " ", dispute.Setting{}, noon())), fault.Invalid, dispute.CodeText, "Say in text what is wrong with it."},
		{"too much said", err(dispute.Begin(d, joe(), long, dispute.Setting{}, noon())), fault.Invalid, dispute.CodeText, "text has 4001 characters, and may have 4000."},
		{"answered by somebody", err(d.Answer(joe(), false, "x", noon())), fault.Forbidden, dispute.CodeNoAdmin, "An admin answers a dispute."},
		{"answered by who opened it", err(d.Answer(admin, false, "x", noon())), fault.Forbidden, dispute.CodeFourEyes, "You opened this dispute: another admin answers it. You may withdraw it."},
		{"answered with nothing", err(d.Answer(ann(), false, "", noon())), fault.Invalid, dispute.CodeText, "Say in text what you have to say."},
		{"answered when full", err(full.Answer(ann(), false, "x", noon())), fault.Conflict, dispute.CodeFull, "The dispute holds as much text as it may: resolve or reject it, and open another if need be."},
		{"replied by another", err(d.Reply(ann(), false, "x", noon())), fault.Forbidden, dispute.CodeNotYours, "Whoever opened a dispute replies, or whose statement it is; admins answer."},
		{"resolved by who opened it", err(d.Resolve(admin, false, money, noon())), fault.Forbidden, dispute.CodeFourEyes, "You opened this dispute: another admin resolves it. You may withdraw it."},
		{"resolved for oneself", err(d.Resolve(ann(), true, money, noon())), fault.Forbidden, dispute.CodeFourEyes, "This dispute is about your own statement: another admin resolves it."},
		{"resolved by nothing", err(d.Resolve(ann(), false, nothing, noon())), fault.Invalid, dispute.CodeAmount, "amount is 0, which adjusts nothing: reject the dispute with a reason instead."},
		{"resolved by less than nothing in kind", err(d.Resolve(ann(), false, benefit, noon())), fault.Invalid, dispute.CodeAmount, "A benefit in kind has a value above 0."},
		{"resolved without a reason", err(d.Resolve(ann(), false, silent, noon())), fault.Invalid, dispute.CodeText, "Say in reason why it is adjusted: it is shown on the statement."},
		{"rejected by somebody", err(d.Reject(joe(), true, "x", noon())), fault.Forbidden, dispute.CodeNoAdmin, "An admin rejects a dispute."},
		{"rejected without a reason", err(d.Reject(ann(), false, "", noon())), fault.Invalid, dispute.CodeText, "Say in reason why the statement is right: who opened the dispute reads it."},
		{"withdrawn by another", err(d.Withdraw(ann(), noon())), fault.Forbidden, dispute.CodeNotYours, "Whoever opened a dispute withdraws it; admins reject it with a reason."},
		{"no days", dispute.Setting{}.Check(), fault.Invalid, dispute.CodeDays, "days is 0: disputes are to end within 1 to 365 days."},
		{"too many days", dispute.Setting{Days: 366}.Check(), fault.Invalid, dispute.CodeDays, "days is 366: disputes are to end within 1 to 365 days."},
	} {
		refused(t, c.name, c.err, c.kind, c.code, c.message)
	}
	if err := (dispute.Setting{Days: 365}).Check(); err != nil {
		t.Error(err)
	}
	if _, err := d.Reply(approval.Actor{ID: "per_owner"}, true, "It is mine.", noon()); err != nil {
		t.Errorf("whose statement it is may not reply: %v", err)
	}
}

func TestErase(t *testing.T) {
	d, err := begun(t).Reject(ann(), false, "No, Joe.", noon())
	if err != nil {
		t.Fatal(err)
	}
	gone := d.Erase(noon())
	if !gone.Erased || gone.Messages[0].Text != "" || gone.Resolution.Reason != "" || gone.State != dispute.Rejected || gone.Rev != d.Rev+1 {
		t.Errorf("erased: %+v", gone)
	}
	if d.Messages[0].Text == "" || d.Resolution.Reason == "" {
		t.Error("what was erased is gone from where it was taken from")
	}
}

// frozen is a statement with a line of each part.
func frozen() (*settlement.Document, *settlement.Reckoned) {
	r := &settlement.Reckoned{}
	r.Input.Credits = []incentive.Credit{{ID: "crd_a"}, {ID: "crd_b"}, {ID: "crd_c"}}
	r.Result = incentive.Result{
		Components: []incentive.Outcome{{Component: "sales", Version: 1, Amount: 30, Lines: []incentive.Line{{Credit: "crd_a", Amount: 10}, {Credit: "crd_b", Amount: 20}}},
			{Component: "sales", Version: 2, Amount: 5, Lines: []incentive.Line{{Credit: "crd_a", Amount: 5}}}, {Component: "spiff"}},
		Limits: []incentive.Limited{{Step: 2, Lines: []incentive.Line{{Amount: -3}}}},
		Holds:  []incentive.Line{{Credit: "crd_b", Amount: -2}},
	}
	r.Standing = incentive.Standing{Payable: 40, Prizes: []incentive.Prize{{Rank: 1, Amount: 10}}}
	d := &settlement.Document{Credited: 47,
		Adjustments: []settlement.Adjustment{{Period: "2026-09", Component: "sales", Credit: "crd_c", Amount: -4}, {Period: "2026-09", Component: "sales", Credit: "crd_c", Amount: 9, Points: true},
			{Period: "2026-08", Component: "spiff", Amount: 1}},
		Manual: []settlement.Manual{{ID: "adj_a", Amount: 10, Kind: settlement.ByHandMoney}, {ID: "adj_p", Amount: 7, Kind: settlement.ByHandPoints}}}
	return d, r
}

func TestFind(t *testing.T) {
	d, r := frozen()
	for name, c := range map[string]struct {
		line    dispute.Line
		amount  int64
		points  bool
		lines   int
		credits int
	}{
		"the whole":              {dispute.Line{Of: dispute.Whole}, 47, false, 0, 0},
		"a component":            {dispute.Line{Of: dispute.Component, Component: "sales"}, 35, false, 3, 2},
		"a deal in a component":  {dispute.Line{Of: dispute.Component, Component: "sales", Credit: "crd_a"}, 15, false, 2, 1},
		"one that pays nothing":  {dispute.Line{Of: dispute.Component, Component: "spiff"}, 0, false, 0, 0},
		"a limit":                {dispute.Line{Of: dispute.Limit, Limit: 2}, -3, false, 1, 0},
		"a hold":                 {dispute.Line{Of: dispute.Hold, Credit: "crd_b"}, -2, false, 1, 1},
		"the prizes":             {dispute.Line{Of: dispute.Prize}, 10, false, 0, 0},
		"adjustments of a month": {dispute.Line{Of: dispute.Adjustment, Period: "2026-09"}, -4, false, 0, 1},
		"one adjustment":         {dispute.Line{Of: dispute.Adjustment, Period: "2026-08", Component: "spiff"}, 1, false, 0, 0},
		"one by hand":            {dispute.Line{Of: dispute.ByHand, Adjustment: "adj_p"}, 7, true, 0, 0},
	} {
		f, err := c.line.Find(d, r)
		if err != nil || f.Amount != c.amount || f.Points != c.points || len(f.Lines) != c.lines || len(f.Credits) != c.credits {
			t.Errorf("%s: %+v, %v", name, f, err)
		}
	}
	if f, err := (dispute.Line{Of: dispute.Whole}).Find(nil, r); err != nil || f.Amount != 40 {
		t.Errorf("the whole of an open period: %+v, %v", f, err)
	}
	if f, err := (dispute.Line{Of: dispute.Whole}).Find(d, nil); err != nil || f.Amount != 47 {
		t.Errorf("the whole of one without anything reckoned: %+v, %v", f, err)
	}
	for _, l := range []dispute.Line{{}, {Of: "other"}, {Of: dispute.Component, Component: "x"}, {Of: dispute.Component, Component: "sales", Credit: "crd_c"}, {Of: dispute.Limit}, {Of: dispute.Limit, Limit: 2, Credit: "crd_a"},
		{Of: dispute.Hold, Credit: "crd_a"}, {Of: dispute.Adjustment, Period: "2026-01"}, {Of: dispute.ByHand, Adjustment: "adj_x"}} {
		if _, err := l.Find(d, r); fault.Of(err) == nil || fault.Of(err).Code != dispute.CodeLine {
			t.Errorf("%+v: %v", l, err)
		}
		if _, err := l.Find(nil, nil); fault.Of(err) == nil || fault.Of(err).Code != dispute.CodeLine {
			t.Errorf("%+v of nothing: %v", l, err)
		}
	}
	_, err := dispute.Line{Of: dispute.Component, Component: "sales", Credit: "crd_c"}.Find(d, r)
	refused(t, "no line", err, fault.Invalid, dispute.CodeLine, "The statement has no such line: of component, component sales, credit crd_c. Take of, component, credit, limit, period or adjustment from the statement.")
}
