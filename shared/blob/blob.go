// Package blob keeps bytes under keys: payloads as they arrived, bodies too large for a message, values too large for a
// record. Keys begin with what the object is for and the organization that it belongs to.
package blob

import (
	"context"
	"io"

	"leadline/shared/fault"
)

// Store keeps objects. Errors are of package fault; a method that reads gives NotFound where there is no object.
type Store interface {
	// Put stores an object. What was stored under the key is replaced.
	Put(ctx context.Context, key string, body []byte) error
	// PutFrom stores an object of size bytes, all that body has, without holding it in memory. It may read body more than
	// once, from its beginning.
	PutFrom(ctx context.Context, key string, body io.ReadSeeker, size int64) error
	// Delete removes an object. One that is not there is no error.
	Delete(ctx context.Context, key string) error
	// Get reads an object.
	Get(ctx context.Context, key string) ([]byte, error)
	// GetRange reads length bytes of an object from offset on. A range that does not lie within the object, or is empty,
	// is Invalid.
	GetRange(ctx context.Context, key string, offset, length int64) ([]byte, error)
	// Open begins to read an object and gives its size. What Read fails with, but io.EOF, is of package fault, too. The reader
	// works as long as ctx does, and must be closed.
	Open(ctx context.Context, key string) (body io.ReadCloser, size int64, err error)
}

func notFound(cause error) error {
	return fault.Wrap(cause, fault.NotFound, "not_found", "object not found")
}

func outOfRange() error {
	return fault.New(fault.Invalid, "invalid_range", "the range does not lie within the object")
}
