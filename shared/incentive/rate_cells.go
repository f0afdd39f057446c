package incentive

import (
	"fmt"
	"slices"

	"leadline/shared/number"
	"leadline/shared/program"
)

// anyValue is what a cell says for all values of a column that no other cell names.
const anyValue = "*"

// maxDimensions is how many dimensions a rate table has at most.
const maxDimensions = 4

// nowhere is the place of a value that no cell is for, in its dimension.
const nowhere = -1

// place is where a cell lies: by dimension, the number of the value or step.
type place [maxDimensions]int

// places finds the cell of a rate table by dimensions.
type places struct {
	dimensions []program.Dimension
	values     []map[string]int // by dimension: the places of a column's values
	cells      map[place]int
	upper      bool
}

func newPlaces(r *program.Rate) (*places, error) {
	if len(r.Dimensions) > maxDimensions {
		return nil, fmt.Errorf("the rate table has %d dimensions, at most %d are possible", len(r.Dimensions), maxDimensions)
	}
	p := &places{dimensions: r.Dimensions, cells: map[place]int{}, upper: r.Boundary == program.Upper}
	p.values = make([]map[string]int, len(r.Dimensions))
	for at := range p.values {
		p.values[at] = map[string]int{anyValue: 0}
	}
	for number, c := range r.Cells {
		var where place
		for at, d := range r.Dimensions {
			var err error
			if where[at], err = p.placeIn(at, d, c.At[d.Name]); err != nil {
				return nil, fmt.Errorf("cell %d: %w", number+1, err)
			}
		}
		if other, taken := p.cells[where]; taken {
			return nil, fmt.Errorf("cells %d and %d of the rate table are for the same place", other+1, number+1)
		}
		p.cells[where] = number
	}
	return p, nil
}

// placeIn gives the place of what a cell says of a dimension: of a value, or of a step, by its lower bound.
func (p *places) placeIn(at int, d program.Dimension, text string) (int, error) {
	if d.By == nil {
		if _, known := p.values[at][text]; !known {
			p.values[at][text] = len(p.values[at])
		}
		return p.values[at][text], nil
	}
	bound, err := number.Parse(text)
	if err != nil {
		return 0, fmt.Errorf("dimension %s: %w", d.Name, err)
	}
	step := slices.IndexFunc(d.From, bound.Equal)
	if step < 0 {
		return 0, fmt.Errorf("%s is no step of the dimension %s", text, d.Name)
	}
	return step, nil
}

// byFigures gives the place in those dimensions that look at a figure in steps, which is the same for all credits.
func (p *places) byFigures(w *componentWork) place {
	var where place
	for at, d := range p.dimensions {
		if d.By == nil {
			continue
		}
		x, _ := w.figure(*d.By)
		for step, from := range d.From {
			if c := x.Cmp(from); step == 0 || c > 0 || c == 0 && !p.upper {
				where[at] = step
			}
		}
	}
	return where
}

// cell gives the cell for a credit's values; false if there is none. Where several cells are for all values of a column, the one
// that names the value of an earlier dimension is nearer.
func (p *places) cell(where place, values map[string]string) (int, bool) {
	for at, d := range p.dimensions {
		if d.By != nil {
			continue
		}
		var known bool
		if where[at], known = p.values[at][values[d.Name]]; !known {
			where[at] = nowhere
		}
	}
	last := len(p.dimensions) - 1
	for open := range 1 << len(p.dimensions) {
		looked := where
		for at, d := range p.dimensions {
			if d.By == nil && open>>(last-at)&1 == 1 {
				looked[at] = p.values[at][anyValue]
			}
		}
		if cell, ok := p.cells[looked]; ok {
			return cell, true
		}
	}
	return 0, false
}
