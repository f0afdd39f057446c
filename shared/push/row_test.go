package push_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"leadline/shared/push"
	"leadline/shared/quarantine"
	"leadline/shared/record"
)

func nested(depth int, inner string) string {
	return strings.Repeat("[", depth) + inner + strings.Repeat("]", depth)
}

func fields(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `,"f%d":1`, i)
	}
	return b.String()
}

func TestJudge(t *testing.T) {
	for _, c := range []struct {
		name, row string
		settings  push.Settings
		want      push.Row
		fields    string
	}{
		{"a create", `{"id":"a","action":"create","n":1}`, push.Settings{}, push.Row{ID: "a", Action: record.ActionCreate}, `{"id":"a","n":1}`},
		{"action in another case", `{"id":"a","action":"CREATED"}`, push.Settings{}, push.Row{ID: "a", Action: record.ActionCreate}, `{"id":"a"}`},
		{"update", `{"id":"a","action":"update"}`, push.Settings{}, push.Row{ID: "a", Action: record.ActionUpdate}, `{"id":"a"}`},
		{"updated", `{"id":"a","action":"Updated"}`, push.Settings{}, push.Row{ID: "a", Action: record.ActionUpdate}, `{"id":"a"}`},
		{"delete", `{"id":"a","action":"delete"}`, push.Settings{}, push.Row{ID: "a", Action: record.ActionDelete}, `{"id":"a"}`},
		{"deleted", `{"id":"a","action":"deleteD"}`, push.Settings{}, push.Row{ID: "a", Action: record.ActionDelete}, `{"id":"a"}`},
		{"null stays null, absent stays absent", `{"id":"a","action":"update","gone":null}`, push.Settings{}, push.Row{ID: "a", Action: record.ActionUpdate}, `{"gone":null,"id":"a"}`},
		{"number id", `{"id":123,"action":"create"}`, push.Settings{}, push.Row{ID: "123", Action: record.ActionCreate}, `{"id":123}`},
		{"the same as text", `{"id":"123","action":"create"}`, push.Settings{}, push.Row{ID: "123", Action: record.ActionCreate}, `{"id":"123"}`},
		{"whole with a point", `{"id":123.0,"action":"create"}`, push.Settings{}, push.Row{ID: "123", Action: record.ActionCreate}, `{"id":123.0}`},
		{"whole with an exponent", `{"id":1.23e2,"action":"create"}`, push.Settings{}, push.Row{ID: "123", Action: record.ActionCreate}, `{"id":1.23e2}`},
		{"text that only looks like it", `{"id":"123.0","action":"create"}`, push.Settings{}, push.Row{ID: "123.0", Action: record.ActionCreate}, `{"id":"123.0"}`},
		{"leading zeros are text", `{"id":"00123","action":"create"}`, push.Settings{}, push.Row{ID: "00123", Action: record.ActionCreate}, `{"id":"00123"}`},
		{"17 digits", `{"id":12345678901234567,"action":"create","n":98765432109876543}`, push.Settings{},
			push.Row{ID: "12345678901234567", Action: record.ActionCreate}, `{"id":12345678901234567,"n":98765432109876543}`},
		{"endless numbers", `{"id":1,"action":"create","n":1e400,"m":-0.10,"o":1E+2}`, push.Settings{}, push.Row{ID: "1", Action: record.ActionCreate}, `{"id":1,"m":-0.10,"n":1e400,"o":1E+2}`},
		{"the longest number", `{"id":1e511,"action":"create"}`, push.Settings{}, push.Row{ID: "1" + strings.Repeat("0", 511), Action: record.ActionCreate}, `{"id":1e511}`},
		{"minus", `{"id":-5,"action":"create"}`, push.Settings{}, push.Row{ID: "-5", Action: record.ActionCreate}, `{"id":-5}`},
		{"minus nothing", `{"id":-0.0,"action":"create"}`, push.Settings{}, push.Row{ID: "0", Action: record.ActionCreate}, `{"id":-0.0}`},
		{"spaces are text", `{"id":" a ","action":"create"}`, push.Settings{}, push.Row{ID: " a ", Action: record.ActionCreate}, `{"id":" a "}`},
		{"the longest id", `{"id":"` + strings.Repeat("x", 512) + `","action":"create"}`, push.Settings{},
			push.Row{ID: strings.Repeat("x", 512), Action: record.ActionCreate}, `{"id":"` + strings.Repeat("x", 512) + `"}`},
		{"another id field", `{"transaction_id":7,"id":null,"action":"create"}`, push.Settings{IDField: "transaction_id"},
			push.Row{ID: "7", Action: record.ActionCreate}, `{"id":null,"transaction_id":7}`},
		{"canonical", "{ \"id\" : \"\\u0061\" , \"action\":\"create\", \"o\": { \"b\":1.0, \"a\" : [ 1 , \"\\u00e9<\" ] }, \"t\":\"Zo\u00eb\" }", push.Settings{},
			push.Row{ID: "a", Action: record.ActionCreate}, `{"id":"a","o":{"a":[1,"é<"],"b":1.0},"t":"Zoë"}`},
		{"hostile names", `{"id":"a","action":"create","__proto__":1,"a.b":2,"$ne":3,"' OR 1=1":4,"\ud83d\ude00":5,"ID":6,"Action":7," ":8}`, push.Settings{},
			push.Row{ID: "a", Action: record.ActionCreate}, `{" ":8,"$ne":3,"' OR 1=1":4,"Action":7,"ID":6,"__proto__":1,"a.b":2,"id":"a","😀":5}`},
		{"the longest name", `{"id":"a","action":"create","` + strings.Repeat("n", 256) + `":1}`, push.Settings{}, push.Row{ID: "a", Action: record.ActionCreate},
			`{"id":"a","` + strings.Repeat("n", 256) + `":1}`},
		{"one name at two places", `{"id":"a","action":"create","x":{"id":1},"y":{"id":2,"x":[{"id":1},{"id":1}]}}`, push.Settings{},
			push.Row{ID: "a", Action: record.ActionCreate}, `{"id":"a","x":{"id":1},"y":{"id":2,"x":[{"id":1},{"id":1}]}}`},
		{"a date and time", `{"id":"a","action":"update","at":"2025-03-10T09:00:00.123456789+01:00"}`, push.Settings{VersionField: "at"},
			push.Row{ID: "a", Action: record.ActionUpdate, Version: 1741593600123456, Versioned: true, Dated: true}, `{"at":"2025-03-10T09:00:00.123456789+01:00","id":"a"}`},
		{"a number of version", `{"id":"a","action":"delete","rev":17}`, push.Settings{VersionField: "rev"},
			push.Row{ID: "a", Action: record.ActionDelete, Version: 17, Versioned: true}, `{"id":"a","rev":17}`},
		{"the id is the version", `{"id":12,"action":"update"}`, push.Settings{VersionField: "id"},
			push.Row{ID: "12", Action: record.ActionUpdate, Version: 12, Versioned: true}, `{"id":12}`},
		{"as deep as it goes", `{"id":"a","action":"create","x":` + nested(63, "1") + `}`, push.Settings{}, push.Row{ID: "a", Action: record.ActionCreate}, `{"id":"a","x":` + nested(63, "1") + `}`},
	} {
		got, err := push.Judge(json.RawMessage(c.row), 7, c.settings)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if text := string(got.Fields.Canonical()); text != c.fields {
			t.Errorf("%s: got the fields %s", c.name, text)
		}
		c.want.Number, c.want.Fields = 7, got.Fields
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
	}
	most := `{"id":"a","action":"create"` + fields(push.MaxFields-2) + `}`
	if got, err := push.Judge(json.RawMessage(most), 1, push.Settings{}); err != nil || len(got.Fields) != push.MaxFields-1 {
		t.Errorf("as many fields as may be: %v", err)
	}
	largest := `{"id":"a","action":"create","x":"` + strings.Repeat("x", push.MaxRowBytes-35) + `"}`
	if got, err := push.Judge(json.RawMessage(largest), 1, push.Settings{}); err != nil || len(largest) != push.MaxRowBytes || len(got.Fields) != 2 {
		t.Errorf("as large as may be: %d bytes, %v", len(largest), err)
	}
}

