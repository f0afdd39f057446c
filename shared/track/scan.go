package track

import "bytes"

// scanner makes a tape. It takes what RFC 8259 takes, nothing else.
type scanner struct {
	tape
	at int
}

func (s *scanner) space() {
	for s.at < len(s.body) {
		switch s.body[s.at] {
		case ' ', '\t', '\n', '\r':
			s.at++
		default:
			return
		}
	}
}

// peek skips white space and gives the next byte, 0 at the end.
func (s *scanner) peek() byte {
	if s.space(); s.at < len(s.body) {
		return s.body[s.at]
	}
	return 0
}

// value scans a value at a depth of nesting.
func (s *scanner) value(depth int) error {
	switch c := s.peek(); {
	case c == '{':
		return s.container(object, depth, '}')
	case c == '[':
		return s.container(list, depth, ']')
	case c == '"':
		return s.quoted()
	case c == '-' || c >= '0' && c <= '9':
		return s.numeral()
	case c == 't':
		return s.word(boolean, "true")
	case c == 'f':
		return s.word(boolean, "false")
	case c == 'n':
		return s.word(null, "null")
	}
	return malformed(s.at)
}

func (s *scanner) container(k kind, depth int, end byte) error {
	if depth > maxDepth {
		return unmappable("The body nests deeper than %d levels.", maxDepth)
	}
	at := len(s.nodes)
	s.nodes = append(s.nodes, node{kind: k, start: s.at})
	s.at++
	for first := true; ; first = false {
		c := s.peek()
		if first && c == end {
			break
		}
		if k == object {
			if c != '"' {
				return malformed(s.at)
			}
			if err := s.quoted(); err != nil {
				return err
			}
			if s.peek() != ':' {
				return malformed(s.at)
			}
			s.at++
		}
		if err := s.value(depth + 1); err != nil {
			return err
		}
		if c = s.peek(); c == end {
			break
		}
		if c != ',' {
			return malformed(s.at)
		}
		s.at++
	}
	s.at++
	s.nodes[at].end, s.nodes[at].next = s.at, len(s.nodes)
	return nil
}

// leaf notes a value that holds no others, from start to here.
func (s *scanner) leaf(k kind, start int, escaped bool) {
	s.nodes = append(s.nodes, node{kind: k, escaped: escaped, start: start, end: s.at, next: len(s.nodes) + 1})
}

func (s *scanner) word(k kind, word string) error {
	start := s.at
	if !bytes.HasPrefix(s.body[start:], []byte(word)) {
		return malformed(start)
	}
	s.at += len(word)
	s.leaf(k, start, false)
	return nil
}

func (s *scanner) quoted() error {
	start, escaped := s.at, false
	for s.at++; s.at < len(s.body); s.at++ {
		switch c := s.body[s.at]; {
		case c == '"':
			s.at++
			s.leaf(text, start, escaped)
			return nil
		case c < ' ':
			return malformed(s.at)
		case c == '\\':
			escaped = true
			if s.at++; s.at >= len(s.body) {
				return malformed(s.at)
			}
			switch s.body[s.at] {
			case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
			case 'u':
				for range 4 {
					if s.at++; s.at >= len(s.body) || !isHex(s.body[s.at]) {
						return malformed(s.at)
					}
				}
			default:
				return malformed(s.at)
			}
		}
	}
	return malformed(s.at)
}

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}

// numeral scans a number: https://www.rfc-editor.org/rfc/rfc8259#section-6
func (s *scanner) numeral() error {
	start := s.at
	if s.body[s.at] == '-' {
		s.at++
	}
	zero := s.at < len(s.body) && s.body[s.at] == '0'
	if n := s.digits(); n == 0 || zero && n > 1 {
		return malformed(s.at)
	}
	if s.at < len(s.body) && s.body[s.at] == '.' {
		s.at++
		if s.digits() == 0 {
			return malformed(s.at)
		}
	}
	if s.at < len(s.body) && (s.body[s.at] == 'e' || s.body[s.at] == 'E') {
		s.at++
		if s.at < len(s.body) && (s.body[s.at] == '+' || s.body[s.at] == '-') {
			s.at++
		}
		if s.digits() == 0 {
			return malformed(s.at)
		}
	}
	s.leaf(number, start, false)
	return nil
}

func (s *scanner) digits() int {
	start := s.at
	for s.at < len(s.body) && s.body[s.at] >= '0' && s.body[s.at] <= '9' {
		s.at++
	}
	return s.at - start
}
