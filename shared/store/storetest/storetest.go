// Package storetest holds every implementation of package store to what that package says, line by line.
package storetest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"leadline/shared/fault"
	"leadline/shared/record"
	"leadline/shared/store"
)

// Stores is one of each, empty.
type Stores struct {
	Records store.Records
	History store.History
	Intake  store.Intake
	Tenancy store.Tenancy
	Cursors store.Cursors

	Schemas    store.Schemas
	Batches    store.Batches
	Deliveries store.Deliveries
	Due        store.Due

	Members      store.Members
	Destinations store.Destinations
	Logins       store.Logins
	Roster       store.Roster
	Views        store.Views
	Journal      store.Journal
	Jobs         store.Jobs
	Syncs        store.Syncs
	Limits       store.Limits

	Payees   store.Payees
	Disputes store.Disputes
	Nudges   store.Nudges
	Programs store.Programs
	Credits  store.Credits
	Runs     store.Runs

	Settlements store.Settlements
	Payouts     store.Payouts
	Ledger      store.Ledger
	Games       store.Games
}

// Run holds the stores that open makes to package store. open is called once for each test and gives empty stores.
func Run(t *testing.T, open func(t *testing.T) Stores) {
	for _, g := range groups() {
		g.run(t, open)
	}
}

// group is the tests of one thing.
type group struct {
	name  string
	tests []test
}

func (g group) run(t *testing.T, open func(t *testing.T) Stores) {
	t.Run(g.name, func(t *testing.T) {
		for _, test := range g.tests {
			t.Run(test.name, func(t *testing.T) { test.run(t, open(t)) })
		}
	})
}

func groups() []group {
	return []group{
		{"Records", recordTests()},
		{"PartialRecords", partialTests()},
		{"RecordLists", recordListTests()},
		{"History", historyTests()},
		{"Intake", intakeTests()},
		{"Quarantine", quarantineTests()},
		{"Tenancy", tenancyTests()},
		{"Connections", connectionTests()},
		{"Cursors", cursorTests()},
		{"Schemas", schemaTests()},
		{"Claims", claimTests()},
		{"Batches", batchTests()},
		{"Deliveries", deliveryTests()},
		{"Due", dueTests()},
		{"Organizations", organizationTests()},
		{"APIKeys", apiKeyTests()},
		{"Use", useTests()},
		{"Clients", clientTests()},
		{"People", personTests()},
		{"Destinations", destinationTests()},
		{"Logins", loginTests()},
		{"Roster", rosterTests()},
		{"Views", viewTests()},
		{"Audit", auditTests()},
		{"Notices", noticeTests()},
		{"Jobs", jobTests()},
		{"Runs", runTests()},
		{"Syncs", syncTests()},
		{"Limits", limitTests()},
		{"Ledger", ledgerTests()},
		{"Payers", payerTests()},
		{"Profiles", profileTests()},
		{"BankChanges", changeTests()},
		{"Disputes", disputeTests()},
		{"Settlements", settlementTests()},
		{"Statements", statementTests()},
		{"Settled", settledTests()},
		{"Manuals", manualTests()},
		{"ApprovalPolicies", policyTests()},
		{"SettlementParts", settlementPartTests()},
		{"Payouts", payoutTests()},
		{"Payments", paymentTests()},
		{"PayoutParts", payoutPartTests()},
		{"Games", gameTests()},
		{"Nudges", nudgeTests()},
		{"Programs", programTests()},
		{"Rates", rateTests()},
		{"Goals", goalTests()},
		{"Footprints", footprintTests()},
		{"Credits", creditTests()},
		{"Standings", standingTests()},
		{"Editions", editionTests()},
		{"EditionRuns", editionRunTests()},
	}
}

type test struct {
	name string
	run  func(*testing.T, Stores)
}

// writers is how many goroutines write at once in the tests of concurrency.
const writers = 16

// base is the time around which the tests' times lie.
func base() time.Time { return time.Date(2026, 11, 22, 10, 30, 0, 123456789, time.UTC) }

func key(id string) record.Key {
	return record.Key{Organization: "org_a1b2c3d4e5f6", Connection: "conn_000000000001", Object: "opportunity", ID: id}
}

// newRecord makes a record at a version of so many microseconds, whose content names it.
func newRecord(k record.Key, micros int64) record.Record {
	return record.Record{
		Key: k, Version: record.Version{Micros: micros, Parser: 1}, StoredAt: base(),
		Fields: record.Fields{"id": quote(k.ID), "n": json.RawMessage(fmt.Sprint(micros))},
		Source: record.Source{Kind: "webhook", Delivery: "01KAN5XQ8Z3V5T7W9Y1B2C4D6E", Event: "ev_1", Action: "updated",
			Payload: record.PayloadRef{Key: "archive/x.gz", Offset: 10, Length: 20}},
	}
}

