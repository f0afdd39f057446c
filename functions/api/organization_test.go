package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"leadline/shared/audit"
	"leadline/shared/fault"
	"leadline/shared/notice"
	"leadline/shared/store"
	"leadline/shared/tenant"
)

func (s *system) put(key, path string, body any, ifMatch ...string) answer {
	s.t.Helper()
	r := request{key: key, method: http.MethodPut, path: path, body: body}
	if len(ifMatch) > 0 {
		r.header = map[string]string{"if-match": ifMatch[0]}
	}
	return s.do(r)
}

// quotas gives ours other quotas, as the operator does.
func (s *system) quotas(q tenant.Quotas) {
	s.t.Helper()
	org, err := s.tenancy.Organization(s.t.Context(), ours)
	s.must(err)
	org.Quotas = q
	org.Rev++
	s.must(s.members.UpdateOrganization(s.t.Context(), org))
	s.clock.advance(time.Minute) // quotas are remembered for so long
}

func TestTheOrganizationIsRenamedByItsOwner(t *testing.T) {
	s := newSystem(t)
	a := s.put(s.owner, "/v1/organization", map[string]any{"name": "Acme"}, `"1"`).want(t, 200)
	if got := read[Organization](t, a); got.Name != "Acme" || got.Rev != 2 || a.header.Get("ETag") != `"2"` {
		t.Errorf("got %+v", got)
	}
	s.put(s.owner, "/v1/organization", map[string]any{"name": "Other"}, `"1"`).want(t, 412, "precondition_failed")
	if again := read[Organization](t, s.put(s.owner, "/v1/organization", map[string]any{"name": "Acme"}).want(t, 200)); again.Rev != 2 {
		t.Errorf("the same name is a change: %+v", again)
	}
	s.put(s.owner, "/v1/organization", map[string]any{"name": ""}).want(t, 422, "invalid_request")
	if got := read[Organization](t, s.get(s.reader, "/v1/organization")); got.Name != "Acme" {
		t.Errorf("got %+v", got)
	}
}

func TestNobodyGivesMoreThanTheyHave(t *testing.T) {
	s := newSystem(t)
	person := func(role string) map[string]any {
		return map[string]any{"email": role + "@example.com", "name": role, "role": role}
	}
	s.post(s.admin, "/v1/people", person("owner")).want(t, 403, "role_not_sufficient")
	s.post(s.admin, "/v1/keys", map[string]any{"name": "x", "role": "owner"}).want(t, 403, "role_not_sufficient")
	boss := read[Person](t, s.post(s.owner, "/v1/people", person("owner")).want(t, 201))
	clerk := read[Person](t, s.post(s.admin, "/v1/people", person("reader")).want(t, 201))
	s.put(s.admin, "/v1/people/"+boss.ID, person("admin")).want(t, 403, "role_not_sufficient")
	s.put(s.admin, "/v1/people/"+clerk.ID, person("owner")).want(t, 403, "role_not_sufficient")
	s.post(s.admin, "/v1/people/"+boss.ID+"/offboard", nil).want(t, 403, "role_not_sufficient")
	bossKey := read[CreatedAPIKey](t, s.post(s.owner, "/v1/keys", map[string]any{"name": "x", "role": "owner", "person": boss.ID}).want(t, 201))
	s.post(s.admin, "/v1/keys/"+bossKey.ID+"/revoke", nil).want(t, 403, "role_not_sufficient")
	s.get(bossKey.Key, "/v1/organization").want(t, 200)
	// A key of a person may do at most what the person may.
	for _, role := range []string{"manager", "ingest"} {
		s.post(s.owner, "/v1/keys", map[string]any{"name": "x", "role": role, "person": clerk.ID}).want(t, 400, "role_not_sufficient")
	}
	// A receipt shows nothing to another key, whatever it may do: the answer held the key of an owner.
	secret := map[string]any{"name": "break glass", "role": "owner"}
	header := map[string]string{"idempotency-key": "k"}
	s.do(request{key: s.owner, method: "POST", path: "/v1/keys", body: secret, header: header}).want(t, 201)
	stolen := s.do(request{key: s.admin, method: "POST", path: "/v1/keys", body: secret, header: header})
	if stolen.status < 400 || strings.Contains(string(stolen.body), "llk_") {
		t.Errorf("an admin gets the owner's answer: %d %s", stolen.status, stolen.body)
	}
}

