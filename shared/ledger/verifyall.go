package ledger

import (
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"

	"leadline/shared/fault"
)

// Source is a whole ledger of an organization, as it is stored. A sequence ends with its first error.
type Source interface {
	// Roots gives the roots, from number 1.
	Roots() iter.Seq2[Root, error]
	// Heads gives the list of a root's heads in its order; NotFound, as the only error, if there is none.
	Heads(Root) iter.Seq2[HeadAt, error]
	// Books gives all books, in any order. They are held in memory: some 300 bytes for each account.
	Books() iter.Seq2[Book, error]
	// Book reads one anew.
	Book(participant string) (Book, error)
	// Rows gives those of a participant by number, behind the number after.
	Rows(participant string, after int64) iter.Seq2[Row, error]
}

// Checked counts what was checked, and found.
type Checked struct {
	Participants, Accounts, Rows, Roots, Heads, Findings int64
	// Last is the last root; its zero value without any. Who notes its hash elsewhere can have it looked for later.
	Last Root
}

// Verify checks all of a ledger: the chain of roots and their lists, the rows of every participant with all their chains, and that
// what roots bind is in the chains. noted is the hash of a root that was noted before, empty for none. It reads lists and rows as
// they come, the lists of all roots side by side. progress is called after each participant. What cannot be read is an error,
// what is wrong a finding.
func Verify(organization string, source Source, noted string, found func(Finding), progress func(done Checked, of int)) (Checked, error) {
	a := &auditor{organization: organization, source: source}
	a.found = func(f Finding) {
		a.done.Findings++
		found(f)
	}
	defer a.stop()
	if err := a.roots(noted); err != nil {
		return a.done, err
	}
	var books []Book
	for b, err := range source.Books() {
		if err != nil {
			return a.done, err
		}
		books = append(books, b)
	}
	slices.SortFunc(books, func(x, y Book) int { return strings.Compare(x.Participant, y.Participant) })
	for _, b := range books {
		if err := a.book(b); err != nil {
			return a.done, err
		}
		progress(a.done, len(books))
	}
	// What is left in the lists is of participants who have no book.
	return a.done, a.pass(func(string) bool { return true })
}

// auditor is a verification under way.
type auditor struct {
	organization string
	source       Source
	found        func(Finding)
	lists        []*listReader
	done         Checked
}

// roots checks the chain of roots and begins to read their lists.
func (a *auditor) roots(noted string) error {
	var last Root
	seen := noted == ""
	for r, err := range a.source.Roots() {
		if err != nil {
			return err
		}
		a.checkRoot(r, last)
		last, seen = r, seen || r.Hash == noted
		a.done.Roots++
		l := &listReader{root: r, found: a.found}
		l.pull, l.stop = iter.Pull2(a.source.Heads(r))
		a.lists = append(a.lists, l)
		if err := l.next(); err != nil {
			return err
		}
	}
	if a.done.Last = last; !seen {
		a.found(Finding{Code: FoundNotNoted, Detail: fmt.Sprintf("no root has the hash %s", noted)})
	}
	return nil
}

func (a *auditor) checkRoot(r, before Root) {
	say := func(code, format string, args ...any) {
		a.found(Finding{Root: r.Number, Code: code, Detail: fmt.Sprintf(format, args...)})
	}
	if r.Organization != a.organization {
		say(FoundElsewhere, "the root belongs to %q", r.Organization)
	}
	if r.Number != before.Number+1 || r.Previous != before.Hash {
		say(FoundRoot, "root %d after %s follows root %d, %s", r.Number, short(r.Previous), before.Number, short(before.Hash))
	}
	var e encoder
	if !isHex(r.Hash, e.root(r)) {
		say(FoundRoot, "the root is not the one that %s is the hash of", short(r.Hash))
	}
}

// book checks a participant.
func (a *auditor) book(b Book) error {
	if err := a.pass(func(participant string) bool { return participant < b.Participant }); err != nil {
		return err
	}
	var bound []Bound
	for _, l := range a.lists {
		for l.head != nil && l.head.Participant == b.Participant {
			bound = append(bound, Bound{l.root.Number, *l.head})
			if err := l.next(); err != nil {
				return err
			}
			a.done.Heads++
		}
	}
	v := NewVerifier(a.organization, b.Participant, bound, a.found)
	b, err := a.rows(v, b)
	if err != nil {
		return err
	}
	a.done.Rows += v.Done(b)
	a.done.Participants++
	a.done.Accounts += int64(len(b.Heads))
	return nil
}

// rows reads the rows of a book, and gives the book that goes with them: people may be posting meanwhile.
func (a *auditor) rows(v *Verifier, b Book) (Book, error) {
	for {
		for r, err := range a.source.Rows(b.Participant, v.book.Rows) {
			if err != nil {
				return b, err
			}
			v.Row(r)
		}
		if v.book.Rows <= b.Rows {
			return b, nil
		}
		var err error
		if b, err = a.source.Book(b.Participant); err != nil || b.Rows <= v.book.Rows {
			return b, err
		}
	}
}

// pass tells of all next heads whose participant is passed by: there is no book of them.
func (a *auditor) pass(by func(participant string) bool) error {
	for _, l := range a.lists {
		for l.head != nil && by(l.head.Participant) {
			account := l.head.Account
			a.found(Finding{Participant: l.head.Participant, Account: &account, Root: l.root.Number, Code: FoundNoBook,
				Detail: fmt.Sprintf("root %d binds %d: %s with %d, and the participant has no book", l.root.Number, l.head.Seq, short(l.head.Hash), l.head.Balance)})
			if err := l.next(); err != nil {
				return err
			}
			a.done.Heads++
		}
	}
	return nil
}

func (a *auditor) stop() {
	for _, l := range a.lists {
		l.stop()
	}
}

// listReader reads the list of a root, and checks it.
type listReader struct {
	root  Root
	pull  func() (HeadAt, error, bool)
	stop  func()
	found func(Finding)
	head  *HeadAt // the next one; nil behind the last
	count int
	hash  ListHash
}

// next goes to the next head. At the end it compares with the root.
func (l *listReader) next() error {
	head, err, more := l.pull()
	switch {
	case more && fault.Is(err, fault.NotFound) && l.count == 0:
		l.head = nil
		l.found(Finding{Root: l.root.Number, Code: FoundIncomplete, Detail: "the list of heads of the root is not there"})
		return nil
	case more && err != nil && err != io.EOF:
		return err
	case !more:
		l.head = nil
		if l.count != l.root.Accounts || l.hash.Sum() != l.root.List {
			l.found(Finding{Root: l.root.Number, Code: FoundList,
				Detail: fmt.Sprintf("the list of %d heads is not the one of %d that %s is the hash of", l.count, l.root.Accounts, short(l.root.List))})
		}
		return nil
	}
	if l.head != nil && head.Compare(*l.head) <= 0 {
		l.found(Finding{Participant: head.Participant, Account: &head.Account, Root: l.root.Number, Code: FoundList, Detail: "the list is not in its order"})
	}
	l.head = &head
	l.count++
	l.hash.Add(head)
	return nil
}
