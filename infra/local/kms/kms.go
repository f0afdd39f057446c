// Package kms is AWS KMS for the local stack: symmetric keys with CreateKey, DescribeKey, GenerateDataKey (with and
// without plaintext), Encrypt and Decrypt, for the AWS SDKs over HTTP (AWS JSON 1.1, X-Amz-Target: TrentService.*).
//
// It does not check signatures and has no aliases, policies, grants or key states. Ciphertexts are real (AES-256-GCM),
// name their key as those of AWS do, and are bound to their encryption context. The keys lie in a file that only its
// owner may read: it protects nothing against who can read the disk.
package kms

import (
	"cmp"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"sync"
	"time"
)

// Options sets up the service.
type Options struct {
	// File keeps the keys; empty keeps them in memory.
	File string
	// Region and Account are part of ARNs; us-east-1 and 000000000000 unless set.
	Region, Account string
	// Now is the clock; time.Now unless set.
	Now func() time.Time
}

// Keys is the service. It is an http.Handler and safe for concurrent use.
type Keys struct {
	opts Options

	mu   sync.Mutex
	keys map[string]key
}

// key is one key as the file keeps it.
type key struct {
	Description string    `json:"description,omitempty"`
	CreatedAt   time.Time `json:"created_at"`
	Material    []byte    `json:"material"`
}

// Open makes the service and loads its keys.
func Open(opts Options) (*Keys, error) {
	opts.Region = cmp.Or(opts.Region, "us-east-1")
	opts.Account = cmp.Or(opts.Account, "000000000000")
	if opts.Now == nil {
		opts.Now = time.Now
	}
	s := &Keys{opts: opts, keys: map[string]key{}}
	if opts.File == "" {
		return s, nil
	}
	text, err := os.ReadFile(opts.File)
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	if err == nil {
		err = os.Chmod(opts.File, 0o600)
	}
	if err == nil {
		// The text of an error about the file's content might quote keys.
		if json.Unmarshal(text, &s.keys) != nil {
			err = fmt.Errorf("%s holds no keys", opts.File)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("kms: %w", err)
	}
	return s, nil
}

// Ensure gives the ARN of the key of an id, which it makes if it is missing. The id is up to 64 letters, digits and hyphens.
func (s *Keys) Ensure(id string) (arn string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.keys[id]; !ok {
		if !regexp.MustCompile(`^[A-Za-z0-9-]{1,64}$`).MatchString(id) {
			return "", fmt.Errorf("kms: %q cannot be a key id", id)
		}
		if err := s.create(id, ""); err != nil {
			return "", err
		}
	}
	return s.arn(id), nil
}

// create makes a key and keeps it before anything is encrypted with it. The caller holds mu.
func (s *Keys) create(id, description string) error {
	s.keys[id] = key{Description: description, CreatedAt: s.opts.Now().UTC(), Material: random(32)}
	if err := s.save(); err != nil {
		delete(s.keys, id)
		return err
	}
	return nil
}

// save replaces the file in one step, so that no crash loses keys.
func (s *Keys) save() error {
	if s.opts.File == "" {
		return nil
	}
	text, err := json.MarshalIndent(s.keys, "", "\t")
	if err != nil {
		return fmt.Errorf("kms: %w", err)
	}
	f, err := os.CreateTemp(filepath.Dir(s.opts.File), ".keys-*") // with mode 0600
	if err != nil {
		return fmt.Errorf("kms: %w", err)
	}
	_, err = f.Write(text)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), s.opts.File)
	}
	if err != nil {
		return fmt.Errorf("kms: %w", errors.Join(err, os.Remove(f.Name())))
	}
	return nil
}

func (s *Keys) arn(id string) string {
	return fmt.Sprintf("arn:aws:kms:%s:%s:key/%s", s.opts.Region, s.opts.Account, id)
}

// A ciphertext is a version byte, the length of the key's id in one byte, the id, a nonce of 12 bytes, and what GCM
// sealed with the header and the encryption context as additional data.
const (
	blobVersion = 1
	nonceBytes  = 12
)

func (k key) seal(id string, plaintext []byte, context map[string]string) ([]byte, error) {
	aead, err := k.aead()
	if err != nil {
		return nil, err
	}
	header := append([]byte{blobVersion, byte(len(id))}, id...)
	aad, err := additional(header, context)
	if err != nil {
		return nil, err
	}
	nonce := random(nonceBytes)
	return aead.Seal(append(header, nonce...), nonce, plaintext, aad), nil
}

// keyOf reads which key a ciphertext was made with.
func keyOf(blob []byte) (id string, ok bool) {
	if len(blob) < 2 || blob[0] != blobVersion || len(blob) < 2+int(blob[1])+nonceBytes {
		return "", false
	}
	return string(blob[2 : 2+blob[1]]), true
}

// open decrypts a ciphertext of which keyOf has found the id.
func (k key) open(blob []byte, context map[string]string) ([]byte, error) {
	aead, err := k.aead()
	if err != nil {
		return nil, err
	}
	end := 2 + int(blob[1])
	aad, err := additional(blob[:end], context)
	if err != nil {
		return nil, err
	}
	return aead.Open(nil, blob[end:end+nonceBytes], blob[end+nonceBytes:], aad)
}

func (k key) aead() (cipher.AEAD, error) {
	block, err := aes.NewCipher(k.Material)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// additional binds a ciphertext to its key and its context. JSON objects have their names sorted.
func additional(header []byte, context map[string]string) ([]byte, error) {
	if len(context) == 0 {
		return header, nil
	}
	text, err := json.Marshal(context)
	return append(append([]byte(nil), header...), text...), err
}

func random(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails, see crypto/rand
	return b
}
