package ledger_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"leadline/shared/fault"
	"leadline/shared/ledger"
	"leadline/shared/record"
	"leadline/shared/tax"
)

// mutations gives a way to change each field of a value and of all that it holds, by its path.
func mutations(v reflect.Value, path string) map[string]func() {
	found := map[string]func(){}
	if when, ok := v.Interface().(time.Time); ok {
		found[path] = func() { v.Set(reflect.ValueOf(when.Add(1))) }
		return found
	}
	switch v.Kind() {
	case reflect.String:
		found[path] = func() { v.SetString(v.String() + "x") }
	case reflect.Int64, reflect.Int:
		found[path] = func() { v.SetInt(v.Int() + 1) }
	case reflect.Bool:
		found[path] = func() { v.SetBool(!v.Bool()) }
	case reflect.Pointer:
		if v.IsNil() {
			found[path] = func() { v.Set(reflect.New(v.Type().Elem())) }
		} else {
			found[path] = func() { v.SetZero() }
			maps.Copy(found, mutations(v.Elem(), path))
		}
	case reflect.Struct:
		for n := range v.NumField() {
			maps.Copy(found, mutations(v.Field(n), path+"."+v.Type().Field(n).Name))
		}
	case reflect.Slice:
		found[path+" shorter"] = func() { v.SetLen(v.Len() - 1) }
		for n := range v.Len() {
			maps.Copy(found, mutations(v.Index(n), fmt.Sprint(path, n)))
		}
	case reflect.Map:
		found[path+" added"] = func() { v.Set(reflect.ValueOf(map[string]tax.Year{"new": {}})) }
		for _, key := range v.MapKeys() {
			year := reflect.New(v.Type().Elem()).Elem()
			year.Set(v.MapIndex(key))
			for at, mutate := range mutations(year, path+"."+key.String()) {
				found[at] = func() { mutate(); v.SetMapIndex(key, year) }
			}
		}
	default:
		panic("a field of a kind that is not known: " + path)
	}
	return found
}

// own gives rows that share nothing with the given ones.
func own(rows []ledger.Row) []ledger.Row {
	var copied []ledger.Row
	text, _ := json.Marshal(rows) // rows always marshal
	if err := json.Unmarshal(text, &copied); err != nil {
		panic(err)
	}
	return copied
}

// ledgerOf gives a book of rows that have everything.
func ledgerOf(t testing.TB) (ledger.Book, []ledger.Row) {
	full := move("b", 40, ledger.Owed, ledger.Transit)
	full.Legs[0].Covered = true
	full.Cause = ledger.Cause{Kind: ledger.Collected, ID: "b", Program: "p", Period: "q", In: "r", Component: "c", Record: &record.Key{Organization: "org_a", ID: "d"},
		WasRev: 1, NowRev: 2, Code: "c", Document: "d", Ref: "e", By: "f"}
	full.Years = map[string]tax.Year{"y": {Base: 1, Exempt: 2, Crossed: true, Withheld: 3, Assessed: 4, Due: "1/3"}}
	return post(t, book(), move("a", 100, ledger.Cost, ledger.Owed), full, move("c", 7, ledger.Cost, ledger.Owed))
}

func TestEveryChangeOfAFieldIsFound(t *testing.T) {
	b, rows := ledgerOf(t)
	if found := verify(own(rows), b); len(found) > 0 {
		t.Fatalf("found %v in what is right", found)
	}
	tried := 0
	for n := range rows {
		for path := range mutations(reflect.ValueOf(&rows[n]).Elem(), "row") {
			changed := own(rows)
			mutations(reflect.ValueOf(&changed[n]).Elem(), "row")[path]()
			found := verify(changed, b)
			if len(found) == 0 {
				t.Errorf("a change of %s in row %d is not found", path, n+1)
			}
			for _, f := range found {
				if f.Participant != "mem_a" || f.Code == "" || f.Detail == "" {
					t.Errorf("%s: the finding %+v does not say where", path, f)
				}
			}
			if tried++; !strings.Contains(path, "Number") && !slices.ContainsFunc(found, func(f ledger.Finding) bool { return f.Row == int64(n+1) }) {
				t.Errorf("%s: %+v do not name row %d", path, found, n+1)
			}
		}
	}
	if tried < 100 {
		t.Errorf("only %d changes were tried", tried)
	}
}

