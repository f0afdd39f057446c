package ledger

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"maps"
	"slices"

	"leadline/shared/tax"
)

// What is hashed, format 1. A text is its length in bytes (an unsigned varint, as in encoding/binary) and its bytes in UTF-8; a
// number is 8 bytes, two's complement, the highest first; a flag is one byte, 0 or 1; a list is its length as a number and its
// elements. A hash is the SHA-256 of such values one after the other, as 64 hexadecimal digits in lower case. As every value
// tells where it ends and the values come in a fixed order, different rows never give the same bytes.
//
//	digest of a row:  text "leadline ledger row 1", organization, participant, number,
//	                  at (seconds since 1970, and the nanoseconds above them),
//	                  cause (kind, id, program, period, in, component; a flag whether there is a record, and if so its organization,
//	                  connection, object and id; was_rev, now_rev, code, document, ref, by), date,
//	                  list of legs (kind, unit, payer, amount, flag covered),
//	                  list of years by their key (key, base, exempt, flag crossed, withheld, assessed, due)
//	hash of a link:   text "leadline ledger link 1", the 32 bytes of the row's digest, place of the leg in the row from 0, seq,
//	                  previous, balance
//	hash of a list:   text "leadline ledger list 1", and of each head in order participant, kind, unit, payer, seq, hash, balance
//	hash of a root:   text "leadline ledger root 1", organization, number, program, period, accounts, list, previous, at
//
// A link's hash holds its whole row and the link before in its account, so all rows before it. It does not hold the other links
// of its row, so that one row may have two legs of one account.
const (
	rowFormat  = "leadline ledger row 1"
	linkFormat = "leadline ledger link 1"
	listFormat = "leadline ledger list 1"
	rootFormat = "leadline ledger root 1"
)

// encoder writes what is hashed. It is used again and again, for a chain is a million rows.
type encoder struct {
	bytes []byte
	keys  []string
}

func (e *encoder) begin(format string) {
	e.bytes = e.bytes[:0]
	e.text(format)
}

func (e *encoder) text(s string) {
	e.bytes = binary.AppendUvarint(e.bytes, uint64(len(s)))
	e.bytes = append(e.bytes, s...)
}

func (e *encoder) number(n int64) { e.bytes = binary.BigEndian.AppendUint64(e.bytes, uint64(n)) }

func (e *encoder) flag(is bool) {
	if is {
		e.bytes = append(e.bytes, 1)
	} else {
		e.bytes = append(e.bytes, 0)
	}
}

func (e *encoder) account(a Account) {
	e.text(string(a.Kind))
	e.text(string(a.Unit))
	e.text(a.Payer)
}

func (e *encoder) cause(c Cause) {
	e.text(string(c.Kind))
	e.text(c.ID)
	e.text(c.Program)
	e.text(c.Period)
	e.text(c.In)
	e.text(c.Component)
	e.flag(c.Record != nil)
	if c.Record != nil {
		e.text(c.Record.Organization)
		e.text(c.Record.Connection)
		e.text(c.Record.Object)
		e.text(c.Record.ID)
	}
	e.number(c.WasRev)
	e.number(c.NowRev)
	e.text(c.Code)
	e.text(c.Document)
	e.text(c.Ref)
	e.text(c.By)
}

func (e *encoder) years(years map[string]tax.Year) {
	e.number(int64(len(years)))
	if len(years) == 0 {
		return
	}
	e.keys = slices.AppendSeq(e.keys[:0], maps.Keys(years))
	slices.Sort(e.keys)
	for _, key := range e.keys {
		y := years[key]
		e.text(key)
		e.number(y.Base)
		e.number(y.Exempt)
		e.flag(y.Crossed)
		e.number(y.Withheld)
		e.number(y.Assessed)
		e.text(y.Due)
	}
}

// digest gives that of a row: everything but its chain.
func (e *encoder) digest(r *Row) [sha256.Size]byte {
	e.begin(rowFormat)
	e.text(r.Organization)
	e.text(r.Participant)
	e.number(r.Number)
	e.number(r.At.Unix())
	e.number(int64(r.At.Nanosecond()))
	e.cause(r.Cause)
	e.text(string(r.Date))
	e.number(int64(len(r.Legs)))
	for _, l := range r.Legs {
		e.account(l.Account)
		e.number(l.Amount)
		e.flag(l.Covered)
	}
	e.years(r.Years)
	return sha256.Sum256(e.bytes)
}

// link gives the hash of a link of a row with that digest; its Hash does not count.
func (e *encoder) link(digest [sha256.Size]byte, place int, l Link) [sha256.Size]byte {
	e.begin(linkFormat)
	e.bytes = append(e.bytes, digest[:]...)
	e.number(int64(place))
	e.number(l.Seq)
	e.text(l.Previous)
	e.number(l.Balance)
	return sha256.Sum256(e.bytes)
}

// root gives the hash of a root; its Hash does not count.
func (e *encoder) root(r Root) [sha256.Size]byte {
	e.begin(rootFormat)
	e.text(r.Organization)
	e.number(r.Number)
	e.text(r.Program)
	e.text(r.Period)
	e.number(int64(r.Accounts))
	e.text(r.List)
	e.text(r.Previous)
	e.number(r.At.Unix())
	e.number(int64(r.At.Nanosecond()))
	return sha256.Sum256(e.bytes)
}

// head appends a head of a list.
func (e *encoder) head(h HeadAt) {
	e.text(h.Participant)
	e.account(h.Account)
	e.number(h.Seq)
	e.text(h.Hash)
	e.number(h.Balance)
}

func hexOf(sum [sha256.Size]byte) string { return hex.EncodeToString(sum[:]) }

// isHex tells whether a text is the hex of a sum, without making one.
func isHex(text string, sum [sha256.Size]byte) bool {
	var digits [2 * sha256.Size]byte
	hex.Encode(digits[:], sum[:])
	return text == string(digits[:])
}
