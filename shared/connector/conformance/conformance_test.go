package conformance

import (
	"bytes"
	"crypto/hmac"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"leadline/shared/connector"
	"leadline/shared/fault"
	"leadline/shared/quarantine"
	"leadline/shared/record"
)

// toy is a connector that conforms; the tests below break it in one way each.
func toy() connector.Definition {
	return connector.Definition{
		Name: "toy", Title: "Toy", DocsURL: "https://toy.example.com/docs",
		Webhook: &connector.Webhook{
			Signature: connector.Signature{HashHeader: "toy-hash", HashEncoding: connector.Hex, TimestampHeader: "toy-time",
				KeyEncoding: connector.Base64, KeyBytes: 32},
			Parser: 1, Parse: parseToy,
		},
	}
}

func refuse(r quarantine.Reason, message string) error {
	return fault.New(fault.Invalid, string(r), "%s", message)
}

func parseToy(body []byte) ([]record.Change, error) {
	tree, err := decode(body)
	if err != nil {
		return nil, refuse(quarantine.MalformedBody, "No JSON.")
	}
	top, ok := tree.(map[string]any)
	if !ok {
		return nil, refuse(quarantine.NotAnObject, "No object.")
	}
	object, _ := top["kind"].(string)
	id, _ := top["id"].(string)
	into, _ := top["into"].(string)
	stamp, _ := top["at"].(string)
	row, _ := top["row"].(map[string]any)
	at, err := time.Parse(time.RFC3339, stamp)
	switch {
	case object == "":
		return nil, refuse(quarantine.MissingObjectType, "kind is missing.")
	case id == "":
		return nil, refuse(quarantine.MissingID, "id is missing.")
	case len(object) > record.MaxObjectBytes || len(id) > record.MaxIDBytes:
		return nil, refuse(quarantine.InvalidID, "kind or id is too long.")
	case err != nil || at.Unix() <= 0:
		return nil, refuse(quarantine.MissingVersion, "at is no time.")
	case top["gone"] == true:
		if into == id {
			into = ""
		}
		return []record.Change{{Object: object, ID: id, Kind: record.Delete, Version: record.VersionAt(at, 1), MergedInto: into, Action: "gone"}}, nil
	case len(row) == 0:
		return nil, refuse(quarantine.MissingData, "row is missing.")
	}
	fields, err := record.FieldsOf(row)
	if err != nil {
		return nil, refuse(quarantine.MalformedBody, "row nests too deep.")
	}
	return []record.Change{{Object: object, ID: id, Kind: record.Upsert, Version: record.VersionAt(at, 1), Fields: fields, Action: "set"}}, nil
}

func toyOptions() Options { return Options{Samples: os.DirFS("testdata/toy"), Folder: "toy"} }

func TestTheToyConforms(t *testing.T) {
	Run(t, toy(), toyOptions())
	if found := Check(toy(), toyOptions()); len(found) > 0 {
		t.Fatalf("got %v", found)
	}
}

