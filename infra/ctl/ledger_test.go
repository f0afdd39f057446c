package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"leadline/shared/fault"
	"leadline/shared/ledger"
	"leadline/shared/record"
)

// bookRoom is a ledger behind the fake, to be spoilt.
type bookRoom struct {
	t     *testing.T
	books []ledger.Book
	rows  map[string][]ledger.Row
	roots []ledger.Root
	heads map[string][]ledger.HeadAt
}

func newBookRoom(t *testing.T) *bookRoom {
	b := &bookRoom{t: t, rows: map[string][]ledger.Row{}, heads: map[string][]ledger.HeadAt{}}
	for _, who := range []string{"mem_2", "mem_1"} {
		b.books = append(b.books, ledger.Book{Organization: fakeOrganization, Participant: who})
		for n := range 3 {
			b.post(who, fmt.Sprint("c", n), int64(100*(n+1)))
		}
	}
	b.seal("2026-10")
	b.post("mem_1", "later", 5)
	b.seal("2026-11")
	return b
}

func (b *bookRoom) post(who, cause string, amount int64) {
	at := slices.IndexFunc(b.books, func(one ledger.Book) bool { return one.Participant == who })
	points := ledger.Account{Kind: ledger.Owed, Unit: ledger.Points}
	given := points
	given.Kind = ledger.Cost
	after, rows, err := b.books[at].Post(time.Date(2026, 11, 22, 10, 0, 0, 7, time.UTC), ledger.Posting{Date: "2026-11-22",
		Cause: ledger.Cause{Kind: ledger.Adjustment, ID: cause, Program: "prg\x1b[2J_1", Period: "2026-10", Code: "record_changed", WasRev: 1, NowRev: 2, By: "per_1",
			Record: &record.Key{Organization: fakeOrganization, Object: "opportunity", ID: "oppo_1"}},
		Legs: []ledger.Leg{{Account: ledger.Account{Kind: ledger.Cost, Unit: "EUR", Payer: "pyr_1"}, Amount: -amount}, {Account: ledger.Account{Kind: ledger.Owed, Unit: "EUR", Payer: "pyr_1"}, Amount: amount},
			{Account: given, Amount: -1_500_000}, {Account: points, Amount: 1_500_000}}})
	if err != nil {
		b.t.Fatal(err)
	}
	b.books[at], b.rows[who] = after, append(b.rows[who], rows...)
}

func (b *bookRoom) seal(period string) {
	var heads []ledger.HeadAt
	for _, one := range b.books {
		heads = append(heads, one.HeadList()...)
	}
	last := ledger.Root{}
	if len(b.roots) > 0 {
		last = b.roots[len(b.roots)-1]
	}
	b.roots = append(b.roots, ledger.NewRoot(fakeOrganization, last, "prg_1", period, heads, time.Date(2026, 11, 22, 11, 0, 0, 0, time.UTC)))
	b.heads[strconv.Itoa(len(b.roots))] = heads
}

// of gives a book as the API does.
func (b *bookRoom) of(one ledger.Book) map[string]any {
	accounts := []map[string]any{}
	for _, h := range one.HeadList() {
		accounts = append(accounts, map[string]any{"kind": h.Kind, "unit": h.Unit, "payer": h.Payer, "seq": h.Seq, "hash": h.Hash, "balance": h.Balance, "text": amountOf(h.Balance, h.Unit)})
	}
	return map[string]any{"participant": one.Participant, "rows": one.Rows, "accounts": accounts}
}

// paged answers two items at a time.
func paged[T any](t *testing.T, r *http.Request, all []T) (int, string) {
	from, _ := strconv.Atoi(r.URL.Query().Get("cursor")) // 0 for the first page
	end := min(from+2, len(all))
	next := ""
	if end < len(all) {
		next = strconv.Itoa(end)
	}
	text, err := json.Marshal(page[T]{Items: append([]T{}, all[from:end]...), Next: next})
	if err != nil {
		t.Fatal(err)
	}
	return 200, string(text)
}

// behind has a fake answer with the ledger.
func (b *bookRoom) behind(f *fake) *fake {
	f.scripts["GET /v1/organization"] = func(*http.Request, []byte) (int, string) {
		return 200, fmt.Sprintf(`{"id":%q,"name":"Acme","created_at":"2026-11-22T10:00:00Z","quotas":{"requests_per_minute":0,"rows_per_day":0,"connections":0,"clients":0,"destinations":0,"api_keys":0,"people":0},"rev":1}`, fakeOrganization)
	}
	f.scripts["GET /v1/ledger/roots"] = func(r *http.Request, _ []byte) (int, string) {
		newest := slices.Clone(b.roots)
		slices.Reverse(newest)
		return paged(b.t, r, newest)
	}
	for number := range b.heads {
		f.scripts["GET /v1/ledger/roots/"+number+"/heads"] = func(r *http.Request, _ []byte) (int, string) {
			heads, there := b.heads[number]
			if !there {
				return problemText(fault.New(fault.NotFound, "not_found", "The list is not there."))
			}
			return paged(b.t, r, heads)
		}
	}
	f.scripts["GET /v1/ledger/books"] = func(r *http.Request, _ []byte) (int, string) {
		var books []map[string]any
		for _, one := range b.books {
			books = append(books, b.of(one))
		}
		return paged(b.t, r, books)
	}
	for n, one := range b.books {
		path := "GET /v1/ledger/participants/" + one.Participant
		f.scripts[path+"/rows"] = func(r *http.Request, _ []byte) (int, string) {
			rows := slices.Clone(b.rows[one.Participant])
			if r.URL.Query().Get("order") != "chain" {
				slices.Reverse(rows)
			}
			return paged(b.t, r, rows)
		}
		f.scripts[path+"/accounts"] = func(*http.Request, []byte) (int, string) {
			text, _ := json.Marshal(b.of(b.books[n])) // texts and numbers always encode
			return 200, string(text)
		}
	}
	return f
}

