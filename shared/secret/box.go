package secret

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"io"
)

// sealFormat is the format that Seal writes: the format byte, then a random nonce of 12 bytes, then AES-256-GCM
// ciphertext and tag. Format byte and purpose are authenticated.
const sealFormat = 1

// The purposes. They are part of what is stored: under another text nothing opens.
const (
	// PurposeSigningKey: the keys that providers sign with (tenant.SigningKey.Sealed).
	PurposeSigningKey = "signing-key"
	// PurposeHook: the tokens of webhook URLs (tenant.Connection.Token).
	PurposeHook = "hook"
	// PurposeReceipt: the answers and requests in receipts (store.Receipt).
	PurposeReceipt = "receipt"
	// PurposeCursor: the cursors that the API gives out.
	PurposeCursor = "cursor"
	// PurposeBatch: the names of batches (push.PublicID), so that one can be told from a made-up one without a look-up.
	PurposeBatch = "batch"
	// PurposeHeaders: the headers that are sent to destinations (outbound.Destination.Headers).
	PurposeHeaders = "headers"
	// PurposeLogin: the credentials of connections (credential.Login.Sealed).
	PurposeLogin = "login"
	// PurposeAuthorization: what leads a person back from a provider that was asked for an authorization.
	PurposeAuthorization = "authorization"
	// PurposeBank: bank details (payee.Bank); PurposeTaxID: tax ids of who is paid.
	PurposeBank  = "bank"
	PurposeTaxID = "tax-id"
	// PurposeSlack: the webhook by which nudges go to Slack (nudge.Setup.Webhook).
	PurposeSlack = "slack-webhook"
)

// Box seals and opens with one organization's data key. Every use has a purpose: what was sealed for one purpose does
// not open for another. A Box shows nothing of its keys when printed. It is safe for concurrent use.
//
// Nonces are random: one data key is good for 2^32 sealings.
type Box struct {
	aead cipher.AEAD
	mac  []byte // the key from which those of MAC are derived
}

func newBox(key []byte) (Box, error) {
	if len(key) != DataKeyBytes {
		return Box{}, refused("the data key")
	}
	derived, err := hkdf.Expand(sha256.New, key, "leadline seal 1", DataKeyBytes)
	if err != nil {
		return Box{}, fmt.Errorf("derive key: %w", err)
	}
	block, err := aes.NewCipher(derived)
	if err != nil {
		return Box{}, fmt.Errorf("derive key: %w", err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return Box{}, fmt.Errorf("derive key: %w", err)
	}
	mac, err := hkdf.Expand(sha256.New, key, "leadline mac 1", DataKeyBytes)
	if err != nil {
		return Box{}, fmt.Errorf("derive key: %w", err)
	}
	return Box{aead: aead, mac: mac}, nil
}

// Seal encrypts a text for a purpose. Two sealings of one text differ.
func (b Box) Seal(purpose string, plaintext []byte) []byte {
	return b.aead.Seal([]byte{sealFormat}, nil, plaintext, additional(sealFormat, purpose))
}

// Open gives back what was sealed for the purpose. It is an error of kind Internal if it was not, or was changed since.
func (b Box) Open(purpose string, sealed []byte) ([]byte, error) {
	if len(sealed) == 0 || sealed[0] != sealFormat {
		return nil, fmt.Errorf("secret: open: %w", refused("a sealed text of an unknown format"))
	}
	plaintext, err := b.aead.Open(nil, nil, sealed[1:], additional(sealed[0], purpose))
	if err != nil {
		return nil, fmt.Errorf("secret: open: %w", refused("a sealed text"))
	}
	return plaintext, nil
}

func additional(format byte, purpose string) []byte { return append([]byte{format}, purpose...) }

// MAC signs data for a purpose: HMAC-SHA256 with a key of that purpose alone.
func (b Box) MAC(purpose string, data []byte) []byte {
	// The purpose's key is the one block of HKDF-Expand (RFC 5869, section 2.3), which cannot fail.
	return sum(sum(b.mac, []byte(purpose), []byte{1}), data)
}

// Verify tells in constant time whether mac signs data for the purpose.
func (b Box) Verify(purpose string, data, mac []byte) bool {
	return hmac.Equal(b.MAC(purpose, data), mac)
}

func sum(key []byte, parts ...[]byte) []byte {
	h := hmac.New(sha256.New, key)
	for _, p := range parts {
		_, _ = h.Write(p) // a hash takes everything
	}
	return h.Sum(nil)
}

// Format prints nothing of the keys, whatever the verb.
func (Box) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "secret.Box") }
