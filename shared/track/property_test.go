package track_test

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"leadline/shared/fault"
	"leadline/shared/track"
)

// values draws JSON values, nulls often.
func values(depth int) *rapid.Generator[any] {
	leaves := []*rapid.Generator[any]{
		rapid.Just[any](nil), rapid.Just[any](nil), rapid.Bool().AsAny(), rapid.String().AsAny(), rapid.Int64().AsAny(),
		rapid.SampledFrom([]any{"", "lead_1", json.Number("1e400"), json.Number("12345678901234567"), json.Number("-0.10"), "2019-01-15T12:48:23.395999"}),
	}
	if depth == 0 {
		return rapid.OneOf(leaves...)
	}
	return rapid.OneOf(append(leaves,
		rapid.SliceOfN(values(depth-1), 0, 4).AsAny(),
		rapid.MapOfN(names(), values(depth-1), 0, 5).AsAny())...)
}

func names() *rapid.Generator[string] {
	return rapid.OneOf(rapid.SampledFrom([]string{"id", "action", "object_type", "lead_id", "object_id", "data", "date_updated", "date_created",
		"changed_fields", "previous_data", "subscription_id", "a.b", "ü"}), rapid.String())
}

// without gives what is to be left of a value: no nulls in objects, whatever stands in lists.
func without(value any) any {
	switch v := value.(type) {
	case map[string]any:
		kept := map[string]any{}
		for name, member := range v {
			if member != nil {
				kept[name] = without(member)
			}
		}
		return kept
	case []any:
		kept := []any{}
		for _, element := range v {
			kept = append(kept, without(element))
		}
		return kept
	}
	return value
}

func decode(t *rapid.T, text []byte) any {
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil || dec.More() {
		t.Fatalf("no JSON: %v in %q", err, text)
	}
	return v
}

// TestTheEventIsThereAndNothingElse holds what Map makes of drawn events against a plain transformation of decoded JSON.
func TestTheEventIsThereAndNothingElse(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		event := rapid.MapOfN(names(), values(4), 0, 10).Draw(t, "event")
		for _, name := range []string{"object_type", "action", "id"} {
			if rapid.IntRange(0, 19).Draw(t, name) > 0 {
				event[name] = rapid.StringMatching(`[a-z][a-z._]{0,5}`).Draw(t, name)
			}
		}
		envelope := map[string]any{"event": event}
		if s := values(1).Draw(t, "subscription"); s != nil {
			envelope["subscription_id"] = s
		}
		text, err := json.Marshal(envelope)
		if err != nil {
			t.Fatal(err)
		}
		got, err := track.Map(text, track.Options{SeedTimestamps: rapid.Bool().Draw(t, "seed")})
		if err != nil {
			if named(event["object_type"]) && named(event["action"]) && named(event["id"]) {
				t.Fatalf("refused: %v", err)
			}
			return
		}
		want := without(decode(t, text).(map[string]any)["event"]).(map[string]any)
		delete(want, "changed_fields")
		delete(want, "previous_data")
		if s, ok := envelope["subscription_id"]; ok {
			raw, _ := json.Marshal(s)
			want["subscription_id"] = without(decode(t, raw))
		}
		out := decode(t, got.Body).(map[string]any)
		if !reflect.DeepEqual(out["properties"], any(want)) {
			t.Fatalf("got %v, want %v", out["properties"], want)
		}
		sound(t, out, got)
	})
}

func named(value any) bool {
	s, ok := value.(string)
	return ok && strings.TrimSpace(s) != "" && s != "undefined"
}

type failer interface{ Fatalf(string, ...any) }

// sound checks what every event must be.
func sound(t failer, out map[string]any, got track.Event) {
	if out["type"] != "track" || out["event"] != got.Type || out["messageId"] != got.ID {
		t.Fatalf("the event is %v, %v, %v", out["type"], out["event"], out["messageId"])
	}
	user, hasUser := out["userId"]
	anonymous, hasAnonymous := out["anonymousId"]
	if hasUser == hasAnonymous || hasUser && !named(user) || hasAnonymous && !named(anonymous) {
		t.Fatalf("the user is %v, %v", user, anonymous)
	}
	for name, value := range out {
		if name == "undefined" || value == nil || value == "undefined" || value == "" {
			t.Fatalf("%s is %v", name, value)
		}
	}
	if words := strings.Fields(got.Type); len(words) < 2 || words[0] == "undefined" || words[len(words)-1] == "undefined" {
		t.Fatalf("the event is called %q", got.Type)
	}
}

func FuzzMap(f *testing.F) {
	f.Add(read(f, "opportunity-updated.json"), false)
	for line := range strings.Lines(string(read(f, "cases.txt"))) {
		if body, ok := strings.CutPrefix(strings.TrimSuffix(line, "\n"), "< "); ok {
			f.Add([]byte(expand(body)), true)
		}
	}
	f.Add([]byte("{\"event\":{\"object_type\":\"a\",\"action\":\"\xff\",\"id\":\"\\ud800\"}}"), false)
	f.Fuzz(func(t *testing.T, body []byte, seed bool) {
		got, err := track.Map(body, track.Options{SeedTimestamps: seed})
		again, errAgain := track.Map(body, track.Options{SeedTimestamps: seed})
		if !reflect.DeepEqual(got, again) || !reflect.DeepEqual(err, errAgain) {
			t.Fatalf("two outcomes of one body: %s, %v and %s, %v", got.Body, err, again.Body, errAgain)
		}
		if err != nil {
			if !fault.Is(err, fault.Invalid) || strings.Contains(err.Error(), "not JSON") && json.Valid(body) {
				t.Fatalf("refused: %v", err)
			}
			return
		}
		if !json.Valid(body) || !json.Valid(got.Body) {
			t.Fatalf("no JSON: %q became %q", body, got.Body)
		}
		var out map[string]any
		dec := json.NewDecoder(bytes.NewReader(got.Body))
		dec.UseNumber()
		if err := dec.Decode(&out); err != nil {
			t.Fatal(err)
		}
		sound(t, out, got)
	})
}
