package e2e_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// apiRecord and apiRevision are what the API shows, as far as the tests look at it.
type apiRecord struct {
	ID         string          `json:"id"`
	Rev        int64           `json:"rev"`
	Version    time.Time       `json:"version"`
	Deleted    bool            `json:"deleted"`
	MergedInto string          `json:"merged_into"`
	Contested  bool            `json:"contested"`
	Fields     json.RawMessage `json:"fields"`
}

type apiRevision struct {
	Rev      int64 `json:"rev"`
	FromRev  int64 `json:"from_rev"`
	Deleted  bool  `json:"deleted"`
	Repaired bool  `json:"repaired"`
	Source   struct {
		Kind   string `json:"kind"`
		Event  string `json:"event"`
		Action string `json:"action"`
	} `json:"source"`
	Changes []struct {
		Field string          `json:"field"`
		Old   json.RawMessage `json:"old"`
		New   json.RawMessage `json:"new"`
	} `json:"changes"`
}

type apiEntry struct {
	ID      string `json:"id"`
	Reason  string `json:"reason"`
	Detail  string `json:"detail"`
	Status  string `json:"status"`
	Replays int    `json:"replays"`
	Payload struct {
		Text string `json:"text"`
	} `json:"payload"`
}

// event is a Close event about a lead; marker ends up in the content, so that a grep of the logs can find it.
func event(id, action string, at time.Time, fields string) []byte {
	data := fmt.Sprintf(`{"id":%q,"date_updated":%q%s}`, id, at.UTC().Format("2006-01-02T15:04:05.000000+00:00"), fields)
	if action == "deleted" {
		data = "null"
	}
	return fmt.Appendf(nil, `{"subscription_id":"whsub_1","event":{"id":"ev_%s_%s","action":%q,"object_type":"lead","object_id":%q,
		"date_updated":%q,"data":%s,"previous_data":{},"meta":{}}}`, id, action, action, id, at.UTC().Format("2006-01-02T15:04:05.000000"), data)
}

const bodyMarker = "ThisMustNotBeLogged"

// TestSpine is one system seen from outside, from the first event to a restart.
func TestSpine(t *testing.T) {
	dir := t.TempDir()
	s := start(t, dir)
	t.Run("an event becomes a record with its history", s.testFirstEvent)
	t.Run("what means nothing is set aside and can be replayed", s.testQuarantine)
	t.Run("a body beyond the queue's message size comes through", s.testLargeBody)
	t.Run("bad requests are refused as problems", s.testRefusals)
	t.Run("another organization finds nothing", s.testOtherOrganization)
	t.Run("with relay down and up again history is complete", s.testRelayDown)
	t.Run("rotation and disabling", s.testRotation)
	t.Run("no log holds a secret or a body", s.testLogs)

	var before apiRecord
	if !s.get(t, s.recordPath("lead", "lead_first"), &before) {
		t.Fatal("the first record is gone")
	}
	s.stop(t)
	again := start(t, dir)
	if again.AdminKey != s.AdminKey || again.Organization != s.Organization || again.Close.SignatureKey != s.Close.SignatureKey {
		t.Fatal("a restart made another organization")
	}
	var after apiRecord
	if !again.get(t, again.recordPath("lead", "lead_first"), &after) || after.Rev != before.Rev {
		t.Fatalf("after a restart: got %+v, want %+v", after, before)
	}
	again.accept(t, event("lead_restarted", "created", time.Now(), ""))
	eventually(t, 30*time.Second, "an event after the restart is applied", func() bool {
		return again.get(t, again.recordPath("lead", "lead_restarted"), &after)
	})
}