func TestPeople(t *testing.T) {
	s := newSystem(t)
	joe := map[string]any{"email": "Joe@Example.com", "name": "Joe", "role": "reader"}
	a := s.do(request{key: s.admin, method: "POST", path: "/v1/people", body: joe, header: map[string]string{"idempotency-key": "k"}}).want(t, 201)
	got := read[Person](t, a)
	if got.Email != "Joe@Example.com" || got.Status != "invited" || got.Rev != 1 || a.header.Get("Location") != "/v1/people/"+got.ID || a.header.Get("ETag") != `"1"` {
		t.Errorf("got %+v %v", got, a.header)
	}
	if again := s.do(request{key: s.admin, method: "POST", path: "/v1/people", body: joe, header: map[string]string{"idempotency-key": "k"}}).want(t, 201); string(again.body) != string(a.body) {
		t.Errorf("the resend is answered otherwise: %s", again.body)
	}
	s.post(s.admin, "/v1/people", map[string]any{"email": "joe@EXAMPLE.com", "name": "J", "role": "reader"}).want(t, 409, "email_taken")
	s.post(s.stranger, "/v1/people", joe).want(t, 201)
	for _, email := range []string{"joe", "Joe <joe@example.com>", " joe@example.com", "joe@", "a@b, c@d"} {
		s.post(s.admin, "/v1/people", map[string]any{"email": email, "name": "J", "role": "reader"}).want(t, 400, "invalid_email")
	}
	s.post(s.admin, "/v1/people", map[string]any{"email": "x@example.com", "name": "J", "role": "root"}).want(t, 422, "invalid_request")
	ann := read[Person](t, s.post(s.admin, "/v1/people", map[string]any{"email": "ann@example.com", "name": "Ann", "role": "manager"}).want(t, 201))
	s.put(s.admin, "/v1/people/"+ann.ID, map[string]any{"email": "joe@example.com", "name": "Ann", "role": "manager"}).want(t, 409, "email_taken")
	s.put(s.admin, "/v1/people/"+ann.ID, map[string]any{"email": "ann@example.com", "name": "Ann B", "role": "admin"}, `"7"`).want(t, 412, "precondition_failed")
	s.clock.advance(time.Second)
	changed := read[Person](t, s.put(s.admin, "/v1/people/"+ann.ID, map[string]any{"email": "ann@example.com", "name": "Ann B", "role": "admin"}, `"1"`).want(t, 200))
	if changed.Name != "Ann B" || changed.Role != "admin" || changed.Rev != 2 {
		t.Errorf("got %+v", changed)
	}
	var names []string
	for _, p := range walk[Person](s, s.reader, "/v1/people?limit=1") {
		names = append(names, p.Name)
	}
	slices.Sort(names)
	if !slices.Equal(names, []string{"Ann B", "Joe"}) {
		t.Errorf("the people are %v", names)
	}
	if entries := s.audited(""); entries[0].Detail != "role admin, was manager" {
		t.Errorf("the note of the change is %+v", entries[0])
	}
}

