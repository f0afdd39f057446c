package play_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"leadline/infra/sandbox/crm"
	"leadline/infra/sandbox/play"
	"leadline/infra/sandbox/server"
	"leadline/infra/sandbox/spec/spectest"
)

func sandbox() *server.Server {
	now := time.Date(2026, 3, 4, 9, 30, 0, 0, time.UTC)
	return server.New(server.Options{Options: crm.Options{Seed: 5, Records: 800, Now: func() time.Time { now = now.Add(time.Second); return now }}})
}

func contents(t *testing.T, s *server.Server) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, object := range []string{"lead", "contact", "opportunity", "task", "activity"} {
		if err := s.Contents(object, nil, func(id, _ string, body []byte) error {
			all[id] = string(body)
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

func TestTheSameSeedPlaysTheSame(t *testing.T) {
	one, two := sandbox(), sandbox()
	before := contents(t, one)
	a, b := play.New(one, 9), play.New(two, 9)
	happened := map[string]int{}
	for range 200 {
		what, err := a.Step()
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		happened[what]++
		if other, err := b.Step(); err != nil || other != what {
			t.Fatalf("%s and %s: %v", what, other, err)
		}
	}
	for _, want := range []string{"lead", "call", "deal", "email", "task", "note"} {
		if happened[want] == 0 {
			t.Errorf("no %s in 200 steps", want)
		}
	}
	x, y := contents(t, one), contents(t, two)
	changed := 0
	for id, body := range x {
		if y[id] != body {
			t.Fatalf("%s differs:\n%s\n%s", id, body, y[id])
		}
		if before[id] != body {
			changed++
		}
	}
	if changed < 200 || len(x) <= len(before) {
		t.Errorf("%d records are new or changed, %d there were, %d there are", changed, len(before), len(x))
	}
}

// TestWhatIsPlayedFitsTheSpecification reads all that play has made.
func TestWhatIsPlayedFitsTheSpecification(t *testing.T) {
	s := server.New(server.Options{Options: crm.Options{Records: -1}, Checker: spectest.Open(t)})
	p := play.New(s, 2)
	for range 100 {
		if _, err := p.Step(); err != nil {
			t.Fatal(err)
		}
	}
	for _, path := range []string{"lead/", "contact/", "opportunity/", "task/?_type=all", "activity/", "activity/call/", "activity/email/", "activity/emailthread/",
		"activity/note/", "activity/task_completed/", "activity/status_change/opportunity/", "event/"} {
		r := httptest.NewRequest("GET", "/api/v1/"+path, nil)
		r.SetBasicAuth(server.AdminKey, "")
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		if w.Code != http.StatusOK || !bytes.Contains(w.Body.Bytes(), []byte(`"id":`)) {
			t.Errorf("%s: %d %.300s", path, w.Code, w.Body)
		}
	}
}

func TestPlayBeginsWithNothing(t *testing.T) {
	s := server.New(server.Options{Options: crm.Options{Records: -1}})
	p := play.New(s, 1)
	for range 30 {
		if what, err := p.Step(); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
	}
}
