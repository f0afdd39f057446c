package outbound

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"leadline/shared/fault"
)

const (
	secretPrefix = "whsec_"
	secretBytes  = 32
	// The least and most bytes of a secret: "Symmetric secrets must be between 24 bytes and 64 bytes".
	minSecretBytes = 24
	maxSecretBytes = 64
)

// The headers of a signed request.
const (
	headerID        = "webhook-id"
	headerTimestamp = "webhook-timestamp"
	headerSignature = "webhook-signature"
)

// NewSecret makes the text of a secret: "whsec_" and the base64 of 32 bytes of random.
func NewSecret(random io.Reader) (string, error) {
	key := make([]byte, secretBytes)
	if _, err := io.ReadFull(random, key); err != nil {
		return "", fmt.Errorf("outbound: new secret: %w", err)
	}
	return secretPrefix + base64.StdEncoding.EncodeToString(key), nil
}

// DecodeSecret gives the key in the text of a secret, with or without its prefix. Anything else is Invalid.
func DecodeSecret(text string) ([]byte, error) {
	key, err := base64.StdEncoding.Strict().DecodeString(strings.TrimPrefix(text, secretPrefix))
	if err != nil || len(key) < minSecretBytes || len(key) > maxSecretBytes {
		// The cause is not kept: it may quote the secret.
		return nil, fault.New(fault.Invalid, "invalid_secret", "A signing secret is %q and the base64 of %d to %d random bytes.",
			secretPrefix, minSecretBytes, maxSecretBytes)
	}
	return key, nil
}

// NewSigner gives the Secret of a text that was sealed with secret.PurposeSigningKey.
func NewSigner(text string, sealed []byte, now time.Time) Secret {
	sum := sha256.Sum256([]byte(text))
	return Secret{Fingerprint: hex.EncodeToString(sum[:])[:8], Sealed: sealed, CreatedAt: now}
}

// Sign gives the headers that sign a body sent at a time: one signature for each key, the first key's first, so that a
// receiver may replace its secret at any moment of the overlap. id is the same on all attempts, at is that of the attempt:
// receivers refuse what is older than some minutes.
func Sign(keys [][]byte, id string, at time.Time, body []byte) http.Header {
	timestamp := strconv.FormatInt(at.Unix(), 10)
	signatures := make([]string, len(keys))
	for i, key := range keys {
		mac := hmac.New(sha256.New, key)
		for _, part := range [][]byte{[]byte(id), []byte("."), []byte(timestamp), []byte("."), body} {
			_, _ = mac.Write(part) // a hash takes everything
		}
		signatures[i] = "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
	}
	h := http.Header{}
	h.Set(headerID, id)
	h.Set(headerTimestamp, timestamp)
	h.Set(headerSignature, strings.Join(signatures, " "))
	return h
}
