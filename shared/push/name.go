package push

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"encoding/hex"
	"strings"

	"github.com/oklog/ulid/v2"
)

// The name of a batch in the API is "bat_", then what names it inside in 26 characters, then a MAC of that in 8: who
// has it can be told that a batch is queued, though nothing is stored of it yet, and nobody can make one up.
const (
	publicPrefix = "bat_"
	innerChars   = 26
	tagChars     = 8
	// keyedMark starts the inner name of a batch that its sender named; that of a ULID is 0 to 7.
	keyedMark = "k"
)

// alphabet is that of ULIDs, in lower case.
const alphabet = "0123456789abcdefghjkmnpqrstvwxyz"

// PublicID names a batch by its ULID. mac signs with a key of the organization's (secret.PurposeBatch).
func PublicID(mac func([]byte) []byte, id string) string {
	return public(mac, strings.ToLower(id))
}

// KeyedID names a batch by who sends it and the sender's own key: the same two give the same name, any number of times.
// claim is the name inside, that of the Claim.
func KeyedID(mac func([]byte) []byte, sender, key string) (claim, name string) {
	sum := mac([]byte("key\n" + sender + "\n" + key))
	claim = keyedMark + letters(sum)[:innerChars-len(keyedMark)]
	return claim, public(mac, claim)
}

// ReadID gives what a name stands for: the id of the Claim if it is keyed, else the ULID of the batch. It is not ok if
// nobody gave the name out.
func ReadID(mac func([]byte) []byte, name string) (inner string, keyed, ok bool) {
	if len(name) != len(publicPrefix)+innerChars+tagChars || !strings.HasPrefix(name, publicPrefix) {
		return "", false, false
	}
	inner = name[len(publicPrefix) : len(publicPrefix)+innerChars]
	if !hmac.Equal([]byte(public(mac, inner)), []byte(name)) {
		return "", false, false
	}
	if strings.HasPrefix(inner, keyedMark) {
		return inner, true, true
	}
	inner = strings.ToUpper(inner)
	if _, err := ulid.ParseStrict(inner); err != nil {
		return "", false, false
	}
	return inner, false, true
}

func public(mac func([]byte) []byte, inner string) string {
	return publicPrefix + inner + letters(mac([]byte("batch\n" + inner)))[:tagChars]
}

func letters(sum []byte) string {
	return base32.NewEncoding(alphabet).WithPadding(base32.NoPadding).EncodeToString(sum)
}

// Sum identifies what a request brings: the hex of a SHA-256 of the object's key and the bytes of the data.
func (r Request) Sum() string {
	h := sha256.New()
	_, _ = h.Write([]byte(r.Object + "\n")) // a hash takes everything
	_, _ = h.Write(r.Data)
	return hex.EncodeToString(h.Sum(nil))
}