func TestJudgeRefuses(t *testing.T) {
	at, rev := push.Settings{VersionField: "at"}, push.Settings{IDField: "key"}
	const id = "field \"id\": expected the id of the record, a text or a whole number of at most 512 bytes, found "
	const version = "field \"at\": expected a time since 1970 or a whole number from 0 to 9999999999999999, found "
	for _, c := range []struct {
		name, row string
		settings  push.Settings
		code      quarantine.Reason
		message   string
	}{
		{"no JSON", `{"id":`, push.Settings{}, quarantine.MalformedBody, "expected an object, found what is no JSON"},
		{"nothing", ``, push.Settings{}, quarantine.MalformedBody, "expected an object, found what is no JSON"},
		{"null", `null`, push.Settings{}, quarantine.NotAnObject, "expected an object, found null"},
		{"a list", `[{"id":1}]`, push.Settings{}, quarantine.NotAnObject, "expected an object, found a list"},
		{"a text", `"secret"`, push.Settings{}, quarantine.NotAnObject, "expected an object, found a text of 6 bytes"},
		{"a number", `17`, push.Settings{}, quarantine.NotAnObject, "expected an object, found a number"},
		{"true", `true`, push.Settings{}, quarantine.NotAnObject, "expected an object, found true or false"},
		{"empty", `{}`, push.Settings{}, quarantine.UnknownAction, `field "action": expected create, update or delete, found nothing`},
		{"no action", `{"id":1}`, push.Settings{}, quarantine.UnknownAction, `field "action": expected create, update or delete, found nothing`},
		{"null action", `{"id":1,"action":null}`, push.Settings{}, quarantine.UnknownAction, `field "action": expected create, update or delete, found null`},
		{"upsert", `{"id":1,"action":"upsert"}`, push.Settings{}, quarantine.UnknownAction, `field "action": expected create, update or delete, found a text of 6 bytes`},
		{"empty action", `{"id":1,"action":""}`, push.Settings{}, quarantine.UnknownAction, `field "action": expected create, update or delete, found an empty text`},
		{"action in another name", `{"id":1,"Action":"create"}`, push.Settings{}, quarantine.UnknownAction, `field "action": expected create, update or delete, found nothing`},
		{"action a number", `{"id":1,"action":1}`, push.Settings{}, quarantine.UnknownAction, `field "action": expected create, update or delete, found a number`},
		{"no id", `{"action":"create"}`, push.Settings{}, quarantine.MissingID, id + "nothing"},
		{"null id", `{"id":null,"action":"create"}`, push.Settings{}, quarantine.MissingID, id + "null"},
		{"empty id", `{"id":"","action":"create"}`, push.Settings{}, quarantine.MissingID, id + "an empty text"},
		{"no id of the object's", `{"id":1,"action":"create"}`, rev, quarantine.MissingID, strings.Replace(id, `"id"`, `"key"`, 1) + "nothing"},
		{"id in another case", `{"ID":1,"action":"create"}`, push.Settings{}, quarantine.MissingID, id + "nothing"},
		{"id with a fraction", `{"id":1.5,"action":"create"}`, push.Settings{}, quarantine.InvalidID, id + "a number that is not whole, or longer"},
		{"id of a fraction", `{"id":15e-1,"action":"create"}`, push.Settings{}, quarantine.InvalidID, id + "a number that is not whole, or longer"},
		{"endless id", `{"id":1e999999999999999999999,"action":"create"}`, push.Settings{}, quarantine.InvalidID, id + "a number that is not whole, or longer"},
		{"tiny id", `{"id":1e-999999999999999999999,"action":"create"}`, push.Settings{}, quarantine.InvalidID, id + "a number that is not whole, or longer"},
		{"513 digits", `{"id":1e512,"action":"create"}`, push.Settings{}, quarantine.InvalidID, id + "a number that is not whole, or longer"},
		{"513 characters", `{"id":-1e511,"action":"create"}`, push.Settings{}, quarantine.InvalidID, id + "a number that is not whole, or longer"},
		{"513 bytes", `{"id":"` + strings.Repeat("x", 513) + `","action":"create"}`, push.Settings{}, quarantine.InvalidID, id + "a text of 513 bytes"},
		{"id no UTF-8", "{\"id\":\"a\xff\",\"action\":\"create\"}", push.Settings{}, quarantine.InvalidID, id + "bytes that are no UTF-8"},
		{"id half an emoji", `{"id":"\ud83d","action":"create"}`, push.Settings{}, quarantine.InvalidID, id + "bytes that are no UTF-8"},
		{"true id", `{"id":true,"action":"create"}`, push.Settings{}, quarantine.InvalidID, id + "true or false"},
		{"object id", `{"id":{},"action":"create"}`, push.Settings{}, quarantine.InvalidID, id + "an object"},
		{"list id", `{"id":[1],"action":"create"}`, push.Settings{}, quarantine.InvalidID, id + "a list"},
		{"no version", `{"id":1,"action":"delete"}`, at, quarantine.MissingVersion, version + "nothing"},
		{"null version", `{"id":1,"action":"update","at":null}`, at, quarantine.MissingVersion, version + "null"},
		{"empty version", `{"id":1,"action":"update","at":""}`, at, quarantine.MissingVersion, version + "an empty text"},
		{"word for version", `{"id":1,"action":"update","at":"now"}`, at, quarantine.InvalidVersion, version + "a text of 3 bytes"},
		{"object for version", `{"id":1,"action":"update","at":{}}`, at, quarantine.InvalidVersion, version + "an object"},
		{"fraction for version", `{"id":1,"action":"update","at":1.5}`, at, quarantine.InvalidVersion, version + "a number that is none of them"},
		{"id twice", `{"id":1,"id":2,"action":"create"}`, push.Settings{}, quarantine.InvalidName, `field "id": expected it once, found it twice`},
		{"id twice, spelt apart", `{"id":1,"\u0069d":1,"action":"create"}`, push.Settings{}, quarantine.InvalidName, `field "id": expected it once, found it twice`},
		{"action twice", `{"id":1,"action":"create","action":"delete"}`, push.Settings{}, quarantine.InvalidName, `field "action": expected it once, found it twice`},
		{"twice among many", `{"id":1,"action":"create"` + fields(100) + `,"f50":2}`, push.Settings{}, quarantine.InvalidName, `field "f50": expected it once, found it twice`},
		{"twice within", `{"id":1,"action":"create","a":[{"b":{"x":1,"x":1}}]}`, push.Settings{}, quarantine.InvalidName, `field "a": the name "x" stands twice in one object`},
		{"empty name", `{"id":1,"action":"create","":1}`, push.Settings{}, quarantine.InvalidName, `field "": expected a name, found an empty one`},
		{"endless name", `{"id":1,"action":"create","` + strings.Repeat("n", 257) + `":1}`, push.Settings{}, quarantine.InvalidName,
			`field "` + strings.Repeat("n", 80) + `"...: expected a name of at most 256 bytes, found one of 257`},
		{"control character", `{"id":1,"action":"create","a\u0000b":1}`, push.Settings{}, quarantine.InvalidName, `field "a\x00b": expected a name that can be printed, found a control character in it`},
		{"line end", `{"id":1,"action":"create","a\nb":1}`, push.Settings{}, quarantine.InvalidName, `field "a\nb": expected a name that can be printed, found a control character in it`},
		{"name no UTF-8", "{\"id\":1,\"action\":\"create\",\"a\xff\":1}", push.Settings{}, quarantine.InvalidName, `field "a�": expected a name in UTF-8, found bytes that are none`},
		{"too deep", `{"id":1,"action":"create","x":` + nested(64, "1") + `}`, push.Settings{}, quarantine.MalformedBody, `field "x": expected at most 64 levels of lists and objects, found more`},
		{"far too deep", `{"id":1,"action":"create","x":` + nested(5000, "1") + `}`, push.Settings{}, quarantine.MalformedBody, `field "x": expected at most 64 levels of lists and objects, found more`},
		{"too many fields", `{"id":1,"action":"create"` + fields(499) + `}`, push.Settings{}, quarantine.TooLarge, "expected at most 500 fields, found 501"},
		{"too large", `{"id":1,"action":"create","x":"` + strings.Repeat("x", push.MaxRowBytes) + `"}`, push.Settings{}, quarantine.TooLarge, "expected at most 1048576 bytes, found 1048609"},
	} {
		row, err := push.Judge(json.RawMessage(c.row), 12, c.settings)
		if err == nil || err.Code != string(c.code) || err.Message != "Row 12: "+c.message+"." {
			t.Errorf("%s: got %v\nwant %s Row 12: %s.", c.name, err, c.code, c.message)
		}
		if row.ID != "" || row.Fields != nil {
			t.Errorf("%s: got %+v", c.name, row)
		}
		if !slices.Contains(quarantine.Reasons(), c.code) {
			t.Errorf("%s is no reason", c.code)
		}
	}
}

