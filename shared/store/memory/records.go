package memory

import (
	"context"
	"fmt"
	"maps"
	"sync"

	"leadline/shared/fault"
	"leadline/shared/record"
	"leadline/shared/store"
)

// Records implements store.Records.
type Records struct {
	mu      sync.RWMutex
	objects map[object]map[string]record.Record
}

// object names the records of one kind.
type object struct{ organization, connection, name string }

func objectOf(k record.Key) object { return object{k.Organization, k.Connection, k.Object} }

// NewRecords makes an empty store.
func NewRecords() *Records {
	return &Records{objects: map[object]map[string]record.Record{}}
}

// PutNewer implements store.Records.
func (s *Records) PutNewer(ctx context.Context, r record.Record) (*record.Record, error) {
	if err := writable(ctx, r); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	stands, found := s.objects[objectOf(r.Key)][r.ID]
	if found && r.Version.Compare(stands.Version) <= 0 {
		stands = own(stands)
		return &stands, nil
	}
	s.put(r, stands.Rev+1)
	return nil, nil
}

// Replace implements store.Records.
func (s *Records) Replace(ctx context.Context, r record.Record, rev int64) (bool, *record.Record, error) {
	if err := writable(ctx, r); err != nil {
		return false, nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	stored, found := s.objects[objectOf(r.Key)][r.ID]
	switch {
	case !found && rev == 0, found && rev > 0 && stored.Rev == rev:
		s.put(r, rev+1)
		return true, nil, nil
	case found:
		stands := own(stored)
		return false, &stands, nil
	}
	return false, nil, nil
}

func (s *Records) put(r record.Record, rev int64) {
	ids := s.objects[objectOf(r.Key)]
	if ids == nil {
		ids = map[string]record.Record{}
		s.objects[objectOf(r.Key)] = ids
	}
	r.Rev = rev
	ids[r.ID] = own(r)
}

// Get implements store.Records.
func (s *Records) Get(ctx context.Context, key record.Key) (record.Record, error) {
	if err := alive(ctx); err != nil {
		return record.Record{}, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	r, found := s.objects[objectOf(key)][key.ID]
	if !found {
		return record.Record{}, notFound("record")
	}
	return own(r), nil
}

// GetMany implements store.Records.
func (s *Records) GetMany(ctx context.Context, keys []record.Key) ([]record.Record, error) {
	if err := alive(ctx); err != nil {
		return nil, err
	}
	if len(keys) > store.MaxLimit {
		return nil, fault.New(fault.Invalid, "invalid_limit", "at most %d records are read at once", store.MaxLimit)
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	var found []record.Record
	seen := make(map[record.Key]bool, len(keys))
	for _, k := range keys {
		if r, ok := s.objects[objectOf(k)][k.ID]; ok && !seen[k] {
			seen[k], found = true, append(found, own(r))
		}
	}
	return found, nil
}

// Heads implements store.Records.
func (s *Records) Heads(ctx context.Context, organization, connection, name string, p store.Page) ([]record.Record, string, error) {
	records, next, err := s.List(ctx, organization, connection, name, p)
	for i, r := range records {
		records[i] = record.Record{Key: r.Key, Version: r.Version, Rev: r.Rev, Deleted: r.Deleted, Contested: r.Contested, StoredAt: r.StoredAt}
	}
	return records, next, err
}

// List implements store.Records.
func (s *Records) List(ctx context.Context, organization, connection, name string, p store.Page) ([]record.Record, string, error) {
	list := []string{"records", organization, connection, name}
	return page(ctx, list, p, false, func(after string) []entry[record.Record] {
		s.mu.RLock()
		defer s.mu.RUnlock()
		var entries []entry[record.Record]
		for id, r := range s.objects[object{organization, connection, name}] {
			if p.Cursor == "" || id > after {
				entries = append(entries, entry[record.Record]{id, own(r)})
			}
		}
		return entries
	})
}

// Scan implements store.Records.
func (s *Records) Scan(ctx context.Context, p store.Page) ([]record.Record, string, error) {
	return page(ctx, []string{"all records"}, p, false, func(after string) []entry[record.Record] {
		s.mu.RLock()
		defer s.mu.RUnlock()
		var entries []entry[record.Record]
		for _, records := range s.objects {
			for _, r := range records {
				sort := fmt.Sprintf("%q %q %q %q", r.Organization, r.Connection, r.Object, r.ID)
				if sort > after {
					entries = append(entries, entry[record.Record]{sort, own(r)})
				}
			}
		}
		return entries
	})
}

// own gives a record whose maps nobody else can change. Values in them are shared: nobody changes those in place.
func own(r record.Record) record.Record {
	r.Fields, r.Large = cloned(r.Fields), cloned(r.Large)
	if r.Partial != nil {
		p := *r.Partial
		p.Stamps, p.Dormant, p.DormantLarge = cloned(p.Stamps), cloned(p.Dormant), cloned(p.DormantLarge)
		r.Partial = &p
	}
	return r
}

// cloned copies a map; an empty one is nil, as it is when it comes from a table.
func cloned[M ~map[K]V, K comparable, V any](m M) M {
	if len(m) == 0 {
		return nil
	}
	return maps.Clone(m)
}

func writable(ctx context.Context, r record.Record) error {
	if !r.Version.Storable() {
		return fmt.Errorf("store: %w", fault.New(fault.Invalid, "invalid_version", "the version lies outside of what can be stored"))
	}
	return alive(ctx)
}