func (s *system) testFirstEvent(t *testing.T) {
	at := time.Now().Add(-time.Minute)
	s.accept(t, event("lead_first", "created", at, `,"name":"`+bodyMarker+`","custom.cf_1":9007199254740993,"value":1.10`))
	s.accept(t, event("lead_first", "updated", at.Add(time.Second), `,"name":"Bluth","custom.cf_1":9007199254740993,"value":1.10`))
	s.accept(t, event("lead_first", "updated", at.Add(-time.Second), `,"name":"late and old"`))
	var r apiRecord
	eventually(t, 30*time.Second, "the record is there", func() bool {
		return s.get(t, s.recordPath("lead", "lead_first"), &r) && strings.Contains(string(r.Fields), "Bluth")
	})
	if !strings.Contains(string(r.Fields), `"custom.cf_1":9007199254740993`) || !strings.Contains(string(r.Fields), `"value":1.10`) {
		t.Fatalf("numbers changed: %s", r.Fields)
	}
	var rows []apiRevision
	eventually(t, 30*time.Second, "the history is there", func() bool {
		rows = list[apiRevision](t, s, s.recordPath("lead", "lead_first")+"/history")
		return len(rows) >= 1 && rows[0].Rev == r.Rev
	})
	if rows[0].Source.Kind != "webhook" || rows[0].Source.Event == "" || rows[len(rows)-1].FromRev != 0 {
		t.Fatalf("got %+v", rows)
	}
	s.accept(t, event("lead_first", "deleted", at.Add(2*time.Second), ""))
	eventually(t, 30*time.Second, "the record is a tombstone", func() bool {
		return s.get(t, s.recordPath("lead", "lead_first"), &r) && r.Deleted
	})
	if found := list[apiRecord](t, s, "/v1/connections/"+s.Close.Connection+"/objects/lead/records"); len(found) != 0 {
		t.Fatalf("a list shows the tombstone unasked: %+v", found)
	}
}

func (s *system) testQuarantine(t *testing.T) {
	future := time.Now().Add(6 * time.Minute)
	reasons := map[string]string{`{}`: "missing_event", `[]`: "not_an_object", `null`: "not_an_object", `"` + bodyMarker + `"`: "not_an_object",
		`{"event":{"action":"updated"}}`: "missing_object_type", string(event("lead_future", "created", future, "")): "future_version"}
	for body := range reasons {
		s.accept(t, []byte(body))
	}
	var entries []apiEntry
	eventually(t, 30*time.Second, "six entries are in quarantine", func() bool {
		entries = list[apiEntry](t, s, "/v1/quarantine")
		return len(entries) == len(reasons)
	})
	for _, e := range entries {
		var shown apiEntry
		s.get(t, "/v1/quarantine/"+e.ID, &shown)
		if want := reasons[shown.Payload.Text]; shown.Reason != want || shown.Detail == "" || shown.Status != "open" {
			t.Errorf("got %+v, want reason %q", shown, want)
		}
		if status, answer := s.call(t, s.AdminKey, http.MethodPost, "/v1/quarantine/"+e.ID+"/replay", nil); status != http.StatusAccepted {
			t.Fatalf("replay: %d %s", status, answer)
		}
	}
	eventually(t, 30*time.Second, "each replay was tried", func() bool {
		for _, e := range list[apiEntry](t, s, "/v1/quarantine") {
			if e.Replays != 1 || e.Status != "open" {
				return false
			}
		}
		return true
	})
}

func (s *system) testLargeBody(t *testing.T) {
	text := strings.Repeat("long e-mail ", 25_000) // 300 kB: over the queue's limit, over what a record keeps itself
	s.accept(t, event("lead_large", "created", time.Now(), `,"body":"`+text+`"`))
	var r apiRecord
	eventually(t, 30*time.Second, "the record is there", func() bool { return s.get(t, s.recordPath("lead", "lead_large"), &r) })
	if !strings.Contains(string(r.Fields), text) {
		t.Fatalf("the long field did not come back: %.200s", r.Fields)
	}
}

