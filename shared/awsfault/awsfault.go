// Package awsfault gives errors of the AWS SDK their kind, once for all packages that call AWS.
package awsfault

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"leadline/shared/fault"
)

// Wrap names what failed ("store: put record") and gives err its kind: RateLimited for throttling, Unavailable for
// what a later try may pass (5xx, network, timeouts, conflicts with other requests), Internal for the rest, such as a
// refused permission. An err that carries a kind keeps it. It returns nil for a nil err.
func Wrap(err error, what string) error {
	if err == nil {
		return nil
	}
	if fault.Of(err) == nil {
		switch kindOf(err) {
		case fault.RateLimited:
			err = fault.Wrap(err, fault.RateLimited, "throttled", "a service behind Leadline is at its limit")
		case fault.Unavailable:
			err = fault.Wrap(err, fault.Unavailable, "unavailable", "a service behind Leadline does not answer")
		default:
			err = fault.Wrap(err, fault.Internal, "internal", "a service behind Leadline refused a request")
		}
	}
	return fmt.Errorf("%s: %w", what, err)
}

// Code gives the service's own code of the error, empty where there is none.
func Code(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	return ""
}

// Status gives the HTTP status of the answer that the error is about, zero where there was no answer.
func Status(err error) int {
	var response *smithyhttp.ResponseError
	if errors.As(err, &response) {
		return response.HTTPStatusCode()
	}
	return 0
}

func kindOf(err error) fault.Kind {
	var (
		send    *smithyhttp.RequestSendError
		network net.Error
	)
	switch code := Code(err); {
	case throttling(code) || Status(err) == 429:
		return fault.RateLimited
	case passing(code) || Status(err) >= 500:
		return fault.Unavailable
	case code != "":
		return fault.Internal
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded), errors.As(err, &send),
		errors.As(err, &network), errors.Is(err, io.ErrUnexpectedEOF):
		return fault.Unavailable
	}
	return fault.Internal
}

// throttling tells whether a code says that a limit is reached.
//
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html
// https://docs.aws.amazon.com/kms/latest/developerguide/throttling.html
// https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/CommonErrors.html
func throttling(code string) bool {
	switch code {
	case "ProvisionedThroughputExceededException", "RequestLimitExceeded", "ThrottlingException", "Throttling",
		"ThrottledException", "RequestThrottled", "RequestThrottledException", "TooManyRequestsException", "SlowDown",
		"KMS.ThrottlingException", "KmsThrottled", "BandwidthLimitExceeded":
		return true
	}
	return false
}

// passing tells whether a code that comes with a 4xx status stands for something that passes.
func passing(code string) bool {
	switch code {
	case "TransactionConflictException", "TransactionInProgressException", "ReplicatedWriteConflictException",
		"RequestTimeout", "RequestTimeoutException", "OperationAborted", "KeyUnavailableException",
		"DependencyTimeoutException", "KMSInternalException", "InternalServerError", "ServiceUnavailable":
		return true
	}
	return false
}
