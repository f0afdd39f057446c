package rest_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"leadline/shared/connector"
	"leadline/shared/connector/rest"
	"leadline/shared/fault"
	"leadline/shared/ratelimit"
)

const key = "api_5ecretKeyOfNobody.withDots+and/more=="

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// provider is a server with what it was asked.
type provider struct {
	*httptest.Server
	mu       sync.Mutex
	requests []*http.Request
	bodies   []string
	answer   func(w http.ResponseWriter, r *http.Request)
}

func newProvider(t *testing.T, answer func(w http.ResponseWriter, r *http.Request)) *provider {
	p := &provider{answer: answer}
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		p.mu.Lock()
		p.requests, p.bodies = append(p.requests, r), append(p.bodies, string(body))
		p.mu.Unlock()
		p.answer(w, r)
	}))
	t.Cleanup(p.Close)
	return p
}

func (p *provider) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.requests)
}

func basic(h http.Header, secret string) {
	h.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(secret+":")))
}

func api() connector.API {
	return connector.API{BaseURL: "https://api.example.com/v1", Hosts: []string{"api.example.com"},
		Logins: []connector.Login{{Kind: connector.APIKey, Authorize: basic}, {Kind: connector.OAuth2}}}
}

func options() rest.Options {
	return rest.Options{AllowLoopback: true, Now: func() time.Time { return noon }}
}

