package main

import (
	_ "embed"
	"fmt"
	"regexp"
	"strings"
)

//go:embed traps.txt
var table string

// mutant is a line of the table: a trap, the test that holds its remedy, and how the remedy is taken away.
type mutant struct {
	// section groups traps by what of the provider they are about.
	section, trap string
	// folder is that of the test's package, test its name, flags what it is given besides.
	folder, test, flags string
	// file holds old, exactly once, which new replaces.
	file, old, new string
}

func (m mutant) String() string { return m.section + ": " + m.trap }

// parse reads a table. Its entries are apart by empty lines, their lines begin with what they hold; `== ` begins a section,
// # a comment:
//
//	trap: what goes wrong
//	test: folder/of/the/package TestName -flag=of-it
//	file: path/of/a/file.go
//	-what stands there
//	+what is put there
func parse(text string) ([]mutant, error) {
	var all []mutant
	section := ""
	for number, block := range regexp.MustCompile(`\n\n+`).Split(strings.Trim(text, "\n")+"\n", -1) {
		m := mutant{section: section}
		var old, replaced []string
		for line := range strings.Lines(block) {
			line = strings.TrimSuffix(line, "\n")
			name, value, _ := strings.Cut(line, ": ")
			switch {
			case strings.HasPrefix(line, "#"), line == "":
			case strings.HasPrefix(line, "== "):
				section = strings.TrimPrefix(line, "== ")
				m.section = section
			case strings.HasPrefix(line, "-"):
				old = append(old, line[1:])
			case strings.HasPrefix(line, "+"):
				replaced = append(replaced, line[1:])
			case name == "trap":
				m.trap = value
			case name == "test":
				m.folder, value, _ = strings.Cut(value, " ")
				m.test, m.flags, _ = strings.Cut(value, " ")
			case name == "file":
				m.file = value
			default:
				return nil, fmt.Errorf("entry %d: %q is no line of an entry", number+1, line)
			}
		}
		m.old, m.new = strings.Join(old, "\n"), strings.Join(replaced, "\n")
		switch {
		case m.trap == "" && m.old == "" && m.test == "":
		case m.section == "" || m.trap == "" || m.folder == "" || !strings.HasPrefix(m.test, "Test") || m.file == "" || m.old == "" || m.old == m.new:
			return nil, fmt.Errorf("entry %d, %s: it lacks a part", number+1, m)
		default:
			all = append(all, m)
		}
	}
	return all, nil
}

// applied gives the text of the file with the mutation.
func (m mutant) applied(text string) (string, error) {
	if n := strings.Count(text, m.old); n != 1 {
		return "", fmt.Errorf("%s holds the text of %q %d times, want once", m.file, m, n)
	}
	return strings.Replace(text, m.old, m.new, 1), nil
}
