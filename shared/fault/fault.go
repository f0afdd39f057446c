// Package fault is the closed set of error kinds that decides everything downstream of a failure: the HTTP status, the
// queue's verdict (acknowledge, quarantine or retry), the metric label and whether a person is called.
package fault

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Kind is what sort of failure an error is. The set is closed: code switches on it, never on messages.
type Kind string

// The kinds. An error that carries none is Internal.
const (
	// Invalid input can never succeed, however often it is tried: 400, quarantine.
	Invalid Kind = "invalid"
	// Unauthorized means that the caller did not prove who it is: 401.
	Unauthorized Kind = "unauthorized"
	// Forbidden means that the caller is known and its role does not allow the act: 403.
	Forbidden Kind = "forbidden"
	// Revoked means that a provider refuses the credentials we hold: 409, the connection goes to error.
	Revoked Kind = "revoked"
	// NotFound: 404. What belongs to another organization is not found either.
	NotFound Kind = "not_found"
	// Conflict means that the stored state is newer than the caller's: 409, fine for a queue.
	Conflict Kind = "conflict"
	// RateLimited: 429 or 503 with RetryAfter.
	RateLimited Kind = "rate_limited"
	// Unavailable means that something we depend on failed and a later try may succeed: 503.
	Unavailable Kind = "unavailable"
	// Internal is everything nobody foresaw: 500.
	Internal Kind = "internal"
)

// Error is a failure with its kind, a stable code and a message that its receiver can act on.
type Error struct {
	Kind Kind
	// Code is a stable snake_case word for programs: the slug of a problem type, the reason of a quarantine entry.
	Code string
	// Message is for people. It holds no secret, no body and no internals.
	Message string
	// RetryAfter is how long to wait before the next try; zero when unknown.
	RetryAfter time.Duration
	// Err is the cause, for logs only.
	Err error
}

// Error gives the message and its cause, for logs.
func (e *Error) Error() string {
	if e.Err == nil {
		return e.Message
	}
	return e.Message + ": " + e.Err.Error()
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// New makes an error of a kind with a code and a formatted message.
func New(kind Kind, code, format string, args ...any) *Error {
	return &Error{Kind: kind, Code: code, Message: fmt.Sprintf(format, args...)}
}

// Wrap gives err a kind, a code and a message. It returns nil for a nil err.
func Wrap(err error, kind Kind, code, format string, args ...any) error {
	if err == nil {
		return nil
	}
	return &Error{Kind: kind, Code: code, Message: fmt.Sprintf(format, args...), Err: err}
}

// Of gives the outermost Error in err's chain, or nil.
func Of(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return nil
}

// Brief says what err is, for logs. Where its cause repeats somebody else's words, which may quote what they are about and
// has a Brief of its own, only that and the code are told.
func Brief(err error) string {
	var quoting interface {
		error
		Brief() string
	}
	switch f := Of(err); {
	case err == nil:
		return ""
	case !errors.As(err, &quoting):
		return err.Error()
	case f != nil:
		return f.Code + ": " + quoting.Brief()
	}
	return quoting.Brief()
}

// KindOf tells the kind of err: the one it carries, Unavailable for a cancelled or expired context, Internal otherwise.
// A nil err has no kind.
func KindOf(err error) Kind {
	switch e := Of(err); {
	case err == nil:
		return ""
	case e != nil:
		return e.Kind
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return Unavailable
	}
	return Internal
}

// Is tells whether err is of the kind.
func Is(err error, kind Kind) bool { return err != nil && KindOf(err) == kind }
