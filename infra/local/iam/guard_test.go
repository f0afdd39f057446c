package iam_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awsdynamodb "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	awskms "github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	awsses "github.com/aws/aws-sdk-go-v2/service/sesv2"
	sestypes "github.com/aws/aws-sdk-go-v2/service/sesv2/types"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/smithy-go"

	"leadline/infra/local/dynamodb"
	"leadline/infra/local/dynamodb/dynamodbtest"
	"leadline/infra/local/iam"
	"leadline/infra/local/kms"
	"leadline/infra/local/s3"
	"leadline/infra/local/ses"
	"leadline/infra/local/sqs"
)

const (
	tables = "arn:aws:dynamodb:us-east-1:000000000000:table/"
	queues = "arn:aws:sqs:us-east-1:000000000000:"
	keys   = "arn:aws:kms:us-east-1:000000000000:key/"
	blobs  = "arn:aws:s3:::blobs"
)

// world is a guard with one function, work, and the access keys of that and of an operator.
type world struct {
	t        *testing.T
	guard    *iam.Guard
	key      string
	operator string

	mu      sync.Mutex
	reports []string
}

func newWorld(t *testing.T, policy ...iam.Grant) *world {
	t.Helper()
	w := &world{t: t, operator: "local"}
	w.guard = iam.NewGuard(iam.Options{Region: "us-east-1", Account: "000000000000", Report: func(line string) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.reports = append(w.reports, line)
	}})
	var err error
	if w.key, err = w.guard.Admit("work", "role", policy); err != nil {
		t.Fatal(err)
	}
	return w
}

// config is that of a client who signs with an access key.
func (w *world) config(handler http.Handler, key string) aws.Config {
	server := httptest.NewServer(handler)
	w.t.Cleanup(server.Close)
	return aws.Config{Region: "us-east-1", BaseEndpoint: &server.URL, RetryMaxAttempts: 1, Credentials: credentials.NewStaticCredentialsProvider(key, "local", "")}
}

// refused wants an error with a code and status whose message names the action and, if it is not HEAD, the resource.
func refused(t *testing.T, what string, err error, code string, status int, names ...string) {
	t.Helper()
	var api smithy.APIError
	var response interface{ HTTPStatusCode() int }
	if !errors.As(err, &api) || api.ErrorCode() != code || !errors.As(err, &response) || response.HTTPStatusCode() != status {
		t.Errorf("%s: got %v, want %s with status %d", what, err, code, status)
		return
	}
	for _, name := range names {
		if !strings.Contains(api.ErrorMessage(), name) {
			t.Errorf("%s: %q does not name %q", what, api.ErrorMessage(), name)
		}
	}
}

func passes(t *testing.T, what string, err error) {
	t.Helper()
	if err != nil {
		t.Errorf("%s: %v", what, err)
	}
}

