package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"leadline/shared/delivery"
	"leadline/shared/store"
)

// round is an inbox that keeps what is put back.
type round struct {
	back []delivery.Delivery
	err  error
}

func (r *round) Send(_ context.Context, group string, body []byte) error {
	d, err := delivery.Decode(body)
	if err != nil || group != d.Organization {
		return fmt.Errorf("put back for %s: %w", group, err)
	}
	if r.err == nil {
		r.back = append(r.back, d)
	}
	return r.err
}

// push is a message with a batch of so many rows.
func (r *round) push(t *testing.T, rows, putBack int) events.SQSEvent {
	t.Helper()
	data := make([]string, rows)
	for i := range data {
		data[i] = fmt.Sprintf(`{"id":%d,"action":"create"}`, i)
	}
	message, err := delivery.Delivery{ID: "01KANQ7P0000000000000000E1", Organization: organization, Connection: "conn_1", Connector: "client", Kind: delivery.Push,
		ReceivedAt: time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC), Body: []byte(`{"objectname":"x","data":[` + strings.Join(data, ",") + `]}`), PutBack: putBack,
		Batch: &delivery.BatchPart{ID: "01KANQ7P0000000000000000E1", Public: "bat_1", Client: "cli_1", Object: "x", First: 1}}.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return events.SQSEvent{Records: []events.SQSMessage{{MessageId: "m1", Body: string(message)}}}
}

// TestWhatThereIsNoTimeForGoesRoundAgain: a batch that does not fit what is left of the invocation is put back and
// acknowledged, and is applied by another invocation.
func TestWhatThereIsNoTimeForGoesRoundAgain(t *testing.T) {
	w, r := newWorld(), &round{}
	h := w.handler(w.records)
	h.inbox = r
	short, end := context.WithTimeout(t.Context(), reserve+time.Second)
	defer end()
	out, err := h.Handle(short, r.push(t, 5_000, 0)) // ten seconds of rows
	if err != nil || len(out.BatchItemFailures) != 0 || len(r.back) != 1 || r.back[0].PutBack != 1 || len(w.stored(t)) != 0 {
		t.Fatalf("%v %+v: %d were put back, %d records", err, out, len(r.back), len(w.stored(t)))
	}
	again, _ := r.back[0].Encode()
	out, err = h.Handle(t.Context(), events.SQSEvent{Records: []events.SQSMessage{{MessageId: "m2", Body: string(again)}}})
	stored, _, _ := w.records.Scan(t.Context(), store.Page{Limit: 1000})
	if err != nil || len(out.BatchItemFailures) != 0 || len(stored) != 1000 {
		t.Errorf("%v %+v: %d records", err, out, len(stored))
	}
}

func TestPuttingBackEnds(t *testing.T) {
	for name, c := range map[string]struct {
		putBack int
		err     error
	}{"after so many times": {maxPutBacks, nil}, "where the queue fails": {0, errors.New("no")}} {
		w, r := newWorld(), &round{err: c.err}
		h := w.handler(w.records)
		h.inbox = r
		short, end := context.WithTimeout(t.Context(), reserve+time.Second)
		out, err := h.Handle(short, r.push(t, 5_000, c.putBack))
		end()
		if err != nil || len(out.BatchItemFailures) != 1 || len(r.back) != 0 {
			t.Errorf("%s: %v %+v, %d were put back", name, err, out, len(r.back))
		}
	}
}

// TestTheTimeOfAnInvocationIsKept: what is still being worked on when only the reserve is left is put back, too.
func TestTheTimeOfAnInvocationIsKept(t *testing.T) {
	w, r := newWorld(), &round{}
	h := w.handler(w.records)
	h.inbox = r
	over, end := context.WithTimeout(t.Context(), reserve) // its working time is over at once
	defer end()
	out, err := h.Handle(over, r.push(t, 1, 0))
	if err != nil || len(out.BatchItemFailures) != 0 || len(r.back) != 1 {
		var text []byte
		text, _ = json.Marshal(out)
		t.Errorf("%v %s, %d were put back", err, text, len(r.back))
	}
}