func quote(s string) json.RawMessage {
	raw, _ := json.Marshal(s) // a string always marshals
	return raw
}

// hostile are texts that a careless key would confuse.
func hostile() []string {
	return []string{"a", "A", "a#b", "a%23b", "a%2523b", "b", "#", "##", "%", "%%", "%0", "%25", "a b", "ü", "u\u0308",
		"\u00fc", "😀", "\x01", "../a", "-", "0"}
}

// same fails the test if two values differ. Empty and nil are the same.
func same[T any](t *testing.T, got, want T) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Fatalf("differs from what is expected (-want +got):\n%s", diff)
	}
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("unexpected error: %v", err)
	}
}

// is fails the test if err is not of the kind, and of the code unless that is empty.
func is(t *testing.T, err error, kind fault.Kind, code string) {
	t.Helper()
	if !fault.Is(err, kind) {
		t.Fatalf("error %v is of kind %q, want %q", err, fault.KindOf(err), kind)
	}
	if of := fault.Of(err); code != "" && (of == nil || of.Code != code) {
		t.Fatalf("error %v has not the code %q", err, code)
	}
}

// all reads a list page by page and checks what holds for every list: no page is longer than asked, none is empty but
// the only one, and it ends.
func all[T any](t *testing.T, limit int, list func(store.Page) ([]T, string, error)) []T {
	t.Helper()
	var items []T
	cursor := ""
	for pages := 0; ; pages++ {
		got, next, err := list(store.Page{Cursor: cursor, Limit: limit})
		ok(t, err)
		if len(got) > limit {
			t.Fatalf("page of %d items, limit %d", len(got), limit)
		}
		if len(got) == 0 && (pages > 0 || next != "") {
			t.Fatalf("page %d is empty", pages+1)
		}
		items = append(items, got...)
		if next == "" {
			return items
		}
		if next == cursor || pages > 10000 {
			t.Fatal("the list does not end")
		}
		cursor = next
	}
}

// pages reads a list of want items, which has at least two, with every limit that matters.
func pages[T any](t *testing.T, want []T, list func(store.Page) ([]T, string, error)) {
	t.Helper()
	n := len(want)
	for _, limit := range []int{1, 2, 3, 7, n - 1, n, n + 1, store.MaxLimit} {
		t.Run(fmt.Sprintf("limit %d", limit), func(t *testing.T) { same(t, all(t, limit, list), want) })
	}
}

// refuses checks that a list refuses bad limits and cursors that it did not give out. others are lists that are not
// the same; each has at least two items.
func refuses[T any](t *testing.T, list func(store.Page) ([]T, string, error), others ...func(store.Page) (string, error)) {
	t.Helper()
	for _, limit := range []int{-1, 0, store.MaxLimit + 1} {
		_, _, err := list(store.Page{Limit: limit})
		is(t, err, fault.Invalid, "")
	}
	_, own, err := list(store.Page{Limit: 1})
	ok(t, err)
	if own == "" {
		t.Fatal("the list has fewer than two items: no cursor to try")
	}
	cursors := []string{"x", "?", "AAAA", own[:len(own)-2], own + "AA", own + "=", "A" + own}
	for _, other := range others {
		cursor, err := other(store.Page{Limit: 1})
		ok(t, err)
		if cursor == "" {
			t.Fatal("another list has fewer than two items: no cursor to try")
		}
		cursors = append(cursors, cursor)
	}
	for _, cursor := range cursors {
		_, _, err := list(store.Page{Cursor: cursor, Limit: 1})
		is(t, err, fault.Invalid, store.CodeInvalidCursor)
	}
}

// next gives the cursor of a list only, for refuses.
func next[T any](list func(store.Page) ([]T, string, error)) func(store.Page) (string, error) {
	return func(p store.Page) (string, error) {
		_, next, err := list(p)
		return next, err
	}
}

// atOnce calls f in so many goroutines at once and gives what each returned.
func atOnce(t *testing.T, f func(n int) error) []error {
	t.Helper()
	start, done := make(chan struct{}), make(chan struct{})
	errs := make([]error, writers)
	for n := range writers {
		go func() {
			defer func() { done <- struct{}{} }()
			<-start
			errs[n] = f(n)
		}()
	}
	close(start)
	for range writers {
		<-done
	}
	return errs
}

// oneWins fails the test unless exactly one error is nil and all others are conflicts.
func oneWins(t *testing.T, errs []error) {
	t.Helper()
	won := 0
	for _, err := range errs {
		if err == nil {
			won++
		} else {
			is(t, err, fault.Conflict, "")
		}
	}
	if won != 1 {
		t.Fatalf("%d of %d won, want one: %v", won, len(errs), errors.Join(errs...))
	}
}

func ctx(t *testing.T) context.Context { return t.Context() }
