package dynamo

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/oklog/ulid/v2"

	"leadline/shared/fault"
	"leadline/shared/outbound"
	"leadline/shared/push"
	"leadline/shared/quarantine"
	"leadline/shared/ratelimit"
	"leadline/shared/record"
	"leadline/shared/schema"
	"leadline/shared/store"
	"leadline/shared/view"
)

func aBatch(received time.Time) push.Batch {
	id := ulid.ULID{15: 1}
	_ = id.SetTime(ulid.Timestamp(received)) // fits
	return push.Batch{ID: id.String(), Public: "bat_" + strings.Repeat("x", 34), Organization: "org_a1b2c3d4e5f6",
		Connection: "conn_000000000001", Client: "cli_a1b2c3d4e5f6", Object: "deal", Kind: "push", ReceivedAt: received,
		FinishedAt: received.Add(time.Second), Status: push.Finished, Rows: 1, Chunks: 1, Done: 1,
		Counts: map[push.Outcome]int64{push.Applied: 1}, Only: &push.Chunk{First: 1, Rows: 1, Counts: map[push.Outcome]int64{push.Applied: 1}}}
}

func anObject(rev int64) schema.Object {
	return schema.Object{Organization: "org_a1b2c3d4e5f6", Connection: "conn_000000000001", Name: "deal", Rev: rev,
		Present: schema.Version{Number: int(rev)}}
}

func aDelivery(random *rand.Rand) outbound.LogEntry {
	at := time.Date(2026, 11, 22, 10, 30, 0, 123000000, time.UTC)
	body := fmt.Sprintf(`{"anonymousId":%q,"channel":"sources","context":{"sources":{"job_id":%q,"version":"1"}},"event":"opportunity updated",`+
		`"integrations":{"All":false},"messageId":%q,"originalTimestamp":"2026-11-22T10:30:00.123Z","properties":{"action":"updated",`+
		`"data":{"confidence":100,"date_updated":"2026-11-22T10:30:00.123000+00:00","id":%q,"lead_id":%q,"status_id":%q,"value":123450},`+
		`"date_created":"2026-11-22T10:30:00.123000","lead_id":%q,"object_id":%q,"object_type":"opportunity","organization_id":%q},`+
		`"type":"track","userId":%q}`,
		noise(random, 36), noise(random, 26), "ev_"+noise(random, 22), "oppo_"+noise(random, 43), "lead_"+noise(random, 43),
		"stat_"+noise(random, 43), "lead_"+noise(random, 43), "oppo_"+noise(random, 43), "orga_"+noise(random, 43), "lead_"+noise(random, 43))
	return outbound.LogEntry{
		Delivery: outbound.Delivery{V: 1, Organization: "org_a1b2c3d4e5f6", Destination: "dst_a1b2c3d4e5f6",
			ID: "01KAN5XQ8Z3V5T7W9Y1B2C4D6E-dst_a1b2c3d4e5f6", Event: "ev_" + noise(random, 22), Type: "opportunity updated",
			Body: []byte(body), CreatedAt: at, Attempt: 1},
		Outcome: outbound.Delivered, UpdatedAt: at.Add(time.Second), Rev: 1,
		Attempts: []outbound.Attempt{{Number: 1, At: at.Add(time.Second), Status: 200, Took: 87, Answer: "OK"}},
	}
}

