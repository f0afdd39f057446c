package eventsource

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
)

// Checkpoints remembers how far stream mappings have come, so that a restart goes on there. It is safe for concurrent
// use.
type Checkpoints struct {
	path string

	mu sync.Mutex
	// shards by mapping and stream, then by shard.
	shards map[string]map[string]checkpoint
}

// checkpoint is how far a mapping has come in a shard.
type checkpoint struct {
	// Sequence is the number of the last record that is done with, all those before it too; empty for none.
	Sequence string `json:"sequence,omitempty"`
	// Done tells that the shard has ended and all of it is done with.
	Done bool `json:"done,omitempty"`
}

// OpenCheckpoints reads the file at path, if it is there. An empty path keeps checkpoints in memory.
func OpenCheckpoints(path string) (*Checkpoints, error) {
	c := &Checkpoints{path: path, shards: map[string]map[string]checkpoint{}}
	if path == "" {
		return c, nil
	}
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return c, nil
	}
	if err != nil {
		return nil, fmt.Errorf("eventsource: checkpoints: %w", err)
	}
	if err := json.Unmarshal(data, &c.shards); err != nil {
		return nil, fmt.Errorf("eventsource: checkpoints %s: %w", path, err)
	}
	return c, nil
}

func (c *Checkpoints) get(stream, shard string) checkpoint {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.shards[stream][shard]
}

// has tells whether a mapping has ever read a stream.
func (c *Checkpoints) has(stream string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.shards[stream]) > 0
}

// set replaces a checkpoint, in the file too: the whole file by a rename, so that a crash leaves the old or the new one.
func (c *Checkpoints) set(stream, shard string, to checkpoint) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.shards[stream] == nil {
		c.shards[stream] = map[string]checkpoint{}
	}
	c.shards[stream][shard] = to
	if c.path == "" {
		return nil
	}
	data, err := json.Marshal(c.shards)
	if err != nil {
		return fmt.Errorf("eventsource: checkpoints: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(c.path), 0o700); err != nil {
		return fmt.Errorf("eventsource: checkpoints: %w", err)
	}
	next := c.path + ".next"
	if err := os.WriteFile(next, data, 0o600); err != nil {
		return fmt.Errorf("eventsource: checkpoints: %w", err)
	}
	if err := os.Rename(next, c.path); err != nil {
		return fmt.Errorf("eventsource: checkpoints: %w", err)
	}
	return nil
}

// forget drops the shards of a stream that are not in keep: they are older than the stream remembers.
func (c *Checkpoints) forget(stream string, keep map[string]bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for shard := range c.shards[stream] {
		if !keep[shard] {
			delete(c.shards[stream], shard)
		}
	}
}
