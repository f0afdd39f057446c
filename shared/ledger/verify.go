package ledger

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"

	"leadline/shared/tax"
)

// Finding is something that is not as it was written, or cannot have been written.
type Finding struct {
	Participant string   `json:"participant,omitempty"`
	Account     *Account `json:"account,omitempty"` // nil where it concerns no single one
	Row         int64    `json:"row,omitempty"`     // number of the row; 0 where it concerns none
	Root        int64    `json:"root,omitempty"`    // number of the root; 0 where it concerns none
	Code        string   `json:"code"`
	Detail      string   `json:"detail"`
}

// The codes of findings.
const (
	FoundElsewhere  = "elsewhere"  // a row or root of another organization or participant
	FoundNumber     = "number"     // rows are missing, doubled, inserted or out of order
	FoundShape      = "shape"      // a row has not one link for each leg
	FoundHash       = "hash"       // a row is not what its hash says: it was changed
	FoundChain      = "chain"      // a link does not follow the one before in its account
	FoundBalance    = "balance"    // a balance is not the one before and the leg
	FoundUnbalanced = "unbalanced" // the legs of a row do not sum to zero
	FoundUncovered  = "uncovered"  // an account is below zero that a leg wants covered
	FoundCause      = "cause"      // two rows have one cause
	FoundBook       = "book"       // the book says otherwise than its rows
	FoundRoot       = "root"       // a root does not follow the one before, or is not what its hash says
	FoundList       = "list"       // a list of heads is not that of its root, or not in order
	FoundHead       = "head"       // a head that a root binds is not the chain's there: rows before it were changed or dropped
	FoundNoBook     = "no_book"    // a root binds a participant of whom there is no book
	FoundNotNoted   = "not_noted"  // the chain of roots does not have a hash that was noted elsewhere
	FoundIncomplete = "no_list"    // the list of a root is not there
)

// Bound is a head that a root binds.
type Bound struct {
	Root int64
	HeadAt
}

// Verifier checks one participant's rows as they come, in the order of their numbers. It needs 24 bytes for each row, to tell
// causes that come twice, and nothing else that grows with the rows. After a finding it goes on with what the row says, so that
// one change is not told again for each row behind it.
type Verifier struct {
	// Found is called with each finding.
	found func(Finding)
	book  Book // as the rows have it
	bound map[Account][]Bound
	// causes are those of all rows, in their order.
	causes []causeAt
	e      encoder
}

// causeAt is the beginning of the hash of a cause's id, and the row that has it.
type causeAt struct {
	sum [16]byte
	row int64
}

// NewVerifier begins with a participant. bound is what roots bind of the participant; found is called with each finding.
func NewVerifier(organization, participant string, bound []Bound, found func(Finding)) *Verifier {
	v := &Verifier{found: found, book: Book{Organization: organization, Participant: participant, Heads: map[Account]Head{}}, bound: map[Account][]Bound{}}
	for _, b := range bound {
		v.bound[b.Account] = append(v.bound[b.Account], b)
	}
	for _, list := range v.bound {
		slices.SortFunc(list, func(a, b Bound) int { return cmp.Or(cmp.Compare(a.Seq, b.Seq), cmp.Compare(a.Root, b.Root)) })
	}
	return v
}

// Row checks the next row.
func (v *Verifier) Row(r Row) {
	b := &v.book
	if r.Organization != b.Organization || r.Participant != b.Participant {
		v.say(r.Number, nil, FoundElsewhere, "the row belongs to %q of %q", r.Participant, r.Organization)
	}
	if r.Number != b.Rows+1 {
		v.say(r.Number, nil, FoundNumber, "row %d follows row %d", r.Number, b.Rows)
	}
	b.Rows = r.Number
	sum := sha256.Sum256([]byte(r.Cause.ID))
	v.causes = append(v.causes, causeAt{[16]byte(sum[:16]), r.Number})
	if len(r.Chain) != len(r.Legs) {
		v.say(r.Number, nil, FoundShape, "the row has %d legs and %d links", len(r.Legs), len(r.Chain))
	}
	if err := r.balances(); err != nil {
		v.say(r.Number, nil, FoundUnbalanced, "%s", err)
	}
	digest := v.e.digest(&r)
	for n := range min(len(r.Legs), len(r.Chain)) {
		v.link(&r, n, digest)
	}
	for n := range r.Legs {
		if leg := &r.Legs[n]; leg.Covered && b.Heads[leg.Account].Balance < 0 {
			v.say(r.Number, &leg.Account, FoundUncovered, "the balance is %d, and must not be below zero", b.Heads[leg.Account].Balance)
		}
	}
	if b.Years == nil && len(r.Years) > 0 {
		b.Years = map[string]tax.Year{}
	}
	maps.Copy(b.Years, r.Years)
}

