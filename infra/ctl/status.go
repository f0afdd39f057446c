package main

import (
	"fmt"
	"net/url"

	"github.com/spf13/cobra"
)

func (c *command) statusCommand() *cobra.Command {
	return &cobra.Command{
		Use: "status", Short: "Show whether Leadline answers and what there is", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			api, err := c.client()
			if err != nil {
				return err
			}
			var h health
			if err := api.get(cmd.Context(), &h, nil, "health"); err != nil {
				return err
			}
			connections, err := list[connection](cmd.Context(), api, 0, nil, "connections")
			if err != nil {
				return err
			}
			// One page: whether there is anything to look at, not how much.
			open, err := list[entry](cmd.Context(), api, 200, url.Values{"status": {"open"}}, "quarantine")
			if err != nil {
				return err
			}
			if c.asJSON {
				return c.printJSON(map[string]any{"url": api.base, "health": h, "connections": connections.Items, "open_quarantine": len(open.Items)})
			}
			count := fmt.Sprint(len(open.Items))
			if open.Next != "" {
				count += " or more"
			}
			t := table{}
			t.add(styled(dim, "API"), text(api.base))
			t.add(styled(dim, "Health"), styled(green, h.Status))
			t.add(styled(dim, "Stage"), text(h.Stage))
			t.add(styled(dim, "Version"), text(h.Version))
			t.add(styled(dim, "Set aside"), text(count))
			c.printf("%s\n%s", t.format(c.paint, ""), connectionTable(connections.Items...).format(c.paint, ""))
			return nil
		},
	}
}