// clientRow is the record of a row of eight fields that a client sent twice, with ids as random as UUIDs.
func clientRow(t testing.TB, random *rand.Rand) record.Record {
	t.Helper()
	row := func(n int, action record.Action, raw string) record.Row {
		fields, err := record.ParseFields([]byte(raw))
		if err != nil {
			t.Fatal(err)
		}
		return record.Row{Action: action, Stamp: record.NewStamp(1_795_343_400_000_000+random.Int64N(1e9), "01KAN5"+noise(random, 20), n), Fields: fields}
	}
	id := fmt.Sprintf("%016x-%016x", random.Uint64(), random.Uint64())
	r, _ := record.Merge(nil,
		row(17, record.ActionCreate, fmt.Sprintf(`{"id": %q, "transaction_date": "2026-11-20", "amount": 1234.50, "currency": "USD",
			"rep_email": "imogen.vance@example.com", "customer": "Kestrel & Sons %s", "status": "open", "product": "Annual plan"}`, id, noise(random, 8))),
		row(3999, record.ActionUpdate, fmt.Sprintf(`{"id": %q, "status": "won", "amount": 999.00}`, id)))
	r.Key = record.Key{Organization: "org_a1b2c3d4e5f6", Connection: "conn_z9y8x7w6v5u4", Object: "transaction", ID: id}
	r.Rev, r.StoredAt = 2, time.Date(2026, 11, 22, 10, 30, 0, 123456789, time.UTC)
	r.Source = record.Source{Kind: "push", Delivery: "01KAN5" + noise(random, 20), Action: "update", Row: 3999,
		Payload: record.PayloadRef{Key: "archive/org_a1b2c3d4e5f6/conn_z9y8x7w6v5u4/2026/11/22/0123456789abcdef.gz", Offset: 12345, Length: 1432}}
	return r
}

// What is written most costs one write unit each.
func TestWorkFitsOneUnit(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	most := map[string]int{}
	for range 100 {
		for name, i := range map[string]func() (item, error){
			"a row of a client's": func() (item, error) { return encoded(t, clientRow(t, random)), nil },
			"a delivered track event": func() (item, error) {
				i, err := NewDeliveries(nil, "").encode(aDelivery(random))
				i.forget(time.Now())
				return i, err
			},
			"a batch of one row": func() (item, error) { return NewBatches(nil, "").encode(aBatch(time.Now())) },
			"a row set aside": func() (item, error) {
				return NewIntake(nil, "").encodeEntry(quarantine.Entry{ID: "01KAN5" + noise(random, 20) + "-00003999", Organization: "org_a1b2c3d4e5f6",
					Connection: "conn_z9y8x7w6v5u4", Connector: "client", Reason: quarantine.SchemaMismatch, Object: "transaction",
					Detail: "The field amount should be a number and is a text of 12 characters.", Batch: "01KAN5" + noise(random, 20),
					Public: "bat_" + noise(random, 34), Client: "cli_" + noise(random, 12), Row: 3999, Index: 3998, Kind: "push",
					ReceivedAt: time.Now().UTC(), UpdatedAt: time.Now().UTC(), Status: quarantine.Open,
					Mismatches: []schema.Mismatch{{Field: "amount", Expected: "number", Found: "text"}},
					Payload:    record.PayloadRef{Key: "archive/org_a1b2c3d4e5f6/conn_z9y8x7w6v5u4/2026/11/22/0123456789abcdef.gz", Offset: 12345, Length: 1432}})
			},
		} {
			one, err := i()
			if err != nil {
				t.Fatal(err)
			}
			most[name] = max(most[name], sizeOf(one))
		}
	}
	for name, size := range most {
		t.Logf("%s takes at most %d bytes", name, size)
		if size > 1024 {
			t.Errorf("%s takes %d bytes, want at most 1024", name, size)
		}
	}
}

