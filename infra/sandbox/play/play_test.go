package play_test

import (
	"testing"
	"time"

	"leadline/infra/sandbox/crm"
	"leadline/infra/sandbox/play"
	"leadline/infra/sandbox/server"
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

func TestPlayBeginsWithNothing(t *testing.T) {
	s := server.New(server.Options{Options: crm.Options{Records: -1}})
	p := play.New(s, 1)
	for range 30 {
		if what, err := p.Step(); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
	}
}
