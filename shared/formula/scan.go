package formula

import "strings"

// scan goes over the words of a formula, past what stands in quotes, backquotes and comments, and tells of each sign and
// each number with the bytes from start to end that it takes, and how many brackets it stands in.
func scan(text string, tell func(start, end, depth int)) {
	depth := 0
	for i := 0; i < len(text); {
		rest := text[i:]
		switch c := text[i]; {
		case c == '/' && strings.HasPrefix(rest, "//"):
			i += lengthTo(rest, "\n")
		case c == '`':
			i += 1 + lengthTo(rest[1:], "`")
		case c == '"' || c == '\'':
			i += quotedLength(text, i)
		case letter(c):
			for i < len(text) && (letter(text[i]) || text[i] >= '0' && text[i] <= '9') {
				i++
			}
		case c >= '0' && c <= '9':
			end := i
			for end < len(text) && (text[end] >= '0' && text[end] <= '9' || letter(text[end]) || text[end] == '.') {
				end++
			}
			tell(i, end, depth)
			i = end
		default:
			if strings.IndexByte(")]}", c) >= 0 {
				depth--
			}
			width := 1
			if strings.HasPrefix(rest, "&&") || strings.HasPrefix(rest, "||") {
				width = 2
			}
			tell(i, i+width, depth)
			if strings.IndexByte("([{", c) >= 0 {
				depth++
			}
			i += width
		}
	}
}

func letter(c byte) bool { return c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }

// lengthTo gives the length of a text to the end of the first mark in it, all of it if there is none.
func lengthTo(text, mark string) int {
	if at := strings.Index(text, mark); at >= 0 {
		return at + len(mark)
	}
	return len(text)
}

// quotedLength gives the length of the quoted text at a place. An r before it says that backslashes mean nothing in it.
func quotedLength(text string, at int) int {
	rest, quote := text[at:], text[at:at+1]
	raw := at > 0 && (text[at-1] == 'r' || text[at-1] == 'R')
	if strings.HasPrefix(rest, strings.Repeat(quote, 3)) {
		quote = rest[:3]
	}
	for i := len(quote); i < len(rest); {
		switch {
		case strings.HasPrefix(rest[i:], quote):
			return i + len(quote)
		case rest[i] == '\\' && !raw:
			i += 2
		default:
			i++
		}
	}
	return len(rest)
}

// conditions gives the places in a formula at which && joins its conditions. There are none where something that binds looser
// stands beside them.
func conditions(text string) []int {
	var at []int
	loose := false
	scan(text, func(start, end, depth int) {
		switch sign := text[start:end]; {
		case depth > 0:
		case sign == "&&":
			at = append(at, start)
		case sign == "||" || sign == "?":
			loose = true
		}
	})
	if loose {
		return nil
	}
	return at
}

// readable gives a formula with the same places in which no whole number is too large for CEL, which reads them as ints: they have
// a point in them. Their digits are taken from the formula itself.
func readable(text string) string {
	const fits = 18
	made := []byte(text)
	scan(text, func(start, end, _ int) {
		if digits := text[start:end]; len(digits) > fits && strings.Trim(digits, "0123456789") == "" {
			made[start+1] = '.'
		}
	})
	return string(made)
}
