package connector_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"strings"
	"testing"
	"time"

	"leadline/shared/connector"
	"leadline/shared/fault"
)

const tolerance = 5 * time.Minute

var now = time.Unix(1_741_078_800, 0)

func timed() connector.Signature {
	return connector.Signature{HashHeader: "x-hash", HashEncoding: connector.Hex, TimestampHeader: "x-time",
		KeyEncoding: connector.Hex, KeyBytes: 32}
}

func headers(pairs ...string) http.Header {
	h := http.Header{}
	for i := 0; i < len(pairs); i += 2 {
		h.Add(pairs[i], pairs[i+1])
	}
	return h
}

// wants checks the kind and code of a refusal; an empty code means that there must be none.
func wants(t *testing.T, err error, code string) {
	t.Helper()
	f := fault.Of(err)
	switch {
	case code == "" && err != nil:
		t.Errorf("refused: %v", err)
	case code != "" && (f == nil || f.Kind != fault.Unauthorized || f.Code != code):
		t.Errorf("got %v, want %s", err, code)
	}
}

// TestKnownAnswers uses RFC 4231, test case 2, and the same computed once with openssl for the timestamp before the body.
func TestKnownAnswers(t *testing.T) {
	key, body := []byte("Jefe"), []byte("what do ya want for nothing?")
	const hash = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
	raw, _ := hex.DecodeString(hash)
	alone := connector.Signature{HashHeader: "x-hash", HashEncoding: connector.Hex, KeyEncoding: connector.Raw}
	wants(t, alone.Verify(headers("x-hash", hash), body, [][]byte{key}, now, tolerance), "")
	alone.HashEncoding = connector.Base64
	wants(t, alone.Verify(headers("x-hash", base64.StdEncoding.EncodeToString(raw)), body, [][]byte{key}, now, tolerance), "")
	stamped := connector.Signature{HashHeader: "x-hash", HashEncoding: connector.Hex, TimestampHeader: "x-time", KeyEncoding: connector.Raw}
	const both = "b0a7365d2719bf4e8e956f2e7d1424fb469d69961c3de73da9f2d89179b1a80a"
	wants(t, stamped.Verify(headers("x-hash", both, "x-time", "1741078800"), body, [][]byte{key}, now, tolerance), "")
	wants(t, stamped.Verify(headers("x-hash", hash, "x-time", "1741078800"), body, [][]byte{key}, now, tolerance), "invalid_signature")
}

func TestVerify(t *testing.T) {
	sig, body := timed(), []byte(`{"a":1}`)
	old, key := bytes.Repeat([]byte{1}, 32), bytes.Repeat([]byte{2}, 32)
	signed := sig.Sign(body, key, now)
	hash, stamp := signed.Get("x-hash"), signed.Get("x-time")
	both := [][]byte{key, old}
	for _, c := range []struct {
		name   string
		header http.Header
		keys   [][]byte
		at     time.Time
		code   string
	}{
		{"signed", signed, both, now, ""},
		{"signed with the older key", sig.Sign(body, old, now), both, now, ""},
		{"header names in other letters", headers("X-HASH", hash, "X-Time", stamp), both, now, ""},
		{"as old as allowed", signed, both, now.Add(tolerance), ""},
		{"as far ahead as allowed", signed, both, now.Add(-tolerance), ""},
		{"too old", signed, both, now.Add(tolerance + time.Second), "stale_signature"},
		{"too far ahead", signed, both, now.Add(-tolerance - time.Second), "stale_signature"},
		{"years old", headers("x-hash", hash, "x-time", "1"), both, now, "stale_signature"},
		{"beyond what a duration holds", headers("x-hash", hash, "x-time", "9223372036854775807"), both, now, "stale_signature"},
		{"as far back as can be", headers("x-hash", hash, "x-time", "-9223372036854775808"), both, now, "stale_signature"},
		{"no key", signed, nil, now, "invalid_signature"},
		{"only a replaced key", signed, [][]byte{old}, now, "invalid_signature"},
		{"no hash", headers("x-time", stamp), both, now, "missing_signature"},
		{"no time", headers("x-hash", hash), both, now, "missing_signature"},
		{"no headers", nil, both, now, "missing_signature"},
		{"hash twice", headers("x-hash", hash, "x-hash", hash, "x-time", stamp), both, now, "invalid_signature"},
		{"time twice", headers("x-hash", hash, "x-time", stamp, "x-time", stamp), both, now, "invalid_signature"},
		{"hash twice, joined", headers("x-hash", hash+","+hash, "x-time", stamp), both, now, "invalid_signature"},
		{"hash twice, joined with a space", headers("x-hash", hash+", "+hash, "x-time", stamp), both, now, "invalid_signature"},
		{"time twice, joined", headers("x-hash", hash, "x-time", stamp+","+stamp), both, now, "invalid_signature"},
		{"hash in capitals", headers("x-hash", strings.ToUpper(hash), "x-time", stamp), both, now, "invalid_signature"},
		{"hash with a space", headers("x-hash", hash+" ", "x-time", stamp), both, now, "invalid_signature"},
		{"hash cut", headers("x-hash", hash[:62], "x-time", stamp), both, now, "invalid_signature"},
		{"hash no hex", headers("x-hash", strings.Repeat("x", 64), "x-time", stamp), both, now, "invalid_signature"},
		{"empty hash", headers("x-hash", "", "x-time", stamp), both, now, "invalid_signature"},
		{"empty time", headers("x-hash", hash, "x-time", ""), both, now, "invalid_signature"},
		{"time with a sign", headers("x-hash", hash, "x-time", "+"+stamp), both, now, "invalid_signature"},
		{"time with a zero before", headers("x-hash", hash, "x-time", "0"+stamp), both, now, "invalid_signature"},
		{"time with a fraction", headers("x-hash", hash, "x-time", stamp+".0"), both, now, "invalid_signature"},
		{"time in words", headers("x-hash", hash, "x-time", now.Format(time.RFC3339)), both, now, "invalid_signature"},
	} {
		t.Run(c.name, func(t *testing.T) { wants(t, sig.Verify(c.header, body, c.keys, c.at, tolerance), c.code) })
	}
}

