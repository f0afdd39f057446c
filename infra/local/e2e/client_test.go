package e2e_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// pushed is the answer to a push.
type pushed struct {
	Batch   string `json:"batch"`
	Status  string `json:"status"`
	Rows    int    `json:"rows"`
	Refused int    `json:"refused"`
	Errors  []struct {
		Row  int    `json:"row"`
		Code string `json:"code"`
	} `json:"errors"`
}

// apiBatch is what became of a batch.
type apiBatch struct {
	Status   string         `json:"status"`
	Problem  string         `json:"problem"`
	Rows     int            `json:"rows"`
	Counts   map[string]int `json:"counts"`
	Outcomes []struct {
		Row     int    `json:"row"`
		ID      string `json:"id"`
		Outcome string `json:"outcome"`
		Code    string `json:"code"`
		By      int    `json:"by"`
		Entry   string `json:"entry"`
	} `json:"outcomes"`
	Next string `json:"next"`
}

// apiObject is an object with its schema.
type apiObject struct {
	State  string `json:"state"`
	Rev    int    `json:"rev"`
	Schema struct {
		Version int    `json:"version"`
		Origin  string `json:"origin"`
		Fields  []struct {
			Name string `json:"name"`
			Type string `json:"type"`
		} `json:"fields"`
	} `json:"schema"`
	Proposal *struct {
		Rows    int `json:"rows"`
		Changes []struct {
			Field    string `json:"field"`
			From     string `json:"from"`
			To       string `json:"to"`
			Rows     int    `json:"rows"`
			Examples []struct {
				Value string `json:"value"`
				Entry string `json:"entry"`
			} `json:"examples"`
		} `json:"changes"`
	} `json:"proposal"`
}

// typeOf gives the type of a field, empty if there is none.
func (o apiObject) typeOf(field string) string {
	for _, f := range o.Schema.Fields {
		if f.Name == field {
			return f.Type
		}
	}
	return ""
}

// tryPush posts rows as the demo client, with its credentials in the body.
func (s *system) tryPush(object, rows string, header map[string]string) (int, []byte, error) {
	body := fmt.Sprintf(`{"clientid":%q,"clientSecret":%q,"objectname":%q,"data":%s}`, s.Client.ID, s.Client.Secret, object, rows)
	return s.tryCall("", http.MethodPost, "/v1/push", json.RawMessage(body), header)
}

// push posts rows that must be taken.
func (s *system) push(t *testing.T, object, rows string, header map[string]string) pushed {
	t.Helper()
	status, answer, err := s.tryPush(object, rows, header)
	if err != nil || status != http.StatusAccepted {
		t.Fatalf("push to %s: %d %s %v", object, status, answer, err)
	}
	var p pushed
	if err := json.Unmarshal(answer, &p); err != nil {
		t.Fatal(err)
	}
	return p
}

// finished waits until a batch is done with.
func (s *system) finished(t *testing.T, name string) apiBatch {
	t.Helper()
	var b apiBatch
	eventually(t, 60*time.Second, "batch "+name+" is finished", func() bool {
		b = apiBatch{}
		return s.get(t, "/v1/push/"+name, &b) && (b.Status == "finished" || b.Status == "refused")
	})
	return b
}

// object reads an object of the demo client.
func (s *system) object(t *testing.T, name string) apiObject {
	t.Helper()
	var o apiObject
	if !s.get(t, "/v1/connections/"+s.Client.Connection+"/objects/"+url.PathEscape(name), &o) {
		t.Fatalf("there is no object %s", name)
	}
	return o
}

// fields reads the fields of a record of the demo client as JSON; empty while there is none.
func (s *system) fields(t *testing.T, object, id string) string {
	t.Helper()
	var r apiRecord
	if !s.get(t, "/v1/connections/"+s.Client.Connection+"/objects/"+url.PathEscape(object)+"/records/"+url.PathEscape(id), &r) {
		return ""
	}
	if r.Deleted {
		return "deleted"
	}
	return string(r.Fields)
}

