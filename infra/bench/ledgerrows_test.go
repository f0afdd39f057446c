package main

import (
	"slices"
	"testing"
	"time"

	books "leadline/shared/ledger"
)

func TestTheLedgerIsAPart(t *testing.T) {
	if got := (options{only: ledgerSection}).chosen(); !slices.Equal(got, []string{"ledger"}) {
		t.Errorf("got %v", got)
	}
	if !slices.Contains((options{}).chosen(), ledgerSection) {
		t.Error("it is left out where nothing is asked for alone")
	}
}

// TestTheChainThatIsMeasuredIsRight: what is verified are real rows, of which each has a cause of its own.
func TestTheChainThatIsMeasuredIsRight(t *testing.T) {
	if _, _, err := verifiedChain(2 * chainPart); err != nil {
		t.Error(err)
	}
	if _, _, err := (books.Book{}).Post(time.Now(), append(settledRows(0, 10), settledRows(9, 1)...)...); err == nil {
		t.Error("two rows of one cause were posted")
	}
}
