package dynamodb_test

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsdynamodb "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"
	streamtypes "github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"

	"leadline/infra/local/dynamodb"
	"leadline/infra/local/dynamodb/dynamodbtest"
)

// createTable makes a table with the keys pk and sk and a stream, named after the test.
func createTable(t *testing.T, client *awsdynamodb.Client) *string {
	t.Helper()
	name := aws.String(strings.ReplaceAll(t.Name(), "/", ".") + time.Now().Format(".150405.000000000"))
	_, err := client.CreateTable(t.Context(), &awsdynamodb.CreateTableInput{
		TableName: name, BillingMode: types.BillingModePayPerRequest,
		KeySchema: []types.KeySchemaElement{
			{AttributeName: aws.String("pk"), KeyType: types.KeyTypeHash}, {AttributeName: aws.String("sk"), KeyType: types.KeyTypeRange},
		},
		AttributeDefinitions: []types.AttributeDefinition{
			{AttributeName: aws.String("pk"), AttributeType: types.ScalarAttributeTypeS}, {AttributeName: aws.String("sk"), AttributeType: types.ScalarAttributeTypeS},
		},
		StreamSpecification: &types.StreamSpecification{StreamEnabled: aws.Bool(true), StreamViewType: types.StreamViewTypeNewAndOldImages},
	})
	if err != nil {
		t.Fatal(err)
	}
	return name
}

func key(id string) map[string]types.AttributeValue {
	return map[string]types.AttributeValue{"pk": &types.AttributeValueMemberS{Value: id}, "sk": &types.AttributeValueMemberS{Value: "x"}}
}

// count reads the number n of an item, "" if there is none.
func count(t *testing.T, client *awsdynamodb.Client, table *string, id string) string {
	t.Helper()
	out, err := client.GetItem(t.Context(), &awsdynamodb.GetItemInput{TableName: table, Key: key(id), ConsistentRead: aws.Bool(true)})
	if err != nil {
		t.Fatal(err)
	}
	n, _ := out.Item["n"].(*types.AttributeValueMemberN)
	if n == nil {
		return ""
	}
	return n.Value
}

// increment adds one to the number n of an item, in a transaction. The token is made the table's own, as all tables share
// their tokens.
func increment(table *string, id, token string) *awsdynamodb.TransactWriteItemsInput {
	token = fmt.Sprintf("%s-%08x", token, crc32.ChecksumIEEE([]byte(*table)))
	return &awsdynamodb.TransactWriteItemsInput{ClientRequestToken: &token, TransactItems: []types.TransactWriteItem{{Update: &types.Update{
		TableName: table, Key: key(id), UpdateExpression: aws.String("ADD n :one"),
		ExpressionAttributeValues: map[string]types.AttributeValue{":one": &types.AttributeValueMemberN{Value: "1"}},
	}}}}
}

func TestDynamoDBLocalConditionalWritesReturnTheOldItem(t *testing.T) {
	client := dynamodbtest.Client(dynamodbtest.Start(t))
	table := createTable(t, client)
	in := &awsdynamodb.PutItemInput{TableName: table, Item: key("a"), ConditionExpression: aws.String("attribute_not_exists(pk)"),
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld}
	if _, err := client.PutItem(t.Context(), in); err != nil {
		t.Fatal(err)
	}
	_, err := client.PutItem(t.Context(), in)
	var failed *types.ConditionalCheckFailedException
	if !errors.As(err, &failed) || len(failed.Item) != 2 {
		t.Errorf("second put: %v", err)
	}
}

func TestDynamoDBLocalTransactionsAreIdempotentByToken(t *testing.T) {
	client := dynamodbtest.Client(dynamodbtest.Start(t))
	table := createTable(t, client)
	for range 2 {
		if _, err := client.TransactWriteItems(t.Context(), increment(table, "a", "t1")); err != nil {
			t.Fatal(err)
		}
	}
	if n := count(t, client, table, "a"); n != "1" {
		t.Errorf("counter %s after one transaction sent twice", n)
	}
	_, err := client.TransactWriteItems(t.Context(), increment(table, "b", "t1"))
	var mismatch *types.IdempotentParameterMismatchException
	if !errors.As(err, &mismatch) {
		t.Errorf("another transaction with the token: %v", err)
	}
}

func TestDynamoDBLocalStreamsHoldOldAndNewImages(t *testing.T) {
	endpoint := dynamodbtest.Start(t)
	client := dynamodbtest.Client(endpoint)
	table := createTable(t, client)
	for _, token := range []string{"t1", "t2"} {
		if _, err := client.TransactWriteItems(t.Context(), increment(table, "a", token)); err != nil {
			t.Fatal(err)
		}
	}
	described, err := client.DescribeTable(t.Context(), &awsdynamodb.DescribeTableInput{TableName: table})
	if err != nil {
		t.Fatal(err)
	}
	streams := dynamodbstreams.New(dynamodbstreams.Options{BaseEndpoint: &endpoint, Region: "us-east-1", Credentials: client.Options().Credentials})
	stream, err := streams.DescribeStream(t.Context(), &dynamodbstreams.DescribeStreamInput{StreamArn: described.Table.LatestStreamArn})
	if err != nil {
		t.Fatal(err)
	}
	iterator, err := streams.GetShardIterator(t.Context(), &dynamodbstreams.GetShardIteratorInput{StreamArn: described.Table.LatestStreamArn,
		ShardId: stream.StreamDescription.Shards[0].ShardId, ShardIteratorType: streamtypes.ShardIteratorTypeTrimHorizon})
	if err != nil {
		t.Fatal(err)
	}
	got, err := streams.GetRecords(t.Context(), &dynamodbstreams.GetRecordsInput{ShardIterator: iterator.ShardIterator})
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Records) != 2 || got.Records[0].EventName != streamtypes.OperationTypeInsert || got.Records[1].EventName != streamtypes.OperationTypeModify ||
		len(got.Records[0].Dynamodb.OldImage) != 0 || len(got.Records[1].Dynamodb.OldImage) != 3 {
		t.Errorf("records %+v", got.Records)
	}
}

