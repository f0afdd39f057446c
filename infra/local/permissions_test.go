package main

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	sestypes "github.com/aws/aws-sdk-go-v2/service/sesv2/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/smithy-go"

	"leadline/infra/local/iam"
)

// as gives clients with the access key of a function and the endpoints that functions have.
func (c clients) as(t *testing.T, function string) clients {
	t.Helper()
	out, err := c.lambda.Invoke(context.Background(), &lambda.InvokeInput{FunctionName: aws.String("echo"), Payload: []byte(`{"do":"env"}`)})
	if err != nil {
		t.Fatal(err)
	}
	var answer struct{ Env []string }
	if err := json.Unmarshal(out.Payload, &answer); err != nil {
		t.Fatal(err)
	}
	env := map[string]string{}
	for _, line := range answer.Env {
		name, value, _ := strings.Cut(line, "=")
		env[name] = value
	}
	if got := env["AWS_ACCESS_KEY_ID"]; got != "LOCALecho" {
		t.Fatalf("echo has the access key %q", got)
	}
	cfg := aws.Config{Region: "us-east-1", Credentials: credentials.NewStaticCredentialsProvider("LOCAL"+function, env["AWS_SECRET_ACCESS_KEY"], "")}
	at := func(service string) *string { return aws.String(env["AWS_ENDPOINT_URL_"+service]) }
	return clients{
		outputs:  c.outputs,
		dynamodb: dynamodb.NewFromConfig(cfg, func(o *dynamodb.Options) { o.BaseEndpoint = at("DYNAMODB") }),
		sqs:      sqs.NewFromConfig(cfg, func(o *sqs.Options) { o.BaseEndpoint = at("SQS") }),
		s3:       s3.NewFromConfig(cfg, func(o *s3.Options) { o.BaseEndpoint = at("S3") }),
		kms:      kms.NewFromConfig(cfg, func(o *kms.Options) { o.BaseEndpoint = at("KMS") }),
		ses:      sesv2.NewFromConfig(cfg, func(o *sesv2.Options) { o.BaseEndpoint = at("SESV2") }),
	}
}

