package delivery_test

import (
	"bytes"
	"crypto/rand"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"leadline/shared/delivery"
	"leadline/shared/fault"
	"leadline/shared/record"
)

func sample() delivery.Delivery {
	return delivery.Delivery{ID: "01K", Organization: "org_1", Connection: "conn_1", Connector: "close", Kind: delivery.Webhook,
		ReceivedAt: time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC), Body: []byte("{\"a\": \"\xff\x00\"}")}
}

func TestAMessageBringsEveryByteThrough(t *testing.T) {
	message, err := sample().Encode()
	if err != nil {
		t.Fatal(err)
	}
	got, err := delivery.Decode(message)
	want := sample()
	want.V = delivery.Format
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Fatalf("%v %s", err, diff)
	}
}

// rows is a delivery of rows.
func rows(kind string) delivery.Delivery {
	d := sample()
	d.Connector, d.Kind = "client", kind
	d.Batch = &delivery.BatchPart{ID: "01K", Public: "bat_01k", Client: "cli_1", Object: "deals", Claim: "k1", Sum: "ab", Number: 3, First: 3001}
	return d
}

func TestDeliveriesOfRows(t *testing.T) {
	large := rows(delivery.File)
	large.Body, large.Payload = nil, &record.PayloadRef{Key: "k", Offset: 1, Length: 2}
	replay := large
	replay.Rows = []delivery.RowReplay{{Entry: "01K-00000007", Index: 6}, {Entry: "01K-00000001"}}
	corrected := rows(delivery.Push)
	corrected.Rows, corrected.Corrected = []delivery.RowReplay{{Entry: "01K-00000007"}}, true
	for name, want := range map[string]delivery.Delivery{"push": rows(delivery.Push), "file": rows(delivery.File), "large": large, "replay": replay, "corrected": corrected} {
		message, err := want.Encode()
		if err != nil {
			t.Fatal(err)
		}
		got, err := delivery.Decode(message)
		want.V = delivery.Format
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%s: %v %s", name, err, diff)
		}
	}
}

func TestDecodeRefuses(t *testing.T) {
	both := sample()
	both.Payload = &record.PayloadRef{Key: "k"}
	neither := sample()
	neither.Body = nil
	replay := sample()
	replay.Replay = "01K"
	nobody := sample()
	nobody.Organization = ""
	messages := map[string][]byte{"no JSON": []byte("hello"), "future format": []byte(`{"v":99}`), "no format": []byte(`{}`)}
	bare := rows(delivery.Push)
	bare.Batch = nil
	webhook := rows(delivery.Webhook)
	some := rows(delivery.Push)
	some.Rows = []delivery.RowReplay{{Entry: "01K-00000007"}}
	unasked := rows(delivery.Push)
	unasked.Corrected = true
	webhookRows := sample()
	webhookRows.Body, webhookRows.Payload, webhookRows.Rows = nil, &record.PayloadRef{Key: "k"}, []delivery.RowReplay{{Entry: "01K"}}
	for name, d := range map[string]delivery.Delivery{"both": both, "neither": neither, "nobody's": nobody, "replay without payload": replay,
		"push without a batch": bare, "webhook with a batch": webhook, "replay of rows without payload": some, "correction of no replay": unasked,
		"rows of a webhook": webhookRows} {
		messages[name], _ = d.Encode()
	}
	for name, message := range messages {
		if _, err := delivery.Decode(message); err == nil {
			t.Errorf("%s: was read", name)
		}
	}
}

func TestIDsSortByTime(t *testing.T) {
	early, err1 := delivery.NewID(time.UnixMilli(1000), rand.Reader)
	late, err2 := delivery.NewID(time.UnixMilli(1001), rand.Reader)
	if err1 != nil || err2 != nil || early >= late {
		t.Fatalf("%s %s %v %v", early, late, err1, err2)
	}
	if _, err := delivery.NewID(time.UnixMilli(1), strings.NewReader("short")); err == nil {
		t.Fatal("an id was made without enough randomness")
	}
}

func TestPackedPayloadsStandSideBySide(t *testing.T) {
	var object bytes.Buffer
	bodies := [][]byte{[]byte(`{"a":1}`), {}, bytes.Repeat([]byte("x"), 100_000), {0xff, 0x00}}
	var ends []int
	for _, b := range bodies {
		if err := delivery.Pack(&object, b); err != nil {
			t.Fatal(err)
		}
		ends = append(ends, object.Len())
	}
	start := 0
	for i, end := range ends {
		got, err := delivery.Unpack(object.Bytes()[start:end])
		if err != nil || !bytes.Equal(got, bodies[i]) {
			t.Errorf("payload %d came back as %d bytes, %v", i, len(got), err)
		}
		start = end
	}
	var again bytes.Buffer
	for _, b := range bodies {
		_ = delivery.Pack(&again, b)
	}
	if !bytes.Equal(object.Bytes(), again.Bytes()) {
		t.Error("the same bodies packed to other bytes")
	}
}

func TestUnpackRefuses(t *testing.T) {
	var bomb bytes.Buffer
	if err := delivery.Pack(&bomb, make([]byte, delivery.MaxPayloadBytes+1)); err != nil {
		t.Fatal(err)
	}
	if _, err := delivery.Unpack(bomb.Bytes()); !fault.Is(err, fault.Invalid) {
		t.Errorf("a payload that unpacks to too much: %v", err)
	}
	if _, err := delivery.Unpack(bomb.Bytes()[:bomb.Len()/2]); err == nil {
		t.Error("half a payload was unpacked")
	}
	if _, err := delivery.Unpack([]byte("plain")); err == nil {
		t.Error("what is no gzip was unpacked")
	}
}
