package main

import (
	"encoding/base64"
	"strings"
	"testing"

	"leadline/shared/delivery"
)

func TestContentTypesThatAreJSON(t *testing.T) {
	w := newWorld(t)
	for _, contentType := range []string{"application/json", "application/json; charset=utf-8", "Application/JSON;charset=UTF-8", "application/json; charset",
		"application/vnd.close+json", "application/cloudevents+json; charset=utf-8"} {
		w.accepts(with(w.request("{}"), "content-type", contentType))
	}
	w.accepts(without(w.request("{}"), "content-type"))
	r := without(w.request("{}"), "content-type")
	r.Headers["Content-Type"] = "text/plain"
	w.refuses(r, 415, "unsupported_media_type")
}

func TestBase64BodiesAreSignedAsTheyWerePosted(t *testing.T) {
	w := newWorld(t)
	for _, body := range []string{"{}", "{\"name\":\"Zoë\"}\r\n", `["` + strings.Repeat("x", 1000) + `"]`} {
		r := w.request(body)
		r.Body, r.IsBase64Encoded = base64.StdEncoding.EncodeToString([]byte(body)), true
		w.accepts(r)
		if string(w.last().Body) != body {
			t.Errorf("got %q", w.last().Body)
		}
	}
	r := w.request(base64.StdEncoding.EncodeToString([]byte("{}")))
	r.IsBase64Encoded = true
	w.refuses(r, 401, "invalid_signature")
}

// TestLargeBodies finds the size from which a body goes through the bucket: where its message would be a byte too long.
func TestLargeBodies(t *testing.T) {
	w := newWorld(t)
	text := func(n int) string { return `"` + strings.Repeat("x", n-2) + `"` }
	longest := 0
	for n := messageMax*3/4 - 250; n <= messageMax*3/4; n++ {
		w.accepts(w.request(text(n)))
		message := w.queue.messages[len(w.queue.messages)-1]
		if len(message) > messageMax {
			t.Fatalf("a message of %d bytes", len(message))
		}
		if w.last().Body == nil {
			continue
		}
		if longest != 0 && longest != n-1 {
			t.Fatalf("a body of %d bytes goes through the bucket, one of %d does not", n-1, n)
		}
		longest = n
	}
	whole := delivery.Delivery{ID: w.last().ID, Organization: w.org.ID, Connection: w.conn.ID, Connector: "close", Kind: delivery.Webhook,
		ReceivedAt: w.clock, Body: []byte(text(longest + 3))} // base64 grows by four bytes for three
	message, err := whole.Encode()
	if err != nil || len(message) <= messageMax {
		t.Fatalf("a body of %d bytes fits a message of %d, but goes through the bucket: %v", longest+3, len(message), err)
	}
	for _, n := range []int{longest + 1, messageMax, bodyMax} {
		o := w.accepts(w.request(text(n)))
		d := w.last()
		if d.Body != nil || d.Payload == nil || d.Payload.Offset != 0 || d.Payload.Key != "inbox/"+w.org.ID+"/"+o.id+".gz" {
			t.Fatalf("%d bytes: got %+v", n, d)
		}
		packed, err := w.blobs.Get(t.Context(), d.Payload.Key)
		if err != nil || int64(len(packed)) != d.Payload.Length {
			t.Fatalf("%d bytes: the message says %d, the object has %d: %v", n, d.Payload.Length, len(packed), err)
		}
		if body, err := delivery.Unpack(packed); err != nil || string(body) != text(n) {
			t.Fatalf("%d bytes: another body is kept: %v", n, err)
		}
	}
}
