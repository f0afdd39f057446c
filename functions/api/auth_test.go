package main

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"leadline/shared/audit"
	"leadline/shared/fault"
	"leadline/shared/quota"
	"leadline/shared/store"
	"leadline/shared/tenant"
)

func TestTheRoleTableHasEveryOperation(t *testing.T) {
	s, table := newSystem(t), needs()
	for _, op := range s.operations() {
		if _, found := table[op.ID]; !found {
			t.Errorf("%s is not in the table", op.ID)
		}
		delete(table, op.ID)
	}
	if len(table) > 0 {
		t.Errorf("the description has no %v", table)
	}
}

// TestEveryRouteAnswersItsOwner: and what changes something is in the journal, once, with nothing secret.
func TestEveryRouteAnswersItsOwner(t *testing.T) {
	for _, op := range newSystem(t).operations() {
		t.Run(op.ID, func(t *testing.T) {
			w := newWorldFor(t, op)
			r := w.request(op)
			r.key = w.owner
			a := w.do(r)
			if a.status >= 300 {
				t.Fatalf("%s %s: %d %s", r.method, r.path, a.status, a.body)
			}
			entries, _, err := w.journal.Entries(t.Context(), ours, store.AuditFilter{}, store.Page{Limit: 10})
			w.must(err)
			if reading(op) {
				if len(entries) > 0 {
					t.Errorf("what only reads is noted: %+v", entries)
				}
				return
			}
			if len(entries) != 1 {
				t.Fatalf("noted: %+v", entries)
			}
			e := entries[0]
			byOwner := e.ActorName == "owner" && strings.HasPrefix(e.Actor, "key_")
			if e.Operation != op.ID || e.Outcome != "done" || byOwner == op.Public || e.Address != "203.0.113.7" || e.Agent != "test" || e.Request != "req-1" {
				t.Errorf("noted: %+v", e)
			}
			if strings.HasPrefix(op.ID, "create-") && op.ID != "create-upload" && !regexp.MustCompile(`/[a-z]+_[0-9a-z]{12}$`).MatchString(e.Target) {
				t.Errorf("the note of what was made names %s", e.Target)
			}
			noted := fmt.Sprintf("%+v %s", e, w.log)
			for _, secret := range secretsIn(string(a.body)) {
				if strings.Contains(noted, secret) {
					t.Errorf("the journal or the log shows %s", secret)
				}
			}
			for _, personal := range []string{"@example.com", otherKey} {
				if strings.Contains(noted, personal) {
					t.Errorf("the journal or the log shows %s: %s", personal, noted)
				}
			}
		})
	}
}

// secretsIn finds what is shown once.
func secretsIn(text string) []string {
	return regexp.MustCompile(`(llk_|cls_|whsec_|/hooks/)[A-Za-z0-9_+/=-]{40,}`).FindAllString(text, -1)
}

