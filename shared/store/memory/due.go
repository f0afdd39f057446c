package memory

import (
	"bytes"
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"leadline/shared/store"
)

// Due implements store.Due.
type Due struct {
	mu    sync.Mutex
	items map[due]store.DueItem
}

// due names one item. at is a text: equal times need not be equal values.
type due struct{ at, key string }

// NewDue makes an empty store.
func NewDue() *Due { return &Due{items: map[due]store.DueItem{}} }

// Schedule implements store.Due.
func (s *Due) Schedule(ctx context.Context, item store.DueItem) error {
	if err := alive(ctx); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	item.At, item.Body = item.At.UTC(), bytes.Clone(item.Body)
	s.items[due{timeSort(item.At), item.Key}] = item
	return nil
}

// DueBefore implements store.Due.
func (s *Due) DueBefore(ctx context.Context, from string, until time.Time, limit int) ([]store.DueItem, string, bool, error) {
	begin, err := store.DueBegin(from, until, limit)
	if err != nil {
		return nil, "", false, err
	}
	if err := alive(ctx); err != nil {
		return nil, "", false, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var found []store.DueItem
	for _, item := range s.items {
		if !item.At.Before(begin) && item.At.Before(until) {
			item.Body = bytes.Clone(item.Body)
			found = append(found, item)
		}
	}
	slices.SortFunc(found, func(a, b store.DueItem) int { return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Key, b.Key)) })
	more := len(found) > limit
	if more {
		found = found[:limit]
	}
	var open time.Time
	if len(found) > 0 {
		open = found[0].At.Truncate(time.Minute)
	}
	return found, store.DueNext(begin, open, until, until), more, nil
}

// Finished implements store.Due.
func (s *Due) Finished(ctx context.Context, item store.DueItem) error {
	if err := alive(ctx); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.items, due{timeSort(item.At), item.Key})
	return nil
}
