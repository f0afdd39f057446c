package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"leadline/infra/local/dynamodb"
)

// maxBody is more than any request or answer here has.
const maxBody = 64 << 20

// door stands before an emulator, passes calls on and notes them.
type door struct {
	ledger *ledger
	to     http.Handler
	// prepare may change a call's body; nil for a call that stays as it is.
	prepare func(r *http.Request, body []byte) []byte
	// describe says what a call was, from the request and its answer. took is how long it would have taken on AWS.
	describe func(function string, r *http.Request, sent []byte, status int, got []byte) (c call, took time.Duration)
}

func (d door) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	sent, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	body := sent
	if d.prepare != nil {
		body = d.prepare(r, sent)
	}
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	function, behind := d.ledger.running(), d.ledger.arrived()
	held, start := &held{header: w.Header(), status: http.StatusOK}, time.Now()
	d.to.ServeHTTP(held, r)
	// Noted before the answer is on its way: what follows it then follows it here, too.
	c, took := d.describe(function, r, sent, held.status, held.body.Bytes())
	c.sent, c.received = int64(len(sent)), int64(held.body.Len())
	if function != "" && function != "receive" && d.ledger.counting() { // receive makes one call after the other anyway
		pause(r.Context(), took-time.Since(start))
	}
	d.ledger.answered(c, behind, took)
	w.WriteHeader(held.status)
	_, _ = w.Write(held.body.Bytes()) // what fails here is the connection
}

// pause lets a call take as long as on AWS: calls that a function makes at once would otherwise follow one another here.
func pause(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}

// held keeps an answer back until it is complete.
type held struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (h *held) Header() http.Header         { return h.header }
func (h *held) WriteHeader(status int)      { h.status = status }
func (h *held) Write(p []byte) (int, error) { return h.body.Write(p) }

// operation reads the operation of a call in AWS's JSON protocols.
func operation(r *http.Request) string {
	_, name, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	return name
}

// gatewayDoor notes the requests to the HTTP API. Those to the API itself are not what is measured here.
func gatewayDoor(l *ledger, to http.Handler, accessLog func(route string) int) door {
	return door{ledger: l, to: to, describe: func(_ string, r *http.Request, sent []byte, _ int, got []byte) (call, time.Duration) {
		route := "POST /hooks/{token}"
		if !strings.HasPrefix(r.URL.Path, "/hooks/") {
			route = r.Method + " " + r.URL.Path
		}
		l.note(func(b *bill) {
			line := int64(accessLog(route))
			b.add(call{part: forLogs, service: "CloudWatch Logs", operation: "access log", sent: line, usage: usage{logsIngested: float64(line)}})
		})
		out := len(got) + answerOverhead + headBytes(r)
		return call{part: forRecord, service: "API Gateway", operation: route,
			usage: usage{apiRequests: chunks(int64(len(sent)), apiChunk), transferOut: float64(out)}}, 0
	}}
}

// headBytes is about what the status line and the headers of an answer take.
func headBytes(r *http.Request) int {
	const usual = len("HTTP/1.1 200 OK\r\nDate: Mon, 02 Jan 2006 15:04:05 GMT\r\nContent-Type: application/json\r\nContent-Length: 41\r\nConnection: keep-alive\r\n\r\n")
	if r.URL.Path == "/v1/push" { // and Location
		return usual + len("Location: https://0123456789.execute-api.us-east-1.amazonaws.com/v1/push/bat_0123456789012345678901234501234567\r\n")
	}
	return usual
}

// sqsDoor notes calls to SQS.
func sqsDoor(l *ledger, to http.Handler) door {
	return door{ledger: l, to: to, describe: func(_ string, r *http.Request, sent []byte, _ int, got []byte) (call, time.Duration) {
		queue, group, payload := messages(sent, got)
		c := call{part: forRecord, service: "SQS", operation: operation(r) + " " + queue, usage: usage{}}
		switch queue {
		case deliverQueue:
			c.part = forTrack
		case calculateQueue:
			c.part = forIncentive
		}
		c.usage.add(sqsRequests, chunks(payload, sqsChunk))
		if group {
			c.usage.add(sqsFair, chunks(payload, sqsChunk))
		}
		return c, sqsTime
	}}
}

