package close

import (
	"context"
	"slices"
	"time"

	"leadline/shared/connector"
	"leadline/shared/fault"
)

// keyset is where the reading of an object in the ascending order of a time stands: everything before From has been read.
// A page that has more behind it moves From up to the time of its last row, so that no offset and no cursor of Close, which
// lives for 30 seconds, is needed; rows that change while they are read move to the end and are met again there. The rows
// of that very time that were read already are in Seen.
//
// Many rows of one time are dealt with in three levels. As long as a page ends later than it began, From moves. If a whole
// page is of one millisecond (Tie), the rows of that millisecond are read in the order of a second time, whose bound is
// Inner. If a page is of one millisecond of both, Close's cursor or an offset goes on (Deep), for as far as Close lets it.
type keyset struct {
	From *instant `json:"from,omitempty"`
	Seen []string `json:"seen,omitempty"`
	Tie  *instant `json:"tie,omitempty"`
	// Inner and InnerSeen are From and Seen of the second time.
	Inner     *instant `json:"inner,omitempty"`
	InnerSeen []string `json:"inner_seen,omitempty"`
	Deep      *deep    `json:"deep,omitempty"`
}

// deep goes on behind a page whose rows do not say how to.
type deep struct {
	Skip   int    `json:"skip,omitempty"`
	Cursor string `json:"cursor,omitempty"`
	// Rows counts those of the chain so far; At is when its last page was read.
	Rows int       `json:"rows"`
	At   time.Time `json:"at"`
}

const (
	// chainRows is how many rows Close gives behind one search, all its pages together.
	chainRows = 10_000
	// cursorLife is for how long the cursor of a search is tried: Close keeps it for about 30 seconds.
	cursorLife = 25 * time.Second
	// millisecond is the grain of Close's times; see instant.
	millisecond instant = 1
)

// orders gives the times that an object is sorted by. Close sorts tasks by date_created alone
// (https://developer.close.com/api/resources/tasks/list).
func (p *pull) orders() (first, second string) {
	switch {
	case p.kind.name == objectTask:
		return fieldCreated, ""
	case p.Scope.Kind == connector.CreatedBetween:
		return fieldCreated, fieldUpdated
	}
	return fieldUpdated, fieldCreated
}

// readKeyset reads the next rows; the next state is nil behind the last. lead limits them to the children of a lead.
func (p *pull) readKeyset(ctx context.Context, k *keyset, lead string) (*keyset, error) {
	first, second := p.orders()
	if k.Deep != nil && k.Deep.Cursor != "" && p.Now.Sub(k.Deep.At) > cursorLife {
		k = k.rewound()
	}
	q := p.question(k, first, second)
	q.lead = lead
	b, err := p.fetch(ctx, q)
	switch {
	case q.deep.Cursor != "" && refusedAs(err, codeCursor): // it was too old all the same
		return p.readKeyset(ctx, k.rewound(), lead)
	case refusedAs(err, codeMaxSkip):
		return nil, p.tied(first, second)
	case err != nil:
		return nil, err
	}
	if q.count {
		p.page.Total = b.total
	}
	p.from(b.answer)
	for _, row := range b.Data {
		if id := rowID(row); id != "" && (slices.Contains(k.Seen, id) || slices.Contains(k.InnerSeen, id)) {
			p.rows++ // read before
			continue
		}
		p.add(row)
	}
	switch {
	case k.Tie == nil:
		return p.advance(k, b, first, second)
	case k.Deep == nil:
		return p.advanceTie(k, b, first, second)
	}
	return p.advanceDeep(k, b, first, second)
}

// question says what is asked for in a state.
func (p *pull) question(k *keyset, first, second string) ordered {
	q := ordered{by: first}
	if field, from, until := p.between(); field != "" {
		q.narrow(field, from, until)
	}
	if k.Deep != nil {
		q.deep = *k.Deep
	}
	switch {
	case k.Tie == nil:
		q.narrow(first, k.From, nil)
		q.count = k.From == nil && k.Deep == nil
		return q
	case second != "":
		q.by = second
		var until *instant
		if k.Deep != nil {
			until = k.Inner.next()
		}
		q.narrow(second, k.Inner, until)
	}
	q.narrow(first, k.Tie, k.Tie.next())
	return q
}

// advance says where to go on behind a page in the first order.
func (p *pull) advance(k *keyset, b batch, first, second string) (*keyset, error) {
	chain := deep{Rows: len(b.Data), Cursor: b.Cursor, At: p.Now}
	if k.Deep != nil {
		chain.Rows += k.Deep.Rows
	}
	full := p.chained() && chain.Rows >= chainRows // where Close ends a chain, whatever is behind it
	if !b.more && !full {
		return nil, nil
	}
	at := p.progress(b.Data, first)
	switch {
	case at.ok && (k.From == nil || at.last > *k.From):
		return &keyset{From: &at.last, Seen: at.ids}, nil
	case at.ok && at.last < *k.From:
		return nil, p.outside()
	case at.ok && !at.unsettled: // a whole page of one time
		t := &keyset{From: k.From, Seen: at.ids, Tie: &at.last}
		if second == "" {
			t.Deep = &deep{At: p.Now}
		}
		return t, nil
	case full:
		return p.settle(k), nil
	case p.chained():
		return &keyset{From: k.From, Seen: k.Seen, Deep: &chain}, nil
	}
	return nil, unreadable("Close gave %d %s without a date, and more behind them.", len(b.Data), p.kind.title)
}