func TestARefusalShowsNoHeaderAndNoBody(t *testing.T) {
	sig := timed()
	for _, h := range []http.Header{
		headers("x-hash", "s3cret", "x-time", "s3cret"), headers("x-time", "s3cret"), headers("x-hash", strings.Repeat("ab", 32), "x-time", "s3cret"),
	} {
		if err := sig.Verify(h, []byte("s3cret"), [][]byte{[]byte("s3cret")}, now, tolerance); err == nil || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("got %v", err)
		}
	}
	if _, err := sig.Key("s3cret"); err == nil || strings.Contains(err.Error(), "s3cret") {
		t.Errorf("got %v", err)
	}
}

func TestKey(t *testing.T) {
	for _, c := range []struct {
		encoding connector.Encoding
		size     int
		text     string
		want     string // in hex, empty for a refusal
	}{
		{connector.Hex, 2, "00ff", "00ff"},
		{connector.Hex, 2, "00FF", "00ff"},
		{connector.Hex, 2, "00f", ""},
		{connector.Hex, 2, "00ff00", ""},
		{connector.Hex, 2, "00gg", ""},
		{connector.Hex, 2, " 00ff", ""},
		{connector.Hex, 0, "00", "00"},
		{connector.Hex, 0, "", ""},
		{connector.Base64, 0, "AP8=", "00ff"},
		{connector.Base64, 0, "AP8", ""},
		{connector.Base64, 0, "AP9=", ""}, // trailing bits that another spelling would share
		{connector.Raw, 0, "ab", "6162"},
		{connector.Raw, 3, "ab", ""},
	} {
		key, err := connector.Signature{KeyEncoding: c.encoding, KeyBytes: c.size}.Key(c.text)
		if got := hex.EncodeToString(key); got != c.want || (err != nil) != (c.want == "") {
			t.Errorf("%s of %d bytes %q: got %q, %v", c.encoding, c.size, c.text, got, err)
		}
		if err != nil && !fault.Is(err, fault.Invalid) {
			t.Errorf("got %v, want it invalid", err)
		}
	}
}

func TestRegistry(t *testing.T) {
	r := connector.NewRegistry(connector.Definition{Name: "a", Title: "A"}, connector.Definition{Name: "b", Title: "B"})
	if d, ok := r["b"]; len(r) != 2 || !ok || d.Title != "B" {
		t.Fatalf("got %v", r)
	}
	if _, ok := r["c"]; ok {
		t.Fatal("an unknown connector is found")
	}
}
