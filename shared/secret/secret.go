// Package secret keeps secrets by envelope encryption: each organization has a data key, wrapped by the stage's master
// key and stored with the organization; what is secret is sealed with it. The master key never leaves where it lives.
package secret

import (
	"context"
	"crypto/sha256"
	"fmt"
	"time"

	"leadline/shared/cache"
	"leadline/shared/fault"
)

// DataKeyBytes is the length of a data key.
const DataKeyBytes = 32

// MasterKey makes and unwraps data keys. What is wrapped for one organization cannot be unwrapped for another. Errors
// are of package fault.
type MasterKey interface {
	// NewDataKey makes a data key and gives it in the clear and wrapped.
	NewDataKey(ctx context.Context, organization string) (key, wrapped []byte, err error)
	// Unwrap gives back a data key.
	Unwrap(ctx context.Context, organization string, wrapped []byte) (key []byte, err error)
}

// Options of a keyring.
type Options struct {
	// TTL is how long an opened data key is remembered; 10 minutes unless set. A master key that is disabled works on
	// for so long.
	TTL time.Duration
	// Size is how many opened data keys are remembered; 1,000 unless set.
	Size int
	// Now is the clock; time.Now unless set.
	Now func() time.Time
}

// Keyring opens data keys and remembers them for a while, so that a warm function asks the master key for nothing. It is
// safe for concurrent use.
type Keyring struct {
	master  MasterKey
	options Options

	opened *cache.Cache[keyID, Box]
}

type keyID struct {
	organization string
	wrapped      [sha256.Size]byte
}

// New makes a keyring of a master key.
func New(master MasterKey, o Options) *Keyring {
	if o.TTL == 0 {
		o.TTL = 10 * time.Minute
	}
	if o.Size == 0 {
		o.Size = 1000
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Keyring{master: master, options: o, opened: cache.New[keyID, Box](o.Size)}
}

// NewDataKey makes a data key for an organization and gives it wrapped, to be stored. One request to the master key.
func (k *Keyring) NewDataKey(ctx context.Context, organization string) (wrapped []byte, err error) {
	key, wrapped, err := k.master.NewDataKey(ctx, organization)
	if err != nil {
		return nil, fmt.Errorf("secret: new data key: %w", err)
	}
	box, err := newBox(key)
	if err != nil {
		return nil, fmt.Errorf("secret: new data key: %w", err)
	}
	k.remember(idOf(organization, wrapped), box)
	return wrapped, nil
}

// Open unwraps an organization's data key. One request to the master key, none while the data key is remembered.
func (k *Keyring) Open(ctx context.Context, organization string, wrapped []byte) (Box, error) {
	id := idOf(organization, wrapped)
	if known, found := k.opened.Get(id, k.options.Now()); found {
		return known, nil
	}
	key, err := k.master.Unwrap(ctx, organization, wrapped)
	if err != nil {
		return Box{}, fmt.Errorf("secret: open data key: %w", err)
	}
	box, err := newBox(key)
	if err != nil {
		return Box{}, fmt.Errorf("secret: open data key: %w", err)
	}
	k.remember(id, box)
	return box, nil
}

func (k *Keyring) remember(id keyID, box Box) {
	now := k.options.Now()
	k.opened.Put(id, box, now, now.Add(k.options.TTL))
}

func idOf(organization string, wrapped []byte) keyID {
	return keyID{organization, sha256.Sum256(wrapped)}
}

// refused is the fault of what cannot be opened: a wrong key, organization or purpose, or a text that was changed.
// Which of them it was is nobody's business.
func refused(what string) error {
	return fault.New(fault.Internal, "secret_refused", "%s cannot be opened", what)
}
