package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

type (
	runState struct {
		ID   string `json:"id"`
		Plan struct {
			Kind string `json:"kind"`
			Mode string `json:"mode,omitempty"`
		} `json:"plan"`
		Status   string      `json:"status"`
		Problem  string      `json:"problem,omitempty"`
		Progress runProgress `json:"progress"`
		Objects  []runObject `json:"objects,omitempty"`
		Report   *runReport  `json:"report,omitempty"`

		CreatedAt  time.Time  `json:"created_at"`
		UpdatedAt  time.Time  `json:"updated_at"`
		FinishedAt *time.Time `json:"finished_at,omitempty"`
	}
	runProgress struct {
		Counts       runCounts  `json:"counts"`
		Done         int        `json:"objects_done"`
		Total        int        `json:"objects_total"`
		Requests     int64      `json:"requests"`
		Retries      int64      `json:"retries"`
		Throttled    int64      `json:"throttled"`
		PerMinute    float64    `json:"records_per_minute"`
		EstimatedEnd *time.Time `json:"estimated_end,omitempty"`
	}
	runObject struct {
		Object  string    `json:"object"`
		Phase   string    `json:"phase"`
		Counts  runCounts `json:"counts"`
		Waiting string    `json:"waiting,omitempty"`
		Problem string    `json:"problem,omitempty"`
	}
	runCounts struct {
		Found     int64 `json:"found"`
		Fetched   int64 `json:"fetched"`
		Missing   int64 `json:"missing"`
		Stale     int64 `json:"stale"`
		Differing int64 `json:"differing"`
		Unchanged int64 `json:"unchanged"`
		Newer     int64 `json:"newer"`
		Refused   int64 `json:"refused"`
		Deleted   int64 `json:"deleted"`
		Held      int64 `json:"held"`
	}
	runReport struct {
		Agrees  bool `json:"agrees"`
		Objects []struct {
			Object     string `json:"object"`
			Source     int64  `json:"source"`
			SourceHow  string `json:"source_how"`
			Stored     int64  `json:"stored"`
			Difference int64  `json:"difference"`
			Explained  string `json:"explained,omitempty"`
			Problem    string `json:"problem,omitempty"`
		} `json:"objects"`
	}
)

func (c runCounts) stored() int64 { return c.Missing + c.Stale + c.Differing }

func (r runState) final() bool {
	return r.Status == "done" || r.Status == "failed" || r.Status == "cancelled"
}

// importFlags are what can be said of an import.
type importFlags struct {
	mode, from, until, by, query, hours, zone string
	objects                                   []string
	perDay                                    int64
	watch                                     bool
}

func (c *command) importCommand() *cobra.Command {
	var f importFlags
	cmd := &cobra.Command{
		Use: "import [CONNECTION]", Short: "Import what a provider has, and watch it", Args: cobra.MaximumNArgs(1),
		Long: "Import what a provider has. Without CONNECTION it is the one that logs in at its provider, if there is but one.\n\n" +
			"An import that is under way is not begun a second time: with --watch, that one is shown.",
		RunE: func(cmd *cobra.Command, args []string) error {
			body, err := f.body()
			if err != nil {
				return err
			}
			return c.startRun(cmd.Context(), args, f.watch, "import", body, "imports")
		},
	}
	cmd.Flags().StringVar(&f.mode, "mode", "full", "full, range, search or incremental")
	cmd.Flags().StringSliceVar(&f.objects, "object", nil, "only these objects: lead,opportunity")
	cmd.Flags().StringVar(&f.from, "from", "", "range: from this `time` on (2026-01-31 or RFC 3339)")
	cmd.Flags().StringVar(&f.until, "until", "", "range: before this `time`")
	cmd.Flags().StringVar(&f.by, "by", "created", "range: created or updated")
	cmd.Flags().StringVar(&f.query, "query", "", "search: in the provider's own language")
	cmd.Flags().Int64Var(&f.perDay, "requests-per-day", 0, "budget: at most so many requests a day")
	cmd.Flags().StringVar(&f.hours, "hours", "", "budget: only in these hours, as 22:00-06:00")
	cmd.Flags().StringVar(&f.zone, "zone", "", "budget: the time zone of hours and days, as Europe/Berlin")
	cmd.Flags().BoolVar(&f.watch, "watch", false, "show how far it is until it ends")
	return cmd
}