// TestMailOfPeople: it is all unless it is said otherwise, and a change that does not speak of it leaves it as it is.
func TestMailOfPeople(t *testing.T) {
	s := newSystem(t)
	fields := func(mail string) map[string]any {
		f := map[string]any{"email": "joe@example.com", "name": "Joe", "role": "admin"}
		if mail != "" {
			f["mail"] = mail
		}
		return f
	}
	joe := read[Person](t, s.post(s.owner, "/v1/people", fields("")).want(t, 201))
	if joe.Mail != "all" {
		t.Errorf("a new person gets %q", joe.Mail)
	}
	for _, step := range [][2]string{{"none", "none"}, {"", "none"}, {"all", "all"}, {"", "all"}} {
		got := read[Person](t, s.put(s.admin, "/v1/people/"+joe.ID, fields(step[0])).want(t, 200))
		stored, err := s.members.Person(t.Context(), ours, joe.ID)
		if err != nil || got.Mail != step[1] || stored.GetsNotices() != (step[1] == "all") {
			t.Errorf("after %q: %q, %+v, %v", step[0], got.Mail, stored, err)
		}
	}
	s.put(s.admin, "/v1/people/"+joe.ID, fields("some")).want(t, 422, "invalid_request")
	ann := fields("none")
	ann["email"] = "ann@example.com"
	if got := read[Person](t, s.post(s.owner, "/v1/people", ann).want(t, 201)); got.Mail != "none" {
		t.Errorf("a new person who wants none gets %q", got.Mail)
	}
}

func TestAKeyGoesWithItsPerson(t *testing.T) {
	s := newSystem(t)
	ann := read[Person](t, s.post(s.owner, "/v1/people", map[string]any{"email": "ann@example.com", "name": "Ann", "role": "admin"}).want(t, 201))
	key := func(role string) CreatedAPIKey {
		s.clock.advance(time.Second)
		return read[CreatedAPIKey](t, s.post(s.owner, "/v1/keys", map[string]any{"name": "Ann's", "role": role, "person": ann.ID}).want(t, 201))
	}
	admin, ingest := key("admin"), key("ingest")
	s.get(admin.Key, "/v1/keys").want(t, 200)
	if e := s.audited("create-api-key")[0]; e.Detail != "role ingest "+ann.ID {
		t.Errorf("noted %+v", e)
	}

	// What the person may do no more, the key may not, within a minute.
	s.put(s.owner, "/v1/people/"+ann.ID, map[string]any{"email": "ann@example.com", "name": "Ann", "role": "reader"}).want(t, 200)
	s.clock.advance(time.Minute)
	s.get(admin.Key, "/v1/keys").want(t, 403, "role_not_sufficient")
	s.get(admin.Key, "/v1/people").want(t, 200)
	s.post(ingest.Key, "/v1/uploads", map[string]any{"objectname": "x", "connection": "conn_x"}).want(t, 401, "invalid_api_key")

	other := read[CreatedAPIKey](t, s.post(s.owner, "/v1/keys", map[string]any{"name": "program", "role": "reader"}).want(t, 201))
	gone := read[Person](t, s.post(s.admin, "/v1/people/"+ann.ID+"/offboard", nil).want(t, 200))
	if gone.Status != "offboarded" {
		t.Errorf("got %+v", gone)
	}
	s.get(admin.Key, "/v1/people").want(t, 401, "invalid_api_key") // at once where it was revoked
	for _, k := range walk[APIKey](s, s.admin, "/v1/keys?limit=2") {
		if (k.Person == ann.ID) == k.Works || (k.RevokedAt == nil) != k.Works {
			t.Errorf("%+v", k)
		}
	}
	s.get(other.Key, "/v1/people").want(t, 200)
	again := read[Person](t, s.post(s.admin, "/v1/people/"+ann.ID+"/offboard", nil).want(t, 200))
	if again.Rev != gone.Rev {
		t.Errorf("to off-board twice is a change: %+v", again)
	}
	s.post(s.owner, "/v1/keys", map[string]any{"name": "x", "role": "reader", "person": ann.ID}).want(t, 400, "role_not_sufficient")
}

