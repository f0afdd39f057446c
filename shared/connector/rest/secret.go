package rest

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode"

	"leadline/shared/connector"
	"leadline/shared/fault"
)

// Secret is what a request is authorized with. It shows nothing of itself when printed.
type Secret struct {
	Kind connector.LoginKind
	// Text is an API key or an access token.
	Text string
	// Generation counts the secrets of a connection, so that a refusal can be held against this one alone.
	Generation int64
}

// Format prints nothing of the secret, whatever the verb.
func (Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "rest.Secret") }

// MarshalJSON writes nothing of the secret.
func (Secret) MarshalJSON() ([]byte, error) { return []byte(`"rest.Secret"`), nil }

// Authorizer knows the secret of a connection.
type Authorizer interface {
	// Secret gives the present one.
	Secret(ctx context.Context) (Secret, error)
	// Another gives one that differs from one that the provider refused: what was stored meanwhile or, where that one is
	// said to have expired, a fresh one. It is not ok if there is none.
	Another(ctx context.Context, used Secret, expired bool) (other Secret, ok bool, err error)
}

// Fixed authorizes with one secret and knows no other: to try one that is not stored yet.
type Fixed Secret

// Secret implements Authorizer.
func (f Fixed) Secret(context.Context) (Secret, error) { return Secret(f), nil }

// Another implements Authorizer.
func (f Fixed) Another(context.Context, Secret, bool) (Secret, bool, error) {
	return Secret{}, false, nil
}

// Format prints nothing of the secret, whatever the verb.
func (Fixed) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "rest.Fixed") }

// SecretError is the cause of the fault of a request whose secret the provider refused.
type SecretError struct {
	// Generation is that of the secret; zero for one that is not stored.
	Generation int64
	// Refusal is what the provider said.
	Refusal *connector.RefusedError
}

// Error gives the provider's words.
func (e *SecretError) Error() string { return e.Refusal.Error() }

// Unwrap gives the refusal.
func (e *SecretError) Unwrap() error { return e.Refusal }

// minSecretLength is from how many characters on a word of a header may be a secret.
const minSecretLength = 6

// authorize puts a secret into a header and gives the words that must not be repeated: some providers quote what they refuse.
func authorize(api connector.API, header http.Header, s Secret) (words []string) {
	before := header.Clone()
	put := bearer
	for _, l := range api.Logins {
		if l.Kind == s.Kind && l.Authorize != nil {
			put = l.Authorize
		}
	}
	put(header, s.Text)
	words = append(words, s.Text, url.QueryEscape(s.Text), url.PathEscape(s.Text))
	for name, values := range header {
		if slices.Equal(values, before[name]) {
			continue
		}
		for _, value := range values {
			words = append(words, strings.FieldsFunc(value, func(r rune) bool { return strings.ContainsRune(` ,;"`, r) })...)
		}
	}
	words = slices.DeleteFunc(words, func(w string) bool { return len(w) < minSecretLength && w != s.Text || w == "" })
	slices.SortFunc(words, func(a, b string) int { return len(b) - len(a) })
	return words
}

func bearer(header http.Header, secret string) { header.Set("Authorization", "Bearer "+secret) }

// Discreet gives a provider's words without the secrets and as one line.
func Discreet(text string, secrets ...string) string {
	secrets = slices.DeleteFunc(slices.Clone(secrets), func(s string) bool { return s == "" })
	for _, s := range secrets[:len(secrets):len(secrets)] {
		secrets = append(secrets, url.QueryEscape(s), url.PathEscape(s))
	}
	slices.SortFunc(secrets, func(a, b string) int { return len(b) - len(a) })
	return discreet(text, secrets)
}

// Hush gives a fault of a Client without some words, in all that it says: what a request brought, and its answer quotes.
func Hush(err error, words ...string) error {
	switch e := err.(type) {
	case *fault.Error:
		hushed := *e
		hushed.Message, hushed.Err = Discreet(e.Message, words...), Hush(e.Err, words...)
		return &hushed
	case *SecretError:
		return &SecretError{Generation: e.Generation, Refusal: hushRefusal(e.Refusal, words)}
	case *connector.RefusedError:
		return hushRefusal(e, words)
	}
	return err
}

func hushRefusal(e *connector.RefusedError, words []string) *connector.RefusedError {
	hushed := *e
	hushed.Code, hushed.Message = Discreet(e.Code, words...), Discreet(e.Message, words...)
	return &hushed
}

// blind gives an answer without the words, for a judge: what it cuts short, it would cut within a secret, too.
func blind(a connector.Answer, words []string) connector.Answer {
	for _, word := range words {
		if len(word) >= minSecretLength && bytes.Contains(a.Body, []byte(word)) {
			a.Body = bytes.ReplaceAll(a.Body, []byte(word), []byte("[secret]"))
		}
	}
	return a
}

// partLength is from how many characters on the beginning of a secret is hidden, too: some quote it shortened.
const partLength = 12

// without gives a text without a word, and without what begins as it does.
func without(text, word string) string {
	const hidden = "[secret]"
	if word == "" {
		return text
	}
	begin := word[:min(len(word), partLength)]
	for from := 0; ; {
		at := strings.Index(text[from:], begin)
		if at < 0 {
			return text
		}
		at += from
		n := len(begin)
		for n < len(word) && at+n < len(text) && text[at+n] == word[n] {
			n++
		}
		text, from = text[:at]+hidden+text[at+n:], at+len(hidden)
	}
}

// discreet gives a provider's words without secrets and without characters that do not belong in a line.
func discreet(text string, words []string) string {
	for _, word := range words {
		text = without(text, word)
	}
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\r' || r == '\t':
			return ' '
		case unicode.IsControl(r) || unicode.In(r, unicode.Bidi_Control):
			return -1
		}
		return r
	}, text)
}
