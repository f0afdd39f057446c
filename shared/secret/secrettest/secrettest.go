// Package secrettest gives tests a master key that lives in this process.
package secrettest

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"sync/atomic"
	"testing"

	"leadline/shared/fault"
	"leadline/shared/secret"
)

var _ secret.MasterKey = (*Master)(nil)

// Master is a secret.MasterKey with a random key of its own. It is safe for concurrent use.
type Master struct {
	aead  cipher.AEAD
	calls atomic.Int64
}

// NewMaster makes a master key.
func NewMaster(t testing.TB) *Master {
	t.Helper()
	key := make([]byte, 32)
	_, _ = rand.Read(key) // never fails
	block, err := aes.NewCipher(key)
	if err != nil {
		t.Fatal(err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		t.Fatal(err)
	}
	return &Master{aead: aead}
}

// NewKeyring makes a keyring with a master key of its own.
func NewKeyring(t testing.TB) *secret.Keyring {
	t.Helper()
	return secret.New(NewMaster(t), secret.Options{})
}

// NewDataKey implements secret.MasterKey.
func (m *Master) NewDataKey(ctx context.Context, organization string) (key, wrapped []byte, err error) {
	m.calls.Add(1)
	if err := ended(ctx); err != nil {
		return nil, nil, err
	}
	key = make([]byte, secret.DataKeyBytes)
	_, _ = rand.Read(key) // never fails
	return key, m.aead.Seal(nil, nil, key, []byte(organization)), nil
}

// Unwrap implements secret.MasterKey.
func (m *Master) Unwrap(ctx context.Context, organization string, wrapped []byte) ([]byte, error) {
	m.calls.Add(1)
	if err := ended(ctx); err != nil {
		return nil, err
	}
	key, err := m.aead.Open(nil, nil, wrapped, []byte(organization))
	if err != nil {
		return nil, fault.New(fault.Internal, "secret_refused", "the data key cannot be opened")
	}
	return key, nil
}

// Calls counts the requests to the master key.
func (m *Master) Calls() int { return int(m.calls.Load()) }

func ended(ctx context.Context) error {
	return fault.Wrap(ctx.Err(), fault.Unavailable, "unavailable", "the request has ended")
}
