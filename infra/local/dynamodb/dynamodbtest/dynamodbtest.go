// Package dynamodbtest gives tests a DynamoDB to talk to: DynamoDB Local, started once for all tests of a package.
package dynamodbtest

import (
	"context"
	"os"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/credentials"
	awsdynamodb "github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"leadline/infra/local/dynamodb"
)

// Env names the environment variable that holds the endpoint of a DynamoDB Local which runs already. It is shared by
// the tests of several packages then, so that tests must give their tables names of their own.
const Env = "LEADLINE_TEST_DYNAMODB"

// once runs DynamoDB Local in memory at the first need. It ends with the test binary. There is no other way to share it
// between tests that do not know each other than a variable.
var once = sync.OnceValues(func() (string, error) {
	server, err := dynamodb.Start(context.Background(), dynamodb.Options{Quick: true})
	if err != nil {
		return "", err
	}
	return server.Endpoint, nil
})

// Start gives the endpoint of a running DynamoDB Local. It fails the test if there is none to be had; the message says
// what to do.
func Start(t testing.TB) (endpoint string) {
	t.Helper()
	if endpoint := os.Getenv(Env); endpoint != "" {
		return endpoint
	}
	endpoint, err := once()
	if err != nil {
		t.Fatal(err)
	}
	return endpoint
}

// Client gives an SDK client for an endpoint.
func Client(endpoint string, options ...func(*awsdynamodb.Options)) *awsdynamodb.Client {
	return awsdynamodb.New(awsdynamodb.Options{
		BaseEndpoint: &endpoint, Region: "us-east-1",
		Credentials: credentials.NewStaticCredentialsProvider("local", "local", ""),
		// DynamoDB Local sends no checksum with errors, about which the SDK would complain in the log.
		DisableValidateResponseChecksum: true,
	}, options...)
}
