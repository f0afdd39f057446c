package outbound_test

import (
	"context"
	"crypto/x509"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"pgregory.net/rapid"

	"leadline/shared/fault"
	"leadline/shared/outbound"
)

func rootsOf(s *httptest.Server) *x509.CertPool {
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	return roots
}

// receiver is a destination that answers as it is told.
func receiver(t *testing.T, handle http.HandlerFunc) (*httptest.Server, *outbound.Client) {
	t.Helper()
	server := httptest.NewUnstartedServer(handle)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	return server, outbound.NewClient(outbound.ClientOptions{AllowLoopback: true, RootCAs: rootsOf(server)})
}

func TestARequest(t *testing.T) {
	const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	body := `{"type":"track","n":9007199254740993}`
	var got *http.Request
	var read []byte
	server, c := receiver(t, func(w http.ResponseWriter, r *http.Request) {
		got = r
		read, _ = io.ReadAll(r.Body)
		w.WriteHeader(http.StatusAccepted)
		_, _ = io.WriteString(w, `{"ok":true}`)
	})
	a, err := c.Post(t.Context(), outbound.Request{URL: server.URL + "/hook?source=1", Keys: [][]byte{keyOf(t, secret)}, ID: "ev_1", Body: []byte(body),
		Headers: map[string]string{"Authorization": "Basic eDp5", "x-source": "leadline", "User-Agent": "Mine/2", "Webhook-Id": "stolen", "WEBHOOK-SIGNATURE": "v1,x",
			"Host": "elsewhere.example", "Content-Length": "1", "Transfer-Encoding": "chunked", "Connection": "upgrade"}})
	if err != nil || !a.Delivered() || a.Status != 202 || a.Problem != "" || a.Answer != `{"ok":true}` || a.RetryAfter != 0 || a.At.IsZero() || a.Number != 0 {
		t.Fatalf("got %+v, %v", a, err)
	}
	if got.Method != http.MethodPost || got.URL.RequestURI() != "/hook?source=1" || string(read) != body || got.Host != strings.TrimPrefix(server.URL, "https://") ||
		got.ContentLength != int64(len(body)) {
		t.Errorf("got %s %s for %s, %d bytes: %s", got.Method, got.URL, got.Host, got.ContentLength, read)
	}
	for name, want := range map[string]string{"Content-Type": "application/json", "User-Agent": "Mine/2", "Authorization": "Basic eDp5", "X-Source": "leadline",
		"Webhook-Id": "ev_1", "Accept-Encoding": ""} {
		if value := got.Header.Get(name); value != want {
			t.Errorf("%s: got %q, want %q", name, value, want)
		}
	}
	verifier, err := standardwebhooks.NewWebhook(secret)
	if err != nil {
		t.Fatal(err)
	}
	if err := verifier.Verify(read, got.Header); err != nil {
		t.Error(err)
	}
	if _, err := c.Post(t.Context(), outbound.Request{URL: server.URL, ID: "ev_1"}); err != nil || got.UserAgent() != "Leadline/1" {
		t.Errorf("the user agent is %q, %v", got.UserAgent(), err)
	}
}

func TestOnly2xxIsASuccess(t *testing.T) {
	status := 0
	server, c := receiver(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) })
	for _, status = range []int{200, 201, 202, 204, 299} {
		if a := post(t, c, server.URL); !a.Delivered() || a.Problem != "" || a.Status != status {
			t.Errorf("%d: %+v", status, a)
		}
	}
	for _, status = range []int{300, 301, 304, 308, 400, 401, 404, 409, 410, 429, 500, 502, 503, 599, 799} {
		if a := post(t, c, server.URL); a.Delivered() || a.Problem == "" || a.Status != status || a.Gone() != (status == 410) {
			t.Errorf("%d: %+v", status, a)
		}
	}
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	header := ""
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", header)
		w.WriteHeader(http.StatusTooManyRequests)
	}))
	defer server.Close()
	c := outbound.NewClient(outbound.ClientOptions{AllowLoopback: true, RootCAs: rootsOf(server), Now: func() time.Time { return now }})
	for text, want := range map[string]time.Duration{
		"": 0, "0": 0, "120": 2 * time.Minute, " 7 ": 7 * time.Second, "86400": 24 * time.Hour, "86401": 24 * time.Hour, "9223372036854775807": 24 * time.Hour,
		"99999999999999999999": 0, "-5": 0, "1.5": 0, "soon": 0, "Sun, 22 Nov 2026 09:01:00 GMT": time.Minute, "Sunday, 22-Nov-26 09:02:00 GMT": 2 * time.Minute,
		"Sun, 22 Nov 2026 08:00:00 GMT": 0, "Mon, 22 Nov 2027 09:00:00 GMT": 24 * time.Hour,
	} {
		header = text
		if a := post(t, c, server.URL); a.RetryAfter != want {
			t.Errorf("%q: got %s, want %s", text, a.RetryAfter, want)
		}
	}
}

