package eventsource

import (
	"sync"
	"time"
)

// polls knows since when there has been nothing to read in a stream.
type polls struct {
	mu     sync.Mutex
	asked  time.Time            // when the shards were last listed
	ended  time.Time            // when the last shard ended: its children are unknown until the shards are listed again
	shards map[string]time.Time // when each open shard was last found empty; zero while it is not
}

func (p *polls) set(shard string, at time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.shards == nil {
		p.shards = map[string]time.Time{}
	}
	p.shards[shard] = at
}

func (p *polls) add(shard string)                 { p.set(shard, time.Time{}) }
func (p *polls) busy(shard string)                { p.set(shard, time.Time{}) }
func (p *polls) empty(shard string, at time.Time) { p.set(shard, at) }

func (p *polls) remove(shard string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.shards, shard)
	p.ended = time.Now()
}

func (p *polls) described(at time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked = at
}

// CaughtUp gives a time such that every change from before it was passed on or given up; zero while changes are under way.
func (m *StreamMapping) CaughtUp() time.Time {
	m.polls.mu.Lock()
	defer m.polls.mu.Unlock()
	if !m.polls.asked.After(m.polls.ended) {
		return time.Time{}
	}
	earliest := m.polls.asked
	for _, at := range m.polls.shards {
		if at.Before(earliest) {
			earliest = at
		}
	}
	return earliest
}
