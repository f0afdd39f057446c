package main

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"leadline/shared/record"
)

// TestLargeFields: a value kept elsewhere is listed as such and comes back whole with its record.
func TestLargeFields(t *testing.T) {
	s := newSystem(t)
	conn := s.connect(s.admin).ID
	value := []byte(`"` + strings.Repeat("x", 20_000) + `"`)
	sum := sha256.Sum256(value)
	large := record.Large{SHA256: hex.EncodeToString(sum[:]), Bytes: int64(len(value))}
	r := s.opportunity(conn, "oppo_1", 1, `{"subject":"hi"}`)
	r.Large = map[string]record.Large{"body_html": large}
	s.keep(r)
	path := "/v1/connections/" + conn + "/objects/opportunity/records"

	listed := read[list[Record]](t, s.get(s.reader, path)).Items[0]
	if _, inline := listed.Fields["body_html"]; inline || listed.Large["body_html"] != LargeSketch(large) {
		t.Errorf("listed %+v", listed)
	}
	s.get(s.reader, path+"/oppo_1").want(t, 500, "internal") // the value is gone
	s.must(s.payloads.Put(t.Context(), large.Key(ours), []byte(`"another"`)))
	s.get(s.reader, path+"/oppo_1").want(t, 500, "internal")
	s.must(s.payloads.Put(t.Context(), large.Key(ours), value))
	whole := read[Record](t, s.get(s.reader, path+"/oppo_1").want(t, 200))
	if string(whole.Fields["body_html"]) != string(value) || len(whole.Fields) != 2 || whole.Large != nil {
		t.Errorf("got %d fields, large %v", len(whole.Fields), whole.Large)
	}
	history := read[list[Revision]](t, s.get(s.reader, path+"/oppo_1/history").want(t, 200)).Items[0]
	if c := history.Changes[0]; c.Field != "body_html" || c.NewLarge == nil || *c.NewLarge != LargeSketch(large) || c.New != nil {
		t.Errorf("the history shows %+v", c)
	}
}

// largeValue stores a value of so many bytes as a large field.
func (s *system) largeValue(fill string, bytes int) (record.Large, string) {
	s.t.Helper()
	value := `"` + strings.Repeat(fill, bytes-2) + `"`
	sum := sha256.Sum256([]byte(value))
	large := record.Large{SHA256: hex.EncodeToString(sum[:]), Bytes: int64(len(value))}
	s.must(s.payloads.Put(s.t.Context(), large.Key(ours), []byte(value)))
	return large, value
}

// answerBytes asks and gives the body and how many bytes Lambda must carry.
func (s *system) answerBytes(path string) ([]byte, int) {
	s.t.Helper()
	out, err := s.handler.Handle(s.t.Context(), gateway(s.t, request{key: s.reader, method: http.MethodGet, path: path}))
	s.must(err)
	text, err := json.Marshal(out)
	s.must(err)
	if out.StatusCode != 200 {
		s.t.Fatalf("%s: %d", path, out.StatusCode)
	}
	body := []byte(out.Body)
	if out.IsBase64Encoded {
		body, err = base64.StdEncoding.DecodeString(out.Body)
		s.must(err)
	}
	s.must(s.doc.CheckAnswer(http.MethodGet, strings.Split(path, "?")[0], 200, out.Headers["Content-Type"], body))
	return body, len(text)
}

// TestLargeFieldsFitLambda: the smallest come back, the others stay sketches.
func TestLargeFieldsFitLambda(t *testing.T) {
	s := newSystem(t)
	conn := s.connect(s.admin).ID
	r := s.opportunity(conn, "oppo_1", 1, `{"subject":"hi"}`)
	r.Large = map[string]record.Large{}
	values := map[string]string{}
	for name, size := range map[string]int{"a": 3 << 20, "b": 1 << 20, "c": 2 << 20, "d": 20_000, "e": 3<<20 + 1} {
		r.Large[name], values[name] = s.largeValue("&", size)
	}
	s.keep(r)
	body, bytes := s.answerBytes("/v1/connections/" + conn + "/objects/opportunity/records/oppo_1")
	if bytes > 6_000_000 {
		t.Errorf("Lambda must carry %d bytes", bytes)
	}
	var got Record
	s.must(json.Unmarshal(body, &got))
	for _, name := range []string{"b", "c", "d"} {
		if _, sketched := got.Large[name]; sketched || string(got.Fields[name]) != values[name] {
			t.Errorf("%s is not shown, or also sketched", name)
		}
	}
	for _, name := range []string{"a", "e"} {
		if _, shown := got.Fields[name]; shown || got.Large[name] != LargeSketch(r.Large[name]) {
			t.Errorf("%s is shown, or not sketched: %+v", name, got.Large[name])
		}
	}
	if len(got.Fields) != 4 || len(got.Large) != 2 {
		t.Errorf("%d fields and %d sketches", len(got.Fields), len(got.Large))
	}
}

// TestOneItemFitsLambda: an item that alone is too large for an answer is shown as far as there is room.
func TestOneItemFitsLambda(t *testing.T) {
	s := newSystem(t)
	conn := s.connect(s.admin).ID
	huge := func(fill string) string { return `"` + strings.Repeat(fill, 3<<20) + `"` }
	s.keep(s.opportunity(conn, "oppo_1", 1, `{"a":`+huge("x")+`,"b":"small","c":`+huge("y")+`}`))
	s.keep(s.opportunity(conn, "oppo_1", 2, `{"a":`+huge("z")+`,"b":"smaller","c":`+huge("y")+`}`))
	path := "/v1/connections/" + conn + "/objects/opportunity/records"
	for _, record := range []string{path + "/oppo_1", path + "?limit=1"} {
		body, bytes := s.answerBytes(record)
		if len(body) > 5_000_000 || bytes > 6_000_000 {
			t.Errorf("%s: %d bytes, Lambda must carry %d", record, len(body), bytes)
		}
		var got Record
		if record == path+"/oppo_1" {
			s.must(json.Unmarshal(body, &got))
		} else {
			var l list[Record]
			s.must(json.Unmarshal(body, &l))
			got = l.Items[0]
		}
		if string(got.Fields["b"]) != `"smaller"` || len(got.Fields) != 2 || len(got.Large) != 1 || got.Large["a"] != sketch(json.RawMessage(huge("z"))) {
			t.Errorf("%s: %d fields, sketches %+v", record, len(got.Fields), got.Large)
		}
	}
	body, bytes := s.answerBytes(path + "/oppo_1/history?limit=1")
	if len(body) > 5_000_000 || bytes > 6_000_000 {
		t.Errorf("the history has %d bytes, Lambda must carry %d", len(body), bytes)
	}
	var rows list[Revision]
	s.must(json.Unmarshal(body, &rows))
	a, b := rows.Items[0].Changes[0], rows.Items[0].Changes[1]
	if a.OldLarge == nil || *a.OldLarge != sketch(json.RawMessage(huge("x"))) || a.Old != nil || a.NewLarge != nil || string(a.New) != huge("z") {
		t.Errorf("the large change has %d and %d bytes, sketches %+v and %+v", len(a.Old), len(a.New), a.OldLarge, a.NewLarge)
	}
	if string(b.Old) != `"small"` || string(b.New) != `"smaller"` || b.OldLarge != nil || b.NewLarge != nil {
		t.Errorf("the small change is %+v", b)
	}
}
