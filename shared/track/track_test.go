package track_test

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"leadline/shared/fault"
	"leadline/shared/quarantine"
	"leadline/shared/record"
	"leadline/shared/track"
)

func read(t testing.TB, name string) []byte {
	t.Helper()
	text, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func compact(t testing.TB, text []byte) string {
	t.Helper()
	var buf bytes.Buffer
	if err := json.Compact(&buf, text); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return buf.String()
}

// at gives the JSON of a member by its path.
func at(t testing.TB, text []byte, path string) string {
	t.Helper()
	for name := range strings.SplitSeq(path, ".") {
		var members map[string]json.RawMessage
		if err := json.Unmarshal(text, &members); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		if text = members[name]; text == nil {
			return "missing"
		}
	}
	return compact(t, text)
}

// TestTheSampleOfTheDocumentation compares the sample of RudderStack's documentation field by field.
// https://www.rudderstack.com/docs/sources/event-streams/cloud-apps/close-crm/
func TestTheSampleOfTheDocumentation(t *testing.T) {
	fields := []string{"context.library.name", "context.library.version", "context.integration.name", "integrations.CloseCRM", "type", "event",
		"userId", "messageId", "originalTimestamp", "properties.date_created", "properties.meta", "properties.id", "properties.action",
		"properties.date_updated", "properties.organization_id", "properties.data", "properties.request_id", "properties.object_id",
		"properties.user_id", "properties.object_type", "properties.lead_id", "properties.subscription_id"}
	if len(fields) != 22 {
		t.Fatalf("%d fields", len(fields))
	}
	body, want := read(t, "opportunity-updated.json"), read(t, "opportunity-updated.track.json")
	for _, seed := range []bool{true, false} {
		got, err := track.Map(body, track.Options{SeedTimestamps: seed})
		if err != nil {
			t.Fatal(err)
		}
		if got.ID != "ev_2sYKRjcrA79yKxi3S4Crd7" || got.Type != "opportunity updated" {
			t.Errorf("got %s, %s", got.ID, got.Type)
		}
		name := map[bool]string{true: "with the documentation's timestamps/", false: "with right timestamps/"}[seed]
		for _, field := range fields {
			t.Run(name+field, func(t *testing.T) {
				expected := at(t, want, field)
				if field == "originalTimestamp" && !seed {
					expected = `"2019-01-15T12:48:23.395Z"`
				}
				if g := at(t, got.Body, field); g != expected || g == "missing" {
					t.Errorf("got %s, want %s", g, expected)
				}
			})
		}
		if seed {
			if g, w := sorted(t, got.Body), sorted(t, want); g != w {
				t.Errorf("as a whole: got\n%s\nwant\n%s", g, w)
			}
		}
	}
}

// sorted gives a JSON text with its names in order.
func sorted(t testing.TB, text []byte) string {
	t.Helper()
	f, err := record.ParseFields(text)
	if err != nil {
		t.Fatal(err)
	}
	return string(f.Canonical())
}

func TestSeedTimestamps(t *testing.T) {
	for at, want := range map[string]string{
		"2019-01-13T00:00:00": "2019-01-SuT00:00:00.000+00:00", "2019-01-14T00:00:00": "2019-01-MoT00:00:00.000+00:00",
		"2019-01-15T12:48:23.395999": "2019-01-TuT12:48:23.395+00:00", "2019-01-16T00:00:00": "2019-01-WeT00:00:00.000+00:00",
		"2019-01-17T23:30:00-02:00": "2019-01-FrT01:30:00.000+00:00", "2019-01-17T00:00:00": "2019-01-ThT00:00:00.000+00:00",
		"2019-01-19T00:00:00": "2019-01-SaT00:00:00.000+00:00",
	} {
		got, err := track.Map([]byte(`{"event":{"object_type":"lead","action":"updated","id":"ev_1","date_updated":"`+at+`"}}`), track.Options{SeedTimestamps: true})
		if g := gotTime(t, got.Body); err != nil || g != want {
			t.Errorf("%s: got %s, %v, want %s", at, g, err, want)
		}
	}
}

func gotTime(t testing.TB, body []byte) string {
	return strings.Trim(at(t, body, "originalTimestamp"), `"`)
}

// expand writes out the abbreviations of cases.txt.
func expand(s string) string {
	return strings.NewReplacer("EVENT", `"object_type":"task.lead","action":"updated","id":"ev_1"`,
		"TRACK", `"context":{"library":{"name":"unknown","version":"unknown"},"integration":{"name":"CloseCRM"}},"integrations":{"CloseCRM":false},"type":"track"`).Replace(s)
}

func TestCases(t *testing.T) {
	var name, body string
	seen, count := map[string]bool{}, 0
	for line := range strings.Lines(string(read(t, "cases.txt"))) {
		line = strings.TrimSuffix(line, "\n")
		sign, rest, _ := strings.Cut(line, " ")
		switch sign {
		case "=":
			name = rest
		case "<":
			body = expand(rest)
		case ">", "!":
			if seen[name] || name == "" {
				t.Errorf("two cases are called %q", name)
			}
			seen[name] = true
			count++
			t.Run(name, func(t *testing.T) {
				if sign == "!" {
					refused(t, body, rest)
				} else {
					becomes(t, body, expand(rest))
				}
			})
		}
	}
	if count < 60 {
		t.Errorf("only %d cases were read", count)
	}
}

func becomes(t *testing.T, body, want string) {
	t.Helper()
	got, err := track.Map([]byte(body), track.Options{})
	if err != nil || string(got.Body) != want {
		t.Errorf("got %v\n%s\nwant\n%s", err, got.Body, want)
	}
	var header struct{ Event, MessageID string }
	if err := json.Unmarshal(got.Body, &header); err != nil || header.Event != got.Type || header.MessageID != got.ID {
		t.Errorf("the event says %+v, %v, of itself; got %q, %q", header, err, got.Type, got.ID)
	}
}

func refused(t *testing.T, body, message string) {
	t.Helper()
	got, err := track.Map([]byte(body), track.Options{})
	f := fault.Of(err)
	if f == nil || f.Kind != fault.Invalid || f.Code != string(quarantine.UnmappableEvent) || !strings.HasPrefix(f.Message, message) {
		t.Errorf("got %s, %v, want the refusal %q", got.Body, err, message)
	}
}

func TestDeepBodies(t *testing.T) {
	nested := func(depth int) string {
		return `{"event":{"object_type":"lead","action":"updated","id":"ev_1","data":{"a":` + strings.Repeat(`[{"a":`, depth/2) + "1" +
			strings.Repeat(`}]`, depth/2) + `}}}`
	}
	if got, err := track.Map([]byte(nested(record.MaxDepth)), track.Options{}); err != nil || !strings.Contains(string(got.Body), strings.Repeat(`[{"a":`, record.MaxDepth/2)) {
		t.Errorf("as deep as a record may be: %v", err)
	}
	refused(t, nested(record.MaxDepth+2), "The body nests deeper than")
	refused(t, strings.Repeat("[", 5_000_000), "The body nests deeper than")
}

func TestTextThatIsNoUTF8(t *testing.T) {
	got, err := track.Map([]byte("{\"event\":{\"object_type\":\"lead\",\"action\":\"updated\",\"id\":\"ev_1\",\"note\":\"a\xff\xfeb\"}}"), track.Options{})
	if err != nil || !json.Valid(got.Body) || !strings.Contains(string(got.Body), `"note":"a`+"\uFFFD"+`b"`) {
		t.Errorf("got %q, %v", got.Body, err)
	}
}

func TestObjectsWithManyMembers(t *testing.T) {
	var b strings.Builder
	b.WriteString(`{"event":{"object_type":"lead","action":"updated","id":"ev_1","lead_id":"lead_1","data":{"k7":"first"`)
	for i := range 100 {
		b.WriteString(`,"k` + string(rune('a'+i%26)) + string(rune('a'+i/26)) + `":null`)
	}
	b.WriteString(`,"\u006b7":"last","gone":1,"gone":null}}}`)
	got, err := track.Map([]byte(b.String()), track.Options{})
	if data := at(t, got.Body, "properties.data"); err != nil || data != `{"\u006b7":"last"}` {
		t.Errorf("got %s, %v", data, err)
	}
}

func TestTheBodyIsNotChanged(t *testing.T) {
	body := read(t, "opportunity-updated.json")
	before := string(body)
	if _, err := track.Map(body, track.Options{}); err != nil || string(body) != before {
		t.Errorf("the body was changed, %v", err)
	}
}

func BenchmarkMap(b *testing.B) {
	body := read(b, "opportunity-updated.json")
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := track.Map(body, track.Options{}); err != nil {
			b.Fatal(err)
		}
	}
}