func TestAConnectorWithoutWebhooksConforms(t *testing.T) {
	d := toy()
	d.Webhook = nil
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
			d := toy()
			spoil(&d)
			caught(t, Definition, Check(d, toyOptions()))
		})
	}
	t.Run("another folder", func(t *testing.T) {
		caught(t, Definition, Check(toy(), Options{Samples: os.DirFS("testdata/toy")}))
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

// reparse breaks what parseToy makes of a body.
func reparse(spoil func(body []byte, changes []record.Change, err error) ([]record.Change, error)) func([]byte) ([]record.Change, error) {
	return func(body []byte) ([]record.Change, error) {
		changes, err := parseToy(body)
		return spoil(body, changes, err)
	}
}

func TestBrokenParsersAreCaught(t *testing.T) {
	each := func(spoil func(c *record.Change)) func([]byte) ([]record.Change, error) {
		return reparse(func(_ []byte, changes []record.Change, err error) ([]record.Change, error) {
			for i := range changes {
				spoil(&changes[i])
			}
			return changes, err
		})
	}
	onFault := func(spoil func(body []byte, f *fault.Error) error) func([]byte) ([]record.Change, error) {
		return reparse(func(body []byte, changes []record.Change, err error) ([]record.Change, error) {
			if f := fault.Of(err); f != nil {
				return nil, spoil(body, f)
			}
			return changes, err
		})
	}
	var calls atomic.Int64
	stop := make(chan struct{})
	t.Cleanup(func() { close(stop) })
	for _, c := range []struct {
		name, rule string
		parse      func([]byte) ([]record.Change, error)
	}{
		{"other id", Samples, each(func(c *record.Change) { c.ID += "x" })},
		{"other object", Samples, each(func(c *record.Change) { c.Object += "x" })},
		{"other time", Samples, each(func(c *record.Change) { c.Version.Micros++ })},
		{"action forgotten", Samples, each(func(c *record.Change) { c.Action = "" })},
		{"merge forgotten", Samples, each(func(c *record.Change) { c.MergedInto = "" })},
		{"field added", Samples, each(func(c *record.Change) {
			if c.Fields != nil {
				c.Fields["x"] = json.RawMessage("1")
			}
		})},
		{"other reason", Samples, onFault(func(_ []byte, f *fault.Error) error { return refuse(quarantine.MissingData, f.Message) })},
		{"bad bodies taken", Samples, onFault(func([]byte, *fault.Error) error { return nil })},

		{"no version", Changes, each(func(c *record.Change) { c.Version.Micros = 0 })},
		{"other parser revision", Changes, each(func(c *record.Change) { c.Version.Parser = 2 })},
		{"no id", Changes, each(func(c *record.Change) { c.ID = "" })},
		{"no object", Changes, each(func(c *record.Change) { c.Object = "" })},
		{"unknown kind", Changes, each(func(c *record.Change) { c.Kind = "patch" })},
		{"deletion with fields", Changes, each(func(c *record.Change) { c.Fields = record.Fields{"a": json.RawMessage("1")} })},
		{"nothing but a key", Changes, each(func(c *record.Change) { c.Fields = nil })},
		{"merged into itself", Changes, each(func(c *record.Change) { c.MergedInto = c.ID })},
		{"merged and living", Changes, each(func(c *record.Change) { c.MergedInto = "r9" })},
		{"fields as they came", Changes, each(func(c *record.Change) {
			if c.Fields != nil {
				c.Fields["tags"] = json.RawMessage(`["a", {"n": 1}]`)
			}
		})},
		{"fields no JSON", Changes, each(func(c *record.Change) {
			if c.Fields != nil {
				c.Fields["tags"] = json.RawMessage(`[`)
			}
		})},
		{"a record twice", Changes, reparse(func(_ []byte, changes []record.Change, err error) ([]record.Change, error) {
			return append(changes, changes...), err
		})},
		{"ids of any length", Changes, func(body []byte) ([]record.Change, error) {
			tree, _ := decode(body)
			if top, ok := tree.(map[string]any); ok {
				if id, _ := top["id"].(string); len(id) > record.MaxIDBytes {
					changes, err := parseToy(encode(replace(top, path{"id"}, "short")))
					for i := range changes {
						changes[i].ID = id
					}
					return changes, err
				}
			}
			return parseToy(body)
		}},

		{"numbers as floats", Numbers, each(func(c *record.Change) {
			for name, value := range c.Fields {
				var v any
				if json.Unmarshal(value, &v) == nil {
					c.Fields[name], _ = json.Marshal(v)
				}
			}
		})},
		{"numbers dropped", Numbers, each(func(c *record.Change) {
			delete(c.Fields, "amount")
			delete(c.Fields, "tags")
		})},

		{"panics on null", Garbage, func(body []byte) ([]record.Change, error) {
			if bytes.Equal(body, []byte("null")) {
				panic("null")
			}
			return parseToy(body)
		}},
		{"panics on a missing field", Garbage, func(body []byte) ([]record.Change, error) {
			tree, _ := decode(body)
			if top, ok := tree.(map[string]any); ok && top["kind"] != nil {
				_ = top["at"].(string)
			}
			return parseToy(body)
		}},
		{"plain errors", Garbage, onFault(func([]byte, *fault.Error) error { return fmt.Errorf("no") })},
		{"faults of another kind", Garbage, onFault(func(_ []byte, f *fault.Error) error { return fault.New(fault.Internal, f.Code, "No.") })},
		{"faults with another code", Garbage, onFault(func([]byte, *fault.Error) error { return fault.New(fault.Invalid, "bad", "No.") })},
		{"faults without a message", Garbage, onFault(func(_ []byte, f *fault.Error) error { return fault.New(fault.Invalid, f.Code, "") })},
		{"changes beside a fault", Garbage, reparse(func(_ []byte, changes []record.Change, err error) ([]record.Change, error) {
			if err != nil {
				changes = []record.Change{{}}
			}
			return changes, err
		})},

		{"the body in a message", Quoting, onFault(func(body []byte, f *fault.Error) error {
			return fault.New(fault.Invalid, f.Code, "Cannot read %q.", body)
		})},
		{"the body in a cause", Quoting, onFault(func(body []byte, f *fault.Error) error {
			return fault.Wrap(fmt.Errorf("in %s", body), fault.Invalid, f.Code, "Cannot read it.")
		})},
		{"the id in a message about a missing row", Quoting, onFault(func(body []byte, f *fault.Error) error {
			tree, _ := decode(body)
			if f.Code == string(quarantine.MissingData) {
				return fault.New(fault.Invalid, f.Code, "%v has no row.", tree.(map[string]any)["id"])
			}
			return f
		})},
		{"a number in a message", Quoting, onFault(func(body []byte, f *fault.Error) error {
			if tree, err := decode(body); err == nil {
				if n, ok := tree.(json.Number); ok {
					return fault.New(fault.Invalid, f.Code, "%s is no object.", n)
				}
			}
			return f
		})},

		{"another event id each time", Determinism, each(func(c *record.Change) { c.Event = strconv.FormatInt(calls.Add(1), 10) })},
		{"order of keys", Determinism, reparse(func(body []byte, changes []record.Change, err error) ([]record.Change, error) {
			for i := range changes {
				changes[i].Event = strconv.Itoa(bytes.IndexByte(body, '"'))
			}
			return changes, err
		})},
		{"body changed", Determinism, reparse(func(body []byte, changes []record.Change, err error) ([]record.Change, error) {
			if len(body) > 0 && err == nil {
				body[len(body)-1] = ' '
			}
			return changes, err
		})},
		{"body kept", Determinism, reparse(func(body []byte, changes []record.Change, err error) ([]record.Change, error) {
			at := bytes.Index(body, []byte("12.50"))
			for i := range changes {
				if at >= 0 && changes[i].Fields != nil {
					changes[i].Fields["amount"] = json.RawMessage(body[at : at+5])
				}
			}
			return changes, err
		})},

		{"goroutine left", Goroutines, func(body []byte) ([]record.Change, error) {
			if len(body) == 4 {
				go func() { <-stop }()
			}
			return parseToy(body)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := toy()
			d.Webhook.Parse = c.parse
			caught(t, c.rule, Check(d, toyOptions()))
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
			caught(t, Samples, Check(toy(), Options{Samples: files, Folder: "toy"}))
		})
	}
	t.Run("not given", func(t *testing.T) { caught(t, Samples, Check(toy(), Options{Folder: "toy"})) })
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
