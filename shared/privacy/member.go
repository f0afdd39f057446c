package privacy

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"

	"github.com/klauspost/compress/flate"

	"leadline/shared/push"
)

// erasedMark stands where something was erased: for a payload, or for a row of one.
const erasedMark = `{"erased":true}`

// isErased tells whether a body, or a row, was erased. Where there was no room for the mark, there is less.
func isErased(body []byte) bool {
	return string(body) == erasedMark || string(body) == "{}" || len(body) == 0
}

// The parts of a gzip member that has length bytes whatever is in it.
//
// https://www.rfc-editor.org/rfc/rfc1952
const (
	headerBytes  = 10
	trailerBytes = 8
	// emptyBytes is the length of the shortest member, which unpacks to nothing.
	emptyBytes = headerBytes + 2 + trailerBytes
	// A comment of up to maxComment bytes with the zero behind it, or an extra field with its length, of one subfield with
	// a header, fills a member up. Readers take comments of less than 512 bytes.
	maxComment    = 255
	subfieldBytes = 4
	maxExtra      = 2 + 0xffff
)

// fitted gives gzip members that unpack to body and have the given length together; nil if it is too short for that.
func fitted(body []byte, length int) ([]byte, error) {
	packed, err := deflate(body)
	if err != nil {
		return nil, err
	}
	room := length - headerBytes - len(packed) - trailerBytes
	if room < 0 {
		return nil, nil
	}
	fill, rest := share(room, maxExtra)
	out := appendMember(make([]byte, 0, length), packed, body, fill)
	nothing, err := deflate(nil)
	if err != nil {
		return nil, err
	}
	for rest > 0 {
		fill, rest = share(rest, emptyBytes+maxExtra)
		out = appendMember(out, nothing, nil, fill-emptyBytes)
	}
	return out, nil
}

// share cuts a first piece of at most limit bytes off, so that what is left is nothing or room for another member.
func share(bytes, limit int) (first, rest int) {
	first = min(bytes, limit)
	if rest = bytes - first; rest > 0 && rest < emptyBytes {
		first, rest = first-emptyBytes, rest+emptyBytes
	}
	return first, rest
}

func deflate(body []byte) ([]byte, error) {
	var packed bytes.Buffer
	z, err := flate.NewWriter(&packed, flate.BestCompression)
	if err == nil {
		_, err = z.Write(body)
	}
	if err == nil && len(body) == 0 {
		return []byte{3, 0}, nil // the shortest that there is
	}
	if err == nil {
		err = z.Close()
	}
	if err != nil {
		return nil, fmt.Errorf("pack: %w", err)
	}
	return packed.Bytes(), nil
}

// appendMember appends one gzip member that is fill bytes longer than it must be.
func appendMember(out, packed, body []byte, fill int) []byte {
	const comment, extra = 0x10, 0x04
	header := [headerBytes]byte{0x1f, 0x8b, 8, 9: 0xff}
	switch {
	case fill == 0:
		out = append(out, header[:]...)
	case fill <= maxComment+1:
		header[3] = comment
		out = append(out, header[:]...)
		out = append(append(out, bytes.Repeat([]byte{' '}, fill-1)...), 0)
	default:
		header[3] = extra
		out = append(out, header[:]...)
		out = binary.LittleEndian.AppendUint16(out, uint16(fill-2))
		out = append(out, 'L', 'L')
		out = binary.LittleEndian.AppendUint16(out, uint16(fill-2-subfieldBytes))
		out = append(out, make([]byte, fill-2-subfieldBytes)...)
	}
	out = append(out, packed...)
	out = binary.LittleEndian.AppendUint32(out, crc32.ChecksumIEEE(body))
	return binary.LittleEndian.AppendUint32(out, uint32(len(body)))
}

// withoutRows gives the body of a page with the mark in place of each row that is the person's.
func (m match) withoutRows() []byte {
	var out []byte
	at := 0
	for _, i := range m.rows {
		out = append(append(out, m.body[at:m.page[i].from]...), erasedMark...)
		at = m.page[i].until
	}
	return append(out, m.body[at:]...)
}

// erasedBody gives what a packed body of so many bytes becomes without what matches, and whether nothing else of it was
// kept. Rows that are the person's give way to the mark, the other rows stay as they are, byte for byte. Where that needs
// more room than there is, for a mark can be longer than its row, all of it goes.
func erasedBody(m match, length int) (packed []byte, whole bool, err error) {
	if m.page != nil && !m.whole {
		packed, err = fitted(m.withoutRows(), length)
		if err != nil || packed != nil {
			return packed, false, err
		}
	} else if !m.whole {
		rows := append(m.contents.Rows[:0:0], m.contents.Rows...)
		for _, i := range m.rows {
			rows[i] = []byte(erasedMark)
		}
		packed, err = fitted(push.Body(m.contents.Title, push.Join(rows)), length)
		if err != nil || packed != nil {
			return packed, false, err
		}
	}
	for _, mark := range []string{erasedMark, "{}", ""} {
		if packed, err = fitted([]byte(mark), length); err != nil || packed != nil {
			return packed, true, err
		}
	}
	return nil, true, fmt.Errorf("a payload of %d bytes is no gzip member", length)
}
