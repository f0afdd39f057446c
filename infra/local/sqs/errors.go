package sqs

import (
	"fmt"
	"net/http"
)

// Error is a refusal as SQS words it.
type Error struct {
	// Code is the name of the error's shape: QueueDoesNotExist, ReceiptHandleIsInvalid ...
	Code string
	// QueryCode is the name that the error had in the older query protocol. SDKs report it as the error's code:
	// https://smithy.io/2.0/aws/protocols/aws-query-protocol.html#aws-protocols-awsquerycompatible-trait
	QueryCode string
	Message   string
}

// Error gives code and message.
func (e *Error) Error() string { return e.Code + ": " + e.Message }

func (e *Error) status() int {
	if e.Code == internalError {
		return http.StatusInternalServerError
	}
	return http.StatusBadRequest
}

// The codes. AWS serves those from "MissingParameter" on without a shape of their own.
const (
	batchEntryIDsNotDistinct     = "BatchEntryIdsNotDistinct"
	batchRequestTooLong          = "BatchRequestTooLong"
	emptyBatchRequest            = "EmptyBatchRequest"
	invalidAddress               = "InvalidAddress"
	invalidAttributeName         = "InvalidAttributeName"
	invalidAttributeValue        = "InvalidAttributeValue"
	invalidBatchEntryID          = "InvalidBatchEntryId"
	invalidMessageContents       = "InvalidMessageContents"
	messageNotInflight           = "MessageNotInflight"
	purgeQueueInProgress         = "PurgeQueueInProgress"
	queueDoesNotExist            = "QueueDoesNotExist"
	queueNameExists              = "QueueNameExists"
	receiptHandleIsInvalid       = "ReceiptHandleIsInvalid"
	resourceNotFound             = "ResourceNotFoundException"
	tooManyEntriesInBatchRequest = "TooManyEntriesInBatchRequest"
	unsupportedOperation         = "UnsupportedOperation"
	missingParameter             = "MissingParameter"
	invalidParameterValue        = "InvalidParameterValue"
	serialization                = "SerializationException"
	unknownOperation             = "UnknownOperationException"
	internalError                = "InternalFailure"
)

func errorf(code, format string, args ...any) *Error {
	e := &Error{Code: code, QueryCode: code, Message: fmt.Sprintf(format, args...)}
	switch code {
	case queueDoesNotExist:
		e.QueryCode = "AWS.SimpleQueueService.NonExistentQueue"
	case queueNameExists:
		e.QueryCode = "QueueAlreadyExists"
	case batchEntryIDsNotDistinct, batchRequestTooLong, emptyBatchRequest, invalidBatchEntryID, messageNotInflight,
		purgeQueueInProgress, tooManyEntriesInBatchRequest, unsupportedOperation:
		e.QueryCode = "AWS.SimpleQueueService." + code
	}
	return e
}

func missing(parameter string) *Error {
	return errorf(missingParameter, "The request must contain the parameter %s.", parameter)
}