// client makes a client of a provider; change may change what it is made of.
func client(t *testing.T, p *provider, change func(*rest.Options, *rest.Config)) *rest.Client {
	t.Helper()
	o, c := options(), rest.Config{Organization: "org_a", Connection: "conn_a", Title: "Example", API: api(),
		BaseURL: p.URL + "/v1", Authorizer: rest.Fixed{Kind: connector.APIKey, Text: key, Generation: 7}}
	if change != nil {
		change(&o, &c)
	}
	made, err := rest.New(o).Client(c)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func get(path string) connector.Request { return connector.Request{Method: http.MethodGet, Path: path} }

func TestWhatIsSent(t *testing.T) {
	p := newProvider(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"n":9007199254740993}`) })
	c := client(t, p, nil)
	a, err := c.Do(t.Context(), connector.Request{Method: http.MethodPost, Path: "/lead/a%2Fb%20c/", Query: url.Values{"q": {"a b", "ü"}},
		Header: http.Header{"x-own": {"1"}, "authorization": {"Bearer other"}, "Accept": {"text/csv"}, "Host": {"evil.example.com"}, "User-Agent": {"x"}},
		Body:   map[string]any{"name": "<&>", "n": json.Number("9007199254740993")}})
	if err != nil {
		t.Fatal(err)
	}
	var got struct{ N any }
	if err := a.Decode(&got); err != nil || got.N != json.Number("9007199254740993") {
		t.Errorf("got %v, %v", got, err)
	}
	r := p.requests[0]
	user, password, _ := r.BasicAuth()
	if r.Method != http.MethodPost || r.RequestURI != "/v1/lead/a%2Fb%20c/?q=a+b&q=%C3%BC" || user != key || password != "" {
		t.Errorf("got %s %s as %q %q", r.Method, r.RequestURI, user, password)
	}
	if "http://"+r.Host != p.URL || r.Header.Get("X-Own") != "1" || r.Header.Get("Accept") != "text/csv" || r.UserAgent() != "Leadline/1" || r.Header.Get("Content-Type") != "application/json" {
		t.Errorf("got %s %v", r.Host, r.Header)
	}
	if p.bodies[0] != `{"n":9007199254740993,"name":"<&>"}` {
		t.Errorf("got %s", p.bodies[0])
	}
	if _, err := c.Do(t.Context(), connector.Request{Method: http.MethodPost, Path: "/", Form: url.Values{"a": {"1&2"}}}); err != nil {
		t.Fatal(err)
	}
	if r := p.requests[1]; p.bodies[1] != "a=1%262" || r.Header.Get("Content-Type") != "application/x-www-form-urlencoded" || r.Header.Get("Accept") != "application/json" {
		t.Errorf("got %s %v", p.bodies[1], r.Header)
	}
	if _, err := c.Do(t.Context(), get("/me/")); err != nil || p.bodies[2] != "" || p.requests[2].Header.Get("Content-Type") != "" {
		t.Errorf("got %v, %v", p.requests[2].Header, err)
	}
}

func TestATokenIsABearer(t *testing.T) {
	p := newProvider(t, func(http.ResponseWriter, *http.Request) {})
	c := client(t, p, func(_ *rest.Options, c *rest.Config) {
		c.Authorizer = rest.Fixed{Kind: connector.OAuth2, Text: "token"}
	})
	if _, err := c.Do(t.Context(), get("/me/")); err != nil || p.requests[0].Header.Get("Authorization") != "Bearer token" {
		t.Errorf("got %v, %v", p.requests, err)
	}
}

func TestRequestsThatAreNotMade(t *testing.T) {
	p := newProvider(t, func(http.ResponseWriter, *http.Request) {})
	c := client(t, p, nil)
	for name, r := range map[string]connector.Request{
		"no slash": get("lead/"), "up": get("/lead/../../admin/"), "up, encoded": get("/lead/%2e%2e/admin"), "up, half encoded": get("/lead/.%2E/x"),
		"up, with an encoded slash": get("/lead/x%2F..%2Fy"), "dot": get("/./lead/"), "no id": get("/lead//"), "another host": get("//evil.example.com/x"),
		"backslash": get(`/lead/\x`), "encoded backslash": get("/lead/%5Cx"), "new line": get("/lead/%0Ax"), "query": get("/lead/?x=1"), "fragment": get("/lead/#x"),
		"bad encoding": get("/lead/%zz"), "nothing": get(""),
		"two bodies": {Method: http.MethodPost, Path: "/x", Body: 1, Form: url.Values{}}, "no JSON": {Method: http.MethodPost, Path: "/x", Body: func() {}},
		"no method": {Method: "GE T", Path: "/x"},
	} {
		if _, err := c.Do(t.Context(), r); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if p.count() != 0 {
		t.Errorf("%d requests came through", p.count())
	}
}

// judged makes answers of a judge of the test's own.
func judged(v connector.Verdict) func(*rest.Options, *rest.Config) {
	return func(_ *rest.Options, c *rest.Config) {
		c.API.Judge = func(connector.Answer) connector.Verdict { return v }
	}
}

func TestOutcomes(t *testing.T) {
	p := newProvider(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(418) })
	for outcome, want := range map[connector.Outcome]struct {
		kind fault.Kind
		code string
		wait time.Duration
	}{
		connector.OK:        {"", "", 0},
		connector.Throttled: {fault.RateLimited, "throttled", time.Second},
		connector.DayQuota:  {fault.RateLimited, "day_quota", time.Hour},
		connector.Retry:     {fault.Unavailable, "provider_unavailable", 0},
		connector.Expired:   {fault.Revoked, rest.CodeRefused, 0},
		connector.Refused:   {fault.Revoked, rest.CodeRefused, 0},
		connector.Denied:    {fault.Forbidden, "permission_denied", 0},
		connector.Missing:   {fault.NotFound, "not_found", 0},
		connector.Permanent: {fault.Invalid, "refused_by_provider", 0},
		"odd":               {fault.Internal, "unknown_outcome", 0},
	} {
		c := client(t, p, judged(connector.Verdict{Outcome: outcome, Code: "tea", Message: "I am a teapot."}))
		_, err := c.Do(t.Context(), get("/x"))
		if fault.KindOf(err) != want.kind {
			t.Errorf("%s: %v", outcome, err)
			continue
		}
		if err == nil {
			continue
		}
		f := fault.Of(err)
		if f.Code != want.code || f.RetryAfter != want.wait {
			t.Errorf("%s: %s after %s", outcome, f.Code, f.RetryAfter)
		}
		if refusal := connector.Refusal(err); outcome != "odd" && (refusal == nil || refusal.Status != 418 || refusal.Outcome != outcome || refusal.Code != "tea" ||
			!strings.HasPrefix(f.Message, "Example ") || !strings.Contains(f.Message, "I am a teapot.")) {
			t.Errorf("%s: %v caused by %v", outcome, err, refusal)
		}
		var secret *rest.SecretError
		if errors.As(err, &secret) != (want.kind == fault.Revoked) || secret != nil && secret.Generation != 7 {
			t.Errorf("%s: refused was %v", outcome, secret)
		}
	}
}

// TestNoSecretLeaks has a provider that quotes what it got, in every status and under every outcome.
func TestNoSecretLeaks(t *testing.T) {
	encoded := base64.StdEncoding.EncodeToString([]byte(key + ":"))
	p := newProvider(t, func(w http.ResponseWriter, r *http.Request) {
		var status int
		fmt.Sscanf(r.URL.Path, "/v1/%d", &status)
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		if status != 204 && status != 304 {
			quoted, _ := json.Marshal("no key " + key + " or " + r.Header.Get("Authorization") + " or " + url.QueryEscape(key) + "\r\n\u202e")
			fmt.Fprintf(w, `{"error":%s,"code":%q}`, quoted, key)
		}
	})
	var outcome connector.Outcome
	c := client(t, p, func(_ *rest.Options, c *rest.Config) {
		c.API.Judge = func(a connector.Answer) connector.Verdict {
			v := connector.StandardJudge(a)
			if outcome != "" {
				v.Outcome = outcome
			}
			v.Code, v.Message = connector.ErrorText(a.Body, "code"), connector.ErrorText(a.Body, "error")
			return v
		}
	})
	said := 0
	for _, outcome = range []connector.Outcome{"", connector.Throttled, connector.DayQuota, connector.Retry, connector.Expired, connector.Refused,
		connector.Denied, connector.Missing, connector.Permanent, "odd"} {
		for status := 200; status < 600; status++ {
			if outcome != "" && status%37 != 0 {
				continue
			}
			_, err := c.Do(t.Context(), get(fmt.Sprintf("/%d", status)))
			if err == nil {
				continue
			}
			text := fmt.Sprintf("%v %+v %#v %s %v %+v", err, err, fault.Of(err), fault.Of(err).Message, connector.Refusal(err), connector.Refusal(err))
			for _, secret := range []string{key, encoded, url.QueryEscape(key)} {
				if strings.Contains(text, secret) {
					t.Fatalf("%s %d shows the secret: %s", outcome, status, text)
				}
			}
			if strings.ContainsAny(fault.Of(err).Message, "\r\n\u202e") {
				t.Fatalf("%s %d has characters that do not belong in a line: %q", outcome, status, fault.Of(err).Message)
			}
			if strings.Contains(text, "no key [secret]") {
				said++
			}
		}
	}
	if said < 300 {
		t.Errorf("only %d messages repeat the provider's words", said)
	}
}

// TestNoPartOfASecretIsLeftWhereWordsAreCut has a provider that quotes the key so late that judges cut the words within it.
func TestNoPartOfASecretIsLeftWhereWordsAreCut(t *testing.T) {
	encoded := base64.StdEncoding.EncodeToString([]byte(key + ":"))
	var before int
	p := newProvider(t, func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(400)
		words, _ := json.Marshal(strings.Repeat("x", before) + " " + key + " " + r.Header.Get("Authorization"))
		fmt.Fprintf(w, `{"error":%s}`, words)
	})
	c := client(t, p, func(_ *rest.Options, c *rest.Config) {
		c.API.Judge = func(a connector.Answer) connector.Verdict {
			v := connector.StandardJudge(a)
			v.Message = connector.ErrorText(a.Body, "error") + "."
			return v
		}
	})
	for before = 150; before < 310; before++ {
		_, err := c.Do(t.Context(), get("/x"))
		for _, part := range []string{key[:8], encoded[:8]} {
			if err == nil || strings.Contains(err.Error(), part) {
				t.Fatalf("behind %d characters: %v", before, err)
			}
		}
	}
}

// TestHush takes words out of all that a fault of a client says, and leaves what programs go by.
func TestHush(t *testing.T) {
	p := newProvider(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(401)
		fmt.Fprint(w, `{"error":"cannot post to https://x.example/hooks/t0ken"}`)
	})
	_, err := client(t, p, func(_ *rest.Options, c *rest.Config) {
		c.API.Judge = func(a connector.Answer) connector.Verdict {
			return connector.Verdict{Outcome: connector.Refused, Code: "t0ken", Message: connector.ErrorText(a.Body, "error")}
		}
	}).Do(t.Context(), get("/x"))
	if err == nil || !strings.Contains(err.Error(), "t0ken") {
		t.Fatalf("got %v", err)
	}
	hushed := rest.Hush(err, "https://x.example/hooks/t0ken", "t0ken")
	var secret *rest.SecretError
	if !fault.Is(hushed, fault.Revoked) || !errors.As(hushed, &secret) || secret.Generation != 7 || connector.Refusal(hushed).Status != 401 {
		t.Errorf("got %#v", hushed)
	}
	text := fmt.Sprintf("%v %v %v %s", hushed, secret, connector.Refusal(hushed), fault.Of(hushed).Message)
	if strings.Contains(text, "t0ken") || !strings.Contains(text, "cannot post to [secret]") {
		t.Errorf("it says %s", text)
	}
	if !strings.Contains(err.Error(), "t0ken") {
		t.Error("the fault itself was changed")
	}
	if rest.Hush(nil, "x") != nil || rest.Hush(io.EOF, "x") != io.EOF {
		t.Error("other errors are changed")
	}
}

func TestSecretsPrintNothing(t *testing.T) {
	s := rest.Secret{Text: key}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		for _, value := range []any{s, &s, rest.Fixed(s), struct{ S rest.Secret }{s}, []rest.Fixed{rest.Fixed(s)}} {
			if got := fmt.Sprintf(verb, value); strings.Contains(got, key) || strings.Contains(got, "6170695f") {
				t.Errorf("%s prints %s", verb, got)
			}
		}
	}
	if raw, err := json.Marshal(struct{ S rest.Secret }{s}); err != nil || bytes.Contains(raw, []byte(key)) {
		t.Errorf("JSON: %s, %v", raw, err)
	}
}

func TestWaitsThatProvidersAskFor(t *testing.T) {
	date := noon.Add(30 * time.Minute) // the provider's clock is ahead
	for name, c := range map[string]struct {
		retryAfter string
		verdict    connector.Verdict
		reset      time.Duration
		want       time.Duration
	}{
		"seconds":                           {"7", connector.Verdict{Outcome: connector.Throttled}, 0, 7 * time.Second},
		"parts of seconds":                  {"1.5", connector.Verdict{Outcome: connector.Throttled}, 0, 1500 * time.Millisecond},
		"a date, by the provider's clock":   {date.Add(time.Minute).Format(http.TimeFormat), connector.Verdict{Outcome: connector.Throttled}, 0, time.Minute},
		"a date that is past":               {date.Add(-time.Minute).Format(http.TimeFormat), connector.Verdict{Outcome: connector.Throttled}, 0, time.Second},
		"reset is longer":                   {"2", connector.Verdict{Outcome: connector.Throttled}, 3 * time.Second, 3 * time.Second},
		"retry-after is longer":             {"4", connector.Verdict{Outcome: connector.Throttled}, 3 * time.Second, 4 * time.Second},
		"the judge says longer":             {"4", connector.Verdict{Outcome: connector.Throttled, Wait: 9 * time.Second}, 3 * time.Second, 9 * time.Second},
		"nonsense":                          {"soon", connector.Verdict{Outcome: connector.Throttled}, 0, time.Second},
		"negative":                          {"-5", connector.Verdict{Outcome: connector.Throttled}, 0, time.Second},
		"not a number":                      {"NaN", connector.Verdict{Outcome: connector.Throttled}, 0, time.Second},
		"for ever":                          {"1e300", connector.Verdict{Outcome: connector.Throttled}, 0, 24 * time.Hour},
		"a failure":                         {"5", connector.Verdict{Outcome: connector.Retry}, 3 * time.Second, 5 * time.Second},
		"a failure that only tells a reset": {"", connector.Verdict{Outcome: connector.Retry}, 3 * time.Second, 0},
		"the day's quota":                   {"600", connector.Verdict{Outcome: connector.DayQuota}, 0, 10 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			p := newProvider(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Date", date.Format(http.TimeFormat))
				w.Header().Set("Retry-After", c.retryAfter)
				w.WriteHeader(429)
			})
			made := client(t, p, func(_ *rest.Options, config *rest.Config) {
				config.API.Judge = func(connector.Answer) connector.Verdict { return c.verdict }
				config.API.Seen = func(http.Header) connector.Quota { return connector.Quota{Reset: c.reset} }
			})
			_, err := made.Do(t.Context(), get("/x"))
			if f := fault.Of(err); f == nil || f.RetryAfter != c.want {
				t.Errorf("got %v, want to wait %s", f, c.want)
			}
		})
	}
}

func TestTheTimeOfAnAnswerIsTheProviders(t *testing.T) {
	dated := true
	p := newProvider(t, func(w http.ResponseWriter, _ *http.Request) {
		if w.Header()["Date"] = nil; dated {
			w.Header().Set("Date", noon.Add(-time.Hour).Format(http.TimeFormat))
		}
	})
	c := client(t, p, nil)
	if a, err := c.Do(t.Context(), get("/x")); err != nil || !a.At.Equal(noon.Add(-time.Hour)) {
		t.Errorf("got %s, %v", a.At, err)
	}
	dated = false
	if a, err := c.Do(t.Context(), get("/x")); err != nil || !a.At.Equal(noon) {
		t.Errorf("without a date: %s, %v", a.At, err)
	}
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	other := newProvider(t, func(http.ResponseWriter, *http.Request) {})
	p := newProvider(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, other.URL, http.StatusTemporaryRedirect)
	})
	if _, err := client(t, p, nil).Do(t.Context(), get("/x")); !fault.Is(err, fault.Invalid) || other.count() != 0 {
		t.Errorf("got %v, %d requests elsewhere", err, other.count())
	}
}

func TestAnswersThatDoNotCome(t *testing.T) {
	release := make(chan struct{})
	defer close(release)
	p := newProvider(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/v1/large":
			_, _ = w.Write(make([]byte, 101))
		case "/v1/fits":
			_, _ = w.Write(make([]byte, 100))
		case "/v1/slow":
			<-release
		case "/v1/broken":
			w.Header().Set("Content-Length", "10")
			_, _ = w.Write([]byte("x"))
		case "/v1/hangup":
			conn, _, _ := http.NewResponseController(w).Hijack()
			conn.Close()
		}
	})
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	c := client(t, p, func(o *rest.Options, _ *rest.Config) { o.MaxBytes, o.Timeout = 100, 2*time.Second })
	for path, want := range map[string]struct {
		kind fault.Kind
		code string
	}{
		"/fits": {"", ""}, "/large": {fault.Invalid, "answer_too_large"}, "/slow": {fault.Unavailable, rest.CodeNoAnswer},
		"/broken": {fault.Unavailable, rest.CodeNoAnswer}, "/hangup": {fault.Unavailable, rest.CodeNoAnswer},
	} {
		_, err := c.Do(t.Context(), connector.Request{Method: http.MethodPost, Path: path, Query: url.Values{"email": {"joe@example.com"}}})
		if fault.KindOf(err) != want.kind || err != nil && (fault.Of(err).Code != want.code || strings.Contains(err.Error(), "joe")) {
			t.Errorf("%s: %v", path, err)
		}
	}
	c = client(t, &provider{Server: gone}, nil)
	if _, err := c.Do(t.Context(), get("/x")); !fault.Is(err, fault.Unavailable) || fault.Of(err).Code != rest.CodeUnreachable || !strings.HasPrefix(fault.Of(err).Message, "Example ") {
		t.Errorf("nobody there: %v", err)
	}
	ended, end := context.WithCancel(t.Context())
	end()
	if _, err := client(t, p, nil).Do(ended, get("/fits")); !fault.Is(err, fault.Unavailable) {
		t.Errorf("a request that has ended: %v", err)
	}
}

// TestAHostThatLeadsInside is allowed by its name and refused by its address.
func TestAHostThatLeadsInside(t *testing.T) {
	a := api()
	a.BaseURL, a.Hosts = "https://localhost", nil
	c, err := rest.New(rest.Options{}).Client(rest.Config{API: a, Title: "Example", Authorizer: rest.Fixed{Text: key}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Do(t.Context(), get("/x")); !fault.Is(err, fault.Invalid) || fault.Of(err).Code != "address_refused" {
		t.Errorf("got %v", err)
	}
}

func TestCheckBaseURL(t *testing.T) {
	a := api()
	a.Hosts = append(a.Hosts, ".sandbox.example.com")
	for text, want := range map[string]string{
		"": "https://api.example.com/v1", "https://api.example.com": "https://api.example.com", "https://API.example.com:443/v2/": "https://api.example.com:443/v2",
		"https://one.sandbox.example.com/x": "https://one.sandbox.example.com/x",
	} {
		for _, loopback := range []bool{false, true} {
			if got, err := rest.CheckBaseURL(a, text, loopback); err != nil || got != want {
				t.Errorf("%q: %q, %v", text, got, err)
			}
		}
	}
	for _, text := range []string{"http://api.example.com", "https://evil.example.com", "https://api.example.com.evil.com", "https://sandbox.example.com", "https://.sandbox.example.com",
		"https://u:hunter2@api.example.com", "https://api.example.com/?a=hunter2", "https://api.example.com/?", "https://api.example.com/#x", "https://api.example.com:8443", "ftp://api.example.com",
		"api.example.com", "https://", "https://api.example.com/a/../b", "https://api.example.com/%2e%2e/", "https://api.example.com//x", "https:api.example.com", "https://10.0.0.1", "https://api.example.com/" + strings.Repeat("a", 2048),
		"https://[::ffff:127.0.0.1]", "http://169.254.169.254", "https://api.example.com:", "://"} {
		for _, loopback := range []bool{false, true} {
			if _, err := rest.CheckBaseURL(a, text, loopback); !fault.Is(err, fault.Invalid) || fault.Of(err).Code != "invalid_base_url" || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("%q, loopback %t: %v", text, loopback, err)
			}
		}
	}
	for _, text := range []string{"http://127.0.0.1:8090/v1", "http://localhost:1/", "https://[::1]:8443"} {
		if _, err := rest.CheckBaseURL(a, text, true); err != nil {
			t.Errorf("%q where loopback is allowed: %v", text, err)
		}
		if _, err := rest.CheckBaseURL(a, text, false); err == nil {
			t.Errorf("%q is let through", text)
		}
	}
	if !rest.Production(a, "") || !rest.Production(a, "https://API.example.com/x") || rest.Production(a, "http://127.0.0.1:1") {
		t.Error("production is not told from the rest")
	}
}

func TestResolve(t *testing.T) {
	for _, c := range [][3]string{
		{"https://api.example.com/v1", "/oauth2/token/", "https://api.example.com/oauth2/token/"},
		{"https://api.example.com/v1", "https://app.example.com/authorize/?a=b", "https://app.example.com/authorize/?a=b"},
		{"http://127.0.0.1:8090/v1", "https://app.example.com/authorize/", "http://127.0.0.1:8090/authorize/"},
		{"http://127.0.0.1:8090/v1", "/oauth2/token/", "http://127.0.0.1:8090/oauth2/token/"},
	} {
		if got, err := rest.Resolve(c[0], c[1]); err != nil || got != c[2] {
			t.Errorf("%s at %s: %s, %v", c[1], c[0], got, err)
		}
	}
}

// turns is a limiter that a test plays.
type turns struct {
	clock *time.Time
	wait  time.Duration
	err   error
	asked []string
	done  []ratelimit.Seen
}

func (l *turns) Wait(_ context.Context, key ratelimit.Key, limit ratelimit.Limit, maxWait time.Duration, _ ...ratelimit.Group) (ratelimit.Slot, error) {
	l.asked = append(l.asked, fmt.Sprint(key, limit.Requests, limit.Window, limit.Concurrency, limit.Daily, limit.Spare, maxWait))
	*l.clock = l.clock.Add(l.wait)
	return ratelimit.Slot{}, l.err
}

func (l *turns) Done(ctx context.Context, _ ratelimit.Slot, seen ratelimit.Seen) error {
	l.done = append(l.done, seen)
	return ctx.Err()
}

func TestTurns(t *testing.T) {
	status, path, clock := 200, "/lead/", noon
	p := newProvider(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "3")
		w.WriteHeader(status)
	})
	limiter := &turns{clock: &clock, wait: 1500 * time.Millisecond}
	c := client(t, p, func(o *rest.Options, c *rest.Config) {
		o.Now = func() time.Time { return clock }
		c.Limiter = limiter
		c.API.Group = func(method, path string) string { return method + path }
		c.API.Limits = []connector.Limit{{Group: "", Requests: 20, Window: time.Second, Concurrency: 3}, {Group: "GET/me/", Requests: 60, Daily: 1000, Shared: true}}
		c.API.Seen = func(http.Header) connector.Quota {
			return connector.Quota{Limit: 240, Remaining: 239, Reset: 2 * time.Second}
		}
	})
	ctx, end := context.WithCancel(t.Context())
	defer end()
	do := func() error { _, err := c.Do(ctx, get(path)); return err }

	if err := do(); err != nil {
		t.Error(err)
	}
	path, limiter.wait = "/me/", 0
	_ = do()
	if want := []string{"{org_a conn_a GET/lead/} 20 1s 3 0 0 2s", "{org_a conn_a GET/me/} 60 0s 0 1000 200 2s"}; !slices.Equal(limiter.asked, want) {
		t.Errorf("asked for %q", limiter.asked)
	}
	if got, want := limiter.done[0], (ratelimit.Seen{At: clock, Limit: 240, Remaining: 239, Reset: 2 * time.Second}); got != want {
		t.Errorf("seen %+v", got)
	}
	status = 429
	if err := do(); !fault.Is(err, fault.RateLimited) || fault.Of(err).RetryAfter != 3*time.Second {
		t.Errorf("got %v", err)
	}
	if s := limiter.done[2]; !s.Throttled || s.RetryAfter != 3*time.Second || s.Reset != 2*time.Second {
		t.Errorf("seen %+v", s)
	}
	requests := p.count()
	limiter.err = &fault.Error{Kind: fault.RateLimited, Code: "no_turn", RetryAfter: time.Minute}
	if err := do(); !fault.Is(err, fault.RateLimited) || fault.Of(err).RetryAfter != time.Minute {
		t.Errorf("got %v", err)
	}
	limiter.err = context.DeadlineExceeded
	if err := do(); !fault.Is(err, fault.Unavailable) || len(limiter.done) != 3 {
		t.Errorf("got %v, seen %+v", err, limiter.done)
	}
	if p.count() != requests {
		t.Error("a request was made without its turn")
	}
	limiter.err = nil
	p.answer = func(_ http.ResponseWriter, r *http.Request) { end(); <-r.Context().Done() } // no answer before the caller has left
	if err := do(); !fault.Is(err, fault.Unavailable) || len(limiter.done) != 4 || limiter.done[3] != (ratelimit.Seen{}) {
		t.Errorf("got %v, seen %+v", err, limiter.done)
	}
	if u := c.Take(); u.Requests != 4 || u.Throttled != 1 || u.Failed != 1 || u.Waits != 1 || u.Waited != 1500*time.Millisecond || u.Retries != 0 {
		t.Errorf("used %+v", u)
	}
	if u := c.Take(); u != (rest.Usage{}) {
		t.Errorf("used %+v since", u)
	}
}

// keys is an authorizer whose secrets a test plays.
type keys struct {
	first, other string
	ok           bool
	err          error
	asked        []bool
}

func (k *keys) Secret(context.Context) (rest.Secret, error) {
	if k.first == "" {
		return rest.Secret{}, k.err
	}
	return rest.Secret{Kind: connector.APIKey, Text: k.first, Generation: 1}, nil
}

func (k *keys) Another(_ context.Context, used rest.Secret, expired bool) (rest.Secret, bool, error) {
	if used.Text != k.first {
		return rest.Secret{}, false, errors.New("another secret was refused")
	}
	k.asked = append(k.asked, expired)
	return rest.Secret{Kind: connector.APIKey, Text: k.other, Generation: 2}, k.ok, k.err
}

func TestRefusedSecrets(t *testing.T) {
	var hits atomic.Int64
	p := newProvider(t, func(w http.ResponseWriter, r *http.Request) {
		hits.Add(1)
		if user, _, _ := r.BasicAuth(); user != "good secret" {
			w.WriteHeader(http.StatusUnauthorized)
		}
	})
	unavailable := fault.New(fault.Unavailable, "unavailable", "later")
	for name, c := range map[string]struct {
		keys     keys
		refused  bool
		kind     fault.Kind
		requests int64
		rev      int64
	}{
		"good":                       {keys{first: "good secret"}, false, "", 1, 0},
		"expired, then fresh":        {keys{first: "old secret", other: "good secret", ok: true}, false, "", 2, 0},
		"refused, rotated meanwhile": {keys{first: "old secret", other: "good secret", ok: true}, true, "", 2, 0},
		"expired, and again":         {keys{first: "old secret", other: "bad secret", ok: true}, false, fault.Revoked, 2, 2},
		"expired, no other":          {keys{first: "old secret"}, false, fault.Revoked, 1, 1},
		"refused, no other":          {keys{first: "old secret"}, true, fault.Revoked, 1, 1},
		"expired, no way to refresh": {keys{first: "old secret", err: unavailable}, false, fault.Unavailable, 1, 0},
		"no secret to begin with":    {keys{err: unavailable}, false, fault.Unavailable, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			hits.Store(0)
			made := client(t, p, func(_ *rest.Options, config *rest.Config) {
				config.Authorizer = &c.keys
				if c.refused {
					config.API.Judge = func(a connector.Answer) connector.Verdict {
						if a.Status == http.StatusUnauthorized {
							return connector.Verdict{Outcome: connector.Refused}
						}
						return connector.StandardJudge(a)
					}
				}
			})
			_, err := made.Do(t.Context(), get("/me/"))
			if fault.KindOf(err) != c.kind || hits.Load() != c.requests {
				t.Errorf("%d requests, %v", hits.Load(), err)
			}
			var secret *rest.SecretError
			if c.rev != 0 && (!errors.As(err, &secret) || secret.Generation != c.rev) {
				t.Errorf("refused is %+v", secret)
			}
			for _, expired := range c.keys.asked {
				if expired == c.refused {
					t.Errorf("asked for another as expired %t", expired)
				}
			}
			if u := made.Take(); u.Requests != c.requests || u.Retries != max(c.requests-1, 0) {
				t.Errorf("used %+v", u)
			}
		})
	}
}

func TestDownloads(t *testing.T) {
	status := 200
	p := newProvider(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Retry-After", "5")
		w.WriteHeader(status)
		fmt.Fprint(w, "a,b")
	})
	limiter := &turns{clock: new(time.Time)}
	c := client(t, p, func(_ *rest.Options, c *rest.Config) {
		c.Limiter = limiter
		c.API.Downloads = []string{".files.example.com"}
		c.API.Judge = func(connector.Answer) connector.Verdict { return connector.Verdict{Outcome: connector.Refused} }
	})
	file := connector.Request{Method: http.MethodGet, URL: p.URL + "/files/1.csv?sig=s3cret%2F", Header: http.Header{"Authorization": {"Bearer x"}, "Accept": {"text/csv"}}}
	a, err := c.Do(t.Context(), file)
	if err != nil || string(a.Body) != "a,b" || p.requests[0].RequestURI != "/files/1.csv?sig=s3cret%2F" || p.requests[0].Header.Get("Authorization") != "" || p.requests[0].Header.Get("Accept") != "text/csv" || len(limiter.asked) > 0 {
		t.Errorf("got %s, %v as %v", a.Body, err, p.requests[0])
	}
	for _, c2 := range []struct {
		status int
		kind   fault.Kind
	}{{401, fault.Unavailable}, {403, fault.Unavailable}, {404, fault.NotFound}, {429, fault.RateLimited}, {503, fault.Unavailable}, {302, fault.Invalid}} {
		status = c2.status
		if _, err := c.Do(t.Context(), file); !fault.Is(err, c2.kind) || strings.Contains(err.Error(), "s3cret") || c2.kind != fault.Invalid && c2.kind != fault.NotFound && fault.Of(err).RetryAfter != 5*time.Second {
			t.Errorf("%d: %v", c2.status, err)
		}
	}
	if u := c.Take(); u.Requests != 7 || u.Throttled != 1 || u.Failed != 3 {
		t.Errorf("used %+v", u)
	}
	requests := p.count()
	for _, address := range []string{"http://a.files.example.com/x", "https://evil.example.com/s3cret", "https://files.example.com.evil.com/", "https://u:s3cret@a.files.example.com/", "https://a.files.example.com:8443/", "file:///etc/passwd", "https:a", "/x", "::"} {
		file.URL = address
		if _, err := c.Do(t.Context(), file); !fault.Is(err, fault.Invalid) || fault.Of(err).Code != "invalid_download" || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: %v", address, err)
		}
	}
	if p.count() != requests {
		t.Error("a file was fetched from elsewhere")
	}
	// One whose base is the provider's own does not look on this machine.
	real := client(t, p, func(_ *rest.Options, c *rest.Config) {
		c.BaseURL = ""
		c.API.Downloads = []string{".files.example.com"}
	})
	file.URL = p.URL
	if _, err := real.Do(t.Context(), file); !fault.Is(err, fault.Invalid) {
		t.Errorf("got %v", err)
	}
}

func TestProvidersWithABaseURLForEachAccount(t *testing.T) {
	a := connector.API{Hosts: []string{".crm.example.com"}}
	if _, err := rest.CheckBaseURL(a, "", true); !fault.Is(err, fault.Invalid) || fault.Of(err).Code != "base_url_needed" || !strings.Contains(err.Error(), ".crm.example.com") {
		t.Errorf("got %v", err)
	}
	if got, err := rest.CheckBaseURL(a, "https://one.crm.example.com", false); err != nil || got != "https://one.crm.example.com" {
		t.Errorf("got %q, %v", got, err)
	}
	if !rest.Production(a, "https://one.crm.example.com") || rest.Production(a, "http://127.0.0.1:1") {
		t.Error("production is not told from the rest")
	}
}

func TestPostForm(t *testing.T) {
	p := newProvider(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(400)
		fmt.Fprint(w, `{"error":"invalid_grant"}`)
	})
	s := rest.New(options())
	a, err := s.PostForm(t.Context(), p.URL+"/oauth2/token/", url.Values{"code": {"a b"}})
	if err != nil || a.Status != 400 || string(a.Body) != `{"error":"invalid_grant"}` || p.bodies[0] != "code=a+b" || p.requests[0].Header.Get("Authorization") != "" {
		t.Errorf("got %+v, %v", a, err)
	}
	if _, err := rest.New(rest.Options{}).PostForm(t.Context(), p.URL, nil); !fault.Is(err, fault.Invalid) {
		t.Errorf("where loopback is not allowed: %v", err)
	}
	if _, err := s.PostForm(t.Context(), "http://\x00", nil); !fault.Is(err, fault.Invalid) {
		t.Errorf("no URL: %v", err)
	}
}
