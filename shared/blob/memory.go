package blob

import (
	"bytes"
	"context"
	"sync"
)

var _ Store = (*Memory)(nil)

// Memory keeps objects in memory, for tests. It is safe for concurrent use.
type Memory struct {
	mu      sync.RWMutex
	objects map[string][]byte
}

// NewMemory makes an empty store.
func NewMemory() *Memory { return &Memory{objects: map[string][]byte{}} }

// Put implements Store.
func (m *Memory) Put(_ context.Context, key string, body []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.objects[key] = bytes.Clone(body)
	return nil
}

// Get implements Store.
func (m *Memory) Get(_ context.Context, key string) ([]byte, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	body, ok := m.objects[key]
	if !ok {
		return nil, notFound()
	}
	return bytes.Clone(body), nil
}

// GetRange implements Store.
func (m *Memory) GetRange(_ context.Context, key string, offset, length int64) ([]byte, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	body, ok := m.objects[key]
	if !ok || offset < 0 || length <= 0 || offset >= int64(len(body)) {
		return nil, notFound()
	}
	return bytes.Clone(body[offset:min(offset+length, int64(len(body)))]), nil
}
