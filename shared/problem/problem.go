// Package problem turns errors into HTTP answers: application/problem+json (RFC 9457) with a stable type and a message
// that the caller can act on, and nothing of our insides.
package problem

import (
	"encoding/json"
	"errors"
	"net/http"

	"leadline/shared/fault"
)

// ContentType is the media type of a problem.
const ContentType = "application/problem+json"

// TypePrefix starts the type of every problem; a fault's code follows.
const TypePrefix = "urn:leadline:problem:"

// Problem is the body of an error answer.
type Problem struct {
	Type   string `json:"type" doc:"Names the kind of problem, for programs; it does not change." example:"urn:leadline:problem:not_found"`
	Title  string `json:"title" doc:"The HTTP status in words."`
	Status int    `json:"status" doc:"The HTTP status."`
	Detail string `json:"detail,omitempty" doc:"What is wrong and what to do, for people."`
	// Errors names what is wrong part by part, where a request has several faults.
	Errors []Part `json:"errors,omitempty" nullable:"false" doc:"What is wrong, part by part."`
}

// Part is one fault of a request.
type Part struct {
	Location string `json:"location" doc:"The part of the request." example:"body.name"`
	Message  string `json:"message" doc:"What is wrong with it."`
}

// Error makes a Problem usable as an error.
func (p *Problem) Error() string { return p.Title + ": " + p.Detail }

// GetStatus gives the HTTP status.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType gives the media type of a problem, whatever the caller negotiated.
func (p *Problem) ContentType(string) string { return ContentType }

// JSON gives the body.
func (p *Problem) JSON() []byte {
	body, err := json.Marshal(p)
	if err != nil { // texts and a number always encode
		return []byte(`{"type":"` + TypePrefix + `internal","title":"Internal Server Error","status":500}`)
	}
	return body
}

// New makes a problem of a status, a code and a message.
func New(status int, code, detail string) *Problem {
	return &Problem{Type: TypePrefix + code, Title: http.StatusText(status), Status: status, Detail: detail}
}

// From makes the problem that tells a caller about err. What is not the caller's fault says nothing about its cause.
func From(err error) *Problem {
	f := fault.Of(err)
	if f == nil {
		if fault.Is(err, fault.Unavailable) {
			return New(http.StatusServiceUnavailable, "unavailable", "The service is busy. Try again in a few seconds.")
		}
		return New(http.StatusInternalServerError, "internal", "Something went wrong on our side. It has been logged.")
	}
	switch f.Kind {
	case fault.Internal:
		return New(http.StatusInternalServerError, "internal", "Something went wrong on our side. It has been logged.")
	case fault.Unavailable:
		return New(http.StatusServiceUnavailable, "unavailable", "The service is busy. Try again in a few seconds.")
	}
	p := New(status(f), f.Code, f.Message)
	if d := (*Detailed)(nil); errors.As(err, &d) {
		p.Errors = d.Parts
	}
	return p
}

// Detailed is a fault that says what is wrong part by part.
type Detailed struct {
	Fault *fault.Error
	Parts []Part
}

// Error gives the message of the fault.
func (d *Detailed) Error() string { return d.Fault.Error() }

// Unwrap gives the fault.
func (d *Detailed) Unwrap() error { return d.Fault }

// The codes of faults that have an HTTP status of their own.
const (
	// BodyTooLarge and UnsupportedMediaType are codes of Invalid faults: 413, 415.
	BodyTooLarge         = "body_too_large"
	UnsupportedMediaType = "unsupported_media_type"
	// PreconditionFailed is the code of a Conflict that an If-Match header asked for: 412.
	PreconditionFailed = "precondition_failed"
)

func status(f *fault.Error) int {
	switch f.Kind {
	case fault.Invalid:
		switch f.Code {
		case BodyTooLarge:
			return http.StatusRequestEntityTooLarge
		case UnsupportedMediaType:
			return http.StatusUnsupportedMediaType
		}
		return http.StatusBadRequest
	case fault.Unauthorized:
		return http.StatusUnauthorized
	case fault.Forbidden:
		return http.StatusForbidden
	case fault.NotFound:
		return http.StatusNotFound
	case fault.Conflict, fault.Revoked:
		if f.Code == PreconditionFailed {
			return http.StatusPreconditionFailed
		}
		return http.StatusConflict
	case fault.RateLimited:
		return http.StatusTooManyRequests
	}
	return http.StatusInternalServerError
}
