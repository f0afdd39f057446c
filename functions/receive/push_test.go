package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/gzip"

	"leadline/shared/delivery"
	"leadline/shared/push"
	"leadline/shared/tenant"
)

// TestSamplePushes posts every push of events/receive, with five words in the place of what is only known when it is
// posted: CLIENTID and CLIENTSECRET in the body, CREDENTIALS and KEY in the header, and CONNECTION in the query.
func TestSamplePushes(t *testing.T) {
	want := map[string]string{ // what is answered: rows and refusals, or a status and a code
		"20-push-transactions.json":   "transactions 4 []",
		"21-push-basic.json":          "transactions 1 []",
		"22-push-api-key-gzip.json":   "reps 2 []",
		"23-push-wrong-rows.json":     "transactions 7 [2 missing_id 3 unknown_action 4 unknown_action 5 invalid_id 6 invalid_name 7 not_an_object]",
		"24-push-empty-data.json":     "400 empty_data",
		"25-push-unknown-client.json": "401 invalid_credentials",
	}
	hooks, err1 := filepath.Glob("../../events/receive/[01]*.json")
	all, err2 := filepath.Glob("../../events/receive/*.json")
	if err1 != nil || err2 != nil || len(all) != len(hooks)+len(want) {
		t.Fatalf("%d files, want %d: %v, %v", len(all)-len(hooks), len(want), err1, err2)
	}
	w := newWorld(t)
	for name, expected := range want {
		o := w.post(w.samplePush("../../events/receive/" + name))
		got := fmt.Sprintf("%d %s", o.StatusCode, o.code)
		if o.StatusCode == http.StatusAccepted {
			var refused []string
			for _, e := range o.receipt.Errors {
				refused = append(refused, fmt.Sprintf("%d %s", e.Row, e.Code))
			}
			got = fmt.Sprintf("%s %d %v", o.receipt.Object, o.receipt.Rows, refused)
		}
		if got != expected {
			t.Errorf("%s: got %s", name, got)
		}
	}
}

func TestRowsAreQueued(t *testing.T) {
	w := newWorld(t)
	w.clock = w.clock.In(time.FixedZone("", 3600)).Add(123456789)
	o := w.takes(w.rows(`{"id": 9007199254740993, "amount": 1.10, "big":1e400, "action":"create"}`, `{"id":2,"action":"delete"}`))
	d := w.last()
	if d.V != delivery.Format || d.Organization != w.org.ID || d.Connection != w.client.Connection || d.Connector != "client" || d.Kind != delivery.Push ||
		!d.ReceivedAt.Equal(w.clock) || d.ReceivedAt.Location() != time.UTC || d.Payload != nil || d.Replay != "" || w.queue.groups[0] != w.org.ID {
		t.Errorf("got %+v", d)
	}
	if want := `{"objectname":"Transactions","data":[{"id": 9007199254740993, "amount": 1.10, "big":1e400, "action":"create"},{"id":2,"action":"delete"}]}`; string(d.Body) != want {
		t.Errorf("got %s", d.Body)
	}
	if diff := cmp.Diff(&delivery.BatchPart{ID: d.ID, Public: o.receipt.Batch, Client: w.client.ID, Object: "transactions", First: 1}, d.Batch); diff != "" {
		t.Error(diff)
	}
	if id, keyed, ok := push.ReadID(w.mac, o.receipt.Batch); id != d.ID || keyed != nil || !ok {
		t.Errorf("the batch %s is read as %s", o.receipt.Batch, id)
	}
	if o.receipt.Object != "transactions" || o.receipt.Rows != 2 || o.receipt.Refused != 0 || o.Headers["ratelimit"] != "" {
		t.Errorf("got %+v", o.receipt)
	}
	if again := w.takes(w.rows(rowOne)); again.receipt.Batch == o.receipt.Batch {
		t.Error("two batches have one name")
	}
	if strings.Contains(o.logged, "refused") || strings.Count(o.logged, "\n") != 1 {
		t.Errorf("want one line, got %s", o.logged)
	}
}

