package main

import (
	"net/http"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"leadline/shared/connector"
	"leadline/shared/tenant"
)

// posting makes the world's connection that of a provider that posts forms, and does not sign for everybody.
func (w *world) posting(form bool) {
	w.t.Helper()
	w.h.hooks.connectors = connector.NewRegistry(connector.Definition{Name: "close", Webhook: &connector.Webhook{
		Form: form, Signature: connector.Signature{HashHeader: "x-sig", HashPart: "v1", HashEncoding: connector.Hex,
			TimestampHeader: "x-sig", TimestampPart: "t", Separator: ".", KeyEncoding: connector.Raw, Optional: true}}})
}

// form is a form posted to the URL of the token, signed with a key unless that is empty.
func (w *world) form(token, body, key string) events.APIGatewayV2HTTPRequest {
	headers := map[string]string{"content-type": "application/x-www-form-urlencoded; charset=utf-8"}
	if key != "" {
		signature := w.h.hooks.connectors["close"].Webhook.Signature
		headers["x-sig"] = signature.Sign([]byte(body), []byte(key), w.now()).Get("x-sig")
	}
	return events.APIGatewayV2HTTPRequest{Version: "2.0", RouteKey: "POST /hooks/{token}", RawPath: "/hooks/" + token,
		PathParameters: map[string]string{"token": token}, Headers: headers, Body: body}
}

func TestForms(t *testing.T) {
	w := newWorld(t)
	w.posting(true)
	const body = "type=profile&data%5Bemail%5D=ada%40example.com"
	w.accepts(w.form(w.token, body, w.key))
	if got := string(w.last().Body); got != body {
		t.Errorf("queued as %s", got)
	}
	asJSON := w.form(w.token, body, w.key)
	asJSON.Headers["content-type"] = "application/json"
	w.refuses(asJSON, http.StatusUnsupportedMediaType, "unsupported_media_type")
	nameless := w.form(w.token, body, w.key)
	delete(nameless.Headers, "content-type")
	w.accepts(nameless)
	w.restart()
	w.posting(false)
	w.refuses(w.form(w.token, body, w.key), http.StatusUnsupportedMediaType, "unsupported_media_type")
}

// TestAnOptionalSignature: only a connection that never had a key takes what is not signed.
func TestAnOptionalSignature(t *testing.T) {
	w := newWorld(t)
	w.posting(true)
	_, keyless := w.connect("conn_000000000002", "")
	w.accepts(w.form(keyless, "type=profile", ""))
	w.accepts(w.form(keyless, "type=profile", "some key")) // what it cannot check does not matter
	w.refuses(w.form(w.token, "type=profile", ""), http.StatusUnauthorized, "missing_signature")
	w.refuses(w.form(w.token, "type=profile", "another key"), http.StatusUnauthorized, "invalid_signature")
	w.rotate(w.key, 0)
	w.update(func(c tenant.Connection) tenant.Connection {
		for i := range c.Keys {
			c.Keys[i].ExpiresAt = w.now()
		}
		c.Rev++
		return c
	})
	w.pass(keep + time.Second)
	w.refuses(w.form(w.token, "type=profile", ""), http.StatusUnauthorized, codeNoKey)
}
