package main

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"leadline/shared/push"
)

// lambda plays the Invoke API: it keeps the payload and answers with it, or with the error that the function's name asks
// for.
func (f *fake) lambda(w http.ResponseWriter, r *http.Request, body []byte) {
	f.bodies["payload"] = string(body)
	if strings.Contains(r.URL.Path, "/functions/broken/") {
		w.Header().Set("X-Amz-Function-Error", "Unhandled")
		_, _ = w.Write([]byte(`{"errorMessage":"boom"}`))
		return
	}
	_, _ = w.Write([]byte(`{"statusCode":200}`))
}

func TestInvokeReceive(t *testing.T) {
	f := newFake(t)
	for file, signed := range map[string]bool{"01-lead-created.json": true, "04-task-created.json": true, "16-unsigned.json": false} {
		out := f.run("invoke", "receive", filepath.Join("..", "..", "events", "receive", file)).ok(t)
		contains(t, out, `"statusCode": 200`)
		var event events.APIGatewayV2HTTPRequest
		if err := json.Unmarshal([]byte(f.bodies["payload"]), &event); err != nil {
			t.Fatal(err)
		}
		if event.PathParameters["token"] != fakeToken || event.RawPath != "/hooks/"+fakeToken || event.RequestContext.HTTP.Path != "/hooks/"+fakeToken {
			t.Errorf("%s goes to %s", file, event.RawPath)
		}
		body, err := eventBody(event.Body, event.IsBase64Encoded)
		if err != nil {
			t.Fatal(err)
		}
		header := http.Header{}
		for name, value := range event.Headers {
			header.Set(name, value)
		}
		key, _ := f.provider.Webhook.Signature.Key(fakeSigningKey)
		err = f.provider.Webhook.Signature.Verify(header, body, [][]byte{key}, time.Now(), time.Minute)
		if (err == nil) != signed {
			t.Errorf("%s: the signature is %v", file, err)
		}
	}
}

func TestInvokeReceiveWithRows(t *testing.T) {
	f := newFake(t)
	files, err := filepath.Glob(filepath.Join("..", "..", "events", "receive", "2*.json"))
	if err != nil || len(files) < 6 {
		t.Fatalf("%d samples: %v", len(files), err)
	}
	for _, file := range files {
		f.run("invoke", "receive", file).ok(t)
		var event events.APIGatewayV2HTTPRequest
		if err := json.Unmarshal([]byte(f.bodies["payload"]), &event); err != nil {
			t.Fatal(err)
		}
		if event.RawPath != "/v1/push" || event.RouteKey != pushRoute {
			t.Errorf("%s goes to %s", file, event.RawPath)
		}
		for _, left := range []string{`CLIENTID"`, `CLIENTSECRET"`, "CREDENTIALS", " KEY", "CONNECTION"} {
			if strings.Contains(event.Body+event.RawQueryString+event.QueryStringParameters["connection"]+event.Headers["authorization"], left) {
				t.Errorf("%s still holds %s", file, left)
			}
		}
		body, err := eventBody(event.Body, event.IsBase64Encoded)
		if err != nil {
			t.Fatal(err)
		}
		rows, _ := push.Parse(body) // one of them has no rows
		switch name := filepath.Base(file); {
		case strings.HasPrefix(name, "21"):
			if event.Headers["authorization"] != basic(fakeClient, fakeSecret) {
				t.Errorf("%s: %s", name, event.Headers["authorization"])
			}
		case strings.HasPrefix(name, "22"):
			if event.Headers["authorization"] != "Bearer "+fakeKey || event.QueryStringParameters["connection"] != fakeClients || event.RawQueryString != "connection="+fakeClients {
				t.Errorf("%s: %s, %s", name, event.Headers["authorization"], event.RawQueryString)
			}
		case strings.HasPrefix(name, "25"): // that of an unknown client stays so
			if rows.ClientID == fakeClient || rows.ClientSecret != fakeSecret {
				t.Errorf("%s: %s %s", name, rows.ClientID, rows.ClientSecret)
			}
		case rows.ClientID != fakeClient || rows.ClientSecret != fakeSecret:
			t.Errorf("%s: %s %s", name, rows.ClientID, rows.ClientSecret)
		}
	}
	// A run file from before there were clients.
	old := filepath.Join(t.TempDir(), "run.json")
	if err := os.WriteFile(old, []byte(`{"endpoints":{"lambda":"`+f.server.URL+`/lambda"}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	f.run("--run-file", old, "invoke", "receive", files[0]).fails(t, exitFailed, "names no client")
}

func TestInvokeFillsInTheDemoOrganization(t *testing.T) {
	f := newFake(t)
	f.run("invoke", "api", filepath.Join("..", "..", "events", "api", "get-record.json")).ok(t)
	contains(t, f.bodies["payload"], `"authorization":"Bearer `+fakeKey+`"`, "/v1/connections/"+fakeConnection+"/objects")
	f.run("invoke", "api", filepath.Join("..", "..", "events", "api", "get-health.json")).ok(t)
	if strings.Contains(f.bodies["payload"], fakeKey) {
		t.Error("a request without a key got one")
	}
	f.run("invoke", "fetch", filepath.Join("..", "..", "events", "fetch", "01-tend.json")).ok(t)
	contains(t, f.bodies["payload"], fakeOrganization, "conn_sandbox00001") // the one that logs in
	event := filepath.Join(t.TempDir(), "event.json")
	if err := os.WriteFile(event, []byte(`{"n":9007199254740993,"org":"`+sampleOrganization+`"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	f.run("invoke", "ingest", event).ok(t)
	if got := f.bodies["payload"]; got != `{"n":9007199254740993,"org":"`+fakeOrganization+`"}` {
		t.Errorf("got %s", got)
	}
	broken := f.run("invoke", "broken", event)
	broken.fails(t, exitFailed, "broken failed: Unhandled")
	contains(t, broken.stdout, "boom")
	if err := os.WriteFile(event, []byte(`[]`), 0o600); err != nil {
		t.Fatal(err)
	}
	f.run("invoke", "ingest", event).fails(t, exitFailed, "no JSON object")
}
