package dynamodb_test

import (
	"bytes"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awsdynamodb "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go/logging"

	"leadline/infra/local/chaos"
	"leadline/infra/local/dynamodb"
	"leadline/infra/local/dynamodb/dynamodbtest"
)

// script is a fixed fault for each attempt of an operation, from the first; none after the last.
type script map[string][]chaos.Fault

func (s script) Call(operation string, attempt int) chaos.Fault {
	if i := attempt - 1; i >= 0 && i < len(s[operation]) {
		return s[operation][i]
	}
	return chaos.None
}

// proxied gives a proxy, a client through it that tries as often as said without waiting, and the endpoints of the
// proxy and of DynamoDB Local.
func proxied(t *testing.T, faults dynamodb.Faults, attempts int) (*dynamodb.Proxy, *awsdynamodb.Client, string, string) {
	t.Helper()
	direct := dynamodbtest.Start(t)
	proxy := dynamodb.NewProxy(direct, faults)
	server := httptest.NewServer(proxy)
	t.Cleanup(server.Close)
	client := dynamodbtest.Client(server.URL, func(o *awsdynamodb.Options) {
		o.DisableValidateResponseChecksum = false
		o.Retryer = retry.NewStandard(func(o *retry.StandardOptions) {
			o.MaxAttempts = attempts
			o.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return 0, nil })
		})
	})
	return proxy, client, server.URL, direct
}

func TestProxyPassesCallsOnAndCountsThem(t *testing.T) {
	proxy, client, _, _ := proxied(t, nil, 1)
	table := createTable(t, client)
	for i := range 3 {
		if _, err := client.TransactWriteItems(t.Context(), increment(table, "a", fmt.Sprint(i))); err != nil {
			t.Fatal(err)
		}
	}
	if n := count(t, client, table, "a"); n != "3" {
		t.Errorf("counter %s", n)
	}
	want := map[string]int64{"CreateTable": 1, "TransactWriteItems": 3, "GetItem": 1}
	if got := proxy.Calls(); !maps.Equal(got, want) {
		t.Errorf("calls %v, want %v", got, want)
	}
}

func TestInjectedThrottlingIsTypedAndUnapplied(t *testing.T) {
	proxy, client, _, direct := proxied(t, script{"PutItem": {chaos.Exceeded}, "UpdateItem": {chaos.Throttled}}, 1)
	table := createTable(t, client)
	_, err := client.PutItem(t.Context(), &awsdynamodb.PutItemInput{TableName: table, Item: key("a")})
	var exceeded *types.ProvisionedThroughputExceededException
	if !errors.As(err, &exceeded) {
		t.Errorf("put: %v", err)
	}
	_, err = client.UpdateItem(t.Context(), &awsdynamodb.UpdateItemInput{TableName: table, Key: key("a")})
	var throttled *types.ThrottlingException
	if !errors.As(err, &throttled) {
		t.Errorf("update: %v", err)
	}
	out, err := dynamodbtest.Client(direct).Scan(t.Context(), &awsdynamodb.ScanInput{TableName: table})
	if err != nil || out.Count != 0 {
		t.Errorf("%d items, %v: a refused call was applied", out.Count, err)
	}
	if got := proxy.Calls(); got["PutItem"]+got["UpdateItem"] != 0 {
		t.Errorf("refused calls are counted: %v", got)
	}
}

func TestSDKGetsThroughInjectedThrottling(t *testing.T) {
	_, client, _, _ := proxied(t, script{"PutItem": {chaos.Exceeded, chaos.Throttled}}, 3)
	table := createTable(t, client)
	if _, err := client.PutItem(t.Context(), &awsdynamodb.PutItemInput{TableName: table, Item: key("a")}); err != nil {
		t.Error(err)
	}
}

