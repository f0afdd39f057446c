package document

import (
	"bytes"
	"strconv"
	"strings"

	"codeberg.org/go-pdf/fpdf"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/goregular"

	"leadline/shared/fault"
)

// Measures of a page, in millimetres: A4, with margins that leave what is printed on it whole on Letter, too.
const (
	margin    = 14.0
	bottom    = 20.0
	bodyWidth = 210 - 2*margin
	lineStep  = 3.9
	padding   = 0.8
)

// allPages stands in the text for how many pages there are.
const allPages = "{nb}"

// PDF gives the statement as a file of A4 pages. Its font has Latin, Greek and Cyrillic letters: what it lacks is shown as the
// replacement character, a sentence at the end says so, and HTML has all of it.
func PDF(s Statement) ([]byte, error) {
	p, err := newPaper(s)
	if err != nil {
		return nil, err
	}
	p.heading(s.Title, 15, 7)
	p.facts(s.Heading)
	p.sums(s.Sums)
	for _, part := range s.Parts {
		p.part(part)
	}
	p.origin(s.Origin)
	var out bytes.Buffer
	if err := p.Output(&out); err != nil {
		return nil, fault.Wrap(err, fault.Internal, "unmade_document", "document: make a file")
	}
	return out.Bytes(), nil
}

// paper is a file that is being written.
type paper struct {
	*fpdf.Fpdf
	letters
}

func newPaper(s Statement) (*paper, error) {
	p := &paper{Fpdf: fpdf.New("P", "mm", "A4", "")}
	var err error
	if p.letters, err = readLetters(goregular.TTF); err != nil {
		return nil, err
	}
	p.SetCatalogSort(true)
	p.SetCreationDate(s.FrozenAt)
	p.SetModificationDate(s.FrozenAt)
	p.SetProducer("Leadline", false)
	p.SetTitle(s.Title, true)
	p.SetLang("en")
	p.AliasNbPages(allPages)
	p.AddUTF8FontFromBytes("go", "", goregular.TTF)
	p.AddUTF8FontFromBytes("go", "B", gobold.TTF)
	p.SetMargins(margin, margin, margin)
	p.SetAutoPageBreak(false, 0) // rows are kept whole: room asks
	p.SetCellMargin(padding)
	state := "Not final"
	if s.Final {
		state = "Final"
	}
	short := p.fit(p.known(s.Title), 120)
	p.SetFooterFunc(func() {
		p.SetY(-bottom + 8)
		p.SetFont("go", "", 7.5)
		p.SetTextColor(87, 96, 106)
		p.CellFormat(bodyWidth-50, 4, short+", "+state, "", 0, "L", false, 0, "")
		p.CellFormat(50, 4, "Page "+strconv.Itoa(p.PageNo())+" of "+allPages, "", 0, "R", false, 0, "")
		p.SetTextColor(0, 0, 0)
	})
	p.AddPage()
	return p, nil
}

// fit cuts a text to so many characters.
func (p *paper) fit(text string, most int) string {
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most-1]) + "…"
	}
	return text
}

// room begins a new page if there are not so many millimetres left on this one, and tells whether it did.
func (p *paper) room(height float64) bool {
	if _, page := p.GetPageSize(); p.GetY()+height <= page-bottom {
		return false
	}
	p.AddPage()
	return true
}

func (p *paper) heading(text string, size, step float64) {
	p.SetFont("go", "B", size)
	for _, line := range p.wrap(text, bodyWidth) {
		p.room(step)
		p.CellFormat(bodyWidth, step, line, "", 1, "L", false, 0, "")
	}
	p.Ln(1.5)
}

// facts writes names with what they are, one beneath the other.
func (p *paper) facts(all []Fact) {
	const names = 42.0
	p.SetFont("go", "", 8.5)
	for _, f := range all {
		for i, line := range p.wrap(f.Text, bodyWidth-names) {
			p.room(lineStep)
			name := ""
			if i == 0 {
				name = p.known(f.Name)
			}
			p.SetTextColor(87, 96, 106)
			p.CellFormat(names, lineStep+0.4, name, "", 0, "L", false, 0, "")
			p.SetTextColor(0, 0, 0)
			p.CellFormat(bodyWidth-names, lineStep+0.4, line, "", 1, "L", false, 0, "")
		}
	}
	p.Ln(2)
}

