package main

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"leadline/shared/blob"
	"leadline/shared/connector"
	"leadline/shared/connectors"
	"leadline/shared/delivery"
	"leadline/shared/intake"
	"leadline/shared/store/memory"
	"leadline/shared/tenant"
)

// rounds of batches are made before the clock runs, each newer than the one before; then the stores are emptied.
const rounds = 50

// benchmarkBatches measures ingest's own share of batches: what it does between its calls. items is how many events or rows a
// batch brings.
func benchmarkBatches(b *testing.B, unit string, items int, batch func(round int) []delivery.Delivery) {
	b.Helper()
	batches := make([]events.SQSEvent, rounds)
	for round := range batches {
		for i, d := range batch(round) {
			message, err := d.Encode()
			if err != nil {
				b.Fatal(err)
			}
			batches[round].Records = append(batches[round].Records, events.SQSMessage{MessageId: fmt.Sprint(i), Body: string(message)})
		}
	}
	var h *handler
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		if n%rounds == 0 {
			b.StopTimer()
			h = &handler{log: slog.New(slog.DiscardHandler), intake: intake.New(intake.Options{
				Records: memory.NewRecords(), Intake: memory.NewIntake(), Schemas: memory.NewSchemas(), Batches: memory.NewBatches(), Journal: memory.NewJournal(),
				Payloads: blob.NewMemory(), Connectors: connector.NewRegistry(connectors.All()...), ClockGuard: 5 * time.Minute, SchemaCache: time.Minute, Now: time.Now,
			})}
			b.StartTimer()
		}
		if response, err := h.Handle(context.Background(), batches[n%rounds]); err != nil || len(response.BatchItemFailures) > 0 {
			b.Fatalf("got %+v, %v", response, err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(items), "ns/"+unit)
}

func benchDelivery(round, i int, body []byte) delivery.Delivery {
	return delivery.Delivery{ID: fmt.Sprintf("01KAN5XQ8Z%08d%08d", round, i), Organization: organization, Connection: connection,
		Connector: "close", Kind: delivery.Webhook, ReceivedAt: time.Now().UTC(), Body: body}
}

// BenchmarkEvents brings ten updates of ten opportunities.
func BenchmarkEvents(b *testing.B) {
	sample, err := os.ReadFile("../../shared/track/testdata/opportunity-updated.json")
	if err != nil {
		b.Fatal(err)
	}
	const batch = 10
	benchmarkBatches(b, "event", batch, func(round int) []delivery.Delivery {
		var all []delivery.Delivery
		for i := range batch {
			body := bytes.ReplaceAll(sample, []byte("oppo_8H4sjNso7FyBFaeR3RXi5PMJbilfo0c6UPCxsJtEhCO"), fmt.Appendf(nil, "oppo_%043d", i))
			body = bytes.ReplaceAll(body, []byte("2019-01-15T12:48:23.392000+00:00"), fmt.Appendf(nil, "2019-01-15T12:%02d:23.392000+00:00", round))
			all = append(all, benchDelivery(round, i, body))
		}
		return all
	})
}

// BenchmarkRows brings a push of a thousand rows, of new records first and then of the same.
func BenchmarkRows(b *testing.B) {
	const batch = 1000
	benchmarkBatches(b, "row", batch, func(round int) []delivery.Delivery {
		var rows strings.Builder
		rows.WriteString(`{"objectname":"orders","data":[`)
		for i := range batch {
			if i > 0 {
				rows.WriteByte(',')
			}
			fmt.Fprintf(&rows, `{"id":"ORD-2026-%08d","action":"create","customer_id":"C-%06d","customer_name":"Harbor & Pine Studio","status":"open",`+
				`"product":"Annual plan, 25 seats","quantity":25,"amount":%d.50,"currency":"USD","ordered_at":"2026-01-01T00:00:00Z"}`, i, i%100, round)
		}
		rows.WriteString("]}")
		d := benchDelivery(round, 0, []byte(rows.String()))
		d.Connector, d.Kind = tenant.ClientConnector, delivery.Push
		d.Batch = &delivery.BatchPart{ID: d.ID, Public: "bat_" + d.ID, Client: "cli_0a1b2c3d4e5f", Object: "orders", First: 1}
		return []delivery.Delivery{d}
	})
}