func TestDynamoDB(t *testing.T) {
	endpoint := dynamodbtest.Start(t)
	operator := dynamodbtest.Client(endpoint)
	unique := fmt.Sprintf("iam-%d-", time.Now().UnixNano()) // the emulator may be shared
	mine, other := unique+"mine", unique+"other"
	for _, name := range []string{mine, other} {
		if _, err := operator.CreateTable(t.Context(), &awsdynamodb.CreateTableInput{
			TableName: &name, BillingMode: types.BillingModePayPerRequest,
			KeySchema:            []types.KeySchemaElement{{AttributeName: aws.String("pk"), KeyType: types.KeyTypeHash}},
			AttributeDefinitions: []types.AttributeDefinition{{AttributeName: aws.String("pk"), AttributeType: types.ScalarAttributeTypeS}},
		}); err != nil {
			t.Fatal(err)
		}
	}
	w := newWorld(t, iam.Grant{Action: "dynamodb:PutItem", Resource: tables + mine}, iam.Grant{Action: "dynamodb:BatchWriteItem", Resource: tables + mine},
		iam.Grant{Action: "dynamodb:Query", Resource: tables + mine + "/index/*"}, iam.Grant{Action: "dynamodb:ConditionCheckItem", Resource: tables + other})
	handler := w.guard.DynamoDB(dynamodb.NewProxy(endpoint, nil))
	client := awsdynamodb.NewFromConfig(w.config(handler, w.key))
	item := map[string]types.AttributeValue{"pk": &types.AttributeValueMemberS{Value: "a"}}
	const code = "AccessDeniedException"

	_, err := client.PutItem(t.Context(), &awsdynamodb.PutItemInput{TableName: &mine, Item: item})
	passes(t, "PutItem", err)
	_, err = client.PutItem(t.Context(), &awsdynamodb.PutItemInput{TableName: &other, Item: item})
	refused(t, "PutItem to another table", err, code, 400, "assumed-role/role/work", "dynamodb:PutItem", tables+other)
	_, err = client.GetItem(t.Context(), &awsdynamodb.GetItemInput{TableName: &mine, Key: item})
	refused(t, "GetItem", err, code, 400, "dynamodb:GetItem", tables+mine)
	_, err = client.PutItem(t.Context(), &awsdynamodb.PutItemInput{TableName: aws.String(tables + mine), Item: item})
	if err != nil && !strings.Contains(err.Error(), "ValidationException") { // DynamoDB Local may not know ARNs
		t.Errorf("PutItem by ARN: %v", err)
	}
	_, err = client.Query(t.Context(), &awsdynamodb.QueryInput{TableName: &mine, KeyConditionExpression: aws.String("pk = :pk"),
		ExpressionAttributeValues: map[string]types.AttributeValue{":pk": item["pk"]}})
	refused(t, "Query of the table itself", err, code, 400, "dynamodb:Query", tables+mine)
	_, err = client.Query(t.Context(), &awsdynamodb.QueryInput{TableName: &mine, IndexName: aws.String("byKind"), KeyConditionExpression: aws.String("pk = :pk"),
		ExpressionAttributeValues: map[string]types.AttributeValue{":pk": item["pk"]}})
	if err == nil || strings.Contains(err.Error(), code) {
		t.Errorf("Query of an index: %v, want what DynamoDB says of an unknown index", err)
	}
	_, err = client.ListTables(t.Context(), &awsdynamodb.ListTablesInput{})
	refused(t, "ListTables", err, code, 400, "dynamodb:ListTables", "*")
	_, err = client.ExecuteStatement(t.Context(), &awsdynamodb.ExecuteStatementInput{Statement: aws.String(`SELECT * FROM "` + mine + `"`)})
	refused(t, "PartiQL", err, code, 400)

	put := []types.WriteRequest{{PutRequest: &types.PutRequest{Item: item}}}
	_, err = client.BatchWriteItem(t.Context(), &awsdynamodb.BatchWriteItemInput{RequestItems: map[string][]types.WriteRequest{mine: put}})
	passes(t, "BatchWriteItem", err)
	_, err = client.BatchWriteItem(t.Context(), &awsdynamodb.BatchWriteItemInput{RequestItems: map[string][]types.WriteRequest{mine: put, other: put}})
	refused(t, "BatchWriteItem to two tables", err, code, 400, "dynamodb:BatchWriteItem", tables+other)
	_, err = client.BatchGetItem(t.Context(), &awsdynamodb.BatchGetItemInput{RequestItems: map[string]types.KeysAndAttributes{mine: {Keys: []map[string]types.AttributeValue{item}}}})
	refused(t, "BatchGetItem", err, code, 400, "dynamodb:BatchGetItem", tables+mine)

	transact := func(items ...types.TransactWriteItem) error {
		_, err := client.TransactWriteItems(t.Context(), &awsdynamodb.TransactWriteItemsInput{TransactItems: items})
		return err
	}
	check := types.TransactWriteItem{ConditionCheck: &types.ConditionCheck{TableName: &other, Key: item, ConditionExpression: aws.String("attribute_not_exists(pk)")}}
	passes(t, "a transaction that puts and checks", transact(types.TransactWriteItem{Put: &types.Put{TableName: &mine, Item: item}}, check))
	refused(t, "a transaction that deletes", transact(check, types.TransactWriteItem{Delete: &types.Delete{TableName: &mine, Key: item}}),
		code, 400, "dynamodb:DeleteItem", tables+mine)
	refused(t, "a transaction that updates", transact(types.TransactWriteItem{Update: &types.Update{TableName: &mine, Key: item, UpdateExpression: aws.String("SET a = :a"),
		ExpressionAttributeValues: item}}), code, 400, "dynamodb:UpdateItem", tables+mine)
	_, err = client.TransactGetItems(t.Context(), &awsdynamodb.TransactGetItemsInput{TransactItems: []types.TransactGetItem{{Get: &types.Get{TableName: &mine, Key: item}}}})
	refused(t, "a transaction that gets", err, code, 400, "dynamodb:GetItem", tables+mine)

	free := awsdynamodb.NewFromConfig(w.config(handler, w.operator))
	_, err = free.GetItem(t.Context(), &awsdynamodb.GetItemInput{TableName: &mine, Key: item})
	passes(t, "the operator's GetItem", err)
}

