package outbound

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/textproto"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
	"unicode"
	"unicode/utf8"

	"leadline/shared/dialguard"
	"leadline/shared/fault"
)

const (
	// AttemptTimeout is how long a destination has for its answer, all of it.
	AttemptTimeout = 15 * time.Second
	// maxAnswerRead is how much of an answer is read.
	maxAnswerRead = 64 << 10
	// minSecretLength is from how many characters on a word of a header may be a secret.
	minSecretLength = 8
	userAgent       = "Leadline/1"
)

// ClientOptions of a client; the zero value is what production wants.
type ClientOptions struct {
	// AllowLoopback permits addresses of this machine, also by http.
	AllowLoopback bool
	// Timeout of an attempt; AttemptTimeout unless set.
	Timeout time.Duration
	// Now is the clock; time.Now unless set.
	Now func() time.Time
	// Resolver and RootCAs replace those of the system.
	Resolver *net.Resolver
	RootCAs  *x509.CertPool
}

// Client makes requests to destinations. It is safe for concurrent use.
type Client struct {
	http    *http.Client
	guard   dialguard.Guard
	timeout time.Duration
	now     func() time.Time
}

// NewClient makes a client. Each request has a connection of its own: so each is checked where it goes to, no destination
// holds connections, and none is used again after the function was frozen. It costs a TLS handshake. Redirects are not
// followed, and no proxy of the environment is used: it would be who dials.
func NewClient(o ClientOptions) *Client {
	if o.Timeout == 0 {
		o.Timeout = AttemptTimeout
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	g := dialguard.New(o.AllowLoopback)
	dialer := &net.Dialer{Timeout: o.Timeout, Resolver: o.Resolver, Control: g.Control}
	return &Client{guard: g, timeout: o.Timeout, now: o.Now, http: &http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			DialContext:            dialer.DialContext,
			DisableKeepAlives:      true,
			DisableCompression:     true,
			TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: o.RootCAs},
			MaxResponseHeaderBytes: maxAnswerRead,
		},
	}}
}

// Request is what an attempt sends.
type Request struct {
	URL string
	// Keys sign it, newest first.
	Keys [][]byte
	// ID is the webhook-id.
	ID   string
	Body []byte
	// Headers are those of the destination. They come last, but cannot replace the reserved ones (CheckHeaders).
	Headers map[string]string
}

// Answer is what came of a request.
type Answer struct {
	// Attempt has no Number. Its Problem is empty for a success.
	Attempt
	// RetryAfter is how long the destination asks us to wait; zero if it does not say. At most MaxRetryAfter.
	RetryAfter time.Duration
}

// Delivered tells whether the destination took the event: it answered 2xx.
func (a Answer) Delivered() bool { return a.Status/100 == 2 }

// Gone tells whether the destination wants no more events.
func (a Answer) Gone() bool { return a.Status == http.StatusGone }

// Post makes one attempt. Whatever the destination does is an answer; it is an error only if ctx ended before, which
// says nothing about the destination.
func (c *Client) Post(ctx context.Context, r Request) (Answer, error) {
	started := c.now()
	a := Answer{Attempt: Attempt{At: started.UTC()}}
	limited, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	response, err := c.send(limited, r, started)
	if err == nil {
		defer response.Body.Close()
		a.Status = response.StatusCode
		a.Answer = readAnswer(response.Body, r.Headers)
	}
	a.Took = c.now().Sub(started).Milliseconds()
	switch {
	case err == nil:
		a.Problem = problemOf(response)
		if a.Problem != "" {
			a.RetryAfter = retryAfter(response.Header.Get("Retry-After"), c.now())
		}
	case ctx.Err() != nil:
		return Answer{}, fmt.Errorf("outbound: post: %w", ctx.Err())
	default:
		a.Problem = c.explain(err)
	}
	return a, nil
}

func (c *Client) send(ctx context.Context, r Request, at time.Time) (*http.Response, error) {
	if err := checkURL(c.guard, r.URL); err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, r.URL, bytes.NewReader(r.Body))
	if err != nil {
		return nil, err
	}
	request.Header = Sign(r.Keys, r.ID, at, r.Body)
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("User-Agent", userAgent)
	for name, value := range r.Headers {
		if !reserved(textproto.CanonicalMIMEHeaderKey(name)) {
			request.Header.Set(name, value)
		}
	}
	return c.http.Do(request)
}

