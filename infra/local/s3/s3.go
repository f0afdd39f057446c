// Package s3 is Amazon S3 for the local stack: gofakes3 in process, behind a door that refuses what gofakes3 would get
// wrong without saying so. Buckets, objects, ranges, conditional writes, presigned URLs, listings and multipart uploads
// work; everything else is answered NotImplemented. Clients must use path-style URLs, as SDKs do by themselves for an
// endpoint that is an IP address.
//
// It checks no signatures but those of presigned URLs and encrypts nothing, though it accepts that encryption is asked for. Multipart uploads that
// are not complete do not survive a restart.
package s3

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3bolt"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
	bolt "go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"
)

// Options sets up the service.
type Options struct {
	// File keeps the objects over restarts, bodies above a megabyte in a folder beside it; it survives the end of the
	// process at any point, not that of the machine. Empty keeps them in memory.
	File string
	// Secret is what presigned URLs must be signed with, whoever signs, and has requests refused that are not signed at all;
	// empty to take them as they are.
	Secret string
	// Now is the clock that presigned URLs expire by; time.Now unless set.
	Now func() time.Time
}

// Store is the service. It is an http.Handler and safe for concurrent use.
type Store struct {
	backend gofakes3.Backend
	server  http.Handler
	now     func() time.Time
	secret  string
	db      *bolt.DB // nil for memory only
}

// Open makes the service and opens its file.
func Open(opts Options) (*Store, error) {
	if opts.Now == nil {
		opts.Now = time.Now
	}
	s := &Store{now: opts.Now, secret: opts.Secret}
	if opts.File == "" {
		s.backend = &objects{Backend: s3mem.New()}
	} else {
		db, err := bolt.Open(opts.File, 0o600, &bolt.Options{Timeout: time.Second, NoSync: true, NoFreelistSync: true})
		switch {
		case errors.Is(err, berrors.ErrTimeout):
			return nil, fmt.Errorf("s3: %s is in use by another process", opts.File)
		case err != nil:
			return nil, fmt.Errorf("s3: open %s: %w", opts.File, err)
		}
		large, err := openFiles(opts.File + "-large")
		if err != nil {
			return nil, errors.Join(fmt.Errorf("s3: bodies of %s: %w", opts.File, err), db.Close())
		}
		s.db, s.backend = db, &objects{Backend: s3bolt.New(db), files: large}
	}
	s.server = gofakes3.New(s.backend, gofakes3.WithoutVersioning(), gofakes3.WithUnimplementedPageError()).Server()
	return s, nil
}

// EnsureBucket makes a bucket if it is missing.
func (s *Store) EnsureBucket(name string) error {
	if err := gofakes3.ValidateBucketName(name); err != nil {
		return fmt.Errorf("s3: bucket %q: %w", name, err)
	}
	exists, err := s.backend.BucketExists(name)
	if err == nil && !exists {
		err = s.backend.CreateBucket(name)
	}
	if err != nil {
		return fmt.Errorf("s3: bucket %q: %w", name, err)
	}
	return nil
}

// Close ends the service and its file.
func (s *Store) Close() error {
	if s.db == nil {
		return nil
	}
	return s.db.Close()
}
