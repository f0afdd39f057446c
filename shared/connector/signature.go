package connector

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"
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

// Signature describes how an event proves that it comes from the provider: by a hash over the timestamp's text and the
// Separator, if there is a timestamp, directly followed by the raw body.
type Signature struct {
	// Scheme is how the hash is made; HMAC unless set.
	Scheme Scheme
	// HashHeader holds the hash, written in HashEncoding. It may be empty where Optional is set: nothing is signed then.
	HashHeader   string
	HashEncoding Encoding
	// HashPart names the part of the header that the hash is, where the header has several: v1 in "t=1741078800,v1=5bdc". Empty
	// where the hash is the header.
	HashPart string
	// TimestampHeader holds the sender's time in whole Unix seconds; it is part of what is signed. Empty where a provider
	// signs the body alone. TimestampPart is as HashPart.
	TimestampHeader string
	TimestampPart   string
	// Separator stands between timestamp and body in what is signed.
	Separator string
	// KeyEncoding is how the provider writes the key that it hands out.
	KeyEncoding Encoding
	// KeyBytes is the length of the decoded key; 0 where any length is right.
	KeyBytes int
	// Optional says that the provider does not sign for every account: a connection that was never given a signing key takes
	// what is posted to its URL, whose secrecy is all the proof then.
	Optional bool
}

// Key decodes a signing key as the provider writes it. A key that cannot be one is Invalid.
func (s Signature) Key(text string) ([]byte, error) {
	key, err := s.KeyEncoding.decode(text)
	switch {
	case err != nil || len(key) == 0 || s.KeyBytes > 0 && len(key) != s.KeyBytes:
		return nil, fault.New(fault.Invalid, "invalid_signature_key",
			"The signing key must be %d bytes written in %s, as the provider shows it.", s.KeyBytes, s.KeyEncoding)
	case s.Scheme == ECDSA && publicKey(key) == nil:
		return nil, fault.New(fault.Invalid, "invalid_signature_key",
			"The signing key must be the provider's public key written in %s, as the provider shows it.", s.KeyEncoding)
	}
	return key, nil
}

// Verify checks that body was signed with one of keys at most tolerance before or after now. header must hold each
// header once. It compares in constant time. What does not prove its origin is Unauthorized, Optional or not.
func (s Signature) Verify(header http.Header, body []byte, keys [][]byte, now time.Time, tolerance time.Duration) error {
	given, err := s.only(header, s.HashHeader, s.HashPart)
	if err != nil {
		return err
	}
	hash, err := s.HashEncoding.decode(given)
	// Only the one spelling that the provider sends: a hash in capitals is as suspect as a wrong one.
	if err != nil || s.Scheme == HMAC && len(hash) != sha256.Size || s.HashEncoding.encode(hash) != given {
		return fault.New(fault.Unauthorized, "invalid_signature", "The header %s is no SHA-256 written in %s.", s.HashHeader, s.HashEncoding)
	}
	var stamp, separator string
	if s.TimestampHeader != "" {
		if stamp, err = s.only(header, s.TimestampHeader, s.TimestampPart); err != nil {
			return err
		}
		if err := checkTime(s.TimestampHeader, stamp, now, tolerance); err != nil {
			return err
		}
		separator = s.Separator
	}
	matched := false
	for _, key := range keys {
		if s.Scheme.fits(hash, key, []byte(stamp), []byte(separator), body) {
			matched = true
		}
	}
	if !matched {
		return fault.New(fault.Unauthorized, "invalid_signature", "The signature does not fit the body and any signing key of this connection.")
	}
	return nil
}

// Sign gives the headers that a provider would send with body, so that users and tests can send events of their own. With
// ECDSA key is the private key, as PKCS #8, ASN.1 DER: of a provider's own nobody else has that.
func (s Signature) Sign(body, key []byte, at time.Time) http.Header {
	header := http.Header{}
	var stamp, separator string
	if s.TimestampHeader != "" {
		stamp, separator = strconv.FormatInt(at.Unix(), 10), s.Separator
		header.Set(s.TimestampHeader, part(s.TimestampPart, stamp))
	}
	hash := part(s.HashPart, s.HashEncoding.encode(s.Scheme.hash(key, []byte(stamp), []byte(separator), body)))
	if s.TimestampHeader != "" && http.CanonicalHeaderKey(s.TimestampHeader) == http.CanonicalHeaderKey(s.HashHeader) {
		hash = header.Get(s.TimestampHeader) + "," + hash
	}
	header.Set(s.HashHeader, hash)
	return header
}

func part(name, value string) string {
	if name == "" {
		return value
	}
	return name + "=" + value
}

// only gives the one value of a header, or of a part of it.
func (s Signature) only(header http.Header, name, part string) (string, error) {
	values := header.Values(name)
	if part != "" && len(values) == 1 {
		all := strings.Split(values[0], ",")
		values = nil
		for _, one := range all {
			if value, is := strings.CutPrefix(one, part+"="); is {
				values = append(values, value)
			}
		}
	}
	switch len(values) {
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
