package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

// line is one thing that happened.
type line struct {
	At     time.Time `json:"at"`
	What   string    `json:"what"`
	ID     string    `json:"id"`
	Detail string    `json:"detail"`
	style  style
}

// feed reads the newest of one list.
type feed func(context.Context) ([]line, error)

func (c *command) tailCommand() *cobra.Command {
	var every time.Duration
	var once bool
	cmd := &cobra.Command{
		Use: "tail", Short: "Follow what comes in, what is set aside, what is sent and what is done", Args: cobra.NoArgs,
		Long: "Follow what comes in (batches), what is set aside, what is sent on, jobs, notices and acts of the audit log, until Ctrl-C. With --json a line of JSON for each.\n\n" +
			"It begins with the last ten; of each list the newest hundred are looked at. What your key may not read is left out.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if every < 100*time.Millisecond {
				return usagef("--every must be at least 100ms")
			}
			api, err := c.client()
			if err != nil {
				return err
			}
			t := newTailer(c, api)
			first := 10
			if once {
				first = 1 << 20
			}
			lines, err := t.look(cmd.Context())
			if err != nil {
				return err
			}
			t.print(lines[max(0, len(lines)-first):])
			if once {
				return nil
			}
			return t.follow(cmd.Context(), every)
		},
	}
	cmd.Flags().DurationVar(&every, "every", 2*time.Second, "how often to look")
	cmd.Flags().BoolVar(&once, "once", false, "show what there is and end")
	return cmd
}

// tailer remembers what was shown.
type tailer struct {
	c     *command
	api   *client
	seen  map[string]bool
	feeds map[string]feed
}

func newTailer(c *command, api *client) *tailer {
	t := &tailer{c: c, api: api, seen: map[string]bool{}}
	t.feeds = map[string]feed{"batches": t.batches, "quarantine": t.entries, "jobs": t.jobs, "notices": t.notices, "audit": t.acts, "destinations": t.deliveries}
	return t
}

// follow shows what is new until ctx ends. That nothing answers for a while does not end it.
func (t *tailer) follow(ctx context.Context, every time.Duration) error {
	failing := false
	for {
		if err := t.c.pause(ctx, every); err != nil {
			return nil // Ctrl-C is how it ends
		}
		lines, err := t.look(ctx)
		t.print(lines)
		var refused *refusal
		switch {
		case ctx.Err() != nil:
			return nil
		case errors.As(err, &refused) && refused.Status < 500 && refused.Status != http.StatusTooManyRequests:
			return err // it will not get better
		case err != nil && !failing:
			t.c.warn(fmt.Errorf("%w (trying on)", err))
		}
		failing = err != nil
	}
}

// look gives what was not shown yet, oldest first.
func (t *tailer) look(ctx context.Context) ([]line, error) {
	var all []line
	var failed error
	for name, read := range t.feeds {
		lines, err := read(ctx)
		if hasStatus(err, http.StatusForbidden) { // not for this key
			delete(t.feeds, name)
			continue
		}
		if err != nil {
			failed = err
			continue
		}
		for _, l := range lines {
			if key := fmt.Sprint(l.At.UnixNano(), l.What, l.ID, l.Detail); !t.seen[key] {
				t.seen[key] = true
				all = append(all, l)
			}
		}
	}
	slices.SortStableFunc(all, func(a, b line) int {
		if by := a.At.Compare(b.At); by != 0 {
			return by
		}
		return strings.Compare(a.What+a.ID, b.What+b.ID)
	})
	return all, failed
}

func (t *tailer) print(lines []line) {
	for _, l := range lines {
		if t.c.asJSON {
			text, _ := json.Marshal(l) // texts and a time
			t.c.printf("%s\n", text)
			continue
		}
		t.c.printf("%s  %s  %s  %s\n", t.c.paint.paint(dim, l.At.UTC().Format("2006-01-02 15:04:05")), t.c.paint.paint(l.style, fmt.Sprintf("%-9s", l.What)), clean(l.ID), clean(l.Detail))
	}
}

// newestOf reads the newest of a list.
func newestOf[T any](ctx context.Context, t *tailer, show func(T) line, parts ...string) ([]line, error) {
	var p page[T]
	if err := t.api.get(ctx, &p, url.Values{"limit": {"100"}}, parts...); err != nil {
		return nil, err
	}
	out := make([]line, 0, len(p.Items))
	for _, item := range p.Items {
		out = append(out, show(item))
	}
	return out, nil
}

// words joins what is there.
func words(all ...string) string {
	return strings.Join(slices.DeleteFunc(all, func(s string) bool { return s == "" }), " ")
}

func (t *tailer) batches(ctx context.Context) ([]line, error) {
	return newestOf(ctx, t, func(b batch) line {
		l := line{What: "batch", ID: b.Batch, Detail: words(b.Object, b.Status, soFar(b.Counts), b.Problem), style: cyan}
		if b.Received != nil {
			l.At = *b.Received
		}
		return l
	}, "batches")
}

func (t *tailer) entries(ctx context.Context) ([]line, error) {
	return newestOf(ctx, t, func(e entry) line {
		l := line{At: e.UpdatedAt, What: "set aside", ID: e.ID, Detail: words(e.Status, e.Reason+":", e.Detail), style: yellow}
		if e.Status != "open" {
			l.style = green
		}
		return l
	}, "quarantine")
}

func (t *tailer) jobs(ctx context.Context) ([]line, error) {
	return newestOf(ctx, t, func(j jobState) line {
		return line{At: j.UpdatedAt, What: "job", ID: j.ID, Detail: words(j.Kind, j.Status, soFar(j.Counts), j.Problem), style: cyan}
	}, "jobs")
}

func (t *tailer) notices(ctx context.Context) ([]line, error) {
	return newestOf(ctx, t, func(n noticeState) line {
		return line{At: n.At, What: "notice", ID: n.Subject, Detail: n.Text, style: red}
	}, "notices")
}

func (t *tailer) acts(ctx context.Context) ([]line, error) {
	return newestOf(ctx, t, func(a act) line {
		return line{At: a.At, What: "act", ID: a.Operation, Detail: words(a.Target, "by", a.who()+":", a.Outcome), style: dim}
	}, "audit")
}

func (t *tailer) deliveries(ctx context.Context) ([]line, error) {
	all, err := list[destinationState](ctx, t.api, 0, nil, "destinations")
	if err != nil {
		return nil, err
	}
	var out []line
	for _, d := range all.Items {
		sent, err := newestOf(ctx, t, func(s deliveryState) line {
			l := line{At: s.CreatedAt, What: "sent", ID: s.ID, Detail: words(s.Type, "to", d.Name+":", s.Outcome, s.last()), style: green}
			if n := len(s.Attempts); n > 0 {
				l.At = s.Attempts[n-1].At
			}
			if s.Outcome != "delivered" {
				l.style = red
			}
			return l
		}, "destinations", d.ID, "deliveries")
		if hasStatus(err, http.StatusNotFound) { // it was deleted meanwhile
			continue
		}
		if err != nil {
			return nil, err
		}
		out = append(out, sent...)
	}
	return out, nil
}
