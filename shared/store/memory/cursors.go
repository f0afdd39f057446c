package memory

import (
	"context"
	"sync"
)

// Cursors implements store.Cursors.
type Cursors struct {
	mu   sync.Mutex
	jobs map[string]string
}

// NewCursors makes an empty store.
func NewCursors() *Cursors { return &Cursors{jobs: map[string]string{}} }

// Cursor implements store.Cursors.
func (s *Cursors) Cursor(ctx context.Context, job string) (string, error) {
	if err := alive(ctx); err != nil {
		return "", err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.jobs[job], nil
}

// SaveCursor implements store.Cursors.
func (s *Cursors) SaveCursor(ctx context.Context, job, cursor string) error {
	if err := alive(ctx); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.jobs[job] = cursor
	return nil
}
