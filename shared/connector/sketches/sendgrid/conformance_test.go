package sendgrid

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"testing/fstest"
	"time"

	"leadline/shared/connector/conformance"
	"leadline/shared/connector/specs"
	"leadline/shared/fault"
)

func TestConformance(t *testing.T) {
	source := fstest.MapFS{}
	for _, name := range []string{"sendgrid", "webhook"} {
		text, err := os.ReadFile(name + "_test.go")
		if err != nil {
			t.Fatal(err)
		}
		source[name+".go"] = &fstest.MapFile{Data: text}
	}
	conformance.Run(t, Definition(), conformance.Options{Samples: os.DirFS("testdata"), Server: newServer, Spoil: spoil, Source: source})
}

// spoil spoils the line of a contact in a file, or its row in an answer.
func spoil(body []byte, id string) []byte {
	if json.Valid(body) && bytes.Count(body, []byte("\n")) < 2 {
		return conformance.SpoilJSON(body, id)
	}
	var all []byte
	for line := range bytes.Lines(body) {
		if bytes.Contains(line, []byte(`"contact_id":"`+id+`"`)) {
			line = []byte("\"mArKeD\"\n")
		}
		all = append(all, line...)
	}
	return all
}

// TestSignature uses the vector of the provider's own library.
func TestSignature(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join(specs.Dir(t, "webhooks"), "webhook-signature-vectors.json"))
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Vectors []struct {
			Name, Body string
			PublicKey  string `json:"public_key"`
			Headers    map[string]string
		}
	}
	if err := json.Unmarshal(raw, &file); err != nil {
		t.Fatal(err)
	}
	found := false
	for _, v := range file.Vectors {
		if v.Name != "sendgrid event webhook ECDSA P-256" {
			continue
		}
		found = true
		sig := Definition().Webhook.Signature
		key, err := sig.Key(v.PublicKey)
		if err != nil {
			t.Fatal(err)
		}
		h := http.Header{}
		for name, value := range v.Headers {
			h.Set(name, value)
		}
		seconds, _ := strconv.ParseInt(h.Get(sig.TimestampHeader), 10, 64)
		at := time.Unix(seconds, 0)
		if err := sig.Verify(h, []byte(v.Body), [][]byte{key}, at, time.Minute); err != nil {
			t.Error(err)
		}
		if err := sig.Verify(h, bytes.TrimSpace([]byte(v.Body)), [][]byte{key}, at, time.Minute); !fault.Is(err, fault.Unauthorized) {
			t.Errorf("without its line end: %v", err)
		}
		if changes, err := parse([]byte(v.Body)); err != nil || len(changes) != 1 {
			t.Errorf("got %v, %v", changes, err)
		}
	}
	if !found {
		t.Error("there is no vector of SendGrid")
	}
}

func TestSeen(t *testing.T) {
	h := http.Header{}
	h.Set("Date", "Fri, 01 May 2026 12:00:00 GMT")
	h.Set("X-RateLimit-Limit", "600")
	h.Set("X-RateLimit-Remaining", "3")
	h.Set("X-RateLimit-Reset", strconv.FormatInt(time.Date(2026, 5, 1, 12, 0, 7, 0, time.UTC).Unix(), 10))
	if q := seen(h); q.Limit != 600 || q.Remaining != 3 || q.Reset != 7*time.Second {
		t.Errorf("got %+v", q)
	}
}