// TestEveryRouteWantsAKeyThatWorks tries what is no key, and keys that do not work any more.
func TestEveryRouteWantsAKeyThatWorks(t *testing.T) {
	w := newWorld(t)
	w.programmed()
	create := func(edit func(*tenant.APIKey)) string {
		text, key, err := tenant.NewAPIKey(ours, "x", tenant.Owner, w.clock.now(), w.handler.Random)
		w.must(err)
		edit(&key)
		w.must(w.tenancy.CreateAPIKey(t.Context(), key))
		return text
	}
	gone := tenant.Person{ID: "per_gone", Organization: ours, Email: "gone@example.com", Role: tenant.Owner, Status: tenant.Offboarded, Rev: 1}
	w.must(w.members.CreatePerson(t.Context(), gone, nil))
	keys := map[string]string{
		"":                               "missing_api_key",
		"llk_" + strings.Repeat("x", 43): "invalid_api_key",
		"x":                              "invalid_api_key",
		"llk_":                           "invalid_api_key",
		w.owner + "x":                    "invalid_api_key",
		create(func(k *tenant.APIKey) { k.RevokedAt = w.clock.now() }): "invalid_api_key",
		create(func(k *tenant.APIKey) { k.ExpiresAt = w.clock.now() }): "invalid_api_key",
		create(func(k *tenant.APIKey) { k.Person = gone.ID }):          "invalid_api_key",
		create(func(k *tenant.APIKey) { k.Person = "per_erased" }):     "invalid_api_key",
	}
	before := w.state()
	for _, op := range w.operations() {
		if needs()[op.ID] == "" {
			continue
		}
		r := w.request(op)
		for key, code := range keys {
			r.key = key
			a := w.do(r).want(t, 401, code)
			want := "Bearer"
			if slices.Contains(ingestOperations(), op.ID) {
				want = `Bearer, Basic realm="leadline"`
			}
			if got := a.header.Get("WWW-Authenticate"); got != want {
				t.Errorf("%s: the answer 401 says %q", op.ID, got)
			}
		}
	}
	w.do(request{method: "GET", path: "/v1/connections", header: map[string]string{"authorization": "Basic " + w.owner}}).want(t, 401, "missing_api_key")
	w.do(request{method: "GET", path: "/v1/connections", header: map[string]string{"authorization": "bearer  " + w.owner + " "}}).want(t, 200)
	if w.state() != before {
		t.Error("something changed")
	}
	if entries, _, _ := w.journal.Entries(t.Context(), ours, store.AuditFilter{}, store.Page{Limit: 10}); len(entries) > 0 {
		t.Errorf("what nobody proved to have asked for is noted: %+v", entries)
	}
}

// TestRolesBoundWhatAKeyMayDo tries every operation with every role.
func TestRolesBoundWhatAKeyMayDo(t *testing.T) {
	for _, op := range newSystem(t).operations() {
		needed := needs()[op.ID]
		if needed == "" {
			continue
		}
		t.Run(op.ID, func(t *testing.T) {
			w := newWorldFor(t, op)
			refused := 0
			before := w.state()
			for _, role := range tenant.Roles() {
				if role.Allows(needed) || role == tenant.Ingest && slices.Contains(ingestOperations(), op.ID) {
					continue
				}
				r := w.request(op)
				r.key = w.keyOf(role)
				w.do(r).want(t, 403, "role_not_sufficient")
				refused++
			}
			if w.state() != before {
				t.Error("what was refused changed something")
			}
			entries, _, err := w.journal.Entries(t.Context(), ours, store.AuditFilter{Operation: op.ID}, store.Page{Limit: 10})
			w.must(err)
			if reading(op) {
				refused = 0
			}
			if len(entries) != refused || slices.ContainsFunc(entries, func(e audit.Entry) bool { return e.Outcome != "role_not_sufficient" }) {
				t.Errorf("%d refusals are noted as %+v", refused, entries)
			}
			r := w.request(op) // the least role that suffices
			r.key = w.keyOf(needed)
			if slices.Contains(strings.Fields(personalOperations), op.ID) {
				r.key = w.own
			}
			if a := w.do(r); a.status >= 300 {
				t.Errorf("the role %s may not: %d %s", needed, a.status, a.body)
			}
		})
	}
}

func (s *system) keyOf(role tenant.Role) string {
	return map[tenant.Role]string{tenant.Owner: s.owner, tenant.Admin: s.admin, tenant.Manager: s.manager, tenant.Reader: s.reader, tenant.Ingest: s.ingest}[role]
}

// TestClientsMayPushAndSeeTheirBatches, and nothing else.
func TestClientsMayPushAndSeeTheirBatches(t *testing.T) {
	for _, op := range newSystem(t).operations() {
		if needs()[op.ID] == "" {
			continue
		}
		t.Run(op.ID, func(t *testing.T) {
			w := newWorldFor(t, op)
			a := w.do(w.asClient(w.request(op)))
			if !slices.Contains(ingestOperations(), op.ID) {
				a.want(t, 401, "missing_api_key")
			} else if a.status >= 300 {
				t.Errorf("a client may not: %d %s", a.status, a.body)
			}
		})
	}
}

