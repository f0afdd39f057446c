package bankfile

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

const pain001Namespace = "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"

// CheckPain001 checks a file against the definition of pain.001.001.09 (pain001Definition) and its rules (Rules), and gives what is
// wrong in the order in which it is found, at most 100 findings; nil: nothing. It reads the file once, and holds of it only what
// is open, the names of payments and sums.
func CheckPain001(text []byte) []Finding {
	c := &pain001Check{definition: readDefinition(pain001Definition), names: map[string]bool{}, groups: map[string]bool{}}
	if !utf8.Valid(text) {
		c.add("xml", "file", "It is not UTF-8.")
		return c.all
	}
	d := xml.NewDecoder(bytes.NewReader(text))
	for !c.full() {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			c.add("xml", fmt.Sprintf("byte %d", d.InputOffset()), "It is not well-formed: "+err.Error())
			return c.all
		}
		switch t := token.(type) {
		case xml.StartElement:
			c.start(t)
		case xml.EndElement:
			c.end()
		case xml.CharData:
			c.chars(t)
		case xml.Directive:
			c.add("xml", fmt.Sprintf("byte %d", d.InputOffset()), "Document types are not taken.")
			return c.all
		case xml.ProcInst:
			if t.Target != "xml" {
				c.add("xml", fmt.Sprintf("byte %d", d.InputOffset()), "Processing instructions are not taken.")
			}
		}
	}
	if !c.rooted && !c.full() {
		c.add("xml", "file", "It has no element.")
	}
	return c.all
}

// element is one of a type's: how often it may stand.
type element struct {
	name, of    string
	least, most int
}

type definition struct {
	choice   bool
	elements []element
}

func readDefinition(text string) map[string]definition {
	all := map[string]definition{}
	for line := range strings.Lines(text) {
		words := strings.Fields(line)
		if len(words) == 0 {
			continue
		}
		var d definition
		for _, w := range words[1:] {
			if w == "|" {
				d.choice = true
				continue
			}
			name, of, _ := strings.Cut(w, ":")
			e := element{name: name, of: of, least: 1, most: 1}
			if i := strings.IndexAny(of, "?+*"); i >= 0 {
				e.of, e.most = of[:i], 1<<60
				switch of[i] {
				case '?':
					e.least, e.most = 0, 1
				case '*':
					e.least = 0
				}
				if n, err := strconv.Atoi(of[i+1:]); err == nil {
					e.most = n
				}
			}
			d.elements = append(d.elements, e)
		}
		all[words[0]] = d
	}
	return all
}

// frame is an element that is open.
type frame struct {
	name, of string
	number   int // among those of its name, for places
	nested   bool
	definition
	at    int   // the furthest of the definition's elements so far
	count []int // of each of them
	text  []byte
	attr  []xml.Attr
	mixed bool
}

type pain001Check struct {
	findings
	definition map[string]definition
	open       []frame
	skip       int // how many open elements are within one that is unknown
	rooted     bool
	space      string
	names      map[string]bool // EndToEndIds
	groups     map[string]bool // PmtInfIds
	file       tally
	group      tally
	transfer   transferSeen
}

func (c *pain001Check) place() string {
	var b strings.Builder
	for i, f := range c.open {
		if i > 0 {
			b.WriteByte('/')
		}
		b.WriteString(f.name)
		if f.name == "PmtInf" || f.name == "CdtTrfTxInf" {
			fmt.Fprintf(&b, "[%d]", f.number)
		}
	}
	if b.Len() == 0 {
		return "file"
	}
	return b.String()
}

