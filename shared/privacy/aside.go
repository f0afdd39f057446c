package privacy

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"leadline/shared/delivery"
	"leadline/shared/fault"
	"leadline/shared/outbound"
	"leadline/shared/quarantine"
	"leadline/shared/schema"
	"leadline/shared/store"
)

// listPage is how many entries, or deliveries, are looked at together, for each of which something is read.
const listPage = 100

// aside is an entry of the quarantine that is the person's, with what was set aside: a row, or a whole body.
type aside struct {
	quarantine.Entry
	content []byte
}

// walkQuarantine looks at all entries. What it finds in their payloads is found in the kept payloads as well, and erased
// there: an entry whose payload was erased is the person's, too.
func (r *run) walkQuarantine(ctx context.Context) (bool, error) {
	if _, err := r.connectionIDs(ctx); err != nil {
		return false, err
	}
	return r.pages(func(cursor string) (string, error) {
		entries, next, err := r.Intake.Entries(ctx, r.job.Organization, store.QuarantineFilter{}, store.Page{Cursor: cursor, Limit: listPage})
		if err != nil {
			return "", fmt.Errorf("entries: %w", err)
		}
		for _, e := range entries {
			r.count(CountDone, 1)
			its, content, err := r.entryIs(ctx, e)
			if err != nil {
				return "", err
			}
			if !its {
				continue
			}
			if err := r.act.aside(ctx, aside{e, content}); err != nil {
				return "", err
			}
		}
		return next, nil
	})
}

// entryIs tells whether an entry is the person's, and gives what was set aside.
func (r *run) entryIs(ctx context.Context, e quarantine.Entry) (its bool, content []byte, err error) {
	b, err := r.payload(ctx, r.connection(e.Connection), e.Kind, e.Payload)
	if err != nil {
		return false, nil, err
	}
	its = r.found.Deliveries[e.ID] || r.who.Text([]byte(e.Detail)) ||
		slices.ContainsFunc(e.Mismatches, func(m schema.Mismatch) bool { return r.who.Text([]byte(m.Field)) })
	if !b.found {
		return its, nil, nil
	}
	content = b.body
	if at := b.rowOf(e); at >= 0 {
		content = b.row(at)
		its = its || slices.Contains(b.rows, at) || len(b.page) > 0 && r.found.hasRecord(e.Connection, e.Object, e.Record)
	} else if e.Row > 0 && len(b.contents.Rows)+len(b.page) > 0 {
		return its, nil, nil
	} else {
		its = its || !b.none()
	}
	return its || string(content) == erasedMark || string(b.body) == erasedMark, content, nil
}

// rowOf gives the place of the row that an entry is about; -1 if it is about none. A page tells it by the record's id, for
// its rows may be counted otherwise than here.
func (b cachedBody) rowOf(e quarantine.Entry) int {
	if e.Row == 0 {
		return -1
	}
	if len(b.page) > 0 && e.Record != "" {
		for i := range b.page {
			if idsOf(b.row(i))[e.Record] {
				return i
			}
		}
	}
	if b.row(e.Index) == nil {
		return -1
	}
	return e.Index
}

// delivered is a delivery to a destination that is the person's, with what was sent.
type delivered struct {
	outbound.LogEntry
	content []byte
}

// walkDeliveries looks at the log of all destinations, also of those that were deleted.
func (r *run) walkDeliveries(ctx context.Context) (bool, error) {
	ids, err := r.destinationIDs(ctx)
	if err != nil {
		return false, err
	}
	return r.groups(ids, func(destination string) (bool, error) {
		return r.pages(func(cursor string) (string, error) {
			entries, next, err := r.Deliveries.LoggedDeliveries(ctx, r.job.Organization, destination, store.DeliveryFilter{}, store.Page{Cursor: cursor, Limit: listPage})
			if err != nil {
				return "", fmt.Errorf("log: %w", err)
			}
			for _, e := range entries {
				if err := r.lookAtDelivery(ctx, destination, e.ID); err != nil {
					return "", err
				}
			}
			return next, nil
		})
	})
}

