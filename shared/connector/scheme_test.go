package connector_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/x509"
	"encoding/base64"
	"net/http"
	"strings"
	"testing"
	"time"

	"leadline/shared/connector"
	"leadline/shared/fault"
)

// pair makes a public key as a provider shows it, and the private one that belongs to it.
func pair(t *testing.T, curve elliptic.Curve, seed byte) (public string, private []byte) {
	t.Helper()
	key, err := ecdsa.ParseRawPrivateKey(curve, bytes.Repeat([]byte{seed}, (curve.Params().BitSize+7)/8))
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	if private, err = x509.MarshalPKCS8PrivateKey(key); err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(der), private
}

func TestECDSA(t *testing.T) {
	sig := connector.Signature{Scheme: connector.ECDSA, HashHeader: "x-sig", HashEncoding: connector.Base64, TimestampHeader: "x-time", KeyEncoding: connector.Base64}
	text, private := pair(t, elliptic.P256(), 1)
	public, err := sig.Key(text)
	if err != nil {
		t.Fatal(err)
	}
	otherText, otherPrivate := pair(t, elliptic.P256(), 2)
	other, _ := sig.Key(otherText)
	body := []byte("[{}]\r\n")
	wants(t, sig.Verify(sig.Sign(body, private, now), body, [][]byte{other, public}, now, tolerance), "")
	wants(t, sig.Verify(sig.Sign(body, private, now), body, [][]byte{other}, now, tolerance), "invalid_signature")
	wants(t, sig.Verify(sig.Sign(body, otherPrivate, now), body, [][]byte{public}, now, tolerance), "invalid_signature")
	wants(t, sig.Verify(sig.Sign(body, private, now), body[:4], [][]byte{public}, now, tolerance), "invalid_signature")
	wants(t, sig.Verify(sig.Sign(body, public, now), body, [][]byte{public}, now, tolerance), "invalid_signature") // what is public signs nothing
	wants(t, sig.Verify(headers("x-sig", "AAAA", "x-time", "1741078800"), body, [][]byte{public}, now, tolerance), "invalid_signature")
	wants(t, sig.Verify(sig.Sign(body, private, now), body, [][]byte{public}, now.Add(2*tolerance), tolerance), "stale_signature")
	wants(t, sig.Verify(sig.Sign(body, private, now), body, [][]byte{[]byte("no key")}, now, tolerance), "invalid_signature")
	weak, _ := pair(t, elliptic.P224(), 1)
	for name, key := range map[string]string{"a private key": base64.StdEncoding.EncodeToString(private), "another curve": weak, "nothing": "", "no key": "AAAA"} {
		if _, err := sig.Key(key); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: got %v, want it invalid", name, err)
		}
	}
}

// TestParts uses the signature of Stripe's form: both in one header, a dot between what is signed.
func TestParts(t *testing.T) {
	sig := connector.Signature{HashHeader: "x-sig", HashPart: "v1", HashEncoding: connector.Hex, TimestampHeader: "X-Sig", TimestampPart: "t", Separator: ".",
		KeyEncoding: connector.Raw}
	key, body := []byte("whsec"), []byte(`{"a":1}`)
	h := sig.Sign(body, key, now)
	whole := h.Get("x-sig")
	if !strings.HasPrefix(whole, "t=1741078800,v1=") || len(h) != 1 {
		t.Fatalf("got %v", h)
	}
	_, hash, _ := strings.Cut(whole, ",v1=")
	wants(t, sig.Verify(h, body, [][]byte{key}, now, tolerance), "")
	for value, code := range map[string]string{
		"v1=" + hash + ",t=1741078800": "", // in any order
		"v0=00," + whole:               "", // beside others
		whole + ",v1=" + hash:          "invalid_signature",
		whole + ",t=1741078800":        "invalid_signature",
		"t=1741078801,v1=" + hash:      "invalid_signature",
		"t=1741078800":                 "missing_signature",
		"v1=" + hash:                   "missing_signature",
		"":                             "missing_signature",
		"t=1741078800, v1=" + hash:     "missing_signature",
		hash:                           "missing_signature",
	} {
		if err := sig.Verify(http.Header{"X-Sig": {value}}, body, [][]byte{key}, now, tolerance); err != nil || code != "" {
			t.Run(value, func(t *testing.T) { wants(t, err, code) })
		}
	}
	other := sig
	other.Separator = ""
	wants(t, other.Verify(h, body, [][]byte{key}, now, tolerance), "invalid_signature")
}

func TestAnOptionalSignatureIsNoneWithoutAKey(t *testing.T) {
	sig := timed()
	sig.Optional = true
	wants(t, sig.Verify(sig.Sign(nil, bytes.Repeat([]byte{1}, 32), now), nil, nil, now, tolerance), "invalid_signature")
	wants(t, sig.Verify(nil, nil, nil, now, tolerance), "missing_signature")
}

// TestAnAnswerThatCannotBeReadIsNotQuoted: the errors of encoding/json and time hold what they found.
func TestAnAnswerThatCannotBeReadIsNotQuoted(t *testing.T) {
	for _, body := range []string{`{"n":90210777013}`, `{"t":"mArKeD"}`, `mArKeD`, `{"n":"mArKeD`} {
		var v struct {
			N int8      `json:"n"`
			T time.Time `json:"t"`
		}
		err := connector.Answer{Body: []byte(body)}.Decode(&v)
		if !fault.Is(err, fault.Unavailable) || strings.Contains(err.Error(), "mArKeD") || strings.Contains(err.Error(), "90210") {
			t.Errorf("%s: got %v", body, err)
		}
	}
}
