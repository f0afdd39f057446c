package main

import (
	"slices"
	"testing"
)

func TestThePayoutIsAPart(t *testing.T) {
	if got := (options{only: payoutSection}).chosen(); !slices.Equal(got, []string{"payout"}) {
		t.Errorf("got %v", got)
	}
	if !slices.Contains((options{}).chosen(), payoutSection) {
		t.Error("it is left out where nothing is asked for alone")
	}
}

// TestThePaydayThatIsMeasuredIsRight: everybody is settled, taxed and paid, and the bank file says so; made again it is the same.
func TestThePaydayThatIsMeasuredIsRight(t *testing.T) {
	d, err := newPayday(t.Context(), 120, inMemory())
	if err != nil {
		t.Fatal(err)
	}
	steps := paydaySteps()
	if _, err := d.file(t.Context()); err == nil {
		t.Error("there is a file before anything was paid")
	}
	if err := steps[1].do(t.Context(), d); err == nil {
		t.Error("it was locked before it was calculated")
	}
	if err := d.allPaid(t.Context()); err == nil {
		t.Error("all is paid before anything was")
	}
	if err := d.time(t.Context(), steps); err != nil {
		t.Fatal(err)
	}
	first, err := d.file(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if again, err := d.file(t.Context()); err != nil || again.hash != first.hash || first.bytes < 120*100 {
		t.Errorf("%+v and %+v: %v", first, again, err)
	}
}

func TestGrouped(t *testing.T) {
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1,000", 10_000: "10,000", 1_234_567: "1,234,567"} {
		if got := grouped(n); got != want {
			t.Errorf("%d is %s", n, got)
		}
	}
}
