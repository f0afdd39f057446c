package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/credentials"
	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"leadline/infra/sandbox/server"
	"leadline/shared/connector"
	"leadline/shared/connector/rest"
	"leadline/shared/connectors"
	"leadline/shared/fault"
	"leadline/shared/record"
	"leadline/shared/store"
	"leadline/shared/store/dynamo"
	"leadline/shared/tenant"
)

// TestTheVaultKeepsRecords has the real store work on it.
func TestTheVaultKeepsRecords(t *testing.T) {
	others := 0
	v, err := newVault("Records", filepath.Join(t.TempDir(), "items"), http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		others++
		w.Header().Set("Content-Type", "application/x-amz-json-1.0")
		_, _ = w.Write([]byte("{}"))
	}))
	if err != nil {
		t.Fatal(err)
	}
	defer v.file.Close()
	door := httptest.NewServer(v)
	defer door.Close()
	db := sdk.New(sdk.Options{Region: region, BaseEndpoint: &door.URL, Credentials: credentials.NewStaticCredentialsProvider(secret, secret, "")})
	records, elsewhere := dynamo.NewRecords(db, "Records"), dynamo.NewRecords(db, "Elsewhere")
	begin := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	made := func(i int, value string, at time.Time) record.Record {
		return record.Record{Key: record.Key{Organization: benchOrganization, Connection: benchConnection, Object: "lead", ID: fmt.Sprintf("lead_%03d", i)},
			Version: record.VersionAt(at, 1), StoredAt: at, Fields: record.Fields{"value": json.RawMessage(value)}}
	}
	ctx := t.Context()
	for i := range 60 {
		if standing, err := records.PutNewer(ctx, made(i, `"old"`, begin)); standing != nil || err != nil {
			t.Fatal(standing, err)
		}
	}
	if standing, err := records.PutNewer(ctx, made(7, `"new"`, begin.Add(time.Hour))); standing != nil || err != nil {
		t.Errorf("what is newer: %v, %v", standing, err)
	}
	if standing, err := records.PutNewer(ctx, made(7, `"old"`, begin)); err != nil || standing == nil || string(standing.Fields["value"]) != `"new"` || standing.Rev != 2 {
		t.Errorf("what is older: %+v, %v", standing, err)
	}
	gone := made(8, `1`, begin.Add(time.Hour))
	gone.Deleted, gone.Fields = true, nil
	if standing, err := records.PutNewer(ctx, gone); standing != nil || err != nil {
		t.Errorf("a deletion: %v, %v", standing, err)
	}
	found, err := records.GetMany(ctx, []record.Key{made(7, "", begin).Key, made(8, "", begin).Key, made(99, "", begin).Key})
	if err != nil || len(found) != 2 {
		t.Fatalf("got %+v, %v", found, err)
	}
	for _, r := range found {
		if r.ID == "lead_007" && string(r.Fields["value"]) != `"new"` || r.ID == "lead_008" && !r.Deleted {
			t.Errorf("got %+v", r)
		}
	}
	ids := map[string]bool{}
	for cursor := ""; ; {
		heads, next, err := records.Heads(ctx, benchOrganization, benchConnection, "lead", store.Page{Cursor: cursor, Limit: 7})
		if err != nil {
			t.Fatal(err)
		}
		for _, h := range heads {
			if ids[h.ID] || h.Deleted != (h.ID == "lead_008") || h.Fields != nil {
				t.Errorf("%+v is listed", h)
			}
			ids[h.ID] = true
		}
		if cursor = next; cursor == "" {
			break
		}
	}
	if len(ids) != 60 {
		t.Errorf("%d of 60 are listed", len(ids))
	}
	if _, _, err := records.Replace(ctx, made(1, "1", begin), 1); err == nil {
		t.Error("a condition that the vault does not know is taken")
	}
	if _, err := elsewhere.PutNewer(ctx, made(1, "1", begin)); err != nil || others != 1 {
		t.Errorf("another table is asked %d times, %v", others, err)
	}
}

// TestLeadsAreReadWhole: the provider of many leads is one to the connector.
func TestLeadsAreReadWhole(t *testing.T) {
	l, err := newLeads(1234)
	if err != nil {
		t.Fatal(err)
	}
	door := httptest.NewServer(l)
	defer door.Close()
	definition := connector.NewRegistry(connectors.All()...)["close"]
	client, err := rest.New(rest.Options{AllowLoopback: true}).Client(rest.Config{Title: "Close", API: *definition.API, BaseURL: door.URL + "/api/v1",
		Authorizer: rest.Fixed{Kind: connector.APIKey, Text: server.AdminKey}})
	if err != nil {
		t.Fatal(err)
	}
	read := func(scope connector.Scope) (ids, missing []string) {
		t.Helper()
		for cursor := ""; ; {
			page, err := definition.Pull.Page(t.Context(), client, connector.PageRequest{Object: "lead", Scope: scope, Cursor: cursor, Now: time.Now()})
			if err != nil || len(page.Refused) > 0 {
				t.Fatal(page.Refused, err)
			}
			for _, c := range page.Changes {
				ids = append(ids, c.ID)
			}
			missing = append(missing, page.Missing...)
			if cursor = page.Next; cursor == "" {
				slices.Sort(ids)
				return slices.Compact(ids), missing
			}
		}
	}
	if ids, _ := read(connector.Scope{Kind: connector.All}); len(ids) != 1234 {
		t.Errorf("%d of 1234 are read", len(ids))
	}
	l.gone = 3
	if ids, _ := read(connector.Scope{Kind: connector.All}); len(ids) != 1231 {
		t.Errorf("%d of 1231 are read", len(ids))
	}
	ids, missing := read(connector.Scope{Kind: connector.IDs, IDs: []string{l.id(2), l.id(3), "lead_none"}})
	slices.Sort(missing)
	if want := []string{l.id(2), "lead_none"}; !slices.Equal(ids, []string{l.id(3)}) || len(missing) != 2 || !slices.Contains(missing, want[0]) || !slices.Contains(missing, want[1]) {
		t.Errorf("by id: %v, missing %v", ids, missing)
	}
	if ids, _ := read(connector.Scope{Kind: connector.ChangedSince, From: time.Now()}); len(ids) != 0 {
		t.Errorf("%d changed just now", len(ids))
	}
	n, err := definition.Pull.Count(t.Context(), client, connector.PageRequest{Object: "lead", Scope: connector.Scope{Kind: connector.All}, Now: time.Now()})
	if err != nil || !n.Known || n.N != 1231 {
		t.Errorf("counted are %+v, %v", n, err)
	}
}

