package close_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"leadline/shared/connector"
	"leadline/shared/connectors/close"
	"leadline/shared/fault"
	"leadline/shared/record"
)

func TestTrapRateLimitHeader(t *testing.T) {
	const ms = time.Millisecond
	for text, want := range map[string]connector.Quota{
		"limit=100, remaining=50, reset=5":       {Limit: 100, Remaining: 50, Reset: 5000 * ms},
		"limit=240; remaining=239; reset=2":      {Limit: 240, Remaining: 239, Reset: 2000 * ms},
		"limit=240;remaining=0;reset=0.25":       {Limit: 240, Remaining: 0, Reset: 250 * ms},
		"Limit=1,Remaining=1,Reset=1.0001":       {Limit: 1, Remaining: 1, Reset: 1001 * ms},
		"":                                       {Limit: -1, Remaining: -1},
		"remaining=7":                            {Limit: -1, Remaining: 7},
		"limit=x, remaining=-4, reset=-1":        {Limit: -1, Remaining: -1},
		"limit=1, remaining=1, reset=NaN":        {Limit: 1, Remaining: 1},
		"limit=1, remaining=1, reset=1e300":      {Limit: 1, Remaining: 1},
		`limit="9", remaining="8", reset="0.5" `: {Limit: 9, Remaining: 8, Reset: 500 * ms},
	} {
		header := http.Header{}
		header.Set("RateLimit", text)
		if got := close.Definition().API.Seen(header); got != want {
			t.Errorf("%q: got %+v, want %+v", text, got, want)
		}
	}
	if got := close.Definition().API.Seen(nil); got != (connector.Quota{Limit: -1, Remaining: -1}) {
		t.Errorf("no header: got %+v", got)
	}
}

func TestTrapTooManyRequests(t *testing.T) {
	for _, c := range []struct {
		header, body string
		want         time.Duration
	}{
		{"limit=20, remaining=0, reset=1.5", `{"error":"API call count exceeded"}`, 1500 * time.Millisecond},
		{"", `{"rate_reset": 0.7, "message": "x"}`, 700 * time.Millisecond},
		{"limit=20; remaining=0; reset=1", `{"error":{"rate_reset":3,"message":"API call count exceeded"}}`, 3 * time.Second},
		{"", `<html>`, 0},
	} {
		a := connector.Answer{Status: 429, Body: []byte(c.body), Header: http.Header{}}
		if c.header != "" {
			a.Header.Set("RateLimit", c.header)
		}
		if v := close.Definition().API.Judge(a); v.Outcome != connector.Throttled || v.Wait != c.want {
			t.Errorf("%s: got %+v", c.body, v)
		}
	}
}

func TestTrapLimitsAreOfGroups(t *testing.T) {
	api := close.Definition().API
	same := [][2]string{{"GET /lead/", "GET /lead/lead_1/"}, {"GET /activity/call/", "GET /activity/call/acti_1/"}, {"PUT /webhook/x/", "PUT /webhook/y/"},
		{"GET /activity/status_change/lead/", "GET /activity/status_change/lead/acti_1/"}, {"GET /custom_field/lead/", "GET /custom_field/lead/cf_1/"}}
	other := [][2]string{{"GET /lead/", "POST /lead/"}, {"GET /lead/", "GET /contact/"}, {"GET /activity/call/", "GET /activity/email/"}, {"GET /lead/", "POST /data/search/"},
		{"GET /activity/status_change/lead/", "GET /activity/status_change/opportunity/"}}
	of := func(text string) string {
		method, path, _ := strings.Cut(text, " ")
		return api.Group(method, path)
	}
	for _, c := range same {
		if of(c[0]) != of(c[1]) {
			t.Errorf("%s and %s are of %q and %q", c[0], c[1], of(c[0]), of(c[1]))
		}
	}
	for _, c := range other {
		if of(c[0]) == of(c[1]) {
			t.Errorf("%s and %s are both of %q", c[0], c[1], of(c[0]))
		}
	}
	if len(api.Limits) == 0 || api.Limits[0].Requests <= 0 || api.Limits[0].Window <= 0 {
		t.Errorf("got %+v", api.Limits)
	}
}

