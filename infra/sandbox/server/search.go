package server

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"leadline/infra/sandbox/crm"
)

// chain is what stands behind the cursor of a search.
type chain struct {
	search string // query and sort, which may not change within a chain
	at     crm.Place
	given  int
	until  time.Time
}

// mostOfPage is the largest page of a search.
const mostOfPage = 200

type searchBody struct {
	Query         json.RawMessage            `json:"query"`
	Fields        map[string]json.RawMessage `json:"_fields"`
	Limit         *int                       `json:"_limit"`
	Plain         *int                       `json:"limit"` // as the product's filter builder writes it: null
	Cursor        *string                    `json:"cursor"`
	ResultsLimit  *int                       `json:"results_limit"`
	IncludeCounts bool                       `json:"include_counts"`
	Sort          json.RawMessage            `json:"sort"`
}

// search answers POST /data/search/.
func (c *call) search() answer {
	var in searchBody
	if err := json.Unmarshal(c.body, &in); err != nil {
		return fail(http.StatusBadRequest, "The body is no search.")
	}
	limit := 100
	if in.Limit != nil {
		limit = *in.Limit
	}
	if limit < 1 {
		return refuse(&crm.Wrong{Fields: map[string]string{"_limit": "Must be at least 1."}})
	}
	s, err := c.m.ParseSearch(in.Query, in.Sort)
	if err != nil {
		return refuse(err)
	}
	fields, refused := c.searchFields(in, s)
	if refused != nil {
		return *refused
	}
	most := c.s.opts.Chain
	if in.ResultsLimit != nil && *in.ResultsLimit >= 0 {
		most = min(most, *in.ResultsLimit)
	}
	from, refused := c.cursor(in)
	if refused != nil {
		return *refused
	}
	var after *crm.Place
	if from.given > 0 {
		after = &from.at
	}
	limit = max(min(limit, mostOfPage, most-from.given), 0)
	page, last, more := c.m.Find(s, c.user, after, limit)
	text := append(make([]byte, 0, 1024*(len(page)+1)), `{"data":[`...)
	for i, r := range page {
		if i > 0 {
			text = append(text, ',')
		}
		text = c.m.Projected(text, r, fields)
	}
	text = append(text, `],"cursor":`...)
	if from.given += len(page); more && from.given < most {
		from.at, from.until = last, c.s.now().Add(c.s.opts.CursorLife)
		id := c.m.NewID("cursor_")
		c.s.found[id] = &from
		text = append(text, crm.Quote(id)...)
	} else {
		text = append(text, "null"...)
	}
	if in.IncludeCounts {
		total := c.m.Total(s, c.user)
		text = append(text, `,"count":{"limited":`...)
		text = strconv.AppendInt(text, int64(min(total, most)), 10)
		text = append(text, `,"total":`...)
		text = strconv.AppendInt(text, int64(total), 10)
		text = append(text, '}')
	}
	return ok(append(text, '}'))
}

// cursor finds where to go on. Cursors that are too old are dropped, and one that is not there any more is refused.
func (c *call) cursor(in searchBody) (chain, *answer) {
	now := c.s.now()
	for id, old := range c.s.found {
		if !now.Before(old.until) {
			delete(c.s.found, id)
		}
	}
	search := string(in.Query) + string(in.Sort)
	if in.Cursor == nil || *in.Cursor == "" {
		return chain{search: search}, nil
	}
	from := c.s.found[*in.Cursor]
	if from == nil {
		a := refuse(&crm.Wrong{Fields: map[string]string{"cursor": "The cursor is unknown or has expired."}})
		return chain{}, &a
	}
	if from.search != search {
		a := refuse(&crm.Wrong{Fields: map[string]string{"cursor": "The cursor belongs to another search."}})
		return chain{}, &a
	}
	return *from, nil
}

// searchFields reads what is asked for of the type of objects that the search gives.
func (c *call) searchFields(in searchBody, s *crm.Search) (*crm.Fields, *answer) {
	var names []string
	for object, list := range in.Fields {
		var some []string
		if json.Unmarshal(list, &some) != nil {
			a := refuse(&crm.Wrong{Fields: map[string]string{"_fields." + object: "Not a list of names."}})
			return nil, &a
		}
		if len(some) > c.s.opts.MaxFields {
			a := refuse(&crm.Wrong{Fields: map[string]string{"_fields." + object: "List is too long."}})
			return nil, &a
		}
		if object == s.Object(c.m) {
			names = some
		}
	}
	if names == nil {
		return nil, nil
	}
	return crm.ParseFields(names), nil
}
