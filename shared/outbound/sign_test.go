package outbound_test

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"pgregory.net/rapid"

	"leadline/shared/connector/specs"
	"leadline/shared/fault"
	"leadline/shared/outbound"
)

func keyOf(t testing.TB, secret string) []byte {
	t.Helper()
	key, err := outbound.DecodeSecret(secret)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// TestTheExampleOfTheSpecification needs no file: the values are those of the specification's own libraries.
func TestTheExampleOfTheSpecification(t *testing.T) {
	h := outbound.Sign([][]byte{keyOf(t, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")}, "msg_p5jXN8AQM9LWM0D4loKWxJek", time.Unix(1614265330, 999), []byte(`{"test": 2432232314}`))
	for name, want := range map[string]string{"webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek", "webhook-timestamp": "1614265330",
		"webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="} {
		if got := h.Get(name); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
}

// TestVectors signs what the vectors of our scheme signed: our signature is among those of a valid vector, and never among
// those of an invalid one. Vectors that lack what a signer always has are for receivers.
func TestVectors(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(specs.Dir(t, "webhooks"), "webhook-signature-vectors.json"))
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Vectors []struct {
			Name, Secret, Body string
			Headers            map[string]string
			Valid              bool
		}
	}
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	valid, invalid := 0, 0
	for _, v := range file.Vectors {
		at, err := strconv.ParseInt(v.Headers["webhook-timestamp"], 10, 64)
		if !strings.HasPrefix(v.Name, "standard-webhooks") || v.Secret == "" || err != nil || v.Headers["webhook-id"] == "" || v.Headers["webhook-signature"] == "" {
			continue
		}
		ours := outbound.Sign([][]byte{keyOf(t, v.Secret)}, v.Headers["webhook-id"], time.Unix(at, 0), []byte(v.Body)).Get("webhook-signature")
		among := false
		for _, one := range strings.Fields(v.Headers["webhook-signature"]) {
			among = among || one == ours
		}
		if among != v.Valid {
			t.Errorf("%s: our signature %q is among them: %v", v.Name, ours, among)
		}
		if v.Valid {
			valid++
		} else {
			invalid++
		}
	}
	if valid != 3 || invalid != 5 {
		t.Errorf("%d valid and %d invalid vectors of our scheme were tried, want 3 and 5", valid, invalid)
	}
}

// TestReceiversVerify lets the specification's own library verify what we sign, with each of the secrets.
func TestReceiversVerify(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		body := rapid.SliceOf(rapid.Byte()).Draw(t, "body")
		id := rapid.StringMatching(`[A-Za-z0-9_-]{1,40}`).Draw(t, "id")
		secrets := make([]string, rapid.IntRange(1, 2).Draw(t, "secrets"))
		keys := make([][]byte, len(secrets))
		for i := range secrets {
			var err error
			if secrets[i], err = outbound.NewSecret(rand.Reader); err != nil {
				t.Fatal(err)
			}
			if keys[i], err = outbound.DecodeSecret(secrets[i]); err != nil || len(keys[i]) != 32 {
				t.Fatalf("%d bytes, %v", len(keys[i]), err)
			}
		}
		h := outbound.Sign(keys, id, time.Now(), body)
		for _, s := range secrets {
			receiver, err := standardwebhooks.NewWebhook(s)
			if err != nil {
				t.Fatal(err)
			}
			if err := receiver.Verify(body, h); err != nil {
				t.Fatalf("one of %d secrets: %v", len(secrets), err)
			}
			if receiver.Verify(append([]byte("x"), body...), h) == nil {
				t.Fatal("another body passes")
			}
		}
		stranger, err := standardwebhooks.NewWebhookRaw(make([]byte, 32))
		if err != nil {
			t.Fatal(err)
		}
		if stranger.Verify(body, h) == nil {
			t.Fatal("another secret verifies")
		}
	})
}

func TestSecrets(t *testing.T) {
	text, err := outbound.NewSecret(bytes.NewReader(bytes.Repeat([]byte{7}, 40)))
	if want := "whsec_" + base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{7}, 32)); err != nil || text != want {
		t.Errorf("got %q, %v, want %q", text, err, want)
	}
	if _, err := outbound.NewSecret(iotest.ErrReader(errors.New("dry"))); err == nil {
		t.Error("a secret without randomness")
	}
	for name, bad := range map[string]string{
		"empty": "", "only a prefix": "whsec_", "no base64": "whsec_!!!!", "short": "whsec_" + base64.StdEncoding.EncodeToString(make([]byte, 23)),
		"long": "whsec_" + base64.StdEncoding.EncodeToString(make([]byte, 65)), "another kind": "whsk_" + base64.StdEncoding.EncodeToString(make([]byte, 32)),
		"base64url": "whsec_" + strings.Repeat("-_", 22),
	} {
		if _, err := outbound.DecodeSecret(bad); !fault.Is(err, fault.Invalid) || len(bad) > 8 && strings.Contains(err.Error(), bad[6:]) {
			t.Errorf("%s: %v", name, err)
		}
	}
	s := outbound.NewSigner("whsec_abc", []byte("sealed"), time.Unix(1, 0))
	if s.Fingerprint != "e1ac16da" || string(s.Sealed) != "sealed" || !s.Valid(time.Now()) {
		t.Errorf("got %+v", s)
	}
}