func (r *run) lookAtDelivery(ctx context.Context, destination, id string) error {
	r.budget--
	e, err := r.Deliveries.LoggedDelivery(ctx, r.job.Organization, destination, id)
	if fault.Is(err, fault.NotFound) { // forgotten since
		return nil
	}
	if err != nil {
		return fmt.Errorf("delivery: %w", err)
	}
	r.count(CountDone, 1)
	d := delivered{e, e.Body}
	if e.Payload != nil {
		packed, found, err := r.get(ctx, e.Payload.Key)
		if err != nil {
			return fmt.Errorf("body: %w", err)
		}
		if found {
			if d.content, err = delivery.Unpack(packed); err != nil {
				r.count(CountUnreadable, 1)
			}
		}
	}
	source, _, _ := strings.Cut(id, "-") // what came in; see outbound.NewDelivery
	its := r.found.Deliveries[source] || r.who.JSON(d.content)
	for _, a := range e.Attempts { // a receiver may have answered with what it got
		its = its || r.who.Text([]byte(a.Answer)) || r.who.Text([]byte(a.Problem))
	}
	if !its {
		return nil
	}
	return r.act.delivered(ctx, d)
}

// destinationIDs gives the destinations of the organization, and those that were deleted for as long as their log may be
// there.
func (r *run) destinationIDs(ctx context.Context) ([]string, error) {
	destinations, err := all(ctx, func(ctx context.Context, p store.Page) ([]outbound.Destination, string, error) {
		return r.Destinations.Destinations(ctx, r.job.Organization, p)
	})
	if err != nil {
		return nil, fmt.Errorf("destinations: %w", err)
	}
	var ids []string
	for _, d := range destinations {
		ids = append(ids, d.ID)
	}
	// The log may be kept a little longer than it must, and a replay lengthens it.
	filter := store.AuditFilter{Operation: "delete-destination", From: r.Now().Add(-2 * outbound.KeepLog)}
	for page := (store.Page{Limit: maxPage}); ; {
		entries, next, err := r.Journal.Entries(ctx, r.job.Organization, filter, page)
		if err != nil {
			return nil, fmt.Errorf("deleted destinations: %w", err)
		}
		for _, e := range entries {
			if id, found := strings.CutPrefix(e.Target, "destinations/"); found {
				ids = append(ids, id)
			}
		}
		if page.Cursor = next; next == "" {
			break
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids), nil
}

// exampleHolds tells whether an example of a proposed schema shows something of the person: by itself, or because its row
// was erased, for a value that was cut may not show whose it is.
func (r *run) exampleHolds(ctx context.Context, e schema.Example) (bool, error) {
	if r.who.JSON([]byte(e.Value)) {
		return true, nil
	}
	_, err := r.Intake.Entry(ctx, r.job.Organization, e.Entry)
	r.budget--
	if fault.Is(err, fault.NotFound) {
		return true, nil
	}
	if err != nil {
		return false, fmt.Errorf("entry of an example: %w", err)
	}
	return false, nil
}

// without gives the change without what it shows of the person, and how many examples and choices that is.
func (r *run) without(ctx context.Context, c schema.Change) (schema.Change, int, error) {
	gone := 0
	var choices []string
	for _, choice := range c.Choices {
		if r.who.Text([]byte(choice)) {
			gone++
			continue
		}
		choices = append(choices, choice)
	}
	var examples []schema.Example
	for _, e := range c.Examples {
		holds, err := r.exampleHolds(ctx, e)
		if err != nil {
			return c, 0, err
		}
		if holds {
			gone++
			continue
		}
		examples = append(examples, e)
	}
	c.Choices, c.Examples = choices, examples
	return c, gone, nil
}

// shown gives a body as JSON to be shown: as it is, or as a text where it is none.
func shown(body []byte) json.RawMessage {
	if json.Valid(body) {
		return body
	}
	text, _ := json.Marshal(string(body)) // a text always encodes
	return text
}
