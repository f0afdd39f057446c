package main

import (
	"context"
	"encoding/json"
	"net/url"
	"slices"
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

func (c *command) tailCommand() *cobra.Command {
	var every time.Duration
	var once bool
	cmd := &cobra.Command{
		Use: "tail", Short: "Follow what comes in, what is set aside, what is sent and what is done", Args: cobra.NoArgs,
		Long: "Follow what comes in (batches), what is set aside, what is sent on, jobs, notices and acts of the audit log. Ctrl-C ends it.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			api, err := c.client()
			if err != nil {
				return err
			}
			t := tailer{c: c, api: api, seen: map[string]bool{}}
			for first := true; ; first = false {
				lines, err := t.look(cmd.Context())
				if err != nil {
					return err
				}
				if first && !once {
					lines = lines[max(0, len(lines)-10):]
				}
				for _, l := range lines {
					t.print(l)
				}
				if once {
					return nil
				}
				if err := c.pause(cmd.Context(), every); err != nil {
					return nil // Ctrl-C
				}
			}
		},
	}
	cmd.Flags().DurationVar(&every, "every", 2*time.Second, "how often to look")
	cmd.Flags().BoolVar(&once, "once", false, "show what there is and end")
	return cmd
}

// tailer remembers what was shown.
type tailer struct {
	c    *command
	api  *client
	seen map[string]bool
}

// newest is how many of each list are looked at.
const newest = 50

// look gives what was not shown yet, oldest first.
func (t *tailer) look(ctx context.Context) ([]line, error) {
	var all []line
	for _, read := range []func(context.Context) ([]line, error){t.batches, t.entries, t.jobs, t.notices, t.acts, t.deliveries} {
		lines, err := read(ctx)
		if err != nil {
			return nil, err
		}
		for _, l := range lines {
			if key := l.What + l.ID + l.Detail; !t.seen[key] {
				t.seen[key] = true
				all = append(all, l)
			}
		}
	}
	slices.SortStableFunc(all, func(a, b line) int { return a.At.Compare(b.At) })
	return all, nil
}

func (t *tailer) print(l line) {
	if t.c.asJSON {
		text, _ := json.Marshal(l) // texts and a time
		t.c.printf("%s\n", text)
		return
	}
	t.c.printf("%s  %s  %s  %s\n", t.c.paint.paint(dim, l.At.UTC().Format("15:04:05")), t.c.paint.paint(l.style, clean(l.What)), clean(l.ID), clean(l.Detail))
}

// lines reads the newest of a list.
func lines[T any](ctx context.Context, t *tailer, show func(T) line, parts ...string) ([]line, error) {
	var p page[T]
	if err := t.api.get(ctx, &p, url.Values{"limit": {"50"}}, parts...); err != nil {
		return nil, err
	}
	out := make([]line, 0, newest)
	for _, item := range p.Items {
		out = append(out, show(item))
	}
	return out, nil
}

func (t *tailer) batches(ctx context.Context) ([]line, error) {
	return lines(ctx, t, func(b batch) line {
		l := line{What: "batch", ID: b.Batch, Detail: b.Object + " " + b.Status + " " + soFar(b.Counts) + b.Problem, style: cyan}
		if b.Received != nil {
			l.At = *b.Received
		}
		return l
	}, "batches")
}

func (t *tailer) entries(ctx context.Context) ([]line, error) {
	return lines(ctx, t, func(e entry) line {
		return line{At: e.UpdatedAt, What: "set aside", ID: e.ID, Detail: e.Status + " " + e.Reason + ": " + e.Detail, style: yellow}
	}, "quarantine")
}

func (t *tailer) jobs(ctx context.Context) ([]line, error) {
	return lines(ctx, t, func(j jobState) line {
		return line{At: j.CreatedAt, What: "job", ID: j.ID, Detail: j.Kind + " " + j.Status + " " + soFar(j.Counts) + j.Problem, style: cyan}
	}, "jobs")
}

func (t *tailer) notices(ctx context.Context) ([]line, error) {
	return lines(ctx, t, func(n noticeState) line {
		return line{At: n.At, What: "notice", ID: n.Subject, Detail: n.Text, style: red}
	}, "notices")
}

func (t *tailer) acts(ctx context.Context) ([]line, error) {
	return lines(ctx, t, func(a act) line {
		return line{At: a.At, What: "act", ID: a.Operation, Detail: a.Target + " by " + a.ActorName + ": " + a.Outcome, style: dim}
	}, "audit")
}

func (t *tailer) deliveries(ctx context.Context) ([]line, error) {
	var p page[destinationState]
	if err := t.api.get(ctx, &p, url.Values{"limit": {"50"}}, "destinations"); err != nil {
		return nil, err
	}
	var out []line
	for _, d := range p.Items {
		sent, err := lines(ctx, t, func(s deliveryState) line {
			l := line{At: s.CreatedAt, What: "sent", ID: s.ID, Detail: s.Type + " " + s.Outcome, style: green}
			if n := len(s.Attempts); n > 0 {
				l.At = s.Attempts[n-1].At
				l.Detail += " " + lastOf(s.Attempts[n-1].Status, s.Attempts[n-1].Problem)
			}
			return l
		}, "destinations", d.ID, "deliveries")
		if err != nil {
			return nil, err
		}
		out = append(out, sent...)
	}
	return out, nil
}
