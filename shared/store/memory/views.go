package memory

import (
	"context"
	"time"

	"leadline/shared/store"
	"leadline/shared/view"
)

// Views implements store.Views.
type Views struct {
	tenancy *Tenancy
	items   map[definition]view.Item
}

type definition struct {
	organization string
	kind         view.Kind
	name         string
}

var _ store.Views = (*Views)(nil)

// NewViews makes an empty store whose receipts are those of another.
func NewViews(tenancy *Tenancy) *Views {
	return &Views{tenancy: tenancy, items: map[definition]view.Item{}}
}

// CreateDefinition implements store.Views.
func (s *Views) CreateDefinition(ctx context.Context, i view.Item, receipt *store.Receipt) error {
	at := definition{i.Organization, i.Kind, i.Name}
	return s.tenancy.change(ctx, receipt, i.CreatedAt, func() error {
		if _, found := s.items[at]; found {
			return taken(string(i.Kind))
		}
		return nil
	}, func() { s.items[at] = i.Clone() })
}

// UpdateDefinition implements store.Views.
func (s *Views) UpdateDefinition(ctx context.Context, i view.Item, receipt *store.Receipt) error {
	at := definition{i.Organization, i.Kind, i.Name}
	return s.tenancy.change(ctx, receipt, i.UpdatedAt, func() error {
		if before, found := s.items[at]; !found || before.Rev != i.Rev-1 {
			return stale(string(i.Kind))
		}
		return nil
	}, func() { s.items[at] = i.Clone() })
}

// DeleteDefinition implements store.Views.
func (s *Views) DeleteDefinition(ctx context.Context, organization string, kind view.Kind, name string) error {
	return s.tenancy.change(ctx, nil, time.Time{}, func() error { return nil }, func() {
		delete(s.items, definition{organization, kind, name})
	})
}

// Definition implements store.Views.
func (s *Views) Definition(ctx context.Context, organization string, kind view.Kind, name string) (view.Item, error) {
	i, err := get(ctx, s.tenancy, s.items, definition{organization, kind, name}, string(kind))
	return i.Clone(), err
}

// Definitions implements store.Views.
func (s *Views) Definitions(ctx context.Context, organization string, kind view.Kind, p store.Page) ([]view.Item, string, error) {
	return page(ctx, []string{"definitions", organization, string(kind)}, p, false, func(after string) []entry[view.Item] {
		s.tenancy.mu.RLock()
		defer s.tenancy.mu.RUnlock()
		var entries []entry[view.Item]
		for at, i := range s.items {
			if at.organization == organization && at.kind == kind && (p.Cursor == "" || at.name > after) {
				entries = append(entries, entry[view.Item]{at.name, i.Clone()})
			}
		}
		return entries
	})
}
