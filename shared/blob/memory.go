package blob

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"sync"

	"leadline/shared/fault"
)

var _ Store = (*Memory)(nil)

// Memory is a Store in memory, for tests. It is safe for concurrent use.
type Memory struct {
	mu      sync.RWMutex
	objects map[string][]byte
}

// NewMemory makes an empty store.
func NewMemory() *Memory { return &Memory{objects: map[string][]byte{}} }

// Put implements Store.
func (m *Memory) Put(ctx context.Context, key string, body []byte) error {
	if err := alive(ctx); err != nil {
		return fmt.Errorf("blob: put: %w", err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.objects[key] = append([]byte{}, body...)
	return nil
}

// PutFrom implements Store.
func (m *Memory) PutFrom(ctx context.Context, key string, body io.ReadSeeker, size int64) error {
	const what = "blob: put from"
	if _, err := body.Seek(0, io.SeekStart); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	read, err := io.ReadAll(io.LimitReader(body, size+1))
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	if int64(len(read)) != size {
		return fmt.Errorf("%s: the body has not the %d bytes that it should have", what, size)
	}
	return m.Put(ctx, key, read)
}

// Delete implements Store.
func (m *Memory) Delete(ctx context.Context, key string) error {
	if err := alive(ctx); err != nil {
		return fmt.Errorf("blob: delete: %w", err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.objects, key)
	return nil
}

// Get implements Store.
func (m *Memory) Get(ctx context.Context, key string) ([]byte, error) {
	body, err := m.get(ctx, key)
	if err != nil {
		return nil, fmt.Errorf("blob: get: %w", err)
	}
	return bytes.Clone(body), nil
}

// GetRange implements Store.
func (m *Memory) GetRange(ctx context.Context, key string, offset, length int64) ([]byte, error) {
	body, err := m.get(ctx, key)
	if size := int64(len(body)); err == nil && (offset < 0 || length <= 0 || offset > size || length > size-offset) {
		err = outOfRange()
	}
	if err != nil {
		return nil, fmt.Errorf("blob: get range: %w", err)
	}
	return bytes.Clone(body[offset : offset+length]), nil
}

// Open implements Store.
func (m *Memory) Open(ctx context.Context, key string) (io.ReadCloser, int64, error) {
	body, err := m.get(ctx, key)
	if err != nil {
		return nil, 0, fmt.Errorf("blob: open: %w", err)
	}
	return memoryReader{ctx, bytes.NewReader(body)}, int64(len(body)), nil // no object is written to, it is replaced
}

// memoryReader reads as long as its context lives.
type memoryReader struct {
	ctx  context.Context
	body *bytes.Reader
}

// Read implements io.Reader.
func (r memoryReader) Read(p []byte) (int, error) {
	if err := alive(r.ctx); err != nil {
		return 0, fmt.Errorf("blob: read: %w", err)
	}
	return r.body.Read(p)
}

// Close implements io.Closer.
func (memoryReader) Close() error { return nil }

// Keys gives the keys of all objects, in no order.
func (m *Memory) Keys() []string {
	m.mu.RLock()
	defer m.mu.RUnlock()
	keys := make([]string, 0, len(m.objects))
	for key := range m.objects {
		keys = append(keys, key)
	}
	return keys
}

func (m *Memory) get(ctx context.Context, key string) ([]byte, error) {
	if err := alive(ctx); err != nil {
		return nil, err
	}
	m.mu.RLock()
	defer m.mu.RUnlock()
	body, found := m.objects[key]
	if !found {
		return nil, notFound(fmt.Errorf("no such key"))
	}
	return body, nil
}

// alive refuses work for a request that has ended, as a request over the network would be.
func alive(ctx context.Context) error {
	return fault.Wrap(ctx.Err(), fault.Unavailable, "unavailable", "the request has ended")
}
