package dynamo

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"leadline/shared/audit"
	"leadline/shared/fault"
	"leadline/shared/job"
	"leadline/shared/notice"
	"leadline/shared/outbound"
	"leadline/shared/roster"
	"leadline/shared/store"
	"leadline/shared/tenant"
)

func aClient() (tenant.Client, tenant.ClientHook) {
	c := tenant.Client{ID: "cli_a", Organization: "o", Connection: "conn_c", Status: tenant.Active, Rev: 1,
		Secrets: []tenant.ClientSecret{{Hash: tenant.HashToken("s"), Fingerprint: "f"}}}
	return c, c.HookOf(tenant.Organization{ID: "o", DataKey: []byte("wrapped")})
}

// What each method costs. Each step builds on those before.
func testMemberCalls(t *testing.T, l local) {
	const get, write = "GetItem", "TransactWriteItems"
	s, ctx, first := l.open(t), t.Context(), store.Page{Limit: 10}
	receipt := func(key string) *store.Receipt {
		return &store.Receipt{Organization: "o", Key: key, ExpiresAt: time.Now().Add(time.Hour)}
	}
	c, hook := aClient()
	connection := tenant.Connection{ID: "conn_c", Organization: "o", Connector: tenant.ClientConnector, Rev: 1}
	person := tenant.Person{ID: "p", Organization: "o", Email: "a@example.com", Rev: 1}
	destination := outbound.Destination{ID: "d", Organization: "o", Rev: 1}
	user := []roster.External{{Connection: "conn_c", ID: "u"}}
	member := roster.Member{ID: "m", Organization: "o", External: user, Rev: 1}
	j := job.Job{ID: "j", Organization: "o", CreatedAt: time.Now(), Rev: 1}
	if err := s.Tenancy.CreateOrganization(ctx, tenant.Organization{ID: "o"}); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name string
		do   func() error
		want string
	}{
		{"UpdateOrganization", func() error { return s.Members.UpdateOrganization(ctx, tenant.Organization{ID: "o", Rev: 1}) }, write},
		{"PutAPIKey", func() error {
			return s.Members.PutAPIKey(ctx, tenant.APIKey{ID: "k", Organization: "o", Hash: "h"}, receipt("1"))
		}, write},
		{"APIKey", func() error { _, err := s.Tenancy.APIKey(ctx, "h"); return err }, get},
		{"APIKeyByID", func() error { _, err := s.Members.APIKeyByID(ctx, "o", "k"); return err }, get},
		{"APIKeys", func() error { _, _, err := s.Members.APIKeys(ctx, "o", first); return err }, "Query"},
		{"RevokeKey", func() error { return s.Members.RevokeKey(ctx, "o", "k", time.Now()) }, get + " " + write},
		{"RevokeAPIKey", func() error { return s.Tenancy.RevokeAPIKey(ctx, "h", time.Now()) }, get + " " + write},
		{"CreateClient", func() error { return s.Members.CreateClient(ctx, c, hook, &connection, receipt("2")) }, write},
		{"UpdateClient", func() error { c.Rev++; return s.Members.UpdateClient(ctx, c, hook, nil) }, write},
		{"UpdateConnection without a hook", func() error {
			connection.Rev++
			return s.Tenancy.UpdateConnection(ctx, connection, tenant.Hook{}, nil)
		}, write},
		{"Client", func() error { _, err := s.Members.Client(ctx, "o", c.ID); return err }, get},
		{"Clients", func() error { _, _, err := s.Members.Clients(ctx, "o", first); return err }, "Query"},
		{"ClientHook", func() error { _, err := s.Members.ClientHook(ctx, c.ID); return err }, get},
		{"CreatePerson", func() error { return s.Members.CreatePerson(ctx, person, receipt("3")) }, write},
		{"UpdatePerson", func() error { person.Rev++; return s.Members.UpdatePerson(ctx, person, nil) }, get + " " + write},
		{"UpdatePerson with another address", func() error {
			person.Rev, person.Email = 3, "b@example.com"
			return s.Members.UpdatePerson(ctx, person, nil)
		}, get + " " + write},
		{"Person", func() error { _, err := s.Members.Person(ctx, "o", "p"); return err }, get},
		{"People", func() error { _, _, err := s.Members.People(ctx, "o", first); return err }, "Query"},
		{"DeletePerson", func() error { return s.Members.DeletePerson(ctx, "o", "p") }, get + " " + write},
		{"DeletePerson of nobody", func() error { return s.Members.DeletePerson(ctx, "o", "p") }, get},
		{"Use", func() error { _, err := s.Members.Use(ctx, "o", "w", 1, time.Now()); return err }, "UpdateItem"},
		{"SaveMembers", func() error { return s.Roster.SaveMembers(ctx, "o", []roster.Member{member}, 0, receipt("roster")) }, write},
		{"SaveMembers of one that is there", func() error {
			member.Rev, member.External = 2, nil
			return s.Roster.SaveMembers(ctx, "o", []roster.Member{member, {ID: "m2", Organization: "o", External: user, Rev: 1}}, 1, nil)
		}, get + " " + write},
		{"Edition", func() error { _, err := s.Roster.Edition(ctx, "o"); return err }, get},
		{"Member", func() error { _, err := s.Roster.Member(ctx, "o", "m"); return err }, get},
		{"MemberOf", func() error { _, err := s.Roster.MemberOf(ctx, "o", user[0]); return err }, get + " " + get},
		{"Members", func() error { _, _, err := s.Roster.Members(ctx, "o", first); return err }, "Query"},
		{"CreateDestination", func() error { return s.Destinations.CreateDestination(ctx, destination, receipt("4")) }, write},
		{"UpdateDestination", func() error { destination.Rev++; return s.Destinations.UpdateDestination(ctx, destination, nil) }, write},
		{"Destination", func() error { _, err := s.Destinations.Destination(ctx, "o", "d"); return err }, get},
		{"Destinations", func() error { _, _, err := s.Destinations.Destinations(ctx, "o", first); return err }, "Query"},
		{"DeleteDestination", func() error { return s.Destinations.DeleteDestination(ctx, "o", "d") }, "DeleteItem"},
		{"Record", func() error {
			return s.Journal.Record(ctx, audit.Entry{ID: "01KAN5XQ8Z3V5T7W9Y1B2C4D6E", Organization: "o"})
		}, "PutItem"},
		{"Journal Entries", func() error { _, _, err := s.Journal.Entries(ctx, "o", store.AuditFilter{}, first); return err },
			strings.Repeat("Query ", auditShards)},
		{"Tell", func() error { _, err := s.Journal.Tell(ctx, notice.Notice{ID: "n", Organization: "o"}); return err }, write},
		{"Notices", func() error { _, _, err := s.Journal.Notices(ctx, "o", first); return err }, "Query"},
		{"MarkRead", func() error { return s.Journal.MarkRead(ctx, "o", "n", time.Now()) }, "UpdateItem"},
		{"CreateJob", func() error { return s.Jobs.CreateJob(ctx, j, receipt("5")) }, write},
		{"UpdateJob", func() error { j.Rev++; return s.Jobs.UpdateJob(ctx, j) }, write},
		{"Job", func() error { _, err := s.Jobs.Job(ctx, "o", "j"); return err }, get + " " + get},
		{"Jobs", func() error { _, _, err := s.Jobs.Jobs(ctx, "o", first); return err }, "Query"},
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

// The items that are written or read most cost one unit: a write unit is 1 KB, a read unit 4 KB.
func TestMemberItemsFitOneUnit(t *testing.T) {
	long := strings.Repeat("x", 80)
	now := time.Date(2026, 11, 22, 10, 30, 0, 123456789, time.UTC)
	act := encodeAudit(audit.Entry{ID: "01KAN5XQ8Z3V5T7W9Y1B2C4D6E", Organization: "org_a1b2c3d4e5f6", At: now,
		Actor: "key_a1b2c3d4e5f6", ActorName: long, Person: "per_a1b2c3d4e5f6", Operation: "rotate-connection-signing-key",
		Target: "connections/conn_000000000001", Outcome: "done", Address: "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff",
		Agent: strings.Repeat("x", 200), Request: "c6af9ac6-7b61-11e6-9a41-93e8deadbeef", Detail: long + long})
	c, _ := aClient()
	c = c.Rotate(tenant.ClientSecret{Hash: tenant.HashToken("t"), Fingerprint: "0a1b2c3d", CreatedAt: now}, time.Hour, now)
	hook := encodeClientHook(c.HookOf(tenant.Organization{DataKey: make([]byte, 200), Quotas: tenant.Quotas{RowsPerDay: 1e9}}))
	for name, test := range map[string]struct {
		item item
		most int
	}{"an act": {act, 1 << 10}, "a client hook": {hook, 4 << 10}} {
		if got := sizeOf(test.item); got > test.most {
			t.Errorf("%s takes %d bytes, want at most %d", name, got, test.most)
		}
	}
}

// What the stage of before wrote is read, and can be changed.
func testOldItems(t *testing.T, l local) {
	s := l.open(t)
	created := time.Date(2026, 9, 1, 0, 0, 0, 0, time.UTC)
	store := func(i item) {
		t.Helper()
		if _, err := s.client.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: aws.String(s.tables["tenancy"]), Item: i}); err != nil {
			t.Fatal(err)
		}
	}
	org := newItem(organizationKey("o"))
	org.setText("id", "o")
	org.setText("name", "Acme")
	org.setBytes("data_key", []byte("wrapped"))
	org.setTime("created_at", created)
	store(org)
	got, err := s.Tenancy.Organization(t.Context(), "o")
	if err != nil || got.Rev != 0 || got.Name != "Acme" || !got.CreatedAt.Equal(created) || got.Quotas != (tenant.Quotas{}) {
		t.Fatalf("got %+v, %v", got, err)
	}
	got.Name, got.Rev = "Acme Inc.", 1
	if err := s.Members.UpdateOrganization(t.Context(), got); err != nil {
		t.Fatal(err)
	}
	kindIs(t, s.Members.UpdateOrganization(t.Context(), got), fault.Conflict, "stale")

	for stored, want := range map[string]tenant.Role{"operator": tenant.Manager, "viewer": tenant.Reader, "admin": tenant.Admin} {
		key := newItem(apiKeyKey("hash of " + stored))
		key.setText("hash", "hash of "+stored)
		key.setText("organization", "o")
		key.setText("role", stored)
		store(key)
		if got, err := s.Tenancy.APIKey(t.Context(), "hash of "+stored); err != nil || got.Role != want || got.ID != "" || !got.Works(created) {
			t.Errorf("%s: got %+v, %v", stored, got, err)
		}
		if err := s.Tenancy.RevokeAPIKey(t.Context(), "hash of "+stored, created); err != nil {
			t.Errorf("%s: %v", stored, err)
		}
		if got, err := s.Tenancy.APIKey(t.Context(), "hash of "+stored); err != nil || got.Works(created) {
			t.Errorf("%s: got %+v, %v", stored, got, err)
		}
	}
}