func TestAWarmPushIsExactlyOneNetworkCall(t *testing.T) {
	w := newWorld(t)
	w.object("transactions", "id", "")
	key := with(bare(), "authorization", "Bearer "+w.apiKey(tenant.Ingest))
	key.QueryStringParameters = map[string]string{"connection": w.client.Connection}
	for name, c := range map[string]struct {
		request events.APIGatewayV2HTTPRequest
		cold    map[string]int
	}{
		"client":  {w.rows(many(1000)...), map[string]int{"table": 2, "objects": 1, "kms": 1, "queue": 1}},
		"API key": {key, map[string]int{"table": 3, "objects": 1, "kms": 1, "queue": 1}},
	} {
		t.Run(name, func(t *testing.T) {
			w.restart()
			w.takes(c.request)
			w.made(c.cold)
			for range 100 {
				w.pass(keep/100 - time.Millisecond)
				w.takes(c.request)
				w.made(map[string]int{"queue": 1})
			}
			w.pass(time.Second)
			w.takes(c.request)
			delete(c.cold, "kms")
			w.made(c.cold)
		})
	}
	w.takes(w.rows(many(5000)...))
	w.calls.since()
	w.takes(w.rows(many(5000)...))
	w.made(map[string]int{"bucket": 1, "queue": 1})
	d := w.last()
	if c := w.contents(); d.Body != nil || d.Payload.Key != "inbox/"+w.org.ID+"/"+d.ID+".gz" || len(c.Rows) != 5000 || d.Batch == nil {
		t.Errorf("got %d rows, %+v", len(c.Rows), d)
	}
}

func TestAnObjectThatNobodyKnowsIsLookedUpNowAndThen(t *testing.T) {
	w := newWorld(t)
	w.takes(w.rows(rowOne))
	w.calls.since()
	for range 10 {
		w.takes(w.rows(rowOne))
	}
	w.made(map[string]int{"queue": 10})
	w.pass(unknownFor)
	w.takes(w.rows(rowOne))
	w.made(map[string]int{"objects": 1, "queue": 1})
}

func TestRowsAreJudgedByTheSettingsOfTheirObject(t *testing.T) {
	w := newWorld(t)
	w.object("transactions", "transaction_id", "rev")
	o := w.takes(w.rows(`{"transaction_id":1,"rev":7,"action":"create"}`, `{"id":2,"rev":7,"action":"create"}`, `{"transaction_id":3,"action":"create"}`,
		`{"transaction_id":4,"rev":"soon","action":"update"}`))
	if diff := cmp.Diff([]push.Refusal{
		{Row: 2, Code: "missing_id", Message: `Row 2: field "transaction_id": expected the id of the record, a text or a whole number of at most 512 bytes, found nothing.`},
		{Row: 3, Code: "missing_version", Message: `Row 3: field "rev": expected a time since 1970 or a whole number from 0 to 9999999999999999, found nothing.`},
		{Row: 4, Code: "invalid_version", Message: `Row 4: field "rev": expected a time since 1970 or a whole number from 0 to 9999999999999999, found a text of 4 bytes.`},
	}, o.receipt.Errors); diff != "" || o.receipt.Rows != 4 || o.receipt.Refused != 3 {
		t.Errorf("%+v: %s", o.receipt, diff)
	}
	if c := w.contents(); len(c.Rows) != 4 {
		t.Error("rows of wrong syntax are not passed on: nobody could set them aside")
	}
}

func TestTheFirstHundredRefusalsAreListed(t *testing.T) {
	w := newWorld(t)
	rows := many(300)
	for i := range 250 {
		rows[i] = `{"action":"create"}`
	}
	o := w.takes(w.rows(rows...))
	if o.receipt.Rows != 300 || o.receipt.Refused != 250 || len(o.receipt.Errors) != maxListed || o.receipt.Errors[99].Row != 100 {
		t.Errorf("got %d of %d, %d listed", o.receipt.Refused, o.receipt.Rows, len(o.receipt.Errors))
	}
	o = w.takes(w.rows(`7`))
	if o.receipt.Refused != 1 {
		t.Error("a batch of nothing but wrong rows is a batch")
	}
}

