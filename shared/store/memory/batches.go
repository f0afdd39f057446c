package memory

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"leadline/shared/push"
	"leadline/shared/store"
)

// Batches implements store.Batches.
type Batches struct {
	mu      sync.RWMutex
	claims  map[owned]push.Claim
	batches map[owned]push.Batch
	chunks  map[owned]map[int]push.Chunk // by batch and number
}

// NewBatches makes an empty store.
func NewBatches() *Batches {
	return &Batches{claims: map[owned]push.Claim{}, batches: map[owned]push.Batch{}, chunks: map[owned]map[int]push.Chunk{}}
}

// Claim implements store.Batches.
func (s *Batches) Claim(ctx context.Context, c push.Claim) (*push.Claim, error) {
	if err := alive(ctx); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	name := owned{c.Organization, c.ID}
	if stands, found := s.claims[name]; found && c.ReceivedAt.Before(stands.ExpiresAt) {
		if stands.Batch == c.Batch {
			return nil, nil
		}
		return &stands, nil
	}
	s.claims[name] = c
	return nil, nil
}

// Claimed implements store.Batches.
func (s *Batches) Claimed(ctx context.Context, organization, id string) (push.Claim, error) {
	if err := alive(ctx); err != nil {
		return push.Claim{}, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	c, found := s.claims[owned{organization, id}]
	if !found {
		return push.Claim{}, notFound("claim")
	}
	return c, nil
}

// SaveBatch implements store.Batches.
func (s *Batches) SaveBatch(ctx context.Context, b push.Batch) error {
	if err := alive(ctx); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.batches[owned{b.Organization, b.ID}] = ownBatch(b)
	return nil
}

// FinishChunk implements store.Batches.
func (s *Batches) FinishChunk(ctx context.Context, organization, batch string, c push.Chunk) error {
	if err := alive(ctx); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	name := owned{organization, batch}
	b, found := s.batches[name]
	if !found {
		return notFound("batch")
	}
	if _, done := s.chunks[name][c.Number]; done {
		return nil
	}
	if s.chunks[name] == nil {
		s.chunks[name] = map[int]push.Chunk{}
	}
	s.chunks[name][c.Number] = ownChunk(c)
	b.Done++
	if b.Counts == nil {
		b.Counts = map[push.Outcome]int64{}
	}
	for outcome, n := range c.Counts {
		b.Counts[outcome] += n
	}
	s.batches[name] = b
	return nil
}

// Batch implements store.Batches.
func (s *Batches) Batch(ctx context.Context, organization, id string) (push.Batch, error) {
	if err := alive(ctx); err != nil {
		return push.Batch{}, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	b, found := s.batches[owned{organization, id}]
	if !found {
		return push.Batch{}, notFound("batch")
	}
	return ownBatch(b), nil
}

// Batches implements store.Batches.
func (s *Batches) Batches(ctx context.Context, organization string, p store.Page) ([]push.Batch, string, error) {
	return page(ctx, []string{"batches", organization}, p, true, func(after string) []entry[push.Batch] {
		s.mu.RLock()
		defer s.mu.RUnlock()
		var entries []entry[push.Batch]
		for name, b := range s.batches {
			if name.organization == organization && (p.Cursor == "" || b.ID < after) {
				b.Only = nil
				entries = append(entries, entry[push.Batch]{b.ID, ownBatch(b)})
			}
		}
		return entries
	})
}

// Chunks implements store.Batches.
func (s *Batches) Chunks(ctx context.Context, organization, batch string, p store.Page) ([]push.Chunk, string, error) {
	list := []string{"chunks", organization, batch}
	return page(ctx, list, p, false, func(after string) []entry[push.Chunk] {
		s.mu.RLock()
		defer s.mu.RUnlock()
		var entries []entry[push.Chunk]
		for number, c := range s.chunks[owned{organization, batch}] {
			if sort := fmt.Sprintf("%016d", number); p.Cursor == "" || sort > after {
				entries = append(entries, entry[push.Chunk]{sort, ownChunk(c)})
			}
		}
		return entries
	})
}

// ownBatch gives a batch of which nobody else can change anything.
func ownBatch(b push.Batch) push.Batch {
	b.Counts = cloned(b.Counts)
	if b.Only != nil {
		only := ownChunk(*b.Only)
		b.Only = &only
	}
	return b
}

func ownChunk(c push.Chunk) push.Chunk {
	c.Outcomes, c.Counts = slices.Clone(c.Outcomes), cloned(c.Counts)
	return c
}
