// Package rest implements connector.Client over HTTP for one connection at a time: authorized, held to the provider's
// limits, its answers judged by the definition's own rules. It retries nothing but a request whose access token had
// become too old.
package rest

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"leadline/shared/connector"
	"leadline/shared/dialguard"
	"leadline/shared/fault"
)

const (
	userAgent = "Leadline/1"
	// maxHeaderBytes bounds the header of an answer.
	maxHeaderBytes = 256 << 10
)

// Options of a service; the zero value is what production wants.
type Options struct {
	// AllowLoopback permits base URLs on the machine itself, also by http.
	AllowLoopback bool
	// Timeout of a request with its answer; 30 seconds unless set.
	Timeout time.Duration
	// MaxBytes is how large an answer may be; 64 MiB unless set.
	MaxBytes int64
	// MaxWait is how long a request waits for its turn; 2 seconds unless set. What would have to wait longer comes back.
	MaxWait time.Duration
	// Now is the clock; time.Now unless set.
	Now func() time.Time
	// Resolver and RootCAs replace those of the system.
	Resolver *net.Resolver
	RootCAs  *x509.CertPool
}

// Service makes the clients of a process. It is safe for concurrent use.
type Service struct {
	options Options
	http    *http.Client
}

// New makes a service. Its connections are kept for the next request. Each is checked when it is made, redirects are not
// followed, and no proxy of the environment is used: it would be who dials.
func New(o Options) *Service {
	if o.Timeout == 0 {
		o.Timeout = 30 * time.Second
	}
	if o.MaxBytes == 0 {
		o.MaxBytes = 64 << 20
	}
	if o.MaxWait == 0 {
		o.MaxWait = 2 * time.Second
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	dialer := &net.Dialer{Timeout: 10 * time.Second, Resolver: o.Resolver, Control: dialguard.New(o.AllowLoopback).Control}
	return &Service{options: o, http: &http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			DialContext:            dialer.DialContext,
			TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: o.RootCAs},
			ForceAttemptHTTP2:      true,
			MaxIdleConns:           100,
			MaxIdleConnsPerHost:    16,
			IdleConnTimeout:        60 * time.Second,
			TLSHandshakeTimeout:    10 * time.Second,
			MaxResponseHeaderBytes: maxHeaderBytes,
		},
	}}
}

// AllowsLoopback tells whether base URLs on the machine itself are permitted.
func (s *Service) AllowsLoopback() bool { return s.options.AllowLoopback }

// CheckBaseURL is the function of the name with what this service allows.
func (s *Service) CheckBaseURL(api connector.API, text string) (string, error) {
	return CheckBaseURL(api, text, s.options.AllowLoopback)
}

// The codes of what goes wrong on the way to a provider.
const (
	// CodeUnreachable: nothing was sent.
	CodeUnreachable = "provider_unreachable"
	// CodeNoAnswer: it may or may not have arrived.
	CodeNoAnswer = "provider_silent"
)

// PostForm sends a form to a URL that the definition names, with no authorization but what is in the form, and gives the
// answer unjudged: to the endpoints of OAuth 2. It is Unavailable if there is none; CodeUnreachable says that nothing was
// sent.
func (s *Service) PostForm(ctx context.Context, to string, form url.Values) (connector.Answer, error) {
	r, err := http.NewRequest(http.MethodPost, to, strings.NewReader(form.Encode()))
	if err != nil {
		return connector.Answer{}, invalidURL("cannot be read")
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Accept", "application/json")
	return s.send(ctx, r)
}

// send makes one request and reads its answer. The causes of its faults quote neither the URL nor what was sent.
func (s *Service) send(ctx context.Context, r *http.Request) (connector.Answer, error) {
	limited, cancel := context.WithTimeout(ctx, s.options.Timeout)
	defer cancel()
	r.Header.Set("User-Agent", userAgent)
	response, err := s.http.Do(r.WithContext(limited))
	if err != nil {
		return connector.Answer{}, s.explain(ctx, err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, s.options.MaxBytes+1))
	if err != nil {
		return connector.Answer{}, s.explain(ctx, err)
	}
	if int64(len(body)) > s.options.MaxBytes {
		return connector.Answer{}, fault.New(fault.Invalid, "answer_too_large", "The provider's answer has more than %d bytes.", s.options.MaxBytes)
	}
	a := connector.Answer{Status: response.StatusCode, Header: response.Header, Body: body, At: s.options.Now()}
	if at, err := http.ParseTime(response.Header.Get("Date")); err == nil {
		a.At = at
	}
	return a, nil
}

// explain says why there was no answer. The error itself is not kept: it quotes the URL, which may hold personal data.
func (s *Service) explain(ctx context.Context, err error) error {
	var refused *dialguard.RefusedError
	var dns *net.DNSError
	var timeout net.Error
	var certificate *tls.CertificateVerificationError
	var dial *net.OpError
	unreachable := func(text string) error { return fault.New(fault.Unavailable, CodeUnreachable, "%s", text) }
	switch {
	case ctx.Err() != nil:
		return fault.Wrap(ctx.Err(), fault.Unavailable, CodeNoAnswer, "The request to the provider was ended by us.")
	case errors.As(err, &refused):
		return fault.New(fault.Invalid, "address_refused", "Nothing was sent: %s.", refused)
	case errors.As(err, &dns):
		return unreachable("The provider's name could not be resolved.")
	case errors.As(err, &certificate):
		return unreachable("The provider's TLS certificate was not accepted.")
	case errors.As(err, &dial) && dial.Op == "dial":
		return unreachable("The provider could not be reached.")
	case errors.As(err, &timeout) && timeout.Timeout():
		return fault.New(fault.Unavailable, CodeNoAnswer, "The provider did not answer within %s.", s.options.Timeout)
	}
	return fault.New(fault.Unavailable, CodeNoAnswer, "The connection to the provider broke before there was an answer.")
}
