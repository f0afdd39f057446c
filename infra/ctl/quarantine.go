package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/url"
	"os"

	"github.com/spf13/cobra"
)

func (c *command) quarantineCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "quarantine", Short: "List what was set aside; show it, replay it", Args: cobra.NoArgs}
	var limit int
	var connection, reason, status string
	listing := func(cmd *cobra.Command, _ []string) error {
		api, err := c.client()
		if err != nil {
			return err
		}
		query := url.Values{}
		for name, value := range map[string]string{"connection": connection, "reason": reason, "status": status} {
			if value != "" {
				query.Set(name, value)
			}
		}
		all, err := list[entry](cmd.Context(), api, limit, query, "quarantine")
		if err != nil || c.asJSON {
			return c.orJSON(all, err)
		}
		if len(all.Items) == 0 {
			c.printf("Nothing was set aside.\n")
			return nil
		}
		c.printf("%s", entryTable(all.Items).format(c.paint, ""))
		c.more(all.Next)
		return nil
	}
	lister := &cobra.Command{Use: "list", Short: "List what was set aside, newest first", Args: cobra.NoArgs, RunE: listing}
	for _, l := range []*cobra.Command{cmd, lister} {
		limitFlag(l, &limit)
		l.Flags().StringVar(&connection, "connection", "", "of this connection only")
		l.Flags().StringVar(&reason, "reason", "", "for this reason only")
		l.Flags().StringVar(&status, "status", "", "with this status only: open, resolved or discarded")
	}
	cmd.RunE = listing
	cmd.AddCommand(lister, c.showEntryCommand(), c.replayCommand(), c.discardCommand())
	return cmd
}

func entryTable(entries []entry) *table {
	t := &table{head: []string{"ID", "RECEIVED (UTC)", "STATUS", "REASON", "EXPLANATION"}}
	for _, e := range entries {
		status := styled(yellow, e.Status)
		if e.Status == "resolved" {
			status.style = green
		}
		if e.Replays > 0 {
			status.text += fmt.Sprintf(", replayed %d×", e.Replays)
		}
		t.add(text(e.ID), text(instant(e.ReceivedAt)), status, text(e.Reason), text(e.Detail))
	}
	return t
}

func (c *command) showEntryCommand() *cobra.Command {
	return &cobra.Command{
		Use: "show ENTRY", Short: "Show what was set aside, with its payload", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			api, err := c.client()
			if err != nil {
				return err
			}
			var e entry
			err = api.get(cmd.Context(), &e, nil, "quarantine", args[0])
			if err != nil || c.asJSON {
				return c.orJSON(e, err)
			}
			c.printf("%s\n", entryTable([]entry{e}).format(c.paint, ""))
			switch p := e.Payload; {
			case p == nil:
				c.printf("The payload is no longer kept.\n")
			case p.Text != nil:
				c.printf("%s\n", clean(*p.Text))
			default:
				c.printf("The payload is no text, or a long one: %s. --json shows it.\n", bytesOf(int64(p.Bytes)))
			}
			return nil
		},
	}
}

func (c *command) replayCommand() *cobra.Command {
	var all, wait bool
	var connection, object, reason, payload string
	cmd := &cobra.Command{
		Use: "replay [ENTRY]", Short: "Try again to apply what was set aside: one entry, also corrected, or all that match", Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			api, err := c.client()
			if err != nil {
				return err
			}
			if all == (len(args) == 1) {
				return usagef("say which entry, or --all with what it is narrowed by")
			}
			if all {
				return c.replayAll(cmd, api, wait, map[string]string{"connection": connection, "object": object, "reason": reason})
			}
			var body any
			if payload != "" {
				text, err := c.readFile(payload)
				if err != nil {
					return err
				}
				if !json.Valid(text) {
					return usagef("%s is no JSON", payload)
				}
				body = map[string]any{"payload": json.RawMessage(text)}
			}
			var r replay
			if err := api.post(cmd.Context(), body, &r, "quarantine", args[0], "replay"); err != nil || c.asJSON {
				return c.orJSON(r, err)
			}
			c.printf("Queued. `leadline quarantine show %s` says what became of it.\n", r.Entry)
			return nil
		},
	}
	cmd.Flags().BoolVar(&all, "all", false, "all open entries, or those of --connection, --object, --reason")
	cmd.Flags().BoolVar(&wait, "wait", true, "wait until --all is done")
	cmd.Flags().StringVar(&connection, "connection", "", "of this connection only")
	cmd.Flags().StringVar(&object, "object", "", "about this kind of record only")
	cmd.Flags().StringVar(&reason, "reason", "", "for this reason only")
	cmd.Flags().StringVar(&payload, "payload", "", "a `file` that holds what should have come in; - reads stdin")
	return cmd
}

func (c *command) replayAll(cmd *cobra.Command, api *client, wait bool, narrowed map[string]string) error {
	maps.DeleteFunc(narrowed, func(_, value string) bool { return value == "" })
	var j jobState
	if err := api.post(cmd.Context(), narrowed, &j, "quarantine", "replay"); err != nil {
		return err
	}
	if wait {
		return c.watchJob(cmd.Context(), api, j.ID)
	}
	if c.asJSON {
		return c.printJSON(j)
	}
	c.showJob(j)
	return nil
}

func (c *command) discardCommand() *cobra.Command {
	return &cobra.Command{
		Use: "discard ENTRY", Short: "Give up what was set aside", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			api, err := c.client()
			if err != nil {
				return err
			}
			var e entry
			if err := api.post(cmd.Context(), nil, &e, "quarantine", args[0], "discard"); err != nil || c.asJSON {
				return c.orJSON(e, err)
			}
			c.printf("%s", entryTable([]entry{e}).format(c.paint, ""))
			return nil
		},
	}
}

// readFile reads a file, or stdin for -.
func (c *command) readFile(name string) ([]byte, error) {
	if name == "-" {
		return io.ReadAll(io.LimitReader(c.stdin, 8<<20))
	}
	return os.ReadFile(name)
}
