// Package secrettest plays KMS for tests: real encryption under a key of its own, and the encryption context checked as
// KMS does.
package secrettest

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"fmt"
	"maps"
	"slices"
	"sync/atomic"

	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"leadline/shared/secret"
)

var _ secret.KMS = (*KMS)(nil)

// KMS plays the two calls that package secret makes, and counts them.
type KMS struct {
	aead  cipher.AEAD
	Calls atomic.Int64
}

// New makes a KMS with a random key.
func New() (*KMS, error) {
	key := make([]byte, 32)
	if _, err := rand.Read(key); err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	return &KMS{aead: aead}, err
}

// GenerateDataKey implements secret.KMS.
func (k *KMS) GenerateDataKey(_ context.Context, in *kms.GenerateDataKeyInput, _ ...func(*kms.Options)) (*kms.GenerateDataKeyOutput, error) {
	k.Calls.Add(1)
	key := make([]byte, 32)
	if _, err := rand.Read(key); err != nil {
		return nil, err
	}
	return &kms.GenerateDataKeyOutput{Plaintext: key, CiphertextBlob: k.aead.Seal(nil, nil, key, bind(in.EncryptionContext))}, nil
}

// Decrypt implements secret.KMS.
func (k *KMS) Decrypt(_ context.Context, in *kms.DecryptInput, _ ...func(*kms.Options)) (*kms.DecryptOutput, error) {
	k.Calls.Add(1)
	key, err := k.aead.Open(nil, nil, in.CiphertextBlob, bind(in.EncryptionContext))
	if err != nil {
		return nil, &types.InvalidCiphertextException{}
	}
	return &kms.DecryptOutput{Plaintext: key}, nil
}

// bind writes an encryption context as one text.
func bind(context map[string]string) []byte {
	var text []byte
	for _, name := range slices.Sorted(maps.Keys(context)) {
		text = fmt.Appendf(text, "%q=%q ", name, context[name])
	}
	return text
}