func TestAnyChangeOfAnyRowIsFound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b, rows := drawBook(t)
		if len(rows) == 0 {
			return
		}
		n := rapid.IntRange(0, len(rows)-1).Draw(t, "row")
		changed := own(rows)
		paths := mutations(reflect.ValueOf(&changed[n]).Elem(), "row")
		path := rapid.SampledFrom(slices.Sorted(maps.Keys(paths))).Draw(t, "field")
		if paths[path](); len(verify(changed, b)) == 0 {
			t.Errorf("a change of %s is not found", path)
		}
	})
}

func TestRowsThatAreNotWhereTheyWereAreFound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b, rows := drawBook(t)
		if len(rows) < 2 {
			return
		}
		n := rapid.IntRange(0, len(rows)-2).Draw(t, "row")
		for name, spoilt := range map[string][]ledger.Row{
			"dropped":      slices.Delete(own(rows), n, n+1),
			"the last one": own(rows)[:len(rows)-1],
			"swapped":      append(append(own(rows)[:n], rows[n+1], rows[n]), rows[n+2:]...),
			"doubled":      slices.Insert(own(rows), n, rows[n]),
			"inserted":     slices.Insert(own(rows), n, ledger.Row{Organization: "org_a", Participant: "mem_a", Number: rows[n].Number, Posting: move("new", 1, ledger.Cost, ledger.Owed)}),
			"added at the end": append(own(rows), ledger.Row{Organization: "org_a", Participant: "mem_a", Number: int64(len(rows) + 1),
				Posting: move("new", 0, ledger.Cost, ledger.Owed)}),
		} {
			if len(verify(spoilt, b)) == 0 {
				t.Errorf("%s: not found", name)
			}
		}
	})
}

func TestRowsThatCannotHaveBeenPosted(t *testing.T) {
	codes := func(found []ledger.Finding) (codes []string) {
		for _, f := range found {
			codes = append(codes, f.Code)
		}
		return codes
	}
	// A forger who writes all hashes anew still cannot post one cause twice, or what does not balance.
	one, first := post(t, book(), move("a", 100, ledger.Cost, ledger.Owed))
	two, second := post(t, one, move("a", 100, ledger.Cost, ledger.Owed))
	found := verify(append(first, second...), two)
	if got := codes(found); !slices.Equal(got, []string{ledger.FoundCause}) || found[0].Row != 2 {
		t.Errorf("one cause twice: %v", found)
	}
	uncovered := own(first)
	uncovered[0].Legs[0].Covered = true
	if got := codes(verify(uncovered, one)); !slices.Contains(got, ledger.FoundUncovered) {
		t.Errorf("below zero: %v", got)
	}
	lopsided := own(first)
	lopsided[0].Legs[0].Amount--
	if got := codes(verify(lopsided, one)); !slices.Contains(got, ledger.FoundUnbalanced) {
		t.Errorf("unbalanced: %v", got)
	}
	wrong := one
	wrong.Years = map[string]tax.Year{"x": {Base: 1}}
	if got := codes(verify(first, wrong)); !slices.Equal(got, []string{ledger.FoundBook}) {
		t.Errorf("years of the book: %v", got)
	}
	wrong = one
	wrong.Heads = maps.Clone(one.Heads)
	wrong.Heads[account(ledger.Paid)] = ledger.Head{Seq: 1}
	if got := codes(verify(first, wrong)); !slices.Equal(got, []string{ledger.FoundBook}) {
		t.Errorf("an account that no row has: %v", got)
	}
	// One change is told once, and not again for each row behind it.
	b, many := ledgerOf(t)
	many = own(many)
	many[0].Cause.By = "another"
	if got := codes(verify(many, b)); !slices.Equal(got, []string{ledger.FoundHash, ledger.FoundHash}) {
		t.Errorf("a change of the first row is told as %v", got)
	}
}

