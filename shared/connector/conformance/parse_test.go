package conformance

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"sync/atomic"
	"testing"

	"leadline/shared/fault"
	"leadline/shared/quarantine"
	"leadline/shared/record"
)

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
					changes, err := parseToy(encode(replace(top, way{"id"}, "short")))
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
			d := hooked()
			d.Webhook.Parse = c.parse
			caught(t, c.rule, Check(d, toyOptions()))
		})
	}
}