// What each method of the work costs.
func testWorkCalls(t *testing.T, l local) {
	s := l.open(t)
	now := time.Date(2026, 11, 22, 10, 30, 0, 0, time.UTC)
	b, claim, d := aBatch(now), push.Claim{Organization: "o", ID: "c", Batch: "b", ReceivedAt: now, ExpiresAt: now.Add(time.Hour)},
		aDelivery(rand.New(rand.NewPCG(1, 2)))
	another := claim
	another.Batch = "another"
	due := store.DueItem{At: now, Key: "k", Body: []byte("x")}
	clock := ratelimit.Clock{Key: ratelimit.Key{Organization: "o", Connection: "c", Group: "g"}, Rev: 1, State: []byte("x")}
	first := store.Page{Limit: 10}
	k, e := aRecord("x", 1).Key, anEntry(1)
	if err := s.Intake.SetAside(t.Context(), e); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name string
		do   func() error
		want string
	}{
		{"SaveObject", func() error { return s.Schemas.SaveObject(t.Context(), anObject(1), false) }, "PutItem"},
		{"SaveObject with a version", func() error { return s.Schemas.SaveObject(t.Context(), anObject(2), true) }, "TransactWriteItems"},
		{"Object", func() error {
			_, err := s.Schemas.Object(t.Context(), anObject(1).Organization, anObject(1).Connection, "deal")
			return err
		}, "GetItem"},
		{"Objects", func() error { _, _, err := s.Schemas.Objects(t.Context(), "o", "c", first); return err }, "Query"},
		{"Versions", func() error { _, _, err := s.Schemas.Versions(t.Context(), "o", "c", "n", first); return err }, "Query"},
		{"CreateDefinition", func() error {
			return s.Views.CreateDefinition(t.Context(), view.Item{Organization: "o", Kind: view.KindView, Name: "x", Rev: 1}, nil)
		}, "TransactWriteItems"},
		{"UpdateDefinition", func() error {
			return s.Views.UpdateDefinition(t.Context(), view.Item{Organization: "o", Kind: view.KindView, Name: "x", Rev: 2}, nil)
		}, "TransactWriteItems"},
		{"Definition", func() error { _, err := s.Views.Definition(t.Context(), "o", view.KindView, "x"); return err }, "GetItem"},
		{"Definitions", func() error { _, _, err := s.Views.Definitions(t.Context(), "o", view.KindView, first); return err }, "Query"},
		{"DeleteDefinition", func() error { return s.Views.DeleteDefinition(t.Context(), "o", view.KindView, "x") }, "DeleteItem"},
		{"Claim", func() error { _, err := s.Batches.Claim(t.Context(), claim); return err }, "PutItem"},
		{"Claim again", func() error { _, err := s.Batches.Claim(t.Context(), another); return err }, "PutItem"},
		{"Claimed", func() error { _, err := s.Batches.Claimed(t.Context(), "o", "c"); return err }, "GetItem"},
		{"SaveBatch", func() error { return s.Batches.SaveBatch(t.Context(), b) }, "PutItem"},
		{"FinishChunk", func() error { return s.Batches.FinishChunk(t.Context(), b.Organization, b.ID, push.Chunk{}) }, "TransactWriteItems"},
		{"FinishChunk again", func() error { return s.Batches.FinishChunk(t.Context(), b.Organization, b.ID, push.Chunk{}) }, "TransactWriteItems"},
		{"Batch", func() error { _, err := s.Batches.Batch(t.Context(), b.Organization, b.ID); return err }, "GetItem"},
		{"Batches", func() error { _, _, err := s.Batches.Batches(t.Context(), "o", first); return err }, strings.Repeat("Query ", batchShards)},
		{"Chunks", func() error { _, _, err := s.Batches.Chunks(t.Context(), "o", "b", first); return err }, "Query"},
		{"LogDelivery", func() error { return s.Deliveries.LogDelivery(t.Context(), d, now) }, "PutItem"},
		{"LoggedDelivery", func() error {
			_, err := s.Deliveries.LoggedDelivery(t.Context(), d.Organization, d.Destination, d.ID)
			return err
		}, "GetItem"},
		{"LoggedDeliveries", func() error {
			_, _, err := s.Deliveries.LoggedDeliveries(t.Context(), "o", "d", store.DeliveryFilter{From: now, Until: now}, first)
			return err
		}, strings.Repeat("Query ", deliveryShards)},
		{"DeleteDelivery", func() error { return s.Deliveries.DeleteDelivery(t.Context(), "o", "d", "x") }, "DeleteItem"},
		{"Schedule", func() error { return s.Due.Schedule(t.Context(), due) }, "PutItem"},
		{"DueBefore over three minutes", func() error {
			_, _, _, err := s.Due.DueBefore(t.Context(), store.DueMinute(now), now.Add(150*time.Second), 10)
			return err
		}, strings.Repeat("Query ", 3*dueShards)},
		{"DueBefore that has enough", func() error {
			_, _, _, err := s.Due.DueBefore(t.Context(), store.DueMinute(now), now.Add(150*time.Second), 1)
			return err
		}, strings.Repeat("Query ", dueShards)},
		{"DueBefore over days", func() error { _, _, _, err := s.Due.DueBefore(t.Context(), "", now, 10); return err },
			strings.Repeat("Query ", dueQueries)},
		{"SaveClock", func() error { _, err := s.Limits.SaveClock(t.Context(), clock); return err }, "PutItem"},
		{"SaveClock that is refused", func() error { _, err := s.Limits.SaveClock(t.Context(), clock); return err }, "PutItem"},
		{"Clock", func() error { _, err := s.Limits.Clock(t.Context(), clock.Key); return err }, "GetItem"},
		{"Finished", func() error { return s.Due.Finished(t.Context(), due) }, "DeleteItem"},
		{"Discard", func() error { return s.Intake.Discard(t.Context(), e.Organization, e.ID, now) }, "UpdateItem"},
		{"DeleteEntry", func() error { return s.Intake.DeleteEntry(t.Context(), e.Organization, e.ID) }, "DeleteItem"},
		{"Delete of history", func() error { return s.History.Delete(t.Context(), k, slices.Repeat([]int64{1, 2, 3}, 10)...) }, "BatchWriteItem"},
	} {
		s.wire.reset()
		if err := test.do(); err != nil {
			t.Errorf("%s: %v", test.name, err)
		}
		if got, want := s.wire.actions(), strings.Fields(test.want); !slices.Equal(got, want) {
			t.Errorf("%s calls %q, want %q", test.name, got, want)
		}
	}
}

