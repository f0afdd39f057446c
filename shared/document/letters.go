package document

import (
	"strings"
	"unicode"

	"golang.org/x/image/font/sfnt"

	"leadline/shared/fault"
)

// replacement stands for what the font lacks.
const replacement = unicode.ReplacementChar

// letters knows which characters a font has.
type letters struct {
	font *sfnt.Font
	// has is what was asked before; lacking whether anything was not there.
	has     map[rune]bool
	buffer  *sfnt.Buffer
	lacking bool
}

func readLetters(font []byte) (letters, error) {
	f, err := sfnt.Parse(font)
	return letters{font: f, has: map[rune]bool{}, buffer: new(sfnt.Buffer)}, fault.Wrap(err, fault.Internal, "unreadable_font", "document: read the font")
}

// known gives a text with the replacement for each character that the font lacks. What is no character, and spaces of all kinds,
// become spaces; marks that join or direct others are left out.
func (l *letters) known(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r) || unicode.IsControl(r):
			return ' '
		case unicode.Is(unicode.Cf, r):
			return -1
		case l.holds(r):
			return r
		}
		l.lacking = true
		return replacement
	}, text)
}

func (l *letters) holds(r rune) bool {
	// Above the basic plane, the writer of the file knows no characters.
	if r > 0xffff {
		return false
	}
	known, asked := l.has[r]
	if !asked {
		glyph, err := l.font.GlyphIndex(l.buffer, r)
		known = err == nil && glyph != 0
		l.has[r] = known
	}
	return known
}