func TestSQS(t *testing.T) {
	service, err := sqs.Open(sqs.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = service.Close() })
	w := newWorld(t, iam.Grant{Action: "sqs:SendMessage", Resource: queues + "Inbox"})
	handler := w.guard.SQS(service)
	operator, client := awssqs.NewFromConfig(w.config(handler, w.operator)), awssqs.NewFromConfig(w.config(handler, w.key))
	url := map[string]*string{}
	for _, name := range []string{"Inbox", "Other"} {
		made, err := operator.CreateQueue(t.Context(), &awssqs.CreateQueueInput{QueueName: &name})
		if err != nil {
			t.Fatal(err)
		}
		url[name] = made.QueueUrl
	}
	const code = "AccessDenied"
	_, err = client.SendMessage(t.Context(), &awssqs.SendMessageInput{QueueUrl: url["Inbox"], MessageBody: aws.String("x")})
	passes(t, "SendMessage", err)
	_, err = client.SendMessageBatch(t.Context(), &awssqs.SendMessageBatchInput{QueueUrl: url["Inbox"],
		Entries: []sqstypes.SendMessageBatchRequestEntry{{Id: aws.String("1"), MessageBody: aws.String("x")}}})
	passes(t, "SendMessageBatch", err)
	_, err = client.SendMessage(t.Context(), &awssqs.SendMessageInput{QueueUrl: url["Other"], MessageBody: aws.String("x")})
	refused(t, "SendMessage to another queue", err, code, 403, "sqs:SendMessage", queues+"Other")
	_, err = client.ReceiveMessage(t.Context(), &awssqs.ReceiveMessageInput{QueueUrl: url["Inbox"]})
	refused(t, "ReceiveMessage", err, code, 403, "sqs:ReceiveMessage", queues+"Inbox")
	_, err = client.GetQueueUrl(t.Context(), &awssqs.GetQueueUrlInput{QueueName: aws.String("Inbox")})
	refused(t, "GetQueueUrl", err, code, 403, "sqs:GetQueueUrl", queues+"Inbox")
	_, err = client.ListQueues(t.Context(), &awssqs.ListQueuesInput{})
	refused(t, "ListQueues", err, code, 403, "sqs:ListQueues")
}

func TestKMS(t *testing.T) {
	service, err := kms.Open(kms.Options{})
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, iam.Grant{Action: "kms:Decrypt", Resource: keys + "mine"})
	for _, id := range []string{"mine", "other"} {
		if _, err := service.Ensure(id); err != nil {
			t.Fatal(err)
		}
	}
	handler := w.guard.KMS(service)
	operator, client := awskms.NewFromConfig(w.config(handler, w.operator)), awskms.NewFromConfig(w.config(handler, w.key))
	made, err := operator.GenerateDataKey(t.Context(), &awskms.GenerateDataKeyInput{KeyId: aws.String("mine"), KeySpec: kmstypes.DataKeySpecAes256})
	if err != nil {
		t.Fatal(err)
	}
	const code = "AccessDeniedException"
	for what, id := range map[string]*string{"by id": aws.String("mine"), "by ARN": aws.String(keys + "mine"), "without a name": nil} {
		_, err := client.Decrypt(t.Context(), &awskms.DecryptInput{CiphertextBlob: made.CiphertextBlob, KeyId: id})
		passes(t, "Decrypt "+what, err)
	}
	_, err = client.Decrypt(t.Context(), &awskms.DecryptInput{CiphertextBlob: made.CiphertextBlob, KeyId: aws.String("other")})
	refused(t, "Decrypt with another key", err, code, 400, "kms:Decrypt", keys+"other")
	_, err = client.GenerateDataKey(t.Context(), &awskms.GenerateDataKeyInput{KeyId: aws.String(keys + "mine"), KeySpec: kmstypes.DataKeySpecAes256})
	refused(t, "GenerateDataKey", err, code, 400, "kms:GenerateDataKey", keys+"mine")
	_, err = client.DescribeKey(t.Context(), &awskms.DescribeKeyInput{KeyId: aws.String("alias/mine")})
	refused(t, "an alias", err, code, 400, "kms:DescribeKey", ":alias/mine")
	_, err = client.CreateKey(t.Context(), &awskms.CreateKeyInput{})
	refused(t, "CreateKey", err, code, 400, "kms:CreateKey")
}

