package main

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"syscall"
	"time"

	"leadline/shared/approval"
	books "leadline/shared/ledger"
	"leadline/shared/payout"
	"leadline/shared/payout/bankfile"
	"leadline/shared/program"
	"leadline/shared/settlement"
	"leadline/shared/store"
)

// paydayStep is one of what is done, and what it took.
type paydayStep struct {
	name string
	do   func(context.Context, *payday) error
	// rows is how many rows it posts for each participant.
	rows int
	cpu  time.Duration
	// What follows is counted, by participant.
	calls, writes, reads, sent, objects float64
	used                                usage
}

// paydaySteps lists the steps in their order.
func paydaySteps() []*paydayStep {
	return []*paydayStep{
		{name: "freeze statements", do: freezePayday},
		{name: "lock: post to the ledger, seal", do: lockPayday, rows: 1},
		{name: "collect, with tax", do: collectPayday, rows: 1},
		{name: "release, with the file", do: releasePayday, rows: 1},
	}
}

const paydayBatch = "pay_4f0c9a2b1x7z"

func paydayMaker() approval.Actor    { return approval.Actor{ID: "per_5d8f2h6j0l3n", Admin: true} }
func paydayApprover() approval.Actor { return approval.Actor{ID: "per_7k1p3r5t9v2x", Admin: true} }

func (d *payday) program(ctx context.Context) (program.Program, error) {
	return d.settling.Programs.Program(ctx, paydayOrganization, paydayProgram)
}

// settlementIs fails unless the settlement has come to a state.
func (d *payday) settlementIs(ctx context.Context, want settlement.State) error {
	s, err := d.stores.settlements.Settlement(ctx, paydayOrganization, paydayProgram, paydayPeriod)
	if err == nil && (s.State != want || s.Totals.Statements != d.people) {
		err = unfinished("the settlement of "+fmt.Sprint(d.people)+" people", fmt.Sprintf("%s with %d statements: %s", s.State, s.Totals.Statements, s.Work.Error))
	}
	return err
}

func freezePayday(ctx context.Context, d *payday) error {
	p, err := d.program(ctx)
	if err == nil {
		_, err = d.settling.Calculate(ctx, p, paydayPeriod, paydayMaker())
	}
	if err == nil {
		err = d.work(ctx)
	}
	if err != nil {
		return err
	}
	return d.settlementIs(ctx, settlement.Calculated)
}

func lockPayday(ctx context.Context, d *payday) error {
	p, err := d.program(ctx)
	for _, act := range []func() (settlement.Settlement, error){
		func() (settlement.Settlement, error) { return d.settling.Submit(ctx, p, paydayPeriod, paydayMaker()) },
		func() (settlement.Settlement, error) {
			return d.settling.Approve(ctx, p, paydayPeriod, paydayApprover())
		},
		func() (settlement.Settlement, error) { return d.settling.Lock(ctx, p, paydayPeriod, paydayMaker()) },
	} {
		if err == nil {
			_, err = act()
		}
	}
	if err == nil {
		err = d.work(ctx)
	}
	if err != nil {
		return err
	}
	return d.settlementIs(ctx, settlement.Locked)
}

// batchIs gives the batch, if it has come to a state with everybody in it.
func (d *payday) batchIs(ctx context.Context, want payout.State) (payout.Batch, error) {
	b, err := d.stores.payouts.PayoutBatch(ctx, paydayOrganization, paydayBatch)
	if err == nil && (b.State != want || b.Payments != d.people) {
		err = unfinished("the batch", fmt.Sprintf("%s with %d payments: %s%s", b.State, b.Payments, b.Work.Error, b.Rejected))
	}
	return b, err
}

func collectPayday(ctx context.Context, d *payday) error {
	b := payout.Batch{ID: paydayBatch, Organization: paydayOrganization, Payer: paydayPayer, Currency: "INR", PayOn: "2026-11-10", Format: payout.Pain001}
	var err error
	if b.Source, err = (payout.Snapshot{Organization: paydayOrganization, Batch: b.ID, Owner: paydayPayer, Name: "Acme India Private Limited", Country: "IN", Bank: bankAccount(99_999_999, "Acme")}).Seal(d.box); err != nil {
		return err
	}
	b = payout.New(b, paydayMaker().ID, d.clock())
	if err := d.saved(ctx, b); err != nil {
		return err
	}
	_, err = d.batchIs(ctx, payout.Submitted)
	return err
}

// saved stores what an act made of the batch, and has its work done.
func (d *payday) saved(ctx context.Context, b payout.Batch) error {
	err := d.stores.payouts.SavePayoutBatch(ctx, b, nil)
	if err == nil {
		err = d.paying.Start(ctx, b)
	}
	if err == nil {
		err = d.work(ctx)
	}
	return err
}

func releasePayday(ctx context.Context, d *payday) error {
	b, err := d.batchIs(ctx, payout.Submitted)
	if err != nil {
		return err
	}
	if b, err = b.Approve(approval.Policy{}, paydayApprover(), "2026-11-04", d.clock()); err != nil {
		return err
	}
	if err := d.saved(ctx, b); err != nil {
		return err
	}
	if b, err = b.Release(paydayApprover(), d.clock()); err != nil {
		return err
	}
	if err := d.saved(ctx, b); err != nil {
		return err
	}
	_, err = d.batchIs(ctx, payout.Released)
	return err
}

// paydayFile is the bank file of a released batch.
type paydayFile struct {
	bytes, allocated int64
	making, checking time.Duration // processor time
	hash             string
}

// file makes the bank file again, and checks it.
func (d *payday) file(ctx context.Context) (paydayFile, error) {
	var f paydayFile
	b, err := d.batchIs(ctx, payout.Released)
	if err != nil {
		return f, err
	}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	began := ownTime()
	text, err := d.paying.File(ctx, b)
	if err != nil {
		return f, err
	}
	f.making = ownTime() - began
	runtime.ReadMemStats(&after)
	f.bytes, f.allocated, f.hash = int64(len(text)), int64(after.TotalAlloc-before.TotalAlloc), hashed(text)
	began = ownTime()
	if found := bankfile.Check(b.Format, text); len(found) > 0 {
		return f, unfinished("the file", found[0])
	}
	f.checking = ownTime() - began
	if !strings.Contains(string(text), fmt.Sprintf("<CtrlSum>%d.%02d</CtrlSum>", b.Net/100, b.Net%100)) {
		return f, unfinished("the control sum of the file", "not what the batch pays")
	}
	return f, nil
}

// owed sums what is owed still, held by a batch, paid and withheld, in the ledger.
func (d *payday) sums(ctx context.Context) (map[books.Kind]int64, error) {
	sums := map[books.Kind]int64{}
	for b, err := range store.All(ctx, func(ctx context.Context, p store.Page) ([]books.Book, string, error) {
		return d.stores.ledger.Books(ctx, paydayOrganization, p)
	}) {
		if err != nil {
			return nil, err
		}
		for a, h := range b.Heads {
			sums[a.Kind] += h.Balance
		}
	}
	return sums, nil
}

// ownTime is the processor time of this process so far.
func ownTime() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