// TestOffboardingGoesOnWhereItStopped: a key that could not be revoked is revoked by the resend, and is refused before.
func TestOffboardingGoesOnWhereItStopped(t *testing.T) {
	s := newSystem(t)
	ann := read[Person](t, s.post(s.owner, "/v1/people", map[string]any{"email": "ann@example.com", "name": "Ann", "role": "admin"}).want(t, 201))
	key := read[CreatedAPIKey](t, s.post(s.owner, "/v1/keys", map[string]any{"name": "x", "role": "admin", "person": ann.ID}).want(t, 201))
	s.handler.Members = failingRevocation{s.members}
	s.post(s.owner, "/v1/people/"+ann.ID+"/offboard", nil).want(t, 503, "unavailable")
	if e := s.audited("offboard-person")[0]; e.Outcome != "unavailable" {
		t.Errorf("noted %+v", e)
	}
	s.get(key.Key, "/v1/people").want(t, 401, "invalid_api_key")
	s.handler.Members = s.members
	s.post(s.owner, "/v1/people/"+ann.ID+"/offboard", nil).want(t, 200)
	if got := read[APIKey](t, s.get(s.owner, "/v1/keys/"+key.ID)); got.RevokedAt == nil {
		t.Errorf("got %+v", got)
	}
}

type failingRevocation struct{ store.Members }

func (failingRevocation) RevokeKey(context.Context, string, string, time.Time) error {
	return fault.Wrap(errors.New("down"), fault.Unavailable, "unavailable", "store")
}

func TestAPIKeys(t *testing.T) {
	s := newSystem(t)
	expires := s.clock.now().Add(time.Hour)
	a := s.post(s.admin, "/v1/keys", map[string]any{"name": "CI", "role": "manager", "expires_at": expires}).want(t, 201)
	got := read[CreatedAPIKey](t, a)
	if !tenant.IsAPIKey(got.Key) || got.Role != "manager" || !got.Works || !got.ExpiresAt.Equal(expires) || a.header.Get("Location") != "/v1/keys/"+got.ID {
		t.Errorf("got %+v", got)
	}
	s.get(got.Key, "/v1/people").want(t, 200)
	for _, path := range []string{"/v1/keys", "/v1/keys/" + got.ID} {
		if body := string(s.get(s.admin, path).want(t, 200).body); strings.Contains(body, got.Key) || strings.Contains(body, tenant.HashToken(got.Key)) {
			t.Errorf("%s shows the key, or its hash: %s", path, body)
		}
	}
	s.clock.advance(time.Hour)
	s.get(got.Key, "/v1/people").want(t, 401, "invalid_api_key") // although it is remembered
	if shown := read[APIKey](t, s.get(s.admin, "/v1/keys/"+got.ID)); shown.Works {
		t.Errorf("got %+v", shown)
	}
	s.post(s.admin, "/v1/keys", map[string]any{"name": "CI", "role": "manager", "expires_at": s.clock.now()}).want(t, 400, "already_expired")

	other := read[CreatedAPIKey](t, s.post(s.admin, "/v1/keys", map[string]any{"name": "x", "role": "reader"}).want(t, 201))
	s.get(other.Key, "/v1/people").want(t, 200)
	revoked := read[APIKey](t, s.post(s.admin, "/v1/keys/"+other.ID+"/revoke", nil).want(t, 200))
	if revoked.Works || revoked.RevokedAt == nil {
		t.Errorf("got %+v", revoked)
	}
	s.get(other.Key, "/v1/people").want(t, 401, "invalid_api_key")
	s.clock.advance(time.Minute)
	if again := read[APIKey](t, s.post(s.admin, "/v1/keys/"+other.ID+"/revoke", nil).want(t, 200)); !again.RevokedAt.Equal(*revoked.RevokedAt) {
		t.Errorf("revoked again: %+v", again)
	}
	s.clock.advance(time.Second)
	// Somebody takes the key for its id. The journal does not keep it.
	s.post(s.admin, "/v1/keys/"+s.reader+"/revoke", nil).want(t, 404, "not_found")
	if e := s.audited("revoke-api-key")[0]; e.Target != "keys/llk_.../revoke" || e.Outcome != "not_found" {
		t.Errorf("noted %+v", e)
	}
}

// audited gives what is noted, newest first: all, or one operation.
func (s *system) audited(operation string) []AuditEntry {
	s.t.Helper()
	return walk[AuditEntry](s, s.owner, "/v1/audit?limit=50&operation="+operation)
}

