package memory

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"leadline/shared/record"
	"leadline/shared/store"
)

// History implements store.History.
type History struct {
	mu   sync.RWMutex
	rows map[record.Key]map[int64]record.Revision
}

// NewHistory makes an empty store.
func NewHistory() *History {
	return &History{rows: map[record.Key]map[int64]record.Revision{}}
}

// Put implements store.History.
func (s *History) Put(ctx context.Context, rows ...record.Revision) error {
	if err := alive(ctx); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, row := range rows {
		revs := s.rows[row.Key]
		if revs == nil {
			revs = map[int64]record.Revision{}
			s.rows[row.Key] = revs
		}
		if stands, found := revs[row.Rev]; found && row.Repaired && !stands.Repaired {
			continue
		}
		row.Changes = slices.Clone(row.Changes)
		revs[row.Rev] = row
	}
	return nil
}

// Delete implements store.History.
func (s *History) Delete(ctx context.Context, key record.Key, revs ...int64) error {
	if err := alive(ctx); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, rev := range revs {
		delete(s.rows[key], rev)
	}
	return nil
}

// List implements store.History.
func (s *History) List(ctx context.Context, key record.Key, p store.Page) ([]record.Revision, string, error) {
	list := []string{"history", key.Organization, key.Connection, key.Object, key.ID}
	return page(ctx, list, p, true, func(after string) []entry[record.Revision] {
		s.mu.RLock()
		defer s.mu.RUnlock()
		var entries []entry[record.Revision]
		for rev, row := range s.rows[key] {
			if sort := fmt.Sprintf("%016d", rev); p.Cursor == "" || sort < after {
				row.Changes = slices.Clone(row.Changes)
				entries = append(entries, entry[record.Revision]{sort, row})
			}
		}
		return entries
	})
}
