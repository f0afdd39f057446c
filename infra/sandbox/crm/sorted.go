package crm

import (
	"cmp"
	"slices"
	"sort"
)

// index keeps records in the order of a time, then of their id. It finds the record of a rank as fast as that of a time,
// which offset paging over a million records asks for.
type index struct {
	chunks [][]entry
	n      int
}

type entry struct {
	at  int64
	rec *Record
}

// chunkSize is a compromise: an insertion moves half a chunk, a rank counts the chunks.
const chunkSize = 512

func compare(a, b entry) int {
	if c := cmp.Compare(a.at, b.at); c != 0 {
		return c
	}
	return cmp.Compare(a.rec.ID, b.rec.ID)
}

// newIndex makes an index of entries in any order.
func newIndex(all []entry) *index {
	slices.SortFunc(all, compare)
	x := &index{n: len(all)}
	for chunk := range slices.Chunk(all, chunkSize/2) {
		x.chunks = append(x.chunks, slices.Clone(chunk))
	}
	return x
}

// find gives the place of the first entry that is not below e.
func (x *index) find(e entry) (chunk, at int) {
	chunk = sort.Search(len(x.chunks), func(i int) bool {
		c := x.chunks[i]
		return compare(c[len(c)-1], e) >= 0
	})
	if chunk == len(x.chunks) {
		return chunk, 0
	}
	at, _ = slices.BinarySearchFunc(x.chunks[chunk], e, compare)
	return chunk, at
}

func (x *index) insert(at int64, rec *Record) {
	x.n++
	e := entry{at, rec}
	c, i := x.find(e)
	if c == len(x.chunks) {
		if c == 0 {
			x.chunks = append(x.chunks, []entry{e})
			return
		}
		c--
		i = len(x.chunks[c])
	}
	x.chunks[c] = slices.Insert(x.chunks[c], i, e)
	if full := x.chunks[c]; len(full) > chunkSize {
		half := slices.Clone(full[chunkSize/2:])
		x.chunks[c] = slices.Clip(full[:chunkSize/2])
		x.chunks = slices.Insert(x.chunks, c+1, half)
	}
}

func (x *index) remove(at int64, rec *Record) bool {
	c, i := x.find(entry{at, rec})
	if c == len(x.chunks) || i == len(x.chunks[c]) || x.chunks[c][i].rec != rec {
		return false
	}
	x.n--
	x.chunks[c] = slices.Delete(x.chunks[c], i, i+1)
	if len(x.chunks[c]) == 0 {
		x.chunks = slices.Delete(x.chunks, c, c+1)
	}
	return true
}

// below counts the entries before a time, or before an id within that time.
func (x *index) below(at int64, id string) int {
	c, i := x.find(entry{at, &Record{ID: id}})
	n := i
	for _, chunk := range x.chunks[:c] {
		n += len(chunk)
	}
	return n
}

// up visits the entries of the ranks from up to below to, until visit says no.
func (x *index) up(from, to int, visit func(entry) bool) {
	rank := 0
	for _, chunk := range x.chunks {
		if rank >= to {
			return
		}
		if rank+len(chunk) > from {
			for i := max(0, from-rank); i < len(chunk) && rank+i < to; i++ {
				if !visit(chunk[i]) {
					return
				}
			}
		}
		rank += len(chunk)
	}
}

// down visits the same entries from the last to the first.
func (x *index) down(from, to int, visit func(entry) bool) {
	rank := x.n
	for c := len(x.chunks) - 1; c >= 0; c-- {
		chunk := x.chunks[c]
		rank -= len(chunk)
		if rank >= to {
			continue
		}
		for i := min(len(chunk), to-rank) - 1; i >= 0; i-- {
			if rank+i < from || !visit(chunk[i]) {
				return
			}
		}
	}
}
