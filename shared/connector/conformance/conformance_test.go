package conformance

import (
	"bytes"
	"crypto/hmac"
	"net/http"
	"os"
	"strconv"
	"testing"
	"testing/fstest"
	"time"

	"leadline/shared/connector"
	"leadline/shared/fault"
)

func TestTheToyConforms(t *testing.T) {
	Run(t, toy(), toyOptions())
	if found := Check(toy(), toyOptions()); len(found) > 0 {
		t.Fatalf("got %v", found)
	}
}

// hooked is the toy that is only listened to.
func hooked() connector.Definition {
	d := toy()
	return connector.Definition{Name: d.Name, Title: d.Title, DocsURL: d.DocsURL, Webhook: d.Webhook}
}

func TestAConnectorThatIsOnlyListenedToConforms(t *testing.T) {
	if found := Check(hooked(), toyOptions()); len(found) > 0 {
		t.Fatalf("got %v", found)
	}
}

func TestAConnectorWithoutWebhooksConforms(t *testing.T) {
	d := toy()
	d.Webhook, d.Subscription = nil, nil
	if found := Check(d, toyOptions()); len(found) > 0 {
		t.Fatalf("got %v", found)
	}
}

// caught checks that the suite finds a breach of the rule.
func caught(t *testing.T, rule string, found []Violation) {
	t.Helper()
	for _, v := range found {
		if v.Rule == rule {
			return
		}
	}
	t.Errorf("want a breach of %q, got %v", rule, found)
}

func TestBrokenDefinitionsAreCaught(t *testing.T) {
	for name, spoil := range map[string]func(*connector.Definition){
		"no name":               func(d *connector.Definition) { d.Name = "" },
		"name with a separator": func(d *connector.Definition) { d.Name = "to-y" },
		"name in capitals":      func(d *connector.Definition) { d.Name = "Toy" },
		"name of another":       func(d *connector.Definition) { d.Name = "doll" },
		"no title":              func(d *connector.Definition) { d.Title = " " },
		"no documentation":      func(d *connector.Definition) { d.DocsURL = "" },
		"plain documentation":   func(d *connector.Definition) { d.DocsURL = "http://toy.example.com" },
		"no parser revision":    func(d *connector.Definition) { d.Webhook.Parser = 0 },
		"huge parser revision":  func(d *connector.Definition) { d.Webhook.Parser = 10_000 },
		"no parse":              func(d *connector.Definition) { d.Webhook.Parse = nil },
		"no hash header":        func(d *connector.Definition) { d.Webhook.Signature.HashHeader = "" },
		"no header name":        func(d *connector.Definition) { d.Webhook.Signature.HashHeader = "toy hash" },
		"no timestamp name":     func(d *connector.Definition) { d.Webhook.Signature.TimestampHeader = "toy:time" },
		"one header for both":   func(d *connector.Definition) { d.Webhook.Signature.TimestampHeader = "Toy-Hash" },
		"unknown hash encoding": func(d *connector.Definition) { d.Webhook.Signature.HashEncoding = "base32" },
		"raw hash":              func(d *connector.Definition) { d.Webhook.Signature.HashEncoding = connector.Raw },
		"unknown key encoding":  func(d *connector.Definition) { d.Webhook.Signature.KeyEncoding = "" },
		"negative key length":   func(d *connector.Definition) { d.Webhook.Signature.KeyBytes = -1 },
	} {
		t.Run(name, func(t *testing.T) {
			d := hooked()
			spoil(&d)
			caught(t, Definition, Check(d, toyOptions()))
		})
	}
	t.Run("another folder", func(t *testing.T) {
		caught(t, Definition, Check(hooked(), Options{Samples: os.DirFS("testdata/toy")}))
	})
}

// broken verifies like the signature that it embeds, except for the functions that are set.
type broken struct {
	connector.Signature
	key    func(text string) ([]byte, error)
	sign   func(body, key []byte, at time.Time) http.Header
	verify func(header http.Header, body []byte, keys [][]byte, now time.Time, tolerance time.Duration) error
}

func (b broken) Key(text string) ([]byte, error) {
	if b.key != nil {
		return b.key(text)
	}
	return b.Signature.Key(text)
}

func (b broken) Sign(body, key []byte, at time.Time) http.Header {
	if b.sign != nil {
		return b.sign(body, key, at)
	}
	return b.Signature.Sign(body, key, at)
}

func (b broken) Verify(header http.Header, body []byte, keys [][]byte, now time.Time, tolerance time.Duration) error {
	if b.verify != nil {
		return b.verify(header, body, keys, now, tolerance)
	}
	return b.Signature.Verify(header, body, keys, now, tolerance)
}

