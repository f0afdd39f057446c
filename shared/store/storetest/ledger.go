package storetest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"leadline/shared/fault"
	"leadline/shared/ledger"
	"leadline/shared/record"
	"leadline/shared/store"
	"leadline/shared/tax"
)

func ledgerTests() []test {
	return []test{
		{"a book that there is not yet is empty, and what is appended stands whole", booksStand},
		{"a book that was written meanwhile is not overwritten, and nothing of the rows stays", staleBooks},
		{"one of concurrent appends wins each time", appendsMeet},
		{"different causes at different people are appended at once", appendsPass},
		{"a cause is posted once in a book", causesStandOnce},
		{"as many rows as may be are appended at once, and no more", appendsAreLimited},
		{"rows come by number from either end, with every limit", rowsComeInOrder},
		{"books come each once, with every limit", booksAreListed},
		{"roots are never replaced, and come from the newest", rootsStand},
		{"what is written and read of a book is not shared", func(t *testing.T, s Stores) {
			b := newBook("org_a", "mem_a")
			after, rows := appended(t, s, b, fullPosting("a", 5))
			want := bookIn(t, s, "org_a", "mem_a")
			for account := range after.Heads {
				after.Heads[account] = ledger.Head{}
			}
			rows[0].Legs[0].Amount, rows[0].Cause.Record.ID = 99, "late"
			after.Years["k"] = tax.Year{}
			for range 2 {
				got := bookIn(t, s, "org_a", "mem_a")
				same(t, got, want)
				clear(got.Heads)
				row, err := s.Ledger.Row(ctx(t), "org_a", "mem_a", 1)
				ok(t, err)
				same(t, row.Posting, fullPosting("a", 5))
				row.Chain[0].Seq, row.Years["k"] = 99, tax.Year{}
			}
		}},
		{"a request to the ledger that has ended does nothing", endedLedger},
	}
}

// distinct are hostile texts, each once.
func distinct() []string {
	texts := hostile()
	slices.Sort(texts)
	return slices.Compact(texts)
}

func newBook(organization, participant string) ledger.Book {
	return ledger.Book{Organization: organization, Participant: participant}
}

// fullPosting has everything that a posting can have.
func fullPosting(cause string, amount int64) ledger.Posting {
	return ledger.Posting{Date: "2026-11-22",
		Cause: ledger.Cause{Kind: ledger.Adjustment, ID: cause, Program: "prg_1", Period: "2026-10", In: "2026-11", Component: "deals", WasRev: 1, NowRev: 1 << 60,
			Record: &record.Key{Organization: "org_a", Connection: "c", Object: "o", ID: "#1"}, Code: "record_changed", Document: "00ff", Ref: "adj_1", By: "per_1"},
		Legs: []ledger.Leg{{Account: ledger.Account{Kind: ledger.Cost, Unit: "USD", Payer: "pyr_1"}, Amount: -amount},
			{Account: ledger.Account{Kind: ledger.Owed, Unit: "USD", Payer: "pyr_1"}, Amount: amount, Covered: true}},
		Years: map[string]tax.Year{"pyr_1/2026-27/194H": {Base: 1, Exempt: 2, Crossed: true, Withheld: 1 << 60, Assessed: 7, Due: "1/3"}}}
}

// appended posts to a book and appends.
func appended(t *testing.T, s Stores, b ledger.Book, postings ...ledger.Posting) (ledger.Book, []ledger.Row) {
	t.Helper()
	after, rows, err := b.Post(base(), postings...)
	ok(t, err)
	ok(t, s.Ledger.Append(ctx(t), after, rows))
	return after, rows
}

func bookIn(t *testing.T, s Stores, organization, participant string) ledger.Book {
	t.Helper()
	b, err := s.Ledger.Book(ctx(t), organization, participant)
	ok(t, err)
	return b
}

func rowsOf(t *testing.T, s Stores, organization, participant string) func(store.Page) ([]ledger.Row, string, error) {
	return func(p store.Page) ([]ledger.Row, string, error) {
		return s.Ledger.Rows(ctx(t), organization, participant, p)
	}
}

func booksStand(t *testing.T, s Stores) {
	for _, participant := range distinct() {
		b := bookIn(t, s, "org_a", participant)
		same(t, b, newBook("org_a", participant))
		one, first := appended(t, s, b, fullPosting(participant+"#a", 5), fullPosting("a#", 6))
		same(t, bookIn(t, s, "org_a", participant), one)
		two, second := appended(t, s, one, fullPosting("b", 7))
		same(t, bookIn(t, s, "org_a", participant), two)
		same(t, all(t, 10, rowsOf(t, s, "org_a", participant)), append(first, second...))
		row, err := s.Ledger.Row(ctx(t), "org_a", participant, 3)
		ok(t, err)
		same(t, row, second[0])
		_, err = s.Ledger.Row(ctx(t), "org_a", participant, 4)
		is(t, err, fault.NotFound, "")
		posted, err := s.Ledger.Posted(ctx(t), "org_a", participant, []string{"b", "a#", "a#", participant + "#a", "none", ""})
		ok(t, err)
		same(t, posted, map[string]int64{participant + "#a": 1, "a#": 2, "b": 3})
	}
	// None of it is anybody else's.
	for _, other := range [][2]string{{"org_b", "a"}, {"org_a", "mem_other"}, {"", "a"}, {"org_a#books", "a"}} {
		same(t, bookIn(t, s, other[0], other[1]), newBook(other[0], other[1]))
		same(t, all(t, 10, rowsOf(t, s, other[0], other[1])), nil)
		posted, err := s.Ledger.Posted(ctx(t), other[0], other[1], []string{"b"})
		ok(t, err)
		same(t, posted, nil)
	}
}

