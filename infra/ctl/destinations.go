package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

type (
	destinationState struct {
		ID           string     `json:"id"`
		Name         string     `json:"name"`
		URL          string     `json:"url"`
		Kind         string     `json:"kind"`
		Status       string     `json:"status"`
		Problem      string     `json:"problem,omitempty"`
		FailingSince *time.Time `json:"failing_since,omitempty"`
		Secret       string     `json:"secret,omitempty"`
	}
	deliveryState struct {
		ID        string     `json:"id"`
		Type      string     `json:"type"`
		Outcome   string     `json:"outcome"`
		CreatedAt time.Time  `json:"created_at"`
		NextAt    *time.Time `json:"next_at,omitempty"`
		Attempts  []struct {
			Number       int       `json:"number"`
			At           time.Time `json:"at"`
			Status       int       `json:"status,omitempty"`
			Milliseconds int64     `json:"milliseconds"`
			Problem      string    `json:"problem,omitempty"`
			Answer       string    `json:"answer,omitempty"`
		} `json:"attempts"`
		Body string `json:"body,omitempty"`
	}
)

func (c *command) destinationsCommand() *cobra.Command {
	var limit int
	cmd := &cobra.Command{Use: "destinations", Short: "List where events are sent; add one, rotate its secret, switch it off and on", Args: cobra.NoArgs}
	limitFlag(cmd, &limit)
	cmd.RunE = show(c, &limit, destinationHead(), destinationCells, "destinations")
	var name string
	var headers []string
	var seed bool
	create := &cobra.Command{
		Use: "create URL", Short: "Send a track event to a URL for each event of a CRM", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			body := map[string]any{"name": name, "url": args[0], "kind": "track", "seed_timestamps": seed}
			if len(headers) > 0 {
				all := map[string]string{}
				for _, h := range headers {
					key, value, found := strings.Cut(h, ":")
					if !found {
						return usagef("a header is written as Name: value")
					}
					all[strings.TrimSpace(key)] = strings.TrimSpace(value)
				}
				body["headers"] = all
			}
			return c.changeDestination(cmd, body, "destinations")
		},
	}
	create.Flags().StringVar(&name, "name", "", "what people call it")
	create.Flags().StringArrayVar(&headers, "header", nil, "a `header` to send, such as 'Authorization: Basic ...'; may be given several times")
	create.Flags().BoolVar(&seed, "seed-timestamps", false, "write originalTimestamp as RudderStack's documentation shows it")
	_ = create.MarkFlagRequired("name") // it is there
	rotate := &cobra.Command{
		Use: "rotate-secret DESTINATION", Short: "Give a destination a new secret; for a day both sign", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.changeDestination(cmd, map[string]any{}, "destinations", args[0], "rotate-secret")
		},
	}
	cmd.AddCommand(create, rotate)
	for _, verb := range []string{"disable", "enable"} {
		cmd.AddCommand(&cobra.Command{
			Use: verb + " DESTINATION", Short: strings.ToUpper(verb[:1]) + verb[1:] + " a destination", Args: cobra.ExactArgs(1),
			RunE: func(cmd *cobra.Command, args []string) error {
				return c.changeDestination(cmd, nil, "destinations", args[0], verb)
			},
		})
	}
	return cmd
}

func destinationHead() []string { return []string{"ID", "NAME", "STATUS", "URL", ""} }

func destinationCells(d destinationState) []cell {
	status := styled(green, d.Status)
	if d.Status != "active" {
		status.style = red
	}
	remark := d.Problem
	if d.FailingSince != nil {
		remark = "failing since " + instant(*d.FailingSince) + ": " + remark
	}
	return []cell{text(d.ID), text(d.Name), status, text(d.URL), styled(yellow, remark)}
}

func (c *command) changeDestination(cmd *cobra.Command, body any, path ...string) error {
	api, err := c.client()
	if err != nil {
		return err
	}
	var d destinationState
	if err := api.post(cmd.Context(), body, &d, path...); err != nil || c.asJSON {
		return c.orJSON(d, err)
	}
	t := table{head: destinationHead()}
	t.add(destinationCells(d)...)
	c.printf("%s", t.format(c.paint, ""))
	if d.Secret != "" {
		c.printf("\nCheck the signatures with this secret (Standard Webhooks). It is shown only now:\n%s\n", d.Secret)
	}
	return nil
}

func (c *command) deliveriesCommand() *cobra.Command {
	var limit int
	cmd := &cobra.Command{
		Use: "deliveries DESTINATION [DELIVERY]", Short: "List what was sent to a destination, or show one with all attempts; replay", Args: cobra.RangeArgs(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 2 {
				return c.showDelivery(cmd, args[0], args[1])
			}
			return show(c, &limit, []string{"ID", "CAME IN (UTC)", "TYPE", "OUTCOME", "ATTEMPTS", "LAST"}, deliveryCells, "destinations", args[0], "deliveries")(cmd, args)
		},
	}
	limitFlag(cmd, &limit)
	replay := &cobra.Command{
		Use: "replay DESTINATION DELIVERY", Short: "Send a delivery again", Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			api, err := c.client()
			if err != nil {
				return err
			}
			var out map[string]any
			if err := api.post(cmd.Context(), nil, &out, "destinations", args[0], "deliveries", args[1], "replay"); err != nil || c.asJSON {
				return c.orJSON(out, err)
			}
			c.printf("Queued. `leadline deliveries %s %s` says what became of it.\n", args[0], args[1])
			return nil
		},
	}
	cmd.AddCommand(replay)
	return cmd
}

func deliveryCells(d deliveryState) []cell {
	outcome := styled(yellow, d.Outcome)
	switch d.Outcome {
	case "delivered":
		outcome.style = green
	case "given_up":
		outcome.style = red
	}
	last := "-"
	if n := len(d.Attempts); n > 0 {
		last = lastOf(d.Attempts[n-1].Status, d.Attempts[n-1].Problem)
	}
	return []cell{text(d.ID), text(instant(d.CreatedAt)), text(d.Type), outcome, text(fmt.Sprint(len(d.Attempts))), text(last)}
}

func lastOf(status int, problem string) string {
	if status == 0 {
		return problem
	}
	return strings.TrimSpace(fmt.Sprintf("%d %s", status, http.StatusText(status)))
}

func (c *command) showDelivery(cmd *cobra.Command, destination, id string) error {
	api, err := c.client()
	if err != nil {
		return err
	}
	var d deliveryState
	if err := api.get(cmd.Context(), &d, nil, "destinations", destination, "deliveries", id); err != nil || c.asJSON {
		return c.orJSON(d, err)
	}
	t := table{}
	t.add(deliveryCells(d)...)
	c.printf("%s", t.format(c.paint, ""))
	attempts := table{head: []string{"ATTEMPT", "WHEN (UTC)", "TOOK", "ANSWER", ""}}
	for _, a := range d.Attempts {
		attempts.add(row(fmt.Sprint(a.Number), instant(a.At), fmt.Sprintf("%d ms", a.Milliseconds), lastOf(a.Status, a.Problem), short(a.Answer, maxValue))...)
	}
	c.printf("\n%s", attempts.format(c.paint, "  "))
	var body any
	if json.Unmarshal([]byte(d.Body), &body) == nil {
		c.printf("\n")
		_, _ = io.WriteString(c.stdout, clean(d.Body)+"\n")
	}
	return nil
}
