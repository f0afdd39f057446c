// Package blob keeps what is too large for a table: payloads as they came, and large field values. In AWS that is an S3
// bucket.
package blob

import (
	"context"

	"leadline/shared/fault"
)

// Store keeps objects under keys. Its methods return errors of package fault: NotFound for a key, or a range beyond the
// end of an object, that is not there; Unavailable or RateLimited where a later try may succeed.
type Store interface {
	// Put stores an object, in place of any other under its key.
	Put(ctx context.Context, key string, body []byte) error
	// Get reads a whole object.
	Get(ctx context.Context, key string) ([]byte, error)
	// GetRange reads length bytes from offset, less where the object ends before.
	GetRange(ctx context.Context, key string, offset, length int64) ([]byte, error)
}

func notFound() error {
	return fault.New(fault.NotFound, "not_found", "blob: there is no such object, or nothing in that range of it")
}
