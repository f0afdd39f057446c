package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"leadline/infra/local/dynamodb/dynamodbtest"
)

func listPrices(t *testing.T) prices {
	t.Helper()
	p, err := readPrices(priceFile)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func near(got, want float64) bool { return math.Abs(got-want) < 1e-9 }

// What a million of each costs by AWS's own pages.
func TestPriceOfEachKindOfCall(t *testing.T) {
	p := listPrices(t)
	const million = 1e6
	for m, want := range map[meter]float64{
		apiRequests: 1.00, lambdaRequests: 0.20, sqsRequests: 0.40, sqsFair: 0.10, dynamoWrites: 0.625, dynamoReads: 0.125, dynamoStream: 0,
		s3Writes: 5.00, s3Reads: 0.40, kmsRequests: 3.00, lambdaGBSeconds: 13.3334,
	} {
		if got := p.of(usage{m: million}); !near(got, want) {
			t.Errorf("a million of %s: $%f, want $%f", m, got, want)
		}
	}
	for m, want := range map[meter]float64{logsIngested: 0.50, transferOut: 0.09, s3Storage: 0.023, dynamoStorage: 0.25, dynamoRecovery: 0.20} {
		if got := p.of(usage{m: 1e9}); !near(got, want) {
			t.Errorf("a GB of %s: $%f, want $%f", m, got, want)
		}
	}
	all := usage{sqsRequests: million, sqsFair: million, apiRequests: million}
	if got := p.of(all); !near(got, 1.50) {
		t.Errorf("together: $%f", got)
	}
	if got := p.service(all, "sqs"); !near(got, 0.50) {
		t.Errorf("SQS: $%f", got)
	}
}

func TestAPriceFileMustBeWhole(t *testing.T) {
	var whole map[string]any
	if err := json.Unmarshal(priceFile, &whole); err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(p map[string]any){
		"no date":  func(p map[string]any) { p["date"] = "" },
		"no price": func(p map[string]any) { delete(p["prices"].(map[string]any), "sqs.fair") },
		"unknown": func(p map[string]any) {
			p["prices"].(map[string]any)["sqs.fifo"] = p["prices"].(map[string]any)["sqs.fair"]
		},
		"no amount":    func(p map[string]any) { p["prices"].(map[string]any)["sqs.fair"].(map[string]any)["per"] = 0 },
		"no page":      func(p map[string]any) { p["prices"].(map[string]any)["sqs.fair"].(map[string]any)["url"] = "" },
		"another part": func(p map[string]any) { p["discount"] = 1 },
	} {
		var p map[string]any
		_ = json.Unmarshal(priceFile, &p)
		spoil(p)
		text, _ := json.Marshal(p)
		if _, err := readPrices(text); err == nil {
			t.Errorf("%s: was read", name)
		}
	}
}

func TestChunks(t *testing.T) {
	for _, c := range []struct {
		bytes, chunk int64
		want         float64
	}{
		{0, sqsChunk, 1}, {1, sqsChunk, 1}, {65536, sqsChunk, 1}, {65537, sqsChunk, 2}, {262144, sqsChunk, 4},
		{1000, apiChunk, 1}, {524288, apiChunk, 1}, {524289, apiChunk, 2}, {4 << 20, apiChunk, 8},
		{0, writeUnit, 1}, {1024, writeUnit, 1}, {1025, writeUnit, 2}, {400 << 10, writeUnit, 400}, {4097, readUnit, 2},
	} {
		if got := chunks(c.bytes, c.chunk); got != c.want {
			t.Errorf("%d bytes by %d: %g, want %g", c.bytes, c.chunk, got, c.want)
		}
	}
}

func TestItemSize(t *testing.T) {
	for text, want := range map[string]int64{
		`{"pk":{"S":"abc"}}`:                                 5,
		`{"pk":{"S":"é"}}`:                                   4,
		`{"n":{"N":"12345"}}`:                                5, // three bytes of digits and one
		`{"n":{"N":"-12.30"}}`:                               5, // 123, and the sign
		`{"n":{"N":"1000000"}}`:                              3, // zeros at the end are free
		`{"b":{"B":"AAEC"},"t":{"BOOL":true}}`:               6,
		`{"b":{"B":"AA=="}}`:                                 2,
		`{"x":{"NULL":true}}`:                                2,
		`{"l":{"L":[{"S":"ab"},{"N":"7"}]}}`:                 1 + 3 + 2 + 2 + 2,
		`{"m":{"M":{"k":{"S":"v"}}}}`:                        1 + 3 + 1 + 1 + 1,
		`{"s":{"SS":["ab","c"]}}`:                            4,
		`{"l":{"L":[]},"m":{"M":{}}}`:                        8,
		`{"pk":{"S":"o#1"},"sk":{"S":"x"},"ver":{"S":"01"}}`: 5 + 3 + 5,
	} {
		var item map[string]attribute
		if err := json.Unmarshal([]byte(text), &item); err != nil {
			t.Fatal(err)
		}
		if got := itemSize(item); got != want {
			t.Errorf("%s: %d bytes, want %d", text, got, want)
		}
	}
}

func TestLambdaTime(t *testing.T) {
	// 10 invocations that wait 20 ms each and compute for 1 ms each, on a quarter of a core.
	seconds := lambdaSeconds(10, 0.200, 0.010, 1769/4)
	if want := 0.200 + 0.010*1769/442 + 0.005; !near(seconds, want) {
		t.Errorf("got %f s, want %f", seconds, want)
	}
	if got := lambdaSeconds(1, 0, 1, 3538); !near(got, 1.0005) {
		t.Errorf("two cores do not make one thread faster: %f s", got)
	}
	if got := gbSeconds(2, 512); !near(got, 1) {
		t.Errorf("got %f GB-seconds", got)
	}
}

func TestMessagesOfACallToSQS(t *testing.T) {
	for _, c := range []struct {
		sent, got string
		queue     string
		group     bool
		payload   int64
	}{
		{`{"QueueUrl":"http://127.0.0.1:1/000000000000/leadline-prod-InboxA8E05DC3","MessageBody":"{\"a\":1}","MessageGroupId":"org_1"}`, `{"MessageId":"1"}`, "Inbox", true, 7},
		{`{"QueueUrl":"http://127.0.0.1:1/000000000000/leadline-prod-DeliverQueue9544E50E"}`, `{"Messages":[{"Body":"abc"},{"Body":"de"}]}`, "DeliverQueue", false, 5},
		{`{"QueueUrl":"http://127.0.0.1:1/0/leadline-prod-InboxA8E05DC3","Entries":[{"Id":"0","ReceiptHandle":"r"}]}`, `{"Successful":[{"Id":"0"}]}`, "Inbox", false, 0},
	} {
		queue, group, payload := messages([]byte(c.sent), []byte(c.got))
		if queue != c.queue || group != c.group || payload != c.payload {
			t.Errorf("%s: %s %t %d", c.sent, queue, group, payload)
		}
	}
}

func TestWhatACallIsFor(t *testing.T) {
	key := func(table, pk string) string {
		return fmt.Sprintf(`{"TableName":"leadline-prod-%s00000000","Key":{"pk":{"S":%q},"sk":{"S":"x"}}}`, table, pk)
	}
	for _, c := range []struct {
		function, operation, body string
		part                      part
		what                      string
	}{
		{"ingest", "UpdateItem", key("Records", "org_1#conn_1#lead#3"), forRecord, "Records"},
		{"ingest", "PutItem", `{"TableName":"leadline-prod-Intake00000000","Item":{"pk":{"S":"org_1#payloads#conn_1#2026-11-22"},"sk":{"S":"x"}}}`, forPayload, "Intake payloads"},
		{"ingest", "GetItem", key("Intake", "org_1#batches#2"), forOutcomes, "Intake batches"},
		{"ingest", "PutItem", key("Intake", "org_1#claim#k"), forOutcomes, "Intake claim"},
		{"ingest", "GetItem", key("Intake", "org_1#schemas#conn_1"), forRecord, "Intake schemas"},
		{"ingest", "Query", `{"TableName":"leadline-prod-Tenancy00000000","ExpressionAttributeValues":{":pk":{"S":"org_1#destinations"}}}`, forTrack, "Tenancy destinations"},
		{"receive", "GetItem", key("Tenancy", "0a1b2c#hook"), forRecord, "Tenancy hook"},
		{"relay", "BatchWriteItem", `{"RequestItems":{"leadline-prod-History00000000":[{"PutRequest":{"Item":{"pk":{"S":"org_1#conn_1#lead#x"},"sk":{"S":"1"}}}}]}}`, forHistory, "History"},
		{"deliver", "PutItem", key("WorkTable", "org_1#deliveries#dst_1#3"), forTrack, "WorkTable deliveries"},
	} {
		r := readRequest(c.operation, []byte(c.body))
		if got := partOf(c.function, r); got != c.part || r.what() != c.what {
			t.Errorf("%s %s: %s, %q", c.function, c.body, got, r.what())
		}
	}
	batch := readRequest("BatchWriteItem", []byte(`{"RequestItems":{"t-History00000000":[{"PutRequest":{"Item":{"pk":{"S":"a"}}}},{"PutRequest":{"Item":{"pk":{"S":"ab"}}}}]}}`))
	if batch.put != 7 {
		t.Errorf("a batch of 3 and 4 bytes: %d", batch.put)
	}
}

func TestConsumedUnits(t *testing.T) {
	refused := func(item string) string {
		return `{"__type":"com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException","Item":` + item + `}`
	}
	for _, c := range []struct {
		status int
		answer string
		want   float64
	}{
		{200, `{"ConsumedCapacity":{"CapacityUnits":2.5,"TableName":"t"}}`, 2.5},
		{200, `{"ConsumedCapacity":[{"CapacityUnits":3},{"CapacityUnits":4}]}`, 7},
		{200, `{}`, 0},
		{400, refused(`null`), 1},
		{400, refused(`{"b":{"S":"` + strings.Repeat("x", 1023) + `"}}`), 1},
		{400, refused(`{"b":{"S":"` + strings.Repeat("x", 1024) + `"}}`), 2},
		{400, `{"__type":"com.amazonaws.dynamodb.v20120810#ThrottlingException"}`, 0},
	} {
		if got := consumed("UpdateItem", c.status, []byte(c.answer)); got != c.want {
			t.Errorf("%d %.80s: %g, want %g", c.status, c.answer, got, c.want)
		}
	}
}

// TestDynamoDBLocalChargesAsDocumented compares what the door notes with the documented rules, at the edges of units.
func TestDynamoDBLocalChargesAsDocumented(t *testing.T) {
	l := &ledger{}
	server := httptest.NewServer(dynamoDoor(l, dynamodbtest.Start(t)))
	defer server.Close()
	db := sdk.New(sdk.Options{Region: region, BaseEndpoint: &server.URL, Credentials: credentials.NewStaticCredentialsProvider(secret, secret, "")})
	table := fmt.Sprintf("bench-Units%08d", time.Now().UnixNano()%1e8)
	ctx := context.Background()
	if _, err := db.CreateTable(ctx, &sdk.CreateTableInput{TableName: &table, BillingMode: types.BillingModePayPerRequest,
		KeySchema:            []types.KeySchemaElement{{AttributeName: aws.String("pk"), KeyType: types.KeyTypeHash}},
		AttributeDefinitions: []types.AttributeDefinition{{AttributeName: aws.String("pk"), AttributeType: types.ScalarAttributeTypeS}},
	}); err != nil {
		t.Fatal(err)
	}
	used := func(do func() error) usage {
		t.Helper()
		b := newBill()
		l.count(b)
		defer l.count(nil)
		if err := do(); err != nil {
			t.Fatal(err)
		}
		return b.usage(forRecord)
	}
	text := func(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }
	key := map[string]types.AttributeValue{"pk": text("k")}
	for _, size := range []int{100, 1024, 1025, 5000} {
		item := map[string]types.AttributeValue{"pk": text("k"), "b": text(strings.Repeat("x", size-len("pkkb")))}
		put := used(func() error {
			_, err := db.PutItem(ctx, &sdk.PutItemInput{TableName: &table, Item: item})
			return err
		})
		if want := writeUnits(int64(size)); put[dynamoWrites] != want || put[dynamoReads] != 0 {
			t.Errorf("writing %d bytes: %v, want %g units", size, put, want)
		}
		got := used(func() error {
			_, err := db.GetItem(ctx, &sdk.GetItemInput{TableName: &table, Key: key, ConsistentRead: aws.Bool(true)})
			return err
		})
		if want := chunks(int64(size), readUnit); got[dynamoReads] != want || got[dynamoWrites] != 0 {
			t.Errorf("reading %d bytes: %v, want %g units", size, got, want)
		}
	}
	update := func(condition string) error {
		_, err := db.UpdateItem(ctx, &sdk.UpdateItemInput{TableName: &table, Key: key, UpdateExpression: aws.String("SET c = :c"),
			ConditionExpression: &condition, ExpressionAttributeValues: map[string]types.AttributeValue{":c": text("1")},
			ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld})
		return err
	}
	if got := used(func() error { return update("attribute_exists(pk)") }); got[dynamoWrites] != 5 {
		t.Errorf("updating an item of 5002 bytes: %v", got)
	}
	if got := used(func() error { _ = update("attribute_not_exists(pk)"); return nil }); got[dynamoWrites] != 5 {
		t.Errorf("an update that is refused: %v", got)
	}
}

func TestCallsAtOnceAreWaitedForOnce(t *testing.T) {
	l, b := &ledger{}, newBill()
	l.count(b)
	l.begin("ingest")
	record, payload := call{part: forRecord, service: "x"}, call{part: forPayload, service: "x"}
	first := l.arrived()
	second := l.arrived() // before the first is answered
	l.answered(record, first, 6*time.Millisecond)
	l.answered(record, second, 6*time.Millisecond)
	third := l.arrived()
	l.answered(payload, third, 35*time.Millisecond)
	l.answered(record, l.arrived(), 4*time.Millisecond)
	l.end()
	w := b.function("ingest")
	if w.invocations != 1 || w.waiting[viewRecord] != 10*time.Millisecond || w.waiting[viewAllIn] != 45*time.Millisecond || w.waiting[viewAll] != 45*time.Millisecond {
		t.Errorf("got %+v", w)
	}
	if tallies := b.list(); len(tallies) != 2 || tallies[0].calls != 3 || tallies[1].calls != 1 {
		t.Errorf("got %+v", tallies)
	}
	l.count(nil)
	l.answered(record, l.arrived(), time.Second)
	if b.list()[0].calls != 3 {
		t.Error("what came after the end was counted")
	}
}

func TestABillIsSettledByFunction(t *testing.T) {
	b := newBill()
	b.units = 100
	ingest := b.function("ingest")
	ingest.invocations, ingest.cpu, ingest.logged = 10, 100*time.Millisecond, 4000
	ingest.waiting = [views]time.Duration{60 * time.Millisecond, 400 * time.Millisecond, 500 * time.Millisecond}
	b.settle(map[string]int{"ingest": 512})
	record, rest, track := b.usage(forRecord), b.usage(forPayload), b.usage(forTrack)
	if want := (0.060 + 0.100*1769/512 + 0.005) / 2; !near(record[lambdaGBSeconds], want) || record[lambdaRequests] != 10 {
		t.Errorf("record: %v, want %f GB-seconds", record, want)
	}
	if !near(rest[lambdaGBSeconds], 0.170) || !near(track[lambdaGBSeconds], 0.050) {
		t.Errorf("the rest: %v, track: %v", rest, track)
	}
	if logs := b.usage(forLogs); logs[logsIngested] != 4000 {
		t.Errorf("logs: %v", logs)
	}
	if got := b.perMillion(record[lambdaRequests]); got != 100_000 {
		t.Errorf("per million: %g", got)
	}
}

func TestBenchmarksAreRead(t *testing.T) {
	all := parseBenchmarks([]byte("goos: linux\npkg: leadline/functions/ingest\nBenchmarkRows/a-b  \t      36\t  34831293 ns/op\t     34831 ns/row\t12126982 B/op\t   77863 allocs/op\nPASS\n" +
		"pkg: leadline/shared/track\nBenchmarkMap \t 100 \t 12600 ns/op\t 9020 B/op\t 29 allocs/op\nBenchmarkBroken\n"))
	if len(all) != 2 || all[0].folder != "functions/ingest" || all[0].name != "Rows/a-b" || all[1].folder != "shared/track" || all[1].per("ns/op", "") != 12600 {
		t.Fatalf("got %+v", all)
	}
	if got := all[0].per("B/op", "row"); math.Abs(got-12126) > 1 {
		t.Errorf("bytes a row: %f", got)
	}
}

func TestTheCorpusIsTheSameEachTime(t *testing.T) {
	t.Chdir("../..")
	a, err := mixed(100, 40)
	if err != nil {
		t.Fatal(err)
	}
	again, err := mixed(100, 40)
	if err != nil {
		t.Fatal(err)
	}
	long := 0
	for i := range a {
		if !bytes.Equal(a[i], again[i]) || !json.Valid(a[i]) {
			t.Errorf("event %d is not the same again", i)
		}
		if len(a[i]) > emailBytes {
			long++
		}
	}
	if long != 8 {
		t.Errorf("%d of 40 events are e-mails, want 8", long)
	}
}

func TestTheSeedsEventChangesWhatTheSeedsEventChanges(t *testing.T) {
	t.Chdir("../..")
	all, err := opportunities(0, 3, 1)
	if err != nil {
		t.Fatal(err)
	}
	last, status := "", ""
	for i, text := range all {
		o, err := decode(text)
		if err != nil {
			t.Fatal(err)
		}
		data := o.inner("event").inner("data")
		if updated := fmt.Sprint(data["date_updated"]); updated <= last {
			t.Errorf("event %d is of %s, after %s", i, updated, last)
		} else {
			last = updated
		}
		if data["id"] != o.inner("event")["object_id"] || fmt.Sprint(data["value"]) != "100000" || data["status_type"] == status {
			t.Errorf("event %d: %v", i, data)
		}
		status = fmt.Sprint(data["status_type"])
	}
	if len(all[0]) < 1800 || len(all[0]) > 2100 {
		t.Errorf("the event has %d bytes", len(all[0]))
	}
}

func TestAccessLine(t *testing.T) {
	if got, want := accessLine(`{"route":"$context.routeKey","status":"$context.status"}`, "POST /x"), len(`{"route":"POST /x","status":"200"}`)+1; got != want {
		t.Errorf("got %d, want %d", got, want)
	}
}

func TestNumbersForPeople(t *testing.T) {
	for n, want := range map[float64]string{0: "", 0.5: "0.500", 3: "3.00", 1234567: "1.23 M", 999999: "1.00 M", 12000: "12.0 k", 6.5e9: "6.50 G"} {
		if got := quantity(n); got != want {
			t.Errorf("%g: %q, want %q", n, got, want)
		}
	}
	var out bytes.Buffer
	o := &output{to: &out}
	o.table(table{heading: []string{"what", "n", "why"}, rows: [][]string{{"a", "1", "é"}, {"longer", "1000"}}, left: []int{2}})
	if want := "what       n  why\n-----------------\na          1  é\nlonger  1000\n"; out.String() != want {
		t.Errorf("got\n%s", out.String())
	}
}