// stored is a ledger as it is stored, to be spoilt.
type stored struct {
	roots []ledger.Root
	lists map[int64][]ledger.HeadAt
	books map[string]ledger.Book
	rows  map[string][]ledger.Row
	// meanwhile is posted while the rows are read for the first time.
	meanwhile func()
	broken    error
}

func each[T any](all []T, err error) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for _, one := range all {
			if !yield(one, nil) {
				return
			}
		}
		if err != nil {
			var none T
			yield(none, err)
		}
	}
}

func (s *stored) Roots() iter.Seq2[ledger.Root, error] { return each(s.roots, nil) }

func (s *stored) Heads(r ledger.Root) iter.Seq2[ledger.HeadAt, error] {
	list, there := s.lists[r.Number]
	if !there {
		return each[ledger.HeadAt](nil, fault.New(fault.NotFound, "not_found", "no list"))
	}
	return each(list, nil)
}

func (s *stored) Books() iter.Seq2[ledger.Book, error] {
	return each(slices.Collect(maps.Values(maps.Clone(s.books))), nil)
}

func (s *stored) Book(participant string) (ledger.Book, error) { return s.books[participant], nil }

func (s *stored) Rows(participant string, after int64) iter.Seq2[ledger.Row, error] {
	if s.meanwhile != nil {
		s.meanwhile()
		s.meanwhile = nil
	}
	return each(own(s.rows[participant][after:]), s.broken)
}

func (s *stored) post(t *testing.T, participant string, postings ...ledger.Posting) {
	b := s.books[participant]
	b.Organization, b.Participant = "org_a", participant
	after, rows := post(t, b, postings...)
	s.books[participant], s.rows[participant] = after, append(s.rows[participant], rows...)
}

func (s *stored) seal(period string) {
	var heads []ledger.HeadAt
	for _, b := range s.books {
		heads = append(heads, b.HeadList()...)
	}
	last := ledger.Root{}
	if len(s.roots) > 0 {
		last = s.roots[len(s.roots)-1]
	}
	root := ledger.NewRoot("org_a", last, "prg_1", period, heads, at())
	s.roots, s.lists[root.Number] = append(s.roots, root), heads
}

// whole gives a ledger of three people and two roots.
func whole(t *testing.T) *stored {
	s := &stored{lists: map[int64][]ledger.HeadAt{}, books: map[string]ledger.Book{}, rows: map[string][]ledger.Row{}}
	s.post(t, "mem_b", move("a", 100, ledger.Cost, ledger.Owed), move("b", 50, ledger.Owed, ledger.Transit))
	s.post(t, "mem_a", move("a", 5, ledger.Cost, ledger.Owed))
	s.seal("2026-10")
	s.post(t, "mem_b", move("c", 7, ledger.Cost, ledger.Owed))
	s.post(t, "mem_c", move("a", 1, ledger.Cost, ledger.Owed))
	s.seal("2026-11")
	s.post(t, "mem_b", move("d", 7, ledger.Cost, ledger.Owed))
	return s
}

func (s *stored) verify(t *testing.T, noted string) (ledger.Checked, map[string]ledger.Finding) {
	found := map[string]ledger.Finding{}
	checked, err := ledger.Verify("org_a", s, noted, func(f ledger.Finding) { found[f.Code] = f }, func(ledger.Checked, int) {})
	if err != nil {
		t.Fatal(err)
	}
	return checked, found
}

