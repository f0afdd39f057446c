package upload

import (
	"encoding/json"
	"io"
)

const (
	// maxChunkRows and maxChunkBytes bound a chunk: what ingest applies within its time, and holds in its memory.
	maxChunkRows  = 5_000
	maxChunkBytes = 3 << 20
)

// chunk is a part of the rows in the form of a push: {"objectname": ..., "data": [rows]}.
type chunk struct {
	// number counts from 0, first is the number of its first row, from 1.
	number, first int
	body          []byte
}

// cutter cuts rows into chunks. The same rows are always cut at the same places.
type cutter struct {
	in *rows
	// each, unless nil, sees every row and its number, from 1.
	each func(row []byte, number int)
	head []byte
	// rows and chunks are how many were given so far.
	rows, chunks int
	body         []byte
	// held is a row that did not fit the chunk before.
	held []byte
}

func newCutter(r *rows, object string) *cutter {
	name, _ := json.Marshal(object) // a text always encodes
	return &cutter{in: r, head: append(append([]byte(`{"objectname":`), name...), `,"data":[`...)}
}

// next gives the next chunk, valid until the next call, and io.EOF at the end.
func (c *cutter) next() (chunk, error) {
	cut := chunk{number: c.chunks, first: c.rows + 1}
	c.body = append(c.body[:0], c.head...)
	n := 0
	add := func(row []byte) {
		if n > 0 {
			c.body = append(c.body, ',')
		}
		c.body = append(c.body, row...)
		n++
	}
	if len(c.held) > 0 {
		add(c.held)
		c.held = c.held[:0]
	}
	for n < maxChunkRows {
		row, err := c.in.next()
		if err == io.EOF && n > 0 {
			break
		}
		if err != nil {
			return chunk{}, err
		}
		if c.each != nil {
			c.each(row, c.in.count)
		}
		if n > 0 && len(c.body)+len(row)+len(`,]}`) > maxChunkBytes {
			c.held = append(c.held, row...)
			break
		}
		add(row)
	}
	c.body = append(c.body, "]}"...)
	c.rows, c.chunks = c.rows+n, c.chunks+1
	cut.body = c.body
	return cut, nil
}