func TestTrapErrorForms(t *testing.T) {
	for _, c := range []struct {
		status  int
		body    string
		outcome connector.Outcome
		code    string
		message string
	}{
		{200, `{}`, connector.OK, "", ""},
		{201, `{}`, connector.OK, "", ""},
		{400, `{"error":"No such thing."}`, connector.Permanent, "", "No such thing."},
		{400, `{"errors":["First.","Second."],"field-errors":{}}`, connector.Permanent, "", "First."},
		{400, `{"errors":[],"field-errors":{"value":"Not a valid integer."}}`, connector.Permanent, "", "value: Not a valid integer."},
		{400, `{"field-errors":{"b":{"c":["Deep."]},"a":[]}}`, connector.Permanent, "", "b: Deep."},
		{400, `{"field-errors":{"_fields":["List is too long."]}}`, connector.Permanent, "", "_fields: List is too long."},
		{400, `{"error":"The skip you set is larger than the maximum skip for this resource (max_skip = 250000)"}`, connector.Permanent, "max_skip", "The skip you set is larger than the maximum skip for this resource (max_skip = 250000)"},
		{400, `{"error":"Expired cursor"}`, connector.Permanent, "cursor_lost", "Expired cursor"},
		{400, `{"field-errors":{"cursor":"The cursor is unknown or has expired."}}`, connector.Permanent, "cursor_lost", "cursor: The cursor is unknown or has expired."},
		{400, `<html>`, connector.Permanent, "", ""},
		{400, `[]`, connector.Permanent, "", ""},
		{401, `{"error":"The server could not verify"}`, connector.Expired, "", "The server could not verify"},
		{402, `{}`, connector.Denied, "plan_limit", "The plan of the Close organization does not include this."},
		{402, `{"error":"Upgrade."}`, connector.Denied, "plan_limit", "Upgrade."},
		{403, ``, connector.Denied, "", ""},
		{404, ``, connector.Missing, "", ""},
		{405, ``, connector.Permanent, "", ""},
		{415, ``, connector.Permanent, "", ""},
		{500, ``, connector.Retry, "", ""},
		{502, `<html>`, connector.Retry, "", ""},
		{503, ``, connector.Retry, "", ""},
		{504, ``, connector.Retry, "", ""},
		{400, `{"error":"` + strings.Repeat("é", 400) + `"}`, connector.Permanent, "", strings.Repeat("é", 150)},
	} {
		v := close.Definition().API.Judge(connector.Answer{Status: c.status, Body: []byte(c.body)})
		if v.Outcome != c.outcome || v.Code != c.code || v.Message != c.message {
			t.Errorf("%d %.80s: got %+v", c.status, c.body, v)
		}
	}
}

func TestLogins(t *testing.T) {
	api := close.Definition().API
	header := http.Header{}
	api.Logins[0].Authorize(header, "api_abc.def")
	if got := header.Get("Authorization"); got != "Basic YXBpX2FiYy5kZWY6" { // api_abc.def:
		t.Errorf("got %q", got)
	}
	for key, good := range map[string]bool{"api_1uHKtJ7hYKAdT0D6ISsJb.1woZvmy3U8E7W45z9oL1TO": true, "4ab1c0de4ab1c0de4ab1c0de4ab1c0de": true,
		"": false, " ": false, "api_x": false, "api_1uHKtJ7hYKAd\n": false, "Bearer api_1uHKtJ7hYKAd": false, "api_1uHKtJ7hYKAdT0D6ISsJb:": false, "api_1uHKtJ7hYKAdéé": false} {
		if problem := api.Logins[0].Check(key); (problem == "") != good {
			t.Errorf("%q: got %q", key, problem)
		} else if key != "" && len(key) > 3 && strings.Contains(problem, key) {
			t.Errorf("the key is told: %q", problem)
		}
	}
	if o := api.Logins[1]; o.Kind != connector.OAuth2 || !o.Rotates || !slices.Equal(o.Scopes, []string{"all.full_access", "offline_access"}) {
		t.Errorf("got %+v", o)
	}
}

// TestTrapOneRecordOneName: what an event brings and what a list brings have one name, and the names that pulls give are
// those that the parser gives for the object types of events.
func TestTrapOneRecordOneName(t *testing.T) {
	readable := map[string]bool{}
	for _, o := range close.Definition().Pull.Objects {
		readable[o.Name] = true
		changes, err := parse(bodyOf(t, write(o.Name, "created", "x_1")))
		if err != nil || changes[0].Object != o.Name {
			t.Errorf("%s is %+v in events, %v", o.Name, changes, err)
		}
	}
	for _, subtype := range []string{"lead", "incoming_email", "email_followup", "missed_call", "answered_detached_call", "voicemail", "opportunity_due", "incoming_sms", "outbound_call"} {
		changes, err := parse(bodyOf(t, write("task."+subtype, "created", "task_1")))
		if err != nil || changes[0].Object != "task" {
			t.Errorf("task.%s is %+v, %v", subtype, changes, err)
		}
	}
	d := close.Definition()
	if d.Pull.Revision != d.Webhook.Parser {
		t.Errorf("the revisions are %d and %d", d.Pull.Revision, d.Webhook.Parser)
	}
	for _, p := range subscribedPairs(t) {
		changes, err := parse(bodyOf(t, write(p[0], "created", "x_1")))
		if err != nil || !readable[changes[0].Object] {
			t.Errorf("%s is subscribed to and cannot be read", p[0])
		}
	}
}