func TestTheAuditLogIsFiltered(t *testing.T) {
	s := newSystem(t)
	start := s.clock.now()
	for i := range 6 {
		s.post([]string{s.owner, s.admin}[i%2], "/v1/people", map[string]any{"email": fmt.Sprintf("p%d@example.com", i), "name": "P", "role": "reader"}).want(t, 201)
		s.clock.advance(time.Minute)
	}
	s.post(s.reader, "/v1/people", map[string]any{}).want(t, 403, "role_not_sufficient")
	s.clock.advance(time.Second)
	s.post(s.admin, "/v1/people", map[string]any{}).want(t, 422, "invalid_request")
	s.clock.advance(time.Second)
	s.post(s.admin, "/v1/people", strings.Repeat("x", maxRequestBytes+1)).want(t, 413, "body_too_large")
	s.clock.advance(time.Second)
	s.post(s.admin, "/v1/connections", map[string]any{"connector": "nothing", "name": "x"}).want(t, 400, "unknown_connector")
	all := s.audited("")
	var outcomes []string
	for _, e := range all {
		outcomes = append(outcomes, e.Outcome)
	}
	if want := []string{"unknown_connector", "body_too_large", "invalid_request", "role_not_sufficient", "done", "done", "done", "done", "done", "done"}; !slices.Equal(outcomes, want) {
		t.Fatalf("noted %v", outcomes)
	}
	at := func(minutes int) string { return start.Add(time.Duration(minutes) * time.Minute).Format(time.RFC3339) }
	for query, want := range map[string]int{
		"operation=create-person":                                      9,
		"operation=create-connection":                                  1,
		"operation=nothing":                                            0,
		"actor=" + all[9].Actor:                                        3,
		"actor=" + all[9].Actor + "&operation=create-connection":       0,
		"from=" + at(2):                                                8,
		"until=" + at(2):                                               2,
		"from=" + at(1) + "&until=" + at(3):                            2,
		"from=" + at(3) + "&until=" + at(1):                            0,
		"from=0001-01-01T00:00:00Z":                                    10,
		"from=" + strings.ReplaceAll(at(2), "Z", "%2B00:00"):           8,
		"from=" + at(0) + "&actor=" + all[8].Actor + "&until=" + at(5): 2,
	} {
		if got := walk[AuditEntry](s, s.admin, "/v1/audit?limit=1&"+query); len(got) != want {
			t.Errorf("%s gives %d entries, want %d", query, len(got), want)
		}
	}
	s.get(s.admin, "/v1/audit?from=yesterday").want(t, 422, "invalid_request")
	first := read[list[AuditEntry]](t, s.get(s.admin, "/v1/audit?limit=1&from="+at(0)))
	s.get(s.admin, "/v1/audit?limit=1&from="+at(1)+"&cursor="+first.Next).want(t, 400, "invalid_cursor")
}

// TestWhatCannotBeNotedIsNotSaidToBeDone: the answer is a 503, and a resend notes it.
func TestWhatCannotBeNotedIsNotSaidToBeDone(t *testing.T) {
	s := newSystem(t)
	s.handler.Journal = deafJournal{s.journal}
	send := func() answer {
		return s.do(request{key: s.admin, method: "POST", path: "/v1/connections", body: map[string]any{"connector": "close", "name": "A"},
			header: map[string]string{"idempotency-key": "k"}})
	}
	a := send().want(t, 503, "unavailable")
	if a.header.Get("Retry-After") == "" || strings.Contains(string(a.body), "/hooks/") {
		t.Errorf("got %v %s", a.header, a.body)
	}
	s.get(s.admin, "/v1/connections").want(t, 200) // what only reads needs no journal
	s.handler.Journal = s.journal
	send().want(t, 201)
	if n := len(walk[Connection](s, s.admin, "/v1/connections?limit=9")); n != 1 {
		t.Errorf("%d connections", n)
	}
	if entries := s.audited(""); len(entries) != 1 || entries[0].Outcome != "done" {
		t.Errorf("noted %+v", entries)
	}
}

