package storetest

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"leadline/shared/dispute"
	"leadline/shared/fault"
	"leadline/shared/settlement"
	"leadline/shared/store"
)

func disputeTests() []test {
	return append(disputes().tests(), []test{
		{"the disputes of one are listed apart", disputesOfOne},
		{"a dispute keeps when it was opened, and whose it is", func(t *testing.T, s Stores) {
			d := newDispute("org_a", "dsp_a")
			ok(t, s.Disputes.SaveDispute(ctx(t), d, nil))
			moved, others := changedDispute(d), changedDispute(d)
			moved.OpenedAt = moved.OpenedAt.Add(time.Nanosecond)
			others.Participant = "mem_b"
			for _, no := range []dispute.Dispute{moved, others} {
				is(t, s.Disputes.SaveDispute(ctx(t), no, nil), fault.Conflict, store.CodeStale)
			}
			disputes().stands(t, s, "org_a", d)
			same(t, all(t, 10, disputesOf(t, s, "org_a", "mem_b")), nil)
		}},
		{"a setting is replaced, and is the default before", disputeSetting},
	}...)
}

func newDispute(organization, id string) dispute.Dispute {
	return dispute.Dispute{ID: id, Organization: organization, Program: "prg_a", Period: "2026-10", Participant: "mem_a",
		Line: dispute.Line{Of: dispute.Component, Component: "sales", Credit: "crd_a"}, State: dispute.Open, OpenedBy: "per_a", OpenedAt: base(), Deadline: base().AddDate(0, 0, 14),
		Evidence: dispute.Evidence{Document: "d", Revision: 2, Final: true, Reckoned: "r", InputHash: "i", ResultHash: "s", Amount: -5, Currency: "EUR"},
		Messages: []dispute.Message{{By: "per_a", At: base(), Text: "This <deal> is mine."}}, UpdatedAt: base(), Rev: 1}
}

func changedDispute(d dispute.Dispute) dispute.Dispute {
	later := base().Add(time.Hour)
	d.State, d.EndedAt, d.UpdatedAt = dispute.Resolved, later, later
	d.Messages = append(slices.Clone(d.Messages), dispute.Message{By: "per_b", At: later, Text: "So it is."})
	d.Resolution = &dispute.Resolution{By: "per_b", At: later, Reason: "Yours", Adjustment: "adj_a", Kind: settlement.ByHandMoney, Amount: 7, Period: "2026-11"}
	d.Rev++
	return d
}

func disputes() resource[dispute.Dispute] {
	return resource[dispute.Dispute]{
		make: newDispute, changed: changedDispute,
		inRev: func(d dispute.Dispute, by int64) dispute.Dispute { d.Rev += by; return d },
		id:    func(d dispute.Dispute) string { return d.ID },
		order: func(a, b dispute.Dispute) int {
			return cmp.Or(b.OpenedAt.Compare(a.OpenedAt), cmp.Compare(b.ID, a.ID))
		},
		create: func(ctx context.Context, s Stores, d dispute.Dispute, r *store.Receipt) error {
			return asTaken(s.Disputes.SaveDispute(ctx, d, r), d.Rev)
		},
		update: func(ctx context.Context, s Stores, d dispute.Dispute, r *store.Receipt) error {
			return s.Disputes.SaveDispute(ctx, d, r)
		},
		get: func(ctx context.Context, s Stores, organization, id string) (dispute.Dispute, error) {
			return s.Disputes.Dispute(ctx, organization, id)
		},
		list: func(ctx context.Context, s Stores, organization string, p store.Page) ([]dispute.Dispute, string, error) {
			return s.Disputes.Disputes(ctx, organization, p)
		},
	}
}

func disputesOf(t *testing.T, s Stores, organization, participant string) func(store.Page) ([]dispute.Dispute, string, error) {
	return func(p store.Page) ([]dispute.Dispute, string, error) {
		return s.Disputes.DisputesOf(ctx(t), organization, participant, p)
	}
}

func disputesOfOne(t *testing.T, s Stores) {
	var want, others []dispute.Dispute
	for n := range 12 {
		d := newDispute("org_a", fmt.Sprint("dsp_", n))
		d.OpenedAt = base().Add(time.Duration(n/3) * time.Second)
		if n%2 == 0 {
			d.Participant = "team:ü#b"
			others = append(others, d)
		} else {
			want = append(want, d)
		}
		ok(t, s.Disputes.SaveDispute(ctx(t), d, nil))
		b := d
		b.Organization = "org_b"
		ok(t, s.Disputes.SaveDispute(ctx(t), b, nil))
	}
	slices.SortFunc(want, disputes().order)
	slices.SortFunc(others, disputes().order)
	pages(t, want, disputesOf(t, s, "org_a", "mem_a"))
	same(t, all(t, 4, disputesOf(t, s, "org_a", "team:ü#b")), others)
	same(t, all(t, 4, disputesOf(t, s, "org_a", "mem_c")), nil)
	refuses(t, disputesOf(t, s, "org_a", "mem_a"), next(disputesOf(t, s, "org_a", "team:ü#b")), next(disputesOf(t, s, "org_b", "mem_a")))
	ok(t, s.Disputes.SaveDispute(ctx(t), changedDispute(want[0]), nil))
	want[0] = changedDispute(want[0])
	same(t, all(t, 5, disputesOf(t, s, "org_a", "mem_a")), want)

	ended, end := context.WithCancel(ctx(t))
	end()
	_, _, err := s.Disputes.DisputesOf(ended, "org_a", "mem_a", store.Page{Limit: 1})
	is(t, err, fault.Unavailable, "")
}

func disputeSetting(t *testing.T, s Stores) {
	got, err := s.Disputes.DisputeSetting(ctx(t), "org_a")
	ok(t, err)
	same(t, got, dispute.Setting{Organization: "org_a", Days: dispute.DefaultDays})
	first := dispute.Setting{Organization: "org_a", Days: 3, UpdatedAt: base(), Rev: 1}
	ok(t, s.Disputes.SaveDisputeSetting(ctx(t), first))
	second := dispute.Setting{Organization: "org_a", Days: 30, UpdatedAt: base().Add(time.Hour), Rev: 2}
	is(t, s.Disputes.SaveDisputeSetting(ctx(t), dispute.Setting{Organization: "org_a", Days: 9, UpdatedAt: base(), Rev: 1}), fault.Conflict, store.CodeStale)
	ok(t, s.Disputes.SaveDisputeSetting(ctx(t), second))
	is(t, s.Disputes.SaveDisputeSetting(ctx(t), dispute.Setting{Organization: "org_a", Days: 9, UpdatedAt: base(), Rev: 4}), fault.Conflict, store.CodeStale)
	got, err = s.Disputes.DisputeSetting(ctx(t), "org_a")
	ok(t, err)
	same(t, got, second)
	got, err = s.Disputes.DisputeSetting(ctx(t), "org_b")
	ok(t, err)
	same(t, got.Rev, int64(0))
}
