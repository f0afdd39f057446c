package server_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"leadline/infra/sandbox/crm"
	"leadline/infra/sandbox/server"
)

// receiver answers webhooks in memory.
type receiver struct {
	mu     sync.Mutex
	key    string
	status int
	bad    int
	events []map[string]any
	raw    []string
}

func (r *receiver) RoundTrip(q *http.Request) (*http.Response, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	body, err := io.ReadAll(q.Body)
	if err != nil {
		return nil, err
	}
	key, err := hex.DecodeString(r.key)
	h := hmac.New(sha256.New, key)
	h.Write([]byte(q.Header.Get("close-sig-timestamp")))
	h.Write(body)
	if err != nil || hex.EncodeToString(h.Sum(nil)) != q.Header.Get("close-sig-hash") {
		r.bad++
	}
	var in struct {
		Event map[string]any `json:"event"`
	}
	if json.Unmarshal(body, &in) != nil {
		r.bad++
	}
	r.raw = append(r.raw, string(body))
	if r.status == 200 {
		r.events = append(r.events, in.Event)
	}
	return &http.Response{StatusCode: r.status, Body: http.NoBody, Header: http.Header{}}, nil
}

func (r *receiver) actions() []string {
	var all []string
	for _, e := range r.events {
		all = append(all, text(e, "object_type")+" "+text(e, "action"))
	}
	slices.Sort(all)
	return all
}

// subscribed is a sandbox with a subscription to everything about leads, opportunities and tasks.
func subscribed(t *testing.T, o server.Options) (*sandbox, *receiver, string) {
	t.Helper()
	r := &receiver{status: 200}
	o.Webhooks.Client = &http.Client{Transport: r}
	s := start(t, o)
	var events []any
	for _, object := range []string{"lead", "opportunity", "task.lead", "contact"} {
		for _, action := range []string{"created", "updated", "deleted"} {
			events = append(events, map[string]any{"object_type": object, "action": action})
		}
	}
	events = append(events, map[string]any{"object_type": "lead", "action": "merged"}, map[string]any{"object_type": "task.lead", "action": "completed"})
	sub := s.ask(http.StatusCreated, "POST", "~webhook/", map[string]any{"url": "https://receiver.example/hook", "events": events})
	r.key = text(sub, "signature_key")
	if len(r.key) != 64 || text(sub, "status") != "active" {
		t.Fatalf("the subscription is %v", sub)
	}
	return s, r, text(sub, "id")
}

func TestWebhooks(t *testing.T) {
	s, r, id := subscribed(t, server.Options{Options: crm.Options{Consolidation: 10 * time.Second}})
	ctx := context.Background()
	lead := text(s.ask(http.StatusOK, "POST", "~lead/", `{"name":"New"}`), "id")
	s.Deliver(ctx)
	if got := r.actions(); !slices.Equal(got, []string{"lead created"}) {
		t.Fatalf("at once came %v", got)
	}
	if e := r.events[0]; strings.HasSuffix(text(e, "date_updated"), "+00:00") || text(e, "object_id") != lead || e["data"].(map[string]any)["id"] != lead || text(e, "api_key_id") != "api_sandboxadmin" {
		t.Errorf("the event is %v", e)
	}
	for i := range 3 { // gathered in one event
		s.clock.add(2 * time.Second)
		s.ask(http.StatusOK, "PUT", "~lead/"+lead+"/", map[string]any{"description": itoa(i)})
	}
	s.Deliver(ctx)
	if len(r.events) != 1 {
		t.Errorf("changes came before their time: %v", r.actions())
	}
	s.clock.add(6 * time.Second)
	s.Deliver(ctx)
	first := r.events[1]
	if len(r.events) != 2 || first["data"].(map[string]any)["description"] != "2" || first["previous_data"].(map[string]any)["description"] != "" {
		t.Fatalf("the gathered change is %v", r.raw[1:])
	}
	s.ask(http.StatusOK, "PUT", "~lead/"+lead+"/", `{"description":"later"}`)
	s.clock.add(10 * time.Second)
	s.Deliver(ctx)
	if again := r.events[2]; again["id"] != first["id"] || text(again, "date_updated") <= text(first, "date_updated") {
		t.Errorf("a change that followed came as %v of %v", again["id"], again["date_updated"])
	}
	s.ask(http.StatusOK, "DELETE", "~lead/"+lead+"/", nil)
	s.clock.add(10 * time.Second)
	s.Deliver(ctx)
	gone := r.events[3]
	if len(gone["data"].(map[string]any)) != 0 || gone["previous_data"].(map[string]any)["id"] != lead {
		t.Errorf("the deletion is %v", gone)
	}
	if r.bad != 0 {
		t.Errorf("%d deliveries with a wrong signature", r.bad)
	}
	if sub := s.get("~webhook/" + id + "/"); text(sub, "health_status") != "healthy" {
		t.Errorf("the subscription is %v", sub)
	}
}