// post makes a POST with the owner's key that must succeed, and reads its answer.
func (s *system) post201(t *testing.T, path string, body, target any) {
	t.Helper()
	status, answer := s.call(t, s.AdminKey, http.MethodPost, path, body)
	if status >= 300 {
		t.Fatalf("POST %s: %d %s", path, status, answer)
	}
	if target != nil {
		if err := json.Unmarshal(answer, target); err != nil {
			t.Fatal(err)
		}
	}
}

// TestClientSide is one system as a client team without a CRM, its admin and the receiver of a track stream see it.
func TestClientSide(t *testing.T) {
	s := start(t, t.TempDir())
	t.Run("rows become records, break the schema, and replay when it is accepted", s.testPush)
	t.Run("each stated answer to an awkward batch", s.testAwkwardRows)
	t.Run("a resend is a no-op", s.testResend)
	t.Run("credentials", s.testCredentials)
	t.Run("onboarding in five steps", s.testOnboarding)
	t.Run("a file of rows", s.testUpload)
	t.Run("every reason of quarantine, and the replay that changes the record", s.testEveryReason)
	t.Run("a track event for each event of Close", s.testTrack)
	t.Run("a person is exported and erased", s.testPrivacy)
	t.Run("the demo shows all of it", func(t *testing.T) {
		leadline, err := filepath.Abs(filepath.Join(root, ".local/bin/leadline"))
		if err != nil {
			t.Fatal(err)
		}
		command := exec.Command(leadline, "--run-file", filepath.Join(s.dir, "run.json"), "demo")
		command.Dir = root // where the samples are
		out, err := command.CombinedOutput()
		for _, want := range []string{"Won", "schema_mismatch", "Accepted: version 2", "verified", "delivered"} {
			if err != nil || !strings.Contains(string(out), want) {
				t.Fatalf("%v: %q is missing in\n%s", err, want, out)
			}
		}
	})
	t.Run("a disabled client is refused within a minute", func(t *testing.T) {
		time.Sleep(time.Until(s.disabledAt.Add(61 * time.Second)))
		if !s.stillRefused() {
			t.Error("it is not")
		}
	})
}

func (s *system) testPush(t *testing.T) {
	p := s.push(t, "Sales", `[{"id":1,"action":"create","transaction_date":"2026-11-02","amount":100.50,"rep":"Joe"},
		{"id":"2","action":"create","transaction_date":"2026-11-03","amount":7,"rep":null}]`, nil)
	if b := s.finished(t, p.Batch); b.Rows != 2 || b.Counts["applied"] != 2 || len(b.Outcomes) != 2 || b.Outcomes[1].ID != "" && b.Outcomes[1].ID != "2" {
		t.Fatalf("the batch: %+v", b)
	}
	o := s.object(t, "SALES")
	for field, want := range map[string]string{"id": "text", "transaction_date": "date", "amount": "number", "rep": "text"} {
		if got := o.typeOf(field); got != want {
			t.Errorf("%s is %q, want %s", field, got, want)
		}
	}
	if o.Schema.Version != 1 || o.Schema.Origin != "first_dump" || o.State != "confirmed" {
		t.Errorf("the schema: %+v", o)
	}
	if got, want := s.fields(t, "sales", "1"), `{"amount":100.50,"id":1,"rep":"Joe","transaction_date":"2026-11-02"}`; got != want {
		t.Errorf("the record is %s, want %s", got, want)
	}

	p = s.push(t, "sales", `[{"id":3,"action":"create","amount":"n/a","region":"EMEA"},{"id":1,"action":"update","amount":200}]`, nil)
	b := s.finished(t, p.Batch)
	if b.Counts["set_aside"] != 1 || b.Counts["applied"] != 1 || b.Outcomes[0].Code != "schema_mismatch" {
		t.Fatalf("the breaking batch: %+v", b)
	}
	if got := s.fields(t, "sales", "3"); got != "" {
		t.Errorf("a row that breaks the schema became %s", got)
	}
	o = s.object(t, "sales")
	if o.Proposal == nil || o.Proposal.Rows != 1 || len(o.Proposal.Changes) != 2 {
		t.Fatalf("the proposal: %+v", o.Proposal)
	}
	var e apiEntry
	if !s.get(t, "/v1/quarantine/"+b.Outcomes[0].Entry, &e) || e.Reason != "schema_mismatch" || !strings.Contains(e.Payload.Text, `"n/a"`) || strings.Contains(e.Payload.Text, "200") {
		t.Errorf("the entry: %+v", e)
	}
	o = apiObject{}
	s.post201(t, "/v1/connections/"+s.Client.Connection+"/objects/sales/proposal/accept", nil, &o)
	if o.Schema.Version != 2 || o.typeOf("amount") != "text" || o.typeOf("region") != "text" || o.Proposal != nil {
		t.Errorf("after it was accepted: %+v", o)
	}
	eventually(t, 30*time.Second, "the row replays", func() bool {
		return s.fields(t, "sales", "3") == `{"amount":"n/a","id":3,"region":"EMEA"}`
	})
	// The record is stored first and the entry closed behind it.
	eventually(t, 30*time.Second, "the entry is resolved after its replay", func() bool {
		return s.get(t, "/v1/quarantine/"+b.Outcomes[0].Entry, &e) && e.Status == "resolved"
	})
}