func (s *system) testRefusals(t *testing.T) {
	valid := event("lead_refused", "created", time.Now(), "")
	for name, c := range map[string]struct {
		status int
		url    string
		header http.Header
		body   []byte
	}{
		"unknown token": {404, s.BaseURL + "/hooks/nobody", http.Header{"Content-Type": {"application/json"}}, valid},
		"no signature":  {401, s.Close.WebhookURL, http.Header{"Content-Type": {"application/json"}}, valid},
		"not JSON":      {415, s.Close.WebhookURL, http.Header{"Content-Type": {"text/plain"}}, valid},
		"too large":     {413, s.Close.WebhookURL, http.Header{"Content-Type": {"application/json"}}, bytes.Repeat([]byte(" "), 4<<20+1)},
	} {
		req, err := http.NewRequest(http.MethodPost, c.url, bytes.NewReader(c.body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header = c.header
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if res.StatusCode != c.status || res.Header.Get("content-type") != "application/problem+json" {
			t.Errorf("%s: got %d %s, want %d", name, res.StatusCode, res.Header.Get("content-type"), c.status)
		}
	}
	if status, answer := s.post(t, []byte(`{"event":`)); status != http.StatusBadRequest || !strings.Contains(answer, "urn:leadline:problem:") {
		t.Errorf("broken JSON: got %d %s", status, answer)
	}
	if status, answer := s.call(t, s.AdminKey, http.MethodGet, "/v1/nothing", nil); status != http.StatusNotFound || !strings.Contains(string(answer), "urn:leadline:problem:") {
		t.Errorf("unknown route: got %d %s", status, answer)
	}
}

// bootstrap makes another organization with the command line tool, as an operator does.
func (s *system) bootstrap(t *testing.T, name string) (organization, key string) {
	t.Helper()
	command := exec.Command(filepath.Join(root, ".local/bin/leadline"), "--run-file", filepath.Join(s.dir, "run.json"),
		"bootstrap", "--organization", name, "--name", name, "--json")
	out, err := command.Output()
	if err != nil {
		t.Fatalf("bootstrap: %v: %s", err, out)
	}
	var made struct {
		Organization string `json:"organization"`
		AdminKey     string `json:"admin_key"`
	}
	if err := json.Unmarshal(out, &made); err != nil || made.AdminKey == "" {
		t.Fatalf("bootstrap: %v: %s", err, out)
	}
	return made.Organization, made.AdminKey
}

func (s *system) testOtherOrganization(t *testing.T) {
	_, key := s.bootstrap(t, "other")
	entries := list[apiEntry](t, s, "/v1/quarantine")
	conn := "/v1/connections/" + s.Close.Connection
	for _, route := range [][2]string{
		{http.MethodGet, conn}, {http.MethodPost, conn + "/rotate-key"}, {http.MethodPost, conn + "/disable"}, {http.MethodPost, conn + "/enable"},
		{http.MethodGet, conn + "/objects"}, {http.MethodGet, conn + "/objects/lead/records"},
		{http.MethodGet, s.recordPath("lead", "lead_first")}, {http.MethodGet, s.recordPath("lead", "lead_first") + "/history"},
		{http.MethodGet, "/v1/quarantine/" + entries[0].ID}, {http.MethodPost, "/v1/quarantine/" + entries[0].ID + "/replay"},
	} {
		var body any
		if strings.HasSuffix(route[1], "/rotate-key") {
			body = map[string]any{"signature_key": strings.Repeat("ab", 32)}
		}
		if status, answer := s.call(t, key, route[0], route[1], body); status != http.StatusNotFound {
			t.Errorf("%s %s with another organization's key: %d %s", route[0], route[1], status, answer)
		}
		if status, _ := s.call(t, "", route[0], route[1], body); status != http.StatusUnauthorized {
			t.Errorf("%s %s without a key: %d", route[0], route[1], status)
		}
	}
	for _, path := range []string{"/v1/connections", "/v1/quarantine"} {
		if status, answer := s.call(t, key, http.MethodGet, path, nil); status != http.StatusOK || strings.Contains(string(answer), "conn_") {
			t.Errorf("%s shows another organization something: %d %s", path, status, answer)
		}
	}
}

func (s *system) testRotation(t *testing.T) {
	old := s.Close.SignatureKey
	rotated := strings.Repeat("0f", 32)
	if status, answer := s.call(t, s.AdminKey, http.MethodPost, "/v1/connections/"+s.Close.Connection+"/rotate-key",
		map[string]any{"signature_key": rotated, "overlap_seconds": 3600}); status != http.StatusOK {
		t.Fatalf("rotate: %d %s", status, answer)
	}
	time.Sleep(3 * time.Second) // receive reads a connection again at most once in a few seconds
	s.Close.SignatureKey = rotated
	s.accept(t, event("lead_rotated", "created", time.Now(), ""))
	s.Close.SignatureKey = old
	s.accept(t, event("lead_rotated", "updated", time.Now(), ""))

	status, answer := s.call(t, s.AdminKey, http.MethodPost, "/v1/connections", map[string]any{"connector": "close", "name": "Second", "signature_key": rotated})
	var made struct {
		ID         string `json:"id"`
		WebhookURL string `json:"webhook_url"`
	}
	if err := json.Unmarshal(answer, &made); err != nil || status != http.StatusCreated {
		t.Fatalf("create: %d %s", status, answer)
	}
	if status, answer := s.call(t, s.AdminKey, http.MethodPost, "/v1/connections/"+made.ID+"/disable", nil); status != http.StatusOK {
		t.Fatalf("disable: %d %s", status, answer)
	}
	second := *s
	second.Close.WebhookURL, second.Close.SignatureKey = made.WebhookURL, rotated
	if status, answer := second.post(t, event("lead_x", "created", time.Now(), "")); status != http.StatusNotFound {
		t.Fatalf("a disabled connection answered %d %s", status, answer)
	}
}

// testLogs greps everything that the system wrote.
func (s *system) testLogs(t *testing.T) {
	token := s.Close.WebhookURL[strings.LastIndex(s.Close.WebhookURL, "/")+1:]
	secrets := map[string]string{"the admin key": s.AdminKey, "the token of the webhook URL": token, "a signing key": s.Close.SignatureKey,
		"a rotated key": strings.Repeat("0f", 32), "a body": bodyMarker}
	files := 0
	err := filepath.WalkDir(filepath.Join(s.dir), func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.Contains(filepath.Base(path), ".log") {
			return err
		}
		files++
		text, err := os.ReadFile(path)
		for what, secret := range secrets {
			if bytes.Contains(text, []byte(secret)) {
				t.Errorf("%s holds %s", filepath.Base(path), what)
			}
		}
		return err
	})
	if err != nil || files < 5 {
		t.Fatalf("looked through %d logs, %v", files, err)
	}
}

// testRelayDown stops the stream's mapping, as a broken relay would, and looks at history before and after.
func (s *system) testRelayDown(t *testing.T) {
	s.order(t, "pause?function=relay")
	at := time.Now().Add(-time.Minute)
	const events = 12
	for i := range events {
		s.accept(t, event("lead_down", "updated", at.Add(time.Duration(i)*time.Second), fmt.Sprintf(`,"n":%d`, i)))
		var r apiRecord // one by one, so that each becomes a revision of its own
		eventually(t, 30*time.Second, "the event is applied", func() bool {
			return s.get(t, s.recordPath("lead", "lead_down"), &r) && r.Rev == int64(i+1)
		})
	}
	if rows := list[apiRevision](t, s, s.recordPath("lead", "lead_down")+"/history"); len(rows) != 0 {
		t.Fatalf("relay is down and history has %d rows", len(rows))
	}
	// The sweeper would not wait for the stream if it were told so: it makes up one row for all that is missing.
	command := exec.Command(filepath.Join(root, ".local/bin/leadline"), "--run-file", filepath.Join(s.dir, "run.json"),
		"invoke", "sweep", filepath.Join(root, "events/sweep/02-all-now.json"))
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("invoke sweep: %v: %s", err, out)
	}
	rows := list[apiRevision](t, s, s.recordPath("lead", "lead_down")+"/history")
	if len(rows) != 1 || !rows[0].Repaired || rows[0].FromRev != 0 || rows[0].Rev != events {
		t.Fatalf("after the sweep history has %+v", rows)
	}
	s.order(t, "resume?function=relay")
	eventually(t, 60*time.Second, "history is complete and exact", func() bool {
		rows = list[apiRevision](t, s, s.recordPath("lead", "lead_down")+"/history")
		for i, row := range rows {
			if row.Repaired || row.Rev != int64(events-i) || row.FromRev != row.Rev-1 {
				return false
			}
		}
		return len(rows) == events
	})
}
