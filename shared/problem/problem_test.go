package problem_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"leadline/shared/fault"
	"leadline/shared/problem"
)

func TestFrom(t *testing.T) {
	cause := errors.New("table arn:aws:dynamodb:x is on fire")
	for _, c := range []struct {
		err    error
		status int
		code   string
	}{
		{fault.New(fault.Invalid, "invalid_json", "No."), 400, "invalid_json"},
		{fault.New(fault.Invalid, problem.BodyTooLarge, "No."), 413, "body_too_large"},
		{fault.New(fault.Invalid, problem.UnsupportedMediaType, "No."), 415, "unsupported_media_type"},
		{fault.New(fault.Unauthorized, "missing_api_key", "No."), 401, "missing_api_key"},
		{fault.New(fault.Forbidden, "role", "No."), 403, "role"},
		{fault.New(fault.NotFound, "not_found", "No."), 404, "not_found"},
		{fault.New(fault.Conflict, "changed", "No."), 409, "changed"},
		{fault.New(fault.Conflict, problem.PreconditionFailed, "No."), 412, "precondition_failed"},
		{fault.New(fault.Revoked, "revoked", "No."), 409, "revoked"},
		{fault.New(fault.RateLimited, "rate_limited", "No."), 429, "rate_limited"},
		{fault.Wrap(cause, fault.Unavailable, "store", "get a record"), 503, "unavailable"},
		{fault.Wrap(cause, fault.Internal, "store", "get a record"), 500, "internal"},
		{fmt.Errorf("around: %w", fault.New(fault.NotFound, "not_found", "No.")), 404, "not_found"},
		{context.DeadlineExceeded, 503, "unavailable"},
		{cause, 500, "internal"},
	} {
		p := problem.From(c.err)
		if p.Status != c.status || p.Type != problem.TypePrefix+c.code {
			t.Errorf("%v: got %d %s, want %d %s", c.err, p.Status, p.Type, c.status, c.code)
		}
		if strings.Contains(string(p.JSON()), "arn:aws") {
			t.Errorf("%v: the answer shows the cause: %s", c.err, p.JSON())
		}
	}
}
