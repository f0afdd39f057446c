package store

import (
	"context"

	"leadline/shared/ratelimit"
)

// Limits keeps the clocks that all workers share of a provider's limits, one for each connection and group of endpoints.
type Limits interface {
	// Clock reads one, consistently: one read.
	Clock(ctx context.Context, key ratelimit.Key) (ratelimit.Clock, error)
	// SaveClock replaces a clock if the stored Rev is still c.Rev-1 (0: none is stored): one conditional write. It returns nil
	// if it wrote, else the clock that stands, one of Rev 0 if none does. One that is not saved again is forgotten some time
	// after c.Forget.
	SaveClock(ctx context.Context, c ratelimit.Clock) (*ratelimit.Clock, error)
}
