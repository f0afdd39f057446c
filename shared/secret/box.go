package secret

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"

	"leadline/shared/fault"
)

const keyBytes = 32

// format is the first byte of everything sealed: AES-256-GCM with a random nonce, under a key derived for the purpose.
const format = 1

// Box encrypts and signs with an organization's data key.
type Box struct{ key [keyBytes]byte }

// String keeps the key out of logs.
func (Box) String() string { return "secret.Box" }

// GoString keeps the key out of logs.
func (Box) GoString() string { return "secret.Box" }

// derive gives a key for one purpose and one use, so that no two uses share a key.
func (b Box) derive(use, purpose string) []byte {
	key, err := hkdf.Key(sha256.New, b.key[:], nil, "leadline/"+use+"/"+purpose, keyBytes)
	if err != nil { // fails only for a length beyond 255 hashes
		return nil
	}
	return key
}

func (b Box) aead(purpose string) (cipher.AEAD, error) {
	block, err := aes.NewCipher(b.derive("seal", purpose))
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}

// Seal encrypts a text for a purpose.
func (b Box) Seal(purpose string, plaintext []byte) []byte {
	aead, err := b.aead(purpose)
	if err != nil { // the key has the right length by its type
		return nil
	}
	return aead.Seal([]byte{format}, nil, plaintext, []byte(purpose))
}

// Open decrypts what Seal made for the same purpose. What was tampered with, sealed for another purpose or with another
// key is refused: Internal, for nobody outside can have caused it.
func (b Box) Open(purpose string, sealed []byte) ([]byte, error) {
	refused := fault.New(fault.Internal, "unsealable", "secret: what is stored as a %s does not open", purpose)
	if len(sealed) == 0 || sealed[0] != format {
		return nil, refused
	}
	aead, err := b.aead(purpose)
	if err != nil {
		return nil, refused
	}
	plaintext, err := aead.Open(nil, nil, sealed[1:], []byte(purpose))
	if err != nil {
		return nil, refused
	}
	return plaintext, nil
}

// MAC signs data for a purpose: the 32 bytes of an HMAC-SHA256.
func (b Box) MAC(purpose string, data []byte) []byte {
	mac := hmac.New(sha256.New, b.derive("mac", purpose))
	mac.Write(data)
	return mac.Sum(nil)
}