func TestRotate(t *testing.T) {
	now := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	secret := func(name string) outbound.Secret { return outbound.Secret{Fingerprint: name, CreatedAt: now} }
	names := func(d outbound.Destination, at time.Time) (all string) {
		for _, s := range d.ValidSecrets(at) {
			all += s.Fingerprint
		}
		return all
	}
	d := outbound.Destination{Rev: 1}.Rotate(secret("a"), time.Hour, now)
	if names(d, now) != "a" || d.PresentSecret().Fingerprint != "a" || d.Rev != 2 || !d.UpdatedAt.Equal(now) {
		t.Fatalf("the first: %+v", d)
	}
	before := d
	d = d.Rotate(secret("b"), time.Hour, now)
	if names(d, now) != "ba" || names(d, now.Add(time.Hour)) != "b" || d.PresentSecret().Fingerprint != "b" {
		t.Errorf("the second: %+v", d)
	}
	if d = d.Rotate(secret("c"), time.Hour, now); names(d, now) != "cb" {
		t.Errorf("more than two sign: %+v", d)
	}
	if d = d.Rotate(secret("d"), 0, now); names(d, now) != "d" || len(d.Secrets) != 1 {
		t.Errorf("without overlap: %+v", d)
	}
	if names(before, now) != "a" {
		t.Error("a rotation changed what it was made of")
	}
	if (outbound.Destination{}).PresentSecret() != nil {
		t.Error("a destination without a secret has one")
	}
}

func TestDestinationChanges(t *testing.T) {
	now := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	d := outbound.Destination{Rev: 7, Status: outbound.Active, URL: "https://a.example/"}
	failing := d.Failing(now.Add(-time.Hour), "It answered 500.", now)
	if failing.Rev != 8 || failing.FailingSince.IsZero() || failing.Problem == "" || failing.Status != outbound.Active {
		t.Errorf("failing: %+v", failing)
	}
	off := failing.SwitchedOff("Enough.", now)
	if off.Status != outbound.Failed || off.Problem != "Enough." || off.FailingSince.IsZero() || off.Rev != 9 {
		t.Errorf("off: %+v", off)
	}
	for name, fine := range map[string]outbound.Destination{"working": failing.Working(now), "switched on": off.WithStatus(outbound.Active, now),
		"moved": failing.WithURL("https://b.example/", now)} {
		if fine.Status != outbound.Active || fine.Problem != "" || !fine.FailingSince.IsZero() {
			t.Errorf("%s: %+v", name, fine)
		}
	}
}