func TestAnswersAreBounded(t *testing.T) {
	answer := ""
	server, c := receiver(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, answer) })
	for name, test := range map[string]struct{ answer, want string }{
		"nothing":           {"", ""},
		"one line":          {"ok", "ok"},
		"lines":             {"<html>\r\n\t<b>no</b>\x00\x1b[31m\n", "<html>   <b>no</b>[31m"},
		"turned direction":  {"safe\u202egpj.exe", "safegpj.exe"},
		"invalid UTF-8":     {"a\xff\xfeb", "a\ufffdb"},
		"longer than kept":  {strings.Repeat("x", 5000), strings.Repeat("x", outbound.MaxAnswerBytes)},
		"cut between runes": {strings.Repeat("é", 5000), strings.Repeat("é", outbound.MaxAnswerBytes/2)},
		"cut before a rune": {"x" + strings.Repeat("😀", 5000), "x" + strings.Repeat("😀", 255)},
	} {
		answer = test.answer
		if a := post(t, c, server.URL); a.Answer != test.want || !a.Delivered() {
			t.Errorf("%s: got %q", name, a.Answer)
		}
	}
	rapid.Check(t, func(r *rapid.T) {
		answer = string(rapid.SliceOf(rapid.Byte()).Draw(r, "answer"))
		a := post(t, c, server.URL)
		if len(a.Answer) > outbound.MaxAnswerBytes || !utf8.ValidString(a.Answer) || strings.ContainsFunc(a.Answer, unicode.IsControl) {
			r.Fatalf("got %q", a.Answer)
		}
	})
}

// TestAnswersWithoutEnd come from a server that sends until it is cut off.
func TestAnswersWithoutEnd(t *testing.T) {
	sent := make(chan int, 1)
	server, c := receiver(t, func(w http.ResponseWriter, r *http.Request) {
		n, chunk := 0, []byte(strings.Repeat("y", 1<<10))
		for n < 64<<20 && r.Context().Err() == nil {
			k, err := w.Write(chunk)
			if n += k; err != nil {
				break
			}
		}
		sent <- n
	})
	if a := post(t, c, server.URL); !a.Delivered() || len(a.Answer) != outbound.MaxAnswerBytes {
		t.Errorf("got %+v", a)
	}
	if n := <-sent; n >= 64<<20 {
		t.Errorf("all of %d bytes were taken", n)
	}
}

// TestHeadersWithoutEnd come from a server that sends more of them than anybody reads.
func TestHeadersWithoutEnd(t *testing.T) {
	sent := make(chan int, 1)
	server, c := receiver(t, func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer conn.Close()
		n, _ := io.WriteString(conn, "HTTP/1.1 200 OK\r\n")
		for n < 8<<20 {
			k, err := io.WriteString(conn, "X-More: "+strings.Repeat("y", 1000)+"\r\n")
			if n += k; err != nil {
				break
			}
		}
		sent <- n
	})
	if a := post(t, c, server.URL); a.Delivered() || a.Status != 0 || a.Problem == "" {
		t.Errorf("got %+v", a)
	}
	if n := <-sent; n >= 8<<20 {
		t.Errorf("all of %d bytes were taken", n)
	}
}

// TestReceiversThatEcho answer with what they got. What the headers hold is no business of who reads the log.
func TestReceiversThatEcho(t *testing.T) {
	answer := ""
	server, c := receiver(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, answer) })
	headers := map[string]string{"Authorization": "Basic aHVudGVyMjpodW50ZXIy/8==", "X-Api-Key": "hunter2hunter2", "X-Long": "hunter2hunter2hunter2", "X-Source": "crm",
		"Cookie": "session=hunter2hunter3; theme=dark"}
	for given, want := range map[string]string{
		`{"Authorization":"Basic aHVudGVyMjpodW50ZXIy/8=="}`:              `{"Authorization":"Basic [header]=="}`,
		`{"Authorization":"Basic aHVudGVyMjpodW50ZXIy\/8=="}`:             `{"Authorization":"Basic [header]=="}`,
		"no such key: hunter2hunter2":                                     "no such key: [header]",
		"hunter2hunter2hunter2 hunter2hunter3":                            "[header] [header]",
		"the crm's theme is dark":                                         "the crm's theme is dark",
		strings.Repeat("x", outbound.MaxAnswerBytes-4) + "hunter2hunter2": strings.Repeat("x", outbound.MaxAnswerBytes-4) + "[hea",
	} {
		answer = given
		a, err := c.Post(t.Context(), outbound.Request{URL: server.URL, ID: "ev_1", Headers: headers})
		if err != nil || a.Answer != want {
			t.Errorf("%s: got %q, %v", given, a.Answer, err)
		}
	}
}

