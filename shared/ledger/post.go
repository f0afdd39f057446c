package ledger

import (
	"maps"
	"slices"
	"time"
	"unicode/utf8"

	"leadline/shared/fault"
	"leadline/shared/tax"
)

// The codes of postings that cannot be, besides those of the package.
const (
	CodeOverflow    = "overflow"     // Invalid: an amount or balance is beyond what 64 bits hold
	CodeInvalidText = "invalid_text" // Invalid: an id or code is no UTF-8, or one that must be there is empty
)

// Post adds postings, in their order, and gives the book as it is afterwards, of Rev one more, and the rows. The book itself stays
// as it is. All are added or none; without postings the book is given back as it is. It refuses legs that do not sum to zero in
// each unit (CodeUnbalanced), an account below zero that a leg wants covered (CodeNotCovered), two postings of one cause
// (CodePosted; it cannot know what other rows have), CodeOverflow and CodeInvalidText.
func (b Book) Post(at time.Time, postings ...Posting) (Book, []Row, error) {
	if len(postings) == 0 {
		return b, nil, nil
	}
	after := b
	after.Heads, after.Years = maps.Clone(b.Heads), maps.Clone(b.Years)
	if after.Heads == nil {
		after.Heads = map[Account]Head{}
	}
	var e encoder
	rows, causes := make([]Row, 0, len(postings)), make(map[string]bool, len(postings))
	for _, p := range postings {
		if err := p.check(); err != nil {
			return Book{}, nil, err
		}
		if causes[p.Cause.ID] {
			return Book{}, nil, fault.New(fault.Conflict, CodePosted, "The cause %q is to be posted twice.", p.Cause.ID)
		}
		causes[p.Cause.ID] = true
		row, err := after.add(&e, at.UTC().Round(0), p)
		if err != nil {
			return Book{}, nil, err
		}
		rows = append(rows, row)
	}
	after.Rev++
	return after, rows, nil
}

// add adds one posting to the book itself.
func (b *Book) add(e *encoder, at time.Time, p Posting) (Row, error) {
	p.Legs, p.Years = slices.Clone(p.Legs), maps.Clone(p.Years)
	if p.Cause.Record != nil {
		key := *p.Cause.Record
		p.Cause.Record = &key
	}
	row := Row{Organization: b.Organization, Participant: b.Participant, Number: b.Rows + 1, At: at, Posting: p, Chain: make([]Link, len(p.Legs))}
	digest := e.digest(&row)
	for n, leg := range p.Legs {
		head := b.Heads[leg.Account]
		balance, fits := plus(head.Balance, leg.Amount)
		if !fits {
			return Row{}, fault.New(fault.Invalid, CodeOverflow, "The account %s of %s would be beyond what the ledger can count.", leg.Kind, leg.Unit)
		}
		l := Link{Seq: head.Seq + 1, Previous: head.Hash, Balance: balance}
		l.Hash = hexOf(e.link(digest, n, l))
		row.Chain[n] = l
		b.Heads[leg.Account] = Head{Seq: l.Seq, Hash: l.Hash, Balance: l.Balance}
	}
	for _, leg := range p.Legs {
		if balance := b.Heads[leg.Account].Balance; leg.Covered && balance < 0 {
			return Row{}, fault.New(fault.Conflict, CodeNotCovered, "The account %s of %s would be at %d, and must not be below zero. Take less.",
				leg.Kind, leg.Unit, balance)
		}
	}
	b.Rows++
	if b.Years == nil && len(p.Years) > 0 {
		b.Years = map[string]tax.Year{}
	}
	maps.Copy(b.Years, p.Years)
	return row, nil
}

// check refuses a posting that no book takes.
func (p Posting) check() error {
	if p.Cause.ID == "" || p.Cause.Kind == "" {
		return fault.New(fault.Invalid, CodeInvalidText, "A posting names no cause: it needs a kind and an id.")
	}
	c := p.Cause
	texts := []string{string(c.Kind), c.ID, c.Program, c.Period, c.In, c.Component, c.Code, c.Document, c.Ref, c.By, string(p.Date)}
	if c.Record != nil {
		texts = append(texts, c.Record.Organization, c.Record.Connection, c.Record.Object, c.Record.ID)
	}
	for _, leg := range p.Legs {
		if leg.Kind == "" || leg.Unit == "" {
			return fault.New(fault.Invalid, CodeInvalidText, "A leg of %q names no account: it needs a kind and a unit.", c.ID)
		}
		texts = append(texts, string(leg.Kind), string(leg.Unit), leg.Payer)
	}
	texts = slices.AppendSeq(texts, maps.Keys(p.Years))
	for _, text := range texts {
		// What is no UTF-8 does not come back from a store as it was, and would look like a forgery.
		if !utf8.ValidString(text) {
			return fault.New(fault.Invalid, CodeInvalidText, "The posting %q holds %q, which is not UTF-8.", c.ID, text)
		}
	}
	return p.balances()
}

// balances refuses legs that do not sum to zero in each unit.
func (p Posting) balances() error {
	if len(p.Legs) == 0 {
		return fault.New(fault.Internal, CodeUnbalanced, "The posting %q has no legs.", p.Cause.ID)
	}
	for n, leg := range p.Legs {
		if slices.ContainsFunc(p.Legs[:n], func(before Leg) bool { return before.Unit == leg.Unit }) {
			continue // its unit was summed with the first leg of it
		}
		sum := int64(0)
		for _, other := range p.Legs[n:] {
			if other.Unit != leg.Unit {
				continue
			}
			fits := false
			if sum, fits = plus(sum, other.Amount); !fits {
				return fault.New(fault.Invalid, CodeOverflow, "The legs of %q are beyond what the ledger can count.", p.Cause.ID)
			}
		}
		if sum != 0 {
			return fault.New(fault.Internal, CodeUnbalanced, "The legs of %q sum to %d %s, not to zero.", p.Cause.ID, sum, leg.Unit)
		}
	}
	return nil
}

// plus adds, and tells whether the sum fits.
func plus(a, b int64) (sum int64, fits bool) {
	sum = a + b
	return sum, (sum > a) == (b > 0) || b == 0
}
