package main

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

type (
	deliveryState struct {
		ID        string     `json:"id"`
		Event     string     `json:"event"`
		Type      string     `json:"type"`
		Outcome   string     `json:"outcome"`
		CreatedAt time.Time  `json:"created_at"`
		NextAt    *time.Time `json:"next_at,omitempty"`
		Replays   int        `json:"replays"`
		Attempts  []attempt  `json:"attempts"`
		Body      *string    `json:"body,omitempty"`
		Bytes     int64      `json:"bytes,omitempty"`
	}
	attempt struct {
		Number       int       `json:"number"`
		At           time.Time `json:"at"`
		Status       int       `json:"status,omitempty"`
		Milliseconds int64     `json:"milliseconds"`
		Problem      string    `json:"problem,omitempty"`
		Answer       string    `json:"answer,omitempty"`
	}
)

func (c *command) deliveriesCommand() *cobra.Command {
	var limit int
	var outcome, kind string
	cmd := &cobra.Command{
		Use: "deliveries DESTINATION", Short: "List what was sent to a destination; show one with all attempts; replay", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			query := queryOf(map[string]string{"outcome": outcome, "type": kind})
			return show(cmd, c, limit, query, deliveryList(), "destinations", args[0], "deliveries")
		},
	}
	limitFlag(cmd, &limit)
	cmd.Flags().StringVar(&outcome, "outcome", "", "with this outcome only: retrying, delivered, given_up or skipped")
	cmd.Flags().StringVar(&kind, "type", "", "of this type only, such as 'opportunity updated'")
	cmd.AddCommand(&cobra.Command{
		Use: "show DESTINATION DELIVERY", Short: "Show a delivery with all its attempts and what was sent", Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			return fetch(cmd, c, nil, c.showDelivery, "destinations", args[0], "deliveries", args[1])
		},
	}, c.replayDeliveriesCommand())
	return cmd
}

func (c *command) replayDeliveriesCommand() *cobra.Command {
	var since time.Duration
	var all, wait bool
	cmd := &cobra.Command{
		Use: "replay DESTINATION [DELIVERY]", Short: "Send a delivery again, or all that a destination missed", Args: cobra.RangeArgs(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			if (len(args) == 2) == (since > 0) {
				return usagef("say which delivery, or since when with --since")
			}
			if len(args) == 2 {
				return submit(cmd, c, nil, func(struct{}) {
					c.printf("Queued. `leadline deliveries show %s %s` says what became of it.\n", clean(args[0]), clean(args[1]))
				}, "destinations", args[0], "deliveries", args[1], "replay")
			}
			body := map[string]any{"since": c.now().Add(-since).UTC(), "all": all}
			return c.startJob(cmd.Context(), wait, body, "", "destinations", args[0], "replay")
		},
	}
	cmd.Flags().DurationVar(&since, "since", 0, "what came in during this `time`, such as 24h, and was not delivered")
	cmd.Flags().BoolVar(&all, "all", false, "with --since: also what was delivered")
	cmd.Flags().BoolVar(&wait, "wait", true, "with --since: wait until all of it is queued")
	return cmd
}

func deliveryList() shown[deliveryState] {
	return shown[deliveryState]{[]string{"ID", "CAME IN (UTC)", "TYPE", "OUTCOME", "ATTEMPTS", "LAST"}, func(d deliveryState) []cell {
		outcome := styled(yellow, d.Outcome)
		switch d.Outcome {
		case "delivered":
			outcome.style = green
		case "given_up":
			outcome.style = red
		case "retrying":
			if d.NextAt != nil {
				outcome.text += ", next " + instant(*d.NextAt)
			}
		}
		return []cell{text(d.ID), text(instant(d.CreatedAt)), text(d.Type), outcome, text(fmt.Sprint(len(d.Attempts))), text(orElse(d.last(), "-"))}
	}}
}

// last says how the last attempt ended.
func (d deliveryState) last() string {
	if len(d.Attempts) == 0 {
		return ""
	}
	return d.Attempts[len(d.Attempts)-1].result()
}

func (a attempt) result() string {
	if a.Status == 0 {
		return a.Problem
	}
	return strings.TrimSpace(fmt.Sprintf("%d %s", a.Status, http.StatusText(a.Status)))
}

func (c *command) showDelivery(d deliveryState) {
	deliveryList().print(c, d)
	t := table{head: []string{"ATTEMPT", "WHEN (UTC)", "TOOK", "RESULT", "ANSWER"}}
	for _, a := range d.Attempts {
		t.add(row(fmt.Sprint(a.Number), instant(a.At), fmt.Sprintf("%d ms", a.Milliseconds), a.result(), short(a.Answer, maxValue))...)
	}
	c.printf("\n%s\n", t.format(c.paint, "  "))
	switch {
	case d.Body != nil:
		c.printf("%s\n", clean(*d.Body))
	case d.Bytes > 0:
		c.printf("What was sent is no text, or a long one: %s. --json shows it.\n", bytesOf(d.Bytes))
	default:
		c.printf("What was sent is no longer kept.\n")
	}
}