func (c *pain001Check) start(t xml.StartElement) {
	if c.skip > 0 {
		c.skip++
		return
	}
	of, number := "Document", 1
	if len(c.open) == 0 {
		if c.rooted {
			c.add("xml", "file", "It has a second root.")
			c.skip = 1
			return
		}
		c.rooted, c.space = true, t.Name.Space
		if t.Name.Local != "Document" || t.Name.Space != pain001Namespace {
			c.add("namespace", "Document", "The root is no Document of "+pain001Namespace+".")
		}
		if t.Name.Local != "Document" {
			c.skip = 1
			return
		}
	} else {
		if t.Name.Space != c.space {
			c.add("namespace", c.place()+"/"+t.Name.Local, "The element is in another namespace.")
		}
		var known bool
		if of, number, known = c.child(t.Name.Local); !known {
			c.skip = 1
			return
		}
	}
	d, nested := c.definition[of]
	c.open = append(c.open, frame{name: t.Name.Local, of: of, number: number, nested: nested, definition: d, count: make([]int, len(d.elements)), attr: t.Attr})
	c.attributes(t)
	c.begun()
}

// child notes an element within the one that is open, and gives its type, its number and whether its place knows it.
func (c *pain001Check) child(name string) (of string, number int, known bool) {
	f := &c.open[len(c.open)-1]
	if !f.nested {
		if !f.mixed {
			c.add("mixed", c.place(), "It holds a text, and no elements.")
		}
		f.mixed = true
		return "", 0, false
	}
	i := slices.IndexFunc(f.elements, func(e element) bool { return e.name == name })
	if i < 0 {
		c.add("unknown", c.place()+"/"+clip(name, 40), "The definition has no such element here.")
		return "", 0, false
	}
	f.count[i]++
	e := f.elements[i]
	switch {
	case f.choice:
	case f.count[i] == e.most+1:
		c.add("repeated", c.place()+"/"+name, fmt.Sprintf("It stands more than %d times.", e.most))
	case f.count[i] <= e.most && i < f.at:
		c.add("order", c.place()+"/"+name, "It stands after "+f.elements[f.at].name+", and belongs before.")
	}
	f.at = max(f.at, i)
	return e.of, f.count[i], true
}

func (c *pain001Check) attributes(t xml.StartElement) {
	currencies := 0
	for _, a := range t.Attr {
		switch {
		case a.Name.Space == "xmlns", a.Name.Space == "" && a.Name.Local == "xmlns":
		case len(c.open) == 1 && a.Name.Space == "http://www.w3.org/2001/XMLSchema-instance":
		case c.open[len(c.open)-1].of == "Amount" && a.Name.Space == "" && a.Name.Local == "Ccy":
			currencies++
		default:
			c.add("attribute", c.place(), "The attribute "+clip(a.Name.Local, 40)+" is not known here.")
		}
	}
	if c.open[len(c.open)-1].of == "Amount" && currencies != 1 {
		c.add("attribute", c.place(), "The attribute Ccy has to be there, once.")
	}
}

func (c *pain001Check) chars(text []byte) {
	if c.skip > 0 {
		return
	}
	blank := len(bytes.TrimSpace(text)) == 0
	if len(c.open) == 0 {
		if !blank {
			c.add("xml", "file", "There is text outside of the root.")
		}
		return
	}
	f := &c.open[len(c.open)-1]
	switch {
	case !f.nested:
		f.text = append(f.text, text...)
	case !blank && !f.mixed:
		f.mixed = true
		c.add("mixed", c.place(), "It holds elements, and no text.")
	}
}

func (c *pain001Check) end() {
	if c.skip > 0 {
		c.skip--
		return
	}
	f := &c.open[len(c.open)-1]
	switch {
	case !f.nested:
		if !f.mixed {
			c.value(f.of, string(f.text))
		}
	case f.choice:
		sum := 0
		for _, n := range f.count {
			sum += n
		}
		if sum != 1 {
			c.add("choice", c.place(), fmt.Sprintf("It holds %d of a choice, and has to hold one.", sum))
		}
	default:
		for i, e := range f.elements {
			if f.count[i] < e.least {
				c.add("missing", c.place()+"/"+e.name, "It has to be there.")
			}
		}
	}
	c.ended()
	c.open = c.open[:len(c.open)-1]
}