// readAnswer gives the beginning of a body, without what the headers of the request hold: some receivers answer with what
// they got, and who may read the log may not know them. What cannot be read to its end counts as far as it came: the
// status says whether the event was taken.
func readAnswer(body io.Reader, headers map[string]string) string {
	read, _ := io.ReadAll(io.LimitReader(body, maxAnswerRead))
	text := strings.ToValidUTF8(string(read), "\uFFFD")
	for _, word := range secretsIn(headers) {
		text = strings.ReplaceAll(text, word, "[header]")
		text = strings.ReplaceAll(text, strings.ReplaceAll(word, "/", `\/`), "[header]") // as some write JSON
	}
	return cut(text, MaxAnswerBytes)
}

// secretsIn gives the words of headers that may be secrets, longest first: of "Basic c2VjcmV0cw==" the second one, for a
// receiver may quote it alone.
func secretsIn(headers map[string]string) []string {
	var words []string
	for _, value := range headers {
		for _, word := range strings.FieldsFunc(value, func(r rune) bool { return strings.ContainsRune(` ,;="`, r) }) {
			if len(word) >= minSecretLength {
				words = append(words, word)
			}
		}
	}
	slices.SortFunc(words, func(a, b string) int { return cmp.Or(cmp.Compare(len(b), len(a)), cmp.Compare(a, b)) })
	return words
}

// cut gives the beginning of a text in at most so many bytes, as one line: without control characters, those that turn
// the direction of what follows, and those that are none, which XML does not have and thus no queue takes.
func cut(text string, most int) string {
	var b strings.Builder
	for _, r := range text {
		switch {
		case r == '\n' || r == '\r' || r == '\t':
			r = ' '
		case unicode.IsControl(r) || unicode.In(r, unicode.Bidi_Control, unicode.Noncharacter_Code_Point):
			continue
		}
		if b.Len()+utf8.RuneLen(r) > most {
			return strings.TrimSpace(b.String())
		}
		b.WriteRune(r)
	}
	return strings.TrimSpace(b.String())
}

// problemOf says why an answer is a failure; empty for a success.
func problemOf(r *http.Response) string {
	status := strings.TrimSpace(fmt.Sprintf("%d %s", r.StatusCode, http.StatusText(r.StatusCode)))
	switch {
	case r.StatusCode/100 == 2:
		return ""
	case r.StatusCode/100 == 3:
		return fmt.Sprintf("It answered %s. Redirects are not followed: give the destination the URL that the events end at.", status)
	case r.StatusCode == http.StatusGone:
		return fmt.Sprintf("It answered %s: it wants no more events.", status)
	default:
		return fmt.Sprintf("It answered %s.", status)
	}
}

// explain says why there was no answer. The error itself is not shown: it quotes the URL, which may hold a secret.
func (c *Client) explain(err error) string {
	var refused *dialguard.RefusedError
	var dns *net.DNSError
	var timeout net.Error
	var certificate *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	var alert tls.AlertError
	switch {
	case errors.As(err, &refused):
		return "Nothing was sent: " + refused.Error() + "."
	case fault.Is(err, fault.Invalid):
		return "Nothing was sent. " + fault.Of(err).Message
	case errors.As(err, &dns) && !dns.IsTimeout:
		return "The host's name could not be resolved."
	case errors.As(err, &timeout) && timeout.Timeout():
		return fmt.Sprintf("There was no answer within %s.", c.timeout)
	case errors.As(err, &certificate):
		return "Its TLS certificate was not accepted: " + cut(certificate.Err.Error(), 200) + "."
	case errors.As(err, &record), errors.As(err, &alert), errors.Is(err, http.ErrSchemeMismatch):
		return "The TLS handshake failed."
	case errors.Is(err, syscall.ECONNREFUSED):
		return "The connection was refused."
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "The connection broke before there was an answer."
	default:
		return "The request failed before there was an answer."
	}
}

// retryAfter reads the header of the name: seconds, or a date.
//
// https://www.rfc-editor.org/rfc/rfc9110#name-retry-after
func retryAfter(text string, now time.Time) time.Duration {
	if seconds, err := strconv.ParseUint(strings.TrimSpace(text), 10, 63); err == nil {
		return time.Duration(min(seconds, uint64(MaxRetryAfter/time.Second))) * time.Second
	}
	if at, err := http.ParseTime(text); err == nil {
		return min(max(at.Sub(now), 0), MaxRetryAfter)
	}
	return 0
}
