package close_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"leadline/infra/sandbox/crm"
	"leadline/infra/sandbox/server"
	"leadline/shared/connector"
	"leadline/shared/connectors/close"
	"leadline/shared/record"
)

// sandboxed reaches the sandbox in its own process, with its clock moved on by each request.
type sandboxed struct {
	*client
	server *server.Server
}

func newSandbox(t *testing.T, o server.Options) *sandboxed {
	s := &sandboxed{client: &client{t: t, now: begin}}
	o.Now = func() time.Time { return s.now }
	o.Start = begin
	s.server = server.New(o)
	s.answer = func(r connector.Request) (int, any) {
		body := ""
		if r.Body != nil {
			body = string(r.Body.(json.RawMessage))
		}
		request := httptest.NewRequest(r.Method, "/api/v1"+r.Path+"?"+r.Query.Encode(), strings.NewReader(body))
		request.Header.Set("Content-Type", "application/json")
		close.Definition().API.Logins[0].Authorize(request.Header, server.AdminKey)
		w := httptest.NewRecorder()
		s.server.ServeHTTP(w, request)
		s.now = s.now.Add(100 * time.Millisecond)
		s.header = w.Result().Header
		return w.Code, w.Body.Bytes()
	}
	return s
}

// objects of the sandbox: by their name here, its names.
func sandboxObjects() map[string]string {
	names := map[string]string{}
	for _, k := range crm.Kinds() {
		names[k.Object] = k.Object
	}
	delete(names, "task.lead")
	names["task"] = "task"
	return names
}

// TestMillion imports everything from the sandbox, behind its caps, and compares with its contents by count and by
// content: what the sandbox shows of a record is made a content by the parser of webhooks.
func TestMillion(t *testing.T) {
	s := newSandbox(t, server.Options{Options: crm.Options{Records: *records, Seed: 5}, Semicolons: true, RPS: 1000})
	parse := close.Definition().Webhook.Parse
	total := 0
	for object, theirs := range sandboxObjects() {
		got := map[string]digest{}
		for cursor := ""; ; {
			page, err := close.Definition().Pull.Page(context.Background(), s, connector.PageRequest{Object: object, Scope: all(), Cursor: cursor, Now: s.now})
			if err != nil {
				t.Fatalf("%s: %v", object, err)
			}
			for _, r := range page.Refused {
				t.Errorf("%s: refused %+v", object, r)
			}
			for _, c := range page.Changes {
				got[c.ID] = digestOf(c.ID, c.Fields)
			}
			if cursor = page.Next; cursor == "" {
				break
			}
		}
		n := 0
		err := s.server.Contents(theirs, nil, func(id, updated string, body []byte) error {
			n++
			changes, err := parse(fmt.Appendf(nil, `{"event":{"object_type":%q,"action":"updated","data":%s}}`, theirs, body))
			if err != nil {
				return fmt.Errorf("%s: %w", id, err)
			}
			if got[id] != digestOf(id, changes[0].Fields) {
				return fmt.Errorf("%s of %s differs, or is missing: %t; as posted: %s", object, id, got[id] == digest{}, changes[0].Fields.Canonical())
			}
			return nil
		})
		if err != nil || n != len(got) {
			t.Errorf("%s: %d records, %d there: %v", object, len(got), n, err)
		}
		total += n
	}
	t.Logf("%d records", total)
	if total < *records {
		t.Errorf("only %d records were compared", total)
	}
	if v := s.server.Violations(); len(v) > 0 {
		t.Errorf("the sandbox has %d objections, the first: %s", len(v), v[0])
	}
}

