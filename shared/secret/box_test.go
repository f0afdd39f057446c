package secret

import (
	"bytes"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"
)

// The keys of purposes are those of HKDF-Expand.
func TestPurposeKeysAreHKDF(t *testing.T) {
	key := bytes.Repeat([]byte{7}, DataKeyBytes)
	box, err := newBox(key)
	if err != nil {
		t.Fatal(err)
	}
	for _, purpose := range []string{"", "cursor", strings.Repeat("long", 100)} {
		derived, err := hkdf.Expand(sha256.New, box.mac, purpose, DataKeyBytes)
		if err != nil {
			t.Fatal(err)
		}
		h := hmac.New(sha256.New, derived)
		h.Write([]byte("data"))
		if want := h.Sum(nil); !bytes.Equal(box.MAC(purpose, []byte("data")), want) {
			t.Errorf("purpose %q: another MAC than that of HKDF", purpose)
		}
	}
}

// What is stored sealed must open for as long as it is stored.
func TestFormatOneStaysReadable(t *testing.T) {
	box, err := newBox(bytes.Repeat([]byte{7}, DataKeyBytes))
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := hex.DecodeString("0103b8afe12109205462141d382f4e5f02032f80b758b36cd51f9cb8ffac24fbbd2ac5dfe03d727584a0f11554339e6132c7119bbca7a7")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := box.Open("signing key", sealed); err != nil || string(got) != "made by the first revision" {
		t.Errorf("got %q, %v", got, err)
	}
	sealed[0] = 2
	if _, err := box.Open("signing key", sealed); err == nil {
		t.Error("an unknown format opens")
	}
}

func TestDataKeysOfAnotherLengthAreRefused(t *testing.T) {
	for _, n := range []int{0, 16, 31, 33} {
		if _, err := newBox(make([]byte, n)); err == nil {
			t.Errorf("a data key of %d bytes is taken", n)
		}
	}
}
