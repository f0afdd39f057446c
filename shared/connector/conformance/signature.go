package conformance

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"net/http"
	"time"

	"leadline/shared/connector"
	"leadline/shared/fault"
)

// signer is what connector.Signature does; the suite's own test puts broken ones in its place.
type signer interface {
	Key(text string) ([]byte, error)
	Sign(body, key []byte, at time.Time) http.Header
	Verify(header http.Header, body []byte, keys [][]byte, now time.Time, tolerance time.Duration) error
}

const tolerance = 5 * time.Minute

// attempt is one delivery put before a verifier.
type attempt struct {
	what   string
	header http.Header
	body   []byte
	keys   [][]byte
	now    time.Time
}

func (s *suite) checkSignature(sig connector.Signature, v signer) {
	if sig.HashHeader == "" { // nothing is signed
		return
	}
	key, other, private, stranger := s.sampleKeys(sig, v)
	if key == nil {
		return
	}
	body := []byte(`{"event":{"id":"ev_1"}}` + "\n")
	now := time.Unix(1_700_000_000, 0)
	signed := v.Sign(body, private, now)
	for _, a := range []attempt{
		{"a signed body", signed, body, [][]byte{key}, now},
		{"an empty signed body", v.Sign(nil, private, now), nil, [][]byte{key}, now},
		{"a body signed with the second of two keys", signed, body, [][]byte{other, key}, now},
		{"a body signed with the first of two keys", signed, body, [][]byte{key, other}, now},
		{"a signature just within the tolerance", signed, body, [][]byte{key}, now.Add(tolerance)},
	} {
		if err := v.Verify(a.header, a.body, a.keys, a.now, tolerance); err != nil {
			s.fail(Signature, "%s is refused: %v", a.what, err)
		}
	}
	refused := []attempt{
		{"a body signed with another key", v.Sign(body, stranger, now), body, [][]byte{key}, now},
		{"a signed body where no key is known", signed, body, nil, now},
		{"a body with a byte more", signed, append(bytes.Clone(body), '\n'), [][]byte{key}, now},
		{"a body without its last byte", signed, body[:len(body)-1], [][]byte{key}, now},
		{"a delivery without " + sig.HashHeader, without(signed, sig.HashHeader), body, [][]byte{key}, now},
		{"a doubled " + sig.HashHeader, doubled(signed, sig.HashHeader), body, [][]byte{key}, now},
	}
	for i := range body {
		refused = append(refused, attempt{"a body with a changed byte", signed, flip(body, i), [][]byte{key}, now})
	}
	refused = append(refused, changedHeader(signed, sig.HashHeader, attempt{"a changed " + sig.HashHeader, nil, body, [][]byte{key}, now})...)
	if sig.TimestampHeader != "" {
		refused = append(refused,
			attempt{"a stale signature", signed, body, [][]byte{key}, now.Add(tolerance + time.Second)},
			attempt{"a signature from the future", signed, body, [][]byte{key}, now.Add(-tolerance - time.Second)},
			attempt{"a delivery without " + sig.TimestampHeader, without(signed, sig.TimestampHeader), body, [][]byte{key}, now},
			attempt{"a doubled " + sig.TimestampHeader, doubled(signed, sig.TimestampHeader), body, [][]byte{key}, now})
		refused = append(refused, changedHeader(signed, sig.TimestampHeader, attempt{"a changed " + sig.TimestampHeader, nil, body, [][]byte{key}, now})...)
	}
	for _, a := range refused {
		switch err := v.Verify(a.header, a.body, a.keys, a.now, tolerance); {
		case err == nil:
			s.fail(Signature, "%s is accepted", a.what)
		case !fault.Is(err, fault.Unauthorized):
			s.fail(Signature, "%s is refused as %q, not as unauthorized", a.what, fault.KindOf(err))
		}
	}
}

// sampleKeys decodes two keys as the provider would write them, and sees that what cannot be a key is refused. What signs
// so that they fit are private and stranger.
func (s *suite) sampleKeys(sig connector.Signature, v signer) (key, other, private, stranger []byte) {
	size := sig.KeyBytes
	if size == 0 {
		size = 32
	}
	private, stranger = bytes.Repeat([]byte{'k'}, size), bytes.Repeat([]byte{'o'}, size)
	first, second := private, stranger
	if sig.Scheme == connector.ECDSA {
		var errs [2]error
		first, private, errs[0] = pair(1)
		second, stranger, errs[1] = pair(2)
		if err := errors.Join(errs[:]...); err != nil {
			s.fail(Signature, "no keys can be made: %v", err)
			return nil, nil, nil, nil
		}
	}
	read := func(b []byte) []byte {
		key, err := v.Key(write(sig.KeyEncoding, b))
		if err != nil || !bytes.Equal(key, b) {
			s.fail(Signature, "a key of %d bytes written in %s is not read as it was written: %v", len(b), sig.KeyEncoding, err)
			return nil
		}
		return key
	}
	if key, other = read(first), read(second); key == nil || other == nil {
		return nil, nil, nil, nil
	}
	wrong := []string{""}
	if sig.KeyBytes > 0 || sig.Scheme == connector.ECDSA {
		wrong = append(wrong, write(sig.KeyEncoding, first[:len(first)-1]), write(sig.KeyEncoding, append(bytes.Clone(first), 'k')))
	}
	for _, text := range wrong {
		if _, err := v.Key(text); !fault.Is(err, fault.Invalid) {
			s.fail(Signature, "a key text of %d characters is not refused as invalid", len(text))
		}
	}
	return key, other, private, stranger
}

// pair makes a public key and its private one, the same each time.
func pair(seed byte) (public, private []byte, err error) {
	key, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), bytes.Repeat([]byte{seed}, 32))
	if err != nil {
		return nil, nil, err
	}
	if public, err = x509.MarshalPKIXPublicKey(&key.PublicKey); err != nil {
		return nil, nil, err
	}
	private, err = x509.MarshalPKCS8PrivateKey(key)
	return public, private, err
}

// changedHeader gives a as often as the header has characters, each time with another of them changed.
func changedHeader(signed http.Header, name string, a attempt) []attempt {
	value := signed.Get(name)
	all := make([]attempt, len(value))
	for i := range value {
		all[i] = a
		all[i].header = signed.Clone()
		all[i].header.Set(name, string(flip([]byte(value), i)))
	}
	return all
}

func without(header http.Header, name string) http.Header {
	header = header.Clone()
	header.Del(name)
	return header
}

func doubled(header http.Header, name string) http.Header {
	header = header.Clone()
	header.Add(name, header.Get(name))
	return header
}

func flip(b []byte, at int) []byte {
	b = bytes.Clone(b)
	b[at] ^= 1
	return b
}

func write(e connector.Encoding, b []byte) string {
	switch e {
	case connector.Hex:
		return hex.EncodeToString(b)
	case connector.Base64:
		return base64.StdEncoding.EncodeToString(b)
	}
	return string(b)
}