func TestBrokenSignaturesAreCaught(t *testing.T) {
	sig := toy().Webhook.Signature
	first := func(h http.Header) http.Header {
		h = h.Clone()
		for name := range h {
			h.Set(name, h.Get(name))
		}
		return h
	}
	for name, b := range map[string]broken{
		"all is accepted": {verify: func(http.Header, []byte, [][]byte, time.Time, time.Duration) error { return nil }},
		"all is refused": {verify: func(http.Header, []byte, [][]byte, time.Time, time.Duration) error {
			return fault.New(fault.Unauthorized, "no", "No.")
		}},
		"refused as invalid": {verify: func(h http.Header, body []byte, keys [][]byte, now time.Time, d time.Duration) error {
			return fault.Wrap(sig.Verify(h, body, keys, now, d), fault.Invalid, "no", "No.")
		}},
		"the body is not looked at": {
			sign: func(_, key []byte, at time.Time) http.Header { return sig.Sign(nil, key, at) },
			verify: func(h http.Header, _ []byte, keys [][]byte, now time.Time, d time.Duration) error {
				return sig.Verify(h, nil, keys, now, d)
			}},
		"only the start of the body is looked at": {
			sign: func(body, key []byte, at time.Time) http.Header { return sig.Sign(body[:min(8, len(body))], key, at) },
			verify: func(h http.Header, body []byte, keys [][]byte, now time.Time, d time.Duration) error {
				return sig.Verify(h, body[:min(8, len(body))], keys, now, d)
			}},
		"the time is not looked at": {verify: func(h http.Header, body []byte, keys [][]byte, now time.Time, _ time.Duration) error {
			return sig.Verify(h, body, keys, now, 1<<62)
		}},
		"the tolerance is missed by a second": {verify: func(h http.Header, body []byte, keys [][]byte, now time.Time, d time.Duration) error {
			return sig.Verify(h, body, keys, now, d+time.Second)
		}},
		"a future time is taken": {verify: func(h http.Header, body []byte, keys [][]byte, now time.Time, d time.Duration) error {
			if stamp, err := strconv.ParseInt(h.Get(sig.TimestampHeader), 10, 64); err == nil && now.Unix() < stamp {
				now = time.Unix(stamp, 0)
			}
			return sig.Verify(h, body, keys, now, d)
		}},
		"a missing hash is let through": {verify: func(h http.Header, body []byte, keys [][]byte, now time.Time, d time.Duration) error {
			if h.Get(sig.HashHeader) == "" {
				return nil
			}
			return sig.Verify(h, body, keys, now, d)
		}},
		"the first of two headers counts": {verify: func(h http.Header, body []byte, keys [][]byte, now time.Time, d time.Duration) error {
			return sig.Verify(first(h), body, keys, now, d)
		}},
		"only the first key counts": {verify: func(h http.Header, body []byte, keys [][]byte, now time.Time, d time.Duration) error {
			return sig.Verify(h, body, keys[:min(1, len(keys))], now, d)
		}},
		"a part of the hash is compared": {verify: func(h http.Header, body []byte, keys [][]byte, now time.Time, d time.Duration) error {
			for _, key := range keys {
				whole := sig.Sign(body, key, now).Get(sig.HashHeader)
				if given := h.Get(sig.HashHeader); len(given) == len(whole) && hmac.Equal([]byte(given[:32]), []byte(whole[:32])) {
					h = h.Clone()
					h.Set(sig.HashHeader, whole)
				}
			}
			return sig.Verify(h, body, keys, now, d)
		}},
		"keys of any length": {key: func(text string) ([]byte, error) {
			s := sig
			s.KeyBytes = 0
			return s.Key(text)
		}},
		"keys as text": {key: func(text string) ([]byte, error) { return []byte(text), nil }},
	} {
		t.Run(name, func(t *testing.T) {
			b.Signature = sig
			s := &suite{definition: toy(), options: toyOptions()}
			s.checkSignature(sig, b)
			caught(t, Signature, s.found)
		})
	}
}

func TestBrokenSamplesAreCaught(t *testing.T) {
	row, want := read(t, "row.json"), read(t, "row.want.json")
	for name, files := range map[string]fstest.MapFS{
		"none":                {},
		"only a refused one":  {"a.json": row1(read(t, "nameless.json")), "a.want.json": row1(read(t, "nameless.want.json"))},
		"no want":             {"a.json": row1(row)},
		"want without sample": {"a.json": row1(row), "a.want.json": row1(want), "b.want.json": row1(want)},
		"want of nothing":     {"a.json": row1(row), "a.want.json": row1([]byte("{}"))},
		"want of both":        {"a.json": row1(row), "a.want.json": row1(bytes.Replace(want, []byte("{"), []byte(`{"reason": "missing_id",`), 1))},
		"want misspelled":     {"a.json": row1(row), "a.want.json": row1(bytes.Replace(want, []byte(`"action"`), []byte(`"acton"`), 1))},
		"want no JSON":        {"a.json": row1(row), "a.want.json": row1([]byte("{"))},
	} {
		t.Run(name, func(t *testing.T) {
			caught(t, Samples, Check(hooked(), Options{Samples: files, Folder: "toy"}))
		})
	}
	t.Run("not given", func(t *testing.T) { caught(t, Samples, Check(hooked(), Options{Folder: "toy"})) })
}

func row1(data []byte) *fstest.MapFile { return &fstest.MapFile{Data: data} }

func read(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile("testdata/toy/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
