package main

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"leadline/shared/tenant"
)

// rotateSecret replaces the client's secret, the old one staying valid for overlap, and gives the new one.
func (w *world) rotateSecret(overlap time.Duration) string {
	w.t.Helper()
	text, s, err := tenant.NewClientSecret(w.now(), rand.Reader)
	if err != nil {
		w.t.Fatal(err)
	}
	w.changeClient(func(c tenant.Client) tenant.Client { return c.Rotate(s, overlap, w.now()) })
	w.calls.since()
	return text
}

// TestAnUnknownClientAndAWrongSecretCannotBeToldApart posts three rows of requests, for a client that is unknown, for a
// disabled one and for a wrong secret: answers and calls are the same at every step.
func TestAnUnknownClientAndAWrongSecretCannotBeToldApart(t *testing.T) {
	type step struct {
		status       int
		body, header string
		calls        map[string]int
	}
	run := func(prepare func(w *world) events.APIGatewayV2HTTPRequest) (steps []string) {
		w := newWorld(t)
		w.client, w.secret = w.newClient("cli_000000000002", "conn_00000000c002")
		request := prepare(w)
		for _, pause := range []time.Duration{0, 0, time.Second / 2, time.Second / 2, keep, 0, unknownFor} {
			w.pass(pause)
			w.calls.since()
			o := w.post(request)
			steps = append(steps, fmt.Sprintf("%+v", step{o.StatusCode, o.Body, fmt.Sprint(o.Headers), w.calls.since()}))
		}
		w.pass(keep / 2)
		for i := range 2 * missBurst { // beyond what look-ups are allowed to strangers
			r := w.rowsAs("cli_stranger"+strconv.Itoa(i), "cls_x", rowOne)
			if _, err := w.h.Handle(t.Context(), r); err != nil {
				t.Fatal(err)
			}
		}
		o := w.post(request)
		return append(steps, fmt.Sprintf("%+v", step{o.StatusCode, o.Body, fmt.Sprint(o.Headers), nil}))
	}
	unknown := run(func(w *world) events.APIGatewayV2HTTPRequest { return w.rowsAs("cli_000000000099", w.secret, rowOne) })
	wrong := run(func(w *world) events.APIGatewayV2HTTPRequest {
		return w.rowsAs(w.client.ID, "cls_"+strings.Repeat("x", 43), rowOne)
	})
	disabled := run(func(w *world) events.APIGatewayV2HTTPRequest {
		w.changeClient(func(c tenant.Client) tenant.Client { return c.WithStatus(tenant.Disabled, w.now()) })
		return w.rows(rowOne)
	})
	if !strings.Contains(unknown[0], "401") || !strings.Contains(unknown[0], "table:1") || !strings.Contains(unknown[1], "calls:map[]") {
		t.Errorf("got %s", unknown)
	}
	if !strings.Contains(unknown[len(unknown)-1], "429") {
		t.Errorf("the flood was none: %s", unknown)
	}
	for i := range unknown {
		if wrong[i] != unknown[i] || disabled[i] != unknown[i] {
			t.Errorf("step %d:\nunknown  %s\nwrong    %s\ndisabled %s", i, unknown[i], wrong[i], disabled[i])
		}
	}
}

func TestARotatedSecretWorksAtOnceAndTheOldOneForAWhile(t *testing.T) {
	w := newWorld(t)
	w.takes(w.rows(rowOne))
	old := w.secret
	fresh := w.rotateSecret(overlap)
	w.takes(w.rowsAs(w.client.ID, fresh, rowOne))
	w.made(map[string]int{"table": 1, "queue": 1})
	for _, s := range []string{old, fresh, old} {
		w.takes(w.rowsAs(w.client.ID, s, rowOne))
		w.made(map[string]int{"queue": 1})
	}
	w.pass(overlap - time.Second)
	w.takes(w.rowsAs(w.client.ID, old, rowOne))
	w.pass(time.Second)
	w.refuses(w.rowsAs(w.client.ID, old, rowOne), 401, "invalid_credentials")
	w.takes(w.rowsAs(w.client.ID, fresh, rowOne))
}

func TestARevokedSecretIsRefusedWithinTheCacheTime(t *testing.T) {
	w := newWorld(t)
	w.takes(w.rows(rowOne))
	fresh := w.rotateSecret(0)
	w.pass(keep - time.Nanosecond)
	w.takes(w.rows(rowOne)) // still remembered
	w.made(map[string]int{"queue": 1, "objects": 1})
	w.pass(time.Nanosecond)
	w.refuses(w.rows(rowOne), 401, "invalid_credentials")
	w.takes(w.rowsAs(w.client.ID, fresh, rowOne))
	w.secret = fresh
	w.changeClient(func(c tenant.Client) tenant.Client { return c.WithStatus(tenant.Disabled, w.now()) })
	w.takes(w.rows(rowOne))
	w.pass(keep)
	w.refuses(w.rows(rowOne), 401, "invalid_credentials")
	w.changeClient(func(c tenant.Client) tenant.Client { return c.WithStatus(tenant.Active, w.now()) })
	w.pass(rereadAfter)
	w.takes(w.rows(rowOne))
}

