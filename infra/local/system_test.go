package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	sestypes "github.com/aws/aws-sdk-go-v2/service/sesv2/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

// clients are the AWS SDK's, for the endpoints of a run file.
type clients struct {
	outputs  map[string]string
	dynamodb *dynamodb.Client
	sqs      *sqs.Client
	s3       *s3.Client
	kms      *kms.Client
	ses      *sesv2.Client
	lambda   *lambda.Client
}

func clientsOf(t *testing.T, r *running) clients {
	t.Helper()
	cfg := aws.Config{Region: "us-east-1", Credentials: credentials.NewStaticCredentialsProvider("x", "x", "")}
	at := func(service string) *string {
		endpoint, ok := r.Endpoints[service]
		if !ok {
			t.Fatalf("the run file names no endpoint for %s", service)
		}
		return &endpoint
	}
	return clients{
		outputs:  r.Outputs,
		dynamodb: dynamodb.NewFromConfig(cfg, func(o *dynamodb.Options) { o.BaseEndpoint = at("dynamodb"); o.DisableValidateResponseChecksum = true }),
		sqs:      sqs.NewFromConfig(cfg, func(o *sqs.Options) { o.BaseEndpoint = at("sqs") }),
		s3:       s3.NewFromConfig(cfg, func(o *s3.Options) { o.BaseEndpoint = at("s3") }),
		kms:      kms.NewFromConfig(cfg, func(o *kms.Options) { o.BaseEndpoint = at("kms") }),
		ses:      sesv2.NewFromConfig(cfg, func(o *sesv2.Options) { o.BaseEndpoint = at("sesv2") }),
		lambda:   lambda.NewFromConfig(cfg, func(o *lambda.Options) { o.BaseEndpoint = at("lambda") }),
	}
}

func (c clients) put(t *testing.T, pk, sk, do string) {
	t.Helper()
	text := func(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }
	if _, err := c.dynamodb.PutItem(context.Background(), &dynamodb.PutItemInput{
		TableName: aws.String(c.outputs["Table"]), Item: map[string]types.AttributeValue{"pk": text(pk), "sk": text(sk), "do": text(do)},
	}); err != nil {
		t.Fatal(err)
	}
}

