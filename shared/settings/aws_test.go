package settings_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"leadline/shared/settings"
)

func TestAWSReadsWhatLambdaSets(t *testing.T) {
	var asked *http.Request
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = r
		w.WriteHeader(http.StatusBadRequest)
	}))
	defer server.Close()
	for name, value := range map[string]string{"AWS_REGION": "eu-north-1", "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY": "s",
		"AWS_SESSION_TOKEN": "the-token", "AWS_ENDPOINT_URL_SQS": server.URL} {
		t.Setenv(name, value)
	}
	cfg, err := settings.AWS()
	if err != nil {
		t.Fatal(err)
	}
	_, _ = sqs.NewFromConfig(cfg).SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: aws.String(server.URL + "/q"), MessageBody: aws.String("x")})
	if asked == nil {
		t.Fatal("the endpoint of the environment was not asked")
	}
	if auth := asked.Header.Get("Authorization"); !strings.Contains(auth, "AKIAEXAMPLE/") || !strings.Contains(auth, "/eu-north-1/sqs/") || asked.Header.Get("X-Amz-Security-Token") != "the-token" {
		t.Errorf("signed as %q with token %q", auth, asked.Header.Get("X-Amz-Security-Token"))
	}
}

func TestAWSNamesWhatIsMissing(t *testing.T) {
	t.Setenv("AWS_REGION", "eu-north-1")
	t.Setenv("AWS_ACCESS_KEY_ID", "")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "")
	if _, err := settings.AWS(); err == nil || !strings.Contains(err.Error(), "AWS_ACCESS_KEY_ID is empty") {
		t.Errorf("got %v", err)
	}
}
