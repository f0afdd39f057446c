package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"leadline/shared/fault"
	"leadline/shared/tenant"
)

func TestRefusals(t *testing.T) {
	w := newWorld(t)
	body := `{"event":{}}`
	base64ed := func(text string) events.APIGatewayV2HTTPRequest {
		r := w.request(body)
		r.Body, r.IsBase64Encoded = text, true
		return r
	}
	at := func(token string) events.APIGatewayV2HTTPRequest {
		r := w.request(body)
		r.PathParameters = map[string]string{"token": token}
		return r
	}
	old := w.request(body)
	w.pass(tolerance + time.Second)
	good := w.request(body)
	hash, stamp := good.Headers["close-sig-hash"], good.Headers["close-sig-timestamp"]
	ahead := w.request(body)
	for name, value := range sign(t, []byte(body), w.key, w.now().Add(tolerance+time.Second)) {
		ahead.Headers[strings.ToLower(name)] = value[0]
	}
	_, disabled := w.connect("conn_000000000002", w.key)
	c, err := w.tenancy.Connection(t.Context(), w.org.ID, "conn_000000000002")
	if err != nil {
		t.Fatal(err)
	}
	c = c.WithStatus(tenant.Disabled, w.now())
	if err := w.tenancy.UpdateConnection(t.Context(), c, c.HookOf(w.org), nil); err != nil {
		t.Fatal(err)
	}
	_, keyless := w.connect("conn_000000000003", "")
	for _, c := range []struct {
		name    string
		request events.APIGatewayV2HTTPRequest
		status  int
		code    string
	}{
		{"unknown token", at(strings.Repeat("x", 43)), 404, "not_found"},
		{"empty token", at(""), 404, "not_found"},
		{"no path parameters", events.APIGatewayV2HTTPRequest{}, 404, "not_found"},
		{"endless token", at(strings.Repeat("x", 9000)), 404, "not_found"},
		{"token that is no text", at("\xff\x00"), 404, "not_found"},
		{"token with more behind it", at(w.token + "x"), 404, "not_found"},
		{"disabled", at(disabled), 404, "not_found"},
		{"no key yet", at(keyless), 401, "no_signing_key"},
		{"no base64", base64ed("{}"), 400, "invalid_body_encoding"},
		{"base64 cut off", base64ed("e30"), 400, "invalid_body_encoding"},
		{"too large", w.request(`"` + strings.Repeat("x", bodyMax-1) + `"`), 413, "body_too_large"},
		{"too large as base64", base64ed(base64.StdEncoding.EncodeToString(make([]byte, bodyMax+1))), 413, "body_too_large"},
		{"form", with(good, "content-type", "application/x-www-form-urlencoded"), 415, "unsupported_media_type"},
		{"text", with(good, "content-type", "text/json"), 415, "unsupported_media_type"},
		{"json of another tree", with(good, "content-type", "image/x+json"), 415, "unsupported_media_type"},
		{"only like json", with(good, "content-type", "application/jsonx"), 415, "unsupported_media_type"},
		{"empty content type", with(good, "content-type", ""), 415, "unsupported_media_type"},
		{"content type twice", with(good, "content-type", "application/json,application/json"), 415, "unsupported_media_type"},
		{"no signature", without(without(good, "close-sig-hash"), "close-sig-timestamp"), 401, "missing_signature"},
		{"no hash", without(good, "close-sig-hash"), 401, "missing_signature"},
		{"no timestamp", without(good, "close-sig-timestamp"), 401, "missing_signature"},
		{"no headers", events.APIGatewayV2HTTPRequest{PathParameters: good.PathParameters, Body: body}, 401, "missing_signature"},
		{"hash twice", with(good, "close-sig-hash", hash+","+hash), 401, "invalid_signature"},
		{"hash twice in other letters", with(good, "Close-Sig-Hash", hash), 401, "invalid_signature"},
		{"timestamp twice", with(good, "close-sig-timestamp", stamp+","+stamp), 401, "invalid_signature"},
		{"signed with another key", w.signed(body, strings.Repeat("aa", 32)), 401, "invalid_signature"},
		{"stale", old, 401, "stale_signature"},
		{"from the future", ahead, 401, "stale_signature"},
		{"timestamp twice in other letters", with(good, "Close-Sig-Timestamp", stamp), 401, "invalid_signature"},
		{"another body", func() events.APIGatewayV2HTTPRequest { r := good; r.Body += " "; return r }(), 401, "invalid_signature"},
		{"empty body", w.request(""), 400, "invalid_json"},
		{"white space", w.request(" \n"), 400, "invalid_json"},
		{"no JSON", w.request("event=updated"), 400, "invalid_json"},
		{"JSON cut off", w.request(`{"event":`), 400, "invalid_json"},
		{"two values", w.request("{}{}"), 400, "invalid_json"},
		{"byte order mark", w.request("\xef\xbb\xbf{}"), 400, "invalid_json"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w.refuses(c.request, c.status, c.code)
		})
	}
	w.accepts(good)
}

