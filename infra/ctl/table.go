package main

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// style is how a cell is coloured.
type style string

// The styles, as ANSI escape codes.
const (
	plain  style = ""
	bold   style = "1"
	dim    style = "2"
	red    style = "31"
	green  style = "32"
	yellow style = "33"
	cyan   style = "36"
)

// painter colours text if it is on.
type painter struct{ on bool }

func (p painter) paint(s style, text string) string {
	if !p.on || s == plain || text == "" {
		return text
	}
	return "\x1b[" + string(s) + "m" + text + "\x1b[0m"
}

// cell is a text of a table.
type cell struct {
	text  string
	style style
}

func text(s string) cell             { return cell{text: s} }
func styled(st style, s string) cell { return cell{text: s, style: st} }
func row(texts ...string) (r []cell) {
	for _, t := range texts {
		r = append(r, text(t))
	}
	return r
}

// table is a text with aligned columns.
type table struct {
	head []string
	rows [][]cell
}

func (t *table) add(cells ...cell) { t.rows = append(t.rows, cells) }

// gap stands between columns.
const gap = "  "

// format gives the lines of the table, each after indent.
func (t *table) format(p painter, indent string) string {
	var rows [][]cell
	if len(t.head) > 0 {
		head := make([]cell, 0, len(t.head))
		for _, h := range t.head {
			head = append(head, styled(dim, h))
		}
		rows = append(rows, head)
	}
	rows = append(rows, t.rows...)
	var widths []int
	for _, r := range rows {
		for i, c := range r {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], utf8.RuneCountInString(clean(c.text)))
		}
	}
	var b strings.Builder
	for _, r := range rows {
		line, pending := indent, ""
		for i, c := range r {
			content := clean(c.text)
			if content != "" {
				line += pending + p.paint(c.style, content)
				pending = ""
			}
			pending += strings.Repeat(" ", widths[i]-utf8.RuneCountInString(content)) + gap
		}
		b.WriteString(line + "\n")
	}
	return b.String()
}

// clean makes a text of foreign origin harmless for a terminal and fit for one line.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n', r == '\r', r == '\t':
			return ' '
		case unicode.IsControl(r), r == utf8.RuneError, unicode.Is(unicode.Bidi_Control, r):
			return '·'
		}
		return r
	}, s)
}

// short cuts a text to n characters.
func short(s string, n int) string {
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	return string([]rune(s)[:n-1]) + "…"
}
