package main

import (
	"bufio"
	"context"
	"encoding/base64"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"leadline/shared/outbound"
)

// The example of the specification:
// https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md#signature-scheme
const (
	vectorSecret    = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	vectorID        = "msg_p5jXN8AQM9LWM0D4loKWxJek"
	vectorTime      = 1614265330
	vectorBody      = `{"test": 2432232314}`
	vectorSignature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
)

func TestReceiverVerifies(t *testing.T) {
	key, err := outbound.DecodeSecret(vectorSecret)
	if err != nil {
		t.Fatal(err)
	}
	at := time.Unix(vectorTime, 0)
	signed := func(signature string) http.Header {
		h := http.Header{}
		h.Set("webhook-id", vectorID)
		h.Set("webhook-timestamp", "1614265330")
		h.Set("webhook-signature", signature)
		return h
	}
	unsigned := signed(vectorSignature)
	unsigned.Del("webhook-id")
	wrongTime := signed(vectorSignature)
	wrongTime.Set("webhook-timestamp", "soon")
	moved := signed(vectorSignature)
	moved.Set("webhook-timestamp", "1614265331")
	for name, c := range map[string]struct {
		header http.Header
		body   string
		now    time.Time
		want   string
	}{
		"right":                        {signed(vectorSignature), vectorBody, at, ""},
		"right, late":                  {signed(vectorSignature), vectorBody, at.Add(maxAge), ""},
		"right, among others":          {signed("v1a,x v1,AAAA " + vectorSignature), vectorBody, at, ""},
		"stale":                        {signed(vectorSignature), vectorBody, at.Add(maxAge + time.Second), "another time"},
		"from the future":              {signed(vectorSignature), vectorBody, at.Add(-maxAge - time.Second), "another time"},
		"another body":                 {signed(vectorSignature), vectorBody + " ", at, "another secret"},
		"another time than signed for": {moved, vectorBody, at, "another secret"},
		"another signature":            {signed("v1," + base64.StdEncoding.EncodeToString(make([]byte, 32))), vectorBody, at, "another secret"},
		"another scheme":               {signed("v2" + strings.TrimPrefix(vectorSignature, "v1")), vectorBody, at, "another secret"},
		"no base64":                    {signed("v1,???"), vectorBody, at, "another secret"},
		"no signature":                 {signed(""), vectorBody, at, "another secret"},
		"no id":                        {unsigned, vectorBody, at, "not signed"},
		"no time":                      {wrongTime, vectorBody, at, "not signed"},
	} {
		if got := verify(c.header, []byte(c.body), key, c.now); (got == "") != (c.want == "") || !strings.Contains(got, c.want) {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
}

func TestReceiverAnswers(t *testing.T) {
	var shown []received
	r := &receiver{now: time.Now, show: func(e received) { shown = append(shown, e) }, fail: 1}
	key, _ := outbound.DecodeSecret(vectorSecret)
	post := func(method string, keys ...[]byte) int {
		body := []byte(`{"type":"track","event":"lead\u001b[31m created","userId":"lead_1"}`)
		req := httptest.NewRequest(method, "/", strings.NewReader(string(body)))
		req.Header = outbound.Sign(keys, "ev_1", time.Now(), body)
		w := httptest.NewRecorder()
		r.ServeHTTP(w, req)
		return w.Code
	}
	if got := []int{post("POST"), post("POST"), post("GET")}; got[0] != 500 || got[1] != 200 || got[2] != 405 {
		t.Errorf("answered %v", got)
	}
	r.key = key
	if got := []int{post("POST", key), post("POST", make([]byte, 32))}; got[0] != 200 || got[1] != 401 {
		t.Errorf("answered %v", got)
	}
	if len(shown) != 4 {
		t.Fatalf("%d events were shown", len(shown))
	}
	var lines []string
	for _, e := range shown {
		lines = append(lines, e.line(painter{}))
	}
	for i, want := range []string{`not checked  answered 500$`, `not checked$`, `verified$`, `NOT VERIFIED: signed with another secret  answered 401$`} {
		if !regexp.MustCompile(`^\d\d:\d\d:\d\d  lead·\[31m created  lead_1  ev_1  ` + want).MatchString(lines[i]) {
			t.Errorf("line %d is %q, want %s", i, lines[i], want)
		}
	}
	if got := (received{body: []byte("no JSON")}).line(painter{}); !strings.Contains(got, "(no event)  -  -") {
		t.Errorf("got %q", got)
	}
}

// TestReceiverCommand runs the command as a person does, and ends it.
func TestReceiverCommand(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	stderrIn, stderr := io.Pipe()
	stdoutIn, stdout := io.Pipe()
	ended := make(chan int, 1)
	go func() {
		ended <- run(ctx, system{args: []string{"receiver", "--port", "0", "--json"}, stdin: strings.NewReader(""), stdout: stdout, stderr: stderr,
			getenv: environment("LEADLINE_RECEIVER_SECRET", vectorSecret), now: time.Now, pause: pause, http: http.DefaultClient})
		_ = stderr.Close()
	}()
	errors, events := bufio.NewReader(stderrIn), bufio.NewReader(stdoutIn)
	listening, err := errors.ReadString('\n')
	url := regexp.MustCompile(`http://127\.0\.0\.1:\d+/`).FindString(listening)
	if err != nil || url == "" {
		t.Fatalf("got %q %v", listening, err)
	}
	key, _ := outbound.DecodeSecret(vectorSecret)
	for body, want := range map[string]string{"{\n \"userId\": \"u\" }": `{"userId":"u"}`, "no JSON": `"no JSON"`} {
		req, _ := http.NewRequest(http.MethodPost, url, strings.NewReader(body))
		req.Header = outbound.Sign([][]byte{key}, "ev_1", time.Now(), []byte(body))
		answered := make(chan error, 1)
		go func() {
			resp, err := http.DefaultClient.Do(req)
			if err == nil {
				_ = resp.Body.Close()
			}
			answered <- err
		}()
		if line, err := events.ReadString('\n'); err != nil || strings.TrimSpace(line) != want {
			t.Errorf("printed %q %v, want %s", line, err, want)
		}
		if err := <-answered; err != nil {
			t.Error(err)
		}
	}
	stop()
	if last, err := errors.ReadString('\n'); err != nil || last != "Received 2 events.\n" {
		t.Errorf("the end is %q %v", last, err)
	}
	if code := <-ended; code != exitDone {
		t.Errorf("exit %d", code)
	}
}

func TestReceiverRefusals(t *testing.T) {
	f := newFake(t)
	f.run("receiver", "--secret", "short").fails(t, exitUsage, "whsec_")
	f.runWith(system{stdin: strings.NewReader("\n")}, "receiver", "--secret", "-").fails(t, exitUsage, "stdin")
	busy := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(busy.Close)
	_, port, _ := strings.Cut(strings.TrimPrefix(busy.URL, "http://"), ":")
	f.run("receiver", "--port", port).fails(t, exitFailed, "listen")
}
