package privacy

import (
	"context"
	"io"

	"leadline/shared/blob"
	"leadline/shared/push"
)

// SetBudget has the worker do so much in a step.
func (w *Worker) SetBudget(n int) { w.budget = n }

// Fitted gives gzip members of a length.
func Fitted(body []byte, length int) ([]byte, error) { return fitted(body, length) }

// ErasedBody erases all of a body, or some rows of a client's.
func ErasedBody(whole bool, rows []int, contents push.Contents, length int) ([]byte, bool, error) {
	return erasedBody(match{whole: whole, rows: rows, contents: contents}, length)
}

// Joined reads objects as one.
func Joined(ctx context.Context, from blob.Store, keys []string, size int64) io.ReadSeeker {
	return &joined{ctx: ctx, from: from, keys: keys, size: size}
}
