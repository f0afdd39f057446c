package function

import (
	"context"
	"log/slog"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
)

type config struct {
	Table string `env:"TABLE_FUNCTION_TEST"`
}

func wire(cfg config, _ aws.Config, _ *slog.Logger) Handler[string, string] {
	return func(_ context.Context, in string) (string, error) { return in + " from " + cfg.Table, nil }
}

func TestPrepare(t *testing.T) {
	log := slog.New(slog.DiscardHandler)
	if _, err := prepare(log, wire); err == nil || !strings.Contains(err.Error(), "TABLE_FUNCTION_TEST is not set") {
		t.Errorf("without settings: %v", err)
	}
	for name, value := range map[string]string{"TABLE_FUNCTION_TEST": "records", "AWS_REGION": "eu-north-1", "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"} {
		t.Setenv(name, value)
	}
	handle, err := prepare(log, wire)
	if err != nil {
		t.Fatal(err)
	}
	if out, err := handle(context.Background(), "hello"); out != "hello from records" || err != nil {
		t.Errorf("got %q, %v", out, err)
	}
}
