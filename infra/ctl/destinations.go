package main

import (
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

type destinationState struct {
	ID             string     `json:"id"`
	Name           string     `json:"name"`
	URL            string     `json:"url"`
	Kind           string     `json:"kind"`
	Connections    []string   `json:"connections"`
	Headers        []string   `json:"headers"`
	SeedTimestamps bool       `json:"seed_timestamps"`
	Status         string     `json:"status"`
	Problem        string     `json:"problem,omitempty"`
	FailingSince   *time.Time `json:"failing_since,omitempty"`
	Secret         string     `json:"secret,omitempty"`
}

func (c *command) destinationsCommand() *cobra.Command {
	var limit int
	cmd := &cobra.Command{
		Use: "destinations", Short: "List where events are sent; add one, rotate its secret, switch it off and on, delete it", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return show(cmd, c, limit, nil, destinationList(), "destinations")
		},
	}
	limitFlag(cmd, &limit)
	var overlap int
	rotate := &cobra.Command{
		Use: "rotate-secret DESTINATION", Short: "Give a destination a new secret", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return submit(cmd, c, map[string]any{"overlap_seconds": overlap}, c.showDestination, "destinations", args[0], "rotate-secret")
		},
	}
	rotate.Flags().IntVar(&overlap, "overlap", 86400, "how many seconds the old secret still signs, too")
	cmd.AddCommand(c.createDestinationCommand(), rotate)
	cmd.AddCommand(c.verbCommands("DESTINATION", func(cmd *cobra.Command, id, verb string) error {
		return submit(cmd, c, nil, c.showDestination, "destinations", id, verb)
	}, [2]string{"disable", "Send nothing to a destination; what comes for it can be replayed"},
		[2]string{"enable", "Send to a destination again, also to one that was switched off for failing"})...)
	cmd.AddCommand(c.verbCommands("DESTINATION", func(cmd *cobra.Command, id, _ string) error {
		return c.quietly(cmd, http.MethodDelete, "Deleted.", "destinations", id)
	}, [2]string{"delete", "Delete a destination; what is under way to it is dropped"})...)
	return cmd
}

func (c *command) createDestinationCommand() *cobra.Command {
	var name, kind string
	var headers, connections, types []string
	var seed bool
	cmd := &cobra.Command{
		Use: "create URL", Short: "Send a track event to a URL for each event of a CRM, or what happens to participants", Args: cobra.ExactArgs(1),
		Example: "  leadline destinations create https://hosted.rudderlabs.com/v1/webhook --name RudderStack --header 'Authorization: -' < header",
		RunE: func(cmd *cobra.Command, args []string) error {
			body := map[string]any{"name": name, "url": args[0], "kind": kind, "seed_timestamps": seed}
			if len(types) > 0 {
				body["types"] = types
			}
			if len(connections) > 0 {
				body["connections"] = connections
			}
			if len(headers) > 0 {
				all, err := c.headersOf(headers)
				if err != nil {
					return err
				}
				body["headers"] = all
			}
			return submit(cmd, c, body, c.showDestination, "destinations")
		},
	}
	cmd.Flags().StringVar(&name, "name", "", "what people call it")
	cmd.Flags().StringArrayVar(&headers, "header", nil, "a `header` to send, such as 'Authorization: Basic ...'; with - for its value that is read from stdin; may be given several times")
	cmd.Flags().StringArrayVar(&connections, "connection", nil, "events of this connection only; may be given several times")
	cmd.Flags().StringVar(&kind, "kind", "track", "`track` events of CRMs, or events: points.awarded, badge.earned, level.reached, tier.changed")
	cmd.Flags().StringArrayVar(&types, "type", nil, "of the kind events, this `type` only; may be given several times")
	cmd.Flags().BoolVar(&seed, "seed-timestamps", false, "write originalTimestamp as RudderStack's documentation shows it, with the weekday for the day")
	_ = cmd.MarkFlagRequired("name") // it is there
	return cmd
}

// headersOf reads headers as people write them.
func (c *command) headersOf(lines []string) (map[string]string, error) {
	all := map[string]string{}
	for _, line := range lines {
		name, value, found := strings.Cut(line, ":")
		name = strings.TrimSpace(name)
		if _, twice := all[name]; !found || name == "" || twice {
			return nil, usagef("a header is written as 'Name: value', each name once")
		}
		value, err := c.secretFlag(strings.TrimSpace(value))
		if err != nil {
			return nil, err
		}
		all[name] = value
	}
	return all, nil
}

func destinationList() shown[destinationState] {
	return shown[destinationState]{[]string{"ID", "NAME", "STATUS", "URL", ""}, func(d destinationState) []cell {
		remark := d.Problem
		if d.FailingSince != nil {
			remark = strings.TrimSuffix("failing since "+instant(*d.FailingSince)+": "+remark, ": ")
		}
		return []cell{text(d.ID), text(d.Name), statusCell(d.Status), text(d.URL), styled(yellow, remark)}
	}}
}

func (c *command) showDestination(d destinationState) {
	destinationList().print(c, d)
	if d.Secret != "" {
		c.printf("\nCheck the signatures with this secret, as Standard Webhooks says. It is shown only now:\n%s\n", clean(d.Secret))
	}
}