// A call that comes to the end of its queries says how far it came, and that there is more.
func testDueBudget(t *testing.T, l local) {
	s := l.open(t)
	now := time.Date(2026, 11, 22, 10, 30, 0, 0, time.UTC)
	_, next, more, err := s.Due.DueBefore(t.Context(), store.DueMinute(now), now.Add(24*time.Hour), 10)
	if err != nil || !more || next != store.DueMinute(now.Add(dueQueries/dueShards*time.Minute)) {
		t.Errorf("came to %s, more %t, %v", next, more, err)
	}
	s.wire.fail(3*dueShards, awsError("Query", 500, "InternalServerError", "x")) // every try of each shard
	_, _, _, err = s.Due.DueBefore(t.Context(), store.DueMinute(now), now.Add(time.Hour), 10)
	kindIs(t, err, fault.Unavailable, "unavailable")
}

// testSpoiltDue: an item that cannot be read neither keeps the others from being given, nor its minute from being passed
// by, for it will never be Finished.
func testSpoiltDue(t *testing.T, l local) {
	s := l.open(t)
	now := time.Date(2026, 11, 22, 10, 30, 0, 0, time.UTC)
	for n := range 10 {
		i := dueKey(now, fmt.Sprint("spoilt", n)).item()
		i["v"] = number(format)
		i["body"] = &types.AttributeValueMemberB{Value: []byte("spoilt")}
		if _, err := s.client.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: aws.String(s.tables["work"]), Item: i}); err != nil {
			t.Fatal(err)
		}
	}
	sound := store.DueItem{At: now.Add(time.Second), Key: "sound", Queue: "deliver", Group: "o", Body: []byte("x")}
	if err := s.Due.Schedule(t.Context(), sound); err != nil {
		t.Fatal(err)
	}
	look := func(limit int) (sane, spoilt int, next string) {
		t.Helper()
		items, next, _, err := s.Due.DueBefore(t.Context(), store.DueMinute(now), now.Add(10*time.Minute), limit)
		if err != nil {
			t.Fatal(err)
		}
		for _, item := range items {
			if item.Unreadable == nil {
				sane++
			} else if item.At.Equal(now) && strings.HasPrefix(item.Key, "spoilt") && item.Queue == "" {
				spoilt++
			}
		}
		return sane, spoilt, next
	}
	if sane, spoilt, next := look(100); sane != 1 || spoilt != 10 || next != store.DueMinute(now) {
		t.Errorf("%d and %d spoilt ones, next is %s", sane, spoilt, next)
	}
	if sane, _, next := look(5); sane != 0 || next != store.DueMinute(now) {
		t.Errorf("a minute that was not read to its end: %d, next is %s", sane, next)
	}
	if err := s.Due.Finished(t.Context(), sound); err != nil {
		t.Fatal(err)
	}
	if sane, spoilt, next := look(100); sane != 0 || spoilt != 10 || next != store.DueMinute(now.Add(8*time.Minute)) {
		t.Errorf("%d and %d spoilt ones, next is %s", sane, spoilt, next)
	}
}