func TestVersions(t *testing.T) {
	micros := func(text string) int64 {
		at, err := time.Parse(time.RFC3339Nano, text)
		if err != nil {
			t.Fatal(err)
		}
		return at.UnixMicro()
	}
	for value, want := range map[string]int64{
		`"2025-03-10T09:00:00Z"`:              micros("2025-03-10T09:00:00Z"),
		`"2025-03-10T09:00:00-05:30"`:         micros("2025-03-10T14:30:00Z"),
		`"2025-03-10T09:00:00.1234567Z"`:      micros("2025-03-10T09:00:00.123456Z"),
		`"2025-03-10 09:00:00"`:               micros("2025-03-10T09:00:00Z"),
		`"2025-03-10 09:00:00.5"`:             micros("2025-03-10T09:00:00.5Z"),
		`"2025-03-10T09:00:00"`:               micros("2025-03-10T09:00:00Z"),
		`"2025-03-10 09:00:00+01:00"`:         micros("2025-03-10T08:00:00Z"),
		`"2025-03-10T09:00:00+0530"`:          micros("2025-03-10T03:30:00Z"), // as schema.Time reads it
		`"2025-03-10t09:00:00.5-02"`:          micros("2025-03-10T11:00:00.5Z"),
		`"2025-03-10"`:                        micros("2025-03-10T00:00:00Z"),
		`"1970-01-01"`:                        0,
		`"2286-11-20T17:46:39.999999Z"`:       record.MaxStampMicros,
		`"\u0032025-03-10"`:                   micros("2025-03-10T00:00:00Z"),
		`0`:                                   0,
		`-0`:                                  0,
		`17.0`:                                17,
		`1.7e1`:                               17,
		`9999999999999999`:                    record.MaxStampMicros,
		`"9999999999999999"`:                  record.MaxStampMicros,
		`"0"`:                                 0,
		`"000000000000000000000000000000017"`: 17,
		`9007199254740993`:                    9007199254740993,
	} {
		got, err := push.Judge(json.RawMessage(`{"id":1,"action":"update","v":`+value+`}`), 1, push.Settings{VersionField: "v"})
		if err != nil || got.Version != want || !got.Versioned || got.Dated != strings.ContainsAny(value, "-") && value != "-0" {
			t.Errorf("%s: got %d, dated %t, %v, want %d", value, got.Version, got.Dated, err, want)
		}
	}
	for _, value := range []string{`-1`, `10000000000000000`, `1e16`, `"10000000000000000"`, `1.5`, `1e400`, `"1.5"`, `"-1"`, `"1e3"`, `" 17"`, `true`, `[]`,
		`"1969-12-31T23:59:59Z"`, `"2286-11-20T17:46:40Z"`, `"2025-02-30"`, `"2025-13-01"`, `"10/03/2025"`, `"2025-03-10T09:00"`, `"2025-03-10T25:00:00Z"`, `"0001-01-01T00:00:00Z"`, `"yesterday"`} {
		if _, err := push.Judge(json.RawMessage(`{"id":1,"action":"update","v":`+value+`}`), 1, push.Settings{VersionField: "v"}); err == nil || err.Code != string(quarantine.InvalidVersion) {
			t.Errorf("%s: got %v", value, err)
		}
	}
}

