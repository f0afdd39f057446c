package sqs

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"unicode/utf8"
)

// maxRequestBytes holds a batch of the largest messages whose every character is escaped.
const maxRequestBytes = 8 << 20

// ServeHTTP answers the calls of AWS SDKs.
func (s *Queues) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	w.Header().Set("x-amzn-RequestId", newID())
	answer, err := s.answer(w, r)
	if r.Context().Err() != nil {
		return // nobody listens any more
	}
	if err != nil {
		refused := &Error{}
		if !errors.As(err, &refused) {
			refused = errorf(internalError, "%v", err)
		}
		// The SDKs find the typed error by __type, and its code by the header.
		fault := "Sender"
		if refused.status() >= http.StatusInternalServerError {
			fault = "Receiver"
		}
		w.Header().Set("x-amzn-query-error", refused.QueryCode+";"+fault)
		w.WriteHeader(refused.status())
		answer = map[string]string{"__type": "com.amazonaws.sqs#" + refused.Code, "message": refused.Message}
	}
	_ = json.NewEncoder(w).Encode(answer) // what fails here is the connection
}

func (s *Queues) answer(w http.ResponseWriter, r *http.Request) (any, error) {
	operation, ok := strings.CutPrefix(r.Header.Get("X-Amz-Target"), "AmazonSQS.")
	if !ok || r.Method != http.MethodPost {
		return nil, errorf(unknownOperation, "The header X-Amz-Target names no operation of AmazonSQS.")
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequestBytes))
	if err != nil {
		return nil, errorf(serialization, "The request cannot be read: %v", err)
	}
	if !utf8.Valid(body) {
		return nil, errorf(serialization, "The request is no UTF-8.")
	}
	c := call{s: s, ctx: r.Context(), body: body, endpoint: "http://" + r.Host}
	switch operation {
	case "CreateQueue":
		return answerTo(c, createQueue)
	case "GetQueueUrl":
		return answerTo(c, getQueueURL)
	case "ListQueues":
		return answerTo(c, listQueues)
	case "DeleteQueue":
		return answerTo(c, deleteQueue)
	case "PurgeQueue":
		return answerTo(c, purgeQueue)
	case "GetQueueAttributes":
		return answerTo(c, getQueueAttributes)
	case "SetQueueAttributes":
		return answerTo(c, setQueueAttributes)
	case "ListDeadLetterSourceQueues":
		return answerTo(c, listDeadLetterSourceQueues)
	case "StartMessageMoveTask":
		return answerTo(c, startMessageMoveTask)
	case "ListMessageMoveTasks":
		return answerTo(c, listMessageMoveTasks)
	case "SendMessage":
		return answerTo(c, sendMessage)
	case "SendMessageBatch":
		return answerTo(c, sendMessageBatch)
	case "ReceiveMessage":
		return answerTo(c, receiveMessage)
	case "DeleteMessage":
		return answerTo(c, deleteMessage)
	case "DeleteMessageBatch":
		return answerTo(c, deleteMessageBatch)
	case "ChangeMessageVisibility":
		return answerTo(c, changeMessageVisibility)
	case "ChangeMessageVisibilityBatch":
		return answerTo(c, changeMessageVisibilityBatch)
	}
	return nil, errorf(unsupportedOperation, "This emulator does not have %s.", operation)
}

// answerTo decodes a call's parameters and answers it.
func answerTo[In any](c call, operation func(call, In) (any, error)) (any, error) {
	var in In
	if err := json.Unmarshal(c.body, &in); err != nil {
		var wrongType *json.UnmarshalTypeError
		if errors.As(err, &wrongType) {
			err = fmt.Errorf("%s can not be a %s", wrongType.Field, wrongType.Value)
		}
		return nil, errorf(serialization, "The request is malformed: %v", err)
	}
	return operation(c, in)
}
