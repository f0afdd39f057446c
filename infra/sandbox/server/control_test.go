package server_test

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"leadline/infra/sandbox/crm"
	"leadline/infra/sandbox/server"
)

func TestFaults(t *testing.T) {
	s := start(t, server.Options{})
	s.ask(http.StatusOK, "POST", "/_sandbox/faults", `{"method":"GET","path":"/api/v1/lead/","after":1,"times":2,"status":503,"retry_after":7}`)
	var got []int
	for range 5 {
		r := s.send("GET", "~lead/?_limit=1", nil)
		if r.StatusCode == 503 && r.Header.Get("retry-after") != "7" {
			t.Errorf("retry-after is %q", r.Header.Get("retry-after"))
		}
		got = append(got, r.StatusCode)
	}
	if want := "[200,503,503,200,200]"; itoas(got) != want {
		t.Errorf("%s, want %s", itoas(got), want)
	}
	s.AddFault(server.Fault{Path: "/api/v1/", Times: -1, Status: 502})
	for range 3 {
		if r := s.send("GET", "~me/", nil); r.StatusCode != 502 {
			t.Errorf("%d, want 502", r.StatusCode)
		}
	}
	s.ask(http.StatusOK, "DELETE", "/_sandbox/faults", nil)
	s.get("~me/")
	s.AddFault(server.Fault{Method: "POST", Kind: "lost", Status: 502})
	if r := s.send("POST", "~lead/", `{"name":"Made all the same"}`); r.StatusCode != 502 {
		t.Errorf("%d, want 502", r.StatusCode)
	}
	if text(rows(s.get("~lead/?_limit=1"))[0], "name") != "Made all the same" {
		t.Error("the request whose answer was lost was not done")
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
	defer cancel()
	s.AddFault(server.Fault{Kind: "timeout", Delay: 60_000})
	w := httptest.NewRecorder()
	s.ServeHTTP(w, httptest.NewRequest("GET", "/api/v1/me/", nil).WithContext(ctx))
	if w.Code != http.StatusGatewayTimeout {
		t.Errorf("a time-out is answered %d", w.Code)
	}
}

func itoas(v []int) string {
	text, _ := json.Marshal(v)
	return string(text)
}

func TestAnAnswerIsCut(t *testing.T) {
	s := start(t, server.Options{})
	over := httptest.NewServer(s)
	defer over.Close()
	s.AddFault(server.Fault{Kind: "cut"})
	r, err := http.NewRequest("GET", over.URL+"/api/v1/lead/", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.SetBasicAuth(server.AdminKey, "")
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	if body, err := io.ReadAll(response.Body); err != io.ErrUnexpectedEOF || response.StatusCode != http.StatusOK || len(body) == 0 {
		t.Errorf("%d with %d bytes: %v", response.StatusCode, len(body), err)
	}
}

// TestContentsAreWhatIsRead compares the contents with what a search and a list give.
func TestContentsAreWhatIsRead(t *testing.T) {
	s := start(t, server.Options{Options: crm.Options{Records: 4000}})
	s.ask(http.StatusOK, "POST", "/_sandbox/change", `{"action":"touch","object":"lead","count":20}`)
	contents := func(query string) map[string]string {
		all := map[string]string{}
		lines := bufio.NewScanner(s.send("GET", "/_sandbox/contents?"+query, nil).Body)
		lines.Buffer(nil, 1<<22)
		for lines.Scan() {
			var one struct {
				ID, Hash string
				Updated  string `json:"date_updated"`
			}
			if err := json.Unmarshal(lines.Bytes(), &one); err != nil || one.Updated == "" {
				t.Fatalf("%v in %s", err, lines.Text())
			}
			all[one.ID] = one.Hash
		}
		return all
	}
	compare := func(want map[string]string, got []map[string]any) {
		t.Helper()
		if len(want) != len(got) || len(got) == 0 {
			t.Errorf("%d of %d", len(got), len(want))
		}
		for _, r := range got {
			delete(r, "__object_type")
			raw, err := json.Marshal(r)
			if err != nil {
				t.Fatal(err)
			}
			hash, err := server.Hash(raw)
			if err != nil || hash != want[text(r, "id")] {
				t.Fatalf("%s: %s, want %s, %v", text(r, "id"), hash, want[text(r, "id")], err)
			}
		}
	}
	compare(contents("object=lead&fields=id,name,date_updated,custom"), s.find(search("lead", map[string]any{"_fields": map[string]any{"lead": []string{"id", "name", "date_updated", "custom"}}})))
	compare(contents("object=activity.email"), s.pages("~activity/email/"))
	compare(contents("object=opportunity"), s.pages("~opportunity/"))
	compare(contents("object=task"), s.pages("~task/?_type=all"))
	if a, b := contents("object=lead&fields=id,name"), contents("object=lead&fields=id,url"); a[firstKey(a)] == b[firstKey(a)] {
		t.Error("other fields have the same hash")
	}
}

func firstKey(m map[string]string) string {
	for k := range m {
		return k
	}
	return ""
}

func TestControlledChanges(t *testing.T) {
	s := start(t, server.Options{})
	change := func(body string) []any {
		t.Helper()
		ids, _ := s.ask(http.StatusOK, "POST", "/_sandbox/change", body)["ids"].([]any)
		return ids
	}
	count := func(object string) string {
		return s.ask(http.StatusOK, "GET", "/_sandbox/counts", nil)[object].(json.Number).String()
	}
	won := change(`{"action":"win","count":3}`)
	for _, id := range won {
		if o := s.get("~opportunity/" + id.(string) + "/"); text(o, "status_type") != "won" || text(o, "date_won") == "" {
			t.Errorf("%v is %v", id, o["status_type"])
		}
	}
	if len(won) != 3 {
		t.Errorf("%d deals won", len(won))
	}
	before := count("lead")
	made := change(`{"action":"create","object":"lead","fields":{"name":"X"},"count":2}`)
	change(`{"action":"delete","id":"` + made[0].(string) + `"}`)
	change(`{"action":"merge","id":"` + made[1].(string) + `","into":"` + text(rows(s.get("~lead/?_limit=1&_skip=9"))[0], "id") + `"}`)
	if count("lead") != before {
		t.Errorf("%s leads, want %s", count("lead"), before)
	}
	events := len(rows(s.get("~event/")))
	silent := change(`{"action":"update","object":"contact","fields":{"title":"Quiet"},"count":4,"silent":true}`)
	s.ask(http.StatusOK, "POST", "/_sandbox/bulk", `{"leads":10,"events":false}`)
	if got := len(rows(s.get("~event/"))); got != events {
		t.Errorf("%d events came of silent changes", got-events)
	}
	if c := s.get("~contact/" + silent[0].(string) + "/"); text(c, "title") != "Quiet" {
		t.Errorf("the title is %q", text(c, "title"))
	}
	s.ask(http.StatusOK, "POST", "/_sandbox/bulk", `{"leads":2,"events":true}`)
	if got := len(rows(s.get("~event/"))); got == events {
		t.Error("a bulk import with events made none")
	}
	for _, body := range []string{`{"action":"dance","object":"lead"}`, `{"action":"update","object":"unicorn"}`, `{"action":"touch","id":"lead_x"}`, `{"verb":"touch"}`} {
		s.ask(http.StatusBadRequest, "POST", "/_sandbox/change", body)
	}
	s.ask(http.StatusBadRequest, "POST", "/_sandbox/explode", `{}`)
}

func TestRequestsAreRemembered(t *testing.T) {
	s := start(t, server.Options{RPS: 1, Window: time.Second})
	s.get("~lead/?_limit=3")
	s.send("GET", "~lead/", nil)
	s.key = server.ManagerKey
	s.ask(http.StatusOK, "POST", "~data/search/", search("lead", nil))
	all := s.Requests()
	if len(all) != 3 || all[0].Query != "_limit=3" || all[0].Status != 200 || all[0].Key != "api_sandboxadmin" || all[1].Status != 429 ||
		all[2].Key != "api_sandboxmanager" || !strings.Contains(all[2].Body, "object_type") {
		t.Errorf("%+v", all)
	}
	for _, r := range all {
		if strings.Contains(r.Key, ".") {
			t.Error("a whole key is remembered")
		}
	}
	s.ForgetRequests()
	if len(s.Requests()) != 0 || len(s.Counts()) != 0 {
		t.Error("they are not forgotten")
	}
}

func TestTheClockCanBeWrong(t *testing.T) {
	s := start(t, server.Options{})
	s.ask(http.StatusOK, "POST", "/_sandbox/clock", `{"skew":"-2h"}`)
	l := s.ask(http.StatusOK, "POST", "~lead/", `{"name":"x"}`)
	if text(l, "date_created") != "2026-03-04T07:30:00.000000+00:00" {
		t.Errorf("made at %s", text(l, "date_created"))
	}
}

func TestInfoAndHelp(t *testing.T) {
	s := start(t, server.Options{})
	info := s.ask(http.StatusOK, "GET", "/_sandbox/info", nil)
	if len(info["users"].([]any)) != 18 || len(info["keys"].(map[string]any)) != 3 {
		t.Errorf("%v", info)
	}
	help := s.ask(http.StatusOK, "GET", "/_sandbox/", nil)
	for what := range help { // what is listed is known, whatever it says to an empty request
		method, path, _ := strings.Cut(what, " ")
		if method != "GET" && path != "webhooks/deliver" {
			continue
		}
		if r := s.send(method, "/_sandbox/"+path+"?object=lead", `{}`); r.StatusCode != http.StatusOK {
			t.Errorf("%s: %d", what, r.StatusCode)
		}
	}
}