func TestStartKeepsDataAndStopsCleanly(t *testing.T) {
	data := filepath.Join(t.TempDir(), "made", "for it")
	start := func() (*dynamodb.Server, *awsdynamodb.Client) {
		server, err := dynamodb.Start(t.Context(), dynamodb.Options{Data: data, Quick: true})
		if err != nil {
			t.Fatal(err)
		}
		return server, dynamodbtest.Client(server.Endpoint)
	}
	server, client := start()
	if !server.FirstRun {
		t.Error("not a first run, though there is no data")
	}
	table := createTable(t, client)
	if _, err := client.TransactWriteItems(t.Context(), increment(table, "a", "t1")); err != nil {
		t.Fatal(err)
	}
	_, err := dynamodb.Start(t.Context(), dynamodb.Options{Port: port(t, server.Endpoint)})
	if err == nil || !strings.Contains(err.Error(), "is taken") {
		t.Errorf("start on a taken port: %v", err)
	}
	stop(t, server)
	server, client = start()
	if server.FirstRun {
		t.Error("a first run, though there is data")
	}
	if n := count(t, client, table, "a"); n != "1" {
		t.Errorf("counter %q after a restart", n)
	}
	stop(t, server)
}

func port(t *testing.T, endpoint string) int {
	t.Helper()
	address, err := net.ResolveTCPAddr("tcp", strings.TrimPrefix(endpoint, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	return address.Port
}

func stop(t *testing.T, server *dynamodb.Server) {
	t.Helper()
	if err := server.Stop(); err != nil {
		t.Fatal(err)
	}
	silent(t, server.Endpoint)
	if err := server.Stop(); err != nil {
		t.Errorf("second stop: %v", err)
	}
}

// silent fails unless an endpoint stops answering soon.
func silent(t *testing.T, endpoint string) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		resp, err := http.Get(endpoint)
		if err != nil {
			return
		}
		resp.Body.Close()
	}
	t.Fatalf("%s still answers", endpoint)
}

// The command serve is killed without a chance to clean up; the emulator ends all the same.
func TestEmulatorEndsWithItsParent(t *testing.T) {
	binary := filepath.Join(t.TempDir(), "serve")
	if out, err := exec.Command("go", "build", "-o", binary, "./serve").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer read.Close()
	cmd := exec.Command(binary)
	cmd.Stdout = write
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	write.Close()
	line := make([]byte, 100)
	n, err := read.Read(line)
	endpoint := strings.TrimSpace(string(line[:n]))
	if err != nil || !strings.HasPrefix(endpoint, "http://127.0.0.1:") {
		t.Fatalf("printed %q, %v", endpoint, err)
	}
	if err := cmd.Process.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // it was killed
	silent(t, endpoint)
}

func TestServeRunsACommandAndGivesItsExitCode(t *testing.T) {
	out, err := exec.Command("go", "run", "./serve", "--", "sh", "-c", `echo $`+dynamodbtest.Env+`; exit 3`).CombinedOutput()
	first, _, _ := strings.Cut(string(out), "\n")
	if err == nil || !strings.Contains(string(out), "exit status 3") || !strings.HasPrefix(first, "http://127.0.0.1:") {
		t.Fatalf("%v: %s", err, out)
	}
	silent(t, first)
}

func TestMissingToolsAreNamed(t *testing.T) {
	dir := t.TempDir()
	if _, err := dynamodb.FindEmulator(dir); err == nil || !strings.Contains(err.Error(), "make setup") {
		t.Errorf("no emulator: %v", err)
	}
	for name, c := range map[string]struct{ script, want string }{
		"old":    {"#!/bin/sh\necho 'openjdk version \"11.0.2\"' >&2\n", "found Java 11"},
		"oldest": {"#!/bin/sh\necho 'java version \"1.8.0_422\"' >&2\n", "found Java 8"},
		"broken": {"#!/bin/sh\nexit 1\n", "no Java found"},
		"none":   {"", "no Java found"},
		"odd":    {"#!/bin/sh\n[ \"$1\" = -version ] && echo strange && exit\necho it broke >&2; exit 7\n", "it broke"},
	} {
		java := filepath.Join(dir, name)
		if c.script != "" {
			if err := os.WriteFile(java, []byte(c.script), 0o700); err != nil {
				t.Fatal(err)
			}
		}
		_, err := dynamodb.Start(t.Context(), dynamodb.Options{Java: java, Emulator: dir})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := dynamodb.Start(ctx, dynamodb.Options{}); err == nil {
		t.Error("started though cancelled")
	}
}
