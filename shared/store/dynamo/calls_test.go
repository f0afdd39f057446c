package dynamo

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"leadline/shared/delivery"
	"leadline/shared/quarantine"
	"leadline/shared/record"
	"leadline/shared/store"
	"leadline/shared/tenant"
	"leadline/shared/view"
)

func aRecord(id string, micros int64) record.Record {
	return record.Record{
		Key:     record.Key{Organization: "org_a1b2c3d4e5f6", Connection: "conn_000000000001", Object: "lead", ID: id},
		Version: record.Version{Micros: micros, Parser: 1}, Fields: record.Fields{"name": []byte(`"Confidential"`)},
		StoredAt: time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC),
	}
}

func aRevision(rev int64) record.Revision {
	r := aRecord("x", rev)
	return record.Revision{Key: r.Key, Rev: rev, FromRev: rev - 1, Version: r.Version, StoredAt: r.StoredAt}
}

func anEntry(n int) quarantine.Entry {
	return quarantine.Entry{ID: fmt.Sprintf("01KAN5XQ8Z%016d", n), Organization: "org_a1b2c3d4e5f6", Status: quarantine.Open}
}

func aConnection(id string) (tenant.Connection, tenant.Hook) {
	c := tenant.Connection{ID: id, Organization: "org_a1b2c3d4e5f6", Connector: "close", Hook: "hash of " + id, Rev: 1,
		Keys: []tenant.SigningKey{{Fingerprint: "f", Sealed: []byte("sealed")}}}
	return c, c.HookOf(tenant.Organization{DataKey: []byte("wrapped")})
}