// advanceTie says where to go on behind a page of one time in the second order.
func (p *pull) advanceTie(k *keyset, b batch, _, second string) (*keyset, error) {
	if !b.more {
		return &keyset{From: k.Tie.next()}, nil
	}
	next := *k
	at := p.progress(b.Data, second)
	switch {
	case at.ok && (k.Inner == nil || at.last > *k.Inner):
		next.Inner, next.InnerSeen = &at.last, at.ids
	case at.ok && at.last < *k.Inner:
		return nil, p.outside()
	case at.ok && !at.unsettled:
		next.InnerSeen, next.Deep = at.ids, &deep{At: p.Now}
	case !at.ok && !at.unsettled:
		return nil, unreadable("Close gave %d %s without a date, and more behind them.", len(b.Data), p.kind.title)
	default:
		p.page.NotBefore = p.page.At.Add(searchLag)
	}
	return &next, nil
}

// advanceDeep says where to go on behind a page that is of one time in both orders.
func (p *pull) advanceDeep(k *keyset, b batch, first, second string) (*keyset, error) {
	chain := deep{Rows: k.Deep.Rows + len(b.Data), Cursor: b.Cursor, At: p.Now}
	switch {
	case p.chained() && chain.Rows >= chainRows:
		return nil, p.tied(first, second)
	case !b.more && second == "":
		return &keyset{From: k.Tie.next()}, nil
	case !b.more:
		return &keyset{From: k.From, Seen: k.Seen, Tie: k.Tie, Inner: k.Inner.next()}, nil
	}
	if !p.chained() {
		chain.Skip = k.Deep.Skip + stride(len(b.Data))
	}
	next := *k
	next.Deep, next.InnerSeen = &chain, rowIDs(b.Data)
	return &next, nil
}

// progress is how far a page has come.
type progress struct {
	// last is the time up to which everything has been read, ids the rows of that time; ok tells whether there is one.
	last instant
	ids  []string
	ok   bool
	// unsettled tells of rows that do not count.
	unsettled bool
}

// progress reads how far a page has come. A search sorts by its index and may show a row as it is by now, so that rows that
// changed just now do not count.
func (p *pull) progress(rows []any, field string) progress {
	var g progress
	settled, ahead := instantOf(p.page.At.Add(-searchLag)), instantOf(p.page.At.Add(searchLag))
	for _, row := range rows {
		data, _ := row.(map[string]any)
		switch at, has := instantAt(data, field); {
		case !has || g.ok && at < g.last:
		case p.chained() && field == fieldUpdated && at >= settled && at < ahead:
			g.unsettled = true
		case !g.ok || at > g.last:
			g.last, g.ids, g.ok = at, []string{rowID(row)}, true
		default:
			g.ids = append(g.ids, rowID(row))
		}
	}
	return g
}

// settle begins again once the index of the search has caught up: more changed just now than Close gives at once.
func (p *pull) settle(k *keyset) *keyset {
	p.page.NotBefore = p.page.At.Add(searchLag)
	return &keyset{From: k.From, Seen: k.Seen}
}

// rewound gives the state at the beginning of a chain of Close's cursors that broke. Nothing is lost by that; a reader that
// takes longer than a cursor lives for each page has to become faster to get behind what is tied.
func (k *keyset) rewound() *keyset {
	again := *k
	if again.Deep = nil; k.Tie != nil {
		again.Deep = &deep{}
	}
	return &again
}

// chained tells whether Close's cursor leads from page to page, not an offset.
func (p *pull) chained() bool { return p.kind.manner == bySearch }

// outside is the fault of an answer with rows that were not asked for: to go on by them would lead nowhere.
func (p *pull) outside() error {
	return unreadable("Close gave %s of other dates than those that were asked for.", p.kind.title)
}

func (p *pull) tied(first, second string) error {
	what := first
	if second != "" {
		what += " and " + second
	}
	return fault.New(fault.Invalid, "tied_beyond_cap", "There are more %s of one millisecond of %s than Close lets be read (10,000 by a search), "+
		"and no way to those beyond: change some of them in Close, so that their dates differ.", p.kind.title, what)
}

// stride is how far an offset moves behind a page of n rows: not by all of them, for rows that were deleted meanwhile have
// drawn others forward (closeio/closeio-api#96).
func stride(n int) int { return max(1, n-min(10, n/10)) }

func rowID(row any) string {
	data, _ := row.(map[string]any)
	id, _ := data["id"].(string)
	return id
}

func rowIDs(rows []any) []string {
	ids := make([]string, 0, len(rows))
	for _, row := range rows {
		ids = append(ids, rowID(row))
	}
	return ids
}

// next gives the first instant behind i; nil for nil.
func (i *instant) next() *instant {
	if i == nil {
		return nil
	}
	n := *i + millisecond
	return &n
}