// TestWholeNumbersHaveOneID holds ids of numbers to exact arithmetic.
func TestWholeNumbersHaveOneID(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		number := rapid.StringMatching(`-?(0|[1-9][0-9]{0,20})(\.[0-9]{1,8})?([eE][+-]?[0-9]{1,2})?`).Draw(t, "number")
		exact, ok := new(big.Rat).SetString(number)
		if !ok {
			t.Fatalf("%s is no number", number)
		}
		got, err := push.Judge(json.RawMessage(`{"id":`+number+`,"action":"create"}`), 1, push.Settings{})
		switch {
		case exact.IsInt() && (err != nil || got.ID != exact.Num().String()):
			t.Fatalf("%s: got %q, %v", number, got.ID, err)
		case !exact.IsInt() && err == nil:
			t.Fatalf("%s: got %q", number, got.ID)
		}
	})
}

func TestFieldsDoNotHoldTheBody(t *testing.T) {
	row := []byte(`{"id":"a","action":"create","x":"abc","y":"def"}`)
	got, err := push.Judge(row, 1, push.Settings{})
	if err != nil {
		t.Fatal(err)
	}
	for i := range row {
		row[i] = ' '
	}
	_ = append(got.Fields["x"], "overwritten"...)
	if string(got.Fields.Canonical()) != `{"id":"a","x":"abc","y":"def"}` || got.ID != "a" {
		t.Errorf("got %s", got.Fields.Canonical())
	}
}

