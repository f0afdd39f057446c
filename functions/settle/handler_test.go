package main

import (
	"context"
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"leadline/shared/fault"
)

// What messages are of.
const (
	ofSettlement = "settlement"
	ofPayout     = "payout"
)

// fake notes what it is asked for, and fails at what it is told to.
type fake struct {
	asked  [][]string
	fails  string // what a body says that fails
	throws bool
	short  bool // gives an error too few
	before func()
}

func (f *fake) Process(_ context.Context, bodies [][]byte) []error {
	if f.before != nil {
		f.before()
	}
	var texts []string
	errs := make([]error, len(bodies))
	for i, body := range bodies {
		texts = append(texts, string(body))
		if f.fails != "" && strings.Contains(string(body), f.fails) {
			errs[i] = fault.New(fault.Unavailable, "down", "down")
		}
	}
	f.asked = append(f.asked, texts)
	if f.throws {
		panic("secret text")
	}
	if f.short {
		return errs[1:]
	}
	return errs
}

func batch(bodies ...string) (e events.SQSEvent) {
	for i, body := range bodies {
		e.Records = append(e.Records, events.SQSMessage{MessageId: string(rune('a' + i)), Body: body})
	}
	return e
}

// handle gives the ids of the messages that come again, in order.
func handle(t *testing.T, settlements, payouts processor, e events.SQSEvent) string {
	t.Helper()
	h := &handler{processors: map[string]processor{ofSettlement: settlements, ofPayout: payouts}, log: slog.New(slog.DiscardHandler)}
	response, err := h.Handle(t.Context(), e)
	if err != nil {
		t.Fatal(err)
	}
	var failed []string
	for _, item := range response.BatchItemFailures {
		failed = append(failed, item.ItemIdentifier)
	}
	return strings.Join(failed, " ")
}

// TestSamples: each message of the samples reaches whose it is, and only what is of nobody comes again.
func TestSamples(t *testing.T) {
	files, err := filepath.Glob("../../events/settle/*.json")
	if err != nil || len(files) < 3 {
		t.Fatalf("events/settle holds too few samples: %v, %v", files, err)
	}
	settlements, payouts := &fake{}, &fake{}
	for _, path := range files {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var e events.SQSEvent
		if err := json.Unmarshal(text, &e); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		var nobodys []string
		for _, r := range e.Records {
			if !strings.Contains(r.Body, `"of":"settlement"`) && !strings.Contains(r.Body, `"of":"payout"`) {
				nobodys = append(nobodys, r.MessageId)
			}
		}
		if failed := handle(t, settlements, payouts, e); failed != strings.Join(nobodys, " ") {
			t.Errorf("%s: %q come again, want %q", filepath.Base(path), failed, nobodys)
		}
	}
	for _, of := range []struct {
		name string
		got  *fake
	}{{ofSettlement, settlements}, {ofPayout, payouts}} {
		bodies := slices.Concat(of.got.asked...)
		if len(bodies) < 2 {
			t.Errorf("%d samples are of %s", len(bodies), of.name)
		}
		for _, body := range bodies {
			if !strings.Contains(body, `"of":"`+of.name+`"`) {
				t.Errorf("%s is asked for %s", of.name, body)
			}
		}
	}
}

// TestABatchIsOneRound: all of one kind in a batch are handed on at once, in their order, and an error is that of its message.
func TestABatchIsOneRound(t *testing.T) {
	settlements, payouts := &fake{fails: "s2"}, &fake{fails: "p1"}
	failed := handle(t, settlements, payouts, batch(`{"of":"settlement","n":"s1"}`, `{"of":"payout","n":"p1"}`, `{"of":"settlement","n":"s2"}`, `{"of":"payout","n":"p2"}`))
	if failed != "b c" {
		t.Errorf("%q come again, want b c", failed)
	}
	if len(settlements.asked) != 1 || !slices.Equal(settlements.asked[0], []string{`{"of":"settlement","n":"s1"}`, `{"of":"settlement","n":"s2"}`}) || len(payouts.asked) != 1 {
		t.Errorf("asked for %q and %q", settlements.asked, payouts.asked)
	}
}

// TestWhatIsOfNobody comes again, and in the end is dead, where a person sees it.
func TestWhatIsOfNobody(t *testing.T) {
	f := &fake{}
	if failed := handle(t, f, f, batch(`what is this?`, `{}`, `{"of":"tax"}`, `{"of":3}`, `[]`, ``)); failed != "a b c d e f" || f.asked != nil {
		t.Errorf("%q come again; asked for %q", failed, f.asked)
	}
}

// TestOneFailsAlone: a panic, or errors miscounted, of one kind is not the other's.
func TestOneFailsAlone(t *testing.T) {
	for name, broken := range map[string]*fake{"throws": {throws: true}, "miscounts": {short: true}} {
		sound := &fake{}
		failed := handle(t, sound, broken, batch(`{"of":"settlement"}`, `{"of":"payout"}`, `{"of":"payout"}`, `{"of":"settlement"}`))
		if failed != "b c" || len(sound.asked) != 1 {
			t.Errorf("%s: %q come again; the other was asked for %q", name, failed, sound.asked)
		}
	}
}

// TestBothAtOnce: each waits for the other to have begun; one after the other would wait for ever.
func TestBothAtOnce(t *testing.T) {
	var begun sync.WaitGroup
	begun.Add(2)
	meet := func() { begun.Done(); begun.Wait() }
	if failed := handle(t, &fake{before: meet}, &fake{before: meet}, batch(`{"of":"payout"}`, `{"of":"settlement"}`)); failed != "" {
		t.Errorf("%q come again", failed)
	}
}

func TestDecoding(t *testing.T) {
	var got []string
	decode := func(body []byte) (string, error) {
		if len(body) > 3 {
			return "", fault.New(fault.Internal, "undecodable_message", "too long")
		}
		return string(body), nil
	}
	p := decoding[string]{decode: decode, process: func(_ context.Context, messages []string) []error {
		got = messages
		errs := make([]error, len(messages))
		errs[len(errs)-1] = fault.New(fault.Unavailable, "down", "down")
		return errs
	}}
	errs := p.Process(t.Context(), [][]byte{[]byte("long one"), []byte("a"), []byte("longer"), []byte("b")})
	if !slices.Equal(got, []string{"a", "b"}) || len(errs) != 4 || !fault.Is(errs[0], fault.Internal) || errs[1] != nil || !fault.Is(errs[2], fault.Internal) || !fault.Is(errs[3], fault.Unavailable) {
		t.Errorf("handed on %q, errors %v", got, errs)
	}
	got = nil
	if errs := p.Process(t.Context(), [][]byte{[]byte("long one")}); got != nil || len(errs) != 1 || errs[0] == nil {
		t.Errorf("nothing to hand on: %q, %v", got, errs)
	}
	p.process = func(context.Context, []string) []error { return nil }
	for _, err := range p.Process(t.Context(), [][]byte{[]byte("a"), []byte("long one")}) {
		if !fault.Is(err, fault.Internal) {
			t.Errorf("miscounted: %v", err)
		}
	}
}
