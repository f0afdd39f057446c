package push_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"leadline/shared/fault"
	"leadline/shared/push"
)

func TestParse(t *testing.T) {
	for _, c := range []struct {
		name, body string
		want       push.Request
	}{
		{"the seed's form", `{"clientid":"cli_1","clientSecret":"cls_1","objectname":"Deals","data":[{"id":1,"action":"create"}]}`,
			push.Request{ClientID: "cli_1", ClientSecret: "cls_1", Object: "deals", Title: "Deals", Data: json.RawMessage(`[{"id":1,"action":"create"}]`), Count: 1}},
		{"other case", `{"clientId":"cli_1","clientsecret":"cls_1","objectName":"deals","data":[1,2],"batchId":"b 7"}`,
			push.Request{ClientID: "cli_1", ClientSecret: "cls_1", Object: "deals", Title: "deals", Key: "b 7", Data: json.RawMessage(`[1,2]`), Count: 2}},
		{"shouted, and spaced", "\n{ \"CLIENTID\" : \"cli_1\" ,\t\"OBJECTNAME\":\" Big Deals \", \"DATA\" : [ {\"a\":\"]\\\"\"} , [1,[2]] , 3 ] , \"BATCH\":\"x\" } \r\n",
			push.Request{ClientID: "cli_1", Object: "big deals", Title: "Big Deals", Key: "x", Data: json.RawMessage("[ {\"a\":\"]\\\"\"} , [1,[2]] , 3 ]"), Count: 3}},
		{"escaped names", `{"object\u006eame":"d\u0065als","data":[1]}`, push.Request{Object: "deals", Title: "deals", Data: json.RawMessage(`[1]`), Count: 1}},
		{"null is absent", `{"clientid":null,"clientSecret":null,"objectname":"a","batch":null,"data":[null]}`,
			push.Request{Object: "a", Title: "a", Data: json.RawMessage(`[null]`), Count: 1}},
		{"what means nothing", `{"objectname":"a","version":2,"objectname2":{"data":[1,2,3]},"data":[1]}`,
			push.Request{Object: "a", Title: "a", Data: json.RawMessage(`[1]`), Count: 1}},
		{"numbers keep their digits", `{"objectname":"a","data":[12345678901234567.10,1e400]}`,
			push.Request{Object: "a", Title: "a", Data: json.RawMessage(`[12345678901234567.10,1e400]`), Count: 2}},
		{"the longest key", `{"objectname":"a","data":[1],"batch":"` + strings.Repeat("k", 255) + `"}`,
			push.Request{Object: "a", Title: "a", Key: strings.Repeat("k", 255), Data: json.RawMessage(`[1]`), Count: 1}},
		{"the most rows", `{"objectname":"a","data":[0` + strings.Repeat(",0", push.MaxRows-1) + `]}`,
			push.Request{Object: "a", Title: "a", Data: json.RawMessage("[0" + strings.Repeat(",0", push.MaxRows-1) + "]"), Count: push.MaxRows}},
	} {
		got, err := push.Parse([]byte(c.body))
		if err != nil || fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", c.want) {
			t.Errorf("%s: %.300v\ngot  %.300v\nwant %.300v", c.name, err, got, c.want)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	const who = `"clientid":"cli_1","clientSecret":"cls_1",`
	for _, c := range []struct{ name, body, code string }{
		{"empty", ``, "invalid_json"},
		{"white space", " \n", "invalid_json"},
		{"no JSON", `objectname=a`, "invalid_json"},
		{"cut off", `{"objectname":"a","data":[`, "invalid_json"},
		{"two values", `{}{}`, "invalid_json"},
		{"byte order mark", "\xef\xbb\xbf{}", "invalid_json"},
		{"endless nesting", strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000), "invalid_json"},
		{"NaN", `{"objectname":"a","data":[NaN]}`, "invalid_json"},
		{"null", `null`, "not_an_object"},
		{"list", `[{"objectname":"a"}]`, "not_an_object"},
		{"text", `"data"`, "not_an_object"},
		{"number", `17`, "not_an_object"},
		{"two clientids", `{"clientid":"a","clientId":"a","objectname":"a","data":[1]}`, "duplicate_key"},
		{"two secrets", `{"clientSecret":"a","CLIENTSECRET":"b","objectname":"a","data":[1]}`, "duplicate_key"},
		{"two names", `{` + who + `"objectname":"a","objectName":"b","data":[1]}`, "duplicate_key"},
		{"two data", `{"objectname":"a","data":[1],"data":[2]}`, "duplicate_key"},
		{"a null and another", `{"objectname":"a","data":null,"data":[2]}`, "duplicate_key"},
		{"batch and batchId", `{"objectname":"a","data":[1],"batch":"a","batchId":"a"}`, "duplicate_key"},
		{"clientid no text", `{"clientid":7,"objectname":"a","data":[1]}`, "invalid_request"},
		{"secret no text", `{"clientSecret":["cls_1"],"objectname":"a","data":[1]}`, "invalid_request"},
		{"no name", `{` + who + `"data":[1]}`, "missing_object_name"},
		{"null name", `{` + who + `"objectname":null,"data":[1]}`, "missing_object_name"},
		{"empty name", `{` + who + `"objectname":" \t","data":[1]}`, "missing_object_name"},
		{"name no text", `{` + who + `"objectname":5,"data":[1]}`, "invalid_object_name"},
		{"hostile name", `{` + who + `"objectname":"../a","data":[1]}`, "invalid_object_name"},
		{"no data", `{` + who + `"objectname":"a"}`, "missing_data"},
		{"null data", `{` + who + `"objectname":"a","data":null}`, "missing_data"},
		{"data an object", `{` + who + `"objectname":"a","data":{"id":1}}`, "invalid_data"},
		{"data a text", `{` + who + `"objectname":"a","data":"[]"}`, "invalid_data"},
		{"empty data", `{` + who + `"objectname":"a","data":[ ]}`, "empty_data"},
		{"too many rows", `{` + who + `"objectname":"a","data":[0` + strings.Repeat(",0", push.MaxRows) + `]}`, "too_many_rows"},
		{"key no text", `{` + who + `"objectname":"a","data":[1],"batch":17}`, "invalid_batch_key"},
		{"empty key", `{` + who + `"objectname":"a","data":[1],"batch":""}`, "invalid_batch_key"},
		{"endless key", `{` + who + `"objectname":"a","data":[1],"batch":"` + strings.Repeat("k", 256) + `"}`, "invalid_batch_key"},
	} {
		r, err := push.Parse([]byte(c.body))
		f := fault.Of(err)
		if f == nil || f.Kind != fault.Invalid || f.Code != c.code {
			t.Errorf("%s: got %v, want %s", c.name, err, c.code)
			continue
		}
		if strings.Contains(f.Message, "cls_1") {
			t.Errorf("%s: the secret is shown: %s", c.name, f.Message)
		}
		// Who sends is known even where what is sent is wrong.
		if named := strings.Contains(c.body, who) && c.code != "duplicate_key"; named != (r.ClientID == "cli_1" && r.ClientSecret == "cls_1") || r.Data != nil {
			t.Errorf("%s: got %+v", c.name, r)
		}
	}
}