// TestWhatComesFirst: a stranger learns nothing about a body but its size and type, and nothing about an unknown URL.
func TestWhatComesFirst(t *testing.T) {
	w := newWorld(t)
	unsigned := func(body string) events.APIGatewayV2HTTPRequest {
		return without(w.request(body), "close-sig-hash")
	}
	w.refuses(unsigned("no JSON"), 401, "missing_signature")
	w.refuses(unsigned(strings.Repeat("x", bodyMax+1)), 413, "body_too_large")
	r := with(unsigned("no JSON"), "content-type", "text/plain")
	w.refuses(r, 415, "unsupported_media_type")
	r.PathParameters = map[string]string{"token": "unknown"}
	w.refuses(r, 404, "not_found")
}

func TestWhatFailsBehindIsTriedAgain(t *testing.T) {
	w := newWorld(t)
	throttled := fault.New(fault.RateLimited, "throttled", "slow down")
	large := `"` + strings.Repeat("x", messageMax) + `"`
	for _, c := range []struct {
		name, fails, body string
		err               error
		cold              bool
	}{
		{"queue down", "queue", "{}", errDown, false},
		{"queue throttled", "queue", "{}", throttled, false},
		{"queue down for a large body", "queue", large, errDown, false},
		{"bucket down", "bucket", large, errDown, false},
		{"bucket throttled", "bucket", large, throttled, false},
		{"table down", "table", "{}", errDown, true},
		{"table throttled", "table", "{}", throttled, true},
		{"keys down", "kms", "{}", errDown, true},
		{"out of time", "queue", "{}", context.DeadlineExceeded, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.cold {
				w.restart()
			} else {
				w.accepts(w.request("{}"))
			}
			w.calls.fails = map[string]error{c.fails: c.err}
			for range 3 {
				o := w.refuses(w.request(c.body), http.StatusServiceUnavailable, "unavailable")
				if !strings.Contains(o.logged, `"level":"ERROR"`) || o.metrics["Fault_unavailable"] != 1.0 {
					t.Errorf("not logged as an error: %s", o.logged)
				}
				if strings.Contains(o.Body, "dial") || strings.Contains(o.Body, "throttled") {
					t.Errorf("the answer shows our inside: %s", o.Body)
				}
			}
			w.calls.fails = nil
			w.accepts(w.request(c.body))
		})
	}
}

func TestABodyIsInTheBucketBeforeItsMessageIsInTheQueue(t *testing.T) {
	w := newWorld(t)
	w.accepts(w.request("{}"))
	w.calls.fails["bucket"] = errDown
	w.calls.since()
	w.refuses(w.request(`"`+strings.Repeat("x", messageMax)+`"`), 503, "unavailable")
	w.made(map[string]int{"bucket": 1})
}