// testPermissions calls as the functions would.
func testPermissions(t *testing.T, r *running, c clients) {
	ctx := context.Background()
	echo := c.as(t, "echo")
	if echo.get(t, "org_9", "none") { // allowed
		t.Error("echo found an item that is not there")
	}
	key := map[string]types.AttributeValue{"pk": &types.AttributeValueMemberS{Value: "a"}, "sk": &types.AttributeValueMemberS{Value: "b"}}
	denied := func(what string, err error, codes ...string) {
		t.Helper()
		var api smithy.APIError
		if !errors.As(err, &api) || !slices.Contains(codes, api.ErrorCode()) {
			t.Errorf("%s: got %v, want %v", what, err, codes)
		}
	}
	_, err := echo.dynamodb.DeleteItem(ctx, &dynamodb.DeleteItemInput{TableName: aws.String(c.outputs["Table"]), Key: key})
	denied("DynamoDB", err, "AccessDeniedException")
	_, err = echo.sqs.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: aws.String(c.outputs["Dead"]), MessageBody: aws.String("x")})
	denied("SQS", err, "AccessDenied")
	_, err = echo.kms.GenerateDataKey(ctx, &kms.GenerateDataKeyInput{KeyId: aws.String(c.outputs["Key"]), NumberOfBytes: aws.Int32(32)})
	denied("KMS", err, "AccessDeniedException")
	_, err = echo.s3.PutObject(ctx, &s3.PutObjectInput{Bucket: aws.String(c.outputs["Bucket"]), Key: aws.String("a/x"), Body: strings.NewReader("x")})
	denied("S3", err, "AccessDenied")
	_, err = echo.ses.SendEmail(ctx, &sesv2.SendEmailInput{FromEmailAddress: aws.String("notices@leadline.test"), Destination: &sestypes.Destination{ToAddresses: []string{"ada@example.com"}},
		Content: &sestypes.EmailContent{Simple: &sestypes.Message{Subject: &sestypes.Content{Data: aws.String("x")}, Body: &sestypes.Body{Text: &sestypes.Content{Data: aws.String("x")}}}}})
	denied("SES", err, "AccessDeniedException")
	_, err = echo.s3.GetObject(ctx, &s3.GetObjectInput{Bucket: aws.String(c.outputs["Bucket"]), Key: aws.String("a/none")})
	denied("a missing object", err, "AccessDenied")

	got := r.status(t).Permissions
	const table, queue = "arn:aws:dynamodb:us-east-1:000000000000:table/leadline-dev-Things", "arn:aws:sqs:us-east-1:000000000000:leadline-dev-Inbox"
	if want := []string{"dynamodb:PutItem on " + table, "kms:Decrypt on " + c.outputs["Key"], "sqs:ReceiveMessage on " + queue, "sqs:SendMessage on " + queue}; !slices.Equal(got["echo"].Unused, want) {
		t.Errorf("unused by echo: %q, want %q", got["echo"].Unused, want)
	}
	if n := len(got["echo"].Refused); n != 5 || got["echo"].Refused["ses:SendEmail on arn:aws:ses:us-east-1:000000000000:identity/leadline.test"] != 1 || got["echo"].Refused["dynamodb:DeleteItem on "+table] != 1 {
		t.Errorf("refused to echo: %v", got["echo"].Refused)
	}
	if unused := got["work"].Unused; slices.Contains(unused, "sqs:ReceiveMessage on "+queue) || !slices.Contains(unused, "sqs:SendMessage on "+queue) {
		t.Errorf("unused by work, for which Lambda receives: %q", unused)
	}
	if tick, ok := got["tick"]; !ok || len(tick.Unused) != 0 {
		t.Errorf("unused by tick, which has no role: %+v", tick)
	}
	if want := "! echo may not dynamodb:DeleteItem on " + table; strings.Count(r.out.String(), want) != 1 {
		t.Errorf("the runner does not say %q once:\n%s", want, r.out)
	}
	tick := c.as(t, "tick")
	_, err = tick.dynamodb.GetItem(ctx, &dynamodb.GetItemInput{TableName: aws.String(c.outputs["Table"]), Key: key})
	denied("a function without a role", err, "AccessDeniedException")
	if status, body := get(t, r.BaseURL+"/v1/x"); status != http.StatusOK {
		t.Errorf("after refusals: %d %s", status, body)
	}
}

// TestRolesThatCannotBePlayed: a role that is not understood must not be taken for one that allows less or more.
func TestRolesThatCannotBePlayed(t *testing.T) {
	const function = `{"Resources": {"F": {"Type": "AWS::Lambda::Function", "Properties": {"FunctionName": "leadline-dev-f", "Role": ROLE}},
		"R": {"Type": "AWS::IAM::Role", "Properties": {"Policies": [{"PolicyName": "P", "PolicyDocument": {"Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"MORE}]}}]}}}}`
	for name, test := range map[string]struct{ role, more, says string }{
		"understood":        {`{"Fn::GetAtt": ["R", "Arn"]}`, "", ""},
		"a condition":       {`{"Fn::GetAtt": ["R", "Arn"]}`, `, "Condition": {"x": 1}`, "Condition"},
		"of another stack":  {`"arn:aws:iam::000000000000:role/theirs"`, "", "role/theirs"},
		"what it refers to": {`{"Fn::GetAtt": ["Q", "Arn"]}`, "", "Q"},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := newStack([]byte(strings.NewReplacer("ROLE", test.role, "MORE", test.more).Replace(function)), "leadline-dev")
			if err != nil {
				t.Fatal(err)
			}
			if _, _, err := s.survey(); err != nil {
				t.Fatal(err)
			}
			functions, err := s.bindFunctions()
			if err != nil {
				t.Fatal(err)
			}
			_, err = s.admit(iam.NewGuard(iam.Options{}), functions)
			if test.says == "" && err != nil || test.says != "" && (err == nil || !strings.Contains(err.Error(), test.says)) {
				t.Errorf("got %v, want %q", err, test.says)
			}
		})
	}
}
