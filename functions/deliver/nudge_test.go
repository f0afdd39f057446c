package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"sync"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"leadline/shared/fault"
	"leadline/shared/nudge/post"
)

// postFunc is a poster; it says at the last receive that it missed.
type postFunc func(m post.Message, missed bool) error

func (f postFunc) Deliver(_ context.Context, m post.Message) error { return f(m, false) }

func (f postFunc) Miss(_ context.Context, m post.Message) error { return f(m, true) }

// TestNudgesGoTheirOwnWay: a message about a nudge goes to the poster, which is asked to send nothing the last time it comes.
func TestNudgesGoTheirOwnWay(t *testing.T) {
	var mu sync.Mutex
	var posted []string
	h := &handler{log: slog.New(slog.NewTextHandler(io.Discard, nil)), maxReceives: 5, poster: postFunc(func(m post.Message, missed bool) error {
		mu.Lock()
		defer mu.Unlock()
		posted = append(posted, fmt.Sprint(m.Member, " ", m.Nudge, " ", missed))
		if m.Nudge == "N1" {
			return fault.New(fault.Unavailable, "x", "down")
		}
		return nil
	})}
	var e events.SQSEvent
	for n, count := range []string{"1", "4", "5"} {
		text, err := post.Message{Organization: organization, Member: "mem_1", Nudge: fmt.Sprint("N", n)}.Encode()
		if err != nil {
			t.Fatal(err)
		}
		e.Records = append(e.Records, events.SQSMessage{MessageId: fmt.Sprint("m", n), Body: string(text), Attributes: map[string]string{"ApproximateReceiveCount": count}})
	}
	e.Records = append(e.Records, events.SQSMessage{MessageId: "wrong", Body: `{"kind":"nudge","v":1}`})
	failed := handle(t, h, e)
	slices.Sort(posted)
	if !slices.Equal(failed, []string{"m1", "wrong"}) || !slices.Equal(posted, []string{"mem_1 N0 false", "mem_1 N1 false", "mem_1 N2 true"}) {
		t.Errorf("reported %q, posted %q", failed, posted)
	}
}