func TestNoAnswer(t *testing.T) {
	hang := make(chan struct{})
	defer close(hang)
	silent, _ := receiver(t, func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-hang:
		case <-r.Context().Done():
		}
	})
	dripping, _ := receiver(t, func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusOK)
		_ = http.NewResponseController(w).Flush()
		select {
		case <-hang:
		case <-r.Context().Done():
		}
	})
	breaking, _ := receiver(t, func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err == nil {
			conn.Close()
		}
	})
	plain := httptest.NewServer(http.NotFoundHandler())
	defer plain.Close()
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	c := outbound.NewClient(outbound.ClientOptions{AllowLoopback: true, RootCAs: rootsOf(silent), Timeout: 300 * time.Millisecond})
	distrusting := outbound.NewClient(outbound.ClientOptions{AllowLoopback: true, Resolver: (&names{}).resolver(t)})
	for name, test := range map[string]struct {
		client *outbound.Client
		url    string
		status int
		say    string
	}{
		"silence":               {c, silent.URL, 0, "no answer within 300ms"},
		"an unfinished answer":  {c, dripping.URL, 200, ""},
		"a broken connection":   {c, breaking.URL, 0, "connection broke"},
		"nobody listens":        {c, "https://" + closed.Addr().String() + "/?token=hunter2", 0, "connection was refused"},
		"no TLS":                {c, strings.Replace(plain.URL, "http:", "https:", 1), 0, "TLS handshake failed"},
		"an unknown authority":  {distrusting, silent.URL, 0, "TLS certificate was not accepted: x509"},
		"the name of another":   {c, strings.Replace(silent.URL, "127.0.0.1", "127.0.0.2", 1) + "/?token=hunter2", 0, ""},
		"a name that is nobody": {distrusting, "https://nobody.example.com/?token=hunter2", 0, "could not be resolved"},
		"a URL that is none":    {c, "https://u:hunter2@example.com/", 0, "Nothing was sent. The URL must hold no user"},
	} {
		a := post(t, test.client, test.url)
		if a.Status != test.status || !strings.Contains(a.Problem, test.say) || a.Delivered() != (test.status == 200) || (a.Problem == "") != a.Delivered() {
			t.Errorf("%s: %+v", name, a)
		}
		if strings.Contains(a.Problem, "hunter2") {
			t.Errorf("%s: %q quotes the URL", name, a.Problem)
		}
	}
}

// TestAnEndOfOurOwnIsNoAnswer: that we had to stop says nothing about the destination.
func TestAnEndOfOurOwnIsNoAnswer(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	server, c := receiver(t, func(_ http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done()
	})
	a, err := c.Post(ctx, outbound.Request{URL: server.URL, ID: "ev_1"})
	if !errors.Is(err, context.Canceled) || a.Status != 0 || a.Problem != "" {
		t.Errorf("got %+v, %v", a, err)
	}
}

// TestEachAttemptDialsAnew, so that each is checked.
func TestEachAttemptDialsAnew(t *testing.T) {
	var mu sync.Mutex
	from := map[string]int{}
	server, c := receiver(t, func(_ http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		from[r.RemoteAddr]++
	})
	for range 3 {
		post(t, c, server.URL)
	}
	mu.Lock()
	defer mu.Unlock()
	if len(from) != 3 {
		t.Errorf("connections were used again: %v", from)
	}
}

func TestHeaderNames(t *testing.T) {
	if got := outbound.HeaderNames(map[string]string{"x-source": "a", "AUTHORIZATION": "b"}); !slices.Equal(got, []string{"Authorization", "X-Source"}) {
		t.Errorf("got %v", got)
	}
}

func TestCheckHeaders(t *testing.T) {
	for name, good := range map[string]map[string]string{
		"none": nil, "some": {"Authorization": "Bearer x y", "X-Source": "", "content-type": "application/json; charset=utf-8"},
	} {
		if err := outbound.CheckHeaders(good); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	many := map[string]string{}
	for i := range 21 {
		many["x-"+strings.Repeat("a", i+1)] = "1"
	}
	for name, bad := range map[string]map[string]string{
		"signature": {"webhook-signature": "hunter2"}, "any webhook header": {"Webhook-Extra": "hunter2"}, "host": {"HOST": "hunter2"},
		"length": {"content-length": "hunter2"}, "encoding": {"Transfer-Encoding": "hunter2"}, "connection": {"connection": "hunter2"}, "proxy": {"Proxy-Authorization": "hunter2"},
		"empty name": {"": "hunter2"}, "a space": {"X A": "hunter2"}, "a colon": {"X:": "hunter2"}, "an umlaut": {"Ü": "hunter2"}, "long name": {strings.Repeat("a", 129): "hunter2"},
		"a line break": {"X-A": "hunter2\r\nX-B: 1"}, "control": {"X-A": "hunter2\x00"}, "spaces at the end": {"X-A": "hunter2 "}, "umlaut value": {"X-A": "hunter2ü"},
		"twice": {"X-A": "hunter2", "x-a": "hunter2"}, "many": many, "large": {"X-A": "hunter2" + strings.Repeat("a", 5000)},
	} {
		if err := outbound.CheckHeaders(bad); !fault.Is(err, fault.Invalid) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