func TestRefusalsAreThoseOfJudge(t *testing.T) {
	r, err := push.Parse([]byte(`{"objectname":"a","data":[{"id":1,"action":"create"},{"action":"create"},7,{"id":2},{"id":3,"action":"delete"},{"id":1,"id":1},
		{"id":1,"action":"create","x":` + nested(64, "1") + `},{"id":1,"action":"create","x":{"a":1,"a":1}},{"id":1,"action":"create","x":1}]}`))
	if err != nil {
		t.Fatal(err)
	}
	var want []push.Refusal
	for number, row := range r.Rows() {
		if _, err := push.Judge(row, number, push.Settings{}); err != nil {
			want = append(want, push.Refusal{Row: number, Code: err.Code, Message: err.Message})
		}
	}
	refused, first := r.Refusals(push.Settings{}, 100)
	if diff := cmp.Diff(want, first); diff != "" || refused != len(want) || refused != 6 {
		t.Errorf("%d refused: %s", refused, diff)
	}
	if refused, first = r.Refusals(push.Settings{}, 2); refused != 6 || len(first) != 2 {
		t.Errorf("%d refused, %d shown", refused, len(first))
	}
	if refused, _ = r.Refusals(push.Settings{IDField: "x"}, 2); refused != 8 {
		t.Errorf("by another id %d are refused", refused)
	}
}

