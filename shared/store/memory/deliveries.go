package memory

import (
	"bytes"
	"context"
	"slices"
	"sync"
	"time"

	"leadline/shared/outbound"
	"leadline/shared/store"
)

// Deliveries implements store.Deliveries. It forgets nothing.
type Deliveries struct {
	mu      sync.RWMutex
	entries map[owned]map[string]outbound.LogEntry // by destination and id
}

// NewDeliveries makes an empty store.
func NewDeliveries() *Deliveries {
	return &Deliveries{entries: map[owned]map[string]outbound.LogEntry{}}
}

// LogDelivery implements store.Deliveries.
func (s *Deliveries) LogDelivery(ctx context.Context, e outbound.LogEntry, _ time.Time) error {
	if err := alive(ctx); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	name := owned{e.Organization, e.Destination}
	if s.entries[name][e.ID].Rev != e.Rev-1 {
		return conflict(store.CodeStale, "the delivery has changed since it was read")
	}
	if s.entries[name] == nil {
		s.entries[name] = map[string]outbound.LogEntry{}
	}
	s.entries[name][e.ID] = ownDelivery(e)
	return nil
}

// LoggedDelivery implements store.Deliveries.
func (s *Deliveries) LoggedDelivery(ctx context.Context, organization, destination, id string) (outbound.LogEntry, error) {
	if err := alive(ctx); err != nil {
		return outbound.LogEntry{}, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	e, found := s.entries[owned{organization, destination}][id]
	if !found {
		return outbound.LogEntry{}, notFound("delivery")
	}
	return ownDelivery(e), nil
}

// LoggedDeliveries implements store.Deliveries.
func (s *Deliveries) LoggedDeliveries(ctx context.Context, organization, destination string, f store.DeliveryFilter, p store.Page) (
	[]outbound.LogEntry, string, error,
) {
	list := []string{"deliveries", organization, destination, string(f.Outcome), f.Type, timeSort(f.From), timeSort(f.Until)}
	position, err := p.Position(list, 1)
	if err != nil {
		return nil, "", err
	}
	if err := alive(ctx); err != nil {
		return nil, "", err
	}
	from, until := f.IDs()
	if position == nil && until != "" {
		position = []string{until}
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	entries := s.entries[owned{organization, destination}]
	var found []outbound.LogEntry
	last := ""
	for looked, id := range behind(entries, position) {
		if id < from {
			break
		}
		e := ownDelivery(entries[id])
		e.Body = nil
		matching := f.Matches(e)
		if looked == store.MaxLookedAt || matching && len(found) == p.Limit {
			return found, store.Next(list, last), nil
		}
		if last = id; matching {
			found = append(found, e)
		}
	}
	return found, "", nil
}

// DeleteDelivery implements store.Deliveries.
func (s *Deliveries) DeleteDelivery(ctx context.Context, organization, destination, id string) error {
	if err := alive(ctx); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.entries[owned{organization, destination}], id)
	return nil
}

// ownDelivery gives an entry of which nobody else can change anything.
func ownDelivery(e outbound.LogEntry) outbound.LogEntry {
	e.Body, e.Attempts = bytes.Clone(e.Body), slices.Clone(e.Attempts)
	if e.Payload != nil {
		payload := *e.Payload
		e.Payload = &payload
	}
	return e
}
