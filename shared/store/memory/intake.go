package memory

import (
	"context"
	"slices"
	"sync"
	"time"

	"leadline/shared/delivery"
	"leadline/shared/quarantine"
	"leadline/shared/store"
)

// Intake implements store.Intake.
type Intake struct {
	mu       sync.RWMutex
	payloads map[payloads]delivery.PayloadIndex
	entries  map[string]map[string]quarantine.Entry // by organization and id
}

// payloads names one payload index. storedAt is a text: equal times need not be equal values.
type payloads struct{ organization, connection, storedAt, object string }

// NewIntake makes an empty store.
func NewIntake() *Intake {
	return &Intake{
		payloads: map[payloads]delivery.PayloadIndex{},
		entries:  map[string]map[string]quarantine.Entry{},
	}
}

// IndexPayloads implements store.Intake.
func (s *Intake) IndexPayloads(ctx context.Context, index delivery.PayloadIndex) error {
	if err := alive(ctx); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	index.Entries = slices.Clone(index.Entries)
	s.payloads[payloads{index.Organization, index.Connection, timeSort(index.StoredAt), index.Object}] = index
	return nil
}

// Payloads implements store.Intake.
func (s *Intake) Payloads(ctx context.Context, organization, connection string, day time.Time, p store.Page) (
	[]delivery.PayloadIndex, string, error,
) {
	date := day.UTC().Format(time.DateOnly)
	list := []string{"payloads", organization, connection, date}
	return page(ctx, list, p, false, func(after string) []entry[delivery.PayloadIndex] {
		s.mu.RLock()
		defer s.mu.RUnlock()
		var entries []entry[delivery.PayloadIndex]
		for name, index := range s.payloads {
			sort := name.storedAt + name.object
			if name.organization == organization && name.connection == connection &&
				index.StoredAt.UTC().Format(time.DateOnly) == date && sort > after {
				index.Entries = slices.Clone(index.Entries)
				entries = append(entries, entry[delivery.PayloadIndex]{sort, index})
			}
		}
		return entries
	})
}

func timeSort(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000000000Z") }

// SetAside implements store.Intake.
func (s *Intake) SetAside(ctx context.Context, e quarantine.Entry) error {
	if err := alive(ctx); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	entries := s.entries[e.Organization]
	if entries == nil {
		entries = map[string]quarantine.Entry{}
		s.entries[e.Organization] = entries
	}
	if _, found := entries[e.ID]; !found {
		e.Mismatches = slices.Clone(e.Mismatches)
		entries[e.ID] = e
	}
	return nil
}

// Requeue implements store.Intake.
func (s *Intake) Requeue(ctx context.Context, organization, id string, why quarantine.Entry, at time.Time) error {
	return s.change(ctx, organization, id, func(e *quarantine.Entry) error {
		if e.Status == quarantine.Open {
			e.Reason, e.Detail, e.Mismatches = why.Reason, why.Detail, slices.Clone(why.Mismatches)
			e.Replays++
			e.UpdatedAt = at
		}
		return nil
	})
}

// Resolve implements store.Intake.
func (s *Intake) Resolve(ctx context.Context, organization, id string, at time.Time) error {
	return s.change(ctx, organization, id, func(e *quarantine.Entry) error {
		if e.Status == quarantine.Open {
			e.Status, e.UpdatedAt = quarantine.Resolved, at
			e.Replays++
		}
		return nil
	})
}

// Discard implements store.Intake.
func (s *Intake) Discard(ctx context.Context, organization, id string, at time.Time) error {
	return s.change(ctx, organization, id, func(e *quarantine.Entry) error {
		if e.Status != quarantine.Open {
			return conflict(store.CodeStale, "the entry is %s already", e.Status)
		}
		e.Status, e.UpdatedAt = quarantine.Discarded, at
		return nil
	})
}

func (s *Intake) change(ctx context.Context, organization, id string, change func(*quarantine.Entry) error) error {
	if err := alive(ctx); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	e, found := s.entries[organization][id]
	if !found {
		return notFound("quarantine entry")
	}
	if err := change(&e); err != nil {
		return err
	}
	s.entries[organization][id] = e
	return nil
}

// DeleteEntry implements store.Intake.
func (s *Intake) DeleteEntry(ctx context.Context, organization, id string) error {
	if err := alive(ctx); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.entries[organization], id)
	return nil
}

// Entry implements store.Intake.
func (s *Intake) Entry(ctx context.Context, organization, id string) (quarantine.Entry, error) {
	if err := alive(ctx); err != nil {
		return quarantine.Entry{}, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	e, found := s.entries[organization][id]
	if !found {
		return quarantine.Entry{}, notFound("quarantine entry")
	}
	e.Mismatches = slices.Clone(e.Mismatches)
	return e, nil
}

// Entries implements store.Intake.
func (s *Intake) Entries(ctx context.Context, organization string, f store.QuarantineFilter, p store.Page) ([]quarantine.Entry, string, error) {
	list := []string{"quarantine", organization, f.Connection, f.Object, string(f.Reason), string(f.Status)}
	position, err := p.Position(list, 1)
	if err != nil {
		return nil, "", err
	}
	if err := alive(ctx); err != nil {
		return nil, "", err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	var found []quarantine.Entry
	last := ""
	for looked, id := range behind(s.entries[organization], position) {
		e := s.entries[organization][id]
		matching := f.Matches(e)
		if looked == store.MaxLookedAt || matching && len(found) == p.Limit {
			return found, store.Next(list, last), nil
		}
		if last = id; matching {
			e.Mismatches = slices.Clone(e.Mismatches)
			found = append(found, e)
		}
	}
	return found, "", nil
}

// behind gives the ids of what is stored behind a position, newest first; all if it is nil. The caller holds the lock.
func behind[T any](stored map[string]T, position []string) []string {
	var ids []string
	for id := range stored {
		if position == nil || id < position[0] {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	slices.Reverse(ids)
	return ids
}