func FuzzJudge(f *testing.F) {
	for _, row := range []string{`{"id":1,"action":"create"}`, `{"id":"a","action":"deleted","v":"2025-03-10"}`, `{"id":1e3,"action":"update","v":17,"x":{"a":[1,"\u00e9"]}}`,
		`{"id":1,"id":2}`, `null`, ``, `{"id":1,"action":"create","x":[[[{}]]],"y":"\ud83d"}`, "{\"\xff\":1}", ` {"id":" ","action":"UPDATE","v":0.0e0} `} {
		f.Add([]byte(row))
	}
	f.Fuzz(func(t *testing.T, row []byte) {
		for _, s := range []push.Settings{{}, {IDField: "x", VersionField: "v"}} {
			got, err := push.Judge(row, 3, s)
			if err != nil {
				if !slices.Contains(quarantine.Reasons(), quarantine.Reason(err.Code)) || !strings.HasPrefix(err.Message, "Row 3: ") || !utf8.ValidString(err.Message) {
					t.Fatalf("got %v", err)
				}
				continue
			}
			if got.ID == "" || len(got.ID) > record.MaxIDBytes || !utf8.ValidString(got.ID) || got.Action == "" || got.Version < 0 || got.Version > record.MaxStampMicros ||
				got.Versioned != (s.VersionField != "") {
				t.Fatalf("got %+v", got)
			}
			want, readErr := record.ParseFields(row)
			delete(want, push.ActionField)
			if readErr != nil || !bytes.Equal(want.Canonical(), got.Fields.Canonical()) {
				t.Fatalf("got %s, want %s, %v", got.Fields.Canonical(), want.Canonical(), readErr)
			}
		}
	})
}

func BenchmarkJudge(b *testing.B) {
	r, err := push.Parse(rows(1))
	if err != nil {
		b.Fatal(err)
	}
	for _, row := range r.Rows() {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := push.Judge(row, 1, push.Settings{VersionField: "transaction_date"}); err != nil {
				b.Fatal(err)
			}
		}
	}
}