func (s *system) testAwkwardRows(t *testing.T) {
	s.finished(t, s.push(t, "deals", `[{"id":"a","action":"create","value":1,"note":"x","stage":"open"}]`, nil).Batch)
	p := s.push(t, " DEALS ", `[
		{"id":123,"action":"Created","value":1,"note":"first"},
		{"id":"123","action":"UPDATED","value":2},
		{"id":"a","action":"update","note":null},
		{"id":"gone","action":"delete"},
		{"id":"gone","action":"update","value":9},
		{"action":"create","value":3},
		{"id":"b","action":"upsert"},
		"no row",
		{"id":124.0,"action":"create","value":12345678901234567}]`, nil)
	if p.Rows != 9 || p.Refused != 3 || len(p.Errors) != 3 || p.Errors[0].Row != 6 || p.Errors[0].Code != "missing_id" || p.Errors[1].Code != "unknown_action" || p.Errors[2].Code != "not_an_object" {
		t.Errorf("the answer: %+v", p)
	}
	b := s.finished(t, p.Batch)
	outcomes := ""
	for _, o := range b.Outcomes {
		outcomes += fmt.Sprintf("%d:%s ", o.Row, o.Outcome)
	}
	if want := "1:superseded 2:applied 3:applied 4:superseded 5:ignored 6:set_aside 7:set_aside 8:set_aside 9:applied "; outcomes != want {
		t.Errorf("the outcomes are %s, want %s", outcomes, want)
	}
	for id, want := range map[string]string{
		"123": `{"id":"123","note":"first","value":2}`, "a": `{"id":"a","note":null,"stage":"open","value":1}`, "gone": "deleted",
		"124": `{"id":124.0,"value":12345678901234567}`,
	} {
		if got := s.fields(t, "deals", id); got != want {
			t.Errorf("%s is %s, want %s", id, got, want)
		}
	}
	for name, c := range map[string]struct {
		object, rows string
		status       int
		code         string
	}{
		"no rows":        {"deals", `[]`, 400, "empty_data"},
		"no list":        {"deals", `{"id":1}`, 400, ""},
		"no object name": {"  ", `[{"id":1}]`, 400, "missing_object_name"},
		"too many":       {"deals", "[" + strings.Repeat("0,", 10_000) + "0]", 400, ""},
		"too long":       {"deals", `["` + strings.Repeat("x", 4<<20) + `"]`, 413, ""},
	} {
		status, answer, err := s.tryPush(c.object, c.rows, nil)
		if err != nil || status != c.status || !strings.Contains(string(answer), c.code) {
			t.Errorf("%s: %d %.200s %v, want %d %s", name, status, answer, err, c.status, c.code)
		}
	}
}