func TestWebhooksComeInNoOrder(t *testing.T) {
	s, r, _ := subscribed(t, server.Options{})
	for i := range 30 {
		s.ask(http.StatusOK, "POST", "~lead/", map[string]any{"name": itoa(i)})
	}
	s.Deliver(context.Background())
	var dates []string
	for _, e := range r.events {
		dates = append(dates, text(e, "date_updated"))
	}
	if len(dates) != 30 || slices.IsSorted(dates) {
		t.Errorf("%d webhooks, sorted: %t", len(dates), slices.IsSorted(dates))
	}
	if late := slices.Sorted(slices.Values(dates))[20]; slices.Max(dates[:8]) < late { // more than what goes out at once does
		t.Error("none of the last events came early")
	}
	s, r, _ = subscribed(t, server.Options{Webhooks: server.Webhooks{Ordered: true}})
	for i := range 30 {
		s.ask(http.StatusOK, "POST", "~lead/", map[string]any{"name": itoa(i)})
	}
	s.Deliver(context.Background())
	if !slices.IsSortedFunc(r.events, func(a, b map[string]any) int {
		return strings.Compare(text(a, "date_updated"), text(b, "date_updated"))
	}) {
		t.Error("in order they do not come in order")
	}
}

func TestWebhooksAreTriedAgainAndPaused(t *testing.T) {
	s, r, id := subscribed(t, server.Options{Webhooks: server.Webhooks{Retry: time.Second, PauseFailures: 4}})
	ctx := context.Background()
	r.status = 503
	s.ask(http.StatusOK, "POST", "~lead/", `{"name":"New"}`)
	for i, wait := range []time.Duration{0, time.Second, 2 * time.Second} {
		if wait > 0 {
			s.clock.add(wait - time.Millisecond)
			if s.Deliver(ctx) != 0 {
				t.Errorf("try %d came too early", i)
			}
		}
		s.clock.add(time.Millisecond)
		if s.Deliver(ctx) != 1 {
			t.Errorf("try %d did not come", i)
		}
	}
	if sub := s.get("~webhook/" + id + "/"); text(sub, "status") != "active" || text(sub, "latest_error") != "Exception name: HTTPError, Status code: 503" {
		t.Errorf("after three failures it is %v", sub)
	}
	s.clock.add(time.Hour)
	s.Deliver(ctx)
	if sub := s.get("~webhook/" + id + "/"); text(sub, "status") != "paused" || text(sub, "pause_reason") == "" || s.Waiting() != 0 {
		t.Errorf("after four failures it is %v, %d wait", sub, s.Waiting())
	}
	r.status = 200
	s.ask(http.StatusOK, "POST", "~lead/", `{"name":"Lost"}`)
	s.ask(http.StatusOK, "PUT", "~webhook/"+id+"/", `{"status":"active"}`)
	s.Deliver(ctx)
	if len(r.events) != 0 {
		t.Error("what happened in the pause was delivered")
	}
	s.ask(http.StatusOK, "POST", "~lead/", `{"name":"Later"}`)
	s.Deliver(ctx)
	if len(r.events) != 1 {
		t.Error("nothing comes after the pause")
	}
}

func TestTheLongestBacklog(t *testing.T) {
	s, _, id := subscribed(t, server.Options{Webhooks: server.Webhooks{Backlog: 5}})
	for range 5 {
		s.ask(http.StatusOK, "POST", "~lead/", `{"name":"New"}`)
	}
	if sub := s.get("~webhook/" + id + "/"); text(sub, "status") != "active" {
		t.Errorf("paused with 5 waiting: %v", sub)
	}
	s.ask(http.StatusOK, "POST", "~lead/", `{"name":"New"}`)
	if sub := s.get("~webhook/" + id + "/"); text(sub, "status") != "paused" || s.Waiting() != 0 {
		t.Errorf("with 6 waiting it is %v", sub)
	}
}

func TestWebhooksGetLost(t *testing.T) {
	s, r, _ := subscribed(t, server.Options{})
	s.ask(http.StatusOK, "POST", "/_sandbox/webhooks", `{"drop":0.5,"double":0.2}`)
	for range 200 {
		s.ask(http.StatusOK, "POST", "~lead/", `{"name":"New"}`)
	}
	s.Deliver(context.Background())
	ids := map[string]int{}
	for _, e := range r.events {
		ids[text(e, "id")]++
	}
	if len(ids) < 60 || len(ids) > 140 || len(r.events) == len(ids) {
		t.Errorf("%d of 200 came, in %d deliveries", len(ids), len(r.events))
	}
}

