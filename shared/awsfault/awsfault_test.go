package awsfault_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"leadline/shared/awsfault"
	"leadline/shared/fault"
)

func TestWrap(t *testing.T) {
	api := func(status int, code string) error {
		return &smithy.OperationError{ServiceID: "X", OperationName: "Y", Err: &smithyhttp.ResponseError{
			Response: &smithyhttp.Response{Response: &http.Response{StatusCode: status}},
			Err:      &smithy.GenericAPIError{Code: code, Message: "m"},
		}}
	}
	for name, test := range map[string]struct {
		err  error
		want fault.Kind
	}{
		"throughput":          {api(400, "ProvisionedThroughputExceededException"), fault.RateLimited},
		"slow down":           {api(503, "SlowDown"), fault.RateLimited},
		"429":                 {api(429, "Whatever"), fault.RateLimited},
		"500":                 {api(500, "InternalServerError"), fault.Unavailable},
		"502 without code":    {api(502, ""), fault.Unavailable},
		"conflict":            {api(400, "TransactionConflictException"), fault.Unavailable},
		"validation":          {api(400, "ValidationException"), fault.Internal},
		"access denied":       {api(403, "AccessDeniedException"), fault.Internal},
		"no table":            {api(400, "ResourceNotFoundException"), fault.Internal},
		"deadline":            {fmt.Errorf("x: %w", context.DeadlineExceeded), fault.Unavailable},
		"cancelled":           {fmt.Errorf("x: %w", context.Canceled), fault.Unavailable},
		"connection refused":  {&smithyhttp.RequestSendError{Err: errors.New("refused")}, fault.Unavailable},
		"network":             {&net.OpError{Op: "read", Err: errors.New("reset")}, fault.Unavailable},
		"cut answer":          {fmt.Errorf("x: %w", io.ErrUnexpectedEOF), fault.Unavailable},
		"unknown":             {errors.New("x"), fault.Internal},
		"keeps a kind it has": {fault.New(fault.Conflict, "stale", "x"), fault.Conflict},
	} {
		t.Run(name, func(t *testing.T) {
			got := awsfault.Wrap(test.err, "store: get record")
			if fault.KindOf(got) != test.want {
				t.Errorf("kind %s, want %s", fault.KindOf(got), test.want)
			}
			if !strings.HasPrefix(got.Error(), "store: get record: ") {
				t.Errorf("%q does not say what failed", got)
			}
			if !errors.Is(got, test.err) {
				t.Error("the cause is lost")
			}
			if message := fault.Of(got).Message; strings.Contains(message, "Exception") {
				t.Errorf("message for people has internals: %q", message)
			}
		})
	}
	if awsfault.Wrap(nil, "x") != nil {
		t.Error("nil became an error")
	}
}

func TestCodeAndStatus(t *testing.T) {
	err := fmt.Errorf("x: %w", &smithyhttp.ResponseError{
		Response: &smithyhttp.Response{Response: &http.Response{StatusCode: 404}},
		Err:      &smithy.GenericAPIError{Code: "NoSuchKey"},
	})
	if code, status := awsfault.Code(err), awsfault.Status(err); code != "NoSuchKey" || status != 404 {
		t.Errorf("got %s, %d", code, status)
	}
	if code, status := awsfault.Code(io.EOF), awsfault.Status(io.EOF); code != "" || status != 0 {
		t.Errorf("got %q, %d for an error that is not the SDK's", code, status)
	}
}