func (s *system) testResend(t *testing.T) {
	key := map[string]string{"Idempotency-Key": "night of the 2nd"}
	first := s.push(t, "stock", `[{"id":1,"action":"create","n":1}]`, key)
	s.finished(t, first.Batch)
	s.finished(t, s.push(t, "stock", `[{"id":1,"action":"update","n":2}]`, nil).Batch)
	again := s.push(t, "stock", `[{"id":1,"action":"create","n":1}]`, key)
	if again.Batch != first.Batch {
		t.Errorf("the resend is batch %s, not %s", again.Batch, first.Batch)
	}
	s.order(t, "drain")
	if got := s.fields(t, "stock", "1"); got != `{"id":1,"n":2}` {
		t.Errorf("a resend brought old data back: %s", got)
	}
	if rows := list[apiRevision](t, s, "/v1/connections/"+s.Client.Connection+"/objects/stock/records/1/history"); len(rows) != 2 {
		t.Errorf("%d rows of history, want 2", len(rows))
	}
}

func (s *system) testCredentials(t *testing.T) {
	try := func(id, secret string) (int, string) {
		body := fmt.Sprintf(`{"clientid":%q,"clientSecret":%q,"objectname":"x","data":[{"id":1,"action":"create"}]}`, id, secret)
		status, answer := s.call(t, "", http.MethodPost, "/v1/push", json.RawMessage(body))
		return status, string(answer)
	}
	wrong, wrongText := try(s.Client.ID, "cls_"+strings.Repeat("x", 43))
	unknown, unknownText := try("cli_000000000000", s.Client.Secret)
	if wrong != 401 || unknown != 401 || wrongText != unknownText {
		t.Errorf("a wrong secret: %d %s; an unknown client: %d %s", wrong, wrongText, unknown, unknownText)
	}
	var made struct {
		ClientID, ClientSecret string
		Connection             string `json:"connection"`
	}
	s.post201(t, "/v1/clients", map[string]string{"name": "Second team", "connection": s.Client.Connection}, &made)
	if status, answer := try(made.ClientID, made.ClientSecret); status != 202 {
		t.Fatalf("a new client: %d %s", status, answer)
	}
	var rotated struct{ ClientSecret string }
	s.post201(t, "/v1/clients/"+made.ClientID+"/rotate-secret", map[string]int{"overlap_seconds": 3600}, &rotated)
	for name, secret := range map[string]string{"new": rotated.ClientSecret, "replaced": made.ClientSecret} {
		eventually(t, 5*time.Second, "the "+name+" secret works", func() bool { status, _ := try(made.ClientID, secret); return status == 202 })
	}
	s.post201(t, "/v1/clients/"+made.ClientID+"/disable", nil, nil)
	s.disabledAt, s.stillRefused = time.Now(), func() bool { status, _ := try(made.ClientID, rotated.ClientSecret); return status == 401 }
	if status, answer, _ := s.tryCall("", http.MethodPost, "/v1/push", json.RawMessage(`{"objectname":"x","data":[{"id":1,"action":"create"}]}`),
		map[string]string{"authorization": basic(s.Client.ID, s.Client.Secret)}); status != 202 {
		t.Errorf("HTTP Basic: %d %s", status, answer)
	}
}

