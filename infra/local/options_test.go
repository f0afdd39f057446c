package main

import (
	"errors"
	"flag"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestOptions(t *testing.T) {
	env := map[string]string{"LEADLINE_LOCAL_PORT": "9000", "LEADLINE_LOCAL_QUEUE_SPEED": "60", "LEADLINE_LOCAL_CHAOS": "true"}
	o, err := parseOptions([]string{"--port", "9100", "--data", "x/data", "--disable", "relay, sweep"}, func(name string) string { return env[name] }, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if o.port != 9100 || o.speed != 60 || !o.chaos || o.stage != "dev" || o.mailFrom != "leadline@leadline.test" || o.logs != filepath.Join("x", "logs") || !slices.Equal(o.disable, []string{"relay", "sweep"}) ||
		o.sandbox != "off" || o.sandboxFlags != "-play 2s" || !o.sandboxImport {
		t.Errorf("got %+v", o)
	}
	if got := o.sooner(time.Minute); got != time.Second {
		t.Errorf("a minute lasts %v at a speed of 60", got)
	}
}

func TestOptionsRefuses(t *testing.T) {
	none := func(string) string { return "" }
	for _, args := range [][]string{{"--port", "x"}, {"--port", "70000"}, {"--queue-speed", "0"}, {"--processes", "0"}, {"--sandbox", "perhaps"}, {"extra"}, {"--nothing"}} {
		if _, err := parseOptions(args, none, io.Discard); err == nil {
			t.Errorf("%v: no error", args)
		}
	}
	_, err := parseOptions(nil, func(name string) string { return map[string]string{"LEADLINE_LOCAL_PORT": "many"}[name] }, io.Discard)
	if err == nil || !strings.Contains(err.Error(), "LEADLINE_LOCAL_PORT") {
		t.Errorf("a bad variable: %v", err)
	}
	if _, err := parseOptions([]string{"-help"}, none, io.Discard); !errors.Is(err, flag.ErrHelp) {
		t.Errorf("-help: %v", err)
	}
}
