package e2e_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

// receiver is a small receiver of track events on this machine.
type receiver struct {
	server      *httptest.Server
	destination string
	secret      string

	mu  sync.Mutex
	got []received
	// refuse is the webhook-id whose first request is answered 500.
	refuse string
}

// received is one request to the receiver.
type received struct {
	header http.Header
	body   []byte
	status int
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, _ := io.ReadAll(req.Body)
	r.mu.Lock()
	defer r.mu.Unlock()
	status := http.StatusOK
	if r.refuse != "" && r.refuse == req.Header.Get("webhook-id") {
		r.refuse = ""
		status = http.StatusInternalServerError
	}
	r.got = append(r.got, received{req.Header.Clone(), body, status})
	w.WriteHeader(status)
	_, _ = io.WriteString(w, "thanks")
}

// of gives the requests with a webhook-id.
func (r *receiver) of(id string) []received {
	r.mu.Lock()
	defer r.mu.Unlock()
	var all []received
	for _, g := range r.got {
		if g.header.Get("webhook-id") == id {
			all = append(all, g)
		}
	}
	return all
}

// verified checks the signature of a request as Standard Webhooks says, by itself.
func (r *receiver) verified(t *testing.T, g received) bool {
	t.Helper()
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(r.secret, "whsec_"))
	if err != nil {
		t.Fatal(err)
	}
	mac := hmac.New(sha256.New, key)
	fmt.Fprintf(mac, "%s.%s.%s", g.header.Get("webhook-id"), g.header.Get("webhook-timestamp"), g.body)
	want := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
	for _, signature := range strings.Fields(g.header.Get("webhook-signature")) {
		if signature == want {
			return true
		}
	}
	return false
}

// receiver starts a receiver and makes it a destination, for the time of the test.
func (s *system) receiver(t *testing.T) *receiver {
	t.Helper()
	r := &receiver{}
	r.server = httptest.NewServer(r)
	t.Cleanup(r.server.Close)
	var made struct{ ID, Secret string }
	s.post201(t, "/v1/destinations", map[string]any{"name": "receiver", "url": r.server.URL + "/in", "headers": map[string]string{"Authorization": "Basic d3JpdGVrZXk6"}}, &made)
	r.destination, r.secret = made.ID, made.Secret
	t.Cleanup(func() { s.call(t, s.AdminKey, http.MethodDelete, "/v1/destinations/"+made.ID, nil) })
	return r
}

// reaches posts events about a lead until one arrives at the receiver: destinations are remembered for ten seconds.
func (s *system) reaches(t *testing.T, r *receiver) {
	t.Helper()
	n := 0
	eventually(t, 90*time.Second, "a track event arrives", func() bool {
		n++
		id := fmt.Sprintf("lead_reach_%d", n)
		s.accept(t, event(id, "created", time.Now(), ""))
		time.Sleep(time.Second)
		r.mu.Lock()
		defer r.mu.Unlock()
		return len(r.got) > 0
	})
}

type apiDelivery struct {
	ID       string `json:"id"`
	Event    string `json:"event"`
	Outcome  string `json:"outcome"`
	Attempts []struct {
		Number int    `json:"number"`
		Status int    `json:"status"`
		Answer string `json:"answer"`
	} `json:"attempts"`
}

