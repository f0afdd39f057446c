package dynamo

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/klauspost/compress/flate"
	"pgregory.net/rapid"

	"leadline/shared/fault"
)

const goldenText = `{"s":{"kind":"webhook","delivery":"01K","event":"ev_2sYK","action":"updated","payload":` +
	`{"key":"archive/org_a1/conn_b2/2026/11/22/0a.gz","offset":7,"length":900}},"f":{"confidence":100,"date_lost":null,` +
	`"note":"Grüße","status_label":"Won","status_type":"won","value":100000,"value_currency":"USD"}}`

// A stored text can only be read with the dictionary that it was written with.
func TestDictionariesNeverChange(t *testing.T) {
	sum := sha256.Sum256([]byte(dictionary1))
	const want = "e437314c23ae3cd8ca8f058abf43206f502d0c1d02a92b70791d73c60b230cee"
	if got := hex.EncodeToString(sum[:]); got != want {
		t.Errorf("dictionary 1 is %s, want %s: make it a new format instead", got, want)
	}
	// Packed by the first revision of this package.
	packed, err := hex.DecodeString("" +
		"0122c73f46c591de643831d110e2c82423b8338d8cf40d1251dd6a8e70aba58101c8b56920e3900b054303032cb9129a01dc" +
		"8b0eef393c3f1533f581ca58f4a407caaaa88905576aa9ad050c00")
	if err != nil {
		t.Fatal(err)
	}
	plain, err := newCodec().unpack(packed)
	if err != nil || string(plain) != goldenText {
		t.Errorf("got %q, %v, want %q", plain, err, goldenText)
	}
}

func TestPackedReadsBack(t *testing.T) {
	c := newCodec()
	rapid.Check(t, func(t *rapid.T) {
		plain := rapid.SliceOf(rapid.Byte()).Draw(t, "plain")
		plain = bytes.Repeat(plain, rapid.IntRange(1, 50).Draw(t, "times"))
		packed, err := c.pack(plain)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := c.unpack(packed); err != nil || !bytes.Equal(got, plain) {
			t.Fatalf("got %q, %v, want %q", got, err, plain)
		}
	})
}

// While a new format is rolled out, items of the old one are read, and what the new code writes is not misread by the
// old.
func TestFormats(t *testing.T) {
	old := codecOf(1, map[byte][]byte{1: []byte("aaaaaaaa")})
	present := codecOf(2, map[byte][]byte{1: []byte("aaaaaaaa"), 2: []byte("bbbbbbbb")})
	text := []byte("aaaaaaaabbbbbbbb")
	packed, err := old.pack(text)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := present.unpack(packed); err != nil || !bytes.Equal(got, text) {
		t.Errorf("the format before reads as %q, %v", got, err)
	}
	if packed, err = present.pack(text); err != nil {
		t.Fatal(err)
	}
	if got, err := old.unpack(packed); err == nil {
		t.Errorf("an unknown format reads as %q", got)
	}
}

func TestUnpackRefusesGarbage(t *testing.T) {
	c := newCodec()
	packed, err := c.pack([]byte(`{"f":{"a":1}}`))
	if err != nil {
		t.Fatal(err)
	}
	for name, bad := range map[string][]byte{"nothing": nil, "no content": {1}, "unknown format": {9, 1, 2},
		"cut": packed[:len(packed)-2], "noise": {1, 255, 255, 255, 255}} {
		if got, err := c.unpack(bad); err == nil {
			t.Errorf("%s reads as %q", name, got)
		}
	}
	// The pooled reader works on after a failure.
	if _, err := c.unpack(packed); err != nil {
		t.Error(err)
	}
}

func TestPackedSizeIsBounded(t *testing.T) {
	c := newCodec()
	if _, err := c.pack(make([]byte, maxPlainBytes+1)); !fault.Is(err, fault.Invalid) {
		t.Errorf("packing more than the bound: %v", err)
	}
	// What expands beyond the bound, made by a codec that has none.
	packed, err := c.pack(make([]byte, maxPlainBytes))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.unpack(packed); err != nil {
		t.Errorf("unpacking the bound: %v", err)
	}
	if _, err := c.unpack(bomb(t)); err == nil {
		t.Error("a text beyond the bound is unpacked")
	}
}

func TestCodecIsSafeForConcurrentUse(t *testing.T) {
	c := newCodec()
	var group sync.WaitGroup
	for n := range 8 {
		group.Go(func() {
			random := rand.New(rand.NewPCG(uint64(n), 0))
			for range 100 {
				plain := fmt.Appendf(nil, `{"status_label":"%d","n":%d}`, random.Int(), n)
				packed, err := c.pack(plain)
				if err != nil {
					t.Error(err)
					return
				}
				if got, err := c.unpack(packed); err != nil || !bytes.Equal(got, plain) {
					t.Errorf("got %q, %v, want %q", got, err, plain)
					return
				}
			}
		})
	}
	group.Wait()
}

// bomb packs more than the bound.
func bomb(t *testing.T) []byte {
	t.Helper()
	var buf bytes.Buffer
	buf.WriteByte(1)
	w, err := flate.NewWriterDict(&buf, flate.BestCompression, []byte(dictionary1))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(make([]byte, maxPlainBytes+1)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}