// messages tells which queue a call is about, whether it names a message group, and how long the bodies are that it brings or
// fetches.
func messages(sent, got []byte) (queue string, group bool, payload int64) {
	var in struct{ QueueUrl, MessageBody, MessageGroupId string }
	var out struct{ Messages []struct{ Body string } }
	_ = json.Unmarshal(sent, &in) // what is no JSON brings nothing
	_ = json.Unmarshal(got, &out)
	payload = int64(len(in.MessageBody))
	for _, m := range out.Messages {
		payload += int64(len(m.Body))
	}
	return label(in.QueueUrl[strings.LastIndex(in.QueueUrl, "/")+1:]), in.MessageGroupId != "", payload
}

// label gives what people call a resource by its name: the logical id without the hash that the CDK puts behind it.
func label(name string) string {
	const hash = 8
	name = name[strings.LastIndex(name, "-")+1:]
	if len(name) > hash {
		name = name[:len(name)-hash]
	}
	return name
}

func kmsDoor(l *ledger, to http.Handler) door {
	return door{ledger: l, to: to, describe: func(string, *http.Request, []byte, int, []byte) (call, time.Duration) {
		return call{part: forRecord, service: "KMS", operation: "request", usage: usage{kmsRequests: 1}}, kmsTime
	}}
}

// s3Door notes calls to S3, by what lies under a prefix.
func s3Door(l *ledger, to http.Handler) door {
	return door{ledger: l, to: to, describe: func(function string, r *http.Request, sent []byte, _ int, _ []byte) (call, time.Duration) {
		_, key, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
		prefix, _, _ := strings.Cut(key, "/")
		c := call{part: forRecord, service: "S3", operation: r.Method + " " + prefix + "/", usage: usage{}}
		switch prefix {
		case "archive":
			c.part = forPayload
		case "outbound":
			c.part = forTrack
		case "inputs":
			c.part = forIncentive
		}
		if r.Method == http.MethodGet || r.Method == http.MethodHead {
			c.usage.add(s3Reads, 1)
			return c, s3ReadTime
		}
		stored := int64(len(sent))
		if n, err := strconv.ParseInt(r.Header.Get("X-Amz-Decoded-Content-Length"), 10, 64); err == nil {
			stored = n // without the frames of the upload
		}
		c.usage.add(s3Writes, 1)
		c.usage.add(s3Storage, float64(stored))
		return c, s3WriteTime
	}}
}

// sinkDoor is the destination of track events, and notes what leaves for it.
func sinkDoor(l *ledger) door {
	nothing := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	return door{ledger: l, to: nothing, describe: func(_ string, r *http.Request, sent []byte, _ int, _ []byte) (call, time.Duration) {
		out := len(sent) + len(r.Method) + len(r.URL.Path) + len(" HTTP/1.1\r\nHost: \r\n\r\n") + len(r.Host)
		for name, values := range r.Header {
			for _, value := range values {
				out += len(name) + len(value) + len(": \r\n")
			}
		}
		return call{part: forTrack, service: "destination", operation: "POST", usage: usage{transferOut: float64(out)}}, destinationTime
	}}
}

// dynamoDoor notes calls to DynamoDB, which it asks to say what each consumes.
func dynamoDoor(l *ledger, endpoint string) door {
	return door{ledger: l, to: dynamodb.NewProxy(endpoint, nil), prepare: askForCapacity, describe: func(function string, r *http.Request, sent []byte, status int, got []byte) (call, time.Duration) {
		name := operation(r)
		asked := readRequest(name, sent)
		units, reads := consumed(name, status, got), isRead(name)
		c := call{part: partOf(function, asked), service: "DynamoDB", operation: fmt.Sprintf("%s %s", name, asked.what()), usage: usage{}}
		if reads {
			c.usage.add(dynamoReads, units)
			return c, dynamoReadTime
		}
		switch {
		case status != http.StatusOK:
			c.operation += ", refused"
		case asked.transacted > 0: // DynamoDB Local says 4 of every transaction
			units = asked.transacted
		}
		c.usage.add(dynamoWrites, units)
		if status == http.StatusOK {
			l.note(func(b *bill) { b.kept += asked.put })
		}
		return c, dynamoWriteTime
	}}
}