// openBlobs makes S3 with one bucket.
func openBlobs(t *testing.T) *s3.Store {
	t.Helper()
	store, err := s3.Open(s3.Options{})
	if err == nil {
		err = store.EnsureBucket("blobs")
	}
	if err != nil {
		t.Fatal(err)
	}
	return store
}

func TestS3(t *testing.T) {
	w := newWorld(t, iam.Grant{Action: "s3:PutObject", Resource: blobs + "/inbox/*"}, iam.Grant{Action: "s3:GetObject", Resource: blobs + "/archive/*"})
	handler := w.guard.S3(openBlobs(t))
	operator, client := awss3.NewFromConfig(w.config(handler, w.operator)), awss3.NewFromConfig(w.config(handler, w.key))
	put := func(c *awss3.Client, key string) error {
		_, err := c.PutObject(t.Context(), &awss3.PutObjectInput{Bucket: aws.String("blobs"), Key: &key, Body: strings.NewReader("x")})
		return err
	}
	get := func(c *awss3.Client, key string) error {
		out, err := c.GetObject(t.Context(), &awss3.GetObjectInput{Bucket: aws.String("blobs"), Key: &key})
		if err == nil {
			_ = out.Body.Close()
		}
		return err
	}
	const code = "AccessDenied"
	passes(t, "PutObject", put(client, "inbox/org_1/a"))
	refused(t, "PutObject elsewhere", put(client, "archive/a"), code, 403, "s3:PutObject", blobs+"/archive/a")
	passes(t, "the operator's PutObject", put(operator, "archive/a b"))
	passes(t, "GetObject", get(client, "archive/a b"))
	refused(t, "GetObject elsewhere", get(client, "inbox/org_1/a"), code, 403, "s3:GetObject", blobs+"/inbox/org_1/a")
	_, err := client.HeadObject(t.Context(), &awss3.HeadObjectInput{Bucket: aws.String("blobs"), Key: aws.String("archive/a b")})
	passes(t, "HeadObject", err)
	_, err = client.HeadObject(t.Context(), &awss3.HeadObjectInput{Bucket: aws.String("blobs"), Key: aws.String("inbox/org_1/a")})
	refused(t, "HeadObject elsewhere", err, "Forbidden", 403)
	_, err = client.DeleteObject(t.Context(), &awss3.DeleteObjectInput{Bucket: aws.String("blobs"), Key: aws.String("inbox/org_1/a")})
	refused(t, "DeleteObject", err, code, 403, "s3:DeleteObject")
	_, err = client.ListObjectsV2(t.Context(), &awss3.ListObjectsV2Input{Bucket: aws.String("blobs")})
	refused(t, "ListObjectsV2", err, code, 403, "s3:ListBucket", blobs)
	_, err = client.ListBuckets(t.Context(), &awss3.ListBucketsInput{})
	refused(t, "ListBuckets", err, code, 403, "s3:ListAllMyBuckets")
	_, err = client.CopyObject(t.Context(), &awss3.CopyObjectInput{Bucket: aws.String("blobs"), Key: aws.String("inbox/b"), CopySource: aws.String("blobs/inbox/org_1/a")})
	refused(t, "a copy of what may not be read", err, code, 403, "s3:GetObject", blobs+"/inbox/org_1/a")

}

