// Package secret encrypts what must not be read at rest, by envelope encryption: KMS wraps a data key for each
// organization, and everything of that organization is encrypted with it here, without another call. See
// https://docs.aws.amazon.com/kms/latest/developerguide/kms-cryptography.html
package secret

import (
	"context"
	"crypto/sha256"
	"fmt"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"leadline/shared/awsfault"
	"leadline/shared/fault"
)

// What sealed things are for. A text sealed for one purpose does not open for another.
const (
	PurposeSigningKey = "signing-key"
	PurposeReceipt    = "receipt"
	PurposeCursor     = "cursor"
)

// KMS is what a Keyring needs of *kms.Client.
type KMS interface {
	GenerateDataKey(context.Context, *kms.GenerateDataKeyInput, ...func(*kms.Options)) (*kms.GenerateDataKeyOutput, error)
	Decrypt(context.Context, *kms.DecryptInput, ...func(*kms.Options)) (*kms.DecryptOutput, error)
}

const (
	// keep is how long an unwrapped data key is remembered: long enough that a busy function asks KMS rarely, short
	// enough that a revoked permission takes effect.
	keep = 15 * time.Minute
	// maxKept bounds the memory of a function that serves many organizations.
	maxKept = 1000
)

// Keyring makes and unwraps data keys. It is safe for concurrent use.
type Keyring struct {
	kms   KMS
	keyID string
	now   func() time.Time

	mu    sync.Mutex
	boxes map[[sha256.Size]byte]kept
}

type kept struct {
	box   Box
	until time.Time
}

// NewKeyring uses the KMS key of the id or ARN, which only NewDataKey needs: a wrapped key names the key that wrapped it.
func NewKeyring(client KMS, keyID string) *Keyring {
	return &Keyring{kms: client, keyID: keyID, now: time.Now, boxes: map[[sha256.Size]byte]kept{}}
}

// encryptionContext binds a data key to its organization: KMS does not unwrap it for another.
func encryptionContext(organization string) map[string]string {
	return map[string]string{"organization": organization, "purpose": "data-key"}
}

// NewDataKey makes a data key for an organization and gives it wrapped, the form to be stored.
func (k *Keyring) NewDataKey(ctx context.Context, organization string) ([]byte, error) {
	out, err := k.kms.GenerateDataKey(ctx, &kms.GenerateDataKeyInput{
		KeyId: &k.keyID, KeySpec: types.DataKeySpecAes256, EncryptionContext: encryptionContext(organization),
	})
	if err != nil {
		return nil, awsfault.Wrap(err, "secret: make a data key")
	}
	return out.CiphertextBlob, nil
}

// Open unwraps an organization's data key: one call, then none for a quarter of an hour. A key that was wrapped for
// another organization, or tampered with, does not open: Internal.
func (k *Keyring) Open(ctx context.Context, organization string, wrapped []byte) (Box, error) {
	id := sha256.Sum256(fmt.Appendf(nil, "%q %x", organization, wrapped))
	if box, ok := k.cached(id); ok {
		return box, nil
	}
	out, err := k.kms.Decrypt(ctx, &kms.DecryptInput{CiphertextBlob: wrapped, EncryptionContext: encryptionContext(organization)})
	if err != nil {
		return Box{}, awsfault.Wrap(err, "secret: unwrap a data key")
	}
	if len(out.Plaintext) != keyBytes {
		return Box{}, fault.New(fault.Internal, "data_key", "secret: a data key has %d bytes, want %d", len(out.Plaintext), keyBytes)
	}
	box := Box{}
	copy(box.key[:], out.Plaintext)
	k.remember(id, box)
	return box, nil
}

func (k *Keyring) cached(id [sha256.Size]byte) (Box, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	entry, ok := k.boxes[id]
	return entry.box, ok && k.now().Before(entry.until)
}

func (k *Keyring) remember(id [sha256.Size]byte, box Box) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.boxes) >= maxKept {
		clear(k.boxes)
	}
	k.boxes[id] = kept{box, k.now().Add(keep)}
}