func TestObjectName(t *testing.T) {
	for _, c := range []struct{ text, key, title, code string }{
		{"Deals", "deals", "Deals", ""},
		{"  Big Deals\n", "big deals", "Big Deals", ""},
		{"a_b-c.d 9", "a_b-c.d 9", "a_b-c.d 9", ""},
		{"ÄRGER", "ärger", "ÄRGER", ""},
		{"取引", "取引", "取引", ""},
		{"सौदे", "सौदे", "सौदे", ""},
		{"πελάτες", "πελάτεσ", "πελάτες", ""},
		{"ΠΕΛΆΤΕΣ", "πελάτεσ", "ΠΕΛΆΤΕΣ", ""},
		{"İÇ", "iç", "İÇ", ""},
		{"Straße", "straße", "Straße", ""},
		{"7", "7", "7", ""},
		{strings.Repeat("x", 128), strings.Repeat("x", 128), strings.Repeat("x", 128), ""},
		{"", "", "", "missing_object_name"},
		{" \t\n\u00a0", "", "", "missing_object_name"},
		{strings.Repeat("x", 129), "", "", "invalid_object_name"},
		{strings.Repeat("Ⱥ", 64), "", "", "invalid_object_name"}, // 128 bytes, 192 in lower case
		{"..", "", "", "invalid_object_name"},
		{"a/b", "", "", "invalid_object_name"},
		{"a#b", "", "", "invalid_object_name"},
		{"a\x00b", "", "", "invalid_object_name"},
		{"a\tb", "", "", "invalid_object_name"},
		{"a\xffb", "", "", "invalid_object_name"},
		{"a\u202eb", "", "", "invalid_object_name"},
		{"deals 🎉", "", "", "invalid_object_name"},
		{"<script>", "", "", "invalid_object_name"},
	} {
		key, title, err := push.ObjectName(c.text)
		code := ""
		if f := fault.Of(err); f != nil {
			code = f.Code
		}
		if key != c.key || title != c.title || code != c.code {
			t.Errorf("%q: got %q, %q, %v", c.text, key, title, err)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.String().Draw(t, "text")
		if key, _, err := push.ObjectName(text); err == nil {
			for _, same := range []string{key, strings.ToUpper(text), strings.ToLower(text)} {
				if again, _, err := push.ObjectName(same); again != key || err != nil {
					t.Fatalf("%q has the key %q, and %q has the key %q, %v", text, key, same, again, err)
				}
			}
		}
	})
}

