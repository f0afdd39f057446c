package main

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

func (c *command) batchesCommand() *cobra.Command {
	var limit int
	cmd := &cobra.Command{
		Use: "batches [BATCH]", Short: "List what was pushed, or show what became of a batch, row by row", Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			api, err := c.client()
			if err != nil {
				return err
			}
			if len(args) == 1 {
				var b batch
				query := url.Values{"limit": {"200"}, "only": {"failed"}}
				if err := api.get(cmd.Context(), &b, query, "push", args[0]); err != nil || c.asJSON {
					return c.orJSON(b, err)
				}
				c.printf("%s%s", batchTable(b).format(c.paint, ""), outcomeTable(b).format(c.paint, "  "))
				return nil
			}
			all, err := list[batch](cmd.Context(), api, limit, nil, "batches")
			if err != nil || c.asJSON {
				return c.orJSON(all, err)
			}
			c.printf("%s", batchTable(all.Items...).format(c.paint, ""))
			c.more(all.Next)
			return nil
		},
	}
	limitFlag(cmd, &limit)
	return cmd
}

func batchTable(batches ...batch) *table {
	t := &table{head: []string{"BATCH", "RECEIVED (UTC)", "STATUS", "OBJECT", "ROWS", "OUTCOMES"}}
	for _, b := range batches {
		var counts []string
		for _, outcome := range slices.Sorted(maps.Keys(b.Counts)) {
			counts = append(counts, fmt.Sprintf("%s %d", outcome, b.Counts[outcome]))
		}
		t.add(text(b.Batch), text(instantOf(b.Received)), text(b.Status), text(b.Object), text(fmt.Sprint(b.Rows)), text(strings.Join(counts, ", ")+b.Problem))
	}
	return t
}

func outcomeTable(b batch) *table {
	t := &table{}
	for _, o := range b.Outcomes {
		outcome := styled(yellow, o.Outcome)
		t.add(text(fmt.Sprintf("row %d", o.Row)), text(o.ID), outcome, text(o.Code), text(o.Detail))
	}
	return t
}

func instantOf(t *time.Time) string {
	if t == nil {
		return "-"
	}
	return instant(*t)
}
