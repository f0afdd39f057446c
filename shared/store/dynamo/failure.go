package dynamo

import (
	"context"
	"errors"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/aws/smithy-go"

	"leadline/shared/awsfault"
)

// failed names what failed and gives err its kind. It returns nil for a nil err.
//
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html
func failed(err error, what string) error {
	var api smithy.APIError
	if errors.As(err, &api) && api.ErrorCode() == "ValidationException" &&
		strings.Contains(api.ErrorMessage(), "exceeded the maximum allowed size") {
		err = tooLarge()
	}
	return awsfault.Wrap(err, "store: "+what)
}

// backoff is exponential with full jitter: the n-th pause is a random part of base*2^(n-1), or of most if that is less.
type backoff struct {
	base, most time.Duration
	tries      int
}

func newBackoff() backoff {
	return backoff{base: 50 * time.Millisecond, most: time.Second, tries: 6}
}

// wait pauses before try n (the first is 0 and does not wait), unless ctx ends first.
func (b backoff) wait(ctx context.Context, n int) error {
	if n == 0 {
		return nil
	}
	longest := b.base
	for i := 1; i < n && longest < b.most; i++ {
		longest *= 2
	}
	timer := time.NewTimer(rand.N(min(b.most, longest) + 1))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