// TestTrapOneStateOneContent: what Close shows of one state differs by the way it is asked; the content of the record
// does not.
func TestTrapOneStateOneContent(t *testing.T) {
	const dates = `"date_created":"2026-01-01T00:00:00+00:00","date_updated":"2026-01-02T00:00:00.000000+00:00"`
	for object, ways := range map[string][]string{
		"lead": {
			`{"id":"x","name":"N","addresses":[{"city":"Pune"}],"custom.cf_1":1,` + dates + `}`,
			`{"id":"x","name":"N","addresses":[{"city":"Pune","tz_ids":["Asia/Kolkata"]}],"custom.cf_1":1,"custom":{"Seats":1},"contacts":[{"id":"c"}],"opportunities":[],"tasks":[],
				"localtime":"2026-06-01T01:02:03","recent_calls":[],"summaries":[],"integration_links":[{"url":"u"}],"primary_email":null,"primary_phone":{"phone":"1"},
				"primary_address_summary":"Pune","contacts_summary":"c",` + dates + `}`,
			`{"__object_type":"lead","id":"x","name":"N","addresses":[{"city":"Pune"}],"custom":{"cf_1":1},` + dates + `}`,
			`{"id":"x","name":"N","addresses":[{"city":"Pune"}],"custom.cf_1":1,"custom":null,` + strings.ReplaceAll(dates, "+00:00", "") + `}`,
		},
		"contact": {
			`{"id":"x","phones":[{"phone":"+1"}],` + dates + `}`,
			`{"id":"x","phones":[{"phone":"+1","phone_formatted":"+ 1","tz_ids":[]}],"recent_calls":[],"subscriptions":[],"lead_suggestions_operation_id":"o","custom":{},` + dates + `}`,
		},
		"opportunity": {
			`{"id":"x","value":100,` + dates + `}`,
			`{"id":"x","value":100,"value_formatted":"$1","status_display_name":"W","lead_primary_email":null,"lead_primary_phone":null,"suggested_action":{},"stall_status":null,
				"is_stalled":true,"comment_summary":{"n":1},` + dates + `}`,
		},
		"task":          {`{"id":"x",` + dates + `}`, `{"id":"x","view":"inbox","is_new":true,"contact_name":"C",` + dates + `}`},
		"activity.call": {`{"id":"x",` + dates + `}`, `{"id":"x","recording_expires_at":"2026-07-01T00:00:00","recording_transcript":{},"local_phone_formatted":"1","remote_phone_formatted":"2",` + dates + `}`},
		"activity.email": {`{"id":"x","body_text":"b",` + dates + `}`,
			`{"id":"x","body_text":"b","body_text_quoted":[{"text":"b"}],"need_smtp_credentials":true,` + dates + `}`},
		"activity.email_thread": {`{"id":"x","n_emails":1,` + dates + `}`, `{"id":"x","n_emails":1,"emails":[{}],` + dates + `}`},
		"activity.meeting":      {`{"id":"x","title":"T",` + dates + `}`, `{"id":"x","title":"T","transcripts":[],` + dates + `}`},
		"pipeline":              {`{"id":"x","statuses":[],` + dates + `}`, `{"id":"x","statuses":[],` + strings.ReplaceAll(dates, "+00:00", "") + `}`},
	} {
		want, err := record.ParseFields([]byte(ways[0]))
		if err != nil {
			t.Fatal(err)
		}
		for i, way := range ways {
			e := with(write(object, "updated", "x"), "data", json.RawMessage(way))
			posted, err := parse(bodyOf(t, e))
			if err != nil {
				t.Fatal(err)
			}
			c := &client{t: t, now: begin, answer: func(connector.Request) (int, any) {
				return 200, `{"data":[` + way + `],"has_more":false,"cursor":null}`
			}}
			read, err := close.Definition().Pull.Page(t.Context(), c, connector.PageRequest{Object: object, Scope: all(), Now: begin})
			if err != nil || len(read.Changes) != 1 {
				t.Fatalf("%s: %+v, %v", object, read, err)
			}
			for how, got := range map[string]record.Change{"posted": posted[0], "read": read.Changes[0]} {
				if string(got.Fields.Canonical()) != string(want.Canonical()) {
					t.Errorf("%s, way %d, %s: got %s, want %s", object, i, how, got.Fields.Canonical(), want.Canonical())
				}
				if got.Version != read.Changes[0].Version || got.ID != "x" {
					t.Errorf("%s, way %d, %s: got %s of %s", object, i, how, got.ID, got.Version)
				}
			}
		}
	}
}

