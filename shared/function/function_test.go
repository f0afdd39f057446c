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
	if _, err := prepare(context.Background(), log, wire); err == nil || !strings.Contains(err.Error(), "TABLE_FUNCTION_TEST is not set") {
		t.Errorf("without settings: %v", err)
	}
	t.Setenv("TABLE_FUNCTION_TEST", "records")
	handle, err := prepare(context.Background(), log, wire)
	if err != nil {
		t.Fatal(err)
	}
	if out, err := handle(context.Background(), "hello"); out != "hello from records" || err != nil {
		t.Errorf("got %q, %v", out, err)
	}
}
