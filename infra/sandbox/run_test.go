package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"flag"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"leadline/infra/sandbox/crm"
	"leadline/infra/sandbox/server"
	"leadline/infra/sandbox/spec"
)

func TestRun(t *testing.T) {
	args := []string{"-port", "0", "-records", "300", "-play", "10ms", "-api-keys", "api_x.secret=rep"}
	if _, err := spec.Find(""); err == nil {
		args = append(args, "-validate")
	}
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	out, in := io.Pipe()
	done := make(chan error, 1)
	go func() {
		done <- run(ctx, args, in, io.Discard)
	}()
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil || !strings.HasPrefix(line, "sandbox ready http://127.0.0.1:") {
		t.Fatalf("%q, %v", line, err)
	}
	r, err := http.NewRequestWithContext(ctx, "GET", strings.Fields(line)[2]+"/api/v1/me/", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.SetBasicAuth("api_x.secret", "")
	response, err := http.DefaultClient.Do(r)
	if err != nil || response.StatusCode != http.StatusOK || response.Header.Get("RateLimit") == "" {
		t.Fatalf("%v, %v", response, err)
	}
	_ = response.Body.Close()
	stop()
	if err := <-done; err != nil {
		t.Errorf("it ended with %v", err)
	}
}

func TestOptions(t *testing.T) {
	o, err := parseOptions([]string{"-start", "2026-01-31T00:00:00Z", "-merge", "touch", "-api-keys", "a=admin,b=rep", "-rps", "5", "-consolidation", "3s"}, io.Discard)
	if err != nil || !o.Start.Equal(time.Date(2026, 1, 31, 0, 0, 0, 0, time.UTC)) || o.Merge != crm.Touched || len(o.Keys) != 2 || o.RPS != 5 || o.Consolidation != 3*time.Second {
		t.Errorf("%+v, %v", o, err)
	}
	if o, err := parseOptions(nil, io.Discard); err != nil || o.Records > 15_000 || o.Keys != nil || o.ClientID != server.DefaultClientID {
		t.Errorf("the defaults are %+v, %v", o, err)
	}
	for _, args := range [][]string{{"-start", "monday"}, {"-merge", "loud"}, {"-api-keys", "x"}, {"-no-such-flag"}, {"word"}, {"-rps", "fast"}} {
		if _, err := parseOptions(args, io.Discard); err == nil {
			t.Errorf("%v was taken", args)
		}
	}
	var help bytes.Buffer
	if _, err := parseOptions([]string{"-help"}, &help); !errors.Is(err, flag.ErrHelp) || !strings.Contains(help.String(), "-webhook-pause-after") {
		t.Errorf("%v: %s", err, help.String())
	}
}