func TestTrapCustomByName(t *testing.T) {
	for in, want := range map[string]string{
		`"custom":{"Owner":"u"},"custom.cf_1":"u"`:          `"custom.cf_1":"u"`,
		`"custom":{"cf_1":"u","cf_2":[1.10]}`:               `"custom.cf_1":"u","custom.cf_2":[1.10]`,
		`"custom":{"lcf_1":"u","Old":1},"custom.lcf_1":"v"`: `"custom.lcf_1":"v"`,
		`"custom":{}`:                 ``,
		`"custom":null`:               ``,
		`"custom":{"Owner":"u"}`:      `"custom":{"Owner":"u"}`, // all that is said of it
		`"custom":"text"`:             `"custom":"text"`,
		`"custom.cf_1.add":[1]`:       `"custom.cf_1.add":[1]`,
		`"custom":[],"custom.cf_1":1`: `"custom":[],"custom.cf_1":1`,
	} {
		data := func(x string) string {
			if x != "" {
				x = "," + x
			}
			return `{"id":"x","date_updated":"2026-01-01T00:00:00+00:00"` + x + `}`
		}
		got, err := parse(bodyOf(t, with(write("lead", "updated", "x"), "data", json.RawMessage(data(in)))))
		if err != nil {
			t.Fatal(err)
		}
		wanted, err := record.ParseFields([]byte(data(want)))
		if err != nil {
			t.Fatal(err)
		}
		if string(got[0].Fields.Canonical()) != string(wanted.Canonical()) {
			t.Errorf("%s: got %s", in, got[0].Fields.Canonical())
		}
	}
}

// hooks is the part of Close that keeps subscriptions.
type hooks struct {
	taken  int
	one    object
	bodies []string
}

func (h *hooks) serve(r connector.Request) (int, any) {
	if r.Body != nil {
		h.bodies = append(h.bodies, string(r.Body.(json.RawMessage)))
	}
	switch {
	case r.Method == "POST" && h.taken >= 40:
		return 400, `{"error":"Cannot have more subscriptions."}`
	case r.Method == "POST":
		return 201, h.one
	case r.Path == "/webhook/":
		all := []any{with(h.one, "signature_key", drop)}
		for range h.taken {
			all = append(all, object{"id": "whsub_other", "url": "https://other.example"})
		}
		return 200, object{"data": all, "has_more": false}
	case r.Path != "/webhook/whsub_1/":
		return 404, `{"error":"Not found"}`
	}
	return 200, with(h.one, "signature_key", drop)
}

const hookURL = "https://in.example/hooks/secret"

func subscribedPairs(t *testing.T) [][2]string {
	t.Helper()
	h := &hooks{one: object{"id": "whsub_1", "signature_key": "00"}}
	if _, err := close.Definition().Subscription.Create(t.Context(), &client{t: t, now: begin, answer: h.serve}, hookURL); err != nil {
		t.Fatal(err)
	}
	var sent struct {
		URL    string `json:"url"`
		Verify bool   `json:"verify_ssl"`
		Events []struct {
			Object string `json:"object_type"`
			Action string `json:"action"`
		} `json:"events"`
	}
	if err := json.Unmarshal([]byte(h.bodies[0]), &sent); err != nil || sent.URL != hookURL || !sent.Verify {
		t.Fatalf("got %s, %v", h.bodies[0], err)
	}
	var pairs [][2]string
	for _, e := range sent.Events {
		pairs = append(pairs, [2]string{e.Object, e.Action})
	}
	return pairs
}

func whole(t *testing.T) []any {
	t.Helper()
	var events []any
	for _, p := range subscribedPairs(t) {
		events = append(events, object{"object_type": p[0], "action": p[1], "extra_filter": nil})
	}
	return events
}

