package close

import (
	"context"
	"net/http"
	"net/url"
	"slices"

	"leadline/shared/connector"
	"leadline/shared/fault"
)

// listedIDs is how many ids a list is asked for at once, so that its URL does not become too long.
const listedIDs = 50

// readIDs reads records by their ids, as few requests as Close allows: activities and tasks by a filter of their lists, leads
// and contacts by a search. What a search does not show may be too new for its index and is asked for by itself, as
// is what there is no filter for. Short lists are read whole.
func (p *pull) readIDs(ctx context.Context, at position) (*position, error) {
	ids := at.Get
	if ids == nil && p.Cursor == "" {
		ids = slices.Compact(slices.Sorted(slices.Values(p.Scope.IDs)))
		if len(ids) > connector.MaxIDs {
			return nil, fault.New(fault.Invalid, "too_many_ids", "At most %d ids can be asked for at once.", connector.MaxIDs)
		}
	}
	if len(ids) == 0 {
		return nil, nil
	}
	var rest []string
	var err error
	switch {
	case p.kind.manner == byWindow || p.kind.name == objectTask:
		rest, err = p.readListed(ctx, ids)
	case (p.kind.name == objectLead || p.kind.name == objectContact) && p.Cursor == "":
		rest, err = p.readFound(ctx, ids)
	case p.kind.manner == bySkip && p.kind.name != objectUser, p.kind.manner == byMembership:
		return nil, p.readFiltered(ctx, ids)
	default:
		rest, err = p.readSingles(ctx, ids, true)
	}
	if err != nil || len(rest) == 0 {
		return nil, err
	}
	return &position{Get: rest}, nil
}

// readListed reads the first ids by a list that filters by them: https://developer.close.com/api/resources/activities.
func (p *pull) readListed(ctx context.Context, ids []string) (rest []string, err error) {
	n := min(listedIDs, len(ids))
	v := url.Values{"id__in": {joined(ids[:n])}, "_limit": {number(pageRows)}}
	if p.kind.name == objectTask {
		v.Set("_type", "all")
	}
	l, err := getList(ctx, p.client, p.kind.path, v)
	if err != nil {
		return nil, err
	}
	p.from(l.answer)
	there := p.addKnown(l.Data, ids[:n])
	for _, id := range ids[:n] {
		if !there[id] {
			p.page.Missing = append(p.page.Missing, id)
		}
	}
	return ids[n:], nil
}

// addKnown adds the rows that are among the ids, and gives their ids. A filter that was not understood shows others.
func (p *pull) addKnown(rows []any, ids []string) map[string]bool {
	there := map[string]bool{}
	for _, row := range rows {
		if id := rowID(row); slices.Contains(ids, id) {
			there[id] = true
			p.add(row)
		}
	}
	return there
}

// readFound reads ids by a search, and gives those that it does not show. The form of the condition is not documented; where
// Close refuses it, none is shown.
func (p *pull) readFound(ctx context.Context, ids []string) (rest []string, err error) {
	var each []any
	for _, id := range ids {
		each = append(each, map[string]any{"type": "id", "value": id})
	}
	body, err := p.searchBody(ordered{by: fieldUpdated})
	if err != nil {
		return nil, err
	}
	body["query"] = map[string]any{"type": "and", "queries": []any{
		map[string]any{"type": "object_type", "object_type": p.kind.name},
		map[string]any{"type": "or", "queries": each},
	}}
	l, err := list(ctx, p.client, connector.Request{Method: http.MethodPost, Path: pathSearch, Body: body})
	if r := connector.Refusal(err); r != nil && r.Status == http.StatusBadRequest {
		return ids, nil
	}
	if err != nil {
		return nil, err
	}
	p.from(l.answer)
	there := p.addKnown(l.Data, ids)
	return slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return there[id] }), nil
}

// readFiltered reads a short list whole and keeps the ids.
func (p *pull) readFiltered(ctx context.Context, ids []string) error {
	whole := &pull{client: p.client, kind: p.kind, PageRequest: p.PageRequest, gather: newGather(p.Object)}
	at := position{}
	for range 50 { // pages of a short list
		next, err := whole.readWhole(ctx, at)
		if err != nil {
			return err
		}
		if next == nil {
			break
		}
		at = *next
	}
	p.page.Raw, p.page.At = whole.page.Raw, whole.page.At
	there := map[string]bool{}
	for _, c := range whole.page.Changes {
		if slices.Contains(ids, c.ID) && !there[c.ID] {
			there[c.ID] = true
			p.page.Changes = append(p.page.Changes, c)
		}
	}
	for _, r := range whole.page.Refused {
		if slices.Contains(ids, r.ID) {
			there[r.ID] = true
			p.page.Refused = append(p.page.Refused, r)
		}
	}
	for _, id := range ids {
		if !there[id] {
			p.page.Missing = append(p.page.Missing, id)
		}
	}
	return nil
}

func (p *pull) readWhole(ctx context.Context, at position) (*position, error) {
	if p.kind.manner == byMembership {
		return nil, p.readMemberships(ctx)
	}
	return p.readShort(ctx, at)
}
