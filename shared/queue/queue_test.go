package queue_test

import (
	"context"
	"crypto/md5"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"leadline/shared/fault"
	"leadline/shared/queue"
)

// sent is what SQS gets of a SendMessage.
type sent struct {
	QueueUrl       string
	MessageBody    string
	MessageGroupId *string
	DelaySeconds   int
}

// fakeSQS takes messages as SQS does, or refuses them.
type fakeSQS struct {
	mu     sync.Mutex
	got    []sent
	status int
	code   string
}

func (f *fakeSQS) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var in sent
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil || r.Header.Get("X-Amz-Target") != "AmazonSQS.SendMessage" {
		http.Error(w, "not a SendMessage", http.StatusNotFound)
		return
	}
	f.got = append(f.got, in)
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	if f.code != "" {
		w.WriteHeader(f.status)
		_ = json.NewEncoder(w).Encode(map[string]string{"__type": "com.amazonaws.sqs#" + f.code, "message": "refused: " + in.MessageBody})
		return
	}
	_ = json.NewEncoder(w).Encode(map[string]string{"MessageId": "m", "MD5OfMessageBody": fmt.Sprintf("%x", md5.Sum([]byte(in.MessageBody)))})
}

func newSender(t *testing.T, f *fakeSQS) *queue.Sender {
	t.Helper()
	server := httptest.NewServer(f)
	t.Cleanup(server.Close)
	client := sqs.New(sqs.Options{Region: "us-east-1", BaseEndpoint: &server.URL,
		Credentials: credentials.NewStaticCredentialsProvider("local", "local", ""),
		Retryer: retry.NewStandard(func(o *retry.StandardOptions) {
			o.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return 0, nil })
		})})
	return queue.NewSender(client, "http://queue.test/000000000000/inbox")
}

func TestSend(t *testing.T) {
	f := &fakeSQS{}
	s := newSender(t, f)
	for _, test := range []struct{ group, body string }{{"org_a", `{"v":1,"x":"<ü😀>"}`}, {"", "plain"}} {
		if err := s.Send(t.Context(), test.group, []byte(test.body)); err != nil {
			t.Fatal(err)
		}
		got := f.got[len(f.got)-1]
		group := ""
		if got.MessageGroupId != nil {
			group = *got.MessageGroupId
		}
		if got.QueueUrl != "http://queue.test/000000000000/inbox" || got.MessageBody != test.body || group != test.group {
			t.Errorf("sent %+v, want %+v", got, test)
		}
		if test.group == "" && got.MessageGroupId != nil {
			t.Error("an empty group is sent; SQS refuses it")
		}
	}
	if len(f.got) != 2 {
		t.Errorf("%d requests for two messages", len(f.got))
	}
}

func TestSendAfter(t *testing.T) {
	f := &fakeSQS{}
	s := newSender(t, f)
	for delay, want := range map[time.Duration]int{-time.Second: 0, 0: 0, 1: 1, time.Second: 1, 5*time.Second + 1: 6, queue.MaxDelay: 900} {
		if err := s.SendAfter(t.Context(), "org_a", []byte("plain"), delay); err != nil {
			t.Fatal(err)
		}
		if got := f.got[len(f.got)-1]; got.DelaySeconds != want || got.MessageBody != "plain" || *got.MessageGroupId != "org_a" {
			t.Errorf("after %s: sent %+v, want %d s", delay, got, want)
		}
	}
	calls := len(f.got)
	if err := s.SendAfter(t.Context(), "org_a", []byte("plain"), queue.MaxDelay+1); !fault.Is(err, fault.Invalid) || len(f.got) != calls {
		t.Errorf("a longer delay: %v, %d requests", err, len(f.got)-calls)
	}
}

func TestSendFailures(t *testing.T) {
	for code, test := range map[string]struct {
		status int
		want   fault.Kind
		calls  int
	}{
		"InvalidMessageContents": {400, fault.Invalid, 1},
		"InvalidParameterValue":  {400, fault.Invalid, 1},
		"RequestThrottled":       {400, fault.RateLimited, 3},
		"ThrottlingException":    {400, fault.RateLimited, 3},
		"InternalFailure":        {500, fault.Unavailable, 3},
		"ServiceUnavailable":     {503, fault.Unavailable, 3},
		"QueueDoesNotExist":      {400, fault.Internal, 1},
		"AccessDeniedException":  {403, fault.Internal, 1},
	} {
		t.Run(code, func(t *testing.T) {
			f := &fakeSQS{status: test.status, code: code}
			err := newSender(t, f).Send(t.Context(), "org_a", []byte("Confidential"))
			if !fault.Is(err, test.want) || !strings.HasPrefix(err.Error(), "queue: send: ") {
				t.Errorf("got %v (%s), want %s", err, fault.KindOf(err), test.want)
			}
			if test.want == fault.Invalid && strings.Contains(err.Error(), "Confidential") {
				t.Errorf("%q quotes the body", err)
			}
			if len(f.got) != test.calls {
				t.Errorf("%d requests, want %d", len(f.got), test.calls)
			}
		})
	}
	ended, end := context.WithCancel(t.Context())
	end()
	f := &fakeSQS{}
	if err := newSender(t, f).Send(ended, "org_a", []byte("x")); !fault.Is(err, fault.Unavailable) || !errors.Is(err, context.Canceled) {
		t.Errorf("an ended request: %v", err)
	}
}