func TestTrapSigningKeyIsToldOnce(t *testing.T) {
	s := close.Definition().Subscription
	h := &hooks{one: object{"id": "whsub_1", "signature_key": "058bfb6a"}}
	c := &client{t: t, now: begin, answer: h.serve}
	if got, err := s.Create(t.Context(), c, hookURL); err != nil || got.ID != "whsub_1" || got.SigningKey != "058bfb6a" {
		t.Errorf("got %+v, %v", got, err)
	}
	h.one = object{"id": "whsub_1"}
	if got, err := s.Create(t.Context(), c, hookURL); err == nil {
		t.Errorf("got %+v without a key", got)
	}
}

func TestTrapFortySubscriptions(t *testing.T) {
	h := &hooks{taken: 40, one: object{"id": "whsub_1"}}
	_, err := close.Definition().Subscription.Create(t.Context(), &client{t: t, now: begin, answer: h.serve}, hookURL)
	if f := fault.Of(err); f == nil || f.Kind != fault.Invalid || f.Code != "too_many_subscriptions" || !strings.Contains(f.Message, "40") {
		t.Errorf("got %v", err)
	}
	refusing := func(r connector.Request) (int, any) {
		if r.Method == "GET" {
			return 200, `{"data":[]}`
		}
		return 400, `{"field-errors":{"url":"Not a URL."}}`
	}
	_, err = close.Definition().Subscription.Create(t.Context(), &client{t: t, now: begin, answer: refusing}, "x")
	if f := fault.Of(err); f == nil || f.Code == "too_many_subscriptions" || !strings.Contains(f.Message, "Not a URL.") {
		t.Errorf("got %v", err)
	}
}

func TestTrapPausedSubscription(t *testing.T) {
	s := close.Definition().Subscription
	healthy := object{"id": "whsub_1", "url": hookURL, "status": "active", "health_status": "healthy", "latest_error": nil, "pause_reason": nil,
		"recent_consecutive_fail_buckets_cnt": 0, "events": whole(t)}
	few := whole(t)[1:]
	filtered := append([]any{with(whole(t)[0].(object), "extra_filter", object{"type": "is_null"})}, few...)
	for name, c := range map[string]struct {
		one     object
		want    connector.SubscriptionState
		problem string
	}{
		"healthy":              {one: healthy, want: connector.SubscriptionState{ID: "whsub_1", Active: true}},
		"health not told":      {one: with(healthy, "health_status", nil), want: connector.SubscriptionState{ID: "whsub_1", Active: true}},
		"paused":               {one: with(healthy, "status", "paused", "pause_reason", "backlog", "latest_error", "HTTPError, Status code: 503"), want: connector.SubscriptionState{ID: "whsub_1"}, problem: "The subscription is paused. Reason: backlog. Latest error: HTTPError, Status code: 503."},
		"failing":              {one: with(healthy, "recent_consecutive_fail_buckets_cnt", 3), want: connector.SubscriptionState{ID: "whsub_1", Active: true}, problem: "Deliveries fail; Close pauses the subscription if that goes on for three days."},
		"an event is missing":  {one: with(healthy, "events", few), want: connector.SubscriptionState{ID: "whsub_1", Active: true, Incomplete: true}},
		"an event is filtered": {one: with(healthy, "events", filtered), want: connector.SubscriptionState{ID: "whsub_1", Active: true, Incomplete: true}},
		"more than we want":    {one: with(healthy, "events", append(whole(t), object{"object_type": "x", "action": "y"})), want: connector.SubscriptionState{ID: "whsub_1", Active: true}},
	} {
		h := &hooks{one: c.one}
		cl := &client{t: t, now: begin, answer: h.serve}
		c.want.Problem = c.problem
		if got, err := s.Check(t.Context(), cl, "whsub_1"); err != nil || got != c.want {
			t.Errorf("%s: got %+v, %v", name, got, err)
		}
		if got, err := s.Find(t.Context(), cl, hookURL); err != nil || len(got) != 1 || got[0] != c.want {
			t.Errorf("%s: found %+v, %v", name, got, err)
		}
	}
	h := &hooks{one: healthy, taken: 3}
	c := &client{t: t, now: begin, answer: h.serve}
	if got, err := s.Find(t.Context(), c, "https://elsewhere.example"); err != nil || len(got) != 0 {
		t.Errorf("got %+v, %v", got, err)
	}
	if err := s.Mend(t.Context(), c, "whsub_1", hookURL); err != nil || !strings.Contains(h.bodies[0], `"status":"active"`) || !strings.Contains(h.bodies[0], `"url":"`+hookURL) || !strings.Contains(h.bodies[0], `"merged"`) {
		t.Errorf("got %v, %v", h.bodies, err)
	}
	for what, err := range map[string]error{"check": second(s.Check(t.Context(), c, "whsub_9")), "mend": s.Mend(t.Context(), c, "whsub_9", hookURL), "delete": s.Delete(t.Context(), c, "whsub_9")} {
		if !fault.Is(err, fault.NotFound) {
			t.Errorf("%s of one that is gone: %v", what, err)
		}
	}
	if err := s.Delete(t.Context(), c, "whsub_1"); err != nil {
		t.Error(err)
	}
}