func TestVerifyAWholeLedger(t *testing.T) {
	s := whole(t)
	checked, found := s.verify(t, s.roots[0].Hash)
	want := ledger.Checked{Participants: 3, Accounts: 7, Rows: 6, Roots: 2, Heads: 12, Last: s.roots[1]}
	if len(found) > 0 || checked != want {
		t.Errorf("checked %+v, want %+v; found %v", checked, want, found)
	}
	s.meanwhile = func() { s.post(t, "mem_a", move("z", 1, ledger.Cost, ledger.Owed)) }
	if _, found := s.verify(t, ""); len(found) > 0 {
		t.Errorf("what is posted while it is verified is found: %v", found)
	}
	s.broken = errors.New("unreachable")
	if _, err := ledger.Verify("org_a", s, "", func(ledger.Finding) {}, func(ledger.Checked, int) {}); !errors.Is(err, s.broken) {
		t.Errorf("rows that cannot be read: %v", err)
	}
}

func TestVerifyFindsWhatRootsBind(t *testing.T) {
	for name, test := range map[string]struct {
		spoil func(*stored)
		code  string
		root  int64
		who   string
	}{
		// All of it is written anew and agrees with itself: only the roots tell.
		"a history that was written anew": {func(s *stored) {
			delete(s.books, "mem_b")
			delete(s.rows, "mem_b")
			s.post(t, "mem_b", move("a", 99, ledger.Cost, ledger.Owed), move("b", 50, ledger.Owed, ledger.Transit), move("c", 8, ledger.Cost, ledger.Owed))
		}, ledger.FoundHead, 0, "mem_b"},
		"a chain that was cut off": {func(s *stored) {
			delete(s.books, "mem_b")
			delete(s.rows, "mem_b")
			s.post(t, "mem_b", move("a", 100, ledger.Cost, ledger.Owed), move("b", 50, ledger.Owed, ledger.Transit))
		}, ledger.FoundHead, 2, "mem_b"},
		"a book that is gone": {func(s *stored) {
			delete(s.books, "mem_c")
			delete(s.rows, "mem_c")
		}, ledger.FoundNoBook, 2, "mem_c"},
		"a list that was changed":        {func(s *stored) { s.lists[1][0].Balance++ }, ledger.FoundList, 1, ""},
		"a list that is shorter":         {func(s *stored) { s.lists[1] = s.lists[1][:1] }, ledger.FoundList, 1, ""},
		"a list in another order":        {func(s *stored) { slices.Reverse(s.lists[2]) }, ledger.FoundList, 2, ""},
		"a list that is gone":            {func(s *stored) { delete(s.lists, 2) }, ledger.FoundIncomplete, 2, ""},
		"a root that was changed":        {func(s *stored) { s.roots[0].Period = "2026-09" }, ledger.FoundRoot, 1, ""},
		"the first root is gone":         {func(s *stored) { s.roots = s.roots[1:] }, ledger.FoundRoot, 2, ""},
		"a root of another organization": {func(s *stored) { s.roots[1].Organization = "org_b" }, ledger.FoundElsewhere, 2, ""},
		"roots that were made anew": {func(s *stored) {
			s.roots, s.lists = nil, map[int64][]ledger.HeadAt{}
			s.seal("2026-11")
		}, ledger.FoundNotNoted, 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := whole(t)
			noted := s.roots[1].Hash
			test.spoil(s)
			_, found := s.verify(t, noted)
			f, there := found[test.code]
			if !there || test.root != 0 && f.Root != test.root || f.Participant != test.who && test.who != "" {
				t.Errorf("found %+v, want %s at root %d", found, test.code, test.root)
			}
		})
	}
}

func BenchmarkVerifier(b *testing.B) {
	_, rows := post(b, book(), move("a", 100, ledger.Cost, ledger.Owed))
	v := ledger.NewVerifier("org_a", "mem_a", nil, func(ledger.Finding) {})
	b.ReportAllocs()
	for b.Loop() {
		v.Row(rows[0])
	}
}
