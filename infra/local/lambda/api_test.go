package lambda_test

import (
	"context"
	"encoding/base64"
	"errors"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	sdk "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"leadline/infra/local/lambda"
	"leadline/infra/local/lambda/lambdatest"
)

// client is the AWS SDK's client, talking to h.
func client(t *testing.T, h *lambda.Host) *sdk.Client {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return sdk.New(sdk.Options{
		Region: "us-east-1", BaseEndpoint: &server.URL, RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider("x", "x", ""),
	})
}

func TestInvokeAPI(t *testing.T) {
	c := client(t, lambdatest.Host(t, lambda.Options{}, function("one")))
	ctx := context.Background()

	out, err := c.Invoke(ctx, &sdk.InvokeInput{
		FunctionName: aws.String("arn:aws:lambda:us-east-1:000000000000:function:one"), Qualifier: aws.String("live"),
		Payload: []byte(`{"do":"say","text":"hello from within"}`), LogType: types.LogTypeTail,
	})
	if err != nil {
		t.Fatal(err)
	}
	if out.StatusCode != 200 || out.FunctionError != nil || aws.ToString(out.ExecutedVersion) == "" || !strings.Contains(string(out.Payload), ":live") {
		t.Errorf("got %+v, %s", out, out.Payload)
	}
	if tail, err := base64.StdEncoding.DecodeString(aws.ToString(out.LogResult)); err != nil || !strings.Contains(string(tail), "hello from within") {
		t.Errorf("log %q, %v", tail, err)
	}

	out, err = c.Invoke(ctx, &sdk.InvokeInput{FunctionName: aws.String("one"), Payload: []byte(`{"do":"fail"}`)})
	if err != nil || aws.ToString(out.FunctionError) != "Unhandled" || !strings.Contains(string(out.Payload), "told to fail") || out.LogResult != nil {
		t.Errorf("got %+v, %v", out, err)
	}

	out, err = c.Invoke(ctx, &sdk.InvokeInput{FunctionName: aws.String("one"), InvocationType: types.InvocationTypeEvent})
	if err != nil || out.StatusCode != 202 {
		t.Errorf("Event: got %+v, %v", out, err)
	}
	out, err = c.Invoke(ctx, &sdk.InvokeInput{FunctionName: aws.String("one"), InvocationType: types.InvocationTypeDryRun})
	if err != nil || out.StatusCode != 204 {
		t.Errorf("DryRun: got %+v, %v", out, err)
	}
}

func TestInvokeAPIRefusals(t *testing.T) {
	none := 0
	idle := function("idle")
	idle.Reserved = &none
	c := client(t, lambdatest.Host(t, lambda.Options{}, function("one"), idle))
	for name, tc := range map[string]struct {
		in   sdk.InvokeInput
		want func(error) bool
	}{
		"unknown function": {sdk.InvokeInput{FunctionName: aws.String("two")}, is[*types.ResourceNotFoundException]},
		"unknown function, dry": {
			sdk.InvokeInput{FunctionName: aws.String("two"), InvocationType: types.InvocationTypeDryRun}, is[*types.ResourceNotFoundException],
		},
		"no JSON":   {sdk.InvokeInput{FunctionName: aws.String("one"), Payload: []byte(`{`)}, is[*types.InvalidRequestContentException]},
		"throttled": {sdk.InvokeInput{FunctionName: aws.String("idle")}, is[*types.TooManyRequestsException]},
		"too large": {
			sdk.InvokeInput{FunctionName: aws.String("one"), Payload: []byte(`"` + strings.Repeat("x", lambda.MaxRequestBytes) + `"`)},
			is[*types.RequestTooLargeException],
		},
		"no such type": {
			sdk.InvokeInput{FunctionName: aws.String("one"), InvocationType: "Never"}, is[*types.InvalidParameterValueException],
		},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := c.Invoke(context.Background(), &tc.in); !tc.want(err) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func is[E error](err error) bool {
	var want E
	return errors.As(err, &want)
}
