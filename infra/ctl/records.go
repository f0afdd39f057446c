package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"

	"github.com/spf13/cobra"
)

// printJSON prints an answer as it is.
func (c *command) printJSON(v any) error {
	enc := json.NewEncoder(c.stdout)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

// more says that a list goes on.
func (c *command) more(next string) {
	if next != "" {
		c.printf("%s\n", c.paint.paint(dim, "There are more: raise --limit, or 0 for all."))
	}
}

func limitFlag(cmd *cobra.Command, limit *int) {
	cmd.Flags().IntVar(limit, "limit", 50, "the most items; 0 for all")
}

// orJSON gives the error, or prints the answer.
func (c *command) orJSON(v any, err error) error {
	if err != nil {
		return err
	}
	return c.printJSON(v)
}

func (c *command) recordsCommand() *cobra.Command {
	var limit int
	var deleted string
	cmd := &cobra.Command{
		Use: "records CONNECTION OBJECT", Short: "List the records of an object", Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			api, err := c.client()
			if err != nil {
				return err
			}
			all, err := list[recordState](cmd.Context(), api, limit, url.Values{"deleted": {deleted}}, "connections", args[0], "objects", args[1], "records")
			if err != nil || c.asJSON {
				return c.orJSON(all, err)
			}
			c.printf("%s", recordTable(all.Items).format(c.paint, ""))
			c.more(all.Next)
			return nil
		},
	}
	limitFlag(cmd, &limit)
	cmd.Flags().StringVar(&deleted, "deleted", "exclude", "records that are gone at the source: exclude, include or only")
	return cmd
}

func recordTable(records []recordState) *table {
	t := &table{head: []string{"OBJECT", "ID", "NAME", "STATE", "VERSION (UTC)", "REV"}}
	for _, r := range records {
		state := styled(green, "live")
		if r.Deleted {
			state = styled(red, "deleted")
		}
		if r.MergedInto != "" {
			state = styled(yellow, "merged into "+r.MergedInto)
		}
		if r.Contested {
			state = styled(yellow, state.text+", contested")
		}
		t.add(text(r.Object), text(r.ID), text(title(r)), state, text(instant(r.Version)), text(fmt.Sprint(r.Rev)))
	}
	return t
}

func (c *command) recordCommand() *cobra.Command {
	return &cobra.Command{
		Use: "record CONNECTION OBJECT ID", Short: "Show a record", Args: cobra.ExactArgs(3),
		RunE: func(cmd *cobra.Command, args []string) error {
			api, err := c.client()
			if err != nil {
				return err
			}
			var r recordState
			err = api.get(cmd.Context(), &r, nil, recordPath(args)...)
			if err != nil || c.asJSON {
				return c.orJSON(r, err)
			}
			c.printf("%s\n%s", recordTable([]recordState{r}).format(c.paint, ""), fieldTable(r).format(c.paint, ""))
			return nil
		},
	}
}

// fieldTable shows the fields of a record.
func fieldTable(r recordState) *table {
	t := &table{head: []string{"FIELD", "VALUE"}}
	for _, name := range slices.Sorted(maps.Keys(r.Fields)) {
		t.add(row(name, displayField(r.Object, name, r.Fields[name], r.Fields))...)
	}
	for _, name := range slices.Sorted(maps.Keys(r.Large)) {
		t.add(row(name, "("+bytesOf(r.Large[name].Bytes)+")")...)
	}
	return t
}

func recordPath(args []string) []string {
	return []string{"connections", args[0], "objects", args[1], "records", args[2]}
}

func (c *command) historyCommand() *cobra.Command {
	var limit int
	cmd := &cobra.Command{
		Use: "history CONNECTION OBJECT ID", Short: "Show what changed in a record, newest first", Args: cobra.ExactArgs(3),
		RunE: func(cmd *cobra.Command, args []string) error {
			api, err := c.client()
			if err != nil {
				return err
			}
			all, err := list[revision](cmd.Context(), api, limit, nil, append(recordPath(args), "history")...)
			if err != nil || c.asJSON {
				return c.orJSON(all, err)
			}
			var now recordState
			if err := api.get(cmd.Context(), &now, nil, recordPath(args)...); err != nil {
				return err
			}
			c.printf("%s", historyTable(now, all.Items, nil).format(c.paint, ""))
			c.more(all.Next)
			return nil
		},
	}
	limitFlag(cmd, &limit)
	return cmd
}