func (s *system) testOnboarding(t *testing.T) {
	var made struct {
		ClientID, ClientSecret string
		Connection             string `json:"connection"`
	}
	s.post201(t, "/v1/clients", map[string]string{"name": "New team"}, &made)
	at := "/v1/connections/" + made.Connection
	done := func() string {
		var o struct {
			Steps []struct {
				Step string `json:"step"`
				Done bool   `json:"done"`
			} `json:"steps"`
		}
		s.get(t, at+"/onboarding", &o)
		text := ""
		for _, step := range o.Steps {
			if step.Done {
				text += step.Step + " "
			}
		}
		return strings.TrimSpace(text)
	}
	if got := done(); got != "credentials" {
		t.Errorf("done at first: %s", got)
	}
	s.post201(t, at+"/objects", map[string]any{"name": "Orders", "id_field": "order_no",
		"sample": []map[string]any{{"order_no": 1, "placed": "2026-11-22", "total": json.Number("12.50")}}}, nil)
	if got := done(); got != "credentials schema" {
		t.Errorf("done after the declaration: %s", got)
	}
	push := func() pushed {
		status, answer, err := s.tryCall("", http.MethodPost, "/v1/push", json.RawMessage(`{"objectname":"orders","data":[{"order_no":"A-1","action":"create","placed":"2026-11-22","total":3}]}`),
			map[string]string{"authorization": basic(made.ClientID, made.ClientSecret)})
		if err != nil || status != 202 {
			t.Fatalf("%d %s %v", status, answer, err)
		}
		var p pushed
		_ = json.Unmarshal(answer, &p)
		return p
	}
	if b := s.finished(t, push().Batch); b.Counts["set_aside"] != 1 || b.Outcomes[0].Code != "schema_unconfirmed" {
		t.Errorf("a push to a draft: %+v", b)
	}
	s.post201(t, at+"/objects/orders/confirm", nil, nil)
	eventually(t, 30*time.Second, "all five steps are done", func() bool {
		return done() == "credentials schema confirmed first_rows clean"
	})
	var sample struct {
		Curl string `json:"curl"`
	}
	if !s.get(t, at+"/objects/orders/sample-request", &sample) || !strings.Contains(sample.Curl, "order_no") || !strings.Contains(sample.Curl, made.ClientID) {
		t.Errorf("the sample request: %s", sample.Curl)
	}
}

func (s *system) testUpload(t *testing.T) {
	const rows = 6_000 // more than a chunk
	var file bytes.Buffer
	z := gzip.NewWriter(&file)
	for i := range rows {
		fmt.Fprintf(z, `{"id":%d,"action":"create","n":%d,"text":"row %d"}`+"\n", i, i%7, i)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	var upload struct {
		Batch, Method, URL string
		Headers            map[string]string
	}
	status, answer, err := s.tryCall("", http.MethodPost, "/v1/uploads", map[string]string{"objectname": "Bulk"}, map[string]string{"authorization": basic(s.Client.ID, s.Client.Secret)})
	if err != nil || status != 201 || json.Unmarshal(answer, &upload) != nil {
		t.Fatalf("%d %s %v", status, answer, err)
	}
	complete := func() (int, []byte) {
		status, answer, err := s.tryCall("", http.MethodPost, "/v1/uploads/"+upload.Batch+"/complete", nil, map[string]string{"authorization": basic(s.Client.ID, s.Client.Secret)})
		if err != nil {
			t.Fatal(err)
		}
		return status, answer
	}
	if status, answer := complete(); status != 409 {
		t.Errorf("complete without a file: %d %s", status, answer)
	}
	req, err := http.NewRequest(upload.Method, upload.URL, &file)
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range upload.Headers {
		req.Header.Set(name, value)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil || res.StatusCode != 200 {
		t.Fatalf("upload: %v %v", res, err)
	}
	_ = res.Body.Close()
	for range 2 {
		if status, answer := complete(); status != 202 {
			t.Fatalf("complete: %d %s", status, answer)
		}
	}
	var b apiBatch
	eventually(t, 150*time.Second, "the file is worked on", func() bool {
		b = apiBatch{}
		return s.get(t, "/v1/push/"+upload.Batch+"?only=failed", &b) && b.Status == "finished"
	})
	if b.Rows != rows || b.Counts["applied"] != rows || len(b.Outcomes) != 0 {
		t.Errorf("the batch: %+v", b)
	}
	if got := s.fields(t, "bulk", "5999"); got != `{"id":5999,"n":0,"text":"row 5999"}` {
		t.Errorf("the last row is %s", got)
	}
}

func basic(id, secret string) string {
	r := http.Request{Header: http.Header{}}
	r.SetBasicAuth(id, secret)
	return r.Header.Get("Authorization")
}

// download fetches a gzip file by its URL.
func (s *system) download(t *testing.T, target string) string {
	t.Helper()
	res, err := http.Get(target)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	z, err := gzip.NewReader(res.Body)
	if err != nil {
		t.Fatalf("%d: %v", res.StatusCode, err)
	}
	text, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