func TestABatchOfTheSendersOwnName(t *testing.T) {
	w := newWorld(t)
	named := func(header, body, name string) events.APIGatewayV2HTTPRequest {
		r := w.rows(rowOne)
		if body != "" {
			r.Body = strings.Replace(r.Body, "{", fmt.Sprintf(`{"batchId":%q,`, body), 1)
		}
		if header != "" {
			r = with(r, "idempotency-key", header)
		}
		r.Body = strings.Replace(r.Body, "Transactions", name, 1)
		return r
	}
	first := w.takes(named("monday", "", "Transactions"))
	d := w.last()
	_, keyed, ok := push.ReadID(w.mac, first.receipt.Batch)
	if !ok || keyed == nil || d.Batch.Claim != keyed.Claim || !keyed.Brings(w.mac, d.Batch.Sum) || d.Batch.ID != d.ID || d.Batch.Public != first.receipt.Batch || len(d.Batch.Sum) != 64 {
		t.Fatalf("got %+v", d.Batch)
	}
	for _, r := range []events.APIGatewayV2HTTPRequest{named("", "monday", "transactions"), named("monday", "monday", " TRANSACTIONS "), named("monday", "", "Transactions")} {
		again := w.takes(r)
		if again.receipt.Batch != first.receipt.Batch || w.last().Batch.Sum != d.Batch.Sum || w.last().ID == d.ID {
			t.Errorf("a resend is %+v", w.last().Batch)
		}
	}
	if other := w.takes(named("monday", "", "reps")); other.receipt.Batch == first.receipt.Batch || w.last().Batch.Claim != d.Batch.Claim || w.last().Batch.Sum == d.Batch.Sum {
		t.Error("nobody can see that something else came under the same key")
	}
	if other := w.takes(named("tuesday", "", "Transactions")); other.receipt.Batch == first.receipt.Batch {
		t.Error("another key names the same batch")
	}
	client, text := w.newClient("cli_000000000002", "conn_00000000c002")
	r := with(w.rowsAs(client.ID, text, rowOne), "idempotency-key", "monday")
	if other := w.takes(r); other.receipt.Batch == first.receipt.Batch {
		t.Error("another client's key names the same batch")
	}
	w.refuses(named("monday", "tuesday", "Transactions"), 400, "conflicting_batch_keys")
	w.refuses(with(w.rows(rowOne), "idempotency-key", ""), 400, "invalid_batch_key")
	w.refuses(named(strings.Repeat("k", 256), "", "Transactions"), 400, "invalid_batch_key")
	w.takes(named(strings.Repeat("k", 255), "", "Transactions"))
}