func TestWrongSecretsReadTheClientOnceASecond(t *testing.T) {
	w := newWorld(t)
	w.takes(w.rows(rowOne))
	w.calls.since()
	wrong := w.rowsAs(w.client.ID, "cls_wrong", rowOne)
	for range 200 { // over ten seconds
		w.pass(50 * time.Millisecond)
		w.refuses(wrong, 401, "invalid_credentials")
	}
	w.made(map[string]int{"table": 10})
	w.takes(w.rows(rowOne))
	w.made(map[string]int{"queue": 1, "objects": 1}) // whatever others try
}

func TestWhatCannotBeAClientIsNotLookedUp(t *testing.T) {
	w := newWorld(t)
	w.refuses(w.rowsAs(strings.Repeat("x", maxClientBytes+1), "x", rowOne), 401, "invalid_credentials")
	w.refuses(with(bare(), "authorization", basic("", "")), 401, "invalid_credentials")
	w.refuses(with(bare(), "authorization", "Bearer llk_short"), 401, "invalid_api_key")
	w.made(map[string]int{})
}

func TestAFloodOfUnknownClientsIsBounded(t *testing.T) {
	w := newWorld(t)
	w.takes(w.rows(rowOne))
	cold, text := w.newClient("cli_000000000002", "conn_00000000c002")
	key := w.apiKey(tenant.Ingest)
	w.calls.since()
	for i := range 10_000 { // over ten seconds
		w.pass(time.Millisecond)
		r := w.rowsAs("cli_stranger"+strconv.Itoa(i), "x", rowOne)
		if i%2 == 0 {
			r = with(bare(), "authorization", "Bearer llk_"+fmt.Sprintf("%043d", i))
		}
		answer, err := w.h.Handle(t.Context(), r)
		if err != nil || answer.StatusCode != http.StatusUnauthorized && answer.StatusCode != http.StatusTooManyRequests {
			t.Fatalf("got %d, %v", answer.StatusCode, err)
		}
	}
	if looked := w.calls.since()["table"]; looked > missBurst+11*missesPerSecond {
		t.Errorf("%d look-ups", looked)
	}
	s := w.h.senders
	if n := max(s.clients.Len(), s.refused.Len(), s.keys.known.Len(), s.keys.unknown.Len()); n > maxHooks {
		t.Errorf("%d credentials are remembered", n)
	}
	w.takes(w.rows(rowOne)) // the flood is none of its business
	w.pass(keep)            // nor once it has to be read again
	w.takes(w.rows(rowOne))
	w.pass(time.Second)
	w.takes(w.rowsAs(cold.ID, text, rowOne))
	w.refuses(with(bare(), "authorization", "Bearer "+key), 400, "missing_connection")
}

func TestADisabledConnectionTakesNoRows(t *testing.T) {
	w := newWorld(t)
	w.takes(w.rows(rowOne))
	w.disable(w.client.Connection)
	w.pass(keep)
	o := w.refuses(w.rows(rowOne), 403, "connection_disabled")
	if !strings.Contains(o.logged, w.org.ID) || !strings.Contains(o.logged, w.client.Connection) {
		t.Errorf("got %s", o.logged)
	}
}

