package main

import (
	"context"
	"encoding/json"
	"log/slog"
	"os"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"leadline/shared/store/memory"
)

// BenchmarkRelay measures relay's own share of a batch of a hundred changes.
func BenchmarkRelay(b *testing.B) {
	text, err := os.ReadFile("../../events/relay/01-deal-created-won-deleted.json")
	if err != nil {
		b.Fatal(err)
	}
	var sample, batch events.DynamoDBEvent
	if err := json.Unmarshal(text, &sample); err != nil {
		b.Fatal(err)
	}
	const size = 100
	for len(batch.Records) < size {
		batch.Records = append(batch.Records, sample.Records[len(batch.Records)%2]) // the creation, the update
	}
	h := &handler{history: memory.NewHistory(), changes: &heard{}, log: slog.New(slog.DiscardHandler)}
	b.ReportAllocs()
	for b.Loop() {
		if response, err := h.Handle(context.Background(), batch); err != nil || len(response.BatchItemFailures) > 0 {
			b.Fatalf("got %+v, %v", response, err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/size, "ns/record")
}