func TestPushRefusals(t *testing.T) {
	w := newWorld(t)
	good := w.rows(rowOne)
	body := func(text string) events.APIGatewayV2HTTPRequest {
		r := good
		r.Body = text
		return r
	}
	base64ed := body("{}e")
	base64ed.IsBase64Encoded = true
	data := func(text string) events.APIGatewayV2HTTPRequest {
		return body(strings.Replace(good.Body, "["+rowOne+"]", text, 1))
	}
	for _, c := range []struct {
		name    string
		request events.APIGatewayV2HTTPRequest
		status  int
		code    string
	}{
		{"nothing", events.APIGatewayV2HTTPRequest{RouteKey: "POST /v1/push"}, 400, "invalid_json"},
		{"no JSON", body("id=1"), 400, "invalid_json"},
		{"no JSON, but with credentials", with(body("id=1"), "authorization", basic(w.client.ID, w.secret)), 400, "invalid_json"},
		{"no object", body("[]"), 400, "not_an_object"},
		{"no base64", base64ed, 400, "invalid_body_encoding"},
		{"form", with(good, "content-type", "application/x-www-form-urlencoded"), 415, "unsupported_media_type"},
		{"brotli", with(good, "content-encoding", "br"), 415, "unsupported_media_type"},
		{"no gzip", with(good, "content-encoding", "gzip"), 400, "invalid_body_encoding"},
		{"too large", body(`{"x":"` + strings.Repeat("x", bodyMax) + `"}`), 413, "body_too_large"},
		{"no credentials", bare(), 401, "missing_credentials"},
		{"no secret", body(`{"clientid":"` + w.client.ID + `","objectname":"a","data":[1]}`), 401, "missing_credentials"},
		{"no clientid", body(`{"clientSecret":"` + w.secret + `","objectname":"a","data":[1]}`), 401, "missing_credentials"},
		{"another scheme", with(good, "authorization", "Digest x"), 401, "missing_credentials"},
		{"basic that is none", with(bare(), "authorization", "Basic %%%"), 401, "invalid_credentials"},
		{"basic without a colon", with(bare(), "authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(w.client.ID))), 401, "invalid_credentials"},
		{"basic and a body that differ", with(w.rowsAs(w.client.ID, "cls_other", rowOne), "authorization", basic(w.client.ID, w.secret)), 400, "conflicting_credentials"},
		{"basic and another client", with(w.rowsAs("cli_other", w.secret, rowOne), "authorization", basic(w.client.ID, w.secret)), 400, "conflicting_credentials"},
		{"a key and a client", with(good, "authorization", "Bearer "+w.apiKey(tenant.Ingest)), 400, "conflicting_credentials"},
		{"clientid twice", body(strings.Replace(good.Body, "{", `{"clientId":"x",`, 1)), 400, "duplicate_key"},
		{"no object name", body(strings.Replace(good.Body, "objectname", "object", 1)), 400, "missing_object_name"},
		{"hostile object name", body(strings.Replace(good.Body, "Transactions", "../x", 1)), 400, "invalid_object_name"},
		{"no data", body(strings.Replace(good.Body, "data", "rows", 1)), 400, "missing_data"},
		{"data no list", data(rowOne), 400, "invalid_data"},
		{"empty data", data(`[]`), 400, "empty_data"},
		{"too many rows", data("[0" + strings.Repeat(",0", push.MaxRows) + "]"), 400, "too_many_rows"},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := w.refuses(c.request, c.status, c.code)
			if c.status == 401 && o.Headers["www-authenticate"] == "" {
				t.Error("nobody is told how to authenticate")
			}
		})
	}
	w.takes(good)
	w.takes(with(good, "authorization", basic(w.client.ID, w.secret)))
	w.takes(with(bare(), "Authorization", "basic "+strings.TrimPrefix(basic(w.client.ID, w.secret), "Basic ")))
	w.takes(data("[0" + strings.Repeat(",0", push.MaxRows-1) + "]"))
}

// TestWhoSendsIsJudgedFirst: a stranger learns nothing about a body but its size and type, and that it is JSON.
func TestWhoSendsIsJudgedFirst(t *testing.T) {
	w := newWorld(t)
	for _, body := range []string{`{"clientid":"cli_x","clientSecret":"x"}`, `{"clientid":"cli_x","clientSecret":"x","objectname":"/","data":[]}`,
		`{"clientid":"cli_x","clientSecret":"x","data":7}`} {
		w.refuses(pushOf(body), 401, "invalid_credentials")
	}
	for _, body := range []string{`{"objectname":"/"}`, `{"objectname":"a","data":[]}`, "no JSON"} {
		w.refuses(with(pushOf(body), "authorization", basic("cli_x", "x")), 401, "invalid_credentials")
	}
}

