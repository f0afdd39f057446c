package privacy

import (
	"bytes"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	// maxAddressBytes bounds each side of an e-mail address that is looked at.
	maxAddressBytes = 320
	// minBareDigits is how many digits a phone number has at least that is written without + or 00, minNumberDigits one
	// that is written as a number of JSON: what is shorter may be a date, a point in time, a count.
	minBareDigits   = 10
	minNumberDigits = 11
	// maxPhoneDigits is more than any phone number has, with 00 before it.
	maxPhoneDigits = 24
	maxPhoneBytes  = 64
)

func firstRune(text []byte) (rune, int) { return utf8.DecodeRune(text) }
func lastRune(text []byte) (rune, int)  { return utf8.DecodeLastRune(text) }

// inLocal tells whether a character can be part of what stands before the at sign.
func inLocal(c rune) bool {
	return c != utf8.RuneError && (unicode.IsLetter(c) || unicode.IsDigit(c) || unicode.IsMark(c) || strings.ContainsRune(".!#$%&'*+-/=?^_`{|}~", c))
}

// inDomain tells whether a character can be part of what stands behind it.
func inDomain(c rune) bool {
	return c != utf8.RuneError && (unicode.IsLetter(c) || unicode.IsDigit(c) || unicode.IsMark(c) || c == '.' || c == '-')
}

// soughtDigits gives the digits of a number that a person was named by.
func soughtDigits(phone string) string {
	n, rest := readPhone([]byte(strings.TrimSpace(phone)))
	if len(rest) > 0 { // with words in it: its digits are all there is
		n.digits = strings.Map(func(r rune) rune {
			if r >= '0' && r <= '9' {
				return r
			}
			return -1
		}, phone)
	}
	return n.digits
}

// number is a phone number as it was written.
type number struct {
	// digits are all of it, without the 00 and the (0).
	digits string
	// international says that it was written with + or 00.
	international bool
}

// readPhone reads a number from the beginning of a text, and gives what follows it. Digits are divided by three
// characters at most.
func readPhone(text []byte) (n number, rest []byte) {
	var digits []byte
	written := text
	if n.international = bytes.HasPrefix(text, []byte("+")); n.international {
		text = text[1:]
	}
	rest = text
	for divided := 0; len(text) > 0 && len(digits) <= maxPhoneDigits; {
		c, size := firstRune(text)
		switch {
		case c >= '0' && c <= '9':
			digits, divided = append(digits, byte(c)), 0
			text = text[size:]
			rest = text
			continue
		case bytes.HasPrefix(text, []byte("(0)")) && (n.international || bytes.HasPrefix(digits, []byte("00"))):
			text, divided = text[3:], 1
			continue
		case !divides(c):
		case divided < 3:
			divided++
			text = text[size:]
			continue
		}
		break
	}
	if len(digits) == 0 {
		return number{}, written
	}
	rest = bytes.TrimPrefix(rest, []byte(")"))
	n.digits = string(digits)
	if bare, found := strings.CutPrefix(n.digits, "00"); found && !n.international {
		n.digits, n.international = bare, true
	}
	return n, rest
}

// divides tells whether a character divides the digits of a phone number.
func divides(c rune) bool {
	return c == ' ' || c == '\u00a0' || c == '\u202f' || c == '-' || c == '.' || c == '/' || c == '(' || c == ')' || c >= '\u2010' && c <= '\u2013'
}

// phoneAlone tells whether a text is a number of the person and nothing else.
func (f *Finder) phoneAlone(text []byte) bool {
	if len(text) > maxPhoneBytes {
		return false
	}
	text = bytes.TrimSpace(text)
	if scheme := []byte("tel:"); len(text) > len(scheme) && bytes.EqualFold(text[:len(scheme)], scheme) {
		text = text[len(scheme):]
	}
	text = bytes.TrimPrefix(text, []byte("(")) // (555) 123-4567
	n, rest := readPhone(text)
	return len(rest) == 0 && (n.international || len(n.digits) >= minBareDigits) && f.phones[n.digits]
}

// phoneWithin tells whether a text holds a number of the person that begins with a +.
func (f *Finder) phoneWithin(text []byte) bool {
	for i := 0; ; i++ {
		next := bytes.IndexByte(text[i:], '+')
		if next < 0 {
			return false
		}
		i += next
		if before, _ := lastRune(text[:i]); i > 0 && inWord(before) {
			continue
		}
		n, rest := readPhone(text[i:])
		if n.digits == "" || !f.phones[n.digits] {
			continue
		}
		if behind, _ := firstRune(rest); len(rest) == 0 || !inWord(behind) && !extended(rest) {
			return true
		}
	}
}

// inWord tells whether a character next to a number makes both something else: an address, a code.
func inWord(c rune) bool {
	return unicode.IsLetter(c) || unicode.IsDigit(c) || c == '@' || c == '_' || c == '+' || c == '#'
}

// extended tells whether what follows a number is the extension of somebody behind it.
func extended(rest []byte) bool {
	rest = bytes.ToLower(bytes.TrimLeft(rest[:min(len(rest), 16)], " ,;"))
	for _, word := range []string{"ext", "x", "#"} {
		behind, found := bytes.CutPrefix(rest, []byte(word))
		if behind = bytes.TrimLeft(behind, "ension.:= "); found && len(behind) > 0 && behind[0] >= '0' && behind[0] <= '9' {
			return true
		}
	}
	return false
}