func TestSES(t *testing.T) {
	mails, err := ses.Open(ses.Options{})
	if err != nil {
		t.Fatal(err)
	}
	identity := func(name string) string { return "arn:aws:ses:us-east-1:000000000000:identity/" + name }
	w := newWorld(t, iam.Grant{Action: "ses:SendEmail", Resource: identity("example.com")})
	handler := w.guard.SES(mails)
	client, operator := awsses.NewFromConfig(w.config(handler, w.key)), awsses.NewFromConfig(w.config(handler, w.operator))
	send := func(c *awsses.Client, from string, change ...func(*awsses.SendEmailInput)) error {
		in := &awsses.SendEmailInput{FromEmailAddress: &from, Destination: &sestypes.Destination{ToAddresses: []string{"ada@example.org"}}, Content: &sestypes.EmailContent{
			Simple: &sestypes.Message{Subject: &sestypes.Content{Data: aws.String("s")}, Body: &sestypes.Body{Text: &sestypes.Content{Data: aws.String("t")}}}}}
		for _, c := range change {
			c(in)
		}
		_, err := c.SendEmail(t.Context(), in)
		return err
	}
	const code = "AccessDeniedException"
	passes(t, "from the identity", send(client, "notices@example.com"))
	passes(t, "with a name", send(client, `"Leadline" <notices@Example.com>`))
	passes(t, "the operator", send(operator, "notices@example.net"))
	refused(t, "from another", send(client, "notices@example.net"), code, 403, "ses:SendEmail", identity("example.net"))
	refused(t, "from a subdomain", send(client, "notices@mail.example.com"), code, 403, "ses:SendEmail", identity("mail.example.com"))
	refused(t, "from an identity that is named", send(client, "notices@example.com", func(in *awsses.SendEmailInput) {
		in.FromEmailAddressIdentityArn = aws.String(identity("example.net"))
	}), code, 403, identity("example.net"))
	refused(t, "from nobody", send(client, ""), code, 403, "ses:SendEmail")
	refused(t, "raw", send(client, "notices@example.com", func(in *awsses.SendEmailInput) {
		in.Content = &sestypes.EmailContent{Raw: &sestypes.RawMessage{Data: []byte("x")}}
	}), code, 403, "ses:SendRawEmail")
	_, err = client.ListEmailIdentities(t.Context(), &awsses.ListEmailIdentitiesInput{})
	refused(t, "another operation", err, code, 403)
	if n := len(mails.Mails()); n != 3 {
		t.Errorf("%d mails were sent", n)
	}
}

// TestPresignedURLs: whoever has one may do what its signer may, and nothing else.
func TestPresignedURLs(t *testing.T) {
	w := newWorld(t, iam.Grant{Action: "s3:PutObject", Resource: blobs + "/uploads/*"}, iam.Grant{Action: "s3:GetObject", Resource: blobs + "/exports/*"})
	handler := w.guard.S3(openBlobs(t))
	operator := awss3.NewFromConfig(w.config(handler, w.operator))
	presign := awss3.NewPresignClient(awss3.NewFromConfig(w.config(handler, w.key)))
	for _, key := range []string{"exports/org_1/a", "archive/a"} {
		_, err := operator.PutObject(t.Context(), &awss3.PutObjectInput{Bucket: aws.String("blobs"), Key: &key, Body: strings.NewReader("x")})
		passes(t, "the operator's PutObject", err)
	}
	for _, test := range []struct {
		method, key string
		want        int
	}{
		{http.MethodPut, "uploads/org_1/a", 200}, {http.MethodPut, "archive/a", 403}, {http.MethodGet, "uploads/org_1/a", 403},
		{http.MethodGet, "exports/org_1/a", 200}, {http.MethodGet, "archive/a", 403}, {http.MethodPut, "exports/org_1/a", 403},
	} {
		url := ""
		if test.method == http.MethodPut {
			signed, err := presign.PresignPutObject(t.Context(), &awss3.PutObjectInput{Bucket: aws.String("blobs"), Key: &test.key})
			passes(t, "sign", err)
			url = signed.URL
		} else {
			signed, err := presign.PresignGetObject(t.Context(), &awss3.GetObjectInput{Bucket: aws.String("blobs"), Key: &test.key})
			passes(t, "sign", err)
			url = signed.URL
		}
		request, err := http.NewRequestWithContext(t.Context(), test.method, url, strings.NewReader(strings.Repeat("y", len(test.method)-3))) // none with GET
		if err != nil {
			t.Fatal(err)
		}
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		_ = answer.Body.Close()
		if answer.StatusCode != test.want {
			t.Errorf("a presigned %s of %s: %d, want %d", test.method, test.key, answer.StatusCode, test.want)
		}
	}
	if got := w.guard.Usage()["work"]; len(got.Unused) != 0 || len(got.Refused) != 4 {
		t.Errorf("usage %+v", got)
	}
}