func TestLedgerVerify(t *testing.T) {
	b := newBookRoom(t)
	f := b.behind(newFake(t))
	last := b.roots[1].Hash
	out := f.run("ledger", "verify").ok(t)
	contains(t, out, "Verified 7 rows of 2 participants in 8 accounts, and 2 roots that bind 16 places", "All of it is as it was written.", "number 2, of 2026-11", last)
	contains(t, f.run("ledger", "verify", "--root", b.roots[0].Hash).ok(t), "All of it")
	var answer struct {
		Rows, Count int64
		Findings    []ledger.Finding
		Last        ledger.Root `json:"last_root"`
	}
	if err := json.Unmarshal([]byte(f.run("ledger", "verify", "--json").ok(t)), &answer); err != nil || answer.Rows != 7 || answer.Count != 0 || answer.Last.Hash != last {
		t.Errorf("as JSON: %+v, %v", answer, err)
	}
	f.run("ledger", "verify", "--root", "beef").fails(t, exitFailed, "the ledger is not as it was written: 1 findings")
	f.scripts["GET /v1/ledger/books"] = func(*http.Request, []byte) (int, string) {
		return problemText(fault.New(fault.Forbidden, "role_not_sufficient", "This needs more."))
	}
	f.run("ledger", "verify").fails(t, exitRefused, "This needs more. (403)")
}

// TestLedgerVerifyFindsWhatWasTamperedWith: what is wrong is told with its participant, account and row, and fails the command.
func TestLedgerVerifyFindsWhatWasTamperedWith(t *testing.T) {
	for name, c := range map[string]struct {
		spoil  func(*bookRoom)
		prints []string
	}{
		"an amount":      {func(b *bookRoom) { b.rows["mem_1"][1].Legs[1].Amount++ }, []string{"mem_1", "owed EUR of pyr_1", "unbalanced", "hash", "balance"}},
		"a cause":        {func(b *bookRoom) { b.rows["mem_2"][0].Cause.By = "per_\x1b[2J2" }, []string{"mem_2", "hash"}},
		"a dropped row":  {func(b *bookRoom) { b.rows["mem_1"] = slices.Delete(b.rows["mem_1"], 1, 2) }, []string{"mem_1", "number", "row 3 follows row 1"}},
		"a cut chain":    {func(b *bookRoom) { b.rows["mem_1"] = b.rows["mem_1"][:2] }, []string{"the book counts 4 rows, the last one is 2", "head"}},
		"a missing book": {func(b *bookRoom) { b.books = b.books[:1] }, []string{"no_book", "mem_1"}},
		"a missing list": {func(b *bookRoom) { delete(b.heads, "1") }, []string{"no_list"}},
		"a missing root": {func(b *bookRoom) { b.roots = b.roots[1:] }, []string{"root 2 after"}},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBookRoom(t)
			f := b.behind(newFake(t))
			c.spoil(b)
			r := f.run("ledger", "verify")
			r.fails(t, exitFailed, "the ledger is not as it was written")
			contains(t, r.stdout, c.prints...)
			if strings.Contains(r.stdout, "\x1b") || strings.Contains(r.stdout, "as it was written") {
				t.Errorf("printed %q", r.stdout)
			}
		})
	}
}

func TestLedgerShow(t *testing.T) {
	b := newBookRoom(t)
	f := b.behind(newFake(t))
	out := f.run("ledger", "show", "mem_1").ok(t)
	contains(t, out, "mem_1: 4 rows", "6.05 EUR", "-6.05 EUR", "6 points", "cost  -0.05 EUR", "owed  1.5 points", "prg·[2J_1, 2026-10, record_changed, opportunity oppo_1, rev 1 to 2, by per_1")
	if strings.Contains(out, "\x1b") || strings.Index(out, "0.05 EUR") > strings.Index(out, "3.00 EUR") {
		t.Errorf("printed %s", out)
	}
	contains(t, f.run("ledger", "show", "mem_1", "--limit", "1").ok(t), "There are more")
	var answer struct {
		Accounts ledgerAccounts
		Rows     page[ledger.Row]
	}
	if err := json.Unmarshal([]byte(f.run("ledger", "show", "mem_1", "--json").ok(t)), &answer); err != nil || len(answer.Accounts.Accounts) != 4 || len(answer.Rows.Items) != 4 {
		t.Errorf("as JSON: %+v, %v", answer, err)
	}
	b.books[1] = ledger.Book{Organization: fakeOrganization, Participant: "mem_1"}
	b.rows["mem_1"] = nil
	contains(t, f.run("ledger", "show", "mem_1").ok(t), "Nothing was posted for mem_1 yet.")
	f.run("ledger", "show", "mem_1", "--limit", "-1").fails(t, exitUsage, "--limit")
	f.run("ledger", "show").fails(t, exitUsage, "")
}
