package dynamo

import (
	"context"
	"time"

	"leadline/shared/ratelimit"
)

// Limits implements store.Limits.
type Limits struct{ table }

// NewLimits uses the table Work of the name.
func NewLimits(client Client, table string) *Limits {
	return &Limits{newTable(client, table)}
}

// Clock implements store.Limits: one consistent GetItem.
func (s *Limits) Clock(ctx context.Context, key ratelimit.Key) (ratelimit.Clock, error) {
	const what = "get clock"
	i, err := s.get(ctx, what, clockKey(key), "clock")
	if err != nil {
		return ratelimit.Clock{}, err
	}
	c, err := decodeClock(key, i)
	return c, failed(err, what)
}

// SaveClock implements store.Limits: one PutItem. If its answer is lost, the SDK's retry is refused by what stands, which
// is then what was to be saved.
func (s *Limits) SaveClock(ctx context.Context, c ratelimit.Clock) (*ratelimit.Clock, error) {
	const what = "save clock"
	i := newItem(clockKey(c.Key))
	i.setNumber("rev", c.Rev)
	i.setBytes("state", c.State)
	if !c.Forget.IsZero() {
		i.forget(c.Forget)
	}
	condition, values := "rev = :rev", item{":rev": number(c.Rev - 1)}
	if c.Rev == 1 {
		condition, values = unlessThere, nil
	}
	standing, refused, err := s.putIf(ctx, what, i, condition, values)
	if err != nil || !refused {
		return nil, err
	}
	if len(standing) == 0 {
		return &ratelimit.Clock{Key: c.Key}, nil
	}
	stands, err := decodeClock(c.Key, standing)
	if err != nil {
		return nil, failed(err, what)
	}
	return &stands, nil
}

func decodeClock(key ratelimit.Key, i item) (ratelimit.Clock, error) {
	in := read(i)
	c := ratelimit.Clock{Key: key, Rev: in.number("rev"), State: in.bytes("state")}
	if ttl := in.number("ttl"); ttl != 0 {
		c.Forget = time.Unix(ttl-1, 0).UTC()
	}
	return c, in.err
}
