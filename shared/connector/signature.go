package connector

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"strconv"
	"time"

	"leadline/shared/fault"
)

// Encoding is how bytes are written as text in a header or a key.
type Encoding string

// The encodings.
const (
	Hex    Encoding = "hex"
	Base64 Encoding = "base64"
	// Raw means that the text itself is the bytes.
	Raw Encoding = "raw"
)

// Signature describes an HMAC-SHA256 over the timestamp header's text, if there is one, directly followed by the raw
// body.
type Signature struct {
	// HashHeader holds the HMAC, written in HashEncoding.
	HashHeader   string
	HashEncoding Encoding
	// TimestampHeader holds the sender's time in whole Unix seconds; it is part of what is signed. Empty where a provider
	// signs the body alone.
	TimestampHeader string
	// KeyEncoding is how the provider writes the key that it hands out.
	KeyEncoding Encoding
	// KeyBytes is the length of the decoded key; 0 where any length is right.
	KeyBytes int
}

// Key decodes a signing key as the provider writes it. A key that cannot be one is Invalid.
func (s Signature) Key(text string) ([]byte, error) {
	key, err := s.KeyEncoding.decode(text)
	if err != nil || len(key) == 0 || s.KeyBytes > 0 && len(key) != s.KeyBytes {
		return nil, fault.New(fault.Invalid, "invalid_signature_key",
			"The signing key must be %d bytes written in %s, as the provider shows it.", s.KeyBytes, s.KeyEncoding)
	}
	return key, nil
}

// Verify checks that body was signed with one of keys at most tolerance before or after now. header must hold each
// header once. It compares in constant time. What does not prove its origin is Unauthorized.
func (s Signature) Verify(header http.Header, body []byte, keys [][]byte, now time.Time, tolerance time.Duration) error {
	given, err := s.only(header, s.HashHeader)
	if err != nil {
		return err
	}
	hash, err := s.HashEncoding.decode(given)
	// Only the one spelling that the provider sends: a hash in capitals is as suspect as a wrong one.
	if err != nil || len(hash) != sha256.Size || s.HashEncoding.encode(hash) != given {
		return fault.New(fault.Unauthorized, "invalid_signature", "The header %s is no SHA-256 written in %s.", s.HashHeader, s.HashEncoding)
	}
	var stamp string
	if s.TimestampHeader != "" {
		if stamp, err = s.only(header, s.TimestampHeader); err != nil {
			return err
		}
		if err := checkTime(s.TimestampHeader, stamp, now, tolerance); err != nil {
			return err
		}
	}
	matched := false
	for _, key := range keys {
		if hmac.Equal(hash, sum(key, stamp, body)) {
			matched = true
		}
	}
	if !matched {
		return fault.New(fault.Unauthorized, "invalid_signature", "The signature does not fit the body and any signing key of this connection.")
	}
	return nil
}

// Sign gives the headers that a provider would send with body, so that users and tests can send events of their own.
func (s Signature) Sign(body, key []byte, at time.Time) http.Header {
	header := http.Header{}
	var stamp string
	if s.TimestampHeader != "" {
		stamp = strconv.FormatInt(at.Unix(), 10)
		header.Set(s.TimestampHeader, stamp)
	}
	header.Set(s.HashHeader, s.HashEncoding.encode(sum(key, stamp, body)))
	return header
}

func (s Signature) only(header http.Header, name string) (string, error) {
	switch values := header.Values(name); len(values) {
	case 0:
		return "", fault.New(fault.Unauthorized, "missing_signature", "The header %s is missing.", name)
	case 1:
		return values[0], nil
	default:
		return "", fault.New(fault.Unauthorized, "invalid_signature", "The header %s is there %d times.", name, len(values))
	}
}

func checkTime(name, stamp string, now time.Time, tolerance time.Duration) error {
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil || strconv.FormatInt(seconds, 10) != stamp {
		return fault.New(fault.Unauthorized, "invalid_signature", "The header %s is no time in whole Unix seconds.", name)
	}
	if off := now.Sub(time.Unix(seconds, 0)); off > tolerance || off < -tolerance {
		return fault.New(fault.Unauthorized, "stale_signature", "The time in %s is more than %s away from ours.", name, tolerance)
	}
	return nil
}

func sum(key []byte, stamp string, body []byte) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(stamp))
	mac.Write(body)
	return mac.Sum(nil)
}

func (e Encoding) decode(text string) ([]byte, error) {
	switch e {
	case Hex:
		return hex.DecodeString(text)
	case Base64:
		return base64.StdEncoding.Strict().DecodeString(text)
	}
	return []byte(text), nil
}

func (e Encoding) encode(b []byte) string {
	switch e {
	case Hex:
		return hex.EncodeToString(b)
	case Base64:
		return base64.StdEncoding.EncodeToString(b)
	}
	return string(b)
}
