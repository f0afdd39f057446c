package store

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"

	"leadline/shared/fault"
)

// MaxLimit is the most items that a page may ask for.
const MaxLimit = 1000

// MaxLookedAt is the most items that are looked at for one page of a list with a filter.
const MaxLookedAt = 1000

// The codes of the faults that callers tell apart.
const (
	// CodeTooLarge: what should be stored does not fit.
	CodeTooLarge = "too_large"
	// CodeTaken: the id of what should be created belongs to something else.
	CodeTaken = "taken"
	// CodeReceiptTaken: a receipt of the Idempotency-Key is stored already.
	CodeReceiptTaken = "receipt_taken"
	// CodeStale: what should be replaced has changed since it was read.
	CodeStale = "stale"
	// CodeInvalidCursor: the cursor was not given out by this list.
	CodeInvalidCursor = "invalid_cursor"
)

const cursorFormat = 1

// Next makes the cursor of an implementation: list names the list and everything that selects its items, position is
// where the next page begins. It protects against mistakes, not against forgery: what leaves the system is signed by
// the API.
func Next(list []string, position ...string) string {
	raw := append([]byte{cursorFormat}, fingerprint(list)...)
	for _, part := range position {
		raw = appendPart(raw, part)
	}
	return base64.RawURLEncoding.EncodeToString(raw)
}

// Position checks the page and gives the position in its cursor, which has the stated number of parts, or nil for the
// first page. A cursor of another list, and one that is none, is Invalid.
func (p Page) Position(list []string, parts int) ([]string, error) {
	if err := checkLimit(p.Limit); err != nil {
		return nil, err
	}
	if p.Cursor == "" {
		return nil, nil
	}
	invalid := fault.New(fault.Invalid, CodeInvalidCursor, "the cursor was not given out by this list")
	raw, err := base64.RawURLEncoding.Strict().DecodeString(p.Cursor)
	if err != nil {
		return nil, invalid
	}
	raw, found := bytes.CutPrefix(raw, append([]byte{cursorFormat}, fingerprint(list)...))
	if !found {
		return nil, invalid
	}
	position := make([]string, 0, parts)
	for len(raw) > 0 {
		n, width := binary.Uvarint(raw)
		if width <= 0 || n > uint64(len(raw)-width) {
			return nil, invalid
		}
		end := width + int(n)
		position = append(position, string(raw[width:end]))
		raw = raw[end:]
	}
	if len(position) != parts {
		return nil, invalid
	}
	return position, nil
}

func checkLimit(limit int) error {
	if limit < 1 || limit > MaxLimit {
		return fault.New(fault.Invalid, "invalid_limit", "the limit must be from 1 to %d", MaxLimit)
	}
	return nil
}

func fingerprint(list []string) []byte {
	var raw []byte
	for _, part := range list {
		raw = appendPart(raw, part)
	}
	sum := sha256.Sum256(raw)
	return sum[:8]
}

func appendPart(raw []byte, part string) []byte {
	return append(binary.AppendUvarint(raw, uint64(len(part))), part...)
}