func (p *paper) sums(all []Sum) {
	const step, names, amounts = 5.5, 70.0, 45.0
	p.room(step * float64(len(all)))
	for _, s := range all {
		style, border := "", "B"
		if s.Total {
			style, border = "B", "TB"
		}
		p.SetFont("go", style, 9.5)
		p.SetDrawColor(160, 168, 176)
		p.CellFormat(names, step, p.known(s.Name), border, 0, "L", false, 0, "")
		p.CellFormat(amounts, step, p.known(s.Amount), border, 1, "R", false, 0, "")
	}
	p.Ln(3)
}

func (p *paper) part(part Part) {
	p.room(25) // a heading does not stand alone at the foot of a page
	p.Ln(2)
	p.heading(part.Title, 11, 5.5)
	if len(part.Facts) > 0 {
		p.facts(part.Facts)
	}
	if len(part.Table.Rows) > 0 {
		p.table(part.Table)
	}
	p.Ln(2)
}

// table writes rows, with the header again on each page. A row is never broken: one that is longer than a page is cut, and says so.
func (p *paper) table(t Table) {
	whole, widths := 0, make([]float64, len(t.Columns))
	for _, c := range t.Columns {
		whole += c.Width
	}
	head := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		widths[i], head[i] = bodyWidth*float64(c.Width)/float64(whole), c.Name
	}
	p.room(4 * lineStep)
	p.row(t.Columns, widths, p.cells(head, widths, "B"), "B")
	for _, row := range t.Rows {
		cells := p.cells(row, widths, "")
		if p.room(height(cells)) {
			p.row(t.Columns, widths, p.cells(head, widths, "B"), "B")
		}
		p.row(t.Columns, widths, cells, "")
	}
}

// maxCell is how many lines of a cell are shown: they fit on a page.
const maxCell = 50

// cells breaks the texts of a row into lines.
func (p *paper) cells(texts []string, widths []float64, style string) [][]string {
	p.SetFont("go", style, 7)
	cells := make([][]string, len(texts))
	for i, text := range texts {
		if cells[i] = p.wrap(text, widths[i]); len(cells[i]) > maxCell {
			cells[i] = append(cells[i][:maxCell-1], "…")
		}
	}
	return cells
}

func height(cells [][]string) float64 {
	most := 1
	for _, lines := range cells {
		most = max(most, len(lines))
	}
	return float64(most)*lineStep + 2*padding
}

func (p *paper) row(columns []Column, widths []float64, cells [][]string, style string) {
	p.SetFont("go", style, 7)
	p.SetDrawColor(200, 206, 212)
	x, y, h := margin, p.GetY(), height(cells)
	for i, lines := range cells {
		align := "L"
		if columns[i].Number {
			align = "R"
		}
		for j, line := range lines {
			p.SetXY(x, y+padding+float64(j)*lineStep)
			p.CellFormat(widths[i], lineStep, line, "", 0, align, false, 0, "")
		}
		x += widths[i]
	}
	p.Line(margin, y+h, margin+bodyWidth, y+h)
	p.SetXY(margin, y+h)
}

func (p *paper) origin(all []Fact) {
	p.room(30)
	p.Ln(3)
	p.facts(all)
	p.SetFont("go", "", 7.5)
	notes := "Amounts are sums of exact parts, rounded once. ≈ marks a number that is shown rounded and was reckoned with exactly."
	if p.lacking {
		notes += " Characters that the font of this file lacks are shown as " + string(replacement) + ": the statement as HTML shows them."
	}
	for _, line := range p.wrap(notes, bodyWidth) {
		p.room(lineStep)
		p.CellFormat(bodyWidth, lineStep, line, "", 1, "L", false, 0, "")
	}
}

// wrap breaks a text into lines of a width in the present font: between words, and within those that are too long for a line.
func (p *paper) wrap(text string, width float64) []string {
	width -= 2 * padding
	var lines []string
	line := ""
	for _, word := range strings.Fields(p.known(text)) {
		joined := word
		if line != "" {
			joined = line + " " + word
		}
		if p.GetStringWidth(joined) <= width {
			line = joined
			continue
		}
		if line != "" {
			lines = append(lines, line)
		}
		line = ""
		for _, r := range word {
			if line != "" && p.GetStringWidth(line+string(r)) > width {
				lines, line = append(lines, line), ""
			}
			line += string(r)
		}
	}
	if line != "" || len(lines) == 0 {
		lines = append(lines, line)
	}
	return lines
}
