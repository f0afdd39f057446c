package close

import (
	"context"
	"net/url"
	"slices"
	"time"
)

// window is where the reading of activities stands. Their lists filter by date_created (from Low, before High) and give
// the newest first; Close has no filter for what changed. A page that has more behind it moves High down to the time of its
// last row, so that no offset grows until Close refuses it, and none is shifted by what is deleted meanwhile. High is open
// at first: a meeting is dated by its own time, which may lie in the future. Where a page is in no order, the window is
// halved until one page takes it.
//
// Behind the last page, what was created since the beginning is read once more (Tail): it came in above.
type window struct {
	Low  *instant `json:"low,omitempty"`
	High *instant `json:"high,omitempty"`
	// Skip is an offset, behind a page that is of one millisecond.
	Skip int `json:"skip,omitempty"`
	// Seen are the rows at the border that were read.
	Seen []string `json:"seen,omitempty"`
	// Rest are windows to come, the next last.
	Rest []span `json:"rest,omitempty"`
	// Begin is when the reading began; nil where no Tail follows.
	Begin *instant `json:"begin,omitempty"`
}

type span struct {
	Low  *instant `json:"low,omitempty"`
	High *instant `json:"high,omitempty"`
}

// Bounds for halving a window that is open: nothing of Close is older, nothing is planned for later.
const (
	earliestInstant instant = 0
	farAhead                = 50 * 365 * 24 * time.Hour
)

// firstWindow is the window of the scope.
func (p *pull) firstWindow() *window {
	_, from, until := p.between()
	w := &window{Low: from, High: until}
	if now := instantOf(p.Now); until == nil || *until > now {
		begin := now - instant(searchLag/time.Millisecond)
		if from == nil || *from < begin {
			w.Begin = &begin
		}
	}
	return w
}

// readWindow reads the next rows; the next state is nil behind the last. lead limits them to the children of a lead.
func (p *pull) readWindow(ctx context.Context, w *window, lead string) (*window, error) {
	v := url.Values{"_limit": {number(pageRows)}}
	bound{field: fieldCreated, from: w.Low, until: w.High}.put(v)
	if w.Skip > 0 {
		v.Set("_skip", number(w.Skip))
	}
	if lead != "" {
		v.Set("lead_id", lead)
	}
	l, err := getList(ctx, p.client, p.kind.path, v)
	if refusedAs(err, codeMaxSkip) {
		return nil, p.tied(fieldCreated, "")
	}
	if err != nil {
		return nil, err
	}
	p.from(l.answer)
	for _, row := range l.Data {
		if id := rowID(row); id != "" && slices.Contains(w.Seen, id) {
			p.rows++ // read before
			continue
		}
		p.add(row)
	}
	if !l.HasMore {
		return p.nextWindow(w), nil
	}
	return p.narrowed(w, l.Data)
}

// nextWindow is the next one behind a window that was read to its end.
func (p *pull) nextWindow(w *window) *window {
	if n := len(w.Rest); n > 0 {
		s := w.Rest[n-1]
		return &window{Low: s.Low, High: s.High, Rest: w.Rest[:n-1], Begin: w.Begin}
	}
	if w.Begin != nil {
		_, _, until := p.between()
		return &window{Low: w.Begin, High: until}
	}
	return nil
}

// narrowed is what is left of a window behind a page.
func (p *pull) narrowed(w *window, rows []any) (*window, error) {
	first, last, order := direction(rows)
	next := *w
	outside := w.Low != nil && min(first, last) < *w.Low || w.High != nil && max(first, last) >= *w.High
	switch {
	case outside && order != none:
		return nil, p.outside()
	case order == none:
		return nil, unreadable("Close gave %d %s without a date, and more behind them.", len(rows), p.kind.title)
	case order == falling:
		high := last + millisecond
		next.High, next.Skip, next.Seen = &high, 0, idsAt(rows, last)
	case order == rising:
		next.Low, next.Skip, next.Seen = &last, 0, idsAt(rows, last)
	case order == mixed:
		low, middle := w.halved(p.Now)
		next.Rest = append(slices.Clone(w.Rest), span{Low: low, High: &middle})
		next.Low, next.Skip, next.Seen = &middle, 0, nil
	default: // more than a page of one time
		next.Skip, next.Seen = w.Skip+stride(len(rows)), rowIDs(rows)
	}
	return &next, nil
}

// halved gives the lower bound and the middle.
func (w *window) halved(now time.Time) (low *instant, middle instant) {
	from, until := earliestInstant, instantOf(now.Add(farAhead))
	if w.Low != nil {
		from = *w.Low
	}
	if w.High != nil {
		until = *w.High
	}
	return w.Low, from + max(1, (until-from)/2)
}

// order is how rows stand by date_created.
type order int

const (
	none    order = iota // no row has one
	falling              // newest first
	rising
	level // all of one time
	mixed
)

// direction tells how rows stand, and the times of the first and the last of them.
func direction(rows []any) (first, last instant, o order) {
	falls, rises, dated := true, true, false
	for _, row := range rows {
		data, _ := row.(map[string]any)
		at, ok := instantAt(data, fieldCreated)
		if !ok {
			continue
		}
		if !dated {
			first, last, dated = at, at, true
		}
		falls, rises = falls && at <= last, rises && at >= last
		last = at
	}
	switch {
	case !dated:
		return 0, 0, none
	case falls && rises:
		return first, last, level
	case falls:
		return first, last, falling
	case rises:
		return first, last, rising
	}
	return first, last, mixed
}

func idsAt(rows []any, at instant) []string {
	var ids []string
	for _, row := range rows {
		data, _ := row.(map[string]any)
		if own, ok := instantAt(data, fieldCreated); ok && own == at {
			ids = append(ids, rowID(row))
		}
	}
	return ids
}