func TestInjectedConflictCancelsTheTransaction(t *testing.T) {
	_, client, _, direct := proxied(t, script{"TransactWriteItems": {chaos.Conflicted}}, 3)
	table := createTable(t, client)
	in := increment(table, "a", "t1")
	in.TransactItems = append(in.TransactItems, increment(table, "b", "").TransactItems...)
	_, err := client.TransactWriteItems(t.Context(), in)
	var canceled *types.TransactionCanceledException
	if !errors.As(err, &canceled) {
		t.Fatal(err)
	}
	var codes []string
	for _, r := range canceled.CancellationReasons {
		codes = append(codes, aws.ToString(r.Code))
	}
	if strings.Join(codes, " ") != "TransactionConflict None" {
		t.Errorf("reasons %v", codes)
	}
	if n := count(t, dynamodbtest.Client(direct), table, "a"); n != "" {
		t.Errorf("counter %s: a cancelled transaction was applied", n)
	}
}

// The classic trap: the first attempt wrote, its answer was lost, and the SDK's own retry meets its own item.
func TestLostAnswerMakesAConditionalPutFailOnItself(t *testing.T) {
	for name, fault := range map[string]chaos.Fault{"failed": chaos.Failed, "cut": chaos.Cut} {
		t.Run(name, func(t *testing.T) {
			_, client, _, _ := proxied(t, script{"PutItem": {fault}}, 3)
			table := createTable(t, client)
			_, err := client.PutItem(t.Context(), &awsdynamodb.PutItemInput{TableName: table, Item: key("a"), ConditionExpression: aws.String("attribute_not_exists(pk)")})
			var failed *types.ConditionalCheckFailedException
			if !errors.As(err, &failed) {
				t.Errorf("put: %v", err)
			}
		})
	}
}

func TestLostAnswerOfATransactionIsHarmlessByItsToken(t *testing.T) {
	_, client, _, _ := proxied(t, script{"TransactWriteItems": {chaos.Cut, chaos.Failed}}, 3)
	table := createTable(t, client)
	if _, err := client.TransactWriteItems(t.Context(), increment(table, "a", "t1")); err != nil {
		t.Fatal(err)
	}
	if n := count(t, client, table, "a"); n != "1" {
		t.Errorf("counter %s after one transaction applied three times", n)
	}
}

// A call that fails by itself keeps its own error.
func TestLostAnswerKeepsErrors(t *testing.T) {
	_, client, _, _ := proxied(t, script{"PutItem": {chaos.Cut}}, 1)
	_, err := client.PutItem(t.Context(), &awsdynamodb.PutItemInput{TableName: aws.String("Nowhere"), Item: key("a")})
	var notFound *types.ResourceNotFoundException
	if !errors.As(err, &notFound) {
		t.Errorf("put: %v", err)
	}
}

func TestInjectedUnprocessedItemsAreNotWritten(t *testing.T) {
	_, client, _, direct := proxied(t, script{"BatchWriteItem": {chaos.Unprocessed}, "BatchGetItem": {chaos.Unprocessed}}, 1)
	one, two := createTable(t, client), createTable(t, client)
	put := func(id string) types.WriteRequest {
		return types.WriteRequest{PutRequest: &types.PutRequest{Item: key(id)}}
	}
	pending := map[string][]types.WriteRequest{*one: {put("a"), put("b"), put("c")}, *two: {put("d"), put("e")}}
	out, err := client.BatchWriteItem(t.Context(), &awsdynamodb.BatchWriteItemInput{RequestItems: pending})
	if err != nil {
		t.Fatal(err)
	}
	scan := func(table *string) int32 {
		out, err := dynamodbtest.Client(direct).Scan(t.Context(), &awsdynamodb.ScanInput{TableName: table})
		if err != nil {
			t.Fatal(err)
		}
		return out.Count
	}
	left := len(out.UnprocessedItems[*one]) + len(out.UnprocessedItems[*two])
	if written := scan(one) + scan(two); left != 2 || written != 3 {
		t.Errorf("%d unprocessed, %d written, want 2 and 3", left, written)
	}
	if _, err := dynamodbtest.Client(direct).BatchWriteItem(t.Context(), &awsdynamodb.BatchWriteItemInput{RequestItems: out.UnprocessedItems}); err != nil {
		t.Fatal(err)
	}
	if scan(one) != 3 || scan(two) != 2 {
		t.Errorf("%d and %d items after the rest was sent, want 3 and 2", scan(one), scan(two))
	}
	read, err := client.BatchGetItem(t.Context(), &awsdynamodb.BatchGetItemInput{RequestItems: map[string]types.KeysAndAttributes{
		*one: {Keys: []map[string]types.AttributeValue{key("a"), key("b")}, ConsistentRead: aws.Bool(true)}}})
	if err != nil {
		t.Fatal(err)
	}
	if rest := read.UnprocessedKeys[*one]; len(read.Responses[*one]) != 1 || len(rest.Keys) != 1 || !aws.ToBool(rest.ConsistentRead) {
		t.Errorf("read %d, unprocessed %+v", len(read.Responses[*one]), rest)
	}
	_, err = client.BatchWriteItem(t.Context(), &awsdynamodb.BatchWriteItemInput{RequestItems: map[string][]types.WriteRequest{*one: {put("f")}}})
	var exceeded *types.ProvisionedThroughputExceededException
	if !errors.As(err, &exceeded) || scan(one) != 3 {
		t.Errorf("a batch of one: %v", err)
	}
}