func staleBooks(t *testing.T, s Stores) {
	one, _ := appended(t, s, newBook("org_a", "mem_a"), fullPosting("a", 5))
	two, _ := appended(t, s, one, fullPosting("b", 5))
	for _, before := range []ledger.Book{newBook("org_a", "mem_a"), one} {
		after, rows, err := before.Post(base(), fullPosting("late", 1), fullPosting("later", 1))
		ok(t, err)
		is(t, s.Ledger.Append(ctx(t), after, rows), fault.Conflict, store.CodeStale)
	}
	ahead := two
	ahead.Rev++
	after, rows, err := ahead.Post(base(), fullPosting("early", 1))
	ok(t, err)
	is(t, s.Ledger.Append(ctx(t), after, rows), fault.Conflict, store.CodeStale)
	same(t, bookIn(t, s, "org_a", "mem_a"), two)
	same(t, len(all(t, 10, rowsOf(t, s, "org_a", "mem_a"))), 2)
	posted, err := s.Ledger.Posted(ctx(t), "org_a", "mem_a", []string{"late", "later", "early"})
	ok(t, err)
	same(t, posted, nil)
}

func appendsMeet(t *testing.T, s Stores) {
	b := newBook("org_a", "mem_a")
	for round := range 3 {
		oneWins(t, atOnce(t, func(n int) error {
			after, rows, err := b.Post(base(), fullPosting(fmt.Sprint("a ", round, n%2), int64(n+1)))
			if err != nil {
				return err
			}
			return s.Ledger.Append(ctx(t), after, rows)
		}))
		b = bookIn(t, s, "org_a", "mem_a")
		same(t, b.Rev, int64(round+1))
		same(t, len(all(t, 10, rowsOf(t, s, "org_a", "mem_a"))), round+1)
	}
}

func appendsPass(t *testing.T, s Stores) {
	for _, err := range atOnce(t, func(n int) error {
		after, rows, err := newBook("org_a", fmt.Sprint("mem_", n)).Post(base(), fullPosting("the same", 5))
		if err != nil {
			return err
		}
		return s.Ledger.Append(ctx(t), after, rows)
	}) {
		ok(t, err)
	}
}

func causesStandOnce(t *testing.T, s Stores) {
	one, _ := appended(t, s, newBook("org_a", "mem_a"), fullPosting("a", 5))
	after, rows, err := one.Post(base(), fullPosting("b", 1), fullPosting("a", 1))
	ok(t, err)
	is(t, s.Ledger.Append(ctx(t), after, rows), fault.Conflict, ledger.CodePosted)
	same(t, bookIn(t, s, "org_a", "mem_a"), one)
	posted, err := s.Ledger.Posted(ctx(t), "org_a", "mem_a", []string{"a", "b"})
	ok(t, err)
	same(t, posted, map[string]int64{"a": 1})
	// A long cause is one like any other.
	long := strings.Repeat("x#", 1500)
	two, _ := appended(t, s, one, fullPosting(long, 1), fullPosting(long+"y", 1))
	after, rows, err = two.Post(base(), fullPosting(long, 1))
	ok(t, err)
	is(t, s.Ledger.Append(ctx(t), after, rows), fault.Conflict, ledger.CodePosted)
	posted, err = s.Ledger.Posted(ctx(t), "org_a", "mem_a", nil)
	ok(t, err)
	same(t, posted, nil)
}

func appendsAreLimited(t *testing.T, s Stores) {
	var postings []ledger.Posting
	var causes []string
	for n := range store.MaxAppend + 1 {
		causes = append(causes, fmt.Sprint("c", n))
		postings = append(postings, fullPosting(causes[n], int64(n)))
	}
	b := newBook("org_a", "mem_a")
	after, rows, err := b.Post(base(), postings...)
	ok(t, err)
	is(t, s.Ledger.Append(ctx(t), after, rows), fault.Invalid, store.CodeTooMany)
	one, _ := appended(t, s, b, postings[:store.MaxAppend]...)
	for n := range 70 {
		causes = append(causes, fmt.Sprint("none", n))
	}
	posted, err := s.Ledger.Posted(ctx(t), "org_a", "mem_a", causes)
	ok(t, err)
	same(t, len(posted), store.MaxAppend)
	appended(t, s, one, postings[store.MaxAppend])
}