// testForgotten looks at when DynamoDB may delete what is not kept for good.
func testForgotten(t *testing.T, l local) {
	s := l.open(t)
	received := time.Date(2026, 11, 22, 10, 30, 0, 500_000_000, time.UTC)
	b, d, forget := aBatch(received), aDelivery(rand.New(rand.NewPCG(1, 2))), received.Add(30*24*time.Hour)
	claim := push.Claim{Organization: "o", ID: "c", Batch: "b", ReceivedAt: received, ExpiresAt: received.Add(24 * time.Hour)}
	clock := ratelimit.Clock{Key: ratelimit.Key{Organization: "o", Connection: "c", Group: "g"}, Rev: 1, Forget: forget}
	for _, do := range []func() error{
		func() error { _, err := s.Batches.Claim(t.Context(), claim); return err },
		func() error { return s.Batches.SaveBatch(t.Context(), b) },
		func() error { return s.Batches.FinishChunk(t.Context(), b.Organization, b.ID, push.Chunk{}) },
		func() error { return s.Deliveries.LogDelivery(t.Context(), d, forget) },
		func() error { return s.Schemas.SaveObject(t.Context(), anObject(1), true) },
		func() error { return s.Due.Schedule(t.Context(), store.DueItem{At: received}) },
		func() error { _, err := s.Limits.SaveClock(t.Context(), clock); return err },
	} {
		if err := do(); err != nil {
			t.Fatal(err)
		}
	}
	o := anObject(1)
	for name, test := range map[string]struct {
		table string
		at    primary
		want  time.Time
	}{
		"claim":    {"intake", claimKey("o", "c"), claim.ExpiresAt},
		"batch":    {"intake", batchKey(b.Organization, b.ID), received.Add(90 * 24 * time.Hour)},
		"chunk":    {"intake", chunkKey(b.Organization, b.ID, 0), received.Add(90 * 24 * time.Hour)},
		"delivery": {"work", deliveryKey(d.Organization, d.Destination, d.ID), forget},
		"object":   {"intake", schemaKey(o.Organization, o.Connection, o.Name), time.Time{}},
		"version":  {"intake", versionKey(o.Organization, o.Connection, o.Name, 1), time.Time{}},
		"due":      {"work", dueKey(received, ""), time.Time{}},
		"clock":    {"work", clockKey(clock.Key), forget},
	} {
		out, err := s.client.GetItem(t.Context(), &dynamodb.GetItemInput{TableName: aws.String(s.tables[test.table]), Key: test.at.item()})
		if err != nil || len(out.Item) == 0 {
			t.Fatalf("%s: %v, %d attributes", name, err, len(out.Item))
		}
		want := ""
		if !test.want.IsZero() {
			want = fmt.Sprint(test.want.Unix() + 1)
		}
		got := ""
		if ttl, ok := out.Item["ttl"].(*types.AttributeValueMemberN); ok {
			got = ttl.Value
		}
		if got != want {
			t.Errorf("%s is forgotten at %q, want %q", name, got, want)
		}
	}
}