// logs keeps what the SDK logs.
type logs struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logs) Logf(_ logging.Classification, format string, v ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	fmt.Fprintf(&l.text, format+"\n", v...)
}

func TestAnswersCarryAValidChecksum(t *testing.T) {
	_, client, proxy, _ := proxied(t, script{"PutItem": {chaos.Exceeded}}, 1)
	log := &logs{}
	quiet := awsdynamodb.New(client.Options(), func(o *awsdynamodb.Options) { o.Logger = log })
	table := createTable(t, quiet)
	if _, err := quiet.GetItem(t.Context(), &awsdynamodb.GetItemInput{TableName: aws.String("Nowhere"), Key: key("a")}); err == nil {
		t.Error("read a table that is not there")
	}
	if _, err := quiet.PutItem(t.Context(), &awsdynamodb.PutItemInput{TableName: table, Item: key("a")}); err == nil {
		t.Error("put was not throttled")
	}
	if text := log.text.String(); text != "" {
		t.Errorf("the SDK logged %s", text)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, proxy, strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("X-Amz-Target", "DynamoDB_20120810.ListTables")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.Header.Get("X-Amz-Crc32") != strconv.FormatUint(uint64(crc32.ChecksumIEEE(body)), 10) {
		t.Errorf("checksum %q of %q, %v", resp.Header.Get("X-Amz-Crc32"), body, err)
	}
}

func TestProxyWithoutDynamoDB(t *testing.T) {
	server := httptest.NewServer(dynamodb.NewProxy("http://127.0.0.1:1", (*chaos.Source)(nil)))
	defer server.Close()
	client := dynamodbtest.Client(server.URL, func(o *awsdynamodb.Options) { o.RetryMaxAttempts = 1 })
	_, err := client.ListTables(t.Context(), &awsdynamodb.ListTablesInput{})
	if err == nil || !strings.Contains(err.Error(), "DynamoDB Local does not answer") {
		t.Errorf("error %v", err)
	}
}

// Under the default chaos every item is written in the end by a caller that does what AWS asks for.
func TestDefaultChaosLetsPatientCallersThrough(t *testing.T) {
	cfg := chaos.Default(3)
	cfg.Throttle, cfg.Conflict, cfg.Lost = 0.2, 0.3, 0.2
	source := chaos.New(cfg)
	_, client, _, direct := proxied(t, source, 3)
	table := createTable(t, client)
	var group sync.WaitGroup
	for worker := range 4 {
		group.Go(func() {
			for i := range 25 {
				in := increment(table, "a", fmt.Sprint(worker, "-", i))
				var canceled *types.TransactionCanceledException
				_, err := client.TransactWriteItems(t.Context(), in)
				for errors.As(err, &canceled) {
					_, err = client.TransactWriteItems(t.Context(), in)
				}
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	if n := count(t, dynamodbtest.Client(direct), table, "a"); n != "100" {
		t.Errorf("counter %s after 100 transactions", n)
	}
	if got := source.Injected(); got["conflict TransactWriteItems"] == 0 || got["throttle TransactWriteItems"] == 0 || got["lost TransactWriteItems"] == 0 {
		t.Errorf("injected %v", got)
	}
}
