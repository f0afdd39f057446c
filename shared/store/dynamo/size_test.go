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

	"leadline/shared/fault"
	"leadline/shared/quarantine"
	"leadline/shared/record"
	"leadline/shared/store"
)

const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

func noise(random *rand.Rand, n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = letters[random.IntN(len(letters))]
	}
	return string(b)
}

// opportunity is a record of the shape of an opportunity in a webhook of Close, with ids as long and as random as there.
func opportunity(t testing.TB, random *rand.Rand) record.Record {
	t.Helper()
	id := func(prefix string) string { return prefix + "_" + noise(random, 43) }
	oppo, user, orga := id("oppo"), id("user"), id("orga")
	raw, err := json.Marshal(map[string]any{
		"id": oppo, "organization_id": orga, "lead_id": id("lead"), "lead_name": "Kestrel & Sons", "contact_id": id("cont"),
		"contact_name": "Ms. Abernathy", "user_id": user, "user_name": "Imogen Vance", "created_by": user,
		"created_by_name": "Imogen Vance", "updated_by": user, "updated_by_name": "Imogen Vance",
		"status_id": id("stat"), "status_label": "Won", "status_type": "won", "value": 123450, "value_currency": "USD",
		"value_formatted": "$1,234.50", "value_period": "one_time", "confidence": 100, "note": "",
		"date_created": "2025-03-04T09:17:43.118000+00:00", "date_updated": "2026-10-31T16:05:59.604000+00:00",
		"date_won": "2026-10-31", "date_lost": nil,
	})
	if err != nil {
		t.Fatal(err)
	}
	fields, err := record.ParseFields(raw)
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 11, 22, 10, 30, 0, 123456789, time.UTC)
	return record.Record{
		Key:     record.Key{Organization: "org_a1b2c3d4e5f6", Connection: "conn_z9y8x7w6v5u4", Object: "opportunity", ID: oppo},
		Version: record.VersionAt(at, 1), Rev: 12, Fields: fields, StoredAt: at,
		Source: record.Source{Kind: "webhook", Delivery: "01KAN5XQ8Z3V5T7W9Y1B2C4D6E", Event: "ev_" + noise(random, 22), Action: "updated",
			Payload: record.PayloadRef{Key: "archive/org_a1b2c3d4e5f6/conn_z9y8x7w6v5u4/2026/11/22/0123456789abcdef.gz", Offset: 12345, Length: 1432}},
	}
}

func encoded(t testing.TB, r record.Record) item {
	t.Helper()
	i, err := NewRecords(nil, "").encode(r)
	if err != nil {
		t.Fatal(err)
	}
	i.setNumber("rev", r.Rev)
	return i
}

// One write of the commonest record costs one write unit.
func TestOpportunityFitsOneUnit(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	most := 0
	for range 100 {
		most = max(most, sizeOf(encoded(t, opportunity(t, random))))
	}
	if most > 1024 {
		t.Errorf("an opportunity takes %d bytes, want at most 1024", most)
	}
	t.Logf("an opportunity takes at most %d bytes", most)
}

// testSize compares the count of bytes with what DynamoDB bills.
func testSize(t *testing.T, l local) {
	s := l.open(t)
	units := func(i item) float64 {
		t.Helper()
		out, err := s.client.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: aws.String(s.tables["tenancy"]), Item: i,
			ReturnConsumedCapacity: types.ReturnConsumedCapacityTotal})
		if err != nil {
			t.Fatal(err)
		}
		return *out.ConsumedCapacity.CapacityUnits
	}
	connection, _ := aConnection("conn_a")
	connection.Keys = append(connection.Keys, connection.Keys[0])
	for name, i := range map[string]item{
		"record":     encoded(t, opportunity(t, rand.New(rand.NewPCG(3, 4)))),
		"connection": encodeConnection(connection),
		"flags":      {"pk": text("p"), "sk": text("s"), "flag": &types.AttributeValueMemberBOOL{Value: true}},
		"unicode":    {"pk": text("pü"), "sk": text("😀")},
	} {
		i["pad"] = text("")
		i["pad"] = text(strings.Repeat("x", 1024-sizeOf(i)))
		if got := units(i); got != 1 {
			t.Errorf("%s of 1024 bytes costs %v units, want 1", name, got)
		}
		// Numbers are counted to about a byte each.
		i["pad"] = text(strings.Repeat("x", 1024+8-sizeOf(i)+len(i["pad"].(*types.AttributeValueMemberS).Value)))
		if got := units(i); got != 2 {
			t.Errorf("%s of 1032 bytes costs %v units, want 2", name, got)
		}
	}
}

// wide makes a record of so many fields with values of so many random bytes.
func wide(random *rand.Rand, fields, bytes int) record.Record {
	r := aRecord("x", 1)
	r.Fields = record.Fields{}
	for range fields {
		r.Fields[noise(random, 8)] = json.RawMessage(`"` + noise(random, bytes) + `"`)
	}
	return r
}

// alike is wide with one value in all fields: it packs to next to nothing by itself, and badly beside another such.
func alike(random *rand.Rand, fields, bytes int) record.Record {
	r := wide(random, fields, 1)
	value := json.RawMessage(`"` + noise(random, bytes) + `"`)
	for name := range r.Fields {
		r.Fields[name] = value
	}
	return r
}