// The request is carried out, its answer is lost, the SDK asks again.
func testLostWork(t *testing.T, l local) {
	s := l.open(t)
	lost := func(action string) { s.wire.fail(1, failure{action: action}) }
	now := time.Date(2026, 11, 22, 10, 30, 0, 0, time.UTC)
	b := aBatch(now)

	lost("PutItem")
	stands, err := s.Batches.Claim(t.Context(), push.Claim{Organization: "o", ID: "c", Batch: "b", ReceivedAt: now, ExpiresAt: now.Add(time.Hour)})
	if err != nil || stands != nil {
		t.Errorf("Claim: %v, %+v stands", err, stands)
	}
	b.Only, b.Done, b.Counts = nil, 0, nil
	if err := s.Batches.SaveBatch(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	lost("TransactWriteItems")
	chunk := push.Chunk{Counts: map[push.Outcome]int64{push.Applied: 7}}
	if err := s.Batches.FinishChunk(t.Context(), b.Organization, b.ID, chunk); err != nil {
		t.Errorf("FinishChunk: %v", err)
	}
	if got, err := s.Batches.Batch(t.Context(), b.Organization, b.ID); err != nil || got.Done != 1 || got.Counts[push.Applied] != 7 {
		t.Errorf("counted %+v, %v", got, err)
	}
	lost("TransactWriteItems")
	if err := s.Schemas.SaveObject(t.Context(), anObject(1), true); err != nil {
		t.Errorf("SaveObject: %v", err)
	}
	// One put alone is refused by what it wrote itself: the caller reads again, as after every conflict.
	lost("PutItem")
	kindIs(t, s.Schemas.SaveObject(t.Context(), anObject(2), false), fault.Conflict, store.CodeStale)
	d := aDelivery(rand.New(rand.NewPCG(1, 2)))
	lost("PutItem")
	kindIs(t, s.Deliveries.LogDelivery(t.Context(), d, now), fault.Conflict, store.CodeStale)
	if got, err := s.Deliveries.LoggedDelivery(t.Context(), d.Organization, d.Destination, d.ID); err != nil || got.Rev != 1 {
		t.Errorf("logged: %+v, %v", got, err)
	}
	// The caller knows its own clock.
	lost("PutItem")
	clock := ratelimit.Clock{Key: ratelimit.Key{Organization: "o", Connection: "c", Group: "g"}, Rev: 1, State: []byte("x")}
	if stands, err := s.Limits.SaveClock(t.Context(), clock); err != nil || stands == nil || stands.Rev != 1 || string(stands.State) != "x" {
		t.Errorf("SaveClock: %+v stands, %v", stands, err)
	}
}

// testWorkLimits stores what does not fit.
func testWorkLimits(t *testing.T, l local) {
	s := l.open(t)
	random := rand.New(rand.NewPCG(7, 8))
	o := anObject(1)
	o.Title = noise(random, 600_000)
	for _, add := range []bool{true, false} {
		kindIs(t, s.Schemas.SaveObject(t.Context(), o, add), fault.Invalid, store.CodeTooLarge)
	}
	b := aBatch(time.Now())
	b.Only.Outcomes = []push.RowOutcome{{Detail: noise(random, 600_000)}}
	kindIs(t, s.Batches.SaveBatch(t.Context(), b), fault.Invalid, store.CodeTooLarge)
	kindIs(t, s.Batches.FinishChunk(t.Context(), b.Organization, b.ID, *b.Only), fault.Invalid, store.CodeTooLarge)
	d := aDelivery(random)
	d.Body = []byte(noise(random, 600_000))
	kindIs(t, s.Deliveries.LogDelivery(t.Context(), d, time.Now()), fault.Invalid, store.CodeTooLarge)
	due := store.DueItem{At: time.Now(), Body: d.Body}
	kindIs(t, s.Due.Schedule(t.Context(), due), fault.Invalid, store.CodeTooLarge)
	d.Body = make([]byte, maxPlainBytes+1)
	kindIs(t, s.Deliveries.LogDelivery(t.Context(), d, time.Now()), fault.Invalid, store.CodeTooLarge)
	due.Body = d.Body
	kindIs(t, s.Due.Schedule(t.Context(), due), fault.Invalid, store.CodeTooLarge)
	if calls := s.wire.actions(); len(calls) != 0 {
		t.Errorf("what cannot be stored was sent: %q", calls)
	}
}

// Chunks that are finished at once meet on their batch; that passes.
func testChunkConflicts(t *testing.T, l local) {
	s := l.open(t)
	b := aBatch(time.Now())
	if err := s.Batches.SaveBatch(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	conflict := failure{"TransactWriteItems", 400, `{"__type":"com.amazonaws.dynamodb.v20120810#TransactionCanceledException",` +
		`"Message":"cancelled","CancellationReasons":[{"Code":"None"},{"Code":"TransactionConflict"}]}`}
	s.wire.reset()
	s.wire.fail(3, conflict)
	if err := s.Batches.FinishChunk(t.Context(), b.Organization, b.ID, push.Chunk{Number: 1}); err != nil {
		t.Error(err)
	}
	if got := s.wire.actions(); len(got) != 4 {
		t.Errorf("%d calls, want 4", len(got))
	}
	s.wire.fail(99, conflict)
	kindIs(t, s.Batches.FinishChunk(t.Context(), b.Organization, b.ID, push.Chunk{Number: 2}), fault.Unavailable, "unavailable")
}

// A batch whose rows are all set aside is no burden to one partition alone.
func TestRowsOfABatchAreSpreadOverTheShards(t *testing.T) {
	const rows = 10_000
	random := rand.New(rand.NewPCG(1, 2))
	for range 10 {
		batch, partitions := "01KAN5"+noise(random, 20), map[string]int{}
		for row := range rows {
			partitions[entryKey("o", quarantine.RowID(batch, row+1)).pk]++
		}
		for n := range quarantineShards {
			if got := partitions[quarantinePartition("o", n)]; got < rows/quarantineShards*8/10 || got > rows/quarantineShards*12/10 {
				t.Errorf("%s: %d of %d rows lie in shard %d", batch, got, rows, n)
			}
		}
	}
}

func TestDueKeysReadBack(t *testing.T) {
	for _, key := range hostile() {
		for _, at := range []time.Time{time.Date(2026, 11, 22, 10, 30, 59, 999999999, time.UTC),
			time.Date(2026, 11, 22, 10, 30, 0, 0, time.FixedZone("east", 9*3600+1800))} {
			gotAt, gotKey, err := parseDueKey(dueKey(at, key))
			if err != nil || !gotAt.Equal(at) || gotKey != key {
				t.Errorf("%v %q reads as %v %q, %v", at, key, gotAt, gotKey, err)
			}
		}
	}
	for _, bad := range []primary{{"due#x#1", "00.000000000#k"}, {"due#2026-11-22T10:30", "00.000000000#k"}, {"due#2026-11-22T10:30#1", "x"}} {
		if at, key, err := parseDueKey(bad); err == nil {
			t.Errorf("%q reads as %v %q", bad, at, key)
		}
	}
}

// The record of a full-state source takes no byte more than before records could be partial.
func TestOrdinaryRecordsHoldNothingPartial(t *testing.T) {
	i := encoded(t, opportunity(t, rand.New(rand.NewPCG(1, 2))))
	plain, err := newCodec().unpack(read(i).bytes("b"))
	if err != nil {
		t.Fatal(err)
	}
	var body map[string]json.RawMessage
	if err := json.Unmarshal(plain, &body); err != nil {
		t.Fatal(err)
	}
	if _, there := body["p"]; there || strings.Contains(string(body["s"]), `"row"`) {
		t.Errorf("the body is %s", plain)
	}
	if _, there := i["era"]; there {
		t.Error("it is marked as erased, or as not")
	}
}
