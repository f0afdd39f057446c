package ledger

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"slices"
	"strings"
	"time"
)

// Compare orders heads as they stand in a list: by participant, kind, unit and payer, each by its bytes.
func (h HeadAt) Compare(other HeadAt) int {
	return cmp.Or(strings.Compare(h.Participant, other.Participant), h.Account.Compare(other.Account))
}

// Compare orders accounts by kind, unit and payer, each by its bytes.
func (a Account) Compare(other Account) int {
	return cmp.Or(strings.Compare(string(a.Kind), string(other.Kind)), strings.Compare(string(a.Unit), string(other.Unit)),
		strings.Compare(a.Payer, other.Payer))
}

// HeadList gives the heads of a book in the order of a list.
func (b Book) HeadList() []HeadAt {
	heads := make([]HeadAt, 0, len(b.Heads))
	for account, head := range b.Heads {
		heads = append(heads, HeadAt{Participant: b.Participant, Account: account, Head: head})
	}
	slices.SortFunc(heads, HeadAt.Compare)
	return heads
}

// ListHash sums a list of heads as they come. Its zero value is the empty list.
type ListHash struct {
	sum hash.Hash
	e   encoder
}

// Add adds the next head.
func (l *ListHash) Add(h HeadAt) {
	l.start()
	l.e.bytes = l.e.bytes[:0]
	l.e.head(h)
	_, _ = l.sum.Write(l.e.bytes) // a hash takes everything
}

// Sum gives the hash of the heads that were added.
func (l *ListHash) Sum() string {
	l.start()
	return hex.EncodeToString(l.sum.Sum(nil))
}

func (l *ListHash) start() {
	if l.sum == nil {
		l.sum = sha256.New()
		l.e.begin(listFormat)
		_, _ = l.sum.Write(l.e.bytes)
	}
}

// NewRoot makes the root that follows previous (its zero value: the first of the organization), over heads, which it puts in
// their order.
func NewRoot(organization string, previous Root, program, period string, heads []HeadAt, at time.Time) Root {
	slices.SortFunc(heads, HeadAt.Compare)
	var list ListHash
	for _, h := range heads {
		list.Add(h)
	}
	return Root{Organization: organization, Program: program, Period: period, Accounts: len(heads), List: list.Sum(), At: at.UTC().Round(0)}.After(previous)
}

// After gives the root as the one that follows previous, with its number and hash.
func (r Root) After(previous Root) Root {
	r.Number, r.Previous = previous.Number+1, previous.Hash
	var e encoder
	r.Hash = hexOf(e.root(r))
	return r
}
