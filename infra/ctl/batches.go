package main

import (
	"context"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

type (
	batch struct {
		Batch      string           `json:"batch"`
		Status     string           `json:"status"`
		Problem    string           `json:"problem,omitempty"`
		Connection string           `json:"connection,omitempty"`
		Client     string           `json:"client,omitempty"`
		Object     string           `json:"object,omitempty"`
		Kind       string           `json:"kind,omitempty"`
		Received   *time.Time       `json:"received_at,omitempty"`
		Finished   *time.Time       `json:"finished_at,omitempty"`
		Rows       int64            `json:"rows,omitempty"`
		Chunks     int              `json:"chunks,omitempty"`
		Done       int              `json:"chunks_done,omitempty"`
		Counts     map[string]int64 `json:"counts"`
		Outcomes   []rowOutcome     `json:"outcomes,omitempty"`
		Next       string           `json:"next,omitempty"`
	}
	rowOutcome struct {
		Row     int    `json:"row"`
		ID      string `json:"id,omitempty"`
		Outcome string `json:"outcome"`
		Code    string `json:"code,omitempty"`
		By      int    `json:"by,omitempty"`
		Detail  string `json:"detail,omitempty"`
		Entry   string `json:"entry,omitempty"`
	}
)

// applied is how many rows of a batch are done with.
func (b batch) applied() (n int64) {
	for _, rows := range b.Counts {
		n += rows
	}
	return n
}

func (c *command) batchesCommand() *cobra.Command {
	var limit int
	cmd := &cobra.Command{
		Use: "batches", Short: "List what was pushed; show what became of a batch, row by row; watch one", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return show(cmd, c, limit, nil, batchList(), "batches") },
	}
	limitFlag(cmd, &limit)
	cmd.AddCommand(c.showBatchCommand(), &cobra.Command{
		Use: "watch BATCH", Short: "Show how far a batch is until it is finished", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			api, err := c.client()
			if err != nil {
				return err
			}
			line := c.progress("Applying", count)
			defer line.end()
			b, err := c.awaitBatch(cmd.Context(), api, args[0], func(b batch) { line.show(b.applied(), b.Rows, b.Status) })
			if err != nil {
				return err
			}
			line.end()
			if c.asJSON {
				return c.printJSON(b)
			}
			batchList().print(c, b)
			c.showFailed(b.Outcomes, b.Counts["set_aside"])
			return nil
		},
	})
	return cmd
}

func (c *command) showBatchCommand() *cobra.Command {
	var limit int
	var all bool
	cmd := &cobra.Command{
		Use: "show BATCH", Short: "Show what became of the rows of a batch", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			api, err := c.client()
			if err != nil {
				return err
			}
			b, err := batchWithRows(cmd.Context(), api, args[0], limit, all)
			if err != nil || c.asJSON {
				return c.orJSON(b, err)
			}
			batchList().print(c, b.batch)
			if len(b.Outcomes) > 0 {
				c.printf("\n%s", outcomeTable(b.Outcomes).format(c.paint, "  "))
			}
			c.more(b.Next)
			return nil
		},
	}
	limitFlag(cmd, &limit)
	cmd.Flags().BoolVar(&all, "all", false, "also the rows that were simply applied")
	return cmd
}

// shownBatch is a batch with rows; a program sees its outcomes also where there are none.
type shownBatch struct {
	batch
	Outcomes []rowOutcome `json:"outcomes"`
}

// batchWithRows reads a batch with up to limit outcomes of its rows, 0 for all.
func batchWithRows(ctx context.Context, api *client, id string, limit int, applied bool) (shownBatch, error) {
	const most = 200 // of one page
	all := shownBatch{Outcomes: []rowOutcome{}}
	for {
		query := url.Values{"limit": {strconv.Itoa(most)}}
		if limit > 0 {
			query.Set("limit", strconv.Itoa(min(most, limit-len(all.Outcomes))))
		}
		if !applied {
			query.Set("only", "failed")
		}
		if all.Next != "" {
			query.Set("cursor", all.Next)
		}
		var b batch
		if err := api.get(ctx, &b, query, "push", id); err != nil {
			return all, err
		}
		all.batch, all.Outcomes = b, append(all.Outcomes, b.Outcomes...)
		if b.Next == "" || limit > 0 && len(all.Outcomes) >= limit {
			return all, nil
		}
	}
}

func batchList() shown[batch] {
	return shown[batch]{[]string{"BATCH", "RECEIVED (UTC)", "STATUS", "OBJECT", "ROWS", "OUTCOMES"}, func(b batch) []cell {
		status := text(b.Status)
		switch b.Status {
		case "finished":
			status.style = green
		case "refused":
			status.style = red
		}
		rows := "-"
		if b.Rows > 0 {
			rows = fmt.Sprint(b.Rows)
		}
		return []cell{text(b.Batch), text(instantOf(b.Received)), status, text(b.Object), text(rows), text(strings.TrimSpace(soFar(b.Counts) + " " + b.Problem))}
	}}
}

// soFar writes counts.
func soFar(counts map[string]int64) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		parts = append(parts, fmt.Sprintf("%d %s", counts[name], strings.ReplaceAll(name, "_", " ")))
	}
	return strings.Join(parts, ", ")
}

func outcomeTable(outcomes []rowOutcome) *table {
	t := &table{}
	for _, o := range outcomes {
		outcome := styled(yellow, strings.ReplaceAll(o.Outcome, "_", " "))
		if o.Outcome == "applied" {
			outcome.style = green
		}
		detail := o.Detail
		if o.By > 0 {
			detail = strings.TrimSpace(fmt.Sprintf("by row %d %s", o.By, detail))
		}
		t.add(text(fmt.Sprintf("row %d", o.Row)), text(short(o.ID, maxValue)), outcome, text(o.Code), text(o.Entry), text(detail))
	}
	return t
}

// showFailed lists the first rows that were set aside, of so many.
func (c *command) showFailed(outcomes []rowOutcome, of int64) {
	outcomes = slices.DeleteFunc(slices.Clone(outcomes), func(o rowOutcome) bool { return o.Outcome != "set_aside" })
	if of == 0 {
		return
	}
	if len(outcomes) > 0 {
		c.printf("\n%s", outcomeTable(outcomes).format(c.paint, "  "))
	}
	if rest := of - int64(len(outcomes)); rest > 0 {
		c.printf("  and %d more\n", rest)
	}
	c.printf("\nNothing is lost: `leadline quarantine --status open` lists what was set aside, `leadline schema` what rows ask for.\n")
}

func instantOf(t *time.Time) string {
	if t == nil {
		return "-"
	}
	return instant(*t)
}