func TestRowsByAPIKey(t *testing.T) {
	w := newWorld(t)
	other, _ := w.newClient("cli_000000000002", "conn_00000000c002")
	w.disable(other.Connection)
	theirs := tenant.Connection{ID: "conn_0000000theirs", Organization: "org_000000000002", Connector: tenant.ClientConnector, Status: tenant.Active, CreatedAt: w.now(), Rev: 1}
	if err := w.tenancy.CreateConnection(t.Context(), theirs, tenant.Hook{}, nil); err != nil {
		t.Fatal(err)
	}
	request := func(key, connection string) events.APIGatewayV2HTTPRequest {
		r := with(bare(), "authorization", "Bearer "+key)
		if connection != "" {
			r.QueryStringParameters = map[string]string{"connection": connection}
		}
		return r
	}
	for role, takes := range map[tenant.Role]bool{tenant.Owner: true, tenant.Admin: true, tenant.Manager: true, tenant.Ingest: true, tenant.Reader: false} {
		key := w.apiKey(role)
		if !takes {
			w.refuses(request(key, w.client.Connection), 403, "role_not_sufficient")
			continue
		}
		o := w.takes(request(key, w.client.Connection))
		stored, err := w.tenancy.APIKey(t.Context(), tenant.HashToken(key))
		if d := w.last(); err != nil || d.Connection != w.client.Connection || d.Organization != w.org.ID || d.Batch.Client != stored.ID || d.Batch.Public != o.receipt.Batch {
			t.Errorf("%s: got %+v", role, d)
		}
	}
	key := w.apiKey(tenant.Ingest)
	for name, connection := range map[string]string{"unknown": "conn_unknown", "another organization's": theirs.ID, "disabled": other.Connection, "a CRM's": w.conn.ID} {
		o := w.refuses(request(key, connection), 404, "not_found")
		if again := w.refuses(request(key, "conn_none"), 404, "not_found"); again.Body != o.Body {
			t.Errorf("%s: can be told apart: %s", name, o.Body)
		}
	}
	w.calls.since()
	w.refuses(request(key, strings.Repeat("x", 2000)), 404, "not_found") // the table would refuse such a key, which is no fault of ours
	w.made(map[string]int{})
	w.refuses(request(key, ""), 400, "missing_connection")
	w.refuses(request("llk_"+strings.Repeat("x", 43), w.client.Connection), 401, "invalid_api_key")
	w.calls.since()
	for range 10 {
		w.refuses(request("llk_"+strings.Repeat("x", 43), w.client.Connection), 401, "invalid_api_key")
		w.refuses(request(key, "conn_unknown"), 404, "not_found")
	}
	w.made(map[string]int{})

	w.takes(request(key, w.client.Connection))
	if err := w.tenancy.RevokeAPIKey(t.Context(), tenant.HashToken(key), w.now()); err != nil {
		t.Fatal(err)
	}
	w.pass(keep)
	w.refuses(request(key, w.client.Connection), 401, "invalid_api_key")
}

// TestAKeyOfAPersonMayDoNoMoreThanThePerson, as in the API: also one that could not be revoked with the others.
func TestAKeyOfAPersonMayDoNoMoreThanThePerson(t *testing.T) {
	w := newWorld(t)
	text, key, err := tenant.NewAPIKey(w.org.ID, "push", tenant.Manager, w.now(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	key.Person = "per_000000000001"
	if err := w.members.PutAPIKey(t.Context(), key, nil); err != nil {
		t.Fatal(err)
	}
	r := with(bare(), "authorization", "Bearer "+text)
	r.QueryStringParameters = map[string]string{"connection": w.client.Connection}
	p := tenant.Person{ID: key.Person, Organization: w.org.ID, Email: "joe@example.com", CreatedAt: w.now(), UpdatedAt: w.now()}
	for _, c := range []struct {
		role   tenant.Role
		status tenant.PersonStatus
		code   string
	}{
		{"", "", "invalid_api_key"}, // erased
		{tenant.Owner, tenant.Working, ""}, {tenant.Ingest, tenant.Working, ""}, {tenant.Reader, tenant.Working, "role_not_sufficient"},
		{tenant.Manager, tenant.Invited, ""}, {tenant.Manager, tenant.Offboarded, "invalid_api_key"},
	} {
		if p.Role, p.Status = c.role, c.status; c.role != "" {
			store := w.members.UpdatePerson
			if p.Rev++; p.Rev == 1 {
				store = w.members.CreatePerson
			}
			if err := store(t.Context(), p, nil); err != nil {
				t.Fatal(err)
			}
		}
		w.pass(keep)
		switch c.code {
		case "":
			w.takes(r)
		case "invalid_api_key":
			w.refuses(r, 401, c.code)
		default:
			w.refuses(r, 403, c.code)
		}
	}
}

func TestAnAPIKeyRunsOutWhileItIsRemembered(t *testing.T) {
	w := newWorld(t)
	text, key, err := tenant.NewAPIKey(w.org.ID, "push", tenant.Ingest, w.now(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	key.ID, key.ExpiresAt = "", w.now().Add(10*time.Second) // keys of old have no id
	if err := w.tenancy.CreateAPIKey(t.Context(), key); err != nil {
		t.Fatal(err)
	}
	r := with(bare(), "authorization", "Bearer "+text)
	r.QueryStringParameters = map[string]string{"connection": w.client.Connection}
	w.takes(r)
	if client := w.last().Batch.Client; client != "key_"+key.Hash[:12] {
		t.Errorf("the sender is named %q", client)
	}
	w.pass(10 * time.Second)
	w.refuses(r, 401, "invalid_api_key")
}

func TestCredentialsThatLeadNowhereAreOurFault(t *testing.T) {
	w := newWorld(t)
	c := tenant.Client{ID: "cli_000000000003", Organization: w.org.ID, Connection: "conn_gone", Status: tenant.Active, Secrets: w.client.Secrets, CreatedAt: w.now(), Rev: 1}
	if err := w.members.CreateClient(t.Context(), c, c.HookOf(w.org), nil, nil); err != nil {
		t.Fatal(err)
	}
	if o := w.refuses(w.rowsAs(c.ID, w.secret, rowOne), 500, "internal"); o.Headers["retry-after"] == "" {
		t.Errorf("got %v", o.Headers)
	}
}