func TestTurnsCostTime(t *testing.T) {
	d := &crmDoor{}
	const turn = time.Second / crmRate
	for i, c := range []struct {
		now   time.Duration
		group string
		want  time.Duration
	}{
		{0, "a", 0}, {0, "a", turn}, {0, "b", 0}, {turn + turn/2, "a", turn / 2}, {10 * turn, "a", 0},
		{0, "a", 0}, // another invocation
	} {
		if got := d.turn(c.now, c.group); got != c.want {
			t.Errorf("request %d waits %v, want %v", i, got, c.want)
		}
	}
}

// TestARequestToAProviderIsNoted: with its answer, its bytes and its time.
func TestARequestToAProviderIsNoted(t *testing.T) {
	l, b := &ledger{}, newBill()
	door := httptest.NewServer(&crmDoor{ledger: l, to: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.WriteHeader(http.StatusTeapot)
		fmt.Fprintf(w, "%s %s", r.Method, body)
	})})
	defer door.Close()
	l.count(b)
	l.begin("fetch")
	for range 2 {
		response, err := http.Post(door.URL+"/api/v1/data/search/", "application/json", strings.NewReader("{}"))
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(response.Body)
		response.Body.Close()
		if err != nil || response.StatusCode != http.StatusTeapot || string(body) != "POST {}" {
			t.Errorf("got %d %s, %v", response.StatusCode, body, err)
		}
	}
	l.end()
	if got, want := b.function("fetch").waiting[viewAll], 2*crmTime; got != want { // an answer takes longer than a turn
		t.Errorf("fetch waited %v, want %v", got, want)
	}
	if all := b.list(); len(all) != 1 || all[0].calls != 2 || all[0].service != "provider" {
		t.Errorf("noted are %+v", all)
	}
	if paused := l.pause(); paused != b || l.counting() {
		t.Error("a ledger that is paused counts")
	}
}

func TestSharesOfTime(t *testing.T) {
	var all []time.Duration
	for i := range 200 {
		all = append(all, time.Duration(i+1)*time.Millisecond)
	}
	for percent, want := range map[int]time.Duration{50: 100 * time.Millisecond, 99: 198 * time.Millisecond, 100: 200 * time.Millisecond, 0: time.Millisecond} {
		if got := percentile(all, percent); got != want {
			t.Errorf("%d %%: %v, want %v", percent, got, want)
		}
	}
	if got := percentile(all[:1], 99); got != time.Millisecond {
		t.Errorf("of one: %v", got)
	}
}

func TestSectionsOfImports(t *testing.T) {
	if got := (options{only: "zip,import"}).chosen(); !slices.Equal(got, append([]string{"zip", "import"}, imports()...)) {
		t.Errorf("got %v", got)
	}
	if _, err := parseOptions([]string{"-only", "import-speed"}, io.Discard); err == nil || !strings.Contains(err.Error(), "import-rate") {
		t.Errorf("a part that is not there: %v", err)
	}
	for text, good := range map[string]bool{"5": true, "5,20.5": true, "": false, "5,": false, "0": false, "-1": false, "x": false} {
		if rates, err := (&bench{options: options{rates: text}}).rateList(); (err == nil) != good {
			t.Errorf("-rates %q: %v, %v", text, rates, err)
		}
	}
}

// TestAnImportIsPacedByTheLimit: a short one, whose share is not judged.
func TestAnImportIsPacedByTheLimit(t *testing.T) {
	p, err := allObjects(t.Context(), 50, 400)
	if err != nil || p.records <= 0 || p.requests <= 0 || p.share <= 0 || p.share > 1.1 {
		t.Errorf("got %+v, %v", p, err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := allObjects(ended, 50, 400); err == nil {
		t.Error("what is cancelled does not end")
	}
	if got := learning(5); got >= learning(60) {
		t.Errorf("%v for what the connector knows, %v for more", got, learning(60))
	}
	m := &importer{}
	if err := m.Revoked(t.Context(), tenant.Connection{}, fault.New(fault.Revoked, "no", "no")); err == nil {
		t.Error("a key that is refused is no failure")
	}
}
