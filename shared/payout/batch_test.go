package payout_test

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"leadline/shared/approval"
	"leadline/shared/fault"
	"leadline/shared/payout"
)

func now() time.Time { return time.Date(2026, 3, 20, 12, 0, 0, 0, time.UTC) }

// in gives a batch in a state.
func in(state payout.State, work string) payout.Batch {
	b := payout.New(payout.Batch{ID: "pay_000000000001", Organization: "org", Payer: "pyr", Currency: "EUR", PayOn: "2026-03-20", Payments: 2, Net: 100}, "per_ann", now())
	b.State, b.Work = state, payout.Work{Kind: work, Run: work}
	if state == payout.Approved || state == payout.Released {
		b.Given = []approval.Given{{By: "per_bob"}}
	}
	if state == payout.Released || work == payout.WorkReleasing {
		b.ReleasedBy, b.ReleasedAt = "per_bob", now()
	}
	return b
}

// TestActs: each act in each state goes where it should, or is refused with what is so.
func TestActs(t *testing.T) {
	bob := approval.Actor{ID: "per_bob", Admin: true}
	filed := in(payout.Approved, payout.WorkReleasing)
	filed.FileHash = "hash"
	states := map[string]payout.Batch{"filed": filed, "collecting": in(payout.Collecting, payout.WorkCollecting), "submitted": in(payout.Submitted, ""), "approved": in(payout.Approved, ""),
		"releasing": in(payout.Approved, payout.WorkReleasing), "released": in(payout.Released, ""), "cancelling": in(payout.Cancelling, payout.WorkCancelling), "cancelled": in(payout.Cancelled, "")}
	for act, test := range map[string]struct {
		do   func(payout.Batch) (payout.Batch, error)
		goes map[string]payout.State
	}{
		"collected": {func(b payout.Batch) (payout.Batch, error) {
			return b.Collected(payout.Sums{Payments: 1, Net: 1}, now())
		}, map[string]payout.State{"collecting": payout.Submitted}},
		"approve": {func(b payout.Batch) (payout.Batch, error) {
			return b.Approve(approval.Policy{}, bob, "2026-03-20", now())
		},
			map[string]payout.State{"submitted": payout.Approved}},
		"reject": {func(b payout.Batch) (payout.Batch, error) {
			return b.Reject(approval.Policy{}, bob, "why", "2026-03-20", now())
		},
			map[string]payout.State{"submitted": payout.Cancelling, "approved": payout.Cancelling}},
		"cancel": {func(b payout.Batch) (payout.Batch, error) { return b.Cancel("why", now()) },
			map[string]payout.State{"collecting": payout.Collecting, "submitted": payout.Cancelling, "approved": payout.Cancelling, "releasing": payout.Cancelling}},
		"resume": {func(b payout.Batch) (payout.Batch, error) { return b.Resume(now()) },
			map[string]payout.State{"collecting": payout.Collecting, "releasing": payout.Approved, "filed": payout.Approved, "cancelling": payout.Cancelling}},
		"posted":    {func(b payout.Batch) (payout.Batch, error) { return b.ReleasedAll(now()) }, map[string]payout.State{"filed": payout.Released}},
		"release":   {func(b payout.Batch) (payout.Batch, error) { return b.Release(bob, now()) }, map[string]payout.State{"approved": payout.Approved}},
		"filed":     {func(b payout.Batch) (payout.Batch, error) { return b.Filed("hash", now()) }, map[string]payout.State{"releasing": payout.Approved, "filed": payout.Approved}},
		"unrelease": {func(b payout.Batch) (payout.Batch, error) { return b.Unreleased("why", now()) }, map[string]payout.State{"releasing": payout.Approved}},
		"cancelled": {func(b payout.Batch) (payout.Batch, error) { return b.CancelledAll(now()) }, map[string]payout.State{"cancelling": payout.Cancelled}},
	} {
		for name, before := range states {
			after, err := test.do(before)
			want, allowed := test.goes[name]
			switch {
			case allowed && (err != nil || after.State != want || after.Rev != before.Rev+1):
				t.Errorf("%s of a batch that is %s: %s, %v", act, name, after.State, err)
			case !allowed && (!fault.Is(err, fault.Conflict) || !strings.HasSuffix(fault.Of(err).Message, ".")):
				t.Errorf("%s of a batch that is %s is not refused: %v", act, name, err)
			}
		}
	}
}

func TestWhoReleases(t *testing.T) {
	own := in(payout.Approved, "")
	if _, err := own.Release(approval.Actor{ID: "per_ann"}, now()); err != nil {
		t.Errorf("what others approved: %v", err)
	}
	own.Given = nil
	if _, err := own.Release(approval.Actor{ID: "per_ann"}, now()); !fault.Is(err, fault.Forbidden) {
		t.Errorf("what nobody else approved: %v", err)
	}
	if _, err := in(payout.Submitted, "").Approve(approval.Policy{}, approval.Actor{ID: "per_ann", Admin: true}, "2026-03-20", now()); !fault.Is(err, fault.Forbidden) {
		t.Errorf("one's own batch: %v", err)
	}
	if _, err := in(payout.Submitted, "").Cancel(" ", now()); !fault.Is(err, fault.Invalid) {
		t.Errorf("without a reason: %v", err)
	}
}

func TestAReleaseIsNotAfterTheDayOfPayment(t *testing.T) {
	day := time.Date(2026, 3, 20, 0, 0, 0, 0, time.UTC)
	for at, late := range map[time.Time]bool{day: false, day.Add(24*time.Hour - 1): false, day.Add(24 * time.Hour): true,
		day.Add(time.Hour).In(time.FixedZone("west", -5*3600)): false, day.Add(23 * time.Hour).In(time.FixedZone("east", 5*3600)): false} {
		_, err := in(payout.Approved, "").Release(approval.Actor{ID: "per_bob"}, at)
		f := fault.Of(err)
		if late && (f == nil || f.Kind != fault.Conflict || f.Code != payout.CodePassed || !strings.Contains(f.Message, "2026-03-20") || !strings.Contains(f.Message, "Cancel")) || !late && err != nil {
			t.Errorf("released at %s: %v", at, err)
		}
	}
}

func TestACancelledReleaseIsNone(t *testing.T) {
	b, err := in(payout.Approved, payout.WorkReleasing).Cancel("why", now())
	if err != nil || b.ReleasedBy != "" || !b.ReleasedAt.IsZero() || b.Work.Kind != payout.WorkCancelling || b.Rejected != "why" {
		t.Errorf("%+v, %v", b, err)
	}
	stuck := in(payout.Approved, payout.WorkReleasing).Stuck("lost", now())
	if b, err = stuck.Resume(now()); err != nil || b.Work.Error != "" || b.Work.Kind != payout.WorkReleasing {
		t.Errorf("%+v, %v", b, err)
	}
}

func TestEndToEnd(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		id := rapid.OneOf(rapid.StringMatching(`mem_[0-9a-z]{12}`), rapid.String())
		batch := rapid.StringMatching(`pay_[0-9a-z]{12}`).Draw(t, "batch")
		a, b := id.Draw(t, "a"), id.Draw(t, "b")
		one, other := payout.EndToEnd(batch, a), payout.EndToEnd(batch, b)
		if (one == other) != (a == b) || len(one) > 35 || strings.Trim(one, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") != "" || one != payout.EndToEnd(batch, a) {
			t.Fatalf("%q is %q, %q is %q", a, one, b, other)
		}
		if got := payout.ParticipantOf(batch, one); got != "" && got != a {
			t.Fatalf("%q means %q, not %q", one, got, a)
		}
	})
}
