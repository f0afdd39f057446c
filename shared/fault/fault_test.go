package fault_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"leadline/shared/fault"
)

// quote is an error that repeats somebody else's words.
type quote struct{}

func (quote) Error() string { return "status 400: joe@example.com" }
func (quote) Brief() string { return "status 400" }

func TestKindOf(t *testing.T) {
	cause := errors.New("cause")
	for _, c := range []struct {
		err  error
		kind fault.Kind
	}{
		{nil, ""},
		{cause, fault.Internal},
		{context.Canceled, fault.Unavailable},
		{fmt.Errorf("get: %w", context.DeadlineExceeded), fault.Unavailable},
		{fault.New(fault.NotFound, "not_found", "No."), fault.NotFound},
		{fmt.Errorf("around: %w", fault.Wrap(cause, fault.RateLimited, "slow", "wait")), fault.RateLimited},
		{fault.Wrap(fault.New(fault.NotFound, "x", "y"), fault.Internal, "z", "outermost counts"), fault.Internal},
	} {
		if got := fault.KindOf(c.err); got != c.kind {
			t.Errorf("%v: got %q, want %q", c.err, got, c.kind)
		}
		if c.err != nil && !fault.Is(c.err, c.kind) || fault.Is(nil, c.kind) {
			t.Errorf("%v: Is disagrees with KindOf", c.err)
		}
	}
	if wrapped := fault.Wrap(cause, fault.Invalid, "bad", "no %s", "good"); !errors.Is(wrapped, cause) || wrapped.Error() != "no good: cause" {
		t.Errorf("got %v", wrapped)
	}
	if fault.Brief(nil) != "" || fault.Brief(fmt.Errorf("get: %w", cause)) != "get: cause" {
		t.Error("what quotes nobody is not told as it is")
	}
	quoting := fmt.Errorf("page: %w", fault.Wrap(quote{}, fault.Invalid, "refused", "It says: joe@example.com"))
	if got := fault.Brief(quoting); got != "refused: status 400" {
		t.Errorf("got %q", got)
	}
	if got := fault.Brief(fmt.Errorf("page: %w", quote{})); got != "status 400" {
		t.Errorf("got %q", got)
	}
	if fault.Wrap(nil, fault.Invalid, "bad", "no") != nil {
		t.Error("wrapping no error made one")
	}
}