// TestAnotherOrganizationFindsNothing: what is another organization's does not exist, whatever the route.
func TestAnotherOrganizationFindsNothing(t *testing.T) {
	w := newWorld(t)
	w.programmed()
	before := w.state()
	for _, op := range w.operations() {
		r := w.request(op)
		r.key = w.stranger
		switch {
		case strings.Contains(op.Path, "{"):
			a := w.do(r).want(t, 404, "not_found")
			if strings.Contains(string(a.body), ours) || strings.Contains(string(a.body), "Till") {
				t.Errorf("%s shows something of ours: %s", op.ID, a.body)
			}
		case strings.HasPrefix(op.ID, "list-") && op.ID != "list-templates":
			got, own := read[list[any]](t, w.do(r).want(t, 200)), 0
			if op.ID == "list-api-keys" || op.ID == "list-audit" {
				own = 1 // the stranger's; the policy that it tried to set
			}
			if len(got.Items) != own || got.Next != "" {
				t.Errorf("%s shows %v", op.ID, got.Items)
			}
		case strings.Contains(fmt.Sprint(r.body), w.params["connection"]) && op.ID != "replay-quarantine", strings.Contains(fmt.Sprint(r.body), w.clients),
			strings.Contains(fmt.Sprint(r.body), w.params["person"]):
			w.do(r).want(t, 404, "not_found")
		}
	}
	for _, filter := range []string{"/v1/quarantine?connection=" + w.params["connection"], "/v1/audit?actor=" + w.params["key"]} {
		if got := read[list[any]](t, w.get(w.stranger, filter).want(t, 200)); len(got.Items) != 0 {
			t.Errorf("%s shows %v", filter, got.Items)
		}
	}
	if got := read[Organization](t, w.get(w.stranger, "/v1/organization").want(t, 200)); got.ID != theirs {
		t.Errorf("the organization is %+v", got)
	}
	if w.state() != before {
		t.Error("something of ours changed")
	}
}

// TestWhatIsNowhereIsNotFound puts an id that nobody has in the place of each parameter of each path.
func TestWhatIsNowhereIsNotFound(t *testing.T) {
	w := newWorld(t)
	w.programmed()
	before := w.state()
	for _, op := range w.operations() {
		for _, name := range regexp.MustCompile(`{(\w+)}`).FindAllStringSubmatch(op.Path, -1) {
			if name[1] == "object" && slices.Contains([]string{"list-records"}, op.ID) {
				continue // an object without records is as empty as one that nobody sent
			}
			r := w.request(op)
			parts := strings.Split(r.path, "/")
			parts[slices.Index(strings.Split(op.Path, "/"), name[0])] = "nowhere"
			r.path = strings.Join(parts, "/")
			r.key = w.owner
			w.do(r).want(t, 404, "not_found")
		}
	}
	if w.state() != before {
		t.Error("something changed")
	}
}

func TestARevokedKeyIsRefusedOnceTheCacheForgetsIt(t *testing.T) {
	s := newSystem(t)
	counted := &countedKeys{Tenancy: s.tenancy}
	s.handler.Tenancy = counted
	s.get(s.reader, "/v1/connections").want(t, 200)
	s.get(s.reader, "/v1/connections").want(t, 200)
	if counted.keys != 1 {
		t.Errorf("a key was read %d times for two requests", counted.keys)
	}
	s.must(s.tenancy.RevokeAPIKey(t.Context(), tenant.HashToken(s.reader), s.clock.now()))
	s.clock.advance(59 * time.Second)
	s.get(s.reader, "/v1/connections").want(t, 200)
	s.clock.advance(time.Second)
	s.get(s.reader, "/v1/connections").want(t, 401, "invalid_api_key")
}

