package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

type jobState struct {
	ID        string           `json:"id"`
	Kind      string           `json:"kind"`
	Status    string           `json:"status"`
	Counts    map[string]int64 `json:"counts"`
	Total     int64            `json:"total,omitempty"`
	Problem   string           `json:"problem,omitempty"`
	CreatedAt time.Time        `json:"created_at"`
	Download  *struct {
		URL string `json:"url"`
	} `json:"download,omitempty"`
}

func (c *command) jobsCommand() *cobra.Command {
	var limit int
	cmd := &cobra.Command{Use: "jobs", Short: "List long work; watch or cancel a job", Args: cobra.NoArgs}
	limitFlag(cmd, &limit)
	cmd.RunE = show(c, &limit, jobHead(), jobCells, "jobs")
	watch := &cobra.Command{
		Use: "watch JOB", Short: "Show how far a job is until it ends", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			api, err := c.client()
			if err != nil {
				return err
			}
			return c.watchJob(cmd.Context(), api, args[0])
		},
	}
	cancel := &cobra.Command{
		Use: "cancel JOB", Short: "Cancel a job; what it did stays done", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			api, err := c.client()
			if err != nil {
				return err
			}
			var j jobState
			if err := api.post(cmd.Context(), nil, &j, "jobs", args[0], "cancel"); err != nil || c.asJSON {
				return c.orJSON(j, err)
			}
			c.showJob(j)
			return nil
		},
	}
	cmd.AddCommand(watch, cancel)
	return cmd
}

func jobHead() []string { return []string{"ID", "KIND", "STATUS", "SINCE (UTC)", "SO FAR"} }

func jobCells(j jobState) []cell {
	status := styled(yellow, j.Status)
	switch j.Status {
	case "done":
		status.style = green
	case "failed":
		status.style = red
	}
	return []cell{text(j.ID), text(j.Kind), status, text(instant(j.CreatedAt)), text(strings.TrimSpace(soFar(j.Counts) + " " + j.Problem))}
}

func soFar(counts map[string]int64) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		parts = append(parts, fmt.Sprintf("%s %d", name, counts[name]))
	}
	return strings.Join(parts, ", ")
}

func (c *command) showJob(j jobState) {
	t := table{head: jobHead()}
	t.add(jobCells(j)...)
	c.printf("%s", t.format(c.paint, ""))
	if j.Download != nil {
		c.printf("\n%s\n", j.Download.URL)
	}
}

// watchJob draws the progress of a job until it ends; one that failed is an error.
func (c *command) watchJob(ctx context.Context, api *client, id string) error {
	line := c.progress("Job " + id)
	for {
		var j jobState
		if err := api.get(ctx, &j, nil, "jobs", id); err != nil {
			return err
		}
		switch j.Status {
		case "done", "cancelled", "failed":
			line.end()
			if c.asJSON {
				return c.printJSON(j)
			}
			c.showJob(j)
			if j.Status == "failed" {
				return fmt.Errorf("the job failed: %s", j.Problem)
			}
			return nil
		}
		line.show(j.Counts["done"], j.Total, soFar(j.Counts))
		if err := c.pause(ctx, time.Second); err != nil {
			return err
		}
	}
}