func TestThereIsAnAnswerWhereSomethingHangs(t *testing.T) {
	w := newWorld(t)
	w.accepts(w.request("{}"))
	w.calls.hang = true
	ctx, cancel := context.WithTimeout(t.Context(), margin+50*time.Millisecond)
	defer cancel()
	o := w.postIn(ctx, w.request("{}"))
	if o.StatusCode != http.StatusServiceUnavailable || ctx.Err() != nil {
		t.Errorf("got %d, the invocation's own time: %v", o.StatusCode, ctx.Err())
	}
}

func TestAConnectorThatIsNotHereIsOurFault(t *testing.T) {
	w := newWorld(t)
	w.update(func(c tenant.Connection) tenant.Connection {
		c.Connector = "abacus"
		return c.WithStatus(tenant.Active, w.now())
	})
	o := w.refuses(w.request("{}"), http.StatusInternalServerError, "internal")
	if strings.Contains(o.Body, "abacus") || !strings.Contains(o.logged, "abacus") {
		t.Errorf("want it in the log alone: %s, %s", o.Body, o.logged)
	}
}

func TestNoSecretIsShownOrLogged(t *testing.T) {
	w := newWorld(t)
	const word = "c0nfidential"
	body := `{"event":{"note":"` + word + `"}}`
	signed := w.request(body)
	requests := []events.APIGatewayV2HTTPRequest{signed, w.request(word), with(signed, "content-type", word), with(signed, "close-sig-hash", word),
		with(signed, "close-sig-timestamp", word), without(signed, "close-sig-hash"), w.signed(body, strings.Repeat("ab", 32)),
		{PathParameters: map[string]string{"token": word}}, {PathParameters: signed.PathParameters, Body: word, IsBase64Encoded: true}}
	for _, fails := range []string{"", "queue", "bucket", "table", "kms"} {
		w.restart()
		w.calls.fails = map[string]error{fails: errDown}
		for _, r := range requests {
			w.pass(2 * time.Second)
			o := w.post(r)
			for what, secret := range map[string]string{"body": word, "token": w.token, "key": w.key, "signature": signed.Headers["close-sig-hash"],
				"token's hash": tenant.HashToken(w.token)} {
				if strings.Contains(o.logged, secret) || strings.Contains(o.APIGatewayV2HTTPResponse.Body, secret) {
					t.Errorf("the %s is shown: %s, %s", what, o.logged, o.APIGatewayV2HTTPResponse.Body)
				}
			}
		}
	}
}

func TestARefusalIsLoggedWithItsConnection(t *testing.T) {
	w := newWorld(t)
	o := w.refuses(with(w.request("{}"), "close-sig-hash", "x"), 401, "invalid_signature")
	if !strings.Contains(o.logged, w.conn.ID) || !strings.Contains(o.logged, w.org.ID) || !strings.Contains(o.logged, `"level":"WARN"`) {
		t.Errorf("got %s", o.logged)
	}
	r := w.request("{}")
	r.PathParameters["token"] = "unknown"
	if o := w.refuses(r, 404, "not_found"); strings.Count(o.logged, "\n") != 1 {
		t.Errorf("anyone can write our log: %s", o.logged)
	}
}

// TestStrangeEvents: whatever is invoked with, there is an answer and no crash.
func TestStrangeEvents(t *testing.T) {
	w := newWorld(t)
	for _, text := range []string{"{}", "null", `{"version":"1.0"}`, `{"pathParameters":null,"headers":null}`, `{"pathParameters":{"token":""}}`,
		`{"pathParameters":{"other":"x"}}`, `{"body":"{}","isBase64Encoded":true}`, `{"headers":{"":""},"pathParameters":{"token":"x"}}`} {
		var r events.APIGatewayV2HTTPRequest
		if err := json.Unmarshal([]byte(text), &r); err != nil {
			t.Fatal(err)
		}
		w.refuses(r, 404, "not_found")
	}
}