func (c clients) get(t *testing.T, pk, sk string) bool {
	t.Helper()
	out, err := c.dynamodb.GetItem(context.Background(), &dynamodb.GetItemInput{
		TableName: aws.String(c.outputs["Table"]), Key: map[string]types.AttributeValue{
			"pk": &types.AttributeValueMemberS{Value: pk}, "sk": &types.AttributeValueMemberS{Value: sk},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return out.Item != nil
}

func (c clients) send(t *testing.T, body string) {
	t.Helper()
	if _, err := c.sqs.SendMessage(context.Background(), &sqs.SendMessageInput{QueueUrl: aws.String(c.outputs["Queue"]), MessageBody: &body}); err != nil {
		t.Fatal(err)
	}
}

// dead gives the bodies in the dead-letter queue that an output names.
func (c clients) dead(t *testing.T, output string) []string {
	t.Helper()
	out, err := c.sqs.ReceiveMessage(context.Background(), &sqs.ReceiveMessageInput{QueueUrl: aws.String(c.outputs[output]), MaxNumberOfMessages: 10})
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, m := range out.Messages {
		all = append(all, *m.Body)
	}
	return all
}

// TestSystem is one runner seen from outside.
func TestSystem(t *testing.T) {
	w := newWorld(t)
	r := w.up(t, "--verbose", "--disable", "follow")
	c := clientsOf(t, r)
	t.Run("it says what it does not know", func(t *testing.T) {
		if n := strings.Count(r.out.String(), "AWS::Strange::Thing"); n != 1 {
			t.Errorf("it named the unknown type %d times:\n%s", n, r.out)
		}
		if !strings.Contains(r.out.String(), "AWS::Logs::LogGroup") {
			t.Errorf("it did not name what it plays as nothing:\n%s", r.out)
		}
	})
	t.Run("the run file is for its owner", func(t *testing.T) {
		info, err := os.Stat(filepath.Join(w.dir, "run.json"))
		if err != nil || info.Mode().Perm() != 0o600 || r.BaseURL == "" || r.PID != r.cmd.Process.Pid {
			t.Errorf("%v, %v, %+v", info.Mode(), err, r.runFile)
		}
	})
	t.Run("HTTP", func(t *testing.T) { testHTTP(t, r) })
	t.Run("the environment is the template's", func(t *testing.T) { testEnvironment(t, r, c) })
	t.Run("the table is the template's", func(t *testing.T) { testTable(t, c) })
	t.Run("bucket and key", func(t *testing.T) { testStores(t, c) })
	t.Run("mail", func(t *testing.T) { testMail(t, w, r, c) })
	t.Run("permissions", func(t *testing.T) { testPermissions(t, r, c) })
	t.Run("queue", func(t *testing.T) { testQueue(t, r, c) })
	t.Run("stream", func(t *testing.T) { testStream(t, r, c) })
	t.Run("schedule", func(t *testing.T) { testSchedule(t, r) })
	t.Run("status", func(t *testing.T) { testStatus(t, r) })
	if err := r.end(t, syscall.SIGTERM); err != nil {
		t.Errorf("%v\n%s", err, r.out)
	}
}

func testHTTP(t *testing.T, r *running) {
	status, body := get(t, r.BaseURL+"/v1/things?x=1")
	var event struct{ RouteKey, RawPath, RawQueryString string }
	if err := json.Unmarshal(body, &event); err != nil || status != http.StatusOK || event.RouteKey != "ANY /v1/{proxy+}" ||
		event.RawPath != "/v1/things" || event.RawQueryString != "x=1" {
		t.Errorf("%d %s, %v", status, body, err)
	}
	if status, body := get(t, r.BaseURL+"/_local/status"); status != http.StatusNotFound {
		t.Errorf("the runner's own door is open to the public: %d %s", status, body)
	}
}

func testEnvironment(t *testing.T, r *running, c clients) {
	out, err := c.lambda.Invoke(context.Background(), &lambda.InvokeInput{FunctionName: aws.String("echo"), Payload: []byte(`{"do":"env"}`)})
	if err != nil {
		t.Fatal(err)
	}
	var answer struct{ Env []string }
	if err := json.Unmarshal(out.Payload, &answer); err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{
		"TABLE=" + c.outputs["Table"], "QUEUE=" + c.outputs["Queue"], "BUCKET=" + c.outputs["Bucket"], "KEY=" + c.outputs["Key"],
		"BASE_URL=" + r.BaseURL, "BASE_URL_SPELT_OUT=" + r.BaseURL, "NUMBER=7",
		"OUTBOUND_ALLOW_LOOPBACK=true", // the template says otherwise
		"AWS_REGION=us-east-1",
		"AWS_LAMBDA_FUNCTION_NAME=leadline-dev-echo", "AWS_ENDPOINT_URL_SQS=" + r.Endpoints["sqs"],
	} {
		if !slices.Contains(answer.Env, line) {
			t.Errorf("%s is not set; these are: %v", line, answer.Env)
		}
	}
	for _, line := range answer.Env {
		if strings.HasPrefix(line, "AWS_PROFILE=") || strings.HasPrefix(line, "PROBE_RECORD=") {
			t.Errorf("%s is set", line)
		}
	}
	out, err = c.lambda.Invoke(context.Background(), &lambda.InvokeInput{FunctionName: aws.String("work"), Payload: []byte(`{"do":"env"}`)})
	if err != nil || bytes.Contains(out.Payload, []byte("OUTBOUND_ALLOW_LOOPBACK")) || !bytes.Contains(out.Payload, []byte("PROBE_RECORD")) {
		t.Errorf("a function that does not declare a variable: %v, %s", err, out.Payload)
	}
}

func testTable(t *testing.T, c clients) {
	ctx := context.Background()
	out, err := c.dynamodb.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: aws.String(c.outputs["Table"])})
	if err != nil {
		t.Fatal(err)
	}
	if got := shape(out.Table.KeySchema); got != "pk HASH, sk RANGE" {
		t.Errorf("keys: %s", got)
	}
	if len(out.Table.GlobalSecondaryIndexes) != 1 || shape(out.Table.GlobalSecondaryIndexes[0].KeySchema) != "kind HASH" {
		t.Errorf("indexes: %+v", out.Table.GlobalSecondaryIndexes)
	}
	if s := out.Table.StreamSpecification; s == nil || s.StreamViewType != types.StreamViewTypeNewAndOldImages {
		t.Errorf("stream: %+v", s)
	}
	ttl, err := c.dynamodb.DescribeTimeToLive(ctx, &dynamodb.DescribeTimeToLiveInput{TableName: aws.String(c.outputs["Table"])})
	if err != nil || aws.ToString(ttl.TimeToLiveDescription.AttributeName) != "ttl" {
		t.Errorf("time to live: %+v, %v", ttl, err)
	}
}

// testMail sends a mail, which goes to nobody: it lies on the runner's own door and on disk, and the terminal tells of it.
func testMail(t *testing.T, w world, r *running, c clients) {
	text := func(s string) *sestypes.Content { return &sestypes.Content{Data: &s} }
	out, err := c.ses.SendEmail(context.Background(), &sesv2.SendEmailInput{FromEmailAddress: aws.String("notices@leadline.test"),
		Destination: &sestypes.Destination{ToAddresses: []string{"ada@example.com"}}, Content: &sestypes.EmailContent{
			Simple: &sestypes.Message{Subject: text("An import is done"), Body: &sestypes.Body{Html: text("<b>14 leads</b>")}}}})
	if err != nil {
		t.Fatal(err)
	}
	status, body := get(t, r.Control+"/mail?to=ada@example.com")
	var list struct {
		Items []struct{ ID, Subject string }
	}
	if err := json.Unmarshal(body, &list); err != nil || status != http.StatusOK || len(list.Items) != 1 || list.Items[0].ID != *out.MessageId || list.Items[0].Subject != "An import is done" {
		t.Errorf("%d %s, %v", status, body, err)
	}
	if status, body := get(t, r.Control+"/mail/"+*out.MessageId); status != http.StatusOK || !bytes.Contains(body, []byte("14 leads")) {
		t.Errorf("the page of a mail: %d %s", status, body)
	}
	if says := "mail to ada@example.com: An import is done " + r.Control + "/mail/" + *out.MessageId; strings.Count(r.out.String(), says) != 1 {
		t.Errorf("the runner does not say %q once:\n%s", says, r.out)
	}
	if files, err := filepath.Glob(filepath.Join(w.dir, "data", "mail", "*.json")); err != nil || len(files) != 1 {
		t.Errorf("on disk: %v, %v", files, err)
	}
	if n := r.status(t).Calls["ses"]["SendEmail"]; n != 1 {
		t.Errorf("%d calls were counted", n)
	}
}

func testStores(t *testing.T, c clients) {
	ctx := context.Background()
	bucket, key := aws.String(c.outputs["Bucket"]), aws.String("a/b")
	if _, err := c.s3.PutObject(ctx, &s3.PutObjectInput{Bucket: bucket, Key: key, Body: strings.NewReader("hello")}); err != nil {
		t.Fatal(err)
	}
	object, err := c.s3.GetObject(ctx, &s3.GetObjectInput{Bucket: bucket, Key: key})
	if err != nil {
		t.Fatal(err)
	}
	defer object.Body.Close()
	if body, err := io.ReadAll(object.Body); err != nil || string(body) != "hello" {
		t.Errorf("%q, %v", body, err)
	}
	data, err := c.kms.GenerateDataKey(ctx, &kms.GenerateDataKeyInput{KeyId: aws.String(c.outputs["Key"]), KeySpec: kmstypes.DataKeySpecAes256})
	if err != nil {
		t.Fatal(err)
	}
	opened, err := c.kms.Decrypt(ctx, &kms.DecryptInput{CiphertextBlob: data.CiphertextBlob})
	if err != nil || !bytes.Equal(opened.Plaintext, data.Plaintext) {
		t.Errorf("decrypt: %v", err)
	}
}

func testQueue(t *testing.T, r *running, c clients) {
	const poison = `{"do":"fail-item"}`
	for _, body := range []string{"one", poison, "two"} {
		c.send(t, body)
	}
	waitFor(t, "the queue is empty", func() bool { return r.status(t).Queues["Inbox"] == (queueStatus{}) })
	handed := strings.Join(r.world.events(t, "work"), "")
	if strings.Count(handed, `"body":"one"`) != 1 || strings.Count(handed, `"body":"two"`) != 1 || strings.Count(handed, "fail-item") != 2 {
		t.Errorf("handed out: %s", handed)
	}
	if got := c.dead(t, "Dead"); !slices.Equal(got, []string{poison}) {
		t.Errorf("dead: %v", got)
	}
}

// testDrainOfWhatIsDelayed sends a message that is hidden for five seconds, 60 times as fast as said.
func testDrainOfWhatIsDelayed(t *testing.T, r *running, c clients) {
	if _, err := c.sqs.SendMessage(context.Background(), &sqs.SendMessageInput{QueueUrl: aws.String(c.outputs["Queue"]), MessageBody: aws.String("late"), DelaySeconds: 300}); err != nil {
		t.Fatal(err)
	}
	for query, want := range map[string]int{"timeout=300ms": http.StatusGatewayTimeout, "timeout=300ms&later=1m": http.StatusGatewayTimeout, "later=x": http.StatusBadRequest} {
		if status, body := r.post(t, "/drain?"+query); status != want {
			t.Errorf("drain?%s while a message is delayed: %d %s", query, status, body)
		}
	}
	if status, body := r.post(t, "/drain?timeout=10s&later=500ms"); status != http.StatusOK || strings.Contains(strings.Join(r.world.events(t, "work"), ""), `"body":"late"`) {
		t.Errorf("drain of all but what is delayed: %d %s", status, body)
	}
	r.drain(t)
	if handed := strings.Join(r.world.events(t, "work"), ""); strings.Count(handed, `"body":"late"`) != 1 {
		t.Errorf("handed out: %s", handed)
	}
}

// testStream changes the table while the mapping is paused, which it was from the start.
func testStream(t *testing.T, r *running, c clients) {
	c.put(t, "hook_1", "a", "")
	c.put(t, "org_1", "a", "")
	c.put(t, "org_2", "a", "exit")
	c.put(t, "org_1", "b", "")
	if status, body := r.post(t, "/drain?timeout=300ms"); status != http.StatusGatewayTimeout || !strings.Contains(body, "Things (paused)") {
		t.Errorf("drain with a paused stream: %d %s", status, body)
	}
	if got := r.world.events(t, "follow"); len(got) != 0 {
		t.Errorf("paused, and yet handed out: %v", got)
	}
	if status, _ := r.post(t, "/resume?function=nobody"); status != http.StatusNotFound {
		t.Errorf("resume of an unknown function: %d", status)
	}
	if status, body := r.post(t, "/resume?function=follow"); status != http.StatusOK {
		t.Fatal(status, body)
	}
	r.drain(t)
	handed := strings.Join(r.world.events(t, "follow"), "")
	if !strings.Contains(handed, `"org_1"`) || strings.Contains(handed, `"hook_1"`) || !strings.Contains(handed, `"awsRegion":"us-east-1"`) ||
		!strings.Contains(handed, `"eventSourceARN":"arn:aws:dynamodb:us-east-1:000000000000:table/leadline-dev-Things/stream/`) {
		t.Errorf("handed out: %s", handed)
	}
	dead := c.dead(t, "FollowDead")
	if len(dead) != 1 || !strings.Contains(dead[0], `"condition":"RetryAttemptsExhausted"`) || !strings.Contains(dead[0], `"batchSize":1`) {
		t.Errorf("dead: %v", dead)
	}
	testDrainOfWhatIsDelayed(t, r, c)
}

func testSchedule(t *testing.T, r *running) {
	if status, _ := r.post(t, "/run?function=nobody"); status != http.StatusNotFound {
		t.Errorf("run of an unknown function: %d", status)
	}
	if status, body := r.post(t, "/run?function=tick"); status != http.StatusAccepted {
		t.Fatal(status, body)
	}
	r.drain(t)
	if got := r.world.events(t, "tick"); len(got) != 1 || !strings.Contains(got[0], `"source":"aws.scheduler"`) {
		t.Errorf("handed out: %v", got)
	}
}

func testStatus(t *testing.T, r *running) {
	got := r.status(t)
	if got.Stage != "dev" || got.Functions["work"].Invocations == 0 || got.Functions["follow"].Crashes == 0 || got.Calls["sqs"]["SendMessage"] != 4 ||
		got.Calls["s3"]["PutObject"] != 1 || got.Calls["kms"]["Decrypt"] != 1 || got.Queues["Inbox"] != (queueStatus{}) || len(got.Sources) != 2 {
		t.Errorf("status: %+v", got)
	}
	for _, s := range got.Sources {
		if s.Function == "follow" && (s.From != "Things" || s.CaughtUp == nil || time.Since(*s.CaughtUp) > time.Minute || s.Discarded != 1 || s.Filtered != 1) {
			t.Errorf("source: %+v", s)
		}
	}
}