func TestPackedBodies(t *testing.T) {
	w := newWorld(t)
	packed := func(body []byte) events.APIGatewayV2HTTPRequest {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		if _, err := z.Write(body); err != nil || z.Close() != nil {
			t.Fatal(err)
		}
		r := with(pushOf(base64.StdEncoding.EncodeToString(b.Bytes())), "content-encoding", "gzip")
		r.IsBase64Encoded = true
		return r
	}
	plain := []byte(w.rows(many(10)...).Body)
	w.takes(packed(plain))
	if c := w.contents(); len(c.Rows) != 10 {
		t.Errorf("%d rows", len(c.Rows))
	}
	fill := func(n int) []byte {
		body := w.rows(rowOne).Body
		return []byte(body[:len(body)-1] + strings.Repeat(" ", n-len(body)) + "}")
	}
	w.takes(packed(fill(bodyMax)))
	w.refuses(packed(fill(bodyMax+1)), 413, "body_too_large")
	bomb := packed(make([]byte, 500<<20))
	if len(bomb.Body) > bodyMax {
		t.Fatalf("the bomb has %d bytes", len(bomb.Body))
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	w.refuses(bomb, 413, "body_too_large")
	if runtime.ReadMemStats(&after); after.TotalAlloc-before.TotalAlloc > 64<<20 {
		t.Errorf("the bomb took %d bytes", after.TotalAlloc-before.TotalAlloc)
	}
	cut := packed(plain)
	cut.Body = cut.Body[:len(cut.Body)/8*4]
	w.refuses(cut, 400, "invalid_body_encoding")
	base64ed := pushOf(base64.StdEncoding.EncodeToString(plain))
	base64ed.IsBase64Encoded = true
	w.takes(with(base64ed, "content-encoding", "identity"))
}

func TestPushesWhereSomethingIsDown(t *testing.T) {
	w := newWorld(t)
	large := w.rows(many(5000)...)
	for _, c := range []struct {
		name, fails string
		request     events.APIGatewayV2HTTPRequest
		cold        bool
	}{
		{"queue", "queue", w.rows(rowOne), false}, {"bucket", "bucket", large, false}, {"queue, large", "queue", large, false}, {"table", "table", w.rows(rowOne), true},
		{"keys", "kms", w.rows(rowOne), true}, {"objects", "objects", w.rows(rowOne), true},
	} {
		t.Run(c.name, func(t *testing.T) {
			w.restart()
			if !c.cold {
				w.takes(c.request)
			}
			w.calls.fails = map[string]error{c.fails: errDown}
			o := w.refuses(c.request, http.StatusServiceUnavailable, "unavailable")
			if o.Headers["retry-after"] == "" || !strings.Contains(o.logged, `"level":"ERROR"`) || strings.Contains(o.Body, "dial") {
				t.Errorf("got %+v", o)
			}
			w.calls.fails = nil
			w.takes(c.request)
		})
	}
	w.calls.hang = true
	ctx, cancel := context.WithTimeout(t.Context(), margin+50*time.Millisecond)
	defer cancel()
	if o := w.postIn(ctx, w.rows(rowOne)); o.StatusCode != http.StatusServiceUnavailable || ctx.Err() != nil {
		t.Errorf("where something hangs: got %d, %v", o.StatusCode, ctx.Err())
	}
}

func TestNoSecretOfAClientIsKeptShownOrLogged(t *testing.T) {
	w := newWorld(t)
	key := w.apiKey(tenant.Ingest)
	bearer := with(bare(), "authorization", "Bearer "+key)
	bearer.QueryStringParameters = map[string]string{"connection": w.client.Connection}
	const word = "c0nfidential"
	requests := []events.APIGatewayV2HTTPRequest{w.rows(rowOne), w.rows(many(5000)...), with(bare(), "authorization", basic(w.client.ID, w.secret)), bearer,
		w.rows(`{"id":"`+word+`","`+word+`2":1,"action":"`+word+`"}`, `"`+word+`"`), w.rowsAs(w.client.ID, word, rowOne), w.rowsAs(word, w.secret, rowOne),
		with(w.rows(rowOne), "authorization", "Basic "+word), with(bare(), "authorization", "Bearer "+word), with(w.rows(rowOne), "content-encoding", word),
		pushOf(`{"clientid":"` + w.client.ID + `","clientSecret":["` + w.secret + `"]}`), pushOf(w.secret)}
	for _, fails := range []string{"", "queue", "bucket", "table", "kms", "objects"} {
		w.restart()
		w.calls.fails = map[string]error{fails: errDown}
		for _, r := range requests {
			w.pass(2 * time.Second)
			o := w.post(r)
			for what, text := range map[string]string{"secret": w.secret, "secret's hash": tenant.HashToken(w.secret), "key": key, "key's hash": tenant.HashToken(key),
				"Basic": strings.TrimPrefix(basic(w.client.ID, w.secret), "Basic "), "body": word} {
				if what != "body" && strings.Contains(o.Body, text) || strings.Contains(o.logged, text) {
					t.Errorf("the %s is shown: %s, %s", what, o.logged, o.Body)
				}
			}
			if strings.Contains(strings.ReplaceAll(o.Body, word+"2", ""), word) {
				t.Errorf("the answer shows the body: %s", o.Body)
			}
		}
	}
	for _, message := range w.queue.messages {
		d, err := delivery.Decode(message)
		if err != nil {
			t.Fatal(err)
		}
		body := d.Body
		if d.Payload != nil {
			body = w.kept(d.Payload.Key)
		}
		for _, text := range []string{w.secret, key, tenant.HashToken(w.secret), tenant.HashToken(key)} {
			if bytes.Contains(message, []byte(text)) || bytes.Contains(body, []byte(text)) {
				t.Errorf("a secret is queued: %.500s", body)
			}
		}
	}
	if len(w.queue.messages) == 0 {
		t.Fatal("nothing was queued")
	}
}

func TestPushesAtTheSameTime(t *testing.T) {
	w := newWorld(t)
	w.limit(100_000)
	good, wrong := w.rows(rowOne), w.rowsAs(w.client.ID, "cls_wrong", rowOne)
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			for range 50 {
				w.pass(10 * time.Millisecond)
				for _, c := range []struct {
					request events.APIGatewayV2HTTPRequest
					status  int
				}{{good, 202}, {wrong, 401}} {
					if answer, err := w.h.Handle(t.Context(), c.request); err != nil || answer.StatusCode != c.status {
						t.Errorf("got %d, %v, want %d", answer.StatusCode, err, c.status)
					}
				}
			}
		})
	}
	wait.Wait()
	if len(w.queue.messages) != 400 {
		t.Errorf("%d messages", len(w.queue.messages))
	}
}