// body makes what the API takes.
func (f importFlags) body() (map[string]any, error) {
	body := map[string]any{"mode": f.mode}
	if len(f.objects) > 0 {
		body["objects"] = f.objects
	}
	if f.mode != "range" && (f.from != "" || f.until != "") {
		return nil, usagef("--from and --until are for --mode range: without it, all is read")
	}
	if f.mode == "range" {
		body["by"] = f.by
		for _, span := range [][2]string{{"from", f.from}, {"until", f.until}} {
			name, text := span[0], span[1]
			if text == "" {
				continue
			}
			at, err := time.Parse(time.RFC3339, text)
			if err != nil {
				at, err = time.Parse(time.DateOnly, text)
			}
			if err != nil {
				return nil, usagef("--%s: %q is neither a day such as 2026-01-31 nor a time such as 2026-01-31T08:00:00Z", name, text)
			}
			body[name] = at.UTC()
		}
	}
	if f.query != "" {
		body["query"] = f.query
	}
	budget := map[string]any{}
	if f.perDay != 0 {
		budget["requests_per_day"] = f.perDay
	}
	if f.hours != "" {
		from, until, found := strings.Cut(f.hours, "-")
		if !found {
			return nil, usagef("--hours: %q is no span such as 22:00-06:00", f.hours)
		}
		budget["from"], budget["until"] = strings.TrimSpace(from), strings.TrimSpace(until)
	}
	if f.zone != "" {
		budget["zone"] = f.zone
	}
	if len(budget) > 0 {
		body["budget"] = budget
	}
	return body, nil
}

func (c *command) reconcileCommand() *cobra.Command {
	var objects []string
	var most int64
	var watch bool
	cmd := &cobra.Command{
		Use: "reconcile [CONNECTION]", Short: "Hold what is stored against what a provider has, and put it right", Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			body := map[string]any{}
			if len(objects) > 0 {
				body["objects"] = objects
			}
			if most != 0 {
				body["max_deletions"] = most
			}
			return c.startRun(cmd.Context(), args, watch, "reconcile", body, "reconciliations")
		},
	}
	cmd.Flags().StringSliceVar(&objects, "object", nil, "only these objects: lead,opportunity")
	cmd.Flags().Int64Var(&most, "max-deletions", 0, "delete up to so many records of an object without asking")
	cmd.Flags().BoolVar(&watch, "watch", false, "show how far it is until it ends")
	return cmd
}

func (c *command) runsCommand() *cobra.Command {
	var limit int
	var kind string
	cmd := &cobra.Command{
		Use: "runs [CONNECTION]", Short: "List what was read from a provider; show, watch, pause, resume or cancel a run", Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			api, err := c.client()
			if err != nil {
				return err
			}
			conn, err := c.reader(cmd.Context(), api, args)
			if err != nil {
				return err
			}
			query := url.Values{}
			if kind != "" {
				query.Set("kind", kind)
			}
			return show(cmd, c, limit, query, runList(), "connections", conn, "runs")
		},
	}
	limitFlag(cmd, &limit)
	cmd.Flags().StringVar(&kind, "kind", "", "only import, changes or reconcile")
	var connection string
	cmd.PersistentFlags().StringVar(&connection, "connection", "", "the connection of the run, where there are several")
	given := func() []string {
		if connection == "" {
			return nil
		}
		return []string{connection}
	}
	act := func(use, short string, do func(context.Context, *client, string, string) error) *cobra.Command {
		return &cobra.Command{Use: use + " RUN", Short: short, Args: cobra.ExactArgs(1), RunE: func(cmd *cobra.Command, args []string) error {
			api, err := c.client()
			if err != nil {
				return err
			}
			conn, err := c.reader(cmd.Context(), api, given())
			if err != nil {
				return err
			}
			return do(cmd.Context(), api, conn, args[0])
		}}
	}
	cmd.AddCommand(
		act("show", "Show a run object by object, and how both sides compare at its end", func(ctx context.Context, api *client, conn, id string) error {
			var r kept[runState]
			if err := api.get(ctx, &r, nil, "connections", conn, "runs", id); err != nil || c.asJSON {
				return c.orJSON(r, err)
			}
			c.printf("%s\n", strings.Join(board(c.paint, r.is, c.now(), 0, 0), "\n"))
			c.showReport(r.is)
			return nil
		}),
		act("watch", "Show how far a run is until it ends", c.watchRun),
	)
	for _, verb := range [][2]string{{"pause", "Stop a run until it is resumed"}, {"resume", "Let a run go on"}, {"cancel", "End a run; what it stored stays"}} {
		cmd.AddCommand(act(verb[0], verb[1], func(ctx context.Context, api *client, conn, id string) error {
			var r kept[runState]
			if err := api.post(ctx, nil, &r, "connections", conn, "runs", id, verb[0]); err != nil || c.asJSON {
				return c.orJSON(r, err)
			}
			runList().print(c, r.is)
			return nil
		}))
	}
	return cmd
}

