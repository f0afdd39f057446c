// Command probe is a Lambda function that does what its event tells it to: the local runner's tests use it.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
)

// order is the part of an event that tells probe what to do. A batch of records has one in each body or new image.
type order struct {
	Do    string `json:"do"`
	Text  string `json:"text"`
	Bytes int    `json:"bytes"`
	MS    int    `json:"ms"`
}

type answer struct {
	PID        int             `json:"pid"`
	RequestID  string          `json:"request_id"`
	ARN        string          `json:"arn"`
	DeadlineMS int64           `json:"deadline_ms"`
	Env        []string        `json:"env,omitempty"`
	Event      json.RawMessage `json:"event,omitempty"`
	Text       string          `json:"text,omitempty"`
}

func main() {
	switch os.Getenv("PROBE_INIT") {
	case "exit":
		fmt.Println("probe: cannot start")
		os.Exit(7)
	case "report":
		url := "http://" + os.Getenv("AWS_LAMBDA_RUNTIME_API") + "/2018-06-01/runtime/init/error"
		if r, err := http.Post(url, "application/json", strings.NewReader(`{"errorType":"Probe.Init","errorMessage":"no"}`)); err == nil {
			_ = r.Body.Close()
		}
		os.Exit(1)
	case "hang":
		time.Sleep(time.Hour)
	}
	lambda.Start(handle)
}

func handle(ctx context.Context, event json.RawMessage) (any, error) {
	var in struct {
		order
		RawPath string `json:"rawPath"`
		Records []struct {
			MessageID string `json:"messageId"`
			Body      string `json:"body"`
			DynamoDB  struct {
				SequenceNumber string
				NewImage       map[string]map[string]any
			} `json:"dynamodb"`
		}
	}
	if err := json.Unmarshal(event, &in); err != nil {
		return nil, err
	}
	if dir := os.Getenv("PROBE_RECORD"); dir != "" { // leave every event where the test can read it
		name := filepath.Join(dir, fmt.Sprintf("%020d-%s.json", time.Now().UnixNano(), lambdacontext.FunctionName))
		if err := os.WriteFile(name+".tmp", event, 0o600); err != nil {
			return nil, err
		}
		if err := os.Rename(name+".tmp", name); err != nil {
			return nil, err
		}
	}
	var failures []map[string]string
	for _, r := range in.Records {
		id, o := r.MessageID, order{}
		if r.DynamoDB.SequenceNumber != "" {
			id = r.DynamoDB.SequenceNumber
			o.Do, _ = r.DynamoDB.NewImage["do"]["S"].(string)
		} else {
			_ = json.Unmarshal([]byte(r.Body), &o) // a body that is no order asks for nothing
		}
		if o.Do == "fail-item" {
			failures = append(failures, map[string]string{"itemIdentifier": id})
			continue
		}
		if out, err := obey(ctx, o, nil); err != nil || out != nil {
			return out, err
		}
	}
	if in.Records != nil {
		return map[string]any{"batchItemFailures": failures}, nil
	}
	if in.RawPath != "" {
		return map[string]any{"statusCode": 200, "headers": map[string]string{"content-type": "application/json"}, "body": string(event)}, nil
	}
	return obey(ctx, in.order, event)
}

// obey does what o says; a nil answer means that there was nothing to do.
func obey(ctx context.Context, o order, event json.RawMessage) (any, error) {
	lc, _ := lambdacontext.FromContext(ctx)
	deadline, _ := ctx.Deadline()
	a := &answer{PID: os.Getpid(), RequestID: lc.AwsRequestID, ARN: lc.InvokedFunctionArn, DeadlineMS: deadline.UnixMilli()}
	switch o.Do {
	case "pid":
		return a, nil
	case "echo":
		a.Event = event
		return a, nil
	case "env":
		a.Env = os.Environ()
		return a, nil
	case "fail":
		return nil, errors.New("probe: told to fail")
	case "panic":
		panic("probe: told to panic")
	case "exit":
		os.Exit(3)
	case "exit-0":
		os.Exit(0)
	case "sleep":
		time.Sleep(time.Duration(o.MS) * time.Millisecond)
		return a, nil
	case "big":
		return strings.Repeat("x", o.Bytes-2), nil // two quotes
	case "say":
		fmt.Println(o.Text)
		return a, nil
	case "once": // fails until a file is there
		if _, err := os.Stat(o.Text); err == nil {
			return a, nil
		}
		if err := os.WriteFile(o.Text, nil, 0o600); err != nil {
			return nil, err
		}
		return nil, errors.New("probe: told to fail once")
	}
	return nil, nil
}
