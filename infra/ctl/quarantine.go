package main

import (
	"fmt"
	"net/url"

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
		l.Flags().StringVar(&status, "status", "", "with this status only: open or resolved")
	}
	cmd.RunE = listing
	cmd.AddCommand(lister, c.showEntryCommand(), c.replayCommand())
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
	return &cobra.Command{
		Use: "replay ENTRY", Short: "Try again to apply what was set aside", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			api, err := c.client()
			if err != nil {
				return err
			}
			var r replay
			if err := api.post(cmd.Context(), nil, &r, "quarantine", args[0], "replay"); err != nil || c.asJSON {
				return c.orJSON(r, err)
			}
			c.printf("Queued. `leadline quarantine show %s` says what became of it.\n", r.Entry)
			return nil
		},
	}
}