func second[T any](_ T, err error) error { return err }

// TestTrapNoisyUpdates: what no list can be asked for must be subscribed to, noisy or not; what is not copied is not.
func TestTrapNoisyUpdates(t *testing.T) {
	pairs := map[[2]string]int{}
	for _, p := range subscribedPairs(t) {
		pairs[p]++
	}
	for _, o := range []string{"activity.call", "activity.email", "activity.sms", "activity.note", "activity.meeting", "activity.custom_activity"} {
		for _, action := range []string{"created", "updated", "deleted"} {
			if pairs[[2]string{o, action}] != 1 {
				t.Errorf("%s %s is subscribed to %d times", o, action, pairs[[2]string{o, action}])
			}
		}
	}
	for _, p := range [][2]string{{"lead", "merged"}, {"task.lead", "completed"}, {"activity.call", "completed"}, {"membership", "deactivated"}, {"status.lead", "updated"}} {
		if pairs[p] != 1 {
			t.Errorf("%v is subscribed to %d times", p, pairs[p])
		}
	}
	for p, n := range pairs {
		if n != 1 || strings.HasPrefix(p[0], "bulk_action") || strings.HasPrefix(p[0], "export") {
			t.Errorf("%v is subscribed to %d times", p, n)
		}
	}
}

func touched(t *testing.T, e object) string {
	t.Helper()
	return fmt.Sprint(close.Definition().Webhook.Touched([]byte(bodyOf(t, e))))
}

func TestTrapMergeTouchesChildren(t *testing.T) {
	meta := object{"merge_source_lead_id": "lead_a", "merge_destination_lead_id": "lead_b"}
	for name, c := range map[string]struct {
		event object
		want  string
	}{
		"merged":                     {with(write("lead", "merged", "lead_b"), "meta", meta), "[{  lead_a} {  lead_b}]"},
		"merged, without its record": {with(write("lead", "merged", "lead_b"), "meta", meta, "data", nil), "[{  lead_a} {  lead_b} {lead lead_b }]"},
		"merged, nobody knows what":  {write("lead", "merged", "lead_b"), "[{  lead_b}]"},
		"the source is deleted":      {with(removal("lead", "lead_a"), "meta", meta), "[{  lead_a} {  lead_b}]"},
		"a lead is deleted":          {removal("lead", "lead_c"), "[{  lead_c}]"},
		"a lead is written":          {write("lead", "updated", "lead_c"), "[]"},
		"a contact is deleted":       {removal("contact", "cont_1"), "[]"},
		"a call without its record":  {with(write("activity.call", "updated", "acti_1"), "data", nil), "[{activity.call acti_1 }]"},
		"a note of old":              {with(write("note", "updated", "acti_1"), "data", object{}), "[{activity.note acti_1 }]"},
		"a task without its record":  {with(write("task.lead", "completed", "task_1"), "data", nil), "[{task task_1 }]"},
		"what cannot be read":        {with(write("saved_search", "updated", "save_1"), "data", nil), "[]"},
		"a membership":               {write("membership", "activated", "memb_1"), "[{membership memb_1 }]"},
		"a group":                    {write("group", "updated", "group_1"), "[{group group_1 }]"},
		"nothing named":              {with(write("lead", "updated", ""), "data", nil), "[]"},
	} {
		if got := touched(t, c.event); got != c.want {
			t.Errorf("%s: got %s, want %s", name, got, c.want)
		}
	}
	for _, body := range []string{"", "null", "{}", `{"event":1}`, `{"event":{"object_type":"lead"}}`} {
		if got := close.Definition().Webhook.Touched([]byte(body)); got != nil {
			t.Errorf("%q: got %v", body, got)
		}
	}
}
