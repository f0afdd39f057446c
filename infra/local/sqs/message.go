package sqs

import (
	"crypto/md5"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Attribute is the value of a message attribute.
type Attribute struct {
	// DataType is String, Number or Binary, optionally followed by a dot and a label.
	DataType string `json:"DataType"`
	// StringValue holds a String or a Number, BinaryValue a Binary.
	StringValue string `json:"StringValue,omitempty"`
	BinaryValue []byte `json:"BinaryValue,omitempty"`
}

func (a Attribute) binary() bool { return strings.HasPrefix(a.DataType, "Binary") }

// Outgoing is a message to be sent.
type Outgoing struct {
	Body       string
	Attributes map[string]Attribute
	// Group is the message group id: who the message is about, for fairness. Empty for none.
	Group string
	// Delay hides the message at first; nil for the queue's own delay.
	Delay *time.Duration
	// Trace is the X-Ray header, carried along.
	Trace string
}

// Message is a delivered message.
type Message struct {
	ID string
	// Receipt is the handle of this delivery, for Delete and ChangeVisibility.
	Receipt    string
	Body       string
	Attributes map[string]Attribute
	Group      string
	Trace      string
	// Sent is when it was sent. A move to a dead-letter queue keeps it.
	Sent time.Time
	// FirstReceived is when it was delivered first.
	FirstReceived time.Time
	// Receives counts deliveries, this one included, over all queues that it was moved through.
	Receives int
	// DeadLetterSource is the ARN of the queue that it was moved from, if it was.
	DeadLetterSource string
}

// SystemAttributes gives the message's attributes as ReceiveMessage and Lambda events show them.
func (m Message) SystemAttributes() map[string]string {
	a := map[string]string{
		"ApproximateReceiveCount":          strconv.Itoa(m.Receives),
		"ApproximateFirstReceiveTimestamp": strconv.FormatInt(m.FirstReceived.UnixMilli(), 10),
		"SentTimestamp":                    strconv.FormatInt(m.Sent.UnixMilli(), 10),
		"SenderId":                         "local",
	}
	for name, value := range map[string]string{
		"MessageGroupId": m.Group, "AWSTraceHeader": m.Trace, "DeadLetterQueueSourceArn": m.DeadLetterSource,
	} {
		if value != "" {
			a[name] = value
		}
	}
	return a
}

// BodyMD5 gives the hex MD5 digest of a body, which SDKs check.
func BodyMD5(body string) string {
	sum := md5.Sum([]byte(body))
	return hex.EncodeToString(sum[:])
}

// AttributesMD5 gives the digest of message attributes, empty for none:
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html#sqs-attributes-md5-message-digest-calculation
func AttributesMD5(attributes map[string]Attribute) string {
	if len(attributes) == 0 {
		return ""
	}
	h := md5.New()
	for _, name := range slices.Sorted(maps.Keys(attributes)) {
		a := attributes[name]
		writeSized(h, name)
		writeSized(h, a.DataType)
		if a.binary() {
			h.Write([]byte{2})
			writeSized(h, string(a.BinaryValue))
		} else {
			h.Write([]byte{1})
			writeSized(h, a.StringValue)
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}

func writeSized(h hash.Hash, s string) {
	h.Write(binary.BigEndian.AppendUint32(nil, uint32(len(s))))
	h.Write([]byte(s))
}

// size is what counts against the limits: body, and names, types and values of the attributes.
func (m Outgoing) size() int {
	n := len(m.Body)
	for name, a := range m.Attributes {
		n += len(name) + len(a.DataType) + len(a.StringValue) + len(a.BinaryValue)
	}
	return n
}

func (m Outgoing) check(maxBytes int) *Error {
	if m.Body == "" {
		return missing("MessageBody")
	}
	if size := m.size(); size > maxBytes {
		return errorf(invalidParameterValue, "One or more parameters are invalid. Reason: Message must be shorter than %d bytes.", maxBytes)
	}
	if !validText(m.Body) {
		return invalidCharacters()
	}
	if d := m.Delay; d != nil && (*d < 0 || *d > 900*time.Second) {
		return errorf(invalidParameterValue, "Value %s for parameter DelaySeconds is invalid. Reason: DelaySeconds must be >= 0 and <= 900.", seconds(*d))
	}
	if !validGroup(m.Group) {
		return errorf(invalidParameterValue, "Value for parameter MessageGroupId is invalid. Reason: MessageGroupId can only include alphanumeric and punctuation characters. 1 to 128 in length.")
	}
	if len(m.Attributes) > 10 {
		return errorf(invalidParameterValue, "Number of message attributes [%d] exceeds the allowed maximum [10].", len(m.Attributes))
	}
	for _, name := range slices.Sorted(maps.Keys(m.Attributes)) {
		if err := m.Attributes[name].check(name); err != nil {
			return err
		}
	}
	return nil
}

func (a Attribute) check(name string) *Error {
	refuse := func(reason string) *Error {
		return errorf(invalidParameterValue, "The message attribute '%s' %s.", name, reason)
	}
	lower := strings.ToLower(name)
	if name == "" || len(name) > 256 || strings.HasPrefix(lower, "aws.") || strings.HasPrefix(lower, "amazon.") ||
		strings.HasPrefix(name, ".") || strings.HasSuffix(name, ".") || strings.Contains(name, "..") ||
		strings.ContainsFunc(name, func(r rune) bool { return !alphanumeric(r) && !strings.ContainsRune("_-.", r) }) {
		return refuse("has an invalid name")
	}
	switch kind, _, _ := strings.Cut(a.DataType, "."); kind {
	case "String", "Number":
		if a.StringValue == "" || len(a.BinaryValue) > 0 {
			return refuse("must contain a non-empty value of its type")
		}
		if _, err := strconv.ParseFloat(a.StringValue, 64); kind == "Number" && err != nil {
			return refuse("is no number")
		}
		if !validText(a.StringValue) {
			return invalidCharacters()
		}
	case "Binary":
		if len(a.BinaryValue) == 0 || a.StringValue != "" {
			return refuse("must contain a non-empty value of its type")
		}
	default:
		return refuse("has an invalid message attribute type, the set of supported type prefixes is Binary, Number, and String")
	}
	return nil
}

func invalidCharacters() *Error {
	return errorf(invalidMessageContents, "Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF")
}

// validText tells whether s has only the characters of XML 1.0, which are all that SQS takes:
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
func validText(s string) bool {
	if !utf8.ValidString(s) {
		return false
	}
	return !strings.ContainsFunc(s, func(r rune) bool {
		return r < 0x20 && r != '\t' && r != '\n' && r != '\r' || r == 0xFFFE || r == 0xFFFF
	})
}

// validGroup tells whether s can be a message group id: letters, digits and punctuation of ASCII.
func validGroup(s string) bool {
	return len(s) <= 128 && !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' })
}

// receipt makes the handle of one delivery: whose message it is and the how-manieth delivery.
func receipt(queue, id string, receives int) string {
	return hex.EncodeToString(fmt.Appendf(nil, "%s/%s/%d", queue, id, receives))
}

// parseReceipt gives the message and the delivery of a handle of the queue.
func parseReceipt(queue, handle string) (id string, receives int, err error) {
	if handle == "" {
		return "", 0, missing("ReceiptHandle")
	}
	text, err := hex.DecodeString(handle)
	parts := strings.Split(string(text), "/")
	if err == nil && len(parts) == 3 && parts[0] == queue {
		if receives, err = strconv.Atoi(parts[2]); err == nil {
			return parts[1], receives, nil
		}
	}
	return "", 0, errorf(receiptHandleIsInvalid, "The input receipt handle \"%s\" is not a valid receipt handle.", handle)
}