// link checks the place of a leg in its account.
func (v *Verifier) link(r *Row, n int, digest [sha256.Size]byte) {
	leg, l := &r.Legs[n], r.Chain[n]
	head := v.book.Heads[leg.Account]
	if l.Seq != head.Seq+1 || l.Previous != head.Hash {
		v.say(r.Number, &leg.Account, FoundChain, "link %d after %s follows link %d, %s", l.Seq, short(l.Previous), head.Seq, short(head.Hash))
	}
	if balance, fits := plus(head.Balance, leg.Amount); !fits || balance != l.Balance {
		v.say(r.Number, &leg.Account, FoundBalance, "%d and %d are not %d", head.Balance, leg.Amount, l.Balance)
	}
	if !isHex(l.Hash, v.e.link(digest, n, l)) {
		v.say(r.Number, &leg.Account, FoundHash, "the row is not the one that %s is the hash of", short(l.Hash))
	}
	head = Head{Seq: l.Seq, Hash: l.Hash, Balance: l.Balance}
	v.book.Heads[leg.Account] = head
	bound := v.bound[leg.Account]
	for len(bound) > 0 && bound[0].Seq <= l.Seq {
		if bound[0].Head != head {
			v.unbound(bound[0], fmt.Sprintf("the chain has %d: %s with %d", l.Seq, short(l.Hash), l.Balance), r.Number)
		}
		bound = bound[1:]
	}
	if len(bound) > 0 {
		v.bound[leg.Account] = bound
	} else {
		delete(v.bound, leg.Account)
	}
}

// unbound tells of a head that a root binds and the chain does not have.
func (v *Verifier) unbound(b Bound, instead string, row int64) {
	account := b.Account
	v.found(Finding{Participant: v.book.Participant, Account: &account, Row: row, Root: b.Root, Code: FoundHead,
		Detail: fmt.Sprintf("root %d binds %d: %s with %d; %s", b.Root, b.Seq, short(b.Hash), b.Balance, instead)})
}

// Done ends the rows, and compares with the book as it is stored. It gives how many rows there were.
func (v *Verifier) Done(stored Book) (rows int64) {
	v.doubles()
	if stored.Organization != v.book.Organization || stored.Participant != v.book.Participant {
		v.say(0, nil, FoundElsewhere, "the book belongs to %q of %q", stored.Participant, stored.Organization)
	}
	if stored.Rows != v.book.Rows {
		v.say(min(stored.Rows, v.book.Rows)+1, nil, FoundBook, "the book counts %d rows, the last one is %d", stored.Rows, v.book.Rows)
	}
	for _, list := range slices.SortedFunc(maps.Keys(v.bound), Account.Compare) {
		for _, b := range v.bound[list] {
			v.unbound(b, fmt.Sprintf("the chain ends at %d", v.book.Heads[b.Account].Seq), 0)
		}
	}
	accounts := map[Account]bool{}
	for account := range v.book.Heads {
		accounts[account] = true
	}
	for account := range stored.Heads {
		accounts[account] = true
	}
	for _, account := range slices.SortedFunc(maps.Keys(accounts), Account.Compare) {
		if has, is := stored.Heads[account], v.book.Heads[account]; has != is {
			v.say(0, &account, FoundBook, "the book has %d: %s with %d, the rows come to %d: %s with %d", has.Seq, short(has.Hash), has.Balance,
				is.Seq, short(is.Hash), is.Balance)
		}
	}
	if !maps.Equal(stored.Years, v.book.Years) {
		v.say(0, nil, FoundBook, "the book's tax years are not those of the rows")
	}
	return int64(len(v.causes))
}

// doubles tells of causes that several rows have.
func (v *Verifier) doubles() {
	slices.SortFunc(v.causes, func(a, b causeAt) int { return cmp.Or(slices.Compare(a.sum[:], b.sum[:]), cmp.Compare(a.row, b.row)) })
	for n := 1; n < len(v.causes); n++ {
		if v.causes[n].sum == v.causes[n-1].sum {
			v.say(v.causes[n].row, nil, FoundCause, "rows %d and %d have one cause", v.causes[n-1].row, v.causes[n].row)
		}
	}
}

func (v *Verifier) say(row int64, account *Account, code, format string, args ...any) {
	if account != nil {
		own := *account
		account = &own
	}
	v.found(Finding{Participant: v.book.Participant, Account: account, Row: row, Code: code, Detail: fmt.Sprintf(format, args...)})
}

// short gives the beginning of a hash, for people.
func short(hash string) string {
	switch {
	case hash == "":
		return "nothing"
	case len(hash) > 12:
		return hash[:12] + "..."
	}
	return hash
}