// The request is carried out, its answer is lost, the SDK asks again: nobody notices.
func testLostMemberAnswers(t *testing.T, l local) {
	s, ctx := l.open(t), t.Context()
	c, hook := aClient()
	person := tenant.Person{ID: "p", Organization: "o", Email: "a@example.com", Rev: 1}
	moved := person
	moved.Rev, moved.Email = 2, "b@example.com"
	j := job.Job{ID: "j", Organization: "o", CreatedAt: time.Now(), Rev: 1}
	done := j
	done.Rev = 2
	for _, test := range []struct {
		name string
		do   func() error
	}{
		{"PutAPIKey", func() error {
			return s.Members.PutAPIKey(ctx, tenant.APIKey{ID: "k", Organization: "o", Hash: "h"}, nil)
		}},
		{"CreateClient", func() error { return s.Members.CreateClient(ctx, c, hook, nil, nil) }},
		{"UpdateClient", func() error { c.Rev++; return s.Members.UpdateClient(ctx, c, hook, nil) }},
		{"CreatePerson", func() error { return s.Members.CreatePerson(ctx, person, nil) }},
		{"UpdatePerson", func() error { return s.Members.UpdatePerson(ctx, moved, nil) }},
		{"DeletePerson", func() error { return s.Members.DeletePerson(ctx, "o", "p") }},
		{"CreateJob", func() error { return s.Jobs.CreateJob(ctx, j, nil) }},
		{"UpdateJob", func() error { return s.Jobs.UpdateJob(ctx, done) }},
		{"Tell", func() error {
			fresh, err := s.Journal.Tell(ctx, notice.Notice{ID: "n", Organization: "o"})
			if err == nil && !fresh {
				t.Error("a new notice is told as an old one, of which nobody would hear")
			}
			return err
		}},
	} {
		s.wire.reset()
		s.wire.fail(1, failure{action: "TransactWriteItems"})
		if err := test.do(); err != nil {
			t.Errorf("%s: %v", test.name, err)
		}
		if len(s.wire.script) != 0 {
			t.Errorf("%s lost no answer", test.name)
		}
	}
}
