// Package memory keeps everything that package store describes in memory, for tests. It is safe for concurrent use. A
// record is written and read in constant time; lists sort what they select.
package memory

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"leadline/shared/fault"
	"leadline/shared/store"
)

var (
	_ store.Records    = (*Records)(nil)
	_ store.History    = (*History)(nil)
	_ store.Intake     = (*Intake)(nil)
	_ store.Tenancy    = (*Tenancy)(nil)
	_ store.Cursors    = (*Cursors)(nil)
	_ store.Schemas    = (*Schemas)(nil)
	_ store.Batches    = (*Batches)(nil)
	_ store.Deliveries = (*Deliveries)(nil)
	_ store.Due        = (*Due)(nil)

	_ store.Members      = (*Members)(nil)
	_ store.Destinations = (*Destinations)(nil)
	_ store.Journal      = (*Journal)(nil)
	_ store.Jobs         = (*Jobs)(nil)
	_ store.Roster       = (*Roster)(nil)
	_ store.Syncs        = (*Syncs)(nil)
	_ store.Limits       = (*Limits)(nil)
)

// entry is an item of a list with the text that it is sorted by.
type entry[T any] struct {
	sort string
	item T
}

// page gives the page of a list. collect is called with the sort text of the last item of the page before, empty on the
// first page, and gives what lies behind it in any order.
func page[T any](ctx context.Context, list []string, p store.Page, descending bool, collect func(after string) []entry[T]) ([]T, string, error) {
	position, err := p.Position(list, 1)
	if err != nil {
		return nil, "", err
	}
	if err := alive(ctx); err != nil {
		return nil, "", err
	}
	after := ""
	if position != nil {
		after = position[0]
	}
	entries := collect(after)
	slices.SortFunc(entries, func(a, b entry[T]) int {
		if descending {
			a, b = b, a
		}
		return strings.Compare(a.sort, b.sort)
	})
	next := ""
	if len(entries) > p.Limit {
		entries = entries[:p.Limit]
		next = store.Next(list, entries[p.Limit-1].sort)
	}
	items := make([]T, len(entries))
	for i, e := range entries {
		items[i] = e.item
	}
	return items, next, nil
}

// alive refuses work for a request that has ended, as a request over the network would be.
func alive(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("store: %w", fault.Wrap(err, fault.Unavailable, "unavailable", "the request has ended"))
	}
	return nil
}

func notFound(what string) error {
	return fmt.Errorf("store: %w", fault.New(fault.NotFound, "not_found", "%s not found", what))
}

func conflict(code, format string, args ...any) error {
	return fmt.Errorf("store: %w", fault.New(fault.Conflict, code, format, args...))
}
