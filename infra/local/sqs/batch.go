package sqs

import (
	"errors"
)

// BatchEntry is a message of a batch, with an id of the caller's choice.
type BatchEntry struct {
	ID string
	Outgoing
}

// SendBatch stores up to MaxBatch messages of at most 1 MiB together, each for itself: it gives the id of each message
// stored, and the refusal of each other, by the entry's id. The error is for the batch as a whole.
func (q *Queue) SendBatch(entries []BatchEntry) (ids map[string]string, refused map[string]*Error, err error) {
	names := make([]string, len(entries))
	size := 0
	for i, e := range entries {
		names[i] = e.ID
		size += e.size()
	}
	if err := checkBatch(names); err != nil {
		return nil, nil, err
	}
	if size > maxMessageBytes {
		return nil, nil, errorf(batchRequestTooLong, "Batch requests cannot be longer than %d bytes. You have sent %d bytes.", maxMessageBytes, size)
	}
	ids, refused = map[string]string{}, map[string]*Error{}
	for _, e := range entries {
		id, err := q.Send(e.Outgoing)
		var r *Error
		switch {
		case err == nil:
			ids[e.ID] = id
		case errors.As(err, &r) && r.Code != queueDoesNotExist:
			refused[e.ID] = r
		default:
			return nil, nil, err
		}
	}
	return ids, refused, nil
}

// checkBatch refuses a batch by the ids of its entries.
func checkBatch(ids []string) error {
	if len(ids) == 0 {
		return errorf(emptyBatchRequest, "There should be at least one entry in the request.")
	}
	if len(ids) > MaxBatch {
		return errorf(tooManyEntriesInBatchRequest, "Maximum number of entries per request are 10. You have sent %d.", len(ids))
	}
	seen := map[string]bool{}
	for _, id := range ids {
		if !validBatchID(id) {
			return errorf(invalidBatchEntryID, "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long.")
		}
		if seen[id] {
			return errorf(batchEntryIDsNotDistinct, "Id %s repeated.", id)
		}
		seen[id] = true
	}
	return nil
}

func validBatchID(id string) bool {
	for _, r := range id {
		if !alphanumeric(r) && r != '-' && r != '_' {
			return false
		}
	}
	return id != "" && len(id) <= 80
}

type sendIn struct {
	MessageBody             string
	DelaySeconds            *int
	MessageAttributes       map[string]Attribute
	MessageGroupId          string
	MessageSystemAttributes map[string]Attribute
}

func (in sendIn) outgoing() Outgoing {
	return Outgoing{Body: in.MessageBody, Attributes: in.MessageAttributes, Group: in.MessageGroupId,
		Delay: secondsOf(in.DelaySeconds), Trace: in.MessageSystemAttributes["AWSTraceHeader"].StringValue}
}

// sentOut tells what was stored of a message, so that the sender can compare.
type sentOut struct {
	MessageId                    string
	MD5OfMessageBody             string
	MD5OfMessageAttributes       string `json:",omitempty"`
	MD5OfMessageSystemAttributes string `json:",omitempty"`
}

func (in sendIn) sent(id string) sentOut {
	return sentOut{id, BodyMD5(in.MessageBody), AttributesMD5(in.MessageAttributes), AttributesMD5(in.MessageSystemAttributes)}
}

func sendMessage(c call, in struct {
	queueIn
	sendIn
}) (any, error) {
	q, err := c.s.ByURL(in.QueueUrl)
	if err != nil {
		return nil, err
	}
	id, err := q.Send(in.outgoing())
	return in.sent(id), err
}

type failedOut struct {
	Id          string
	Code        string
	Message     string
	SenderFault bool
}

func failedEntry(id string, e *Error) failedOut {
	return failedOut{Id: id, Code: e.QueryCode, Message: e.Message, SenderFault: e.Code != internalError}
}

func sendMessageBatch(c call, in struct {
	queueIn
	Entries []struct {
		Id string
		sendIn
	}
}) (any, error) {
	q, err := c.s.ByURL(in.QueueUrl)
	if err != nil {
		return nil, err
	}
	entries := make([]BatchEntry, len(in.Entries))
	for i, e := range in.Entries {
		entries[i] = BatchEntry{e.Id, e.outgoing()}
	}
	ids, refused, err := q.SendBatch(entries)
	if err != nil {
		return nil, err
	}
	type success struct {
		Id string
		sentOut
	}
	out := struct {
		Successful []success
		Failed     []failedOut
	}{[]success{}, []failedOut{}}
	for _, e := range in.Entries {
		if id, ok := ids[e.Id]; ok {
			out.Successful = append(out.Successful, success{e.Id, e.sent(id)})
		} else {
			out.Failed = append(out.Failed, failedEntry(e.Id, refused[e.Id]))
		}
	}
	return out, nil
}

type receiptBatchIn struct {
	queueIn
	Entries []struct {
		Id string
		receiptIn
	}
}

func deleteMessageBatch(c call, in receiptBatchIn) (any, error) {
	return receiptBatch(c, in, func(q *Queue, r receiptIn) error { return q.Delete(r.ReceiptHandle) })
}

func changeMessageVisibilityBatch(c call, in receiptBatchIn) (any, error) {
	return receiptBatch(c, in, func(q *Queue, r receiptIn) error { return r.change(q) })
}

// receiptBatch does something with each message of a batch, each for itself.
func receiptBatch(c call, in receiptBatchIn, do func(*Queue, receiptIn) error) (any, error) {
	q, err := c.s.ByURL(in.QueueUrl)
	if err != nil {
		return nil, err
	}
	ids := make([]string, len(in.Entries))
	for i, e := range in.Entries {
		ids[i] = e.Id
	}
	if err := checkBatch(ids); err != nil {
		return nil, err
	}
	type success struct{ Id string }
	out := struct {
		Successful []success
		Failed     []failedOut
	}{[]success{}, []failedOut{}}
	for _, e := range in.Entries {
		var refused *Error
		switch err := do(q, e.receiptIn); {
		case err == nil:
			out.Successful = append(out.Successful, success{e.Id})
		case errors.As(err, &refused):
			out.Failed = append(out.Failed, failedEntry(e.Id, refused))
		default:
			return nil, err
		}
	}
	return out, nil
}