type deafJournal struct{ store.Journal }

func (deafJournal) Record(context.Context, audit.Entry) error {
	return fault.Wrap(errors.New("down"), fault.Unavailable, "unavailable", "store")
}

func TestNotices(t *testing.T) {
	s := newSystem(t)
	for i := range 3 {
		_, err := s.journal.Tell(t.Context(), notice.Notice{ID: fmt.Sprintf("01NOTICE%d", i), Organization: ours, At: s.clock.now(), Kind: notice.SchemaProposed,
			Subject: "connections/conn_1/objects/sales", Text: "Rows break the schema."})
		s.must(err)
	}
	all := walk[Notice](s, s.reader, "/v1/notices?limit=2")
	if len(all) != 3 || all[0].ID != "01NOTICE2" || all[0].Kind != "schema_proposed" || all[0].ReadAt != nil {
		t.Fatalf("got %+v", all)
	}
	for range 2 { // to say it twice does no harm
		if a := s.post(s.reader, "/v1/notices/01NOTICE1/read", nil).want(t, 204); len(a.body) > 0 {
			t.Errorf("an answer without content has %s", a.body)
		}
		s.clock.advance(time.Second)
	}
	if got := walk[Notice](s, s.reader, "/v1/notices?limit=9")[1]; got.ReadAt == nil || !got.ReadAt.Equal(s.clock.now().Add(-2*time.Second)) {
		t.Errorf("got %+v", got)
	}
}

// TestANoticeShowsItsTableAndItsMail, alone and in the list; of its mail it shows no names.
func TestANoticeShowsItsTableAndItsMail(t *testing.T) {
	s := newSystem(t)
	table := notice.Table{Columns: []string{"Object", "Stored"}, Rows: [][]string{{"leads", "12"}, nil}}
	for _, organization := range []string{ours, theirs} {
		_, err := s.journal.Tell(t.Context(), notice.Notice{ID: "01NOTICE", Organization: organization, At: s.clock.now(), Kind: notice.ImportDone, Text: "Done.", Table: table})
		s.must(err)
	}
	if got := read[Notice](t, s.get(s.reader, "/v1/notices/01NOTICE").want(t, 200)); got.Mail != nil || got.Table == nil || got.Table.Rows[0][1] != "12" || got.Table.Rows[1] == nil {
		t.Errorf("got %+v", got)
	}
	s.must(s.journal.SaveMail(t.Context(), ours, "01NOTICE", notice.Mail{State: notice.MailSent, At: s.clock.now(), Sent: []string{"per_ann", "per_joe"}, Refused: []string{"per_x"}, Problem: "One was refused.", Rev: 1}))
	want := &NoticeMail{State: "sent", At: s.clock.now(), Sent: 2, Refused: 1, Problem: "One was refused."}
	a := s.get(s.reader, "/v1/notices/01NOTICE").want(t, 200)
	got := read[Notice](t, a)
	if got.Mail == nil || *got.Mail != *want || bytes.Contains(a.body, []byte("per_")) {
		t.Errorf("got %s", a.body)
	}
	if listed := walk[Notice](s, s.reader, "/v1/notices?limit=9"); len(listed) != 1 || !reflect.DeepEqual(listed[0], got) {
		t.Errorf("listed otherwise: %+v", listed)
	}
	s.get(s.reader, "/v1/notices/01OTHER").want(t, 404, "not_found")
	for _, state := range notice.MailStates() {
		n := s.mailed(state)
		if got := read[Notice](t, s.get(s.reader, "/v1/notices/"+n).want(t, 200)); got.Mail == nil || got.Mail.State != string(state) {
			t.Errorf("%s: got %+v", state, got)
		}
	}
}

// mailed stores a notice whose mail is in a state.
func (s *system) mailed(state notice.MailState) (id string) {
	s.t.Helper()
	id = "01MAIL" + string(state)
	_, err := s.journal.Tell(s.t.Context(), notice.Notice{ID: id, Organization: ours, At: s.clock.now(), Kind: notice.ImportDone})
	s.must(err)
	s.must(s.journal.SaveMail(s.t.Context(), ours, id, notice.Mail{State: state, At: s.clock.now(), Rev: 1}))
	return id
}