func TestSubscriptionsAreChecked(t *testing.T) {
	s := start(t, server.Options{})
	lead := `[{"object_type":"lead","action":"created"}]`
	for _, body := range []string{`{}`, `{"url":"https://x.example/"}`, `{"events":` + lead + `}`, `{"url":"x","events":` + lead + `}`, `{"url":"https://x.example/","events":[]}`,
		`{"url":"https://x.example/","events":` + lead + `,"name":"x"}`, `{"url":"https://x.example/","events":[{"object_type":"lead","action":"won"}]}`,
		`{"url":"https://x.example/","events":[{"object_type":"task.vacation","action":"created"}]}`,
		`{"url":"https://x.example/","events":[{"object_type":"lead","action":"created","extra_filter":{"type":"like","value":1}}]}`} {
		s.ask(http.StatusBadRequest, "POST", "~webhook/", body)
	}
	for range 40 {
		s.ask(http.StatusCreated, "POST", "~webhook/", `{"url":"https://x.example/","events":`+lead+`}`)
	}
	s.ask(http.StatusBadRequest, "POST", "~webhook/", `{"url":"https://x.example/","events":`+lead+`}`)
	all := rows(s.get("~webhook/"))
	if len(all) != 40 || all[0]["signature_key"] != nil {
		t.Errorf("%d subscriptions, a key in the list: %v", len(all), all[0]["signature_key"])
	}
	s.key = server.RepKey
	s.ask(http.StatusForbidden, "DELETE", "~webhook/"+text(all[0], "id")+"/", nil)
	s.key = server.AdminKey
	s.ask(http.StatusOK, "DELETE", "~webhook/"+text(all[0], "id")+"/", nil)
	s.ask(http.StatusNotFound, "GET", "~webhook/"+text(all[0], "id")+"/", nil)
}

func TestExtraFilters(t *testing.T) {
	for filter, want := range map[string]int{
		`null`: 2,
		`{"type":"field_accessor","field":"data","filter":{"type":"field_accessor","field":"name","filter":{"type":"equals","value":"A"}}}`:                                1,
		`{"type":"field_accessor","field":"data","filter":{"type":"field_accessor","field":"name","filter":{"type":"not_equals","value":"A"}}}`:                            1,
		`{"type":"field_accessor","field":"data","filter":{"type":"field_accessor","field":"url","filter":{"type":"non_null"}}}`:                                           0,
		`{"type":"not","filter":{"type":"field_accessor","field":"data","filter":{"type":"field_accessor","field":"url","filter":{"type":"non_null"}}}}`:                   2,
		`{"type":"or","filters":[{"type":"field_accessor","field":"action","filter":{"type":"equals","value":"created"}},{"type":"is_null"}]}`:                             2,
		`{"type":"and","filters":[{"type":"field_accessor","field":"action","filter":{"type":"equals","value":"created"}},{"type":"is_null"}]}`:                            0,
		`{"type":"field_accessor","field":"changed_fields","filter":{"type":"contains","value":"name"}}`:                                                                   0,
		`{"type":"field_accessor","field":"data","filter":{"type":"field_accessor","field":"addresses","filter":{"type":"any_array_value","filter":{"type":"non_null"}}}}`: 0,
	} {
		r := &receiver{status: 200}
		s := start(t, server.Options{Options: crm.Options{Records: 50}, Webhooks: server.Webhooks{Client: &http.Client{Transport: r}}})
		s.ask(http.StatusCreated, "POST", "~webhook/", `{"url":"https://x.example/","events":[{"object_type":"lead","action":"created","extra_filter":`+filter+`}]}`)
		s.ask(http.StatusOK, "POST", "~lead/", `{"name":"A"}`)
		s.ask(http.StatusOK, "POST", "~lead/", `{"name":"B"}`)
		s.Deliver(context.Background())
		if len(r.events) != want {
			t.Errorf("%s: %d of 2 events, want %d", filter, len(r.events), want)
		}
	}
}

func TestMergesAndTasksAreTold(t *testing.T) {
	s, r, _ := subscribed(t, server.Options{})
	two := rows(s.get("~lead/?_limit=2"))
	s.ask(http.StatusOK, "POST", "~lead/merge/", map[string]any{"source": two[0]["id"], "destination": two[1]["id"]})
	s.Deliver(context.Background())
	if got := r.actions(); !slices.Equal(got, []string{"lead deleted", "lead merged"}) {
		t.Errorf("a merge is told by %v", got)
	}
	for _, e := range r.events {
		meta := e["meta"].(map[string]any)
		if meta["merge_source_lead_id"] != two[0]["id"] || meta["merge_destination_lead_id"] != two[1]["id"] {
			t.Errorf("%v names %v", e["action"], meta)
		}
	}
	r.events = nil
	task := rows(s.get("~task/?is_complete=false&_limit=1"))[0]
	s.ask(http.StatusOK, "PUT", "~task/"+text(task, "id")+"/", `{"is_complete":true}`)
	s.Deliver(context.Background())
	if got := r.actions(); !slices.Equal(got, []string{"task.lead completed", "task.lead updated"}) {
		t.Errorf("a task that is done is told by %v", got)
	}
}