// What each method costs.
func testCalls(t *testing.T, l local) {
	s := l.open(t)
	r := aRecord("x", 5)
	c, hook := aConnection("conn_a")
	receipt := &store.Receipt{Organization: c.Organization, Key: "k", ExpiresAt: time.Now().Add(time.Hour)}
	var rows []record.Revision
	for rev := range int64(60) {
		rows = append(rows, aRevision(rev+1))
	}
	repaired := aRevision(70)
	repaired.Repaired = true
	first := store.Page{Limit: 10}
	for _, test := range []struct {
		name string
		do   func() error
		want string
	}{
		{"PutNewer", func() error { _, err := s.Records.PutNewer(t.Context(), r); return err }, "UpdateItem"},
		{"PutNewer of a duplicate", func() error { _, err := s.Records.PutNewer(t.Context(), r); return err }, "UpdateItem"},
		{"Replace", func() error { _, _, err := s.Records.Replace(t.Context(), r, 1); return err }, "UpdateItem"},
		{"Replace of another rev", func() error { _, _, err := s.Records.Replace(t.Context(), r, 1); return err }, "UpdateItem"},
		{"Get", func() error { _, err := s.Records.Get(t.Context(), r.Key); return err }, "GetItem"},
		{"Scan", func() error { _, _, err := s.Records.Scan(t.Context(), first); return err }, "Scan"},
		{"List of all shards", func() error {
			_, _, err := s.Records.List(t.Context(), r.Organization, r.Connection, r.Object, first)
			return err
		}, strings.Repeat("Query ", recordShards)},
		{"Put of 60 rows", func() error { return s.History.Put(t.Context(), rows...) }, "BatchWriteItem BatchWriteItem BatchWriteItem"},
		{"Put of a repaired row", func() error { return s.History.Put(t.Context(), repaired) }, "PutItem"},
		{"history List", func() error { _, _, err := s.History.List(t.Context(), r.Key, first); return err }, "Query"},
		{"SaveCursor", func() error { return s.Cursors.SaveCursor(t.Context(), "job", "c") }, "PutItem"},
		{"Cursor", func() error { _, err := s.Cursors.Cursor(t.Context(), "job"); return err }, "GetItem"},
		{"IndexPayloads", func() error { return s.Intake.IndexPayloads(t.Context(), delivery.PayloadIndex{}) }, "PutItem"},
		{"Payloads", func() error { _, _, err := s.Intake.Payloads(t.Context(), "o", "c", time.Now(), first); return err }, "Query"},
		{"SetAside", func() error { return s.Intake.SetAside(t.Context(), anEntry(1)) }, "PutItem"},
		{"Requeue", func() error {
			return s.Intake.Requeue(t.Context(), anEntry(1).Organization, anEntry(1).ID, quarantine.Entry{Reason: quarantine.TooLarge}, time.Now())
		}, "UpdateItem"},
		{"Resolve", func() error { return s.Intake.Resolve(t.Context(), anEntry(1).Organization, anEntry(1).ID, time.Now()) }, "UpdateItem"},
		{"Entry", func() error {
			_, err := s.Intake.Entry(t.Context(), anEntry(1).Organization, anEntry(1).ID)
			return err
		}, "GetItem"},
		{"Entries", func() error {
			_, _, err := s.Intake.Entries(t.Context(), "o", store.QuarantineFilter{}, first)
			return err
		}, strings.Repeat("Query ", quarantineShards)},
		{"CreateOrganization", func() error { return s.Tenancy.CreateOrganization(t.Context(), tenant.Organization{ID: "o"}) }, "TransactWriteItems"},
		{"Organization", func() error { _, err := s.Tenancy.Organization(t.Context(), "o"); return err }, "GetItem"},
		{"CreateAPIKey", func() error { return s.Tenancy.CreateAPIKey(t.Context(), tenant.APIKey{Hash: "h"}) }, "TransactWriteItems"},
		{"APIKey", func() error { _, err := s.Tenancy.APIKey(t.Context(), "h"); return err }, "GetItem"},
		{"RevokeAPIKey", func() error { return s.Tenancy.RevokeAPIKey(t.Context(), "h", time.Now()) }, "GetItem TransactWriteItems"},
		{"SaveReceipt", func() error {
			return s.Tenancy.SaveReceipt(t.Context(), store.Receipt{Organization: "o", Key: "k", ExpiresAt: time.Now()}, time.Now())
		}, "TransactWriteItems"},
		{"CreateConnection", func() error { return s.Tenancy.CreateConnection(t.Context(), c, hook, receipt) }, "TransactWriteItems"},
		{"UpdateConnection", func() error { c.Rev++; return s.Tenancy.UpdateConnection(t.Context(), c, hook, nil) }, "TransactWriteItems"},
		{"Connection", func() error { _, err := s.Tenancy.Connection(t.Context(), c.Organization, c.ID); return err }, "GetItem"},
		{"Connections", func() error { _, _, err := s.Tenancy.Connections(t.Context(), c.Organization, first); return err }, "Query"},
		{"Hook", func() error { _, err := s.Tenancy.Hook(t.Context(), hook.TokenHash); return err }, "GetItem"},
		{"Receipt", func() error {
			_, err := s.Tenancy.Receipt(t.Context(), c.Organization, "k", time.Now())
			return err
		}, "GetItem"},
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

// A page of a list reads only the shards that it touches.
func testPageCalls(t *testing.T, l local) {
	s := l.open(t)
	r, first := aRecord("x", 1), store.Page{Limit: 10}
	for n := range 200 {
		if _, err := s.Records.PutNewer(t.Context(), aRecord(fmt.Sprint(n), 1)); err != nil {
			t.Fatal(err)
		}
	}
	s.wire.reset()
	if _, _, err := s.Records.List(t.Context(), r.Organization, r.Connection, r.Object, first); err != nil {
		t.Fatal(err)
	}
	if got := s.wire.actions(); len(got) != 1 {
		t.Errorf("a page within one shard takes %d calls", len(got))
	}
}

// What must see a write reads consistently; lists that are said to lag do not pay for it.
func testConsistency(t *testing.T, l local) {
	s := l.open(t)
	page := store.Page{Limit: 1}
	key := aRecord("x", 1).Key
	for name, test := range map[string]struct {
		do   func()
		want bool
	}{
		"Get":          {func() { _, _ = s.Records.Get(t.Context(), key) }, true},
		"history List": {func() { _, _, _ = s.History.List(t.Context(), key, page) }, true},
		"Entry":        {func() { _, _ = s.Intake.Entry(t.Context(), "o", "x") }, true},
		"Cursor":       {func() { _, _ = s.Cursors.Cursor(t.Context(), "job") }, true},
		"Organization": {func() { _, _ = s.Tenancy.Organization(t.Context(), "o") }, true},
		"APIKey":       {func() { _, _ = s.Tenancy.APIKey(t.Context(), "h") }, true},
		"Connection":   {func() { _, _ = s.Tenancy.Connection(t.Context(), "o", "c") }, true},
		"Hook":         {func() { _, _ = s.Tenancy.Hook(t.Context(), "h") }, true},
		"Receipt":      {func() { _, _ = s.Tenancy.Receipt(t.Context(), "o", "k", time.Now()) }, true},
		"APIKeyByID":   {func() { _, _ = s.Members.APIKeyByID(t.Context(), "o", "k") }, true},
		"Client":       {func() { _, _ = s.Members.Client(t.Context(), "o", "c") }, true},
		"ClientHook":   {func() { _, _ = s.Members.ClientHook(t.Context(), "c") }, true},
		"Person":       {func() { _, _ = s.Members.Person(t.Context(), "o", "p") }, true},
		"Destination":  {func() { _, _ = s.Destinations.Destination(t.Context(), "o", "d") }, true},
		"Job":          {func() { _, _ = s.Jobs.Job(t.Context(), "o", "j") }, true},
		"Destinations": {func() { _, _, _ = s.Destinations.Destinations(t.Context(), "o", page) }, false},
		"Journal":      {func() { _, _, _ = s.Journal.Entries(t.Context(), "o", store.AuditFilter{}, page) }, false},
		"Jobs":         {func() { _, _, _ = s.Jobs.Jobs(t.Context(), "o", page) }, false},
		"Object":       {func() { _, _ = s.Schemas.Object(t.Context(), "o", "c", "n") }, true},
		"Claimed":      {func() { _, _ = s.Batches.Claimed(t.Context(), "o", "c") }, true},
		"Batch":        {func() { _, _ = s.Batches.Batch(t.Context(), "o", "b") }, true},
		"Logged":       {func() { _, _ = s.Deliveries.LoggedDelivery(t.Context(), "o", "d", "x") }, true},
		"DueBefore":    {func() { _, _, _, _ = s.Due.DueBefore(t.Context(), "", time.Now(), 1) }, true},
		"Definition":   {func() { _, _ = s.Views.Definition(t.Context(), "o", view.KindView, "x") }, true},
		"Definitions":  {func() { _, _, _ = s.Views.Definitions(t.Context(), "o", view.KindView, page) }, false},
		"Schemas":      {func() { _, _, _ = s.Schemas.Objects(t.Context(), "o", "c", page) }, false},
		"Versions":     {func() { _, _, _ = s.Schemas.Versions(t.Context(), "o", "c", "n", page) }, false},
		"Batches":      {func() { _, _, _ = s.Batches.Batches(t.Context(), "o", page) }, false},
		"Chunks":       {func() { _, _, _ = s.Batches.Chunks(t.Context(), "o", "b", page) }, false},
		"Deliveries":   {func() { _, _, _ = s.Deliveries.LoggedDeliveries(t.Context(), "o", "d", store.DeliveryFilter{}, page) }, false},
		"List":         {func() { _, _, _ = s.Records.List(t.Context(), "o", "c", "x", page) }, false},
		"Scan":         {func() { _, _, _ = s.Records.Scan(t.Context(), page) }, false},
		"Entries":      {func() { _, _, _ = s.Intake.Entries(t.Context(), "o", store.QuarantineFilter{}, page) }, false},
	} {
		s.wire.reset()
		test.do()
		if len(s.wire.calls) == 0 {
			t.Errorf("%s makes no call", name)
		}
		for _, c := range s.wire.calls {
			if got := strings.Contains(c.body, `"ConsistentRead":true`); got != test.want {
				t.Errorf("%s reads consistently: %t, want %t", name, got, test.want)
			}
		}
	}
}
