package close_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"

	"leadline/shared/connector"
	"leadline/shared/connector/specs"
	"leadline/shared/connectors/close"
)

// validator holds requests against Close's two machine-readable descriptions. A parameter that neither names is refused,
// but for those that Close documents in prose.
type validator struct {
	routers []routers.Router
}

// inProse are parameters that Close documents, though not in its OpenAPI files.
var inProse = map[string]string{
	"/event/ _cursor": "the description of GET /event/ itself",
}

// notDescribed are paths that Close documents, though not in its OpenAPI files.
var notDescribed = map[string]string{
	"POST /data/search/": "https://developer.close.com/api/resources/advanced-filtering",
}

func newValidator(t *testing.T) *validator {
	t.Helper()
	dir := specs.Dir(t, "close")
	v := &validator{}
	for _, file := range []string{"close-openapi.yml", "close-2026-webhooks-events-opportunity-openapi.yml"} {
		text, err := os.ReadFile(filepath.Join(dir, file))
		if err != nil {
			t.Fatal(err)
		}
		loader := openapi3.NewLoader()
		doc, err := loader.LoadFromData(text)
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		for _, path := range doc.Paths.Map() { // the validator reads no parameter that may be null, which none of ours is
			for _, o := range path.Operations() {
				for _, parameter := range o.Parameters {
					if types := parameter.Value.Schema.Value.Type; types != nil {
						*types = slices.DeleteFunc(*types, func(one string) bool { return one == "null" })
					}
				}
			}
		}
		router, err := gorillamux.NewRouter(doc)
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		v.routers = append(v.routers, router)
	}
	return v
}

// check tells what is wrong with a request; every description that has its path must take it.
func (v *validator) check(r connector.Request) error {
	if _, ok := notDescribed[r.Method+" "+r.Path]; ok {
		return nil
	}
	found := false
	named := map[string]bool{}
	for _, router := range v.routers {
		body, err := json.Marshal(r.Body)
		if err != nil {
			return err
		}
		request, err := http.NewRequest(r.Method, "https://api.close.com/api/v1"+r.Path+"?"+r.Query.Encode(), bytes.NewReader(body))
		if err != nil {
			return err
		}
		request.Header.Set("Authorization", "Basic eA==")
		if r.Body != nil {
			request.Header.Set("Content-Type", "application/json")
		}
		route, params, err := router.FindRoute(request)
		if err != nil {
			continue
		}
		found = true
		for _, list := range []openapi3.Parameters{route.PathItem.Parameters, route.Operation.Parameters} {
			for _, p := range list {
				named[p.Value.Name] = true
			}
		}
		if err := openapi3filter.ValidateRequest(context.Background(), &openapi3filter.RequestValidationInput{Request: request, PathParams: params, Route: route,
			Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc}}); err != nil {
			return fmt.Errorf("%s %s?%s: %w", r.Method, r.Path, r.Query.Encode(), err)
		}
	}
	if !found {
		return fmt.Errorf("%s %s: there is no such endpoint", r.Method, r.Path)
	}
	for name := range r.Query {
		if _, ok := inProse[r.Path+" "+name]; !named[name] && !ok {
			return fmt.Errorf("%s %s: there is no parameter %s", r.Method, r.Path, name)
		}
	}
	return nil
}

