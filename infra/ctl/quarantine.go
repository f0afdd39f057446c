package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"
)

func (c *command) quarantineCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "quarantine", Short: "List what was set aside; show it, replay it, give it up", Args: cobra.NoArgs}
	var limit int
	var connection, object, reason, status string
	listing := func(cmd *cobra.Command, _ []string) error {
		api, err := c.client()
		if err != nil {
			return err
		}
		query := queryOf(map[string]string{"connection": connection, "object": object, "reason": reason, "status": status})
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
		l.Flags().StringVar(&object, "object", "", "about this kind of record only")
		l.Flags().StringVar(&reason, "reason", "", "for this reason only")
		l.Flags().StringVar(&status, "status", "", "with this status only: open, resolved or discarded")
	}
	cmd.RunE = listing
	cmd.AddCommand(lister, c.showEntryCommand(), c.replayCommand())
	cmd.AddCommand(c.verbCommands("ENTRY", func(cmd *cobra.Command, id, verb string) error {
		return submit(cmd, c, nil, func(e entry) { c.printf("%s", entryTable([]entry{e}).format(c.paint, "")) }, "quarantine", id, verb)
	}, [2]string{"discard", "Give up what was set aside; it stays in the list"})...)
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
			if len(e.Mismatches) > 0 {
				t := table{head: []string{"FIELD", "EXPECTED", "FOUND"}}
				for _, m := range e.Mismatches {
					t.add(row(m.Field, m.Expected, m.Found)...)
				}
				c.printf("%s\n", t.format(c.paint, "  "))
			}
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
		Long: "Try again to apply what was set aside: one entry, as it came or corrected by --payload, or --all open ones, or those of --connection, --object, --reason.\n\n" +
			"A corrected payload is the whole body of a webhook, or the one row of a batch; `leadline quarantine show` shows what came.",
		RunE: func(cmd *cobra.Command, args []string) error {
			narrowed := map[string]string{"connection": connection, "object": object, "reason": reason}
			if all == (len(args) == 1) {
				return usagef("say which entry, or --all with what it is narrowed by")
			}
			if all {
				body := map[string]string{}
				for name := range queryOf(narrowed) {
					body[name] = narrowed[name]
				}
				return c.startJob(cmd.Context(), wait, body, "", "quarantine", "replay")
			}
			if len(queryOf(narrowed)) > 0 {
				return usagef("--connection, --object and --reason narrow --all; an entry is named by its id alone")
			}
			var body any
			if payload != "" {
				text, err := c.readJSON(payload)
				if err != nil {
					return err
				}
				body = map[string]any{"payload": text}
			}
			return c.replayEntry(cmd.Context(), args[0], body, wait)
		},
	}
	cmd.Flags().BoolVar(&all, "all", false, "all open entries, or those of --connection, --object, --reason")
	cmd.Flags().BoolVar(&wait, "wait", true, "wait for what becomes of it")
	cmd.Flags().StringVar(&connection, "connection", "", "of this connection only")
	cmd.Flags().StringVar(&object, "object", "", "about this kind of record only")
	cmd.Flags().StringVar(&reason, "reason", "", "for this reason only")
	cmd.Flags().StringVar(&payload, "payload", "", "a `file` that holds what should have come in; - reads stdin")
	cmd.MarkFlagsMutuallyExclusive("all", "payload")
	return cmd
}

// maxReplayLooks is how often an entry is looked at, about half a minute long, until its replay is through.
const maxReplayLooks = 20

// replayEntry replays one entry and, if asked to, waits for what becomes of it; to be set aside again is an error.
func (c *command) replayEntry(ctx context.Context, id string, body any, wait bool) error {
	api, err := c.client()
	if err != nil {
		return err
	}
	var before, after entry
	if err := api.get(ctx, &before, nil, "quarantine", id); err != nil {
		return err
	}
	var r replay
	if err := api.post(ctx, body, &r, "quarantine", id, "replay"); err != nil {
		return err
	}
	queued := fmt.Sprintf("Queued. `leadline quarantine show %s` says what became of it.", r.Entry)
	looks := 0
	for stall := c.stall(); wait && looks < maxReplayLooks; looks++ {
		if err := api.get(ctx, &after, nil, "quarantine", id); err != nil {
			return &halfway{err, queued}
		}
		if after.Status != before.Status || after.Replays != before.Replays {
			break
		}
		if err := stall.pause(ctx); err != nil {
			return &halfway{err, queued}
		}
	}
	if !wait || looks == maxReplayLooks {
		if c.asJSON {
			return c.printJSON(r)
		}
		c.printf("%s\n", clean(queued))
		return nil
	}
	after.Payload = nil
	if c.asJSON {
		err = c.printJSON(after)
	} else {
		c.printf("%s", entryTable([]entry{after}).format(c.paint, ""))
	}
	if after.Status == "open" {
		err = fmt.Errorf("it was set aside again: %s", after.Detail)
	}
	return err
}
