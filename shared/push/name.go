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
	// keyedMark starts the inner name of a batch that its sender named; that of a ULID is 0 to 7. The first claimChars of
	// such a name are drawn from the sender's key and are those of the Claim, the others from what the batch brings: what
	// comes under a key that was used for something else has a name of its own.
	keyedMark  = "k"
	claimChars = 16
)

// alphabet is that of ULIDs, in lower case.
const alphabet = "0123456789abcdefghjkmnpqrstvwxyz"

// PublicID names a batch by its ULID. mac signs with a key of the organization's (secret.PurposeBatch).
func PublicID(mac func([]byte) []byte, id string) string {
	return public(mac, strings.ToLower(id))
}

// KeyedID names a batch by who sends it, the sender's own key and the sum of what it brings (Request.Sum): the same three
// give the same name, any number of times. claim is the id of the Claim, for which the sum does not count.
func KeyedID(mac func([]byte) []byte, sender, key, sum string) (claim, name string) {
	claim = keyedMark + letters(mac([]byte("key\n" + sender + "\n" + key)))[:claimChars-len(keyedMark)]
	return claim, public(mac, claim+contentOf(mac, sum))
}

// contentOf gives the part of a name that stands for what the batch brings.
func contentOf(mac func([]byte) []byte, sum string) string {
	return letters(mac([]byte("sum\n" + sum)))[:innerChars-claimChars]
}

// Keyed is what the name of a batch with a key of the sender's own stands for.
type Keyed struct {
	// Claim is the id of the Claim.
	Claim   string
	content string
}

// Brings tells whether the batch of the name brings what has the sum.
func (k Keyed) Brings(mac func([]byte) []byte, sum string) bool {
	return k.content == contentOf(mac, sum)
}

// ReadID gives what a name stands for: a Keyed if its sender named it, else the ULID of the batch. It is not ok if nobody
// gave the name out.
func ReadID(mac func([]byte) []byte, name string) (id string, keyed *Keyed, ok bool) {
	if len(name) != len(publicPrefix)+innerChars+tagChars || !strings.HasPrefix(name, publicPrefix) {
		return "", nil, false
	}
	inner := name[len(publicPrefix) : len(publicPrefix)+innerChars]
	if !hmac.Equal([]byte(public(mac, inner)), []byte(name)) {
		return "", nil, false
	}
	if strings.HasPrefix(inner, keyedMark) {
		return "", &Keyed{Claim: inner[:claimChars], content: inner[claimChars:]}, true
	}
	id = strings.ToUpper(inner)
	if _, err := ulid.ParseStrict(id); err != nil {
		return "", nil, false
	}
	return id, nil, true
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