func FuzzPushBody(f *testing.F) {
	w := newWorld(f)
	for _, body := range []string{"", "{}", w.rows(rowOne).Body, w.rows("7", "null").Body, `{"clientid":"cli_000000000001","clientSecret":null,"data":[{}]}`, "\xff"} {
		f.Add([]byte(body), false)
		f.Add([]byte(body), true)
	}
	f.Fuzz(func(t *testing.T, body []byte, known bool) {
		w.t = t
		r := pushOf(string(body))
		if known {
			r = with(r, "authorization", basic(w.client.ID, w.secret))
		}
		o := w.post(r)
		if o.StatusCode == http.StatusAccepted {
			if c := w.contents(); len(c.Rows) != o.receipt.Rows {
				t.Fatalf("%d rows were queued for %s", len(c.Rows), body)
			}
		} else if o.StatusCode >= 500 || json.Valid(body) == (o.code == "invalid_json") && o.StatusCode == 400 {
			t.Fatalf("got %d %s", o.StatusCode, o.code)
		}
		w.queue.messages, w.queue.groups = nil, nil
		w.pass(time.Second)
	})
}

// BenchmarkPush measures receive's own share of a push: what it does between two network calls.
func BenchmarkPush(b *testing.B) {
	for _, n := range []int{1, 1000} {
		b.Run(fmt.Sprintf("rows=%d", n), func(b *testing.B) {
			w := newWorld(b)
			w.object("transactions", "id", "")
			request := w.rows(many(n)...)
			w.takes(request)
			w.calls.since()
			b.ReportAllocs()
			b.SetBytes(int64(len(request.Body)))
			for b.Loop() {
				if answer, err := w.h.Handle(b.Context(), request); err != nil || answer.StatusCode != http.StatusAccepted {
					b.Fatalf("got %d, %v", answer.StatusCode, err)
				}
				w.queue.messages, w.queue.groups = w.queue.messages[:0], w.queue.groups[:0]
			}
			if made := w.calls.since(); made["queue"] != b.N || len(made) != 1 {
				b.Fatalf("%v calls for %d pushes", made, b.N)
			}
		})
	}
}
