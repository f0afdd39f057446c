package ledger_test

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"leadline/shared/calendar"
	"leadline/shared/fault"
	"leadline/shared/ledger"
	"leadline/shared/record"
	"leadline/shared/tax"
)

func at() time.Time { return time.Date(2026, 11, 22, 10, 30, 0, 123456789, time.UTC) }

func account(kind ledger.Kind) ledger.Account {
	return ledger.Account{Kind: kind, Unit: "USD", Payer: "pyr_1"}
}

// move takes an amount from one account to another.
func move(cause string, amount int64, from, to ledger.Kind) ledger.Posting {
	return ledger.Posting{Cause: ledger.Cause{Kind: ledger.Earning, ID: cause}, Date: "2026-11-22",
		Legs: []ledger.Leg{{Account: account(from), Amount: -amount}, {Account: account(to), Amount: amount}}}
}

func book() ledger.Book { return ledger.Book{Organization: "org_a", Participant: "mem_a"} }

func post(t testing.TB, b ledger.Book, postings ...ledger.Posting) (ledger.Book, []ledger.Row) {
	t.Helper()
	after, rows, err := b.Post(at(), postings...)
	if err != nil {
		t.Fatal(err)
	}
	return after, rows
}

func TestPostAddsRowsAndLeavesTheBookAsItWas(t *testing.T) {
	empty := book()
	one, rows := post(t, empty, move("a", 100, ledger.Cost, ledger.Owed), move("b", -30, ledger.Cost, ledger.Owed))
	if one.Rev != 1 || one.Rows != 2 || one.Balance(account(ledger.Owed)) != 70 || one.Balance(account(ledger.Cost)) != -70 {
		t.Errorf("the book is %+v", one)
	}
	if empty.Heads != nil || empty.Rows != 0 || empty.Rev != 0 {
		t.Errorf("the book before became %+v", empty)
	}
	second := rows[1]
	if second.Number != 2 || second.Chain[0].Seq != 2 || second.Chain[0].Previous != rows[0].Chain[0].Hash || second.Chain[1].Balance != 70 {
		t.Errorf("the second row is %+v", second)
	}
	two, rows := post(t, one, move("c", 70, ledger.Owed, ledger.Transit))
	if one.Balance(account(ledger.Owed)) != 70 || two.Balance(account(ledger.Owed)) != 0 || two.Rev != 2 || rows[0].Number != 3 {
		t.Errorf("the books are %+v and %+v", one, two)
	}
	if same, rows := post(t, two); rows != nil || same.Rev != 2 {
		t.Errorf("nothing posted gives %+v, %v", same, rows)
	}
}

func TestPostKeepsNothingOfItsCaller(t *testing.T) {
	p := move("a", 100, ledger.Cost, ledger.Owed)
	p.Cause.Record, p.Years = &record.Key{ID: "r"}, map[string]tax.Year{"k": {Base: 1}}
	after, rows := post(t, book(), p)
	p.Legs[0].Amount, p.Cause.Record.ID, p.Years["k"] = 5, "other", tax.Year{Base: 9}
	if r := rows[0]; r.Legs[0].Amount != -100 || r.Cause.Record.ID != "r" || r.Years["k"].Base != 1 || after.Years["k"].Base != 1 {
		t.Errorf("the row became %+v, the book's years %v", r, after.Years)
	}
}

func TestYearsAreReplacedOneByOne(t *testing.T) {
	first, second := move("a", 1, ledger.Cost, ledger.Owed), move("b", 1, ledger.Cost, ledger.Owed)
	first.Years = map[string]tax.Year{"x": {Base: 1}, "y": {Base: 2}}
	second.Years = map[string]tax.Year{"y": {Base: 5, Crossed: true}}
	after, _ := post(t, book(), first, second)
	if diff := cmp.Diff(map[string]tax.Year{"x": {Base: 1}, "y": {Base: 5, Crossed: true}}, after.Years); diff != "" {
		t.Error(diff)
	}
}

func TestAnAccountMayHaveTwoLegsOfARow(t *testing.T) {
	p := move("a", 100, ledger.Cost, ledger.Tax)
	p.Legs = append(p.Legs, ledger.Leg{Account: account(ledger.Tax), Amount: 7}, ledger.Leg{Account: account(ledger.Cost), Amount: -7})
	after, rows := post(t, book(), p)
	if h := after.Heads[account(ledger.Tax)]; h.Seq != 2 || h.Balance != 107 || h.Hash != rows[0].Chain[2].Hash || rows[0].Chain[2].Previous != rows[0].Chain[1].Hash {
		t.Errorf("the account is at %+v, the row %+v", h, rows[0])
	}
	if found := verify(rows, after); len(found) > 0 {
		t.Errorf("found %v", found)
	}
}

