package privacy

import (
	"bytes"
	"encoding/json"
	"strings"

	"leadline/shared/job"
	"leadline/shared/record"
	"leadline/shared/tenant"
)

// Finder tells what is about a person. What it takes for the person is deleted for good, so it would rather miss than
// take one for another:
//
//   - An e-mail address is found without regard to case and surrounding space, as a whole text and inside a longer one
//     ("Joe <joe@x.com>"), but never as a part of a longer address. Addresses that a provider takes for the same
//     (joe+news@x.com) are others.
//   - A phone number is found by its digits, all of them, as it was named: however it is divided, with + or 00 before it,
//     with the (0) that some write behind the country code. Inside a longer text it must begin with a +. A number without its
//     country code is another one, for two countries have it: who is to be found by it, too, must be named by it, too.
//     What could as well be a date or a count does not count: less than ten digits without a + or 00, and, as a number of
//     JSON, less than eleven.
//   - A record is found by its name.
//
// Names of fields are texts like values.
type Finder struct {
	organization string
	emails       map[string]bool
	phones       map[string]bool
	records      map[record.Key]bool
}

// NewFinder finds the person that the params of a job describe.
func NewFinder(organization string, p job.PersonParams) *Finder {
	f := &Finder{organization: organization, emails: map[string]bool{}, phones: map[string]bool{}, records: map[record.Key]bool{}}
	for _, e := range p.Emails {
		f.emails[tenant.NormalizeEmail(e)] = true
	}
	for _, phone := range p.Phones {
		if digits := soughtDigits(phone); digits != "" {
			f.phones[digits] = true
		}
	}
	for _, r := range p.Records {
		f.records[record.Key{Organization: organization, Connection: r.Connection, Object: r.Object, ID: r.ID}] = true
	}
	return f
}

// Named tells whether the person was named by the record.
func (f *Finder) Named(key record.Key) bool { return f.records[key] }

// JSON tells whether a JSON text holds an address or a number of the person anywhere: in a text, a number, a name. What
// is no JSON is taken for one text.
func (f *Finder) JSON(raw []byte) bool {
	if len(f.emails)+len(f.phones) == 0 {
		return false
	}
	if !json.Valid(raw) {
		return f.Text(raw)
	}
	for i := 0; i < len(raw); {
		switch c := raw[i]; {
		case c == '"':
			end, escaped := skipText(raw, i)
			text := raw[i+1 : end-1]
			if escaped {
				text = unescaped(raw[i:end])
			}
			if f.Text(text) {
				return true
			}
			i = end
		case c >= '0' && c <= '9':
			end := i
			for end < len(raw) && raw[end] >= '0' && raw[end] <= '9' {
				end++
			}
			// A part of a longer number, or one below zero, is no phone.
			whole := (i == 0 || raw[i-1] != '-') && (end == len(raw) || bytes.IndexByte([]byte(".eE"), raw[end]) < 0)
			if whole && end-i >= minNumberDigits && f.phones[string(raw[i:end])] {
				return true
			}
			i = skipNumber(raw, end)
		default:
			i++
		}
	}
	return false
}

// skipText gives the end of the text that begins at a place of a valid JSON text.
func skipText(raw []byte, at int) (end int, escaped bool) {
	for i := at + 1; ; i++ {
		switch raw[i] {
		case '\\':
			escaped = true
			i++
		case '"':
			return i + 1, escaped
		}
	}
}

func skipNumber(raw []byte, at int) int {
	for at < len(raw) && bytes.IndexByte([]byte("0123456789.eE+-"), raw[at]) >= 0 {
		at++
	}
	return at
}

func unescaped(quoted []byte) []byte {
	var text string
	_ = json.Unmarshal(quoted, &text) // it is known to be valid
	return []byte(text)
}

// Text tells whether a text is, or holds, an address or a number of the person.
func (f *Finder) Text(text []byte) bool {
	if len(f.emails) > 0 && f.email(text) {
		return true
	}
	return len(f.phones) > 0 && (f.phoneAlone(text) || f.phoneWithin(text))
}

func (f *Finder) email(text []byte) bool {
	const longest = 512
	at := bytes.IndexByte(text, '@')
	if encoded := bytes.Contains(text, []byte("%40")); at < 0 && !encoded {
		return false
	}
	if len(text) <= longest && f.emails[strings.ToLower(string(bytes.TrimSpace(text)))] {
		return true
	}
	for i := range text {
		width := 0
		switch {
		case text[i] == '@':
			width = 1
		case text[i] == '%' && bytes.HasPrefix(text[i:], []byte("%40")): // as in the address of a web page
			width = 3
		}
		if width > 0 && f.addressAt(text, i, i+width) {
			return true
		}
	}
	return false
}

// separators may stand in an address by the letter of RFC 5322; those that providers give out have none of them, and what
// follows one in a text, as in "?email=joe@x.com", is an address by itself.
const separators = "=/&?#|*{}`$!"

// addressAt tells whether an address of the person lies around an at sign.
func (f *Finder) addressAt(text []byte, at, behind int) bool {
	start := at
	for start > 0 {
		c, size := lastRune(text[:start])
		if !inLocal(c) || at-start > maxAddressBytes {
			break
		}
		start -= size
	}
	end := behind
	for end < len(text) {
		c, size := firstRune(text[end:])
		if !inDomain(c) || end-behind > maxAddressBytes {
			break
		}
		end += size
	}
	local, domain := text[start:at], bytes.TrimRight(text[behind:end], ".-")
	if len(local) == 0 || len(domain) == 0 {
		return false
	}
	if local[0] == '\'' && end < len(text) && text[end] == '\'' { // it stands in quotes
		local = local[1:]
	}
	is := func(local []byte) bool { return f.emails[strings.ToLower(string(local)+"@"+string(domain))] }
	if is(local) {
		return true
	}
	i := bytes.LastIndexAny(local, separators)
	return i >= 0 && is(local[i+1:])
}
