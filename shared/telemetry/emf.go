package telemetry

import (
	"context"
	"encoding/json"
	"io"
	"maps"
	"slices"
	"time"

	"leadline/shared/fault"
)

// Namespace is where CloudWatch files the metrics of a stage: two stages in one account share nothing.
func Namespace(stage string) string { return "Leadline/" + stage }

type emfMetric struct {
	Name string `json:"Name"`
	Unit string `json:"Unit"`
}

// write prints the line of an invocation in the embedded metric format, one dimension only: the function. It says no more
// than it must, for at a million invocations a hundred bytes cost as much as a twelfth of their writes: the time is in
// _aws, and the duration is a metric of Lambda's own. See
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
func (op *operation) write(ctx context.Context, w io.Writer, function, stage string, took time.Duration, err error) {
	op.mu.Lock()
	defer op.mu.Unlock()
	now := time.Now().UTC()
	metrics := []emfMetric{}
	line := map[string]any{KeyFunction: function, KeyRequest: requestID(ctx), KeyDuration: float64(took.Microseconds()) / 1000}
	if err != nil {
		line["level"], line[KeyFault] = "ERROR", string(fault.KindOf(err))
	}
	for _, name := range slices.Sorted(maps.Keys(op.counts)) {
		line[name] = op.counts[name]
		metrics = append(metrics, emfMetric{name, "Count"})
	}
	line["_aws"] = map[string]any{
		"Timestamp": now.UnixMilli(),
		"CloudWatchMetrics": []any{map[string]any{
			"Namespace": Namespace(stage), "Dimensions": [][]string{{KeyFunction}}, "Metrics": metrics,
		}},
	}
	text, marshalErr := json.Marshal(line)
	if marshalErr != nil { // texts and numbers always encode
		return
	}
	_, _ = w.Write(append(text, '\n')) // a log that cannot be written cannot be reported either
}