func TestPostRefuses(t *testing.T) {
	covered := func(amount int64) ledger.Posting {
		p := move("take", amount, ledger.Owed, ledger.Redeemed)
		p.Legs[0].Covered = true
		return p
	}
	legs := func(legs ...ledger.Leg) ledger.Posting {
		p := move("a", 1, ledger.Cost, ledger.Owed)
		p.Legs = legs
		return p
	}
	rich, _ := post(t, book(), move("a", 100, ledger.Cost, ledger.Owed))
	full, _ := post(t, book(), move("a", math.MaxInt64, ledger.Cost, ledger.Owed))
	text := move("a", 1, ledger.Cost, ledger.Owed)
	text.Cause.Record = &record.Key{ID: "\xff"}
	noKind, noID := move("a", 1, ledger.Cost, ledger.Owed), move("", 1, ledger.Cost, ledger.Owed)
	noKind.Cause.Kind = ""
	for name, test := range map[string]struct {
		book ledger.Book
		post []ledger.Posting
		kind fault.Kind
		code string
		says string
	}{
		"no legs":         {book(), []ledger.Posting{legs()}, fault.Internal, ledger.CodeUnbalanced, `"a" has no legs`},
		"one leg":         {book(), []ledger.Posting{legs(ledger.Leg{Account: account(ledger.Owed), Amount: 1})}, fault.Internal, ledger.CodeUnbalanced, "sum to 1 USD"},
		"two units":       {book(), []ledger.Posting{legs(ledger.Leg{Account: account(ledger.Cost), Amount: -1}, ledger.Leg{Account: ledger.Account{Kind: ledger.Owed, Unit: "EUR"}, Amount: 1})}, fault.Internal, ledger.CodeUnbalanced, ""},
		"wrapped sum":     {book(), []ledger.Posting{legs(ledger.Leg{Account: account(ledger.Cost), Amount: math.MinInt64}, ledger.Leg{Account: account(ledger.Owed), Amount: math.MinInt64})}, fault.Invalid, ledger.CodeOverflow, ""},
		"wrapped balance": {full, []ledger.Posting{move("b", 1, ledger.Cost, ledger.Owed)}, fault.Invalid, ledger.CodeOverflow, ""},
		"not covered":     {rich, []ledger.Posting{covered(101)}, fault.Conflict, ledger.CodeNotCovered, "would be at -1"},
		"nothing there":   {book(), []ledger.Posting{covered(1)}, fault.Conflict, ledger.CodeNotCovered, ""},
		"twice":           {rich, []ledger.Posting{covered(1), covered(1)}, fault.Conflict, ledger.CodePosted, `"take"`},
		"no UTF-8":        {book(), []ledger.Posting{text}, fault.Invalid, ledger.CodeInvalidText, "not UTF-8"},
		"no kind":         {book(), []ledger.Posting{noKind}, fault.Invalid, ledger.CodeInvalidText, ""},
		"no id":           {book(), []ledger.Posting{noID}, fault.Invalid, ledger.CodeInvalidText, ""},
		"no account":      {book(), []ledger.Posting{legs(ledger.Leg{Amount: 1}, ledger.Leg{Amount: -1})}, fault.Invalid, ledger.CodeInvalidText, ""},
		"the last of two": {rich, []ledger.Posting{covered(100), legs()}, fault.Internal, ledger.CodeUnbalanced, ""},
	} {
		t.Run(name, func(t *testing.T) {
			after, rows, err := test.book.Post(at(), test.post...)
			if of := fault.Of(err); of == nil || of.Kind != test.kind || of.Code != test.code || !strings.Contains(of.Message, test.says) {
				t.Errorf("got %v, want %s %s", err, test.kind, test.code)
			}
			if rows != nil || after.Rev != 0 {
				t.Errorf("it gave %v, %v", after, rows)
			}
		})
	}
	if _, _, err := rich.Post(at(), covered(100)); err != nil {
		t.Errorf("all that is there may be taken: %v", err)
	}
	// What counts is the balance after the whole row.
	refund := covered(150)
	refund.Legs = append(refund.Legs, ledger.Leg{Account: account(ledger.Owed), Amount: 50}, ledger.Leg{Account: account(ledger.Cost), Amount: -50})
	if _, _, err := rich.Post(at(), refund); err != nil {
		t.Errorf("a row that gives back what it took: %v", err)
	}
}