func TestTheQuotaOfRequests(t *testing.T) {
	s := newSystem(t)
	if a := s.get(s.reader, "/v1/organization"); a.header.Get("RateLimit") != "" {
		t.Errorf("there is no quota, and %v", a.header)
	}
	s.quotas(tenant.Quotas{RequestsPerMinute: 3})
	for left := 2; left >= 0; left-- {
		a := s.get(s.reader, "/v1/organization").want(t, 200)
		if a.header.Get("RateLimit-Policy") != `"requests";q=3;w=60` || a.header.Get("RateLimit") != fmt.Sprintf(`"requests";r=%d;t=60`, left) {
			t.Errorf("%d left: %v", left, a.header)
		}
	}
	a := s.post(s.admin, "/v1/connections", map[string]any{"connector": "close", "name": "x"}).want(t, 429, "quota_exceeded")
	if a.header.Get("Retry-After") != "60" || a.header.Get("RateLimit") != `"requests";r=0;t=60` {
		t.Errorf("got %v", a.header)
	}
	if s.log.Len() > 0 {
		t.Errorf("what a caller asks too much is logged as our failure: %s", s.log)
	}
	s.get(s.stranger, "/v1/organization").want(t, 200)
	s.get("", "/v1/health").want(t, 200)
	s.clock.advance(time.Minute)
	s.get(s.reader, "/v1/organization").want(t, 200)
	if entries := walk[AuditEntry](s, s.owner, "/v1/audit?limit=9"); len(entries) > 0 {
		t.Errorf("a flood fills the journal: %+v", entries)
	}
}

func TestQuotasOfWhatExists(t *testing.T) {
	s := newSystem(t)
	s.quotas(tenant.Quotas{Connections: 2, Clients: 2, Destinations: 1, APIKeys: 6, People: 1}) // there are five keys already
	full := func(path string, body map[string]any) {
		t.Helper()
		s.post(s.owner, path, body).want(t, 409, "quota_exceeded")
	}
	s.connect(s.owner)
	client := map[string]any{"name": "Till"}
	made := read[ClientWithSecret](t, s.post(s.owner, "/v1/clients", client).want(t, 201)) // with the second connection
	full("/v1/clients", client)
	full("/v1/connections", map[string]any{"connector": "close", "name": "x"})
	client["connection"] = made.Connection
	s.post(s.owner, "/v1/clients", client).want(t, 201)
	full("/v1/clients", client)

	destination := map[string]any{"name": "x", "url": "https://example.com"}
	d := read[Destination](t, s.post(s.owner, "/v1/destinations", destination).want(t, 201))
	full("/v1/destinations", destination)
	s.do(request{key: s.owner, method: http.MethodDelete, path: "/v1/destinations/" + d.ID}).want(t, 204)
	s.post(s.owner, "/v1/destinations", destination).want(t, 201)

	key := map[string]any{"name": "x", "role": "reader"}
	k := read[APIKey](t, s.post(s.owner, "/v1/keys", key).want(t, 201))
	full("/v1/keys", key)
	s.post(s.owner, "/v1/keys/"+k.ID+"/revoke", nil).want(t, 200)
	s.post(s.owner, "/v1/keys", key).want(t, 201)

	p := read[Person](t, s.post(s.owner, "/v1/people", map[string]any{"email": "a@example.com", "name": "A", "role": "reader"}).want(t, 201))
	full("/v1/people", map[string]any{"email": "b@example.com", "name": "B", "role": "reader"})
	s.post(s.owner, "/v1/people/"+p.ID+"/offboard", nil).want(t, 200)
	s.post(s.owner, "/v1/people", map[string]any{"email": "b@example.com", "name": "B", "role": "reader"}).want(t, 201)
	s.post(s.stranger, "/v1/destinations", destination).want(t, 201)
}