// TestSandboxTakesEverything: all that the connector can do besides paging.
func TestSandboxTakesEverything(t *testing.T) {
	s := newSandbox(t, server.Options{Options: crm.Options{Records: 3000, Seed: 5}})
	d := close.Definition()
	ctx := t.Context()
	id, err := d.API.Probe(ctx, s)
	if err != nil || id.AccountID == "" || id.AccountName == "" || id.UserEmail == "" || len(id.Missing) > 0 {
		t.Errorf("probe: %+v, %v", id, err)
	}
	described := map[string]bool{}
	for cursor := ""; ; {
		got, err := d.Describe(ctx, s, cursor)
		if err != nil {
			t.Fatalf("describe: %v", err)
		}
		for _, o := range got.Objects {
			described[o.Name] = true
		}
		if cursor = got.Next; cursor == "" {
			break
		}
	}
	people := 0
	for cursor := ""; ; {
		got, err := d.People(ctx, s, cursor)
		if err != nil {
			t.Fatalf("people: %v", err)
		}
		for _, p := range got.People {
			if people++; p.Name == "" || p.Email == "" || p.Role.Name == "" {
				t.Errorf("got %+v", p)
			}
		}
		if cursor = got.Next; cursor == "" {
			break
		}
	}
	if people < 12 {
		t.Errorf("%d people", people)
	}
	for _, o := range d.Pull.Objects {
		if !described[o.Name] {
			t.Errorf("%s is not described", o.Name)
		}
		var got copied
		if err := pullFrom(t, s, func() time.Time { return s.now }, o.Name, all(), &got); err != nil {
			t.Errorf("%s: %v", o.Name, err)
		}
		count, err := d.Pull.Count(ctx, s, connector.PageRequest{Object: o.Name, Scope: all(), Now: s.now})
		if err != nil || count.Source == "" || count.Known && count.N != int64(len(got.records)) {
			t.Errorf("%s: %d records, %+v, %v", o.Name, len(got.records), count, err)
		}
		var ids []string
		leads := map[string]bool{}
		for id, c := range got.records {
			if len(ids) < 12 {
				ids = append(ids, id)
			}
			if lead := string(c.Fields["lead_id"]); len(lead) > 4 && len(leads) < 3 {
				leads[strings.Trim(lead, `"`)] = true
			}
		}
		var again copied
		if err := pullFrom(t, s, func() time.Time { return s.now }, o.Name, connector.Scope{Kind: connector.IDs, IDs: append(ids, "x_none")}, &again); err != nil || len(again.records) != len(ids) || len(again.missing) != 1 {
			t.Errorf("%s by id: %d of %d, missing %v, %v", o.Name, len(again.records), len(ids), again.missing, err)
		}
		for id, c := range again.records {
			if !sameButTime(c, got.records[id]) {
				t.Errorf("%s by id differs: %s, listed %s", o.Name, c.Fields.Canonical(), got.records[id].Fields.Canonical())
			}
		}
		if !o.Serves(connector.ChildrenOf) {
			continue
		}
		var children copied
		scope := connector.Scope{Kind: connector.ChildrenOf, IDs: []string{"lead_none"}}
		for lead := range leads {
			scope.IDs = append(scope.IDs, lead)
		}
		if err := pullFrom(t, s, func() time.Time { return s.now }, o.Name, scope, &children); err != nil || len(leads) > 0 && len(children.records) == 0 {
			t.Errorf("%s of leads: %d, %v", o.Name, len(children.records), err)
		}
	}
	sub := d.Subscription
	made, err := sub.Create(ctx, s, hookURL)
	if err != nil || len(made.SigningKey) != 64 {
		t.Fatalf("subscribe: %+v, %v", made, err)
	}
	if found, err := sub.Find(ctx, s, hookURL); err != nil || len(found) != 1 || found[0].ID != made.ID {
		t.Errorf("found %+v, %v", found, err)
	}
	if state, err := sub.Check(ctx, s, made.ID); err != nil || !state.Active || state.Incomplete || state.Problem != "" {
		t.Errorf("check: %+v, %v", state, err)
	}
	if err := sub.Mend(ctx, s, made.ID, hookURL); err != nil {
		t.Error(err)
	}
	if err := sub.Delete(ctx, s, made.ID); err != nil {
		t.Error(err)
	}
	if _, err := sub.Check(ctx, s, made.ID); err == nil {
		t.Error("a subscription that is gone is there")
	}
}

func sameButTime(a, b record.Change) bool {
	return a.ID == b.ID && string(a.Fields.Canonical()) == string(b.Fields.Canonical())
}
