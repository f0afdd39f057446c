package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"leadline/shared/store"
	"leadline/shared/store/memory"
	"leadline/shared/tenant"
)

// quotaWorld is an organization with clients, in memory.
func quotaWorld(t *testing.T, clients int) (founder, *memory.Members, *memory.Journal, tenant.Organization) {
	t.Helper()
	tenancy, journal := memory.NewTenancy(), memory.NewJournal()
	members := memory.NewMembers(tenancy)
	clock := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	now := func() time.Time { clock = clock.Add(time.Second); return clock }
	f := founder{tenancy: tenancy, members: members, journal: journal, now: now, random: rand.Reader, actor: "ada",
		newDataKey: func(context.Context, string) ([]byte, error) { return []byte("wrapped"), nil }}
	org, err := f.organization(t.Context(), "org_000000000001", "One")
	if err != nil {
		t.Fatal(err)
	}
	for n := range clients {
		_, secret, err := tenant.NewClientSecret(time.Now(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		c := tenant.Client{ID: fmt.Sprintf("cli_%012d", n), Organization: org.ID, Connection: "conn_1", Name: "n", Status: tenant.Active, Secrets: []tenant.ClientSecret{secret}, Rev: 1}
		if err := members.CreateClient(t.Context(), c, c.HookOf(org), nil, nil); err != nil {
			t.Fatal(err)
		}
	}
	return f, members, journal, org
}

func TestQuotasReachEveryClient(t *testing.T) {
	const clients = 450 // more than two pages
	f, members, journal, org := quotaWorld(t, clients)
	got, told, err := f.setQuotas(t.Context(), org.ID, map[string]int64{"rows_per_day": 5000, "people": 7})
	if err != nil || told != clients || got.Quotas != (tenant.Quotas{RowsPerDay: 5000, People: 7}) || got.Rev != org.Rev+1 {
		t.Fatalf("got %+v, %d told, %v", got.Quotas, told, err)
	}
	stored, err := f.tenancy.Organization(t.Context(), org.ID)
	if err != nil || stored.Quotas != got.Quotas || stored.Rev != got.Rev {
		t.Errorf("stored %+v %v", stored, err)
	}
	for n := range clients {
		hook, err := members.ClientHook(t.Context(), fmt.Sprintf("cli_%012d", n))
		if err != nil || hook.RowsPerDay != 5000 || len(hook.Secrets) != 1 || hook.Status != tenant.Active || string(hook.DataKey) != "wrapped" {
			t.Fatalf("client %d: %+v %v", n, hook, err)
		}
	}
	// What is not named stays, and what does not change tells nobody.
	got, told, err = f.setQuotas(t.Context(), org.ID, map[string]int64{"people": 0})
	if err != nil || told != 0 || got.Quotas != (tenant.Quotas{RowsPerDay: 5000}) {
		t.Errorf("got %+v, %d told, %v", got.Quotas, told, err)
	}
	if again, told, err := f.setQuotas(t.Context(), org.ID, map[string]int64{"people": 0}); err != nil || told != 0 || again.Rev != got.Rev {
		t.Errorf("the same again: rev %d, %d told, %v", again.Rev, told, err)
	}
	entries, _, err := journal.Entries(t.Context(), org.ID, store.AuditFilter{Operation: "set-quotas"}, store.Page{Limit: 10})
	if err != nil || len(entries) != 2 || entries[1].Actor != "operator" || entries[1].ActorName != "ada" || entries[1].Detail != "rows_per_day 0 -> 5000, people 0 -> 7" {
		t.Errorf("noted %+v %v", entries, err)
	}
}

// busyMembers is a table in which others change what is about to be changed, or that fails.
type busyMembers struct {
	store.Members
	stale, fails int
}

func (m *busyMembers) UpdateClient(ctx context.Context, c tenant.Client, hook tenant.ClientHook, receipt *store.Receipt) error {
	if m.fails--; m.fails == 0 {
		return errors.New("the table is gone")
	}
	if m.stale > 0 {
		m.stale--
		other := c.WithStatus(tenant.Disabled, time.Now())
		other.Rev = c.Rev
		if err := m.Members.UpdateClient(ctx, other, other.HookOf(tenant.Organization{}), nil); err != nil {
			return err
		}
	}
	return m.Members.UpdateClient(ctx, c, hook, receipt)
}

func TestAQuotaDoesNotUndoWhatOthersChange(t *testing.T) {
	f, members, _, org := quotaWorld(t, 1)
	f.members = &busyMembers{Members: members, stale: 1}
	if _, told, err := f.setQuotas(t.Context(), org.ID, map[string]int64{"rows_per_day": 9}); err != nil || told != 1 {
		t.Fatalf("%d told, %v", told, err)
	}
	if c, err := members.Client(t.Context(), org.ID, "cli_000000000000"); err != nil || c.Status != tenant.Disabled {
		t.Errorf("the client is %+v %v", c, err)
	}
	if hook, err := members.ClientHook(t.Context(), "cli_000000000000"); err != nil || hook.RowsPerDay != 9 || hook.Status != tenant.Disabled {
		t.Errorf("the hook is %+v %v", hook, err)
	}
	f.members = &busyMembers{Members: members, stale: attempts + 1}
	if _, _, err := f.setQuotas(t.Context(), org.ID, map[string]int64{"rows_per_day": 10}); err == nil || !strings.Contains(err.Error(), "do it again") {
		t.Errorf("got %v", err)
	}
}

func TestAQuotaThatEndedHalfwayGoesOn(t *testing.T) {
	f, members, _, org := quotaWorld(t, 3)
	f.members = &busyMembers{Members: members, fails: 2}
	if _, told, err := f.setQuotas(t.Context(), org.ID, map[string]int64{"rows_per_day": 9}); err == nil || told != 1 {
		t.Fatalf("%d told, %v", told, err)
	}
	if _, told, err := f.setQuotas(t.Context(), org.ID, map[string]int64{"rows_per_day": 9}); err != nil || told != 2 {
		t.Errorf("%d told, %v", told, err)
	}
}

func TestQuotaRefusals(t *testing.T) {
	f := newFake(t)
	f.run("quota", "set", "--organization", "demo").fails(t, exitUsage, "rows-per-day")
	f.run("quota", "set", "--organization", "demo", "--people", "-1").fails(t, exitUsage, "negative")
	f.run("quota", "set", "--people", "1").fails(t, exitUsage, "organization")
	f.run("quota", "--organization", "demo").fails(t, exitUsage, "TABLE_TENANCY")
}