func testLimits(t *testing.T, l local) {
	s := l.open(t)
	random := rand.New(rand.NewPCG(5, 6))
	for _, bytes := range []int{1, 20, 1000, 16000} {
		t.Run(fmt.Sprintf("values of %d bytes", bytes), func(t *testing.T) { largestRecord(t, s, random, bytes, wide) })
		t.Run(fmt.Sprintf("equal values of %d bytes", bytes), func(t *testing.T) { largestRecord(t, s, random, bytes, alike) })
	}
	t.Run("other items", func(t *testing.T) { otherLimits(t, s, random) })
	t.Run("a list longer than a megabyte", func(t *testing.T) { longList(t, s, random) })
}

// largestRecord shows that every record that the store takes has a row of history that it takes too, however much of the
// record changes.
func largestRecord(t *testing.T, s stores, random *rand.Rand, bytes int, wide func(*rand.Rand, int, int) record.Record) {
	var largest record.Record
	for low, high := 1, 400_000/(bytes+4); low < high; {
		n := (low + high + 1) / 2
		r := wide(random, n, bytes)
		if _, err := NewRecords(nil, "").encode(r); err == nil {
			low, largest = n, r
		} else if fault.Of(err).Code == store.CodeTooLarge {
			high = n - 1
		} else {
			t.Fatal(err)
		}
	}
	before := largest
	after := wide(random, len(before.Fields)*99/100, bytes)
	after.Rev = 2
	if _, err := s.Records.PutNewer(t.Context(), before); err != nil {
		t.Fatal(err)
	}
	if err := s.History.Put(t.Context(), record.RevisionOf(&before, &after)); err != nil {
		t.Fatalf("history of a record of %d fields, %d bytes: %v", len(before.Fields), sizeOf(encoded(t, before)), err)
	}
	if got, err := s.Records.Get(t.Context(), before.Key); err != nil || got.Hash() != before.Hash() {
		t.Errorf("the largest record does not read back: %v", err)
	}
	over := wide(random, len(before.Fields)*11/10+1, bytes)
	over.Version.Micros = 2
	s.wire.reset()
	_, err := s.Records.PutNewer(t.Context(), over)
	kindIs(t, err, fault.Invalid, store.CodeTooLarge)
	_, _, err = s.Records.Replace(t.Context(), over, 1)
	kindIs(t, err, fault.Invalid, store.CodeTooLarge)
	if calls := s.wire.actions(); len(calls) != 0 {
		t.Errorf("what cannot be stored was sent: %q", calls)
	}
	if _, err := s.client.DeleteItem(t.Context(), &dynamodb.DeleteItemInput{
		TableName: aws.String(s.tables["records"]), Key: recordKey(before.Key).item()}); err != nil {
		t.Fatal(err)
	}
}

func otherLimits(t *testing.T, s stores, random *rand.Rand) {
	big := strings.Repeat("x", maxItemBytes)
	e := anEntry(1)
	e.Detail = big
	kindIs(t, s.Intake.SetAside(t.Context(), e), fault.Invalid, store.CodeTooLarge)
	c, hook := aConnection("conn_a")
	c.Name = big
	kindIs(t, s.Tenancy.CreateConnection(t.Context(), c, hook, nil), fault.Invalid, store.CodeTooLarge)
	// One that our own count lets pass is refused by DynamoDB with the same fault.
	if err := s.Intake.SetAside(t.Context(), anEntry(2)); err != nil {
		t.Fatal(err)
	}
	err := s.Intake.Requeue(t.Context(), e.Organization, anEntry(2).ID, quarantine.Entry{Reason: quarantine.TooLarge, Detail: big}, time.Now())
	kindIs(t, err, fault.Invalid, store.CodeTooLarge)
	row := record.RevisionOf(nil, ptr(wide(random, 40, 16000)))
	kindIs(t, s.History.Put(t.Context(), row), fault.Invalid, store.CodeTooLarge)
}

func longList(t *testing.T, s stores, random *rand.Rand) {
	want := map[string]bool{}
	for n := range 24 { // about 3 MB
		r := wide(random, 8, 16000)
		r.ID = fmt.Sprint(n)
		want[r.ID] = true
		if _, err := s.Records.PutNewer(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	read := func(list func(store.Page) ([]record.Record, string, error)) []string {
		var ids []string
		for p := (store.Page{Limit: 20}); ; {
			found, next, err := list(p)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range found {
				ids = append(ids, r.ID)
			}
			if next == "" {
				return ids
			}
			p.Cursor = next
		}
	}
	k := aRecord("x", 1).Key
	for name, ids := range map[string][]string{
		"List": read(func(p store.Page) ([]record.Record, string, error) {
			return s.Records.List(t.Context(), k.Organization, k.Connection, k.Object, p)
		}),
		"Scan": read(func(p store.Page) ([]record.Record, string, error) { return s.Records.Scan(t.Context(), p) }),
	} {
		slices.Sort(ids)
		if len(ids) != len(want) || len(slices.Compact(ids)) != len(want) {
			t.Errorf("%s gives %d records, want each of %d once", name, len(ids), len(want))
		}
	}
}

func ptr[T any](v T) *T { return &v }

func BenchmarkEncodeOpportunity(b *testing.B) {
	s := NewRecords(nil, "")
	r := opportunity(b, rand.New(rand.NewPCG(1, 2)))
	b.ReportAllocs()
	size := 0
	for b.Loop() {
		i, err := s.encode(r)
		if err != nil {
			b.Fatal(err)
		}
		size = sizeOf(i)
	}
	b.ReportMetric(float64(size), "item-bytes")
}

func BenchmarkDecodeOpportunity(b *testing.B) {
	s := NewRecords(nil, "")
	i := encoded(b, opportunity(b, rand.New(rand.NewPCG(1, 2))))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.decode(i); err != nil {
			b.Fatal(err)
		}
	}
}