func runList() shown[runState] {
	return shown[runState]{[]string{"ID", "KIND", "STATUS", "SINCE (UTC)", "READ", "STORED", "REFUSED", ""}, func(r runState) []cell {
		status := styled(yellow, r.Status)
		switch r.Status {
		case "done":
			status.style = green
		case "failed":
			status.style = red
		}
		n := r.Progress.Counts
		return []cell{text(r.ID), text(strings.TrimSpace(r.Plan.Kind + " " + r.Plan.Mode)), status, text(instant(r.CreatedAt)), text(grouped(n.Fetched)),
			text(grouped(n.stored())), text(grouped(n.Refused)), text(r.Problem)}
	}}
}

// startRun begins a run, unless one of its kind is under way, and watches it if asked to.
func (c *command) startRun(ctx context.Context, args []string, watch bool, kind string, body map[string]any, resource string) error {
	api, err := c.client()
	if err != nil {
		return err
	}
	conn, err := c.reader(ctx, api, args)
	if err != nil {
		return err
	}
	r, err := c.under(ctx, api, conn, kind)
	if err != nil {
		return err
	}
	if r.is.ID == "" {
		if err := api.post(ctx, body, &r, "connections", conn, resource); err != nil {
			return err
		}
	} else if !c.asJSON {
		c.printf("Under way since %s UTC:\n", instant(r.is.CreatedAt))
	}
	switch {
	case watch:
		return c.watchRun(ctx, api, conn, r.is.ID)
	case c.asJSON:
		return c.printJSON(r)
	}
	runList().print(c, r.is)
	c.printf("\n`leadline runs watch %s` shows how far it is.\n", clean(r.is.ID))
	return nil
}

// under gives the run of a kind that is under way, if there is one.
func (c *command) under(ctx context.Context, api *client, conn, kind string) (kept[runState], error) {
	all, err := list[kept[runState]](ctx, api, 20, url.Values{"kind": {kind}}, "connections", conn, "runs")
	if err != nil {
		return kept[runState]{}, err
	}
	for _, r := range all.Items {
		if !r.is.final() {
			return r, nil
		}
	}
	return kept[runState]{}, nil
}

// reader gives the connection that is named, or the only one that logs in at its provider.
func (c *command) reader(ctx context.Context, api *client, args []string) (string, error) {
	if len(args) > 0 {
		return args[0], nil
	}
	type readable struct {
		ID    string          `json:"id"`
		Name  string          `json:"name"`
		Login json.RawMessage `json:"login,omitempty"`
	}
	all, err := list[readable](ctx, api, 0, nil, "connections")
	if err != nil {
		return "", err
	}
	var ids, named []string
	for _, conn := range all.Items {
		if len(conn.Login) > 0 {
			ids, named = append(ids, conn.ID), append(named, fmt.Sprintf("%s (%s)", conn.ID, clean(conn.Name)))
		}
	}
	switch len(ids) {
	case 0:
		return "", errors.New("no connection logs in at its provider: `leadline connect` makes one")
	case 1:
		return ids[0], nil
	}
	return "", usagef("say which connection: %s", strings.Join(named, ", "))
}
