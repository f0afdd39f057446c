package main

import (
	"net/http"
	"time"

	"github.com/spf13/cobra"
)

type syncState struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Plan struct {
		Kind string `json:"kind"`
		Mode string `json:"mode,omitempty"`
	} `json:"plan"`
	InWords string     `json:"in_words"`
	Off     bool       `json:"off"`
	NextAt  *time.Time `json:"next_at,omitempty"`
	LastRun string     `json:"last_run,omitempty"`
	LastAt  *time.Time `json:"last_at,omitempty"`
}

func syncList() shown[syncState] {
	return shown[syncState]{[]string{"ID", "NAME", "DOES", "WHEN", "NEXT (UTC)", "LAST RUN"}, func(y syncState) []cell {
		next := text("")
		switch {
		case y.Off:
			next = styled(yellow, "off")
		case y.NextAt != nil:
			next = text(instant(*y.NextAt))
		}
		return []cell{text(y.ID), text(y.Name), text(y.Plan.Kind), text(y.InWords), next, text(y.LastRun)}
	}}
}

func (c *command) syncsCommand() *cobra.Command {
	var limit int
	cmd := &cobra.Command{
		Use: "syncs [CONNECTION]", Short: "List what is read of a connection and when; add, run or delete a sync", Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			api, err := c.client()
			if err != nil {
				return err
			}
			conn, err := c.reader(cmd.Context(), api, args)
			if err != nil {
				return err
			}
			return show(cmd, c, limit, nil, syncList(), "connections", conn, "syncs")
		},
	}
	limitFlag(cmd, &limit)
	cmd.AddCommand(c.addSyncCommand(), c.runSyncCommand(), &cobra.Command{
		Use: "delete CONNECTION SYNC", Short: "Delete a sync; what it stored stays", Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.quietly(cmd, http.MethodDelete, "Deleted.", "connections", args[0], "syncs", args[1])
		},
	})
	return cmd
}

// syncFlags are what can be said of a sync.
type syncFlags struct {
	name, kind, cron, zone string
	every                  int
	at, days, objects      []string
}

func (c *command) addSyncCommand() *cobra.Command {
	var f syncFlags
	cmd := &cobra.Command{
		Use: "add CONNECTION", Short: "Plan what is read, and when: --every, --at (with --day), --cron, or by hand", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			body, err := f.body()
			if err != nil {
				return err
			}
			return submit(cmd, c, body, func(y syncState) { syncList().print(c, y) }, "connections", args[0], "syncs")
		},
	}
	cmd.Flags().StringVar(&f.name, "name", "", "what people call the sync")
	cmd.Flags().StringVar(&f.kind, "kind", "changes", "changes, reconcile or import (what changed since the last time)")
	cmd.Flags().IntVar(&f.every, "every", 0, "every so many minutes")
	cmd.Flags().StringSliceVar(&f.at, "at", nil, "daily at these times: 02:30,14:30")
	cmd.Flags().StringSliceVar(&f.days, "day", nil, "with --at: only on these days: monday,friday")
	cmd.Flags().StringVar(&f.cron, "cron", "", "a cron expression: \"30 2 * * mon-fri\"")
	cmd.Flags().StringVar(&f.zone, "zone", "", "the time zone: Europe/Berlin; UTC if left out")
	cmd.Flags().StringSliceVar(&f.objects, "object", nil, "only these objects")
	_ = cmd.MarkFlagRequired("name") // it is there
	cmd.MarkFlagsMutuallyExclusive("every", "at", "cron")
	return cmd
}

// body makes what the API takes.
func (f syncFlags) body() (map[string]any, error) {
	if len(f.days) > 0 && len(f.at) == 0 {
		return nil, usagef("--day needs --at: say at what time of the day")
	}
	when := map[string]any{"kind": "manual"}
	switch {
	case f.cron != "":
		when = map[string]any{"kind": "cron", "cron": f.cron}
	case f.every != 0:
		when = map[string]any{"kind": "every", "every_minutes": f.every}
	case len(f.days) > 0:
		when = map[string]any{"kind": "weekly", "at": f.at, "days": f.days}
	case len(f.at) > 0:
		when = map[string]any{"kind": "daily", "at": f.at}
	}
	if f.zone != "" {
		when["zone"] = f.zone
	}
	plan := map[string]any{"kind": f.kind}
	if f.kind == "import" {
		plan["mode"] = "incremental"
	}
	if len(f.objects) > 0 {
		plan["objects"] = f.objects
	}
	return map[string]any{"name": f.name, "plan": plan, "schedule": when}, nil
}

func (c *command) runSyncCommand() *cobra.Command {
	var watch bool
	cmd := &cobra.Command{
		Use: "run CONNECTION SYNC", Short: "Run a sync now", Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			api, err := c.client()
			if err != nil {
				return err
			}
			var r kept[runState]
			if err := api.post(cmd.Context(), nil, &r, "connections", args[0], "syncs", args[1], "run"); err != nil {
				return err
			}
			if watch {
				return c.watchRun(cmd.Context(), api, args[0], r.is.ID)
			}
			if c.asJSON {
				return c.printJSON(r)
			}
			runList().print(c, r.is)
			return nil
		},
	}
	cmd.Flags().BoolVar(&watch, "watch", false, "show how far it is until it ends")
	return cmd
}