// TestMissingObjects: who may not list a bucket is not told what is missing in it.
func TestMissingObjects(t *testing.T) {
	read, list := iam.Grant{Action: "s3:GetObject", Resource: blobs + "/*"}, iam.Grant{Action: "s3:ListBucket", Resource: blobs}
	for name, test := range map[string]struct {
		policy       []iam.Grant
		operator     bool
		get, head    string
		status       int
		unusedGrants int
	}{
		"without ListBucket": {[]iam.Grant{read}, false, "AccessDenied", "Forbidden", 403, 0},
		"with ListBucket":    {[]iam.Grant{read, list}, false, "NoSuchKey", "NotFound", 404, 0},
		"an operator":        {[]iam.Grant{read}, true, "NoSuchKey", "NotFound", 404, 1},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, test.policy...)
			key := w.key
			if test.operator {
				key = w.operator
			}
			client := awss3.NewFromConfig(w.config(w.guard.S3(openBlobs(t)), key))
			_, err := client.GetObject(t.Context(), &awss3.GetObjectInput{Bucket: aws.String("blobs"), Key: aws.String("none")})
			refused(t, "GetObject", err, test.get, test.status)
			_, err = client.HeadObject(t.Context(), &awss3.HeadObjectInput{Bucket: aws.String("blobs"), Key: aws.String("none")})
			refused(t, "HeadObject", err, test.head, test.status)
			if got := w.guard.Usage()["work"]; len(got.Unused) != test.unusedGrants || len(got.Refused) != 0 {
				t.Errorf("usage %+v", got)
			}
		})
	}
}

func TestUsage(t *testing.T) {
	sends, receives := iam.Grant{Action: "sqs:SendMessage", Resource: queues + "*"}, iam.Grant{Action: "sqs:ReceiveMessage", Resource: queues + "Inbox"}
	w := newWorld(t, sends, receives)
	service, err := sqs.Open(sqs.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = service.Close() })
	if _, err := service.Ensure("Inbox", nil); err != nil {
		t.Fatal(err)
	}
	if got := w.guard.Usage()["work"]; !slices.Equal(got.Unused, []iam.Grant{sends, receives}) || len(got.Refused) != 0 {
		t.Errorf("at first: %+v", got)
	}
	client := awssqs.NewFromConfig(w.config(w.guard.SQS(service), w.key))
	url := aws.String("http://sqs/000000000000/Inbox")
	_, err = client.SendMessage(context.Background(), &awssqs.SendMessageInput{QueueUrl: url, MessageBody: aws.String("x")})
	passes(t, "SendMessage", err)
	for range 2 {
		_, err = client.PurgeQueue(context.Background(), &awssqs.PurgeQueueInput{QueueUrl: url})
		refused(t, "PurgeQueue", err, "AccessDenied", 403)
	}
	got := w.guard.Usage()["work"]
	if want := map[iam.Grant]int64{{Action: "sqs:PurgeQueue", Resource: queues + "Inbox"}: 2}; !slices.Equal(got.Unused, []iam.Grant{receives}) || !maps.Equal(got.Refused, want) {
		t.Errorf("usage %+v", got)
	}
	if want := "work may not sqs:PurgeQueue on " + queues + "Inbox: refused, as AWS would"; !slices.Equal(w.reports, []string{want}) {
		t.Errorf("reported %q, want once %q", w.reports, want)
	}
}

func TestAccessKeysDiffer(t *testing.T) {
	g := iam.NewGuard(iam.Options{})
	if key, err := g.Admit("a-b", "role", nil); err != nil || key != "LOCALab" {
		t.Errorf("%q, %v", key, err)
	}
	if _, err := g.Admit("ab", "role", nil); err == nil || !strings.Contains(err.Error(), "a-b and ab") {
		t.Errorf("two functions with one key: %v", err)
	}
}