func rowsComeInOrder(t *testing.T, s Stores) {
	b := newBook("org_a", "mem_a")
	var want []ledger.Row
	for n := range 12 {
		var rows []ledger.Row
		b, rows = appended(t, s, b, fullPosting(fmt.Sprint(n), 1))
		want = append(want, rows...)
		appended(t, s, newBook("org_a", fmt.Sprint("mem_a#", n)), fullPosting("x", 1))
	}
	other, _ := appended(t, s, newBook("org_b", "mem_a"), fullPosting("x", 1), fullPosting("y", 1))
	latest := func(organization string) func(store.Page) ([]ledger.Row, string, error) {
		return func(p store.Page) ([]ledger.Row, string, error) {
			return s.Ledger.LatestRows(ctx(t), organization, "mem_a", p)
		}
	}
	same(t, other.Rows, int64(2))
	pages(t, want, rowsOf(t, s, "org_a", "mem_a"))
	refuses(t, rowsOf(t, s, "org_a", "mem_a"), next(rowsOf(t, s, "org_b", "mem_a")), next(latest("org_a")))
	slices.Reverse(want)
	pages(t, want, latest("org_a"))
	refuses(t, latest("org_a"), next(latest("org_b")), next(rowsOf(t, s, "org_a", "mem_a")))
}

func booksAreListed(t *testing.T, s Stores) {
	list := func(organization string) func(store.Page) ([]ledger.Book, string, error) {
		return func(p store.Page) ([]ledger.Book, string, error) { return s.Ledger.Books(ctx(t), organization, p) }
	}
	var want []ledger.Book
	for _, participant := range distinct() {
		b, _ := appended(t, s, newBook("org_a", participant), fullPosting("x", 1))
		want = append(want, b)
		appended(t, s, newBook("org_b", participant), fullPosting("x", 1))
	}
	sorted := func(books []ledger.Book) []ledger.Book {
		slices.SortFunc(books, func(a, b ledger.Book) int { return strings.Compare(a.Participant, b.Participant) })
		return books
	}
	for _, limit := range []int{1, 2, 7, store.MaxLimit} {
		same(t, sorted(all(t, limit, list("org_a"))), sorted(want))
	}
	same(t, all(t, 10, list("org_")), nil)
	refuses(t, list("org_a"), next(list("org_b")))
}

func rootsStand(t *testing.T, s Stores) {
	list := func(organization string) func(store.Page) ([]ledger.Root, string, error) {
		return func(p store.Page) ([]ledger.Root, string, error) { return s.Ledger.Roots(ctx(t), organization, p) }
	}
	same(t, all(t, 10, list("org_a")), nil)
	var want []ledger.Root
	last := ledger.Root{}
	for n := range 11 {
		last = ledger.NewRoot("org_a", last, "prg_1", fmt.Sprint("2026-", n), nil, base().Add(time.Duration(n)))
		ok(t, s.Ledger.SaveRoot(ctx(t), last))
		want = append([]ledger.Root{last}, want...)
		other := last
		other.Organization = "org_b"
		ok(t, s.Ledger.SaveRoot(ctx(t), other))
		other = last
		other.Period = "late"
		is(t, s.Ledger.SaveRoot(ctx(t), other), fault.Conflict, store.CodeTaken)
	}
	pages(t, want, list("org_a"))
	refuses(t, list("org_a"), next(list("org_b")))
	oneWins(t, atOnce(t, func(n int) error {
		return s.Ledger.SaveRoot(ctx(t), ledger.NewRoot("org_a", last, "prg_1", fmt.Sprint(n), nil, base()))
	}))
}

func endedLedger(t *testing.T, s Stores) {
	ended, end := context.WithCancel(ctx(t))
	end()
	after, rows, err := newBook("org_a", "mem_a").Post(base(), fullPosting("a", 1))
	ok(t, err)
	page := store.Page{Limit: 1}
	for name, do := range map[string]func() error{
		"Book":       func() error { _, err := s.Ledger.Book(ended, "org_a", "mem_a"); return err },
		"Books":      func() error { _, _, err := s.Ledger.Books(ended, "org_a", page); return err },
		"Append":     func() error { return s.Ledger.Append(ended, after, rows) },
		"Posted":     func() error { _, err := s.Ledger.Posted(ended, "org_a", "mem_a", []string{"a"}); return err },
		"Row":        func() error { _, err := s.Ledger.Row(ended, "org_a", "mem_a", 1); return err },
		"Rows":       func() error { _, _, err := s.Ledger.Rows(ended, "org_a", "mem_a", page); return err },
		"LatestRows": func() error { _, _, err := s.Ledger.LatestRows(ended, "org_a", "mem_a", page); return err },
		"SaveRoot":   func() error { return s.Ledger.SaveRoot(ended, ledger.Root{Organization: "org_a", Number: 1}) },
		"Roots":      func() error { _, _, err := s.Ledger.Roots(ended, "org_a", page); return err },
	} {
		t.Run(name, func(t *testing.T) { is(t, do(), fault.Unavailable, "") })
	}
	same(t, bookIn(t, s, "org_a", "mem_a").Rev, 0)
}
