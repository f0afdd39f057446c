package connector

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/x509"
)

// Scheme is how the hash of a signature is made.
type Scheme string

// The schemes.
const (
	// HMAC is HMAC-SHA256 with a key that both sides know.
	HMAC Scheme = ""
	// ECDSA is SHA-256, signed with a private key on the curve P-256 and written in ASN.1. The key that the provider shows is
	// the public one, as PKIX, ASN.1 DER.
	ECDSA Scheme = "ecdsa"
)

// publicKey reads a public key, nil for what is none.
func publicKey(der []byte) *ecdsa.PublicKey {
	parsed, err := x509.ParsePKIXPublicKey(der)
	key, ok := parsed.(*ecdsa.PublicKey)
	if err != nil || !ok || key.Curve != elliptic.P256() {
		return nil
	}
	return key
}

// fits tells whether hash proves that a key's owner signed the parts.
func (s Scheme) fits(hash, key []byte, parts ...[]byte) bool {
	if s == ECDSA {
		public := publicKey(key)
		return public != nil && ecdsa.VerifyASN1(public, digest(parts), hash)
	}
	return hmac.Equal(hash, mac(key, parts))
}

// hash signs the parts; nil if the key cannot sign.
func (s Scheme) hash(key []byte, parts ...[]byte) []byte {
	if s != ECDSA {
		return mac(key, parts)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(key)
	private, ok := parsed.(*ecdsa.PrivateKey)
	if err != nil || !ok {
		return nil
	}
	hash, err := private.Sign(nil, digest(parts), crypto.SHA256) // without a source of chance: RFC 6979
	if err != nil {
		return nil
	}
	return hash
}

func digest(parts [][]byte) []byte {
	h := sha256.New()
	for _, p := range parts {
		h.Write(p)
	}
	return h.Sum(nil)
}

func mac(key []byte, parts [][]byte) []byte {
	h := hmac.New(sha256.New, key)
	for _, p := range parts {
		h.Write(p)
	}
	return h.Sum(nil)
}