// TestTheValidatorRefusesWhatIsWrong: or it would prove nothing.
func TestTheValidatorRefusesWhatIsWrong(t *testing.T) {
	v := newValidator(t)
	hook := map[string]any{"url": "https://x.example", "events": []any{map[string]any{"object_type": "lead", "action": "created"}}}
	for name, c := range map[string]struct {
		r    connector.Request
		good bool
	}{
		"right":                       {r: connector.Request{Method: "GET", Path: "/task/", Query: map[string][]string{"_limit": {"100"}, "_order_by": {"date_created"}}}, good: true},
		"right with a body":           {r: connector.Request{Method: "POST", Path: "/webhook/", Body: hook}, good: true},
		"no such path":                {r: connector.Request{Method: "GET", Path: "/leads/"}},
		"no slash at the end":         {r: connector.Request{Method: "GET", Path: "/lead"}},
		"another method":              {r: connector.Request{Method: "PUT", Path: "/user/"}},
		"a parameter of another list": {r: connector.Request{Method: "GET", Path: "/lead/", Query: map[string][]string{"date_updated__gt": {"2026-01-01"}}}},
		"a limit that is no number":   {r: connector.Request{Method: "GET", Path: "/lead/", Query: map[string][]string{"_limit": {"many"}}}},
		"a date that is none":         {r: connector.Request{Method: "GET", Path: "/activity/call/", Query: map[string][]string{"date_created__gte": {"yesterday"}}}},
		"no lead where one is wanted": {r: connector.Request{Method: "GET", Path: "/custom_object/"}},
		"a body with an unknown key":  {r: connector.Request{Method: "POST", Path: "/webhook/", Body: map[string]any{"url": "https://x.example", "events": hook["events"], "secret": "x"}}},
		"a body without events":       {r: connector.Request{Method: "POST", Path: "/webhook/", Body: map[string]any{"url": "https://x.example"}}},
		"an action that is no text":   {r: connector.Request{Method: "POST", Path: "/webhook/", Body: map[string]any{"url": "https://x.example", "events": []any{map[string]any{"object_type": "lead", "action": 1}}}}},
		"a status that there is not":  {r: connector.Request{Method: "PUT", Path: "/webhook/whsub_1/", Body: map[string]any{"status": "on"}}},
	} {
		if err := v.check(c.r); (err == nil) != c.good {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// TestEveryRequestIsOneThatCloseDescribes makes the connector do everything that it can and holds each request against the
// descriptions. That of a search, which they lack, is held against the documentation's form in search_test.go.
func TestEveryRequestIsOneThatCloseDescribes(t *testing.T) {
	v := newValidator(t)
	d := close.Definition()
	now := begin
	from, until := time.Date(2025, 12, 31, 0, 0, 0, 0, time.UTC), now
	made := map[string]bool{}
	answers := func(r connector.Request) (int, any) {
		if err := v.check(r); err != nil {
			t.Error(err)
		}
		var names []string
		for name := range r.Query {
			names = append(names, name)
		}
		slices.Sort(names)
		made[fmt.Sprintf("%s %s %v", r.Method, r.Path, names)] = true
		return everything(r)
	}
	each := func(do func(c *client) error) {
		t.Helper()
		c := &client{t: t, answer: answers, now: now}
		if err := do(c); err != nil {
			t.Error(err)
		}
	}
	ctx := context.Background()
	for _, o := range d.Pull.Objects {
		for _, kind := range o.Scopes {
			for _, scope := range []connector.Scope{
				{Kind: kind, From: from, Until: until, Query: "acme", IDs: []string{"x_1", "x_2", "x_9"}},
				{Kind: kind, Query: `{"type":"match_all"}`, IDs: []string{"x_1"}},
				{Kind: kind, Query: "save_1"},
			} {
				each(func(c *client) error {
					return pullFrom(t, c, func() time.Time { return now }, o.Name, scope, &copied{})
				})
				each(func(c *client) error {
					_, err := d.Pull.Count(ctx, c, connector.PageRequest{Object: o.Name, Scope: scope, Now: now})
					return err
				})
			}
		}
	}
	each(func(c *client) error {
		_, err := d.API.Probe(ctx, c)
		return err
	})
	each(func(c *client) error {
		for cursor := ""; ; {
			got, err := d.Describe(ctx, c, cursor)
			if cursor = got.Next; err != nil || cursor == "" {
				return err
			}
		}
	})
	each(func(c *client) error {
		for cursor := ""; ; {
			got, err := d.People(ctx, c, cursor)
			if cursor = got.Next; err != nil || cursor == "" {
				return err
			}
		}
	})
	for _, cursor := range []string{"", `{"v":1,"cursor":"gone","oldest":1}`} {
		each(func(c *client) error {
			for {
				got, err := d.Log.Read(ctx, c, connector.LogRequest{From: from, Cursor: cursor})
				if cursor = got.Next; err != nil || cursor == "" {
					return err
				}
			}
		})
	}
	each(func(c *client) error {
		s := d.Subscription
		if _, err := s.Create(ctx, c, "https://hooks.example/x"); err != nil {
			return err
		}
		if _, err := s.Find(ctx, c, "https://hooks.example/x"); err != nil {
			return err
		}
		if _, err := s.Check(ctx, c, "whsub_1"); err != nil {
			return err
		}
		if err := s.Mend(ctx, c, "whsub_1", "https://hooks.example/x"); err != nil {
			return err
		}
		return s.Delete(ctx, c, "whsub_1")
	})
	t.Logf("%d kinds of request", len(made))
	if len(made) < 80 {
		t.Errorf("only %d kinds of request were made", len(made))
	}
}

// everything answers any request with two rows, and once more rows behind them.
func everything(r connector.Request) (int, any) {
	x := func(id string) string {
		return fmt.Sprintf(`{"id":%q,"date_created":"2026-01-01T00:00:00+00:00","date_updated":"2026-01-01T00:00:00+00:00"}`, id)
	}
	last := strings.TrimSuffix(r.Path[:len(r.Path)-1], "/")
	last = last[strings.LastIndex(last, "/")+1:]
	switch {
	case r.Path == "/me/":
		return 200, `{"id":"user_1","organizations":[{"id":"orga_1","name":"O"}],"memberships":[{"organization_id":"orga_1","role_id":"admin"}]}`
	case r.Path == "/data/search/":
		if strings.Contains(string(r.Body.(json.RawMessage)), `"type":"or"`) {
			return 400, `{"error":"no"}`
		}
		return 200, `{"data":[` + x("x_1") + `,` + x("x_2") + `],"cursor":null,"count":{"total":2}}`
	case strings.HasPrefix(r.Path, "/custom_field_schema/"):
		return 200, `{"fields":[]}`
	case r.Path == "/webhook/" && r.Method == "POST":
		return 201, `{"id":"whsub_1","signature_key":"ab"}`
	case r.Query.Get("_cursor") == "gone":
		return 400, `{"error":"no"}`
	case r.Path == "/event/":
		if r.Query.Get("_cursor") == "" && !r.Query.Has("date_updated__lte") {
			return 200, `{"data":[],"cursor_next":"c2"}`
		}
		return 200, `{"data":[],"cursor_next":null}`
	case last == "x_9":
		return 404, `{"error":"no"}`
	case strings.HasPrefix(last, "orga_"):
		return 200, `{"id":"orga_1","memberships":[` + x("x_1") + `,` + x("x_2") + `],"inactive_memberships":[]}`
	case strings.HasPrefix(last, "x_") || strings.HasPrefix(last, "whsub_"):
		return 200, strings.Replace(x(last), "{", `{"status":"active",`, 1)
	}
	for name, values := range r.Query {
		const at = "2026-01-01T00:00:00.000000+00:00"
		if strings.HasSuffix(name, "__gte") && values[0] > at || strings.HasSuffix(name, "__lt") && values[0] <= at {
			return 200, `{"data":[],"has_more":false,"total_results":2}`
		}
	}
	more := r.Query.Has("_limit") && !r.Query.Has("_skip")
	return 200, fmt.Sprintf(`{"data":[%s,%s],"has_more":%t,"total_results":2}`, x("x_1"), x("x_2"), more)
}