func TestTheBodyThatGoesOnHoldsNoCredentials(t *testing.T) {
	posted := []byte(`{"clientid":"cli_1","objectname":" Dea\u006cs","clientSecret":"cls_1","data":[ {"id" : 1.0} ,null],"batch":"b"}`)
	r, err := push.Parse(posted)
	if err != nil {
		t.Fatal(err)
	}
	body := r.Body()
	if want := `{"objectname":"Deals","data":[ {"id" : 1.0} ,null]}`; string(body) != want {
		t.Fatalf("got %s", body)
	}
	c, err := push.ReadBody(body)
	if err != nil || c.Object != "deals" || c.Title != "Deals" || len(c.Rows) != 2 || string(c.Rows[0]) != `{"id" : 1.0}` || string(c.Rows[1]) != "null" {
		t.Fatalf("got %+v, %v", c, err)
	}
	if again := push.Body(c.Title, push.Join(c.Rows)); string(again) != `{"objectname":"Deals","data":[{"id" : 1.0},null]}` {
		t.Errorf("got %s", again)
	}
	if empty, err := push.ReadBody(push.Body("a", push.Join(nil))); err != nil || len(empty.Rows) != 0 {
		t.Errorf("got %+v, %v", empty, err)
	}
}

func TestReadBodyRefuses(t *testing.T) {
	for body, code := range map[string]string{
		"":                                       "malformed_body",
		"{":                                      "malformed_body",
		"[]":                                     "not_an_object",
		`{"data":[1]}`:                           "invalid_name",
		`{"objectname":"/","data":[1]}`:          "invalid_name",
		`{"objectname":7,"data":[1]}`:            "invalid_name",
		`{"objectname":"a"}`:                     "missing_data",
		`{"objectname":"a","data":null}`:         "missing_data",
		`{"objectname":"a","data":{}}`:           "missing_data",
		`{"objectname":"a","data":[],"Data":[]}`: "malformed_body",
		`{"objectname":"a","ObjectName":"b","data":[]}`: "malformed_body",
	} {
		if _, err := push.ReadBody([]byte(body)); fault.Of(err) == nil || fault.Of(err).Code != code {
			t.Errorf("%s: got %v, want %s", body, err, code)
		}
	}
}

