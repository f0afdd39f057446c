package main

import (
	"bytes"
	"strings"
	"testing"
	"time"
)

// drawing lets a progress line go through an hour of work, and gives what it wrote.
func drawing(t *testing.T, s system, asJSON bool) string {
	t.Helper()
	var out bytes.Buffer
	clock := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	s.stderr, s.now = &out, func() time.Time { return clock }
	line := (&command{system: s, asJSON: asJSON}).progress("Pushing", bytesOf)
	for n := range int64(1000) {
		line.show(n<<20, 1000<<20, "3 rows\x1b[2J")
		clock = clock.Add(time.Second / 20)
	}
	line.show(1000<<20, 1000<<20, "4 rows")
	line.end()
	line.end()
	return out.String()
}

func TestProgressOnATerminal(t *testing.T) {
	out := drawing(t, system{watched: true}, false)
	if strings.Count(out, "\n") != 1 || !strings.HasSuffix(out, "\n") || strings.Contains(out, "\x1b") {
		t.Errorf("it is not one line: %.200q", out)
	}
	drawn := strings.Split(strings.TrimSuffix(out, "\n"), "\r")
	if len(drawn) < 100 || len(drawn) > 600 {
		t.Errorf("it was drawn %d times", len(drawn))
	}
	contains(t, drawn[len(drawn)/2], "Pushing  ", "█", "░", "%", "of 1000 MiB", "20 MiB/s", "s left", "3 rows·[2J")
	contains(t, drawn[len(drawn)-1], "100 %", "1000 MiB of 1000 MiB", "4 rows")
	if last := drawn[len(drawn)-1]; strings.Contains(last, "left") || !strings.HasSuffix(last, " ") { // what stood there before is wiped out
		t.Errorf("the last line is %q", last)
	}
}

func TestProgressInALog(t *testing.T) {
	out := drawing(t, system{}, false)
	if n := strings.Count(out, "\n"); n < 8 || n > 11 || strings.ContainsAny(out, "\r") {
		t.Errorf("50 seconds are %d lines:\n%s", n, out)
	}
	if out := drawing(t, system{terminal: true}, false); strings.Contains(out, "\r") {
		t.Error("that stdout is a terminal is taken for stderr")
	}
}

func TestProgressForPrograms(t *testing.T) {
	if out := drawing(t, system{}, true); out != "" {
		t.Errorf("got %q", out)
	}
	if out := drawing(t, system{watched: true}, true); out == "" {
		t.Error("a person who watches sees nothing")
	}
}

func TestProgressOfAnUnknownTotal(t *testing.T) {
	var out bytes.Buffer
	line := (&command{system: system{stderr: &out, now: time.Now, watched: true}}).progress("Pushing", count)
	line.show(12345, 0, "")
	line.end()
	if out.String() != "\rPushing  12345\n" {
		t.Errorf("got %q", out.String())
	}
	out.Reset()
	(&command{system: system{stderr: &out, now: time.Now, watched: true}}).progress("Pushing", count).end()
	if out.String() != "" {
		t.Errorf("what was never drawn ends with %q", out.String())
	}
}
