package close_test

import (
	"bytes"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"leadline/shared/connectors/close"
	"leadline/shared/fault"
)

const tolerance = 5 * time.Minute

// vector is a line of testdata/signatures/vectors.tsv, which make.sh beside it makes with openssl.
type vector struct {
	name            string
	body            []byte
	stamp, key, sum string
}

func vectors(t *testing.T) []vector {
	t.Helper()
	dir := filepath.Join("testdata", "signatures")
	table, err := os.ReadFile(filepath.Join(dir, "vectors.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	var all []vector
	for line := range strings.Lines(string(table)) {
		column := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(column) != 4 {
			t.Fatalf("no vector: %q", line)
		}
		body, err := os.ReadFile(filepath.Join(dir, "bodies", column[0]))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, vector{name: column[0], body: body, stamp: column[1], key: column[2], sum: column[3]})
	}
	if len(all) < 20 {
		t.Fatalf("only %d vectors", len(all))
	}
	return all
}

func (v vector) time(t *testing.T) time.Time {
	t.Helper()
	seconds, err := strconv.ParseInt(v.stamp, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return time.Unix(seconds, 0)
}

// verify asks the connector about the vector at the time of its signature.
func (v vector) verify(t *testing.T) error { return v.verifyAt(t, v.time(t)) }

func (v vector) verifyAt(t *testing.T, at time.Time) error {
	t.Helper()
	sig := close.Definition().Webhook.Signature
	key, err := sig.Key(v.key)
	if err != nil {
		return err
	}
	return sig.Verify(v.header(), v.body, [][]byte{key}, at, tolerance)
}

// header writes the names as Close does.
func (v vector) header() http.Header {
	h := http.Header{}
	h.Set("close-sig-hash", v.sum)
	h.Set("close-sig-timestamp", v.stamp)
	return h
}

func refused(t *testing.T, what string, err error) {
	t.Helper()
	if !fault.Is(err, fault.Unauthorized) {
		t.Errorf("%s: got %v, want it unauthorized", what, err)
	}
}

func TestVectors(t *testing.T) {
	sig := close.Definition().Webhook.Signature
	for _, v := range vectors(t) {
		if err := v.verify(t); err != nil {
			t.Errorf("%s: %v", v.name, err)
		}
		key, err := sig.Key(v.key)
		if err != nil {
			t.Fatal(err)
		}
		signed := sig.Sign(v.body, key, v.time(t))
		if signed.Get("Close-Sig-Hash") != v.sum || signed.Get("Close-Sig-Timestamp") != v.stamp || len(signed) != 2 {
			t.Errorf("%s: signed otherwise than openssl does: %v", v.name, signed)
		}
	}
}

// TestEveryByteCounts changes each byte of each part of a signed delivery into every other byte.
func TestEveryByteCounts(t *testing.T) {
	for _, v := range vectors(t) {
		if v.name != "event" && v.name != "unicode" && v.name != "bytes" {
			continue
		}
		for at := range v.body {
			for b := range 256 {
				changed := v
				changed.body = bytes.Clone(v.body)
				if changed.body[at] = byte(b); bytes.Equal(changed.body, v.body) {
					continue
				}
				refused(t, v.name+": body changed", changed.verify(t))
			}
		}
		for _, part := range []struct {
			what string
			text *string
		}{{"hash", &v.sum}, {"timestamp", &v.stamp}} {
			whole, at := *part.text, v.time(t)
			for i := range whole {
				for b := range 256 {
					changed := whole[:i] + string([]byte{byte(b)}) + whole[i+1:]
					if changed == whole {
						continue
					}
					*part.text = changed
					refused(t, v.name+": "+part.what+" changed", v.verifyAt(t, at))
				}
			}
			*part.text = whole
		}
		for i := range v.key {
			for _, digit := range "0123456789abcdef" {
				changed := v
				if changed.key = v.key[:i] + string(digit) + v.key[i+1:]; changed.key != v.key {
					refused(t, v.name+": key changed", changed.verify(t))
				}
			}
		}
	}
}

func TestABodyWithMoreOrLessIsRefused(t *testing.T) {
	for _, v := range vectors(t) {
		for _, body := range [][]byte{append(bytes.Clone(v.body), '\n'), append([]byte(" "), v.body...), append(bytes.Clone(v.body), 0)} {
			changed := v
			changed.body = body
			refused(t, v.name+" with a byte more", changed.verify(t))
		}
		if len(v.body) > 0 {
			changed := v
			changed.body = v.body[:len(v.body)-1]
			refused(t, v.name+" without its last byte", changed.verify(t))
		}
		// What moves from the timestamp into the body signs the same message, but is no time of now.
		moved := v
		moved.stamp, moved.body = v.stamp[:9], append([]byte(v.stamp[9:]), v.body...)
		refused(t, v.name+" with a digit moved", moved.verifyAt(t, v.time(t)))
	}
}

func TestHeadersMustBeThereOnceAndFresh(t *testing.T) {
	sig := close.Definition().Webhook.Signature
	v := vectors(t)[0]
	key, err := sig.Key(v.key)
	if err != nil {
		t.Fatal(err)
	}
	at := v.time(t)
	check := func(what string, header http.Header, at time.Time) {
		t.Helper()
		refused(t, what, sig.Verify(header, v.body, [][]byte{key}, at, tolerance))
	}
	check("no headers", http.Header{}, at)
	for _, name := range []string{"close-sig-hash", "close-sig-timestamp"} {
		missing, twice, joined, empty := v.header(), v.header(), v.header(), v.header()
		missing.Del(name)
		twice.Add(name, twice.Get(name))
		joined.Set(name, joined.Get(name)+","+joined.Get(name))
		empty.Set(name, "")
		check(name+" missing", missing, at)
		check(name+" doubled", twice, at)
		check(name+" doubled and joined", joined, at)
		check(name+" empty", empty, at)
	}
	check("stale", v.header(), at.Add(tolerance+time.Second))
	check("from the future", v.header(), at.Add(-tolerance-time.Second))
	for _, fresh := range []time.Duration{-tolerance, 0, tolerance} {
		if err := v.verifyAt(t, at.Add(fresh)); err != nil {
			t.Errorf("%s away: %v", fresh, err)
		}
	}
}

func TestTwoKeysAreValidDuringRotation(t *testing.T) {
	sig := close.Definition().Webhook.Signature
	keys := map[string][]byte{}
	for _, v := range vectors(t) {
		key, err := sig.Key(v.key)
		if err != nil {
			t.Fatal(err)
		}
		keys[v.key] = key
	}
	for _, v := range vectors(t) {
		for text, other := range keys {
			if text == v.key {
				continue
			}
			for _, both := range [][][]byte{{keys[v.key], other}, {other, keys[v.key]}} {
				if err := sig.Verify(v.header(), v.body, both, v.time(t), tolerance); err != nil {
					t.Errorf("%s: %v", v.name, err)
				}
			}
			refused(t, v.name, sig.Verify(v.header(), v.body, [][]byte{other}, v.time(t), tolerance))
		}
	}
}

func TestOnlyTheKeyAsCloseWritesItIsAKey(t *testing.T) {
	sig := close.Definition().Webhook.Signature
	good := strings.Repeat("0f", 32)
	if _, err := sig.Key(good); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"", good[:62], good + "00", good[:63] + "g", " " + good, good + "\n", strings.Repeat("k", 32)} {
		if _, err := sig.Key(text); !fault.Is(err, fault.Invalid) {
			t.Errorf("a key of %d characters: got %v", len(text), err)
		}
	}
}