func TestANewKeyWorksSoonAfterItWasUnknown(t *testing.T) {
	s := newSystem(t)
	counted := &countedKeys{Tenancy: s.tenancy}
	s.handler.Tenancy = counted
	text := "llk_" + strings.Repeat("n", 43)
	s.get(text, "/v1/connections").want(t, 401)
	s.get(text, "/v1/connections").want(t, 401)
	s.get("llk_too_short", "/v1/connections").want(t, 401)
	if counted.keys != 1 {
		t.Errorf("an unknown key was read %d times for two requests", counted.keys)
	}
	s.must(s.tenancy.CreateAPIKey(t.Context(), tenant.APIKey{Hash: tenant.HashToken(text), Organization: ours, Role: tenant.Reader}))
	s.clock.advance(unknownKeyTTL)
	s.get(text, "/v1/connections").want(t, 200)
}

func TestAFailedLookUpIsNotRemembered(t *testing.T) {
	s := newSystem(t)
	counted := &countedKeys{Tenancy: s.tenancy, err: fault.Wrap(errors.New("down"), fault.Unavailable, "unavailable", "store")}
	s.handler.Tenancy = counted
	s.get(s.reader, "/v1/connections").want(t, 503, "unavailable")
	counted.err = nil
	s.get(s.reader, "/v1/connections").want(t, 200)
}

// TestWhatCannotBeLookedUpIsNoRefusal: a failure behind the door must not tell a caller that the credentials are wrong.
func TestWhatCannotBeLookedUpIsNoRefusal(t *testing.T) {
	w := newWorld(t)
	w.quotas(tenant.Quotas{RequestsPerMinute: 100})
	w.handler.Members = failingMembers{w.members}
	w.handler.requests = quota.NewMeter(w.handler.Members, "requests", time.Minute)
	path := "/v1/push/" + w.params["batch"]
	w.basic("GET", path, nil).want(t, 503, "unavailable")
	a := w.get(w.reader, path).want(t, 503, "unavailable") // its use cannot be counted
	if a.header.Get("Retry-After") == "" {
		t.Errorf("got %v", a.header)
	}
	w.handler.Members = w.members
	w.handler.requests = quota.NewMeter(w.members, "requests", time.Minute)
	w.basic("GET", path, nil).want(t, 200)
}

type failingMembers struct{ store.Members }

func (failingMembers) ClientHook(context.Context, string) (tenant.ClientHook, error) {
	return tenant.ClientHook{}, fault.Wrap(errors.New("down"), fault.Unavailable, "unavailable", "store")
}

func (failingMembers) Use(context.Context, string, string, int64, time.Time) (int64, error) {
	return 0, fault.Wrap(errors.New("down"), fault.Unavailable, "unavailable", "store")
}

// TestAKeyFromBeforeKeysHadIDs has a name in the journal, the one that receive gives it.
func TestAKeyFromBeforeKeysHadIDs(t *testing.T) {
	s := newSystem(t)
	text, key, err := tenant.NewAPIKey(ours, "old", tenant.Owner, s.clock.now(), s.handler.Random)
	s.must(err)
	key.ID = ""
	s.must(s.tenancy.CreateAPIKey(t.Context(), key))
	s.put(text, "/v1/organization", map[string]any{"name": "Acme"}).want(t, 200)
	if e := s.audited(""); len(e) != 1 || e[0].Actor != "key_"+key.Hash[:12] {
		t.Errorf("noted %+v", e)
	}
}

// countedKeys counts how often a key is read, and fails.
type countedKeys struct {
	store.Tenancy
	keys int
	err  error
}

func (c *countedKeys) APIKey(ctx context.Context, hash string) (tenant.APIKey, error) {
	c.keys++
	if c.err != nil {
		return tenant.APIKey{}, c.err
	}
	return c.Tenancy.APIKey(ctx, hash)
}
