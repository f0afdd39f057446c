package telemetry_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"leadline/shared/fault"
	"leadline/shared/telemetry"
)

func invoke(t *testing.T, handle func(context.Context, string) (string, error)) []map[string]any {
	t.Helper()
	var out bytes.Buffer
	wrapped := telemetry.Wrap("ingest", "dev", telemetry.NewLogger(&out, "ingest", "info"), &out, handle)
	_, _ = wrapped(context.Background(), "in")
	var lines []map[string]any
	for text := range strings.Lines(out.String()) {
		var line map[string]any
		if err := json.Unmarshal([]byte(text), &line); err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		lines = append(lines, line)
	}
	return lines
}

func TestOneLinePerInvocationCarriesItsMetrics(t *testing.T) {
	lines := invoke(t, func(ctx context.Context, _ string) (string, error) {
		telemetry.Count(ctx, "Applied", 2)
		telemetry.Count(ctx, "Applied", 3)
		telemetry.Fault(ctx, fault.New(fault.RateLimited, "throttled", "Slow."))
		return "", nil
	})
	if len(lines) != 1 {
		t.Fatalf("want one line, got %d", len(lines))
	}
	l := lines[0]
	if l["function"] != "ingest" || l["Applied"] != 5.0 || l["Fault_rate_limited"] != 1.0 || l["duration_ms"] == nil {
		t.Fatalf("got %v", l)
	}
	metrics := l["_aws"].(map[string]any)["CloudWatchMetrics"].([]any)[0].(map[string]any)
	if metrics["Namespace"] != "Leadline/dev" {
		t.Fatalf("got %v", metrics["Namespace"])
	}
	if got := len(metrics["Metrics"].([]any)); got != 2 {
		t.Fatalf("want 2 metrics, got %v", metrics)
	}
	for _, m := range metrics["Metrics"].([]any) {
		if l[m.(map[string]any)["Name"].(string)] == nil {
			t.Errorf("the metric %v has no value on the line", m)
		}
	}
}

func TestAFailureIsLoggedOnceWithItsKind(t *testing.T) {
	lines := invoke(t, func(context.Context, string) (string, error) { return "", errors.New("boom") })
	if len(lines) != 2 || lines[0]["fault"] != "internal" || lines[1]["error"] != "boom" {
		t.Fatalf("got %v", lines)
	}
}

func TestCountOutsideAnInvocationIsNoCrash(t *testing.T) {
	telemetry.Count(context.Background(), "Applied", 1)
}