// Hashes are stored and noted: another encoding would look like a forgery of all that was written before.
func TestHashesAreWhatIsStored(t *testing.T) {
	p := move("prg_1/2026-11/1/deals", 12345, ledger.Cost, ledger.Owed)
	p.Cause = ledger.Cause{Kind: ledger.Adjustment, ID: "x", Program: "prg_1", Period: "2026-10", In: "2026-11", Component: "deals",
		Record: &record.Key{Organization: "org_a", Connection: "conn_b", Object: "deal", ID: "d#1"}, WasRev: 3, NowRev: 4, Code: "record_changed",
		Document: "d0c", Ref: "pay_1", By: "per_1"}
	p.Legs[0].Covered, p.Legs[0].Kind = true, ledger.Transit
	p.Legs[0].Amount, p.Legs[1].Amount = 5, -5
	p.Years = map[string]tax.Year{"pyr_1/2026-27/194H": {Base: 1, Exempt: 2, Crossed: true, Withheld: 3, Assessed: 4, Due: "1/3"}, "": {}}
	after, rows := post(t, book(), move("first", 7, ledger.Owed, ledger.Cost), p)
	if got, want := rows[1].Chain[1].Hash, "d0bb399e8c522997f2dbd5f504d4a563cc71f5f197c6a69364aab30feb4bfad1"; got != want {
		t.Errorf("the row has the hash %s, want %s", got, want)
	}
	root := ledger.NewRoot("org_a", ledger.Root{Number: 6, Hash: "beef"}, "prg_1", "2026-11", after.HeadList(), at())
	if got, want := root.List, "a15f68bcd86237f2d159e0ef6a2243aa7a2248b8b2e37cb96aba545709a947ae"; got != want {
		t.Errorf("the list has the hash %s, want %s", got, want)
	}
	if got, want := root.Hash, "16558ea34b01e0d58ffcf1ec89852b69f5a882cf4fb603aa34777ac747f4274f"; got != want || root.Number != 7 || root.Accounts != 3 {
		t.Errorf("the root is %+v, want the hash %s", root, want)
	}
}

// drawPosting gives any posting, some of which no book takes.
func drawPosting(t *rapid.T, id string) ledger.Posting {
	kinds := []ledger.Kind{ledger.Cost, ledger.Owed, ledger.Tax, ledger.Transit}
	p := ledger.Posting{Cause: ledger.Cause{Kind: ledger.Earning, ID: id}, Date: calendar.Date("2026-11-22")}
	for range rapid.IntRange(1, 4).Draw(t, "pairs") {
		unit := rapid.SampledFrom([]ledger.Unit{"USD", "INR", ledger.Points}).Draw(t, "unit")
		payer := rapid.SampledFrom([]string{"", "pyr_1"}).Draw(t, "payer")
		amount := rapid.OneOf(rapid.Int64Range(-1000, 1000), rapid.Int64()).Draw(t, "amount")
		leg := func(amount int64) ledger.Leg {
			return ledger.Leg{Account: ledger.Account{Kind: rapid.SampledFrom(kinds).Draw(t, "kind"), Unit: unit, Payer: payer}, Amount: amount,
				Covered: rapid.IntRange(0, 9).Draw(t, "covered") == 0}
		}
		p.Legs = append(p.Legs, leg(amount), leg(-amount))
	}
	if rapid.IntRange(0, 5).Draw(t, "spoil") == 0 {
		p.Legs[0].Amount++
	}
	if rapid.Bool().Draw(t, "years") {
		p.Years = map[string]tax.Year{rapid.SampledFrom([]string{"x", "y"}).Draw(t, "year"): {Base: rapid.Int64Range(0, 9).Draw(t, "base"), Crossed: true}}
	}
	if rapid.Bool().Draw(t, "record") {
		p.Cause.Record, p.Cause.WasRev = &record.Key{Organization: "org_a", ID: rapid.SampledFrom([]string{"a", "b#"}).Draw(t, "id")}, 1
	}
	return p
}

// drawBook gives a book of some rows.
func drawBook(t *rapid.T) (ledger.Book, []ledger.Row) {
	b, all := book(), []ledger.Row(nil)
	for n := range rapid.IntRange(1, 8).Draw(t, "rows") {
		after, rows, err := b.Post(at().Add(time.Duration(n)), drawPosting(t, fmt.Sprint("c", n)))
		if err == nil {
			b, all = after, append(all, rows...)
		}
	}
	return b, all
}

func TestWhateverIsPostedBalances(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b, rows := drawBook(t)
		sums, units := map[ledger.Account]int64{}, map[ledger.Unit]int64{}
		for _, r := range rows {
			for _, leg := range r.Legs {
				sums[leg.Account] += leg.Amount
				units[leg.Unit] += leg.Amount
			}
		}
		for unit, sum := range units {
			if sum != 0 {
				t.Errorf("all legs of %s sum to %d", unit, sum)
			}
		}
		balances := map[ledger.Account]int64{}
		for account, head := range b.Heads {
			balances[account] = head.Balance
		}
		if diff := cmp.Diff(sums, balances, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("balances differ from the sums of legs: %s", diff)
		}
		if found := verify(rows, b); len(found) > 0 {
			t.Errorf("found %v", found)
		}
	})
}

// verify checks rows against a book, and gives what it found.
func verify(rows []ledger.Row, stored ledger.Book, bound ...ledger.Bound) (found []ledger.Finding) {
	v := ledger.NewVerifier("org_a", "mem_a", bound, func(f ledger.Finding) { found = append(found, f) })
	for _, r := range rows {
		v.Row(r)
	}
	v.Done(stored)
	return found
}
