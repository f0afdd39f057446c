package tenant

import (
	"encoding/base64"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// Prefixes of ids.
const (
	OrganizationID = "org"
	ConnectionID   = "conn"
	APIKeyID       = "key"
	ClientID       = "cli"
	PersonID       = "per"
	DestinationID  = "dst"
	JobID          = "job"
)

// keyPrefix makes an API key recognizable, for people and for scanners of leaked secrets.
const keyPrefix = "llk_"

const (
	tokenBytes = 32
	tokenChars = 43
	idChars    = 12
	idAlphabet = "0123456789abcdefghijklmnopqrstuvwxyz"
)

// NewToken gives 32 bytes of random as 43 characters of unpadded base64url.
func NewToken(random io.Reader) (string, error) {
	token := make([]byte, tokenBytes)
	if _, err := io.ReadFull(random, token); err != nil {
		return "", fmt.Errorf("tenant: new token: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(token), nil
}

// NewAPIKey makes a key for an organization: the text that its holder sends, shown once, and what is stored of it.
func NewAPIKey(organization, name string, role Role, now time.Time, random io.Reader) (text string, key APIKey, err error) {
	token, err := NewToken(random)
	if err != nil {
		return "", APIKey{}, err
	}
	id, err := NewID(APIKeyID, random)
	if err != nil {
		return "", APIKey{}, err
	}
	text = keyPrefix + token
	return text, APIKey{ID: id, Hash: HashToken(text), Organization: organization, Name: name, Role: role, CreatedAt: now}, nil
}

// IsAPIKey tells whether a text has the form of an API key, so that what has not needs no look-up.
func IsAPIKey(text string) bool {
	token, ok := strings.CutPrefix(text, keyPrefix)
	if !ok || len(token) != tokenChars {
		return false
	}
	_, err := base64.RawURLEncoding.DecodeString(token)
	return err == nil
}

// NewID gives an id such as "conn_4f0c9a2b1x7z": the prefix and 12 characters of [0-9a-z], each equally likely.
func NewID(prefix string, random io.Reader) (string, error) {
	// Bytes from here on would make the first letters likelier than the others.
	const fair = 256 - 256%len(idAlphabet)
	id := make([]byte, 0, idChars)
	var b [1]byte
	for len(id) < idChars {
		if _, err := io.ReadFull(random, b[:]); err != nil {
			return "", fmt.Errorf("tenant: new id: %w", err)
		}
		if int(b[0]) < fair {
			id = append(id, idAlphabet[int(b[0])%len(idAlphabet)])
		}
	}
	return prefix + "_" + string(id), nil
}

// Valid tells whether r is one of the roles.
func (r Role) Valid() bool { return slices.Contains(Roles(), r) }
