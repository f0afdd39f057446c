package rest

import (
	"sync"
	"time"
)

// Usage counts what a client did.
type Usage struct {
	// Requests that were made, Retries of them with a fresh access token.
	Requests, Retries int64
	// Throttled requests were refused as too many; Failed ones failed at the provider or on the way to it.
	Throttled, Failed int64
	// Waits for a turn, and how long all of them took.
	Waits  int64
	Waited time.Duration
	// Bytes of bodies that were read.
	Bytes int64
}

// meter counts. It is safe for concurrent use.
type meter struct {
	mu    sync.Mutex
	usage Usage
}

func (m *meter) count(change func(*Usage)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	change(&m.usage)
}

// take gives what was counted since the last time.
func (m *meter) take() Usage {
	m.mu.Lock()
	defer m.mu.Unlock()
	u := m.usage
	m.usage = Usage{}
	return u
}