func (s *system) testTrack(t *testing.T) {
	r := s.receiver(t)
	s.reaches(t, r)
	r.mu.Lock()
	r.refuse = "ev_track_1"
	r.mu.Unlock()
	at := time.Date(2026, 11, 20, 8, 0, 0, 999_999_000, time.UTC)
	in := fmt.Sprintf(`{"event":{"id":"ev_track_1","object_type":"opportunity","action":"updated","object_id":"oppo_t","lead_id":"lead_t","date_updated":%q,
		"changed_fields":["value"],"previous_data":{"value":1},"meta":{"a":null},
		"data":{"id":"oppo_t","date_updated":%q,"value":12345678901234567,"note":"<&>😀","gone":null,"list":[1,null]}},"subscription_id":"whsub_1"}`,
		at.Format("2006-01-02T15:04:05.000000"), at.Format("2006-01-02T15:04:05.000000+00:00"))
	s.accept(t, []byte(in))
	eventually(t, 40*time.Second, "the event arrives at the second attempt", func() bool { return len(r.of("ev_track_1")) >= 2 })
	got := r.of("ev_track_1")
	for i, g := range got {
		if !r.verified(t, g) || g.header.Get("Authorization") != "Basic d3JpdGVrZXk6" {
			t.Errorf("attempt %d is not signed, or has not its header: %v", i+1, g.header)
		}
	}
	if a, b := got[0].header.Get("webhook-timestamp"), got[1].header.Get("webhook-timestamp"); a == b {
		t.Error("the second attempt has the timestamp of the first")
	}
	want := `{"context":{"library":{"name":"unknown","version":"unknown"},"integration":{"name":"CloseCRM"}},"integrations":{"CloseCRM":false},
		"type":"track","event":"opportunity updated","userId":"lead_t","messageId":"ev_track_1","originalTimestamp":"2026-11-20T08:00:00.999Z",
		"properties":{"id":"ev_track_1","object_type":"opportunity","action":"updated","object_id":"oppo_t","lead_id":"lead_t","date_updated":"2026-11-20T08:00:00.999999",
		"meta":{},"data":{"id":"oppo_t","date_updated":"2026-11-20T08:00:00.999999+00:00","value":12345678901234567,"note":"<&>😀","list":[1,null]},"subscription_id":"whsub_1"}}`
	if !sameJSON(t, got[1].body, []byte(want)) {
		t.Errorf("the track event is\n%s, want\n%s", got[1].body, want)
	}

	var logged apiDelivery
	eventually(t, 10*time.Second, "the delivery log shows it", func() bool {
		for _, d := range list[apiDelivery](t, s, "/v1/destinations/"+r.destination+"/deliveries") {
			if d.Event == "ev_track_1" && d.Outcome == "delivered" {
				logged = d
				return true
			}
		}
		return false
	})
	if len(logged.Attempts) != 2 || logged.Attempts[0].Status != 500 || logged.Attempts[1].Status != 200 || logged.Attempts[1].Answer != "thanks" {
		t.Errorf("the log: %+v", logged)
	}
	s.post201(t, "/v1/destinations/"+r.destination+"/deliveries/"+url.PathEscape(logged.ID)+"/replay", nil, nil)
	eventually(t, 20*time.Second, "the replay arrives", func() bool { return len(r.of("ev_track_1")) == 3 })
	if again := r.of("ev_track_1")[2]; !r.verified(t, again) || string(again.body) != string(got[1].body) {
		t.Error("the replay is not the same event, signed")
	}
	if status, answer := s.call(t, s.AdminKey, http.MethodPost, "/v1/destinations", map[string]string{"name": "x", "url": "http://169.254.169.254/latest"}); status != 400 {
		t.Errorf("the metadata address as a destination: %d %s", status, answer)
	}
}

// sameJSON compares two JSON texts without regard to order and white space, numbers by their digits.
func sameJSON(t *testing.T, a, b []byte) bool {
	t.Helper()
	text := func(raw []byte) string {
		dec := json.NewDecoder(strings.NewReader(string(raw)))
		dec.UseNumber()
		var v any
		if err := dec.Decode(&v); err != nil {
			t.Fatalf("%v: %s", err, raw)
		}
		sorted, _ := json.Marshal(v)
		return string(sorted)
	}
	return text(a) == text(b)
}

// testPrivacy plants a person in a record of each kind and erases her.
func (s *system) testPrivacy(t *testing.T) {
	const email = "greta.garbo@example.com"
	at := time.Now().UTC().Add(-time.Minute)
	s.accept(t, event("lead_greta", "created", at, `,"contacts":[{"emails":[{"email":"Greta.Garbo@example.com"}]}]`))
	s.finished(t, s.push(t, "people", `[{"id":"g","action":"create","email":"`+email+`"},{"id":"o","action":"create","email":"other@example.com"}]`, nil).Batch)
	eventually(t, 20*time.Second, "the record is there", func() bool {
		var r apiRecord
		return s.get(t, s.recordPath("lead", "lead_greta"), &r)
	})
	run := func(path string) (found map[string]int, download string) {
		var job struct{ ID string }
		s.post201(t, path, map[string]any{"emails": []string{email}}, &job)
		var j struct {
			Status, Problem string
			Counts          map[string]int
			Download        struct{ URL string }
		}
		eventually(t, 90*time.Second, path+" is done", func() bool {
			s.get(t, "/v1/jobs/"+job.ID, &j)
			return j.Status == "done" || j.Status == "failed"
		})
		if j.Status != "done" {
			t.Fatalf("%s: %+v", path, j)
		}
		return j.Counts, j.Download.URL
	}
	_, file := run("/v1/privacy/exports")
	export := s.download(t, file)
	for _, want := range []string{"lead_greta", `"g"`, email} {
		if !strings.Contains(export, want) {
			t.Errorf("the export does not hold %s", want)
		}
	}
	if strings.Contains(export, "other@example.com") {
		t.Error("the export holds somebody else")
	}
	run("/v1/privacy/erasures")
	_, file = run("/v1/privacy/exports")
	if export := s.download(t, file); strings.Contains(strings.ToLower(export), email) {
		t.Errorf("after the erasure there is still\n%s", export)
	}
	if got := s.fields(t, "people", "o"); got != `{"email":"other@example.com","id":"o"}` {
		t.Errorf("somebody else is %s", got)
	}
}