func TestRowsStopsWhenAsked(t *testing.T) {
	r, err := push.Parse([]byte(`{"objectname":"a","data":[1, 2 ,3]}`))
	if err != nil {
		t.Fatal(err)
	}
	var seen []string
	for number, row := range r.Rows() {
		seen = append(seen, fmt.Sprintf("%d:%s", number, row))
		if number == 2 {
			break
		}
	}
	if !slices.Equal(seen, []string{"1:1", "2:2"}) {
		t.Errorf("got %v", seen)
	}
}

func TestSum(t *testing.T) {
	sum := func(body string) string {
		r, err := push.Parse([]byte(body))
		if err != nil {
			t.Fatal(err)
		}
		return r.Sum()
	}
	one := sum(`{"objectname":"Deals","data":[1]}`)
	if one != sum(`{"data":[1],"objectname":"deals ","batch":"b"}`) || len(one) != 64 {
		t.Error("the same data sums up differently")
	}
	if one == sum(`{"objectname":"deals","data":[2]}`) || one == sum(`{"objectname":"deal","data":[1]}`) {
		t.Error("other data sums up to the same")
	}
}

// rows gives a request of n rows as an ordinary client sends them.
func rows(n int) []byte {
	var b bytes.Buffer
	b.WriteString(`{"clientid":"cli_000000000001","clientSecret":"cls_x","objectname":"Transactions","data":[`)
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"id":"txn-%07d","action":"create","transaction_date":"2025-03-%02dT09:00:00Z","amount":%d.50,"currency":"INR","rep":{"email":"rep%d@example.com","name":"Zoë"},"tags":["a","b"],"paid":true}`,
			i, i%28+1, i*100, i%50)
	}
	b.WriteString(`]}`)
	return b.Bytes()
}

func FuzzParsePush(f *testing.F) {
	for _, body := range []string{"", "{}", "[]", `{"objectname":"a","data":[1]}`, `{"clientid":"a","clientSecret":"b","objectname":" A ","data":[{"id":1},"]"],"batch":"k"}`,
		`{"data":[[[]],{"a":{}}],"objectname":"\u0061"}`, string(rows(2))} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		r, err := push.Parse(body)
		if err != nil {
			var wrong *fault.Error
			if !errors.As(err, &wrong) || wrong.Kind != fault.Invalid || json.Valid(body) == (wrong.Code == "invalid_json") {
				t.Fatalf("got %v", err)
			}
			return
		}
		var want []json.RawMessage
		if err := json.Unmarshal(r.Data, &want); err != nil || len(want) != r.Count || r.Count == 0 {
			t.Fatalf("%d rows counted in %s: %v", r.Count, r.Data, err)
		}
		for number, row := range r.Rows() {
			if !bytes.Equal(want[number-1], row) {
				t.Fatalf("row %d is %s, want %s", number, row, want[number-1])
			}
		}
		c, err := push.ReadBody(r.Body())
		if err != nil || c.Object != r.Object || c.Title != r.Title || len(c.Rows) != r.Count || !bytes.Contains(r.Body(), r.Data) {
			t.Fatalf("%s came back as %+v, %v", r.Body(), c, err)
		}
		r.Refusals(push.Settings{VersionField: "v"}, 5)
	})
}

func BenchmarkParse(b *testing.B) {
	for _, n := range []int{1, 1000, push.MaxRows} {
		body := rows(n)
		b.Run(fmt.Sprintf("rows=%d", n), func(b *testing.B) {
			b.SetBytes(int64(len(body)))
			b.ReportAllocs()
			for b.Loop() {
				r, err := push.Parse(body)
				if err != nil || r.Count != n {
					b.Fatal(err)
				}
				if refused, _ := r.Refusals(push.Settings{}, 100); refused != 0 {
					b.Fatal("refused")
				}
			}
		})
	}
}
