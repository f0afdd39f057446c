package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

type (
	jobState struct {
		ID        string           `json:"id"`
		Kind      string           `json:"kind"`
		Status    string           `json:"status"`
		Counts    map[string]int64 `json:"counts"`
		Total     int64            `json:"total,omitempty"`
		Problem   string           `json:"problem,omitempty"`
		CreatedBy string           `json:"created_by"`
		CreatedAt time.Time        `json:"created_at"`
		UpdatedAt time.Time        `json:"updated_at"`
		Download  *download        `json:"download,omitempty"`
		// Parts are there in its place where the file would be too long.
		Parts []download `json:"parts,omitempty"`
	}
	download struct {
		URL       string    `json:"url"`
		ExpiresAt time.Time `json:"expires_at"`
	}
)

func (c *command) jobsCommand() *cobra.Command {
	var limit int
	cmd := &cobra.Command{
		Use: "jobs", Short: "List long work; show, watch or cancel a job", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return show(cmd, c, limit, nil, jobList(), "jobs") },
	}
	limitFlag(cmd, &limit)
	var output string
	watch := &cobra.Command{
		Use: "watch JOB", Short: "Show how far a job is until it ends", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			api, err := c.client()
			if err != nil {
				return err
			}
			return c.watchJob(cmd.Context(), api, args[0], output)
		},
	}
	outputFlag(watch, &output)
	cmd.AddCommand(&cobra.Command{
		Use: "show JOB", Short: "Show a job; of an export also where its file is", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return fetch(cmd, c, nil, c.showJob, "jobs", args[0]) },
	}, watch)
	cmd.AddCommand(c.verbCommands("JOB", func(cmd *cobra.Command, id, verb string) error {
		return submit(cmd, c, nil, c.showJob, "jobs", id, verb)
	}, [2]string{"cancel", "Cancel a job; what it did stays done"})...)
	return cmd
}

func outputFlag(cmd *cobra.Command, output *string) {
	cmd.Flags().StringVar(output, "output", "", "fetch what an export ended with into this `file` (NDJSON, gzip)")
}

func jobList() shown[jobState] {
	return shown[jobState]{[]string{"ID", "KIND", "STATUS", "SINCE (UTC)", "SO FAR"}, func(j jobState) []cell {
		status := styled(yellow, j.Status)
		switch j.Status {
		case "done":
			status.style = green
		case "failed":
			status.style = red
		}
		return []cell{text(j.ID), text(j.Kind), status, text(instant(j.CreatedAt)), text(strings.TrimSpace(soFar(j.Counts) + " " + j.Problem))}
	}}
}

func (c *command) showJob(j jobState) {
	jobList().print(c, j)
	for _, d := range j.files() {
		c.printf("\nUntil %s UTC the file is at\n%s\n", instant(d.ExpiresAt), clean(d.URL))
	}
}

// files are what an export ended with, in order.
func (j jobState) files() []download {
	if j.Download != nil {
		return []download{*j.Download}
	}
	return j.Parts
}

// startJob posts what makes a job and, if asked to, waits for its end.
func (c *command) startJob(ctx context.Context, wait bool, body any, output string, path ...string) error {
	api, err := c.client()
	if err != nil {
		return err
	}
	var j kept[jobState]
	if err := api.post(ctx, body, &j, path...); err != nil {
		return err
	}
	switch {
	case wait:
		return c.watchJob(ctx, api, j.is.ID, output)
	case c.asJSON:
		return c.printJSON(j)
	}
	c.showJob(j.is)
	return nil
}

// watchJob draws the progress of a job until it ends; one that failed or was cancelled is an error.
func (c *command) watchJob(ctx context.Context, api *client, id, output string) error {
	j, err := c.awaitJob(ctx, api, id)
	if ctx.Err() != nil {
		return &halfway{err, fmt.Sprintf("The job goes on: `leadline jobs watch %s` shows how far, `leadline jobs cancel %s` ends it.", id, id)}
	}
	if err != nil {
		return err
	}
	if output != "" && j.is.Status == "done" {
		if err := c.fetchFiles(ctx, j.is.files(), output); err != nil {
			return err
		}
	}
	switch {
	case c.asJSON:
		err = c.printJSON(j)
	default:
		c.showJob(j.is)
	}
	switch j.is.Status {
	case "failed":
		return fmt.Errorf("the job failed: %s", j.is.Problem)
	case "cancelled":
		return errors.New("the job was cancelled: what it did stays done")
	}
	return err
}

func (c *command) awaitJob(ctx context.Context, api *client, id string) (kept[jobState], error) {
	line, stall := c.progress("Job "+clean(id), count), c.stall()
	defer line.end()
	for {
		var j kept[jobState]
		if err := api.get(ctx, &j, nil, "jobs", id); err != nil {
			return j, err
		}
		switch j.is.Status {
		case "done", "cancelled", "failed":
			return j, nil
		}
		line.show(j.is.Counts["done"], j.is.Total, soFar(j.is.Counts))
		if !stall.moved(j.is.Status, j.is.Counts, j.is.UpdatedAt) {
			return j, fmt.Errorf("job %s is still %s and nothing has happened for %s: is work running?", id, j.is.Status, longest)
		}
		if err := stall.pause(ctx); err != nil {
			return j, err
		}
	}
}

// fetchFiles fetches files, which may be large, into one: packed files one behind the other are a packed file.
func (c *command) fetchFiles(ctx context.Context, files []download, to string) error {
	if len(files) == 0 {
		return errors.New("the job ended without a file")
	}
	file, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600) // for it is about a person
	if err != nil {
		return err
	}
	for _, f := range files {
		if err == nil {
			err = c.fetchInto(ctx, file, f.URL)
		}
	}
	if closeErr := file.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return fmt.Errorf("fetch the file: %w", err)
	}
	return nil
}

func (c *command) fetchInto(ctx context.Context, file io.Writer, from string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, from, nil)
	if err != nil {
		return errors.New("its URL is none")
	}
	resp, err := (&http.Client{Transport: c.http.Transport}).Do(req) // without a limit of time
	if err != nil {
		var u *url.Error
		if errors.As(err, &u) { // whose text shows the URL, which is as good as a key
			err = u.Err
		}
		return fmt.Errorf("%w at %s: %w", errUnreachable, req.URL.Host, err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return refusalOf(resp, nil, 0)
	}
	line := c.progress("Fetching", bytesOf)
	defer line.end()
	_, err = io.Copy(file, &drawn{counter{Reader: resp.Body}, line, max(0, resp.ContentLength)})
	return err
}

// readJSON reads a file of JSON, or stdin for -.
func (c *command) readJSON(name string) (json.RawMessage, error) {
	const most = 8 << 20
	in := c.stdin
	if name != "-" {
		file, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		defer file.Close()
		in = file
	}
	text, err := io.ReadAll(io.LimitReader(in, most))
	if err != nil {
		return nil, err
	}
	if !json.Valid(text) {
		return nil, usagef("%s is no JSON", describeFile(name))
	}
	return text, nil
}
